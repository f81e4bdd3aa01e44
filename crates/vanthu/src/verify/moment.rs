//! Moments as people type and read them; unix seconds inside.

use std::time::{SystemTime, UNIX_EPOCH};

use time::format_description::well_known::Rfc3339;
use time::macros::{format_description, offset};
use time::{Date, OffsetDateTime, PrimitiveDateTime};

/// Reads RFC 3339, or a date: its first second in UTC.
///
/// # Errors
/// A sentence for the person who typed it.
pub(crate) fn parse(text: &str) -> Result<i64, String> {
    if let Ok(moment) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(moment.unix_timestamp());
    }
    let date = Date::parse(text, format_description!("[year]-[month]-[day]"));
    date.map(|date| date.midnight().assume_utc().unix_timestamp())
        .map_err(|_| "neither RFC 3339 (2026-01-31T08:00:00+07:00) nor a date (2026-01-31)".to_owned())
}

/// Reads a time as the reasons of the `signature` crate write it, `2026-11-27 11:44:09 UTC`.
pub(crate) fn of_reason(text: &str) -> Option<i64> {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    PrimitiveDateTime::parse(text, format).ok().map(|moment| moment.assume_utc().unix_timestamp())
}

/// Writes a day as the reasons of the `signature` crate write it, `2012-08-01`, as people in Vietnam read it: `01/08/2012`.
pub(crate) fn of_day(text: &str) -> Option<String> {
    let day = Date::parse(text, format_description!("[year]-[month]-[day]")).ok()?;
    day.format(format_description!("[day]/[month]/[year]")).ok()
}

/// This second.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// RFC 3339 in UTC; nothing where the year has no four digits.
pub(crate) fn rfc3339(unix: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(unix).ok()?.format(&Rfc3339).ok()
}

/// As people in Vietnam read it: `01/03/2024 09:00:00`, UTC+7, no summer time since 1975.
pub(crate) fn in_vietnam(unix: i64) -> Option<String> {
    let local = OffsetDateTime::from_unix_timestamp(unix).ok()?.checked_to_offset(offset!(+7))?;
    local.format(format_description!("[day]/[month]/[year] [hour]:[minute]:[second]")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_with_a_zone_and_bare_dates_are_read() {
        // Expected values from `date -u -d ... +%s`.
        assert_eq!(parse("2023-02-16T02:38:49Z"), Ok(1_676_515_129));
        assert_eq!(parse("2023-02-16T09:38:49+07:00"), Ok(1_676_515_129));
        assert_eq!(parse("2023-02-16"), Ok(1_676_505_600));
        assert_eq!(of_reason("2023-02-16 02:38:49 UTC"), Some(1_676_515_129));
        assert_eq!(of_reason("the certificate"), None);
        for bad in ["", "yesterday", "2023-02-30", "16/02/2023", "2023-02-16T09:38:49", "1676515129"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_written_in_utc_for_machines_and_in_vietnams_time_for_people() {
        assert_eq!(rfc3339(1_676_515_129).as_deref(), Some("2023-02-16T02:38:49Z"));
        assert_eq!(in_vietnam(1_676_515_129).as_deref(), Some("16/02/2023 09:38:49"));
        assert_eq!(rfc3339(i64::MAX), None);
        assert_eq!(in_vietnam(i64::MIN), None);
    }
}
