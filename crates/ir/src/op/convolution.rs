//! Operators of convolution and pooling.

use smallvec::SmallVec;

use super::activation::Activation;
use super::window::{Rounding, SameExtent, Sizes, Window, split_padding};
use crate::infer::{self, Facts, Inferred};
use crate::{DType, Dim, Dims};

/// Operators of convolution and pooling, over `[n, c, spatial..]`.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum Convolution {
    /// Convolution with weights `[m, c / groups, kernel..]`. Inputs: x, weights, bias `[m]`?, residual?
    Conv(Conv),
    /// Transposed convolution with weights `[c, m / groups, kernel..]`. Inputs: x, weights, bias `[m]`?
    ConvTranspose(ConvTranspose),
    /// Convolution whose sampling points are moved. Inputs: x, weights, offsets, bias?, mask?
    DeformConv(DeformConv),
    /// Depthwise causal convolution along the last axis. Inputs: x `[b, c, t]`, weights `[c, 1, k]`, bias?, the last
    /// `k - 1` elements before x?. Outputs: y, the last `k - 1` elements.
    CausalConvWithState(CausalConv),
    /// The largest element of each window, and where it lies.
    MaxPool(MaxPool),
    /// The mean of each window.
    AveragePool(AveragePool),
    /// The p-norm of each window.
    LpPool(LpPool),
    /// One number per channel, from all of its elements.
    GlobalPool(GlobalPool),
    /// Puts elements where their indices say, into zeros. Inputs: x, indices, output shape?
    MaxUnpool(Window),
    /// The largest element of each cell of regions. Inputs: x, regions `[r, 5]`.
    MaxRoiPool(MaxRoiPool),
    /// Adds up columns of windows into an image. Inputs: columns `[n, c * kernel, windows]`, image shape, kernel shape.
    Col2Im(Window),
}

/// The attributes of a convolution.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct Conv {
    /// How the kernel moves.
    pub window: Window,
    /// Into how many independent groups the channels are divided.
    pub groups: usize,
    /// Applied to `convolution + bias + residual`.
    pub activation: Option<Activation>,
}

/// The attributes of a transposed convolution.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct ConvTranspose {
    /// How the kernel of the convolution that this is the transpose of moves.
    pub window: Window,
    /// Into how many independent groups the channels are divided.
    pub groups: usize,
    /// Elements added at the end of each axis of the output; empty for none.
    pub output_padding: Sizes,
    /// The output's spatial sizes, from which the padding follows; empty if it follows from the padding.
    pub output_shape: Sizes,
    /// Applied to the result.
    pub activation: Option<Activation>,
}

/// The attributes of a deformable convolution.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct DeformConv {
    /// How the kernel moves.
    pub window: Window,
    /// Into how many independent groups the channels are divided.
    pub groups: usize,
    /// How many groups of input channels have offsets of their own.
    pub offset_groups: usize,
}

/// The attributes of a causal convolution.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct CausalConv {
    /// Applied to the result.
    pub activation: Option<Activation>,
}

/// The attributes of maximum pooling.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct MaxPool {
    /// How the window moves.
    pub window: Window,
    /// Whether the last window may reach beyond the input.
    pub rounding: Rounding,
    /// How positions in the image are counted in the second output.
    pub storage: StorageOrder,
}

/// How positions are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum StorageOrder {
    /// The last axis varies fastest.
    #[default]
    RowMajor,
    /// The first spatial axis varies fastest.
    ColumnMajor,
}

/// The attributes of average pooling.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct AveragePool {
    /// How the window moves.
    pub window: Window,
    /// Whether the last window may reach beyond the input.
    pub rounding: Rounding,
    /// Whether padding counts as zeros.
    pub count_padding: bool,
}

/// The attributes of p-norm pooling.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct LpPool {
    /// How the window moves.
    pub window: Window,
    /// Whether the last window may reach beyond the input.
    pub rounding: Rounding,
    /// The norm's exponent.
    pub p: f32,
}

