//! A host with a disk on which brokers live, one after another.

use crate::clock::SimClock;
use crate::disk::TracedDisk;
use crate::random::{SimRandom, mixed};
use crate::spawn::SimSpawn;
use crate::trace::{Kind, Trace};
use crate::witness::Witness;
use broker::ServeError;
use config::{BrokerConfig, Layers};
use env::crash::{Call, CrashDisk};
use env::net::Net;
use env::{Env, Marks};
use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::oneshot;

/// Name of the host.
pub(crate) const BROKER: &str = "broker";
/// Where it listens.
pub(crate) const PORT: u16 = 9092;

/// The host. Cloning shares it.
#[derive(Clone)]
pub struct Machine(Rc<Inner>);

struct Inner {
    seed: u64,
    cores: usize,
    settings: Vec<(&'static str, &'static str)>,
    disk: CrashDisk,
    trace: Trace,
    witness: Witness,
    lives: Cell<u64>,
    ready: Arc<AtomicBool>,
    stop: RefCell<Option<oneshot::Sender<()>>>,
    ended: RefCell<Option<Result<(), String>>>,
}

impl Machine {
    /// Builds a host with an empty disk.
    pub fn new(seed: u64, cores: usize, trace: Trace) -> Machine {
        Machine::with_settings(seed, cores, &[], trace)
    }

    /// The same; its brokers have these settings beside those of the preset `tiny`.
    pub fn with_settings(
        seed: u64,
        cores: usize,
        settings: &[(&'static str, &'static str)],
        trace: Trace,
    ) -> Machine {
        Machine(Rc::new(Inner {
            seed,
            cores,
            settings: settings.to_vec(),
            disk: CrashDisk::with_seed(seed),
            trace,
            witness: Witness::default(),
            lives: Cell::new(0),
            ready: Arc::default(),
            stop: RefCell::default(),
            ended: RefCell::default(),
        }))
    }

    /// Lives one life: serves until it is stopped, then waits to be crashed. To be called on its host.
    pub async fn live(self) {
        let inner = &self.0;
        let life = inner.lives.get() + 1;
        inner.lives.set(life);
        inner.ready.store(false, Ordering::Relaxed);
        inner.ended.replace(None);
        let (stop, stopping) = oneshot::channel();
        inner.stop.replace(Some(stop));
        inner.trace.add(Kind::Scenario, format_args!("life {life} begins"));
        let served = self.serve(life, stopping).await;
        inner.trace.add(Kind::Scenario, format_args!("life {life} ended: {served:?}"));
        inner.ended.replace(Some(served));
        std::future::pending::<()>().await;
    }

    async fn serve(&self, life: u64, stopping: oneshot::Receiver<()>) -> Result<(), String> {
        let config = config(&self.0.settings).map_err(|error| error.to_string())?;
        let ready = self.0.ready.clone();
        let served = broker::serve(config, self.env(life), stopping, move |banner| {
            tracing::trace!(target: "sim::ready", recovery = banner.recovery, "Ready");
            ready.store(true, Ordering::Relaxed);
        });
        served.await.map_err(|error: ServeError| error.to_string())
    }

    fn env(&self, life: u64) -> Env {
        let Inner { seed, cores, disk, trace, witness, .. } = &*self.0;
        Env {
            clock: Arc::new(SimClock::new()),
            random: Arc::new(SimRandom::new(seed ^ mixed(life))),
            disk: Arc::new(TracedDisk::new(disk.clone(), trace.clone(), witness.clone())),
            spawn: Arc::new(SimSpawn { cores: *cores }),
            net: Net::Sim,
            marks: Marks::default(),
        }
    }

    /// Tells the broker to stop.
    pub fn stop(&self) {
        if let Some(stop) = self.0.stop.take() {
            let _ = stop.send(());
        }
    }

    /// Returns how this life ended, if it has.
    pub fn ended(&self) -> Option<Result<(), String>> {
        self.0.ended.borrow().clone()
    }

    /// Says whether clients are served.
    pub fn is_ready(&self) -> bool {
        self.0.ready.load(Ordering::Relaxed) && self.0.ended.borrow().is_none()
    }

    /// Returns the number of lives.
    pub fn lives(&self) -> u64 {
        self.0.lives.get()
    }

    /// Returns the disk.
    pub fn disk(&self) -> &CrashDisk {
        &self.0.disk
    }

    /// Returns how many segments were begun, in all lives.
    pub fn segments(&self) -> usize {
        let is_segment = |path: &Path| path.extension().is_some_and(|extension| extension == "log");
        self.disk().trace().iter().filter(|op| op.call == Call::Create && is_segment(&op.path)).count()
    }

    /// Returns how many segments took the place of others, in all lives.
    pub fn compacted(&self) -> usize {
        let is_new = |path: &Path| path.to_string_lossy().ends_with(".log.swap");
        self.disk().trace().iter().filter(|op| op.call == Call::Create && is_new(&op.path)).count()
    }

    /// Returns the witness of the disk.
    pub fn witness(&self) -> &Witness {
        &self.0.witness
    }
}

fn config(settings: &[(&str, &str)]) -> Result<BrokerConfig, config::ConfigError> {
    let tiny = [
        ("highwater.preset", "tiny"),
        ("listeners", "PLAINTEXT://127.0.0.1:0"),
        ("highwater.http.listener", ""),
    ];
    let all = tiny.iter().chain(settings);
    let flags = all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let (mut config, _) = BrokerConfig::from_layers(&Layers { flags, ..Layers::default() })?;
    config.data_dir = Path::new("/data").to_owned();
    for listener in &mut config.listeners {
        (listener.bind.host, listener.bind.port) = ("0.0.0.0".to_string(), PORT);
        (listener.advertised.host, listener.advertised.port) = (BROKER.to_string(), PORT);
    }
    Ok(config)
}
