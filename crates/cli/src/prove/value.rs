//! The values of a proof: each is unique, says where it belongs, and can be made again from that alone.
//!
//! ```text
//! byte 0  "hwpv"
//!      4  seed of the run     u64
//!     12  producer            u32
//!     16  partition           u32
//!     20  number              u64   from 0, by producer and partition
//!     28  filler, random by all of the above
//!   last 8  FNV-1a of all before, u64
//! ```
//! Big-endian.

use super::seeded::Seeded;

const MARK: &[u8; 4] = b"hwpv";
const HEAD_BYTES: usize = 28;
const SUM_BYTES: usize = 8;
const FILLER_MAX: u64 = 300;

/// One producer's stream into one partition.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Lane {
    pub(super) producer: u32,
    pub(super) partition: u32,
}

impl std::fmt::Display for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "producer {} partition {}", self.producer, self.partition)
    }
}

/// Makes the value of a place.
pub(super) fn value(seed: u64, lane: Lane, number: u64) -> Vec<u8> {
    let stream = u64::from(lane.producer) << 48 ^ u64::from(lane.partition) << 32 ^ number;
    let mut filler = Seeded::new(seed, stream);
    let mut bytes = Vec::with_capacity(HEAD_BYTES + SUM_BYTES + 64);
    bytes.extend_from_slice(MARK);
    bytes.extend_from_slice(&seed.to_be_bytes());
    bytes.extend_from_slice(&lane.producer.to_be_bytes());
    bytes.extend_from_slice(&lane.partition.to_be_bytes());
    bytes.extend_from_slice(&number.to_be_bytes());
    for _ in 0..filler.between(0, FILLER_MAX) / 8 {
        bytes.extend_from_slice(&filler.next().to_be_bytes());
    }
    let sum = fnv1a(&bytes);
    bytes.extend_from_slice(&sum.to_be_bytes());
    bytes
}

/// Keys that a lane takes turns with on a compacted topic.
pub(super) const KEYS: u64 = 64;

/// Makes the key of a place on a compacted topic.
pub(super) fn key(lane: Lane, number: u64) -> Vec<u8> {
    format!("{}-{}-{}", lane.producer, lane.partition, number % KEYS).into_bytes()
}

/// What a value says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reading {
    /// It belongs here, unchanged.
    Sound(Lane, u64),
    /// It is no value of this run.
    Foreign,
    /// It was one, and has been changed.
    Altered,
}

/// Reads a value.
pub(super) fn read(seed: u64, bytes: &[u8]) -> Reading {
    let Some((content, sum)) = bytes.split_last_chunk::<SUM_BYTES>() else { return Reading::Foreign };
    let whole = fnv1a(content) == u64::from_be_bytes(*sum);
    match place(content) {
        Some((theirs, lane, number)) if theirs == seed => match value(seed, lane, number) == bytes {
            true => Reading::Sound(lane, number),
            false => Reading::Altered,
        },
        Some(_) if whole => Reading::Foreign,
        Some(_) => Reading::Altered,
        None => Reading::Foreign,
    }
}

fn place(content: &[u8]) -> Option<(u64, Lane, u64)> {
    let rest = content.strip_prefix(MARK)?;
    let (seed, rest) = rest.split_first_chunk::<8>()?;
    let (producer, rest) = rest.split_first_chunk::<4>()?;
    let (partition, rest) = rest.split_first_chunk::<4>()?;
    let (number, _) = rest.split_first_chunk::<8>()?;
    let lane = Lane { producer: u32::from_be_bytes(*producer), partition: u32::from_be_bytes(*partition) };
    Some((u64::from_be_bytes(*seed), lane, u64::from_be_bytes(*number)))
}

/// FNV-1a of some bytes.
pub(super) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
