//! Operators of control flow over nested graphs.

use smallvec::SmallVec;

use crate::infer::{self, Fact, Facts, Inferred, join};
use crate::{DType, Dim, Dims, Graph, Tensor, Type};

/// Operators of control flow over nested graphs.
///
/// A node's inputs are its formal ones, then what its nested graphs capture; each nested graph's inputs are its
/// formal ones, then the same captured values.
#[derive(Debug, Clone)]
pub enum Control {
    /// Runs one of two graphs.
    If(Box<If>),
    /// Runs a graph again and again.
    Loop(Box<Loop>),
    /// Runs a graph on each slice of its inputs.
    Scan(Box<Scan>),
    /// Runs a graph on each element of its sequences.
    SequenceMap(Box<SequenceMap>),
}

/// A choice by the truth of input 0.
#[derive(Debug, Clone)]
pub struct If {
    /// What runs if it is true.
    pub then_branch: Graph,
    /// What runs if it is false.
    pub else_branch: Graph,
}

/// A loop. Inputs: the largest number of iterations (may be absent), whether to start (may be absent), the carried
/// values, the captures. Outputs: the carried values, then what each scan output was in all iterations.
#[derive(Debug, Clone)]
pub struct Loop {
    /// From iteration, condition, carried values and captures to condition, carried values and scan outputs.
    pub body: Graph,
    /// How many values each iteration hands to the next.
    pub n_carried: usize,
}

/// A loop over slices. Inputs: states, what to slice, captures. Outputs: states, stacked slices.
#[derive(Debug, Clone)]
pub struct Scan {
    /// From states, slices and captures to states and slices.
    pub body: Graph,
    /// How many values each iteration hands to the next.
    pub n_states: usize,
    /// How each sliced input is walked.
    pub scanned: Vec<Walk>,
    /// How each stacked output is filled.
    pub stacked: Vec<Walk>,
    /// Whether input 0 holds the lengths of sequences (and may be absent), and all other formal inputs and all
    /// outputs have a leading dimension of independent scans, as in the first version of the operator.
    pub batched: bool,
}

/// How a scan walks along a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Walk {
    /// Along which axis; negative ones count from the end.
    pub axis: i64,
    /// Whether from the end to the start.
    pub backward: bool,
}

/// A map over sequences. Inputs: a sequence, further sequences of its length or tensors, captures.
#[derive(Debug, Clone)]
pub struct SequenceMap {
    /// From one element of each input, and captures, to one element of each output.
    pub body: Graph,
    /// How many inputs there are before the captures.
    pub n_inputs: usize,
}

impl PartialEq for Control {
    /// Never: graphs are not compared, so that no two nodes of control flow are taken for the same.
    fn eq(&self, _: &Control) -> bool {
        false
    }
}

