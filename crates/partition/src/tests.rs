//! The partition by script: the order of append decisions (W-15), how waiters end, the high watermark,
//! what a fetch may see. Random inputs are in tests/random.rs.

use super::*;
use bytes::Bytes;
use log::log::Log;
use log::read_plan::ReadPlan;
use log::segments::PlaceRules;
use types::{
    BrokerId, ErrorCode, LeaderEpoch, LogKey, Millis, Monotonic, Now, Offset, PartitionEpoch, PartitionId,
    ProducerEpoch, ProducerId, Sequence, TopicId, Uuid, WallTime,
};
use wire::record::{Batch, BatchBuilder, BatchError, CheckRules, Codec, TimestampRules, admit, batch_crc};

const ME: BrokerId = BrokerId(1);
const OTHER: BrokerId = BrokerId(2);
const NOW: Now = Now { mono: Monotonic(0), wall: WallTime(1_000) };
const KEY: LogKey = LogKey { topic_id: TopicId(Uuid([7; 16])), partition: PartitionId(0) };
const MANY: usize = 100;

fn leadership(epoch: i32, brokers: &[BrokerId], min_isr: usize) -> Leadership {
    Leadership {
        broker: ME,
        leader: Some(ME),
        leader_epoch: LeaderEpoch(epoch),
        replicas: ReplicaSet::new(vec![ME, OTHER], brokers.to_vec(), PartitionEpoch(epoch)),
        min_isr,
    }
}

fn alone(epoch: i32) -> Leadership {
    let replicas = ReplicaSet::new(vec![ME], vec![ME], PartitionEpoch(0));
    Leadership { replicas, ..leadership(epoch, &[ME], 1) }
}

fn builder(records: usize, builder: BatchBuilder) -> Batch {
    let mut builder = builder;
    for _ in 0..records {
        builder.push(WallTime(900), Some(b"key"), Some(b"value"), &[]);
    }
    Batch::from_wire(&builder.build().unwrap()).unwrap()
}

fn plain(records: usize) -> Batch {
    builder(records, BatchBuilder::new(Codec::None))
}

fn sequenced(epoch: i16, sequence: i32, records: usize) -> Batch {
    let empty = BatchBuilder::new(Codec::None);
    builder(records, empty.producer(ProducerId(5), ProducerEpoch(epoch), Sequence(sequence)))
}

/// A partition with what came out of it.
struct Desk {
    partition: Partition,
    next_token: u64,
    effects: Vec<Effect>,
}

impl Desk {
    fn new(leadership: Leadership) -> Desk {
        Desk { partition: Partition::new(Log::new(KEY), leadership), next_token: 0, effects: Vec::new() }
    }

    fn append(&mut self, batch: Batch, acks: RequiredAcks) -> Result<Appended, AppendRefused> {
        let token = AckToken(self.next_token);
        self.next_token += 1;
        let input = AppendInput {
            origin: Origin::Client,
            batch,
            acks,
            max_producers: MANY,
            resume: None,
            guard: None,
            token,
        };
        self.partition.append(input, NOW, &mut self.effects)
    }

    /// Appends a batch that is accepted; returns its first offset.
    fn put(&mut self, batch: Batch) -> i64 {
        self.append(batch, RequiredAcks::All).unwrap().base.0
    }

    /// The write-ahead log has synced all that it was given.
    fn sync(&mut self) {
        let change = self.partition.log().change();
        self.partition.on_durable(change, &mut self.effects);
    }

    fn follower_has(&mut self, end: i64) {
        self.partition.leadership.replicas.on_durable(OTHER, Offset(end));
        self.sync();
    }

    fn lead(&mut self, leadership: Leadership) {
        self.partition.on_leadership(leadership, &mut self.effects);
    }

    /// Takes the answers that were given since the last call.
    fn acked(&mut self) -> Vec<(u64, AckEnd)> {
        let acked = std::mem::take(&mut self.effects).into_iter();
        acked
            .filter_map(|effect| match effect {
                Effect::Acked { token, end } => Some((token.0, end)),
                Effect::Wal(_) | Effect::Buffered | Effect::Wake { .. } => None,
            })
            .collect()
    }

