//! A group changes its protocol while its members go on (KIP-848): to the consumer protocol when its first member speaks that,
//! back when the last such member has gone.
//!
//! *Invariant*: a member keeps what it holds, on both ways, until it is asked to give it up: two never read a partition at
//! once. *Source*: Kafka 4.3.1; but on the way back members are given what they hold, not what they were to have.
//! Tests: ../../tests/migration.rs.

use super::classic_member::{read, written_for};
use super::member::{ClassicSaid, Has, Owned, Said, plain};
use super::plan::Plan;
use super::request::Refused;
use super::target::{epoch_record, target_record};
use crate::classic::{CONSUMER, Classic, Member as ClassicMember};
use crate::record::{ConsumerRecord, GroupRecord};
use crate::request::Topics;
use std::collections::BTreeMap;
use types::{ErrorCode, Generation, GroupEpoch};
use wire::Stored;
use wire::consumer_group_target_assignment_metadata_value::ConsumerGroupTargetAssignmentMetadataValue;
use wire::consumer_protocol_subscription::ConsumerProtocolSubscription;

impl Plan<'_> {
    /// Writes what a classic group is as a group of the consumer protocol.
    ///
    /// # Errors
    /// `GROUP_ID_NOT_FOUND`, with why it stays what it is.
    pub(crate) fn take_over(&mut self, classic: &Classic) -> Result<(), Refused> {
        self.check_upgrade(classic)?;
        let epoch = GroupEpoch(classic.generation().0);
        let mut members = BTreeMap::new();
        for (id, member) in classic.members() {
            members.insert(id.clone(), self.taken_over(classic, member, epoch)?);
        }
        members.iter().for_each(|(id, (said, _))| self.write(said.record(id)));
        self.write(epoch_record(epoch, 0));
        let value =
            ConsumerGroupTargetAssignmentMetadataValue { assignment_epoch: epoch.0, assignment_timestamp: 0 };
        self.write(ConsumerRecord::TargetEpoch(Some(value)));
        for (id, (_, has)) in members {
            // Of two members that their leader gave the same, the second has to ask for it.
            let has = Has { assigned: self.only_free(&has.assigned), ..has };
            self.write(target_record(id.clone(), &plain(&has.assigned)));
            self.write(has.record(&id));
        }
        Ok(())
    }

    fn only_free(&self, owned: &Owned) -> Owned {
        let mut free = Owned::new();
        for (topic, partitions) in owned {
            for (partition, since) in
                partitions.iter().filter(|(partition, _)| self.is_free(*topic, **partition))
            {
                free.entry(*topic).or_default().insert(*partition, *since);
            }
        }
        free
    }

    fn check_upgrade(&self, classic: &Classic) -> Result<(), Refused> {
        let refused = |why: &str| {
            let message =
                format!("Cannot upgrade classic group {} to consumer group because {why}.", classic.id());
            Err(Refused::new(ErrorCode::GroupIdNotFound, message))
        };
        if !self.settings.migration.upgrade {
            return refused("online upgrade is disabled");
        }
        if classic.protocol_type() != CONSUMER {
            return refused("the group does not use the consumer embedded protocol");
        }
        if classic.members().count() > self.settings.consumer_max_size {
            return refused("the group size exceeds the consumer group maximum size");
        }
        Ok(())
    }

    fn taken_over(
        &self,
        classic: &Classic,
        member: &ClassicMember,
        epoch: GroupEpoch,
    ) -> Result<(Said, Has), Refused> {
        let refused = |why: &str| {
            let message =
                format!("Cannot upgrade classic group {} to consumer group because {why}.", classic.id());
            Refused::new(ErrorCode::GroupIdNotFound, message)
        };
        let malformed = || refused("the embedded consumer protocol is malformed");
        let metadata = member.metadata_of(classic.protocol());
        let subscription = ConsumerProtocolSubscription::from_peer(metadata).map_err(|_| malformed())?;
        let (partitions, has_user_data) = read(&member.assignment).ok_or_else(malformed)?;
        if has_user_data {
            return Err(refused(
                "an unsupported custom assignor is in use. Please refer to the documentation or switch to a default assignor before re-attempting the upgrade",
            ));
        }
        let ids = partitions.iter().filter_map(|(name, partitions)| {
            let each = partitions.iter().map(|partition| (*partition, epoch));
            Some((self.topics.id_of(name)?, each.collect::<BTreeMap<i32, GroupEpoch>>()))
        });
        let said = Said {
            instance: member.instance.clone(),
            rack: subscription.rack_id,
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            topics: subscription.topics.into_iter().collect(),
            regex: None,
            rebalance_timeout: member.rebalance_timeout,
            assignor: None,
            classic: Some(ClassicSaid {
                session_timeout: member.session_timeout,
                protocols: member.protocols.clone(),
            }),
        };
        Ok((said, Has { assigned: ids.collect(), ..Has::default() }.at(epoch).at(epoch)))
    }

    /// Says whether the last member of the consumer protocol has gone by this decision, and the group may change back.
    pub(crate) fn must_downgrade(&self) -> bool {
        let may = self.settings.migration.downgrade && self.members.len() <= self.settings.max_size;
        may && self.has_lost()
            && !self.is_empty()
            && self.members.values().all(|member| member.said.is_classic())
    }
}

/// Makes the records that turn a group into a classic one. It has no leader: so whoever loads it begins a rebalance.
pub(crate) fn downgraded(plan: &Plan<'_>, topics: &dyn Topics) -> Vec<GroupRecord> {
    let id = plan.id().clone();
    let gone = plan.members.keys().flat_map(|member| {
        [
            ConsumerRecord::Current(member.clone(), None),
            ConsumerRecord::Target(member.clone(), None),
            ConsumerRecord::Member(member.clone(), None),
        ]
    });
    let gone =
        gone.chain(plan.end_records()).map(|record| GroupRecord::Consumer { group: id.clone(), record });
    let members = plan.members.iter().map(|(member, known)| {
        let has = known.has.assigned.clone().into_iter().chain(known.has.revoking.clone());
        let mut held = Owned::new();
        has.for_each(|(topic, partitions)| held.entry(topic).or_default().extend(partitions));
        (member.clone(), classic_member(&known.said), written_for(&known.said, &held, topics))
    });
    let record = Classic::taken_over(id.clone(), Generation(plan.epoch.0), members, plan.now.wall);
    gone.chain([record]).collect()
}

fn classic_member(said: &Said) -> ClassicMember {
    let classic = said.classic.as_ref();
    let mut member = ClassicMember::default();
    member.instance = said.instance.clone();
    member.client_id = said.client_id.clone();
    member.client_host = said.client_host.clone();
    member.rebalance_timeout = said.rebalance_timeout;
    if let Some(classic) = classic {
        (member.session_timeout, member.protocols) = (classic.session_timeout, classic.protocols.clone());
    }
    member
}
