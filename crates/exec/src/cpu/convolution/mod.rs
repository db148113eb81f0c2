//! Execution of the convolution family.

mod causal;
mod conv;
mod deform;
mod fast;
mod geometry;
mod pool;
mod region;
mod scatter;
mod transpose;

use dunlin_ir::op::Convolution;
use dunlin_ir::op::window::{Axes, Rounding, SameExtent, Window};
use dunlin_ir::{DType, Shape, Tensor, Type};

use super::arms::built;
use super::dispatch::dispatch;
use super::real::{is_narrow, widened};
use crate::plan::Packed;
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// Packs constant weights, with an eye on what is known of the inputs.
pub(crate) fn pack(
    op: &Convolution,
    constants: &[Option<&Tensor>],
    types: &[Option<&Type>],
) -> Result<Option<std::sync::Arc<dyn Packed>>, OpError> {
    built!(match op {
        Convolution::Conv(op) => fast::pack_conv(op, constants, types.first().copied().flatten()),
        Convolution::ConvTranspose(op) => fast::pack_transpose(op, constants),
        _ => Ok(None),
    })
}

/// Computes one step.
pub(crate) fn run(op: &Convolution, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    if is_narrow(inputs.tensor(0)?.dtype()) {
        return widened(inputs, ctx, |inputs| run_wide(op, inputs, ctx));
    }
    run_wide(op, inputs, ctx)
}

fn run_wide(op: &Convolution, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let dtype = inputs.tensor(0)?.dtype();
    built!(match op {
        Convolution::Conv(op) if dtype == DType::F32 => fast::conv(op, inputs, ctx).map(one),
        Convolution::Conv(op) => dispatch!(dtype, T in [f32, f64], conv::run::<T>(op, inputs, ctx).map(one)),
        Convolution::ConvTranspose(op) if dtype == DType::F32 => fast::transpose(op, inputs, ctx).map(one),
        Convolution::ConvTranspose(op) => {
            dispatch!(dtype, T in [f32, f64], transpose::run::<T>(op, inputs, ctx).map(one))
        }
        Convolution::DeformConv(op) => {
            dispatch!(dtype, T in [f32, f64], deform::run::<T>(op, inputs, ctx).map(one))
        }
        Convolution::CausalConvWithState(op) => {
            dispatch!(dtype, T in [f32, f64], causal::run::<T>(op, inputs, ctx))
        }
        Convolution::MaxPool(op) => pool::max(op, inputs, ctx),
        Convolution::AveragePool(op) => {
            dispatch!(dtype, T in [f32, f64], pool::average::<T>(op, inputs, ctx).map(one))
        }
        Convolution::LpPool(op) => dispatch!(dtype, T in [f32, f64], pool::lp::<T>(op, inputs, ctx).map(one)),
        Convolution::GlobalPool(op) => {
            dispatch!(dtype, T in [f32, f64], pool::global::<T>(*op, inputs, ctx).map(one))
        }
        Convolution::MaxUnpool(op) => scatter::max_unpool(op, inputs, ctx).map(one),
        Convolution::MaxRoiPool(op) => {
            dispatch!(dtype, T in [f32, f64], region::max_roi_pool::<T>(op, inputs, ctx).map(one))
        }
        Convolution::Col2Im(op) => scatter::col2im(op, inputs, ctx).map(one),
    })
}

/// The window over the spatial axes of an input `[n, c, spatial..]`.
fn window_axes(
    window: &Window,
    x: &Tensor,
    kernel: &[usize],
    rounding: Rounding,
    same: SameExtent,
) -> Result<Axes, OpError> {
    let rank = x.rank();
    if rank < 3 {
        return Err(OpError::shape("[n, c, spatial..]", x.shape()));
    }
    window.axes(&x.shape()[2..], kernel, rounding, same).ok_or_else(|| {
        let expected = format!("an input that a window of {kernel:?} with {window:?} fits into");
        OpError::shape(expected, x.shape())
    })
}

/// `[n, c, spatial..]` with the sizes of the axes' outputs.
fn output_shape(n: usize, c: usize, axes: &Axes) -> Shape {
    [n, c].into_iter().chain(axes.iter().map(|axis| axis.output)).collect()
}
