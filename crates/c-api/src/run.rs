//! Choices for one run, and what all runs share: inputs in, outputs to the host.

use std::ffi::{CStr, c_char, c_void};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dunlin_core::{Cancel, Inputs, Outputs, RunOptions, RunReport, Value};

use crate::handle::{Kind, Object, find, find_optional, free, store};
use crate::options::{MAX_TIMEOUT_MS, dunlin_cancel};
use crate::ptr;
use crate::report::{Report, dunlin_report};
use crate::status::{Failure, dunlin_status, guard};
use crate::value::{dunlin_value, out_of_memory, tensor};

/// Choices for one run, or for any number of them.
#[allow(non_camel_case_types, reason = "the C name")]
pub struct dunlin_run_options {
    _opaque: [u8; 0],
}

/// Where an output goes, for the `run_into` functions.
#[allow(non_camel_case_types, reason = "the C name")]
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct dunlin_output {
    /// `sizeof(dunlin_output)`, so that later versions may add fields.
    pub size: usize,
    /// The output's name, ending with a NUL.
    pub name: *const c_char,
    /// The host's memory.
    pub data: *mut c_void,
    /// How many bytes it has: exactly those of the output.
    pub n_bytes: usize,
}

#[derive(Debug, Clone, Default)]
struct Choices {
    cancel: Option<Cancel>,
    timeout: Option<Duration>,
    seed: u64,
}

/// The object behind `dunlin_run_options`.
#[derive(Debug, Default)]
pub(crate) struct RunChoices(Mutex<Choices>);

impl Object for RunChoices {
    type Opaque = dunlin_run_options;
    const KIND: Kind = Kind::RunOptions;
    const NAME: &'static str = "dunlin_run_options";
}

impl RunChoices {
    fn choices(&self) -> MutexGuard<'_, Choices> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes choices for runs, all at their defaults. End them with `dunlin_run_options_free()`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_run_options_new(out_options: *mut *mut dunlin_run_options) -> dunlin_status {
    guard(|| {
        ptr::writable(out_options, "out_options")?;
        ptr::put(out_options, store(RunChoices::default())?);
        Ok(())
    })
}

/// Ends choices for runs. NULL is allowed. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_run_options_free(options: *mut dunlin_run_options) {
    guard(|| {
        free::<RunChoices>(options);
        Ok(())
    });
}

/// A switch that ends runs early with `DUNLIN_CANCELLED`; NULL for none. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_run_options_set_cancel(
    options: *mut dunlin_run_options,
    cancel: *const dunlin_cancel,
) -> dunlin_status {
    guard(|| {
        let cancel = find_optional::<Cancel>(cancel)?.map(|cancel| (*cancel).clone());
        find::<RunChoices>(options)?.choices().cancel = cancel;
        Ok(())
    })
}

/// How long each run may take, in milliseconds; then it ends with `DUNLIN_DEADLINE`. 0 for no bound. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_run_options_set_timeout_ms(
    options: *mut dunlin_run_options,
    n: u64,
) -> dunlin_status {
    guard(|| {
        let timeout = (n > 0).then(|| Duration::from_millis(n.min(MAX_TIMEOUT_MS)));
        find::<RunChoices>(options)?.choices().timeout = timeout;
        Ok(())
    })
}

/// The seed of the graph's random numbers, where it draws any (0 if not told). Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_run_options_set_seed(options: *mut dunlin_run_options, seed: u64) -> dunlin_status {
    guard(|| {
        find::<RunChoices>(options)?.choices().seed = seed;
        Ok(())
    })
}

/// The arguments of a run, as every run function takes them.
pub(crate) struct Call {
    pub names: *const *const c_char,
    pub inputs: *const *const dunlin_value,
    pub n_inputs: usize,
    pub options: *const dunlin_run_options,
    pub out_report: *mut *mut dunlin_report,
}

/// What runs: a model or a session.
type Runner<'a> = &'a mut dyn FnMut(Inputs, &RunOptions) -> Result<(Outputs, Option<RunReport>), Failure>;

impl Call {
    fn inputs(&self) -> Result<Inputs, Failure> {
        let handles = ptr::slice(self.inputs, self.n_inputs, "inputs")?;
        let names = match self.names.is_null() {
            true => None,
            false => Some(ptr::slice(self.names, self.n_inputs, "names")?),
        };
        let mut values: Vec<Value> = Vec::new();
        values.try_reserve_exact(handles.len()).map_err(|_| out_of_memory())?;
        for &handle in handles {
            values.push((*find::<Value>(handle)?).clone());
        }
        let Some(names) = names else { return Ok(Inputs::ordered(values)) };
        let mut named: Vec<(&str, Value)> = Vec::new();
        named.try_reserve_exact(names.len()).map_err(|_| out_of_memory())?;
        for (&name, value) in names.iter().zip(values) {
            named.push((ptr::text(name, ptr::NUL_TERMINATED, "an input's name")?, value));
        }
        Ok(Inputs::named(named))
    }

