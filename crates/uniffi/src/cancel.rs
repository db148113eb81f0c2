//! The switch that cancels.

use std::sync::Arc;

/// A switch that ends the loads and runs that it was given to. It is turned on once and stays on.
#[derive(Debug, Default, uniffi::Object)]
pub struct Cancel {
    pub(crate) switch: dunlin_core::Cancel,
}

#[uniffi::export]
impl Cancel {
    /// A switch that is off.
    #[uniffi::constructor]
    pub fn new() -> Arc<Cancel> {
        Arc::default()
    }

    /// Turns it on, from any thread: loads and runs end with the kind `cancelled`, and later ones end at once.
    pub fn cancel(&self) {
        self.switch.cancel();
    }

    /// Whether it is on.
    pub fn is_cancelled(&self) -> bool {
        self.switch.is_cancelled()
    }
}
