//! Codecs: round trips, framing rules, and bombs that stay within the cap.
#![allow(clippy::unwrap_used)]

mod record_support;

use bytes::Bytes;
use record_support::*;
use std::io::Write;
use wire::record::*;

const CAP: usize = 1 << 20;

fn unpack(codec: Codec, bytes: &[u8]) -> Result<Bytes, CodecError> {
    decompress(codec, &Bytes::copy_from_slice(bytes), CAP)
}

/// Bytes that compress a little, the same each time.
fn mixed(len: usize) -> Vec<u8> {
    let mut state = 7u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u8::try_from(state >> 24).unwrap()
    };
    (0..len).map(|i| if i % 64 < 40 { 32 } else { next() }).collect()
}

/// Protects: every codec gives back what went in, whatever the size.
#[test]
fn round_trips() {
    for codec in Codec::ALL {
        for len in [0, 1, 31, 32_767, 32_768, 32_769, 65_535, 65_536, 65_537, 300_000] {
            let bytes = mixed(len);
            let packed = compress(codec, &bytes).unwrap();
            assert_eq!(unpack(codec, &packed).unwrap(), bytes, "{codec} {len}");
        }
    }
}

/// Protects: the cap is exact: as much as it allows passes, one byte more does not.
#[test]
fn cap_is_exact() {
    for codec in Codec::ALL {
        for len in [100, 65_536, 100_000] {
            let packed = Bytes::from(compress(codec, &mixed(len)).unwrap());
            assert_eq!(decompress(codec, &packed, len).unwrap().len(), len, "{codec}");
            assert_eq!(decompress(codec, &packed, len - 1), Err(CodecError::OverCap), "{codec}");
        }
    }
}

/// Protects: a stream that is cut anywhere is an error, never a shorter answer.
#[test]
fn cut_streams_are_refused() {
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let packed = compress(codec, &mixed(70_000)).unwrap();
        for end in (0..packed.len()).step_by(97) {
            let whole_blocks = codec == Codec::Snappy && (end == 0 || end == 16);
            assert!(whole_blocks || end == 0 || unpack(codec, &packed[..end]).is_err(), "{codec} {end}");
        }
    }
}

/// Protects: raw snappy, as librdkafka writes it, is read; its length is weighed before it is believed.
#[test]
fn raw_snappy() {
    let bytes = mixed(100_000);
    let packed = snap::raw::Encoder::new().compress_vec(&bytes).unwrap();
    assert_eq!(unpack(Codec::Snappy, &packed).unwrap(), bytes);
    let four_gib = [0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x61];
    assert_eq!(unpack(Codec::Snappy, &four_gib), Err(CodecError::Corrupt));
}

/// Protects: a snappy block may not lie about its length, nor be empty.
#[test]
fn snappy_blocks_are_weighed() {
    let head = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";
    for block in
        [&[0x7f, 0xff, 0xff, 0xff, 0x00][..], &[0, 0, 0, 0], &[0xff, 0xff, 0xff, 0xff], &[0, 0, 0, 5, 1]]
    {
        assert_eq!(unpack(Codec::Snappy, &[head, block].concat()), Err(CodecError::Corrupt), "{block:?}");
    }
}

/// Protects: gzip of several members is read as one; bytes after the last are refused.
#[test]
fn gzip_members() {
    let member = compress(Codec::Gzip, b"abc").unwrap();
    assert_eq!(&unpack(Codec::Gzip, &[&member[..], &member].concat()).unwrap()[..], b"abcabc");
    assert!(unpack(Codec::Gzip, &[&member[..], b"rubbish rubbish"].concat()).is_err());
}