/// What a global pooling computes.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub enum GlobalPool {
    /// The mean.
    Average,
    /// The largest element.
    Max,
    /// The p-norm.
    Lp {
        /// The norm's exponent.
        p: f32,
    },
}

/// The attributes of maximum pooling over regions.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "encode", derive(serde::Serialize, serde::Deserialize))]
pub struct MaxRoiPool {
    /// Cells along each spatial axis.
    pub pooled: [usize; 2],
    /// From the regions' coordinates to those of x.
    pub scale: f32,
}

impl Convolution {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match self {
            Convolution::Conv(_) => "Conv",
            Convolution::ConvTranspose(_) => "ConvTranspose",
            Convolution::DeformConv(_) => "DeformConv",
            Convolution::CausalConvWithState(_) => "CausalConvWithState",
            Convolution::MaxPool(_) => "MaxPool",
            Convolution::AveragePool(_) => "AveragePool",
            Convolution::LpPool(_) => "LpPool",
            Convolution::GlobalPool(GlobalPool::Average) => "GlobalAveragePool",
            Convolution::GlobalPool(GlobalPool::Max) => "GlobalMaxPool",
            Convolution::GlobalPool(GlobalPool::Lp { .. }) => "GlobalLpPool",
            Convolution::MaxUnpool(_) => "MaxUnpool",
            Convolution::MaxRoiPool(_) => "MaxRoiPool",
            Convolution::Col2Im(_) => "Col2Im",
        }
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, facts: &Facts<'_>) -> Inferred {
        let dims = match self {
            Convolution::Conv(conv) => conv_dims(&conv.window, facts),
            Convolution::DeformConv(conv) => conv_dims(&conv.window, facts),
            Convolution::ConvTranspose(conv) => conv.dims(facts),
            Convolution::CausalConvWithState(_) => return causal_facts(facts),
            Convolution::MaxPool(pool) => return pool.infer(facts),
            Convolution::AveragePool(pool) => pool_dims(&pool.window, pool.rounding, facts),
            Convolution::LpPool(pool) => pool_dims(&pool.window, pool.rounding, facts),
            Convolution::GlobalPool(_) => global_dims(facts),
            Convolution::MaxUnpool(window) => unpool_dims(window, facts),
            Convolution::MaxRoiPool(pool) => pool.dims(facts),
            Convolution::Col2Im(_) => col2im_dims(facts),
        };
        infer::one(facts.dtype(0), dims)
    }
}

impl MaxPool {
    fn infer(&self, facts: &Facts<'_>) -> Inferred {
        let dims = pool_dims(&self.window, self.rounding, facts);
        let indices = infer::Fact::new(Some(DType::I64), dims.clone());
        smallvec::smallvec![infer::Fact::new(facts.dtype(0), dims), indices]
    }
}

impl ConvTranspose {
    /// Padding before and after axis `i` of `rank`, and the output's size; `None` if the numbers do not fit.
    pub fn axis(&self, i: usize, rank: usize, input: usize, kernel: usize) -> Option<(i64, i64, usize)> {
        let signed = |n: usize| i64::try_from(n).ok().filter(|&n| n < 1 << 32);
        let stride = signed(self.window.stride(i))?;
        let extra = self.output_padding.get(i).copied().unwrap_or(0);
        let extent = signed(kernel.checked_sub(1)?)?.checked_mul(signed(self.window.dilation(i))?)? + 1;
        let n = signed(input)?;
        let full = (n - 1).checked_mul(stride)?.checked_add(signed(extra)?)?.checked_add(extent)?;
        let wanted = match self.output_shape.get(i) {
            Some(&size) => Some(signed(size)?),
            None if self.window.explicit_pads(i, rank).is_none() => Some(n.checked_mul(stride)?),
            None => None,
        };
        let (begin, end) = match wanted {
            Some(wanted) => split_padding((full - wanted).max(0), &self.window.padding),
            None => self.window.explicit_pads(i, rank)?,
        };
        let output = match self.output_shape.get(i) {
            Some(&size) => size,
            None => usize::try_from(full.checked_sub(begin)?.checked_sub(end)?).ok()?,
        };
        Some((begin, end, output))
    }

