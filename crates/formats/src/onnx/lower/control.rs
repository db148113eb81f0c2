//! Lowering of the control family.

use dunlin_ir::Graph;
use dunlin_ir::op::Control;
use dunlin_ir::op::control::{If, Loop, Scan, SequenceMap, Walk};

use super::{LowerError, Lowered, NodeContext, Row};

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[
    Row::main("If", 1..=28, if_),
    Row::main("Loop", 1..=28, loop_),
    Row::main("Scan", 8..=8, batched_scan),
    Row::main("Scan", 9..=28, scan),
    Row::main("SequenceMap", 17..=28, sequence_map),
];

fn if_(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    node.required(0)?;
    node.inputs.truncate(1);
    let (graphs, _) = node.nested_graphs(&["then_branch", "else_branch"])?;
    let Ok([then_branch, else_branch]) = <[Graph; 2]>::try_from(graphs) else {
        return Err(LowerError::MissingAttribute("else_branch".into()));
    };
    for (name, branch) in [("then_branch", &then_branch), ("else_branch", &else_branch)] {
        check_outputs(node, name, branch, 0)?;
    }
    Ok(Control::If(Box::new(If { then_branch, else_branch })).into())
}

fn loop_(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    if node.inputs.len() < 2 {
        node.inputs.resize(2, None);
    }
    let n_carried = node.inputs.len() - 2;
    let body = body(node, 2 + n_carried)?;
    // The condition comes out beside the node's own outputs.
    check_outputs(node, "body", &body, 1)?;
    if body.outputs.len() < 1 + n_carried {
        return Err(LowerError::attribute("body", "an output for each carried value", body.outputs.len()));
    }
    Ok(Control::Loop(Box::new(Loop { body, n_carried })).into())
}

fn scan(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let n_scanned = n_scanned(node, node.inputs.len())?;
    let n_states = node.inputs.len() - n_scanned;
    let body = body(node, node.inputs.len())?;
    let n_stacked = n_stacked(node, &body, n_states)?;
    let scanned = walks(node, "scan_input_axes", "scan_input_directions", n_scanned)?;
    let stacked = walks(node, "scan_output_axes", "scan_output_directions", n_stacked)?;
    Ok(Control::Scan(Box::new(Scan { body, n_states, scanned, stacked, batched: false })).into())
}

fn batched_scan(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let n_formal = node.inputs.len().saturating_sub(1);
    let n_scanned = n_scanned(node, n_formal)?;
    let n_states = n_formal - n_scanned;
    let body = body(node, n_formal)?;
    let n_stacked = n_stacked(node, &body, n_states)?;
    let scanned = walks(node, "", "directions", n_scanned)?;
    let stacked = vec![Walk::default(); n_stacked];
    Ok(Control::Scan(Box::new(Scan { body, n_states, scanned, stacked, batched: true })).into())
}

fn n_scanned(node: &NodeContext<'_, '_>, n_formal: usize) -> Result<usize, LowerError> {
    let n = node.required_int("num_scan_inputs")?;
    let fits = usize::try_from(n).ok().filter(|n| (1..=n_formal).contains(n));
    fits.ok_or_else(|| LowerError::attribute("num_scan_inputs", format!("1 to {n_formal} (the inputs)"), n))
}

fn n_stacked(node: &NodeContext<'_, '_>, body: &Graph, n_states: usize) -> Result<usize, LowerError> {
    check_outputs(node, "body", body, 0)?;
    let n = body.outputs.len().checked_sub(n_states);
    n.ok_or_else(|| {
        LowerError::attribute("body", format!("{n_states} states among its outputs"), body.outputs.len())
    })
}

fn walks(
    node: &NodeContext<'_, '_>,
    axes: &str,
    directions: &str,
    n: usize,
) -> Result<Vec<Walk>, LowerError> {
    let list = |name: &str| {
        let values = node.ints(name)?.unwrap_or_default();
        if values.is_empty() || values.len() == n {
            return Ok(values);
        }
        Err(LowerError::attribute(name, format!("{n} values"), values))
    };
    let (axes, backward) = (list(axes)?, list(directions)?);
    let at = |values: &[i64], i: usize| values.get(i).copied().unwrap_or(0);
    Ok((0..n).map(|i| Walk { axis: at(axes, i), backward: at(backward, i) != 0 }).collect())
}

fn sequence_map(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let n_inputs = node.inputs.len();
    let body = body(node, n_inputs)?;
    check_outputs(node, "body", &body, 0)?;
    Ok(Control::SequenceMap(Box::new(SequenceMap { body, n_inputs })).into())
}

/// The graph of attribute `body`, which must have `n_formal` inputs beside its captures.
fn body(node: &mut NodeContext<'_, '_>, n_formal: usize) -> Result<Graph, LowerError> {
    let (mut graphs, n_captures) = node.nested_graphs(&["body"])?;
    let body = graphs.pop().ok_or_else(|| LowerError::MissingAttribute("body".into()))?;
    let got = body.inputs.len() - n_captures;
    if got != n_formal {
        return Err(LowerError::attribute("body", format!("a graph with {n_formal} inputs"), got));
    }
    Ok(body)
}

fn check_outputs(
    node: &NodeContext<'_, '_>,
    name: &str,
    graph: &Graph,
    n_own: usize,
) -> Result<(), LowerError> {
    let needed = node.outputs.len() + n_own;
    if graph.outputs.len() >= needed {
        return Ok(());
    }
    Err(LowerError::attribute(name, format!("a graph with {needed} outputs"), graph.outputs.len()))
}
