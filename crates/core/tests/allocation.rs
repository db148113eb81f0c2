//! Repeated runs into the caller's memory ask the allocator for nothing.

use dunlin_core::{Inputs, Model, Tensor, Threads};
use dunlin_sys::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new();

const ADD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/add.onnx");
const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/digits/digits.onnx");

/// The fewest allocations among some dozens of windows of runs: what the test's own threads allocate meanwhile is not in all.
fn fewest(mut run: impl FnMut()) -> u64 {
    for _ in 0..3 {
        run();
    }
    let mut window = || {
        let before = ALLOCATOR.n_calls();
        for _ in 0..10 {
            run();
        }
        ALLOCATOR.n_calls() - before
    };
    (0..30).map(|_| window()).min().unwrap()
}

type NamedInputs<'a> = &'a [(&'a str, &'a Tensor)];

#[test]
fn repeated_runs_allocate_nothing() {
    let x = Tensor::from_slice([3], &[1.0f32, 2.0, 3.0]).unwrap();
    let image = Tensor::zeroed(dunlin_core::DType::F32, [1, 1, 28, 28].into()).unwrap();
    let cases: [(&str, NamedInputs<'_>, &str, usize); 2] =
        [(ADD, &[("x", &x), ("b", &x)], "y", 12), (DIGITS, &[("image", &image)], "probabilities", 40)];
    for (path, inputs, output, n_bytes) in cases {
        for n_threads in [1, 2] {
            let model = Model::builder().threads(Threads::Count(n_threads)).load(path).unwrap();
            let mut memory = vec![0u8; n_bytes];
            let named = || Inputs::named(inputs.iter().map(|&(name, tensor)| (name, tensor.clone())));
            let by_model = fewest(|| model.run_into(named(), &mut [(output, &mut memory)]).unwrap());
            let mut session = model.session();
            let by_session = fewest(|| session.run_into(named(), &mut [(output, &mut memory)]).unwrap());
            let with_values = fewest(|| drop(model.run(named()).unwrap()));
            assert_eq!((by_model, by_session, with_values), (0, 0, 0), "{path} on {n_threads} threads");
        }
    }
}
