//! Reading by assignment: from where one says, batch by batch, each verified before it is handed out.
//!
//! A poll asks every leader at once for all its partitions (without fetch sessions) and keeps the position
//! of each. What may pass is tried again until the call's time-out. A batch counts only if its CRC fits and its
//! offsets go forward; it may begin before the position, as brokers hand out whole batches. A reader of committed data
//! passes over batches of aborted transactions (`aborted`) and waits where a transaction is open.
//! Source: KIP-98, KIP-516. Tests: `tests/client/consumer.rs`.

mod aborted;

use crate::admin::OffsetAt;
use crate::cluster::Cluster;
use crate::error::{BatchFault, BrokerError, ClientError};
use crate::pending::Pending;
use aborted::Aborted;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;
use types::{ErrorCode, Offset, Uuid, WallTime};
use wire::fetch_request::{FetchPartition, FetchRequest, FetchTopic};
use wire::fetch_response::{FetchResponse, PartitionData};
use wire::record::{BatchHeader, Batches, Record, Records, verify_crc};

/// What a reader sees of transactions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Isolation {
    /// All records, those of open and aborted transactions too.
    #[default]
    Uncommitted,
    /// No record of an aborted transaction, and none beyond the first that is still open.
    Committed,
}

impl Isolation {
    /// Returns Kafka's number.
    fn on_wire(self) -> i8 {
        match self {
            Isolation::Uncommitted => 0,
            Isolation::Committed => 1,
        }
    }
}

/// How a consumer behaves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsumerOptions {
    /// What it sees of transactions.
    pub isolation: Isolation,
    /// How long a broker may wait for `min_bytes`.
    pub max_wait: Duration,
    /// What a broker waits for. *Units*: bytes.
    pub min_bytes: i32,
    /// Most bytes of one answer. *Units*: bytes.
    pub max_bytes: i32,
    /// Most bytes of one partition in an answer. *Units*: bytes.
    pub partition_max_bytes: i32,
    /// Largest batch after decompression. *Units*: bytes.
    pub decompressed_bytes_max: usize,
}

impl Default for ConsumerOptions {
    fn default() -> ConsumerOptions {
        ConsumerOptions {
            isolation: Isolation::default(),
            max_wait: Duration::from_millis(500),
            min_bytes: 1,
            max_bytes: 32 << 20,
            partition_max_bytes: 4 << 20,
            decompressed_bytes_max: 256 << 20,
        }
    }
}

/// Where reading starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StartAt {
    /// At the first record there is.
    Beginning,
    /// After the last one.
    End,
    /// At an offset.
    Offset(Offset),
    /// At the first record of that time or later; at the end if there is none.
    Time(WallTime),
}

/// A batch as it lies in the log, its CRC verified.
#[derive(Clone, Debug)]
pub struct FetchedBatch {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Records before this one were read already, or lie before the start.
    pub from: Offset,
    /// Its head.
    pub header: BatchHeader,
    /// All of it.
    pub bytes: Bytes,
}

/// A record with its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Consumed {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// The record.
    pub record: Record,
}

/// Reads partitions that it is told to read.
#[derive(Debug)]
pub struct Consumer {
    cluster: Cluster,
    options: ConsumerOptions,
    positions: BTreeMap<(String, i32), Position>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Position {
    next: Offset,
    /// Where what it may read ended at the last answer: the high watermark, or the last stable offset.
    end: Offset,
}

/// A fetch on its way, and what was asked of it.
type Asked = (Pending<FetchRequest>, Vec<(String, i32, Uuid)>);

impl Consumer {
    /// Makes a consumer without partitions.
    pub fn new(cluster: Cluster, options: ConsumerOptions) -> Consumer {
        Consumer { cluster, options, positions: BTreeMap::new() }
    }

    /// Adds a partition.
    ///
    /// # Errors
    /// `UnknownTopic`, `UnknownPartition`, and as `Cluster::offset`.
    pub async fn assign(&mut self, topic: &str, partition: i32, start: StartAt) -> Result<(), ClientError> {
        let find = async |at| self.cluster.offset(topic, partition, at).await.map(|found| found.offset);
        let next = match start {
            StartAt::Offset(offset) => Some(offset),
            StartAt::Beginning => find(OffsetAt::Earliest).await?,
            StartAt::End => find(self.latest()).await?,
            StartAt::Time(time) => match find(OffsetAt::Time(time)).await? {
                Some(offset) => Some(offset),
                None => find(self.latest()).await?,
            },
        };
        let next =
            next.ok_or_else(|| ClientError::Incomplete(format!("an offset of {topic}-{partition}")))?;
        let position = Position { next, end: Offset::NONE };
        self.positions.insert((topic.to_owned(), partition), position);
        Ok(())
    }

