//! What a fetch may read: epochs first, then the bound of the asker, then a plan.

use crate::{Partition, Pointers};
use log::aborted::AbortedPlan;
use log::read_plan::{ReadPlan, ReadRequest};
use types::{ErrorCode, LeaderEpoch, Offset};

/// Which records a reader may see. *Source*: the `isolation_level` field of Fetch and ListOffsets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Isolation {
    /// Everything below the high watermark.
    ReadUncommitted,
    /// Everything below the last stable offset.
    ReadCommitted,
}

impl Isolation {
    /// Reads the wire's number, if it is one: what nobody knows is not taken for the weaker level.
    pub fn new(level: i8) -> Option<Isolation> {
        match level {
            0 => Some(Isolation::ReadUncommitted),
            1 => Some(Isolation::ReadCommitted),
            _ => None,
        }
    }
}

/// One partition of a fetch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FetchInput {
    /// First offset wanted.
    pub offset: Offset,
    /// The leadership the asker knows, if it says so.
    pub current_epoch: Option<LeaderEpoch>,
    /// Epoch of the last batch the asker has, if it says so.
    pub last_fetched_epoch: Option<LeaderEpoch>,
    /// What it may see.
    pub isolation: Isolation,
    /// Most bytes to plan for.
    pub max_bytes: usize,
    /// Whether the first batch is returned even when it is larger.
    pub at_least_one: bool,
}

/// What was found.
#[derive(Debug)]
pub struct FetchAnswer {
    /// How to get the bytes.
    pub plan: ReadPlan,
    /// Where the aborted transactions are that a reader of committed data may meet.
    pub aborted: AbortedPlan,
    /// Positions at that moment.
    pub pointers: Pointers,
    /// The asker's log departs from this one here.
    pub diverging: Option<Diverging>,
}

/// Where the asker's log departs from this one (KIP-320, Fetch 12).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Diverging {
    /// Largest epoch this log has at or below the asker's.
    pub epoch: LeaderEpoch,
    /// Where that epoch ends.
    pub end: Offset,
}

/// Why nothing can be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FetchRefused {
    /// Another broker leads, or none does.
    #[error("this broker does not lead the partition")]
    NotLeader,
    /// The asker knows an older leadership.
    #[error("the leader epoch is older than the partition's")]
    FencedEpoch,
    /// The asker knows a newer leadership.
    #[error("the leader epoch is newer than this broker knows")]
    UnknownEpoch,
    /// Below the log start or above the bound.
    #[error("the offset is outside the log")]
    OutOfRange,
    /// The directory or the log has failed.
    #[error("the partition's log has failed")]
    LogFailed,
}

impl FetchRefused {
    /// Maps the refusal to Kafka's code.
    pub fn code(self) -> ErrorCode {
        match self {
            FetchRefused::NotLeader => ErrorCode::NotLeaderOrFollower,
            FetchRefused::FencedEpoch => ErrorCode::FencedLeaderEpoch,
            FetchRefused::UnknownEpoch => ErrorCode::UnknownLeaderEpoch,
            FetchRefused::OutOfRange => ErrorCode::OffsetOutOfRange,
            FetchRefused::LogFailed => ErrorCode::KafkaStorageError,
        }
    }
}

impl Partition {
    /// Plans a read for a client.
    ///
    /// # Errors
    /// The refusal, epochs before offsets.
    pub fn fetch(&self, input: &FetchInput) -> Result<FetchAnswer, FetchRefused> {
        self.check_reader(input.current_epoch)?;
        let pointers = self.pointers();
        if input.offset < pointers.log_start {
            return Err(FetchRefused::OutOfRange);
        }
        if let Some(diverging) = self.diverging(input)? {
            let (plan, aborted) = (ReadPlan::Empty, AbortedPlan::default());
            return Ok(FetchAnswer { plan, aborted, pointers, diverging: Some(diverging) });
        }
        // As in Kafka, an offset between the bound and the log end is legal and reads nothing.
        if input.offset > pointers.log_end {
            return Err(FetchRefused::OutOfRange);
        }
        let bound = self.bound(input.isolation);
        let plan = if input.offset >= bound {
            ReadPlan::Empty
        } else {
            let FetchInput { offset: from, max_bytes, at_least_one, .. } = *input;
            let request = ReadRequest { from, bound, max_bytes, at_least_one };
            self.log.plan_read(&request).map_err(|_| FetchRefused::OutOfRange)?
        };
        let aborted = match input.isolation {
            Isolation::ReadCommitted => self.aborted_in(&plan, input.offset),
            Isolation::ReadUncommitted => AbortedPlan::default(),
        };
        Ok(FetchAnswer { plan, aborted, pointers, diverging: None })
    }

    fn aborted_in(&self, plan: &ReadPlan, from: Offset) -> AbortedPlan {
        let end = match plan {
            ReadPlan::Empty => return AbortedPlan::default(),
            ReadPlan::Tail(batches) => batches.last().map_or(from, |last| last.header().next_offset()),
            ReadPlan::File(file) => file.bound,
        };
        self.log.plan_aborted(from, end)
    }

    /// Returns the end of what a reader of this isolation may see.
    pub fn bound(&self, isolation: Isolation) -> Offset {
        match isolation {
            Isolation::ReadUncommitted => self.pointers().high_watermark,
            Isolation::ReadCommitted => self.pointers().last_stable,
        }
    }

    pub(crate) fn check_reader(&self, epoch: Option<LeaderEpoch>) -> Result<(), FetchRefused> {
        if self.is_failed() {
            return Err(FetchRefused::LogFailed);
        }
        match epoch {
            Some(epoch) if epoch < self.leadership.leader_epoch => Err(FetchRefused::FencedEpoch),
            Some(epoch) if epoch > self.leadership.leader_epoch => Err(FetchRefused::UnknownEpoch),
            _ if !self.is_leader() => Err(FetchRefused::NotLeader),
            _ => Ok(()),
        }
    }

    /// Compares the asker's last epoch with the epochs here; one that was never here says nothing.
    fn diverging(&self, input: &FetchInput) -> Result<Option<Diverging>, FetchRefused> {
        let Some(fetched) = input.last_fetched_epoch else { return Ok(None) };
        let (epoch, end) = self.log.epoch_end(fetched);
        if epoch == LeaderEpoch::UNKNOWN || end == Offset::NONE {
            return Err(FetchRefused::OutOfRange);
        }
        Ok((epoch < fetched || end < input.offset).then_some(Diverging { epoch, end }))
    }
}
