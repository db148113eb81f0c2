//! Which instruction sets the CPU has, as facts for reports. Kernels make their own proofs of what they may use.

#[cfg_attr(any(target_arch = "x86", target_arch = "x86_64"), path = "x86.rs")]
#[cfg_attr(target_arch = "aarch64", path = "aarch64.rs")]
#[cfg_attr(
    not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")),
    path = "unknown.rs"
)]
mod arch;

/// The instruction sets that matter to inference, and whether this CPU (and its system) has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CpuFeatures {
    features: Vec<(&'static str, bool)>,
}

impl CpuFeatures {
    /// Asks the CPU.
    pub fn detect() -> CpuFeatures {
        CpuFeatures { features: arch::features() }
    }

    /// What was asked for on this architecture, oldest first, and the answers. Empty where nothing is known.
    pub fn all(&self) -> &[(&'static str, bool)] {
        &self.features
    }

    /// The names of what there is, oldest first.
    pub fn names(&self) -> Vec<&'static str> {
        self.features.iter().filter(|(_, has)| *has).map(|(name, _)| *name).collect()
    }

    /// Whether the CPU has the feature called `name`, such as `avx2` or `dotprod`.
    pub fn has(&self, name: &str) -> bool {
        self.features.iter().any(|(known, has)| *known == name && *has)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_agree_with_has() {
        let features = CpuFeatures::detect();
        let names = features.names();
        assert!(names.iter().all(|name| features.has(name)));
        assert_eq!(features.all().iter().filter(|(_, has)| *has).count(), names.len());
        assert!(!features.has("abacus"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_the_kernel_names_is_found() {
        // Where the kernel's name is another one.
        const KERNEL_NAMES: [(&str, &str); 10] = [
            ("sse4.1", "sse4_1"),
            ("avx512vnni", "avx512_vnni"),
            ("avx512bf16", "avx512_bf16"),
            ("avxvnni", "avx_vnni"),
            ("neon", "asimd"),
            ("dotprod", "asimddp"),
            ("fp16", "asimdhp"),
            ("i8mm", "i8mm"),
            ("bf16", "bf16"),
            ("sve", "sve"),
        ];
        let info = std::fs::read_to_string("/proc/cpuinfo").unwrap();
        let Some(line) = info.lines().find(|line| line.starts_with("flags") || line.starts_with("Features"))
        else {
            return;
        };
        let flags: Vec<&str> = line.split_whitespace().collect();
        for (name, has) in CpuFeatures::detect().all() {
            let kernel_name =
                KERNEL_NAMES.iter().find(|(ours, _)| ours == name).map_or(*name, |(_, theirs)| theirs);
            // Not the other way round: an old kernel does not know new names.
            assert!(*has || !flags.contains(&kernel_name), "{name}");
        }
    }
}
