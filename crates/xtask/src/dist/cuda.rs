//! The library of accelerators beside libdunlin, where CUDA's compiler is.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::layout::{Layout, copy, link_to};
use super::system::System;
use crate::place;
use crate::shell::{cargo, check};

/// Adds libdunlin_cuda to the package at `out`, or says why not.
pub fn add(system: System, out: &Path) -> Result<()> {
    let Some(nvcc) = nvcc() else {
        println!("  libdunlin_cuda is left out: no nvcc in CUDA_HOME or PATH");
        return Ok(());
    };
    if system != System::Linux {
        println!("  libdunlin_cuda is left out: it is packed on Linux alone");
        return Ok(());
    }
    let layout = Layout::portable(system);
    let name = format!("libdunlin_cuda.so.{}", layout.version.major);
    let mut command = cargo(&["rustc", "--quiet", "--package", "dunlin-cuda", "--lib", "--features", "cuda"]);
    command.args(["--profile", "dist", "--", &format!("-Clink-arg=-Wl,-soname,{name}")]);
    let folder = nvcc.parent().map(Path::to_path_buf).unwrap_or_default();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder).chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(folders)?);
    if std::env::var_os("CUDA_COMPUTE_CAP").is_none() {
        // The oldest that has what candle's kernels use; the driver compiles them for later ones.
        command.env("CUDA_COMPUTE_CAP", OLDEST_CARD);
    }
    check(&mut command)?;
    let library = out.join(format!("{}/libdunlin_cuda.so.{}", layout.lib, layout.version));
    let built = place::target()?.join("dist/libdunlin_cuda.so");
    copy(&built, &library)?;
    layout.strip(&library)?;
    link_to(library.file_name().context("a library has a name")?.as_ref(), &library.with_file_name(&name))?;
    println!("  lib/{name} {} bytes", fs::metadata(&library)?.len());
    Ok(())
}

/// CUDA's compiler.
fn nvcc() -> Option<PathBuf> {
    let homes = ["CUDA_HOME", "CUDA_PATH"].into_iter().filter_map(std::env::var_os);
    let folders = homes.map(|home| PathBuf::from(home).join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.chain(std::env::split_paths(&path)).map(|folder| folder.join("nvcc")).find(|nvcc| nvcc.is_file())
}

/// Compute capability 8.0: Ampere.
const OLDEST_CARD: &str = "80";
