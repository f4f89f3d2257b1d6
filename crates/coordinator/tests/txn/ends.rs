//! How transactions end: PREPARE, marks, Complete, and what comes in between.

use crate::world::{ID, SECOND, World, add, at_epoch, end, init, later, partitions, producer_of, settings};
use coordinator::Token;
use coordinator::txn::{
    Marked, Order, Producer, Protocol, Transactions, TxnAnswer, TxnEffect, TxnEvent, TxnRecord, TxnRequest,
    TxnSettings, TxnState,
};
use std::time::Duration;
use types::{ErrorCode, LeaderEpoch, LogKey, PartitionId, ProducerId, TopicId, Uuid};

/// Protects: with an epoch of its own each transaction's end is told apart: a repeat gets the same answer, a delayed end of the
/// one before is fenced and never ends the next (X1).
#[test]
pub(crate) fn a_delayed_end_never_ends_the_next_transaction() {
    let mut world = World::new();
    let producer = world.init();
    world.begin(producer, &[0, 1], Protocol::V2);
    let ending = end(producer, true, Protocol::V2);
    let next = producer_of(world.ask(ending.clone()));
    assert_eq!(next, later(producer, 1));
    assert_eq!(producer_of(world.ask(ending.clone())), next, "a repeat");
    assert_eq!(
        world.ask(end(producer, false, Protocol::V2)),
        Err(ErrorCode::InvalidTxnState),
        "the opposite"
    );
    world.begin(next, &[0], Protocol::V2);
    assert_eq!(world.ask(ending), Err(ErrorCode::ProducerFenced));
    assert_eq!(world.ask(end(producer, false, Protocol::V2)), Err(ErrorCode::ProducerFenced));
    assert_eq!(world.state(), TxnState::Ongoing);
}

/// Protects: marks go out only after PREPARE has its place, the answer only once it is committed, Complete only after all marks.
#[test]
fn each_step_waits_for_the_one_before() {
    let mut world = World::new();
    let producer = world.init();
    world.begin(producer, &[0, 1], Protocol::V2);
    let token = world.send(end(producer, true, Protocol::V2));
    assert!(!world.answers.contains_key(&token) && world.marks.len() == 1 && world.on_way.len() == 1);
    assert_eq!(world.marks[0].producer, later(producer, 1));
    assert_eq!(*world.marks[0].partitions, partitions(&[0, 1]));
    world.mark(Marked::Written);
    assert_eq!(world.on_way.len(), 2, "Complete follows in the same log, and may share the sync");
    assert_eq!(world.state(), TxnState::Ongoing);
    world.commit();
    assert_eq!(
        (producer_of(world.answer(token)), world.state()),
        (later(producer, 1), TxnState::PrepareCommit)
    );
    world.commit();
    assert_eq!(world.state(), TxnState::CompleteCommit);
}

/// Protects: that a transaction is over is written with the next one's first record, in one batch, or by itself after a while; what
/// waits for it never does. Lost, the marks are sent again, and nothing else comes of it (X4).
#[test]
fn that_it_is_over_is_written_with_what_follows() {
    let linger = Duration::from_millis(5);
    let ended = || {
        let mut world = World::with(TxnSettings { linger, ..settings() });
        let producer = world.init();
        world.begin(producer, &[0], Protocol::V2);
        world.send(end(producer, true, Protocol::V2));
        world.commit();
        world.mark(Marked::Written);
        assert_eq!((world.on_way.len(), world.state()), (0, TxnState::PrepareCommit));
        (world, producer)
    };
    let (mut world, producer) = ended();
    let begun = world.send(add(later(producer, 1), &[0], Protocol::V2));
    assert_eq!(world.on_way.iter().map(Vec::len).collect::<Vec<_>>(), [2]);
    world.commit();
    assert_eq!((world.answer(begun), world.state()), (Ok(TxnAnswer::Done), TxnState::Ongoing));

    let (mut world, producer) = ended();
    assert_eq!(world.txns.next_deadline(), Some(world.now.mono.plus(linger)));
    world.pass(linger);
    world.commit();
    assert_eq!(world.state(), TxnState::CompleteCommit);

    let (mut world, producer_again) = ended();
    assert_eq!(producer_again, producer);
    let again = world.send(end(producer, true, Protocol::V2));
    assert!(!world.answers.contains_key(&again), "an answer waits for what it builds on");
    world.commit();
    assert_eq!(
        (producer_of(world.answer(again)), world.state()),
        (later(producer, 1), TxnState::CompleteCommit)
    );

    let (mut world, producer) = ended();
    world.crash(0);
    assert_eq!((world.state(), world.marks.len()), (TxnState::PrepareCommit, 1));
    world.mark(Marked::Written);
    world.pass(linger);
    world.settle();
    assert_eq!(world.state(), TxnState::CompleteCommit);
    world.begin(later(producer, 1), &[0], Protocol::V2);
}

