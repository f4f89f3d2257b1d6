//! Changes of settings: what Kafka 4.3.1 answered to each, and what is stored.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use config::{
    AlterError, AlterOp, Alteration, BrokerAlteration, BrokerConfig, Dynamic, Layers, Overrides, Scope,
    TopicConfig, alter_topic, replace_topic,
};
use types::ErrorCode;

const RECORDED: &str = include_str!("../../../golden/settings/alterations-4.3.1.tsv");

/// Answers that are not Kafka's on purpose: resource, changes, code, beginning of the message.
const OURS: &[(&str, &str, &str, &str)] = &[
    // Internal and tiered-storage settings of topics do not exist here.
    ("TOPIC t", "SET|internal.segment.bytes|100000", "INVALID_CONFIG", "Unknown topic config name: "),
    ("TOPIC t", "SET|remote.storage.enable|true", "INVALID_CONFIG", "remote.storage.enable is refused: "),
    ("TOPIC t", "SET|local.retention.ms|5", "INVALID_CONFIG", "local.retention.ms is refused: "),
    ("TOPIC t", "SET|local.retention.ms|9999999999999", "INVALID_CONFIG", "local.retention.ms is refused: "),
    ("TOPIC t", "SET|remote.log.copy.disable|true", "INVALID_CONFIG", "remote.log.copy.disable is refused: "),
    (
        "TOPIC t",
        "SET|remote.log.delete.on.disable|true",
        "INVALID_CONFIG",
        "remote.log.delete.on.disable is refused: ",
    ),
    // Partitions always ask the coordinator.
    (
        "BROKER 1",
        "SET|transaction.partition.verification.enable|maybe",
        "INVALID_REQUEST",
        "transaction.partition.verification.enable is refused: ",
    ),
    // Kafka stores unknown names for plugins; here a name that nobody knows is refused.
    ("BROKER 1", "SET|nope|5", "INVALID_REQUEST", "Unknown setting nope: "),
    ("BROKER ", "SET|nope|5", "INVALID_REQUEST", "Unknown setting nope: "),
    ("BROKER 1", "SET|zookeeper.connect|a:1", "INVALID_REQUEST", "zookeeper.connect is refused: "),
    // Kafka looks at both lags only when a topic is changed.
    (
        "BROKER 1",
        "SET|log.cleaner.min.compaction.lag.ms|10 & SET|log.cleaner.max.compaction.lag.ms|5",
        "INVALID_REQUEST",
        "conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)",
    ),
    // Kafka divides by zero, and bounds a change of a pool of threads, of which there is none here.
    ("BROKER 1", "SET|log.cleaner.threads|0", "NONE", ""),
    ("BROKER 1", "SET|num.io.threads|100", "NONE", ""),
    ("BROKER 1", "SET|num.io.threads|1", "NONE", ""),
    // The feature eligible.leader.replicas.version ties this to the cluster; it is not built yet.
    ("BROKER 1", "SET|min.insync.replicas|2", "NONE", ""),
    ("BROKER ", "DELETE|min.insync.replicas", "NONE", ""),
    // What asks for protection is refused by name.
    ("BROKER 1", "SET|ssl.keystore.location|/x", "INVALID_REQUEST", "ssl.keystore.location is refused: "),
    ("BROKER ", "SET|ssl.keystore.location|/x", "INVALID_REQUEST", "ssl.keystore.location is refused: "),
    (
        "BROKER 1",
        "SET|listener.name.plaintext.ssl.keystore.location|/x",
        "INVALID_REQUEST",
        "listener.name.plaintext.ssl.keystore.location is refused: ",
    ),
    (
        "BROKER ",
        "SET|listener.name.plaintext.ssl.keystore.location|/x",
        "INVALID_REQUEST",
        "listener.name.plaintext.ssl.keystore.location is refused: ",
    ),
    ("BROKER 1", "SET|super.users|User:a", "INVALID_REQUEST", "super.users is refused: "),
    (
        "BROKER 1",
        "SET|sasl.enabled.mechanisms|PLAIN",
        "INVALID_REQUEST",
        "sasl.enabled.mechanisms is refused: ",
    ),
    ("BROKER 1", "SET|authorizer.class.name|x", "INVALID_REQUEST", "authorizer.class.name is refused: "),
    ("BROKER 1", "SET|principal.builder.class|x", "INVALID_REQUEST", "principal.builder.class is refused: "),
    ("BROKER ", "SET|principal.builder.class|x", "INVALID_REQUEST", "principal.builder.class is refused: "),
    // Kafka's messages are those of its parsers.
    (
        "BROKER 1",
        "SET|max.connections.per.ip.overrides|a",
        "INVALID_REQUEST",
        "Invalid value a for configuration max.connections.per.ip.overrides: ",
    ),
    (
        "BROKER ",
        "SET|max.connections.per.ip.overrides|127.0.0.1:a",
        "INVALID_REQUEST",
        "Invalid value 127.0.0.1:a for configuration max.connections.per.ip.overrides: ",
    ),
    // Sockets are opened at a start.
    (
        "BROKER ",
        "SET|listeners|PLAINTEXT://127.0.0.1:29392",
        "INVALID_REQUEST",
        "Cannot update these configs dynamically: [listeners]",
    ),
    (
        "BROKER 1",
        "SET|listeners|PLAINTEXT://127.0.0.1:29392,CONTROLLER://127.0.0.1:29393",
        "INVALID_REQUEST",
        "Cannot update these configs dynamically: [listeners]",
    ),
    // Several folders, plugins and tiered storage do not exist here.
    ("BROKER 1", "SET|cordoned.log.dirs|/x", "INVALID_REQUEST", "cordoned.log.dirs is refused: "),
    ("BROKER 1", "SET|cordoned.log.dirs|*", "INVALID_REQUEST", "cordoned.log.dirs is refused: "),
    ("BROKER ", "SET|cordoned.log.dirs|*", "INVALID_REQUEST", "cordoned.log.dirs is refused: "),
    ("BROKER 1", "SET|metric.reporters|com.example.X", "INVALID_REQUEST", "metric.reporters is refused: "),
    ("BROKER 1", "SET|config.providers|file", "INVALID_REQUEST", "config.providers is refused: "),
    (
        "BROKER 1",
        "SET|remote.log.manager.thread.pool.size|3",
        "INVALID_REQUEST",
        "remote.log.manager.thread.pool.size is refused: ",
    ),
    (
        "BROKER 1",
        "SET|log.local.retention.ms|9999999999999",
        "INVALID_REQUEST",
        "log.local.retention.ms is refused: ",
    ),
    ("BROKER ", "SET|log.local.retention.ms|5", "INVALID_REQUEST", "log.local.retention.ms is refused: "),
];

