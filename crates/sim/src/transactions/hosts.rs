//! Who changes topics, who fills the disk, who reads along all the time, and who says when all has come to rest.

use super::ledger::{LaneKey, Ledger, Standing};
use super::plan::Plan;
use super::process::{Fortune, Known, Note, Process, Role, Stop};
use super::reading::{Names, Positions, offsets, read};
use super::{BROKER_ADDRESS, INPUT, OUTPUT, Shared, now, other_name};
use crate::faults::LastCut;
use client::{ClientError, ClientOptions, Cluster, NewTopic};
use env::Disk;
use env::net::Net;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;
use types::ErrorCode;
use wire::describe_producers_request::TopicRequest;
use wire::{DescribeProducersRequest, ListTransactionsRequest};

/// Within this time after the last fault all is over.
const REST: Duration = Duration::from_secs(10);
/// Pause before something is tried again.
const PAUSE: Duration = Duration::from_millis(20);
/// More than any run writes. *Units*: bytes.
const PLENTY: u64 = 1 << 40;
/// States of transactions that are over.
const OVER: [&str; 3] = ["Empty", "CompleteCommit", "CompleteAbort"];

fn cluster(name: &str) -> Cluster {
    let options = ClientOptions {
        client_id: name.to_owned(),
        connect_timeout: Duration::from_millis(500),
        request_timeout: Duration::from_millis(1500),
        call_timeout: Duration::from_secs(20),
        ..ClientOptions::default()
    };
    Cluster::new(Net::Sim, &[BROKER_ADDRESS.to_owned()], options)
}

/// Creates the topics, and has some of them deleted and created anew.
pub(super) async fn admin(plan: Rc<Plan>, shared: Shared) -> turmoil::Result {
    let cluster = cluster("admin");
    create(&cluster, INPUT, plan.input, &shared).await;
    create(&cluster, OUTPUT, plan.output, &shared).await;
    for (number, partitions) in plan.others.iter().enumerate() {
        create(&cluster, &other_name(number), *partitions, &shared).await;
    }
    for (at, topic, pause) in &plan.changes {
        tokio::time::sleep(at.saturating_sub(now())).await;
        let name = other_name(*topic);
        delete(&cluster, &name, &shared).await;
        tokio::time::sleep(*pause).await;
        create(&cluster, &name, plan.others.get(*topic).copied().unwrap_or(1), &shared).await;
    }
    shared.is_changing.set(false);
    Ok(())
}

async fn create(cluster: &Cluster, name: &str, partitions: i32, shared: &Shared) {
    let topic = NewTopic { name: name.to_owned(), partitions: Some(partitions), ..NewTopic::default() };
    loop {
        match cluster.create_topic(&topic).await {
            Ok(_) => break,
            Err(ClientError::Refused { error, .. })
                if error.known() == Some(ErrorCode::TopicAlreadyExists) =>
            {
                break;
            }
            Err(error) if may_pass(&error) => tokio::time::sleep(PAUSE).await,
            Err(error) => return shared.breaks("R16", format!("a topic cannot be created: {error}")),
        }
    }
    shared.note("admin", format_args!("{name} is there"));
}

async fn delete(cluster: &Cluster, name: &str, shared: &Shared) {
    loop {
        match cluster.delete_topic(name).await {
            Ok(()) | Err(ClientError::UnknownTopic(_)) => break,
            Err(error) if may_pass(&error) => tokio::time::sleep(PAUSE).await,
            Err(error) => return shared.breaks("R16", format!("a topic cannot be deleted: {error}")),
        }
    }
    shared.ledger.borrow_mut().on_deleted(name);
    shared.note("admin", format_args!("{name} is gone"));
}

/// A full disk is not full for ever.
fn may_pass(error: &ClientError) -> bool {
    let is_full = matches!(error, ClientError::Refused { error, .. } if error.known() == Some(ErrorCode::KafkaStorageError));
    error.is_retriable() || is_full
}

