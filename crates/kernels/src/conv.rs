//! `f32` convolution over NCHW images (1-D as height 1): weights are packed once, and the plan of the packed form
//! chooses between a matrix product over gathered pixels and a direct depthwise kernel.
//!
//! Numerics: one chain of fused multiply-adds per output element, in the order of channel, row and column of the
//! filter (row and column for depthwise), so the bits do not depend on threads, tiles or alignment.

use dunlin_sys::{AlignedBuf, OutOfMemory, Parallel};

use crate::activation::{Activation, apply_called};
use crate::arch::{Grid, Simd, TileMut, for_each_tile_mut};
use crate::dispatch::{self, Isa};
use crate::matmul::{Bias, Blocks, Elements, Epilogue, Matrix, Order, PackedB, Residual, ResidualAt};
use crate::slice::{load_clipped, store_clipped};

mod depthwise;
mod few;
mod product;
mod transpose;

pub use transpose::{ConvTransposeShape, PackedConvTranspose, conv_transpose2d_f32};

/// The sizes of a 2-D convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConvShape {
    /// Images.
    pub n: usize,
    /// Input channels.
    pub c: usize,
    /// Input height.
    pub h: usize,
    /// Input width.
    pub w: usize,
    /// Output channels.
    pub oc: usize,
    /// Filter height.
    pub kh: usize,
    /// Filter width.
    pub kw: usize,
    /// Steps down and across.
    pub strides: [usize; 2],
    /// Zeros above, left, below and right.
    pub pads: [usize; 4],
    /// Distance between filter elements down and across.
    pub dilations: [usize; 2],
    /// Groups of channels that do not mix.
    pub groups: usize,
}

impl ConvShape {
    /// Output height: 0 if the filter does not fit.
    pub fn oh(&self) -> usize {
        out_len(self.h + self.pads[0] + self.pads[2], self.kh, self.strides[0], self.dilations[0])
    }

    /// Output width: 0 if the filter does not fit.
    pub fn ow(&self) -> usize {
        out_len(self.w + self.pads[1] + self.pads[3], self.kw, self.strides[1], self.dilations[1])
    }

    /// Elements of the weights, `[oc, c / groups, kh, kw]`.
    pub fn weight_len(&self) -> usize {
        self.oc * self.c_group() * self.kh * self.kw
    }

    /// Elements of the output, `[n, oc, oh, ow]`.
    pub fn out_len(&self) -> usize {
        self.n * self.oc * self.oh() * self.ow()
    }

    pub(crate) fn c_group(&self) -> usize {
        self.c / self.groups
    }

    pub(crate) fn oc_group(&self) -> usize {
        self.oc / self.groups
    }

    /// Terms of each output element.
    pub(crate) fn k(&self) -> usize {
        self.c_group() * self.kh * self.kw
    }

    pub(crate) fn check(&self) {
        assert!(
            self.groups > 0 && self.c.is_multiple_of(self.groups) && self.oc.is_multiple_of(self.groups),
            "uneven groups"
        );
        assert!(self.strides.iter().chain(&self.dilations).all(|&x| x > 0), "zero stride or dilation");
    }

    /// The same convolution with a column of pixels laid down as a row, since kernels work along rows.
    fn along_rows(self) -> ConvShape {
        if self.w != 1 || self.kw != 1 || self.pads[1] + self.pads[3] > 0 {
            return self;
        }
        let ConvShape { h, kh, strides: [down, across], pads: [above, _, below, _], dilations, .. } = self;
        ConvShape {
            h: 1,
            w: h,
            kh: 1,
            kw: kh,
            strides: [across, down],
            pads: [0, above, 0, below],
            dilations: [dilations[1], dilations[0]],
            ..self
        }
    }

    fn is_depthwise(&self) -> bool {
        self.c_group() == 1 && self.oc_group() <= 2 && self.kh * self.kw > 1
    }
}

fn out_len(padded: usize, kernel: usize, stride: usize, dilation: usize) -> usize {
    let extent = kernel.saturating_sub(1) * dilation + 1;
    if kernel == 0 || padded < extent { 0 } else { (padded - extent) / stride + 1 }
}

/// Weights of a convolution, arranged for the kernel that will read them. Image size and batch may change later.
#[derive(Debug)]
pub struct PackedConv {
    buf: AlignedBuf,
    oc: usize,
    c_group: usize,
    filter: [usize; 2],
    groups: usize,
    form: Form,
    isa: Isa,
}

#[derive(Debug)]
enum Form {
    /// Per group, blocks of output channels side by side for each term.
    Product,
    /// Panels of output channels, for results of few pixels.
    Few(PackedB),
    /// Channels on their own.
    Depthwise,
}

