//! What is only looked at: heartbeats of the classic protocol, offsets, descriptions, lists. It sees what is committed and waits
//! for nothing.
//!
//! An answer may be as large as a group: who asks within a number of bytes gets it if it takes no more, and else is told what it
//! takes, so that the shell can admit it before it is built (W-17). Tests: tests/script/bounds.rs.

use super::{Batch, Groups, Turn, consumer};
use crate::consumer::Heartbeat;
use crate::facts::{MEMBER_BYTES, PLACE_BYTES, SHOWN_BYTES, SHOWN_MAX};
use crate::group::{Group, Kind};
use crate::held::Held;
use crate::request::{Answer, Effect, FetchedOffset, Request, Token, Topics};
use types::{ErrorCode, Generation, GroupEpoch, GroupId, InstanceId, MemberId, Now};

/// What an answer holds of a group, decoded and encoded, beside its texts and members. *Units*: bytes.
const ITEM_BYTES: usize = 512;
/// What it holds of an offset beside its texts.
const OFFSET_BYTES: usize = 256;

impl Groups {
    /// Answers what is only looked at; gives everything else back.
    pub(super) fn look(
        &mut self,
        token: Token,
        request: Request,
        topics: &dyn Topics,
        now: Now,
    ) -> Option<Request> {
        let answer = match request {
            Request::Heartbeat { group, member, instance, generation } => {
                self.heartbeat((&group, &member, instance.as_ref()), generation, now)
            }
            Request::ConsumerHeartbeat { request, caller, fresh } => {
                match Heartbeat::read(request, caller, fresh, &self.settings) {
                    Ok(heartbeat) => self.on_heartbeat(token, heartbeat, topics, now),
                    Err(refused) => consumer::refuse(token, refused, &mut self.effects),
                }
                return None;
            }
            Request::Within { request, bytes: most } => {
                let bytes = self.answer_bytes(&request);
                let fits = bytes <= most;
                match if fits { self.read(&request, topics, now) } else { Ok(Answer::Done) } {
                    Ok(answer) => Ok(Answer::Within { bytes, answer: fits.then(|| Box::new(answer)) }),
                    Err(code) => Err(code),
                }
            }
            Request::FetchOffsets { .. }
            | Request::Describe(_)
            | Request::Explain(_)
            | Request::ConsumerDescribe(_)
            | Request::Members { .. }
            | Request::List => self.read(&request, topics, now),
            request => return Some(request),
        };
        self.effects.push(Effect::Reply { token, answer });
        None
    }

    fn read(&self, request: &Request, topics: &dyn Topics, now: Now) -> Result<Answer, ErrorCode> {
        let known = |group: &GroupId| self.groups.get(group).ok_or(ErrorCode::GroupIdNotFound);
        match request {
            Request::FetchOffsets { group, partitions, member, epoch, require_stable } => {
                let mut found =
                    self.fetch_offsets(group, partitions.as_deref(), (member.as_ref(), *epoch), topics)?;
                if *require_stable {
                    self.hide_unstable(group, &mut found, topics);
                }
                Ok(Answer::Offsets(found))
            }
            Request::Describe(group) => Ok(match known(group)?.classic() {
                Some(classic) => Answer::Description(classic.describe()),
                None => Answer::OtherProtocol,
            }),
            Request::ConsumerDescribe(group) => Ok(match known(group)?.consumer() {
                Some(consumer) => Answer::ConsumerDescription(consumer.describe(&self.settings.assignors)),
                None => Answer::OtherProtocol,
            }),
            Request::Members { group, member, generation } => {
                let classic = self.groups.get(group).and_then(Group::classic);
                let classic = classic.filter(|classic| classic.is_led(*generation, member));
                classic.map(|c| Answer::Members(c.all_members())).ok_or(ErrorCode::RebalanceInProgress)
            }
            Request::Explain(group) => {
                let facts = self.explain(group, topics, now).ok_or(ErrorCode::GroupIdNotFound);
                facts.map(Answer::Facts)
            }
            Request::List => Ok(Answer::Groups(self.list())),
            _ => Err(ErrorCode::UnknownServerError),
        }
    }

