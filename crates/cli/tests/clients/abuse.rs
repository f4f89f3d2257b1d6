//! The abusive inputs A1 to A40 against the real binary, as one table: input, reply, and a bound of memory for each row.
//!
//! Rows are played in order against one broker. After each of them an honest producer is acknowledged; at the end the
//! broker's log has no panic and nothing that a peer wrote into it, and after a restart all that was acknowledged is there.
//! Memory is the peak of the process's resident memory (VmHWM) above what it had before the row. A row whose subject is not
//! built says so ([`Reply::NotYet`]), and fails once it is. Where Kafka answers otherwise docs/book/differences.md says so.

#[path = "abuse/frames.rs"]
mod frames;
#[path = "abuse/groups.rs"]
mod groups;
#[path = "abuse/memory.rs"]
mod memory;
#[path = "abuse/not_yet.rs"]
mod not_yet;
#[path = "abuse/peers.rs"]
mod peers;
#[path = "abuse/reads.rs"]
mod reads;
#[path = "abuse/records.rs"]
mod records;
#[path = "abuse/row.rs"]
mod row;
#[path = "abuse/topics.rs"]
mod topics;
#[path = "abuse/transactions.rs"]
mod transactions;

use crate::batches::{batch, read_all};
use crate::broker::Broker;
use crate::client::Client;
pub(crate) use memory::Memory;
pub(crate) use peers::{closed_unread, connect};
use row::{Reply, Row};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use wire::{ApiKey, ApiVersionsRequest};

/// What the broker under test is told. The deadlines are short where a row waits for their end.
const SETTINGS: [&str; 10] = [
    "group.initial.rebalance.delay.ms=0",
    "highwater.memory.max=67108864",
    "highwater.frame.timeout.ms=2000",
    "highwater.answer.timeout.ms=2000",
    "connections.max.idle.ms=2000",
    "max.connections.per.ip=100",
    "highwater.wal.file.bytes=4194304",
    "highwater.wal.pool.bytes=33554432",
    "highwater.wal.checkpoint.bytes=8388608",
    "highwater.disk.reserve.bytes=1048576",
];
/// Where the differences from Kafka are named.
const DIFFERENCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/book/differences.md");
/// A place that was given back is taken within so many attempts.
const ATTEMPTS: usize = 10_000;

/// The broker under test and the honest producer beside it.
struct Stage {
    broker: Broker,
    address: SocketAddr,
    announced: BTreeSet<i16>,
    acknowledged: Vec<String>,
}

impl Stage {
    /// Starts a broker with topics whose leader epoch is not their first.
    fn start() -> Stage {
        let mut broker = Broker::start(&SETTINGS);
        let address = broker.address().parse().unwrap();
        let mut client = Client::connect(address);
        client.create("honest", 1);
        client.create("target", 2);
        client.put("target", &batch(&["there"]));
        broker.stop();
        broker.start_again();
        let announced = announced(&mut Client::connect(address));
        Stage { broker, address, announced, acknowledged: Vec::new() }
    }

    /// Connects; a place may still be on its way back.
    fn connect(&self) -> Client {
        peers::connect(self.address, ATTEMPTS)
    }

    fn is_announced(&self, key: ApiKey) -> bool {
        self.announced.contains(&key.info().key)
    }

    /// Plays a row; returns what is wrong with it.
    fn play(&mut self, row: &Row) -> Vec<String> {
        let mut wrong = Vec::new();
        let memory = Memory::before(self.broker.pid());
        wrong.extend(self.reply(row).err());
        self.write(&row.what);
        let grown = memory.grown_kib();
        println!("A{} {}: {grown} KiB", row.number, row.what);
        if grown > row.memory_kib {
            wrong.push(format!("memory grew by {grown} KiB, {} are allowed", row.memory_kib));
        }
        wrong
    }

    fn reply(&self, row: &Row) -> Result<(), String> {
        if let Reply::NotYet(subject) = &row.reply {
            return subject.expect_absent(&self.announced);
        }
        if row.needs.is_some_and(|key| !self.is_announced(key)) {
            return peers::expect(self.address, &row.input, &Reply::Closed);
        }
        peers::expect(self.address, &row.input, &row.reply)
    }

    /// Writes one record that must be acknowledged.
    fn write(&mut self, value: &str) {
        let value = format!("{} {value}", self.acknowledged.len());
        self.connect().put("honest", &batch(&[&value]));
        self.acknowledged.push(value);
    }

    /// Stops the broker and starts it again; returns what is wrong afterwards.
    fn end(mut self) -> Vec<String> {
        let log = self.broker.stop_with_log();
        let mut wrong: Vec<String> = log
            .iter()
            .filter(|line| line.contains("panicked") || line.contains("injected"))
            .cloned()
            .collect();
        self.broker.start_again();
        let there: Vec<String> =
            read_all(&mut self.connect(), "honest").into_iter().map(|(_, value)| value).collect();
        if there != self.acknowledged {
            wrong.push(format!("acknowledged {:?}, read {there:?}", self.acknowledged));
        }
        self.broker.stop();
        wrong
    }
}

fn announced(client: &mut Client) -> BTreeSet<i16> {
    client.call(&ApiVersionsRequest::default(), 0).api_keys.iter().map(|api| api.api_key).collect()
}

fn rows() -> Vec<Row> {
    let parts = [
        frames::rows(),
        topics::rows(),
        records::rows(),
        reads::rows(),
        groups::rows(),
        transactions::rows(),
        peers::rows(),
        not_yet::rows(),
    ];
    let mut rows: Vec<Row> = parts.into_iter().flatten().collect();
    rows.sort_by_key(|row| row.number);
    rows
}

/// Protects: each abusive input has its reply and its bound of memory, and costs nobody else anything.
#[test]
fn abusive_inputs_are_answered_as_they_should_be() {
    let rows = rows();
    let numbers: BTreeSet<u8> = rows.iter().map(|row| row.number).collect();
    assert!(numbers.into_iter().eq(1..=40), "every number has a row");
    let page = std::fs::read_to_string(DIFFERENCES).unwrap();
    let mut wrong: Vec<String> = rows.iter().filter_map(|row| row.undocumented(&page)).collect();
    let mut stage = Stage::start();
    for row in &rows {
        let of_row = stage.play(row);
        wrong.extend(of_row.into_iter().map(|sentence| format!("A{} {}: {sentence}", row.number, row.what)));
    }
    wrong.extend(stage.end());
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}
