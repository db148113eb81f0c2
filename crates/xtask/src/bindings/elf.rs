//! Whether systems with large pages can load the libraries in an archive: the alignment of what an ELF file has mapped.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::files;
use crate::place;
use crate::shell::check;

/// Checks every ELF library in a jar or an AAR, and prints each with its alignment.
///
/// # Errors
/// If a library is of another processor than its folder says, if a segment is aligned to less than the pages that such systems may have, or if
/// there are fewer than `least` libraries for systems that are checked.
pub fn check_archive(archive: &Path, least: usize) -> Result<()> {
    let name = archive.file_name().context("an archive is a file")?;
    let folder = place::target()?.join("bindings/checked").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    check(
        Command::new("jar")
            .current_dir(&folder)
            .arg("--extract")
            .arg("--file")
            .arg(std::path::absolute(archive)?),
    )?;
    let mut n_checked = 0;
    for file in files(&folder)?.iter().filter(|file| file.extension().is_some_and(|ending| ending == "so")) {
        let system = file.parent().and_then(Path::file_name).context("a library lies in a folder")?;
        let system = system.to_string_lossy();
        let Some(target) = TARGETS.iter().find(|target| target.folder == system) else { continue };
        let alignment = alignment(&fs::read(file)?, target)
            .with_context(|| format!("{}: {}", archive.display(), file.display()))?;
        println!("  {}: {system}: segments aligned to {} KB", name.to_string_lossy(), alignment >> 10);
        n_checked += 1;
    }
    ensure!(n_checked >= least, "{} has {n_checked} libraries, not {least}", archive.display());
    Ok(())
}

/// A processor as archives call it, what ELF calls it, and the largest pages, in bytes, of systems that run there.
struct Target {
    folder: &'static str,
    class: u8,
    machine: u16,
    page_bytes: u64,
}

/// Android on 64 bits may have pages of 16 KB, Linux on aarch64 of 64 KB. Other systems are not checked.
const TARGETS: &[Target] = &[
    Target { folder: "arm64-v8a", class: ELF64, machine: AARCH64, page_bytes: 16 << 10 },
    Target { folder: "x86_64", class: ELF64, machine: X86_64, page_bytes: 16 << 10 },
    Target { folder: "armeabi-v7a", class: ELF32, machine: ARM, page_bytes: 4 << 10 },
    Target { folder: "linux-x86-64", class: ELF64, machine: X86_64, page_bytes: 4 << 10 },
    Target { folder: "linux-aarch64", class: ELF64, machine: AARCH64, page_bytes: 64 << 10 },
];

const ELF32: u8 = 1;
const ELF64: u8 = 2;
const ARM: u16 = 40;
const X86_64: u16 = 62;
const AARCH64: u16 = 183;
/// A segment that is mapped.
const PT_LOAD: u64 = 1;

/// The least alignment of the mapped segments, in bytes.
fn alignment(elf: &[u8], target: &Target) -> Result<u64> {
    ensure!(elf.starts_with(b"\x7fELF") && elf.get(5) == Some(&1), "not a little-endian ELF file");
    let (class, machine) = (elf.get(4).copied(), number(elf, 18, 2)?);
    if class != Some(target.class) || machine != u64::from(target.machine) {
        bail!("not for {}: machine {machine}", target.folder);
    }
    // Where the headers of segments begin, how long each is, and how many there are; then where their fields lie.
    let wide = target.class == ELF64;
    let (start, size, n) = if wide { ((32, 8), 54, 56) } else { ((28, 4), 42, 44) };
    let (start, size, n) = (number(elf, start.0, start.1)?, number(elf, size, 2)?, number(elf, n, 2)?);
    let [offset, address, align] = if wide { [8, 16, 48] } else { [4, 8, 28] };
    let width = if wide { 8 } else { 4 };
    let mut least = u64::MAX;
    for i in 0..n {
        let header = usize::try_from(start + i * size)?;
        if number(elf, header, 4)? != PT_LOAD {
            continue;
        }
        let align = number(elf, header + align, width)?;
        ensure!(
            align >= target.page_bytes && align.is_power_of_two(),
            "a segment is aligned to {align} bytes, and pages may have {}",
            target.page_bytes
        );
        let (offset, address) = (number(elf, header + offset, width)?, number(elf, header + address, width)?);
        ensure!(offset % align == address % align, "a segment's place in the file does not fit its address");
        least = least.min(align);
    }
    ensure!(least != u64::MAX, "nothing is mapped");
    Ok(least)
}

/// A little-endian number of so many bytes.
fn number(bytes: &[u8], at: usize, width: usize) -> Result<u64> {
    let field = bytes.get(at..at.saturating_add(width)).context("the file is cut short")?;
    Ok(field.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A library of 64 bits with one mapped segment.
    fn library(machine: u16, offset: u64, align: u64) -> Vec<u8> {
        let mut elf = vec![0; 64 + 56];
        elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
        elf[18..20].copy_from_slice(&machine.to_le_bytes());
        elf[32] = 64;
        elf[54] = 56;
        elf[56] = 1;
        elf[64] = 1;
        elf[72..80].copy_from_slice(&offset.to_le_bytes());
        elf[112..120].copy_from_slice(&align.to_le_bytes());
        elf
    }

    #[test]
    fn large_pages_need_large_alignments() {
        let [arm, ..] = TARGETS else { unreachable!() };
        let cases = [
            (library(AARCH64, 0, 16 << 10), true),
            (library(AARCH64, 64 << 10, 64 << 10), true),
            (library(AARCH64, 0, 4 << 10), false),
            (library(AARCH64, 100, 16 << 10), false),
            (library(X86_64, 0, 16 << 10), false),
            (library(AARCH64, 0, 16 << 10)[..100].to_vec(), false),
            (b"no library".to_vec(), false),
        ];
        for (i, (elf, fits)) in cases.iter().enumerate() {
            assert_eq!(alignment(elf, arm).is_ok(), *fits, "case {i}");
        }
    }
}