    /// Returns where the log ends for this reader.
    fn latest(&self) -> OffsetAt {
        match self.options.isolation {
            Isolation::Uncommitted => OffsetAt::Latest,
            Isolation::Committed => OffsetAt::LastStable,
        }
    }

    /// Takes a partition away.
    pub fn unassign(&mut self, topic: &str, partition: i32) {
        self.positions.remove(&(topic.to_owned(), partition));
    }

    /// Says whether it has no partitions.
    pub fn is_idle(&self) -> bool {
        self.positions.is_empty()
    }

    /// Returns the offset that is read next.
    pub fn position(&self, topic: &str, partition: i32) -> Option<Offset> {
        self.positions.get(&(topic.to_owned(), partition)).map(|position| position.next)
    }

    /// Says whether each partition has been read up to the end that was last seen: the high watermark, or for a reader of
    /// committed data the last stable offset.
    pub fn is_at_end(&self) -> bool {
        self.positions.values().all(|p| p.end != Offset::NONE && p.next >= p.end)
    }

    /// Waits for records, up to the options' `max_wait`; may return none.
    ///
    /// # Errors
    /// As `poll_batches`; `BadBatch` when records cannot be read.
    pub async fn poll(&mut self) -> Result<Vec<Consumed>, ClientError> {
        let cap = self.options.decompressed_bytes_max;
        let mut consumed = Vec::new();
        for batch in self.poll_batches().await? {
            if batch.header.is_control() {
                continue;
            }
            for record in batch.records(cap)? {
                consumed.push(Consumed { topic: batch.topic.clone(), partition: batch.partition, record });
            }
        }
        Ok(consumed)
    }

