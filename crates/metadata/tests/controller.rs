//! What the controller answers to requests, as Kafka 4.3.1 does, and what follows from its records.

#![allow(clippy::unwrap_used)]

#[path = "controller/partitions.rs"]
mod partitions;

use metadata::controller::{
    AlterConfigs, AlterResource, ConfigOwner, CreateTopic, CreateTopics, CreatedTopic, Decision, DeleteTopic,
    FeatureUpdate, LevelChange, MAX_GROUP_NAME, MAX_GROUPS_WITH_SETTINGS, Refusal, TopicRules,
    UpdateFeatures, allocate_producer_ids, alter_configs, bootstrap, check_levels, create_topics,
    delete_topics, fence_broker, register_broker, update_features,
};
use metadata::{
    BrokerRegistration, ConfigResource, DirectoryVerdict, MetadataDelta, MetadataImage, Record,
    RecoveredDirectory,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use types::{
    BrokerEpoch, BrokerId, DirectoryId, ErrorCode, LeaderEpoch, LogKey, MetadataOffset, PartitionId,
    ProducerId, TopicId, Uuid,
};

const CLUSTER: Uuid = Uuid([1; 16]);

fn id(number: u8) -> TopicId {
    TopicId(Uuid([number; 16]))
}

fn registration(broker: i32, incarnation: u8) -> BrokerRegistration {
    let directory = DirectoryId(Uuid([u8::try_from(broker).unwrap(); 16]));
    BrokerRegistration {
        broker: BrokerId(broker),
        incarnation: Uuid([incarnation; 16]),
        endpoints: Vec::new(),
        rack: None,
        directories: vec![RecoveredDirectory { id: directory, verdict: DirectoryVerdict::Verified }],
    }
}

/// An image that moves on with each decision.
struct World {
    image: MetadataImage,
    ids: u8,
}

impl World {
    fn new(brokers: i32) -> World {
        let mut world = World { image: MetadataImage::default(), ids: 0 };
        world.apply(&bootstrap(&MetadataImage::default(), CLUSTER));
        (1..=brokers).for_each(|broker| world.register(broker, 1));
        world
    }

    fn apply(&mut self, records: &[Record]) {
        if !records.is_empty() {
            let next = MetadataOffset(self.image.offset().0 + 1);
            self.image = self.image.apply(records, next).unwrap();
        }
    }

    fn register(&mut self, broker: i32, incarnation: u8) {
        let decision = register_broker(&self.image, CLUSTER, registration(broker, incarnation)).unwrap();
        self.apply(&decision.records);
    }

    fn decide(&mut self, request: &CreateTopics) -> Decision<Vec<CreatedTopic>> {
        let ids = &mut self.ids;
        let mut new_id = || {
            *ids += 1;
            id(*ids)
        };
        create_topics(&self.image, request, &rules(), &mut new_id)
    }

    /// Creates topics; returns each name's code and message, or what was created.
    fn create(&mut self, topics: Vec<CreateTopic>) -> Vec<String> {
        let decision = self.decide(&CreateTopics { topics, validate_only: false });
        self.apply(&decision.records);
        decision.answer.iter().map(shown).collect()
    }

    fn epoch(&self, topic: &str, partition: i32) -> LeaderEpoch {
        let topic = self.image.topics().by_name(topic).unwrap();
        self.image.leadership_of(topic.key(PartitionId(partition))).unwrap().epoch
    }
}

fn rules() -> TopicRules {
    TopicRules {
        partitions: 3,
        replication_factor: 1,
        check_configs: Arc::new(|_, settings: &BTreeMap<String, String>| match settings.get("bad") {
            Some(value) => Err(format!("Invalid value {value} for configuration bad")),
            None => Ok(()),
        }),
    }
}

fn topic(name: &str, partitions: i32, replication_factor: i16) -> CreateTopic {
    CreateTopic { name: name.to_string(), partitions, replication_factor, ..CreateTopic::default() }
}

/// Partition to brokers.
type Assignment<'a> = &'a [(i32, &'a [i32])];

fn assigned(name: &str, assignments: Assignment<'_>) -> CreateTopic {
    let brokers = |ids: &[i32]| ids.iter().map(|id| BrokerId(*id)).collect();
    let assignments = assignments.iter().map(|(partition, ids)| (*partition, brokers(ids))).collect();
    CreateTopic { assignments, ..topic(name, -1, -1) }
}

fn shown(created: &CreatedTopic) -> String {
    match &created.result {
        Ok(creation) => {
            format!("{}: {} x {}", created.name, creation.partitions, creation.replication_factor)
        }
        Err(refusal) => format!("{}: {:?} {}", created.name, refusal.code, refusal.message),
    }
}

/// Protects: the offsets topic and its history share the half of their ids by which shards own partitions, whichever comes first,
/// also after one of them was deleted; no other topic shares it.
#[test]
fn the_history_lies_beside_the_offsets() {
    const NAMES: [&str; 2] = ["__consumer_offsets", "__highwater_offset_history"];
    for [first, second] in [NAMES, [NAMES[1], NAMES[0]]] {
        let mut world = World::new(1);
        let half = |world: &World, name: &str| world.image.topics().id_of(name).unwrap().0.0[..8].to_owned();
        for name in [first, "other", second] {
            world.create(vec![topic(name, 1, 1)]);
        }
        assert_eq!(half(&world, first), half(&world, second));
        assert_ne!(half(&world, first), half(&world, "other"));
        assert_ne!(world.image.topics().id_of(first), world.image.topics().id_of(second));
        let gone = DeleteTopic { name: Some(first.to_owned()), id: TopicId::default() };
        let decision = delete_topics(&world.image, &[gone]);
        world.apply(&decision.records);
        world.create(vec![topic(first, 1, 1)]);
        assert_eq!(half(&world, first), half(&world, second));
    }
}

/// Protects: -1 means the broker's defaults, and given counts are taken (CreateTopics).
#[test]
fn counts_and_defaults() {
    let mut world = World::new(3);
    assert_eq!(world.create(vec![topic("a", -1, -1), topic("b", 5, 2)]), ["a: 3 x 1", "b: 5 x 2"]);
    assert_eq!(world.image.topics().partition_count(), 8);
    let b = world.image.topics().by_name("b").unwrap();
    for (_, partition) in b.partitions() {
        assert_eq!(partition.state.isr.len(), 2);
        assert_eq!(partition.state.leader, partition.state.isr.first().copied());
        assert!(partition.state.replicas.iter().all(|replica| !replica.directory.0.is_zero()));
    }
}

/// Protects: names are judged as Kafka judges them, with its sentences (A10).
#[test]
fn names() {
    let mut world = World::new(1);
    world.create(vec![topic("a.b", 1, 1)]);
    let long = "x".repeat(250);
    let names = ["", ".", "../x", "a/b", &long, "a.b", "a_b", "c.d_e", "c_d.e", "__cluster_metadata"];
    let answers = world.create(names.iter().map(|name| topic(name, 1, 1)).collect());
    let expected = [
        ": InvalidTopicException Topic name is invalid: the empty string is not allowed".to_string(),
        ".: InvalidTopicException Topic name is invalid: '.' is not allowed".to_string(),
        "../x: InvalidTopicException Topic name is invalid: '../x' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'".to_string(),
        "a/b: InvalidTopicException Topic name is invalid: 'a/b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'".to_string(),
        format!("{long}: InvalidTopicException Topic name is invalid: the length of '{long}' is longer than the max allowed length 249"),
        "a.b: TopicAlreadyExists Topic 'a.b' already exists.".to_string(),
        "a_b: InvalidTopicException Topic 'a_b' collides with existing topic: a.b".to_string(),
        "c.d_e: 1 x 1".to_string(),
        "c_d.e: InvalidTopicException Topic 'c_d.e' collides with existing topic: c.d_e".to_string(),
        "__cluster_metadata: TopicAuthorizationFailed Authorization failed.".to_string(),
    ];
    assert_eq!(answers, expected);
}

/// Protects: impossible counts get Kafka's codes, each topic on its own (A11).
#[test]
fn impossible_counts() {
    let mut world = World::new(1);
    let topics = vec![
        topic("p0", 0, 1),
        topic("p-2", -2, 1),
        topic("r0", 1, 0),
        topic("r-2", 1, -2),
        topic("r2", 1, 2),
        topic("good", 1, 1),
        CreateTopic { partitions: 1, ..assigned("both", &[(0, &[1])]) },
        CreateTopic { replication_factor: 1, ..assigned("both2", &[(0, &[1])]) },
    ];
    let answers = world.create(topics);
    let partitions = "InvalidPartitions Number of partitions was set to an invalid non-positive value.";
    let factor =
        "InvalidReplicationFactor Replication factor must be larger than 0, or -1 to use the default value.";
    let both = "InvalidRequest A manual partition assignment was specified, but";
    let expected = [
        format!("p0: {partitions}"),
        format!("p-2: {partitions}"),
        format!("r0: {factor}"),
        format!("r-2: {factor}"),
        "r2: InvalidReplicationFactor Unable to replicate the partition 2 time(s): The target replication factor of 2 cannot be reached because only 1 broker(s) are registered or some brokers have all their log directories cordoned.".to_string(),
        "good: 1 x 1".to_string(),
        format!("both: {both} numPartitions was not set to -1."),
        format!("both2: {both} replication factor was not set to -1."),
    ];
    assert_eq!(answers, expected);
}

/// Protects: 10,000 partitions may be made in one operation, one more is refused whole, and 2^31-1
/// costs nothing (A11).
#[test]
fn too_many_partitions() {
    let mut world = World::new(1);
    let refused = "PolicyViolation Excessively large number of partitions per request.";
    assert_eq!(world.create(vec![topic("x", i32::MAX, 1)]), [format!("x: {refused}")]);
    let topics = vec![topic("a", 9_998, 1), topic("b", -1, 1)];
    assert_eq!(world.create(topics), [format!("a: {refused}"), format!("b: {refused}")]);
    assert_eq!(world.create(vec![topic("a", 10_000, 1)]), ["a: 10000 x 1"]);
}

/// Protects: a name that comes twice is refused once and not created (A12).
#[test]
fn duplicates_in_one_request() {
    let mut world = World::new(1);
    let answers = world.create(vec![topic("a", 1, 1), topic("b", 1, 1), topic("a", 2, 1)]);
    assert_eq!(answers, ["a: InvalidRequest Duplicate topic name.", "b: 1 x 1"]);
    assert!(world.image.topics().by_name("a").is_none());
}

/// Protects: assignments are taken as given, or refused as Kafka refuses them.
#[test]
fn assignments() {
    let mut world = World::new(3);
    let decision =
        fence_broker(&world.image, BrokerId(3), world.image.brokers().get(BrokerId(3)).unwrap().epoch);
    world.apply(&decision.records);
    let cases: [(Assignment<'_>, &str); 9] = [
        (&[(0, &[2, 1]), (1, &[1, 2])], "2 x 2"),
        (&[(0, &[1, 3])], "1 x 2"),
        (&[(0, &[1]), (0, &[2])], "Found multiple manual partition assignments for partition 0"),
        (&[(0, &[1]), (2, &[2])], "partitions should be a consecutive 0-based integer sequence"),
        (&[(0, &[])], "The manual partition assignment includes an empty replica list."),
        (&[(0, &[1, 1])], "The manual partition assignment includes the broker 1 more than once."),
        (
            &[(0, &[9])],
            "The manual partition assignment includes broker 9, but no such broker is registered.",
        ),
        (
            &[(0, &[1]), (1, &[1, 2])],
            "The manual partition assignment includes a partition with 2 replica(s), but this is not consistent with previous partitions, which have 1 replica(s).",
        ),
        (
            &[(0, &[3])],
            "All brokers specified in the manual partition assignment for partition 0 are fenced or in controlled shutdown.",
        ),
    ];
    for (number, (assignment, expected)) in cases.into_iter().enumerate() {
        let name = format!("t{number}");
        let code = if number < 2 { "" } else { "InvalidReplicaAssignment " };
        assert_eq!(world.create(vec![assigned(&name, assignment)]), [format!("{name}: {code}{expected}")]);
    }
    let first = world.image.topics().by_name("t0").unwrap();
    assert_eq!(first.partition(PartitionId(0)).unwrap().state.leader, Some(BrokerId(2)));
    let second = world.image.topics().by_name("t1").unwrap();
    assert_eq!(second.partition(PartitionId(0)).unwrap().state.isr, [BrokerId(1)]);
}

/// Protects: settings are judged by the caller's check, a missing value is refused, and what was set is kept (A37).
#[test]
fn settings() {
    let mut world = World::new(1);
    let with = |name: &str, key: &str, value: Option<&str>| CreateTopic {
        configs: vec![(key.to_string(), value.map(str::to_string))],
        ..topic(name, 1, 1)
    };
    let answers = world.create(vec![
        with("a", "bad", Some("7")),
        with("b", "retention.ms", None),
        with("c", "retention.ms", Some("1")),
    ]);
    let expected = [
        "a: InvalidConfig Invalid value 7 for configuration bad",
        "b: InvalidConfig Null value not supported for topic configs: retention.ms",
        "c: 1 x 1",
    ];
    assert_eq!(answers, expected);
    let c = world.image.topics().id_of("c").unwrap();
    assert_eq!(world.image.topic_settings(c).get("retention.ms").map(String::as_str), Some("1"));
}

/// Protects: validate_only answers as if, and records nothing.
#[test]
fn validate_only_changes_nothing() {
    let mut world = World::new(1);
    let decision = world.decide(&CreateTopics { topics: vec![topic("a", 1, 1)], validate_only: true });
    assert_eq!(decision.records, []);
    assert_eq!(decision.answer.iter().map(shown).collect::<Vec<_>>(), ["a: 1 x 1"]);
}

/// Protects: topics go by name and by id, with Kafka's refusals; duplicates delete nothing (A12).
#[test]
fn deletion() {
    let mut world = World::new(1);
    world.create(["a", "b", "c", "d", "e"].map(|name| topic(name, 1, 1)).to_vec());
    let by_name = |name: &str| DeleteTopic { name: Some(name.to_string()), id: TopicId::default() };
    let by_id = |number| DeleteTopic { name: None, id: id(number) };
    let both = DeleteTopic { name: Some("a".to_string()), id: id(1) };
    let request = [
        by_name("a"),
        by_id(2),
        by_name("c"),
        by_name("c"),
        by_id(4),
        by_name("d"),
        by_name("x"),
        by_id(9),
        by_id(9),
        by_id(8),
        both,
        DeleteTopic::default(),
    ];
    let decision = delete_topics(&world.image, &request);
    let answers: Vec<_> = decision
        .answer
        .iter()
        .map(|t| {
            (
                t.name.as_deref(),
                t.id,
                t.result.as_ref().map_or_else(|refusal| refusal.code, |()| ErrorCode::None),
            )
        })
        .collect();
    let zero = TopicId::default();
    let expected = [
        (Some("a"), id(1), ErrorCode::None),
        (Some("b"), id(2), ErrorCode::None),
        (Some("c"), zero, ErrorCode::InvalidRequest),
        (Some("d"), id(4), ErrorCode::InvalidRequest),
        (Some("x"), zero, ErrorCode::UnknownTopicOrPartition),
        (None, id(9), ErrorCode::InvalidRequest),
        (None, id(8), ErrorCode::UnknownTopicId),
        (Some("a"), id(1), ErrorCode::InvalidRequest),
        (None, zero, ErrorCode::InvalidRequest),
    ];
    assert_eq!(answers, expected);
    let before = world.image.clone();
    world.apply(&decision.records);
    assert_eq!(world.image.topics().iter().map(|t| t.name.as_str()).collect::<Vec<_>>(), ["c", "d", "e"]);
    let delta = MetadataDelta::between(&before, &world.image);
    assert_eq!(delta.deleted.iter().map(|t| t.id).collect::<Vec<_>>(), [id(1), id(2)]);
}

/// Protects: a namesake created after a deletion has nothing of the topic before (D-15).
#[test]
fn a_namesake_is_another_topic() {
    let mut world = World::new(1);
    let configs = vec![("retention.ms".to_string(), Some("1".to_string()))];
    world.create(vec![CreateTopic { configs, ..topic("a", 2, 1) }]);
    let old = world.image.topics().id_of("a").unwrap();
    world.apply(&[Record::TopicDeleted { id: old }]);
    world.create(vec![topic("a", 1, 1)]);
    let new = world.image.topics().id_of("a").unwrap();
    assert_ne!(old, new);
    assert!(world.image.topic_settings(new).is_empty() && world.image.topic_settings(old).is_empty());
    assert!(world.image.partition(LogKey { topic_id: old, partition: PartitionId(0) }).is_none());
    assert_eq!(world.image.topics().partition_count(), 1);
}

/// Protects: each start gets a fresh epoch, and one record gives every leadership it holds a higher
/// leader epoch (W-14, D-18).
#[test]
fn a_restart_raises_every_leader_epoch() {
    let mut world = World::new(2);
    world.create(vec![assigned("a", &[(0, &[1]), (1, &[2])])]);
    let before = world.image.clone();
    world.register(1, 2);
    let epoch = |image: &MetadataImage| image.brokers().get(BrokerId(1)).unwrap().epoch;
    assert!(epoch(&world.image) > epoch(&before));
    assert_eq!((world.epoch("a", 0), world.epoch("a", 1)), (LeaderEpoch(1), LeaderEpoch(0)));
    let delta = MetadataDelta::between(&before, &world.image);
    assert_eq!(delta.partitions, [LogKey { topic_id: id(1), partition: PartitionId(0) }]);
    assert_eq!(delta.brokers, [BrokerId(1)]);
    world.register(1, 3);
    world.create(vec![topic("later", 1, 1)]);
    assert_eq!((world.epoch("a", 0), world.epoch("later", 0)), (LeaderEpoch(2), LeaderEpoch(0)));
}

/// Protects: a fenced broker leads nothing until it registers again, in a higher epoch; the same fencing
/// twice is one.
#[test]
fn a_fenced_broker_leads_nothing() {
    let mut world = World::new(1);
    world.create(vec![topic("a", 1, 1)]);
    let key = LogKey { topic_id: id(1), partition: PartitionId(0) };
    let epoch = world.image.brokers().get(BrokerId(1)).unwrap().epoch;
    assert_eq!(fence_broker(&world.image, BrokerId(1), BrokerEpoch(epoch.0 + 1)).records, []);
    let decision = fence_broker(&world.image, BrokerId(1), epoch);
    world.apply(&decision.records);
    assert_eq!(world.image.leadership_of(key).unwrap().leader, None);
    assert_eq!(fence_broker(&world.image, BrokerId(1), epoch).records, []);
    let refused = world.create(vec![topic("b", 1, 1)]);
    assert_eq!(
        refused,
        [
            "b: InvalidReplicationFactor Unable to replicate the partition 1 time(s): All brokers are currently fenced."
        ]
    );
    world.register(1, 2);
    let leadership = world.image.leadership_of(key).unwrap();
    assert_eq!((leadership.leader, leadership.epoch), (Some(BrokerId(1)), LeaderEpoch(2)));
}

/// Protects: foreign clusters, shared directories and a second living process are refused at registration;
/// the same incarnation twice is one.
#[test]
fn registration_refusals() {
    let world = World::new(2);
    let code = |cluster, registration| register_broker(&world.image, cluster, registration).unwrap_err().code;
    assert_eq!(code(Uuid([9; 16]), registration(1, 2)), ErrorCode::InconsistentClusterId);
    let stolen = BrokerRegistration { broker: BrokerId(3), ..registration(2, 5) };
    assert_eq!(code(CLUSTER, stolen), ErrorCode::InvalidRegistration);
    let without = BrokerRegistration { directories: Vec::new(), ..registration(3, 1) };
    assert_eq!(code(CLUSTER, without), ErrorCode::InvalidRegistration);
    let second = BrokerRegistration { broker: BrokerId(1), ..registration(7, 2) };
    assert_eq!(code(CLUSTER, second), ErrorCode::DuplicateBrokerRegistration);
    let again = register_broker(&world.image, CLUSTER, registration(1, 1)).unwrap();
    assert_eq!(again.records, []);
}

/// Protects: blocks of 1000 producer ids follow one another, and only the registered incarnation gets one.
#[test]
fn producer_ids() {
    let mut world = World::new(1);
    let epoch = world.image.brokers().get(BrokerId(1)).unwrap().epoch;
    for block in 0..3 {
        let decision = allocate_producer_ids(&world.image, BrokerId(1), epoch).unwrap();
        assert_eq!(decision.answer.first, ProducerId(block * 1000));
        assert_eq!(decision.answer.count, 1000);
        world.apply(&decision.records);
    }
    let stale = allocate_producer_ids(&world.image, BrokerId(1), BrokerEpoch(epoch.0 - 1));
    assert_eq!(stale.unwrap_err().code, ErrorCode::StaleBrokerEpoch);
    let unknown = allocate_producer_ids(&world.image, BrokerId(2), epoch);
    assert_eq!(unknown.unwrap_err().code, ErrorCode::StaleBrokerEpoch);
}

/// Puts settings in the place of those that there are; `bad` is refused.
fn put(of: ConfigOwner, settings: &[(&str, &str)]) -> AlterResource {
    let after: BTreeMap<String, String> =
        settings.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect();
    let rule = move |_: &MetadataImage, _: &BTreeMap<String, String>| match after.get("bad") {
        Some(_) => Err(Refusal::new(ErrorCode::InvalidConfig, "bad")),
        None => Ok(after.clone()),
    };
    AlterResource { of, rule: Arc::new(rule) }
}

fn codes(answer: &[Result<(), Refusal>]) -> Vec<ErrorCode> {
    answer.iter().map(|r| r.as_ref().err().map_or(ErrorCode::None, |refusal| refusal.code)).collect()
}

/// Protects: a resource changes whole or not at all whatever becomes of others, only what differs is recorded, and nothing
/// when a request only asks.
#[test]
fn altered_settings() {
    let mut world = World::new(1);
    world.create(vec![topic("a", 1, 1)]);
    let (a, nowhere) = (ConfigOwner::Topic("a".to_string()), ConfigOwner::Topic("nowhere".to_string()));
    let resources = vec![
        put(a.clone(), &[("x", "1"), ("y", "2")]),
        put(nowhere.clone(), &[("x", "1")]),
        put(ConfigOwner::EveryBroker, &[("x", "1"), ("bad", "1")]),
        put(ConfigOwner::Broker(BrokerId(1)), &[("z", "3")]),
    ];
    let expected =
        [ErrorCode::None, ErrorCode::UnknownTopicOrPartition, ErrorCode::InvalidConfig, ErrorCode::None];
    let asked = AlterConfigs { resources: resources.clone(), validate_only: true };
    let decision = alter_configs(&world.image, &asked);
    assert_eq!((codes(&decision.answer), decision.records.len()), (expected.to_vec(), 0));
    let decision = alter_configs(&world.image, &AlterConfigs { resources, validate_only: false });
    assert_eq!((codes(&decision.answer), decision.records.len()), (expected.to_vec(), 3));
    world.apply(&decision.records);
    let fewer = AlterConfigs { resources: vec![put(a, &[("x", "1")])], validate_only: false };
    let decision = alter_configs(&world.image, &fewer);
    let resource = ConfigResource::Topic(id(1));
    assert_eq!(decision.records, [Record::ConfigChanged { resource, key: "y".to_string(), value: None }]);
    let wrong = AlterConfigs { resources: vec![put(nowhere, &[("bad", "1")])], validate_only: false };
    assert_eq!(codes(&alter_configs(&world.image, &wrong).answer), [ErrorCode::InvalidConfig]);
}

/// Protects: groups need not exist to have settings, so there is a bound on how many have some and on their names: nobody fills
/// the memory with them. Those that have settings can still change them, and room comes back when one gives them up.
#[test]
fn groups_with_settings_are_bounded() {
    let mut world = World::new(1);
    let group = |name: &str| ConfigOwner::Group(name.to_string());
    let full = (0..MAX_GROUPS_WITH_SETTINGS).map(|n| Record::ConfigChanged {
        resource: ConfigResource::Group(format!("g{n}")),
        key: "x".to_string(),
        value: Some("1".to_string()),
    });
    world.apply(&full.skip(1).collect::<Vec<_>>());
    let mut alter = |resources: Vec<AlterResource>| {
        let decision = alter_configs(&world.image, &AlterConfigs { resources, validate_only: false });
        world.apply(&decision.records);
        codes(&decision.answer)
    };
    let set = |name: &str, value: &str| put(group(name), &[("x", value)]);
    let last_and_one_more = vec![set("last", "1"), set("more", "1")];
    assert_eq!(alter(last_and_one_more), [ErrorCode::None, ErrorCode::PolicyViolation]);
    let others = vec![set("g1", "2"), put(ConfigOwner::EveryBroker, &[("x", "1")]), put(group("none"), &[])];
    assert_eq!(alter(others), [ErrorCode::None; 3]);
    assert_eq!(alter(vec![put(group("g1"), &[]), set("more", "1")]), [ErrorCode::None; 2]);
    let long = "g".repeat(MAX_GROUP_NAME + 1);
    let names = vec![put(group("g2"), &[]), set(&long, "1"), set(&long[1..], "1")];
    assert_eq!(alter(names), [ErrorCode::None, ErrorCode::InvalidRequest, ErrorCode::None]);
}

/// Protects: a resource is decided with what the same request has changed before it, and with the image of the moment: no
/// update is lost, and what is stored goes together.
#[test]
fn changes_see_those_before_them() {
    let mut world = World::new(1);
    let owner = ConfigOwner::Broker(BrokerId(1));
    let rule = |image: &MetadataImage, before: &BTreeMap<String, String>| {
        let every = image.configs().of(&ConfigResource::BrokerDefault).get("n").cloned().unwrap_or_default();
        let own = before.get("n").cloned().unwrap_or_default();
        Ok(BTreeMap::from([("n".to_string(), format!("{every}{own}x"))]))
    };
    let changes = || AlterConfigs {
        resources: vec![
            put(ConfigOwner::EveryBroker, &[("n", "1")]),
            AlterResource { of: owner.clone(), rule: Arc::new(rule) },
        ],
        validate_only: false,
    };
    for expected in ["1x", "11xx"] {
        let decision = alter_configs(&world.image, &changes());
        world.apply(&decision.records);
        let stored = world.image.configs().of(&ConfigResource::Broker(BrokerId(1)));
        assert_eq!(stored.get("n").map(String::as_str), Some(expected));
    }
}

/// Protects: a new cluster gets its id and its feature levels, once.
#[test]
fn a_new_cluster() {
    let world = World::new(0);
    assert_eq!(world.image.cluster_id(), Some(CLUSTER));
    let levels = [("group.version", 1), ("metadata.version", 30), ("transaction.version", 2)];
    assert_eq!(world.image.features().announced().collect::<Vec<_>>(), levels);
    assert_eq!(bootstrap(&world.image, CLUSTER), []);
}

fn feature_level(name: &str, level: i16) -> Record {
    Record::FeatureLevel { name: name.into(), level }
}

/// A cluster that an older program made.
fn older_cluster(metadata_version: i16) -> World {
    let mut world = World { image: MetadataImage::default(), ids: 0 };
    let levels = [("metadata.version", metadata_version), ("highwater.version", 1)];
    let levels = levels.map(|(name, level)| feature_level(name, level));
    world.apply(&[vec![Record::ClusterId(CLUSTER)], levels.to_vec()].concat());
    world
}

/// Protects: a cluster that an older program made stays at its levels, also where it lacks a feature, until it is upgraded.
#[test]
fn an_existing_cluster_stays_at_its_levels() {
    let mut world = older_cluster(28);
    assert_eq!(bootstrap(&world.image, CLUSTER), []);
    let upgrade = updates(vec![("metadata.version", 30, Some(LevelChange::Upgrade))]);
    let decision = update_features(&world.image, &upgrade).unwrap();
    assert_eq!(decision.records, [feature_level("metadata.version", 30)]);
    world.apply(&decision.records);
    assert_eq!(world.image.features().level("metadata.version"), 30);
    assert_eq!(update_features(&world.image, &upgrade).unwrap().records, [], "it has that level");
    let mut bare = World { image: MetadataImage::default(), ids: 0 };
    bare.apply(&[Record::ClusterId(CLUSTER)]);
    assert_eq!(bootstrap(&bare.image, CLUSTER), [], "a feature that came later is not finalised by a start");
}

fn updates(list: Vec<(&str, i16, Option<LevelChange>)>) -> UpdateFeatures {
    let update = |(name, level, change): (&str, i16, _)| FeatureUpdate { name: name.into(), level, change };
    let updates = list.into_iter().map(update).collect();
    UpdateFeatures { updates, validate_only: false, controller: BrokerId(1) }
}

/// Protects: levels that cannot be are refused in Kafka's order and words, and then nothing is changed.
#[test]
fn feature_levels_are_refused_as_by_kafka() {
    const INVALID: &str = "Invalid update version";
    let (up, safe, hard) =
        (Some(LevelChange::Upgrade), Some(LevelChange::SafeDowngrade), Some(LevelChange::UnsafeDowngrade));
    let kept = "Refusing to perform the requested downgrade because it might delete metadata information.";
    let cases = [
        (30, "metadata.version", 29, None, format!("{INVALID} 29 for feature metadata.version. The controller does not support the given upgrade type.")),
        (30, "metadata.version", -1, up, format!("{INVALID} -1 for feature metadata.version. A feature version cannot be less than 0.")),
        (30, "metadata.version", 31, up, format!("{INVALID} 31 for feature metadata.version. Local controller 1 only supports versions 7-30")),
        (30, "metadata.version", 0, safe, format!("{INVALID} 0 for feature metadata.version. Local controller 1 only supports versions 7-30")),
        (30, "no.such", 1, up, format!("{INVALID} 1 for feature no.such. Local controller 1 does not support this feature.")),
        (30, "no.such", 0, up, format!("{INVALID} 0 for feature no.such. Feature no.such not found.")),
        (29, "metadata.version", 28, up, format!("{INVALID} 28 for feature metadata.version. Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.")),
        (29, "metadata.version", 30, safe, format!("{INVALID} 30 for feature metadata.version. Can't downgrade to a newer version.")),
        (30, "metadata.version", 29, safe, format!("Unsupported metadata.version downgrade from 30 to 29. {kept}")),
        (24, "metadata.version", 22, safe, format!("Unsupported metadata.version downgrade from 24 to 22. {kept}")),
        (30, "metadata.version", 29, hard, "Unsupported metadata.version downgrade from 30 to 29. Unsafe metadata downgrade is not supported in this version.".to_string()),
    ];
    for (current, name, level, change, sentence) in cases {
        let image = older_cluster(current).image;
        let good = ("highwater.version", 1, up);
        let refusal = update_features(&image, &updates(vec![good, (name, level, change)])).unwrap_err();
        assert_eq!((refusal.code, refusal.message), (ErrorCode::InvalidUpdateVersion, sentence));
    }
}

/// Protects: a level that brought nothing may be lowered again, a dry run changes nothing, the last of two updates counts.
#[test]
fn feature_levels_are_updated() {
    let image = older_cluster(29).image;
    let lower = |level| ("metadata.version", level, Some(LevelChange::SafeDowngrade));
    let records = |request: &UpdateFeatures| update_features(&image, request).unwrap().records;
    assert_eq!(records(&updates(vec![lower(24)])), [feature_level("metadata.version", 24)]);
    assert_eq!(records(&updates(vec![lower(3), lower(23)])), [feature_level("metadata.version", 23)]);
    assert_eq!(records(&UpdateFeatures { validate_only: true, ..updates(vec![lower(24)]) }), []);
    assert_eq!(records(&updates(Vec::new())), []);
}

/// Protects: a directory from before the consumer protocol stays without it until it is upgraded, and may go back.
#[test]
fn the_consumer_protocol_waits_for_an_upgrade() {
    let mut world = older_cluster(30);
    assert_eq!(world.image.features().level("group.version"), 0);
    let mut update = |level, change| {
        let request = updates(vec![("group.version", level, Some(change))]);
        let records = update_features(&world.image, &request).unwrap().records;
        world.apply(&records);
        (records, world.image.features().announced().count())
    };
    assert_eq!(update(1, LevelChange::Upgrade), (vec![feature_level("group.version", 1)], 2));
    assert_eq!(update(0, LevelChange::SafeDowngrade), (vec![feature_level("group.version", 0)], 1));
    assert_eq!(update(0, LevelChange::SafeDowngrade), (vec![], 1));
    assert_eq!(update(1, LevelChange::Upgrade).1, 2);
    assert_eq!(update(0, LevelChange::UnsafeDowngrade).1, 1);
}

/// Protects: a directory that a newer program has upgraded is refused by name.
#[test]
fn levels_of_a_newer_program_are_refused() {
    assert_eq!(check_levels(World::new(0).image.features()), Ok(()));
    assert_eq!(check_levels(older_cluster(28).image.features()), Ok(()));
    for (name, level) in
        [("metadata.version", 31), ("highwater.version", 2), ("group.version", 2), ("transaction.version", 3)]
    {
        let mut world = older_cluster(28);
        world.apply(&[feature_level(name, level)]);
        let refused = check_levels(world.image.features()).unwrap_err();
        assert_eq!((refused.name.as_str(), refused.level), (name, level));
    }
}

/// Protects: records that do not fit are damage, and leave the image as it was.
#[test]
fn records_that_do_not_fit() {
    let mut world = World::new(1);
    world.create(vec![topic("a", 1, 1)]);
    let state =
        world.image.partition(LogKey { topic_id: id(1), partition: PartitionId(0) }).unwrap().state.clone();
    let key = LogKey { topic_id: id(1), partition: PartitionId(0) };
    let next = MetadataOffset(world.image.offset().0 + 1);
    let bad = [
        Record::TopicDeleted { id: id(9) },
        Record::TopicCreated { name: types::TopicName::new("a").unwrap(), id: id(9) },
        Record::PartitionChanged { key: LogKey { topic_id: id(9), ..key }, state: state.clone() },
        Record::PartitionChanged { key, state },
        Record::ClusterId(Uuid([8; 16])),
        Record::ProducerIdBlock { next: ProducerId(0), broker: BrokerId(1), epoch: BrokerEpoch(1) },
        Record::BrokerFenced { broker: BrokerId(1), epoch: BrokerEpoch(0) },
    ];
    for record in bad {
        assert!(world.image.apply(std::slice::from_ref(&record), next).is_err(), "{record:?}");
    }
    assert!(world.image.apply(&[], world.image.offset()).is_err());
}
