//! Sockets: who may connect, frames in, responses out.

pub(crate) mod connection;
pub(crate) mod listener;
