//! The target assignment of a group: when it is made anew, and of what.

use super::Member;
use super::plan::Plan;
use crate::assign::{Assignment, MemberSpec, TopicCounts, TopicPattern};
use crate::record::ConsumerRecord;
use crate::request::Topics;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use types::{GroupEpoch, InstanceId, MemberId, TopicId};
use wire::consumer_group_metadata_value::ConsumerGroupMetadataValue;
use wire::consumer_group_regular_expression_value::ConsumerGroupRegularExpressionValue;
use wire::consumer_group_target_assignment_member_value::{
    ConsumerGroupTargetAssignmentMemberValue, TopicPartition,
};
use wire::consumer_group_target_assignment_metadata_value::ConsumerGroupTargetAssignmentMetadataValue;

pub(super) use wire::consumer_group_target_assignment_member_value::TopicPartition as StoredTopic;

/// The epoch of a group in which nobody reads anything yet.
const FIRST_EPOCH: GroupEpoch = GroupEpoch(1);

struct Counts<'a>(&'a dyn Topics);

impl TopicCounts for Counts<'_> {
    fn partitions(&self, topic: TopicId) -> Option<i32> {
        self.0.partitions(topic)
    }
}

impl Plan<'_> {
    /// Looks at what topics there are, if that has changed; raises the group's epoch if that matters to it, or if its members have
    /// changed.
    pub(super) fn look(&mut self, members_changed: bool) {
        let version = self.topics.version();
        let has_new_topics = self.seen.version != version && self.may_begin();
        let begins = has_new_topics.then_some(version);
        let has_new_matches = (has_new_topics || self.seen.todo > 0) && self.resolve_regexes(begins);
        if !members_changed && !has_new_topics && !has_new_matches {
            return;
        }
        let hash = self.hash_of_topics();
        // What a pattern means now may be read by others already, and their hash then stays.
        if members_changed || has_new_matches || hash != self.topics_hash {
            self.write(epoch_record(self.next_epoch(), hash));
        }
    }

    /// Says whether the topics may be looked at anew: where members have regular expressions, not all the time.
    fn may_begin(&self) -> bool {
        let has_regexes = || self.members.values().any(|member| member.said.regex.is_some());
        self.seen.may_begin(self.now.mono) || !has_regexes()
    }

    /// Raises the group's epoch because members have gone.
    pub(super) fn raise_epoch(&mut self) {
        let hash = self.hash_of_topics();
        self.write(epoch_record(self.next_epoch(), hash));
    }

    /// Says whether the group has no epoch yet.
    pub(super) fn is_unborn(&self) -> bool {
        self.epoch == GroupEpoch(0)
    }

    /// Begins with the first epoch, with a member that reads nothing.
    pub(super) fn begin(&mut self) {
        let hash = self.hash_of_topics();
        self.write(epoch_record(FIRST_EPOCH, hash));
    }

    /// Returns the group's epoch after a change; a group begins with 1, as Kafka's do, so the first member that reads something makes
    /// it 2.
    fn next_epoch(&self) -> GroupEpoch {
        self.epoch.max(FIRST_EPOCH).next()
    }

    /// Finds the topics of the regular expressions that members have, as many as may be now, in turns; says whether some mean
    /// something else than before. `begins`: the topics are others.
    fn resolve_regexes(&mut self, begins: Option<u64>) -> bool {
        let now = self.now.mono;
        if begins.is_none() && !self.seen.may_look(self.looks, self.topics.count(), now) {
            return false;
        }
        let used = self.used_regexes();
        let mut seen = self.seen;
        seen.todo = seen.todo.min(used.len());
        if let Some(version) = begins {
            seen.begin(version, used.len(), now);
        }
        let mut has_changed = false;
        while seen.todo > 0 {
            let Some(regex) = used.get(seen.next % used.len()) else { break };
            if self.resolved.as_ref() != Some(regex) {
                if !self.may_look() {
                    break;
                }
                has_changed |= self.resolve(regex);
            }
            seen.step(used.len());
        }
        if !seen.is_as_far_as(&self.seen) {
            self.edit().seen.go_to(&seen);
        }
        has_changed
    }

    /// Finds the topics of a regular expression that nobody had, if that may be now; else its turn comes.
    pub(super) fn resolve_new(&mut self, regex: &str) {
        if self.may_look() {
            self.resolve(regex);
            self.resolved = Some(regex.to_owned());
        } else {
            self.edit().seen.todo = usize::MAX;
        }
    }

    fn used_regexes(&self) -> Vec<String> {
        let all = self.members.values().filter_map(|member| member.said.regex.as_ref());
        all.collect::<BTreeSet<&String>>().into_iter().cloned().collect()
    }

    /// Finds the topics of a regular expression; it was checked when it came. Says whether they are others than before.
    fn resolve(&mut self, regex: &str) -> bool {
        let Ok(pattern) = TopicPattern::new(regex) else { return false };
        let topics: BTreeSet<String> =
            self.topics.names().filter(|name| pattern.matches(name)).map(str::to_owned).collect();
        if self.regexes.get(regex).is_some_and(|known| **known == topics) {
            return false;
        }
        let value = ConsumerGroupRegularExpressionValue {
            topics: topics.into_iter().collect(),
            version: i64::try_from(self.topics.version()).unwrap_or(i64::MAX),
            timestamp: self.now.wall.0,
        };
        self.write(ConsumerRecord::Regex(regex.to_owned(), Some(value)));
        true
    }

    /// Lets those regular expressions go that no member has.
    pub(super) fn forget_regexes(&mut self) {
        let used: BTreeSet<&String> =
            self.members.values().filter_map(|member| member.said.regex.as_ref()).collect();
        let gone: Vec<String> = self.regexes.keys().filter(|regex| !used.contains(regex)).cloned().collect();
        gone.into_iter().for_each(|regex| self.write(ConsumerRecord::Regex(regex, None)));
    }

    /// Returns a number that changes with the topics that the members read: their ids and how many partitions they have.
    fn hash_of_topics(&self) -> i64 {
        let names: BTreeSet<&String> =
            self.members.values().flat_map(|member| self.names(&member.said)).collect();
        let mut hash = Fnv::default();
        for name in names {
            let Some(id) = self.topics.id_of(name) else { continue };
            hash.add(&id.0.0);
            hash.add(&self.topics.partitions(id).unwrap_or(0).to_be_bytes());
        }
        hash.0.cast_signed()
    }

    /// Makes the target assignment anew, if the group has changed since it was made and the time for it has come.
    pub(super) fn assign(&mut self) {
        if self.is_assigning() && self.assignment_wait().is_none() {
            self.assign_now();
        }
    }

    /// The time for the next target assignment has come.
    pub(crate) fn assign_in_time(&mut self) {
        self.look(false);
        self.assign();
    }

    /// Says whether the group has changed since its target assignment was made.
    pub(crate) fn is_assigning(&self) -> bool {
        self.epoch > self.assignment_epoch && !self.members.is_empty()
    }

    /// Returns how long the next target assignment has to wait; a clock that was set back does not make it longer.
    pub(crate) fn assignment_wait(&self) -> Option<Duration> {
        let left = self.times.assignment_interval.checked_sub(self.assigned_since()?)?;
        Some(left).filter(|left| !left.is_zero())
    }

    /// Returns how long ago the target assignment was made, unless the clock was set back since.
    pub(super) fn assigned_since(&self) -> Option<Duration> {
        let since = self.now.wall.0.checked_sub(self.assigned_at.0)?;
        Some(Duration::from_millis(u64::try_from(since).ok()?))
    }

    fn assign_now(&mut self) {
        let assignor = self.assignor(&self.settings.assignors);
        let before = |id: &MemberId| self.target.get(id).cloned().unwrap_or_default();
        let targets: BTreeMap<&MemberId, Arc<Assignment>> =
            self.members.keys().map(|id| (id, before(id))).collect();
        let specs: BTreeMap<MemberId, MemberSpec<'_>> =
            self.members.iter().map(|(id, member)| (id.clone(), self.spec(member, &targets[id]))).collect();
        let made = assignor.assign(&specs, &Counts(self.topics));
        let changed = made.into_iter().filter(|(id, target)| {
            let known = self.target.get(id);
            known.is_none_or(|known| **known != *target)
        });
        let changed: Vec<(MemberId, Assignment)> = changed.collect();
        let (epoch, now) = (self.epoch, self.now.wall);
        changed.into_iter().for_each(|(id, target)| self.write(target_record(id, &target)));
        let value = ConsumerGroupTargetAssignmentMetadataValue {
            assignment_epoch: epoch.0,
            assignment_timestamp: now.0,
        };
        self.write(ConsumerRecord::TargetEpoch(Some(value)));
    }

    fn spec<'b>(&self, member: &'b Member, current: &'b Assignment) -> MemberSpec<'b> {
        MemberSpec {
            instance: member.said.instance.as_ref().map(InstanceId::as_str),
            rack: member.said.rack.as_deref(),
            topics: self.subscribed(&member.said, self.topics),
            current,
        }
    }
}

/// Makes the record of a group's epoch.
pub(super) fn epoch_record(epoch: GroupEpoch, hash: i64) -> ConsumerRecord {
    ConsumerRecord::Epoch(Some(ConsumerGroupMetadataValue { epoch: epoch.0, metadata_hash: hash }))
}

/// Makes the record of what a member is to have.
pub(super) fn target_record(id: MemberId, target: &Assignment) -> ConsumerRecord {
    let topic = |(topic, partitions): (&TopicId, &BTreeSet<i32>)| TopicPartition {
        topic_id: topic.0,
        partitions: partitions.iter().copied().collect(),
    };
    let topic_partitions = target.iter().map(topic).collect();
    ConsumerRecord::Target(id, Some(ConsumerGroupTargetAssignmentMemberValue { topic_partitions }))
}

/// FNV-1a with 64 bits: it has to be the same at every start, and nothing else.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
