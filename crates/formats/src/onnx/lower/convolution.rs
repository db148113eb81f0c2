//! Lowering of the convolution family.

use dunlin_ir::op::Convolution;
use dunlin_ir::op::activation::Activation;
use dunlin_ir::op::convolution::{
    AveragePool, CausalConv, Conv, ConvTranspose, DeformConv, GlobalPool, LpPool, MaxPool, MaxRoiPool,
    StorageOrder,
};
use dunlin_ir::op::elementwise::Unary;
use dunlin_ir::op::window::{Padding, Rounding, Sizes, Window};

use super::table::MICROSOFT;
use super::{LowerError, Lowered, NodeContext, Row};

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[
    Row::main("AveragePool", 1..=28, average_pool),
    Row::main("CausalConvWithState", 27..=28, causal_conv),
    Row::main("Col2Im", 18..=28, |node| Ok(Convolution::Col2Im(window(node)?).into())),
    Row::main("Conv", 1..=28, |node| conv(node, None)),
    Row::main("ConvTranspose", 1..=28, conv_transpose),
    Row::main("DeformConv", 19..=28, deform_conv),
    Row::main("GlobalAveragePool", 1..=28, |_| Ok(Convolution::GlobalPool(GlobalPool::Average).into())),
    Row::main("GlobalLpPool", 1..=28, global_lp_pool),
    Row::main("GlobalMaxPool", 1..=28, |_| Ok(Convolution::GlobalPool(GlobalPool::Max).into())),
    Row::main("LpPool", 1..=28, lp_pool),
    Row::main("MaxPool", 1..=28, max_pool),
    Row::main("MaxRoiPool", 1..=28, max_roi_pool),
    Row::main("MaxUnpool", 9..=28, |node| Ok(Convolution::MaxUnpool(window(node)?).into())),
    Row::of(MICROSOFT, "FusedConv", fused_conv),
];

fn conv(node: &mut NodeContext<'_, '_>, activation: Option<Activation>) -> Result<Lowered, LowerError> {
    Ok(Convolution::Conv(Conv { window: window(node)?, groups: count(node, "group")?, activation }).into())
}

fn fused_conv(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let activation = match node.string("activation")? {
        None => None,
        Some(name) if name.is_empty() => None,
        Some(name) => {
            let params = node.floats("activation_params")?.unwrap_or_default();
            let known = Activation::from_name(&name, params);
            Some(known.ok_or_else(|| LowerError::attribute("activation", "a known activation", &name))?)
        }
    };
    conv(node, activation)
}

fn conv_transpose(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let window = window(node)?;
    let mut output_shape = sizes(node, "output_shape", 0)?;
    // Some exporters write the whole shape rather than its spatial part.
    if node.input_rank(0).is_some_and(|rank| rank > 2 && rank == output_shape.len()) {
        output_shape.drain(..2);
    }
    Ok(Convolution::ConvTranspose(ConvTranspose {
        window,
        groups: count(node, "group")?,
        output_padding: sizes(node, "output_padding", 0)?,
        output_shape,
        activation: None,
    })
    .into())
}

fn deform_conv(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let (groups, offset_groups) = (count(node, "group")?, count(node, "offset_group")?);
    Ok(Convolution::DeformConv(DeformConv { window: window(node)?, groups, offset_groups }).into())
}

fn causal_conv(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let activation = match node.string_or("activation", "none")?.as_str() {
        "none" => None,
        "silu" | "swish" => Some(Activation::Unary(Unary::Swish { alpha: 1.0 })),
        other => return Err(LowerError::attribute("activation", "none, silu or swish", other)),
    };
    Ok(Convolution::CausalConvWithState(CausalConv { activation }).into())
}

fn max_pool(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let storage =
        if node.flag("storage_order", false)? { StorageOrder::ColumnMajor } else { StorageOrder::RowMajor };
    Ok(Convolution::MaxPool(MaxPool { window: pool_window(node)?, rounding: rounding(node)?, storage })
        .into())
}

fn average_pool(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Convolution::AveragePool(AveragePool {
        window: pool_window(node)?,
        rounding: rounding(node)?,
        count_padding: node.flag("count_include_pad", false)?,
    })
    .into())
}

fn lp_pool(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let (window, rounding, p) = (pool_window(node)?, rounding(node)?, exponent(node)?);
    Ok(Convolution::LpPool(LpPool { window, rounding, p }).into())
}

fn global_lp_pool(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Convolution::GlobalPool(GlobalPool::Lp { p: exponent(node)? }).into())
}

fn max_roi_pool(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let pooled = sizes(node, "pooled_shape", 1)?;
    let pooled = <[usize; 2]>::try_from(pooled.as_slice())
        .map_err(|_| LowerError::attribute("pooled_shape", "two sizes", &pooled))?;
    let scale = node.float_or("spatial_scale", 1.0)?;
    Ok(Convolution::MaxRoiPool(MaxRoiPool { pooled, scale }).into())
}

/// The exponent of a norm: an integer since version 2, a float before.
fn exponent(node: &NodeContext<'_, '_>) -> Result<f32, LowerError> {
    if node.opset < 2 {
        return node.float_or("p", 2.0);
    }
    Ok(node.int_or("p", 2)? as f32)
}

pub(super) fn rounding(node: &NodeContext<'_, '_>) -> Result<Rounding, LowerError> {
    Ok(if node.flag("ceil_mode", false)? { Rounding::Ceil } else { Rounding::Floor })
}

pub(super) fn pool_window(node: &NodeContext<'_, '_>) -> Result<Window, LowerError> {
    let window = window(node)?;
    if window.kernel.is_empty() {
        return Err(LowerError::MissingAttribute("kernel_shape".into()));
    }
    Ok(window)
}

pub(super) fn window(node: &NodeContext<'_, '_>) -> Result<Window, LowerError> {
    let explicit = |pads: Option<&[i64]>| Padding::Explicit(pads.unwrap_or_default().into());
    let padding = match node.string_or("auto_pad", "NOTSET")?.as_str() {
        "NOTSET" | "" => explicit(node.ints("pads")?),
        "VALID" => explicit(None),
        "SAME_UPPER" => Padding::SameUpper,
        "SAME_LOWER" => Padding::SameLower,
        other => {
            return Err(LowerError::attribute("auto_pad", "NOTSET, VALID, SAME_UPPER or SAME_LOWER", other));
        }
    };
    Ok(Window {
        kernel: sizes(node, "kernel_shape", 1)?,
        strides: sizes(node, "strides", 1)?,
        dilations: sizes(node, "dilations", 1)?,
        padding,
    })
}

fn sizes(node: &NodeContext<'_, '_>, name: &str, min: usize) -> Result<Sizes, LowerError> {
    let values = node.ints(name)?.unwrap_or_default();
    let size = |&value: &i64| usize::try_from(value).ok().filter(|&value| value >= min);
    let sizes: Option<Sizes> = values.iter().map(size).collect();
    sizes.ok_or_else(|| LowerError::attribute(name, format!("sizes of at least {min}"), values))
}

pub(super) fn count(node: &NodeContext<'_, '_>, name: &str) -> Result<usize, LowerError> {
    let value = node.int_or(name, 1)?;
    let count = usize::try_from(value).ok().filter(|&count| count > 0);
    count.ok_or_else(|| LowerError::attribute(name, "a positive number", value))
}
