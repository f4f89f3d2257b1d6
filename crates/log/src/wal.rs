//! The write-ahead log of one data directory (D-3, W-1 to W-4, W-7, W-11).
//!
//! Every change of every log of a directory becomes a [`Frame`]; what waits becomes one group, which
//! is written with one call and made safe with one sync. The log is a set of zero-filled, recycled
//! files in one folder:
//!
//! - `frame`: what a frame is, `layout`: its bytes, those of a group and of a file header;
//! - `writer`: writes groups, rotates, recycles; `pool`: the files that wait to be used;
//! - `replay`: reads a directory back after a crash and tells a torn tail from damage;
//! - `salvage`: reads what is whole of a damaged log, for a repair;
//! - `service`: the thread that takes what all shards submit, and reports.
//!
//! All but the service is synchronous code over [`env::Disk`]. A folder of the log holds nothing
//! else; a file is named by its slot (`00001.wal`), and its header says which file number it has.
//! Tests are in `tests/crash_wal`.

mod damage;
mod fault;
mod frame;
mod layout;
mod options;
mod pool;
mod position;
mod pressure;
mod read;
mod replay;
mod salvage;
mod scan;
mod service;
mod stats;
mod writer;

pub use damage::{DamageReason, DroppedGroup, ReplayError, ReplayStop, WalDamage};
pub use fault::{WalCall, WalFault};
pub use frame::{Frame, FrameKind, QUORUM_KEY, UnknownFrameKind};
pub use layout::FrameError;
pub use options::{WalHome, WalOptions};
pub use position::{ParsePositionError, WalPosition};
pub use pressure::WalPressure;
pub use replay::{FrameView, ReplayEnd, replay};
pub(crate) use salvage::{Salvage, Salvaged, file_names, largest_file};
pub use service::{Freed, Reservation, WalClient, WalFull, WalGone, WalHandle, WalSink, start};
pub use stats::{GROUP_BUCKETS, WalStats};
pub use writer::{GroupWritten, WalWriter};
