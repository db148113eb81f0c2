//! The scan of a file's wire format that runs before prost decodes it.
//!
//! Protobuf expands: two bytes can become a struct of hundreds. The scan walks every message once, holds it against
//! [`Limits`], and records where nodes and tensors lie. It passes over weights without reading them.

use super::limits::Limits;
use super::schema::{Field, Kind, MAX_FIELDS, Message, Role};
use super::source::SourceMap;
use super::wire::{Cursor, WireError, WireType};

/// How deep messages may nest, whatever [`Limits::max_depth`] says: a little less than prost accepts.
pub const MAX_MESSAGE_DEPTH: usize = 96;

/// Why a file was refused before it was decoded. Offsets are bytes from the start of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// The file is larger than the limit.
    #[error("the file has {bytes} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// An integer that does not end or does not fit.
    #[error(
        "byte {offset}: expected an integer of at most 10 bytes in {message}; the file is cut short or damaged"
    )]
    Varint {
        /// Where it starts.
        offset: usize,
        /// The message it is in.
        message: &'static str,
    },
    /// A field number or wire type that does not exist.
    #[error("byte {offset}: expected a field of {message}; the file is damaged or not an ONNX file")]
    Key {
        /// Where it starts.
        offset: usize,
        /// The message it is in.
        message: &'static str,
    },
    /// A group, which ONNX never uses.
    #[error(
        "byte {offset}: a group in {message}, which ONNX does not use; the file is damaged or not an ONNX file"
    )]
    Group {
        /// Where it starts.
        offset: usize,
        /// The message it is in.
        message: &'static str,
    },
    /// A known field laid out in another way.
    #[error(
        "byte {offset}: {message}.{field} is {}, expected {expected}; the file is damaged or not an ONNX file",
        got.name()
    )]
    WireType {
        /// Where the field starts.
        offset: usize,
        /// The message it is in.
        message: &'static str,
        /// The field.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        got: WireType,
    },
    /// A field that reaches past the end of its message.
    #[error(
        "byte {offset}: {message}.{field} needs {needed} bytes, {available} are left; the file is cut short or damaged"
    )]
    Length {
        /// Where the field starts.
        offset: usize,
        /// The message it is in.
        message: &'static str,
        /// The field, or `(unknown field)`.
        field: &'static str,
        /// Bytes that it needs.
        needed: u64,
        /// Bytes left in the message.
        available: usize,
    },
    /// A packed list whose bytes are not whole elements.
    #[error(
        "byte {offset}: {message}.{field} has {got} bytes, which are not whole elements of {element_bytes}"
    )]
    Packed {
        /// Where the field starts.
        offset: usize,
        /// The message it is in.
        message: &'static str,
        /// The field.
        field: &'static str,
        /// Bytes of one element.
        element_bytes: usize,
        /// Bytes there.
        got: usize,
    },
    /// More of something than a limit allows.
    #[error("byte {offset}: {what} exceed the limit of {limit} (Limits::{name})")]
    Limit {
        /// Where the limit was passed.
        offset: usize,
        /// What there is too much of.
        what: &'static str,
        /// The field of [`Limits`].
        name: &'static str,
        /// The limit.
        limit: u64,
    },
}

impl ScanError {
    /// Whether the file is well formed but exceeds a limit.
    pub fn is_limit(&self) -> bool {
        matches!(self, ScanError::TooLarge { .. } | ScanError::Limit { .. })
    }
}

/// Walks `data` as a `root` message, holds it against `limits`, and returns where its nodes and tensors lie.
///
/// Takes time in proportion to the number of fields, plus one pass over packed integers.
///
/// # Errors
/// The first thing that is wrong.
pub fn scan(data: &[u8], root: &'static Message, limits: &Limits) -> Result<SourceMap, ScanError> {
    let bytes = data.len() as u64;
    if bytes > limits.max_bytes {
        return Err(ScanError::TooLarge { bytes, limit: limits.max_bytes });
    }
    let mut scanner = Scanner {
        limits,
        max_decoded_bytes: limits.max_decoded_bytes.max(bytes.saturating_mul(8)),
        decoded_bytes: 0,
        n_nodes: 0,
        n_tensors: 0,
        n_attributes: 0,
        map: SourceMap::new(data),
    };
    scanner.message(root, Cursor::new(data), Place { depth: 0, graph_depth: 0, index: 0, node: None })?;
    Ok(scanner.map)
}

