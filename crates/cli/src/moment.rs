//! Times as people read them: UTC, to the millisecond; `consume::parse_time` reads them back.

use types::WallTime;

const DAY_MS: i64 = 86_400_000;

/// Writes a time as `2026-01-31T12:00:00.000Z`.
pub(crate) fn utc(time: WallTime) -> String {
    let (days, ms) = (time.0.div_euclid(DAY_MS), time.0.rem_euclid(DAY_MS));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1000)
}

/// Days since 1970 to a date, counted in years that begin with March.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consume::parse_time;

    /// Protects: a time that is shown is read back as it was, to the millisecond.
    #[test]
    fn times_are_read_back() {
        assert_eq!(utc(WallTime(1_700_000_000_123)), "2023-11-14T22:13:20.123Z");
        for time in [0, 951_782_400_001, 1_709_164_800_000, 4_102_444_799_999] {
            assert_eq!(parse_time(&utc(WallTime(time))), Ok(WallTime(time)));
        }
    }
}
