//! What the logs may hold after a crash.

use crate::ghost::{GhostLog, Logs};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use types::{LogKey, Offset};

/// How the process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Crash {
    Kill,
    PowerCut,
}

/// What was asked of one log.
#[derive(Clone, Default)]
pub(crate) struct Told {
    pub(crate) page_cache: bool,
    /// Every batch that was sent, from offset 0 on.
    pub(crate) sent: Vec<(Offset, Vec<u8>)>,
    /// What it was before truncations that are not done: what was sent then.
    pub(crate) before: Vec<Vec<(Offset, Vec<u8>)>>,
    /// How many of them are acknowledged.
    pub(crate) acked: usize,
    /// How many of them the last state knows to be synced.
    pub(crate) synced: usize,
    pub(crate) start: Offset,
    /// The start that is under way.
    pub(crate) next_start: Offset,
    pub(crate) removing: bool,
    pub(crate) removed: bool,
}

/// All logs.
pub(crate) type Book = BTreeMap<LogKey, Told>;
/// The book, shared with the probe.
pub(crate) type SharedBook = Arc<Mutex<Book>>;

/// Says what is wrong with what a start found.
pub(crate) fn judge(book: &Book, found: &Logs, crash: Crash) -> Result<(), String> {
    if let Some(key) = found.keys().find(|key| !book.contains_key(key)) {
        return Err(format!("{key} was never made"));
    }
    for (key, told) in book {
        told.judge(found.get(key), crash).map_err(|what| format!("{key} after a {crash:?}: {what}"))?;
    }
    Ok(())
}

impl Told {
    /// Notes that a truncation has begun at the batch of this number, if there is one; returns its offset.
    pub(crate) fn truncate(&mut self, nth: usize) -> Option<Offset> {
        let to = self.sent.get(nth)?.0;
        self.before.push(self.sent.clone());
        (self.acked, self.synced) = (self.acked.min(nth), self.synced.min(nth));
        self.sent.truncate(nth);
        Some(to)
    }

    /// Takes what was found for what was sent.
    pub(crate) fn settle(&mut self, found: &GhostLog) {
        let before = std::mem::take(&mut self.before);
        let now = [std::mem::take(&mut self.sent)];
        let fits = |sent: &&Vec<(Offset, Vec<u8>)>| holds(sent, found).is_some();
        self.sent = now.iter().chain(&before).find(fits).cloned().unwrap_or_default();
        self.sent.retain(|(base, _)| *base < found.end);
        (self.acked, self.start, self.next_start) = (self.sent.len(), found.start, found.start);
        self.removing = false;
    }

    fn judge(&self, found: Option<&GhostLog>, crash: Crash) -> Result<(), String> {
        let Some(found) = found else {
            let may_miss = self.removing || self.removed || self.acked == 0;
            return if may_miss { Ok(()) } else { Err("it is gone".to_owned()) };
        };
        if self.removed {
            return Err("it was removed".to_owned());
        }
        if ![self.start, self.next_start].contains(&found.start) {
            return Err(format!("it starts at {}, not at {}", found.start, self.start));
        }
        let known = std::iter::once(&self.sent).chain(&self.before);
        let Some(there) = known.filter_map(|sent| holds(sent, found)).max() else {
            return Err(format!("{} batches are not those of {}", found.batches.len(), self.sent.len()));
        };
        let least = if self.page_cache && crash == Crash::PowerCut { self.synced } else { self.acked };
        match there < least {
            true => Err(format!("{there} batches where {least} were promised")),
            false => Ok(()),
        }
    }
}

/// Says how many batches there are up to the end of what was found, if it is a prefix of these.
fn holds(sent: &[(Offset, Vec<u8>)], found: &GhostLog) -> Option<usize> {
    let below = sent.iter().take_while(|(base, _)| *base < found.start).count();
    let there = below + found.batches.len();
    (sent.get(below..there) == Some(&found.batches)).then_some(there)
}
