//! Convolutions against the definition, on every instruction set.

use dunlin_sys::Serial;

use super::*;
use crate::matmul::ResidualAt;
use crate::testing::{Numbers, ThreeThreads, assert_close};

fn shape(c: usize, hw: [usize; 2], oc: usize, k: [usize; 2], s: usize, p: usize, groups: usize) -> ConvShape {
    ConvShape {
        n: 1,
        c,
        h: hw[0],
        w: hw[1],
        oc,
        kh: k[0],
        kw: k[1],
        strides: [s, s],
        pads: [p; 4],
        dilations: [1, 1],
        groups,
    }
}

fn shapes() -> Vec<ConvShape> {
    vec![
        shape(1, [1, 1], 1, [1, 1], 1, 0, 1),
        shape(3, [9, 11], 8, [3, 3], 2, 1, 1),
        shape(16, [7, 7], 20, [1, 1], 1, 0, 1),
        shape(5, [13, 40], 13, [3, 3], 1, 1, 1),
        shape(50, [10, 12], 24, [3, 3], 1, 1, 1),
        shape(4, [8, 8], 6, [2, 3], 3, 2, 2),
        shape(8, [1, 100], 8, [1, 5], 1, 2, 1),
        shape(6, [12, 12], 9, [1, 1], 2, 0, 3),
        ConvShape { dilations: [2, 3], ..shape(3, [15, 17], 4, [3, 3], 1, 3, 1) },
        ConvShape { n: 2, pads: [0, 1, 2, 3], ..shape(3, [5, 6], 14, [3, 3], 2, 0, 1) },
        ConvShape { n: 2, ..shape(7, [20, 33], 7, [3, 3], 1, 1, 7) },
        shape(4, [21, 35], 4, [3, 3], 2, 1, 4),
        shape(4, [17, 16], 4, [5, 5], 1, 2, 4),
        shape(4, [17, 16], 8, [5, 5], 2, 2, 4),
        ConvShape { dilations: [2, 2], ..shape(2, [19, 18], 2, [3, 3], 1, 2, 2) },
        shape(3, [9, 9], 3, [7, 7], 3, 3, 3),
        shape(2, [150, 160], 2, [3, 3], 1, 1, 2),
        shape(2, [1, 20000], 2, [1, 3], 1, 1, 2),
        shape(2, [14, 14], 2, [13, 13], 1, 6, 2),
        shape(64, [7, 7], 48, [3, 3], 1, 1, 1),
        shape(40, [40, 40], 30, [3, 3], 1, 1, 1),
        shape(1, [3, 3], 1, [5, 5], 1, 0, 1),
        shape(3, [2, 2], 2, [3, 3], 4, 5, 1),
        shape(400, [1, 1], 130, [1, 1], 1, 0, 1),
        shape(500, [7, 7], 70, [1, 1], 1, 0, 1),
        ConvShape { n: 10, ..shape(129, [1, 4], 64, [1, 3], 1, 1, 1) },
        ConvShape { n: 3, ..shape(10, [6, 5], 300, [3, 3], 1, 1, 1) },
        shape(37, [7, 7], 37, [5, 5], 1, 2, 37),
        ConvShape { n: 2, ..shape(18, [14, 14], 18, [5, 5], 2, 2, 18) },
        ConvShape { n: 3, ..shape(16, [14, 15], 32, [3, 3], 1, 1, 16) },
        shape(20, [28, 30], 20, [3, 3], 1, 1, 20),
        shape(17, [9, 2], 17, [3, 3], 1, 1, 17),
        shape(5, [11, 13], 5, [3, 3], 3, 0, 5),
        ConvShape { pads: [0, 3, 2, 0], dilations: [3, 2], ..shape(9, [12, 11], 9, [3, 2], 2, 0, 9) },
        ConvShape { strides: [5, 1], ..shape(6, [23, 9], 6, [2, 3], 1, 1, 6) },
        shape(3, [1, 1], 3, [3, 3], 1, 1, 3),
        ConvShape { pads: [2, 0, 2, 0], ..shape(20, [50, 1], 24, [5, 1], 1, 0, 1) },
        ConvShape { pads: [1, 0, 0, 0], strides: [2, 3], ..shape(4, [60, 1], 4, [4, 1], 1, 0, 4) },
    ]
}

