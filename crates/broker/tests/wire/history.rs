//! The history of offsets over the wire: what is noted, that nothing depends on it, and how it ends.

use crate::batches::batch;
use crate::client::Client;
use crate::effects::until;
use crate::groups::{commit, commit_request, committed, find_coordinator};
use crate::harness::{Broker, folder};
use crate::settings::{TOPIC, shown};
use types::{ErrorCode, Uuid};
use wire::offset_history_key::OffsetHistoryKey;
use wire::offset_history_value::OffsetHistoryValue;
use wire::record::{Batches, Records};
use wire::{DeleteTopicsRequest, MetadataRequest, Stored};

const HISTORY: &str = "__highwater_offset_history";
/// All groups are of one partition.
const ONE: (&str, &str) = ("offsets.topic.num.partitions", "1");

/// Reads all notes of partition 0.
pub fn notes(client: &mut Client) -> Vec<(OffsetHistoryKey, OffsetHistoryValue)> {
    let (end, mut next, mut notes) = (client.end(HISTORY), 0, Vec::new());
    while next < end {
        let bytes = client.fetch(HISTORY, next).records.unwrap_or_default().into_bytes();
        for span in Batches::new(&bytes).map_while(Result::ok) {
            next = span.header.next_offset().0;
            for record in Records::open(&bytes.slice(span.range), 1 << 20).unwrap() {
                let record = record.unwrap();
                let (key, _) = OffsetHistoryKey::from_stored(record.key.unwrap()).unwrap();
                notes.push((key, OffsetHistoryValue::from_peer(record.value.unwrap()).unwrap()));
            }
        }
    }
    notes
}

fn names(client: &mut Client) -> Vec<String> {
    let all = MetadataRequest { topics: None, ..MetadataRequest::default() };
    client.call(&all, 12).topics.into_iter().filter_map(|topic| topic.name).collect()
}

/// Protects: each commit is noted beside it, with who, when, from where and to where, in an internal topic that is not compacted
/// and to which clients cannot write; where it is switched off, there is none.
#[test]
fn commits_are_noted_unless_it_is_switched_off() {
    for enabled in ["true", "false"] {
        let dir = folder();
        let settings = [ONE, ("highwater.offset.history.enable", enabled), ("highwater.shards", "3")];
        let broker = Broker::start_with_settings(dir.path(), &settings);
        let mut client = broker.connect();
        client.create("topic", 1);
        find_coordinator(&mut client, "group");
        assert!(!names(&mut client).contains(&HISTORY.to_owned()), "nobody has committed");
        for offset in [5, 9, 7] {
            assert_eq!(commit(&mut client, "group", ("", -1), offset), 0);
        }
        let is_there = names(&mut client).contains(&HISTORY.to_owned());
        assert_eq!(is_there, enabled == "true");
        if !is_there {
            continue;
        }
        let notes = notes(&mut client);
        let moves: Vec<(i64, i64)> = notes.iter().map(|(_, note)| (note.from_offset, note.offset)).collect();
        assert_eq!(moves, [(-1, 5), (5, 9), (9, 7)]);
        let (key, note) = &notes[2];
        assert_eq!((key.group.as_str(), key.topic.as_str(), key.partition), ("group", "topic", 0));
        assert_eq!((note.client_host.as_str(), note.from_at), ("/127.0.0.1", notes[1].1.at));
        let refused = client.produce(HISTORY, &batch(&["x"])).error_code;
        assert_eq!(refused, ErrorCode::InvalidTopicException.code());
        let all = MetadataRequest { topics: None, ..MetadataRequest::default() };
        let topics = client.call(&all, 12).topics;
        assert!(topics.iter().any(|topic| topic.name.as_deref() == Some(HISTORY) && topic.is_internal));
        let policy = shown(&mut client, (TOPIC, HISTORY), "cleanup.policy").0;
        assert_eq!(policy.as_deref(), Some("delete"));
    }
}

/// Protects: commits do not depend on their history: with a topic that lacks the partition, and without one, they are stored and
/// answered; one that was deleted is made again.
#[test]
fn commits_do_not_depend_on_the_history() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    find_coordinator(&mut client, "group");
    // Too few partitions for some of these groups.
    client.create(HISTORY, 1);
    let groups: Vec<String> = (0..20).map(|n| format!("group-{n}")).collect();
    for group in &groups {
        assert_eq!(commit(&mut client, group, ("", -1), 7), 0);
        assert_eq!(committed(&mut client, group), 7);
    }
    assert!(notes(&mut client).len() < groups.len());
    let request = DeleteTopicsRequest {
        topic_names: vec![HISTORY.into()],
        timeout_ms: 30_000,
        ..DeleteTopicsRequest::default()
    };
    assert_eq!(client.call(&request, 5).responses[0].error_code, 0);
    for group in &groups {
        assert_eq!(commit(&mut client, group, ("", -1), 8), 0);
        assert_eq!(committed(&mut client, group), 8);
    }
    assert!(names(&mut client).contains(&HISTORY.to_owned()));
}

/// Protects: notes are deleted by the time and the size that are set, the commits themselves are not.
#[test]
fn the_history_goes_by_time_and_size() {
    let (time, size) = ("highwater.offset.history.retention.ms", "highwater.offset.history.retention.bytes");
    for (setting, value) in [(time, "1"), (size, "65536")] {
        let dir = folder();
        let settings = [ONE, (setting, value), ("log.retention.check.interval.ms", "50")];
        let broker = Broker::start_with_settings(dir.path(), &settings);
        let mut client = broker.connect();
        client.create("topic", 1);
        find_coordinator(&mut client, "group");
        let mut request = commit_request(("topic", Uuid::ZERO), "group", 0);
        request.topics[0].partitions[0].committed_metadata = Some("x".repeat(4_000));
        let mut put = || {
            request.topics[0].partitions[0].committed_offset += 1;
            assert_eq!(client.call(&request, 8).topics[0].partitions[0].error_code, 0);
            (client.offset(HISTORY, -2).offset, request.topics[0].partitions[0].committed_offset)
        };
        let mut last = (0, 0);
        until("notes are gone", || {
            last = put();
            last.0 > 0
        });
        assert_eq!(committed(&mut client, "group"), last.1);
    }
}
