//! `dunlin inspect`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use dunlin_core::{Graph, Inspection, Memory, Model, Shape};
use serde_json::json;

use crate::input::InputArgs;
use crate::load::LoadArgs;
use crate::style;

/// Show a model without running it.
#[derive(Debug, Args)]
pub struct InspectArgs {
    #[command(flatten)]
    load: LoadArgs,

    #[command(flatten)]
    input: InputArgs,

    /// Print the graph as the file has it, the graph after the optimiser, or the plan's steps.
    #[arg(long, value_enum)]
    stage: Option<Stage>,

    /// Print facts for scripts.
    #[arg(long)]
    json: bool,
}

/// What to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stage {
    /// As the file has it.
    Graph,
    /// After the optimiser.
    Optimized,
    /// The steps, and where values live.
    Plan,
}

impl InspectArgs {
    /// Does it.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.stage {
            Some(Stage::Graph) => print!("{}", self.load.builder().inspect(&self.load.model)?.graph),
            Some(Stage::Optimized) => print!("{}", self.load.load()?.graph()),
            Some(Stage::Plan) => print!("{}", self.load.load()?.plan()),
            None => self.summary()?,
        }
        Ok(ExitCode::SUCCESS)
    }

    fn summary(&self) -> anyhow::Result<()> {
        let inspection = self.load.builder().inspect(&self.load.model)?;
        let model = self.load.load()?;
        let shapes = model.inputs().iter().map(|input| self.input.shape_of(input).ok()).collect::<Vec<_>>();
        let memory = model.memory(&shapes)?;
        if self.json {
            println!("{}", summary_json(&inspection, &model, memory));
        } else {
            print_summary(&inspection, &model, memory, &shapes);
        }
        Ok(())
    }
}

fn print_summary(inspection: &Inspection, model: &Model, memory: Memory, shapes: &[Option<Shape>]) {
    let info = &inspection.metadata;
    println!("{}", style::heading("inputs"));
    for input in &inspection.inputs {
        println!("  {}: {}{}", input.name, input.ty, if input.is_optional { " (optional)" } else { "" });
    }
    println!("{}", style::heading("outputs"));
    for output in &inspection.outputs {
        println!("  {}: {}", output.name, output.ty);
    }
    println!("{}", style::heading("file"));
    let opsets: Vec<String> =
        info.opsets.iter().map(|(domain, version)| format!("{domain} {version}")).collect();
    println!("  IR version {}, {}", info.ir_version, opsets.join(", "));
    if !info.producer.is_empty() {
        println!("  made by {}", info.producer);
    }
    if !info.description.is_empty() {
        println!("  {}", info.description);
    }
    for (key, value) in &info.metadata {
        println!("  {key}: {value}");
    }
    let (n_nodes, operators) = operators(&inspection.graph);
    let (n_optimized, _) = self::operators(model.graph());
    println!(
        "{}",
        style::heading(&format!("operators ({n_nodes} nodes, {n_optimized} after the optimiser)"))
    );
    for (name, count) in &operators {
        println!("  {count:>5}  {name}");
    }
    let report = model.report();
    println!("{}", style::heading("memory"));
    println!("  weights in the file {}", style::bytes(weight_bytes(&inspection.graph)));
    println!("  packed for kernels  {}", style::bytes(report.packed_bytes));
    println!("  constants           {}", style::bytes(report.constant_bytes));
    let sizes: Vec<String> = shapes.iter().flatten().map(Shape::to_string).collect();
    let exact = if matches!(memory, Memory::Exact(_)) { "" } else { "at least " };
    println!("  tensors of a run    {exact}{} for {}", style::bytes(memory.bytes()), sizes.join(", "));
    if !report.passes.is_empty() {
        println!(
            "{}\n  {}",
            style::heading("optimiser passes that changed something"),
            report.passes.join(", ")
        );
    }
}

fn summary_json(inspection: &Inspection, model: &Model, memory: Memory) -> serde_json::Value {
    let info = &inspection.metadata;
    let inputs: Vec<_> = inspection
        .inputs
        .iter()
        .map(|input| json!({ "name": &*input.name, "type": input.ty.to_string(), "optional": input.is_optional }))
        .collect();
    let outputs: Vec<_> =
        inspection.outputs.iter().map(|o| json!({ "name": &*o.name, "type": o.ty.to_string() })).collect();
    let (n_nodes, operators) = operators(&inspection.graph);
    json!({
        "inputs": inputs, "outputs": outputs, "ir_version": info.ir_version,
        "opsets": info.opsets.iter().cloned().collect::<BTreeMap<_, _>>(), "producer": info.producer,
        "description": info.description, "metadata": info.metadata.iter().cloned().collect::<BTreeMap<_, _>>(),
        "nodes": n_nodes, "operators": operators, "passes": model.report().passes,
        "weight_bytes": weight_bytes(&inspection.graph), "packed_bytes": model.report().packed_bytes,
        "constant_bytes": model.report().constant_bytes, "run_bytes": memory.bytes(),
        "run_bytes_exact": matches!(memory, Memory::Exact(_)),
    })
}

/// How many nodes there are, and how many of each operator, by the names in the file; nested graphs included.
fn operators(graph: &Graph) -> (usize, BTreeMap<String, usize>) {
    let mut counts = BTreeMap::new();
    graph.visit_nodes(&mut |node| *counts.entry(node.origin.op_type.to_string()).or_default() += 1);
    (counts.values().sum(), counts)
}

/// Bytes of all constants, those of nested graphs included.
fn weight_bytes(graph: &Graph) -> usize {
    let own: usize =
        graph.values.iter().filter_map(|value| value.constant.as_ref()).map(|tensor| tensor.byte_len()).sum();
    let bodies = graph.nodes.iter().flat_map(|node| node.op.bodies());
    own + bodies.map(weight_bytes).sum::<usize>()
}
