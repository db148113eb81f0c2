//! Programs that use a package as others would: found by pkg-config and by CMake, linked to either library.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::layout::write;
use crate::place;
use crate::shell::{check, is_there, output};

/// The program, what it is given, and what it must print.
const SOURCE: &str = "examples/c/classify.c";
const ARGUMENTS: [&str; 2] = ["examples/digits/digits.onnx", "examples/digits/seven.pgm"];
const ANSWER: &str = "7 with 9";

const PROJECT: &str = "cmake_minimum_required(VERSION 3.16)
project(consumer C)
find_package(dunlin @VERSION@ CONFIG REQUIRED)
foreach(kind dunlin static)
  add_executable(with_${kind} ${SOURCE})
  target_link_libraries(with_${kind} PRIVATE dunlin::${kind})
endforeach()
";

/// Builds and runs a program in `scratch` against the package below `root`, whose libraries lie in `lib`, each way that there are
/// tools for; in CI all tools must be there.
pub fn check_all(root: &Path, lib: &str, scratch: &Path) -> Result<()> {
    std::fs::create_dir_all(scratch)?;
    for (tool, ways) in [
        ("pkg-config", [with_pkg_config as fn(&Path, &str, &Path) -> Result<()>, examples_with_make]),
        ("cmake", [with_cmake, examples_with_cmake]),
    ] {
        match is_there(tool) {
            true => ways.iter().try_for_each(|way| way(root, lib, scratch))?,
            false if std::env::var_os("CI").is_some() => bail!("{tool} is not installed"),
            false => println!("  {tool} is not installed: not checked"),
        }
    }
    Ok(())
}

/// Builds the projects of examples against the package, and runs one program of each.
pub fn examples(root: &Path, lib: &str, scratch: &Path) -> Result<()> {
    let (examples, build) = (place::repository().join("examples"), scratch.join("examples"));
    std::fs::create_dir_all(&build)?;
    if is_there("pkg-config") && is_there("make") {
        let folder = format!("PKG_CONFIG_PATH={}", root.join(lib).join("pkgconfig").display());
        let out = format!("OUT={}", build.display());
        output(Command::new("make").arg("-B").arg("-C").arg(examples.join("make")).args([folder, out]))?;
        run(&build.join("classify"), &root.join(lib))?;
    }
    if is_there("cmake") {
        let prefix = format!("-DCMAKE_PREFIX_PATH={}", root.display());
        output(
            Command::new("cmake").arg("-S").arg(examples.join("cmake")).arg("-B").arg(&build).arg(prefix),
        )?;
        output(Command::new("cmake").arg("--build").arg(&build))?;
        run(&build.join("classify_cpp"), &root.join(lib))?;
    }
    Ok(())
}

fn with_pkg_config(root: &Path, lib: &str, scratch: &Path) -> Result<()> {
    let folder = root.join(lib);
    for (name, flags) in [
        ("pkg_config_shared", &["--cflags", "--libs"][..]),
        ("pkg_config_static", &["--cflags", "--libs", "--static"]),
    ] {
        let found = output(
            Command::new("pkg-config")
                .args(flags)
                .arg("dunlin")
                .env("PKG_CONFIG_PATH", folder.join("pkgconfig")),
        )?;
        let program = scratch.join(name);
        let mut compile = Command::new("cc");
        compile.current_dir(place::repository()).args([SOURCE, "-o"]).arg(&program);
        // Linkers prefer a shared library where both lie together, so the static one is named.
        let words = found.split_whitespace().map(|word| match word {
            "-ldunlin" if name.ends_with("static") => folder.join("libdunlin.a").into_os_string(),
            _ => word.into(),
        });
        check(compile.args(words.collect::<Vec<_>>()))?;
        run(&program, &folder)?;
    }
    Ok(())
}

fn with_cmake(root: &Path, lib: &str, scratch: &Path) -> Result<()> {
    let version = super::system::Version::here();
    let project = PROJECT.replace("@VERSION@", &format!("{}.{}", version.major, version.minor));
    write(&scratch.join("CMakeLists.txt"), &project)?;
    let build = scratch.join("build");
    let prefix = format!("-DCMAKE_PREFIX_PATH={}", root.display());
    let source = format!("-DSOURCE={}", place::repository().join(SOURCE).display());
    let library = lib.strip_prefix("lib/").map(|triple| format!("-DCMAKE_LIBRARY_ARCHITECTURE={triple}"));
    output(
        Command::new("cmake")
            .arg("-S")
            .arg(scratch)
            .arg("-B")
            .arg(&build)
            .args([prefix, source])
            .args(library),
    )?;
    output(Command::new("cmake").arg("--build").arg(&build))?;
    for program in ["with_dunlin", "with_static"] {
        run(&build.join(program), &root.join(lib))?;
    }
    Ok(())
}

/// The project of examples/make, as its user would build it.
fn examples_with_make(root: &Path, lib: &str, scratch: &Path) -> Result<()> {
    let (out, folder) = (scratch.join("make"), root.join(lib));
    std::fs::create_dir_all(&out)?;
    let mut make = Command::new("make");
    make.arg("-C").arg(place::repository().join("examples/make")).arg(format!("OUT={}", out.display()));
    output(make.arg(format!("PKG_CONFIG_PATH={}", folder.join("pkgconfig").display())))?;
    run(&out.join("classify"), &folder)
}

/// The project of examples/cmake.
fn examples_with_cmake(root: &Path, lib: &str, scratch: &Path) -> Result<()> {
    let build = scratch.join("examples");
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(place::repository().join("examples/cmake")).arg("-B").arg(&build);
    configure.arg(format!("-DCMAKE_PREFIX_PATH={}", root.display()));
    let triple = lib.strip_prefix("lib/");
    output(configure.args(triple.map(|triple| format!("-DCMAKE_LIBRARY_ARCHITECTURE={triple}"))))?;
    output(Command::new("cmake").arg("--build").arg(&build))?;
    ["classify_c", "classify_cpp"].iter().try_for_each(|program| run(&build.join(program), &root.join(lib)))
}

fn run(program: &Path, libraries: &Path) -> Result<()> {
    let mut command = Command::new(program);
    command.current_dir(place::repository()).args(ARGUMENTS).env("LD_LIBRARY_PATH", libraries);
    let answer = output(&mut command)?;
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    if !answer.contains(ANSWER) {
        bail!("{name} printed {answer:?}, not {ANSWER:?}");
    }
    println!("  {name}: {}", answer.trim());
    Ok(())
}
