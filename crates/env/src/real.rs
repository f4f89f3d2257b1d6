//! This machine: the real implementation of every seam.

mod clock;
mod disk;
mod host;
mod random;
mod spawn;

pub use clock::RealClock;
pub use disk::RealDisk;
pub use host::host_name;
pub use random::RealRandom;
pub use spawn::RealSpawn;
