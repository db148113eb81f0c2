//! Writes down which operators a build is to compute, all or those of `DUNLIN_OPERATORS`, and, with the feature `encode`, a name of
//! the sources: encodings are exchanged only between builds of the same.
//!
//! The variable holds a row per operator: its name as reports have it, and the variants of `Op` that compute it, such as
//! `Relu Elementwise::Unary Unary::Relu`. `cargo xtask slim` makes it from models.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

fn main() -> std::io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=DUNLIN_OPERATORS");
    if std::env::var_os("CARGO_FEATURE_ENCODE").is_some() {
        println!("cargo:rerun-if-changed=src");
        println!("cargo:rustc-env=DUNLIN_ENCODING={}-{:016x}", env!("CARGO_PKG_VERSION"), hash_of_sources()?);
    }
    let folder = std::path::PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    std::fs::write(folder.join("operators.rs"), constants(std::env::var("DUNLIN_OPERATORS").ok().as_deref()))
}

fn constants(rows: Option<&str>) -> String {
    let Some(rows) = rows else {
        return "const NAMES: Option<&[&str]> = None;\nconst VARIANTS: Option<&[&str]> = None;\n".to_owned();
    };
    let (mut names, mut variants) = (BTreeSet::new(), BTreeSet::new());
    for row in rows.lines() {
        let mut words = row.split_whitespace();
        names.extend(words.next());
        variants.extend(words);
    }
    let mut text = String::new();
    for (constant, words) in [("NAMES", names), ("VARIANTS", variants)] {
        let words: Vec<&str> = words.into_iter().collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "const {constant}: Option<&[&str]> = Some(&{words:?});");
    }
    text
}

/// FNV-1a of the names and contents of the sources.
fn hash_of_sources() -> std::io::Result<u64> {
    let mut files = BTreeMap::new();
    collect(Path::new("src"), &mut files)?;
    let bytes =
        files.iter().flat_map(|(name, contents)| name.bytes().chain([0]).chain(contents.iter().copied()));
    Ok(bytes
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)))
}

fn collect(folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            let contents = std::fs::read(&path)?;
            files.insert(path.to_string_lossy().replace('\\', "/"), contents);
        }
    }
    Ok(())
}
