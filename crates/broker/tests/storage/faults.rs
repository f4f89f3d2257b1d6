//! Failures that must stop the broker, and such that must not (W-11, W-12).

use crate::batches::{batch, read_all};
use crate::client::{PRODUCE, produce_request};
use crate::machine::{fail, http, metric, names, root, start, until};
use env::crash::{Call, CrashDisk, Failure};
use std::sync::Arc;
use types::ErrorCode;
use wire::create_topics_request::CreatableTopic;
use wire::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use wire::{
    CreateTopicsRequest, DeleteRecordsRequest, DescribeLogDirsRequest, DescribeLogDirsResponse,
    ProduceResponse,
};

/// Asks for a topic; says whether an answer came.
fn ask_for_topic(client: &mut crate::client::Client, name: &str) -> bool {
    let topic = CreatableTopic {
        name: name.into(),
        num_partitions: 1,
        replication_factor: 1,
        ..CreatableTopic::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 1000, ..Default::default() };
    client.try_call(&request, crate::client::CREATE_TOPICS).is_some_and(|made| made.topics[0].error_code == 0)
}

/// Protects: W-11: a metadata snapshot that cannot be made safe stops the broker with code 3; it does not go on without
/// metadata on a device whose sync has failed.
#[test]
fn a_failed_snapshot_stops_the_broker() {
    let disk = CrashDisk::new();
    let broker = start(&disk, |config| config.storage.metadata_snapshot_bytes = 2000);
    let mut client = broker.connect();
    fail(&disk, Call::Sync, ".snapshot", Failure::Io);
    let made = (0..1000).take_while(|n| ask_for_topic(&mut client, &format!("topic{n}"))).count();
    assert!(made < 1000, "no snapshot was taken");
    let ended = broker.ended().unwrap_err();
    assert_eq!(ended.exit_code(), 3, "{ended}");
}

/// Protects: W-12: a metadata snapshot that finds no room, at whatever call, is given up and taken later; nothing stops.
#[test]
fn a_snapshot_without_room_is_taken_later() {
    for call in [Call::Create, Call::Write, Call::Rename] {
        let disk = CrashDisk::new();
        let broker = start(&disk, |config| config.storage.metadata_snapshot_bytes = 2000);
        let mut client = broker.connect();
        fail(&disk, call, ".snapshot", Failure::NoSpace);
        let folder = root().join("metadata");
        let mut made = 0;
        until("a snapshot", || {
            assert!(ask_for_topic(&mut client, &format!("topic{made}")), "{call:?}");
            made += 1;
            names(&disk, &folder).iter().any(|name| name.ends_with(".snapshot"))
        });
        broker.stop();
    }
}

/// Protects: W-12: an older snapshot that cannot be removed stops nothing; it goes with the next one.
#[test]
fn an_older_snapshot_may_stay_for_a_while() {
    let disk = CrashDisk::new();
    let broker = start(&disk, |config| config.storage.metadata_snapshot_bytes = 2000);
    let mut client = broker.connect();
    fail(&disk, Call::RemoveFile, ".snapshot", Failure::NoSpace);
    let mut made = 0;
    let mut until_snapshots = |what: &str, is_so: &dyn Fn(usize) -> bool| {
        until(what, || {
            assert!(ask_for_topic(&mut client, &format!("topic{made}")));
            made += 1;
            let names = names(&disk, &root().join("metadata"));
            is_so(names.iter().filter(|name| name.ends_with(".snapshot")).count())
        });
    };
    until_snapshots("an older one stays", &|count| count == 2);
    until_snapshots("it goes", &|count| count == 1);
    broker.stop();
}

/// Protects: W-11: what fails while the broker stops makes it no clean stop: code 3, and nothing acknowledged is lost.
#[test]
fn a_failure_during_the_stop_is_told() {
    let disk = CrashDisk::new();
    let broker = start(&disk, |_| {});
    let mut client = broker.connect();
    client.create("topic", 1);
    client.put("topic", &batch(&["kept"]));
    drop(client);
    fail(&disk, Call::Sync, "/state/", Failure::Io);
    let ended = broker.end().unwrap_err();
    assert_eq!(ended.exit_code(), 3, "{ended}");
    disk.power_cut(0);
    let broker = start(&disk, |_| {});
    assert_eq!(read_all(&mut broker.connect(), "topic").len(), 1);
}

/// Protects: W-8, W-11: a deletion whose frame could not be written is not answered as done, whatever the log in memory says.
#[test]
fn a_deletion_that_is_not_durable_is_not_done() {
    let disk = CrashDisk::new();
    let broker = start(&disk, |_| {});
    let mut client = broker.connect();
    until("the pool is filled", || metric(&broker, "wal_pool_free_bytes") > (3 << 20));
    client.create("topic", 1);
    client.put("topic", &batch(&["a", "b"]));
    fail(&disk, Call::Write, ".wal", Failure::Io);
    let partitions = vec![DeleteRecordsPartition { partition_index: 0, offset: 1 }];
    let topics = vec![DeleteRecordsTopic { name: "topic".into(), partitions }];
    let answer = client.try_call(&DeleteRecordsRequest { topics, timeout_ms: 30_000 }, 2);
    let code = answer.map(|answer| answer.topics[0].partitions[0].error_code);
    assert_ne!(code, Some(0));
    assert_eq!(broker.ended().unwrap_err().exit_code(), 3);
}

/// Protects: W-11: who asks for log directories while the only one has failed and the broker ends is told KAFKA_STORAGE_ERROR for it and
/// no partitions, as by Kafka. The question waits behind a batch whose write fails.
#[test]
fn a_failed_directory_is_described_as_failed() {
    const LOG_DIRS: i16 = 5;
    let disk = CrashDisk::new();
    let broker = start(&disk, |_| {});
    let mut client = broker.connect();
    until("the pool is filled", || metric(&broker, "wal_pool_free_bytes") > (3 << 20));
    client.create("topic", 1);
    fail(&disk, Call::Write, ".wal", Failure::Io);
    disk.hold_writes(Some(Arc::new(|path| path.extension().is_some_and(|ending| ending == "wal"))));
    let produce = client.send(&produce_request("topic", &[(0, &batch(&["a"]))]), PRODUCE);
    let question = client.send(&DescribeLogDirsRequest { topics: None }, LOG_DIRS);
    let accepted = "kafka_network_requestmetrics_requests_total{request=\"DescribeLogDirs\",version=\"5\"} 1";
    until("the question waits", || http(&broker, "/metrics").contains(accepted));
    disk.hold_writes(None);
    let stored: ProduceResponse = client.receive(PRODUCE, produce);
    assert_ne!(stored.responses[0].partition_responses[0].error_code, 0);
    let told: DescribeLogDirsResponse = client.receive(LOG_DIRS, question);
    assert_eq!((told.error_code, told.results.len()), (0, 1));
    let only = &told.results[0];
    assert_eq!((only.error_code, only.topics.len()), (ErrorCode::KafkaStorageError.code(), 0));
    assert_eq!(only.log_dir, root().display().to_string());
    assert_eq!(broker.ended().unwrap_err().exit_code(), 3);
}
