//! Ensembles of trees: walks, votes and values.
//!
//! Rows are shared out in blocks; each row's trees are summed in their order, so the result is the same whatever the
//! number of threads. A few rows only are walked by all trees at once instead.

use dunlin_ir::op::ml::{Aggregate, PostTransform, TreeClassifier, TreeRegressor};
use dunlin_ir::{DType, Tensor};
use dunlin_sys::{Parallel, for_each_chunk_mut};

use super::forest::{Flat, Leaves, PackedForest, Real};
use super::label::named;
use super::score::{Pair, pair, transform, transform_single};
use super::{as_f32, matrix, prepared};
use crate::{Ctx, Inputs, OpError, Outputs, one};

/// Rows from which on a tree is walked by several rows at once rather than a row by several trees.
const MIN_ROWS_PER_BLOCK: usize = 8;
/// Rows of a block at most: their scores stay in the first-level cache.
const MAX_ROWS_PER_BLOCK: usize = 512;
/// Walks that are worth a task.
const TASK_WALKS: usize = 2048;

pub(super) fn classify(op: &TreeClassifier, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.tensor(0)?;
    match x.dtype() {
        DType::F64 => classify_in::<f64>(op, x, ctx),
        _ => classify_in::<f32>(op, &as_f32(x, ctx)?, ctx),
    }
}

fn classify_in<T: Real>(op: &TreeClassifier, x: &Tensor, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let packed = prepared(ctx, || PackedForest::new(&op.forest))?;
    let flat = packed.flat::<T>(&op.forest)?;
    let rows = Rows::new(x, flat.trees.n_features())?;
    let n_classes = op.labels.len();
    let mut scores = ctx.alloc(DType::F32, [rows.n, n_classes].into())?;
    let mut classes = vec![0u32; rows.n];
    let base: Vec<T> = op.base_values.iter().map(|&x| T::from_f64(x)).collect();
    let vote = Vote::new(op, &packed, base);
    let finish = |sums: &mut Sums<T>, scores: &mut [f32], class: &mut u32| *class = vote.finish(sums, scores);
    run_blocks(flat, &rows, Aggregate::Sum, n_classes, scores.view_mut()?, &mut classes, ctx.pool(), &finish);
    let labels = named(&op.labels, &classes, ctx)?;
    Ok(smallvec::smallvec![Some(labels.into()), Some(scores.into())])
}

pub(super) fn regress(op: &TreeRegressor, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let x = inputs.tensor(0)?;
    let values = match x.dtype() {
        DType::F64 => regress_in::<f64>(op, x, ctx)?,
        _ => regress_in::<f32>(op, &as_f32(x, ctx)?, ctx)?,
    };
    if op.keeps_dtype && x.dtype() == DType::F16 {
        let mut out = ctx.alloc(DType::F16, values.shape().clone())?;
        for (out, &value) in out.view_mut::<half::f16>()?.iter_mut().zip(values.view::<f32>()?) {
            *out = half::f16::from_f32(value);
        }
        return Ok(one(out));
    }
    Ok(one(values))
}

fn regress_in<T: Real>(op: &TreeRegressor, x: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let packed = prepared(ctx, || PackedForest::new(&op.forest))?;
    let flat = packed.flat::<T>(&op.forest)?;
    let rows = Rows::new(x, flat.trees.n_features())?;
    let n_targets = op.forest.n_targets();
    let base: Vec<T> = op.base_values.iter().map(|&x| T::from_f64(x)).collect();
    let n_trees = T::from_f64(flat.trees.n_trees() as f64);
    let value = |sums: &Sums<T>, target: usize| {
        // Of several targets, one that no leaf gave to is 0, without its base value.
        if n_targets > 1 && !sums.is_set[target] {
            return T::default();
        }
        let sum = sums.values[target];
        let value = if op.aggregate == Aggregate::Average { sum / n_trees } else { sum };
        base.get(target).map_or(value, |&base| value + base)
    };
    // Doubles stay doubles where the operator says so and nothing is done to them in single precision.
    if op.keeps_dtype && T::DTYPE == DType::F64 {
        let mut out = ctx.alloc(DType::F64, [rows.n, n_targets].into())?;
        let finish = |sums: &mut Sums<T>, out: &mut [f64], _: &mut u32| {
            if op.post_transform == PostTransform::None {
                out.iter_mut().enumerate().for_each(|(i, out)| *out = value(sums, i).to_f64());
            } else {
                let mut scores: Vec<f32> = (0..n_targets).map(|i| value(sums, i).to_f32()).collect();
                transform_values(&mut scores, op.post_transform);
                out.iter_mut().zip(scores).for_each(|(out, score)| *out = score.into());
            }
        };
        let mut unused = vec![0; rows.n];
        run_blocks(flat, &rows, op.aggregate, n_targets, out.view_mut()?, &mut unused, ctx.pool(), &finish);
        return Ok(out);
    }
    let mut out = ctx.alloc(DType::F32, [rows.n, n_targets].into())?;
    let finish = |sums: &mut Sums<T>, out: &mut [f32], _: &mut u32| {
        out.iter_mut().enumerate().for_each(|(i, out)| *out = value(sums, i).to_f32());
        transform_values(out, op.post_transform);
    };
    let mut unused = vec![0; rows.n];
    run_blocks(flat, &rows, op.aggregate, n_targets, out.view_mut()?, &mut unused, ctx.pool(), &finish);
    Ok(out)
}

