//! `cargo xtask scenarios`: the scenarios of tests/scenarios in the languages that run here, and whether all answer the same.

mod plan;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use dunlin_testing::scenario::{Outcome, Record, Scenario, read_all};

use crate::native::{self, Library};
use crate::place;
use crate::shell::{cargo, check};

/// The records of languages that other commands run lie here, too.
pub fn folder() -> Result<PathBuf> {
    let folder = place::target()?.join("scenarios");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Runs the scenarios in Rust, C and C++, and compares with all records that there are.
///
/// # Errors
/// If a target answers a scenario wrongly, or not with the bits of the others that use its instruction set.
pub fn run() -> Result<()> {
    let scenarios = read_all(&place::repository().join("tests/scenarios")).map_err(|error| anyhow!(error))?;
    let folder = folder()?;
    let rust = ["test", "--quiet", "--package", "dunlin-testing", "--test", "scenarios"];
    check(cargo(&rust).env("DUNLIN_SCENARIOS_OUT", folder.join("rust.json")))?;
    let library = Library::build()?;
    let programs: [(&str, &'static [&'static str]); 2] =
        [("c", &["tests/c/scenario.c"]), ("cpp", &["tests/cpp/scenario.cpp"])];
    for (target, sources) in programs {
        let record = follow(target, &native::compile(&library, sources)?, &scenarios)?;
        std::fs::write(folder.join(target).with_extension("json"), serde_json::to_vec(&record)?)?;
    }
    let records = read_records()?;
    print_matrix(&scenarios, &records);
    let wrong = [wrong_answers(&records), other_bits(&records)].concat();
    wrong.iter().for_each(|line| println!("  {line}"));
    if !wrong.is_empty() {
        bail!("{} of the answers are wrong", wrong.len());
    }
    Ok(())
}

/// Runs a program that knows plans on each scenario.
fn follow(target: &str, program: &Path, scenarios: &BTreeMap<String, Scenario>) -> Result<Record> {
    let folder = folder()?;
    let (plan, answers) = (folder.join(format!("{target}.plan")), folder.join(format!("{target}.answers")));
    let mut record = Record { target: target.to_owned(), ..Record::default() };
    for (name, scenario) in scenarios {
        std::fs::write(&plan, plan::write(scenario)?)?;
        let mut command = Command::new(program);
        check(
            command.current_dir(place::repository()).env_remove("LD_LIBRARY_PATH").arg(&plan).arg(&answers),
        )
        .with_context(|| format!("{target}: {name}"))?;
        let (isa, answers) =
            plan::read(&std::fs::read(&answers)?).with_context(|| format!("{target}: {name}"))?;
        record.isa = isa;
        record.scenarios.insert(name.clone(), scenario.check(&answers));
    }
    Ok(record)
}

fn read_records() -> Result<Vec<Record>> {
    let mut records: Vec<Record> = Vec::new();
    for entry in std::fs::read_dir(folder()?)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read(&path)?;
            records.push(serde_json::from_slice(&text).with_context(|| path.display().to_string())?);
        }
    }
    records.sort_by(|a, b| a.target.cmp(&b.target));
    Ok(records)
}

/// A line for each scenario, a column for each target.
fn print_matrix(scenarios: &BTreeMap<String, Scenario>, records: &[Record]) {
    let titles: Vec<String> =
        records.iter().map(|record| format!("{} ({})", record.target, record.isa)).collect();
    println!("  {:<20} {}", "", titles.join("  "));
    for name in scenarios.keys() {
        let cells = records.iter().zip(&titles).map(|(record, title)| {
            let cell =
                record.scenarios.get(name).map_or("-", |outcome| if outcome.ok { "ok" } else { "WRONG" });
            format!("{cell:<width$}", width = title.len())
        });
        println!("  {name:<20} {}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

fn wrong_answers(records: &[Record]) -> Vec<String> {
    let each = |record: &Record| -> Vec<String> {
        let wrong = record.scenarios.iter().filter(|(_, outcome)| !outcome.ok);
        wrong.map(|(name, outcome)| format!("{}, {name}: {}", record.target, outcome.why)).collect()
    };
    records.iter().flat_map(each).collect()
}

/// Scenarios to which two targets of one instruction set give other bits.
fn other_bits(records: &[Record]) -> Vec<String> {
    let sets: BTreeSet<&str> = records.iter().map(|record| record.isa.as_str()).collect();
    let mut found = Vec::new();
    for isa in sets {
        let mut alike = records.iter().filter(|record| record.isa == isa);
        let Some(first) = alike.next() else { continue };
        for other in alike {
            let differ = |(name, outcome): &(&String, &Outcome)| {
                other.scenarios.get(*name).is_some_and(|own| own.outputs != outcome.outputs)
            };
            found.extend(first.scenarios.iter().filter(differ).map(|(name, _)| {
                format!("{name}: {} gives other bits than {}, both with {isa}", other.target, first.target)
            }));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(target: &str, isa: &str, bits: &str) -> Record {
        let outputs = vec![BTreeMap::from([("y".to_owned(), bits.to_owned())])];
        let outcome = Outcome { ok: true, why: String::new(), outputs };
        Record {
            target: target.to_owned(),
            isa: isa.to_owned(),
            scenarios: BTreeMap::from([("digits".to_owned(), outcome)]),
        }
    }

    #[test]
    fn bits_are_compared_within_an_instruction_set() {
        let records =
            [record("c", "avx2", "AA=="), record("rust", "avx2", "AA=="), record("web", "portable", "AQ==")];
        assert!(other_bits(&records).is_empty());
        let records = [record("c", "avx2", "AA=="), record("rust", "avx2", "AQ==")];
        assert_eq!(other_bits(&records), ["digits: rust gives other bits than c, both with avx2"]);
    }
}
