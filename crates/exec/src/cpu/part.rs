//! Parts of tensors along an axis: taken out (sharing bytes where they lie together), and put together.
//! For control flow and sequences, which do it with every element type.

use dunlin_ir::{DType, Shape, Tensor, packed};
use dunlin_sys::OutOfMemory;

use crate::{Ctx, OpError};

/// Elements `start..start + len` of `tensor` along `axis`.
pub(super) fn slice(
    tensor: &Tensor,
    axis: usize,
    start: usize,
    len: usize,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let mut shape = tensor.shape().clone();
    let (n_outer, n, inner) = tensor.shape().split_at_axis(axis);
    if start.checked_add(len).is_none_or(|end| end > n) {
        return Err(OpError::value(format!("a part of 0..{n}"), format!("{start} and {len} more")));
    }
    shape[axis] = len;
    if let Some(shared) = contiguous(tensor, n_outer, start * inner, &shape) {
        return Ok(shared);
    }
    let mut part = Assembly::new(tensor.dtype(), shape, 0, ctx)?;
    part.copy(tensor, n_outer, (n * inner, start * inner), (len * inner, 0), len * inner)?;
    part.finish()
}

/// The elements from `first` on in a new shape, sharing the tensor's bytes, if that is possible.
fn contiguous(tensor: &Tensor, n_outer: usize, first: usize, shape: &Shape) -> Option<Tensor> {
    let bits = tensor.dtype().bits();
    let (start, n_bits) = (first.checked_mul(bits)?, shape.checked_n_elements()?.checked_mul(bits)?);
    if bits == 0 || n_outer != 1 || start % 8 != 0 {
        return None;
    }
    let bytes = tensor.shared_bytes()?.slice(start / 8..start / 8 + n_bits.div_ceil(8))?;
    Tensor::new(tensor.dtype(), shape.clone(), bytes).ok()
}

/// A tensor that is put together from parts along an axis.
#[derive(Debug)]
pub(super) struct Assembly {
    dtype: DType,
    shape: Shape,
    axis: usize,
    to: Target,
}

#[derive(Debug)]
enum Target {
    Bytes(Tensor),
    Strings(Vec<String>),
}

impl Assembly {
    /// Starts a tensor of this shape.
    pub fn new(dtype: DType, shape: Shape, axis: usize, ctx: &Ctx<'_>) -> Result<Assembly, OpError> {
        let to = match dtype {
            DType::String => {
                ctx.checked_bytes(dtype, &shape)?;
                let n = shape.checked_n_elements().unwrap_or(usize::MAX);
                let mut strings = Vec::new();
                let refused = OutOfMemory { requested_bytes: n.saturating_mul(size_of::<String>()) };
                strings.try_reserve_exact(n).map_err(|_| refused)?;
                strings.resize(n, String::new());
                Target::Strings(strings)
            }
            // Parts of sub-byte elements are put in bit by bit, and may leave the last bits untouched.
            _ if dtype.bits() < 8 => Target::Bytes(ctx.alloc_zeroed(dtype, shape.clone())?),
            _ => Target::Bytes(ctx.alloc(dtype, shape.clone())?),
        };
        Ok(Assembly { dtype, shape, axis, to })
    }

    /// The size along the axis.
    pub fn len(&self) -> usize {
        self.shape[self.axis]
    }

    /// Puts `part`, of size `len` along the axis, at position `at`. Its other sizes must be this tensor's; whether
    /// it has the axis at all (when `len` is 1) does not matter.
    pub fn put(&mut self, at: usize, len: usize, part: &Tensor) -> Result<(), OpError> {
        let (n_outer, n, inner) = self.shape.split_at_axis(self.axis);
        let fits = part.len() == n_outer * len * inner && at.checked_add(len).is_some_and(|end| end <= n);
        if part.dtype() != self.dtype {
            return Err(OpError::dtype(self.dtype.name(), part.dtype()));
        }
        if !fits {
            return Err(OpError::shape(format!("parts of {}", self.shape), part.shape()));
        }
        self.copy(part, n_outer, (len * inner, 0), (n * inner, at * inner), len * inner)
    }

    /// Makes room for `len` along the axis, which must be the first.
    pub fn grow(&mut self, len: usize, ctx: &Ctx<'_>) -> Result<(), OpError> {
        let mut shape = self.shape.clone();
        shape[0] = len;
        let mut grown = Assembly::new(self.dtype, shape, 0, ctx)?;
        let n_kept = self.shape.n_elements().min(grown.shape.n_elements());
        match (&mut grown.to, &mut self.to) {
            (Target::Strings(to), Target::Strings(from)) => {
                to.iter_mut().zip(from).for_each(|(to, from)| std::mem::swap(to, from));
            }
            (_, Target::Bytes(from)) => {
                let from = from.clone();
                grown.copy(&from, 1, (n_kept, 0), (n_kept, 0), n_kept)?;
            }
            _ => {}
        }
        *self = grown;
        Ok(())
    }

    /// The tensor.
    pub fn finish(self) -> Result<Tensor, OpError> {
        match self.to {
            Target::Bytes(tensor) => Ok(tensor),
            Target::Strings(strings) => Ok(Tensor::from_strings(self.shape, strings)?),
        }
    }

    /// Copies `n_outer` runs of `run` elements; rows and first elements are given for source and target.
    fn copy(
        &mut self,
        from: &Tensor,
        n_outer: usize,
        (from_row, from_first): (usize, usize),
        (to_row, to_first): (usize, usize),
        run: usize,
    ) -> Result<(), OpError> {
        let runs = (0..n_outer).map(|row| (row * from_row + from_first, row * to_row + to_first));
        if run == 0 {
            return Ok(());
        }
        match &mut self.to {
            Target::Strings(to) => {
                let from = from.strings()?;
                runs.for_each(|(a, b)| to[b..b + run].clone_from_slice(&from[a..a + run]));
            }
            Target::Bytes(to) => {
                let to = to.try_bytes_mut().ok_or(dunlin_ir::TensorError::Shared)?;
                let (from, bits) = (from.bytes(), self.dtype.bits());
                for (a, b) in runs {
                    copy_bits(to, b * bits, from, a * bits, run * bits, bits);
                }
            }
        }
        Ok(())
    }
}

/// Copies elements of `element_bits` bits; positions and lengths are in bits.
fn copy_bits(to: &mut [u8], to_at: usize, from: &[u8], from_at: usize, n_bits: usize, element_bits: usize) {
    if to_at.is_multiple_of(8) && from_at.is_multiple_of(8) && n_bits.is_multiple_of(8) {
        let (to_at, from_at, n) = (to_at / 8, from_at / 8, n_bits / 8);
        to[to_at..to_at + n].copy_from_slice(&from[from_at..from_at + n]);
        return;
    }
    let (from_first, to_first) = (from_at / element_bits, to_at / element_bits);
    for i in 0..n_bits / element_bits {
        packed::write(to, element_bits, to_first + i, packed::read(from, element_bits, from_first + i));
    }
}

#[cfg(test)]
mod tests {
    use super::copy_bits;

    #[test]
    fn elements_of_four_bits_are_copied_at_any_place() {
        let mut to = [0xff, 0xff];
        copy_bits(&mut to, 4, &[0x21, 0x43], 8, 8, 4);
        assert_eq!(to, [0x3f, 0xf4]);
        copy_bits(&mut to, 0, &[0x65], 0, 8, 4);
        assert_eq!(to, [0x65, 0xf4]);
    }
}
