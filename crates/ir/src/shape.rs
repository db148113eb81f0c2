//! Shapes of tensors (all sizes known) and dimensions of signatures (perhaps symbolic).
//!
//! Letters used for dimensions throughout: `b` batch, `t` tokens, `d` width, `h` heads, `n c y x` images,
//! `m k n` matrix products.

use std::sync::Arc;

use smallvec::SmallVec;

/// The sizes of a tensor's dimensions, outermost first. Rank 0 is a scalar.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Shape(SmallVec<[usize; 6]>);

impl Shape {
    /// The shape of a scalar.
    pub fn scalar() -> Shape {
        Shape::default()
    }

    /// A shape from its sizes.
    pub fn new(dims: &[usize]) -> Shape {
        Shape(SmallVec::from_slice(dims))
    }

    /// How many dimensions there are.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The sizes.
    pub fn dims(&self) -> &[usize] {
        &self.0
    }

    /// How many elements there are; `None` on overflow.
    pub fn checked_n_elements(&self) -> Option<usize> {
        // A zero anywhere means no elements, however absurd the other sizes are.
        if self.0.contains(&0) {
            return Some(0);
        }
        self.0.iter().try_fold(1usize, |n, &dim| n.checked_mul(dim))
    }

    /// How many elements there are. Saturates on overflow, which no tensor that exists reaches.
    pub fn n_elements(&self) -> usize {
        self.checked_n_elements().unwrap_or(usize::MAX)
    }

    /// Row-major strides, in elements.
    pub fn strides(&self) -> SmallVec<[usize; 6]> {
        let mut strides: SmallVec<[usize; 6]> = SmallVec::from_elem(1, self.rank());
        for axis in (1..self.rank()).rev() {
            strides[axis - 1] = strides[axis].saturating_mul(self.0[axis]);
        }
        strides
    }

    /// Resolves an axis that may count from the end (-1 is the last); `None` if out of range.
    pub fn axis(&self, axis: i64) -> Option<usize> {
        resolve_axis(axis, self.rank())
    }

    /// The shape that numpy's rule broadcasts both to; `None` if they do not fit.
    pub fn broadcast(&self, other: &Shape) -> Option<Shape> {
        let rank = self.rank().max(other.rank());
        let size = |shape: &Shape, axis: usize| {
            let pad = rank - shape.rank();
            if axis < pad { 1 } else { shape.0[axis - pad] }
        };
        (0..rank)
            .map(|axis| match (size(self, axis), size(other, axis)) {
                (a, b) if a == b => Some(a),
                (1, b) => Some(b),
                (a, 1) => Some(a),
                _ => None,
            })
            .collect()
    }

    /// The product of the sizes before `axis`, the size at `axis`, and the product of those after it.
    ///
    /// # Panics
    /// If `axis` is not below the rank: a bug in the caller.
    pub fn split_at_axis(&self, axis: usize) -> (usize, usize, usize) {
        (self.0[..axis].iter().product(), self.0[axis], self.0[axis + 1..].iter().product())
    }

    /// Adds a dimension at the end.
    pub fn push(&mut self, dim: usize) {
        self.0.push(dim);
    }
}

/// Resolves an axis that may count from the end against a rank; `None` if out of range.
pub fn resolve_axis(axis: i64, rank: usize) -> Option<usize> {
    let rank = i64::try_from(rank).ok()?;
    let axis = if axis < 0 { axis.checked_add(rank)? } else { axis };
    (0..rank).contains(&axis).then_some(axis as usize)
}

impl std::ops::Deref for Shape {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl std::ops::DerefMut for Shape {
    fn deref_mut(&mut self) -> &mut [usize] {
        &mut self.0
    }
}

impl From<&[usize]> for Shape {
    fn from(dims: &[usize]) -> Shape {
        Shape::new(dims)
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(dims: [usize; N]) -> Shape {
        Shape::new(&dims)
    }
}

impl From<Vec<usize>> for Shape {
    fn from(dims: Vec<usize>) -> Shape {
        Shape(SmallVec::from_vec(dims))
    }
}

impl FromIterator<usize> for Shape {
    fn from_iter<I: IntoIterator<Item = usize>>(dims: I) -> Shape {
        Shape(dims.into_iter().collect())
    }
}

impl std::fmt::Debug for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&self.0, f)
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&self.0, f)
    }
}

/// One dimension of a value in a graph, as far as it is known before a run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Dim {
    /// A fixed size.
    Known(usize),
    /// A size known by name: equal names are equal sizes.
    Symbol(Arc<str>),
    /// Any size.
    #[default]
    Unknown,
}

impl Dim {
    /// The size, if it is fixed.
    pub fn known(&self) -> Option<usize> {
        match self {
            Dim::Known(n) => Some(*n),
            Dim::Symbol(_) | Dim::Unknown => None,
        }
    }
}

impl std::fmt::Display for Dim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Dim::Known(n) => write!(f, "{n}"),
            Dim::Symbol(name) => f.write_str(name),
            Dim::Unknown => f.write_str("?"),
        }
    }
}

/// The dimensions of a value before a run; `None` where even the rank is open.
pub type Dims = Option<SmallVec<[Dim; 4]>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting_follows_numpy() {
        type Case<'a> = (&'a [usize], &'a [usize], Option<&'a [usize]>);
        let cases: [Case<'_>; 5] = [
            (&[2, 3], &[3], Some(&[2, 3])),
            (&[2, 1], &[1, 4], Some(&[2, 4])),
            (&[], &[5], Some(&[5])),
            (&[0, 1], &[1, 3], Some(&[0, 3])),
            (&[2], &[3], None),
        ];
        for (a, b, want) in cases {
            assert_eq!(Shape::new(a).broadcast(&Shape::new(b)), want.map(Shape::new), "{a:?} {b:?}");
        }
    }

    #[test]
    fn counts_do_not_overflow() {
        assert_eq!(Shape::new(&[usize::MAX, 2]).checked_n_elements(), None);
        assert_eq!(Shape::new(&[usize::MAX, 2, 0]).checked_n_elements(), Some(0));
    }
}
