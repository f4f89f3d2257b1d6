//! Whole brokers under simulation: one thread, one seed, one trace.
//!
//! The broker is `broker::serve` as it ships; its [`env::Env`] is simulated. Clock, network and tasks are
//! turmoil's, the disk is `env::crash`, randomness follows from the seed. A run yields a [`Trace`] of
//! every disk call, message and effect, and is judged after every step by a [`Ghost`] that knows what
//! was promised. The same seed gives the same trace, or the simulation is worth nothing: `tests/` checks it.
//!
//! README.md says how a failing seed is replayed.

mod clock;
mod compacted;
mod disk;
mod events;
mod faults;
mod ghost;
mod groups;
mod machine;
mod random;
mod scenario;
mod spawn;
mod trace;
mod transactions;
mod witness;

pub use clock::SimClock;
pub use compacted::{CompactedOutcome, compacted};
pub use disk::TracedDisk;
pub use ghost::{Ghost, Seen, Violation};
pub use groups::{GroupsOutcome, groups};
pub use machine::Machine;
pub use random::SimRandom;
pub use scenario::{Options, Outcome, power_cut};
pub use spawn::SimSpawn;
pub use trace::{Kind, Trace};
pub use transactions::{TransactionsOutcome, transactions};
pub use witness::{Witness, value};
