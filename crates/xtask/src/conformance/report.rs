//! docs/onnx-conformance.md, written from a run.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Run;
use super::case::Case;

/// Lists the failing tests on standard output.
pub fn print_failures(cases: &[Case], runs: &[Run<'_>]) {
    for run in runs {
        for (case, outcome) in cases.iter().zip(&run.outcomes) {
            if let Some(failure) = &outcome.failure {
                println!("{} {} [{}] {failure}", run.backend.name, case.id(), case.op);
            }
        }
    }
}

/// The whole document.
pub fn document(version: &str, cases: &[Case], runs: &[Run<'_>]) -> String {
    let mut text = format!(
        "# ONNX conformance\n\n\
         Written by `cargo xtask conformance --update` from the backend tests of onnx {version}; do not edit.\n\
         A test passes when every output has the expected type and shape, and each element is within the test's own\n\
         tolerance (relative 1e-3 and absolute 1e-7, unless the test says otherwise; integers, strings and truth values\n\
         exactly). Of random outputs only types, shapes and what the distribution promises are compared.\n"
    );
    text.push('\n');
    runs.iter().for_each(|run| text.extend(["- ", &run.summary(), "\n"]));
    section(&mut text, "Suites", "suite", &by(cases, runs, |case| case.suite.clone()), runs);
    section(&mut text, "Operators", "operator", &by(cases, runs, operator), runs);
    text.push_str("\n## Failures\n");
    for run in runs {
        failures(&mut text, cases, run);
    }
    text
}

/// Passed per run, and the number of tests.
type Row = (Vec<usize>, usize);

fn by(cases: &[Case], runs: &[Run<'_>], key: impl Fn(&Case) -> String) -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    for (i, case) in cases.iter().enumerate() {
        let (passed, total): &mut Row = rows.entry(key(case)).or_insert_with(|| (vec![0; runs.len()], 0));
        *total += 1;
        for (passed, run) in passed.iter_mut().zip(runs) {
            *passed += usize::from(run.outcomes[i].failure.is_none());
        }
    }
    rows
}

fn operator(case: &Case) -> String {
    match case.domain.as_str() {
        "" | "ai.onnx" => case.op.clone(),
        domain => format!("{domain}.{}", case.op),
    }
}

fn section(text: &mut String, title: &str, what: &str, rows: &BTreeMap<String, Row>, runs: &[Run<'_>]) {
    let _ = writeln!(text, "\n## {title}\n");
    let mut row = |cells: Vec<String>| {
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    };
    let names = runs.iter().map(|run| run.backend.name.to_owned());
    row([what, "tests"].into_iter().map(str::to_owned).chain(names).collect());
    row(["---", "---:"].into_iter().chain(runs.iter().map(|_| "---:")).map(str::to_owned).collect());
    let totals = (0..runs.len()).map(|i| rows.values().map(|(passed, _)| passed[i]).sum()).collect();
    let all = (totals, rows.values().map(|(_, total)| total).sum::<usize>());
    let named = rows.iter().map(|(name, counts)| (name.as_str(), counts)).chain([("all", &all)]);
    for (name, (passed, total)) in named {
        let counts = [total].into_iter().chain(passed).map(ToString::to_string);
        row([name.to_owned()].into_iter().chain(counts).collect());
    }
}

fn failures(text: &mut String, cases: &[Case], run: &Run<'_>) {
    let failed: Vec<_> = cases
        .iter()
        .zip(&run.outcomes)
        .filter_map(|(case, outcome)| Some((case, outcome.failure.as_ref()?)))
        .collect();
    let _ = writeln!(text, "\n### {}\n", run.backend.name);
    if failed.is_empty() {
        text.push_str("None.\n");
        return;
    }
    text.push_str("| test | operator | reason |\n|---|---|---|\n");
    for (case, failure) in failed {
        let reason = failure.to_string().replace('|', "\\|");
        let _ = writeln!(text, "| {} | {} | {reason} |", case.id(), operator(case));
    }
}