fn map(entries: &[(&str, &str)]) -> Overrides {
    entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn broker(set: &[(&str, &str)]) -> BrokerConfig {
    BrokerConfig::from_layers(&Layers { set: map(set), ..Layers::default() }).unwrap().0
}

/// Reads changes as the recording has them: `operation|setting|value`, joined by `&`.
fn changes(text: &str) -> Vec<Alteration> {
    let one = |change: &str| {
        let parts: Vec<&str> = change.split('|').collect();
        let op = match parts[0] {
            "SET" => AlterOp::Set,
            "DELETE" => AlterOp::Delete,
            "APPEND" => AlterOp::Append,
            "SUBTRACT" => AlterOp::Subtract,
            other => panic!("{other}"),
        };
        Alteration { name: parts[1].to_owned(), op, value: parts.get(2).map(|v| (*v).to_owned()) }
    };
    text.split(" & ").filter(|change| !change.is_empty()).map(one).collect()
}

/// A broker with one topic, as the recorded node had it.
struct Node {
    broker: BrokerConfig,
    topic: Overrides,
    dynamic: Dynamic,
}

impl Node {
    fn alter(&mut self, resource: &str, text: &str) -> Result<(), AlterError> {
        let changes = changes(text);
        if resource == "TOPIC t" {
            self.topic = alter_topic(&self.topic, &changes, &self.broker)?;
            return Ok(());
        }
        let scope = if resource == "BROKER " { Scope::EveryBroker } else { Scope::ThisBroker };
        let topics = [&self.topic];
        let change = BrokerAlteration { scope, broker: &self.broker, stored: &self.dynamic, topics: &topics };
        let after = change.alter(&changes)?;
        match scope {
            Scope::EveryBroker => self.dynamic.every_broker = after,
            Scope::ThisBroker => self.dynamic.this_broker = after,
        }
        Ok(())
    }
}

/// Protects: each recorded change gets Kafka's code and message, but for the differences that stand above with their reason.
#[test]
fn answers_are_kafkas() {
    let mut node = Node { broker: broker(&[]), topic: Overrides::new(), dynamic: Dynamic::default() };
    let (mut seen, mut different) = (0, 0);
    for line in RECORDED.lines().filter(|l| !l.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let resource = format!("{} {}", fields[0], fields[1]);
        if !["TOPIC t", "BROKER 1", "BROKER "].contains(&resource.as_str()) {
            continue;
        }
        let answer = node.alter(&resource, fields[2]);
        let (code, message) =
            answer.map_or_else(|e| (e.code().name(), e.to_string()), |()| ("NONE", String::new()));
        seen += 1;
        match OURS.iter().find(|(r, c, ..)| *r == resource && *c == fields[2]) {
            None => assert_eq!((code, message.as_str()), (fields[3], fields[4]), "{line}"),
            Some((_, _, expected, start)) => {
                different += 1;
                assert!(code == *expected && message.starts_with(start), "{line}: {code} {message}");
                assert_ne!((code, message.as_str()), (fields[3], fields[4]), "no difference: {line}");
            }
        }
    }
    assert!(seen > 110, "{seen}");
    assert_eq!(different, OURS.len());
}

/// Protects: lists grow and shrink by their entries, starting from the default, each entry once.
#[test]
fn lists() {
    let cases = [
        (None, "APPEND|cleanup.policy|compact", "delete,compact"),
        (Some("delete,compact"), "APPEND|cleanup.policy|compact", "delete,compact"),
        (Some("delete,compact"), "SUBTRACT|cleanup.policy|delete", "compact"),
        (Some("compact"), "SUBTRACT|cleanup.policy|compact", ""),
        (Some(""), "SUBTRACT|cleanup.policy|delete", ""),
        (Some(""), "APPEND|cleanup.policy|compact, delete", "compact,delete"),
        (None, "APPEND|leader.replication.throttled.replicas|0:1,1:1", "0:1,1:1"),
    ];
    for (before, text, after) in cases {
        let changes = changes(text);
        let name = changes[0].name.clone();
        let stored: Overrides = before.map(|v| (name.clone(), v.to_owned())).into_iter().collect();
        let altered = alter_topic(&stored, &changes, &broker(&[])).unwrap();
        assert_eq!(altered.get(&name).map(String::as_str), Some(after), "{before:?} {text}");
    }
}

/// Protects: one wrong change of several leaves all of them undone, and right ones are stored as they were written.
#[test]
fn all_or_nothing() {
    let stored = map(&[("retention.ms", "5")]);
    let wrong = changes("SET|segment.ms|7 & DELETE|retention.ms & SET|preallocate|maybe");
    let error = alter_topic(&stored, &wrong, &broker(&[])).unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidConfig);
    let right = changes("DELETE|retention.ms & SET|segment.ms| 7 ");
    assert_eq!(alter_topic(&stored, &right, &broker(&[])).unwrap(), map(&[("segment.ms", " 7 ")]));
    assert_eq!(alter_topic(&stored, &[], &broker(&[])).unwrap(), stored);
}

