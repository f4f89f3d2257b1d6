//! CreatePartitions by script, with what Kafka 4.3.1 answers (golden/exchange/recorded/admin.txt).

use super::{World, assigned, topic};
use metadata::Record;
use metadata::controller::{CreatePartitions, MorePartitions, create_partitions, fence_broker};
use types::{BrokerId, ErrorCode, PartitionId};

fn more(name: &str, count: i32) -> MorePartitions {
    MorePartitions { name: name.to_string(), count, assignments: None }
}

fn placed(name: &str, count: i32, assignments: &[&[i32]]) -> MorePartitions {
    let brokers = |ids: &&[i32]| ids.iter().map(|id| BrokerId(*id)).collect();
    MorePartitions { assignments: Some(assignments.iter().map(brokers).collect()), ..more(name, count) }
}

/// Decides and applies; returns each name with code and message.
fn grow(world: &mut World, topics: Vec<MorePartitions>) -> Vec<String> {
    let decision = create_partitions(&world.image, &CreatePartitions { topics, validate_only: false });
    world.apply(&decision.records);
    let shown = |one: metadata::controller::CreatedPartitions| match one.result {
        Ok(()) => format!("{}: ok", one.name),
        Err(refusal) => format!("{}: {:?} {}", one.name, refusal.code, refusal.message),
    };
    decision.answer.into_iter().map(shown).collect()
}

fn count(world: &World, name: &str) -> usize {
    world.image.topics().by_name(name).unwrap().partition_count()
}

/// Protects: counts are judged as Kafka judges them, with its sentences; a refused topic keeps what it has, and the others
/// of the request grow.
#[test]
fn counts() {
    let mut world = World::new(1);
    world.create(vec![topic("two", 2, 1), topic("one", 1, 1)]);
    let asked = vec![more("two", 3), more("nowhere", 2), more("one", 1)];
    let expected = [
        "two: ok",
        "nowhere: UnknownTopicOrPartition ",
        "one: InvalidPartitions Topic already has 1 partition(s).",
    ];
    assert_eq!(grow(&mut world, asked), expected);
    assert_eq!((count(&world, "two"), count(&world, "one")), (3, 1));
    for (asked, shown) in [(1, "1"), (0, "0"), (-1, "-1"), (i32::MIN, "-2147483648")] {
        let refused = format!(
            "two: InvalidPartitions The topic two currently has 3 partition(s); {shown} would not be an increase."
        );
        assert_eq!(grow(&mut world, vec![more("two", asked)]), [refused]);
    }
    assert_eq!(world.image.topics().partition_count(), 4);
}

/// Protects: new partitions go on where the topic's numbers end, with as many replicas as its first, led and in sync.
#[test]
fn new_partitions_are_like_the_old_ones() {
    let mut world = World::new(3);
    world.create(vec![topic("t", 2, 2)]);
    assert_eq!(grow(&mut world, vec![more("t", 5)]), ["t: ok"]);
    let topic = world.image.topics().by_name("t").unwrap();
    let numbers: Vec<i32> = topic.partitions().map(|(partition, _)| partition.0).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    let mut leaders: Vec<BrokerId> = Vec::new();
    for (_, partition) in topic.partitions() {
        assert_eq!((partition.state.replicas.len(), partition.state.isr.len()), (2, 2));
        leaders.extend(partition.state.leader);
    }
    assert_eq!(leaders.windows(2).filter(|pair| pair[0] == pair[1]).count(), 0, "they go round: {leaders:?}");
}

/// Protects: assignments are taken as given for the new partitions alone, or refused as Kafka refuses them.
#[test]
fn given_assignments() {
    let mut world = World::new(3);
    world.create(vec![assigned("t", &[(0, &[1])])]);
    assert_eq!(grow(&mut world, vec![placed("t", 3, &[&[2], &[3]])]), ["t: ok"]);
    let epoch = world.image.brokers().get(BrokerId(3)).unwrap().epoch;
    let fenced = fence_broker(&world.image, BrokerId(3), epoch);
    world.apply(&fenced.records);
    let t = world.image.topics().by_name("t").unwrap();
    assert_eq!(t.partition(PartitionId(2)).unwrap().state.leader, Some(BrokerId(3)));
    let cases: [(&[&[i32]], &str); 6] = [
        (&[], "Attempted to add 1 additional partition(s), but only 0 assignment(s) were specified."),
        (
            &[&[1], &[1]],
            "Attempted to add 1 additional partition(s), but only 2 assignment(s) were specified.",
        ),
        (&[&[]], "The manual partition assignment includes an empty replica list."),
        (&[&[9]], "The manual partition assignment includes broker 9, but no such broker is registered."),
        (
            &[&[1, 2]],
            "The manual partition assignment includes a partition with 2 replica(s), but this is not consistent with previous partitions, which have 1 replica(s).",
        ),
        (
            &[&[3]],
            "All brokers specified in the manual partition assignment for partition 3 are fenced or in controlled shutdown.",
        ),
    ];
    for (assignment, expected) in cases {
        let answer = grow(&mut world, vec![placed("t", 4, assignment)]);
        assert_eq!(answer, [format!("t: InvalidReplicaAssignment {expected}")]);
    }
    assert_eq!(count(&world, "t"), 3);
}

/// Protects: a name that comes twice is refused once, with either count, and does not grow (A12).
#[test]
fn a_topic_that_is_named_twice_does_not_grow() {
    let mut world = World::new(1);
    world.create(vec![topic("t", 1, 1), topic("u", 1, 1)]);
    let answers = grow(&mut world, vec![more("t", 2), more("u", 2), more("t", 3)]);
    assert_eq!(answers, ["t: InvalidRequest Duplicate topic name.", "u: ok"]);
    assert_eq!((count(&world, "t"), count(&world, "u")), (1, 2));
}

/// Protects: validate_only answers as if, and records nothing.
#[test]
fn validate_only_grows_nothing() {
    let mut world = World::new(1);
    world.create(vec![topic("t", 1, 1)]);
    let request = CreatePartitions { topics: vec![more("t", 9), more("x", 1)], validate_only: true };
    let decision = create_partitions(&world.image, &request);
    assert_eq!(decision.records, Vec::<Record>::new());
    let codes =
        decision.answer.iter().map(|one| one.result.as_ref().map_or_else(|r| r.code, |()| ErrorCode::None));
    assert_eq!(codes.collect::<Vec<_>>(), [ErrorCode::None, ErrorCode::UnknownTopicOrPartition]);
}

/// Protects: 10,000 partitions may be added in one operation, one more is refused whole, and 2^31-1 costs nothing (A11).
#[test]
fn too_many_new_partitions() {
    let mut world = World::new(1);
    world.create(vec![topic("t", 1, 1), topic("u", 1, 1)]);
    let refused = "PolicyViolation Excessively large number of partitions per request.";
    assert_eq!(grow(&mut world, vec![more("t", i32::MAX)]), [format!("t: {refused}")]);
    let both = vec![more("t", 10_001), more("u", 2)];
    assert_eq!(grow(&mut world, both), [format!("t: {refused}"), format!("u: {refused}")]);
    assert_eq!(grow(&mut world, vec![more("t", 10_001)]), ["t: ok"]);
}
