//! From an element type at run time to a Rust type at compile time, once per tensor.

/// Runs `$body` with `$T` being the Rust type of `$dtype`, for the listed element types; else an error that says
/// what was needed.
///
/// ```ignore
/// dispatch!(x.dtype(), T in [f32, f64, i32], { negate::<T>(x, ctx) })
/// ```
macro_rules! dispatch {
    ($dtype:expr, $T:ident in [$($rust:ty),+ $(,)?], $body:expr) => {{
        let dtype = $dtype;
        $(if dtype == <$rust as dunlin_ir::Element>::DTYPE {
            type $T = $rust;
            $body
        } else)+ {
            let names = [$(<$rust as dunlin_ir::Element>::DTYPE.name()),+];
            Err($crate::OpError::dtype(names.join(", "), dtype))
        }
    }};
}

/// [`dispatch!`] over every type of real number that takes whole bytes, the 8-bit floats excluded.
macro_rules! dispatch_number {
    ($dtype:expr, $T:ident, $body:expr) => {
        $crate::cpu::dispatch::dispatch!(
            $dtype,
            $T in [f32, f64, half::f16, half::bf16, i8, i16, i32, i64, u8, u16, u32, u64],
            $body
        )
    };
}

/// [`dispatch!`] over the floats of 16 bits and more.
macro_rules! dispatch_float {
    ($dtype:expr, $T:ident, $body:expr) => {
        $crate::cpu::dispatch::dispatch!($dtype, $T in [f32, f64, half::f16, half::bf16], $body)
    };
}

/// [`dispatch!`] over the integers of 8 bits and more.
macro_rules! dispatch_integer {
    ($dtype:expr, $T:ident, $body:expr) => {
        $crate::cpu::dispatch::dispatch!($dtype, $T in [i8, i16, i32, i64, u8, u16, u32, u64], $body)
    };
}

pub(crate) use {dispatch, dispatch_float, dispatch_integer, dispatch_number};
