//! One run, of a model or a session: Python's arguments in, arrays out.

use std::ops::Range;
use std::time::Instant;

use dunlin_core::{
    Error, ErrorKind, InputInfo, Inputs, Model, Outputs, RunOptions, RunReport, Session, Type, Value,
};
use numpy::PyUntypedArray;
use numpy::prelude::*;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::cancel::Cancel;
use crate::dtype::{self, Elements};
use crate::error::{input, raise};
use crate::options::deadline;
use crate::{interrupt, ptr, value};

/// What runs: a model or a session.
pub(crate) trait Runner: Send {
    /// The model.
    fn model(&self) -> &Model;

    /// Runs and gives the outputs.
    fn run(
        &mut self,
        inputs: Inputs<'_>,
        options: &RunOptions,
    ) -> Result<(Outputs, Option<RunReport>), Error>;

    /// Runs with outputs in the caller's memory.
    fn run_into(
        &mut self,
        inputs: Inputs<'_>,
        places: &mut [(&str, &mut [u8])],
        options: &RunOptions,
    ) -> Result<Option<RunReport>, Error>;
}

impl Runner for &Model {
    fn model(&self) -> &Model {
        self
    }

    fn run(
        &mut self,
        inputs: Inputs<'_>,
        options: &RunOptions,
    ) -> Result<(Outputs, Option<RunReport>), Error> {
        self.run_with(inputs, options)
    }

    fn run_into(
        &mut self,
        inputs: Inputs<'_>,
        places: &mut [(&str, &mut [u8])],
        options: &RunOptions,
    ) -> Result<Option<RunReport>, Error> {
        self.run_into_with(inputs, places, options)
    }
}

impl Runner for &mut Session {
    fn model(&self) -> &Model {
        Session::model(self)
    }

    fn run(
        &mut self,
        inputs: Inputs<'_>,
        options: &RunOptions,
    ) -> Result<(Outputs, Option<RunReport>), Error> {
        self.run_with(inputs, options)
    }

    fn run_into(
        &mut self,
        inputs: Inputs<'_>,
        places: &mut [(&str, &mut [u8])],
        options: &RunOptions,
    ) -> Result<Option<RunReport>, Error> {
        self.run_into_with(inputs, places, options)
    }
}

/// The arguments of a run, as every method that runs takes them.
pub(crate) struct Call<'a, 'py> {
    /// Values in the model's order, or one dictionary by name.
    pub inputs: &'a Bound<'py, PyTuple>,
    /// Arrays that outputs are written to, by name.
    pub out: Option<Bound<'py, PyDict>>,
    pub cancel: Option<Bound<'py, Cancel>>,
    pub timeout: Option<f64>,
    pub seed: u64,
    pub report: bool,
    /// Whether outputs are given as `dunlin.Tensor`.
    pub as_tensors: bool,
    /// Whether the run may take long enough for somebody to end it by Ctrl-C.
    pub is_long: bool,
}

/// What a run gives: its outputs by name, and its report if there is one.
pub(crate) type Given<'py> = (Bound<'py, PyDict>, Option<RunReport>);

impl<'py> Call<'_, 'py> {
    /// Runs. `names` are those of the model's outputs.
    pub fn run(
        self,
        py: Python<'py>,
        mut runner: impl Runner,
        names: &[Py<PyString>],
    ) -> PyResult<Given<'py>> {
        let switch = match (&self.cancel, self.is_long) {
            // Ctrl-C ends this run, and not whatever else the switch is of.
            (Some(cancel), true) => Some(cancel.get().0.child()),
            (Some(cancel), false) => Some(cancel.get().0.clone()),
            (None, true) => Some(dunlin_core::Cancel::new()),
            (None, false) => None,
        };
        let options = RunOptions {
            cancel: switch,
            deadline: deadline(py, self.timeout)?,
            seed: self.seed,
            report: self.report,
        };
        let model = runner.model().clone();
        let arrays = self.out.as_ref().map_or(Ok(Vec::new()), |out| arrays(&model, out))?;
        let inputs = inputs(self.inputs, model.inputs(), &regions(py, &arrays)?)?;
        let cancel = options.cancel.as_ref();
        if let Some(out) = &self.out {
            let mut places = places(py, &arrays)?;
            let work = || runner.run_into(inputs, &mut places, &options);
            let outcome = interrupt::work(py, self.is_long, cancel, work)?;
            return Ok((out.copy()?, outcome.map_err(|error| raise(py, &error))?));
        }
        let outcome = interrupt::work(py, self.is_long, cancel, || runner.run(inputs, &options))?;
        let (outputs, report) = outcome.map_err(|error| raise(py, &error))?;
        let dict = PyDict::new(py);
        for (name, value) in names.iter().zip(outputs.into_values()) {
            let value = match value {
                Value::Tensor(tensor) if self.as_tensors => {
                    Bound::new(py, crate::tensor::Tensor(tensor))?.into_any()
                }
                value => value::from_value(py, value)?,
            };
            dict.set_item(name, value)?;
        }
        Ok((dict, report))
    }
}

