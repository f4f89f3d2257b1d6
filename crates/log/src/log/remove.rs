//! The end of a log: its topic was deleted.

use super::Log;
use crate::wal::{Frame, FrameKind};
use bytes::Bytes;

impl Log {
    /// Counts the removal of this log as its last change; returns the frame. Once that is durable,
    /// recovery forgets the log and its folder may go.
    pub fn remove(&mut self) -> Frame {
        self.frame(FrameKind::Removed, self.log_end, [Bytes::new(), Bytes::new()])
    }
}
