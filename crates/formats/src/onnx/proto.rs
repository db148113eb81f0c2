//! The ONNX messages (IR version 14, onnx 1.23) as prost sees them; field names are the standard's.
//!
//! Everything of type `string` is declared as bytes, so that names that are not UTF-8 are accepted, and all bytes
//! look into the buffer that was decoded. Decode only what [`OnnxFile::parse`](super::OnnxFile::parse)
//! would: protobuf expands.
//!
//! Specification: `onnx-ml.proto` and `onnx-data.proto`, <https://onnx.ai/onnx/repo-docs/IR.html>.

use std::borrow::Cow;

use bytes::Bytes;

/// A name as text: unchanged if it is UTF-8, else with each offending byte written as `\xNN`.
///
/// For messages and for display. Names are told apart by their bytes.
pub fn name_text(name: &[u8]) -> Cow<'_, str> {
    let mut chunks = name.utf8_chunks();
    match chunks.next() {
        None => return Cow::Borrowed(""),
        Some(first) if first.invalid().is_empty() => return Cow::Borrowed(first.valid()),
        Some(_) => {}
    }
    let mut text = String::new();
    for chunk in name.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    Cow::Owned(text)
}

/// A model: a graph, the operator sets it uses, and its local functions.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ModelProto {
    /// Version of the format.
    #[prost(int64, tag = "1")]
    pub ir_version: i64,
    /// Operator sets that the nodes refer to.
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSetIdProto>,
    /// The program that wrote the model.
    #[prost(bytes = "bytes", tag = "2")]
    pub producer_name: Bytes,
    /// That program's version.
    #[prost(bytes = "bytes", tag = "3")]
    pub producer_version: Bytes,
    /// Reverse domain name of the model.
    #[prost(bytes = "bytes", tag = "4")]
    pub domain: Bytes,
    /// Version of the model.
    #[prost(int64, tag = "5")]
    pub model_version: i64,
    /// Documentation.
    #[prost(bytes = "bytes", tag = "6")]
    pub doc_string: Bytes,
    /// The main graph.
    #[prost(message, optional, tag = "7")]
    pub graph: Option<GraphProto>,
    /// Named metadata.
    #[prost(message, repeated, tag = "14")]
    pub metadata_props: Vec<StringStringEntryProto>,
    /// How to train the model.
    #[prost(message, repeated, tag = "20")]
    pub training_info: Vec<TrainingInfoProto>,
    /// Functions that nodes of this model may call.
    #[prost(message, repeated, tag = "25")]
    pub functions: Vec<FunctionProto>,
    /// Multi-device configurations.
    #[prost(message, repeated, tag = "26")]
    pub configuration: Vec<DeviceConfigurationProto>,
}

/// A set of devices that a model may be spread over.
#[derive(Clone, PartialEq, prost::Message)]
pub struct DeviceConfigurationProto {
    /// Name of the configuration.
    #[prost(bytes = "bytes", tag = "1")]
    pub name: Bytes,
    /// How many devices.
    #[prost(int32, tag = "2")]
    pub num_devices: i32,
    /// Their names.
    #[prost(bytes = "bytes", repeated, tag = "3")]
    pub device: Vec<Bytes>,
}

/// A key and its value.
#[derive(Clone, PartialEq, prost::Message)]
pub struct StringStringEntryProto {
    /// The key.
    #[prost(bytes = "bytes", tag = "1")]
    pub key: Bytes,
    /// The value.
    #[prost(bytes = "bytes", tag = "2")]
    pub value: Bytes,
}

/// Names the tensors that hold the quantisation parameters of a tensor.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TensorAnnotation {
    /// The tensor described.
    #[prost(bytes = "bytes", tag = "1")]
    pub tensor_name: Bytes,
    /// `SCALE_TENSOR`, `ZERO_POINT_TENSOR` and the like, with tensor names.
    #[prost(message, repeated, tag = "2")]
    pub quant_parameter_tensor_names: Vec<StringStringEntryProto>,
}