/// Protects: an answer waits for the record that it builds on, and not for another id's.
#[test]
fn an_answer_waits_for_its_own_record() {
    let mut world = World::with(TxnSettings { linger: Duration::from_millis(5), ..settings() });
    let producer = world.init();
    let ask = |world: &mut World, token: u64, request: TxnRequest| {
        world.txns.handle(Token(token), "other", request, None, world.now);
        world.take();
    };
    ask(&mut world, 100, init(None));
    world.commit();
    let other = producer_of(world.answer(Token(100)));
    world.begin(producer, &[0], Protocol::V2);
    world.send(end(producer, true, Protocol::V2));
    world.commit();
    ask(&mut world, 101, add(other, &[1], Protocol::V2));
    world.mark(Marked::Written);
    assert_eq!((world.on_way.len(), world.state()), (1, TxnState::PrepareCommit), "that it is over lingers");
    let (partitions, protocol, order) = (partitions(&[1]), Protocol::V2, Order::OneLog);
    let again = TxnRequest::Add { producer: other, partitions: partitions.clone(), protocol, order };
    ask(&mut world, 102, again);
    assert_eq!((world.answer(Token(102)), world.on_way.len()), (Ok(TxnAnswer::Done), 1));
    let verify = TxnRequest::Verify { producer: other, partitions };
    ask(&mut world, 103, verify);
    assert!(!world.answers.contains_key(&Token(103)));
    world.commit();
    assert_eq!((world.answers.contains_key(&Token(103)), world.on_way.len()), (true, 0));
}

/// Protects: T4, W-16: a mark that goes elsewhere than into PREPARE's write-ahead log waits until PREPARE is committed, however that meets
/// the word of the others; it needs no time to pass then.
#[test]
fn what_goes_elsewhere_waits_for_prepare() {
    for (is_committed_first, other) in
        [(false, Marked::Written), (true, Marked::Written), (false, Marked::Again), (true, Marked::Again)]
    {
        let mut world = World::new();
        let producer = world.init();
        world.begin(producer, &[0, 1], Protocol::V2);
        world.send(end(producer, true, Protocol::V2));
        let mark = world.marks.pop_front().unwrap();
        assert!(!mark.is_stored);
        let topic = mark.partitions.keys().next().unwrap().clone();
        if is_committed_first {
            world.commit();
        }
        let ends = [(topic.clone(), 0, other), (topic, 1, Marked::Later)];
        world.txns.marked(ID, mark.number, &ends, world.now);
        world.take();
        assert_eq!(world.marks.is_empty(), !is_committed_first || other == Marked::Again);
        if other == Marked::Again {
            world.pass(SECOND);
            assert_eq!(world.marks[0].is_stored, is_committed_first);
        }
        if !is_committed_first {
            if other == Marked::Again {
                world.marks.pop_front();
                let number = mark.number + 1;
                let ends = ends.map(|(topic, at, _)| (topic, at, Marked::Later));
                world.txns.marked(ID, number, &ends, world.now);
                world.take();
            }
            world.commit();
        }
        let left: &[i32] = if other == Marked::Again { &[0, 1] } else { &[1] };
        assert_eq!(
            ((*world.marks[0].partitions).clone(), world.marks[0].is_stored),
            (partitions(left), true)
        );
        world.settle();
        assert_eq!(world.state(), TxnState::CompleteCommit);
    }
}

