//! Zig-zag numbers of variable length, as records use them.
//!
//! Seven bits a byte, lowest first, the high bit says that more follow; 5 bytes at most for 32 bits, 10 for
//! 64. A longer one, or one whose bits do not fit, is refused; padding within the limit is accepted, as by
//! Kafka. Source: `ByteUtils`. Tests: below.

/// Undoes the zig-zag: 0, 1, 2, 3 are 0, -1, 1, -2.
pub(super) fn unzigzag(raw: u64) -> i64 {
    (raw >> 1).cast_signed() ^ (raw & 1).cast_signed().wrapping_neg()
}

/// Most bytes that one takes.
pub(super) const VARINT_MAX: usize = 10;

/// Appends `value`.
pub(super) fn put_varint(out: &mut Vec<u8>, value: i64) {
    let mut raw = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while raw >= 0x80 {
        out.push(u8::try_from(raw & 0x7f).unwrap_or(0) | 0x80);
        raw >>= 7;
    }
    out.push(u8::try_from(raw).unwrap_or(0));
}

/// Returns how many bytes `value` takes.
pub(super) fn varint_len(value: i64) -> usize {
    let raw = ((value << 1) ^ (value >> 63)).cast_unsigned();
    let bits = 64 - (raw | 1).leading_zeros();
    usize::try_from(bits.div_ceil(7)).unwrap_or(10)
}

/// Bits gathered while a number is read byte by byte.
#[derive(Clone, Copy, Default)]
pub(super) struct Gather {
    raw: u64,
    shift: u32,
}

/// The number is longer than its kind allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TooLong;

impl Gather {
    /// Takes one byte of a number of `bits` bits; returns the number once its last byte is in.
    pub(super) fn push(&mut self, byte: u8, bits: u32) -> Result<Option<i64>, TooLong> {
        let part = u64::from(byte & 0x7f);
        let room = bits - self.shift;
        if room < 7 && part >> room != 0 {
            return Err(TooLong);
        }
        self.raw |= part << self.shift;
        self.shift += 7;
        if byte & 0x80 == 0 {
            return Ok(Some(unzigzag(self.raw)));
        }
        if self.shift >= bits { Err(TooLong) } else { Ok(None) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], bits: u32) -> Result<Option<i64>, TooLong> {
        let mut gather = Gather::default();
        bytes.iter().try_fold(None, |_, b| gather.push(*b, bits))
    }

    /// Protects: every number reads back, in the length foretold.
    #[test]
    fn numbers_round_trip() {
        for value in
            [0, -1, 1, 63, 64, -64, -65, 300, i64::from(i32::MAX), i64::from(i32::MIN), i64::MAX, i64::MIN]
        {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            assert_eq!(out.len(), varint_len(value), "{value}");
            assert_eq!(read(&out, 64), Ok(Some(value)));
        }
    }

    /// Protects: over-long numbers and bits that do not fit are refused, padding is not.
    #[test]
    fn long_numbers_are_refused() {
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0x0f], 32), Ok(Some(i64::from(i32::MIN))));
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0x1f], 32), Err(TooLong));
        assert_eq!(read(&[0x80, 0x80, 0x80, 0x80, 0x80], 32), Err(TooLong));
        assert_eq!(read(&[0x80, 0x80, 0x00], 32), Ok(Some(0)));
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], 64), Err(TooLong));
    }
}
