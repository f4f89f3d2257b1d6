//! What /metrics shows: the inventory, all of it and nothing else, and that what it calls exercised moves.

use crate::batches::{batch, patched, sequenced, sized};
use crate::client::{Client, FETCH, PRODUCE, fetch_request, produce_request};
use crate::exposition::{Family, Sample, read};
use crate::full_disk::delete_records;
use crate::harness::Broker;
use crate::machine::{http, root, start, until};
use broker::inventory::{LOGS_MAX, METRICS, OTHERS, TOPICS_MAX};
use env::crash::CrashDisk;
use std::collections::BTreeSet;
use types::ErrorCode;
use wire::create_topics_request::{CreatableTopic, CreateTopicsRequest};

/// Metrics that other tests of this folder see move: full_disk.rs, checkpoints.rs.
const SEEN_ELSEWHERE: [&str; 14] = [
    // In tests/wire/lag.rs.
    "highwater_group_lag_records",
    "highwater_group_lag_seconds",
    "highwater_group_skipped_records",
    "highwater_group_records_skipped_total",
    "highwater_group_partitions_without_lines",
    "highwater_offset_history_notes_total",
    "highwater_offset_history_missed_total",
    "highwater_disk_reserve_bytes",
    "highwater_wal_pool_free_bytes",
    "highwater_checkpoints_total",
    // Below, in tests of their own; in publish.rs.
    "kafka_log_log_logstartoffset",
    "kafka_log_log_numlogsegments",
    "kafka_server_raft_metrics_current_epoch",
    "kafka_controller_kafkacontroller_metadataerrorcount",
];

fn scrape(broker: &Broker) -> Vec<Family> {
    let answer = http(broker, "/metrics");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("text/plain; version=0.0.4"), "{head}");
    read(body)
}

/// Returns the sample of this name with these labels.
fn find<'f>(families: &'f [Family], name: &str, labels: &[(&str, &str)]) -> Option<&'f Sample> {
    let family = families.iter().find(|family| name.starts_with(&family.name)).unwrap();
    let suffix = name.strip_prefix(&family.name).unwrap();
    let fits = |sample: &&Sample| {
        let mut own = sample.labels.iter().map(|(label, value)| (label.as_str(), value.as_str()));
        sample.suffix == suffix
            && sample.labels.len() == labels.len()
            && own.all(|label| labels.contains(&label))
    };
    family.samples.iter().find(fits)
}

fn value(families: &[Family], name: &str, labels: &[(&str, &str)]) -> u64 {
    find(families, name, labels).map_or(0, Sample::count)
}

/// Returns the metrics of which a line says something else; a new line of zero says nothing.
fn moved(before: &[Family], after: &[Family]) -> BTreeSet<String> {
    let says = |family: &Family| -> Vec<Sample> {
        family.samples.iter().filter(|sample| sample.value != 0.0).cloned().collect()
    };
    let pairs = before.iter().zip(after);
    pairs.filter(|(before, after)| says(before) != says(after)).map(|(_, after)| after.name.clone()).collect()
}

/// A broker with a topic `hurt` whose one batch is damaged.
fn hurt(disk: &CrashDisk) -> Broker {
    let broker = start(disk, |_| {});
    let mut client = broker.connect();
    client.create("hurt", 1);
    client.put("hurt", &sized(40_000));
    drop(client);
    broker.stop();
    disk.corrupt(&root().join("hurt-0/00000000000000000000.log"), 1_000, &[0xff; 8]).unwrap();
    start(disk, |_| {})
}

/// Protects: a scrape is the inventory: every metric of it with its kind and its help, in its order, with no label but
/// its own, and no other metric.
#[test]
fn a_scrape_is_the_inventory() {
    let broker = start(&CrashDisk::new(), |_| {});
    let mut client = broker.connect();
    client.create("topic", 1);
    client.put("topic", &batch(&["a"]));
    let families = scrape(&broker);
    let names = |family: &Family| (family.name.clone(), family.kind.clone(), family.help.clone());
    let rows = METRICS.iter().map(|row| (row.name.into(), row.kind.name().into(), row.help.into()));
    assert_eq!(families.iter().map(names).collect::<Vec<_>>(), rows.collect::<Vec<_>>());
    for (family, row) in families.iter().zip(METRICS) {
        let is_of_open = row.name == "highwater_partition_oldest_transaction_seconds";
        let may_be_empty = row.labels.contains(&"error") || row.labels.contains(&"group") || is_of_open;
        assert!(!family.samples.is_empty() || may_be_empty, "{} has no value", row.name);
        let labels = family.samples.iter().flat_map(|sample| sample.labels.keys());
        for label in labels {
            let is_own = row.labels.contains(&label.as_str());
            assert!(is_own || label == "quantile" || label == "le", "{} has {label}", row.name);
        }
    }
}

