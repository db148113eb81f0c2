//! Every small model of the repository, cut short and with bits flipped: reading it ends in a model or an error.

use std::fs;
use std::path::{Path, PathBuf};

use dunlin_formats::onnx::{Limits, looks_like_onnx, read};
use dunlin_sys::AlignedBuf;

/// Larger files would make the test slow without making it better.
const MAX_FILE_BYTES: usize = 1 << 20;
const ROUNDS: usize = 400;

#[test]
fn damaged_models_end_in_errors() {
    let limits = Limits { max_tensor_bytes: 1 << 24, max_dense_bytes: 1 << 24, ..Limits::default() };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut paths = Vec::new();
    ["examples", "tests"].iter().for_each(|folder| models(&root.join(folder), &mut paths));
    assert!(!paths.is_empty(), "the repository has models to damage");
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for path in paths {
        let data = fs::read(&path).unwrap();
        if data.len() > MAX_FILE_BYTES {
            continue;
        }
        assert!(looks_like_onnx(&data), "{}", path.display());
        for _ in 0..ROUNDS {
            let damaged = AlignedBuf::copy_of(&damage(&data, &mut random)).unwrap().into();
            let _ = read(damaged, None, &limits);
        }
    }
}

/// The `.onnx` files in and below a folder, in a fixed order.
fn models(folder: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            models(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "onnx") {
            paths.push(path);
        }
    }
}

fn damage(data: &[u8], random: &mut Random) -> Vec<u8> {
    let mut data = data.to_vec();
    for _ in 0..=random.below(3) {
        // Most of a model is weights; the structure is at both ends.
        let n = data.len();
        let at = match random.below(3) {
            0 => random.below(n.min(4096)),
            1 => n - 1 - random.below(n.min(4096)),
            _ => random.below(n),
        };
        match random.below(12) {
            0 => data.truncate(at + 1),
            1 => data.insert(at, random.below(256) as u8),
            _ => data[at] ^= 1 << random.below(8),
        }
    }
    data
}

/// A small generator (xorshift), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}
