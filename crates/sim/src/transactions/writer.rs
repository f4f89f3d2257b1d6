//! Who writes transactions: processes of one transactional id, one after another and beside each other.
//!
//! Writers put records into the input and into other topics. Pipelines read the input at read_committed from the offsets of the
//! group, write a record of the output for each, and commit the offsets in the same transaction.

use super::ledger::{Part, Source};
use super::plan::{Plan, WriterPlan};
use super::process::{Fortune, Halt, Process, Stop};
use super::producer::{Batch, Producer};
use super::reading::{Names, Positions, offsets, read};
use super::{INPUT, OUTPUT, Shared};
use crate::random::SimRandom;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;
use tokio::task::JoinSet;

/// How often it is looked whether another process has to begin.
const LOOK: Duration = Duration::from_millis(5);
/// Most records of one transaction of a pipeline.
const WORK_MAX: usize = 12;

/// Lets the processes of a transactional id live.
pub(super) async fn writer(
    plan: Rc<Plan>,
    own: WriterPlan,
    host: String,
    shared: Shared,
    seed: u64,
) -> turmoil::Result {
    tokio::time::sleep(own.begins).await;
    let deeds = own.deeds.iter().copied().collect::<VecDeque<_>>();
    let fortune = Fortune { deeds: Rc::new(deeds.into()), is_taken_over: Rc::default() };
    let mut lives = JoinSet::new();
    let mut life = 0;
    let mut begin = |lives: &mut JoinSet<Halt>| {
        life += 1;
        let process = Process::new(&host, life, &shared, fortune.clone(), seed);
        let producer = Producer::new(process, own.kind, own.timeout, plan.value_max);
        lives.spawn_local(live(producer, own.clone()));
    };
    begin(&mut lives);
    loop {
        tokio::time::sleep(LOOK).await;
        while let Some(ended) = lives.try_join_next() {
            if let Ok(Halt::Vanished(away)) = ended {
                tokio::time::sleep(away).await;
            }
        }
        if fortune.is_taken_over.replace(false) {
            begin(&mut lives);
        }
        let may_leave = if own.is_pipeline() { shared.is_over() } else { shared.is_resting() };
        match (lives.is_empty(), may_leave) {
            (true, true) => break,
            (true, false) => begin(&mut lives),
            _ => {}
        }
    }
    shared.writing.set(shared.writing.get() - usize::from(!own.is_pipeline()));
    Ok(())
}

/// Lives until the process ends; returns why.
async fn live(mut producer: Producer, own: WriterPlan) -> Halt {
    loop {
        let lived = match own.is_pipeline() {
            true => work(&mut producer, &own).await,
            false => write(&mut producer, &own).await,
        };
        let halt = match lived {
            Err(Halt::Fenced) => match producer.revive().await {
                Ok(()) => continue,
                Err(halt) => halt,
            },
            Err(halt) => halt,
            Ok(()) => Halt::Over,
        };
        producer.process.note(format_args!("ends: {halt:?}"));
        return halt;
    }
}

/// Writes transaction after transaction.
async fn write(producer: &mut Producer, own: &WriterPlan) -> Result<(), Halt> {
    while !producer.process.shared.is_resting() {
        producer.process.pause().await;
        let Some(known) = producer.topics().await? else { continue };
        producer.ready().await?;
        let mut places = Vec::new();
        for (name, (id, count)) in known.iter().filter(|(name, _)| *name != OUTPUT) {
            places.extend((0..*count).map(|partition| (name.clone(), *id, partition)));
        }
        let txn = producer.begin();
        let chosen = chosen(&producer.process.random, places);
        let batches: Vec<Batch> = chosen.into_iter().map(|place| batch(producer, txn, place)).collect();
        if batches.is_empty() {
            continue;
        }
        let is_good = producer.write(txn, batches).await?;
        linger(producer).await;
        let wants = !producer.process.random.percent(own.aborts);
        producer.end(txn, is_good && wants).await?;
    }
    Ok(())
}

/// Lets a transaction stay open for a while, now and then.
async fn linger(producer: &Producer) {
    if producer.process.random.percent(20) {
        producer.process.pause().await;
    }
}

/// Draws some of the places.
fn chosen<T>(random: &SimRandom, mut places: Vec<T>) -> Vec<T> {
    let count = random.between(1, 4).min(places.len() as u64);
    let draw = |_| {
        let last = (places.len() as u64).saturating_sub(1);
        let index = usize::try_from(random.between(0, last)).unwrap_or(0);
        (index < places.len()).then(|| places.swap_remove(index))
    };
    (0..count).filter_map(draw).collect()
}