/// Protects: a whole replacement leaves nothing of what was, but for what is fixed when the topic is created.
#[test]
fn whole_replacement() {
    let entries = |list: &[(&str, Option<&str>)]| -> Vec<(String, Option<String>)> {
        list.iter().map(|(k, v)| ((*k).to_owned(), v.map(str::to_owned))).collect()
    };
    let stored = map(&[("retention.ms", "5"), ("highwater.durability", "page-cache")]);
    let replaced = |list| replace_topic(&stored, &entries(list), &broker(&[]));
    assert_eq!(
        replaced(&[("segment.ms", Some("7"))]).unwrap(),
        map(&[("segment.ms", "7"), ("highwater.durability", "page-cache")])
    );
    assert_eq!(replaced(&[]).unwrap(), map(&[("highwater.durability", "page-cache")]));
    let fixed = replaced(&[("highwater.durability", Some("fsync"))]).unwrap_err();
    assert_eq!((fixed.code(), fixed), (ErrorCode::InvalidConfig, AlterError::FixedDurability));
    let none = replaced(&[("segment.ms", None), ("retention.ms", None)]).unwrap_err();
    assert_eq!(none.to_string(), "Null value not supported for : segment.ms, retention.ms");
    assert_eq!(
        replaced(&[("segment.ms", Some("7")), ("segment.ms", None)]).unwrap_err(),
        AlterError::Duplicate
    );
    let broker = broker(&[]);
    let stored = Dynamic { this_broker: map(&[("log.retention.ms", "5")]), ..Dynamic::default() };
    let change = BrokerAlteration { scope: Scope::ThisBroker, broker: &broker, stored: &stored, topics: &[] };
    let replaced = change.replace(&entries(&[("log.roll.ms", Some("7"))])).unwrap();
    assert_eq!(replaced, map(&[("log.roll.ms", "7")]));
}

