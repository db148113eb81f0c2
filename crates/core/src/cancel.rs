//! A switch that ends loads and runs early.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Cancels the loads and runs that it was given to. Clones share the switch.
///
/// A cancelled run ends with [`crate::ErrorKind::Cancelled`] at the next step, or within a long kernel.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    switch: Arc<Switch>,
}

#[derive(Debug, Default)]
struct Switch {
    flag: Arc<AtomicBool>,
    children: Mutex<Vec<Weak<Switch>>>,
}

impl Cancel {
    /// A switch that is off.
    pub fn new() -> Cancel {
        Cancel::default()
    }

    /// A switch that this one turns on, too, and that can be turned on without it.
    pub fn child(&self) -> Cancel {
        let child = Cancel::default();
        let mut children = self.switch.children();
        children.retain(|child| child.strong_count() > 0);
        children.push(Arc::downgrade(&child.switch));
        // Looked at under the lock: whoever turns this one on either finds the child or is found out here.
        if self.is_cancelled() {
            child.cancel();
        }
        drop(children);
        child
    }

    /// Turns it on. It stays on; later runs with it end at once.
    pub fn cancel(&self) {
        self.switch.turn_on();
    }

    /// Whether it is on.
    pub fn is_cancelled(&self) -> bool {
        self.switch.flag.load(Ordering::Relaxed)
    }

    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        self.switch.flag.clone()
    }
}

impl Switch {
    fn turn_on(&self) {
        self.flag.store(true, Ordering::Relaxed);
        for child in self.children().drain(..).filter_map(|child| child.upgrade()) {
            child.turn_on();
        }
    }

    fn children(&self) -> MutexGuard<'_, Vec<Weak<Switch>>> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_hears_of_its_parent_and_not_the_other_way() {
        let parent = Cancel::new();
        let (first, second) = (parent.child(), parent.child());
        let grandchild = second.child();
        first.cancel();
        assert!(first.is_cancelled() && !parent.is_cancelled() && !second.is_cancelled());
        parent.cancel();
        assert!(second.is_cancelled() && grandchild.is_cancelled());
        assert!(parent.child().is_cancelled(), "made of one that is on");
    }

    #[test]
    fn children_that_are_gone_are_forgotten() {
        let parent = Cancel::new();
        (0..100).for_each(|_| drop(parent.child()));
        assert!(parent.switch.children().len() <= 1);
    }
}
