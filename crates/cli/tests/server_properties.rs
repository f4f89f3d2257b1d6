//! A `server.properties` for one combined Kafka 4.3.1 node starts the broker as it is, with `--allow-plaintext` where its listener is open.
//!
//! The file has the keys and values of the one that Kafka 4.3.1 ships; ports are chosen by the system and the folder is the test's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

const SHIPPED: &str = "\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:0,CONTROLLER://:0
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:0,CONTROLLER://localhost:0
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=DATA
num.partitions=1
num.recovery.threads.per.data.dir=1
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
";

/// Settings of the file that have no subject here, and have another value than their default.
const IDLE: [&str; 3] = [
    "num.recovery.threads.per.data.dir",
    "share.coordinator.state.topic.min.isr",
    "share.coordinator.state.topic.replication.factor",
];

/// A folder with the file.
struct Node {
    folder: tempfile::TempDir,
}

impl Node {
    fn new(more: &str) -> Node {
        let folder = tempfile::tempdir().unwrap();
        let node = Node { folder };
        let text = SHIPPED.replace("DATA", &node.data().display().to_string());
        std::fs::write(node.file(), format!("{text}{more}\n")).unwrap();
        node
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("server.properties")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("kraft-combined-logs")
    }

    fn serve(&self, flags: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
        command.args(["serve", "--json", "--config"]).arg(self.file()).args(flags);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start(&self) -> Broker {
        let mut child = self.serve(&["--allow-plaintext"]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut broker = Broker { child, banner: Value::Null };
        broker.banner = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
        broker
    }
}

struct Broker {
    child: Child,
    banner: Value,
}

impl Broker {
    /// Returns what the start has to say.
    fn notices(&self) -> Vec<&str> {
        let notices = self.banner["notices"].as_array().unwrap().iter();
        notices.map(|notice| notice.as_str().unwrap()).collect()
    }

    /// Returns the settings that the start names as being without effect.
    fn idle(&self) -> Vec<&str> {
        let notices = self.notices().into_iter();
        notices.filter_map(|notice| Some(notice.split_once(" is accepted and does not act")?.0)).collect()
    }

    fn run(&self, arguments: &[&str], input: &str) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
        command.args(arguments).args(["--bootstrap", self.banner["clients"].as_str().unwrap()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
    }
}

/// Protects: Kafka's own file starts the broker, what it sets without effect is named once, and topics and records work.
#[test]
fn kafkas_own_file_starts_the_broker() {
    let node = Node::new("");
    let broker = node.start();
    let mut idle = broker.idle();
    idle.sort_unstable();
    assert_eq!(idle, IDLE);
    let controller = "listeners: listener CONTROLLER is for controllers and is not opened";
    assert_eq!(broker.notices().iter().filter(|notice| notice.starts_with(controller)).count(), 1);
    broker.run(&["topic", "create", "t"], "");
    broker.run(&["produce", "t"], "one\ntwo\n");
    assert_eq!(broker.run(&["consume", "t"], ""), "one\ntwo\n");
    let partitions: Value = serde_json::from_str(&broker.run(&["topic", "list", "--json"], "")).unwrap();
    assert_eq!(partitions[0]["partitions"], 1);
    assert!(node.data().join("highwater.format").is_file(), "the data is where log.dirs says");
}

/// Protects: without the flag, a listener that is open beyond this machine is refused with the way out, and nothing is touched (D-17).
#[test]
fn an_open_listener_needs_the_flag() {
    let node = Node::new("");
    let refused = node.serve(&[]).output().unwrap();
    let said = refusal(&refused, &node);
    assert!(
        said.starts_with("highwater: listeners is refused") && said.contains("--allow-plaintext"),
        "{said}"
    );
}

/// Protects: a setting that asks for protection is refused by name, so that nobody believes to be protected.
#[test]
fn what_asks_for_protection_is_refused() {
    for line in [
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users=User:admin",
        "allow.everyone.if.no.acl.found=true",
        "ssl.keystore.location=/keys/server.jks",
        "ssl.client.auth=required",
        "ssl.truststore.certificates=x",
        "sasl.enabled.mechanisms=SCRAM-SHA-256",
        "sasl.jaas.config=x",
        "listener.name.plaintext.sasl.enabled.mechanisms=PLAIN",
        "listener.name.plaintext.ssl.keystore.location=/keys/server.jks",
        "principal.builder.class=org.example.Builder",
        "security.inter.broker.protocol=SSL",
        "delegation.token.secret.key=secret",
        "connections.max.reauth.ms=3600000",
        "create.topic.policy.class.name=org.example.Policy",
        "alter.config.policy.class.name=org.example.Policy",
        "client.quota.callback.class=org.example.Quotas",
        "listeners=SSL://:0,CONTROLLER://:0",
        "listeners=SASL_PLAINTEXT://:0,CONTROLLER://:0",
        "listener.security.protocol.map=PLAINTEXT:SASL_SSL,CONTROLLER:PLAINTEXT",
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:SSL",
    ] {
        let node = Node::new(line);
        let said = refusal(&node.serve(&["--allow-plaintext"]).output().unwrap(), &node);
        let name = line.split('=').next().unwrap().replace("listener.security.protocol.map", "listeners");
        assert!(said.starts_with(&format!("highwater: {name} is refused: ")), "{line}: {said}");
    }
}

/// Protects: the same settings with a value that asks for nothing do not stand in the way.
#[test]
fn what_asks_for_no_protection_is_taken() {
    let node = Node::new("authorizer.class.name=\nsuper.users=\nssl.client.auth=none");
    let broker = node.start();
    broker.run(&["topic", "create", "t"], "");
}

/// Returns the one line that a refused start says; it has left nothing behind.
fn refusal(output: &Output, node: &Node) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!((output.stdout.len(), said.lines().count()), (0, 1), "{said}");
    assert!(!node.data().exists());
    said
}
