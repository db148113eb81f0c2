//! The C side: the header against its sources, the exported symbols against their list, and every C program in examples/c and
//! tests/c compiled with all warnings and run.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::place;
use crate::shell::{cargo, check};

/// A C program: its file, what it is given, and what it must print.
const PROGRAMS: &[(&str, &[&str], &str)] = &[
    ("examples/c/classify.c", &["examples/digits/digits.onnx", "examples/digits/seven.pgm"], "7 with 9"),
    (
        "examples/c/host_buffers.c",
        &["examples/digits/digits.onnx"],
        "after the switch: cancelled\nthe buffer was released 1 time",
    ),
    ("tests/c/guest.c", &["examples/digits/digits.onnx"], "0 of the calls answered wrongly"),
];

/// The header, where the C ABI says it is.
const HEADER: &str = "include/dunlin.h";

/// The names that the shared library exports, one a line.
const SYMBOLS: &str = "include/symbols.txt";

/// Writes the header and the list of symbols anew.
pub fn header() -> Result<()> {
    check(&mut cargo(&["build", "--quiet", "--package", "dunlin", "--features", "header"]))?;
    std::fs::write(place::repository().join(SYMBOLS), exported(&build()?)?)?;
    Ok(())
}

/// Checks that header and symbols are those of the sources, and that every program runs.
pub fn check_all() -> Result<()> {
    let read = |path: &str| std::fs::read_to_string(place::repository().join(path)).context(path.to_owned());
    let before = [read(HEADER)?, read(SYMBOLS)?];
    header()?;
    for (path, before) in [HEADER, SYMBOLS].into_iter().zip(before) {
        if read(path)? != before {
            bail!(
                "{path} is not what the sources say; it has been written anew: look at the difference and commit it"
            );
        }
    }
    let library = build()?;
    PROGRAMS.iter().try_for_each(|(source, args, expected)| program(&library, source, args, expected))
}

/// Builds the library; the folder where it lies.
fn build() -> Result<PathBuf> {
    check(&mut cargo(&["build", "--quiet", "--package", "dunlin-native"]))?;
    let target = cargo(&["metadata", "--no-deps", "--format-version", "1"]).output()?.stdout;
    let target: serde_json::Value = serde_json::from_slice(&target)?;
    Ok(Path::new(target["target_directory"].as_str().context("cargo metadata has no target folder")?)
        .join("debug"))
}

fn exported(library: &Path) -> Result<String> {
    let output = Command::new("nm")
        .args(["-D", "--defined-only", "--format=just-symbols"])
        .arg(library.join("libdunlin.so"))
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let mut names: Vec<&str> = text.lines().map(str::trim).filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    if let Some(foreign) = names.iter().find(|name| !name.starts_with("dunlin_")) {
        bail!("libdunlin.so exports {foreign}, which is no name of ours");
    }
    Ok(names.join("\n") + "\n")
}

fn program(library: &Path, source: &str, args: &[&str], expected: &str) -> Result<()> {
    let binary = library.join(Path::new(source).file_stem().context("a source has a name")?);
    let mut compile = Command::new("cc");
    compile.current_dir(place::repository());
    compile
        .args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Iinclude", source, "-o"])
        .arg(&binary);
    check(compile.arg("-L").arg(library).arg("-ldunlin").arg(format!("-Wl,-rpath,{}", library.display())))?;
    let output = Command::new(&binary).current_dir(place::repository()).args(args).output()?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() || !out.contains(expected) {
        bail!("{source} ended with {} and printed {out:?} {err:?}, not {expected:?}", output.status);
    }
    println!("{source}: {}", out.trim().replace('\n', "; "));
    Ok(())
}
