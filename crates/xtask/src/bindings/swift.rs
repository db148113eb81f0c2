//! `cargo xtask swift`: the package for Swift, tested against the real library, and the XCFramework that Apple's systems take it from.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{kotlin, library, xcframework};
use crate::shell::{check, is_there, output};
use crate::{place, scenario};

/// What is made and checked.
#[derive(clap::Args)]
pub struct Args {
    /// The profile that the library of the tests is built in.
    #[arg(long, default_value = "dev")]
    profile: String,
    /// Where no Swift is installed: a folder with Debian 13 and its Swift, made by root with debootstrap if it is not there. By default
    /// `trixie` in the cache.
    #[arg(long, value_name = "FOLDER")]
    debian: Option<PathBuf>,
    /// Repeat the tests of leaks 100,000 times.
    #[arg(long)]
    long: bool,
    /// No tests: the XCFramework alone.
    #[arg(long)]
    no_tests: bool,
    /// No XCFramework: the tests alone.
    #[arg(long, conflicts_with = "no_tests")]
    no_framework: bool,
    /// The profile that the slices of the XCFramework are built in.
    #[arg(long, default_value = "dist")]
    slice_profile: String,
    /// Only the slice of this identifier: `ios-arm64`, `ios-arm64_x86_64-simulator`, `macos-arm64_x86_64`.
    #[arg(long)]
    slice: Option<String>,
    /// Debian's rustc-web, cargo-web, rust-web-src and what they need, unpacked into a folder, for targets whose standard library rustup does not
    /// have here. Without it, the sources of rustup's component `rust-src` are built.
    #[arg(long, value_name = "FOLDER")]
    rust_web: Option<PathBuf>,
    /// Instead of all that, measure what calls cost beside the C functions, with these models of a picture of 640 by 640, too.
    #[arg(long, num_args = 0.., value_name = "MODEL")]
    figures: Option<Vec<PathBuf>>,
}

/// Tests the package and lays out the XCFramework, as far as this machine can.
pub fn run(args: &Args) -> Result<()> {
    if let Some(models) = &args.figures {
        let swift = Swift::find(args.debian.as_deref())?;
        return figures(&swift, &library("release")?, models);
    }
    if !args.no_tests {
        let swift = Swift::find(args.debian.as_deref())?;
        test(&swift, &library(&args.profile)?, args.long)?;
    }
    if !args.no_framework {
        xcframework::make(&args.slice_profile, args.slice.as_deref(), args.rust_web.as_deref())?;
    }
    Ok(())
}

/// Runs the package's tests and the example, without a warning of the compiler's.
fn test(swift: &Swift, library: &Path, is_long: bool) -> Result<()> {
    let mut variables =
        vec![("DUNLIN_SCENARIOS_OUT", scenario::folder()?.join("swift.json").display().to_string())];
    if is_long {
        variables.push(("DUNLIN_LONG", "1".to_owned()));
    }
    let package = ["test", "--package-path", PACKAGE, "--disable-swift-testing"];
    check(swift.command(library, &package, &variables)?.args(STRICT))?;
    let example = ["run", "--package-path", EXAMPLE, "--quiet"];
    let mut example = swift.command(library, &example, &[])?;
    let arguments = ["Classify", "examples/digits/digits.onnx", "examples/digits/seven.pgm"];
    let printed = output(example.args(STRICT).args(arguments))?;
    if !printed.lines().any(|line| line == kotlin::ANSWER) {
        bail!("{EXAMPLE} printed {printed:?}");
    }
    println!("  {EXAMPLE}: {}", kotlin::ANSWER);
    if cfg!(not(target_os = "macos")) {
        check_types(swift, library)?;
        println!("  what is for Apple's systems alone: types checked, not run");
    }
    Ok(())
}

