//! Moments and days on the wire: `google.protobuf.Timestamp` in UTC, and `2022-12-31`.

use domain::time::{Date, Timestamp};

/// 0001-01-01T00:00:00Z, the first moment a Timestamp may state.
const FIRST_SECOND: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z, the last second.
const LAST_SECOND: i64 = 253_402_300_799;

/// The timestamp is outside of what its type allows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not a time between the years 1 and 9999, with 0 to 999,999,999 nanoseconds")]
pub struct NotATime;

/// The message of a moment.
pub const fn timestamp(moment: Timestamp) -> prost_types::Timestamp {
    let micros = moment.micros();
    prost_types::Timestamp { seconds: micros.div_euclid(1_000_000), nanos: (micros.rem_euclid(1_000_000) * 1_000) as i32 }
}

/// The moment of a message, to the microsecond (finer is cut off).
pub fn moment(timestamp: &prost_types::Timestamp) -> Result<Timestamp, NotATime> {
    let whole = (FIRST_SECOND..=LAST_SECOND).contains(&timestamp.seconds) && (0..1_000_000_000).contains(&timestamp.nanos);
    if !whole {
        return Err(NotATime);
    }
    Ok(Timestamp::from_micros(timestamp.seconds * 1_000_000 + i64::from(timestamp.nanos / 1_000)))
}

/// The text of a day, empty for none.
pub fn date(day: Option<Date>) -> String {
    day.map_or_else(String::new, |day| day.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_before_1970_keep_their_fraction() {
        // -0.5 s is second -1 and 500,000,000 ns (google/protobuf/timestamp.proto).
        let message = timestamp(Timestamp::from_micros(-500_000));
        assert_eq!((message.seconds, message.nanos), (-1, 500_000_000));
        assert_eq!(moment(&message), Ok(Timestamp::from_micros(-500_000)));
    }

    #[test]
    fn times_outside_of_the_type_are_refused() {
        for (seconds, nanos) in [(0, -1), (0, 1_000_000_000), (LAST_SECOND + 1, 0), (FIRST_SECOND - 1, 0), (i64::MAX, 0)] {
            assert_eq!(moment(&prost_types::Timestamp { seconds, nanos }), Err(NotATime), "{seconds} {nanos}");
        }
        assert_eq!(moment(&prost_types::Timestamp { seconds: 1, nanos: 1_999 }), Ok(Timestamp::from_micros(1_000_001)));
    }
}
