//! Apple's systems: the slices, how each is built, and what the library calls there that a privacy manifest must speak of.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::xcframework::Built;
use crate::dist::build::{has_standard_library, rustc};
use crate::place;
use crate::shell::{cargo, check, is_there, output};

/// A platform that an app is built for.
#[derive(Clone)]
pub struct Slice {
    /// Rust's targets and what Apple calls their processors.
    pub targets: &'static [(&'static str, &'static str)],
    /// As the index of an XCFramework calls it.
    pub platform: &'static str,
    /// A simulator, or none.
    pub variant: Option<&'static str>,
    /// As a framework's Info.plist calls it.
    pub platform_name: &'static str,
    /// The oldest version of the system.
    pub oldest: &'static str,
    /// Whether its frameworks have their contents in a folder for each version.
    pub is_deep: bool,
}

/// All of them.
pub const SLICES: &[Slice] = &[
    Slice {
        targets: &[("aarch64-apple-ios", "arm64")],
        platform: "ios",
        variant: None,
        platform_name: "iPhoneOS",
        oldest: "15.0",
        is_deep: false,
    },
    Slice {
        targets: &[("aarch64-apple-ios-sim", "arm64"), ("x86_64-apple-ios", "x86_64")],
        platform: "ios",
        variant: Some("simulator"),
        platform_name: "iPhoneSimulator",
        oldest: "15.0",
        is_deep: false,
    },
    Slice {
        targets: &[("aarch64-apple-darwin", "arm64"), ("x86_64-apple-darwin", "x86_64")],
        platform: "macos",
        variant: None,
        platform_name: "MacOSX",
        oldest: "12.0",
        is_deep: true,
    },
];

impl Slice {
    /// The processors.
    pub fn processors(&self) -> Vec<&'static str> {
        self.targets.iter().map(|(_, processor)| *processor).collect()
    }

    /// Its folder in the XCFramework.
    pub fn id(&self) -> String {
        let variant = self.variant.map(|variant| format!("-{variant}")).unwrap_or_default();
        format!("{}-{}{variant}", self.platform, self.processors().join("_"))
    }

    /// Builds the static library for as many of the processors as this machine can, and says what is left out.
    pub fn build(&self, profile: &str, rust_web: Option<&Path>) -> Result<Option<Built>> {
        // Libraries for two processors become one with lipo, which Apple's and LLVM's tools have.
        let lipo = ["lipo", "llvm-lipo"].into_iter().find(|program| is_there(program));
        let wanted = if lipo.is_some() { self.targets } else { &self.targets[..1] };
        for (target, _) in &self.targets[wanted.len()..] {
            println!("{target}: left out, since there is no lipo to unite it with the other");
        }
        let slice = Slice { targets: wanted, ..self.clone() };
        let mut libraries = Vec::new();
        for (target, _) in wanted {
            let Some(library) = build(target, self.oldest, self.is_deep, profile, rust_web)? else {
                println!(
                    "{}: left out: {target} needs `rustup target add {target}`, `rustup component add rust-src`, or --rust-web",
                    self.id()
                );
                return Ok(None);
            };
            libraries.push(library);
        }
        let (Some(lipo), [_, _]) = (lipo, &libraries[..]) else {
            return Ok(libraries.pop().map(|library| Built { slice, library }));
        };
        let library = place::target()?.join("bindings").join(format!("{}.a", self.id()));
        check(Command::new(lipo).arg("-create").args(&libraries).arg("-output").arg(&library))?;
        Ok(Some(Built { slice, library }))
    }
}

