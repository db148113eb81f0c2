//! Models: loading, asking, running.

use std::ffi::{CString, c_char, c_void};
use std::path::Path;
use std::sync::Arc;

use dunlin_core::{Builder, Dim, FilePart, Memory, Model, Shape, Type};
use dunlin_sys::{AlignedBuf, Bytes};

use crate::handle::{Kind, Object, find, find_optional, free, store};
use crate::info::Info;
use crate::options::{Options, dunlin_options};
use crate::ptr::{self, Lent, ReleaseFn};
use crate::reader::{Reader, dunlin_read_fn};
use crate::report::{Report, dunlin_report};
use crate::run::{Call, dunlin_done_fn, dunlin_output, dunlin_run_options};
use crate::status::{Failure, c_string, dunlin_status, guard, guard_value};
use crate::value::dunlin_value;

/// A loaded model. Any number of threads may run it at the same time.
#[allow(non_camel_case_types, reason = "the C name")]
pub struct dunlin_model {
    _opaque: [u8; 0],
}

/// The size of a dimension that is not fixed: see `dunlin_port`.
pub const DUNLIN_ANY_SIZE: i64 = -1;

/// The length of text that ends with a NUL: functions that take a length take this instead.
pub const DUNLIN_NUL_TERMINATED: usize = usize::MAX;

/// The rest of a file, for `dunlin_model_load_fd()`.
pub const DUNLIN_TO_THE_END: u64 = u64::MAX;

/// An input or output of a model. Pointers are lent: they stay until the model is freed.
#[allow(non_camel_case_types, reason = "the C name")]
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct dunlin_port {
    /// `sizeof(dunlin_port)`: set it before the call; later versions may add fields.
    pub size: usize,
    /// Its name.
    pub name: *const c_char,
    /// Its type as text, such as `float32[n,3,224,224]`.
    pub type_text: *const c_char,
    /// How many sizes there are in `dims`; 0 too if even the rank is open, or it is no tensor.
    pub rank: usize,
    /// The sizes; `DUNLIN_ANY_SIZE` where one is open. NULL if even the rank is open, or it is no tensor.
    pub dims: *const i64,
    /// The element type, or 0 if it is no tensor or open.
    pub dtype: i32,
    /// Whether an input may be left out.
    pub is_optional: bool,
}

/// The object behind `dunlin_model`.
#[derive(Debug)]
pub(crate) struct ModelObject {
    pub model: Model,
    pub info: Info,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
}

#[derive(Debug)]
struct Port {
    name: CString,
    type_text: CString,
    dims: Option<Vec<i64>>,
    dtype: i32,
    is_optional: bool,
}

impl Object for ModelObject {
    type Opaque = dunlin_model;
    const KIND: Kind = Kind::Model;
    const NAME: &'static str = "dunlin_model";
}

impl ModelObject {
    fn new(model: Model) -> ModelObject {
        let inputs = model.inputs().iter().map(|input| Port::new(&input.name, &input.ty, input.is_optional));
        let outputs = model.outputs().iter().map(|output| Port::new(&output.name, &output.ty, false));
        ModelObject {
            inputs: inputs.collect(),
            outputs: outputs.collect(),
            info: Info::new(model.metadata()),
            model,
        }
    }
}

impl Port {
    fn new(name: &str, ty: &Type, is_optional: bool) -> Port {
        let size = |dim: &Dim| dim.known().and_then(|n| i64::try_from(n).ok()).unwrap_or(DUNLIN_ANY_SIZE);
        Port {
            name: c_string(name),
            type_text: c_string(&ty.to_string()),
            dims: ty.dims().map(|dims| dims.iter().map(size).collect()),
            dtype: ty.dtype().map_or(0, |dtype| dtype.onnx_code()),
            is_optional,
        }
    }

    fn lend(&self) -> dunlin_port {
        dunlin_port {
            size: size_of::<dunlin_port>(),
            name: self.name.as_ptr(),
            type_text: self.type_text.as_ptr(),
            rank: self.dims.as_ref().map_or(0, Vec::len),
            dims: self.dims.as_ref().map_or(std::ptr::null(), |dims| dims.as_ptr()),
            dtype: self.dtype,
            is_optional: self.is_optional,
        }
    }
}

