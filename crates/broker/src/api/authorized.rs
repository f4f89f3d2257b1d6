//! Operations that a client may do, as bits, when it asks for them. Without an authorizer: all.

/// Bits of every operation on a topic: read, write, create, delete, alter, describe, describe and
/// alter configs. *Source*: Kafka's AclEntry.supportedOperations.
pub(super) const TOPIC_OPERATIONS: i32 = 3576;
/// Bits of every operation on the cluster.
pub(super) const CLUSTER_OPERATIONS: i32 = 8096;
/// Bits of every operation on a group: read, delete, describe, describe and alter configs.
pub(super) const GROUP_OPERATIONS: i32 = 3400;
/// What stands there when nobody asked.
pub(super) const NOT_ASKED: i32 = i32::MIN;

/// Returns the bits, or the mark that nobody asked.
pub(super) fn operations(asked: bool, bits: i32) -> i32 {
    if asked { bits } else { NOT_ASKED }
}
