//! Convolutions of 8-bit tensors: exact in 32 bits, then kept or quantized again.

use std::sync::Arc;

use dunlin_ir::op::Quantize;
use dunlin_ir::op::convolution::Conv;
use dunlin_ir::op::quantize::{Layout, QLinearConv};
use dunlin_ir::op::window::{Axes, Padding, Rounding, SameExtent};
use dunlin_ir::{DType, Element, Shape, Tensor};
use dunlin_kernels::conv::ConvShape;
use dunlin_kernels::int8::{
    Finish, Int8, PackedInt8Conv, Raw, Requantize, Scales, conv2d_int8, conv2d_int8_scratch_len,
};

use super::layout::{to_channels_first, to_channels_last};
use super::parameter::{self, Byte, int8};
use super::walk::for_each_tap;
use crate::cpu::chunk::Scratch;
use crate::cpu::elementwise::broadcast::in_chunks;
use crate::plan::Packed;
use crate::{Ctx, Inputs, OpError};

/// Constant weights, packed, and their shape.
#[derive(Debug)]
struct PackedWeights {
    weights: PackedInt8Conv,
    shape: Shape,
    replaced: [usize; 1],
}

impl Packed for PackedWeights {
    fn byte_len(&self) -> usize {
        self.weights.n_bytes()
    }

    fn replaced_inputs(&self) -> &[usize] {
        &self.replaced
    }
}

/// Packs the weights if they and their zero points are constant, for images of two axes or one.
pub(super) fn pack(
    op: &Quantize,
    constants: &[Option<&Tensor>],
    is_present: &dyn Fn(usize) -> bool,
) -> Result<Option<Arc<dyn Packed>>, OpError> {
    let (conv, at, zero_at) = match op {
        Quantize::ConvInteger(conv) => (conv, 1, 3),
        Quantize::QLinearConv(op) => (&op.conv, 3, 5),
        _ => return Ok(None),
    };
    let constant = |i: usize| constants.get(i).copied().flatten();
    let Some(weights) = constant(at).filter(|weights| matches!(weights.rank(), 3 | 4)) else {
        return Ok(None);
    };
    let zeros = match constant(zero_at) {
        Some(zeros) => zeros_of_bytes(zeros),
        None if is_present(zero_at) => return Ok(None),
        None => Some(vec![0]),
    };
    let Some(zeros) = zeros.filter(|_| !crops(conv)) else { return Ok(None) };
    let (oc, groups) = (weights.shape()[0], conv.groups.max(1));
    let is_sound = !weights.is_empty() && oc % groups == 0 && (zeros.len() == 1 || zeros.len() == oc);
    if !is_sound || int8(weights).is_err() {
        return Ok(None);
    }
    let shape = weight_shape(weights.shape(), groups);
    let packed = PackedInt8Conv::pack(int8(weights)?, &zeros, &shape)?;
    let shape = weights.shape().clone();
    Ok(Some(Arc::new(PackedWeights { weights: packed, shape, replaced: [at] })))
}

/// Whether padding is negative, which only the plain form knows.
fn crops(conv: &Conv) -> bool {
    matches!(&conv.window.padding, Padding::Explicit(pads) if pads.iter().any(|&pad| pad < 0))
}

/// Zero points of bytes, read without a context.
fn zeros_of_bytes(zeros: &Tensor) -> Option<Vec<i32>> {
    let zeros_int8 = int8(zeros).ok()?;
    Some((0..zeros.len()).map(|i| zeros_int8.at(i)).collect())
}

/// The sizes that packing needs; those of the image come with it.
fn weight_shape(weights: &Shape, groups: usize) -> ConvShape {
    let (kh, kw) = if weights.rank() == 3 { (1, weights[2]) } else { (weights[2], weights[3]) };
    ConvShape {
        n: 1,
        c: weights[1] * groups,
        h: kh,
        w: kw,
        oc: weights[0],
        kh,
        kw,
        strides: [1, 1],
        pads: [0; 4],
        dilations: [1, 1],
        groups,
    }
}

/// The parts of a convolution, checked against each other.
struct Parts<'a> {
    x: &'a Tensor,
    x_zero: i32,
    weights: Option<&'a Tensor>,
    weight_shape: &'a Shape,
    packed: Option<&'a PackedWeights>,
    zeros: Vec<i32>,
    groups: usize,
    axes: Axes,
}

