//! `highwater group history` and `restore`.

use crate::broker::{Broker, complaint, json, text};
use crate::member::{Member, script};
use serde_json::Value;

fn notes(broker: &Broker, more: &[&str]) -> Vec<Value> {
    let arguments = [&["group", "history", "g", "--json"], more].concat();
    json(&broker.run(&arguments))[0]["notes"].as_array().unwrap().clone()
}

/// Returns the name of the client of a note, without the time in those of our commands.
fn client(note: &Value) -> &str {
    note["client"].as_str().unwrap().trim_end_matches(|c: char| c.is_ascii_digit())
}

/// Waits until the clock has moved on, so that two commits differ in their time.
fn tick(broker: &Broker) -> String {
    let last = || notes(broker, &["--limit", "1"])[0]["at"].as_i64().unwrap();
    let before = last();
    let clock = env::Env::real().clock;
    while clock.now().wall.0 <= before + 1 {
        std::thread::yield_now();
    }
    (before + 1).to_string()
}

/// Protects: each commit is told with from, to, member, client and address; --topic, --from and --limit pick among them.
#[test]
fn history_tells_every_commit() {
    let broker = Broker::start(&[]);
    broker.topic("t", 10);
    broker.topic("u", 10);
    let missing = complaint(&broker.run(&["group", "history", "g"]));
    assert!(missing.contains("nothing was committed yet"), "{missing}");
    broker.reset("g", "t", 3);
    let after = tick(&broker);
    broker.reset("g", "u", 4);
    script(async {
        let member = Member::join(&broker.address, "g", "t").await;
        assert_eq!(member.commit(7).await, 0);
    });
    let all = notes(&broker, &[]);
    let moves: Vec<(&str, Option<i64>, Option<i64>, &str)> = all
        .iter()
        .map(|n| (n["topic"].as_str().unwrap(), n["from"].as_i64(), n["to"].as_i64(), client(n)))
        .collect();
    let reset = "highwater-group-reset-";
    assert_eq!(
        moves,
        [("t", None, Some(3), reset), ("u", None, Some(4), reset), ("t", Some(3), Some(7), "app")]
    );
    assert!(all[2]["member"].as_str().unwrap().starts_with("app-"), "{}", all[2]);
    assert_eq!(all[2]["address"], "/127.0.0.1");
    assert_eq!(notes(&broker, &["--topic", "u:0"]), [all[1].clone()]);
    assert!(notes(&broker, &["--topic", "u:1"]).is_empty());
    assert_eq!(notes(&broker, &["--from", &after]), all[1..]);
    assert_eq!(notes(&broker, &["--limit", "1"]), all[2..]);
    let table = text(&broker.run(&["group", "history", "g"]));
    assert_eq!(table.lines().count(), 4, "{table}");
}

/// Protects: a restore shows its plan, puts offsets back as they were, takes away what was not there, and says by name what it
/// cannot put back; it stands in the history, and is taken back itself.
#[test]
fn a_group_is_put_back() {
    let broker = Broker::start(&[]);
    ["t", "u", "v", "gone", "again"].iter().for_each(|topic| broker.topic(topic, 10));
    for (topic, offset) in [("t", 3), ("u", 4), ("gone", 1), ("again", 2)] {
        broker.reset("g", topic, offset);
    }
    let time = tick(&broker);
    for (topic, offset) in [("t", 8), ("u", 9), ("v", 5)] {
        broker.reset("g", topic, offset);
    }
    text(&broker.run(&["topic", "delete", "gone"]));
    text(&broker.run(&["topic", "delete", "again"]));
    broker.topic("again", 10);
    text(&broker.run(&["topic", "delete-records", "u", "--partition", "0", "--before-offset", "6", "--yes"]));
    let plan = json(&broker.run(&["group", "restore", "g", "--to", &time, "--dry-run", "--json"]));
    let stays: Vec<(&str, &str)> = plan[0]["partitions"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|p| Some((p["topic"].as_str()?, p["stays"].as_str()?)))
        .collect();
    assert_eq!(
        stays,
        [
            ("again", "the topic was deleted and made again since"),
            ("gone", "the topic is gone"),
            ("u", "4 is below the start of the log, which is 6"),
        ]
    );
    assert!(complaint(&broker.run(&["group", "restore", "g", "--to", &time])).contains("--yes"));
    let before = broker.committed("g");
    let said = text(&broker.run(&["group", "restore", "g", "--to", &time, "--yes"]));
    assert!(said.ends_with("Put 2 offsets of group g back. 3 cannot be put back.\n"), "{said}");
    assert_eq!(broker.committed("g"), [("t".to_owned(), 3), ("u".to_owned(), 9)]);
    let last = notes(&broker, &["--topic", "t", "--limit", "1"]);
    assert_eq!((last[0]["to"].as_i64(), client(&last[0])), (Some(3), "highwater-group-restore-"));
    text(&broker.run(&["group", "restore", "g", "--undo", "--yes"]));
    assert_eq!(broker.committed("g"), before, "all of it is taken back");
}

/// Protects: a group with members is not restored, unless that is forced: its members are sent away, and cannot commit what they
/// knew; what was kept with the offset comes back with it.
#[test]
fn a_group_with_members_is_restored_by_force_alone() {
    let broker = Broker::start(&[]);
    broker.topic("t", 10);
    script(async {
        let mut member = Member::join(&broker.address, "g", "t").await;
        assert_eq!(member.commit(2).await, 0);
        let time = tick(&broker);
        assert_eq!(member.commit(6).await, 0);
        let refused = complaint(&broker.run(&["group", "restore", "g", "--to", &time, "--yes"]));
        assert!(refused.contains("group g has 1 members"), "{refused}");
        assert_eq!(member.commit(7).await, 0);
        text(&broker.run(&["group", "restore", "g", "--to", &time, "--yes", "--force"]));
        assert_eq!((member.commit(8).await, member.heartbeat().await), (25, 25), "UNKNOWN_MEMBER_ID");
        assert_eq!(broker.committed("g"), [("t".to_owned(), 2)]);
        assert_eq!(notes(&broker, &["--limit", "1"])[0]["metadata"], "at 2");
        member.rejoin().await;
        assert_eq!(member.commit(3).await, 0);
    });
}