/// Lets the disk be full for a while.
pub(super) async fn fill(plan: Rc<Plan>, shared: Shared) -> turmoil::Result {
    if let Some((at, room, lasting)) = plan.full {
        tokio::time::sleep(at).await;
        let disk = shared.stage.machine.disk();
        disk.set_capacity(Some(PLENTY));
        let free = disk.free_bytes(Path::new("/")).unwrap_or(PLENTY);
        disk.set_capacity(Some(PLENTY - free + room));
        shared.note("disk", format_args!("{room} bytes are left"));
        tokio::time::sleep(lasting).await;
        disk.set_capacity(None);
        shared.note("disk", format_args!("has room"));
    }
    shared.is_full.set(false);
    Ok(())
}

/// A client to which nothing happens.
fn calm(host: &str, shared: &Shared, seed: u64) -> Process {
    let fortune = Fortune { deeds: Rc::default(), is_taken_over: Rc::default() };
    Process::new(host, 0, shared, fortune, seed)
}

/// A reader of all topics.
struct Reader {
    process: Process,
    names: Names,
    all: Positions,
    committed: Positions,
}

impl Reader {
    fn new(host: &str, shared: &Shared, seed: u64) -> Reader {
        let process = calm(host, shared, seed);
        Reader { process, names: Names::new(), all: Positions::new(), committed: Positions::new() }
    }

    /// Reads what is next in both ways.
    async fn go_on(&mut self) -> Result<(), Stop> {
        let known = self.process.topics().await?;
        self.names = known.iter().map(|(name, (id, _))| (*id, name.clone())).collect();
        let keys = keys(&known);
        for positions in [&mut self.all, &mut self.committed] {
            positions.retain(|key, _| keys.contains(key));
            keys.iter().for_each(|key| _ = positions.entry(*key).or_default());
        }
        read(&mut self.process, &mut self.all, &self.names, false).await?;
        read(&mut self.process, &mut self.committed, &self.names, true).await?;
        Ok(())
    }

    /// Reads all that there is, in both ways.
    async fn read_all(&mut self) -> Result<(), Stop> {
        loop {
            let before = (self.all.clone(), self.committed.clone());
            self.go_on().await?;
            if before == (self.all.clone(), self.committed.clone()) {
                return Ok(());
            }
        }
    }

    fn restart(&mut self) {
        (self.all, self.committed) = (Positions::new(), Positions::new());
    }
}

fn keys(known: &Known) -> Vec<LaneKey> {
    let topics = known.values();
    topics.flat_map(|(id, count)| (0..*count).map(|partition| (*id, partition))).collect()
}

/// Reads along, and asks for the offsets of the group.
pub(super) async fn audit(plan: Rc<Plan>, shared: Shared, seed: u64) -> turmoil::Result {
    let mut reader = Reader::new("auditor", &shared, seed);
    while !shared.is_over() {
        // Without an answer it is asked again.
        let _ = reader.go_on().await;
        let is_stable = reader.process.random.percent(50);
        let _ = offsets(&mut reader.process, &(0..plan.input).collect::<Vec<_>>(), is_stable).await;
        if reader.process.random.percent(2) {
            reader.restart();
        }
        reader.process.pause().await;
    }
    Ok(())
}

