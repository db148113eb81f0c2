//! Execution of the movement family. Reshapes share the bytes; [`layout`] turns the rest into strided copies,
//! [`join`] concatenates and splits, [`pad`] pads and crops, [`fill`] makes tensors out of little.

mod fill;
mod join;
pub(super) mod layout;
mod pad;
mod select;

use dunlin_ir::op::Movement;
use dunlin_ir::op::movement::{Flatten, Reshape, ShapeOf};
use dunlin_ir::{Shape, Tensor, resolve_axis};

use super::arms::built;
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// Computes one step.
pub(crate) fn run(op: &Movement, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    built!(match op {
        Movement::CenterCropPad(op) => pad::center_crop_pad(op, inputs, ctx).map(one),
        Movement::Compress(op) => select::compress(*op, inputs, ctx).map(one),
        Movement::Concat(op) => join::concat(*op, inputs, ctx).map(one),
        Movement::ConstantOfShape(op) => fill::constant_of_shape(op, inputs, ctx).map(one),
        Movement::DepthToSpace(op) => layout::depth_to_space(*op, inputs, ctx).map(one),
        Movement::Expand => layout::expand(inputs, ctx).map(one),
        Movement::EyeLike(op) => fill::eye_like(*op, inputs, ctx).map(one),
        Movement::Flatten(op) => flatten(*op, inputs).map(one),
        Movement::Pad(op) => pad::pad(*op, inputs, ctx).map(one),
        Movement::Range(op) => fill::range(*op, inputs, ctx).map(one),
        Movement::Reshape(op) => reshape(*op, inputs).map(one),
        Movement::ReverseSequence(op) => select::reverse_sequence(*op, inputs, ctx).map(one),
        Movement::Shape(op) => shape_of(*op, inputs).map(one),
        Movement::Size => size_of(inputs).map(one),
        Movement::Slice => layout::slice(inputs, ctx).map(one),
        Movement::SpaceToDepth(op) => layout::space_to_depth(*op, inputs, ctx).map(one),
        Movement::Split(op) => join::split(*op, inputs, ctx),
        Movement::Squeeze => squeeze(inputs).map(one),
        Movement::Tile => layout::tile(inputs, ctx).map(one),
        Movement::Transpose(op) => layout::transpose(op, inputs, ctx).map(one),
        Movement::Trilu(op) => select::trilu(*op, inputs, ctx).map(one),
        Movement::Unsqueeze => unsqueeze(inputs).map(one),
    })
}

/// The axis, which may count from the end.
fn axis(axis: i64, rank: usize) -> Result<usize, OpError> {
    resolve_axis(axis, rank)
        .ok_or_else(|| OpError::value(format!("an axis of a tensor of rank {rank}"), axis))
}

/// Distinct axes, which may count from the end.
fn distinct_axes(axes: &[i64], rank: usize) -> Result<Vec<usize>, OpError> {
    let mut resolved = Vec::with_capacity(axes.len().min(rank));
    for &one in axes {
        let one = axis(one, rank)?;
        if resolved.contains(&one) {
            return Err(OpError::value("each axis once", format!("{axes:?}")));
        }
        resolved.push(one);
    }
    Ok(resolved)
}

/// Sizes that an input spells out.
fn sizes(values: &[i64]) -> Result<Shape, OpError> {
    values
        .iter()
        .map(|&size| usize::try_from(size).map_err(|_| OpError::value("sizes of at least 0", size)))
        .collect()
}

fn reshape(op: Reshape, inputs: &mut Inputs<'_>) -> Result<Tensor, OpError> {
    let target = inputs.ints(1)?;
    let x = inputs.take(0)?;
    let shape = reshaped_shape(op, x.shape(), &target)?;
    Ok(x.reshaped(shape)?)
}

fn reshaped_shape(op: Reshape, from: &Shape, target: &[i64]) -> Result<Shape, OpError> {
    let misfit = || OpError::shape(format!("a shape that holds {from}"), format!("{target:?}"));
    let mut shape = Shape::scalar();
    let mut open = None;
    for (i, &size) in target.iter().enumerate() {
        shape.push(match size {
            -1 if open.replace(i).is_none() => 1,
            0 if !op.allow_zero => *from.get(i).ok_or_else(misfit)?,
            size => usize::try_from(size).map_err(|_| misfit())?,
        });
    }
    let Some(open) = open else { return Ok(shape) };
    if op.allow_zero && target.contains(&0) {
        return Err(misfit());
    }
    let (whole, rest) = (from.n_elements(), shape.checked_n_elements().ok_or_else(misfit)?);
    shape[open] = match (whole, rest) {
        (0, 0) => 0,
        (_, 0) => return Err(misfit()),
        (whole, rest) if whole % rest == 0 => whole / rest,
        _ => return Err(misfit()),
    };
    Ok(shape)
}

