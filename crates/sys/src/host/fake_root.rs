//! A folder of files that stands in for `/` in tests.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, process};

/// Removed when dropped.
pub(super) struct FakeRoot {
    path: PathBuf,
}

impl FakeRoot {
    pub(super) fn new(files: &[(&str, &str)]) -> FakeRoot {
        static N_MADE: AtomicUsize = AtomicUsize::new(0);
        let number = N_MADE.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("dunlin-root-{}-{number}", process::id()));
        for (name, text) in files {
            let file = path.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        FakeRoot { path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for FakeRoot {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
