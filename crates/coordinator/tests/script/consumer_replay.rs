//! Groups of the consumer protocol whatever happens: nobody reads what another reads, no late commit counts, the log says all.

use crate::reader::{Reader, reader};
use crate::world::{GROUP, World, topic_id};
use coordinator::{Answer, ConsumerDescription, FetchedOffset, Request};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use types::{ErrorCode, GroupEpoch};

#[derive(Clone, Debug)]
enum Step {
    Beat(usize),
    /// The heartbeat arrives, its answer does not.
    Lost(usize),
    Leave(usize),
    Pause(usize),
    /// The process dies and comes back: a static member under a new id.
    Restart(usize),
    Commit(usize, i64),
    /// With the epoch before.
    LateCommit(usize, i64),
    Grow(u8),
    Recreate(u8),
    Pass(u64),
    Refuse,
    FailOver,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..4_usize).prop_map(Step::Beat),
        2 => (0..4_usize).prop_map(Step::Lost),
        1 => (0..4_usize).prop_map(Step::Leave),
        1 => (2..4_usize).prop_map(Step::Pause),
        1 => (0..4_usize).prop_map(Step::Restart),
        3 => (0..4_usize, 0..100_i64).prop_map(|(who, offset)| Step::Commit(who, offset)),
        1 => (0..4_usize, 0..100_i64).prop_map(|(who, offset)| Step::LateCommit(who, offset)),
        1 => (1..3_u8).prop_map(Step::Grow),
        1 => (1..3_u8).prop_map(Step::Recreate),
        6 => (1..20_000_u64).prop_map(Step::Pass),
        1 => Just(Step::Refuse),
        1 => Just(Step::FailOver),
    ]
}

struct Clients {
    readers: Vec<Reader>,
    restarts: u32,
    incarnations: u8,
    /// The offset that was acknowledged last.
    committed: Option<i64>,
}

impl Clients {
    fn new() -> Clients {
        let fixed = |id: &str, instance| Reader { instance: Some(instance), ..reader(id) };
        let mut readers = vec![reader("a"), reader("b"), fixed("c", "one"), fixed("d", "two")];
        readers[1].topics = vec!["t", "u"];
        (readers[3].topics, readers[3].regex) = (vec![], Some("t|u"));
        Clients { readers, restarts: 0, incarnations: 10, committed: None }
    }

    fn run(&mut self, world: &mut World, step: &Step) {
        match *step {
            Step::Beat(n) => {
                let _ = world.beat(&mut self.readers[n]);
            }
            Step::Lost(n) => {
                let token = world.send(self.readers[n].heartbeat());
                let _ = world.told(token);
                self.readers[n].is_unsure = true;
            }
            Step::Leave(n) => _ = world.part(&mut self.readers[n], -1),
            Step::Pause(n) => _ = world.part(&mut self.readers[n], -2),
            Step::Restart(n) => {
                self.restarts += 1;
                let fresh = reader(&format!("{}{}", &self.readers[n].id[..1], self.restarts));
                let old = self.readers[n].clone();
                self.readers[n] =
                    Reader { epoch: 0, id: fresh.id, owned: fresh.owned, says_all: true, ..old };
            }
            Step::Commit(n, offset) => self.commit(world, n, self.readers[n].epoch, offset),
            Step::LateCommit(n, offset) => self.commit(world, n, self.readers[n].epoch - 1, offset),
            Step::Grow(n) => {
                let id = world.topics.0[if n == 1 { "t" } else { "u" }];
                let now = world.topics.1.get(&id).copied().unwrap_or(crate::world::PARTITIONS);
                world.topics.1.insert(id, now + 1);
            }
            Step::Recreate(n) => {
                self.incarnations += 1;
                let name = if n == 1 { "t" } else { "u" };
                world.topics.0.insert(name.into(), topic_id(self.incarnations));
            }
            Step::Pass(millis) => world.pass(Duration::from_millis(millis)),
            Step::Refuse => {
                world.commits_at_once = false;
                let token = world.send(self.readers[0].heartbeat());
                if world.in_flight.is_some() {
                    world.refuse(ErrorCode::CoordinatorNotAvailable);
                }
                let _ = world.answer(token);
                world.commits_at_once = true;
            }
            Step::FailOver => world.fail_over(),
        }
    }