/// Waits until all is over; then the power goes once more, and all is read again.
pub(super) async fn judge(plan: Rc<Plan>, shared: Shared, seed: u64) -> turmoil::Result {
    let mut reader = Reader::new("judge", &shared, seed);
    while !shared.is_resting() || shared.writing.get() > 0 {
        tokio::time::sleep(PAUSE).await;
    }
    shared.note("judge", format_args!("nobody suffers any more"));
    let deadline = now() + REST;
    while let Some(what) = missing(&mut reader, &shared).await {
        if now() > deadline {
            shared.breaks("T3", format!("in the end {what}"));
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    shared.stage.last_cut.set(LastCut::Wanted);
    while shared.stage.last_cut.get() != LastCut::Done {
        tokio::time::sleep(PAUSE).await;
    }
    shared.note("judge", format_args!("all is looked at once more"));
    reader.restart();
    let deadline = now() + REST;
    while look_once_more(&mut reader, &plan).await.is_err() && now() < deadline {
        tokio::time::sleep(PAUSE).await;
    }
    if now() >= deadline {
        shared.breaks("R16", "in the end nobody answers".to_owned());
    }
    let living: Vec<LaneKey> = reader.all.keys().copied().collect();
    shared.ledger.borrow_mut().finish(&living);
    shared.is_over.set(true);
    Ok(())
}

/// Says what is missing until all is over.
async fn missing(reader: &mut Reader, shared: &Shared) -> Option<String> {
    if reader.read_all().await.is_err() {
        return Some("the topics cannot be read".to_owned());
    }
    let unfinished = unfinished(reader, &shared.ledger.borrow());
    match unfinished {
        Some(what) => Some(what),
        None => open(&mut reader.process).await,
    }
}

/// Says what is missing in what was read.
fn unfinished(reader: &Reader, ledger: &Ledger) -> Option<String> {
    for (key, name) in reader.all.keys().map(|key| (key, reader.names.get(&key.0))) {
        if let Some(what) = ledger.restless(*key) {
            return Some(format!("{name:?}: {what}"));
        }
        if name.is_some_and(|name| name == INPUT)
            && let Some(source) = ledger.unworked(*key)
        {
            return Some(format!("record {source:?} of the input has not been worked on"));
        }
    }
    None
}

/// Says which transaction is open, as its coordinator knows it.
async fn open(process: &mut Process) -> Option<String> {
    let request = ListTransactionsRequest { duration_filter: -1, ..ListTransactionsRequest::default() };
    let Ok(answer) = process.ask(Role::Coordinator, request, 1, Note::Nothing).await else {
        return Some("transactions cannot be listed".to_owned());
    };
    if answer.error_code != 0 {
        return Some(format!("transactions cannot be listed: {}", answer.error_code));
    }
    let mut states = answer.transaction_states.into_iter();
    let open = states.find(|state| !OVER.contains(&state.transaction_state.as_str()));
    open.map(|state| format!("{} is {}", state.transactional_id, state.transaction_state))
}

async fn look_once_more(reader: &mut Reader, plan: &Plan) -> Result<(), Stop> {
    reader.read_all().await?;
    for is_stable in [true, false] {
        if offsets(&mut reader.process, &(0..plan.input).collect::<Vec<_>>(), is_stable).await?.is_none() {
            return Err(Stop::Lost);
        }
    }
    let mut topics: BTreeMap<&String, Vec<i32>> = BTreeMap::new();
    for (topic, partition) in reader.all.keys() {
        if let Some(name) = reader.names.get(topic) {
            topics.entry(name).or_default().push(*partition);
        }
    }
    let topic =
        |(name, partition_indexes): (&String, _)| TopicRequest { name: name.clone(), partition_indexes };
    let request = DescribeProducersRequest { topics: topics.into_iter().map(topic).collect() };
    let answer = reader.process.ask(Role::Data, request, 0, Note::Nothing).await?;
    for topic in answer.topics {
        let Some((id, _)) = reader.names.iter().find(|(_, name)| **name == topic.name) else { continue };
        for partition in topic.partitions {
            if partition.error_code != 0 {
                return Err(Stop::Lost);
            }
            let producers = partition.active_producers.into_iter().map(|told| {
                let epoch = i16::try_from(told.producer_epoch).unwrap_or(-1);
                let (last_sequence, open) = (told.last_sequence, told.current_txn_start_offset);
                (told.producer_id, Standing { epoch, last_sequence, open })
            });
            let told = producers.collect();
            let mut ledger = reader.process.shared.ledger.borrow_mut();
            ledger.on_producers((*id, partition.partition_index), &told);
        }
    }
    Ok(())
}
