//! Commands about transactions against the real binary: `txn list`, `describe`, `find-hanging`, `abort`, and `why lso`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]
#![allow(dead_code, reason = "a module shared with tests/groups.rs, which uses all of it")]

#[path = "groups/broker.rs"]
mod broker;
#[path = "transactions/producer.rs"]
mod producer;

use broker::{Broker, complaint, json, text};
use producer::Producer;
use serde_json::{Value, json};

/// A broker with the topics `t`, which has a record, and `u`, and an open transaction of `id-a` in both.
fn with_one_open() -> (Broker, Producer) {
    let broker = Broker::start(&[]);
    broker.topic("t", 1);
    broker.topic("u", 0);
    let producer = Producer::begin(&broker.address, "id-a", &["t", "u"]);
    (broker, producer)
}

fn states(broker: &Broker, arguments: &[&str]) -> Vec<(String, String)> {
    let listed = json(&broker.run(&[&["txn", "list", "--json"], arguments].concat())).remove(0);
    let one = |one: &Value| {
        let text = |name: &str| one[name].as_str().unwrap().to_owned();
        (text("transactional_id"), text("state"))
    };
    listed.as_array().unwrap().iter().map(one).collect()
}

fn why(broker: &Broker, topic: &str) -> Value {
    json(&broker.ask(&["why", "lso", topic, "0", "--json"])).remove(0)
}

/// Protects: transactional ids are listed, filtered as Kafka does, and described; what is not there is a sentence.
#[test]
fn transactions_are_listed_and_described() {
    let (broker, producer) = with_one_open();
    Producer::begin(&broker.address, "other-b", &["t"]).end(true);
    let pair = |id: &str, state: &str| (id.to_owned(), state.to_owned());
    let (a, b) = (pair("id-a", "Ongoing"), pair("other-b", "CompleteCommit"));
    assert_eq!(states(&broker, &[]), [a.clone(), b.clone()]);
    assert_eq!(states(&broker, &["--state", "Ongoing"]), std::slice::from_ref(&a));
    assert_eq!(states(&broker, &["--state", "Ongoing", "--state", "CompleteCommit"]), [a.clone(), b.clone()]);
    assert_eq!(states(&broker, &["--producer-id", &producer.id().to_string()]), std::slice::from_ref(&a));
    assert_eq!(states(&broker, &["--pattern", "other-.*"]), [b]);
    assert_eq!(states(&broker, &["--pattern", "id"]), [], "the whole name has to match");
    assert_eq!(states(&broker, &["--longer-than", "3600"]), []);
    let typo = broker.run(&["txn", "list", "--state", "ongoing"]);
    assert_eq!(typo.status.code(), Some(2));
    assert!(complaint(&typo).contains("no transaction has the state 'ongoing'"));
    assert!(
        complaint(&broker.run(&["txn", "list", "--pattern", "("])).contains("INVALID_REGULAR_EXPRESSION")
    );
    let described = json(&broker.run(&["txn", "describe", "id-a", "--json"])).remove(0);
    assert_eq!((&described["state"], &described["timeout_ms"]), (&json!("Ongoing"), &json!(60_000)));
    assert_eq!((&described["producer_id"], &described["producer_epoch"]), (&json!(producer.id()), &json!(0)));
    let place = |topic| json!({ "topic": topic, "partition": 0 });
    assert_eq!(described["partitions"], json!([place("t"), place("u")]));
    assert!(described["started"].as_i64().unwrap() > 1_700_000_000_000);
    let table = text(&broker.run(&["txn", "describe", "id-a"]));
    assert!(
        table.starts_with("transactional id id-a  state Ongoing") && table.lines().count() == 4,
        "{table}"
    );
    assert!(complaint(&broker.run(&["txn", "describe", "nobody"])).contains("TRANSACTIONAL_ID_NOT_FOUND"));
}

/// Protects: an abort shows its plan, asks, and aborts what a coordinator runs whole; by its id, or by where it is open.
#[test]
fn a_running_transaction_is_aborted_whole() {
    let (broker, producer) = with_one_open();
    let abort = |arguments: &[&str]| broker.run(&[&["txn", "abort"], arguments].concat());
    for wrong in
        [&["--yes"][..], &["--topic", "t", "--partition", "0"], &["--topic", "t", "--start-offset", "1"]]
    {
        assert_eq!(abort(wrong).status.code(), Some(2), "{wrong:?} does not say which");
    }
    let id = ["--transactional-id", "id-a"];
    let unasked = abort(&id);
    assert_eq!(unasked.status.code(), Some(2), "nobody can be asked");
    let plan = String::from_utf8(unasked.stdout).unwrap();
    assert!(plan.contains("It is aborted by its coordinator, in all of these partitions"), "{plan}");
    let dry = json(&abort(&[&id[..], &["--dry-run", "--json"]].concat())).remove(0);
    assert_eq!(
        (&dry["orphan"], &dry["dry_run"], &dry["state_then"]),
        (&json!(false), &json!(true), &Value::Null)
    );
    assert_eq!(states(&broker, &[])[0].1, "Ongoing");
    let wrong = abort(&["--topic", "t", "--partition", "0", "--start-offset", "7", "--yes"]);
    assert!(complaint(&wrong).contains("no transaction is open in t-0 from offset 7 on"));
    assert!(
        complaint(&abort(&["--topic", "t", "--partition", "9", "--producer-id", "0"]))
            .contains("partition 9")
    );
    let done = json(&abort(&["--topic", "t", "--partition", "0", "--start-offset", "1", "--yes", "--json"]));
    assert_eq!((&done[0]["state_then"], &done[0]["orphan"]), (&json!("CompleteAbort"), &json!(false)));
    assert_eq!((&why(&broker, "t")["waiting"], &why(&broker, "u")["waiting"]), (&json!(0), &json!(0)));
    assert_ne!(producer.end(true), 0, "its producer is told");
    assert!(complaint(&abort(&[&id[..], &["--yes"]].concat())).contains("it has no transaction open"));
    let next = Producer::begin(&broker.address, "id-a", &["u"]);
    let said = text(&abort(&[&id[..], &["--yes"]].concat()));
    assert!(said.ends_with("Aborted the transaction of id-a; its state is CompleteAbort.\n"), "{said}");
    assert_ne!(next.end(true), 0);
}

