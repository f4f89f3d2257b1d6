//! Tests of the bytes: golden ones, round trips, and what is not understood.

use super::*;
use proptest::prelude::*;

/// CRC-32C bit by bit, as its definition says.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 })
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn frame(kind: FrameKind, payload: &'static [u8]) -> Frame {
    Frame {
        key: LogKey { topic_id: TopicId(Uuid([0xab; 16])), partition: PartitionId(3) },
        change: 0x0102,
        kind,
        base_offset: Offset(0x0a0b),
        leader_epoch: LeaderEpoch(7),
        parts: [Bytes::from_static(&payload[..1]), Bytes::from_static(&payload[1..])],
    }
}

fn group_header() -> GroupHeader {
    GroupHeader {
        file: 2,
        salt: 0x1122_3344_5566_7788,
        seq: 99,
        life: 4,
        wall: WallTime(1_700_000_000_000),
        durable_seq: 98,
        life_start_seq: 50,
    }
}

fn encoded(header: &GroupHeader, frames: &[Frame]) -> Vec<u8> {
    let mut out = vec![0xee; group_bytes(frames.iter().map(frame_bytes).sum())];
    encode_group(header, frames, &mut out);
    out
}

/// Protects: the file header on disk, byte for byte; it lies in one sector.
#[test]
fn golden_file_header() {
    let header =
        FileHeader { directory_id: DirectoryId(Uuid([0xcd; 16])), number: 5, salt: 0xfeed, bytes: 32 << 20 };
    let mut block = [0xee; BLOCK];
    header.encode(&mut block);
    let expected = concat!(
        "485757414c46494c",
        "0001",
        "0000",
        "00001000",
        "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
        "0000000000000005",
        "000000000000feed",
        "0000000002000000",
    );
    assert_eq!(hex(&block[..56]), expected);
    assert_eq!(block[56..508], [0; 452]);
    assert_eq!(block[508..512], crc32c(&block[..508]).to_be_bytes());
    assert_eq!(block[512..], [0; BLOCK - 512]);
    assert_eq!(FileHeader::decode(&block), Ok(header));
}

/// Protects: a group with frames on disk, byte for byte, padded with zeros.
#[test]
fn golden_group() {
    let out =
        encoded(&group_header(), &[frame(FrameKind::Append, b"hello"), frame(FrameKind::LogStart, b"!")]);
    let expected = concat!(
        "0000000000000002",
        "1122334455667788",
        "0000000000000063",
        "00000004",
        "00000002",
        "0000018bcfe56800",
        "0000000000000062",
        "0000000000000032",
        "00000066",
        "00000000",
        "abababababababababababababababab",
        "00000003",
        "01",
        "000000",
        "0000000000000102",
        "0000000000000a0b",
        "00000007",
        "00000005",
        "68656c6c6f",
        "abababababababababababababababab",
        "00000003",
        "03",
        "000000",
        "0000000000000102",
        "0000000000000a0b",
        "00000007",
        "00000001",
        "21",
    );
    assert_eq!(hex(&out[8..174]), expected);
    assert_eq!((&out[..4], &out[4..8]), (&b"HWWG"[..], &crc32c(&out[8..174]).to_be_bytes()[..]));
    assert_eq!((out.len(), &out[174..]), (BLOCK, &[0; BLOCK - 174][..]));
}

/// Protects: an empty group takes one block and reads back.
#[test]
fn golden_empty_group() {
    let out = encoded(&group_header(), &[]);
    let (header, size) = decode_group_header(&out).unwrap();
    assert_eq!((header, size), (group_header(), GroupSize { frames: 0, payload: 0 }));
    assert_eq!((size.used(), size.padded(), out.len()), (72, 4096, BLOCK));
    assert!(group_verifies(&out[..72]));
    assert_eq!(decode_frames(&out[..72], size), Ok(vec![]));
}

