//! Operators of data movement: reshape, transpose, concatenate, slice, pad, tile and their kin.

use crate::infer::{self, Fact, Facts, Inferred};
use crate::{DType, Dim, Dims, Tensor, resolve_axis};

/// Operators of data movement: reshape, transpose, concatenate, slice, pad, tile and their kin.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Movement {
    /// Cuts or pads each axis around its middle to the sizes in input 1.
    CenterCropPad(CenterCropPad),
    /// Keeps the slices along an axis for which input 1 (bool, rank 1) is true.
    Compress(Compress),
    /// Joins all inputs along an axis.
    Concat(Concat),
    /// A tensor of the shape in input 0, filled with one value.
    ConstantOfShape(ConstantOfShape),
    /// Moves blocks of channels into height and width.
    DepthToSpace(Blocks),
    /// Broadcasts input 0 to the shape in input 1, by numpy's two-sided rule.
    Expand,
    /// Ones on a diagonal, zeros elsewhere, in the shape of the input.
    EyeLike(EyeLike),
    /// To two dimensions: those before an axis, and the rest.
    Flatten(Flatten),
    /// Adds (or, where negative, removes) elements at both ends of each axis: inputs `x`, `pads`, `value?`, `axes?`.
    Pad(Pad),
    /// `start + i * delta` below `limit`: inputs 0, 1 and 2 are `start`, `limit` and `delta`.
    Range(Range),
    /// The same elements under the shape in input 1.
    Reshape(Reshape),
    /// Reverses the first elements along the time axis, as many as input 1 says for each batch.
    ReverseSequence(ReverseSequence),
    /// The sizes of the input, `int64`.
    Shape(ShapeOf),
    /// The number of elements of the input, `int64`.
    Size,
    /// Inputs `x`, `starts`, `ends`, `axes?`, `steps?`, as numpy slices.
    Slice,
    /// Moves blocks of height and width into channels.
    SpaceToDepth(Blocks),
    /// Cuts along an axis: into the sizes in input 1, or into equal parts.
    Split(Split),
    /// Removes the axes of size 1 that input 1 names, or all.
    Squeeze,
    /// Repeats along each axis, as often as input 1 says.
    Tile,
    /// Permutes the axes.
    Transpose(Transpose),
    /// Keeps one triangle of the last two axes, zero elsewhere; input 1 (optional) moves the diagonal.
    Trilu(Trilu),
    /// Adds axes of size 1 where input 1 says, counted in the output.
    Unsqueeze,
}

/// The attributes of [`Movement::CenterCropPad`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct CenterCropPad {
    /// The axes that the sizes are for; all if none are named.
    pub axes: Option<Vec<i64>>,
}

/// The attributes of [`Movement::Compress`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Compress {
    /// The axis; the flattened input if there is none.
    pub axis: Option<i64>,
}

/// The attributes of [`Movement::Concat`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Concat {
    /// The axis along which to join.
    pub axis: i64,
}

/// The attributes of [`Movement::ConstantOfShape`].
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct ConstantOfShape {
    /// One element: what to fill with.
    pub value: Tensor,
}

/// The attributes of [`Movement::DepthToSpace`] and [`Movement::SpaceToDepth`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Blocks {
    /// Height and width of a block.
    pub size: usize,
    /// Where a block's position stands among the channels.
    pub order: BlockOrder,
}

/// Which index of a channel varies slowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum BlockOrder {
    /// The position in the block (`DCR`).
    BlockFirst,
    /// The channel (`CRD`).
    ChannelFirst,
}

/// The attributes of [`Movement::EyeLike`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct EyeLike {
    /// The element type; the input's if none is named.
    pub dtype: Option<DType>,
    /// Which diagonal: 0 is the main one, above it are positive ones.
    pub k: i64,
}

/// The attributes of [`Movement::Flatten`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Flatten {
    /// The first axis of the second part, from `-rank` to `rank`.
    pub axis: i64,
}

/// The attributes of [`Movement::Pad`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Pad {
    /// What is put beyond the ends.
    pub mode: PadMode,
}

