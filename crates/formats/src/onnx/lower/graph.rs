//! Walks the messages of graphs and functions and builds the graph.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use dunlin_ir::op::Elementwise;
use dunlin_ir::op::elementwise::Unary;
use dunlin_ir::{Graph, Node, NodeInputs, NodeOutputs, Origin, Tensor, Type, ValueId, ValueInfo};
use dunlin_sys::Shortage;

use super::context::NodeContext;
use super::scope::{GraphScope, resolve};
use super::table::{self, Lowered};
use super::text;
use super::{LowerError, types};
use crate::onnx::proto::{
    AttributeProto, FunctionProto, GraphProto, NodeProto, OperatorSetIdProto, ValueInfoProto,
};
use crate::onnx::{Limits, OnnxFile, ReadError, TensorReader};

/// How deep functions may call functions.
const MAX_FUNCTION_DEPTH: usize = 32;

/// The state of lowering one model.
pub(crate) struct Lowering<'f> {
    file: &'f OnnxFile,
    limits: &'f Limits,
    tensors: TensorReader<'f>,
    functions: HashMap<FunctionKey, &'f FunctionProto>,
    opsets: Vec<HashMap<String, u32>>,
    /// The graphs around the current node, outermost first.
    scopes: Vec<GraphScope>,
    /// The attributes of the function calls around the current node.
    calls: Vec<HashMap<Bytes, &'f AttributeProto>>,
    /// Nodes and calls so far: a file of a few lines can ask for any number.
    n_lowered: usize,
    /// Whether memory has run out since.
    shortage: Shortage,
}

/// A function's domain, name and overload.
type FunctionKey = (Bytes, Bytes, Bytes);

/// A nested graph and the outer values that it captures, in the order of its last inputs.
pub(super) struct Nested {
    graph: Graph,
    captures: Vec<(ValueId, ValueId)>,
}

