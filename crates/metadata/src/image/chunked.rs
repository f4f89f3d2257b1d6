//! A sorted map whose copies share what has not changed.
//!
//! Keys lie in sorted chunks of at most [`CHUNK_MAX`] entries behind `Arc`s. A copy costs one
//! reference count; a change to a copy clones one chunk and the list of chunks. Two maps are
//! compared at the cost of what differs, because shared chunks are skipped (D-18).

use std::cmp::Ordering;
use std::sync::Arc;

const CHUNK_MAX: usize = 128;

type Chunk<K, V> = Vec<(K, V)>;

/// A sorted map that is cheap to copy. *Invariant*: no chunk is empty; keys rise strictly.
#[derive(Clone)]
pub struct ChunkedMap<K, V> {
    chunks: Arc<Vec<Arc<Chunk<K, V>>>>,
    len: usize,
}

impl<K, V> Default for ChunkedMap<K, V> {
    fn default() -> ChunkedMap<K, V> {
        ChunkedMap { chunks: Arc::new(Vec::new()), len: 0 }
    }
}

impl<K: Ord + Clone, V: Clone> ChunkedMap<K, V> {
    /// Returns how many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Says whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: std::borrow::Borrow<Q>,
    {
        let chunk = self.chunks.get(self.chunk_of(key))?;
        let at = chunk.binary_search_by(|(k, _)| k.borrow().cmp(key)).ok()?;
        chunk.get(at).map(|(_, value)| value)
    }

    /// Returns the value of a key for changing; copies what other maps share.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: std::borrow::Borrow<Q>,
    {
        let at = self.chunk_of(key);
        let found = self.chunks.get(at)?.binary_search_by(|(k, _)| k.borrow().cmp(key)).ok()?;
        let chunk = Arc::make_mut(Arc::make_mut(&mut self.chunks).get_mut(at)?);
        chunk.get_mut(found).map(|(_, value)| value)
    }

    /// Sets the value of a key; returns the one it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let at = self.chunk_of(&key);
        let chunks = Arc::make_mut(&mut self.chunks);
        let Some(shared) = chunks.get_mut(at) else {
            chunks.push(Arc::new(vec![(key, value)]));
            self.len += 1;
            return None;
        };
        let chunk = Arc::make_mut(shared);
        match chunk.binary_search_by(|(k, _)| k.cmp(&key)) {
            Ok(found) => Some(std::mem::replace(&mut chunk[found].1, value)),
            Err(place) => {
                chunk.insert(place, (key, value));
                self.len += 1;
                if chunk.len() > CHUNK_MAX {
                    let upper = chunk.split_off(split_point(place));
                    chunks.insert(at + 1, Arc::new(upper));
                }
                None
            }
        }
    }

    /// Removes a key; returns the value it had.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
    {
        let at = self.chunk_of(key);
        let found = self.chunks.get(at)?.binary_search_by(|(k, _)| k.borrow().cmp(key)).ok()?;
        let chunks = Arc::make_mut(&mut self.chunks);
        let chunk = Arc::make_mut(chunks.get_mut(at)?);
        let (_, value) = chunk.remove(found);
        self.len -= 1;
        if chunk.is_empty() {
            chunks.remove(at);
        } else {
            merge_small(chunks, at);
        }
        Some(value)
    }

    /// Walks through all entries in order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.chunks.iter().flat_map(|chunk| chunk.iter()).map(|(key, value)| (key, value))
    }

    /// Walks through the entries from a key on, the key included.
    pub fn iter_from<'a, Q: Ord + ?Sized>(
        &'a self,
        key: &Q,
    ) -> impl Iterator<Item = (&'a K, &'a V)> + use<'a, K, V, Q>
    where
        K: std::borrow::Borrow<Q>,
    {
        let chunk = self.chunk_of(key);
        let skip = self.chunks.get(chunk).map_or(0, |c| c.partition_point(|(k, _)| k.borrow() < key));
        let rest = self.chunks.get(chunk..).unwrap_or_default();
        rest.iter().flat_map(|c| c.iter()).skip(skip).map(|(key, value)| (key, value))
    }

    /// Calls `visit` with each key whose value differs, in order: key, value in `self`, value in `newer`.
    pub fn diff<'a>(&'a self, newer: &'a Self, mut visit: impl FnMut(&'a K, Option<&'a V>, Option<&'a V>))
    where
        V: PartialEq,
    {
        if Arc::ptr_eq(&self.chunks, &newer.chunks) {
            return;
        }
        let (mut old, mut new) = (Cursor::new(&self.chunks), Cursor::new(&newer.chunks));
        loop {
            if old.skip_shared(&mut new) {
                continue;
            }
            match (old.peek(), new.peek()) {
                (None, None) => return,
                (Some((key, value)), None) => {
                    visit(key, Some(value), None);
                    old.step();
                }
                (None, Some((key, value))) => {
                    visit(key, None, Some(value));
                    new.step();
                }
                (Some((old_key, old_value)), Some((new_key, new_value))) => match old_key.cmp(new_key) {
                    Ordering::Less => {
                        visit(old_key, Some(old_value), None);
                        old.step();
                    }
                    Ordering::Greater => {
                        visit(new_key, None, Some(new_value));
                        new.step();
                    }
                    Ordering::Equal => {
                        if old_value != new_value {
                            visit(new_key, Some(old_value), Some(new_value));
                        }
                        old.step();
                        new.step();
                    }
                },
            }
        }
    }

    /// Returns the chunk in which a key is or would be.
    fn chunk_of<Q: Ord + ?Sized>(&self, key: &Q) -> usize
    where
        K: std::borrow::Borrow<Q>,
    {
        let after = self.chunks.partition_point(|c| c.first().is_some_and(|(k, _)| k.borrow() <= key));
        after.saturating_sub(1)
    }
}

