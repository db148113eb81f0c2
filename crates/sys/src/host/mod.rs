//! Facts about the machine and about the part of it that this process may use.

use std::thread;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod cgroup;
#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod fake_root;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
#[cfg(any(target_os = "linux", target_os = "android"))]
use linux as system;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod portable;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use portable as system;

use crate::os;

/// How many threads can run at once in this process: at least 1.
///
/// The smaller of the CPUs that the calling thread may run on and the CPU time that the process's control group
/// allows, rounded up to whole CPUs. Where the system is not asked about these, what the standard library says.
pub fn available_threads() -> usize {
    let quota = system::cpu_quota().map(|cpus| cpus.ceil() as usize);
    let n_threads = match (os::affinity_cpus(), quota) {
        (Some(cpus), Some(quota)) => cpus.min(quota),
        (Some(cpus), None) => cpus,
        (None, Some(quota)) => std_threads().min(quota),
        (None, None) => std_threads(),
    };
    n_threads.max(1)
}

fn std_threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The most memory that this process ever held in RAM at once, in bytes; `None` where the system does not say.
///
/// Pages of mapped files count while they are in RAM.
pub fn peak_memory_bytes() -> Option<u64> {
    os::peak_memory_bytes()
}

/// What there is to know about the host, for reports. `None` is "the system did not say".
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct HostFacts {
    /// The operating system, as in `std::env::consts::OS`.
    pub os: &'static str,
    /// The processor's architecture, as in `std::env::consts::ARCH`.
    pub arch: &'static str,
    /// Who made the CPU.
    pub cpu_vendor: Option<String>,
    /// Which CPU it is.
    pub cpu_model: Option<String>,
    /// Cores.
    pub physical_cpus: Option<usize>,
    /// Hardware threads that are switched on.
    pub logical_cpus: Option<usize>,
    /// Hardware threads that this thread may run on.
    pub affinity_cpus: Option<usize>,
    /// CPU time per time that the control group allows, in CPUs; `None` if there is no limit.
    pub cpu_quota: Option<f64>,
    /// What [`available_threads`] makes of all these.
    pub available_threads: usize,
    /// The machine's memory, in bytes.
    pub memory_bytes: Option<u64>,
    /// Memory that the control group allows, in bytes; `None` if there is no limit.
    pub memory_limit_bytes: Option<u64>,
    /// Size of a page of memory, in bytes.
    pub page_bytes: Option<usize>,
    /// The caches of the first CPU, nearest first.
    pub caches: Vec<Cache>,
}

impl HostFacts {
    /// Asks the system.
    pub fn detect() -> HostFacts {
        HostFacts {
            os: std::env::consts::OS,
            arch: std::env::consts::ARCH,
            affinity_cpus: os::affinity_cpus(),
            available_threads: available_threads(),
            page_bytes: os::page_bytes(),
            ..system::facts()
        }
    }
}

/// One cache of a CPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    /// 1 is nearest to the core.
    pub level: u32,
    /// What it holds.
    pub kind: CacheKind,
    /// Capacity in bytes.
    pub capacity_bytes: u64,
    /// How many hardware threads share it.
    pub n_sharers: usize,
}

/// What a cache holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheKind {
    /// Data alone.
    Data,
    /// Instructions alone.
    Instruction,
    /// Both.
    Unified,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_host_is_plausible() {
        let facts = HostFacts::detect();
        let limit = facts.logical_cpus.or(facts.affinity_cpus).unwrap_or(facts.available_threads);
        assert!((1..=limit).contains(&facts.available_threads), "{facts:?}");
        assert!(facts.page_bytes.is_none_or(usize::is_power_of_two));
        assert!(facts.memory_bytes.is_none_or(|bytes| bytes > 1 << 20));
    }

    #[test]
    fn the_peak_grows_with_use() {
        let Some(before) = peak_memory_bytes() else { return };
        let block = std::hint::black_box(vec![1u8; 64 << 20]);
        let after = peak_memory_bytes().unwrap();
        drop(block);
        assert!(after >= before && after >= 64 << 20, "{before} {after}");
    }
}
