//! Computes 16-bit floats in `float32`: converts where a region of such nodes begins and ends, not around each node.
//!
//! ```text
//! y = Relu(Add(x, w)), all float16
//!     =>      y = Cast<float16>(Relu(Add(Cast<float32>(x), w as float32)))
//! ```

use std::collections::HashMap;

use dunlin_ir::infer::Facts;
use dunlin_ir::op::elementwise::{Cast, Rounding, Unary};
use dunlin_ir::op::{Elementwise, Index, Movement, Quantize};
use dunlin_ir::{
    DType, Fact, Graph, MAX_SHAPE_ELEMENTS, Node, NodeOutputs, Op, Origin, Shape, Tensor, Type, ValueId,
    ValueInfo, infer_graph,
};
use smallvec::SmallVec;

use crate::{OptimizeError, Target, dead, noop};

/// Runs the pass. Inputs and outputs of the graph keep their types, and the graph's own conversions to 16 bits round as
/// they did; results between them are no longer rounded at each node.
pub(crate) fn run(graph: &mut Graph, target: &Target<'_>) -> Result<bool, OptimizeError> {
    let facts = infer_graph(graph, &[], Some(target.evaluator), MAX_SHAPE_ELEMENTS);
    if !facts.iter().any(|fact| is_narrow(fact.ty.dtype())) {
        return Ok(false);
    }
    let nodes = std::mem::take(&mut graph.nodes);
    let mut widening = Widening {
        wide: vec![None; facts.len()],
        constants: HashMap::new(),
        nodes: Vec::with_capacity(nodes.len()),
        changed: false,
        graph,
        target,
        facts,
    };
    for node in nodes {
        widening.node(node);
    }
    let Widening { nodes, changed, .. } = widening;
    graph.nodes = nodes;
    if changed {
        noop::run(graph, target)?;
        dead::run(graph, target)?;
    }
    Ok(changed)
}

/// How a node takes to wider inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It computes: better in `float32`, even if that takes conversions.
    Computes,
    /// It moves or picks elements: in `float32` if its inputs are there already.
    Follows,
    /// It converts to the type that it names.
    Converts(DType),
    /// It observes the type, or the last bit matters.
    Stays,
}

fn kind(op: &Op) -> Kind {
    match op {
        Op::Elementwise(op) => match op {
            Elementwise::Cast(cast) => Kind::Converts(cast.to),
            Elementwise::CastLike(_) | Elementwise::BitCast(_) => Kind::Stays,
            Elementwise::Unary(Unary::Identity) | Elementwise::Where | Elementwise::AlignAxis(_) => {
                Kind::Follows
            }
            _ => Kind::Computes,
        },
        // These make sizes of numbers.
        Op::Movement(Movement::Range(_)) | Op::Index(Index::OneHot(_)) => Kind::Stays,
        Op::Movement(_) | Op::Index(_) => Kind::Follows,
        Op::Attention(_) | Op::Convolution(_) | Op::Image(_) | Op::Linear(_) | Op::Normalize(_) => {
            Kind::Computes
        }
        Op::Recurrent(_) | Op::Reduce(_) | Op::Signal(_) => Kind::Computes,
        Op::Quantize(Quantize::MatMulNBits(_)) => Kind::Computes,
        Op::Quantize(_) | Op::Control(_) | Op::Ml(_) | Op::Random(_) => Kind::Stays,
        Op::Sequence(_) | Op::Text(_) | Op::Training(_) => Kind::Stays,
    }
}

fn is_narrow(dtype: Option<DType>) -> bool {
    matches!(dtype, Some(DType::F16 | DType::BF16))
}

/// Where a constant's bytes lie, and how they are read.
type BytesAt = (*const u8, DType, Shape);

struct Widening<'a> {
    graph: &'a mut Graph,
    target: &'a Target<'a>,
    /// Of the values that there were before the pass.
    facts: Vec<Fact>,
    /// For each of them, the same value as `float32`.
    wide: Vec<Option<ValueId>>,
    /// The constants that were widened, so that those of the same bytes stay the same.
    constants: HashMap<BytesAt, ValueId>,
    /// The nodes of the new graph.
    nodes: Vec<Node>,
    changed: bool,
}