struct Scanner<'l> {
    limits: &'l Limits,
    max_decoded_bytes: u64,
    decoded_bytes: u64,
    n_nodes: usize,
    n_tensors: usize,
    n_attributes: usize,
    map: SourceMap,
}

/// Where a message stands.
#[derive(Clone, Copy)]
struct Place {
    /// Messages around it.
    depth: usize,
    /// Graphs around it.
    graph_depth: usize,
    /// Its place in the list that holds it.
    index: usize,
    /// The node around it.
    node: Option<u32>,
}

impl Scanner<'_> {
    fn message(
        &mut self,
        spec: &'static Message,
        mut cursor: Cursor<'_>,
        place: Place,
    ) -> Result<(), ScanError> {
        let inside = self.enter(spec, &cursor, place)?;
        let mut counts = [0usize; MAX_FIELDS];
        while !cursor.is_at_end() {
            let offset = cursor.position();
            let (number, wire_type) = cursor.key().map_err(|error| wire(error, offset, spec, None))?;
            match spec.fields.iter().position(|field| field.number == number) {
                Some(at) => self.field(
                    &spec.fields[at],
                    spec,
                    &mut cursor,
                    (offset, wire_type),
                    &mut counts[at],
                    inside,
                )?,
                None => cursor.skip(wire_type).map_err(|error| wire(error, offset, spec, None))?,
            }
        }
        Ok(())
    }

    /// Counts and records a message; returns the place of those within.
    fn enter(&mut self, spec: &Message, cursor: &Cursor<'_>, place: Place) -> Result<Place, ScanError> {
        let offset = cursor.position();
        let mut inside = Place { depth: place.depth + 1, ..place };
        at_most(place.depth, MAX_MESSAGE_DEPTH, offset, "nested messages", "max_depth")?;
        match spec.role {
            Role::Graph => {
                inside.graph_depth += 1;
                at_most(inside.graph_depth, self.limits.max_depth, offset, "nested graphs", "max_depth")?;
            }
            Role::Node => {
                self.n_nodes += 1;
                at_most(self.n_nodes, self.limits.max_nodes, offset, "nodes", "max_nodes")?;
                inside.node = Some(self.map.add_node(offset, cursor.end(), place.index, place.node));
            }
            Role::Attribute => {
                self.n_attributes += 1;
                at_most(
                    self.n_attributes,
                    self.limits.max_attributes,
                    offset,
                    "attributes",
                    "max_attributes",
                )?;
            }
            Role::Tensor => {
                self.n_tensors += 1;
                at_most(self.n_tensors, self.limits.max_tensors, offset, "tensors", "max_tensors")?;
                self.map.add_tensor(offset, cursor.end(), place.index);
            }
            Role::Dimension => {
                at_most(place.index + 1, self.limits.max_rank, offset, "dimensions of a shape", "max_rank")?;
            }
            Role::Plain => {}
        }
        Ok(inside)
    }

    /// Passes the value of a known field, of which `count` were in this message before.
    fn field(
        &mut self,
        field: &'static Field,
        spec: &'static Message,
        cursor: &mut Cursor<'_>,
        (offset, got): (usize, WireType),
        count: &mut usize,
        inside: Place,
    ) -> Result<(), ScanError> {
        check_wire_type(field, spec, offset, got)?;
        let fail = |error| wire(error, offset, spec, Some(field));
        if got != WireType::Delimited {
            cursor.skip(got).map_err(fail)?;
            return self.elements(field, offset, count, 1);
        }
        let value = cursor.delimited().map_err(fail)?;
        let n_bytes = value.rest().len();
        match field.kind {
            Kind::Varint | Kind::Fixed32 | Kind::Blob => Ok(()),
            Kind::RawData => {
                self.map.set_raw_data(value.position());
                Ok(())
            }
            Kind::Name => {
                at_most(n_bytes, self.limits.max_name_bytes, offset, "bytes of a name", "max_name_bytes")
            }
            Kind::Names => {
                at_most(n_bytes, self.limits.max_name_bytes, offset, "bytes of a name", "max_name_bytes")?;
                self.elements(field, offset, count, 1)
            }
            Kind::Blobs => self.elements(field, offset, count, 1),
            Kind::Varints(_) | Kind::Dims => {
                let n = packed_varints(value.rest()).ok_or_else(|| fail(WireError::Varint))?;
                self.elements(field, offset, count, n)
            }
            Kind::Fixed32s | Kind::Fixed64s => {
                let element_bytes = if matches!(field.kind, Kind::Fixed32s) { 4 } else { 8 };
                if n_bytes % element_bytes != 0 {
                    let (message, field, got) = (spec.name, field.name, n_bytes);
                    return Err(ScanError::Packed { offset, message, field, element_bytes, got });
                }
                self.elements(field, offset, count, n_bytes / element_bytes)
            }
            Kind::One(message) => self.message(message, value, Place { index: 0, ..inside }),
            Kind::Boxed(message) => {
                self.charge(message.struct_bytes as u64, offset)?;
                self.message(message, value, Place { index: 0, ..inside })
            }
            Kind::Many(message) => {
                let index = *count;
                self.elements(field, offset, count, 1)?;
                self.message(message, value, Place { index, ..inside })
            }
        }
    }

    /// Accounts for `n` more elements of a repeated field; does nothing for fields that are not repeated.
    fn elements(
        &mut self,
        field: &Field,
        offset: usize,
        count: &mut usize,
        n: usize,
    ) -> Result<(), ScanError> {
        let element_bytes = match field.kind {
            Kind::Varints(element_bytes) => element_bytes,
            Kind::Dims | Kind::Fixed64s => 8,
            Kind::Fixed32s => 4,
            Kind::Names | Kind::Blobs => size_of::<bytes::Bytes>(),
            Kind::Many(message) => message.struct_bytes,
            _ => return Ok(()),
        };
        let before = capacity(*count, element_bytes);
        *count += n;
        if matches!(field.kind, Kind::Dims) {
            at_most(*count, self.limits.max_rank, offset, "dimensions of a shape", "max_rank")?;
        }
        let grown = capacity(*count, element_bytes) - before;
        self.charge((grown as u64).saturating_mul(element_bytes as u64), offset)
    }

    fn charge(&mut self, n_bytes: u64, offset: usize) -> Result<(), ScanError> {
        self.decoded_bytes = self.decoded_bytes.saturating_add(n_bytes);
        if self.decoded_bytes <= self.max_decoded_bytes {
            return Ok(());
        }
        let limit = self.max_decoded_bytes;
        Err(ScanError::Limit { offset, what: "bytes of decoded messages", name: "max_decoded_bytes", limit })
    }
}

