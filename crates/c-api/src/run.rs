//! Choices for one run, and what all runs share: inputs in, outputs to the host.

use std::ffi::{CStr, c_char, c_void};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dunlin_core::{Cancel, Inputs, Model, Outputs, RunOptions, RunReport, Value, background};
use smallvec::SmallVec;

use crate::cancel::dunlin_cancel;
use crate::error::{ErrorObject, dunlin_error};
use crate::handle::{Kind, Object, find, find_optional, free, store};
use crate::options::MAX_TIMEOUT_MS;
use crate::ptr;
use crate::report::{Report, dunlin_report};
use crate::status::{Failure, catch, dunlin_status, guard, guard_value};
use crate::value::{dunlin_value, out_of_memory};

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

/// Called once when an asynchronous run has ended, from a thread of Dunlin's.
///
/// If it succeeded, `error` is NULL, `outputs` points to `n_outputs` values in the model's order, which are the callee's to free (the array
/// itself is lent), and `report` is the run's report, the callee's too, or NULL if none was asked for. If it failed, `error` says why
/// for as long as the callback runs, and there are no outputs. It may call Dunlin, and must not throw.
#[allow(non_camel_case_types, reason = "the C name")]
pub type dunlin_done_fn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        error: *const dunlin_error,
        outputs: *const *mut dunlin_value,
        n_outputs: usize,
        report: *mut dunlin_report,
    ),
>;

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
pub(crate) trait Runner {
    /// Runs and gives the outputs.
    fn run(
        &mut self,
        inputs: Inputs<'_>,
        options: &RunOptions,
    ) -> Result<(Outputs, Option<RunReport>), Failure>;

    /// Runs with outputs in the host's memory.
    fn run_into(
        &mut self,
        inputs: Inputs<'_>,
        places: &mut [Place<'_>],
        options: &RunOptions,
    ) -> Result<Option<RunReport>, Failure>;
}

/// An output's name and the host's memory for it.
pub(crate) type Place<'a> = (&'a str, &'a mut [u8]);

impl Runner for Model {
    fn run(
        &mut self,
        inputs: Inputs<'_>,
        options: &RunOptions,
    ) -> Result<(Outputs, Option<RunReport>), Failure> {
        Ok(self.run_with(inputs, options)?)
    }

    fn run_into(
        &mut self,
        inputs: Inputs<'_>,
        places: &mut [Place<'_>],
        options: &RunOptions,
    ) -> Result<Option<RunReport>, Failure> {
        Ok(self.run_into_with(inputs, places, options)?)
    }
}

/// The addresses of some memory.
type Region = Range<usize>;

impl Call {
    /// The inputs; those that lie in memory which the run writes to are copied before.
    fn inputs(&self, written: &[Region]) -> Result<Inputs<'_>, Failure> {
        let handles = ptr::slice(self.inputs, self.n_inputs, "inputs")?;
        let names = match self.names.is_null() {
            true => None,
            false => Some(ptr::slice(self.names, self.n_inputs, "names")?),
        };
        let mut inputs = Inputs::new();
        inputs.try_reserve(handles.len()).map_err(|_| out_of_memory())?;
        for (i, &handle) in handles.iter().enumerate() {
            let value = (*find::<Value>(handle)?).clone().into_apart(written)?;
            let name = names.map(|names| ptr::text(names[i], ptr::NUL_TERMINATED, "an input's name"));
            inputs.push(name.transpose()?, value);
        }
        Ok(inputs)
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
        runner: &mut impl Runner,
    ) -> Result<(), Failure> {
        let slots = ptr::slice_mut(out_outputs, n_outputs, "out_outputs")?;
        let (outputs, report) = runner.run(self.inputs(&[])?, &self.options()?)?;
        if outputs.len() != n_outputs {
            let message = format!("the model has {} outputs, room for {n_outputs}", outputs.len());
            return Err(Failure::new(dunlin_status::DUNLIN_INPUT, message));
        }
        let (handles, report) = store_all(outputs, report)?;
        if !report.is_null() {
            ptr::put(self.out_report, report);
        }
        slots.copy_from_slice(&handles);
        Ok(())
    }

