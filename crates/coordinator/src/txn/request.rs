//! What the coordinator of transactions is asked, and what it says and wants done.

use super::state::{Protocol, Txn, TxnClient, TxnPartitions, TxnRecord, TxnState};
use crate::request::Token;
use std::sync::Arc;
use std::time::Duration;
use types::{ErrorCode, LeaderEpoch, Millis, Monotonic, ProducerEpoch, ProducerId, WallTime};

/// A producer in one of its epochs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Producer {
    /// Its id.
    pub id: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
}

/// Number of a client's connection; a later one is larger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Connection(pub u64);

/// What comes after a record in the same write-ahead log never survives without it; across logs it has to be committed first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// What follows goes into the same write-ahead log.
    OneLog,
    /// What follows may go elsewhere.
    Across,
}

/// The numbers that rule transactions.
#[derive(Clone, Debug)]
pub struct TxnSettings {
    /// Longest time that a transaction may take.
    pub timeout_max: Millis,
    /// An id that is not used for so long is forgotten.
    pub id_expiration: Duration,
    /// How long a request waits for an end that is on its way.
    pub hold: Duration,
    /// When marks are sent again that could not be written.
    pub retry: Duration,
    /// How long the end of a transaction, which nobody waits for any more, waits for more to be written with.
    pub linger: Duration,
    /// What all ids may take; a new one beyond it is refused. *Units*: bytes.
    pub memory_max: usize,
    /// Longest record, and what a batch of shorter ones may take. *Units*: bytes.
    pub record_max: usize,
    /// Where partitions and their marks go.
    pub order: Order,
}

/// A request about one transactional id.
#[derive(Clone, Debug)]
pub enum TxnRequest {
    /// A producer begins, or goes on (InitProducerId).
    Init {
        /// How long its transactions may take.
        timeout: Millis,
        /// Who it was, if it goes on.
        expected: Option<Producer>,
        /// An id that nobody has, if one was drawn for it.
        fresh: Option<ProducerId>,
        /// Who asks.
        client: TxnClient,
    },
    /// Partitions become part of the transaction.
    Add {
        /// Whose.
        producer: Producer,
        /// Which.
        partitions: TxnPartitions,
        /// How the transaction is run.
        protocol: Protocol,
        /// The order in which what is written to them comes, if it waits for the answer and for nothing else.
        order: Order,
    },
    /// Are partitions part of the transaction?
    Verify {
        /// Whose.
        producer: Producer,
        /// Which.
        partitions: TxnPartitions,
    },
    /// The transaction ends.
    End {
        /// Whose.
        producer: Producer,
        /// How.
        commit: bool,
        /// How it is run.
        protocol: Protocol,
        /// An id that nobody has, if one was drawn for it.
        fresh: Option<ProducerId>,
    },
    /// An operator ends the transaction of a producer; of an epoch before that of the transaction it comes too late.
    Abort {
        /// Whose.
        producer: Producer,
    },
}

impl TxnRequest {
    /// Returns the producer that says to send it.
    pub(super) fn producer(&self) -> Option<Producer> {
        match self {
            TxnRequest::Add { producer, .. }
            | TxnRequest::Verify { producer, .. }
            | TxnRequest::End { producer, .. } => Some(*producer),
            TxnRequest::Init { expected, .. } => *expected,
            TxnRequest::Abort { .. } => None,
        }
    }

    /// Says whether it may be answered that a producer id has to be drawn for it.
    pub fn may_need_id(&self) -> bool {
        matches!(self, TxnRequest::Init { .. } | TxnRequest::End { .. })
    }
}

/// What a request is answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TxnAnswer {
    /// It is done.
    Done,
    /// Who the producer is from now on.
    Producer(Producer),
    /// What each partition comes to, in the order of the request's map.
    Partitions(Vec<ErrorCode>),
    /// A producer id has to be drawn first; ask again with it.
    NeedsId,
    /// It comes by a connection that the client has given up: it gets no answer.
    Late,
}

/// Marks that end a transaction in partitions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// The transactional id.
    pub id: Arc<str>,
    /// Which sending of them it is.
    pub number: u64,
    /// Whose, in the epoch of the marks.
    pub producer: Producer,
    /// How it ends.
    pub commit: bool,
    /// The epoch of this coordinator.
    pub coordinator: LeaderEpoch,
    /// How the transaction was run.
    pub protocol: Protocol,
    /// Its PREPARE is committed. Before, it has its place in its write-ahead log, and only what follows there may be written.
    pub is_stored: bool,
    /// Where.
    pub partitions: Arc<TxnPartitions>,
}

/// What became of a mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Marked {
    /// It goes elsewhere than into the write-ahead log: not before PREPARE is committed.
    Later,
    /// It is there.
    Written,
    /// The topic is gone.
    Gone,
    /// It has to be tried again.
    Again,
    /// Another coordinator has been there: this one is none any more.
    Fenced,
}

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TxnEvent {
    /// A transaction was committed.
    Committed,
    /// A transaction was aborted by its producer or an operator.
    Aborted,
    /// A transaction took too long, and is aborted.
    TimedOut,
    /// A producer was fenced by another one of its id.
    Fenced,
    /// A request waited for an end.
    Held,
    /// An id was forgotten.
    Expired,
    /// A request came by a connection that was given up.
    Late,
}

/// What is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TxnEffect {
    /// Answer.
    Reply {
        /// Whom.
        token: Token,
        /// What.
        answer: Result<TxnAnswer, ErrorCode>,
    },
    /// Append these records as one batch, and say when it is in the write-ahead log's order and when it is committed.
    Append {
        /// The records.
        records: Vec<TxnRecord>,
        /// More follows at once in the same log, or nobody waits for it.
        is_followed: bool,
    },
    /// Write marks, and say what became of them.
    Mark(Mark),
    /// Count.
    Happened(TxnEvent),
    /// Another coordinator leads: give this one up.
    Resign,
}

/// What is told of a transactional id.
#[derive(Clone, Copy, Debug)]
pub struct TxnFacts<'a> {
    /// The id.
    pub id: &'a str,
    /// What is known of it.
    pub txn: &'a Txn,
    /// When its transaction ends by itself, if it is open.
    pub ends: Option<Monotonic>,
    /// Partitions that lack their mark.
    pub unmarked: Option<&'a TxnPartitions>,
}

impl TxnFacts<'_> {
    /// Returns about how much they take, decoded and encoded. *Units*: bytes.
    pub fn bytes(&self) -> usize {
        3 * self.txn.size(self.id)
    }
}

/// Which ids are wanted. *Shape*: an empty list wants all.
#[derive(Clone, Debug, Default)]
pub struct TxnFilter {
    /// In one of these states.
    pub states: Vec<TxnState>,
    /// Of one of these producers.
    pub producers: Vec<ProducerId>,
    /// Whose transaction is older.
    pub older_than: Option<Millis>,
}

impl TxnFilter {
    /// Says whether an id is wanted. *Source*: Kafka: an id that has never had a transaction is older than anything.
    pub fn takes(&self, txn: &Txn, now: WallTime) -> bool {
        (self.states.is_empty() || self.states.contains(&txn.state))
            && (self.producers.is_empty() || self.producers.contains(&txn.producer))
            && self.older_than.is_none_or(|age| now.0.saturating_sub(txn.started.0) > age.0)
    }
}
