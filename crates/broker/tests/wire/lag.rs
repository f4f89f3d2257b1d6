//! How far groups are behind, as the HTTP port says it: metrics up to a cap, one group as a document.

use crate::batches::{now_ms, timed};
use crate::client::Client;
use crate::delete_records::delete_request;
use crate::effects::until;
use crate::groups::{commit, find_coordinator};
use crate::harness::{Broker, folder};
use std::io::{Read, Write};
use std::net::TcpStream;

fn get(broker: &Broker, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(broker.http.as_ref().unwrap()).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().to_owned(), body.to_owned())
}

/// Returns the values of a metric with its labels.
fn lines(broker: &Broker, name: &str) -> Vec<(String, f64)> {
    let (_, text) = get(broker, "/metrics");
    let own = text.lines().filter_map(|line| line.strip_prefix(&format!("highwater_group_{name}")));
    let pairs = own.map(|line| line.rsplit_once(' ').unwrap());
    pairs.map(|(labels, value)| (labels.to_owned(), value.parse().unwrap())).collect()
}

/// Makes a topic of ten records that are 100 seconds old, and lets groups commit.
fn prepared(broker: &Broker, groups: &[(&str, i64)]) -> Client {
    let mut client = broker.connect();
    client.create("topic", 1);
    for _ in 0..10 {
        client.put("topic", &timed(&[now_ms() - 100_000]));
    }
    find_coordinator(&mut client, "group");
    for (group, offset) in groups {
        assert_eq!(commit(&mut client, group, ("", -1), *offset), 0);
    }
    client
}

/// Protects: lag in records and in time, and what was skipped, have lines up to the number that is set; the rest is counted.
#[test]
fn lag_is_shown_up_to_a_cap() {
    for (cap, shown) in [("2", 2), ("0", 0)] {
        let dir = folder();
        let settings = [("highwater.group.metrics.max", cap), ("highwater.http.listener", "127.0.0.1:0")];
        let broker = Broker::start_with_settings(dir.path(), &settings);
        let mut client = prepared(&broker, &[("a", 4), ("b\"", 10), ("c", 1)]);
        assert_eq!(lines(&broker, "partitions_without_lines"), [(String::new(), f64::from(3 - shown))]);
        let records = lines(&broker, "lag_records");
        if shown == 0 {
            assert!(records.is_empty());
            continue;
        }
        let label = |group: &str| format!("{{group=\"{group}\",topic=\"topic\",partition=\"0\"}}");
        assert_eq!(records, [(label("a"), 6.0), (label("b\\\""), 0.0)]);
        let seconds = lines(&broker, "lag_seconds");
        assert!(seconds[0].1 >= 100.0 && seconds[0].1 < 1_000.0, "{seconds:?}");
        assert_eq!(seconds[1].1, 0.0);
        assert_eq!(client.call(&delete_request("topic", &[(0, 7)]), 2).topics[0].partitions[0].error_code, 0);
        assert_eq!(lines(&broker, "skipped_records"), [(label("a"), 3.0), (label("b\\\""), 0.0)]);
        assert_eq!(commit(&mut client, "a", ("", -1), 8), 0);
        assert_eq!(lines(&broker, "lag_records")[0].1, 2.0);
        assert_eq!(lines(&broker, "skipped_records")[0].1, 0.0);
        assert_eq!(lines(&broker, "records_skipped_total"), [(label("a"), 3.0), (label("b\\\""), 0.0)]);
    }
}

/// Protects: what a group skips is counted without anybody looking, and stays counted when the group goes on.
#[test]
fn what_is_skipped_is_counted_without_a_scrape() {
    let dir = folder();
    let broker = Broker::start_with_settings(dir.path(), &[("highwater.http.listener", "127.0.0.1:0")]);
    let mut client = prepared(&broker, &[("a", 2)]);
    assert_eq!(lines(&broker, "records_skipped_total")[0].1, 0.0);
    assert_eq!(client.call(&delete_request("topic", &[(0, 5)]), 2).topics[0].partitions[0].error_code, 0);
    let counted = || {
        let document: serde_json::Value = serde_json::from_str(&get(&broker, "/groups/a").1).unwrap();
        document["partitions"][0]["skipped_since_start"] == 3
    };
    until("three records are counted as skipped", counted);
    assert_eq!(commit(&mut client, "a", ("", -1), 10), 0);
    assert_eq!(lines(&broker, "skipped_records")[0].1, 0.0);
    assert_eq!(lines(&broker, "records_skipped_total")[0].1, 3.0);
}

/// Protects: a group is a document with its partitions; one that is not there is not found, whatever it is called; what a client
/// fetches is seen, what the broker reads for itself is not taken for that.
#[test]
fn a_group_is_a_document() {
    let dir = folder();
    let broker = Broker::start_with_settings(dir.path(), &[("highwater.http.listener", "127.0.0.1:0")]);
    assert_eq!(get(&broker, "/groups/a").0, "404", "nobody has asked for a coordinator");
    let mut client = prepared(&broker, &[("a/b c", 4)]);
    for name in ["a", "a/b%20c", "%00", "..", "a%2Fb"] {
        assert_eq!(get(&broker, &format!("/groups/{name}")).0, "404", "{name}");
    }
    let document = || -> serde_json::Value {
        let (status, body) = get(&broker, "/groups/a%2Fb%20c");
        assert_eq!(status, "200");
        serde_json::from_str(&body).unwrap()
    };
    let partition = document()["partitions"][0].clone();
    assert_eq!((partition["lag"].as_i64(), partition["committed"].as_i64()), (Some(6), Some(4)));
    assert!(partition["lag_ms"].as_i64().unwrap() >= 100_000);
    assert!(document()["partitions"][0]["fetched_to"].is_null(), "nobody but the broker has read");
    assert_eq!(client.fetch("topic", 7).error_code, 0);
    assert_eq!(document()["partitions"][0]["fetched_to"].as_i64(), Some(7));
    assert_eq!(document()["findings"][0]["code"], "empty");
}
