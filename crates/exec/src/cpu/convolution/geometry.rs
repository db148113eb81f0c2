//! Walking over windows row by row: the last axis is an inner loop over whole rows, the others are coordinates.

use std::ops::Range;

use dunlin_ir::op::window::{Axes, Axis};
use smallvec::SmallVec;

/// The windows over one plane of the input, seen as rows along the last axis.
#[derive(Debug)]
pub(super) struct Geometry {
    outer: Axes,
    /// The last axis.
    pub inner: Axis,
    /// The elements of the window along the last axis.
    pub taps: SmallVec<[Tap; 8]>,
}

/// One element of the window along the last axis.
#[derive(Debug, Clone)]
pub(super) struct Tap {
    /// The windows for which it lies in the input.
    pub windows: Range<usize>,
    /// Where it lies in the input for the first of them.
    pub start: usize,
}

impl Geometry {
    /// The windows over a plane; `None` if there is no axis.
    pub fn new(axes: &[Axis]) -> Option<Geometry> {
        let (&inner, outer) = axes.split_last()?;
        let tap = |k| {
            let (windows, start) = inner.windows_of(k);
            Tap { windows, start }
        };
        Some(Geometry { outer: outer.into(), inner, taps: (0..inner.kernel).map(tap).collect() })
    }

    /// Rows of one plane of the output.
    pub fn n_rows(&self) -> usize {
        self.outer.iter().map(|axis| axis.output).product()
    }

    /// Elements of one plane of the output.
    pub fn output_len(&self) -> usize {
        self.n_rows() * self.inner.output
    }

    /// Elements of one plane of the input.
    pub fn input_len(&self) -> usize {
        self.outer.iter().map(|axis| axis.input).product::<usize>() * self.inner.input
    }

    /// Elements of the window.
    pub fn kernel_len(&self) -> usize {
        self.outer.iter().map(|axis| axis.kernel).product::<usize>() * self.inner.kernel
    }

    /// Calls `f(tap, input_row)` for each row of the window of output row `row` that lies in the input; `tap` is the
    /// window row's number.
    #[inline]
    pub fn for_each_window_row(&self, row: usize, mut f: impl FnMut(usize, usize)) {
        self.descend(0, self.n_rows(), row, 0, 0, &mut f);
    }

    fn descend(
        &self,
        depth: usize,
        n_rows: usize,
        row: usize,
        tap: usize,
        input_row: usize,
        f: &mut impl FnMut(usize, usize),
    ) {
        let Some(axis) = self.outer.get(depth) else { return f(tap, input_row) };
        let below = n_rows / axis.output;
        let (o, row) = (row / below, row % below);
        for k in 0..axis.kernel {
            if let Some(at) = axis.position(o, k) {
                self.descend(depth + 1, below, row, tap * axis.kernel + k, input_row * axis.input + at, f);
            }
        }
    }

    /// For output row `row`, the product over the outer axes of `count(axis, o)`.
    pub fn outer_product(&self, row: usize, count: impl Fn(&Axis, usize) -> usize) -> usize {
        let (mut product, mut rest) = (1, row);
        for axis in self.outer.iter().rev() {
            product *= count(axis, rest % axis.output);
            rest /= axis.output;
        }
        product
    }
}

/// `f(&mut out[o], x[start + i * stride])` for the windows `o` of a tap, in order, where `i` counts them.
#[inline(always)]
pub(super) fn zip_tap<T: Copy>(tap: &Tap, stride: usize, out: &mut [T], x: &[T], f: impl Fn(&mut T, T)) {
    let out = &mut out[tap.windows.clone()];
    if out.is_empty() {
        return;
    }
    let x = &x[tap.start..];
    if stride == 1 {
        out.iter_mut().zip(x).for_each(|(out, &x)| f(out, x));
    } else {
        out.iter_mut().zip(x.iter().step_by(stride)).for_each(|(out, &x)| f(out, x));
    }
}

/// `f(&mut x[start + i * stride], out[o])` for the windows `o` of a tap: the reverse of [`zip_tap`].
#[inline(always)]
pub(super) fn scatter_tap<T: Copy>(tap: &Tap, stride: usize, x: &mut [T], out: &[T], f: impl Fn(&mut T, T)) {
    let out = &out[tap.windows.clone()];
    if out.is_empty() {
        return;
    }
    let x = &mut x[tap.start..];
    if stride == 1 {
        x.iter_mut().zip(out).for_each(|(x, &out)| f(x, out));
    } else {
        x.iter_mut().step_by(stride).zip(out).for_each(|(x, &out)| f(x, out));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunlin_ir::op::window::{Padding, Rounding, SameExtent, Window};

    #[test]
    fn rows_and_taps_visit_each_pair_of_window_and_element_once() {
        let window = Window {
            strides: SmallVec::from_slice(&[2, 1]),
            dilations: SmallVec::from_slice(&[1, 2]),
            padding: Padding::Explicit(SmallVec::from_slice(&[1, 0, 0, 2])),
            ..Window::default()
        };
        let axes = window.axes(&[5, 6], &[3, 2], Rounding::Floor, SameExtent::Dilated).unwrap();
        let geometry = Geometry::new(&axes).unwrap();
        let x: Vec<i64> = (1..=30).collect();
        let mut got = vec![0; geometry.output_len()];
        for (row, out) in got.chunks_exact_mut(geometry.inner.output).enumerate() {
            geometry.for_each_window_row(row, |_, input_row| {
                for tap in &geometry.taps {
                    zip_tap(tap, 1, out, &x[input_row * 6..][..6], |out, x| *out += x);
                }
            });
        }
        let mut want = Vec::new();
        for y in 0..axes[0].output as i64 {
            for column in 0..axes[1].output as i64 {
                let elements = (0..3).flat_map(|ky| (0..2).map(move |kx| (y * 2 + ky - 1, column + kx * 2)));
                let inside = elements.filter(|&(y, x)| (0..5).contains(&y) && (0..6).contains(&x));
                want.push(inside.map(|(y, x)| y * 6 + x + 1).sum::<i64>());
            }
        }
        assert_eq!(got, want);
    }
}
