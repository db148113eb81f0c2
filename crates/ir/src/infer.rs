//! Static shape and type inference: what can be known of every value before a run.

use smallvec::SmallVec;

use crate::{DType, Dim, Dims, Graph, Shape, Tensor, Type};

/// What is known of one value before a run.
#[derive(Debug, Clone, Default)]
pub struct Fact {
    /// Its type, as far as it is known.
    pub ty: Type,
    /// Its contents, if it is a known tensor (a constant, or a shape computed from known ones).
    pub value: Option<Tensor>,
}

impl Fact {
    /// A tensor of which type and dimensions may be known.
    pub fn new(dtype: Option<DType>, dims: Dims) -> Fact {
        Fact { ty: Type::partial(dtype, dims), value: None }
    }

    /// A tensor of a known shape.
    pub fn known(dtype: DType, shape: &Shape) -> Fact {
        Fact { ty: Type::tensor(dtype, shape), value: None }
    }

    /// A known tensor.
    pub fn constant(tensor: Tensor) -> Fact {
        Fact { ty: Type::tensor(tensor.dtype(), tensor.shape()), value: Some(tensor) }
    }

    /// A value of another kind than tensor.
    pub fn of(ty: Type) -> Fact {
        Fact { ty, value: None }
    }
}

/// The facts of a node's inputs, and how many outputs it has.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    inputs: &'a [Option<&'a Fact>],
    n_outputs: usize,
}

/// The facts of a node's outputs. Fewer than the node has means that nothing is known of the rest.
pub type Inferred = SmallVec<[Fact; 2]>;

impl<'a> Facts<'a> {
    /// The facts of these inputs: `None` where an optional one is left out.
    pub fn new(inputs: &'a [Option<&'a Fact>], n_outputs: usize) -> Facts<'a> {
        Facts { inputs, n_outputs }
    }

    /// How many inputs there are, those left out included.
    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Whether there are no inputs.
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// How many outputs the node has.
    pub fn n_outputs(&self) -> usize {
        self.n_outputs
    }

    /// Whether input `i` is there.
    pub fn has(&self, i: usize) -> bool {
        self.fact(i).is_some()
    }

    /// The fact of input `i`, if it is there.
    pub fn fact(&self, i: usize) -> Option<&'a Fact> {
        self.inputs.get(i).copied().flatten()
    }

    /// The element type of input `i`, if known.
    pub fn dtype(&self, i: usize) -> Option<DType> {
        self.fact(i)?.ty.dtype()
    }

    /// The dimensions of input `i`, if its rank is known.
    pub fn dims(&self, i: usize) -> Option<&'a [Dim]> {
        self.fact(i)?.ty.dims()
    }

    /// The shape of input `i`, if all of it is known.
    pub fn shape(&self, i: usize) -> Option<Shape> {
        self.fact(i)?.ty.shape()
    }

    /// The contents of input `i`, if known.
    pub fn value(&self, i: usize) -> Option<&'a Tensor> {
        self.fact(i)?.value.as_ref()
    }

    /// The contents of input `i` as integers, if it is a known tensor of `int64` or `int32`.
    pub fn ints(&self, i: usize) -> Option<Vec<i64>> {
        let tensor = self.value(i)?.to_aligned().ok()?;
        match tensor.dtype() {
            DType::I64 => Some(tensor.view::<i64>().ok()?.to_vec()),
            DType::I32 => Some(tensor.view::<i32>().ok()?.iter().map(|&x| i64::from(x)).collect()),
            _ => None,
        }
    }
}

/// One output of which type and dimensions may be known.
pub fn one(dtype: Option<DType>, dims: Dims) -> Inferred {
    smallvec::smallvec![Fact::new(dtype, dims)]
}

/// Dimensions from an iterator.
pub fn dims(iter: impl IntoIterator<Item = Dim>) -> Dims {
    Some(iter.into_iter().collect())
}

/// Broadcasts the dimensions of two values by numpy's rule, as far as they are known.
pub fn broadcast_dims(a: Option<&[Dim]>, b: Option<&[Dim]>) -> Dims {
    let (a, b) = (a?, b?);
    let rank = a.len().max(b.len());
    let one = Dim::Known(1);
    let pick = |dims: &[Dim], axis: usize| {
        let pad = rank - dims.len();
        if axis < pad { one.clone() } else { dims[axis - pad].clone() }
    };
    let merge = |axis| match (pick(a, axis), pick(b, axis)) {
        (x, y) if x == y && x != Dim::Unknown => x,
        (Dim::Known(1), y) => y,
        (x, Dim::Known(1)) => x,
        (Dim::Known(n), _) | (_, Dim::Known(n)) => Dim::Known(n),
        _ => Dim::Unknown,
    };
    Some((0..rank).map(merge).collect())
}

/// The most that is known of a value which is of either type.
pub fn join(a: &Type, b: &Type) -> Type {
    match (a, b) {
        (Type::Tensor { dtype: a_dtype, dims: a_dims }, Type::Tensor { dtype: b_dtype, dims: b_dims }) => {
            let either = |(a, b): (&Dim, &Dim)| if a == b { a.clone() } else { Dim::Unknown };
            let dims = match (a_dims, b_dims) {
                (Some(a), Some(b)) if a.len() == b.len() => Some(a.iter().zip(b).map(either).collect()),
                _ => None,
            };
            Type::Tensor { dtype: a_dtype.filter(|_| a_dtype == b_dtype), dims }
        }
        (Type::Sequence(a), Type::Sequence(b)) => Type::Sequence(Box::new(join(a, b))),
        (Type::Optional(a), Type::Optional(b)) => Type::Optional(Box::new(join(a, b))),
        (Type::Map(a_key, a), Type::Map(b_key, b)) if a_key == b_key => {
            Type::Map(*a_key, Box::new(join(a, b)))
        }
        _ => Type::Unknown,
    }
}

