//! Days and moments as packets write them: `2025/09/15` and `2025/09/15 14:05:31`, the clock being Vietnam's.

use domain::time::{Date, Timestamp};

/// Whether a text had the form of the regulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// It had.
    Regular,
    /// Another form, which can be understood in one way only.
    Other,
}

/// A day: `yyyy/MM/dd`; also understood are `yyyy-MM-dd`, `dd/MM/yyyy` of the oldest programs, and a time behind it.
pub(crate) fn read_date(text: &str) -> Option<(Date, Form)> {
    if let Some(date) = date(text, '/') {
        return Some((date, Form::Regular));
    }
    let day = text.split([' ', 'T']).next()?;
    let date = date(day, '/').or_else(|| date(day, '-')).or_else(|| oldest(day))?;
    Some((date, Form::Other))
}

/// A moment: `yyyy/MM/dd HH:mm:ss`; also understood are the other forms of days, fractions of seconds, and an offset.
pub(crate) fn read_timestamp(text: &str) -> Option<(Timestamp, Form)> {
    let (day, clock) = text.split_once([' ', 'T'])?;
    if let (Some(date), Some(second)) = (date(day, '/'), clock_of(clock))
        && text.as_bytes().get(10) == Some(&b' ')
    {
        return Some((Timestamp::from_vietnam(date, second), Form::Regular));
    }
    let date = date(day, '/').or_else(|| date(day, '-')).or_else(|| oldest(day))?;
    let (clock, behind) = clock.split_at_checked(8)?;
    let local = Timestamp::from_vietnam(date, clock_of(clock)?);
    let zone = behind.trim_start_matches('.').trim_start_matches(|c: char| c.is_ascii_digit());
    let utc_is_ahead_by = match zone {
        "" | "+07:00" | "+0700" => 0,
        "Z" | "+00:00" => 7 * 3_600,
        _ => return None,
    };
    Some((Timestamp::from_seconds(local.seconds() + utc_is_ahead_by), Form::Other))
}

fn date(text: &str, separator: char) -> Option<Date> {
    let (year, rest) = text.split_once(separator)?;
    let (month, day) = rest.split_once(separator)?;
    Date::new(number(year, 4)?, u8::try_from(number(month, 2)?).ok()?, u8::try_from(number(day, 2)?).ok()?).ok()
}

fn oldest(text: &str) -> Option<Date> {
    let (day, rest) = text.split_once('/')?;
    let (month, year) = rest.split_once('/')?;
    Date::new(number(year, 4)?, u8::try_from(number(month, 2)?).ok()?, u8::try_from(number(day, 2)?).ok()?).ok()
}

/// Seconds since midnight of `HH:mm:ss`.
fn clock_of(text: &str) -> Option<u32> {
    let (hour, rest) = text.split_once(':')?;
    let (minute, second) = rest.split_once(':')?;
    let [hour, minute, second] = [number(hour, 2)?, number(minute, 2)?, number(second, 2)?].map(u32::from);
    (hour < 24 && minute < 60 && second < 60).then_some(hour * 3_600 + minute * 60 + second)
}

fn number(text: &str, digits: usize) -> Option<u16> {
    if text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// The day as the regulation writes it.
pub(crate) fn write_date(date: Date) -> String {
    format!("{:04}/{:02}/{:02}", date.year(), date.month(), date.day())
}

/// The moment as the regulation writes it.
pub(crate) fn write_timestamp(timestamp: Timestamp) -> String {
    let second = timestamp.second_of_day_in_vietnam();
    format!("{} {:02}:{:02}:{:02}", write_date(timestamp.date_in_vietnam()), second / 3_600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_vietnams() {
        // date -u -d '2018-11-15T02:47:23Z' +%s
        let moment = Timestamp::from_seconds(1_542_250_043);
        assert_eq!(write_timestamp(moment), "2018/11/15 09:47:23");
        assert_eq!(read_timestamp("2018/11/15 09:47:23"), Some((moment, Form::Regular)));
        for other in
            ["15/11/2018 09:47:23", "2018-11-15T09:47:23", "2018-11-15T02:47:23Z", "2018-11-15 09:47:23.123+07:00", "2018/11/15T09:47:23"]
        {
            assert_eq!(read_timestamp(other), Some((moment, Form::Other)), "{other}");
        }
        for bad in ["2018/11/15", "2018/11/15 24:00:00", "2018/13/15 09:47:23", "2018/11/15 9:47:23", "2018/11/15 09:47:23+09:00", "T", ""]
        {
            assert_eq!(read_timestamp(bad), None, "{bad}");
        }
    }

    #[test]
    fn days_are_read_in_the_forms_that_were_seen() {
        let day: Date = "2015-09-30".parse().unwrap();
        assert_eq!(read_date("2015/09/30"), Some((day, Form::Regular)));
        for other in ["30/09/2015", "2015-09-30", "2015/09/30 10:00:00", "2015-09-30T00:00:00"] {
            assert_eq!(read_date(other), Some((day, Form::Other)), "{other}");
        }
        for bad in ["2015/9/30", "2015/02/30", "09/30/2015", "", "x", "２０１５/09/30"] {
            assert_eq!(read_date(bad), None, "{bad}");
        }
    }
}
