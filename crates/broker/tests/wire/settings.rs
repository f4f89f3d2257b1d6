//! Settings over the wire: described, listed and changed as Kafka 4.3.1 does it (golden/exchange, golden/settings), kept
//! across a stop and a kill. What they do is in effects.rs.

use crate::client::Client;
use crate::harness::{Broker, folder};
use types::ErrorCode;
use wire::alter_configs_request as whole;
use wire::describe_configs_request::DescribeConfigsResource;
use wire::describe_configs_response::{DescribeConfigsResourceResult, DescribeConfigsResult};
use wire::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use wire::incremental_alter_configs_response::AlterConfigsResourceResponse;
use wire::{
    AlterConfigsRequest, DescribeConfigsRequest, IncrementalAlterConfigsRequest, ListConfigResourcesRequest,
};

pub const TOPIC: i8 = 2;
pub const BROKER: i8 = 4;
/// A version of each API that the tests use where any will do.
const DESCRIBE: i16 = 4;
const ALTER: i16 = 1;

/// Operation, setting, value.
pub type Change<'a> = (i8, &'a str, Option<&'a str>);

fn resource((kind, name): (i8, &str), changes: &[Change<'_>]) -> AlterConfigsResource {
    let config = |(op, name, value): &Change<'_>| AlterableConfig {
        name: (*name).to_owned(),
        config_operation: *op,
        value: value.map(str::to_owned),
    };
    AlterConfigsResource {
        resource_type: kind,
        resource_name: name.to_owned(),
        configs: changes.iter().map(config).collect(),
    }
}

/// Changes settings of one resource; returns the answer, whatever it is.
pub fn change(
    client: &mut Client,
    of: (i8, &str),
    changes: &[Change<'_>],
    version: i16,
) -> AlterConfigsResourceResponse {
    let request =
        IncrementalAlterConfigsRequest { resources: vec![resource(of, changes)], validate_only: false };
    client.call(&request, version).responses.remove(0)
}

/// Sets one setting, which must be taken.
pub fn set(client: &mut Client, of: (i8, &str), name: &str, value: &str) {
    let answer = change(client, of, &[(0, name, Some(value))], ALTER);
    assert_eq!(answer.error_code, 0, "{name}={value}: {answer:?}");
}

/// Takes one setting back.
pub fn unset(client: &mut Client, of: (i8, &str), name: &str) {
    assert_eq!(change(client, of, &[(1, name, None)], ALTER).error_code, 0, "{name}");
}

fn describe_with(
    client: &mut Client,
    (kind, name): (i8, &str),
    keys: Option<&[&str]>,
    documentation: bool,
) -> DescribeConfigsResult {
    let configuration_keys = keys.map(|keys| keys.iter().map(|key| (*key).to_owned()).collect());
    let resource =
        DescribeConfigsResource { resource_type: kind, resource_name: name.to_owned(), configuration_keys };
    let request = DescribeConfigsRequest {
        resources: vec![resource],
        include_synonyms: true,
        include_documentation: documentation,
    };
    client.call(&request, DESCRIBE).results.remove(0)
}

fn describe(client: &mut Client, of: (i8, &str), keys: Option<&[&str]>) -> DescribeConfigsResult {
    describe_with(client, of, keys, false)
}

/// Describes one setting: value, source, and the sources of what it shadows.
pub fn shown(client: &mut Client, of: (i8, &str), name: &str) -> (Option<String>, i8, Vec<(String, i8)>) {
    let config: DescribeConfigsResourceResult = describe(client, of, Some(&[name])).configs.remove(0);
    let synonyms = config.synonyms.into_iter().map(|s| (s.name, s.source)).collect();
    (config.value, config.config_source, synonyms)
}

fn told(answer: &AlterConfigsResourceResponse) -> (i16, &str) {
    (answer.error_code, answer.error_message.as_deref().unwrap_or(""))
}

/// Resource, changes, code, message.
type Case<'a> = ((i8, &'a str), &'a [Change<'a>], i16, &'a str);

