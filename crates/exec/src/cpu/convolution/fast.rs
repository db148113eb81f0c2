//! Convolutions of `f32` through the 2-D kernels. One axis is an image of one row; with more than two, the planes of
//! a window along the outer axes become further channels.

use std::sync::Arc;

use dunlin_ir::op::convolution::{Conv, ConvTranspose};
use dunlin_ir::op::window::{Axes, Axis, Rounding, SameExtent, Window};
use dunlin_ir::{DType, Dim, Shape, Tensor, Type};
use dunlin_kernels::conv::{
    ConvEpilogue, ConvShape, ConvTransposeShape, PackedConv, PackedConvTranspose, conv_transpose2d_f32,
    conv2d_f32,
};
use dunlin_kernels::matmul::{Elements, Residual, ResidualAt};
use smallvec::SmallVec;

use super::conv::{self, checked_bias, checked_residual};
use super::{output_shape, transpose};
use crate::cpu::activation::kernel;
use crate::cpu::chunk::Scratch;
use crate::cpu::real::{is_narrow, widened_constant};
use crate::plan::Packed;
use crate::{Ctx, Inputs, OpError};

/// Weights arranged for a kernel.
#[derive(Debug)]
struct Weights<P> {
    packed: P,
    n_bytes: usize,
    shape: Shape,
}

impl<P: Send + Sync + std::fmt::Debug + 'static> Packed for Weights<P> {
    fn byte_len(&self) -> usize {
        self.n_bytes
    }

    fn replaced_inputs(&self) -> &[usize] {
        &[1]
    }
}

/// Packs a convolution's constant weights.
pub(super) fn pack_conv(
    op: &Conv,
    constants: &[Option<&Tensor>],
    x: Option<&Type>,
) -> Result<Option<Arc<dyn Packed>>, OpError> {
    let Some(weights) = wide_weights(constants, &op.window)? else { return Ok(None) };
    let groups = op.groups.max(1);
    if weights.shape()[0] % groups != 0 || weights.shape()[1].checked_mul(groups).is_none() {
        return Ok(None);
    }
    let pixels = x.and_then(|x| n_pixels(op, x, weights.shape()));
    Ok(Some(Arc::new(packed_conv(&weights, groups, pixels)?)))
}

/// Pixels of a plane of the result, if the size of the input is known.
fn n_pixels(op: &Conv, x: &Type, weights: &Shape) -> Option<usize> {
    let Type::Tensor { dims: Some(dims), .. } = x else { return None };
    let sizes: Option<SmallVec<[usize; 4]>> = dims.iter().skip(2).map(Dim::known).collect();
    let kernel = weights.dims().get(2..)?;
    let axes = op.window.axes(&sizes?, kernel, Rounding::Floor, SameExtent::Dilated)?;
    axes.iter().try_fold(1usize, |n, axis| n.checked_mul(axis.output))
}

/// Packs a transposed convolution's constant weights.
pub(super) fn pack_transpose(
    op: &ConvTranspose,
    constants: &[Option<&Tensor>],
) -> Result<Option<Arc<dyn Packed>>, OpError> {
    let Some(weights) = wide_weights(constants, &op.window)? else { return Ok(None) };
    let groups = op.groups.max(1);
    // With a stated size, whether the windows cover the output depends on the input.
    let covers = op.output_padding.is_empty() && op.output_shape.is_empty();
    if !covers || !product_pays(weights.shape(), groups) || weights.shape()[1].checked_mul(groups).is_none() {
        return Ok(None);
    }
    Ok(Some(Arc::new(packed_transpose(&weights, groups)?)))
}

/// Constant weights as `f32`, if they are floats that the kernels take and no axis is cropped.
fn wide_weights(constants: &[Option<&Tensor>], window: &Window) -> Result<Option<Tensor>, OpError> {
    let Some(&Some(weights)) = constants.get(1) else { return Ok(None) };
    let rank = weights.rank().saturating_sub(2);
    let pads = |i| window.explicit_pads(i, rank).unwrap_or((0, 0));
    let is_cropped = (0..rank).any(|i| pads(i).0 < 0 || pads(i).1 < 0);
    if rank == 0 || is_cropped || weights.is_empty() {
        return Ok(None);
    }
    match weights.dtype() {
        DType::F32 => Ok(Some(weights.clone())),
        dtype if is_narrow(dtype) => widened_constant(weights).map(Some),
        _ => Ok(None),
    }
}

