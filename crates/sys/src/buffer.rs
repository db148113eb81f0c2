//! Memory for tensors: 64-byte-aligned owned buffers, an arena that recycles them, and shared byte ranges.

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc};
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::FileMap;
use crate::os::Advice;

/// Alignment of every owned buffer, in bytes: a cache line, and the widest vector register.
const ALIGN: usize = align_of::<Line>();

/// Nothing, aligned as every buffer is.
#[repr(align(64))]
struct Line;

/// The system refused a block of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfMemory {
    /// What was asked for, in bytes.
    pub requested_bytes: usize,
}

impl std::fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "out of memory: {} bytes were not to be had", self.requested_bytes)
    }
}

impl std::error::Error for OutOfMemory {}

/// A block of initialised bytes, aligned to 64, that goes back to its arena (if it has one) when dropped.
#[derive(Debug)]
pub struct AlignedBuf {
    block: Block,
    len: usize,
    home: Option<Weak<ArenaInner>>,
}

impl AlignedBuf {
    /// A buffer of `len` zero bytes.
    ///
    /// # Errors
    /// [`OutOfMemory`] if the allocator refuses.
    pub fn zeroed(len: usize) -> Result<AlignedBuf, OutOfMemory> {
        Ok(AlignedBuf { block: Block::new(len, Fill::Zero)?, len, home: None })
    }

    /// A buffer that holds a copy of `bytes`.
    ///
    /// # Errors
    /// [`OutOfMemory`] if the allocator refuses.
    pub fn copy_of(bytes: &[u8]) -> Result<AlignedBuf, OutOfMemory> {
        let mut buf = AlignedBuf {
            block: Block::new(bytes.len(), Fill::CopyFrom(bytes))?,
            len: bytes.len(),
            home: None,
        };
        buf.len = bytes.len();
        Ok(buf)
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: `block` owns `capacity >= len` bytes, initialised by `Block::new`.
        unsafe { std::slice::from_raw_parts(self.block.ptr.as_ptr(), self.len) }
    }

    /// The bytes, to be written.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_slice`, and `&mut self` makes the access exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.block.ptr.as_ptr(), self.len) }
    }
}

impl Drop for AlignedBuf {
    fn drop(&mut self) {
        if let Some(arena) = self.home.take().and_then(|home| home.upgrade()) {
            arena.give_back(std::mem::replace(&mut self.block, Block::empty()));
        }
    }
}

/// Recycles the buffers of repeated runs: a dropped buffer waits here for the next request that it fits.
///
/// Contents of a recycled buffer are whatever was left in it. Cloning shares the arena.
#[derive(Debug, Clone, Default)]
pub struct Arena {
    inner: Arc<ArenaInner>,
}

impl Arena {
    /// An arena that keeps nothing yet.
    pub fn new() -> Arena {
        Arena::default()
    }

    /// A buffer of `len` bytes with arbitrary (initialised) contents.
    ///
    /// # Errors
    /// [`OutOfMemory`] if nothing that is kept fits and the allocator refuses.
    pub fn alloc(&self, len: usize) -> Result<AlignedBuf, OutOfMemory> {
        let home = Some(Arc::downgrade(&self.inner));
        if let Some(block) = self.inner.take(len) {
            self.inner.count_live(block.capacity);
            return Ok(AlignedBuf { block, len, home });
        }
        let capacity =
            len.max(1).checked_next_multiple_of(ALIGN).ok_or(OutOfMemory { requested_bytes: len })?;
        let block = match Block::new(capacity, Fill::Zero) {
            Ok(block) => block,
            Err(_) => {
                self.clear();
                Block::new(capacity, Fill::Zero)?
            }
        };
        self.inner.count_live(block.capacity);
        Ok(AlignedBuf { block, len, home })
    }

    /// Frees what is kept.
    pub fn clear(&self) {
        let mut free = self.inner.lock();
        free.blocks.clear();
        free.kept_bytes = 0;
    }

    /// How many bytes of this arena's buffers are held somewhere.
    pub fn live_bytes(&self) -> usize {
        self.inner.live_bytes.load(Ordering::Relaxed)
    }

