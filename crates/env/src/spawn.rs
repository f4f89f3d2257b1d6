//! Threads as the broker sees them.

use std::pin::Pin;

/// What a thread runs: called on the new thread, its future is driven there to the end.
pub type ThreadMain = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// Starts threads. For real each is an OS thread with a current-thread runtime and a local task
/// set; in simulation each is a local task of the host.
pub trait Spawn: Send + Sync {
    /// Starts a thread that drives `main` to its end.
    ///
    /// *Concurrency*: inside, `tokio::task::spawn_local` starts further tasks of that thread.
    fn thread(&self, name: &str, main: ThreadMain);

    /// Runs a job that blocks, away from any shard, and hands back what it returns.
    /// In simulation it runs inline.
    fn blocking(&self, job: Box<dyn FnOnce() + Send>);

    /// Returns how many cores this process may use.
    fn cores(&self) -> usize {
        1
    }

    /// Lets this process have as many files and sockets open as it may ever have; returns how many.
    fn descriptors(&self) -> u64 {
        u64::MAX
    }

    /// Returns how much memory this process may use. *Units*: bytes.
    fn memory_bytes(&self) -> u64 {
        1 << 30
    }
}
