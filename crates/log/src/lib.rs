//! The log of one partition, and the data directory that all logs of a node share.
//!
//! [`log`] is pure: it decides offsets, keeps the tail, the epochs and the producers, plans reads and
//! checkpoints, and never touches a file. [`wal`] makes what it decided durable, [`directory`] holds
//! the folders, the state journal and the recovery, [`files`] writes segments, [`pages`] those of page-cache logs, [`reader`] reads them.
//! [`compact`] keeps the latest record of each key.
//! [`repair`] is the way past damage, for a directory that nobody serves from.
//! What the bytes on disk mean is in [`layout`] (segments, state, format file) and in `wal/layout.rs`.
#![forbid(unsafe_code)]

pub mod aborted;
pub mod append;
pub mod compact;
pub mod cut;
pub mod directory;
pub mod epochs;
pub mod fault;
pub mod files;
pub mod index;
pub mod layout;
pub mod log;
pub mod pages;
pub mod producers;
pub mod read_plan;
pub mod reader;
pub mod repair;
pub mod replay;
pub mod retain;
pub mod segments;
pub mod state;
pub mod tail;
pub mod txn_index;
pub mod wal;
