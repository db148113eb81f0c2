//! Random sequences of calls of the C interface, valid and invalid, as a careless host makes them.
//!
//! Every pointer is NULL, points to what the header asks for, or is a handle: right, of another kind, freed, or invented. No
//! other pointer can be told from a good one, so that none is tried.

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicUsize, Ordering};

use dunlin_c_api::*;

/// Makes the calls that `data` stands for, then ends every handle, twice.
///
/// # Panics
/// If a call reports a bug in Dunlin, a success without its result, or if lent memory is not released once for each time it was lent.
pub fn make_calls(data: &[u8]) {
    let mut world = World {
        bytes: data.iter().rev().copied().collect(),
        handles: Vec::new(),
        released: Box::default(),
        n_lent: 0,
    };
    for _ in 0..MAX_CALLS {
        let Some(choice) = world.bytes.pop() else { break };
        CALLS[usize::from(choice) % CALLS.len()](&mut world);
    }
    world.end();
}

/// What the host holds. Handles stay in the list when they have been freed.
struct World {
    /// What decides, last first.
    bytes: Vec<u8>,
    handles: Vec<(Kind, usize)>,
    released: Box<AtomicUsize>,
    n_lent: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Options,
    Model,
    Value,
    Session,
    RunOptions,
    Cancel,
    Report,
    Pool,
}

const CALLS: &[fn(&mut World)] = &[
    |w| w.make(Kind::Options, |out| dunlin_options_new(out.cast())),
    |w| w.make(Kind::RunOptions, |out| dunlin_run_options_new(out.cast())),
    |w| w.make(Kind::Cancel, |out| dunlin_cancel_new(out.cast())),
    World::new_pool,
    World::new_tensor,
    World::new_tensor,
    World::borrow_tensor,
    World::new_strings,
    World::new_sequence,
    World::new_map,
    World::new_optional,
    World::load,
    World::load,
    World::load_borrowed,
    World::load_reader,
    World::load_nowhere,
    World::new_session,
    World::run,
    World::run,
    World::run,
    World::run_into,
    World::run_session,
    World::run_session,
    World::run_async,
    World::set_option,
    World::set_option,
    World::set_name,
    World::set_run_option,
    World::set_cancel,
    World::ask_model,
    World::ask_value,
    World::ask_value,
    World::ask_report,
    World::state,
    World::last_error,
    World::free,
    World::free,
];

/// Small models: one of each kind of thing that can go in and out.
const MODELS: &[&[u8]] = &[
    include_bytes!("models/add.onnx"),
    include_bytes!("models/state.onnx"),
    include_bytes!("models/strings.onnx"),
    include_bytes!("models/sequence.onnx"),
    include_bytes!("models/maps.onnx"),
    include_bytes!("models/loop.onnx"),
    b"nonsense",
    b"",
];

const NAMES: &[&str] = &["x", "y", "out", "state", "cpu", "constant-folding", "w.bin", "", "\u{1f9aa}"];

impl World {
    fn byte(&mut self) -> u8 {
        self.bytes.pop().unwrap_or(0)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n.max(1)
    }

