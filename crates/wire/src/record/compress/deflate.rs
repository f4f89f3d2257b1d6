//! Streaming compression into a bounded buffer, in the framings that Kafka's producers write.
//!
//! zstd looks back over 1 MiB at most, whatever its level: beyond that its tables would take hundreds of MiB (W-17).

use super::{Codec, ZSTD_LEVEL, lz4, snappy};
use std::io::{self, Write};

/// How far zstd looks back, as a power of two.
const ZSTD_WINDOW_LOG: u32 = 20;

/// Why compression stops.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum DeflateError {
    /// More comes out than is allowed.
    #[error("more comes out than is allowed")]
    OverCap,
    /// The codec's library failed.
    #[error("compression failed")]
    Codec,
}

/// A compressor that is fed windows.
pub(crate) struct Deflate(Encoder);

enum Encoder {
    Stored(Capped),
    Gzip(Box<flate2::write::GzEncoder<Capped>>),
    Snappy { pending: Vec<u8>, out: Capped },
    Lz4(Box<lz4::Encoder<Capped>>),
    Zstd(Box<zstd::stream::write::Encoder<'static, Capped>>),
}

impl Deflate {
    /// Starts, at a level of the codec or at its usual one (1 to 9 for gzip, up to 22 for zstd, the others have one); no more
    /// than `cap` bytes may come out.
    pub(crate) fn new(codec: Codec, level: Option<i32>, cap: usize) -> Result<Deflate, DeflateError> {
        let mut out = Capped { bytes: Vec::new(), cap };
        let encoder = match codec {
            Codec::None => Encoder::Stored(out),
            Codec::Gzip => {
                let level = level.and_then(|level| u32::try_from(level.min(9)).ok());
                let level = level.map_or_else(flate2::Compression::default, flate2::Compression::new);
                Encoder::Gzip(Box::new(flate2::write::GzEncoder::new(out, level)))
            }
            Codec::Snappy => {
                snappy::write_head(&mut out).map_err(|error| judge(&error))?;
                Encoder::Snappy { pending: Vec::with_capacity(snappy::BLOCK_BYTES), out }
            }
            Codec::Lz4 => Encoder::Lz4(Box::new(lz4::encoder(out))),
            Codec::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(out, level.unwrap_or(ZSTD_LEVEL))
                    .map_err(|error| judge(&error))?;
                encoder.window_log(ZSTD_WINDOW_LOG).map_err(|error| judge(&error))?;
                Encoder::Zstd(Box::new(encoder))
            }
        };
        Ok(Deflate(encoder))
    }

    /// Takes in more.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), DeflateError> {
        let written = match &mut self.0 {
            Encoder::Stored(out) => out.write_all(bytes),
            Encoder::Gzip(encoder) => encoder.write_all(bytes),
            Encoder::Snappy { pending, out } => in_blocks(pending, bytes, out),
            Encoder::Lz4(encoder) => encoder.write_all(bytes),
            Encoder::Zstd(encoder) => encoder.write_all(bytes),
        };
        written.map_err(|error| judge(&error))
    }

    /// Ends, and hands out what came out.
    pub(crate) fn finish(self) -> Result<Vec<u8>, DeflateError> {
        let out = match self.0 {
            Encoder::Stored(out) => Ok(out),
            Encoder::Gzip(encoder) => encoder.finish(),
            Encoder::Snappy { pending, mut out } => snappy::write_block(&pending, &mut out).map(|()| out),
            Encoder::Lz4(encoder) => encoder.finish().map_err(lz4::io_error),
            Encoder::Zstd(encoder) => encoder.finish(),
        };
        out.map(|out| out.bytes).map_err(|error| judge(&error))
    }
}

/// Fills blocks, and writes those that are full.
fn in_blocks(pending: &mut Vec<u8>, mut bytes: &[u8], out: &mut Capped) -> io::Result<()> {
    while !bytes.is_empty() {
        let fits = bytes.len().min(snappy::BLOCK_BYTES - pending.len());
        let (now, rest) = bytes.split_at(fits);
        pending.extend_from_slice(now);
        bytes = rest;
        if pending.len() == snappy::BLOCK_BYTES {
            snappy::write_block(pending, out)?;
            pending.clear();
        }
    }
    Ok(())
}

/// Bytes up to a cap; what would go beyond is refused as `StorageFull`.
struct Capped {
    bytes: Vec<u8>,
    cap: usize,
}

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.cap - self.bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn judge(error: &io::Error) -> DeflateError {
    match error.kind() {
        io::ErrorKind::StorageFull => DeflateError::OverCap,
        _ => DeflateError::Codec,
    }
}