#[test]
fn convolutions_are_right_and_the_same_on_any_number_of_threads() {
    let mut numbers = Numbers::new(5);
    for isa in Isa::available() {
        for s in shapes() {
            let x = numbers.floats(s.n * s.c * s.h * s.w);
            let (w, bias) = (numbers.floats(s.weight_len()), numbers.floats(s.oc));
            let packed = PackedConv::pack_for(isa, Elements::F32(&w), &s).unwrap();
            let epilogue = ConvEpilogue { bias: Some(&bias), ..ConvEpilogue::default() };
            let mut got = vec![f32::NAN; s.out_len()];
            conv2d_f32(&Serial, &s, &x, &packed, &epilogue, &mut got);
            let what = format!("{} {s:?}", isa.name());
            assert_close(&got, &conv2d_reference(&s, &x, &w, Some(&bias)), 5e-6, &what);
            let mut again = vec![f32::NAN; s.out_len()];
            conv2d_f32(&ThreeThreads, &s, &x, &packed, &epilogue, &mut again);
            assert_eq!(got, again, "{what}");
            // Packed for few pixels, whether these are few or not, the bits are the same.
            let few = PackedConv::pack_for_pixels_on(isa, Elements::F32(&w), &s, 1).unwrap();
            for pool in [&Serial as &dyn Parallel, &ThreeThreads] {
                again.fill(f32::NAN);
                conv2d_f32(pool, &s, &x, &few, &epilogue, &mut again);
                assert_eq!(got, again, "few pixels, {what}");
            }
        }
    }
}

#[test]
fn epilogues_are_applied_in_order() {
    let mut numbers = Numbers::new(6);
    for isa in Isa::available() {
        for s in [shape(6, [9, 10], 26, [3, 3], 1, 1, 1), shape(6, [9, 10], 6, [3, 3], 1, 1, 6)] {
            let x = numbers.floats(s.n * s.c * s.h * s.w);
            let (w, bias, r) =
                (numbers.floats(s.weight_len()), numbers.floats(s.oc), numbers.floats(s.out_len()));
            let packed = PackedConv::pack_for(isa, Elements::F32(&w), &s).unwrap();
            for activation in [Activation::None, Activation::Relu, Activation::HardSwish] {
                for at in [None, Some(ResidualAt::BeforeActivation), Some(ResidualAt::AfterActivation)] {
                    let residual = at.map(|at| Residual { data: &r, beta: 1.0, at });
                    let epilogue = ConvEpilogue { bias: Some(&bias), residual, activation };
                    let mut got = vec![f32::NAN; s.out_len()];
                    conv2d_f32(&Serial, &s, &x, &packed, &epilogue, &mut got);
                    let few = PackedConv::pack_for_pixels_on(isa, Elements::F32(&w), &s, 1).unwrap();
                    let mut again = vec![f32::NAN; s.out_len()];
                    conv2d_f32(&ThreeThreads, &s, &x, &few, &epilogue, &mut again);
                    assert_eq!(got, again, "few pixels, {} {activation:?} {at:?}", isa.name());
                    let want: Vec<f32> = conv2d_reference(&s, &x, &w, Some(&bias))
                        .iter()
                        .zip(&r)
                        .map(|(&x, &r)| {
                            let (x, r) = (f64::from(x), f64::from(r));
                            (match at {
                                None => activation.reference(x),
                                Some(ResidualAt::BeforeActivation) => activation.reference(x + r),
                                Some(ResidualAt::AfterActivation) => activation.reference(x) + r,
                            }) as f32
                        })
                        .collect();
                    assert_close(&got, &want, 5e-6, &format!("{} {activation:?} {at:?}", isa.name()));
                }
            }
        }
    }
}

#[test]
fn transposed_convolutions_are_right() {
    let mut numbers = Numbers::new(7);
    for of in [
        shape(3, [8, 9], 4, [3, 3], 2, 1, 1),
        shape(6, [10, 7], 4, [2, 2], 2, 0, 2),
        ConvShape { n: 2, dilations: [1, 2], ..shape(3, [9, 20], 5, [3, 4], 1, 2, 1) },
        ConvShape { pads: [1, 0, 0, 1], ..shape(2, [7, 7], 3, [3, 2], 3, 0, 1) },
    ] {
        let (x, w) = (numbers.floats(of.out_len()), numbers.floats(of.weight_len()));
        let bias = numbers.floats(of.c);
        let shape = ConvTransposeShape { of };
        let packed = PackedConvTranspose::pack(Elements::F32(&w), &shape).unwrap();
        let mut got = vec![f32::NAN; of.n * of.c * of.h * of.w];
        let mut scratch = vec![0.0; shape.scratch_len()];
        conv_transpose2d_f32(
            &Serial,
            &shape,
            &x,
            &packed,
            Some(&bias),
            Activation::None,
            &mut got,
            &mut scratch,
        );
        // By definition the transpose: out[i] = sum over the unit image i of (x . conv(unit)).
        let mut want = vec![0.0; got.len()];
        for i in 0..want.len() {
            let mut unit = vec![0.0; want.len()];
            unit[i] = 1.0;
            let image = conv2d_reference(&of, &unit, &w, None);
            let sum: f32 = image.iter().zip(&x).map(|(a, b)| a * b).sum();
            want[i] = sum + bias[i / (of.h * of.w) % of.c];
        }
        assert_close(&got, &want, 1e-5, &format!("{of:?}"));
    }
}
