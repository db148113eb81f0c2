//! Finds layer and RMS normalisation in the forms that exporters write.
//!
//! ```text
//! m = ReduceMean(x, -1); d = Sub(x, m); p = Pow(d, 2); v = ReduceMean(p, -1); e = Add(v, eps); r = Sqrt(e);
//! n = Div(d, r); s = Mul(n, scale); y = Add(s, bias)              =>      y = LayerNormalization(x, scale, bias)
//!
//! p = Pow(x, 2); v = ReduceMean(p, -1); e = Add(v, eps); r = Sqrt(e); n = Div(x, r); y = Mul(n, scale)
//!                                                                 =>      y = RMSNormalization(x, scale)
//! ```
//!
//! Scale and bias may be missing, factors come in any order, squares may be products and quotients products with an
//! inverse (`Reciprocal`, `Div(1, r)`, `Pow(e, -0.5)`), means may be sums that are divided. A variance that is a difference
//! of means, `E(x^2) - E(x)^2`, stays as it is: it cancels where the kernel does not, so that the answer would differ.

use dunlin_ir::op::elementwise::{Binary, Unary};
use dunlin_ir::op::normalize::Layer;
use dunlin_ir::op::reduce::{Fold, FoldKind};
use dunlin_ir::op::{Normalize, Reduce};
use dunlin_ir::{DType, Graph, Node, NodeId, Op, Shape, Tensor, ValueId};

use super::{
    any_scalar, is_near, operands, ordered, output, private_producer, producer, rewrite_each, unary_input,
};
use crate::index::{Index, Look};
use crate::{OptimizeError, Target};

/// Runs the pass: first what has a bias, then what has a scale, at last what has neither.
pub(crate) fn run(graph: &mut Graph, _target: &Target<'_>) -> Result<bool, OptimizeError> {
    let biased = rewrite_each(graph, fuse_biased);
    let scaled = rewrite_each(graph, |graph, index, id| fuse(graph, index, id, true));
    let plain = rewrite_each(graph, |graph, index, id| fuse(graph, index, id, false));
    Ok(biased || scaled || plain)
}

fn fuse_biased(graph: &mut Graph, index: &Index, id: NodeId) -> Option<()> {
    let add = graph.node(id);
    let (bias, product) = ordered(add, Binary::Add, |value| graph.constant(value).is_some())?;
    let (_, node) = private_producer(graph, index, product)?;
    let normal = normal(graph, index, node)?;
    let x = without_mean(graph, index, normal.of)?;
    replace(graph, id, x, normal, Some(bias), Normalize::Layer)
}

fn fuse(graph: &mut Graph, index: &Index, id: NodeId, with_scale: bool) -> Option<()> {
    let normal =
        normal(graph, index, graph.node(id)).filter(|normal| normal.scale.is_some() == with_scale)?;
    match without_mean(graph, index, normal.of) {
        Some(x) => replace(graph, id, x, normal, None, Normalize::Layer),
        None => replace(graph, id, normal.of, normal, None, Normalize::Rms),
    }
}

/// Puts one node in place of the last of many, if scale and bias are rows as long as the last axis.
fn replace(
    graph: &mut Graph,
    id: NodeId,
    x: ValueId,
    normal: Normal,
    bias: Option<ValueId>,
    op: fn(Layer) -> Normalize,
) -> Option<()> {
    let (y, origin) = (output(graph.node(id))?, graph.node(id).origin.clone());
    let ty = &graph.value(x).ty;
    let (dims, dtype) = (ty.dims()?, ty.dtype());
    let (rank, width) = (dims.len(), dims.last()?.known()?);
    let row = |value: ValueId| row(graph.constant(value)?, rank, width);
    let scale = match normal.scale {
        Some(scale) => row(scale)?,
        None => Tensor::from_slice([width], &vec![1.0f32; width]).ok()?,
    };
    let bias = match bias {
        Some(bias) => Some(row(bias)?),
        None => None,
    };
    if dtype != Some(DType::F32) {
        return None;
    }
    let mut inputs = vec![Some(x), Some(graph.add_constant(scale))];
    inputs.extend(bias.map(|bias| Some(graph.add_constant(bias))));
    let layer = Layer { axis: -1, epsilon: normal.epsilon, statistics: DType::F32 };
    graph.nodes[id.index()] = Node::new(Op::Normalize(op(layer)), &inputs, &[Some(y)], origin);
    Some(())
}

/// A constant `[width]`, or `[1, .., width]` of no more dimensions than what it is combined with, as `[width]`.
fn row(tensor: &Tensor, rank: usize, width: usize) -> Option<Tensor> {
    let fits = tensor.dtype() == DType::F32
        && tensor.len() == width
        && tensor.rank() <= rank
        && tensor.shape().last() == Some(&width);
    fits.then(|| tensor.clone().reshaped(Shape::new(&[width])).ok())?
}

/// `of / sqrt(mean(of^2) + epsilon) * scale`.
#[derive(Clone, Copy)]
struct Normal {
    of: ValueId,
    epsilon: f32,
    scale: Option<ValueId>,
}

