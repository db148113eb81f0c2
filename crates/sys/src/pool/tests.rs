//! Each loop runs every iteration once, whoever else uses the pool and whatever happens in it.

use super::*;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicUsize};

/// A small generator for the tests' sizes (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n) as usize
    }
}

fn assert_each_once(pool: &Pool, n: usize) {
    let counts: Vec<AtomicU32> = (0..n).map(|_| AtomicU32::new(0)).collect();
    pool.for_each(n, &|i| {
        counts[i].fetch_add(1, Ordering::Relaxed);
    });
    assert!(counts.into_iter().all(|count| count.into_inner() == 1), "a loop of {n}");
}

#[test]
fn every_iteration_runs_once() {
    for n_threads in [1, 2, 3, 8] {
        let pool = Pool::new(n_threads).unwrap();
        assert_eq!(pool.n_threads(), n_threads);
        for n in [0, 1, 2, 3, 7, 64, 65, 1000, 100_000] {
            assert_each_once(&pool, n);
        }
    }
}

#[test]
fn workers_take_part_and_have_names() {
    let pool = Pool::new(3).unwrap();
    let names = Mutex::new(HashSet::new());
    let n_here = AtomicUsize::new(0);
    // Iterations that wait for each other can only end if three threads are in the loop at once.
    pool.for_each(3, &|_| {
        let name = std::fs::read_to_string("/proc/thread-self/comm").unwrap_or_default();
        names.lock().unwrap().insert(name.trim_end().to_owned());
        n_here.fetch_add(1, Ordering::SeqCst);
        while n_here.load(Ordering::SeqCst) < 3 {
            thread::yield_now();
        }
    });
    let names = names.into_inner().unwrap();
    if cfg!(target_os = "linux") {
        assert!(names.contains("dunlin-1") && names.contains("dunlin-2"), "{names:?}");
    }
}

#[test]
fn sleepers_wake_for_the_next_loop() {
    let pool = Pool::new(4).unwrap();
    for _ in 0..20 {
        thread::sleep(Duration::from_millis(1));
        let n_here = AtomicUsize::new(0);
        pool.for_each(4, &|_| {
            n_here.fetch_add(1, Ordering::SeqCst);
            while n_here.load(Ordering::SeqCst) < 4 {
                thread::yield_now();
            }
        });
    }
}

#[test]
fn results_are_seen_by_the_caller() {
    let pool = Pool::new(4).unwrap();
    let mut data = vec![0u64; 1000];
    for round in 1..500 {
        crate::for_each_chunk_mut(&pool, &mut data, 7, &|_, part| part.iter_mut().for_each(|x| *x += 1));
        assert!(data.iter().all(|&x| x == round));
    }
}

#[test]
fn a_loop_in_a_loop_stays_on_its_thread() {
    let pool = Pool::new(4).unwrap();
    let n_inner = AtomicUsize::new(0);
    pool.for_each(50, &|_| {
        let here = thread::current().id();
        pool.for_each(10, &|_| {
            assert_eq!(thread::current().id(), here);
            n_inner.fetch_add(1, Ordering::Relaxed);
        });
    });
    assert_eq!(n_inner.into_inner(), 500);
}

#[test]
fn a_panic_reaches_the_caller_after_the_last_iteration_ended() {
    let pool = Pool::new(4).unwrap();
    for round in 0..100 {
        let n_inside = AtomicUsize::new(0);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            pool.for_each(64, &|i| {
                n_inside.fetch_add(1, Ordering::Relaxed);
                let inside = OnDrop(&n_inside);
                if i % 10 == 3 {
                    // Not `panic!`, which would print.
                    std::panic::resume_unwind(Box::new(i));
                }
                drop(inside);
            });
        }));
        let payload = outcome.expect_err("an iteration panicked");
        assert_eq!(payload.downcast_ref::<usize>().unwrap() % 10, 3);
        assert_eq!(n_inside.into_inner(), 0);
        assert_each_once(&pool, round);
    }
}

struct OnDrop<'a>(&'a AtomicUsize);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn callers_finish_while_all_workers_are_busy() {
    let pool = Pool::new(2).unwrap();
    let release = AtomicBool::new(false);
    let n_stuck = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            pool.for_each(2, &|_| {
                n_stuck.fetch_add(1, Ordering::SeqCst);
                while !release.load(Ordering::SeqCst) {
                    thread::yield_now();
                }
            });
        });
        while n_stuck.load(Ordering::SeqCst) < 2 {
            thread::yield_now();
        }
        assert_each_once(&pool, 1000);
        release.store(true, Ordering::SeqCst);
    });
}

