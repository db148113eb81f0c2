//! Runs through the C functions between the host's own buffers: no allocation, no stale or torn answers.

use std::ffi::{CString, c_char, c_void};
use std::ptr::{null, null_mut};

use dunlin_c_api::*;
use dunlin_sys::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new();

const ADD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/tests/data/add.onnx");
const OUTPUTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/tests/data/outputs.onnx");
const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/digits/digits.onnx");
const ONE_TO_FOUR: [f32; 4] = [1.0, 2.0, 3.0, 4.0];

/// A model and a session of it, run on the host's buffers.
struct Host {
    model: *mut dunlin_model,
    session: *mut dunlin_session,
    options: *mut dunlin_run_options,
}

#[derive(Clone, Copy)]
enum With {
    Model,
    Session,
}

impl Host {
    fn new(path: &str) -> Host {
        let (mut model, mut session, mut options) = (null_mut(), null_mut(), null_mut());
        let path = CString::new(path).unwrap();
        ok(dunlin_model_load(path.as_ptr(), DUNLIN_NUL_TERMINATED, null(), &mut model));
        ok(dunlin_session_new(model, &mut session));
        ok(dunlin_run_options_new(&mut options));
        Host { model, session, options }
    }

    fn run(
        &self,
        with: With,
        names: &[*const c_char],
        inputs: &[*const dunlin_value],
        outputs: &[dunlin_output],
    ) -> dunlin_status {
        let (names, n) = (names.as_ptr(), inputs.len());
        let (inputs, options) = (inputs.as_ptr(), self.options);
        let (outputs, n_outputs) = (outputs.as_ptr(), outputs.len());
        match with {
            With::Model => {
                dunlin_model_run_into(self.model, names, inputs, n, options, outputs, n_outputs, null_mut())
            }
            With::Session => dunlin_session_run_into(
                self.session,
                names,
                inputs,
                n,
                options,
                outputs,
                n_outputs,
                null_mut(),
            ),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        dunlin_run_options_free(self.options);
        dunlin_session_free(self.session);
        dunlin_model_free(self.model);
    }
}

fn ok(status: dunlin_status) {
    assert_eq!(status, dunlin_status::DUNLIN_OK);
}

/// A tensor over floats of the host.
fn borrow(data: *const f32, dims: &[usize]) -> *mut dunlin_value {
    let mut value = null_mut();
    let n_bytes = 4 * dims.iter().product::<usize>();
    let dtype = dunlin_dtype::DUNLIN_FLOAT32 as i32;
    let data = data.cast::<c_void>();
    ok(dunlin_value_borrow_tensor(
        dtype,
        dims.as_ptr(),
        dims.len(),
        data,
        n_bytes,
        None,
        null_mut(),
        &mut value,
    ));
    value
}

fn output(name: &'static std::ffi::CStr, data: *mut f32, n: usize) -> dunlin_output {
    dunlin_output { size: size_of::<dunlin_output>(), name: name.as_ptr(), data: data.cast(), n_bytes: 4 * n }
}

#[test]
fn repeated_runs_allocate_nothing() {
    for with in [With::Model, With::Session] {
        let (x, mut y) = ([1f32; 3], [0f32; 3]);
        let image = vec![0f32; 28 * 28];
        let mut probabilities = [0f32; 10];
        let (add, digits) = (Host::new(ADD), Host::new(DIGITS));
        let (x, image) = (borrow(x.as_ptr(), &[3]), borrow(image.as_ptr(), &[1, 1, 28, 28]));
        let fewest = |host: &Host, names: &[*const c_char], inputs: &[*const dunlin_value], output| {
            let run = || ok(host.run(with, names, inputs, &[output]));
            (0..3).for_each(|_| run());
            let window = || {
                let before = ALLOCATOR.n_calls();
                (0..10).for_each(|_| run());
                ALLOCATOR.n_calls() - before
            };
            (0..30).map(|_| window()).min()
        };
        let names = [c"x".as_ptr(), c"b".as_ptr()];
        let sum = fewest(&add, &names, &[x, x], output(c"y", y.as_mut_ptr(), 3));
        assert_eq!((sum, y), (Some(0), [2.0; 3]));
        let output = output(c"probabilities", probabilities.as_mut_ptr(), 10);
        assert_eq!(fewest(&digits, &[c"image".as_ptr()], &[image], output), Some(0));
        [x, image].into_iter().for_each(|value| dunlin_value_free(value));
    }
}

#[test]
fn a_borrowed_input_may_change_between_runs() {
    let host = Host::new(ADD);
    let (mut x, mut y) = ([1f32; 2], [0f32; 2]);
    let data = x.as_mut_ptr();
    let value = borrow(data, &[2]);
    for with in [With::Model, With::Session, With::Model] {
        let names = [c"x".as_ptr(), c"b".as_ptr()];
        ok(host.run(with, &names, &[value, value], &[output(c"y", y.as_mut_ptr(), 2)]));
        assert_eq!(y, x.map(|x| x + x));
        x = x.map(|x| x + 1.0);
    }
    dunlin_value_free(value);
}

#[test]
fn outputs_may_lie_on_inputs_but_not_on_each_other() {
    let host = Host::new(OUTPUTS);
    let negative = ONE_TO_FOUR.map(|x| -x);
    let sum = ONE_TO_FOUR.map(|x| (-x).exp() + x);
    for with in [With::Model, With::Session] {
        // Room for the input in the middle, and for outputs that lie on all of it, before and behind.
        for shift in 0..=8 {
            let mut memory = [0f32; 20];
            memory[4..8].copy_from_slice(&ONE_TO_FOUR);
            let start = memory.as_mut_ptr();
            let value = borrow(start.wrapping_add(4), &[4]);
            let outputs = [
                output(c"sum", start.wrapping_add(shift), 4),
                output(c"same", start.wrapping_add(shift + 4), 4),
                output(c"negative", start.wrapping_add(shift + 8), 4),
            ];
            ok(host.run(with, &[c"x".as_ptr()], &[value], &outputs));
            let close = |got: &[f32], want: &[f32]| got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-6);
            assert!(close(&memory[shift..], &sum), "{shift}: {memory:?}");
            assert_eq!(memory[shift + 4..shift + 8], ONE_TO_FOUR, "{shift}");
            assert_eq!(memory[shift + 8..shift + 12], negative, "{shift}");
            dunlin_value_free(value);
        }
    }
    let mut memory = [0f32; 8];
    let start = memory.as_mut_ptr();
    let value = borrow(ONE_TO_FOUR.as_ptr(), &[4]);
    let overlapping = [output(c"sum", start.wrapping_add(3), 4), output(c"same", start, 4)];
    let status = host.run(With::Model, &[c"x".as_ptr()], &[value], &overlapping);
    assert_eq!(status, dunlin_status::DUNLIN_INPUT);
    let twice = [output(c"sum", start, 4), output(c"sum", start.wrapping_add(4), 4)];
    assert_eq!(host.run(With::Model, &[c"x".as_ptr()], &[value], &twice), dunlin_status::DUNLIN_INPUT);
    let mut small = output(c"sum", start, 4);
    small.size -= 8;
    assert_eq!(host.run(With::Model, &[c"x".as_ptr()], &[value], &[small]), dunlin_status::DUNLIN_INPUT);
    dunlin_value_free(value);
}
