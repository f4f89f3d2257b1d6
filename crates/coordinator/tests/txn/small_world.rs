//! Every interleaving of a small world: one coordinator, two partitions, two producers of one transactional id with two
//! transactions, a crash of the coordinator, and one thing that comes late or twice: a request, a batch, a mark, or a batch whose producer
//! has given it up and aborted.
//!
//! Coordinator and partitions are the product's; in between each message may take any time. Partitions outlive the
//! coordinator, as if others led them. The second one is not in the coordinator's write-ahead log: its marks are there whatever
//! becomes of that log.

use crate::client::{Client, Does, FIRST, Packet, SECOND, Stage};
use crate::leader::{Begun, Leader, Stored, digest};
use crate::world::{ID, World, add, at_epoch, settings};
use coordinator::Token;
use coordinator::txn::{
    Mark, Marked, Producer, Protocol, Txn, TxnAnswer, TxnRecord, TxnRequest, TxnSettings, TxnState,
};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;
use types::{ErrorCode, Now};

/// What is late asks under this token; a client under its own number.
const LATE: Token = Token(2);

/// No other deadline is as near.
const LINGER: Duration = Duration::from_millis(5);

/// The partition that is elsewhere.
const ELSEWHERE: i32 = 1;

#[derive(Clone, Debug)]
struct Small {
    world: World,
    leaders: [Rc<Leader>; 2],
    clients: [Client; 2],
    /// A batch that nobody waits for.
    late_packet: Option<Packet>,
    late_mark: Option<Mark>,
    crashes: u8,
    lates: u8,
    /// There is one client: nobody fences it.
    is_alone: bool,
}

impl Small {
    fn new(protocol: Protocol) -> Small {
        let clients = [Client::new(protocol, 0, &FIRST), Client::new(protocol, 10, &SECOND)];
        let leaders = [(); 2].map(|()| Rc::new(Leader::new()));
        let (late_packet, late_mark) = (None, None);
        Small {
            world: World::with(TxnSettings { linger: LINGER, ..settings() }),
            leaders,
            clients,
            late_packet,
            late_mark,
            crashes: 1,
            lates: 1,
            is_alone: false,
        }
    }

    /// A world in which the epochs of the transactional id are nearly used up.
    fn at_the_last_epochs() -> Small {
        let mut small = Small::new(Protocol::V2);
        at_epoch(&mut small.world, i16::MAX - 2);
        small
    }

    /// All that may happen next.
    fn next(&self) -> Vec<Small> {
        let mut all = Vec::new();
        let mut also = |may: bool, act: &dyn Fn(&mut Small) -> bool| {
            if !may {
                return;
            }
            let mut copy = self.clone();
            if act(&mut copy) {
                copy.take_answers();
                copy.check();
                all.push(copy);
            }
        };
        let has_late = self.lates > 0;
        for (which, client) in self.clients.iter().enumerate() {
            also(client.waits.is_none() && !client.is_fenced, &|small| small.step(which));
            for request in &client.requests {
                also(has_late, &|small| small.ask_late(which, request));
            }
            for packet in &client.packets {
                also(has_late, &|small| small.write_late(*packet));
            }
            also(has_late && client.packet.is_some() && !client.is_fenced, &|small| small.give_up(which));
        }
        also(self.late_packet.is_some(), &|small| small.step_late());
        also(!self.world.on_way.is_empty(), &|small| small.world.commit());
        also(self.lingers(), &|small| small.linger_no_more());
        for which in 0..self.world.marks.len() {
            also(true, &|small| small.mark(which));
        }
        also(has_late && self.late_mark.is_some(), &|small| small.mark_late());
        for stored in 0..=self.world.on_way.len() {
            also(self.crashes > 0, &|small| small.crash(stored));
        }
        all
    }

    /// Says whether a record waits for more to be written with.
    fn lingers(&self) -> bool {
        let until = self.world.now.mono.plus(LINGER);
        self.world.txns.next_deadline().is_some_and(|deadline| deadline <= until)
    }

    /// It is written; otherwise no time passes.
    fn linger_no_more(&mut self) -> bool {
        let Now { mono, wall } = self.world.now;
        self.world.txns.on_time(Now { mono: mono.plus(LINGER), wall });
        self.world.take();
        true
    }

    /// Sums up what tells two worlds apart.
    fn digest(&self) -> u64 {
        let Small { world, leaders, clients, late_packet, late_mark, crashes, lates, is_alone: _ } = self;
        let coordinator = (&world.txns, world.log.last(), &world.on_way, &world.marks);
        let clients = clients.each_ref().map(Client::sum);
        let others = (leaders, clients, late_packet, late_mark, crashes, lates);
        digest(&(coordinator, others))
    }

