//! Lowering of the recurrent family.

use dunlin_ir::op::Recurrent;
use dunlin_ir::op::activation::Activation;
use dunlin_ir::op::recurrent::{Direction, GateActivation, Gru, Layout, Lstm, Sequence};
use smallvec::SmallVec;

use super::table::MICROSOFT;
use super::{LowerError, Lowered, NodeContext, Row};

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[
    Row::main("GRU", 1..=28, gru),
    Row::main("LSTM", 1..=28, |node| lstm(node, false)),
    Row::main("RNN", 1..=28, rnn),
    Row::of(MICROSOFT, "DynamicQuantizeLSTM", |node| lstm(node, true)),
];

const SIGMOID: GateActivation = GateActivation::SIGMOID;
const TANH: GateActivation = GateActivation::TANH;

fn rnn(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    Ok(Recurrent::Rnn(sequence(node, &[TANH])?).into())
}

fn gru(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let linear_before_reset = node.flag("linear_before_reset", false)?;
    Ok(Recurrent::Gru(Gru { sequence: sequence(node, &[SIGMOID, TANH])?, linear_before_reset }).into())
}

fn lstm(node: &mut NodeContext<'_, '_>, quantized: bool) -> Result<Lowered, LowerError> {
    let couple_gates = node.flag("input_forget", false)?;
    let sequence = sequence(node, &[SIGMOID, TANH, TANH])?;
    Ok(Recurrent::Lstm(Lstm { sequence, couple_gates, quantized }).into())
}

fn sequence(node: &NodeContext<'_, '_>, defaults: &[GateActivation]) -> Result<Sequence, LowerError> {
    let direction = match node.string_or("direction", "forward")?.as_str() {
        "forward" => Direction::Forward,
        "reverse" => Direction::Reverse,
        "bidirectional" => Direction::Both,
        other => {
            return Err(LowerError::attribute("direction", "forward, reverse or bidirectional", other));
        }
    };
    let layout = match node.int_or("layout", 0)? {
        0 => Layout::TimeMajor,
        1 => Layout::BatchMajor,
        other => return Err(LowerError::attribute("layout", "0 or 1", other)),
    };
    Ok(Sequence {
        direction,
        layout,
        clip: node.float("clip")?.filter(|&clip| clip > 0.0),
        activations: activations(node, defaults, direction.count())?,
    })
}

/// The activations of all directions. Those with parameters take the next ones of the lists.
fn activations(
    node: &NodeContext<'_, '_>,
    defaults: &[GateActivation],
    n_directions: usize,
) -> Result<SmallVec<[GateActivation; 3]>, LowerError> {
    let repeated =
        |once: &[GateActivation]| once.iter().copied().cycle().take(once.len() * n_directions).collect();
    let names = node.strings("activations")?.unwrap_or_default();
    if names.is_empty() {
        return Ok(repeated(defaults));
    }
    let mut alphas = node.floats("activation_alpha")?.unwrap_or_default().iter().copied();
    let mut betas = node.floats("activation_beta")?.unwrap_or_default().iter().copied();
    let mut found: SmallVec<[GateActivation; 3]> = SmallVec::new();
    for name in &names {
        let known = activation(name, &mut alphas, &mut betas);
        found.push(known.ok_or_else(|| LowerError::attribute("activations", "known activations", name))?);
    }
    match found.len() {
        n if n == defaults.len() * n_directions => Ok(found),
        n if n == defaults.len() => Ok(repeated(&found)),
        n => Err(LowerError::attribute("activations", format!("{} names", defaults.len() * n_directions), n)),
    }
}

fn activation(
    name: &str,
    alphas: &mut impl Iterator<Item = f32>,
    betas: &mut impl Iterator<Item = f32>,
) -> Option<GateActivation> {
    let mut both = |alpha: f32, beta: f32| (alphas.next().unwrap_or(alpha), betas.next().unwrap_or(beta));
    let plain =
        |name: &str, params: &[f32]| Activation::from_name(name, params).map(GateActivation::Activation);
    match name.to_ascii_lowercase().as_str() {
        "affine" => {
            let (alpha, beta) = both(1.0, 0.0);
            Some(GateActivation::Affine { alpha, beta })
        }
        "scaledtanh" => {
            let (alpha, beta) = both(1.0, 1.0);
            Some(GateActivation::ScaledTanh { alpha, beta })
        }
        "hardsigmoid" => {
            let (alpha, beta) = both(0.2, 0.5);
            plain("HardSigmoid", &[alpha, beta])
        }
        "elu" => plain("Elu", &[alphas.next().unwrap_or(1.0)]),
        "leakyrelu" => plain("LeakyRelu", &[alphas.next().unwrap_or(0.01)]),
        "thresholdedrelu" => plain("ThresholdedRelu", &[alphas.next().unwrap_or(1.0)]),
        "relu" => plain("Relu", &[]),
        "tanh" => plain("Tanh", &[]),
        "sigmoid" => plain("Sigmoid", &[]),
        "softsign" => plain("Softsign", &[]),
        "softplus" => plain("Softplus", &[]),
        _ => None,
    }
}
