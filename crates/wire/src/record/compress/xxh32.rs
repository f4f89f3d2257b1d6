//! The 32-bit xxHash with seed 0, the checksum of LZ4 frames.
//!
//! Source: the published algorithm (xxHash specification 0.1.1). Tests: below.

const P1: u32 = 0x9e37_79b1;
const P2: u32 = 0x85eb_ca77;
const P3: u32 = 0xc2b2_ae3d;
const P4: u32 = 0x27d4_eb2f;
const P5: u32 = 0x1656_67b1;
const STRIPE: usize = 16;

/// A hash over bytes that come in pieces.
pub(super) struct Xxh32 {
    lanes: [u32; 4],
    pending: [u8; STRIPE],
    pending_len: usize,
    total: u64,
}

impl Default for Xxh32 {
    fn default() -> Xxh32 {
        let lanes = [P1.wrapping_add(P2), P2, 0, 0u32.wrapping_sub(P1)];
        Xxh32 { lanes, pending: [0; STRIPE], pending_len: 0, total: 0 }
    }
}

impl Xxh32 {
    /// Takes the next piece.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.total = self.total.wrapping_add(u64::try_from(bytes.len()).unwrap_or(0));
        let rest = self.complete(bytes);
        let mut stripes = rest.chunks_exact(STRIPE);
        for stripe in &mut stripes {
            self.stripe(stripe);
        }
        self.hold(stripes.remainder());
    }

    /// Fills up a stripe begun before; returns what is left of `bytes`.
    fn complete<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if self.pending_len == 0 {
            return bytes;
        }
        let (head, rest) = bytes.split_at(bytes.len().min(STRIPE - self.pending_len));
        self.hold(head);
        if self.pending_len == STRIPE {
            let full = self.pending;
            self.stripe(&full);
            self.pending_len = 0;
        }
        rest
    }

    fn hold(&mut self, bytes: &[u8]) {
        let end = self.pending_len + bytes.len();
        if let Some(room) = self.pending.get_mut(self.pending_len..end) {
            room.copy_from_slice(bytes);
            self.pending_len = end;
        }
    }

    fn stripe(&mut self, stripe: &[u8]) {
        for (lane, word) in self.lanes.iter_mut().zip(stripe.chunks_exact(4)) {
            *lane = lane.wrapping_add(little(word).wrapping_mul(P2)).rotate_left(13).wrapping_mul(P1);
        }
    }

    /// Returns the hash of all that came.
    pub(super) fn finish(&self) -> u32 {
        let [a, b, c, d] = self.lanes;
        let long = a.rotate_left(1).wrapping_add(b.rotate_left(7));
        let long = long.wrapping_add(c.rotate_left(12)).wrapping_add(d.rotate_left(18));
        let start = if self.total < 16 { P5 } else { long };
        let length = u32::try_from(self.total & 0xffff_ffff).unwrap_or(0);
        let tail = self.pending.get(..self.pending_len).unwrap_or_default();
        avalanche(mix_tail(start.wrapping_add(length), tail))
    }
}

/// Returns the hash of `bytes`.
pub(super) fn xxh32(bytes: &[u8]) -> u32 {
    let mut hash = Xxh32::default();
    hash.update(bytes);
    hash.finish()
}

fn little(word: &[u8]) -> u32 {
    word.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

fn mix_tail(start: u32, tail: &[u8]) -> u32 {
    let mut words = tail.chunks_exact(4);
    let hash = words.by_ref().fold(start, |hash, word| {
        hash.wrapping_add(little(word).wrapping_mul(P3)).rotate_left(17).wrapping_mul(P4)
    });
    words.remainder().iter().fold(hash, |hash, byte| {
        hash.wrapping_add(u32::from(*byte).wrapping_mul(P5)).rotate_left(11).wrapping_mul(P1)
    })
}

fn avalanche(hash: u32) -> u32 {
    let hash = (hash ^ (hash >> 15)).wrapping_mul(P2);
    let hash = (hash ^ (hash >> 13)).wrapping_mul(P3);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: the hash is xxHash's, by its published values.
    #[test]
    fn known_values() {
        assert_eq!(xxh32(b""), 0x02cc_5d05);
        assert_eq!(xxh32(b"a"), 0x550d_7456);
        assert_eq!(xxh32(b"abc"), 0x32d1_53ff);
        assert_eq!(xxh32(b"Nobody inspects the spammish repetition"), 0xe229_3b2f);
    }

    /// Protects: where the pieces are cut makes no difference.
    #[test]
    fn pieces_make_no_difference() {
        let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for cut in [0, 1, 15, 16, 17, 31, 500, 999] {
            let mut hash = Xxh32::default();
            bytes.chunks(cut.max(1)).for_each(|piece| hash.update(piece));
            assert_eq!(hash.finish(), xxh32(&bytes), "{cut}");
        }
    }
}
