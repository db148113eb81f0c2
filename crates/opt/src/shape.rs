//! Computes shape arithmetic whose results follow from the declared shapes alone.
//!
//! ```text
//! s = Shape(x: [2, 3]); n = Gather(s, 0); ..      =>      n = 2; ..
//! ```

use dunlin_ir::{Graph, Op, infer_graph};

use crate::index::is_pure;
use crate::{OptimizeError, Target};

/// Values that hold at most so many elements are followed.
const MAX_ELEMENTS: usize = 1024;

/// Runs the pass.
pub(crate) fn run(graph: &mut Graph, target: &Target<'_>) -> Result<bool, OptimizeError> {
    let facts = infer_graph(graph, &[], Some(target.evaluator), MAX_ELEMENTS);
    let mut changed = false;
    for node in &mut graph.nodes {
        let outputs = node.outputs.iter().flatten();
        let known = outputs.clone().all(|id| facts[id.index()].value.is_some());
        // Dequantised weights stay as they are, since quantised kernels want them so.
        let is_kept = matches!(node.op, Op::Quantize(_));
        if !known || is_kept || !is_pure(&node.op) || outputs.clone().next().is_none() {
            continue;
        }
        for id in outputs {
            graph.values[id.index()].constant.clone_from(&facts[id.index()].value);
        }
        node.outputs.fill(None);
        changed = true;
    }
    graph.nodes.retain(|node| node.outputs.iter().any(Option::is_some));
    for (value, fact) in graph.values.iter_mut().zip(facts) {
        value.ty = fact.ty;
    }
    Ok(changed)
}