/// Sends three batches that are none: by checksum, by magic, by count.
fn invalid_batches(client: &mut Client) {
    let whole = batch(&["a"]);
    let mut crc = whole.to_vec();
    crc[17] ^= 1;
    let (magic, count) = (patched(&whole, 16, &[9]), patched(&whole, 57, &7_i32.to_be_bytes()));
    let codes = [ErrorCode::CorruptMessage, ErrorCode::CorruptMessage, ErrorCode::InvalidRecord];
    for (bytes, code) in [crc.into(), magic, count].iter().zip(codes) {
        assert_eq!(client.produce("good", bytes).error_code, code.code());
    }
}

/// Protects: dashboards see what happens: every metric that the inventory calls exercised moves when its subject does.
#[test]
fn what_is_exercised_moves() {
    let disk = CrashDisk::new();
    let broker = hurt(&disk);
    let before = scrape(&broker);
    let mut client = broker.connect();
    client.create_with("good", 1, &[("max.message.bytes", "1000"), ("retention.bytes", "1000")]);
    client.put("good", &batch(&["a", "b"]));
    client.put("good", &sequenced(7, 0, 0, 1));
    let records = client.fetch("good", 0).records.unwrap();
    assert_eq!(client.fetch("good", 99).error_code, ErrorCode::OffsetOutOfRange.code());
    assert_eq!(client.produce("good", &sized(2_000)).error_code, ErrorCode::MessageTooLarge.code());
    assert_eq!(
        client.produce("nowhere", &batch(&["c"])).error_code,
        ErrorCode::UnknownTopicOrPartition.code()
    );
    assert_eq!(client.fetch("hurt", 0).error_code, ErrorCode::KafkaStorageError.code());
    let mut other = broker.connect();
    other.send_bytes(&[0xff; 64]);
    other.expect_closed("no request");
    until("the closed connection is counted", || {
        value(&scrape(&broker), "highwater_connections_refused_total", &[]) == 1
    });
    invalid_batches(&mut client);
    let after = scrape(&broker);
    let others = [&SEEN_ELSEWHERE[..], &crate::group_metrics::SEEN, &crate::txn_metrics::SEEN];
    let is_elsewhere = |name| others.iter().any(|seen| seen.contains(name));
    let still = METRICS.iter().filter(|row| row.exercised && !is_elsewhere(&row.name));
    let moved = moved(&before, &after);
    let still: Vec<&str> = still.map(|row| row.name).filter(|name| !moved.contains(*name)).collect();
    assert_eq!(still, [""; 0], "these did not move");
    let topic =
        |name: &str, labels| value(&after, &format!("kafka_server_brokertopicmetrics_{name}_total"), labels);
    let good = &[("topic", "good")][..];
    assert_eq!((topic("messagesin", good), topic("messagesin", &[])), (3, 3));
    assert_eq!(
        (topic("bytesin", good), topic("bytesout", good)),
        (records.len() as u64, records.len() as u64)
    );
    assert_eq!((topic("totalproducerequests", good), topic("totalproducerequests", &[])), (6, 7));
    assert_eq!((topic("failedproducerequests", good), topic("failedproducerequests", &[])), (4, 5));
    assert_eq!((topic("totalfetchrequests", good), topic("failedfetchrequests", good)), (2, 1));
    assert_eq!(topic("failedfetchrequests", &[("topic", "hurt")]), 1);
    assert!(topic("bytesrejected", good) > 2_000);
    let code = |request, error| {
        let labels = [("request", request), ("error", error)];
        value(&after, "kafka_network_requestmetrics_errors_total", &labels)
    };
    assert_eq!((code("Produce", "NONE"), code("Produce", "MESSAGE_TOO_LARGE")), (2, 1));
    assert_eq!((code("Fetch", "OFFSET_OUT_OF_RANGE"), code("CreateTopics", "NONE")), (1, 1));
    let invalid = |what: &str| topic(&format!("invalid{what}records"), &[]);
    assert_eq!(["messagecrc", "magicnumber", "offsetorsequence"].map(invalid), [1; 3]);
    let log = |name: &str| {
        value(&after, &format!("kafka_log_log_{name}"), &[("topic", "good"), ("partition", "0")])
    };
    let bytes = records.len() as u64;
    assert_eq!([log("size"), log("logstartoffset"), log("logendoffset")], [bytes, 0, 3]);
    assert_eq!(log("retentionsizeinpercent"), bytes * 100 / 1_000);
    let listener = &[("listener", "PLAINTEXT")][..];
    assert_eq!(value(&after, "kafka_server_socket_server_metrics_connection_creation_total", listener), 2);
    assert_eq!(value(&after, "highwater_offline_partitions", &[]), 1);
    let version = PRODUCE.to_string();
    let produces = [("request", "Produce"), ("version", version.as_str())];
    assert_eq!(value(&after, "kafka_network_requestmetrics_requests_total", &produces), 7);
    assert_eq!(value(&after, "kafka_network_requestmetrics_totaltimems_count", &[("request", "Produce")]), 7);
}