    fn chance(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// Mostly small, sometimes absurd.
    fn size(&mut self) -> usize {
        match self.byte() {
            250 => usize::MAX,
            251 => usize::MAX / 2,
            252 => 1 << 40,
            253 => isize::MAX as usize,
            small => usize::from(small) % 5,
        }
    }

    fn dims(&mut self) -> Vec<usize> {
        let rank = self.below(4);
        (0..rank).map(|_| self.size()).collect()
    }

    fn dtype(&mut self) -> i32 {
        i32::from(self.byte() % 32) - 1
    }

    /// A handle for an argument of this kind: mostly one of the right kind, which may have been freed.
    fn handle<T>(&mut self, kind: Kind) -> *mut T {
        let address = match self.below(16) {
            0 => 0,
            1 => self.byte() as usize,
            2 => usize::MAX - self.below(256),
            3 => self.any_handle(|_| true),
            _ => self.any_handle(|own| own == kind),
        };
        address as *mut T
    }

    fn any_handle(&mut self, fits: impl Fn(Kind) -> bool) -> usize {
        let n_fitting = self.handles.iter().filter(|(kind, _)| fits(*kind)).count();
        let at = self.below(n_fitting);
        self.handles.iter().filter(|(kind, _)| fits(*kind)).nth(at).map_or(0, |&(_, handle)| handle)
    }

    fn check(&self, status: dunlin_status) {
        assert_ne!(status, dunlin_status::DUNLIN_INTERNAL, "a bug: {}", last_error());
    }

    fn keep(&mut self, kind: Kind, status: dunlin_status, handle: usize) {
        self.check(status);
        assert_eq!(status == dunlin_status::DUNLIN_OK, handle != 0, "{kind:?}: {status:?}");
        if handle != 0 {
            self.handles.push((kind, handle));
        }
    }

    /// Calls something that makes a handle; sometimes with nowhere to put it.
    fn make(&mut self, kind: Kind, call: impl FnOnce(*mut *mut c_void) -> dunlin_status) {
        if self.below(16) == 15 {
            let status = call(null_mut());
            assert_ne!(status, dunlin_status::DUNLIN_OK);
            return self.check(status);
        }
        let mut handle = null_mut();
        let status = call(&mut handle);
        self.keep(kind, status, handle as usize);
    }

    /// The pointer and function that count a release.
    fn lend(&mut self) -> (ReleaseFn, *mut c_void) {
        (Some(count), (&raw const *self.released).cast_mut().cast())
    }

    fn new_pool(&mut self) {
        let n = self.size();
        match self.byte() % 3 {
            0 => self.make(Kind::Pool, |out| dunlin_pool_new(n, out.cast())),
            _ => {
                let (release, user) = self.lend();
                let before = self.handles.len();
                self.make(Kind::Pool, |out| {
                    dunlin_pool_new_host(n, Some(help_at_once), release, user, out.cast())
                });
                self.n_lent += self.handles.len() - before;
            }
        }
    }

    fn new_tensor(&mut self) {
        let (dims, dtype) = (self.dims(), self.dtype());
        let data = [7u8; 4096];
        let n_bytes = self.fitting_bytes(dtype, &dims, data.len());
        let data = if self.below(16) == 15 { null() } else { data.as_ptr().cast() };
        self.make(Kind::Value, |out| {
            dunlin_value_new_tensor(dtype, dims.as_ptr(), dims.len(), data, n_bytes, out.cast())
        });
    }

    /// The bytes that the shape needs, mostly; never more than `most`.
    fn fitting_bytes(&mut self, dtype: i32, dims: &[usize], most: usize) -> usize {
        let n_elements = dims.iter().try_fold(1usize, |n, &dim| n.checked_mul(dim)).unwrap_or(0);
        let n_bits = match dtype {
            1 | 6 | 12 => 32,
            7 | 11 | 13 | 14 => 64,
            4 | 5 | 10 | 16 => 16,
            15 => 128,
            21..=23 => 4,
            25 | 26 => 2,
            27 | 28 => 6,
            _ => 8,
        };
        let fitting = n_elements.checked_mul(n_bits).map_or(0, |bits| bits.div_ceil(8));
        if self.below(16) == 15 { self.below(most) } else { fitting.min(most) }
    }

    fn borrow_tensor(&mut self) {
        static DATA: [u64; 512] = [3; 512];
        let (dims, dtype) = (self.dims(), self.dtype());
        let offset = self.below(9);
        let n_bytes = self.fitting_bytes(dtype, &dims, size_of_val(&DATA) - 8);
        let data = DATA.as_ptr().cast::<u8>().wrapping_add(offset).cast();
        let (release, user) = self.lend();
        let before = self.handles.len();
        self.make(Kind::Value, |out| {
            let (dims, rank) = (dims.as_ptr(), dims.len());
            dunlin_value_borrow_tensor(dtype, dims, rank, data, n_bytes, release, user, out.cast())
        });
        self.n_lent += self.handles.len() - before;
    }

    fn new_strings(&mut self) {
        let dims = self.dims();
        let texts = [c"a".as_ptr(), c"\xff".as_ptr(), c"".as_ptr(), null(), c"bc".as_ptr()];
        let n = self.below(texts.len() + 1);
        let lengths = [1, 1, 0, 0, 2];
        let lengths = if self.chance() { lengths.as_ptr() } else { null() };
        self.make(Kind::Value, |out| {
            dunlin_value_new_strings(dims.as_ptr(), dims.len(), texts.as_ptr(), lengths, n, out.cast())
        });
    }

    fn values(&mut self) -> Vec<*const dunlin_value> {
        let n = self.below(4);
        (0..n).map(|_| self.handle::<dunlin_value>(Kind::Value).cast_const()).collect()
    }

    fn new_sequence(&mut self) {
        let values = self.values();
        self.make(Kind::Value, |out| dunlin_value_new_sequence(values.as_ptr(), values.len(), out.cast()));
    }

    fn new_map(&mut self) {
        let (keys, values) = (self.handle(Kind::Value), self.values());
        self.make(Kind::Value, |out| dunlin_value_new_map(keys, values.as_ptr(), values.len(), out.cast()));
    }

    fn new_optional(&mut self) {
        let value = self.handle(Kind::Value);
        self.make(Kind::Value, |out| dunlin_value_new_optional(value, out.cast()));
    }

    fn model_bytes(&mut self) -> &'static [u8] {
        MODELS[self.below(MODELS.len())]
    }

