//! One member of a group of the consumer protocol: pure, no I/O.
//!
//! ```text
//! joining (epoch 0) -> member (epoch > 0) -> leaving (epoch -1) -> ended
//!       ^                  | fenced, unknown, group unknown: everything is lost, a new life begins
//!       +------------------+
//! ```
//!
//! The shell asks for the next step, carries it out and tells what came of it; one step at a time. The caller of
//! the consumer takes changes one by one. What the coordinator takes away is first asked of the caller
//! (`Revoking`), stays owned until he has released it, and only then is anything new begun.
//!
//! *Invariants*: what is owned is what the caller was given and has not given back. The coordinator is told of it
//! whenever it differs from what it has heard, and in full after every failure. A commit belongs to a life: what was
//! read before a member was fenced is never committed under the epoch that it gets afterwards.
//! Source: KIP-848; Kafka's AbstractMembershipManager, AbstractHeartbeatRequestManager. Tests: `group/tests.rs`.

use crate::error::{BrokerError, ClientError};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;
use types::{ErrorCode, Monotonic, Uuid};

/// Epoch of whoever wants to become a member.
const JOINING: i32 = 0;
/// Epoch of whoever leaves.
const LEAVING: i32 = -1;

/// A partition, by its topic's id.
pub(super) type Place = (Uuid, i32);

/// What the shell does next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// Look for the coordinator and connect to it.
    Find,
    /// Send a heartbeat.
    Beat(Heartbeat),
    /// Wait until then, or until the membership is woken.
    Wait(Monotonic),
    /// Nothing, ever again.
    End,
}

/// A heartbeat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Heartbeat {
    /// The member's epoch.
    pub(super) epoch: i32,
    /// Whether it says all that the coordinator may have forgotten: subscription and time-outs.
    pub(super) full: bool,
    /// What is owned, unless the coordinator knows.
    pub(super) owned: Option<BTreeSet<Place>>,
}

/// The coordinator's answer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Answer {
    pub(super) error: Option<BrokerError>,
    pub(super) epoch: i32,
    pub(super) interval: Duration,
    /// All that the member is to have, if the coordinator says so.
    pub(super) assignment: Option<BTreeSet<Place>>,
}

/// What changed for the caller.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Change {
    /// These are his now.
    Assigned(BTreeSet<Place>),
    /// These are to be given back with `release`.
    Revoking(BTreeSet<Place>),
    /// These, all that he had, are no longer his: a new life begins.
    Lost(BTreeSet<Place>),
}

/// Pauses after failures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Pauses {
    pub(super) min: Duration,
    pub(super) max: Duration,
}

/// The state.
#[derive(Debug)]
pub(super) struct Membership {
    pauses: Pauses,
    pause: Duration,
    epoch: i32,
    life: u64,
    ended: bool,
    found: bool,
    /// No step before this one.
    retry_at: Monotonic,
    /// No heartbeat before this one.
    beat_at: Monotonic,
    interval: Duration,
    owned: BTreeSet<Place>,
    revoking: BTreeSet<Place>,
    target: BTreeSet<Place>,
    /// What the coordinator has heard of `owned`; none when it may have heard nothing.
    reported: Option<BTreeSet<Place>>,
    /// What the heartbeat on its way says, and under which epoch.
    sent: (BTreeSet<Place>, i32),
    leaving: bool,
    changes: VecDeque<Change>,
    failure: Option<ClientError>,
}

impl Membership {
    /// Wants to join.
    pub(super) fn new(pauses: Pauses) -> Membership {
        Membership {
            pauses,
            pause: pauses.min,
            epoch: JOINING,
            life: 0,
            ended: false,
            found: false,
            retry_at: Monotonic::default(),
            beat_at: Monotonic::default(),
            interval: Duration::ZERO,
            owned: BTreeSet::new(),
            revoking: BTreeSet::new(),
            target: BTreeSet::new(),
            reported: None,
            sent: (BTreeSet::new(), JOINING),
            leaving: false,
            changes: VecDeque::new(),
            failure: None,
        }
    }

    /// Says what to do now.
    pub(super) fn next(&mut self, now: Monotonic) -> Step {
        if self.ended {
            return Step::End;
        }
        if now < self.retry_at {
            return Step::Wait(self.retry_at);
        }
        if !self.found {
            return Step::Find;
        }
        if now < self.beat_at {
            return Step::Wait(self.beat_at);
        }
        let epoch = if self.leaving { LEAVING } else { self.epoch };
        self.sent = (self.owned.clone(), epoch);
        let owned = (self.reported.as_ref() != Some(&self.owned)).then(|| self.owned.clone());
        Step::Beat(Heartbeat { epoch, full: self.reported.is_none(), owned })
    }