    fn wakes(&mut self) -> Vec<(u64, u64)> {
        let wakes = std::mem::take(&mut self.effects).into_iter();
        wakes
            .filter_map(|effect| match effect {
                Effect::Wake { token, bytes } => Some((token.0, bytes)),
                Effect::Wal(_) | Effect::Buffered | Effect::Acked { .. } => None,
            })
            .collect()
    }

    fn high_watermark(&self) -> i64 {
        self.partition.pointers().high_watermark.0
    }

    fn fetch(&self, offset: i64) -> Result<FetchAnswer, FetchRefused> {
        self.partition.fetch(&input(offset))
    }
}

fn input(offset: i64) -> FetchInput {
    FetchInput {
        offset: Offset(offset),
        current_epoch: None,
        last_fetched_epoch: None,
        isolation: Isolation::ReadUncommitted,
        max_bytes: 1 << 20,
        at_least_one: true,
    }
}

fn first_offsets(answer: &FetchAnswer) -> Vec<i64> {
    match &answer.plan {
        ReadPlan::Empty => Vec::new(),
        ReadPlan::Tail(batches) => batches.iter().map(|batch| batch.header().base_offset.0).collect(),
        ReadPlan::File(_) => panic!("nothing is in files"),
    }
}

/// Protects: append decides in W-15's order (failed log, leader, min ISR, then producer epoch before
/// sequence), and a refused batch changes nothing at all.
#[test]
fn refusals_come_in_order_and_leave_no_trace() {
    let mut desk = Desk::new(leadership(3, &[ME, OTHER], 2));
    desk.put(sequenced(4, 0, 2));
    // Everything is wrong with it at once: stale producer epoch and a gap.
    let refuse = |desk: &mut Desk, batch: Batch, expected: &AppendRefused| {
        let (before, effects) = (format!("{:?}", desk.partition), desk.effects.len());
        assert_eq!(desk.append(batch, RequiredAcks::All).unwrap_err().code(), expected.code());
        assert_eq!(format!("{:?}", desk.partition), before, "{expected} left a trace");
        assert_eq!(desk.effects.len(), effects, "{expected} had an effect");
    };
    let mut failed = Desk::new(Leadership { leader: Some(OTHER), ..leadership(3, &[ME], 2) });
    failed.partition.on_failed(&mut Vec::new());
    refuse(&mut failed, sequenced(3, 9, 1), &AppendRefused::LogFailed);

    desk.lead(Leadership { leader: Some(OTHER), ..leadership(4, &[ME], 2) });
    refuse(&mut desk, sequenced(3, 9, 1), &AppendRefused::NotLeader);
    assert_eq!(RequiredAcks::new(2), Err(AppendRefused::InvalidRequiredAcks), "before the in-sync set");
    desk.lead(leadership(5, &[ME], 2));
    refuse(&mut desk, sequenced(3, 9, 1), &AppendRefused::NotEnoughReplicas);
    desk.lead(leadership(6, &[ME, OTHER], 2));
    let code = |desk: &mut Desk, batch| desk.append(batch, RequiredAcks::All).unwrap_err().code();
    let before = format!("{:?}", desk.partition);
    assert_eq!(code(&mut desk, sequenced(3, 9, 1)), ErrorCode::InvalidProducerEpoch, "epoch before sequence");
    assert_eq!(code(&mut desk, sequenced(4, 9, 1)), ErrorCode::OutOfOrderSequenceNumber);
    assert_eq!(
        code(&mut desk, sequenced(5, 1, 1)),
        ErrorCode::OutOfOrderSequenceNumber,
        "a new epoch is at 0"
    );
    assert_eq!(format!("{:?}", desk.partition), before, "no refusal has left a trace");
    assert_eq!(desk.put(sequenced(4, 2, 1)), 2, "the right one still fits");
}

