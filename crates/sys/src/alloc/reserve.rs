//! The system's allocator with a reserve: a small allocation that the system refuses comes out of the reserve, and is noted.
//!
//! Rust ends the process when a `Box` or a growing `Vec` finds no memory. With the reserve it goes on for the moment, and
//! whoever watches for a [`Shortage`](super::Shortage) ends what is going on at the next opportunity, which frees what it took.
//!
//! The reserve is static memory of the library, so that every copy of the library in a process has its own. There are no locks:
//! what a thread was doing when the process forked, or when a signal came, is in nobody's way.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU64, Ordering};

use super::shortage;

/// Bytes of the reserve.
pub(super) const RESERVE_BYTES: usize = 1 << 20;

/// The first half, in pages that each are had again when all of its blocks are free.
const N_PAGES: usize = 16;
const PAGE_BYTES: usize = RESERVE_BYTES / 2 / N_PAGES;

/// Blocks up to this size come from pages; larger ones, which growing lists ask for, from the second half.
const SMALL_BYTES: usize = PAGE_BYTES / 2;

/// Alignments up to this one are served.
const MAX_ALIGN: usize = align_of::<Memory>();

/// The system's allocator with a reserve of 1 MiB.
#[derive(Debug)]
pub struct ReservingAllocator {
    memory: Memory,
    /// How the pages and, last, the second half are used.
    regions: [Region; N_PAGES + 1],
}

#[repr(C, align(4096))]
struct Memory(UnsafeCell<[u8; RESERVE_BYTES]>);

// SAFETY: parts of it are handed out by `Region`s, each to one owner at a time; nobody else touches it.
unsafe impl Sync for Memory {}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Memory")
    }
}

/// A stretch of the reserve: how many of its bytes are taken (upper half), and by how many blocks (lower half). Bytes are taken in
/// order, and are all had again with the last block's end.
#[derive(Debug)]
struct Region(AtomicU64);

impl Region {
    /// Takes `n_bytes` at a multiple of `align` within the region's `len` bytes; where they begin.
    fn take(&self, len: usize, n_bytes: usize, align: usize) -> Option<usize> {
        let mut state = self.0.load(Ordering::Relaxed);
        loop {
            let (n_taken, n_blocks) = ((state >> 32) as usize, state & u64::from(u32::MAX));
            let start = n_taken.next_multiple_of(align);
            let end = start.checked_add(n_bytes).filter(|&end| end <= len)?;
            let next = (end as u64) << 32 | (n_blocks + 1);
            match self.0.compare_exchange_weak(state, next, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => {
                    shortage::note_taken(end - n_taken);
                    return Some(start);
                }
                Err(now) => state = now,
            }
        }
    }

    /// One block less.
    fn give_back(&self) {
        let mut state = self.0.load(Ordering::Relaxed);
        loop {
            let next = if state & u64::from(u32::MAX) <= 1 { 0 } else { state - 1 };
            match self.0.compare_exchange_weak(state, next, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => {
                    if next == 0 {
                        shortage::note_refilled((state >> 32) as usize);
                    }
                    return;
                }
                Err(now) => state = now,
            }
        }
    }
}

/// Where region `i` begins, and its bytes.
fn bounds(i: usize) -> (usize, usize) {
    if i < N_PAGES { (i * PAGE_BYTES, PAGE_BYTES) } else { (RESERVE_BYTES / 2, RESERVE_BYTES / 2) }
}

impl ReservingAllocator {
    /// An allocator whose reserve is whole.
    pub const fn new() -> ReservingAllocator {
        ReservingAllocator {
            memory: Memory(UnsafeCell::new([0; RESERVE_BYTES])),
            regions: [const { Region(AtomicU64::new(0)) }; N_PAGES + 1],
        }
    }

    /// A block of the reserve, with arbitrary contents; null if it cannot help either.
    fn help(&self, layout: Layout) -> *mut u8 {
        if layout.size() > RESERVE_BYTES / 2 || layout.align() > MAX_ALIGN {
            return std::ptr::null_mut();
        }
        shortage::note_refusal(layout.size());
        let first = if layout.size() <= SMALL_BYTES { 0 } else { N_PAGES };
        for i in first..=N_PAGES {
            let (start, len) = bounds(i);
            if let Some(at) = self.regions[i].take(len, layout.size().max(1), layout.align()) {
                return self.memory.0.get().cast::<u8>().wrapping_add(start + at);
            }
        }
        std::ptr::null_mut()
    }

    /// The region that a block is of, if it is the reserve's.
    fn region_of(&self, block: *mut u8) -> Option<&Region> {
        let offset = block.addr().wrapping_sub(self.memory.0.get().addr());
        if offset >= RESERVE_BYTES {
            return None;
        }
        self.regions.get(if offset < RESERVE_BYTES / 2 { offset / PAGE_BYTES } else { N_PAGES })
    }

