//! The switch that cancels.

use dunlin_core::Cancel;

use crate::handle::{Kind, Object, find, free, store};
use crate::ptr;
use crate::status::{dunlin_status, guard};

/// A switch that ends loads and runs early.
#[allow(non_camel_case_types, reason = "the C name")]
pub struct dunlin_cancel {
    _opaque: [u8; 0],
}

impl Object for Cancel {
    type Opaque = dunlin_cancel;
    const KIND: Kind = Kind::Cancel;
    const NAME: &'static str = "dunlin_cancel";
}

/// Makes a switch that is off. End it with `dunlin_cancel_free()`; loads and runs that hold it keep it. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_cancel_new(out_cancel: *mut *mut dunlin_cancel) -> dunlin_status {
    guard(|| {
        ptr::writable(out_cancel, "out_cancel")?;
        ptr::put(out_cancel, store(Cancel::new())?);
        Ok(())
    })
}

/// Turns a switch on, from any thread. It stays on: later runs with it end at once. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_cancel_set(cancel: *const dunlin_cancel) -> dunlin_status {
    guard(|| {
        find::<Cancel>(cancel)?.cancel();
        Ok(())
    })
}

/// Ends a switch. NULL is allowed. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_cancel_free(cancel: *mut dunlin_cancel) {
    guard(|| {
        free::<Cancel>(cancel);
        Ok(())
    });
}
