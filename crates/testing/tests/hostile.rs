//! The inputs that the fuzzer keeps, past crashes among them, through the same functions.

use std::path::Path;

use dunlin_testing::hostile;

fn replay(name: &str, input: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
    let mut n_inputs = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        input(&std::fs::read(entry.unwrap().path()).unwrap());
        n_inputs += 1;
    }
    assert!(n_inputs > 0, "no inputs for {name}");
}

#[test]
fn models_of_the_corpus_end_in_errors_or_answers() {
    replay("onnx", hostile::onnx);
}

#[test]
fn arrays_of_the_corpus_end_in_errors_or_tensors() {
    replay("npy", hostile::npy);
}

#[test]
fn pictures_of_the_corpus_end_in_errors_or_pixels() {
    replay("image", hostile::image);
}
