//! Whether a batch may be appended, in the order of rule W-15. An error leaves no trace.

use crate::{AckToken, Effect, Partition, VerificationGuard};
use log::append::{AppendAs, AppendRefused as LogRefused, Appended as LogAppended};

pub use log::append::Origin;
use log::producers::ResumePoint;
use types::{ErrorCode, Now, Offset};
use wire::record::Batch;

/// Which replicas an answer waits for. *Source*: the `acks` field of Produce.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequiredAcks {
    /// `0`: no answer.
    None,
    /// `1`: durable on the leader.
    Leader,
    /// `-1`: durable on every in-sync replica.
    All,
}

impl RequiredAcks {
    /// Reads the wire's number.
    ///
    /// # Errors
    /// [`AppendRefused::InvalidRequiredAcks`] for anything but -1, 0 and 1.
    pub fn new(acks: i16) -> Result<RequiredAcks, AppendRefused> {
        match acks {
            -1 => Ok(RequiredAcks::All),
            0 => Ok(RequiredAcks::None),
            1 => Ok(RequiredAcks::Leader),
            _ => Err(AppendRefused::InvalidRequiredAcks),
        }
    }
}

/// A checked batch on its way into the log.
#[derive(Debug)]
pub struct AppendInput {
    /// The batch, already admitted by `wire::record::admit`.
    pub batch: Batch,
    /// Whom the answer waits for.
    pub acks: RequiredAcks,
    /// Who it comes from.
    pub origin: Origin,
    /// How many producers the log may know (P11).
    pub max_producers: usize,
    /// Where its producer went on in the deleted log whose place this one has taken (P8).
    pub resume: Option<ResumePoint>,
    /// With what guard its transaction was verified, if it was (X2).
    pub guard: Option<VerificationGuard>,
    /// Whom to tell.
    pub token: AckToken,
}

/// The batch is in the log, or was already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Appended {
    /// Offset of its first record.
    pub base: Offset,
    /// First offset of the log.
    pub log_start: Offset,
}

/// Why a batch was refused. Nothing was written.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AppendRefused {
    /// Another broker leads, or none does.
    #[error("this broker does not lead the partition")]
    NotLeader,
    /// `acks` is not -1, 0 or 1.
    #[error("acks must be -1, 0 or 1")]
    InvalidRequiredAcks,
    /// The in-sync set is smaller than `min.insync.replicas`.
    #[error("the in-sync set is smaller than min.insync.replicas")]
    NotEnoughReplicas,
    /// The directory or the log has failed.
    #[error("the partition's log has failed")]
    LogFailed,
    /// The log refuses it: producer epoch, sequence.
    #[error(transparent)]
    Log(#[from] LogRefused),
}

impl AppendRefused {
    /// Maps the refusal to Kafka's code.
    pub fn code(&self) -> ErrorCode {
        match self {
            AppendRefused::NotLeader => ErrorCode::NotLeaderOrFollower,
            AppendRefused::InvalidRequiredAcks => ErrorCode::InvalidRequiredAcks,
            AppendRefused::NotEnoughReplicas => ErrorCode::NotEnoughReplicas,
            AppendRefused::LogFailed => ErrorCode::KafkaStorageError,
            AppendRefused::Log(error) => error.code(),
        }
    }
}

impl Partition {
    /// Says whether this replica may append for a client at all.
    ///
    /// # Errors
    /// The refusal, in the order of rule W-15.
    pub fn may_append(&self, acks: RequiredAcks) -> Result<(), AppendRefused> {
        if self.is_failed() {
            return Err(AppendRefused::LogFailed);
        }
        if !self.is_leader() {
            return Err(AppendRefused::NotLeader);
        }
        if acks == RequiredAcks::All && !self.leadership.replicas.has_min_isr(self.leadership.min_isr) {
            return Err(AppendRefused::NotEnoughReplicas);
        }
        Ok(())
    }

    /// Appends a batch of a client or a coordinator. The answer is due when [`Effect::Acked`] names the token; a
    /// duplicate waits until the first copy is committed.
    ///
    /// # Errors
    /// The refusal; nothing has changed.
    pub fn append(
        &mut self,
        input: AppendInput,
        now: Now,
        effects: &mut Vec<Effect>,
    ) -> Result<Appended, AppendRefused> {
        self.may_append(input.acks)?;
        let epoch = self.leadership.leader_epoch;
        let AppendInput { origin, max_producers, resume, .. } = input;
        let header = *input.batch.header();
        let verified = self.verifications.verified(&header, input.guard);
        let how = AppendAs { origin, leader_epoch: epoch, now, max_producers, resume, verified };
        let done = self.log.append(input.batch, &how)?;
        if verified.is_some() && !matches!(done, LogAppended::Duplicate { .. }) {
            // From here on the open transaction is the proof.
            self.verifications.end(header.producer_id);
        }
        let (base, end) = match done {
            LogAppended::Written { base, next, frame } => {
                effects.push(Effect::Wal(frame));
                (base, next)
            }
            LogAppended::Buffered { base, next } => {
                effects.push(Effect::Buffered);
                (base, next)
            }
            LogAppended::Duplicate { base, last, .. } => (base, last.plus(1)),
        };
        if end <= self.pointers().high_watermark {
            effects.push(Effect::Acked { token: input.token, end: crate::AckEnd::Committed });
        } else {
            self.waiters.wait_committed(end, epoch, input.token);
        }
        Ok(Appended { base, log_start: self.log.log_start() })
    }
}
