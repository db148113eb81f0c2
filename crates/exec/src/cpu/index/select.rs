//! Operators that find elements: those that are not zero, one-hot rows, boxes that do not overlap.

use dunlin_ir::op::index::{Axis, NonMaxSuppression};
use dunlin_ir::{DType, Element, Shape, Tensor};

use super::order::Sortable as _;
use super::{axis, reserved};
use crate::cpu::cells::{cell_bytes, fill_cells, fresh_bytes, with_cells_one};
use crate::cpu::dispatch::dispatch_number;
use crate::{Ctx, Inputs, OpError};

pub(super) fn non_zero(inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let x = inputs.tensor(0)?;
    let found = non_zero_positions(x)?;
    // A scalar counts as a list of one.
    let list = Shape::new(&[1]);
    let shape = if x.rank() == 0 { &list } else { x.shape() };
    let n = found.len();
    let mut out = ctx.alloc(DType::I64, [shape.rank(), n].into())?;
    let coordinates = out.view_mut::<i64>()?;
    let strides = shape.strides();
    for axis in 0..shape.rank() {
        for (coordinate, &at) in coordinates[axis * n..(axis + 1) * n].iter_mut().zip(&found) {
            *coordinate = (at / strides[axis] % shape[axis]) as i64;
        }
    }
    Ok(out)
}

fn non_zero_positions(x: &Tensor) -> Result<Vec<usize>, OpError> {
    fn scan<T>(elements: &[T], is_zero: impl Fn(&T) -> bool) -> Result<Vec<usize>, OpError> {
        let mut found = reserved(elements.iter().filter(|x| !is_zero(x)).count())?;
        found.extend((0..elements.len()).filter(|&i| !is_zero(&elements[i])));
        Ok(found)
    }
    match x.dtype() {
        DType::String => scan(x.strings()?, String::is_empty),
        DType::Bool => scan(x.view::<dunlin_ir::Bool>()?, |x| !x.get()),
        DType::C64 => scan(x.view::<[f32; 2]>()?, |x| *x == [0.0; 2]),
        DType::C128 => scan(x.view::<[f64; 2]>()?, |x| *x == [0.0; 2]),
        _ => dispatch_number!(x.dtype(), T, scan(x.view::<T>()?, |x| *x == T::default())),
    }
}

pub(super) fn one_hot(op: Axis, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let depth = match whole_numbers(inputs.tensor(1)?)?[..] {
        [depth] => usize::try_from(depth).map_err(|_| OpError::value("a depth of at least 0", depth))?,
        _ => return Err(OpError::shape("one depth", inputs.tensor(1)?.shape())),
    };
    let values = inputs.take(2)?;
    if values.len() != 2 {
        return Err(OpError::shape("two values, off and on", values.shape()));
    }
    let positions = inputs.tensor(0)?;
    let along = axis(op.axis, positions.rank() + 1)?;
    let mut shape = positions.shape().dims().to_vec();
    shape.insert(along, depth);
    let inner: usize = positions.shape()[along..].iter().product();
    let hot = whole_numbers(positions)?;
    with_cells_one(vec![values], ctx, |cells| {
        let mut out = ctx.alloc(cells[0].dtype(), shape.into())?;
        let width = cell_bytes(&cells[0]);
        let (off, on) = cells[0].bytes().split_at(width);
        let bytes = fresh_bytes(&mut out)?;
        fill_cells(bytes, off);
        for (i, &position) in hot.iter().enumerate() {
            // Positions beyond the depth are nowhere hot.
            if let Some(position) = dunlin_ir::resolve_axis(position, depth) {
                let at = (i / inner * depth + position) * inner + i % inner;
                bytes[at * width..(at + 1) * width].copy_from_slice(on);
            }
        }
        Ok(out)
    })
}

/// The elements of a tensor of any number type, cut to whole numbers.
fn whole_numbers(x: &Tensor) -> Result<Vec<i64>, OpError> {
    trait Whole {
        fn whole(self) -> i64;
    }
    macro_rules! whole {
        ($($T:ty: $x:ident => $whole:expr;)*) => {
            $(impl Whole for $T {
                fn whole(self) -> i64 {
                    let $x = self;
                    $whole
                }
            })*
        };
    }
    whole! {
        f32: x => x as i64; f64: x => x as i64;
        half::f16: x => x.to_f32() as i64; half::bf16: x => x.to_f32() as i64;
        i8: x => x.into(); i16: x => x.into(); i32: x => x.into(); i64: x => x;
        u8: x => x.into(); u16: x => x.into(); u32: x => x.into();
        u64: x => i64::try_from(x).unwrap_or(i64::MAX);
    }
    fn collect<T: Element + Whole>(x: &Tensor) -> Result<Vec<i64>, OpError> {
        let mut numbers = reserved(x.len())?;
        numbers.extend(x.view::<T>()?.iter().map(|&x| x.whole()));
        Ok(numbers)
    }
    dispatch_number!(x.dtype(), T, collect::<T>(x))
}

