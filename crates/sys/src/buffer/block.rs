//! One allocation of initialised bytes, aligned as every buffer is.

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc};
use std::ptr::NonNull;

use super::OutOfMemory;

/// Alignment of every owned buffer, in bytes: a cache line, and the widest vector register.
pub(super) const ALIGN: usize = align_of::<Line>();

/// Nothing, aligned as every buffer is.
#[repr(align(64))]
struct Line;

/// An owned allocation; `capacity` 0 means none, and that whatever `ptr` points to is not ours.
#[derive(Debug)]
pub(super) struct Block {
    /// The first byte that is aligned as every buffer is.
    pub ptr: NonNull<u8>,
    pub capacity: usize,
    /// How many bytes before it the allocation begins.
    padding: usize,
}

pub(super) enum Fill<'a> {
    Zero,
    CopyFrom(&'a [u8]),
}

impl Block {
    pub fn empty() -> Block {
        // A dangling pointer with the right alignment serves slices of length 0.
        Block::of_others(NonNull::<Line>::dangling().cast())
    }

    /// A block that is not ours to free.
    pub fn of_others(ptr: NonNull<u8>) -> Block {
        Block { ptr, capacity: 0, padding: 0 }
    }

    pub fn new(capacity: usize, fill: Fill<'_>) -> Result<Block, OutOfMemory> {
        if capacity == 0 {
            return Ok(Block::empty());
        }
        let refused = OutOfMemory { requested_bytes: capacity };
        let layout = Block::layout(capacity).ok_or(refused)?;
        let start = match fill {
            // SAFETY: the layout's size is not 0.
            Fill::Zero => unsafe { alloc_zeroed(layout) },
            // SAFETY: as above.
            Fill::CopyFrom(_) => unsafe { alloc(layout) },
        };
        let start = NonNull::new(start).ok_or(refused)?;
        let padding = start.addr().get().next_multiple_of(ALIGN) - start.addr().get();
        // SAFETY: the padding is less than `ALIGN`, by which the allocation is longer than `capacity`.
        let ptr = unsafe { start.add(padding) };
        if let Fill::CopyFrom(bytes) = fill {
            assert_eq!(bytes.len(), capacity, "a copy fills its block");
            // SAFETY: `bytes` has `capacity` readable bytes (asserted above), the new block has as many to write after
            // its padding, and a fresh allocation overlaps nothing.
            unsafe { ptr.copy_from_nonoverlapping(NonNull::from(bytes).cast(), capacity) };
        }
        Ok(Block { ptr, capacity, padding })
    }

    /// Of the whole allocation. It asks for no more than the allocator's own alignment: then large zeroed blocks are
    /// fresh pages of the system, which nobody has to clear again.
    fn layout(capacity: usize) -> Option<Layout> {
        Layout::from_size_align(capacity.checked_add(ALIGN)?, align_of::<u64>()).ok()
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if self.capacity == 0 {
            return;
        }
        if let Some(layout) = Block::layout(self.capacity) {
            // SAFETY: the allocation began `padding` bytes before `ptr` and was made in `Block::new` with exactly this
            // layout; nothing else frees it, since `Block` is neither `Copy` nor `Clone`.
            unsafe { dealloc(self.ptr.sub(self.padding).as_ptr(), layout) };
        }
    }
}

// SAFETY: a `Block` owns its memory alone, as a `Box<[u8]>` does.
unsafe impl Send for Block {}
// SAFETY: shared access only reads plain bytes.
unsafe impl Sync for Block {}
