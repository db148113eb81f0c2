//! What goes into a run and what comes out, by name or by order.

use std::sync::Arc;

use dunlin_ir::{Tensor, Type, Value};

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

/// The inputs of one run: by name, or in the model's order.
#[derive(Debug, Clone)]
pub struct Inputs {
    pub(crate) values: Vec<(Option<String>, Value)>,
}

impl Inputs {
    /// Inputs in the model's order.
    pub fn ordered(values: impl IntoIterator<Item = impl Into<Value>>) -> Inputs {
        Inputs { values: values.into_iter().map(|value| (None, value.into())).collect() }
    }

    /// Inputs by name.
    pub fn named(values: impl IntoIterator<Item = (impl Into<String>, impl Into<Value>)>) -> Inputs {
        Inputs { values: values.into_iter().map(|(name, value)| (Some(name.into()), value.into())).collect() }
    }
}

impl<const N: usize> From<[Tensor; N]> for Inputs {
    fn from(values: [Tensor; N]) -> Inputs {
        Inputs::ordered(values)
    }
}

impl From<Vec<Value>> for Inputs {
    fn from(values: Vec<Value>) -> Inputs {
        Inputs::ordered(values)
    }
}

impl From<Tensor> for Inputs {
    fn from(value: Tensor) -> Inputs {
        Inputs::ordered([value])
    }
}

impl<S: Into<String>, V: Into<Value>, const N: usize> From<[(S, V); N]> for Inputs {
    fn from(values: [(S, V); N]) -> Inputs {
        Inputs::named(values)
    }
}

impl<S: Into<String>, V: Into<Value>> From<Vec<(S, V)>> for Inputs {
    fn from(values: Vec<(S, V)>) -> Inputs {
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
    values: Vec<Value>,
}

impl Outputs {
    pub(crate) fn new(names: Arc<[Arc<str>]>, values: Vec<Value>) -> Outputs {
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
        self.values
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
