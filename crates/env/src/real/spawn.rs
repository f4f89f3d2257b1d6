//! OS threads, each with a current-thread runtime.

use crate::{Spawn, ThreadMain};

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