    fn options(&self) -> Result<RunOptions, Failure> {
        let chosen = find_optional::<RunChoices>(self.options)?;
        let chosen = chosen.map(|options| options.choices().clone()).unwrap_or_default();
        Ok(RunOptions {
            cancel: chosen.cancel,
            deadline: chosen.timeout.map(|timeout| Instant::now() + timeout),
            seed: chosen.seed,
            report: !self.out_report.is_null(),
        })
    }

    /// Runs and hands the outputs out as new values.
    pub fn run(
        &self,
        out_outputs: *mut *mut dunlin_value,
        n_outputs: usize,
        runner: Runner<'_>,
    ) -> Result<(), Failure> {
        let slots = ptr::slice_mut(out_outputs, n_outputs, "out_outputs")?;
        let (outputs, report) = runner(self.inputs()?, &self.options()?)?;
        if outputs.len() != n_outputs {
            let message = format!("the model has {} outputs, room for {n_outputs}", outputs.len());
            return Err(Failure::new(dunlin_status::DUNLIN_INPUT, message));
        }
        let mut handles: Vec<*mut dunlin_value> = Vec::new();
        handles.try_reserve_exact(n_outputs).map_err(|_| out_of_memory())?;
        let stored = outputs.into_values().into_iter().try_for_each(|value| {
            handles.push(store(value)?);
            Ok(())
        });
        let reported = stored.and_then(|()| self.report(report));
        if reported.is_err() {
            handles.into_iter().for_each(free::<Value>);
            return reported;
        }
        slots.copy_from_slice(&handles);
        Ok(())
    }

    /// Runs and copies the outputs into the host's memory.
    pub fn run_into(
        &self,
        outputs: *const dunlin_output,
        n_outputs: usize,
        runner: Runner<'_>,
    ) -> Result<(), Failure> {
        let outputs = ptr::slice(outputs, n_outputs, "outputs")?;
        let (results, report) = runner(self.inputs()?, &self.options()?)?;
        for output in outputs {
            copy_out(&results, output)?;
        }
        self.report(report)
    }

    fn report(&self, report: Option<RunReport>) -> Result<(), Failure> {
        if let Some(report) = report {
            ptr::put(self.out_report, store(Report::of_run(report))?);
        }
        Ok(())
    }
}

fn copy_out(results: &Outputs, output: &dunlin_output) -> Result<(), Failure> {
    if output.size < size_of::<dunlin_output>() {
        let message = format!("an output's size is {}, not sizeof(dunlin_output)", output.size);
        return Err(Failure::new(dunlin_status::DUNLIN_INPUT, message));
    }
    let name = ptr::text(output.name, ptr::NUL_TERMINATED, "an output's name")?;
    let unknown =
        || Failure::new(dunlin_status::DUNLIN_NOT_FOUND, format!("the model has no output {name:?}"));
    let tensor = tensor(results.get(name).ok_or_else(unknown)?)?;
    let bytes = tensor.bytes();
    if bytes.len() != output.n_bytes {
        let message = format!(
            "output {name:?} is {} {}, {} bytes; the memory has {}",
            tensor.dtype(),
            tensor.shape(),
            bytes.len(),
            output.n_bytes
        );
        return Err(Failure::new(dunlin_status::DUNLIN_SHAPE, message));
    }
    ptr::slice_mut(output.data.cast::<u8>(), output.n_bytes, "an output's data")?.copy_from_slice(bytes);
    Ok(())
}

/// The version of this library, such as `"0.1.0"`. The text is static. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_version() -> *const c_char {
    const VERSION: &CStr =
        match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(version) => version,
            Err(_) => c"",
        };
    VERSION.as_ptr()
}

/// Whether this build has a feature: the name of a device (`"cpu"`, `"candle-cpu"`), or `"onnx"`. An unknown name is not had.
/// Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_has(feature: *const c_char) -> bool {
    crate::status::guard_value(false, || {
        let feature = ptr::text(feature, ptr::NUL_TERMINATED, "feature")?;
        Ok(feature == "onnx" || feature.parse::<dunlin_core::Device>().is_ok())
    })
}