/// Protects: changes of a topic's settings are answered with Kafka's codes and sentences, whatever their order in a request.
#[test]
fn changes_of_topics_are_answered_as_by_kafka() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("one", 1);
    let one = (TOPIC, "one");
    let cases: &[Case<'_>] = &[
        (one, &[(0, "retention.ms", Some("1000000"))], 0, ""),
        (one, &[(0, "no.such.key", Some("1"))], 40, "Unknown topic config name: no.such.key"),
        (
            one,
            &[(0, "retention.ms", Some("x"))],
            40,
            "Invalid value x for configuration retention.ms: Not a number of type LONG",
        ),
        (one, &[(0, "retention.ms", None)], 42, "Null value not supported for : retention.ms"),
        (
            one,
            &[(2, "retention.ms", Some("1"))],
            40,
            "Can't APPEND to key retention.ms because its type is not LIST.",
        ),
        (one, &[(9, "retention.ms", Some("1"))], -1, ""),
        (
            one,
            &[(0, "retention.ms", Some("1")), (0, "retention.ms", Some("2"))],
            42,
            "Error due to duplicate config keys",
        ),
        (one, &[(2, "cleanup.policy", Some("compact"))], 0, ""),
        (one, &[(3, "cleanup.policy", Some("delete"))], 0, ""),
        ((TOPIC, "nowhere"), &[(0, "retention.ms", Some("1"))], 3, "The topic 'nowhere' does not exist."),
        ((TOPIC, "nowhere"), &[(0, "nope", Some("1"))], 40, "Unknown topic config name: nope"),
        (
            (TOPIC, "a/b"),
            &[(0, "retention.ms", Some("1"))],
            17,
            "Topic name is invalid: 'a/b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
        ),
        ((TOPIC, ""), &[(0, "retention.ms", Some("1"))], 42, "Default topic resources are not allowed."),
        ((99, "x"), &[(0, "a", Some("b"))], 42, "Unknown resource type 99"),
        ((8, "1"), &[(0, "root", Some("DEBUG"))], 40, "Logger root does not exist!"),
    ];
    for (of, changes, code, message) in cases {
        let answer = change(&mut client, *of, changes, ALTER);
        assert_eq!(told(&answer), (*code, *message), "{of:?} {changes:?}");
        assert_eq!((answer.resource_type, answer.resource_name.as_str()), *of);
    }
    assert_eq!(shown(&mut client, one, "retention.ms").0.as_deref(), Some("1000000"));
    assert_eq!(shown(&mut client, one, "cleanup.policy").0.as_deref(), Some("compact"));
}

/// Protects: in one request each resource changes or not by itself, one that stands twice does not, and answers stand where
/// they were asked.
#[test]
fn resources_of_a_request_are_taken_one_by_one() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    for name in ["one", "two", "three"] {
        client.create(name, 1);
    }
    let resources = vec![
        resource((TOPIC, "three"), &[(0, "retention.ms", Some("3"))]),
        resource((TOPIC, "one"), &[(0, "retention.ms", Some("1"))]),
        resource((TOPIC, "two"), &[(0, "retention.ms", Some("2")), (0, "segment.bytes", Some("1"))]),
        resource((BROKER, ""), &[(0, "log.retention.ms", Some("7000000"))]),
        resource((TOPIC, "three"), &[(0, "retention.ms", Some("4"))]),
    ];
    for validate_only in [true, false] {
        let request = IncrementalAlterConfigsRequest { resources: resources.clone(), validate_only };
        let answers = client.call(&request, ALTER).responses;
        let codes: Vec<(&str, i16)> =
            answers.iter().map(|a| (a.resource_name.as_str(), a.error_code)).collect();
        assert_eq!(codes, [("three", 42), ("one", 0), ("two", 40), ("", 0), ("three", 42)]);
        assert_eq!(told(&answers[0]).1, "Each resource must appear at most once.");
        let values: Vec<_> = ["one", "two", "three"]
            .map(|name| shown(&mut client, (TOPIC, name), "retention.ms").0.unwrap())
            .into();
        let expected = if validate_only { ["604800000"; 3] } else { ["1", "7000000", "7000000"] };
        assert_eq!(values, expected, "validate only: {validate_only}");
    }
}

