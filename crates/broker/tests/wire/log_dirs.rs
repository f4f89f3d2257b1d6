//! DescribeLogDirs over the wire: sizes, filters, the volume.

use crate::batches::{batch, sized};
use crate::client::Client;
use crate::harness::{Broker, folder};
use wire::DescribeLogDirsRequest;
use wire::describe_log_dirs_request::DescribableLogDirTopic;
use wire::describe_log_dirs_response::DescribeLogDirsResult;

/// Returns what is said of the only directory.
fn ask(client: &mut Client, topics: Option<&[(&str, &[i32])]>) -> DescribeLogDirsResult {
    let topic = |(name, partitions): &(&str, &[i32])| DescribableLogDirTopic {
        topic: (*name).into(),
        partitions: partitions.to_vec(),
    };
    let topics = topics.map(|topics| topics.iter().map(topic).collect());
    let mut response = client.call(&DescribeLogDirsRequest { topics }, 5);
    assert_eq!((response.error_code, response.results.len()), (0, 1));
    response.results.remove(0)
}

/// Returns topic, partition and size of what is listed.
fn sizes(result: &DescribeLogDirsResult) -> Vec<(String, i32, i64)> {
    let topics = result.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|p| (topic.name.clone(), p.partition_index, p.partition_size))
    });
    topics.collect()
}

/// Protects: a batch counts from its acknowledgement on, in the write-ahead log as in its segment, and for page-cache topics;
/// what is deleted does not.
#[test]
fn what_is_only_in_the_write_ahead_log_counts() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("a", 1);
    client.create_with("b", 1, &[("highwater.durability", "page-cache")]);
    let (one, two) = (batch(&["value"]), sized(20_000));
    let bytes = i64::try_from(one.len() + two.len()).unwrap();
    for topic in ["a", "b"] {
        client.put(topic, &one);
        client.put(topic, &two);
    }
    let expected = [("a".to_owned(), 0, bytes), ("b".to_owned(), 0, bytes)];
    assert_eq!(sizes(&ask(&mut client, None)), expected);
    let broker = broker.restart();
    assert_eq!(sizes(&ask(&mut broker.connect(), None)), expected, "all of it is in segments now");
}

/// Protects: partitions are listed as they are asked for, unknown ones are left out as Kafka does, an empty list asks for
/// none, and the volume is told from version 4 on.
#[test]
fn partitions_are_listed_as_asked() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("a", 3);
    client.create("b", 1);
    let all = ask(&mut client, None);
    assert_eq!(all.log_dir, dir.path().display().to_string());
    assert!(0 < all.usable_bytes && all.usable_bytes <= all.total_bytes, "{all:?}");
    assert!(!all.is_cordoned);
    let lags = all.topics.iter().flat_map(|topic| &topic.partitions);
    assert!(lags.clone().all(|p| p.offset_lag == 0 && !p.is_future_key));
    let named = |list: &[(&str, i32)]| -> Vec<(String, i32, i64)> {
        list.iter().map(|(topic, partition)| ((*topic).to_owned(), *partition, 0)).collect()
    };
    assert_eq!(sizes(&all), named(&[("a", 0), ("a", 1), ("a", 2), ("b", 0)]));
    let some = ask(&mut client, Some(&[("b", &[0, 7, 0]), ("a", &[2, 0]), ("nowhere", &[0])]));
    assert_eq!(sizes(&some), named(&[("a", 0), ("a", 2), ("b", 0)]));
    assert_eq!(sizes(&ask(&mut client, Some(&[]))), []);
    let old = client.call(&DescribeLogDirsRequest { topics: None }, 3);
    assert_eq!((old.results[0].total_bytes, old.results[0].usable_bytes), (-1, -1));
}