/// Computes a node whose inputs are all known tensors; `None` if it cannot.
pub trait Evaluate {
    /// The node's outputs from its inputs' contents.
    fn evaluate(
        &self,
        op: &crate::Op,
        inputs: &[Option<Tensor>],
        n_outputs: usize,
    ) -> Option<Vec<Option<Tensor>>>;

    /// Whether whoever works on the graph should give up: a load was cancelled, is late, or finds no memory.
    fn should_stop(&self) -> bool {
        false
    }
}

/// Known values that inference need follow hold at most so many elements: shapes and the like.
pub const MAX_SHAPE_ELEMENTS: usize = 1024;

/// What is known of every value of `graph` when its inputs are as `inputs` say (in the graph's order; missing ones
/// are as declared). Contents are followed through nodes of at most `max_value_elements` elements if an evaluator
/// is given, which resolves shape arithmetic.
pub fn infer_graph(
    graph: &Graph,
    inputs: &[Fact],
    evaluator: Option<&dyn Evaluate>,
    max_value_elements: usize,
) -> Vec<Fact> {
    let declared = graph.values.iter().map(|value| Fact::of(value.ty.clone())).collect();
    infer(graph, declared, inputs, evaluator, max_value_elements)
}

/// As [`infer_graph`], but what the file declares of values between the nodes is not believed: the result follows from
/// `inputs` and the operators alone.
pub fn infer_undeclared(
    graph: &Graph,
    inputs: &[Fact],
    evaluator: Option<&dyn Evaluate>,
    max_value_elements: usize,
) -> Vec<Fact> {
    let unknown = vec![Fact::default(); graph.values.len()];
    infer(graph, unknown, inputs, evaluator, max_value_elements)
}

fn infer(
    graph: &Graph,
    mut facts: Vec<Fact>,
    inputs: &[Fact],
    evaluator: Option<&dyn Evaluate>,
    max_value_elements: usize,
) -> Vec<Fact> {
    for (fact, value) in facts.iter_mut().zip(&graph.values) {
        if let Some(tensor) = &value.constant {
            *fact = Fact::constant(tensor.clone());
        }
    }
    for (&id, fact) in graph.inputs.iter().zip(inputs) {
        facts[id.index()] = fact.clone();
    }
    for node in &graph.nodes {
        let inferred = infer_node(node, &facts, evaluator, max_value_elements);
        for (output, fact) in node.outputs.iter().zip(inferred) {
            if let Some(id) = output {
                facts[id.index()] = refine(fact, &facts[id.index()]);
            }
        }
    }
    facts
}

fn infer_node(
    node: &crate::Node,
    facts: &[Fact],
    evaluator: Option<&dyn Evaluate>,
    max_value_elements: usize,
) -> Inferred {
    let known: SmallVec<[Option<&Fact>; 4]> =
        node.inputs.iter().map(|input| input.map(|id| &facts[id.index()])).collect();
    let inferred = node.op.infer(&Facts::new(&known, node.outputs.len()));
    match evaluate_small(node, &known, &inferred, evaluator, max_value_elements) {
        Some(values) => values.into_iter().map(|v| v.map_or_else(Fact::default, Fact::constant)).collect(),
        None => inferred,
    }
}

fn evaluate_small(
    node: &crate::Node,
    known: &[Option<&Fact>],
    inferred: &Inferred,
    evaluator: Option<&dyn Evaluate>,
    max_value_elements: usize,
) -> Option<Vec<Option<Tensor>>> {
    let evaluator = evaluator?;
    if node.op.is_random() || inferred.iter().all(|fact| fact.value.is_some()) && !inferred.is_empty() {
        return None;
    }
    let small = |tensor: &Tensor| tensor.len() <= max_value_elements;
    let fits = |fact: &Fact| fact.ty.shape().is_some_and(|shape| shape.n_elements() <= max_value_elements);
    if inferred.is_empty() || !inferred.iter().all(fits) {
        return None;
    }
    let mut inputs = Vec::with_capacity(known.len());
    for fact in known {
        inputs.push(match fact {
            Some(fact) => Some(fact.value.clone().filter(small)?),
            None => None,
        });
    }
    evaluator.evaluate(&node.op, &inputs, node.outputs.len())
}

/// The better of what a rule says and what the file declared.
fn refine(inferred: Fact, declared: &Fact) -> Fact {
    let ty = match (inferred.ty, &declared.ty) {
        (Type::Unknown, declared) => declared.clone(),
        (Type::Tensor { dtype, dims }, Type::Tensor { dtype: declared_dtype, dims: declared_dims }) => {
            let dims = match (dims, declared_dims) {
                (Some(dims), Some(declared)) if dims.len() == declared.len() => Some(
                    dims.into_iter()
                        .zip(declared)
                        .map(|(a, b)| if a == Dim::Unknown { b.clone() } else { a })
                        .collect(),
                ),
                (None, declared) => declared.clone(),
                (dims, _) => dims,
            };
            Type::Tensor { dtype: dtype.or(*declared_dtype), dims }
        }
        (ty, _) => ty,
    };
    Fact { ty, value: inferred.value }
}
