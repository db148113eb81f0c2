//! Handles: what the host holds instead of pointers to our memory.
//!
//! A handle is the number of a slot, its generation and its kind, in the clothes of a pointer that nobody follows. A handle
//! that was freed, or is of another kind, or was made up, is recognised without touching any memory but the table.

use std::sync::{Arc, PoisonError, RwLock};

use crate::status::{Failure, dunlin_status};

/// What kind of object a handle is for. Part of the handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Kind {
    Options = 1,
    Model = 2,
    Value = 3,
    Session = 4,
    RunOptions = 5,
    Cancel = 6,
    Report = 7,
    Pool = 8,
    Error = 9,
    Task = 10,
}

/// An object that the host holds by handles of the C type `Self`.
pub(crate) trait Object: Send + Sync + 'static {
    /// The opaque C type.
    type Opaque;
    /// Its kind.
    const KIND: Kind;
    /// Its C name, for messages.
    const NAME: &'static str;
}

/// Stores an object and returns its handle.
///
/// # Errors
/// [`Failure`] if memory or numbers run out.
pub(crate) fn store<O: Object>(object: O) -> Result<*mut O::Opaque, Failure> {
    // Made here: what is refused afterwards is freed without the lock.
    let object = Arc::new(object);
    dunlin_sys::check_reserve().map_err(dunlin_core::TensorError::from)?;
    let mut table = TABLE.write().unwrap_or_else(PoisonError::into_inner);
    let index = match table.free.pop() {
        Some(index) => index,
        None => {
            let full = || Failure::new(dunlin_status::DUNLIN_OUT_OF_MEMORY, "no room for another handle");
            let index = table.slots.len();
            if index > MAX_INDEX {
                return Err(full());
            }
            table.slots.try_reserve(1).map_err(|_| full())?;
            // As many as there are slots may be free at a time: freeing must not allocate.
            let n_free = table.slots.len() + 1 - table.free.len();
            table.free.try_reserve(n_free).map_err(|_| full())?;
            table.slots.push(Slot { generation: 1, object: None });
            index
        }
    };
    let slot = &mut table.slots[index];
    slot.object = Some(object);
    Ok(encode(index, slot.generation, O::KIND) as *mut O::Opaque)
}

/// The object of a handle. It lives on while the result does, even if the host frees the handle meanwhile.
///
/// # Errors
/// `DUNLIN_NULL_ARGUMENT` or `DUNLIN_INVALID_HANDLE`.
pub(crate) fn find<O: Object>(handle: *const O::Opaque) -> Result<Arc<O>, Failure> {
    let (index, generation) = decode::<O>(handle)?;
    let table = TABLE.read().unwrap_or_else(PoisonError::into_inner);
    let slot = table.slots.get(index).filter(|slot| slot.generation == generation);
    let object = slot.and_then(|slot| slot.object.clone()).ok_or_else(|| freed(O::NAME))?;
    object.downcast().map_err(|_| freed(O::NAME))
}

/// The object of a handle, or none for NULL.
///
/// # Errors
/// `DUNLIN_INVALID_HANDLE`.
pub(crate) fn find_optional<O: Object>(handle: *const O::Opaque) -> Result<Option<Arc<O>>, Failure> {
    if handle.is_null() { Ok(None) } else { find(handle).map(Some) }
}

/// Ends a handle. The object goes when the last call that uses it returns. NULL and handles that were freed before are
/// no harm.
pub(crate) fn free<O: Object>(handle: *mut O::Opaque) {
    let Ok((index, generation)) = decode::<O>(handle) else { return };
    let mut table = TABLE.write().unwrap_or_else(PoisonError::into_inner);
    let Some(slot) = table.slots.get_mut(index).filter(|slot| slot.generation == generation) else { return };
    let object = slot.object.take();
    if object.is_some() && slot.generation < MAX_GENERATION {
        slot.generation += 1;
        table.free.push(index);
    }
    // Dropped without the lock: the object may call the host back, who may call us.
    drop(table);
    drop(object);
}

struct Table {
    slots: Vec<Slot>,
    free: Vec<usize>,
}

struct Slot {
    generation: usize,
    object: Option<Arc<dyn std::any::Any + Send + Sync>>,
}

static TABLE: RwLock<Table> = RwLock::new(Table { slots: Vec::new(), free: Vec::new() });

const KIND_BITS: u32 = 4;
const INDEX_BITS: u32 = if usize::BITS == 64 { 28 } else { 16 };
const MAX_INDEX: usize = (1 << INDEX_BITS) - 1;
const MAX_GENERATION: usize = (1 << (usize::BITS - KIND_BITS - INDEX_BITS)) - 1;

fn encode(index: usize, generation: usize, kind: Kind) -> usize {
    generation << (KIND_BITS + INDEX_BITS) | index << KIND_BITS | kind as usize
}

fn decode<O: Object>(handle: *const O::Opaque) -> Result<(usize, usize), Failure> {
    let bits = handle as usize;
    if bits == 0 {
        return Err(Failure::null(O::NAME));
    }
    if bits & ((1 << KIND_BITS) - 1) != O::KIND as usize {
        let message = format!("the handle is not of a {}", O::NAME);
        return Err(Failure::new(dunlin_status::DUNLIN_INVALID_HANDLE, message));
    }
    Ok((bits >> KIND_BITS & MAX_INDEX, bits >> (KIND_BITS + INDEX_BITS)))
}

fn freed(name: &str) -> Failure {
    let message = format!("the handle of a {name} was freed before, or never made");
    Failure::new(dunlin_status::DUNLIN_INVALID_HANDLE, message)
}
