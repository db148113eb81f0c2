//! Products against the definition in `f64`, on every instruction set.

use dunlin_sys::Serial;

use super::*;
use crate::testing::{Numbers, ThreeThreads, assert_close};

const SHAPES: [(usize, usize, usize); 18] = [
    (0, 3, 4),
    (1, 0, 5),
    (1, 1, 1),
    (1, 7, 15),
    (2, 16, 16),
    (3, 5, 17),
    (4, 33, 31),
    (5, 64, 32),
    (6, 383, 33),
    (7, 384, 47),
    (11, 385, 48),
    (12, 10, 49),
    (13, 11, 64),
    (14, 100, 65),
    (25, 900, 70),
    (40, 20, 100),
    (1, 1000, 130),
    (130, 70, 200),
];

fn want(
    a: &[f32],
    b: &[f32],
    m: usize,
    k: usize,
    n: usize,
    f: impl Fn(f64, usize, usize) -> f64,
) -> Vec<f32> {
    let mut c = vec![0.0; m * n];
    for i in 0..m {
        for j in 0..n {
            let sum: f64 = (0..k).map(|kk| f64::from(a[i * k + kk]) * f64::from(b[kk * n + j])).sum();
            c[i * n + j] = f(sum, i, j) as f32;
        }
    }
    c
}

fn run(
    isa: Isa,
    pool: &dyn Parallel,
    a: &[f32],
    b: Matrix<'_>,
    shape: (usize, usize, usize),
    e: &Epilogue<'_>,
) -> Vec<f32> {
    let (m, k, n) = shape;
    let packed = PackedB::pack_for(isa, b, k, n).unwrap();
    let mut c = vec![f32::NAN; m * n];
    matmul_f32(pool, a, k, packed.view(), &mut c, n, m, e);
    c
}

#[test]
fn products_are_right_and_the_same_on_any_number_of_threads() {
    let mut numbers = Numbers::new(1);
    for isa in Isa::available() {
        for (m, k, n) in SHAPES {
            let (a, b) = (numbers.floats(m * k), numbers.floats(k * n));
            let plain = Matrix::plain(&b, n);
            let got = run(isa, &Serial, &a, plain, (m, k, n), &Epilogue::default());
            let what = format!("{} {m}x{k}x{n}", isa.name());
            assert_close(&got, &want(&a, &b, m, k, n, |x, _, _| x), 2e-6 * (k as f32).sqrt().max(1.0), &what);
            assert_eq!(got, run(isa, &ThreeThreads, &a, plain, (m, k, n), &Epilogue::default()), "{what}");

            let mut bt = vec![0.0; k * n];
            let mut bytes = vec![0u8];
            for kk in 0..k {
                for j in 0..n {
                    bt[j * k + kk] = b[kk * n + j];
                }
            }
            bytes.extend(bt.iter().flat_map(|x| x.to_le_bytes()));
            let unaligned =
                Matrix { elements: Elements::Bytes(&bytes[1..]), stride: k, order: Order::Transposed };
            assert_eq!(got, run(isa, &Serial, &a, unaligned, (m, k, n), &Epilogue::default()), "{what}");
        }
    }
}

#[test]
fn one_row_has_the_bits_of_many() {
    let mut numbers = Numbers::new(2);
    let (m, k, n) = (29, 500, 77);
    let (a, b) = (numbers.floats(m * k), numbers.floats(k * n));
    for isa in Isa::available() {
        let all = run(isa, &Serial, &a, Matrix::plain(&b, n), (m, k, n), &Epilogue::default());
        let one = run(isa, &Serial, &a[7 * k..8 * k], Matrix::plain(&b, n), (1, k, n), &Epilogue::default());
        assert_eq!(&all[7 * n..8 * n], one, "{}", isa.name());
    }
}

#[test]
fn epilogues_are_applied_in_order() {
    let mut numbers = Numbers::new(3);
    for isa in Isa::available() {
        for (m, k, n) in [(1, 5, 40), (13, 30, 33), (30, 800, 50)] {
            let (a, b) = (numbers.floats(m * k), numbers.floats(k * n));
            let (per_col, per_row, r) = (numbers.floats(n), numbers.floats(m), numbers.floats(m * n));
            for activation in [Activation::None, Activation::Relu, Activation::Silu] {
                for at in [ResidualAt::BeforeActivation, ResidualAt::AfterActivation] {
                    for bias in [Bias::Columns(&per_col), Bias::Rows(&per_row)] {
                        let residual = Some(Residual { data: &r, beta: 0.5, at });
                        let e = Epilogue { alpha: 0.25, bias, residual, activation };
                        let got = run(isa, &ThreeThreads, &a, Matrix::plain(&b, n), (m, k, n), &e);
                        let want = want(&a, &b, m, k, n, |x, i, j| {
                            let bias = if let Bias::Rows(b) = bias { b[i] } else { per_col[j] };
                            let r = 0.5 * f64::from(r[i * n + j]);
                            let x = x * 0.25 + f64::from(bias);
                            match at {
                                ResidualAt::BeforeActivation => activation.reference(x + r),
                                ResidualAt::AfterActivation => activation.reference(x) + r,
                            }
                        });
                        assert_close(&got, &want, 1e-5, &format!("{} {activation:?} {at:?}", isa.name()));
                    }
                }
            }
        }
    }
}

#[test]
fn batches_broadcast() {
    let mut numbers = Numbers::new(4);
    let (m, k, n) = (5, 6, 7);
    let (a, b) = (numbers.floats(2 * m * k), numbers.floats(k * n));
    let packed = PackedB::pack(Matrix::plain(&b, n), k, n).unwrap();
    let batch = Batch { n: 4, a_offset: &|i| i % 2 * m * k, b: &|_| packed.view(), c_stride: m * n + 3 };
    let mut c = vec![9.0; 4 * (m * n + 3)];
    matmul_batch_f32(&ThreeThreads, &batch, &a, k, &mut c, n, m, &Epilogue::default());
    for i in 0..4 {
        let want = want(&a[i % 2 * m * k..][..m * k], &b, m, k, n, |x, _, _| x);
        assert_close(&c[i * (m * n + 3)..][..m * n], &want, 1e-5, "batch");
        assert_eq!(&c[i * (m * n + 3) + m * n..][..3], [9.0; 3]);
    }
}

#[test]
fn nan_and_infinity_pass_through() {
    for isa in Isa::available() {
        let a = [1.0, f32::NAN, 1.0, f32::INFINITY, 2.0, 3.0];
        let b = [1.0; 2 * 3];
        let e = Epilogue { activation: Activation::Relu, ..Epilogue::default() };
        let c = run(isa, &Serial, &a, Matrix::plain(&b, 3), (3, 2, 3), &e);
        assert!(c[..3].iter().all(|x| x.is_nan()), "{}", isa.name());
        assert_eq!(&c[3..], [f32::INFINITY, f32::INFINITY, f32::INFINITY, 5.0, 5.0, 5.0]);
    }
}
