//! Fetch sessions (KIP-227): a consumer names only what changed since its last fetch.
//!
//! A session keeps the partitions that are wanted, in order, with what the consumer was last told.
//! An answer of an incremental fetch holds only partitions with records, an error or moved
//! positions; those with records go to the end of the order, so that all get their turn. Bounded by
//! `max.incremental.fetch.session.cache.slots`; an idle session gives way to a new one.
//! *Source*: Kafka's FetchSession. Tests: below, and tests/wire/sessions.rs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use types::{ErrorCode, Monotonic, Uuid};
use wire::fetch_request::{FetchPartition, FetchRequest};

/// A session idle for this long gives way to a new one when all slots are taken.
const EVICT_AFTER: Duration = Duration::from_secs(120);
/// Partitions that a session may have; whoever wants more fetches without one.
const PARTITIONS_MAX: usize = 10_000;
/// Partitions that all sessions may have, for each slot.
const PARTITIONS_PER_SLOT: usize = 100;
/// Epoch of a full fetch that asks for a session.
const INITIAL: i32 = 0;
/// Epoch of a full fetch that asks for none.
const FINAL: i32 = -1;

/// All sessions of a broker.
#[derive(Debug)]
pub(crate) struct FetchSessions {
    slots: usize,
    sessions: Mutex<BTreeMap<i32, Entry>>,
}

/// A session as the table knows it: enough to bound the table without waiting for a session that is in use.
#[derive(Debug)]
struct Entry {
    session: Arc<Mutex<Session>>,
    partitions: usize,
    last_used: Monotonic,
}

/// What one session wants and was told.
#[derive(Debug)]
pub(crate) struct Session {
    epoch: i32,
    by_id: bool,
    wanted: Vec<Wanted>,
}

/// One partition of a fetch.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Topic, as the client names it.
    pub(crate) topic: WantedTopic,
    /// What is asked of the partition.
    pub(crate) partition: FetchPartition,
    told: Option<Told>,
}

/// A topic by name or by id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum WantedTopic {
    /// Before version 13.
    Name(Arc<str>),
    /// From version 13.
    Id(Uuid),
}

/// Positions that the consumer was last told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Told {
    pub(crate) high_watermark: i64,
    pub(crate) last_stable_offset: i64,
    pub(crate) log_start_offset: i64,
}

/// How one fetch relates to sessions.
#[derive(Debug)]
pub(crate) struct FetchContext {
    /// Id for the response; 0 when there is no session.
    pub(crate) session_id: i32,
    /// The partitions, in order.
    pub(crate) wanted: Vec<Wanted>,
    session: Option<Arc<Mutex<Session>>>,
    incremental: bool,
    /// Epoch of the session after this fetch.
    epoch: i32,
}

impl FetchSessions {
    /// Makes room for so many sessions.
    pub(crate) fn new(slots: usize) -> FetchSessions {
        FetchSessions { slots, sessions: Mutex::default() }
    }

    /// Returns how many sessions there are.
    pub(crate) fn count(&self) -> usize {
        lock(&self.sessions).len()
    }

    /// Finds or makes the session of a request.
    ///
    /// # Errors
    /// `FETCH_SESSION_ID_NOT_FOUND`, `INVALID_FETCH_SESSION_EPOCH`, `FETCH_SESSION_TOPIC_ID_ERROR`.
    pub(crate) fn begin(
        &self,
        request: FetchRequest,
        by_id: bool,
        now: Monotonic,
        random: impl FnOnce() -> i32,
    ) -> Result<FetchContext, ErrorCode> {
        match request.session_epoch {
            INITIAL | FINAL => Ok(self.full(request, by_id, now, random)),
            _ => self.incremental(request, by_id, now),
        }
    }

