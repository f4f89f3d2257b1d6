//! Produce requests that wait for their batches to be committed.

use super::Shard;
use super::message::{Append, AppendAnswer, AppendPart, AppendReply};
use super::router::Router;
use crate::departed::Lookup;
use log::wal::Reservation;
use partition::{AckEnd, AckToken, AppendInput, AppendRefused, Appended, Effect, Origin, RequiredAcks};
use std::collections::BTreeMap;
use std::sync::Arc;
use types::{ErrorCode, LogKey, Now, Offset, Sequence};
use wire::record::BatchHeader;

/// The waiting requests of a shard.
#[derive(Default)]
pub(super) struct Produces {
    next_token: u64,
    next_request: u64,
    tokens: BTreeMap<AckToken, Place>,
    requests: BTreeMap<u64, Request>,
}

/// Where an answer belongs.
struct Place {
    request: u64,
    slot: usize,
}

struct Request {
    answers: Vec<AppendAnswer>,
    missing: usize,
    _room: Arc<Reservation>,
    reply: AppendReply,
}

impl Produces {
    /// Returns how many requests wait.
    pub(super) fn waiting(&self) -> usize {
        self.requests.len()
    }

    /// Names a batch of this shard whose end somebody waits for.
    pub(super) fn token(&mut self) -> AckToken {
        self.next_token += 1;
        AckToken(self.next_token)
    }

    /// Fills in an answer; the request that has all of them is answered.
    pub(super) fn on_acked(&mut self, token: AckToken, end: AckEnd, router: &Router) {
        let Some(place) = self.tokens.remove(&token) else { return };
        let Some(request) = self.requests.get_mut(&place.request) else { return };
        if let Some(answer) = request.answers.get_mut(place.slot) {
            answer.code = end.code();
            if end != AckEnd::Committed {
                answer.base = Offset::NONE;
            }
        }
        request.missing -= 1;
        if request.missing == 0 {
            self.finish(place.request, router);
        }
    }

    /// Begins a request with so many parts.
    pub(super) fn begin(&mut self, parts: usize, room: Arc<Reservation>, reply: AppendReply) -> u64 {
        let request = self.next_request;
        self.next_request += 1;
        let answers = Vec::with_capacity(parts);
        self.requests.insert(request, Request { answers, missing: parts, _room: room, reply });
        request
    }

    /// Notes the next part of a request: where it was stored, which its token says the end of, or the answer.
    pub(super) fn answer(
        &mut self,
        request: u64,
        token: AckToken,
        part: Result<(Offset, Offset), AppendAnswer>,
    ) {
        let Some(waiting) = self.requests.get_mut(&request) else { return };
        match part {
            Ok((base, log_start)) => {
                let place = Place { request, slot: waiting.answers.len() };
                waiting.answers.push(AppendAnswer { code: ErrorCode::None, message: None, base, log_start });
                self.tokens.insert(token, place);
            }
            Err(answer) => {
                waiting.answers.push(answer);
                waiting.missing -= 1;
            }
        }
    }

    /// Answers a request of which nothing is missing.
    pub(super) fn finish_if_complete(&mut self, request: u64, router: &Router) {
        if self.requests.get(&request).is_some_and(|r| r.missing == 0) {
            self.finish(request, router);
        }
    }

    fn finish(&mut self, request: u64, router: &Router) {
        let Some(done) = self.requests.remove(&request) else { return };
        match done.reply {
            // The asker may have timed out; then nobody listens.
            AppendReply::Asker(reply) => _ = reply.send(done.answers),
            AppendReply::Coordinator(sent) => sent.answered(&done.answers, router),
        }
    }
}

impl Shard {
    pub(super) fn on_append(&mut self, append: Append, now: Now) {
        let reply = AppendReply::Asker(append.reply);
        let request = self.produces.begin(append.parts.len(), append.room, reply);
        for part in append.parts {
            self.append_part(request, part, append.acks, now);
        }
        drop(append.claim);
        self.produces.finish_if_complete(request, &self.router);
    }

    fn append_part(&mut self, request: u64, part: AppendPart, acks: RequiredAcks, now: Now) {
        let token = self.produces.token();
        let (key, header) = (part.key, *part.batch.header());
        let mut effects = std::mem::take(&mut self.spare_effects);
        let result = self.try_append(part, acks, (token, now), &mut effects);
        if result.is_err() {
            self.forget_refused(key, &header);
        }
        let part = result.map(|Appended { base, log_start }| (base, log_start));
        self.produces.answer(request, token, part);
        self.run_effects(key, effects);
    }

    fn try_append(
        &mut self,
        part: AppendPart,
        acks: RequiredAcks,
        (token, now): (AckToken, Now),
        effects: &mut Vec<Effect>,
    ) -> Result<Appended, AppendAnswer> {
        let resume = match self.lookup(part.key, part.batch.header(), now) {
            Lookup::Nothing => None,
            Lookup::At(point) => Some(point),
            Lookup::NotYet => return Err(AppendAnswer::refused(ErrorCode::NotLeaderOrFollower, None)),
        };
        let Some(slot) = self.partitions.get_mut(&part.key) else {
            return Err(AppendAnswer::refused(self.absent(part.key), None));
        };
        let max_producers = self.settings.max_producers;
        let origin = Origin::Client;
        let AppendPart { batch, guard, .. } = part;
        let input = AppendInput { batch, acks, origin, token, max_producers, resume, guard };
        let log_start = slot.partition.pointers().log_start;
        slot.partition.append(input, now, effects).map_err(|refused| refusal(&refused, log_start))
    }

    /// Finds out where a producer goes on that the log does not know: a namesake may have known it (P8).
    fn lookup(&self, key: LogKey, header: &BatchHeader, now: Now) -> Lookup {
        let Some(slot) = self.partitions.get(&key) else { return Lookup::Nothing };
        let begins = !header.has_producer() || header.base_sequence == Sequence(0);
        if begins || slot.partition.log().producers().get(header.producer_id).is_some() {
            return Lookup::Nothing;
        }
        let image = &self.published.image;
        let Some(topic) = image.topics().by_id(key.topic_id) else { return Lookup::Nothing };
        let partition = ((&topic.name).into(), key.partition);
        self.departed.find(header.producer_id, partition, image.offset(), now.mono)
    }

    /// A stream whose begin was refused ends the older one of its producer.
    fn forget_refused(&self, key: LogKey, header: &BatchHeader) {
        if header.has_producer() && header.base_sequence == Sequence(0) {
            let topic = self.published.image.topics().by_id(key.topic_id);
            self.departed.forget(header.producer_id, topic.map(|topic| topic.name.as_str()), key.partition);
        }
    }

    /// Returns the code for a partition that is not here: its topic was deleted, or it is elsewhere.
    pub(super) fn absent(&self, key: LogKey) -> ErrorCode {
        match self.published.image.topics().by_id(key.topic_id) {
            Some(_) => ErrorCode::NotLeaderOrFollower,
            None => ErrorCode::UnknownTopicOrPartition,
        }
    }
}

impl AppendAnswer {
    /// Makes the answer of a batch that was not stored.
    pub(crate) fn refused(code: ErrorCode, message: Option<String>) -> AppendAnswer {
        AppendAnswer { code, message, base: Offset::NONE, log_start: Offset::NONE }
    }
}

/// A client whose producer is unknown here needs the log start to tell that data is gone from an
/// answer that came too early; without it Kafka's Java client waits for ever.
fn refusal(refused: &AppendRefused, log_start: Offset) -> AppendAnswer {
    AppendAnswer { log_start, ..AppendAnswer::refused(refused.code(), Some(refused.to_string())) }
}
