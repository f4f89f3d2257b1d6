//! A decision about a group while it is being made: the records so far, and what the group is with them.

use super::{Consumer, Looks};
use crate::record::ConsumerRecord;
use crate::request::{ConsumerTimes, Settings, Topics};
use std::ops::Deref;
use types::Now;

/// A draft of a group. It is a copy only once something is written.
pub(crate) struct Plan<'a> {
    pub(crate) now: Now,
    pub(crate) settings: &'a Settings,
    pub(crate) topics: &'a dyn Topics,
    pub(crate) times: ConsumerTimes,
    base: &'a Consumer,
    draft: Option<Box<Consumer>>,
    records: Vec<ConsumerRecord>,
    /// Members have gone.
    has_lost: bool,
    pub(super) looks: &'a Looks,
    /// The pattern that was looked for with this heartbeat.
    pub(super) resolved: Option<String>,
    /// Whether it may look for patterns; else it only says that it would.
    pub(super) looks_now: bool,
    would_look: bool,
}

impl Deref for Plan<'_> {
    type Target = Consumer;

    fn deref(&self) -> &Consumer {
        self.draft.as_deref().unwrap_or(self.base)
    }
}

impl<'a> Plan<'a> {
    /// Begins with what is committed, or was written before in the same batch.
    pub(crate) fn new(
        base: &'a Consumer,
        now: Now,
        settings: &'a Settings,
        topics: &'a dyn Topics,
        looks: &'a Looks,
    ) -> Plan<'a> {
        let times = topics.times(base.id().as_str());
        Plan {
            now,
            settings,
            topics,
            times,
            base,
            draft: None,
            records: Vec::new(),
            has_lost: false,
            looks,
            resolved: None,
            looks_now: true,
            would_look: false,
        }
    }

    /// Looks for no pattern: who would have to is to wait for its turn.
    pub(crate) fn without_looking(self) -> Plan<'a> {
        Plan { looks_now: false, ..self }
    }

    /// Says whether it would have looked for a pattern.
    pub(crate) fn would_look(&self) -> bool {
        self.would_look
    }

    /// Takes leave to look for a pattern.
    pub(super) fn may_look(&mut self) -> bool {
        let (names, now, looks) = (self.topics.count(), self.now.mono, self.looks);
        if !self.seen.may_look(looks, names, now) {
            return false;
        }
        self.would_look = true;
        if self.looks_now {
            self.edit().seen.spend(looks, names, now);
        }
        self.looks_now
    }

    /// Writes a record.
    pub(crate) fn write(&mut self, record: ConsumerRecord) {
        self.has_lost |= matches!(record, ConsumerRecord::Member(_, None));
        self.edit().apply(&record);
        self.records.push(record);
    }

    /// Returns the draft, to note what is not stored.
    pub(super) fn edit(&mut self) -> &mut Consumer {
        self.draft.get_or_insert_with(|| Box::new(self.base.clone()))
    }

    /// Says whether members have gone by this decision.
    pub(crate) fn has_lost(&self) -> bool {
        self.has_lost
    }

    /// Says whether something was written.
    pub(crate) fn has_records(&self) -> bool {
        !self.records.is_empty()
    }

    /// Ends with what was written, and the group as it is then; nothing if nothing has changed.
    pub(crate) fn end(self) -> (Vec<ConsumerRecord>, Option<Box<Consumer>>) {
        if cfg!(debug_assertions)
            && let Some(draft) = &self.draft
        {
            let checked = draft.check();
            debug_assert!(checked.is_ok(), "group {}: {checked:?}", draft.id());
        }
        (self.records, self.draft)
    }
}