    fn load(&mut self) {
        let (bytes, options) = (self.model_bytes(), self.handle(Kind::Options));
        self.make(Kind::Model, |out| {
            dunlin_model_load_bytes(bytes.as_ptr().cast(), bytes.len(), options, out.cast())
        });
    }

    fn load_borrowed(&mut self) {
        let (bytes, options) = (self.model_bytes(), self.handle(Kind::Options));
        let (release, user) = self.lend();
        let before = self.handles.len();
        self.make(Kind::Model, |out| {
            let data = bytes.as_ptr().cast();
            dunlin_model_load_borrowed(data, bytes.len(), release, user, options, out.cast())
        });
        self.n_lent += self.handles.len() - before;
    }

    fn load_reader(&mut self) {
        let (mut bytes, options) = (self.model_bytes(), self.handle(Kind::Options));
        let user = (&raw mut bytes).cast();
        let n_bytes = if self.below(8) == 7 { self.size() } else { bytes.len() };
        let read = if self.below(16) == 15 { None } else { Some(read as _) };
        self.make(Kind::Model, |out| {
            dunlin_model_load_reader(n_bytes as u64, read, user, options, out.cast())
        });
    }

    fn load_nowhere(&mut self) {
        let (offset, n_bytes, options) = (self.size() as u64, self.size() as u64, self.handle(Kind::Options));
        match self.below(2) {
            0 => self.make(Kind::Model, |out| dunlin_model_load_fd(-1, offset, n_bytes, options, out.cast())),
            _ => {
                let name = self.name();
                self.make(Kind::Model, |out| {
                    dunlin_model_load(name.as_ptr(), DUNLIN_NUL_TERMINATED, options, out.cast())
                });
            }
        }
    }

    fn name(&mut self) -> CString {
        CString::new(NAMES[self.below(NAMES.len())]).unwrap_or_default()
    }

    fn new_session(&mut self) {
        let model = self.handle(Kind::Model);
        self.make(Kind::Session, |out| dunlin_session_new(model, out.cast()));
    }

    /// Arguments of a run: inputs with or without their names, options, and whether there is to be a report.
    fn call(&mut self) -> RunCall {
        let inputs = self.values();
        let names: Vec<CString> = inputs.iter().map(|_| self.name()).collect();
        let names = self.chance().then_some(names);
        RunCall { inputs, names, options: self.handle(Kind::RunOptions), wants_report: self.chance() }
    }

