//! Room for what coordinators write: in memory (W-17) and in the write-ahead log (W-7).
//!
//! A full disk that refuses produce does not refuse it (W-12), but the notes that go with it, which may be lost.
//! Mostly there is room, and it is taken at once; where there is none, a job waits for it ([`crate::groups`]).
//! Tests: below, tests/storage/full_disk.rs.

use crate::history::Notes;
use crate::probe::Probes;
use crate::space::Space;
use crate::unwritten::{Claim, Unwritten};
use bytes::Bytes;
use config::WalConfig;
use futures_util::FutureExt as _;
use log::wal::{Reservation, WalHandle};
use std::sync::Arc;
use types::ErrorCode;
use wire::record::Batch;

/// A request, or a batch of a coordinator, may fill so many eighths of the write-ahead log: that much is always free below the half at
/// which a checkpoint begins, so that none waits for ever.
pub(crate) const WAL_EIGHTHS: u64 = 3;
/// What a file of the write-ahead log needs beside the largest batch, generously (W-4).
const FILE_OVERHEAD: u64 = 16 << 10;
/// What one batch costs in the write-ahead log beside its bytes, at most.
pub(crate) const FRAME_OVERHEAD: u64 = 128;

/// Returns the largest batch that a coordinator may write: each is written into one file of the write-ahead log. *Units*: bytes.
pub(crate) fn batch_max(wal: &WalConfig) -> u64 {
    wal.file_bytes.saturating_sub(FILE_OVERHEAD)
}

/// Where room is taken.
#[derive(Clone)]
pub(crate) struct Rooms {
    wal: WalHandle,
    unwritten: Arc<Unwritten>,
    space: Arc<Space>,
    probes: Arc<Probes>,
    batch_max: u64,
}

/// A batch of a coordinator that needs room.
pub(crate) struct NeedsRoom {
    batch: Batch,
    notes: Option<Notes>,
    bytes: u64,
}

/// A batch of a coordinator, and the room that it may take.
pub(crate) struct HasRoom {
    /// The batch.
    pub(crate) batch: Batch,
    /// Its notes.
    pub(crate) notes: Option<Notes>,
    /// Room for them.
    pub(crate) room: Room,
}

/// Room that was taken.
pub(crate) struct Room {
    /// In memory; given back when the log has taken the batch over.
    pub(crate) claim: Claim,
    /// In the write-ahead log; given back when it is durable.
    pub(crate) reservation: Reservation,
}

impl Rooms {
    /// Makes the door to the room that there is.
    pub(crate) fn new(
        wal: &WalHandle,
        unwritten: &Arc<Unwritten>,
        space: &Arc<Space>,
        probes: &Arc<Probes>,
        config: &WalConfig,
    ) -> Rooms {
        let (wal, unwritten, space) = (wal.clone(), unwritten.clone(), space.clone());
        Rooms { wal, unwritten, space, probes: probes.clone(), batch_max: batch_max(config) }
    }

    /// Returns the largest batch that a coordinator may write. *Units*: bytes.
    pub(crate) fn batch_max(&self) -> u64 {
        self.batch_max
    }

    /// Says what a batch needs, and leaves its notes out where there is no room for them.
    ///
    /// # Errors
    /// It never fits.
    pub(crate) fn need(&self, batch: &Bytes, notes: Option<Notes>) -> Result<Box<NeedsRoom>, ErrorCode> {
        let batch = Batch::from_wire(batch).map_err(|_| ErrorCode::UnknownServerError)?;
        let bytes = batch.size() as u64;
        if bytes > self.most().min(self.batch_max) {
            return Err(ErrorCode::MessageTooLarge);
        }
        let notes = notes.filter(|notes| self.has_room_for_notes(notes, bytes));
        let bytes = bytes + notes.as_ref().map_or(0, |notes| notes.bytes() + FRAME_OVERHEAD);
        Ok(Box::new(NeedsRoom { batch, notes, bytes }))
    }

    /// Takes room for a batch, if there is some.
    ///
    /// # Errors
    /// There is none: the batch is handed back.
    pub(crate) fn take_now(&self, needs: Box<NeedsRoom>) -> Result<HasRoom, Box<NeedsRoom>> {
        match self.room_now(needs.bytes) {
            Some(room) => Ok(needs.with(room)),
            None => Err(needs),
        }
    }