fn elements(weights: &Tensor) -> Elements<'_> {
    weights.view::<f32>().map_or(Elements::Bytes(weights.bytes()), Elements::F32)
}

/// `[m, c, outer.., kh, kw]` as the 2-D kernels see it: `[m, c * outer, kh, kw]`.
fn filter(weights: &Shape) -> [usize; 4] {
    match *weights.dims() {
        [m, c, kw] => [m, c, 1, kw],
        [m, c, ref outer @ .., kh, kw] => [m, c * outer.iter().product::<usize>(), kh, kw],
        _ => [0; 4],
    }
}

fn packed_conv(
    weights: &Tensor,
    groups: usize,
    pixels: Option<usize>,
) -> Result<Weights<PackedConv>, OpError> {
    let [oc, c, kh, kw] = filter(weights.shape());
    let shape = ConvShape { c: c * groups, oc, kh, kw, groups, ..UNIT };
    let packed = match pixels {
        Some(pixels) => PackedConv::pack_for_pixels(elements(weights), &shape, pixels)?,
        None => PackedConv::pack(elements(weights), &shape)?,
    };
    Ok(Weights { n_bytes: packed.n_bytes(), packed, shape: weights.shape().clone() })
}

fn packed_transpose(weights: &Tensor, groups: usize) -> Result<Weights<PackedConvTranspose>, OpError> {
    let [oc, c, kh, kw] = filter(weights.shape());
    let of = ConvShape { c: c * groups, oc, kh, kw, groups, ..UNIT };
    let packed = PackedConvTranspose::pack(elements(weights), &ConvTransposeShape { of })?;
    Ok(Weights { packed, n_bytes: weights.byte_len(), shape: weights.shape().clone() })
}

const UNIT: ConvShape = ConvShape {
    n: 1,
    c: 1,
    h: 1,
    w: 1,
    oc: 1,
    kh: 1,
    kw: 1,
    strides: [1; 2],
    pads: [0; 4],
    dilations: [1; 2],
    groups: 1,
};

/// A convolution over the last two axes, or over one row if there is only one; `None` if an axis is cropped.
fn image_shape(axes: &[Axis]) -> Option<ConvShape> {
    let row = Axis { input: 1, kernel: 1, stride: 1, dilation: 1, pad_begin: 0, pad_end: 0, output: 1 };
    let (y, x) = match *axes {
        [x] => (row, x),
        [.., y, x] => (y, x),
        [] => return None,
    };
    let pad = |pad: i64| usize::try_from(pad).ok();
    Some(ConvShape {
        h: y.input,
        w: x.input,
        kh: y.kernel,
        kw: x.kernel,
        strides: [y.stride, x.stride],
        pads: [pad(y.pad_begin)?, pad(x.pad_begin)?, pad(y.pad_end)?, pad(x.pad_end)?],
        dilations: [y.dilation, x.dilation],
        ..UNIT
    })
}

/// Computes a convolution of `f32`.
pub(super) fn conv(op: &Conv, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let x = inputs.tensor(0)?;
    if let Some(weights) = ctx.packed::<Weights<PackedConv>>() {
        let sizes = conv::Sizes::new(op, x, &weights.shape)?;
        let shape = image_shape(&sizes.axes).ok_or_else(|| OpError::shape("an image", x.shape()))?;
        return run(op, &sizes, shape, weights, inputs, ctx);
    }
    let weights = inputs.tensor(1)?;
    let sizes = conv::Sizes::new(op, x, weights.shape())?;
    match image_shape(&sizes.axes) {
        Some(shape) if !weights.is_empty() => {
            weights.view::<f32>()?;
            run(op, &sizes, shape, &packed_conv(weights, sizes.groups, None)?, inputs, ctx)
        }
        _ => conv::run::<f32>(op, inputs, ctx),
    }
}