/// An operator set: a domain and a version.
#[derive(Clone, PartialEq, prost::Message)]
pub struct OperatorSetIdProto {
    /// The domain; empty for the standard's own.
    #[prost(bytes = "bytes", tag = "1")]
    pub domain: Bytes,
    /// The version.
    #[prost(int64, tag = "2")]
    pub version: i64,
}

/// How to train the model.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TrainingInfoProto {
    /// Computes the initial tensors.
    #[prost(message, optional, tag = "1")]
    pub initialization: Option<GraphProto>,
    /// One training step.
    #[prost(message, optional, tag = "2")]
    pub algorithm: Option<GraphProto>,
    /// Which output initialises which tensor.
    #[prost(message, repeated, tag = "3")]
    pub initialization_binding: Vec<StringStringEntryProto>,
    /// Which output updates which tensor.
    #[prost(message, repeated, tag = "4")]
    pub update_binding: Vec<StringStringEntryProto>,
}

/// A graph: nodes in topological order, with inputs, outputs and constants.
#[derive(Clone, PartialEq, prost::Message)]
pub struct GraphProto {
    /// The nodes, sorted topologically.
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<NodeProto>,
    /// The graph's name.
    #[prost(bytes = "bytes", tag = "2")]
    pub name: Bytes,
    /// Constants by name.
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<TensorProto>,
    /// Constants in sparse form.
    #[prost(message, repeated, tag = "15")]
    pub sparse_initializer: Vec<SparseTensorProto>,
    /// Documentation.
    #[prost(bytes = "bytes", tag = "10")]
    pub doc_string: Bytes,
    /// The inputs; up to IR version 3 the initializers too.
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfoProto>,
    /// The outputs.
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfoProto>,
    /// Types of inner values.
    #[prost(message, repeated, tag = "13")]
    pub value_info: Vec<ValueInfoProto>,
    /// Quantisation parameters of tensors.
    #[prost(message, repeated, tag = "14")]
    pub quantization_annotation: Vec<TensorAnnotation>,
    /// Named metadata.
    #[prost(message, repeated, tag = "16")]
    pub metadata_props: Vec<StringStringEntryProto>,
}

/// A node: an operator applied to named values.
#[derive(Clone, PartialEq, prost::Message)]
pub struct NodeProto {
    /// Names of inputs; empty for one left out.
    #[prost(bytes = "bytes", repeated, tag = "1")]
    pub input: Vec<Bytes>,
    /// Names of outputs; empty for one left out.
    #[prost(bytes = "bytes", repeated, tag = "2")]
    pub output: Vec<Bytes>,
    /// The node's own name, perhaps empty.
    #[prost(bytes = "bytes", tag = "3")]
    pub name: Bytes,
    /// The operator.
    #[prost(bytes = "bytes", tag = "4")]
    pub op_type: Bytes,
    /// The operator's domain.
    #[prost(bytes = "bytes", tag = "7")]
    pub domain: Bytes,
    /// Which of several functions of one name.
    #[prost(bytes = "bytes", tag = "8")]
    pub overload: Bytes,
    /// Attributes by name.
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<AttributeProto>,
    /// Documentation.
    #[prost(bytes = "bytes", tag = "6")]
    pub doc_string: Bytes,
    /// Named metadata.
    #[prost(message, repeated, tag = "9")]
    pub metadata_props: Vec<StringStringEntryProto>,
    /// Multi-device annotations.
    #[prost(message, repeated, tag = "10")]
    pub device_configurations: Vec<NodeDeviceConfigurationProto>,
}

/// A key and a list of numbers.
#[derive(Clone, PartialEq, prost::Message)]
pub struct IntIntListEntryProto {
    /// The key.
    #[prost(int64, tag = "1")]
    pub key: i64,
    /// The values.
    #[prost(int64, repeated, packed = "false", tag = "2")]
    pub value: Vec<i64>,
}

