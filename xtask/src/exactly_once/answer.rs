//! What a reader of committed data found, against what is known. Pure.

use super::Known;
use std::collections::{BTreeMap, BTreeSet};

/// What was read, and what is known of it.
#[derive(Debug)]
pub(super) struct Answer {
    /// Lines of See.java.
    pub(super) seen: String,
    pub(super) known: Known,
    /// What the store must hold at the end; empty without one.
    pub(super) store: BTreeSet<String>,
}

impl Answer {
    /// Returns how many records are known.
    pub(super) fn records(&self) -> usize {
        self.known.values().map(Vec::len).sum()
    }

    /// Compares; says how many records came in each life of the broker. One without any was killed for nothing.
    pub(super) fn check(&self, kills: u64) -> Result<String, String> {
        let (mut values, mut epochs): (Known, BTreeMap<u32, BTreeMap<i32, u64>>) = Default::default();
        let mut store = BTreeSet::new();
        for line in self.seen.lines() {
            match line.splitn(3, ' ').collect::<Vec<_>>()[..] {
                ["OPEN", topic, partition] => {
                    return Err(format!("a transaction is open in partition {partition} of {topic}"));
                }
                ["store", key, count] => _ = store.insert(format!("{key} {count}")),
                [partition, epoch, value] => {
                    let partition = partition.parse().map_err(|_| format!("no line of a record: {line}"))?;
                    let epoch = epoch.parse().map_err(|_| format!("no line of a record: {line}"))?;
                    values.entry(partition).or_default().push(value.to_owned());
                    *epochs.entry(partition).or_default().entry(epoch).or_default() += 1;
                }
                _ => return Err(format!("no line of a reader: {line}")),
            }
        }
        for (partition, known) in &self.known {
            same(*partition, known, values.get(partition).map_or(&[][..], Vec::as_slice))?;
        }
        if let Some(unknown) = values.keys().find(|partition| !self.known.contains_key(partition)) {
            return Err(format!("there are records in partition {unknown}, and it must be empty"));
        }
        if let Some(difference) = store.symmetric_difference(&self.store).next() {
            return Err(format!("the store is not as it must be: {difference}"));
        }
        lives(&epochs, kills)
    }
}

fn same(partition: u32, known: &[String], seen: &[String]) -> Result<(), String> {
    if let Some(at) = (0..known.len().min(seen.len())).find(|at| known.get(*at) != seen.get(*at)) {
        let shown = |list: &[String]| list.get(at).cloned().unwrap_or_default();
        let (seen, known) = (shown(seen), shown(known));
        return Err(format!("record {at} of partition {partition} is `{seen}`, and it must be `{known}`"));
    }
    match known.len() == seen.len() {
        true => Ok(()),
        false => {
            let (seen, known) = (seen.len(), known.len());
            Err(format!("partition {partition} has {seen} records, and there must be {known}"))
        }
    }
}

/// Counts the records of each life: it has leader epochs of its own, which rise alike in all partitions that were made together.
fn lives(epochs: &BTreeMap<u32, BTreeMap<i32, u64>>, kills: u64) -> Result<String, String> {
    let mut counts: BTreeMap<i32, u64> = BTreeMap::new();
    epochs.values().flatten().for_each(|(epoch, count)| *counts.entry(*epoch).or_default() += count);
    let counts: Vec<String> = counts.values().map(u64::to_string).collect();
    match u64::try_from(counts.len()) == Ok(kills + 1) {
        true => Ok(counts.join(", ")),
        false => Err(format!("nothing is proved: {kills} kills, and records in {} lives", counts.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(seen: &str, kills: u64) -> Result<String, String> {
        let known = BTreeMap::from([(0, vec!["a".to_owned(), "b".to_owned()]), (1, vec!["c".to_owned()])]);
        Answer { seen: seen.to_owned(), known, store: BTreeSet::new() }.check(kills)
    }

    /// Protects: what is lost, twice, out of order, too much, or open is found, and a kill that hit nothing.
    #[test]
    fn each_difference_is_found() {
        assert_eq!(check("0 1 a\n1 1 c\n0 2 b\n", 1).as_deref(), Ok("2, 1"));
        for (seen, why) in [
            ("0 1 a\n1 2 c\n", "has 1 records"),
            ("0 1 a\n0 1 a\n0 2 b\n1 2 c\n", "record 1 of partition 0 is `a`"),
            ("0 1 b\n0 1 a\n1 2 c\n", "record 0"),
            ("0 1 a\n0 1 b\n1 2 c\n1 2 c\n", "has 2 records"),
            ("0 1 a\n0 1 b\n1 2 c\n2 2 d\n", "must be empty"),
            ("OPEN t 0\n0 1 a\n0 1 b\n1 2 c\n", "is open"),
            ("0 1 a\n0 1 b\n1 2 c\nstore k 1\n", "the store"),
            ("0 1 a\n0 1 b\n1 1 c\n", "nothing is proved"),
        ] {
            let told = check(seen, 1).unwrap_err();
            assert!(told.contains(why), "{seen}: {told}");
        }
    }
}
