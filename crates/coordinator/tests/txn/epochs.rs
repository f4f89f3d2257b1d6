//! Who the producer is: InitProducerId, fencing, and epochs that are used up.

use crate::world::{ID, TIMEOUT, World, add, at_epoch, end, init, later, producer_of};
use coordinator::txn::{Producer, Protocol, TxnAnswer, TxnClient, TxnRequest, TxnState};
use types::{ErrorCode, Millis, ProducerEpoch, ProducerId};

/// Protects: a new producer of the same id fences the one before, whose open transaction is aborted first (X8), and gets its
/// answer when that is done.
#[test]
pub(crate) fn a_new_producer_fences_the_one_before() {
    let mut world = World::new();
    let zombie = world.init();
    world.begin(zombie, &[0], Protocol::V1);
    let token = world.send(init(None));
    assert_eq!(world.marks[0].producer, later(zombie, 1));
    world.settle();
    assert_eq!(producer_of(world.answer(token)), later(zombie, 2));
    for protocol in [Protocol::V1, Protocol::V2] {
        assert_eq!(world.ask(add(zombie, &[0], protocol)), Err(ErrorCode::ProducerFenced));
        assert_eq!(world.ask(end(zombie, true, protocol)), Err(ErrorCode::ProducerFenced));
    }
}

/// Protects: a producer that goes on is given the next epoch once, however often it asks, also by another coordinator (X9); who
/// comes with an older epoch is fenced.
#[test]
fn who_goes_on_gets_one_epoch() {
    let mut world = World::new();
    let first = world.init();
    let next = producer_of(world.ask(init(Some(first))));
    assert_eq!(next, later(first, 1));
    assert_eq!(producer_of(world.ask(init(Some(first)))), next);
    world.crash(0);
    assert_eq!(producer_of(world.ask(init(Some(first)))), next, "the new coordinator knows it");
    assert_eq!(producer_of(world.ask(init(Some(next)))), later(first, 2));
    assert_eq!(world.ask(init(Some(first))), Err(ErrorCode::ProducerFenced));
    // Another producer: nobody who was there before goes on.
    let other = world.init();
    assert_eq!(world.ask(init(Some(later(first, 2)))), Err(ErrorCode::ProducerFenced));
    assert_eq!(producer_of(world.ask(init(Some(other)))), later(other, 1));
}

/// Protects: who goes on aborts its own transaction, and no later one (X1): a delayed packet of it is fenced.
#[test]
fn a_delayed_producer_aborts_nothing() {
    let mut world = World::new();
    let first = world.init();
    let next = producer_of(world.ask(init(Some(first))));
    world.begin(next, &[0], Protocol::V2);
    assert_eq!(world.ask(init(Some(first))), Err(ErrorCode::ProducerFenced));
    assert_eq!(world.state(), TxnState::Ongoing);
    assert_eq!(
        producer_of(world.ask(init(Some(next)))),
        later(next, 1),
        "its own: by the epoch that fences it"
    );
    assert_eq!(producer_of(world.ask(init(Some(next)))), later(next, 1));
}

/// Protects: a producer whose epochs are used up gets a new id, at an end and at a begin; a repeat of that end gets the same
/// (P10); no epoch is ever negative.
#[test]
pub(crate) fn used_up_epochs_bring_a_new_id() {
    let mut world = World::new();
    let last = at_epoch(&mut world, i16::MAX - 1);
    world.begin(last, &[0], Protocol::V2);
    let needs = TxnRequest::End { producer: last, commit: true, protocol: Protocol::V2, fresh: None };
    assert_eq!(world.ask(needs), Ok(TxnAnswer::NeedsId));
    let fresh = Producer { id: ProducerId(200), epoch: ProducerEpoch(0) };
    let token = world.send(end(last, true, Protocol::V2));
    assert_eq!(world.marks[0].producer, Producer { epoch: ProducerEpoch(i16::MAX), ..last });
    world.settle();
    assert_eq!(producer_of(world.answer(token)), fresh);
    for _ in 0..2 {
        assert_eq!(producer_of(world.ask(end(last, true, Protocol::V2))), fresh, "a repeat");
        world.crash(0);
    }
    assert_eq!(producer_of(world.ask(init(Some(last)))), fresh, "it has not heard of its new id");
    world.begin(fresh, &[0], Protocol::V2);
    assert_eq!(world.ask(end(last, true, Protocol::V2)), Err(ErrorCode::InvalidProducerIdMapping));

    let mut world = World::new();
    let last = at_epoch(&mut world, i16::MAX - 1);
    let client = TxnClient::new("client", "/host");
    let ask = |expected, fresh| TxnRequest::Init {
        timeout: Millis(1_000),
        expected,
        fresh,
        client: client.clone(),
    };
    let unasked = ask(None, None);
    assert_eq!(world.ask(unasked), Ok(TxnAnswer::NeedsId));
    let token = world.send(ask(Some(last), Some(fresh.id)));
    world.settle();
    assert_eq!(producer_of(world.answer(token)), fresh);
    assert_eq!(world.txns.describe(ID).unwrap().txn.client, client);
    assert_eq!(producer_of(world.ask(init(Some(last)))), fresh, "a repeat");
}

