//! What `highwater config explain` says: the value that counts, its source, and what it shadows.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use config::{Class, Dynamic, Explained, Layer, Layers, Overrides, Sources};

fn map(entries: &[(&str, &str)]) -> Overrides {
    entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn chain(explained: &Explained) -> Vec<(&'static str, Layer, &str)> {
    explained.candidates.iter().map(|c| (c.name, c.layer, c.value.as_deref().unwrap_or("-"))).collect()
}

/// Protects: all layers of a setting are listed in the order in which they count.
#[test]
fn every_layer_in_its_order() {
    let sources = Sources::from_layers(&Layers {
        file: map(&[("log.segment.bytes", "2097152"), ("highwater.preset", "tiny")]),
        flags: map(&[("log.segment.bytes", "3145728")]),
        set: map(&[("log.segment.bytes", " 4194304 ")]),
        host_name: None,
    })
    .unwrap();
    let changed = Dynamic {
        every_broker: map(&[("log.segment.bytes", "5242880")]),
        this_broker: map(&[("log.segment.bytes", "6291456")]),
    };
    let explained = sources.with_dynamic(&changed).unwrap().explain("log.segment.bytes").unwrap();
    let name = "log.segment.bytes";
    assert_eq!(
        chain(&explained),
        [
            (name, Layer::ThisBroker, "6291456"),
            (name, Layer::EveryBroker, "5242880"),
            (name, Layer::Set, "4194304"),
            (name, Layer::Flag, "3145728"),
            (name, Layer::File, "2097152"),
            (name, Layer::Preset, "65536"),
            (name, Layer::Default, "1073741824"),
        ]
    );
    assert_eq!(explained.shadowed().len(), 6);
    assert_eq!(explained.property.class(), Class::Enforced);
}

/// Protects: a topic setting is explained by the broker settings behind it, in its own unit.
#[test]
fn a_topic_setting_shows_the_broker_setting_behind_it() {
    let sources = Sources::from_layers(&Layers {
        file: map(&[("log.retention.hours", "2"), ("log.retention.ms", "9")]),
        set: map(&[("log.retention.minutes", "1")]),
        ..Layers::default()
    })
    .unwrap();
    let explained = sources.explain("retention.ms").unwrap();
    assert!(explained.is_of_topics);
    let inherited = [
        ("log.retention.minutes", Layer::Set, "60000"),
        ("log.retention.ms", Layer::File, "9"),
        ("log.retention.hours", Layer::File, "7200000"),
        ("retention.ms", Layer::Default, "604800000"),
    ];
    assert_eq!(chain(&explained), inherited);
    let own = sources.explain_topic("retention.ms", &map(&[("retention.ms", "3")])).unwrap();
    assert_eq!(chain(&own)[0], ("retention.ms", Layer::Topic, "3"));
    assert_eq!(chain(&own)[1..], inherited);
}

/// Protects: what does not act and what is refused says so, and no secret is shown.
#[test]
fn classes_and_secrets() {
    let layers = Layers { set: map(&[("num.io.threads", "9")]), ..Layers::default() };
    let sources = Sources::from_layers(&layers).unwrap();
    let threads = sources.explain("num.io.threads").unwrap();
    assert_eq!(threads.property.class(), Class::NoSubject);
    assert!(threads.idle().is_some());
    let password = sources.explain("ssl.key.password").unwrap();
    assert_eq!((password.property.class(), password.effective()), (Class::Refused, None));
    let unknown = sources.explain("num.partition").unwrap_err().to_string();
    assert!(unknown.ends_with("did you mean num.partitions?"), "{unknown}");
    let old = sources.explain("zookeeper.connect").unwrap_err().to_string();
    assert!(old.contains("ZooKeeper"), "{old}");
}
