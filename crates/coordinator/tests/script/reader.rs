//! A client of the consumer protocol that does what it is told, and what it knows.

use crate::world::{GROUP, World};
use coordinator::assign::Assignment;
use coordinator::{Answer, Caller, ConsumerDescription, Request, Token};
use types::{ErrorCode, TopicId, Uuid};
use wire::consumer_group_heartbeat_request::{ConsumerGroupHeartbeatRequest, TopicPartitions};
use wire::consumer_group_heartbeat_response::ConsumerGroupHeartbeatResponse;

/// A client.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    pub(crate) id: String,
    pub(crate) instance: Option<&'static str>,
    pub(crate) topics: Vec<&'static str>,
    pub(crate) regex: Option<&'static str>,
    pub(crate) assignor: Option<&'static str>,
    pub(crate) epoch: i32,
    /// What it reads.
    pub(crate) owned: Assignment,
    /// It was told to give something up, and has not said yet that it did.
    pub(crate) says_all: bool,
    /// An answer was lost: it says everything, and is told everything.
    pub(crate) is_unsure: bool,
}

/// Makes a client that reads the topic `t`.
pub(crate) fn reader(id: &str) -> Reader {
    Reader {
        id: id.into(),
        instance: None,
        topics: vec!["t"],
        regex: None,
        assignor: None,
        epoch: 0,
        owned: Assignment::new(),
        says_all: true,
        is_unsure: false,
    }
}

impl Reader {
    /// Makes its next heartbeat.
    pub(crate) fn heartbeat(&self) -> ConsumerGroupHeartbeatRequest {
        let topic = |(topic, partitions): (&TopicId, &std::collections::BTreeSet<i32>)| TopicPartitions {
            topic_id: topic.0,
            partitions: partitions.iter().copied().collect(),
        };
        let joins = self.epoch == 0;
        let all = joins || self.is_unsure;
        let owned: Vec<TopicPartitions> = self.owned.iter().map(topic).collect();
        ConsumerGroupHeartbeatRequest {
            group_id: GROUP.into(),
            member_id: self.id.clone(),
            member_epoch: self.epoch,
            instance_id: self.instance.map(str::to_owned),
            rack_id: None,
            rebalance_timeout_ms: if all { 60_000 } else { -1 },
            subscribed_topic_names: all.then(|| self.topics.iter().map(|t| (*t).to_owned()).collect()),
            subscribed_topic_regex: self.regex.filter(|_| all).map(str::to_owned),
            server_assignor: self.assignor.filter(|_| joins).map(str::to_owned),
            topic_partitions: (self.says_all || all).then_some(if joins { Vec::new() } else { owned }),
        }
    }

    /// Takes over what it is told; returns the code.
    pub(crate) fn hear(&mut self, response: &ConsumerGroupHeartbeatResponse) -> ErrorCode {
        let code = ErrorCode::from_code(response.error_code).expect("a code of ours");
        match code {
            ErrorCode::None => {
                self.epoch = response.member_epoch;
                (self.says_all, self.is_unsure) = (false, false);
                if let Some(told) = &response.assignment {
                    let topics = told.topic_partitions.iter();
                    let each = topics.map(|t| (TopicId(t.topic_id), t.partitions.iter().copied().collect()));
                    self.owned = each.collect();
                    self.says_all = true;
                }
            }
            // It has to begin anew, without anything.
            ErrorCode::FencedMemberEpoch | ErrorCode::UnknownMemberId | ErrorCode::UnreleasedInstanceId => {
                (self.epoch, self.owned, self.says_all) = (0, Assignment::new(), true);
            }
            ErrorCode::FencedInstanceId => (self.epoch, self.owned) = (0, Assignment::new()),
            _ => {}
        }
        code
    }

    /// Returns the partitions of the topic `t` that it reads.
    pub(crate) fn reads(&self) -> Vec<i32> {
        self.owned.get(&crate::world::topic_id(1)).map(|p| p.iter().copied().collect()).unwrap_or_default()
    }
}

impl World {
    /// Sends a heartbeat, and returns who waits for its answer.
    pub(crate) fn send(&mut self, request: ConsumerGroupHeartbeatRequest) -> Token {
        let caller = Caller { client_id: "client".into(), host: "/127.0.0.1".into(), version: 1 };
        self.ask(Request::ConsumerHeartbeat { request, caller, fresh: Uuid([9; 16]) })
    }

    pub(crate) fn told(&mut self, token: Token) -> ConsumerGroupHeartbeatResponse {
        match self.answer(token) {
            Some(Ok(Answer::ConsumerHeartbeat(told))) => told.whole(),
            other => panic!("no answer to a heartbeat: {other:?}"),
        }
    }

    /// Lets a client send its next heartbeat, and take over the answer.
    pub(crate) fn beat(&mut self, reader: &mut Reader) -> ErrorCode {
        let token = self.send(reader.heartbeat());
        let told = self.told(token);
        reader.hear(&told)
    }

    /// Lets a client leave.
    pub(crate) fn part(&mut self, reader: &mut Reader, epoch: i32) -> ErrorCode {
        let request = ConsumerGroupHeartbeatRequest {
            member_epoch: epoch,
            topic_partitions: None,
            subscribed_topic_names: None,
            subscribed_topic_regex: None,
            rebalance_timeout_ms: -1,
            ..reader.heartbeat()
        };
        let token = self.send(request);
        let told = self.told(token);
        (reader.epoch, reader.owned, reader.says_all) = (0, Assignment::new(), true);
        ErrorCode::from_code(told.error_code).expect("a code of ours")
    }

    /// Lets clients send heartbeats until nothing changes.
    pub(crate) fn settle_readers(&mut self, readers: &mut [Reader]) {
        for _ in 0..12 {
            self.pass(std::time::Duration::from_secs(1));
            readers.iter_mut().for_each(|reader| _ = self.beat(reader));
        }
    }

    pub(crate) fn consumer(&mut self) -> ConsumerDescription {
        let token = self.ask(Request::ConsumerDescribe(GROUP.into()));
        match self.answer(token) {
            Some(Ok(Answer::ConsumerDescription(description))) => description,
            other => panic!("no description: {other:?}"),
        }
    }

    /// Commits as a client does that reads the topic `t`.
    pub(crate) fn commit_as(&mut self, reader: &Reader, epoch: i32, offset: i64) -> ErrorCode {
        let who = crate::world::Who { id: reader.id.clone(), ..crate::world::who("client") };
        let token = self.commit_offset(&who, epoch, offset);
        self.code(token)
    }
}
