//! Support vector machines.

use dunlin_ir::DType;
use dunlin_ir::op::ml::{Kernel, PostTransform, SvmClassifier, SvmRegressor};
use dunlin_kernels::vector;

use super::label::named;
use super::linear::{each_row, input};
use super::matrix;
use super::score::{Pair, logistic, pair, position_of_max, transform, transform_single};
use crate::{Ctx, Inputs, OpError, Outputs, one};

pub(super) fn regress(op: &SvmRegressor, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let n_features = match op.n_vectors {
        0 => op.coefficients.len(),
        n => op.support_vectors.len() / n,
    };
    let x = input(inputs, n_features, ctx)?;
    let (n_rows, _) = matrix(&x)?;
    let mut out = ctx.alloc(DType::F32, [n_rows, 1].into())?;
    let x = x.view::<f32>()?;
    let value = |i: usize, out: &mut [f32]| {
        let x = &x[i * n_features..][..n_features];
        if op.n_vectors == 0 {
            vector::dots(x, &op.coefficients, out);
        } else {
            let likeness = likeness(op.kernel, x, &op.support_vectors, op.n_vectors);
            vector::dots(&likeness, &op.coefficients, out);
        }
        out[0] += op.rho;
        if op.one_class {
            out[0] = if out[0] > 0.0 { 1.0 } else { -1.0 };
        }
    };
    each_row(ctx.pool(), out.view_mut()?, 1, n_features * op.n_vectors.max(1), &value);
    Ok(one(out))
}

pub(super) fn classify(op: &SvmClassifier, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let n_classes = op.labels.len();
    let n_vectors: usize = op.vectors_per_class.iter().sum();
    let n_features = match n_vectors {
        0 => op.coefficients.len() / n_classes.max(1),
        n => op.support_vectors.len() / n,
    };
    let x = input(inputs, n_features, ctx)?;
    let (n_rows, _) = matrix(&x)?;
    let n_scores = op.n_scores();
    let mut scores = ctx.alloc(DType::F32, [n_rows, n_scores].into())?;
    ctx.checked_bytes(DType::F32, &[n_rows, n_scores + 1].into())?;
    let x = x.view::<f32>()?;
    // The class of each row is computed beside its scores: one more column.
    let mut rows = vec![0f32; n_rows * (n_scores + 1)];
    each_row(ctx.pool(), &mut rows, n_scores + 1, n_features * n_vectors.max(n_classes), &|i, row| {
        let x = &x[i * n_features..][..n_features];
        let (class, scores) = row.split_at_mut(1);
        let position =
            if n_vectors == 0 { linear(op, x, scores) } else { by_votes(op, x, n_vectors, scores) };
        // Positions are below 2^15 and exact.
        class[0] = position as f32;
    });
    let mut classes = Vec::with_capacity(n_rows);
    for (row, scores) in
        rows.chunks_exact(n_scores + 1).zip(scores.view_mut::<f32>()?.chunks_exact_mut(n_scores))
    {
        classes.push(row[0] as u32);
        scores.copy_from_slice(&row[1..]);
    }
    let labels = named(&op.labels, &classes, ctx)?;
    Ok(smallvec::smallvec![Some(labels.into()), Some(scores.into())])
}

/// The scores of a linear model, and the position of its class.
fn linear(op: &SvmClassifier, x: &[f32], scores: &mut [f32]) -> usize {
    vector::dots(x, &op.coefficients, scores);
    scores.iter_mut().for_each(|score| *score += op.rho[0]);
    let best = position_of_max(scores);
    let max = scores[best];
    // Two classes without probabilities go by the greater score: by its sign, or if no weight is negative by whether it
    // reaches a half.
    let is_second = if op.coefficients.iter().all(|&x| x >= 0.0) { max >= 0.5 } else { max > 0.0 };
    let class = if scores.len() == 2 && op.prob_a.is_empty() && is_second { 1 } else { best };
    match scores {
        [only] => *only = transform_single(*only, op.post_transform),
        scores => transform(scores, op.post_transform),
    }
    class
}

/// The scores by support vectors, and the position of the class that wins most comparisons of two.
fn by_votes(op: &SvmClassifier, x: &[f32], n_vectors: usize, scores: &mut [f32]) -> usize {
    let n_classes = op.labels.len();
    let likeness = likeness(op.kernel, x, &op.support_vectors, n_vectors);
    let mut votes = vec![0u32; n_classes];
    let margins = margins(op, &likeness, n_vectors, &mut votes);
    let winner = (1..n_classes).fold(0, |best, i| if votes[i] > votes[best] { i } else { best });
    if !op.prob_a.is_empty() {
        probabilities(op, &margins, scores);
        if n_classes > 1 {
            transform(scores, op.post_transform);
        }
    } else if let [margin] = margins[..] {
        let kind = if op.post_transform == PostTransform::None { Pair::Margin } else { Pair::Probability };
        scores.copy_from_slice(&pair(margin, kind, op.post_transform));
    } else {
        scores[..margins.len()].copy_from_slice(&margins);
        transform(scores, op.post_transform);
    }
    winner
}