#[test]
fn more_callers_than_slots_are_served() {
    let pool = Pool::new(2).unwrap();
    let n_inside = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| {
                let is_first = AtomicBool::new(true);
                pool.for_each(8, &|_| {
                    if is_first.swap(false, Ordering::SeqCst) {
                        n_inside.fetch_add(1, Ordering::SeqCst);
                        while n_inside.load(Ordering::SeqCst) < 40 {
                            thread::yield_now();
                        }
                    }
                });
            });
        }
    });
}

#[test]
fn many_callers_share_a_pool_under_stress() {
    for n_threads in [2, 3, 5] {
        let pool = Pool::new(n_threads).unwrap();
        thread::scope(|scope| {
            for caller in 1..=8u64 {
                let pool = &pool;
                scope.spawn(move || {
                    stress(pool, &mut Random(caller.wrapping_mul(0x9e37_79b9_7f4a_7c15)), 400)
                });
            }
        });
    }
}

/// Loops of random length whose bodies nest, dawdle, or panic, with all counts checked.
fn stress(pool: &Pool, random: &mut Random, n_rounds: usize) {
    for _ in 0..n_rounds {
        let n = random.below(200);
        let kind = random.below(8);
        if random.below(50) == 0 {
            thread::sleep(Duration::from_micros(200));
        }
        match kind {
            0 => {
                let sum = AtomicUsize::new(0);
                pool.for_each(n, &|i| {
                    pool.for_each(i, &|j| {
                        sum.fetch_add(j, Ordering::Relaxed);
                    });
                });
                let expected: usize = (0..n).map(|i| (0..i).sum::<usize>()).sum();
                assert_eq!(sum.into_inner(), expected);
            }
            1 => {
                let bad = random.below(200);
                let panicked = catch_unwind(AssertUnwindSafe(|| {
                    pool.for_each(n, &|i| {
                        if i == bad {
                            std::panic::resume_unwind(Box::new("on purpose"));
                        }
                    });
                }));
                assert_eq!(panicked.is_err(), bad < n);
            }
            2 => {
                let done = AtomicUsize::new(0);
                pool.for_each(n.min(6), &|_| {
                    thread::yield_now();
                    done.fetch_add(1, Ordering::Relaxed);
                });
                assert_eq!(done.into_inner(), n.min(6));
            }
            _ => assert_each_once(pool, n),
        }
    }
}

#[test]
fn pools_come_and_go() {
    for round in 0..200 {
        let pool = Pool::new(1 + round % 4).unwrap();
        if round % 3 > 0 {
            assert_each_once(&pool, round);
        }
    }
}

#[test]
fn bad_counts_are_refused() {
    assert!(matches!(Pool::new(0), Err(PoolError::Count { n_threads: 0, .. })));
    assert!(matches!(Pool::new(usize::MAX), Err(PoolError::Count { .. })));
}

#[test]
fn a_panic_in_a_loop_of_one_is_passed_on() {
    let pool = Pool::new(2).unwrap();
    let outcome = catch_unwind(|| pool.for_each(1, &|_| std::panic::resume_unwind(Box::new(7u8))));
    assert_eq!(outcome.unwrap_err().downcast_ref::<u8>(), Some(&7));
}

#[cfg(unix)]
#[test]
fn a_forked_child_runs_loops_alone_and_can_drop_the_pool() {
    let pool = Pool::new(3).unwrap();
    assert_each_once(&pool, 100);
    // SAFETY: the child runs loops that allocate nothing and only read memory of its own, and leaves by `_exit`. Of
    // this test's locks none is held by another thread: the workers hold theirs for moments, and the child takes none.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: ends a child that hangs.
        unsafe { libc::alarm(20) };
        let here = thread::current().id();
        let n_done = AtomicUsize::new(0);
        pool.for_each(100, &|_| {
            n_done.fetch_add(usize::from(thread::current().id() == here), Ordering::Relaxed);
        });
        drop(pool);
        // SAFETY: always sound.
        unsafe { libc::_exit(if n_done.into_inner() == 100 { 0 } else { 1 }) };
    }
    let mut status = 0;
    // SAFETY: waits for the child and writes its status to `status`.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert_eq!(status, 0);
    assert_each_once(&pool, 100);
}
