//! Lowering of the elementwise family.

use dunlin_ir::op::Elementwise;
use dunlin_ir::op::elementwise::{
    Approximate, Binary, Cast, CastLike, Compare, IsInf, Rounding, Unary, Variadic,
};
use dunlin_ir::{DType, ValueId};

use super::table::MICROSOFT;
use super::{LowerError, Lowered, NodeContext, Row};

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[
    Row::main("Abs", 1..=28, |_| unary(Unary::Abs)),
    Row::main("Acos", 7..=28, |_| unary(Unary::Acos)),
    Row::main("Acosh", 9..=28, |_| unary(Unary::Acosh)),
    Row::main("Add", 1..=28, |node| binary(node, Binary::Add)),
    Row::main("And", 1..=28, |node| binary(node, Binary::And)),
    Row::main("Asin", 7..=28, |_| unary(Unary::Asin)),
    Row::main("Asinh", 9..=28, |_| unary(Unary::Asinh)),
    Row::main("Atan", 7..=28, |_| unary(Unary::Atan)),
    Row::main("Atanh", 9..=28, |_| unary(Unary::Atanh)),
    Row::main("BitCast", 26..=28, bit_cast),
    Row::main("BitShift", 11..=28, bit_shift),
    Row::main("BitwiseAnd", 18..=28, |node| binary(node, Binary::BitwiseAnd)),
    Row::main("BitwiseNot", 18..=28, |_| unary(Unary::BitwiseNot)),
    Row::main("BitwiseOr", 18..=28, |node| binary(node, Binary::BitwiseOr)),
    Row::main("BitwiseXor", 18..=28, |node| binary(node, Binary::BitwiseXor)),
    Row::main("Cast", 1..=5, cast_by_name),
    Row::main("Cast", 6..=28, cast),
    Row::main("CastLike", 15..=28, cast_like),
    Row::main("Ceil", 1..=28, |_| unary(Unary::Ceil)),
    Row::main("Celu", 12..=28, |node| unary(Unary::Celu { alpha: node.float_or("alpha", 1.0)? })),
    Row::main("Clip", 1..=10, clip_by_attributes),
    Row::main("Clip", 11..=28, |_| Ok(Elementwise::Clip.into())),
    Row::main("Cos", 7..=28, |_| unary(Unary::Cos)),
    Row::main("Cosh", 9..=28, |_| unary(Unary::Cosh)),
    Row::main("Div", 1..=28, |node| binary(node, Binary::Div)),
    Row::main("Elu", 1..=28, |node| unary(Unary::Elu { alpha: node.float_or("alpha", 1.0)? })),
    Row::main("Equal", 1..=28, |node| compare(node, Compare::Equal)),
    Row::main("Erf", 9..=28, |_| unary(Unary::Erf)),
    Row::main("Exp", 1..=28, |_| unary(Unary::Exp)),
    Row::main("Floor", 1..=28, |_| unary(Unary::Floor)),
    Row::main("Gelu", 20..=28, gelu),
    Row::main("Greater", 1..=28, |node| compare(node, Compare::Greater)),
    Row::main("GreaterOrEqual", 12..=28, |node| compare(node, Compare::GreaterOrEqual)),
    Row::main("HardSigmoid", 1..=28, hard_sigmoid),
    Row::main("HardSwish", 14..=28, |_| unary(Unary::HardSwish)),
    Row::main("Identity", 1..=28, |_| unary(Unary::Identity)),
    Row::main("IsInf", 10..=28, is_inf),
    Row::main("IsNaN", 9..=28, |_| Ok(Elementwise::IsNan.into())),
    Row::main("LeakyRelu", 1..=28, |node| unary(Unary::LeakyRelu { alpha: node.float_or("alpha", 0.01)? })),
    Row::main("Less", 1..=28, |node| compare(node, Compare::Less)),
    Row::main("LessOrEqual", 12..=28, |node| compare(node, Compare::LessOrEqual)),
    Row::main("Log", 1..=28, |_| unary(Unary::Log)),
    Row::main("Max", 1..=28, |node| variadic(node, Variadic::Max)),
    Row::main("Mean", 1..=28, |node| variadic(node, Variadic::Mean)),
    Row::main("Min", 1..=28, |node| variadic(node, Variadic::Min)),
    Row::main("Mish", 18..=28, |_| unary(Unary::Mish)),
    Row::main("Mod", 10..=28, modulo),
    Row::main("Mul", 1..=28, |node| binary(node, Binary::Mul)),
    Row::main("Neg", 1..=28, |_| unary(Unary::Neg)),
    Row::main("Not", 1..=28, |_| unary(Unary::Not)),
    Row::main("Or", 1..=28, |node| binary(node, Binary::Or)),
    Row::main("Pow", 1..=28, |node| binary(node, Binary::Pow)),
    Row::main("PRelu", 1..=6, prelu_by_channel),
    Row::main("PRelu", 7..=28, |_| Ok(Elementwise::Binary(Binary::PRelu).into())),
    Row::main("Reciprocal", 1..=28, |_| unary(Unary::Reciprocal)),
    Row::main("Relu", 1..=28, |_| unary(Unary::Relu)),
    Row::main("Round", 11..=28, |_| unary(Unary::Round)),
    Row::main("Selu", 1..=5, |node| selu(node, 1.6732, 1.0507)),
    Row::main("Selu", 6..=28, |node| selu(node, 1.673_263_2, 1.050_701)),
    Row::main("Shrink", 9..=28, shrink),
    Row::main("Sigmoid", 1..=28, |_| unary(Unary::Sigmoid)),
    Row::main("Sign", 9..=28, |_| unary(Unary::Sign)),
    Row::main("Sin", 7..=28, |_| unary(Unary::Sin)),
    Row::main("Sinh", 9..=28, |_| unary(Unary::Sinh)),
    Row::main("Softplus", 1..=28, |_| unary(Unary::Softplus)),
    Row::main("Softsign", 1..=28, |_| unary(Unary::Softsign)),
    Row::main("Sqrt", 1..=28, |_| unary(Unary::Sqrt)),
    Row::main("Sub", 1..=28, |node| binary(node, Binary::Sub)),
    Row::main("Sum", 1..=28, |node| variadic(node, Variadic::Sum)),
    Row::main("SwiGLU", 28..=28, swiglu),
    Row::main("Swish", 24..=28, |node| unary(Unary::Swish { alpha: node.float_or("alpha", 1.0)? })),
    Row::main("Tan", 7..=28, |_| unary(Unary::Tan)),
    Row::main("Tanh", 1..=28, |_| unary(Unary::Tanh)),
    Row::main("ThresholdedRelu", 1..=28, |node| {
        unary(Unary::ThresholdedRelu { alpha: node.float_or("alpha", 1.0)? })
    }),
    Row::main("Where", 9..=28, |_| Ok(Elementwise::Where.into())),
    Row::main("Xor", 1..=28, |node| binary(node, Binary::Xor)),
    Row::of(MICROSOFT, "BiasGelu", |node| biased_gelu(node, Approximate::None)),
    Row::of(MICROSOFT, "FastGelu", |node| biased_gelu(node, Approximate::Tanh)),
    Row::of(MICROSOFT, "Gelu", |_| unary(Unary::Gelu { approximate: Approximate::None })),
    Row::of(MICROSOFT, "QuickGelu", |node| unary(Unary::Swish { alpha: node.float_or("alpha", 1.702)? })),
];

