//! Resources that have settings, as requests number them.

/// A topic.
pub(super) const TOPIC: i8 = 2;
/// A broker, or all of them.
pub(super) const BROKER: i8 = 4;
/// The loggers of a broker; there are none whose levels can be read or changed.
pub(super) const BROKER_LOGGER: i8 = 8;
/// A subscription to client metrics; there are none yet.
pub(super) const CLIENT_METRICS: i8 = 16;
/// A group.
pub(super) const GROUP: i8 = 32;
