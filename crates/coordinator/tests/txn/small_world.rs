//! Every interleaving of a small world: one coordinator, two partitions, two producers of one transactional id with two
//! transactions, a crash, a request that comes again late, and marks that come again late.
//!
//! The partitions are a model: what a leader does with a batch and with a mark (KIP-890, KIP-1228, X4, X5).

use crate::world::{World, add, end, init};
use coordinator::Token;
use coordinator::txn::{Mark, Marked, Producer, Protocol, TxnAnswer, TxnRequest};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use types::{ErrorCode, ProducerEpoch};

/// What lies in a partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stored {
    /// A batch of the transaction with this number.
    Data(Producer, u8),
    /// A mark.
    End(Producer, bool),
}

#[derive(Clone, Debug, Default)]
struct Leader {
    log: Vec<Stored>,
    epoch: Option<ProducerEpoch>,
    is_open: bool,
    coordinator: i32,
}

impl Leader {
    fn write(&mut self, producer: Producer, txn: u8) -> bool {
        if self.epoch.is_some_and(|known| producer.epoch < known) {
            return false;
        }
        (self.epoch, self.is_open) = (Some(producer.epoch), true);
        self.log.push(Stored::Data(producer, txn));
        true
    }

    /// A mark of the epoch that is known is there already: what is open by then is the next transaction.
    fn end(&mut self, mark: &Mark) -> Marked {
        if mark.coordinator.0 < self.coordinator {
            return Marked::Fenced;
        }
        let known = self.epoch.unwrap_or(ProducerEpoch(-1));
        if mark.producer.epoch > known {
            self.log.push(Stored::End(mark.producer, mark.commit));
            (self.epoch, self.is_open) = (Some(mark.producer.epoch), false);
        }
        self.coordinator = mark.coordinator.0;
        Marked::Written
    }
}

/// What a client does, one step after the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Does {
    Init,
    Write(i32),
    Commit,
}

const FIRST: [Does; 6] =
    [Does::Init, Does::Write(0), Does::Write(1), Does::Commit, Does::Write(1), Does::Commit];
const SECOND: [Does; 3] = [Does::Init, Does::Write(0), Does::Commit];

#[derive(Clone, Debug)]
struct Client {
    script: &'static [Does],
    at: usize,
    txn: u8,
    producer: Option<Producer>,
    waits: Option<Token>,
    is_fenced: bool,
    /// Transactions whose commit was acknowledged.
    committed: Vec<u8>,
    /// Its last end, which may come again late.
    last_end: Option<TxnRequest>,
}

impl Client {
    fn new(txn: u8, script: &'static [Does]) -> Client {
        let (at, producer, waits, is_fenced) = (0, None, None, false);
        Client { script, at, txn, producer, waits, is_fenced, committed: Vec::new(), last_end: None }
    }

    fn request(&self) -> Option<TxnRequest> {
        match (self.script.get(self.at)?, self.producer) {
            (Does::Init, _) => Some(init(None)),
            (Does::Write(partition), Some(producer)) => Some(add(producer, &[*partition], Protocol::V2)),
            (Does::Commit, Some(producer)) => Some(end(producer, true, Protocol::V2)),
            (_, None) => None,
        }
    }
}

#[derive(Clone, Debug)]
struct Small {
    world: World,
    leaders: [Leader; 2],
    clients: [Client; 2],
    late_marks: Vec<Mark>,
    crashes: u8,
    lates: u8,
}

impl Small {
    fn new() -> Small {
        let clients = [Client::new(0, &FIRST), Client::new(10, &SECOND)];
        let leaders = [Leader::default(), Leader::default()];
        Small { world: World::new(), leaders, clients, late_marks: Vec::new(), crashes: 1, lates: 1 }
    }

