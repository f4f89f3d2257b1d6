//! A recording of golden/exchange/recorded: exchanges in order, and the ids that Kafka gave to topics and members.

use super::accepted::Difference;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::path::Path;
use wire::ApiKey;

/// One line of a recording.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) name: String,
    pub(super) api: ApiKey,
    pub(super) version: i16,
    pub(super) request: Vec<u8>,
    /// None if Kafka closed the connection.
    pub(super) response: Option<Bytes>,
    /// It is not waited for: a later exchange of this name has the answer.
    pub(super) is_sent: bool,
    /// Something happens by itself before it is answered like this.
    pub(super) is_later: bool,
}

/// Exchanges in order, and what requests name that was given: `topic NAME` or `member NAME/VERSION`, and its bytes.
#[derive(Debug, Default)]
pub(super) struct Recording {
    pub(super) exchanges: Vec<Exchange>,
    pub(super) ids: BTreeMap<String, Vec<u8>>,
    /// The ids of producers by NAME/VERSION of the exchange that gave them.
    pub(super) producers: BTreeMap<String, i64>,
}

impl Exchange {
    /// Returns the place of one of its fields.
    pub(super) fn place<'a>(&'a self, path: &'a str) -> Difference<'a> {
        Difference { name: &self.name, api: self.api, version: self.version, path }
    }
}

impl Recording {
    /// Reads a recording.
    pub(super) fn read(path: &Path) -> Recording {
        let mut recording = Recording::default();
        let text = std::fs::read_to_string(path).unwrap();
        let mut pauses = false;
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            match line.splitn(6, ' ').collect::<Vec<_>>()[..] {
                [kind @ ("topic" | "member"), name, id] => {
                    recording.ids.insert(format!("{kind} {name}"), bytes(id));
                }
                ["producer", name, id] => {
                    recording.producers.insert(name.to_owned(), id.parse().unwrap());
                }
                ["pause"] => pauses = true,
                ["sent", name, api, version, request] => {
                    let exchange = Exchange::new([name, api, version, request]);
                    recording.exchanges.push(Exchange { is_sent: true, ..exchange });
                }
                [name, api, version, request, response, _json] => {
                    let response = (response != "closed").then(|| bytes(response).into());
                    let exchange = Exchange::new([name, api, version, request]);
                    let is_later = std::mem::take(&mut pauses);
                    recording.exchanges.push(Exchange { response, is_later, ..exchange });
                }
                _ => panic!("{}: {line}", path.display()),
            }
        }
        recording
    }
}

impl Exchange {
    fn new([name, api, version, request]: [&str; 4]) -> Exchange {
        Exchange {
            name: name.to_owned(),
            api: super::bodies::api(api).unwrap_or_else(|| panic!("wire has no API {api}")),
            version: version.parse().unwrap(),
            request: bytes(request),
            response: None,
            is_sent: false,
            is_later: false,
        }
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}
