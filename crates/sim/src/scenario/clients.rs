//! The producer and the consumer of a scenario: what they learn goes to the ghost at once.

use super::plan::{Batch, Plan};
use crate::clock::wall;
use crate::faults::LastCut;
use crate::ghost::{Ghost, Seen};
use crate::machine::{BROKER, Machine, PORT};
use crate::trace::{Kind, Trace};
use crate::witness::{number, value};
use client::{
    ClientError, ClientOptions, Cluster, Consumer, ConsumerOptions, Delivery, FetchedBatch, NewRecord,
    NewTopic, OffsetAt, Outcome, Producer, ProducerOptions, StartAt,
};
use env::net::Net;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use types::{ErrorCode, Offset};

/// Host of the producer.
pub(super) const PRODUCER: &str = "producer";
/// Host of the consumer.
pub(super) const CONSUMER: &str = "consumer";
const TOPIC: &str = "values";
/// Pause before something is tried again.
const PAUSE: Duration = Duration::from_millis(20);
/// Most bytes of a batch after decompression.
const CAP: usize = 1 << 20;

/// What both share with the scenario.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) ghost: Rc<RefCell<Ghost>>,
    pub(super) machine: Machine,
    pub(super) trace: Trace,
    /// The creation of the topic was acknowledged.
    pub(super) created: Rc<Cell<bool>>,
    /// The cut before all is read once more.
    pub(super) last_cut: Rc<Cell<LastCut>>,
}

impl Shared {
    fn is_done(&self, expected: usize) -> bool {
        let ghost = self.ghost.borrow();
        ghost.acked() == expected && ghost.is_all_seen()
    }

    fn breaks(&self, rule: &'static str, what: String) {
        self.ghost.borrow_mut().breaks(rule, what);
    }
}

fn cluster(name: &str) -> Cluster {
    let options = ClientOptions {
        client_id: name.to_owned(),
        connect_timeout: Duration::from_secs(1),
        request_timeout: Duration::from_secs(2),
        call_timeout: Duration::from_secs(20),
        ..ClientOptions::default()
    };
    Cluster::new(Net::Sim, &[format!("{BROKER}:{PORT}")], options)
}

/// Writes the batches of the plan and waits for all answers.
pub(super) async fn produce(plan: Rc<Plan>, shared: Shared) -> turmoil::Result {
    let cluster = cluster(PRODUCER);
    create(&cluster, &plan, &shared).await;
    let options = ProducerOptions { in_flight: plan.in_flight, ..ProducerOptions::default() };
    let producer = Producer::new(cluster, options);
    let mut next = 1;
    let mut waiting = Vec::new();
    for batch in &plan.batches {
        tokio::time::sleep(batch.pause).await;
        let numbers: Vec<u64> = (next..next + batch.records).collect();
        next += batch.records;
        let delivery = submit(&producer, batch, &numbers, &shared).await?;
        waiting.push(tokio::task::spawn_local(settle(delivery, numbers, shared.clone())));
    }
    for settled in waiting {
        settled.await?;
    }
    producer.close().await;
    Ok(())
}

/// Creates the topic; a lost answer leaves open whether it was created, so that it may exist.
async fn create(cluster: &Cluster, plan: &Plan, shared: &Shared) {
    let topic = NewTopic { name: TOPIC.to_owned(), partitions: Some(plan.partitions), ..NewTopic::default() };
    loop {
        match cluster.create_topic(&topic).await {
            Ok(_) => break,
            Err(ClientError::Refused { error, .. })
                if error.known() == Some(ErrorCode::TopicAlreadyExists) =>
            {
                break;
            }
            Err(error) if error.is_retriable() => tokio::time::sleep(PAUSE).await,
            Err(error) => return shared.breaks("R16", format!("the topic cannot be created: {error}")),
        }
    }
    shared.created.set(true);
    shared.trace.add(Kind::Scenario, format_args!("the topic exists"));
}

async fn submit(
    producer: &Producer,
    batch: &Batch,
    numbers: &[u64],
    shared: &Shared,
) -> Result<Delivery, ClientError> {
    let timestamp = wall(turmoil::sim_elapsed().unwrap_or_default());
    let record = |number: &u64| NewRecord {
        timestamp,
        key: None,
        value: Some(value(*number, batch.len)),
        headers: Vec::new(),
    };
    let records = numbers.iter().map(record).collect();
    numbers.iter().for_each(|number| shared.ghost.borrow_mut().on_sent(*number, batch.partition));
    producer.submit(TOPIC, batch.partition, records).await
}

