//! The table of tests that are known to fail, each with its reason: tests/conformance/expected.tsv.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::Run;
use super::case::Case;
use crate::place;

/// Backend and test, and why it fails.
type Table = BTreeMap<(String, String), String>;

const HEADER: &str = "\
# ONNX tests that are known to fail: backend, test, reason, separated by tabs.
# `cargo xtask conformance --update` adds what fails now and removes what passes; reasons that are there stay.
";

/// Holds a run against the table, or brings the table up to date with it.
pub fn check(cases: &[Case], runs: &[Run<'_>], update: bool) -> Result<()> {
    let mut table = read()?;
    let (mut broken, mut mended) = (Vec::new(), Vec::new());
    for run in runs {
        for (case, outcome) in cases.iter().zip(&run.outcomes) {
            let key = (run.backend.name.to_owned(), case.id());
            match (&outcome.failure, table.contains_key(&key)) {
                (Some(failure), false) => broken.push((key, failure.to_string())),
                (None, true) => mended.push(key),
                _ => {}
            }
        }
    }
    if update {
        table.retain(|key, _| !mended.contains(key));
        println!("expected failures: {} added, {} removed", broken.len(), mended.len());
        table.extend(broken);
        return write(&table);
    }
    for ((backend, test), reason) in &broken {
        println!("newly failing: {backend} {test}: {reason}");
    }
    for (backend, test) in &mended {
        println!("newly passing: {backend} {test}");
    }
    if broken.is_empty() && mended.is_empty() {
        return Ok(());
    }
    let advice = if broken.is_empty() { "; run `cargo xtask conformance --update`" } else { "" };
    bail!("{} tests newly fail, {} newly pass{advice}", broken.len(), mended.len())
}

fn path() -> PathBuf {
    place::repository().join("tests/conformance/expected.tsv")
}

fn read() -> Result<Table> {
    let path = path();
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let rows = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|line| {
        let mut cells = line.splitn(3, '\t').map(str::to_owned);
        let row = (|| Some(((cells.next()?, cells.next()?), cells.next()?)))();
        row.with_context(|| format!("{}: a row has three cells, not {line:?}", path.display()))
    })
    .collect()
}

fn write(table: &Table) -> Result<()> {
    let mut text = HEADER.to_owned();
    for ((backend, test), reason) in table {
        let _ = writeln!(text, "{backend}\t{test}\t{}", reason.replace('\t', " "));
    }
    Ok(std::fs::write(path(), text)?)
}