/// Protects: what an acknowledgement of a topic means never changes by a change of a setting.
#[test]
fn durability_is_fixed() {
    let weak = map(&[("highwater.durability", "page-cache")]);
    for (stored, text, is_fine) in [
        (&weak, "SET|highwater.durability|fsync", false),
        (&weak, "DELETE|highwater.durability", false),
        (&weak, "SET|highwater.durability|page-cache & SET|retention.ms|5", true),
        (&map(&[]), "SET|highwater.durability|page-cache", false),
        (&map(&[]), "SET|highwater.durability|fsync", true),
    ] {
        // Whatever the broker's default is now.
        for default in ["fsync", "page-cache"] {
            let altered = alter_topic(stored, &changes(text), &broker(&[("highwater.durability", default)]));
            assert_eq!(altered.is_ok(), is_fine, "{text}");
        }
    }
    let broker_wide = BrokerAlteration {
        scope: Scope::EveryBroker,
        broker: &broker(&[]),
        stored: &Dynamic::default(),
        topics: &[],
    };
    let error = broker_wide.alter(&changes("SET|highwater.durability|page-cache")).unwrap_err();
    assert!(error.to_string().contains("dynamically: [highwater.durability]"), "{error}");
}

/// Protects: a batch must fit into a file of the write-ahead log (W-4), at the topic and at the broker.
#[test]
fn sizes_fit_the_write_ahead_log() {
    let broker = broker(&[]);
    assert!(alter_topic(&map(&[]), &changes("SET|max.message.bytes|33546240"), &broker).is_ok());
    let error = alter_topic(&map(&[]), &changes("SET|max.message.bytes|33546241"), &broker).unwrap_err();
    assert!(error.to_string().starts_with("max.message.bytes is refused: "), "{error}");
    let change = BrokerAlteration {
        scope: Scope::EveryBroker,
        broker: &broker,
        stored: &Dynamic::default(),
        topics: &[],
    };
    let error = change.alter(&changes("SET|message.max.bytes|33546241")).unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidRequest);
    assert!(error.to_string().starts_with("message.max.bytes is refused: "), "{error}");
}

