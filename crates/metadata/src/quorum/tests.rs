//! openraft's conformance suite on our log store and state machine, and tests of the log's replay.

use super::encoding::encode_entry;
use super::log_content::{LogContent, LogDamage, PART_BYTES};
use super::log_store::LogStore;
use super::raft::{
    Entry, Membership, Payload, QuorumTypes, RecordGroup, Runtime, StoredMembership, Vote, Voter,
    VoterAddress, log_id,
};
use super::snapshot::{SavedState, SnapshotFolder};
use super::state_machine::StateMachine;
use super::storage::{
    QuorumFrame, QuorumRecovered, QuorumStorage, Space, StorageFailed, StorageFull, Ticket,
};
use crate::MetadataImage;
use bytes::Bytes;
use openraft::StorageError;
use openraft::testing::log::{StoreBuilder, Suite};
use std::pin::Pin;
use std::sync::Arc;

/// Storage on which everything is durable at once.
struct Instant;

impl QuorumStorage for Instant {
    fn submit(&self, _: Vec<QuorumFrame>) -> Ticket {
        Ticket(0)
    }

    fn reserve(&self, _: u64) -> Result<Space, StorageFull> {
        Ok(Space::default())
    }

    fn durable(&self, _: Ticket) -> Pin<Box<dyn Future<Output = Result<(), StorageFailed>> + Send>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

struct Builder;

impl StoreBuilder<QuorumTypes, LogStore, StateMachine> for Builder {
    async fn build(&self) -> Result<((), LogStore, StateMachine), StorageError<QuorumTypes>> {
        let log = LogStore::recover(Arc::new(Instant), &QuorumRecovered::default()).unwrap();
        let disk = Arc::new(env::crash::CrashDisk::new());
        let snapshots = SnapshotFolder::open(disk, "/metadata".into()).unwrap();
        Ok(((), log, StateMachine::new(Arc::new(snapshots)).0))
    }
}

/// Protects: our storage keeps every promise that openraft's own suite asks for.
#[test]
fn openrafts_storage_suite_passes() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(Runtime::scope(7, Suite::test_all(Builder))).unwrap();
}

fn entry(term: u64, index: u64, bytes: usize) -> Entry {
    Entry { log_id: log_id(term, index), payload: Payload::Normal(RecordGroup(Bytes::from(vec![7; bytes]))) }
}

fn replayed(frames: &[QuorumFrame]) -> LogContent {
    LogContent::recover(&QuorumRecovered { checkpoint: Bytes::new(), frames: frames.to_vec() }).unwrap()
}

/// Every kind of change, an entry of several parts among them.
fn history(content: &mut LogContent) -> Vec<QuorumFrame> {
    let mut frames = vec![content.set_vote(Vote::new(1, 3.into()))];
    for index in 0..5 {
        frames.extend(content.append(entry(1, index, 10)));
    }
    frames.extend(content.append(entry(1, 5, 3 * PART_BYTES)));
    frames.push(content.truncate_after(Some(log_id(1, 3))));
    frames.extend(content.append(entry(2, 4, 20)));
    frames.push(content.set_vote(Vote::new_committed(2, 3.into())));
    frames.push(content.purge(log_id(1, 1)));
    frames
}

/// Protects: replaying the frames gives the log that made them, votes, purge and bytes included.
#[test]
fn replay_gives_the_same_log() {
    let mut content = LogContent::default();
    let frames = history(&mut content);
    let again = replayed(&frames);
    assert_eq!(again.checkpoint(), content.checkpoint());
    assert_eq!(
        (again.bytes(), again.last(), again.purged()),
        (content.bytes(), content.last(), content.purged())
    );
    assert_eq!(again.entries(..), content.entries(..));
    assert_eq!(again.entries(..).len(), 3);
}

/// Protects: a checkpoint taken after any change, with all frames replayed over it, gives the same log.
#[test]
fn a_checkpoint_at_any_change_and_the_frames_meet() {
    let mut content = LogContent::default();
    let frames = history(&mut content);
    for count in 0..=frames.len() {
        let checkpoint = replayed(&frames[..count]).checkpoint();
        if frames.get(count).is_some_and(is_later_part) {
            continue;
        }
        let recovered = QuorumRecovered { checkpoint, frames: frames.clone() };
        assert_eq!(LogContent::recover(&recovered).unwrap().checkpoint(), content.checkpoint(), "{count}");
    }
}

/// A checkpoint is taken under the lock under which all parts of an entry are submitted.
fn is_later_part(frame: &QuorumFrame) -> bool {
    frame.kind == super::QuorumFrameKind::Append && frame.payload[1] == 0
}

