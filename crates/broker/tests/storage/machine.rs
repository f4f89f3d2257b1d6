//! A machine with a disk that does what a test says, and what its broker tells over HTTP.

use crate::client::Client;
use crate::harness::Broker;
use config::BrokerConfig;
use env::crash::{Call, CrashDisk, Failure, Fault, When};
use env::{Disk, Env, OpenMode};
use log::directory::{Directory, DirectoryOptions, Opened};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use types::BrokerId;
use wire::{DeleteTopicsRequest, DeleteTopicsResponse};

/// What is awaited longer than this does not come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the data is.
pub fn root() -> PathBuf {
    PathBuf::from("/data")
}

/// The machine of a disk.
pub fn env_of(disk: &CrashDisk) -> Env {
    Env { disk: Arc::new(disk.clone()), ..Env::real() }
}

/// Starts a broker with an HTTP port on the disk.
pub fn start(disk: &CrashDisk, change: impl FnOnce(&mut BrokerConfig)) -> Broker {
    Broker::start_on(env_of(disk), &root(), |config| {
        config.http_listener = config::Endpoint::parse("127.0.0.1:0");
        change(config);
    })
}

/// Opens the directory of a broker that is gone.
pub fn open(disk: &CrashDisk) -> Opened {
    disk.kill();
    Directory::open(&env_of(disk), &root(), BrokerId(1), &DirectoryOptions::default()).unwrap()
}

/// Makes the next call of a kind on a path with this part fail.
pub fn fail(disk: &CrashDisk, call: Call, part: &'static str, failure: Failure) {
    let paths = Some(Arc::new(move |path: &Path| path.to_string_lossy().contains(part)) as _);
    disk.fail(Fault { when: When::Nth(call, 1), failure, paths });
}

/// Asks until something is so.
#[allow(clippy::disallowed_methods, reason = "the broker under test has the real clock, too")]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what}: not so after {PATIENCE:?}");
        std::thread::yield_now();
    }
}

/// Returns the length of a file, nothing if there is none.
pub fn size(disk: &CrashDisk, path: &Path) -> Option<u64> {
    disk.open(path, OpenMode::Read).ok()?.size().ok()
}

/// Returns the lengths of all files together.
pub fn used(disk: &CrashDisk) -> u64 {
    const PLENTY: u64 = 1 << 40;
    disk.set_capacity(Some(PLENTY));
    PLENTY - disk.free_bytes(&root()).unwrap()
}

/// Returns the names in a folder, none if it is missing.
pub fn names(disk: &CrashDisk, folder: &Path) -> Vec<String> {
    disk.list(folder).unwrap_or_default().into_iter().map(|entry| entry.name).collect()
}

/// Asks the HTTP port.
pub fn http(broker: &Broker, path: &str) -> String {
    let mut stream = TcpStream::connect(broker.http.as_ref().unwrap()).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// Returns a metric.
pub fn metric(broker: &Broker, name: &str) -> u64 {
    let text = http(broker, "/metrics");
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("highwater_{name} ")));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).trim().parse().unwrap()
}

/// Deletes a topic; returns Kafka's code.
pub fn delete(client: &mut Client, topic: &str) -> i16 {
    let names = vec![topic.to_owned()];
    let delete = DeleteTopicsRequest { topic_names: names, timeout_ms: 30_000, ..Default::default() };
    let deleted: DeleteTopicsResponse = client.call(&delete, 5);
    deleted.responses[0].error_code
}
