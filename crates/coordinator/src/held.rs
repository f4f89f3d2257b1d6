//! How many bytes the state of groups holds: every part knows it of itself, kept up with every change.
//!
//! What is counted is what the heap gives: texts, nodes of trees, and the two deadlines of each member. Nodes are counted as
//! half full, which is what grows in order leaves behind. Tests: below, tests/script/bounds.rs.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;
use types::{GroupId, InstanceId, MemberId, ProducerId};

/// Entries of a full node of a tree, and those that one has at least after it was split.
const NODE: usize = 11;
const HALF_NODE: usize = 6;
/// What a block of the heap costs beside what is in it. *Units*: bytes.
const BLOCK: usize = 16;

/// What holds memory of its own.
pub(crate) trait Held {
    /// Returns what it holds beside itself. *Units*: bytes.
    fn heap(&self) -> usize;
}

/// Returns what the nodes of a tree take. *Units*: bytes.
pub(crate) fn tree<K, V>(len: usize) -> usize {
    len.div_ceil(HALF_NODE) * (NODE * size_of::<(K, V)>() + BLOCK)
}

/// Returns what a text takes. *Units*: bytes.
pub(crate) fn text(text: &str) -> usize {
    if text.is_empty() { 0 } else { text.len() + BLOCK }
}

impl Held for () {
    fn heap(&self) -> usize {
        0
    }
}

impl Held for i32 {
    fn heap(&self) -> usize {
        0
    }
}

impl Held for ProducerId {
    fn heap(&self) -> usize {
        0
    }
}

impl<A: Held, B: Held> Held for (A, B) {
    fn heap(&self) -> usize {
        self.0.heap() + self.1.heap()
    }
}

impl Held for String {
    fn heap(&self) -> usize {
        text(self)
    }
}

impl Held for MemberId {
    fn heap(&self) -> usize {
        self.as_str().len() + 2 * BLOCK
    }
}

impl Held for InstanceId {
    fn heap(&self) -> usize {
        self.as_str().len() + 2 * BLOCK
    }
}

impl Held for GroupId {
    fn heap(&self) -> usize {
        self.as_str().len() + 2 * BLOCK
    }
}

impl<T: Held> Held for Option<T> {
    fn heap(&self) -> usize {
        self.as_ref().map_or(0, Held::heap)
    }
}

impl<T: Held> Held for Arc<T> {
    fn heap(&self) -> usize {
        2 * BLOCK + size_of::<T>() + (**self).heap()
    }
}

impl<T: Held> Held for BTreeSet<T> {
    fn heap(&self) -> usize {
        tree::<T, ()>(self.len()) + self.iter().map(Held::heap).sum::<usize>()
    }
}

/// A map that knows what it holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Counted<M> {
    map: M,
    /// What keys and values hold beside themselves. *Units*: bytes.
    heap: usize,
}

impl<M: Default> Default for Counted<M> {
    fn default() -> Counted<M> {
        Counted { map: M::default(), heap: 0 }
    }
}

impl<M> Deref for Counted<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.map
    }
}

impl<K: Held + Ord, V: Held> Held for Counted<BTreeMap<K, V>> {
    fn heap(&self) -> usize {
        self.bytes()
    }
}

impl<K: Held + Ord, V: Held> Counted<BTreeMap<K, V>> {
    /// Puts an entry in; returns the value that was in its place.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.heap += key.heap() + value.heap();
        let key_heap = key.heap();
        let before = self.map.insert(key, value);
        if let Some(before) = &before {
            self.heap = self.heap.saturating_sub(key_heap + before.heap());
        }
        before
    }

    /// Takes an entry out.
    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let (key, value) = self.map.remove_entry(key)?;
        self.heap = self.heap.saturating_sub(key.heap() + value.heap());
        Some(value)
    }

    /// Changes a value, if it is there.
    pub(crate) fn change<Q: Ord + ?Sized, T>(
        &mut self,
        key: &Q,
        change: impl FnOnce(&mut V) -> T,
    ) -> Option<T>
    where
        K: Borrow<Q>,
    {
        let value = self.map.get_mut(key)?;
        let before = value.heap();
        let result = change(value);
        self.heap = (self.heap + value.heap()).saturating_sub(before);
        Some(result)
    }

    /// Takes all out.
    pub(crate) fn into_map(self) -> BTreeMap<K, V> {
        self.map
    }

    /// Changes every value.
    pub(crate) fn change_all(&mut self, mut change: impl FnMut(&K, &mut V)) {
        for (key, value) in &mut self.map {
            let before = value.heap();
            change(key, value);
            self.heap = (self.heap + value.heap()).saturating_sub(before);
        }
    }

    /// Returns what it holds. *Units*: bytes.
    pub(crate) fn bytes(&self) -> usize {
        tree::<K, V>(self.map.len()) + self.heap
    }

    /// Returns the same, counted from the beginning.
    pub(crate) fn recount(&self) -> usize {
        let each = self.map.iter().map(|(key, value)| key.heap() + value.heap());
        tree::<K, V>(self.map.len()) + each.sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: a map knows what it holds after every kind of change, also when a value is replaced or grows in place.
    #[test]
    fn a_map_knows_what_it_holds() {
        let mut map: Counted<BTreeMap<String, String>> = Counted::default();
        let check = |map: &Counted<BTreeMap<String, String>>| assert_eq!(map.bytes(), map.recount());
        map.insert("a".into(), "one".into());
        check(&map);
        map.insert("a".into(), "another".into());
        check(&map);
        map.insert("b".into(), String::new());
        assert_eq!(map.change("b", |value| value.push_str("more")), Some(()));
        check(&map);
        assert_eq!(map.change("c", |value| value.clear()), None);
        map.change_all(|key, value| value.push_str(key));
        check(&map);
        assert_eq!(map.remove("a"), Some("anothera".into()));
        check(&map);
        map.remove("b");
        assert_eq!(map.bytes(), 0);
    }
}