fn load(
    options: *const dunlin_options,
    out_model: *mut *mut dunlin_model,
    load: impl FnOnce(Builder) -> Result<Model, Failure>,
) -> dunlin_status {
    guard(|| {
        ptr::writable(out_model, "out_model")?;
        let builder =
            find_optional::<Options>(options)?.map_or_else(Model::builder, |options| options.builder());
        ptr::put(out_model, store(ModelObject::new(load(builder)?))?);
        Ok(())
    })
}

/// Loads the model file at `path` (UTF-8 of `path_length` bytes, or ending with a NUL if that is `DUNLIN_NUL_TERMINATED`).
///
/// `options` may be NULL for the defaults. The new model is the caller's: end it with `dunlin_model_free()`. Any thread.
/// Statuses: `DUNLIN_NOT_FOUND`, `DUNLIN_IO`, and whatever the file deserves; `dunlin_last_error()` tells the rest. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_model_load(
    path: *const c_char,
    path_length: usize,
    options: *const dunlin_options,
    out_model: *mut *mut dunlin_model,
) -> dunlin_status {
    load(options, out_model, |builder| Ok(builder.load(Path::new(ptr::text(path, path_length, "path")?))?))
}

/// Loads a model from a copy of `n_bytes` bytes at `data`. Otherwise as `dunlin_model_load()`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_model_load_bytes(
    data: *const c_void,
    n_bytes: usize,
    options: *const dunlin_options,
    out_model: *mut *mut dunlin_model,
) -> dunlin_status {
    load(options, out_model, |builder| {
        let bytes = ptr::slice(data.cast::<u8>(), n_bytes, "data")?;
        let copy = AlignedBuf::copy_of(bytes).map_err(dunlin_core::TensorError::from)?;
        Ok(builder.load_from(&Bytes::from(copy))?)
    })
}

/// Loads a model from the host's memory, which is not copied: it must stay in place and unchanged until `release(user)` is called
/// (once, from any thread, when neither the model nor a tensor out of it needs the memory; `release` may be NULL). If the
/// call fails, `release` is not called. Otherwise as `dunlin_model_load()`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_model_load_borrowed(
    data: *const c_void,
    n_bytes: usize,
    release: ReleaseFn,
    user: *mut c_void,
    options: *const dunlin_options,
    out_model: *mut *mut dunlin_model,
) -> dunlin_status {
    let mut lent = None;
    let status = load(options, out_model, |builder| {
        let memory = Arc::new(Lent::new(data, n_bytes, release, user)?);
        lent = Some(memory.clone());
        Ok(builder.load_from(&Bytes::foreign(memory))?)
    });
    if let (dunlin_status::DUNLIN_OK, Some(lent)) = (status, &lent) {
        lent.keep();
    }
    status
}

/// Loads the model at bytes `offset` to `offset + n_bytes` of an open file, such as an asset that lies uncompressed in an archive;
/// `n_bytes` may be `DUNLIN_TO_THE_END`. The file is mapped or copied as `dunlin_options_set_mapping()` says, and its position stays. The
/// descriptor stays the caller's, who may close it when the call returns. Otherwise as `dunlin_model_load()`. Since 0.1.
///
/// Statuses besides: `DUNLIN_IO` if the descriptor is not open (or on systems that have none), `DUNLIN_INPUT` for a part that does not lie
/// in the file.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_model_load_fd(
    fd: i32,
    offset: u64,
    n_bytes: u64,
    options: *const dunlin_options,
    out_model: *mut *mut dunlin_model,
) -> dunlin_status {
    load(options, out_model, |builder| {
        let n_bytes = (n_bytes != DUNLIN_TO_THE_END).then_some(n_bytes);
        Ok(builder.load_from(&FilePart::of_descriptor(fd, offset, n_bytes)?)?)
    })
}