/// Builds an lz4 frame with chosen flags.
fn lz4(info: lz4_flex::frame::FrameInfo, bytes: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Protects: all frames that Kafka's consumer reads are read, whatever checksums and sizes they carry.
#[test]
fn lz4_frames_with_extras() {
    use lz4_flex::frame::{BlockSize, FrameInfo};
    let bytes = mixed(300_000);
    for size in [BlockSize::Max64KB, BlockSize::Max256KB, BlockSize::Max1MB, BlockSize::Max4MB] {
        let info = FrameInfo::new().block_size(size).block_checksums(true).content_checksum(true);
        let packed = lz4(info.content_size(Some(300_000)), &bytes);
        assert_eq!(unpack(Codec::Lz4, &packed).unwrap(), bytes);
    }
}

/// Protects: linked blocks, which Kafka's consumer cannot read, are refused, and so is any broken checksum.
#[test]
fn lz4_frames_that_are_refused() {
    use lz4_flex::frame::{BlockMode, FrameInfo};
    let bytes = mixed(100_000);
    let linked = lz4(FrameInfo::new().block_mode(BlockMode::Linked), &bytes);
    assert_eq!(unpack(Codec::Lz4, &linked), Err(CodecError::Corrupt));
    let sealed = lz4(FrameInfo::new().block_checksums(true).content_checksum(true), &bytes);
    for at in (0..sealed.len()).step_by(501).chain([4, 5, 6, sealed.len() - 1]) {
        let mut broken = sealed.clone();
        broken[at] ^= 0x10;
        assert!(unpack(Codec::Lz4, &broken).is_err(), "byte {at}");
    }
    let mut longer = sealed;
    longer.push(0);
    assert_eq!(unpack(Codec::Lz4, &longer), Err(CodecError::Corrupt));
}

/// Protects: zstd frames follow each other; one that asks for more than 128 MiB of window is refused.
#[test]
fn zstd_frames() {
    let frame = compress(Codec::Zstd, b"abc").unwrap();
    assert_eq!(&unpack(Codec::Zstd, &[&frame[..], &frame].concat()).unwrap()[..], b"abcabc");
    let window_of = |log: u8| [0x28, 0xb5, 0x2f, 0xfd, 0x00, (log - 10) << 3, 0x01, 0x00, 0x00];
    assert_eq!(unpack(Codec::Zstd, &window_of(27)).unwrap().len(), 0);
    assert_eq!(unpack(Codec::Zstd, &window_of(28)), Err(CodecError::Corrupt));
    assert_eq!(unpack(Codec::Zstd, &window_of(41)), Err(CodecError::Corrupt));
}

/// Feeds zeros into an encoder.
fn zeros(encoder: &mut impl Write, mib: usize) {
    let block = vec![0u8; 1 << 20];
    (0..mib).for_each(|_| encoder.write_all(&block).unwrap());
}

fn bombs(mib: usize) -> Vec<(Codec, Vec<u8>)> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    zeros(&mut gzip, mib);
    let mut zstd = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    zeros(&mut zstd, mib);
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    zeros(&mut lz4, mib);
    let snappy = compress(Codec::Snappy, &vec![0; mib << 20]).unwrap();
    vec![
        (Codec::Gzip, gzip.finish().unwrap()),
        (Codec::Zstd, zstd.finish().unwrap()),
        (Codec::Lz4, lz4.finish().unwrap()),
        (Codec::Snappy, snappy),
    ]
}

/// Protects: a bomb is refused at the cap.
#[test]
fn bombs_stop_at_the_cap() {
    for (codec, bomb) in bombs(64) {
        assert_eq!(unpack(codec, &bomb), Err(CodecError::OverCap), "{codec}");
    }
}

/// Protects: a bomb inside a well-formed record is answered MESSAGE_TOO_LARGE.
#[test]
fn bombs_in_records_are_too_large() {
    let zeros = vec![0; 8 << 20];
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let batch = batch(codec, &[stated(T, None, Some(&zeros), &[])]);
        assert_eq!(check(&batch, &rules()), Err(BatchError::Bomb { cap: 1 << 22 }), "{codec}");
        assert_eq!(Records::open(&batch, CAP).unwrap_err(), ReadError::Codec(CodecError::OverCap), "{codec}");
    }
}
