//! The latest offset of each key, in bounded memory.
//!
//! An open-addressed table of (128-bit hash, offset), 24 bytes a slot, made once at the size that the compaction can need.
//! When it is full, the compaction goes as far as it knows and the next one goes on from there. Source: `SkimpyOffsetMap`
//! of Kafka 4.3.1, with a keyed hash in place of MD5. Tests: below.

use super::hash::KeyHash;
use types::Offset;

/// Bytes of a slot.
const SLOT_BYTES: u64 = 24;
/// Fewest slots.
const MIN_SLOTS: u64 = 8;

#[derive(Clone, Copy, Default)]
struct Slot {
    hash: [u64; 2],
    /// The offset and one more; zero is a free slot.
    next: i64,
}

/// The latest offset of each key.
pub struct KeyMap {
    slots: Vec<Slot>,
    len: usize,
    /// Most keys. *Invariant*: less than the slots.
    most: usize,
    hash: KeyHash,
}

impl std::fmt::Debug for KeyMap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyMap").field("len", &self.len).field("most", &self.most).finish_non_exhaustive()
    }
}

impl KeyMap {
    /// Makes a map for up to `expected` keys within so many bytes, filled up to `load`. The secret must not be known to who
    /// chooses keys.
    pub fn new(secret: [u8; 16], expected: u64, bytes: u64, load: f64) -> KeyMap {
        let per_mille = permille(load);
        let wanted = expected.saturating_add(1).saturating_mul(1000) / per_mille + 2;
        let slots = wanted.min(bytes / SLOT_BYTES).max(MIN_SLOTS);
        let most = (slots.saturating_mul(per_mille) / 1000).clamp(1, slots - 1);
        let slots = usize::try_from(slots).unwrap_or(usize::MAX);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        KeyMap { slots: vec![Slot::default(); slots], len: 0, most, hash: KeyHash::new(secret) }
    }

    /// Notes an offset of a key, which must not be below an earlier one; says whether there was room.
    pub fn put(&mut self, key: &[u8], offset: Offset) -> bool {
        let hash = self.hash.of(key);
        let at = self.find(hash);
        let (is_full, Some(slot)) = (self.len >= self.most, self.slots.get_mut(at)) else { return false };
        let is_new = slot.next == 0;
        if is_new && is_full {
            return false;
        }
        *slot = Slot { hash, next: offset.0.saturating_add(1) };
        self.len += usize::from(is_new);
        true
    }

    /// Returns the latest offset of a key, if one was noted.
    pub fn get(&self, key: &[u8]) -> Option<Offset> {
        let slot = self.slots.get(self.find(self.hash.of(key)))?;
        (slot.next > 0).then(|| Offset(slot.next - 1))
    }

    /// Returns how many keys it knows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Says whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns how full it is, from 0 to 1.
    pub fn utilization(&self) -> f64 {
        let count = |number: usize| u32::try_from(number).map_or(f64::from(u32::MAX), f64::from);
        count(self.len) / count(self.slots.len())
    }

    /// Returns the slot of a hash: its own, or the free one where it belongs.
    fn find(&self, hash: [u64; 2]) -> usize {
        let count = self.slots.len();
        let scaled = (u128::from(hash[0]) * u128::try_from(count).unwrap_or(1)) >> 64;
        let mut at = usize::try_from(scaled).unwrap_or(0);
        while self.slots.get(at).is_some_and(|slot| slot.next > 0 && slot.hash != hash) {
            at = if at + 1 == count { 0 } else { at + 1 };
        }
        at
    }
}

/// Returns a share between 0.1 % and 99.9 % in thousandths.
fn permille(share: f64) -> u64 {
    (1_u32..1000).take_while(|n| f64::from(*n) <= share * 1000.0).last().map_or(1, u64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u64) -> Vec<u8> {
        format!("key {n}").into_bytes()
    }

    /// Protects: the map gives the last offset of each key and nothing of others, also when it is as full as it may be.
    #[test]
    fn the_latest_offset_of_each_key() {
        let mut map = KeyMap::new([9; 16], 1000, 1 << 20, 0.9);
        for n in 0..3000 {
            assert!(map.put(&key(n % 1000), Offset(i64::try_from(n).unwrap())));
        }
        for n in 0..1000 {
            assert_eq!(map.get(&key(n)), Some(Offset(i64::try_from(2000 + n).unwrap())));
        }
        assert_eq!((map.len(), map.get(&key(1000)), map.get(b"")), (1000, None, None));
        assert!(map.utilization() > 0.85 && map.utilization() < 0.95, "{}", map.utilization());
    }

    /// Protects: memory is bounded: a full map takes no new key, but still the later offset of one that it knows.
    #[test]
    fn a_full_map_takes_no_new_key() {
        let mut map = KeyMap::new([1; 16], 1 << 40, 240, 0.9);
        let taken = (0..100).take_while(|n| map.put(&key(*n), Offset(5))).count();
        assert_eq!(taken, 9);
        assert!(map.put(&key(0), Offset(50)) && !map.put(&key(77), Offset(51)));
        assert_eq!((map.get(&key(0)), map.get(&key(77))), (Some(Offset(50)), None));
        let mut least = KeyMap::new([1; 16], 0, 0, 0.0);
        assert!(least.put(b"a", Offset(0)) && !least.put(b"b", Offset(1)));
        assert_eq!(least.get(b"a"), Some(Offset(0)));
    }
}
