//! Stored tensors and values against what onnx and numpy read from them (`data/tensors.txt`), and what is refused.

use bytes::Bytes;
use dunlin_formats::onnx::proto::{SparseTensorProto, TensorProto, TensorSegment};
use dunlin_formats::onnx::{
    Limits, TensorProblem, TensorReader, ValueKind, ValueReadError, read_value, tensor_proto, write_tensor,
};
use dunlin_ir::{Tensor, Value};
use dunlin_sys::AlignedBuf;

struct Case {
    name: &'static str,
    kind: ValueKind,
    message: Vec<u8>,
    tensors: &'static str,
}

fn cases() -> Vec<Case> {
    let line = |line: &'static str| {
        let [name, kind, message, tensors] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let kind = match kind {
            "tensor" => ValueKind::Tensor,
            "sparse" => ValueKind::SparseTensor,
            "sequence" => ValueKind::Sequence,
            "map" => ValueKind::Map,
            "optional" => ValueKind::Optional,
            _ => panic!("{line}"),
        };
        Case { name, kind, message: from_hex(message), tensors }
    };
    include_str!("data/tensors.txt").lines().map(line).collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn whole(data: &[u8]) -> dunlin_sys::Bytes {
    AlignedBuf::copy_of(data).unwrap().into()
}

/// `type[dims]=hex`, as the file of cases writes it.
fn text(tensor: &Tensor) -> String {
    let dims: Vec<String> = tensor.shape().iter().map(usize::to_string).collect();
    let strings = tensor.strings().unwrap_or_default();
    let ended = strings.iter().flat_map(|string| string.bytes().chain([0]));
    let hex: String = tensor.bytes().iter().copied().chain(ended).map(|byte| format!("{byte:02x}")).collect();
    format!("{}[{}]={hex}", tensor.dtype(), dims.join(","))
}