/// What padding consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum PadMode {
    /// One value.
    Constant,
    /// The elements mirrored at the first and the last one, which are not repeated.
    Reflect,
    /// The first or the last element.
    Edge,
    /// The elements from the other end.
    Wrap,
}

/// The attributes of [`Movement::Range`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Range {
    /// The type in which 16-bit floats are computed.
    pub stash: DType,
}

/// The attributes of [`Movement::Reshape`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Reshape {
    /// Whether a 0 in the shape means 0 elements rather than the input's size there.
    pub allow_zero: bool,
}

/// The attributes of [`Movement::ReverseSequence`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct ReverseSequence {
    /// The axis of the batch: 0 or 1.
    pub batch_axis: usize,
    /// The axis of time: the other one.
    pub time_axis: usize,
}

/// The attributes of [`Movement::Shape`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct ShapeOf {
    /// The first axis reported; may count from the end.
    pub start: i64,
    /// The axis before which the report ends; may count from the end. The rank if there is none.
    pub end: Option<i64>,
}

/// The attributes of [`Movement::Split`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Split {
    /// The axis along which to cut.
    pub axis: i64,
    /// How many parts there are if no sizes are given.
    pub n_parts: usize,
}

/// The attributes of [`Movement::Transpose`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Transpose {
    /// For each axis of the output, the input's; reversed order if there is none.
    pub perm: Option<Vec<usize>>,
}

/// The attributes of [`Movement::Trilu`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Trilu {
    /// Whether the upper triangle is kept.
    pub upper: bool,
}

impl Movement {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match self {
            Movement::CenterCropPad(_) => "CenterCropPad",
            Movement::Compress(_) => "Compress",
            Movement::Concat(_) => "Concat",
            Movement::ConstantOfShape(_) => "ConstantOfShape",
            Movement::DepthToSpace(_) => "DepthToSpace",
            Movement::Expand => "Expand",
            Movement::EyeLike(_) => "EyeLike",
            Movement::Flatten(_) => "Flatten",
            Movement::Pad(_) => "Pad",
            Movement::Range(_) => "Range",
            Movement::Reshape(_) => "Reshape",
            Movement::ReverseSequence(_) => "ReverseSequence",
            Movement::Shape(_) => "Shape",
            Movement::Size => "Size",
            Movement::Slice => "Slice",
            Movement::SpaceToDepth(_) => "SpaceToDepth",
            Movement::Split(_) => "Split",
            Movement::Squeeze => "Squeeze",
            Movement::Tile => "Tile",
            Movement::Transpose(_) => "Transpose",
            Movement::Trilu(_) => "Trilu",
            Movement::Unsqueeze => "Unsqueeze",
        }
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, facts: &Facts<'_>) -> Inferred {
        let like_first = |dims| infer::one(facts.dtype(0), dims);
        match self {
            Movement::CenterCropPad(op) => like_first(op.dims(facts)),
            Movement::Compress(op) => like_first(op.dims(facts)),
            Movement::Concat(op) => like_first(op.dims(facts)),
            Movement::ConstantOfShape(op) => infer::one(Some(op.value.dtype()), shape_from_value(facts, 0)),
            Movement::DepthToSpace(op) => like_first(op.to_space(facts)),
            Movement::Expand => like_first(expand_dims(facts)),
            Movement::EyeLike(op) => infer::one(op.dtype.or(facts.dtype(0)), facts.dims(0).map(Into::into)),
            Movement::Flatten(op) => like_first(op.dims(facts)),
            Movement::Pad(_) => like_first(pad_dims(facts)),
            Movement::Range(_) => like_first(Some(smallvec::smallvec![range_dim(facts)])),
            Movement::Reshape(op) => like_first(op.dims(facts)),
            Movement::ReverseSequence(_) | Movement::Trilu(_) => like_first(facts.dims(0).map(Into::into)),
            Movement::Shape(op) => smallvec::smallvec![op.fact(facts)],
            Movement::Size => smallvec::smallvec![size_fact(facts)],
            Movement::Slice => like_first(slice_dims(facts)),
            Movement::SpaceToDepth(op) => like_first(op.to_depth(facts)),
            Movement::Split(op) => op.infer(facts),
            Movement::Squeeze => like_first(squeeze_dims(facts)),
            Movement::Tile => like_first(tile_dims(facts)),
            Movement::Transpose(op) => like_first(op.dims(facts)),
            Movement::Unsqueeze => like_first(unsqueeze_dims(facts)),
        }
    }
}