/// Protects: changes of brokers are answered with Kafka's codes and sentences, what needs a start is refused by name, and of
/// all brokers' values and this one's the latter counts.
#[test]
fn changes_of_brokers() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    let (this, every) = ((BROKER, "1"), (BROKER, ""));
    let refused: &[((i8, &str), Change<'_>, i16, &str)] = &[
        (this, (0, "broker.rack", Some("r")), 42, "Cannot update these configs dynamically: [broker.rack]"),
        (
            every,
            (0, "num.partitions", Some("5")),
            42,
            "Cannot update these configs dynamically: [num.partitions]",
        ),
        (
            (BROKER, "7"),
            (0, "log.retention.ms", Some("2")),
            42,
            "Unexpected broker id, expected 1, but received 7",
        ),
        ((BROKER, "x"), (0, "log.retention.ms", Some("2")), 42, "Node id must be an integer, but it is: x"),
        (
            this,
            (0, "log.retention.ms", Some("x")),
            42,
            "Invalid value x for configuration log.retention.ms: Not a number of type LONG",
        ),
        (
            this,
            (2, "log.retention.ms", Some("1")),
            40,
            "Config value append is not allowed for config key: log.retention.ms",
        ),
    ];
    for (of, wanted, code, message) in refused {
        assert_eq!(told(&change(&mut client, *of, &[*wanted], ALTER)), (*code, *message), "{of:?}");
    }
    let protection = change(&mut client, this, &[(0, "super.users", Some("User:a"))], ALTER);
    assert!(told(&protection).1.starts_with("super.users is refused: "), "{protection:?}");
    set(&mut client, every, "log.retention.ms", "7000000");
    set(&mut client, this, "log.retention.ms", "5000000");
    let name = "log.retention.ms".to_owned();
    let behind = [(name.clone(), 2), (name, 3), ("log.retention.hours".to_owned(), 5)].to_vec();
    let expected = (Some("5000000".to_owned()), 2, behind);
    assert_eq!(shown(&mut client, this, "log.retention.ms"), expected);
    assert_eq!(shown(&mut client, (TOPIC, "topic"), "retention.ms"), expected);
    let for_all = describe(&mut client, every, None).configs;
    assert_eq!(
        for_all.iter().map(|c| (c.name.as_str(), c.config_source)).collect::<Vec<_>>(),
        [("log.retention.ms", 3)]
    );
    unset(&mut client, this, "log.retention.ms");
    assert_eq!(shown(&mut client, this, "log.retention.ms").0.as_deref(), Some("7000000"));
}