/// Protects: whoever was told that its transaction ends may go on at once: what it asks for its next one is held until the marks
/// are there, whatever it is, also when the epochs were used up and it has a new id.
#[test]
fn what_meets_an_unfinished_end_is_held() {
    let begin_again = |next| init(Some(next));
    let write = |next| add(next, &[1], Protocol::V2);
    let give_up = |next| end(next, false, Protocol::V2);
    let asks: [&dyn Fn(Producer) -> TxnRequest; 3] = [&begin_again, &write, &give_up];
    for epoch in [0, i16::MAX - 1] {
        for (number, ask) in asks.iter().enumerate() {
            let mut world = World::new();
            let producer = at_epoch(&mut world, epoch);
            world.begin(producer, &[0], Protocol::V2);
            let token = world.send(end(producer, true, Protocol::V2));
            world.commit();
            let next = producer_of(world.answer(token));
            let held = world.send(ask(next));
            assert!(world.marks.len() == 1 && !world.answers.contains_key(&held), "{epoch} {number}");
            world.settle();
            assert!(world.answer(held).is_ok(), "{epoch} {number}");
        }
    }
}

/// Protects: what is answered without a record of its own waits for the records that it builds on: a repeat is told nothing
/// that a crash could take back.
#[test]
fn a_repeat_waits_for_what_it_is_told() {
    let mut world = World::new();
    let producer = world.init();
    world.begin(producer, &[0], Protocol::V2);
    let first = world.send(end(producer, true, Protocol::V2));
    let repeat = world.send(end(producer, true, Protocol::V2));
    world.mark(Marked::Gone);
    assert_eq!(
        (world.on_way.len(), world.answers.len()),
        (2, 0),
        "no mark was written: nothing is committed yet"
    );
    world.settle();
    assert_eq!(world.answer(first), world.answer(repeat));
    let added = world.send(add(later(producer, 1), &[0, 1], Protocol::V2));
    let again = world.send(add(later(producer, 1), &[1], Protocol::V2));
    assert!(world.answers.is_empty());
    world.settle();
    assert_eq!((world.answer(added), world.answer(again)), (Ok(TxnAnswer::Done), Ok(TxnAnswer::Done)));
}

