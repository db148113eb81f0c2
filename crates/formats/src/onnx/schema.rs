//! The messages as the wire scan knows them: for each field its number, what it holds, and what it costs decoded.
//!
//! Mirrors the structs of [`proto`](super::proto) field by field; a test decodes what the scan passes.

use super::proto;

/// One message type.
#[derive(Debug)]
pub struct Message {
    /// The standard's name.
    pub name: &'static str,
    /// Size of the decoded struct, in bytes.
    pub struct_bytes: usize,
    /// What the scan counts or records it as.
    pub role: Role,
    /// Its fields.
    pub fields: &'static [Field],
}

/// What the scan counts or records a message as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Nothing in particular.
    Plain,
    /// A graph: nests.
    Graph,
    /// A node: counted and recorded.
    Node,
    /// An attribute: counted.
    Attribute,
    /// A tensor: counted and recorded.
    Tensor,
    /// A dimension of a shape: counted per shape.
    Dimension,
}

/// One field of a message.
#[derive(Debug)]
pub struct Field {
    /// Its number.
    pub number: u32,
    /// The standard's name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// An integer.
    Varint,
    /// A float.
    Fixed32,
    /// Integers of so many bytes each, packed or one by one.
    Varints(usize),
    /// `int64` sizes of dimensions, packed or one by one.
    Dims,
    /// Floats, packed or one by one.
    Fixed32s,
    /// Doubles, packed or one by one.
    Fixed64s,
    /// A name: limited in length.
    Name,
    /// Names.
    Names,
    /// Bytes of any length.
    Blob,
    /// Byte strings of any length.
    Blobs,
    /// A tensor's bytes, which are never looked at.
    RawData,
    /// A message that lies within its parent once decoded.
    One(&'static Message),
    /// A message with an allocation of its own.
    Boxed(&'static Message),
    /// Messages.
    Many(&'static Message),
}

/// No message has more fields than this.
pub const MAX_FIELDS: usize = 24;

macro_rules! messages {
    ($($(#[$doc:meta])* $id:ident = $name:literal as $role:ident for $ty:ty {
        $($number:literal $field:ident : $kind:expr),* $(,)?
    })*) => {
        $(
            $(#[$doc])*
            pub static $id: Message = Message {
                name: $name,
                struct_bytes: size_of::<$ty>(),
                role: Role::$role,
                fields: &[$(Field { number: $number, name: stringify!($field), kind: $kind }),*],
            };
            const _: () = assert!([$($number),*].len() <= MAX_FIELDS);
        )*
        /// Every message, for tests.
        #[cfg(test)]
        pub static ALL: &[&Message] = &[$(&$id),*];
    };
}

use Kind::{
    Blob, Blobs, Boxed, Dims, Fixed32, Fixed32s, Fixed64s, Many, Name, Names, One, RawData, Varint, Varints,
};

messages! {
    /// A model.
    MODEL = "ModelProto" as Plain for proto::ModelProto {
        1 ir_version: Varint,
        8 opset_import: Many(&OPERATOR_SET_ID),
        2 producer_name: Name,
        3 producer_version: Name,
        4 domain: Name,
        5 model_version: Varint,
        6 doc_string: Blob,
        7 graph: One(&GRAPH),
        14 metadata_props: Many(&STRING_STRING_ENTRY),
        20 training_info: Many(&TRAINING_INFO),
        25 functions: Many(&FUNCTION),
        26 configuration: Many(&DEVICE_CONFIGURATION),
    }
    DEVICE_CONFIGURATION = "DeviceConfigurationProto" as Plain for proto::DeviceConfigurationProto {
        1 name: Name,
        2 num_devices: Varint,
        3 device: Names,
    }
    STRING_STRING_ENTRY = "StringStringEntryProto" as Plain for proto::StringStringEntryProto {
        1 key: Name,
        2 value: Blob,
    }
    TENSOR_ANNOTATION = "TensorAnnotation" as Plain for proto::TensorAnnotation {
        1 tensor_name: Name,
        2 quant_parameter_tensor_names: Many(&STRING_STRING_ENTRY),
    }
    OPERATOR_SET_ID = "OperatorSetIdProto" as Plain for proto::OperatorSetIdProto {
        1 domain: Name,
        2 version: Varint,
    }
    TRAINING_INFO = "TrainingInfoProto" as Plain for proto::TrainingInfoProto {
        1 initialization: One(&GRAPH),
        2 algorithm: One(&GRAPH),
        3 initialization_binding: Many(&STRING_STRING_ENTRY),
        4 update_binding: Many(&STRING_STRING_ENTRY),
    }
    GRAPH = "GraphProto" as Graph for proto::GraphProto {
        1 node: Many(&NODE),
        2 name: Name,
        5 initializer: Many(&TENSOR),
        15 sparse_initializer: Many(&SPARSE_TENSOR),
        10 doc_string: Blob,
        11 input: Many(&VALUE_INFO),
        12 output: Many(&VALUE_INFO),
        13 value_info: Many(&VALUE_INFO),
        14 quantization_annotation: Many(&TENSOR_ANNOTATION),
        16 metadata_props: Many(&STRING_STRING_ENTRY),
    }
    NODE = "NodeProto" as Node for proto::NodeProto {
        1 input: Names,
        2 output: Names,
        3 name: Name,
        4 op_type: Name,
        7 domain: Name,
        8 overload: Name,
        5 attribute: Many(&ATTRIBUTE),
        6 doc_string: Blob,
        9 metadata_props: Many(&STRING_STRING_ENTRY),
        10 device_configurations: Many(&NODE_DEVICE_CONFIGURATION),
    }
    INT_INT_LIST_ENTRY = "IntIntListEntryProto" as Plain for proto::IntIntListEntryProto {
        1 key: Varint,
        2 value: Varints(8),
    }
    NODE_DEVICE_CONFIGURATION = "NodeDeviceConfigurationProto" as Plain for proto::NodeDeviceConfigurationProto {
        1 configuration_id: Name,
        2 sharding_spec: Many(&SHARDING_SPEC),
        3 pipeline_stage: Varint,
    }
    SHARDING_SPEC = "ShardingSpecProto" as Plain for proto::ShardingSpecProto {
        1 tensor_name: Name,
        2 device: Varints(8),
        3 index_to_device_group_map: Many(&INT_INT_LIST_ENTRY),
        4 sharded_dim: Many(&SHARDED_DIM),
    }
    SHARDED_DIM = "ShardedDimProto" as Plain for proto::ShardedDimProto {
        1 axis: Varint,
        2 simple_sharding: Many(&SIMPLE_SHARDED_DIM),
    }
    SIMPLE_SHARDED_DIM = "SimpleShardedDimProto" as Plain for proto::SimpleShardedDimProto {
        1 dim_value: Varint,
        2 dim_param: Name,
        3 num_shards: Varint,
    }
    ATTRIBUTE = "AttributeProto" as Attribute for proto::AttributeProto {
        1 name: Name,
        21 ref_attr_name: Name,
        13 doc_string: Blob,
        20 type: Varint,
        2 f: Fixed32,
        3 i: Varint,
        4 s: Blob,
        5 t: Boxed(&TENSOR),
        6 g: Boxed(&GRAPH),
        22 sparse_tensor: Boxed(&SPARSE_TENSOR),
        14 tp: Boxed(&TYPE),
        7 floats: Fixed32s,
        8 ints: Varints(8),
        9 strings: Blobs,
        10 tensors: Many(&TENSOR),
        11 graphs: Many(&GRAPH),
        23 sparse_tensors: Many(&SPARSE_TENSOR),
        15 type_protos: Many(&TYPE),
    }
    VALUE_INFO = "ValueInfoProto" as Plain for proto::ValueInfoProto {
        1 name: Name,
        2 type: One(&TYPE),
        3 doc_string: Blob,
        4 metadata_props: Many(&STRING_STRING_ENTRY),
    }
    /// A tensor.
    TENSOR = "TensorProto" as Tensor for proto::TensorProto {
        1 dims: Dims,
        2 data_type: Varint,
        3 segment: One(&SEGMENT),
        4 float_data: Fixed32s,
        5 int32_data: Varints(4),
        6 string_data: Blobs,
        7 int64_data: Varints(8),
        8 name: Name,
        12 doc_string: Blob,
        9 raw_data: RawData,
        13 external_data: Many(&STRING_STRING_ENTRY),
        14 data_location: Varint,
        10 double_data: Fixed64s,
        11 uint64_data: Varints(8),
        16 metadata_props: Many(&STRING_STRING_ENTRY),
    }
    SEGMENT = "TensorProto.Segment" as Plain for proto::TensorSegment {
        1 begin: Varint,
        2 end: Varint,
    }
    /// A sparse tensor.
    SPARSE_TENSOR = "SparseTensorProto" as Plain for proto::SparseTensorProto {
        1 values: One(&TENSOR),
        2 indices: One(&TENSOR),
        3 dims: Dims,
    }
    TENSOR_SHAPE = "TensorShapeProto" as Plain for proto::TensorShapeProto {
        1 dim: Many(&DIMENSION),
    }
    DIMENSION = "TensorShapeProto.Dimension" as Dimension for proto::Dimension {
        1 dim_value: Varint,
        2 dim_param: Name,
        3 denotation: Name,
    }
    TYPE = "TypeProto" as Plain for proto::TypeProto {
        1 tensor_type: One(&TENSOR_TYPE),
        4 sequence_type: Boxed(&SEQUENCE_TYPE),
        5 map_type: Boxed(&MAP_TYPE),
        9 optional_type: Boxed(&OPTIONAL_TYPE),
        8 sparse_tensor_type: One(&SPARSE_TENSOR_TYPE),
        7 opaque_type: One(&OPAQUE_TYPE),
        6 denotation: Name,
    }
    TENSOR_TYPE = "TypeProto.Tensor" as Plain for proto::TensorType {
        1 elem_type: Varint,
        2 shape: One(&TENSOR_SHAPE),
    }
    SPARSE_TENSOR_TYPE = "TypeProto.SparseTensor" as Plain for proto::TensorType {
        1 elem_type: Varint,
        2 shape: One(&TENSOR_SHAPE),
    }
    SEQUENCE_TYPE = "TypeProto.Sequence" as Plain for proto::ElemType {
        1 elem_type: Boxed(&TYPE),
    }
    OPTIONAL_TYPE = "TypeProto.Optional" as Plain for proto::ElemType {
        1 elem_type: Boxed(&TYPE),
    }
    MAP_TYPE = "TypeProto.Map" as Plain for proto::MapType {
        1 key_type: Varint,
        2 value_type: Boxed(&TYPE),
    }
    OPAQUE_TYPE = "TypeProto.Opaque" as Plain for proto::OpaqueType {
        1 domain: Name,
        2 name: Name,
    }
    FUNCTION = "FunctionProto" as Plain for proto::FunctionProto {
        1 name: Name,
        4 input: Names,
        5 output: Names,
        6 attribute: Names,
        11 attribute_proto: Many(&ATTRIBUTE),
        7 node: Many(&NODE),
        8 doc_string: Blob,
        9 opset_import: Many(&OPERATOR_SET_ID),
        10 domain: Name,
        13 overload: Name,
        12 value_info: Many(&VALUE_INFO),
        14 metadata_props: Many(&STRING_STRING_ENTRY),
    }
    /// A stored sequence.
    SEQUENCE = "SequenceProto" as Plain for proto::SequenceProto {
        1 name: Name,
        2 elem_type: Varint,
        3 tensor_values: Many(&TENSOR),
        4 sparse_tensor_values: Many(&SPARSE_TENSOR),
        5 sequence_values: Many(&SEQUENCE),
        6 map_values: Many(&MAP),
        7 optional_values: Many(&OPTIONAL),
    }
    /// A stored map.
    MAP = "MapProto" as Plain for proto::MapProto {
        1 name: Name,
        2 key_type: Varint,
        3 keys: Varints(8),
        4 string_keys: Blobs,
        5 values: One(&SEQUENCE),
    }
    /// A stored value or none.
    OPTIONAL = "OptionalProto" as Plain for proto::OptionalProto {
        1 name: Name,
        2 elem_type: Varint,
        3 tensor_value: Boxed(&TENSOR),
        4 sparse_tensor_value: Boxed(&SPARSE_TENSOR),
        5 sequence_value: Boxed(&SEQUENCE),
        6 map_value: Boxed(&MAP),
        7 optional_value: Boxed(&OPTIONAL),
    }
}
