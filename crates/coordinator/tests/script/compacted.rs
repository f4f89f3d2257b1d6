//! Groups that change their protocol again and again, loaded from a log of which only the last record of each key is left.

use crate::migration::{Old, old, written};
use crate::reader::{Reader, reader};
use crate::world::{DELAY, GROUP, World, topic_id};
use coordinator::{Answer, Caller, GroupRecord, Request};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;
use types::{ErrorCode, GroupEpoch, Uuid};
use wire::sync_group_request::{SyncGroupRequest, SyncGroupRequestAssignment};

#[derive(Clone, Debug)]
enum Step {
    Beat(usize),
    Part(usize, bool),
    Join(usize),
    Sync(usize),
    Follow(usize),
    Leave(usize),
    Commit(usize),
    Recreate,
    Pass(u64),
    FailOver,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..2_usize).prop_map(Step::Beat),
        4 => (0..2_usize, any::<bool>()).prop_map(|(who, pauses)| Step::Part(who, pauses)),
        6 => (0..2_usize).prop_map(Step::Join),
        6 => (0..2_usize).prop_map(Step::Sync),
        3 => (0..2_usize).prop_map(Step::Follow),
        3 => (0..2_usize).prop_map(Step::Leave),
        2 => (0..2_usize).prop_map(Step::Commit),
        1 => Just(Step::Recreate),
        4 => (1..15_000_u64).prop_map(Step::Pass),
        1 => Just(Step::FailOver),
    ]
}

struct Clients {
    new: Vec<Reader>,
    old: Vec<Old>,
    joins: u8,
}

impl Clients {
    fn run(&mut self, world: &mut World, step: &Step) {
        match *step {
            Step::Beat(n) => _ = world.beat(&mut self.new[n]),
            Step::Part(n, pauses) => {
                let epoch = if pauses && self.new[n].instance.is_some() { -2 } else { -1 };
                let _ = world.part(&mut self.new[n], epoch);
            }
            Step::Join(n) => self.join(world, n),
            Step::Sync(n) => {
                let (member_id, assignment) = (self.old[n].who.id.clone(), written(&[0, 1, 2, 3]));
                let token = world.ask(Request::Sync(SyncGroupRequest {
                    group_id: GROUP.into(),
                    generation_id: self.old[n].generation,
                    member_id: member_id.clone(),
                    assignments: vec![SyncGroupRequestAssignment { member_id, assignment }],
                    ..SyncGroupRequest::default()
                }));
                // Who does not lead may wait for long.
                let _ = world.answer(token);
            }
            Step::Follow(n) => _ = world.heartbeat(&self.old[n].who, self.old[n].generation),
            Step::Leave(n) => {
                let id = self.old[n].who.id.clone();
                let token = world.leave(&[(&id, None)]);
                let _ = world.answer(token);
            }
            Step::Commit(n) => {
                let _ = world.commit_as(&self.new[n], self.new[n].epoch, 7);
                let _ = self.old[n].commit(world, 8);
            }
            Step::Recreate => {
                self.joins += 1;
                world.topics.0.insert("t".into(), topic_id(100 + self.joins % 100));
            }
            Step::Pass(millis) => world.pass(Duration::from_millis(millis)),
            Step::FailOver => world.fail_over(),
        }
    }

    fn join(&mut self, world: &mut World, n: usize) {
        for _ in 0..2 {
            self.joins = self.joins.wrapping_add(1);
            let caller = Caller { client_id: "old".into(), host: "/h".into(), version: 9 };
            let fresh = Uuid([self.joins; 16]);
            let token = world.ask(Request::Join { request: self.old[n].request(), caller, fresh });
            if world.waits(token) {
                world.pass(DELAY * 2);
            }
            match world.answer(token) {
                Some(Ok(Answer::Join(response))) => {
                    self.old[n].who.id = response.member_id;
                    self.old[n].generation = response.generation_id;
                    if response.error_code != ErrorCode::MemberIdRequired.code() {
                        return;
                    }
                }
                Some(Err(ErrorCode::UnknownMemberId)) => self.old[n].who.id = String::new(),
                _ => return,
            }
        }
    }
}

/// Returns all that can be seen of the group.
fn seen(world: &mut World) -> [String; 3] {
    let (partitions, member, epoch) = (None, None, GroupEpoch::LEAVES);
    let requests = [
        Request::Describe(GROUP.into()),
        Request::ConsumerDescribe(GROUP.into()),
        Request::FetchOffsets { group: GROUP.into(), partitions, member, epoch, require_stable: false },
    ];
    requests.map(|request| {
        let token = world.ask(request);
        format!("{:?}", world.answer(token))
    })
}

/// Keeps the last record of each key, and of those that take something away all or none.
fn compacted(log: &[GroupRecord], keeps_ends: bool) -> Vec<GroupRecord> {
    let encoded: Vec<_> = log.iter().map(|record| record.encode().unwrap()).collect();
    let last: BTreeMap<_, usize> =
        encoded.iter().enumerate().map(|(at, (key, _))| (key.clone(), at)).collect();
    let is_kept = |at: usize| last[&encoded[at].0] == at && (keeps_ends || encoded[at].1.is_some());
    log.iter().enumerate().filter(|(at, _)| is_kept(*at)).map(|(_, record)| record.clone()).collect()
}

/// Lives through steps, and loads what is left of the log when it is compacted up to somewhere.
fn check(steps: &[Step], cut: usize) {
    let mut world = World::new();
    let new = vec![reader("a"), Reader { instance: Some("one"), ..reader("b") }];
    let mut clients = Clients { new, old: vec![old("x"), old("y")], joins: 0 };
    steps.iter().for_each(|step| clients.run(&mut world, step));
    world.fail_over();
    let (whole, log) = (seen(&mut world), world.log.clone());
    let cut = cut.min(log.len());
    for (keeps_ends, cut) in [(true, log.len()), (false, log.len()), (true, cut), (false, cut)] {
        world.log = compacted(&log[..cut], keeps_ends);
        world.log.extend_from_slice(&log[cut..]);
        world.fail_over();
        assert_eq!(seen(&mut world), whole, "{keeps_ends} {cut}");
    }
}

/// Protects: the epoch of the assignment is known though its record now comes before that of any member or of the group.
#[test]
fn any_record_may_be_the_first() {
    check(&[Step::Beat(1), Step::Part(1, false), Step::Beat(0)], 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Protects: a coordinator that reads a compacted log knows what one knows that reads all of it, whatever protocols the group
    /// has had.
    #[test]
    fn a_compacted_log_says_the_same(steps in proptest::collection::vec(step(), 1..80), cut in 0..400_usize) {
        check(&steps, cut);
    }
}
