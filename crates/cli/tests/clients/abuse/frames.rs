//! Frames that are none and requests that cannot be read: A1 to A9, A24, A29, A39.

use super::row::{Reply, Row};

const METADATA: i16 = 3;
/// A flexible header without client id and tags.
const HEAD: &[u8] = &[0xff, 0xff, 0];
/// Metadata 9 of no topics.
const BODY: &[u8] = &[1, 1, 0, 0, 0];
/// A frame that is refused for its length costs next to nothing. *Units*: KiB.
const NOTHING: u64 = 2 * 1024;
/// Lines of the differences.
const TIMES: &str = "a request that does not come whole";
const STRICT: &str = "bytes left over after a request";
const UTF8: &str = "text that is no UTF-8";

fn framed(rest: &[u8]) -> Vec<u8> {
    let length = i32::try_from(rest.len()).unwrap();
    [&length.to_be_bytes()[..], rest].concat()
}

/// A request with this key and version, and this after its correlation id.
fn request(key: i16, version: i16, rest: &[&[u8]]) -> Vec<u8> {
    let id = [&key.to_be_bytes()[..], &version.to_be_bytes(), &7_i32.to_be_bytes()].concat();
    framed(&[&id[..], &rest.concat()].concat())
}

/// The rows.
pub(super) fn rows() -> Vec<Row> {
    [lengths(), keys(), lies(), tags(), texts()].into_iter().flatten().collect()
}

fn lengths() -> Vec<Row> {
    let length = |number, length: i32| {
        let what = format!("length {length}");
        Row::closes(number, &what, length.to_be_bytes().to_vec()).within(NOTHING)
    };
    let begun = |key: i16| {
        let head = [&key.to_be_bytes()[..], &9_i16.to_be_bytes(), &[0; 4]].concat();
        [&(90_i32 << 20).to_be_bytes()[..], &head, &[0; 10_000]].concat()
    };
    let mut rows: Vec<Row> = [-1, i32::MIN, (100 << 20) + 1].map(|n| length(1, n)).into();
    rows.push(length(2, i32::MAX));
    rows.push(
        Row::closes(2, "90 MiB of Produce are announced, 10 KB come", begun(0))
            .within(NOTHING)
            .stricter(TIMES),
    );
    rows.push(Row::closes(2, "90 MiB of Metadata are announced", begun(METADATA)).within(NOTHING));
    rows.push(
        Row::closes(2, "a head that does not come whole", vec![0, 0, 1, 0, 0, 3])
            .within(NOTHING)
            .stricter(TIMES),
    );
    rows.extend([0, 1, 7].map(|n| length(3, n)));
    let others: [(&str, &[u8]); 4] = [
        ("TLS to a plaintext port", &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]),
        ("HTTP", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ("SSH", b"SSH-2.0-OpenSSH_9.6\r\n"),
        ("one byte of a port scan", &[0]),
    ];
    rows.extend(others.map(|(what, bytes)| Row::closes(29, what, bytes.to_vec()).within(NOTHING)));
    rows
}

fn keys() -> Vec<Row> {
    let unknown = [-1, 999, i16::MIN, i16::MAX];
    let versions = [(0, 2), (0, 0), (0, 14), (1, 3), (1, 19), (2, 0), (3, 14), (3, -1), (22, 6), (75, 1)];
    // LeaderAndIsr to ControlledShutdown, WriteTxnMarkers, the quorum's, AlterPartition, registrations and heartbeats of brokers.
    let of_brokers = [4, 5, 6, 7, 27, 52, 53, 54, 56, 58, 59, 62, 63, 64, 67, 70, 80, 81, 82];
    let row = |number, key: i16, version: i16| {
        let what = format!("key {key} version {version}");
        Row::closes(number, &what, request(key, version, &[HEAD, BODY]))
    };
    let unknown = unknown.map(|key| row(4, key, 0)).into_iter();
    let rows = unknown.chain(versions.map(|(key, version)| row(4, key, version)));
    let mut rows: Vec<Row> = rows.chain(of_brokers.map(|key| row(24, key, 0))).collect();
    let newer = request(18, 99, &[HEAD, &[1, 1, 0]]);
    // The answer is that of version 0: number, code, keys.
    let code = |frame: bytes::Bytes| vec![i16::from_be_bytes([frame[4], frame[5]])];
    rows.push(Row::new(4, "ApiVersions 99", newer, Reply::Codes(Box::new(code), vec![35])));
    rows
}