/// Protects: a header with any wrong byte is bad, and one of a newer version is told apart from it.
#[test]
fn bad_and_newer_headers() {
    let header = FileHeader { directory_id: DirectoryId(Uuid([1; 16])), number: 5, salt: 1, bytes: 1 << 20 };
    let mut block = [0; BLOCK];
    header.encode(&mut block);
    for at in 0..512 {
        let mut wrong = block;
        wrong[at] ^= 1;
        assert_eq!(FileHeader::decode(&wrong), Err(HeaderError::Bad), "byte {at}");
    }
    block[9] = 9;
    let crc = crc32c(&block[..508]);
    block[508..512].copy_from_slice(&crc.to_be_bytes());
    assert_eq!(FileHeader::decode(&block), Err(HeaderError::Newer(9)));
    assert_eq!(FileHeader::decode(&block[..511]), Err(HeaderError::Bad));
}

/// Protects: reserved kinds are refused by number, and counts that do not add up are noticed.
#[test]
fn frames_that_are_not_understood() {
    for kind in (0..=255).filter(|kind| ![1, 2, 3, 4, 5, 8, 9, 10, 11].contains(kind)) {
        let mut out = encoded(&group_header(), &[frame(FrameKind::Append, b"x")]);
        out[72 + 20] = kind;
        let (_, size) = decode_group_header(&out).unwrap();
        let refused = decode_frames(&out[..121], size);
        assert_eq!(refused, Err(FrameError::Kind(UnknownFrameKind(kind))));
    }
    let out = encoded(&group_header(), &[frame(FrameKind::Append, b"x")]);
    for (frames, used) in [(1, 120), (2, 121), (0, 121), (1, 90)] {
        let size = GroupSize { frames, payload: 0 };
        assert_eq!(decode_frames(&out[..used], size), Err(FrameError::Length));
    }
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let kinds = [1u8, 2, 3, 4, 5, 8, 9, 10, 11];
    let key = (any::<[u8; 16]>(), any::<i32>());
    let numbers = (any::<u64>(), any::<i64>(), any::<i32>());
    let payload = proptest::collection::vec(any::<u8>(), 0..3000);
    (key, 0..9usize, numbers, payload).prop_map(move |(key, kind, numbers, payload)| Frame {
        key: LogKey { topic_id: TopicId(Uuid(key.0)), partition: PartitionId(key.1) },
        change: numbers.0,
        kind: FrameKind::try_from(kinds[kind]).unwrap(),
        base_offset: Offset(numbers.1),
        leader_epoch: LeaderEpoch(numbers.2),
        parts: [Bytes::from(payload), Bytes::new()],
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Protects: what is written is read back, for every frame and group header.
    #[test]
    fn groups_round_trip(
        frames in proptest::collection::vec(any_frame(), 0..6),
        numbers in any::<(u64, u64, u64, u32, i64, u64, u64)>(),
    ) {
        let (file, salt, seq, life, wall, durable_seq, life_start_seq) = numbers;
        let header = GroupHeader { file, salt, seq, life, wall: WallTime(wall), durable_seq, life_start_seq };
        let out = encoded(&header, &frames);
        let (read, size) = decode_group_header(&out).unwrap();
        let used = &out[..usize::try_from(size.used()).unwrap()];
        prop_assert_eq!(read, header);
        prop_assert_eq!(size.padded(), out.len() as u64);
        prop_assert!(group_verifies(used));
        prop_assert_eq!(&decode_frames(used, size).unwrap(), &frames);
        prop_assert_eq!(guess_frames(used, size), frames);
    }

    /// Protects: any change of a group's used bytes is noticed; any bytes at all are taken without a panic.
    #[test]
    fn changed_groups_do_not_verify(frames in proptest::collection::vec(any_frame(), 0..3), at: usize, bit in 0..8u8) {
        let mut out = encoded(&group_header(), &frames);
        let (_, size) = decode_group_header(&out).unwrap();
        let used = usize::try_from(size.used()).unwrap();
        let at = 4 + at % (used - 4);
        out[at] ^= 1 << bit;
        prop_assert!(!group_verifies(&out[..used]));
        drop(decode_frames(&out[..used], size));
        drop(guess_frames(&out, size));
    }

    /// Protects: decoding of arbitrary bytes ends, without a panic and without a large allocation.
    #[test]
    fn arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400), frames: u32) {
        let size = GroupSize { frames, payload: 7 };
        let _ = decode_group_header(&bytes);
        drop(decode_frames(&bytes, size));
        drop(guess_frames(&bytes, size));
        let _ = FileHeader::decode(&bytes);
        group_verifies(&bytes);
    }
}
