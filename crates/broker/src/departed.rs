//! What deleted partitions knew of their producers, for the partitions that take their names (P8).
//!
//! A producer that runs while its topic is deleted and made again goes on in the middle of its stream. A shard
//! leaves here where each producer of a log goes on, when it removes the log; a shard asks here when a
//! producer that a log does not know begins above sequence 0. Kept in memory only, for [`KEEP`] and up to
//! [`POINTS_MAX`]: whoever is not found is an unknown producer, which is safe at any time.
//!
//! *Invariant*: nobody is called unknown before every shard has handled the image that the asker has
//! ([`Lookup::NotYet`]): until then the old log may still be there.
//! Shared by all shards; locked for each image, and never on the way of a batch that a log can judge by itself.
//! Decided in docs/adr/2026-11-25-recreated-topics.md. Tests: here, and tests/wire/idempotence.rs.

use log::producers::ResumePoint;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use types::{MetadataOffset, Monotonic, PartitionId, ProducerId};

/// How long a point is good: longer than clients try to deliver a batch.
const KEEP: Duration = Duration::from_secs(60 * 60);

/// Most points that are kept; more are not taken in.
const POINTS_MAX: usize = 50_000;

/// A partition by the name of its topic: what a namesake shares.
pub(crate) type NamedPartition = (Arc<str>, PartitionId);

/// What is known of a producer that a log does not know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lookup {
    /// Nothing.
    Nothing,
    /// A shard has not come so far: ask again.
    NotYet,
    /// It goes on here.
    At(ResumePoint),
}

/// The points of deleted partitions.
#[derive(Debug)]
pub(crate) struct Departed {
    inner: Mutex<Inner>,
    /// Whether there is no point: spares the lock.
    is_empty: AtomicBool,
    /// Wakes who waits for a shard.
    moved: Notify,
}

#[derive(Debug)]
struct Inner {
    points: BTreeMap<(ProducerId, NamedPartition), Point>,
    /// The image that each shard has handled.
    handled: Vec<MetadataOffset>,
}

#[derive(Clone, Copy, Debug)]
struct Point {
    at: Monotonic,
    resume: ResumePoint,
}

impl Point {
    fn is_good(&self, now: Monotonic) -> bool {
        now.since(self.at) < KEEP
    }
}

