//! The hosts of the scenario: members, who changes topics, who produces, who looks at the offsets all the time, and who says
//! when all has come to rest.

use super::classic::Classic;
use super::consumer::Consumer;
use super::ledger::{Key, Stored};
use super::plan::{Change, Deed, MemberPlan, Plan};
use super::process::{Known, Process, Stop};
use super::reading::{Reading, fetch_offsets};
use super::{BROKER_ADDRESS, Shared, now};
use crate::clock::wall;
use crate::faults::LastCut;
use client::{
    ClientError, ClientOptions, Cluster, Consumer as LogReader, ConsumerOptions, NewRecord, NewTopic,
    OffsetAt, Producer, ProducerOptions, StartAt,
};
use env::net::Net;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use types::{ErrorCode, Uuid};
use wire::Stored as _;
use wire::offset_commit_key::OffsetCommitKey;
use wire::offset_commit_value::OffsetCommitValue;

/// Within this time after the last fault everybody reads, and everything is committed.
const REST: Duration = Duration::from_secs(10);
/// Pause before something is tried again.
const PAUSE: Duration = Duration::from_millis(20);
const OFFSETS_TOPIC: &str = "__consumer_offsets";
/// Types of the records that are offsets.
const OFFSET_KINDS: [i16; 2] = [0, 1];

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

/// Lives the life of a member: one process after another.
pub(super) async fn member(plan: MemberPlan, host: String, shared: Shared, seed: u64) -> turmoil::Result {
    tokio::time::sleep(plan.begins).await;
    let mut process = Process::new(&host, plan.group, &shared, seed);
    process.deeds = plan.deeds.iter().copied().collect();
    let instance = plan.is_static.then(|| format!("instance-{host}"));
    let mut life = 0;
    while !shared.is_over() {
        life += 1;
        let mut reading = Reading::new(format!("{host}.{life}"), plan.group);
        let ended = one_life(&plan, &mut process, &mut reading, instance.clone()).await;
        reading.release_all(&process);
        process.hang_up();
        let away = match ended {
            Some(Deed::Crash(away) | Deed::Leave(away)) => away,
            Some(_) => break,
            None => continue,
        };
        tokio::time::sleep(away).await;
    }
    shared.suffering.set(shared.suffering.get() - process.deeds.len());
    Ok(())
}

/// Lives until the process ends; returns why.
async fn one_life(
    plan: &MemberPlan,
    process: &mut Process,
    reading: &mut Reading,
    instance: Option<String>,
) -> Option<Deed> {
    let is_classic = process.is_classic(plan.kind);
    process.note(format_args!("{} begins, classic: {is_classic}, {instance:?}", reading.name));
    let mut classic = Classic::new(instance.clone());
    let mut consumer = Consumer::new(instance, process);
    let end = match is_classic {
        true => classic.live(process, reading).await,
        false => consumer.live(process, reading).await,
    };
    let Err(Stop::Ends(deed)) = end else { return None };
    match deed {
        Deed::Leave(_) => {
            // What it reads ends before others may begin.
            reading.release_all(process);
            match is_classic {
                true => classic.leave(process).await,
                false => consumer.leave(process).await,
            }
        }
        Deed::Crash(time) if process.random.percent(40) => process.cut_off(time),
        _ => {}
    }
    Some(deed)
}

/// Creates the topics, and changes them as planned.
pub(super) async fn admin(plan: Rc<Plan>, shared: Shared) -> turmoil::Result {
    let cluster = cluster("admin");
    for (name, partitions) in shared.topics.iter().zip(&plan.topics) {
        create(&cluster, name, *partitions, &shared).await;
    }
    for (at, change) in &plan.changes {
        tokio::time::sleep(at.saturating_sub(now())).await;
        shared.note("admin", format_args!("{change:?}"));
        match change {
            Change::Grow(topic) => grow(&cluster, &shared, *topic).await,
            Change::Recreate(topic, pause) => {
                let Some(name) = shared.topics.get(*topic) else { continue };
                let count = partitions(&cluster, name).await;
                delete(&cluster, name, &shared).await;
                tokio::time::sleep(*pause).await;
                create(&cluster, name, count, &shared).await;
            }
        }
    }
    shared.is_changing.set(false);
    Ok(())
}

async fn partitions(cluster: &Cluster, name: &str) -> i32 {
    cluster.forget(name);
    cluster.partitions(name).await.map_or(1, |list| i32::try_from(list.len()).unwrap_or(1))
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
            Err(error) if error.is_retriable() => tokio::time::sleep(PAUSE).await,
            Err(error) => return shared.breaks("I4", format!("a topic cannot be created: {error}")),
        }
    }
    shared.note("admin", format_args!("{name} is there"));
}