    /// Waits for batches, marks of transactions among them, up to the options' `max_wait`; may return none.
    ///
    /// # Errors
    /// `OffsetOutOfRange`, `BadBatch`, `Refused`; whatever may pass only after the call's time-out.
    pub async fn poll_batches(&mut self) -> Result<Vec<FetchedBatch>, ClientError> {
        let (options, started) = (self.cluster.options().clone(), Instant::now());
        let mut pause = options.backoff_min;
        loop {
            let mut batches = Vec::new();
            match self.fetch_all(&mut batches).await {
                Err(error) if error.is_retriable() && batches.is_empty() => {
                    self.positions.keys().for_each(|(topic, _)| self.cluster.forget(topic));
                    if started.elapsed() + pause >= options.call_timeout {
                        return Err(error);
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(options.backoff_max);
                }
                Err(error) if batches.is_empty() => return Err(error),
                _ => return Ok(batches),
            }
        }
    }

    /// Asks all leaders; what has come before an error is in `batches`.
    async fn fetch_all(&mut self, batches: &mut Vec<FetchedBatch>) -> Result<(), ClientError> {
        let mut asked = self.ask().await?;
        for (pending, partitions) in &mut asked {
            let answer = pending.answer().await?;
            self.take(answer, partitions, batches)?;
        }
        Ok(())
    }

    /// Sends one fetch to each leader.
    async fn ask(&self) -> Result<Vec<Asked>, ClientError> {
        let mut by_leader = BTreeMap::new();
        for ((topic, partition), position) in &self.positions {
            let leader = self.cluster.leader(topic, *partition).await?;
            let address = leader.connection.address().to_owned();
            let (_, list) = by_leader.entry(address).or_insert_with(|| (leader.connection, Vec::new()));
            list.push((topic.clone(), *partition, leader.topic_id, position.next));
        }
        let send = |(connection, list): (crate::Connection, Vec<(String, i32, Uuid, Offset)>)| {
            let pending = connection.start(&self.request(&list))?;
            Ok((pending, list.into_iter().map(|(topic, partition, id, _)| (topic, partition, id)).collect()))
        };
        by_leader.into_values().map(send).collect()
    }

    fn request(&self, list: &[(String, i32, Uuid, Offset)]) -> FetchRequest {
        let mut topics: BTreeMap<&str, FetchTopic> = BTreeMap::new();
        for (topic, partition, topic_id, next) in list {
            let wanted = FetchPartition {
                partition: *partition,
                fetch_offset: next.0,
                partition_max_bytes: self.options.partition_max_bytes,
                ..FetchPartition::default()
            };
            let new = || FetchTopic { topic: topic.clone(), topic_id: *topic_id, partitions: Vec::new() };
            topics.entry(topic).or_insert_with(new).partitions.push(wanted);
        }
        FetchRequest {
            max_wait_ms: i32::try_from(self.options.max_wait.as_millis()).unwrap_or(i32::MAX),
            min_bytes: self.options.min_bytes,
            max_bytes: self.options.max_bytes,
            isolation_level: self.options.isolation.on_wire(),
            topics: topics.into_values().collect(),
            ..FetchRequest::default()
        }
    }

    fn take(
        &mut self,
        answer: FetchResponse,
        asked: &[(String, i32, Uuid)],
        batches: &mut Vec<FetchedBatch>,
    ) -> Result<(), ClientError> {
        crate::error::accepted(answer.error_code, None, || "Fetch".to_owned())?;
        let mut first_error = Ok(());
        for topic in answer.responses {
            for data in topic.partitions {
                let is_it = |(name, partition, id): &&(String, i32, Uuid)| {
                    let same =
                        if topic.topic.is_empty() { *id == topic.topic_id } else { *name == topic.topic };
                    same && *partition == data.partition_index
                };
                let Some((name, partition, _)) = asked.iter().find(is_it) else { continue };
                let taken = self.take_partition((name.clone(), *partition), data, batches);
                first_error = first_error.and(taken);
            }
        }
        first_error
    }

    fn take_partition(
        &mut self,
        key: (String, i32),
        data: PartitionData,
        batches: &mut Vec<FetchedBatch>,
    ) -> Result<(), ClientError> {
        let Some(position) = self.positions.get_mut(&key) else { return Ok(()) };
        let (topic, partition) = key;
        if data.error_code == ErrorCode::OffsetOutOfRange.code() {
            return Err(ClientError::OffsetOutOfRange { topic, partition, offset: position.next.0 });
        }
        if let Some(error) = BrokerError::of(data.error_code, None) {
            return Err(ClientError::refused(format!("partition {partition} of topic '{topic}'"), error));
        }
        let mut aborted = None;
        position.end = Offset(data.high_watermark);
        if self.options.isolation == Isolation::Committed {
            position.end = Offset(data.last_stable_offset);
            aborted = Some(Aborted::new(data.aborted_transactions.unwrap_or_default()));
        }
        let bytes = data.records.unwrap_or_default().into_bytes();
        let before = position.next;
        let taken = split(&bytes, &mut position.next, |from, header, bytes| {
            if aborted.as_mut().is_some_and(|aborted| aborted.has(&header, &bytes)) {
                return;
            }
            batches.push(FetchedBatch { topic: topic.clone(), partition, from, header, bytes });
        });
        match taken {
            Err(fault) if position.next == before => {
                Err(ClientError::BadBatch { topic, partition, offset: before.0, fault })
            }
            _ => Ok(()),
        }
    }
}

impl FetchedBatch {
    /// Reads the records that were not read before, decompressing at most `cap` bytes.
    ///
    /// # Errors
    /// `BadBatch`.
    pub fn records(&self, cap: usize) -> Result<Vec<Record>, ClientError> {
        let bad = |fault| ClientError::BadBatch {
            topic: self.topic.clone(),
            partition: self.partition,
            offset: self.header.base_offset.0,
            fault: BatchFault::Records(fault),
        };
        let records = Records::open(&self.bytes, cap).map_err(bad)?;
        let wanted = |record: &Result<Record, _>| record.as_ref().map_or(true, |r| r.offset >= self.from);
        records.filter(wanted).map(|record| record.map_err(bad)).collect()
    }
}

/// Cuts an answer into batches and moves the position behind each. A batch cut short at the end is left
/// for the next poll.
fn split(
    bytes: &Bytes,
    next: &mut Offset,
    mut found: impl FnMut(Offset, BatchHeader, Bytes),
) -> Result<(), BatchFault> {
    for span in Batches::new(bytes) {
        let span = match span {
            Ok(span) => span,
            Err(wire::record::HeaderError::Truncated { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let batch = bytes.slice(span.range);
        if !verify_crc(&batch) {
            return Err(BatchFault::Crc);
        }
        if span.header.last_offset_delta < 0 || span.header.base_offset.0 < 0 {
            return Err(BatchFault::Order);
        }
        if span.header.last_offset() < *next {
            continue;
        }
        found(*next, span.header, batch);
        *next = span.header.next_offset();
    }
    Ok(())
}
