//! The library that C programs link: everything that the C ABI exports, and nothing else.

pub use dunlin_c_api::*;