/// How a node is spread over devices.
#[derive(Clone, PartialEq, prost::Message)]
pub struct NodeDeviceConfigurationProto {
    /// The model's configuration that this refers to.
    #[prost(bytes = "bytes", tag = "1")]
    pub configuration_id: Bytes,
    /// How inputs and outputs are split.
    #[prost(message, repeated, tag = "2")]
    pub sharding_spec: Vec<ShardingSpecProto>,
    /// Pipeline stage.
    #[prost(int32, optional, tag = "3")]
    pub pipeline_stage: Option<i32>,
}

/// How a tensor is split over devices.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ShardingSpecProto {
    /// The tensor.
    #[prost(bytes = "bytes", tag = "1")]
    pub tensor_name: Bytes,
    /// Devices, or groups of devices.
    #[prost(int64, repeated, packed = "false", tag = "2")]
    pub device: Vec<i64>,
    /// What the groups hold.
    #[prost(message, repeated, tag = "3")]
    pub index_to_device_group_map: Vec<IntIntListEntryProto>,
    /// How each axis is split.
    #[prost(message, repeated, tag = "4")]
    pub sharded_dim: Vec<ShardedDimProto>,
}

/// How an axis is split.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ShardedDimProto {
    /// The axis, perhaps counted from the end.
    #[prost(int64, tag = "1")]
    pub axis: i64,
    /// The splits, one after the other.
    #[prost(message, repeated, tag = "2")]
    pub simple_sharding: Vec<SimpleShardedDimProto>,
}

/// One split of a dimension into shards.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SimpleShardedDimProto {
    /// What is split.
    #[prost(oneof = "DimValue", tags = "1, 2")]
    pub dim: Option<DimValue>,
    /// Into how many.
    #[prost(int64, tag = "3")]
    pub num_shards: i64,
}

/// The size of a dimension: a number or a name.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum DimValue {
    /// A fixed size.
    #[prost(int64, tag = "1")]
    DimValue(i64),
    /// A size known by name.
    #[prost(bytes = "bytes", tag = "2")]
    DimParam(Bytes),
}

/// An attribute of a node.
#[derive(Clone, PartialEq, prost::Message)]
pub struct AttributeProto {
    /// The attribute's name.
    #[prost(bytes = "bytes", tag = "1")]
    pub name: Bytes,
    /// In a function body: the attribute of the call whose value this takes.
    #[prost(bytes = "bytes", tag = "21")]
    pub ref_attr_name: Bytes,
    /// Documentation.
    #[prost(bytes = "bytes", tag = "13")]
    pub doc_string: Bytes,
    /// Which field below holds the value; absent (0) in IR version 1.
    #[prost(enumeration = "AttributeType", tag = "20")]
    pub r#type: i32,
    /// A float.
    #[prost(float, optional, tag = "2")]
    pub f: Option<f32>,
    /// An integer.
    #[prost(int64, optional, tag = "3")]
    pub i: Option<i64>,
    /// A string.
    #[prost(bytes = "bytes", optional, tag = "4")]
    pub s: Option<Bytes>,
    /// A tensor.
    #[prost(message, optional, boxed, tag = "5")]
    pub t: Option<Box<TensorProto>>,
    /// A graph.
    #[prost(message, optional, boxed, tag = "6")]
    pub g: Option<Box<GraphProto>>,
    /// A sparse tensor.
    #[prost(message, optional, boxed, tag = "22")]
    pub sparse_tensor: Option<Box<SparseTensorProto>>,
    /// A type.
    #[prost(message, optional, boxed, tag = "14")]
    pub tp: Option<Box<TypeProto>>,
    /// Floats.
    #[prost(float, repeated, packed = "false", tag = "7")]
    pub floats: Vec<f32>,
    /// Integers.
    #[prost(int64, repeated, packed = "false", tag = "8")]
    pub ints: Vec<i64>,
    /// Strings.
    #[prost(bytes = "bytes", repeated, tag = "9")]
    pub strings: Vec<Bytes>,
    /// Tensors.
    #[prost(message, repeated, tag = "10")]
    pub tensors: Vec<TensorProto>,
    /// Graphs.
    #[prost(message, repeated, tag = "11")]
    pub graphs: Vec<GraphProto>,
    /// Sparse tensors.
    #[prost(message, repeated, tag = "23")]
    pub sparse_tensors: Vec<SparseTensorProto>,
    /// Types.
    #[prost(message, repeated, tag = "15")]
    pub type_protos: Vec<TypeProto>,
}

