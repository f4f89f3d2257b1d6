//! The real binary under strace: no response byte of a batch is written before a sync that began after its WAL write has returned.
//!
//! Four producers write 1,000 records in all, each with one request at a time, and each record's value names it
//! (`mark-000123.`). So the trace shows, for each: the read of its request, the write to the WAL that holds it, the syncs of that
//! file, and the next write to that socket, which is its response.

use crate::broker::Broker;
use crate::program::Program;
use crate::toolbox::{self, or_skip};
use std::collections::BTreeMap;
use std::process::Command;

const PRODUCERS: usize = 4;
const EACH: usize = 250;
const TRACED: &str = "trace=read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg,pwrite64,pwritev,pwritev2,fdatasync,fsync,openat";
const READS: [&str; 4] = ["read", "readv", "recvfrom", "recvmsg"];
const WRITES: [&str; 7] = ["write", "writev", "sendto", "sendmsg", "pwrite64", "pwritev", "pwritev2"];

/// One system call: the lines of the trace at which it began and returned.
#[derive(Clone, Debug, Default)]
struct Call {
    name: String,
    text: String,
    begin: usize,
    end: usize,
}

impl Call {
    /// Returns what the descriptor in the first argument stands for.
    fn target(&self) -> &str {
        self.text.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(target, _)| target)
    }

    /// Returns the first argument: a descriptor's number and target.
    fn descriptor(&self) -> &str {
        self.text
            .split_once('(')
            .and_then(|(_, rest)| rest.split_once([',', ')']))
            .map_or("", |(first, _)| first)
    }

    fn marks(&self) -> impl Iterator<Item = u32> {
        self.text.split("mark-").skip(1).filter_map(|rest| rest.split_once('.')?.0.parse().ok())
    }

    fn is_wal(&self) -> bool {
        self.target().contains("/wal/")
    }
}

/// Reads the trace. A call that others interrupt stands on two lines.
fn calls(trace: &str) -> Vec<Call> {
    let (mut calls, mut open) = (Vec::new(), BTreeMap::<&str, Call>::new());
    for (line, text) in trace.lines().enumerate() {
        let Some((thread, text)) = text.split_once(char::is_whitespace) else { continue };
        let text = text.trim_start();
        let resumed = text.strip_prefix("<... ").and_then(|rest| rest.split_once("resumed>"));
        let mut call = match resumed {
            Some((_, rest)) => {
                let mut call = open.remove(thread).unwrap_or_default();
                call.text.push_str(rest);
                call
            }
            None => {
                let name = text.split('(').next().unwrap_or_default().to_owned();
                Call { name, text: text.to_owned(), begin: line, end: line }
            }
        };
        if let Some(first) = call.text.strip_suffix("<unfinished ...>") {
            call.text = first.to_owned();
            open.insert(thread, call);
        } else {
            call.end = line;
            calls.push(call);
        }
    }
    calls.sort_by_key(|call| call.begin);
    calls
}

/// For each mark, the line at which it was synced: a sync of its file that began after its write had returned.
fn synced_at(calls: &[Call]) -> BTreeMap<u32, usize> {
    // O_SYNC does what O_DSYNC does, and more.
    let syncs_itself = |open: &&Call| {
        open.name == "openat" && (open.text.contains("O_DSYNC") || open.text.contains("O_SYNC"))
    };
    let opened: Vec<&Call> = calls.iter().filter(syncs_itself).collect();
    let opened_dsync = |write: &Call| {
        let returned = format!("= {}", write.descriptor());
        opened.iter().any(|open| open.end < write.begin && open.text.ends_with(&returned))
    };
    let syncs: Vec<&Call> =
        calls.iter().filter(|c| c.is_wal() && c.name.ends_with("sync") && c.text.ends_with("= 0")).collect();
    let mut synced = BTreeMap::new();
    for write in calls.iter().filter(|c| c.is_wal() && WRITES.contains(&c.name.as_str())) {
        let own = opened_dsync(write).then_some(write.end);
        let after = |sync: &&&Call| sync.target() == write.target() && sync.begin > write.end;
        let Some(at) = own.or_else(|| syncs.iter().filter(after).map(|sync| sync.end).min()) else {
            continue;
        };
        write.marks().for_each(|mark| {
            synced.entry(mark).or_insert(at);
        });
    }
    synced
}

