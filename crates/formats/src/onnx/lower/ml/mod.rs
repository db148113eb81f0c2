//! Lowering of the ml family: classical machine learning, with tables and trees checked once, here.

mod label;
mod linear;
mod tree;

use std::sync::Arc;

use dunlin_ir::op::Ml;
use dunlin_ir::op::ml::{CastMap, Imputer, Labels, Norm, OneHotEncoder, PostTransform, Scaler};
use dunlin_ir::{DType, Tensor};

use super::table::ML;
use super::{LowerError, Lowered, NodeContext, Row};

/// The operators of this family.
pub(super) const TABLE: &[Row] = &[
    Row::of(ML, "ArrayFeatureExtractor", |_| Ok(Ml::ArrayFeatureExtractor.into())),
    Row::of(ML, "Binarizer", |node| Ok(Ml::Binarizer(node.float_or("threshold", 0.0)?).into())),
    Row::of(ML, "CastMap", cast_map),
    Row::of(ML, "CategoryMapper", label::category_mapper),
    Row::of(ML, "DictVectorizer", dict_vectorizer),
    Row::of(ML, "FeatureVectorizer", feature_vectorizer),
    Row::of(ML, "Imputer", imputer),
    Row::of(ML, "LabelEncoder", label::label_encoder),
    Row::of(ML, "LinearClassifier", linear::linear_classifier),
    Row::of(ML, "LinearRegressor", linear::linear_regressor),
    Row::of(ML, "Normalizer", normalizer),
    Row::of(ML, "OneHotEncoder", one_hot_encoder),
    Row::of(ML, "SVMClassifier", linear::svm_classifier),
    Row::of(ML, "SVMRegressor", linear::svm_regressor),
    Row::of(ML, "Scaler", scaler),
    Row::of(ML, "TreeEnsemble", tree::tree_ensemble),
    Row::of(ML, "TreeEnsembleClassifier", tree::tree_classifier),
    Row::of(ML, "TreeEnsembleRegressor", tree::tree_regressor),
    Row::of(ML, "ZipMap", zip_map),
];

fn cast_map(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let to = match node.string_or("cast_to", "TO_FLOAT")?.as_str() {
        "TO_FLOAT" => DType::F32,
        "TO_INT64" => DType::I64,
        "TO_STRING" => DType::String,
        other => return Err(LowerError::attribute("cast_to", "TO_FLOAT, TO_INT64 or TO_STRING", other)),
    };
    let n_columns = match node.string_or("map_form", "DENSE")?.as_str() {
        "DENSE" => None,
        "SPARSE" => Some(size("max_map", node.int_or("max_map", 1)?)?),
        other => return Err(LowerError::attribute("map_form", "DENSE or SPARSE", other)),
    };
    Ok(Ml::CastMap(CastMap { to, n_columns }).into())
}

fn dict_vectorizer(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let words = labels(node, "string_vocabulary", "int64_vocabulary")?;
    Ok(Ml::DictVectorizer(Arc::new(words)).into())
}

fn feature_vectorizer(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let widths = node.ints("inputdimensions")?.unwrap_or_default();
    if widths.len() != node.inputs.len() {
        let expected = format!("one number for each of {} inputs", node.inputs.len());
        return Err(LowerError::attribute("inputdimensions", expected, widths.len()));
    }
    let widths: Result<_, _> = widths.iter().map(|&n| size("inputdimensions", n)).collect();
    let widths: smallvec::SmallVec<[usize; 4]> = widths?;
    if widths.iter().try_fold(0usize, |sum, &n| sum.checked_add(n)).is_none() {
        return Err(LowerError::attribute("inputdimensions", "a sum that can be addressed", widths));
    }
    Ok(Ml::FeatureVectorizer(widths).into())
}

fn imputer(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let floats = node.floats("imputed_value_floats")?.unwrap_or_default();
    let ints = node.ints("imputed_value_int64s")?.unwrap_or_default();
    let imputer = match (floats, ints) {
        ([], []) => return Err(LowerError::MissingAttribute("imputed_value_floats".into())),
        ([], ints) => {
            Imputer::Ints { replaced: node.int_or("replaced_value_int64", 0)?, imputed: ints.to_vec() }
        }
        (floats, []) => Imputer::Floats {
            replaced: node.float_or("replaced_value_float", 0.0)?,
            imputed: floats.to_vec(),
        },
        _ => {
            let expected = "to be absent where imputed_value_floats is present";
            return Err(LowerError::attribute("imputed_value_int64s", expected, ints.len()));
        }
    };
    Ok(Ml::Imputer(Arc::new(imputer)).into())
}

