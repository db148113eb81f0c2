//! `softmax(q * k + mask) * v` for heads that lie apart, in `f32`: blocks of queries against all keys that they see.

use std::sync::Mutex;

use dunlin_ir::op::attention::{Scores, Window};
use dunlin_ir::{DType, Shape, Tensor};
use dunlin_kernels::matmul::{Epilogue, Matrix, PackedRef, matmul_f32, packed_len};
use dunlin_kernels::norm::{SoftmaxKind, softmax_f32};
use dunlin_kernels::vector;
use dunlin_sys::{Parallel, Serial};

use crate::{Ctx, OpError};

/// Queries whose scores are held at a time.
const BLOCK_ROWS: usize = 64;
/// Fewer queries than this are multiplied without packing the keys, as these are then read only so often.
const MIN_PACKED_ROWS: usize = 4;
/// Multiplications below which a second thread costs more than it saves.
const MIN_PARALLEL_WORK: usize = 1 << 16;

/// One computation: `h = g * group` heads of queries on `g` heads of keys and values.
pub(super) struct Dot<'a> {
    pub b: usize,
    pub g: usize,
    pub group: usize,
    /// How many queries.
    pub s: usize,
    /// How many keys.
    pub t: usize,
    /// Size of queries and keys.
    pub d: usize,
    /// Size of values.
    pub e: usize,
    /// `[b, g * group, s, d]`
    pub q: &'a [f32],
    /// `[b, g, t, d]`
    pub k: &'a [f32],
    /// `[b, g, t, e]`
    pub v: &'a [f32],
    pub scale: f32,
    pub softcap: f32,
    pub window: Window,
    pub batches: &'a [Batch],
    pub mask: Option<&'a Mask>,
    /// A score per head of queries that takes its share of each softmax.
    pub sinks: Option<&'a [f32]>,
}

/// Which keys of a batch there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch {
    /// The position of the first query among the keys. Negative if there are more queries than keys.
    pub offset: i64,
    /// The first key.
    pub start: usize,
    /// One behind the last key.
    pub end: usize,
}

/// Numbers that are added to scores: `[b, h, s, n]`, where sizes of 1 but the last one broadcast, and keys from `n` on
/// are not seen.
pub(super) struct Mask {
    bias: Tensor,
    sizes: [usize; 4],
}

impl Mask {
    /// The mask in `x`: numbers, or whether a key is seen.
    pub fn new(x: &Tensor, [b, h, s, t]: [usize; 4], ctx: &Ctx<'_>) -> Result<Mask, OpError> {
        let wrong = || OpError::shape(format!("a mask that broadcasts to [{b}, {h}, {s}, {t}]"), x.shape());
        if x.rank() == 0 || x.rank() > 4 {
            return Err(wrong());
        }
        let mut sizes = [1; 4];
        sizes[4 - x.rank()..].copy_from_slice(x.shape().dims());
        let fits = sizes[..3].iter().zip([b, h, s]).all(|(&size, full)| size == full || size == 1);
        if !fits || sizes[3] > t {
            return Err(wrong());
        }
        let bias = match x.dtype() {
            DType::Bool => {
                let mut bias = ctx.alloc(DType::F32, x.shape().clone())?;
                for (bias, &seen) in bias.view_mut::<f32>()?.iter_mut().zip(x.bytes()) {
                    *bias = if seen == 0 { f32::NEG_INFINITY } else { 0.0 };
                }
                bias
            }
            _ => super::heads::wide(x, ctx)?,
        };
        Ok(Mask { bias, sizes })
    }

    /// The bias of one query's scores.
    fn row<'m>(&self, bias: &'m [f32], [b, h, s]: [usize; 3]) -> &'m [f32] {
        let at = |axis: usize, i: usize| if self.sizes[axis] == 1 { 0 } else { i };
        let row = (at(0, b) * self.sizes[1] + at(1, h)) * self.sizes[2] + at(2, s);
        &bias[row * self.sizes[3]..][..self.sizes[3]]
    }
}

