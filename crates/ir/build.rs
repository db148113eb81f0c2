//! Writes down which operators a build is to compute: all, or those of `DUNLIN_OPERATORS`.
//!
//! The variable holds a row per operator: its name as reports have it, and the variants of `Op` that compute it, such as
//! `Relu Elementwise::Unary Unary::Relu`. `cargo xtask slim` makes it from models.

use std::collections::BTreeSet;
use std::fmt::Write as _;

fn main() -> std::io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=DUNLIN_OPERATORS");
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