fn normal(graph: &Graph, index: &Index, node: &Node) -> Option<Normal> {
    let mut factors = Factors::default();
    factors.take_node(graph, index, node, 3).then_some(())?;
    let Factors { over, constants, roots } = factors;
    let ([of], [sum], [] | [_]) = (&over[..], &roots[..], &constants[..]) else { return None };
    let (mean, epsilon) = any_scalar(graph, producer(graph, index, *sum)?, Binary::Add)?;
    let square = mean_over_last(graph, index, mean)?;
    (squared(graph, producer(graph, index, square)?)? == *of).then_some(Normal {
        of: *of,
        epsilon,
        scale: constants.first().copied(),
    })
}

/// The factors of a product, taken apart as far as nobody else reads its parts.
#[derive(Default)]
struct Factors {
    over: Vec<ValueId>,
    constants: Vec<ValueId>,
    /// What the product is divided by the root of.
    roots: Vec<ValueId>,
}

impl Factors {
    fn take_node(&mut self, graph: &Graph, index: &Index, node: &Node, depth: usize) -> bool {
        if let Some((a, b)) = operands(node, Binary::Mul) {
            self.take(graph, index, a, depth);
            self.take(graph, index, b, depth);
            return true;
        }
        let Some((a, b)) = operands(node, Binary::Div) else { return false };
        let root = producer(graph, index, b).and_then(root_of(graph));
        if let Some(sum) = root {
            self.take(graph, index, a, depth);
            self.roots.push(sum);
        }
        root.is_some()
    }

    fn take(&mut self, graph: &Graph, index: &Index, value: ValueId, depth: usize) {
        if graph.constant(value).is_some() {
            return self.constants.push(value);
        }
        if let Some(sum) = producer(graph, index, value).and_then(|node| inverse_root(graph, index, node)) {
            return self.roots.push(sum);
        }
        let inner = private_producer(graph, index, value).filter(|_| depth > 0);
        if !inner.is_some_and(|(_, node)| self.take_node(graph, index, node, depth - 1)) {
            self.over.push(value);
        }
    }
}

/// The `x` of `sqrt(x)`.
fn root_of(graph: &Graph) -> impl Fn(&Node) -> Option<ValueId> {
    move |node| unary_input(node, Unary::Sqrt).or_else(|| power(graph, node, 0.5))
}

/// The `x` of `1 / sqrt(x)`.
fn inverse_root(graph: &Graph, index: &Index, node: &Node) -> Option<ValueId> {
    let root = |value| producer(graph, index, value).and_then(root_of(graph));
    if let Some((one, value)) = operands(node, Binary::Div) {
        return (graph.scalar(one) == Some(1.0)).then(|| root(value))?;
    }
    unary_input(node, Unary::Rsqrt)
        .or_else(|| power(graph, node, -0.5))
        .or_else(|| root(unary_input(node, Unary::Reciprocal)?))
}

/// The base of a power with this exponent.
fn power(graph: &Graph, node: &Node, exponent: f32) -> Option<ValueId> {
    let (base, own) = operands(node, Binary::Pow)?;
    let own = graph.scalar(own).or_else(|| match graph.ints(own)?[..] {
        [own] => Some(own as f32),
        _ => None,
    });
    (own == Some(exponent)).then_some(base)
}

fn squared(graph: &Graph, node: &Node) -> Option<ValueId> {
    power(graph, node, 2.0).or_else(|| Some(operands(node, Binary::Mul).filter(|(a, b)| a == b)?.0))
}

/// The `x` of `x - mean(x)`.
fn without_mean(graph: &Graph, index: &Index, difference: ValueId) -> Option<ValueId> {
    let (x, mean) = operands(producer(graph, index, difference)?, Binary::Sub)?;
    (mean_over_last(graph, index, mean)? == x).then_some(x)
}

/// What a mean over the last axis, which it keeps with size 1, is taken of.
fn mean_over_last(graph: &Graph, index: &Index, mean: ValueId) -> Option<ValueId> {
    let node = producer(graph, index, mean)?;
    if let Some(x) = folded_last(graph, node, FoldKind::Mean) {
        return Some(x);
    }
    let (sum, factor) = match operands(node, Binary::Div) {
        Some((sum, divisor)) => (sum, 1.0 / graph.scalar(divisor)?),
        None => any_scalar(graph, node, Binary::Mul)?,
    };
    let x = folded_last(graph, producer(graph, index, sum)?, FoldKind::Sum)?;
    let width = graph.value(x).ty.dims()?.last()?.known()?;
    is_near(factor * width as f32, 1.0).then_some(x)
}

