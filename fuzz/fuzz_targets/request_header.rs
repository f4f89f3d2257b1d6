//! Headers of requests.

#![no_main]

use wire::{Reader, RequestHeader};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut reader = Reader::new(bytes::Bytes::copy_from_slice(data));
    if RequestHeader::decode(&mut reader).is_ok() {
        assert!(reader.remaining() + 8 <= data.len());
    }
});
