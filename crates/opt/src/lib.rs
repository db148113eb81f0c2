//! Graph to better graph, same answer: one ordered list of passes, [`PASSES`].

#![forbid(unsafe_code)]

mod common;
mod dead;
mod fold;
mod fuse;
mod index;
mod noop;
mod shape;
mod sink;
#[cfg(test)]
mod testing;
mod widen;

use dunlin_ir::{Evaluate, Graph, GraphError};

pub use index::Index;

/// What passes may use.
pub struct Target<'a> {
    /// Computes nodes whose inputs are known.
    pub evaluator: &'a dyn Evaluate,
    /// Constants that folding makes have at most so many bytes each.
    pub max_folded_bytes: usize,
}

impl<'a> Target<'a> {
    /// What all backends want.
    pub fn new(evaluator: &'a dyn Evaluate) -> Target<'a> {
        Target { evaluator, max_folded_bytes: MAX_FOLDED_BYTES }
    }
}

/// Constants that folding makes may take so many bytes each, beyond those of what they are made of.
const MAX_FOLDED_BYTES: usize = 1 << 20;

/// A pass: one kind of improvement over a whole graph. Returns whether it changed something.
pub type Run = fn(&mut Graph, &Target<'_>) -> Result<bool, OptimizeError>;

/// A named pass.
#[derive(Debug, Clone, Copy)]
pub struct Pass {
    /// Its name, by which it can be switched off.
    pub name: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// When it runs.
    pub phase: Phase,
    /// Does it.
    pub run: Run,
}

/// When a pass runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Again and again until nothing changes: the result is right for every target and may be saved.
    Simplify,
    /// Once, in order, afterwards: the result holds operators that only our backends know.
    Fuse,
}

/// Every pass in the order of its run.
pub const PASSES: &[Pass] = &[
    Pass {
        name: "fold-constants",
        summary: "computes nodes of constants",
        phase: Phase::Simplify,
        run: fold::run,
    },
    Pass {
        name: "fold-shapes",
        summary: "computes shape arithmetic",
        phase: Phase::Simplify,
        run: shape::run,
    },
    Pass {
        name: "remove-noops",
        summary: "drops nodes that change nothing",
        phase: Phase::Simplify,
        run: noop::run,
    },
    Pass {
        name: "merge-common",
        summary: "computes equal nodes once",
        phase: Phase::Simplify,
        run: common::run,
    },
    Pass {
        name: "sink-constants",
        summary: "hands nested graphs the constants that they capture",
        phase: Phase::Simplify,
        run: sink::run,
    },
    Pass {
        name: "remove-dead",
        summary: "drops nodes that nobody reads",
        phase: Phase::Simplify,
        run: dead::run,
    },
    Pass {
        name: "widen-floats",
        summary: "computes 16-bit floats in float32",
        phase: Phase::Fuse,
        run: widen::run,
    },
    Pass {
        name: "fuse-quantized",
        summary: "runs quantised regions in integers",
        phase: Phase::Fuse,
        run: fuse::qdq::run,
    },
    Pass {
        name: "fuse-dynamic",
        summary: "dynamically quantised products give floats",
        phase: Phase::Fuse,
        run: fuse::dynamic::run,
    },
    Pass {
        name: "fold-dequantized",
        summary: "dequantises the weights that no integer kernel took",
        phase: Phase::Fuse,
        run: fold::run_dequantized,
    },
    Pass {
        name: "fold-channel-scales",
        summary: "puts batch norm and channel scales into convolutions",
        phase: Phase::Fuse,
        run: fuse::batch_norm::run,
    },
    Pass { name: "fuse-norm", summary: "finds layer and RMS norm", phase: Phase::Fuse, run: fuse::norm::run },
    Pass { name: "fuse-gelu", summary: "finds GELU", phase: Phase::Fuse, run: fuse::gelu::run },
    Pass {
        name: "fuse-swish",
        summary: "finds SiLU and hard swish",
        phase: Phase::Fuse,
        run: fuse::swish::run,
    },
    Pass { name: "fuse-softmax", summary: "finds softmax", phase: Phase::Fuse, run: fuse::softmax::run },
    Pass {
        name: "fuse-rotary",
        summary: "finds rotary embedding",
        phase: Phase::Fuse,
        run: fuse::rotary::run,
    },
    Pass {
        name: "fuse-attention",
        summary: "finds products, masks and softmax that are attention",
        phase: Phase::Fuse,
        run: fuse::attention::run,
    },
    Pass {
        name: "fuse-dense",
        summary: "products take their bias",
        phase: Phase::Fuse,
        run: fuse::dense::run,
    },
    Pass {
        name: "fuse-residual",
        summary: "convolutions and layers add another tensor",
        phase: Phase::Fuse,
        run: fuse::residual::run,
    },
    Pass {
        name: "fuse-activation",
        summary: "convolutions and products apply what follows",
        phase: Phase::Fuse,
        run: fuse::activation::run,
    },
];

/// The simplifying passes run at most so many times: each round enables fewer of the others.
const MAX_ROUNDS: usize = 8;

/// Why a graph could not be optimised.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum OptimizeError {
    /// The graph is not well formed.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A constant could not be made.
    #[error(transparent)]
    Tensor(#[from] dunlin_ir::TensorError),
    /// The evaluator says that the work should end.
    #[error("stopped")]
    Stopped,
    /// A pass that is to be switched off does not exist.
    #[error("there is no optimiser pass {name:?}; there are: {}", known.join(", "))]
    UnknownPass {
        /// The name.
        name: String,
        /// The names that exist.
        known: Vec<&'static str>,
    },
}

/// Simplifies and fuses `graph` and its nested graphs. Returns the names of the passes that changed something, in
/// order.
///
/// # Errors
/// [`OptimizeError`]; the graph is then in no defined state.
pub fn optimize(
    graph: &mut Graph,
    disabled: &[String],
    target: &Target<'_>,
) -> Result<Vec<&'static str>, OptimizeError> {
    if let Some(name) = disabled.iter().find(|name| !PASSES.iter().any(|pass| pass.name == **name)) {
        let known = PASSES.iter().map(|pass| pass.name).collect();
        return Err(OptimizeError::UnknownPass { name: name.clone(), known });
    }
    let enabled: Vec<&Pass> =
        PASSES.iter().filter(|pass| !disabled.iter().any(|name| *name == pass.name)).collect();
    let mut changed = vec![false; enabled.len()];
    optimize_graph(graph, &enabled, &mut changed, target)?;
    Ok(enabled.iter().zip(changed).filter(|(_, changed)| *changed).map(|(pass, _)| pass.name).collect())
}