    fn dims(&self, facts: &Facts<'_>) -> Dims {
        let (x, weights) = (facts.dims(0)?, facts.dims(1)?);
        let rank = x.len().checked_sub(2)?;
        let channels = match weights.get(1)? {
            Dim::Known(n) => Dim::Known(n.checked_mul(self.groups)?),
            other if self.groups == 1 => other.clone(),
            _ => Dim::Unknown,
        };
        let spatial = (0..rank).map(|i| {
            if let Some(&size) = self.output_shape.get(i) {
                return Dim::Known(size);
            }
            let kernel = weights.get(i + 2).and_then(Dim::known);
            let size = x[i + 2].known().zip(kernel).and_then(|(n, k)| self.axis(i, rank, n, k));
            size.map_or(Dim::Unknown, |(_, _, n)| Dim::Known(n))
        });
        infer::dims([x[0].clone(), channels].into_iter().chain(spatial))
    }
}

impl MaxRoiPool {
    fn dims(&self, facts: &Facts<'_>) -> Dims {
        let regions = facts.dims(1).and_then(|dims| dims.first().cloned()).unwrap_or_default();
        let channels = facts.dims(0).and_then(|dims| dims.get(1).cloned()).unwrap_or_default();
        infer::dims([regions, channels, Dim::Known(self.pooled[0]), Dim::Known(self.pooled[1])])
    }
}

fn conv_dims(window: &Window, facts: &Facts<'_>) -> Dims {
    let x = facts.dims(0)?;
    let weights = facts.dims(1);
    let rank = x.len().checked_sub(2)?;
    let channels = weights.and_then(|dims| dims.first().cloned()).unwrap_or_default();
    let spatial = (0..rank).map(|i| {
        let kernel = weights.and_then(|dims| dims.get(i + 2)).and_then(Dim::known);
        let kernel = kernel.or_else(|| window.kernel.get(i).copied());
        window_dim(window, i, rank, &x[i + 2], kernel, Rounding::Floor, SameExtent::Dilated)
    });
    infer::dims([x[0].clone(), channels].into_iter().chain(spatial))
}

fn pool_dims(window: &Window, rounding: Rounding, facts: &Facts<'_>) -> Dims {
    let x = facts.dims(0)?;
    let rank = x.len().checked_sub(2)?;
    let spatial = (0..rank).map(|i| {
        window_dim(window, i, rank, &x[i + 2], window.kernel.get(i).copied(), rounding, SameExtent::Kernel)
    });
    infer::dims(x[..2].iter().cloned().chain(spatial))
}

/// The number of windows: by arithmetic, or by name where the window keeps the size.
fn window_dim(
    window: &Window,
    i: usize,
    rank: usize,
    input: &Dim,
    kernel: Option<usize>,
    rounding: Rounding,
    same: SameExtent,
) -> Dim {
    let Some(kernel) = kernel else { return Dim::Unknown };
    if let Some(n) = input.known() {
        let axis = window.axis(i, rank, n, kernel, rounding, same);
        return axis.map_or(Dim::Unknown, |axis| Dim::Known(axis.output));
    }
    let extent = kernel.saturating_sub(1).saturating_mul(window.dilation(i));
    let keeps_size = window.stride(i) == 1
        && match window.explicit_pads(i, rank) {
            Some((begin, end)) => begin.checked_add(end) == i64::try_from(extent).ok(),
            None => same == SameExtent::Dilated || window.dilation(i) == 1,
        };
    if keeps_size { input.clone() } else { Dim::Unknown }
}

fn global_dims(facts: &Facts<'_>) -> Dims {
    let x = facts.dims(0)?;
    infer::dims(x.iter().enumerate().map(|(i, dim)| if i < 2 { dim.clone() } else { Dim::Known(1) }))
}

