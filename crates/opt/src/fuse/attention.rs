//! Finds attention in the forms that exporters write.
//!
//! ```text
//! t = Transpose(k, [0, 1, 3, 2]); s = MatMul(q, t); c = Mul(s, scale); a = Add(c, mask); p = Softmax(a);
//! y = MatMul(p, v)      =>      y = Attention(q, k, v, mask)
//! ```
//!
//! The scale may be a division, stand before or behind the product, or on both of its sides. The mask may be missing, or
//! choose between scores and a number: `Where(seen, c, -inf)`, `Where(hidden, -inf, c)`. A row that is NaN may become 0:
//! `Where(IsNaN(p), 0, p)`. Transpositions of heads and tokens around it are left out: attention reads and writes
//! either order.

use dunlin_ir::op::attention::{Hidden, PlainAttention, TokensFirst};
use dunlin_ir::op::elementwise::Binary;
use dunlin_ir::op::normalize::{Softmax, SoftmaxKind};
use dunlin_ir::op::{Attention, Elementwise, Linear, Movement, Normalize};
use dunlin_ir::{DType, Graph, Node, NodeId, Op, ValueId};

use super::{keeps_shape, operands, output, private_producer, rewrite_each};
use crate::index::{Index, Look};
use crate::{OptimizeError, Target};

/// Runs the pass. Only for `float32` operands whose rank is known and at most 4.
pub(crate) fn run(graph: &mut Graph, _target: &Target<'_>) -> Result<bool, OptimizeError> {
    let attention = rewrite_each(graph, fuse);
    let outputs = rewrite_each(graph, fuse_output);
    Ok(attention || outputs)
}

fn fuse(graph: &mut Graph, index: &Index, id: NodeId) -> Option<()> {
    let node = graph.node(id);
    let (y, (shares, values)) = (output(node)?, product(node)?);
    let (scores, zeroes_nan) = softmax_of(graph, index, shares)?;
    let (products, mask) = masked(graph, index, scores)?;
    let queries = Operand { value: products.queries, scale: products.scale, tokens_first: false };
    let queries = queries.behind_scale(graph, index).heads_first(graph, index).behind_scale(graph, index);
    let keys = Operand { value: products.keys, scale: queries.scale, tokens_first: false };
    let keys = keys.transposed(graph, index)?.behind_scale(graph, index);
    let values = Operand { value: values, scale: 1.0, tokens_first: false }.heads_first(graph, index);
    if ![queries, keys, values].into_iter().all(|operand| operand.fits(graph)) {
        return None;
    }
    let op = PlainAttention {
        scale: keys.scale,
        hidden: mask.and_then(|mask| mask.hidden).unwrap_or(Hidden { when: false, score: f32::NEG_INFINITY }),
        zeroes_nan,
        tokens_first: TokensFirst {
            queries: queries.tokens_first,
            keys: keys.tokens_first,
            values: values.tokens_first,
            output: false,
        },
    };
    let mut inputs = vec![Some(queries.value), Some(keys.value), Some(values.value)];
    inputs.extend(mask.map(|mask| Some(mask.value)));
    let origin = node.origin.clone();
    graph.nodes[id.index()] = Node::new(Op::Attention(Attention::Plain(op)), &inputs, &[Some(y)], origin);
    Some(())
}

/// Lets attention write what a transposition of heads and tokens would make of it.
fn fuse_output(graph: &mut Graph, index: &Index, id: NodeId) -> Option<()> {
    let node = graph.node(id);
    let (y, origin) = (output(node)?, node.origin.clone());
    let x = permuted(node, &[0, 2, 1, 3])?;
    let (producer, attention) = private_producer(graph, index, x)?;
    let mut fused = attention.clone();
    let Op::Attention(Attention::Plain(op)) = &mut fused.op else { return None };
    op.tokens_first.output = !op.tokens_first.output;
    fused.outputs = [Some(y)].as_slice().into();
    fused.origin = origin;
    graph.nodes[producer.index()].outputs.fill(None);
    graph.nodes[id.index()] = fused;
    Some(())
}

/// Queries, keys or values on the way back to where they come from, with the factor passed so far.
#[derive(Clone, Copy)]
struct Operand {
    value: ValueId,
    scale: f32,
    tokens_first: bool,
}

