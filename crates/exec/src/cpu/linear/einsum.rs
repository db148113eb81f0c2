//! Sums of products over named dimensions: each operand in turn is multiplied into the product so far, as a batch
//! of matrix products.

use dunlin_ir::op::linear::{Equation, Label};
use dunlin_ir::{Shape, Tensor};
use dunlin_kernels::matmul::Order;

use super::product::{Products, Ring};
use super::strided::{Axis, gathered, row_major};
use crate::cpu::dispatch::dispatch;
use crate::cpu::real::{narrowed, widen};
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// Computes the sum of products.
pub(super) fn einsum(equation: &Equation, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let dtype = inputs.tensor(0)?.dtype();
    let n = equation.inputs.len();
    if inputs.len() != n {
        return Err(OpError::value(format!("{n} inputs, as in the equation"), inputs.len()));
    }
    let mut tensors = Vec::with_capacity(n);
    for i in 0..n {
        let x = inputs.tensor(i)?;
        if x.dtype() != dtype {
            return Err(OpError::dtype(dtype.name(), x.dtype()));
        }
        tensors.push(widen(x, ctx)?);
    }
    let out = dispatch!(tensors[0].dtype(), T in [f32, f64, i8, i16, i32, i64, u8, u16, u32, u64], {
        evaluate::<T>(equation, &tensors, ctx)
    })?;
    narrowed(&out, dtype, ctx).map(one)
}

/// Names a dimension: a letter, or a place in the ellipsis counted from its end.
type Name = usize;

/// The first name of the ellipsis, beyond all letters.
const ELLIPSIS: Name = 256;

/// A tensor and what its axes are called. Axes of size 1 are left out: they are broadcast, or do not matter.
#[derive(Debug)]
struct Operand {
    tensor: Tensor,
    axes: Vec<(Name, Axis)>,
}

fn evaluate<T: Ring>(equation: &Equation, tensors: &[Tensor], ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let mut sizes = Sizes::default();
    let mut operands = Vec::with_capacity(tensors.len());
    for (term, tensor) in equation.inputs.iter().zip(tensors) {
        operands.push(Operand::new(term, tensor, &mut sizes)?);
    }
    let output = expanded(&equation.output, sizes.ellipsis_rank);
    let mut rest = operands.into_iter();
    let Some(mut product) = rest.next() else {
        return Err(OpError::MissingInput(0));
    };
    while let Some(operand) = rest.next() {
        let is_needed =
            |name: Name| output.contains(&name) || rest.as_slice().iter().any(|operand| operand.has(name));
        product = multiply::<T>(&product, &operand, is_needed, ctx)?;
    }
    let present: Vec<Name> = output.iter().copied().filter(|&name| product.has(name)).collect();
    let result = product.arranged::<T>(&present, ctx)?;
    let shape: Shape = output.iter().map(|&name| sizes.of(name)).collect();
    Ok(result.reshaped(shape)?)
}

/// The names of a term's dimensions, of which `ellipsis_rank` are in the ellipsis.
fn expanded(term: &[Label], ellipsis_rank: usize) -> Vec<Name> {
    let names = term.iter().flat_map(|label| match *label {
        Label::Ellipsis => ELLIPSIS..ELLIPSIS + ellipsis_rank,
        Label::Letter(letter) => Name::from(letter)..Name::from(letter) + 1,
    });
    // The last dimension of the ellipsis has the first name, so that broadcasting aligns the ends.
    let end = ELLIPSIS + ellipsis_rank;
    names.map(|name| if name >= ELLIPSIS { ELLIPSIS + (end - 1 - name) } else { name }).collect()
}

/// The size of each named dimension.
#[derive(Debug, Default)]
struct Sizes {
    known: Vec<(Name, usize)>,
    ellipsis_rank: usize,
}

impl Sizes {
    fn of(&self, name: Name) -> usize {
        self.known.iter().find(|(known, _)| *known == name).map_or(1, |&(_, size)| size)
    }

    /// Notes a size; false if it contradicts another. 1 goes with every size.
    fn note(&mut self, name: Name, size: usize) -> bool {
        match self.known.iter_mut().find(|(known, _)| *known == name) {
            None => self.known.push((name, size)),
            Some((_, known)) if *known == 1 => *known = size,
            Some((_, known)) => return size == 1 || *known == size,
        }
        true
    }
}