fn transform_values(values: &mut [f32], post_transform: PostTransform) {
    match values {
        [only] => *only = transform_single(*only, post_transform),
        values => transform(values, post_transform),
    }
}

/// The rows of an input.
struct Rows<'a, T> {
    elements: &'a [T],
    n: usize,
    n_columns: usize,
}

impl<'a, T: Real> Rows<'a, T> {
    fn new(x: &'a Tensor, n_features: usize) -> Result<Rows<'a, T>, OpError> {
        let (n, n_columns) = matrix(x)?;
        if n_columns < n_features {
            return Err(OpError::shape(format!("rows of at least {n_features} columns"), x.shape()));
        }
        Ok(Rows { elements: x.view()?, n, n_columns })
    }
}

/// What the trees gave to the targets of one row.
struct Sums<T> {
    /// One per target.
    values: Vec<T>,
    /// Whether any tree gave to a target.
    is_set: Vec<bool>,
}

/// Makes the outputs of one row of its sums: elements, and the position of a class.
type Finish<'f, T, O> = dyn Fn(&mut Sums<T>, &mut [O], &mut u32) + Sync + 'f;

/// Walks the trees with all rows, and hands the sums of each to `finish`, with its outputs.
fn run_blocks<T: Real, O: Send>(
    flat: &Flat<T>,
    rows: &Rows<'_, T>,
    aggregate: Aggregate,
    n_targets: usize,
    out: &mut [O],
    classes: &mut [u32],
    pool: &dyn Parallel,
    finish: &Finish<'_, T, O>,
) {
    if rows.n == 0 || n_targets == 0 {
        return;
    }
    let n_trees = flat.trees.n_trees().max(1);
    let fair_share = rows.n.div_ceil(pool.n_threads() * 4);
    let worth = (TASK_WALKS / n_trees).max(MIN_ROWS_PER_BLOCK);
    let block_len = fair_share.max(worth).min(MAX_ROWS_PER_BLOCK);
    let is_parallel_by_tree = rows.n < MIN_ROWS_PER_BLOCK && n_trees >= 2 * TASK_WALKS;
    let mut blocks: Vec<(&mut [O], &mut [u32])> =
        out.chunks_mut(block_len * n_targets).zip(classes.chunks_mut(block_len)).collect();
    let compute = |i: usize, out: &mut [O], classes: &mut [u32]| {
        let start = i * block_len * rows.n_columns;
        let x = &rows.elements[start..][..classes.len() * rows.n_columns];
        let mut block = Block::new(flat, aggregate, classes.len(), n_targets);
        // A few rows that fill no group of their own are better walked one by one.
        let n_odd =
            if classes.len() < 8 * MIN_ROWS_PER_BLOCK { classes.len() % MIN_ROWS_PER_BLOCK } else { 0 };
        let n_by_tree = classes.len() - n_odd;
        block.add_by_tree(x, rows.n_columns, n_by_tree);
        block.add_by_row(x, rows.n_columns, n_by_tree, is_parallel_by_tree.then_some(pool));
        block.finish(out, classes, finish);
    };
    if let [(out, classes)] = &mut blocks[..] {
        // A loop of one task would keep the trees from being shared out.
        return compute(0, out, classes);
    }
    for_each_chunk_mut(pool, &mut blocks, 1, &|i, block| {
        if let [(out, classes)] = block {
            compute(i, out, classes);
        }
    });
}

/// The sums of some rows.
struct Block<'a, T> {
    flat: &'a Flat<T>,
    aggregate: Aggregate,
    n_rows: usize,
    n_targets: usize,
    /// How many sums there are per row: as many as targets, or those that all leaves give to.
    width: usize,
    sums: Vec<T>,
    is_set: Vec<bool>,
}

