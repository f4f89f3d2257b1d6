//! Which values lie on the device, as seen from below the broker: it reads what the broker writes.
//!
//! A value is a mark, a number and filler, so that it is found in a write whatever format is around it.
//! It is durable once a write of it to a file has been followed by a sync of that file, whatever the
//! broker believes (R9). What a power cut has left of unsynced writes is on the device: it is durable
//! once it was read there. Names of files are not followed: that they are safe is shown by power cuts.

use bytes::{BufMut, Bytes, BytesMut};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What every value begins with; it does not come up by chance.
const MARK: [u8; 8] = [0xfa, 0x57, 0xc3, 0x1e, 0xd8, 0x06, 0x9b, 0xe4];

/// Makes the value of a number. *Units*: `len` in bytes, at least 16.
pub fn value(number: u64, len: usize) -> Bytes {
    let mut bytes = BytesMut::with_capacity(len.max(16));
    bytes.put_slice(&MARK);
    bytes.put_u64(number);
    bytes.put_bytes(b'.', len.saturating_sub(16));
    bytes.freeze()
}

/// What every text with a number begins with: characters that no other text here has.
const TEXT_MARK: [u8; 8] = *b"\x01\x02\x03mark=";

/// Makes the text of a number, for what must be text.
pub(crate) fn text(number: u64) -> String {
    format!("{}{number:016x}", String::from_utf8_lossy(&TEXT_MARK))
}

/// Returns the number of a text.
pub(crate) fn text_number(text: &[u8]) -> Option<u64> {
    let digits = text.strip_prefix(&TEXT_MARK)?.get(..16)?;
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Returns the number of a value.
pub(crate) fn number(value: &[u8]) -> Option<u64> {
    let rest = value.strip_prefix(&MARK)?;
    rest.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

/// What it has seen. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub struct Witness(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    unsynced: BTreeMap<PathBuf, BTreeSet<u64>>,
    durable: BTreeSet<u64>,
}

impl Witness {
    /// Says whether a value has reached the device.
    pub fn is_durable(&self, number: u64) -> bool {
        self.state().durable.contains(&number)
    }

    /// Returns how many values have reached the device.
    pub fn durable(&self) -> usize {
        self.state().durable.len()
    }

    pub(crate) fn on_write(&self, path: &Path, bytes: &[u8], is_synced: bool) {
        let found = values_in(bytes);
        if found.is_empty() {
            return;
        }
        let mut state = self.state();
        if is_synced {
            state.durable.extend(found);
        } else {
            state.unsynced.entry(path.to_path_buf()).or_default().extend(found);
        }
    }

    /// Bytes were read past the cache: values that nobody has written since the last sync lie on the device.
    pub(crate) fn on_device_read(&self, path: &Path, bytes: &[u8]) {
        let mut found = values_in(bytes);
        let mut state = self.state();
        if let Some(unsynced) = state.unsynced.get(path) {
            found.retain(|value| !unsynced.contains(value));
        }
        state.durable.extend(found);
    }

    pub(crate) fn on_sync(&self, path: &Path) {
        let mut state = self.state();
        if let Some(values) = state.unsynced.remove(path) {
            state.durable.extend(values);
        }
    }

    pub(crate) fn on_rename(&self, from: &Path, to: &Path) {
        let mut state = self.state();
        state.unsynced.remove(to);
        if let Some(values) = state.unsynced.remove(from) {
            state.unsynced.insert(to.to_path_buf(), values);
        }
    }

    /// The power is gone: what was unsynced must be written or read again before it counts.
    pub(crate) fn on_power_cut(&self) {
        self.state().unsynced.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn values_in(bytes: &[u8]) -> Vec<u64> {
    let mut found = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == MARK[0] || *byte == TEXT_MARK[0]) {
        rest = &rest[at..];
        match number(rest).or_else(|| text_number(rest)) {
            Some(value) => {
                found.push(value);
                rest = &rest[MARK.len()..];
            }
            None => rest = &rest[1..],
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: a value counts as durable after the sync of its own file, and not before.
    #[test]
    fn a_value_is_durable_after_its_sync() {
        let witness = Witness::default();
        let bytes = [&b"head"[..], &value(7, 40), text(8).as_bytes(), b"tail"].concat();
        witness.on_write(Path::new("/a"), &bytes, false);
        witness.on_sync(Path::new("/b"));
        witness.on_device_read(Path::new("/a"), &bytes);
        assert!(!witness.is_durable(7), "the device may show what only the cache has");
        witness.on_rename(Path::new("/a"), Path::new("/b"));
        witness.on_sync(Path::new("/b"));
        assert!(witness.is_durable(7) && witness.is_durable(8) && !witness.is_durable(9));
    }

    /// Protects: what a power cut takes does not become durable by a later sync of the file.
    #[test]
    fn a_power_cut_forgets() {
        let witness = Witness::default();
        witness.on_write(Path::new("/a"), &value(1, 16), false);
        witness.on_power_cut();
        witness.on_sync(Path::new("/a"));
        assert!(!witness.is_durable(1));
        witness.on_device_read(Path::new("/a"), &value(1, 16));
        assert!(witness.is_durable(1), "what was left of it lies on the device");
        witness.on_write(Path::new("/a"), &value(2, 16), true);
        assert!(witness.is_durable(2), "a write past the cache needs no sync");
    }
}
