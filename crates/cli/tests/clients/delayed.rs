//! A packet that is delayed until the next transaction is open (KAFKA-17754): it ends and enters nothing, whatever the client.
//!
//! A proxy between client and broker keeps one request of a kind back; the client gives the connection up and asks again by
//! another one. What was kept back arrives when the next transaction of the producer is open.

use crate::broker::Broker;
use crate::program;
use crate::toolbox::{self, Family, both, or_skip};
use crate::transact::Producer;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const TOPIC: &str = "ledger";
const PRODUCE: i16 = 0;
const END_TXN: i16 = 26;
/// A client waits so long for an answer. *Units*: milliseconds.
const PATIENCE: u32 = 2_000;
/// The broker answers, or closes, within this time.
const ANSWER: Duration = Duration::from_secs(30);

/// Which kind of request is kept back next, and where it goes.
type Trap = Arc<Mutex<Option<(i16, Sender<(TcpStream, Vec<u8>)>)>>>;

/// Forwards connections to a broker.
struct Proxy {
    address: String,
    trap: Trap,
}

impl Proxy {
    /// Starts one in front of a broker that is not there yet; returns where its address is to be told.
    fn start() -> (Proxy, Sender<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let trap = Trap::default();
        let (tell, told) = channel::<String>();
        let theirs = trap.clone();
        let accept = move || {
            let Ok(broker) = told.recv() else { return };
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(upstream) = TcpStream::connect(&broker) else { return };
                forward(client, upstream, theirs.clone());
            }
        };
        std::thread::Builder::new().spawn(accept).unwrap();
        (Proxy { address, trap }, tell)
    }

    /// Keeps the next request of a kind back; returns where it, and the connection that it was to go by, arrive.
    fn keep_back(&self, key: i16) -> Receiver<(TcpStream, Vec<u8>)> {
        let (sender, kept) = channel();
        *self.trap.lock().unwrap() = Some((key, sender));
        kept
    }
}

fn forward(client: TcpStream, upstream: TcpStream, trap: Trap) {
    let (mut back_from, mut back_to) = (upstream.try_clone().unwrap(), client.try_clone().unwrap());
    let back = move || {
        let _closed = std::io::copy(&mut back_from, &mut back_to);
        let _closed = back_to.shutdown(Shutdown::Both);
    };
    std::thread::Builder::new().spawn(back).unwrap();
    let forth = move || {
        let (mut client, mut upstream) = (client, upstream);
        while let Some(frame) = frame(&mut client) {
            let key = i16::from_be_bytes([frame[4], frame[5]]);
            let caught = trap.lock().unwrap().take_if(|(kind, _)| *kind == key);
            if let Some((_, kept)) = caught {
                let _ = kept.send((upstream, frame));
                // What the client sends after it by this connection is lost with it.
                while self::frame(&mut client).is_some() {}
                return;
            }
            if upstream.write_all(&frame).is_err() {
                return;
            }
        }
        let _closed = upstream.shutdown(Shutdown::Write);
    };
    std::thread::Builder::new().spawn(forth).unwrap();
}

/// Reads a frame, its length included.
fn frame(from: &mut TcpStream) -> Option<Vec<u8>> {
    let mut frame = vec![0; 4];
    from.read_exact(&mut frame).ok()?;
    let length = usize::try_from(i32::from_be_bytes([frame[0], frame[1], frame[2], frame[3]])).ok()?;
    frame.resize(4 + length, 0);
    from.read_exact(&mut frame[4..]).ok()?;
    Some(frame)
}

/// Starts a broker that clients reach through a proxy, and makes the topic.
fn between() -> (Proxy, Broker) {
    let (proxy, tell) = Proxy::start();
    let advertised = format!("advertised.listeners=PLAINTEXT://{}", proxy.address);
    let broker = Broker::start(&[&advertised]);
    tell.send(broker.address()).unwrap();
    program::run("franz-go", &mut toolbox::go(&["create", &broker.address(), TOPIC, "1"]).unwrap());
    (proxy, broker)
}

/// Sends what was kept back. It is answered with a code, or the connection is closed; then it has been acted on, if it ever is.
fn arrive(kept: &Receiver<(TcpStream, Vec<u8>)>) {
    let (mut upstream, request) = kept.recv_timeout(ANSWER).unwrap();
    upstream.write_all(&request).unwrap();
    upstream.set_read_timeout(Some(ANSWER)).unwrap();
    let _answered = upstream.read(&mut [0; 64]);
}

/// What a reader gets, and up to where.
fn see(reader: &Family, broker: &Broker, isolation: &str) -> (Vec<String>, String) {
    let mut lines = reader.see(&broker.address(), TOPIC, 0, isolation);
    let end = lines.pop().unwrap();
    (lines.iter().filter_map(|line| line.strip_prefix("V ")).map(str::to_owned).collect(), end)
}

