//! Resampling axis by axis: gathering whole rows, and weighted sums of rows.

use std::borrow::Cow;

use dunlin_ir::{DType, Element, Shape, Tensor};
use smallvec::SmallVec;

use crate::cpu::chunk::{items_per_task, try_chunks};
use crate::cpu::dispatch::dispatch;
use crate::cpu::real::{Real, is_narrow, widen};
use crate::{Ctx, OpError};

/// For each output element along an axis, `n` input elements and their weights.
#[derive(Debug)]
pub(super) struct Taps {
    n: usize,
    indices: Vec<usize>,
    weights: Vec<f32>,
    /// Whether an output element lies outside; its taps mean nothing then.
    outside: Vec<bool>,
}

impl Taps {
    /// No elements yet, with room for `output` of `n` taps.
    pub fn new(n: usize, output: usize) -> Taps {
        let len = n.saturating_mul(output);
        Taps {
            n,
            indices: Vec::with_capacity(len),
            weights: Vec::with_capacity(len),
            outside: Vec::with_capacity(output),
        }
    }

    /// Adds an output element.
    pub fn push(&mut self, taps: impl Iterator<Item = (usize, f32)>) {
        for (index, weight) in taps {
            self.indices.push(index);
            self.weights.push(weight);
        }
        self.outside.push(false);
    }

    /// Adds an output element that lies outside.
    pub fn push_outside(&mut self) {
        self.indices.resize(self.indices.len() + self.n, 0);
        self.weights.resize(self.weights.len() + self.n, 0.0);
        self.outside.push(true);
    }

    /// All weights as a matrix `[output, input]`.
    #[cfg(feature = "candle")]
    pub fn matrix(&self, input: usize) -> Vec<f32> {
        let mut matrix = vec![0.0; input * self.outside.len()];
        for i in 0..self.outside.len() {
            let (indices, weights) = self.of(i);
            indices.iter().zip(weights).for_each(|(&index, weight)| matrix[i * input + index] += weight);
        }
        matrix
    }

    fn of(&self, i: usize) -> (&[usize], &[f32]) {
        (&self.indices[i * self.n..][..self.n], &self.weights[i * self.n..][..self.n])
    }
}

/// For each output element along an axis, the input element that it is; `None` outside.
type Map = Vec<Option<usize>>;

/// Copies elements to where the maps of all axes say; axes without a map keep their place.
pub(super) fn gather(
    x: &Tensor,
    maps: &[Option<Map>],
    shape: &Shape,
    outside: f32,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    if x.dtype() == DType::String {
        return gather_strings(x, maps, shape);
    }
    let mut out = ctx.alloc(x.dtype(), shape.clone())?;
    let fill = outside_bytes(x.dtype(), outside)?;
    let plan = Plan::new(x.shape(), maps, shape);
    macro_rules! by_width {
        ($($bits:literal => $T:ty),*) => {
            match x.dtype().bits() {
                $($bits => {
                    let from: &[$T] = cast(x.bytes())?;
                    let fill: $T = bytemuck::pod_read_unaligned(&fill[..size_of::<$T>()]);
                    let bytes = out.try_bytes_mut().ok_or(dunlin_ir::TensorError::Shared)?;
                    let to: &mut [$T] = bytemuck::try_cast_slice_mut(bytes)
                        .map_err(|_| dunlin_ir::TensorError::Unaligned(x.dtype()))?;
                    plan.gather(from, to, fill, ctx)?;
                })*
                _ => return Err(OpError::dtype("elements of whole bytes", x.dtype())),
            }
        };
    }
    by_width!(8 => u8, 16 => u16, 32 => u32, 64 => u64, 128 => u128);
    Ok(out)
}

fn cast<T: bytemuck::AnyBitPattern>(bytes: &[u8]) -> Result<&[T], OpError> {
    bytemuck::try_cast_slice(bytes).map_err(|_| OpError::unsupported("an unaligned input"))
}

