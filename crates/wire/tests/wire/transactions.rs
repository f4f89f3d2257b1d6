//! What Kafka 4.3.1 stored of transactions (golden/transactions/README.md).

use crate::golden::bytes_of;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use wire::{Stored, TransactionLogKey, TransactionLogValue};

/// States as they are stored.
const EMPTY: i8 = 0;
const PREPARE_COMMIT: i8 = 2;
const PREPARE_ABORT: i8 = 3;
const COMPLETE_COMMIT: i8 = 4;
const COMPLETE_ABORT: i8 = 5;

fn lines(file: &str) -> Vec<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../golden/transactions").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

/// A value and its version; none when it forgets the id.
type Value = Option<(TransactionLogValue, i16)>;

/// The records of each id, read from Kafka's bytes and written again to the same.
fn lives() -> BTreeMap<String, Vec<Value>> {
    let mut lives: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in lines("state.txt") {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        let [id, key, value, _json] = words[..] else { panic!("not ID KEY VALUE JSON: {line}") };
        let key = bytes_of(key);
        let (read, kind) = TransactionLogKey::from_stored(key.clone()).unwrap();
        assert_eq!((read.transactional_id.as_str(), kind), (id, 0));
        assert_eq!(read.to_stored(0).unwrap(), key);
        lives.entry(id.to_owned()).or_default().push((value != "-").then(|| again(&bytes_of(value))));
    }
    lives
}

fn again(bytes: &Bytes) -> (TransactionLogValue, i16) {
    let (value, version) = TransactionLogValue::from_stored(bytes.clone()).unwrap();
    assert_eq!(value.to_stored(version).unwrap(), *bytes, "{value:?}");
    (value, version)
}

fn states(life: &[Value]) -> Vec<i8> {
    let values = life.iter().flatten();
    let mut states: Vec<i8> = values.map(|(value, _)| value.transaction_status).collect();
    states.dedup();
    states
}

/// Protects: what Kafka stores in whole lives of transactional ids, of both versions of the protocol and at levels with and
/// without tags, is read and written again as the same bytes, up to the record that forgets the id.
#[test]
fn lives_of_transactional_ids_are_kafkas() {
    let lives = lives();
    assert_eq!(
        states(&lives["first-version"]),
        [EMPTY, 1, PREPARE_COMMIT, COMPLETE_COMMIT, 1, PREPARE_ABORT, COMPLETE_ABORT]
    );
    assert_eq!(
        states(&lives["second-version"]),
        [
            0,
            1,
            PREPARE_COMMIT,
            COMPLETE_COMMIT,
            1,
            PREPARE_ABORT,
            COMPLETE_ABORT,
            PREPARE_ABORT,
            COMPLETE_ABORT,
            EMPTY
        ]
    );
    assert!(lives.values().all(|life| life.last() == Some(&None)), "each is forgotten");
    let versions: BTreeSet<i16> = lives.values().flatten().flatten().map(|(_, version)| *version).collect();
    assert_eq!(versions, [0, 1].into());
    let of_clients: BTreeSet<i16> =
        lives.values().flatten().flatten().map(|(value, _)| value.client_transaction_version).collect();
    assert_eq!(of_clients, [0, 2].into());
}

/// Protects: what the records of a client of version 2 say: the epoch is raised by the decision, not by its completion.
#[test]
fn the_decision_raises_the_epoch() {
    let lives = lives();
    let decided = |id: &str| -> Vec<i16> {
        let values = lives[id].iter().flatten().map(|(value, _)| value);
        let prepared = values.filter(|v| [PREPARE_COMMIT, PREPARE_ABORT].contains(&v.transaction_status));
        prepared.map(|v| v.producer_epoch).collect()
    };
    assert_eq!(decided("first-version"), [0, 0]);
    assert_eq!(decided("second-version"), [1, 2, 3]);
    assert_eq!((decided("fenced"), decided("slow")), (vec![1], vec![1]));
}

/// Protects: an id whose epochs have run out names the next one with the decision and becomes it when that is complete.
#[test]
fn an_exhausted_id_names_the_next_one() {
    let lives = lives();
    let values: Vec<_> = lives["exhausted"].iter().flatten().map(|(value, _)| value).collect();
    let at = values.iter().position(|value| value.next_producer_id >= 0).unwrap();
    let (last, complete) = (values[at], values[at + 1]);
    assert_eq!((last.producer_epoch, last.transaction_status), (i16::MAX, PREPARE_ABORT));
    assert_eq!((complete.producer_id, complete.producer_epoch), (last.next_producer_id, 0));
    assert_eq!((complete.previous_producer_id, complete.next_producer_id), (last.producer_id, -1));
}
