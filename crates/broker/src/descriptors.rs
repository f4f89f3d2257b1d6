//! How many files and sockets this process may have open, and who gets them (reliability 5.1).
//!
//! Connections are shed before the log goes without a descriptor: they get what is left when the open
//! segments and the writer of page-cache logs have theirs and a reserve is kept for the write-ahead log, checkpoints, the runtimes and the
//! HTTP port. Tests: below, and crates/cli/tests/descriptors.rs.

/// Most segments that are held open for readers.
const SEGMENTS_MAX: u64 = 256;
/// Descriptors that an open segment may take: batches and two indexes.
const PER_SEGMENT: u64 = 3;
/// Most descriptors that the writer of page-cache logs gets.
const PAGE_FILES_MAX: u64 = 3072;
/// Most descriptors that are kept for everything else but connections.
const RESERVE_MAX: u64 = 256;

/// Who gets the descriptors of a process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Descriptors {
    /// Segments that may be held open.
    pub(crate) segments: usize,
    /// Files that the writer of page-cache logs may hold open.
    pub(crate) page_files: usize,
    /// Connections that may be open.
    pub(crate) connections: usize,
}

impl Descriptors {
    /// Shares out a limit: where it is low, a quarter each for segments and reserve, an eighth for page-cache logs.
    pub(crate) fn share(limit: u64) -> Descriptors {
        let segments = (limit / 4 / PER_SEGMENT).clamp(1, SEGMENTS_MAX);
        let reserve = (limit / 4).min(RESERVE_MAX);
        let pages = (limit / 8).min(PAGE_FILES_MAX);
        let connections = limit.saturating_sub(segments * PER_SEGMENT + pages + reserve).max(1);
        let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        Descriptors { segments: size(segments), page_files: size(pages), connections: size(connections) }
    }

    /// Says in the log when a setting allows more connections than there can be.
    pub(crate) fn warn_beyond(self, wanted: usize) {
        let most = self.connections;
        if most < wanted {
            tracing::warn!(
                "at most {most} connections instead of max.connections={wanted}: raise the limit of open files"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: whatever the limit, segments and connections leave descriptors for the log.
    #[test]
    fn connections_leave_descriptors_for_the_log() {
        for limit in [64, 256, 1_024, 4_096, 1 << 20, u64::MAX] {
            let Descriptors { segments, page_files, connections } = Descriptors::share(limit);
            let left = limit - segments as u64 * PER_SEGMENT - page_files as u64 - connections as u64;
            assert!(left >= (limit / 4).min(RESERVE_MAX), "{limit}: {left} are left");
            assert!(connections as u64 >= limit / 8 * 3 - 1, "{limit}: {connections} connections");
        }
        assert_eq!(Descriptors::share(1_024).connections, 385);
        assert!(Descriptors::share(1 << 20).connections > 16_384);
    }
}
