//! Operators of classical machine learning: trees, linear models, support vectors, scalers, encoders.

mod forest;

use std::sync::Arc;

use smallvec::SmallVec;

use crate::infer::{self, Fact, Facts, Inferred};
use crate::{DType, Dim, Dims, Tensor, Type};

pub use forest::{Branch, Child, Forest, ForestError, Leaf, Test};

/// Operators of classical machine learning: trees, linear models, support vectors, scalers, encoders.
///
/// Attributes that grow with the model are shared, so that operators are cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub enum Ml {
    /// Columns of the last axis by index.
    ArrayFeatureExtractor,
    /// 1 where the input is greater than this threshold, else 0.
    Binarizer(f32),
    /// A map's values as a row.
    CastMap(CastMap),
    /// Strings to integers or back, whichever the input is not.
    Codec(Arc<Codec>),
    /// A map's values as a row, one column per word of a vocabulary.
    DictVectorizer(Arc<Labels>),
    /// Inputs side by side as floats; each is cut or padded to this many columns.
    FeatureVectorizer(SmallVec<[usize; 4]>),
    /// Replaces one value by others.
    Imputer(Arc<Imputer>),
    /// Elements looked up in a table.
    LabelEncoder(Arc<LabelEncoder>),
    /// Class and scores of a linear model.
    LinearClassifier(Arc<LinearClassifier>),
    /// Values of a linear model.
    LinearRegressor(Arc<LinearRegressor>),
    /// Rows divided by their norm.
    Normalizer(Norm),
    /// One column per category.
    OneHotEncoder(Arc<OneHotEncoder>),
    /// `(x - offset) * scale`, per column.
    Scaler(Arc<Scaler>),
    /// Class and scores of a support vector machine.
    SvmClassifier(Arc<SvmClassifier>),
    /// Values of a support vector machine.
    SvmRegressor(Arc<SvmRegressor>),
    /// Class and scores of an ensemble of trees.
    TreeClassifier(Arc<TreeClassifier>),
    /// Values of an ensemble of trees.
    TreeRegressor(Arc<TreeRegressor>),
    /// One map per row, from the classes to the row's elements.
    ZipMap(Arc<Labels>),
}

/// Names of classes or words of a vocabulary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Labels {
    /// Numbers.
    Ints(Vec<i64>),
    /// Words.
    Strings(Vec<String>),
}

/// What is done to scores in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PostTransform {
    /// Nothing.
    #[default]
    None,
    /// `1 / (1 + e^-x)` of each.
    Logistic,
    /// Softmax of all.
    Softmax,
    /// Softmax of those that are not zero.
    SoftmaxZero,
    /// The inverse of the normal distribution function.
    Probit,
}

/// What a map's values are turned into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CastMap {
    /// `float32`, `int64` or `string`.
    pub to: DType,
    /// The width of the row if keys are columns; `None` puts the values in the order of their keys.
    pub n_columns: Option<usize>,
}

/// Pairs of a string and an integer, to be looked up from either side.
#[derive(Debug, Clone, PartialEq)]
pub struct Codec {
    /// The strings.
    pub strings: Vec<String>,
    /// Their numbers.
    pub ints: Vec<i64>,
    /// For unknown numbers.
    pub default_string: String,
    /// For unknown strings.
    pub default_int: i64,
}

/// Replaces one value by others.
#[derive(Debug, Clone, PartialEq)]
pub enum Imputer {
    /// In tensors of floats; `replaced` may be NaN.
    Floats {
        /// The value to be replaced.
        replaced: f32,
        /// By what: one value, or one per column.
        imputed: Vec<f32>,
    },
    /// In tensors of integers.
    Ints {
        /// The value to be replaced.
        replaced: i64,
        /// By what: one value, or one per column.
        imputed: Vec<i64>,
    },
}

/// A table from keys to values.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelEncoder {
    /// The keys, of the input's element type; the first of equal ones counts, NaN equals NaN.
    pub keys: Tensor,
    /// As many values.
    pub values: Tensor,
    /// One element: the value of every other key.
    pub default: Tensor,
}

/// A linear model with a class per row of coefficients.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearClassifier {
    /// `[n_scores, n_features]`, row-major.
    pub coefficients: Vec<f32>,
    /// One per score: their number is that of the scores.
    pub intercepts: Vec<f32>,
    /// The classes.
    pub labels: Labels,
    /// What is done to the scores.
    pub post_transform: PostTransform,
}

/// A linear model.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearRegressor {
    /// `[n_targets, n_features]`, row-major.
    pub coefficients: Vec<f32>,
    /// One per target, or none.
    pub intercepts: Vec<f32>,
    /// How many values there are per row.
    pub n_targets: usize,
    /// What is done to the values.
    pub post_transform: PostTransform,
}

/// By what rows are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Norm {
    /// The largest element.
    Max,
    /// The sum of absolute values.
    L1,
    /// The root of the sum of squares.
    L2,
}

