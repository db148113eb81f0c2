//! Counting n-grams: the pool as a tree of items, walked from each position of the input.

use std::borrow::Cow;
use std::collections::HashMap;

use dunlin_ir::op::text::{TfIdfVectorizer, Weighting};
use dunlin_ir::{DType, Shape, Tensor};

use crate::plan::Packed;
use crate::{Ctx, OpError};

/// The n-grams of a pool.
#[derive(Debug)]
pub(super) struct NGrams {
    /// A small number for each item that occurs in the pool.
    items: Items,
    /// From a node of the tree and an item to the next node. The root is node 0.
    children: HashMap<(u32, u32), u32>,
    /// For each node, the output column of the n-gram that ends there.
    columns: Vec<Option<usize>>,
    n_columns: usize,
}

#[derive(Debug)]
enum Items {
    Ints(HashMap<i64, u32>),
    Strings(HashMap<String, u32>),
}

impl NGrams {
    /// Sorts a pool into a tree.
    pub fn new(op: &TfIdfVectorizer) -> Result<NGrams, OpError> {
        let (items, pool) = items(&op.pool)?;
        let mut grams =
            NGrams { items, children: HashMap::new(), columns: vec![None], n_columns: op.n_columns() };
        let mut n_seen = 0;
        for (i, &start) in op.starts.iter().enumerate() {
            let length = i + 1;
            let end = op.starts.get(length).copied().unwrap_or(pool.len());
            let part = pool.get(start..end).ok_or_else(|| {
                OpError::value(
                    format!("rising starts of n-grams up to {}", pool.len()),
                    format!("{start}..{end}"),
                )
            })?;
            for gram in part.chunks_exact(length) {
                if (op.min_length..=op.max_length).contains(&length) {
                    let column = op.columns.get(n_seen).copied();
                    grams.insert(
                        gram,
                        column.ok_or_else(|| OpError::value("a column for each n-gram", n_seen))?,
                    );
                }
                n_seen += 1;
            }
        }
        Ok(grams)
    }

    fn insert(&mut self, gram: &[u32], column: usize) {
        let mut node = 0;
        for &item in gram {
            let next = self.columns.len() as u32;
            node = *self.children.entry((node, item)).or_insert(next);
            if node == next {
                self.columns.push(None);
            }
        }
        self.columns[node as usize] = Some(column);
    }

    /// Counts the n-grams in each row of `x`, `[c]` or `[n, c]`.
    pub fn count(&self, op: &TfIdfVectorizer, x: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
        let (n_rows, row_len, shape) = match *x.shape().dims() {
            [] => (1, 1, Shape::new(&[self.n_columns])),
            [c] => (1, c, Shape::new(&[self.n_columns])),
            [n, c] => (n, c, Shape::new(&[n, self.n_columns])),
            _ => return Err(OpError::shape("[c] or [n, c]", x.shape())),
        };
        let numbers = self.numbers(x)?;
        let mut out = ctx.alloc_zeroed(DType::F32, shape)?;
        let counts = out.view_mut::<f32>()?;
        for row in 0..n_rows {
            ctx.check_stop()?;
            let counts = &mut counts[row * self.n_columns..][..self.n_columns];
            self.count_row(op, &numbers[row * row_len..][..row_len], counts);
            weigh(op, counts);
        }
        Ok(out)
    }

    fn count_row(&self, op: &TfIdfVectorizer, row: &[Option<u32>], counts: &mut [f32]) {
        let mut shortest = op.min_length.max(1);
        for distance in 1..=op.max_skips.saturating_add(1) {
            // No n-gram of two items or more spans so far, and single items are counted at the first distance.
            if distance > 1 && distance >= row.len() {
                break;
            }
            for start in 0..row.len() {
                self.count_from(op.max_length, shortest, row[start..].iter().step_by(distance), counts);
            }
            // Distance makes no difference to single items.
            if shortest == 1 {
                shortest = 2;
                if shortest > op.max_length {
                    break;
                }
            }
        }
    }

    fn count_from<'r>(
        &self,
        longest: usize,
        shortest: usize,
        items: impl Iterator<Item = &'r Option<u32>>,
        counts: &mut [f32],
    ) {
        let mut node = 0;
        for (i, item) in items.take(longest).enumerate() {
            let Some(item) = *item else { return };
            let Some(&next) = self.children.get(&(node, item)) else { return };
            node = next;
            if let Some(column) = self.columns[node as usize].filter(|_| i + 1 >= shortest) {
                counts[column] += 1.0;
            }
        }
    }

    /// The numbers of the items of `x`; `None` for those that are in no n-gram.
    fn numbers(&self, x: &Tensor) -> Result<Vec<Option<u32>>, OpError> {
        match &self.items {
            Items::Ints(items) => {
                let ints: Cow<'_, [i64]> = match x.dtype() {
                    DType::I32 => x.view::<i32>()?.iter().map(|&x| i64::from(x)).collect(),
                    DType::I64 => Cow::Borrowed(x.view::<i64>()?),
                    other => return Err(OpError::dtype("int64 or int32", other)),
                };
                Ok(ints.iter().map(|x| items.get(x).copied()).collect())
            }
            Items::Strings(items) => Ok(x.strings()?.iter().map(|x| items.get(x).copied()).collect()),
        }
    }
}

/// Numbers the items of a pool, in the order of their first appearance.
fn items(pool: &Tensor) -> Result<(Items, Vec<u32>), OpError> {
    if pool.dtype() == DType::String {
        let mut items = HashMap::new();
        let numbers = pool.strings()?.iter().map(|item| {
            let next = items.len() as u32;
            *items.entry(item.clone()).or_insert(next)
        });
        let numbers = numbers.collect();
        return Ok((Items::Strings(items), numbers));
    }
    let mut items = HashMap::new();
    let numbers = pool.view::<i64>()?.iter().map(|&item| {
        let next = items.len() as u32;
        *items.entry(item).or_insert(next)
    });
    let numbers = numbers.collect();
    Ok((Items::Ints(items), numbers))
}

fn weigh(op: &TfIdfVectorizer, counts: &mut [f32]) {
    for (column, count) in counts.iter_mut().enumerate() {
        let weight = op.weights.get(column).copied().unwrap_or(1.0);
        match op.mode {
            Weighting::Tf => {}
            Weighting::Idf if *count > 0.0 => *count = weight,
            Weighting::Idf => {}
            Weighting::TfIdf => *count *= weight,
        }
    }
}

impl Packed for NGrams {
    fn byte_len(&self) -> usize {
        self.children.len() * size_of::<((u32, u32), u32)>() + self.columns.len() * size_of::<Option<usize>>()
    }

    fn replaced_inputs(&self) -> &[usize] {
        &[]
    }
}
