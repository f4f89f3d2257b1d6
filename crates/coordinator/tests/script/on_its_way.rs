//! Groups of the consumer protocol while batches are on their way: answers come late, in batches, or not at all.

use crate::reader::{Reader, reader};
use crate::world::{GROUP, World};
use coordinator::{Answer, Request, Token};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use types::{ErrorCode, GroupEpoch, TopicId};

#[derive(Clone, Debug)]
enum Step {
    Send(usize),
    /// The answer will not be waited for.
    GiveUp(usize),
    /// An operator sends a member away.
    SendAway(usize),
    Commit,
    Refuse,
    Pass(u64),
    FailOver,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..4_usize).prop_map(Step::Send),
        2 => (0..4_usize).prop_map(Step::GiveUp),
        1 => (0..4_usize).prop_map(Step::SendAway),
        8 => Just(Step::Commit),
        1 => Just(Step::Refuse),
        5 => (1..12_000_u64).prop_map(Step::Pass),
        1 => Just(Step::FailOver),
    ]
}

#[derive(Default)]
struct Clients {
    readers: Vec<Reader>,
    waiting: BTreeMap<usize, Token>,
}

impl Clients {
    fn run(&mut self, world: &mut World, step: &Step) {
        match *step {
            Step::Send(n) => {
                if !self.waiting.contains_key(&n) {
                    self.waiting.insert(n, world.send(self.readers[n].heartbeat()));
                }
            }
            Step::GiveUp(n) => {
                if self.waiting.remove(&n).is_some() {
                    self.readers[n].is_unsure = true;
                }
            }
            Step::SendAway(n) => _ = world.leave(&[(&self.readers[n].id.clone(), None)]),
            Step::Commit if world.in_flight.is_some() => world.commit(),
            Step::Refuse if world.in_flight.is_some() => world.refuse(ErrorCode::CoordinatorNotAvailable),
            Step::Commit | Step::Refuse => {}
            Step::Pass(millis) => world.pass(Duration::from_millis(millis)),
            Step::FailOver => world.fail_over(),
        }
        self.hear(world);
    }

    fn hear(&mut self, world: &mut World) {
        for (n, token) in std::mem::take(&mut self.waiting) {
            match world.answer(token) {
                Some(Ok(Answer::ConsumerHeartbeat(told))) => _ = self.readers[n].hear(&told.whole()),
                Some(_) => self.readers[n].is_unsure = true,
                None => _ = self.waiting.insert(n, token),
            }
        }
    }

    /// Nobody who is a member reads what another member reads.
    fn check(&self, world: &mut World) {
        let token = world.ask(Request::ConsumerDescribe(GROUP.into()));
        let Some(Ok(Answer::ConsumerDescription(group))) = world.answer(token) else { return };
        let members: BTreeMap<&str, GroupEpoch> =
            group.members.iter().map(|member| (member.member_id.as_str(), member.epoch)).collect();
        let is_member = |one: &&Reader| {
            one.epoch > 0 && members.get(one.id.as_str()).is_some_and(|epoch| epoch.0 >= one.epoch)
        };
        let mut read: BTreeSet<(TopicId, i32)> = BTreeSet::new();
        for reader in self.readers.iter().filter(is_member) {
            for at in reader.owned.iter().flat_map(|(topic, each)| each.iter().map(|p| (*topic, *p))) {
                assert!(read.insert(at), "{at:?} is read twice, by {} too", reader.id);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// Protects: nobody reads what another reads while answers are on their way, and when all is quiet every partition has one
    /// reader and every request an answer.
    #[test]
    fn nobody_reads_twice_what_is_on_its_way(steps in proptest::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        world.commits_at_once = false;
        let readers = ["a", "b", "c", "d"].map(reader).to_vec();
        let mut clients = Clients { readers, ..Clients::default() };
        for step in &steps {
            clients.run(&mut world, step);
            clients.check(&mut world);
        }
        world.commits_at_once = true;
        if world.in_flight.is_some() {
            world.commit();
        }
        clients.hear(&mut world);
        prop_assert!(clients.waiting.is_empty(), "all are answered");
        for _ in 0..8 {
            world.settle_readers(&mut clients.readers);
            clients.check(&mut world);
        }
        let read: usize = clients.readers.iter().map(|one| one.reads().len()).sum();
        prop_assert_eq!(read, 4);
        prop_assert_eq!(world.consumer().state, "Stable");
    }
}
