//! libdunlin as programs of the table link it: where it lies, and how programs are compiled for it.

use std::path::PathBuf;

use anyhow::Result;

use crate::place;
use crate::shell::{cargo, check};

/// A build of libdunlin.
#[derive(Debug, Clone)]
pub struct Library {
    /// The folder with libdunlin.so, in which programs are put, too.
    pub folder: PathBuf,
    /// What every program is compiled with besides.
    pub compiler_flags: Vec<String>,
    /// What every program is linked with besides.
    pub linker_flags: Vec<String>,
    /// What programs are started by, such as Valgrind with its options.
    pub launcher: Vec<String>,
    /// What they find in their environment.
    pub environment: Vec<(&'static str, String)>,
}

impl Library {
    /// The development build.
    pub fn build() -> Result<Library> {
        check(&mut cargo(&["build", "--quiet", "--package", "dunlin-native"]))?;
        Ok(Library::at(place::target()?.join("debug")))
    }

    /// Puts the library of accelerators beside this one, as it is called where it is installed. Built without CUDA it has candle's
    /// CPU for a device. Its profile is that of the conformance tests, so that candle is compiled once for both.
    pub fn add_accelerators(&self) -> Result<()> {
        check(&mut cargo(&["build", "--quiet", "--profile", "checked", "--package", "dunlin-cuda"]))?;
        let built = place::target()?.join("checked/libdunlin_cuda.so");
        std::fs::copy(built, self.folder.join("libdunlin_cuda.so.0"))?;
        Ok(())
    }

    /// A build in a folder.
    pub fn at(folder: PathBuf) -> Library {
        Library {
            folder,
            compiler_flags: Vec::new(),
            linker_flags: Vec::new(),
            launcher: Vec::new(),
            environment: Vec::new(),
        }
    }

    /// The shared library.
    pub fn shared(&self) -> PathBuf {
        self.folder.join("libdunlin.so")
    }
}
