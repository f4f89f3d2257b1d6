//! What a run did, in order: every disk call, message, effect and decision, as text and as one hash.
//!
//! Two runs of one seed must have equal traces. Where they differ, [`Trace::difference`] names the
//! first entry, and with [`Trace::keeping_text`] says what it was.

use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A kind of entry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// A call of the disk, with what it returned.
    Disk,
    /// Something that happened to a message or a connection.
    Message,
    /// An effect of a partition, or what a broker had to say.
    Effect,
    /// What the scenario did or learned.
    Scenario,
}

const KINDS: usize = 4;

/// The trace of a run. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub struct Trace(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    step: u64,
    hash: u64,
    entries: Vec<u64>,
    counts: [u64; KINDS],
    text: Option<Vec<String>>,
    line: String,
}

impl Trace {
    /// Makes a trace that keeps the text of its entries, to be looked at.
    pub fn keeping_text() -> Trace {
        let trace = Trace::default();
        trace.state().text = Some(Vec::new());
        trace
    }

    /// Begins the next step of the simulation.
    pub fn step(&self) {
        self.state().step += 1;
    }

    /// Adds an entry.
    pub fn add(&self, kind: Kind, what: std::fmt::Arguments<'_>) {
        let mut state = self.state();
        let mut line = std::mem::take(&mut state.line);
        line.clear();
        // Writing to a string cannot fail.
        let _ = write!(line, "{} {kind:?} {what}", state.step);
        let hash = hash(line.as_bytes());
        state.entries.push(hash);
        state.hash = (state.hash.rotate_left(7) ^ hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        if let Some(count) = state.counts.get_mut(kind as usize) {
            *count += 1;
        }
        if let Some(text) = &mut state.text {
            text.push(line.clone());
        }
        state.line = line;
    }

    /// Returns the hash of everything so far.
    pub fn hash(&self) -> u64 {
        self.state().hash
    }

    /// Returns how many entries there are.
    pub fn len(&self) -> usize {
        self.state().entries.len()
    }

    /// Says whether nothing has happened.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many entries of a kind there are.
    pub fn count(&self, kind: Kind) -> u64 {
        self.state().counts.get(kind as usize).copied().unwrap_or(0)
    }

    /// Returns the number of the first entry that differs, with what both traces say there.
    pub fn difference(&self, other: &Trace) -> Option<(usize, String, String)> {
        let (mine, theirs) = (self.state().entries.clone(), other.state().entries.clone());
        let common = mine.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
        let is_equal = common == mine.len() && common == theirs.len();
        (!is_equal).then(|| (common, self.entry(common), other.entry(common)))
    }

    /// Returns the text that was kept, one line per entry.
    pub fn text(&self) -> String {
        self.state().text.as_ref().map(|lines| lines.join("\n")).unwrap_or_default()
    }

    fn entry(&self, number: usize) -> String {
        let state = self.state();
        match &state.text {
            Some(text) => text.get(number).cloned().unwrap_or_else(|| "(the end)".to_string()),
            None => "(its text was not kept)".to_string(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns a hash of bytes that is the same in every build.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, bytes)
}
