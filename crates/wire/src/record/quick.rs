//! The walk's quick look at a record: all of it in one window, nothing odd about it.
//!
//! Says nothing about what is wrong: whatever it does not take, `walk` reads again with care. It takes no
//! record that the careful walk refuses. Format in `walk`. Tests: below, and all of
//! `crates/wire/tests/record_*.rs`.

use super::varint::unzigzag;
use super::walk::Step;

/// Returns the record at the head of `window` and the bytes it takes.
#[inline]
pub(super) fn quick_step(window: &[u8]) -> Option<(Step, usize)> {
    let mut rest = window;
    let length = usize::try_from(short(&mut rest)?).ok()?;
    let used = window.len() - rest.len() + length;
    let mut body = rest.get(..length)?;
    if *body.first()? != 0 {
        return None;
    }
    body = &body[1..];
    let timestamp_delta = number::<9>(&mut body)?;
    let offset_delta = short(&mut body)?;
    let has_key = nullable(&mut body)?;
    nullable(&mut body)?;
    headers(&mut body)?;
    body.is_empty().then_some((Step { timestamp_delta, offset_delta, has_key }, used))
}

/// A number of at most 4 bytes, which always fits 32 bits.
#[inline]
fn short(rest: &mut &[u8]) -> Option<i64> {
    number::<4>(rest)
}

#[inline]
fn number<const MAX_BYTES: usize>(rest: &mut &[u8]) -> Option<i64> {
    let (first, tail) = rest.split_first()?;
    if *first < 0x80 {
        *rest = tail;
        return Some(unzigzag(u64::from(*first)));
    }
    let mut raw = u64::from(first & 0x7f);
    for (index, byte) in tail.iter().enumerate().take(MAX_BYTES - 1) {
        raw |= u64::from(byte & 0x7f) << (7 * (index + 1));
        if *byte < 0x80 {
            *rest = &tail[index + 1..];
            return Some(unzigzag(raw));
        }
    }
    None
}

#[inline]
fn skip(rest: &mut &[u8], length: i64) -> Option<()> {
    *rest = rest.get(usize::try_from(length).ok()?..)?;
    Some(())
}

#[inline]
fn nullable(rest: &mut &[u8]) -> Option<bool> {
    let length = short(rest)?;
    if length == -1 {
        return Some(false);
    }
    skip(rest, length)?;
    Some(true)
}

#[inline]
fn headers(rest: &mut &[u8]) -> Option<()> {
    let count = short(rest)?;
    if usize::try_from(count).ok()? > rest.len() / 2 {
        return None;
    }
    for _ in 0..count {
        let length = short(rest)?;
        skip(rest, length)?;
        nullable(rest)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::walk::careful_step;
    use super::*;

    /// Protects: the quick look takes nothing that the careful walk refuses or reads otherwise.
    #[test]
    fn quick_agrees_with_careful() {
        let alphabet = [0u8, 1, 2, 3, 4, 5, 8, 12, 16, 24, 0x7f, 0x80, 0x81, 0xff];
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            alphabet[usize::try_from(state >> 20).unwrap() % alphabet.len()]
        };
        let sound = [24, 0, 10, 0, 2, b'k', 2, b'v', 2, 2, b'h', 2, b'x', 0, 0];
        let mut taken = 0;
        for _ in 0..200_000 {
            let mut bytes = sound;
            for _ in 0..3 {
                bytes[usize::from(next()) % sound.len()] = next();
            }
            let Some((step, used)) = quick_step(&bytes) else { continue };
            taken += 1;
            let mut source = &bytes[..];
            assert_eq!(careful_step(&mut source), Ok(step), "{bytes:?}");
            assert_eq!(source, &bytes[used..]);
        }
        assert!(taken > 100, "{taken}");
    }
}