/// The bytes of the value outside as an element of a type, then zeros.
fn outside_bytes(dtype: DType, outside: f32) -> Result<[u8; 16], OpError> {
    let mut bytes = [0; 16];
    if outside == 0.0 {
        return Ok(bytes);
    }
    match dtype {
        DType::F16 => bytes[..2].copy_from_slice(&half::f16::from_f32(outside).to_le_bytes()),
        DType::BF16 => bytes[..2].copy_from_slice(&half::bf16::from_f32(outside).to_le_bytes()),
        DType::F64 => bytes[..8].copy_from_slice(&f64::from(outside).to_le_bytes()),
        DType::F32 | DType::C64 => bytes[..4].copy_from_slice(&outside.to_le_bytes()),
        DType::C128 => bytes[..8].copy_from_slice(&f64::from(outside).to_le_bytes()),
        DType::U8 | DType::Bool => bytes[0] = outside as u8,
        DType::I8 => bytes[0] = (outside as i8).to_le_bytes()[0],
        DType::U16 => bytes[..2].copy_from_slice(&(outside as u16).to_le_bytes()),
        DType::I16 => bytes[..2].copy_from_slice(&(outside as i16).to_le_bytes()),
        DType::U32 => bytes[..4].copy_from_slice(&(outside as u32).to_le_bytes()),
        DType::I32 => bytes[..4].copy_from_slice(&(outside as i32).to_le_bytes()),
        DType::U64 => bytes[..8].copy_from_slice(&(outside as u64).to_le_bytes()),
        DType::I64 => bytes[..8].copy_from_slice(&(outside as i64).to_le_bytes()),
        other => return Err(OpError::dtype("a number", other)),
    }
    Ok(bytes)
}

fn gather_strings(x: &Tensor, maps: &[Option<Map>], shape: &Shape) -> Result<Tensor, OpError> {
    let (strings, plan) = (x.strings()?, Plan::new(x.shape(), maps, shape));
    let row_len = plan.row_len();
    let mut out = Vec::new();
    out.try_reserve_exact(shape.n_elements())
        .map_err(|_| dunlin_sys::OutOfMemory { requested_bytes: shape.n_elements().saturating_mul(24) })?;
    for row in 0..plan.n_rows() {
        for i in 0..row_len {
            let place = plan.row(row).zip(plan.inner(i)).map(|(start, offset)| start + offset);
            out.push(place.map_or(String::new(), |place| strings[place].clone()));
        }
    }
    Ok(Tensor::from_strings(shape.clone(), out)?)
}

/// The output as rows along the last axis that changes, with all of the axes after it as one element.
struct Plan<'a> {
    maps: &'a [Option<Map>],
    output: &'a [usize],
    strides: SmallVec<[usize; 6]>,
    /// Elements after the last axis that changes.
    block: usize,
    last: &'a [Option<usize>],
}

impl<'a> Plan<'a> {
    fn new(input: &Shape, maps: &'a [Option<Map>], output: &'a Shape) -> Plan<'a> {
        let last = maps.iter().rposition(Option::is_some).unwrap_or(0);
        Plan {
            maps: &maps[..last],
            output: &output[..last],
            strides: input.strides(),
            block: output[last + 1..].iter().product(),
            last: maps[last].as_deref().unwrap_or(&[]),
        }
    }

    fn n_rows(&self) -> usize {
        self.output.iter().product()
    }

    fn row_len(&self) -> usize {
        self.last.len() * self.block
    }

    /// Where a row starts in the input; `None` outside.
    fn row(&self, mut row: usize) -> Option<usize> {
        let mut start = 0;
        for ((map, &n), &stride) in self.maps.iter().zip(self.output).zip(&self.strides).rev() {
            let i = row % n;
            row /= n;
            let place = match map {
                Some(map) => map[i]?,
                None => i,
            };
            start += place * stride;
        }
        Some(start)
    }

    /// Where an element of a row lies in the input, from the row's start; `None` outside.
    fn inner(&self, i: usize) -> Option<usize> {
        Some(self.last[i / self.block]? * self.block + i % self.block)
    }

    fn gather<T: Copy + Send + Sync>(
        &self,
        x: &[T],
        out: &mut [T],
        outside: T,
        ctx: &Ctx<'_>,
    ) -> Result<(), OpError> {
        let row_len = self.row_len();
        let rows = items_per_task(ctx.pool(), self.n_rows(), row_len);
        try_chunks(ctx.pool(), out, rows * row_len, &|i, chunk| {
            ctx.check_stop()?;
            let mut before = None;
            for j in 0..chunk.len() / row_len {
                let start = self.row(i * rows + j);
                if before.is_some() && before == start {
                    // Enlarging repeats rows.
                    chunk.copy_within((j - 1) * row_len..j * row_len, j * row_len);
                } else {
                    let out = &mut chunk[j * row_len..][..row_len];
                    match start {
                        Some(start) => self.gather_row(&x[start..], out, outside),
                        None => out.fill(outside),
                    }
                }
                before = start;
            }
            Ok(())
        })
    }

    fn gather_row<T: Copy>(&self, x: &[T], out: &mut [T], outside: T) {
        if self.block == 1 {
            for (out, place) in out.iter_mut().zip(self.last) {
                *out = place.map_or(outside, |place| x[place]);
            }
            return;
        }
        for (out, place) in out.chunks_exact_mut(self.block).zip(self.last) {
            match place {
                Some(place) => out.copy_from_slice(&x[place * self.block..][..self.block]),
                None => out.fill(outside),
            }
        }
    }
}

