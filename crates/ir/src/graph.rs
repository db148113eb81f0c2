//! The graph: nodes in topological order, values, and where each node came from.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::{DType, Dim, Dims, Op, Shape, Tensor};

/// Names a node of one graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// Names a value of one graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub u32);

impl NodeId {
    /// The position in [`Graph::nodes`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl ValueId {
    /// The position in [`Graph::values`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A model's computation: pure data, in static single assignment.
///
/// Nodes stand in topological order: a node reads only graph inputs, constants, and outputs of nodes before it.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// The graph's own name, if the file gave one.
    pub name: String,
    /// The nodes, in an order in which they can run.
    pub nodes: Vec<Node>,
    /// Every value that a node reads or writes.
    pub values: Vec<ValueInfo>,
    /// What a caller passes, in order. For a nested graph: the formal inputs, then the captured values.
    pub inputs: Vec<ValueId>,
    /// What a caller gets, in order.
    pub outputs: Vec<ValueId>,
    /// Inputs that may be left out, and what they are then.
    pub defaults: Vec<(ValueId, Tensor)>,
}

/// One edge of the graph: its name, what is known of its type, and its contents if they are constant.
#[derive(Debug, Clone, Default)]
pub struct ValueInfo {
    /// The name in the model's file; empty for values that an optimisation made.
    pub name: String,
    /// What is known of it before a run.
    pub ty: Type,
    /// Its contents, if they are a constant of the model.
    pub constant: Option<Tensor>,
}

/// What is known of a value before a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Type {
    /// Nothing.
    #[default]
    Unknown,
    /// A tensor.
    Tensor {
        /// The element type, if known.
        dtype: Option<DType>,
        /// The dimensions, if the rank is known.
        dims: Dims,
    },
    /// Values in order.
    Sequence(Box<Type>),
    /// Keys of an element type to values.
    Map(DType, Box<Type>),
    /// A value or none.
    Optional(Box<Type>),
}

impl Type {
    /// A tensor of which everything is known.
    pub fn tensor(dtype: DType, shape: &Shape) -> Type {
        Type::Tensor { dtype: Some(dtype), dims: Some(shape.iter().map(|&n| Dim::Known(n)).collect()) }
    }

    /// A tensor of which some may be known.
    pub fn partial(dtype: Option<DType>, dims: Dims) -> Type {
        Type::Tensor { dtype, dims }
    }

    /// The element type, if it is a tensor of a known one.
    pub fn dtype(&self) -> Option<DType> {
        match self {
            Type::Tensor { dtype, .. } => *dtype,
            _ => None,
        }
    }

    /// The dimensions, if it is a tensor of known rank.
    pub fn dims(&self) -> Option<&[Dim]> {
        match self {
            Type::Tensor { dims, .. } => dims.as_deref(),
            _ => None,
        }
    }

    /// The shape, if it is a tensor with all sizes known.
    pub fn shape(&self) -> Option<Shape> {
        self.dims()?.iter().map(Dim::known).collect()
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Type::Unknown => f.write_str("?"),
            Type::Tensor { dtype, dims } => {
                match dtype {
                    Some(dtype) => write!(f, "{dtype}")?,
                    None => f.write_str("?")?,
                }
                let Some(dims) = dims else { return f.write_str("[..]") };
                let dims: Vec<String> = dims.iter().map(Dim::to_string).collect();
                write!(f, "[{}]", dims.join(", "))
            }
            Type::Sequence(of) => write!(f, "sequence of {of}"),
            Type::Map(key, of) => write!(f, "map of {key} to {of}"),
            Type::Optional(of) => write!(f, "optional {of}"),
        }
    }
}

/// The inputs of a node: `None` where an optional one is left out.
pub type NodeInputs = SmallVec<[Option<ValueId>; 4]>;
/// The outputs of a node: `None` where an optional one is not wanted.
pub type NodeOutputs = SmallVec<[Option<ValueId>; 2]>;

/// One step of the computation.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it computes, with its attributes.
    pub op: Op,
    /// What it reads. For control flow: the formal inputs, then what its nested graphs capture.
    pub inputs: NodeInputs,
    /// What it writes.
    pub outputs: NodeOutputs,
    /// Where it came from.
    pub origin: Origin,
}

/// Where a node came from, for errors and reports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The node's name in the file; may be empty. Fused nodes carry the name of their last part.
    pub name: Arc<str>,
    /// The operator's name in the file.
    pub op_type: Arc<str>,
    /// The operator's domain; empty for the main one.
    pub domain: Arc<str>,
    /// The version of the domain that the model imports.
    pub opset: u32,
    /// The node's first byte in the file, if it came from one.
    pub offset: Option<u64>,
}