async fn delete(cluster: &Cluster, name: &str, shared: &Shared) {
    let id = loop {
        if let Ok(answer) = cluster.metadata(Some(&[name])).await {
            break answer.topics.first().map_or(Uuid::ZERO, |topic| topic.topic_id);
        }
        tokio::time::sleep(PAUSE).await;
    };
    shared.ledger.borrow_mut().on_deleting(id);
    loop {
        match cluster.delete_topic(name).await {
            Ok(()) | Err(ClientError::UnknownTopic(_)) => break,
            Err(error) if error.is_retriable() => tokio::time::sleep(PAUSE).await,
            Err(error) => return shared.breaks("I4", format!("a topic cannot be deleted: {error}")),
        }
    }
    shared.note("admin", format_args!("{name} is gone"));
}

async fn grow(cluster: &Cluster, shared: &Shared, topic: usize) {
    let Some(name) = shared.topics.get(topic) else { return };
    let count = partitions(cluster, name).await + 1;
    loop {
        match cluster.create_partitions(name, count, false).await {
            Err(error) if error.is_retriable() => tokio::time::sleep(PAUSE).await,
            // A lost answer leaves open whether it was done: then it is refused the second time.
            _ => return,
        }
    }
}

/// Writes records into all partitions until members have nothing to suffer any more.
pub(super) async fn produce(plan: Rc<Plan>, shared: Shared, seed: u64) -> turmoil::Result {
    let process = Process::new("producer", 0, &shared, seed);
    let cluster = cluster("producer");
    let options = ProducerOptions { delivery_timeout: Duration::from_secs(2), ..ProducerOptions::default() };
    let producer = Producer::new(cluster.clone(), options);
    let mut waiting = Vec::new();
    while !shared.is_resting() {
        let random = &process.random;
        tokio::time::sleep(Duration::from_millis(random.between(1, plan.pause_max))).await;
        let topic = random.between(0, shared.topics.len() as u64 - 1);
        let Some(name) = usize::try_from(topic).ok().and_then(|topic| shared.topics.get(topic)) else {
            continue;
        };
        cluster.forget(name);
        let Ok(list) = cluster.partitions(name).await else { continue };
        let partition = random.between(0, (list.len() as u64).saturating_sub(1));
        let len = usize::try_from(random.between(10, plan.value_max)).unwrap_or(10);
        let record = || NewRecord {
            timestamp: wall(now()),
            key: None,
            value: Some(vec![b'.'; len].into()),
            headers: Vec::new(),
        };
        let records = (0..random.between(1, 5)).map(|_| record()).collect();
        let partition = i32::try_from(partition).unwrap_or(0);
        if let Ok(delivery) = producer.submit(name, partition, records).await {
            waiting.push(tokio::task::spawn_local(delivery));
        }
    }
    for delivery in waiting {
        // What becomes of records is the business of another scenario.
        let _ = delivery.await;
    }
    producer.close().await;
    shared.is_producing.set(false);
    Ok(())
}

/// Asks for the offsets of all groups, again and again.
pub(super) async fn audit(shared: Shared, seed: u64) -> turmoil::Result {
    let mut groups: Vec<Process> =
        (0..shared.groups).map(|group| Process::new("auditor", group, &shared, seed)).collect();
    while !shared.is_over() {
        for (group, process) in groups.iter_mut().enumerate() {
            let everything = process.random.percent(30);
            // Without an answer it is asked again.
            let _ = look(process, group, everything).await;
        }
        shared.pause(&groups[0].random).await;
    }
    Ok(())
}

/// What a group has stored, by partition.
type Offsets = BTreeMap<Key, Option<Stored>>;

/// Asks for the offsets of a group, and shows them to the ledger.
async fn look(process: &mut Process, group: usize, everything: bool) -> Result<(Known, Offsets), Stop> {
    let known = process.topics().await?;
    let wanted = known.values().map(|(id, count)| (*id, (0..*count).collect())).collect();
    let asked = process.ready().await?;
    let (code, found) = fetch_offsets(process, None, (!everything).then_some(wanted)).await?;
    let mut offsets = Offsets::new();
    if code != 0 {
        return Err(Stop::Lost);
    }
    for ((topic, partition), stored) in found {
        // A topic that is being deleted has none.
        let Ok(stored) = stored else { continue };
        let key = (group, topic, partition);
        process.shared.ledger.borrow_mut().on_read(key, asked, stored);
        offsets.insert(key, stored);
    }
    if everything {
        // What is not named has none.
        for (topic, count) in known.values() {
            for key in (0..*count).map(|partition| (group, *topic, partition)) {
                if !offsets.contains_key(&key) {
                    process.shared.ledger.borrow_mut().on_read(key, asked, None);
                }
            }
        }
    }
    Ok((known, offsets))
}

