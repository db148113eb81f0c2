//! Choices for loading a model.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dunlin_core::{Cancel, Device, Fallback, LimitKind, Limits, LogLevel, Mapping, Model, Progress, Threads};
use dunlin_sys::Bytes;

use crate::cancel::dunlin_cancel;
use crate::handle::{Kind, Object, find, free, store};
use crate::pool::{SharedPool, dunlin_pool};
use crate::ptr::{self, Lent, ReleaseFn, User};
use crate::status::{Failure, c_string, dunlin_status, guard};

/// Choices for loading a model. One may be used for any number of loads; changing it does not touch models that were loaded.
#[allow(non_camel_case_types, reason = "the C name")]
pub struct dunlin_options {
    _opaque: [u8; 0],
}

/// Told how far loading has come: `fraction` goes from 0 to 1. Called from the loading thread.
#[allow(non_camel_case_types, reason = "the C name")]
pub type dunlin_progress_fn = Option<unsafe extern "C" fn(user: *mut c_void, fraction: f32)>;

/// Given lines about loads: `level` is one of `dunlin_log_level`, `message` is lent until it returns. Called from the loading thread.
#[allow(non_camel_case_types, reason = "the C name")]
pub type dunlin_log_fn = Option<unsafe extern "C" fn(user: *mut c_void, level: i32, message: *const c_char)>;

/// How much a line of the log matters.
#[allow(non_camel_case_types, reason = "the C name")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum dunlin_log_level {
    /// Something that a user of the model should know: nodes that do not run where they were asked to.
    DUNLIN_LOG_WARNING = 1,
    /// What was loaded and how.
    DUNLIN_LOG_INFO = 2,
    /// Details for somebody who looks for a reason.
    DUNLIN_LOG_DEBUG = 3,
}

/// What happens to nodes that the device cannot run.
#[allow(non_camel_case_types, reason = "the C name")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum dunlin_fallback {
    /// Loading fails with `DUNLIN_PLACEMENT` and names them.
    DUNLIN_FALLBACK_DENY = 0,
    /// They run on the CPU, and the report lists them with the reason. The default.
    DUNLIN_FALLBACK_REPORT = 1,
    /// They run on the CPU; the report still lists them.
    DUNLIN_FALLBACK_ALLOW = 2,
}

/// What a limit is of, for `dunlin_options_set_limit()`.
#[allow(non_camel_case_types, reason = "the C name")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum dunlin_limit {
    /// Bytes of the model's file.
    DUNLIN_LIMIT_FILE_BYTES = 1,
    /// Bytes that the decoded file may take, weights not counted.
    DUNLIN_LIMIT_DECODED_BYTES = 2,
    /// Nodes of the model.
    DUNLIN_LIMIT_NODES = 3,
    /// Bytes of one tensor, in the file and in a run.
    DUNLIN_LIMIT_TENSOR_BYTES = 4,
    /// Bytes of all tensors that one run holds at a time.
    DUNLIN_LIMIT_RUN_BYTES = 5,
    /// Steps of one loop.
    DUNLIN_LIMIT_LOOP_STEPS = 6,
    /// Dimensions of a tensor.
    DUNLIN_LIMIT_RANK = 7,
    /// Bytes of one string.
    DUNLIN_LIMIT_STRING_BYTES = 8,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Choices {
    threads: Threads,
    device: Device,
    fallback: Fallback,
    mapping: Mapping,
    limits: Limits,
    disabled_passes: Vec<String>,
    states: Vec<(String, String)>,
    max_cached_shapes: Option<usize>,
    cancel: Option<Cancel>,
    timeout: Option<Duration>,
    progress: Option<(unsafe extern "C" fn(*mut c_void, f32), User)>,
    log: Option<(LogLevel, unsafe extern "C" fn(*mut c_void, i32, *const c_char), User)>,
    external: Vec<(String, Bytes)>,
}

/// The object behind `dunlin_options`.
#[derive(Debug, Default)]
pub(crate) struct Options(Mutex<Choices>);

impl Object for Options {
    type Opaque = dunlin_options;
    const KIND: Kind = Kind::Options;
    const NAME: &'static str = "dunlin_options";
}

