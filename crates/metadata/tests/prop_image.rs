//! Images under random histories: snapshots, deltas, and the same image by another way.

#![allow(clippy::unwrap_used)]

#[path = "../../../tests/long.rs"]
mod long;

use metadata::{
    BrokerRegistration, ConfigResource, DirectoryVerdict, MetadataDelta, MetadataImage, PartitionState,
    Record, RecoveredDirectory, Replica, decode_records, encode_records,
};
use proptest::prelude::*;
use std::collections::BTreeSet;
use types::{
    BrokerId, DirectoryId, LeaderEpoch, LogKey, MetadataOffset, PartitionEpoch, PartitionId, ProducerId,
    TopicId, TopicName, Uuid,
};

/// One step of a history; steps that do not fit the image are left out.
#[derive(Clone, Debug)]
enum Step {
    Register(u8),
    Fence(u8),
    Create { topic: u8, partitions: u8, leader: u8 },
    Delete(u8),
    Move { topic: u8, partition: u8, leader: Option<u8> },
    Config { topic: u8, key: u8, value: Option<u8> },
    ConfigOfGroup { group: u8, key: u8, value: Option<u8> },
    ProducerIds,
}

fn step() -> impl Strategy<Value = Step> {
    let topic = 0u8..6;
    prop_oneof![
        (0u8..3).prop_map(Step::Register),
        (0u8..3).prop_map(Step::Fence),
        (topic.clone(), 1u8..5, 0u8..3).prop_map(|(topic, partitions, leader)| Step::Create {
            topic,
            partitions,
            leader
        }),
        topic.clone().prop_map(Step::Delete),
        (topic.clone(), 0u8..5, prop::option::of(0u8..3)).prop_map(|(topic, partition, leader)| Step::Move {
            topic,
            partition,
            leader
        }),
        (topic, 0u8..3, prop::option::of(0u8..4)).prop_map(|(topic, key, value)| Step::Config {
            topic,
            key,
            value
        }),
        (0u8..4, 0u8..2, prop::option::of(0u8..3)).prop_map(|(group, key, value)| Step::ConfigOfGroup {
            group,
            key,
            value
        }),
        Just(Step::ProducerIds),
    ]
}

fn name(topic: u8) -> TopicName {
    TopicName::new(&format!("topic.{topic}")).unwrap()
}

fn partition(
    leader: Option<u8>,
    leader_epoch: LeaderEpoch,
    partition_epoch: PartitionEpoch,
) -> PartitionState {
    let leader = leader.map(|leader| BrokerId(i32::from(leader)));
    let replica = Replica { broker: leader.unwrap_or_default(), directory: DirectoryId(Uuid([1; 16])) };
    let isr = leader.into_iter().collect();
    PartitionState { replicas: vec![replica], isr, elr: Vec::new(), leader, leader_epoch, partition_epoch }
}

fn records(image: &MetadataImage, step: &Step, at: u8) -> Vec<Record> {
    match *step {
        Step::Register(broker) => vec![Record::BrokerRegistered(BrokerRegistration {
            broker: BrokerId(i32::from(broker)),
            incarnation: Uuid([at; 16]),
            endpoints: Vec::new(),
            rack: None,
            directories: vec![RecoveredDirectory {
                id: DirectoryId(Uuid([broker; 16])),
                verdict: DirectoryVerdict::Verified,
            }],
        })],
        Step::Fence(broker) => {
            let broker = BrokerId(i32::from(broker));
            let known = image.brokers().get(broker);
            known.map(|known| Record::BrokerFenced { broker, epoch: known.epoch }).into_iter().collect()
        }
        Step::Create { topic, .. } if image.topics().by_name(name(topic).as_str()).is_some() => Vec::new(),
        Step::Create { topic, partitions, leader } => {
            let topic_id = TopicId(Uuid([at; 16]));
            let state = partition(Some(leader), LeaderEpoch(0), PartitionEpoch(0));
            let key = |number: u8| LogKey { topic_id, partition: PartitionId(i32::from(number)) };
            let created = Record::TopicCreated { name: name(topic), id: topic_id };
            let partitions = (0..partitions)
                .map(|number| Record::PartitionChanged { key: key(number), state: state.clone() });
            std::iter::once(created).chain(partitions).collect()
        }
        Step::Delete(topic) => {
            let id = image.topics().id_of(name(topic).as_str());
            id.map(|id| Record::TopicDeleted { id }).into_iter().collect()
        }
        Step::Move { topic, partition: number, leader } => moved(image, topic, number, leader),
        Step::Config { topic, key, value } => {
            let id = image.topics().id_of(name(topic).as_str());
            let record = |id| Record::ConfigChanged {
                resource: ConfigResource::Topic(id),
                key: format!("key{key}"),
                value: value.map(|value| value.to_string()),
            };
            id.map(record).into_iter().collect()
        }
        Step::ConfigOfGroup { group, key, value } => vec![Record::ConfigChanged {
            resource: ConfigResource::Group(format!("group{group}")),
            key: format!("key{key}"),
            value: value.map(|value| value.to_string()),
        }],
        Step::ProducerIds => vec![Record::ProducerIdBlock {
            next: ProducerId(image.producer_ids().next.0 + 1000),
            broker: BrokerId(0),
            epoch: types::BrokerEpoch(1),
        }],
    }
}

