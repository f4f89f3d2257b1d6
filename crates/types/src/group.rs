//! Identities of groups and their members.

use crate::epoch::number;
use std::fmt;
use std::sync::Arc;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Returns the id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Says whether the text is empty, which names nothing.
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> $name {
                $name(text.into())
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }
    };
}

text_id! {
    /// Name of a group; `group.id` of its clients.
    GroupId
}
text_id! {
    /// Name of one member, given by the coordinator. Empty on the wire: not known yet.
    MemberId
}
text_id! {
    /// Name that a static member keeps over restarts (KIP-345).
    InstanceId
}

number! {
    /// Number of one rebalance of a classic group. `-1` on the wire: no member.
    Generation(i32)
}

impl Generation {
    /// Returns the number of the next rebalance. After the largest comes 1, so that no number of a member is negative.
    pub fn next(self) -> Generation {
        Generation(self.0.checked_add(1).unwrap_or(1))
    }
}

number! {
    /// Version of a group of the consumer protocol: of its members and topics (group epoch), of its target assignment, and of
    /// what a member has taken over (member epoch) - one count for all three (KIP-848).
    GroupEpoch(i32)
}

impl GroupEpoch {
    /// What a client says that joins.
    pub const JOINS: GroupEpoch = GroupEpoch(0);
    /// What a member says that leaves.
    pub const LEAVES: GroupEpoch = GroupEpoch(-1);
    /// What a static member says that leaves and will come back.
    pub const PAUSES: GroupEpoch = GroupEpoch(-2);

    /// Returns the epoch after the next change. After the largest comes 1, so that none says "joins" or "leaves".
    pub fn next(self) -> GroupEpoch {
        GroupEpoch(self.0.checked_add(1).unwrap_or(1))
    }
}
