//! Metadata and DescribeTopicPartitions: creation on demand, ids, paging.

use crate::batches::batch;
use crate::client::Client;
use crate::harness::{Broker, folder};
use types::{ErrorCode, Uuid};
use wire::describe_topic_partitions_request::{Cursor, TopicRequest};
use wire::metadata_request::MetadataRequestTopic;
use wire::metadata_response::MetadataResponseTopic;
use wire::{DescribeTopicPartitionsRequest, MetadataRequest};

fn named(name: &str) -> MetadataRequestTopic {
    MetadataRequestTopic { name: Some(name.into()), ..MetadataRequestTopic::default() }
}

fn ask(
    client: &mut Client,
    topic: MetadataRequestTopic,
    create: bool,
    version: i16,
) -> MetadataResponseTopic {
    let request = MetadataRequest {
        topics: Some(vec![topic]),
        allow_auto_topic_creation: create,
        ..MetadataRequest::default()
    };
    client.call(&request, version).topics.remove(0)
}

/// Protects: a topic that a client asks for is made when the client allows it, and can be written at once.
#[test]
fn topics_are_made_on_demand() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let unknown = ErrorCode::UnknownTopicOrPartition.code();
    assert_eq!(ask(&mut client, named("topic"), false, 12).error_code, unknown);
    let made = ask(&mut client, named("topic"), true, 12);
    assert_eq!((made.error_code, made.partitions.len()), (0, 1));
    assert_eq!(made.partitions[0].leader_id, 1);
    assert_eq!(client.put("topic", &batch(&["v"])), 0);
    let again = ask(&mut client, named("topic"), true, 12);
    assert_eq!(again.topic_id, made.topic_id, "it is made once");
}

/// Protects: a missing topic that is asked for twice in one request is made, and described once.
#[test]
fn a_topic_that_is_asked_for_twice_is_made() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let topics = Some(vec![named("topic"), named("topic")]);
    let request = MetadataRequest { topics, ..MetadataRequest::default() };
    let response = broker.connect().call(&request, 12);
    let codes: Vec<i16> = response.topics.iter().map(|topic| topic.error_code).collect();
    assert_eq!(codes, [0]);
}

/// Protects: one request makes no thousand topics: what is missing is made as clients ask again; and the topics of
/// coordinators are not made by who only asks for them.
#[test]
fn a_request_makes_so_many_topics() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let topics =
        (0..150).map(|n| named(&format!("topic-{n}"))).chain([named("__consumer_offsets")]).collect();
    let request = MetadataRequest { topics: Some(topics), ..MetadataRequest::default() };
    let mut missing =
        || client.call(&request, 12).topics.iter().filter(|topic| topic.error_code != 0).count();
    assert_eq!([missing(), missing(), missing()], [51, 1, 1]);
}

/// Protects: two clients that ask for the same missing topic at once get the same one.
#[test]
fn a_topic_is_made_once() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut clients: Vec<Client> = (0..4).map(|_| broker.connect()).collect();
    for round in 0..10 {
        let request =
            MetadataRequest { topics: Some(vec![named(&format!("t{round}"))]), ..MetadataRequest::default() };
        let numbers: Vec<i32> = clients.iter_mut().map(|client| client.send(&request, 12)).collect();
        let mut ids: Vec<Uuid> = Vec::new();
        for (client, number) in clients.iter_mut().zip(numbers) {
            let mut response: wire::MetadataResponse = client.receive(12, number);
            assert_eq!(response.topics[0].error_code, 0);
            ids.push(response.topics.remove(0).topic_id);
        }
        ids.dedup();
        assert_eq!(ids.len(), 1, "round {round}");
    }
}

/// Protects: nothing is made on demand where the broker does not allow it.
#[test]
fn nothing_is_made_where_that_is_off() {
    let dir = folder();
    let broker = Broker::start_with(dir.path(), |config| config.topics.auto_create = false);
    let mut client = broker.connect();
    let unknown = ErrorCode::UnknownTopicOrPartition.code();
    assert_eq!(ask(&mut client, named("topic"), true, 12).error_code, unknown);
    assert_eq!(ask(&mut client, named("topic"), true, 12).error_code, unknown);
}

