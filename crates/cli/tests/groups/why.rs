//! `highwater group why` and `lag`.

use crate::broker::{Broker, complaint, json, text};
use crate::member::{Member, script};
use crate::reader::Reader;
use serde_json::Value;

/// Returns the findings of the group `g`, by their code.
fn findings(broker: &Broker) -> Vec<(String, Value)> {
    let said = json(&broker.ask(&["group", "why", "g", "--json"])).remove(0);
    let findings = said["findings"].as_array().unwrap().clone();
    findings.into_iter().map(|one| (one["code"].as_str().unwrap().to_owned(), one)).collect()
}

fn find(broker: &Broker, code: &str) -> Option<Value> {
    findings(broker).into_iter().find(|(one, _)| one == code).map(|(_, finding)| finding)
}

/// Protects: a member that does not join again is named while others wait for it; afterwards nothing is said of it.
#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "the commands under test block; the other member has a thread of its own"
)]
fn who_holds_a_rebalance_up_is_named() {
    let broker = Broker::start(&[]);
    broker.topic("t", 10);
    script(async {
        let mut first = Member::join(&broker.address, "g", "t").await;
        assert_eq!(first.commit(10).await, 0);
        let said = text(&broker.ask(&["group", "why", "g"]));
        assert!(said.contains("state Stable") && said.contains("nothing is seen that holds it up"), "{said}");
        let address = broker.address.clone();
        let second = std::thread::spawn(move || {
            script(async { Member::join(&address, "g", "t").await.id().to_owned() })
        });
        let missing = loop {
            if let Some(missing) = find(&broker, "not_rejoined") {
                break missing;
            }
        };
        assert_eq!(missing["member"], first.id());
        let said = text(&broker.ask(&["group", "why", "g"]));
        assert!(said.contains("rebalance 2 has begun") && said.contains("What to do"), "{said}");
        first.rejoin().await;
        assert!(!second.join().unwrap().is_empty());
        assert!(find(&broker, "not_rejoined").is_none());
    });
    assert!(complaint(&broker.ask(&["group", "why", "nobody"])).contains("there is no such group"));
}

/// Protects: an empty group, and records that were deleted before they were read, are told with their numbers; lag is counted in
/// records and in time.
#[test]
fn lag_and_skipped_records_are_told() {
    let broker = Broker::start(&[]);
    broker.topic("t", 10);
    broker.reset("g", "t", 2);
    let lag = |name: &str| {
        json(&broker.ask(&["group", "lag", "g", "--json"])).remove(0)["partitions"][0][name].as_i64()
    };
    assert_eq!((lag("lag"), lag("skipped"), lag("high_watermark")), (Some(8), Some(0), Some(10)));
    assert!(lag("lag_ms").is_some_and(|ms| ms >= 0));
    let delete = ["topic", "delete-records", "t", "--partition", "0", "--before-offset", "5", "--yes"];
    text(&broker.run(&delete));
    assert_eq!((lag("lag"), lag("skipped"), lag("log_start")), (Some(8), Some(3), Some(5)));
    let skipped = find(&broker, "skipped").unwrap();
    assert_eq!((skipped["topic"].as_str(), skipped["partition"].as_i64()), (Some("t"), Some(0)));
    assert!(skipped["text"].as_str().unwrap().contains("3 records were deleted before they were read"));
    assert!(find(&broker, "empty").unwrap()["text"].as_str().unwrap().contains("8 records are not read"));
    let table = text(&broker.ask(&["group", "lag", "g"]));
    assert!(table.ends_with("8 records behind, 3 deleted before they were read\n"), "{table}");
    broker.reset("g", "t", 10);
    assert_eq!((lag("lag"), lag("skipped"), lag("lag_ms")), (Some(0), Some(0), Some(0)));
}

/// Protects: in a group of the consumer protocol who has not taken the assignment over, who does not give up what others wait for,
/// and whose heartbeat is late is named; afterwards nothing is said of it.
#[test]
fn who_holds_a_consumer_group_up_is_named() {
    let session = ["group.consumer.min.session.timeout.ms=6000", "group.consumer.session.timeout.ms=6000"];
    let broker = Broker::start(&session);
    text(&broker.run(&["topic", "create", "t", "--partitions", "2"]));
    script(async {
        let mut first = Reader::new(&broker.address, "first", "t").await;
        let mut second = Reader::new(&broker.address, "second", "t").await;
        first.until_it_reads(2).await;
        second.beat().await;
        let behind = loop {
            if let Some(behind) = find(&broker, "behind") {
                break behind;
            }
            second.beat().await;
        };
        assert_eq!(behind["member"], "first");
        first.beat().await;
        assert_eq!(find(&broker, "not_revoked").unwrap()["member"], "first");
        let said = text(&broker.ask(&["group", "why", "g"]));
        assert!(said.contains("state Reconciling") && said.contains("has not given up partitions"), "{said}");
        first.beat().await;
        second.until_it_reads(1).await;
        assert!(find(&broker, "not_revoked").is_none() && find(&broker, "behind").is_none());
        let late = loop {
            if let Some(late) = find(&broker, "late_heartbeat") {
                break late;
            }
            second.beat().await;
            if second.reads() == 2 {
                // It was looked at too late, and is gone: it has to be a member again before it can be late.
                first.beat().await;
                while first.reads() != 1 {
                    first.beat().await;
                    second.beat().await;
                }
            }
        };
        assert_eq!((&late["member"], first.reads()), (&"first".into(), 1));
        assert!(late["text"].as_str().unwrap().contains("its session is 6 s"), "{late}");
        first.beat().await;
        assert!(find(&broker, "late_heartbeat").is_none());
    });
}