    /// The most bytes that were held at a time since the last [`Arena::reset_peak`].
    pub fn peak_bytes(&self) -> usize {
        self.inner.peak_bytes.load(Ordering::Relaxed)
    }

    /// Starts measuring the peak anew, from what is held now.
    pub fn reset_peak(&self) {
        self.inner.peak_bytes.store(self.live_bytes(), Ordering::Relaxed);
    }

    /// How many bytes wait for reuse.
    pub fn kept_bytes(&self) -> usize {
        self.inner.lock().kept_bytes
    }
}

#[derive(Debug, Default)]
struct ArenaInner {
    free: Mutex<FreeList>,
    live_bytes: AtomicUsize,
    peak_bytes: AtomicUsize,
}

#[derive(Debug, Default)]
struct FreeList {
    /// Ordered by capacity.
    blocks: Vec<Block>,
    kept_bytes: usize,
}

impl ArenaInner {
    fn lock(&self) -> std::sync::MutexGuard<'_, FreeList> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The smallest kept block of at least `len` bytes, unless it would waste more than half of itself.
    fn take(&self, len: usize) -> Option<Block> {
        let mut free = self.lock();
        let at = free.blocks.partition_point(|block| block.capacity < len);
        let fits = free.blocks.get(at).is_some_and(|block| block.capacity <= len.saturating_mul(2).max(4096));
        if !fits {
            return None;
        }
        let block = free.blocks.remove(at);
        free.kept_bytes -= block.capacity;
        Some(block)
    }

    fn count_live(&self, capacity: usize) {
        let live = self.live_bytes.fetch_add(capacity, Ordering::Relaxed) + capacity;
        self.peak_bytes.fetch_max(live, Ordering::Relaxed);
    }

    fn give_back(&self, block: Block) {
        if block.capacity == 0 {
            return;
        }
        self.live_bytes.fetch_sub(block.capacity, Ordering::Relaxed);
        let mut free = self.lock();
        let at = free.blocks.partition_point(|kept| kept.capacity < block.capacity);
        if free.blocks.try_reserve(1).is_ok() {
            free.kept_bytes += block.capacity;
            free.blocks.insert(at, block);
        }
    }
}

/// An owned allocation; `capacity` 0 means none.
#[derive(Debug)]
struct Block {
    /// The first byte that is aligned as every buffer is.
    ptr: NonNull<u8>,
    capacity: usize,
    /// How many bytes before it the allocation begins.
    padding: usize,
}

enum Fill<'a> {
    Zero,
    CopyFrom(&'a [u8]),
}

impl Block {
    fn empty() -> Block {
        // A dangling pointer with the right alignment serves slices of length 0.
        Block { ptr: NonNull::<Line>::dangling().cast(), capacity: 0, padding: 0 }
    }

