//! A model file: recognised, scanned, decoded, and kept with the bytes that its messages look into.

use bytes::{Buf, Bytes};
use dunlin_sys::{OutOfMemory, Shortage};

use super::limits::Limits;
use super::proto::{GraphProto, ModelProto};
use super::scan::{ScanError, scan};
use super::schema::{self, Field, Kind, Message};
use super::source::SourceMap;
use super::wire::{Cursor, WireError, WireType};

/// A decoded model and the file that its names and weights look into.
#[derive(Debug)]
pub struct OnnxFile {
    /// All of the file.
    pub whole: dunlin_sys::Bytes,
    /// The model, without its graph.
    pub model: ModelProto,
    /// The main graph.
    pub graph: GraphProto,
    /// Where its nodes and tensors lie.
    pub source: SourceMap,
}

/// Why bytes are not a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The wire format is broken, or a limit is exceeded.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// The messages could not be decoded.
    #[error("the file is damaged")]
    Decode(#[from] prost::DecodeError),
    /// No memory for the messages.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
    /// There is no graph.
    #[error("the file has no graph: it is not an ONNX model, or only a part of one")]
    NoGraph,
}

impl OnnxFile {
    /// Decodes a model; weights stay where they are.
    ///
    /// # Errors
    /// [`ParseError`] says what is wrong and where.
    pub fn parse(whole: dunlin_sys::Bytes, limits: &Limits) -> Result<OnnxFile, ParseError> {
        if whole.is_empty() {
            return Err(ScanError::Empty.into());
        }
        let (mut model, source): (ModelProto, _) = decode(&whole, &schema::MODEL, limits)?;
        let graph = model.graph.take().ok_or(ParseError::NoGraph)?;
        Ok(OnnxFile { whole, model, graph, source })
    }
}

/// Scans and decodes one message of any type.
pub(super) fn decode<M: prost::Message + Default>(
    whole: &dunlin_sys::Bytes,
    root: &'static Message,
    limits: &Limits,
) -> Result<(M, SourceMap), ParseError> {
    let source = scan(whole.as_slice(), root, limits)?;
    let shortage = Shortage::watch();
    let message = M::decode(Watched { bytes: Bytes::from_owner(Owner(whole.clone())), shortage });
    // Where memory ran out the message is cut short.
    shortage.check()?;
    Ok((message?, source))
}

/// Whether bytes look like the start of an ONNX model: their first fields are a model's, in its layout.
///
/// A guess from the outermost fields alone; `data` may be only the beginning of a file.
pub fn looks_like_onnx(data: &[u8]) -> bool {
    let mut cursor = Cursor::new(data);
    let mut n_fields = 0;
    while !cursor.is_at_end() && n_fields < 64 {
        let Ok((number, wire_type)) = cursor.key() else { return false };
        let Some(field) = schema::MODEL.fields.iter().find(|field| field.number == number) else {
            return false;
        };
        if wire_type != outermost_wire_type(field) {
            return false;
        }
        match cursor.skip(wire_type) {
            Ok(()) => n_fields += 1,
            // What is cut short still looks like a model if the field that runs over can be long.
            Err(WireError::Length { .. }) => return n_fields > 0 || number == 7,
            Err(_) => return false,
        }
    }
    n_fields > 0
}

fn outermost_wire_type(field: &Field) -> WireType {
    match field.kind {
        Kind::Varint => WireType::Varint,
        _ => WireType::Delimited,
    }
}

/// Bytes that end where memory runs out, so that a decoder does not go on allocating.
struct Watched {
    bytes: Bytes,
    shortage: Shortage,
}

impl Buf for Watched {
    fn remaining(&self) -> usize {
        if self.shortage.check().is_err() { 0 } else { self.bytes.remaining() }
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, n_bytes: usize) {
        self.bytes.advance(n_bytes);
    }

    fn copy_to_bytes(&mut self, n_bytes: usize) -> Bytes {
        self.bytes.copy_to_bytes(n_bytes)
    }
}

/// Lends Dunlin's bytes to prost.
pub(super) struct Owner(pub dunlin_sys::Bytes);

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        self.0.as_slice()
    }
}