/// Protects: what is judged of the batch itself comes in W-15's order too, from the number of batches to
/// the keys.
#[test]
fn faults_of_a_batch_come_in_order() {
    let rules = CheckRules {
        max_batch_bytes: 100,
        max_decompressed_bytes: 1 << 20,
        zstd_allowed: false,
        keys_required: true,
        timestamps: TimestampRules::Create {
            now: NOW.wall,
            before_max: Millis(i64::MAX),
            after_max: Millis(1_000),
        },
    };
    let check = |faults: u32, rules: &CheckRules| admit(&faulty(faults), rules).unwrap_err();
    let roomy = CheckRules { max_batch_bytes: 1 << 20, ..rules };
    assert_eq!(admit(&Bytes::new(), &rules), Err(BatchError::NoBatch));
    assert_eq!(check(0, &rules), BatchError::SecondBatch);
    assert!(matches!(check(1, &rules), BatchError::Crc { .. }));
    assert!(matches!(check(2, &rules), BatchError::Attributes(_)));
    assert!(matches!(check(3, &rules), BatchError::Control));
    assert!(matches!(check(4, &rules), BatchError::TooLarge { .. }));
    assert!(matches!(check(4, &roomy), BatchError::UnknownCodec(7)));
    assert!(matches!(check(5, &roomy), BatchError::Count { .. }));
    assert!(matches!(check(6, &roomy), BatchError::Producer { .. }));
    let BatchError::Records(errors) = check(7, &roomy) else { panic!("records are judged last") };
    assert_eq!(errors.len(), 1);
    assert!(admit(&faulty(7), &CheckRules { keys_required: false, ..roomy }).is_err(), "the time is left");
}

/// A batch with every fault from the given one on, in the order of W-15.
fn faulty(from: u32) -> Bytes {
    let mut builder = BatchBuilder::new(Codec::None);
    builder.push(WallTime(1_000_000), None, Some(&[1; 100]), &[]);
    let mut bytes = builder.build().unwrap().to_vec();
    if from <= 6 {
        // A producer id without an epoch.
        bytes[43..51].copy_from_slice(&9_i64.to_be_bytes());
    }
    if from <= 5 {
        bytes[57..61].copy_from_slice(&2_i32.to_be_bytes());
    }
    let bits = [(2, 0x0100), (3, 0x0020), (4, 0x0007)].into_iter().filter(|(fault, _)| from <= *fault);
    let attributes: i16 = bits.map(|(_, bit)| bit).sum();
    bytes[21..23].copy_from_slice(&attributes.to_be_bytes());
    let crc = batch_crc(&bytes) ^ u32::from(from <= 1);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    if from == 0 {
        bytes.extend_from_within(..);
    }
    Bytes::from(bytes)
}

/// Protects: an answer comes once the batch is durable on the whole in-sync set, not before, and once.
#[test]
fn a_waiter_ends_committed() {
    let mut desk = Desk::new(leadership(1, &[ME, OTHER], 2));
    assert_eq!((desk.put(plain(2)), desk.put(plain(1))), (0, 2));
    desk.sync();
    assert_eq!(desk.acked(), [], "the follower has nothing");
    desk.follower_has(2);
    assert_eq!(desk.acked(), [(0, AckEnd::Committed)]);
    desk.follower_has(3);
    desk.follower_has(3);
    assert_eq!(desk.acked(), [(1, AckEnd::Committed)], "nobody is told twice");
}

/// Protects: a resend waits for its first copy and gets its offset (P1, P3); neither is written again.
#[test]
fn a_duplicate_waits_for_the_first_copy() {
    let mut desk = Desk::new(alone(1));
    assert_eq!(desk.put(sequenced(0, 0, 3)), 0);
    assert_eq!(desk.put(sequenced(0, 0, 3)), 0);
    assert_eq!(desk.partition.pointers().log_end, Offset(3), "it is there once");
    assert_eq!(desk.acked(), [], "and not durable");
    desk.sync();
    assert_eq!(desk.acked(), [(0, AckEnd::Committed), (1, AckEnd::Committed)]);
    assert_eq!(desk.put(sequenced(0, 0, 3)), 0);
    assert_eq!(desk.acked(), [(2, AckEnd::Committed)], "what is committed is answered at once");
}