/// Which field of an [`AttributeProto`] holds its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum AttributeType {
    /// Not said.
    Undefined = 0,
    /// `f`.
    Float = 1,
    /// `i`.
    Int = 2,
    /// `s`.
    String = 3,
    /// `t`.
    Tensor = 4,
    /// `g`.
    Graph = 5,
    /// `floats`.
    Floats = 6,
    /// `ints`.
    Ints = 7,
    /// `strings`.
    Strings = 8,
    /// `tensors`.
    Tensors = 9,
    /// `graphs`.
    Graphs = 10,
    /// `sparse_tensor`.
    SparseTensor = 11,
    /// `sparse_tensors`.
    SparseTensors = 12,
    /// `tp`.
    TypeProto = 13,
    /// `type_protos`.
    TypeProtos = 14,
}

/// A value's name and type.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ValueInfoProto {
    /// The name.
    #[prost(bytes = "bytes", tag = "1")]
    pub name: Bytes,
    /// The type.
    #[prost(message, optional, tag = "2")]
    pub r#type: Option<TypeProto>,
    /// Documentation.
    #[prost(bytes = "bytes", tag = "3")]
    pub doc_string: Bytes,
    /// Named metadata.
    #[prost(message, repeated, tag = "4")]
    pub metadata_props: Vec<StringStringEntryProto>,
}

/// A tensor's element type, shape and contents.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TensorProto {
    /// The shape.
    #[prost(int64, repeated, packed = "false", tag = "1")]
    pub dims: Vec<i64>,
    /// The standard's number of the element type.
    #[prost(int32, tag = "2")]
    pub data_type: i32,
    /// Which part of a larger tensor this is.
    #[prost(message, optional, tag = "3")]
    pub segment: Option<TensorSegment>,
    /// Elements of float and complex64 tensors.
    #[prost(float, repeated, tag = "4")]
    pub float_data: Vec<f32>,
    /// Elements of int32 and all narrower types, as numbers or bit patterns.
    #[prost(int32, repeated, tag = "5")]
    pub int32_data: Vec<i32>,
    /// Elements of string tensors.
    #[prost(bytes = "bytes", repeated, tag = "6")]
    pub string_data: Vec<Bytes>,
    /// Elements of int64 tensors.
    #[prost(int64, repeated, tag = "7")]
    pub int64_data: Vec<i64>,
    /// The tensor's name.
    #[prost(bytes = "bytes", tag = "8")]
    pub name: Bytes,
    /// Documentation.
    #[prost(bytes = "bytes", tag = "12")]
    pub doc_string: Bytes,
    /// Elements of any type but string, little-endian.
    #[prost(bytes = "bytes", optional, tag = "9")]
    pub raw_data: Option<Bytes>,
    /// Where the elements lie outside of the file.
    #[prost(message, repeated, tag = "13")]
    pub external_data: Vec<StringStringEntryProto>,
    /// Whether the elements are here (0) or described by `external_data` (1).
    #[prost(enumeration = "DataLocation", tag = "14")]
    pub data_location: i32,
    /// Elements of double and complex128 tensors.
    #[prost(double, repeated, tag = "10")]
    pub double_data: Vec<f64>,
    /// Elements of uint32 and uint64 tensors.
    #[prost(uint64, repeated, tag = "11")]
    pub uint64_data: Vec<u64>,
    /// Named metadata.
    #[prost(message, repeated, tag = "16")]
    pub metadata_props: Vec<StringStringEntryProto>,
}

/// Where a tensor's elements are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum DataLocation {
    /// In the message itself.
    Default = 0,
    /// In another file.
    External = 1,
}

/// A range of a larger tensor's elements.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TensorSegment {
    /// The first element.
    #[prost(int64, tag = "1")]
    pub begin: i64,
    /// One past the last.
    #[prost(int64, tag = "2")]
    pub end: i64,
}

