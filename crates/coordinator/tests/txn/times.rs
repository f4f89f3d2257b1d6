//! What time does: transactions that take too long, and ids that nobody uses.

use crate::world::{EXPIRATION, ID, SECOND, World, add, end, init, later, producer_of, settings};
use coordinator::txn::{Marked, Protocol, Transactions, TxnEvent, TxnSettings, TxnState};
use std::time::Duration;
use types::{ErrorCode, LeaderEpoch, WallTime};

/// Protects: a producer that vanishes has its transaction aborted at its timeout, and is fenced when it comes back; it may go on
/// with what it was (X6, X7).
#[test]
fn a_vanished_producer_is_aborted_and_may_come_back() {
    let mut world = World::new();
    let producer = world.init();
    world.begin(producer, &[0], Protocol::V1);
    world.pass(59 * SECOND);
    assert_eq!(world.ask(add(producer, &[1], Protocol::V1)), Ok(coordinator::txn::TxnAnswer::Done));
    world.pass(2 * SECOND);
    assert_eq!(world.marks[0].producer, later(producer, 1));
    world.settle();
    assert_eq!((world.state(), world.events.contains(&TxnEvent::TimedOut)), (TxnState::CompleteAbort, true));
    assert_eq!(world.ask(add(producer, &[0], Protocol::V1)), Err(ErrorCode::ProducerFenced));
    assert_eq!(world.ask(end(producer, true, Protocol::V1)), Err(ErrorCode::ProducerFenced));
    assert_eq!(
        world.ask(end(producer, true, Protocol::V2)),
        Err(ErrorCode::InvalidTxnState),
        "it is not committed"
    );
    assert_eq!(producer_of(world.ask(init(Some(producer)))), later(producer, 1));
}

/// Protects: after a restart an open transaction has its full timeout, and no more.
#[test]
fn a_restart_gives_an_open_transaction_its_time() {
    let mut world = World::new();
    let producer = world.init();
    world.begin(producer, &[0], Protocol::V2);
    world.pass(50 * SECOND);
    world.crash(0);
    world.pass(59 * SECOND);
    assert_eq!(world.state(), TxnState::Ongoing);
    world.pass(2 * SECOND);
    world.settle();
    assert_eq!(world.state(), TxnState::CompleteAbort);
}

/// Protects: an id that nobody uses is forgotten, its producer is a stranger then (X10); one with an open transaction is not.
#[test]
fn unused_ids_are_forgotten() {
    let mut world = World::new();
    let producer = world.init();
    world.begin(producer, &[0], Protocol::V2);
    let producer = producer_of(world.ask(end(producer, true, Protocol::V2)));
    world.pass(EXPIRATION / 2);
    world.begin(producer, &[0], Protocol::V2);
    let producer = producer_of(world.ask(end(producer, true, Protocol::V2)));
    world.pass(EXPIRATION - SECOND);
    world.settle();
    assert_eq!(world.state(), TxnState::CompleteCommit, "it was used since");
    world.pass(EXPIRATION);
    assert!(world.commit());
    assert!(world.txns.describe(ID).is_none() && world.log.last().unwrap().txn.is_none());
    assert_eq!(world.ask(add(producer, &[0], Protocol::V2)), Err(ErrorCode::InvalidProducerIdMapping));
    assert_ne!(producer_of(world.ask(init(Some(producer)))).epoch, later(producer, 1).epoch);
}

/// Protects: marks that cannot be written keep an id, however long that takes (X10).
#[test]
fn an_id_stays_while_its_end_is_on_its_way() {
    let mut world = World::new();
    let producer = world.init();
    world.begin(producer, &[0], Protocol::V2);
    world.send(end(producer, true, Protocol::V2));
    world.commit();
    for _ in 0..3 {
        world.mark(Marked::Again);
        world.pass(2 * EXPIRATION);
    }
    assert_eq!(world.state(), TxnState::PrepareCommit);
    world.settle();
    assert_eq!(world.state(), TxnState::CompleteCommit);
}

/// Protects: a clock that was set forward forgets no id (X10): where it cannot be believed the time since the start counts.
#[test]
fn a_clock_that_was_set_forgets_no_id() {
    let mut world = World::new();
    world.init();
    for is_sound in [true, false] {
        let mut now = world.now;
        now.wall = WallTime(now.wall.0 + 30 * 86_400_000);
        let mut txns = Transactions::new(world.settings.clone(), LeaderEpoch(9));
        world.log.iter().for_each(|record| txns.replay(record.clone()));
        txns.loaded(is_sound, now);
        now.mono = now.mono.plus(Duration::from_secs(60));
        txns.on_time(now);
        let is_forgotten =
            txns.take_effects().iter().any(|e| matches!(e, coordinator::txn::TxnEffect::Append { .. }));
        assert_eq!(is_forgotten, is_sound);
    }
}

/// Protects: an id whose time is over while its last record waits to be written is forgotten later; the clock goes on.
#[test]
fn an_expiry_waits_for_what_is_on_its_way() {
    let (id_expiration, linger) = (Duration::from_millis(2), Duration::from_millis(5));
    let mut world = World::with(TxnSettings { id_expiration, linger, ..settings() });
    let producer = world.init();
    world.begin(producer, &[0], Protocol::V2);
    world.send(end(producer, true, Protocol::V2));
    world.commit();
    world.mark(Marked::Written);
    world.pass(id_expiration);
    assert_eq!((world.on_way.len(), world.state()), (0, TxnState::PrepareCommit));
    world.pass(linger);
    world.commit();
    assert_eq!(world.state(), TxnState::CompleteCommit);
    world.pass(SECOND);
    world.commit();
    assert!(world.txns.describe(ID).is_none());
}
