//! Operators of reductions, arg-reductions and cumulative sums.

use crate::infer::{self, Facts, Inferred};
use crate::shape::resolve_axis;
use crate::{DType, Dim, Dims};

/// Operators of reductions, arg-reductions and cumulative sums.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Reduce {
    /// Folds the axes in input 1 (all axes if it is missing or empty).
    Fold(Fold),
    /// The position of the greatest or least element along an axis, as `int64`.
    Arg(Arg),
    /// Running sums or products along the axis in input 1.
    Cumulative(Cumulative),
}

/// A reduction to one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Fold {
    /// To which value.
    pub kind: FoldKind,
    /// Whether reduced dimensions stay, with size 1.
    pub keep_dims: bool,
    /// Whether missing or empty axes mean none, rather than all.
    pub noop_with_empty_axes: bool,
}

/// The values that elements are reduced to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum FoldKind {
    /// The sum of absolute values.
    L1,
    /// The square root of the sum of squares.
    L2,
    /// The logarithm of the sum.
    LogSum,
    /// The logarithm of the sum of exponentials.
    LogSumExp,
    /// The greatest element.
    Max,
    /// The mean.
    Mean,
    /// The least element.
    Min,
    /// The product.
    Prod,
    /// The sum.
    Sum,
    /// The sum of squares.
    SumSquare,
}

/// The attributes of a search along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Arg {
    /// What is searched.
    pub extreme: Extreme,
    /// Along which axis.
    pub axis: i64,
    /// Whether that dimension stays, with size 1.
    pub keep_dims: bool,
    /// Whether the last of equal elements is taken, rather than the first.
    pub select_last: bool,
}

/// An end of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Extreme {
    /// The greatest.
    Max,
    /// The least.
    Min,
}

/// The attributes of a running sum or product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Cumulative {
    /// Which of the two.
    pub kind: CumulativeKind,
    /// Whether an element's own value is left out of its result.
    pub exclusive: bool,
    /// Whether it runs from the end.
    pub reverse: bool,
}

/// What accumulates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum CumulativeKind {
    /// The sum.
    Sum,
    /// The product.
    Prod,
}

impl Reduce {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match self {
            Reduce::Fold(fold) => fold.kind.name(),
            Reduce::Arg(Arg { extreme: Extreme::Max, .. }) => "ArgMax",
            Reduce::Arg(Arg { extreme: Extreme::Min, .. }) => "ArgMin",
            Reduce::Cumulative(Cumulative { kind: CumulativeKind::Sum, .. }) => "CumSum",
            Reduce::Cumulative(Cumulative { kind: CumulativeKind::Prod, .. }) => "CumProd",
        }
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, facts: &Facts<'_>) -> Inferred {
        match self {
            Reduce::Fold(fold) => infer::one(facts.dtype(0), fold.dims(facts)),
            Reduce::Arg(arg) => infer::one(Some(DType::I64), arg.dims(facts)),
            Reduce::Cumulative(_) => infer::one(facts.dtype(0), facts.dims(0).map(Into::into)),
        }
    }
}

impl FoldKind {
    /// The operator's name, for reports.
    pub fn name(self) -> &'static str {
        match self {
            FoldKind::L1 => "ReduceL1",
            FoldKind::L2 => "ReduceL2",
            FoldKind::LogSum => "ReduceLogSum",
            FoldKind::LogSumExp => "ReduceLogSumExp",
            FoldKind::Max => "ReduceMax",
            FoldKind::Mean => "ReduceMean",
            FoldKind::Min => "ReduceMin",
            FoldKind::Prod => "ReduceProd",
            FoldKind::Sum => "ReduceSum",
            FoldKind::SumSquare => "ReduceSumSquare",
        }
    }
}

impl Fold {
    /// Which of `rank` axes are reduced when `axes` are asked for; `None` if one is out of range.
    pub fn reduced_axes(&self, axes: &[i64], rank: usize) -> Option<Vec<bool>> {
        if axes.is_empty() {
            return Some(vec![!self.noop_with_empty_axes; rank]);
        }
        let mut reduced = vec![false; rank];
        for &axis in axes {
            reduced[resolve_axis(axis, rank)?] = true;
        }
        Some(reduced)
    }

    fn dims(&self, facts: &Facts<'_>) -> Dims {
        let dims = facts.dims(0)?;
        if facts.has(1) && facts.ints(1).is_none() {
            return self.keep_dims.then(|| dims.iter().map(|_| Dim::Unknown).collect());
        }
        let reduced = self.reduced_axes(&facts.ints(1).unwrap_or_default(), dims.len())?;
        let keep = dims.iter().zip(reduced).filter_map(|(dim, reduced)| match (reduced, self.keep_dims) {
            (false, _) => Some(dim.clone()),
            (true, true) => Some(Dim::Known(1)),
            (true, false) => None,
        });
        Some(keep.collect())
    }
}

impl Arg {
    fn dims(&self, facts: &Facts<'_>) -> Dims {
        let mut dims: smallvec::SmallVec<[Dim; 4]> = facts.dims(0)?.into();
        let axis = resolve_axis(self.axis, dims.len())?;
        if self.keep_dims {
            dims[axis] = Dim::Known(1);
        } else {
            dims.remove(axis);
        }
        Some(dims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::Fact;
    use crate::{Shape, Tensor};

    #[test]
    fn folded_dimensions_go_or_stay_as_ones() {
        let x = Fact::known(DType::F32, &Shape::new(&[2, 3, 4]));
        let axes = Fact::constant(Tensor::from_slice([2], &[-1i64, 0]).unwrap());
        let infer = |keep_dims, noop, axes| {
            let fold = Fold { kind: FoldKind::Sum, keep_dims, noop_with_empty_axes: noop };
            Reduce::Fold(fold).infer(&Facts::new(&[Some(&x), axes], 1))[0].ty.to_string()
        };
        assert_eq!(infer(true, false, Some(&axes)), "float32[1, 3, 1]");
        assert_eq!(infer(false, false, Some(&axes)), "float32[3]");
        assert_eq!(infer(false, false, None), "float32[]");
        assert_eq!(infer(false, true, None), "float32[2, 3, 4]");
        let unknown = Fact::new(Some(DType::I64), None);
        assert_eq!(infer(true, false, Some(&unknown)), "float32[?, ?, ?]");
    }
}
