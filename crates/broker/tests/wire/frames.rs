//! Frames that are none, and requests that cannot be read: the connection is closed without an answer, and
//! everybody else goes on (A1 to A9, A24, A29, A39).

use crate::client::Client;
use crate::harness::{Broker, folder};
use types::ErrorCode;
use wire::{ApiVersionsRequest, ApiVersionsResponse};

const METADATA: i16 = 3;
/// A flexible header without client id and tags.
const HEAD: &[u8] = &[0xff, 0xff, 0];
/// Metadata 9 of no topics.
const BODY: &[u8] = &[1, 1, 0, 0, 0];

/// Sends raw bytes on a connection of its own, which must be closed; then somebody else is served.
fn closes(broker: &Broker, why: &str, bytes: &[u8]) {
    let mut client = broker.connect();
    client.send_bytes(bytes);
    client.expect_closed(why);
    serves(broker);
}

fn serves(broker: &Broker) {
    assert_eq!(api_versions(&mut broker.connect()).error_code, 0);
}

fn api_versions(client: &mut Client) -> ApiVersionsResponse {
    client.call(&ApiVersionsRequest::default(), 0)
}

fn framed(rest: &[u8]) -> Vec<u8> {
    let length = i32::try_from(rest.len()).unwrap();
    [&length.to_be_bytes()[..], rest].concat()
}

/// A request with this key and version, and this after its correlation id.
fn request(key: i16, version: i16, rest: &[&[u8]]) -> Vec<u8> {
    let id = [&key.to_be_bytes()[..], &version.to_be_bytes(), &7_i32.to_be_bytes()].concat();
    framed(&[&id[..], &rest.concat()].concat())
}

/// Protects: a length that is negative, too small for a header or too large ends the connection before a
/// byte of the body is read (A1, A2, A3); so does another protocol (A29).
#[test]
fn impossible_lengths_close() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    for length in [-1, i32::MIN, 0, 1, 7, (100 << 20) + 1, i32::MAX] {
        closes(&broker, &format!("length {length}"), &length.to_be_bytes());
    }
    closes(&broker, "TLS", &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]);
    closes(&broker, "HTTP", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    closes(&broker, "SSH", b"SSH-2.0-OpenSSH_9.6\r\n");
}

/// Protects: keys and versions that are not announced end the connection, those of brokers among each
/// other among them (A4, A24).
#[test]
fn what_is_not_announced_closes() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let of_brokers = [4, 5, 6, 7, 27, 52, 53, 54, 56, 62, 63];
    for key in [-1, 999, i16::MIN, i16::MAX, 8, 9, 11, 14, 17, 36].into_iter().chain(of_brokers) {
        closes(&broker, &format!("key {key}"), &request(key, 0, &[HEAD]));
    }
    let versions = [(0, 2), (0, 0), (0, 14), (1, 3), (1, 19), (2, 0), (3, 14), (3, -1), (22, 6), (75, 1)];
    for (key, version) in versions {
        closes(&broker, &format!("key {key} version {version}"), &request(key, version, &[HEAD, BODY]));
    }
}

/// Protects: lengths and counts that lie, and nulls where none may be, end the connection (A5, A6).
#[test]
fn lying_lengths_close() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let cases: &[(&str, i16, &[&[u8]])] = &[
        ("no client id", 9, &[]),
        ("client id of -2 bytes", 9, &[&[0xff, 0xfe, 0], BODY]),
        ("client id beyond the frame", 9, &[&[0x7f, 0xff, b'a']]),
        ("2^32 - 2 topics", 9, &[HEAD, &[0xff, 0xff, 0xff, 0xff, 0x0f], &[1, 0, 0, 0]]),
        ("a count of six bytes", 9, &[HEAD, &[0x80, 0x80, 0x80, 0x80, 0x80, 1], &[1, 0, 0, 0]]),
        ("a count of 2^32", 9, &[HEAD, &[0xff, 0xff, 0xff, 0xff, 0x1f], &[1, 0, 0, 0]]),
        ("a name of 2^31 bytes", 9, &[HEAD, &[2, 0x80, 0x80, 0x80, 0x80, 0x08]]),
        ("a null name", 9, &[HEAD, &[2, 0, 0], &[1, 0, 0, 0]]),
        ("null topics before version 1", 0, &[&[0xff, 0xff], &[0xff; 4]]),
        ("-2 topics", 1, &[&[0xff, 0xff], &[0xff, 0xff, 0xff, 0xfe]]),
        ("2^31 - 1 topics", 1, &[&[0xff, 0xff], &[0x7f, 0xff, 0xff, 0xff]]),
        ("an end in the middle", 9, &[HEAD, &BODY[..3]]),
    ];
    for (why, version, rest) in cases {
        closes(&broker, why, &request(METADATA, *version, rest));
    }
}

