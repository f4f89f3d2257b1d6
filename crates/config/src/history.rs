//! Settings of the history of offsets: whether there is one, and what its topic is created with. Tests: below.

use crate::error::ConfigError;
use crate::sources::Sources;
use types::Millis;

/// Segments of the history are so much smaller than what is kept, so that it goes in steps.
const SEGMENTS: u64 = 4;
/// Smallest and largest segment of the history. *Units*: bytes.
const SEGMENT_BYTES: (u64, u64) = (65_536, 16_777_216);
/// Longest time that a segment of the history grows. *Units*: ms.
const SEGMENT_MS: i64 = 86_400_000;

/// The history of offsets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HistoryConfig {
    /// Whether commits are noted.
    pub enabled: bool,
    /// How long notes are kept, as the topic is created.
    pub retention: Millis,
    /// What a partition keeps, as the topic is created. *Units*: bytes.
    pub retention_bytes: u64,
}

impl HistoryConfig {
    pub(crate) fn of(settings: &Sources) -> Result<HistoryConfig, ConfigError> {
        Ok(HistoryConfig {
            enabled: settings.boolean("highwater.offset.history.enable")?,
            retention: Millis(settings.number("highwater.offset.history.retention.ms")?),
            retention_bytes: settings.size("highwater.offset.history.retention.bytes")?,
        })
    }

    /// Returns the settings that the topic is created with: it is deleted by time and size.
    pub fn topic_settings(&self) -> Vec<(String, Option<String>)> {
        let segment_bytes = (self.retention_bytes / SEGMENTS).clamp(SEGMENT_BYTES.0, SEGMENT_BYTES.1);
        let segment_ms = (self.retention.0 / 4).clamp(1, SEGMENT_MS);
        let all = [
            ("cleanup.policy", "delete".to_owned()),
            ("compression.type", "producer".to_owned()),
            ("retention.ms", self.retention.0.to_string()),
            ("retention.bytes", self.retention_bytes.to_string()),
            ("segment.bytes", segment_bytes.to_string()),
            ("segment.ms", segment_ms.to_string()),
        ];
        all.map(|(name, value)| (name.to_owned(), Some(value))).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: the topic of the history keeps what is set, in segments that are so small that it goes in steps.
    #[test]
    fn segments_are_a_part_of_what_is_kept() {
        let shown = |retention, retention_bytes| {
            let config = HistoryConfig { enabled: true, retention: Millis(retention), retention_bytes };
            let settings = config.topic_settings();
            let value = |name| settings.iter().find(|(n, _)| n == name).unwrap().1.clone().unwrap();
            ["retention.ms", "retention.bytes", "segment.ms", "segment.bytes"].map(value).join(" ")
        };
        assert_eq!(shown(604_800_000, 16_777_216), "604800000 16777216 86400000 4194304");
        assert_eq!(shown(1, 65_536), "1 65536 1 65536");
    }
}