fn run(
    op: &Conv,
    sizes: &conv::Sizes,
    image: ConvShape,
    weights: &Weights<PackedConv>,
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let bias = checked_bias::<f32>(inputs, 2, sizes.m)?;
    let mut out = ctx.alloc(DType::F32, output_shape(sizes.n, sizes.m, &sizes.axes))?;
    let residual = checked_residual::<f32>(inputs, out.shape())?;
    let outer: Axes = sizes.axes[..sizes.axes.len().saturating_sub(2)].into();
    let planes: usize = outer.iter().map(|axis| axis.kernel).product();
    let shape = ConvShape { n: sizes.n, c: sizes.c * planes, oc: sizes.m, groups: sizes.groups, ..image };
    let activation = kernel(op.activation)?;
    let job = Job { shape, weights: &weights.packed, bias, activation, ctx };
    let x = inputs.view::<f32>(0)?;
    if out.is_empty() {
        return Ok(out);
    }
    if outer.is_empty() {
        job.run(&shape, x, residual, out.view_mut()?);
    } else {
        Volume { job, outer }.run(sizes.c, x, residual, out.view_mut()?)?;
    }
    Ok(out)
}

struct Job<'a> {
    shape: ConvShape,
    weights: &'a PackedConv,
    bias: Option<&'a [f32]>,
    activation: dunlin_kernels::activation::Activation,
    ctx: &'a Ctx<'a>,
}

impl Job<'_> {
    fn run(&self, shape: &ConvShape, x: &[f32], residual: Option<&[f32]>, out: &mut [f32]) {
        let at = ResidualAt::BeforeActivation;
        let residual = residual.map(|data| Residual { data, beta: 1.0, at });
        let epilogue = ConvEpilogue { bias: self.bias, residual, activation: self.activation };
        conv2d_f32(self.ctx.pool(), shape, x, self.weights, &epilogue, out);
    }
}

/// A convolution over more than two axes.
struct Volume<'a> {
    job: Job<'a>,
    outer: Axes,
}

impl Volume<'_> {
    fn run(&self, c: usize, x: &[f32], residual: Option<&[f32]>, out: &mut [f32]) -> Result<(), OpError> {
        let (ctx, shape) = (self.job.ctx, ConvShape { n: 1, ..self.job.shape });
        let positions: usize = self.outer.iter().map(|axis| axis.output).product();
        let (x_len, out_len) = (shape.h * shape.w, shape.oh() * shape.ow());
        let depth: usize = self.outer.iter().map(|axis| axis.input).product();
        let mut gathered = Scratch::new::<f32>(ctx, shape.c * x_len)?;
        let mut image = Scratch::new::<f32>(ctx, shape.oc * out_len)?;
        let mut added = Scratch::new::<f32>(ctx, if residual.is_some() { shape.oc * out_len } else { 0 })?;
        for (n, out) in out.chunks_exact_mut(shape.oc * positions * out_len).enumerate() {
            let x = &x[n * c * depth * x_len..];
            let residual = residual.map(|residual| &residual[n * out.len()..]);
            for position in 0..positions {
                ctx.check_stop()?;
                self.gather(position, c, x, x_len, gathered.as_mut());
                let place = |channel: usize| (channel * positions + position) * out_len;
                if let Some(residual) = residual {
                    for (channel, plane) in added.as_mut::<f32>().chunks_exact_mut(out_len).enumerate() {
                        plane.copy_from_slice(&residual[place(channel)..][..out_len]);
                    }
                }
                let residual = residual.map(|_| added.as_ref());
                self.job.run(&shape, gathered.as_ref(), residual, image.as_mut());
                for (channel, plane) in image.as_ref::<f32>().chunks_exact(out_len).enumerate() {
                    out[place(channel)..][..out_len].copy_from_slice(plane);
                }
            }
        }
        Ok(())
    }

    /// Collects the planes under the window at a position: for each channel, one per element along the outer axes.
    fn gather(&self, position: usize, c: usize, x: &[f32], x_len: usize, out: &mut [f32]) {
        let kernel_len: usize = self.outer.iter().map(|axis| axis.kernel).product();
        let depth: usize = self.outer.iter().map(|axis| axis.input).product();
        let planes: SmallVec<[Option<usize>; 27]> =
            (0..kernel_len).map(|k| self.plane(position, k)).collect();
        for channel in 0..c {
            for (k, plane) in planes.iter().enumerate() {
                let out = &mut out[(channel * kernel_len + k) * x_len..][..x_len];
                match plane {
                    Some(plane) => out.copy_from_slice(&x[(channel * depth + plane) * x_len..][..x_len]),
                    None => out.fill(0.0),
                }
            }
        }
    }

    /// The plane of a channel under element `k` of the window at a position, if there is one.
    fn plane(&self, mut position: usize, mut k: usize) -> Option<usize> {
        let (mut plane, mut stride) = (0, 1);
        for axis in self.outer.iter().rev() {
            plane += axis.position(position % axis.output, k % axis.kernel)? * stride;
            stride *= axis.input;
            position /= axis.output;
            k /= axis.kernel;
        }
        Some(plane)
    }
}