    fn run(&mut self) {
        let (model, call) = (self.handle(Kind::Model), self.call());
        self.run_with(call, |names, inputs, n, options, outputs, n_outputs, report| {
            dunlin_model_run(model, names, inputs, n, options, outputs, n_outputs, report)
        });
    }

    fn run_session(&mut self) {
        let (session, call) = (self.handle(Kind::Session), self.call());
        self.run_with(call, |names, inputs, n, options, outputs, n_outputs, report| {
            dunlin_session_run(session, names, inputs, n, options, outputs, n_outputs, report)
        });
    }

    fn run_with(
        &mut self,
        call: RunCall,
        run: impl FnOnce(
            *const *const c_char,
            *const *const dunlin_value,
            usize,
            *const dunlin_run_options,
            *mut *mut dunlin_value,
            usize,
            *mut *mut dunlin_report,
        ) -> dunlin_status,
    ) {
        let mut outputs = [null_mut(); 4];
        let n_outputs = if self.below(4) == 3 { self.below(5) } else { 1 };
        let names = call.name_pointers();
        let names = names.as_ref().map_or(null(), |names| names.as_ptr());
        let mut report = null_mut();
        let out_report = if call.wants_report { &raw mut report } else { null_mut() };
        let n = call.inputs.len();
        let status =
            run(names, call.inputs.as_ptr(), n, call.options, outputs.as_mut_ptr(), n_outputs, out_report);
        self.check(status);
        let is_ok = status == dunlin_status::DUNLIN_OK;
        for output in outputs.iter().take(n_outputs) {
            assert_eq!(is_ok, !output.is_null());
        }
        let made = outputs.iter().filter(|output| !output.is_null());
        self.handles.extend(made.map(|&output| (Kind::Value, output as usize)));
        assert_eq!(is_ok && call.wants_report, !report.is_null());
        if !report.is_null() {
            self.handles.push((Kind::Report, report as usize));
        }
    }

    fn run_into(&mut self) {
        let (model, session, call) = (self.handle(Kind::Model), self.handle(Kind::Session), self.call());
        let mut memory = [0u64; 64];
        let start = memory.as_mut_ptr().cast::<u8>();
        let names: Vec<CString> = (0..2).map(|_| self.name()).collect();
        let outputs: Vec<dunlin_output> = names[..self.below(3)]
            .iter()
            .map(|name| dunlin_output {
                size: if self.below(16) == 15 { self.size() } else { size_of::<dunlin_output>() },
                name: name.as_ptr(),
                data: start.wrapping_add(self.below(64)).cast(),
                n_bytes: self.below(256),
            })
            .collect();
        let input_names = call.name_pointers();
        let input_names = input_names.as_ref().map_or(null(), |names| names.as_ptr());
        let (inputs, n, options) = (call.inputs.as_ptr(), call.inputs.len(), call.options);
        let (outputs, n_outputs) = (outputs.as_ptr(), outputs.len());
        let status = if self.chance() {
            dunlin_model_run_into(model, input_names, inputs, n, options, outputs, n_outputs, null_mut())
        } else {
            dunlin_session_run_into(session, input_names, inputs, n, options, outputs, n_outputs, null_mut())
        };
        self.check(status);
    }

    fn run_async(&mut self) {
        let (model, session, call) = (self.handle(Kind::Model), self.handle(Kind::Session), self.call());
        let names = call.name_pointers();
        let names = names.as_ref().map_or(null(), |names| names.as_ptr());
        let (inputs, n, options) = (call.inputs.as_ptr(), call.inputs.len(), call.options);
        let (_, user) = self.lend();
        let status = if self.chance() {
            dunlin_model_run_async(model, names, inputs, n, options, call.wants_report, Some(done), user)
        } else {
            dunlin_session_run_async(session, names, inputs, n, options, call.wants_report, Some(done), user)
        };
        self.check(status);
        self.n_lent += usize::from(status == dunlin_status::DUNLIN_OK);
        if self.chance() {
            self.check(dunlin_async_wait(0));
        }
    }