    /// Commits partition 0 of `t`: what is accepted is of the member that has it, or that nobody has taken it from.
    fn commit(&mut self, world: &mut World, n: usize, epoch: i32, offset: i64) {
        let code = world.commit_as(&self.readers[n], epoch, offset);
        if code != ErrorCode::None {
            return;
        }
        self.committed = Some(offset);
        let (id, description) = (&self.readers[n].id, described(world));
        let Some(description) = description.filter(|group| !group.members.is_empty()) else { return };
        let member = description.members.iter().find(|member| member.member_id.as_str() == id);
        let member = member.expect("only members commit");
        assert!(epoch <= member.epoch.0, "{epoch} is ahead of {}", member.epoch);
    }

    /// Nobody who is a member reads what another member reads.
    fn check(&self, world: &mut World) {
        let Some(description) = described(world) else { return };
        let members: BTreeMap<&str, GroupEpoch> =
            description.members.iter().map(|member| (member.member_id.as_str(), member.epoch)).collect();
        let mut read = BTreeSet::new();
        let is_member = |one: &&Reader| {
            one.epoch > 0 && members.get(one.id.as_str()).is_some_and(|epoch| epoch.0 >= one.epoch)
        };
        for reader in self.readers.iter().filter(is_member) {
            for (topic, partition) in reader.owned.iter().flat_map(|(t, each)| each.iter().map(|p| (*t, *p)))
            {
                assert!(
                    read.insert((topic, partition)),
                    "{topic} {partition} is read twice, by {} too",
                    reader.id
                );
            }
        }
    }
}

fn described(world: &mut World) -> Option<ConsumerDescription> {
    let token = world.ask(Request::ConsumerDescribe(GROUP.into()));
    match world.answer(token) {
        Some(Ok(Answer::ConsumerDescription(description))) => Some(description),
        _ => None,
    }
}

fn offsets(world: &mut World) -> Vec<FetchedOffset> {
    let (partitions, member) = (None, None);
    let token = world.ask(Request::FetchOffsets {
        group: GROUP.into(),
        partitions,
        member,
        epoch: GroupEpoch::LEAVES,
        require_stable: false,
    });
    match world.answer(token) {
        Some(Ok(Answer::Offsets(found))) => found,
        other => panic!("no offsets: {other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    /// Protects: nobody reads what another reads, at any time; replaying the log gives what living through it gave; and when
    /// nothing more happens, every partition has one reader.
    #[test]
    fn nobody_reads_what_another_reads(steps in proptest::collection::vec(step(), 1..80)) {
        let mut world = World::new();
        let mut clients = Clients::new();
        for step in &steps {
            clients.run(&mut world, step);
            clients.check(&mut world);
        }
        let (before, kept) = (described(&mut world), offsets(&mut world));
        world.fail_over();
        prop_assert_eq!(&described(&mut world), &before);
        prop_assert_eq!(&offsets(&mut world), &kept);
        for _ in 0..10 {
            world.settle_readers(&mut clients.readers);
            clients.check(&mut world);
        }
        let group = described(&mut world).expect("there are members");
        prop_assert_eq!(group.state, "Stable");
        for name in ["t", "u"] {
            let id = world.topics.0[name];
            let count = world.topics.1.get(&id).copied().unwrap_or(crate::world::PARTITIONS);
            let read: usize = clients.readers.iter().filter_map(|one| one.owned.get(&id)).map(BTreeSet::len).sum();
            prop_assert_eq!(read, usize::try_from(count).unwrap(), "of {}", name);
        }
    }
}
