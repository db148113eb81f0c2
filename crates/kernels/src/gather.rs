//! Copies of rows by index: gather, compress, embedding look-up.

use dunlin_sys::{Parallel, for_each_chunk_mut};

use crate::strided::chunk_units;

/// For each of the `outer` blocks of `axis` rows in `src`, copies the rows that `indices` names, in order, to `out`.
///
/// # Panics
/// If the lengths do not agree or an index is not below `axis`: bugs in the caller.
pub fn gather_rows(
    pool: &dyn Parallel,
    src: &[u8],
    axis: usize,
    row_bytes: usize,
    indices: &[usize],
    out: &mut [u8],
) {
    if out.is_empty() {
        return;
    }
    match row_bytes {
        1 => gather_cells::<[u8; 1]>(pool, src, axis, indices, out),
        2 => gather_cells::<[u8; 2]>(pool, src, axis, indices, out),
        4 => gather_cells::<[u8; 4]>(pool, src, axis, indices, out),
        8 => gather_cells::<[u8; 8]>(pool, src, axis, indices, out),
        16 => gather_cells::<[u8; 16]>(pool, src, axis, indices, out),
        _ => {
            let rows = chunk_units(pool, out.len() / row_bytes, row_bytes);
            for_each_chunk_mut(pool, out, rows * row_bytes, &|chunk, part| {
                for (i, row) in part.chunks_exact_mut(row_bytes).enumerate() {
                    let at = chunk * rows + i;
                    let from = (at / indices.len() * axis + indices[at % indices.len()]) * row_bytes;
                    row.copy_from_slice(&src[from..from + row_bytes]);
                }
            });
        }
    }
}

fn gather_cells<T: bytemuck::Pod + Send + Sync>(
    pool: &dyn Parallel,
    src: &[u8],
    axis: usize,
    indices: &[usize],
    out: &mut [u8],
) {
    let (src, out): (&[T], &mut [T]) = (bytemuck::cast_slice(src), bytemuck::cast_slice_mut(out));
    // A task takes whole blocks, or a part of one block if there is only one.
    if out.len() == indices.len() {
        let cells = chunk_units(pool, out.len(), size_of::<T>() * 4);
        for_each_chunk_mut(pool, out, cells, &|chunk, part| {
            let indices = &indices[chunk * cells..];
            part.iter_mut().zip(indices).for_each(|(out, &index)| *out = src[index]);
        });
        return;
    }
    let blocks = chunk_units(pool, out.len() / indices.len(), indices.len() * size_of::<T>() * 4);
    for_each_chunk_mut(pool, out, blocks * indices.len(), &|chunk, part| {
        for (i, block) in part.chunks_exact_mut(indices.len()).enumerate() {
            let src = &src[(chunk * blocks + i) * axis..][..axis];
            block.iter_mut().zip(indices).for_each(|(out, &index)| *out = src[index]);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunlin_sys::Serial;

    #[test]
    fn rows_are_copied_in_order() {
        for row_bytes in [1, 2, 3, 4, 8, 12, 16] {
            let src: Vec<u8> = (0..2 * 4 * row_bytes as u32).map(|i| (i * 37) as u8).collect();
            let indices = [3, 0, 0];
            let mut out = vec![0; 2 * 3 * row_bytes];
            gather_rows(&Serial, &src, 4, row_bytes, &indices, &mut out);
            let row = |r: usize| &src[r * row_bytes..(r + 1) * row_bytes];
            assert_eq!(out, [row(3), row(0), row(0), row(7), row(4), row(4)].concat(), "{row_bytes} bytes");
        }
    }
}
