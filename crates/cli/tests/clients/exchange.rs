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

use crate::broker::Broker;
use accepted::{Accepted, Difference};
use bytes::Bytes;
use fields::Fields;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use wire::{ApiKey, ApiVersionsRequest};

/// An answer that takes longer is missing.
const PATIENCE: Duration = Duration::from_secs(30);

/// The field that stands for all others when one side closes the connection.
const CONNECTION: &str = "connection";

/// One line of a recording.
#[derive(Debug)]
struct Exchange {
    name: String,
    api: ApiKey,
    version: i16,
    request: Vec<u8>,
    /// None if Kafka closed the connection.
    response: Option<Bytes>,
}

/// A recording: exchanges in order, and the ids that Kafka gave to topics.
#[derive(Debug, Default)]
struct Recording {
    exchanges: Vec<Exchange>,
    ids: BTreeMap<String, Vec<u8>>,
}

impl Recording {
    fn read(path: &Path) -> Recording {
        let mut recording = Recording::default();
        let text = std::fs::read_to_string(path).unwrap();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            match line.splitn(6, ' ').collect::<Vec<_>>()[..] {
                ["topic", topic, id] => {
                    recording.ids.insert(topic.to_owned(), bytes(id));
                }
                [name, api, version, request, response, _json] => recording.exchanges.push(Exchange {
                    name: name.to_owned(),
                    api: bodies::api(api).unwrap_or_else(|| panic!("wire has no API {api}")),
                    version: version.parse().unwrap(),
                    request: bytes(request),
                    response: (response != "closed").then(|| bytes(response).into()),
                }),
                _ => panic!("{}: {line}", path.display()),
            }
        }
        recording
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// Sends one frame on a connection of its own; none if the connection is closed instead of answered.
fn ask(address: &str, request: &[u8]) -> Option<Bytes> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = i32::try_from(request.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length[..], request].concat()).unwrap();
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

/// The broker that is asked, and what it called the topics of the recording.
struct Replay<'a> {
    address: String,
    recording: &'a Recording,
    ids: BTreeMap<String, Vec<u8>>,
}

impl Replay<'_> {
    /// Repeats one exchange; returns the fields that differ: path, Kafka's value, ours.
    fn differences(&mut self, exchange: &Exchange) -> Vec<(String, String, String)> {
        let ours = ask(&self.address, &self.request(exchange));
        if ours == exchange.response {
            return Vec::new();
        }
        let side = |frame: Option<Bytes>| match frame {
            Some(frame) => bodies::fields(exchange.api, exchange.version, frame),
            None => Fields::from([(CONNECTION.to_owned(), "closed".to_owned())]),
        };
        let (theirs, ours) = (side(exchange.response.clone()), side(ours));
        self.learn_ids(exchange.api, &ours);
        if theirs.contains_key(CONNECTION) != ours.contains_key(CONNECTION) {
            let shown = |side: &Fields| side.get(CONNECTION).map_or("answered", String::as_str).to_owned();
            return vec![(CONNECTION.to_owned(), shown(&theirs), shown(&ours))];
        }
        fields::differences(&bodies::masked(exchange.api, theirs), &bodies::masked(exchange.api, ours))
    }

    /// Puts our topics' ids where the recorded request has Kafka's.
    fn request(&self, exchange: &Exchange) -> Vec<u8> {
        let mut request = exchange.request.clone();
        for (topic, id) in &self.recording.ids {
            while let Some(at) = request.windows(id.len()).position(|window| window == id) {
                let ours = self.ids.get(topic).unwrap_or_else(|| panic!("nothing created topic {topic}"));
                request.splice(at..at + id.len(), ours.iter().copied());
            }
        }
        request
    }

    fn learn_ids(&mut self, api: ApiKey, answer: &Fields) {
        for topic in self.recording.ids.keys().filter(|_| api == ApiKey::CreateTopics) {
            let id = answer.get(&format!("topics[{topic}].topic_id"));
            let id: Option<types::Uuid> = id.map(|id| id.parse().unwrap());
            if let Some(id) = id.filter(|id| !id.is_zero()) {
                self.ids.insert(topic.clone(), id.0.to_vec());
            }
        }
    }
}

/// Returns the keys that a broker announces.
fn announced(address: &str) -> BTreeSet<ApiKey> {
    let request = wire::request_frame(1, Some("exchange"), &ApiVersionsRequest::default(), 0).unwrap();
    let answer = ask(address, &request.concat()[wire::LENGTH_SIZE..]).unwrap();
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
    let mut broker = Broker::start(&[]);
    let served = announced(&broker.address());
    let mut wrong = accepted.built(&served);
    let mut replay = Replay { address: broker.address(), recording: &recording, ids: BTreeMap::new() };
    for exchange in &recording.exchanges {
        if accepted.is_absent(exchange.api) {
            continue;
        }
        for (path, theirs, ours) in replay.differences(exchange) {
            let place = Difference {
                name: &exchange.name,
                api: exchange.api,
                version: exchange.version,
                path: &path,
            };
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
