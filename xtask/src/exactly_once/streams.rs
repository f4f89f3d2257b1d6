//! Kafka Streams (Counts.java): it counts the records of each key; every count it writes is one more than the last.

use super::KILLS;
use super::answer::Answer;
use super::stage::{Running, Stage};
use std::collections::{BTreeMap, BTreeSet};

const PARTITIONS: u32 = 2;
/// Keys of a partition.
const KEYS: u64 = 50;
/// Records of each key and life of the broker.
const EACH: u64 = 200;

/// Each life of the broker has its part of the input. Streams itself is killed in the second one; its store is restored from its topic.
pub(super) fn run(stage: &mut Stage) -> Result<Answer, String> {
    stage.create("words", PARTITIONS)?;
    stage.create("counts", PARTITIONS)?;
    stage.watch("counts")?;
    let mut streams = start(stage)?;
    let part = u64::from(PARTITIONS) * KEYS * EACH;
    let mut seen = 0;
    for kill in 1..=KILLS {
        write(stage)?;
        // What is committed of this part is in the store, and most of the part is still to come.
        seen = stage.beyond(seen.max(part * (kill - 1) + part / 4), &mut [&mut streams])?;
        if kill == 2 {
            println!("Streams is killed: {seen} of {} are committed", part * kill);
            streams.kill()?;
            streams = start(stage)?;
            seen = stage.beyond(seen, &mut [&mut streams])?;
        }
        println!("kill {kill}: {seen} of {} are committed", part * kill);
        stage.kill()?;
    }
    write(stage)?;
    stage.beyond(part * (KILLS + 1) - 1, &mut [&mut streams])?;
    streams.end()?;
    let seen = stage.see(&["counts", "store", "counting-store-changelog"])?;
    // The input of a partition has its keys in turn, so its counts are known in order.
    let (mut known, mut store) = (BTreeMap::new(), BTreeSet::new());
    let last = EACH * (KILLS + 1);
    for partition in 0..PARTITIONS {
        let counts = (1..=last).flat_map(|count| keys(partition).map(move |key| format!("{key} {count}")));
        known.insert(partition, counts.collect());
        store.extend(keys(partition).map(|key| format!("{key} {last}")));
    }
    Ok(Answer { seen, known, store })
}

fn start(stage: &Stage) -> Result<Running, String> {
    let state = stage.folder().join("state").display().to_string();
    stage.java("streams", "Counts", &[&stage.address(), &state])
}

fn keys(partition: u32) -> impl Iterator<Item = String> {
    (0..KEYS).map(move |key| format!("{partition}-{key}"))
}

fn write(stage: &Stage) -> Result<(), String> {
    (0..PARTITIONS).try_for_each(|partition| {
        let lines = (0..EACH).flat_map(|_| keys(partition).map(|key| format!("{key} word")));
        stage.write("words", partition, &lines.collect::<Vec<_>>())
    })
}
