//! The arena: buffers of repeated runs, recycled with their counters.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::OutOfMemory;
use super::block::{ALIGN, Block, Fill};
use super::shared::{AlignedBuf, Buf};

/// Recycles the buffers of repeated runs: a dropped buffer waits here for the next request that it fits.
///
/// Contents of a recycled buffer are whatever was left in it. Cloning shares the arena.
#[derive(Debug, Clone, Default)]
pub struct Arena {
    home: Arc<Home>,
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
        let mut kept = self.home.take(len);
        let mut buf = match kept.take() {
            Some(buf) => buf,
            None => {
                let block = self.block(len)?;
                let mut buf = self.shell();
                if let Some(shell) = Arc::get_mut(&mut buf) {
                    shell.block = block;
                }
                buf
            }
        };
        if let Some(alone) = Arc::get_mut(&mut buf) {
            alone.len = len;
            alone.is_out = true;
            self.home.count_live(alone.block.capacity);
        }
        Ok(AlignedBuf::alone(buf))
    }

    fn block(&self, len: usize) -> Result<Block, OutOfMemory> {
        let capacity =
            len.max(1).checked_next_multiple_of(ALIGN).ok_or(OutOfMemory { requested_bytes: len })?;
        Block::new(capacity, Fill::Zero).or_else(|_| {
            self.clear();
            Block::new(capacity, Fill::Zero)
        })
    }

    /// A buffer without a block, which nobody else holds.
    pub(super) fn shell(&self) -> Arc<Buf> {
        let kept = self.home.lock().shells.pop();
        kept.unwrap_or_else(|| Arc::new(Buf::shell(Arc::downgrade(&self.home))))
    }

    /// Frees what is kept.
    pub fn clear(&self) {
        let mut free = self.home.lock();
        free.bufs.clear();
        free.shells.clear();
        free.kept_bytes = 0;
    }

    /// How many bytes of this arena's buffers are held somewhere.
    pub fn live_bytes(&self) -> usize {
        self.home.live_bytes.load(Ordering::Relaxed)
    }

    /// The most bytes that were held at a time since the last [`Arena::reset_peak`].
    pub fn peak_bytes(&self) -> usize {
        self.home.peak_bytes.load(Ordering::Relaxed)
    }

    /// Starts measuring the peak anew, from what is held now.
    pub fn reset_peak(&self) {
        self.home.peak_bytes.store(self.live_bytes(), Ordering::Relaxed);
    }

    /// How many bytes wait for reuse.
    pub fn kept_bytes(&self) -> usize {
        self.home.lock().kept_bytes
    }
}

/// Where an arena's buffers go when nobody holds them.
#[derive(Debug, Default)]
pub(super) struct Home {
    free: Mutex<FreeList>,
    pub live_bytes: AtomicUsize,
    peak_bytes: AtomicUsize,
}

#[derive(Debug, Default)]
struct FreeList {
    /// Ordered by capacity.
    bufs: Vec<Kept>,
    /// Those without a block.
    shells: Vec<Arc<Buf>>,
    kept_bytes: usize,
}

#[derive(Debug)]
struct Kept {
    capacity: usize,
    buf: Arc<Buf>,
}

impl Home {
    fn lock(&self) -> MutexGuard<'_, FreeList> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The smallest kept buffer of at least `len` bytes, unless it would waste more than half of itself.
    fn take(&self, len: usize) -> Option<Arc<Buf>> {
        let mut free = self.lock();
        let at = free.bufs.partition_point(|kept| kept.capacity < len);
        let most = len.saturating_mul(2).max(4096);
        free.bufs.get(at).filter(|kept| kept.capacity <= most)?;
        let kept = free.bufs.remove(at);
        free.kept_bytes -= kept.capacity;
        Some(kept.buf)
    }

    fn count_live(&self, capacity: usize) {
        let live = self.live_bytes.fetch_add(capacity, Ordering::Relaxed) + capacity;
        self.peak_bytes.fetch_max(live, Ordering::Relaxed);
    }

    /// Keeps a buffer that nobody holds.
    pub fn keep(&self, buf: Arc<Buf>) {
        let capacity = buf.block.capacity;
        let mut free = self.lock();
        if capacity == 0 {
            if free.shells.len() < MAX_SHELLS && free.shells.try_reserve(1).is_ok() {
                free.shells.push(buf);
            }
        } else if free.bufs.try_reserve(1).is_ok() {
            let at = free.bufs.partition_point(|kept| kept.capacity < capacity);
            free.kept_bytes += capacity;
            free.bufs.insert(at, Kept { capacity, buf });
        }
    }
}

/// How many buffers without a block an arena keeps: as many as a run has outputs in the host's memory.
const MAX_SHELLS: usize = 64;