/// Tells the ghost what became of a batch.
async fn settle(delivery: Delivery, numbers: Vec<u64>, shared: Shared) {
    let outcome = delivery.await;
    shared.trace.add(Kind::Scenario, format_args!("{numbers:?} {outcome:?}"));
    let mut ghost = shared.ghost.borrow_mut();
    for (number, index) in numbers.into_iter().zip(0..) {
        match &outcome {
            Outcome::Acked(base) => {
                let offset = (*base != Offset::NONE).then_some(base.0 + index);
                ghost.on_acked(number, offset, shared.machine.witness().is_durable(number));
            }
            Outcome::Refused(refusal) => {
                ghost.on_refused(number);
                ghost.breaks("R16", format!("value {number} was refused: {refusal}"));
            }
            Outcome::Unknown => ghost.on_unknown(number),
        }
    }
}

/// Reads along until everything that was sent has been acknowledged and seen; then the power is cut once
/// more, and all is read from the beginning.
pub(super) async fn consume(plan: Rc<Plan>, shared: Shared) -> turmoil::Result {
    let expected = plan.batches.iter().map(|batch| usize::try_from(batch.records).unwrap_or(0)).sum();
    let cluster = cluster(CONSUMER);
    let mut consumer = assigned(&cluster, &plan, &shared).await;
    while !shared.is_done(expected) {
        take(&mut consumer, &shared).await;
        ask_ends(&cluster, &shared).await;
    }
    shared.last_cut.set(LastCut::Wanted);
    while shared.last_cut.get() != LastCut::Done {
        tokio::time::sleep(PAUSE).await;
    }
    shared.trace.add(Kind::Scenario, format_args!("all is read once more"));
    let mut again = assigned(&cluster, &plan, &shared).await;
    let is_behind = |again: &Consumer| {
        let is_behind = |partition| again.position(TOPIC, partition) < consumer.position(TOPIC, partition);
        (0..plan.partitions).any(is_behind)
    };
    while is_behind(&again) && shared.ghost.borrow().check().is_ok() {
        take(&mut again, &shared).await;
    }
    Ok(())
}

/// Begins at the beginning of all partitions, as soon as there are any.
async fn assigned(cluster: &Cluster, plan: &Plan, shared: &Shared) -> Consumer {
    loop {
        let must_exist = shared.created.get();
        let options = ConsumerOptions { max_wait: Duration::from_millis(100), ..ConsumerOptions::default() };
        let mut consumer = Consumer::new(cluster.clone(), options);
        let mut is_whole = true;
        for partition in 0..plan.partitions {
            let assigned = consumer.assign(TOPIC, partition, StartAt::Beginning).await;
            if must_exist && matches!(assigned, Err(ClientError::UnknownTopic(_))) {
                shared.breaks("R10", "the topic was created and is gone".to_owned());
            }
            is_whole &= assigned.is_ok();
        }
        if is_whole {
            return consumer;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn take(consumer: &mut Consumer, shared: &Shared) {
    match consumer.poll_batches().await {
        Ok(batches) => batches.iter().for_each(|batch| show(batch, shared)),
        Err(error) if error.is_retriable() => {
            shared.trace.add(Kind::Scenario, format_args!("reading failed for now: {error}"));
            tokio::time::sleep(PAUSE).await;
        }
        Err(error) => shared.breaks("R12", format!("reading failed: {error}")),
    }
}

/// Shows a batch to the ghost.
fn show(batch: &FetchedBatch, shared: &Shared) {
    let (partition, header) = (batch.partition, batch.header);
    let records = match batch.records(CAP) {
        Ok(records) => records,
        Err(error) => return shared.breaks("R12", format!("a batch cannot be read: {error}")),
    };
    let read = records.iter().map(|record| number(record.value.as_deref()?)).collect::<Option<Vec<u64>>>();
    let Some(values) = read else {
        let base = header.base_offset;
        return shared.breaks("T1", format!("the batch at {partition}@{base} holds what nobody sent"));
    };
    let witness = shared.machine.witness();
    let seen = Seen { header, values };
    shared.ghost.borrow_mut().on_batch(partition, seen, |number| witness.is_durable(number));
}

/// Asks for the ends of all partitions; a broker that is away has none.
async fn ask_ends(cluster: &Cluster, shared: &Shared) {
    let Ok(ends) = cluster.offsets(TOPIC, OffsetAt::Latest).await else { return };
    let mut ghost = shared.ghost.borrow_mut();
    for end in ends {
        if let Some(offset) = end.offset {
            ghost.on_end(end.partition, offset.0);
        }
    }
}
