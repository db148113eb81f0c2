//! Memory that the host lends for a while: a scope that does not end before all of it was given back.

use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::block::Block;
use super::shared::{AlignedBuf, Buf};
use super::{Arena, Bytes};

/// Turns memory of the host into [`Bytes`] for the time of a scope: see [`Arena::lending`].
#[derive(Debug)]
pub struct Lender<'scope, 'env: 'scope> {
    arena: &'env Arena,
    /// How many parts are out.
    n_out: AtomicUsize,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

impl Arena {
    /// Runs `f`, which may lend memory as buffers of this arena. Returns when all of them are dropped: whoever keeps one
    /// keeps the caller waiting, as a scope waits for its threads.
    pub fn lending<'env, R>(&'env self, f: impl for<'scope> FnOnce(&'scope Lender<'scope, 'env>) -> R) -> R {
        let lender = Lender { arena: self, n_out: AtomicUsize::new(0), scope: PhantomData, env: PhantomData };
        // Waits when it is dropped, so that a panic in `f` does not end the loan early.
        let _wait = Wait(&lender.n_out);
        f(&lender)
    }
}

impl<'scope, 'env> Lender<'scope, 'env> {
    /// The memory, as a buffer with arbitrary contents that nobody else holds.
    pub fn lend(&'scope self, memory: &'env mut [u8]) -> Bytes {
        let mut buf = self.arena.shell();
        let Some(shell) = Arc::get_mut(&mut buf) else { return AlignedBuf::alone(buf).into() };
        self.n_out.fetch_add(1, Ordering::Relaxed);
        shell.len = memory.len();
        shell.block = Block::of_others(NonNull::from(memory).cast());
        shell.part = Some(Part(NonNull::from(&self.n_out)));
        AlignedBuf::alone(buf).into()
    }
}

/// One buffer's part in a loan: ends it when dropped, after which the buffer must not touch the memory.
#[derive(Debug)]
pub(super) struct Part(NonNull<AtomicUsize>);

impl Drop for Part {
    fn drop(&mut self) {
        // SAFETY: the counter belongs to a `Lender`, which `Arena::lending` keeps until this very decrement, and does not touch
        // later; nobody else can end the lender, since it is never given away by value.
        unsafe { self.0.as_ref() }.fetch_sub(1, Ordering::Release);
    }
}

// SAFETY: the pointer is used for one atomic operation, from whichever thread drops the buffer.
unsafe impl Send for Part {}
// SAFETY: a shared `Part` does nothing.
unsafe impl Sync for Part {}

struct Wait<'a>(&'a AtomicUsize);

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let mut n_looks = 0u32;
        while self.0.load(Ordering::Acquire) > 0 {
            n_looks += 1;
            if n_looks < 100 {
                std::thread::yield_now()
            } else {
                std::thread::sleep(Duration::from_millis(1))
            }
        }
    }
}

impl Buf {
    /// A buffer of nothing, which a loan can be put into.
    pub(super) fn shell(home: std::sync::Weak<super::arena::Home>) -> Buf {
        Buf { block: Block::empty(), len: 0, home: Some(home), is_out: false, part: None }
    }
}
