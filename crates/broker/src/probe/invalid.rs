//! Batches that are no batches, by what is wrong with them, as Kafka's BrokerTopicMetrics tell it: for all topics together.
//!
//! Kafka counts what its LogValidator finds; here it is what `wire` refuses. Tests: below, tests/storage/metrics.rs.

use super::Counter;
use wire::record::{BatchError, HeaderError, RecordDefect};

/// What is wrong with a batch, where Kafka has a metric for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Invalid {
    /// Its checksum.
    Crc,
    /// Its magic number.
    Magic,
    /// Its offsets, its count or its sequence.
    Order,
}

impl Invalid {
    /// Returns what is wrong; nothing where Kafka has no metric.
    pub(crate) fn of(error: &BatchError) -> Option<Invalid> {
        match error {
            BatchError::Crc { .. } => Some(Invalid::Crc),
            BatchError::Header(HeaderError::Magic(_)) => Some(Invalid::Magic),
            BatchError::BaseOffset(_)
            | BatchError::Count { .. }
            | BatchError::Control
            | BatchError::Producer { .. }
            | BatchError::Record { defect: RecordDefect::OffsetDelta(_), .. } => Some(Invalid::Order),
            _ => None,
        }
    }
}

/// The counters.
#[derive(Default, Debug)]
pub(super) struct InvalidProbes {
    pub(super) crc: Counter,
    pub(super) magic: Counter,
    pub(super) order: Counter,
}

impl InvalidProbes {
    pub(super) fn count(&self, invalid: Invalid) {
        match invalid {
            Invalid::Crc => self.crc.inc(),
            Invalid::Magic => self.magic.inc(),
            Invalid::Order => self.order.inc(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: what Kafka has a metric for is told apart, and everything else is in none of them.
    #[test]
    fn what_is_wrong_is_told_apart() {
        let offset = BatchError::Record { index: 1, defect: RecordDefect::OffsetDelta(3) };
        let length = BatchError::Record { index: 1, defect: RecordDefect::Length };
        let count = BatchError::Count { count: 1, last_offset_delta: 3 };
        let of = [
            (BatchError::Crc { stored: 1, computed: 2 }, Some(Invalid::Crc)),
            (BatchError::Header(HeaderError::Magic(1)), Some(Invalid::Magic)),
            (offset, Some(Invalid::Order)),
            (count, Some(Invalid::Order)),
            (length, None),
            (BatchError::NoBatch, None),
            (BatchError::TooLarge { size: 2, max: 1 }, None),
        ];
        for (error, invalid) in of {
            assert_eq!(Invalid::of(&error), invalid, "{error}");
        }
    }
}
