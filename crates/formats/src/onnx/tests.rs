//! The reader against models made here: what it accepts, what it refuses and how, and what damage does to it.

use bytes::Bytes;
use dunlin_sys::AlignedBuf;
use prost::Message as _;

use super::proto::{
    AttributeProto, DimValue, Dimension, ElemType, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, TensorShapeProto, TensorType, TypeProto, TypeValue, ValueInfoProto, name_text,
};
use super::scan::scan;
use super::{Limits, OnnxFile, ParseError, ScanError, looks_like_onnx, schema};

pub(super) fn whole(data: &[u8]) -> dunlin_sys::Bytes {
    AlignedBuf::copy_of(data).unwrap().into()
}

fn parse(data: &[u8]) -> Result<OnnxFile, ParseError> {
    OnnxFile::parse(whole(data), &Limits::default())
}

fn scan_model(data: &[u8], limits: &Limits) -> Result<(), ScanError> {
    scan(data, &schema::MODEL, limits).map(|_| ())
}

pub(super) fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn node(op_type: &str, input: &[&str], output: &[&str]) -> NodeProto {
    NodeProto {
        op_type: bytes(op_type),
        input: input.iter().map(|name| bytes(name)).collect(),
        output: output.iter().map(|name| bytes(name)).collect(),
        ..NodeProto::default()
    }
}

