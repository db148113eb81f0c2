//! Sums of products of two operands over named dimensions, as one batched matrix product.

use candle_core::Tensor;
use dunlin_ir::op::linear::{Equation, Label};

use super::args::Args;
use super::declined;
use super::reduce::sum;
use crate::device::Refusal;

/// Whether the equation is one that [`run`] computes: two operands, no ellipses, no diagonals.
pub(super) fn has(equation: &Equation) -> bool {
    let is_plain = |labels: &Vec<Label>| {
        let is_once = |label: &Label| labels.iter().filter(|other| *other == label).count() == 1;
        labels.iter().all(|label| *label != Label::Ellipsis && is_once(label))
    };
    equation.inputs.len() == 2 && equation.inputs.iter().all(is_plain)
}

pub(super) fn run(equation: &Equation, args: &Args<'_>) -> Result<Tensor, Refusal> {
    let ([a_named, b_named], output) = (&equation.inputs[..], &equation.output) else {
        return declined("more than two operands");
    };
    let (a, a_labels) = without_private(args.tensor(0)?, a_named, b_named, output)?;
    let (b, b_labels) = without_private(args.tensor(1)?, b_named, a_named, output)?;
    let pick = |labels: &[Label], wanted: &dyn Fn(Label) -> bool| -> Vec<Label> {
        labels.iter().copied().filter(|&label| wanted(label)).collect()
    };
    let in_b = |label: Label| b_labels.contains(&label);
    let batch = pick(&a_labels, &|label| in_b(label) && output.contains(&label));
    let inner = pick(&a_labels, &|label| in_b(label) && !output.contains(&label));
    let rows = pick(&a_labels, &|label| !in_b(label));
    let columns = pick(&b_labels, &|label| !a_labels.contains(&label));
    let (a, a_sizes) = arranged(&a, &a_labels, [&batch, &rows, &inner])?;
    let (b, b_sizes) = arranged(&b, &b_labels, [&batch, &inner, &columns])?;
    let dims = [&a_sizes[..batch.len() + rows.len()], &b_sizes[batch.len() + inner.len()..]].concat();
    let y = a.matmul(&b)?.reshape(dims)?;
    let order = [batch, rows, columns].concat();
    let places: Option<Vec<usize>> =
        output.iter().map(|label| order.iter().position(|other| other == label)).collect();
    match places {
        Some(places) => Ok(y.permute(places)?.contiguous()?),
        None => declined("a result with a dimension of its own"),
    }
}

/// The operand summed over the dimensions that nothing else names.
fn without_private(
    x: &Tensor,
    labels: &[Label],
    other: &[Label],
    output: &[Label],
) -> Result<(Tensor, Vec<Label>), Refusal> {
    if labels.len() != x.rank() {
        return declined("an equation of another rank");
    }
    let is_private = |label: &Label| !other.contains(label) && !output.contains(label);
    let axes: Vec<usize> = (0..labels.len()).filter(|&i| is_private(&labels[i])).collect();
    let kept: Vec<Label> = labels.iter().copied().filter(|label| !is_private(label)).collect();
    let dims: Vec<usize> = (0..labels.len()).filter(|i| !axes.contains(i)).map(|i| x.dims()[i]).collect();
    Ok((sum(x, &axes)?.reshape(dims)?, kept))
}

/// The operand as a batch of matrices, and its sizes in that order.
fn arranged(x: &Tensor, labels: &[Label], parts: [&Vec<Label>; 3]) -> Result<(Tensor, Vec<usize>), Refusal> {
    let order = parts.iter().flat_map(|part| part.iter());
    let places: Vec<usize> =
        order.filter_map(|label| labels.iter().position(|other| other == label)).collect();
    let x = x.permute(places)?.contiguous()?;
    let sizes = x.dims().to_vec();
    let (first, second) = (parts[0].len(), parts[0].len() + parts[1].len());
    let size = |range: std::ops::Range<usize>| sizes[range].iter().product::<usize>();
    let dims = (size(0..first), size(first..second), size(second..sizes.len()));
    Ok((x.reshape(dims)?, sizes))
}
