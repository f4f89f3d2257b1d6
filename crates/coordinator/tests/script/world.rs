//! A coordinator with a clock, a log and topics that a script moves.

use bytes::Bytes;
use coordinator::assign::Assignor;
use coordinator::{
    Answer, Caller, Commit, CommitOffset, ConsumerTimes, Effect, Event, GroupRecord, Groups, InTxn, Logged,
    Migration, Note, Request, Settings, Token, Topics,
};
use std::collections::BTreeMap;
use std::time::Duration;
use types::{
    ErrorCode, Generation, GroupEpoch, GroupId, InstanceId, MemberId, Now, Offset, ProducerId, TopicId, Uuid,
    WallTime,
};
use wire::Stored;
use wire::consumer_protocol_subscription::ConsumerProtocolSubscription;
use wire::join_group_request::{JoinGroupRequest, JoinGroupRequestProtocol};
use wire::join_group_response::JoinGroupResponse;
use wire::sync_group_request::{SyncGroupRequest, SyncGroupRequestAssignment};
use wire::sync_group_response::SyncGroupResponse;

/// The group of all scripts.
pub(crate) const GROUP: &str = "g";
/// Newest version of JoinGroup.
pub(crate) const JOIN: i16 = 9;
/// Session timeout of all members.
pub(crate) const SESSION: Duration = Duration::from_secs(10);
/// Rebalance timeout of all members.
pub(crate) const REBALANCE: Duration = Duration::from_secs(60);
/// Wait before the first rebalance.
pub(crate) const DELAY: Duration = Duration::from_secs(3);

/// The topics of a script, and how many partitions they have, if not [`PARTITIONS`].
#[derive(Default)]
pub(crate) struct Names(
    pub(crate) BTreeMap<String, TopicId>,
    pub(crate) BTreeMap<TopicId, i32>,
    /// How often all of them were looked at.
    pub(crate) std::cell::Cell<usize>,
);

/// Partitions of a topic.
pub(crate) const PARTITIONS: i32 = 4;

/// The times of groups of the consumer protocol.
pub(crate) const TIMES: ConsumerTimes = ConsumerTimes {
    session_timeout: Duration::from_secs(45),
    heartbeat_interval: Duration::from_secs(5),
    assignment_interval: Duration::from_secs(1),
};

impl Topics for Names {
    fn id_of(&self, name: &str) -> Option<TopicId> {
        self.0.get(name).copied()
    }

    fn name_of(&self, id: TopicId) -> Option<&str> {
        self.0.iter().find(|(_, known)| **known == id).map(|(name, _)| name.as_str())
    }

    fn partitions(&self, id: TopicId) -> Option<i32> {
        self.name_of(id).map(|_| self.1.get(&id).copied().unwrap_or(PARTITIONS))
    }

    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        self.2.set(self.2.get() + 1);
        Box::new(self.0.keys().map(String::as_str))
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn version(&self) -> u64 {
        let counts: i32 = self.1.values().sum();
        let ids: u64 = self.0.values().map(|id| u64::from(id.0.0[0])).sum();
        1 + 1_000_000 * ids + 1000 * u64::try_from(self.0.len()).unwrap() + u64::try_from(counts).unwrap()
    }

    fn times(&self, _: &str) -> ConsumerTimes {
        TIMES
    }
}

/// Returns the id that scripts give a topic.
pub(crate) fn topic_id(n: u8) -> TopicId {
    TopicId(Uuid([n; 16]))
}

/// Returns the numbers of scripts.
pub(crate) fn settings() -> Settings {
    Settings {
        session_timeout: Duration::from_secs(6)..=Duration::from_secs(1800),
        initial_rebalance_delay: DELAY,
        max_size: 100,
        metadata_max: 4096,
        member_max: 1 << 20,
        retention: None,
        retention_check: Duration::from_secs(600),
        batch_max: 1 << 20,
        operation_max: 16 << 20,
        memory_max: 1 << 30,
        consumer_max_size: 100,
        assignors: vec![Assignor::Uniform, Assignor::Range],
        migration: Migration { upgrade: true, downgrade: true },
    }
}

