//! Execution of the image family.

mod decode;
mod grid;
mod region;
mod resample;
mod resize;

#[cfg(feature = "candle")]
pub(crate) use resize::{AxisMap, axis_maps};

use dunlin_ir::op::Image;

use super::arms::built;
use super::dispatch::dispatch;
use super::real::{is_narrow, widened};
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// Computes one step.
pub(crate) fn run(op: &Image, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    built!(match op {
        Image::Resize(op) => resize::run(op, inputs, ctx).map(one),
        Image::ImageDecoder(format) => decode::run(*format, inputs, ctx).map(one),
        _ if is_narrow(inputs.tensor(0)?.dtype()) => widened(inputs, ctx, |inputs| run_wide(op, inputs, ctx)),
        _ => run_wide(op, inputs, ctx),
    })
}

fn run_wide(op: &Image, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let dtype = inputs.tensor(0)?.dtype();
    built!(match op {
        Image::GridSample(op) => grid::sample(op, inputs, ctx).map(one),
        Image::AffineGrid(corners) => {
            dispatch!(dtype, T in [f32, f64], grid::affine::<T>(*corners, inputs, ctx).map(one))
        }
        Image::RoiAlign(op) => {
            dispatch!(dtype, T in [f32, f64], region::align::<T>(op, inputs, ctx).map(one))
        }
        Image::Resize(_) | Image::ImageDecoder(_) => run(op, inputs, ctx),
    })
}
