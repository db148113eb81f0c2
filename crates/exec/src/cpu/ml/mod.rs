//! Execution of the ml family: classical machine learning.
//!
//! Tables and forests are prepared once, in `pack`; a step that was not packed (constant
//! folding) prepares its model on the spot.

mod column;
mod forest;
mod label;
mod linear;
mod map;
mod score;
mod svm;
mod tree;

use std::sync::Arc;

use dunlin_ir::op::Ml;
use dunlin_ir::{DType, Tensor};

use super::arms::built;
use crate::plan::Packed;
use crate::{Ctx, Inputs, OpError, Outputs};

/// Prepares the model of a step.
pub(crate) fn pack(op: &Ml) -> Result<Option<Arc<dyn Packed>>, OpError> {
    built!(match op {
        Ml::Codec(op) => Ok(Some(Arc::new(label::Codec::new(op)))),
        Ml::LabelEncoder(op) => Ok(Some(Arc::new(label::Table::new(op)?))),
        Ml::OneHotEncoder(op) => Ok(Some(Arc::new(label::Index::new(&op.categories)))),
        Ml::TreeClassifier(op) => Ok(Some(Arc::new(forest::PackedForest::new(&op.forest)?))),
        Ml::TreeRegressor(op) => Ok(Some(Arc::new(forest::PackedForest::new(&op.forest)?))),
        _ => Ok(None),
    })
}

/// Computes one step.
pub(crate) fn run(op: &Ml, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    built!(match op {
        Ml::ArrayFeatureExtractor => column::extract(inputs, ctx),
        Ml::Binarizer(threshold) => column::binarize(*threshold, inputs, ctx),
        Ml::CastMap(op) => map::cast(op, inputs, ctx),
        Ml::Codec(op) => label::codec(op, inputs, ctx),
        Ml::DictVectorizer(words) => map::vectorize(words, inputs, ctx),
        Ml::FeatureVectorizer(widths) => column::vectorize(widths, inputs, ctx),
        Ml::Imputer(op) => column::impute(op, inputs, ctx),
        Ml::LabelEncoder(op) => label::encode(op, inputs, ctx),
        Ml::LinearClassifier(op) => linear::classify(op, inputs, ctx),
        Ml::LinearRegressor(op) => linear::regress(op, inputs, ctx),
        Ml::Normalizer(norm) => column::normalize(*norm, inputs, ctx),
        Ml::OneHotEncoder(op) => label::one_hot(op, inputs, ctx),
        Ml::Scaler(op) => column::scale(op, inputs, ctx),
        Ml::SvmClassifier(op) => svm::classify(op, inputs, ctx),
        Ml::SvmRegressor(op) => svm::regress(op, inputs, ctx),
        Ml::TreeClassifier(op) => tree::classify(op, inputs, ctx),
        Ml::TreeRegressor(op) => tree::regress(op, inputs, ctx),
        Ml::ZipMap(labels) => map::zip(labels, inputs, ctx),
    })
}

/// What a step's packed form is, or what is made on the spot if it has none.
enum Prepared<'a, P> {
    Packed(&'a P),
    Here(P),
}

impl<P> std::ops::Deref for Prepared<'_, P> {
    type Target = P;

    fn deref(&self) -> &P {
        match self {
            Prepared::Packed(packed) => packed,
            Prepared::Here(here) => here,
        }
    }
}

fn prepared<'a, P: Packed>(
    ctx: &Ctx<'a>,
    make: impl FnOnce() -> Result<P, OpError>,
) -> Result<Prepared<'a, P>, OpError> {
    match ctx.packed::<P>() {
        Some(packed) => Ok(Prepared::Packed(packed)),
        None => make().map(Prepared::Here),
    }
}

/// The rows and columns of an input: a vector is one row.
fn matrix(x: &Tensor) -> Result<(usize, usize), OpError> {
    match *x.shape().dims() {
        [n_columns] => Ok((1, n_columns)),
        [n_rows, n_columns] => Ok((n_rows, n_columns)),
        _ => Err(OpError::shape("a vector or a matrix", x.shape())),
    }
}

/// The input as `float32`, of which it may be any number that the standard allows.
fn as_f32(x: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    fn converted<T: Copy>(
        x: &Tensor,
        elements: &[T],
        ctx: &Ctx<'_>,
        to: impl Fn(T) -> f32,
    ) -> Result<Tensor, OpError> {
        let mut out = ctx.alloc(DType::F32, x.shape().clone())?;
        for (out, &x) in out.view_mut::<f32>()?.iter_mut().zip(elements) {
            *out = to(x);
        }
        Ok(out)
    }
    match x.dtype() {
        DType::F32 => Ok(x.clone()),
        DType::F64 => converted(x, x.view::<f64>()?, ctx, |x| x as f32),
        DType::F16 => converted(x, x.view::<half::f16>()?, ctx, half::f16::to_f32),
        DType::I64 => converted(x, x.view::<i64>()?, ctx, |x| x as f32),
        DType::I32 => converted(x, x.view::<i32>()?, ctx, |x| x as f32),
        other => Err(OpError::dtype("float32, float64, float16, int64 or int32", other)),
    }
}
