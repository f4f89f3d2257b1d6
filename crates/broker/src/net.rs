//! Sockets: who may connect, frames in, responses out.

pub(crate) mod connection;
mod frame_reader;
pub(crate) mod listener;
pub(crate) mod peer_log;
