//! A coordinator with its log, whose steps a script chooses.

use coordinator::Token;
use coordinator::txn::{
    Connection, Mark, Marked, Order, Producer, Protocol, Transactions, Txn, TxnAnswer, TxnClient, TxnEffect,
    TxnEvent, TxnPartitions, TxnRecord, TxnRequest, TxnSettings, TxnState, TxnTopic,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use types::{
    ErrorCode, LeaderEpoch, Millis, Monotonic, Now, ProducerEpoch, ProducerId, TopicId, Uuid, WallTime,
};

pub(crate) const ID: &str = "id";
pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const TIMEOUT: Millis = Millis(60_000);
pub(crate) const EXPIRATION: Duration = Duration::from_secs(3_600);

pub(crate) fn settings() -> TxnSettings {
    TxnSettings {
        timeout_max: Millis(900_000),
        id_expiration: EXPIRATION,
        hold: Duration::from_millis(100),
        retry: Duration::from_millis(50),
        linger: Duration::ZERO,
        memory_max: 1 << 20,
        record_max: 1 << 16,
        order: Order::OneLog,
    }
}

/// Partitions of the topic `t`.
pub(crate) fn partitions(which: &[i32]) -> TxnPartitions {
    let topic = TxnTopic { name: "t".into(), id: TopicId(Uuid([1; 16])) };
    TxnPartitions::from([(topic, which.iter().copied().collect::<BTreeSet<i32>>())])
}

/// A coordinator. Its batches have their place in the log at once; a script says when they are committed, and when marks
/// are written.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) settings: TxnSettings,
    pub(crate) txns: Transactions,
    pub(crate) now: Now,
    /// What is committed.
    pub(crate) log: Vec<TxnRecord>,
    /// What has its place and is not committed.
    pub(crate) on_way: VecDeque<Vec<TxnRecord>>,
    /// Marks that were sent and not answered.
    pub(crate) marks: VecDeque<Mark>,
    pub(crate) answers: BTreeMap<Token, Result<TxnAnswer, ErrorCode>>,
    pub(crate) events: Vec<TxnEvent>,
    pub(crate) has_resigned: bool,
    lead: i32,
    last_token: u64,
}

impl World {
    pub(crate) fn new() -> World {
        World::with(settings())
    }

    pub(crate) fn with(settings: TxnSettings) -> World {
        let now = Now { mono: Monotonic(0), wall: WallTime(1_000_000) };
        let mut txns = Transactions::new(settings.clone(), LeaderEpoch(0));
        txns.loaded(true, now);
        World {
            settings,
            txns,
            now,
            log: Vec::new(),
            on_way: VecDeque::new(),
            marks: VecDeque::new(),
            answers: BTreeMap::new(),
            events: Vec::new(),
            has_resigned: false,
            lead: 0,
            last_token: 0,
        }
    }

    /// Sends a request; it is answered once its records are committed.
    pub(crate) fn send_by(&mut self, request: TxnRequest, connection: Option<u64>) -> Token {
        self.last_token += 1;
        let token = Token(self.last_token);
        self.send_as(token, request, connection);
        token
    }

    /// Sends a request under a token that nothing else waits under.
    pub(crate) fn send_as(&mut self, token: Token, request: TxnRequest, connection: Option<u64>) {
        self.txns.handle(token, ID, request, connection.map(Connection), self.now);
        self.take();
    }

    pub(crate) fn send(&mut self, request: TxnRequest) -> Token {
        self.send_by(request, None)
    }