/// How one axis is sliced: the elements `start`, `start + step`, .. are taken, `len` of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct SliceRange {
    /// The first element.
    pub start: usize,
    /// How many are taken.
    pub len: usize,
    /// From one to the next; not 0.
    pub step: i64,
}

/// The elements that `start..end` in steps of `step` names on an axis of `size`; `None` if `step` is 0.
///
/// As in Python, but for one case: a start before the first element is the first element, also for negative steps.
pub fn slice_range(size: usize, start: i64, end: i64, step: i64) -> Option<SliceRange> {
    let signed = i64::try_from(size).ok()?;
    let resolve =
        |at: i64, low: i64, high: i64| (if at < 0 { at.saturating_add(signed) } else { at }).clamp(low, high);
    let (start, distance) = match step {
        0 => return None,
        1.. => {
            let start = resolve(start, 0, signed);
            (start, resolve(end, 0, signed) - start)
        }
        _ => {
            let start = resolve(start, 0, (signed - 1).max(0));
            (start, start - resolve(end, -1, (signed - 1).max(0)))
        }
    };
    let steps = u64::try_from(distance).unwrap_or(0).div_ceil(step.unsigned_abs()) as usize;
    let len = if size == 0 { 0 } else { steps };
    Some(SliceRange { start: usize::try_from(start).unwrap_or(0), len, step })
}

/// The sizes of `n` equal parts of an axis of `size`; the last ones are smaller if it does not divide.
pub fn split_sizes(size: usize, n: usize) -> Vec<usize> {
    let part = if n == 0 { 0 } else { size.div_ceil(n) };
    (0..n).map(|i| part.min(size.saturating_sub(i.saturating_mul(part)))).collect()
}

/// How many elements a range has; `None` if `delta` is 0 or the number cannot be.
pub fn range_len(start: f64, limit: f64, delta: f64) -> Option<usize> {
    let n = ((limit - start) / delta).ceil();
    if delta == 0.0 || n.is_nan() || n >= usize::MAX as f64 { None } else { Some(n.max(0.0) as usize) }
}

/// How many elements a range of integers has; `None` if `delta` is 0.
pub fn int_range_len(start: i64, limit: i64, delta: i64) -> Option<usize> {
    let distance = i128::from(limit) - i128::from(start);
    let n = match delta {
        0 => return None,
        1.. => distance.max(0) as u128,
        _ => (-distance).max(0) as u128,
    };
    usize::try_from(n.div_ceil(u128::from(delta.unsigned_abs()))).ok()
}

/// Dimensions that input `i` spells out, or as many unknown ones as it has elements.
fn shape_from_value(facts: &Facts<'_>, i: usize) -> Dims {
    match facts.ints(i) {
        Some(sizes) => infer::dims(sizes.into_iter().map(known_or_unknown)),
        None => unknown_dims(facts.dims(i)?.first()?.known()?),
    }
}

fn unknown_dims(rank: usize) -> Dims {
    // A rank beyond any limit is left to fail in the run, not here.
    (rank <= 1 << 10).then(|| smallvec::smallvec![Dim::Unknown; rank])
}

fn known_or_unknown(size: i64) -> Dim {
    usize::try_from(size).map_or(Dim::Unknown, Dim::Known)
}

/// The contents of an optional input: `Some(None)` if it is left out, `None` if it is there and not known.
fn optional_ints(facts: &Facts<'_>, i: usize) -> Option<Option<Vec<i64>>> {
    if facts.has(i) { facts.ints(i).map(Some) } else { Some(None) }
}

