//! Bytes that Kafka's own code wrote (golden/wire/README.md).

use crate::sample::{Oracle, Sample, Visitor};
use crate::samples;
use bytes::Bytes;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::PathBuf;
use wire::{Message, Reader, RequestHeader, ResponseHeader, Rope, Stored};

/// One line of a golden file.
struct Line {
    version: i16,
    variant: String,
    bytes: Bytes,
    json: String,
}

fn lines(file: &str) -> Vec<Line> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../golden/wire").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines().map(line).collect()
}

fn line(text: &str) -> Line {
    let mut words = text.splitn(4, ' ');
    let (version, variant) = (words.next().unwrap().parse().unwrap(), words.next().unwrap().to_owned());
    let (bytes, json) = (bytes_of(words.next().unwrap()), words.next().unwrap().to_owned());
    Line { version, variant, bytes, json }
}

/// Bytes of hexadecimal digits; `-` is none.
pub(crate) fn bytes_of(hex: &str) -> Bytes {
    let digits = hex.trim_start_matches('-').as_bytes();
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// `FetchRequest` -> `fetch_request`.
fn snake(name: &str) -> String {
    let mut file = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !file.is_empty() {
            file.push('_');
        }
        file.push(c.to_ascii_lowercase());
    }
    file
}

/// `FetchRequest` -> `fetch/request.txt`.
fn file_of(name: &str) -> String {
    let name = snake(name);
    let (api, kind) = name.rsplit_once('_').unwrap();
    format!("{api}/{kind}.txt")
}

/// A field and its scalar value, as text.
type Pair = (String, String);

/// The scalar after a field's name, up to the next comma or bracket; empty for a structure or array.
fn scalar(text: &str) -> String {
    let text = text.trim_start_matches("Some(");
    let end = text.find([',', '}', ']', ')', '{', '[', '(']).unwrap_or(text.len());
    let value = text[..end].trim();
    let simple = !value.contains(' ') && !text[end..].starts_with(['{', '[', '(']);
    if simple { value.trim_matches('"').to_owned() } else { String::new() }
}

/// Fields of Kafka's JSON text. Our sample strings hold none of its punctuation.
fn json_pairs(json: &str) -> BTreeSet<Pair> {
    let names = json.match_indices("\":").map(|(at, _)| (at, json[..at].rfind('"').unwrap()));
    let pairs = names.map(|(at, quote)| (snake(&json[quote + 1..at]), scalar(&json[at + 2..])));
    pairs.filter(|pair| !pair.1.is_empty()).collect()
}

/// Fields of our debug text, null and bytes written as in JSON.
fn debug_pairs(debug: &str) -> BTreeSet<Pair> {
    let names = debug.match_indices(": ").map(|(at, _)| (at, debug[..at].rfind([' ', '{', '[']).unwrap()));
    let pairs = names.map(|(at, blank)| (debug[blank + 1..at].to_owned(), scalar(&debug[at + 2..])));
    pairs.map(|(name, value)| (name, as_in_json(&value))).collect()
}

fn as_in_json(value: &str) -> String {
    let bytes = value.strip_prefix("b\"");
    bytes.map_or_else(|| value.replace("None", "null"), |bytes| base64(bytes.as_bytes()))
}

/// Base64 with padding, which Kafka's JSON has for bytes.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | usize::from(*chunk.get(at).unwrap_or(&0)));
        let digits = [18, 12, 6, 0].map(|shift| char::from(DIGITS[bits >> shift & 63]));
        text.extend(digits.iter().take(chunk.len() + 1));
        text.extend(std::iter::repeat_n('=', 3 - chunk.len()));
    }
    text
}

struct Check {
    bodies: usize,
    formats: usize,
}

impl Visitor for Check {
    fn message<M: Message + Sample<Oracle: Oracle> + PartialEq + Debug>(&mut self) {
        self.bodies += check_all::<M>(&lines(&file_of(M::NAME)));
    }

    fn stored<M: Stored + Sample<Oracle: Oracle> + PartialEq + Debug>(&mut self) {
        let whole = lines(&format!("stored/{}.txt", snake(M::NAME)));
        whole.iter().for_each(check_stored::<M>);
        let bodies = whole.into_iter().map(|line| Line { bytes: line.bytes.slice(2..), ..line });
        self.formats += check_all::<M>(&bodies.collect::<Vec<_>>());
    }
}

fn check_all<M: Message + PartialEq + Debug>(lines: &[Line]) -> usize {
    for version in M::MIN..=M::MAX {
        for variant in ["default", "full", "null"] {
            let found = lines.iter().filter(|l| l.version == version && l.variant == variant).count();
            assert_eq!(found, 1, "{} {version} {variant}", M::NAME);
        }
    }
    lines.iter().for_each(check::<M>);
    lines.len()
}

fn check_stored<M: Stored + Debug>(line: &Line) {
    let (format, version) = M::from_stored(line.bytes.clone()).unwrap();
    assert_eq!(version, line.version, "{} {}", M::NAME, line.variant);
    assert_eq!(format.to_stored(version).unwrap(), line.bytes, "{} {version} {}", M::NAME, line.variant);
}

fn check<M: Message + PartialEq + Debug>(line: &Line) {
    let Line { version, variant, bytes, json } = line;
    let message = M::from_bytes(bytes.clone(), *version);
    let message = message.unwrap_or_else(|e| panic!("{} {version} {variant}: {e}", M::NAME));
    assert_eq!(message.to_bytes(*version).unwrap(), bytes, "{} {version} {variant}: {message:?}", M::NAME);
    let ours = debug_pairs(&format!("{message:?}"));
    for pair in json_pairs(json).iter().filter(|pair| pair.0 != "records_size_in_bytes") {
        assert!(ours.contains(pair), "{} {version} {variant}: {pair:?} is not in {ours:?}", M::NAME);
    }
    if variant == "default" {
        assert_eq!(message, M::from_bytes(M::default().to_bytes(*version).unwrap(), *version).unwrap());
        assert_eq!(M::default().to_bytes(*version).unwrap(), bytes, "{} {version} defaults", M::NAME);
    }
}

/// Protects: every message and stored format of every version is read and written as Kafka 4.3.1 writes it (our
/// own two as their format says), its defaults included, and every value lies in the field that Kafka gives its name to.
#[test]
fn bodies_are_kafkas() {
    let mut check = Check { bodies: 0, formats: 0 };
    samples::visit(&mut check);
    assert!(check.bodies >= 1356, "{} golden bodies", check.bodies);
    assert!(check.formats >= 116, "{} golden formats", check.formats);
}

/// Protects: headers in all their versions.
#[test]
fn headers_are_kafkas() {
    for line in lines("header/request.txt") {
        let mut bytes = line.bytes.to_vec();
        bytes[3] = if line.version == 2 { 4 } else { 2 };
        bytes[1] = 18;
        let mut reader = Reader::new(bytes.clone().into());
        let header = RequestHeader::decode(&mut reader).unwrap();
        reader.finish().unwrap();
        let name = if line.variant == "full" { Some("client-é") } else { None };
        assert_eq!((header.id.correlation_id, header.client_id.as_deref()), (77, name));
        let mut out = Rope::new();
        header.encode(&mut out).unwrap();
        assert_eq!(out.into_bytes(), bytes);
    }
    for line in lines("header/response.txt") {
        let header = ResponseHeader::decode(&mut Reader::new(line.bytes.clone()), line.version).unwrap();
        let mut out = Rope::new();
        header.encode(&mut out, line.version);
        assert_eq!((header.correlation_id, out.into_bytes()), (77, line.bytes));
    }
}
