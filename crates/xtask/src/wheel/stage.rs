//! The folder that the wheel is built from: the package, with the licences that belong into it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::dist::licences;
use crate::place;

/// Lays the folder out anew.
pub fn write(folder: &Path) -> Result<PathBuf> {
    let repository = place::repository();
    let package = repository.join("bindings/python");
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    copy(&package.join("dunlin"), &folder.join("dunlin"))?;
    fs::copy(package.join("README.md"), folder.join("README.md"))?;
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(repository.join(licence), folder.join(licence)).context(licence)?;
    }
    fs::write(folder.join("THIRD-PARTY"), licences::third_party("dunlin-python", &[])?)?;
    let text = fs::read_to_string(package.join("pyproject.toml"))?;
    let manifest = repository.join("crates/python/Cargo.toml");
    let text = text.replace("../../crates/python/Cargo.toml", &manifest.to_string_lossy().replace('\\', "/"));
    fs::write(folder.join("pyproject.toml"), text)?;
    Ok(folder.to_path_buf())
}

/// Copies the sources of a package, and nothing that was made of them.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let is_source =
            ["py", "pyi", "typed"].iter().any(|own| path.extension().is_some_and(|it| it == *own));
        if entry.file_type()?.is_dir() && entry.file_name() != "__pycache__" {
            copy(&path, &target)?;
        } else if is_source {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}