impl Operand {
    /// Before it was scaled.
    fn behind_scale(self, graph: &Graph, index: &Index) -> Operand {
        let factor = index.producer(self.value).and_then(|id| scalar_factor(graph, graph.node(id)));
        factor.map_or(self, |(value, factor)| Operand { value, scale: self.scale * factor, ..self })
    }

    /// Before heads and tokens changed places.
    fn heads_first(self, graph: &Graph, index: &Index) -> Operand {
        let swapped = index.producer(self.value).and_then(|id| permuted(graph.node(id), &[0, 2, 1, 3]));
        swapped.map_or(self, |value| Operand { value, tokens_first: true, ..self })
    }

    /// Keys of which this is the transpose.
    fn transposed(self, graph: &Graph, index: &Index) -> Option<Operand> {
        let this = self.behind_scale(graph, index);
        let node = graph.node(index.producer(this.value)?);
        if let Some(value) = permuted(node, &[0, 2, 3, 1]) {
            return Some(Operand { value, tokens_first: true, ..this });
        }
        let swaps: [&[usize]; 3] = [&[1, 0], &[0, 2, 1], &[0, 1, 3, 2]];
        let value = swaps.into_iter().find_map(|perm| permuted(node, perm))?;
        Some(Operand { value, ..this }.behind_scale(graph, index).heads_first(graph, index))
    }

    fn fits(self, graph: &Graph) -> bool {
        let ty = &graph.value(self.value).ty;
        ty.dtype() == Some(DType::F32) && ty.dims().is_some_and(|dims| (2..=4).contains(&dims.len()))
    }
}

/// Scores before they are masked.
struct Products {
    queries: ValueId,
    /// The transpose of the keys.
    keys: ValueId,
    scale: f32,
}

#[derive(Clone, Copy)]
struct Mask {
    value: ValueId,
    hidden: Option<Hidden>,
}

/// The products behind scores, and the mask between.
fn masked(graph: &Graph, index: &Index, scores: ValueId) -> Option<(Products, Option<Mask>)> {
    if let Some(products) = products(graph, index, scores) {
        return Some((products, None));
    }
    let (_, node) = private_producer(graph, index, scores)?;
    let (products, mask) = if let Some((a, b)) = operands(node, Binary::Add) {
        let side = |scores, value| Some((products(graph, index, scores)?, Mask { value, hidden: None }));
        side(a, b).or_else(|| side(b, a))?
    } else {
        let [condition, a, b] = where_inputs(node)?;
        let side = |scores: ValueId, score: ValueId, when: bool| {
            let score = graph.scalar(score).filter(|_| keeps_shape(graph, score, scores))?;
            let hidden = Some(Hidden { when, score });
            Some((products(graph, index, scores)?, Mask { value: condition, hidden }))
        };
        side(a, b, false).or_else(|| side(b, a, true))?
    };
    let ty = &graph.value(mask.value).ty;
    let dtype = if mask.hidden.is_some() { DType::Bool } else { DType::F32 };
    let fits = ty.dtype() == Some(dtype) && ty.dims().is_some_and(|dims| dims.len() <= 4);
    fits.then_some((products, Some(mask)))
}

fn products(graph: &Graph, index: &Index, scores: ValueId) -> Option<Products> {
    let (_, node) = private_producer(graph, index, scores)?;
    if let Some((x, factor)) = scalar_factor(graph, node) {
        let products = products(graph, index, x)?;
        return Some(Products { scale: products.scale * factor, ..products });
    }
    let (queries, keys) = product(node)?;
    Some(Products { queries, keys, scale: 1.0 })
}

/// The factors of a matrix product.
fn product(node: &Node) -> Option<(ValueId, ValueId)> {
    match (&node.op, node.inputs.as_slice()) {
        (Op::Linear(Linear::MatMul), [Some(a), Some(b)]) => Some((*a, *b)),
        _ => None,
    }
}

/// What a node multiplies with one number, and that number.
fn scalar_factor(graph: &Graph, node: &Node) -> Option<(ValueId, f32)> {
    let number = |x: ValueId, id: ValueId| graph.scalar(id).filter(|_| keeps_shape(graph, id, x));
    if let Some((x, divisor)) = operands(node, Binary::Div) {
        return Some((x, 1.0 / number(x, divisor)?));
    }
    let (a, b) = operands(node, Binary::Mul)?;
    number(a, b).map(|factor| (a, factor)).or_else(|| number(b, a).map(|factor| (b, factor)))
}

