//! Lowering of the signal family.

use dunlin_ir::DType;
use dunlin_ir::op::Signal;
use dunlin_ir::op::signal::{Dft, MelWeightMatrix, Stft, Window, WindowKind};

use super::{LowerError, Lowered, NodeContext, Row};

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[
    Row::main("BlackmanWindow", 17..=28, |node| window(node, WindowKind::Blackman)),
    Row::main("DFT", 17..=28, dft),
    Row::main("HammingWindow", 17..=28, |node| window(node, WindowKind::Hamming)),
    Row::main("HannWindow", 17..=28, |node| window(node, WindowKind::Hann)),
    Row::main("MelWeightMatrix", 17..=28, mel_weight_matrix),
    Row::main("STFT", 17..=28, stft),
];

/// Before opset 20, the axis was an attribute and its default another.
fn dft(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    if node.opset < 20 {
        let axis = node.int_or("axis", 1)?;
        let axis = node.constant_scalar(axis)?;
        node.set_input(2, Some(axis));
    }
    let (inverse, onesided) = (node.flag("inverse", false)?, node.flag("onesided", false)?);
    Ok(Signal::Dft(Dft { inverse, onesided }).into())
}

fn stft(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Signal::Stft(Stft { onesided: node.flag("onesided", true)? }).into())
}

fn window(node: &mut NodeContext<'_, '_>, kind: WindowKind) -> Result<Lowered, LowerError> {
    let periodic = node.flag("periodic", true)?;
    Ok(Signal::Window(Window { kind, periodic, dtype: output_dtype(node)? }).into())
}

fn mel_weight_matrix(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Signal::MelWeightMatrix(MelWeightMatrix { dtype: output_dtype(node)? }).into())
}

fn output_dtype(node: &NodeContext<'_, '_>) -> Result<DType, LowerError> {
    Ok(node.dtype("output_datatype")?.unwrap_or(DType::F32))
}