impl Departed {
    /// Makes an empty one for so many shards.
    pub(crate) fn new(shards: usize) -> Departed {
        let handled = vec![MetadataOffset::default(); shards];
        Departed {
            inner: Mutex::new(Inner { points: BTreeMap::new(), handled }),
            is_empty: AtomicBool::new(true),
            moved: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what a partition that is removed knew of its producers. Points of producers that did not write
    /// in it stay as they are: it may have had a namesake before.
    pub(crate) fn leave(
        &self,
        partition: &NamedPartition,
        points: Vec<(ProducerId, Option<ResumePoint>)>,
        now: Monotonic,
    ) {
        let mut inner = self.lock();
        if inner.points.len() + points.len() > POINTS_MAX {
            inner.points.retain(|_, point| point.is_good(now));
        }
        for (id, resume) in points {
            let key = (id, partition.clone());
            inner.points.remove(&key);
            if let Some(resume) = resume.filter(|_| inner.points.len() < POINTS_MAX) {
                inner.points.insert(key, Point { at: now, resume });
            }
        }
        self.is_empty.store(inner.points.is_empty(), Ordering::SeqCst);
    }

    /// Notes that a shard has handled an image: what it removed has left its points.
    pub(crate) fn handled(&self, shard: usize, image: MetadataOffset) {
        if let Some(handled) = self.lock().handled.get_mut(shard) {
            *handled = image;
        }
        self.moved.notify_waiters();
    }

    /// Waits until every shard has handled an image: only then is there nothing left that could leave a point.
    pub(crate) async fn all_handled(&self, image: MetadataOffset) {
        let lags = || self.lock().handled.iter().any(|handled| *handled < image);
        loop {
            let moved = self.moved.notified();
            if !lags() {
                return;
            }
            moved.await;
        }
    }

    /// Finds out where a producer goes on. `image` is that of the asker.
    pub(crate) fn find(
        &self,
        id: ProducerId,
        partition: NamedPartition,
        image: MetadataOffset,
        now: Monotonic,
    ) -> Lookup {
        let inner = self.lock();
        if inner.handled.iter().any(|handled| *handled < image) {
            return Lookup::NotYet;
        }
        let point = inner.points.get(&(id, partition)).filter(|point| point.is_good(now));
        point.map_or(Lookup::Nothing, |point| Lookup::At(point.resume))
    }

    /// Forgets where a producer goes on, once [`Departed::all_handled`]: the first batch of a new stream was refused, and a
    /// later one of that stream must not be taken for the next of the old one. Without a name, in any topic.
    pub(crate) fn forget(&self, id: ProducerId, topic: Option<&str>, partition: PartitionId) {
        if self.is_empty() {
            return;
        }
        let mut inner = self.lock();
        let first = (id, (Arc::from(""), PartitionId(i32::MIN)));
        let of_producer =
            inner.points.range(first..).map(|(key, _)| key).take_while(|(known, _)| *known == id);
        let here = |(_, (name, index)): &&(ProducerId, NamedPartition)| {
            *index == partition && topic.is_none_or(|topic| topic == &**name)
        };
        let keys: Vec<_> = of_producer.filter(here).cloned().collect();
        for key in keys {
            inner.points.remove(&key);
        }
        self.is_empty.store(inner.points.is_empty(), Ordering::SeqCst);
    }

    /// Forgets where the producers of a partition's namesake go on: batches were taken back there, the first ones of new streams
    /// perhaps among them.
    pub(crate) fn forget_partition(&self, partition: &NamedPartition) {
        if self.is_empty() {
            return;
        }
        let mut inner = self.lock();
        inner.points.retain(|(_, known), _| known != partition);
        self.is_empty.store(inner.points.is_empty(), Ordering::SeqCst);
    }

    /// Says whether there is no point.
    pub(crate) fn is_empty(&self) -> bool {
        self.is_empty.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::task::{Context, Poll};
    use types::{ProducerEpoch, Sequence};

    const ID: ProducerId = ProducerId(7);
    const IMAGE: MetadataOffset = MetadataOffset(4);
    const START: Monotonic = Monotonic(0);

    fn resume(next: i32) -> ResumePoint {
        ResumePoint { epoch: ProducerEpoch(0), next: Sequence(next) }
    }

    fn one(id: ProducerId, next: i32) -> Vec<(ProducerId, Option<ResumePoint>)> {
        vec![(id, Some(resume(next)))]
    }

    fn partition(index: i32) -> NamedPartition {
        ("topic".into(), PartitionId(index))
    }

    fn departed() -> Departed {
        let departed = Departed::new(2);
        departed.handled(0, IMAGE);
        departed.handled(1, IMAGE);
        departed
    }

    /// Protects: nobody is called unknown, and no point is taken for the last word, while a shard may still hold
    /// the old log.
    #[test]
    fn a_shard_that_lags_is_waited_for() {
        let departed = Departed::new(2);
        departed.handled(0, IMAGE);
        assert_eq!(departed.find(ID, partition(0), IMAGE, START), Lookup::NotYet);
        departed.leave(&partition(0), one(ID, 5), START);
        assert_eq!(departed.find(ID, partition(0), IMAGE, START), Lookup::NotYet);
        departed.handled(1, IMAGE);
        assert_eq!(departed.find(ID, partition(0), IMAGE, START), Lookup::At(resume(5)));
        assert_eq!(departed.find(ID, partition(1), IMAGE, START), Lookup::Nothing);
    }

    /// Protects: who refuses the first batch of a stream waits until nobody can leave a point any more.
    #[test]
    fn a_refusal_waits_for_every_shard() {
        let departed = Departed::new(2);
        departed.handled(0, IMAGE);
        let mut refusal = std::pin::pin!(departed.all_handled(IMAGE));
        let mut context = Context::from_waker(std::task::Waker::noop());
        assert_eq!(refusal.as_mut().poll(&mut context), Poll::Pending);
        departed.leave(&partition(0), one(ID, 5), START);
        departed.handled(1, IMAGE);
        assert_eq!(refusal.as_mut().poll(&mut context), Poll::Ready(()));
    }

    /// Protects: a point is of no use after its time, and points are bounded: what does not fit is not taken in.
    #[test]
    fn points_are_bounded() {
        let departed = departed();
        let many = |from: i64| (0..).map(move |n| (ProducerId(from + n), Some(resume(1))));
        departed.leave(&partition(0), many(0).take(POINTS_MAX + 10).collect(), START);
        assert_eq!(departed.lock().points.len(), POINTS_MAX);
        departed.leave(&partition(0), one(ID, 9), START);
        assert_eq!(departed.find(ID, partition(0), IMAGE, START), Lookup::At(resume(9)));
        let later = START.plus(KEEP);
        assert_eq!(departed.find(ID, partition(0), IMAGE, later), Lookup::Nothing);
        departed.leave(&partition(1), one(ID, 2), later);
        assert_eq!(departed.lock().points.len(), 1, "what is past its time makes room");
    }

    /// Protects: of the namesakes of a partition the last one that knew a producer has the word, and one that did
    /// not know it has none.
    #[test]
    fn the_last_namesake_has_the_word() {
        let departed = departed();
        departed.leave(&partition(0), one(ID, 5), START);
        departed.leave(&partition(0), one(ProducerId(8), 1), START);
        assert_eq!(departed.find(ID, partition(0), IMAGE, START), Lookup::At(resume(5)));
        departed.leave(&partition(0), one(ID, 9), START);
        assert_eq!(departed.find(ID, partition(0), IMAGE, START), Lookup::At(resume(9)));
        departed.leave(&partition(0), vec![(ID, None)], START);
        assert_eq!(departed.find(ID, partition(0), IMAGE, START), Lookup::Nothing);
    }

    /// Protects: once the begin of a new stream was refused, no batch is taken for the next of the old one.
    #[test]
    fn a_new_stream_ends_the_old_one() {
        let departed = departed();
        assert!(departed.is_empty());
        departed.leave(&partition(0), [one(ID, 5), one(ProducerId(8), 6)].concat(), START);
        departed.leave(&partition(1), one(ID, 7), START);
        departed.forget(ID, Some("other"), PartitionId(0));
        assert_eq!(departed.find(ID, partition(0), IMAGE, START), Lookup::At(resume(5)));
        departed.forget(ID, Some("topic"), PartitionId(0));
        assert_eq!(departed.find(ID, partition(0), IMAGE, START), Lookup::Nothing);
        assert_eq!(departed.find(ID, partition(1), IMAGE, START), Lookup::At(resume(7)));
        assert_eq!(departed.find(ProducerId(8), partition(0), IMAGE, START), Lookup::At(resume(6)));
        departed.forget(ID, None, PartitionId(1));
        departed.forget(ProducerId(8), None, PartitionId(0));
        assert!(departed.is_empty());
    }

    /// Protects: P8: where batches were taken back for want of room, no later batch of their stream is taken for the next of an
    /// older one; other partitions keep what they know.
    #[test]
    fn a_partition_is_forgotten_when_batches_are_taken_back() {
        let departed = Departed::new(1);
        departed.handled(0, IMAGE);
        (0..2).for_each(|index| departed.leave(&partition(index), one(ID, 3), START));
        departed.forget_partition(&partition(0));
        assert_eq!(departed.find(ID, partition(0), IMAGE, START), Lookup::Nothing);
        assert_eq!(departed.find(ID, partition(1), IMAGE, START), Lookup::At(resume(3)));
        departed.forget_partition(&partition(1));
        assert!(departed.is_empty());
    }
}
