//! Pools of threads that models share: Dunlin's own, and the host's.

use std::ffi::c_void;
use std::sync::{Arc, OnceLock, Weak};

use dunlin_core::{HostPool, Pool, Threads};

use crate::handle::{Kind, Object, find, free, store};
use crate::ptr::{self, Owned, ReleaseFn};
use crate::status::{Failure, catch, dunlin_status, guard, guard_value};

/// Threads that models share.
#[allow(non_camel_case_types, reason = "the C name")]
pub struct dunlin_pool {
    _opaque: [u8; 0],
}

/// What the host's threads are given to call, with the pointer that came with it. It returns when there is nothing left to do, and
/// never waits. Called late, or after the pool has ended, it does nothing.
#[allow(non_camel_case_types, reason = "the C name")]
pub type dunlin_task_fn = Option<unsafe extern "C" fn(task: *mut c_void)>;

/// Asks the host for `n` calls of `run(task)`, each on any of its threads, at once, later or never: it is an offer to take part in
/// a loop that the caller works on itself meanwhile. It should return soon, must not throw, and may be called from any thread
/// that runs a model, at the same time.
#[allow(non_camel_case_types, reason = "the C name")]
pub type dunlin_spawn_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, run: dunlin_task_fn, task: *mut c_void, n: usize)>;

/// The object behind `dunlin_pool`.
#[derive(Debug)]
pub(crate) enum SharedPool {
    Own(Arc<Pool>),
    Host(Arc<HostPool>),
}

impl Object for SharedPool {
    type Opaque = dunlin_pool;
    const KIND: Kind = Kind::Pool;
    const NAME: &'static str = "dunlin_pool";
}

impl SharedPool {
    /// As models are told of it.
    pub fn threads(&self) -> Threads {
        match self {
            SharedPool::Own(pool) => Threads::Shared(pool.clone()),
            SharedPool::Host(pool) => Threads::Host(pool.clone()),
        }
    }

    fn n_threads(&self) -> usize {
        match self {
            SharedPool::Own(pool) => dunlin_sys::Parallel::n_threads(&**pool),
            SharedPool::Host(pool) => dunlin_sys::Parallel::n_threads(&**pool),
        }
    }
}

/// What a task of the host finds its pool by. It is looked up, so that a call that comes late follows no pointer.
#[derive(Default)]
struct Task(OnceLock<Weak<HostPool>>);

impl Object for Task {
    type Opaque = c_void;
    const KIND: Kind = Kind::Task;
    const NAME: &'static str = "task";
}

/// The handle of a [`Task`], ended with the pool that asks for its calls.
struct TaskHandle(usize);

impl Drop for TaskHandle {
    fn drop(&mut self) {
        free::<Task>(self.0 as *mut c_void);
    }
}

unsafe extern "C" fn run_task(task: *mut c_void) {
    // Whatever is wrong with the handle, there is nothing to do then.
    let _ = catch(|| {
        if let Some(pool) = find::<Task>(task)?.0.get().and_then(Weak::upgrade) {
            pool.help();
        }
        Ok(())
    });
}

/// Makes a pool of `n` threads (the callers of runs included; 0 for as many as the process may use), to be shared by models with
/// `dunlin_options_set_pool()`. Its threads sleep when nothing runs and end with the last model that uses it. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_pool_new(n: usize, out_pool: *mut *mut dunlin_pool) -> dunlin_status {
    guard(|| {
        ptr::writable(out_pool, "out_pool")?;
        let n = if n == 0 { dunlin_core::available_threads() } else { n };
        let pool = Pool::new(n).map_err(dunlin_core::Error::from)?;
        ptr::put(out_pool, store(SharedPool::Own(Arc::new(pool)))?);
        Ok(())
    })
}

/// Makes a pool of the host's threads, of which `n_threads` may work at a time, the caller of a run included.
///
/// `spawn` is called for each parallel loop of a run; see `dunlin_spawn_fn`. `release(user)` is called once, from any thread,
/// when nothing uses the pool any more (`release` may be NULL); if this call fails, it is not called. Dunlin starts no thread for
/// such a pool. The pool is the caller's: end it with `dunlin_pool_free()`. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_pool_new_host(
    n_threads: usize,
    spawn: dunlin_spawn_fn,
    release: ReleaseFn,
    user: *mut c_void,
    out_pool: *mut *mut dunlin_pool,
) -> dunlin_status {
    guard(|| {
        ptr::writable(out_pool, "out_pool")?;
        let spawn = spawn.ok_or_else(|| Failure::null("spawn"))?;
        let owner = Arc::new(Owned::new(user, release));
        let kept = owner.clone();
        let task = TaskHandle(store(Task::default())? as usize);
        let found = find::<Task>(task.0 as *const c_void)?;
        let pool = Arc::new(HostPool::new(n_threads, move |n| {
            ptr::call_spawn(spawn, owner.user, run_task, task.0 as *mut c_void, n);
        }));
        let _ = found.0.set(Arc::downgrade(&pool));
        ptr::put(out_pool, store(SharedPool::Host(pool))?);
        kept.keep();
        Ok(())
    })
}

/// How many threads a pool has; 0 for NULL and handles that are not valid. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_pool_threads(pool: *const dunlin_pool) -> usize {
    guard_value(0, || Ok(find::<SharedPool>(pool)?.n_threads()))
}

/// Ends a pool. NULL is allowed; models that use it keep it. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_pool_free(pool: *mut dunlin_pool) {
    guard(|| {
        free::<SharedPool>(pool);
        Ok(())
    });
}
