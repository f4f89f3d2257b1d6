//! The rope and the records it carries.

use bytes::Bytes;
use wire::{EncodeError, Records, Rope, SHARE_FROM_BYTES, Tags};

fn block(byte: u8, len: usize) -> Bytes {
    Bytes::from(vec![byte; len])
}

/// Protects: large values are taken by reference, small ones copied, and the order is kept.
#[test]
fn large_bytes_are_shared() {
    let (small, large) = (block(1, SHARE_FROM_BYTES - 1), block(2, SHARE_FROM_BYTES));
    let mut rope = Rope::new();
    rope.put_i32(7);
    rope.put_shared(&small);
    rope.put_shared(&large);
    rope.put_i8(9);
    assert_eq!(rope.len(), 4 + small.len() + large.len() + 1);
    let chunks = rope.into_chunks();
    let lengths: Vec<usize> = chunks.iter().map(Bytes::len).collect();
    assert_eq!(lengths, [4 + small.len(), large.len(), 1]);
    assert_eq!(chunks[1].as_ptr(), large.as_ptr());
}

/// Protects: a fetch response carries its records by reference, whatever their parts are.
#[test]
fn records_are_never_copied() {
    let parts = vec![block(1, 600), block(2, 10), block(3, 700)];
    let mut response = wire::FetchResponse::default();
    let records = Some(Records::from_parts(parts.clone()));
    let partition = wire::fetch_response::PartitionData { records, ..Default::default() };
    let partitions = vec![partition];
    response
        .responses
        .push(wire::fetch_response::FetchableTopicResponse { partitions, ..Default::default() });
    let chunks = wire::response_frame(1, &response, 17).unwrap();
    let shared = |part: &Bytes| chunks.iter().any(|chunk| chunk.as_ptr() == part.as_ptr());
    assert!(shared(&parts[0]) && shared(&parts[2]) && !shared(&parts[1]));
    let frame = Records::from_parts(chunks).into_bytes();
    let (_, read) = wire::read_response::<wire::FetchResponse>(frame.slice(4..), 17).unwrap();
    assert_eq!(read, response);
    assert_eq!(read.responses[0].partitions[0].records.as_ref().unwrap().parts().len(), 1);
}

/// Protects: equality of records is equality of bytes; joining copies only when it must.
#[test]
fn records_compare_by_bytes() {
    let whole = Records::from(Bytes::from_static(b"abcdef"));
    let parts =
        Records::from_parts(vec![Bytes::from_static(b"abc"), Bytes::new(), Bytes::from_static(b"def")]);
    assert_eq!(whole, parts);
    assert_ne!(whole, Records::from(Bytes::from_static(b"abcdeg")));
    assert_eq!(parts.into_bytes(), Bytes::from_static(b"abcdef"));
    let one = block(1, 3);
    assert_eq!(Records::from(one.clone()).into_bytes().as_ptr(), one.as_ptr());
    assert!(Records::default().is_empty() && Records::default().into_bytes().is_empty());
}

/// Protects: a length that its field cannot say is refused.
#[test]
fn too_long() {
    let text = "x".repeat(32_768);
    assert_eq!(Rope::new().put_string(&text, true), Err(EncodeError::TooLong(32_768)));
    assert_eq!(Rope::new().put_string(&text[1..], false), Ok(()));
    assert!(Rope::new().put_len(usize::MAX, true).is_err());
}

/// Protects: a tagged field's length takes as many bytes as it needs, whatever stands before it.
#[test]
fn tagged_fields_of_every_length() {
    for before in [0, 1, SHARE_FROM_BYTES] {
        for length in [0, 1, 127, 128, 129, 511, 512, 513, 16_383, 16_384] {
            let fields = [block(1, before), block(2, length), block(3, 1)];
            let (mut tags, mut wanted) = (Tags::default(), Rope::new());
            wanted.put_varint(3);
            for (tag, field) in (0..).zip(&fields) {
                tags.add(tag, |out| {
                    out.put_shared(field);
                    Ok(())
                })
                .unwrap();
                wanted.put_varint(tag);
                wanted.put_varint(u32::try_from(field.len()).unwrap());
                wanted.put_shared(field);
            }
            let mut rope = Rope::new();
            rope.put_tags(tags).unwrap();
            assert_eq!(rope.len(), wanted.len());
            assert_eq!(rope.into_bytes(), wanted.into_bytes(), "{length} bytes behind {before}");
        }
    }
}

/// Protects: tagged fields stand one behind the other, each with its own length, whether their bytes are copied or shared.
#[test]
fn tagged_fields_follow_one_another() {
    let large = block(2, SHARE_FROM_BYTES);
    let mut tags = Tags::default();
    tags.add(0, |field| {
        field.put_i8(7);
        Ok(())
    })
    .unwrap();
    tags.add(3, |field| {
        field.put_i8(8);
        field.put_shared(&large);
        Ok(())
    })
    .unwrap();
    tags.add(5, |field| {
        field.put_i16(9);
        Ok(())
    })
    .unwrap();
    let mut rope = Rope::new();
    rope.put_tags(tags).unwrap();
    let chunks = rope.into_chunks();
    assert!(chunks.iter().any(|chunk| chunk.as_ptr() == large.as_ptr()), "it is taken by reference");
    // 513 as a varint is 0x81 0x04.
    let wanted = [&[3, 0, 1, 7, 3, 0x81, 4, 8][..], &large, &[5, 2, 0, 9]].concat();
    assert_eq!(Records::from_parts(chunks).into_bytes(), wanted);
}