    fn full(
        &self,
        request: FetchRequest,
        by_id: bool,
        now: Monotonic,
        random: impl FnOnce() -> i32,
    ) -> FetchContext {
        let (ended, wants_session) = (request.session_id, request.session_epoch == INITIAL);
        let wanted = wanted(request, by_id);
        let mut sessions = lock(&self.sessions);
        sessions.remove(&ended);
        let fits = !wanted.is_empty() && wanted.len() <= PARTITIONS_MAX;
        if !wants_session || !fits || !self.make_room(&mut sessions, wanted.len(), now) {
            return FetchContext::without_session(wanted);
        }
        let mut id = random() & i32::MAX;
        while id == 0 || sessions.contains_key(&id) {
            id = id.wrapping_add(1) & i32::MAX;
        }
        let session = Arc::new(Mutex::new(Session { epoch: 1, by_id, wanted: wanted.clone() }));
        let entry = Entry { session: session.clone(), partitions: wanted.len(), last_used: now };
        sessions.insert(id, entry);
        FetchContext { session_id: id, wanted, session: Some(session), incremental: false, epoch: 1 }
    }

    /// Makes room for a session of so many partitions, in place of idle ones if need be.
    fn make_room(&self, sessions: &mut BTreeMap<i32, Entry>, partitions: usize, now: Monotonic) -> bool {
        let size = |sessions: &BTreeMap<i32, Entry>| -> usize {
            sessions.values().map(|entry| entry.partitions).sum()
        };
        let most = self.slots.saturating_mul(PARTITIONS_PER_SLOT).max(PARTITIONS_MAX);
        while sessions.len() >= self.slots || size(sessions) + partitions > most {
            let oldest = sessions.iter().map(|(id, entry)| (entry.last_used, *id)).min();
            match oldest {
                Some((used, id)) if now.since(used) > EVICT_AFTER => sessions.remove(&id),
                _ => return false,
            };
        }
        true
    }

    fn incremental(
        &self,
        request: FetchRequest,
        by_id: bool,
        now: Monotonic,
    ) -> Result<FetchContext, ErrorCode> {
        let id = request.session_id;
        let shared = self.find(id, now).ok_or(ErrorCode::FetchSessionIdNotFound)?;
        // The table is not locked while a session works through what changes.
        let mut session = lock(&shared);
        if session.epoch != request.session_epoch {
            return Err(ErrorCode::InvalidFetchSessionEpoch);
        }
        if session.by_id != by_id {
            return Err(ErrorCode::FetchSessionTopicIdError);
        }
        session.update(request);
        session.epoch = if session.epoch == i32::MAX { 1 } else { session.epoch + 1 };
        let (wanted, epoch) = (session.wanted.clone(), session.epoch);
        drop(session);
        self.note_size(id, &shared, wanted.len());
        if wanted.len() > PARTITIONS_MAX {
            return Err(ErrorCode::FetchSessionIdNotFound);
        }
        if wanted.is_empty() {
            return Ok(FetchContext::without_session(wanted));
        }
        Ok(FetchContext { session_id: id, wanted, session: Some(shared), incremental: true, epoch })
    }
}

impl FetchSessions {
    /// Finds a session that is about to be used.
    fn find(&self, id: i32, now: Monotonic) -> Option<Arc<Mutex<Session>>> {
        let mut sessions = lock(&self.sessions);
        let entry = sessions.get_mut(&id)?;
        entry.last_used = now;
        Some(entry.session.clone())
    }

    /// Notes how large a session is now; one without partitions, or with too many, ends.
    fn note_size(&self, id: i32, session: &Arc<Mutex<Session>>, partitions: usize) {
        let mut sessions = lock(&self.sessions);
        let Some(entry) = sessions.get_mut(&id).filter(|entry| Arc::ptr_eq(&entry.session, session)) else {
            return;
        };
        entry.partitions = partitions;
        if partitions == 0 || partitions > PARTITIONS_MAX {
            sessions.remove(&id);
        }
    }
}

