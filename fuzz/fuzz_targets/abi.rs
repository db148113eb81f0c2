//! Random sequences of valid and invalid calls of the C interface.
#![no_main]

#[path = "../../crates/c-api/tests/calls/mod.rs"]
mod calls;

libfuzzer_sys::fuzz_target!(|data: &[u8]| calls::make_calls(data));