/// A range of the queries of one head of keys.
struct Task<'o> {
    batch: usize,
    head: usize,
    /// The first query, of `group * s`.
    first: usize,
    out: &'o mut [f32],
    scores: Option<&'o mut [f32]>,
}

impl Dot<'_> {
    /// The outputs `[b, h, s, e]`, and the scores `[b, h, s, t]` at a stage if it is given.
    pub fn compute(&self, stage: Option<Scores>, ctx: &Ctx<'_>) -> Result<(Tensor, Option<Tensor>), OpError> {
        let h = self.g * self.group;
        let mut out = ctx.alloc(DType::F32, Shape::new(&[self.b, h, self.s, self.e]))?;
        let mut scores = match stage {
            Some(_) => Some(ctx.alloc(DType::F32, Shape::new(&[self.b, h, self.s, self.t]))?),
            None => None,
        };
        let bias = self.mask.map(|mask| mask.bias.view::<f32>()).transpose()?;
        let rows = self.group * self.s;
        if self.b * self.g * rows == 0 {
            return Ok((out, scores));
        }
        let work =
            [self.b, self.g, rows, self.t, self.d.max(self.e)].into_iter().fold(1, usize::saturating_mul);
        let pool: &dyn Parallel = if work < MIN_PARALLEL_WORK { &Serial } else { ctx.pool() };
        let n_threads = pool.n_threads();
        // Where there are too few heads for all threads, their queries are shared out, and keys are packed again.
        let rows_per_task = rows.div_ceil(n_threads.div_ceil(self.b * self.g)).max(MIN_PACKED_ROWS);
        let all_scores = scores.as_mut().map(Tensor::view_mut::<f32>).transpose()?;
        let mut tasks = self.tasks(rows_per_task, out.view_mut()?, all_scores);
        let n_slots = n_threads.min(tasks.len());
        let space_len = self.space_len(rows_per_task.min(rows))?;
        let mut space = ctx.alloc(DType::F32, Shape::new(&[n_slots, space_len]))?;
        let space = space.view_mut::<f32>()?;
        while !tasks.is_empty() {
            ctx.check_stop()?;
            let wave = tasks.split_off(tasks.len().saturating_sub(n_slots));
            let slots: Vec<_> = wave
                .into_iter()
                .zip(space.chunks_exact_mut(space_len))
                .map(|slot| Mutex::new(Some(slot)))
                .collect();
            pool.for_each(slots.len(), &|i| {
                if let Some((task, space)) = slots[i].lock().ok().and_then(|mut slot| slot.take()) {
                    self.task(task, space, stage, bias);
                }
            });
        }
        Ok((out, scores))
    }

    fn tasks<'o>(
        &self,
        rows_per_task: usize,
        mut out: &'o mut [f32],
        mut scores: Option<&'o mut [f32]>,
    ) -> Vec<Task<'o>> {
        let rows = self.group * self.s;
        let mut tasks = Vec::new();
        for (batch, head) in (0..self.b).flat_map(|batch| (0..self.g).map(move |head| (batch, head))) {
            for first in (0..rows).step_by(rows_per_task) {
                let n_rows = rows_per_task.min(rows - first);
                let (own, rest) = std::mem::take(&mut out).split_at_mut(n_rows * self.e);
                out = rest;
                let own_scores = scores.take().map(|all| {
                    let (own, rest) = all.split_at_mut(n_rows * self.t);
                    scores = Some(rest);
                    own
                });
                tasks.push(Task { batch, head, first, out: own, scores: own_scores });
            }
        }
        tasks
    }

    /// Elements of scratch that a task takes: packed keys and values, a block of scores, a row with a sink twice.
    fn space_len(&self, n_rows: usize) -> Result<usize, OpError> {
        let packed = if n_rows < MIN_PACKED_ROWS {
            Some(0)
        } else {
            packed_len(self.d, self.t).checked_add(packed_len(self.t, self.e))
        };
        let block =
            self.t.checked_mul(BLOCK_ROWS.min(n_rows)).and_then(|len| len.checked_add(2 * self.t + 2));
        let len = packed.zip(block).and_then(|(packed, block)| packed.checked_add(block));
        len.ok_or_else(|| OpError::value("sizes that fit into memory", format!("{} keys", self.t)))
    }

    fn task(&self, task: Task<'_>, space: &mut [f32], stage: Option<Scores>, bias: Option<&[f32]>) {
        let Task { batch, head, first, out, mut scores } = task;
        // Keys that no query sees are left out, whatever they hold.
        let n = if stage.is_some() { self.t } else { self.batches[batch].end.min(self.t) };
        let at = batch * self.g + head;
        let rows = self.group * self.s;
        let keys = &self.k[at * self.t * self.d..][..n * self.d];
        let values = &self.v[at * self.t * self.e..][..n * self.e];
        let n_rows = out.len() / self.e.max(1);
        let n_rows = if self.e == 0 {
            scores.as_ref().map_or(0, |scores| scores.len() / self.t.max(1))
        } else {
            n_rows
        };
        let is_packed = n_rows >= MIN_PACKED_ROWS && n > 0;
        let (sides, space) =
            space.split_at_mut(if is_packed { packed_len(self.d, n) + packed_len(n, self.e) } else { 0 });
        let (k_space, v_space) = sides.split_at_mut(if is_packed { packed_len(self.d, n) } else { 0 });
        let packed = is_packed.then(|| {
            let k = PackedRef::pack_into(Matrix::transposed(keys, self.d), self.d, n, k_space);
            (k, PackedRef::pack_into(Matrix::plain(values, self.e), n, self.e, v_space))
        });
        let (row_space, block) = space.split_at_mut(2 * self.t + 2);
        for start in (0..n_rows).step_by(BLOCK_ROWS) {
            let len = BLOCK_ROWS.min(n_rows - start);
            let q = &self.q[(at * rows + first + start) * self.d..][..len * self.d];
            let block = &mut block[..len * n];
            self.products(q, keys, packed.map(|(k, _)| k), block, n);
            for i in 0..len {
                let row = first + start + i;
                let (head, query) = (head * self.group + row / self.s, row % self.s);
                let own = scores.as_mut().map(|scores| &mut scores[(start + i) * self.t..][..self.t]);
                let bias = self.mask.zip(bias).map(|(mask, bias)| mask.row(bias, [batch, head, query]));
                let place = Place { batch, head, query };
                self.softmax(&mut block[i * n..][..n], place, bias, stage.zip(own), row_space);
            }
            let out = &mut out[start * self.e..][..len * self.e];
            weighted_sums(block, values, packed.map(|(_, v)| v), out, n, self.e);
        }
    }

    /// Scaled products of some queries with `n` keys.
    fn products(&self, q: &[f32], keys: &[f32], packed: Option<PackedRef<'_>>, out: &mut [f32], n: usize) {
        if n == 0 {
            return;
        }
        if self.d == 0 {
            return out.fill(0.0);
        }
        match packed {
            Some(keys) => {
                let epilogue = Epilogue { alpha: self.scale, ..Epilogue::default() };
                matmul_f32(&Serial, q, self.d, keys, out, n, q.len() / self.d, &epilogue);
            }
            None => {
                for (q, out) in q.chunks_exact(self.d).zip(out.chunks_exact_mut(n)) {
                    vector::dots(q, keys, out);
                    out.iter_mut().for_each(|x| *x *= self.scale);
                }
            }
        }
    }

    /// The keys that a query sees.
    fn seen(&self, batch: usize, query: usize) -> std::ops::Range<usize> {
        let Batch { offset, start, end } = self.batches[batch];
        let wide = |size: usize| i64::try_from(size).unwrap_or(i64::MAX);
        let at = offset.saturating_add(wide(query));
        let after =
            self.window.right.map_or(i64::MAX, |right| at.saturating_add(wide(right)).saturating_add(1));
        let before = self.window.left.map_or(0, |left| at.saturating_sub(wide(left)));
        let end = usize::try_from(after.clamp(0, wide(end.min(self.t)))).unwrap_or(0);
        let start = start.max(usize::try_from(before.max(0)).unwrap_or(usize::MAX)).min(end);
        start..end
    }

    /// Products of one query to its shares of all keys. `space`: room for two rows with a sink.
    fn softmax(
        &self,
        row: &mut [f32],
        place: Place,
        bias: Option<&[f32]>,
        mut wanted: Option<(Scores, &mut [f32])>,
        space: &mut [f32],
    ) {
        let mut put_out = |stage: Scores, row: &[f32]| {
            if let Some((_, out)) = wanted.as_mut().filter(|(wanted, _)| *wanted == stage) {
                out.copy_from_slice(row);
            }
        };
        put_out(Scores::Products, row);
        if self.softcap > 0.0 {
            row.iter_mut().for_each(|x| *x = (*x / self.softcap).tanh() * self.softcap);
        }
        put_out(Scores::Capped, row);
        let seen = self.seen(place.batch, place.query);
        row[..seen.start].fill(f32::NEG_INFINITY);
        row[seen.end..].fill(f32::NEG_INFINITY);
        let mut any = !seen.is_empty();
        if let Some(bias) = bias {
            any = false;
            for (x, j) in row[seen.clone()].iter_mut().zip(seen.clone()) {
                match bias.get(j) {
                    // What a masked score is does not matter, NaN included.
                    None | Some(&f32::NEG_INFINITY) => *x = f32::NEG_INFINITY,
                    Some(bias) => {
                        *x += bias;
                        any = true;
                    }
                }
            }
        }
        put_out(Scores::Masked, row);
        if !any || row.iter().all(|&x| x == f32::NEG_INFINITY) {
            row.fill(0.0);
        } else {
            let sink = self.sinks.map(|sinks| sinks[place.head]);
            shares(&mut row[seen.clone()], sink, space);
            row[..seen.start].fill(0.0);
            row[seen.end..].fill(0.0);
        }
        put_out(Scores::Shares, row);
    }
}