/// The result of each comparison of two classes, counted in `votes`.
fn margins(op: &SvmClassifier, likeness: &[f32], n_vectors: usize, votes: &mut [u32]) -> Vec<f32> {
    let n_classes = votes.len();
    let mut starts = Vec::with_capacity(n_classes);
    let mut start = 0;
    for &n in &op.vectors_per_class {
        starts.push(start..start + n);
        start += n;
    }
    let sum = |row: usize, class: usize| -> f64 {
        let range = starts[class].clone();
        let coefficients = &op.coefficients[row * n_vectors..][range.clone()];
        // Products are rounded to single precision before they are summed in double, as ONNX Runtime does.
        coefficients.iter().zip(&likeness[range]).map(|(a, b)| f64::from(a * b)).sum()
    };
    let mut margins = Vec::with_capacity(n_classes * (n_classes - 1) / 2);
    for i in 0..n_classes {
        for j in i + 1..n_classes {
            let margin = sum(j - 1, i) + sum(i, j) + f64::from(op.rho[margins.len()]);
            votes[if margin > 0.0 { i } else { j }] += 1;
            margins.push(margin as f32);
        }
    }
    margins
}

/// Probabilities of the classes from the comparisons of two (Wu, Lin and Weng 2004, second method).
fn probabilities(op: &SvmClassifier, margins: &[f32], p: &mut [f32]) {
    let n = p.len();
    let mut r = vec![0f32; n * n];
    let mut pairs = margins.iter().zip(&op.prob_a).zip(&op.prob_b);
    for i in 0..n {
        for j in i + 1..n {
            let Some(((margin, a), b)) = pairs.next() else { break };
            let wins = (1.0 - logistic(margin * a + b)).clamp(1e-7, 1.0 - 1e-7);
            r[i * n + j] = wins;
            r[j * n + i] = 1.0 - wins;
        }
    }
    couple(&r, p);
}

/// Solves for the probabilities `p` that agree best with those `r[i][j]` that `i` beats `j`.
fn couple(r: &[f32], p: &mut [f32]) {
    let n = p.len();
    let mut q = vec![0f32; n * n];
    for i in 0..n {
        for j in (0..n).filter(|&j| j != i) {
            q[i * n + i] += r[j * n + i] * r[j * n + i];
            q[i * n + j] = -r[j * n + i] * r[i * n + j];
        }
    }
    p.fill(1.0 / n as f32);
    let mut qp = vec![0f32; n];
    let tolerance = 0.005 / n as f32;
    for _ in 0..100 {
        for (qp, row) in qp.iter_mut().zip(q.chunks_exact(n)) {
            *qp = row.iter().zip(&*p).map(|(q, p)| q * p).sum();
        }
        let mut pqp: f32 = p.iter().zip(&qp).map(|(p, qp)| p * qp).sum();
        if qp.iter().all(|qp| (qp - pqp).abs() < tolerance) {
            break;
        }
        for i in 0..n {
            let step = (pqp - qp[i]) / q[i * n + i];
            p[i] += step;
            pqp = (pqp + step * (step * q[i * n + i] + 2.0 * qp[i])) / (1.0 + step) / (1.0 + step);
            for j in 0..n {
                qp[j] = (qp[j] + step * q[i * n + j]) / (1.0 + step);
                p[j] /= 1.0 + step;
            }
        }
    }
}

/// How like `x` each support vector is.
fn likeness(kernel: Kernel, x: &[f32], support_vectors: &[f32], n_vectors: usize) -> Vec<f32> {
    let mut out = vec![0f32; n_vectors];
    match kernel {
        Kernel::Rbf { .. } => vector::squared_distances(x, support_vectors, &mut out),
        _ => vector::dots(x, support_vectors, &mut out),
    }
    match kernel {
        Kernel::Linear => {}
        Kernel::Rbf { gamma } => out.iter_mut().for_each(|x| *x = (-gamma * *x).exp()),
        Kernel::Sigmoid { gamma, coef0 } => out.iter_mut().for_each(|x| *x = (gamma * *x + coef0).tanh()),
        Kernel::Poly { gamma, coef0, degree } => {
            for x in &mut out {
                let base = gamma * *x + coef0;
                *x = match degree {
                    2.0 => base * base,
                    3.0 => base * base * base,
                    degree => base.powf(degree),
                };
            }
        }
    }
    out
}
