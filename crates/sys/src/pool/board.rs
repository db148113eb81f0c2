//! The board where callers post their loops, and workers find them. All of the pool's `unsafe` is here.
//!
//! A loop's closure is borrowed: it dies when the caller returns. So each slot has a gate that counts the helpers
//! inside, and a helper may touch the closure only between passing the open gate and leaving. The caller shuts the
//! gate and waits until nobody is inside before it returns, by whatever path.
//!
//! The life of a gate's word, where `k` counts helpers:
//!
//! ```text
//! 0 -> CLAIMED            a caller takes the free slot and alone may write the job
//!   -> CLAIMED|OPEN|k     posted: helpers add and take away 1
//!   -> CLAIMED|k          shut: k only falls
//!   -> CLAIMED|WAITING|k  as above; whoever makes k 0 wakes the caller
//!   -> 0                  once k is 0
//! ```

use std::any::Any;
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::spin_until;

/// How many loops can be posted at once; the bits of [`Board::open`].
const N_SLOTS: usize = 32;

const CLAIMED: u32 = 1 << 31;
const OPEN: u32 = 1 << 30;
const WAITING: u32 = 1 << 29;
/// The helpers inside: `Pool::MAX_THREADS` fits by far.
const HELPERS: u32 = WAITING - 1;

type Task<'a> = dyn Fn(usize) + Sync + 'a;
type Payload = Box<dyn Any + Send>;

/// The loops that want help.
pub(super) struct Board {
    /// A hint, one bit per slot: posted, and not known to be all claimed.
    open: AtomicU32,
    slots: [Slot; N_SLOTS],
}

impl Board {
    pub(super) fn new() -> Board {
        Board { open: AtomicU32::new(0), slots: std::array::from_fn(|_| Slot::new()) }
    }

    /// Whether a loop wants help.
    pub(super) fn has_open(&self) -> bool {
        // SeqCst for the sake of `Bell::sleep_unless`.
        self.open.load(Ordering::SeqCst) != 0
    }

    /// Posts the loop `f(0..n)`, calls `announce`, and takes part in it, `grain` iterations at a time, until it has
    /// ended; `None`, with nothing done, if all slots are taken. The error is the payload of the first panic.
    pub(super) fn run(
        &self,
        n: usize,
        grain: usize,
        f: &Task<'_>,
        patience: Duration,
        announce: impl FnOnce(),
    ) -> Option<thread::Result<()>> {
        let at = self.slots.iter().position(Slot::claim)?;
        let slot = &self.slots[at];
        // SAFETY: `claim` made this thread the slot's owner. `Lent` shuts the gate and waits for the helpers when it is
        // dropped, at the end of this block or in an unwind, so no helper outlives the borrow of `f`.
        let job = unsafe { slot.post(n, grain, f) };
        {
            let _lent = Lent { board: self, at, patience };
            self.open.fetch_or(1 << at, Ordering::SeqCst);
            announce();
            slot.work_on(job, f);
        }
        let panic = slot.lock().take();
        slot.release();
        Some(panic.map_or(Ok(()), Err))
    }

    /// Helps with one posted loop, if there is one, until no iteration of it is left to claim; whether it did.
    ///
    /// Calls `on_entry` with the number of unclaimed iterations first. Workers with different `seat`s try the slots
    /// in different orders.
    pub(super) fn help(&self, seat: usize, on_entry: impl FnOnce(usize)) -> bool {
        let first = seat % N_SLOTS;
        let open = self.open.load(Ordering::Relaxed).rotate_right(first as u32);
        let posted = (0..N_SLOTS).filter(|i| open >> i & 1 == 1).map(|i| (first + i) % N_SLOTS);
        for at in posted {
            if let Some(inside) = Inside::enter(&self.slots[at]) {
                let (job, f) = inside.job();
                on_entry(job.n.saturating_sub(inside.slot.next.load(Ordering::Relaxed)));
                inside.slot.work_on(job, f);
                // Still inside, so the bit is this loop's and not its successor's.
                self.mark_claimed(at);
                return true;
            }
        }
        false
    }

    fn mark_claimed(&self, at: usize) {
        if self.open.load(Ordering::Relaxed) >> at & 1 == 1 {
            self.open.fetch_and(!(1 << at), Ordering::SeqCst);
        }
    }
}

/// Room for one posted loop. Aligned so that two loops share no cache line, nor a pair of lines fetched together.
#[repr(align(128))]
struct Slot {
    gate: AtomicU32,
    /// The first iteration that nobody has claimed.
    next: AtomicUsize,
    job: UnsafeCell<Job>,
    /// The payload of the first panic; its lock is also the one that `left` waits with.
    panic: Mutex<Option<Payload>>,
    left: Condvar,
}

/// A loop: `task(0..n)`, claimed `grain` iterations at a time.
#[derive(Clone, Copy)]
struct Job {
    n: usize,
    grain: usize,
    /// Borrowed from the caller for as long as the gate is open or helpers are inside; dangling at other times.
    task: *const Task<'static>,
}

// SAFETY: `job` is the only field that is not `Sync` by itself. It is written only by the thread whose `claim`
// succeeded, between that and opening the gate (a Release store), and read only by threads that passed the open gate
// (an Acquire read of that store or of its release sequence). The next write comes after the next successful `claim`,
// whose Acquire sees the Release of `release`, before which the owner saw (Acquire) all readers leave (Release). The
// task that `job` points to is `Sync`, so that other threads may call it.
unsafe impl Sync for Slot {}
// SAFETY: a slot is moved only while its board is built, when `job` points to nothing that is ever called.
unsafe impl Send for Slot {}