/// A coordinator, its log, and what it has answered.
pub(crate) struct World {
    settings: Settings,
    pub(crate) groups: Groups,
    pub(crate) now: Now,
    pub(crate) topics: Names,
    /// Committed records.
    pub(crate) log: Vec<GroupRecord>,
    /// When each of them was written.
    written: Vec<WallTime>,
    /// In whose transaction each of them was written.
    pub(crate) of: Vec<Option<ProducerId>>,
    /// Ends of transactions, and how many records stand before each.
    pub(crate) ends: Vec<(usize, ProducerId, bool)>,
    /// A batch on its way.
    pub(crate) in_flight: Option<Vec<GroupRecord>>,
    /// In whose transaction it is.
    pub(crate) in_txn: Option<InTxn>,
    /// Records of the notes of transactions that have ended last, and these.
    pub(crate) ended: (Vec<GroupRecord>, Vec<Note>),
    /// Those of the last batch.
    pub(crate) notes: Vec<Note>,
    /// Batches are committed as soon as they come.
    pub(crate) commits_at_once: bool,
    /// What was counted.
    pub(crate) events: Vec<Event>,
    replies: BTreeMap<u64, Result<Answer, ErrorCode>>,
    next: u64,
}

impl World {
    pub(crate) fn new() -> World {
        World::with(settings())
    }

    pub(crate) fn with(settings: Settings) -> World {
        let names = [("t".to_owned(), topic_id(1)), ("u".to_owned(), topic_id(2))];
        World {
            groups: Groups::new(settings.clone()),
            settings,
            now: Now { wall: WallTime(1_000_000), ..Now::default() },
            topics: Names(names.into(), BTreeMap::new(), std::cell::Cell::default()),
            log: Vec::new(),
            written: Vec::new(),
            of: Vec::new(),
            ends: Vec::new(),
            in_flight: None,
            in_txn: None,
            ended: (Vec::new(), Vec::new()),
            notes: Vec::new(),
            commits_at_once: true,
            events: Vec::new(),
            replies: BTreeMap::new(),
            next: 0,
        }
    }

    /// Asks, and lets happen what follows at once.
    pub(crate) fn ask(&mut self, request: Request) -> Token {
        self.next += 1;
        let token = Token(self.next);
        self.groups.handle(token, request, &self.topics, self.now);
        self.settle();
        token
    }

    fn settle(&mut self) {
        assert_eq!(self.groups.held(), self.groups.recount(), "what is held is known");
        loop {
            for effect in self.groups.take_effects() {
                match effect {
                    Effect::Reply { token, answer } => {
                        let answer = answer.map(|answer| self.whole(answer));
                        assert!(
                            self.replies.insert(token.0, answer).is_none(),
                            "{token:?} is answered twice"
                        );
                    }
                    Effect::Happened(event) => self.events.push(event),
                    Effect::Expires { .. } => {}
                    Effect::Append { records, notes, txn } => {
                        assert!(self.in_flight.is_none(), "one batch at a time");
                        self.notes = notes;
                        (self.in_flight, self.in_txn) = (Some(records), txn);
                    }
                    Effect::Note(records, notes) => self.ended = (records, notes),
                }
            }
            if !self.commits_at_once || self.in_flight.is_none() {
                return;
            }
            self.write(Ok(()));
            assert_eq!(self.groups.held(), self.groups.recount(), "what is held is known");
        }
    }

    /// Asks for the others where a member leads, as the shell does.
    fn whole(&mut self, answer: Answer) -> Answer {
        let Answer::Leads(response) = answer else { return answer };
        let generation = Generation(response.generation_id);
        let member = MemberId::from(response.member_id.as_str());
        let request = Request::Members { group: GROUP.into(), member, generation };
        self.groups.handle(Token(0), request, &self.topics, self.now);
        match self.groups.take_effects().pop() {
            Some(Effect::Reply { answer: Ok(Answer::Members(members)), .. }) => {
                Answer::Join(JoinGroupResponse { members, ..response })
            }
            // Another generation has come with the same turn.
            _ => Answer::Join(response),
        }
    }

