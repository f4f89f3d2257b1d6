//! Replaying the log gives what living through it gave, whatever happened in between.

use crate::world::{GROUP, SESSION, Who, World, fixed, who};
use coordinator::{Answer, Description, FetchedOffset, Request};
use proptest::prelude::*;
use std::time::Duration;
use types::{ErrorCode, GroupEpoch};

#[derive(Clone, Debug)]
enum Step {
    Join(usize),
    Sync(usize),
    Heartbeat(usize),
    Leave(usize),
    Commit(usize, i64),
    CommitOutside(i64),
    Delete,
    Pass(u64),
    Refuse,
    FailOver,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..4_usize).prop_map(Step::Join),
        6 => (0..4_usize).prop_map(Step::Sync),
        3 => (0..4_usize).prop_map(Step::Heartbeat),
        1 => (0..4_usize).prop_map(Step::Leave),
        4 => (0..4_usize, 0..100_i64).prop_map(|(who, offset)| Step::Commit(who, offset)),
        1 => (0..100_i64).prop_map(Step::CommitOutside),
        1 => Just(Step::Delete),
        4 => (1..20_000_u64).prop_map(Step::Pass),
        1 => Just(Step::Refuse),
        1 => Just(Step::FailOver),
    ]
}

/// Clients that do what they are told, as well as they remember it.
struct Clients {
    who: Vec<Who>,
    generation: Vec<i32>,
}

impl Clients {
    fn new() -> Clients {
        let who = vec![who("a"), who("b"), fixed("c", "one"), fixed("d", "two")];
        Clients { generation: vec![-1; who.len()], who }
    }

    fn run(&mut self, world: &mut World, step: &Step) {
        match *step {
            Step::Join(n) => {
                let token = world.join(&self.who[n]);
                if let Some(Ok(Answer::Join(response))) = world.answer(token) {
                    self.who[n].id = response.member_id;
                    self.generation[n] = response.generation_id;
                }
            }
            Step::Sync(n) => {
                let ids: Vec<String> = self.who.iter().map(|one| one.id.clone()).collect();
                let all: Vec<(&str, &'static str)> = ids.iter().map(|id| (id.as_str(), "x")).collect();
                let generation = self.generation(world);
                let token = world.sync(&self.who[n], generation, &all);
                if world.answer(token).is_some_and(|answer| answer == Err(ErrorCode::UnknownMemberId)) {
                    self.who[n].id.clear();
                }
            }
            Step::Heartbeat(n) => {
                let generation = self.generation(world);
                let _ = world.heartbeat(&self.who[n], generation);
            }
            Step::Leave(n) => {
                let id = self.who[n].id.clone();
                let _ = world.leave(&[(&id, self.who[n].instance)]);
                self.who[n].id.clear();
            }
            Step::Commit(n, offset) => {
                let generation = self.generation(world);
                let _ = world.commit_offset(&self.who[n], generation, offset);
            }
            Step::CommitOutside(offset) => _ = world.commit_offset(&who("x"), -1, offset),
            Step::Delete => _ = world.ask(Request::Delete(GROUP.into())),
            Step::Pass(ms) => world.pass(Duration::from_millis(ms)),
            Step::Refuse => {
                world.commits_at_once = false;
                let token = world.commit_offset(&who("x"), -1, 1);
                if world.in_flight.is_some() {
                    world.refuse(ErrorCode::CoordinatorNotAvailable);
                }
                assert!(!world.waits(token));
                world.commits_at_once = true;
            }
            Step::FailOver => world.fail_over(),
        }
    }

    /// The newest generation that anybody knows of.
    fn generation(&self, world: &World) -> i32 {
        let _ = world;
        self.generation.iter().copied().max().unwrap_or(-1)
    }
}

/// What is promised to survive.
fn lasting(world: &mut World) -> (Option<Description>, Vec<FetchedOffset>) {
    let describe = world.ask(Request::Describe(GROUP.into()));
    let description = match world.answer(describe) {
        Some(Ok(Answer::Description(description))) => Some(description),
        _ => None,
    };
    let fetch = world.ask(Request::FetchOffsets {
        group: GROUP.into(),
        partitions: None,
        member: None,
        epoch: GroupEpoch::LEAVES,
        require_stable: false,
    });
    match world.answer(fetch) {
        Some(Ok(Answer::Offsets(offsets))) => (description, offsets),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Protects: D-10: state is what replaying committed records gives. Of a rebalance under way nothing is recorded.
    #[test]
    fn replay_gives_the_state_that_was(steps in prop::collection::vec(step(), 1..60)) {
        let (mut world, mut clients) = (World::new(), Clients::new());
        for step in &steps {
            clients.run(&mut world, step);
            let (before, offsets) = lasting(&mut world);
            let settled = before.as_ref().is_none_or(|group| ["Stable", "Empty"].contains(&group.state));
            if settled {
                let mut next = World::new();
                next.log = world.log.clone();
                next.fail_over();
                let (mut after, same) = lasting(&mut next);
                prop_assert_eq!(&offsets, &same);
                // A group that has lost all it had, and one whose members never got an assignment, have no record.
                if before.as_ref().is_some_and(|group| group.members.is_empty()) && after.is_none() {
                    after = before.clone();
                }
                prop_assert_eq!(before.map(unprotected), after.map(unprotected));
            }
        }
    }
}

/// Leaves out the kind of a group that has had no generation.
fn unprotected(description: Description) -> Description {
    match description.members.is_empty() {
        true => Description { protocol_type: String::new(), ..description },
        false => description,
    }
}

/// Protects: members of a loaded group that never show themselves do not hold it for ever.
#[test]
fn a_loaded_group_forgets_silent_members() {
    let mut world = World::new();
    let mut members = [who("a")];
    world.stable(&mut members);
    world.fail_over();
    assert_eq!(world.state(), "Stable");
    world.pass(SESSION);
    assert_eq!(world.state(), "Empty");
}