    /// Takes word that the coordinator is connected.
    pub(super) fn on_found(&mut self, now: Monotonic) {
        self.found = true;
        if self.reported.is_none() {
            self.beat_at = now;
        }
    }

    /// Takes word that the coordinator was not found, or that its connection was lost.
    pub(super) fn on_lost(&mut self, now: Monotonic) {
        self.found = false;
        self.try_later(now);
    }

    /// Takes word of something that no other try will mend.
    pub(super) fn on_failure(&mut self, error: ClientError) {
        self.failure.get_or_insert(error);
        self.ended = true;
    }

    fn try_later(&mut self, now: Monotonic) {
        self.reported = None;
        self.retry_at = now.plus(self.pause);
        self.beat_at = self.retry_at;
        self.pause = (self.pause * 2).min(self.pauses.max);
    }

    /// Takes the answer to a heartbeat.
    pub(super) fn on_answer(&mut self, now: Monotonic, answer: Answer) {
        let Some(error) = answer.error else { return self.on_accepted(now, answer) };
        match error.known() {
            Some(ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable) => self.on_lost(now),
            Some(ErrorCode::FencedMemberEpoch | ErrorCode::UnknownMemberId | ErrorCode::GroupIdNotFound) => {
                self.on_fenced(now);
            }
            _ if error.is_retriable() => self.try_later(now),
            _ => self.on_failure(ClientError::refused("the group", error)),
        }
    }

    fn on_accepted(&mut self, now: Monotonic, answer: Answer) {
        if self.sent.1 == LEAVING {
            self.ended = true;
            return;
        }
        (self.epoch, self.interval, self.pause) = (answer.epoch, answer.interval, self.pauses.min);
        self.reported = Some(std::mem::take(&mut self.sent.0));
        if self.leaving {
            return;
        }
        if let Some(assignment) = answer.assignment {
            self.target = assignment;
            self.reconcile();
        }
        self.plan(now);
    }

    /// The next heartbeat comes at once if there is something to tell.
    fn plan(&mut self, now: Monotonic) {
        let told = self.reported.as_ref() == Some(&self.owned);
        self.beat_at = if told { now.plus(self.interval) } else { now };
    }

    /// Everything is lost; the same member joins again.
    fn on_fenced(&mut self, now: Monotonic) {
        if self.leaving {
            self.ended = true;
            return;
        }
        self.life += 1;
        self.changes.push_back(Change::Lost(std::mem::take(&mut self.owned)));
        (self.revoking, self.target) = (BTreeSet::new(), BTreeSet::new());
        self.epoch = JOINING;
        self.try_later(now);
    }

    /// Moves what is owned towards what is assigned: first gives back, then takes.
    fn reconcile(&mut self) {
        if !self.revoking.is_empty() {
            return;
        }
        self.revoking = self.owned.difference(&self.target).copied().collect();
        if !self.revoking.is_empty() {
            return self.changes.push_back(Change::Revoking(self.revoking.clone()));
        }
        let new: BTreeSet<Place> = self.target.difference(&self.owned).copied().collect();
        if !new.is_empty() {
            self.owned.extend(&new);
            self.changes.push_back(Change::Assigned(new));
        }
    }

    /// Takes back what was asked for, of a caller that has seen all changes up to this life.
    pub(super) fn release(&mut self, now: Monotonic, life: u64) {
        if life != self.life || self.revoking.is_empty() {
            return;
        }
        for place in std::mem::take(&mut self.revoking) {
            self.owned.remove(&place);
        }
        self.reconcile();
        self.plan(now);
    }

    /// Leaves the group.
    pub(super) fn leave(&mut self, now: Monotonic) {
        (self.leaving, self.beat_at) = (true, now);
    }

    /// Sends the next heartbeat now: an answer has shown that the epoch is old.
    pub(super) fn hurry(&mut self, now: Monotonic) {
        self.beat_at = self.beat_at.min(now);
    }

    /// Hands out the next change.
    pub(super) fn take_change(&mut self) -> Option<Change> {
        self.changes.pop_front()
    }

    /// Says whether a change waits to be taken.
    pub(super) fn has_change(&self) -> bool {
        !self.changes.is_empty()
    }

    /// Returns the member's epoch if it is a member in this life: whoever has not yet seen that an earlier life
    /// is over may not act in this one.
    pub(super) fn epoch_in(&self, life: u64) -> Option<i32> {
        (life == self.life && self.epoch > JOINING && !self.ended).then_some(self.epoch)
    }

    /// Returns why it has ended, if not by leaving.
    pub(super) fn failure(&self) -> Option<ClientError> {
        self.failure.clone()
    }
}
