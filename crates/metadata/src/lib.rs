//! Metadata of the cluster: records, images, controller decisions, and the quorum that agrees on them.
//!
//! Topics, brokers, settings and feature levels are [`Record`]s of one log. Applying them in order
//! gives a [`MetadataImage`]; [`controller`] turns a request and an image into further records; the
//! [`quorum`] makes those durable and agreed. All but the quorum is pure: no clock, no files, no
//! randomness, no async.

#![forbid(unsafe_code)]

mod codec;
pub mod controller;
mod delta;
pub mod image;
mod metadata;
pub mod quorum;
mod record;
mod times;

pub use codec::DecodeError;
pub use delta::MetadataDelta;
pub use image::{ApplyError, Leadership, MetadataImage};
pub use metadata::{Metadata, MetadataFault, MetadataOptions, MetadataUnavailable};
pub use record::{
    BrokerRegistration, ConfigResource, DirectoryVerdict, Endpoint, PartitionState, Record,
    RecoveredDirectory, Replica, decode_records, encode_records,
};
pub use times::{DecisionTimes, Times};
