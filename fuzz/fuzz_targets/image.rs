//! Pictures, through the ImageDecoder operator.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dunlin_testing::hostile::image(data));