/// A tensor of mostly zeros.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SparseTensorProto {
    /// The elements that are not zero, `[nnz]`; its name is the sparse tensor's.
    #[prost(message, optional, tag = "1")]
    pub values: Option<TensorProto>,
    /// Where they are, `[nnz]` or `[nnz, rank]`.
    #[prost(message, optional, tag = "2")]
    pub indices: Option<TensorProto>,
    /// The dense tensor's shape.
    #[prost(int64, repeated, packed = "false", tag = "3")]
    pub dims: Vec<i64>,
}

/// A shape with perhaps symbolic sizes.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TensorShapeProto {
    /// The dimensions.
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<Dimension>,
}

/// One dimension of a [`TensorShapeProto`].
#[derive(Clone, PartialEq, prost::Message)]
pub struct Dimension {
    /// Its size; unknown if absent.
    #[prost(oneof = "DimValue", tags = "1, 2")]
    pub value: Option<DimValue>,
    /// What it stands for.
    #[prost(bytes = "bytes", tag = "3")]
    pub denotation: Bytes,
}

/// The type of a value.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TypeProto {
    /// The type.
    #[prost(oneof = "TypeValue", tags = "1, 4, 5, 9, 8, 7")]
    pub value: Option<TypeValue>,
    /// What the value stands for.
    #[prost(bytes = "bytes", tag = "6")]
    pub denotation: Bytes,
}

/// The kinds of [`TypeProto`].
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum TypeValue {
    /// A tensor.
    #[prost(message, tag = "1")]
    TensorType(TensorType),
    /// A sequence.
    #[prost(message, tag = "4")]
    SequenceType(Box<ElemType>),
    /// A map.
    #[prost(message, tag = "5")]
    MapType(Box<MapType>),
    /// A value or none.
    #[prost(message, tag = "9")]
    OptionalType(Box<ElemType>),
    /// A sparse tensor.
    #[prost(message, tag = "8")]
    SparseTensorType(TensorType),
    /// Something of which only the name is known.
    #[prost(message, tag = "7")]
    OpaqueType(OpaqueType),
}

/// `TypeProto.Tensor` and `TypeProto.SparseTensor`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TensorType {
    /// The standard's number of the element type.
    #[prost(int32, tag = "1")]
    pub elem_type: i32,
    /// The shape; absent if even the rank is unknown.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<TensorShapeProto>,
}

/// `TypeProto.Sequence` and `TypeProto.Optional`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ElemType {
    /// The type within.
    #[prost(message, optional, boxed, tag = "1")]
    pub elem_type: Option<Box<TypeProto>>,
}

/// `TypeProto.Map`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct MapType {
    /// The standard's number of the keys' type.
    #[prost(int32, tag = "1")]
    pub key_type: i32,
    /// The values' type.
    #[prost(message, optional, boxed, tag = "2")]
    pub value_type: Option<Box<TypeProto>>,
}

/// `TypeProto.Opaque`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct OpaqueType {
    /// The type's domain.
    #[prost(bytes = "bytes", tag = "1")]
    pub domain: Bytes,
    /// The type's name.
    #[prost(bytes = "bytes", tag = "2")]
    pub name: Bytes,
}

