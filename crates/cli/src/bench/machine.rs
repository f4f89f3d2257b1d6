//! What a process and the machine cost, from /proc.
//!
//! CPU time is the sum over the threads that live at the moment of asking, in nanoseconds (schedstat); a
//! thread that ended in between takes its share with it, so the process's own 10 ms ticks are the lower bound.

use std::path::Path;
use std::time::Duration;

/// Clock ticks per second of /proc/PID/stat, on every Linux that we know.
const TICKS_PER_S: u64 = 100;

/// Figures of one process at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Usage {
    /// User and system time since the process started.
    pub(super) cpu: Duration,
    /// Resident memory. *Units*: bytes.
    pub(super) rss: u64,
    /// Most resident memory so far. *Units*: bytes.
    pub(super) rss_max: u64,
}

/// Returns the figures of a process; nothing if it is not there.
pub(super) fn usage(pid: u32) -> Option<Usage> {
    let folder = Path::new("/proc").join(pid.to_string());
    let status = std::fs::read_to_string(folder.join("status")).ok()?;
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_matches(|c: char| !c.is_ascii_digit()).parse::<u64>().ok().map(|kib| kib << 10)
    };
    let cpu = by_threads(&folder).unwrap_or_default().max(by_ticks(&folder).unwrap_or_default());
    Some(Usage { cpu, rss: kib("VmRSS:")?, rss_max: kib("VmHWM:")? })
}

fn by_threads(folder: &Path) -> Option<Duration> {
    let threads = std::fs::read_dir(folder.join("task")).ok()?;
    let spent = |thread: std::fs::DirEntry| -> Option<u64> {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse().ok()
    };
    Some(Duration::from_nanos(threads.filter_map(Result::ok).filter_map(spent).sum()))
}

fn by_ticks(folder: &Path) -> Option<Duration> {
    let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok());
    Some(Duration::from_millis((ticks(11)? + ticks(12)?) * 1000 / TICKS_PER_S))
}

/// Returns the part of the machine's time that its host took away since `before`, and the counters now.
pub(super) fn steal_since(before: Option<(u64, u64)>) -> (f64, Option<(u64, u64)>) {
    let now = counters();
    let part = before.zip(now).map_or(0.0, |((steal_then, all_then), (steal, all))| {
        super::per(super::real(steal.saturating_sub(steal_then)), super::real(all.saturating_sub(all_then)))
    });
    (part, now)
}

/// Ticks stolen and ticks in all, of all cores.
fn counters() -> Option<(u64, u64)> {
    let stat = std::fs::read_to_string("/proc/stat").ok()?;
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = line.split_whitespace().filter_map(|field| field.parse().ok()).collect();
    Some((*ticks.get(7)?, ticks.iter().take(8).sum()))
}
