//! One step of a member towards its target assignment, pure.
//!
//! *Invariant*: a partition goes to a member only when nobody holds it, so that two members never read it at once: who has to
//! give it up keeps it until it has said that it reads it no longer. *Source*: KIP-848; Kafka 4.3.1,
//! CurrentAssignmentBuilder. Tests: below, and ../../tests/consumer.rs.

use super::member::{Has, Owned, Phase, holds};
use crate::assign::Assignment;
use std::collections::BTreeSet;
use types::{GroupEpoch, TopicId};

/// What a step depends on.
pub(crate) struct Reconcile<'a> {
    /// What the member has.
    pub(crate) has: &'a Has,
    /// The epoch of the target assignment.
    pub(crate) epoch: GroupEpoch,
    /// What the member is to have.
    pub(crate) target: &'a Assignment,
    /// The topics that it reads; what is of another is to be given up.
    pub(crate) subscribed: &'a BTreeSet<TopicId>,
    /// What the member says it reads; nothing if it does not say it.
    pub(crate) owned: Option<&'a Assignment>,
    /// Says whether nobody holds a partition.
    pub(crate) is_free: &'a dyn Fn(TopicId, i32) -> bool,
}

impl Reconcile<'_> {
    /// Returns what the member has after its next step; the same if there is none.
    pub(crate) fn next(&self) -> Has {
        match self.has.phase {
            Phase::Stable if self.has.epoch == self.epoch => self.without_others_topics(),
            // It waits until the member has given them up; more of them may have come.
            Phase::Unrevoked if self.reads_any(&self.has.revoking) => self.without_others_topics(),
            Phase::Stable | Phase::Unrevoked | Phase::Unreleased => self.step(),
        }
    }

    /// Says whether the member may still be reading one of these: it does if it does not say what it reads.
    fn reads_any(&self, partitions: &Owned) -> bool {
        let Some(owned) = self.owned else { return true };
        let mut all =
            owned.iter().flat_map(|(topic, each)| each.iter().map(|partition| (*topic, *partition)));
        all.any(|(topic, partition)| holds(partitions, topic, partition).is_some())
    }

    /// Takes away what is of topics that the member does not read any more.
    fn without_others_topics(&self) -> Has {
        let (kept, gone): (Owned, Owned) =
            self.has.assigned.clone().into_iter().partition(|(topic, _)| self.subscribed.contains(topic));
        if gone.is_empty() {
            return self.has.clone();
        }
        let mut revoking = self.has.revoking.clone();
        for (topic, partitions) in gone {
            revoking.entry(topic).or_default().extend(partitions);
        }
        let has = Has { assigned: kept, ..self.has.clone() }.at(self.has.epoch);
        if self.reads_any(&revoking) { Has { phase: Phase::Unrevoked, revoking, ..has } } else { has }
    }

    fn step(&self) -> Has {
        let wanted = |topic: TopicId, partition: i32| {
            self.subscribed.contains(&topic)
                && self.target.get(&topic).is_some_and(|partitions| partitions.contains(&partition))
        };
        let (mut assigned, mut revoking) = (Owned::new(), Owned::new());
        for (topic, partitions) in &self.has.assigned {
            for (partition, since) in partitions {
                let to = if wanted(*topic, *partition) { &mut assigned } else { &mut revoking };
                to.entry(*topic).or_default().insert(*partition, *since);
            }
        }
        if !revoking.is_empty() && self.reads_any(&revoking) {
            let has = Has { phase: Phase::Unrevoked, assigned, revoking, ..self.has.clone() };
            return Has { previous: self.has.epoch, ..has };
        }
        let is_missing = self.take_what_is_free(&mut assigned);
        let phase = if is_missing { Phase::Unreleased } else { Phase::Stable };
        Has { phase, assigned, revoking: Owned::new(), ..self.has.clone() }.at(self.epoch)
    }

    /// Gives the member those partitions of its target that nobody holds; says whether others are missing.
    fn take_what_is_free(&self, assigned: &mut Owned) -> bool {
        let mut is_missing = false;
        for (topic, partitions) in self.target.iter().filter(|(topic, _)| self.subscribed.contains(topic)) {
            for partition in partitions {
                if holds(assigned, *topic, *partition).is_some() {
                    continue;
                }
                // What it has just given up itself may come back at once.
                let was_its = holds(&self.has.revoking, *topic, *partition).is_some();
                if was_its || (self.is_free)(*topic, *partition) {
                    assigned.entry(*topic).or_default().insert(*partition, self.epoch);
                } else {
                    is_missing = true;
                }
            }
        }
        is_missing
    }
}
