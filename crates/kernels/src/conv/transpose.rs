//! Transposed convolution: a product of weights and pixels gives every contribution, which are then added up.

use dunlin_sys::{OutOfMemory, Parallel, for_each_chunk_mut};

use super::ConvShape;
use crate::activation::Activation;
use crate::matmul::{Elements, Epilogue, Matrix, PackedRef, matmul_f32, packed_len};

/// The sizes of a 2-D transposed convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConvTransposeShape {
    /// The convolution whose gradient this is, seen from the result: its `h`, `w` and `c` are those of our
    /// output, its `oc`, `oh` and `ow` those of our input.
    pub of: ConvShape,
}

impl ConvTransposeShape {
    /// Elements of scratch memory for one call: a gathered image and its contributions.
    pub fn scratch_len(&self) -> usize {
        let pixels = self.of.oh() * self.of.ow();
        self.columns() * pixels + packed_len(self.of.oc_group(), pixels)
    }

    /// Contributions of one input pixel to one group.
    fn columns(&self) -> usize {
        self.of.c_group() * self.of.kh * self.of.kw
    }
}

/// Weights of a transposed convolution: `[c_in, c_out / groups, kh, kw]`, of which each group is used transposed.
#[derive(Debug)]
pub struct PackedConvTranspose {
    /// Per group, `[c_out / groups * kh * kw, c_in / groups]` row-major.
    rows: Vec<f32>,
}

impl PackedConvTranspose {
    /// Packs the weights.
    ///
    /// # Errors
    /// [`OutOfMemory`] if there is no room for the copy.
    ///
    /// # Panics
    /// If the weights are shorter than their shape: a bug in the caller.
    pub fn pack(
        weights: Elements<'_>,
        shape: &ConvTransposeShape,
    ) -> Result<PackedConvTranspose, OutOfMemory> {
        let (c_in, columns) = (shape.of.oc_group(), shape.columns());
        let len = c_in.saturating_mul(columns).saturating_mul(shape.of.groups);
        let mut rows = Vec::new();
        rows.try_reserve_exact(len).map_err(|_| OutOfMemory { requested_bytes: len.saturating_mul(4) })?;
        for g in 0..shape.of.groups {
            for column in 0..columns {
                rows.extend((0..c_in).map(|c| weights.at((g * c_in + c) * columns + column)));
            }
        }
        Ok(PackedConvTranspose { rows })
    }
}

/// `out = activation(conv_transpose(x, weights) + bias)`.
///
/// # Shapes
/// - `x`: `[n, c_in, h_in, w_in]`, which are `[n, oc, oh, ow]` of `shape.of`
/// - `out`: `[n, c_out, h_out, w_out]`, which are `[n, c, h, w]` of `shape.of`
/// - `scratch`: [`ConvTransposeShape::scratch_len`] elements
///
/// # Panics
/// If a slice is shorter than its shape: a bug in the caller.
pub fn conv_transpose2d_f32(
    pool: &dyn Parallel,
    shape: &ConvTransposeShape,
    x: &[f32],
    weights: &PackedConvTranspose,
    bias: Option<&[f32]>,
    activation: Activation,
    out: &mut [f32],
    scratch: &mut [f32],
) {
    let of = &shape.of;
    of.check();
    let (pixels, columns) = (of.oh() * of.ow(), shape.columns());
    let (c_in, c_out, plane_len) = (of.oc_group(), of.c_group(), of.h * of.w);
    let (contributions, space) = scratch.split_at_mut(columns * pixels);
    for i in 0..of.n * of.groups {
        let group = i % of.groups;
        let image = Matrix::plain(&x[i * c_in * pixels..][..c_in * pixels], pixels);
        let packed = PackedRef::pack_into(image, c_in, pixels, space);
        let rows = &weights.rows[group * columns * c_in..][..columns * c_in];
        matmul_f32(pool, rows, c_in, packed, contributions, pixels, columns, &Epilogue::default());
        let out = &mut out[i * c_out * plane_len..][..c_out * plane_len];
        let contributions = &*contributions;
        for_each_chunk_mut(pool, out, plane_len.max(1), &|c, plane| {
            plane.fill(bias.map_or(0.0, |b| b[group * c_out + c]));
            add_up(of, &contributions[c * of.kh * of.kw * pixels..], plane);
            activation.apply(plane);
        });
    }
}

/// Adds the contributions of every filter element of one channel.
fn add_up(of: &ConvShape, contributions: &[f32], plane: &mut [f32]) {
    let (oh, ow) = (of.oh(), of.ow());
    for tap in 0..of.kh * of.kw {
        let (ky, kx) = (tap / of.kw * of.dilations[0], tap % of.kw * of.dilations[1]);
        let lines = contributions[tap * oh * ow..].chunks_exact(ow.max(1));
        for (oy, line) in lines.take(oh).enumerate() {
            let y = (oy * of.strides[0] + ky).wrapping_sub(of.pads[0]);
            if y >= of.h {
                continue;
            }
            let row = &mut plane[y * of.w..][..of.w];
            let first = of.pads[1].saturating_sub(kx).div_ceil(of.strides[1]);
            let targets = (first * of.strides[1] + kx).saturating_sub(of.pads[1])..;
            let Some(targets) = row.get_mut(targets) else { continue };
            let line = line.get(first..).unwrap_or(&[]);
            targets.iter_mut().step_by(of.strides[1]).zip(line).for_each(|(x, v)| *x += v);
        }
    }
}
