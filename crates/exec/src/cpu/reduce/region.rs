//! Which elements are folded together: axes grouped into kept and reduced ones, and walks over either.

use dunlin_ir::Shape;
use smallvec::SmallVec;

/// A size and the distance between neighbours, in elements.
type Axis = (usize, usize);
type Axes = SmallVec<[Axis; 4]>;

/// The elements of a tensor, seen as results times the elements folded into each.
#[derive(Debug)]
pub(super) struct Region {
    /// Kept axes, without the innermost one if that is kept.
    kept: Axes,
    /// Reduced axes, without the innermost one if that is reduced.
    reduced: Axes,
    /// What the innermost axis does.
    pub inner: Inner,
}

/// The innermost group of axes, whose elements are neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inner {
    /// So many neighbours go into one result.
    Reduced(usize),
    /// So many neighbours go into as many results.
    Kept(usize),
}

impl Region {
    /// Groups the axes of a tensor of `shape`, of which some are `reduced`.
    pub fn new(shape: &Shape, reduced: &[bool]) -> Region {
        let mut groups: SmallVec<[(usize, bool); 6]> = SmallVec::new();
        for (&size, &reduced) in shape.iter().zip(reduced).filter(|&(&size, _)| size != 1) {
            match groups.last_mut() {
                Some((last, last_reduced)) if *last_reduced == reduced => *last = last.saturating_mul(size),
                _ => groups.push((size, reduced)),
            }
        }
        let inner = match groups.pop() {
            None => Inner::Kept(1),
            Some((n, true)) => Inner::Reduced(n),
            Some((n, false)) => Inner::Kept(n),
        };
        let (Inner::Reduced(mut stride) | Inner::Kept(mut stride)) = inner;
        let mut region = Region { kept: Axes::new(), reduced: Axes::new(), inner };
        for (size, reduced) in groups.into_iter().rev() {
            let axes = if reduced { &mut region.reduced } else { &mut region.kept };
            axes.insert(0, (size, stride));
            stride = stride.saturating_mul(size);
        }
        region
    }

    /// How many elements go into one result.
    pub fn n_reduced(&self) -> usize {
        let outer = self.reduced.iter().fold(1usize, |n, &(size, _)| n.saturating_mul(size));
        match self.inner {
            Inner::Reduced(n) => outer.saturating_mul(n),
            Inner::Kept(_) => outer,
        }
    }

    /// The first element that goes into step `row` of the kept axes.
    pub fn base(&self, mut row: usize) -> usize {
        let mut base = 0;
        for &(size, stride) in self.kept.iter().rev() {
            base += row % size * stride;
            row /= size;
        }
        base
    }

    /// Calls `f` with the offset of each step of the reduced axes.
    pub fn for_each_reduced(&self, f: &mut dyn FnMut(usize)) {
        walk(&self.reduced, 0, f);
    }

    /// The extents `[_, n, inner]` of a tensor of which one group of axes is reduced, of size `n`.
    pub fn single(&self) -> Option<(usize, usize)> {
        match (self.inner, self.reduced.as_slice()) {
            (Inner::Reduced(n), []) => Some((n, 1)),
            (Inner::Kept(inner), [(n, _)]) => Some((*n, inner)),
            _ => None,
        }
    }

    /// The length of the tensor if all of it goes into one result, as neighbours.
    pub fn whole(&self) -> Option<usize> {
        match self.inner {
            Inner::Reduced(n) if self.kept.is_empty() && self.reduced.is_empty() => Some(n),
            _ => None,
        }
    }
}

fn walk(axes: &[Axis], offset: usize, f: &mut dyn FnMut(usize)) {
    match axes {
        [] => f(offset),
        [(size, stride)] => (0..*size).for_each(|i| f(offset + i * stride)),
        [(size, stride), rest @ ..] => (0..*size).for_each(|i| walk(rest, offset + i * stride, f)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_axes_are_one() {
        let region = |shape: &[usize], reduced: &[bool]| Region::new(&Shape::new(shape), reduced);
        let all = region(&[2, 3, 4], &[true; 3]);
        assert_eq!((all.whole(), all.n_reduced()), (Some(24), 24));
        let middle = region(&[2, 3, 1, 4], &[false, true, false, false]);
        assert_eq!((middle.inner, middle.n_reduced(), middle.base(1)), (Inner::Kept(4), 3, 12));
        let ends = region(&[2, 3, 4], &[true, false, true]);
        assert_eq!((ends.inner, ends.n_reduced(), ends.base(2)), (Inner::Reduced(4), 8, 8));
        assert_eq!((middle.single(), ends.single()), (Some((3, 4)), None));
        let mut offsets = Vec::new();
        ends.for_each_reduced(&mut |offset| offsets.push(offset));
        assert_eq!(offsets, [0, 12]);
    }
}
