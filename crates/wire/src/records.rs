//! The records of one partition inside a Produce or Fetch message: bytes that nobody copies.

use bytes::{Bytes, BytesMut};

/// Record bytes as a rope of refcounted parts.
///
/// *Shape*: the parts, in order, are record batches one after another; a part may end anywhere, for
/// instance where a read from a file met the tail in memory. Equality compares bytes, not parts.
#[derive(Clone, Default)]
pub struct Records {
    parts: Vec<Bytes>,
}

impl Records {
    /// Makes records out of parts that belong one after another.
    pub fn from_parts(parts: Vec<Bytes>) -> Records {
        Records { parts }
    }

    /// Returns the number of bytes.
    pub fn len(&self) -> usize {
        self.parts.iter().map(Bytes::len).sum()
    }

    /// Says whether there is no byte.
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(Bytes::is_empty)
    }

    /// Returns the parts in order.
    pub fn parts(&self) -> &[Bytes] {
        &self.parts
    }

    /// Adds a part at the end.
    pub fn push(&mut self, part: Bytes) {
        self.parts.push(part);
    }

    /// Returns all bytes as one; copies only when there is more than one part.
    pub fn into_bytes(mut self) -> Bytes {
        match self.parts.len() {
            0 => Bytes::new(),
            1 => self.parts.swap_remove(0),
            _ => self.joined(),
        }
    }

    fn joined(&self) -> Bytes {
        let mut all = BytesMut::with_capacity(self.len());
        self.parts.iter().for_each(|part| all.extend_from_slice(part));
        all.freeze()
    }
}

impl From<Bytes> for Records {
    fn from(bytes: Bytes) -> Records {
        let parts = if bytes.is_empty() { Vec::new() } else { vec![bytes] };
        Records { parts }
    }
}

impl PartialEq for Records {
    fn eq(&self, other: &Records) -> bool {
        let (mine, theirs) = (self.parts.iter().flatten(), other.parts.iter().flatten());
        self.len() == other.len() && mine.eq(theirs)
    }
}

impl Eq for Records {}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Records({} bytes in {} parts)", self.len(), self.parts.len())
    }
}
