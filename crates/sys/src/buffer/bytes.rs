//! Ranges of memory that any number of readers share.

use std::ops::Range;
use std::sync::Arc;

use super::shared::{AlignedBuf, Shared};
use crate::FileMap;
use crate::os::Advice;

/// A shared, immutable range of bytes: an owned buffer, a part of a mapped file, or the host's memory.
#[derive(Clone)]
pub struct Bytes {
    source: Source,
    range: Range<usize>,
}

#[derive(Clone)]
enum Source {
    Owned(Shared),
    Mapped(Arc<FileMap>),
    Foreign(Arc<dyn AsRef<[u8]> + Send + Sync>),
}

impl Bytes {
    /// All of a mapped file.
    pub fn mapped(map: Arc<FileMap>) -> Bytes {
        let range = 0..map.as_slice().len();
        Bytes { source: Source::Mapped(map), range }
    }

    /// Memory that somebody else owns and keeps in place; dropping the last clone releases it.
    pub fn foreign(memory: Arc<dyn AsRef<[u8]> + Send + Sync>) -> Bytes {
        let range = 0..(*memory).as_ref().len();
        Bytes { source: Source::Foreign(memory), range }
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        let all = match &self.source {
            Source::Owned(buf) => buf.as_slice(),
            Source::Mapped(map) => map.as_slice(),
            Source::Foreign(memory) => (**memory).as_ref(),
        };
        // A foreign owner could answer with another slice the second time: then there is nothing.
        all.get(self.range.clone()).unwrap_or(&[])
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// A part of these bytes that shares their memory; `None` if `range` does not lie within.
    pub fn slice(&self, range: Range<usize>) -> Option<Bytes> {
        if range.start > range.end || range.end > self.len() {
            return None;
        }
        let start = self.range.start + range.start;
        Some(Bytes { source: self.source.clone(), range: start..start + range.len() })
    }

    /// The bytes to be written, if they are an owned buffer that nobody else holds.
    pub fn try_mut(&mut self) -> Option<&mut [u8]> {
        match &mut self.source {
            Source::Owned(buf) => buf.try_mut()?.get_mut(self.range.clone()),
            Source::Mapped(_) | Source::Foreign(_) => None,
        }
    }

    /// Whether these are a part of a mapped file.
    pub fn is_mapped(&self) -> bool {
        matches!(self.source, Source::Mapped(_))
    }

    /// Whether these are memory that the host lends for a scope: see [`Arena::lending`](super::Arena::lending).
    pub fn is_lent(&self) -> bool {
        matches!(&self.source, Source::Owned(buf) if buf.is_lent())
    }

    /// Whether these are memory that somebody else owns.
    pub fn is_foreign(&self) -> bool {
        matches!(self.source, Source::Foreign(_))
    }

    /// Tells the system that these bytes will be read from front to back. Heeded for parts of mapped files alone.
    pub fn advise_sequential(&self) {
        self.advise(Advice::Sequential);
    }

    /// Tells the system that these bytes will be read soon. Heeded for parts of mapped files alone.
    pub fn advise_will_need(&self) {
        self.advise(Advice::WillNeed);
    }

    /// Tells the system that these bytes will not be read for a while, so that weights which were copied or repacked
    /// do not take up memory twice. Heeded for parts of mapped files alone.
    ///
    /// Reading them afterwards is right, and slow: they come from the file again.
    pub fn advise_dont_need(&self) {
        self.advise(Advice::DontNeed);
    }

    fn advise(&self, advice: Advice) {
        if let Source::Mapped(map) = &self.source {
            map.advise(self.range.clone(), advice);
        }
    }

    /// Whether the first byte's address is a multiple of `align`.
    pub fn is_aligned_to(&self, align: usize) -> bool {
        self.as_slice().as_ptr().addr().is_multiple_of(align.max(1))
    }
}

impl From<AlignedBuf> for Bytes {
    fn from(buf: AlignedBuf) -> Bytes {
        let range = 0..buf.len();
        Bytes { source: Source::Owned(buf.into_shared()), range }
    }
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.source {
            Source::Owned(_) => "owned",
            Source::Mapped(_) => "mapped",
            Source::Foreign(_) => "foreign",
        };
        write!(f, "Bytes({kind}, {} bytes)", self.len())
    }
}