fn optimize_graph(
    graph: &mut Graph,
    enabled: &[&Pass],
    changed: &mut [bool],
    target: &Target<'_>,
) -> Result<(), OptimizeError> {
    graph.verify()?;
    simplify(graph, enabled, changed, target)?;
    // Only now: what was folded here are constants there.
    let mut has_bodies = false;
    for node in &mut graph.nodes {
        for body in node.op.bodies_mut() {
            has_bodies = true;
            optimize_graph(body, enabled, changed, target)?;
        }
    }
    if has_bodies {
        simplify(graph, enabled, changed, target)?;
    }
    run_once(graph, Phase::Fuse, enabled, changed, target)?;
    // Fused nodes leave their parts behind.
    run_once(graph, Phase::Simplify, enabled, changed, target)?;
    graph.verify()?;
    Ok(())
}

fn simplify(
    graph: &mut Graph,
    enabled: &[&Pass],
    changed: &mut [bool],
    target: &Target<'_>,
) -> Result<(), OptimizeError> {
    for _ in 0..MAX_ROUNDS {
        if !run_once(graph, Phase::Simplify, enabled, changed, target)? {
            break;
        }
    }
    Ok(())
}

/// Runs the passes of a phase in order. Returns whether one changed something.
fn run_once(
    graph: &mut Graph,
    phase: Phase,
    enabled: &[&Pass],
    changed: &mut [bool],
    target: &Target<'_>,
) -> Result<bool, OptimizeError> {
    let mut any = false;
    for (pass, changed) in enabled.iter().zip(changed).filter(|(pass, _)| pass.phase == phase) {
        if target.evaluator.should_stop() {
            return Err(OptimizeError::Stopped);
        }
        if (pass.run)(graph, target)? {
            (*changed, any) = (true, true);
            debug_assert_eq!(graph.verify(), Ok(()), "after {}", pass.name);
        }
    }
    Ok(any)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    /// The name of a pass, and a graph that it changes.
    type Example = (&'static str, fn() -> Graph);

    const EXAMPLES: &[Example] = &[
        ("fold-constants", fold::tests::example),
        ("fold-shapes", shape::tests::example),
        ("remove-noops", noop::tests::example),
        ("merge-common", common::tests::example),
        ("sink-constants", sink::tests::example),
        ("remove-dead", dead::tests::example),
        ("widen-floats", widen::tests::example),
        ("fuse-quantized", fuse::qdq::tests::example),
        ("fuse-dynamic", fuse::dynamic::tests::example),
        ("fold-dequantized", fold::tests::dequantized),
        ("fold-channel-scales", fuse::batch_norm::tests::example),
        ("fuse-norm", fuse::norm::tests::example),
        ("fuse-gelu", fuse::gelu::tests::example),
        ("fuse-swish", fuse::swish::tests::example),
        ("fuse-softmax", fuse::softmax::tests::example),
        ("fuse-rotary", fuse::rotary::tests::example),
        ("fuse-attention", fuse::attention::tests::example),
        ("fuse-dense", fuse::dense::tests::example),
        ("fuse-residual", fuse::residual::tests::example),
        ("fuse-activation", fuse::activation::tests::example),
    ];

    #[test]
    fn every_pass_has_an_example_and_keeps_its_answer() {
        for pass in PASSES {
            let example = EXAMPLES.iter().find(|(name, _)| *name == pass.name);
            let (_, example) = example.unwrap_or_else(|| panic!("{} has no example", pass.name));
            check(&example(), pass.run);
        }
        assert_eq!(EXAMPLES.len(), PASSES.len());
    }

    #[test]
    fn a_pass_can_be_switched_off() {
        let evaluator = dunlin_exec::Evaluator::default();
        let target = Target::new(&evaluator);
        for (name, example) in EXAMPLES {
            let changed = optimize(&mut example(), &[(*name).to_owned()], &target).unwrap();
            assert!(!changed.contains(name), "{name}");
        }
        assert!(optimize(&mut Graph::default(), &["none".to_owned()], &target).is_err());
    }
}
