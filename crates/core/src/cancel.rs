//! A switch that ends loads and runs early.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Cancels the loads and runs that it was given to. Clones share the switch.
///
/// A cancelled run ends with [`crate::ErrorKind::Cancelled`] at the next step, or within a long kernel.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    flag: Arc<AtomicBool>,
}

impl Cancel {
    /// A switch that is off.
    pub fn new() -> Cancel {
        Cancel::default()
    }

    /// Turns it on. It stays on; later runs with it end at once.
    pub fn cancel(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }

    /// Whether it is on.
    pub fn is_cancelled(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
    }

    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        self.flag.clone()
    }
}