/// Resolved axes, or `None` if one is out of range.
fn resolve_axes(axes: &[i64], rank: usize) -> Option<Vec<usize>> {
    axes.iter().map(|&axis| resolve_axis(axis, rank)).collect()
}

/// The product of dimensions, if all but one factor (at most one symbol, with a factor of 1) are known.
fn product<'d>(dims: impl IntoIterator<Item = &'d Dim>) -> Dim {
    let (mut known, mut open) = (Some(1usize), None);
    for dim in dims {
        match dim {
            Dim::Known(n) => known = known.and_then(|product| product.checked_mul(*n)),
            _ if open.is_none() => open = Some(dim.clone()),
            _ => open = Some(Dim::Unknown),
        }
    }
    match (known, open) {
        (Some(n), None) => Dim::Known(n),
        (Some(1), Some(symbol)) => symbol,
        (Some(0), _) => Dim::Known(0),
        _ => Dim::Unknown,
    }
}

impl CenterCropPad {
    fn dims(&self, facts: &Facts<'_>) -> Dims {
        let mut dims: smallvec::SmallVec<_> = facts.dims(0)?.into();
        let axes = match &self.axes {
            Some(axes) => resolve_axes(axes, dims.len())?,
            None => (0..dims.len()).collect(),
        };
        let sizes = facts.ints(1);
        for (i, &axis) in axes.iter().enumerate() {
            let size = sizes.as_ref().and_then(|sizes| sizes.get(i));
            dims[axis] = size.map_or(Dim::Unknown, |&size| known_or_unknown(size));
        }
        Some(dims)
    }
}

impl Compress {
    fn dims(self, facts: &Facts<'_>) -> Dims {
        let n = || {
            let condition = facts.value(1)?.bytes();
            Some(condition.iter().filter(|&&keep| keep != 0).count())
        };
        let Some(axis) = self.axis else { return infer::dims([n().map_or(Dim::Unknown, Dim::Known)]) };
        let mut dims: smallvec::SmallVec<_> = facts.dims(0)?.into();
        let axis = resolve_axis(axis, dims.len())?;
        dims[axis] = n().map_or(Dim::Unknown, Dim::Known);
        Some(dims)
    }
}

impl Concat {
    fn dims(self, facts: &Facts<'_>) -> Dims {
        let rank = (0..facts.len()).find_map(|i| facts.dims(i))?.len();
        let axis = resolve_axis(self.axis, rank)?;
        let mut dims = unknown_dims(rank)?;
        let mut total = Some(0usize);
        for i in 0..facts.len() {
            let Some(input) = facts.dims(i).filter(|input| input.len() == rank) else {
                total = None;
                continue;
            };
            for (dim, other) in dims.iter_mut().zip(input) {
                let better = *dim == Dim::Unknown || dim.known().is_none() && other.known().is_some();
                if better {
                    *dim = other.clone();
                }
            }
            total = total.zip(input[axis].known()).and_then(|(sum, n)| sum.checked_add(n));
        }
        dims[axis] = match (facts.len(), total) {
            (1, _) => dims[axis].clone(),
            (_, total) => total.map_or(Dim::Unknown, Dim::Known),
        };
        Some(dims)
    }
}

impl Blocks {
    fn to_space(self, facts: &Facts<'_>) -> Dims {
        let [n, c, h, w] = facts.dims(0)? else { return None };
        let channels = c.known().and_then(|c| c.checked_div(self.size.checked_mul(self.size)?));
        let grown =
            |dim: &Dim| dim.known().and_then(|n| n.checked_mul(self.size)).map_or(Dim::Unknown, Dim::Known);
        infer::dims([n.clone(), channels.map_or(Dim::Unknown, Dim::Known), grown(h), grown(w)])
    }

