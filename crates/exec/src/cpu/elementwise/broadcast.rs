//! Broadcasting: how the inputs of an operator run along its output, in as few and as long runs as their shapes allow.

use std::ops::Range;

use dunlin_ir::Shape;
use smallvec::{SmallVec, smallvec};

use crate::Ctx;

/// Elements that are worth a task of their own where an element takes well below a nanosecond.
pub(crate) const CHEAP_CHUNK: usize = 1 << 15;
/// Elements that are worth a task of their own where an element takes about a nanosecond.
pub(crate) const COSTLY_CHUNK: usize = 1 << 13;
/// Elements that stay in the first-level cache while several passes go over them.
pub(crate) const BLOCK: usize = 1024;
/// Runs shorter than this are gathered into blocks before anything is computed.
const SHORT_RUN: usize = 16;

type Sizes = SmallVec<[usize; 6]>;

/// One operand along a run of output elements.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lane<'a, T> {
    /// An element for each output element.
    Slice(&'a [T]),
    /// The same element for all.
    Scalar(T),
}

/// The shape of an output, and how each input strides along it, with dimensions merged where all inputs allow.
#[derive(Debug)]
pub(crate) struct Broadcast {
    sizes: Sizes,
    strides: SmallVec<[Sizes; 3]>,
    is_dense: SmallVec<[bool; 4]>,
}

impl Broadcast {
    /// How `inputs`, whose shapes broadcast to `shape`, run along it.
    pub fn new(shape: &Shape, inputs: &[&Shape]) -> Broadcast {
        let mut merged = Broadcast {
            sizes: Sizes::new(),
            strides: inputs.iter().map(|_| Sizes::new()).collect(),
            is_dense: inputs.iter().map(|input| input.n_elements() == shape.n_elements()).collect(),
        };
        let dense: SmallVec<[_; 3]> = inputs.iter().map(|input| input.strides()).collect();
        for (axis, &size) in shape.iter().enumerate().filter(|&(_, &size)| size != 1) {
            let here = inputs.iter().zip(&dense).map(|(input, strides)| {
                let own = (axis + input.rank()).checked_sub(shape.rank());
                own.filter(|&own| input[own] != 1).map_or(0, |own| strides[own])
            });
            merged.push_axis(size, here.collect());
        }
        merged
    }

    fn push_axis(&mut self, size: usize, here: SmallVec<[usize; 3]>) {
        let mut pairs = self.strides.iter().zip(&here);
        let continues =
            |(strides, &stride): (&Sizes, &usize)| strides.last() == Some(&stride.saturating_mul(size));
        match self.sizes.last_mut() {
            Some(last) if pairs.all(continues) => {
                *last = last.saturating_mul(size);
                for (strides, stride) in self.strides.iter_mut().zip(here) {
                    strides.pop();
                    strides.push(stride);
                }
            }
            _ => {
                self.sizes.push(size);
                for (strides, stride) in self.strides.iter_mut().zip(here) {
                    strides.push(stride);
                }
            }
        }
    }

    /// Calls `f(at, len, offsets)` for the runs that make up `range` of the output: `len` elements from `at` on, for
    /// which input `k` starts at `offsets[k]` and goes on or stays as [`Broadcast::lane`] knows.
    pub fn for_each_run(&self, range: Range<usize>, mut f: impl FnMut(usize, usize, &[usize])) {
        if range.is_empty() {
            return;
        }
        let inner = self.sizes.last().copied().unwrap_or(1);
        let n_outer = self.sizes.len().saturating_sub(1);
        let mut index: Sizes = smallvec![0; n_outer];
        let mut rest = range.start / inner;
        for axis in (0..n_outer).rev() {
            index[axis] = rest % self.sizes[axis];
            rest /= self.sizes[axis];
        }
        let mut within = range.start % inner;
        let mut offsets: SmallVec<[usize; 4]> = self
            .strides
            .iter()
            .map(|strides| {
                let outer: usize = index.iter().zip(strides).map(|(&i, &stride)| i * stride).sum();
                outer + within * strides.last().copied().unwrap_or(0)
            })
            .collect();
        let mut at = range.start;
        loop {
            let len = (inner - within).min(range.end - at);
            f(at, len, &offsets);
            at += len;
            if at >= range.end {
                return;
            }
            self.next_run(&mut index, &mut offsets, within);
            within = 0;
        }
    }

