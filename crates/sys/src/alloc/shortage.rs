//! How the code above learns that memory runs out where an allocation cannot say so.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::reserve::RESERVE_BYTES;
use crate::OutOfMemory;

/// How often the reserve had to help.
static N_REFUSED: AtomicUsize = AtomicUsize::new(0);

/// What the system refused last, in bytes.
static REFUSED_BYTES: AtomicUsize = AtomicUsize::new(0);

/// Bytes of the reserve that cannot be had now.
static USED_BYTES: AtomicUsize = AtomicUsize::new(0);

/// Notices whether the system has refused memory since a moment, and the reserve of the
/// [`ReservingAllocator`](super::ReservingAllocator) helped out: then whatever goes on should end soon. With another allocator it never
/// has.
///
/// Any thread's refusal counts: where one finds no memory, the others are about to.
#[derive(Debug, Clone, Copy)]
pub struct Shortage {
    n_before: usize,
}

impl Shortage {
    /// From now on.
    pub fn watch() -> Shortage {
        Shortage { n_before: N_REFUSED.load(Ordering::Relaxed) }
    }

    /// An error if memory has been refused.
    ///
    /// # Errors
    /// [`OutOfMemory`].
    pub fn check(&self) -> Result<(), OutOfMemory> {
        if N_REFUSED.load(Ordering::Relaxed) == self.n_before { Ok(()) } else { Err(last_refused()) }
    }
}

impl Default for Shortage {
    fn default() -> Shortage {
        Shortage::watch()
    }
}

/// Refuses what would be kept, and can be refused, while half of the reserve is in use: the rest is for what cannot.
///
/// # Errors
/// [`OutOfMemory`].
pub fn check_reserve() -> Result<(), OutOfMemory> {
    if USED_BYTES.load(Ordering::Relaxed) <= RESERVE_BYTES / 2 { Ok(()) } else { Err(last_refused()) }
}

/// The reserve has helped.
pub(super) fn note_refusal(n_bytes: usize) {
    REFUSED_BYTES.store(n_bytes, Ordering::Relaxed);
    N_REFUSED.fetch_add(1, Ordering::Relaxed);
}

/// So many bytes of the reserve are no longer to be had.
pub(super) fn note_taken(n_bytes: usize) {
    USED_BYTES.fetch_add(n_bytes, Ordering::Relaxed);
}

/// So many are again.
pub(super) fn note_refilled(n_bytes: usize) {
    USED_BYTES.fetch_sub(n_bytes, Ordering::Relaxed);
}

fn last_refused() -> OutOfMemory {
    OutOfMemory { requested_bytes: REFUSED_BYTES.load(Ordering::Relaxed) }
}