/// A function of the model: nodes that calls expand to.
#[derive(Clone, PartialEq, prost::Message)]
pub struct FunctionProto {
    /// The function's name.
    #[prost(bytes = "bytes", tag = "1")]
    pub name: Bytes,
    /// Formal inputs.
    #[prost(bytes = "bytes", repeated, tag = "4")]
    pub input: Vec<Bytes>,
    /// Formal outputs.
    #[prost(bytes = "bytes", repeated, tag = "5")]
    pub output: Vec<Bytes>,
    /// Attributes without default.
    #[prost(bytes = "bytes", repeated, tag = "6")]
    pub attribute: Vec<Bytes>,
    /// Attributes with default.
    #[prost(message, repeated, tag = "11")]
    pub attribute_proto: Vec<AttributeProto>,
    /// The body.
    #[prost(message, repeated, tag = "7")]
    pub node: Vec<NodeProto>,
    /// Documentation.
    #[prost(bytes = "bytes", tag = "8")]
    pub doc_string: Bytes,
    /// Operator sets of the body.
    #[prost(message, repeated, tag = "9")]
    pub opset_import: Vec<OperatorSetIdProto>,
    /// The function's domain.
    #[prost(bytes = "bytes", tag = "10")]
    pub domain: Bytes,
    /// Which of several functions of one name.
    #[prost(bytes = "bytes", tag = "13")]
    pub overload: Bytes,
    /// Types of inner values.
    #[prost(message, repeated, tag = "12")]
    pub value_info: Vec<ValueInfoProto>,
    /// Named metadata.
    #[prost(message, repeated, tag = "14")]
    pub metadata_props: Vec<StringStringEntryProto>,
}

/// What a [`SequenceProto`] or an [`OptionalProto`] holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum ElementKind {
    /// Nothing.
    Undefined = 0,
    /// Tensors.
    Tensor = 1,
    /// Sparse tensors.
    SparseTensor = 2,
    /// Sequences.
    Sequence = 3,
    /// Maps.
    Map = 4,
    /// Optional values.
    Optional = 5,
}

/// A stored sequence.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SequenceProto {
    /// Its name.
    #[prost(bytes = "bytes", tag = "1")]
    pub name: Bytes,
    /// Which list below holds the elements.
    #[prost(enumeration = "ElementKind", tag = "2")]
    pub elem_type: i32,
    /// Tensors.
    #[prost(message, repeated, tag = "3")]
    pub tensor_values: Vec<TensorProto>,
    /// Sparse tensors.
    #[prost(message, repeated, tag = "4")]
    pub sparse_tensor_values: Vec<SparseTensorProto>,
    /// Sequences.
    #[prost(message, repeated, tag = "5")]
    pub sequence_values: Vec<SequenceProto>,
    /// Maps.
    #[prost(message, repeated, tag = "6")]
    pub map_values: Vec<MapProto>,
    /// Optional values.
    #[prost(message, repeated, tag = "7")]
    pub optional_values: Vec<OptionalProto>,
}

/// A stored map.
#[derive(Clone, PartialEq, prost::Message)]
pub struct MapProto {
    /// Its name.
    #[prost(bytes = "bytes", tag = "1")]
    pub name: Bytes,
    /// The standard's number of the keys' type.
    #[prost(int32, tag = "2")]
    pub key_type: i32,
    /// Keys of an integer type.
    #[prost(int64, repeated, packed = "false", tag = "3")]
    pub keys: Vec<i64>,
    /// Keys of type string.
    #[prost(bytes = "bytes", repeated, tag = "4")]
    pub string_keys: Vec<Bytes>,
    /// The values, in the order of the keys.
    #[prost(message, optional, tag = "5")]
    pub values: Option<SequenceProto>,
}

/// A stored value or none.
#[derive(Clone, PartialEq, prost::Message)]
pub struct OptionalProto {
    /// Its name.
    #[prost(bytes = "bytes", tag = "1")]
    pub name: Bytes,
    /// Which field below holds the value; none if 0.
    #[prost(enumeration = "ElementKind", tag = "2")]
    pub elem_type: i32,
    /// A tensor.
    #[prost(message, optional, boxed, tag = "3")]
    pub tensor_value: Option<Box<TensorProto>>,
    /// A sparse tensor.
    #[prost(message, optional, boxed, tag = "4")]
    pub sparse_tensor_value: Option<Box<SparseTensorProto>>,
    /// A sequence.
    #[prost(message, optional, boxed, tag = "5")]
    pub sequence_value: Option<Box<SequenceProto>>,
    /// A map.
    #[prost(message, optional, boxed, tag = "6")]
    pub map_value: Option<Box<MapProto>>,
    /// An optional value.
    #[prost(message, optional, boxed, tag = "7")]
    pub optional_value: Option<Box<OptionalProto>>,
}
