//! Sizes to start from: the ordinary ones, or tiny ones for tests.
//!
//! A preset lies below the file, the flags and `--set`: whatever they name wins. `tiny` alone allows
//! sizes below Kafka's minimum, so that a test sees rolls, checkpoints and recycling in a second.

/// A set of defaults.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Preset {
    /// The defaults of the table.
    #[default]
    Standard,
    /// Every size small.
    Tiny,
}

/// Least value that `tiny` allows for the sizes it relaxes. *Units*: bytes.
const TINY_LEAST: i64 = 4096;

const TINY: &[(&str, &str)] = &[
    ("log.segment.bytes", "65536"),
    ("message.max.bytes", "49152"),
    ("highwater.wal.file.bytes", "524288"),
    ("highwater.wal.first.file.bytes", "262144"),
    ("highwater.wal.checkpoint.bytes", "1048576"),
    ("highwater.wal.pool.bytes", "4194304"),
    ("highwater.disk.reserve.bytes", "1048576"),
];

impl Preset {
    /// Returns the preset of this name.
    pub(crate) fn named(name: &str) -> Option<Preset> {
        match name {
            "standard" => Some(Preset::Standard),
            "tiny" => Some(Preset::Tiny),
            _ => None,
        }
    }

    /// Lists the broker settings that it changes, with their values.
    pub(crate) fn values(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Preset::Standard => &[],
            Preset::Tiny => TINY,
        }
    }

    /// Says whether it lets this setting, of a broker or a topic, have this value whatever its bounds.
    pub(crate) fn relaxes(self, name: &str, value: i64) -> bool {
        self == Preset::Tiny
            && value >= TINY_LEAST
            && (name == "segment.bytes" || TINY.iter().any(|(relaxed, _)| *relaxed == name))
    }
}
