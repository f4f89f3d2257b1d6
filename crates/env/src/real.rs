//! This machine: the real implementation of every seam.

mod clock;
mod disk;
mod random;
mod spawn;

pub use clock::RealClock;
pub use disk::RealDisk;
pub use random::RealRandom;
pub use spawn::RealSpawn;
