//! Attention made of products, a mask and a softmax: strides for whatever broadcasts, then one kernel.

use dunlin_ir::op::attention::{Hidden, PlainAttention};
use dunlin_ir::{DType, Shape, Tensor};
use dunlin_kernels::attention::{Attention, HeadOrder, Mask, MaskData, NanRow, Rows, attention_f32};

use super::heads::wide;
use crate::cpu::real::narrowed;
use crate::input::one;
use crate::{Ctx, Inputs, OpError, Outputs};

/// Computes one step.
pub(super) fn run(op: &PlainAttention, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let order = op.tokens_first;
    let operand = |i: usize, tokens_first| Operand::new(wide(inputs.tensor(i)?, ctx)?, tokens_first);
    let q = operand(0, order.queries)?;
    let (k, v) = (operand(1, order.keys)?, operand(2, order.values)?);
    let mask = inputs.optional(3)?.map(|mask| mask_of(mask, ctx)).transpose()?;
    let [mask_b, mask_h, mask_s, mask_t] = mask.as_ref().map_or([1; 4], |mask| mask.sizes);
    let mismatch = || OpError::shapes("operands of attention that broadcast", q.x.shape(), k.x.shape());
    let common = |sizes: &[usize]| broadcast(sizes).ok_or_else(mismatch);
    let b = common(&[q.sizes[0], k.sizes[0], v.sizes[0], mask_b])?;
    let h = common(&[q.sizes[1], k.sizes[1], v.sizes[1], mask_h])?;
    let (s, t) = (common(&[q.sizes[2], mask_s])?, common(&[k.sizes[2], mask_t])?);
    let (d, e) = (q.sizes[3], v.sizes[3]);
    if k.sizes[3] != d || v.sizes[2] != t {
        return Err(OpError::shapes(
            format!("keys [.., {t}, {d}] and values [.., {t}, e]"),
            k.x.shape(),
            v.x.shape(),
        ));
    }
    let rank = [Some(&q), Some(&k), Some(&v), mask.as_ref()].iter().flatten().map(|part| part.rank).max();
    let shape = if order.output { [b, s, h, e] } else { [b, h, s, e] };
    let mut out = ctx.alloc(DType::F32, Shape::new(&shape[4 - rank.unwrap_or(4)..]))?;
    let kernel = Attention {
        b,
        h,
        s,
        t,
        d,
        e,
        q: q.rows()?,
        k: k.rows()?,
        v: v.rows()?,
        scale: op.scale,
        mask: mask.as_ref().map(|mask| mask.mask(op.hidden)).transpose()?,
        nan: if op.zeroes_nan { NanRow::Zeroed } else { NanRow::Kept },
        order: if order.output { HeadOrder::TokensFirst } else { HeadOrder::HeadsFirst },
    };
    let space_len = kernel.space_len().and_then(|len| len.checked_mul(kernel.n_threads(ctx.pool())));
    let space_len =
        space_len.ok_or_else(|| OpError::value("sizes that fit into memory", format!("{t} keys")))?;
    let mut space = ctx.alloc(DType::F32, Shape::new(&[space_len]))?;
    ctx.check_stop()?;
    attention_f32(ctx.pool(), &kernel, out.view_mut()?, space.view_mut()?);
    Ok(one(narrowed(&out, inputs.tensor(0)?.dtype(), ctx)?))
}

/// The size that all others broadcast to.
pub(super) fn broadcast(sizes: &[usize]) -> Option<usize> {
    let common = sizes.iter().copied().find(|&size| size != 1).unwrap_or(1);
    sizes.iter().all(|&size| size == 1 || size == common).then_some(common)
}

/// An operand or a mask, as if of rank 4.
pub(super) struct Operand {
    pub x: Tensor,
    pub rank: usize,
    /// `[b, h, n, width]`
    pub sizes: [usize; 4],
    /// Elements from one to the next along each of these; 0 where there is one only.
    pub strides: [usize; 4],
}

impl Operand {
    fn new(x: Tensor, tokens_first: bool) -> Result<Operand, OpError> {
        let rank = x.rank();
        if !(2..=4).contains(&rank) || tokens_first && rank < 4 {
            return Err(OpError::shape("attention's operands of rank 2 to 4", x.shape()));
        }
        Ok(Operand::of(x, tokens_first))
    }

    pub fn of(x: Tensor, tokens_first: bool) -> Operand {
        let rank = x.rank();
        let mut sizes = [1; 4];
        sizes[4 - rank..].copy_from_slice(x.shape().dims());
        let mut strides = [1; 4];
        for axis in (0..3).rev() {
            strides[axis] = strides[axis + 1] * sizes[axis + 1];
        }
        if tokens_first {
            sizes.swap(1, 2);
            strides.swap(1, 2);
        }
        for (stride, &size) in strides.iter_mut().zip(&sizes) {
            *stride *= usize::from(size != 1);
        }
        Operand { x, rank, sizes, strides }
    }

    fn rows(&self) -> Result<Rows<'_>, OpError> {
        let [b, h, n, _] = self.strides;
        Ok(Rows { data: self.x.view()?, strides: [b, h, n] })
    }

    fn mask(&self, hidden: Hidden) -> Result<Mask<'_>, OpError> {
        let data = match self.x.dtype() {
            DType::Bool => MaskData::Hidden { at: self.x.bytes(), when: hidden.when, score: hidden.score },
            _ => MaskData::Added(self.x.view()?),
        };
        Ok(Mask { data, strides: self.strides })
    }
}

fn mask_of(mask: &Tensor, ctx: &Ctx<'_>) -> Result<Operand, OpError> {
    if mask.rank() > 4 {
        return Err(OpError::shape("a mask of rank 4 at most", mask.shape()));
    }
    let mask = if mask.dtype() == DType::Bool { mask.clone() } else { wide(mask, ctx)? };
    Ok(Operand::of(mask, false))
}