    fn set_option(&mut self) {
        let options = self.handle(Kind::Options);
        let (choice, value) = (self.below(12) as i32, self.size());
        let status = match self.below(8) {
            0 => dunlin_options_set_threads(options, value.min(4)),
            1 => dunlin_options_set_pool(options, self.handle(Kind::Pool)),
            2 => dunlin_options_set_fallback(options, choice),
            3 => dunlin_options_set_mapping(options, self.chance()),
            4 => dunlin_options_set_limit(options, choice, value as u64),
            5 => dunlin_options_set_max_cached_shapes(options, value),
            6 => dunlin_options_set_cancel(options, self.handle(Kind::Cancel)),
            _ => dunlin_options_set_timeout_ms(options, value as u64),
        };
        self.check(status);
    }

    fn set_name(&mut self) {
        let options = self.handle(Kind::Options);
        let (one, other) = (self.name(), self.name());
        let length = if self.chance() { DUNLIN_NUL_TERMINATED } else { one.as_bytes().len() };
        let status = match self.below(6) {
            0 => dunlin_options_set_device(options, one.as_ptr(), length),
            1 => dunlin_options_disable_pass(options, one.as_ptr(), length),
            2 => {
                dunlin_options_add_state(options, one.as_ptr(), length, other.as_ptr(), DUNLIN_NUL_TERMINATED)
            }
            3 => dunlin_options_add_state(options, c"state".as_ptr(), 5, c"out".as_ptr(), 3),
            4 => dunlin_options_set_log(options, i32::from(self.byte() % 5), Some(log), null_mut()),
            _ => {
                static WEIGHTS: [f32; 2] = [1.0, 2.0];
                let (release, user) = self.lend();
                let data = WEIGHTS.as_ptr().cast();
                let status =
                    dunlin_options_add_external(options, one.as_ptr(), length, data, 8, release, user);
                self.n_lent += usize::from(status == dunlin_status::DUNLIN_OK);
                status
            }
        };
        self.check(status);
    }

    fn set_run_option(&mut self) {
        let options = self.handle(Kind::RunOptions);
        let value = self.size() as u64;
        let status = match self.below(3) {
            0 => dunlin_run_options_set_cancel(options, self.handle(Kind::Cancel)),
            1 => dunlin_run_options_set_timeout_ms(options, value),
            _ => dunlin_run_options_set_seed(options, value),
        };
        self.check(status);
    }

    fn set_cancel(&mut self) {
        let status = dunlin_cancel_set(self.handle(Kind::Cancel));
        self.check(status);
    }

    fn ask_model(&mut self) {
        let model = self.handle(Kind::Model);
        let index = self.size();
        match self.below(7) {
            0 => {
                let n = dunlin_model_input_count(model);
                let mut port = empty_port();
                let status = dunlin_model_input(model, index, &mut port);
                assert_eq!(status == dunlin_status::DUNLIN_OK, index < n);
            }
            1 => {
                let n = dunlin_model_output_count(model);
                let mut port = empty_port();
                let status = dunlin_model_output(model, index, &mut port);
                assert_eq!(status == dunlin_status::DUNLIN_OK, index < n);
            }
            2 => self.make(Kind::Report, |out| dunlin_model_report(model, out.cast())),
            3 => {
                let (ranks, dims) = ([self.size(), self.below(3)], [2usize; 8]);
                let n = if ranks[0] <= 4 { self.below(3) } else { 0 };
                let mut n_bytes = 0;
                self.check(dunlin_model_memory(
                    model,
                    ranks.as_ptr(),
                    dims.as_ptr(),
                    n,
                    &mut n_bytes,
                    null_mut(),
                ));
            }
            4 => {
                let (mut domain, mut version) = (null(), 0);
                self.check(dunlin_model_opset(model, index, &mut domain, &mut version));
            }
            5 => {
                let (mut key, mut value) = (null(), null());
                self.check(dunlin_model_metadata(model, index, &mut key, &mut value));
            }
            _ => {
                let mut info = dunlin_info {
                    size: if self.chance() { index } else { size_of::<dunlin_info>() },
                    ir_version: 0,
                    model_version: 0,
                    producer: null(),
                    description: null(),
                    n_opsets: 0,
                    n_metadata: 0,
                };
                self.check(dunlin_model_info(model, &mut info));
            }
        }
    }

