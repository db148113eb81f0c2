//! What `/proc` and `/sys` of Linux and Android say about the machine. Containers and phones may hide any of it.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::cgroup::CgroupLimits;
use super::{Cache, CacheKind, HostFacts};

pub(super) fn cpu_quota() -> Option<f64> {
    CgroupLimits::read(Path::new("/")).cpu_quota
}

pub(super) fn facts() -> HostFacts {
    facts_below(Path::new("/"))
}

fn facts_below(root: &Path) -> HostFacts {
    let limits = CgroupLimits::read(root);
    let cpu_info = fs::read_to_string(root.join("proc/cpuinfo")).unwrap_or_default();
    let cpus = root.join("sys/devices/system/cpu");
    HostFacts {
        cpu_vendor: cpu_vendor(&cpu_info),
        cpu_model: cpu_model(&cpu_info),
        physical_cpus: physical_cpus(&cpus),
        logical_cpus: read(&cpus.join("online")).and_then(|list| list_len(&list)),
        cpu_quota: limits.cpu_quota,
        memory_bytes: memory_bytes(root),
        memory_limit_bytes: limits.memory_bytes,
        caches: caches(&cpus.join("cpu0/cache")),
        ..HostFacts::default()
    }
}

/// Names by the implementer codes of the Arm architecture (MIDR_EL1), which its `cpuinfo` shows instead of names.
const ARM_IMPLEMENTERS: [(&str, &str); 10] = [
    ("0x41", "Arm"),
    ("0x42", "Broadcom"),
    ("0x43", "Cavium"),
    ("0x46", "Fujitsu"),
    ("0x48", "HiSilicon"),
    ("0x4e", "NVIDIA"),
    ("0x51", "Qualcomm"),
    ("0x53", "Samsung"),
    ("0x61", "Apple"),
    ("0xc0", "Ampere"),
];

fn cpu_vendor(cpu_info: &str) -> Option<String> {
    if let Some(vendor) = field(cpu_info, "vendor_id") {
        return Some(vendor.to_owned());
    }
    let code = field(cpu_info, "CPU implementer")?;
    let known = ARM_IMPLEMENTERS.iter().find(|(known, _)| *known == code);
    Some(known.map_or_else(|| format!("implementer {code}"), |(_, name)| (*name).to_owned()))
}

fn cpu_model(cpu_info: &str) -> Option<String> {
    match field(cpu_info, "model name") {
        Some(name) => Some(name.to_owned()),
        None => Some(format!("part {}", field(cpu_info, "CPU part")?)),
    }
}

/// The value of the first line `name : value`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name && !value.trim().is_empty()).then(|| value.trim())
    })
}

/// Cores: distinct pairs of package and core among the CPUs that are switched on.
fn physical_cpus(cpus: &Path) -> Option<usize> {
    let is_cpu = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.strip_prefix("cpu").is_some_and(|id| id.parse::<u32>().is_ok())
    };
    let core = |cpu: PathBuf| {
        let topology = cpu.join("topology");
        Some((read(&topology.join("physical_package_id"))?, read(&topology.join("core_id"))?))
    };
    let folders = fs::read_dir(cpus).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let cores: HashSet<_> = folders.filter(is_cpu).filter_map(core).collect();
    (!cores.is_empty()).then_some(cores.len())
}

fn memory_bytes(root: &Path) -> Option<u64> {
    let info = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let kilobytes: u64 = field(&info, "MemTotal")?.strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

fn caches(folder: &Path) -> Vec<Cache> {
    let mut caches: Vec<Cache> = (0..16).map_while(|i| cache(&folder.join(format!("index{i}")))).collect();
    caches.sort_by_key(|cache| cache.level);
    caches
}

fn cache(folder: &Path) -> Option<Cache> {
    let kind = match read(&folder.join("type"))?.as_str() {
        "Data" => CacheKind::Data,
        "Instruction" => CacheKind::Instruction,
        _ => CacheKind::Unified,
    };
    Some(Cache {
        level: read(&folder.join("level"))?.parse().ok()?,
        kind,
        capacity_bytes: read(&folder.join("size"))?
            .strip_suffix('K')?
            .parse::<u64>()
            .ok()?
            .checked_mul(1024)?,
        n_sharers: read(&folder.join("shared_cpu_list")).and_then(|list| list_len(&list)).unwrap_or(1),
    })
}

/// How many numbers a list such as `0-3,8` names.
fn list_len(list: &str) -> Option<usize> {
    list.split(',').try_fold(0usize, |n, part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        n.checked_add(last.checked_sub(first)?)?.checked_add(1)
    })
}

fn read(path: &Path) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake_root::FakeRoot;

    #[test]
    fn facts_come_from_the_files() {
        let root = FakeRoot::new(&[
            ("proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Some CPU @ 2 GHz\n"),
            ("proc/meminfo", "MemTotal:       16384 kB\nMemFree:         1 kB\n"),
            ("sys/devices/system/cpu/online", "0-2,5\n"),
            ("sys/devices/system/cpu/cpu0/topology/physical_package_id", "0\n"),
            ("sys/devices/system/cpu/cpu0/topology/core_id", "0\n"),
            ("sys/devices/system/cpu/cpu1/topology/physical_package_id", "0\n"),
            ("sys/devices/system/cpu/cpu1/topology/core_id", "0\n"),
            ("sys/devices/system/cpu/cpu2/topology/physical_package_id", "1\n"),
            ("sys/devices/system/cpu/cpu2/topology/core_id", "0\n"),
            ("sys/devices/system/cpu/cpufreq/boost", "1\n"),
            ("sys/devices/system/cpu/cpu0/cache/index0/level", "1\n"),
            ("sys/devices/system/cpu/cpu0/cache/index0/type", "Data\n"),
            ("sys/devices/system/cpu/cpu0/cache/index0/size", "32K\n"),
            ("sys/devices/system/cpu/cpu0/cache/index0/shared_cpu_list", "0-1\n"),
        ]);
        let facts = facts_below(root.path());
        assert_eq!(facts.cpu_vendor.as_deref(), Some("GenuineIntel"));
        assert_eq!(facts.cpu_model.as_deref(), Some("Some CPU @ 2 GHz"));
        assert_eq!(facts.memory_bytes, Some(16 << 20));
        assert_eq!((facts.physical_cpus, facts.logical_cpus), (Some(2), Some(4)));
        let expected = Cache { level: 1, kind: CacheKind::Data, capacity_bytes: 32 << 10, n_sharers: 2 };
        assert_eq!(facts.caches, [expected]);
    }

    #[test]
    fn arm_is_named_by_its_codes() {
        let info = "processor : 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n";
        assert_eq!(cpu_vendor(info).as_deref(), Some("Arm"));
        assert_eq!(cpu_model(info).as_deref(), Some("part 0xd40"));
    }

    #[test]
    fn a_host_that_hides_everything_gives_no_facts() {
        assert_eq!(facts_below(Path::new("/nowhere/at/all")), HostFacts::default());
        assert_eq!(list_len("3-1"), None);
        assert_eq!(list_len(""), None);
    }
}
