//! A broker whose process may have few files open: connections are shed, the log goes on (reliability 5.1).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A broker of a test; it does not outlive it.
struct Broker(Child);

impl Drop for Broker {
    fn drop(&mut self) {
        let _gone_already = self.0.kill();
        let _gone_already = self.0.wait();
    }
}

/// Starts a broker under a limit of open files, soft and hard; returns it with its address.
fn start(folder: &std::path::Path, soft: u32, hard: u32) -> (Broker, String) {
    let mut command = Command::new("sh");
    let limits = format!("ulimit -S -n {soft} && ulimit -H -n {hard} && exec \"$0\" \"$@\"");
    command.args(["-c", &limits, env!("CARGO_BIN_EXE_highwater")]);
    command.args(["serve", "--listen", "127.0.0.1:0", "--set", "highwater.http.listener="]);
    command.args(["--set", "highwater.preset=tiny", "--data"]).arg(folder.join("data"));
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = lines
        .map_while(Result::ok)
        .find_map(|line| line.trim_start().strip_prefix("clients").map(|address| address.trim().to_owned()));
    (Broker(child), address.unwrap())
}

/// Connects, and says whether the broker answers ApiVersions there or closes.
fn is_served(address: &str) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // ApiVersions 0, number 1, no client id.
    stream.write_all(&[0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff]).unwrap();
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut answer = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
    stream.read_exact(&mut answer).ok().map(|()| stream)
}

/// Protects: more connections than there are descriptors are shed, those that are open are served, and the log
/// finds descriptors for its files meanwhile and at the stop; the soft limit is raised to the hard one.
#[test]
fn connections_are_shed_before_the_log_goes_without() {
    let folder = tempfile::tempdir().unwrap();
    let (mut broker, address) = start(folder.path(), 80, 240);
    let highwater = |arguments: &[&str], input: &[u8]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
        command.args(arguments).args(["--bootstrap", &address]).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap()
    };
    assert!(highwater(&["topic", "create", "t", "--partitions", "20"], b"").status.success());
    let mut open: Vec<TcpStream> = (0..400).filter_map(|_| is_served(&address)).collect();
    assert!((81..200).contains(&open.len()), "{} connections of 240 descriptors", open.len());
    // Room for the producer; with the others open it writes through several files and checkpoints.
    open.truncate(open.len() - 5);
    let lines = format!("{}\n", "x".repeat(1_000)).repeat(12_000);
    let mut produced = highwater(&["produce", "t"], lines.as_bytes());
    for _ in 0..10 {
        if produced.status.success() {
            break;
        }
        // The broker may not have seen yet that the places are free.
        produced = highwater(&["produce", "t"], lines.as_bytes());
    }
    assert!(produced.status.success());
    let stopped = Command::new("kill").args(["-TERM", &broker.0.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    assert_eq!(broker.0.wait().unwrap().code(), Some(0), "the log had what it needed");
}