/// Whether a product of weights and pixels is worth it: not for groups of single channels, nor beyond two axes.
fn product_pays(weights: &Shape, groups: usize) -> bool {
    matches!(weights.rank(), 3 | 4)
        && weights[0].is_multiple_of(groups)
        && (weights[0] / groups >= 4 || groups == 1)
}

/// Computes a transposed convolution of `f32`.
pub(super) fn transpose(op: &ConvTranspose, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let x = inputs.tensor(0)?;
    if let Some(weights) = ctx.packed::<Weights<PackedConvTranspose>>() {
        let sizes = transpose::Sizes::new(op, x, &weights.shape)?;
        let shape = transposed_shape(&sizes)
            .ok_or_else(|| OpError::shape("an image that the windows cover", x.shape()))?;
        return run_transpose(op, &sizes, shape, weights, inputs, ctx);
    }
    let weights = inputs.tensor(1)?;
    let sizes = transpose::Sizes::new(op, x, weights.shape())?;
    match transposed_shape(&sizes) {
        Some(shape) if product_pays(weights.shape(), sizes.groups) && !weights.is_empty() => {
            weights.view::<f32>()?;
            run_transpose(op, &sizes, shape, &packed_transpose(weights, sizes.groups)?, inputs, ctx)
        }
        _ => transpose::run::<f32>(op, inputs, ctx),
    }
}

/// The convolution that this is the transpose of; `None` if an axis is cropped, or reaches beyond the windows.
fn transposed_shape(sizes: &transpose::Sizes) -> Option<ConvShape> {
    let image = image_shape(&sizes.axes)?;
    let shape = ConvShape { n: sizes.n, c: sizes.m(), oc: sizes.c, groups: sizes.groups, ..image };
    let outputs = match sizes.axes.as_slice() {
        [x] => [1, x.output],
        [y, x] => [y.output, x.output],
        _ => return None,
    };
    ([shape.oh(), shape.ow()] == outputs).then_some(shape)
}

fn run_transpose(
    op: &ConvTranspose,
    sizes: &transpose::Sizes,
    of: ConvShape,
    weights: &Weights<PackedConvTranspose>,
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let bias = checked_bias::<f32>(inputs, 2, sizes.m())?;
    let mut out = ctx.alloc(DType::F32, sizes.output_shape())?;
    if out.is_empty() {
        return Ok(out);
    }
    let shape = ConvTransposeShape { of };
    let mut scratch = Scratch::new::<f32>(ctx, shape.scratch_len())?;
    let x = inputs.view::<f32>(0)?;
    let activation = kernel(op.activation)?;
    let out_elements = out.view_mut::<f32>()?;
    let packed = &weights.packed;
    conv_transpose2d_f32(ctx.pool(), &shape, x, packed, bias, activation, out_elements, scratch.as_mut());
    Ok(out)
}