fn lies() -> Vec<Row> {
    let cases: &[(&str, i16, &[&[u8]])] = &[
        ("no client id", 9, &[]),
        ("client id of -2 bytes", 9, &[&[0xff, 0xfe, 0], BODY]),
        ("client id beyond the frame", 9, &[&[0x7f, 0xff, b'a']]),
        ("2^32 - 2 topics", 9, &[HEAD, &[0xff, 0xff, 0xff, 0xff, 0x0f], &[1, 0, 0, 0]]),
        ("a count of six bytes", 9, &[HEAD, &[0x80, 0x80, 0x80, 0x80, 0x80, 1], &[1, 0, 0, 0]]),
        ("a count of 2^32", 9, &[HEAD, &[0xff, 0xff, 0xff, 0xff, 0x1f], &[1, 0, 0, 0]]),
        ("a name of 2^31 bytes", 9, &[HEAD, &[2, 0x80, 0x80, 0x80, 0x80, 0x08]]),
        ("a name of compact length 0 where null may not be", 9, &[HEAD, &[2, 0, 0], &[1, 0, 0, 0]]),
        ("null topics before version 1", 0, &[&[0xff, 0xff], &[0xff; 4]]),
        ("-2 topics", 1, &[&[0xff, 0xff], &[0xff, 0xff, 0xff, 0xfe]]),
        ("2^31 - 1 topics", 1, &[&[0xff, 0xff], &[0x7f, 0xff, 0xff, 0xff]]),
        ("an end in the middle", 9, &[HEAD, &BODY[..3]]),
    ];
    let row = |(what, version, rest): &(&str, i16, &[&[u8]])| {
        Row::closes(5, what, request(METADATA, *version, rest)).within(NOTHING)
    };
    cases.iter().map(row).collect()
}

fn tags() -> Vec<Row> {
    let body = &BODY[..4];
    let metadata = |tags: &[u8]| request(METADATA, 9, &[HEAD, body, tags]);
    let mut many = vec![0xd0, 0x0f];
    for tag in 128..2_128_u32 {
        many.extend([u8::try_from(tag & 0x7f).unwrap() | 0x80, u8::try_from(tag >> 7).unwrap(), 1, 0]);
    }
    vec![
        Row::closes(7, "a tag twice", metadata(&[2, 5, 0, 5, 0])).stricter(STRICT),
        Row::closes(7, "tags out of order", metadata(&[2, 6, 0, 5, 0])).stricter(STRICT),
        Row::closes(7, "a tag beyond the frame", metadata(&[1, 5, 0xff, 0xff, 3])),
        Row::closes(7, "2^32 - 1 tags", metadata(&[0xff, 0xff, 0xff, 0xff, 0x0f])),
        Row::new(7, "2,000 unknown tags", metadata(&many), Reply::Answers(1)),
        Row::closes(8, "a byte after the body", request(60, 0, &[HEAD, &[0, 0, 0]])).stricter(STRICT),
    ]
}

fn texts() -> Vec<Row> {
    let topic = |name: &[u8]| request(METADATA, 9, &[HEAD, &[2, 3], name, &[0, 1, 0, 0, 0]]);
    let name = b"x\n2026-01-01 ERROR injected \x1b[31mgone\x1b[0m\0";
    let length = i16::try_from(name.len()).unwrap().to_be_bytes();
    let key = [&[0x7f, 0x7f][..], &[0, 0], b"\ninjected"].concat();
    vec![
        Row::closes(9, "a client id that is no UTF-8", request(METADATA, 9, &[&[0, 2, 0xff, 0xfe, 0], BODY]))
            .stricter(UTF8),
        Row::closes(9, "a topic that is no UTF-8", topic(&[0xc3, 0x28])).stricter(UTF8),
        Row::closes(9, "an overlong NUL", topic(&[0xc0, 0x80])),
        Row::closes(
            9,
            "a transactional id that is no UTF-8",
            request(22, 2, &[HEAD, &[2, 0xff, 0, 0, 0, 1, 0]]),
        )
        .stricter(UTF8),
        Row::new(
            39,
            "a client id with line ends and escapes",
            request(METADATA, 9, &[&length, name, &[0], BODY]),
            Reply::Answers(1),
        ),
        Row::closes(39, "a line end where a key is expected", framed(&key)),
    ]
}