impl PackedConv {
    /// Packs weights of `[oc, c / groups, kh, kw]`, for results of any size.
    ///
    /// # Errors
    /// [`OutOfMemory`] if there is no room for the copy.
    ///
    /// # Panics
    /// If the weights are shorter than their shape, or the shape is contradictory: bugs in the caller.
    pub fn pack(weights: Elements<'_>, shape: &ConvShape) -> Result<PackedConv, OutOfMemory> {
        PackedConv::pack_for(dispatch::isa(), weights, shape)
    }

    /// As [`pack`](PackedConv::pack), best for results of `pixels` an image. They serve others too, with the same bits.
    ///
    /// # Errors
    /// As [`pack`](PackedConv::pack).
    ///
    /// # Panics
    /// As [`pack`](PackedConv::pack).
    pub fn pack_for_pixels(
        weights: Elements<'_>,
        shape: &ConvShape,
        pixels: usize,
    ) -> Result<PackedConv, OutOfMemory> {
        PackedConv::pack_for_pixels_on(dispatch::isa(), weights, shape, pixels)
    }

    pub(crate) fn pack_for_pixels_on(
        isa: Isa,
        weights: Elements<'_>,
        shape: &ConvShape,
        pixels: usize,
    ) -> Result<PackedConv, OutOfMemory> {
        shape.check();
        if shape.is_depthwise() || !few::pays(shape, pixels, isa.lanes()) {
            return PackedConv::pack_for(isa, weights, shape);
        }
        let matrix = Matrix { elements: weights, stride: shape.k(), order: Order::Transposed };
        let packed = PackedB::pack_for(isa, matrix, shape.k(), shape.oc)?;
        Ok(PackedConv::new(AlignedBuf::zeroed(0)?, shape, Form::Few(packed), isa))
    }

    pub(crate) fn pack_for(
        isa: Isa,
        weights: Elements<'_>,
        shape: &ConvShape,
    ) -> Result<PackedConv, OutOfMemory> {
        shape.check();
        if shape.is_depthwise() {
            let len = depthwise::packed_len(shape, isa.lanes());
            let mut buf = AlignedBuf::zeroed(len.saturating_mul(4))?;
            depthwise::pack(weights, shape, isa.lanes(), bytemuck::cast_slice_mut(buf.as_mut_slice()));
            return Ok(PackedConv::new(buf, shape, Form::Depthwise, isa));
        }
        let mut buf = AlignedBuf::zeroed(shape.weight_len().saturating_mul(4))?;
        let out: &mut [f32] = bytemuck::cast_slice_mut(buf.as_mut_slice());
        let (rows, k) = (shape.oc_group(), shape.k());
        for g in 0..shape.groups {
            pack_rows_of(isa, |i| weights.at(g * rows * k + i), rows, k, &mut out[g * rows * k..]);
        }
        Ok(PackedConv::new(buf, shape, Form::Product, isa))
    }

    fn new(buf: AlignedBuf, shape: &ConvShape, form: Form, isa: Isa) -> PackedConv {
        PackedConv {
            buf,
            oc: shape.oc,
            c_group: shape.c_group(),
            filter: [shape.kh, shape.kw],
            groups: shape.groups,
            form,
            isa,
        }
    }

    /// Memory held, in bytes.
    pub fn n_bytes(&self) -> usize {
        match &self.form {
            Form::Few(packed) => packed.n_bytes(),
            _ => self.buf.as_slice().len(),
        }
    }

    fn data(&self) -> &[f32] {
        bytemuck::cast_slice(self.buf.as_slice())
    }
}

/// Packs a `[rows, k]` matrix in blocks of rows, the elements of one `k` side by side.
fn pack_rows_of(isa: Isa, at: impl Fn(usize) -> f32, rows: usize, k: usize, out: &mut [f32]) {
    let blocks = Blocks::even(rows, isa.tile().0);
    for b in 0..blocks.count {
        let r = blocks.range(b);
        let block = &mut out[r.start * k..r.end * k];
        for kk in 0..k {
            for (i, row) in r.clone().enumerate() {
                block[kk * r.len() + i] = at(row * k + kk);
            }
        }
    }
}

/// What happens to a convolution before it is stored.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConvEpilogue<'a> {
    /// One number per output channel.
    pub bias: Option<&'a [f32]>,
    /// A tensor of the output's shape, added before or after the activation.
    pub residual: Option<Residual<'a>>,
    /// Applied to each element.
    pub activation: Activation,
}

