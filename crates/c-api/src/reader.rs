//! Models that the host reads for us: from archives, over a network, decrypted on the way.

use std::ffi::c_void;
use std::time::Instant;

use dunlin_core::{Cancel, Error, ErrorKind, Limits, Mapping, Source};
use dunlin_sys::{AlignedBuf, Bytes};

use crate::ptr::{self, User};
use crate::status::Failure;

/// Fills `buffer` with up to `n_bytes` bytes from byte `offset` of the source on, and returns how many it wrote: at least 1, or a negative
/// number for a failure. Called from the loading thread, front to back. It must not throw.
#[allow(non_camel_case_types, reason = "the C name")]
pub type dunlin_read_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, offset: u64, buffer: *mut c_void, n_bytes: usize) -> i64>;

/// A source that the host reads.
pub(crate) struct Reader {
    pub n_bytes: u64,
    pub max_bytes: u64,
    pub cancel: Option<Cancel>,
    pub deadline: Option<Instant>,
    read: unsafe extern "C" fn(*mut c_void, u64, *mut c_void, usize) -> i64,
    user: User,
}

impl Reader {
    pub fn new(n_bytes: u64, read: dunlin_read_fn, user: *mut c_void) -> Result<Reader, Failure> {
        let read = read.ok_or_else(|| Failure::null("read"))?;
        let reader = Reader {
            n_bytes,
            max_bytes: Limits::default().read.max_bytes,
            cancel: None,
            deadline: None,
            read,
            user: User(user),
        };
        Ok(reader)
    }

    fn check_stop(&self) -> Result<(), Error> {
        if self.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
            return Err(Error::new(ErrorKind::Cancelled, "cancelled while the model was read"));
        }
        if self.deadline.is_some_and(|at| Instant::now() >= at) {
            return Err(Error::new(ErrorKind::Deadline, "the deadline passed while the model was read"));
        }
        Ok(())
    }

    /// Reads once into `part`, which begins at byte `offset`; how many bytes there are now.
    fn read_part(&self, part: &mut [u8], offset: u64) -> Result<usize, Error> {
        self.check_stop()?;
        let n = ptr::call_read(self.read, self.user, offset, part);
        match usize::try_from(n) {
            Ok(n) if (1..=part.len()).contains(&n) => Ok(n),
            _ => {
                let message =
                    format!("the reader returned {n} at byte {offset}, where {} were asked for", part.len());
                Err(Error::new(ErrorKind::Io, message))
            }
        }
    }
}

impl Source for Reader {
    fn open(&self, _: Mapping) -> Result<Bytes, Error> {
        if self.n_bytes > self.max_bytes {
            let message = format!("the model has {} bytes, the limit is {}", self.n_bytes, self.max_bytes);
            return Err(Error::new(ErrorKind::Limit, message));
        }
        let n_bytes = usize::try_from(self.n_bytes).unwrap_or(usize::MAX);
        let mut buffer = AlignedBuf::zeroed(n_bytes).map_err(dunlin_core::TensorError::from)?;
        let mut rest = buffer.as_mut_slice();
        let mut offset = 0;
        while !rest.is_empty() {
            let n_asked = rest.len().min(PART_BYTES);
            let n = self.read_part(&mut rest[..n_asked], offset)?;
            rest = &mut rest[n..];
            offset += n as u64;
        }
        Ok(buffer.into())
    }
}

/// How much the host is asked for at a time: cancellation is looked at in between.
const PART_BYTES: usize = 1 << 20;
