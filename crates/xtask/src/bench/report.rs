//! Figures as text: a line as they come in, tables at the end, docs/benchmarks.md.

use std::fmt::Write as _;

use super::{Figure, Table};

/// One model's figures as they come in.
pub fn line(figures: &[Figure]) -> String {
    let Some(first) = figures.first() else { return String::new() };
    let cells: Vec<String> = figures.iter().map(|f| format!("{} {}", f.engine, time(f, f.median))).collect();
    format!("  {} with {} threads: {}", first.model, first.threads, cells.join(", "))
}

/// docs/benchmarks.md.
pub fn document(table: &Table) -> String {
    format!(
        "# Benchmarks\n\n\
         Written by `cargo xtask bench --peers`; do not edit. One request at a time, the first case of each model in\n\
         tests/models.toml. Runs of all engines alternate; times are medians. Loads are medians of fresh processes, with the\n\
         file in the system's cache; memory is what load and first run added to the process at most (mapped pages of the\n\
         file count). Error: the largest difference from ONNX Runtime's stored outputs, relative to the largest value.\n\n\
         Machine: {}. Engines: {}.\n{}",
        table.machine.line(),
        table.versions.join(", "),
        tables(table)
    )
}

/// A table per number of threads.
pub fn tables(table: &Table) -> String {
    let mut text = String::new();
    let mut threads: Vec<usize> = table.figures.iter().map(|figure| figure.threads).collect();
    threads.dedup();
    for threads in threads {
        let figures: Vec<&Figure> = table.figures.iter().filter(|figure| figure.threads == threads).collect();
        let _ = writeln!(text, "\n## {threads} {}\n", if threads == 1 { "thread" } else { "threads" });
        text.push_str("| model | engine | run, ms | beside Dunlin | load, ms | memory, MB | error |\n");
        text.push_str("|---|---|---:|---:|---:|---:|---:|\n");
        for figure in &figures {
            row(&mut text, figure, own(&figures, &figure.model));
        }
    }
    text
}

/// Dunlin's figure for the model.
fn own<'a>(figures: &[&'a Figure], model: &str) -> Option<&'a Figure> {
    figures.iter().copied().find(|figure| figure.model == model && figure.engine == "dunlin")
}

fn row(text: &mut String, figure: &Figure, own: Option<&Figure>) {
    let name = if figure.engine == "dunlin" { figure.model.as_str() } else { "" };
    if let Some(failure) = &figure.failure {
        let failure = failure.replace('|', "\\|");
        let _ = writeln!(text, "| {name} | {} | {failure} | | | | |", figure.engine);
        return;
    }
    let ratio = own
        .filter(|own| own.failure.is_none() && own.median > 0.0 && own.engine != figure.engine)
        .map_or_else(String::new, |own| format!("{:.2}", figure.median / own.median));
    let _ = writeln!(
        text,
        "| {name} | {} | {} | {ratio} | {:.1} | {:.1} | {:.0e} |",
        figure.engine,
        time(figure, figure.median),
        figure.load * 1e3,
        figure.peak_bytes as f64 / 1e6,
        figure.error
    );
}

fn time(figure: &Figure, seconds: f64) -> String {
    match figure.failure {
        Some(_) => "failed".to_owned(),
        None if seconds < 1e-3 => format!("{:.4}", seconds * 1e3),
        None => format!("{:.2}", seconds * 1e3),
    }
}
