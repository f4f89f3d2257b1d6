//! OS threads, each with a current-thread runtime.

use crate::{Spawn, ThreadMain};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Starts OS threads. A thread whose main future panics ends the process: its partitions or its
/// log would be without an owner, and a restart recovers them.
#[derive(Debug)]
pub struct RealSpawn;

impl Spawn for RealSpawn {
    fn thread(&self, name: &str, main: ThreadMain) {
        let started = std::thread::Builder::new().name(name.to_string()).spawn(move || drive(main));
        assert!(started.is_ok(), "cannot start thread {name}: {:?}", started.err());
    }

    fn blocking(&self, job: Box<dyn FnOnce() + Send>) {
        tokio::task::spawn_blocking(job);
    }

    fn cores(&self) -> usize {
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
    }

    fn descriptors(&self) -> u64 {
        let given = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: given.maximum, maximum: given.maximum };
        let now = if setrlimit(Resource::Nofile, raised).is_ok() { given.maximum } else { given.current };
        now.unwrap_or(u64::MAX)
    }

    fn memory_bytes(&self) -> u64 {
        let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
        let limits = limits.iter().filter_map(|path| std::fs::read_to_string(path).ok()?.trim().parse().ok());
        limits.chain(machine_memory()).min().unwrap_or(1 << 30)
    }
}

fn machine_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

fn drive(main: ThreadMain) {
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        match runtime {
            Ok(runtime) => tokio::task::LocalSet::new().block_on(&runtime, main()),
            Err(error) => panic!("cannot start a runtime: {error}"),
        }
    }));
    if result.is_err() {
        std::process::abort();
    }
}
