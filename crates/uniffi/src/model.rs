//! The model: loaded once, run by any number of threads.

use std::sync::Arc;

use dunlin_core::FilePart;

use crate::error::{DunlinError, guard};
use crate::options::model_bytes;
use crate::value::sizes;
use crate::{
    Input, LoadOptions, ModelInfo, ModelReport, RunOptions, RunResult, Session, Value, background, run,
};

/// A loaded model. Any number of threads may run it at the same time.
#[derive(Debug, uniffi::Object)]
pub struct Model {
    model: dunlin_core::Model,
}

/// Where a model comes from.
#[derive(Debug, Clone, uniffi::Enum)]
pub enum Source {
    /// The file at a path.
    Path {
        /// The path.
        path: String,
    },
    /// A part of the file of an open descriptor, such as a model that is stored uncompressed in an archive. The descriptor is duplicated:
    /// the host's may be closed when the load is over.
    Descriptor {
        /// The descriptor.
        descriptor: i32,
        /// Where the part begins, in bytes.
        offset: u64,
        /// How many bytes it has; none for all to the end.
        length: Option<u64>,
    },
    /// Memory: the bytes of a tensor of any type, which are kept and not copied.
    Memory {
        /// The tensor.
        bytes: Arc<Value>,
    },
}

/// How much memory a run will take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct MemoryNeed {
    /// Peak bytes of tensors, weights not counted.
    pub bytes: u64,
    /// Whether that is all; if not, some shapes depend on the inputs' contents, and it is at least so many.
    pub is_exact: bool,
}

#[uniffi::export]
impl Model {
    /// Loads a model. A path may be given relative to the working folder.
    ///
    /// # Errors
    /// Kind `not-found` or `io` for files, and whatever the contents deserve.
    #[uniffi::constructor]
    pub fn load(source: Source, options: LoadOptions) -> Result<Arc<Model>, DunlinError> {
        guard(|| load(source, options, None))
    }

    /// Loads a model in the background. Giving up the wait ends the load.
    ///
    /// # Errors
    /// As [`Model::load`].
    #[uniffi::constructor]
    pub async fn load_async(source: Source, options: LoadOptions) -> Result<Arc<Model>, DunlinError> {
        let own = run::own_switch(options.cancel.as_deref());
        let heeded = own.clone();
        background::start(own, move || load(source, options, Some(&heeded)))?.await
    }

    /// What it is.
    pub fn info(&self) -> ModelInfo {
        ModelInfo::of(&self.model)
    }

    /// Where its nodes run.
    pub fn report(&self) -> ModelReport {
        ModelReport::of(self.model.report())
    }

    /// How much memory a run takes with inputs of these shapes, in the model's order; none for the shape that the file declares.
    ///
    /// # Errors
    /// Kind `input` if there are more shapes than inputs, `shape` for negative sizes.
    pub fn memory(&self, shapes: Vec<Option<Vec<i64>>>) -> Result<MemoryNeed, DunlinError> {
        guard(|| {
            let shapes = shapes.iter().map(|shape| shape.as_deref().map(sizes).transpose());
            let need = self.model.memory(&shapes.collect::<Result<Vec<_>, _>>()?)?;
            let is_exact = matches!(need, dunlin_core::Memory::Exact(_));
            Ok(MemoryNeed { bytes: need.bytes() as u64, is_exact })
        })
    }

    /// A session: repeated runs with kept buffers and states.
    pub fn session(&self) -> Arc<Session> {
        Arc::new(Session::new(self.model.session()))
    }

    /// Runs the model.
    ///
    /// # Errors
    /// Kinds `input`, `shape` and `dtype` for inputs that do not fit, `cancelled` and `deadline`; whatever a node reports, with the node.
    pub fn run(&self, inputs: Vec<Input>, options: RunOptions) -> Result<RunResult, DunlinError> {
        guard(|| run::result(self.model.run_with(run::inputs(inputs)?, &options.choices())?))
    }

    /// Runs the model in the background. Giving up the wait cancels the run.
    ///
    /// # Errors
    /// As [`Model::run`].
    pub async fn run_async(&self, inputs: Vec<Input>, options: RunOptions) -> Result<RunResult, DunlinError> {
        let (model, inputs) = (self.model.clone(), run::inputs(inputs)?);
        let (choices, own) = options.choices_apart();
        background::start(own, move || run::result(model.run_with(inputs, &choices)?))?.await
    }
}

fn load(
    source: Source,
    options: LoadOptions,
    cancel: Option<&dunlin_core::Cancel>,
) -> Result<Arc<Model>, DunlinError> {
    let builder = options.builder(cancel)?;
    let model = match source {
        Source::Path { path } => builder.load(path)?,
        Source::Descriptor { descriptor, offset, length } => {
            builder.load_from(&FilePart::of_descriptor(descriptor, offset, length)?)?
        }
        Source::Memory { bytes } => builder.load_from(&model_bytes(&bytes)?)?,
    };
    Ok(Arc::new(Model { model }))
}
