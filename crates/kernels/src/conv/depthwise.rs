//! Depthwise convolution, in one of two ways that give the same bits: along the rows of each plane, or with as many
//! planes as a vector has lanes side by side.

use dunlin_sys::for_each_chunk_mut;

use super::{ConvShape, Elements, PackedConv, Parallel};
use crate::matmul::{Bias, Epilogue};

mod channel;
mod row;

/// Multiplications below which a second thread costs more than it saves.
const MIN_SHARED_WORK: usize = 1 << 17;
/// Multiplications of the smallest task.
const MIN_TASK_WORK: usize = 1 << 15;
/// Least width of a result from which rows fill vectors well, if the filter moves by single columns.
const WIDE: usize = 24;

pub(super) fn run(
    pool: &dyn Parallel,
    shape: &ConvShape,
    x: &[f32],
    weights: &PackedConv,
    epilogue: &Epilogue<'_>,
    out: &mut [f32],
) {
    let isa = weights.isa;
    let pixels = shape.oh() * shape.ow();
    let by_row = shape.strides[1] == 1 && shape.ow() >= WIDE || !channel::fits(shape, isa.lanes());
    let planes = planes_per_task(pool.n_threads(), shape, isa.lanes());
    let (whole, blocks) = weights.data().split_at(shape.weight_len());
    for_each_chunk_mut(pool, &mut out[..shape.out_len()], planes * pixels, &|i, out| {
        let job = Job { shape, x, weights: if by_row { whole } else { blocks }, epilogue, first: i * planes };
        if by_row {
            row::planes(isa, &job, out);
        } else {
            channel::planes(isa, &job, out);
        }
    });
}

/// Planes of a task: whole vectors of those of one image.
fn planes_per_task(n_threads: usize, shape: &ConvShape, lanes: usize) -> usize {
    let work_per_plane = shape.oh() * shape.ow() * shape.kh * shape.kw;
    let n_planes = shape.n * shape.oc;
    if n_threads == 1 || n_planes.saturating_mul(work_per_plane) < MIN_SHARED_WORK {
        return n_planes;
    }
    let least = (MIN_TASK_WORK / work_per_plane.max(1)).max(n_planes.div_ceil(n_threads * 4));
    match least.next_multiple_of(lanes) {
        planes if shape.n == 1 || shape.oc.is_multiple_of(lanes) => planes.min(n_planes),
        planes => planes.next_multiple_of(shape.oc).min(n_planes),
    }
}

/// Elements of packed weights: as given, and then per block of channels, lane by lane for each filter element.
pub(super) fn packed_len(shape: &ConvShape, lanes: usize) -> usize {
    shape.weight_len().saturating_add(shape.oc.next_multiple_of(lanes).saturating_mul(shape.kh * shape.kw))
}

pub(super) fn pack(weights: Elements<'_>, shape: &ConvShape, lanes: usize, out: &mut [f32]) {
    let taps = shape.kh * shape.kw;
    let (whole, blocks) = out.split_at_mut(shape.weight_len());
    for (i, whole) in whole.iter_mut().enumerate() {
        *whole = weights.at(i);
        let (channel, tap) = (i / taps, i % taps);
        blocks[(channel / lanes * taps + tap) * lanes + channel % lanes] = *whole;
    }
}

/// One task: some planes of the result.
struct Job<'a> {
    shape: &'a ConvShape,
    x: &'a [f32],
    weights: &'a [f32],
    epilogue: &'a Epilogue<'a>,
    /// First output plane.
    first: usize,
}

impl Job<'_> {
    /// The plane of the input that an output plane is made of.
    #[inline(always)]
    fn input(&self, image: usize, oc: usize) -> &[f32] {
        let plane_len = self.shape.h * self.shape.w;
        &self.x[(image * self.shape.c + oc / self.shape.oc_group()) * plane_len..][..plane_len]
    }

    #[inline(always)]
    fn bias(&self, oc: usize) -> f32 {
        if let Bias::Rows(bias) = self.epilogue.bias { bias[oc] } else { 0.0 }
    }

    /// What the activation clamps to, if it only does that and nothing comes before it.
    #[inline(always)]
    fn bounds(&self) -> (f32, f32) {
        let bounds = self.epilogue.activation.bounds().filter(|_| self.epilogue.residual.is_none());
        bounds.unwrap_or((f32::NEG_INFINITY, f32::INFINITY))
    }
}