/// The inputs of a run. Those that are given as None are left out, unless None is a value of their type; those that lie in memory which the
/// run writes to are copied before.
fn inputs<'a>(
    given: &Bound<'_, PyTuple>,
    infos: &'a [InputInfo],
    written: &[Range<usize>],
) -> PyResult<Inputs<'a>> {
    let py = given.py();
    let mut inputs = Inputs::new();
    if let (1, Ok(first)) = (given.len(), given.get_borrowed_item(0))
        && let Ok(dict) = first.cast::<PyDict>()
    {
        for (name, object) in dict.iter() {
            let name: &str = name.extract()?;
            match infos.iter().find(|info| *info.name == *name) {
                Some(info) => push(&mut inputs, info, &object, written)?,
                // Core says which names there are.
                None => inputs.push(Some(name.to_owned()), Value::Optional(None)),
            }
        }
        return Ok(inputs);
    }
    if given.len() > infos.len() {
        return Err(input(py, &format!("too many inputs: the model takes {}", infos.len())));
    }
    for (object, info) in given.iter_borrowed().zip(infos) {
        push(&mut inputs, info, &object, written)?;
    }
    Ok(inputs)
}

fn push<'a>(
    inputs: &mut Inputs<'a>,
    info: &'a InputInfo,
    object: &Bound<'_, PyAny>,
    written: &[Range<usize>],
) -> PyResult<()> {
    let is_left_out = info.is_optional && !matches!(info.ty, Type::Optional(_)) && object.is_none();
    if is_left_out {
        return Ok(());
    }
    let value = value::to_value(object, &info.ty)?.into_apart(written);
    let value = value.map_err(|error| raise(object.py(), &error.into()))?;
    inputs.push(Some(&*info.name), value);
    Ok(())
}

/// The memory of the arrays that outputs go to.
fn places<'a>(
    py: Python<'_>,
    arrays: &'a [(String, Bound<'_, PyUntypedArray>)],
) -> PyResult<Vec<(&'a str, &'a mut [u8])>> {
    let place = |(name, array): &'a (String, Bound<'_, PyUntypedArray>)| {
        let refused = || input(py, &format!("out[{name:?}] must be a writable array in row-major order"));
        Ok((name.as_str(), ptr::array_mut(array).ok_or_else(refused)?))
    };
    arrays.iter().map(place).collect()
}

/// The arrays that outputs go to, each of its output's type and a shape that fits.
fn arrays<'py>(
    model: &Model,
    out: &Bound<'py, PyDict>,
) -> PyResult<Vec<(String, Bound<'py, PyUntypedArray>)>> {
    let py = out.py();
    let mut arrays = Vec::with_capacity(out.len());
    for (name, array) in out.iter() {
        let name: String = name.extract()?;
        let array = array.cast_into::<PyUntypedArray>()?;
        // Core says which names there are.
        if let Some(info) = model.outputs().iter().find(|info| *info.name == *name) {
            check(&name, &info.ty, &array).map_err(|error| raise(py, &error))?;
        }
        let Elements::Plain(dtype) = dtype::elements(&array)? else {
            return Err(input(py, &format!("out[{name:?}]: strings cannot be written in place")));
        };
        if dtype.bits() < 8 || array.dtype().is_native_byteorder() == Some(false) {
            return Err(input(py, &format!("out[{name:?}]: {} cannot be written in place", array.dtype())));
        }
        arrays.push((name, array));
    }
    Ok(arrays)
}

/// Whether an array may become an output of this type.
fn check(name: &str, ty: &Type, array: &Bound<'_, PyUntypedArray>) -> Result<(), Error> {
    let got = match dtype::elements(array) {
        Ok(Elements::Plain(dtype)) => Some(dtype),
        _ => None,
    };
    if let (Some(want), Some(got)) = (ty.dtype(), got)
        && want != got
    {
        return Err(Error::new(ErrorKind::DType, format!("output {name:?} is {want}, out[{name:?}] {got}")));
    }
    let fits = |dims: &[dunlin_core::Dim]| {
        let fits = |(dim, &size): (&dunlin_core::Dim, &usize)| dim.known().is_none_or(|known| known == size);
        dims.len() == array.ndim() && dims.iter().zip(array.shape()).all(fits)
    };
    if ty.dims().is_some_and(|dims| !fits(dims)) {
        let shape = dunlin_core::Shape::new(array.shape());
        return Err(Error::new(
            ErrorKind::Shape,
            format!("output {name:?} is {ty}, out[{name:?}] has {shape}"),
        ));
    }
    Ok(())
}

/// The addresses that the run writes to, in order. No two may overlap.
fn regions(py: Python<'_>, arrays: &[(String, Bound<'_, PyUntypedArray>)]) -> PyResult<Vec<Range<usize>>> {
    let mut regions: Vec<Range<usize>> =
        arrays.iter().filter_map(|(_, array)| ptr::addresses(array)).collect();
    regions.sort_unstable_by_key(|region| (region.start, region.end));
    if regions.windows(2).any(|pair| pair[0].end > pair[1].start) {
        return Err(input(py, "the memory of two outputs overlaps"));
    }
    Ok(regions)
}

/// Tells how long something takes.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, std::time::Duration) {
    let start = Instant::now();
    let outcome = work();
    (outcome, start.elapsed())
}
