//! A plan specialised for one set of input shapes: the steps whose results follow from the shapes alone are done.

use dunlin_ir::{
    Evaluate, Fact, Graph, MAX_SHAPE_ELEMENTS, Op, Shape, Tensor, Value, ValueId, infer_undeclared,
};
use smallvec::SmallVec;

use crate::plan::{Arg, Plan, Step};
use crate::{Evaluator, Limits, Stop};

/// What one set of input shapes spares the runs of a plan: shape arithmetic, computed once.
///
/// The answers are the same with and without it, to the bit: what is computed ahead goes through the same kernels.
#[derive(Debug)]
pub struct Specialization {
    /// In step with the plan's steps: what to do instead of computing one.
    spared: Vec<Option<Spared>>,
}

/// What happens in place of a step.
#[derive(Debug, Default)]
pub(crate) struct Spared {
    /// Values that nobody reads any more.
    drop: SmallVec<[u32; 2]>,
    /// The step's outputs, as far as a step that does run reads them.
    set: SmallVec<[(u32, Value); 1]>,
}

impl Specialization {
    /// Specialises `plan`, which was made of `graph`, for inputs of these shapes (in the graph's order, `None` for what
    /// is no tensor or left out). Nothing that the file declares of intermediate values is believed.
    pub fn new(graph: &Graph, plan: &Plan, shapes: &[Option<Shape>], limits: &Limits) -> Specialization {
        let inputs: Vec<Fact> = graph
            .inputs
            .iter()
            .zip(shapes)
            .map(|(&id, shape)| match (shape, graph.value(id).ty.dtype()) {
                (Some(shape), Some(dtype)) => Fact::known(dtype, shape),
                _ => Fact::default(),
            })
            .collect();
        let evaluator = ShapeEvaluator(Evaluator::new(*limits, Stop::default()));
        let facts = infer_undeclared(graph, &inputs, Some(&evaluator), MAX_SHAPE_ELEMENTS);
        Specialization { spared: spare(graph, plan, &facts) }
    }

    /// Whether it spares nothing.
    pub fn is_empty(&self) -> bool {
        self.spared.iter().all(Option::is_none)
    }

    /// How many steps need not be computed.
    pub fn n_spared(&self) -> usize {
        self.spared.iter().flatten().count()
    }

    /// What to do instead of computing a step, if it is spared.
    pub(crate) fn spared(&self, step: &Step) -> Option<&Spared> {
        self.spared.get(step.id)?.as_ref()
    }
}

impl Spared {
    /// Brings the slots to where they would be after the step; calls `touched` with each that changed.
    pub fn apply(&self, slots: &mut [Option<Value>], mut touched: impl FnMut(u32)) {
        for &slot in &self.drop {
            slots[slot as usize] = None;
            touched(slot);
        }
        for (slot, value) in &self.set {
            slots[*slot as usize] = Some(value.clone());
            touched(*slot);
        }
    }
}

/// Evaluates the operators that shape arithmetic is made of: those that compute the same bits wherever they run.
struct ShapeEvaluator(Evaluator);

impl Evaluate for ShapeEvaluator {
    fn evaluate(&self, op: &Op, inputs: &[Option<Tensor>], n_outputs: usize) -> Option<Vec<Option<Tensor>>> {
        match op {
            Op::Elementwise(_) | Op::Index(_) | Op::Movement(_) | Op::Reduce(_) => {
                self.0.evaluate(op, inputs, n_outputs)
            }
            _ => None,
        }
    }
}

fn spare(graph: &Graph, plan: &Plan, facts: &[Fact]) -> Vec<Option<Spared>> {
    let is_known = |step: &Step| {
        let mut outputs =
            graph.nodes[step.id].outputs.iter().zip(&step.outputs).filter(|(_, slot)| slot.is_some());
        step.packed.is_none()
            && !step.op.is_random()
            && outputs.all(|(id, _)| id.is_some_and(|id| facts[id.index()].value.is_some()))
    };
    let known: Vec<bool> = plan.steps.iter().map(is_known).collect();
    let mut is_needed = vec![false; graph.values.len()];
    for id in needed(graph, plan, &known) {
        is_needed[id.index()] = true;
    }
    let spare = |step: &Step| known[step.id].then(|| spare_step(graph, step, facts, &is_needed));
    plan.steps.iter().map(spare).collect()
}

/// The values that the caller or a step that runs reads.
fn needed<'a>(graph: &'a Graph, plan: &'a Plan, known: &'a [bool]) -> impl Iterator<Item = ValueId> + 'a {
    let running = plan.steps.iter().filter(|step| !known[step.id]);
    let read = running.flat_map(|step| graph.nodes[step.id].inputs.iter().flatten());
    read.chain(&graph.outputs).copied()
}

