//! Names, magic numbers and sizes of everything in a data directory outside the write-ahead log.
//!
//! ```text
//! highwater.lock              held (flock) while a process uses the directory
//! highwater.format            what this folder is (directory/format.rs); appears last, by rename
//! highwater.format.new        the same while the folder is being formatted: what is beside it may be wiped
//! state/a, state/b            the state journal, twice (state.rs)
//! wal/                        the write-ahead log (wal/layout.rs)
//! <topic>-<partition>/        one log, as Kafka lays it out:
//!   partition.metadata        Kafka's text: version and topic id
//!   leader-epoch-checkpoint   Kafka's text, written for its tools, never read
//!   <base>.log                batches byte for byte, <base> in 20 digits
//!   <base>.index              8 bytes an entry: last offset of a batch less base u32, its position u32
//!   <base>.timeindex          12 bytes an entry: max timestamp so far i64, its offset less base u32
//!   <base>.txnindex           34 bytes an entry: aborted transactions of a sealed segment (txn_index.rs)
//!   <offset>.producers        producer state below that offset, ours (producers/file.rs)
//!   <offset>.snapshot         the same for Kafka's tools, never read
//!   aside.producers           the next one while it is written
//!   <base>.*.deleted          about to be unlinked
//!   <base>.*.swap             made by compaction, about to take the place of <base>.* (directory/compact.rs)
//! <topic>-<partition>.new     a log's folder before its metadata is synced (a very long name: .<topic id>.new)
//! <topic>-<partition>.<topic id>-delete   a deleted log, about to be unlinked
//! <topic>-<partition>.<topic id>.<ms>-stray   a log that the metadata does not know, set aside at that unix time
//! highwater.reserve           zeros that are given up when the disk is full (directory/reserve.rs)
//! highwater.repair            a repair is under way (repair/stage.rs): the directory does not open
//! quarantine/<number>/        what repairs took away, with their reports (repair/stage.rs)
//! ```
//!
//! All numbers are big-endian. Source: `LogFileUtils`, `UnifiedLog`, `PartitionMetadataFile` of Kafka 4.3.1
//! for the names within a log's folder. Tests: below, and `golden/disk/v1` for the whole.

use types::{Offset, TopicId, WallTime};

/// Version of the formats described here; a directory of a higher one is refused.
pub const FORMAT_VERSION: u32 = 1;
/// Name of the file that says what the directory is.
pub const FORMAT_FILE: &str = "highwater.format";
/// Its name while the directory is being formatted.
pub const FORMAT_FILE_NEW: &str = "highwater.format.new";
/// Name of the file whose lock is held while the directory is in use.
pub const LOCK_FILE: &str = "highwater.lock";
/// Name of the file that keeps space back.
pub const RESERVE_FILE: &str = "highwater.reserve";
/// Name of the file that says that a repair is under way.
pub const REPAIR_FILE: &str = "highwater.repair";
/// Folder of what repairs took away.
pub const QUARANTINE_FOLDER: &str = "quarantine";
/// Folder of the state journal.
pub const STATE_FOLDER: &str = "state";
/// Names of its two copies.
pub const STATE_COPIES: [&str; 2] = ["a", "b"];
/// Folder of the write-ahead log.
pub const WAL_FOLDER: &str = "wal";
/// The file by which a directory of Apache Kafka is known.
pub const KAFKA_META_FILE: &str = "meta.properties";
/// Kafka's file with a log's topic id.
pub const PARTITION_METADATA: &str = "partition.metadata";
/// Kafka's file with a log's leader epochs.
pub const EPOCH_CHECKPOINT: &str = "leader-epoch-checkpoint";

/// First bytes of a state record: "HWST".
pub const STATE_MAGIC: u32 = 0x4857_5354;
/// Version of the state record.
pub const STATE_VERSION: u16 = 1;
/// State records begin on such a boundary. *Units*: bytes.
pub const STATE_BLOCK: usize = 4096;
/// Bytes of a state record before its body.
pub const STATE_HEADER_BYTES: usize = 64;

/// Bytes of an entry of the offset index.
pub const OFFSET_ENTRY_BYTES: u32 = 8;
/// Bytes of an entry of the time index.
pub const TIME_ENTRY_BYTES: u32 = 12;
/// Bytes of an entry of the transaction index.
pub const TXN_ENTRY_BYTES: u32 = 34;