/// Builds the static library for a target; none if its standard library is not here and cannot be built.
fn build(
    target: &str,
    oldest: &str,
    is_mac: bool,
    profile: &str,
    rust_web: Option<&Path>,
) -> Result<Option<PathBuf>> {
    let is_installed = rust_web.is_none() && has_standard_library(target);
    let mut command = match rust_web {
        Some(root) => debians_cargo(root),
        None => cargo(&[]),
    };
    // No shared library, which only Apple's tools can link.
    command.args(["rustc", "--quiet", "--package", "dunlin-native", "--lib", "--crate-type", "staticlib"]);
    command.args(["--features", "uniffi", "--target", target, "--profile", profile]);
    command.env(if is_mac { "MACOSX_DEPLOYMENT_TARGET" } else { "IPHONEOS_DEPLOYMENT_TARGET" }, oldest);
    if !is_installed {
        if rust_web.is_none() && !has_sources()? {
            return Ok(None);
        }
        command.arg("-Zbuild-std=std,panic_unwind").env("RUSTC_BOOTSTRAP", "1");
    }
    println!("{target}: building");
    check(&mut command)?;
    let folder = if profile == "dev" { "debug" } else { profile };
    Ok(Some(place::target()?.join(target).join(folder).join("libdunlin.a")))
}

/// Cargo of a folder with Debian's rustc-web, cargo-web and rust-web-src.
fn debians_cargo(root: &Path) -> Command {
    let programs = root.join("usr/bin");
    let mut command = Command::new(programs.join("cargo"));
    command.current_dir(place::repository()).env("RUSTC", programs.join("rustc"));
    command.env("LD_LIBRARY_PATH", root.join("usr/lib/x86_64-linux-gnu"));
    command
}

/// Whether the standard library can be built from rustup's component `rust-src`.
fn has_sources() -> Result<bool> {
    let sysroot = output(Command::new(rustc()).args(["--print", "sysroot"]))?;
    Ok(Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/Cargo.lock").exists())
}

/// Checks that a privacy manifest names each of Apple's categories from which the library has a function, and no other.
///
/// # Errors
/// If it does not.
pub fn check_privacy(library: &[u8], manifest: &str) -> Result<()> {
    for (category, functions) in REASONS {
        let called: Vec<&str> = functions.iter().copied().filter(|name| names(library, name)).collect();
        let is_named = manifest.contains(category);
        if is_named == called.is_empty() {
            bail!(
                "PrivacyInfo.xcprivacy {} {category}, and the library has {called:?}",
                if is_named { "names" } else { "does not name" }
            );
        }
        println!("  {category}: {}", if called.is_empty() { "none".to_owned() } else { called.join(", ") });
    }
    Ok(())
}

/// Whether a table of symbols in the library has a C function.
fn names(library: &[u8], function: &str) -> bool {
    let symbol = format!("\0_{function}\0");
    library.windows(symbol.len()).any(|part| part == symbol.as_bytes())
}

/// Apple's categories of functions that need a reason, with those of C.
const REASONS: [(&str, &[&str]); 3] = [
    (
        "NSPrivacyAccessedAPICategoryFileTimestamp",
        &[
            "stat",
            "fstat",
            "fstatat",
            "lstat",
            "getattrlist",
            "getattrlistbulk",
            "fgetattrlist",
            "getattrlistat",
            "stat$INODE64",
            "fstat$INODE64",
            "lstat$INODE64",
            "fstatat$INODE64",
        ],
    ),
    ("NSPrivacyAccessedAPICategorySystemBootTime", &["mach_absolute_time"]),
    (
        "NSPrivacyAccessedAPICategoryDiskSpace",
        &["statfs", "statvfs", "fstatfs", "fstatvfs", "statfs$INODE64", "fstatfs$INODE64"],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_names_what_is_called_and_nothing_else() {
        let (timestamps, none) = ("NSPrivacyAccessedAPICategoryFileTimestamp", "");
        let library = b"..\0_fstat\0_open\0";
        assert!(check_privacy(library, timestamps).is_ok());
        assert!(check_privacy(library, none).is_err());
        assert!(check_privacy(b"\0_fstatx\0", none).is_ok());
        assert!(check_privacy(b"\0_open\0", timestamps).is_err());
    }
}