    /// Returns what an answer takes at most, decoded and encoded. *Units*: bytes.
    fn answer_bytes(&self, request: &Request) -> usize {
        let group = request.group().and_then(|id| self.groups.get(id));
        match (request, group) {
            (Request::List, _) => self.groups.iter().map(|(id, group)| listed_bytes(id, group)).sum(),
            (Request::FetchOffsets { partitions, .. }, Some(group)) => {
                group.offsets.answer_bytes(partitions.as_deref(), OFFSET_BYTES)
            }
            (Request::FetchOffsets { partitions: Some(partitions), .. }, None) => {
                partitions.iter().map(|(topic, _)| OFFSET_BYTES + 2 * topic.len()).sum()
            }
            (Request::Explain(_), Some(group)) => explained_bytes(group),
            // What it tells of each member is less than twice what is held of it.
            (_, Some(group)) => ITEM_BYTES + 2 * kind_bytes(group),
            (_, None) => ITEM_BYTES,
        }
    }

    fn heartbeat(
        &mut self,
        (group, member, instance): (&GroupId, &MemberId, Option<&InstanceId>),
        generation: Generation,
        now: Now,
    ) -> Result<Answer, ErrorCode> {
        if group.is_empty() {
            return Err(ErrorCode::InvalidGroupId);
        }
        let group = self.groups.get(group).ok_or(ErrorCode::UnknownMemberId)?;
        let (settings, looks) = (&self.settings, &self.looks);
        let (timers, effects) = (&mut self.timers, &mut self.effects);
        let mut turn = Turn { now, settings, looks, timers, effects, batch: &mut Batch::default() };
        match &group.kind {
            Kind::Classic(classic) => classic.heartbeat(member, instance, generation, &mut turn),
            Kind::Consumer(consumer) => {
                let told = consumer.classic_heartbeat(member, instance, generation.0)?;
                consumer::follow_told(consumer.id(), member, told, &mut turn);
                if told.rejoin.is_some() {
                    Err(ErrorCode::RebalanceInProgress)
                } else {
                    Ok(Answer::Heartbeat)
                }
            }
        }
    }

    fn fetch_offsets(
        &self,
        group: &GroupId,
        partitions: Option<&[(String, i32)]>,
        (member, epoch): (Option<&MemberId>, GroupEpoch),
        topics: &dyn Topics,
    ) -> Result<Vec<FetchedOffset>, ErrorCode> {
        let found = self.groups.get(group);
        if let Some(consumer) = found.and_then(Group::consumer) {
            consumer.check_fetch(member, epoch)?;
        }
        let offsets = found.map(|group| group.offsets.fetch(partitions, topics));
        Ok(offsets.unwrap_or_else(|| crate::offsets::none(partitions)))
    }

    /// Does not tell what is in a transaction that is open.
    fn hide_unstable(&self, group: &GroupId, found: &mut [FetchedOffset], topics: &dyn Topics) {
        let Some(group) = self.groups.get(group).filter(|group| !group.pending.is_empty()) else { return };
        for one in found {
            if group.pending.has_of(&one.topic, one.partition, topics.id_of(&one.topic)) {
                let nothing = crate::offsets::nothing(&one.topic, one.partition);
                *one = FetchedOffset { is_unstable: true, ..nothing };
            }
        }
    }
}

/// Returns what all that is known of a group takes: as facts, as what is said of them, and written out.
fn explained_bytes(group: &Group) -> usize {
    let (places, names) = match &group.kind {
        Kind::Classic(classic) => (classic.shown(), 0),
        Kind::Consumer(consumer) => consumer.shown(),
    };
    let shown = places.saturating_add(group.offsets.len() + group.pending.len()).min(SHOWN_MAX);
    let offsets = group.offsets.answer_bytes(None, OFFSET_BYTES) + group.pending.answer_bytes(OFFSET_BYTES);
    let facts = PLACE_BYTES * places + offsets;
    let texts = 4 * (kind_bytes(group) + names);
    ITEM_BYTES + texts + facts + MEMBER_BYTES * group.members() + SHOWN_BYTES * shown
}

/// Returns what a group holds beside its offsets. *Units*: bytes.
fn kind_bytes(group: &Group) -> usize {
    group.bytes() - group.offsets.bytes() - group.pending.bytes()
}

fn listed_bytes(id: &GroupId, group: &Group) -> usize {
    ITEM_BYTES + 2 * (id.heap() + group.protocol_type().len())
}
