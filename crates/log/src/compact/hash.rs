//! SipHash-2-4 with 128 bits: names a record's key in the map of a compaction.
//!
//! Two keys with the same name would make one of them disappear. With a secret that is drawn for each compaction nobody can
//! choose such keys, and by chance they are as rare as with Kafka's MD5. Source: Aumasson and Bernstein, `siphash.c` of the
//! reference implementation. Tests: below, with its vectors.

/// Hashes with one secret.
#[derive(Clone, Copy)]
pub(super) struct KeyHash {
    k0: u64,
    k1: u64,
}

impl KeyHash {
    pub(super) fn new(secret: [u8; 16]) -> KeyHash {
        let (low, high) = secret.split_at(8);
        KeyHash { k0: word(low), k1: word(high) }
    }

    /// Returns the two words of the hash.
    pub(super) fn of(&self, bytes: &[u8]) -> [u64; 2] {
        let mut state = State {
            v0: self.k0 ^ 0x736f_6d65_7073_6575,
            v1: self.k1 ^ 0x646f_7261_6e64_6f6d ^ 0xee,
            v2: self.k0 ^ 0x6c79_6765_6e65_7261,
            v3: self.k1 ^ 0x7465_6462_7974_6573,
        };
        let mut words = bytes.chunks_exact(8);
        words.by_ref().for_each(|chunk| state.take(word(chunk)));
        let length = u64::try_from(bytes.len() % 256).unwrap_or(0);
        state.take(word(words.remainder()) | length << 56);
        state.v2 ^= 0xee;
        let low = state.end();
        state.v1 ^= 0xdd;
        [low, state.end()]
    }
}

/// Reads up to eight bytes, the lowest first.
fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

struct State {
    v0: u64,
    v1: u64,
    v2: u64,
    v3: u64,
}

impl State {
    fn take(&mut self, word: u64) {
        self.v3 ^= word;
        self.round();
        self.round();
        self.v0 ^= word;
    }

    fn end(&mut self) -> u64 {
        (0..4).for_each(|_| self.round());
        self.v0 ^ self.v1 ^ self.v2 ^ self.v3
    }

    fn round(&mut self) {
        self.v0 = self.v0.wrapping_add(self.v1);
        self.v1 = self.v1.rotate_left(13) ^ self.v0;
        self.v0 = self.v0.rotate_left(32);
        self.v2 = self.v2.wrapping_add(self.v3);
        self.v3 = self.v3.rotate_left(16) ^ self.v2;
        self.v0 = self.v0.wrapping_add(self.v3);
        self.v3 = self.v3.rotate_left(21) ^ self.v0;
        self.v2 = self.v2.wrapping_add(self.v1);
        self.v1 = self.v1.rotate_left(17) ^ self.v2;
        self.v2 = self.v2.rotate_left(32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: the hash is SipHash-2-4-128 as published, for every length of the last word.
    #[test]
    fn vectors_of_the_reference() {
        let secret: [u8; 16] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let hash = KeyHash::new(secret);
        let bytes: Vec<u8> = (0..16).collect();
        let hex = |length: usize| {
            let [low, high] = hash.of(&bytes[..length]);
            format!("{:016x}{:016x}", low.swap_bytes(), high.swap_bytes())
        };
        assert_eq!(hex(0), "a3817f04ba25a8e66df67214c7550293");
        assert_eq!(hex(1), "da87c1d86b99af44347659119b22fc45");
        assert_eq!(hex(8), "3b62a9ba6258f5610f83e264f31497b4");
        assert_eq!(hex(15), "5493e99933b0a8117e08ec0f97cfc3d9");
    }
}