impl Control {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match self {
            Control::If(_) => "If",
            Control::Loop(_) => "Loop",
            Control::Scan(_) => "Scan",
            Control::SequenceMap(_) => "SequenceMap",
        }
    }

    /// The nested graphs.
    pub fn bodies(&self) -> SmallVec<[&Graph; 2]> {
        match self {
            Control::If(op) => SmallVec::from_slice(&[&op.then_branch, &op.else_branch]),
            Control::Loop(op) => SmallVec::from_slice(&[&op.body]),
            Control::Scan(op) => SmallVec::from_slice(&[&op.body]),
            Control::SequenceMap(op) => SmallVec::from_slice(&[&op.body]),
        }
    }

    /// The nested graphs, to be changed. Their inputs must stay as they are.
    pub fn bodies_mut(&mut self) -> SmallVec<[&mut Graph; 2]> {
        match self {
            Control::If(op) => {
                let If { then_branch, else_branch } = &mut **op;
                [then_branch, else_branch].into_iter().collect()
            }
            Control::Loop(op) => std::iter::once(&mut op.body).collect(),
            Control::Scan(op) => std::iter::once(&mut op.body).collect(),
            Control::SequenceMap(op) => std::iter::once(&mut op.body).collect(),
        }
    }

    /// How many inputs come before the captured values: of the node, and of its nested graphs.
    pub fn n_formal(&self) -> (usize, usize) {
        match self {
            Control::If(_) => (1, 0),
            Control::Loop(op) => (2 + op.n_carried, 2 + op.n_carried),
            Control::Scan(op) => {
                let n = op.n_states + op.scanned.len();
                (n + usize::from(op.batched), n)
            }
            Control::SequenceMap(op) => (op.n_inputs, op.n_inputs),
        }
    }

    /// Whether a node within draws random numbers.
    pub fn is_random(&self) -> bool {
        self.bodies().iter().any(|body| body.nodes.iter().any(|node| node.op.is_random()))
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, facts: &Facts<'_>) -> Inferred {
        let types = match self {
            Control::If(op) => op.types(facts),
            Control::Loop(op) => op.types(facts),
            Control::Scan(op) => op.types(facts),
            Control::SequenceMap(op) => op.types(facts),
        };
        let known = symbols(facts);
        types.into_iter().map(|ty| Fact::of(without_inner_symbols(ty, &known))).collect()
    }
}

impl If {
    fn types(&self, facts: &Facts<'_>) -> Vec<Type> {
        let captures: Vec<Fact> = (1..facts.len()).map(|i| fact(facts, i)).collect();
        let branch = |graph| output_types(graph, &captures);
        match facts.value(0).and_then(truth) {
            Some(true) => branch(&self.then_branch),
            Some(false) => branch(&self.else_branch),
            None => {
                let other = branch(&self.else_branch);
                branch(&self.then_branch).iter().zip(&other).map(|(a, b)| join(a, b)).collect()
            }
        }
    }
}

impl Loop {
    /// Whether the body can end the loop before its last iteration.
    pub fn may_stop(&self) -> bool {
        let condition = self.body.outputs.first().and_then(|&id| self.body.constant(id));
        condition.and_then(truth) != Some(true)
    }

    /// What is known of the body's first two inputs: the iteration's number, and the condition.
    pub fn counter_facts(&self) -> [Fact; 2] {
        [(0, DType::I64), (1, DType::Bool)].map(|(i, dtype)| {
            let declared = self.body.inputs.get(i).and_then(|&id| self.body.value(id).ty.dims());
            let dims = declared.map_or_else(Default::default, |dims| dims.iter().cloned().collect());
            Fact::new(Some(dtype), Some(dims))
        })
    }

    fn types(&self, facts: &Facts<'_>) -> Vec<Type> {
        let first: Vec<Type> = (2..2 + self.n_carried).map(|i| fact(facts, i).ty).collect();
        let captures = (2 + self.n_carried..facts.len()).map(|i| fact(facts, i));
        let rest: Vec<Fact> = captures.collect();
        let settled = settle(&self.body, first, |carried| {
            let carried = carried.iter().cloned().map(Fact::of);
            let inputs = self.counter_facts().into_iter().chain(carried).chain(rest.iter().cloned());
            let mut types = output_types(&self.body, &inputs.collect::<Vec<_>>());
            if !types.is_empty() {
                types.remove(0);
            }
            types
        });
        let n_iterations = self.n_iterations(facts);
        let (mut types, stacked) = settled;
        types.extend(stacked.iter().map(|ty| with_axis(ty, 0, n_iterations.clone())));
        types
    }

    fn n_iterations(&self, facts: &Facts<'_>) -> Dim {
        let starts = !facts.has(1) || facts.value(1).and_then(truth) == Some(true);
        match facts.ints(0).as_deref() {
            Some(&[n]) if starts && !self.may_stop() => usize::try_from(n).map_or(Dim::Known(0), Dim::Known),
            _ => Dim::Unknown,
        }
    }
}

