//! Sliding windows: the arithmetic of kernels, strides, dilations and padding that convolution and pooling share.

use smallvec::SmallVec;

/// One number per spatial axis.
pub type Sizes = SmallVec<[usize; 3]>;

/// How a window moves over the spatial axes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Window {
    /// Elements of the window along each axis; empty if the weights say it.
    pub kernel: Sizes,
    /// Steps of the window along each axis; empty for steps of 1.
    pub strides: Sizes,
    /// Distance of neighbouring elements of the window along each axis; empty for 1.
    pub dilations: Sizes,
    /// What lies around the input.
    pub padding: Padding,
}

/// How much padding lies around the input.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Padding {
    /// At the beginning of each axis, then at the end of each axis; empty for none. Negative padding crops.
    Explicit(SmallVec<[i64; 6]>),
    /// So that there are `ceil(input / stride)` windows, the odd one at the end.
    SameUpper,
    /// So that there are `ceil(input / stride)` windows, the odd one at the beginning.
    SameLower,
}

impl Default for Padding {
    fn default() -> Padding {
        Padding::Explicit(SmallVec::new())
    }
}

/// How the number of windows is rounded where they do not cover the input exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Rounding {
    /// The last window lies within the padded input.
    #[default]
    Floor,
    /// The last window may reach beyond it, but starts within the input or the padding before it.
    Ceil,
}

/// How padding to the same size counts a dilated window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum SameExtent {
    /// From its first to its last element: convolution.
    Dilated,
    /// As if it were not dilated: pooling, as ONNX Runtime does it.
    Kernel,
}

/// A window on one axis, with all numbers resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Axis {
    /// Elements of the input.
    pub input: usize,
    /// Elements of the window.
    pub kernel: usize,
    /// Step of the window.
    pub stride: usize,
    /// Distance of neighbouring elements of the window.
    pub dilation: usize,
    /// Padding before the input.
    pub pad_begin: i64,
    /// Padding after the input.
    pub pad_end: i64,
    /// Windows.
    pub output: usize,
}

/// The axes of a window.
pub type Axes = SmallVec<[Axis; 3]>;

impl Window {
    /// The step along axis `i`.
    pub fn stride(&self, i: usize) -> usize {
        self.strides.get(i).copied().unwrap_or(1)
    }

    /// The dilation along axis `i`.
    pub fn dilation(&self, i: usize) -> usize {
        self.dilations.get(i).copied().unwrap_or(1)
    }

    /// Padding before and after axis `i` of `rank`, if it does not depend on the input's size.
    pub fn explicit_pads(&self, i: usize, rank: usize) -> Option<(i64, i64)> {
        match &self.padding {
            Padding::Explicit(pads) if pads.is_empty() => Some((0, 0)),
            Padding::Explicit(pads) => Some((*pads.get(i)?, *pads.get(rank + i)?)),
            Padding::SameUpper | Padding::SameLower => None,
        }
    }

    /// Whether the attributes fit `rank` spatial axes.
    pub fn fits_rank(&self, rank: usize) -> bool {
        let fits = |n: usize, rank: usize| n == 0 || n == rank;
        let pads = match &self.padding {
            Padding::Explicit(pads) => pads.len(),
            Padding::SameUpper | Padding::SameLower => 0,
        };
        fits(self.kernel.len(), rank)
            && fits(self.strides.len(), rank)
            && fits(self.dilations.len(), rank)
            && fits(pads, rank * 2)
    }

    /// The window over an input of these spatial sizes; `None` if the numbers do not fit together.
    pub fn axes(
        &self,
        input: &[usize],
        kernel: &[usize],
        rounding: Rounding,
        same: SameExtent,
    ) -> Option<Axes> {
        if kernel.len() != input.len() || !self.fits_rank(input.len()) {
            return None;
        }
        (0..input.len()).map(|i| self.axis(i, input.len(), input[i], kernel[i], rounding, same)).collect()
    }