/// Protects: a whole replacement puts back what it does not name, but for what is fixed when a topic is created.
#[test]
fn a_replacement_is_whole() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create_with("topic", 1, &[("retention.ms", "5"), ("highwater.durability", "page-cache")]);
    let mut replace = |of: (i8, &str), entries: &[(&str, Option<&str>)], validate_only| {
        let config = |(name, value): &(&str, Option<&str>)| whole::AlterableConfig {
            name: (*name).to_owned(),
            value: value.map(str::to_owned),
        };
        let resource = whole::AlterConfigsResource {
            resource_type: of.0,
            resource_name: of.1.to_owned(),
            configs: entries.iter().map(config).collect(),
        };
        let request = AlterConfigsRequest { resources: vec![resource], validate_only };
        let answer = client.call(&request, 2).responses.remove(0);
        (answer.error_code, answer.error_message.unwrap_or_default())
    };
    let (topic, nothing) = ((TOPIC, "topic"), String::new());
    assert_eq!(replace(topic, &[("segment.ms", Some("7"))], true), (0, nothing.clone()));
    assert_eq!(replace(topic, &[("retention.bytes", Some("1000002"))], false), (0, nothing.clone()));
    assert_eq!(replace(topic, &[("retention.bytes", Some("x"))], false).0, 40);
    assert_eq!(replace(topic, &[("segment.ms", None)], false).1, "Null value not supported for : segment.ms");
    assert_eq!(replace(topic, &[("highwater.durability", Some("fsync"))], false).0, 40);
    assert_eq!(replace((TOPIC, "nowhere"), &[("segment.ms", Some("7"))], false).0, 3);
    assert_eq!(replace((99, "x"), &[("a", Some("b"))], false).1, "Unknown resource type 99");
    assert_eq!(replace((BROKER, "1"), &[("log.cleaner.threads", Some("2"))], false), (0, nothing));
    let own: Vec<_> = describe(&mut client, topic, None)
        .configs
        .into_iter()
        .filter(|config| config.config_source == 1)
        .map(|config| (config.name, config.value.unwrap()))
        .collect();
    let expected = [("retention.bytes", "1000002"), ("highwater.durability", "page-cache")];
    assert_eq!(own, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

/// Protects: descriptions are Kafka's where there is nothing to describe, secrets are not shown, and sentences only where they
/// are asked for.
#[test]
fn descriptions() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("one", 1);
    let cases: &[((i8, &str), i16, &str)] = &[
        ((TOPIC, "nowhere"), 3, ""),
        ((BROKER, "7"), 42, "Unexpected broker id, expected 1 or empty string, but received 7"),
        ((BROKER, "x"), 42, "Broker id must be an integer, but it is: x"),
        ((BROKER, ""), 0, ""),
        ((8, "1"), 0, ""),
        ((8, "7"), 42, "Unexpected broker id, expected 1, but received 7"),
    ];
    for (of, code, message) in cases {
        let result = describe(&mut client, *of, None);
        let answer = (result.error_code, result.error_message.as_deref(), result.configs.len());
        assert_eq!(answer, (*code, Some(*message), 0), "{of:?}");
    }
    assert!(describe(&mut client, (99, "x"), None).error_message.unwrap().starts_with("This most likely"));
    assert_eq!(describe(&mut client, (TOPIC, "one"), Some(&["no.such.key"])).configs.len(), 0);
    let all = describe(&mut client, (TOPIC, "one"), Some(&[])).configs;
    assert_eq!(all.len(), 34, "no names ask for all");
    assert!(all.iter().all(|config| config.documentation.is_none()));
    let documented = describe_with(&mut client, (TOPIC, "one"), None, true).configs;
    assert!(documented.iter().all(|c| c.documentation.as_ref().is_some_and(|text| text.ends_with('.'))));
    let secret = describe(&mut client, (BROKER, "1"), Some(&["ssl.keystore.password"])).configs.remove(0);
    assert_eq!((secret.value, secret.is_sensitive, secret.synonyms.len()), (None, true, 0));
    assert_eq!(describe(&mut client, (32, "g"), None).configs.len(), 17);
    assert_eq!(describe(&mut client, (16, "m"), None).configs.len(), 3);
    let every = describe_with(&mut client, (BROKER, "1"), None, true).configs;
    assert!(every.len() > 300 && every.iter().any(|c| c.name == "num.partitions" && c.read_only));
}

/// Protects: which resources have settings is told by type; version 0 asks for client metrics, of which there are none.
#[test]
fn resources_are_listed() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("two", 1);
    client.create("one", 1);
    let mut list = |types: &[i8], version| {
        let response = client.call(&ListConfigResourcesRequest { resource_types: types.into() }, version);
        let named =
            response.config_resources.into_iter().map(|r| format!("{} {}", r.resource_type, r.resource_name));
        (response.error_code, named.collect::<Vec<_>>().join(", "))
    };
    assert_eq!(list(&[], 1), (0, "8 1, 4 1, 2 one, 2 two".to_owned()));
    assert_eq!(list(&[TOPIC], 1), (0, "2 one, 2 two".to_owned()));
    assert_eq!(list(&[BROKER, 32, 16], 1), (0, "4 1".to_owned()));
    assert_eq!(list(&[TOPIC, 99], 1), (ErrorCode::UnsupportedVersion.code(), String::new()));
    assert_eq!(list(&[], 0), (0, String::new()));
}

/// Protects: changes survive a stop, a kill and a start with another file, of which the changes count before.
#[test]
fn changes_survive() {
    let (dir, copy) = (folder(), folder());
    let broker = Broker::start_with_settings(dir.path(), &[("log.retention.ms", "4000")]);
    let mut client = broker.connect();
    client.create("topic", 1);
    client.create("plain", 1);
    set(&mut client, (TOPIC, "topic"), "max.message.bytes", "2000");
    set(&mut client, (BROKER, ""), "log.retention.ms", "7000");
    set(&mut client, (BROKER, "1"), "max.connections", "100");
    let check = |broker: &Broker| {
        let mut client = broker.connect();
        assert_eq!(shown(&mut client, (TOPIC, "topic"), "max.message.bytes").0.as_deref(), Some("2000"));
        let (value, source, _) = shown(&mut client, (TOPIC, "plain"), "retention.ms");
        assert_eq!((value.as_deref(), source), (Some("7000"), 3));
        assert_eq!(shown(&mut client, (BROKER, "1"), "max.connections").1, 2);
        let large = crate::batches::sized(5000);
        assert_eq!(client.produce("topic", &large).error_code, ErrorCode::MessageTooLarge.code());
        client.put("plain", &large);
    };
    check(&broker);
    check(&broker.crash_into(copy.path()));
    let broker = broker.restart();
    check(&broker);
    broker.stop();
    let broker = Broker::start_with_settings(dir.path(), &[("log.retention.ms", "9000")]);
    check(&broker);
    let mut client = broker.connect();
    unset(&mut client, (BROKER, ""), "log.retention.ms");
    assert_eq!(shown(&mut client, (TOPIC, "plain"), "retention.ms").0.as_deref(), Some("9000"));
}