/// The end of one transaction arrives when the next is open: that one is aborted, as its producer says.
fn late_end(test: &str, tools: Result<(Family, Family), String>) {
    let Some((writer, reader)) = or_skip(test, tools) else { return };
    let (proxy, broker) = between();
    let mut producer = Producer::start(&writer.patient_for(PATIENCE), &proxy.address, "id", 60_000);
    producer.done(&["begin", "send ledger 0 a"]);
    let kept = proxy.keep_back(END_TXN);
    // One that does not ask again gives up; the application begins again, which aborts what was open.
    let has_committed = producer.tell("commit") == "OK";
    if !has_committed {
        producer = Producer::start(&writer, &proxy.address, "id", 60_000);
    }
    producer.done(&["begin", "send ledger 0 b"]);
    arrive(&kept);
    producer.done(&["abort", "begin", "send ledger 0 c", "commit"]);
    let expected: &[&str] = if has_committed { &["a", "c"] } else { &["c"] };
    let seen = see(&reader, &broker, "read_committed").0;
    assert_eq!(seen, expected, "what was aborted is not seen, {}", writer.name());
}

/// A batch of one transaction arrives when that is over: first while nothing is open, then while the next one is. It gets into none,
/// and opens none.
fn late_batch(test: &str, tools: Result<(Family, Family), String>) {
    let Some((writer, reader)) = or_skip(test, tools) else { return };
    let (proxy, broker) = between();
    let start = || Producer::start(&writer.patient_for(PATIENCE), &proxy.address, "id", 60_000);
    let (mut producer, mut expected) = (start(), Vec::new());
    for (value, next) in [("a", None), ("b", Some("c"))] {
        producer.done(&["begin"]);
        let kept = proxy.keep_back(PRODUCE);
        if producer.tell(&format!("send ledger 0 {value}")) == "OK" {
            producer.done(&["commit"]);
            expected.push(value);
        } else {
            // One that does not ask again gives up.
            producer = start();
        }
        if let Some(next) = next {
            producer.done(&["begin", &format!("send ledger 0 {next}")]);
            expected.push(next);
        }
        arrive(&kept);
    }
    producer.done(&["commit"]);
    let committed = see(&reader, &broker, "read_committed");
    assert_eq!(committed.0, expected, "{}", writer.name());
    assert_eq!(
        committed,
        see(&reader, &broker, "read_uncommitted"),
        "nothing else is there, and nothing open"
    );
}

/// Protects: X1 with Java's epochs of each transaction.
#[test]
fn a_late_end_of_java_ends_nothing() {
    late_end(
        "a_late_end_of_java_ends_nothing",
        both(toolbox::java_transactions("4.3.1"), toolbox::kafka_python()),
    );
}

/// Protects: X1 with Java's transactions of old, by their connections.
#[test]
fn a_late_end_of_java_3_ends_nothing() {
    late_end(
        "a_late_end_of_java_3_ends_nothing",
        both(toolbox::java_transactions("3.9.1"), toolbox::kafka_python()),
    );
}

/// Protects: X1 with librdkafka.
#[test]
fn a_late_end_of_confluent_ends_nothing() {
    late_end("a_late_end_of_confluent_ends_nothing", both(toolbox::confluent(), toolbox::kafka_python()));
}

/// Protects: X1 with kafka-python.
#[test]
fn a_late_end_of_kafka_python_ends_nothing() {
    late_end("a_late_end_of_kafka_python_ends_nothing", both(toolbox::kafka_python(), toolbox::confluent()));
}

/// Protects: X1 with franz-go held below epochs of each transaction.
#[test]
fn a_late_end_of_franz_go_ends_nothing() {
    let old = toolbox::franz_go().map(Family::of_old_transactions);
    late_end("a_late_end_of_franz_go_ends_nothing", both(old, toolbox::confluent()));
}

/// Protects: X2 with Java's epochs of each transaction.
#[test]
fn a_late_batch_of_java_gets_into_nothing() {
    let tools = both(toolbox::java_transactions("4.3.1"), toolbox::kafka_python());
    late_batch("a_late_batch_of_java_gets_into_nothing", tools);
}

/// Protects: X2 with franz-go's epochs of each transaction.
#[test]
fn a_late_batch_of_franz_go_gets_into_nothing() {
    let tools = both(toolbox::franz_go(), toolbox::confluent());
    late_batch("a_late_batch_of_franz_go_gets_into_nothing", tools);
}

/// Protects: X2 with Java's transactions of old, by their connections.
#[test]
fn a_late_batch_of_java_3_gets_into_nothing() {
    let tools = both(toolbox::java_transactions("3.9.1"), toolbox::kafka_python());
    late_batch("a_late_batch_of_java_3_gets_into_nothing", tools);
}

/// Protects: X2 with librdkafka.
#[test]
fn a_late_batch_of_confluent_gets_into_nothing() {
    let tools = both(toolbox::confluent(), toolbox::kafka_python());
    late_batch("a_late_batch_of_confluent_gets_into_nothing", tools);
}

/// Protects: X2 with kafka-python.
#[test]
fn a_late_batch_of_kafka_python_gets_into_nothing() {
    let tools = both(toolbox::kafka_python(), toolbox::confluent());
    late_batch("a_late_batch_of_kafka_python_gets_into_nothing", tools);
}

/// Protects: X2 with franz-go held below epochs of each transaction.
#[test]
fn a_late_batch_of_franz_go_of_old_gets_into_nothing() {
    let tools = both(toolbox::franz_go().map(Family::of_old_transactions), toolbox::confluent());
    late_batch("a_late_batch_of_franz_go_of_old_gets_into_nothing", tools);
}
