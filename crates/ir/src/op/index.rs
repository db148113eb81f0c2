//! Operators of indexing and selection: gather, scatter, top-k, unique, non-maximum suppression.

use crate::infer::{self, Fact, Facts, Inferred};
use crate::{DType, Dim, Dims, resolve_axis};

/// Operators of indexing and selection: gather, scatter, top-k, unique, non-maximum suppression.
///
/// Indices are `int64` or `int32`, and negative ones count from the end.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Index {
    /// The slices of input 0 along an axis that input 1 names.
    Gather(Axis),
    /// For each element of input 1, the element of input 0 at its place with the axis' index replaced.
    GatherElements(Axis),
    /// The slices of input 0 at the index tuples in the last axis of input 1.
    GatherNd(GatherNd),
    /// Boxes (input 0) of the best scores (input 1) that do not overlap a better one: inputs 2 to 4 are the most
    /// boxes per class, and the thresholds of overlap and score.
    NonMaxSuppression(NonMaxSuppression),
    /// The indices of all elements that are not zero, `[rank, n]`.
    NonZero,
    /// Inputs `indices`, `depth`, `[off, on]`: a new axis of size `depth` that is `on` at the index.
    OneHot(Axis),
    /// Input 0 with elements written (or combined) at the places that input 1 names: the reverse of `GatherElements`.
    ScatterElements(ScatterElements),
    /// Input 0 with slices written (or combined) at the index tuples in input 1: the reverse of `GatherNd`.
    ScatterNd(Reduction),
    /// A cache (input 0) with an update (input 1) written from each batch's position (input 2) on.
    TensorScatter(TensorScatter),
    /// The largest or smallest elements along an axis, and their indices; input 1 says how many.
    TopK(TopK),
    /// Distinct elements or slices; where each was first, where each element went, and how often each was seen.
    Unique(Unique),
}

/// The axis of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Axis {
    /// May count from the end.
    pub axis: i64,
}

/// The attributes of [`Index::GatherNd`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct GatherNd {
    /// How many leading axes both inputs share.
    pub batch_dims: usize,
}

/// The attributes of [`Index::NonMaxSuppression`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct NonMaxSuppression {
    /// Whether boxes are `[x_center, y_center, width, height]` rather than two corners `[y1, x1, y2, x2]`.
    pub center_point_box: bool,
}

/// How an update meets what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Reduction {
    /// It replaces it.
    None,
    /// Their sum.
    Add,
    /// Their product.
    Mul,
    /// The larger.
    Max,
    /// The smaller.
    Min,
}

/// The attributes of [`Index::ScatterElements`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct ScatterElements {
    /// The axis whose index is replaced.
    pub axis: i64,
    /// How an update meets what is there.
    pub reduction: Reduction,
}

/// The attributes of [`Index::TensorScatter`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct TensorScatter {
    /// The axis of the sequence; not the first.
    pub axis: i64,
    /// Whether positions wrap around the end.
    pub circular: bool,
}

/// The attributes of [`Index::TopK`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct TopK {
    /// The axis; may count from the end.
    pub axis: i64,
    /// The largest rather than the smallest.
    pub largest: bool,
    /// Whether they come in order.
    pub sorted: bool,
}

/// The attributes of [`Index::Unique`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Unique {
    /// The axis whose slices are compared; the elements of the flattened input if there is none.
    pub axis: Option<i64>,
    /// In ascending order rather than in that of first appearance.
    pub sorted: bool,
}

