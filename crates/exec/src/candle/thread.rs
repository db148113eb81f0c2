//! The threads of candle's CPU kernels: a rayon pool of our own, joined when the last model that uses it goes.

use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use dunlin_sys::FloatState;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::OpError;

#[derive(Debug)]
pub(super) struct Threads {
    pool: Option<ThreadPool>,
    handles: Mutex<Vec<JoinHandle<()>>>,
}

impl Threads {
    /// Starts so many threads, at least one.
    pub fn start(n_threads: usize) -> Result<Threads, OpError> {
        let mut handles = Vec::new();
        let pool = ThreadPoolBuilder::new()
            .num_threads(n_threads.max(1))
            .spawn_handler(|thread| {
                let name = format!("dunlin-candle-{}", thread.index());
                handles.push(std::thread::Builder::new().name(name).spawn(move || {
                    let _float_state = FloatState::enter();
                    thread.run();
                })?);
                Ok(())
            })
            .build();
        match pool {
            Ok(pool) => Ok(Threads { pool: Some(pool), handles: Mutex::new(handles) }),
            Err(error) => Err(OpError::Device(format!("threads for candle did not start: {error}"))),
        }
    }

    /// Does work on one of the threads, and its parallel parts on all of them.
    pub fn enter(&self, work: &mut (dyn FnMut() + Send)) {
        match &self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Rayon only tells its threads to end.
        self.pool = None;
        let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        for handle in handles.drain(..) {
            // A thread that panicked has ended as well.
            let _ = handle.join();
        }
    }
}