    fn to_depth(self, facts: &Facts<'_>) -> Dims {
        let [n, c, h, w] = facts.dims(0)? else { return None };
        let channels = c.known().and_then(|c| c.checked_mul(self.size.checked_mul(self.size)?));
        let shrunk =
            |dim: &Dim| dim.known().and_then(|n| n.checked_div(self.size)).map_or(Dim::Unknown, Dim::Known);
        infer::dims([n.clone(), channels.map_or(Dim::Unknown, Dim::Known), shrunk(h), shrunk(w)])
    }
}

fn expand_dims(facts: &Facts<'_>) -> Dims {
    infer::broadcast_dims(facts.dims(0), shape_from_value(facts, 1).as_deref())
}

impl Flatten {
    fn dims(self, facts: &Facts<'_>) -> Dims {
        let Some(dims) = facts.dims(0) else { return unknown_dims(2) };
        let axis = self.split(dims.len())?;
        infer::dims([product(&dims[..axis]), product(&dims[axis..])])
    }

    /// Where the second part begins in a tensor of `rank`; `None` if out of range.
    pub fn split(self, rank: usize) -> Option<usize> {
        if usize::try_from(self.axis) == Ok(rank) { Some(rank) } else { resolve_axis(self.axis, rank) }
    }
}

fn pad_dims(facts: &Facts<'_>) -> Dims {
    let mut dims: smallvec::SmallVec<[Dim; 4]> = facts.dims(0)?.into();
    let (Some(pads), Some(axes)) = (facts.ints(1), optional_ints(facts, 3)) else {
        return unknown_dims(dims.len());
    };
    let axes = match axes {
        Some(axes) => resolve_axes(&axes, dims.len())?,
        None => (0..dims.len()).collect(),
    };
    if pads.len() != axes.len().checked_mul(2)? {
        return None;
    }
    for (i, &axis) in axes.iter().enumerate() {
        let added = pads[i].checked_add(pads[axes.len() + i])?;
        if added != 0 {
            let size = dims[axis].known().and_then(|n| i64::try_from(n).ok()?.checked_add(added));
            dims[axis] = size.map_or(Dim::Unknown, known_or_unknown);
        }
    }
    Some(dims)
}

fn range_dim(facts: &Facts<'_>) -> Dim {
    let n = match facts.dtype(0) {
        Some(DType::F32) => {
            let float = |i| facts.value(i)?.to_aligned().ok()?.view::<f32>().ok()?.first().copied();
            let floats = (|| Some((float(0)?, float(1)?, float(2)?)))();
            floats.and_then(|(start, limit, delta)| range_len(start.into(), limit.into(), delta.into()))
        }
        _ => {
            let int = |i| facts.ints(i)?.first().copied();
            let ints = (|| Some((int(0)?, int(1)?, int(2)?)))();
            ints.and_then(|(start, limit, delta)| int_range_len(start, limit, delta))
        }
    };
    n.map_or(Dim::Unknown, Dim::Known)
}

impl Reshape {
    fn dims(self, facts: &Facts<'_>) -> Dims {
        let Some(sizes) = facts.ints(1) else { return shape_from_value(facts, 1) };
        let input = facts.dims(0);
        let mut dims: smallvec::SmallVec<[Dim; 4]> = smallvec::SmallVec::new();
        for (i, &size) in sizes.iter().enumerate() {
            dims.push(match size {
                0 if !self.allow_zero => input.and_then(|dims| dims.get(i)).cloned().unwrap_or_default(),
                size => known_or_unknown(size),
            });
        }
        let open: Vec<usize> = (0..sizes.len()).filter(|&i| sizes[i] == -1).collect();
        if let (&[open], Some(input)) = (&open[..], input) {
            dims[open] = quotient(input, dims.iter().enumerate().filter(|&(i, _)| i != open).map(|(_, d)| d));
        }
        Some(dims)
    }
}

