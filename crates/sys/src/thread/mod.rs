//! Threads and what belongs to one, made so that a system without memory answers with an error.
//!
//! The standard library's threads and thread-locals with destructors end the process where memory runs out, in allocations
//! that go past every allocator of ours (its own of a thread's description; the C library's of a destructor's entry).

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub use unix::{PerThread, Thread};

#[cfg(not(unix))]
mod not_unix;
#[cfg(not(unix))]
pub use not_unix::{PerThread, Thread};

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Counts its drops.
    struct Counted(Arc<AtomicUsize>);

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_thread_works_and_is_joined() {
        let n = Arc::new(AtomicUsize::new(0));
        let counted = Counted(n.clone());
        let thread = Thread::spawn("dunlin-test", 1 << 18, move || {
            let Counted(n) = &counted;
            n.fetch_add(10, Ordering::SeqCst);
        });
        thread.unwrap().join();
        assert_eq!(n.load(Ordering::SeqCst), 11);
        Thread::spawn("dunlin-test", 1 << 18, || panic!("of the test")).unwrap().join();
    }

    #[test]
    fn a_thread_says_when_it_is_done() {
        let thread = Thread::spawn("dunlin-test", 1 << 18, || {}).unwrap();
        while !thread.is_finished() {
            std::thread::yield_now();
        }
        thread.join();
    }

    #[test]
    fn each_thread_has_a_value_of_its_own_until_it_ends() {
        static VALUES: PerThread<Counted> = PerThread::new();
        let n = Arc::new(AtomicUsize::new(0));
        let n_values = n.clone();
        std::thread::spawn(move || {
            assert!(VALUES.with(|_| ()).is_none());
            VALUES.set(Counted(n_values.clone()));
            VALUES.set(Counted(n_values.clone()));
            assert!(VALUES.with(|_| VALUES.set(Counted(n_values.clone()))).is_some());
            // The second took the first one's place, the third was not taken.
            assert_eq!(n_values.load(Ordering::SeqCst), 2);
        })
        .join()
        .unwrap();
        assert!(VALUES.with(|_| ()).is_none());
        // The system's destructors may run a little after the join.
        while n.load(Ordering::SeqCst) < 3 {
            std::thread::yield_now();
        }
    }
}