/// Protects: what waits for the log becomes batches that the log takes, each with all that follows its records.
#[test]
fn what_waits_is_written_in_batches_that_fit() {
    const IDS: u64 = 1_000;
    let now = World::new().now;
    let record_max = 4_000;
    let mut txns = Transactions::new(TxnSettings { record_max, ..settings() }, LeaderEpoch(0));
    txns.loaded(true, now);
    for id in 0..IDS {
        txns.handle(Token(id), &format!("id {id}"), init(None), None, now);
    }
    let (mut records, mut answers) = (0, 0);
    loop {
        let effects = txns.take_effects();
        if effects.is_empty() {
            break;
        }
        for effect in effects {
            match effect {
                TxnEffect::Append { records: batch, .. } => {
                    assert!(batch.iter().map(TxnRecord::size).sum::<usize>() <= record_max);
                    records += batch.len();
                    txns.is_ordered();
                    txns.is_committed();
                }
                TxnEffect::Reply { answer, .. } => {
                    answers += u64::from(answer.is_ok());
                    assert!(answers <= records as u64, "no answer comes before its record");
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!((records as u64, answers), (IDS, IDS));
}

/// Protects: where marks go elsewhere, none goes out before PREPARE is committed (X12).
#[test]
fn across_logs_prepare_is_committed_first() {
    let mut world = World::with(TxnSettings { order: Order::Across, ..settings() });
    let producer = world.init();
    world.begin(producer, &[0], Protocol::V2);
    world.send(end(producer, true, Protocol::V2));
    assert!(world.marks.is_empty());
    world.crash(0);
    assert_eq!((world.state(), world.marks.len()), (TxnState::Ongoing, 0), "it was not stored: it goes on");
    let token = world.send(end(producer, false, Protocol::V2));
    world.commit();
    assert_eq!((world.answer(token).is_ok(), world.marks.len()), (true, 1));
}

/// Protects: a coordinator that dies between PREPARE and Complete is followed by one that ends it the same way, whatever marks
/// were written (X4), under its own epoch.
#[test]
fn a_decision_outlives_its_coordinator() {
    for (commit, marked) in [(true, false), (false, false), (true, true), (false, true)] {
        let mut world = World::new();
        let producer = world.init();
        world.begin(producer, &[0, 1], Protocol::V2);
        world.send(end(producer, commit, Protocol::V2));
        world.commit();
        if marked {
            world.mark(Marked::Written);
        }
        world.crash(0);
        let mark = &world.marks[0];
        assert_eq!((mark.commit, mark.coordinator.0, &*mark.partitions), (commit, 1, &partitions(&[0, 1])));
        world.settle();
        let state = if commit { TxnState::CompleteCommit } else { TxnState::CompleteAbort };
        assert_eq!(world.state(), state);
        assert_eq!(producer_of(world.ask(end(producer, commit, Protocol::V2))), later(producer, 1));
    }
}

/// Protects: marks that could not be written are sent again, alone; those of a topic that is gone hold nothing up (X11); another
/// coordinator's word ends this one (X5).
#[test]
fn marks_are_sent_until_they_are_there() {
    let mut world = World::new();
    let producer = world.init();
    world.begin(producer, &[0, 1, 2], Protocol::V2);
    world.send(end(producer, true, Protocol::V2));
    let mark = world.marks.pop_front().unwrap();
    let topic = mark.partitions.keys().next().unwrap().clone();
    let ends = [(0, Marked::Written), (1, Marked::Again), (2, Marked::Gone)];
    let ends = ends.map(|(partition, end)| (topic.clone(), partition, end));
    world.txns.marked(ID, mark.number, &ends, world.now);
    world.take();
    assert!(world.marks.is_empty());
    world.pass(SECOND);
    assert_eq!(*world.marks[0].partitions, partitions(&[1]));
    // What is said of the first sending comes late.
    world.txns.marked(ID, mark.number, &ends, world.now);
    world.mark(Marked::Fenced);
    assert!(world.has_resigned);
    world.crash(1);
    world.settle();
    assert_eq!(world.state(), TxnState::CompleteCommit);
}

/// Protects: what is said of the marks of an earlier transaction ends no later one.
#[test]
fn marks_of_an_earlier_transaction_end_no_later_one() {
    let mut world = World::new();
    let producer = world.init();
    world.begin(producer, &[0], Protocol::V2);
    let token = world.send(end(producer, true, Protocol::V2));
    let number = world.marks[0].number;
    world.settle();
    let next = producer_of(world.answer(token));
    world.begin(next, &[0], Protocol::V2);
    world.send(end(next, true, Protocol::V2));
    world.commit();
    let topic = world.marks[0].partitions.keys().next().unwrap().clone();
    world.txns.marked(ID, number, &[(topic, 0, Marked::Written)], world.now);
    world.take();
    assert_eq!((world.state(), world.on_way.len()), (TxnState::PrepareCommit, 0));
    world.settle();
    assert_eq!(world.state(), TxnState::CompleteCommit);
}

/// Protects: what meets an unfinished end waits for it, and goes on; after a while it is told to come again.
#[test]
fn requests_wait_for_an_end() {
    let mut world = World::new();
    let producer = world.init();
    world.begin(producer, &[0], Protocol::V1);
    let first = world.send(end(producer, true, Protocol::V1));
    world.commit();
    assert!(world.answer(first).is_ok());
    let next = world.send(add(producer, &[1], Protocol::V1));
    assert!(!world.answers.contains_key(&next));
    world.mark(Marked::Written);
    world.settle();
    assert_eq!((world.answer(next), world.state()), (Ok(TxnAnswer::Done), TxnState::Ongoing));
    world.send(end(producer, true, Protocol::V1));
    let late = world.send(add(producer, &[0], Protocol::V1));
    world.pass(SECOND);
    assert_eq!(world.answer(late), Err(ErrorCode::ConcurrentTransactions));
    world.settle();
    assert_eq!(world.state(), TxnState::CompleteCommit);
    assert_eq!(world.events.iter().filter(|event| **event == TxnEvent::Held).count(), 2);
}

/// Protects: the calls of old, by what Kafka answers: repeats, opposites, ends of nothing, and partitions that were not added (X3).
#[test]
fn the_calls_of_old() {
    let mut world = World::new();
    let producer = world.init();
    for commit in [true, false] {
        assert_eq!(world.ask(end(producer, commit, Protocol::V1)), Err(ErrorCode::InvalidTxnState));
    }
    world.begin(producer, &[0], Protocol::V1);
    let verify = |which| TxnRequest::Verify { producer, partitions: partitions(which) };
    let codes = vec![ErrorCode::None, ErrorCode::TransactionAbortable];
    assert_eq!(world.ask(verify(&[0, 1])), Ok(TxnAnswer::Partitions(codes)));
    assert_eq!(producer_of(world.ask(end(producer, true, Protocol::V1))), producer, "the epoch stays");
    assert_eq!(producer_of(world.ask(end(producer, true, Protocol::V1))), producer);
    assert_eq!(world.ask(end(producer, false, Protocol::V1)), Err(ErrorCode::InvalidTxnState));
    assert_eq!(world.ask(verify(&[0])), Ok(TxnAnswer::Partitions(vec![ErrorCode::TransactionAbortable])));
    // An abort of nothing is an end of its own in the new way.
    assert_eq!(world.ask(end(producer, true, Protocol::V2)), Err(ErrorCode::InvalidTxnState));
    let raised = producer_of(world.ask(end(producer, false, Protocol::V2)));
    assert_eq!((raised, world.state()), (later(producer, 1), TxnState::CompleteAbort));
    for (wrong, code) in [
        (later(raised, 1), ErrorCode::ProducerFenced),
        (producer, ErrorCode::ProducerFenced),
        (
            coordinator::txn::Producer { id: types::ProducerId(7), ..raised },
            ErrorCode::InvalidProducerIdMapping,
        ),
    ] {
        assert_eq!(world.ask(add(wrong, &[0], Protocol::V1)), Err(code));
        assert_eq!(world.ask(end(wrong, true, Protocol::V1)), Err(code));
    }
}

/// Protects: where the epoch does not tell a delayed packet, the connection does: once a producer has come by a later one, what
/// comes by an earlier one does nothing; Kafka's codes come first.
#[test]
pub(crate) fn a_connection_that_was_given_up_does_nothing() {
    let mut world = World::new();
    let producer = world.init();
    let by = |world: &mut World, request, connection| {
        let token = world.send_by(request, Some(connection));
        world.settle();
        world.answer(token)
    };
    assert!(by(&mut world, add(producer, &[0], Protocol::V1), 5).is_ok());
    assert!(by(&mut world, end(producer, true, Protocol::V1), 6).is_ok());
    assert!(by(&mut world, add(producer, &[1], Protocol::V1), 6).is_ok());
    assert_eq!(by(&mut world, end(producer, true, Protocol::V1), 5), Ok(TxnAnswer::Late));
    assert_eq!(by(&mut world, add(producer, &[2], Protocol::V1), 5), Ok(TxnAnswer::Late));
    assert_eq!(
        by(&mut world, end(later(producer, 1), true, Protocol::V1), 5),
        Err(ErrorCode::ProducerFenced)
    );
    assert_eq!(world.state(), TxnState::Ongoing);
    // The client has begun anew: its epoch is another.
    let again = producer_of(world.ask(init(None)));
    assert!(by(&mut world, add(again, &[0], Protocol::V1), 1).is_ok());
}

/// Protects: an operator's abort fences the producer and waits for the end; one that is over is left alone.
#[test]
fn an_operator_aborts() {
    let mut world = World::new();
    let producer = world.init();
    world.begin(producer, &[0], Protocol::V2);
    assert_eq!(world.ask(TxnRequest::Abort { producer }), Ok(TxnAnswer::Done));
    assert_eq!(world.state(), TxnState::CompleteAbort);
    assert_eq!(world.ask(TxnRequest::Abort { producer }), Ok(TxnAnswer::Done));
    assert_eq!(world.ask(add(producer, &[0], Protocol::V2)), Err(ErrorCode::ProducerFenced));
}

/// Protects: a transaction of 10,000 partitions ends whole; one whose record would be longer than the log takes is refused, and stays as
/// it was.
#[test]
fn a_transaction_has_as_many_partitions_as_its_record_takes() {
    let mut world = World::new();
    let producer = world.init();
    let many = |count| (0..count).collect::<Vec<i32>>();
    world.begin(producer, &many(10_000), Protocol::V2);
    let held = world.txns.held();
    let refused = world.ask(add(producer, &many(20_000), Protocol::V2));
    assert_eq!((refused, world.txns.held()), (Err(ErrorCode::UnknownServerError), held));
    world.send(end(producer, true, Protocol::V2));
    assert_eq!(*world.marks[0].partitions, partitions(&many(10_000)));
    world.settle();
    assert_eq!(world.state(), TxnState::CompleteCommit);
}

/// Protects: X1: an operator's abort that was delayed until the producer's next transaction is open does not end that.
#[test]
fn a_late_abort_of_an_operator_ends_nothing() {
    let mut world = World::new();
    let producer = world.init();
    world.begin(producer, &[0], Protocol::V2);
    let next = producer_of(world.ask(end(producer, true, Protocol::V2)));
    world.begin(next, &[0], Protocol::V2);
    assert_eq!(world.ask(TxnRequest::Abort { producer }), Err(ErrorCode::InvalidProducerEpoch));
    assert_eq!(world.state(), TxnState::Ongoing);
    assert_eq!(world.ask(TxnRequest::Abort { producer: next }), Ok(TxnAnswer::Done));
    assert_eq!(world.state(), TxnState::CompleteAbort);
}

/// Protects: T4: an operator who asks to abort what is being committed is not told that it was aborted.
#[test]
fn what_is_committed_is_not_told_to_be_aborted() {
    let mut world = World::new();
    let producer = world.init();
    world.begin(producer, &[0], Protocol::V2);
    world.send(end(producer, true, Protocol::V2));
    assert_eq!(world.ask(TxnRequest::Abort { producer }), Err(ErrorCode::InvalidTxnState));
    assert_eq!(world.state(), TxnState::CompleteCommit);
}

/// Protects: X16: what is let into a partition is owned from before that on until its mark is there, and in no other partition: so
/// what nobody owns is an orphan.
#[test]
fn what_is_let_in_is_owned_until_it_ends() {
    let mut world = World::new();
    let producer = world.init();
    let key = |partition| LogKey { topic_id: TopicId(Uuid([1; 16])), partition: PartitionId(partition) };
    let other = LogKey { topic_id: TopicId(Uuid([2; 16])), partition: PartitionId(0) };
    let asked = [key(0), key(1), other].map(|key| (producer.id, key));
    let stranger = (ProducerId(producer.id.0 + 1), key(0));
    let owned = |world: &World| {
        assert_eq!(world.txns.owners(&[stranger]), [None]);
        world.txns.owners(&asked).iter().map(Option::is_some).collect::<Vec<_>>()
    };
    assert_eq!(owned(&world), [false; 3]);
    world.send(add(producer, &[0], Protocol::V2));
    assert_eq!(owned(&world), [true, false, false], "before it is committed");
    world.settle();
    world.send(end(producer, true, Protocol::V2));
    world.commit();
    assert_eq!((world.state(), owned(&world)), (TxnState::PrepareCommit, vec![true, false, false]));
    world.mark(Marked::Written);
    assert_eq!(owned(&world), [false; 3]);
}
