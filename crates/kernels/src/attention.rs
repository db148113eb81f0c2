//! Attention: `softmax(q k + mask) v` for each head, without ever holding all scores.

use std::sync::Mutex;

use dunlin_sys::{Parallel, Serial};

use crate::arch::{Grid, Simd, TileMut, for_each_tile_mut};
use crate::dispatch::{self, Isa, vectorized};
use crate::matmul::{Epilogue, Left, Matrix, PackedRef, Place, multiply, packed_len};
use crate::norm::{SoftmaxKind, softmax_f32};
use crate::slice::{load_clipped, store_clipped};
use crate::vector;

/// Queries whose scores are held at a time.
const BLOCK_ROWS: usize = 64;
/// Fewer queries than this are multiplied without packing the keys, as these are then read only so often.
const MIN_PACKED_ROWS: usize = 4;
/// Multiplications below which a second thread costs more than it saves.
const MIN_PARALLEL_WORK: usize = 1 << 16;

/// One computation. Sizes are those after broadcasting; a stride of 0 repeats what it steps over.
#[derive(Clone, Copy)]
pub struct Attention<'a> {
    /// Batches.
    pub b: usize,
    /// Heads.
    pub h: usize,
    /// Queries of a head.
    pub s: usize,
    /// Keys of a head.
    pub t: usize,
    /// Elements of a query and a key.
    pub d: usize,
    /// Elements of a value.
    pub e: usize,
    /// Rows of `d` elements.
    pub q: Rows<'a>,
    /// Rows of `d` elements.
    pub k: Rows<'a>,
    /// Rows of `e` elements.
    pub v: Rows<'a>,
    /// Factor of the products.
    pub scale: f32,
    /// What happens to the scores.
    pub mask: Option<Mask<'a>>,
    /// Whether the shares of a row become 0 if they are NaN.
    pub nan: NanRow,
    /// How the result lies.
    pub order: HeadOrder,
}

/// Rows without gaps inside.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// All elements.
    pub data: &'a [f32],
    /// Elements from batch to batch, head to head and row to row.
    pub strides: [usize; 3],
}

/// What happens to each score before the softmax.
#[derive(Debug, Clone, Copy)]
pub struct Mask<'a> {
    /// The mask's elements.
    pub data: MaskData<'a>,
    /// Elements from batch to batch, head to head, query to query and key to key: the last is 0 or 1.
    pub strides: [usize; 4],
}

/// The elements of a mask.
#[derive(Debug, Clone, Copy)]
pub enum MaskData<'a> {
    /// Numbers that are added.
    Added(&'a [f32]),
    /// Truth values: where one is `when`, the score becomes `score`.
    Hidden {
        /// One byte each, 0 for false.
        at: &'a [u8],
        /// Which of them hides a key.
        when: bool,
        /// What a hidden key scores.
        score: f32,
    },
}

/// What becomes of a row of shares that is NaN, as one is whose scores are all minus infinity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NanRow {
    /// It stays.
    Kept,
    /// It becomes 0.
    Zeroed,
}

/// How heads and tokens of the result lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadOrder {
    /// `[b, h, s, e]`
    HeadsFirst,
    /// `[b, s, h, e]`
    TokensFirst,
}

impl Attention<'_> {
    /// Elements of scratch that [`attention_f32`] takes per thread; absent if they cannot be counted.
    pub fn space_len(&self) -> Option<usize> {
        let blocks = self.t.checked_mul(BLOCK_ROWS.min(self.s))?.checked_mul(2)?;
        let sides = packed_len(self.d, self.t).checked_add(packed_len(self.t, self.e))?;
        if self.is_packed() { blocks.checked_add(sides) } else { Some(blocks) }
    }

    /// Threads that are worth waking for it.
    pub fn n_threads(&self, pool: &dyn Parallel) -> usize {
        let sizes = [self.b, self.h, self.s, self.t, self.d.max(self.e)];
        let work = sizes.into_iter().fold(1, usize::saturating_mul);
        if work < MIN_PARALLEL_WORK { 1 } else { pool.n_threads() }
    }

    fn is_packed(&self) -> bool {
        self.s >= MIN_PACKED_ROWS && self.t > 0
    }

    /// Queries of a task: all of a head, unless that leaves threads without work.
    fn rows_per_task(&self, n_threads: usize) -> usize {
        let n_heads = self.b * self.h;
        if n_heads.is_multiple_of(n_threads) || n_heads > 4 * n_threads {
            return self.s;
        }
        self.s.div_ceil((2 * n_threads).div_ceil(n_heads)).max(MIN_PACKED_ROWS)
    }
}

