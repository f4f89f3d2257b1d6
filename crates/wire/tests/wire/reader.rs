//! Hostile primitives: A5, A7, A9 of reliability.md 7.3.

use bytes::Bytes;
use wire::{DecodeError, Reader};

fn reader(bytes: &[u8]) -> Reader {
    Reader::new(Bytes::copy_from_slice(bytes))
}

/// Protects: varints are at most five bytes and 32 bits; over-long ones are refused, not cut.
#[test]
fn varints() {
    assert_eq!(reader(&[0x7f]).varint(), Ok(127));
    assert_eq!(reader(&[0xac, 0x02]).varint(), Ok(300));
    assert_eq!(reader(&[0xff, 0xff, 0xff, 0xff, 0x0f]).varint(), Ok(u32::MAX));
    assert_eq!(reader(&[0xff, 0xff, 0xff, 0xff, 0x1f]).varint(), Err(DecodeError::VarintTooLong));
    assert_eq!(reader(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x00]).varint(), Err(DecodeError::VarintTooLong));
    assert_eq!(reader(&[0x80]).varint(), Err(DecodeError::Truncated { wanted: 1, left: 0 }));
}

/// Protects: -1 alone means null; other negative lengths and null where a value must be are refused.
#[test]
fn lengths_of_strings() {
    assert_eq!(reader(&[0xff, 0xff]).nullable_string(false), Ok(None));
    assert_eq!(reader(&[0]).nullable_string(true), Ok(None));
    assert_eq!(reader(&[0xff, 0xff]).string(false), Err(DecodeError::UnexpectedNull));
    assert_eq!(reader(&[0]).string(true), Err(DecodeError::UnexpectedNull));
    assert_eq!(reader(&[0xff, 0xfe]).string(false), Err(DecodeError::NegativeLength(-2)));
    assert_eq!(reader(&[1]).string(true), Ok(String::new()));
    assert_eq!(reader(&[3, b'a']).string(true), Err(DecodeError::Truncated { wanted: 2, left: 1 }));
    let long = [0x81, 0x80, 0x02];
    assert_eq!(reader(&long).string(true), Err(DecodeError::StringTooLong(32_768)));
}

/// Protects: A9, two different byte strings never become one name.
#[test]
fn text_must_be_utf8() {
    assert_eq!(reader(&[2, 0xff]).string(true), Err(DecodeError::InvalidUtf8));
    assert_eq!(reader(&[0, 2, 0xc3, 0x28]).nullable_string(false), Err(DecodeError::InvalidUtf8));
    assert_eq!(reader(&[3, 0xc3, 0xa9]).string(true), Ok("é".to_owned()));
}

/// Protects: a count beyond the bytes left is refused before anything is allocated or decoded.
#[test]
fn counts_are_weighed() {
    let refused = |count, left| Err(DecodeError::CountTooLarge { count, left });
    let never = |_: &mut Reader| -> Result<u8, DecodeError> { panic!("an element was decoded") };
    assert_eq!(reader(&[0x7f, 0xff, 0xff, 0xff, 0]).array(false, 1, never), refused(0x7fff_ffff, 1));
    assert_eq!(reader(&[4, 0, 0, 0, 0, 0]).array(true, 2, never), refused(3, 5));
    assert_eq!(reader(&[0x80, 0, 0, 0]).array(false, 1, never), Err(DecodeError::NegativeLength(i32::MIN)));
    assert_eq!(reader(&[0]).array(true, 1, never), Err(DecodeError::UnexpectedNull));
    assert_eq!(reader(&[0]).nullable_array(true, 1, never), Ok(None));
    let compact = [0x80, 0x80, 0x80, 0x80, 0x08];
    assert_eq!(reader(&compact).array(true, 1, never), refused(0x7fff_ffff, 0));
    let beyond = [0x81, 0x80, 0x80, 0x80, 0x08];
    assert_eq!(reader(&beyond).array(true, 1, never), Err(DecodeError::NegativeLength(i32::MIN)));
}

/// Protects: bytes and records are slices of the frame, not copies.
#[test]
fn bytes_are_shared() {
    let frame = Bytes::from(vec![0, 0, 0, 3, b'a', b'b', b'c', 3, b'd', b'e']);
    let mut reader = Reader::new(frame.clone());
    assert_eq!(reader.bytes(false).unwrap().as_ptr(), frame[4..].as_ptr());
    let records = reader.nullable_records(true).unwrap().unwrap();
    assert_eq!(records.parts()[0].as_ptr(), frame[8..].as_ptr());
    assert_eq!(reader.finish(), Ok(()));
}

/// Protects: A7, duplicate and unordered tags are refused, unknown ones skipped within their size.
#[test]
fn tags() {
    let skip = |bytes: &[u8]| reader(bytes).tags(|_, _| Ok(false));
    assert_eq!(skip(&[0]), Ok(()));
    assert_eq!(skip(&[2, 1, 1, 9, 5, 0]), Ok(()));
    assert_eq!(skip(&[2, 1, 0, 1, 0]), Err(DecodeError::TagOrder(1)));
    assert_eq!(skip(&[2, 5, 0, 1, 0]), Err(DecodeError::TagOrder(1)));
    assert_eq!(skip(&[1, 5, 9, 0]), Err(DecodeError::Truncated { wanted: 9, left: 1 }));
    let last = [1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0];
    assert_eq!(skip(&last), Err(DecodeError::TagOrder(u32::MAX)));
    let mut count_only = vec![0xff, 0xff, 0xff, 0xff, 0x0f];
    count_only.extend([0, 0]);
    assert_eq!(skip(&count_only), Err(DecodeError::Truncated { wanted: 1, left: 0 }));
}

/// Protects: a known tagged field has exactly the size that it says and cannot read past it.
#[test]
fn known_tags_keep_their_size() {
    let known = |bytes: &[u8]| reader(bytes).tags(|_, field| field.i16().map(|_| true));
    assert_eq!(known(&[1, 0, 2, 0, 7]), Ok(()));
    assert_eq!(known(&[1, 0, 3, 0, 7, 7]), Err(DecodeError::TagSize(0)));
    assert_eq!(known(&[1, 0, 1, 0, 7]), Err(DecodeError::Truncated { wanted: 2, left: 1 }));
}

/// Protects: a nullable structure is one byte, below zero for null.
#[test]
fn nullable_structs() {
    assert_eq!(reader(&[0xff]).nullable_struct(Reader::i8), Ok(None));
    assert_eq!(reader(&[1, 7]).nullable_struct(Reader::i8), Ok(Some(7)));
}
