//! What a stop, and a kill, leave behind: records, topics, producers (P1, P2, P8 across restarts).

use crate::batches::{batch, read_all, sequenced, sized};
use crate::harness::{Broker, folder};
use crate::idempotence::{expect_once, new_producer, window};
use types::ErrorCode;

/// How a broker comes to its end.
#[derive(Clone, Copy, Debug)]
enum End {
    Stopped,
    Killed,
    /// With a checkpoint between the batches and the kill.
    CheckpointedAndKilled,
}

/// Protects: every position of the five-batch window is remembered across a stop and a kill, and the
/// resend is stored once, whether the first copy was stored or not (P1).
#[test]
fn resends_across_restarts() {
    for ended in [End::Stopped, End::Killed, End::CheckpointedAndKilled] {
        for position in 0..5 {
            let (dir, copy) = (folder(), folder());
            let broker = Broker::start(dir.path());
            let mut client = broker.connect();
            client.create("topic", 1);
            let id = new_producer(&mut client);
            let offsets = window(&mut client, id);
            let broker = match ended {
                End::Stopped => broker.restart(),
                End::Killed => broker.crash_into(copy.path()),
                End::CheckpointedAndKilled => broker.restart().crash_into(copy.path()),
            };
            let mut client = broker.connect();
            let n = usize::try_from(position).unwrap();
            let resent = client.put("topic", &sequenced(id, 0, position * 2, 2));
            assert_eq!(resent, offsets[n], "{ended:?}, position {position}");
            // The next one was never sent before: it is stored, and only once.
            assert_eq!(client.put("topic", &sequenced(id, 0, 10, 2)), 10);
            assert_eq!(client.put("topic", &sequenced(id, 0, 10, 2)), 10);
            expect_once(&mut client, id, 12);
        }
    }
}

/// Protects: after a restart a stale resend, a gap, an old epoch and an unknown producer are what they
/// were before it.
#[test]
fn refusals_across_restarts() {
    let dir = folder();
    let broker = Broker::start(dir.path());
    let mut client = broker.connect();
    client.create("topic", 1);
    let id = new_producer(&mut client);
    window(&mut client, id);
    client.put("topic", &sequenced(id, 0, 10, 2));
    let other = new_producer(&mut client);
    client.put("topic", &sequenced(other, 2, 0, 2));
    let broker = broker.restart();
    let mut client = broker.connect();
    for (id, epoch, sequence, code) in [
        (id, 0, 0, ErrorCode::DuplicateSequenceNumber),
        (id, 0, 14, ErrorCode::OutOfOrderSequenceNumber),
        (other, 1, 0, ErrorCode::InvalidProducerEpoch),
        (999_999, 0, 5, ErrorCode::UnknownProducerId),
    ] {
        let answer = client.produce("topic", &sequenced(id, epoch, sequence, 2));
        assert_eq!(answer.error_code, code.code(), "{id} {epoch} {sequence}");
    }
    assert_eq!(client.end("topic"), 14);
}

/// Protects: no producer id is handed out again after a stop or a kill.
#[test]
fn producer_ids_are_never_handed_out_again() {
    let (dir, copy) = (folder(), folder());
    let broker = Broker::start(dir.path());
    let mut ids: Vec<i64> = (0..5).map(|_| new_producer(&mut broker.connect())).collect();
    let killed = broker.crash_into(copy.path());
    ids.extend((0..5).map(|_| new_producer(&mut killed.connect())));
    let restarted = killed.restart();
    ids.extend((0..5).map(|_| new_producer(&mut restarted.connect())));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 15);
}

/// Protects: what was acknowledged is there after a stop and after a kill, with checkpoints, rolls and
/// recycling in between; topics that were made are there, those that were deleted are not.
#[test]
fn acknowledged_records_survive() {
    let (dir, copy) = (folder(), folder());
    let broker = Broker::start_with(dir.path(), |config| config.memory_max = Some(16 << 20));
    let mut client = broker.connect();
    client.create("topic", 1);
    client.create("doomed", 1);
    client.put("doomed", &batch(&["v"]));
    let large = sized(40_000);
    for _ in 0..80 {
        client.put("topic", &large);
    }
    let names = vec!["doomed".to_owned()];
    let delete = wire::DeleteTopicsRequest { topic_names: names, timeout_ms: 30_000, ..Default::default() };
    assert_eq!(client.call(&delete, 5).responses[0].error_code, 0);
    client.put("topic", &batch(&["last"]));
    let before = read_all(&mut client, "topic");
    assert_eq!(before.len(), 81);
    drop(client);
    let broker = broker.restart();
    let mut client = broker.connect();
    assert_eq!(read_all(&mut client, "topic"), before, "after a stop");
    client.put("topic", &batch(&["after"]));
    let killed = broker.crash_into(copy.path());
    let mut client = killed.connect();
    let after = read_all(&mut client, "topic");
    assert_eq!(after[..81], before[..], "after a kill");
    assert_eq!(after[81].1, "after");
    assert_eq!(client.offset("doomed", -1).error_code, ErrorCode::UnknownTopicOrPartition.code());
    assert_eq!(client.put("topic", &batch(&["on"])), 82, "and it goes on");
}
