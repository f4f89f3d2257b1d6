//! Vocabulary of Highwater: offsets, epochs, ids, times, names and error codes.
//!
//! Every crate speaks in these types, so that an offset is never taken for an epoch and a wall
//! clock never drives a lease. Nothing here does I/O, and nothing here depends on anything of ours.

mod epoch;
mod error_code;
mod group;
mod ids;
mod mutant;
mod offset;
mod time;
mod topic;

pub use epoch::{BrokerEpoch, LeaderEpoch, MetadataOffset, PartitionEpoch};
pub use error_code::ErrorCode;
pub use group::{Generation, GroupEpoch, GroupId, InstanceId, MemberId};
pub use ids::{
    BrokerId, DirectoryId, LogKey, ParseUuidError, PartitionId, ProducerEpoch, ProducerId, Sequence, TopicId,
    Uuid,
};
pub use mutant::Mutant;
pub use offset::{Offset, OffsetRange};
pub use time::{Millis, Monotonic, Now, WallTime};
pub use topic::{MAX_TOPIC_NAME_BYTES, TopicName, TopicNameError};