/// Where a full chunk is cut: in the middle, or near the end when keys come in rising order.
fn split_point(place: usize) -> usize {
    if place == CHUNK_MAX { CHUNK_MAX - CHUNK_MAX / 8 } else { CHUNK_MAX / 2 }
}

fn merge_small<K: Clone, V: Clone>(chunks: &mut Vec<Arc<Chunk<K, V>>>, at: usize) {
    let lengths = (chunks.get(at).map(|c| c.len()), chunks.get(at + 1).map(|c| c.len()));
    let (Some(this), Some(next)) = lengths else { return };
    if this < CHUNK_MAX / 4 && this + next <= CHUNK_MAX / 2 {
        let next = chunks.remove(at + 1);
        Arc::make_mut(&mut chunks[at]).extend(next.iter().cloned());
    }
}

struct Cursor<'a, K, V> {
    chunks: &'a [Arc<Chunk<K, V>>],
    chunk: usize,
    entry: usize,
}

impl<'a, K, V> Cursor<'a, K, V> {
    fn new(chunks: &'a [Arc<Chunk<K, V>>]) -> Cursor<'a, K, V> {
        Cursor { chunks, chunk: 0, entry: 0 }
    }

    fn peek(&self) -> Option<(&'a K, &'a V)> {
        self.chunks.get(self.chunk)?.get(self.entry).map(|(key, value)| (key, value))
    }

    fn step(&mut self) {
        self.entry += 1;
        if self.chunks.get(self.chunk).is_some_and(|c| c.len() == self.entry) {
            self.chunk += 1;
            self.entry = 0;
        }
    }

    /// Passes a chunk that both sides share and at whose start both stand.
    fn skip_shared(&mut self, other: &mut Cursor<'a, K, V>) -> bool {
        let (Some(mine), Some(theirs)) = (self.chunks.get(self.chunk), other.chunks.get(other.chunk)) else {
            return false;
        };
        let shared = self.entry == 0 && other.entry == 0 && Arc::ptr_eq(mine, theirs);
        if shared {
            self.chunk += 1;
            other.chunk += 1;
        }
        shared
    }
}

impl<K: Ord + Clone, V: Clone + PartialEq> PartialEq for ChunkedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.chunks, &other.chunks) || (self.len == other.len && self.iter().eq(other.iter()))
    }
}

impl<K: Ord + Clone, V: Clone + Eq> Eq for ChunkedMap<K, V> {}

impl<K: Ord + Clone + std::fmt::Debug, V: Clone + std::fmt::Debug> std::fmt::Debug for ChunkedMap<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn build(steps: &[(u16, Option<u8>)]) -> (ChunkedMap<u16, u8>, BTreeMap<u16, u8>) {
        let (mut map, mut model) = (ChunkedMap::default(), BTreeMap::new());
        for (key, value) in steps {
            match value {
                Some(value) => assert_eq!(map.insert(*key, *value), model.insert(*key, *value)),
                None => assert_eq!(map.remove(key), model.remove(key)),
            }
        }
        (map, model)
    }

    fn steps() -> impl Strategy<Value = Vec<(u16, Option<u8>)>> {
        prop::collection::vec((0u16..700, prop::option::weighted(0.7, any::<u8>())), 0..1500)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        /// Protects: the map behaves as a BTreeMap for every sequence of inserts and removes.
        #[test]
        fn it_is_a_sorted_map(steps in steps(), from in 0u16..700) {
            let (map, model) = build(&steps);
            prop_assert_eq!(map.len(), model.len());
            prop_assert!(map.iter().eq(model.iter()));
            prop_assert!(map.iter_from(&from).eq(model.range(from..)));
            prop_assert!((0..700).all(|key| map.get(&key) == model.get(&key)));
        }

        /// Protects: a diff names exactly what differs, although shared chunks are skipped.
        #[test]
        fn a_diff_names_what_differs(first in steps(), second in prop::collection::vec((0u16..700, any::<Option<u8>>()), 0..40)) {
            let (old, old_model) = build(&first);
            let (mut new, mut new_model) = (old.clone(), old_model.clone());
            for (key, value) in second {
                match value {
                    Some(value) => { new.insert(key, value); new_model.insert(key, value); }
                    None => { new.remove(&key); new_model.remove(&key); }
                }
            }
            let mut found = Vec::new();
            old.diff(&new, |key, a, b| found.push((*key, a.copied(), b.copied())));
            let expected: Vec<_> = (0..700u16)
                .map(|key| (key, old_model.get(&key).copied(), new_model.get(&key).copied()))
                .filter(|(_, a, b)| a != b)
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}