    /// All that may happen next.
    fn next(&self) -> Vec<Small> {
        let mut all = Vec::new();
        let mut also = |act: &dyn Fn(&mut Small) -> bool| {
            let mut copy = self.clone();
            if act(&mut copy) {
                copy.take_answers();
                copy.check();
                all.push(copy);
            }
        };
        for client in [0, 1] {
            also(&|small| small.step(client));
            also(&|small| small.late_end(client));
        }
        also(&|small| small.world.commit());
        for which in 0..self.world.marks.len() {
            also(&|small| small.mark(which));
        }
        also(&|small| small.late_mark());
        for stored in 0..=self.world.on_way.len() {
            also(&|small| small.crash(stored));
        }
        all
    }

    fn step(&mut self, which: usize) -> bool {
        let client = &mut self.clients[which];
        if client.waits.is_some() || client.is_fenced {
            return false;
        }
        let Some(request) = client.request() else { return false };
        if matches!(request, TxnRequest::End { .. }) {
            client.last_end = Some(request.clone());
        }
        let token = self.world.send(request);
        self.clients[which].waits = Some(token);
        true
    }

    /// The network brings a client's last end once more.
    fn late_end(&mut self, which: usize) -> bool {
        let client = &self.clients[which];
        let Some(request) = client.last_end.clone().filter(|_| self.lates > 0 && client.waits.is_none())
        else {
            return false;
        };
        self.lates -= 1;
        self.world.send(request);
        true
    }

    fn mark(&mut self, which: usize) -> bool {
        let Some(mark) = self.world.marks.remove(which) else { return false };
        let mut ends = Vec::new();
        for (topic, partitions) in &mark.partitions {
            for partition in partitions {
                let leader = &mut self.leaders[usize::try_from(*partition).unwrap()];
                ends.push((topic.clone(), *partition, leader.end(&mark)));
            }
        }
        self.late_marks = vec![mark.clone()];
        self.world.txns.marked(&mark.id, mark.number, &ends, self.world.now);
        self.world.take();
        true
    }

    /// The network brings marks once more.
    fn late_mark(&mut self) -> bool {
        let Some(mark) = self.late_marks.pop().filter(|_| self.lates > 0) else { return false };
        self.lates -= 1;
        for partition in mark.partitions.values().flatten() {
            self.leaders[usize::try_from(*partition).unwrap()].end(&mark);
        }
        true
    }

    /// The coordinator is killed; clients ask again. Marks of one log with PREPARE are there only if PREPARE is.
    fn crash(&mut self, stored: usize) -> bool {
        if self.crashes == 0 {
            return false;
        }
        // What was marked has its PREPARE before it in the same log.
        let is_marked = |record: &coordinator::txn::TxnRecord| {
            record.txn.as_ref().is_some_and(|txn| {
                txn.state.is_ending()
                    && self.leaders.iter().any(|leader| {
                        leader.log.iter().any(
                            |stored| matches!(stored, Stored::End(p, _) if p.id == txn.producer && p.epoch == txn.epoch),
                        )
                    })
            })
        };
        let least =
            self.world.on_way.iter().rposition(|batch| batch.iter().any(is_marked)).map_or(0, |at| at + 1);
        if stored < least {
            return false;
        }
        self.crashes -= 1;
        self.world.crash(stored);
        self.clients.iter_mut().for_each(|client| client.waits = None);
        true
    }

    fn take_answers(&mut self) {
        for client in &mut self.clients {
            let Some(answer) = client.waits.and_then(|token| self.world.answers.remove(&token)) else {
                continue;
            };
            client.waits = None;
            let does = client.script[client.at];
            match (does, answer) {
                (Does::Init, Ok(TxnAnswer::Producer(producer))) => client.producer = Some(producer),
                (Does::Write(partition), Ok(_)) => {
                    let producer = client.producer.unwrap();
                    let leader = &mut self.leaders[usize::try_from(partition).unwrap()];
                    client.is_fenced = !leader.write(producer, client.txn);
                }
                (Does::Commit, Ok(TxnAnswer::Producer(producer))) => {
                    client.committed.push(client.txn);
                    (client.producer, client.txn) = (Some(producer), client.txn + 1);
                }
                (_, Err(ErrorCode::ConcurrentTransactions)) => continue,
                (_, Err(_)) => client.is_fenced = true,
                other => panic!("{other:?}"),
            }
            client.at += usize::from(!client.is_fenced);
        }
        self.world.answers.clear();
        self.world.events.clear();
    }