impl Options {
    fn choices(&self) -> MutexGuard<'_, Choices> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A builder with these choices.
    pub fn builder(&self) -> dunlin_core::Builder {
        let choices = self.choices().clone();
        let mut builder = Model::builder()
            .threads(choices.threads)
            .device(choices.device)
            .fallback(choices.fallback)
            .mapping(choices.mapping)
            .limits(choices.limits);
        for pass in choices.disabled_passes {
            builder = builder.without_pass(pass);
        }
        for (input, output) in choices.states {
            builder = builder.state(input, output);
        }
        if let Some(n) = choices.max_cached_shapes {
            builder = builder.max_cached_shapes(n);
        }
        if let Some(cancel) = &choices.cancel {
            builder = builder.cancel(cancel);
        }
        if let Some(timeout) = choices.timeout {
            builder = builder.deadline(Instant::now() + timeout);
        }
        if let Some((progress, user)) = choices.progress {
            builder = builder.progress(move |at: Progress| ptr::call_progress(progress, user, at.fraction));
        }
        if let Some((level, log, user)) = choices.log {
            builder = builder.log(level, move |level, line| {
                ptr::call_log(log, user, log_code(level), &c_string(line));
            });
        }
        for (location, bytes) in choices.external {
            builder = builder.external(location, bytes);
        }
        builder
    }

    /// When loads that begin now must stop.
    pub fn stop(&self) -> (Option<Cancel>, Option<Instant>) {
        let choices = self.choices();
        (choices.cancel.clone(), choices.timeout.map(|timeout| Instant::now() + timeout))
    }

    /// The most bytes that a model's file may have.
    pub fn max_file_bytes(&self) -> u64 {
        self.choices().limits.read.max_bytes
    }
}

fn log_code(level: LogLevel) -> i32 {
    match level {
        LogLevel::Warning => dunlin_log_level::DUNLIN_LOG_WARNING as i32,
        LogLevel::Info => dunlin_log_level::DUNLIN_LOG_INFO as i32,
        _ => dunlin_log_level::DUNLIN_LOG_DEBUG as i32,
    }
}

/// Makes choices that are all at their defaults. End them with `dunlin_options_free()`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_options_new(out_options: *mut *mut dunlin_options) -> dunlin_status {
    guard(|| {
        ptr::writable(out_options, "out_options")?;
        ptr::put(out_options, store(Options::default())?);
        Ok(())
    })
}

/// Ends choices. NULL is allowed. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_options_free(options: *mut dunlin_options) {
    guard(|| {
        free::<Options>(options);
        Ok(())
    });
}

fn change(
    options: *mut dunlin_options,
    f: impl FnOnce(&mut Choices) -> Result<(), Failure>,
) -> dunlin_status {
    guard(|| f(&mut find::<Options>(options)?.choices()))
}

/// An own pool of `n` threads, the caller's included. 0 stands for the default: as many as the process may use, by its
/// affinity mask and its control group. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_options_set_threads(options: *mut dunlin_options, n: usize) -> dunlin_status {
    change(options, |choices| {
        choices.threads = if n == 0 { Threads::Auto } else { Threads::Count(n) };
        Ok(())
    })
}

/// A pool that other models use too. The models keep it alive. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_options_set_pool(
    options: *mut dunlin_options,
    pool: *const dunlin_pool,
) -> dunlin_status {
    change(options, |choices| {
        choices.threads = find::<SharedPool>(pool)?.threads();
        Ok(())
    })
}

/// The device to run on: `"cpu"` (the default), and what `dunlin_has()` knows besides. The name is UTF-8 of `name_length` bytes, or
/// ends with a NUL if that is `DUNLIN_NUL_TERMINATED`.
///
/// Statuses: `DUNLIN_DEVICE` if this build has no such device. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_options_set_device(
    options: *mut dunlin_options,
    name: *const c_char,
    name_length: usize,
) -> dunlin_status {
    change(options, |choices| {
        choices.device = ptr::text(name, name_length, "name")?.parse()?;
        Ok(())
    })
}

/// What happens to nodes that the device cannot run: one of `dunlin_fallback`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_options_set_fallback(options: *mut dunlin_options, fallback: i32) -> dunlin_status {
    change(options, |choices| {
        choices.fallback = match fallback {
            0 => Fallback::Deny,
            1 => Fallback::Report,
            2 => Fallback::Allow,
            _ => return Err(no_such("fallback", fallback)),
        };
        Ok(())
    })
}

/// Whether model files are mapped (the default) or copied into memory. A mapped file must not be shortened by another program while
/// the model lives: reading beyond its end then ends the process. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_options_set_mapping(options: *mut dunlin_options, map: bool) -> dunlin_status {
    change(options, |choices| {
        choices.mapping = if map { Mapping::Map } else { Mapping::Copy };
        Ok(())
    })
}

/// Sets a limit (one of `dunlin_limit`). Loads and runs that exceed one fail with `DUNLIN_LIMIT`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_options_set_limit(
    options: *mut dunlin_options,
    limit: i32,
    value: u64,
) -> dunlin_status {
    change(options, |choices| {
        let kind = match limit {
            1 => LimitKind::FileBytes,
            2 => LimitKind::DecodedBytes,
            3 => LimitKind::Nodes,
            4 => LimitKind::TensorBytes,
            5 => LimitKind::RunBytes,
            6 => LimitKind::LoopSteps,
            7 => LimitKind::Rank,
            8 => LimitKind::StringBytes,
            _ => return Err(no_such("limit", limit)),
        };
        choices.limits.set(kind, value);
        Ok(())
    })
}

