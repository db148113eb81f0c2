//! Parallel loops over chunks of an output whose bodies can fail, and how much work a chunk should hold.

use std::sync::OnceLock;

use dunlin_ir::Element;
use dunlin_sys::{AlignedBuf, Parallel, for_each_chunk_mut};

use crate::{Ctx, OpError};

/// Computes one chunk, given its number.
type ChunkBody<'a, T> = dyn Fn(usize, &mut [T]) -> Result<(), OpError> + Sync + 'a;

/// Calls `f(i, chunk)` for each chunk of `chunk_len` elements, in parallel; the error is one of those that occurred.
///
/// # Errors
/// Whatever `f` returns.
pub(crate) fn try_chunks<T: Send>(
    pool: &dyn Parallel,
    out: &mut [T],
    chunk_len: usize,
    f: &ChunkBody<'_, T>,
) -> Result<(), OpError> {
    let failure = OnceLock::new();
    for_each_chunk_mut(pool, out, chunk_len.max(1), &|i, chunk| {
        if failure.get().is_some() {
            return;
        }
        if let Err(error) = f(i, chunk) {
            // Another thread's error came first.
            let _ = failure.set(error);
        }
    });
    failure.into_inner().map_or(Ok(()), Err)
}

/// How many of `n_items` items one task should take when each costs `work` simple operations: enough to be worth
/// handing over, few enough that all threads have some.
pub(crate) fn items_per_task(pool: &dyn Parallel, n_items: usize, work: usize) -> usize {
    let enough = TASK_WORK.div_ceil(work.max(1));
    let fair = n_items.div_ceil(pool.n_threads() * 4);
    enough.max(fair).max(1)
}

/// Simple operations that take some ten microseconds.
const TASK_WORK: usize = 1 << 15;

/// Memory for intermediate results, recycled when it is dropped.
pub(crate) struct Scratch(AlignedBuf);

impl Scratch {
    /// Memory for `n` elements with arbitrary contents.
    ///
    /// # Errors
    /// [`OpError::OutOfMemory`].
    pub fn new<T: Element>(ctx: &Ctx<'_>, n: usize) -> Result<Scratch, OpError> {
        let shape = dunlin_ir::Shape::new(&[n]);
        let n_bytes = ctx.checked_bytes(T::DTYPE, &shape)?;
        Ok(Scratch(ctx.arena().alloc(n_bytes)?))
    }

    /// The elements.
    pub fn as_mut<T: Element>(&mut self) -> &mut [T] {
        bytemuck::cast_slice_mut(self.0.as_mut_slice())
    }

    /// The elements.
    pub fn as_ref<T: Element>(&self) -> &[T] {
        bytemuck::cast_slice(self.0.as_slice())
    }
}
