//! Buffers that count their owners, and go home when the last one is done.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use super::OutOfMemory;
use super::arena::Home;
use super::block::{Block, Fill};
use super::loan::Part;

/// A block of initialised bytes with one owner. Blocks of [`AlignedBuf::zeroed`], [`AlignedBuf::copy_of`] and
/// [`Arena::alloc`](super::Arena::alloc) are aligned to 64.
#[derive(Debug)]
pub struct AlignedBuf(Shared);

impl AlignedBuf {
    /// A buffer of `len` zero bytes.
    ///
    /// # Errors
    /// [`OutOfMemory`] if the allocator refuses.
    pub fn zeroed(len: usize) -> Result<AlignedBuf, OutOfMemory> {
        Ok(AlignedBuf::new(Buf::homeless(Block::new(len, Fill::Zero)?, len)))
    }

    /// A buffer that holds a copy of `bytes`.
    ///
    /// # Errors
    /// [`OutOfMemory`] if the allocator refuses.
    pub fn copy_of(bytes: &[u8]) -> Result<AlignedBuf, OutOfMemory> {
        Ok(AlignedBuf::new(Buf::homeless(Block::new(bytes.len(), Fill::CopyFrom(bytes))?, bytes.len())))
    }

    fn new(buf: Buf) -> AlignedBuf {
        AlignedBuf(Shared(Some(Arc::new(buf))))
    }

    /// The owner of a buffer that nobody else owns.
    pub(super) fn alone(buf: Arc<Buf>) -> AlignedBuf {
        AlignedBuf(Shared(Some(buf)))
    }

    /// The buffer, to be shared from now on.
    pub(super) fn into_shared(self) -> Shared {
        self.0
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// The bytes, to be written.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        // Nobody else owns the buffer, so there is no second case.
        self.0.try_mut().unwrap_or_default()
    }
}

/// A buffer with any number of owners. The last one to let go sends it home, to its arena, with its counter.
#[derive(Debug, Clone)]
pub(super) struct Shared(Option<Arc<Buf>>);

impl Shared {
    pub fn as_slice(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |buf| buf.as_slice())
    }

    /// The bytes, if there is no other owner.
    pub fn try_mut(&mut self) -> Option<&mut [u8]> {
        Some(Arc::get_mut(self.0.as_mut()?)?.as_mut_slice())
    }

    /// Whether the memory is the host's, for the time of a loan.
    pub fn is_lent(&self) -> bool {
        self.0.as_ref().is_some_and(|buf| buf.part.is_some())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let Some(mut buf) = self.0.take() else { return };
        // Two owners that let go at the same time may both find the other: then the last of the two frees the buffer.
        if let Some(alone) = Arc::get_mut(&mut buf)
            && let Some(home) = alone.come_home()
        {
            home.keep(buf);
        }
    }
}

/// What owners share: a block and where it belongs.
#[derive(Debug)]
pub(super) struct Buf {
    pub block: Block,
    pub len: usize,
    /// The arena that it goes back to, if it has one.
    pub home: Option<Weak<Home>>,
    /// Whether the arena counts it as held.
    pub is_out: bool,
    /// The loan that the block is a part of; it then belongs to the host.
    pub part: Option<Part>,
}

impl Buf {
    fn homeless(block: Block, len: usize) -> Buf {
        Buf { block, len, home: None, is_out: false, part: None }
    }

    fn as_slice(&self) -> &[u8] {
        // SAFETY: `block` owns `capacity >= len` initialised bytes; or it is a part of a loan, whose lender has given `len`
        // bytes and waits for `part` to be dropped.
        unsafe { std::slice::from_raw_parts(self.block.ptr.as_ptr(), self.len) }
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_slice`; `&mut self` makes the access exclusive, as a loan's memory has no other user either.
        unsafe { std::slice::from_raw_parts_mut(self.block.ptr.as_ptr(), self.len) }
    }

    /// Gives back what is on loan, is no longer counted as held, and says where the buffer belongs.
    fn come_home(&mut self) -> Option<Arc<Home>> {
        if self.part.is_some() {
            (self.block, self.len) = (Block::empty(), 0);
            self.part = None;
        }
        let home = self.home.as_ref()?.upgrade()?;
        if std::mem::take(&mut self.is_out) {
            home.live_bytes.fetch_sub(self.block.capacity, Ordering::Relaxed);
        }
        Some(home)
    }
}

impl Drop for Buf {
    fn drop(&mut self) {
        self.come_home();
    }
}
