//! Models loaded and run through the C interface, as a host in another language does it.

use std::ffi::CString;
use std::path::Path;
use std::ptr::{null, null_mut};
use std::time::Duration;

use dunlin_c_api::*;
use dunlin_core::{DType, Tensor, Value};

/// What may be used.
pub struct Bounds {
    /// How long a load may take, and a run.
    pub patience: Duration,
    /// Bytes of one tensor.
    pub tensor_bytes: u64,
    /// Bytes of all tensors of a run.
    pub run_bytes: u64,
}

/// Loads a model and runs it once on the inputs, by their names. The status is that of the first call that fails.
pub fn load_and_run(
    path: &Path,
    device: &str,
    n_threads: usize,
    bounds: &Bounds,
    inputs: &[(String, Value)],
) -> dunlin_status {
    let mut host = Host::default();
    host.run(path, device, n_threads, bounds, inputs).err().unwrap_or(dunlin_status::DUNLIN_OK)
}

/// What a host holds; freed in the end, whatever came of it.
struct Host {
    options: *mut dunlin_options,
    run_options: *mut dunlin_run_options,
    model: *mut dunlin_model,
    values: Vec<*mut dunlin_value>,
}

impl Default for Host {
    fn default() -> Host {
        Host { options: null_mut(), run_options: null_mut(), model: null_mut(), values: Vec::new() }
    }
}

type Step<T = ()> = Result<T, dunlin_status>;

fn ok(status: dunlin_status) -> Step {
    if status == dunlin_status::DUNLIN_OK { Ok(()) } else { Err(status) }
}

impl Host {
    fn run(
        &mut self,
        path: &Path,
        device: &str,
        n_threads: usize,
        bounds: &Bounds,
        inputs: &[(String, Value)],
    ) -> Step {
        let patience = u64::try_from(bounds.patience.as_millis()).unwrap_or(u64::MAX);
        ok(dunlin_options_new(&mut self.options))?;
        ok(dunlin_options_set_device(self.options, device.as_ptr().cast(), device.len()))?;
        ok(dunlin_options_set_fallback(self.options, dunlin_fallback::DUNLIN_FALLBACK_ALLOW as i32))?;
        ok(dunlin_options_set_threads(self.options, n_threads))?;
        ok(dunlin_options_set_timeout_ms(self.options, patience))?;
        for (limit, bytes) in [
            (dunlin_limit::DUNLIN_LIMIT_TENSOR_BYTES, bounds.tensor_bytes),
            (dunlin_limit::DUNLIN_LIMIT_RUN_BYTES, bounds.run_bytes),
        ] {
            ok(dunlin_options_set_limit(self.options, limit as i32, bytes))?;
        }
        let path = path.to_string_lossy();
        ok(dunlin_model_load(path.as_ptr().cast(), path.len(), self.options, &mut self.model))?;
        ok(dunlin_run_options_new(&mut self.run_options))?;
        ok(dunlin_run_options_set_timeout_ms(self.run_options, patience))?;
        let values = inputs.iter().map(|(_, value)| self.value(value)).collect::<Step<Vec<_>>>()?;
        let values: Vec<*const dunlin_value> = values.into_iter().map(<*mut _>::cast_const).collect();
        let names: Vec<CString> =
            inputs.iter().map(|(name, _)| CString::new(name.as_str()).unwrap_or_default()).collect();
        let names: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
        let mut outputs = vec![null_mut(); dunlin_model_output_count(self.model)];
        let (out, n_outputs) = (outputs.as_mut_ptr(), outputs.len());
        let (names, inputs, n_inputs) = (names.as_ptr(), values.as_ptr(), values.len());
        let mut report = null_mut();
        let ran = dunlin_model_run(
            self.model,
            names,
            inputs,
            n_inputs,
            self.run_options,
            out,
            n_outputs,
            &mut report,
        );
        dunlin_report_free(report);
        self.values.extend(outputs);
        ok(ran)
    }

    /// A value as a handle.
    fn value(&mut self, value: &Value) -> Step<*mut dunlin_value> {
        let mut made = null_mut();
        match value {
            Value::Tensor(tensor) => return self.tensor(tensor),
            Value::Sequence(values) => {
                let items = self.all(values)?;
                ok(dunlin_value_new_sequence(items.as_ptr(), items.len(), &mut made))?;
            }
            Value::Map(map) => {
                let (keys, items) = (self.tensor(&map.keys)?, self.all(&map.values)?);
                ok(dunlin_value_new_map(keys, items.as_ptr(), items.len(), &mut made))?;
            }
            Value::Optional(None) => ok(dunlin_value_new_optional(null(), &mut made))?,
            Value::Optional(Some(value)) => {
                let value = self.value(value)?;
                ok(dunlin_value_new_optional(value, &mut made))?;
            }
            _ => return Err(dunlin_status::DUNLIN_DTYPE),
        }
        self.values.push(made);
        Ok(made)
    }

    fn all(&mut self, values: &[Value]) -> Step<Vec<*const dunlin_value>> {
        values.iter().map(|value| Ok(self.value(value)?.cast_const())).collect()
    }

    fn tensor(&mut self, tensor: &Tensor) -> Step<*mut dunlin_value> {
        let dims = tensor.shape().dims();
        let (dims, rank) = (dims.as_ptr(), dims.len());
        let mut made = null_mut();
        if tensor.dtype() == DType::String {
            let strings = tensor.strings().map_err(|_| dunlin_status::DUNLIN_DTYPE)?;
            let texts: Vec<_> = strings.iter().map(|text| text.as_ptr().cast()).collect();
            let lengths: Vec<usize> = strings.iter().map(|text| text.len()).collect();
            let (texts, lengths, n) = (texts.as_ptr(), lengths.as_ptr(), strings.len());
            ok(dunlin_value_new_strings(dims, rank, texts, lengths, n, &mut made))?;
        } else {
            let (data, n_bytes) = (tensor.bytes().as_ptr().cast(), tensor.bytes().len());
            let dtype = tensor.dtype().onnx_code();
            ok(dunlin_value_new_tensor(dtype, dims, rank, data, n_bytes, &mut made))?;
        }
        self.values.push(made);
        Ok(made)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        for &value in &self.values {
            dunlin_value_free(value);
        }
        dunlin_run_options_free(self.run_options);
        dunlin_model_free(self.model);
        dunlin_options_free(self.options);
    }
}
