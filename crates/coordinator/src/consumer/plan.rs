//! A decision about a group while it is being made: the records so far, and what the group is with them.

use super::Consumer;
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
    ) -> Plan<'a> {
        let times = topics.times(base.id().as_str());
        Plan { now, settings, topics, times, base, draft: None, records: Vec::new(), has_lost: false }
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