    /// Does what is to be done, as far as it needs nothing else.
    pub(crate) fn take(&mut self) {
        loop {
            let effects = self.txns.take_effects();
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                match effect {
                    TxnEffect::Reply { token, answer } => {
                        assert!(self.answers.insert(token, answer).is_none(), "answered twice");
                    }
                    TxnEffect::Append { records, .. } => {
                        self.on_way.push_back(records);
                        self.txns.is_ordered();
                    }
                    TxnEffect::Mark(mark) => self.marks.push_back(mark),
                    TxnEffect::Happened(event) => self.events.push(event),
                    TxnEffect::Resign => self.has_resigned = true,
                }
            }
        }
    }

    /// The oldest batch is committed.
    pub(crate) fn commit(&mut self) -> bool {
        let Some(records) = self.on_way.pop_front() else { return false };
        self.log.extend(records);
        self.txns.is_committed();
        self.take();
        true
    }

    /// The oldest marks are written, all of them.
    pub(crate) fn mark(&mut self, end: Marked) -> bool {
        let Some(mark) = self.marks.pop_front() else { return false };
        let each = mark.partitions.iter();
        let ends: Vec<_> =
            each.flat_map(|(topic, all)| all.iter().map(move |one| (topic.clone(), *one, end))).collect();
        self.txns.marked(ID, mark.number, &ends, self.now);
        self.take();
        true
    }

    /// Everything that is on its way arrives.
    pub(crate) fn settle(&mut self) {
        while self.commit() || self.mark(Marked::Written) {}
    }

    /// Sends a request and settles.
    pub(crate) fn ask(&mut self, request: TxnRequest) -> Result<TxnAnswer, ErrorCode> {
        let token = self.send(request);
        self.settle();
        self.answer(token)
    }

    pub(crate) fn answer(&mut self, token: Token) -> Result<TxnAnswer, ErrorCode> {
        self.answers.remove(&token).expect("it is answered")
    }

    /// Lets time pass, in steps.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.now.mono = self.now.mono.plus(time);
        self.now.wall = WallTime(self.now.wall.0 + i64::try_from(time.as_millis()).unwrap());
        self.txns.on_time(self.now);
        self.take();
    }

    /// The broker is killed: what has its place in the log is there, or a part of it from its beginning on.
    pub(crate) fn crash(&mut self, stored_batches: usize) {
        for records in self.on_way.drain(..).take(stored_batches) {
            self.log.extend(records);
        }
        self.lead += 1;
        self.marks.clear();
        self.answers.clear();
        self.txns = Transactions::new(self.settings.clone(), LeaderEpoch(self.lead));
        for record in &self.log {
            let (key, value) = record.encode().expect("it is written");
            self.txns.replay(TxnRecord::decode(Some(key), value).expect("it is read").expect("it is one"));
        }
        self.txns.loaded(true, self.now);
        self.take();
    }

    pub(crate) fn state(&self) -> TxnState {
        self.txns.describe(ID).expect("it is known").txn.state
    }

    pub(crate) fn init(&mut self) -> Producer {
        producer_of(self.ask(init(None)))
    }

    pub(crate) fn begin(&mut self, producer: Producer, which: &[i32], protocol: Protocol) {
        assert_eq!(self.ask(add(producer, which, protocol)), Ok(TxnAnswer::Done));
    }
}

pub(crate) fn producer_of(answer: Result<TxnAnswer, ErrorCode>) -> Producer {
    match answer {
        Ok(TxnAnswer::Producer(producer)) => producer,
        other => panic!("{other:?}"),
    }
}

/// A producer with a fresh id at hand.
pub(crate) fn init(expected: Option<Producer>) -> TxnRequest {
    TxnRequest::Init {
        timeout: TIMEOUT,
        expected,
        fresh: Some(ProducerId(100)),
        client: TxnClient::default(),
    }
}

pub(crate) fn add(producer: Producer, which: &[i32], protocol: Protocol) -> TxnRequest {
    TxnRequest::Add { producer, partitions: partitions(which), protocol, order: Order::Across }
}

pub(crate) fn end(producer: Producer, commit: bool, protocol: Protocol) -> TxnRequest {
    TxnRequest::End { producer, commit, protocol, fresh: Some(ProducerId(200)) }
}

/// The same producer, some epochs on.
pub(crate) fn later(producer: Producer, epochs: i16) -> Producer {
    Producer { epoch: ProducerEpoch(producer.epoch.0 + epochs), ..producer }
}

pub(crate) fn at_epoch(world: &mut World, epoch: i16) -> Producer {
    let producer = world.init();
    let txn = world.txns.describe(ID).unwrap().txn.clone();
    let txn = Txn { epoch: ProducerEpoch(epoch), ..txn };
    world.log.push(TxnRecord { id: ID.into(), txn: Some(Arc::new(txn)) });
    world.crash(0);
    Producer { epoch: ProducerEpoch(epoch), ..producer }
}
