//! Quantised regions, with scales that are powers of two: floats compute them exactly, so that the integers must agree
//! to the last one.

use dunlin_ir::op::convolution::{Conv, GlobalPool, MaxPool};
use dunlin_ir::op::movement::{Concat, Reshape, Transpose};
use dunlin_ir::op::quantize::{DequantizeLinear, QuantizeLinear};

use super::*;
use crate::testing::{Sketch, check_nodes};

/// A scale and a zero point.
#[derive(Clone, Copy)]
struct Step(f32, u8);

const X: Step = Step(0.0625, 128);
const W: Step = Step(0.03125, 120);
const Y: Step = Step(0.5, 100);

fn step(sketch: &mut Sketch, Step(scale, zero): Step) -> [ValueId; 2] {
    [sketch.floats(&[], &[scale]), sketch.bytes(&[], &[zero])]
}

fn dequantized(sketch: &mut Sketch, x: ValueId, from: Step) -> ValueId {
    let [scale, zero] = step(sketch, from);
    let op = DequantizeLinear { axis: 1, block_size: 0, output: None };
    sketch.node(Quantize::DequantizeLinear(op), &[x, scale, zero])
}

fn quantized(sketch: &mut Sketch, x: ValueId, to: Step) -> ValueId {
    let [scale, zero] = step(sketch, to);
    let op = QuantizeLinear { axis: 1, block_size: 0, output: None, saturate: true, precision: None };
    sketch.node(Quantize::QuantizeLinear(op), &[x, scale, zero])
}

/// A dequantised input.
fn input(sketch: &mut Sketch, name: &str, shape: &[usize]) -> ValueId {
    let x = sketch.input_of(DType::U8, name, shape);
    dequantized(sketch, x, X)
}

/// A dequantised constant.
fn weights(sketch: &mut Sketch, shape: &[usize]) -> ValueId {
    let n = shape.iter().product();
    let bytes: Vec<u8> = (0..n).map(|i: usize| (i * 37 % 256) as u8).collect();
    let w = sketch.bytes(shape, &bytes);
    dequantized(sketch, w, W)
}

fn finish(mut sketch: Sketch, y: ValueId, to: Step) -> Graph {
    let y = quantized(&mut sketch, y, to);
    sketch.finish(&[y])
}

fn gemm() -> Linear {
    Linear::Gemm(Gemm { alpha: 1.0, beta: 1.0, transpose_a: false, transpose_b: true, activation: None })
}

pub(crate) fn example() -> Graph {
    let mut sketch = Sketch::new();
    let (x, w) = (input(&mut sketch, "x", &[3, 8]), weights(&mut sketch, &[8, 5]));
    let y = sketch.node(Linear::MatMul, &[x, w]);
    finish(sketch, y, Y)
}

#[test]
fn products_run_in_integers() {
    assert_eq!(check_nodes(&example(), run), ["QLinearMatMul"]);
    for with_bias in [true, false] {
        let mut sketch = Sketch::new();
        let (x, w) = (input(&mut sketch, "x", &[3, 8]), weights(&mut sketch, &[2, 8]));
        let bias = sketch.floats(&[2], &[3.0, -1.5]);
        let inputs = if with_bias { vec![x, w, bias] } else { vec![x, w] };
        let y = sketch.node(gemm(), &inputs);
        assert_eq!(check_nodes(&finish(sketch, y, Y), run), ["QGemm"]);
    }
}

#[test]
fn convolutions_run_in_integers() {
    for (with_bias, with_relu) in [(true, false), (false, true), (true, true)] {
        let mut sketch = Sketch::new();
        let (x, w) = (input(&mut sketch, "x", &[2, 3, 6, 5]), weights(&mut sketch, &[4, 3, 3, 3]));
        let bias = sketch.floats(&[4], &[3.0, -1.5, 0.0, 20.0]);
        let inputs = if with_bias { vec![x, w, bias] } else { vec![x, w] };
        let conv = Conv { groups: 1, ..Conv::default() };
        let mut y = sketch.node(Convolution::Conv(conv), &inputs);
        if with_relu {
            y = sketch.unary(Unary::Relu, y);
        }
        let to = if with_relu { Step(0.5, 0) } else { Y };
        assert_eq!(check_nodes(&finish(sketch, y, to), run), ["QLinearConv"]);
    }
}

