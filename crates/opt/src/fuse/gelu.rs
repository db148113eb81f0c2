//! Finds GELU in the forms that exporters write.
//!
//! ```text
//! d = Div(x, sqrt(2)); e = Erf(d); a = Add(e, 1); then x * a * 0.5 in any order      =>      y = Gelu(x)
//! c = Pow(x, 3); m = Mul(c, 0.044715); s = Add(x, m); p = Mul(s, sqrt(2 / pi)); t = Tanh(p); a = Add(t, 1);
//! then x * a * 0.5 in any order                                   =>      y = Gelu(x), approximated through tanh
//! ```
//!
//! What stands under `Erf` and `Tanh` is computed as a polynomial of `x`, so that its form does not matter.

use dunlin_ir::op::Elementwise;
use dunlin_ir::op::elementwise::{Approximate, Binary, Unary};
use dunlin_ir::{Graph, Node, NodeId, Op, ValueId};

use super::{any_scalar, is_near, keeps_shape, operands, output, private_producer, producer, rewrite_each};
use crate::index::{Index, Look};
use crate::{OptimizeError, Target};

/// Sums and products nested deeper than this are not followed.
const MAX_DEPTH: usize = 8;

/// Runs the pass.
pub(crate) fn run(graph: &mut Graph, _target: &Target<'_>) -> Result<bool, OptimizeError> {
    Ok(rewrite_each(graph, fuse))
}

fn fuse(graph: &mut Graph, index: &Index, id: NodeId) -> Option<()> {
    let node = graph.node(id);
    let y = output(node)?;
    operands(node, Binary::Mul).or_else(|| operands(node, Binary::Div))?;
    let mut product = Product { factor: 1.0, parts: Vec::new() };
    product.take_node(graph, index, node, MAX_DEPTH);
    let [a, b] = product.parts[..] else { return None };
    let gelu = |x, gate| Some((x, gate_of(graph, index, x, gate, product.factor)?));
    let (x, approximate) = gelu(a, b).or_else(|| gelu(b, a))?;
    let origin = node.origin.clone();
    let op = Op::Elementwise(Elementwise::Unary(Unary::Gelu { approximate }));
    graph.nodes[id.index()] = Node::new(op, &[Some(x)], &[Some(y)], origin);
    Some(())
}

/// A product, taken apart as far as nobody else reads its parts.
struct Product {
    factor: f32,
    parts: Vec<ValueId>,
}

impl Product {
    fn of(graph: &Graph, index: &Index, value: ValueId) -> Product {
        let mut product = Product { factor: 1.0, parts: Vec::new() };
        product.take(graph, index, value, MAX_DEPTH);
        product
    }

    fn take(&mut self, graph: &Graph, index: &Index, value: ValueId, depth: usize) {
        let inner = private_producer(graph, index, value).filter(|_| depth > 0);
        let is_taken = inner.is_some_and(|(_, node)| self.take_node(graph, index, node, depth));
        if !is_taken {
            self.parts.push(value);
        }
    }

    /// Takes the factors of a node, if it has some.
    fn take_node(&mut self, graph: &Graph, index: &Index, node: &Node, depth: usize) -> bool {
        if let Some((other, factor)) = any_scalar(graph, node, Binary::Mul) {
            self.factor *= factor;
            self.take(graph, index, other, depth - 1);
        } else if let Some((a, b)) = operands(node, Binary::Mul) {
            self.take(graph, index, a, depth - 1);
            self.take(graph, index, b, depth - 1);
        } else if let Some((a, divisor)) = operands(node, Binary::Div) {
            let Some(divisor) = graph.scalar(divisor).filter(|_| keeps_shape(graph, divisor, a)) else {
                return false;
            };
            self.factor /= divisor;
            self.take(graph, index, a, depth - 1);
        } else {
            return false;
        }
        true
    }
}

