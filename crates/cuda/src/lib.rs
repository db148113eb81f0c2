//! The library of accelerators: candle's devices behind the table that `dunlin_sys::Accelerator` opens.
//!
//! Devices are looked up by number, so that a wrong one is an answer and not an access. `ptr` alone follows pointers.

mod ptr;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use dunlin_exec::OpError;
use dunlin_exec::candle::{self, Kind};
use dunlin_exec::device::Served;

type Devices = RwLock<HashMap<u64, Arc<Served>>>;

static DEVICES: LazyLock<Devices> = LazyLock::new(RwLock::default);

/// Opens a device by its name: its number, or the answer that says why not.
fn open(name: &str, n_threads: usize) -> Result<u64, Vec<u8>> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let opened = caught(|| candle::open(kind(name)?, n_threads)).map_err(Served::cannot_open)?;
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut devices = DEVICES.write().unwrap_or_else(PoisonError::into_inner);
    devices.insert(id, Arc::new(Served::new(opened)));
    Ok(id)
}

fn close(device: u64) {
    let closed = DEVICES.write().unwrap_or_else(PoisonError::into_inner).remove(&device);
    // Dropped without the lock: joining a device's threads takes time.
    drop(closed);
}

fn call(device: u64, request: &[u8], tensors: &[&[u8]], output: &mut [u8]) -> Vec<u8> {
    let answer = caught(|| Ok(find(device)?.answer(request, tensors, output)));
    answer.unwrap_or_else(Served::cannot_open)
}

/// Does the work on this thread if there is no such device: it then finds out by its calls.
fn enter(device: u64, work: &mut (dyn FnMut() + Send)) {
    match find(device) {
        Ok(device) => device.enter(work),
        Err(_) => work(),
    }
}

fn find(device: u64) -> Result<Arc<Served>, OpError> {
    let devices = DEVICES.read().unwrap_or_else(PoisonError::into_inner);
    devices.get(&device).cloned().ok_or_else(|| OpError::Device(format!("no device {device} is open")))
}

fn kind(name: &str) -> Result<Kind, OpError> {
    let unknown = || OpError::Device(format!("the library of accelerators has no device {name:?}"));
    match name.split_once(':') {
        None if name == "candle-cpu" => Ok(Kind::Cpu),
        Some(("cuda", index)) => Ok(Kind::Cuda(index.parse().map_err(|_| unknown())?)),
        _ => Err(unknown()),
    }
}

/// Nothing unwinds out of the library.
fn caught<T>(work: impl FnOnce() -> Result<T, OpError>) -> Result<T, OpError> {
    let panicked = |_| Err(OpError::Device("a panic in the library of accelerators".to_owned()));
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(panicked)
}