    fn new(capacity: usize, fill: Fill<'_>) -> Result<Block, OutOfMemory> {
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

/// A shared, immutable range of bytes: an owned buffer, a part of a mapped file, or the host's memory.
#[derive(Clone)]
pub struct Bytes {
    source: Source,
    range: Range<usize>,
}

#[derive(Clone)]
enum Source {
    Owned(Arc<AlignedBuf>),
    Mapped(Arc<FileMap>),
    Foreign(Arc<dyn AsRef<[u8]> + Send + Sync>),
}

impl Bytes {
    /// All of a mapped file.
    pub fn mapped(map: Arc<FileMap>) -> Bytes {
        let range = 0..map.as_slice().len();
        Bytes { source: Source::Mapped(map), range }
    }

    /// Memory that somebody else owns and keeps in place; dropping the last clone releases it.
    pub fn foreign(memory: Arc<dyn AsRef<[u8]> + Send + Sync>) -> Bytes {
        let range = 0..(*memory).as_ref().len();
        Bytes { source: Source::Foreign(memory), range }
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        let all = match &self.source {
            Source::Owned(buf) => buf.as_slice(),
            Source::Mapped(map) => map.as_slice(),
            Source::Foreign(memory) => (**memory).as_ref(),
        };
        // A foreign owner could answer with another slice the second time: then there is nothing.
        all.get(self.range.clone()).unwrap_or(&[])
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// A part of these bytes that shares their memory; `None` if `range` does not lie within.
    pub fn slice(&self, range: Range<usize>) -> Option<Bytes> {
        if range.start > range.end || range.end > self.len() {
            return None;
        }
        let start = self.range.start + range.start;
        Some(Bytes { source: self.source.clone(), range: start..start + range.len() })
    }

    /// The bytes to be written, if they are an owned buffer that nobody else holds.
    pub fn try_mut(&mut self) -> Option<&mut [u8]> {
        match &mut self.source {
            Source::Owned(buf) => Arc::get_mut(buf)?.as_mut_slice().get_mut(self.range.clone()),
            Source::Mapped(_) | Source::Foreign(_) => None,
        }
    }

    /// Whether these are a part of a mapped file.
    pub fn is_mapped(&self) -> bool {
        matches!(self.source, Source::Mapped(_))
    }

    /// Tells the system that these bytes will be read from front to back. Heeded for parts of mapped files alone.
    pub fn advise_sequential(&self) {
        self.advise(Advice::Sequential);
    }

    /// Tells the system that these bytes will be read soon. Heeded for parts of mapped files alone.
    pub fn advise_will_need(&self) {
        self.advise(Advice::WillNeed);
    }

    /// Tells the system that these bytes will not be read for a while, so that weights which were copied or repacked
    /// do not take up memory twice. Heeded for parts of mapped files alone.
    ///
    /// Reading them afterwards is right, and slow: they come from the file again.
    pub fn advise_dont_need(&self) {
        self.advise(Advice::DontNeed);
    }

    fn advise(&self, advice: Advice) {
        if let Source::Mapped(map) = &self.source {
            map.advise(self.range.clone(), advice);
        }
    }

    /// Whether the first byte's address is a multiple of `align`.
    pub fn is_aligned_to(&self, align: usize) -> bool {
        self.as_slice().as_ptr().addr().is_multiple_of(align.max(1))
    }
}

impl From<AlignedBuf> for Bytes {
    fn from(buf: AlignedBuf) -> Bytes {
        let range = 0..buf.len;
        Bytes { source: Source::Owned(Arc::new(buf)), range }
    }
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.source {
            Source::Owned(_) => "owned",
            Source::Mapped(_) => "mapped",
            Source::Foreign(_) => "foreign",
        };
        write!(f, "Bytes({kind}, {} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_aligned_and_copied() {
        let buf = AlignedBuf::copy_of(&[1, 2, 3]).unwrap();
        assert_eq!(buf.as_slice(), [1, 2, 3]);
        assert!(Bytes::from(buf).is_aligned_to(64));
        assert_eq!(AlignedBuf::zeroed(0).unwrap().as_slice(), []);
    }

    #[test]
    fn an_arena_hands_out_what_came_back() {
        let arena = Arena::new();
        let first = arena.alloc(1000).unwrap();
        let address = first.as_slice().as_ptr().addr();
        drop(first);
        assert!(arena.kept_bytes() >= 1000);
        let second = arena.alloc(900).unwrap();
        assert_eq!(second.as_slice().as_ptr().addr(), address);
        assert_eq!(second.as_slice().len(), 900);
        assert_eq!(arena.kept_bytes(), 0);
    }

    #[test]
    fn an_absurd_size_is_refused() {
        assert!(AlignedBuf::zeroed(usize::MAX).is_err());
        assert!(Arena::new().alloc(usize::MAX - 3).is_err());
    }

    #[test]
    fn bytes_are_writable_only_alone() {
        let mut bytes = Bytes::from(AlignedBuf::zeroed(8).unwrap());
        assert!(bytes.try_mut().is_some());
        let shared = bytes.clone();
        assert!(bytes.try_mut().is_none());
        drop(shared);
        bytes.try_mut().unwrap()[3] = 7;
        assert_eq!(bytes.slice(3..4).unwrap().as_slice(), [7]);
        assert!(bytes.slice(5..9).is_none());
    }
}