/// Which query.
#[derive(Clone, Copy)]
struct Place {
    batch: usize,
    head: usize,
    query: usize,
}

/// Softmax in place, the sink's share dropped.
fn shares(row: &mut [f32], sink: Option<f32>, space: &mut [f32]) {
    let n = row.len() + usize::from(sink.is_some());
    let (from, to) = space.split_at_mut(space.len() / 2);
    let (from, to) = (&mut from[..n], &mut to[..n]);
    from[..row.len()].copy_from_slice(row);
    if let (Some(sink), Some(last)) = (sink, from.last_mut()) {
        *last = sink;
    }
    softmax_f32(&Serial, SoftmaxKind::Softmax, from, n, 1, to);
    row.copy_from_slice(&to[..row.len()]);
}

/// Sums of `n` values, weighted by each row of shares.
fn weighted_sums(
    shares: &[f32],
    values: &[f32],
    packed: Option<PackedRef<'_>>,
    out: &mut [f32],
    n: usize,
    e: usize,
) {
    if e == 0 {
        return;
    }
    match packed {
        Some(values) => {
            let m = out.len() / e;
            matmul_f32(&Serial, shares, n, values, out, e, m, &Epilogue::default());
        }
        None => {
            out.fill(0.0);
            for (i, out) in out.chunks_exact_mut(e).enumerate() {
                for (&share, value) in shares[i * n..][..n].iter().zip(values.chunks_exact(e)) {
                    out.iter_mut().zip(value).for_each(|(out, value)| *out += share * value);
                }
            }
        }
    }
}