/// What a softmax over the last axis is taken of, and whether its NaN become 0.
fn softmax_of(graph: &Graph, index: &Index, shares: ValueId) -> Option<(ValueId, bool)> {
    let (_, node) = private_producer(graph, index, shares)?;
    if let Some(scores) = softmax_input(graph, node) {
        return Some((scores, false));
    }
    let [condition, zero, shares] = where_inputs(node)?;
    let (_, is_nan) = private_producer(graph, index, condition)?;
    let is_guard = is_nan.op == Op::Elementwise(Elementwise::IsNan)
        && is_nan.inputs.first() == Some(&Some(shares))
        && graph.scalar(zero) == Some(0.0)
        && keeps_shape(graph, zero, shares)
        && index.consumers(shares).len() == 2
        && !index.is_output(shares);
    let scores = softmax_input(graph, graph.node(index.producer(shares)?))?;
    is_guard.then_some((scores, true))
}

fn softmax_input(graph: &Graph, node: &Node) -> Option<ValueId> {
    let Op::Normalize(Normalize::Softmax(Softmax { kind: SoftmaxKind::Softmax, axis, .. })) = node.op else {
        return None;
    };
    let x = node.inputs.first().copied().flatten()?;
    let is_last = || graph.value(x).ty.dims().is_some_and(|dims| axis + 1 == dims.len() as i64);
    (axis == -1 || is_last()).then_some(x)
}

fn where_inputs(node: &Node) -> Option<[ValueId; 3]> {
    match (&node.op, node.inputs.as_slice()) {
        (Op::Elementwise(Elementwise::Where), [Some(condition), Some(a), Some(b)]) => {
            Some([*condition, *a, *b])
        }
        _ => None,
    }
}

/// What a transposition by this permutation is of.
fn permuted(node: &Node, perm: &[usize]) -> Option<ValueId> {
    let Op::Movement(Movement::Transpose(transpose)) = &node.op else { return None };
    let fits = transpose.perm.as_deref() == Some(perm);
    fits.then(|| node.inputs.first().copied().flatten())?
}

#[cfg(test)]
pub(crate) mod tests {
    use dunlin_ir::op::elementwise::Compare;
    use dunlin_ir::op::movement::Transpose;

    use super::*;
    use crate::testing::{Sketch, check, check_nodes};

    fn transpose(sketch: &mut Sketch, x: ValueId, perm: &[usize]) -> ValueId {
        sketch.node(Movement::Transpose(Transpose { perm: Some(perm.into()) }), &[x])
    }

    fn softmax(sketch: &mut Sketch, x: ValueId) -> ValueId {
        let softmax = Softmax { kind: SoftmaxKind::Softmax, axis: -1, flatten: false };
        sketch.node(Normalize::Softmax(softmax), &[x])
    }

    fn matmul(sketch: &mut Sketch, a: ValueId, b: ValueId) -> ValueId {
        sketch.node(Linear::MatMul, &[a, b])
    }

    pub(crate) fn example() -> Graph {
        let mut sketch = Sketch::new();
        let [q, k, v] = ["q", "k", "v"].map(|name| sketch.input(name, &[2, 3, 5, 4]));
        let (mask, half) = (sketch.input("mask", &[2, 1, 1, 5]), sketch.floats(&[], &[0.5]));
        let k = transpose(&mut sketch, k, &[0, 1, 3, 2]);
        let s = matmul(&mut sketch, q, k);
        let s = sketch.binary(Binary::Mul, s, half);
        let s = sketch.binary(Binary::Add, s, mask);
        let p = softmax(&mut sketch, s);
        let y = matmul(&mut sketch, p, v);
        sketch.finish(&[y])
    }

