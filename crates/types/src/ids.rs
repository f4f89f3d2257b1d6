//! Identities: topics, partitions, brokers, directories, producers.

use crate::epoch::number;
use std::fmt;

/// 128 bits that name a thing for ever. Shown as Kafka shows it: URL-safe base64 without padding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Uuid(pub [u8; 16]);

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl Uuid {
    /// The wire's "no id".
    pub const ZERO: Uuid = Uuid([0; 16]);

    /// Makes a random (version 4) id of 16 random bytes. Never yields one that starts with a dash,
    /// as Kafka avoids it so that ids can stand on a command line.
    pub fn from_random(mut bytes: [u8; 16]) -> Uuid {
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        if bytes[0] & 0xfc == 0xf8 {
            bytes[0] ^= 0x80;
        }
        Uuid(bytes)
    }

    /// Says whether this is the zero id, which names nothing.
    pub fn is_zero(self) -> bool {
        self == Uuid::ZERO
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(22);
        for chunk in self.0.chunks(3) {
            let word = chunk.iter().enumerate().fold(0u32, |w, (i, b)| w | u32::from(*b) << (16 - 8 * i));
            for i in 0..=chunk.len() {
                text.push(char::from(ALPHABET[(word >> (18 - 6 * i) & 63) as usize]));
            }
        }
        f.write_str(&text)
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not 22 characters of URL-safe base64.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an id has 22 characters of A-Z, a-z, 0-9, '-' and '_'")]
pub struct ParseUuidError;

impl std::str::FromStr for Uuid {
    type Err = ParseUuidError;

    fn from_str(text: &str) -> Result<Uuid, ParseUuidError> {
        let digits: Option<Vec<u8>> = text
            .bytes()
            .map(|c| ALPHABET.iter().position(|a| *a == c).and_then(|p| u8::try_from(p).ok()))
            .collect();
        let digits = digits.filter(|d| d.len() == 22).ok_or(ParseUuidError)?;
        let mut bytes = [0u8; 16];
        for (bit, byte) in (0..128).zip((0..16).flat_map(|b| [b; 8])) {
            let one = digits[bit / 6] >> (5 - bit % 6) & 1;
            bytes[byte] |= one << (7 - bit % 8);
        }
        Ok(Uuid(bytes))
    }
}

/// Identity of one incarnation of a topic; a namesake created later has another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct TopicId(pub Uuid);

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Identity of one data directory, drawn when it is formatted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct DirectoryId(pub Uuid);

impl fmt::Display for DirectoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

number! {
    /// Number of a partition within its topic, from 0.
    PartitionId(i32)
}
number! {
    /// Number of a broker, Kafka's `node.id`.
    BrokerId(i32)
}
number! {
    /// Identity of an idempotent producer; `-1` on the wire means "not idempotent".
    ProducerId(i64)
}
number! {
    /// Incarnation of a producer id.
    ProducerEpoch(i16)
}
number! {
    /// Sequence number of a record of an idempotent producer: 0 to 2^31-1, then 0 again.
    Sequence(i32)
}

impl ProducerId {
    /// The wire's "not idempotent".
    pub const NONE: ProducerId = ProducerId(-1);
}

impl Sequence {
    /// Returns the sequence `count` records later, modulo 2^31.
    pub fn plus(self, count: i32) -> Sequence {
        Sequence(self.0.wrapping_add(count) & i32::MAX)
    }
}

/// One partition's log inside Highwater: identity is the topic id, never the name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct LogKey {
    /// Incarnation of the topic.
    pub topic_id: TopicId,
    /// Partition within it.
    pub partition: PartitionId,
}

impl fmt::Display for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic_id, self.partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: ids are shown and read as Kafka does.
    #[test]
    fn uuid_text_is_kafkas() {
        let id = Uuid([
            0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x47, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00,
        ]);
        assert_eq!(id.to_string(), "ESIzRFVmR4iZqrvM3e7_AA");
        assert_eq!("ESIzRFVmR4iZqrvM3e7_AA".parse(), Ok(id));
        assert_eq!("ESIzRFVmR4iZqrvM3e7_A".parse::<Uuid>(), Err(ParseUuidError));
    }

    /// Protects: a producer's sequence wraps from 2^31-1 to 0 (P7).
    #[test]
    fn sequence_wraps() {
        assert_eq!(Sequence(i32::MAX).plus(1), Sequence(0));
        assert_eq!(Sequence(i32::MAX - 1).plus(5), Sequence(3));
    }
}