#[test]
fn a_relu_that_quantisation_does_not_imply_stays() {
    let mut sketch = Sketch::new();
    let (x, w) = (input(&mut sketch, "x", &[3, 8]), weights(&mut sketch, &[8, 5]));
    let y = sketch.node(Linear::MatMul, &[x, w]);
    let y = sketch.unary(Unary::Relu, y);
    assert!(!crate::testing::apply(&mut finish(sketch, y, Y), run));
}

#[test]
fn sums_products_and_functions_run_in_integers() {
    for (binary, name) in [(Binary::Add, "QLinearAdd"), (Binary::Mul, "QLinearMul")] {
        let mut sketch = Sketch::new();
        let (a, b) = (input(&mut sketch, "a", &[2, 50]), input(&mut sketch, "b", &[1, 50]));
        let y = sketch.binary(binary, a, b);
        assert_eq!(check_nodes(&finish(sketch, y, Y), run), [name]);
    }
    for (unary, name) in
        [(Unary::Sigmoid, "QLinearSigmoid"), (Unary::LeakyRelu { alpha: 0.25 }, "QLinearLeakyRelu")]
    {
        let mut sketch = Sketch::new();
        let x = input(&mut sketch, "x", &[256]);
        let y = sketch.unary(unary, x);
        assert_eq!(check_nodes(&finish(sketch, y, Step(0.015_625, 100)), run), [name]);
    }
}

#[test]
fn joined_and_averaged_tensors_stay_integers() {
    let mut sketch = Sketch::new();
    let (a, b) = (input(&mut sketch, "a", &[2, 5]), input(&mut sketch, "b", &[2, 3]));
    let y = sketch.node(Movement::Concat(Concat { axis: 1 }), &[a, b]);
    assert_eq!(check_nodes(&finish(sketch, y, Y), run), ["QLinearConcat"]);

    let mut sketch = Sketch::new();
    let x = input(&mut sketch, "x", &[2, 3, 4, 4]);
    let y = sketch.node(Convolution::GlobalPool(GlobalPool::Average), &[x]);
    assert_eq!(check_nodes(&finish(sketch, y, Y), run), ["QLinearGlobalAveragePool"]);
}

#[test]
fn what_only_moves_elements_moves_integers() {
    let shape = |sketch: &mut Sketch, x| {
        let shape = sketch.ints(&[3, 2, 16]);
        sketch.node(Movement::Reshape(Reshape { allow_zero: false }), &[x, shape])
    };
    let transpose = |sketch: &mut Sketch, x| {
        let perm = Some(vec![1, 0, 2, 3]);
        sketch.node(Movement::Transpose(Transpose { perm }), &[x])
    };
    let pool = |sketch: &mut Sketch, x| {
        let mut pool = MaxPool::default();
        pool.window.kernel = [2, 2].as_slice().into();
        sketch.node(Convolution::MaxPool(pool), &[x])
    };
    type Move = dyn Fn(&mut Sketch, ValueId) -> ValueId;
    let moves: [(&str, &Move); 3] = [("Reshape", &shape), ("Transpose", &transpose), ("MaxPool", &pool)];
    for (name, moved) in moves {
        let mut sketch = Sketch::new();
        let x = input(&mut sketch, "x", &[2, 3, 4, 4]);
        let y = moved(&mut sketch, x);
        assert_eq!(check_nodes(&finish(sketch, y, X), run), [name]);

        // With another scale, the elements change.
        let mut sketch = Sketch::new();
        let x = input(&mut sketch, "x", &[2, 3, 4, 4]);
        let y = moved(&mut sketch, x);
        assert!(!crate::testing::apply(&mut finish(sketch, y, Y), run), "{name}");
    }
}
