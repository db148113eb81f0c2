//! Prints the operators that models need, as a build for them alone (`DUNLIN_OPERATORS`) is told: a row for each that runs, and
//! for each that is computed while the model is loaded; and a row of the families that the file is read by.

use std::cell::RefCell;
use std::collections::BTreeMap;

use dunlin_core::{Error, ErrorKind, Model};
use dunlin_exec::Evaluator;
use dunlin_formats::onnx::family_of;
use dunlin_ir::{Evaluate, Graph, Op, Tensor};
use dunlin_opt::{Target, optimize};

fn main() -> Result<(), Error> {
    let recorder = Recorder::default();
    for path in std::env::args_os().skip(1) {
        let mut graph = Model::builder().inspect(path)?.graph;
        recorder.imports(&graph);
        optimize(&mut graph, &[], &Target::new(&recorder))
            .map_err(|error| Error::new(ErrorKind::Graph, error.to_string()))?;
        recorder.graph(&graph);
    }
    for (name, variants) in recorder.rows.take() {
        println!("{name} {}", variants.join(" "));
    }
    Ok(())
}

/// Notes each operator that it sees, and computes those that it is asked to.
#[derive(Default)]
struct Recorder {
    evaluator: Evaluator,
    rows: RefCell<BTreeMap<&'static str, Vec<String>>>,
}

impl Recorder {
    fn graph(&self, graph: &Graph) {
        graph.nodes.iter().for_each(|node| self.op(&node.op));
    }

    /// Notes in which families the operators of the file are imported: fusion may leave none of them.
    fn imports(&self, graph: &Graph) {
        for node in &graph.nodes {
            if let Some(family) = family_of(&node.origin.domain, &node.origin.op_type) {
                let mut rows = self.rows.borrow_mut();
                let (families, import) = (rows.entry("import").or_default(), format!("{family}::import"));
                if !families.contains(&import) {
                    families.push(import);
                }
            }
            node.op.bodies().into_iter().for_each(|body| self.imports(body));
        }
    }

    fn op(&self, op: &Op) {
        let mut rows = self.rows.borrow_mut();
        let variants = rows.entry(op.name()).or_default();
        for variant in op.variants() {
            if !variants.contains(&variant) {
                variants.push(variant);
            }
        }
        drop(rows);
        op.bodies().into_iter().for_each(|body| self.graph(body));
    }
}

impl Evaluate for Recorder {
    fn evaluate(&self, op: &Op, inputs: &[Option<Tensor>], n_outputs: usize) -> Option<Vec<Option<Tensor>>> {
        self.op(op);
        self.evaluator.evaluate(op, inputs, n_outputs)
    }
}