/// Checks the types of what is compiled on Apple's systems alone, against declarations of what it uses of them.
fn check_types(swift: &Swift, library: &Path) -> Result<()> {
    let out = place::target()?.join("swift/apple");
    fs::create_dir_all(&out)?;
    let apples = place::repository().join(PACKAGE).join("Tests/Apple");
    let mut modules: Vec<(&str, Vec<PathBuf>)> = ["CoreGraphics", "CoreVideo", "CoreML"]
        .into_iter()
        .map(|name| (name, vec![apples.join(name).with_extension("swift")]))
        .collect();
    let package = place::repository().join(PACKAGE);
    modules.push(("DunlinFFI", vec![package.join("generated/DunlinFFI.swift")]));
    let mut sources = Vec::new();
    for entry in fs::read_dir(package.join("Sources/Dunlin"))? {
        sources.extend(Some(entry?.path()).filter(|path| path.extension().is_some_and(|end| end == "swift")));
    }
    modules.push(("Dunlin", sources));
    modules.push(("Caller", vec![apples.join("Caller.swift")]));
    for (name, sources) in modules {
        let mut command = swift.program("swiftc", library, &[])?;
        command.args([
            "-swift-version",
            "6",
            "-warnings-as-errors",
            "-parse-as-library",
            "-emit-module",
            "-I",
        ]);
        command.arg(&out).arg("-I").arg(package.join("Sources/CDunlinFFI")).args([
            "-module-name",
            name,
            "-o",
        ]);
        check(command.arg(out.join(name).with_extension("swiftmodule")).args(sources))?;
    }
    Ok(())
}

/// Measures the same in C and in Swift, one after the other.
fn figures(swift: &Swift, library: &Path, models: &[PathBuf]) -> Result<()> {
    let models: Vec<PathBuf> = models.iter().map(fs::canonicalize).collect::<Result<_, _>>()?;
    kotlin::figures_of_c(library, &models)?;
    println!("Swift:");
    let build = ["build", "--package-path", PACKAGE, "--configuration", "release", "--product", "Figures"];
    check(&mut swift.command(library, &build, &[])?)?;
    let run =
        ["run", "--package-path", PACKAGE, "--configuration", "release", "--skip-build", "Figures", ADDITION];
    check(swift.command(library, &run, &[])?.args(&models))
}

/// From the repository's root.
const PACKAGE: &str = "bindings/swift";
const EXAMPLE: &str = "examples/swift/classify";
const ADDITION: &str = "tests/scenarios/models/add_float32.onnx";

/// A warning is an error.
const STRICT: [&str; 2] = ["-Xswiftc", "-warnings-as-errors"];

/// What Debian's Swift needs, and what the library does.
const DEBIAN: [&str; 5] = ["swiftlang", "libc6-dev", "gcc", "libstdc++-14-dev", "git"];

/// A Swift of 6.0 or newer: the machine's own, or Debian's in a folder.
struct Swift {
    /// The folder that is the root of its file system.
    root: Option<Debian>,
}

impl Swift {
    fn find(folder: Option<&Path>) -> Result<Swift> {
        if folder.is_none() && is_there("swift") {
            return Ok(Swift { root: None });
        }
        if cfg!(not(target_os = "linux")) {
            bail!("Swift 6 or newer is needed: https://swift.org/install");
        }
        let folder = match folder {
            Some(folder) => std::path::absolute(folder)?,
            None => place::cache()?.join("trixie"),
        };
        Ok(Swift { root: Some(Debian::prepare(folder)?) })
    }

    /// A command of the package manager's, in the repository, with a library to link.
    fn command(&self, library: &Path, args: &[&str], variables: &[(&str, String)]) -> Result<Command> {
        let mut command = self.program("swift", library, variables)?;
        let scratch = place::target()?.join("swift").join(args[2].replace('/', "-"));
        command.arg(args[0]).arg("--disable-sandbox").arg("--scratch-path").arg(scratch).args(&args[1..]);
        Ok(command)
    }

