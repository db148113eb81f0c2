//! Execution of the quantize family. [`parameter`] reads scales and zero points; the other files hold the operators.

use std::sync::Arc;

use dunlin_ir::Tensor;
use dunlin_ir::op::Quantize;

use super::arms::built;
use crate::plan::Packed;
use crate::{Ctx, Inputs, OpError, Outputs, one};

mod conv;
mod layout;
mod linear;
mod nbits;
mod parameter;
mod pool;
mod product;
mod table;
mod walk;

/// Packs constant operands.
pub(crate) fn pack(
    op: &Quantize,
    constants: &[Option<&Tensor>],
    is_present: &dyn Fn(usize) -> bool,
) -> Result<Option<Arc<dyn Packed>>, OpError> {
    match op {
        Quantize::ConvInteger(_) | Quantize::QLinearConv(_) => conv::pack(op, constants, is_present),
        Quantize::MatMulNBits(op) => nbits::pack(op, constants, is_present),
        _ => product::pack(op, constants),
    }
}

/// Computes one step.
pub(crate) fn run(op: &Quantize, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    built!(match op {
        Quantize::QuantizeLinear(op) => linear::quantize(op, inputs, ctx).map(one),
        Quantize::DequantizeLinear(op) => linear::dequantize(op, inputs, ctx).map(one),
        Quantize::DynamicQuantizeLinear => linear::dynamic(inputs, ctx),
        Quantize::MatMulInteger => product::matmul_integer(inputs, ctx).map(one),
        Quantize::MatMulIntegerToFloat => product::matmul_to_float(inputs, ctx).map(one),
        Quantize::DynamicQuantizeMatMul => product::dynamic_matmul(inputs, ctx).map(one),
        Quantize::QLinearMatMul => product::qlinear_matmul(inputs, ctx).map(one),
        Quantize::QGemm(op) => product::qgemm(op, inputs, ctx).map(one),
        Quantize::ConvInteger(op) => conv::integer(op, inputs, ctx).map(one),
        Quantize::QLinearConv(op) => conv::qlinear(op, inputs, ctx).map(one),
        Quantize::QLinearBinary(op) => table::binary(*op, inputs, ctx).map(one),
        Quantize::QLinearUnary(op) => table::unary(*op, inputs, ctx).map(one),
        Quantize::QLinearConcat { axis } => table::concat(*axis, inputs, ctx).map(one),
        Quantize::QLinearWhere => table::choose(inputs, ctx).map(one),
        Quantize::QLinearSoftmax(op) => pool::softmax(*op, inputs, ctx).map(one),
        Quantize::QLinearReduceMean(op) => pool::reduce_mean(op, inputs, ctx).map(one),
        Quantize::QLinearAveragePool(op) => pool::average(op, inputs, ctx).map(one),
        Quantize::QLinearGlobalAveragePool { layout } => pool::global_average(*layout, inputs, ctx).map(one),
        Quantize::NhwcMaxPool(op) => pool::nhwc_max(op, inputs, ctx).map(one),
        Quantize::MatMulNBits(op) => nbits::run(op, inputs, ctx).map(one),
    })
}