/// Protects: an entry of which the power cut left only the first parts is no entry, and the log goes on.
#[test]
fn a_torn_entry_is_dropped() {
    let mut content = LogContent::default();
    let mut frames = content.append(entry(1, 0, 10));
    frames.extend(content.append(entry(1, 1, 3 * PART_BYTES)));
    frames.truncate(3);
    let mut again = replayed(&frames);
    assert_eq!(again.last(), Some(log_id(1, 0)));
    frames.extend(again.append(entry(2, 1, 10)));
    assert_eq!(replayed(&frames).last(), Some(log_id(2, 1)));
}

/// Protects: a missing change is damage, never skipped.
#[test]
fn a_missing_change_is_damage() {
    let mut frames = history(&mut LogContent::default());
    frames.remove(2);
    let recovered = QuorumRecovered { checkpoint: Bytes::new(), frames };
    assert_eq!(LogContent::recover(&recovered).err(), Some(LogDamage::Gap { after: 2, found: 4 }));
}

/// Protects: the bytes of version 1 stay what they are; a change of layout needs a new version.
#[test]
fn version_1_is_fixed() {
    let mut content = LogContent::default();
    let frames = history(&mut content);
    let voters =
        std::collections::BTreeMap::from([(Voter::from(3), VoterAddress { host: "h".into(), port: 1 })]);
    let membership = Membership::new(vec![voters.keys().copied().collect()], voters).unwrap();
    let entry = Entry { log_id: log_id(2, 5), payload: Payload::Membership(membership.clone()) };
    let state = SavedState {
        applied: Some(log_id(2, 5)),
        membership: StoredMembership::new(Some(log_id(2, 5)), membership),
        image: MetadataImage::default(),
    };
    let payloads: Vec<u8> = frames.iter().flat_map(|frame| frame.payload.clone()).collect();
    let formats = [&payloads[..], &content.checkpoint(), &encode_entry(&entry), &state.encode()];
    let crc = |bytes| crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes);
    assert_eq!(
        formats.map(|bytes| (bytes.len(), crc(bytes))),
        [(24956, 341109482), (178, 2235744226), (77, 2735018533), (144, 3148465083)]
    );
}

/// Protects: what an inspection shows is snapshot and log together, entry by entry, and it changes nothing.
#[test]
fn a_view_is_what_snapshot_and_log_give() {
    let records = |name: &str, id: u8| {
        let topic = crate::Record::TopicCreated {
            name: types::TopicName::new(name).unwrap(),
            id: types::TopicId(types::Uuid([id; 16])),
        };
        Payload::Normal(RecordGroup::new(&[topic]))
    };
    let at = |index, payload| Entry { log_id: log_id(3, index), payload };
    let disk = Arc::new(env::crash::CrashDisk::new());
    let folder = SnapshotFolder::open(disk.clone(), "/metadata".into()).unwrap();
    let topic = crate::Record::TopicCreated {
        name: types::TopicName::new("old").unwrap(),
        id: types::TopicId(types::Uuid([1; 16])),
    };
    let image = MetadataImage::default().apply(&[topic], types::MetadataOffset(2)).unwrap();
    let saved = SavedState { applied: Some(log_id(3, 2)), membership: StoredMembership::default(), image };
    folder.save(&saved).unwrap();
    let mut content = LogContent::default();
    let mut frames = vec![content.set_vote(Vote::new_committed(3, 7.into()))];
    frames.extend(content.append(at(2, records("old", 1))));
    frames.extend(content.append(at(3, Payload::Blank)));
    frames.extend(content.append(at(4, records("new", 2))));
    let recovered = QuorumRecovered { checkpoint: Bytes::new(), frames };
    let before = disk.ops();
    let view = super::QuorumView::read(disk.clone(), std::path::Path::new("/metadata"), &recovered).unwrap();
    let names: Vec<&str> = view.image.topics().iter().map(|topic| topic.name.as_str()).collect();
    assert_eq!((names, view.image.offset().0), (vec!["new", "old"], 4));
    assert_eq!(view.vote, Some((3, 7.into())));
    assert_eq!(view.entries.iter().map(|entry| entry.offset.0).collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!(view.snapshot.map(|snapshot| snapshot.offset.0), Some(2));
    assert_eq!(disk.ops(), before, "an inspection changes nothing");
    let empty = QuorumRecovered::default();
    let nothing = super::QuorumView::read(disk, std::path::Path::new("/no/such/folder"), &empty).unwrap();
    assert!(nothing.entries.is_empty() && nothing.snapshot.is_none());
}
