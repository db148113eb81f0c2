//! The bindings of Kotlin, Android and Swift: a library that holds what they call, and the code that is generated from it.

pub mod android;
mod apple;
mod elf;
pub mod kotlin;
pub mod swift;
mod xcframework;

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::place;
use crate::shell::{cargo, check};

/// Where generated code lies, from the repository's root.
const KOTLIN: &str = "bindings/kotlin/generated";
const SWIFT: &str = "bindings/swift/generated";

/// Writes the generated code anew.
pub fn write() -> Result<()> {
    let root = place::repository();
    generate(&library("dev")?, &root.join(KOTLIN), &root.join(SWIFT))
}

/// Checks that the generated code is what the sources say.
pub fn compare(library: &Path) -> Result<()> {
    let scratch = place::target()?.join("bindings");
    let (root, kotlin, swift) = (place::repository(), scratch.join("kotlin"), scratch.join("swift"));
    generate(library, &kotlin, &swift)?;
    for (made, kept) in [(kotlin, root.join(KOTLIN)), (swift, root.join(SWIFT))] {
        for file in files(&made)? {
            let kept = kept.join(file.strip_prefix(&made)?);
            if fs::read(&kept).ok() != Some(fs::read(&file)?) {
                bail!("{} is not what the sources say: `cargo xtask bindings` writes it", kept.display());
            }
        }
    }
    Ok(())
}

/// Builds libdunlin with the C ABI and what Kotlin and Swift call. It lies where no other build looks for libdunlin.
pub fn library(profile: &str) -> Result<PathBuf> {
    let folder = place::target()?.join(if profile == "dev" { "debug" } else { profile });
    let name = format!("{DLL_PREFIX}dunlin{DLL_SUFFIX}");
    // Cargo has one file for this library and for that without the feature, and takes one for the other.
    forget(&folder)?;
    let arguments = ["build", "--quiet", "--package", "dunlin-native", "--features", "uniffi"];
    check(cargo(&arguments).args(["--profile", profile]))?;
    let kept = place::target()?.join("bindings").join(profile).join(&name);
    fs::create_dir_all(kept.parent().context("a folder")?)?;
    fs::copy(folder.join(&name), &kept).with_context(|| format!("copying {name}"))?;
    forget(&folder)?;
    Ok(kept)
}

/// Has cargo link libdunlin anew when it is asked for next.
fn forget(folder: &Path) -> Result<()> {
    for name in [format!("{DLL_PREFIX}dunlin{DLL_SUFFIX}"), "libdunlin.a".to_owned()] {
        for file in [folder.join(&name), folder.join("deps").join(&name)] {
            if file.exists() {
                fs::remove_file(&file).with_context(|| file.display().to_string())?;
            }
        }
    }
    Ok(())
}

/// Runs the generator, which is a workspace of its own: what it depends on is compiled when it is needed.
fn generate(library: &Path, kotlin: &Path, swift: &Path) -> Result<()> {
    let manifest = place::repository().join("bindings/generator/Cargo.toml");
    let mut command = cargo(&["run", "--quiet", "--locked", "--manifest-path"]);
    command.arg(manifest).arg("--").arg(library).arg(place::repository().join("crates/uniffi"));
    check(command.args([kotlin, swift]))
}

/// All files in a folder and those in it.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}
