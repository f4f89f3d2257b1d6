//! Compaction on the directory's thread: one log at a time, one step at a time, after everything else that is due.
//!
//! When nothing is under way the shards are asked, every `log.cleaner.backoff.ms`, which log is due; the dirtiest is
//! compacted. Each new segment goes to its log at once; a checkpoint, which makes it count, is asked for at the end and on the way. Between two
//! turns there is a pause: as long as the turn took, and as long as `log.cleaner.io.max.bytes.per.second` asks for. A log that cannot be
//! compacted is left alone for a while. Nothing is compacted while something waits for room on the disk.
//! Source: `LogCleaner.CleanerThread` of Kafka 4.3.1. Tests: tests/wire/compaction.rs.

use super::{JobFault, Jobs};
use crate::shard::compaction::{CompactMessage, Survey};
use crate::shard::message::ShardMessage;
use config::CleanerConfig;
use log::directory::{CompactEnd, CompactLimits, CompactStep, Compaction};
use log::log::Replacement;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;
use types::LogKey;

/// Bytes that are read in one turn. *Units*: bytes.
const STEP_BYTES: u64 = 1 << 20;
/// The same, where there is one turn between two checkpoints. *Units*: bytes.
const STEP_BYTES_UNDER_LOAD: u64 = 8 << 20;
/// Bytes of old segments that wait for a checkpoint at most. *Units*: bytes.
const CHECKPOINT_BYTES: u64 = 256 << 20;
/// Shortest pause between two steps.
const STEP_PAUSE: Duration = Duration::from_millis(1);
/// How long a log is left alone that could not be compacted.
const HOLD_OFF: Duration = Duration::from_secs(300);

/// What is compacted, and when it goes on.
pub(crate) struct Compactor {
    running: Option<Running>,
    /// When there is something to do: a step, or a look at the logs.
    at: Instant,
    cleaner: CleanerConfig,
    /// Logs that are left alone, until when.
    held_off: BTreeMap<LogKey, Instant>,
    /// Most memory for keys, whatever is set. *Units*: bytes.
    memory_max: u64,
    /// Whether a checkpoint was taken since the last turn: the next turn comes before another one.
    pub(super) is_passed_over: bool,
}

struct Running {
    compaction: Box<Compaction>,
    began: Instant,
    /// Bytes of old segments since a checkpoint was asked for.
    waiting_bytes: u64,
}

impl Compactor {
    /// Begins with nothing under way.
    pub(crate) fn new(cleaner: CleanerConfig, memory_max: u64) -> Compactor {
        let (running, held_off) = (None, BTreeMap::new());
        let at = Instant::now() + cleaner.backoff_ms.duration();
        Compactor { running, at, cleaner, held_off, memory_max, is_passed_over: false }
    }

    /// Returns when there is something to do, nothing for never.
    pub(super) fn at(&self) -> Option<Instant> {
        self.cleaner.enabled.then_some(self.at)
    }

    fn limits(&self, secret: [u8; 16]) -> CompactLimits {
        let map_bytes = self.cleaner.dedupe_buffer_bytes.min(self.memory_max);
        CompactLimits { map_bytes, load: f64::from(self.cleaner.load_millionths) / 1e6, secret }
    }

    fn later(&mut self) {
        self.at = Instant::now() + self.cleaner.backoff_ms.duration().max(STEP_PAUSE);
    }

    /// Says how long nothing is done after a step. What it read it has written at most.
    fn pause(&self, bytes: u64, took: Duration) -> Duration {
        let per_second = self.cleaner.io_max_bytes_per_second.max(1);
        let micros = bytes.saturating_mul(2).saturating_mul(1_000_000) / per_second;
        took.max(Duration::from_micros(micros)).max(STEP_PAUSE)
    }
}