/// Longest file name that every file system takes. *Units*: bytes.
const MAX_NAME_BYTES: usize = 255;
/// Ending of a file that is about to be unlinked.
pub const DELETED_ENDING: &str = ".deleted";
/// Ending of a segment's file that compaction made, until it takes the place of the old one.
pub const SWAP_ENDING: &str = ".swap";
/// Ending of a folder that is being made.
pub const NEW_ENDING: &str = ".new";
/// Ending of a folder that is about to be unlinked.
pub const DELETE_ENDING: &str = "-delete";
/// Ending of a folder that nobody claims.
pub const STRAY_ENDING: &str = "-stray";

/// Ending of a file with producer state.
const PRODUCERS_ENDING: &str = ".producers";

/// The files that one segment may have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SegmentFile {
    /// The batches.
    Log,
    /// Offset to position.
    OffsetIndex,
    /// Time to offset.
    TimeIndex,
    /// Aborted transactions.
    TxnIndex,
    /// Producer state below that offset, for Kafka's tools.
    Snapshot,
}

/// Every kind of file of a segment, the batches first.
pub const SEGMENT_FILES: [SegmentFile; 5] = [
    SegmentFile::Log,
    SegmentFile::OffsetIndex,
    SegmentFile::TimeIndex,
    SegmentFile::TxnIndex,
    SegmentFile::Snapshot,
];

impl SegmentFile {
    /// Returns the ending of the file's name.
    pub fn ending(self) -> &'static str {
        match self {
            SegmentFile::Log => ".log",
            SegmentFile::OffsetIndex => ".index",
            SegmentFile::TimeIndex => ".timeindex",
            SegmentFile::TxnIndex => ".txnindex",
            SegmentFile::Snapshot => ".snapshot",
        }
    }
}

/// Returns the name of a segment's file.
pub fn segment_name(base: Offset, file: SegmentFile) -> String {
    format!("{:020}{}", base.0, file.ending())
}

/// The files of a segment that compaction makes anew, the batches first.
pub const SWAP_FILES: [SegmentFile; 4] =
    [SegmentFile::Log, SegmentFile::OffsetIndex, SegmentFile::TimeIndex, SegmentFile::TxnIndex];

/// Returns the name of a segment's file until it takes the place of the old one.
pub fn swap_name(base: Offset, file: SegmentFile) -> String {
    format!("{}{SWAP_ENDING}", segment_name(base, file))
}

/// Returns the name of the file with the producer state below an offset.
pub fn producers_name(offset: Offset) -> String {
    format!("{:020}{PRODUCERS_ENDING}", offset.0)
}

/// Returns the offset of a file with producer state, or nothing if the name is none of one.
pub fn parse_producers_name(name: &str) -> Option<Offset> {
    parse_offset(name.strip_suffix(PRODUCERS_ENDING)?)
}

fn parse_offset(digits: &str) -> Option<Offset> {
    let plain = digits.len() == 20 && digits.bytes().all(|c| c.is_ascii_digit());
    plain.then(|| digits.parse().ok().map(Offset)).flatten()
}

/// Returns the segment and the kind that a file's name stands for, or nothing if it is no segment's.
pub fn parse_segment_name(name: &str) -> Option<(Offset, SegmentFile)> {
    let (digits, ending) = name.split_at_checked(20)?;
    let file = SEGMENT_FILES.into_iter().find(|file| file.ending() == ending)?;
    parse_offset(digits).map(|base| (base, file))
}

/// Returns the name of a log's folder while it is made. The topic id takes the place of what is too long.
pub fn new_name(folder: &str, topic_id: TopicId) -> String {
    match folder.len() + NEW_ENDING.len() <= MAX_NAME_BYTES {
        true => format!("{folder}{NEW_ENDING}"),
        false => ended(folder, topic_id, NEW_ENDING),
    }
}

/// Returns the name of a log's folder that is about to be unlinked.
pub fn delete_name(folder: &str, topic_id: TopicId) -> String {
    ended(folder, topic_id, DELETE_ENDING)
}

/// Returns the name of a log's folder that nobody claims, set aside at this time.
pub fn stray_name(folder: &str, topic_id: TopicId, since: WallTime) -> String {
    ended(folder, topic_id, &format!(".{since}{STRAY_ENDING}"))
}

/// Says whether a name in the directory is that of a folder that was set aside.
pub fn is_stray_folder(name: &str) -> bool {
    name.ends_with(STRAY_ENDING)
}

/// When a folder was set aside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StrayTime {
    /// Its name does not say it.
    Unknown,
    /// At this time.
    Known(WallTime),
}

