//! The batches of one partition that have no outcome yet: pure, no I/O.
//!
//! A batch is *fresh* until it has its sequence numbers, *sent* from then on. Sent batches keep bytes and
//! order. What an answer means depends on what lies before it in the window:
//!
//! ```text
//! stored, or stored before      -> acked
//! may pass (retriable)          -> kept; nothing new is sent until the rest has answered, then all that is
//!                                  kept is sent again, in order
//! out of order, unknown id      -> behind a kept batch: kept; behind a refused one: fresh again (it was not
//!                                  stored, its numbers are taken back); at the head: see `OnHead`
//! any other                     -> refused
//! ```
//!
//! *Invariant*: sequence numbers of sent batches rise without gaps, but for a refused batch, after which
//! nothing is sent until the window has drained. Fresh numbers restart at `acked_next` when no sent batch
//! is left. Tests: `producer/tests.rs`.

use super::identity::Identity;
use bytes::Bytes;
use std::collections::VecDeque;
use types::{ErrorCode, Offset, Sequence};

/// What the broker said of one batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Answer {
    /// Kafka's code, 0 for stored.
    pub(super) code: i16,
    /// Offset of the first record.
    pub(super) base_offset: Offset,
}

/// One batch; `T` is what the caller needs to tell the outcome.
#[derive(Debug)]
pub(super) struct Sent<T> {
    pub(super) ticket: T,
    pub(super) bytes: Bytes,
    pub(super) count: i32,
    base_sequence: Sequence,
    number: u64,
    /// It may have been stored, for all we know.
    pub(super) in_doubt: bool,
}

/// What became of a batch by an answer.
#[derive(Debug)]
pub(super) enum Verdict<T> {
    /// Stored.
    Acked(T, Offset),
    /// Not stored, for good.
    Refused(T),
    /// Not stored; to be numbered and sent anew.
    Fresh(T),
    /// To be sent again as it is.
    Kept,
    /// Outcome unknown, and it may not be sent again.
    Unknown(T),
}

/// The sent batches of one partition.
#[derive(Debug)]
pub(super) struct Window<T> {
    idempotent: bool,
    identity: Option<Identity>,
    next_sequence: Sequence,
    acked_next: Sequence,
    next_number: u64,
    acked_number: u64,
    sent: VecDeque<Sent<T>>,
    refused: bool,
    renew: bool,
}

impl<T> Window<T> {
    pub(super) fn new(idempotent: bool) -> Window<T> {
        Window {
            idempotent,
            identity: None,
            next_sequence: Sequence(0),
            acked_next: Sequence(0),
            next_number: 1,
            acked_number: 0,
            sent: VecDeque::new(),
            refused: false,
            renew: false,
        }
    }

    /// Says whether a new identity must be taken before anything fresh is sent; true only once nothing
    /// sent is left.
    pub(super) fn needs_identity(&self) -> bool {
        self.idempotent && self.sent.is_empty() && (self.renew || self.identity.is_none())
    }

    pub(super) fn identity(&self) -> Option<Identity> {
        self.identity
    }

    /// Starts numbering anew under an identity.
    pub(super) fn adopt(&mut self, identity: Identity) {
        self.identity = Some(identity);
        self.renew = false;
        (self.next_sequence, self.acked_next) = (Sequence(0), Sequence(0));
    }

    /// Says whether fresh batches may be sent now, as far as answers go.
    pub(super) fn is_open(&self) -> bool {
        !self.refused && !self.renew && (!self.idempotent || self.identity.is_some())
    }

    /// Says whether another batch may be sent with at most `limit` on the way. It counts from the first batch
    /// without an outcome, acknowledged ones behind it included: the broker knows the last five only.
    pub(super) fn has_room(&self, limit: u64) -> bool {
        self.sent.front().is_none_or(|first| self.next_number - first.number < limit)
    }

    /// Returns the sequence that the next fresh batch gets.
    pub(super) fn next_sequence(&self) -> Sequence {
        self.next_sequence
    }

