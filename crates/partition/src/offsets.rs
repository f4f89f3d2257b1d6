//! ListOffsets and OffsetForLeaderEpoch: the first, the last, the first at or after a time, the end of an epoch.

use crate::{FetchRefused, Isolation, Partition};
use log::read_plan::TimePlan;
use types::{LeaderEpoch, Offset, WallTime};

/// What is asked. *Source*: ListOffsets' special timestamps, KIP-79, 207, 405, 734, 1005, 1023.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OffsetQuery {
    /// `-2`, and `-4`: the first offset kept here.
    Earliest,
    /// `-1`: the end of what the reader may see.
    Latest,
    /// `-3`: the record with the largest timestamp.
    MaxTimestamp,
    /// `-5`, `-6`: only remote storage has an answer.
    Tiered,
    /// The first record at or after this time.
    AtOrAfter(WallTime),
    /// The end of the largest epoch at or below this one (OffsetForLeaderEpoch, KIP-101, 320).
    EndOfEpoch(LeaderEpoch),
}

impl OffsetQuery {
    /// Reads the wire's number; `None` for a negative one that has no meaning.
    pub fn new(timestamp: i64) -> Option<OffsetQuery> {
        match timestamp {
            -1 => Some(OffsetQuery::Latest),
            -2 | -4 => Some(OffsetQuery::Earliest),
            -3 => Some(OffsetQuery::MaxTimestamp),
            -5 | -6 => Some(OffsetQuery::Tiered),
            0.. => Some(OffsetQuery::AtOrAfter(WallTime(timestamp))),
            _ => None,
        }
    }
}

/// The answer, or how to find it.
#[derive(Debug)]
pub enum OffsetAnswer {
    /// Known at once: an offset and the epoch it belongs to.
    Known {
        /// The offset.
        offset: Offset,
        /// Its leader epoch, if the log knows it.
        leader_epoch: Option<LeaderEpoch>,
    },
    /// A batch or segment has to be looked into.
    Look(TimePlan),
    /// There is no such record.
    Nothing,
}

/// Why there is no answer: the same reasons as for a fetch.
pub type OffsetRefused = FetchRefused;

impl Partition {
    /// Answers an offset query for a client. A search by time begins at `from`: at zero first, then at
    /// the end of a place that turned out not to hold the answer.
    ///
    /// # Errors
    /// The refusal, as for a fetch.
    pub fn offset_for(
        &self,
        query: OffsetQuery,
        from: Offset,
        isolation: Isolation,
        epoch: Option<LeaderEpoch>,
    ) -> Result<OffsetAnswer, OffsetRefused> {
        self.check_reader(epoch)?;
        let bound = self.bound(isolation);
        Ok(match query {
            OffsetQuery::Earliest => {
                let offset = self.log.log_start();
                OffsetAnswer::Known {
                    offset,
                    leader_epoch: log::epochs::epoch_at(self.log.epochs().entries(), offset),
                }
            }
            OffsetQuery::Latest => {
                OffsetAnswer::Known { offset: bound, leader_epoch: Some(self.leadership.leader_epoch) }
            }
            OffsetQuery::MaxTimestamp => look(self.log.plan_max_timestamp(bound)),
            OffsetQuery::Tiered => OffsetAnswer::Nothing,
            OffsetQuery::EndOfEpoch(asked) => self.end_of(asked),
            OffsetQuery::AtOrAfter(time) => look(self.log.plan_time(time, from, bound)),
        })
    }

    /// An epoch beyond the newest, and none at all, have no end.
    fn end_of(&self, asked: LeaderEpoch) -> OffsetAnswer {
        match self.log.epoch_end(asked) {
            (_, Offset::NONE) => OffsetAnswer::Nothing,
            (epoch, offset) => OffsetAnswer::Known { offset, leader_epoch: Some(epoch) },
        }
    }
}

fn look(plan: TimePlan) -> OffsetAnswer {
    if matches!(plan, TimePlan::None) { OffsetAnswer::Nothing } else { OffsetAnswer::Look(plan) }
}
