//! Transactions that partitions have open, for whoever looks: orphans, the metrics, `why lso`. Nothing here changes anything.
//! Tests: tests/storage/orphans.rs.

use super::{Shard, Slot};
use tokio::sync::oneshot;
use types::{LogKey, Offset, ProducerEpoch, ProducerId, WallTime};

/// A transaction that is open in a partition: its mark is not in the log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct OpenTxn {
    /// Where.
    pub(crate) key: LogKey,
    /// Its first offset there.
    pub(crate) first: Offset,
    /// Whose.
    pub(crate) producer: ProducerId,
    /// In which epoch.
    pub(crate) epoch: ProducerEpoch,
    /// When its producer has written there last, by this broker's clock.
    pub(crate) written: WallTime,
}

/// A question for open transactions.
pub(crate) struct OpenTxns {
    /// Of these partitions, or of all that are led.
    pub(crate) keys: Option<Vec<LogKey>>,
    /// At most so many of each partition.
    pub(crate) most: usize,
    /// Where they go, with how many there are beyond.
    pub(crate) reply: oneshot::Sender<(Vec<OpenTxn>, usize)>,
}

impl Shard {
    pub(super) fn on_open_txns(&self, OpenTxns { keys, most, reply }: OpenTxns) {
        let (mut all, mut beyond) = (Vec::new(), 0);
        let mut add = |key: &LogKey, slot: &Slot| {
            beyond += slot.partition.log().producers().open().len().saturating_sub(most);
            all.extend(open_in(*key, slot).take(most));
        };
        match keys {
            None => self.partitions.iter().for_each(|(key, slot)| add(key, slot)),
            Some(keys) => {
                let found = keys.iter().filter_map(|key| self.partitions.get_key_value(key));
                found.for_each(|(key, slot)| add(key, slot));
            }
        }
        let _ = reply.send((all, beyond));
    }

    /// Returns the oldest open transaction of each partition that has one; of at most so many partitions, those whose producer
    /// has written last the longest ago.
    pub(super) fn oldest_txns(&self, most: usize) -> Vec<OpenTxn> {
        let oldest = self.partitions.iter().filter_map(|(key, slot)| open_in(*key, slot).next());
        let mut oldest: Vec<OpenTxn> = oldest.collect();
        if oldest.len() > most {
            oldest.sort_unstable_by_key(|one| one.written);
            oldest.truncate(most);
        }
        oldest
    }
}

/// Lists what a partition that is led has open, oldest first.
fn open_in(key: LogKey, slot: &Slot) -> impl Iterator<Item = OpenTxn> {
    let producers = slot.partition.log().producers();
    let is_led = slot.partition.is_leader() && !slot.partition.is_failed();
    producers.open().filter(move |_| is_led).filter_map(move |(first, producer)| {
        let entry = producers.get(producer)?;
        Some(OpenTxn { key, first, producer, epoch: entry.epoch, written: entry.appended })
    })
}
