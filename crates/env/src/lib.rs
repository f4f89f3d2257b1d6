//! The only door to the outside: clock, disk, network, randomness and threads.
//!
//! The broker is `run(config, env)`. With [`Env::real`] it runs on this machine; in tests and in
//! simulation the same function gets a disk that loses unsynced writes, a clock that is simulated
//! and threads that are tasks. Nothing outside this crate touches the system.

pub mod buffer;
pub mod clock;
pub mod crash;
pub mod disk;
pub mod marks;
pub mod net;
pub mod random;
pub mod real;
pub mod spawn;

mod environment;

pub use buffer::AlignedBuf;
pub use clock::Clock;
pub use disk::{DirEntry, Disk, DiskFile, DiskLock, OpenMode};
pub use environment::Env;
pub use marks::Marks;
pub use random::Random;
pub use spawn::{Spawn, ThreadMain};
