//! Model files: read, planned, and run on zeros.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dunlin_testing::hostile::onnx(data));
