//! Layer and RMS normalisation over the last axes.

use dunlin_ir::op::normalize::Layer;
use dunlin_ir::{DType, Element, Shape, Tensor};
use dunlin_kernels::norm::{Affine, AffineAlong, NormKind, norm_rows_f32};
use dunlin_sys::for_each_chunk_mut;
use smallvec::smallvec;

use super::rows::{from_doubles, is_double, statistics, sum};
use crate::cpu::linear::{Ring, broadcast};
use crate::cpu::real::{Real, narrowed, widen};
use crate::cpu::reduce::resolve;
use crate::{Ctx, Inputs, OpError, Outputs};

/// Elements that one task normalises, roughly.
const TASK_LEN: usize = 1 << 13;

/// By mean and variance: data, scale, bias; to data, mean, inverse standard deviation.
pub(super) fn layer(op: &Layer, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.tensor(0)?;
    normalize(op, Kind::Standard, x, inputs, x.dtype(), ctx)
}

/// By the root of the mean square: data, scale; to data of the scale's type, and the inverse root.
pub(super) fn rms(op: &Layer, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    normalize(op, Kind::RootMeanSquare, inputs.tensor(0)?, inputs, inputs.tensor(1)?.dtype(), ctx)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Standard,
    RootMeanSquare,
}

impl Kind {
    /// The mean, or 0, and the inverse deviation of a row.
    fn statistics<T: Real>(self, x: &[T], epsilon: f64) -> (f64, f64) {
        let (mean, variance) = match self {
            Kind::Standard => statistics(x),
            Kind::RootMeanSquare => (0.0, sum(x, |x| x * x) / x.len() as f64),
        };
        (mean, 1.0 / (variance + epsilon).sqrt())
    }
}

fn normalize(
    op: &Layer,
    kind: Kind,
    x: &Tensor,
    inputs: &Inputs<'_>,
    dtype: DType,
    ctx: &Ctx<'_>,
) -> Result<Outputs, OpError> {
    let axis = resolve(op.axis, x.shape())?;
    let (scale, bias) = (inputs.optional(1)?, inputs.optional(2)?);
    let double = [Some(x), scale, bias].into_iter().flatten().any(is_double);
    if double {
        run::<f64>(op, kind, &to_double(x, ctx)?, axis, [scale, bias], dtype, ctx)
    } else {
        run::<f32>(op, kind, &widen(x, ctx)?, axis, [scale, bias], dtype, ctx)
    }
}

fn run<T: Working>(
    op: &Layer,
    kind: Kind,
    x: &Tensor,
    axis: usize,
    affine: [Option<&Tensor>; 2],
    dtype: DType,
    ctx: &Ctx<'_>,
) -> Result<Outputs, OpError> {
    let row_len: usize = x.shape()[axis..].iter().product();
    let mut parts = [None, None];
    for (part, tensor) in parts.iter_mut().zip(affine) {
        *part = match tensor {
            Some(tensor) => Some(factors::<T>(tensor, x.shape(), axis, ctx)?),
            None => None,
        };
    }
    let mut out = ctx.alloc(T::DTYPE, x.shape().clone())?;
    let [scale, bias] = [&parts[0], &parts[1]].map(|part| part.as_ref().map(Tensor::view::<T>).transpose());
    let rows = Rows { kind, x: x.view::<T>()?, row_len, scale: scale?, bias: bias?, epsilon: op.epsilon };
    T::normalize(&rows, out.view_mut()?, ctx);
    let mut outputs: Outputs = smallvec![Some(to_dtype(&out, dtype, ctx)?.into())];
    if (1..3).any(|i| ctx.wants(i)) {
        let (means, factors): (Vec<f64>, Vec<f64>) = rows.statistics().unzip();
        let mut shape = x.shape().clone();
        shape[axis..].fill(1);
        if kind == Kind::Standard {
            outputs.push(Some(from_doubles(&means, op.statistics, shape.clone(), ctx)?.into()));
        }
        outputs.push(Some(from_doubles(&factors, op.statistics, shape, ctx)?.into()));
    }
    Ok(outputs)
}