/// Weighted sums along every axis that has taps, the last axis first.
pub(super) fn interpolate(
    x: Cow<'_, Tensor>,
    taps: &[Option<Taps>],
    outside: f32,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let mut current = x;
    for (axis, taps) in taps.iter().enumerate().rev() {
        if let Some(taps) = taps {
            let next = dispatch!(current.dtype(), T in [f32, f64], {
                interpolate_axis::<T>(&current, axis, taps, outside, ctx)
            })?;
            current = Cow::Owned(next);
        }
    }
    Ok(current.into_owned())
}

fn interpolate_axis<T: Real>(
    x: &Tensor,
    axis: usize,
    taps: &Taps,
    outside: f32,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let (_, n, inner) = x.shape().split_at_axis(axis);
    let mut shape = x.shape().clone();
    let n_out = taps.outside.len();
    shape[axis] = n_out;
    let mut out = ctx.alloc(T::DTYPE, shape)?;
    let (x, outside) = (x.view::<T>()?, T::of(outside.into()));
    if out.is_empty() {
        return Ok(out);
    }
    // One row of the output is either all of the axis, or all that lies after one element of it.
    let row_len = if inner == 1 { n_out } else { inner };
    let rows = items_per_task(ctx.pool(), out.len() / row_len, row_len * taps.n);
    try_chunks(ctx.pool(), out.view_mut::<T>()?, rows * row_len, &|i, chunk| {
        ctx.check_stop()?;
        for (j, out) in chunk.chunks_exact_mut(row_len).enumerate() {
            let row = i * rows + j;
            if inner == 1 {
                sum_within(&x[row * n..][..n], taps, outside, out);
            } else {
                sum_rows(&x[row / n_out * n * inner..][..n * inner], row % n_out, taps, outside, out);
            }
        }
        Ok(())
    })?;
    Ok(out)
}

/// Each output element is a sum of elements of one row.
fn sum_within<T: Real>(x: &[T], taps: &Taps, outside: T, out: &mut [T]) {
    if let 2 = taps.n {
        let (indices, weights) = (taps.indices.as_chunks::<2>().0, taps.weights.as_chunks::<2>().0);
        for (out, (&[a, b], &[v, w])) in out.iter_mut().zip(indices.iter().zip(weights)) {
            *out = x[a] * T::of(v.into()) + x[b] * T::of(w.into());
        }
    } else {
        for (i, out) in out.iter_mut().enumerate() {
            let (indices, weights) = taps.of(i);
            let terms = indices.iter().zip(weights);
            *out = terms.fold(T::default(), |sum, (&i, &weight)| sum + x[i] * T::of(weight.into()));
        }
    }
    for (out, _) in out.iter_mut().zip(&taps.outside).filter(|(_, outside)| **outside) {
        *out = outside;
    }
}