/// How `gate * factor` is computed, if it is `(1 + erf(x / sqrt(2))) / 2` or its approximation.
fn gate_of(graph: &Graph, index: &Index, x: ValueId, gate: ValueId, factor: f32) -> Option<Approximate> {
    let (_, add) = private_producer(graph, index, gate)?;
    let (function, constant) = any_scalar(graph, add, Binary::Add)?;
    let product = Product::of(graph, index, function);
    let [function] = product.parts[..] else { return None };
    if !is_near(factor * constant, 0.5) || !is_near(factor * product.factor, 0.5) {
        return None;
    }
    let (_, node) = private_producer(graph, index, function)?;
    let argument = polynomial(graph, index, x, node.inputs.first().copied().flatten()?, MAX_DEPTH)?;
    let is = |want: Polynomial| argument.iter().zip(want).all(|(&got, want)| is_near(got, want));
    let root = (2.0 / std::f32::consts::PI).sqrt();
    match node.op {
        Op::Elementwise(Elementwise::Unary(Unary::Erf)) => {
            is([0.0, std::f32::consts::FRAC_1_SQRT_2, 0.0, 0.0]).then_some(Approximate::None)
        }
        Op::Elementwise(Elementwise::Unary(Unary::Tanh)) => {
            is([0.0, root, 0.0, 0.044715 * root]).then_some(Approximate::Tanh)
        }
        _ => None,
    }
}

/// The factors of the powers of `x`, from 0 to 3.
type Polynomial = [f32; 4];

/// A value as a polynomial of `x`.
fn polynomial(graph: &Graph, index: &Index, x: ValueId, value: ValueId, depth: usize) -> Option<Polynomial> {
    if value == x {
        return Some([0.0, 1.0, 0.0, 0.0]);
    }
    if let Some(constant) = graph.scalar(value) {
        return keeps_shape(graph, value, x).then_some([constant, 0.0, 0.0, 0.0]);
    }
    let node = producer(graph, index, value)?;
    let of = |value| polynomial(graph, index, x, value, depth.checked_sub(1)?);
    if let Some((a, b)) = operands(node, Binary::Add) {
        let (a, b) = (of(a)?, of(b)?);
        return Some(std::array::from_fn(|i| a[i] + b[i]));
    }
    if let Some((a, b)) = operands(node, Binary::Mul) {
        return product(of(a)?, of(b)?);
    }
    if let Some((a, b)) = operands(node, Binary::Div) {
        let ([divisor, 0.0, 0.0, 0.0], a) = (of(b)?, of(a)?) else { return None };
        return Some(a.map(|factor| factor / divisor));
    }
    let (base, exponent) = operands(node, Binary::Pow)?;
    let exponent = graph.scalar(exponent).or_else(|| graph.ints(exponent)?.first().map(|&n| n as f32))?;
    let base = of(base)?;
    match exponent {
        2.0 => product(base, base),
        3.0 => product(base, product(base, base)?),
        _ => None,
    }
}

