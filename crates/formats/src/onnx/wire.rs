//! The protobuf wire format, one field at a time, over a slice.

/// A reader of wire format between two positions of a buffer.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    data: &'a [u8],
    pos: usize,
    end: usize,
}

/// How a field is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireType {
    /// An integer of 1 to 10 bytes.
    Varint,
    /// 8 bytes.
    Fixed64,
    /// A length and as many bytes.
    Delimited,
    /// 4 bytes.
    Fixed32,
}

impl WireType {
    /// The usual name, for messages.
    pub fn name(self) -> &'static str {
        match self {
            WireType::Varint => "an integer",
            WireType::Fixed64 => "8 fixed bytes",
            WireType::Delimited => "a length-prefixed field",
            WireType::Fixed32 => "4 fixed bytes",
        }
    }
}

/// What is wrong with the bytes at the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireError {
    /// An integer that does not end, or does not fit 64 bits.
    Varint,
    /// Field number 0 or too large, or a wire type that does not exist.
    Key,
    /// A group, which the format does not use.
    Group,
    /// A field that needs more bytes than there are.
    Length {
        /// Bytes needed.
        needed: u64,
        /// Bytes there.
        available: usize,
    },
}

impl<'a> Cursor<'a> {
    /// A cursor over all of `data`.
    pub fn new(data: &'a [u8]) -> Cursor<'a> {
        Cursor { data, pos: 0, end: data.len() }
    }

    /// The position in the whole buffer.
    pub fn position(&self) -> usize {
        self.pos
    }

    /// Whether nothing is left.
    pub fn is_at_end(&self) -> bool {
        self.pos >= self.end
    }

    /// The bytes left.
    pub fn rest(&self) -> &'a [u8] {
        &self.data[self.pos..self.end]
    }

    /// Where the cursor's range ends in the whole buffer.
    pub fn end(&self) -> usize {
        self.end
    }

    /// An integer.
    pub fn varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0u64;
        for (i, &byte) in self.rest().iter().take(10).enumerate() {
            if i == 9 && byte > 1 {
                return Err(WireError::Varint);
            }
            value |= u64::from(byte & 0x7f) << (7 * i);
            if byte < 0x80 {
                self.pos += i + 1;
                return Ok(value);
            }
        }
        Err(WireError::Varint)
    }

    /// A field's number and layout.
    pub fn key(&mut self) -> Result<(u32, WireType), WireError> {
        let key = u32::try_from(self.varint()?).map_err(|_| WireError::Key)?;
        let wire_type = match key & 7 {
            0 => WireType::Varint,
            1 => WireType::Fixed64,
            2 => WireType::Delimited,
            3 | 4 => return Err(WireError::Group),
            5 => WireType::Fixed32,
            _ => return Err(WireError::Key),
        };
        if key >> 3 == 0 { Err(WireError::Key) } else { Ok((key >> 3, wire_type)) }
    }

    /// A length and a cursor over as many bytes, which this one passes.
    pub fn delimited(&mut self) -> Result<Cursor<'a>, WireError> {
        let len = self.varint()?;
        let start = self.pos;
        self.skip_bytes(len)?;
        Ok(Cursor { data: self.data, pos: start, end: self.pos })
    }

    /// Passes the value of a field.
    pub fn skip(&mut self, wire_type: WireType) -> Result<(), WireError> {
        match wire_type {
            WireType::Varint => self.varint().map(|_| ()),
            WireType::Fixed64 => self.skip_bytes(8),
            WireType::Delimited => self.delimited().map(|_| ()),
            WireType::Fixed32 => self.skip_bytes(4),
        }
    }

    fn skip_bytes(&mut self, needed: u64) -> Result<(), WireError> {
        let available = self.end - self.pos;
        match usize::try_from(needed) {
            Ok(n) if n <= available => self.pos += n,
            _ => return Err(WireError::Length { needed, available }),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_end_within_ten_bytes() {
        let max = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        let cases: [(&[u8], Result<u64, WireError>); 6] = [
            (&[0], Ok(0)),
            (&[0xac, 0x02], Ok(300)),
            (&max, Ok(u64::MAX)),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], Err(WireError::Varint)),
            (&[0x80], Err(WireError::Varint)),
            (&[], Err(WireError::Varint)),
        ];
        for (bytes, want) in cases {
            assert_eq!(Cursor::new(bytes).varint(), want, "{bytes:?}");
        }
    }

    #[test]
    fn keys_are_checked() {
        let cases = [
            (0x08, Ok((1, WireType::Varint))),
            (0x3a, Ok((7, WireType::Delimited))),
            (0x0b, Err(WireError::Group)),
            (0x02, Err(WireError::Key)),
            (0x0f, Err(WireError::Key)),
        ];
        for (byte, want) in cases {
            assert_eq!(Cursor::new(&[byte]).key(), want, "{byte:#04x}");
        }
    }
}
