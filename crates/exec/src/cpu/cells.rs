//! Elements of any type as cells of whole bytes, for operators that move elements without looking into them.

use dunlin_ir::{DType, Shape, Tensor, packed};

use crate::{Ctx, OpError};

/// Bytes of one cell of a tensor that [`with_cells`] handed out.
pub(crate) fn cell_bytes(tensor: &Tensor) -> usize {
    tensor.dtype().bits() / 8
}

/// The bytes of a tensor that `ctx.alloc` just made.
///
/// # Errors
/// [`OpError::Tensor`] if somebody else holds them, which a fresh tensor rules out.
pub(crate) fn fresh_bytes(tensor: &mut Tensor) -> Result<&mut [u8], OpError> {
    tensor.try_bytes_mut().ok_or(OpError::Tensor(dunlin_ir::TensorError::Shared))
}

/// Repeats a cell.
pub(crate) fn fill_cells(out: &mut [u8], cell: &[u8]) {
    fn fill<T: bytemuck::Pod>(out: &mut [u8], cell: &[u8]) {
        if let Ok(cell) = bytemuck::try_pod_read_unaligned::<T>(cell) {
            bytemuck::cast_slice_mut::<u8, T>(out).fill(cell);
        }
    }
    match cell.len() {
        1 => out.fill(cell[0]),
        2 => fill::<[u8; 2]>(out, cell),
        4 => fill::<[u8; 4]>(out, cell),
        8 => fill::<[u8; 8]>(out, cell),
        _ => fill::<[u8; 16]>(out, cell),
    }
}

/// Calls `f` on `tensors` as cells of 1, 2, 4, 8 or 16 bytes each, and turns the cells that it returns back.
///
/// Types that take whole bytes are passed as they are, so that a tensor that nobody else holds can be written in
/// place. Smaller ones are spread to one byte each, and strings are numbered, the empty one as 0: a cell of zero
/// bytes is the zero of every type.
///
/// # Errors
/// [`OpError::DType`] if the tensors' types differ, and whatever `f` returns.
pub(crate) fn with_cells(
    tensors: Vec<Tensor>,
    ctx: &Ctx<'_>,
    f: impl FnOnce(Vec<Tensor>) -> Result<Vec<Tensor>, OpError>,
) -> Result<Vec<Tensor>, OpError> {
    let Some(dtype) = tensors.first().map(Tensor::dtype) else { return f(tensors) };
    if let Some(other) = tensors.iter().find(|tensor| tensor.dtype() != dtype) {
        return Err(OpError::dtype(dtype.name(), other.dtype()));
    }
    match dtype.bits() {
        0 => with_strings(&tensors, ctx, f),
        bits @ 1..8 => {
            let spread: Vec<Tensor> =
                tensors.iter().map(|tensor| spread(tensor, bits, ctx)).collect::<Result<_, _>>()?;
            f(spread)?.iter().map(|cells| pack(cells, dtype, bits, ctx)).collect()
        }
        _ => f(tensors),
    }
}

/// [`with_cells`] of one result.
///
/// # Errors
/// As [`with_cells`].
pub(crate) fn with_cells_one(
    tensors: Vec<Tensor>,
    ctx: &Ctx<'_>,
    f: impl FnOnce(Vec<Tensor>) -> Result<Tensor, OpError>,
) -> Result<Tensor, OpError> {
    let mut results = with_cells(tensors, ctx, |cells| Ok(vec![f(cells)?]))?;
    results.pop().ok_or_else(|| OpError::unsupported("an operator without a result"))
}

fn spread(tensor: &Tensor, bits: usize, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let mut out = ctx.alloc(DType::U8, tensor.shape().clone())?;
    packed::unpack_into(tensor.bytes(), bits, fresh_bytes(&mut out)?);
    Ok(out)
}

fn pack(cells: &Tensor, dtype: DType, bits: usize, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let mut out = ctx.alloc(dtype, cells.shape().clone())?;
    packed::pack_into(cells.bytes(), bits, fresh_bytes(&mut out)?);
    Ok(out)
}

fn with_strings(
    tensors: &[Tensor],
    ctx: &Ctx<'_>,
    f: impl FnOnce(Vec<Tensor>) -> Result<Vec<Tensor>, OpError>,
) -> Result<Vec<Tensor>, OpError> {
    let mut strings: Vec<&String> = Vec::new();
    let mut numbered = Vec::with_capacity(tensors.len());
    for tensor in tensors {
        let first = strings.len();
        strings.extend(tensor.strings()?);
        let numbers = 1 + first as u64..=strings.len() as u64;
        let mut cells = ctx.alloc(DType::U64, tensor.shape().clone())?;
        cells.view_mut::<u64>()?.iter_mut().zip(numbers).for_each(|(cell, number)| *cell = number);
        numbered.push(cells);
    }
    let text = |&number: &u64| match number.checked_sub(1) {
        Some(i) => strings.get(i as usize).map(|&text| text.clone()).unwrap_or_default(),
        None => String::new(),
    };
    let mut results = Vec::new();
    for cells in f(numbered)? {
        let texts = cells.view::<u64>()?.iter().map(text);
        results.push(collect_strings(cells.shape().clone(), texts)?);
    }
    Ok(results)
}

/// A string tensor of as many texts as the shape has elements.
///
/// # Errors
/// [`OpError::OutOfMemory`], and [`OpError::Tensor`] if there are more or fewer.
pub(crate) fn collect_strings(shape: Shape, texts: impl Iterator<Item = String>) -> Result<Tensor, OpError> {
    let mut strings: Vec<String> = Vec::new();
    let n = shape.n_elements();
    strings
        .try_reserve_exact(n)
        .map_err(|_| dunlin_sys::OutOfMemory { requested_bytes: n.saturating_mul(size_of::<String>()) })?;
    strings.extend(texts);
    Ok(Tensor::from_strings(shape, strings)?)
}