/// Protects: fencing the last epoch leaves none that anybody has: the next producer has a new id, whoever asks.
#[test]
pub(crate) fn the_last_epoch_is_given_to_nobody() {
    for goes_on in [false, true] {
        let mut world = World::new();
        let last = at_epoch(&mut world, i16::MAX - 1);
        world.begin(last, &[0], Protocol::V1);
        let token = world.send(init(goes_on.then_some(last)));
        assert_eq!(world.marks[0].producer.epoch, ProducerEpoch(i16::MAX));
        world.settle();
        let fresh = Producer { id: ProducerId(100), epoch: ProducerEpoch(0) };
        assert_eq!(producer_of(world.answer(token)), fresh, "{goes_on}");
    }
}

/// Protects: T6, T7: a producer that was fenced by one of the protocol of old is not told that the other's transaction was its own, and not
/// given the other's epoch.
#[test]
fn what_another_has_ended_is_no_repeat() {
    for commit in [true, false] {
        let mut world = World::new();
        let zombie = world.init();
        let other = world.init();
        assert_eq!(other, later(zombie, 1));
        world.begin(other, &[0], Protocol::V1);
        assert_eq!(producer_of(world.ask(end(other, commit, Protocol::V1))), other);
        assert_eq!(world.ask(end(zombie, commit, Protocol::V2)), Err(ErrorCode::ProducerFenced));
    }
}

/// Protects: P10: a producer with the last epoch but one, whose transaction took too long, is not given the epoch that has fenced it when it
/// aborts, but a new id, and the same one however often it asks; what it writes then can be ended.
#[test]
fn who_is_fenced_at_the_end_of_its_epochs_gets_a_new_id() {
    let mut world = World::new();
    let last = at_epoch(&mut world, i16::MAX - 1);
    world.begin(last, &[0], Protocol::V2);
    world.pass(TIMEOUT.duration());
    assert_eq!(world.marks[0].producer.epoch, ProducerEpoch(i16::MAX));
    let token = world.send(end(last, false, Protocol::V2));
    world.settle();
    let fresh = Producer { id: ProducerId(200), epoch: ProducerEpoch(0) };
    assert_eq!(producer_of(world.answer(token)), fresh);
    for _ in 0..2 {
        assert_eq!(producer_of(world.ask(end(last, false, Protocol::V2))), fresh, "a repeat");
        assert_eq!(world.ask(end(last, true, Protocol::V2)), Err(ErrorCode::InvalidTxnState));
        world.crash(0);
    }
    world.begin(fresh, &[0], Protocol::V2);
    assert_eq!(producer_of(world.ask(end(fresh, true, Protocol::V2))), later(fresh, 1));
}

/// Protects: X9: who goes on with a new id, for its epochs are used up, is given the same however often it asks.
#[test]
fn who_goes_on_with_a_new_id_may_ask_often() {
    let mut world = World::new();
    let last = at_epoch(&mut world, i16::MAX - 1);
    let fresh = Producer { id: ProducerId(200), epoch: ProducerEpoch(0) };
    let ask = |expected| TxnRequest::Init {
        timeout: TIMEOUT,
        expected: Some(expected),
        fresh: Some(fresh.id),
        client: TxnClient::default(),
    };
    for _ in 0..3 {
        assert_eq!(producer_of(world.ask(ask(last))), fresh);
        world.crash(0);
    }
    assert_eq!(producer_of(world.ask(ask(fresh))), later(fresh, 1));
    assert_eq!(world.ask(ask(last)), Err(ErrorCode::ProducerFenced));
}

/// Protects: what InitProducerId refuses.
#[test]
fn what_is_refused() {
    let mut world = World::new();
    for timeout in [0, -1, 900_001] {
        let (timeout, fresh) = (Millis(timeout), Some(ProducerId(1)));
        let request = TxnRequest::Init { timeout, expected: None, fresh, client: TxnClient::default() };
        assert_eq!(world.ask(request), Err(ErrorCode::InvalidTransactionTimeout));
    }
    let nobody = Producer { id: ProducerId(9), epoch: ProducerEpoch(4) };
    assert_eq!(world.ask(add(nobody, &[0], Protocol::V2)), Err(ErrorCode::InvalidProducerIdMapping));
    assert_eq!(world.ask(end(nobody, true, Protocol::V2)), Err(ErrorCode::InvalidProducerIdMapping));
    assert!(world.txns.describe(ID).is_none() && world.txns.held() == 0, "nothing stays of it");
    assert_eq!(
        producer_of(world.ask(init(Some(nobody)))).id,
        ProducerId(100),
        "unknown here: it begins anew"
    );
    assert_eq!(world.ask(init(Some(nobody))), Err(ErrorCode::ProducerFenced));
}

/// Protects: ids have a bound; those that are known go on (a flood of ids).
#[test]
fn a_flood_of_ids_is_bounded() {
    let mut world = World::new();
    let producer = world.init();
    let mut refused = 0;
    for number in 0..10_000 {
        let token = coordinator::Token(1_000_000 + number);
        world.txns.handle(token, &format!("flood-{number}"), init(None), None, world.now);
        world.take();
        world.settle();
        refused += u32::from(world.answer(token) == Err(ErrorCode::CoordinatorNotAvailable));
    }
    assert!(refused > 1_000 && world.txns.held() <= world.settings.memory_max, "{refused}");
    world.begin(producer, &[0], Protocol::V2);
    assert!(world.ask(end(producer, true, Protocol::V2)).is_ok());
}