/// Waits until everybody reads and everything is committed; then the power is cut once more, and all is looked at again.
pub(super) async fn judge(plan: Rc<Plan>, shared: Shared, seed: u64) -> turmoil::Result {
    let cluster = cluster("judge");
    let mut groups: Vec<Process> =
        (0..shared.groups).map(|group| Process::new("judge", group, &shared, seed)).collect();
    tokio::time::sleep(plan.chaos).await;
    while !shared.is_quiet() {
        tokio::time::sleep(PAUSE).await;
    }
    shared.note("judge", format_args!("nobody suffers any more"));
    let deadline = now() + REST;
    loop {
        tokio::time::sleep(PAUSE).await;
        let missing = missing(&cluster, &mut groups, &shared).await;
        match missing {
            None => break,
            Some(what) if now() > deadline => {
                shared.breaks("I4", what);
                return Ok(());
            }
            Some(_) => {}
        }
    }
    shared.stage.last_cut.set(LastCut::Wanted);
    while shared.stage.last_cut.get() != LastCut::Done {
        tokio::time::sleep(PAUSE).await;
    }
    shared.note("judge", format_args!("all is looked at once more"));
    for (group, process) in groups.iter_mut().enumerate() {
        while look(process, group, false).await.is_err() {
            tokio::time::sleep(PAUSE).await;
        }
    }
    log_agrees(&cluster, &mut groups, &shared).await;
    shared.is_over.set(true);
    Ok(())
}

/// Says what is missing, of any group.
async fn missing(cluster: &Cluster, groups: &mut [Process], shared: &Shared) -> Option<String> {
    let mut ends = BTreeMap::new();
    for name in shared.topics.iter() {
        cluster.forget(name);
        let Ok(found) = cluster.offsets(name, OffsetAt::Latest).await else {
            return Some(format!("{name} has no end"));
        };
        let each =
            found.into_iter().map(|one| ((name.clone(), one.partition), one.offset.map_or(0, |o| o.0)));
        ends.extend(each);
    }
    for (group, process) in groups.iter_mut().enumerate() {
        let Ok((known, offsets)) = look(process, group, false).await else {
            return Some(format!("group {group} has no offsets"));
        };
        for ((name, partition), end) in &ends {
            let Some((topic, _)) = known.get(name) else { return Some(format!("{name} is gone")) };
            let key = (group, *topic, *partition);
            let stored = offsets.get(&key).copied().flatten();
            let missing = shared.ledger.borrow().missing(key, *end, stored, now());
            if missing.is_some() {
                return missing;
            }
        }
    }
    None
}

/// What the log of the offsets says in the end, by group, topic and partition.
type LastOffsets = BTreeMap<(String, String, i32), OffsetCommitValue>;

/// The log of the offsets, compacted or not, says what the coordinator says, and nothing of topics that are gone.
async fn log_agrees(cluster: &Cluster, groups: &mut [Process], shared: &Shared) {
    let deadline = now() + REST;
    let mut differs;
    loop {
        differs = match last_offsets(cluster).await {
            Some(last) => difference(&last, groups, shared).await,
            None => Some("its log cannot be read".to_owned()),
        };
        if differs.is_none() || now() > deadline {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    if let Some(what) = differs {
        shared.breaks("I1", format!("{OFFSETS_TOPIC}: {what}"));
    }
}

async fn last_offsets(cluster: &Cluster) -> Option<LastOffsets> {
    let mut last = LastOffsets::new();
    let ends = cluster.offsets(OFFSETS_TOPIC, OffsetAt::Latest).await.ok()?;
    for end in ends {
        let options = ConsumerOptions { max_wait: PAUSE, ..ConsumerOptions::default() };
        let mut log = LogReader::new(cluster.clone(), options);
        log.assign(OFFSETS_TOPIC, end.partition, StartAt::Beginning).await.ok()?;
        while log.position(OFFSETS_TOPIC, end.partition)? < end.offset? {
            for found in log.poll().await.ok()? {
                take_offset(&mut last, found.record.key?, found.record.value);
            }
        }
    }
    Some(last)
}

fn take_offset(last: &mut LastOffsets, key: bytes::Bytes, value: Option<bytes::Bytes>) {
    let Ok((key, kind)) = OffsetCommitKey::from_stored(key) else { return };
    if !OFFSET_KINDS.contains(&kind) {
        return;
    }
    let key = (key.group, key.topic, key.partition);
    match value.and_then(|value| OffsetCommitValue::from_stored(value).ok()) {
        Some((value, _)) => _ = last.insert(key, value),
        None => _ = last.remove(&key),
    }
}

async fn difference(last: &LastOffsets, groups: &mut [Process], shared: &Shared) -> Option<String> {
    let of_gone = last.iter().find(|(_, value)| shared.ledger.borrow().is_gone(value.topic_id));
    if let Some((key, _)) = of_gone {
        return Some(format!("{key:?} is of a topic that is gone"));
    }
    for (group, process) in groups.iter_mut().enumerate() {
        let Ok((known, offsets)) = look(process, group, false).await else {
            return Some(format!("group {group} has no offsets"));
        };
        for (name, (topic, count)) in known {
            for partition in 0..count {
                let says = offsets.get(&(group, topic, partition)).copied().flatten();
                let key = (super::group_name(group), name.clone(), partition);
                let has = last.get(&key).map(|value| value.offset);
                if says.map(|(_, offset)| offset) != has {
                    return Some(format!("{key:?} is {has:?} in the log, and {says:?} as it is told"));
                }
            }
        }
    }
    None
}