    fn leader(&mut self, partition: usize) -> &mut Leader {
        Rc::make_mut(&mut self.leaders[partition])
    }

    fn step(&mut self, which: usize) -> bool {
        let client = &mut self.clients[which];
        if let Some(request) = client.request() {
            client.sent(&request);
            let by = client.by(&request);
            let token = Token(which as u64);
            self.clients[which].waits = Some(token);
            self.world.send_as(token, request, by);
            return true;
        }
        let Some(packet) = client.take_packet() else { return false };
        // One that was given up may wait under the token of before.
        let token = Token(10 * (1 + u64::from(self.lates)) + which as u64);
        match self.forward(packet, token) {
            Forward::Waits => {
                self.clients[which].packet = Some(packet);
                return false;
            }
            Forward::Goes(packet) => self.clients[which].packet = Some(packet),
            Forward::Ends(true) => self.clients[which].wrote(packet.partition),
            Forward::Ends(false) => self.clients[which].is_fenced = true,
        }
        true
    }

    /// A batch goes one step further; its coordinator is asked under this token.
    fn forward(&mut self, packet: Packet, token: Token) -> Forward {
        let (partition, batch) = (packet.partition, packet.batch);
        match packet.stage {
            Stage::Asked(..) => Forward::Waits,
            Stage::Verified(guard) => Forward::Ends(self.leader(partition).append(&batch, guard)),
            Stage::Sent => {
                let protocol = self.clients[0].protocol;
                let by = (protocol == Protocol::V1).then_some(packet.connection);
                let stage = match self.leader(partition).begin(&batch, by) {
                    Begun::Late => return Forward::Ends(false),
                    Begun::Open => Stage::Verified(None),
                    Begun::Ask(guard) => {
                        let add = add(batch.producer, &[i32::try_from(partition).unwrap()], protocol);
                        self.world.send_as(token, verify_in(protocol, add), None);
                        Stage::Asked(guard, token)
                    }
                };
                Forward::Goes(Packet { stage, ..packet })
            }
        }
    }

    /// The network brings what a client has asked once more, by the connection that it has given up.
    fn ask_late(&mut self, which: usize, request: &TxnRequest) -> bool {
        self.lates -= 1;
        let by = self.clients[which].by(request).map(|connection| connection - 1);
        self.world.send_as(LATE, request.clone(), by);
        true
    }

    /// The network brings a client's batch once more, by the connection that it has given up.
    fn write_late(&mut self, packet: Packet) -> bool {
        self.lates -= 1;
        self.late_packet = Some(Packet { connection: packet.connection - 1, ..packet });
        self.step_late()
    }

    fn give_up(&mut self, which: usize) -> bool {
        let Some(packet) = self.clients[which].give_up() else { return false };
        self.lates -= 1;
        self.late_packet = Some(packet);
        true
    }

    fn step_late(&mut self) -> bool {
        let Some(packet) = self.late_packet.take() else { return false };
        match self.forward(packet, LATE) {
            Forward::Waits => {
                self.late_packet = Some(packet);
                return false;
            }
            Forward::Goes(packet) => self.late_packet = Some(packet),
            Forward::Ends(_) => {}
        }
        true
    }

    fn mark(&mut self, which: usize) -> bool {
        let Some(mark) = self.world.marks.remove(which) else { return false };
        let mut ends = Vec::new();
        for (topic, partitions) in &*mark.partitions {
            for partition in partitions {
                let is_later = *partition == ELSEWHERE && !mark.is_stored;
                let end = match is_later {
                    true => Marked::Later,
                    false => self.leader(usize::try_from(*partition).unwrap()).end(&mark),
                };
                ends.push((topic.clone(), *partition, end));
            }
        }
        // By the calls of old a mark that came twice could not be told from the next one. Within a broker none does.
        if mark.protocol == Protocol::V2 {
            self.late_mark = Some(mark.clone());
        }
        self.world.txns.marked(&mark.id, mark.number, &ends, self.world.now);
        self.world.take();
        true
    }

    /// The network brings marks once more, or those of a coordinator that was killed.
    fn mark_late(&mut self) -> bool {
        let Some(mark) = self.late_mark.take() else { return false };
        self.lates -= 1;
        let all = mark.partitions.values().flatten();
        for partition in all.filter(|partition| **partition != ELSEWHERE || mark.is_stored) {
            self.leader(usize::try_from(*partition).unwrap()).end(&mark);
        }
        true
    }