/// `out = softmax(scale q k + mask) v` for each head.
///
/// # Shapes
/// - `out`: `[b, h, s, e]` or `[b, s, h, e]`
/// - `space`: [`Attention::space_len`] elements for each of [`Attention::n_threads`]
///
/// # Numerics
/// As the products and the softmax of this crate in a row. The bits do not depend on the number of threads.
///
/// # Panics
/// If a slice is shorter than its shape: a bug in the caller.
pub fn attention_f32(pool: &dyn Parallel, op: &Attention<'_>, out: &mut [f32], space: &mut [f32]) {
    let Attention { b, h, s, e, .. } = *op;
    if b * h * s * e == 0 {
        return;
    }
    let n_threads = op.n_threads(pool);
    let pool: &dyn Parallel = if n_threads == 1 { &Serial } else { pool };
    let row_step = op.rows_per_task(n_threads);
    let whole =
        Grid { n_matrices: b * h, matrix_stride: s * e, rows: s, cols: e, stride: e, row_step, col_step: e };
    let grid = match op.order {
        HeadOrder::HeadsFirst => whole,
        HeadOrder::TokensFirst => {
            Grid { n_matrices: b, matrix_stride: s * h * e, cols: h * e, stride: h * e, ..whole }
        }
    };
    let space_len = space.len() / n_threads;
    let spaces: Mutex<Vec<&mut [f32]>> = Mutex::new(space.chunks_mut(space_len.max(1)).collect());
    let lend = || spaces.lock().ok().and_then(|mut spaces| spaces.pop());
    for_each_tile_mut(pool, out, grid, &|matrix, first, col, tile| {
        let (batch, head) = match op.order {
            HeadOrder::HeadsFirst => (matrix / h, matrix % h),
            HeadOrder::TokensFirst => (matrix, col / e),
        };
        match lend() {
            Some(space) => {
                op.rows(batch, head, first, tile, space);
                if let Ok(mut spaces) = spaces.lock() {
                    spaces.push(space);
                }
            }
            // A pool with more threads than it said finds no space left.
            None => op.rows(batch, head, first, tile, &mut vec![0.0; space_len]),
        }
    });
}

impl Attention<'_> {
    /// Some rows of one head.
    fn rows(&self, batch: usize, head: usize, first: usize, mut out: TileMut<'_, f32>, space: &mut [f32]) {
        let Attention { t, d, e, .. } = *self;
        let isa = dispatch::isa();
        let [q, k, v] = [self.q, self.k, self.v].map(|rows| rows.of(batch, head));
        let len = if self.is_packed() { packed_len(d, t) } else { 0 };
        let (k_space, space) = space.split_at_mut(len);
        let len = if self.is_packed() { packed_len(t, e) } else { 0 };
        let (v_space, space) = space.split_at_mut(len);
        let packed = self.is_packed().then(|| {
            let k = PackedRef::pack_into(Matrix::transposed(k.data, k.stride), d, t, k_space);
            (k, PackedRef::pack_into(Matrix::plain(v.data, v.stride), t, e, v_space))
        });
        let block_len = BLOCK_ROWS.min(out.rows()) * t;
        let (scores, space) = space.split_at_mut(block_len);
        let shares = &mut space[..block_len];
        for start in (0..out.rows()).step_by(BLOCK_ROWS) {
            let n = BLOCK_ROWS.min(out.rows() - start);
            let (scores, shares) = (&mut scores[..n * t], &mut shares[..n * t]);
            let mut out = out.sub(start..start + n, 0..e);
            if t == 0 {
                (0..n).for_each(|i| out.row(i).fill(0.0));
                continue;
            }
            let left = Left { data: &q.data[(first + start) * q.stride..], stride: q.stride };
            self.products(isa, left, k, packed.map(|(k, _)| k), scores);
            if let Some(mask) = self.mask {
                for (i, row) in scores.chunks_exact_mut(t).enumerate() {
                    mask.apply([batch, head, first + start + i], row);
                }
            }
            softmax_f32(&Serial, SoftmaxKind::Softmax, scores, t, 1, shares);
            if self.nan == NanRow::Zeroed {
                // The softmax of a row is NaN as a whole or not at all.
                shares.chunks_exact_mut(t).filter(|row| row[0].is_nan()).for_each(|row| row.fill(0.0));
            }
            match packed {
                Some((_, v)) => {
                    multiply(isa, Left { data: shares, stride: t }, v, out, PLACE, &Epilogue::default())
                }
                None => {
                    for (i, shares) in shares.chunks_exact(t).enumerate() {
                        weighted_sum(isa, shares, v, out.row(i));
                    }
                }
            }
        }
    }

    /// Scaled products of some queries with all keys.
    fn products(&self, isa: Isa, q: Left<'_>, k: Head<'_>, packed: Option<PackedRef<'_>>, out: &mut [f32]) {
        let Attention { t, d, scale, .. } = *self;
        if d == 0 {
            return out.fill(0.0);
        }
        if let Some(k) = packed {
            let tile = TileMut::new(out, out.len() / t, t, t);
            return multiply(isa, q, k, tile, PLACE, &Epilogue { alpha: scale, ..Epilogue::default() });
        }
        for (i, out) in out.chunks_exact_mut(t).enumerate() {
            let q = &q.data[i * q.stride..][..d];
            if k.stride == d {
                vector::dots(q, k.data, out);
            } else {
                for (j, out) in out.iter_mut().enumerate() {
                    vector::dots(q, &k.data[j * k.stride..][..d], std::slice::from_mut(out));
                }
            }
            out.iter_mut().for_each(|x| *x *= scale);
        }
    }
}