impl Jobs {
    /// Goes on with the compaction under way, or looks for one.
    pub(super) async fn compact(&mut self) -> Result<(), JobFault> {
        let budget = match std::mem::take(&mut self.compactor.is_passed_over) {
            true => STEP_BYTES_UNDER_LOAD,
            false => STEP_BYTES,
        };
        if self.compactor.running.is_none() {
            return self.look().await;
        }
        let (began, mut done) = (Instant::now(), 0);
        while let Some(running) = self.compactor.running.take() {
            done += self.step(running).await?;
            if done >= budget {
                break;
            }
        }
        let pause = self.compactor.pause(done, began.elapsed());
        self.compactor.at = self.compactor.at.max(Instant::now() + pause);
        Ok(())
    }

    /// Takes one step; returns the bytes that it has read, or about so many.
    async fn step(&mut self, mut running: Running) -> Result<u64, JobFault> {
        let step = self.directory.step_compaction(&mut running.compaction, STEP_BYTES)?;
        let key = running.compaction.key();
        let mut bytes = 0;
        match step {
            CompactStep::More(read) => {
                bytes = read;
                self.compactor.running = Some(running);
            }
            CompactStep::Made(made) => {
                bytes = made.old.iter().map(|segment| segment.bytes).sum();
                self.hand_over(made, running).await?;
            }
            CompactStep::Ended(end) => self.ended(key, end, running.began.elapsed()),
            CompactStep::GivenUp(reason) => {
                tracing::error!(%key, reason, "a log is not compacted now");
                self.hold_off(key, HOLD_OFF);
            }
        }
        Ok(bytes)
    }

    /// Gives a new segment to its log; asks for the checkpoint that makes it count once that frees enough.
    async fn hand_over(&mut self, made: Box<Replacement>, mut running: Running) -> Result<(), JobFault> {
        let (key, base) = (made.key, made.new.base);
        running.waiting_bytes += made.old.iter().map(|segment| segment.bytes).sum::<u64>();
        let (reply, answer) = oneshot::channel();
        self.tell_owner(key, CompactMessage::Made { made, reply });
        if answer.await.unwrap_or(false) {
            if running.waiting_bytes >= CHECKPOINT_BYTES {
                self.todo.asked = true;
                running.waiting_bytes = 0;
            }
            self.compactor.running = Some(running);
            return Ok(());
        }
        self.directory.abandon_compaction(&mut running.compaction)?;
        self.directory.drop_swaps(key, &[base])?;
        self.compactor.later();
        Ok(())
    }

    fn ended(&mut self, key: LogKey, end: CompactEnd, took: Duration) {
        self.tell_owner(key, CompactMessage::Ended { key, cleaned: end.cleaned });
        self.todo.asked = true;
        let (read, kept, gone) = (end.stats.bytes_read, end.stats.bytes_kept, end.stats.records_gone);
        tracing::info!(%key, read, kept, gone, ms = took.as_millis(), "a log was compacted");
        if end.stats.unreadable > 0 {
            let batches = end.stats.unreadable;
            tracing::warn!(%key, batches, "batches that decompress to more than the limit are kept as they are");
        }
        self.probes.cleaner.ended(&end, took);
        // There may be another one.
        self.compactor.at = Instant::now();
    }

    fn hold_off(&mut self, key: LogKey, time: Duration) {
        self.compactor.held_off.insert(key, Instant::now() + time);
        self.compactor.later();
    }

    /// Asks the shards which log is due, and begins.
    async fn look(&mut self) -> Result<(), JobFault> {
        let now = Instant::now();
        self.compactor.held_off.retain(|_, until| *until > now);
        let survey = self.survey().await?;
        self.compactor.cleaner = survey.cleaner;
        self.probes.cleaner.looked(&survey, self.compactor.held_off.len());
        self.compactor.later();
        let Some((_, plan)) = survey.best else { return Ok(()) };
        let mut secret = [0; 16];
        self.random.fill(&mut secret);
        let (key, limits) = (plan.key, self.compactor.limits(secret));
        match self.directory.begin_compaction(*plan, &limits)? {
            Some(compaction) => {
                self.compactor.running =
                    Some(Running { compaction: Box::new(compaction), began: now, waiting_bytes: 0 });
                self.compactor.at = now;
            }
            // Its producers' file is not settled yet.
            None => self.hold_off(key, survey.cleaner.backoff_ms.duration()),
        }
        Ok(())
    }

