//! What is done to scores in the end, as ONNX Runtime does it.

use dunlin_ir::op::ml::PostTransform;

/// Transforms the scores of one row, of which there are at least two.
pub(super) fn transform(scores: &mut [f32], post_transform: PostTransform) {
    match post_transform {
        PostTransform::None => {}
        PostTransform::Logistic => scores.iter_mut().for_each(|x| *x = logistic(*x)),
        PostTransform::Probit => scores.iter_mut().for_each(|x| *x = probit(*x)),
        PostTransform::Softmax => softmax(scores),
        PostTransform::SoftmaxZero => softmax_zero(scores),
    }
}

/// Transforms the only value of a row: all but the probit function are for rows of several.
pub(super) fn transform_single(value: f32, post_transform: PostTransform) -> f32 {
    if post_transform == PostTransform::Probit { probit(value) } else { value }
}

/// How one score becomes those of two classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pair {
    /// It is the probability of the second.
    Probability,
    /// Its sign tells them apart.
    Margin,
}

/// The scores of two classes from that of the second.
pub(super) fn pair(score: f32, kind: Pair, post_transform: PostTransform) -> [f32; 2] {
    match (post_transform, kind) {
        (PostTransform::Probit, _) => {
            let score = probit(score);
            [-score, score]
        }
        (PostTransform::Logistic, _) => [logistic(-score), logistic(score)],
        (_, Pair::Probability) => [1.0 - score, score],
        (_, Pair::Margin) => [-score, score],
    }
}

/// `1 / (1 + e^-x)`
pub(super) fn logistic(x: f32) -> f32 {
    let positive = 1.0 / (1.0 + (-x.abs()).exp());
    if x < 0.0 { 1.0 - positive } else { positive }
}

/// The inverse of the normal distribution function, by Winitzki's approximation of the inverse error function.
fn probit(p: f32) -> f32 {
    const A: f32 = 0.147;
    #[allow(clippy::approx_constant, reason = "the digits that ONNX Runtime computes with")]
    const PI: f32 = 3.141_59;
    let x = 2.0 * p - 1.0;
    let log = ((1.0 - x) * (1.0 + x)).ln();
    let v = 2.0 / (PI * A) + 0.5 * log;
    let magnitude = (-v + (v * v - log / A).sqrt()).sqrt();
    std::f32::consts::SQRT_2 * if x < 0.0 { -magnitude } else { magnitude }
}

fn softmax(scores: &mut [f32]) {
    let max = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - max).exp();
        sum += *score;
    }
    scores.iter_mut().for_each(|score| *score /= sum);
}

fn softmax_zero(scores: &mut [f32]) {
    let max = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        if score.abs() > 1e-7 {
            *score = (*score - max).exp();
            sum += *score;
        } else {
            *score *= (-max).exp();
        }
    }
    scores.iter_mut().for_each(|score| *score /= sum);
}

/// The position of the greatest score, the first of equal ones.
pub(super) fn position_of_max(scores: &[f32]) -> usize {
    let mut best = 0;
    for (i, &score) in scores.iter().enumerate().skip(1) {
        if score > scores[best] {
            best = i;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transforms_follow_onnx_runtime() {
        // Rows that ONNX Runtime's LinearRegressor gives with two targets.
        let cases: [(PostTransform, [f32; 2], [f32; 2]); 5] = [
            (PostTransform::Logistic, [0.2, 0.0], [0.549_834, 0.5]),
            (PostTransform::Softmax, [0.3, 0.9], [0.354_343_7, 0.645_656_3]),
            (PostTransform::SoftmaxZero, [0.2, 0.0], [1.0, 0.0]),
            (PostTransform::Probit, [0.2, 0.0], [-0.841_756_1, f32::NEG_INFINITY]),
            (PostTransform::Probit, [0.3, 0.9], [-0.524_445_9, 1.281_712_9]),
        ];
        for (post_transform, mut scores, want) in cases {
            transform(&mut scores, post_transform);
            for (got, want) in scores.iter().zip(want) {
                assert!(*got == want || (got - want).abs() < 1e-6, "{post_transform:?}: {got} {want}");
            }
        }
    }
}