/// The product of `whole` divided by that of `parts`, where dimensions of both that are the same symbol cancel.
fn quotient<'d>(whole: &[Dim], parts: impl Iterator<Item = &'d Dim>) -> Dim {
    let mut whole: Vec<Dim> = whole.to_vec();
    let mut divisor = Some(1usize);
    for part in parts {
        match part {
            Dim::Known(n) => divisor = divisor.and_then(|product| product.checked_mul(*n)),
            Dim::Symbol(_) => match whole.iter().position(|dim| dim == part) {
                Some(at) => _ = whole.swap_remove(at),
                None => return Dim::Unknown,
            },
            Dim::Unknown => return Dim::Unknown,
        }
    }
    match (product(&whole), divisor) {
        (Dim::Known(n), Some(divisor)) if divisor != 0 && n % divisor == 0 => Dim::Known(n / divisor),
        (symbol @ Dim::Symbol(_), Some(1)) => symbol,
        _ => symbol_over(&whole, divisor),
    }
}

/// One symbol times known sizes, divided by exactly those.
fn symbol_over(whole: &[Dim], divisor: Option<usize>) -> Dim {
    let known: Vec<&Dim> = whole.iter().filter(|dim| dim.known().is_some()).collect();
    let mut open = whole.iter().filter(|dim| dim.known().is_none());
    match (open.next(), open.next(), product(known), divisor) {
        (Some(symbol), None, Dim::Known(n), Some(divisor)) if n == divisor && n != 0 => symbol.clone(),
        _ => Dim::Unknown,
    }
}

impl ShapeOf {
    fn fact(self, facts: &Facts<'_>) -> Fact {
        let Some(dims) = facts.dims(0) else { return Fact::new(Some(DType::I64), unknown_dims(1)) };
        let dims = &dims[self.range(dims.len())];
        let sizes: Option<Vec<i64>> = dims.iter().map(|dim| i64::try_from(dim.known()?).ok()).collect();
        let value = sizes.and_then(|sizes| Tensor::from_slice([sizes.len()], &sizes).ok());
        let unknown = || Fact::new(Some(DType::I64), infer::dims([Dim::Known(dims.len())]));
        value.map_or_else(unknown, Fact::constant)
    }

    /// The axes reported for a tensor of `rank`.
    pub fn range(self, rank: usize) -> std::ops::Range<usize> {
        let signed = rank as i64;
        let resolve =
            |at: i64| (if at < 0 { at.saturating_add(signed) } else { at }).clamp(0, signed) as usize;
        let (start, end) = (resolve(self.start), self.end.map_or(rank, resolve));
        start..end.max(start)
    }
}

fn size_fact(facts: &Facts<'_>) -> Fact {
    let size = facts.shape(0).and_then(|shape| i64::try_from(shape.checked_n_elements()?).ok());
    let value = size.and_then(|size| Tensor::scalar(size).ok());
    value.map_or_else(|| Fact::new(Some(DType::I64), infer::dims([])), Fact::constant)
}

fn slice_dims(facts: &Facts<'_>) -> Dims {
    let mut dims: smallvec::SmallVec<[Dim; 4]> = facts.dims(0)?.into();
    let axes = match optional_ints(facts, 3) {
        Some(Some(axes)) => resolve_axes(&axes, dims.len())?,
        Some(None) => (0..facts.dims(1)?.first()?.known()?).collect(),
        None => return unknown_dims(dims.len()),
    };
    let (starts, ends) = (facts.ints(1), facts.ints(2));
    let steps = optional_ints(facts, 4);
    for (i, &axis) in axes.iter().enumerate() {
        let range = || {
            let step = match &steps {
                Some(Some(steps)) => *steps.get(i)?,
                Some(None) => 1,
                None => return None,
            };
            let (&start, &end) = (starts.as_ref()?.get(i)?, ends.as_ref()?.get(i)?);
            if start == 0 && end == i64::MAX && step == 1 {
                return Some(dims[axis].clone());
            }
            Some(Dim::Known(slice_range(dims.get(axis)?.known()?, start, end, step)?.len))
        };
        let dim = range().unwrap_or_default();
        *dims.get_mut(axis)? = dim;
    }
    Some(dims)
}

impl Split {
    fn infer(self, facts: &Facts<'_>) -> Inferred {
        (0..facts.n_outputs()).map(|part| Fact::new(facts.dtype(0), self.dims(facts, part))).collect()
    }