impl<'a, T: Real> Block<'a, T> {
    fn new(flat: &'a Flat<T>, aggregate: Aggregate, n_rows: usize, n_targets: usize) -> Block<'a, T> {
        let width = match &flat.leaves {
            Leaves::Dense { targets, .. } => targets.len(),
            Leaves::Sparse { .. } => n_targets,
        };
        let n = n_rows * width;
        Block {
            flat,
            aggregate,
            n_rows,
            n_targets,
            width,
            sums: vec![T::default(); n],
            is_set: vec![false; n],
        }
    }

    /// Tree by tree, each with the first rows.
    fn add_by_tree(&mut self, x: &[T], n_columns: usize, n_rows: usize) {
        if n_rows == 0 {
            return;
        }
        let mut leaves = vec![0u32; n_rows];
        for tree in 0..self.flat.trees.n_trees() {
            self.flat.trees.leaves_of_rows(tree, x, n_columns, &mut leaves);
            self.add(&leaves, 0, 1);
        }
    }

    /// Row by row from the row `first` on, each with all trees.
    fn add_by_row(&mut self, x: &[T], n_columns: usize, first: usize, pool: Option<&dyn Parallel>) {
        if first == self.n_rows {
            return;
        }
        let trees = &self.flat.trees;
        let mut leaves = vec![0u32; trees.n_trees()];
        for row in first..self.n_rows {
            let x = &x[row * n_columns..][..n_columns];
            match pool {
                Some(pool) => for_each_chunk_mut(pool, &mut leaves, TASK_WALKS, &|i, leaves| {
                    trees.leaves_of_trees(i * TASK_WALKS, x, leaves);
                }),
                None => trees.leaves_of_trees(0, x, &mut leaves),
            }
            self.add(&leaves, row, 0);
        }
    }

    /// Adds what `leaves` give: to the rows from `first` on, or with a `step` of 0 all to that one row.
    fn add(&mut self, leaves: &[u32], first: usize, step: usize) {
        match self.aggregate {
            Aggregate::Sum | Aggregate::Average => self.fold(leaves, first, step, |sum, x, _| sum + x),
            Aggregate::Min => {
                self.fold(leaves, first, step, |sum, x, is_set| if !is_set || x < sum { x } else { sum });
            }
            Aggregate::Max => {
                self.fold(leaves, first, step, |sum, x, is_set| if !is_set || x > sum { x } else { sum });
            }
        }
    }

    #[inline(always)]
    fn fold(&mut self, leaves: &[u32], first: usize, step: usize, combine: impl Fn(T, T, bool) -> T) {
        let (width, sums, is_set) = (self.width, &mut self.sums[..], &mut self.is_set[..]);
        let mut give = |at: usize, value: T| {
            sums[at] = combine(sums[at], value, is_set[at]);
            is_set[at] = true;
        };
        match &self.flat.leaves {
            Leaves::Dense { values, .. } if width == 1 => {
                for (i, &leaf) in leaves.iter().enumerate() {
                    give(first + i * step, values[leaf as usize]);
                }
            }
            Leaves::Dense { values, .. } => {
                for (i, &leaf) in leaves.iter().enumerate() {
                    let at = (first + i * step) * width;
                    for (j, &value) in values[leaf as usize * width..][..width].iter().enumerate() {
                        give(at + j, value);
                    }
                }
            }
            Leaves::Sparse { starts, targets, values } => {
                for (i, &leaf) in leaves.iter().enumerate() {
                    let at = (first + i * step) * width;
                    let range = starts[leaf as usize] as usize..starts[leaf as usize + 1] as usize;
                    for (&target, &value) in targets[range.clone()].iter().zip(&values[range]) {
                        give(at + target as usize, value);
                    }
                }
            }
        }
    }

    fn finish<O>(&self, out: &mut [O], classes: &mut [u32], finish: &Finish<'_, T, O>) {
        let mut row =
            Sums { values: vec![T::default(); self.n_targets], is_set: vec![false; self.n_targets] };
        for (i, (out, class)) in out.chunks_exact_mut(self.n_targets).zip(classes).enumerate() {
            row.values.fill(T::default());
            row.is_set.fill(false);
            for j in 0..self.width {
                let target = match &self.flat.leaves {
                    Leaves::Dense { targets, .. } => targets[j] as usize,
                    Leaves::Sparse { .. } => j,
                };
                row.values[target] = self.sums[i * self.width + j];
                row.is_set[target] = self.is_set[i * self.width + j];
            }
            finish(&mut row, out, class);
        }
    }
}

/// How a classifier's sums become scores and a class, by the conventions of ONNX Runtime: with two classes, a score of
/// just one of them stands for both.
struct Vote<T> {
    base: Vec<T>,
    post_transform: PostTransform,
    /// Whether just one of two classes gets weights.
    is_binary: bool,
    has_negative: bool,
}

impl<T: Real> Vote<T> {
    fn new(op: &TreeClassifier, forest: &PackedForest, base: Vec<T>) -> Vote<T> {
        Vote {
            base,
            post_transform: op.post_transform,
            is_binary: op.labels.len() == 2 && forest.has_one_target,
            has_negative: forest.has_negative,
        }
    }

