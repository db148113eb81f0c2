//! What a model's file says of itself.

use std::ffi::{CString, c_char};

use dunlin_core::Metadata;

use crate::handle::find;
use crate::model::{ModelObject, dunlin_model};
use crate::ptr;
use crate::status::{Failure, c_string, dunlin_status, guard};

/// What a model's file says of itself. Texts are lent: they stay until the model is freed.
#[allow(non_camel_case_types, reason = "the C name")]
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct dunlin_info {
    /// `sizeof(dunlin_info)`: set it before the call; later versions may add fields.
    pub size: usize,
    /// The version of the file format.
    pub ir_version: i64,
    /// The model's own version.
    pub model_version: i64,
    /// The program that wrote the file, and its version. Never NULL.
    pub producer: *const c_char,
    /// Free text. Never NULL.
    pub description: *const c_char,
    /// How many sets of operators it uses: see `dunlin_model_opset()`.
    pub n_opsets: usize,
    /// How many keys and values its maker attached: see `dunlin_model_metadata()`.
    pub n_metadata: usize,
}

/// [`Metadata`] as C reads it.
#[derive(Debug)]
pub(crate) struct Info {
    ir_version: i64,
    model_version: i64,
    producer: CString,
    description: CString,
    opsets: Vec<(CString, i64)>,
    metadata: Vec<(CString, CString)>,
}

impl Info {
    pub fn new(metadata: &Metadata) -> Info {
        Info {
            ir_version: metadata.ir_version,
            model_version: metadata.model_version,
            producer: c_string(&metadata.producer),
            description: c_string(&metadata.description),
            opsets: metadata.opsets.iter().map(|(domain, version)| (c_string(domain), *version)).collect(),
            metadata: metadata.metadata.iter().map(|(key, value)| (c_string(key), c_string(value))).collect(),
        }
    }

    fn lend(&self) -> dunlin_info {
        dunlin_info {
            size: size_of::<dunlin_info>(),
            ir_version: self.ir_version,
            model_version: self.model_version,
            producer: self.producer.as_ptr(),
            description: self.description.as_ptr(),
            n_opsets: self.opsets.len(),
            n_metadata: self.metadata.len(),
        }
    }
}

/// What a model's file says of itself. Set `out_info->size` before. Statuses: `DUNLIN_INPUT` for a size that is not that of a known
/// version. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_model_info(model: *const dunlin_model, out_info: *mut dunlin_info) -> dunlin_status {
    guard(|| {
        let out = ptr::slice_mut(out_info, 1, "out_info")?;
        let model = find::<ModelObject>(model)?;
        ptr::check_size(out[0].size, size_of::<dunlin_info>(), "dunlin_info")?;
        out[0] = model.info.lend();
        Ok(())
    })
}

/// Set of operators `index` of a model: its domain (`"ai.onnx"` for the main one), lent until the model is freed, and its version. Statuses:
/// `DUNLIN_NOT_FOUND`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_model_opset(
    model: *const dunlin_model,
    index: usize,
    out_domain: *mut *const c_char,
    out_version: *mut i64,
) -> dunlin_status {
    guard(|| {
        ptr::writable(out_domain, "out_domain")?;
        ptr::writable(out_version, "out_version")?;
        let model = find::<ModelObject>(model)?;
        let opsets = &model.info.opsets;
        let (domain, version) = opsets.get(index).ok_or_else(|| none(index, opsets.len()))?;
        ptr::put(out_version, *version);
        ptr::put(out_domain, domain.as_ptr());
        Ok(())
    })
}

/// Key and value `index` that a model's maker attached, lent until the model is freed. Statuses: `DUNLIN_NOT_FOUND`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_model_metadata(
    model: *const dunlin_model,
    index: usize,
    out_key: *mut *const c_char,
    out_value: *mut *const c_char,
) -> dunlin_status {
    guard(|| {
        ptr::writable(out_key, "out_key")?;
        ptr::writable(out_value, "out_value")?;
        let model = find::<ModelObject>(model)?;
        let metadata = &model.info.metadata;
        let (key, value) = metadata.get(index).ok_or_else(|| none(index, metadata.len()))?;
        ptr::put(out_value, value.as_ptr());
        ptr::put(out_key, key.as_ptr());
        Ok(())
    })
}

fn none(index: usize, n: usize) -> Failure {
    Failure::new(dunlin_status::DUNLIN_NOT_FOUND, format!("no {index}: there are {n}"))
}
