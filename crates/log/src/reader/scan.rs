//! Reading batches one after the other, each checked before it is handed out.

use super::cache::OpenSegment;
use super::locate::{offset_start, or_io};
use super::{ReadDamage, ReadDefect, ReadFault};
use crate::epochs::{EpochEntry, epoch_at};
use crate::read_plan::FileRead;
use bytes::Bytes;
use types::Offset;
use wire::record::{Batch, BatchHeader, HeaderError, verify_crc};

/// Fewest and most bytes asked of the file at once.
const PIECE: (usize, usize) = (64 << 10, 1 << 20);

/// Walks a segment from a position on.
pub(super) struct Scan<'a> {
    open: &'a OpenSegment,
    /// Where the batches end.
    end: u64,
    /// Bytes worth asking for at once.
    piece: usize,
    at: u64,
    held_at: u64,
    held: Bytes,
    /// Where the next batch has to begin; nothing before the first.
    expected: Option<Offset>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(open: &'a OpenSegment, at: u64, end: u64, wanted_bytes: usize) -> Scan<'a> {
        let piece = wanted_bytes.clamp(PIECE.0, PIECE.1);
        let expected = (at == 0).then_some(open.base);
        Scan { open, end, piece, at, held_at: at, held: Bytes::new(), expected }
    }

    /// Returns the head and the bytes of the next batch, and its position; nothing at the end.
    pub(super) fn next(&mut self) -> Result<Option<(BatchHeader, Bytes, u64)>, ReadFault> {
        if self.at >= self.end {
            return Ok(None);
        }
        let header = self.header()?;
        let size = header.size();
        if size as u64 > self.end - self.at {
            return Err(self.damage(ReadDefect::Structure));
        }
        if self.rest().len() < size {
            self.fill(size)?;
        }
        if self.expected.is_some_and(|expected| expected != header.base_offset) {
            return Err(self.damage(ReadDefect::Place));
        }
        if header.last_offset_delta < 0 {
            return Err(self.damage(ReadDefect::Structure));
        }
        let start = self.held.len() - self.rest().len();
        let (bytes, position) = (self.held.slice(start..start + size), self.at);
        self.at += size as u64;
        self.expected = Some(header.next_offset());
        Ok(Some((header, bytes, position)))
    }

    /// Checks CRC and leader epoch of a batch that was just returned.
    pub(super) fn check(
        &self,
        header: &BatchHeader,
        bytes: &[u8],
        position: u64,
        epochs: &[EpochEntry],
    ) -> Result<(), ReadFault> {
        let defect = if !verify_crc(bytes) {
            ReadDefect::Checksum
        } else if epoch_at(epochs, header.last_offset()) != Some(header.leader_epoch) {
            ReadDefect::Epoch
        } else {
            return Ok(());
        };
        Err(damage(self.open, position, header.base_offset, defect))
    }

    fn header(&mut self) -> Result<BatchHeader, ReadFault> {
        if let Ok(header) = BatchHeader::parse(self.rest()) {
            return Ok(header);
        }
        self.fill(0)?;
        BatchHeader::parse(self.rest()).map_err(|error| match error {
            HeaderError::Truncated { .. } => self.damage(ReadDefect::Short),
            HeaderError::Length(_) | HeaderError::Magic(_) => self.damage(ReadDefect::Structure),
        })
    }

    fn rest(&self) -> &[u8] {
        let skip = usize::try_from(self.at - self.held_at).unwrap_or(usize::MAX);
        self.held.get(skip..).unwrap_or_default()
    }

    /// Reads on from the current batch, at least `size` bytes.
    fn fill(&mut self, size: usize) -> Result<(), ReadFault> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let mut piece = vec![0; self.piece.max(size).min(left)];
        let got = or_io(self.open, self.open.log.read_at(&mut piece, self.at))?;
        piece.truncate(got);
        self.held = Bytes::from(piece);
        self.held_at = self.at;
        match got < size {
            true => Err(self.damage(ReadDefect::Short)),
            false => Ok(()),
        }
    }

    fn damage(&self, defect: ReadDefect) -> ReadFault {
        damage(self.open, self.at, self.expected.unwrap_or(Offset::NONE), defect)
    }
}

pub(super) fn damage(open: &OpenSegment, position: u64, offset: Offset, defect: ReadDefect) -> ReadFault {
    ReadFault::Damage(Box::new(ReadDamage { file: open.path(), position, offset, defect }))
}

/// Carries out a planned read.
pub(super) fn read(open: &OpenSegment, read: &FileRead) -> Result<Vec<Batch>, ReadFault> {
    let start = offset_start(open, &read.segment, read.from)?;
    let mut scan = Scan::new(open, start, read.segment.bytes, read.max_bytes);
    let mut batches = Vec::new();
    let (mut taken, mut end, mut refused) = (0, None, false);
    while let Some((header, bytes, position)) = scan.next()? {
        if header.next_offset() <= read.from {
            continue;
        }
        if batches.is_empty() && header.base_offset > read.from {
            return Err(damage(open, position, read.from, ReadDefect::Place));
        }
        if batches.is_empty() {
            // Even one that is then left out: a damaged head must not look like one beyond the bound.
            scan.check(&header, &bytes, position, &read.epochs)?;
        }
        let first = batches.is_empty() && read.at_least_one;
        if header.next_offset() > read.bound || (taken + bytes.len() > read.max_bytes && !first) {
            refused = true;
            break;
        }
        if !batches.is_empty() {
            scan.check(&header, &bytes, position, &read.epochs)?;
        }
        taken += bytes.len();
        let structure = |_| damage(open, position, header.base_offset, ReadDefect::Structure);
        batches.push(Batch::from_wire(&bytes).map_err(structure)?);
        end = Some((header.next_offset(), position + bytes.len() as u64));
        if header.next_offset() >= read.bound {
            break;
        }
    }
    match end {
        Some((next, position)) => open.note_end(next, position),
        None if refused => {}
        None => return Err(damage(open, read.segment.bytes, read.from, ReadDefect::Place)),
    }
    Ok(batches)
}