/// Protects: a broker's default does not make the settings of an existing topic impossible.
#[test]
fn topics_must_still_be_possible() {
    let (broker, stored) = (broker(&[]), Dynamic::default());
    let own = map(&[("min.compaction.lag.ms", "10")]);
    let change =
        |topics| BrokerAlteration { scope: Scope::EveryBroker, broker: &broker, stored: &stored, topics };
    let five = changes("SET|log.cleaner.max.compaction.lag.ms|5");
    assert!(change(&[]).alter(&five).is_ok());
    let (impossible, possible) = (map(&[("of.a.newer.build", "1")]), [&own]);
    let before = [&impossible];
    assert!(change(&before).alter(&five).is_ok(), "it was so before");
    let error = change(&possible).alter(&five).unwrap_err();
    assert!(
        matches!(error, AlterError::Dependent(_)) && error.code() == ErrorCode::InvalidRequest,
        "{error}"
    );
}

/// Protects: a change of a setting for all brokers that is also set for one is checked as that one will have it.
#[test]
fn changes_are_checked_as_they_will_count() {
    let broker = broker(&[]);
    let stored =
        Dynamic { this_broker: map(&[("log.cleaner.min.compaction.lag.ms", "10")]), ..Dynamic::default() };
    let change =
        BrokerAlteration { scope: Scope::EveryBroker, broker: &broker, stored: &stored, topics: &[] };
    assert!(change.alter(&changes("SET|log.cleaner.max.compaction.lag.ms|5")).is_err());
    assert!(change.alter(&changes("SET|log.cleaner.max.compaction.lag.ms|50")).is_ok());
}

/// Protects: what was decided is what a topic then has.
#[test]
fn what_is_stored_acts() {
    let after =
        alter_topic(&map(&[]), &changes("SET|retention.ms|5 & APPEND|cleanup.policy|compact"), &broker(&[]));
    let config = TopicConfig::from_overrides(&after.unwrap(), &broker(&[])).unwrap();
    assert_eq!(config.retention_ms.map(|m| m.0), Some(5));
    assert!(config.cleanup_policy.delete && config.cleanup_policy.compact);
}

/// Protects: names and lists as long as a request cost no more than reading them: a list whose entries are compared with each
/// other would not end.
#[test]
fn long_requests_are_answered() {
    let (broker, stored) = (broker(&[]), Dynamic::default());
    let change =
        BrokerAlteration { scope: Scope::EveryBroker, broker: &broker, stored: &stored, topics: &[] };
    let set = |name: String| Alteration { name, op: AlterOp::Set, value: Some("5".to_owned()) };
    let error = change.alter(&[set("n".repeat(1_000_000))]).unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidRequest);
    let many: Vec<Alteration> = (0..50_000).map(|n| set(format!("n{n}"))).collect();
    assert_eq!(change.alter(&many).unwrap_err().code(), ErrorCode::InvalidRequest);
    let replicas: Vec<String> = (0..50_000).map(|n| format!("{n}:1")).collect();
    let list = |op| Alteration {
        name: "leader.replication.throttled.replicas".to_owned(),
        op,
        value: Some(replicas.join(",")),
    };
    let full = alter_topic(&map(&[]), &[list(AlterOp::Append)], &broker).unwrap();
    let twice = alter_topic(&full, &[list(AlterOp::Append)], &broker).unwrap();
    assert_eq!(twice, full);
    let none = alter_topic(&full, &[list(AlterOp::Subtract)], &broker).unwrap();
    assert_eq!(none, map(&[("leader.replication.throttled.replicas", "")]));
}

/// Protects: operations have Kafka's numbers.
#[test]
fn operations_on_the_wire() {
    let ops = [0, 1, 2, 3, 4, -1].map(AlterOp::of);
    assert_eq!(
        ops,
        [
            Some(AlterOp::Set),
            Some(AlterOp::Delete),
            Some(AlterOp::Append),
            Some(AlterOp::Subtract),
            None,
            None
        ]
    );
}