fn normalizer(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let norm = match node.string_or("norm", "MAX")?.as_str() {
        "MAX" => Norm::Max,
        "L1" => Norm::L1,
        "L2" => Norm::L2,
        other => return Err(LowerError::attribute("norm", "MAX, L1 or L2", other)),
    };
    Ok(Ml::Normalizer(norm).into())
}

fn one_hot_encoder(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let categories = labels(node, "cats_strings", "cats_int64s")?;
    let allows_unknown = node.flag("zeros", true)?;
    Ok(Ml::OneHotEncoder(Arc::new(OneHotEncoder { categories, allows_unknown })).into())
}

fn scaler(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let scale = node.floats("scale")?.unwrap_or_default().to_vec();
    let offset = node.floats("offset")?.unwrap_or_default().to_vec();
    if scale.is_empty() || scale.len() != offset.len() {
        return Err(LowerError::attribute("scale", "as many numbers as offset, at least one", scale.len()));
    }
    Ok(Ml::Scaler(Arc::new(Scaler { offset, scale })).into())
}

fn zip_map(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let labels = labels(node, "classlabels_strings", "classlabels_int64s")?;
    Ok(Ml::ZipMap(Arc::new(labels)).into())
}

/// The labels in one of two attributes, of which just one must hold some.
fn labels(node: &NodeContext<'_, '_>, strings: &str, ints: &str) -> Result<Labels, LowerError> {
    let labels = optional_labels(node, strings, ints)?;
    if labels.is_empty() {
        return Err(LowerError::MissingAttribute(strings.into()));
    }
    Ok(labels)
}

/// The labels in one of two attributes; no integers if both are empty.
fn optional_labels(node: &NodeContext<'_, '_>, strings: &str, ints: &str) -> Result<Labels, LowerError> {
    let words = node.strings(strings)?.unwrap_or_default();
    let numbers = node.ints(ints)?.unwrap_or_default();
    match (words.is_empty(), numbers.is_empty()) {
        (false, false) => {
            let expected = format!("to be absent where {strings} is present");
            Err(LowerError::attribute(ints, expected, numbers.len()))
        }
        (false, true) => Ok(Labels::Strings(words)),
        (true, _) => Ok(Labels::Ints(numbers.to_vec())),
    }
}

fn post_transform(node: &NodeContext<'_, '_>) -> Result<PostTransform, LowerError> {
    Ok(match node.string_or("post_transform", "NONE")?.as_str() {
        "NONE" => PostTransform::None,
        "LOGISTIC" => PostTransform::Logistic,
        "SOFTMAX" => PostTransform::Softmax,
        "SOFTMAX_ZERO" => PostTransform::SoftmaxZero,
        "PROBIT" => PostTransform::Probit,
        other => {
            let expected = "NONE, LOGISTIC, SOFTMAX, SOFTMAX_ZERO or PROBIT";
            return Err(LowerError::attribute("post_transform", expected, other));
        }
    })
}

/// A number of things, from an attribute.
fn size(name: &str, n: i64) -> Result<usize, LowerError> {
    usize::try_from(n).map_err(|_| LowerError::attribute(name, "a number that is not negative", n))
}

/// The numbers of an attribute tensor of floats.
fn doubles(name: &str, tensor: &Tensor) -> Result<Vec<f64>, LowerError> {
    let tensor = tensor.to_aligned()?;
    Ok(match tensor.dtype() {
        DType::F64 => tensor.view::<f64>()?.to_vec(),
        DType::F32 => tensor.view::<f32>()?.iter().map(|&x| x.into()).collect(),
        DType::F16 => tensor.view::<half::f16>()?.iter().map(|&x| x.into()).collect(),
        other => return Err(LowerError::attribute(name, "a tensor of floats", other)),
    })
}

/// The numbers of a list of floats, or of the attribute tensor that stands in for it.
fn floats_or_tensor(node: &NodeContext<'_, '_>, name: &str) -> Result<Vec<f64>, LowerError> {
    let in_tensor = format!("{name}_as_tensor");
    let floats = node.floats(name)?.unwrap_or_default();
    match node.tensor(&in_tensor)? {
        Some(tensor) if !tensor.is_empty() => doubles(&in_tensor, &tensor),
        _ => Ok(floats.iter().map(|&x| x.into()).collect()),
    }
}