fn graph_attribute(name: &str, graph: GraphProto) -> AttributeProto {
    AttributeProto { name: bytes(name), r#type: 5, g: Some(Box::new(graph)), ..AttributeProto::default() }
}

fn model_of(graph: GraphProto) -> ModelProto {
    ModelProto {
        ir_version: 10,
        producer_name: bytes("test"),
        opset_import: vec![OperatorSetIdProto { version: 21, ..OperatorSetIdProto::default() }],
        graph: Some(graph),
        ..ModelProto::default()
    }
}

/// A graph with weights, a subgraph, typed inputs and most kinds of fields.
pub(super) fn small_model() -> ModelProto {
    let weight = TensorProto {
        dims: vec![2, 3],
        data_type: 1,
        name: bytes("w"),
        raw_data: Some(Bytes::from_static(&[7; 24])),
        ..TensorProto::default()
    };
    let inner = GraphProto {
        node: vec![node("Neg", &["x"], &["a"]), node("Abs", &["a"], &["b"])],
        ..Default::default()
    };
    let mut branch = node("If", &["c"], &["y"]);
    branch.attribute = vec![
        graph_attribute("then_branch", inner.clone()),
        graph_attribute("else_branch", inner),
        AttributeProto { name: bytes("floats"), r#type: 6, floats: vec![1.0, 2.5], ..Default::default() },
        AttributeProto { name: bytes("ints"), r#type: 7, ints: vec![-1, 300], ..Default::default() },
        AttributeProto { name: bytes("s"), r#type: 3, s: Some(bytes("text")), ..Default::default() },
    ];
    let dims = [DimValue::DimParam(bytes("batch")), DimValue::DimValue(3)];
    let dim = dims.map(|value| Dimension { value: Some(value), ..Default::default() });
    let tensor = TensorType { elem_type: 1, shape: Some(TensorShapeProto { dim: dim.into() }) };
    let r#type = TypeProto { value: Some(TypeValue::TensorType(tensor)), ..Default::default() };
    model_of(GraphProto {
        name: bytes("g"),
        node: vec![node("MatMul", &["x", "w"], &["m"]), branch, node("Relu", &["y"], &["z"])],
        initializer: vec![
            weight,
            TensorProto {
                dims: vec![3],
                data_type: 7,
                name: bytes("i"),
                int64_data: vec![1, -2, 3],
                ..Default::default()
            },
        ],
        input: vec![ValueInfoProto { name: bytes("x"), r#type: Some(r#type), ..Default::default() }],
        output: vec![ValueInfoProto { name: bytes("z"), ..Default::default() }],
        ..Default::default()
    })
}

#[test]
fn a_model_is_decoded_as_it_was_encoded() {
    let model = small_model();
    let file = parse(&model.encode_to_vec()).unwrap();
    assert_eq!(Some(&file.graph), model.graph.as_ref());
    assert_eq!(file.model.opset_import, model.opset_import);
}

#[test]
fn decoded_bytes_look_into_the_file() {
    let file = parse(&small_model().encode_to_vec()).unwrap();
    let raw = file.graph.initializer[0].raw_data.as_ref().unwrap();
    let offset = file.source.offset_of(raw).unwrap();
    assert_eq!(file.whole.as_slice()[offset..offset + 24], [7; 24]);
    assert!(file.source.offset_of(&bytes("elsewhere")).is_none());
}

#[test]
fn nodes_and_tensors_are_found_where_they_stand() {
    let data = small_model().encode_to_vec();
    let file = parse(&data).unwrap();
    assert_eq!((file.source.n_nodes(), file.source.n_tensors()), (7, 2));
    let branch = &file.graph.node[1];
    let inner = branch.attribute[1].g.as_ref().unwrap();
    for (node, index) in
        [(&file.graph.node[0], 0), (branch, 1), (&inner.node[1], 1), (&file.graph.node[2], 2)]
    {
        let found = file.source.node(node).unwrap();
        assert_eq!(found.index, index);
        let range = found.offset..found.offset + found.byte_len;
        assert_eq!(&NodeProto::decode(&data[range]).unwrap(), node);
    }
    // The name of the outer node's last attribute comes after all inner nodes.
    let last = file.source.offset_of(&branch.attribute[4].name).unwrap();
    assert_eq!(file.source.node_around(last), file.source.node(branch));
    for (index, tensor) in file.graph.initializer.iter().enumerate() {
        let found = file.source.tensor(tensor).unwrap();
        assert_eq!(found.index, index);
        assert_eq!(&TensorProto::decode(&data[found.offset..found.offset + found.byte_len]).unwrap(), tensor);
        assert_eq!(found.raw_data, tensor.raw_data.as_ref().and_then(|raw| file.source.offset_of(raw)));
    }
}

#[test]
fn damage_is_named_and_placed() {
    let group = [0x0b];
    let no_end = [0x08, 0x80];
    let past_end = [0x3a, 0x05, 0x00];
    let wrong_type = [0x38, 0x01];
    let packed = [0x3a, 0x07, 0x2a, 0x05, 0x22, 0x03, 0, 0, 0];
    let cases: [(&[u8], ScanError); 6] = [
        (&[], ScanError::Empty),
        (&group, ScanError::Group { offset: 0, message: "ModelProto" }),
        (&no_end, ScanError::Varint { offset: 0, message: "ModelProto" }),
        (
            &past_end,
            ScanError::Length { offset: 0, message: "ModelProto", field: "graph", needed: 5, available: 1 },
        ),
        (
            &wrong_type,
            ScanError::WireType {
                offset: 0,
                message: "ModelProto",
                field: "graph",
                expected: "a length-prefixed field",
                got: super::WireType::Varint,
            },
        ),
        (
            &packed,
            ScanError::Packed {
                offset: 4,
                message: "TensorProto",
                field: "float_data",
                element_bytes: 4,
                got: 3,
            },
        ),
    ];
    for (data, want) in cases {
        match parse(data) {
            Err(ParseError::Scan(got)) => assert_eq!(got, want),
            other => panic!("{data:?}: expected {want:?}, got {other:?}"),
        }
    }
    assert!(matches!(parse(&[0x08, 0x0a]), Err(ParseError::NoGraph)));
}

#[test]
fn each_limit_is_enforced() {
    let data = small_model().encode_to_vec();
    let limits = Limits::default();
    assert_eq!(scan_model(&data, &limits), Ok(()));
    let cases = [
        ("max_nodes", Limits { max_nodes: 6, ..limits.clone() }),
        ("max_tensors", Limits { max_tensors: 1, ..limits.clone() }),
        ("max_attributes", Limits { max_attributes: 4, ..limits.clone() }),
        ("max_name_bytes", Limits { max_name_bytes: 10, ..limits.clone() }),
        ("max_depth", Limits { max_depth: 1, ..limits.clone() }),
        ("max_rank", Limits { max_rank: 1, ..limits.clone() }),
        ("max_decoded_bytes", Limits { max_decoded_bytes: 0, ..limits.clone() }),
    ];
    for (want, limits) in cases {
        match scan_model(&data, &limits) {
            Err(ScanError::Limit { name, .. }) => assert_eq!(name, want),
            other => panic!("{want}: {other:?}"),
        }
    }
    let limits = Limits { max_bytes: 10, ..limits };
    assert!(matches!(scan_model(&data, &limits), Err(ScanError::TooLarge { limit: 10, .. })));
}

#[test]
fn expansion_is_bounded() {
    // Two bytes for each of four million empty nodes.
    let mut graph = vec![0u8; 8 << 20];
    graph.iter_mut().step_by(2).for_each(|byte| *byte = 0x0a);
    let mut data = vec![0x3a];
    prost::encoding::encode_varint(graph.len() as u64, &mut data);
    data.extend(&graph);
    let limits = Limits { max_nodes: usize::MAX, ..Limits::default() };
    assert!(matches!(scan_model(&data, &limits), Err(ScanError::Limit { name: "max_decoded_bytes", .. })));
    assert!(matches!(
        scan_model(&data, &Limits::default()),
        Err(ScanError::Limit { name: "max_decoded_bytes" | "max_nodes", .. })
    ));
}

#[test]
fn nesting_up_to_the_limit_is_decoded() {
    let nested = |depth: usize| {
        (1..depth).fold(GraphProto::default(), |inner, _| {
            let mut outer = node("If", &["c"], &["y"]);
            outer.attribute = vec![graph_attribute("then_branch", inner)];
            GraphProto { node: vec![outer], ..Default::default() }
        })
    };
    let data = |depth| model_of(nested(depth)).encode_to_vec();
    assert!(parse(&data(16)).is_ok());
    assert!(matches!(parse(&data(17)), Err(ParseError::Scan(ScanError::Limit { name: "max_depth", .. }))));
    // As deep as any limits allow.
    let limits = Limits { max_depth: usize::MAX, ..Limits::default() };
    assert!(OnnxFile::parse(whole(&data(32)), &limits).is_ok());
    assert!(OnnxFile::parse(whole(&data(34)), &limits).is_err());
}

#[test]
fn nested_types_are_bounded() {
    let nested = |depth: usize| {
        (0..depth).fold(TypeProto::default(), |inner, _| TypeProto {
            value: Some(TypeValue::SequenceType(Box::new(ElemType { elem_type: Some(Box::new(inner)) }))),
            ..Default::default()
        })
    };
    let data = |depth| {
        let input = vec![ValueInfoProto { r#type: Some(nested(depth)), ..Default::default() }];
        model_of(GraphProto { input, ..Default::default() }).encode_to_vec()
    };
    assert!(parse(&data(40)).is_ok());
    assert!(matches!(parse(&data(60)), Err(ParseError::Scan(ScanError::Limit { .. }))));
}

#[test]
fn models_are_recognised() {
    let model = small_model().encode_to_vec();
    let cases: [(&str, &[u8], bool); 8] = [
        ("a model", &model, true),
        ("its beginning", &model[..model.len() / 2], true),
        ("nothing", &[], false),
        ("GGUF", b"GGUF\x03\0\0\0\0\0\0\0", false),
        ("safetensors", b"\x40\0\0\0\0\0\0\0{\"a\":{}}", false),
        ("text", b"hello, world", false),
        ("zip", b"PK\x03\x04\x14\0", false),
        ("an image", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", false),
    ];
    for (name, data, want) in cases {
        assert_eq!(looks_like_onnx(data), want, "{name}");
    }
}

#[test]
fn names_are_kept_whatever_their_bytes() {
    let odd = Bytes::from_static(b"a\xff\xc3(");
    let mut model = small_model();
    model.graph.as_mut().unwrap().node[0].name = odd.clone();
    let file = parse(&model.encode_to_vec()).unwrap();
    assert_eq!(file.graph.node[0].name, odd);
    assert_eq!(name_text(&odd), "a\\xff\\xc3(");
    assert_eq!(name_text("µ".as_bytes()), "µ");
    assert_eq!(name_text(b""), "");
}

/// A small generator (xorshift), so that a failure can be repeated.
pub(super) struct Random(pub u64);

impl Random {
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

/// `data` cut short, or with a few bits flipped, bytes overwritten, inserted or removed.
pub(super) fn damaged(data: &[u8], random: &mut Random) -> Vec<u8> {
    let mut data = data.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(data.len());
        match random.below(6) {
            0 => data.truncate(at),
            1 => data.insert(at, random.below(256) as u8),
            2 if !data.is_empty() => drop(data.remove(at)),
            3 if !data.is_empty() => data[at] = [0, 0x7f, 0x80, 0xff][random.below(4)],
            _ if !data.is_empty() => data[at] ^= 1 << random.below(8),
            _ => {}
        }
    }
    data
}

#[test]
fn damage_never_panics() {
    let model = small_model().encode_to_vec();
    for n in 0..model.len() {
        let _ = parse(&model[..n]);
    }
    let mut random = Random(0x1d2c_3b4a_5968_7786);
    let mut n_decoded = 0;
    for _ in 0..20_000 {
        let data = damaged(&model, &mut random);
        let bounds = Limits { max_decoded_bytes: 1 << 16, ..Limits::default() };
        match OnnxFile::parse(whole(&data), &bounds) {
            Ok(_) => n_decoded += 1,
            // The scan does not look into packed integers, nor does it know which of two cases of a union wins.
            Err(ParseError::Decode(error)) => assert!(error.to_string().contains("int64_data"), "{error}"),
            Err(_) => {}
        }
    }
    assert!(n_decoded > 1000, "{n_decoded}");
}

/// What the wire scan must know of a field, from its label and type in the standard's descriptors.
fn kind_matches(kind: schema::Kind, label: &str, ty: &str) -> bool {
    use schema::Kind;
    match (label, ty) {
        ("optional", "int32" | "int64" | "uint64" | "enum") => matches!(kind, Kind::Varint),
        ("optional", "fixed32") => matches!(kind, Kind::Fixed32),
        ("optional", "string" | "bytes") => matches!(kind, Kind::Name | Kind::Blob | Kind::RawData),
        ("repeated", "string" | "bytes") => matches!(kind, Kind::Names | Kind::Blobs),
        ("repeated", "int32") => matches!(kind, Kind::Varints(4)),
        ("repeated", "int64" | "uint64") => matches!(kind, Kind::Varints(8) | Kind::Dims),
        ("repeated", "fixed32") => matches!(kind, Kind::Fixed32s),
        ("repeated", "fixed64") => matches!(kind, Kind::Fixed64s),
        ("optional", message) => matches!(kind, Kind::One(of) | Kind::Boxed(of) if of.name == message),
        (_, message) => matches!(kind, Kind::Many(of) if of.name == message),
    }
}

#[test]
fn the_schema_is_the_standards() {
    let mut known: Vec<(&str, u32)> = schema::ALL
        .iter()
        .flat_map(|message| message.fields.iter().map(|field| (message.name, field.number)))
        .collect();
    for line in include_str!("fields.txt").lines().filter(|line| !line.starts_with('#')) {
        let [message, number, name, label, ty] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let number: u32 = number.parse().unwrap();
        let spec = schema::ALL.iter().find(|spec| spec.name == message).unwrap_or_else(|| panic!("{line}"));
        let field =
            spec.fields.iter().find(|field| field.number == number).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(field.name, name, "{line}");
        assert!(kind_matches(field.kind, label, ty), "{line}: {:?}", field.kind);
        known.retain(|&field| field != (message, number));
    }
    assert_eq!(known, [], "fields that the standard does not have");
}
