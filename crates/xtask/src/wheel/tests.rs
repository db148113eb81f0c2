//! The wheel in environments of its own: the package's tests, the README's words, the examples, the cost of a call.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::dist::build::Recipe;
use crate::dist::system::System;
use crate::shell::{check, output};
use crate::{native, place, python, scenario};

/// What the package's tests need besides it.
const NEEDED: &str = "requirements-python.txt";

/// The interpreter of the tests' environment, with this wheel in it.
pub fn environment(wheel: &Path) -> Result<PathBuf> {
    let interpreter = python::environment_in("venv-python", &[NEEDED])?;
    install(&interpreter, wheel, &["--force-reinstall", "--no-deps"])?;
    Ok(interpreter)
}

fn install(interpreter: &Path, wheel: &Path, options: &[&str]) -> Result<()> {
    let pip = ["-m", "pip", "--disable-pip-version-check", "-q", "install"];
    check(Command::new(interpreter).args(pip).args(options).arg(wheel))
}

/// Runs the package's tests.
pub fn run(wheel: &Path, long: bool) -> Result<()> {
    let mut command = Command::new(environment(wheel)?);
    command.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "bindings/python/tests"]);
    if long {
        command.arg("--long");
    }
    command.env("DUNLIN_SCENARIOS_OUT", scenario::folder()?.join("python.json"));
    // Not the sources beside the tests, but what is installed.
    check(
        command
            .current_dir(place::repository())
            .env("PYTHONSAFEPATH", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1"),
    )
}

/// Follows the README: a fresh environment, the wheel, the program.
pub fn readme(wheel: &Path) -> Result<()> {
    let readme = fs::read_to_string(place::repository().join("README.md"))?;
    let section =
        readme.split("## From Python").nth(1).context("README.md has no section \"From Python\"")?;
    let program = section.split("```python\n").nth(1).and_then(|rest| rest.split("```").next());
    let program = program.context("the section \"From Python\" has no program")?;
    let fresh = fresh(wheel)?;
    let printed = output(Command::new(fresh).args(["-c", program]).current_dir(place::repository()))?;
    expect("README.md", &printed, "7 with 99.9 %")
}

/// An environment that holds nothing but the wheel and what it brings along.
fn fresh(wheel: &Path) -> Result<PathBuf> {
    let folder = super::scratch()?.join("fresh");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    check(Command::new(python::base()).args(["-m", "venv"]).arg(&folder))?;
    let interpreter = python::interpreter(&folder);
    install(&interpreter, wheel, &[])?;
    let program = "import dunlin, dunlin.onnxruntime, importlib.util as u; print(u.find_spec('ml_dtypes'))";
    let printed = output(Command::new(&interpreter).args(["-c", program]))?;
    expect("the wheel without ml_dtypes", &printed, "None")?;
    Ok(interpreter)
}

/// Runs the examples.
pub fn examples(wheel: &Path) -> Result<()> {
    let interpreter = environment(wheel)?;
    for (example, wanted) in [
        ("examples/python/classify.py", "7 with 99.9 %"),
        ("examples/python/running_total.py", "after 3 pieces: 60.0 in all"),
    ] {
        let printed = output(Command::new(&interpreter).arg(example).current_dir(place::repository()))?;
        expect(example, &printed, wanted)?;
    }
    Ok(())
}

/// Measures what a call costs, beside the C functions of the library as it is shipped.
pub fn overhead(wheel: &Path) -> Result<()> {
    let built = Recipe::full().build(System::here()?)?;
    let in_c = native::overhead_of(built.folder.clone())?;
    print!("{in_c}");
    let script = place::repository().join("crates/xtask/python/python_overhead.py");
    let mut command = Command::new(environment(wheel)?);
    command.arg(script).arg(built.folder.join("libdunlin.so")).arg(in_c);
    check(command.current_dir(place::repository()))
}

fn expect(what: &str, printed: &str, wanted: &str) -> Result<()> {
    if !printed.contains(wanted) {
        bail!("{what} printed {printed:?}, not {wanted:?}");
    }
    println!("  {what}: {wanted}");
    Ok(())
}