fn causal_facts(facts: &Facts<'_>) -> Inferred {
    let x = facts.dims(0);
    let kernel = facts.dims(1).and_then(|dims| dims.get(2)).and_then(Dim::known);
    let before = kernel.and_then(|k| k.checked_sub(1)).map_or(Dim::Unknown, Dim::Known);
    let state =
        x.filter(|x| x.len() == 3).map(|x| SmallVec::from([x[0].clone(), x[1].clone(), before].to_vec()));
    smallvec::smallvec![
        infer::Fact::new(facts.dtype(0), x.map(SmallVec::from)),
        infer::Fact::new(facts.dtype(0), state),
    ]
}

/// The sizes that an unpooling has when nothing else says them.
pub fn unpooled_size(window: &Window, i: usize, rank: usize, input: usize) -> Option<usize> {
    let (begin, end) = window.explicit_pads(i, rank)?;
    let full = input.checked_sub(1)?.checked_mul(window.stride(i))?.checked_add(*window.kernel.get(i)?)?;
    usize::try_from(i64::try_from(full).ok()?.checked_sub(begin)?.checked_sub(end)?).ok()
}

fn unpool_dims(window: &Window, facts: &Facts<'_>) -> Dims {
    let x = facts.dims(0)?;
    if facts.has(2) {
        let shape = facts.ints(2)?;
        return infer::dims(shape.iter().map(|&n| usize::try_from(n).map_or(Dim::Unknown, Dim::Known)));
    }
    let rank = x.len().checked_sub(2)?;
    let spatial = (0..rank).map(|i| {
        let size = x[i + 2].known().and_then(|n| unpooled_size(window, i, rank, n));
        size.map_or(Dim::Unknown, Dim::Known)
    });
    infer::dims(x[..2].iter().cloned().chain(spatial))
}

fn col2im_dims(facts: &Facts<'_>) -> Dims {
    let x = facts.dims(0)?;
    let image = facts.ints(1)?;
    let kernel = facts.ints(2).and_then(|kernel| {
        kernel.iter().try_fold(1usize, |n, &k| n.checked_mul(usize::try_from(k).ok()?)).filter(|&n| n > 0)
    });
    let channels = x.get(1).and_then(Dim::known).zip(kernel).map_or(Dim::Unknown, |(c, k)| Dim::Known(c / k));
    let image = image.iter().map(|&n| usize::try_from(n).map_or(Dim::Unknown, Dim::Known));
    infer::dims([x.first()?.clone(), channels].into_iter().chain(image))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Shape;
    use crate::infer::Fact;

    #[test]
    fn sizes_are_known_as_far_as_the_input_is() {
        let x = Fact::new(
            Some(DType::F32),
            infer::dims([Dim::Symbol("b".into()), Dim::Known(3), Dim::Symbol("h".into()), Dim::Known(32)]),
        );
        let w = Fact::known(DType::F32, &Shape::new(&[8, 3, 3, 3]));
        let pads = super::super::window::Padding::Explicit(SmallVec::from_slice(&[1, 1, 1, 1]));
        let window = Window { padding: pads, strides: SmallVec::from_slice(&[1, 2]), ..Window::default() };
        let conv = Convolution::Conv(Conv { window, groups: 1, activation: None });
        let out = conv.infer(&Facts::new(&[Some(&x), Some(&w)], 1));
        assert_eq!(out[0].ty.to_string(), "float32[b, 8, h, 16]");
    }

    #[test]
    fn transposed_sizes_follow_the_standard() {
        let conv = ConvTranspose {
            window: Window { strides: SmallVec::from_slice(&[3]), ..Window::default() },
            groups: 1,
            output_padding: SmallVec::from_slice(&[1]),
            ..ConvTranspose::default()
        };
        assert_eq!(conv.axis(0, 1, 3, 3), Some((0, 0, 10)));
        let wanted = ConvTranspose { output_shape: SmallVec::from_slice(&[8]), ..conv };
        assert_eq!(wanted.axis(0, 1, 3, 3), Some((1, 1, 8)));
    }
}
