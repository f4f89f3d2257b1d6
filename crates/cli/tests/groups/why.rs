//! `highwater group why` and `lag`.

use crate::broker::{Broker, complaint, json, text};
use crate::member::{Member, script};
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
