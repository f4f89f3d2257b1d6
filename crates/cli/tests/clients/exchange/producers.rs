//! Ids of producers in recorded frames.
//!
//! Each broker counts its own, and in bytes an id cannot be told from another number: messages are taken apart, the ids that
//! are known are changed, and batches get the checksum that fits. What is listed in the order of a hash map is sorted, and the
//! time of a marker, which belongs to a run, is taken out.

use bytes::Bytes;
use std::collections::BTreeMap;
use wire::record::{Batches, batch_crc};
use wire::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, ApiKey, DescribeProducersResponse,
    DescribeTransactionsResponse, EndTxnRequest, EndTxnResponse, FetchResponse, InitProducerIdRequest,
    InitProducerIdResponse, ListTransactionsRequest, ListTransactionsResponse, Message, ProduceRequest,
    Reader, Records, RequestHeader, ResponseHeader, TxnOffsetCommitRequest, WriteTxnMarkersRequest,
    WriteTxnMarkersResponse, response_header_version,
};

/// Where a batch has its checksum, its times and its producer.
const CRC: std::ops::Range<usize> = 17..21;
const TIMES: std::ops::Range<usize> = 27..43;
const PRODUCER: std::ops::Range<usize> = 43..51;

/// Kafka's ids, and ours.
#[derive(Debug, Default)]
pub(super) struct Producers(BTreeMap<i64, i64>);

impl Producers {
    /// Notes that a producer of the recording got this id here.
    pub(super) fn learn(&mut self, theirs: i64, ours: i64) {
        self.0.insert(theirs, ours);
    }

    fn of(&self, id: i64) -> i64 {
        self.0.get(&id).copied().unwrap_or(id)
    }

    fn change(&self, id: &mut i64) {
        *id = self.of(*id);
    }

    /// Puts our ids into a recorded request.
    pub(super) fn request(&self, api: ApiKey, version: i16, frame: Vec<u8>) -> Vec<u8> {
        let frame = Bytes::from(frame);
        let mut reader = Reader::new(frame.clone());
        if RequestHeader::decode(&mut reader).is_err() {
            return frame.into();
        }
        let (head, body) = apart(&frame, reader.remaining());
        let body = match api {
            ApiKey::Produce => edit(body, version, |r: &mut ProduceRequest| {
                let partitions = r.topic_data.iter_mut().flat_map(|topic| &mut topic.partition_data);
                partitions.for_each(|partition| self.records(&mut partition.records, false));
            }),
            ApiKey::InitProducerId => edit(body, version, |r: &mut InitProducerIdRequest| {
                self.change(&mut r.producer_id);
            }),
            ApiKey::AddPartitionsToTxn => edit(body, version, |r: &mut AddPartitionsToTxnRequest| {
                if version < 4 {
                    self.change(&mut r.v3_and_below_producer_id);
                }
                r.transactions.iter_mut().for_each(|one| self.change(&mut one.producer_id));
            }),
            ApiKey::AddOffsetsToTxn => edit(body, version, |r: &mut AddOffsetsToTxnRequest| {
                self.change(&mut r.producer_id);
            }),
            ApiKey::EndTxn => edit(body, version, |r: &mut EndTxnRequest| self.change(&mut r.producer_id)),
            ApiKey::TxnOffsetCommit => edit(body, version, |r: &mut TxnOffsetCommitRequest| {
                self.change(&mut r.producer_id);
            }),
            ApiKey::WriteTxnMarkers => edit(body, version, |r: &mut WriteTxnMarkersRequest| {
                r.markers.iter_mut().for_each(|marker| self.change(&mut marker.producer_id));
            }),
            ApiKey::ListTransactions => edit(body, version, |r: &mut ListTransactionsRequest| {
                r.producer_id_filters.iter_mut().for_each(|id| self.change(id));
            }),
            _ => body,
        };
        [head, body].concat()
    }

    /// Puts our ids into a recorded answer, and both sides into one form.
    pub(super) fn answer(&self, api: ApiKey, version: i16, frame: Bytes) -> Bytes {
        let mut reader = Reader::new(frame.clone());
        if ResponseHeader::decode(&mut reader, response_header_version(api.info().key, version)).is_err() {
            return frame;
        }
        let (head, body) = apart(&frame, reader.remaining());
        [head, self.answered(api, version, body)].concat().into()
    }

