//! Loading and running through the public API, on models small enough to check by hand.

use std::sync::Arc;

use dunlin_core::{DType, ErrorKind, Inputs, Model, RunOptions, Tensor, Threads};
use dunlin_sys::Bytes;

const GEMM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/gemm.onnx");

fn x(batch: usize) -> Tensor {
    let values: Vec<f32> = (0..batch * 2).map(|i| (i + 1) as f32).collect();
    Tensor::from_slice([batch, 2], &values).unwrap()
}

/// `relu(x w + b)` for x = [1, 2], [3, 4], worked out by hand.
const EXPECTED: [f32; 6] = [0.0, 12.0, 16.0, 0.0, 26.0, 34.0];

#[test]
fn a_model_runs_by_name_and_by_order_with_any_batch() {
    let model = Model::builder().threads(Threads::Count(1)).load(GEMM).unwrap();
    assert_eq!(model.inputs()[0].ty.to_string(), "float32[batch, 2]");
    let by_name = model.run([("x", x(2))]).unwrap();
    assert_eq!(by_name.tensor("y").unwrap().view::<f32>().unwrap(), EXPECTED);
    let by_order = model.run([x(1)]).unwrap();
    assert_eq!(by_order[0].as_tensor().unwrap().view::<f32>().unwrap(), &EXPECTED[..3]);
}

#[test]
fn a_session_repeats_and_copies_out() {
    let model = Model::load(GEMM).unwrap();
    let mut session = model.session();
    for _ in 0..3 {
        let mut y = [0u8; 24];
        session.run_into([("x", x(2))], &mut [("y", &mut y)]).unwrap();
        assert_eq!(bytes_to_floats(&y), EXPECTED);
    }
    let mut short = [0u8; 8];
    let error = session.run_into([("x", x(2))], &mut [("y", &mut short)]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Shape);
}