    fn ask_value(&mut self) {
        let value = self.handle::<dunlin_value>(Kind::Value).cast_const();
        let index = self.size();
        match self.below(6) {
            0 => {
                let rank = dunlin_tensor_rank(value);
                let mut dims = [0; 8];
                self.check(dunlin_tensor_dims(value, dims.as_mut_ptr(), index.min(dims.len())));
                assert!(rank <= 8 && dunlin_tensor_dtype(value) >= 0);
            }
            1 => {
                let (mut data, mut n_bytes) = (null(), 0);
                if dunlin_tensor_data(value, &mut data, &mut n_bytes) == dunlin_status::DUNLIN_OK {
                    assert!(n_bytes == 0 || !data.is_null());
                }
            }
            2 => {
                let (mut text, mut length) = (null(), 0);
                self.check(dunlin_tensor_string(value, index, &mut text, &mut length));
            }
            3 => {
                let n = dunlin_value_count(value);
                let has_item = index < n;
                let before = self.handles.len();
                let mut item = null_mut();
                let status = dunlin_value_item(value, index, &mut item);
                self.keep(Kind::Value, status, item as usize);
                assert_eq!(self.handles.len() > before, has_item);
            }
            4 => self.make(Kind::Value, |out| dunlin_value_keys(value, out.cast())),
            _ => {
                let _ = dunlin_value_kind(value);
            }
        }
    }

    fn ask_report(&mut self) {
        let report = self.handle::<dunlin_report>(Kind::Report).cast_const();
        let index = self.size();
        let mut node = dunlin_node_report {
            size: if self.below(8) == 7 { index } else { size_of::<dunlin_node_report>() },
            node: null(),
            op: null(),
            backend: null(),
            fallback: null(),
            nanoseconds: 0,
            output_bytes: 0,
            dtype: 0,
            depth: 0,
        };
        self.check(dunlin_report_node(report, index, &mut node));
        let n = dunlin_report_node_count(report);
        assert_eq!(n > 0 || !dunlin_report_json(report).is_null(), !dunlin_report_json(report).is_null());
    }

    fn state(&mut self) {
        let session = self.handle(Kind::Session);
        let name = if self.chance() { CString::from(c"state") } else { self.name() };
        match self.below(3) {
            0 => {
                let value = self.handle(Kind::Value);
                self.check(dunlin_session_set_state(session, name.as_ptr(), DUNLIN_NUL_TERMINATED, value));
            }
            1 => {
                let mut value = null_mut();
                self.check(dunlin_session_state(session, name.as_ptr(), DUNLIN_NUL_TERMINATED, &mut value));
                if !value.is_null() {
                    self.handles.push((Kind::Value, value as usize));
                }
            }
            _ => self.check(dunlin_session_reset(session)),
        }
    }

    fn last_error(&mut self) {
        let mut offset = 0;
        let _ = (dunlin_last_error_node(), dunlin_last_error_operator(), dunlin_last_error_file());
        let _ = (dunlin_last_error_hint(), dunlin_last_error_offset(&mut offset));
        assert!(!dunlin_status_name(i32::from(self.byte())).is_null());
        let error = self.handle::<dunlin_error>(Kind::Value).cast_const();
        assert_eq!(dunlin_error_status(error), dunlin_status::DUNLIN_INVALID_HANDLE);
        assert!(dunlin_error_message(error).is_null());
    }

    fn free(&mut self) {
        if self.handles.is_empty() {
            return;
        }
        let at = self.below(self.handles.len());
        free(self.handles[at]);
    }

