//! Operators that read or make maps.

use std::collections::HashMap;

use dunlin_ir::op::ml::{CastMap, Labels};
use dunlin_ir::{DType, Map, Shape, Tensor, Value};

use super::matrix;
use crate::cpu::dispatch::dispatch;
use crate::{Ctx, Inputs, OpError, Outputs, one};

pub(super) fn zip(labels: &Labels, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.tensor(0)?;
    let (n_rows, n_columns) = matrix(x)?;
    if n_columns != labels.len() {
        return Err(OpError::shape(format!("rows of {} columns", labels.len()), x.shape()));
    }
    let keys = keys(labels)?;
    let elements = x.view::<f32>()?;
    let mut maps = Vec::with_capacity(n_rows);
    for row in 0..n_rows {
        if row % 1024 == 0 {
            ctx.check_stop()?;
        }
        let row = &elements[row * n_columns..][..n_columns];
        let mut values = Vec::with_capacity(n_columns);
        for &x in row {
            values.push(Value::Tensor(Tensor::scalar(x)?));
        }
        maps.push(Value::Map(Map { keys: keys.clone(), values }));
    }
    Ok(one(Value::Sequence(maps)))
}

fn keys(labels: &Labels) -> Result<Tensor, OpError> {
    Ok(match labels {
        Labels::Ints(ints) => Tensor::from_slice([ints.len()], ints)?,
        Labels::Strings(strings) => Tensor::from_strings([strings.len()], strings.clone())?,
    })
}

pub(super) fn vectorize(words: &Labels, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let map = map(inputs)?;
    let places: Vec<Option<usize>> = match words {
        Labels::Ints(words) => {
            let keys = map.keys.to_aligned()?;
            let keys = keys.view::<i64>()?;
            let index: HashMap<i64, usize> = keys.iter().copied().zip(0..).collect();
            words.iter().map(|word| index.get(word).copied()).collect()
        }
        Labels::Strings(words) => {
            let keys = map.keys.strings()?;
            let index: HashMap<&str, usize> = keys.iter().map(String::as_str).zip(0..).collect();
            words.iter().map(|word| index.get(word.as_str()).copied()).collect()
        }
    };
    let dtype = map.values.first().and_then(Value::as_tensor).map_or(DType::F32, Tensor::dtype);
    let shape = [1, places.len()].into();
    if dtype == DType::String {
        let mut out = Vec::with_capacity(places.len());
        for place in places {
            out.push(match place {
                Some(at) => scalar(map, at)?.strings()?.first().cloned().unwrap_or_default(),
                None => String::new(),
            });
        }
        return Ok(one(Tensor::from_strings(shape, out)?));
    }
    dispatch!(dtype, T in [f32, f64, i64, i32], {
        let mut out = ctx.alloc(dtype, shape)?;
        for (out, place) in out.view_mut::<T>()?.iter_mut().zip(places) {
            *out = match place {
                Some(at) => scalar(map, at)?.view::<T>()?.first().copied().unwrap_or_default(),
                None => T::default(),
            };
        }
        Ok(one(out))
    })
}

pub(super) fn cast(op: &CastMap, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let map = map(inputs)?;
    let keys = map.keys.to_aligned()?;
    let keys = keys.view::<i64>()?;
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by_key(|&i| keys[i]);
    let n_columns = op.n_columns.unwrap_or(keys.len());
    ctx.checked_bytes(DType::I64, &[1, n_columns].into())?;
    let mut cells: Vec<Option<usize>> = vec![None; n_columns];
    for (rank, &i) in order.iter().enumerate() {
        let column = match op.n_columns {
            None => rank,
            Some(_) if keys[i] < 0 => return Err(OpError::value("keys that are not negative", keys[i])),
            Some(_) => usize::try_from(keys[i]).unwrap_or(usize::MAX),
        };
        if let Some(cell) = cells.get_mut(column) {
            *cell = Some(i);
        }
    }
    let shape = Shape::from([1, n_columns]);
    let at = |cell: Option<usize>| cell.map(|i| scalar(map, i)).transpose();
    match op.to {
        DType::F32 => {
            let floats: Result<Vec<f32>, OpError> =
                cells.into_iter().map(|cell| at(cell)?.map_or(Ok(0.0), number)).collect();
            Ok(one(Tensor::from_slice(shape, &floats?)?))
        }
        DType::I64 => {
            let ints: Result<Vec<i64>, OpError> =
                cells.into_iter().map(|cell| at(cell)?.map_or(Ok(0), integer)).collect();
            Ok(one(Tensor::from_slice(shape, &ints?)?))
        }
        _ => {
            let texts: Result<Vec<String>, OpError> =
                cells.into_iter().map(|cell| at(cell)?.map_or(Ok("0.f".into()), text)).collect();
            Ok(one(Tensor::from_strings(shape, texts?)?))
        }
    }
}

fn map<'a>(inputs: &'a Inputs<'_>) -> Result<&'a Map, OpError> {
    match inputs.value(0)? {
        Value::Map(map) if map.keys.len() == map.values.len() => Ok(map),
        Value::Map(map) => {
            let got = format!("{} keys and {} values", map.keys.len(), map.values.len());
            Err(OpError::value("as many values as keys", got))
        }
        other => Err(OpError::Kind { index: 0, expected: "map", got: other.kind() }),
    }
}

/// Value `i` of a map of the host's, whose tensors may lie at any address.
fn scalar(map: &Map, i: usize) -> Result<Tensor, OpError> {
    match &map.values[i] {
        Value::Tensor(tensor) if tensor.len() == 1 => Ok(tensor.to_aligned()?),
        Value::Tensor(tensor) => Err(OpError::shape("maps to single elements", tensor.shape())),
        other => Err(OpError::Kind { index: 0, expected: "map to tensors", got: other.kind() }),
    }
}

fn number(tensor: Tensor) -> Result<f32, OpError> {
    match tensor.dtype() {
        DType::F32 => Ok(tensor.view::<f32>()?[0]),
        DType::String => parse(&tensor),
        other => Err(OpError::dtype("float32 or string", other)),
    }
}

fn integer(tensor: Tensor) -> Result<i64, OpError> {
    match tensor.dtype() {
        DType::F32 => Ok(tensor.view::<f32>()?[0] as i64),
        DType::String => parse(&tensor),
        other => Err(OpError::dtype("float32 or string", other)),
    }
}

fn text(tensor: Tensor) -> Result<String, OpError> {
    match tensor.dtype() {
        DType::F32 => Ok(format!("{:.6}", tensor.view::<f32>()?[0])),
        DType::String => Ok(tensor.strings()?[0].clone()),
        other => Err(OpError::dtype("float32 or string", other)),
    }
}

fn parse<N: std::str::FromStr>(tensor: &Tensor) -> Result<N, OpError> {
    let text = &tensor.strings()?[0];
    text.trim().parse().map_err(|_| OpError::value("text that is a number", format!("{text:?}")))
}