/// `out = epilogue(conv(x, weights))`. Needs no scratch memory: pixels are gathered a cache-sized block at a time.
///
/// # Shapes
/// - `x`: `[n, c, h, w]`
/// - `out`: `[n, oc, oh, ow]`
///
/// # Panics
/// If a slice is shorter than its shape, or the weights were packed for other channels or another filter: bugs in
/// the caller.
pub fn conv2d_f32(
    pool: &dyn Parallel,
    shape: &ConvShape,
    x: &[f32],
    weights: &PackedConv,
    epilogue: &ConvEpilogue<'_>,
    out: &mut [f32],
) {
    shape.check();
    let packed = (weights.oc, weights.c_group, weights.filter, weights.groups);
    assert_eq!(
        packed,
        (shape.oc, shape.c_group(), [shape.kh, shape.kw], shape.groups),
        "weights of another shape"
    );
    assert!(x.len() >= shape.n * shape.c * shape.h * shape.w, "input is shorter than its shape");
    assert!(out.len() >= shape.out_len(), "output is shorter than its shape");
    if shape.out_len() == 0 {
        return;
    }
    let shape = &shape.along_rows();
    if let Some(bias) = epilogue.bias {
        assert_eq!(bias.len(), shape.oc, "a bias has one number per output channel");
    }
    let epilogue = Epilogue {
        alpha: 1.0,
        bias: epilogue.bias.map_or(Bias::None, Bias::Rows),
        residual: epilogue.residual,
        activation: epilogue.activation,
    };
    match &weights.form {
        Form::Few(packed) => few::run(pool, shape, x, weights.isa, packed.view(), &epilogue, out),
        Form::Depthwise => depthwise::run(pool, shape, x, weights, &epilogue, out),
        Form::Product => product::run(pool, shape, x, weights, &epilogue, out),
    }
}

/// Adds the residual to a plane, and applies the activation before or after.
#[inline(always)]
fn add_residual<S: Simd>(s: S, epilogue: &Epilogue<'_>, index: usize, row: &mut [f32]) {
    let Some(r) = &epilogue.residual else { return };
    if r.at == ResidualAt::AfterActivation {
        apply_called(s, epilogue.activation, row);
    }
    let (residual, beta) = (&r.data[index..][..row.len()], s.splat(r.beta));
    let mut i = 0;
    while i < row.len() {
        let v = s.fma(load_clipped(s, &residual[i..]), beta, load_clipped(s, &row[i..]));
        store_clipped(s, v, &mut row[i..]);
        i += S::LANES;
    }
    if r.at == ResidualAt::BeforeActivation {
        apply_called(s, epilogue.activation, row);
    }
}

/// Transposes results, lines of `width` channels, into planes `stride` apart, from pixel `at` on.
#[inline(always)]
fn transpose_back<S: Simd>(
    s: S,
    results: &[f32],
    width: usize,
    n_planes: usize,
    at: usize,
    stride: usize,
    out: &mut [f32],
) {
    let n = results.len() / width;
    for plane in (0..n_planes).step_by(S::LANES) {
        let line = |i: usize| &results[i * width + plane..][..S::LANES.min(n_planes - plane)];
        let out = &mut out[plane * stride + at..];
        if n < 4 {
            for i in 0..n {
                line(i).iter().enumerate().for_each(|(lane, &x)| out[lane * stride + i] = x);
            }
            continue;
        }
        for i in (0..n).step_by(4) {
            // The last four may overlap the ones before.
            let i = i.min(n - 4);
            let lines = [line(i), line(i + 1), line(i + 2), line(i + 3)];
            s.transpose_lines(lines, &mut out[i..], stride);
        }
    }
}

/// The definition: the reference. Bias only.
pub fn conv2d_reference(shape: &ConvShape, x: &[f32], weights: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    conv2d_reference_f64(shape, x, weights, bias).into_iter().map(|x| x as f32).collect()
}

pub(crate) fn conv2d_reference_f64(
    shape: &ConvShape,
    x: &[f32],
    weights: &[f32],
    bias: Option<&[f32]>,
) -> Vec<f64> {
    let s = shape;
    let mut out = Vec::with_capacity(s.out_len());
    for n in 0..s.n {
        for oc in 0..s.oc {
            let group = oc / s.oc_group();
            for oy in 0..s.oh() {
                for ox in 0..s.ow() {
                    let mut sum = bias.map_or(0.0, |b| f64::from(b[oc]));
                    for c in 0..s.c_group() {
                        let channel = n * s.c + group * s.c_group() + c;
                        for ky in 0..s.kh {
                            for kx in 0..s.kw {
                                let y = (oy * s.strides[0] + ky * s.dilations[0]).wrapping_sub(s.pads[0]);
                                let xx = (ox * s.strides[1] + kx * s.dilations[1]).wrapping_sub(s.pads[1]);
                                if y < s.h && xx < s.w {
                                    let weight = weights[((oc * s.c_group() + c) * s.kh + ky) * s.kw + kx];
                                    sum += f64::from(weight) * f64::from(x[(channel * s.h + y) * s.w + xx]);
                                }
                            }
                        }
                    }
                    out.push(sum);
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
