//! The seam between kernels and threads: a parallel loop, its serial form, and loops over disjoint chunks.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs the iterations of a loop, perhaps on several threads.
///
/// Kernels receive a `&dyn Parallel` and never know whose threads they use: the model's own pool, one shared
/// between models, or the host's.
pub trait Parallel: Sync {
    /// How many threads may take part, the caller included. At least 1.
    fn n_threads(&self) -> usize;

    /// Calls `f(i)` for each `i` in `0..n`, at most once each, in any order and on any thread, and returns when
    /// all calls have ended. Iterations may be left out only when the run that owns the loop was cancelled; the
    /// results of a cancelled run are discarded.
    fn for_each(&self, n: usize, f: &(dyn Fn(usize) + Sync));
}

/// The loop on the calling thread alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Serial;

impl Parallel for Serial {
    fn n_threads(&self) -> usize {
        1
    }

    fn for_each(&self, n: usize, f: &(dyn Fn(usize) + Sync)) {
        (0..n).for_each(f);
    }
}

/// Calls `f(i, chunk)` for each chunk of `chunk_len` elements of `out` (the last one may be shorter), in parallel.
///
/// # Panics
/// If `chunk_len` is 0 while `out` is not empty: a bug in the caller.
pub fn for_each_chunk_mut<T: Send>(
    pool: &dyn Parallel,
    out: &mut [T],
    chunk_len: usize,
    f: &(dyn Fn(usize, &mut [T]) + Sync),
) {
    if out.is_empty() {
        return;
    }
    let len = out.len();
    let n_chunks = len.div_ceil(chunk_len);
    if n_chunks == 1 {
        return f(0, out);
    }
    let base = SendPtr(out.as_mut_ptr());
    // Chunks are numbered here rather than by the pool, so that a pool that repeats or invents an index does no harm.
    let next = AtomicUsize::new(0);
    pool.for_each(n_chunks, &|_| {
        let base = &base;
        let i = next.fetch_add(1, Ordering::Relaxed);
        if i >= n_chunks {
            return;
        }
        let start = i * chunk_len;
        let n = chunk_len.min(len - start);
        // SAFETY: `i < n_chunks`, so `start < len`, and `start + n <= len`: the range lies in `out`, which is borrowed
        // mutably for the whole call, as `f`'s lifetime keeps the pool from calling later. The counter gives each `i`
        // once, so no two chunks overlap.
        let chunk = unsafe { std::slice::from_raw_parts_mut(base.0.add(start), n) };
        f(i, chunk);
    });
}

struct SendPtr<T>(*mut T);
// SAFETY: the pointer is only used for disjoint ranges of a slice of `T: Send`, see `for_each_chunk_mut`.
unsafe impl<T: Send> Send for SendPtr<T> {}
// SAFETY: as above; sharing the wrapper only shares the address.
unsafe impl<T: Send> Sync for SendPtr<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_the_slice_once() {
        for (len, chunk) in [(0, 1), (1, 1), (7, 3), (9, 3), (5, 100)] {
            let mut data = vec![0usize; len];
            for_each_chunk_mut(&Serial, &mut data, chunk, &|i, part| {
                for (j, x) in part.iter_mut().enumerate() {
                    *x += i * chunk + j + 1;
                }
            });
            assert_eq!(data, (1..=len).collect::<Vec<_>>(), "len {len} chunk {chunk}");
        }
    }
}
