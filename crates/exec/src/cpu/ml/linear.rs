//! Linear models.

use dunlin_ir::op::ml::{LinearClassifier, LinearRegressor, PostTransform};
use dunlin_ir::{DType, Tensor};
use dunlin_kernels::vector;
use dunlin_sys::{Parallel, for_each_chunk_mut};

use super::label::named;
use super::score::{Pair, pair, position_of_max, transform, transform_single};
use super::{as_f32, matrix};
use crate::{Ctx, Inputs, OpError, Outputs, one};

pub(super) fn classify(
    op: &LinearClassifier,
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Outputs, OpError> {
    let n_raw = op.intercepts.len();
    let x = input(inputs, op.coefficients.len() / n_raw.max(1), ctx)?;
    let (n_rows, n_columns) = matrix(&x)?;
    let n_scores = op.n_scores();
    let mut scores = ctx.alloc(DType::F32, [n_rows, n_scores].into())?;
    let mut classes = vec![0u32; n_rows];
    let x = x.view::<f32>()?;
    // A score of two classes is computed in the second column, which it keeps.
    let first = n_scores - n_raw;
    let row = |i: usize, scores: &mut [f32]| {
        affine(&x[i * n_columns..][..n_columns], &op.coefficients, &op.intercepts, &mut scores[first..]);
    };
    each_row(ctx.pool(), scores.view_mut()?, n_scores, n_raw * n_columns, &row);
    for (scores, class) in scores.view_mut::<f32>()?.chunks_exact_mut(n_scores).zip(&mut classes) {
        *class = if n_raw == 1 { u32::from(scores[first] > 0.0) } else { position_of_max(scores) as u32 };
        finish(scores, n_raw, op.post_transform);
    }
    let labels = named(&op.labels, &classes, ctx)?;
    Ok(smallvec::smallvec![Some(labels.into()), Some(scores.into())])
}

fn finish(scores: &mut [f32], n_raw: usize, post_transform: PostTransform) {
    match scores {
        [only] => *only = transform_single(*only, post_transform),
        [first, second] if n_raw == 1 => {
            [*first, *second] = pair(*second, Pair::Probability, post_transform);
        }
        scores => transform(scores, post_transform),
    }
}

pub(super) fn regress(op: &LinearRegressor, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let n_targets = op.n_targets;
    let x = input(inputs, op.coefficients.len() / n_targets.max(1), ctx)?;
    let (n_rows, n_columns) = matrix(&x)?;
    let mut out = ctx.alloc(DType::F32, [n_rows, n_targets].into())?;
    let x = x.view::<f32>()?;
    let row = |i: usize, out: &mut [f32]| {
        affine(&x[i * n_columns..][..n_columns], &op.coefficients, &op.intercepts, out);
        match out {
            [only] => *only = transform_single(*only, op.post_transform),
            out => transform(out, op.post_transform),
        }
    };
    each_row(ctx.pool(), out.view_mut()?, n_targets, n_targets * n_columns, &row);
    Ok(one(out))
}

/// The input as floats, of which each row has the model's number of columns.
pub(super) fn input(inputs: &Inputs<'_>, n_features: usize, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let x = inputs.tensor(0)?;
    if matrix(x)?.1 != n_features {
        return Err(OpError::shape(format!("rows of {n_features} columns"), x.shape()));
    }
    as_f32(x, ctx)
}

/// Calls `f` with each row of `out` and its number, in parallel where there is enough work.
pub(super) fn each_row(
    pool: &dyn Parallel,
    out: &mut [f32],
    row_len: usize,
    work_per_row: usize,
    f: &(dyn Fn(usize, &mut [f32]) + Sync),
) {
    /// Multiplications that are worth a task.
    const TASK_WORK: usize = 1 << 16;
    if row_len == 0 {
        return;
    }
    let rows_per_task = (TASK_WORK / work_per_row.max(1)).max(1);
    for_each_chunk_mut(pool, out, rows_per_task * row_len, &|task, rows| {
        for (i, row) in rows.chunks_exact_mut(row_len).enumerate() {
            f(task * rows_per_task + i, row);
        }
    });
}

fn affine(x: &[f32], coefficients: &[f32], intercepts: &[f32], out: &mut [f32]) {
    vector::dots(x, coefficients, out);
    for (out, &intercept) in out.iter_mut().zip(intercepts) {
        *out += intercept;
    }
}