/// One column per category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneHotEncoder {
    /// The categories.
    pub categories: Labels,
    /// Whether an unknown category gives zeros; else it is an error.
    pub allows_unknown: bool,
}

/// Moves and scales columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaler {
    /// Subtracted first: one number, or one per column.
    pub offset: Vec<f32>,
    /// Multiplied with next: one number, or one per column.
    pub scale: Vec<f32>,
}

/// How two vectors are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kernel {
    /// `a . b`
    Linear,
    /// `(gamma a . b + coef0) ^ degree`
    Poly {
        /// Factor.
        gamma: f32,
        /// Summand.
        coef0: f32,
        /// Exponent.
        degree: f32,
    },
    /// `e ^ (-gamma |a - b|^2)`
    Rbf {
        /// Factor.
        gamma: f32,
    },
    /// `tanh(gamma a . b + coef0)`
    Sigmoid {
        /// Factor.
        gamma: f32,
        /// Summand.
        coef0: f32,
    },
}

/// A classifier that compares with support vectors, or, without them, a linear one.
#[derive(Debug, Clone, PartialEq)]
pub struct SvmClassifier {
    /// How vectors are compared.
    pub kernel: Kernel,
    /// `[n_vectors, n_features]`, ordered by class; empty for a linear model.
    pub support_vectors: Vec<f32>,
    /// How many vectors there are of each class; empty for a linear model.
    pub vectors_per_class: Vec<usize>,
    /// `[n_classes - 1, n_vectors]`, or `[n_classes, n_features]` of a linear model.
    pub coefficients: Vec<f32>,
    /// Summand per pair of classes; of a linear model the first counts.
    pub rho: Vec<f32>,
    /// Slopes of the logistic functions that give probabilities, per pair of classes; or none.
    pub prob_a: Vec<f32>,
    /// Summands of the logistic functions.
    pub prob_b: Vec<f32>,
    /// The classes.
    pub labels: Labels,
    /// What is done to the scores.
    pub post_transform: PostTransform,
}

/// A regressor that compares with support vectors, or, without them, a linear one.
#[derive(Debug, Clone, PartialEq)]
pub struct SvmRegressor {
    /// How vectors are compared.
    pub kernel: Kernel,
    /// `[n_vectors, n_features]`; empty for a linear model.
    pub support_vectors: Vec<f32>,
    /// How many vectors there are; 0 for a linear model.
    pub n_vectors: usize,
    /// `[n_vectors]`, or `[n_features]` of a linear model.
    pub coefficients: Vec<f32>,
    /// Summand.
    pub rho: f32,
    /// Whether only the sign is given, as 1 or -1.
    pub one_class: bool,
}

/// How the trees' values are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Aggregate {
    /// Their sum.
    #[default]
    Sum,
    /// Their sum, divided by the number of trees.
    Average,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

/// Trees whose leaves vote for classes.
#[derive(Debug, Clone, PartialEq)]
pub struct TreeClassifier {
    /// The trees; their targets are the classes.
    pub forest: Forest,
    /// The classes.
    pub labels: Labels,
    /// Added to the scores: none, one per class, or one for two classes.
    pub base_values: Vec<f64>,
    /// What is done to the scores.
    pub post_transform: PostTransform,
}

/// Trees whose leaves hold values.
#[derive(Debug, Clone, PartialEq)]
pub struct TreeRegressor {
    /// The trees.
    pub forest: Forest,
    /// How the trees' values are put together.
    pub aggregate: Aggregate,
    /// Added to the values: none, or one per target.
    pub base_values: Vec<f64>,
    /// What is done to the values.
    pub post_transform: PostTransform,
    /// Whether the output has the input's element type; else it is `float32`.
    pub keeps_dtype: bool,
}

impl Labels {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Labels::Ints(ints) => ints.len(),
            Labels::Strings(strings) => strings.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element type of a tensor of them.
    pub fn dtype(&self) -> DType {
        match self {
            Labels::Ints(_) => DType::I64,
            Labels::Strings(_) => DType::String,
        }
    }
}

impl LinearClassifier {
    /// How many scores there are per row: two where one score tells two classes apart.
    pub fn n_scores(&self) -> usize {
        if self.intercepts.len() == 1 && self.labels.len() == 2 { 2 } else { self.intercepts.len() }
    }
}

impl SvmClassifier {
    /// How many scores there are per row: one per class, or without probabilities one per pair of classes.
    pub fn n_scores(&self) -> usize {
        let n_classes = self.labels.len();
        match self.vectors_per_class.is_empty() || !self.prob_a.is_empty() {
            true => n_classes,
            false if n_classes > 2 => n_classes * (n_classes - 1) / 2,
            false => 2,
        }
    }
}

