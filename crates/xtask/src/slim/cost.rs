//! What takes up the bytes of a library, by the parts that its symbols name.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::shell::output;

/// Prints how many bytes of code and data each part of an unstripped library has; nothing where no tool can tell.
pub fn print(library: &Path) -> Result<()> {
    let Ok(symbols) = output(Command::new("nm").args(["--print-size", "--demangle"]).arg(library)) else {
        println!("  (what costs how many bytes is told where nm can read the library)");
        return Ok(());
    };
    let parts = by_part(&symbols);
    let mut rows: Vec<(&String, &u64)> = parts.iter().collect();
    rows.sort_by_key(|&(part, bytes)| (std::cmp::Reverse(*bytes), part.clone()));
    println!("bytes by part:");
    let width = rows.iter().map(|(part, _)| part.len()).max().unwrap_or(0);
    for (part, bytes) in rows {
        println!("  {part:<width$} {bytes:>9}");
    }
    Ok(())
}

/// Sums the sizes that `nm` prints.
fn by_part(symbols: &str) -> BTreeMap<String, u64> {
    let mut parts = BTreeMap::new();
    for line in symbols.lines() {
        let mut words = line.splitn(4, ' ');
        let (_, size, _, name) = (words.next(), words.next(), words.next(), words.next());
        let size = size.and_then(|size| u64::from_str_radix(size, 16).ok());
        if let (Some(size), Some(name)) = (size, name) {
            *parts.entry(part(name)).or_insert(0) += size;
        }
    }
    parts
}

/// The part that a symbol belongs to: a family of operators, the kernels of an instruction set, a crate.
fn part(name: &str) -> String {
    let Some(at) = name.find("dunlin_") else {
        let is_std =
            ["std", "core", "alloc"].iter().any(|word| name.trim_start_matches('<').starts_with(word));
        return if is_std { "Rust's standard library" } else { "other crates" }.to_owned();
    };
    let path: Vec<&str> =
        name[at..].split("::").map(|word| word.trim_end_matches(|c: char| !c.is_alphanumeric())).collect();
    match path[..] {
        ["dunlin_exec", "cpu", family, ..] => format!("operators: {family}"),
        ["dunlin_kernels", "arch", set, ..] => format!("kernels: {set}"),
        ["dunlin_kernels", ..] => "kernels: around them".to_owned(),
        [one, _, ..] => one.trim_start_matches("dunlin_").replace('_', "-"),
        _ => "c-api".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_belong_to_parts() {
        let cases = [
            ("dunlin_exec::cpu::convolution::pool::max", "operators: convolution"),
            ("<dunlin_exec::cpu::ml::svm::X as core::fmt::Debug>::fmt", "operators: ml"),
            ("dunlin_kernels::arch::avx2::enter", "kernels: avx2"),
            ("dunlin_kernels::pool::run", "kernels: around them"),
            ("core::ptr::drop_in_place<dunlin_ir::graph::Graph>", "ir"),
            ("dunlin_model_load", "c-api"),
            ("core::fmt::write", "Rust's standard library"),
            ("prost::encoding::decode_varint", "other crates"),
        ];
        for (name, want) in cases {
            assert_eq!(part(name), want, "{name}");
        }
        let symbols = "0000 0000000000000010 t dunlin_exec::cpu::run_step\n0000 U malloc\n0010 0000000000000008 r dunlin_exec::cpu::run_step::X\n";
        assert_eq!(
            by_part(symbols).into_iter().collect::<Vec<_>>(),
            [("operators: run_step".to_owned(), 24)]
        );
    }
}
