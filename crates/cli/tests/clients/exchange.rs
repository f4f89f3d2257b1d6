//! What Apache Kafka 4.3.1 answered (golden/exchange/recorded), asked of the real binary.
//!
//! Each recording is replayed in order against a fresh broker. Responses are compared field by field after masking what
//! belongs to a run. golden/exchange/accepted names the differences that are meant, each with its reason; a row that no
//! longer differs fails the test, so the tables cannot rot.

#[path = "exchange/accepted.rs"]
mod accepted;
#[path = "exchange/bodies.rs"]
mod bodies;
#[path = "exchange/fields.rs"]
mod fields;
#[path = "exchange/producers.rs"]
mod producers;
#[path = "exchange/recording.rs"]
mod recording;

use crate::broker::Broker;
use accepted::Accepted;
use bytes::Bytes;
use fields::Fields;
use producers::Producers;
use recording::{Exchange, Recording};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use wire::{ApiKey, ApiVersionsRequest, JoinGroupRequest, Message};

/// An answer that takes longer is missing.
const PATIENCE: Duration = Duration::from_secs(30);

/// The field that stands for all others when one side closes the connection.
const CONNECTION: &str = "connection";

/// What is asked until it is answered as recorded is asked so often, at most.
const TRIES: usize = 500;
/// And what happens by itself after a while so often.
const TRIES_LATER: usize = 20_000;
/// What only looks at transactions: their marks are written behind the answers.
const LOOKS: [ApiKey; 5] = [
    ApiKey::DescribeTransactions,
    ApiKey::ListTransactions,
    ApiKey::DescribeProducers,
    ApiKey::Fetch,
    ApiKey::ListOffsets,
];

/// Lists in which producers have ids.
const WITH_PRODUCERS: [&str; 4] =
    ["transactions", "transactions-data", "transactions-expiry", "transactions-levels"];

/// Sends one frame on a connection of its own.
fn send(address: &str, request: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = i32::try_from(request.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length[..], request].concat()).unwrap();
    stream
}

/// Reads the answer; none if the connection is closed instead.
fn answer(mut stream: TcpStream) -> Option<Bytes> {
    let mut length = [0; 4];
    read(&mut stream, &mut length)?;
    let mut frame = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
    read(&mut stream, &mut frame)?;
    Some(frame.into())
}

fn read(stream: &mut TcpStream, into: &mut [u8]) -> Option<()> {
    match stream.read_exact(into) {
        Ok(()) => Some(()),
        Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => None,
        Err(error) => panic!("no answer: {error}"),
    }
}

/// What stands before the body of a recorded request of a flexible version: its client is called `exchange`.
const HEADER_BYTES: usize = 2 + 2 + 4 + 2 + "exchange".len() + 1;

/// The broker that is asked, and what it called the topics and members of the recording.
struct Replay<'a> {
    address: String,
    recording: &'a Recording,
    ids: BTreeMap<String, Vec<u8>>,
    producers: Producers,
    /// Requests that were sent and whose answers are read later.
    waiting: BTreeMap<String, TcpStream>,
    /// The next answer is asked for until it shows what the request before it has done.
    is_unsettled: bool,
}