/// Checks every response of the trace and returns how many there were.
fn verify(trace: &str) -> Result<usize, String> {
    let calls = calls(trace);
    let synced = synced_at(&calls);
    let (mut asked, mut responses) = (BTreeMap::<&str, u32>::new(), 0);
    for call in calls.iter().filter(|call| call.target().starts_with("socket:")) {
        if READS.contains(&call.name.as_str()) {
            asked.extend(call.marks().map(|mark| (call.target(), mark)));
        } else if WRITES.contains(&call.name.as_str())
            && let Some(mark) = asked.remove(call.target())
        {
            let at =
                synced.get(&mark).ok_or_else(|| format!("record {mark} was answered and never synced"))?;
            if *at >= call.begin {
                return Err(format!(
                    "record {mark} was answered at line {}, synced at line {at}",
                    call.begin + 1
                ));
            }
            responses += 1;
        }
    }
    Ok(responses)
}

/// Protects W-1, W-4: for 1,000 acks=all replies, the sync has returned before the first byte of the reply is written.
#[test]
fn replies_wait_for_the_sync() {
    let test = "replies_wait_for_the_sync";
    let tools = toolbox::both(toolbox::strace(), toolbox::go(&[]));
    let Some((strace, _go)) = or_skip(test, tools) else { return };
    let mut broker = Broker::start(&["num.partitions=4"]);
    let (address, trace) = (broker.address(), broker.scratch().join("trace"));
    crate::program::run("franz-go", &mut toolbox::go(&["create", &address, "traced", "4"]).unwrap());
    broker.stop();
    let mut tracer = Command::new(strace);
    tracer.args(["-D", "-f", "-y", "-s", "4096", "-e", "signal=none", "-e", TRACED, "-o"]).arg(&trace);
    broker.start_under(&mut tracer);
    let start = |n: usize| {
        let words = [n.to_string(), (n * EACH).to_string(), EACH.to_string()];
        let words = [&["single", &address, "traced"], &words.each_ref().map(String::as_str)[..]].concat();
        Program::start("franz-go", &mut toolbox::go(&words).unwrap())
    };
    let mut producers: Vec<Program> = (0..PRODUCERS).map(start).collect();
    for producer in &mut producers {
        producer.succeed();
    }
    broker.stop();
    let trace = String::from_utf8_lossy(&std::fs::read(&trace).unwrap()).into_owned();
    assert_eq!(verify(&trace), Ok(PRODUCERS * EACH));
}

const SYNCED_BY_ITSELF: &str = "\
2 openat(AT_FDCWD</d>, \"/d/wal/1\", O_RDWR|O_DSYNC|O_DIRECT) = 7</d/wal/1>
1 recvfrom(9<socket:[5]>, \"mark-000001.\", 100, 0, NULL, NULL) = 12
2 pwrite64(7</d/wal/1>, \"..mark-000001...\", 4096, 0) = 4096
1 sendto(9<socket:[5]>, \"ok\", 2, 0, NULL, 0) = 2
";

const RIGHT: &str = "\
1 recvfrom(9<socket:[5]>, \"mark-000001.\", 100, 0, NULL, NULL) = 12
2 pwrite64(7</d/wal/1>, \"..mark-000001...\", 4096, 0) = 4096
2 fdatasync(7</d/wal/1> <unfinished ...>
1 recvfrom(8<socket:[6]>,  <unfinished ...>
2 <... fdatasync resumed>) = 0
1 <... recvfrom resumed>\"x\", 100, 0, NULL, NULL) = 1
1 sendto(9<socket:[5]>, \"ok\", 2, 0, NULL, 0) = 2
";

/// Protects: the trace is read right: a sync counts when it began after the write and ended before the reply.
#[test]
fn trace_is_judged() {
    assert_eq!(verify(RIGHT), Ok(1));
    assert_eq!(verify(SYNCED_BY_ITSELF), Ok(1));
    assert!(verify(&SYNCED_BY_ITSELF.replace("|O_DSYNC", "")).is_err(), "not opened for synced writes");
    assert!(verify(&SYNCED_BY_ITSELF.replace("pwrite64(7<", "pwrite64(8<")).is_err(), "another descriptor");
    let lines: Vec<&str> = RIGHT.lines().collect();
    let order = |order: [usize; 7]| order.map(|n| lines[n]).join("\n");
    assert!(verify(&order([0, 1, 2, 3, 6, 4, 5])).is_err(), "answered before the sync had returned");
    assert!(verify(&order([0, 2, 1, 3, 4, 5, 6])).is_err(), "the sync began before the write");
    assert!(
        verify(&RIGHT.replace("wal/1>, \"..mark-000001", "wal/1>, \"..mark-000002")).is_err(),
        "never written"
    );
    assert!(verify(&RIGHT.replace("fdatasync resumed>) = 0", "fdatasync resumed>) = -1 EIO")).is_err());
}