/// Protects: unknown tagged fields are skipped however many there are; a tag that comes twice, out of order
/// or longer than the frame, and bytes after the body, end the connection (A7, A8).
#[test]
fn tags_are_skipped_or_close() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let body = &BODY[..4];
    let cases: &[(&str, &[u8])] = &[
        ("a tag twice", &[2, 5, 0, 5, 0]),
        ("tags out of order", &[2, 6, 0, 5, 0]),
        ("a tag beyond the frame", &[1, 5, 0xff, 0xff, 3]),
        ("2^32 - 1 tags", &[0xff, 0xff, 0xff, 0xff, 0x0f]),
    ];
    for (why, tags) in cases {
        closes(&broker, why, &request(METADATA, 9, &[HEAD, body, tags]));
    }
    // DescribeCluster 0: a flag and no tags, then one byte too many.
    closes(&broker, "a byte after the body", &request(60, 0, &[HEAD, &[0, 0, 0]]));
    let mut librdkafka = broker.connect();
    librdkafka.send_bytes(&request(METADATA, 12, &[HEAD, &[0, 0, 0, 0, 1, 0, 0]]));
    assert!(librdkafka.read_frame().is_some(), "librdkafka asks for all topics with four zero bytes");
    let mut many = vec![0xd0, 0x0f];
    for tag in 0..2_000_u32 {
        let tag = tag + 128;
        many.extend([u8::try_from(tag & 0x7f).unwrap() | 0x80, u8::try_from(tag >> 7).unwrap(), 1, 0]);
    }
    let mut client = broker.connect();
    client.send_bytes(&request(METADATA, 9, &[HEAD, body, &many]));
    assert!(client.read_frame().is_some(), "2,000 unknown tags are skipped");
}

/// Protects: text that is no UTF-8 ends the connection, so that two byte strings are never one name (A9).
#[test]
fn invalid_text_closes() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    closes(&broker, "client id", &request(METADATA, 9, &[&[0, 2, 0xff, 0xfe, 0], BODY]));
    let topic = &[2, 3, 0xc3, 0x28, 0, 1, 0, 0, 0];
    closes(&broker, "topic", &request(METADATA, 9, &[HEAD, topic]));
    closes(&broker, "overlong", &request(METADATA, 9, &[HEAD, &[2, 3, 0xc0, 0x80, 0, 1, 0, 0, 0]]));
}

/// Protects: a client id with line ends and escapes is a client id (A39); a software name like that is
/// refused, and the connection goes on.
#[test]
fn names_that_could_reach_a_log_do_no_harm() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let name = b"x\n2026-01-01 ERROR \x1b[31mgone\x1b[0m\0";
    let length = i16::try_from(name.len()).unwrap().to_be_bytes();
    client.send_bytes(&request(METADATA, 9, &[&length, name, &[0], BODY]));
    assert!(client.read_frame().is_some());
    let injected =
        ApiVersionsRequest { client_software_name: "a\nb".into(), client_software_version: "1".into() };
    assert_eq!(client.call(&injected, 4).error_code, ErrorCode::InvalidRequest.code());
    assert_eq!(api_versions(&mut client).error_code, 0);
}