    /// One of Swift's programs, in the repository.
    fn program(&self, name: &str, library: &Path, variables: &[(&str, String)]) -> Result<Command> {
        let linked = format!("DUNLIN_LIBRARY={}", folder_of(library)?.display());
        let mut command = Command::new(if self.root.is_some() { "chroot" } else { "/usr/bin/env" });
        command.current_dir(place::repository());
        if let Some(debian) = &self.root {
            command.arg(&debian.folder).args(["/usr/bin/env", "--chdir"]).arg(place::repository());
            command.args(["HOME=/root", "LC_ALL=C.UTF-8", "PATH=/usr/bin:/bin"]);
        }
        command.arg(linked).args(variables.iter().map(|(name, value)| format!("{name}={value}"))).arg(name);
        Ok(command)
    }
}

fn folder_of(library: &Path) -> Result<&Path> {
    library.parent().context("a library lies in a folder")
}

/// A folder with Debian 13, which sees the repository and cargo's target folder where they are, for as long as this lives.
struct Debian {
    folder: PathBuf,
    mounted: Vec<PathBuf>,
}

impl Debian {
    fn prepare(folder: PathBuf) -> Result<Debian> {
        if output(Command::new("id").arg("-u"))?.trim() != "0" {
            bail!(
                "only root can use a folder with Debian; without one, Swift 6 or newer is needed: https://swift.org/install"
            );
        }
        if !folder.join("usr/bin/dpkg").exists() {
            if !is_there("debootstrap") {
                bail!("debootstrap is needed: apt-get install debootstrap");
            }
            fs::create_dir_all(&folder)?;
            let arguments = ["--variant=minbase", "--include=ca-certificates", "trixie"];
            check(Command::new("debootstrap").args(arguments).arg(&folder))?;
        }
        let mut debian = Debian { folder, mounted: Vec::new() };
        if !debian.folder.join("proc/self").exists() {
            debian.mount("proc", &["-t", "proc", "proc"])?;
        }
        if !debian.folder.join("usr/bin/swift").exists() {
            debian.install()?;
        }
        for seen in [place::repository(), place::target()?] {
            fs::create_dir_all(&seen)?;
            let inside = seen.strip_prefix("/").context("an absolute path")?.to_path_buf();
            debian.mount(inside, &["--bind", &seen.to_string_lossy()])?;
        }
        Ok(debian)
    }

    /// Installs Swift, with the settings by which this machine reaches Debian's servers.
    fn install(&self) -> Result<()> {
        fs::copy("/etc/resolv.conf", self.folder.join("etc/resolv.conf")).ok();
        for entry in fs::read_dir("/etc/apt/apt.conf.d").into_iter().flatten() {
            let path = entry?.path();
            let copy = self.folder.join(path.strip_prefix("/")?);
            if path.is_file() && !copy.exists() {
                fs::copy(&path, copy)?;
            }
        }
        let apt = |args: &[&str]| {
            let mut command = Command::new("chroot");
            command.arg(&self.folder).args([
                "/usr/bin/env",
                "DEBIAN_FRONTEND=noninteractive",
                "apt-get",
                "-qq",
            ]);
            command.args(args);
            check(&mut command)
        };
        apt(&["update"])?;
        apt(&[&["install", "--yes", "--no-install-recommends"], &DEBIAN[..]].concat())
    }

    /// Mounts at a place inside, until this is dropped.
    fn mount(&mut self, inside: impl AsRef<Path>, what: &[&str]) -> Result<()> {
        let place = self.folder.join(inside);
        fs::create_dir_all(&place)?;
        check(Command::new("mount").args(what).arg(&place))?;
        self.mounted.push(place);
        Ok(())
    }
}

impl Drop for Debian {
    fn drop(&mut self) {
        for place in self.mounted.iter().rev() {
            if let Err(error) = check(Command::new("umount").arg(place)) {
                eprintln!("{} stays mounted: {error:#}", place.display());
            }
        }
    }
}
