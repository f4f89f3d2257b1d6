//! Directories between the crash disk and the machine's, for `golden/disk`.

use crate::ghost::GhostLog;
use env::crash::CrashDisk;
use env::{Disk, OpenMode};
use std::fmt::Write;
use std::path::Path;
use types::LogKey;

/// Says what a log holds, one line per batch.
pub(crate) fn batches(key: LogKey, log: &GhostLog) -> String {
    let GhostLog { start, end, batches } = log;
    let mut text = format!("log {key} from {start} to {end}\n");
    for (base, bytes) in batches {
        let crc = crc_fast::crc32_iscsi(bytes);
        writeln!(text, "  batch {base}: {} bytes, crc32c {crc:08x}", bytes.len()).unwrap();
    }
    text
}

/// Copies a folder of the crash disk to the machine's.
pub(crate) fn save(disk: &CrashDisk, from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in disk.list(from).unwrap() {
        let (from, to) = (from.join(&entry.name), to.join(&entry.name));
        match entry.is_dir {
            true => save(disk, &from, &to),
            false => {
                let file = disk.open(&from, OpenMode::Read).unwrap();
                let mut bytes = vec![0; usize::try_from(file.size().unwrap()).unwrap()];
                file.read_at(&mut bytes, 0).unwrap();
                std::fs::write(to, bytes).unwrap();
            }
        }
    }
}

/// Copies a folder of the machine to the crash disk.
pub(crate) fn load(disk: &CrashDisk, from: &Path, to: &Path) {
    disk.create_dir(to).unwrap();
    let mut entries: Vec<_> = std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let to = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => load(disk, &path, &to),
            false => disk
                .open(&to, OpenMode::CreateNew)
                .unwrap()
                .write_at(&std::fs::read(&path).unwrap(), 0)
                .unwrap(),
        }
    }
}