/// Switches an optimiser pass off by its name. An unknown name is an error when loading. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_options_disable_pass(
    options: *mut dunlin_options,
    name: *const c_char,
    name_length: usize,
) -> dunlin_status {
    change(options, |choices| {
        choices.disabled_passes.push(ptr::text(name, name_length, "name")?.to_owned());
        Ok(())
    })
}

/// Declares a state: after each run of a session, the output becomes the next run's input. Names as in
/// `dunlin_options_set_device()`; unknown ones are an error when loading. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_options_add_state(
    options: *mut dunlin_options,
    input: *const c_char,
    input_length: usize,
    output: *const c_char,
    output_length: usize,
) -> dunlin_status {
    change(options, |choices| {
        let input = ptr::text(input, input_length, "input")?.to_owned();
        choices.states.push((input, ptr::text(output, output_length, "output")?.to_owned()));
        Ok(())
    })
}

/// For how many sets of input shapes a model remembers the results of shape arithmetic (16 if not told; 0 for none). Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_options_set_max_cached_shapes(
    options: *mut dunlin_options,
    n: usize,
) -> dunlin_status {
    change(options, |choices| {
        choices.max_cached_shapes = Some(n);
        Ok(())
    })
}

/// A switch that ends loading early with `DUNLIN_CANCELLED`; NULL for none. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_options_set_cancel(
    options: *mut dunlin_options,
    cancel: *const dunlin_cancel,
) -> dunlin_status {
    change(options, |choices| {
        choices.cancel = crate::handle::find_optional::<Cancel>(cancel)?.map(|cancel| (*cancel).clone());
        Ok(())
    })
}

/// How long each load may take, in milliseconds; then it ends with `DUNLIN_DEADLINE`. 0 for no bound. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_options_set_timeout_ms(options: *mut dunlin_options, n: u64) -> dunlin_status {
    change(options, |choices| {
        choices.timeout = (n > 0).then(|| Duration::from_millis(n.min(MAX_TIMEOUT_MS)));
        Ok(())
    })
}

/// A function that is told how far loading has come, from the loading thread; NULL for none. It may call Dunlin. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_options_set_progress(
    options: *mut dunlin_options,
    progress: dunlin_progress_fn,
    user: *mut c_void,
) -> dunlin_status {
    change(options, |choices| {
        choices.progress = progress.map(|progress| (progress, User(user)));
        Ok(())
    })
}

/// A function that is given lines about loads, those of `level` (one of `dunlin_log_level`) and what matters more; NULL for none, the
/// default. Nothing is ever written to stdout or stderr. It may call Dunlin. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_options_set_log(
    options: *mut dunlin_options,
    level: i32,
    log: dunlin_log_fn,
    user: *mut c_void,
) -> dunlin_status {
    change(options, |choices| {
        let level = match level {
            1 => LogLevel::Warning,
            2 => LogLevel::Info,
            3 => LogLevel::Debug,
            _ => return Err(no_such("log level", level)),
        };
        choices.log = log.map(|log| (level, log, User(user)));
        Ok(())
    })
}

/// Lends the contents of a file that models keep weights in, by the name that they call it by, for models that do not come from
/// a folder. Where one is given, no folder is looked into. Memory and release as in `dunlin_model_load_borrowed()`: the options and
/// the models that were loaded with them use it. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_options_add_external(
    options: *mut dunlin_options,
    name: *const c_char,
    name_length: usize,
    data: *const c_void,
    n_bytes: usize,
    release: ReleaseFn,
    user: *mut c_void,
) -> dunlin_status {
    let mut replaced = None;
    change(options, |choices| {
        let name = ptr::text(name, name_length, "name")?.to_owned();
        let lent = Arc::new(Lent::new(data, n_bytes, release, user)?);
        let known = choices.external.iter().position(|(known, _)| *known == name);
        // Dropped after the choices are free again: its release may use them.
        replaced = known.map(|at| choices.external.swap_remove(at));
        choices.external.push((name, Bytes::foreign(lent.clone())));
        lent.keep();
        Ok(())
    })
}

/// Timeouts beyond a year are none; the clock cannot be pushed past its end.
pub(crate) const MAX_TIMEOUT_MS: u64 = 365 * 24 * 3600 * 1000;

fn no_such(what: &str, got: i32) -> Failure {
    Failure::new(dunlin_status::DUNLIN_INPUT, format!("{got} is no {what}"))
}
