//! Record batches from a client, with length and CRC made right so that the fuzzer gets past them.

#![no_main]

use bytes::Bytes;
use types::{Millis, WallTime};
use wire::record::{CheckRules, Records, TimestampRules, batch_crc, check};

const CAP: usize = 1 << 20;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut batch = data.to_vec();
    if batch.len() < 61 {
        return;
    }
    let length = u32::try_from(batch.len() - 12).expect("an input of less than 4 GiB");
    batch[8..12].copy_from_slice(&length.to_be_bytes());
    let crc = batch_crc(&batch);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
    let batch = Bytes::from(batch);
    let now = WallTime(1_700_000_000_000);
    let timestamps =
        TimestampRules::Create { now, before_max: Millis(i64::MAX), after_max: Millis(i64::MAX) };
    let rules = CheckRules {
        max_batch_bytes: CAP,
        max_decompressed_bytes: CAP,
        zstd_allowed: true,
        keys_required: false,
        timestamps,
    };
    if check(&batch, &rules).is_ok() {
        let records = Records::open(&batch, CAP).expect("an accepted batch opens");
        assert!(records.into_iter().all(|record| record.is_ok()));
    }
});
