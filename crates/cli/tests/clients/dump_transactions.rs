//! Kafka's own DumpLogSegments reads what transactions leave on disk: the records of their coordinator, the marks in segments, and
//! the indexes of what was aborted.

use crate::broker::Broker;
use crate::dump_log_segments::{dump, dump_with, files, highwater, judged};
use crate::toolbox::{self, both, or_skip};
use crate::transact::Producer;

const STATE: &str = "__transaction_state";
/// The states by their numbers in a record.
const STATES: [&str; 6] =
    ["Empty", "Ongoing", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort"];
/// What rolls a few segments of `tiny`.
const FILLING: usize = 1_500;

/// Writes records outside of transactions, as many as roll segments.
fn fill(broker: &Broker) {
    let mut producer = highwater(broker, &["produce", "ledger", "-p", "0"]);
    producer.feed(format!("{}\n", "x".repeat(200)).repeat(FILLING).into_bytes());
    producer.succeed();
}

/// Returns the number behind a word of a line.
fn number(line: &str, word: &str) -> i64 {
    let (_, rest) = line.split_once(word).unwrap_or_else(|| panic!("no {word} in {line}"));
    let end = rest.find(|c: char| c != '-' && !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().unwrap_or_else(|_| panic!("no number behind {word} in {line}"))
}

/// Protects: Kafka's tool reads the states of our coordinator with their ids, epochs and partitions, and says of our marks and
/// indexes what we say; it finds no mismatch.
#[test]
fn dump_log_segments_reads_transactions() {
    let test = "dump_log_segments_reads_transactions";
    let tools = both(toolbox::kafka_tool(""), toolbox::franz_go());
    let Some((_tool, family)) = or_skip(test, tools) else { return };
    let mut broker = Broker::start(&["highwater.preset=tiny", "transaction.state.log.num.partitions=1"]);
    let address = broker.address();
    highwater(&broker, &["topic", "create", "ledger", "-p", "2"]).succeed();
    let mut producer = Producer::start(&family, &address, "id", 60_000);
    producer.done(&["begin", "send ledger 0 a", "send ledger 1 a", "commit", "begin", "send ledger 0 b"]);
    fill(&broker);
    producer.done(&["abort"]);
    fill(&broker);
    producer.done(&["begin", "send ledger 1 c"]);
    broker.stop();
    let id = check_state(&broker);
    check_log(&broker, id);
}

/// The coordinator's records: what is open names its partitions, each transaction has an epoch of its own. Returns the producer id.
fn check_state(broker: &Broker) -> i64 {
    let lines = dump_with(&["--transaction-log-decoder"], &files(broker, STATE, 0, "log"));
    judged(0, &lines).unwrap_or_else(|e| panic!("{e}"));
    let records: Vec<&String> = lines.iter().filter(|line| line.starts_with("| offset: ")).collect();
    let key =
        r#"key: {"type":"0","data":{"transactionalId":"id"}} payload: {"version":"1","data":{"producerId":"#;
    let state = |line: &&String| {
        assert!(line.contains(key), "{line}");
        let (_, partitions) = line.split_once(r#""transactionPartitions":"#).unwrap();
        let (partitions, _) = partitions.split_once(r#","transactionLastUpdateTimestampMs""#).unwrap();
        let partitions = partitions.replace(r#"{"topic":"ledger","partitionIds":"#, "").replace('}', "");
        let [status, epoch] =
            ["transactionStatus", "producerEpoch"].map(|name| number(line, &format!("\"{name}\":")));
        format!("{} {epoch} {partitions}", STATES[usize::try_from(status).unwrap()])
    };
    let found: Vec<String> = records.iter().map(state).collect();
    let wanted = [
        "Empty 0 null",
        "Ongoing 0 [[0]]",
        "Ongoing 0 [[0,1]]",
        "PrepareCommit 1 [[0,1]]",
        "CompleteCommit 1 []",
        "Ongoing 1 [[0]]",
        "PrepareAbort 2 [[0]]",
        "CompleteAbort 2 []",
        "Ongoing 2 [[1]]",
    ];
    assert_eq!(found, wanted);
    number(records[0], r#""producerId":"#)
}

/// The marks in the partition, and the indexes of its segments: the one transaction that was aborted is in one of them, from its first
/// record to its mark.
fn check_log(broker: &Broker, id: i64) {
    let logs = files(broker, "ledger", 0, "log");
    assert!(logs.len() > 3, "{} segments", logs.len());
    let indexes = ["index", "timeindex"].map(|ending| files(broker, "ledger", 0, ending));
    let lines = dump(&[logs, indexes.concat()].concat());
    judged(0, &lines).unwrap_or_else(|e| panic!("{e}"));
    let offset = |line: &String| number(line, "| offset: ");
    let marks: Vec<&String> = lines.iter().filter(|line| line.contains("endTxnMarker: ")).collect();
    let kinds: Vec<(bool, i64)> =
        marks.iter().map(|line| (line.contains("endTxnMarker: COMMIT"), offset(line))).collect();
    let aborted = kinds.last().unwrap().1;
    assert_eq!(kinds, [(true, 1), (false, aborted)], "{marks:?}");
    let mut entries = dump(&files(broker, "ledger", 0, "txnindex"));
    entries.retain(|line| line.contains("firstOffset: "));
    let words = ["version: ", "producerId: ", "firstOffset: ", "lastOffset: "];
    let found: Vec<_> = entries.iter().map(|line| words.map(|word| number(line, word))).collect();
    assert_eq!(found, [[0, id, 2, aborted]], "{entries:?}");
    assert!(number(&entries[0], "lastStableOffset: ") > aborted - 1, "{entries:?}");
}
