//! Where things are: the repository, and the cache for what is fetched and made.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::shell::cargo;

/// The repository's root.
pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// The folder for downloads, models, goldens and tests: `$DUNLIN_CACHE`, or `dunlin` in the user's cache folder.
pub fn cache() -> Result<PathBuf> {
    let given = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || given("HOME").or_else(|| given("USERPROFILE")).map(|home| home.join(".cache"));
    let folder = given("DUNLIN_CACHE")
        .or_else(|| given("XDG_CACHE_HOME").or_else(home).map(|cache| cache.join("dunlin")))
        .context("no home folder; set DUNLIN_CACHE")?;
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    folder.canonicalize().with_context(|| format!("finding {}", folder.display()))
}

/// Cargo's target folder.
pub fn target() -> Result<PathBuf> {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1"]).output()?.stdout;
    let metadata: serde_json::Value = serde_json::from_slice(&metadata)?;
    let folder = metadata["target_directory"].as_str().context("cargo metadata has no target folder")?;
    Ok(Path::new(folder).to_path_buf())
}