#[test]
fn wrong_inputs_are_refused_with_their_name() {
    let model = Model::load(GEMM).unwrap();
    let cases: [(Inputs<'_>, ErrorKind); 5] = [
        (Inputs::from([("z", x(1))]), ErrorKind::NotFound),
        (Inputs::from([("x", Tensor::from_slice([1, 2], &[1i64, 2]).unwrap())]), ErrorKind::DType),
        (Inputs::from([("x", Tensor::from_slice([1, 3], &[1.0f32; 3]).unwrap())]), ErrorKind::Shape),
        (Inputs::from(Vec::<(String, Tensor)>::new()), ErrorKind::Input),
        (Inputs::from([x(1), x(1)]), ErrorKind::Input),
    ];
    for (inputs, kind) in cases {
        let error = model.run(inputs).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
}

#[test]
fn a_run_reports_its_nodes() {
    let model = Model::load(GEMM).unwrap();
    let options = RunOptions { report: true, ..RunOptions::default() };
    let (_, report) = model.run_with([x(2)], &options).unwrap();
    let report = report.unwrap();
    assert!(!report.nodes.is_empty());
    assert!(report.nodes.iter().all(|node| node.backend == "cpu"));
    assert!(report.peak_bytes > 0);
}

#[test]
fn a_cancelled_run_says_so() {
    let model = Model::load(GEMM).unwrap();
    let cancel = dunlin_core::Cancel::new();
    cancel.cancel();
    let options = RunOptions { cancel: Some(cancel), ..RunOptions::default() };
    assert_eq!(model.run_with([x(1)], &options).unwrap_err().kind(), ErrorKind::Cancelled);
    let late = RunOptions { deadline: Some(std::time::Instant::now()), ..RunOptions::default() };
    assert_eq!(model.run_with([x(1)], &late).unwrap_err().kind(), ErrorKind::Deadline);
}

#[test]
fn memory_is_known_before_running() {
    let model = Model::load(GEMM).unwrap();
    assert!(
        matches!(model.memory(&[Some([4, 2].into())]).unwrap(), dunlin_core::Memory::Exact(n) if n >= 48)
    );
    assert!(matches!(model.memory(&[]).unwrap(), dunlin_core::Memory::AtLeast(_)));
}

#[test]
fn a_missing_file_is_not_found() {
    let error = Model::load("no/such/model.onnx").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().starts_with("no/such/model.onnx: "), "{error}");
}

fn bytes_to_floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// Outputs of `outputs.onnx` for x = 1, 2, 3, 4, worked out by hand.
fn outputs_of_one_to_four() -> [(&'static str, Vec<f32>); 7] {
    let sum = [1.0, 2.0, 3.0, 4.0].map(|x: f32| (-x).exp() + x).to_vec();
    [
        ("same", vec![1.0, 2.0, 3.0, 4.0]),
        ("negative", vec![-1.0, -2.0, -3.0, -4.0]),
        ("again", vec![-1.0, -2.0, -3.0, -4.0]),
        ("first", vec![-1.0, -2.0]),
        ("second", vec![-3.0, -4.0]),
        ("square", vec![-1.0, -2.0, -3.0, -4.0]),
        ("sum", sum),
    ]
}

#[test]
fn outputs_that_share_memory_are_told_apart() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/outputs.onnx");
    let model = Model::builder().threads(Threads::Count(1)).load(path).unwrap();
    let x = || Tensor::from_slice([4], &[1f32, 2.0, 3.0, 4.0]).unwrap();
    let expected = outputs_of_one_to_four();
    let mut session = model.session();
    // Every choice of outputs, in aligned memory and in memory that is not.
    for chosen in 1u32..1 << expected.len() {
        for offset in [0, 1] {
            let mut memory = vec![[0u32; 5]; expected.len()];
            let mut places: Vec<(&str, &mut [u8])> = Vec::new();
            for (i, ((name, values), memory)) in expected.iter().zip(&mut memory).enumerate() {
                if chosen >> i & 1 == 1 {
                    let bytes = &mut bytemuck::cast_slice_mut(memory)[offset..offset + 4 * values.len()];
                    places.push((name, bytes));
                }
            }
            match chosen % 2 {
                0 => model.run_into([x()], &mut places).unwrap(),
                _ => session.run_into([x()], &mut places).unwrap(),
            }
            for (name, bytes) in places {
                let (_, values) = expected.iter().find(|(other, _)| *other == name).unwrap();
                let got = bytes_to_floats(bytes);
                let close = got.iter().zip(values).all(|(got, want)| (got - want).abs() < 1e-6);
                assert!(close, "{name} of {chosen:b} at {offset}: {got:?}");
            }
        }
    }
    let (mut a, mut b) = ([0u8; 16], [0u8; 16]);
    let twice = model.run_into([x()], &mut [("same", &mut a), ("same", &mut b)]).unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::Input);
    let sequence = model.run_into([x()], &mut [("halves", &mut a)]).unwrap_err();
    assert_eq!(sequence.kind(), ErrorKind::DType);
}

#[test]
fn foreign_memory_leaves_a_run_as_a_copy() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/outputs.onnx");
    let model = Model::load(path).unwrap();
    let memory: Arc<Vec<u8>> = Arc::new([1f32, 2.0, 3.0, 4.0].iter().flat_map(|x| x.to_le_bytes()).collect());
    let x = Tensor::new(DType::F32, [4].into(), Bytes::foreign(memory.clone())).unwrap();
    let outputs = model.run([x]).unwrap();
    assert_eq!(outputs.tensor("same").unwrap().view::<f32>().unwrap(), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(Arc::strong_count(&memory), 1);
}

#[test]
fn a_state_is_copied_into_the_callers_memory_and_kept() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/add.onnx");
    let model = Model::builder().state("b", "y").load(path).unwrap();
    let mut session = model.session();
    session.set_state("b", Tensor::from_slice([1], &[10f32]).unwrap()).unwrap();
    for expected in [11f32, 12.0, 13.0] {
        let mut y = [0u8; 4];
        let x = Tensor::from_slice([1], &[1f32]).unwrap();
        session.run_into([("x", x)], &mut [("y", &mut y)]).unwrap();
        assert_eq!(bytes_to_floats(&y), [expected]);
        y.fill(0xFF);
    }
}
