//! The header of an array file: a Python dictionary with three known keys.

use dunlin_ir::DType;

use super::NpyError;

/// What a header says.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    pub kind: Kind,
    pub item_bytes: usize,
    pub big_endian: bool,
    pub fortran_order: bool,
    pub shape: Vec<usize>,
}

/// What the elements are.
#[derive(Debug, PartialEq)]
pub(super) enum Kind {
    /// Numbers, of words of so many bytes each (complex ones have two).
    Number(DType, usize),
    /// UTF-32, padded with zeros.
    Unicode,
    /// Bytes, padded with zeros.
    Bytes,
}

/// Dimensions that are believed.
const MAX_RANK: usize = 64;

impl Header {
    /// Splits a file into its header and the elements' bytes.
    pub fn parse(data: &[u8]) -> Result<(Header, &[u8]), NpyError> {
        let rest = data.strip_prefix(b"\x93NUMPY").ok_or(NpyError::Magic)?;
        let short = |needed| NpyError::Short { needed, got: data.len() };
        let (&[major, _minor], rest) = rest.split_first_chunk::<2>().ok_or_else(|| short(8))?;
        let (header_bytes, rest) = match major {
            1 => {
                let (len, rest) = rest.split_first_chunk::<2>().ok_or_else(|| short(10))?;
                (usize::from(u16::from_le_bytes(*len)), rest)
            }
            2 | 3 => {
                let (len, rest) = rest.split_first_chunk::<4>().ok_or_else(|| short(12))?;
                (u32::from_le_bytes(*len) as usize, rest)
            }
            other => return Err(NpyError::Version(other)),
        };
        let (text, body) = rest.split_at_checked(header_bytes).ok_or_else(|| short(header_bytes))?;
        let text = std::str::from_utf8(text).map_err(|_| bad("it is not text"))?;
        Ok((Header::from_text(text)?, body))
    }

    fn from_text(text: &str) -> Result<Header, NpyError> {
        let descr = value_of(text, "descr")?;
        let descr = quoted(descr).ok_or_else(|| NpyError::DType(descr.chars().take(80).collect()))?;
        let fortran_order = match value_of(text, "fortran_order")? {
            value if value.starts_with("True") => true,
            value if value.starts_with("False") => false,
            _ => return Err(bad("fortran_order is neither True nor False")),
        };
        let shape = shape(value_of(text, "shape")?)?;
        let (kind, item_bytes, big_endian) = element(descr)?;
        Ok(Header { kind, item_bytes, big_endian, fortran_order, shape })
    }
}

/// numpy's name of an element type that it has.
pub(super) fn descriptor(dtype: DType) -> String {
    let (letter, bytes) = match dtype {
        DType::Bool => ('b', 1),
        DType::C64 | DType::C128 => ('c', dtype.bits() / 8),
        _ if dtype.is_float() => ('f', dtype.bits() / 8),
        _ if dtype.class() == dunlin_ir::Class::Signed => ('i', dtype.bits() / 8),
        _ => ('u', dtype.bits() / 8),
    };
    let order = if bytes == 1 { '|' } else { '<' };
    format!("{order}{letter}{bytes}")
}

/// Everything before the elements, padded so that they start at a multiple of 64 bytes.
pub(super) fn write(descriptor: &str, shape: &[usize]) -> Vec<u8> {
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    let comma = if shape.len() == 1 { "," } else { "" };
    let shape = format!("({}{comma})", sizes.join(", "));
    let mut text = format!("{{'descr': '{descriptor}', 'fortran_order': False, 'shape': {shape}, }}");
    let unpadded = 10 + text.len() + 1;
    text.extend(std::iter::repeat_n(' ', unpadded.next_multiple_of(64) - unpadded));
    text.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    // At most 64 dimensions of 20 digits each: far below 65536.
    out.extend((text.len() as u16).to_le_bytes());
    out.extend(text.into_bytes());
    out
}

fn bad(what: &str) -> NpyError {
    NpyError::Header(what.to_owned())
}

/// What follows `'key':`.
fn value_of<'t>(text: &'t str, key: &str) -> Result<&'t str, NpyError> {
    let missing = || bad(&format!("it has no {key:?}"));
    let quoted = [format!("'{key}'"), format!("\"{key}\"")];
    let after = quoted.iter().find_map(|key| text.split_once(key.as_str())).ok_or_else(missing)?.1;
    Ok(after.trim_start().strip_prefix(':').ok_or_else(missing)?.trim_start())
}

fn quoted(value: &str) -> Option<&str> {
    let quote = value.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    value[1..].split_once(quote).map(|(inner, _)| inner)
}

fn shape(value: &str) -> Result<Vec<usize>, NpyError> {
    let inner =
        value.strip_prefix('(').and_then(|value| value.split_once(')')).ok_or_else(|| bad("no shape"))?.0;
    let sizes =
        inner.split(',').map(|size| size.trim().trim_end_matches('L')).filter(|size| !size.is_empty());
    let shape: Vec<usize> =
        sizes.map(str::parse).collect::<Result<_, _>>().map_err(|_| bad("the shape is not of sizes"))?;
    if shape.len() > MAX_RANK { Err(bad("the shape has more than 64 dimensions")) } else { Ok(shape) }
}

/// The kind, the bytes of an element, and whether numbers are big-endian.
fn element(descr: &str) -> Result<(Kind, usize, bool), NpyError> {
    let unknown = || NpyError::DType(descr.to_owned());
    let (order, rest) = match descr.chars().next().ok_or_else(unknown)? {
        order @ ('<' | '>' | '|' | '=') => (order, &descr[1..]),
        _ => ('=', descr),
    };
    let letter = rest.chars().next().filter(char::is_ascii).ok_or_else(unknown)?;
    let bytes: usize = rest[1..].parse().map_err(|_| unknown())?;
    let number = |dtype, words: usize| Ok((Kind::Number(dtype, bytes / words), bytes, order == '>'));
    match (letter, bytes) {
        ('f', 2) => number(DType::F16, 1),
        ('f', 4) => number(DType::F32, 1),
        ('f', 8) => number(DType::F64, 1),
        ('i', 1) => number(DType::I8, 1),
        ('i', 2) => number(DType::I16, 1),
        ('i', 4) => number(DType::I32, 1),
        ('i', 8) => number(DType::I64, 1),
        ('u', 1) => number(DType::U8, 1),
        ('u', 2) => number(DType::U16, 1),
        ('u', 4) => number(DType::U32, 1),
        ('u', 8) => number(DType::U64, 1),
        ('b', 1) => number(DType::Bool, 1),
        ('c', 8) => number(DType::C64, 2),
        ('c', 16) => number(DType::C128, 2),
        ('U', chars) => Ok((Kind::Unicode, chars.checked_mul(4).ok_or_else(unknown)?, order == '>')),
        ('S' | 'a', _) => Ok((Kind::Bytes, bytes, false)),
        _ => Err(unknown()),
    }
}
