//! A producer whose epochs are used up, as the wire shows it (P10). That is written into the state of its id while no broker runs.

use crate::batches::now_ms;
use crate::client::{Client, FETCH, fetch_request, one};
use crate::machine::{open, start};
use crate::txn_client::{END_2, PRODUCE_2, end, init, write};
use coordinator::txn::{Protocol, Txn, TxnClient, TxnRecord, TxnState};
use env::crash::CrashDisk;
use log::append::{AppendAs, Appended, Origin};
use log::directory::Opened;
use std::sync::Arc;
use types::{ErrorCode, LogKey, Millis, Monotonic, Now, ProducerEpoch, ProducerId, WallTime};
use wire::record::{Batch, BatchBuilder, Codec};
use wire::{EndTxnRequest, FetchRequest, InitProducerIdRequest, MetadataRequest};

/// The last epoch that a producer is given.
const LAST: i16 = i16::MAX - 1;

/// The id would be forgotten if it were older.
fn now() -> Now {
    Now { mono: Monotonic(0), wall: WallTime(now_ms()) }
}

/// A disk with a topic and the state of an id, whose producer has its last epoch.
fn used_up() -> (CrashDisk, i64) {
    let disk = CrashDisk::new();
    let broker = start(&disk, |_| {});
    let mut client = broker.connect();
    client.create("topic", 1);
    let (id, _) = init(&mut client, "id", 60_000);
    let all = client.call(&MetadataRequest { topics: None, ..MetadataRequest::default() }, 12).topics;
    let states = all.iter().find(|topic| topic.name.as_deref() == Some("__transaction_state")).unwrap();
    let states = states.topic_id;
    drop(client);
    broker.stop();
    let Opened { mut logs, mut wal, directory, .. } = open(&disk);
    let is_its = |key: LogKey| key.topic_id.0 == states;
    let log = logs.iter_mut().find(|log| is_its(log.key()) && log.log_end().0 > 0).unwrap();
    let how = AppendAs {
        origin: Origin::Coordinator,
        leader_epoch: log.latest_epoch(),
        now: now(),
        max_producers: 100,
        resume: None,
        verified: None,
    };
    let Ok(Appended::Written { frame, .. }) = log.append(record(id), &how) else { panic!("it is written") };
    wal.write_group(&[frame], now().wall).unwrap();
    drop(directory);
    (disk, id)
}

fn record(id: i64) -> Batch {
    let txn = Txn {
        producer: ProducerId(id),
        epoch: ProducerEpoch(LAST),
        last_epoch: ProducerEpoch(LAST - 1),
        previous: ProducerId(id),
        next: ProducerId::NONE,
        timeout: Millis(60_000),
        state: TxnState::CompleteCommit,
        partitions: Arc::default(),
        started: now().wall,
        updated: now().wall,
        protocol: Protocol::V2,
        client: TxnClient::default(),
    };
    let (key, value) = TxnRecord { id: "id".into(), txn: Some(Arc::new(txn)) }.encode().unwrap();
    let mut builder = BatchBuilder::new(Codec::None);
    builder.push(now().wall, Some(&key), value.as_deref(), &[]);
    Batch::from_wire(&builder.build().unwrap()).unwrap()
}

/// Asks for an end; returns code and producer.
fn ask_end(client: &mut Client, (producer_id, producer_epoch): (i64, i16)) -> (i16, (i64, i16)) {
    let end = EndTxnRequest { transactional_id: "id".into(), producer_id, producer_epoch, committed: true };
    let loading = [ErrorCode::CoordinatorLoadInProgress, ErrorCode::NotCoordinator].map(ErrorCode::code);
    let mut answers = std::iter::repeat_with(|| client.call(&end, END_2));
    let answer = answers.find(|answer| !loading.contains(&answer.error_code)).unwrap();
    (answer.error_code, (answer.producer_id, answer.producer_epoch))
}

/// Writes as the producer's last epoch does, once its state is loaded.
fn write_at_last(client: &mut Client, id: i64) -> i16 {
    let loading = ErrorCode::NotEnoughReplicas.code();
    let mut codes = std::iter::repeat_with(|| write(client, "id", (id, LAST), "topic", PRODUCE_2));
    codes.find(|code| *code != loading).unwrap()
}

/// Goes on with the producer that it was.
fn go_on(client: &mut Client, (producer_id, producer_epoch): (i64, i16)) -> (i64, i16) {
    let init = InitProducerIdRequest {
        transactional_id: Some("id".into()),
        transaction_timeout_ms: 60_000,
        producer_id,
        producer_epoch,
        ..InitProducerIdRequest::default()
    };
    let answer = client.call(&init, 5);
    assert_eq!(answer.error_code, 0);
    (answer.producer_id, answer.producer_epoch)
}

/// Returns where a reader of committed data ends, once all is committed.
fn stable(client: &mut Client) -> i64 {
    loop {
        let request = FetchRequest { isolation_level: 1, ..fetch_request("topic", 0) };
        let data = one(client.call(&request, FETCH));
        if data.last_stable_offset == data.high_watermark {
            return data.last_stable_offset;
        }
    }
}

/// Protects: P10: the end that uses the last epoch up is answered with a new producer id at epoch 0, its repeat and who goes on with the old
/// one too, after a restart as well; a delayed repeat ends nothing of the new one.
#[test]
fn an_end_that_uses_the_epochs_up_brings_a_new_id() {
    let (disk, id) = used_up();
    let broker = start(&disk, |_| {});
    let mut client = broker.connect();
    assert_eq!(write_at_last(&mut client, id), 0);
    let new = end(&mut client, "id", (id, LAST), true);
    assert_eq!((new.0 != id, new.1), (true, 0), "{new:?}");
    assert_eq!(ask_end(&mut client, (id, LAST)), (0, new), "a repeat");
    assert_eq!(stable(&mut client), 2, "a batch and its mark");
    drop(client);
    broker.stop();
    let broker = start(&disk, |_| {});
    let mut client = broker.connect();
    assert_eq!(ask_end(&mut client, (id, LAST)), (0, new), "a repeat after a restart");
    assert_eq!(go_on(&mut client, (id, LAST)), new);
    assert_eq!(write(&mut client, "id", new, "topic", PRODUCE_2), 0);
    assert_eq!(ask_end(&mut client, (id, LAST)).0, ErrorCode::InvalidProducerIdMapping.code());
    let stale = write(&mut client, "id", (id, LAST), "topic", PRODUCE_2);
    assert_eq!(stale, ErrorCode::InvalidProducerIdMapping.code());
    assert_eq!(ask_end(&mut client, new), (0, (new.0, 1)));
    assert_eq!(stable(&mut client), 4);
}

/// Protects: P10, X8: who fences a producer in its last epoch is a new producer id at epoch 0; no epoch is negative.
#[test]
fn fencing_the_last_epoch_brings_a_new_id() {
    let (disk, id) = used_up();
    let broker = start(&disk, |_| {});
    let mut client = broker.connect();
    assert_eq!(write_at_last(&mut client, id), 0);
    let new = init(&mut client, "id", 60_000);
    assert_eq!((new.0 != id, new.1), (true, 0), "{new:?}");
    assert_eq!(stable(&mut client), 2, "what was open is aborted");
    let stale = write(&mut client, "id", (id, LAST), "topic", PRODUCE_2);
    assert_eq!(stale, ErrorCode::InvalidProducerIdMapping.code());
    assert_eq!(write(&mut client, "id", new, "topic", PRODUCE_2), 0);
    assert_eq!(end(&mut client, "id", new, true), (new.0, 1));
}
