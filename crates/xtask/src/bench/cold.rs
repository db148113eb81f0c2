//! `cargo xtask cold-start`: from the start of a C program to its first result, beside the same program on ONNX Runtime.
//!
//! ONNX Runtime's shared library is the one of its Python package; both programs are linked to their library, run one request on
//! one thread, and take turns.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::machine::Machine;
use crate::dist::build::Recipe;
use crate::dist::system::System;
use crate::dist::{package, scratch};
use crate::shell::{check, output};
use crate::{place, python};

/// What to measure.
#[derive(clap::Args)]
pub struct Args {
    /// Processes of each program.
    #[arg(long, default_value_t = 40)]
    processes: usize,
    /// Measure the package in this folder, as `cargo xtask dist` lays it out, instead of building one.
    #[arg(long)]
    package: Option<PathBuf>,
}

/// Models with one input of floats, below the repository or the cache, and the input's sizes.
const MODELS: &[(&str, &[&str])] = &[
    ("examples/digits/digits.onnx", &["1", "1", "28", "28"]),
    ("models/mobilenet_v3_small.onnx", &["1", "3", "224", "224"]),
];

/// The heading of the section in docs/benchmarks.md.
const HEADING: &str = "\n## Cold start\n";

/// A program and the folder of the library that it is linked to.
struct Subject {
    name: &'static str,
    program: PathBuf,
    library: PathBuf,
    /// Milliseconds from `main` to the first result, and those of the whole process, in rising order.
    times: [Vec<f64>; 2],
    answer: String,
}

/// Measures, prints, and writes the section of docs/benchmarks.md.
pub fn run(args: &Args) -> Result<()> {
    let (system, scratch) = (System::here()?, scratch()?.join("cold"));
    let library = match &args.package {
        Some(folder) => folder.join("lib").canonicalize()?,
        None => scratch.join("lib"),
    };
    if args.package.is_none() {
        package(&Recipe::full().build(system)?, system, &scratch, true)?;
    }
    std::fs::create_dir_all(&scratch)?;
    let peer = onnxruntime(&scratch)?;
    let mut rows = String::new();
    for &(model, sizes) in MODELS {
        let near = place::repository().join(model);
        let file = if near.exists() { near } else { place::cache()?.join(model) };
        if !file.exists() {
            println!("{model} is not there: left out (`cargo xtask models`)");
            continue;
        }
        let mut subjects = [
            Subject::new("dunlin", "cold_dunlin", &scratch, &library, "dunlin")?,
            Subject::new("onnxruntime", "cold_onnxruntime", &scratch, &peer, "onnxruntime")?,
        ];
        for _ in 0..args.processes.max(1) {
            subjects.iter_mut().try_for_each(|subject| subject.run_once(&file, sizes))?;
        }
        let [ours, theirs] = &subjects;
        if ours.answer != theirs.answer {
            bail!("{model}: {} found {}, {} found {}", ours.name, ours.answer, theirs.name, theirs.answer);
        }
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        for (what, at) in [("main to first result", 0), ("whole process", 1)] {
            let (a, b) = (ours.median(at), theirs.median(at));
            let row = format!("| {name} | {what} | {a:.2} | {b:.2} | {:.1} |\n", b / a);
            print!("{row}");
            rows += &row;
        }
    }
    record(&rows, args.processes)
}

impl Subject {
    fn new(name: &'static str, source: &str, out: &Path, library: &Path, links: &str) -> Result<Subject> {
        let program = out.join(source);
        let mut compile = Command::new("cc");
        compile.current_dir(place::repository());
        compile.args(["-O2", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Iinclude"]);
        compile.arg(format!("crates/xtask/c/{source}.c")).arg("-o").arg(&program);
        check(compile.arg("-L").arg(library).arg(format!("-l{links}")))?;
        Ok(Subject {
            name,
            program,
            library: library.to_path_buf(),
            times: [Vec::new(), Vec::new()],
            answer: String::new(),
        })
    }

    fn run_once(&mut self, model: &Path, sizes: &[&str]) -> Result<()> {
        let start = Instant::now();
        let mut command = Command::new(&self.program);
        let said = output(command.arg(model).arg("1").args(sizes).env("LD_LIBRARY_PATH", &self.library))?;
        let whole = start.elapsed().as_secs_f64() * 1e3;
        let (time, answer) = said.trim().split_once(' ').context("a program prints a time and an answer")?;
        self.answer = answer.to_owned();
        self.times[0].push(time.parse()?);
        self.times[1].push(whole);
        self.times.iter_mut().for_each(|times| times.sort_by(f64::total_cmp));
        Ok(())
    }

    fn median(&self, at: usize) -> f64 {
        self.times[at][self.times[at].len() / 2]
    }
}

/// A folder from which programs link and load the shared library of ONNX Runtime's Python package.
fn onnxruntime(scratch: &Path) -> Result<PathBuf> {
    let python = python::environment(&[python::BASE])?;
    let found =
        output(Command::new(python).args(["-c", "import onnxruntime; print(onnxruntime.__path__[0])"]))?;
    let mut files = std::fs::read_dir(Path::new(found.trim()).join("capi"))?.filter_map(Result::ok);
    let library = files.find(|file| file.file_name().to_string_lossy().starts_with("libonnxruntime.so"));
    let library = library.context("the Python package has no libonnxruntime.so")?.path();
    let folder = scratch.join("onnxruntime");
    std::fs::create_dir_all(&folder)?;
    for name in ["libonnxruntime.so", "libonnxruntime.so.1"] {
        std::fs::copy(&library, folder.join(name))?;
    }
    Ok(folder)
}

fn record(rows: &str, processes: usize) -> Result<()> {
    let path = place::repository().join("docs/benchmarks.md");
    let text = std::fs::read_to_string(&path)?;
    let (rest, _) = split(&text);
    let section = format!(
        "{HEADING}\nWritten by `cargo xtask cold-start`: medians of {processes} processes each that load a model and run it once on one\n\
         thread, the files in the system's cache, in milliseconds. Both programs are C, linked to the shared library (ONNX Runtime's is that of\n\
         its Python package). Machine: {}.\n\n\
         | model | span | Dunlin | ONNX Runtime | times |\n|---|---|---:|---:|---:|\n{rows}",
        Machine::here().line()
    );
    Ok(std::fs::write(path, format!("{rest}{section}"))?)
}

/// docs/benchmarks.md without this section, and this section.
pub fn split(text: &str) -> (&str, &str) {
    text.find(HEADING).map_or((text, ""), |at| text.split_at(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_is_taken_off_and_kept() {
        assert_eq!(split("# Benchmarks\n| a |\n"), ("# Benchmarks\n| a |\n", ""));
        let (rest, section) = split("# Benchmarks\n\n## Cold start\n\nx\n");
        assert_eq!((rest, section), ("# Benchmarks\n", "\n## Cold start\n\nx\n"));
    }
}
