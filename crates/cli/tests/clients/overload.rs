//! Thousands of slow, silent and idle connections at once against the real binary (reliability 6.3, L2, L5, L6).
//!
//! 200 connections send a byte a second, 200 ask and never read, 2,000 ask nothing. The deadlines of the broker are short,
//! so that each of them ends within the test; an honest producer goes on until they all have.

use crate::abuse::{Memory, closed_unread, connect};
use crate::batches::{batch, read_all, sized};
use crate::broker::Broker;
use crate::client::{Client, FETCH, fetch_request, frame};
use crate::toolbox::or_skip;
use env::Env;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use wire::FetchRequest;

/// The broker's budget. *Units*: MiB.
const BUDGET_MIB: u64 = 64;
const SETTINGS: [&str; 8] = [
    "highwater.memory.max=67108864",
    "highwater.frame.timeout.ms=2500",
    "highwater.answer.timeout.ms=2500",
    "connections.max.idle.ms=4000",
    "highwater.wal.file.bytes=4194304",
    "highwater.wal.pool.bytes=33554432",
    "highwater.wal.checkpoint.bytes=8388608",
    "highwater.disk.reserve.bytes=1048576",
];
const SLOW: usize = 200;
const SILENT: usize = 200;
const IDLE: usize = 2_000;
/// Files that the broker needs for as many connections, as it keeps some for its log; the test needs fewer.
const FILES: u64 = 8_192;
/// What the system takes for a peer that does not read. *Units*: bytes.
const RECEIVE_BUFFER: u32 = 4 << 10;
/// Who is not let go within this time is not let go.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two bytes of a slow sender.
const PAUSE: Duration = Duration::from_secs(1);
/// A place is free within so many attempts.
const ATTEMPTS: usize = 10_000;

/// Protects: however many connections are slow, silent or idle, the memory stays within the budget, a producer goes on,
/// nothing that was acknowledged is lost, and every connection is answered or closed.
#[test]
fn thousands_of_connections_cost_nobody_anything() {
    let test = "thousands_of_connections_cost_nobody_anything";
    let Some(()) = or_skip(test, files()) else { return };
    let mut broker = Broker::start(&SETTINGS);
    let address: SocketAddr = broker.address().parse().unwrap();
    let mut honest = connect(address, ATTEMPTS);
    honest.create("honest", 1);
    honest.create("large", 1);
    for _ in 0..8 {
        honest.put("large", &sized(50_000));
    }
    let memory = Memory::before(broker.pid());
    let acknowledged = during_abuse(address, &mut honest);
    let grown = memory.grown_kib() >> 10;
    println!("{} batches were acknowledged meanwhile, memory grew by {grown} MiB", acknowledged.len());
    assert!(grown <= BUDGET_MIB, "{grown} MiB of {BUDGET_MIB}");
    let log = broker.stop_with_log();
    assert!(!log.iter().any(|line| line.contains("panicked")), "{log:?}");
    broker.start_again();
    let there: Vec<String> =
        read_all(&mut connect(address, ATTEMPTS), "honest").into_iter().map(|(_, value)| value).collect();
    assert_eq!(there, acknowledged);
    broker.stop();
}

/// Produces until every abusive connection has ended; returns what was acknowledged.
fn during_abuse(address: SocketAddr, honest: &mut Client) -> Vec<String> {
    let open = |count: usize| -> Vec<TcpStream> { (0..count).map(|_| opened(address)).collect() };
    let (slow, silent, idle) = (open(SLOW), open(SILENT), open(IDLE));
    let have_ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let mut abuse: Vec<_> =
            silent.into_iter().map(|stream| scope.spawn(move || never_read(stream))).collect();
        abuse.push(scope.spawn(|| idle.into_iter().for_each(wait_for_end)));
        abuse.push(scope.spawn(|| send_slowly(slow)));
        let have_ended = &have_ended;
        let all = scope.spawn(move || {
            let ends: Vec<_> = abuse.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
            have_ended.store(true, Ordering::SeqCst);
            ends.into_iter().all(|end| end.is_ok())
        });
        let mut acknowledged = Vec::new();
        while !have_ended.load(Ordering::SeqCst) {
            let value = acknowledged.len().to_string();
            honest.put("honest", &batch(&[&value]));
            acknowledged.push(value);
        }
        assert!(all.join().unwrap(), "each connection is closed");
        acknowledged
    })
}

/// Connects; the system keeps little of what is not read.
fn opened(address: SocketAddr) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let connect = async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(RECEIVE_BUFFER).unwrap();
        socket.connect(address).await.unwrap().into_std().unwrap()
    };
    let stream = runtime.block_on(connect);
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Waits until the broker closes a connection; what it answers before does not matter.
fn wait_for_end(mut stream: TcpStream) {
    let mut answer = [0; 4096];
    loop {
        match stream.read(&mut answer) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return,
            Err(error) => panic!("it is still open: {error}"),
        }
    }
}

/// Asks for large answers on a connection, again and again, until the broker closes it.
fn never_read(stream: TcpStream) {
    let fetch = FetchRequest { max_bytes: 50_000, ..fetch_request("large", 0) };
    let requests: Vec<u8> = (1..=50).flat_map(|number| frame(&fetch, FETCH, number)).collect();
    closed_unread(stream, &requests).unwrap();
}

/// Sends a byte a second of a request on each connection, until the broker has closed every one.
fn send_slowly(slow: Vec<TcpStream>) {
    let request = frame(&fetch_request("large", 0), FETCH, 1);
    let mut open: Vec<TcpStream> = slow;
    for at in 0.. {
        open.retain_mut(|stream| stream.write_all(&[request[at % request.len()]]).is_ok());
        if open.is_empty() {
            return;
        }
        assert!(at < 120, "{} slow connections are still open", open.len());
        std::thread::park_timeout(PAUSE);
    }
}

/// Raises the limit of open files; says why it is too low if it is.
fn files() -> Result<(), String> {
    match Env::real().spawn.descriptors() {
        FILES.. => Ok(()),
        limit => Err(format!("at most {limit} files can be open, {FILES} are needed; raise `ulimit -n`")),
    }
}