impl Session {
    fn update(&mut self, mut request: FetchRequest) {
        let by_id = self.by_id;
        let mut forgotten: BTreeMap<WantedTopic, BTreeSet<i32>> = BTreeMap::new();
        for topic in std::mem::take(&mut request.forgotten_topics_data) {
            let name = topic_of(by_id, &topic.topic, topic.topic_id);
            forgotten.entry(name).or_default().extend(topic.partitions);
        }
        self.wanted.retain(|w| forgotten.get(&w.topic).is_none_or(|p| !p.contains(&w.partition.partition)));
        let place = |w: &Wanted| (w.topic.clone(), w.partition.partition);
        let mut places: BTreeMap<_, _> =
            self.wanted.iter().enumerate().map(|(at, w)| (place(w), at)).collect();
        for new in wanted(request, by_id) {
            match places.get(&place(&new)) {
                Some(at) => self.wanted[*at].partition = new.partition,
                None => {
                    places.insert(place(&new), self.wanted.len());
                    self.wanted.push(new);
                }
            }
        }
    }

    /// Notes what was told and sends partitions with records to the end. A fetch that another one
    /// of the same session has overtaken notes nothing.
    fn note(&mut self, wanted: &[Wanted], outcomes: &[Outcome], epoch: i32) {
        if self.epoch != epoch {
            return;
        }
        let (mut stay, mut moved) = (Vec::with_capacity(wanted.len()), Vec::new());
        for (wanted, outcome) in wanted.iter().zip(outcomes) {
            let noted = Wanted { told: outcome.told, ..wanted.clone() };
            if outcome.has_records { moved.push(noted) } else { stay.push(noted) }
        }
        stay.append(&mut moved);
        self.wanted = stay;
    }
}

/// What one partition of a fetch came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// The positions that are told; nothing for an error, which is told always, and again next time.
    pub(crate) told: Option<Told>,
    /// Whether there are records.
    pub(crate) has_records: bool,
}

impl FetchContext {
    fn without_session(wanted: Vec<Wanted>) -> FetchContext {
        FetchContext { session_id: 0, wanted, session: None, incremental: false, epoch: 0 }
    }

    /// Notes what is told of each wanted partition; says for each whether it belongs into the answer.
    pub(crate) fn finish(&self, outcomes: &[Outcome]) -> Vec<bool> {
        let pairs = self.wanted.iter().zip(outcomes);
        let tell =
            pairs.map(|(w, o)| !self.incremental || o.has_records || o.told.is_none() || w.told != o.told);
        let tell = tell.collect();
        if let Some(session) = &self.session {
            lock(session).note(&self.wanted, outcomes, self.epoch);
        }
        tell
    }
}

fn wanted(request: FetchRequest, by_id: bool) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for topic in request.topics {
        let name = topic_of(by_id, &topic.topic, topic.topic_id);
        wanted.extend(topic.partitions.into_iter().map(|partition| Wanted {
            topic: name.clone(),
            partition,
            told: None,
        }));
    }
    wanted
}

