//! Damaged copies of a model, loaded and run through the C interface: whatever a file holds, the answer is an error or tensors.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dunlin_c_api::dunlin_status;
use dunlin_core::Value;

use crate::engine;
use crate::host::{self, Bounds};
use crate::protocol::{Damage, Failure, Job, Outcome};

/// How long a damaged model may load, and how long it may run.
const PATIENCE: Duration = Duration::from_secs(5);

/// Makes and tries each copy; the outcome counts those that loaded and ran.
pub fn run(damage: &Damage) -> Result<Outcome, Failure> {
    let first = damage.job.data.first().ok_or_else(|| Failure::new("data", "no inputs"))?;
    let inputs = engine::values(&damage.job, first)?;
    let files = Files::read(damage).map_err(|error| Failure::new("data", error.to_string()))?;
    let mut outcome = Outcome::default();
    for number in damage.first..damage.first + damage.count {
        let copy = files.copy(number).map_err(|error| Failure::new("data", error.to_string()))?;
        match attempt(&copy, &damage.job, &inputs) {
            Ok(Tried::Answered) => outcome.count += 1,
            Ok(Tried::Refused) => {}
            Err(bug) => return Err(Failure::new("panic", format!("copy {number}: {bug}"))),
        }
    }
    Ok(outcome)
}

/// Loads and runs a copy through the C interface. The error is a bug.
fn attempt(model: &Path, job: &Job, inputs: &[(String, Value)]) -> Result<Tried, String> {
    let start = Instant::now();
    let bounds = Bounds { patience: PATIENCE, tensor_bytes: 1 << 28, run_bytes: 1 << 30 };
    let device = if job.backend == "candle" { "candle-cpu" } else { &job.backend };
    let status = host::load_and_run(model, device, job.threads, &bounds, inputs);
    let took = start.elapsed();
    match status {
        dunlin_status::DUNLIN_OK if took > 3 * PATIENCE => Err(format!("deadlines passed unheard: {took:?}")),
        dunlin_status::DUNLIN_OK => Ok(Tried::Answered),
        dunlin_status::DUNLIN_INTERNAL => Err("a panic was caught".to_owned()),
        _ => Ok(Tried::Refused),
    }
}

/// What came of a copy.
enum Tried {
    Answered,
    Refused,
}

/// The undamaged files, and the folder for copies of them.
struct Files {
    model: Vec<u8>,
    external: Vec<PathBuf>,
    folder: PathBuf,
}

impl Files {
    fn read(damage: &Damage) -> io::Result<Files> {
        let folder = std::env::temp_dir().join(format!("dunlin-damage-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Files { model: fs::read(&damage.job.model)?, external: damage.external.clone(), folder })
    }

    /// Writes copy `number` of the model, with its external data beside it, one of the files damaged.
    fn copy(&self, number: u64) -> io::Result<PathBuf> {
        let mut random = Random(number);
        let path = self.folder.join("model.onnx");
        let victim = random.below(1 + self.external.len() as u64) as usize;
        let mut model = self.model.clone();
        if victim == 0 {
            spoil(&mut model, number, &mut random);
        }
        fs::write(&path, model)?;
        for (i, source) in self.external.iter().enumerate() {
            let target = self.folder.join(source.file_name().unwrap_or_default());
            let _ = fs::remove_file(&target);
            if victim == i + 1 {
                let mut data = fs::read(source)?;
                spoil(&mut data, number, &mut random);
                fs::write(&target, data)?;
            } else if fs::hard_link(source, &target).is_err() {
                fs::copy(source, &target)?;
            }
        }
        Ok(path)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // What is left lies in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Regions that a file is divided into; successive copies are damaged in successive ones.
const REGIONS: u64 = 256;

/// Truncates the data, or changes some of it.
fn spoil(data: &mut Vec<u8>, number: u64, random: &mut Random) {
    let len = data.len() as u64;
    if len == 0 {
        return;
    }
    let region = number % REGIONS;
    let (start, end) = (len * region / REGIONS, len * (region + 1) / REGIONS);
    // Every other one near an end of the file, where the graph of most models lies.
    let at = match random.below(4) {
        0 => random.below(len.min(1 << 16)),
        1 => len - 1 - random.below(len.min(1 << 14)),
        _ => (start + random.below((end - start).max(1))).min(len - 1),
    } as usize;
    match random.below(6) {
        0 => data.truncate(at),
        1 | 2 => data[at] ^= 1 << random.below(8),
        3 => data[at] = random.below(256) as u8,
        4 => {
            let value = [0x00, 0x7f, 0x80, 0xff][random.below(4) as usize];
            data[at..].iter_mut().take(1 + random.below(9) as usize).for_each(|byte| *byte = value);
        }
        _ => {
            let n = 1 + random.below(64) as usize;
            data[at..].iter_mut().take(n).for_each(|byte| *byte = random.below(256) as u8);
        }
    }
}

/// The splitmix64 generator, so that a copy's number says all about it.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % bound
    }
}