impl Scan {
    fn types(&self, facts: &Facts<'_>) -> Vec<Type> {
        let skip = usize::from(self.batched);
        let item = |i: usize| {
            let ty = fact(facts, i).ty;
            if self.batched { without_axis(&ty, 0).0 } else { ty }
        };
        let first: Vec<Type> = (skip..skip + self.n_states).map(item).collect();
        let start = skip + self.n_states;
        let mut n_slices = Dim::Unknown;
        let mut slices = Vec::new();
        for (i, walk) in self.scanned.iter().enumerate() {
            let (slice, n) = without_axis(&item(start + i), walk.axis);
            slices.push(slice);
            if n_slices.known().is_none() && n != Dim::Unknown {
                n_slices = n;
            }
        }
        let rest = (start + self.scanned.len()..facts.len()).map(|i| fact(facts, i));
        let rest: Vec<Fact> = slices.into_iter().map(Fact::of).chain(rest).collect();
        let (mut types, stacked) = settle(&self.body, first, |states| {
            let states = states.iter().cloned().map(Fact::of);
            output_types(&self.body, &states.chain(rest.iter().cloned()).collect::<Vec<_>>())
        });
        let walks = self.stacked.iter();
        types.extend(stacked.iter().zip(walks).map(|(ty, walk)| with_axis(ty, walk.axis, n_slices.clone())));
        if self.batched {
            let b = facts.dims(skip).and_then(|dims| dims.first().cloned()).unwrap_or_default();
            types = types.iter().map(|ty| with_axis(ty, 0, b.clone())).collect();
        }
        types
    }
}

impl SequenceMap {
    fn types(&self, facts: &Facts<'_>) -> Vec<Type> {
        let element = |i: usize| match fact(facts, i) {
            Fact { ty: Type::Sequence(of), .. } if i < self.n_inputs => Fact::of(*of),
            fact => fact,
        };
        let inputs: Vec<Fact> = (0..facts.len()).map(element).collect();
        output_types(&self.body, &inputs).into_iter().map(|ty| Type::Sequence(Box::new(ty))).collect()
    }
}

/// The types of carried values that hold in every iteration, and those of the outputs beside them. `step` tells the
/// body's output types from the carried values' types; `first` is what the first iteration gets.
fn settle(body: &Graph, first: Vec<Type>, step: impl Fn(&[Type]) -> Vec<Type>) -> (Vec<Type>, Vec<Type>) {
    // Nested loops multiply the attempts, so those around others get one.
    let n_attempts =
        if body.nodes.iter().any(|node| matches!(node.op, crate::Op::Control(_))) { 1 } else { 3 };
    let mut carried = first;
    for _ in 0..n_attempts {
        let mut next = step(&carried);
        let others = next.split_off(carried.len().min(next.len()));
        let joined: Vec<Type> = carried
            .iter()
            .enumerate()
            .map(|(i, ty)| join(ty, next.get(i).unwrap_or(&Type::Unknown)))
            .collect();
        if joined == carried {
            return (carried, others);
        }
        carried = joined;
    }
    let open = |ty: &Type| match ty {
        Type::Tensor { .. } => Type::partial(ty.dtype(), None),
        _ => Type::Unknown,
    };
    let open: Vec<Type> = carried.iter().map(open).collect();
    let mut next = step(&open);
    let others = next.split_off(open.len().min(next.len()));
    (open, others)
}

fn output_types(graph: &Graph, inputs: &[Fact]) -> Vec<Type> {
    let facts = infer::infer_graph(graph, inputs, None, 0);
    graph.outputs.iter().map(|id| facts[id.index()].ty.clone()).collect()
}

fn fact(facts: &Facts<'_>, i: usize) -> Fact {
    facts.fact(i).cloned().unwrap_or_default()
}

fn truth(tensor: &Tensor) -> Option<bool> {
    match tensor.view::<crate::Bool>() {
        Ok([value]) => Some(value.get()),
        _ => None,
    }
}

