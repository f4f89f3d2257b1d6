//! What the settings of our own do, and those of the node that Kafka has too: set in a file, seen otherwise than by reading
//! them back. Which test stands for which setting: xtask/src/tidy/enforced.rs.

use crate::batches::{batch, sized};
use crate::effects::{files, until};
use crate::harness::{Broker, folder, tiny_with};
use crate::settings::{TOPIC, set};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use types::ErrorCode;
use wire::MetadataRequest;
use wire::metadata_request::MetadataRequestTopic;

/// Protects: what the broker takes at once follows from the memory that is set.
#[test]
fn the_budget_of_memory_acts() {
    let topic =
        |n| MetadataRequestTopic { name: Some(format!("{n:0>100}")), ..MetadataRequestTopic::default() };
    let long = MetadataRequest { topics: Some((0..1000).map(topic).collect()), ..MetadataRequest::default() };
    for (bytes, is_answered) in [("16777216", false), ("536870912", true)] {
        let dir = folder();
        let broker = Broker::start_with_settings(dir.path(), &[("highwater.memory.max", bytes)]);
        assert_eq!(broker.connect().try_call(&long, 9).is_some(), is_answered, "{bytes}");
    }
}

/// Protects: the file that is kept back for a full disk is as large as is set, and there is none at 0.
#[test]
fn the_reserve_of_the_disk_acts() {
    for bytes in [0, 40_960, 2_097_152] {
        let dir = folder();
        let value = bytes.to_string();
        let _broker = Broker::start_with_settings(dir.path(), &[("highwater.disk.reserve.bytes", &value)]);
        let file = dir.path().join("highwater.reserve");
        until("the reserve is there", || std::fs::metadata(&file).map_or(0, |file| file.len()) == bytes);
    }
}

/// Protects: the HTTP port is where it is set, and there is none without an address.
#[test]
fn the_http_listener_acts() {
    let dir = folder();
    let broker = Broker::start_with_settings(dir.path(), &[("highwater.http.listener", "127.0.0.1:0")]);
    let mut stream = TcpStream::connect(broker.http.as_ref().unwrap()).unwrap();
    write!(stream, "GET /health/live HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    broker.stop();
    assert_eq!(Broker::start_with_settings(dir.path(), &[("highwater.http.listener", "")]).http, None);
}

/// What the bytes of a checkpoint must be at most for one to come.
const OFTEN: &str = "1048576";

/// Size of a file of the write-ahead log.
const TINY_FILE: u64 = 524_288;

/// Returns the bytes in a topic's segments.
fn stored(dir: &Path, topic: &str) -> u64 {
    if dir.join(format!("{topic}-0")).exists() { files(dir, topic, "log").iter().sum() } else { 0 }
}

/// Writes half a mebibyte more than one; says whether a checkpoint has come by itself.
fn checkpoints(dir: &Path, (bytes, pool): (&str, &str)) -> bool {
    let settings = [("highwater.wal.checkpoint.bytes", bytes), ("highwater.wal.pool.bytes", pool)];
    let broker = Broker::start_with_settings(dir, &settings);
    let mut client = broker.connect();
    client.create("topic", 1);
    // Half of what there is of the pool brings a checkpoint, too.
    let files =
        || std::fs::read_dir(dir.join("wal")).unwrap().filter_map(|entry| entry.ok()?.metadata().ok());
    let whole: u64 = pool.parse().unwrap();
    until("the pool is filled", || files().map(|file| file.len()).sum::<u64>() >= whole - TINY_FILE);
    let written = || stored(dir, "topic");
    for _ in 0..40 {
        client.put("topic", &sized(40_000));
    }
    if bytes == OFTEN {
        until("a checkpoint", || written() > 0);
    }
    written() > 0
}

/// Protects: a checkpoint comes after so many bytes of the write-ahead log as are set, and not before.
#[test]
fn the_bytes_of_a_checkpoint_act() {
    let (often, seldom) = (folder(), folder());
    assert!(checkpoints(often.path(), (OFTEN, "4194304")));
    assert!(!checkpoints(seldom.path(), ("2097152", "8388608")));
}

/// Protects: what an acknowledgement means for a new topic is what is set: with page-cache the batch is in its file, with fsync
/// in the write-ahead log.
#[test]
fn the_durability_of_new_topics_acts() {
    for (durability, is_in_its_file) in [("page-cache", true), ("fsync", false)] {
        let dir = folder();
        let broker = Broker::start_with_settings(dir.path(), &[("highwater.durability", durability)]);
        let mut client = broker.connect();
        client.create("topic", 1);
        client.put("topic", &batch(&["a"]));
        let bytes = stored(dir.path(), "topic");
        assert_eq!(bytes > 0, is_in_its_file, "{durability}: {bytes} bytes in the file");
    }
}

/// Protects: a snapshot of the metadata is taken after so many bytes of records as are set.
#[test]
fn the_bytes_of_a_snapshot_act() {
    for (bytes, is_taken) in [("2000", true), ("20971520", false)] {
        let dir = folder();
        let setting = ("metadata.log.max.record.bytes.between.snapshots", bytes);
        let broker = Broker::start_with_settings(dir.path(), &[setting]);
        let mut client = broker.connect();
        (0..60).for_each(|n| client.create(&format!("topic{n}"), 1));
        let entries = std::fs::read_dir(dir.path().join("metadata")).unwrap();
        let names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(names.iter().any(|name| name.ends_with(".snapshot")), is_taken, "{bytes}: {names:?}");
    }
}

/// Protects: a preset gives what nobody sets, and what is set wins over it.
#[test]
fn the_preset_acts() {
    let small = [
        ("highwater.wal.pool.bytes", "33554432"),
        ("highwater.wal.file.bytes", "4194304"),
        ("highwater.wal.checkpoint.bytes", "8388608"),
        ("highwater.disk.reserve.bytes", "0"),
    ];
    let tiny = [("highwater.preset", "tiny")];
    let over = [("highwater.preset", "tiny"), ("message.max.bytes", "100000")];
    let standard = [&[("highwater.preset", "standard")][..], &small].concat();
    for (settings, is_taken) in [(&tiny[..], false), (&over, true), (&standard, true)] {
        let dir = folder();
        let broker = Broker::start_with_settings(dir.path(), settings);
        let mut client = broker.connect();
        client.create("topic", 1);
        let code = client.produce("topic", &sized(60_000)).error_code;
        assert_eq!(code == 0, is_taken, "{settings:?}: {code}");
    }
    assert_eq!(tiny_with(Path::new("/nowhere"), &tiny).storage.wal.file_bytes, TINY_FILE);
}

/// Protects: min.insync.replicas that is changed while the broker runs never asks for more replicas than a topic has, as in
/// Kafka: with one replica acks=all is answered whatever it says. With three: `min_isr_follows_the_setting`.
#[test]
fn one_replica_is_enough_for_one() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    set(&mut client, (TOPIC, "topic"), "min.insync.replicas", "3");
    assert_eq!(client.produce("topic", &batch(&["a"])).error_code, ErrorCode::None.code());
    assert_eq!(client.end("topic"), 1);
}