    fn end(self) {
        self.check(dunlin_async_wait(0));
        self.handles.iter().copied().for_each(free);
        self.handles.iter().copied().for_each(free);
        assert_eq!(self.released.load(Ordering::SeqCst), self.n_lent, "releases");
    }
}

struct RunCall {
    inputs: Vec<*const dunlin_value>,
    names: Option<Vec<CString>>,
    options: *mut dunlin_run_options,
    wants_report: bool,
}

impl RunCall {
    fn name_pointers(&self) -> Option<Vec<*const c_char>> {
        Some(self.names.as_ref()?.iter().map(|name| name.as_ptr()).collect())
    }
}

fn free((kind, handle): (Kind, usize)) {
    match kind {
        Kind::Options => dunlin_options_free(handle as *mut _),
        Kind::Model => dunlin_model_free(handle as *mut _),
        Kind::Value => dunlin_value_free(handle as *mut _),
        Kind::Session => dunlin_session_free(handle as *mut _),
        Kind::RunOptions => dunlin_run_options_free(handle as *mut _),
        Kind::Cancel => dunlin_cancel_free(handle as *mut _),
        Kind::Report => dunlin_report_free(handle as *mut _),
        Kind::Pool => dunlin_pool_free(handle as *mut _),
    }
}

fn empty_port() -> dunlin_port {
    dunlin_port {
        size: size_of::<dunlin_port>(),
        name: null(),
        type_text: null(),
        rank: 0,
        dims: null(),
        dtype: 0,
        is_optional: false,
    }
}

fn last_error() -> String {
    let text = dunlin_last_error();
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the text ends with a NUL and stays until this thread's next failure.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// Counts a release; `user` is the world's counter.
unsafe extern "C" fn count(user: *mut c_void) {
    // SAFETY: the world outlives all that it lent.
    unsafe { &*user.cast::<AtomicUsize>() }.fetch_add(1, Ordering::SeqCst);
}

/// A host whose threads are all busy with asking: it helps at once.
unsafe extern "C" fn help_at_once(_: *mut c_void, run: dunlin_task_fn, task: *mut c_void, n: usize) {
    for _ in 0..n {
        if let Some(run) = run {
            // SAFETY: as the header has it.
            unsafe { run(task) };
        }
    }
}

/// Reads a slice that `user` points to, three bytes at a time.
unsafe extern "C" fn read(user: *mut c_void, offset: u64, buffer: *mut c_void, n_bytes: usize) -> i64 {
    // SAFETY: `load_reader` gave this pointer.
    let bytes = unsafe { *user.cast::<&[u8]>() };
    let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or(&[]);
    let n = rest.len().min(n_bytes).min(3);
    // SAFETY: the buffer has `n_bytes` bytes, of which `n` are written.
    unsafe { buffer.cast::<u8>().copy_from_nonoverlapping(rest.as_ptr(), n) };
    n as i64
}

unsafe extern "C" fn log(_: *mut c_void, level: i32, message: *const c_char) {
    assert!((1..=3).contains(&level) && !message.is_null());
}

/// The end of an asynchronous run: frees what it made and counts itself as released.
unsafe extern "C" fn done(
    user: *mut c_void,
    error: *const dunlin_error,
    outputs: *const *mut dunlin_value,
    n_outputs: usize,
    report: *mut dunlin_report,
) {
    if error.is_null() {
        for i in 0..n_outputs {
            // SAFETY: the array has `n_outputs` values.
            dunlin_value_free(unsafe { *outputs.add(i) });
        }
        dunlin_report_free(report);
    } else {
        assert!(!dunlin_error_message(error).is_null() && n_outputs == 0);
        assert_ne!(dunlin_error_status(error), dunlin_status::DUNLIN_INTERNAL);
    }
    // SAFETY: as `count`.
    unsafe { count(user) };
}

/// Longer sequences find nothing that shorter ones do not, and take longer.
const MAX_CALLS: usize = 200;
