//! The same log on the machine's own file system.

use crate::harness::{Dice, WALL, directory_id, frame};
use env::Disk;
use env::real::RealDisk;
use log::wal::{Frame, WalHome, WalOptions, WalWriter, replay};
use std::sync::Arc;

fn home(dir: &tempfile::TempDir, direct_bytes_max: usize, start: u64) -> WalHome {
    WalHome {
        disk: Arc::new(RealDisk),
        random: Arc::new(Dice::new(start)),
        dir: dir.path().join("wal"),
        directory_id: directory_id(),
        options: WalOptions { direct_bytes_max, ..WalOptions::tiny() },
    }
}

/// Protects: what is written with either kind of write is read back past the page cache, life after life.
#[test]
fn lives_on_a_real_disk() {
    for direct in [0, 4096, 1 << 20] {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = WalWriter::create(home(&dir, direct, 1)).unwrap();
        let mut mark = writer.end();
        let mut expected: Vec<Frame> = Vec::new();
        for life in 2..6 {
            for number in 0..30 {
                let group = [frame(life * 100 + number, 3000), frame(number, 7)];
                writer.write_group(&group, WALL).unwrap();
                expected.extend(group);
                writer.fill_pool_step().unwrap();
                if number == 20 {
                    (mark, expected) = (writer.synced_end(), Vec::new());
                    writer.recycle_below(mark).unwrap();
                }
            }
            writer.vouch(life % 2 == 0, WALL).unwrap();
            let mut found = Vec::new();
            let home = home(&dir, direct, life);
            let end = replay(&home, mark, &mut |view| {
                found.push(view.frame);
                Ok(())
            });
            assert_eq!(found, expected);
            writer = WalWriter::resume(home, end.unwrap()).unwrap();
        }
        assert!(RealDisk.list(&dir.path().join("wal")).unwrap().len() <= 8);
    }
}