    /// T4, T5, T6: what holds at every moment.
    fn check(&self) {
        let mut decided: Vec<(Producer, bool)> = Vec::new();
        for leader in &self.leaders {
            for stored in &leader.log {
                if let Stored::End(producer, commit) = stored {
                    assert!(!decided.contains(&(*producer, !commit)), "one decision: {:?}", self.leaders);
                    decided.push((*producer, *commit));
                }
            }
            let fates = fates(leader);
            for client in &self.clients {
                for txn in &client.committed {
                    assert!(!fates.contains(&(*txn, Some(false))), "it was acknowledged: {:?}", self.leaders);
                }
            }
            let mixed =
                fates.iter().any(|(txn, fate)| fate.is_some() && fates.contains(&(*txn, fate.map(|f| !f))));
            assert!(!mixed, "a transaction has two ends: {leader:?}");
        }
    }

    /// Nothing is on its way any more: every transaction is whole.
    fn check_end(&mut self) {
        self.world.pass(std::time::Duration::from_secs(3_000));
        while self.world.commit() || (!self.world.marks.is_empty() && self.mark(0)) {}
        self.take_answers();
        self.check();
        assert!(self.leaders.iter().all(|leader| !leader.is_open), "none hangs: {:?}", self.leaders);
        let all: BTreeSet<(u8, Option<bool>)> = self.leaders.iter().flat_map(fates).collect();
        for (txn, fate) in &all {
            assert!(fate.is_some() && !all.contains(&(*txn, fate.map(|f| !f))), "torn: {:?}", self.leaders);
        }
        for txn in self.clients.iter().flat_map(|client| &client.committed) {
            let expected: usize = if *txn == 0 { 2 } else { 1 };
            let there =
                self.leaders.iter().flat_map(fates).filter(|fate| *fate == (*txn, Some(true))).count();
            assert_eq!(there, expected, "transaction {txn}: {:?}", self.leaders);
        }
    }
}

/// Returns each batch's transaction, and how it ended.
fn fates(leader: &Leader) -> Vec<(u8, Option<bool>)> {
    let mut fates = Vec::new();
    for (at, stored) in leader.log.iter().enumerate() {
        let Stored::Data(_, txn) = stored else { continue };
        let end = leader.log[at..].iter().find_map(|after| match after {
            Stored::End(_, commit) => Some(*commit),
            Stored::Data(..) => None,
        });
        fates.push((*txn, end));
    }
    fates
}

/// What tells two worlds apart.
struct Digest(DefaultHasher);

impl std::fmt::Write for Digest {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        text.hash(&mut self.0);
        Ok(())
    }
}

/// Protects: whatever the order in which things happen, each transaction is whole (T4), what was acknowledged is committed, a late
/// packet ends nothing (X1, X5), and none hangs.
#[test]
fn every_interleaving_of_a_small_world() {
    let (mut seen, mut open, mut ends) = (BTreeSet::new(), vec![Small::new()], 0);
    while let Some(small) = open.pop() {
        let next = small.next();
        if next.is_empty() || small.clients.iter().all(|client| client.waits.is_none()) {
            ends += 1;
            small.clone().check_end();
        }
        for small in next {
            let mut digest = Digest(DefaultHasher::new());
            write!(digest, "{small:?}").expect("it is hashed");
            if seen.insert(digest.0.finish()) {
                open.push(small);
            }
        }
    }
    assert!(seen.len() > 10_000 && ends > 1_000, "{} states, {ends} ends", seen.len());
}
