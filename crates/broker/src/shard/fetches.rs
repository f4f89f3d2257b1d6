//! Fetches and offset queries of a shard.

use super::Shard;
use super::message::{
    Fetch, FetchFound, FetchPart, FetchPartAnswer, FetchWake, Offsets, OffsetsPart, OffsetsPartAnswer,
};
use partition::{FetchToken, OffsetAnswer};
use std::collections::BTreeMap;
use std::sync::Arc;
use types::{ErrorCode, LogKey, Now};

/// The parked fetches of a shard.
#[derive(Default)]
pub(super) struct Fetches {
    parked: BTreeMap<FetchToken, Arc<FetchWake>>,
}

impl Fetches {
    /// Returns how many fetches wait.
    pub(super) fn waiting(&self) -> usize {
        self.parked.len()
    }

    /// Counts what became readable.
    pub(super) fn on_wake(&self, token: FetchToken, bytes: u64) {
        if let Some(wake) = self.parked.get(&token) {
            wake.count(bytes);
        }
    }
}

impl Shard {
    pub(super) fn on_fetch(&mut self, fetch: Fetch, now: Now) {
        for part in fetch.parts.iter().filter(|_| fetch.is_client) {
            if let Some(slot) = self.partitions.get_mut(&part.key) {
                slot.last_fetch = Some((part.input.offset, now.wall));
            }
        }
        if let Some(wake) = fetch.park {
            for part in &fetch.parts {
                if let Some(slot) = self.partitions.get_mut(&part.key) {
                    slot.partition.park(wake.token, part.input.isolation);
                }
            }
            self.fetches.parked.insert(wake.token, wake);
        }
        let answers = fetch.parts.iter().map(|part| self.fetch_part(part)).collect();
        let _ = fetch.reply.send(answers);
    }

    fn fetch_part(&self, part: &FetchPart) -> FetchPartAnswer {
        let Some(slot) = self.partitions.get(&part.key) else {
            return FetchPartAnswer { result: Err(ErrorCode::NotLeaderOrFollower) };
        };
        let result = slot.partition.fetch(&part.input).map_err(|refused| refused.code()).map(|answer| {
            let bound = slot.partition.bound(part.input.isolation);
            let available = slot.partition.readable_bytes(part.input.offset, bound, part.enough);
            FetchFound {
                plan: answer.plan,
                aborted: answer.aborted,
                pointers: answer.pointers,
                diverging: answer.diverging,
                available,
            }
        });
        FetchPartAnswer { result }
    }

    pub(super) fn on_unpark(&mut self, token: FetchToken, keys: &[LogKey]) {
        self.fetches.parked.remove(&token);
        for key in keys {
            if let Some(slot) = self.partitions.get_mut(key) {
                slot.partition.unpark(token);
            }
        }
    }

    pub(super) fn on_offsets(&self, query: Offsets) {
        let answers = query.parts.iter().map(|part| self.offsets_part(part)).collect();
        let _ = query.reply.send(answers);
    }

    fn offsets_part(&self, part: &OffsetsPart) -> OffsetsPartAnswer {
        let Some(slot) = self.partitions.get(&part.key) else {
            return OffsetsPartAnswer::Refused(ErrorCode::NotLeaderOrFollower);
        };
        match slot.partition.offset_for(part.query, part.from, part.isolation, part.epoch) {
            Err(refused) => OffsetsPartAnswer::Refused(refused.code()),
            Ok(OffsetAnswer::Known { offset, leader_epoch }) => {
                OffsetsPartAnswer::Known(offset, leader_epoch)
            }
            Ok(OffsetAnswer::Look(plan)) => OffsetsPartAnswer::Look(plan),
            Ok(OffsetAnswer::Nothing) => OffsetsPartAnswer::Nothing,
        }
    }
}