    /// Moves to the start of the next run; the current one started `within` elements after its natural start.
    fn next_run(&self, index: &mut Sizes, offsets: &mut [usize], within: usize) {
        for (offset, strides) in offsets.iter_mut().zip(&self.strides) {
            *offset -= within * strides.last().copied().unwrap_or(0);
        }
        for axis in (0..index.len()).rev() {
            index[axis] += 1;
            if index[axis] < self.sizes[axis] {
                for (offset, strides) in offsets.iter_mut().zip(&self.strides) {
                    *offset += strides[axis];
                }
                return;
            }
            index[axis] = 0;
            for (offset, strides) in offsets.iter_mut().zip(&self.strides) {
                *offset -= strides[axis] * (self.sizes[axis] - 1);
            }
        }
    }

    /// Whether runs are long enough to compute on them as they are.
    pub fn has_long_runs(&self) -> bool {
        self.sizes.len() <= 1 || self.sizes.last().is_some_and(|&inner| inner >= SHORT_RUN)
    }

    /// The elements of input `k` along a run of `len` elements from `offset` on.
    pub fn lane<'a, T: Copy>(&self, k: usize, elements: &'a [T], offset: usize, len: usize) -> Lane<'a, T> {
        if self.advances(k) {
            Lane::Slice(&elements[offset..offset + len])
        } else {
            Lane::Scalar(elements[offset])
        }
    }

    /// Whether input `k` has an element for each element of a run, rather than one for all.
    pub fn advances(&self, k: usize) -> bool {
        self.strides[k].last().is_some_and(|&stride| stride != 0)
    }

    /// Input `k` spread along the output elements from `start` on, in `space` if it has to be copied.
    pub fn spread<'a, T: Copy>(
        &self,
        k: usize,
        elements: &'a [T],
        start: usize,
        space: &'a mut [T],
    ) -> &'a [T] {
        if self.is_dense[k] {
            return &elements[start..start + space.len()];
        }
        self.fill(k, elements, start, space);
        space
    }

    /// Writes input `k` spread along the output elements from `start` on.
    pub fn fill<T: Copy>(&self, k: usize, elements: &[T], start: usize, out: &mut [T]) {
        self.for_each_run(start..start + out.len(), |at, len, offsets| {
            let out = &mut out[at - start..][..len];
            match self.lane(k, elements, offsets[k], len) {
                Lane::Slice(elements) => out.copy_from_slice(elements),
                Lane::Scalar(element) => out.fill(element),
            }
        });
    }
}

/// Calls `f(start, part)` for the parts of `out`, of `chunk` elements each, on the run's threads.
pub(crate) fn in_chunks<T: Send>(
    ctx: &Ctx<'_>,
    out: &mut [T],
    chunk: usize,
    f: &(dyn Fn(usize, &mut [T]) + Sync),
) {
    dunlin_sys::for_each_chunk_mut(ctx.pool(), out, chunk, &|i, part| f(i * chunk, part));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_like_numpy() {
        let cases: [(&[usize], &[usize], &[usize]); 6] = [
            (&[2, 3], &[3], &[0, 1, 2, 0, 1, 2]),
            (&[2, 3], &[2, 1], &[0, 0, 0, 1, 1, 1]),
            (&[2, 2, 2], &[2, 1, 2], &[0, 1, 0, 1, 2, 3, 2, 3]),
            (&[2, 2, 2], &[1, 2, 1], &[0, 0, 1, 1, 0, 0, 1, 1]),
            (&[1, 2], &[1, 1], &[0, 0]),
            (&[], &[], &[0]),
        ];
        for (shape, input, want) in cases {
            let (shape, input) = (Shape::new(shape), Shape::new(input));
            let elements: Vec<usize> = (0..input.n_elements()).collect();
            let plan = Broadcast::new(&shape, &[&input, &shape]);
            for start in 0..want.len() {
                let mut out = vec![usize::MAX; want.len() - start];
                plan.fill(0, &elements, start, &mut out);
                assert_eq!(out, want[start..], "{shape} {input} from {start}");
            }
        }
    }

    #[test]
    fn neighbouring_dimensions_merge() {
        let shape = Shape::new(&[2, 3, 4, 5]);
        let plan = Broadcast::new(&shape, &[&shape, &Shape::new(&[3, 1, 1])]);
        assert_eq!(plan.sizes[..], [2, 3, 20]);
        assert_eq!(plan.strides[1][..], [0, 1, 0]);
    }
}
