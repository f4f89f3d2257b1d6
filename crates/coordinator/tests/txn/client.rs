//! A client of the small world: what it does, one step after the other, and what it has on its way.

use crate::leader::Batched;
use crate::world::{TIMEOUT, add, end};
use coordinator::Token;
use coordinator::txn::{Producer, Protocol, TxnClient, TxnRequest};
use partition::VerificationGuard;
use types::ProducerId;

/// What a client does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Does {
    Init,
    /// Makes a partition part of the transaction, where a write does not.
    Add(usize),
    Write(usize),
    Commit,
}

/// Who begins where there was nobody; an end has another one.
const FRESH: ProducerId = ProducerId(300);

use Does::{Add, Commit, Init, Write};

/// Two transactions, the first of them in both partitions; and one of another client with the same transactional id.
pub(crate) const FIRST: [Does; 9] =
    [Init, Add(0), Write(0), Add(1), Write(1), Commit, Add(1), Write(1), Commit];
pub(crate) const SECOND: [Does; 4] = [Init, Add(0), Write(0), Commit];

/// How far a batch is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    Sent,
    /// Its coordinator is asked.
    Asked(VerificationGuard, Token),
    /// It may be appended.
    Verified(Option<VerificationGuard>),
}

/// A batch on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet {
    pub(crate) partition: usize,
    pub(crate) batch: Batched,
    pub(crate) connection: u64,
    pub(crate) stage: Stage,
}

#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) protocol: Protocol,
    script: &'static [Does],
    at: usize,
    pub(crate) txn: u8,
    pub(crate) producer: Option<Producer>,
    sequences: [i32; 2],
    pub(crate) connection: u64,
    pub(crate) waits: Option<Token>,
    pub(crate) packet: Option<Packet>,
    /// It has lost a batch: it aborts.
    gives_up: bool,
    /// It has aborted, and asks for another epoch, which tells the lost batch.
    begins_anew: bool,
    pub(crate) is_fenced: bool,
    /// Transactions that it has asked to commit, and those that were acknowledged.
    pub(crate) asked: Vec<u8>,
    pub(crate) committed: Vec<u8>,
    /// What it has asked the coordinator, and its batches, which may come again late.
    pub(crate) requests: Vec<TxnRequest>,
    pub(crate) packets: Vec<Packet>,
}

impl Client {
    pub(crate) fn new(protocol: Protocol, txn: u8, script: &'static [Does]) -> Client {
        let mut client = Client {
            protocol,
            script,
            at: 0,
            txn,
            producer: None,
            sequences: [0, 0],
            connection: u64::from(txn) * 10 + 5,
            waits: None,
            packet: None,
            gives_up: false,
            begins_anew: false,
            is_fenced: false,
            asked: Vec::new(),
            committed: Vec::new(),
            requests: Vec::new(),
            packets: Vec::new(),
        };
        client.skip();
        client
    }

    /// Passes over what its protocol does not need.
    fn skip(&mut self) {
        while self.protocol == Protocol::V2 && matches!(self.script.get(self.at), Some(Add(_))) {
            self.at += 1;
        }
    }

    pub(crate) fn does(&self) -> Option<Does> {
        if self.begins_anew { Some(Init) } else { self.script.get(self.at).copied() }
    }

    /// Returns what it asks the coordinator next; nothing if it writes, or is done.
    pub(crate) fn request(&self) -> Option<TxnRequest> {
        match (self.does()?, self.producer) {
            (Init, expected) => {
                let (fresh, client) = (Some(FRESH), TxnClient::default());
                Some(TxnRequest::Init { timeout: TIMEOUT, expected, fresh, client })
            }
            (Add(partition), Some(producer)) => {
                Some(add(producer, &[i32::try_from(partition).unwrap()], Protocol::V1))
            }
            (Commit, Some(producer)) => Some(end(producer, !self.gives_up, self.protocol)),
            _ => None,
        }
    }

    /// Takes out the batch that is on its way, or the next one.
    pub(crate) fn take_packet(&mut self) -> Option<Packet> {
        if let Some(packet) = self.packet.take() {
            return Some(packet);
        }
        let (Write(partition), Some(producer)) = (self.does()?, self.producer) else { return None };
        let batch = Batched { producer, sequence: self.sequences[partition], txn: self.txn };
        let packet = Packet { partition, batch, connection: self.connection, stage: Stage::Sent };
        self.packets.push(packet);
        Some(packet)
    }

    /// By which connection a request comes, where that matters.
    pub(crate) fn by(&self, request: &TxnRequest) -> Option<u64> {
        let counts = self.protocol == Protocol::V1 && !matches!(request, TxnRequest::Init { .. });
        counts.then_some(self.connection)
    }

    pub(crate) fn wrote(&mut self, partition: usize) {
        self.sequences[partition] += 1;
        self.went_on();
    }

    pub(crate) fn went_on(&mut self) {
        self.at += 1;
        self.skip();
    }

    /// It is told who it is from now on, at a begin or at an end.
    pub(crate) fn is(&mut self, producer: Producer) {
        if self.producer != Some(producer) {
            self.sequences = [0, 0];
        }
        self.producer = Some(producer);
        if std::mem::take(&mut self.begins_anew) {
            return;
        }
        if self.does() == Some(Commit) {
            self.begins_anew = self.gives_up && self.protocol == Protocol::V1;
            if !std::mem::take(&mut self.gives_up) {
                self.committed.push(self.txn);
            }
            self.txn += 1;
        }
        self.went_on();
    }

    /// It waits no longer for its batch: it aborts the transaction, by another connection.
    pub(crate) fn give_up(&mut self) -> Option<Packet> {
        let packet = self.packet.take()?;
        (self.gives_up, self.connection) = (true, self.connection + 1);
        while self.does() != Some(Commit) {
            self.at += 1;
        }
        Some(packet)
    }

    /// Returns what tells it from itself at another time.
    pub(crate) fn sum(&self) -> impl std::fmt::Debug + use<> {
        let at = (self.at, self.txn, self.producer, self.sequences, self.connection);
        let waits = (self.waits, self.packet, self.gives_up, self.begins_anew, self.is_fenced);
        (at, waits, self.asked.clone(), self.committed.clone(), self.requests.len(), self.packets.len())
    }

    /// Notes what it has asked.
    pub(crate) fn sent(&mut self, request: &TxnRequest) {
        if matches!(request, TxnRequest::End { commit: true, .. }) && !self.asked.contains(&self.txn) {
            self.asked.push(self.txn);
        }
        let is_known = self.requests.last().map(|last| format!("{last:?}")) == Some(format!("{request:?}"));
        if !is_known && !matches!(request, TxnRequest::Init { .. }) {
            self.requests.push(request.clone());
        }
    }
}
