//! TransactionalMessageCopier: it copies a partition, or those that a group gives it, a transaction for so many records.

use super::answer::Answer;
use super::stage::{Running, Stage};
use std::collections::{BTreeMap, BTreeSet};

const CLASS: &str = "org.apache.kafka.tools.TransactionalMessageCopier";
/// Records of a partition.
const RECORDS: u64 = 10_000;
/// Records of a transaction.
const SIZE: &str = "20";

/// As it is: one copier, one partition.
pub(super) fn plain(stage: &mut Stage) -> Result<Answer, String> {
    copy(stage, 1, &[&[]])
}

/// It aborts a third of its transactions, and says which member of a group it is: none.
pub(super) fn aborts(stage: &mut Stage) -> Result<Answer, String> {
    copy(stage, 1, &[&["--enable-random-aborts", "--use-group-metadata"]])
}

/// Two members of a group, which abort.
pub(super) fn group(stage: &mut Stage) -> Result<Answer, String> {
    let member: &[&str] = &["--group-mode", "--enable-random-aborts", "--use-group-metadata"];
    copy(stage, 2, &[member, member])
}

fn copy(stage: &mut Stage, partitions: u32, copiers: &[&[&str]]) -> Result<Answer, String> {
    stage.create("input", partitions)?;
    stage.create("output", partitions)?;
    let mut known = BTreeMap::new();
    for partition in 0..partitions {
        let values: Vec<String> = (0..RECORDS).map(|number| format!("{partition}-{number}")).collect();
        let lines: Vec<String> = values.iter().map(|value| format!("key {value}")).collect();
        stage.write("input", partition, &lines)?;
        known.insert(partition, values);
    }
    stage.watch("output")?;
    let started = copiers.iter().enumerate().map(|(index, flags)| start(stage, index, flags));
    let mut started = started.collect::<Result<Vec<_>, _>>()?;
    let mut running: Vec<&mut Running> = started.iter_mut().collect();
    stage.strike(RECORDS * u64::from(partitions), &mut running)?;
    running.into_iter().try_for_each(Running::ends)?;
    Ok(Answer { seen: stage.see(&["output"])?, known, store: BTreeSet::new() })
}

fn start(stage: &Stage, index: usize, flags: &[&str]) -> Result<Running, String> {
    let (name, address) = (format!("copier-{index}"), stage.address());
    let args = [
        ["--input-topic", "input"],
        ["--input-partition", "0"],
        ["--output-topic", "output"],
        ["--broker-list", &address],
        ["--consumer-group", "copiers"],
        ["--transactional-id", &name],
        ["--transaction-size", SIZE],
        ["--transaction-timeout", "10000"],
    ];
    stage.java(&name, CLASS, &[args.as_flattened(), flags].concat())
}