impl Widening<'_> {
    fn node(&mut self, mut node: Node) {
        if let Kind::Converts(to) = kind(&node.op) {
            // Conversions to integers keep their input: they may hang on its last bit.
            if let (DType::F32 | DType::F64, Some(Some(input))) = (to, node.inputs.first_mut())
                && let Some(wide) = self.wide[input.index()]
            {
                *input = wide;
            }
            self.nodes.push(node);
            return;
        }
        if !self.can_widen(&node) {
            self.nodes.push(node);
            return;
        }
        self.changed = true;
        for i in 0..node.inputs.len() {
            if let Some(id) = node.inputs[i].filter(|&id| self.is_narrow(id)) {
                node.inputs[i] = Some(self.widened(id, &node.origin));
            }
        }
        let outputs: NodeOutputs = std::mem::take(&mut node.outputs);
        let mut casts: SmallVec<[Node; 2]> = SmallVec::new();
        for &output in &outputs {
            let new = output.filter(|&id| self.is_narrow(id)).map(|id| {
                let new = self.new_value(id);
                self.wide[id.index()] = Some(new);
                let dtype = self.facts[id.index()].ty.dtype().unwrap_or(DType::F16);
                casts.push(cast(new, id, dtype, &node.origin));
                new
            });
            node.outputs.push(new.or(output));
        }
        self.nodes.push(node);
        self.nodes.extend(casts);
    }

    fn is_narrow(&self, id: ValueId) -> bool {
        is_narrow(self.facts[id.index()].ty.dtype())
    }

    /// Whether the node computes the same with its 16-bit floats as `float32`, and should.
    fn can_widen(&self, node: &Node) -> bool {
        let mut narrow = node.inputs.iter().flatten().filter(|&&id| self.is_narrow(id)).peekable();
        if narrow.peek().is_none() {
            return false;
        }
        let wanted = match kind(&node.op) {
            // A cache comes and goes in 16 bits: to convert all of it for each token would cost more than it saves.
            Kind::Computes if matches!(node.op, Op::Attention(_)) => {
                !narrow.any(|id| self.graph.inputs.contains(id))
            }
            Kind::Computes => true,
            Kind::Follows => {
                narrow.any(|id| self.graph.constant(*id).is_none() && self.wide[id.index()].is_some())
            }
            Kind::Converts(_) | Kind::Stays => false,
        };
        wanted && self.follows_types(node)
    }

    /// Whether, as far as the operator's rule says, wider inputs make the 16-bit outputs wider and leave the others.
    fn follows_types(&self, node: &Node) -> bool {
        let inputs: SmallVec<[Option<Fact>; 4]> =
            node.inputs.iter().map(|id| Some(self.wide_fact((*id)?))).collect();
        let inputs: SmallVec<[Option<&Fact>; 4]> = inputs.iter().map(Option::as_ref).collect();
        let inferred = node.op.infer(&Facts::new(&inputs, node.outputs.len()));
        node.outputs.iter().enumerate().all(|(i, output)| {
            let Some(id) = output else { return true };
            let before = self.facts[id.index()].ty.dtype();
            let after = inferred.get(i).and_then(|fact| fact.ty.dtype());
            if is_narrow(before) { after == Some(DType::F32) } else { after.is_some() && after == before }
        })
    }

    fn wide_fact(&self, id: ValueId) -> Fact {
        let fact = &self.facts[id.index()];
        if !self.is_narrow(id) {
            return fact.clone();
        }
        Fact::new(Some(DType::F32), fact.ty.dims().map(|dims| dims.iter().cloned().collect()))
    }

    /// The value as `float32`: converted before `reader` if it is not there yet.
    fn widened(&mut self, id: ValueId, reader: &Origin) -> ValueId {
        if let Some(wide) = self.wide[id.index()] {
            return wide;
        }
        let constant = self.graph.constant(id).cloned();
        let wide = constant.and_then(|tensor| self.widened_constant(&tensor)).unwrap_or_else(|| {
            let wide = self.new_value(id);
            self.nodes.push(cast(id, wide, DType::F32, reader));
            wide
        });
        self.wide[id.index()] = Some(wide);
        wide
    }

    fn widened_constant(&mut self, tensor: &Tensor) -> Option<ValueId> {
        let at = (tensor.bytes().as_ptr(), tensor.dtype(), tensor.shape().clone());
        if let Some(&wide) = self.constants.get(&at) {
            return Some(wide);
        }
        let op = conversion(DType::F32);
        let outputs = self.target.evaluator.evaluate(&op, &[Some(tensor.clone())], 1);
        tensor.release_pages();
        let wide = self.graph.add_constant(outputs?.into_iter().next()??);
        self.constants.insert(at, wide);
        Some(wide)
    }

    fn new_value(&mut self, id: ValueId) -> ValueId {
        let ty: Type = self.wide_fact(id).ty;
        self.graph.add_value(ValueInfo { name: String::new(), ty, constant: None })
    }
}

fn conversion(to: DType) -> Op {
    Elementwise::Cast(Cast { to, saturate: true, rounding: Rounding::default() }).into()
}

fn cast(from: ValueId, to: ValueId, dtype: DType, neighbour: &Origin) -> Node {
    let origin = Origin { op_type: "Cast".into(), domain: "".into(), ..neighbour.clone() };
    Node::new(conversion(dtype), &[Some(from)], &[Some(to)], origin)
}

#[cfg(test)]
pub(crate) mod tests {
    use dunlin_exec::Evaluator;
    use dunlin_ir::Bool;
    use dunlin_ir::op::control::{Control, Loop};
    use dunlin_ir::op::elementwise::Binary;
    use dunlin_ir::op::movement::{Reshape, Transpose};
    use half::{bf16, f16};

    use super::*;
    use crate::testing::{Sketch, compute};

