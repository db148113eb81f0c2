//! Where in the file each node and tensor lies, for error messages and reports.

use bytes::Bytes;

use super::proto::{NodeProto, TensorProto};

/// The byte ranges of all nodes and tensors of one file.
///
/// A node or tensor is found by the address of its decoded bytes, which look into the file: whoever holds a
/// [`NodeProto`] can ask where it stood, without keeping count of graphs and indices.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    base: usize,
    file_bytes: usize,
    nodes: Vec<NodeMark>,
    tensors: Vec<TensorMark>,
}

/// Where a node lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeSource {
    /// Offset of the message in the file, in bytes.
    pub offset: usize,
    /// Length of the message, in bytes.
    pub byte_len: usize,
    /// Its place among the nodes of its graph or function, from 0.
    pub index: usize,
}

/// Where a tensor lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TensorSource {
    /// Offset of the message in the file, in bytes.
    pub offset: usize,
    /// Length of the message, in bytes.
    pub byte_len: usize,
    /// Its place in the list that holds it (the graph's initializers, say), from 0.
    pub index: usize,
    /// Offset of the raw data in the file, in bytes, if there are any.
    pub raw_data: Option<usize>,
}

#[derive(Debug, Clone, Copy)]
struct NodeMark {
    start: usize,
    end: usize,
    index: u32,
    /// The node around this one, as an index into `nodes`; its own if there is none.
    parent: u32,
}

#[derive(Debug, Clone, Copy)]
struct TensorMark {
    start: usize,
    end: usize,
    index: u32,
    /// Where `raw_data` starts; 0 if there is none, since no tensor's data can start there.
    raw_data: usize,
}

impl SourceMap {
    /// An empty map of the file that `data` holds.
    pub(super) fn new(data: &[u8]) -> SourceMap {
        SourceMap { base: data.as_ptr().addr(), file_bytes: data.len(), ..SourceMap::default() }
    }

    /// How many nodes there are, those of subgraphs and functions included.
    pub fn n_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// How many tensors there are.
    pub fn n_tensors(&self) -> usize {
        self.tensors.len()
    }

    /// Where the node lies; `None` if it was not decoded from this file or has no names at all.
    pub fn node(&self, node: &NodeProto) -> Option<NodeSource> {
        let names = [&node.op_type, &node.name, &node.domain].into_iter();
        let offset = names.chain(&node.output).chain(&node.input).find_map(|name| self.offset_of(name))?;
        self.node_around(offset)
    }

    /// Where the tensor lies; `None` if it was not decoded from this file or has neither name nor raw data.
    pub fn tensor(&self, tensor: &TensorProto) -> Option<TensorSource> {
        let raw_data = tensor.raw_data.iter();
        let offset = raw_data.chain([&tensor.name]).find_map(|bytes| self.offset_of(bytes))?;
        self.tensor_around(offset)
    }

    /// Where in the file decoded bytes lie; `None` for empty bytes and those from elsewhere.
    pub fn offset_of(&self, bytes: &Bytes) -> Option<usize> {
        let offset = bytes.as_ptr().addr().checked_sub(self.base)?;
        let inside = !bytes.is_empty() && offset.checked_add(bytes.len())? <= self.file_bytes;
        inside.then_some(offset)
    }

    /// The innermost node around a byte of the file.
    pub fn node_around(&self, offset: usize) -> Option<NodeSource> {
        let mut at = self.nodes.partition_point(|node| node.start <= offset).checked_sub(1)?;
        loop {
            let node = self.nodes[at];
            if offset < node.end {
                let byte_len = node.end - node.start;
                return Some(NodeSource { offset: node.start, byte_len, index: node.index as usize });
            }
            let parent = node.parent as usize;
            if parent == at {
                return None;
            }
            at = parent;
        }
    }

    /// The tensor around a byte of the file.
    pub fn tensor_around(&self, offset: usize) -> Option<TensorSource> {
        let at = self.tensors.partition_point(|tensor| tensor.start <= offset).checked_sub(1)?;
        let tensor = self.tensors[at];
        (offset < tensor.end).then(|| TensorSource {
            offset: tensor.start,
            byte_len: tensor.end - tensor.start,
            index: tensor.index as usize,
            raw_data: (tensor.raw_data != 0).then_some(tensor.raw_data),
        })
    }

    /// Records a node; calls come in the order of `start`. Returns what to pass as `parent` for nodes within.
    pub(super) fn add_node(&mut self, start: usize, end: usize, index: usize, parent: Option<u32>) -> u32 {
        let own = saturate(self.nodes.len());
        let index = saturate(index);
        self.nodes.push(NodeMark { start, end, index, parent: parent.unwrap_or(own) });
        own
    }

    /// Records a tensor; calls come in the order of `start`.
    pub(super) fn add_tensor(&mut self, start: usize, end: usize, index: usize) {
        self.tensors.push(TensorMark { start, end, index: saturate(index), raw_data: 0 });
    }

    /// Records where the data of the last tensor starts.
    pub(super) fn set_raw_data(&mut self, start: usize) {
        if let Some(tensor) = self.tensors.last_mut() {
            tensor.raw_data = start;
        }
    }
}

fn saturate(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