fn topic_of(by_id: bool, name: &str, id: Uuid) -> WantedTopic {
    if by_id { WantedTopic::Id(id) } else { WantedTopic::Name(name.into()) }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::fetch_request::{FetchTopic, ForgottenTopic};

    fn request(id: i32, epoch: i32, partitions: &[i32]) -> FetchRequest {
        let partitions =
            partitions.iter().map(|p| FetchPartition { partition: *p, ..FetchPartition::default() });
        let topic =
            FetchTopic { topic: "t".into(), partitions: partitions.collect(), ..FetchTopic::default() };
        let topics = if topic.partitions.is_empty() { vec![] } else { vec![topic] };
        FetchRequest { session_id: id, session_epoch: epoch, topics, ..FetchRequest::default() }
    }

    fn at(high_watermark: i64, has_records: bool) -> Outcome {
        let told = Some(Told { high_watermark, last_stable_offset: 0, log_start_offset: 0 });
        Outcome { told, has_records }
    }

    const ERROR: Outcome = Outcome { told: None, has_records: false };

    fn begin(sessions: &FetchSessions, request: FetchRequest) -> Result<FetchContext, ErrorCode> {
        sessions.begin(request, false, Monotonic::default(), || 7)
    }

    /// Protects: an incremental fetch names nothing and still gets what moved, and only that.
    #[test]
    fn incremental_fetch_tells_what_moved() {
        let sessions = FetchSessions::new(10);
        let first = begin(&sessions, request(0, 0, &[0, 1])).unwrap();
        assert_eq!(first.session_id, 7);
        assert_eq!(first.finish(&[at(5, false), at(5, false)]), [true, true], "a full fetch tells all");
        let second = begin(&sessions, request(7, 1, &[])).unwrap();
        assert_eq!(second.finish(&[at(5, false), at(6, false)]), [false, true], "one high watermark moved");
        for epoch in [2, 3] {
            let errors = begin(&sessions, request(7, epoch, &[])).unwrap();
            assert_eq!(
                errors.finish(&[ERROR, at(6, false)]),
                [true, false],
                "an error is told again and again"
            );
        }
    }

    /// Protects: a guessed id, a repeated epoch and another naming of topics are refused (A22).
    #[test]
    fn wrong_sessions_are_refused() {
        let sessions = FetchSessions::new(10);
        assert_eq!(begin(&sessions, request(99, 1, &[])).unwrap_err(), ErrorCode::FetchSessionIdNotFound);
        begin(&sessions, request(0, 0, &[0])).unwrap();
        assert_eq!(begin(&sessions, request(7, 5, &[])).unwrap_err(), ErrorCode::InvalidFetchSessionEpoch);
        let by_id = sessions.begin(request(7, 1, &[]), true, Monotonic::default(), || 7);
        assert_eq!(by_id.unwrap_err(), ErrorCode::FetchSessionTopicIdError);
    }

    /// Protects: a session that works through a large change holds up no other consumer.
    #[test]
    fn a_busy_session_holds_up_nobody() {
        let sessions = FetchSessions::new(10);
        let busy = begin(&sessions, request(0, 0, &[0])).unwrap().session.unwrap();
        std::thread::scope(|scope| {
            let working = lock(&busy);
            let waits = scope.spawn(|| begin(&sessions, request(7, 1, &[])).is_ok());
            let (done, others) = std::sync::mpsc::channel();
            let free = &sessions;
            scope.spawn(move || done.send(begin(free, request(0, 0, &[1])).unwrap().session_id));
            let opened = others.recv_timeout(Duration::from_secs(20));
            assert_eq!(opened, Ok(8), "another session is opened meanwhile");
            drop(working);
            assert!(waits.join().unwrap());
        });
    }

    /// Protects: a partition with records goes to the end, so that others get their turn.
    #[test]
    fn partitions_take_turns() {
        let sessions = FetchSessions::new(10);
        let first = begin(&sessions, request(0, 0, &[0, 1, 2])).unwrap();
        first.finish(&[at(1, true), at(0, false), at(0, false)]);
        let second = begin(&sessions, request(7, 1, &[])).unwrap();
        let order: Vec<i32> = second.wanted.iter().map(|w| w.partition.partition).collect();
        assert_eq!(order, [1, 2, 0]);
    }

    /// Protects: forgotten partitions go, an emptied session ends, a full table gives no session.
    #[test]
    fn sessions_end_and_are_bounded() {
        let sessions = FetchSessions::new(1);
        begin(&sessions, request(0, 0, &[0])).unwrap();
        let without = begin(&sessions, request(0, 0, &[0])).unwrap();
        assert_eq!(without.session_id, 0, "the only slot is taken and not idle");
        let forgotten =
            ForgottenTopic { topic: "t".into(), partitions: vec![0], ..ForgottenTopic::default() };
        let forget = FetchRequest { forgotten_topics_data: vec![forgotten], ..request(7, 1, &[]) };
        let ended = begin(&sessions, forget).unwrap();
        assert_eq!((ended.session_id, sessions.count()), (0, 0));
    }
}
