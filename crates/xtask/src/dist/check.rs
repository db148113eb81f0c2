//! What a library must keep to be shipped: the libraries it asks for, the C library it needs, its names, its size.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::build::GLIBC_FLOOR;
use super::system::{System, Version};
use crate::shell::output;
use crate::{native, place};

/// What a library on Linux may ask for: parts of the C library (before glibc 2.34 they were several), and the unwinder.
const ALLOWED: &[&str] =
    &["libc.so", "libm.so", "libgcc_s.so", "libpthread.so", "libdl.so", "librt.so", "ld-linux"];

/// Bytes that the shared library may have, with every operator and the CPU alone: 8 MB.
pub const MAX_BYTES: u64 = 8_000_000;

/// What is known of a shared library.
#[derive(Debug)]
pub struct Facts {
    needed: Vec<String>,
    run_time_name: Option<String>,
    /// The newest version of glibc that a symbol asks for, as numbers.
    glibc: Vec<u32>,
    /// The functions that others can call.
    pub exported: BTreeSet<String>,
}

impl Facts {
    /// Reads them with binutils.
    pub fn of(library: &Path) -> Result<Facts> {
        let read = |flags: &str| output(Command::new("readelf").args([flags, "--wide"]).arg(library));
        let names =
            output(Command::new("nm").args(["-D", "--defined-only", "--format=just-symbols"]).arg(library))?;
        Ok(Facts::parse(&read("--dynamic")?, &read("--version-info")?, &names))
    }

    fn parse(dynamic: &str, versions: &str, names: &str) -> Facts {
        let bracketed = |line: &str| Some(line.split_once('[')?.1.split_once(']')?.0.to_owned());
        let entries = |kind: &str| -> Vec<String> {
            dynamic.lines().filter(|line| line.contains(kind)).filter_map(bracketed).collect()
        };
        let numbers =
            |version: &str| version.split('.').map_while(|part| part.parse().ok()).collect::<Vec<u32>>();
        let words = versions.split_whitespace().filter_map(|word| word.strip_prefix("GLIBC_"));
        Facts {
            needed: entries("(NEEDED)"),
            run_time_name: entries("(SONAME)").pop(),
            glibc: words.map(numbers).max().unwrap_or_default(),
            exported: names.split_whitespace().map(str::to_owned).collect(),
        }
    }

    /// Every rule that is broken, in words; `floor` is the newest glibc that may be needed.
    pub fn complaints(
        &self,
        run_time_name: &str,
        symbols: &BTreeSet<String>,
        floor: Option<&str>,
    ) -> Vec<String> {
        let mut complaints = Vec::new();
        for foreign in self.needed.iter().filter(|name| !ALLOWED.iter().any(|part| name.starts_with(part))) {
            complaints.push(format!("it needs {foreign}"));
        }
        if self.run_time_name.as_deref() != Some(run_time_name) {
            complaints.push(format!("its run-time name is {:?}, not {run_time_name}", self.run_time_name));
        }
        if let Some(floor) = floor {
            let most: Vec<u32> = floor.split('.').filter_map(|part| part.parse().ok()).collect();
            if self.glibc > most {
                complaints.push(format!("it needs glibc {}, newer than {floor}", self.version()));
            }
        }
        let difference =
            |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>();
        for (list, what) in [
            (difference(&self.exported, symbols), "it exports what is not in include/symbols.txt"),
            (difference(symbols, &self.exported), "it does not export"),
        ] {
            if !list.is_empty() {
                complaints.push(format!("{what}: {}", list.join(", ")));
            }
        }
        complaints
    }

    fn version(&self) -> String {
        self.glibc.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
    }
}

impl std::fmt::Display for Facts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.run_time_name.as_deref().unwrap_or("no run-time name");
        write!(f, "{name}, {} functions, needs {}", self.exported.len(), self.needed.join(", "))?;
        if self.glibc.is_empty() { Ok(()) } else { write!(f, " (glibc {})", self.version()) }
    }
}

/// The shared libraries that a program or library asks for.
pub fn needed(file: &Path) -> Result<Vec<String>> {
    Ok(Facts::parse(&output(Command::new("readelf").args(["--dynamic", "--wide"]).arg(file))?, "", "").needed)
}

/// Checks the shared library of a package on Linux; an error lists what is wrong.
pub fn library(file: &Path, system: System, has_floor: bool) -> Result<()> {
    if system != System::Linux {
        println!("  what the library needs and exports is checked on Linux alone");
        return Ok(());
    }
    let symbols =
        std::fs::read_to_string(place::repository().join(native::SYMBOLS)).context(native::SYMBOLS)?;
    let symbols: BTreeSet<String> = symbols.split_whitespace().map(str::to_owned).collect();
    let facts = Facts::of(file)?;
    println!("  {}: {facts}", file.file_name().unwrap_or_default().to_string_lossy());
    let loaded = output(Command::new("ldd").arg(file))?;
    let mut complaints =
        facts.complaints(&system.run_time_name(&Version::here()), &symbols, has_floor.then_some(GLIBC_FLOOR));
    complaints
        .extend(loaded.lines().filter(|line| line.contains("not found")).map(|line| line.trim().to_owned()));
    if complaints.is_empty() { Ok(()) } else { bail!("{}: {}", file.display(), complaints.join("; ")) }
}

/// Checks that a file has at most so many bytes.
pub fn size(file: &Path, most: u64) -> Result<()> {
    let bytes = std::fs::metadata(file)?.len();
    if bytes > most {
        bail!("{} has {bytes} bytes, more than {most}", file.display());
    }
    println!("  {bytes} bytes, of {most} at most");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DYNAMIC: &str = " 0x01 (NEEDED) Shared library: [libm.so.6]\n 0x01 (NEEDED) Shared library: [libc.so.6]\n \
                           0x0e (SONAME) Library soname: [libdunlin.so.0]\n";
    const VERSIONS: &str =
        "  0x0010:   Name: GLIBC_2.2.5  Flags: none  Version: 4\n  0x0020:   Name: GLIBC_2.17  Flags: none\n";

    #[test]
    fn each_broken_rule_is_named() {
        let symbols = BTreeSet::from(["dunlin_run".to_owned()]);
        let sound = Facts::parse(DYNAMIC, VERSIONS, "dunlin_run\n");
        assert_eq!(sound.complaints("libdunlin.so.0", &symbols, Some("2.17")), [""; 0]);
        let broken = [
            (
                DYNAMIC.replace("libm.so.6", "libssl.so.3"),
                VERSIONS.to_owned(),
                "dunlin_run",
                "it needs libssl.so.3",
            ),
            (
                DYNAMIC.replace("SONAME", "RUNPATH"),
                VERSIONS.to_owned(),
                "dunlin_run",
                "run-time name is None",
            ),
            (
                DYNAMIC.to_owned(),
                VERSIONS.replace("2.17", "2.34"),
                "dunlin_run",
                "glibc 2.34, newer than 2.17",
            ),
            (DYNAMIC.to_owned(), VERSIONS.to_owned(), "dunlin_run other", "symbols.txt: other"),
            (DYNAMIC.to_owned(), VERSIONS.to_owned(), "", "does not export: dunlin_run"),
        ];
        for (dynamic, versions, names, want) in broken {
            let complaints =
                Facts::parse(&dynamic, &versions, names).complaints("libdunlin.so.0", &symbols, Some("2.17"));
            assert!(complaints.len() == 1 && complaints[0].contains(want), "{complaints:?}");
        }
    }
}