    /// Writes the scores and returns the position of the class.
    fn finish(&self, sums: &mut Sums<T>, scores: &mut [f32]) -> u32 {
        match scores {
            [only] => self.finish_one(sums, only),
            [_, _] => self.finish_two(sums, scores),
            _ => self.finish_many(sums, scores),
        }
    }

    fn finish_one(&self, sums: &Sums<T>, score: &mut f32) -> u32 {
        let value = self.base.first().map_or(sums.values[0], |&base| sums.values[0] + base);
        *score = transform_single(value.to_f32(), self.post_transform);
        u32::from(value > T::default())
    }

    fn finish_many(&self, sums: &mut Sums<T>, scores: &mut [f32]) -> u32 {
        for (i, &base) in self.base.iter().enumerate() {
            sums.values[i] = if sums.is_set[i] { sums.values[i] + base } else { base };
            sums.is_set[i] = true;
        }
        let mut best: Option<usize> = None;
        for (i, &value) in sums.values.iter().enumerate() {
            if sums.is_set[i] && best.is_none_or(|best| value > sums.values[best]) {
                best = Some(i);
            }
        }
        write(scores, &sums.values, self.post_transform);
        best.unwrap_or(0) as u32
    }

    fn finish_two(&self, sums: &mut Sums<T>, scores: &mut [f32]) -> u32 {
        let [has_first, has_second] = [sums.is_set[0], sums.is_set[1]];
        let (mut first, mut second) = (sums.values[0], sums.values[1]);
        let mut stands_for_both = !has_second;
        match self.base[..] {
            // The second base value alone counts, and the score of the first class.
            [_, base] if has_second => {
                second = base + first;
                first = if has_first { -second } else { first };
            }
            [base, _] => {
                first = first + base;
                stands_for_both = false;
            }
            [base] if has_first => first = first + base,
            _ => {}
        }
        let weight = if has_second { second } else { first };
        let half = T::from_f64(0.5);
        let is_probability = self.is_binary && !self.has_negative;
        let class = u32::from(if is_probability { weight > half } else { weight > T::default() });
        if stands_for_both {
            let kind = if is_probability { Pair::Probability } else { Pair::Margin };
            scores.copy_from_slice(&match (self.post_transform, kind) {
                // In doubles, the difference is rounded once.
                (PostTransform::None, Pair::Probability) => [(T::ONE - first).to_f32(), first.to_f32()],
                (post_transform, kind) => pair(first.to_f32(), kind, post_transform),
            });
        } else {
            write(scores, &[first, second], self.post_transform);
        }
        class
    }
}

fn write<T: Real>(scores: &mut [f32], values: &[T], post_transform: PostTransform) {
    for (score, value) in scores.iter_mut().zip(values) {
        *score = value.to_f32();
    }
    transform(scores, post_transform);
}