fn flatten(op: Flatten, inputs: &mut Inputs<'_>) -> Result<Tensor, OpError> {
    let x = inputs.take(0)?;
    let axis = op.split(x.rank()).ok_or_else(|| {
        OpError::value(format!("an axis of a tensor of rank {}, or just beyond", x.rank()), op.axis)
    })?;
    let part = |dims: &[usize]| Shape::new(dims).checked_n_elements();
    // The sizes around a 0 may overflow where their product does not.
    let too_large = || OpError::Tensor(dunlin_ir::TensorError::TooLarge(x.shape().clone()));
    let rows = part(&x.shape()[..axis]).ok_or_else(too_large)?;
    let columns = part(&x.shape()[axis..]).ok_or_else(too_large)?;
    Ok(x.reshaped([rows, columns].into())?)
}

fn shape_of(op: ShapeOf, inputs: &Inputs<'_>) -> Result<Tensor, OpError> {
    let shape = inputs.tensor(0)?.shape();
    let sizes: Vec<i64> = shape[op.range(shape.rank())].iter().map(|&size| size as i64).collect();
    Ok(Tensor::from_slice([sizes.len()], &sizes)?)
}

fn size_of(inputs: &Inputs<'_>) -> Result<Tensor, OpError> {
    Ok(Tensor::scalar(inputs.tensor(0)?.len() as i64)?)
}

fn squeeze(inputs: &mut Inputs<'_>) -> Result<Tensor, OpError> {
    let axes = inputs.optional_ints(1)?;
    let x = inputs.take(0)?;
    let shape = x.shape();
    let squeezed = match axes {
        None => shape.iter().copied().filter(|&size| size != 1).collect(),
        Some(axes) => {
            let axes: Vec<usize> = axes.iter().map(|&one| axis(one, x.rank())).collect::<Result<_, _>>()?;
            if let Some(&wide) = axes.iter().find(|&&axis| shape[axis] != 1) {
                return Err(OpError::shape(format!("size 1 at axis {wide}"), shape));
            }
            (0..x.rank()).filter(|axis| !axes.contains(axis)).map(|axis| shape[axis]).collect()
        }
    };
    Ok(x.reshaped(squeezed)?)
}

fn unsqueeze(inputs: &mut Inputs<'_>) -> Result<Tensor, OpError> {
    let axes = inputs.ints(1)?;
    let x = inputs.take(0)?;
    let rank = x.rank() + axes.len();
    let axes = distinct_axes(&axes, rank)?;
    let mut rest = x.shape().iter().copied();
    let shape =
        (0..rank).map(|axis| if axes.contains(&axis) { 1 } else { rest.next().unwrap_or(1) }).collect();
    Ok(x.reshaped(shape)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shape, `allow_zero`, target, and the result.
    type Case = (&'static [usize], bool, &'static [i64], Option<&'static [usize]>);

    #[test]
    fn reshaping_resolves_zeros_and_the_open_size() {
        // numpy.reshape, and the standard's rule for 0.
        let cases: [Case; 9] = [
            (&[2, 3, 4], false, &[0, -1], Some(&[2, 12])),
            (&[2, 3, 4], false, &[4, 0, 2], Some(&[4, 3, 2])),
            (&[0, 3, 4], true, &[3, 4, 0], Some(&[3, 4, 0])),
            (&[0, 3], false, &[0, -1], Some(&[0, 0])),
            (&[6], false, &[-1, 4], None),
            (&[6], false, &[-1, -1], None),
            (&[6], false, &[1, 0], None),
            (&[0], true, &[0, -1], None),
            (&[1], false, &[], Some(&[])),
        ];
        for (from, allow_zero, target, want) in cases {
            let got = reshaped_shape(Reshape { allow_zero }, &Shape::new(from), target).ok();
            assert_eq!(got, want.map(Shape::new), "{from:?} to {target:?}");
        }
    }
}
