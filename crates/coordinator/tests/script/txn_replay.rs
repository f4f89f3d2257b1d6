//! Whatever transactions, commits and deletions come in whatever order: a coordinator that loads the log, whole or compacted,
//! says what the one said that lived through it, and that is what a plain reading of the log says.

use crate::transactions::in_txn;
use crate::world::{World, commit, topic_id, who};
use coordinator::{Answer, Caller, FetchedOffset, GroupRecord, Logged, Request};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use types::{ErrorCode, GroupEpoch, ProducerId, TopicId};

const GROUPS: [&str; 2] = ["g", "h"];
const PARTITIONS: i32 = 2;

#[derive(Clone, Debug)]
enum Step {
    Send(i64, usize, i32, i64),
    Commit(usize, i32, i64),
    End(i64, bool),
    Delete(usize),
    DeleteOffset(usize, i32),
    Forget,
    Pass,
    Hold,
    Refuse,
    FailOver,
}

fn step() -> impl Strategy<Value = Step> {
    let (producer, group, partition) = (0..3_i64, 0..2_usize, 0..PARTITIONS);
    prop_oneof![
        8 => (producer.clone(), group.clone(), partition.clone(), 0..100_i64)
            .prop_map(|(producer, group, partition, offset)| Step::Send(producer, group, partition, offset)),
        4 => (group.clone(), partition.clone(), 0..100_i64).prop_map(|(g, p, offset)| Step::Commit(g, p, offset)),
        6 => (producer, any::<bool>()).prop_map(|(producer, commit)| Step::End(producer, commit)),
        1 => group.clone().prop_map(Step::Delete),
        2 => (group, partition).prop_map(|(group, partition)| Step::DeleteOffset(group, partition)),
        1 => Just(Step::Forget),
        1 => Just(Step::Pass),
        2 => Just(Step::Hold),
        1 => Just(Step::Refuse),
        1 => Just(Step::FailOver),
    ]
}

fn run(world: &mut World, step: &Step) {
    match *step {
        Step::Send(producer, group, partition, offset) => {
            let mut request = in_txn(producer, GROUPS[group], offset);
            request.commit.offsets[0].partition = partition;
            request.commit.offsets[0].topic_id = world.topics.0["t"];
            world.ask(Request::TxnCommit(request));
        }
        Step::Commit(group, partition, offset) => {
            let mut request = commit(GROUPS[group], &who("a"), -1, offset);
            request.offsets[0].partition = partition;
            request.offsets[0].topic_id = world.topics.0["t"];
            world.ask(Request::Commit(request));
        }
        Step::End(producer, commit) => world.end_txn(producer, commit),
        Step::Delete(group) => _ = world.ask(Request::Delete(GROUPS[group].into())),
        Step::DeleteOffset(group, partition) => {
            let partitions = vec![("t".to_owned(), partition)];
            let (group, caller) = (GROUPS[group].into(), Caller::default());
            world.ask(Request::DeleteOffsets { group, partitions, caller });
        }
        Step::Forget => {
            let next = world.topics.0["t"].0.0[0].wrapping_add(10);
            world.topics.0.insert("t".into(), topic_id(next));
            world.ask(Request::ForgetTopics);
        }
        Step::Pass => world.pass(Duration::from_secs(700)),
        Step::Hold => world.commits_at_once = !world.commits_at_once,
        Step::Refuse if world.in_flight.is_some() => world.refuse(ErrorCode::CoordinatorNotAvailable),
        Step::Refuse => {}
        Step::FailOver => world.fail_over(),
    }
    while world.commits_at_once && world.in_flight.is_some() {
        world.commit();
    }
}

/// Returns all that can be seen of the groups.
fn seen(world: &mut World) -> Vec<Vec<FetchedOffset>> {
    let partitions: Vec<(String, i32)> =
        (0..PARTITIONS).map(|partition| ("t".to_owned(), partition)).collect();
    let mut all = Vec::new();
    for group in GROUPS {
        for (partitions, require_stable) in
            [(Some(partitions.clone()), true), (Some(partitions.clone()), false), (None, true), (None, false)]
        {
            let token = world.ask(Request::FetchOffsets {
                group: group.into(),
                partitions,
                member: None,
                epoch: GroupEpoch::LEAVES,
                require_stable,
            });
            match world.answer(token) {
                Some(Ok(Answer::Offsets(found))) => all.push(found),
                other => panic!("{other:?}"),
            }
        }
    }
    all
}