fn spare_step(graph: &Graph, step: &Step, facts: &[Fact], is_needed: &[bool]) -> Spared {
    let node = &graph.nodes[step.id];
    let mut spared = Spared::default();
    for arg in &step.inputs {
        if let Arg::Slot { index, last_use: true } = *arg {
            spared.drop.push(index);
        }
    }
    for (id, slot) in node.outputs.iter().zip(&step.outputs) {
        let (Some(id), Some(slot)) = (id, slot) else { continue };
        let Some(tensor) = &facts[id.index()].value else { continue };
        if is_needed[id.index()] {
            spared.set.push((*slot, Value::Tensor(tensor.clone())));
        }
    }
    spared
}

#[cfg(test)]
mod tests {
    use dunlin_ir::op::elementwise::Unary;
    use dunlin_ir::op::index::Axis;
    use dunlin_ir::op::movement::{Reshape, ShapeOf};
    use dunlin_ir::op::{Elementwise, Index, Movement};
    use dunlin_ir::{DType, Dim, Node, Origin, Type, ValueInfo};
    use dunlin_sys::{Arena, Serial};

    use super::*;
    use crate::{Environment, Resources, run};

    /// `y = Reshape(Abs(x), Gather(Shape(x), [1, 0]))` for `x` of any two sizes; the file declares nonsense between.
    fn turned() -> Graph {
        let mut graph = Graph::default();
        let ty = Type::partial(Some(DType::F32), Some(smallvec::smallvec![Dim::Unknown, Dim::Unknown]));
        let x = graph.add_value(ValueInfo { name: "x".into(), ty, constant: None });
        graph.inputs.push(x);
        let order = graph.add_constant(Tensor::from_slice([2], &[1i64, 0]).unwrap());
        let mut node = |op: Op, inputs: &[ValueId], ty: Type| {
            let output = graph.add_value(ValueInfo { ty, ..ValueInfo::default() });
            let inputs: Vec<_> = inputs.iter().copied().map(Some).collect();
            graph.nodes.push(Node::new(op, &inputs, &[Some(output)], Origin::default()));
            output
        };
        let wrong = Type::tensor(DType::F32, &Shape::new(&[9, 9]));
        let abs = node(Elementwise::Unary(Unary::Abs).into(), &[x], wrong);
        let shape = node(Movement::Shape(ShapeOf { start: 0, end: None }).into(), &[abs], Type::Unknown);
        let sizes = node(Index::Gather(Axis { axis: 0 }).into(), &[shape, order], Type::Unknown);
        let y = node(Movement::Reshape(Reshape { allow_zero: false }).into(), &[abs, sizes], Type::Unknown);
        graph.outputs = vec![y, shape];
        graph
    }

    fn run_on(plan: &Plan, special: Option<&Specialization>, x: &Tensor) -> Vec<Tensor> {
        let resources = Resources {
            pool: &Serial,
            arena: &Arena::new(),
            limits: &Limits::default(),
            stop: &Stop::default(),
            seed: 0,
            observer: None,
        };
        let inputs = vec![Some(Value::Tensor(x.clone()))];
        let outputs = run(plan, special, inputs, &resources, &mut Environment::default()).unwrap();
        outputs.into_iter().map(|value| value.into_tensor().unwrap()).collect()
    }

    #[test]
    fn shape_arithmetic_is_spared_and_the_answer_the_same() {
        let graph = turned();
        let plan = Plan::new(&graph).unwrap();
        let x = Tensor::from_slice([2, 3], &[-1f32, 2.0, -3.0, 4.0, -5.0, 6.0]).unwrap();
        let special = Specialization::new(&graph, &plan, &[Some(x.shape().clone())], &Limits::default());
        assert_eq!(special.n_spared(), 2);
        let outputs = run_on(&plan, Some(&special), &x);
        assert_eq!(outputs, run_on(&plan, None, &x));
        assert_eq!(outputs[0].shape(), &Shape::new(&[3, 2]));
        assert_eq!(outputs[0].view::<f32>().unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(outputs[1].view::<i64>().unwrap(), [2, 3]);
    }

    #[test]
    fn nothing_is_spared_where_no_shape_is_given() {
        let graph = turned();
        let plan = Plan::new(&graph).unwrap();
        assert!(Specialization::new(&graph, &plan, &[None], &Limits::default()).is_empty());
    }
}