    /// Copies a block into a larger or smaller one of the reserve or the system, wherever one is to be had, and frees it.
    ///
    /// # Safety
    /// `block` is one of this allocator's with `layout`, and not used afterwards unless the result is null; `n_bytes` is not 0 and
    /// fits `layout`'s alignment.
    unsafe fn move_to(&self, block: *mut u8, layout: Layout, n_bytes: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        let wanted = unsafe { Layout::from_size_align_unchecked(n_bytes, layout.align()) };
        // SAFETY: the size is not 0.
        let moved = unsafe { self.alloc(wanted) };
        if !moved.is_null() {
            // SAFETY: both blocks have that many bytes, and a new block overlaps no other; the old one is the caller's to give up.
            unsafe {
                moved.copy_from_nonoverlapping(block, layout.size().min(n_bytes));
                self.dealloc(block, layout);
            }
        }
        moved
    }
}

impl Default for ReservingAllocator {
    fn default() -> ReservingAllocator {
        ReservingAllocator::new()
    }
}

// SAFETY: blocks are the system's, under whose contract they stay, or parts of the reserve that `Region::take` gives to one owner until
// `give_back`: aligned as asked for, since the reserve's memory and the regions' starts are aligned to `MAX_ALIGN`.
unsafe impl GlobalAlloc for ReservingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that `System` asks for.
        let block = unsafe { System.alloc(layout) };
        if block.is_null() { self.help(layout) } else { block }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        let block = unsafe { System.alloc_zeroed(layout) };
        if !block.is_null() {
            return block;
        }
        let block = self.help(layout);
        if !block.is_null() {
            // SAFETY: `help` has given that many bytes.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, n_bytes: usize) -> *mut u8 {
        if self.region_of(block).is_none() {
            // SAFETY: the block is the system's; the rest are the caller's promises.
            let moved = unsafe { System.realloc(block, layout, n_bytes) };
            if !moved.is_null() {
                return moved;
            }
        }
        // SAFETY: the caller's promises.
        unsafe { self.move_to(block, layout, n_bytes) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match self.region_of(block) {
            Some(region) => region.give_back(),
            // SAFETY: the block is not of the reserve, so the system gave it with this layout.
            None => unsafe { System.dealloc(block, layout) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(n_bytes: usize, align: usize) -> Layout {
        Layout::from_size_align(n_bytes, align).unwrap()
    }

    #[test]
    fn the_reserve_gives_blocks_apart_and_takes_them_back() {
        let allocator = Box::new(ReservingAllocator::new());
        let sizes = [1, 7, 64, 4096, SMALL_BYTES, SMALL_BYTES + 1, 200_000];
        for _ in 0..100 {
            let mut blocks: Vec<(usize, Layout)> = Vec::new();
            for (i, size) in sizes.into_iter().enumerate() {
                let layout = layout(size, 1 << (i + 1));
                let block = allocator.help(layout);
                assert!(!block.is_null() && block.addr().is_multiple_of(layout.align()));
                assert!(blocks.iter().all(|(other, their)| {
                    block.addr() + size <= *other || other + their.size() <= block.addr()
                }));
                blocks.push((block.addr(), layout));
            }
            for (block, _) in blocks {
                let start = allocator.memory.0.get().cast::<u8>();
                let block = start.wrapping_add(block - start.addr());
                allocator.region_of(block).unwrap().give_back();
            }
            assert!(allocator.regions.iter().all(|region| region.0.load(Ordering::Relaxed) == 0));
        }
    }

    #[test]
    fn the_reserve_ends() {
        let allocator = Box::new(ReservingAllocator::new());
        let blocks = std::iter::repeat_with(|| allocator.help(layout(1024, 8)));
        assert_eq!(blocks.take_while(|block| !block.is_null()).count(), RESERVE_BYTES / 1024);
        assert!(allocator.help(layout(1, 1)).is_null());
        assert!(allocator.help(layout(RESERVE_BYTES, 1)).is_null());
        let whole = Box::new(ReservingAllocator::new());
        assert!(
            whole.help(layout(1, 2 * MAX_ALIGN)).is_null() && !whole.help(layout(1, MAX_ALIGN)).is_null()
        );
    }

    #[test]
    fn blocks_move_out_of_the_reserve_with_their_contents() {
        let allocator = Box::new(ReservingAllocator::new());
        let small = layout(3, 1);
        let block = allocator.help(small);
        // SAFETY: a block of three bytes of this allocator, grown to 300 and freed with that size.
        unsafe {
            block.copy_from_nonoverlapping([1u8, 2, 3].as_ptr(), 3);
            let moved = allocator.realloc(block, small, 300);
            assert!(allocator.region_of(moved).is_none());
            assert_eq!(std::slice::from_raw_parts(moved, 3), [1, 2, 3]);
            allocator.dealloc(moved, layout(300, 1));
        }
        assert_eq!(allocator.regions[0].0.load(Ordering::Relaxed), 0);
    }
}
