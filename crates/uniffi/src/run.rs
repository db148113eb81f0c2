//! Choices for one run, what goes into it, and what comes out.

use std::sync::Arc;

use dunlin_core::Inputs;

use crate::error::DunlinError;
use crate::options::deadline;
use crate::{Cancel, RunReport, Value, ValueInfo};

/// An input of a run: by its name, or in the place that follows from the number of those before it.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Input {
    /// Its name in the model.
    pub name: Option<String>,
    /// What goes in. It stays the host's, and is not copied.
    pub value: Arc<Value>,
}

/// Choices for one run. Each is at its default if it is left out.
#[derive(Debug, Clone, Default, uniffi::Record)]
pub struct RunOptions {
    /// Ends the run early.
    #[uniffi(default = None)]
    pub cancel: Option<Arc<Cancel>>,
    /// How many milliseconds the run may take; 0 for any number.
    #[uniffi(default = 0)]
    pub timeout_ms: u64,
    /// Of the graph's random numbers, where it draws any.
    #[uniffi(default = 0)]
    pub seed: u64,
    /// Whether to record each node's time.
    #[uniffi(default = false)]
    pub report: bool,
}

/// An output of a run.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Output {
    /// The value.
    pub value: Arc<Value>,
    /// What is to be known of it, so that nobody has to ask.
    pub info: ValueInfo,
}

/// What a run gives.
#[derive(Debug, Clone, uniffi::Record)]
pub struct RunResult {
    /// The outputs, in the model's order.
    pub outputs: Vec<Output>,
    /// What the run spent, if that was asked for.
    pub report: Option<Arc<RunReport>>,
}

impl RunOptions {
    /// As core takes them.
    pub(crate) fn choices(&self) -> dunlin_core::RunOptions {
        dunlin_core::RunOptions {
            cancel: self.cancel.as_ref().map(|cancel| cancel.switch.clone()),
            deadline: deadline(self.timeout_ms),
            seed: self.seed,
            report: self.report,
        }
    }

    /// As core takes them, with a switch of the run's own that the host's turns on, too.
    pub(crate) fn choices_apart(&self) -> (dunlin_core::RunOptions, dunlin_core::Cancel) {
        let own = own_switch(self.cancel.as_deref());
        (dunlin_core::RunOptions { cancel: Some(own.clone()), ..self.choices() }, own)
    }
}

/// A switch that can be turned on alone, and that the host's turns on, too.
pub(crate) fn own_switch(host: Option<&Cancel>) -> dunlin_core::Cancel {
    host.map_or_else(dunlin_core::Cancel::new, |host| host.switch.child())
}

/// The inputs as core takes them: the values are shared, not copied.
pub(crate) fn inputs(inputs: Vec<Input>) -> Result<Inputs<'static>, DunlinError> {
    let mut all = Inputs::new();
    all.try_reserve(inputs.len()).map_err(dunlin_core::TensorError::OutOfMemory)?;
    for Input { name, value } in inputs {
        all.push(name, value.value.clone());
    }
    Ok(all)
}

/// What a run of core's gave, for the host.
pub(crate) fn result(
    (outputs, report): (dunlin_core::Outputs, Option<dunlin_core::RunReport>),
) -> Result<RunResult, DunlinError> {
    let output = |value: dunlin_core::Value| {
        // Outputs that are parts of the model's file may lie anywhere; hosts expect elements where their type may lie.
        let value = Value::shared(value.into_aligned()?);
        Ok(Output { info: value.info(), value })
    };
    Ok(RunResult {
        outputs: outputs.into_values().into_iter().map(output).collect::<Result<_, DunlinError>>()?,
        report: report.map(|report| Arc::new(RunReport::new(report))),
    })
}
