//! The format file: what a directory is, whose it is, and which version of the formats it holds.
//!
//! ```text
//! highwater-format=1
//! directory.id=<id>
//! cluster.id=<id>
//! node.id=<number>
//! crc32c=<8 hex digits over all lines above>
//! ```
//!
//! It is written last when a directory is made, so a directory with it is whole. A reader looks at the first line
//! alone before it refuses a newer version. Source: design W-10, W-14. Tests: below and `directory/tests.rs`.

use crate::layout::FORMAT_VERSION;
use types::{BrokerId, DirectoryId, Uuid};

/// What a directory is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Format {
    /// Version of the formats in it.
    pub version: u32,
    /// Its own identity, drawn when it was made.
    pub directory_id: DirectoryId,
    /// The cluster it belongs to.
    pub cluster_id: Uuid,
    /// The node it belongs to.
    pub node_id: BrokerId,
}

/// Why a format file is not understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FormatError {
    /// Written by a later version.
    #[error("format {0} is newer than the {FORMAT_VERSION} that this version knows")]
    Newer(u32),
    /// Not a format file, or a damaged one.
    #[error("the format file is damaged")]
    Damaged,
}

impl Format {
    /// Returns the text of the file.
    pub fn encode(&self) -> String {
        let text = format!(
            "highwater-format={}\ndirectory.id={}\ncluster.id={}\nnode.id={}\n",
            self.version, self.directory_id, self.cluster_id, self.node_id
        );
        let crc = crc_fast::crc32_iscsi(text.as_bytes());
        format!("{text}crc32c={crc:08x}\n")
    }

    /// Reads the text of the file.
    ///
    /// # Errors
    /// A newer version, or damage.
    pub fn decode(text: &str) -> Result<Format, FormatError> {
        let version = value(text, 0, "highwater-format").ok_or(FormatError::Damaged)?;
        if version > FORMAT_VERSION {
            return Err(FormatError::Newer(version));
        }
        let (lines, crc) = text.rsplit_once("crc32c=").ok_or(FormatError::Damaged)?;
        if crc.trim_end() != format!("{:08x}", crc_fast::crc32_iscsi(lines.as_bytes())) {
            return Err(FormatError::Damaged);
        }
        Format::fields(text, version).ok_or(FormatError::Damaged)
    }

    fn fields(text: &str, version: u32) -> Option<Format> {
        Some(Format {
            version,
            directory_id: DirectoryId(value(text, 1, "directory.id")?),
            cluster_id: value(text, 2, "cluster.id")?,
            node_id: BrokerId(value(text, 3, "node.id")?),
        })
    }
}

fn value<T: std::str::FromStr>(text: &str, line: usize, key: &str) -> Option<T> {
    text.lines().nth(line)?.strip_prefix(key)?.strip_prefix('=')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format() -> Format {
        Format {
            version: 1,
            directory_id: DirectoryId(Uuid([1; 16])),
            cluster_id: Uuid([2; 16]),
            node_id: BrokerId(3),
        }
    }

    /// Protects: a format file is read back as it was written, and a changed byte never passes.
    #[test]
    fn text_round_trips_and_damage_shows() {
        let text = format().encode();
        assert_eq!(Format::decode(&text), Ok(format()));
        for at in 0..text.len() - 1 {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(Format::decode(&changed).is_err(), "byte {at}");
        }
    }

    /// Protects: a directory of a later version is refused as such, whatever else the file says.
    #[test]
    fn newer_versions_are_named() {
        assert_eq!(Format::decode("highwater-format=7\nanything"), Err(FormatError::Newer(7)));
    }
}
