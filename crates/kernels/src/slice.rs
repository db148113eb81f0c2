//! Walking slices by vectors and by tasks, for the elementwise and row kernels.

use dunlin_sys::{Parallel, for_each_chunk_mut};

use crate::arch::Simd;

/// Elements of a task; below two of these a second thread is not worth waking.
const TASK_LEN: usize = 16 * 1024;

/// A local buffer whose vectors do not straddle cache lines.
#[repr(align(64))]
pub(crate) struct Aligned<T>(pub T);

/// Calls `f(first row, rows)` for runs of whole rows of `out`, in parallel if there are enough elements.
pub(crate) fn for_each_rows<T: Send>(
    pool: &dyn Parallel,
    out: &mut [T],
    row_len: usize,
    work_per_row: usize,
    f: &(dyn Fn(usize, &mut [T]) + Sync),
) {
    if row_len == 0 || out.is_empty() {
        return;
    }
    let rows_per_task = (TASK_LEN / work_per_row.max(1)).max(1);
    let rows = out.len() / row_len;
    if pool.n_threads() == 1 || rows <= rows_per_task {
        return f(0, out);
    }
    for_each_chunk_mut(pool, out, rows_per_task * row_len, &|i, chunk| f(i * rows_per_task, chunk));
}

/// A vector from the start of `x`, with zeros for what is missing.
#[inline(always)]
pub(crate) fn load_clipped<S: Simd>(s: S, x: &[f32]) -> S::F {
    if x.len() >= S::LANES { s.load(x) } else { s.load_part(x) }
}

/// As much of a vector as `out` has room for.
#[inline(always)]
pub(crate) fn store_clipped<S: Simd>(s: S, v: S::F, out: &mut [f32]) {
    if out.len() >= S::LANES { s.store(v, out) } else { s.store_part(v, out) }
}

/// Copies `line` to the start of `out`, as far as there is room.
#[inline(always)]
pub(crate) fn copy_row<S: Simd>(s: S, line: &[f32], out: &mut [f32]) {
    let n = line.len().min(out.len());
    let (line, out) = (&line[..n], &mut out[..n]);
    for i in (0..n).step_by(S::LANES) {
        store_clipped(s, load_clipped(s, &line[i..]), &mut out[i..]);
    }
}

/// Copies every second element to `even` and the others to `odd`, as far as there is room.
#[inline(always)]
pub(crate) fn split_row<S: Simd>(s: S, line: &[f32], even: &mut [f32], odd: &mut [f32]) {
    let n_even = line.len().div_ceil(2).min(even.len());
    let n_odd = (line.len() / 2).min(odd.len());
    let mut done = 0;
    let wholes = even.chunks_exact_mut(S::LANES).zip(odd.chunks_exact_mut(S::LANES));
    for (pair, (even, odd)) in line.chunks_exact(2 * S::LANES).zip(wholes) {
        let (x, y) = s.deinterleave(s.load(pair), s.load(&pair[S::LANES..]));
        s.store(x, even);
        s.store(y, odd);
        done += S::LANES;
    }
    for i in (done..n_even).step_by(S::LANES) {
        let a = load_clipped(s, &line[2 * i..]);
        let b = load_clipped(s, &line[(2 * i + S::LANES).min(line.len())..]);
        let (x, y) = s.deinterleave(a, b);
        store_clipped(s, x, &mut even[i..n_even]);
        store_clipped(s, y, &mut odd[i.min(n_odd)..n_odd]);
    }
}

/// `out[i] = f(a[i])` by vectors; missing lanes of the last one are 0.
macro_rules! map_lanes {
    ($s:ident, $out:expr, |$a:ident in $xa:ident $(, $b:ident in $xb:ident)*| $body:expr) => {{
        let out: &mut [f32] = $out;
        let len = out.len();
        let whole = len - len % S::LANES;
        let mut i = 0;
        {
            let $a = &$xa[..len];
            $(let $b = &$xb[..len];)*
            while i < whole {
                let v = {
                    let $a = $s.load(&$a[i..i + S::LANES]);
                    $(let $b = $s.load(&$b[i..i + S::LANES]);)*
                    $body
                };
                $s.store(v, &mut out[i..i + S::LANES]);
                i += S::LANES;
            }
            if i < len {
                let v = {
                    let $a = $s.load_part(&$a[i..]);
                    $(let $b = $s.load_part(&$b[i..]);)*
                    $body
                };
                $s.store_part(v, &mut out[i..]);
            }
        }
    }};
}
pub(crate) use map_lanes;
