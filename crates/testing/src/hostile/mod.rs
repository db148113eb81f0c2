//! What hostile bytes may do to the readers: nothing but end in an error. One function per kind of input; the fuzz targets call
//! them with what a fuzzer thinks up, and a test with the inputs in `fuzz/corpus`.

use std::time::{Duration, Instant};

use dunlin_core::{DType, Limits, Model, RunOptions, Shape, Tensor, Threads, Type, Value};

/// Loads `data` as a model, and runs what could be loaded on zeros, within limits.
///
/// # Panics
/// If Dunlin reports a bug in itself.
pub fn onnx(data: &[u8]) {
    let builder =
        Model::builder().threads(Threads::Count(1)).limits(limits()).deadline(Instant::now() + PATIENCE);
    match builder.load_bytes(data.to_vec()) {
        Ok(model) => run_on_zeros(&model),
        Err(error) => expect_no_bug(&error),
    }
}

/// Reads `data` as an array, and as an archive of arrays.
pub fn npy(data: &[u8]) {
    let _ = dunlin_formats::npy::read_npy(data);
    let _ = dunlin_formats::npy::read_npz(data, 16 << 20);
}

/// Decodes `data` as a picture, through a graph of one `ImageDecoder`.
///
/// # Panics
/// If Dunlin reports a bug in itself.
pub fn image(data: &[u8]) {
    static MODEL: std::sync::OnceLock<Model> = std::sync::OnceLock::new();
    let model = MODEL.get_or_init(|| {
        let builder = Model::builder().threads(Threads::Count(1)).limits(limits());
        builder.load_bytes(include_bytes!("image_decoder.onnx")).expect("the model is sound")
    });
    let Ok(tensor) = Tensor::from_slice([data.len()], data) else { return };
    let options = RunOptions { deadline: Some(Instant::now() + PATIENCE), ..RunOptions::default() };
    if let Err(error) = model.run_with(tensor, &options) {
        expect_no_bug(&error);
    }
}

fn run_on_zeros(model: &Model) {
    let zeros: Option<Vec<Value>> = model.inputs().iter().map(|input| zeros(&input.ty)).collect();
    let Some(zeros) = zeros else { return };
    let options = RunOptions { deadline: Some(Instant::now() + PATIENCE), ..RunOptions::default() };
    if let Err(error) = model.run_with(zeros, &options) {
        expect_no_bug(&error);
    }
}

/// A small tensor of this type; none for types that are no tensors, and for large ones.
fn zeros(ty: &Type) -> Option<Value> {
    let dims: Vec<usize> = ty.dims()?.iter().map(|dim| dim.known().unwrap_or(2)).collect();
    let n_elements = dims.iter().try_fold(1usize, |n, &dim| n.checked_mul(dim)).filter(|&n| n <= 1 << 16)?;
    let tensor = match ty.dtype()? {
        DType::String => Tensor::from_strings(Shape::new(&dims), vec![String::new(); n_elements]),
        dtype => Tensor::zeroed(dtype, Shape::new(&dims)),
    };
    Some(tensor.ok()?.into())
}

fn expect_no_bug(error: &dunlin_core::Error) {
    assert_ne!(error.kind(), dunlin_core::ErrorKind::Internal, "{error}");
}

/// So small that an input can neither fill the memory nor take long.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.read.max_bytes = 1 << 20;
    limits.read.max_decoded_bytes = 64 << 20;
    limits.read.max_tensor_bytes = 16 << 20;
    limits.run.tensor_bytes = 16 << 20;
    limits.run.run_bytes = 64 << 20;
    limits.run.loop_steps = 1000;
    limits.run.string_bytes = 1 << 20;
    limits
}

/// How long a load or a run may take.
const PATIENCE: Duration = Duration::from_secs(2);
