//! Listeners: closed by default, and never an address that clients cannot use.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use config::{BrokerConfig, ConfigError, Endpoint, Layers, Notice};

const ALLOW: (&str, &str) = ("highwater.allow.plaintext.listeners", "true");

fn with(entries: &[(&str, &str)]) -> Result<BrokerConfig, ConfigError> {
    let file = entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    BrokerConfig::from_layers(&Layers { file, ..Layers::default() }).map(|(config, _)| config)
}

/// As on a machine whose name is known.
fn on_host(entries: &[(&str, &str)]) -> Result<(BrokerConfig, Vec<Notice>), ConfigError> {
    let file = entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let host_name = Some("box.example".to_owned());
    BrokerConfig::from_layers(&Layers { file, host_name, ..Layers::default() })
}

fn refusal(entries: &[(&str, &str)]) -> String {
    with(entries).expect_err("it is refused").to_string()
}

/// Protects: a listener without authentication is not open to the network unless somebody said so (D-17).
#[test]
fn beyond_loopback_needs_the_word() {
    for open in [
        "PLAINTEXT://:9092",
        "PLAINTEXT://0.0.0.0:9092",
        "PLAINTEXT://10.0.0.1:9092",
        "PLAINTEXT://[::]:9092",
    ] {
        let text = refusal(&[("listeners", open), ("advertised.listeners", "PLAINTEXT://h:9092")]);
        assert!(text.contains("highwater.allow.plaintext.listeners=true"), "{text}");
        assert!(with(&[("listeners", open), ("advertised.listeners", "PLAINTEXT://h:9092"), ALLOW]).is_ok());
    }
    for closed in ["PLAINTEXT://localhost:1", "PLAINTEXT://127.1.2.3:1", "PLAINTEXT://[::1]:1"] {
        assert!(with(&[("listeners", closed)]).is_ok(), "{closed}");
    }
    let text = refusal(&[("highwater.http.listener", "0.0.0.0:9644")]);
    assert!(text.starts_with("highwater.http.listener is refused"), "{text}");
    assert!(with(&[("highwater.http.listener", "0.0.0.0:9644"), ALLOW]).is_ok());
}

/// Protects: what was allowed to be open without authentication is said at every start (D-17), and nothing else is.
#[test]
fn open_addresses_are_named() {
    let said = |entries: &[(&str, &str)]| -> Vec<String> {
        on_host(entries).unwrap().1.iter().map(ToString::to_string).collect()
    };
    assert_eq!(said(&[ALLOW]), [""; 0]);
    let open =
        [("listeners", "PLAINTEXT://10.0.0.1:9092"), ("highwater.http.listener", "10.0.0.1:9644"), ALLOW];
    let sentence = "whoever reaches 10.0.0.1:9092 or 10.0.0.1:9644 needs no authentication";
    assert_eq!(said(&open), [format!("highwater.allow.plaintext.listeners: {sentence}")]);
}

/// Protects: clients are never told to connect to "every interface".
#[test]
fn the_advertised_address_is_usable() {
    let text = refusal(&[("advertised.listeners", "PLAINTEXT://0.0.0.0:9092")]);
    assert!(text.contains("for configuration advertised.listeners"), "{text}");
    let text = refusal(&[("listeners", "PLAINTEXT://:9092"), ALLOW]);
    assert!(text.contains("set advertised.listeners=PLAINTEXT://HOST:PORT"), "{text}");
    let config = with(&[("advertised.listeners", "PLAINTEXT://kafka.example:19092")]).unwrap();
    assert_eq!(config.listeners[0].advertised.to_string(), "kafka.example:19092");
    let text = refusal(&[("advertised.listeners", "OTHER://h:1")]);
    assert!(text.contains("there is no listener OTHER"), "{text}");
}

/// Protects: a listener on every interface without an address of its own advertises the machine's name and says so;
/// an address that was set is never replaced.
#[test]
fn a_wildcard_advertises_the_host_name() {
    for every in ["PLAINTEXT://:9092", "PLAINTEXT://0.0.0.0:9092", "PLAINTEXT://[::]:9092"] {
        let (config, notices) = on_host(&[("listeners", every), ALLOW]).unwrap();
        assert_eq!(config.listeners[0].advertised.to_string(), "box.example:9092");
        let said = notices[0].to_string();
        assert!(said.starts_with("listeners: listener PLAINTEXT is open on every interface"), "{said}");
        assert!(
            said.contains("box.example") && said.contains("advertised.listeners=PLAINTEXT://HOST:PORT"),
            "{said}"
        );
        let set = ("advertised.listeners", "PLAINTEXT://kafka.example:1");
        let (config, notices) = on_host(&[("listeners", every), set, ALLOW]).unwrap();
        assert_eq!(config.listeners[0].advertised.to_string(), "kafka.example:1");
        let named: Vec<&str> = notices.iter().map(|n| n.name.as_str()).collect();
        assert_eq!(named, ["highwater.allow.plaintext.listeners"]);
    }
    let (config, notices) = on_host(&[("listeners", "PLAINTEXT://127.0.0.1:9092")]).unwrap();
    assert_eq!((config.listeners[0].advertised.host.as_str(), notices.len()), ("127.0.0.1", 0));
    for zero in ["PLAINTEXT://0.0.0.0:9092", "PLAINTEXT://[::]:9092", "PLAINTEXT://:9092"] {
        let error = on_host(&[("advertised.listeners", zero)]).unwrap_err().to_string();
        assert!(error.contains("for configuration advertised.listeners"), "{error}");
    }
}