    /// Runs with the outputs in the host's memory.
    pub fn run_into(
        &self,
        outputs: *const dunlin_output,
        n_outputs: usize,
        runner: &mut impl Runner,
    ) -> Result<(), Failure> {
        let outputs = ptr::slice(outputs, n_outputs, "outputs")?;
        let written = written(outputs)?;
        let inputs = self.inputs(&written)?;
        let mut places: SmallVec<[Place<'_>; 4]> = SmallVec::new();
        places.try_reserve(n_outputs).map_err(|_| out_of_memory())?;
        for output in outputs {
            let name = ptr::text(output.name, ptr::NUL_TERMINATED, "an output's name")?;
            places.push((name, ptr::slice_mut(output.data.cast(), output.n_bytes, "an output's data")?));
        }
        if let Some(report) = runner.run_into(inputs, &mut places, &self.options()?)? {
            ptr::put(self.out_report, store(Report::of_run(report))?);
        }
        Ok(())
    }

    /// Runs in the background and calls the host when it is done.
    pub fn run_async(
        &self,
        want_report: bool,
        done: dunlin_done_fn,
        user: *mut c_void,
        mut runner: impl Runner + Send + 'static,
    ) -> Result<(), Failure> {
        let done = done.ok_or_else(|| Failure::null("done"))?;
        let (inputs, mut options) = (self.inputs(&[])?.into_owned(), self.options()?);
        options.report = want_report;
        let completion = Completion::new(done, ptr::User(user))?;
        background::start(move || {
            let outcome = catch(|| {
                let (outputs, report) = runner.run(inputs, &options)?;
                store_all(outputs, report)
            });
            // The session, if there is one, is free again when the callback comes.
            drop(runner);
            completion.call(outcome);
        })?;
        Ok(())
    }
}

/// What a run hands out: its outputs, and its report or NULL.
type Results = (Vec<*mut dunlin_value>, *mut dunlin_report);

/// New handles for outputs and report, for all or for none.
fn store_all(outputs: Outputs, report: Option<RunReport>) -> Result<Results, Failure> {
    let mut handles: Vec<*mut dunlin_value> = Vec::new();
    handles.try_reserve_exact(outputs.len()).map_err(|_| out_of_memory())?;
    let stored = outputs.into_values().into_iter().try_for_each(|value| {
        handles.push(store(value)?);
        Ok(())
    });
    let reported = stored.and_then(|()| report.map(|report| store(Report::of_run(report))).transpose());
    match reported {
        Ok(report) => Ok((handles, report.unwrap_or(std::ptr::null_mut()))),
        Err(failure) => {
            handles.into_iter().for_each(free::<Value>);
            Err(failure)
        }
    }
}

/// The end of an asynchronous run: what is needed for it was made before the run.
struct Completion {
    done: ptr::DoneFn,
    user: ptr::User,
    error: usize,
}

impl Completion {
    fn new(done: ptr::DoneFn, user: ptr::User) -> Result<Completion, Failure> {
        Ok(Completion { done, user, error: store(ErrorObject::default())? as usize })
    }

    fn call(self, outcome: Result<Results, Failure>) {
        let error = self.error as *mut dunlin_error;
        match outcome {
            Ok((outputs, report)) => {
                ptr::call_done(self.done, self.user, std::ptr::null(), &outputs, report);
            }
            Err(failure) => {
                if let Ok(object) = find::<ErrorObject>(error) {
                    object.set(failure);
                }
                ptr::call_done(self.done, self.user, error, &[], std::ptr::null_mut());
            }
        }
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        free::<ErrorObject>(self.error as *mut dunlin_error);
    }
}

/// Where outputs go, in order of addresses. No two may overlap.
fn written(outputs: &[dunlin_output]) -> Result<SmallVec<[Region; 4]>, Failure> {
    let mut regions: SmallVec<[Region; 4]> = SmallVec::new();
    regions.try_reserve(outputs.len()).map_err(|_| out_of_memory())?;
    for output in outputs {
        ptr::check_size(output.size, size_of::<dunlin_output>(), "dunlin_output")?;
        let start = output.data.addr();
        regions.push(start..start.saturating_add(output.n_bytes));
    }
    regions.sort_unstable_by_key(|region| (region.start, region.end));
    if regions.windows(2).any(|pair| pair[0].end > pair[1].start) {
        return Err(Failure::new(dunlin_status::DUNLIN_INPUT, "the memory of two outputs overlaps"));
    }
    Ok(regions)
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

/// The version of this library's ABI: `DUNLIN_ABI_VERSION` of the header that it was built with. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_abi_version() -> u32 {
    DUNLIN_ABI_VERSION
}

/// The version of the ABI that this header describes. It grows with every change that a program compiled before would notice;
/// functions that are added do not count. A program that loads the library itself compares it with `dunlin_abi_version()`.
pub const DUNLIN_ABI_VERSION: u32 = 1;

/// The instruction set that the CPU kernels use on this machine, such as `"avx2"`, `"avx512"`, `"neon"` or `"scalar"`. The text is
/// static. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_instruction_set() -> *const c_char {
    match dunlin_core::instruction_set() {
        "avx512" => c"avx512",
        "avx2" => c"avx2",
        "neon" => c"neon",
        _ => c"scalar",
    }
    .as_ptr()
}

/// Whether this build has a feature: the name of a device (`"cpu"`, `"candle-cpu"`, `"cuda:0"`), a format (`"onnx"`), or an operator
/// (`"op:Conv"`, `"op:ai.onnx.ml:Scaler"`, `"op:com.microsoft:FusedMatMul"`). An unknown name is not had. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_has(feature: *const c_char) -> bool {
    guard_value(false, || {
        let feature = ptr::text(feature, ptr::NUL_TERMINATED, "feature")?;
        Ok(dunlin_core::has(feature))
    })
}
