//! The four codecs: bounded, streaming decompression, and compression for our own batches.
//!
//! Decompression runs through one window of at most 64 KiB (gzip, zstd) or of one block (snappy, lz4), and
//! stops when more than the caller's cap has come out. A block's size is believed only as far as its
//! compressed bytes can grow: 22-fold for snappy, 255-fold for lz4. A zstd frame may ask for a window of up
//! to 128 MiB, as everywhere in Kafka; the memory is touched only as far as output fills it.
//!
//! | codec | framing |
//! |---|---|
//! | gzip | RFC 1952, several members allowed |
//! | snappy | xerial blocks or one raw block |
//! | lz4 | frame of independent blocks, see `lz4` |
//! | zstd | frames, no dictionary |
//!
//! Source: `org.apache.kafka.common.compress`. Tests: `crates/wire/tests/record_codec.rs`.

mod deflate;
mod lz4;
mod snappy;
mod xxh32;

pub(super) use deflate::{Deflate, DeflateError};

use super::walk::Source;
use bytes::Bytes;
use std::fmt;
use std::io::{self, Read, Write};

/// Bytes decompressed at a time.
const WINDOW_BYTES: usize = 64 * 1024;
/// Largest window of a zstd frame, as a power of two: what zstd itself accepts by default.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;
/// Level that Kafka's producers use by default.
const ZSTD_LEVEL: i32 = 3;

/// How the records of a batch are compressed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Codec {
    /// Not at all.
    #[default]
    None,
    /// gzip.
    Gzip,
    /// Snappy in xerial framing, or raw.
    Snappy,
    /// LZ4 frame.
    Lz4,
    /// Zstandard.
    Zstd,
}

impl Codec {
    /// All codecs, by number.
    pub const ALL: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

    /// Returns the number in a batch's attributes.
    pub fn id(self) -> u8 {
        match self {
            Codec::None => 0,
            Codec::Gzip => 1,
            Codec::Snappy => 2,
            Codec::Lz4 => 3,
            Codec::Zstd => 4,
        }
    }

    /// Returns the codec of a number.
    pub fn from_id(id: u8) -> Option<Codec> {
        Codec::ALL.get(usize::from(id)).copied()
    }

    /// Returns Kafka's name.
    pub fn name(self) -> &'static str {
        match self {
            Codec::None => "none",
            Codec::Gzip => "gzip",
            Codec::Snappy => "snappy",
            Codec::Lz4 => "lz4",
            Codec::Zstd => "zstd",
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name is not that of a codec.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a codec is none, gzip, snappy, lz4 or zstd")]
pub struct ParseCodecError;

impl std::str::FromStr for Codec {
    type Err = ParseCodecError;

    fn from_str(name: &str) -> Result<Codec, ParseCodecError> {
        Codec::ALL.into_iter().find(|codec| codec.name() == name).ok_or(ParseCodecError)
    }
}

/// Why decompression stops.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CodecError {
    /// The bytes are not what the codec writes.
    #[error("the bytes are not what the codec writes")]
    Corrupt,
    /// More comes out than the cap allows.
    #[error("more comes out than is allowed")]
    OverCap,
}

/// A decompressor that hands out windows.
pub(super) struct Inflate<'a> {
    decoder: Decoder<'a>,
    window: Vec<u8>,
    start: usize,
    end: usize,
    budget: usize,
}