    /// The coordinator is killed; clients ask again. Marks of one log with PREPARE are there only if PREPARE is.
    fn crash(&mut self, stored: usize) -> bool {
        // What was marked in the same log has its PREPARE before it.
        let is_marked = |record: &TxnRecord| {
            record.txn.as_ref().is_some_and(|txn| {
                let by = Producer { id: txn.producer, epoch: txn.epoch };
                let is_its = |stored: &Stored| matches!(stored, Stored::End(producer, _) if *producer == by);
                txn.state.is_ending() && self.leaders[0].log.iter().any(is_its)
            })
        };
        let least =
            self.world.on_way.iter().rposition(|batch| batch.iter().any(is_marked)).map_or(0, |at| at + 1);
        if stored < least {
            return false;
        }
        self.crashes -= 1;
        self.late_mark = self.world.marks.pop_front().or(self.late_mark.take());
        self.world.crash(stored);
        let log = &self.world.log;
        self.late_mark.take_if(|mark| !log.iter().any(|record| has_decided(record, mark)));
        for which in [0, 1] {
            let client = &mut self.clients[which];
            client.waits = None;
            if client.protocol == Protocol::V1 {
                // Its connections to the coordinator are gone, with what they carried.
                client.requests.clear();
            }
            if let Some(packet) = self.clients[which].packet.take() {
                let packet = self.unasked(packet).unwrap_or(Packet { stage: Stage::Sent, ..packet });
                self.clients[which].packet = Some(packet);
            }
        }
        self.late_packet = self.late_packet.take().and_then(|packet| self.unasked(packet));
        true
    }

    /// The coordinator says nothing of a batch any more: its guard is given back.
    fn unasked(&mut self, packet: Packet) -> Option<Packet> {
        let Stage::Asked(guard, _) = packet.stage else { return Some(packet) };
        self.leader(packet.partition).end_verification(packet.batch.producer, guard);
        None
    }

    fn take_answers(&mut self) {
        for which in [0, 1] {
            self.take_answer(which);
            if let Some(packet) = self.clients[which].packet {
                let (packet, code) = self.take_verified(packet);
                let client = &mut self.clients[which];
                let is_refused = code.is_some_and(|code| code != ErrorCode::ConcurrentTransactions);
                client.is_fenced |= is_refused;
                client.packet = Some(packet).filter(|_| !is_refused);
            }
        }
        if let Some(packet) = self.late_packet {
            let (packet, code) = self.take_verified(packet);
            self.late_packet = Some(packet).filter(|_| code.is_none());
        }
        self.world.answers.clear();
        self.world.events.clear();
    }

    fn take_answer(&mut self, which: usize) {
        let client = &mut self.clients[which];
        let Some(answer) = client.waits.and_then(|token| self.world.answers.remove(&token)) else { return };
        client.waits = None;
        match (client.does(), answer) {
            (Some(Does::Init | Does::Commit), Ok(TxnAnswer::Producer(producer))) => client.is(producer),
            (Some(Does::Add(_)), Ok(TxnAnswer::Done)) => client.went_on(),
            (_, Err(ErrorCode::ConcurrentTransactions)) => {}
            (_, Err(_)) => client.is_fenced = true,
            other => panic!("{other:?}"),
        }
    }

    /// Takes what the coordinator says of a batch: a code if it is not let in.
    fn take_verified(&mut self, packet: Packet) -> (Packet, Option<ErrorCode>) {
        let Stage::Asked(guard, token) = packet.stage else { return (packet, None) };
        let code = match self.world.answers.remove(&token) {
            None => return (packet, None),
            Some(Ok(TxnAnswer::Done)) => ErrorCode::None,
            Some(Ok(TxnAnswer::Partitions(codes))) => codes[0],
            Some(Ok(other)) => panic!("{other:?}"),
            Some(Err(code)) => code,
        };
        if code == ErrorCode::None {
            return (Packet { stage: Stage::Verified(Some(guard)), ..packet }, None);
        }
        self.leader(packet.partition).end_verification(packet.batch.producer, guard);
        (Packet { stage: Stage::Sent, ..packet }, Some(code))
    }

    /// T4, T5, T6: what holds at every moment. T3 is checked with every change of a partition.
    fn check(&self) {
        assert!(
            !self.is_alone || !self.clients[0].is_fenced,
            "a live producer is fenced: {:?}",
            self.leaders
        );
        let mut decided: Vec<(Producer, bool)> = Vec::new();
        for leader in &self.leaders {
            for stored in &leader.log {
                if let Stored::End(producer, commit) = stored {
                    // By the calls of old many transactions have one epoch.
                    let is_other = |one: &(Producer, bool)| *one == (*producer, !commit);
                    let is_two = self.clients[0].protocol == Protocol::V2 && decided.iter().any(is_other);
                    assert!(!is_two, "one decision: {:?}", self.leaders);
                    decided.push((*producer, *commit));
                }
            }
            for (txn, end) in leader.fates().into_iter().flatten() {
                let is_in = |list: fn(&Client) -> &Vec<u8>| {
                    self.clients.iter().any(|client| list(client).contains(&txn))
                };
                assert!(end != Some(false) || !is_in(|c| &c.committed), "{txn} was acknowledged: {leader:?}");
                assert!(end != Some(true) || is_in(|c| &c.asked), "{txn} is committed unasked: {leader:?}");
            }
        }
    }