    fn dims(self, facts: &Facts<'_>, part: usize) -> Dims {
        let mut dims: smallvec::SmallVec<[Dim; 4]> = facts.dims(0)?.into();
        let axis = resolve_axis(self.axis, dims.len())?;
        let size = match optional_ints(facts, 1) {
            Some(Some(sizes)) => sizes.get(part).and_then(|&size| usize::try_from(size).ok()),
            Some(None) => dims[axis].known().and_then(|n| split_sizes(n, self.n_parts).get(part).copied()),
            None => None,
        };
        dims[axis] = size.map_or(Dim::Unknown, Dim::Known);
        Some(dims)
    }
}

fn squeeze_dims(facts: &Facts<'_>) -> Dims {
    let dims = facts.dims(0)?;
    match optional_ints(facts, 1)? {
        Some(axes) => {
            let axes = resolve_axes(&axes, dims.len())?;
            infer::dims(dims.iter().enumerate().filter(|(i, _)| !axes.contains(i)).map(|(_, d)| d.clone()))
        }
        // Which axes vanish is known only if all sizes are.
        None => facts
            .shape(0)
            .and_then(|shape| infer::dims(shape.iter().filter(|&&n| n != 1).map(|&n| Dim::Known(n)))),
    }
}

fn tile_dims(facts: &Facts<'_>) -> Dims {
    let dims = facts.dims(0)?;
    let Some(repeats) = facts.ints(1) else { return unknown_dims(dims.len()) };
    let repeated = |(dim, &n): (&Dim, &i64)| match (dim, n) {
        (dim, 1) => dim.clone(),
        (dim, n) => {
            let size = dim.known().zip(usize::try_from(n).ok()).and_then(|(a, b)| a.checked_mul(b));
            size.map_or(Dim::Unknown, Dim::Known)
        }
    };
    (repeats.len() == dims.len()).then(|| dims.iter().zip(&repeats).map(repeated).collect())
}

impl Transpose {
    fn dims(&self, facts: &Facts<'_>) -> Dims {
        let dims = facts.dims(0)?;
        match &self.perm {
            Some(perm) if perm.len() == dims.len() => {
                perm.iter().map(|&axis| dims.get(axis).cloned()).collect()
            }
            Some(_) => None,
            None => infer::dims(dims.iter().rev().cloned()),
        }
    }
}