/// A result that is a matrix of its own.
const PLACE: Place = Place { row: 0, col: 0, index: 0, stride: 0 };

/// The rows of one head.
#[derive(Clone, Copy)]
struct Head<'a> {
    data: &'a [f32],
    stride: usize,
}

impl<'a> Rows<'a> {
    fn of(self, batch: usize, head: usize) -> Head<'a> {
        let [to_batch, to_head, stride] = self.strides;
        Head { data: &self.data[batch * to_batch + head * to_head..], stride }
    }
}

impl Mask<'_> {
    /// Masks the scores of one query.
    fn apply(&self, place: [usize; 3], row: &mut [f32]) {
        let start: usize = place.iter().zip(self.strides).map(|(i, stride)| i * stride).sum();
        let is_one = self.strides[3] == 0;
        let len = if is_one { 1 } else { row.len() };
        match self.data {
            MaskData::Added(bias) => match &bias[start..start + len] {
                [bias] if is_one => row.iter_mut().for_each(|x| *x += bias),
                bias => row.iter_mut().zip(bias).for_each(|(x, bias)| *x += bias),
            },
            MaskData::Hidden { at, when, score } => match &at[start..start + len] {
                [at] if is_one => {
                    if (*at != 0) == when {
                        row.fill(score);
                    }
                }
                at => {
                    let hidden = row.iter_mut().zip(at).filter(|(_, at)| (**at != 0) == when);
                    hidden.for_each(|(x, _)| *x = score);
                }
            },
        }
    }
}

vectorized! {
    fn weighted_sum<'a>(shares: &'a [f32], v: Head<'a>, out: &'a mut [f32]) = weighted_sum_lanes;
}

