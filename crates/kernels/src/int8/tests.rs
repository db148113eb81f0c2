//! Exact products of bytes, on every instruction set.

use dunlin_sys::Serial;

use super::*;
use crate::conv::ConvShape;
use crate::testing::{Numbers, ThreeThreads};

fn bytes(numbers: &mut Numbers, n: usize) -> Vec<u8> {
    // Extremes are frequent, to catch saturation.
    (0..n)
        .map(|_| {
            if numbers.next_u32().is_multiple_of(3) {
                255 * (numbers.next_u32() >> 31) as u8
            } else {
                numbers.next_u32() as u8
            }
        })
        .collect()
}

fn both(x: &[u8]) -> [Int8<'_>; 2] {
    [Int8::U8(x), Int8::I8(bytemuck::cast_slice(x))]
}

#[test]
fn products_are_exact() {
    let mut numbers = Numbers::new(20);
    for isa in Isa::available() {
        for (m, k, n) in [
            (1, 1, 1),
            (2, 3, 5),
            (1, 64, 33),
            (13, 37, 31),
            (12, 100, 65),
            (30, 256, 100),
            (3, 0, 2),
            (70, 129, 130),
        ] {
            let (a, b) = (bytes(&mut numbers, m * k), bytes(&mut numbers, k * n));
            let per_column: Vec<i32> = (0..n).map(|j| j as i32 % 20 - 10).collect();
            for a in both(&a) {
                for b in both(&b) {
                    for b_zero in [&[3][..], &per_column] {
                        let want = matmul_int8_reference(a, 7, b, b_zero, [m, k, n]);
                        let packed = PackedInt8B::pack_for(isa, b, Order::Plain, k, n).unwrap();
                        let mut scratch = vec![0; matmul_int8_scratch_len(m, k)];
                        for pool in [&Serial as &dyn Parallel, &ThreeThreads] {
                            let mut got = vec![0; m * n];
                            matmul_int8(
                                pool,
                                a,
                                7,
                                &packed,
                                b_zero,
                                Raw::default(),
                                &mut got,
                                m,
                                &mut scratch,
                            );
                            assert!(got == want, "{} {m}x{k}x{n}", isa.name());
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn transposed_operands_pack_alike() {
    let (k, n) = (5, 6);
    let b: Vec<u8> = (0..30).collect();
    let bt: Vec<u8> = (0..30).map(|i| b[i % k * n + i / k]).collect();
    let plain = PackedInt8B::pack(Int8::U8(&b), Order::Plain, k, n).unwrap();
    let transposed = PackedInt8B::pack(Int8::U8(&bt), Order::Transposed, k, n).unwrap();
    assert_eq!(plain.buf.as_slice(), transposed.buf.as_slice());
    assert_eq!(plain.column_sums, transposed.column_sums);
}

#[test]
fn finishes_are_right() {
    let mut numbers = Numbers::new(21);
    let (m, k, n) = (5, 40, 37);
    let (a, b) = (bytes(&mut numbers, m * k), bytes(&mut numbers, k * n));
    let (a, b) = (Int8::U8(&a), Int8::I8(bytemuck::cast_slice(&b)));
    let sums = matmul_int8_reference(a, 120, b, &[0], [m, k, n]);
    let scales: Vec<f32> = (0..n).map(|j| 1e-4 * (j + 1) as f32).collect();
    let bias: Vec<i32> = (0..n).map(|j| 100 * j as i32).collect();
    let mut scratch = vec![0; matmul_int8_scratch_len(m, k)];
    for isa in Isa::available() {
        let packed = PackedInt8B::pack_for(isa, b, Order::Plain, k, n).unwrap();
        let finish = Requantize {
            scales: Scales::Columns(&scales),
            row_bias: None,
            column_bias: Some(&bias),
            zero: 10i8,
            bounds: (-128, 100),
        };
        let mut got = vec![0i8; m * n];
        matmul_int8(&Serial, a, 120, &packed, &[0], finish, &mut got, m, &mut scratch);
        for (i, &got) in got.iter().enumerate() {
            let v = ((sums[i] + bias[i % n]) as f32 * scales[i % n]).round_ties_even() as i32 + 10;
            assert_eq!(i32::from(got), v.clamp(-128, 100), "{} {i}", isa.name());
        }
        let finish = Dequantize {
            scales: Scales::One(0.5),
            factor: 0.25,
            column_bias: Some(&scales),
            activation: crate::activation::Activation::Relu,
        };
        let mut got = vec![0f32; m * n];
        matmul_int8(&Serial, a, 120, &packed, &[0], finish, &mut got, m, &mut scratch);
        for (i, &got) in got.iter().enumerate() {
            assert_eq!(got, (sums[i] as f32 * 0.125 + scales[i % n]).max(0.0), "{} {i}", isa.name());
        }
    }
}

#[test]
fn convolutions_are_exact() {
    let mut numbers = Numbers::new(22);
    let base = ConvShape {
        n: 1,
        c: 3,
        h: 9,
        w: 11,
        oc: 5,
        kh: 3,
        kw: 3,
        strides: [1, 1],
        pads: [1; 4],
        dilations: [1, 1],
        groups: 1,
    };
    let shapes = [
        base,
        ConvShape { n: 2, c: 8, oc: 26, strides: [2, 2], ..base },
        ConvShape { c: 16, oc: 20, kh: 1, kw: 1, pads: [0; 4], ..base },
        ConvShape { c: 6, oc: 4, groups: 2, dilations: [2, 1], pads: [0, 1, 2, 3], ..base },
        ConvShape { c: 5, oc: 5, groups: 5, ..base },
        ConvShape { c: 5, oc: 10, groups: 5, strides: [2, 2], ..base },
        ConvShape { c: 800, oc: 13, h: 3, w: 20, ..base },
        ConvShape { c: 12, oc: 14, h: 31, w: 33, strides: [1, 2], kw: 5, pads: [0, 3, 1, 0], ..base },
        ConvShape { c: 9, oc: 7, h: 21, w: 150, strides: [3, 3], ..base },
        ConvShape { c: 7, oc: 4, kh: 1, kw: 1, strides: [2, 2], pads: [0; 4], ..base },
        ConvShape { c: 4, oc: 4, h: 1, w: 300, kh: 1, strides: [1, 2], dilations: [1, 3], ..base },
        // One filter a plane: all strides, dilations, filters, sizes of blocks.
        ConvShape { c: 3, oc: 3, groups: 3, h: 40, w: 37, strides: [2, 2], ..base },
        ConvShape { c: 3, oc: 3, groups: 3, h: 40, w: 37, kh: 5, kw: 5, pads: [2; 4], ..base },
        ConvShape { c: 3, oc: 3, groups: 3, h: 40, w: 37, kh: 5, kw: 5, strides: [2, 2], ..base },
        ConvShape { c: 3, oc: 6, groups: 3, h: 30, w: 30, strides: [3, 3], dilations: [2, 3], ..base },
        ConvShape { c: 2, oc: 2, groups: 2, h: 5, w: 4000, strides: [1, 2], ..base },
        ConvShape { c: 2, oc: 2, groups: 2, h: 70, w: 700, ..base },
        ConvShape { c: 2, oc: 2, groups: 2, h: 1, w: 900, kh: 1, kw: 31, pads: [0, 15, 0, 15], ..base },
        ConvShape { c: 2, oc: 2, groups: 2, h: 60, w: 5, kh: 40, kw: 4, pads: [7, 9, 3, 6], ..base },
        ConvShape { c: 2, oc: 2, groups: 2, h: 90, w: 11, dilations: [30, 1], ..base },
        ConvShape { c: 2, oc: 2, groups: 2, h: 3, w: 3, pads: [4, 20, 1, 30], ..base },
        ConvShape { c: 1200, oc: 3, h: 2, w: 7, kh: 5, kw: 5, pads: [2; 4], ..base },
        ConvShape { c: 32, oc: 40, h: 40, w: 40, ..base },
    ];
    for isa in Isa::available() {
        for s in shapes {
            let (x, w) = (bytes(&mut numbers, s.n * s.c * s.h * s.w), bytes(&mut numbers, s.weight_len()));
            let per_channel: Vec<i32> = (0..s.oc).map(|i| i as i32 - 2).collect();
            let bias: Vec<i32> = (0..s.oc).map(|i| 1000 * i as i32).collect();
            for (x, w) in
                both(&x).into_iter().zip(both(&w)).chain(both(&x).into_iter().zip(both(&w).into_iter().rev()))
            {
                for zeros in [&[0][..], &per_channel] {
                    let mut want = conv2d_int8_reference(&s, x, w, Int8ConvZeros { x: 5, weights: zeros });
                    let plane = s.oh() * s.ow();
                    want.iter_mut().enumerate().for_each(|(i, v)| *v += bias[i / plane % s.oc]);
                    let packed = PackedInt8Conv::pack_for(isa, w, zeros, &s).unwrap();
                    let mut scratch = vec![0; conv2d_int8_scratch_len(&s)];
                    for pool in [&Serial as &dyn Parallel, &ThreeThreads] {
                        let mut got = vec![0; s.out_len()];
                        let finish = Raw { row_bias: Some(&bias) };
                        conv2d_int8(pool, &s, x, 5, &packed, finish, &mut got, &mut scratch);
                        assert!(got == want, "{} {s:?}", isa.name());
                    }
                }
            }
        }
    }
}

#[test]
fn sums_and_products_are_those_of_the_definition() {
    let mut numbers = Numbers::new(23);
    for (rows, row_len) in [(1, 1), (3, 5), (2, 70), (40, 1000)] {
        let (a, b) = (bytes(&mut numbers, rows * row_len), bytes(&mut numbers, rows * row_len));
        for (a, b) in both(&a).into_iter().zip(both(&b).into_iter().rev()) {
            let a = Operand { x: a, scale: 0.02, zero: 7 };
            let per_row = |x: Int8<'_>| match x {
                Int8::U8(x) => x[..rows].to_vec(),
                Int8::I8(x) => bytemuck::cast_slice(&x[..rows]).to_vec(),
            };
            let column = per_row(b);
            let whole = Operand { x: b, scale: 0.031, zero: -3 };
            for b in [whole, Operand { x: Int8::U8(&column), ..whole }] {
                for pool in [&Serial as &dyn Parallel, &ThreeThreads] {
                    let (mut got, mut want) = (vec![0u8; rows * row_len], vec![0u8; rows * row_len]);
                    add_int8(pool, a, b, 0.03, 100, row_len, &mut got);
                    binary_int8_reference(a, b, |a, b| a + b, 0.03, 100, row_len, &mut want);
                    assert!(got == want, "sum of {rows}x{row_len}");
                    let (mut got, mut want) = (vec![0i8; rows * row_len], vec![0i8; rows * row_len]);
                    multiply_int8(pool, b, a, 0.04, -100, row_len, &mut got);
                    binary_int8_reference(b, a, |a, b| a * b, 0.04, -100, row_len, &mut want);
                    assert!(got == want, "product of {rows}x{row_len}");
                }
            }
        }
    }
}
