//! Groups that Kafka 4.3.1 has assigned (golden/assign/assignments.txt).

use crate::group::{Group, Member, sizes, spread, topic};
use coordinator::assign::{Assignment, Assignor};
use std::collections::{BTreeMap, BTreeSet};
use types::MemberId;

const RECORDED: &str = include_str!("../../../../golden/assign/assignments.txt");

#[derive(Default)]
struct Record {
    name: String,
    group: Group,
    range: BTreeMap<MemberId, Assignment>,
    uniform: BTreeMap<MemberId, Assignment>,
}

fn records() -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for line in RECORDED.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(' ').collect();
        if fields[0] == "group" {
            records.push(Record { name: line.to_owned(), ..Record::default() });
            continue;
        }
        let record = records.last_mut().expect("a group first");
        match fields[..] {
            ["topic", number, count] => {
                record.group.topics.insert(topic(number.parse().unwrap()), count.parse().unwrap());
            }
            ["member", id, instance, rack, topics, current, range, uniform] => {
                let member = Member {
                    instance: given(instance).map(str::to_owned),
                    rack: given(rack).map(str::to_owned),
                    topics: list(topics, ',').map(|number| topic(number.parse().unwrap())).collect(),
                    current: assignment(current),
                };
                let id = MemberId::from(id);
                record.group.members.insert(id.clone(), member);
                record.range.insert(id.clone(), assignment(range));
                record.uniform.insert(id, assignment(uniform));
            }
            _ => panic!("what is {line}?"),
        }
    }
    records
}

fn given(text: &str) -> Option<&str> {
    (text != "-").then_some(text)
}

fn list(text: &str, between: char) -> impl Iterator<Item = &str> {
    given(text).into_iter().flat_map(move |text| text.split(between))
}

fn assignment(text: &str) -> Assignment {
    let of_topic = |part: &str| {
        let (number, ranges) = part.split_once(':').unwrap();
        let partitions: BTreeSet<i32> = ranges.split(',').flat_map(range).collect();
        (topic(number.parse().unwrap()), partitions)
    };
    list(text, ';').map(of_topic).collect()
}

fn range(text: &str) -> std::ops::RangeInclusive<i32> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    first.parse().unwrap()..=last.parse().unwrap()
}

/// Protects: `range` gives everybody exactly what Kafka gives, static members and different subscriptions included.
#[test]
fn range_is_kafkas() {
    let records = records();
    assert!(records.len() > 200);
    for record in records {
        assert_eq!(record.group.assign(Assignor::Range), record.range, "{}", record.name);
    }
}

/// Protects: `uniform` gives each partition to one subscriber, as evenly as Kafka or more so; where it is as even, no
/// more partitions change hands than with Kafka.
#[test]
fn uniform_is_no_worse_than_kafkas() {
    let (mut equal, mut more_even) = (0, 0);
    for Record { name, group, uniform, .. } in records() {
        let ours = group.assign(Assignor::Uniform);
        group.check(&ours);
        assert!(spread(&ours) <= spread(&uniform), "{name}");
        if sizes(&ours) == sizes(&uniform) {
            let (moved, by_kafka) = (group.moved(&ours), group.moved(&uniform));
            assert!(moved <= by_kafka, "{name}: {moved} are moved, by Kafka {by_kafka}");
        } else {
            assert!(!group.is_homogeneous() && unevenness(&ours) < unevenness(&uniform), "{name}");
            more_even += 1;
        }
        equal += usize::from(ours == uniform);
    }
    assert_eq!((equal, more_even), (82, 19), "of 216, as golden/assign/README.md says");
}

fn unevenness(assigned: &BTreeMap<MemberId, Assignment>) -> usize {
    sizes(assigned).iter().map(|size| size * size).sum()
}
