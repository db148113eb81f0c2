//! Writes the Kotlin and Swift bindings from what a library with the feature `uniffi` says of itself:
//! `dunlin-generator LIBRARY CRATE KOTLIN SWIFT`. `cargo xtask bindings` calls it.

#![forbid(unsafe_code)]

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use camino::Utf8PathBuf;
use uniffi_bindgen::bindings::{GenerateOptions, TargetLanguage, generate_with_bindgen_paths};
use uniffi_bindgen::{BindgenPaths, BindgenPathsLayer};

fn main() -> Result<()> {
    let arguments: Vec<Utf8PathBuf> = std::env::args().skip(1).map(Utf8PathBuf::from).collect();
    let [library, source, kotlin, swift] = &arguments[..] else {
        bail!("dunlin-generator LIBRARY CRATE KOTLIN SWIFT");
    };
    for (language, folder) in [(TargetLanguage::Kotlin, kotlin), (TargetLanguage::Swift, swift)] {
        let mut paths = BindgenPaths::default();
        paths.add_layer(Source(source.clone()));
        let options = GenerateOptions {
            languages: vec![language],
            source: library.clone(),
            out_dir: folder.clone(),
            ..GenerateOptions::default()
        };
        generate_with_bindgen_paths(options, paths).with_context(|| format!("writing to {folder}"))?;
        tidy(folder.as_std_path()).with_context(|| format!("tidying {folder}"))?;
    }
    Ok(())
}

/// Says in each file where it comes from, in place of what the templates say, and ends its lines where their text ends.
fn tidy(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            tidy(&path)?;
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let own = text.lines().skip_while(|line| line.starts_with("//") || line.is_empty());
        let mut tidied = match path.extension().is_some_and(|extension| extension == "modulemap") {
            true => String::new(),
            false => "// Written by `cargo xtask bindings` from crates/uniffi: do not change it here.\n\n"
                .to_owned(),
        };
        for line in own {
            tidied.push_str(line.trim_end());
            tidied.push('\n');
        }
        if path.extension().is_some_and(|extension| extension == "kt") {
            tidied = quicken(tidied)?;
        }
        fs::write(&path, tidied)?;
    }
    Ok(())
}

/// Passes the status of calls as a pointer to memory of the thread's. JNA takes most of the time of a small call to make, write and read
/// the structure that the templates make for each; this way it is read after failures alone.
fn quicken(mut text: String) -> Result<String> {
    for (old, new) in QUICKER {
        if !text.contains(old) {
            bail!("the templates no longer write {old:?}");
        }
        text = text.replace(old, new);
    }
    Ok(text)
}

/// What is replaced by what.
const QUICKER: [(&str, &str); 5] = [
    ("uniffi_out_err: UniffiRustCallStatus", "uniffi_out_err: Pointer"),
    ("callback: (UniffiRustCallStatus) -> U", "callback: (Pointer) -> U"),
    ("completeFunc: (Long, UniffiRustCallStatus) -> F", "completeFunc: (Long, Pointer) -> F"),
    (
        "    var status = UniffiRustCallStatus()
    val return_value = callback(status)
    uniffiCheckCallStatus(errorHandler, status)
    return return_value
",
        "    val status = uniffiThreadStatus.get()!!
    val return_value = callback(status)
    if (status.getByte(0) != UNIFFI_CALL_SUCCESS) {
        uniffiCheckCallStatus(errorHandler, uniffiTakeStatus(status))
    }
    return return_value
",
    ),
    (
        "// Check UniffiRustCallStatus and throw",
        "// The status of the calls of each thread: success, but between a failed call and its exception.
private val uniffiThreadStatus = object : ThreadLocal<Pointer>() {
    override fun initialValue(): Pointer =
        com.sun.jna.Memory(UniffiRustCallStatus().size().toLong()).apply { clear() }
}

// Copies the status of a failed call, and sets it back
private fun uniffiTakeStatus(status: Pointer): UniffiRustCallStatus {
    val taken = UniffiRustCallStatus()
    taken.pointer.write(0, status.getByteArray(0, taken.size()), 0, taken.size())
    taken.read()
    status.setByte(0, UNIFFI_CALL_SUCCESS)
    return taken
}

// Check UniffiRustCallStatus and throw",
    ),
];

/// Where the crate lies whose uniffi.toml says how the bindings are called.
struct Source(Utf8PathBuf);

impl BindgenPathsLayer for Source {
    fn get_crate_root(&self, crate_name: &str) -> Option<Utf8PathBuf> {
        (crate_name == "dunlin_uniffi").then(|| self.0.clone())
    }
}