/// Protects: a batch that a truncation has cut is lost for whoever waits, one below it is not.
#[test]
fn a_waiter_ends_lost() {
    let mut desk = Desk::new(leadership(1, &[ME, OTHER], 2));
    for batch in [plain(1), plain(1), plain(1)] {
        desk.put(batch);
    }
    desk.follower_has(1);
    assert_eq!(desk.acked(), [(0, AckEnd::Committed)]);
    desk.partition.truncate(Offset(2), &mut desk.effects);
    assert_eq!(desk.acked(), [(2, AckEnd::Lost)]);
    desk.follower_has(2);
    assert_eq!(desk.acked(), [(1, AckEnd::Committed)]);
    assert_eq!(AckEnd::Lost.code(), ErrorCode::NotLeaderOrFollower);
}

/// Protects: when the leadership moves or the log fails, a batch that was handed to the write-ahead log
/// is answered as unknown, never as "not stored".
#[test]
fn a_waiter_ends_unknown() {
    let mut desk = Desk::new(leadership(1, &[ME, OTHER], 2));
    desk.put(plain(1));
    desk.lead(leadership(1, &[ME], 1));
    assert_eq!(desk.acked(), [], "the same leadership goes on waiting");
    desk.lead(Leadership { leader: Some(OTHER), ..leadership(2, &[ME, OTHER], 2) });
    assert_eq!(desk.acked(), [(0, AckEnd::Unknown)]);
    desk.sync();
    assert_eq!(desk.acked(), [], "it has ended");

    let mut failing = Desk::new(alone(1));
    failing.put(plain(1));
    failing.partition.on_failed(&mut failing.effects);
    assert_eq!(failing.acked(), [(0, AckEnd::Unknown)]);
    failing.sync();
    assert_eq!(failing.acked(), []);

    let mut deleted = Desk::new(alone(1));
    deleted.put(plain(1));
    deleted.partition.on_deleted(&mut deleted.effects);
    assert_eq!(deleted.acked(), [(0, AckEnd::Unknown)]);
    assert_eq!(AckEnd::Unknown.code(), ErrorCode::RequestTimedOut);
}

/// Protects: the high watermark never goes back, whatever set the controller commits.
#[test]
fn the_high_watermark_never_goes_back() {
    let mut desk = Desk::new(leadership(1, &[ME], 1));
    desk.put(plain(5));
    desk.sync();
    assert_eq!(desk.high_watermark(), 5);
    desk.lead(leadership(2, &[ME, OTHER], 2));
    desk.follower_has(3);
    assert_eq!(desk.high_watermark(), 5, "a member that is behind does not pull it down");
    desk.put(plain(1));
    desk.follower_has(3);
    assert_eq!(desk.high_watermark(), 5);
    desk.follower_has(6);
    assert_eq!(desk.high_watermark(), 6);
}

/// Protects: below min ISR nothing is committed, with acks=1 either, and acks=all is refused.
#[test]
fn the_high_watermark_stands_still_below_min_isr() {
    let mut desk = Desk::new(leadership(1, &[ME], 2));
    assert_eq!(desk.append(plain(1), RequiredAcks::All), Err(AppendRefused::NotEnoughReplicas));
    desk.append(plain(1), RequiredAcks::Leader).unwrap();
    desk.sync();
    assert_eq!((desk.high_watermark(), desk.acked()), (0, vec![]));
    desk.lead(leadership(1, &[ME, OTHER], 2));
    desk.follower_has(1);
    assert_eq!(desk.high_watermark(), 1);
    assert_eq!(desk.acked(), [(1, AckEnd::Committed)]);
}

/// Protects: a reader sees up to the high watermark and no further; outside of the log is out of range.
#[test]
fn a_fetch_stays_within_its_bounds() {
    let mut desk = Desk::new(leadership(1, &[ME, OTHER], 2));
    for _ in 0..3 {
        desk.put(plain(2));
    }
    desk.follower_has(4);
    assert_eq!(first_offsets(&desk.fetch(0).unwrap()), [0, 2]);
    assert_eq!(first_offsets(&desk.fetch(3).unwrap()), [2], "the batch that holds the offset");
    for beyond in [4, 5, 6] {
        assert_eq!(first_offsets(&desk.fetch(beyond).unwrap()), [0; 0], "not committed: legal and empty");
    }
    for outside in [-1, i64::MIN, 7, i64::MAX] {
        assert_eq!(desk.fetch(outside).unwrap_err(), FetchRefused::OutOfRange, "{outside}");
    }
    let small = |at_least_one| FetchInput { max_bytes: 1, at_least_one, ..input(0) };
    let progress = desk.partition.fetch(&small(true)).unwrap();
    assert_eq!(first_offsets(&progress), [0], "the first batch comes whole");
    assert_eq!(first_offsets(&desk.partition.fetch(&small(false)).unwrap()), [0; 0]);
}

