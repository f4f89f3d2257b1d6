//! The story that the crash tests run.

use crate::broker::{Broker, Change, Stop};
use crate::judge::SharedBook;
use crate::world::key;
use env::Env;
use types::LogKey;

/// A busy page-cache log that rolls, a quiet one, one that is removed, its namesake, and a log of the other kind.
pub(crate) fn busy() -> LogKey {
    key(1, 0)
}
pub(crate) fn quiet() -> LogKey {
    key(1, 1)
}
pub(crate) fn old() -> LogKey {
    key(3, 0)
}
pub(crate) fn namesake() -> LogKey {
    key(4, 0)
}
pub(crate) fn synced() -> LogKey {
    key(5, 0)
}

/// Opens a directory whose logs have the story's names.
pub(crate) fn open(env: &Env, book: SharedBook) -> Result<Broker, Stop> {
    let mut broker = Broker::open(env, book)?;
    equip(&mut broker);
    Ok(broker)
}

/// Tells a broker the names of the logs, as its metadata would.
pub(crate) fn equip(broker: &mut Broker) {
    let names = [
        (busy(), ("busy-0", true)),
        (quiet(), ("busy-1", true)),
        (old(), ("reborn-0", true)),
        (namesake(), ("reborn-0", true)),
        (synced(), ("synced-0", false)),
    ];
    broker.names = names.into_iter().collect();
    for (key, log) in &mut broker.logs {
        log.set_folder(broker.names[key].0);
    }
}

/// Runs the whole story on a new directory.
pub(crate) fn run(env: &Env, book: &SharedBook) -> Result<Broker, Stop> {
    let mut broker = open(env, book.clone())?;
    while broker.wal.fill_pool_step()? {}
    first_half(&mut broker)?;
    second_half(&mut broker)?;
    Ok(broker)
}

fn first_half(broker: &mut Broker) -> Result<(), Stop> {
    use Change::Append;
    broker.turn(&[Append(busy(), 3, 100), Append(synced(), 2, 200), Append(old(), 1, 50)])?;
    broker.turn(&[Append(quiet(), 1, 20), Append(busy(), 1, 300), Append(busy(), 1, 310)])?;
    broker.checkpoint(300)?;
    for _ in 0..3 {
        broker.turn(&[Append(busy(), 2, 400), Append(synced(), 1, 300)])?;
    }
    broker.sync()?;
    broker.turn(&[Append(busy(), 1, 200), Append(old(), 2, 100)])?;
    broker.checkpoint(300)?;
    broker.epoch = 1;
    for _ in 0..3 {
        broker.turn(&[Append(busy(), 1, 1100), Append(busy(), 1, 90), Append(synced(), 1, 100)])?;
    }
    Ok(())
}

fn second_half(broker: &mut Broker) -> Result<(), Stop> {
    use Change::{Append, Remove, Start};
    broker.turn(&[Start(busy(), 2)])?;
    broker.sync()?;
    broker.checkpoint(300)?;
    broker.turn(&[Start(busy(), 6), Append(busy(), 1, 70), Append(quiet(), 2, 60)])?;
    broker.turn(&[Remove(old()), Append(synced(), 2, 100)])?;
    broker.turn(&[Append(namesake(), 2, 200), Append(busy(), 3, 500)])?;
    broker.checkpoint(300)?;
    broker.turn(&[Append(namesake(), 1, 20), Append(busy(), 1, 30)])?;
    broker.sync()?;
    broker.checkpoint(0)?;
    // The start goes to the recovery point, beyond which the same segment goes on.
    broker.turn(&[Append(quiet(), 1, 40)])?;
    broker.turn(&[Start(quiet(), sent(broker, quiet()) - 1)])?;
    broker.checkpoint(0)?;
    broker.turn(&[Append(quiet(), 1, 45), Append(busy(), 2, 900)])?;
    broker.sync()?;
    broker.checkpoint(0)?;
    // The same, but nothing is beyond it: the next batch begins a segment.
    broker.turn(&[Append(quiet(), 1, 50), Start(quiet(), sent(broker, quiet()))])?;
    broker.checkpoint(0)?;
    broker.turn(&[Append(quiet(), 1, 55), Append(busy(), 2, 900)])?;
    broker.sync()?;
    broker.checkpoint(0)
}

fn sent(broker: &Broker, key: LogKey) -> usize {
    broker.with_book(|book| book[&key].sent.len())
}
