//! Which instruction set to use: found once, pinned by `DUNLIN_ISA=scalar|avx2|avx512`.

use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
use crate::arch::{Avx2, Avx512};
use crate::arch::{Kernel, Portable, Simd};

/// An instruction set that this processor has.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Isa {
    /// Plain Rust (which on aarch64 is NEON, since every such processor has it).
    Scalar(Portable),
    /// AVX2, FMA and F16C.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// AVX-512 with VNNI.
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

impl Isa {
    /// Those that this processor has, the best last.
    pub fn available() -> Vec<Isa> {
        #[allow(unused_mut, reason = "only x86-64 has more than one")]
        let mut found = vec![Isa::Scalar(Portable)];
        #[cfg(target_arch = "x86_64")]
        {
            found.extend(Avx2::detect().map(Isa::Avx2));
            found.extend(Avx512::detect().map(Isa::Avx512));
        }
        found
    }

    /// The name that `DUNLIN_ISA` takes.
    pub fn name(self) -> &'static str {
        match self {
            Isa::Scalar(_) => "scalar",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512(_) => "avx512",
        }
    }

    /// Runs a kernel compiled for this set.
    #[inline]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Out {
        match self {
            Isa::Scalar(token) => token.vectorize(kernel),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2(token) => token.vectorize(kernel),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512(token) => token.vectorize(kernel),
        }
    }

    /// Lanes of an `f32` vector.
    pub fn lanes(self) -> usize {
        self.constants().0
    }

    /// Rows and columns of the largest matmul tile.
    pub(crate) fn tile(self) -> (usize, usize) {
        let (lanes, rows, vecs) = self.constants();
        (rows, lanes * vecs)
    }

    fn constants(self) -> (usize, usize, usize) {
        struct Constants;
        impl Kernel for Constants {
            type Out = (usize, usize, usize);
            #[inline(always)]
            fn run<S: Simd>(self, _: S) -> Self::Out {
                (S::LANES, S::TILE_ROWS, S::TILE_VECS)
            }
        }
        self.run(Constants)
    }
}

/// The instruction set this process uses: the one `DUNLIN_ISA` names if the processor has it, else the best.
pub fn isa() -> Isa {
    static ISA: OnceLock<Isa> = OnceLock::new();
    *ISA.get_or_init(|| {
        let available = Isa::available();
        let best = available[available.len() - 1];
        match std::env::var("DUNLIN_ISA") {
            Ok(name) => available.into_iter().find(|isa| isa.name() == name).unwrap_or(best),
            Err(_) => best,
        }
    })
}

/// Defines `fn name(isa: Isa, args..)` that runs the generic `fn body<S: Simd>(s: S, args..)` compiled for `isa`.
macro_rules! vectorized {
    ($(#[$meta:meta])* $vis:vis fn $name:ident<$life:lifetime>($($arg:ident: $ty:ty),* $(,)?) $(-> $out:ty)? = $body:path;) => {
        $(#[$meta])*
        $vis fn $name<$life>(isa: $crate::dispatch::Isa, $($arg: $ty),*) $(-> $out)? {
            struct Call<$life> {
                $($arg: $ty,)*
                life: std::marker::PhantomData<&$life ()>,
            }
            impl<$life> $crate::arch::Kernel for Call<$life> {
                type Out = vectorized!(@out $($out)?);
                #[inline(always)]
                fn run<S: $crate::arch::Simd>(self, s: S) -> Self::Out {
                    $body(s, $(self.$arg),*)
                }
            }
            isa.run(Call { $($arg,)* life: std::marker::PhantomData })
        }
    };
    (@out) => { () };
    (@out $out:ty) => { $out };
}
pub(crate) use vectorized;
