//! What a killed broker knows of transactions, and partitions that go while one is open.

use crate::client::Client;
use crate::harness::{Broker, folder};
use crate::idempotence::delete;
use crate::transactions::{codes, committed, end, init, init_request, produce_in, until_over};
use types::ErrorCode;
use wire::InitProducerIdRequest;

const PRODUCE_2: i16 = 12;
const END_2: i16 = 5;

/// Asks until the coordinator has loaded what it is to know.
fn until_told(mut ask: impl FnMut() -> i16) -> i16 {
    let loading = [ErrorCode::CoordinatorLoadInProgress, ErrorCode::NotCoordinator].map(ErrorCode::code);
    loop {
        let code = ask();
        if !loading.contains(&code) {
            return code;
        }
    }
}

/// Protects: X4: an end that was acknowledged is the end, whenever the broker is killed: its repeat is answered alike by the next one, the opposite
/// is not, and every partition has its mark.
#[test]
fn a_killed_broker_ends_what_was_decided() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 2);
    let mut producer = init(&mut client, "id");
    let (mut count, mut end_of_log) = (0, 0);
    for commit in [true, false, true] {
        let both = produce_in("id", producer, "topic", &[(0, 0), (1, 0)]);
        assert_eq!(codes(&mut client, &both, PRODUCE_2), [0, 0]);
        let ended = client.call(&end("id", producer, commit), END_2);
        assert_eq!(ended.error_code, 0);
        let copy = folder();
        let killed = broker.crash_into(copy.path());
        let mut other = killed.connect();
        let mut again = ended.clone();
        let code = until_told(|| {
            again = other.call(&end("id", producer, commit), END_2);
            again.error_code
        });
        assert_eq!((code, &again), (0, &ended), "a repeat");
        let opposite = other.call(&end("id", producer, !commit), END_2).error_code;
        assert_eq!(opposite, ErrorCode::InvalidTxnState.code());
        until_over(&mut other, "id");
        (count, end_of_log) = (count + usize::from(commit), end_of_log + 2);
        let (stable, values, aborted) = committed(&mut other, "topic");
        assert_eq!((stable, values.len() - aborted.len()), (end_of_log, count));
        until_over(&mut client, "id");
        producer = (ended.producer_id, ended.producer_epoch);
    }
}

/// Protects: X9: who goes on is given one epoch, also if it asks a broker that has taken the killed one's place; the one before is fenced.
#[test]
fn who_goes_on_gets_one_epoch_from_a_killed_broker() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    let (producer_id, producer_epoch) = init(&mut client, "id");
    let goes_on = InitProducerIdRequest { producer_id, producer_epoch, ..init_request("id") };
    let ask = |client: &mut Client| {
        let mut answer = None;
        until_told(|| answer.insert(client.call(&goes_on, 5)).error_code);
        answer.unwrap()
    };
    let first = ask(&mut client);
    assert_eq!((first.error_code, first.producer_epoch), (0, producer_epoch + 1));
    let copy = folder();
    let killed = broker.crash_into(copy.path());
    let mut other = killed.connect();
    assert_eq!((ask(&mut other), ask(&mut other)), (first.clone(), first.clone()));
    let next = InitProducerIdRequest { producer_epoch: first.producer_epoch, ..goes_on.clone() };
    assert_eq!(other.call(&next, 5).producer_epoch, producer_epoch + 2);
    assert_eq!(ask(&mut other).error_code, ErrorCode::ProducerFenced.code());
}

/// Protects: X11: a topic that is deleted while a transaction is open there holds nothing up: the transaction ends in all others, and one of the
/// same name that was made since gets nothing of it.
#[test]
fn a_topic_that_goes_holds_no_transaction_up() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    for topic in ["stays", "goes"] {
        client.create(topic, 1);
    }
    let producer = init(&mut client, "id");
    for topic in ["goes", "stays"] {
        assert_eq!(codes(&mut client, &produce_in("id", producer, topic, &[(0, 0)]), PRODUCE_2), [0]);
    }
    delete(&mut client, "goes");
    client.create("goes", 1);
    assert_eq!(client.call(&end("id", producer, true), END_2).error_code, 0);
    until_over(&mut client, "id");
    assert_eq!(committed(&mut client, "stays").1.len(), 1);
    assert_eq!(client.end("goes"), 0);
    assert_eq!(committed(&mut client, "goes").0, 0);
}