/// Protects: settings of a group, which need not exist, survive a stop and a kill, are listed, and go when they are taken back.
#[test]
fn settings_of_groups_survive() {
    const GROUP: i8 = 32;
    const SESSION: &str = "consumer.session.timeout.ms";
    let (dir, copy) = (folder(), folder());
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    set(&mut client, (GROUP, "g"), SESSION, "50000");
    let check = |broker: &Broker| {
        let mut client = broker.connect();
        let (value, source, _) = shown(&mut client, (GROUP, "g"), SESSION);
        assert_eq!((value.as_deref(), source), (Some("50000"), 8));
        let (value, source, _) = shown(&mut client, (GROUP, "other"), SESSION);
        assert_eq!((value.as_deref(), source), (Some("45000"), 5));
        let listed = client.call(&ListConfigResourcesRequest { resource_types: vec![GROUP] }, 1);
        let names: Vec<_> = listed.config_resources.iter().map(|r| r.resource_name.as_str()).collect();
        assert_eq!(names, ["g"]);
    };
    check(&broker);
    check(&broker.crash_into(copy.path()));
    let broker = broker.restart();
    check(&broker);
    let mut client = broker.connect();
    unset(&mut client, (GROUP, "g"), SESSION);
    assert_eq!(shown(&mut client, (GROUP, "g"), SESSION).1, 5);
    let long = "g".repeat(2000);
    let refused = change(&mut client, (GROUP, &long), &[(0, SESSION, Some("50000"))], ALTER);
    assert_eq!(refused.error_code, ErrorCode::InvalidRequest.code());
}

/// Protects: of changes that are sent at the same time none is lost: each is decided on what the others have made.
#[test]
fn no_change_is_lost() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    let throttled = "leader.replication.throttled.replicas";
    let add = |n: usize| {
        let mut client = broker.connect();
        let entry = format!("{n}:1");
        let answer = change(&mut client, (TOPIC, "topic"), &[(2, throttled, Some(&entry))], ALTER);
        assert_eq!(answer.error_code, 0, "{answer:?}");
    };
    std::thread::scope(|scope| {
        for n in 0..20 {
            scope.spawn(move || add(n));
        }
    });
    let list = shown(&mut client, (TOPIC, "topic"), throttled).0.unwrap();
    assert_eq!(list.split(',').count(), 20, "{list}");
}

/// Protects: a value that older versions of DescribeConfigs could not carry is refused, so that every stored one can be shown.
#[test]
fn endless_values_are_refused() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    let name = "leader.replication.throttled.replicas";
    let list = |entries: usize| (0..entries).map(|n| format!("{n}:1")).collect::<Vec<_>>().join(",");
    set(&mut client, (TOPIC, "topic"), name, &list(4000));
    let more = list(5000).split_off(list(4000).len() + 1);
    let answer = change(&mut client, (TOPIC, "topic"), &[(2, name, Some(&more))], ALTER);
    assert_eq!(answer.error_code, ErrorCode::InvalidConfig.code());
    let resource = DescribeConfigsResource {
        resource_type: TOPIC,
        resource_name: "topic".to_owned(),
        configuration_keys: None,
    };
    let request = DescribeConfigsRequest {
        resources: vec![resource],
        include_synonyms: true,
        include_documentation: false,
    };
    for version in 1..=4 {
        let result = client.call(&request, version).results.remove(0);
        let config = result.configs.into_iter().find(|config| config.name == name).unwrap();
        assert_eq!(config.value.unwrap(), list(4000));
    }
}