impl Index {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match self {
            Index::Gather(_) => "Gather",
            Index::GatherElements(_) => "GatherElements",
            Index::GatherNd(_) => "GatherND",
            Index::NonMaxSuppression(_) => "NonMaxSuppression",
            Index::NonZero => "NonZero",
            Index::OneHot(_) => "OneHot",
            Index::ScatterElements(_) => "ScatterElements",
            Index::ScatterNd(_) => "ScatterND",
            Index::TensorScatter(_) => "TensorScatter",
            Index::TopK(_) => "TopK",
            Index::Unique(_) => "Unique",
        }
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, facts: &Facts<'_>) -> Inferred {
        let like_first = |dims| infer::one(facts.dtype(0), dims);
        match self {
            Index::Gather(op) => like_first(op.gather_dims(facts)),
            Index::GatherElements(_) => like_first(facts.dims(1).map(Into::into)),
            Index::GatherNd(op) => like_first(op.dims(facts)),
            Index::NonMaxSuppression(_) => {
                infer::one(Some(DType::I64), infer::dims([Dim::Unknown, Dim::Known(3)]))
            }
            Index::NonZero => infer::one(Some(DType::I64), non_zero_dims(facts)),
            Index::OneHot(op) => infer::one(facts.dtype(2), op.one_hot_dims(facts)),
            Index::ScatterElements(_) | Index::ScatterNd(_) | Index::TensorScatter(_) => {
                like_first(facts.dims(0).map(Into::into))
            }
            Index::TopK(op) => {
                let dims = op.dims(facts);
                let indices = Fact::new(Some(DType::I64), dims.clone());
                smallvec::smallvec![Fact::new(facts.dtype(0), dims), indices]
            }
            Index::Unique(op) => op.infer(facts),
        }
    }
}

impl Axis {
    fn gather_dims(self, facts: &Facts<'_>) -> Dims {
        let (data, indices) = (facts.dims(0)?, facts.dims(1)?);
        let axis = resolve_axis(self.axis, data.len())?;
        infer::dims(data[..axis].iter().chain(indices).chain(&data[axis + 1..]).cloned())
    }

    fn one_hot_dims(self, facts: &Facts<'_>) -> Dims {
        let mut dims: smallvec::SmallVec<[Dim; 4]> = facts.dims(0)?.into();
        let axis = resolve_axis(self.axis, dims.len() + 1)?;
        let depth = facts.ints(1).and_then(|depth| usize::try_from(*depth.first()?).ok());
        dims.insert(axis, depth.map_or(Dim::Unknown, Dim::Known));
        Some(dims)
    }
}

impl GatherNd {
    fn dims(self, facts: &Facts<'_>) -> Dims {
        let (data, indices) = (facts.dims(0)?, facts.dims(1)?);
        let (tuple, outer) = indices.split_last()?;
        let rest = data.get(self.batch_dims.checked_add(tuple.known()?)?..)?;
        infer::dims(outer.iter().chain(rest).cloned())
    }
}

fn non_zero_dims(facts: &Facts<'_>) -> Dims {
    let rank = facts.dims(0).map_or(Dim::Unknown, |dims| Dim::Known(dims.len().max(1)));
    let n = facts.ints(0).map(|values| values.iter().filter(|&&value| value != 0).count());
    infer::dims([rank, n.map_or(Dim::Unknown, Dim::Known)])
}

impl TopK {
    fn dims(self, facts: &Facts<'_>) -> Dims {
        let mut dims: smallvec::SmallVec<[Dim; 4]> = facts.dims(0)?.into();
        let axis = resolve_axis(self.axis, dims.len())?;
        let k = facts.ints(1).and_then(|k| usize::try_from(*k.first()?).ok());
        dims[axis] = k.map_or(Dim::Unknown, Dim::Known);
        Some(dims)
    }
}

impl Unique {
    fn infer(self, facts: &Facts<'_>) -> Inferred {
        let mut dims: Dims = facts.dims(0).map(Into::into);
        match self.axis {
            None => dims = infer::dims([Dim::Unknown]),
            Some(axis) => {
                let at = dims.as_ref().and_then(|dims| resolve_axis(axis, dims.len()));
                match (&mut dims, at) {
                    (Some(dims), Some(at)) => dims[at] = Dim::Unknown,
                    _ => dims = None,
                }
            }
        }
        let list = || Fact::new(Some(DType::I64), infer::dims([Dim::Unknown]));
        smallvec::smallvec![Fact::new(facts.dtype(0), dims), list(), list(), list()]
    }
}
