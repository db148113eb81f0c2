//! Which value a name stands for: graphs nest, functions start afresh, and captures become inputs.

use std::collections::HashMap;

use bytes::Bytes;
use dunlin_ir::{Graph, ValueId, ValueInfo};

/// A graph in the making, and the names that its nodes may use.
#[derive(Debug, Default)]
pub(super) struct GraphScope {
    pub graph: Graph,
    names: Vec<Names>,
    /// Values of the graph around this one (first) and what they are here (second).
    pub captures: Vec<(ValueId, ValueId)>,
}

#[derive(Debug, Default)]
struct Names {
    /// `None` for an optional input that the function's caller left out.
    values: HashMap<Bytes, Option<ValueId>>,
    /// Whether these are a function's names, which hide all outer ones.
    is_function: bool,
}

impl GraphScope {
    pub fn new() -> GraphScope {
        GraphScope { names: vec![Names::default()], ..GraphScope::default() }
    }

    /// Starts the names of a function's body.
    pub fn enter_function(&mut self) {
        self.names.push(Names { is_function: true, ..Names::default() });
    }

    /// Starts the names of a graph that is lowered into the one around it, whose names stay visible.
    pub fn enter_block(&mut self) {
        self.names.push(Names::default());
    }

    /// Ends the names that were started last.
    pub fn leave(&mut self) {
        self.names.pop();
    }

    /// Gives a value a name; false if the name is taken.
    pub fn define(&mut self, name: Bytes, id: Option<ValueId>) -> bool {
        let Some(names) = self.names.last_mut() else { return false };
        names.values.insert(name, id).is_none()
    }

    /// The value that a name stands for in this graph, or in the function that is lowered into it.
    pub fn local(&self, name: &[u8]) -> Option<Option<ValueId>> {
        let n_hidden = self.names.iter().rposition(|names| names.is_function).unwrap_or(0);
        self.names[n_hidden..].iter().rev().find_map(|names| names.values.get(name).copied())
    }

    fn is_in_function(&self) -> bool {
        self.names.iter().any(|names| names.is_function)
    }
}

/// The value that `name` stands for in the last of `scopes`; names of outer graphs are captured on the way.
pub(super) fn resolve(scopes: &mut [GraphScope], name: &Bytes) -> Option<Option<ValueId>> {
    let (inner, outer) = scopes.split_last_mut()?;
    if let Some(id) = inner.local(name) {
        return Some(id);
    }
    if inner.is_in_function() {
        return None;
    }
    let Some(outer_id) = resolve(outer, name)? else { return Some(None) };
    // Two names may stand for one value: arguments of functions do.
    if let Some(&(_, id)) = inner.captures.iter().find(|(captured, _)| *captured == outer_id) {
        inner.define(name.clone(), Some(id));
        return Some(Some(id));
    }
    let info = outer.last()?.graph.value(outer_id);
    // A constant needs no capture: the nested graph gets its own reference to the same bytes.
    let constant = info.constant.clone();
    let is_constant = constant.is_some();
    let info = ValueInfo { name: info.name.clone(), ty: info.ty.clone(), constant };
    let id = inner.graph.add_value(info);
    if !is_constant {
        inner.captures.push((outer_id, id));
    }
    inner.define(name.clone(), Some(id));
    Some(Some(id))
}