/// The sum of rows, each times its share: as many columns at a time as there are sums in flight.
#[inline(always)]
fn weighted_sum_lanes<S: Simd>(s: S, shares: &[f32], v: Head<'_>, out: &mut [f32]) {
    let (e, mut at) = (out.len(), 0);
    while at + 4 * S::LANES <= e {
        let mut sums = [s.splat(0.0); 4];
        for (j, &share) in shares.iter().enumerate() {
            let row = &v.data[j * v.stride + at..][..4 * S::LANES];
            for i in 0..4 {
                sums[i] = s.fma(s.splat(share), s.load(&row[i * S::LANES..]), sums[i]);
            }
        }
        for i in 0..4 {
            s.store(sums[i], &mut out[at + i * S::LANES..]);
        }
        at += 4 * S::LANES;
    }
    while at < e {
        let mut sum = s.splat(0.0);
        for (j, &share) in shares.iter().enumerate() {
            let row = &v.data[j * v.stride..][..e];
            sum = s.fma(s.splat(share), load_clipped(s, &row[at..]), sum);
        }
        store_clipped(s, sum, &mut out[at..]);
        at += S::LANES;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Numbers, ThreeThreads, assert_close};

    /// The plain reference: `[b, h, s, e]`.
    fn reference(op: &Attention<'_>) -> Vec<f32> {
        let mut out = Vec::new();
        for (batch, head) in (0..op.b).flat_map(|batch| (0..op.h).map(move |head| (batch, head))) {
            let at = |rows: Rows<'_>, row: usize, i: usize| {
                let [x, y, z] = rows.strides;
                f64::from(rows.data[batch * x + head * y + row * z + i])
            };
            for query in 0..op.s {
                let score = |key: usize| -> f64 {
                    let dot: f64 = (0..op.d).map(|i| at(op.q, query, i) * at(op.k, key, i)).sum();
                    let mut score = [(dot * f64::from(op.scale)) as f32];
                    if let Some(Mask { data, strides: [x, y, z, w] }) = op.mask {
                        let i = batch * x + head * y + query * z + key * w;
                        match data {
                            MaskData::Added(bias) => score[0] += bias[i],
                            MaskData::Hidden { at, when, score: hidden } if (at[i] != 0) == when => {
                                score[0] = hidden;
                            }
                            MaskData::Hidden { .. } => {}
                        }
                    }
                    f64::from(score[0])
                };
                let scores: Vec<f64> = (0..op.t).map(score).collect();
                let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let total: f64 = scores.iter().map(|x| (x - max).exp()).sum();
                let share = |x: &f64| (x - max).exp() / total;
                let share = |x: &f64| match share(x) {
                    share if share.is_nan() && op.nan == NanRow::Zeroed => 0.0,
                    share => share,
                };
                out.extend((0..op.e).map(|i| {
                    scores.iter().enumerate().map(|(key, x)| share(x) * at(op.v, key, i)).sum::<f64>() as f32
                }));
            }
        }
        out
    }

    fn check(op: &Attention<'_>, what: &str) {
        let want = reference(op);
        for pool in [&Serial as &dyn Parallel, &ThreeThreads] {
            for order in [HeadOrder::HeadsFirst, HeadOrder::TokensFirst] {
                let op = Attention { order, ..*op };
                let mut out = vec![f32::NAN; want.len()];
                let mut space = vec![f32::NAN; op.space_len().unwrap() * op.n_threads(pool)];
                attention_f32(pool, &op, &mut out, &mut space);
                if order == HeadOrder::TokensFirst {
                    let place = |i: usize| {
                        let (at, e) = (i / op.e, i % op.e);
                        let (batch, head, row) = (at / (op.h * op.s), at / op.s % op.h, at % op.s);
                        ((batch * op.s + row) * op.h + head) * op.e + e
                    };
                    out = (0..out.len()).map(|i| out[place(i)]).collect();
                }
                assert_close(&out, &want, 2e-6, what);
            }
        }
    }

    #[test]
    fn heads_of_any_layout_are_attended_to() {
        let mut numbers = Numbers::new(7);
        for (b, h, s, t, d, e) in [
            (1, 1, 1, 1, 1, 1),
            (2, 3, 1, 9, 16, 16),
            (1, 2, 3, 33, 40, 41),
            (2, 2, 5, 7, 8, 3),
            (1, 5, 70, 19, 32, 32),
            (1, 1, 129, 65, 16, 64),
            (1, 2, 4, 3, 0, 5),
            (2, 1, 4, 0, 2, 3),
        ] {
            let [q, k, v] = [(s, d), (t, d), (t, e)].map(|(n, width)| numbers.floats(b * h * n * width + 1));
            for tokens_first in [false, true] {
                let rows = |data, n: usize, width: usize| {
                    let strides = if tokens_first {
                        [n * h * width, width, h * width]
                    } else {
                        [h * n * width, n * width, width]
                    };
                    Rows { data, strides }
                };
                let op = Attention {
                    b,
                    h,
                    s,
                    t,
                    d,
                    e,
                    q: rows(&q, s, d),
                    k: rows(&k, t, d),
                    v: rows(&v, t, e),
                    scale: 0.7,
                    mask: None,
                    nan: NanRow::Kept,
                    order: HeadOrder::HeadsFirst,
                };
                check(&op, &format!("{b} {h} {s} {t} {d} {e} {tokens_first}"));
            }
        }
    }

    #[test]
    fn masks_broadcast_and_hide() {
        let mut numbers = Numbers::new(8);
        let (b, h, s, t, d) = (2, 2, 6, 11, 8);
        let x = numbers.floats(b * h * t * d);
        let rows = |n: usize| Rows { data: &x, strides: [h * n * d, n * d, d] };
        let mut bias = numbers.floats(b * h * s * t);
        bias[3 * t..4 * t].fill(f32::NEG_INFINITY);
        let seen: Vec<u8> = bias.iter().map(|x| u8::from(*x > -0.3)).collect();
        for (name, strides) in [
            ("full", [h * s * t, s * t, t, 1]),
            ("keys", [t, 0, 0, 1]),
            ("queries", [0, 0, 1, 0]),
            ("rows", [0, 0, t, 1]),
        ] {
            for data in [
                MaskData::Added(&bias),
                MaskData::Hidden { at: &seen, when: false, score: f32::NEG_INFINITY },
                MaskData::Hidden { at: &seen, when: true, score: f32::MIN },
                MaskData::Hidden { at: &seen, when: false, score: -2.0 },
            ] {
                for nan in [NanRow::Kept, NanRow::Zeroed] {
                    let op = Attention {
                        b,
                        h,
                        s,
                        t,
                        d,
                        e: d,
                        q: rows(s),
                        k: rows(t),
                        v: rows(t),
                        scale: 1.5,
                        mask: Some(Mask { data, strides }),
                        nan,
                        order: HeadOrder::HeadsFirst,
                    };
                    check(&op, name);
                }
            }
        }
    }
}
