//! Builds the libraries for a package: the profile, the linker, the names by which they are found.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::system::{System, Version};
use crate::shell::{cargo, check, output};
use crate::{place, python};

/// The newest glibc that a library built with zig may need: that of RHEL 7, Amazon Linux 2 and everything since.
pub const GLIBC_FLOOR: &str = "2.17";

/// What is compiled into its callers: less than the compilers' default of 250, since what must be for speed says so in the sources.
pub const INLINING: &str = "-Cllvm-args=-inline-threshold=60";

/// What links on Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Linker {
    /// zig's, from PyPI: the library runs on systems as old as glibc 2.17.
    Zig,
    /// The system's: the library needs a glibc as new as this system's.
    System,
}

/// What is built, and how.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The profile of cargo's.
    pub profile: &'static str,
    /// Features beyond the defaults.
    pub features: Vec<String>,
    /// Whether the default features are left out.
    pub no_default_features: bool,
    /// The only operators that are built, if not all are: rows as `DUNLIN_OPERATORS` takes them.
    pub operators: Option<String>,
    /// What links on Linux.
    pub linker: Linker,
}

/// Libraries as cargo left them.
#[derive(Debug, Clone)]
pub struct Built {
    /// Where they lie.
    pub folder: PathBuf,
    /// What programs that link the static library link besides: `-lm` and the like.
    pub static_libs: Vec<String>,
    /// The features that were asked for.
    pub features: Vec<String>,
}

impl Recipe {
    /// Everything, as it is shipped.
    pub fn full() -> Recipe {
        Recipe {
            profile: "dist",
            features: Vec::new(),
            no_default_features: false,
            operators: None,
            linker: Linker::Zig,
        }
    }

    /// Builds the shared and the static library for this machine; on macOS for both of its processors where their standard
    /// libraries are there.
    pub fn build(&self, system: System) -> Result<Built> {
        let host = host()?;
        if system != System::MacOs {
            return self.build_for(system, &host);
        }
        let both = ["aarch64-apple-darwin", "x86_64-apple-darwin"];
        let (here, missing): (Vec<&str>, Vec<&str>) =
            both.into_iter().partition(|target| *target == host || has_standard_library(target));
        if let Some(missing) = missing.first() {
            println!("no standard library for {missing}: the package is for {} alone", here.join(", "));
        }
        let built = here.iter().map(|target| self.build_for(system, target)).collect::<Result<Vec<_>>>()?;
        unite(&built)
    }

    fn build_for(&self, system: System, target: &str) -> Result<Built> {
        let scratch = place::target()?.join(target);
        std::fs::create_dir_all(&scratch)?;
        let libs = scratch.join(format!("{}.native-static-libs", self.profile));
        let mut command =
            cargo(&["rustc", "--quiet", "--package", "dunlin-native", "--lib", "--profile", self.profile]);
        command.args(["--target", target]).args(self.feature_arguments());
        if let Some(operators) = &self.operators {
            command.env("DUNLIN_OPERATORS", operators);
        }
        if system == System::Linux && self.linker == Linker::Zig {
            command.env(variable(target, "LINKER"), zig_linker(&scratch, target)?);
        }
        if self.profile == "dist" {
            command.env(variable(target, "RUSTFLAGS"), INLINING);
        }
        command.arg("--").arg(format!("--print=native-static-libs={}", libs.display()));
        for argument in system.link_arguments(&Version::here()) {
            command.arg(format!("-Clink-arg={argument}"));
        }
        check(&mut command)?;
        let static_libs = std::fs::read_to_string(&libs).with_context(|| libs.display().to_string())?;
        let static_libs = static_libs.split_whitespace().map(str::to_owned).collect();
        Ok(Built { folder: scratch.join(self.profile), static_libs, features: self.features.clone() })
    }

    fn feature_arguments(&self) -> Vec<String> {
        let (mut arguments, mut features) = (Vec::new(), self.features.clone());
        if self.no_default_features {
            arguments.push("--no-default-features".to_owned());
            // Packages are for C, whatever else they leave out.
            features.push("c".to_owned());
        }
        if !features.is_empty() {
            arguments.extend(["--features".to_owned(), features.join(",")]);
        }
        arguments
    }
}

/// A variable that cargo reads for one target alone: its `LINKER`, its `RUSTFLAGS`.
pub fn variable(target: &str, what: &str) -> String {
    format!("CARGO_TARGET_{}_{what}", target.replace('-', "_").to_uppercase())
}

/// The triple of the machine that rustc runs on.
pub fn host() -> Result<String> {
    let version = output(Command::new(rustc()).arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not name its host")?.to_owned())
}

/// Whether the standard library for a target is installed.
pub fn has_standard_library(target: &str) -> bool {
    let folder = output(Command::new(rustc()).args(["--print", "target-libdir", "--target", target]));
    folder.is_ok_and(|folder| Path::new(folder.trim()).is_dir())
}

/// The compiler that cargo uses.
pub fn rustc() -> PathBuf {
    std::env::var_os("RUSTC").map_or_else(|| "rustc".into(), PathBuf::from)
}

/// A linker script around zig, which brings the symbols of old C libraries along.
pub fn zig_linker(folder: &Path, target: &str) -> Result<PathBuf> {
    let (processor, library) = match target.split('-').collect::<Vec<_>>()[..] {
        [processor, _, "linux", "gnu"] => (processor, format!("gnu.{GLIBC_FLOOR}")),
        [processor, _, "linux", "musl"] => (processor, "musl".to_owned()),
        _ => bail!("zig links for Linux with gnu or musl, not for {target}; try --linker system"),
    };
    let python = python::environment(&[python::ZIG])?;
    let script = format!(
        "#!/bin/sh\nexec \"{}\" -m ziglang cc -target {processor}-linux-{library} \"$@\"\n",
        python.display()
    );
    let path = folder.join("zig-cc");
    if std::fs::read_to_string(&path).ok().as_ref() != Some(&script) {
        std::fs::write(&path, script)?;
        make_executable(&path)?;
    }
    Ok(path)
}

#[cfg(unix)]
fn make_executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?)
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> Result<()> {
    Ok(())
}

/// One library of several, each for another processor.
fn unite(built: &[Built]) -> Result<Built> {
    let [first, rest @ ..] = built else { bail!("nothing was built") };
    if rest.is_empty() {
        return Ok(first.clone());
    }
    let folder = place::target()?.join("universal");
    std::fs::create_dir_all(&folder)?;
    for name in ["libdunlin.dylib", "libdunlin.a"] {
        let parts = built.iter().map(|built| built.folder.join(name));
        check(Command::new("lipo").arg("-create").args(parts).arg("-output").arg(folder.join(name)))?;
    }
    Ok(Built { folder, ..first.clone() })
}