/// A product, if no power is above 3.
fn product(a: Polynomial, b: Polynomial) -> Option<Polynomial> {
    let mut out = [0.0; 4];
    for (i, j) in (0..4).flat_map(|i| (0..4).map(move |j| (i, j))) {
        match out.get_mut(i + j) {
            Some(factor) => *factor += a[i] * b[j],
            None if a[i] * b[j] != 0.0 => return None,
            None => {}
        }
    }
    Some(out)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::testing::{Sketch, check};

    fn gelu(graph: &Graph) -> Unary {
        let after = check(graph, run);
        let [node] = &after.nodes[..] else { panic!("{} nodes are left", after.nodes.len()) };
        let Op::Elementwise(Elementwise::Unary(unary)) = node.op else { panic!("{}", node.op.name()) };
        unary
    }

    /// `x`, a gate that is twice the share, and a half, multiplied in one of four orders.
    fn gated(sketch: &mut Sketch, x: ValueId, gate: ValueId, order: usize) -> ValueId {
        let half = sketch.floats(&[1], &[0.5]);
        if order == 3 {
            let product = sketch.binary(Binary::Mul, gate, x);
            let two = sketch.floats(&[], &[2.0]);
            return sketch.binary(Binary::Div, product, two);
        }
        let (a, b, c) = [(x, gate, half), (x, half, gate), (half, gate, x)][order];
        let product = sketch.binary(Binary::Mul, a, b);
        sketch.binary(Binary::Mul, product, c)
    }

    fn through_erf(order: usize) -> Graph {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[100]);
        let (root, one) = (std::f32::consts::SQRT_2, sketch.floats(&[], &[1.0]));
        let scaled = if order.is_multiple_of(2) {
            let root = sketch.floats(&[], &[root]);
            sketch.binary(Binary::Div, x, root)
        } else {
            let inverse = sketch.floats(&[], &[1.0 / root]);
            sketch.binary(Binary::Mul, inverse, x)
        };
        let erf = sketch.unary(Unary::Erf, scaled);
        let gate = sketch.binary(Binary::Add, erf, one);
        let y = gated(&mut sketch, x, gate, order);
        sketch.finish(&[y])
    }

    pub(crate) fn example() -> Graph {
        through_erf(0)
    }

    #[test]
    fn factors_come_in_any_order() {
        for order in 0..4 {
            let unary = gelu(&through_erf(order));
            assert_eq!(unary, Unary::Gelu { approximate: Approximate::None }, "order {order}");
        }
    }

    #[test]
    fn halves_may_be_inside() {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[100]);
        let [root, half] = [std::f32::consts::FRAC_1_SQRT_2, 0.5].map(|v| sketch.floats(&[], &[v]));
        let scaled = sketch.binary(Binary::Mul, x, root);
        let erf = sketch.unary(Unary::Erf, scaled);
        let erf = sketch.binary(Binary::Mul, erf, half);
        let gate = sketch.binary(Binary::Add, half, erf);
        let y = sketch.binary(Binary::Mul, gate, x);
        assert_eq!(gelu(&sketch.finish(&[y])), Unary::Gelu { approximate: Approximate::None });
    }

    #[test]
    fn polynomials_under_tanh_are_multiplied_out() {
        for form in 0..5 {
            let mut sketch = Sketch::new();
            let x = sketch.input("x", &[100]);
            let root = (2.0 / std::f32::consts::PI).sqrt();
            let [one, three, small, root, both] =
                [1.0, 3.0, 0.044715, root, 0.044715 * root].map(|v| sketch.floats(&[], &[v]));
            let argument = match form {
                // root * (x + small * x^3)
                0 => {
                    let cube = sketch.binary(Binary::Pow, x, three);
                    let cube = sketch.binary(Binary::Mul, small, cube);
                    let sum = sketch.binary(Binary::Add, x, cube);
                    sketch.binary(Binary::Mul, sum, root)
                }
                // root * (x + x * (x * (small * x)))
                1 => {
                    let mut cube = sketch.binary(Binary::Mul, small, x);
                    cube = sketch.binary(Binary::Mul, x, cube);
                    cube = sketch.binary(Binary::Mul, x, cube);
                    let sum = sketch.binary(Binary::Add, cube, x);
                    sketch.binary(Binary::Mul, root, sum)
                }
                // (root * x) * (1 + small * x * x)
                2 => {
                    let mut square = sketch.binary(Binary::Mul, small, x);
                    square = sketch.binary(Binary::Mul, square, x);
                    let sum = sketch.binary(Binary::Add, one, square);
                    let scaled = sketch.binary(Binary::Mul, root, x);
                    sketch.binary(Binary::Mul, scaled, sum)
                }
                // x * (root + root * small * (x * x))
                3 => {
                    let square = sketch.binary(Binary::Mul, x, x);
                    let square = sketch.binary(Binary::Mul, square, both);
                    let sum = sketch.binary(Binary::Add, square, root);
                    sketch.binary(Binary::Mul, x, sum)
                }
                // root * x + root * small * (x * x) * x
                _ => {
                    let square = sketch.binary(Binary::Mul, x, x);
                    let cube = sketch.binary(Binary::Mul, square, x);
                    let cube = sketch.binary(Binary::Mul, both, cube);
                    let linear = sketch.binary(Binary::Mul, root, x);
                    sketch.binary(Binary::Add, linear, cube)
                }
            };
            let tanh = sketch.unary(Unary::Tanh, argument);
            let gate = sketch.binary(Binary::Add, one, tanh);
            let y = gated(&mut sketch, x, gate, form % 4);
            let unary = gelu(&sketch.finish(&[y]));
            assert_eq!(unary, Unary::Gelu { approximate: Approximate::Tanh }, "form {form}");
        }
    }

    #[test]
    fn other_factors_are_not_gelu() {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[100]);
        let [root, one, half] = [0.7, 1.0, 0.5].map(|v| sketch.floats(&[], &[v]));
        let scaled = sketch.binary(Binary::Mul, x, root);
        let erf = sketch.unary(Unary::Erf, scaled);
        let gate = sketch.binary(Binary::Add, erf, one);
        let product = sketch.binary(Binary::Mul, gate, x);
        let y = sketch.binary(Binary::Mul, product, half);
        assert!(!crate::testing::apply(&mut sketch.finish(&[y]), run));
    }
}
