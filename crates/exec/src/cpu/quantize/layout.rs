//! Tensors of bytes between channels first and channels last.

use dunlin_ir::{Shape, Tensor};

use crate::cpu::elementwise::broadcast::in_chunks;
use crate::{Ctx, OpError};

/// `[n, spatial.., c]` as `[n, c, spatial..]`.
pub(super) fn to_channels_first(x: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let Some((&n, [spatial @ .., channels])) = x.shape().split_first() else { return Ok(x.clone()) };
    let shape = [n, *channels].iter().chain(spatial).copied().collect();
    exchange(x, shape, *channels, ctx)
}

/// `[n, c, spatial..]` as `[n, spatial.., c]`.
pub(super) fn to_channels_last(x: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let &[n, channels, ref spatial @ ..] = x.shape().dims() else { return Ok(x.clone()) };
    let shape = [n].iter().chain(spatial).chain([&channels]).copied().collect();
    exchange(x, shape, spatial.iter().product(), ctx)
}

/// Each image as a matrix of `columns` columns, transposed.
fn exchange(x: &Tensor, shape: Shape, columns: usize, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let n = x.shape().first().copied().unwrap_or(1);
    let mut out = ctx.alloc(x.dtype(), shape)?;
    if x.is_empty() {
        return Ok(out);
    }
    let (bytes, image_len) = (x.bytes(), x.len() / n);
    let rows = image_len / columns;
    let out_bytes = out.try_bytes_mut().ok_or(dunlin_ir::TensorError::Shared)?;
    in_chunks(ctx, out_bytes, image_len, &|start, out| {
        let image = &bytes[start..start + image_len];
        for (column, out) in out.chunks_exact_mut(rows).enumerate() {
            let column = image[column..].iter().step_by(columns);
            out.iter_mut().zip(column).for_each(|(out, &x)| *out = x);
        }
    });
    Ok(out)
}
