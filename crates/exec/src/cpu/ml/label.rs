//! Tables from keys to values or positions.

use std::collections::HashMap;

use dunlin_ir::op::ml::{self, Labels, OneHotEncoder};
use dunlin_ir::{DType, Element, Shape, Tensor};

use super::{Prepared, prepared};
use crate::cpu::dispatch::dispatch;
use crate::plan::Packed;
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// From a key to its position; of equal keys, the first.
#[derive(Debug)]
pub(super) enum Index {
    Strings(HashMap<String, u32>),
    /// Numbers by their bits, widened.
    Bits(HashMap<u64, u32>),
}

impl Index {
    pub fn new(labels: &Labels) -> Index {
        match labels {
            Labels::Ints(ints) => Index::of_bits(ints.iter().map(|&x| x as u64)),
            Labels::Strings(strings) => Index::of_strings(strings),
        }
    }

    fn of_bits(keys: impl Iterator<Item = u64>) -> Index {
        let mut index = HashMap::new();
        for (key, i) in keys.zip(0..) {
            index.entry(key).or_insert(i);
        }
        Index::Bits(index)
    }

    fn of_strings(keys: &[String]) -> Index {
        let mut index = HashMap::new();
        for (key, i) in keys.iter().zip(0..) {
            index.entry(key.clone()).or_insert(i);
        }
        Index::Strings(index)
    }

    fn of_tensor(keys: &Tensor) -> Result<Index, OpError> {
        Ok(match keys.dtype() {
            DType::String => Index::of_strings(keys.strings()?),
            _ => Index::of_bits(bits(keys)?.into_iter()),
        })
    }

    /// The position of each element of `x`.
    fn find(&self, x: &Tensor) -> Result<Vec<Option<u32>>, OpError> {
        match self {
            Index::Strings(index) => Ok(x.strings()?.iter().map(|key| index.get(key).copied()).collect()),
            Index::Bits(index) => Ok(bits(x)?.iter().map(|key| index.get(key).copied()).collect()),
        }
    }

    fn n_bytes(&self) -> usize {
        match self {
            Index::Strings(index) => index.keys().map(|key| key.len() + size_of::<(String, u32)>()).sum(),
            Index::Bits(index) => index.len() * size_of::<(u64, u32)>(),
        }
    }
}

impl Packed for Index {
    fn byte_len(&self) -> usize {
        self.n_bytes()
    }

    fn replaced_inputs(&self) -> &[usize] {
        &[]
    }
}

/// Numbers as bits that are equal where the numbers are: one zero, one NaN.
fn bits(x: &Tensor) -> Result<Vec<u64>, OpError> {
    fn float(x: f64) -> u64 {
        if x.is_nan() { f64::NAN.to_bits() } else { (x + 0.0).to_bits() }
    }
    Ok(match x.dtype() {
        DType::I64 => x.view::<i64>()?.iter().map(|&x| x as u64).collect(),
        DType::I32 => x.view::<i32>()?.iter().map(|&x| i64::from(x) as u64).collect(),
        DType::I16 => x.view::<i16>()?.iter().map(|&x| i64::from(x) as u64).collect(),
        DType::F32 => x.view::<f32>()?.iter().map(|&x| float(x.into())).collect(),
        DType::F64 => x.view::<f64>()?.iter().map(|&x| float(x)).collect(),
        other => return Err(OpError::dtype("string, int64, int32, int16, float32 or float64", other)),
    })
}

/// The positions of a [`ml::LabelEncoder`]'s keys.
#[derive(Debug)]
pub(super) struct Table(Index);

impl Table {
    pub fn new(op: &ml::LabelEncoder) -> Result<Table, OpError> {
        Index::of_tensor(&op.keys).map(Table)
    }
}

impl Packed for Table {
    fn byte_len(&self) -> usize {
        self.0.n_bytes()
    }

    fn replaced_inputs(&self) -> &[usize] {
        &[]
    }
}

pub(super) fn encode(op: &ml::LabelEncoder, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.tensor(0)?;
    if x.dtype() != op.keys.dtype() {
        return Err(OpError::dtype(op.keys.dtype().name(), x.dtype()));
    }
    let table = prepared(ctx, || Table::new(op))?;
    let found = table.0.find(x)?;
    pick(&op.values, &op.default, &found, x.shape(), ctx).map(one)
}

