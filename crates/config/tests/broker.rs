//! A broker's settings: layers, refusals, and what one node may be told.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use config::{
    BrokerConfig, ConfigError, Layers, Notice, Preset, StorageConfig, TopicConfig, parse_properties,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn from_file(entries: &[(&str, &str)]) -> Result<(BrokerConfig, Vec<Notice>), ConfigError> {
    BrokerConfig::from_layers(&Layers { file: map(entries), ..Layers::default() })
}

fn refusal(entries: &[(&str, &str)]) -> String {
    from_file(entries).expect_err("it is refused").to_string()
}

/// Protects: without any setting the broker is closed, durable and has Kafka's sizes.
#[test]
fn nothing_set() {
    let (config, notices) = from_file(&[]).unwrap();
    assert_eq!(config.listeners.len(), 1);
    assert_eq!(config.listeners[0].bind.to_string(), "127.0.0.1:9092");
    assert_eq!(config.http_listener.unwrap().to_string(), "127.0.0.1:9644");
    assert!(!config.http_listener_is_set);
    assert_eq!(config.topic_defaults, TopicConfig::default());
    assert_eq!(config.storage, StorageConfig::default());
    assert_eq!((config.shards, config.memory_max), (None, None));
    assert!(config.topics.auto_create && config.topics.delete_enabled);
    assert_eq!(notices, []);
}

/// Protects: a setting that is taken and does not act yet is named, never silent.
#[test]
fn settings_that_do_not_act_are_named() {
    let idle = [
        ("socket.listen.backlog.size", "60"),
        ("metadata.log.max.snapshot.interval.ms", "60000"),
        ("compression.lz4.level", "5"),
        ("log.segment.delete.delay.ms", "5"),
    ];
    let (_, notices) = from_file(&idle).unwrap();
    let named: Vec<&str> = notices.iter().map(|notice| notice.name.as_str()).collect();
    assert!(idle.iter().all(|(name, _)| named.contains(name)), "{named:?}");
}

/// Protects: `--set` beats flags, flags beat the file, the file beats a preset.
#[test]
fn precedence() {
    let layers = Layers {
        file: map(&[
            ("num.partitions", "2"),
            ("node.id", "2"),
            ("highwater.preset", "tiny"),
            ("log.segment.bytes", "8192"),
        ]),
        flags: map(&[("num.partitions", "3"), ("log.dirs", "/flag")]),
        set: map(&[("num.partitions", "4")]),
        host_name: None,
    };
    let (config, _) = BrokerConfig::from_layers(&layers).unwrap();
    assert_eq!(config.topics.num_partitions, 4);
    assert_eq!(config.node_id.0, 2);
    assert_eq!(config.data_dir, PathBuf::from("/flag"));
    assert_eq!(config.topic_defaults.segment_bytes, 8192);
    assert_eq!(config.topic_defaults.max_message_bytes, 49152);
}

/// Protects: of two names for one thing the higher layer wins, and then the more exact name.
#[test]
fn synonyms_of_broker_settings() {
    let with = |file: &[(&str, &str)], set: &[(&str, &str)]| {
        let layers = Layers { file: map(file), set: map(set), ..Layers::default() };
        BrokerConfig::from_layers(&layers).unwrap().0
    };
    let retention = |file, set| with(file, set).topic_defaults.retention_ms.map(|m| m.0);
    assert_eq!(retention(&[("log.retention.hours", "1")], &[]), Some(3_600_000));
    assert_eq!(
        retention(&[("log.retention.hours", "1"), ("log.retention.minutes", "2")], &[]),
        Some(120_000)
    );
    assert_eq!(retention(&[("log.retention.ms", "7"), ("log.retention.minutes", "2")], &[]), Some(7));
    assert_eq!(retention(&[("log.retention.ms", "7")], &[("log.retention.hours", "1")]), Some(3_600_000));
    assert_eq!(retention(&[("log.retention.hours", "-1")], &[]), None);
    let config = with(&[("log.dirs", "/a")], &[("log.dir", "/b")]);
    assert_eq!(config.data_dir, PathBuf::from("/b"));
    assert_eq!(with(&[("log.dirs", "/a"), ("log.dir", "/b")], &[]).data_dir, PathBuf::from("/a"));
}

/// Protects: the file that the client suites write is taken as it is.
#[test]
fn the_file_of_the_client_suites() {
    let text = "process.roles=broker,controller\n\
        listeners=PLAINTEXT://127.0.0.1:19092,CONTROLLER://127.0.0.1:19093\n\
        advertised.listeners=PLAINTEXT://127.0.0.1:19092\n\
        listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
        controller.listener.names=CONTROLLER\ninter.broker.listener.name=PLAINTEXT\n\
        controller.quorum.voters=0@127.0.0.1:19093\nlog.dirs=/x/data\nnode.id=0\nnum.partitions=3\n\
        auto.create.topics.enable=true\ndefault.replication.factor=1\nmin.insync.replicas=1\n\
        offsets.topic.replication.factor=1\noffsets.topic.num.partitions=5\n\
        transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n\
        transaction.state.log.num.partitions=5\ngroup.initial.rebalance.delay.ms=0\n\
        group.min.session.timeout.ms=1000\nshare.coordinator.state.topic.replication.factor=1\n\
        share.coordinator.state.topic.min.isr=1\n";
    let layers = Layers { file: parse_properties(text).unwrap(), ..Layers::default() };
    let (config, notices) = BrokerConfig::from_layers(&layers).unwrap();
    assert_eq!(config.node_id.0, 0);
    assert_eq!(config.topics.num_partitions, 3);
    assert_eq!((config.listeners.len(), config.quorum_listeners.len()), (1, 1));
    let named: Vec<&str> = notices.iter().map(|n| n.name.as_str()).collect();
    assert!(
        named.contains(&"share.coordinator.state.topic.min.isr") && !named.contains(&"num.partitions"),
        "{named:?}"
    );
}