pub(super) fn non_max_suppression(
    op: NonMaxSuppression,
    inputs: &Inputs<'_>,
    ctx: &Ctx<'_>,
) -> Result<Tensor, OpError> {
    let (boxes, scores) = (inputs.tensor(0)?, inputs.tensor(1)?);
    let (&[n_batch, n_boxes, 4], &[score_batch, n_classes, n_scores]) =
        (boxes.shape().dims(), scores.shape().dims())
    else {
        return Err(OpError::shapes("boxes [b, n, 4] and scores [b, c, n]", boxes.shape(), scores.shape()));
    };
    if (n_batch, n_boxes) != (score_batch, n_scores) {
        return Err(OpError::shapes("boxes [b, n, 4] and scores [b, c, n]", boxes.shape(), scores.shape()));
    }
    let limits = SelectionLimits {
        n_boxes: inputs.optional_ints(2)?.and_then(|n| n.first().copied()).unwrap_or(0).max(0) as usize,
        overlap: optional_float(inputs, 3)?.unwrap_or(0.0),
        score: optional_float(inputs, 4)?,
    };
    let (corners, scores) = (corners(op, boxes.view::<f32>()?), scores.view::<f32>()?);
    let mut selected: Vec<[i64; 3]> = Vec::new();
    for batch in 0..n_batch {
        for class in 0..n_classes {
            ctx.check_stop()?;
            let scores = &scores[(batch * n_classes + class) * n_boxes..][..n_boxes];
            let kept = limits.select(&corners[batch * n_boxes..][..n_boxes], scores);
            selected.extend(kept.into_iter().map(|i| [batch as i64, class as i64, i as i64]));
        }
    }
    let mut out = ctx.alloc(DType::I64, [selected.len(), 3].into())?;
    out.view_mut::<i64>()?.copy_from_slice(selected.as_flattened());
    Ok(out)
}

fn optional_float(inputs: &Inputs<'_>, i: usize) -> Result<Option<f32>, OpError> {
    let values = inputs.optional(i)?.map(|tensor| tensor.view::<f32>()).transpose()?;
    Ok(values.and_then(|values| values.first().copied()))
}

/// Two corners, the smaller coordinates first.
#[derive(Debug, Clone, Copy)]
struct Corners {
    low: [f32; 2],
    high: [f32; 2],
}

fn corners(op: NonMaxSuppression, boxes: &[f32]) -> Vec<Corners> {
    let corners = |values: &[f32]| match *values {
        [x, y, width, height] if op.center_point_box => {
            Corners { low: [x - width / 2.0, y - height / 2.0], high: [x + width / 2.0, y + height / 2.0] }
        }
        [y1, x1, y2, x2] => Corners { low: [x1.min(x2), y1.min(y2)], high: [x1.max(x2), y1.max(y2)] },
        _ => Corners { low: [0.0; 2], high: [0.0; 2] },
    };
    boxes.chunks_exact(4).map(corners).collect()
}

impl Corners {
    fn area(self) -> f32 {
        (self.high[0] - self.low[0]) * (self.high[1] - self.low[1])
    }

    /// Whether the intersection's share of the union is more than `threshold`.
    fn overlaps(self, other: Corners, threshold: f32) -> bool {
        let side = |i: usize| self.high[i].min(other.high[i]) - self.low[i].max(other.low[i]);
        let (width, height) = (side(0), side(1));
        if width <= 0.0 || height <= 0.0 {
            return false;
        }
        let (shared, a, b) = (width * height, self.area(), other.area());
        let union = a + b - shared;
        a > 0.0 && b > 0.0 && union > 0.0 && shared / union > threshold
    }
}

struct SelectionLimits {
    n_boxes: usize,
    overlap: f32,
    score: Option<f32>,
}

impl SelectionLimits {
    /// The boxes that are kept, best score first; among equal scores the earlier box.
    fn select(&self, boxes: &[Corners], scores: &[f32]) -> Vec<usize> {
        let enough = |&i: &usize| self.score.is_none_or(|least| scores[i] > least);
        let mut candidates: Vec<usize> = (0..boxes.len()).filter(enough).collect();
        candidates.sort_by(|&a, &b| scores[b].order(&scores[a]).then(a.cmp(&b)));
        let mut kept: Vec<usize> = Vec::new();
        for candidate in candidates {
            if kept.len() >= self.n_boxes {
                break;
            }
            if !kept.iter().any(|&better| boxes[candidate].overlaps(boxes[better], self.overlap)) {
                kept.push(candidate);
            }
        }
        kept
    }
}
