//! Power cuts of a real file system under load, on ext4 and XFS: nothing acknowledged is lost, nothing is there twice.
//!
//! Each round has a topic of its own on one data folder, gets 1,000 acknowledgements and a number more that is drawn from the seed
//! that is printed; then the power goes while requests are in flight. Rounds of before are read again after every cut.

use crate::broker::Broker;
use crate::cut_disk::CutDisk;
use crate::own_load::OwnLoad;
use crate::toolbox::or_skip;

const ROUNDS: usize = 3;
/// Acknowledged batches before a cut.
const SHARE: usize = 1_000;

/// The machine: a broker on a disk that loses its power.
struct Machine {
    // The broker holds files of the disk: it goes first.
    broker: Broker,
    disk: CutDisk,
    past: Vec<OwnLoad>,
    draw: u64,
}

impl Machine {
    fn new(disk: CutDisk) -> Machine {
        let draw = u64::from(std::process::id());
        println!("power cuts: seed {draw}");
        let settings = ["highwater.preset=tiny", "auto.create.topics.enable=false"];
        Machine { broker: Broker::start_on(disk.data(), &settings), disk, past: Vec::new(), draw }
    }

    /// Starts a load and waits for its share and a random moment.
    fn load(&mut self) -> OwnLoad {
        self.draw = self.draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let load = OwnLoad::start(&self.broker.address(), &format!("round-{}", self.past.len()));
        load.until_acknowledged(SHARE + usize::try_from(self.draw >> 33).unwrap() % 500);
        load
    }

    /// Cuts the power while batches have no answer, and starts the machine again.
    fn power_cut(&mut self, load: &OwnLoad) {
        let outstanding = load.outstanding().len();
        self.disk.cut();
        self.broker.power_off();
        assert!(outstanding > 0, "nothing was in flight at the cut");
        self.disk.power_up();
        self.broker.start_again();
    }

    /// Lets the load have its answers, then reads back this round and all before.
    fn judge(&mut self, mut load: OwnLoad) {
        load.until_acknowledged(SHARE / 10);
        load.finish();
        self.past.push(load);
        for (n, load) in self.past.iter().enumerate() {
            let acknowledged = load.judge().unwrap_or_else(|e| panic!("round {n}: {e}"));
            println!("round {n}: {acknowledged} batches acknowledged, all there once");
        }
    }
}

fn power_cuts(test: &str, kind: &str) {
    let Some(disk) = or_skip(test, CutDisk::new(kind)) else { return };
    let mut machine = Machine::new(disk);
    for _ in 0..ROUNDS {
        let load = machine.load();
        machine.power_cut(&load);
        machine.judge(load);
    }
    let load = machine.load();
    let struck = load.outstanding();
    machine.broker.kill9();
    machine.broker.start_again();
    load.until_answered(&struck);
    machine.power_cut(&load);
    machine.judge(load);
    machine.broker.stop();
}

/// Protects W-2, W-4, W-10: power cuts on ext4, and one after kill -9, restart and an answered resend.
#[test]
fn power_cuts_on_ext4_lose_nothing() {
    power_cuts("power_cuts_on_ext4_lose_nothing", "ext4");
}

/// Protects W-2, W-4, W-10: power cuts on XFS, and one after kill -9, restart and an answered resend.
#[test]
fn power_cuts_on_xfs_lose_nothing() {
    power_cuts("power_cuts_on_xfs_lose_nothing", "xfs");
}