    /// The window along axis `i` of `rank`.
    pub fn axis(
        &self,
        i: usize,
        rank: usize,
        input: usize,
        kernel: usize,
        rounding: Rounding,
        same: SameExtent,
    ) -> Option<Axis> {
        let (stride, dilation) = (self.stride(i), self.dilation(i));
        if kernel == 0 || stride == 0 || dilation == 0 {
            return None;
        }
        let signed = |n: usize| i64::try_from(n).ok().filter(|&n| n < 1 << 48);
        let (n, step) = (signed(input)?, signed(stride)?);
        let extent = (kernel - 1).checked_mul(dilation)?.checked_add(1).and_then(signed)?;
        let same_extent = if same == SameExtent::Dilated { extent } else { signed(kernel)? };
        let (pad_begin, pad_end) = match self.explicit_pads(i, rank) {
            Some(pads) => pads,
            None => {
                let windows = (n + step - 1) / step;
                let total = (windows - 1) * step + same_extent - n;
                // Windows that lie apart leave some of the input out: convolution at its end, pooling on both sides.
                let total = if same == SameExtent::Dilated { total.max(0) } else { total };
                split_padding(total, &self.padding)
            }
        };
        let room = n.checked_add(pad_begin)?.checked_add(pad_end)?.checked_sub(extent)?;
        if room < 0 {
            return None;
        }
        let mut output = match rounding {
            Rounding::Floor => room / step + 1,
            Rounding::Ceil => room.checked_add(step - 1)? / step + 1,
        };
        if rounding == Rounding::Ceil && (output - 1).checked_mul(step)? >= n + pad_begin {
            output -= 1;
        }
        let output = usize::try_from(output).ok()?;
        Some(Axis { input, kernel, stride, dilation, pad_begin, pad_end, output })
    }
}

/// Divides padding between the beginning and the end.
pub fn split_padding(total: i64, padding: &Padding) -> (i64, i64) {
    let begin = if *padding == Padding::SameUpper { total / 2 } else { (total + 1) / 2 };
    (begin, total - begin)
}

impl Axis {
    /// Elements from the first to the last of the window.
    pub fn extent(&self) -> usize {
        (self.kernel - 1) * self.dilation + 1
    }

    /// Where element `k` of window `o` lies in the input, if it does not lie in the padding.
    pub fn position(&self, o: usize, k: usize) -> Option<usize> {
        let at = (o * self.stride + k * self.dilation) as i64 - self.pad_begin;
        usize::try_from(at).ok().filter(|&at| at < self.input)
    }

    /// The windows whose element `k` lies in the input, and where that element of the first of them lies.
    pub fn windows_of(&self, k: usize) -> (std::ops::Range<usize>, usize) {
        let offset = (k * self.dilation) as i64 - self.pad_begin;
        let stride = self.stride as i64;
        let first = if offset < 0 { (-offset + stride - 1) / stride } else { 0 };
        let room = self.input as i64 - offset;
        let end = if room <= 0 { 0 } else { (room + stride - 1) / stride };
        let end = end.min(self.output as i64);
        if first >= end {
            return (0..0, 0);
        }
        (first as usize..end as usize, (first * stride + offset) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(input: usize, kernel: usize, stride: usize, pads: [i64; 2], rounding: Rounding) -> Option<Axis> {
        let window = Window {
            strides: SmallVec::from_slice(&[stride]),
            padding: Padding::Explicit(SmallVec::from_slice(&pads)),
            ..Window::default()
        };
        window.axis(0, 1, input, kernel, rounding, SameExtent::Dilated)
    }

    #[test]
    fn the_number_of_windows_follows_the_standard() {
        let cases = [
            ("exact", 5, 3, 1, [0, 0], Rounding::Floor, Some(3)),
            ("padded", 5, 3, 1, [1, 1], Rounding::Floor, Some(5)),
            ("floor", 4, 3, 2, [0, 0], Rounding::Floor, Some(1)),
            ("ceil", 4, 3, 2, [0, 0], Rounding::Ceil, Some(2)),
            // The third window would start in the padding after the input.
            ("ceil, last window dropped", 2, 1, 2, [0, 1], Rounding::Ceil, Some(1)),
            ("too small", 2, 3, 1, [0, 0], Rounding::Floor, None),
            ("cropped", 5, 3, 1, [-1, 0], Rounding::Floor, Some(2)),
        ];
        for (name, input, kernel, stride, pads, rounding, want) in cases {
            assert_eq!(axis(input, kernel, stride, pads, rounding).map(|a| a.output), want, "{name}");
        }
    }

    #[test]
    fn windows_of_an_element_agree_with_its_positions() {
        for pads in [[0, 0], [1, 2], [3, 3], [-1, 0]] {
            for stride in 1..4 {
                let Some(axis) = axis(7, 3, stride, pads, Rounding::Floor) else { continue };
                for k in 0..3 {
                    let (range, start) = axis.windows_of(k);
                    for o in 0..axis.output {
                        let want = range.contains(&o).then(|| start + (o - range.start) * stride);
                        assert_eq!(axis.position(o, k), want, "pads {pads:?} stride {stride} k {k} o {o}");
                    }
                }
            }
        }
    }
}