/// Protects: a reader that knows another leadership is told so before anything else (A25).
#[test]
fn epochs_are_checked_before_offsets() {
    let mut desk = Desk::new(alone(5));
    let with = |epoch| FetchInput { current_epoch: Some(LeaderEpoch(epoch)), ..input(99) };
    let refused = |desk: &Desk, epoch| desk.partition.fetch(&with(epoch)).unwrap_err();
    assert_eq!(refused(&desk, 4), FetchRefused::FencedEpoch);
    assert_eq!(refused(&desk, 6), FetchRefused::UnknownEpoch);
    assert_eq!(refused(&desk, 5), FetchRefused::OutOfRange);
    desk.lead(Leadership { leader: None, ..alone(6) });
    assert_eq!(refused(&desk, 6), FetchRefused::NotLeader);
    assert_eq!(refused(&desk, 5), FetchRefused::FencedEpoch);
}

/// Protects: a reader whose log departs from this one learns where, and one that names an epoch that
/// was never here is out of range, as in Kafka.
#[test]
fn a_diverging_log_is_told_where() {
    let mut desk = Desk::new(alone(1));
    desk.put(plain(2));
    desk.lead(alone(3));
    desk.put(plain(2));
    desk.sync();
    let ask = |desk: &Desk, offset, epoch| {
        desk.partition.fetch(&FetchInput { last_fetched_epoch: Some(LeaderEpoch(epoch)), ..input(offset) })
    };
    let diverging = |desk: &Desk, offset, epoch| ask(desk, offset, epoch).unwrap().diverging;
    assert_eq!(diverging(&desk, 2, 1), None);
    assert_eq!(diverging(&desk, 4, 3), None);
    let first = Diverging { epoch: LeaderEpoch(1), end: Offset(2) };
    assert_eq!(diverging(&desk, 3, 1), Some(first), "epoch 1 ended at 2");
    assert_eq!(diverging(&desk, 2, 2), Some(first), "epoch 2 was never here, 1 is what lies below it");
    assert_eq!(ask(&desk, 2, 9).unwrap_err(), FetchRefused::OutOfRange, "epoch 9 was never here");
    assert_eq!(ask(&desk, -1, 1).unwrap_err(), FetchRefused::OutOfRange, "below the log start comes first");
}

/// Protects: a parked fetch is woken by what was committed, with its size, and by the end of the role.
#[test]
fn parked_fetches_wake() {
    let mut desk = Desk::new(alone(1));
    desk.partition.park(FetchToken(9), Isolation::ReadUncommitted);
    let batch = plain(1);
    let size = u64::try_from(batch.size()).unwrap();
    desk.put(batch);
    assert_eq!(desk.wakes(), [], "nothing can be read yet");
    desk.sync();
    assert_eq!(desk.wakes(), [(9, size)]);
    desk.partition.unpark(FetchToken(9));
    desk.put(plain(1));
    desk.sync();
    assert_eq!(desk.wakes(), [], "it no longer waits");
    desk.partition.park(FetchToken(10), Isolation::ReadUncommitted);
    desk.lead(Leadership { leader: None, ..alone(2) });
    assert_eq!(desk.wakes(), [(10, u64::MAX)]);
}

