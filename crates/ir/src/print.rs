//! The graph as text: one line per node, values by name.

use std::fmt;

use crate::{Graph, Node, ValueId};

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "graph {:?}", self.name)?;
        for &input in &self.inputs {
            writeln!(f, "  in  {}: {}", Name(self, input), self.value(input).ty)?;
        }
        for &output in &self.outputs {
            writeln!(f, "  out {}: {}", Name(self, output), self.value(output).ty)?;
        }
        self.nodes.iter().try_for_each(|node| self.print_node(f, node))
    }
}

impl Graph {
    fn print_node(&self, f: &mut fmt::Formatter<'_>, node: &Node) -> fmt::Result {
        let names = |ids: &mut dyn Iterator<Item = Option<ValueId>>| {
            let names: Vec<String> =
                ids.map(|id| id.map_or("-".into(), |id| Name(self, id).to_string())).collect();
            names.join(", ")
        };
        let outputs = names(&mut node.outputs.iter().copied());
        write!(f, "  {outputs} = {}({})", node.op.name(), names(&mut node.inputs.iter().copied()))?;
        if let Some(first) = node.outputs.iter().flatten().next() {
            write!(f, ": {}", self.value(*first).ty)?;
        }
        if node.origin.name.is_empty() { writeln!(f) } else { writeln!(f, "  # {}", node.origin.name) }
    }

    /// Calls `visit` for every node, those of nested graphs after the node that holds them.
    pub fn visit_nodes<'g>(&'g self, visit: &mut dyn FnMut(&'g Node)) {
        for node in &self.nodes {
            visit(node);
            node.op.bodies().into_iter().for_each(|graph| graph.visit_nodes(visit));
        }
    }
}

/// A value's name: its own, or `%` and its number; constants with their type.
struct Name<'g>(&'g Graph, ValueId);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Name(graph, id) = *self;
        let info = graph.value(id);
        if info.name.is_empty() {
            write!(f, "%{}", id.0)?;
        } else {
            f.write_str(&info.name)?;
        }
        match &info.constant {
            Some(tensor) => write!(f, " {{{}{}}}", tensor.dtype(), tensor.shape()),
            None => Ok(()),
        }
    }
}
