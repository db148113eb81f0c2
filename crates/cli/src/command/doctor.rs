//! `dunlin doctor`.

use std::process::ExitCode;

use clap::Args;
use dunlin_core::available_threads;
use dunlin_sys::{Cache, CpuFeatures, HostFacts};
use serde_json::json;

use crate::style;

/// Show what this machine offers.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Print facts for scripts.
    #[arg(long)]
    json: bool,
}

impl DoctorArgs {
    /// Does it.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let facts = facts();
        if self.json {
            let object: serde_json::Map<_, _> =
                facts.into_iter().map(|(name, value)| (name.into(), json!(value))).collect();
            println!("{}", serde_json::Value::Object(object));
        } else {
            for (name, value) in facts {
                println!("{:<22} {value}", style::heading(&format!("{name:<22}")));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn facts() -> Vec<(&'static str, String)> {
    let host = HostFacts::detect();
    let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "unknown".to_owned());
    let count = |n: Option<usize>| or_unknown(n.map(|n| n.to_string()));
    let size = |n: Option<u64>| or_unknown(n.map(|n| style::bytes(n as usize)));
    let quota = host.cpu_quota.map_or_else(|| "none".to_owned(), |cpus| format!("{cpus:.2} CPUs"));
    let limit = host.memory_limit_bytes.map_or_else(|| "none".to_owned(), |n| style::bytes(n as usize));
    let cache = |cache: &Cache| {
        format!("L{} {:?} {}", cache.level, cache.kind, style::bytes(cache.capacity_bytes as usize))
    };
    let caches: Vec<String> = host.caches.iter().map(cache).collect();
    vec![
        ("dunlin", env!("CARGO_PKG_VERSION").to_owned()),
        ("system", format!("{} {}", host.os, host.arch)),
        ("cpu", or_unknown(host.cpu_model)),
        ("cpu features", CpuFeatures::detect().names().join(" ")),
        ("kernels use", dunlin_core::instruction_set().to_owned()),
        ("physical cpus", count(host.physical_cpus)),
        ("logical cpus", count(host.logical_cpus)),
        ("cpus by affinity", count(host.affinity_cpus)),
        ("cpu quota", quota),
        ("threads by default", available_threads().to_string()),
        ("memory", size(host.memory_bytes)),
        ("memory limit", limit),
        ("caches", caches.join(", ")),
        ("devices", dunlin_core::devices().join(", ")),
        ("formats", format!("ONNX (opsets 1 to {}, IR versions 3 to 14)", dunlin_formats::onnx::MAX_OPSET)),
    ]
}
