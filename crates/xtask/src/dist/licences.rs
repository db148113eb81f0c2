//! The licences of the crates that are linked into a library, as they ask to be passed on.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::shell::{cargo, output};

/// Every crate in the library that a package of ours builds, with its licence and the texts that came with it; equal texts stand once.
pub fn third_party(package: &str, features: &[String]) -> Result<String> {
    let mut text = String::from("Dunlin's library holds code of these crates, under these licences.\n\n");
    let mut texts: Vec<(String, Vec<String>)> = Vec::new();
    for (name, licence, folder) in crates(package, features)? {
        writeln!(text, "{name}: {licence}")?;
        for file in licence_files(&folder)? {
            let found = String::from_utf8_lossy(&std::fs::read(file)?).trim().replace("\r\n", "\n");
            match texts.iter_mut().find(|(known, _)| *known == found) {
                Some((_, names)) => names.push(name.clone()),
                None => texts.push((found, vec![name.clone()])),
            }
        }
    }
    for (licence, names) in texts {
        write!(text, "\n{}\n{}\n\n{licence}\n", "-".repeat(80), names.join(", "))?;
    }
    Ok(text)
}

/// Name and version, licence, and folder of each crate of others that the library is built of.
fn crates(package: &str, features: &[String]) -> Result<Vec<(String, String, PathBuf)>> {
    let tree = [
        "tree",
        "--package",
        package,
        "--edges",
        "normal,no-proc-macro",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    let tree = output(cargo(&tree).args(["--features", &features.join(",")]))?;
    let used: BTreeSet<String> =
        tree.lines().filter_map(|line| Some(line.split(" (").next()?.trim().replace(" v", " "))).collect();
    let metadata = output(&mut cargo(&["metadata", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata).context("cargo metadata")?;
    let packages = metadata["packages"].as_array().map_or(&[][..], Vec::as_slice);
    let foreign = packages.iter().filter(|package| package["source"].is_string()).filter_map(|package| {
        let name = format!("{} {}", package["name"].as_str()?, package["version"].as_str()?);
        let folder = Path::new(package["manifest_path"].as_str()?).parent()?.to_path_buf();
        Some((name, package["license"].as_str().unwrap_or("see its text").to_owned(), folder))
    });
    Ok(foreign.filter(|(name, ..)| used.contains(name)).collect())
}

fn licence_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        let is_licence =
            ["LICENSE", "LICENCE", "COPYING", "NOTICE"].iter().any(|word| name.starts_with(word));
        if is_licence && entry.file_type()?.is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}
