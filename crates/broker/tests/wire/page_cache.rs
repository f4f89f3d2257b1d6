//! Page-cache topics over the wire (W-16): what they promise, and what they share with the others.

use crate::batches::{batch, read_all, sequenced, sized};
use crate::client::Client;
use crate::harness::{Broker, folder};
use crate::idempotence::{expect_once, new_producer, window};
use config::Durability;
use types::ErrorCode;
use wire::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use wire::describe_configs_request::DescribeConfigsResource;
use wire::{CreateTopicsRequest, DescribeConfigsRequest};

const PAGE_CACHE: [(&str, &str); 1] = [("highwater.durability", "page-cache")];

/// Returns the effective durability of a topic, and where it comes from.
fn durability(client: &mut Client, topic: &str) -> (String, i8) {
    let resources = vec![DescribeConfigsResource {
        resource_type: 2,
        resource_name: topic.to_owned(),
        configuration_keys: Some(vec!["highwater.durability".to_owned()]),
    }];
    let request = DescribeConfigsRequest { resources, ..DescribeConfigsRequest::default() };
    let answer = client.call(&request, 4);
    let config = &answer.results[0].configs[0];
    (config.value.clone().unwrap(), config.config_source)
}

/// Protects: W-16: an idempotent batch of a page-cache topic is stored once across a stop and a kill, at every position of
/// the window, with and without a state that knows it.
#[test]
fn page_cache_resends_across_restarts() {
    for checkpointed in [false, true] {
        for killed in [false, true] {
            let (dir, copy) = (folder(), folder());
            let broker = Broker::start(dir.path());
            let mut client = broker.connect();
            client.create_with("topic", 1, &PAGE_CACHE);
            let id = new_producer(&mut client);
            let offsets = window(&mut client, id);
            let broker = if checkpointed { broker.restart() } else { broker };
            let broker = if killed { broker.crash_into(copy.path()) } else { broker.restart() };
            let mut client = broker.connect();
            for (n, offset) in (0..).zip(&offsets) {
                assert_eq!(client.put("topic", &sequenced(id, 0, n * 2, 2)), *offset, "position {n}");
            }
            assert_eq!(client.put("topic", &sequenced(id, 0, 10, 2)), 10);
            assert_eq!(client.put("topic", &sequenced(id, 0, 10, 2)), 10);
            expect_once(&mut client, id, 12);
        }
    }
}

/// Protects: W-16: with rolls, syncs and checkpoints in between, everything acknowledged is there after a stop and after a
/// kill, byte for byte, beside a topic of the other kind; the log goes on where it ended.
#[test]
fn page_cache_records_survive_a_kill() {
    let (dir, copy) = (folder(), folder());
    let broker = Broker::start_with(dir.path(), |config| config.memory_max = Some(16 << 20));
    let mut client = broker.connect();
    client.create_with("topic", 2, &PAGE_CACHE);
    client.create("synced", 1);
    let large = sized(40_000);
    for _ in 0..80 {
        client.put("topic", &large);
    }
    client.put("synced", &batch(&["here"]));
    client.put("topic", &batch(&["last"]));
    let before = read_all(&mut client, "topic");
    assert_eq!(before.len(), 81);
    let killed = broker.crash_into(copy.path());
    let mut client = killed.connect();
    assert_eq!(read_all(&mut client, "topic"), before, "after a kill");
    assert_eq!(client.put("topic", &batch(&["on"])), 81, "and it goes on");
    drop(client);
    let stopped = killed.restart();
    let mut client = stopped.connect();
    let after = read_all(&mut client, "topic");
    assert_eq!((&after[..81], after[81].1.as_str()), (&before[..], "on"), "after a stop");
    assert_eq!(read_all(&mut client, "synced").len(), 1);
    assert_eq!(client.end("topic"), 82);
    drop(client);
    drop(broker);
}

/// Protects: W-10, W-16: what a start found of a log to which nobody writes any more is in the state after a clean stop: the next start
/// does not scan it again, and retention may have it.
#[test]
fn page_cache_records_that_a_start_found_are_known_to_the_next() {
    let (dir, copy) = (folder(), folder());
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create_with("topic", 1, &PAGE_CACHE);
    client.put("topic", &sized(1000));
    let killed = broker.crash_into(copy.path());
    assert!(!killed.recovery.contains(", 0 bytes found"), "{}", killed.recovery);
    let stopped = killed.restart();
    assert!(stopped.recovery.contains(", 0 bytes found"), "{}", stopped.recovery);
    assert_eq!(stopped.connect().end("topic"), 1);
}

/// Protects: a page-cache topic may be deleted while it is written and made again under its name, and the new one is empty.
#[test]
fn page_cache_topics_are_deleted_and_made_again() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    for round in 0..3 {
        client.create_with("topic", 1, &PAGE_CACHE);
        assert_eq!(client.put("topic", &batch(&["v"])), 0, "round {round}");
        assert_eq!(client.put("topic", &sized(40_000)), 1, "round {round}");
        let names = vec!["topic".to_owned()];
        let delete =
            wire::DeleteTopicsRequest { topic_names: names, timeout_ms: 30_000, ..Default::default() };
        assert_eq!(client.call(&delete, 5).responses[0].error_code, 0);
        assert_eq!(client.offset("topic", -1).error_code, ErrorCode::UnknownTopicOrPartition.code());
    }
    client.create("topic", 1);
    assert_eq!(client.put("topic", &batch(&["v"])), 0);
    drop(client);
    let broker = broker.restart();
    let names = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let strays: Vec<_> = names.filter(|name| name.to_string_lossy().ends_with("-stray")).collect();
    assert!(strays.is_empty(), "a folder of a topic that lived was set aside: {strays:?}");
    assert_eq!(broker.connect().end("topic"), 1);
}

/// Protects: W-16: what an acknowledgement means is shown with the topic, is stored when it is created, and no later change of the
/// broker's default changes it; internal topics are always fsync.
#[test]
fn durability_is_fixed_at_creation_and_shown() {
    let dir = folder();
    let weak = |config: &mut config::BrokerConfig| config.default_durability = Durability::PageCache;
    let broker = Broker::start_with(dir.path(), weak);
    let mut client = broker.connect();
    client.create("weak", 1);
    client.create_with("strong", 1, &[("highwater.durability", "fsync")]);
    client.create("__consumer_offsets", 1);
    assert_eq!(durability(&mut client, "weak"), ("page-cache".to_owned(), 1));
    assert_eq!(durability(&mut client, "strong"), ("fsync".to_owned(), 1));
    assert_eq!(durability(&mut client, "__consumer_offsets").0, "fsync");
    let config =
        CreatableTopicConfig { name: "highwater.durability".into(), value: Some("page-cache".into()) };
    let topic = CreatableTopic {
        name: "__transaction_state".into(),
        num_partitions: 1,
        replication_factor: 1,
        configs: vec![config],
        ..CreatableTopic::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 1_000, validate_only: false };
    let refused = client.call(&request, 7).topics.remove(0);
    assert_eq!(refused.error_code, ErrorCode::InvalidConfig.code());
    assert!(refused.error_message.unwrap().contains("highwater.durability"));
    drop(client);
    let broker = broker.restart();
    let mut client = broker.connect();
    client.create("later", 1);
    assert_eq!(durability(&mut client, "weak").0, "page-cache");
    assert_eq!(durability(&mut client, "later").0, "fsync");
}