/// Elements that a `Vec` has room for after `n` single pushes.
fn capacity(n: usize, element_bytes: usize) -> usize {
    match n {
        0 => 0,
        _ if element_bytes <= 1024 => n.next_power_of_two().max(4),
        _ => n.next_power_of_two(),
    }
}

/// How many integers are packed in `data`; `None` if the last one does not end.
fn packed_varints(data: &[u8]) -> Option<usize> {
    if data.last().is_some_and(|&byte| byte >= 0x80) {
        return None;
    }
    Some(data.iter().filter(|&&byte| byte < 0x80).count())
}

fn check_wire_type(field: &Field, spec: &Message, offset: usize, got: WireType) -> Result<(), ScanError> {
    let (single, packed) = match field.kind {
        Kind::Varint => (WireType::Varint, false),
        Kind::Fixed32 => (WireType::Fixed32, false),
        Kind::Varints(_) | Kind::Dims => (WireType::Varint, true),
        Kind::Fixed32s => (WireType::Fixed32, true),
        Kind::Fixed64s => (WireType::Fixed64, true),
        _ => (WireType::Delimited, false),
    };
    if got == single || (packed && got == WireType::Delimited) {
        return Ok(());
    }
    let (message, field, expected) = (spec.name, field.name, single.name());
    Err(ScanError::WireType { offset, message, field, expected, got })
}

fn wire(error: WireError, offset: usize, spec: &Message, field: Option<&Field>) -> ScanError {
    let message = spec.name;
    match error {
        WireError::Varint => ScanError::Varint { offset, message },
        WireError::Key => ScanError::Key { offset, message },
        WireError::Group => ScanError::Group { offset, message },
        WireError::Length { needed, available } => {
            let field = field.map_or("(unknown field)", |field| field.name);
            ScanError::Length { offset, message, field, needed, available }
        }
    }
}

fn at_most(
    n: usize,
    limit: usize,
    offset: usize,
    what: &'static str,
    name: &'static str,
) -> Result<(), ScanError> {
    if n <= limit { Ok(()) } else { Err(ScanError::Limit { offset, what, name, limit: limit as u64 }) }
}
