//! Linear models and support vector machines.

use std::sync::Arc;

use dunlin_ir::op::Ml;
use dunlin_ir::op::ml::{Kernel, LinearClassifier, LinearRegressor, SvmClassifier, SvmRegressor};

use super::{labels, optional_labels, post_transform, size};
use crate::onnx::lower::{LowerError, Lowered, NodeContext};

pub(super) fn linear_classifier(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let labels = optional_labels(node, "classlabels_strings", "classlabels_ints")?;
    let coefficients = coefficients(node)?;
    let mut intercepts = node.floats("intercepts")?.unwrap_or_default().to_vec();
    if intercepts.is_empty() {
        intercepts.resize(labels.len().max(1), 0.0);
    }
    let n_scores = intercepts.len();
    if n_scores > 1 && labels.len() < n_scores {
        let expected = format!("a label for each of {n_scores} scores");
        return Err(LowerError::attribute("classlabels_ints", expected, labels.len()));
    }
    check_multiple(&coefficients, n_scores)?;
    let post_transform = post_transform(node)?;
    let op = LinearClassifier { coefficients, intercepts, labels, post_transform };
    Ok(Ml::LinearClassifier(Arc::new(op)).into())
}

pub(super) fn linear_regressor(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let n_targets = size("targets", node.int_or("targets", 1)?)?;
    let coefficients = coefficients(node)?;
    check_multiple(&coefficients, n_targets)?;
    let mut intercepts = node.floats("intercepts")?.unwrap_or_default().to_vec();
    if intercepts.len() != n_targets {
        intercepts.clear();
    }
    let post_transform = post_transform(node)?;
    Ok(Ml::LinearRegressor(Arc::new(LinearRegressor { coefficients, intercepts, n_targets, post_transform }))
        .into())
}

pub(super) fn svm_classifier(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let vectors_per_class: Result<Vec<usize>, _> = node
        .ints("vectors_per_class")?
        .unwrap_or_default()
        .iter()
        .map(|&n| size("vectors_per_class", n))
        .collect();
    let mut vectors_per_class = vectors_per_class?;
    let n_vectors = vectors_per_class.iter().fold(0usize, |sum, &n| sum.saturating_add(n));
    if n_vectors == 0 {
        vectors_per_class.clear();
    }
    let op = SvmClassifier {
        kernel: if n_vectors == 0 { Kernel::Linear } else { kernel(node)? },
        support_vectors: node.floats("support_vectors")?.unwrap_or_default().to_vec(),
        vectors_per_class,
        coefficients: coefficients(node)?,
        rho: node.floats("rho")?.unwrap_or_default().to_vec(),
        prob_a: node.floats("prob_a")?.unwrap_or_default().to_vec(),
        prob_b: node.floats("prob_b")?.unwrap_or_default().to_vec(),
        labels: labels(node, "classlabels_strings", "classlabels_ints")?,
        post_transform: post_transform(node)?,
    };
    check_svm(&op, n_vectors)?;
    Ok(Ml::SvmClassifier(Arc::new(op)).into())
}

fn check_svm(op: &SvmClassifier, n_vectors: usize) -> Result<(), LowerError> {
    let n_classes = op.labels.len();
    // Pairs of classes are counted in many places: the square must not overflow, nor fill the memory.
    if n_classes > 1 << 15 {
        return Err(LowerError::attribute("classlabels_ints", "at most 32768 classes", n_classes));
    }
    if n_vectors == 0 {
        check_multiple(&op.coefficients, n_classes)?;
        return at_least("rho", op.rho.len(), 1);
    }
    if op.vectors_per_class.len() != n_classes {
        let expected = format!("one number for each of {n_classes} classes");
        return Err(LowerError::attribute("vectors_per_class", expected, op.vectors_per_class.len()));
    }
    if !op.support_vectors.len().is_multiple_of(n_vectors) {
        let expected = format!("a multiple of {n_vectors} numbers");
        return Err(LowerError::attribute("support_vectors", expected, op.support_vectors.len()));
    }
    let n_pairs = n_classes * (n_classes - 1) / 2;
    at_least("coefficients", op.coefficients.len(), (n_classes - 1).saturating_mul(n_vectors))?;
    at_least("rho", op.rho.len(), n_pairs)?;
    if op.prob_a.is_empty() && op.prob_b.is_empty() {
        return Ok(());
    }
    at_least("prob_a", op.prob_a.len(), n_pairs.max(1))?;
    at_least("prob_b", op.prob_b.len(), n_pairs.max(1))
}

pub(super) fn svm_regressor(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let n_vectors = size("n_supports", node.int_or("n_supports", 0)?)?;
    let support_vectors = node.floats("support_vectors")?.unwrap_or_default().to_vec();
    let coefficients = coefficients(node)?;
    if n_vectors > 0 {
        at_least("coefficients", coefficients.len(), n_vectors)?;
        if !support_vectors.len().is_multiple_of(n_vectors) {
            let expected = format!("a multiple of {n_vectors} numbers");
            return Err(LowerError::attribute("support_vectors", expected, support_vectors.len()));
        }
    }
    let op = SvmRegressor {
        kernel: if n_vectors == 0 { Kernel::Linear } else { kernel(node)? },
        support_vectors,
        n_vectors,
        coefficients,
        rho: node.floats("rho")?.and_then(|rho| rho.first().copied()).unwrap_or(0.0),
        one_class: node.flag("one_class", false)?,
    };
    Ok(Ml::SvmRegressor(Arc::new(op)).into())
}

fn kernel(node: &NodeContext<'_, '_>) -> Result<Kernel, LowerError> {
    let (gamma, coef0, degree) = match node.floats("kernel_params")?.unwrap_or_default() {
        [] => (0.0, 0.0, 0.0),
        &[gamma, coef0, degree, ..] => (gamma, coef0, degree),
        other => return Err(LowerError::attribute("kernel_params", "gamma, coef0 and degree", other)),
    };
    Ok(match node.string_or("kernel_type", "LINEAR")?.as_str() {
        "LINEAR" => Kernel::Linear,
        "POLY" => Kernel::Poly { gamma, coef0, degree },
        "RBF" => Kernel::Rbf { gamma },
        "SIGMOID" => Kernel::Sigmoid { gamma, coef0 },
        other => return Err(LowerError::attribute("kernel_type", "LINEAR, POLY, RBF or SIGMOID", other)),
    })
}

fn coefficients(node: &NodeContext<'_, '_>) -> Result<Vec<f32>, LowerError> {
    match node.floats("coefficients")? {
        Some(coefficients) if !coefficients.is_empty() => Ok(coefficients.to_vec()),
        _ => Err(LowerError::MissingAttribute("coefficients".into())),
    }
}

fn check_multiple(coefficients: &[f32], n: usize) -> Result<(), LowerError> {
    if n == 0 || !coefficients.len().is_multiple_of(n) {
        return Err(LowerError::attribute(
            "coefficients",
            format!("a multiple of {n} numbers"),
            coefficients.len(),
        ));
    }
    Ok(())
}

fn at_least(name: &str, len: usize, n: usize) -> Result<(), LowerError> {
    if len < n {
        return Err(LowerError::attribute(name, format!("at least {n} numbers"), len));
    }
    Ok(())
}