/// Protects: the log knows so many producers and no more, and an old one is not forgotten for a new one
/// (P11).
#[test]
fn producers_are_capped() {
    let mut desk = Desk::new(alone(1));
    let of = |id: i64, sequence: i32| {
        let empty = BatchBuilder::new(Codec::None);
        builder(1, empty.producer(ProducerId(id), ProducerEpoch(0), Sequence(sequence)))
    };
    for id in 0..i64::try_from(MANY).unwrap() {
        desk.put(of(id, 0));
    }
    let refused = desk.append(of(1_000, 0), RequiredAcks::All).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::ThrottlingQuotaExceeded);
    desk.put(of(0, 1));
}

/// Protects: sequences go round from 2^31 - 1 to 0, between batches and within one, and resends from both
/// sides of it are known (P7).
#[test]
fn sequences_go_round() {
    let mut desk = Desk::new(alone(1));
    assert_eq!(desk.put(long(0, i32::MAX - 2)), 0);
    let end = i64::from(i32::MAX) - 2;
    assert_eq!(desk.put(sequenced(0, i32::MAX - 2, 2)), end);
    assert_eq!(desk.put(sequenced(0, i32::MAX, 3)), end + 2, "MAX, 0, 1");
    assert_eq!(desk.put(sequenced(0, 2, 1)), end + 5);
    assert_eq!(desk.put(sequenced(0, i32::MAX, 3)), end + 2, "a resend of the one that goes round");
    assert_eq!(desk.put(sequenced(0, i32::MAX - 2, 2)), end, "a resend from before it");
    let code = |desk: &mut Desk, sequence| {
        desk.append(sequenced(0, sequence, 1), RequiredAcks::All).unwrap_err().code()
    };
    assert_eq!(code(&mut desk, 4), ErrorCode::OutOfOrderSequenceNumber);
    desk.sync();
    assert_eq!(code(&mut desk, i32::MAX - 9), ErrorCode::DuplicateSequenceNumber);
    assert_eq!(desk.put(sequenced(0, 3, 1)), end + 6);
}

/// Protects: W-15: a resend from before the window is not called stored before that batch is durable.
#[test]
fn an_old_resend_waits_for_the_sync() {
    let mut desk = Desk::new(alone(1));
    (0..7).for_each(|sequence| assert_eq!(desk.put(sequenced(0, sequence, 1)), i64::from(sequence)));
    let code = |desk: &mut Desk| desk.append(sequenced(0, 0, 1), RequiredAcks::All).unwrap_err().code();
    assert_eq!(code(&mut desk), ErrorCode::RequestTimedOut);
    desk.sync();
    assert_eq!(code(&mut desk), ErrorCode::DuplicateSequenceNumber);
}

/// A batch that says to have so many records; the log counts, it does not look inside.
fn long(sequence: i32, records: i32) -> Batch {
    let mut bytes = sequenced(0, sequence, 1).to_bytes().to_vec();
    bytes[23..27].copy_from_slice(&(records - 1).to_be_bytes());
    bytes[57..61].copy_from_slice(&records.to_be_bytes());
    Batch::from_wire(&Bytes::from(bytes)).unwrap()
}

/// Protects: W-12, W-16: a batch of a page-cache log is acknowledged when it is written, without a frame; one that finds no room
/// is answered as not stored, the next gets its offset, and the leadership goes on.
#[test]
fn page_cache_batches_count_when_they_are_written() {
    let partition = Partition::new(Log::page_cache(KEY), alone(3));
    let mut desk = Desk { partition, next_token: 0, effects: Vec::new() };
    assert_eq!(desk.put(sequenced(0, 0, 2)), 0);
    assert!(matches!(desk.effects[..], [Effect::Buffered]), "{:?}", desk.effects);
    assert!(desk.partition.log_mut().created().is_some());
    desk.sync();
    assert_eq!((desk.acked(), desk.high_watermark()), (vec![], 0));
    let rules = PlaceRules {
        segment_bytes: 1 << 20,
        segment_ms: Millis(1 << 40),
        index_interval_bytes: 4096,
        segment_index_bytes: 1 << 16,
    };
    let first = desk.partition.log_mut().hand_over(&rules).unwrap();
    desk.partition.on_written(first.serial, &mut desk.effects);
    assert_eq!((desk.acked(), desk.high_watermark()), (vec![(0, AckEnd::Committed)], 2));
    desk.put(sequenced(0, 2, 1));
    desk.partition.log_mut().hand_over(&rules).unwrap();
    desk.put(sequenced(0, 2, 1));
    desk.partition.on_no_room(&mut desk.effects);
    assert_eq!(
        desk.acked(),
        [(1, AckEnd::NoRoom), (2, AckEnd::NoRoom)],
        "a duplicate shares the fate of its first copy"
    );
    assert_eq!(AckEnd::NoRoom.code(), ErrorCode::KafkaStorageError);
    assert_eq!(desk.partition.log().epoch_end(LeaderEpoch(3)), (LeaderEpoch(3), Offset(2)));
    assert_eq!(desk.put(sequenced(0, 2, 1)), 2);
}

