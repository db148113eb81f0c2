//! How much of a file the reader is willing to believe.

/// Bounds on what a model file may make the reader hold or do. A file that exceeds one is refused with an error
/// that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Size of the file, in bytes.
    pub max_bytes: u64,
    /// Bytes that the decoded messages may take in memory, weights that lie in the file as raw bytes not counted.
    /// Where eight times the file's size is more, that is the bound: the integers of a forest take two bytes each in
    /// the file and eight in memory.
    pub max_decoded_bytes: u64,
    /// Nodes, those of subgraphs and functions included.
    pub max_nodes: usize,
    /// Tensors: initializers and those in attributes.
    pub max_tensors: usize,
    /// Attributes of all nodes.
    pub max_attributes: usize,
    /// Length of one name, in bytes.
    pub max_name_bytes: usize,
    /// How deep graphs may nest; the main graph is at depth 1.
    pub max_depth: usize,
    /// Dimensions of a shape.
    pub max_rank: usize,
    /// Bytes of one tensor.
    pub max_tensor_bytes: u64,
    /// Bytes that all sparse tensors together may take once they are made dense.
    pub max_dense_bytes: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_bytes: 1 << 36,
            max_decoded_bytes: 1 << 29,
            max_nodes: 1_000_000,
            max_tensors: 1_000_000,
            max_attributes: 4_000_000,
            max_name_bytes: 1 << 16,
            max_depth: 16,
            max_rank: 64,
            max_tensor_bytes: 1 << 36,
            max_dense_bytes: 1 << 30,
        }
    }
}