/// From this opset on operands broadcast by numpy's rule; before, two attributes governed it.
const NUMPY_BROADCASTING: u32 = 7;

fn unary(unary: Unary) -> Result<Lowered, LowerError> {
    Ok(Elementwise::Unary(unary).into())
}

fn binary(node: &mut NodeContext<'_, '_>, op: Binary) -> Result<Lowered, LowerError> {
    align_operands(node)?;
    Ok(Elementwise::Binary(op).into())
}

fn compare(node: &mut NodeContext<'_, '_>, op: Compare) -> Result<Lowered, LowerError> {
    align_operands(node)?;
    Ok(Elementwise::Compare(op).into())
}

fn variadic(node: &mut NodeContext<'_, '_>, op: Variadic) -> Result<Lowered, LowerError> {
    node.required(0)?;
    Ok(Elementwise::Variadic(op).into())
}

/// Brings the second operand to where the attribute `axis` of the first opsets puts it.
fn align_operands(node: &mut NodeContext<'_, '_>) -> Result<(), LowerError> {
    if node.opset >= NUMPY_BROADCASTING || !node.flag("broadcast", false)? {
        return Ok(());
    }
    match node.int("axis")? {
        Some(axis) => align(node, axis),
        // Without it the last dimensions match, as numpy has it.
        None => Ok(()),
    }
}

fn align(node: &mut NodeContext<'_, '_>, axis: i64) -> Result<(), LowerError> {
    let operands = [Some(node.required(0)?), Some(node.required(1)?)];
    let aligned = node.emit(Elementwise::AlignAxis(axis), &operands);
    node.set_input(1, Some(aligned));
    Ok(())
}

/// Slopes are one per channel, and channels are dimension 1.
fn prelu_by_channel(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    if node.input_rank(1).is_none_or(|rank| rank == 1) {
        align(node, 1)?;
    }
    Ok(Elementwise::Binary(Binary::PRelu).into())
}

fn bit_cast(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Elementwise::BitCast(required_dtype(node)?).into())
}

fn required_dtype(node: &NodeContext<'_, '_>) -> Result<DType, LowerError> {
    node.dtype("to")?.ok_or_else(|| LowerError::MissingAttribute("to".into()))
}

fn bit_shift(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let direction = node.string_or("direction", "")?;
    let op = match direction.as_str() {
        "LEFT" => Binary::BitShiftLeft,
        "RIGHT" => Binary::BitShiftRight,
        _ => return Err(LowerError::attribute("direction", "LEFT or RIGHT", direction)),
    };
    Ok(Elementwise::Binary(op).into())
}