/// Protects: `why lso` names who holds readers of committed data back, since when, until when, and what to do.
#[test]
fn who_holds_the_last_stable_offset_back_is_named() {
    let (broker, producer) = with_one_open();
    let told = why(&broker, "t");
    assert_eq!(
        (&told["last_stable"], &told["high_watermark"], &told["waiting"]),
        (&json!(1), &json!(2), &json!(1))
    );
    let finding = &told["findings"][0];
    assert_eq!((&finding["code"], &finding["transactional_id"]), (&json!("open"), &json!("id-a")));
    assert_eq!((&finding["producer_id"], &finding["first_offset"]), (&json!(producer.id()), &json!(1)));
    assert!((1..=60_000).contains(&finding["ends_in_ms"].as_i64().unwrap()), "{finding}");
    assert_eq!(finding["client"]["host"], "/127.0.0.1", "{finding}");
    let said = text(&broker.ask(&["why", "lso", "t", "0"]));
    assert!(said.contains("last stable offset 1  high watermark 2  1 offsets wait"), "{said}");
    assert!(
        said.contains("id-a has a transaction open") && said.contains("its time-out is 60.0 s"),
        "{said}"
    );
    assert!(said.contains("What to do") && said.contains("txn abort --transactional-id id-a"), "{said}");
    assert_eq!(producer.end(true), 0);
    assert_eq!(why(&broker, "t")["findings"][0]["code"], "fine");
    assert!(text(&broker.ask(&["why", "lso", "t", "0"])).contains("nothing holds it back"));
    assert!(complaint(&broker.ask(&["why", "lso", "t", "7"])).contains("there is no such partition"));
    assert!(complaint(&broker.ask(&["why", "lso", "nowhere", "0"])).contains("there is no such partition"));
}

/// Protects: X16: what no coordinator runs is found, told as an orphan, and ended by a mark where it is open, no further.
#[test]
fn an_orphan_is_found_and_ended() {
    let (broker, producer) = with_one_open();
    let hanging = |arguments: &[&str]| {
        json(&broker.run(&[&["txn", "find-hanging", "--json"], arguments].concat())).remove(0)
    };
    assert_eq!(hanging(&["--older-than", "0"]), json!([]), "a coordinator runs it");
    text(&broker.run(&["topic", "delete", "__transaction_state"]));
    assert_eq!(hanging(&[]), json!([]), "its record is young: it may be on its way");
    let found = hanging(&["--older-than", "0"]);
    let place =
        |one: &Value| (one["topic"].as_str().unwrap().to_owned(), one["start_offset"].as_i64().unwrap());
    let found: Vec<_> = found.as_array().unwrap().iter().map(place).collect();
    assert_eq!(found, [("t".to_owned(), 1), ("u".to_owned(), 0)]);
    assert_eq!(hanging(&["--older-than", "0", "--topic", "u"]).as_array().unwrap().len(), 1);
    assert_eq!(
        hanging(&["--older-than", "0", "--topic", "u", "--partition", "0"]).as_array().unwrap().len(),
        1
    );
    let finding = why(&broker, "t")["findings"][0].clone();
    assert_eq!((&finding["code"], &finding["orphan"]), (&json!("orphan"), &json!(true)));
    let advice = "txn abort --topic t --partition 0 --start-offset 1";
    assert!(finding["advice"].as_str().unwrap().ends_with(advice), "{finding}");
    let id = producer.id().to_string();
    let by_producer = ["txn", "abort", "--topic", "t", "--partition", "0", "--producer-id", &id, "--yes"];
    let said = text(&broker.run(&by_producer));
    assert!(
        said.contains("no coordinator runs it") && said.contains("Ended the transaction of producer"),
        "{said}"
    );
    assert_eq!((&why(&broker, "t")["waiting"], &why(&broker, "u")["waiting"]), (&json!(0), &json!(1)));
    assert!(complaint(&broker.run(&by_producer)).contains("no transaction of producer"));
}