fn flatten(value: &Value, tensors: &mut Vec<String>) {
    match value {
        Value::Tensor(tensor) => tensors.push(text(tensor)),
        Value::Sequence(values) => values.iter().for_each(|value| flatten(value, tensors)),
        Value::Map(map) => {
            tensors.push(text(&map.keys));
            map.values.iter().for_each(|value| flatten(value, tensors));
        }
        Value::Optional(value) => value.iter().for_each(|value| flatten(value, tensors)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_type_and_encoding_reads_as_numpy_does() {
    let mut failures = Vec::new();
    for case in cases() {
        let got = match read_value(whole(&case.message), case.kind, &Limits::default()) {
            Ok(value) => {
                let mut tensors = Vec::new();
                flatten(&value, &mut tensors);
                tensors.join(";")
            }
            Err(error) => error.to_string(),
        };
        if got != case.tensors {
            failures.push(format!("{}: expected {}, got {got}", case.name, case.tensors));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn what_is_written_is_read_again() {
    for case in cases().into_iter().filter(|case| case.kind == ValueKind::Tensor) {
        let value = read_value(whole(&case.message), case.kind, &Limits::default()).unwrap();
        let written = write_tensor(value.as_tensor().unwrap(), "t");
        let again = read_value(whole(&written), ValueKind::Tensor, &Limits::default()).unwrap();
        assert_eq!(text(again.as_tensor().unwrap()), case.tensors, "{}", case.name);
    }
}

#[test]
fn raw_data_are_not_copied() {
    let message = write_tensor(&Tensor::from_slice([3], &[1.0f32, 2.0, 3.0]).unwrap(), "t");
    let file = whole(&message);
    let value = read_value(file.clone(), ValueKind::Tensor, &Limits::default()).unwrap();
    let range = file.as_slice().as_ptr_range();
    assert!(range.contains(&value.as_tensor().unwrap().bytes().as_ptr()));
}

fn f32_proto(dims: &[i64]) -> TensorProto {
    TensorProto { dims: dims.to_vec(), data_type: 1, name: Bytes::from_static(b"w"), ..Default::default() }
}

fn raw(n_bytes: usize) -> Option<Bytes> {
    Some(Bytes::from(vec![0; n_bytes]))
}

#[test]
fn refusals_say_what_is_wrong() {
    let limits = Limits { max_tensor_bytes: 1 << 20, ..Limits::default() };
    let cases: [(TensorProto, &str); 12] = [
        (
            TensorProto { raw_data: raw(40), ..f32_proto(&[3, 4]) },
            r#"tensor "w": dims [3, 4] of float32 need 48 bytes, raw_data has 40"#,
        ),
        (
            TensorProto { float_data: vec![0.0; 3], ..f32_proto(&[4]) },
            r#"tensor "w": dims [4] of float32 need 4 entries, float_data has 3"#,
        ),
        (f32_proto(&[1]), r#"tensor "w": dims [1] of float32 need 4 bytes, but it holds no data"#),
        (
            TensorProto { int32_data: vec![0; 2], data_type: 22, ..f32_proto(&[5]) },
            r#"tensor "w": dims [5] of int4 need 3 entries, int32_data has 2"#,
        ),
        (f32_proto(&[-1]), r#"tensor "w": dims [-1] are not sizes"#),
        (
            f32_proto(&[1 << 40, 1 << 40]),
            r#"tensor "w": dims [1099511627776, 1099511627776] of float32 exceed the limit of 1048576 bytes"#,
        ),
        (f32_proto(&[1 << 19]), r#"tensor "w": dims [524288] of float32 exceed the limit of 1048576 bytes"#),
        (
            TensorProto { data_type: 0, ..f32_proto(&[]) },
            r#"tensor "w": element type 0 (undefined) is not supported"#,
        ),
        (TensorProto { data_type: 29, ..f32_proto(&[]) }, r#"tensor "w": element type 29 is not supported"#),
        (
            TensorProto { segment: Some(TensorSegment { begin: 0, end: 1 }), ..f32_proto(&[2]) },
            r#"tensor "w": it is a segment of a larger tensor, which is not supported; store it whole"#,
        ),
        (
            TensorProto { data_type: 8, raw_data: raw(1), ..f32_proto(&[1]) },
            r#"tensor "w": strings must be in string_data"#,
        ),
        (
            TensorProto { data_type: 8, string_data: vec![Bytes::from_static(b"\xff")], ..f32_proto(&[1]) },
            r#"tensor "w": string 0 is not UTF-8"#,
        ),
    ];
    let file = whole(&[]);
    let reader = TensorReader::new(&file, &limits);
    for (proto, want) in cases {
        match reader.read(&proto) {
            Err(error) => assert_eq!(error.to_string(), want),
            Ok(tensor) => panic!("{want}: {tensor:?}"),
        }
    }
}

fn sparse(n_values: usize, indices: &[i64], indices_shape: &[usize], dims: &[i64]) -> SparseTensorProto {
    let values = Tensor::from_slice([n_values], &vec![1.0f32; n_values]).unwrap();
    let indices = Tensor::from_slice(indices_shape, indices).unwrap();
    SparseTensorProto {
        values: Some(tensor_proto(&values, "s")),
        indices: Some(tensor_proto(&indices, "")),
        dims: dims.to_vec(),
    }
}

#[test]
fn sparse_tensors_stay_inside_their_shape_and_limit() {
    let limits = Limits { max_dense_bytes: 1000, ..Limits::default() };
    let file = whole(&[]);
    let read = |proto| TensorReader::new(&file, &limits).read_sparse(&proto).map_err(|error| error.problem);
    assert_eq!(
        read(sparse(1, &[5], &[1], &[2, 3])).unwrap().view::<f32>().unwrap(),
        [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    );
    assert!(matches!(read(sparse(1, &[6], &[1], &[2, 3])), Err(TensorProblem::SparseRange { index: 0, .. })));
    assert!(matches!(read(sparse(1, &[-1], &[1], &[2, 3])), Err(TensorProblem::SparseRange { .. })));
    assert!(matches!(read(sparse(1, &[0, 3], &[1, 2], &[2, 3])), Err(TensorProblem::SparseRange { .. })));
    assert!(matches!(read(sparse(2, &[1, 1], &[2], &[2, 3])), Err(TensorProblem::SparseOrder { index: 1 })));
    assert!(matches!(read(sparse(2, &[0, 1, 2], &[3], &[2, 3])), Err(TensorProblem::SparseIndices { .. })));
    assert!(matches!(read(sparse(1, &[0], &[1], &[1000])), Err(TensorProblem::TooLarge { limit: 1000, .. })));
    let reader = TensorReader::new(&file, &limits);
    assert!(reader.read_sparse(&sparse(1, &[0], &[1], &[200])).is_ok());
    assert!(
        reader.read_sparse(&sparse(1, &[0], &[1], &[200])).is_err(),
        "the limit is on all of them together"
    );
}

#[test]
fn containers_are_checked() {
    let read = |message: &[u8], kind| read_value(whole(message), kind, &Limits::default());
    let two_keys_no_values = [0x10, 0x07, 0x18, 0x01, 0x18, 0x02];
    assert!(matches!(
        read(&two_keys_no_values, ValueKind::Map),
        Err(ValueReadError::MapLength { n_keys: 2, n_values: 0 })
    ));
    let key_300_of_uint8 = [0x10, 0x02, 0x18, 0xac, 0x02];
    assert!(matches!(read(&key_300_of_uint8, ValueKind::Map), Err(ValueReadError::Key { key: 300, .. })));
    assert!(matches!(read(&[0x10, 0x01], ValueKind::Map), Err(ValueReadError::KeyType { code: 1 })));
    assert!(matches!(
        read(&[0x10, 0x09], ValueKind::Sequence),
        Err(ValueReadError::ElementKind { kind: 9, .. })
    ));
}

/// A small generator (xorshift), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

#[test]
fn damage_never_panics() {
    let limits = Limits {
        max_decoded_bytes: 1 << 16,
        max_tensor_bytes: 1 << 16,
        max_dense_bytes: 1 << 16,
        ..Limits::default()
    };
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for case in cases() {
        for n in 0..case.message.len() {
            let _ = read_value(whole(&case.message[..n]), case.kind, &limits);
        }
        for _ in 0..200 {
            let mut message = case.message.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(message.len());
                match random.below(4) {
                    0 => message.insert(at, random.below(256) as u8),
                    1 if !message.is_empty() => drop(message.remove(at)),
                    _ if !message.is_empty() => message[at] ^= 1 << random.below(8),
                    _ => {}
                }
            }
            let _ = read_value(whole(&message), case.kind, &limits);
        }
    }
}