    fn answered(&self, api: ApiKey, version: i16, body: Bytes) -> Bytes {
        match api {
            ApiKey::InitProducerId => edit(body, version, |r: &mut InitProducerIdResponse| {
                self.change(&mut r.producer_id);
            }),
            ApiKey::EndTxn => edit(body, version, |r: &mut EndTxnResponse| self.change(&mut r.producer_id)),
            ApiKey::WriteTxnMarkers => edit(body, version, |r: &mut WriteTxnMarkersResponse| {
                r.markers.iter_mut().for_each(|marker| self.change(&mut marker.producer_id));
            }),
            ApiKey::DescribeProducers => edit(body, version, |r: &mut DescribeProducersResponse| {
                let partitions = r.topics.iter_mut().flat_map(|topic| &mut topic.partitions);
                let producers = partitions.flat_map(|partition| &mut partition.active_producers);
                producers.for_each(|producer| self.change(&mut producer.producer_id));
            }),
            ApiKey::DescribeTransactions => edit(body, version, |r: &mut DescribeTransactionsResponse| {
                for one in &mut r.transaction_states {
                    self.change(&mut one.producer_id);
                    one.topics.iter_mut().for_each(|topic| topic.partitions.sort_unstable());
                }
            }),
            ApiKey::ListTransactions => edit(body, version, |r: &mut ListTransactionsResponse| {
                r.transaction_states.iter_mut().for_each(|one| self.change(&mut one.producer_id));
            }),
            ApiKey::Fetch => edit(body, version, |r: &mut FetchResponse| {
                for partition in r.responses.iter_mut().flat_map(|topic| &mut topic.partitions) {
                    let aborted = partition.aborted_transactions.iter_mut().flatten();
                    aborted.for_each(|one| self.change(&mut one.producer_id));
                    self.records(&mut partition.records, true);
                }
            }),
            _ => body,
        }
    }

    /// Changes the batches of producers; without the time of markers if that is asked for.
    fn records(&self, records: &mut Option<Records>, is_timeless: bool) {
        let Some(given) = records.take() else { return };
        let whole = given.into_bytes();
        let mut bytes = whole.to_vec();
        for span in Batches::new(&whole).flatten().filter(|span| span.header.has_producer()) {
            let batch = &mut bytes[span.range];
            let id = i64::from_be_bytes(batch[PRODUCER].try_into().unwrap());
            batch[PRODUCER].copy_from_slice(&self.of(id).to_be_bytes());
            if is_timeless && span.header.is_control() {
                batch[TIMES].fill(0);
            }
            let crc = batch_crc(batch);
            batch[CRC].copy_from_slice(&crc.to_be_bytes());
        }
        *records = Some(Records::from_parts(vec![bytes.into()]));
    }
}

fn apart(frame: &Bytes, body: usize) -> (Bytes, Bytes) {
    let at = frame.len() - body;
    (frame.slice(..at), frame.slice(at..))
}

/// Changes a message; what is none stays as it is.
fn edit<M: Message>(body: Bytes, version: i16, change: impl FnOnce(&mut M)) -> Bytes {
    match M::from_bytes(body.clone(), version) {
        Ok(mut message) => {
            change(&mut message);
            message.to_bytes(version).unwrap()
        }
        Err(_) => body,
    }
}

/// Protects: ids are found in all requests and answers that have them, and nothing else is changed: there and back again is
/// what was recorded, and there is something else.
#[test]
fn ids_of_producers_are_changed_and_nothing_else() {
    let mut kinds = std::collections::BTreeSet::new();
    for list in super::WITH_PRODUCERS {
        let path = super::folder("recorded").join(format!("{list}.txt"));
        let recording = super::recording::Recording::read(&path);
        assert!(!recording.producers.is_empty(), "{list}");
        let (mut there, mut back) = (Producers::default(), Producers::default());
        for id in recording.producers.values() {
            there.learn(*id, id + (1 << 40));
            back.learn(id + (1 << 40), *id);
        }
        for exchange in &recording.exchanges {
            let (api, version) = (exchange.api, exchange.version);
            let changed = there.request(api, version, exchange.request.clone());
            if changed != exchange.request {
                kinds.insert((api.info().name, "request"));
            }
            let again = back.request(api, version, changed);
            assert_eq!(again, exchange.request, "{} {} {version}", exchange.name, api.info().name);
            let Some(answer) = &exchange.response else { continue };
            let form = Producers::default().answer(api, version, answer.clone());
            let changed = there.answer(api, version, answer.clone());
            if changed != form {
                kinds.insert((api.info().name, "response"));
            }
            assert_eq!(
                back.answer(api, version, changed),
                form,
                "{} {} {version}",
                exchange.name,
                api.info().name
            );
        }
    }
    assert_eq!(kinds.len(), 8 + 7, "{kinds:?}");
}
