//! What the property test compares the log with: a list of batches, a folder of files in memory, and
//! a world that drives all three.

pub mod disk;
pub mod model;
pub mod world;