fn moved(image: &MetadataImage, topic: u8, number: u8, leader: Option<u8>) -> Vec<Record> {
    let Some(topic) = image.topics().by_name(name(topic).as_str()) else { return Vec::new() };
    let number = PartitionId(i32::from(number));
    let Some(old) = topic.partition(number) else { return Vec::new() };
    let epoch = image.leadership(old).epoch.next();
    let state = partition(leader, epoch, PartitionEpoch(old.state.partition_epoch.0 + 1));
    vec![Record::PartitionChanged { key: topic.key(number), state }]
}

/// Returns the image after each step.
fn history(steps: &[Step]) -> Vec<MetadataImage> {
    let mut images = vec![MetadataImage::default()];
    for (at, step) in (1u8..).zip(steps) {
        let image = images.last().unwrap();
        let records = records(image, step, at);
        let records = decode_records(&encode_records(&records)).unwrap();
        images.push(image.apply(&records, MetadataOffset(u64::from(at))).unwrap());
    }
    images
}

fn keys(image: &MetadataImage) -> BTreeSet<LogKey> {
    image.topics().iter().flat_map(|topic| topic.partitions().map(|(number, _)| topic.key(number))).collect()
}

/// What a broker acts on: state and leadership.
fn seen(image: &MetadataImage, key: LogKey) -> Option<(PartitionState, metadata::Leadership)> {
    Some((image.partition(key)?.state.clone(), image.leadership_of(key)?))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48 * long::times(), failure_persistence: None, ..ProptestConfig::default() })]

    /// Protects: a snapshot gives back the whole image, and what follows it gives the same image as without it.
    #[test]
    fn a_snapshot_is_the_image(steps in prop::collection::vec(step(), 0..60), cut in 0usize..60) {
        let images = history(&steps);
        let cut = cut.min(steps.len());
        let mut image = MetadataImage::decode(&images[cut].encode()).unwrap();
        prop_assert_eq!(&image, &images[cut]);
        for (at, step) in (1u8..).zip(&steps).skip(cut) {
            image = image.apply(&records(&image, step, at), MetadataOffset(u64::from(at))).unwrap();
        }
        prop_assert_eq!(&image, images.last().unwrap());
        prop_assert_eq!(image.encode(), images.last().unwrap().encode());
    }

    /// Protects: a delta between any two images names exactly the topics, partitions and settings that differ.
    #[test]
    fn a_delta_names_what_differs(steps in prop::collection::vec(step(), 0..60), from in 0usize..60) {
        let images = history(&steps);
        let (old, new) = (&images[from.min(steps.len())], images.last().unwrap());
        let delta = MetadataDelta::between(old, new);
        let both: BTreeSet<LogKey> = keys(new);
        let changed: Vec<LogKey> = both.into_iter().filter(|key| seen(old, *key) != seen(new, *key)).collect();
        prop_assert_eq!(&delta.partitions, &changed);
        let ids = |image: &MetadataImage| image.topics().iter().map(|topic| topic.id).collect::<BTreeSet<_>>();
        let (old_ids, new_ids) = (ids(old), ids(new));
        prop_assert_eq!(delta.created.iter().copied().collect::<BTreeSet<_>>(), &new_ids - &old_ids);
        prop_assert_eq!(delta.deleted.iter().map(|t| t.id).collect::<BTreeSet<_>>(), &old_ids - &new_ids);
        for id in old_ids.union(&new_ids) {
            let differs = old.topic_settings(*id) != new.topic_settings(*id);
            prop_assert_eq!(delta.configs.contains(&ConfigResource::Topic(*id)), differs);
        }
    }

    /// Protects: a leader epoch never goes back while the topic lives (D-18).
    #[test]
    fn leader_epochs_never_go_back(steps in prop::collection::vec(step(), 0..60)) {
        for pair in history(&steps).windows(2) {
            for key in keys(&pair[1]) {
                if let Some(before) = pair[0].leadership_of(key) {
                    prop_assert!(pair[1].leadership_of(key).unwrap().epoch >= before.epoch);
                }
            }
        }
    }

    /// Protects: no bytes make the decoder of snapshots or records panic.
    #[test]
    fn hostile_bytes_are_refused(steps in prop::collection::vec(step(), 0..20), at in any::<prop::sample::Index>(), byte: u8) {
        let image = history(&steps).pop().unwrap();
        let mut bytes = image.encode();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = MetadataImage::decode(&bytes);
        let _ = decode_records(&bytes);
    }

    /// Protects: what bounds the groups that may have settings counts them as they are, also after a snapshot.
    #[test]
    fn groups_with_settings_are_counted(steps in prop::collection::vec(step(), 0..40)) {
        for image in history(&steps) {
            let groups = image.configs().iter().filter(|(of, _)| matches!(of, ConfigResource::Group(_))).count();
            prop_assert_eq!(image.configs().groups(), groups);
            let again = MetadataImage::decode(&image.encode()).unwrap();
            prop_assert_eq!(again.configs().groups(), groups);
        }
    }
}
