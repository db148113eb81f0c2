//! Finds rotary embedding of halves in the forms that exporters write.
//!
//! ```text
//! a = Slice(x, 0, n, -1); b = Slice(x, n, .., -1); m = Neg(b); r = Concat(m, a, axis = -1);
//! c = Mul(x, cos); s = Mul(r, sin); y = Add(c, s)      =>      y = RotaryEmbedding(x, cos, sin, n)
//! ```
//!
//! Instead of slices there may be `a, b = Split(x)`. Cosines and sines are as long as `x`: nothing is assumed of their
//! halves.

use dunlin_ir::op::elementwise::{Binary, Unary};
use dunlin_ir::op::movement::{Concat, Split};
use dunlin_ir::op::{Attention, Movement};
use dunlin_ir::{DType, Graph, Node, NodeId, Op, Tensor, ValueId};

use super::{operands, output, private_producer, producer, rewrite_each, unary_input};
use crate::index::{Index, Look};
use crate::{OptimizeError, Target};

/// Runs the pass. Only for `float32` operands whose rank is known and at most 4.
pub(crate) fn run(graph: &mut Graph, _target: &Target<'_>) -> Result<bool, OptimizeError> {
    Ok(rewrite_each(graph, fuse))
}

fn fuse(graph: &mut Graph, index: &Index, id: NodeId) -> Option<()> {
    let add = graph.node(id);
    let y = output(add)?;
    let (a, b) = operands(add, Binary::Add)?;
    let (x, cos, sin, cut) = sides(graph, index, a, b).or_else(|| sides(graph, index, b, a))?;
    let fits = |id: ValueId| {
        let ty = &graph.value(id).ty;
        ty.dtype() == Some(DType::F32) && ty.dims().is_some_and(|dims| dims.len() <= 4)
    };
    if ![x, cos, sin].into_iter().all(fits) {
        return None;
    }
    let origin = add.origin.clone();
    let n = match cut {
        Cut::At(value) => value,
        Cut::Known(n) => graph.add_constant(Tensor::from_slice([1], &[n]).ok()?),
    };
    let inputs = [x, cos, sin, n].map(Some);
    graph.nodes[id.index()] = Node::new(Op::Attention(Attention::PlainRotary), &inputs, &[Some(y)], origin);
    Some(())
}

/// How many elements the first part has.
#[derive(Clone, Copy)]
enum Cut {
    At(ValueId),
    Known(i64),
}

/// Operand, cosines, sines and cut of `plain + turned`.
fn sides(
    graph: &Graph,
    index: &Index,
    plain: ValueId,
    turned: ValueId,
) -> Option<(ValueId, ValueId, ValueId, Cut)> {
    let (a, b) = operands(private_producer(graph, index, plain)?.1, Binary::Mul)?;
    let (c, d) = operands(private_producer(graph, index, turned)?.1, Binary::Mul)?;
    let ((x, cut), sin) = match turn(graph, index, c) {
        Some(turn) => (turn, d),
        None => (turn(graph, index, d)?, c),
    };
    let cos = if a == x { b } else { (b == x).then_some(a)? };
    Some((x, cos, sin, cut))
}

/// The `x` and `n` of `concat(-x[n..], x[..n])`.
fn turn(graph: &Graph, index: &Index, turned: ValueId) -> Option<(ValueId, Cut)> {
    let (_, node) = private_producer(graph, index, turned)?;
    let (Op::Movement(Movement::Concat(Concat { axis, .. })), [Some(negated), Some(first)]) =
        (&node.op, node.inputs.as_slice())
    else {
        return None;
    };
    let second = unary_input(producer(graph, index, *negated)?, Unary::Neg)?;
    let (x, cut) = split(graph, index, *first, second).or_else(|| slices(graph, index, *first, second))?;
    is_last(graph, x, *axis).then_some((x, cut))
}

fn split(graph: &Graph, index: &Index, first: ValueId, second: ValueId) -> Option<(ValueId, Cut)> {
    let node = producer(graph, index, first)?;
    let Op::Movement(Movement::Split(Split { axis, n_parts })) = node.op else { return None };
    let x = node.inputs.first().copied().flatten()?;
    if node.outputs.as_slice() != [Some(first), Some(second)] || !is_last(graph, x, axis) {
        return None;
    }
    let n = match node.inputs.get(1).copied().flatten() {
        Some(sizes) => *graph.ints(sizes)?.first()?,
        None => {
            let width = graph.value(x).ty.dims()?.last()?.known()?;
            i64::try_from(width).ok().filter(|width| n_parts == 2 && width % 2 == 0)? / 2
        }
    };
    Some((x, Cut::Known(n)))
}

