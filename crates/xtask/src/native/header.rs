//! The header, and the names that the library exports, each against its sources.

use std::collections::HashSet;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::library::Library;
use crate::place;
use crate::shell::{cargo, check as succeed};

/// The header, where the C ABI says it is.
const HEADER: &str = "include/dunlin.h";

/// The C++ header, which is written by hand.
const CPP_HEADER: &str = "include/dunlin.hpp";

/// The names that the shared library exports, one a line.
pub const SYMBOLS: &str = "include/symbols.txt";

/// Writes the header and the list of symbols anew.
pub fn write() -> Result<()> {
    succeed(&mut cargo(&["build", "--quiet", "--package", "dunlin", "--features", "header"]))?;
    std::fs::write(place::repository().join(SYMBOLS), exported(&Library::build()?)?)?;
    Ok(())
}

/// Checks that both are what the sources say, and that the C++ header leaves no function out.
pub fn check() -> Result<()> {
    let read = |path: &str| std::fs::read_to_string(place::repository().join(path)).context(path.to_owned());
    let before = [read(HEADER)?, read(SYMBOLS)?];
    write()?;
    for (path, before) in [HEADER, SYMBOLS].into_iter().zip(before) {
        if read(path)? != before {
            bail!(
                "{path} is not what the sources say; it has been written anew: look at the difference and commit it"
            );
        }
    }
    let symbols = read(SYMBOLS)?;
    let wrapped = read(CPP_HEADER)?;
    let words: HashSet<&str> = wrapped.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let missing: Vec<&str> = symbols.lines().filter(|name| !words.contains(name)).collect();
    if !missing.is_empty() {
        bail!("{CPP_HEADER} has nothing for {}", missing.join(", "));
    }
    Ok(())
}

fn exported(library: &Library) -> Result<String> {
    let output = Command::new("nm")
        .args(["-D", "--defined-only", "--format=just-symbols"])
        .arg(library.shared())
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let mut names: Vec<&str> = text.lines().map(str::trim).filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    if let Some(foreign) = names.iter().find(|name| !name.starts_with("dunlin_")) {
        bail!("libdunlin.so exports {foreign}, which is no name of ours");
    }
    Ok(names.join("\n") + "\n")
}
