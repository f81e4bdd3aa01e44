//! Times as ASN.1 and PDF write them, to unix seconds.

use crate::asn1::{Asn1Error, Element, GENERALIZED_TIME, UTC_TIME};

/// Reads a UTCTime or GeneralizedTime that ends in `Z` (RFC 5280, 4.1.2.5; fractions as in RFC 3161 are dropped).
pub(crate) fn asn1_time(element: &Element<'_>) -> Result<i64, Asn1Error> {
    let text = element.content.strip_suffix(b"Z").ok_or(Asn1Error::Malformed)?;
    let (year, rest) = match element.tag {
        UTC_TIME => {
            let short = digits(text, 0, 2).ok_or(Asn1Error::Malformed)?;
            (if short < 50 { 2000 + short } else { 1900 + short }, text.get(2..))
        }
        GENERALIZED_TIME => (digits(text, 0, 4).ok_or(Asn1Error::Malformed)?, text.get(4..)),
        found => return Err(Asn1Error::UnexpectedTag { expected: UTC_TIME, found }),
    };
    let rest = rest.ok_or(Asn1Error::Malformed)?;
    let field = |at| digits(rest, at, 2);
    let second = if rest.len() == 8 && element.tag == UTC_TIME { Some(0) } else { field(8) };
    let tail = rest.get(10..).unwrap_or_default();
    if !(tail.is_empty() || (tail.len() > 1 && tail.starts_with(b".") && digits(tail, 1, tail.len() - 1).is_some())) {
        return Err(Asn1Error::Malformed);
    }
    let parts = (|| Some((field(0)?, field(2)?, field(4)?, field(6)?, second?)))();
    let (month, day, hour, minute, second) = parts.ok_or(Asn1Error::Malformed)?;
    unix_seconds(year, month, day, hour, minute, second).ok_or(Asn1Error::Malformed)
}

/// Reads a time of a certificate's validity, in the one form that RFC 5280, 4.1.2.5 allows: with seconds and without fractions.
pub(crate) fn validity_time(element: &Element<'_>) -> Result<i64, Asn1Error> {
    let length = if element.tag == UTC_TIME { b"YYMMDDHHMMSSZ".len() } else { b"YYYYMMDDHHMMSSZ".len() };
    if element.content.len() == length { asn1_time(element) } else { Err(Asn1Error::Malformed) }
}

/// Reads `D:YYYYMMDDHHmmSSOHH'mm` (ISO 32000-1, 7.9.4); parts from the month on may be missing, no zone means UTC.
pub(crate) fn pdf_date(bytes: &[u8]) -> Option<i64> {
    let text = bytes.strip_prefix(b"D:").unwrap_or(bytes);
    let year = digits(text, 0, 4)?;
    let part = |at: usize, missing| if text.get(at).is_some_and(u8::is_ascii_digit) { digits(text, at, 2) } else { Some(missing) };
    let local = unix_seconds(year, part(4, 1)?, part(6, 1)?, part(8, 0)?, part(10, 0)?, part(12, 0)?)?;
    let zone = text.get(14..).unwrap_or_default();
    let sign = match zone.first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Some(local),
    };
    let hours = digits(zone, 1, 2)?;
    let minutes = if zone.get(3) == Some(&b'\'') { digits(zone, 4, 2).unwrap_or(0) } else { digits(zone, 3, 2).unwrap_or(0) };
    Some(local - sign * (hours * 3600 + minutes * 60))
}

/// Writes `2026-11-27 11:44:09 UTC`, for reasons.
pub(crate) fn display(unix: i64) -> String {
    let days = unix.div_euclid(86_400);
    let second = unix.rem_euclid(86_400);
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC", second / 3600, second / 60 % 60, second % 60)
}

/// Writes `2026-11-27`, the day in UTC.
pub(crate) fn display_day(unix: i64) -> String {
    let (year, month, day) = civil(unix.div_euclid(86_400));
    format!("{year:04}-{month:02}-{day:02}")
}

fn digits(text: &[u8], at: usize, count: usize) -> Option<i64> {
    // 18 digits are the most that always fit.
    text.get(at..at.checked_add(count)?)?
        .iter()
        .take(18)
        .try_fold(0i64, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
}

fn unix_seconds(year: i64, month: i64, day: i64, hour: i64, minute: i64, second: i64) -> Option<i64> {
    let valid = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    let days = days_from_civil(year, month, day);
    // A date that does not survive the round trip, such as 31 February, does not exist.
    (valid && civil(days) == (year, month, day)).then_some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, by eras of 400 years that start in March.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * month_from_march + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::encode;

    fn time(tag: u8, text: &str) -> Result<i64, Asn1Error> {
        asn1_time(&Element::parse(&encode(tag, text.as_bytes()), tag).unwrap())
    }

    #[test]
    fn asn1_times_become_unix_seconds() {
        // Expected values from `date -u -d ... +%s`.
        assert_eq!(time(UTC_TIME, "230216023849Z"), Ok(1_676_515_129));
        assert_eq!(time(UTC_TIME, "500101000000Z"), Ok(-631_152_000));
        assert_eq!(time(GENERALIZED_TIME, "20480814000000Z"), Ok(2_480_976_000));
        assert_eq!(time(GENERALIZED_TIME, "20230216023849.125Z"), Ok(1_676_515_129));
        assert!(time(GENERALIZED_TIME, "20230230000000Z").is_err());
        assert!(time(UTC_TIME, "230216023849+0700").is_err());
    }

    #[test]
    fn pdf_dates_take_their_zone_into_account() {
        assert_eq!(pdf_date(b"D:20230216093853+07'00'"), Some(1_676_515_133));
        assert_eq!(pdf_date(b"D:20230216"), Some(1_676_505_600));
        assert_eq!(pdf_date(b"D:20230216023853Z"), Some(1_676_515_133));
        assert_eq!(pdf_date(b"yesterday"), None);
    }

    #[test]
    fn times_are_displayed_in_utc() {
        assert_eq!(display(1_676_515_133), "2023-02-16 02:38:53 UTC");
        assert_eq!(display(951_782_400), "2000-02-29 00:00:00 UTC");
    }
}