impl Slot {
    fn new() -> Slot {
        let nothing: &Task<'static> = &|_| {};
        Slot {
            gate: AtomicU32::new(0),
            next: AtomicUsize::new(0),
            job: UnsafeCell::new(Job { n: 0, grain: 1, task: nothing }),
            panic: Mutex::new(None),
            left: Condvar::new(),
        }
    }

    /// Makes the calling thread the owner of a free slot; whether it was free.
    fn claim(&self) -> bool {
        self.gate.load(Ordering::Relaxed) == 0
            && self.gate.compare_exchange(0, CLAIMED, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Writes the job and opens the gate.
    ///
    /// # Safety
    /// - The calling thread owns the slot, and its gate is shut with nobody inside.
    /// - `f` lives until the gate has been shut again and nobody is inside.
    unsafe fn post<'a>(&self, n: usize, grain: usize, f: &'a Task<'a>) -> Job {
        let task: *const Task<'a> = f;
        // SAFETY: only the lifetime in the type changes. The pointer is followed in `Inside::job` alone, while the
        // gate counts its thread as inside; the caller of `post` promises that `f` lives that long.
        let task = unsafe { std::mem::transmute::<*const Task<'a>, *const Task<'static>>(task) };
        let job = Job { n, grain, task };
        // SAFETY: the gate is shut and nobody is inside, so nobody reads `job`; the thread owns the slot, so nobody
        // else writes it.
        unsafe { *self.job.get() = job };
        self.next.store(0, Ordering::Relaxed);
        self.gate.store(CLAIMED | OPEN, Ordering::Release);
        job
    }

    /// Claims iterations and runs them until none is left. A panic is kept, and ends the claiming for all.
    ///
    /// `f` is the job's task. Nothing in here unwinds.
    fn work_on(&self, job: Job, f: &Task<'_>) {
        let work = || {
            while let Some(range) = self.claim_iterations(job) {
                range.for_each(f);
            }
        };
        if let Err(payload) = catch_unwind(AssertUnwindSafe(work)) {
            self.next.store(job.n, Ordering::Relaxed);
            self.keep_first(payload);
        }
    }

    /// Keeps the payload if it is the first; one panic is reported, and the others are dropped.
    fn keep_first(&self, payload: Payload) {
        let mut first = self.lock();
        if first.is_none() {
            *first = Some(payload);
            return;
        }
        drop(first);
        // A payload's own drop may panic, and a helper must not unwind.
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(again);
        }
    }

    /// The next iterations. Relaxed, since the counter orders nothing but itself: the gate orders the rest.
    ///
    /// The look before the claim keeps the counter from running away: past `n` it grows by at most one `grain` per
    /// thread, and `n` is at most `isize::MAX`, so it never wraps.
    fn claim_iterations(&self, job: Job) -> Option<std::ops::Range<usize>> {
        if self.next.load(Ordering::Relaxed) >= job.n {
            return None;
        }
        let start = self.next.fetch_add(job.grain, Ordering::Relaxed);
        (start < job.n).then(|| start..job.n.min(start + job.grain))
    }

    /// Shuts the gate and waits until nobody is inside.
    fn shut(&self, patience: Duration) {
        // Acquire, here and below: what the helpers did comes before what the caller does next.
        let before = self.gate.fetch_and(!OPEN, Ordering::Acquire);
        let is_empty = || self.gate.load(Ordering::Acquire) & HELPERS == 0;
        if before & HELPERS == 0 || spin_until(patience, is_empty) {
            return;
        }
        let mut lock = self.lock();
        // Whoever leaves last either has left before this, and is not waited for, or sees the bit, and then takes the
        // lock, which is free only once this thread waits.
        self.gate.fetch_or(WAITING, Ordering::Relaxed);
        while !is_empty() {
            lock = self.left.wait(lock).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Frees the slot. Its gate is shut and nobody is inside.
    fn release(&self) {
        self.gate.store(0, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Payload>> {
        self.panic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A loop while it is posted. Dropping it takes it off the board and waits for its helpers.
struct Lent<'a> {
    board: &'a Board,
    at: usize,
    patience: Duration,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.board.mark_claimed(self.at);
        self.board.slots[self.at].shut(self.patience);
    }
}

/// A helper that passed an open gate. Dropping it leaves.
struct Inside<'a> {
    slot: &'a Slot,
}

impl<'a> Inside<'a> {
    /// Passes the gate, if it is open.
    fn enter(slot: &'a Slot) -> Option<Inside<'a>> {
        let mut gate = slot.gate.load(Ordering::Relaxed);
        while gate & OPEN != 0 {
            match slot.gate.compare_exchange_weak(gate, gate + 1, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Some(Inside { slot }),
                Err(now) => gate = now,
            }
        }
        None
    }

    /// The loop that is posted here, and its task for as long as this thread is inside.
    fn job(&self) -> (Job, &Task<'_>) {
        // SAFETY: the gate counts this thread as inside, so the owner does not write `job`, and its writes happened
        // before the gate opened, which `enter` saw.
        let job = unsafe { *self.slot.job.get() };
        // SAFETY: the owner keeps the task alive while the gate counts this thread as inside, which it does until
        // `self`, that the reference borrows, is dropped.
        (job, unsafe { &*job.task })
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        // Release: what this helper did comes before what the caller does once it saw it leave. From here on the slot
        // may serve another loop; a ring too many only makes its caller look again.
        let before = self.slot.gate.fetch_sub(1, Ordering::Release);
        if before & (WAITING | HELPERS) == WAITING | 1 {
            drop(self.slot.lock());
            self.slot.left.notify_one();
        }
    }
}
