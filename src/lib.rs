//! Dunlin: a model in, tensors out.
//!
//! An embeddable inference library: it loads a model and runs it inside your program. See [`Model`].

#![forbid(unsafe_code)]

pub use dunlin_core::*;

/// The README's code is compiled with the documentation's tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