/// The values at these positions; the default where there is none.
fn pick(
    values: &Tensor,
    default: &Tensor,
    found: &[Option<u32>],
    shape: &Shape,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    fn pick<'v, T>(values: &'v [T], default: &'v [T], found: &Option<u32>) -> &'v T {
        match found {
            Some(at) => &values[*at as usize],
            None => &default[0],
        }
    }
    if values.dtype() == DType::String {
        let (values, default) = (values.strings()?, default.strings()?);
        let texts = found.iter().map(|found| pick(values, default, found).clone()).collect();
        return Ok(Tensor::from_strings(shape.clone(), texts)?);
    }
    dispatch!(values.dtype(), T in [i64, i32, i16, f32, f64], {
        let mut out = ctx.alloc(values.dtype(), shape.clone())?;
        let (values, default) = (values.view::<T>()?, default.view::<T>()?);
        for (out, found) in out.view_mut::<T>()?.iter_mut().zip(found) {
            *out = *pick(values, default, found);
        }
        Ok(out)
    })
}

/// Both directions of a [`ml::Codec`].
#[derive(Debug)]
pub(super) struct Codec {
    strings: Index,
    ints: Index,
}

impl Codec {
    pub fn new(op: &ml::Codec) -> Codec {
        let ints = Index::of_bits(op.ints.iter().map(|&x| x as u64));
        Codec { strings: Index::of_strings(&op.strings), ints }
    }
}

impl Packed for Codec {
    fn byte_len(&self) -> usize {
        self.strings.n_bytes() + self.ints.n_bytes()
    }

    fn replaced_inputs(&self) -> &[usize] {
        &[]
    }
}

pub(super) fn codec(op: &ml::Codec, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.tensor(0)?;
    let codec: Prepared<'_, Codec> = prepared(ctx, || Ok(Codec::new(op)))?;
    match x.dtype() {
        DType::String => {
            let mut out = ctx.alloc(DType::I64, x.shape().clone())?;
            for (out, found) in out.view_mut::<i64>()?.iter_mut().zip(codec.strings.find(x)?) {
                *out = found.map_or(op.default_int, |at| op.ints[at as usize]);
            }
            Ok(one(out))
        }
        DType::I64 => {
            let text =
                |found: Option<u32>| found.map_or(&op.default_string, |at| &op.strings[at as usize]).clone();
            let texts = codec.ints.find(x)?.into_iter().map(text).collect();
            Ok(one(Tensor::from_strings(x.shape().clone(), texts)?))
        }
        other => Err(OpError::dtype("string or int64", other)),
    }
}

pub(super) fn one_hot(op: &OneHotEncoder, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.tensor(0)?;
    let index = prepared(ctx, || Ok(Index::new(&op.categories)))?;
    // Numbers are cut to integers before they are looked up.
    let x = match (&op.categories, x.dtype()) {
        (Labels::Ints(_), DType::F32) => converted(x, ctx, |x: f32| x as i64)?,
        (Labels::Ints(_), DType::F64) => converted(x, ctx, |x: f64| x as i64)?,
        _ => x.clone(),
    };
    let found = index.find(&x)?;
    let n_categories = op.categories.len();
    let mut shape = x.shape().clone();
    shape.push(n_categories);
    let mut out = ctx.alloc_zeroed(DType::F32, shape)?;
    for (row, found) in out.view_mut::<f32>()?.chunks_exact_mut(n_categories.max(1)).zip(found) {
        match found {
            Some(at) => row[at as usize] = 1.0,
            None if op.allows_unknown => {}
            None => return Err(OpError::value("known categories", "another")),
        }
    }
    Ok(one(out))
}

fn converted<T: Element>(x: &Tensor, ctx: &Ctx<'_>, to: impl Fn(T) -> i64) -> Result<Tensor, OpError> {
    let mut out = ctx.alloc(DType::I64, x.shape().clone())?;
    for (out, &x) in out.view_mut::<i64>()?.iter_mut().zip(x.view::<T>()?) {
        *out = to(x);
    }
    Ok(out)
}

/// The labels at these positions. Where there is just one label, or none, positions 0 and 1 name themselves.
pub(super) fn named(labels: &Labels, positions: &[u32], ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let shape = [positions.len()].into();
    match labels {
        Labels::Ints(ints) => {
            let mut out = ctx.alloc(DType::I64, shape)?;
            for (out, &at) in out.view_mut::<i64>()?.iter_mut().zip(positions) {
                *out = if ints.len() < 2 { i64::from(at) } else { ints[at as usize] };
            }
            Ok(out)
        }
        Labels::Strings(strings) => {
            let name =
                |&at: &u32| if strings.len() < 2 { at.to_string() } else { strings[at as usize].clone() };
            Ok(Tensor::from_strings(shape, positions.iter().map(name).collect())?)
        }
    }
}