impl Graph {
    /// Adds a value.
    pub fn add_value(&mut self, info: ValueInfo) -> ValueId {
        let id = ValueId(self.values.len() as u32);
        self.values.push(info);
        id
    }

    /// Adds a constant without a name.
    pub fn add_constant(&mut self, tensor: Tensor) -> ValueId {
        let ty = Type::tensor(tensor.dtype(), tensor.shape());
        self.add_value(ValueInfo { name: String::new(), ty, constant: Some(tensor) })
    }

    /// The value's facts.
    pub fn value(&self, id: ValueId) -> &ValueInfo {
        &self.values[id.index()]
    }

    /// The value's contents, if they are a constant.
    pub fn constant(&self, id: ValueId) -> Option<&Tensor> {
        self.values[id.index()].constant.as_ref()
    }

    /// The node that writes each value: `None` for graph inputs and constants.
    pub fn producers(&self) -> Vec<Option<NodeId>> {
        let mut producers = vec![None; self.values.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            for output in node.outputs.iter().flatten() {
                producers[output.index()] = Some(NodeId(index as u32));
            }
        }
        producers
    }

    /// The nodes that read each value, once per reading input. Graph outputs do not count.
    pub fn consumers(&self) -> Vec<SmallVec<[NodeId; 2]>> {
        let mut consumers = vec![SmallVec::new(); self.values.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            for input in node.inputs.iter().flatten() {
                consumers[input.index()].push(NodeId(index as u32));
            }
        }
        consumers
    }

    /// Makes every reader of `old`, and every graph output that is `old`, use `new`.
    pub fn replace_uses(&mut self, old: ValueId, new: ValueId) {
        for node in &mut self.nodes {
            for input in node.inputs.iter_mut().flatten() {
                if *input == old {
                    *input = new;
                }
            }
        }
        for output in &mut self.outputs {
            if *output == old {
                *output = new;
            }
        }
    }

    /// Checks what every stage relies on: ids in range, one writer per value, writers before readers.
    ///
    /// # Errors
    /// The first violation.
    pub fn verify(&self) -> Result<(), GraphError> {
        let in_range = |id: ValueId| id.index() < self.values.len();
        let mut written: Vec<bool> = self.values.iter().map(|value| value.constant.is_some()).collect();
        for &input in &self.inputs {
            if !in_range(input) {
                return Err(GraphError::UnknownValue { node: "graph inputs".into(), value: input.0 });
            }
            written[input.index()] = true;
        }
        for node in &self.nodes {
            let label = || node.label();
            for &input in node.inputs.iter().flatten() {
                if !in_range(input) {
                    return Err(GraphError::UnknownValue { node: label(), value: input.0 });
                }
                if !written[input.index()] {
                    let value = self.value(input).name.clone();
                    return Err(GraphError::ReadBeforeWritten { node: label(), value });
                }
            }
            for &output in node.outputs.iter().flatten() {
                if !in_range(output) {
                    return Err(GraphError::UnknownValue { node: label(), value: output.0 });
                }
                if std::mem::replace(&mut written[output.index()], true) {
                    let value = self.value(output).name.clone();
                    return Err(GraphError::WrittenTwice { node: label(), value });
                }
            }
        }
        match self.outputs.iter().find(|&&output| !in_range(output) || !written[output.index()]) {
            Some(&output) if in_range(output) => Err(GraphError::ReadBeforeWritten {
                node: "graph outputs".into(),
                value: self.value(output).name.clone(),
            }),
            Some(output) => Err(GraphError::UnknownValue { node: "graph outputs".into(), value: output.0 }),
            None => Ok(()),
        }
    }
}

impl Node {
    /// A node that an optimisation makes in place of others, with the provenance of `origin`.
    pub fn new(op: Op, inputs: &[Option<ValueId>], outputs: &[Option<ValueId>], origin: Origin) -> Node {
        Node { op, inputs: inputs.into(), outputs: outputs.into(), origin }
    }

    /// The name for messages: the node's own, or its operator's.
    pub fn label(&self) -> String {
        if self.origin.name.is_empty() {
            self.origin.op_type.to_string()
        } else {
            self.origin.name.to_string()
        }
    }
}

/// A graph that is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// An id beyond the graph's values.
    #[error("{node}: value {value} does not exist")]
    UnknownValue {
        /// The node, or the list, that names it.
        node: String,
        /// The id.
        value: u32,
    },
    /// A value is read that nothing before writes.
    #[error("{node} reads {value:?}, which nothing before it writes")]
    ReadBeforeWritten {
        /// The reader.
        node: String,
        /// The value's name.
        value: String,
    },
    /// Two nodes write the same value.
    #[error("{node} writes {value:?}, which is written already")]
    WrittenTwice {
        /// The second writer.
        node: String,
        /// The value's name.
        value: String,
    },
}