/// Protects: the file that Kafka 4.3.1 ships for one combined node starts as it is, once plain text is allowed.
#[test]
fn the_file_that_kafka_ships() {
    let text = "process.roles=broker,controller\nnode.id=1\n\
        controller.quorum.bootstrap.servers=localhost:9093\n\
        listeners=PLAINTEXT://:9092,CONTROLLER://:9093\ninter.broker.listener.name=PLAINTEXT\n\
        advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093\n\
        controller.listener.names=CONTROLLER\n\
        listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,\
        SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL\n\
        num.network.threads=3\nnum.io.threads=8\nsocket.send.buffer.bytes=102400\n\
        socket.receive.buffer.bytes=102400\nsocket.request.max.bytes=104857600\n\
        log.dirs=/tmp/kraft-combined-logs\nnum.partitions=1\nnum.recovery.threads.per.data.dir=1\n\
        offsets.topic.replication.factor=1\nshare.coordinator.state.topic.replication.factor=1\n\
        share.coordinator.state.topic.min.isr=1\ntransaction.state.log.replication.factor=1\n\
        transaction.state.log.min.isr=1\nlog.retention.hours=168\nlog.segment.bytes=1073741824\n\
        log.retention.check.interval.ms=300000\n";
    let file = parse_properties(text).unwrap();
    let refused = BrokerConfig::from_layers(&Layers { file: file.clone(), ..Layers::default() }).unwrap_err();
    assert!(refused.to_string().contains("--allow-plaintext"), "{refused}");
    let flags = map(&[("highwater.allow.plaintext.listeners", "true")]);
    let (config, _) = BrokerConfig::from_layers(&Layers { file, flags, ..Layers::default() }).unwrap();
    assert_eq!(config.listeners[0].advertised.to_string(), "localhost:9092");
}

/// Protects: an unknown key is refused by name, with the setting that was probably meant.
#[test]
fn unknown_keys_are_refused() {
    assert!(refusal(&[("nonsense", "1")]).starts_with("Unknown setting nonsense"));
    assert!(refusal(&[("num.partition", "1")]).ends_with("did you mean num.partitions?"));
    assert!(refusal(&[("retention.ms", "1")]).contains("log.retention.ms is the broker's default for it"));
    assert!(refusal(&[("max.message.bytes", "1")]).contains("message.max.bytes"));
}

/// Protects: what would be security or another missing part in Kafka is never silently ignored.
#[test]
fn missing_parts_are_refused_by_name() {
    for name in [
        "authorizer.class.name",
        "super.users",
        "allow.everyone.if.no.acl.found",
        "ssl.keystore.location",
        "sasl.enabled.mechanisms",
        "listener.name.plaintext.sasl.enabled.mechanisms",
        "remote.log.storage.system.enable",
        "metric.reporters",
        "metadata.log.dir",
        "log.local.retention.ms",
        "transaction.two.phase.commit.enable",
        "transaction.partition.verification.enable",
    ] {
        let text = refusal(&[(name, "5")]);
        assert!(text.starts_with(&format!("{name} is refused: ")), "{text}");
    }
    for (name, none) in [
        ("authorizer.class.name", ""),
        ("super.users", ""),
        ("ssl.client.auth", "none"),
        ("connections.max.reauth.ms", "0"),
        ("security.inter.broker.protocol", "PLAINTEXT"),
        ("remote.log.storage.system.enable", "FALSE"),
    ] {
        assert!(from_file(&[(name, none)]).is_ok(), "{name}");
    }
    assert!(refusal(&[("security.inter.broker.protocol", "SSL")]).contains("not built yet"));
}

/// Protects: a value that asks for protection is refused even where it is Kafka's default.
#[test]
fn a_default_that_asks_for_protection_is_refused() {
    for (name, default) in [("sasl.enabled.mechanisms", "GSSAPI"), ("ssl.protocol", "TLSv1.3")] {
        assert!(refusal(&[(name, default)]).starts_with(&format!("{name} is refused: ")));
    }
}

