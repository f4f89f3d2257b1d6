//! Coordinators: state machines whose records lie in internal topics.
//!
//! Pure: an input is a call with `now`, its outputs are [`Effect`]s. What must survive is a record first: an operation
//! is decided on what has been committed, its records go out as one batch, and only their commit changes the state and
//! lets the reply go (D-10). So replaying the topic gives the same state as having lived through it. Tests: beside
//! each module, and tests/.

pub mod assign;
mod classic;
mod consumer;
mod facts;
mod group;
mod groups;
mod held;
mod note;
mod offsets;
mod pending;
mod record;
mod request;
mod timers;
pub mod txn;
mod why;

pub use consumer::HeartbeatAnswer;
pub use facts::{Facts, GroupOffset, MemberFacts, Owes, PendingOffset, SHOWN_MAX};
pub use groups::{Counts, Due, Groups};
pub use note::{Before, Note, NotedTxn, Who};
pub use record::{ConsumerRecord, GroupRecord, RecordFault};
pub use request::{
    Answer, Caller, Commit, CommitOffset, ConsumerDescription, ConsumerMemberDescription, ConsumerTimes,
    Description, Effect, Event, FetchedOffset, InTxn, Listed, Logged, MemberDescription, Migration, Reason,
    Request, Settings, Token, Topics, TxnCommit,
};
pub use why::{Finding, PartitionFacts, Presence, Subject, why};
