//! One process of a client: its connections, and what may happen to it at any request.
//!
//! Requests to coordinators may have a connection of their own, as some clients have it. A request is noted in the ledger in the
//! moment in which it goes out: if it is kept back on its way, that is when it leaves there, long after its client has given
//! it up.

use super::line::{Line, Lost};
use super::plan::Deed;
use super::{Shared, now};
use crate::machine::BROKER;
use crate::random::SimRandom;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;
use types::Uuid;
use wire::metadata_request::{MetadataRequest, MetadataRequestTopic};
use wire::{FindCoordinatorRequest, Request};

/// Versions of what is asked of everybody.
const METADATA: i16 = 12;
const FIND_COORDINATOR: i16 = 4;
/// Of a hundred requests so many take what is due.
const CHANCE: u64 = 25;

/// Why a process does not go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Halt {
    /// It vanishes; another one begins so long afterwards.
    Vanished(Duration),
    /// Another one has its transactional id.
    Fenced,
    /// All is done.
    Over,
}

/// Why a request has no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    Lost,
    Halt(Halt),
}

impl From<Lost> for Stop {
    fn from(_: Lost) -> Stop {
        Stop::Lost
    }
}

/// What is noted when a request goes out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Note {
    Nothing,
    /// A producer is asked for.
    Init(String),
    /// A transaction gets partitions.
    Touch(usize),
    /// Parts of a transaction go out.
    Parts(usize, Vec<u64>),
    /// A transaction is to be committed, or aborted.
    End(usize, bool),
}

/// Which connection a request takes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Role {
    Data,
    Coordinator,
}

/// What metadata says of topics: id and number of partitions, by name.
pub(super) type Known = BTreeMap<String, (Uuid, i32)>;

/// What the processes of one transactional id share.
#[derive(Clone)]
pub(super) struct Fortune {
    pub(super) deeds: Rc<RefCell<VecDeque<(Duration, Deed)>>>,
    /// Another process is to begin at once.
    pub(super) is_taken_over: Rc<Cell<bool>>,
}

/// The process.
pub(super) struct Process {
    pub(super) host: String,
    pub(super) name: String,
    pub(super) shared: Shared,
    pub(super) random: SimRandom,
    pub(super) fortune: Fortune,
    /// Coordinators have a connection of their own.
    pub(super) is_split: bool,
    lines: BTreeMap<Role, Line>,
}

impl Process {
    pub(super) fn new(host: &str, life: u64, shared: &Shared, fortune: Fortune, seed: u64) -> Process {
        let random = SimRandom::new(seed ^ (life << 32));
        let is_split = random.percent(50);
        let (host, name) = (host.to_owned(), format!("{host}.{life}"));
        Process { host, name, shared: shared.clone(), random, fortune, is_split, lines: BTreeMap::new() }
    }

    pub(super) fn note(&self, what: std::fmt::Arguments<'_>) {
        self.shared.note(&self.name, what);
    }

    /// A pause before something is tried again.
    pub(super) async fn pause(&self) {
        tokio::time::sleep(Duration::from_millis(self.random.between(5, 40))).await;
    }

    /// Takes what is due; what happens to a request happens to one that changes something.
    fn due(&self, note: &Note) -> Option<Deed> {
        let mut deeds = self.fortune.deeds.borrow_mut();
        let fits = |deed| !matches!(deed, Deed::Late(_) | Deed::LoseAnswer) || *note != Note::Nothing;
        let is_due = deeds.front().is_some_and(|(at, deed)| *at <= now() && fits(*deed));
        if !is_due || !self.random.percent(CHANCE) {
            return None;
        }
        let (_, deed) = deeds.pop_front()?;
        self.note(format_args!("{deed:?}"));
        Some(deed)
    }

    fn cut_off(&self, time: Duration) {
        let host = self.host.clone();
        turmoil::partition(BROKER, host.as_str());
        tokio::task::spawn_local(async move {
            tokio::time::sleep(time).await;
            turmoil::repair(BROKER, host.as_str());
        });
    }

