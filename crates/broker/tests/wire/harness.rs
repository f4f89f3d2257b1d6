//! A whole broker in this process: its own thread, runtime, port and folder.

use crate::client::Client;
use broker::{Banner, ServeError};
use config::BrokerConfig;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use tempfile::TempDir;
use tokio::sync::oneshot;

/// Panics in threads that are not a test's.
static PANICS: AtomicUsize = AtomicUsize::new(0);
static WATCH: Once = Once::new();

/// A broker that serves until it is stopped or dropped.
pub struct Broker {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where health and metrics are, if anywhere.
    #[allow(dead_code, reason = "for tests/storage.rs")]
    pub http: Option<String>,
    /// Where its other listeners are.
    #[allow(dead_code, reason = "for tests/wire.rs")]
    pub other_addresses: Vec<String>,
    /// What it told at the start.
    #[allow(dead_code, reason = "for tests/storage.rs")]
    pub notices: Vec<String>,
    /// What its recovery found.
    pub recovery: String,
    dir: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

/// Makes a folder for the data of one test.
pub fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

impl Broker {
    /// Starts a broker with the preset `tiny` on a folder.
    pub fn start(dir: &Path) -> Broker {
        Broker::start_with(dir, |_| {})
    }

    /// Starts a broker whose configuration is changed first.
    pub fn start_with(dir: &Path, change: impl FnOnce(&mut BrokerConfig)) -> Broker {
        Broker::start_on(env::Env::real(), dir, change)
    }

    /// Starts a broker with settings as a file would give them, over the preset `tiny`.
    #[allow(dead_code, reason = "for tests/wire.rs")]
    pub fn start_with_settings(dir: &Path, settings: &[(&str, &str)]) -> Broker {
        Broker::start_with(dir, |config| *config = tiny_with(dir, settings))
    }

    /// Starts a broker on a machine of the test's own.
    pub fn start_on(env: env::Env, dir: &Path, change: impl FnOnce(&mut BrokerConfig)) -> Broker {
        let broker = Broker::try_start_on(env, dir, change);
        broker.unwrap_or_else(|ended| panic!("the broker does not start: {ended:?}"))
    }

    /// Starts one that may end before it serves; returns how then.
    pub fn try_start_on(
        env: env::Env,
        dir: &Path,
        change: impl FnOnce(&mut BrokerConfig),
    ) -> Result<Broker, Result<(), ServeError>> {
        watch_for_panics();
        let mut config = BrokerConfig::tiny(dir).unwrap();
        config.shards = Some(2);
        change(&mut config);
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = channel();
        let run = move || run(config, env, stopped, move |banner| ready.send(banner).unwrap());
        let thread = std::thread::Builder::new().name("broker".into()).spawn(run).unwrap();
        let Ok(banner) = started.recv() else {
            return Err(thread.join().expect("the broker's thread panicked"));
        };
        Ok(Broker {
            address: banner.client_address.parse().unwrap(),
            http: banner.http_address,
            other_addresses: banner.other_addresses,
            notices: banner.notices,
            recovery: banner.recovery,
            dir: dir.to_path_buf(),
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Connects a client.
    pub fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// Stops it; everything is on disk when this returns.
    pub fn stop(mut self) {
        self.shut_down().unwrap();
    }

    /// Stops it; returns how it ended.
    #[allow(dead_code, reason = "for tests/storage.rs")]
    pub fn end(mut self) -> Result<(), ServeError> {
        self.shut_down()
    }

    /// Waits until it ends by itself; returns how.
    #[allow(dead_code, reason = "for tests/storage.rs")]
    pub fn ended(mut self) -> Result<(), ServeError> {
        self.thread.take().unwrap().join().expect("the broker's thread panicked")
    }

    /// Stops it and starts another one on the same folder.
    pub fn restart(self) -> Broker {
        let dir = self.dir.clone();
        self.stop();
        Broker::start(&dir)
    }

    /// Starts another one on a copy of the folder as it is now, as if this one had been killed: whatever
    /// was answered must be in the copy.
    pub fn crash_into(&self, copy: &Path) -> Broker {
        copy_folder(&self.dir, copy);
        Broker::start(copy)
    }

    fn shut_down(&mut self) -> Result<(), ServeError> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        let _ = self.stop.take().unwrap().send(());
        thread.join().expect("the broker's thread panicked")
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let ended = self.shut_down();
        if std::thread::panicking() {
            eprintln!("the broker had ended with {ended:?}");
        } else {
            assert!(ended.is_ok(), "{ended:?}");
            assert_eq!(PANICS.load(Ordering::SeqCst), 0, "a thread of the broker panicked");
        }
    }
}

/// Returns the settings of a test's broker, with these in its file.
pub fn tiny_with(dir: &Path, settings: &[(&str, &str)]) -> BrokerConfig {
    let of_tests = [
        ("highwater.preset", "tiny"),
        ("listeners", "PLAINTEXT://127.0.0.1:0"),
        ("highwater.http.listener", ""),
        ("highwater.shards", "2"),
        ("log.dirs", dir.to_str().unwrap()),
    ];
    let all = of_tests.iter().chain(settings).map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    let layers = config::Layers { file: all.collect(), ..config::Layers::default() };
    BrokerConfig::from_layers(&layers).unwrap().0
}

fn run(
    config: BrokerConfig,
    env: env::Env,
    stop: oneshot::Receiver<()>,
    ready: impl FnOnce(Banner) + Send + 'static,
) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let serve = broker::serve(config, env, stop, ready);
    tokio::task::LocalSet::new().block_on(&runtime, serve)
}

/// Counts panics of a broker's threads; a connection's task would swallow them otherwise.
fn watch_for_panics() {
    WATCH.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let thread = std::thread::current();
            let name = thread.name().unwrap_or_default();
            if ["broker", "shard-", "directory", "wal", "pages", "page-sync"]
                .iter()
                .any(|start| name.starts_with(start))
            {
                PANICS.fetch_add(1, Ordering::SeqCst);
            }
            report(info);
        }));
    });
}

/// Copies the folder of a broker that goes on meanwhile: again, until no file came or went.
fn copy_folder(from: &Path, to: &Path) {
    loop {
        let before = names(from);
        copy_once(from, to);
        if names(from) == before {
            return;
        }
        std::fs::remove_dir_all(to).unwrap();
    }
}

/// Lists what is in a folder and those below.
fn names(folder: &Path) -> BTreeSet<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return BTreeSet::new() };
    let below = |path: PathBuf| names(&path).into_iter().chain([path]);
    entries.flatten().flat_map(|entry| below(entry.path())).collect()
}

fn copy_once(from: &Path, to: &Path) {
    let Ok(entries) = std::fs::read_dir(from) else { return };
    std::fs::create_dir_all(to).unwrap();
    for entry in entries {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_once(&entry.path(), &target);
        } else {
            match std::fs::copy(entry.path(), target) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                copied => _ = copied.unwrap(),
            }
        }
    }
}
