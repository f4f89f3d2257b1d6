//! Frames of a running Kafka (golden/exchange/README.md).

use crate::golden::bytes_of;
use crate::sample::{Oracle, Sample, Visitor};
use crate::samples;
use bytes::Bytes;
use std::fmt::Debug;
use std::path::PathBuf;
use wire::{APIS, Message, Reader, RequestHeader, ResponseHeader, response_header_version};

/// One exchange; without a response when Kafka closed the connection.
struct Exchange {
    api: String,
    version: i16,
    request: Bytes,
    response: Option<Bytes>,
}

fn recorded() -> Vec<Exchange> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../golden/exchange/recorded");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts = files.map(|path| std::fs::read_to_string(path).unwrap());
    let exchanges = |text: String| {
        text.lines().filter(|line| !line.starts_with('#')).filter_map(exchange).collect::<Vec<_>>()
    };
    texts.flat_map(exchanges).collect()
}

fn exchange(line: &str) -> Option<Exchange> {
    let words: Vec<&str> = line.splitn(6, ' ').collect();
    let [_name, api, version, request, response, _json] = words[..] else { return None };
    let response = (response != "closed").then(|| bytes_of(response));
    let version = version.parse().ok()?;
    Some(Exchange { api: api.to_owned(), version, request: bytes_of(request), response })
}

struct Check {
    exchanges: Vec<Exchange>,
    requests: usize,
    responses: usize,
}

impl Visitor for Check {
    fn message<M: Message + Sample<Oracle: Oracle> + PartialEq + Debug>(&mut self) {
        let answered = self.exchanges.iter().filter_map(|e| Some((e, e.response.as_ref()?)));
        for (exchange, response) in answered {
            if M::NAME.strip_suffix("Request") == Some(&exchange.api) {
                let mut reader = Reader::new(exchange.request.clone());
                let header = RequestHeader::decode(&mut reader).unwrap();
                assert_eq!(
                    header.client_id.as_deref(),
                    Some("exchange"),
                    "{} {}",
                    exchange.api,
                    exchange.version
                );
                same::<M>(&exchange.request.slice(exchange.request.len() - reader.remaining()..), exchange);
                self.requests += 1;
            } else if M::NAME.strip_suffix("Response") == Some(&exchange.api) {
                let mut reader = Reader::new(response.clone());
                let key = APIS.iter().find(|api| api.name == exchange.api).unwrap().key;
                let header = response_header_version(key, exchange.version);
                ResponseHeader::decode(&mut reader, header).unwrap();
                same::<M>(&response.slice(response.len() - reader.remaining()..), exchange);
                self.responses += 1;
            }
        }
    }
}

fn same<M: Message + Debug>(body: &Bytes, exchange: &Exchange) {
    let message = M::from_bytes(body.clone(), exchange.version).unwrap();
    assert_eq!(message.to_bytes(exchange.version).unwrap(), body, "{} {}", exchange.api, exchange.version);
}

/// Protects: what a running Kafka sends is read whole and written again as the same bytes.
#[test]
fn recorded_frames_are_read() {
    // Versions that nobody has are recorded, too: they are answered in version 0.
    let exists =
        |e: &Exchange| APIS.iter().find(|api| api.name == e.api).is_none_or(|api| api.supports(e.version));
    let exchanges: Vec<Exchange> = recorded().into_iter().filter(exists).collect();
    let answered = exchanges.iter().filter(|exchange| exchange.response.is_some()).count();
    assert!(answered > 100, "{answered} exchanges");
    let mut check = Check { exchanges, requests: 0, responses: 0 };
    samples::visit(&mut check);
    assert_eq!((check.requests, check.responses), (answered, answered), "each of a known API");
}
