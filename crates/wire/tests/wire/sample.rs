//! Random values, and random messages built from them (`samples.rs` is generated).
//!
//! Two ways: `Gen::random` makes small varied messages; `Gen::flood` makes the messages that cost
//! most memory for their bytes: many elements, each as short on the wire as can be.

use bytes::Bytes;
use std::fmt::Debug;
use types::Uuid;
use wire::{Message, Records, Stored};

/// A message or structure that can be made at random.
pub(crate) trait Sample: Sized {
    /// The type that the oracle has for it; `()` for inner structures.
    type Oracle;

    /// Makes a value that has only what the version has.
    fn sample(random: &mut Gen, version: i16) -> Self;
}

/// Something to do with every message type.
pub(crate) trait Visitor {
    /// Does it with one type.
    fn message<M: Message + Sample<Oracle: Oracle> + PartialEq + Debug>(&mut self);

    /// Does it with a stored format.
    fn stored<M: Stored + Sample<Oracle: Oracle> + PartialEq + Debug>(&mut self) {
        self.message::<M>();
    }
}

/// The codec that ours is compared with.
pub(crate) trait Oracle {
    /// Whether there is one.
    const EXISTS: bool = true;

    /// Decodes a body and encodes it again; none when the oracle lacks the version.
    fn again(body: Bytes, version: i16) -> Option<Result<Bytes, String>>;
}

impl<T> Oracle for T
where
    T: kafka_protocol::protocol::Message
        + kafka_protocol::protocol::Decodable
        + kafka_protocol::protocol::Encodable,
{
    fn again(mut body: Bytes, version: i16) -> Option<Result<Bytes, String>> {
        if version < T::VERSIONS.min || version > T::VERSIONS.max {
            return None;
        }
        let mut out = bytes::BytesMut::new();
        let done = T::decode(&mut body, version).and_then(|message| message.encode(&mut out, version));
        Some(match done {
            Ok(()) if body.is_empty() => Ok(out.freeze()),
            Ok(()) => Err(format!("the oracle left {} bytes", body.len())),
            Err(error) => Err(error.to_string()),
        })
    }
}

/// What the oracle has for a format that it does not know.
pub(crate) struct NoOracle;

impl Oracle for NoOracle {
    const EXISTS: bool = false;

    fn again(_body: Bytes, _version: i16) -> Option<Result<Bytes, String>> {
        None
    }
}

/// A flood: which array is long, and how long it is.
#[derive(Clone, Copy)]
struct Flood {
    depth: usize,
    many: usize,
    below: usize,
}

/// Source of random values; the same seed gives the same values.
pub(crate) struct Gen {
    state: u64,
    depth: usize,
    flood: Option<Flood>,
}

impl Gen {
    /// Small, varied values.
    pub(crate) fn random(seed: u64) -> Gen {
        Gen { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, depth: 0, flood: None }
    }

    /// Arrays at `depth` have `many` elements, arrays inside them `below`; all else is minimal.
    pub(crate) fn flood(depth: usize, many: usize, below: usize) -> Gen {
        Gen { state: 1, depth: 0, flood: Some(Flood { depth, many, below }) }
    }

    /// 64 random bits (xorshift with a multiplication).
    pub(crate) fn u64(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap();
        usize::try_from((self.u64() >> 16) % bound).unwrap()
    }

    /// True once in `n` times; never in a flood.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.flood.is_none() && self.below(n) == 0
    }

    /// Eight bytes for an integer: small numbers and extremes are frequent.
    fn eight(&mut self) -> [u8; 8] {
        let bits = match self.below(4) {
            _ if self.flood.is_some() => 0,
            0 => 0,
            1 => u64::MAX,
            _ => self.u64(),
        };
        bits.to_be_bytes()
    }

    pub(crate) fn bool(&mut self) -> bool {
        self.one_in(2)
    }

    pub(crate) fn i8(&mut self) -> i8 {
        i8::from_be_bytes([self.eight()[3]])
    }

    pub(crate) fn i16(&mut self) -> i16 {
        let [a, b, ..] = self.eight();
        i16::from_be_bytes([a, b])
    }

    pub(crate) fn u16(&mut self) -> u16 {
        let [a, b, ..] = self.eight();
        u16::from_be_bytes([a, b])
    }

    pub(crate) fn i32(&mut self) -> i32 {
        let [a, b, c, d, ..] = self.eight();
        i32::from_be_bytes([a, b, c, d])
    }

    pub(crate) fn i64(&mut self) -> i64 {
        i64::from_be_bytes(self.eight())
    }

    pub(crate) fn uuid(&mut self) -> Uuid {
        let (high, low) = (self.eight(), self.eight());
        let mut id = [0; 16];
        id[..8].copy_from_slice(&high);
        id[8..].copy_from_slice(&low);
        Uuid(id)
    }

    pub(crate) fn string(&mut self) -> String {
        let len = if self.flood.is_some() { 0 } else { self.below(12) };
        let long = self.one_in(40);
        (0..if long { 200 } else { len }).map(|_| ['a', 'Z', '0', '-', 'é', '漢'][self.below(6)]).collect()
    }

    pub(crate) fn bytes(&mut self) -> Bytes {
        let len = if self.flood.is_some() { 0 } else { self.below(20) };
        (0..len).map(|_| self.u64().to_be_bytes()[3]).collect()
    }

    pub(crate) fn records(&mut self) -> Records {
        let len = match self.below(3) {
            _ if self.flood.is_some() => 0,
            0 => 0,
            1 => self.below(100),
            _ => 400 + self.below(400),
        };
        Records::from(Bytes::from(vec![b'r'; len]))
    }

    /// Nothing once in three times; never in a flood.
    pub(crate) fn option<T>(&mut self, make: impl FnOnce(&mut Gen) -> T) -> Option<T> {
        if self.one_in(3) { None } else { Some(make(self)) }
    }

    pub(crate) fn array<T>(&mut self, mut make: impl FnMut(&mut Gen) -> T) -> Vec<T> {
        let count = match self.flood {
            None => self.below(4),
            Some(flood) if self.depth < flood.depth => 1,
            Some(flood) if self.depth == flood.depth => flood.many,
            Some(flood) => flood.below,
        };
        self.depth += 1;
        let elements = (0..count).map(|_| make(self)).collect();
        self.depth -= 1;
        elements
    }
}