enum Decoder<'a> {
    Stored(Option<&'a [u8]>),
    Gzip(Box<flate2::bufread::MultiGzDecoder<&'a [u8]>>),
    Snappy(snappy::Blocks<'a>),
    Lz4(lz4::Blocks<'a>),
    Zstd(zstd::stream::read::Decoder<'static, &'a [u8]>),
}

impl<'a> Inflate<'a> {
    /// Starts on `bytes`; no more than `cap` bytes will come out.
    pub(super) fn new(codec: Codec, bytes: &'a [u8], cap: usize) -> Result<Inflate<'a>, CodecError> {
        let decoder = match codec {
            Codec::None => Decoder::Stored(Some(bytes)),
            Codec::Gzip => Decoder::Gzip(Box::new(flate2::bufread::MultiGzDecoder::new(bytes))),
            Codec::Snappy => Decoder::Snappy(snappy::Blocks::new(bytes)),
            Codec::Lz4 => Decoder::Lz4(lz4::Blocks::new(bytes)?),
            Codec::Zstd => Decoder::Zstd(zstd_decoder(bytes).map_err(|_| CodecError::Corrupt)?),
        };
        Ok(Inflate { decoder, window: Vec::new(), start: 0, end: 0, budget: cap })
    }

    /// Replaces the spent window by the next, empty at the end.
    fn refill(&mut self) -> Result<(), CodecError> {
        let got = match &mut self.decoder {
            Decoder::Stored(bytes) => store(bytes.take().unwrap_or_default(), self.budget, &mut self.window),
            Decoder::Gzip(decoder) => read(decoder, self.budget, &mut self.window),
            Decoder::Zstd(decoder) => read(decoder, self.budget, &mut self.window),
            Decoder::Snappy(blocks) => blocks.next(self.budget, &mut self.window),
            Decoder::Lz4(blocks) => blocks.next(self.budget, &mut self.window),
        }?;
        self.start = 0;
        self.end = got;
        self.budget = self.budget.checked_sub(got).ok_or(CodecError::OverCap)?;
        Ok(())
    }
}

impl Source for Inflate<'_> {
    fn fill(&mut self) -> Result<&[u8], CodecError> {
        if self.start == self.end {
            self.refill()?;
        }
        Ok(self.window.get(self.start..self.end).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.start = self.end.min(self.start.saturating_add(count));
    }
}

fn zstd_decoder(bytes: &[u8]) -> io::Result<zstd::stream::read::Decoder<'static, &[u8]>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
    Ok(decoder)
}

fn store(bytes: &[u8], budget: usize, window: &mut Vec<u8>) -> Result<usize, CodecError> {
    if bytes.len() > budget {
        return Err(CodecError::OverCap);
    }
    window.extend_from_slice(bytes);
    Ok(bytes.len())
}

/// Reads up to a window; one byte beyond the budget is let through so that its excess shows.
fn read(decoder: &mut impl Read, budget: usize, window: &mut Vec<u8>) -> Result<usize, CodecError> {
    if window.is_empty() {
        window.resize(WINDOW_BYTES.min(budget.saturating_add(1)), 0);
    }
    decoder.read(window).map_err(|_| CodecError::Corrupt)
}

/// Decompresses all of `bytes` at once.
///
/// # Errors
/// The bytes are not what the codec writes, or more than `cap` bytes come out.
pub fn decompress(codec: Codec, bytes: &Bytes, cap: usize) -> Result<Bytes, CodecError> {
    if codec == Codec::None {
        return if bytes.len() > cap { Err(CodecError::OverCap) } else { Ok(bytes.clone()) };
    }
    let mut inflate = Inflate::new(codec, bytes, cap)?;
    let mut out = Vec::new();
    loop {
        let window = inflate.fill()?;
        if window.is_empty() {
            return Ok(Bytes::from(out));
        }
        out.extend_from_slice(window);
        let used = window.len();
        inflate.consume(used);
    }
}

/// Compresses `bytes` as Kafka's producers do.
///
/// # Errors
/// The codec's library fails, which it does for want of memory only.
pub fn compress(codec: Codec, bytes: &[u8]) -> io::Result<Vec<u8>> {
    match codec {
        Codec::None => Ok(bytes.to_vec()),
        Codec::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(bytes)?;
            encoder.finish()
        }
        Codec::Snappy => snappy::compress(bytes),
        Codec::Lz4 => lz4::compress(bytes),
        Codec::Zstd => zstd::bulk::compress(bytes, ZSTD_LEVEL),
    }
}
