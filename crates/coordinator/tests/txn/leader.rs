//! A partition of the small world: the product's own, which syncs at once; and beside it what lies in its log, to be judged by.

use coordinator::txn::{Mark, Marked, Producer};
use log::log::Log;
use partition::{
    AckToken, AppendInput, Effect, EndTxn, EndTxnInput, Leadership, Origin, Partition, ReplicaSet,
    RequiredAcks, TransactionVersion, TxnEnded, Verification, VerificationGuard,
};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use types::{
    BrokerId, ErrorCode, LeaderEpoch, LogKey, Monotonic, Now, Offset, PartitionEpoch, Sequence, WallTime,
};
use wire::record::{Batch, BatchBuilder, Codec, ControlKind};

const NOW: Now = Now { mono: Monotonic(0), wall: WallTime(1_000) };
const MAX_PRODUCERS: usize = 10;

/// What lies at an offset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stored {
    /// A batch of the transaction with this number.
    Data(Producer, u8),
    /// A mark.
    End(Producer, bool),
}

/// A batch on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batched {
    pub(crate) producer: Producer,
    pub(crate) sequence: i32,
    /// The transaction that it was made in.
    pub(crate) txn: u8,
}

/// What a partition says of a batch that comes.
pub(crate) enum Begun {
    Open,
    Ask(VerificationGuard),
    Late,
}

#[derive(Clone)]
pub(crate) struct Leader {
    partition: Partition,
    pub(crate) log: Vec<Stored>,
    /// The sum of all that has come: it tells where the partition is.
    digest: u64,
    latest: u64,
}

/// What tells two worlds apart: the partition's part is summed up.
impl std::fmt::Debug for Leader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:x}", self.log, self.digest)
    }
}

impl Leader {
    pub(crate) fn new() -> Leader {
        let me = BrokerId(1);
        let replicas = ReplicaSet::new(vec![me], vec![me], PartitionEpoch(0));
        let leadership =
            Leadership { broker: me, leader: Some(me), leader_epoch: LeaderEpoch(1), replicas, min_isr: 1 };
        let partition = Partition::new(Log::new(LogKey::default()), leadership);
        Leader { partition, log: Vec::new(), digest: 0, latest: 0 }
    }

    /// A batch comes, by a connection if its epoch does not tell what was delayed.
    pub(crate) fn begin(&mut self, batch: &Batched, connection: Option<u64>) -> Begun {
        let Batched { producer, sequence, .. } = *batch;
        let partition = &mut self.partition;
        let is_late = |connection| partition.is_late(producer.id, producer.epoch, connection);
        let begun = if connection.is_some_and(is_late) {
            Begun::Late
        } else {
            match self.partition.begin_verification(producer.id, producer.epoch, Sequence(sequence)) {
                Verification::AlreadyOpen => Begun::Open,
                Verification::Begun(guard) => Begun::Ask(guard),
            }
        };
        self.changed(("begin", batch, connection), Vec::new());
        begun
    }

    pub(crate) fn end_verification(&mut self, producer: Producer, guard: VerificationGuard) {
        self.partition.end_verification(producer.id, guard);
        self.changed(("end", producer, guard), Vec::new());
    }

    /// Appends a batch, unless it is there; says whether it may count.
    pub(crate) fn append(&mut self, batch: &Batched, guard: Option<VerificationGuard>) -> bool {
        let Batched { producer, sequence, txn } = *batch;
        let builder =
            BatchBuilder::new(Codec::None).producer(producer.id, producer.epoch, Sequence(sequence));
        let mut builder = builder.transactional(true);
        builder.push(NOW.wall, None, Some(&[txn]), &[]);
        let input = AppendInput {
            batch: Batch::from_wire(&builder.build().unwrap()).unwrap(),
            acks: RequiredAcks::All,
            origin: Origin::Client,
            max_producers: MAX_PRODUCERS,
            resume: None,
            guard,
            token: AckToken(0),
        };
        let mut effects = Vec::new();
        let end = self.partition.log().log_end();
        let appended = self.partition.append(input, NOW, &mut effects);
        if self.partition.log().log_end() > end {
            self.log.push(Stored::Data(producer, txn));
        }
        self.changed(("append", batch, guard), effects);
        appended.is_ok()
    }

    /// Writes a mark; says what its coordinator hears of it.
    pub(crate) fn end(&mut self, mark: &Mark) -> Marked {
        let end = EndTxn {
            producer_id: mark.producer.id,
            producer_epoch: mark.producer.epoch,
            kind: if mark.commit { ControlKind::Commit } else { ControlKind::Abort },
            coordinator_epoch: mark.coordinator.0,
            transaction_version: TransactionVersion(mark.protocol.level()),
        };
        let input = EndTxnInput { end, max_producers: MAX_PRODUCERS, token: AckToken(0) };
        let mut effects = Vec::new();
        let ended = self.partition.end_txn(input, NOW, &mut effects);
        if matches!(ended, Ok(TxnEnded::Written(_))) {
            self.log.push(Stored::End(mark.producer, mark.commit));
        }
        self.changed(("mark", end, ()), effects);
        match ended.map_err(|refused| refused.code()) {
            Ok(_) => Marked::Written,
            Err(ErrorCode::TransactionCoordinatorFenced) => Marked::Fenced,
            Err(_) => Marked::Again,
        }
    }

    fn changed(&mut self, input: impl std::fmt::Debug, mut effects: Vec<Effect>) {
        self.partition.on_durable(self.partition.log().change(), &mut effects);
        let latest = digest(&(input, self.log.len()));
        // What comes twice in a row changes nothing.
        if latest != self.latest {
            (self.digest, self.latest) = (digest(&(self.digest, latest)), latest);
        }
        let unended = self.fates().into_iter().position(|fate| fate.is_some_and(|(_, end)| end.is_none()));
        let stable = unended.map_or(self.partition.log().log_end(), |at| Offset(i64::try_from(at).unwrap()));
        assert_eq!(self.partition.pointers().last_stable, stable, "T3: {self:?}");
    }

    pub(crate) fn is_open(&self) -> bool {
        self.partition.log().producers().first_open().is_some()
    }

    /// Returns for each offset with a batch its transaction, and how it ended.
    pub(crate) fn fates(&self) -> Vec<Option<(u8, Option<bool>)>> {
        let end_of = |at: usize, id| {
            self.log[at..].iter().find_map(|after| match after {
                Stored::End(producer, commit) if producer.id == id => Some(*commit),
                _ => None,
            })
        };
        let fate = |(at, stored): (usize, &Stored)| match stored {
            Stored::Data(producer, txn) => Some((*txn, end_of(at, producer.id))),
            Stored::End(..) => None,
        };
        self.log.iter().enumerate().map(fate).collect()
    }
}

/// Sums up what is shown of something.
pub(crate) fn digest(of: &impl std::fmt::Debug) -> u64 {
    let mut hasher = DefaultHasher::new();
    format!("{of:?}").hash(&mut hasher);
    hasher.finish()
}
