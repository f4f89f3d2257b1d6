//! Everything a broker is given of the outside, in one value.

use crate::{Clock, Disk, Marks, Random, Spawn, net::Net, real};
use std::sync::Arc;

/// The outside as one broker sees it. Cloning shares it.
#[derive(Clone)]
pub struct Env {
    /// Both clocks.
    pub clock: Arc<dyn Clock>,
    /// Source of ids and jitter.
    pub random: Arc<dyn Random>,
    /// Files and folders.
    pub disk: Arc<dyn Disk>,
    /// Threads.
    pub spawn: Arc<dyn Spawn>,
    /// Sockets: the machine's, or simulated ones.
    pub net: Net,
    /// Marks for crash tests.
    pub marks: Marks,
}

impl Env {
    /// Returns this machine.
    pub fn real() -> Env {
        Env {
            clock: Arc::new(real::RealClock::new()),
            random: Arc::new(real::RealRandom),
            disk: Arc::new(real::RealDisk),
            spawn: Arc::new(real::RealSpawn),
            net: Net::Real,
            marks: Marks::of_process(),
        }
    }
}

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Env").field("net", &self.net).finish_non_exhaustive()
    }
}