    /// Nothing is on its way any more but what is late: every transaction is whole.
    fn check_end(&mut self) {
        for _ in 0..3 {
            self.world.pass(Duration::from_secs(1_000));
            while self.world.commit() || (!self.world.marks.is_empty() && self.mark(0)) {}
        }
        let state = self.world.txns.describe(ID).map_or(TxnState::Empty, |facts| facts.txn.state);
        assert!(state.is_over(), "the coordinator comes to no end: {state:?} {:?}", self.leaders,);
        self.take_answers();
        let clients = [0, 1].map(|which| self.clients[which].packet.take());
        for packet in clients.into_iter().flatten().chain(self.late_packet.take()) {
            if let Stage::Verified(guard) = packet.stage {
                self.leader(packet.partition).append(&packet.batch, guard);
            }
        }
        self.check();
        assert!(self.leaders.iter().all(|leader| !leader.is_open()), "none hangs: {:?}", self.leaders);
        let all: Vec<(u8, Option<bool>)> =
            self.leaders.iter().flat_map(|leader| leader.fates().into_iter().flatten()).collect();
        for (txn, fate) in &all {
            assert!(fate.is_some() && !all.contains(&(*txn, fate.map(|f| !f))), "torn: {:?}", self.leaders);
        }
        for txn in self.clients.iter().flat_map(|client| &client.committed) {
            let expected: usize = if *txn == 0 { 2 } else { 1 };
            let there = all.iter().filter(|fate| **fate == (*txn, Some(true))).count();
            assert_eq!(there, expected, "transaction {txn}: {:?}", self.leaders);
        }
    }
}

/// What became of a batch that was to go further.
enum Forward {
    Waits,
    Goes(Packet),
    /// It is there, or is not let in.
    Ends(bool),
}

/// Says whether a record is the decision of a mark: in the log that both are in a mark is never stored without it.
fn has_decided(record: &TxnRecord, mark: &Mark) -> bool {
    let end = if mark.commit { TxnState::PrepareCommit } else { TxnState::PrepareAbort };
    let is_its =
        |txn: &Txn| txn.state == end && Producer { id: txn.producer, epoch: txn.epoch } == mark.producer;
    record.txn.as_deref().is_some_and(is_its)
}

/// By the calls of old a write asks whether its partition is part of the transaction; later ones make it one.
fn verify_in(protocol: Protocol, request: TxnRequest) -> TxnRequest {
    match request {
        TxnRequest::Add { producer, partitions, .. } if protocol == Protocol::V1 => {
            TxnRequest::Verify { producer, partitions }
        }
        request => request,
    }
}

/// Worlds that are gone through: one with a single client, which nobody may fence, and the whole.
fn worlds(begin: Small) -> [Small; 2] {
    let mut alone = Small { is_alone: true, ..begin.clone() };
    alone.clients[1].is_fenced = true;
    [alone, begin]
}

/// Goes through everything that may happen; returns how many states there are.
fn explore(begin: Small) -> usize {
    let (mut seen, mut open) = (BTreeSet::new(), vec![begin]);
    while let Some(small) = open.pop() {
        let next = small.next();
        if next.is_empty() || small.clients.iter().all(|client| client.waits.is_none()) {
            small.clone().check_end();
        }
        open.extend(next.into_iter().filter(|small| seen.insert(small.digest())));
    }
    seen.len()
}

/// Protects: with an epoch for each transaction: whatever the order in which things happen, each transaction is whole (T4), what was
/// acknowledged is committed, and nothing unasked, what is late enters and ends nothing (X1, X2, X5), the last stable offset is right (T3),
/// and none hangs.
#[test]
pub(crate) fn every_interleaving_of_a_small_world() {
    let states: usize = worlds(Small::new(Protocol::V2)).into_iter().map(explore).sum();
    assert!(states > 300_000, "{states} states");
}

/// Protects: the same by the calls of old, where connections and guards tell what is late.
#[test]
pub(crate) fn every_interleaving_of_a_small_world_of_old() {
    let states: usize = worlds(Small::new(Protocol::V1)).into_iter().map(explore).sum();
    assert!(states > 300_000, "{states} states");
}

/// Protects: P10: the same where the epochs of the producer are used up on the way.
#[test]
pub(crate) fn every_interleaving_of_a_small_world_at_the_last_epochs() {
    let states: usize = worlds(Small::at_the_last_epochs()).into_iter().map(explore).sum();
    assert!(states > 300_000, "{states} states");
}
