//! Prints what the kernels reach beside the measured peak of fused multiply-adds.
//!
//! `cargo run --release -p dunlin-kernels --example speed [threads] [filter]`

use std::hint::black_box;
use std::time::{Duration, Instant};

use dunlin_kernels::arch::{Kernel, Simd};
use dunlin_kernels::conv::{ConvEpilogue, ConvShape, PackedConv, conv2d_f32};
use dunlin_kernels::dispatch::isa;
use dunlin_kernels::matmul::{Elements, Epilogue, Matrix, PackedB, matmul_f32};
use dunlin_sys::Parallel;

fn main() {
    let mut args = std::env::args().skip(1);
    let n_threads = args.next().and_then(|n| n.parse().ok()).unwrap_or(1);
    let filter = args.next().unwrap_or_default();
    let bench = Bench { pool: Threads(n_threads), filter };
    println!("{}, {n_threads} threads, peak {:.0} GFLOP/s a thread", isa().name(), peak());
    matmuls(&bench);
    convs(&bench);
}

struct Bench {
    pool: Threads,
    filter: String,
}

impl Bench {
    /// Prints the median time of `f`, which does `work` operations.
    fn line(&self, name: &str, work: f64, mut f: impl FnMut(&dyn Parallel)) {
        if !name.contains(&self.filter) {
            return;
        }
        let mut times = Vec::new();
        let start = Instant::now();
        while times.len() < 5 || (start.elapsed() < Duration::from_millis(400) && times.len() < 2000) {
            let start = Instant::now();
            f(&self.pool);
            times.push(start.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        let median = times[times.len() / 2];
        let best = times[0];
        println!(
            "{name:36} {:9.1} us  {:7.1} G/s   best {:9.1} us",
            median * 1e6,
            work / median / 1e9,
            best * 1e6
        );
    }
}

/// Scoped threads, started for each loop: their start is part of the time.
struct Threads(usize);

impl Parallel for Threads {
    fn n_threads(&self) -> usize {
        self.0
    }

    fn for_each(&self, n: usize, f: &(dyn Fn(usize) + Sync)) {
        let next = std::sync::atomic::AtomicUsize::new(0);
        let work = || {
            loop {
                let i = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                if i >= n {
                    break;
                }
                f(i);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..self.0.min(n) {
                scope.spawn(work);
            }
            work();
        });
    }
}

fn peak() -> f64 {
    struct Fma;
    impl Kernel for Fma {
        type Out = f64;
        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> f64 {
            const CHAINS: usize = 12;
            let mut best = f64::MAX;
            let mut acc = [s.splat(black_box(1.0)); CHAINS];
            let (a, b) = (s.splat(black_box(0.5)), s.splat(black_box(0.25)));
            for _ in 0..20 {
                let start = Instant::now();
                for _ in 0..100_000 {
                    for x in &mut acc {
                        *x = s.fma(*x, a, b);
                    }
                }
                best = best.min(start.elapsed().as_secs_f64());
            }
            for x in acc {
                black_box(s.sum(x));
            }
            (100_000 * CHAINS * S::LANES * 2) as f64 / best / 1e9
        }
    }
    isa().run(Fma)
}

fn floats(n: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7919) % 1000) as f32 / 1000.0 - 0.5).collect()
}

fn matmuls(bench: &Bench) {
    for (m, k, n) in [
        (128, 384, 1536),
        (128, 1536, 384),
        (128, 384, 384),
        (16, 384, 1536),
        (1, 2048, 2048),
        (4, 2048, 2048),
        (512, 512, 512),
        (128, 32, 128),
        (128, 128, 32),
    ] {
        let (a, b) = (floats(m * k), floats(k * n));
        let packed = PackedB::pack(Matrix::plain(&b, n), k, n).expect("memory");
        let mut c = vec![0.0; m * n];
        bench.line(&format!("matmul {m}x{k}x{n}"), (2 * m * k * n) as f64, |pool| {
            matmul_f32(pool, &a, k, packed.view(), &mut c, n, m, &Epilogue::default());
        });
    }
}

fn convs(bench: &Bench) {
    // channels, size, output channels, filter, stride, groups
    for (c, hw, oc, k, s, groups) in [
        (3, 224, 32, 3, 2, 1),
        (3, 224, 64, 7, 2, 1),
        (32, 112, 96, 1, 1, 1),
        (144, 56, 24, 1, 1, 1),
        (256, 14, 1024, 1, 1, 1),
        (512, 7, 2048, 1, 1, 1),
        (64, 56, 64, 3, 1, 1),
        (128, 28, 128, 3, 1, 1),
        (256, 14, 256, 3, 1, 1),
        (512, 7, 512, 3, 1, 1),
        (128, 56, 128, 3, 2, 1),
        (32, 112, 32, 3, 1, 32),
        (96, 112, 96, 3, 2, 96),
        (144, 56, 144, 3, 1, 144),
        (384, 14, 384, 3, 1, 384),
        (120, 28, 120, 5, 1, 120),
        (960, 7, 960, 5, 1, 960),
    ] {
        let p = (k - 1) / 2;
        let shape = ConvShape {
            n: 1,
            c,
            h: hw,
            w: hw,
            oc,
            kh: k,
            kw: k,
            strides: [s, s],
            pads: [p; 4],
            dilations: [1, 1],
            groups,
        };
        let (x, w, bias) = (floats(c * hw * hw), floats(shape.weight_len()), floats(oc));
        let packed = PackedConv::pack(Elements::F32(&w), &shape).expect("memory");
        let mut out = vec![0.0; shape.out_len()];
        let kind = if groups > 1 { "depthwise" } else { "conv" };
        let name = format!("{kind} {k}x{k} s{s} {c}>{oc} {hw}x{hw}");
        bench.line(&name, (2 * shape.out_len() * (c / groups) * k * k) as f64, |pool| {
            let epilogue = ConvEpilogue { bias: Some(&bias), ..ConvEpilogue::default() };
            conv2d_f32(pool, &shape, &x, &packed, &epilogue, &mut out);
        });
    }
}