    /// Ends the batch on its way.
    fn write(&mut self, outcome: Result<(), ErrorCode>) {
        let records = self.in_flight.take().expect("a batch is on its way");
        if outcome.is_ok() {
            self.written.resize(self.written.len() + records.len(), self.now.wall);
            let producer = self.in_txn.map(|txn| txn.producer.id);
            self.of.resize(self.log.len(), None);
            self.of.resize(self.log.len() + records.len(), producer);
            self.log.extend(records);
        }
        self.groups.written(outcome, &self.topics, self.now);
    }

    /// Commits the mark of a producer in this partition.
    pub(crate) fn end_txn(&mut self, producer: i64, commit: bool) {
        let producer = ProducerId(producer);
        self.ends.push((self.log.len(), producer, commit));
        self.groups.txn_ended(producer, commit, self.now);
        self.settle();
    }

    /// Commits the batch on its way, and lets happen what follows.
    pub(crate) fn commit(&mut self) {
        self.write(Ok(()));
        self.settle();
    }

    /// Fails the batch on its way.
    pub(crate) fn refuse(&mut self, code: ErrorCode) {
        self.write(Err(code));
        self.settle();
    }

    /// Lets time pass, deadline by deadline.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now.mono.plus(time);
        while let Some(due) = self.groups.next_deadline().filter(|due| *due <= end) {
            self.move_to(due.since(self.now.mono));
            self.groups.on_time(&self.topics, self.now);
            self.settle();
        }
        self.move_to(end.since(self.now.mono));
    }

    fn move_to(&mut self, by: Duration) {
        self.now.mono = self.now.mono.plus(by);
        self.now.wall = WallTime(self.now.wall.0 + i64::try_from(by.as_millis()).unwrap());
    }

    /// Returns what a request was answered, if it was.
    pub(crate) fn answer(&mut self, token: Token) -> Option<Result<Answer, ErrorCode>> {
        self.replies.remove(&token.0)
    }

    pub(crate) fn waits(&mut self, token: Token) -> bool {
        !self.replies.contains_key(&token.0)
    }

    /// Returns the code that a request was refused with.
    pub(crate) fn code(&mut self, token: Token) -> ErrorCode {
        match self.answer(token).expect("it is answered") {
            Ok(Answer::Join(response)) => ErrorCode::from_code(response.error_code).expect("a code of ours"),
            Ok(Answer::Partitions(codes) | Answer::Leave(codes)) => codes[0],
            Ok(_) => ErrorCode::None,
            Err(code) => code,
        }
    }

    pub(crate) fn joined(&mut self, token: Token) -> JoinGroupResponse {
        match self.answer(token) {
            Some(Ok(Answer::Join(response))) => response,
            other => panic!("no answer to a join: {other:?}"),
        }
    }

    pub(crate) fn synced(&mut self, token: Token) -> SyncGroupResponse {
        match self.answer(token) {
            Some(Ok(Answer::Sync(response))) => response,
            other => panic!("no answer to a sync: {other:?}"),
        }
    }

    /// Joins as one who has this id, or none.
    pub(crate) fn join(&mut self, who: &Who) -> Token {
        self.join_version(who, JOIN)
    }

    pub(crate) fn join_version(&mut self, who: &Who, version: i16) -> Token {
        let request = JoinGroupRequest {
            group_id: GROUP.into(),
            session_timeout_ms: i32::try_from(SESSION.as_millis()).unwrap(),
            rebalance_timeout_ms: i32::try_from(REBALANCE.as_millis()).unwrap(),
            member_id: who.id.clone(),
            group_instance_id: who.instance.map(str::to_owned),
            protocol_type: who.protocol_type.into(),
            protocols: who.protocols.iter().map(|name| protocol(name, who.topics)).collect(),
            reason: None,
        };
        let caller = Caller { client_id: who.client.into(), host: "/127.0.0.1".into(), version };
        let mut fresh = [0; 16];
        fresh[8..].copy_from_slice(&(self.next + 1).to_be_bytes());
        self.ask(Request::Join { request, caller, fresh: Uuid(fresh) })
    }

    /// Gives a client an id, as JoinGroup 4 and later do, and joins with it.
    pub(crate) fn enter(&mut self, who: &mut Who) -> Token {
        let first = self.join(who);
        let response = self.joined(first);
        assert_eq!(response.error_code, ErrorCode::MemberIdRequired.code());
        who.id = response.member_id;
        self.join(who)
    }

    pub(crate) fn sync(&mut self, who: &Who, generation: i32, assignments: &[(&str, &'static str)]) -> Token {
        let assignments = assignments.iter().map(|(member, assignment)| SyncGroupRequestAssignment {
            member_id: (*member).into(),
            assignment: Bytes::from_static(assignment.as_bytes()),
        });
        self.ask(Request::Sync(SyncGroupRequest {
            group_id: GROUP.into(),
            generation_id: generation,
            member_id: who.id.clone(),
            group_instance_id: who.instance.map(str::to_owned),
            assignments: assignments.collect(),
            ..SyncGroupRequest::default()
        }))
    }

    pub(crate) fn heartbeat(&mut self, who: &Who, generation: i32) -> ErrorCode {
        let token = self.ask(Request::Heartbeat {
            group: GROUP.into(),
            member: MemberId::from(who.id.as_str()),
            instance: who.instance.map(InstanceId::from),
            generation: Generation(generation),
        });
        self.code(token)
    }

    pub(crate) fn leave(&mut self, members: &[(&str, Option<&str>)]) -> Token {
        let members =
            members.iter().map(|(id, instance)| (MemberId::from(*id), instance.map(InstanceId::from)));
        self.ask(Request::Leave { group: GROUP.into(), members: members.collect() })
    }

    /// Commits an offset of partition 0 of the topic `t`.
    pub(crate) fn commit_offset(&mut self, who: &Who, generation: i32, offset: i64) -> Token {
        let commit = commit(GROUP, who, generation, offset);
        self.ask(Request::Commit(commit))
    }

    /// Returns the offset of partition 0 of the topic `t`; -1 if there is none.
    pub(crate) fn offset(&mut self) -> i64 {
        let partitions = Some(vec![("t".to_owned(), 0)]);
        let token = self.ask(Request::FetchOffsets {
            group: GROUP.into(),
            partitions,
            member: None,
            epoch: GroupEpoch::LEAVES,
            require_stable: false,
        });
        match self.answer(token) {
            Some(Ok(Answer::Offsets(found))) => found[0].offset.0,
            other => panic!("no offsets: {other:?}"),
        }
    }

    pub(crate) fn state(&mut self) -> &'static str {
        let token = self.ask(Request::Describe(GROUP.into()));
        match self.answer(token) {
            Some(Ok(Answer::Description(description))) => description.state,
            Some(Err(ErrorCode::GroupIdNotFound)) => "none",
            other => panic!("no description: {other:?}"),
        }
    }

    /// Returns the assignment of a member as DescribeGroups shows it.
    pub(crate) fn shown(&mut self, who: &Who) -> bytes::Bytes {
        let token = self.ask(Request::Describe(GROUP.into()));
        let Some(Ok(Answer::Description(description))) = self.answer(token) else { panic!("no description") };
        let member = description.members.into_iter().find(|member| member.member_id.as_str() == who.id);
        member.unwrap().assignment
    }

    /// Returns all that the log holds, in its order.
    pub(crate) fn logged(&self) -> Vec<Logged> {
        // A script may have made the log anew; what it wrote itself has its times.
        let times = self.written.iter().copied().chain(std::iter::repeat(self.now.wall));
        let of = self.of.iter().copied().chain(std::iter::repeat(None));
        let (mut all, mut ends) = (Vec::new(), self.ends.iter().peekable());
        let mut end_up_to = |all: &mut Vec<Logged>, count: usize| {
            while let Some((_, producer, commit)) = ends.next_if(|(before, _, _)| *before <= count) {
                all.push(Logged::Ended { producer: *producer, commit: *commit });
            }
        };
        for (n, ((record, at), txn)) in self.log.iter().zip(times).zip(of).enumerate() {
            end_up_to(&mut all, n);
            all.push(Logged::Record { record: record.clone(), at, txn });
        }
        end_up_to(&mut all, self.log.len());
        all
    }

    /// Makes a coordinator out of the log alone, as the next leader would.
    pub(crate) fn fail_over(&mut self) {
        let old = std::mem::replace(&mut self.groups, Groups::new(self.settings.clone()));
        for effect in old.resign(self.now) {
            if let Effect::Reply { token, answer } = effect {
                self.replies.insert(token.0, answer);
            }
        }
        (self.in_flight, self.in_txn) = (None, None);
        self.logged().iter().for_each(|logged| self.groups.load(logged));
        self.groups.loaded(&self.topics, self.now);
    }

    /// Brings a group of these members to its first generation; the first of them leads.
    pub(crate) fn stable(&mut self, members: &mut [Who]) -> i32 {
        let joins: Vec<Token> = members.iter_mut().map(|who| self.enter(who)).collect();
        self.pass(DELAY * 2);
        let responses: Vec<JoinGroupResponse> = joins.into_iter().map(|token| self.joined(token)).collect();
        let generation = responses[0].generation_id;
        assert!(responses.iter().all(|response| response.generation_id == generation));
        self.assign(members, generation, &responses[0].leader);
        generation
    }

    /// Lets the leader assign and everyone take theirs.
    pub(crate) fn assign(&mut self, members: &[Who], generation: i32, leader: &str) {
        let leading = members.iter().find(|who| who.id == leader).expect("a member leads");
        let all: Vec<(&str, &'static str)> =
            members.iter().map(|who| (who.id.as_str(), who.client)).collect();
        let token = self.sync(leading, generation, &all);
        assert_eq!(self.synced(token).assignment, leading.client.as_bytes());
        for who in members.iter().filter(|who| who.id != leader) {
            let token = self.sync(who, generation, &[]);
            assert_eq!(self.synced(token).assignment, who.client.as_bytes());
        }
    }
}

fn protocol(name: &str, topics: &[&str]) -> JoinGroupRequestProtocol {
    let topics = topics.iter().map(|topic| (*topic).to_owned()).collect();
    let subscription = ConsumerProtocolSubscription { topics, ..ConsumerProtocolSubscription::default() };
    JoinGroupRequestProtocol { name: name.into(), metadata: subscription.to_stored(0).unwrap() }
}

/// Makes a commit of partition 0 of the topic `t`.
pub(crate) fn commit(group: &str, who: &Who, generation: i32, offset: i64) -> Commit {
    let one = CommitOffset {
        topic: "t".into(),
        topic_id: topic_id(1),
        partition: 0,
        offset: Offset(offset),
        leader_epoch: -1,
        metadata: String::new(),
    };
    Commit {
        group: GroupId::from(group),
        member: MemberId::from(who.id.as_str()),
        instance: who.instance.map(InstanceId::from),
        generation: Generation(generation),
        knows_not_found: true,
        caller: Caller { client_id: who.client.into(), host: "/127.0.0.1".into(), version: 9 },
        offsets: vec![one],
    }
}

/// A client.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    pub(crate) client: &'static str,
    pub(crate) id: String,
    pub(crate) instance: Option<&'static str>,
    pub(crate) protocol_type: &'static str,
    pub(crate) protocols: &'static [&'static str],
    pub(crate) topics: &'static [&'static str],
}

/// Makes a dynamic consumer.
pub(crate) fn who(client: &'static str) -> Who {
    Who {
        client,
        id: String::new(),
        instance: None,
        protocol_type: "consumer",
        protocols: &["range", "roundrobin"],
        topics: &["t"],
    }
}

/// Makes a static consumer.
pub(crate) fn fixed(client: &'static str, instance: &'static str) -> Who {
    Who { instance: Some(instance), ..who(client) }
}