fn batch(producer: &Producer, txn: usize, place: (String, types::Uuid, i32)) -> Batch {
    let (topic, id, partition) = place;
    let mut ledger = producer.process.shared.ledger.borrow_mut();
    let count = producer.process.random.between(1, 3);
    let part = || Part::Record((topic.clone(), partition), None);
    let numbers = (0..count).map(|_| ledger.add(txn, part())).collect();
    drop(ledger);
    Batch { topic, id, partition, numbers }
}

/// Works on the input, again and again from where the group is.
async fn work(producer: &mut Producer, own: &WriterPlan) -> Result<(), Halt> {
    while !producer.process.shared.is_over() {
        producer.process.pause().await;
        match work_once(producer, own).await {
            Ok(()) | Err(Stop::Lost) => {}
            Err(Stop::Halt(halt)) => return Err(halt),
        }
    }
    Ok(())
}

async fn work_once(producer: &mut Producer, own: &WriterPlan) -> Result<(), Stop> {
    producer.ready().await.map_err(Stop::Halt)?;
    let known = producer.process.topics().await?;
    let (Some((input, _)), Some((output, outputs))) = (known.get(INPUT), known.get(OUTPUT)) else {
        return Err(Stop::Lost);
    };
    let Some(committed) = offsets(&mut producer.process, &own.reads, true).await? else {
        return Err(Stop::Lost);
    };
    let mut positions: Positions =
        committed.iter().map(|(partition, offset)| ((*input, *partition), *offset)).collect();
    let names = Names::from([(*input, INPUT.to_owned())]);
    // A transaction or two go on from where the reader is.
    for _ in 0..producer.process.random.between(1, 3) {
        let found = take(&mut producer.process, &mut positions, &names).await?;
        if found.is_empty() {
            return Ok(());
        }
        let next = found.iter().map(|(partition, offset)| (*partition, offset + 1)).collect();
        let txn = producer.begin();
        let mut batches: BTreeMap<i32, Vec<u64>> = BTreeMap::new();
        for source in &found {
            let last = u64::try_from(outputs - 1).unwrap_or(0);
            let partition = i32::try_from(producer.process.random.between(0, last)).unwrap_or(0);
            let part = Part::Record((OUTPUT.to_owned(), partition), Some(*source));
            let number = producer.process.shared.ledger.borrow_mut().add(txn, part);
            batches.entry(partition).or_default().push(number);
        }
        let batch =
            |(partition, numbers)| Batch { topic: OUTPUT.to_owned(), id: *output, partition, numbers };
        let batches: Vec<Batch> = batches.into_iter().map(batch).collect();
        if !transact(producer, txn, (batches, next), own).await.map_err(Stop::Halt)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Takes some committed records of the input, and moves the positions behind them.
async fn take(process: &mut Process, positions: &mut Positions, names: &Names) -> Result<Vec<Source>, Stop> {
    loop {
        let before = positions.clone();
        let mut found = read(process, positions, names, true).await?;
        if found.is_empty() && before != *positions {
            // All of that was aborted.
            continue;
        }
        let left = found.split_off(WORK_MAX.min(found.len()));
        for (key, _, _) in left {
            positions.insert(key, before.get(&key).copied().unwrap_or(0));
        }
        for (key, offset, _) in &found {
            positions.insert(*key, offset + 1);
        }
        return Ok(found.into_iter().map(|(key, offset, _)| (key.1, offset)).collect());
    }
}

/// Writes output and offsets as one transaction, in either order; says whether it is committed.
async fn transact(
    producer: &mut Producer,
    txn: usize,
    (batches, next): (Vec<Batch>, BTreeMap<i32, i64>),
    own: &WriterPlan,
) -> Result<bool, Halt> {
    let are_offsets_first = producer.process.random.percent(30);
    let mut is_good = !are_offsets_first || producer.commit_offsets(txn, &next).await?;
    is_good = is_good && producer.write(txn, batches).await?;
    is_good = is_good && (are_offsets_first || producer.commit_offsets(txn, &next).await?);
    linger(producer).await;
    let wants = !producer.process.random.percent(own.aborts);
    Ok(producer.end(txn, is_good && wants).await? == Some(true))
}