/// Rows to be normalised. Scale and bias hold a number per element of a row, or of all rows.
#[derive(Debug)]
struct Rows<'a, T> {
    kind: Kind,
    x: &'a [T],
    row_len: usize,
    scale: Option<&'a [T]>,
    bias: Option<&'a [T]>,
    epsilon: f32,
}

impl<T: Real> Rows<'_, T> {
    fn statistics(&self) -> impl Iterator<Item = (f64, f64)> {
        let rows = self.x.chunks_exact(self.row_len.max(1));
        rows.map(|x| self.kind.statistics(x, f64::from(self.epsilon)))
    }

    fn normalize(&self, y: &mut [T], ctx: &Ctx<'_>) {
        if y.is_empty() {
            return;
        }
        let row_len = self.row_len;
        let rows_per_task = (TASK_LEN / row_len).max(1);
        for_each_chunk_mut(ctx.pool(), y, rows_per_task * row_len, &|task, y| {
            for (i, y) in y.chunks_exact_mut(row_len).enumerate() {
                let first = (task * rows_per_task + i) * row_len;
                let x = &self.x[first..][..row_len];
                let (mean, factor) = self.kind.statistics(x, f64::from(self.epsilon));
                let (mean, factor) = (T::of(mean), T::of(factor));
                y.iter_mut().zip(x).for_each(|(y, &x)| *y = (x - mean) * factor);
                if let Some(scale) = self.scale {
                    y.iter_mut().zip(&scale[first % scale.len()..]).for_each(|(y, &scale)| *y = *y * scale);
                }
                if let Some(bias) = self.bias {
                    y.iter_mut().zip(&bias[first % bias.len()..]).for_each(|(y, &bias)| *y += bias);
                }
            }
        });
    }
}

/// Scale or bias: as many numbers as a row has, or as the data has where it differs between rows.
fn factors<T: Working>(x: &Tensor, shape: &Shape, axis: usize, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let x = T::tensor(x, ctx)?;
    let row = Shape::new(&shape[axis..]);
    let is_row = x.rank() <= row.rank() || x.shape()[..x.rank() - row.rank()].iter().all(|&size| size == 1);
    let target = if is_row { row } else { shape.clone() };
    let kept = if x.rank() > target.rank() {
        x.shape()[x.rank() - target.rank()..].into()
    } else {
        x.shape().clone()
    };
    if x.shape().broadcast(shape).as_ref() != Some(shape) {
        return Err(OpError::shapes("a scale that broadcasts to the data", shape, x.shape()));
    }
    broadcast::<T>(&x.reshaped(kept)?, &target, ctx)
}

/// A type that rows are computed in.
trait Working: Real + Ring {
    /// `x` in this type.
    fn tensor(x: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError>;

    /// Normalises rows.
    fn normalize(rows: &Rows<'_, Self>, y: &mut [Self], ctx: &Ctx<'_>) {
        rows.normalize(y, ctx);
    }
}

impl Working for f32 {
    fn tensor(x: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
        widen(x, ctx)
    }

    fn normalize(rows: &Rows<'_, f32>, y: &mut [f32], ctx: &Ctx<'_>) {
        let &Rows { kind, x, row_len, scale, bias, epsilon } = rows;
        if [scale, bias].iter().flatten().any(|part| part.len() != row_len) {
            return rows.normalize(y, ctx);
        }
        let kind = match kind {
            Kind::Standard => NormKind::Standard,
            Kind::RootMeanSquare => NormKind::RootMeanSquare,
        };
        norm_rows_f32(ctx.pool(), kind, x, row_len, Affine { scale, bias }, AffineAlong::Row, epsilon, y);
    }
}

impl Working for f64 {
    fn tensor(x: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
        to_double(x, ctx)
    }
}

fn to_double(x: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    if is_double(x) {
        return Ok(x.clone());
    }
    from_doubles(&super::doubles(x)?, DType::F64, x.shape().clone(), ctx)
}

fn to_dtype(x: &Tensor, dtype: DType, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    if x.dtype() == dtype {
        return Ok(x.clone());
    }
    if x.dtype() == f32::DTYPE {
        return narrowed(x, dtype, ctx);
    }
    from_doubles(&super::doubles(x)?, dtype, x.shape().clone(), ctx)
}
