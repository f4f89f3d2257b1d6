//! The membership against scripts: what the coordinator answers, what is lost, what the caller gives back.

use super::membership::{Answer, Change, Heartbeat, Membership, Pauses, Place, Step};
use crate::error::BrokerError;
use std::collections::BTreeSet;
use std::time::Duration;
use types::{ErrorCode, Monotonic, Uuid};

const INTERVAL: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// A membership, and the time.
struct Script {
    member: Membership,
    now: Monotonic,
}

fn places(numbers: &[i32]) -> BTreeSet<Place> {
    numbers.iter().map(|number| (Uuid([7; 16]), *number)).collect()
}

fn beat(epoch: i32, full: bool, owned: Option<&[i32]>) -> Step {
    Step::Beat(Heartbeat { epoch, full, owned: owned.map(places) })
}

impl Script {
    /// Begins where the coordinator is connected.
    fn begin() -> Script {
        let pauses = Pauses { min: PAUSE, max: PAUSE * 4 };
        let mut script = Script { member: Membership::new(pauses), now: Monotonic(1) };
        assert_eq!(script.next(), Step::Find);
        script.member.on_found(script.now);
        script
    }

    /// Begins as a member of epoch 1 that has been given partitions, and has said so.
    fn member(numbers: &[i32]) -> Script {
        let mut script = Script::begin();
        assert_eq!(script.next(), beat(0, true, Some(&[])));
        script.answer(1, Some(numbers));
        assert_eq!(script.change(), Some(Change::Assigned(places(numbers))));
        assert_eq!(script.next(), beat(1, false, Some(numbers)));
        script.answer(1, None);
        script
    }

    fn next(&mut self) -> Step {
        self.member.next(self.now)
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now.plus(time);
    }

    fn answer(&mut self, epoch: i32, assignment: Option<&[i32]>) {
        let assignment = assignment.map(places);
        self.member.on_answer(self.now, Answer { error: None, epoch, interval: INTERVAL, assignment });
    }

    fn refuse(&mut self, code: ErrorCode) {
        let error = BrokerError::of(code.code(), None);
        self.member.on_answer(self.now, Answer { error, ..Answer::default() });
    }

    fn change(&mut self) -> Option<Change> {
        self.member.take_change()
    }
}

/// Protects: a member says everything when it joins, then tells what it has taken, then only that it lives.
#[test]
fn a_member_joins_and_beats() {
    let mut script = Script::member(&[0, 1]);
    assert_eq!(script.next(), Step::Wait(script.now.plus(INTERVAL)));
    script.pass(INTERVAL);
    assert_eq!(script.next(), beat(1, false, None));
    script.answer(1, None);
    assert_eq!((script.change(), script.next()), (None, Step::Wait(script.now.plus(INTERVAL))));
}

/// Protects: a partition that is taken away stays owned until the caller has released it, and is reported at once then;
/// nothing new is begun before.
#[test]
fn what_is_revoked_is_owned_until_it_is_released() {
    let mut script = Script::member(&[0, 1]);
    script.pass(INTERVAL);
    script.next();
    script.answer(2, Some(&[1, 2]));
    assert_eq!(script.change(), Some(Change::Revoking(places(&[0]))));
    assert_eq!(script.change(), None);
    script.pass(INTERVAL);
    assert_eq!(script.next(), beat(2, false, None));
    script.answer(2, None);
    script.member.release(script.now, 0);
    assert_eq!(script.change(), Some(Change::Assigned(places(&[2]))));
    assert_eq!(script.next(), beat(2, false, Some(&[1, 2])));
}

/// Protects: an assignment that comes while the caller gives back is carried out afterwards, also one that returns
/// what he gives back.
#[test]
fn an_assignment_during_a_revocation_waits() {
    let mut script = Script::member(&[0, 1]);
    script.pass(INTERVAL);
    script.next();
    script.answer(2, Some(&[]));
    assert_eq!(script.change(), Some(Change::Revoking(places(&[0, 1]))));
    script.pass(INTERVAL);
    script.next();
    script.answer(3, Some(&[1]));
    assert_eq!(script.change(), None);
    script.member.release(script.now, 0);
    assert_eq!(script.change(), Some(Change::Assigned(places(&[1]))));
    assert_eq!(script.next(), beat(3, false, Some(&[1])));
}

/// Protects: a release while a heartbeat is on its way is told by the next one, not taken for told.
#[test]
fn a_release_beside_a_heartbeat_is_told() {
    let mut script = Script::member(&[0, 1]);
    script.pass(INTERVAL);
    script.next();
    script.answer(2, Some(&[1]));
    script.pass(INTERVAL);
    assert_eq!(script.next(), beat(2, false, None));
    script.member.release(script.now, 0);
    script.answer(2, None);
    assert_eq!(script.next(), beat(2, false, Some(&[1])));
}

