//! The script that the crash tests run: everything that a directory does, in a short life.

use crate::ghost::Shared;
use crate::world::{Change, Stop, World, key};
use env::Env;
use std::sync::Arc;
use types::LogKey;

/// A busy log, one with small tails, one that is truncated, one that is deleted, and its namesake.
pub(crate) fn busy() -> LogKey {
    key(1, 0)
}
pub(crate) fn quiet() -> LogKey {
    key(1, 1)
}
pub(crate) fn loose() -> LogKey {
    key(2, 0)
}
pub(crate) fn old() -> LogKey {
    key(3, 0)
}
/// The log that is compacted.
pub(crate) fn table() -> LogKey {
    key(5, 0)
}
/// Logs of transactions, the second with a high watermark that stays at the start.
pub(crate) fn ledger() -> LogKey {
    key(6, 0)
}
pub(crate) fn loose_ledger() -> LogKey {
    key(6, 1)
}
pub(crate) fn namesake() -> LogKey {
    key(4, 0)
}

/// Opens a directory whose logs have the script's names.
pub(crate) fn open(env: &Env, ghost: Shared) -> Result<World, Stop> {
    let mut world = World::open(env, ghost)?;
    equip(&mut world);
    Ok(world)
}

/// Tells a world the names of the logs, as a broker's metadata would.
pub(crate) fn equip(world: &mut World) {
    let names = [
        (busy(), "busy-0"),
        (quiet(), "busy-1"),
        (loose(), "loose-0"),
        (old(), "reborn-0"),
        (namesake(), "reborn-0"),
        (table(), "table-0"),
        (ledger(), "ledger-0"),
        (loose_ledger(), "ledger-1"),
    ];
    world.names = names.into_iter().map(|(key, name)| (key, name.to_owned())).collect();
    world.loose.insert(loose());
    world.loose.insert(loose_ledger());
    world.keyed.insert(table());
    for (key, log) in &mut world.logs {
        log.set_folder(&world.names[key]);
        if ![loose(), loose_ledger()].contains(key) {
            log.set_high_watermark(log.durable_end());
        }
    }
}

/// Runs the whole script on a new directory.
pub(crate) fn run(env: &Env, ghost: &Shared) -> Result<World, Stop> {
    let mut world = open(env, Arc::clone(ghost))?;
    first_half(&mut world)?;
    second_half(&mut world)?;
    Ok(world)
}

/// Appends, rolls, small tails.
pub(crate) fn first_half(world: &mut World) -> Result<(), Stop> {
    world.fill_pool()?;
    world.fill_reserve()?;
    world.group(&[
        Change::Append(busy(), 3, 100),
        Change::Append(quiet(), 1, 20),
        Change::Append(old(), 2, 200),
    ])?;
    for _ in 0..4 {
        world.group(&[Change::Append(busy(), 2, 300), Change::Append(loose(), 2, 250)])?;
    }
    world.checkpoint(300)?;
    world.group(&[Change::Append(quiet(), 2, 30), Change::Append(old(), 5, 150)])?;
    world.epoch = 1;
    for _ in 0..3 {
        world.group(&[Change::Append(busy(), 1, 900), Change::Append(loose(), 3, 150)])?;
    }
    world.checkpoint(300)?;
    world.group(&[Change::Append(busy(), 4, 50)])
}

/// DeleteRecords: starts that move into the tail, beyond segments, to the end, and logs that go on from there.
pub(crate) fn deletions(env: &Env, ghost: &Shared) -> Result<World, Stop> {
    let mut world = open(env, Arc::clone(ghost))?;
    world.fill_pool()?;
    world.fill_reserve()?;
    for _ in 0..4 {
        world.group(&[Change::Append(busy(), 2, 300), Change::Append(quiet(), 2, 20)])?;
    }
    world.group(&[Change::Start(quiet(), 2)])?;
    world.checkpoint(300)?;
    world.group(&[Change::Empty(quiet()), Change::Start(busy(), 3), Change::Append(busy(), 1, 900)])?;
    world.group(&[Change::Append(quiet(), 1, 40)])?;
    world.checkpoint(300)?;
    world.group(&[Change::Empty(busy())])?;
    world.checkpoint(0)?;
    world.group(&[Change::Empty(quiet()), Change::Append(busy(), 3, 200)])?;
    world.group(&[Change::Append(busy(), 1, 100), Change::Append(busy(), 1, 110)])?;
    world.checkpoint(0)?;
    // Within a segment, and known from the state alone.
    world.group(&[Change::Start(busy(), 1)])?;
    world.checkpoint(0)?;
    world.group(&[Change::Append(quiet(), 1, 40)])?;
    world.checkpoint(0)?;
    world.group(&[Change::Append(quiet(), 1, 10), Change::Empty(busy())])?;
    world.wal.vouch(true, crate::world::WALL)?;
    Ok(world)
}

/// Truncation, retention, deletion, a namesake, a clean end.
pub(crate) fn second_half(world: &mut World) -> Result<(), Stop> {
    world.group(&[Change::Truncate(loose(), 4)])?;
    world.epoch = 2;
    world.group(&[Change::Append(loose(), 2, 100), Change::Append(old(), 1, 10)])?;
    world.checkpoint(300)?;
    world.group(&[Change::Start(busy(), 5), Change::Append(busy(), 2, 400)])?;
    world.group(&[Change::Remove(old())])?;
    world.group(&[Change::Append(namesake(), 3, 300), Change::Append(busy(), 1, 10)])?;
    world.checkpoint(300)?;
    world.group(&[Change::Append(namesake(), 2, 100), Change::Append(quiet(), 1, 900)])?;
    world.group(&[Change::Truncate(loose(), 2)])?;
    world.group(&[Change::Append(loose(), 1, 700), Change::Append(busy(), 1, 600)])?;
    world.fill_reserve()?;
    world.checkpoint(0)?;
    world.wal.vouch(true, crate::world::WALL)?;
    Ok(())
}