/// All output elements are sums over the same rows.
fn sum_rows<T: Real>(x: &[T], i: usize, taps: &Taps, outside: T, out: &mut [T]) {
    if taps.outside[i] {
        return out.fill(outside);
    }
    let row = |index: usize| &x[index * out.len()..][..out.len()];
    let (indices, weights) = taps.of(i);
    if let (&[a, b], &[v, w]) = (indices, weights) {
        let (a, b, v, w) = (row(a), row(b), T::of(v.into()), T::of(w.into()));
        out.iter_mut().zip(a.iter().zip(b)).for_each(|(out, (&a, &b))| *out = a * v + b * w);
        return;
    }
    let rows: SmallVec<[(&[T], T); 16]> =
        indices.iter().zip(weights).map(|(&i, &weight)| (row(i), T::of(weight.into()))).collect();
    out.fill(T::default());
    for (x, weight) in rows {
        out.iter_mut().zip(x).for_each(|(out, &x)| *out += x * weight);
    }
}

/// A tensor of numbers as `f32` or `f64`.
pub(super) fn real<'a>(x: &'a Tensor, dtype: DType, ctx: &Ctx<'_>) -> Result<Cow<'a, Tensor>, OpError> {
    if x.dtype() == dtype {
        return Ok(Cow::Borrowed(x));
    }
    if is_narrow(x.dtype()) && dtype == DType::F32 {
        return widen(x, ctx).map(Cow::Owned);
    }
    let mut out = ctx.alloc(dtype, x.shape().clone())?;
    dispatch!(x.dtype(), S in [f32, f64, i8, u8, i16, u16, i32, u32, i64, u64, half::f16, half::bf16], {
        let x = x.view::<S>()?;
        match dtype {
            DType::F64 => out.view_mut::<f64>()?.iter_mut().zip(x).for_each(|(out, x)| *out = x.number()),
            _ => out.view_mut::<f32>()?.iter_mut().zip(x).for_each(|(out, x)| *out = x.number() as f32),
        }
        Ok(())
    })?;
    Ok(Cow::Owned(out))
}

/// Computed numbers as integers: rounded to even, limited to the type's range.
pub(super) fn saturated(x: &Tensor, dtype: DType, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let mut out = ctx.alloc(dtype, x.shape().clone())?;
    dispatch!(dtype, S in [i8, u8, i16, u16, i32, u32, i64, u64], {
        let out = out.view_mut::<S>()?;
        match x.dtype() {
            DType::F64 => out.iter_mut().zip(x.view::<f64>()?).for_each(|(out, &x)| *out = S::saturated(x)),
            _ => out.iter_mut().zip(x.view::<f32>()?).for_each(|(out, &x)| *out = S::saturated(x.into())),
        }
        Ok(())
    })?;
    Ok(out)
}

/// A number that can be computed with in floating point.
trait Sample: Element {
    fn number(self) -> f64;
    fn saturated(x: f64) -> Self;
}

macro_rules! samples {
    ($($T:ty: $to:expr, $from:expr);* $(;)?) => {
        $(impl Sample for $T {
            #[inline]
            fn number(self) -> f64 {
                let to: fn($T) -> f64 = $to;
                to(self)
            }
            #[inline]
            fn saturated(x: f64) -> $T {
                let from: fn(f64) -> $T = $from;
                from(x)
            }
        })*
    };
}

samples! {
    f32: |x| x.into(), |x| x as f32;
    f64: |x| x, |x| x;
    half::f16: |x| x.into(), half::f16::from_f64;
    half::bf16: |x| x.into(), half::bf16::from_f64;
    i8: |x| x.into(), |x| x.round_ties_even() as i8;
    u8: |x| x.into(), |x| x.round_ties_even() as u8;
    i16: |x| x.into(), |x| x.round_ties_even() as i16;
    u16: |x| x.into(), |x| x.round_ties_even() as u16;
    i32: |x| x.into(), |x| x.round_ties_even() as i32;
    u32: |x| x.into(), |x| x.round_ties_even() as u32;
    i64: |x| x as f64, |x| x.round_ties_even() as i64;
    u64: |x| x as f64, |x| x.round_ties_even() as u64;
}