fn modulo(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let op = if node.flag("fmod", false)? { Binary::Fmod } else { Binary::Mod };
    Ok(Elementwise::Binary(op).into())
}

fn cast(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let (saturate, rounding) = (node.flag("saturate", true)?, rounding(node)?);
    Ok(Elementwise::Cast(Cast { to: required_dtype(node)?, saturate, rounding }).into())
}

fn cast_like(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let (saturate, rounding) = (node.flag("saturate", true)?, rounding(node)?);
    Ok(Elementwise::CastLike(CastLike { saturate, rounding }).into())
}

fn rounding(node: &NodeContext<'_, '_>) -> Result<Rounding, LowerError> {
    let mode = node.string_or("round_mode", "up")?;
    match mode.as_str() {
        "up" => Ok(Rounding::Up),
        "down" => Ok(Rounding::Down),
        "nearest" => Ok(Rounding::Nearest),
        _ => Err(LowerError::attribute("round_mode", "up, down or nearest", mode)),
    }
}

/// The first version names the type instead of numbering it.
fn cast_by_name(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let name = node.string("to")?.ok_or_else(|| LowerError::MissingAttribute("to".into()))?;
    let to = match name.as_str() {
        "FLOAT" => DType::F32,
        "UINT8" => DType::U8,
        "INT8" => DType::I8,
        "UINT16" => DType::U16,
        "INT16" => DType::I16,
        "INT32" => DType::I32,
        "INT64" => DType::I64,
        "STRING" => DType::String,
        "BOOL" => DType::Bool,
        "FLOAT16" => DType::F16,
        "DOUBLE" => DType::F64,
        "UINT32" => DType::U32,
        "UINT64" => DType::U64,
        _ => return Err(LowerError::attribute("to", "the name of an element type", name)),
    };
    Ok(Elementwise::Cast(Cast { to, saturate: true, rounding: Rounding::Up }).into())
}

/// Bounds that were attributes become constant inputs of the element type.
fn clip_by_attributes(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let x = node.required(0)?;
    for (i, name) in [(1, "min"), (2, "max")] {
        if let Some(bound) = node.float(name)? {
            let bound = scalar_like(node, bound, x)?;
            node.set_input(i, Some(bound));
        }
    }
    Ok(Elementwise::Clip.into())
}

/// A constant of the element type of `like`.
fn scalar_like(node: &mut NodeContext<'_, '_>, value: f32, like: ValueId) -> Result<ValueId, LowerError> {
    let dtype = node.graph().value(like).ty.dtype();
    let constant = node.constant_scalar(value)?;
    if dtype == Some(DType::F32) {
        return Ok(constant);
    }
    let op = Elementwise::CastLike(CastLike { saturate: true, rounding: Rounding::Up });
    Ok(node.emit(op, &[Some(constant), Some(like)]))
}

fn gelu(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let approximate = node.string_or("approximate", "none")?;
    let approximate = match approximate.as_str() {
        "none" => Approximate::None,
        "tanh" => Approximate::Tanh,
        _ => return Err(LowerError::attribute("approximate", "none or tanh", approximate)),
    };
    unary(Unary::Gelu { approximate })
}

fn biased_gelu(node: &mut NodeContext<'_, '_>, approximate: Approximate) -> Result<Lowered, LowerError> {
    if let Some(bias) = node.input(1) {
        let x = node.required(0)?;
        let sum = node.emit(Elementwise::Binary(Binary::Add), &[Some(x), Some(bias)]);
        node.inputs.clear();
        node.set_input(0, Some(sum));
    }
    unary(Unary::Gelu { approximate })
}

fn hard_sigmoid(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    unary(Unary::HardSigmoid { alpha: node.float_or("alpha", 0.2)?, beta: node.float_or("beta", 0.5)? })
}

fn selu(node: &mut NodeContext<'_, '_>, alpha: f32, gamma: f32) -> Result<Lowered, LowerError> {
    unary(Unary::Selu { alpha: node.float_or("alpha", alpha)?, gamma: node.float_or("gamma", gamma)? })
}

fn shrink(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    unary(Unary::Shrink { bias: node.float_or("bias", 0.0)?, lambd: node.float_or("lambd", 0.5)? })
}

fn is_inf(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let (negative, positive) = (node.flag("detect_negative", true)?, node.flag("detect_positive", true)?);
    Ok(Elementwise::IsInf(IsInf { negative, positive }).into())
}

/// The first input, through Swish, gates the second.
fn swiglu(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let (gate, value) = (node.required(0)?, node.required(1)?);
    let alpha = node.float_or("alpha", 1.0)?;
    let gate = node.emit(Elementwise::Unary(Unary::Swish { alpha }), &[Some(gate)]);
    node.inputs.clear();
    node.set_input(0, Some(gate));
    node.set_input(1, Some(value));
    Ok(Elementwise::Binary(Binary::Mul).into())
}