/// Protects: what a log says of itself survives a restart, where its bytes are in segments by then; deleted records move its
/// start; each start is a leadership of its own of the metadata quorum.
#[test]
fn a_log_is_shown_across_a_restart() {
    let disk = CrashDisk::new();
    let broker = start(&disk, |_| {});
    let mut client = broker.connect();
    client.create("topic", 1);
    client.put("topic", &batch(&["a", "b", "c"]));
    let labels = &[("topic", "topic"), ("partition", "0")][..];
    let log = |families: &[Family]| {
        let of = |name: &str| value(families, &format!("kafka_log_log_{name}"), labels);
        [of("numlogsegments"), of("logstartoffset"), of("logendoffset")]
    };
    let before = scrape(&broker);
    assert_eq!(log(&before), [0, 0, 3]);
    drop(client);
    broker.stop();
    let broker = start(&disk, |_| {});
    let after = scrape(&broker);
    assert_eq!(log(&after), [1, 0, 3]);
    assert_eq!(delete_records(&mut broker.connect(), "topic", 2), ErrorCode::None.code());
    assert_eq!(log(&scrape(&broker))[1..], [2, 3]);
    let epoch = |families: &[Family]| value(families, "kafka_server_raft_metrics_current_epoch", &[]);
    assert!(epoch(&after) > epoch(&before));
}

/// Protects: nothing that a client makes up becomes a label, and however many topics there are, lines stay few (A39).
#[test]
fn labels_stay_few() {
    let broker = start(&CrashDisk::new(), |_| {});
    let mut client = broker.connect();
    client.create("first", 1);
    let lines = |families: &[Family]| families.iter().map(|family| family.samples.len()).sum::<usize>();
    let hostile = ["no\nwhere", "x\"} 1\n# HELP y", "\u{1b}[31mred"];
    client.call(&produce_request(hostile[0], &[(0, &batch(&["a"]))]), PRODUCE);
    client.call(&fetch_request(hostile[0], 0), FETCH);
    let before = lines(&scrape(&broker));
    for name in hostile {
        client.call(&produce_request(name, &[(0, &batch(&["a"]))]), PRODUCE);
        client.call(&fetch_request(name, 0), FETCH);
    }
    let after = scrape(&broker);
    assert_eq!(lines(&after), before);
    let topic = |number| CreatableTopic {
        name: format!("topic-{number}"),
        num_partitions: 1,
        replication_factor: 1,
        ..CreatableTopic::default()
    };
    let topics = (0..TOPICS_MAX).map(topic).collect();
    let created = client.call(&CreateTopicsRequest { topics, ..CreateTopicsRequest::default() }, 7);
    assert!(created.topics.iter().all(|topic| topic.error_code == 0));
    let last = format!("topic-{}", TOPICS_MAX - 1);
    (0..TOPICS_MAX).step_by(100).for_each(|number| {
        client.put(&format!("topic-{number}"), &batch(&["a"]));
    });
    client.put(&last, &batch(&["a"]));
    let full = scrape(&broker);
    let name = "kafka_server_brokertopicmetrics_messagesin_total";
    let family = full.iter().find(|family| family.name == name).unwrap();
    assert_eq!(family.samples.len(), TOPICS_MAX + 2, "all, others, and each of the first");
    let by_topic = family.samples.iter().filter(|sample| !sample.labels.is_empty());
    assert_eq!(by_topic.map(Sample::count).sum::<u64>(), value(&full, name, &[]), "none is lost");
    assert!(find(&full, name, &[("topic", OTHERS)]).is_some());
    let logs = full.iter().find(|family| family.name == "kafka_log_log_size").unwrap();
    assert_eq!(logs.samples.len(), LOGS_MAX);
}