/// Protects: W-8: a deletion goes up to what is committed and no further, in Kafka's order of refusals; a start that is
/// beyond already stays.
#[test]
fn deletions_go_up_to_the_high_watermark() {
    let mut desk = Desk::new(alone(1));
    desk.put(plain(3));
    desk.sync();
    desk.put(plain(2));
    let target = |desk: &Desk, offset, deletes| {
        desk.partition.delete_target(DeleteUpTo::new(offset), deletes).map(|to| to.0)
    };
    assert_eq!(target(&desk, -1, true), Ok(3), "two records are not committed");
    assert_eq!(target(&desk, 3, true), Ok(3));
    assert_eq!(target(&desk, 0, true), Ok(0));
    for outside in [4, -2, i64::MAX, i64::MIN] {
        assert_eq!(target(&desk, outside, true), Err(DeleteRefused::OutOfRange), "{outside}");
        assert_eq!(target(&desk, outside, false), Err(DeleteRefused::Policy), "the policy comes first");
    }
    desk.effects.clear();
    desk.partition.move_start(Offset(2), &mut desk.effects);
    assert!(matches!(desk.effects[..], [Effect::Wal(_)]));
    desk.partition.move_start(Offset(1), &mut desk.effects);
    desk.partition.move_start(Offset(9), &mut desk.effects);
    assert_eq!((desk.partition.pointers().log_start.0, desk.effects.len()), (3, 2));
    desk.lead(Leadership { leader: Some(OTHER), ..alone(2) });
    assert_eq!(target(&desk, 99, false), Err(DeleteRefused::NotLeader));
    desk.partition.on_failed(&mut desk.effects);
    assert_eq!(target(&desk, 99, false), Err(DeleteRefused::LogFailed));
}

/// Protects: OffsetForLeaderEpoch checks the asker's epoch first, gives the end of the epoch asked for, and of none that is
/// not known.
#[test]
fn epochs_end_where_the_next_begins() {
    let mut desk = Desk::new(alone(1));
    desk.put(plain(3));
    desk.lead(alone(4));
    desk.put(plain(2));
    let ask = |desk: &Desk, current: Option<i32>, epoch| {
        let query = OffsetQuery::EndOfEpoch(LeaderEpoch(epoch));
        let current = current.map(LeaderEpoch);
        match desk.partition.offset_for(query, Offset::ZERO, Isolation::ReadUncommitted, current) {
            Ok(OffsetAnswer::Known { offset, leader_epoch }) => Ok((leader_epoch.unwrap().0, offset.0)),
            Ok(_) => Ok((-1, -1)),
            Err(refused) => Err(refused.code()),
        }
    };
    assert_eq!(ask(&desk, None, 0), Ok((0, 0)), "as Kafka: below the first epoch");
    assert_eq!(ask(&desk, Some(4), 1), Ok((1, 3)));
    assert_eq!(ask(&desk, None, 3), Ok((1, 3)));
    assert_eq!(ask(&desk, None, 4), Ok((4, 5)), "the log end, committed or not");
    assert_eq!((ask(&desk, None, 5), ask(&desk, None, -1)), (Ok((-1, -1)), Ok((-1, -1))));
    assert_eq!(ask(&desk, Some(3), 4), Err(ErrorCode::FencedLeaderEpoch));
    assert_eq!(ask(&desk, Some(5), 4), Err(ErrorCode::UnknownLeaderEpoch));
}
