//! Writing page-cache logs (W-16): one thread per directory takes what waits from all of them.
//!
//! `writer.rs` is the writer without a thread, `service.rs` the thread and what the shards hold of it. What is to be
//! written comes from [`crate::log::Log::hand_over`]; nothing is synced here but the cut of a file for want of room: who
//! syncs takes the [`Dirty`] files away and does it on a thread of its own.
//! Source: docs/adr/2026-11-25-page-cache-topics.md. Tests: `pages/service/tests.rs`, `tests/crash_pages.rs`.

mod service;
mod writer;

pub use service::{PageClient, PageHandle, PageLimits, PageSink, start};
pub use writer::{Dirty, PageWriter};
