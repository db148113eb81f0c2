//! The room map of ARCHITECTURE.md against the dependencies that cargo knows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::place;
use crate::shell::cargo;

/// Crates and the crates of ours that each uses, by short name.
type Rooms = BTreeMap<String, BTreeSet<String>>;

/// Compares map and dependencies; an error lists every difference.
pub fn check() -> Result<()> {
    let text = std::fs::read_to_string(place::repository().join("ARCHITECTURE.md"))?;
    let (map, order) = rooms_of_map(&text)?;
    let output = cargo(&["metadata", "--no-deps", "--format-version", "1"]).output()?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let differences = differences(&map, &order, &rooms_of_cargo(&metadata));
    if differences.is_empty() {
        return Ok(());
    }
    bail!("ARCHITECTURE.md and the dependencies differ:\n  {}", differences.join("\n  "))
}

/// The rows under "## Rooms", and the order in which they stand.
fn rooms_of_map(text: &str) -> Result<(Rooms, Vec<String>)> {
    let section = text.split("## Rooms").nth(1).context("ARCHITECTURE.md has no section \"Rooms\"")?;
    let section = section.split("\n## ").next().unwrap_or(section);
    let (mut rooms, mut order) = (Rooms::new(), Vec::new());
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, _, uses] = cells[..] else { bail!("a row of the map has three cells, not {row:?}") };
        let name = name.trim_matches('`').trim_start_matches("crates/").to_owned();
        let uses = uses.split(',').map(str::trim).filter(|part| *part != "–").map(str::to_owned);
        rooms.insert(name.clone(), uses.collect());
        order.push(name);
    }
    Ok((rooms, order))
}

/// The workspace's packages and their path dependencies; those of tests alone do not count.
fn rooms_of_cargo(metadata: &serde_json::Value) -> Rooms {
    let packages = metadata["packages"].as_array().map_or(&[][..], Vec::as_slice);
    let ours = |package: &serde_json::Value| {
        let dependencies = package["dependencies"].as_array().map_or(&[][..], Vec::as_slice);
        let used =
            dependencies.iter().filter(|d| d["kind"] != "dev").filter_map(|d| short(d["path"].as_str()?));
        Some((short(Path::new(package["manifest_path"].as_str()?).parent()?.to_str()?)?, used.collect()))
    };
    packages.iter().filter_map(ours).collect()
}

/// A crate's folder name; the root package is called by its own.
fn short(folder: &str) -> Option<String> {
    if Path::new(folder) == place::repository() {
        return Some("dunlin".to_owned());
    }
    Some(Path::new(folder).file_name()?.to_str()?.to_owned())
}

fn differences(map: &Rooms, order: &[String], real: &Rooms) -> Vec<String> {
    let mut found = Vec::new();
    for name in map.keys().filter(|name| !real.contains_key(*name)) {
        found.push(format!("{name} is on the map, but there is no such crate"));
    }
    for (name, uses) in real {
        let Some(mapped) = map.get(name) else {
            found.push(format!("{name} is not on the map"));
            continue;
        };
        found.extend(
            uses.difference(mapped).map(|used| format!("{name} uses {used}, the map does not say so")),
        );
        found.extend(
            mapped.difference(uses).map(|used| format!("{name} does not use {used}, the map says so")),
        );
    }
    let place = |name: &String| order.iter().position(|own| own == name);
    for (name, uses) in map {
        for used in uses.iter().filter(|used| place(used) >= place(name)) {
            found.push(format!("{name} uses {used}, which stands below it"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooms(rows: &[(&str, &[&str])]) -> Rooms {
        let row = |(name, uses): &(&str, &[&str])| {
            ((*name).to_owned(), uses.iter().map(|used| (*used).to_owned()).collect())
        };
        rows.iter().map(row).collect()
    }

    #[test]
    fn the_map_is_read_and_compared() {
        let text = "## Rooms\n| crate | one job | uses |\n|---|---|---|\n| `crates/a` | x | – |\n| `b` | y | a |\n\n## More";
        let (map, order) = rooms_of_map(text).unwrap();
        assert_eq!(map, rooms(&[("a", &[]), ("b", &["a"])]));
        assert!(differences(&map, &order, &map).is_empty());
        let real = rooms(&[("a", &["b"]), ("c", &[])]);
        assert_eq!(differences(&map, &order, &real).len(), 3);
        let upward = rooms(&[("a", &["b"]), ("b", &[])]);
        assert_eq!(differences(&upward, &order, &upward), ["a uses b, which stands below it"]);
    }
}
