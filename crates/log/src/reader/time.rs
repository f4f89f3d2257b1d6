//! Finding a record by its time.

use super::ReadDefect;
use super::ReadFault;
use super::cache::OpenSegment;
use super::locate::{offset_start, or_io, time_start};
use super::scan::{Scan, damage};
use crate::index::walk_heads;
use crate::read_plan::TimeRead;
use types::{LeaderEpoch, Offset, WallTime};
use wire::record::find_timestamp;

/// A record found by its time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FoundTime {
    /// Its offset.
    pub offset: Offset,
    /// Its time.
    pub timestamp: WallTime,
    /// The leader epoch of its batch.
    pub leader_epoch: LeaderEpoch,
}

/// Finds the first record at or after a time, from an offset on and below a bound.
pub(super) fn find(open: &OpenSegment, read: &TimeRead, cap: usize) -> Result<Option<FoundTime>, ReadFault> {
    let by_time = time_start(open, &read.segment, read.target)?;
    let mut at = by_time.max(offset_start(open, &read.segment, read.from)?);
    while let Some(candidate) = next_candidate(open, read, at)? {
        let mut scan = Scan::new(open, candidate, read.segment.bytes, 0);
        let Some((header, bytes, position)) = scan.next()? else { break };
        scan.check(&header, &bytes, position, &read.epochs)?;
        let structure = |_| damage(open, position, header.base_offset, ReadDefect::Structure);
        if let Some(found) = find_timestamp(&bytes, read.target, read.from, cap).map_err(structure)? {
            let (offset, timestamp) = (found.offset, found.timestamp);
            return Ok(Some(FoundTime { offset, timestamp, leader_epoch: header.leader_epoch }));
        }
        at = position + bytes.len() as u64;
    }
    Ok(None)
}

/// Walks the heads to the next batch that may hold the record.
fn next_candidate(open: &OpenSegment, read: &TimeRead, from: u64) -> Result<Option<u64>, ReadFault> {
    let mut found = None;
    let mut beyond = false;
    let mut place = None;
    let walked = walk_heads(&*open.log, from, read.segment.bytes, |at, head| {
        if place.is_some_and(|expected| expected != head.base_offset) {
            return false;
        }
        place = Some(head.next_offset());
        beyond = head.next_offset() > read.bound;
        let wanted = head.next_offset() > read.from && head.max_timestamp >= read.target;
        found = (wanted && !beyond).then_some(at);
        !beyond && found.is_none()
    });
    let walked = or_io(open, walked)?;
    if found.is_none() && !beyond && walked < read.segment.bytes {
        return Err(damage(open, walked, place.unwrap_or(read.from), ReadDefect::Structure));
    }
    Ok(found)
}
