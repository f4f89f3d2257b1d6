//! The disk's own speed, measured in the same sitting: without it a figure says nothing about the broker.

use crate::failure::Failure;
use env::{Env, OpenMode};
use std::path::Path;
use std::time::Duration;

const WRITES: u64 = 200;
const BYTES: u64 = 4096;

/// Returns the median time of a 4 KiB write with its sync, into zeros that are on the disk already.
pub(super) fn canary(folder: &Path) -> Result<Duration, Failure> {
    let (env, path) = (Env::real(), folder.join(format!("highwater-canary-{}", std::process::id())));
    let measured = measure(&env, &path);
    let _best_effort = env.disk.remove_file(&path);
    measured.map_err(|error| Failure::of(format!("the disk canary in {} failed: {error}", folder.display())))
}

fn measure(env: &Env, path: &Path) -> std::io::Result<Duration> {
    let file = env.disk.open(path, OpenMode::Create)?;
    let (zeros, block) = (vec![0u8; 4096 * 200], vec![0x5au8; 4096]);
    file.write_at(&zeros, 0)?;
    file.sync()?;
    let mut times = Vec::new();
    for index in 0..WRITES {
        let before = env.clock.now().mono;
        file.write_at(&block, index * BYTES)?;
        file.sync()?;
        times.push(env.clock.now().mono.since(before));
    }
    times.sort_unstable();
    Ok(times.get(times.len() / 2).copied().unwrap_or_default())
}
