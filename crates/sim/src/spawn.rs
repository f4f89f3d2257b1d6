//! Threads as local tasks of the host.

use env::{Spawn, ThreadMain};

/// Starts tasks on the host whose task asks. What blocks runs inline: it takes no simulated time.
#[derive(Clone, Copy, Debug)]
pub struct SimSpawn {
    /// Cores that the host seems to have.
    pub cores: usize,
}

impl Spawn for SimSpawn {
    fn thread(&self, name: &str, main: ThreadMain) {
        tracing::trace!(target: "sim::spawn", name, "Thread");
        tokio::task::spawn_local(async move { main().await });
    }

    fn blocking(&self, job: Box<dyn FnOnce() + Send>) {
        job();
    }

    fn cores(&self) -> usize {
        self.cores
    }

    fn memory_bytes(&self) -> u64 {
        256 << 20
    }
}
