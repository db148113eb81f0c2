//! What goes into a run and what comes out, by name or by order.

use std::borrow::Cow;
use std::sync::Arc;

use dunlin_ir::{Tensor, Type, Value};
use dunlin_sys::OutOfMemory;
use smallvec::SmallVec;

/// An input of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct InputInfo {
    /// Its name.
    pub name: Arc<str>,
    /// Its type: element type and dimensions, as far as they are fixed.
    pub ty: Type,
    /// Whether it may be left out.
    pub is_optional: bool,
}

/// An output of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputInfo {
    /// Its name.
    pub name: Arc<str>,
    /// Its type: element type and dimensions, as far as they are known before a run.
    pub ty: Type,
}

/// The inputs of one run: by name, or in the model's order. Names may be borrowed.
#[derive(Debug, Clone, Default)]
pub struct Inputs<'n> {
    pub(crate) values: SmallVec<[(Option<Cow<'n, str>>, Value); 4]>,
}

impl<'n> Inputs<'n> {
    /// No inputs yet.
    pub fn new() -> Inputs<'n> {
        Inputs::default()
    }

    /// Inputs in the model's order.
    pub fn ordered(values: impl IntoIterator<Item = impl Into<Value>>) -> Inputs<'n> {
        Inputs { values: values.into_iter().map(|value| (None, value.into())).collect() }
    }

    /// Inputs by name.
    pub fn named(
        values: impl IntoIterator<Item = (impl Into<Cow<'n, str>>, impl Into<Value>)>,
    ) -> Inputs<'n> {
        Inputs { values: values.into_iter().map(|(name, value)| (Some(name.into()), value.into())).collect() }
    }

    /// Adds an input: by its name, or in the place that follows from the number of those before it.
    pub fn push(&mut self, name: Option<impl Into<Cow<'n, str>>>, value: impl Into<Value>) {
        self.values.push((name.map(Into::into), value.into()));
    }

    /// Makes room for `n` more.
    ///
    /// # Errors
    /// [`OutOfMemory`] if the allocator refuses.
    pub fn try_reserve(&mut self, n: usize) -> Result<(), OutOfMemory> {
        let requested_bytes = n.saturating_mul(size_of::<(Option<Cow<'n, str>>, Value)>());
        self.values.try_reserve(n).map_err(|_| OutOfMemory { requested_bytes })
    }

    /// The same inputs with names of their own.
    pub fn into_owned(self) -> Inputs<'static> {
        let owned = |(name, value): (Option<Cow<'n, str>>, Value)| {
            (name.map(|name| Cow::Owned(name.into_owned())), value)
        };
        Inputs { values: self.values.into_iter().map(owned).collect() }
    }
}

impl<const N: usize> From<[Tensor; N]> for Inputs<'_> {
    fn from(values: [Tensor; N]) -> Self {
        Inputs::ordered(values)
    }
}

impl From<Vec<Value>> for Inputs<'_> {
    fn from(values: Vec<Value>) -> Self {
        Inputs::ordered(values)
    }
}

impl From<Tensor> for Inputs<'_> {
    fn from(value: Tensor) -> Self {
        Inputs::ordered([value])
    }
}

impl<'n, S: Into<Cow<'n, str>>, V: Into<Value>, const N: usize> From<[(S, V); N]> for Inputs<'n> {
    fn from(values: [(S, V); N]) -> Inputs<'n> {
        Inputs::named(values)
    }
}

impl<'n, S: Into<Cow<'n, str>>, V: Into<Value>> From<Vec<(S, V)>> for Inputs<'n> {
    fn from(values: Vec<(S, V)>) -> Inputs<'n> {
        Inputs::named(values)
    }
}

/// The outputs of one run, in the model's order.
///
/// `outputs["name"]` and `outputs[0]` give an output's [`Value`] and panic if there is none, as maps and vectors do;
/// [`Outputs::get`] asks.
#[derive(Debug, Clone, Default)]
pub struct Outputs {
    names: Arc<[Arc<str>]>,
    values: SmallVec<[Value; 2]>,
}

impl Outputs {
    pub(crate) fn new(names: Arc<[Arc<str>]>, values: SmallVec<[Value; 2]>) -> Outputs {
        Outputs { names, values }
    }

    /// How many outputs there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The output of this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(self.position(name)?)
    }

    /// The tensor of this name, if there is such an output and it is a tensor.
    pub fn tensor(&self, name: &str) -> Option<&Tensor> {
        self.get(name)?.as_tensor()
    }

    /// Names and values in the model's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.names.iter().map(|name| &**name).zip(&self.values)
    }

    /// The values in the model's order.
    pub fn into_values(self) -> Vec<Value> {
        self.values.into_vec()
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|own| **own == *name)
    }
}

impl std::ops::Index<&str> for Outputs {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        match self.get(name) {
            Some(value) => value,
            None => panic!("no output is called {name:?}; there are {:?}", self.names),
        }
    }
}

impl std::ops::Index<usize> for Outputs {
    type Output = Value;

    fn index(&self, index: usize) -> &Value {
        &self.values[index]
    }
}
