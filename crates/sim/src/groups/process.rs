//! One process of a client: a connection, and what may happen to it between any two steps.
//!
//! A request goes out in two steps: `ready` lets happen what is due, makes the connection and says when the request is sent;
//! `ask` sends it and waits, and again lets happen what is due. So a pause falls before a request, which then goes out late with
//! what the process knew before, or between the request and its answer.

use super::ledger::Asked;
use super::plan::{Deed, GroupKind};
use super::{BROKER_ADDRESS, Shared, now};
use crate::machine::BROKER;
use crate::random::SimRandom;
use crate::trace::Kind;
use client::{ClientError, ClientOptions, Connection};
use env::net::Net;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;
use types::{ErrorCode, Uuid};
use wire::metadata_request::{MetadataRequest, MetadataRequestTopic};
use wire::{FindCoordinatorRequest, Request};

/// A request that is not answered within this time is given up with its connection.
const PATIENCE: Duration = Duration::from_millis(1500);

/// A pause that is due strikes elsewhere than before a commit so many times less often.
const PAUSES_ELSEWHERE: u64 = 4;

/// Why a step did not come to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    /// No answer: it is open what became of the request.
    Lost,
    /// The process ends.
    Ends(Deed),
}

/// What metadata says of topics: id and number of partitions, by name.
pub(super) type Known = BTreeMap<String, (Uuid, i32)>;

/// The process.
pub(super) struct Process {
    /// Its host.
    pub(super) host: String,
    /// The group that it asks for.
    pub(super) group: String,
    pub(super) shared: Shared,
    pub(super) random: Rc<SimRandom>,
    pub(super) deeds: VecDeque<(Duration, Deed)>,
    connection: Option<Connection>,
}

impl Process {
    pub(super) fn new(host: &str, group: usize, shared: &Shared, seed: u64) -> Process {
        Process {
            host: host.to_owned(),
            group: super::group_name(group),
            shared: shared.clone(),
            random: Rc::new(SimRandom::new(seed)),
            deeds: VecDeque::new(),
            connection: None,
        }
    }

    pub(super) fn note(&self, what: std::fmt::Arguments<'_>) {
        self.shared.stage.trace.add(Kind::Scenario, format_args!("{}: {what}", self.host));
    }

    /// Forgets the connection.
    pub(super) fn hang_up(&mut self) {
        self.connection = None;
    }

    /// Takes what is due, if it is the turn of that.
    async fn suffer(&mut self, chance: u64) -> Result<(), Stop> {
        let due = self.deeds.front().filter(|(at, _)| *at <= now());
        let Some((_, deed)) = due else { return Ok(()) };
        let is_pause = matches!(deed, Deed::Pause(_));
        if !self.random.percent(if is_pause { chance / PAUSES_ELSEWHERE } else { chance }) {
            return Ok(());
        }
        let Some((_, deed)) = self.deeds.pop_front() else { return Ok(()) };
        let suffering = &self.shared.suffering;
        suffering.set(suffering.get().saturating_sub(1));
        self.note(format_args!("{deed:?}"));
        match deed {
            Deed::Pause(time) => tokio::time::sleep(time).await,
            Deed::CutOff(time) => self.cut_off(time),
            Deed::LoseAnswer => {
                self.breathe().await;
                self.hang_up();
                return Err(Stop::Lost);
            }
            Deed::Crash(_) | Deed::Die | Deed::Leave(_) => {
                self.breathe().await;
                return Err(Stop::Ends(deed));
            }
        }
        Ok(())
    }

    /// What was written gets the time to leave.
    async fn breathe(&self) {
        tokio::time::sleep(Duration::from_millis(self.random.between(0, 8))).await;
    }

    pub(super) fn cut_off(&self, time: Duration) {
        let host = self.host.clone();
        turmoil::partition(BROKER, host.as_str());
        tokio::task::spawn_local(async move {
            tokio::time::sleep(time).await;
            turmoil::repair(BROKER, host.as_str());
        });
    }

