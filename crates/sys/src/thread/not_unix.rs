//! Threads and per-thread values of the standard library.

use std::any::Any;
use std::cell::RefCell;
use std::io;
use std::marker::PhantomData;
use std::thread::JoinHandle;

/// A thread. Dropping it lets the thread go on by itself.
#[derive(Debug)]
pub struct Thread(JoinHandle<()>);

impl Thread {
    /// Starts a thread.
    ///
    /// # Errors
    /// The system's, if it refuses a thread.
    pub fn spawn(name: &str, stack_bytes: usize, work: impl FnOnce() + Send + 'static) -> io::Result<Thread> {
        std::thread::Builder::new().name(name.to_owned()).stack_size(stack_bytes).spawn(work).map(Thread)
    }

    /// Whether its work is done.
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    /// Waits for its end.
    pub fn join(self) {
        // A panic has ended the thread: there is nobody to pass it on to.
        let _ = self.0.join();
    }
}

thread_local! {
    /// The values of the calling thread, with whose they are.
    static VALUES: RefCell<Vec<(usize, Box<dyn Any>)>> = const { RefCell::new(Vec::new()) };
}

/// A value for each thread that has set one, dropped when the thread ends.
#[derive(Debug)]
pub struct PerThread<T: 'static> {
    // Something of a size, so that each has an address of its own.
    _address: u8,
    value: PhantomData<fn(T)>,
}

impl<T: 'static> PerThread<T> {
    /// No thread has a value.
    pub const fn new() -> PerThread<T> {
        PerThread { _address: 0, value: PhantomData }
    }

    /// Gives the calling thread a value, in the place of its last one. Within [`PerThread::with`] nothing happens.
    pub fn set(&'static self, value: T) {
        let own = std::ptr::from_ref(self).addr();
        // A thread that is ending has none.
        let _ = VALUES.try_with(|values| {
            let Ok(mut values) = values.try_borrow_mut() else { return };
            values.retain(|(whose, _)| *whose != own);
            values.push((own, Box::new(value)));
        });
    }

    /// Calls `f` with the calling thread's value, if it has one.
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Option<R> {
        let own = std::ptr::from_ref(self).addr();
        VALUES
            .try_with(|values| {
                let values = values.borrow();
                let (_, value) = values.iter().find(|(whose, _)| *whose == own)?;
                Some(f(value.downcast_ref()?))
            })
            .ok()
            .flatten()
    }
}

impl<T: 'static> Default for PerThread<T> {
    fn default() -> PerThread<T> {
        PerThread::new()
    }
}