/// Protects: a topic is found by its id from version 12 on, and an unknown id makes nothing.
#[test]
fn topics_are_found_by_id() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let topic_id = client.create_with("topic", 2, &[]);
    let by_id = |topic_id| MetadataRequestTopic { name: None, topic_id };
    let found = ask(&mut client, by_id(topic_id), true, 12);
    assert_eq!((found.name.as_deref(), found.partitions.len()), (Some("topic"), 2));
    for unknown in [Uuid([9; 16]), Uuid::ZERO] {
        let missing = ask(&mut client, by_id(unknown), true, 12);
        assert_eq!(missing.error_code, ErrorCode::UnknownTopicId.code());
    }
}

/// Protects: pages of DescribeTopicPartitions give every partition once and in order, whatever the limit.
#[test]
fn partitions_are_described_in_pages() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    for (name, partitions) in [("b", 5), ("a", 4), ("d", 1), ("c", 3)] {
        client.create(name, partitions);
    }
    let all: Vec<(String, i32)> = [("a", 4), ("b", 5), ("c", 3), ("d", 1)]
        .into_iter()
        .flat_map(|(name, count)| (0..count).map(move |index| (name.to_owned(), index)))
        .collect();
    for limit in [1, 3, 4, 5, 12, 13, 2_000, i32::MAX] {
        for names in [&[][..], &["a", "b", "c", "d"]] {
            assert_eq!(pages(&mut client, names, limit), all, "limit {limit}");
        }
    }
    for limit in [0, -1, i32::MIN] {
        assert_eq!(pages(&mut client, &["c"], limit).len(), 3, "limit {limit}");
    }
}

fn pages(client: &mut Client, names: &[&str], limit: i32) -> Vec<(String, i32)> {
    let topics = names.iter().map(|name| TopicRequest { name: (*name).into() });
    let mut request = DescribeTopicPartitionsRequest {
        topics: topics.collect(),
        response_partition_limit: limit,
        cursor: None,
    };
    let mut seen = Vec::new();
    for _ in 0..100 {
        let response = client.call(&request, 0);
        let mut in_page = 0;
        for topic in &response.topics {
            assert_eq!(topic.error_code, 0);
            let name = topic.name.clone().unwrap();
            in_page += topic.partitions.len();
            seen.extend(topic.partitions.iter().map(|p| (name.clone(), p.partition_index)));
        }
        assert!(in_page <= usize::try_from(limit.max(1)).unwrap(), "the limit holds");
        let Some(next) = response.next_cursor else { return seen };
        request.cursor = Some(Cursor { topic_name: next.topic_name, partition_index: next.partition_index });
    }
    panic!("the pages do not end");
}

/// Protects: unknown and impossible names, and cursors beyond everything, are answered and end.
#[test]
fn strange_pages_end() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 2);
    let topics = ["topic", "nowhere", "a/b", "topic"].map(|name| TopicRequest { name: name.into() });
    let request = DescribeTopicPartitionsRequest { topics: topics.into(), ..Default::default() };
    let mut codes: Vec<_> = client
        .call(&request, 0)
        .topics
        .iter()
        .map(|topic| (topic.name.clone().unwrap(), topic.error_code))
        .collect();
    codes.sort();
    let (invalid, unknown) =
        (ErrorCode::InvalidTopicException.code(), ErrorCode::UnknownTopicOrPartition.code());
    assert_eq!(codes, [("a/b".into(), invalid), ("nowhere".into(), unknown), ("topic".into(), 0)]);
    for (topic_name, partition_index) in [("zzz", 0), ("topic", 99), ("topic", i32::MAX), ("", -5)] {
        let cursor = Some(Cursor { topic_name: topic_name.into(), partition_index });
        let request = DescribeTopicPartitionsRequest { cursor, ..Default::default() };
        assert!(client.call(&request, 0).next_cursor.is_none(), "{topic_name} {partition_index}");
    }
}