    /// Sends a request and waits for the answer; takes what is due.
    ///
    /// # Errors
    /// There is no answer, or the process does not go on.
    pub(super) async fn ask<R: Request + 'static>(
        &mut self,
        role: Role,
        body: R,
        version: i16,
        note: Note,
    ) -> Result<R::Response, Stop> {
        let role = if self.is_split { role } else { Role::Data };
        let mut line = self.line(role).await?;
        let deed = self.due(&note);
        match deed {
            Some(Deed::Pause(time)) if self.random.percent(50) => tokio::time::sleep(time).await,
            Some(Deed::CutOff(time)) => self.cut_off(time),
            Some(Deed::TakenOver) => self.fortune.is_taken_over.set(true),
            Some(Deed::Late(time)) => {
                self.send_late(line, body, (version, note, time));
                return Err(Stop::Lost);
            }
            _ => {}
        }
        self.shared.noted(&note);
        line.send(&body, version).await?;
        match deed {
            Some(Deed::Pause(time)) => tokio::time::sleep(time).await,
            Some(Deed::Vanish(away)) => {
                self.breathe().await;
                return Err(Stop::Halt(Halt::Vanished(away)));
            }
            Some(Deed::LoseAnswer) => {
                self.breathe().await;
                return Err(Stop::Lost);
            }
            _ => {}
        }
        let answer = line.answer::<R>(version).await?;
        self.lines.insert(role, line);
        Ok(answer)
    }

    /// What was written gets the time to leave.
    async fn breathe(&self) {
        tokio::time::sleep(Duration::from_millis(self.random.between(0, 8))).await;
    }

    /// The network keeps a request back; its client hears no more of it.
    fn send_late<R: Request + 'static>(&self, mut line: Line, body: R, how: (i16, Note, Duration)) {
        let (shared, name) = (self.shared.clone(), self.name.clone());
        tokio::task::spawn_local(async move {
            let (version, note, time) = how;
            tokio::time::sleep(time).await;
            shared.note(&name, format_args!("late: {note:?}"));
            shared.noted(&note);
            if line.send(&body, version).await.is_ok() {
                shared.ledger.borrow_mut().counts_mut().late += 1;
                // The client has gone; that is known to the broker once it has answered.
                let _ = line.answer::<R>(version).await;
            }
        });
    }

    async fn line(&mut self, role: Role) -> Result<Line, Stop> {
        if let Some(line) = self.lines.remove(&role) {
            return Ok(line);
        }
        let mut line = Line::open(&self.name).await?;
        for (key_type, key) in [(1, self.host.clone()), (0, super::GROUP.to_owned())] {
            // Whoever asks for the coordinator makes sure that there is one.
            let request = FindCoordinatorRequest {
                key_type,
                coordinator_keys: vec![key],
                ..FindCoordinatorRequest::default()
            };
            line.send(&request, FIND_COORDINATOR).await?;
            let found = line.answer::<FindCoordinatorRequest>(FIND_COORDINATOR).await?;
            if found.coordinators.first().is_none_or(|found| found.error_code != 0) {
                return Err(Stop::Lost);
            }
        }
        Ok(line)
    }

    /// Asks which topics there are.
    ///
    /// # Errors
    /// As `ask`.
    pub(super) async fn topics(&mut self) -> Result<Known, Stop> {
        let named = |name: &String| MetadataRequestTopic { topic_id: Uuid::ZERO, name: Some(name.clone()) };
        let request = MetadataRequest {
            topics: Some(self.shared.topics.iter().map(named).collect()),
            allow_auto_topic_creation: false,
            ..MetadataRequest::default()
        };
        let answer = self.ask(Role::Data, request, METADATA, Note::Nothing).await?;
        let found = answer.topics.into_iter().filter(|topic| topic.error_code == 0);
        let known = found.filter_map(|topic| {
            let count = i32::try_from(topic.partitions.len()).unwrap_or(0);
            Some((topic.name?, (topic.topic_id, count)))
        });
        Ok(known.collect())
    }
}
