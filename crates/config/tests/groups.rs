//! Settings of groups of the consumer protocol: what the broker's parts receive, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use config::{
    AlterError, AlterOp, Alteration, BrokerConfig, ConfigError, ConsumerGroupConfig, ConsumerTimes, Dynamic,
    Layers, MigrationPolicy, Overrides, TimeLimits, alter_group, replace_group,
};
use types::{ErrorCode, Millis};

fn broker(set: &[(&str, &str)]) -> Result<BrokerConfig, ConfigError> {
    let set = set.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Ok(BrokerConfig::from_layers(&Layers { set, ..Layers::default() })?.0)
}

fn consumer(set: &[(&str, &str)]) -> ConsumerGroupConfig {
    broker(set).unwrap().groups.consumer
}

fn map(entries: &[(&str, &str)]) -> Overrides {
    entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

const SESSION: &str = "consumer.session.timeout.ms";
const HEARTBEAT: &str = "consumer.heartbeat.interval.ms";
const ASSIGNMENT: &str = "consumer.assignment.interval.ms";

fn refusal(set: &[(&str, &str)]) -> String {
    broker(set).expect_err("it is refused").to_string()
}

/// Protects: without settings the consumer protocol is served, with Kafka's times, limits, assignors and ways of migration.
#[test]
fn the_consumer_protocol_is_as_set() {
    let limits = |least, most| TimeLimits { least: Millis(least), most: Millis(most) };
    let expected = ConsumerGroupConfig {
        enabled: true,
        session_timeout: Millis(45_000),
        heartbeat_interval: Millis(5_000),
        assignment_interval: Millis(1_000),
        session_limits: limits(45_000, 60_000),
        heartbeat_limits: limits(5_000, 15_000),
        assignment_limits: limits(0, 15_000),
        max_size: 2_147_483_647,
        assignors: vec!["uniform".to_owned(), "range".to_owned()],
        migration: MigrationPolicy::Bidirectional,
    };
    assert_eq!(consumer(&[]), expected);
    assert_eq!(consumer(&[("group.consumer.max.size", "3")]).max_size, 3);
    assert!(refusal(&[("group.consumer.max.size", "0")]).contains("at least 1"));
}

/// Protects: each time of the consumer protocol is what was set, within its limits, and its limits have an order.
#[test]
fn times_of_the_consumer_protocol_lie_in_their_limits() {
    let times = |c: &ConsumerGroupConfig, name: &str| match name {
        "session.timeout" => (c.session_timeout, c.session_limits),
        "heartbeat.interval" => (c.heartbeat_interval, c.heartbeat_limits),
        _ => (c.assignment_interval, c.assignment_limits),
    };
    for (name, [least, value, most]) in [
        ("session.timeout", ["20000", "30000", "40000"]),
        ("heartbeat.interval", ["1000", "2000", "3000"]),
        ("assignment.interval", ["4", "5", "6"]),
    ] {
        let name_of = |which: &str| format!("group.consumer.{which}{name}.ms");
        let [of_value, of_least, of_most] = ["", "min.", "max."].map(name_of);
        let all = |least, value, most| {
            [(of_least.as_str(), least), (of_value.as_str(), value), (of_most.as_str(), most)]
        };
        let expected = [least, value, most].map(|t| Millis(t.parse().unwrap()));
        let (is, limits) = times(&consumer(&all(least, value, most)), name);
        assert_eq!([limits.least, is, limits.most], expected, "{name}");
        for at_limit in [least, most] {
            assert_eq!(times(&consumer(&all(least, at_limit, most)), name).0.0.to_string(), at_limit);
        }
        let below = refusal(&all(value, least, most));
        assert!(below.contains(&format!("{of_value}: it must not be below {of_least}")), "{below}");
        let above = refusal(&all(least, most, value));
        assert!(above.contains(&format!("{of_value}: it must not be above {of_most}")), "{above}");
        let order = refusal(&all(most, value, least));
        assert!(order.contains(&format!("{of_least}: it must not be above {of_most}")), "{order}");
        let negative = refusal(&[(&of_value, "-1")]);
        assert!(negative.contains("Value must be at least"), "{negative}");
    }
}

/// Protects: a member that beats in time is never late: its heartbeats are more frequent than sessions end.
#[test]
fn heartbeats_are_shorter_than_sessions() {
    let set = |heartbeat| {
        [
            ("group.consumer.min.session.timeout.ms", "6000"),
            ("group.consumer.session.timeout.ms", "6000"),
            ("group.consumer.heartbeat.interval.ms", heartbeat),
        ]
    };
    assert_eq!(consumer(&set("5999")).heartbeat_interval, Millis(5999));
    let refused = refusal(&set("6000"));
    let why = "it must be less than group.consumer.session.timeout.ms, which is 6000";
    assert!(refused.contains(why), "{refused}");
}

/// Protects: the first assignor is the default; one that is not built in is refused by its name, with the way out.
#[test]
fn assignors_are_those_that_are_built_in() {
    let set = |names| [("group.consumer.assignors", names)];
    assert_eq!(consumer(&set("range")).assignors, ["range"]);
    assert_eq!(consumer(&set(" range , uniform ")).assignors, ["range", "uniform"]);
    let other = refusal(&set("uniform,org.example.Mine"));
    assert!(other.starts_with("group.consumer.assignors is refused: it names org.example.Mine"), "{other}");
    assert!(other.ends_with("remove it from the list"), "{other}");
    for wrong in ["", "range,range"] {
        assert!(refusal(&set(wrong)).contains("it must name uniform, range or both"), "{wrong}");
    }
}

/// Protects: groups are converted only the ways that were allowed; as in Kafka the name may be in capitals.
#[test]
fn the_migration_policy_says_which_ways() {
    let ways = |name| {
        let migration = consumer(&[("group.consumer.migration.policy", name)]).migration;
        (migration.upgrades(), migration.downgrades())
    };
    assert_eq!(["disabled", "UPGRADE"].map(ways), [(false, false), (true, false)]);
    assert_eq!(["Downgrade", "bidirectional"].map(ways), [(false, true), (true, true)]);
    assert!(refusal(&[("group.consumer.migration.policy", "both")]).contains("must be one of"));
}

/// Protects: the consumer protocol can be left out, the classic one cannot; what names groups that are not built is said.
#[test]
fn the_consumer_protocol_can_be_left_out() {
    const NAME: &str = "group.coordinator.rebalance.protocols";
    let enabled = |names| consumer(&[(NAME, names)]).enabled;
    assert_eq!(["classic", "consumer,classic"].map(enabled), [false, true]);
    assert!(refusal(&[(NAME, "consumer")]).contains("the classic protocol cannot be left out"));
    assert!(refusal(&[(NAME, "classic,other")]).contains("must be one of"));
    let notices = |names: &str| {
        let set = [(NAME.to_owned(), names.to_owned())].into();
        BrokerConfig::from_layers(&Layers { set, ..Layers::default() }).unwrap().1
    };
    assert_eq!(notices("classic,consumer"), []);
    assert_eq!(notices("classic,consumer,streams"), [], "Kafka's default");
    assert_eq!(notices("classic,share")[0].name, NAME);
}

/// Protects: the interval of assignments changes while the broker runs, within the limits.
#[test]
fn the_assignment_interval_changes_at_runtime() {
    let base = broker(&[]).unwrap();
    let changed = |value: &str| {
        let entry = ("group.consumer.assignment.interval.ms".to_owned(), value.to_owned());
        base.with_dynamic(&Dynamic { every_broker: [entry].into(), ..Dynamic::default() })
    };
    assert_eq!(changed("7").unwrap().0.groups.consumer.assignment_interval, Millis(7));
    assert!(changed("15001").is_err());
}

/// Protects: a group has the times it set for itself, the broker's where it set none, and the limit where the broker's limits
/// have become narrower since; its heartbeats stay shorter than its sessions.
#[test]
fn a_groups_own_times_lie_in_the_brokers_limits() {
    let times = |session, heartbeat, assignment| ConsumerTimes {
        session_timeout: Millis(session),
        heartbeat_interval: Millis(heartbeat),
        assignment_interval: Millis(assignment),
    };
    let plain = consumer(&[]);
    assert_eq!(plain.times_of(&map(&[])), times(45_000, 5_000, 1_000));
    assert_eq!(plain.times(), plain.times_of(&map(&[])));
    let own = map(&[(SESSION, "50000"), (ASSIGNMENT, "0")]);
    assert_eq!(plain.times_of(&own), times(50_000, 5_000, 0));
    let beyond = map(&[(SESSION, "90000"), (HEARTBEAT, "1"), (ASSIGNMENT, "16000")]);
    assert_eq!(plain.times_of(&beyond), times(60_000, 5_000, 15_000));
    assert_eq!(plain.times_of(&map(&[(SESSION, "of a newer build")])), plain.times());
    let narrow = consumer(&[
        ("group.consumer.min.session.timeout.ms", "5000"),
        ("group.consumer.session.timeout.ms", "7000"),
        ("group.consumer.max.session.timeout.ms", "8000"),
    ]);
    let own = map(&[(SESSION, "50000"), (HEARTBEAT, "9000"), (ASSIGNMENT, "3")]);
    assert_eq!(narrow.times_of(&own), times(7_000, 5_000, 3), "both are the broker's");
}

fn alteration(op: AlterOp, name: &str, value: Option<&str>) -> Alteration {
    Alteration { name: name.to_owned(), op, value: value.map(str::to_owned) }
}

/// Protects: what a group sets is stored in one form and taken back by name; what is refused changes nothing and is answered
/// with Kafka's code and sentence (the recorded ones are asked in golden/exchange, list group-settings).
#[test]
fn settings_of_a_group_are_changed() {
    let broker = broker(&[
        ("group.consumer.min.session.timeout.ms", "6000"),
        ("group.consumer.min.heartbeat.interval.ms", "1000"),
    ])
    .unwrap();
    let stored = map(&[(SESSION, "50000")]);
    let set = |name, value| alter_group(&stored, &[alteration(AlterOp::Set, name, Some(value))], &broker);
    assert_eq!(set(HEARTBEAT, " 6000 ").unwrap(), map(&[(SESSION, "50000"), (HEARTBEAT, "6000")]));
    let taken_back = alter_group(&stored, &[alteration(AlterOp::Delete, SESSION, None)], &broker);
    assert_eq!(taken_back.unwrap(), map(&[]));
    let whole = |entries: &[(&str, &str)]| {
        let entries: Vec<_> = entries.iter().map(|(k, v)| ((*k).to_owned(), Some((*v).to_owned()))).collect();
        replace_group(&entries, &broker)
    };
    assert_eq!(whole(&[(ASSIGNMENT, "5")]).unwrap(), map(&[(ASSIGNMENT, "5")]));
    let told = |error: AlterError| (error.code(), error.to_string());
    let both = [(SESSION, "6000"), (HEARTBEAT, "6000")];
    let sentence = "consumer.session.timeout.ms must be greater than consumer.heartbeat.interval.ms";
    assert_eq!(told(whole(&both).unwrap_err()), (ErrorCode::InvalidConfig, sentence.to_owned()));
    for name in ["share.session.timeout.ms", "streams.num.standby.replicas"] {
        let (code, sentence) = told(set(name, "50000").unwrap_err());
        assert_eq!(code, ErrorCode::InvalidConfig);
        assert!(sentence.starts_with(&format!("{name} is refused: ")), "{sentence}");
    }
    let unknown = told(set("retention.ms", "1").unwrap_err());
    assert_eq!(unknown, (ErrorCode::InvalidConfig, "Unknown group config name: retention.ms".to_owned()));
}
