//! The structural walk over the records of a batch (D-5): lengths and numbers, no objects.
//!
//! ```text
//! record: length varint | attributes u8 | timestamp delta varlong | offset delta varint
//!         key length varint (-1: null) | key | value length varint (-1: null) | value
//!         header count varint | headers: key length varint | key | value length varint | value
//! ```
//!
//! A record that lies whole in the source's window is parsed in place, quickly if nothing about it is odd;
//! one that crosses its edge, or is larger, is read through it piece by piece, so that memory does not depend on
//! the record.
//! Source: KIP-98, KIP-82, `DefaultRecord`. Tests: `crates/wire/tests/record_check.rs`.

use super::compress::CodecError;
use super::error::RecordDefect;
use super::quick::quick_step;
use super::varint::Gather;

/// Bytes that come in windows.
pub(super) trait Source {
    /// Returns the unread bytes at hand, reading on if there are none; empty at the end.
    fn fill(&mut self) -> Result<&[u8], CodecError>;
    /// Drops `count` bytes of the window.
    fn consume(&mut self, count: usize);
}

impl Source for &[u8] {
    fn fill(&mut self) -> Result<&[u8], CodecError> {
        Ok(self)
    }

    fn consume(&mut self, count: usize) {
        *self = self.get(count..).unwrap_or_default();
    }
}

/// Why a walk stops.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum WalkError {
    /// The compressed bytes are at fault.
    Codec(CodecError),
    /// The record is at fault.
    Defect(RecordDefect),
}

impl From<CodecError> for WalkError {
    fn from(error: CodecError) -> WalkError {
        WalkError::Codec(error)
    }
}

impl From<RecordDefect> for WalkError {
    fn from(defect: RecordDefect) -> WalkError {
        WalkError::Defect(defect)
    }
}

/// What the walk tells of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Step {
    pub(super) timestamp_delta: i64,
    pub(super) offset_delta: i64,
    pub(super) has_key: bool,
}

/// Reads one record.
pub(super) fn step<S: Source>(source: &mut S) -> Result<Step, WalkError> {
    if let Some((step, used)) = quick_step(source.fill()?) {
        source.consume(used);
        return Ok(step);
    }
    careful_step(source)
}

/// Reads one record and names what is wrong with it.
#[cold]
pub(super) fn careful_step<S: Source>(source: &mut S) -> Result<Step, WalkError> {
    let length = record_length(source)?;
    let window = source.fill()?;
    if let Some(mut record) = window.get(..length) {
        let step = parse(&mut record)?;
        source.consume(length);
        return Ok(step);
    }
    parse(&mut Piecewise { source, left: length })
}

/// Says whether nothing is left; reads to the very end, so that trailing checksums are verified too.
pub(super) fn at_end<S: Source>(source: &mut S) -> Result<bool, CodecError> {
    Ok(source.fill()?.is_empty())
}

fn record_length<S: Source>(source: &mut S) -> Result<usize, WalkError> {
    let mut gather = Gather::default();
    loop {
        let byte = *source.fill()?.first().ok_or(RecordDefect::Truncated)?;
        source.consume(1);
        if let Some(length) = gather.push(byte, 32).map_err(|_| RecordDefect::Number)? {
            return usize::try_from(length).map_err(|_| RecordDefect::Length.into());
        }
    }
}

/// The bytes of one record, wherever they are.
trait Input {
    fn byte(&mut self) -> Result<u8, WalkError>;
    fn skip(&mut self, count: usize) -> Result<(), WalkError>;
    fn left(&self) -> usize;
}

impl Input for &[u8] {
    fn byte(&mut self) -> Result<u8, WalkError> {
        let (first, rest) = self.split_first().ok_or(RecordDefect::Length)?;
        *self = rest;
        Ok(*first)
    }

    fn skip(&mut self, count: usize) -> Result<(), WalkError> {
        *self = self.get(count..).ok_or(RecordDefect::Length)?;
        Ok(())
    }

    fn left(&self) -> usize {
        self.len()
    }
}

struct Piecewise<'a, S> {
    source: &'a mut S,
    left: usize,
}

impl<S: Source> Piecewise<'_, S> {
    fn take(&mut self, count: usize) -> Result<(), WalkError> {
        self.left = self.left.checked_sub(count).ok_or(RecordDefect::Length)?;
        Ok(())
    }
}

impl<S: Source> Input for Piecewise<'_, S> {
    fn byte(&mut self) -> Result<u8, WalkError> {
        self.take(1)?;
        let byte = *self.source.fill()?.first().ok_or(RecordDefect::Truncated)?;
        self.source.consume(1);
        Ok(byte)
    }

    fn skip(&mut self, count: usize) -> Result<(), WalkError> {
        self.take(count)?;
        let mut count = count;
        while count > 0 {
            let here = self.source.fill()?.len().min(count);
            if here == 0 {
                return Err(RecordDefect::Truncated.into());
            }
            self.source.consume(here);
            count -= here;
        }
        Ok(())
    }

    fn left(&self) -> usize {
        self.left
    }
}

fn parse<I: Input>(input: &mut I) -> Result<Step, WalkError> {
    let attributes = input.byte()?;
    if attributes != 0 {
        return Err(RecordDefect::Attributes(attributes).into());
    }
    let timestamp_delta = number(input, 64)?;
    let offset_delta = number(input, 32)?;
    let has_key = nullable(input, RecordDefect::KeyLength)?;
    nullable(input, RecordDefect::ValueLength)?;
    headers(input)?;
    if input.left() != 0 {
        return Err(RecordDefect::Length.into());
    }
    Ok(Step { timestamp_delta, offset_delta, has_key })
}

fn number<I: Input>(input: &mut I, bits: u32) -> Result<i64, WalkError> {
    let mut gather = Gather::default();
    loop {
        let byte = input.byte()?;
        if let Some(number) = gather.push(byte, bits).map_err(|_| RecordDefect::Number)? {
            return Ok(number);
        }
    }
}

/// Skips a key or value that may be null; says whether there is one.
fn nullable<I: Input>(input: &mut I, defect: fn(i64) -> RecordDefect) -> Result<bool, WalkError> {
    let length = number(input, 32)?;
    if length == -1 {
        return Ok(false);
    }
    input.skip(usize::try_from(length).map_err(|_| defect(length))?)?;
    Ok(true)
}

fn headers<I: Input>(input: &mut I) -> Result<(), WalkError> {
    let count = number(input, 32)?;
    let possible = usize::try_from(count).is_ok_and(|count| count <= input.left() / 2);
    if !possible {
        return Err(RecordDefect::HeaderCount(count).into());
    }
    for _ in 0..count {
        let length = number(input, 32)?;
        input.skip(usize::try_from(length).map_err(|_| RecordDefect::HeaderKeyLength(length))?)?;
        nullable(input, RecordDefect::HeaderValueLength)?;
    }
    Ok(())
}
