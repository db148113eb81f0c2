//! Options that every command which loads a model shares.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use dunlin_core::{Builder, Device, Error, Fallback, Mapping, Model, Threads};

use crate::style;

/// How the model is loaded.
#[derive(Debug, Args)]
pub struct LoadArgs {
    /// The model file (ONNX).
    pub model: PathBuf,

    /// Where to run: cpu, candle-cpu, cuda:N or metal (those that this build has; see `dunlin doctor`).
    #[arg(long, default_value = "cpu", value_parser = parse_device, value_name = "DEVICE")]
    pub device: Device,

    /// Threads to use, the main one included; by default as many as this process may.
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,

    /// What to do with nodes that the device cannot run: refuse, run on cpu and say so, or run on cpu.
    #[arg(long, value_enum, default_value_t = FallbackArg::Report)]
    pub fallback: FallbackArg,

    /// Switch an optimiser pass off (repeatable; `dunlin inspect` lists those that changed something).
    #[arg(long = "without-pass", value_name = "NAME")]
    pub without_pass: Vec<String>,

    /// Read the file into memory instead of mapping it.
    #[arg(long)]
    pub copy: bool,
}

/// The values of `--fallback`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FallbackArg {
    /// Refuse to load.
    Deny,
    /// Run on cpu and say so.
    Report,
    /// Run on cpu.
    Allow,
}

fn parse_device(text: &str) -> Result<Device, String> {
    text.parse().map_err(|error: Error| error.message().to_owned())
}

impl LoadArgs {
    /// The choices, for loading.
    pub fn builder(&self) -> Builder {
        let fallback = match self.fallback {
            FallbackArg::Deny => Fallback::Deny,
            FallbackArg::Report => Fallback::Report,
            FallbackArg::Allow => Fallback::Allow,
        };
        let mapping = if self.copy { Mapping::Copy } else { Mapping::Map };
        let threads = self.threads.map_or(Threads::Auto, Threads::Count);
        let builder =
            Model::builder().device(self.device).threads(threads).fallback(fallback).mapping(mapping);
        self.without_pass.iter().fold(builder, |builder, pass| builder.without_pass(pass))
    }

    /// Loads the model with a progress bar, and reports what does not run on the device.
    pub fn load(&self) -> anyhow::Result<Model> {
        let model = self.builder().progress(style::loading()).load(&self.model)?;
        if self.fallback == FallbackArg::Report {
            for placement in model.report().fallbacks() {
                let reason = placement.fallback.as_deref().unwrap_or_default();
                eprintln!("fallback: node {:?} ({}) runs on cpu: {reason}", placement.node, placement.op);
            }
        }
        Ok(model)
    }
}
