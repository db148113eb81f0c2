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
    quantised(&bench);
    slices(&bench);
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
        let (start, cpu) = (Instant::now(), cpu_seconds());
        while times.len() < 5 || (start.elapsed() < Duration::from_millis(400) && times.len() < 2000) {
            let start = Instant::now();
            f(&self.pool);
            times.push(start.elapsed().as_secs_f64());
        }
        let cpu = (cpu_seconds() - cpu) / times.len() as f64;
        times.sort_by(f64::total_cmp);
        let (median, best) = (times[times.len() / 2], times[0]);
        println!(
            "{name:36} median {:9.1} us, best {:9.1} us {:7.1} G/s, on a processor {:9.1} us",
            median * 1e6,
            best * 1e6,
            work / best / 1e9,
            cpu * 1e6
        );
    }
}

/// Time that this thread has run, where the system tells: what counts on a machine shared with others.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|x| x.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
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

fn quantised(bench: &Bench) {
    use dunlin_kernels::int8::{
        Int8, PackedInt8B, PackedInt8Conv, Raw, conv2d_int8, conv2d_int8_scratch_len, matmul_int8,
        matmul_int8_scratch_len,
    };
    use dunlin_kernels::matmul::Order;
    use dunlin_kernels::nbits::{NBitsShape, PackedNBits, ZeroPoints, matmul_nbits_f32};
    let bytes = |n: usize| (0..n).map(|i| (i * 7919 % 251) as u8).collect::<Vec<u8>>();
    for (m, k, n) in [(128, 384, 1536), (128, 1536, 384), (1, 2048, 2048), (512, 512, 512)] {
        let (a, b) = (bytes(m * k), bytes(k * n));
        let packed =
            PackedInt8B::pack(Int8::I8(bytemuck::cast_slice(&b)), Order::Plain, k, n).expect("memory");
        let (mut c, mut scratch) = (vec![0; m * n], vec![0; matmul_int8_scratch_len(m, k)]);
        bench.line(&format!("int8 {m}x{k}x{n}"), (2 * m * k * n) as f64, |pool| {
            matmul_int8(pool, Int8::U8(&a), 128, &packed, &[0], Raw::default(), &mut c, m, &mut scratch);
        });
    }
    for (c, hw, oc, k, groups) in
        [(256, 14, 1024, 1, 1), (64, 56, 64, 3, 1), (3, 224, 32, 3, 1), (144, 56, 144, 3, 144)]
    {
        let p = (k - 1) / 2;
        let shape = ConvShape {
            n: 1,
            c,
            h: hw,
            w: hw,
            oc,
            kh: k,
            kw: k,
            strides: [1, 1],
            pads: [p; 4],
            dilations: [1, 1],
            groups,
        };
        let (x, w) = (bytes(c * hw * hw), bytes(shape.weight_len()));
        let packed = PackedInt8Conv::pack(Int8::I8(bytemuck::cast_slice(&w)), &[0], &shape).expect("memory");
        let (mut out, mut scratch) = (vec![0; shape.out_len()], vec![0; conv2d_int8_scratch_len(&shape)]);
        let work = (2 * shape.out_len() * (c / groups) * k * k) as f64;
        bench.line(&format!("int8 conv {k}x{k} {c}>{oc} {hw}x{hw}"), work, |pool| {
            conv2d_int8(pool, &shape, Int8::U8(&x), 3, &packed, Raw::default(), &mut out, &mut scratch);
        });
    }
    for (m, k, n) in [(1, 2048, 2048), (1, 576, 1536), (4, 2048, 2048), (128, 2048, 2048)] {
        let shape = NBitsShape { k, n, bits: 4, block: 32 };
        let packed = PackedNBits::pack(
            &bytes(k * n / 2),
            Elements::F32(&floats(k * n / 32)),
            ZeroPoints::Middle,
            shape,
        )
        .expect("memory");
        let (a, mut c) = (floats(m * k), vec![0.0; m * n]);
        bench.line(&format!("4-bit {m}x{k}x{n}"), (2 * m * k * n) as f64, |pool| {
            matmul_nbits_f32(pool, &a, k, &packed, &mut c, n, m, &Epilogue::default());
        });
    }
}

fn slices(bench: &Bench) {
    use dunlin_kernels::activation::Activation;
    use dunlin_kernels::binary::{Binary, Operand, binary_f32};
    use dunlin_kernels::norm::{Affine, SoftmaxKind, layer_norm_f32, softmax_f32};
    use dunlin_kernels::pool::{Pool, PoolShape, pool2d_f32};
    use dunlin_kernels::reduce::{Reduce, reduce_f32};
    use dunlin_kernels::transpose::transpose_f32;
    use dunlin_kernels::unary::{Unary, unary_f32};
    let x = floats(128 * 1536);
    let mut out = vec![0.0; x.len()];
    let n = x.len() as f64;
    for op in [
        Unary::Exp,
        Unary::Log,
        Unary::Activation(Activation::GeluErf),
        Unary::Activation(Activation::Silu),
        Unary::Activation(Activation::Tanh),
        Unary::Activation(Activation::HardSwish),
    ] {
        bench.line(&format!("{op:?} 128x1536"), n, |pool| unary_f32(pool, op, &x, &mut out));
    }
    bench.line("softmax 1536x128", n, |pool| softmax_f32(pool, SoftmaxKind::Softmax, &x, 128, 1, &mut out));
    let w = floats(384);
    let affine = Affine { scale: Some(&w), bias: Some(&w) };
    bench.line("layer norm 512x384", n, |pool| layer_norm_f32(pool, &x, 384, affine, 1e-5, &mut out));
    bench.line("add 128x1536", n, |pool| {
        binary_f32(pool, Binary::Add, Operand::Rows(&x), Operand::Rows(&x), &mut out, 1536);
    });
    bench.line("add bias 512x384", n, |pool| {
        binary_f32(pool, Binary::Add, Operand::Rows(&x), Operand::Rows(&w), &mut out, 384);
    });
    bench.line("transpose 128x1536", n, |pool| transpose_f32(pool, 1, 128, 1536, &x, &mut out));
    bench.line("mean 4012x49", 4012.0 * 49.0, |pool| {
        reduce_f32(pool, Reduce::Mean, &x[..4012 * 49], 49, 1, &mut out[..4012]);
    });
    let image = floats(64 * 112 * 112);
    let shape = PoolShape {
        planes: 64,
        input: [112, 112],
        output: [56, 56],
        window: [3, 3],
        strides: [2, 2],
        pads: [1; 4],
        dilations: [1, 1],
    };
    let mut pooled = vec![0.0; 64 * 56 * 56];
    bench.line("max pool 3x3 s2 64 112x112", image.len() as f64, |pool| {
        pool2d_f32(pool, Pool::Max, &shape, &image, &mut pooled);
    });
}
