//! libdunlin as programs of the table link it: where it lies, and how programs are compiled for it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::shell::{cargo, check};

/// A build of libdunlin.
#[derive(Debug, Clone)]
pub struct Library {
    /// The folder with libdunlin.so, in which programs are put, too.
    pub folder: PathBuf,
    /// What the compiler of every program is given besides.
    pub compiler_flags: Vec<String>,
    /// What programs are started by, such as Valgrind with its options.
    pub launcher: Vec<String>,
    /// What they find in their environment.
    pub environment: Vec<(&'static str, String)>,
}

impl Library {
    /// The development build.
    pub fn build() -> Result<Library> {
        check(&mut cargo(&["build", "--quiet", "--package", "dunlin-native"]))?;
        Ok(Library::at(target()?.join("debug")))
    }

    /// A build in a folder.
    pub fn at(folder: PathBuf) -> Library {
        Library { folder, compiler_flags: Vec::new(), launcher: Vec::new(), environment: Vec::new() }
    }

    /// The shared library.
    pub fn shared(&self) -> PathBuf {
        self.folder.join("libdunlin.so")
    }
}

/// Cargo's target folder.
pub fn target() -> Result<PathBuf> {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1"]).output()?.stdout;
    let metadata: serde_json::Value = serde_json::from_slice(&metadata)?;
    let folder = metadata["target_directory"].as_str().context("cargo metadata has no target folder")?;
    Ok(Path::new(folder).to_path_buf())
}