impl<'f> Lowering<'f> {
    pub fn new(file: &'f OnnxFile, tensors: TensorReader<'f>, limits: &'f Limits) -> Lowering<'f> {
        let key = |f: &FunctionProto| (normal_domain(&f.domain), f.name.clone(), f.overload.clone());
        Lowering {
            file,
            limits,
            tensors,
            functions: file.model.functions.iter().map(|function| (key(function), function)).collect(),
            opsets: vec![opset_versions(&file.model.opset_import)],
            scopes: Vec::new(),
            calls: Vec::new(),
            n_lowered: 0,
            shortage: Shortage::watch(),
        }
    }

    /// Lowers the main graph.
    pub fn main_graph(mut self) -> Result<Graph, ReadError> {
        let proto = &self.file.graph;
        self.scopes.push(GraphScope::new());
        // Before version 4 every initializer was listed among the inputs too; such inputs are constants.
        let defaults_allowed = self.file.model.ir_version >= 4;
        self.body(proto, defaults_allowed)?;
        let Some(mut scope) = self.scopes.pop() else { return Ok(Graph::default()) };
        scope.graph.name = text(&proto.name);
        Ok(scope.graph)
    }

    /// Lowers a graph attribute of the current node.
    pub(super) fn nested_graph(&mut self, proto: &'f GraphProto) -> Result<Nested, LowerError> {
        if self.scopes.len() >= self.limits.max_depth {
            return Err(LowerError::FunctionDepth(self.limits.max_depth));
        }
        self.scopes.push(GraphScope::new());
        let result = self.body(proto, false);
        let scope = self.scopes.pop().unwrap_or_default();
        result.map_err(|error| LowerError::Nested(Box::new(error)))?;
        let mut graph = scope.graph;
        graph.name = text(&proto.name);
        Ok(Nested { graph, captures: scope.captures })
    }

    /// Lowers the nodes of a graph attribute of the current node into the current graph. Returns its outputs.
    pub(super) fn inlined_graph(
        &mut self,
        proto: &'f GraphProto,
        inputs: &[ValueId],
    ) -> Result<Vec<ValueId>, LowerError> {
        if proto.input.len() != inputs.len() {
            return Err(LowerError::attribute(
                "graph",
                format!("{} inputs", inputs.len()),
                proto.input.len(),
            ));
        }
        let constants = self.initializers(proto)?;
        self.scope().enter_block();
        for (input, &id) in proto.input.iter().zip(inputs) {
            self.scope().define(input.name.clone(), Some(id));
        }
        for (name, tensor) in constants {
            let id = self.graph_mut().add_constant(tensor);
            self.scope().define(name, Some(id));
        }
        let declared = proto.value_info.iter().chain(&proto.output).map(|info| (&info.name, info)).collect();
        let result = self.nodes(&proto.node, &declared).map_err(|error| LowerError::Nested(Box::new(error)));
        let outputs =
            result.and_then(|()| proto.output.iter().map(|output| self.present(&output.name)).collect());
        self.scope().leave();
        outputs
    }

    fn body(&mut self, proto: &'f GraphProto, defaults_allowed: bool) -> Result<(), ReadError> {
        let here = |error| ReadError::graph(&proto.name, error);
        let declared: HashMap<&Bytes, &ValueInfoProto> =
            proto.value_info.iter().chain(&proto.output).map(|info| (&info.name, info)).collect();
        let constants = self.initializers(proto).map_err(here)?;
        self.inputs(proto, &constants, defaults_allowed).map_err(here)?;
        for (name, tensor) in constants {
            if self.scope().local(&name).is_none() {
                let ty = Type::tensor(tensor.dtype(), tensor.shape());
                let info = ValueInfo { name: text(&name), ty, constant: Some(tensor) };
                let id = self.graph_mut().add_value(info);
                self.scope().define(name, Some(id));
            }
        }
        self.nodes(&proto.node, &declared)?;
        for output in &proto.output {
            let id = self.present(&output.name).map_err(here)?;
            self.graph_mut().outputs.push(id);
        }
        Ok(())
    }

    fn initializers(&self, proto: &'f GraphProto) -> Result<Vec<(Bytes, Tensor)>, LowerError> {
        let dense = proto.initializer.iter().map(|t| Ok((t.name.clone(), self.tensors.read(t)?)));
        let sparse = proto.sparse_initializer.iter().map(|t| {
            let name = t.values.as_ref().map(|values| values.name.clone()).unwrap_or_default();
            Ok((name, self.tensors.read_sparse(t)?))
        });
        dense.chain(sparse).collect()
    }

    fn inputs(
        &mut self,
        proto: &'f GraphProto,
        constants: &[(Bytes, Tensor)],
        defaults_allowed: bool,
    ) -> Result<(), LowerError> {
        let constants: HashMap<&Bytes, &Tensor> =
            constants.iter().map(|(name, tensor)| (name, tensor)).collect();
        for input in &proto.input {
            let default = constants.get(&input.name);
            if default.is_some() && !defaults_allowed {
                continue;
            }
            let info = ValueInfo {
                name: text(&input.name),
                ty: types::declared(input.r#type.as_ref()),
                constant: None,
            };
            let id = self.graph_mut().add_value(info);
            if !self.scope().define(input.name.clone(), Some(id)) {
                return Err(LowerError::DefinedTwice(text(&input.name)));
            }
            self.graph_mut().inputs.push(id);
            if let Some(tensor) = default {
                self.graph_mut().defaults.push((id, (*tensor).clone()));
            }
        }
        Ok(())
    }

    fn nodes(
        &mut self,
        nodes: &'f [NodeProto],
        declared: &HashMap<&Bytes, &ValueInfoProto>,
    ) -> Result<(), ReadError> {
        let order = in_order(nodes).map_err(|error| ReadError::graph(&[], error))?;
        for node in order.into_iter().map(|index| &nodes[index]) {
            self.node(node, declared).map_err(|error| self.located(node, error))?;
        }
        Ok(())
    }

    fn node(
        &mut self,
        proto: &'f NodeProto,
        declared: &HashMap<&Bytes, &ValueInfoProto>,
    ) -> Result<(), LowerError> {
        let domain = normal_domain(&proto.domain);
        let key = (domain.clone(), proto.op_type.clone(), proto.overload.clone());
        self.n_lowered += 1;
        self.check_size()?;
        let (domain, op_type) = (text(&domain), text(&proto.op_type));
        let opset = self.opset(&domain)?;
        let lower = match (table::find(&domain, &op_type, opset), self.functions.get(&key)) {
            // The standard's operators cannot be redefined; their functions are for those who lack the operator.
            (Ok(lower), _) => lower,
            (Err(_), Some(&function)) => return self.call(function, proto, declared),
            (Err(error), None) => return Err(error),
        };
        let mut inputs = NodeInputs::new();
        for name in &proto.input {
            inputs.push(if name.is_empty() { None } else { self.value(name)? });
        }
        let mut outputs = NodeOutputs::new();
        for name in &proto.output {
            outputs.push(if name.is_empty() { None } else { Some(self.define_output(name, declared)?) });
        }
        let origin = Origin {
            name: text(&proto.name).into(),
            op_type: op_type.into(),
            domain: domain.into(),
            opset,
            offset: self.file.source.node(proto).map(|source| source.offset as u64),
        };
        let mut context = NodeContext { lowering: self, proto, opset, inputs, outputs, origin };
        let lowered = lower(&mut context)?;
        let NodeContext { inputs, outputs, origin, .. } = context;
        if let Lowered::Node(op) = lowered {
            self.push_node(Node { op, inputs, outputs, origin });
        }
        Ok(())
    }

    /// Inlines a call of one of the model's functions.
    fn call(
        &mut self,
        function: &'f FunctionProto,
        call: &'f NodeProto,
        declared: &HashMap<&Bytes, &ValueInfoProto>,
    ) -> Result<(), LowerError> {
        if self.calls.len() >= MAX_FUNCTION_DEPTH {
            return Err(LowerError::FunctionDepth(MAX_FUNCTION_DEPTH));
        }
        let mut arguments = Vec::new();
        for name in &call.input {
            arguments.push(if name.is_empty() { None } else { self.value(name)? });
        }
        let mut attributes: HashMap<Bytes, &'f AttributeProto> =
            function.attribute_proto.iter().map(|attribute| (attribute.name.clone(), attribute)).collect();
        for attribute in &call.attribute {
            if let Some(resolved) = self.resolve_attribute(attribute) {
                attributes.insert(attribute.name.clone(), resolved);
            }
        }
        let n_values = self.graph().values.len();
        self.calls.push(attributes);
        self.opsets.push(opset_versions(&function.opset_import));
        self.scope().enter_function();
        let result = self.function_body(function, &arguments);
        self.scope().leave();
        self.opsets.pop();
        self.calls.pop();
        let mut used = HashSet::new();
        for (name, id) in call.output.iter().zip(result?).filter(|(name, _)| !name.is_empty()) {
            let is_new = id.index() >= n_values && used.insert(id);
            let id = if is_new { id } else { self.copy_of(id, call) };
            self.name_result(name, id, declared)?;
        }
        Ok(())
    }

    /// Another value with the same contents: for results of a function that have a name already.
    fn copy_of(&mut self, id: ValueId, call: &NodeProto) -> ValueId {
        let ty = self.graph().value(id).ty.clone();
        let copy = self.graph_mut().add_value(ValueInfo { ty, ..ValueInfo::default() });
        let origin = Origin { op_type: text(&call.op_type).into(), ..Origin::default() };
        let op = Elementwise::Unary(Unary::Identity).into();
        self.push_node(Node::new(op, &[Some(id)], &[Some(copy)], origin));
        copy
    }

    /// Gives a function's result the name that the caller uses.
    fn name_result(
        &mut self,
        name: &Bytes,
        id: ValueId,
        declared: &HashMap<&Bytes, &ValueInfoProto>,
    ) -> Result<(), LowerError> {
        let info = &mut self.graph_mut().values[id.index()];
        info.name = text(name);
        if info.ty == Type::Unknown {
            info.ty = declared.get(name).map_or(Type::Unknown, |info| types::declared(info.r#type.as_ref()));
        }
        if self.scope().define(name.clone(), Some(id)) {
            Ok(())
        } else {
            Err(LowerError::DefinedTwice(text(name)))
        }
    }

    fn function_body(
        &mut self,
        function: &'f FunctionProto,
        arguments: &[Option<ValueId>],
    ) -> Result<Vec<ValueId>, LowerError> {
        for (i, name) in function.input.iter().enumerate() {
            self.scope().define(name.clone(), arguments.get(i).copied().flatten());
        }
        let declared = function.value_info.iter().map(|info| (&info.name, info)).collect();
        self.nodes(&function.node, &declared).map_err(|error| LowerError::Nested(Box::new(error)))?;
        function.output.iter().map(|name| self.present(name)).collect()
    }

    fn define_output(
        &mut self,
        name: &Bytes,
        declared: &HashMap<&Bytes, &ValueInfoProto>,
    ) -> Result<ValueId, LowerError> {
        let ty = declared.get(name).map_or(Type::Unknown, |info| types::declared(info.r#type.as_ref()));
        let id = self.graph_mut().add_value(ValueInfo { name: text(name), ty, constant: None });
        if self.scope().define(name.clone(), Some(id)) {
            Ok(id)
        } else {
            Err(LowerError::DefinedTwice(text(name)))
        }
    }

    fn present(&mut self, name: &Bytes) -> Result<ValueId, LowerError> {
        self.value(name)?.ok_or_else(|| LowerError::UnknownName(text(name)))
    }

    fn value(&mut self, name: &Bytes) -> Result<Option<ValueId>, LowerError> {
        resolve(&mut self.scopes, name).ok_or_else(|| LowerError::UnknownName(text(name)))
    }

    fn opset(&self, domain: &str) -> Result<u32, LowerError> {
        let versions = self.opsets.last().into_iter().chain(self.opsets.first());
        let version = versions.flatten().find(|(known, _)| *known == domain).map(|(_, &version)| version);
        match version {
            Some(version) => Ok(version),
            // Older exporters forget to import the domains of extensions.
            None if domain != table::MAIN => Ok(1),
            None => Err(LowerError::NoOpset(domain.to_owned())),
        }
    }

    pub(super) fn resolve_attribute(&self, attribute: &'f AttributeProto) -> Option<&'f AttributeProto> {
        if attribute.ref_attr_name.is_empty() {
            return Some(attribute);
        }
        self.calls.last()?.get(&attribute.ref_attr_name).copied()
    }

    pub(super) fn tensors(&self) -> &TensorReader<'f> {
        &self.tensors
    }

    pub(super) fn graph(&self) -> &Graph {
        // `main_graph` pushes the first scope before anything is lowered.
        &self.scopes[self.scopes.len() - 1].graph
    }

    pub(super) fn graph_mut(&mut self) -> &mut Graph {
        &mut self.scope().graph
    }

    pub(super) fn push_node(&mut self, node: Node) {
        self.graph_mut().nodes.push(node);
    }

    fn scope(&mut self) -> &mut GraphScope {
        let last = self.scopes.len() - 1;
        &mut self.scopes[last]
    }

    fn check_size(&self) -> Result<(), LowerError> {
        self.shortage.check()?;
        let limit = self.limits.max_nodes;
        if self.n_lowered > limit { Err(LowerError::TooManyNodes(limit)) } else { Ok(()) }
    }

    fn located(&self, node: &NodeProto, error: LowerError) -> ReadError {
        let source = self.file.source.node(node);
        ReadError::node(&node.name, &node.op_type, source.map(|source| source.offset as u64), error)
    }
}

/// Gives several nested graphs of one node the same captures: those of all, in order of first appearance.
/// Returns the graphs, and the outer values.
pub(super) fn union_captures(nested: Vec<Nested>, outer: &Graph) -> (Vec<Graph>, Vec<ValueId>) {
    let mut captured: Vec<ValueId> = Vec::new();
    for (outer, _) in nested.iter().flat_map(|nested| &nested.captures) {
        if !captured.contains(outer) {
            captured.push(*outer);
        }
    }
    let graphs = nested.into_iter().map(|Nested { mut graph, captures }| {
        for &id in &captured {
            let own = captures.iter().find(|(outer, _)| *outer == id).map(|&(_, inner)| inner);
            let inner = own.unwrap_or_else(|| {
                let info = outer.value(id);
                graph.add_value(ValueInfo { name: info.name.clone(), ty: info.ty.clone(), constant: None })
            });
            graph.inputs.push(inner);
        }
        graph
    });
    (graphs.collect(), captured)
}

fn normal_domain(domain: &Bytes) -> Bytes {
    if domain == "ai.onnx" { Bytes::new() } else { domain.clone() }
}

fn opset_versions(imports: &[OperatorSetIdProto]) -> HashMap<String, u32> {
    let version = |import: &OperatorSetIdProto| u32::try_from(import.version).unwrap_or(u32::MAX);
    imports.iter().map(|import| (text(&normal_domain(&import.domain)), version(import))).collect()
}

/// An order in which every node follows those that it reads from: the file's own where that is one.
fn in_order(nodes: &[NodeProto]) -> Result<Vec<usize>, LowerError> {
    let mut writers: HashMap<&Bytes, usize> = HashMap::new();
    for (index, node) in nodes.iter().enumerate() {
        writers.extend(node.output.iter().filter(|name| !name.is_empty()).map(|name| (name, index)));
    }
    let reads: Vec<Vec<usize>> = nodes.iter().map(|node| reads_of(node, &writers)).collect();
    if reads.iter().enumerate().all(|(index, reads)| reads.iter().all(|&read| read < index)) {
        return Ok((0..nodes.len()).collect());
    }
    let mut order = Vec::with_capacity(nodes.len());
    let mut state = vec![Visit::New; nodes.len()];
    for root in 0..nodes.len() {
        visit(root, &reads, &mut state, &mut order).map_err(|index| {
            LowerError::Cycle(nodes[index].output.first().map(|n| text(n)).unwrap_or_default())
        })?;
    }
    Ok(order)
}

#[derive(Clone, Copy, PartialEq)]
enum Visit {
    New,
    Open,
    Done,
}

/// Depth first without recursion, since a file decides the depth.
fn visit(
    root: usize,
    reads: &[Vec<usize>],
    state: &mut [Visit],
    order: &mut Vec<usize>,
) -> Result<(), usize> {
    let mut stack = vec![(root, 0)];
    while let Some((index, next)) = stack.pop() {
        if next == 0 {
            match state[index] {
                Visit::Done => continue,
                Visit::Open => return Err(index),
                Visit::New => state[index] = Visit::Open,
            }
        }
        match reads[index].get(next) {
            Some(&read) => {
                stack.push((index, next + 1));
                match state[read] {
                    Visit::Done => {}
                    Visit::Open => return Err(read),
                    Visit::New => stack.push((read, 0)),
                }
            }
            None => {
                state[index] = Visit::Done;
                order.push(index);
            }
        }
    }
    Ok(())
}

/// The nodes that a node reads from, its nested graphs included.
fn reads_of(node: &NodeProto, writers: &HashMap<&Bytes, usize>) -> Vec<usize> {
    let mut reads: Vec<usize> = node.input.iter().filter_map(|name| writers.get(name).copied()).collect();
    let mut hidden = Vec::new();
    for graph in node.attribute.iter().filter_map(|attribute| attribute.g.as_deref()) {
        captures_of(graph, &mut hidden, &mut |name| reads.extend(writers.get(name)));
    }
    reads.sort_unstable();
    reads.dedup();
    reads
}

/// Reports the names that a nested graph reads and that neither it nor a graph in `hidden` defines. As deep as
/// graphs nest, which the limits bound.
fn captures_of<'f>(
    graph: &'f GraphProto,
    hidden: &mut Vec<HashSet<&'f Bytes>>,
    found: &mut impl FnMut(&'f Bytes),
) {
    let inputs = graph.input.iter().map(|input| &input.name);
    let constants = graph.initializer.iter().map(|tensor| &tensor.name);
    hidden.push(inputs.chain(constants).chain(graph.node.iter().flat_map(|node| &node.output)).collect());
    for node in &graph.node {
        for name in &node.input {
            if !hidden.iter().any(|names| names.contains(name)) {
                found(name);
            }
        }
        for inner in node.attribute.iter().filter_map(|attribute| attribute.g.as_deref()) {
            captures_of(inner, hidden, found);
        }
    }
    for output in &graph.output {
        if !hidden.iter().any(|names| names.contains(&output.name)) {
            found(&output.name);
        }
    }
    hidden.pop();
}