    /// Is about to send something.
    ///
    /// # Errors
    /// `Lost` when the broker is not there; `Ends`.
    pub(super) async fn ready(&mut self) -> Result<Asked, Stop> {
        self.suffer(50).await?;
        self.connected().await
    }

    /// Is about to commit: that is where pauses strike most.
    ///
    /// # Errors
    /// As `ready`.
    pub(super) async fn ready_to_commit(&mut self) -> Result<Asked, Stop> {
        self.suffer(50 * PAUSES_ELSEWHERE).await?;
        self.connected().await
    }

    async fn connected(&mut self) -> Result<Asked, Stop> {
        if self.connection.as_ref().is_none_or(|connection| connection.end().is_some()) {
            self.connection = Some(self.connect().await?);
        }
        Ok(self.shared.ledger.borrow_mut().ask(now()))
    }

    async fn connect(&self) -> Result<Connection, Stop> {
        let options = ClientOptions {
            client_id: self.host.clone(),
            connect_timeout: Duration::from_millis(500),
            request_timeout: PATIENCE,
            ..ClientOptions::default()
        };
        let opened = Connection::open(Net::Sim, BROKER_ADDRESS, &options).await;
        let connection = opened.map_err(|_| Stop::Lost)?;
        // Whoever asks for the coordinator makes sure that there is one.
        let keys = vec![self.group.clone()];
        let request = FindCoordinatorRequest { coordinator_keys: keys, ..FindCoordinatorRequest::default() };
        let found = connection.call(&request).await.map_err(|_| Stop::Lost)?;
        match found.coordinators.first().map(|found| found.error_code) {
            Some(0) => Ok(connection),
            _ => Err(Stop::Lost),
        }
    }

    /// Sends a request that `ready` has made the way for, and waits for the answer.
    ///
    /// # Errors
    /// `Lost` without an answer; `Ends`.
    pub(super) async fn ask<R: Request>(&mut self, body: &R) -> Result<R::Response, Stop> {
        let connection = self.connection.clone().ok_or(Stop::Lost)?;
        let mut pending = match connection.start(body) {
            Ok(pending) => pending,
            Err(error) => return Err(self.failed(&error)),
        };
        drop(connection);
        if let Err(stop) = self.suffer(100).await {
            self.hang_up();
            return Err(stop);
        }
        match pending.answer().await {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn failed(&mut self, error: &ClientError) -> Stop {
        self.hang_up();
        if !error.is_retriable() {
            self.shared.ledger.borrow_mut().breaks("I4", format!("{} cannot ask: {error}", self.host));
        }
        Stop::Lost
    }

    /// Asks which topics there are.
    pub(super) async fn topics(&mut self) -> Result<Known, Stop> {
        self.ready().await?;
        let named = |name: &String| MetadataRequestTopic { topic_id: Uuid::ZERO, name: Some(name.clone()) };
        let request = MetadataRequest {
            topics: Some(self.shared.topics.iter().map(named).collect()),
            allow_auto_topic_creation: false,
            ..MetadataRequest::default()
        };
        let answer = self.ask(&request).await?;
        let found = answer.topics.into_iter().filter(|topic| topic.error_code == 0);
        let known = found.filter_map(|topic| {
            let count = i32::try_from(topic.partitions.len()).unwrap_or(0);
            Some((topic.name?, (topic.topic_id, count)))
        });
        Ok(known.collect())
    }

    /// Draws which protocol the next process speaks.
    pub(super) fn is_classic(&self, kind: GroupKind) -> bool {
        match kind {
            GroupKind::Classic => true,
            GroupKind::Consumer => false,
            GroupKind::Mixed => self.random.percent(50),
        }
    }
}

/// Says whether a code leaves open whether a commit is stored, or will be.
pub(super) fn is_open(code: i16) -> bool {
    let open = [
        ErrorCode::NotCoordinator,
        ErrorCode::CoordinatorNotAvailable,
        ErrorCode::UnknownServerError,
        ErrorCode::RequestTimedOut,
    ];
    open.iter().any(|open| open.code() == code)
}