impl Ml {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match self {
            Ml::ArrayFeatureExtractor => "ArrayFeatureExtractor",
            Ml::Binarizer(_) => "Binarizer",
            Ml::CastMap(_) => "CastMap",
            Ml::Codec(_) => "CategoryMapper",
            Ml::DictVectorizer(_) => "DictVectorizer",
            Ml::FeatureVectorizer(_) => "FeatureVectorizer",
            Ml::Imputer(_) => "Imputer",
            Ml::LabelEncoder(_) => "LabelEncoder",
            Ml::LinearClassifier(_) => "LinearClassifier",
            Ml::LinearRegressor(_) => "LinearRegressor",
            Ml::Normalizer(_) => "Normalizer",
            Ml::OneHotEncoder(_) => "OneHotEncoder",
            Ml::Scaler(_) => "Scaler",
            Ml::SvmClassifier(_) => "SVMClassifier",
            Ml::SvmRegressor(_) => "SVMRegressor",
            Ml::TreeClassifier(_) => "TreeEnsembleClassifier",
            Ml::TreeRegressor(_) => "TreeEnsembleRegressor",
            Ml::ZipMap(_) => "ZipMap",
        }
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, facts: &Facts<'_>) -> Inferred {
        let same_dims = || facts.dims(0).map(SmallVec::from);
        let float = |dims: Dims| infer::one(Some(DType::F32), dims);
        let row = |n: Dim| infer::dims([Dim::Known(1), n]);
        match self {
            Ml::ArrayFeatureExtractor => infer::one(facts.dtype(0), extracted(facts)),
            Ml::Binarizer(_) | Ml::Imputer(_) => infer::one(facts.dtype(0), same_dims()),
            Ml::CastMap(op) => infer::one(Some(op.to), row(op.n_columns.map_or(Dim::Unknown, Dim::Known))),
            Ml::Codec(_) => infer::one(decoded(facts.dtype(0)), same_dims()),
            Ml::DictVectorizer(words) => infer::one(map_value(facts), row(Dim::Known(words.len()))),
            Ml::FeatureVectorizer(widths) => float(rows(facts, widths.iter().sum())),
            Ml::LabelEncoder(op) => infer::one(Some(op.values.dtype()), same_dims()),
            Ml::LinearClassifier(op) => classified(facts, &op.labels, op.n_scores()),
            Ml::LinearRegressor(op) => float(rows(facts, op.n_targets)),
            Ml::Normalizer(_) | Ml::Scaler(_) => float(same_dims()),
            Ml::OneHotEncoder(op) => float(same_dims().map(|mut dims: SmallVec<[Dim; 4]>| {
                dims.push(Dim::Known(op.categories.len()));
                dims
            })),
            Ml::SvmClassifier(op) => classified(facts, &op.labels, op.n_scores()),
            Ml::SvmRegressor(_) => float(rows(facts, 1)),
            Ml::TreeClassifier(op) => classified(facts, &op.labels, op.forest.n_targets()),
            Ml::TreeRegressor(op) => {
                let dtype = if op.keeps_dtype { facts.dtype(0) } else { Some(DType::F32) };
                infer::one(dtype, rows(facts, op.forest.n_targets()))
            }
            Ml::ZipMap(labels) => {
                let value = Type::partial(Some(DType::F32), infer::dims([]));
                let map = Type::Map(labels.dtype(), Box::new(value));
                smallvec::smallvec![Fact::of(Type::Sequence(Box::new(map)))]
            }
        }
    }
}

/// The number of rows of the first input: a vector is one row.
fn n_rows(facts: &Facts<'_>) -> Dim {
    match facts.dims(0) {
        Some([_]) => Dim::Known(1),
        Some([n, ..]) => n.clone(),
        _ => Dim::Unknown,
    }
}

fn rows(facts: &Facts<'_>, n_columns: usize) -> Dims {
    infer::dims([n_rows(facts), Dim::Known(n_columns)])
}

fn classified(facts: &Facts<'_>, labels: &Labels, n_scores: usize) -> Inferred {
    let label = Fact::new(Some(labels.dtype()), infer::dims([n_rows(facts)]));
    smallvec::smallvec![label, Fact::new(Some(DType::F32), rows(facts, n_scores))]
}

fn decoded(dtype: Option<DType>) -> Option<DType> {
    match dtype? {
        DType::String => Some(DType::I64),
        DType::I64 => Some(DType::String),
        _ => None,
    }
}

fn map_value(facts: &Facts<'_>) -> Option<DType> {
    match &facts.fact(0)?.ty {
        Type::Map(_, value) => value.dtype(),
        _ => None,
    }
}

fn extracted(facts: &Facts<'_>) -> Dims {
    let mut dims: SmallVec<[Dim; 4]> = facts.dims(0)?.into();
    let n = match facts.dims(1) {
        Some(indices) => indices.iter().try_fold(1usize, |n, dim| n.checked_mul(dim.known()?)),
        None => None,
    };
    *dims.last_mut()? = n.map_or(Dim::Unknown, Dim::Known);
    if dims.len() == 1 {
        dims.insert(0, Dim::Known(1));
    }
    Some(dims)
}
