//! Array files and archives of them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dunlin_testing::hostile::npy(data));