/// The type of a tensor with a dimension more.
fn with_axis(ty: &Type, axis: i64, n: Dim) -> Type {
    let Type::Tensor { dtype, dims } = ty else { return Type::Unknown };
    let dims: Dims = dims.clone().and_then(|mut dims| {
        let at = crate::resolve_axis(axis, dims.len() + 1)?;
        dims.insert(at, n);
        Some(dims)
    });
    Type::partial(*dtype, dims)
}

/// The type of a tensor with a dimension less, and that dimension.
fn without_axis(ty: &Type, axis: i64) -> (Type, Dim) {
    let Type::Tensor { dtype, dims } = ty else { return (Type::Unknown, Dim::Unknown) };
    let removed = dims.clone().and_then(|mut dims| {
        let at = crate::resolve_axis(axis, dims.len())?;
        let n = dims.remove(at);
        Some((dims, n))
    });
    match removed {
        Some((dims, n)) => (Type::partial(*dtype, Some(dims)), n),
        None => (Type::partial(*dtype, None), Dim::Unknown),
    }
}

fn symbols<'a>(facts: &Facts<'a>) -> Vec<&'a Dim> {
    (0..facts.len())
        .filter_map(|i| facts.dims(i))
        .flatten()
        .filter(|dim| matches!(dim, Dim::Symbol(_)))
        .collect()
}

/// Opens dimensions whose names only the nested graph knows: there, each iteration may give them another size.
fn without_inner_symbols(ty: Type, known: &[&Dim]) -> Type {
    let inner = |of: Box<Type>| Box::new(without_inner_symbols(*of, known));
    match ty {
        Type::Tensor { dtype, dims: Some(mut dims) } => {
            for dim in &mut dims {
                if matches!(dim, Dim::Symbol(_)) && !known.contains(&&*dim) {
                    *dim = Dim::Unknown;
                }
            }
            Type::Tensor { dtype, dims: Some(dims) }
        }
        Type::Sequence(of) => Type::Sequence(inner(of)),
        Type::Optional(of) => Type::Optional(inner(of)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::Elementwise;
    use crate::op::elementwise::Binary;
    use crate::{Node, Origin, Shape, ValueInfo};

    /// A body `(iteration, condition, x, capture) -> (true, x + capture, x)`.
    fn adding() -> Loop {
        let mut body = Graph::default();
        for _ in 0..4 {
            let id = body.add_value(ValueInfo::default());
            body.inputs.push(id);
        }
        let condition = body.add_constant(Tensor::scalar(crate::Bool::from(true)).unwrap());
        let sum = body.add_value(ValueInfo::default());
        let (x, capture) = (body.inputs[2], body.inputs[3]);
        let add = Elementwise::Binary(Binary::Add).into();
        body.nodes.push(Node::new(add, &[Some(x), Some(capture)], &[Some(sum)], Origin::default()));
        body.outputs = vec![condition, sum, x];
        Loop { body, n_carried: 1 }
    }

    fn inferred(x: &[usize], capture: &[usize]) -> Vec<String> {
        let n = Fact::constant(Tensor::scalar(5i64).unwrap());
        let x = Fact::known(DType::F32, &Shape::new(x));
        let capture = Fact::known(DType::F32, &Shape::new(capture));
        let facts = [Some(&n), None, Some(&x), Some(&capture)];
        Control::Loop(Box::new(adding()))
            .infer(&Facts::new(&facts, 2))
            .iter()
            .map(|fact| fact.ty.to_string())
            .collect()
    }

    #[test]
    fn what_a_loop_carries_keeps_the_shape_that_every_iteration_has() {
        assert_eq!(inferred(&[2, 3], &[3]), ["float32[2, 3]", "float32[5, 2, 3]"]);
        assert_eq!(inferred(&[2, 1], &[3]), ["float32[2, ?]", "float32[5, 2, ?]"]);
        assert_eq!(inferred(&[3], &[2, 3]), ["float32[..]", "float32[..]"]);
    }
}