    async fn survey(&self) -> Result<Survey, JobFault> {
        let mut replies = Vec::new();
        for shard in 0..self.router.len() {
            let (reply, answer) = oneshot::channel();
            let skip = self.compactor.held_off.keys().copied().collect();
            self.router.send(shard, ShardMessage::Compact(CompactMessage::Survey { skip, reply }));
            replies.push(answer);
        }
        let mut all = Survey { cleaner: self.compactor.cleaner, ..Survey::default() };
        for reply in replies {
            all.join(reply.await.map_err(|_| JobFault::Stopped)?);
        }
        Ok(all)
    }

    pub(super) fn tell_owner(&self, key: LogKey, message: CompactMessage) {
        self.router.send_to_owner(&key, ShardMessage::Compact(message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use log::compact::KeyMap;
    use types::{Millis, Offset};

    fn compactor(change: impl FnOnce(&mut CleanerConfig)) -> Compactor {
        let mut cleaner = CleanerConfig::default();
        change(&mut cleaner);
        Compactor::new(cleaner, 1 << 20)
    }

    /// Protects: `log.cleaner.enable` and `log.cleaner.backoff.ms`: whether the logs are looked at, and when.
    #[test]
    fn whether_and_when_logs_are_looked_at() {
        assert_eq!(compactor(|cleaner| cleaner.enabled = false).at(), None);
        let now = Instant::now();
        let after = |ms| compactor(|cleaner| cleaner.backoff_ms = Millis(ms)).at().unwrap() - now;
        assert!(after(60_000) >= Duration::from_mins(1) && after(0) < Duration::from_mins(1));
    }

    /// Protects: `log.cleaner.io.max.bytes.per.second`: a step is followed by a pause that keeps to it, and never by none.
    #[test]
    fn the_pace_is_as_set() {
        let slow = compactor(|cleaner| cleaner.io_max_bytes_per_second = 1_000_000);
        assert_eq!(slow.pause(2_000_000, Duration::from_millis(3)), Duration::from_secs(4));
        let fast = compactor(|_| {});
        assert_eq!(fast.pause(2_000_000, Duration::from_millis(3)), Duration::from_millis(3));
        assert_eq!(fast.pause(2_000_000, Duration::ZERO), STEP_PAUSE);
        assert!(
            compactor(|cleaner| cleaner.io_max_bytes_per_second = 0).pause(1, Duration::ZERO) > STEP_PAUSE
        );
    }

    /// Protects: W-17: `log.cleaner.dedupe.buffer.size` and `log.cleaner.io.buffer.load.factor` bound the keys of a compaction, and so
    /// does the memory of the broker.
    #[test]
    fn memory_for_keys_is_as_set() {
        let keys = |compactor: &Compactor| {
            let limits = compactor.limits([1; 16]);
            let mut map = KeyMap::new(limits.secret, 1 << 30, limits.map_bytes, limits.load);
            (0_u32..).take_while(|key| map.put(&key.to_be_bytes(), Offset(0))).count()
        };
        let sized = |bytes, load| {
            keys(&compactor(|cleaner| {
                (cleaner.dedupe_buffer_bytes, cleaner.load_millionths) = (bytes, load);
            }))
        };
        assert_eq!(
            (sized(24_000, 900_000), sized(48_000, 900_000), sized(24_000, 500_000)),
            (900, 1800, 500)
        );
        assert_eq!(sized(1 << 30, 900_000), (1 << 20) / 24 * 900 / 1000, "the broker's memory");
    }
}