    /// The operators' names after the pass, in order; checks that the answers agree within the rounding of 16 bits.
    fn widened(graph: &Graph, tolerance: f32) -> Vec<&'static str> {
        let evaluator = Evaluator::default();
        let mut after = graph.clone();
        assert!(run(&mut after, &Target::new(&evaluator)).unwrap());
        after.verify().unwrap();
        for (want, got) in compute(graph).iter().zip(&compute(&after)) {
            assert_eq!((want.dtype(), want.shape()), (got.dtype(), got.shape()));
            let (want, got) = (want.view::<f32>().unwrap(), got.view::<f32>().unwrap());
            for (want, got) in want.iter().zip(got) {
                assert!((want - got).abs() <= tolerance, "{want} became {got}");
            }
        }
        after.nodes.iter().map(|node| node.op.name()).collect()
    }

    #[test]
    fn a_region_is_converted_at_its_borders() {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[2, 3]);
        let x = sketch.node(conversion(DType::F16), &[x]);
        let weights = [0.5f32, -1.25].map(f16::from_f32);
        let w = sketch.constant(Tensor::from_slice([2], &weights).unwrap());
        let shape = sketch.ints(&[6]);
        // Moved before anything is computed, so in 16 bits.
        let perm = Some(vec![1, 0]);
        let turned = sketch.node(Movement::Transpose(Transpose { perm }), &[x]);
        let sum = sketch.binary(Binary::Add, turned, w);
        let moved = sketch.node(Movement::Reshape(Reshape { allow_zero: false }), &[sum, shape]);
        let root = sketch.unary(Unary::Exp, moved);
        let out = sketch.node(conversion(DType::F32), &[root]);
        let names = widened(&sketch.finish(&[out]), 0.1);
        assert_eq!(names, ["Cast", "Transpose", "Cast", "Add", "Reshape", "Exp"]);
    }

    /// A region with a rounding of its own inside.
    pub(crate) fn example() -> Graph {
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[4]);
        let x = sketch.node(conversion(DType::BF16), &[x]);
        let root = sketch.unary(Unary::Tanh, x);
        let wide = sketch.node(conversion(DType::F32), &[root]);
        let rounded = sketch.node(conversion(DType::BF16), &[wide]);
        let two = sketch.constant(Tensor::from_slice([1], &[bf16::from_f32(2.0)]).unwrap());
        let product = sketch.binary(Binary::Mul, rounded, two);
        let integers = sketch.node(conversion(DType::I64), &[product]);
        let out = sketch.node(conversion(DType::F32), &[integers]);
        sketch.finish(&[out])
    }

    #[test]
    fn the_graphs_own_rounding_stays() {
        let names = widened(&example(), 0.0);
        assert_eq!(names, ["Cast", "Cast", "Tanh", "Cast", "Cast", "Mul", "Cast", "Cast", "Cast"]);
    }
    #[test]
    fn nested_graphs_are_widened_with_the_constants_that_they_capture() {
        // (iteration, condition, x, w) -> (true, tanh(x * w)), in float16
        let mut body = Sketch::new();
        let condition = body.constant(Tensor::scalar(Bool::from(true)).unwrap());
        let [x, w] = ["x", "w"].map(|name| body.input(name, &[2]));
        let product = body.binary(Binary::Mul, x, w);
        let next = body.unary(Unary::Tanh, product);
        let mut body = body.finish(&[condition, next]);
        for value in body.values.iter_mut().filter(|value| value.ty.dtype() == Some(DType::F32)) {
            value.ty = Type::partial(Some(DType::F16), None);
        }
        for dtype in [DType::Bool, DType::I64] {
            let ty = Type::partial(Some(dtype), None);
            let id = body.add_value(ValueInfo { ty, ..ValueInfo::default() });
            body.inputs.insert(0, id);
        }
        let mut sketch = Sketch::new();
        let x = sketch.input("x", &[2]);
        let x = sketch.node(conversion(DType::F16), &[x]);
        let w = sketch.constant(Tensor::from_slice([2], &[0.5, -2.0].map(f16::from_f32)).unwrap());
        let n = sketch.constant(Tensor::scalar(2i64).unwrap());
        let op = Control::Loop(Box::new(Loop { body, n_carried: 1 }));
        let out = sketch.node_with(op, &[Some(n), None, Some(x), Some(w)]);
        let out = sketch.node(conversion(DType::F32), &[out]);
        let graph = sketch.finish(&[out]);
        let mut after = graph.clone();
        crate::optimize(&mut after, &[], &Target::new(&Evaluator::default())).unwrap();
        let names = |graph: &Graph| graph.nodes.iter().map(|node| node.op.name()).collect::<Vec<_>>();
        assert_eq!(names(&after), ["Cast", "Loop", "Cast"]);
        assert_eq!(names(after.nodes[1].op.bodies()[0]), ["Cast", "Mul", "Tanh", "Cast"]);
        let [want, got] = [&graph, &after].map(|graph| compute(graph).remove(0));
        for (want, got) in want.view::<f32>().unwrap().iter().zip(got.view::<f32>().unwrap()) {
            assert!((want - got).abs() <= 2e-3, "{want} became {got}");
        }
    }
}
