//! Lowering of the quantize family.

use dunlin_ir::DType;
use dunlin_ir::op::Quantize;
use dunlin_ir::op::convolution::{AveragePool, Conv, MaxPool, StorageOrder};
use dunlin_ir::op::quantize::{
    DequantizeLinear, Layout, MatMulNBits, QGemm, QLinearAveragePool, QLinearBinary, QLinearConv,
    QLinearReduceMean, QLinearSoftmax, QLinearUnary, QuantizeLinear,
};

use super::convolution::{count, pool_window, rounding, window};
use super::table::MICROSOFT;
use super::{LowerError, Lowered, NodeContext, Row};

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[
    Row::main("ConvInteger", 10..=28, |node| Ok(Quantize::ConvInteger(conv(node)?).into())),
    Row::main("DequantizeLinear", 10..=28, dequantize),
    Row::main("DynamicQuantizeLinear", 11..=28, |_| Ok(Quantize::DynamicQuantizeLinear.into())),
    Row::main("MatMulInteger", 10..=28, |_| Ok(Quantize::MatMulInteger.into())),
    Row::main("QLinearConv", 10..=28, qlinear_conv),
    Row::main("QLinearMatMul", 10..=28, |_| Ok(Quantize::QLinearMatMul.into())),
    Row::main("QuantizeLinear", 10..=28, quantize),
    Row::of(MICROSOFT, "DequantizeLinear", dequantize),
    Row::of(MICROSOFT, "DynamicQuantizeMatMul", |_| Ok(Quantize::DynamicQuantizeMatMul.into())),
    Row::of(MICROSOFT, "MatMulIntegerToFloat", |_| Ok(Quantize::MatMulIntegerToFloat.into())),
    Row::of(MICROSOFT, "MatMulNBits", matmul_nbits),
    Row::of(MICROSOFT, "NhwcMaxPool", nhwc_max_pool),
    Row::of(MICROSOFT, "QGemm", qgemm),
    Row::of(MICROSOFT, "QLinearAdd", |_| Ok(Quantize::QLinearBinary(QLinearBinary::Add).into())),
    Row::of(MICROSOFT, "QLinearAveragePool", qlinear_average_pool),
    Row::of(MICROSOFT, "QLinearConcat", |node| {
        Ok(Quantize::QLinearConcat { axis: node.required_int("axis")? }.into())
    }),
    Row::of(MICROSOFT, "QLinearConv", qlinear_conv),
    Row::of(MICROSOFT, "QLinearGlobalAveragePool", |node| {
        Ok(Quantize::QLinearGlobalAveragePool { layout: layout(node)? }.into())
    }),
    Row::of(MICROSOFT, "QLinearLeakyRelu", |node| {
        let function = QLinearUnary::LeakyRelu { alpha: node.float_or("alpha", 0.01)? };
        Ok(Quantize::QLinearUnary(function).into())
    }),
    Row::of(MICROSOFT, "QLinearMul", |_| Ok(Quantize::QLinearBinary(QLinearBinary::Mul).into())),
    Row::of(MICROSOFT, "QLinearReduceMean", qlinear_reduce_mean),
    Row::of(MICROSOFT, "QLinearSigmoid", |_| Ok(Quantize::QLinearUnary(QLinearUnary::Sigmoid).into())),
    Row::of(MICROSOFT, "QLinearSoftmax", qlinear_softmax),
    Row::of(MICROSOFT, "QLinearWhere", |_| Ok(Quantize::QLinearWhere.into())),
    Row::of(MICROSOFT, "QuantizeLinear", quantize),
];

fn quantize(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Quantize::QuantizeLinear(QuantizeLinear {
        axis: node.int_or("axis", 1)?,
        block_size: block_size(node)?,
        output: named_dtype(node, "output_dtype")?,
        saturate: node.flag("saturate", true)?,
        precision: named_dtype(node, "precision")?,
    })
    .into())
}

fn dequantize(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Quantize::DequantizeLinear(DequantizeLinear {
        axis: node.int_or("axis", 1)?,
        block_size: block_size(node)?,
        output: named_dtype(node, "output_dtype")?,
    })
    .into())
}

fn block_size(node: &NodeContext<'_, '_>) -> Result<usize, LowerError> {
    natural(node, "block_size", Some(0))
}

/// An integer attribute that must not be negative.
fn natural(node: &NodeContext<'_, '_>, name: &str, default: Option<i64>) -> Result<usize, LowerError> {
    let value = match default {
        Some(default) => node.int_or(name, default)?,
        None => node.required_int(name)?,
    };
    usize::try_from(value).map_err(|_| LowerError::attribute(name, "0 or more", value))
}

/// The element type that an attribute names; 0 names none.
fn named_dtype(node: &NodeContext<'_, '_>, name: &str) -> Result<Option<DType>, LowerError> {
    if node.int_or(name, 0)? == 0 { Ok(None) } else { node.dtype(name) }
}

fn conv(node: &NodeContext<'_, '_>) -> Result<Conv, LowerError> {
    Ok(Conv { window: window(node)?, groups: count(node, "group")?, activation: None })
}

fn layout(node: &NodeContext<'_, '_>) -> Result<Layout, LowerError> {
    Ok(if node.flag("channels_last", false)? { Layout::ChannelsLast } else { Layout::ChannelsFirst })
}

fn qlinear_conv(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Quantize::QLinearConv(QLinearConv { conv: conv(node)?, layout: layout(node)? }).into())
}

fn qlinear_average_pool(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let pool = AveragePool {
        window: pool_window(node)?,
        rounding: rounding(node)?,
        count_padding: node.flag("count_include_pad", false)?,
    };
    Ok(Quantize::QLinearAveragePool(QLinearAveragePool { pool, layout: layout(node)? }).into())
}

fn nhwc_max_pool(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let (window, rounding) = (pool_window(node)?, rounding(node)?);
    Ok(Quantize::NhwcMaxPool(MaxPool { window, rounding, storage: StorageOrder::RowMajor }).into())
}

fn qgemm(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Quantize::QGemm(QGemm {
        alpha: node.float_or("alpha", 1.0)?,
        transpose_a: node.flag("transA", false)?,
        transpose_b: node.flag("transB", false)?,
    })
    .into())
}

fn qlinear_reduce_mean(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let axes = node.ints("axes")?.unwrap_or_default().to_vec();
    Ok(Quantize::QLinearReduceMean(QLinearReduceMean { axes, keep_dims: node.flag("keepdims", true)? })
        .into())
}

/// Before opset 13 a softmax took all axes from `axis` on as one.
fn qlinear_softmax(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let flattens = node.int_or("opset", 13)? < 13;
    let axis = node.int_or("axis", if flattens { 1 } else { -1 })?;
    Ok(Quantize::QLinearSoftmax(QLinearSoftmax { axis, flattens }).into())
}

fn matmul_nbits(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let (bits, block_size) = (natural(node, "bits", Some(4))?, natural(node, "block_size", None)?);
    if ![2, 4, 8].contains(&bits) {
        return Err(LowerError::attribute("bits", "2, 4 or 8", bits));
    }
    if block_size < 16 || !block_size.is_power_of_two() {
        return Err(LowerError::attribute("block_size", "a power of two of at least 16", block_size));
    }
    if node.int_or("weight_prepacked", 0)? != 0 {
        return Err(LowerError::attribute("weight_prepacked", "0", node.int_or("weight_prepacked", 0)?));
    }
    let (n, k) = (natural(node, "N", None)?, natural(node, "K", None)?);
    Ok(Quantize::MatMulNBits(MatMulNBits { n, k, bits, block_size }).into())
}