/// Protects: whoever is fenced loses everything and joins anew, and nothing of the old life acts in the new one: no
/// commit, no release.
#[test]
fn a_fenced_member_begins_a_new_life() {
    for code in [ErrorCode::FencedMemberEpoch, ErrorCode::UnknownMemberId, ErrorCode::GroupIdNotFound] {
        let mut script = Script::member(&[0, 1]);
        assert_eq!(script.member.epoch_in(0), Some(1));
        script.pass(INTERVAL);
        script.next();
        script.refuse(code);
        assert_eq!(script.member.epoch_in(0), None);
        script.pass(PAUSE);
        assert_eq!(script.next(), beat(0, true, Some(&[])), "{code}");
        script.answer(7, Some(&[1]));
        assert_eq!((script.member.epoch_in(0), script.member.epoch_in(1)), (None, Some(7)));
        script.pass(INTERVAL);
        script.next();
        script.answer(8, Some(&[]));
        script.member.release(script.now, 0);
        assert_eq!(script.change(), Some(Change::Lost(places(&[0, 1]))));
        assert_eq!(script.change(), Some(Change::Assigned(places(&[1]))));
        assert_eq!(script.change(), Some(Change::Revoking(places(&[1]))));
        assert_eq!(script.change(), None);
    }
}

/// Protects: a coordinator that moved or was lost is looked for again, in growing pauses, and is told everything then.
#[test]
fn a_lost_coordinator_is_looked_for() {
    for code in [None, Some(ErrorCode::NotCoordinator), Some(ErrorCode::CoordinatorNotAvailable)] {
        let mut script = Script::member(&[0]);
        script.pass(INTERVAL);
        script.next();
        match code {
            None => script.member.on_lost(script.now),
            Some(code) => script.refuse(code),
        }
        for pause in [PAUSE, PAUSE * 2, PAUSE * 4, PAUSE * 4] {
            assert_eq!(script.next(), Step::Wait(script.now.plus(pause)));
            script.pass(pause);
            assert_eq!(script.next(), Step::Find);
            script.member.on_lost(script.now);
        }
        script.pass(PAUSE * 4);
        assert_eq!(script.next(), Step::Find);
        script.member.on_found(script.now);
        assert_eq!(script.next(), beat(1, true, Some(&[0])));
        script.answer(1, Some(&[0]));
        assert_eq!((script.change(), script.next()), (None, Step::Wait(script.now.plus(INTERVAL))));
    }
}

/// Protects: a coordinator that is loading is asked again, and is not looked for elsewhere.
#[test]
fn a_loading_coordinator_is_asked_again() {
    let mut script = Script::begin();
    script.next();
    script.refuse(ErrorCode::CoordinatorLoadInProgress);
    assert_eq!(script.next(), Step::Wait(script.now.plus(PAUSE)));
    script.pass(PAUSE);
    assert_eq!(script.next(), beat(0, true, Some(&[])));
}

/// Protects: a coordinator that is found again is told everything even if nobody has asked for a heartbeat.
#[test]
fn a_coordinator_lost_between_heartbeats_is_told_everything() {
    let mut script = Script::member(&[0]);
    script.member.on_lost(script.now);
    script.pass(PAUSE);
    assert_eq!(script.next(), Step::Find);
    script.member.on_found(script.now);
    assert_eq!(script.next(), beat(1, true, Some(&[0])));
}

/// Protects: the epoch that a stale commit lacks is asked for at once.
#[test]
fn a_stale_epoch_is_learned_at_once() {
    let mut script = Script::member(&[0]);
    assert_eq!(script.next(), Step::Wait(script.now.plus(INTERVAL)));
    script.member.hurry(script.now);
    assert_eq!(script.next(), beat(1, false, None));
    script.answer(2, None);
    assert_eq!(script.member.epoch_in(0), Some(2));
}

/// Protects: whoever leaves says so, once, whatever answer was still on its way, and ends with any word about it.
#[test]
fn a_member_leaves() {
    for code in [None, Some(ErrorCode::UnknownMemberId), Some(ErrorCode::FencedMemberEpoch)] {
        let mut script = Script::member(&[0]);
        script.pass(INTERVAL);
        script.next();
        script.member.leave(script.now);
        script.answer(2, Some(&[0, 1]));
        assert_eq!((script.change(), script.next()), (None, beat(-1, false, None)));
        match code {
            None => script.answer(-1, None),
            Some(code) => script.refuse(code),
        }
        assert_eq!(script.next(), Step::End);
        assert!(script.member.failure().is_none() && script.member.epoch_in(0).is_none());
    }
}

/// Protects: a refusal that no other try mends ends the membership and is told.
#[test]
fn a_refusal_ends_the_membership() {
    let mut script = Script::begin();
    script.next();
    script.refuse(ErrorCode::GroupAuthorizationFailed);
    assert_eq!(script.next(), Step::End);
    assert!(script.member.failure().unwrap().to_string().contains("GROUP_AUTHORIZATION_FAILED"));
}