    #[test]
    fn scores_are_scaled_and_masked_in_the_ways_of_exporters() {
        for way in 0..6 {
            let mut sketch = Sketch::new();
            let (q, k) = (sketch.input("q", &[2, 3, 5, 4]), sketch.input("k", &[2, 3, 6, 4]));
            let (v, mask) = (sketch.input("v", &[2, 3, 6, 7]), sketch.input("mask", &[2, 1, 1, 6]));
            let [half, two, low] = [0.5, 2.0, f32::MIN].map(|x| sketch.floats(&[], &[x]));
            let seen = sketch.node(Elementwise::Compare(Compare::Greater), &[mask, half]);
            let (q, k) = match way {
                0 => (sketch.binary(Binary::Mul, half, q), sketch.binary(Binary::Div, k, two)),
                _ => (q, k),
            };
            let k = transpose(&mut sketch, k, &[0, 1, 3, 2]);
            let k = if way == 1 { sketch.binary(Binary::Mul, k, half) } else { k };
            let s = matmul(&mut sketch, q, k);
            let s = if way == 2 { sketch.binary(Binary::Div, s, two) } else { s };
            let s = match way {
                0 => sketch.binary(Binary::Add, s, mask),
                1 => sketch.binary(Binary::Add, mask, s),
                3 => sketch.node(Elementwise::Where, &[seen, s, low]),
                4 => sketch.node(Elementwise::Where, &[seen, low, s]),
                _ => s,
            };
            let p = softmax(&mut sketch, s);
            let p = if way == 5 {
                let (nan, zero) = (sketch.node(Elementwise::IsNan, &[p]), sketch.floats(&[], &[0.0]));
                sketch.node(Elementwise::Where, &[nan, zero, p])
            } else {
                p
            };
            let y = matmul(&mut sketch, p, v);
            let graph = sketch.finish(&[y]);
            let after = check(&graph, run);
            assert_eq!(after.nodes.last().unwrap().op.name(), "Attention", "way {way}");
            let n_nodes = if way == 3 || way == 4 { 2 } else { 1 };
            assert_eq!(after.nodes.len(), n_nodes, "way {way}");
        }
    }

    #[test]
    fn heads_and_tokens_stay_where_they_are() {
        for merged in [true, false] {
            let mut sketch = Sketch::new();
            let [q, k, v] = ["q", "k", "v"].map(|name| sketch.input(name, &[2, 5, 3, 4]));
            let q = transpose(&mut sketch, q, &[0, 2, 1, 3]);
            let k = if merged {
                transpose(&mut sketch, k, &[0, 2, 3, 1])
            } else {
                let k = transpose(&mut sketch, k, &[0, 2, 1, 3]);
                transpose(&mut sketch, k, &[0, 1, 3, 2])
            };
            let v = transpose(&mut sketch, v, &[0, 2, 1, 3]);
            let s = matmul(&mut sketch, q, k);
            let p = softmax(&mut sketch, s);
            let y = matmul(&mut sketch, p, v);
            let y = transpose(&mut sketch, y, &[0, 2, 1, 3]);
            let graph = sketch.finish(&[y]);
            assert_eq!(check_nodes(&graph, run), ["Attention"]);
        }
    }

    #[test]
    fn everything_broadcasts() {
        let shapes: [[&[usize]; 4]; 5] = [
            [&[5, 4], &[6, 4], &[6, 3], &[1]],
            [&[2, 5, 4], &[2, 6, 4], &[2, 6, 3], &[2, 5, 6]],
            [&[2, 3, 5, 4], &[1, 1, 6, 4], &[3, 6, 3], &[5, 1]],
            [&[1, 3, 1, 4], &[1, 3, 6, 4], &[1, 3, 6, 3], &[2, 1, 5, 6]],
            [&[1, 3, 5, 4], &[1, 3, 1, 4], &[1, 3, 6, 3], &[6]],
        ];
        for [q, k, v, mask] in shapes {
            let mut sketch = Sketch::new();
            let rank = k.len();
            let (q, k) = (sketch.input("q", q), sketch.input("k", k));
            let (v, mask) = (sketch.input("v", v), sketch.input("mask", mask));
            let mut perm: Vec<usize> = (0..rank).collect();
            perm.swap(rank - 2, rank - 1);
            let k = transpose(&mut sketch, k, &perm);
            let s = matmul(&mut sketch, q, k);
            let s = sketch.binary(Binary::Add, s, mask);
            let p = softmax(&mut sketch, s);
            let y = matmul(&mut sketch, p, v);
            let graph = sketch.finish(&[y]);
            assert_eq!(check_nodes(&graph, run), ["Attention"]);
        }
    }

    #[test]
    fn scores_that_somebody_else_reads_stay() {
        let mut sketch = Sketch::new();
        let [q, k, v] = ["q", "k", "v"].map(|name| sketch.input(name, &[5, 4]));
        let k = transpose(&mut sketch, k, &[1, 0]);
        let s = matmul(&mut sketch, q, k);
        let p = softmax(&mut sketch, s);
        let y = matmul(&mut sketch, p, v);
        let mut graph = sketch.finish(&[y, p]);
        assert!(!crate::testing::apply(&mut graph, run));
    }
}