/// Reads when a folder was set aside.
pub fn stray_time(name: &str) -> StrayTime {
    let rest = name.strip_suffix(STRAY_ENDING).and_then(|rest| rest.rsplit_once('.'));
    // A topic id is no number: it has 22 characters.
    match rest.and_then(|(_, ms)| (ms.len() < 20).then(|| ms.parse().ok())?) {
        Some(ms) => StrayTime::Known(WallTime(ms)),
        None => StrayTime::Unknown,
    }
}

/// Returns the name of a folder that was set aside without a time, with this one.
pub fn timed_stray_name(name: &str, since: WallTime) -> String {
    let rest = name.strip_suffix(STRAY_ENDING).unwrap_or(name);
    let tail = format!(".{since}{STRAY_ENDING}");
    let room = MAX_NAME_BYTES - tail.len();
    // The end of the name keeps it unique; its beginning is cut where the whole would be too long.
    let mut first = rest.len().saturating_sub(room);
    while !rest.is_char_boundary(first) {
        first += 1;
    }
    format!("{}{tail}", rest.get(first..).unwrap_or(rest))
}

/// Cuts the folder's own name where the whole would be too long. The topic id and the partition keep it unique.
fn ended(folder: &str, topic_id: TopicId, ending: &str) -> String {
    let tail = format!(".{topic_id}{ending}");
    let room = MAX_NAME_BYTES - tail.len();
    if folder.len() <= room {
        return format!("{folder}{tail}");
    }
    let partition = folder.rfind('-').map_or("", |dash| folder.get(dash..).unwrap_or(""));
    let kept: String = folder.chars().take(room.saturating_sub(partition.len())).collect();
    format!("{kept}{partition}{tail}")
}

/// Says whether a name in the directory is that of a log's folder in use: `<topic>-<partition>`.
pub fn is_log_folder(name: &str) -> bool {
    name.rsplit_once('-').is_some_and(|(topic, partition)| {
        !topic.is_empty()
            && !partition.is_empty()
            && partition.len() <= 10
            && partition.bytes().all(|c| c.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::Uuid;

    /// Protects: segment files are named as Kafka names them, and nothing else is taken for one.
    #[test]
    fn segment_names_are_kafkas() {
        assert_eq!(segment_name(Offset(42), SegmentFile::TimeIndex), "00000000000000000042.timeindex");
        for file in SEGMENT_FILES {
            let name = segment_name(Offset(i64::MAX), file);
            assert_eq!(parse_segment_name(&name), Some((Offset(i64::MAX), file)));
        }
        assert_eq!(parse_producers_name(&producers_name(Offset(7))), Some(Offset(7)));
        assert_eq!(parse_producers_name("aside.producers"), None);
        for bad in ["42.log", "0000000000000000004x.log", "00000000000000000042.log.deleted", "", "é"] {
            assert_eq!(parse_segment_name(bad), None, "{bad}");
        }
    }

    /// Protects: W-14: the time at which a folder was set aside is read back from its name; an older name has none and
    /// gets one, and every name fits.
    #[test]
    fn strays_carry_their_time() {
        let (id, time) = (TopicId(Uuid([7; 16])), WallTime(1_700_000_000_000));
        for folder in ["a-0".to_owned(), format!("{}-{}", "t".repeat(249), 12345)] {
            let name = stray_name(&folder, id, time);
            assert!(is_stray_folder(&name) && name.len() <= 255 && !is_log_folder(&name), "{name}");
            assert_eq!(stray_time(&name), StrayTime::Known(time));
            let older = ended(&folder, id, STRAY_ENDING);
            assert_eq!(stray_time(&older), StrayTime::Unknown, "{older}");
            let timed = timed_stray_name(&older, time);
            assert!(timed.len() <= 255, "{timed}");
            assert_eq!(stray_time(&timed), StrayTime::Known(time));
        }
    }

    /// Protects: the names of a folder that is made or deleted fit every file system and stay unique per partition.
    #[test]
    fn delete_names_fit() {
        let id = TopicId(Uuid([7; 16]));
        let long = format!("{}-{}", "t".repeat(249), 12345);
        let name = new_name(&long, id);
        assert!(name.len() <= 255 && name.contains("-12345.") && name.ends_with(NEW_ENDING), "{name}");
        assert_eq!(new_name("a-0", id), "a-0.new");
        let name = delete_name(&long, id);
        assert!(name.len() <= 255 && name.contains("-12345.") && name.ends_with("-delete"), "{name}");
        assert_eq!(delete_name("a-0", id), format!("a-0.{id}-delete"));
        assert!(is_log_folder("a-0") && !is_log_folder(&name) && !is_log_folder("state"));
    }
}