/// Loads a model of `n_bytes` bytes that the host reads, in parts of at most a megabyte, into memory of Dunlin's: from an archive, over a
/// network, or decrypted on the way. `read` is called with `user`; not after this call has returned. Cancellation and the timeout
/// of the options are looked at between parts. Otherwise as `dunlin_model_load()`. Since 0.1.
///
/// Statuses besides: `DUNLIN_IO` if `read` fails, `DUNLIN_LIMIT` if `n_bytes` is beyond `DUNLIN_LIMIT_FILE_BYTES`.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_model_load_reader(
    n_bytes: u64,
    read: dunlin_read_fn,
    user: *mut c_void,
    options: *const dunlin_options,
    out_model: *mut *mut dunlin_model,
) -> dunlin_status {
    load(options, out_model, |builder| {
        let mut reader = Reader::new(n_bytes, read, user)?;
        if let Some(options) = find_optional::<Options>(options)? {
            (reader.cancel, reader.deadline) = options.stop();
            reader.max_bytes = options.max_file_bytes();
        }
        Ok(builder.load_from(&reader)?)
    })
}

/// Ends a model. NULL is allowed. Runs and sessions that use it go on undisturbed. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_model_free(model: *mut dunlin_model) {
    guard(|| {
        free::<ModelObject>(model);
        Ok(())
    });
}

/// How many inputs a model has; 0 for NULL and handles that are not valid. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_model_input_count(model: *const dunlin_model) -> usize {
    guard_value(0, || Ok(find::<ModelObject>(model)?.inputs.len()))
}

/// How many outputs a model has; 0 for NULL and handles that are not valid. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_model_output_count(model: *const dunlin_model) -> usize {
    guard_value(0, || Ok(find::<ModelObject>(model)?.outputs.len()))
}

/// Input `index` of a model, in its order. Set `out_input->size` before. Statuses: `DUNLIN_NOT_FOUND`, `DUNLIN_INPUT` for a size
/// that is not that of a known version. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_model_input(
    model: *const dunlin_model,
    index: usize,
    out_input: *mut dunlin_port,
) -> dunlin_status {
    guard(|| lend_port(&find::<ModelObject>(model)?.inputs, index, out_input))
}

/// Output `index` of a model, in its order, as `dunlin_model_input()`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_model_output(
    model: *const dunlin_model,
    index: usize,
    out_output: *mut dunlin_port,
) -> dunlin_status {
    guard(|| lend_port(&find::<ModelObject>(model)?.outputs, index, out_output))
}

fn lend_port(ports: &[Port], index: usize, out: *mut dunlin_port) -> Result<(), Failure> {
    let out = ptr::slice_mut(out, 1, "the result")?;
    ptr::check_size(out[0].size, size_of::<dunlin_port>(), "dunlin_port")?;
    let none =
        || Failure::new(dunlin_status::DUNLIN_NOT_FOUND, format!("no {index}: there are {}", ports.len()));
    out[0] = ports.get(index).ok_or_else(none)?.lend();
    Ok(())
}

/// How much memory the tensors of a run will take at its peak, weights not counted, if all inputs have the shapes that the model
/// declares, or those given: `dims` points to the sizes of all inputs, one after the other, and `ranks` to the number of sizes
/// of each of the `n` inputs (of the model's first). `n` may be 0.
///
/// `*out_is_exact` (may be NULL) says whether every shape could be told; if not, the run may take more. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_model_memory(
    model: *const dunlin_model,
    ranks: *const usize,
    dims: *const usize,
    n: usize,
    out_n_bytes: *mut u64,
    out_is_exact: *mut bool,
) -> dunlin_status {
    guard(|| {
        ptr::writable(out_n_bytes, "out_n_bytes")?;
        let ranks = ptr::slice(ranks, n, "ranks")?;
        let too_many = || Failure::new(dunlin_status::DUNLIN_INPUT, "the ranks are too large");
        let n_dims =
            ranks.iter().try_fold(0usize, |sum, &rank| sum.checked_add(rank)).ok_or_else(too_many)?;
        let mut dims = ptr::slice(dims, n_dims, "dims")?;
        let mut shapes = Vec::new();
        for &rank in ranks {
            let (shape, rest) = dims.split_at(rank);
            shapes.push(Some(Shape::new(shape)));
            dims = rest;
        }
        let memory = find::<ModelObject>(model)?.model.memory(&shapes)?;
        ptr::put(out_is_exact, matches!(memory, Memory::Exact(_)));
        ptr::put(out_n_bytes, memory.bytes() as u64);
        Ok(())
    })
}