impl Operand {
    fn new(term: &[Label], tensor: &Tensor, sizes: &mut Sizes) -> Result<Operand, OpError> {
        let wrong = |expected| OpError::shape(expected, tensor.shape());
        let ellipsis_rank = Equation::ellipsis_rank(term, tensor.rank())
            .ok_or_else(|| wrong("as many dimensions as the equation names"))?;
        sizes.ellipsis_rank = sizes.ellipsis_rank.max(ellipsis_rank);
        let mut operand = Operand { tensor: tensor.clone(), axes: Vec::new() };
        let names = expanded(term, ellipsis_rank);
        for (name, (size, stride)) in names.into_iter().zip(row_major(tensor.shape())) {
            if !sizes.note(name, size) {
                return Err(wrong("equal sizes of equal dimensions"));
            }
            if size == 1 {
                continue;
            }
            // A repeated name is the diagonal of its dimensions.
            match operand.axes.iter_mut().find(|(other, _)| *other == name) {
                Some((_, (other, _))) if *other != size => {
                    return Err(wrong("equal sizes of equal dimensions"));
                }
                Some((_, (_, other_stride))) => *other_stride += stride,
                None => operand.axes.push((name, (size, stride))),
            }
        }
        Ok(operand)
    }

    fn has(&self, name: Name) -> bool {
        self.axes.iter().any(|(other, _)| *other == name)
    }

    fn axis(&self, name: Name) -> Axis {
        self.axes.iter().find(|(other, _)| *other == name).map_or((1, 0), |&(_, axis)| axis)
    }

    fn size(&self, names: &[Name]) -> usize {
        names.iter().map(|&name| self.axis(name).0).product()
    }

    /// The elements in the order of `names`, summed over all other axes.
    fn arranged<T: Ring>(&self, names: &[Name], ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
        let kept: Vec<Axis> = names.iter().map(|&name| self.axis(name)).collect();
        let others = self.axes.iter().filter(|(name, _)| !names.contains(name));
        let summed: Vec<Axis> = others.map(|&(_, axis)| axis).collect();
        gathered::<T>(&self.tensor, &kept, &summed, ctx)
    }

    /// Whether [`Operand::arranged`] has nothing to do but to keep the elements where they are.
    fn is_arranged(&self, names: &[Name]) -> bool {
        let sizes: Vec<usize> = names.iter().map(|&name| self.axis(name).0).collect();
        names.len() == self.axes.len()
            && names.iter().zip(row_major(&sizes)).all(|(&name, axis)| self.axis(name) == axis)
    }
}

/// The product of two operands, summed over what nobody needs afterwards.
fn multiply<T: Ring>(
    a: &Operand,
    b: &Operand,
    is_needed: impl Fn(Name) -> bool,
    ctx: &Ctx<'_>,
) -> Result<Operand, OpError> {
    let names = |operand: &Operand, wanted: &dyn Fn(Name) -> bool| -> Vec<Name> {
        operand.axes.iter().map(|&(name, _)| name).filter(|&name| wanted(name)).collect()
    };
    let batch = names(a, &|name| b.has(name) && is_needed(name));
    let summed = names(a, &|name| b.has(name) && !is_needed(name));
    let rows = names(a, &|name| !b.has(name) && is_needed(name));
    let columns = names(b, &|name| !a.has(name) && is_needed(name));

    let products = Products::parallel(a.size(&batch), a.size(&rows), a.size(&summed), b.size(&columns));
    let left = a.arranged::<T>(&[&batch[..], &rows, &summed].concat(), ctx)?;
    let transposed = [&batch[..], &columns, &summed].concat();
    let (right, order) = if b.is_arranged(&transposed) {
        (b.arranged::<T>(&transposed, ctx)?, Order::Transposed)
    } else {
        (b.arranged::<T>(&[&batch[..], &summed, &columns].concat(), ctx)?, Order::Plain)
    };

    let names = [&batch[..], &rows, &columns].concat();
    let size = |name: Name| if a.has(name) { a.axis(name).0 } else { b.axis(name).0 };
    let sizes: Vec<usize> = names.iter().map(|&name| size(name)).collect();
    let mut out = ctx.alloc(T::DTYPE, sizes.as_slice().into())?;
    T::multiply(&products, left.view()?, right.view()?, order, out.view_mut()?, ctx)?;
    Ok(Operand { tensor: out, axes: names.into_iter().zip(row_major(&sizes)).collect() })
}
