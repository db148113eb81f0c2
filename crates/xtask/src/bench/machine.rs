//! The machine that figures were measured on.

use std::fs;

use serde::Serialize;

/// What decides how fast a machine is, as far as the system says.
#[derive(Debug, Serialize)]
pub struct Machine {
    processor: String,
    /// Instruction sets that kernels care about.
    instruction_sets: Vec<String>,
    cores: usize,
    memory_bytes: u64,
    system: String,
}

impl Machine {
    /// This one.
    pub fn here() -> Machine {
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| Some(line.split_once(':')?.1.trim().to_owned())).unwrap_or_default()
        };
        let flags = field(&cpu, "flags");
        let known = ["avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8"];
        let memory = field(&fs::read_to_string("/proc/meminfo").unwrap_or_default(), "MemTotal");
        let kib: u64 = memory.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0);
        Machine {
            processor: field(&cpu, "model name"),
            instruction_sets: known
                .iter()
                .filter(|name| flags.split_whitespace().any(|flag| flag == **name))
                .map(ToString::to_string)
                .collect(),
            cores: std::thread::available_parallelism().map_or(1, Into::into),
            memory_bytes: kib * 1024,
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        }
    }

    /// One line.
    pub fn line(&self) -> String {
        let gib = self.memory_bytes as f64 / f64::from(1u32 << 30);
        format!(
            "{}, {} cores, {gib:.0} GiB, {} ({})",
            if self.processor.is_empty() { "unknown processor" } else { &self.processor },
            self.cores,
            self.system,
            self.instruction_sets.join(", ")
        )
    }
}