fn unsqueeze_dims(facts: &Facts<'_>) -> Dims {
    let dims = facts.dims(0)?;
    let Some(axes) = facts.ints(1) else {
        let n_axes = facts.dims(1)?.iter().map(Dim::known).try_fold(1usize, |n, dim| n.checked_mul(dim?))?;
        return unknown_dims(dims.len().checked_add(n_axes)?);
    };
    let rank = dims.len() + axes.len();
    let axes = resolve_axes(&axes, rank)?;
    let mut rest = dims.iter();
    (0..rank).map(|i| if axes.contains(&i) { Some(Dim::Known(1)) } else { rest.next().cloned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Shape;

    fn ints(values: &[i64]) -> Fact {
        Fact::constant(Tensor::from_slice([values.len()], values).unwrap())
    }

    fn symbolic(dims: &[&str]) -> Fact {
        let dim = |text: &&str| text.parse().map_or_else(|_| Dim::Symbol((*text).into()), Dim::Known);
        Fact::new(Some(DType::F32), infer::dims(dims.iter().map(dim)))
    }

    #[test]
    fn dims_follow_from_facts() {
        let reshape = Movement::Reshape(Reshape { allow_zero: false });
        let concat = Movement::Concat(Concat { axis: 1 });
        let cases: [(Movement, Vec<Fact>, &str); 12] = [
            (reshape.clone(), vec![symbolic(&["b", "12", "64"]), ints(&[0, -1])], "float32[b, 768]"),
            (
                reshape.clone(),
                vec![symbolic(&["b", "s", "768"]), ints(&[0, 0, 12, 64])],
                "float32[b, s, 12, 64]",
            ),
            (reshape.clone(), vec![symbolic(&["b", "3", "4"]), ints(&[-1, 12])], "float32[b, 12]"),
            (reshape, vec![symbolic(&["2", "6"]), ints(&[3, -1])], "float32[3, 4]"),
            (concat.clone(), vec![symbolic(&["b", "3"]), symbolic(&["b", "4"])], "float32[b, 7]"),
            (concat, vec![symbolic(&["2", "n"]), symbolic(&["b", "4"])], "float32[2, ?]"),
            (
                Movement::Slice,
                vec![symbolic(&["b", "9"]), ints(&[-1]), ints(&[-100]), ints(&[1]), ints(&[-2])],
                "float32[b, 5]",
            ),
            (Movement::Squeeze, vec![symbolic(&["1", "b"]), ints(&[-2])], "float32[b]"),
            (Movement::Unsqueeze, vec![symbolic(&["b"]), ints(&[0, -1])], "float32[1, b, 1]"),
            (Movement::Expand, vec![symbolic(&["b", "1"]), ints(&[1, 4])], "float32[b, 4]"),
            (
                Movement::Transpose(Transpose { perm: Some(vec![1, 0]) }),
                vec![symbolic(&["b", "2"])],
                "float32[2, b]",
            ),
            (Movement::Flatten(Flatten { axis: 1 }), vec![symbolic(&["b", "2", "3"])], "float32[b, 6]"),
        ];
        for (op, facts, want) in cases {
            let facts: Vec<Option<&Fact>> = facts.iter().map(Some).collect();
            assert_eq!(op.infer(&Facts::new(&facts, 1))[0].ty.to_string(), want, "{}", op.name());
        }
    }

    #[test]
    fn shape_is_a_known_value() {
        let x = Fact::known(DType::F32, &Shape::new(&[2, 3, 4]));
        let op = Movement::Shape(ShapeOf { start: -2, end: Some(100) });
        let out = op.infer(&Facts::new(&[Some(&x)], 1));
        assert_eq!(out[0].value.as_ref().unwrap().view::<i64>().unwrap(), [3, 4]);
    }

    /// Size, start, end and step; the first element and the length.
    type Case = ((usize, i64, i64, i64), (usize, usize));

    #[test]
    fn slices_follow_the_standard() {
        // (size, start, end, step) and len(range(size)[start:end:step]) with its first element.
        let cases: [Case; 10] = [
            ((10, 0, i64::MAX, 1), (0, 10)),
            ((10, -3, -1, 1), (7, 2)),
            ((10, 20, 30, 1), (10, 0)),
            ((10, i64::MAX, i64::MIN, -1), (9, 10)),
            ((10, 8, 1, -3), (8, 3)),
            ((0, 0, 5, 2), (0, 0)),
            ((0, -1, -9, -1), (0, 0)),
            // Not Python's answer but the standard's: the start is limited to the axis.
            ((1, -9, -4, -3), (0, 1)),
            ((5, 0, 5, i64::MAX), (0, 1)),
            ((5, -1, i64::MIN, i64::MIN), (4, 1)),
        ];
        for ((size, start, end, step), (first, len)) in cases {
            let got = slice_range(size, start, end, step).unwrap();
            assert_eq!((got.start, got.len), (first, len), "{size} {start}:{end}:{step}");
        }
        assert_eq!(slice_range(3, 0, 3, 0), None);
    }

    #[test]
    fn parts_and_ranges() {
        assert_eq!(split_sizes(7, 3), [3, 3, 1]);
        assert_eq!(split_sizes(1, 4), [1, 0, 0, 0]);
        assert_eq!(int_range_len(10, 4, -2), Some(3));
        assert_eq!(int_range_len(i64::MIN, i64::MAX, i64::MAX), Some(3));
        assert_eq!(range_len(0.0, 1.0, 0.0), None);
        assert_eq!(range_len(3.0, 9.0, -1.0), Some(0));
    }
}
