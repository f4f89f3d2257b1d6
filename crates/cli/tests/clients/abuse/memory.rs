//! Resident memory of a process, from /proc.

use std::fs;

/// What a process had before a row.
pub(crate) struct Memory {
    pid: u32,
    kib: u64,
}

impl Memory {
    /// Takes the measure, and makes it the peak of what follows.
    pub(crate) fn before(pid: u32) -> Memory {
        fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
        Memory { pid, kib: status(pid, "VmRSS:") }
    }

    /// Returns how far the peak lies above it. *Units*: KiB.
    pub(crate) fn grown_kib(&self) -> u64 {
        status(self.pid, "VmHWM:").saturating_sub(self.kib)
    }
}

fn status(pid: u32, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
