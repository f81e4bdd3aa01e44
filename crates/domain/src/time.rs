//! Moments and dates. A moment is UTC in microseconds; a date is a day of the calendar as printed on a document.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A moment: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
pub struct Timestamp(i64);

/// Vietnam keeps UTC+7 the year round.
const VIETNAM_OFFSET_SECONDS: i64 = 7 * 3600;

impl Timestamp {
    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From whole seconds since the epoch; saturates at the ends of the range.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The day it is in Vietnam at this moment.
    pub fn date_in_vietnam(self) -> Date {
        Date::from_days(self.seconds().saturating_add(VIETNAM_OFFSET_SECONDS).div_euclid(86_400))
    }

    /// The seconds since midnight that a clock in Vietnam shows at this moment, 0 to 86,399.
    pub fn second_of_day_in_vietnam(self) -> u32 {
        self.seconds().saturating_add(VIETNAM_OFFSET_SECONDS).rem_euclid(86_400) as u32
    }

    /// The moment at which a clock in Vietnam shows this day and so many seconds since midnight.
    pub fn from_vietnam(date: Date, second_of_day: u32) -> Self {
        Self::from_seconds(date.days() * 86_400 + i64::from(second_of_day) - VIETNAM_OFFSET_SECONDS)
    }
}

/// A day of the Gregorian calendar, years 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// The text is not a day of the calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not a date of the form 2022-12-31")]
pub struct NotADate;

impl Date {
    /// The day, if the calendar has it.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, NotADate> {
        let length = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if is_leap(year) => 29,
            2 => 28,
            _ => return Err(NotADate),
        };
        if (1..=9999).contains(&year) && (1..=length).contains(&day) { Ok(Self { year, month, day }) } else { Err(NotADate) }
    }

    /// The year.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, 1 to 31.
    pub const fn day(self) -> u8 {
        self.day
    }

    /// The day before, if the calendar has it: nothing comes before 0001-01-01.
    pub fn previous(self) -> Option<Self> {
        let before = if self.day > 1 {
            Self::new(self.year, self.month, self.day - 1)
        } else if self.month > 1 {
            // The last day of the month before is the greatest that the calendar has.
            (28..=31).rev().map(|day| Self::new(self.year, self.month - 1, day)).find(Result::is_ok)?
        } else {
            Self::new(self.year - 1, 12, 31)
        };
        before.ok()
    }

    /// Days since 1970-01-01 (Howard Hinnant's days-from-civil).
    fn days(self) -> i64 {
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let shifted_month = (i64::from(self.month) + 9) % 12;
        let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
    }

    /// The day that is `days` after 1970-01-01, held within years 1 to 9999 (Howard Hinnant's civil-from-days).
    fn from_days(days: i64) -> Self {
        let z = days.clamp(-719_162, 2_932_896) + 719_468;
        let era = z.div_euclid(146_097);
        let day_of_era = z.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self { year: year as u16, month: month as u8, day: day as u8 }
    }
}

const fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Self, NotADate> {
        let bytes = text.as_bytes();
        let shape =
            bytes.len() == 10 && bytes.iter().enumerate().all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() });
        if !shape {
            return Err(NotADate);
        }
        let number = |range: std::ops::Range<usize>| text.get(range).and_then(|t| t.parse::<u16>().ok()).ok_or(NotADate);
        Self::new(number(0..4)?, number(5..7)? as u8, number(8..10)? as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_in_vietnam_begins_at_17_00_utc() {
        // 2025-06-30T17:00:00Z is 2025-07-01T00:00:00+07:00 (date -d @1751302800 -u).
        assert_eq!(Timestamp::from_seconds(1_751_302_800).date_in_vietnam().to_string(), "2025-07-01");
        assert_eq!(Timestamp::from_seconds(1_751_302_799).date_in_vietnam().to_string(), "2025-06-30");
        assert_eq!(Timestamp::from_seconds(951_782_400).date_in_vietnam().to_string(), "2000-02-29");
    }

    #[test]
    fn a_clock_in_vietnam_and_a_moment_say_the_same() {
        // date -d '2025-07-01 09:47:23 +07:00' +%s
        let moment = Timestamp::from_vietnam("2025-07-01".parse().unwrap(), 9 * 3_600 + 47 * 60 + 23);
        assert_eq!(moment.seconds(), 1_751_338_043);
        assert_eq!(moment.second_of_day_in_vietnam(), 9 * 3_600 + 47 * 60 + 23);
        for days in [-719_162, -1, 0, 11_016, 2_932_896] {
            assert_eq!(Date::from_days(days).days(), days);
        }
    }

    #[test]
    fn the_day_before_crosses_months_and_years() {
        for (day, before) in [
            ("2025-07-02", Some("2025-07-01")),
            ("2025-07-01", Some("2025-06-30")),
            ("2024-03-01", Some("2024-02-29")),
            ("2025-03-01", Some("2025-02-28")),
            ("2025-01-01", Some("2024-12-31")),
            ("0001-01-01", None),
        ] {
            let previous = day.parse::<Date>().unwrap().previous();
            assert_eq!(previous.map(|d| d.to_string()).as_deref(), before, "{day}");
        }
    }

    #[test]
    fn a_date_that_the_calendar_lacks_is_refused() {
        for text in ["2023-02-29", "2024-13-01", "2024-00-10", "0000-01-01", "2024-1-01", "2024-01-32", "2024/01/01", "２024-01-0"] {
            assert_eq!(text.parse::<Date>(), Err(NotADate), "{text}");
        }
        assert_eq!("2024-02-29".parse::<Date>().map(|d| d.to_string()), Ok("2024-02-29".into()));
    }
}