impl<'a> Parts<'a> {
    fn new(
        conv: &Conv,
        x: &'a Tensor,
        x_zero: i32,
        weights_at: usize,
        zeros_at: usize,
        inputs: &'a Inputs<'_>,
        ctx: &Ctx<'a>,
    ) -> Result<Parts<'a>, OpError> {
        let packed = ctx.packed::<PackedWeights>();
        let weights = if packed.is_some() { None } else { Some(inputs.tensor(weights_at)?) };
        let weight_shape = match (packed, weights) {
            (Some(packed), _) => &packed.shape,
            (None, Some(weights)) => weights.shape(),
            (None, None) => return Err(OpError::MissingInput(weights_at)),
        };
        let unfit =
            || OpError::shapes("[n, c, spatial..] and [m, c / groups, kernel..]", x.shape(), weight_shape);
        let groups = conv.groups.max(1);
        if x.rank() < 3 || weight_shape.rank() != x.rank() || weight_shape[0] % groups != 0 {
            return Err(unfit());
        }
        if weight_shape[1].checked_mul(groups) != Some(x.shape()[1]) {
            return Err(unfit());
        }
        let kernel = &weight_shape[2..];
        let stated = &conv.window.kernel;
        let axes = conv.window.axes(&x.shape()[2..], kernel, Rounding::Floor, SameExtent::Dilated);
        let axes = axes.filter(|_| stated.is_empty() || stated.as_slice() == kernel).ok_or_else(unfit)?;
        let zeros = parameter::zeros(inputs, zeros_at, ctx)?;
        if zeros.len() != 1 && zeros.len() != weight_shape[0] {
            return Err(OpError::shape(format!("{} zero points", weight_shape[0]), zeros.len()));
        }
        Ok(Parts { x, x_zero, weights, weight_shape, packed, zeros, groups, axes })
    }

    fn output_shape(&self) -> Shape {
        let spatial = self.axes.iter().map(|axis| axis.output);
        [self.x.shape()[0], self.weight_shape[0]].into_iter().chain(spatial).collect()
    }

    /// The sizes for the kernel of images, if it can do this convolution.
    fn image(&self) -> Option<ConvShape> {
        let pad = |pad: i64| usize::try_from(pad).ok();
        let shape = weight_shape(self.weight_shape, self.groups);
        let n = self.x.shape()[0];
        let shape = match self.axes[..] {
            [x] => ConvShape {
                n,
                h: 1,
                w: x.input,
                strides: [1, x.stride],
                pads: [0, pad(x.pad_begin)?, 0, pad(x.pad_end)?],
                dilations: [1, x.dilation],
                ..shape
            },
            [y, x] => ConvShape {
                n,
                h: y.input,
                w: x.input,
                strides: [y.stride, x.stride],
                pads: [pad(y.pad_begin)?, pad(x.pad_begin)?, pad(y.pad_end)?, pad(x.pad_end)?],
                dilations: [y.dilation, x.dilation],
                ..shape
            },
            _ => return None,
        };
        Some(shape).filter(|shape| shape.out_len() == self.output_shape().n_elements() && shape.c > 0)
    }

    fn run<F: Finish>(&self, finish: F, ctx: &Ctx<'_>) -> Result<Option<Tensor>, OpError>
    where
        F::Out: Element,
    {
        let Some(image) = self.image() else { return Ok(None) };
        let made;
        let weights = match (self.packed, self.weights) {
            (Some(packed), _) => &packed.weights,
            (None, Some(weights)) => {
                made = PackedInt8Conv::pack(int8(weights)?, &self.zeros, &image)?;
                &made
            }
            (None, None) => return Ok(None),
        };
        let mut out = ctx.alloc(F::Out::DTYPE, self.output_shape())?;
        let mut scratch = Scratch::new::<i32>(ctx, conv2d_int8_scratch_len(&image))?;
        let elements = out.view_mut::<F::Out>()?;
        let x = int8(self.x)?;
        conv2d_int8(ctx.pool(), &image, x, self.x_zero, weights, finish, elements, scratch.as_mut());
        Ok(Some(out))
    }

    /// The convolution by definition, for any number of axes and for padding that crops.
    fn plain(&self, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
        let Some(weights) = self.weights else { return Err(OpError::unsupported("negative padding")) };
        let (x, weights) = (int8(self.x)?, int8(weights)?);
        let mut out = ctx.alloc(DType::I32, self.output_shape())?;
        let plane_len: usize = self.axes.iter().map(|axis| axis.output).product();
        let job = PlainConv { x, weights, parts: self, plane_len };
        if plane_len > 0 {
            in_chunks(ctx, out.view_mut::<i32>()?, plane_len, &|start, plane| {
                job.plane(start / plane_len, plane);
            });
        }
        Ok(out)
    }
}

struct PlainConv<'a> {
    x: Int8<'a>,
    weights: Int8<'a>,
    parts: &'a Parts<'a>,
    plane_len: usize,
}

