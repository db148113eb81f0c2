//! What Linux and Android say about a process.

use std::fs;

/// How many CPUs the calling thread may run on.
pub(crate) fn affinity_cpus() -> Option<usize> {
    // Room for 8192 CPUs, the most that kernels are built for; `cpu_set_t` stops at 1024.
    let mut mask = [0u64; 128];
    // SAFETY: the call writes at most the given number of bytes, all of which `mask` has, and any bits are valid `u64`s;
    // thread 0 is the calling one.
    let status = unsafe { libc::sched_getaffinity(0, size_of_val(&mask), mask.as_mut_ptr().cast()) };
    let n_cpus = mask.iter().map(|word| word.count_ones() as usize).sum();
    (status == 0 && n_cpus > 0).then_some(n_cpus)
}

/// The most memory that the process ever held in RAM at once ("high water mark").
pub(crate) fn peak_memory_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}
