//! What a lowering function sees of one node: attributes with their types, inputs, outputs, and ways to add
//! constants and further nodes.

use dunlin_ir::{
    DType, Element, Graph, Node, NodeInputs, NodeOutputs, Op, Origin, Shape, Tensor, Type, ValueId, ValueInfo,
};

use super::graph::{Lowering, union_captures};
use super::{LowerError, text, types};
use crate::onnx::proto::{AttributeProto, GraphProto, NodeProto, TypeProto};

/// One node while it is lowered.
pub(crate) struct NodeContext<'l, 'f> {
    pub(super) lowering: &'l mut Lowering<'f>,
    pub(super) proto: &'f NodeProto,
    /// The version of the node's domain that the model (or the function around) imports.
    pub opset: u32,
    /// What the node reads. A lowering function may change it.
    pub inputs: NodeInputs,
    /// What the node writes. A lowering function may change it.
    pub outputs: NodeOutputs,
    /// Where the node comes from.
    pub origin: Origin,
}

impl<'f> NodeContext<'_, 'f> {
    /// The graph in the making: to look at values.
    pub fn graph(&self) -> &Graph {
        self.lowering.graph()
    }

    /// The attribute, references to those of a function's call resolved.
    pub fn attribute(&self, name: &str) -> Option<&'f AttributeProto> {
        let own = self.proto.attribute.iter().find(|attribute| attribute.name == name.as_bytes())?;
        self.lowering.resolve_attribute(own)
    }

    /// Whether the attribute is there.
    pub fn has(&self, name: &str) -> bool {
        self.attribute(name).is_some()
    }

    /// An integer attribute.
    ///
    /// # Errors
    /// [`LowerError::AttributeType`].
    pub fn int(&self, name: &str) -> Result<Option<i64>, LowerError> {
        self.typed(name, "an integer", |attribute| attribute.i)
    }

    /// An integer attribute, or its default.
    ///
    /// # Errors
    /// [`LowerError::AttributeType`].
    pub fn int_or(&self, name: &str, default: i64) -> Result<i64, LowerError> {
        Ok(self.int(name)?.unwrap_or(default))
    }

    /// An integer attribute that stands for a truth value, or its default.
    ///
    /// # Errors
    /// [`LowerError::AttributeType`].
    pub fn flag(&self, name: &str, default: bool) -> Result<bool, LowerError> {
        Ok(self.int_or(name, i64::from(default))? != 0)
    }

    /// An integer attribute that must be there.
    ///
    /// # Errors
    /// [`LowerError::MissingAttribute`], [`LowerError::AttributeType`].
    pub fn required_int(&self, name: &str) -> Result<i64, LowerError> {
        self.int(name)?.ok_or_else(|| LowerError::MissingAttribute(name.into()))
    }

    /// A float attribute.
    ///
    /// # Errors
    /// [`LowerError::AttributeType`].
    pub fn float(&self, name: &str) -> Result<Option<f32>, LowerError> {
        self.typed(name, "a float", |attribute| attribute.f)
    }

    /// A float attribute, or its default.
    ///
    /// # Errors
    /// [`LowerError::AttributeType`].
    pub fn float_or(&self, name: &str, default: f32) -> Result<f32, LowerError> {
        Ok(self.float(name)?.unwrap_or(default))
    }

    /// A string attribute; bytes that are not UTF-8 appear as `\xHH`.
    ///
    /// # Errors
    /// [`LowerError::AttributeType`].
    pub fn string(&self, name: &str) -> Result<Option<String>, LowerError> {
        self.typed(name, "a string", |attribute| attribute.s.as_deref().map(text))
    }

    /// A string attribute, or its default.
    ///
    /// # Errors
    /// [`LowerError::AttributeType`].
    pub fn string_or(&self, name: &str, default: &str) -> Result<String, LowerError> {
        Ok(self.string(name)?.unwrap_or_else(|| default.to_owned()))
    }

    /// A list of integers.
    ///
    /// # Errors
    /// Never so far: an attribute of another type has no integers.
    pub fn ints(&self, name: &str) -> Result<Option<&'f [i64]>, LowerError> {
        Ok(self.attribute(name).map(|attribute| attribute.ints.as_slice()))
    }

    /// A list of floats.
    ///
    /// # Errors
    /// Never so far: an attribute of another type has no floats.
    pub fn floats(&self, name: &str) -> Result<Option<&'f [f32]>, LowerError> {
        Ok(self.attribute(name).map(|attribute| attribute.floats.as_slice()))
    }

    /// A list of strings; bytes that are not UTF-8 appear as `\xHH`.
    ///
    /// # Errors
    /// Never so far: an attribute of another type has no strings.
    pub fn strings(&self, name: &str) -> Result<Option<Vec<String>>, LowerError> {
        Ok(self.attribute(name).map(|attribute| attribute.strings.iter().map(|s| text(s)).collect()))
    }

    /// A tensor; sparse ones are made dense.
    ///
    /// # Errors
    /// [`LowerError::AttributeType`], [`LowerError::Decode`].
    pub fn tensor(&self, name: &str) -> Result<Option<Tensor>, LowerError> {
        let Some(attribute) = self.attribute(name) else { return Ok(None) };
        match (&attribute.t, &attribute.sparse_tensor) {
            (Some(tensor), _) => Ok(Some(self.lowering.tensors().read(tensor)?)),
            (None, Some(tensor)) => Ok(Some(self.lowering.tensors().read_sparse(tensor)?)),
            (None, None) => Err(LowerError::AttributeType { name: name.into(), expected: "a tensor" }),
        }
    }

    /// A type.
    ///
    /// # Errors
    /// [`LowerError::AttributeType`].
    pub fn type_attribute(&self, name: &str) -> Result<Option<Type>, LowerError> {
        let proto: Option<&TypeProto> = self.typed(name, "a type", |attribute| attribute.tp.as_deref())?;
        Ok(proto.map(|proto| types::declared(Some(proto))))
    }

    /// An attribute that holds the standard's number of an element type.
    ///
    /// # Errors
    /// [`LowerError::AttributeType`], [`LowerError::UnknownDType`].
    pub fn dtype(&self, name: &str) -> Result<Option<DType>, LowerError> {
        self.int(name)?.map(types::dtype).transpose()
    }

    fn typed<T>(
        &self,
        name: &str,
        expected: &'static str,
        value: impl Fn(&'f AttributeProto) -> Option<T>,
    ) -> Result<Option<T>, LowerError> {
        match self.attribute(name) {
            None => Ok(None),
            Some(attribute) => {
                let wrong = LowerError::AttributeType { name: name.into(), expected };
                value(attribute).map(Some).ok_or(wrong)
            }
        }
    }

    /// Input `i`, if it is there.
    pub fn input(&self, i: usize) -> Option<ValueId> {
        self.inputs.get(i).copied().flatten()
    }

    /// Input `i`.
    ///
    /// # Errors
    /// [`LowerError::MissingInput`].
    pub fn required(&self, i: usize) -> Result<ValueId, LowerError> {
        self.input(i).ok_or(LowerError::MissingInput(i))
    }

    /// Sets input `i`, with absent ones before it where there are too few.
    pub fn set_input(&mut self, i: usize, value: Option<ValueId>) {
        if self.inputs.len() <= i {
            self.inputs.resize(i + 1, None);
        }
        self.inputs[i] = value;
    }

    /// What the file declares of input `i`.
    pub fn input_type(&self, i: usize) -> Option<&Type> {
        self.input(i).map(|id| &self.graph().value(id).ty)
    }

    /// The number of dimensions of input `i`, if the file or an earlier node says.
    pub fn input_rank(&self, i: usize) -> Option<usize> {
        self.input_type(i)?.dims().map(<[_]>::len)
    }

    /// Adds a constant.
    pub fn constant(&mut self, tensor: Tensor) -> ValueId {
        self.lowering.graph_mut().add_constant(tensor)
    }

    /// Adds a list of integers as a constant of type `int64` and rank 1.
    ///
    /// # Errors
    /// [`LowerError::Tensor`] if there is no memory.
    pub fn constant_ints(&mut self, values: &[i64]) -> Result<ValueId, LowerError> {
        Ok(self.constant(Tensor::from_slice([values.len()], values)?))
    }

    /// Adds a scalar constant.
    ///
    /// # Errors
    /// [`LowerError::Tensor`] if there is no memory.
    pub fn constant_scalar<T: Element>(&mut self, value: T) -> Result<ValueId, LowerError> {
        Ok(self.constant(Tensor::from_slice(Shape::scalar(), &[value])?))
    }

    /// Adds a node before this one, and returns its output.
    pub fn emit(&mut self, op: impl Into<Op>, inputs: &[Option<ValueId>]) -> ValueId {
        self.emit_many(op, inputs, 1)[0]
    }

    /// Adds a node with several outputs before this one, and returns them.
    pub fn emit_many(
        &mut self,
        op: impl Into<Op>,
        inputs: &[Option<ValueId>],
        n_outputs: usize,
    ) -> Vec<ValueId> {
        let graph = self.lowering.graph_mut();
        let outputs: Vec<ValueId> = (0..n_outputs).map(|_| graph.add_value(ValueInfo::default())).collect();
        self.emit_as(op, inputs, outputs.iter().copied().map(Some).collect());
        outputs
    }

    /// Adds a node before this one that writes these values.
    pub fn emit_as(&mut self, op: impl Into<Op>, inputs: &[Option<ValueId>], outputs: NodeOutputs) {
        let node = Node { op: op.into(), inputs: inputs.into(), outputs, origin: self.origin.clone() };
        self.lowering.push_node(node);
    }

    /// Makes output `i` a constant; the lowering function then returns `Lowered::Done`.
    pub fn bind_constant(&mut self, i: usize, tensor: Tensor) {
        if let Some(id) = self.outputs.get(i).copied().flatten() {
            let info = &mut self.lowering.graph_mut().values[id.index()];
            info.ty = Type::tensor(tensor.dtype(), tensor.shape());
            info.constant = Some(tensor);
        }
    }

    /// Lowers the nested graphs in these attributes. All of them get the same captured values as their last
    /// inputs; what they capture is appended to this node's inputs. Returns the graphs and the number of captures.
    ///
    /// # Errors
    /// [`LowerError::MissingAttribute`], or whatever is wrong within.
    pub fn nested_graphs(&mut self, names: &[&str]) -> Result<(Vec<Graph>, usize), LowerError> {
        let mut lowered = Vec::with_capacity(names.len());
        for name in names {
            let proto: Option<&'f GraphProto> =
                self.typed(name, "a graph", |attribute| attribute.g.as_deref())?;
            let proto = proto.ok_or_else(|| LowerError::MissingAttribute((*name).into()))?;
            lowered.push(self.lowering.nested_graph(proto)?);
        }
        let (graphs, captured) = union_captures(lowered, self.graph());
        self.inputs.extend(captured.iter().copied().map(Some));
        Ok((graphs, captured.len()))
    }

    /// Lowers the nodes of the graph in this attribute before this one, with `input` as its only input; it may read
    /// all names that this node may. Returns its only output.
    ///
    /// # Errors
    /// [`LowerError::MissingAttribute`], or whatever is wrong within.
    pub fn inline_graph(&mut self, name: &str, input: ValueId) -> Result<ValueId, LowerError> {
        let proto: Option<&'f GraphProto> =
            self.typed(name, "a graph", |attribute| attribute.g.as_deref())?;
        let proto = proto.ok_or_else(|| LowerError::MissingAttribute(name.into()))?;
        let outputs = self.lowering.inlined_graph(proto, &[input])?;
        match outputs[..] {
            [output] => Ok(output),
            _ => Err(LowerError::attribute(name, "a graph with one output", outputs.len())),
        }
    }
}