/// Reads a log as it is meant: what counts of a partition is its last record that is not of a transaction that is open or aborted.
/// Returns what counts of a topic: groups, partitions and offsets.
fn counted(log: &[Logged], id: TopicId) -> BTreeSet<(String, i32, i64)> {
    let mut all = BTreeMap::new();
    for (n, logged) in log.iter().enumerate() {
        let Logged::Record { record: GroupRecord::Offset { group, topic, partition, value }, txn, .. } =
            logged
        else {
            continue;
        };
        let ends = |producer: &ProducerId| {
            log[n..].iter().find_map(|one| match one {
                Logged::Ended { producer: ended, commit } if ended == producer => Some(*commit),
                _ => None,
            })
        };
        if txn.as_ref().is_none_or(|producer| ends(producer) == Some(true)) {
            all.insert((group.to_string(), topic, *partition), value.as_ref());
        }
    }
    let left = all.into_iter().filter_map(|((group, _, partition), value)| Some((group, partition, value?)));
    left.filter(|(_, _, value)| value.topic_id == id.0).map(|(g, p, value)| (g, p, value.offset)).collect()
}

/// Compacts as the log does: nothing from the first record of an open transaction on; aborted records go, and of the others all
/// but the last of each key. Marks of which a record is left stay.
fn compacted(log: &[Logged]) -> Vec<Logged> {
    let mut open: BTreeMap<ProducerId, usize> = BTreeMap::new();
    let mut aborted = BTreeSet::new();
    let mut of: BTreeMap<ProducerId, Vec<usize>> = BTreeMap::new();
    for (n, logged) in log.iter().enumerate() {
        match logged {
            Logged::Record { txn: Some(producer), .. } => {
                open.entry(*producer).or_insert(n);
                of.entry(*producer).or_default().push(n);
            }
            Logged::Record { .. } => {}
            Logged::Ended { producer, commit } => {
                open.remove(producer);
                let records = of.remove(producer).unwrap_or_default();
                aborted.extend(records.into_iter().filter(|_| !commit));
            }
        }
    }
    let stable = open.values().copied().min().unwrap_or(log.len());
    let key = |logged: &Logged| match logged {
        Logged::Record { record, .. } => Some(record.encode().unwrap().0),
        Logged::Ended { .. } => None,
    };
    let last: BTreeMap<_, usize> =
        (0..stable).filter(|n| !aborted.contains(n)).filter_map(|n| Some((key(&log[n])?, n))).collect();
    let stays = |n: usize| match key(&log[n]) {
        Some(key) => n >= stable || (!aborted.contains(&n) && last.get(&key) == Some(&n)),
        None => true,
    };
    (0..log.len()).filter(|n| stays(*n)).map(|n| log[n].clone()).collect()
}

/// Makes a coordinator of what is left of a log.
fn load(world: &World, log: &[Logged]) -> World {
    let mut next = World::new();
    next.topics.0.clone_from(&world.topics.0);
    log.iter().for_each(|logged| next.groups.load(logged));
    next.groups.loaded(&next.topics, next.now);
    next
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Protects: T8, D-10: after any steps the offsets that count are those that the log says, and whoever loads it, compacted or
    /// not, says the same of them and of what is unstable.
    #[test]
    fn a_log_with_transactions_says_the_same(steps in prop::collection::vec(step(), 1..50)) {
        let mut world = World::new();
        // It serves as one that has loaded: time takes things away.
        world.fail_over();
        for step in &steps {
            run(&mut world, step);
            let (live, log) = (seen(&mut world), world.logged());
            // All that a group has, stable or not, is the fourth that is seen of it.
            let told = GROUPS.iter().zip(live.chunks(4)).flat_map(|(group, seen)| {
                seen[3].iter().map(|one| ((*group).to_owned(), one.partition, one.offset.0))
            });
            prop_assert_eq!(told.collect::<BTreeSet<_>>(), counted(&log, world.topics.0["t"]));
            let mut whole = load(&world, &log);
            prop_assert_eq!(&live, &seen(&mut whole));
            let mut rest = load(&world, &compacted(&log));
            prop_assert_eq!(&live, &seen(&mut rest));
            prop_assert_eq!(whole.groups.held(), whole.groups.recount());
        }
    }
}
