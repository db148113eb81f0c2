//! What a model remembers of the input shapes that it runs with: a bounded cache of specialisations.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dunlin_exec::Specialization;
use dunlin_ir::{Shape, Value};

/// The specialisations of a model's plan by input shapes, those used last kept.
#[derive(Debug)]
pub(crate) struct SpecialCache {
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// In order of use, the latest first.
    entries: VecDeque<Entry>,
    /// Whether the shapes of this model's inputs decide nothing, as in graphs of fixed shapes.
    is_pointless: bool,
}

#[derive(Debug)]
struct Entry {
    shapes: Vec<Option<Shape>>,
    /// None after the first run with these shapes: most shapes of changing ones do not come again.
    specialization: Option<Arc<Specialization>>,
}

impl SpecialCache {
    /// A cache for this many sets of shapes.
    pub fn new(capacity: usize) -> SpecialCache {
        SpecialCache { capacity, state: Mutex::default() }
    }

    /// The specialisation for inputs of these shapes; made by `specialize` when they come for the second time.
    pub fn find(
        &self,
        inputs: &[Option<Value>],
        specialize: impl FnOnce(&[Option<Shape>]) -> Specialization,
    ) -> Option<Arc<Specialization>> {
        let mut state = self.state();
        if self.capacity == 0 || state.is_pointless {
            return None;
        }
        let Some(at) = state.entries.iter().position(|entry| entry.is_for(inputs)) else {
            state.entries.truncate(self.capacity - 1);
            state.entries.push_front(Entry { shapes: shapes_of(inputs), specialization: None });
            return None;
        };
        if at > 0
            && let Some(entry) = state.entries.remove(at)
        {
            state.entries.push_front(entry);
        }
        if let Some(found) = &state.entries[0].specialization {
            return Some(found.clone());
        }
        // Made without the lock: other threads run meanwhile, unspecialised or making the same.
        let shapes = state.entries[0].shapes.clone();
        drop(state);
        let made = Arc::new(specialize(&shapes));
        let mut state = self.state();
        state.is_pointless |= made.is_empty();
        if let Some(entry) = state.entries.iter_mut().find(|entry| entry.shapes == shapes) {
            entry.specialization = Some(made.clone());
        }
        Some(made)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn is_for(&self, inputs: &[Option<Value>]) -> bool {
        self.shapes.iter().map(Option::as_ref).eq(inputs.iter().map(shape_of))
    }
}

fn shapes_of(inputs: &[Option<Value>]) -> Vec<Option<Shape>> {
    inputs.iter().map(|input| shape_of(input).cloned()).collect()
}

fn shape_of(input: &Option<Value>) -> Option<&Shape> {
    Some(input.as_ref()?.as_tensor()?.shape())
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunlin_exec::{Limits, Plan};
    use dunlin_ir::{Graph, Tensor};

    fn input(n: usize) -> Vec<Option<Value>> {
        vec![Some(Tensor::from_slice([n], &vec![0f32; n]).unwrap().into())]
    }

    #[test]
    fn only_what_comes_again_is_specialised_and_the_oldest_is_forgotten() {
        let graph = Graph::default();
        let plan = Plan::new(&graph).unwrap();
        let make = |shapes: &[Option<Shape>]| Specialization::new(&graph, &plan, shapes, &Limits::default());
        let cache = SpecialCache::new(2);
        assert!(cache.find(&input(1), make).is_none());
        assert!(cache.find(&input(2), make).is_none());
        assert!(cache.find(&input(3), make).is_none());
        assert!(cache.find(&input(1), make).is_none(), "forgotten, so seen for the first time");
        assert!(cache.find(&input(3), make).is_some());
        assert!(cache.find(&input(3), make).is_none(), "there is nothing to spare in an empty graph");
    }
}
