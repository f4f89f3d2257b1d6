//! Notes of commits, appended beside them: in the same turn, so in the same group of the write-ahead log.
//! Tests: tests/wire/history.rs.

use super::Shard;
use crate::history::Notes;
use coordinator::{GroupRecord, Note};
use metadata::image::OFFSET_HISTORY;
use partition::{AckToken, AppendInput, Origin, RequiredAcks};
use types::{LogKey, Now};

impl Shard {
    /// Makes the notes of a batch of a coordinator ready; counts those that cannot be written.
    pub(super) fn notes(&self, records: &[GroupRecord], notes: &[Note]) -> Option<Notes> {
        if notes.is_empty() || !self.published.broker.groups.history.enabled {
            return None;
        }
        let made = Notes::new(records, notes, self.clock.now(), self.rooms.batch_max());
        if made.is_none() {
            self.probes.history.missed(notes.len() as u64);
        }
        made
    }

    /// Appends the notes of what was committed in this partition of the offsets topic. Nobody waits for them; the token says when
    /// they take no room any more.
    pub(super) fn append_notes(&mut self, offsets: LogKey, notes: Notes, now: Now) -> Option<AckToken> {
        let Notes { batch, count } = notes;
        let topic = self.published.image.topics().id_of(OFFSET_HISTORY);
        let key = topic.map(|topic_id| LogKey { topic_id, ..offsets });
        let slot = key.and_then(|key| Some((key, self.partitions.get_mut(&key)?)));
        let Some((key, slot)) = slot else {
            self.probes.history.missed(count);
            return None;
        };
        let token = self.produces.token();
        let input = AppendInput {
            batch,
            acks: RequiredAcks::Leader,
            origin: Origin::Coordinator,
            token,
            max_producers: self.settings.max_producers,
            resume: None,
            guard: None,
        };
        let mut effects = Vec::new();
        let appended = slot.partition.append(input, now, &mut effects);
        match &appended {
            Ok(_) => self.probes.history.noted(count),
            Err(refused) => {
                tracing::debug!(partition = %key, %refused, "commits are not noted");
                self.probes.history.missed(count);
            }
        }
        self.run_effects(key, effects);
        appended.ok().map(|_| token)
    }
}
