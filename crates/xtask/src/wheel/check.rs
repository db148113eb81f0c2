//! What a wheel must keep to be shipped: its files, its tags, what its library needs and exports, its size.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::TOOLS;
use crate::dist::check::{Facts, size};
use crate::python;
use crate::shell::{check, output};

/// Bytes that the wheel may have: 6 MiB.
const MAX_BYTES: u64 = 6 << 20;

/// What must be in it.
const FILES: &[&str] = &[
    "dunlin/__init__.py",
    "dunlin/_dunlin.abi3.so",
    "dunlin/_dunlin.pyi",
    "dunlin/backend.py",
    "dunlin/onnxruntime/__init__.py",
    "dunlin/py.typed",
    ".dist-info/METADATA",
    ".dist-info/licenses/LICENSE-APACHE",
    ".dist-info/licenses/LICENSE-MIT",
    ".dist-info/licenses/THIRD-PARTY",
];

/// Checks a wheel; an error lists what is wrong.
pub fn wheel(wheel: &Path) -> Result<()> {
    let name = wheel.file_name().context("a wheel has a name")?.to_string_lossy().into_owned();
    println!("{}", wheel.display());
    size(wheel, MAX_BYTES)?;
    let tools = python::environment(&[python::ZIG, TOOLS])?;
    let folder = super::scratch()?.join("unpacked");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    check(Command::new(&tools).args(["-m", "zipfile", "-e"]).arg(wheel).arg(&folder))?;
    let listed = output(Command::new(&tools).args(["-m", "zipfile", "-l"]).arg(wheel))?;
    let mut complaints: Vec<String> = FILES
        .iter()
        .filter(|file| !listed.contains(**file))
        .map(|file| format!("{file} is missing"))
        .collect();
    if listed.contains("__pycache__") || listed.contains("tests/") {
        complaints.push("it holds what does not belong into it".to_owned());
    }
    if cfg!(target_os = "linux") {
        complaints.extend(linux(&tools, wheel, &name, &folder)?);
    }
    if complaints.is_empty() { Ok(()) } else { bail!("{name}: {}", complaints.join("; ")) }
}

/// What is checked on Linux alone.
fn linux(tools: &Path, wheel: &Path, name: &str, folder: &Path) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    if !name.contains("-cp311-abi3-manylinux") {
        complaints.push("its tags are not cp311, abi3 and manylinux".to_owned());
    }
    let said = output(Command::new(tools).args(["-m", "auditwheel", "show"]).arg(wheel))?;
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let verdict = words.split(". ").find(|sentence| sentence.contains("platform tag")).unwrap_or(&words);
    println!("  auditwheel: {verdict}");
    if !words.contains("manylinux_2_17_") {
        complaints.push("auditwheel finds no manylinux_2_17 in it".to_owned());
    }
    let library = folder.join("dunlin/_dunlin.abi3.so");
    println!("  the library has {} bytes", std::fs::metadata(&library)?.len());
    let exported = Facts::of(&library)?.exported;
    if exported.iter().any(|symbol| !symbol.starts_with("PyInit_")) || exported.is_empty() {
        complaints.push(format!("it exports {exported:?}, not PyInit__dunlin alone"));
    }
    Ok(complaints)
}