    /// Takes a batch that has just been given `next_sequence`.
    pub(super) fn push(&mut self, ticket: T, bytes: Bytes, count: i32) {
        let base_sequence = self.next_sequence;
        self.next_sequence = base_sequence.plus(count);
        let number = self.next_number;
        self.next_number += 1;
        self.sent.push_back(Sent { ticket, bytes, count, base_sequence, number, in_doubt: false });
    }

    pub(super) fn len(&self) -> usize {
        self.sent.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    pub(super) fn get(&self, index: usize) -> Option<&Sent<T>> {
        self.sent.get(index)
    }

    /// Notes that a batch is on the wire.
    pub(super) fn mark_in_doubt(&mut self, index: usize) {
        if let Some(sent) = self.sent.get_mut(index) {
            sent.in_doubt = true;
        }
    }

    /// Applies the answer to the batch at `index`, the first that still waits for one.
    pub(super) fn on_answer(&mut self, index: usize, answer: Answer) -> Option<Verdict<T>> {
        let code = ErrorCode::from_code(answer.code).unwrap_or(ErrorCode::UnknownServerError);
        match code {
            ErrorCode::None => self.ack(index, answer.base_offset),
            ErrorCode::DuplicateSequenceNumber => self.ack(index, Offset::NONE),
            ErrorCode::OutOfOrderSequenceNumber | ErrorCode::UnknownProducerId => self.on_gap(index, code),
            code if leaves_doubt(code) => self.on_doubt(index),
            code if code.is_retriable() => self.keep(index),
            _ => self.refuse(index),
        }
    }

    fn ack(&mut self, index: usize, offset: Offset) -> Option<Verdict<T>> {
        let sent = self.sent.remove(index)?;
        if sent.number > self.acked_number {
            self.acked_number = sent.number;
            self.acked_next = sent.base_sequence.plus(sent.count);
        }
        Some(Verdict::Acked(sent.ticket, offset))
    }

    /// A number that the broker did not expect: what went before decides.
    fn on_gap(&mut self, index: usize, code: ErrorCode) -> Option<Verdict<T>> {
        if index > 0 {
            return self.keep(index);
        }
        if self.refused || code == ErrorCode::UnknownProducerId {
            self.renew |= self.idempotent && code == ErrorCode::UnknownProducerId;
            self.refused = true;
            return Some(Verdict::Fresh(self.sent.pop_front()?.ticket));
        }
        self.renew = self.idempotent;
        self.refuse(index)
    }

    fn on_doubt(&mut self, index: usize) -> Option<Verdict<T>> {
        if self.idempotent {
            self.mark_in_doubt(index);
            return Some(Verdict::Kept);
        }
        Some(Verdict::Unknown(self.sent.remove(index)?.ticket))
    }

    fn keep(&mut self, index: usize) -> Option<Verdict<T>> {
        self.sent.get_mut(index)?.in_doubt = false;
        Some(Verdict::Kept)
    }

    fn refuse(&mut self, index: usize) -> Option<Verdict<T>> {
        self.refused = true;
        Some(Verdict::Refused(self.sent.remove(index)?.ticket))
    }

    /// Notes that no answer is due any more: numbers may be taken back if nothing sent is left.
    pub(super) fn on_drained(&mut self) {
        if self.sent.is_empty() {
            self.refused = false;
            self.next_sequence = self.acked_next;
        }
    }

    /// Takes out a batch that has run out of time, and whether it may have been stored. What follows it
    /// needs new numbers under a new identity.
    pub(super) fn expire(&mut self, index: usize) -> Option<Sent<T>> {
        let sent = self.sent.remove(index)?;
        self.renew |= self.idempotent;
        Some(sent)
    }
}

/// Codes after which a batch may be in the log all the same.
fn leaves_doubt(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::RequestTimedOut
            | ErrorCode::KafkaStorageError
            | ErrorCode::NotEnoughReplicasAfterAppend
            | ErrorCode::NetworkException
            | ErrorCode::UnknownServerError
    )
}