    /// Takes room for a batch as soon as there is some.
    pub(crate) async fn take(&self, needs: NeedsRoom) -> HasRoom {
        let room = self.room(needs.bytes).await;
        needs.with(room)
    }

    /// Takes room for notes that come alone; on a full disk there is none for them.
    pub(crate) async fn take_for_notes(&self, notes: &Notes) -> Option<Room> {
        match self.has_room_for_notes(notes, 0) {
            true => Some(self.room(notes.bytes()).await),
            false => None,
        }
    }

    /// Takes room for so many bytes, if there is some.
    pub(crate) fn room_now(&self, bytes: u64) -> Option<Room> {
        self.room(bytes).now_or_never()
    }

    fn has_room_for_notes(&self, notes: &Notes, beside: u64) -> bool {
        let fits = !self.space.is_short() && beside + notes.bytes() + FRAME_OVERHEAD <= self.most();
        if !fits {
            self.probes.history.missed(notes.count);
        }
        fits
    }

    fn most(&self) -> u64 {
        self.wal.stats().capacity_bytes() / 8 * WAL_EIGHTHS
    }

    /// Takes room for so many bytes as soon as there is some. *Cancel safety*: dropping the future takes nothing.
    pub(crate) async fn room(&self, bytes: u64) -> Room {
        let claim = self.unwritten.admit(bytes).await;
        let reservation = self.wal.reserve_later(bytes + FRAME_OVERHEAD).await;
        self.space.take(bytes);
        Room { claim, reservation }
    }
}

impl NeedsRoom {
    fn with(self, room: Room) -> HasRoom {
        HasRoom { batch: self.batch, notes: self.notes, room }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use env::Env;
    use env::crash::CrashDisk;
    use log::directory::{Directory, DirectoryOptions};
    use log::wal::WalOptions;
    use std::path::Path;
    use types::{BrokerId, WallTime};
    use wire::record::{BatchBuilder, Codec};

    const BUDGET: u64 = 1 << 10;

    fn rooms() -> Rooms {
        let env = Env { disk: Arc::new(CrashDisk::new()), ..Env::real() };
        let wal = WalOptions { first_file_bytes: 64 << 10, file_bytes: 64 << 10, ..WalOptions::tiny() };
        let options = DirectoryOptions { wal, ..DirectoryOptions::default() };
        let opened = Directory::open(&env, Path::new("/data"), BrokerId(1), &options).unwrap();
        let wal = log::wal::start(&*env.spawn, env.clock, opened.wal);
        let (unwritten, probes) = (Unwritten::new(BUDGET), Arc::new(Probes::new([])));
        let broker = config::BrokerConfig::tiny(Path::new("/data")).unwrap();
        Rooms::new(&wal, &unwritten, &Arc::default(), &probes, &broker.storage.wal)
    }

    fn batch(bytes: usize) -> Bytes {
        let mut batch = BatchBuilder::new(Codec::None);
        batch.push(WallTime(1), None, Some(&vec![0; bytes]), &[]);
        batch.build().unwrap()
    }

    /// Protects: W-7, W-17: where there is no room a batch is handed back whole and holds nothing; it gets its room when there is some.
    #[tokio::test]
    async fn who_finds_no_room_holds_none() {
        let rooms = rooms();
        let others = (rooms.room(BUDGET / 2).await, rooms.room(BUDGET / 8).await);
        let large = rooms.need(&batch(600), None).unwrap();
        let Err(large) = rooms.take_now(large) else { panic!("there is no room") };
        let small = rooms.need(&batch(100), None).unwrap();
        let Ok(small) = rooms.take_now(small) else { panic!("nothing is held for the large one") };
        let mut later = std::pin::pin!(rooms.take(*large));
        assert!(futures_util::poll!(&mut later).is_pending());
        drop((others, small.room));
        assert_eq!(later.await.batch.to_bytes(), batch(600));
        assert_eq!(rooms.need(&batch(2 << 20), None).err(), Some(ErrorCode::MessageTooLarge));
    }
}