/// Protects: names of old Kafka versions and other products are refused with what became of them.
#[test]
fn old_names_say_what_became_of_them() {
    for (name, word) in [
        ("zookeeper.connect", "ZooKeeper"),
        ("advertised.host.name", "use advertised.listeners"),
        ("port", "use listeners"),
        ("inter.broker.protocol.version", "gone since Kafka 4.0"),
        ("log.message.timestamp.difference.max.ms", "log.message.timestamp.before.max.ms"),
        ("listener.name.external.max.connections", "one listener alone"),
        ("rsm.config.bucket", "tiered storage"),
        ("confluent.balancer.enable", "another product"),
    ] {
        let text = refusal(&[(name, "5")]);
        assert!(text.starts_with(&format!("{name} is refused: ")) && text.contains(word), "{text}");
    }
}

/// Protects: a password never appears in an error.
#[test]
fn secrets_stay_out_of_errors() {
    let text = refusal(&[("ssl.key.password", "hunter2")]);
    assert!(!text.contains("hunter2"), "{text}");
}

/// Protects: a node of a larger cluster does not start as a cluster of its own.
#[test]
fn only_one_combined_node() {
    assert!(refusal(&[("process.roles", "broker")]).contains("set broker,controller"));
    assert!(refusal(&[("controller.quorum.voters", "1@a:1,2@b:1")]).contains("name this node alone"));
    assert!(refusal(&[("controller.quorum.voters", "2@a:1")]).contains("1@host:port"));
    assert!(refusal(&[("controller.quorum.bootstrap.servers", "a:1,b:1")]).contains("name one address"));
    assert!(refusal(&[("broker.id", "7")]).contains("node.id"));
    assert!(
        from_file(&[("broker.id", "7"), ("node.id", "7"), ("controller.quorum.voters", "7@a:1")]).is_ok()
    );
    assert!(refusal(&[("log.dirs", "/a,/b")]).contains("name one folder"));
    assert!(refusal(&[("log.dirs", " ")]).contains("must name a folder"));
}

/// Protects: types and bounds are checked with Kafka's words.
#[test]
fn values_are_checked() {
    let text = refusal(&[("num.partitions", "0")]);
    assert_eq!(text, "Invalid value 0 for configuration num.partitions: Value must be at least 1");
    assert!(refusal(&[("num.partitions", "many")]).ends_with("Not a number of type INT"));
    assert!(
        refusal(&[("offsets.topic.replication.factor", "40000")]).ends_with("Not a number of type SHORT")
    );
    assert!(refusal(&[("auto.create.topics.enable", "yes")]).contains("true or false"));
    assert!(refusal(&[("group.share.max.size", "1001")]).contains("no more than 1000"));
    assert!(from_file(&[("num.partitions", " 7 ")]).is_ok());
}

/// Protects: the sizes of the write-ahead log fit each other, and a batch fits one file (W-4, W-7).
#[test]
fn sizes_of_the_write_ahead_log() {
    assert!(refusal(&[("message.max.bytes", "40000000")]).starts_with("message.max.bytes is refused: "));
    assert!(from_file(&[("message.max.bytes", "33546240")]).is_ok());
    assert!(refusal(&[("message.max.bytes", "33546241")]).contains("at most 33546240"));
    assert!(refusal(&[("highwater.wal.pool.bytes", "536870912")]).contains("highwater.wal.checkpoint.bytes"));
    assert!(
        refusal(&[("highwater.wal.file.bytes", "4194304"), ("highwater.wal.first.file.bytes", "8388608")])
            .contains("highwater.wal.first.file.bytes")
    );
    assert!(refusal(&[("highwater.wal.file.bytes", "33554433")]).contains("multiple of 4096"));
}

/// Protects: `tiny` is small in every size, goes below Kafka's minimum, and only it does.
#[test]
fn tiny() {
    let config = BrokerConfig::tiny(Path::new("/t")).unwrap();
    assert_eq!(config.preset, Preset::Tiny);
    assert_eq!(config.data_dir, PathBuf::from("/t"));
    assert_eq!(config.listeners[0].bind.port, 0);
    assert_eq!(config.http_listener, None);
    assert_eq!(config.topic_defaults, TopicConfig::tiny());
    assert_eq!(config.storage, StorageConfig::tiny());
    let own = map(&[("segment.bytes", "16384")]);
    assert_eq!(TopicConfig::from_overrides(&own, &config).unwrap().segment_bytes, 16384);
    assert!(TopicConfig::from_overrides(&own, &from_file(&[]).unwrap().0).is_err());
    assert!(refusal(&[("log.segment.bytes", "65536")]).contains("at least 1048576"));
    assert!(refusal(&[("highwater.preset", "small")]).contains("standard, tiny"));
}

/// Protects: a setting that is accepted and does not act is named, unless it is set to its default.
#[test]
fn notices() {
    let (_, notices) = from_file(&[
        ("num.network.threads", "5"),
        ("num.io.threads", "8"),
        ("log.cleaner.threads", "2"),
        ("log.cleanup.policy", "compact,delete"),
        ("compression.type", "zstd"),
        ("log.retention.hours", "5"),
    ])
    .unwrap();
    let named: Vec<&str> = notices.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(named, ["log.cleaner.threads", "num.network.threads"]);
    assert!(notices[0].to_string().contains("one log is compacted at a time"));
}