fn folded_last(graph: &Graph, node: &Node, kind: FoldKind) -> Option<ValueId> {
    let (Op::Reduce(Reduce::Fold(Fold { kind: own, keep_dims: true, .. })), [Some(x), Some(axes)]) =
        (&node.op, node.inputs.as_slice())
    else {
        return None;
    };
    let [axis] = graph.ints(*axes)?[..] else { return None };
    let is_last = axis == -1 || graph.value(*x).ty.dims().is_some_and(|dims| axis + 1 == dims.len() as i64);
    (*own == kind && is_last).then_some(*x)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::testing::{Sketch, check_nodes};

    fn fold(sketch: &mut Sketch, kind: FoldKind, x: ValueId) -> ValueId {
        let axes = sketch.ints(&[-1]);
        sketch.node(Reduce::Fold(Fold { kind, keep_dims: true, noop_with_empty_axes: false }), &[x, axes])
    }

    fn mean(sketch: &mut Sketch, x: ValueId, form: usize) -> ValueId {
        if form != 2 {
            return fold(sketch, FoldKind::Mean, x);
        }
        let (sum, share) = (fold(sketch, FoldKind::Sum, x), sketch.floats(&[], &[0.25]));
        sketch.binary(Binary::Mul, sum, share)
    }

    /// `d / sqrt(mean(d^2) + epsilon)`, times the scale if there is one, in one of six forms.
    fn normal(sketch: &mut Sketch, d: ValueId, scale: Option<ValueId>, form: usize) -> ValueId {
        let [half, minus_half, one, two, epsilon] =
            [0.5, -0.5, 1.0, 2.0, 1e-5].map(|x| sketch.floats(&[], &[x]));
        let square = match form {
            0 => sketch.binary(Binary::Pow, d, two),
            _ => sketch.binary(Binary::Mul, d, d),
        };
        let mean = mean(sketch, square, form);
        let sum = sketch.binary(Binary::Add, mean, epsilon);
        let inverse = match form {
            0 | 1 => {
                let root = match form {
                    0 => sketch.unary(Unary::Sqrt, sum),
                    _ => sketch.binary(Binary::Pow, sum, half),
                };
                let normal = sketch.binary(Binary::Div, d, root);
                return scale.map_or(normal, |scale| sketch.binary(Binary::Mul, normal, scale));
            }
            2 => {
                let root = sketch.unary(Unary::Sqrt, sum);
                sketch.unary(Unary::Reciprocal, root)
            }
            3 => {
                let root = sketch.unary(Unary::Sqrt, sum);
                sketch.binary(Binary::Div, one, root)
            }
            4 => sketch.binary(Binary::Pow, sum, minus_half),
            _ => sketch.unary(Unary::Rsqrt, sum),
        };
        match scale {
            // The scale comes first, as frameworks of XLA have it, or last.
            Some(scale) if form.is_multiple_of(2) => {
                let factor = sketch.binary(Binary::Mul, inverse, scale);
                sketch.binary(Binary::Mul, d, factor)
            }
            Some(scale) => {
                let normal = sketch.binary(Binary::Mul, d, inverse);
                sketch.binary(Binary::Mul, scale, normal)
            }
            None => sketch.binary(Binary::Mul, inverse, d),
        }
    }

    fn graph(form: usize, centred: bool, has_scale: bool, has_bias: bool) -> Graph {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[2, 3, 4]);
        let shape: &[usize] = if form % 3 == 1 { &[1, 1, 4] } else { &[4] };
        let scale = has_scale.then(|| sketch.floats(shape, &[1.0, 2.0, 0.5, -1.0]));
        let d = if centred {
            let m = mean(&mut sketch, x, form);
            sketch.binary(Binary::Sub, x, m)
        } else {
            x
        };
        let mut y = normal(&mut sketch, d, scale, form);
        if has_bias {
            let bias = sketch.floats(shape, &[0.1, 0.2, 0.3, 0.4]);
            y = sketch.binary(Binary::Add, bias, y);
        }
        sketch.finish(&[y])
    }

    pub(crate) fn example() -> Graph {
        graph(0, true, true, true)
    }

    #[test]
    fn layer_norm_becomes_one_node() {
        for form in 0..6 {
            for (has_scale, has_bias) in [(true, true), (true, false), (false, true), (false, false)] {
                let names = check_nodes(&graph(form, true, has_scale, has_bias), run);
                assert_eq!(names, ["LayerNormalization"], "form {form}, {has_scale}, {has_bias}");
            }
        }
    }

    #[test]
    fn rms_norm_becomes_one_node() {
        for form in 0..6 {
            for has_scale in [true, false] {
                let names = check_nodes(&graph(form, false, has_scale, false), run);
                assert_eq!(names, ["RMSNormalization"], "form {form}, {has_scale}");
            }
        }
    }

    #[test]
    fn a_difference_taken_twice_is_one() {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[3, 4]);
        let m = fold(&mut sketch, FoldKind::Mean, x);
        let (a, b) = (sketch.binary(Binary::Sub, x, m), sketch.binary(Binary::Sub, x, m));
        let [two, epsilon] = [2.0, 1e-5].map(|x| sketch.floats(&[], &[x]));
        let square = sketch.binary(Binary::Pow, a, two);
        let mean = fold(&mut sketch, FoldKind::Mean, square);
        let sum = sketch.binary(Binary::Add, mean, epsilon);
        let root = sketch.unary(Unary::Sqrt, sum);
        let y = sketch.binary(Binary::Div, b, root);
        let graph = sketch.finish(&[y]);
        let names =
            check_nodes(&graph, |graph, target| Ok(crate::common::run(graph, target)? | run(graph, target)?));
        assert_eq!(names, ["LayerNormalization"]);
    }
}
