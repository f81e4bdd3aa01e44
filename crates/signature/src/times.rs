//! What the times of a signature say of one another: notes for people, and the claimed time mended where it is plainly local time.

use std::fmt;

use crate::calendar::display;
use crate::judgement::Judgement;

/// Vietnam has had no other zone since 1975, and many signing programs write its time under the label of UTC.
const VIETNAM_OFFSET: i64 = 7 * 3600;
/// How far two clocks may differ and still be seven hours apart.
const OFFSET_TOLERANCE: i64 = 15 * 60;
/// Time stamps come within a minute as a rule; clocks of real signers go up to 22 minutes wrong, and those of time-stamp
/// authorities have been more than six hours late.
const NOTABLE: i64 = 30 * 60;

/// The times that a signature carries, unix seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    /// By the surroundings, `/M` of a PDF, with its zone.
    pub(crate) outside: Option<i64>,
    /// By the signed attribute, which is UTC by its standard (RFC 5652, 11.3).
    pub(crate) attribute: Option<i64>,
    pub(crate) proved: Option<i64>,
    /// The certificate ends then, inclusive.
    pub(crate) certificate_end: Option<i64>,
    /// The judgement time.
    pub(crate) at: i64,
}

impl Times {
    /// Adds notes to `judgement`, none of which weighs, and returns the claimed time to go by: that of the surroundings, otherwise
    /// that of the attribute, which is mended if a time stamp shows it to be local.
    pub(crate) fn tell(self, judgement: &mut Judgement) -> Option<i64> {
        let claimed = self.outside.or_else(|| self.mended());
        if self.is_local() {
            judgement.note("the signing time in the signature is Vietnam time labelled UTC, 7 hours ahead");
        }
        match (claimed, self.proved) {
            (Some(claimed), Some(proved)) if proved - claimed > NOTABLE => {
                let late = Span(proved - claimed);
                judgement.note(format!("the time stamp is {late} later than the claimed signing time: the proved time counts"));
            }
            (Some(claimed), Some(proved)) if claimed - proved > NOTABLE => {
                let early = Span(claimed - proved);
                judgement.note(format!("the claimed signing time is {early} later than the time stamp: the signer's clock was wrong"));
            }
            (Some(claimed), None) if claimed - self.at > NOTABLE => {
                judgement.note(format!("the claimed signing time lies in the future: {}", display(claimed)));
            }
            _ => {}
        }
        if let (Some(claimed), Some(end)) = (claimed, self.certificate_end)
            && claimed > end
        {
            let late = Span(claimed - end);
            judgement.note(format!("by its own claim the signature was made {late} after its certificate expired at {}", display(end)));
        }
        claimed
    }

    /// The attribute is ahead of a better time by just the offset.
    fn is_local(self) -> bool {
        let better = self.outside.or(self.proved);
        self.attribute.zip(better).is_some_and(|(attribute, better)| (attribute - better - VIETNAM_OFFSET).abs() <= OFFSET_TOLERANCE)
    }

    fn mended(self) -> Option<i64> {
        if self.is_local() { self.attribute.map(|attribute| attribute - VIETNAM_OFFSET) } else { self.attribute }
    }
}

/// Seconds as a person says them.
struct Span(i64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0 / 60;
        match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
            (0, 0, minutes) => write!(f, "{minutes} min"),
            (0, hours, minutes) => write!(f, "{hours} h {minutes} min"),
            (days, hours, _) => write!(f, "{days} d {hours} h"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::NOW;

    fn told(times: Times) -> (Option<i64>, String) {
        let mut judgement = Judgement::default();
        let claimed = Times { at: NOW, ..times }.tell(&mut judgement);
        assert!(judgement.is_clean());
        (claimed, judgement.reasons.join("; "))
    }

    #[test]
    fn local_time_labelled_utc_is_told_and_mended_by_a_time_stamp() {
        let hour = 3600;
        let attribute = Some(NOW + 7 * hour);
        let (claimed, said) = told(Times { attribute, outside: Some(NOW - 60), ..Times::default() });
        assert!(claimed == Some(NOW - 60) && said.contains("labelled UTC"), "{said}");
        let (claimed, said) = told(Times { attribute, proved: Some(NOW + 10), ..Times::default() });
        assert!(claimed == Some(NOW) && said.ends_with("7 hours ahead"), "{said}");
        // Nothing better is known: it stays as it is claimed.
        let (claimed, said) = told(Times { attribute, ..Times::default() });
        assert!(claimed == attribute && said.contains("lies in the future"), "{said}");
        assert_eq!(told(Times { attribute: Some(NOW), proved: Some(NOW + 60), ..Times::default() }), (Some(NOW), String::new()));
    }

    #[test]
    fn a_late_or_early_time_stamp_and_a_late_signature_are_notes() {
        let claim = |proved: i64| told(Times { outside: Some(NOW), proved: Some(proved), ..Times::default() }).1;
        assert!(claim(NOW + 6 * 3600 + 20 * 60).contains("6 h 20 min later than the claimed"));
        assert!(claim(NOW + 63 * 3600).contains("2 d 15 h later"));
        assert!(claim(NOW - 3600).contains("the signer's clock was wrong"));
        assert_eq!(claim(NOW - 22 * 60), "");
        let (_, said) = told(Times { outside: Some(NOW), certificate_end: Some(NOW - 86_400), ..Times::default() });
        assert!(said.contains("1 d 0 h after its certificate expired"), "{said}");
    }
}
