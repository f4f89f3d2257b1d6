//! Files changed in every way: a replay never panics, and what it returns was written there in that order.

use crate::harness::{Dice, Ledger, new_disk, run_until, story, wal_dir};
use env::crash::CrashDisk;
use env::{Disk, OpenMode};
use std::path::{Path, PathBuf};

fn read(disk: &CrashDisk, path: &Path) -> Vec<u8> {
    let file = disk.open(path, OpenMode::Read).unwrap();
    let mut bytes = vec![0; usize::try_from(file.size().unwrap()).unwrap()];
    file.read_at(&mut bytes, 0).unwrap();
    bytes
}

/// Changes a file: random bytes, a block from elsewhere, a block of zeros, a cut, or nothing left at all.
fn mutate(disk: &CrashDisk, files: &[PathBuf], dice: &Dice) {
    let pick = |end: usize| usize::try_from(dice.below(end as u64)).unwrap();
    let path = &files[pick(files.len())];
    let bytes = read(disk, path);
    if bytes.len() < 8192 {
        return;
    }
    let block = pick(bytes.len() / 4096) * 4096;
    match dice.below(6) {
        0 => disk.corrupt(path, dice.below(bytes.len() as u64), &dice.roll().to_be_bytes()).unwrap(),
        1 => disk.corrupt(path, block as u64, &[0; 4096]).unwrap(),
        2 => {
            let from = read(disk, &files[pick(files.len())]);
            let at = pick(from.len() / 512) * 512;
            disk.corrupt(path, block as u64, &from[at..(at + 4096).min(from.len())]).unwrap();
        }
        3 => disk.corrupt(path, (block + pick(160)) as u64, &[0xff; 4]).unwrap(),
        4 => disk.open(path, OpenMode::Write).unwrap().set_size(dice.below(bytes.len() as u64)).unwrap(),
        _ => {
            let shift = read(disk, path);
            disk.corrupt(path, 4096, &shift[8192..]).unwrap();
        }
    }
}

/// Protects: no mutation makes a replay panic, or return a frame that was not submitted at that place (W-1, W-3).
#[test]
fn mutated_files_never_lie() {
    let disk = new_disk(0);
    let ledger: Ledger = run_until(&disk, (story, 30, 1), u64::MAX);
    let names = disk.list(&wal_dir()).unwrap();
    let files: Vec<PathBuf> = names.iter().map(|entry| wal_dir().join(&entry.name)).collect();
    let (mut opened, mut refused) = (0, 0);
    for seed in 0..1500 {
        let dice = Dice::new(seed);
        let after = disk.fork();
        for _ in 0..=dice.below(3) {
            mutate(&after, &files, &dice);
        }
        match ledger.replay(&after, 2) {
            Ok((_, found)) => {
                let mut lenient = ledger.clone();
                let before = ledger.mark.map_or(0, |(_, before)| before);
                lenient.acked = before;
                lenient.check(&found, before).unwrap_or_else(|trouble| panic!("seed {seed}: {trouble:?}"));
                opened += 1;
            }
            Err(_) => refused += 1,
        }
    }
    assert!(opened > 100 && refused > 100, "{opened} opened, {refused} refused");
}