fn slices(graph: &Graph, index: &Index, first: ValueId, second: ValueId) -> Option<(ValueId, Cut)> {
    let (first, second) = (slice(graph, index, first)?, slice(graph, index, second)?);
    let same = |a: ValueId, b: ValueId| a == b || graph.ints(a).is_some_and(|a| Some(a) == graph.ints(b));
    let is_cut = first.x == second.x
        && graph.ints(first.start)? == [0]
        && same(first.end, second.start)
        && graph.ints(second.end)?.first().is_some_and(|&end| end >= i64::from(i32::MAX));
    is_cut.then_some((first.x, Cut::At(first.end)))
}

/// A slice along the last axis, without steps.
struct Slice {
    x: ValueId,
    start: ValueId,
    end: ValueId,
}

fn slice(graph: &Graph, index: &Index, value: ValueId) -> Option<Slice> {
    let node = producer(graph, index, value)?;
    let (Op::Movement(Movement::Slice), [Some(x), Some(start), Some(end), Some(axes), ..]) =
        (&node.op, node.inputs.as_slice())
    else {
        return None;
    };
    let has_steps =
        node.inputs.get(4).copied().flatten().is_some_and(|steps| graph.ints(steps) != Some(vec![1]));
    let [axis] = graph.ints(*axes)?[..] else { return None };
    (!has_steps && is_last(graph, *x, axis)).then_some(Slice { x: *x, start: *start, end: *end })
}

fn is_last(graph: &Graph, x: ValueId, axis: i64) -> bool {
    axis == -1 || graph.value(x).ty.dims().is_some_and(|dims| axis + 1 == dims.len() as i64)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::testing::{Sketch, check_nodes};

    /// `x`, the angles' shape, how `x` is cut, and the order of the operands.
    fn graph(x: &[usize], angles: &[usize], cut: &str, swapped: bool) -> Graph {
        let mut sketch = Sketch::new();
        let x_len = *x.last().unwrap() as i64;
        let x = sketch.input("x", x);
        let (cos, sin) = (sketch.input("cos", angles), sketch.input("sin", angles));
        let (first, second) = match cut {
            "split" => {
                let sizes = sketch.ints(&[x_len / 2, x_len - x_len / 2]);
                sketch.node_of(Movement::Split(Split { axis: -1, n_parts: 2 }), &[x, sizes]).into()
            }
            _ => {
                let n = if cut == "negative" { -2 } else { x_len / 2 };
                let [zero, n, all, axis] = [0, n, i64::MAX, -1].map(|i| sketch.ints(&[i]));
                let first = sketch.node(Movement::Slice, &[x, zero, n, axis]);
                (first, sketch.node(Movement::Slice, &[x, n, all, axis]))
            }
        };
        let negated = sketch.unary(Unary::Neg, second);
        let turned = sketch.node(Movement::Concat(Concat { axis: -1 }), &[negated, first]);
        let (a, b) = if swapped {
            (sketch.binary(Binary::Mul, cos, x), sketch.binary(Binary::Mul, sin, turned))
        } else {
            (sketch.binary(Binary::Mul, x, cos), sketch.binary(Binary::Mul, turned, sin))
        };
        let y = if swapped { sketch.binary(Binary::Add, b, a) } else { sketch.binary(Binary::Add, a, b) };
        sketch.finish(&[y])
    }

    pub(crate) fn example() -> Graph {
        graph(&[2, 3, 5, 8], &[5, 8], "slice", false)
    }

    #[test]
    fn halves_turn_in_one_node() {
        let shapes: [[&[usize]; 2]; 5] = [
            [&[2, 3, 5, 8], &[2, 1, 5, 8]],
            [&[2, 3, 5, 8], &[5, 8]],
            [&[3, 5, 8], &[2, 1, 5, 8]],
            [&[5, 7], &[5, 1]],
            [&[6], &[1]],
        ];
        for [x, angles] in shapes {
            for cut in ["slice", "split", "negative"] {
                for swapped in [true, false] {
                    let names = check_nodes(&graph(x, angles, cut, swapped), run);
                    assert_eq!(names, ["RotaryEmbedding"], "{x:?} {angles:?} {cut} {swapped}");
                }
            }
        }
    }
}