impl<'a> Replay<'a> {
    fn new(address: String, recording: &'a Recording) -> Replay<'a> {
        Replay {
            address,
            recording,
            ids: BTreeMap::new(),
            producers: Producers::default(),
            waiting: BTreeMap::new(),
            is_unsettled: false,
        }
    }

    /// Repeats one exchange; returns the fields that differ: path, Kafka's value, ours.
    fn differences(&mut self, exchange: &Exchange, accepted: &Accepted) -> Vec<(String, String, String)> {
        let request = self.request(exchange);
        if exchange.is_sent {
            self.waiting.insert(exchange.name.clone(), send(&self.address, &request));
            self.is_unsettled = true;
            if exchange.api == ApiKey::JoinGroup {
                self.until_it_waits(&request, exchange.version);
            }
            return Vec::new();
        }
        let stream = self.waiting.remove(&exchange.name);
        let stream = stream.unwrap_or_else(|| send(&self.address, &request));
        let mut differences = self.compare(exchange, answer(stream));
        let tries = if exchange.is_later {
            TRIES_LATER
        } else if std::mem::take(&mut self.is_unsettled) || LOOKS.contains(&exchange.api) {
            TRIES
        } else {
            0
        };
        // Who coordinates learns of it a moment later.
        self.is_unsettled = exchange.api == ApiKey::DeleteTopics;
        for _ in 0..tries {
            if !differences.iter().all(|(path, ..)| accepted.knows(&exchange.place(path))) {
                differences = self.compare(exchange, answer(send(&self.address, &request)));
            }
        }
        differences
    }

    /// Waits until a JoinGroup that was sent has arrived: what follows comes on other connections.
    fn until_it_waits(&self, join: &[u8], version: i16) {
        let body = Bytes::copy_from_slice(&join[HEADER_BYTES..]);
        let group = JoinGroupRequest::from_bytes(body, version).unwrap().group_id;
        let head = [&ApiKey::DescribeGroups.info().key.to_be_bytes()[..], &[0; 6], &[0xff; 2]].concat();
        let length = i16::try_from(group.len()).unwrap().to_be_bytes();
        let request = [&head, &1_i32.to_be_bytes()[..], &length, group.as_bytes()].concat();
        let waits = || {
            let frame = answer(send(&self.address, &request)).unwrap();
            let fields = bodies::fields(ApiKey::DescribeGroups, 0, frame);
            fields.values().any(|value| value.contains("PreparingRebalance"))
        };
        let _arrived = (0..TRIES).any(|_| waits());
    }

    fn compare(&mut self, exchange: &Exchange, ours: Option<Bytes>) -> Vec<(String, String, String)> {
        if ours == exchange.response {
            return Vec::new();
        }
        let side = |frame: Option<Bytes>| match frame {
            Some(frame) => bodies::fields(exchange.api, exchange.version, frame),
            None => Fields::from([(CONNECTION.to_owned(), "closed".to_owned())]),
        };
        self.learn_producer(exchange, ours.as_ref());
        let one_form = |known: &Producers, frame: Bytes| known.answer(exchange.api, exchange.version, frame);
        let theirs = side(exchange.response.clone().map(|frame| one_form(&self.producers, frame)));
        let ours = side(ours.map(|frame| one_form(&Producers::default(), frame)));
        self.learn_ids(exchange, &ours);
        if theirs.contains_key(CONNECTION) != ours.contains_key(CONNECTION) {
            let shown = |side: &Fields| side.get(CONNECTION).map_or("answered", String::as_str).to_owned();
            return vec![(CONNECTION.to_owned(), shown(&theirs), shown(&ours))];
        }
        let theirs = self.with_our_ids(theirs);
        let masked = |side| bodies::masked(exchange.api, side, self.recording.producers.is_empty());
        fields::differences(&masked(theirs), &masked(ours))
    }

    /// Puts our ids of topics and members where the recorded request has Kafka's.
    fn request(&self, exchange: &Exchange) -> Vec<u8> {
        let mut request = self.producers.request(exchange.api, exchange.version, exchange.request.clone());
        for (name, id) in &self.recording.ids {
            let Some(ours) = self.ids.get(name) else { continue };
            while let Some(at) = request.windows(id.len()).position(|window| window == id) {
                request.splice(at..at + id.len(), ours.iter().copied());
            }
        }
        request
    }

    /// Puts our ids of topics and members where a recorded answer has Kafka's.
    fn with_our_ids(&self, theirs: Fields) -> Fields {
        let text = |name: &str, id: &[u8]| match <[u8; 16]>::try_from(id) {
            Ok(id) if name.starts_with("topic ") => types::Uuid(id).to_string(),
            _ => String::from_utf8(id.to_vec()).unwrap(),
        };
        let known = self.recording.ids.iter().filter_map(|(name, id)| Some((name, id, self.ids.get(name)?)));
        let pairs: Vec<(String, String)> =
            known.map(|(name, theirs, ours)| (text(name, theirs), text(name, ours))).collect();
        let with_ours = |words: String| pairs.iter().fold(words, |words, (id, ours)| words.replace(id, ours));
        theirs.into_iter().map(|(path, value)| (with_ours(path), with_ours(value))).collect()
    }

    /// Notes the id that a producer of the recording gets here.
    fn learn_producer(&mut self, exchange: &Exchange, ours: Option<&Bytes>) {
        let name = format!("{}/{}", exchange.name, exchange.version);
        let gives = matches!(exchange.api, ApiKey::InitProducerId | ApiKey::EndTxn);
        let theirs = self.recording.producers.get(&name).filter(|_| gives);
        let (Some(theirs), Some(ours)) = (theirs, ours) else { return };
        let fields = bodies::fields(exchange.api, exchange.version, ours.clone());
        let id = fields.get("producer_id").and_then(|id| id.parse::<i64>().ok());
        if let Some(id) = id.filter(|id| *id >= 0) {
            self.producers.learn(*theirs, id);
        }
    }

    fn learn_ids(&mut self, exchange: &Exchange, answer: &Fields) {
        if matches!(exchange.api, ApiKey::JoinGroup | ApiKey::ConsumerGroupHeartbeat) {
            let name = format!("member {}/{}", exchange.name, exchange.version);
            let ours = answer.get("member_id").map(|id| id.trim_matches('"').as_bytes().to_vec());
            if let (Some(theirs), Some(ours)) = (self.recording.ids.get(&name), ours) {
                // None, or one of another form, is told as a difference.
                if theirs.len() == ours.len() {
                    self.ids.insert(name, ours);
                }
            }
        }
        for name in self.recording.ids.keys().filter(|_| exchange.api == ApiKey::CreateTopics) {
            let Some(topic) = name.strip_prefix("topic ") else { continue };
            let id = answer.get(&format!("topics[{topic}].topic_id"));
            let id: Option<types::Uuid> = id.map(|id| id.parse().unwrap());
            if let Some(id) = id.filter(|id| !id.is_zero()) {
                self.ids.insert(name.clone(), id.0.to_vec());
            }
        }
    }
}

/// Returns the keys that a broker announces.
fn announced(address: &str) -> BTreeSet<ApiKey> {
    let request = wire::request_frame(1, Some("exchange"), &ApiVersionsRequest::default(), 0).unwrap();
    let answer = answer(send(address, &request.concat()[wire::LENGTH_SIZE..])).unwrap();
    let (_, answer): (_, wire::ApiVersionsResponse) = wire::read_response(answer, 0).unwrap();
    answer.api_keys.iter().filter_map(|api| ApiKey::from_code(api.api_key)).collect()
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/exchange").join(name)
}

/// Replays one recording; returns what is wrong, a line each.
fn replay(list: &str) -> Vec<String> {
    let recording = Recording::read(&folder("recorded").join(format!("{list}.txt")));
    let mut accepted = Accepted::read(&folder("accepted").join(format!("{list}.txt")));
    // No answer of a group depends on it, and nobody waits.
    let settings: &[&str] = match list {
        "groups" => &["group.initial.rebalance.delay.ms=0"],
        "consumer" => &["group.initial.rebalance.delay.ms=0", "group.consumer.max.size=3"],
        "transactions-expiry" => &["transactional.id.expiration.ms=1000"],
        _ => &[],
    };
    let mut broker = Broker::start(settings);
    let served = announced(&broker.address());
    let mut wrong = accepted.built(&served);
    let mut replay = Replay::new(broker.address(), &recording);
    for exchange in &recording.exchanges {
        if accepted.is_absent(exchange.api) {
            continue;
        }
        for (path, theirs, ours) in replay.differences(exchange, &accepted) {
            let place = exchange.place(&path);
            if !accepted.allows(&place) {
                wrong.push(format!("{place}\n    Kafka {theirs}\n    here  {ours}"));
            }
        }
    }
    broker.stop();
    wrong.extend(accepted.idle());
    wrong
}

/// Protects: every recorded exchange is answered as Kafka 4.3.1 answers it, but for the differences that are named.
#[test]
fn recorded_exchanges_are_answered_as_by_kafka() {
    let mut wrong = Vec::new();
    let entries = std::fs::read_dir(folder("recorded")).unwrap().map(|entry| entry.unwrap().path());
    let mut lists: Vec<PathBuf> = entries.collect();
    lists.sort();
    assert!(!lists.is_empty());
    for path in lists {
        let list = path.file_stem().unwrap().to_str().unwrap();
        wrong.extend(replay(list).into_iter().map(|sentence| format!("{list}: {sentence}")));
    }
    assert!(wrong.is_empty(), "{} differences from Kafka 4.3.1:\n{}", wrong.len(), wrong.join("\n"));
}