/// Where a model's nodes run. The report is the caller's: end it with `dunlin_report_free()`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_model_report(
    model: *const dunlin_model,
    out_report: *mut *mut dunlin_report,
) -> dunlin_status {
    guard(|| {
        ptr::writable(out_report, "out_report")?;
        let model = find::<ModelObject>(model)?;
        ptr::put(out_report, store(Report::of_model(model.model.report()))?);
        Ok(())
    })
}

/// Runs a model.
///
/// `inputs` points to `n_inputs` values, which stay the caller's; `names` to as many names that end with a NUL, or is NULL for
/// inputs in the model's order. `options` may be NULL. `out_outputs` has room for `n_outputs` values, which must be all that the
/// model has; they are the caller's, in the model's order. `out_report` is NULL, or where a report of the run goes (the
/// caller's, too). Nothing is written unless the run succeeds. Any thread, any number of them at a time. Since 0.1.
///
/// Statuses: `DUNLIN_INPUT`, `DUNLIN_SHAPE` and `DUNLIN_DTYPE` for inputs that do not fit, `DUNLIN_NOT_FOUND` for unknown names,
/// `DUNLIN_CANCELLED`, `DUNLIN_DEADLINE`, `DUNLIN_LIMIT`, `DUNLIN_OUT_OF_MEMORY`.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_model_run(
    model: *const dunlin_model,
    names: *const *const c_char,
    inputs: *const *const dunlin_value,
    n_inputs: usize,
    options: *const dunlin_run_options,
    out_outputs: *mut *mut dunlin_value,
    n_outputs: usize,
    out_report: *mut *mut dunlin_report,
) -> dunlin_status {
    guard(|| {
        let model = find::<ModelObject>(model)?;
        let call = Call { names, inputs, n_inputs, options, out_report };
        call.run(out_outputs, n_outputs, &mut model.model.clone())
    })
}

/// Runs a model in the background, on a thread of Dunlin's, and calls `done(user, ...)` when it has ended.
///
/// The arguments are those of `dunlin_model_run()` and may be freed when this returns. If it does not return `DUNLIN_OK`, `done` is
/// not called. Runs start in the order of the calls, as many at a time as there are processors; the switch and the timeout of `options`
/// hold for waiting and running together. Before the library is unloaded, wait with `dunlin_async_wait()`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_model_run_async(
    model: *const dunlin_model,
    names: *const *const c_char,
    inputs: *const *const dunlin_value,
    n_inputs: usize,
    options: *const dunlin_run_options,
    want_report: bool,
    done: dunlin_done_fn,
    user: *mut c_void,
) -> dunlin_status {
    guard(|| {
        let model = find::<ModelObject>(model)?;
        let call = Call { names, inputs, n_inputs, options, out_report: std::ptr::null_mut() };
        call.run_async(want_report, done, user, model.model.clone())
    })
}

/// Runs a model with outputs in the host's memory: `outputs` points to `n_outputs` places, each for one output by its name;
/// outputs that are not named are dropped. Otherwise as `dunlin_model_run()`. Since 0.1.
///
/// Nothing is copied where the last operator writes its result anew and the memory is aligned for the element type; else the
/// result is. After the first runs with inputs of the same shapes, a run of common operators allocates nothing. The memory may
/// be that of an input: the answer is the same as if it were not, at the cost of a copy.
///
/// Statuses besides: `DUNLIN_SHAPE` if the memory has not exactly the output's bytes, `DUNLIN_DTYPE` for outputs that are no
/// tensors of plain data, `DUNLIN_INPUT` for places that overlap and outputs that are named twice. Unless the run succeeds, what
/// the memory holds is unspecified.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_model_run_into(
    model: *const dunlin_model,
    names: *const *const c_char,
    inputs: *const *const dunlin_value,
    n_inputs: usize,
    options: *const dunlin_run_options,
    outputs: *const dunlin_output,
    n_outputs: usize,
    out_report: *mut *mut dunlin_report,
) -> dunlin_status {
    guard(|| {
        let model = find::<ModelObject>(model)?;
        let call = Call { names, inputs, n_inputs, options, out_report };
        call.run_into(outputs, n_outputs, &mut model.model.clone())
    })
}