impl PlainConv<'_> {
    fn plane(&self, plane: usize, out: &mut [i32]) {
        let parts = self.parts;
        let (oc, c_group) = (parts.weight_shape[0], parts.weight_shape[1]);
        let (image, channel) = (plane / oc, plane % oc);
        let group = channel / (oc / parts.groups);
        let input_len: usize = parts.axes.iter().map(|axis| axis.input).product();
        let kernel_len: usize = parts.axes.iter().map(|axis| axis.kernel).product();
        let zero = parts.zeros[if parts.zeros.len() == 1 { 0 } else { channel }];
        for (window, out) in out.iter_mut().enumerate().take(self.plane_len) {
            *out = 0;
            for i in 0..c_group {
                let x_at = (image * parts.x.shape()[1] + group * c_group + i) * input_len;
                let weights_at = (channel * c_group + i) * kernel_len;
                for_each_tap(&parts.axes, window, |tap, at| {
                    let weight = self.weights.at(weights_at + tap) - zero;
                    *out = out.wrapping_add((self.x.at(x_at + at) - parts.x_zero) * weight);
                });
            }
        }
    }
}

/// The convolution as `int32`.
pub(super) fn integer(op: &Conv, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let x_zero = parameter::zero(inputs, 2, ctx)?;
    let parts = Parts::new(op, inputs.tensor(0)?, x_zero, 1, 3, inputs, ctx)?;
    match parts.run(Raw::default(), ctx)? {
        Some(out) => Ok(out),
        None => parts.plain(ctx),
    }
}

/// The convolution quantized again.
pub(super) fn qlinear(op: &QLinearConv, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let x = match op.layout {
        Layout::ChannelsFirst => inputs.tensor(0)?.clone(),
        Layout::ChannelsLast => to_channels_first(inputs.tensor(0)?, ctx)?,
    };
    let x_byte = Byte::read(x.dtype(), inputs, 1, ctx)?;
    let parts = Parts::new(&op.conv, &x, x_byte.zero, 3, 5, inputs, ctx)?;
    let to = inputs.optional(7)?.map_or(x.dtype(), Tensor::dtype);
    let y = Byte::read(to, inputs, 6, ctx)?;
    let oc = parts.weight_shape[0];
    let w_scales = parameter::floats(inputs.tensor(4)?, ctx)?;
    if w_scales.len() != 1 && w_scales.len() != oc {
        return Err(OpError::shape(format!("one scale, or {oc}"), w_scales.len()));
    }
    let factors: Vec<f32> = (0..oc).map(|i| x_byte.scale * w_scales[i % w_scales.len()] / y.scale).collect();
    let bias = inputs.optional(8)?;
    if let Some(bias) = bias.filter(|bias| bias.len() != oc) {
        return Err(OpError::shape(format!("a bias of [{oc}]"), bias.shape()));
    }
    let bias = bias.map(Tensor::view::<i32>).transpose()?;
    let out = match to {
        DType::U8 => parts.run(requantize(&factors, bias, y.zero as u8, (u8::MIN, u8::MAX)), ctx)?,
        _ => parts.run(requantize(&factors, bias, y.zero as i8, (i8::MIN, i8::MAX)), ctx)?,
    };
    let out = match out {
        Some(out) => out,
        None => plain_requantized(&parts, &factors, bias, y, to, ctx)?,
    };
    match op.layout {
        Layout::ChannelsFirst => Ok(out),
        Layout::ChannelsLast => to_channels_last(&out, ctx),
    }
}

fn requantize<'a, T: Copy>(
    factors: &'a [f32],
    bias: Option<&'a [i32]>,
    zero: T,
    bounds: (T, T),
) -> Requantize<'a, T> {
    Requantize { scales: Scales::Rows(factors), row_bias: bias, column_bias: None, zero, bounds }
}

fn plain_requantized(
    parts: &Parts<'_>,
    factors: &[f32],
    bias: Option<&[i32]>,
    y: Byte,
    to: DType,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let sums = parts.plain(ctx)?;
    let mut out = ctx.alloc(DType::U8, sums.shape().clone())?;
    let (oc, plane_len) = (factors.len(), sums.shape()[2..].iter().product::<usize>());
    let sums = sums.view::<i32>()?;
    for (i, (out, &sum)) in out.view_mut::<u8>()?.iter_mut().zip(sums).enumerate() {
        let channel = i / plane_len % oc;
        let sum = sum.wrapping_add(bias.map_or(0, |bias| bias[channel]));
        *out = y.round(sum as f32 * factors[channel]);
    }
    Ok(out.bit_cast(to)?)
}
