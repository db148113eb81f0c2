//! The limits that a Linux control group (a container, a service) puts on the process, versions 1 and 2.
//!
//! Formats: "Control Group v2" and "CFS Bandwidth Control" in the Linux kernel's admin guide, and `proc(5)`.

use std::fs;
use std::path::{Path, PathBuf};

/// What the process's groups allow; the tightest along the way to the root counts.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct CgroupLimits {
    /// CPU time per time, in CPUs.
    pub(super) cpu_quota: Option<f64>,
    pub(super) memory_bytes: Option<u64>,
}

impl CgroupLimits {
    /// Reads the limits from the `/proc` and `/sys` below `root`.
    pub(super) fn read(root: &Path) -> CgroupLimits {
        let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
        let mounts = fs::read_to_string(root.join("proc/self/mountinfo")).unwrap_or_default();
        let mut limits = CgroupLimits::default();
        for group in groups.lines().filter_map(Group::parse) {
            let Some(mount) = mounts.lines().filter_map(Mount::parse).find(|mount| mount.holds(&group))
            else {
                continue;
            };
            for folder in mount.folders(&group) {
                limits.tighten(&group, &root.join(folder));
            }
        }
        limits
    }

    fn tighten(&mut self, group: &Group<'_>, folder: &Path) {
        if let Some(quota) = cpu_quota(group, folder) {
            self.cpu_quota = Some(self.cpu_quota.map_or(quota, |old| old.min(quota)));
        }
        if let Some(bytes) = memory_limit(group, folder) {
            self.memory_bytes = Some(self.memory_bytes.map_or(bytes, |old| old.min(bytes)));
        }
    }
}

/// A line of `/proc/self/cgroup`: `id:controllers:path`. Version 2's one group has no controllers.
struct Group<'a> {
    controllers: &'a str,
    path: &'a str,
}

impl<'a> Group<'a> {
    fn parse(line: &'a str) -> Option<Group<'a>> {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        Some(Group { controllers, path })
    }

    fn is_v2(&self) -> bool {
        self.controllers.is_empty()
    }

    fn controls(&self, controller: &str) -> bool {
        self.controllers.split(',').any(|each| each == controller)
    }
}

/// A line of `/proc/self/mountinfo` that mounts a hierarchy of groups.
struct Mount<'a> {
    /// The group that shows at the mount point.
    top: &'a str,
    point: &'a str,
    kind: &'a str,
    options: &'a str,
}

impl<'a> Mount<'a> {
    /// `id parent device top point options.. - kind source options`.
    fn parse(line: &'a str) -> Option<Mount<'a>> {
        let (front, back) = line.split_once(" - ")?;
        let mut front = front.split(' ').skip(3);
        let (top, point) = (front.next()?, front.next()?);
        let mut back = back.split(' ');
        let (kind, options) = (back.next()?, back.nth(1).unwrap_or(""));
        kind.starts_with("cgroup").then_some(Mount { top, point, kind, options })
    }

    fn holds(&self, group: &Group<'_>) -> bool {
        match self.kind {
            "cgroup2" => group.is_v2(),
            _ => {
                !group.is_v2()
                    && group.controllers.split(',').all(|each| self.options.split(',').any(|it| it == each))
            }
        }
    }

    /// The folders of the group and of the groups around it, as far as the mount shows them, relative to the root.
    fn folders(&self, group: &Group<'_>) -> Vec<PathBuf> {
        let point = Path::new(self.point.trim_start_matches('/'));
        let path = Path::new(group.path);
        // In a container the mount may show another part of the tree than the path speaks of: then its top is ours.
        let below = path.strip_prefix(self.top).unwrap_or(Path::new(""));
        if below.components().any(|part| !matches!(part, std::path::Component::Normal(_))) {
            return vec![point.to_owned()];
        }
        below.ancestors().map(|part| point.join(part)).collect()
    }
}

fn cpu_quota(group: &Group<'_>, folder: &Path) -> Option<f64> {
    let (quota, period) = if group.is_v2() {
        let text = fs::read_to_string(folder.join("cpu.max")).ok()?;
        let (quota, period) = text.trim().split_once(' ')?;
        (number(quota)?, number(period)?)
    } else if group.controls("cpu") {
        // No limit is a quota of -1.
        let read = |name| number(&fs::read_to_string(folder.join(name)).ok()?);
        (read("cpu.cfs_quota_us")?, read("cpu.cfs_period_us")?)
    } else {
        return None;
    };
    (quota > 0 && period > 0).then(|| quota as f64 / period as f64)
}

fn memory_limit(group: &Group<'_>, folder: &Path) -> Option<u64> {
    let name = match group.is_v2() {
        true => "memory.max",
        false if group.controls("memory") => "memory.limit_in_bytes",
        false => return None,
    };
    let bytes = number(&fs::read_to_string(folder.join(name)).ok()?)?;
    // Version 1 has no word for "no limit", only a number near the largest.
    (bytes < 1 << 62).then_some(bytes)
}

/// A plain number; `max` and negative ones, which mean "no limit", are none.
fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake_root::FakeRoot;

    #[test]
    fn version_2_takes_the_tightest_of_the_way_up() {
        let root = FakeRoot::new(&[
            ("proc/self/cgroup", "0::/a/b\n"),
            (
                "proc/self/mountinfo",
                "22 1 0:5 / /proc rw - proc proc rw\n\
                 30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
            ),
            ("sys/fs/cgroup/a/cpu.max", "150000 100000\n"),
            ("sys/fs/cgroup/a/memory.max", "1000000\n"),
            ("sys/fs/cgroup/a/b/cpu.max", "max 100000\n"),
            ("sys/fs/cgroup/a/b/memory.max", "2000000\n"),
        ]);
        let limits = CgroupLimits::read(root.path());
        assert_eq!(limits, CgroupLimits { cpu_quota: Some(1.5), memory_bytes: Some(1_000_000) });
    }

    #[test]
    fn version_1_in_a_container_reads_the_top_of_the_mount() {
        let root = FakeRoot::new(&[
            ("proc/self/cgroup", "9:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n0::/other\n"),
            (
                "proc/self/mountinfo",
                "30 22 0:26 /docker/x /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n\
                 31 22 0:27 /elsewhere /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
            ),
            ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "400000\n"),
            ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n"),
        ]);
        let limits = CgroupLimits::read(root.path());
        assert_eq!(limits, CgroupLimits { cpu_quota: Some(4.0), memory_bytes: Some(512 << 20) });
    }

    #[test]
    fn words_for_no_limit_are_none() {
        let root = FakeRoot::new(&[
            ("proc/self/cgroup", "9:memory:/\n4:cpu:/\n"),
            (
                "proc/self/mountinfo",
                "30 22 0:26 / /c ro - cgroup cgroup rw,cpu\n31 22 0:27 / /m ro - cgroup cgroup rw,memory\n",
            ),
            ("c/cpu.cfs_quota_us", "-1\n"),
            ("c/cpu.cfs_period_us", "100000\n"),
            ("m/memory.limit_in_bytes", "9223372036854771712\n"),
        ]);
        assert_eq!(CgroupLimits::read(root.path()), CgroupLimits::default());
        assert_eq!(CgroupLimits::read(Path::new("/nowhere/at/all")), CgroupLimits::default());
    }
}