/// Protects: each of several listeners keeps its own address, and each is told what to advertise.
#[test]
fn several_listeners() {
    let (config, notices) = on_host(&[
        ("listeners", "INSIDE://127.0.0.1:9092,OUTSIDE://:9094,CONTROLLER://127.0.0.1:9093"),
        ("advertised.listeners", "OUTSIDE://kafka.example:19094"),
        ("listener.security.protocol.map", "INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT"),
        ("inter.broker.listener.name", "INSIDE"),
        ALLOW,
    ])
    .unwrap();
    let told: Vec<(String, String, String)> = config
        .listeners
        .iter()
        .map(|l| (l.name.clone(), l.bind.to_string(), l.advertised.to_string()))
        .collect();
    let line = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    assert_eq!(
        told,
        [line("INSIDE", "127.0.0.1:9092", "127.0.0.1:9092"), line("OUTSIDE", ":9094", "kafka.example:19094")]
    );
    assert_eq!(config.quorum_listeners.len(), 1);
    let said: Vec<String> = notices.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "listeners: listener CONTROLLER is for controllers and is not opened while a cluster has one node",
            "highwater.allow.plaintext.listeners: whoever reaches :9094 needs no authentication",
        ]
    );
    let both = [("inter.broker.listener.name", "PLAINTEXT"), ("security.inter.broker.protocol", "PLAINTEXT")];
    assert!(refusal(&both).contains("only one of it and security.inter.broker.protocol"));
}

/// Protects: two listeners on one port are refused, but for one IPv4 and one IPv6 address, as in Kafka.
#[test]
fn ports_are_told_apart() {
    let map = ("listener.security.protocol.map", "A:PLAINTEXT,B:PLAINTEXT,CONTROLLER:PLAINTEXT");
    for (text, is_fine) in [
        ("A://127.0.0.1:9092,B://127.0.0.1:9093", true),
        ("A://127.0.0.1:9092,B://127.0.0.1:9092", false),
        ("A://127.0.0.1:9092,B://127.0.0.2:9092", false),
        ("A://localhost:9092,B://127.0.0.1:9092", false),
        ("A://127.0.0.1:9092,CONTROLLER://127.0.0.1:9092", false),
        ("A://127.0.0.1:9092,B://[::1]:9092", true),
        ("A://127.0.0.1:9092,B://[::1]:9092,CONTROLLER://127.0.0.1:9092", false),
        ("A://127.0.0.1:0,B://127.0.0.1:0", true),
    ] {
        let taken = with(&[("listeners", text), map]);
        assert_eq!(taken.is_ok(), is_fine, "{text}: {:?}", taken.err());
    }
}

/// Protects: Kafka's sample file for one combined node works once plain text is allowed.
#[test]
fn kafkas_sample_file() {
    let config = with(&[
        ("listeners", "PLAINTEXT://:9092,CONTROLLER://:9093"),
        ("inter.broker.listener.name", "PLAINTEXT"),
        ("advertised.listeners", "PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093"),
        ("controller.listener.names", "CONTROLLER"),
        ("controller.quorum.bootstrap.servers", "localhost:9093"),
        (
            "listener.security.protocol.map",
            "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL",
        ),
        ALLOW,
    ])
    .unwrap();
    assert_eq!(config.listeners[0].name, "PLAINTEXT");
    assert_eq!(config.quorum_listeners[0].name, "CONTROLLER");
}

/// Protects: several names with the protocol PLAINTEXT work, as container setups have them.
#[test]
fn names_of_ones_own() {
    let both = ("listeners", "INTERNAL://127.0.0.1:9092,external://127.0.0.1:9093");
    let map = ("listener.security.protocol.map", "INTERNAL:PLAINTEXT,EXTERNAL:PLAINTEXT");
    let config = with(&[both, map]).unwrap();
    assert_eq!(config.listeners[1].name, "EXTERNAL");
    assert!(refusal(&[both]).contains("add INTERNAL:PLAINTEXT to listener.security.protocol.map"));
    let text = refusal(&[both, ("listener.security.protocol.map", "INTERNAL:PLAINTEXT,EXTERNAL:SASL_SSL")]);
    assert!(text.starts_with("listeners is refused: listener EXTERNAL"), "{text}");
    assert!(refusal(&[("listeners", "SSL://127.0.0.1:9092")]).contains("not built yet"));
}

/// Protects: texts that are no listeners are refused, with the form that is wanted.
#[test]
fn broken_listeners() {
    for bad in [
        "127.0.0.1:9092",
        "PLAINTEXT://127.0.0.1",
        "PLAINTEXT://h:99999",
        "://h:1",
        "PLAINTEXT://h:+1",
        "PLAINTEXT://::1:9092",
    ] {
        assert!(refusal(&[("listeners", bad)]).ends_with("it must be NAME://host:port"), "{bad}");
    }
    assert!(refusal(&[("listeners", "PLAINTEXT://localhost:1,PLAINTEXT://localhost:2")]).contains("once"));
    assert!(
        refusal(&[("listeners", "PLAINTEXT://localhost:1,CONTROLLER://localhost:1")])
            .contains("a different port")
    );
    assert!(refusal(&[("listeners", "CONTROLLER://localhost:1")]).contains("no listener for clients"));
    assert!(refusal(&[("inter.broker.listener.name", "OTHER")]).contains("no client listener"));
    assert!(refusal(&[("highwater.http.listener", "nonsense")]).contains("host:port"));
}

/// Protects: an address is shown in the form in which it is read, IPv6 included.
#[test]
fn endpoints_round_trip() {
    for text in ["127.0.0.1:1", "[::1]:9092", "host.example:0", ":9092"] {
        assert_eq!(Endpoint::parse(text).unwrap().to_string(), text);
    }
}
