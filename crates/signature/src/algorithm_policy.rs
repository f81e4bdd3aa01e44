//! Until when algorithms and key sizes are acceptable, as dated data, and what a use of one means for a verdict.
//!
//! ETSI EN 319 102-1, 5.2.8 and 5.5: an algorithm has to be sound at a time at which the material made with it is proved to
//! exist; without such a proof at the judgement time.

use std::borrow::Cow;
use std::sync::Arc;

use crate::calendar::display_day;
use crate::judgement::Judgement;
use crate::options::{Options, WeakDigest};
use crate::report::SubIndication;
use crate::weakness::{Algorithm, AlgorithmUse, Weakness};

/// When an algorithm is acceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Acceptable {
    /// No end is set.
    Always,
    /// Up to this time, inclusive, unix seconds.
    Until(i64),
    /// It never was.
    Never,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlgorithmRule {
    /// A digest; or a key size, which stands for every key of the kind that is *shorter*.
    pub algorithm: Algorithm,
    /// The use it speaks of; absent for every use that no other line speaks of.
    pub used_for: Option<AlgorithmUse>,
    /// Until when.
    pub acceptable: Acceptable,
    /// Who says so.
    pub source: Cow<'static, str>,
}

/// The table. What no line names is acceptable without end. Clones share the lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlgorithmPolicy {
    rules: Arc<[AlgorithmRule]>,
}

/// Midnights in UTC.
const AUGUST_2004: i64 = 1_091_318_400;
const AUGUST_2010: i64 = 1_280_620_800;
const AUGUST_2012: i64 = 1_343_779_200;
const DECEMBER_2015: i64 = 1_448_928_000;
const OCTOBER_2019: i64 = 1_569_888_000;
const OCTOBER_2021: i64 = 1_633_046_400;
const FEBRUARY_2023: i64 = 1_675_382_400;
const YEAR_2029: i64 = 1_861_920_000;

/// Digest or key size, use, end, source.
type Line = (Algorithm, Option<AlgorithmUse>, Acceptable, &'static str);

/// The table of Vietnam (circular 15/2025/TT-BKHCN, in force since 2025-08-15: SHA-256 and longer, RSA from 2048 bits, elliptic
/// curves from 256) names no ends, and 2048 bits have none here although ETSI ends them in 2029: the authorities that rule over
/// these documents demand just that size.
const DEFAULT: &[Line] = &[
    (Algorithm::Md5, None, Acceptable::Until(AUGUST_2004), "ETSI TS 102 176-1 V2.1.1"),
    (Algorithm::Sha1, None, Acceptable::Until(AUGUST_2012), "ETSI TS 119 312 V1.5.1; 15/2025/TT-BKHCN, appendix, 1.3"),
    // Only a second preimage of a value that exists already would let an outsider move a token, and SHA-1 withstands that;
    // two real tokens in three carry such an imprint.
    (
        Algorithm::Sha1,
        Some(AlgorithmUse::TimeStampImprint),
        Acceptable::Always,
        "NIST SP 800-107 revision 1 (strength against second preimages)",
    ),
    (Algorithm::Sha224, None, Acceptable::Until(YEAR_2029), "ETSI TS 119 312 V1.5.1"),
    (Algorithm::Rsa(1024), None, Acceptable::Until(AUGUST_2010), "ETSI TS 119 312 V1.5.1 (786 bits and more)"),
    (Algorithm::Rsa(2048), None, Acceptable::Until(OCTOBER_2019), "ETSI TS 119 312 V1.5.1; 15/2025/TT-BKHCN, appendix, 1.2"),
    (Algorithm::Dsa(1024), None, Acceptable::Never, "ETSI TS 119 312 V1.5.1"),
    (Algorithm::Dsa(1900), None, Acceptable::Until(DECEMBER_2015), "ETSI TS 119 312 V1.5.1"),
    // Longer ones are good to ETSI until 2029 and beyond; FIPS 186-5, of 2023-02-03, approves making no signature by DSA of any
    // length, and 15/2025/TT-BKHCN names RSA and ECDSA alone.
    (Algorithm::Dsa(usize::MAX), None, Acceptable::Until(FEBRUARY_2023), "FIPS 186-5, 4"),
    (Algorithm::EllipticCurve(224), None, Acceptable::Until(AUGUST_2012), "ETSI TS 119 312 V1.5.1"),
    // Ed25519 has an order of 253 bits and stands with those of 256.
    (Algorithm::EllipticCurve(250), None, Acceptable::Until(OCTOBER_2021), "ETSI TS 119 312 V1.5.1; 15/2025/TT-BKHCN, appendix, 1.2"),
];

impl Default for AlgorithmPolicy {
    /// The table by ETSI TS 119 312 V1.5.1 and the rules of Vietnam; every line names its source.
    fn default() -> Self {
        let rules = DEFAULT.iter().map(|&(algorithm, used_for, acceptable, source)| AlgorithmRule {
            algorithm,
            used_for,
            acceptable,
            source: Cow::Borrowed(source),
        });
        Self { rules: rules.collect() }
    }
}

impl AlgorithmPolicy {
    /// A table of one's own, in place of the default one.
    #[must_use]
    pub fn new(rules: Vec<AlgorithmRule>) -> Self {
        Self { rules: rules.into() }
    }

    /// The lines.
    #[must_use]
    pub fn rules(&self) -> &[AlgorithmRule] {
        &self.rules
    }

    /// Until when `algorithm` is acceptable for `used_for`: by a line for this very use, otherwise by one for every use; among
    /// several key sizes by the smallest that the key falls short of.
    #[must_use]
    pub fn acceptable(&self, algorithm: Algorithm, used_for: AlgorithmUse) -> Acceptable {
        let speaking = self.rules.iter().filter_map(|rule| Some((reach(rule.algorithm, algorithm)?, rule)));
        let speaking = speaking.filter(|(_, rule)| rule.used_for.is_none_or(|own| own == used_for));
        let first = speaking.min_by_key(|(reach, rule)| (rule.used_for.is_none(), *reach));
        first.map_or(Acceptable::Always, |(_, rule)| rule.acceptable)
    }
}

/// Whether a line about `rule` speaks of `algorithm`, and with which bound.
fn reach(rule: Algorithm, algorithm: Algorithm) -> Option<usize> {
    match (rule, algorithm) {
        (Algorithm::Rsa(bound), Algorithm::Rsa(bits))
        | (Algorithm::Dsa(bound), Algorithm::Dsa(bits))
        | (Algorithm::EllipticCurve(bound), Algorithm::EllipticCurve(bits)) => (bits < bound).then_some(bound),
        (rule, algorithm) => (rule == algorithm).then_some(0),
    }
}

/// A use of an algorithm, and what is known about when it happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) algorithm: Algorithm,
    pub(crate) used_for: AlgorithmUse,
    /// When what was made with it provably existed.
    pub(crate) proved: Option<i64>,
    /// It was made then or later: the signer says so, or its certificate is no older.
    pub(crate) not_before: Option<i64>,
}

/// Adds to `judgement` what the table in `options` says of `usage`; `sentence` tells of it.
pub(crate) fn weigh(usage: Usage, options: &Options, judgement: &mut Judgement, sentence: impl FnOnce() -> String) {
    let Usage { algorithm, used_for, proved, not_before } = usage;
    let end = match options.algorithms.acceptable(algorithm, used_for) {
        Acceptable::Always => return,
        Acceptable::Until(end) if options.at <= end => return,
        Acceptable::Until(end) => Some(end),
        Acceptable::Never => None,
    };
    judgement.weak.push(Weakness { algorithm, used_for, acceptable_until: end });
    let sentence = match end {
        Some(end) => format!("{}, which counted as sound until {}", sentence(), display_day(end)),
        None => sentence(),
    };
    match options.weak_digest {
        _ if proved.zip(end).is_some_and(|(proved, end)| proved <= end) => {
            judgement.note_once(format!("{sentence}: it is proved to be older"));
        }
        WeakDigest::Accept => judgement.note_once(format!("{sentence}; accepted by configuration")),
        // EN 319 102-1, table 6: what was certainly made too late, and what merely is not proved to be older.
        WeakDigest::Reject if end.is_none_or(|end| not_before.is_some_and(|made| made > end)) => {
            judgement.doubt_for_weakness(SubIndication::CryptoConstraintsFailure, sentence);
        }
        WeakDigest::Reject => judgement.doubt_for_weakness(SubIndication::CryptoConstraintsFailureNoPoe, sentence),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::pdf_date;
    use crate::report::Verdict;
    use crate::testing::NOW;

    fn day(date: &str) -> i64 {
        pdf_date(date.as_bytes()).unwrap()
    }

    #[test]
    fn the_ends_are_midnights_of_the_days_they_are_named_after() {
        for (end, date) in [
            (AUGUST_2004, "D:20040801"),
            (AUGUST_2010, "D:20100801"),
            (AUGUST_2012, "D:20120801"),
            (DECEMBER_2015, "D:20151201"),
            (OCTOBER_2019, "D:20191001"),
            (YEAR_2029, "D:20290101"),
            (OCTOBER_2021, "D:20211001"),
            (FEBRUARY_2023, "D:20230203"),
        ] {
            assert_eq!(end, day(date));
        }
    }

    #[test]
    fn the_table_speaks_of_digests_by_use_and_of_keys_by_the_nearest_bound() {
        let policy = AlgorithmPolicy::default();
        let signing = |algorithm| policy.acceptable(algorithm, AlgorithmUse::SignatureValue);
        assert_eq!(signing(Algorithm::Sha1), Acceptable::Until(AUGUST_2012));
        assert_eq!(policy.acceptable(Algorithm::Sha1, AlgorithmUse::TimeStampImprint), Acceptable::Always);
        assert_eq!(signing(Algorithm::Md5), Acceptable::Until(AUGUST_2004));
        assert_eq!(signing(Algorithm::Sha256), Acceptable::Always);
        assert_eq!(signing(Algorithm::Rsa(1023)), Acceptable::Until(AUGUST_2010));
        assert_eq!(signing(Algorithm::Rsa(1024)), Acceptable::Until(OCTOBER_2019));
        assert_eq!(signing(Algorithm::Rsa(2047)), Acceptable::Until(OCTOBER_2019));
        assert_eq!(signing(Algorithm::Rsa(2048)), Acceptable::Always);
        assert_eq!(signing(Algorithm::Dsa(512)), Acceptable::Never);
        assert_eq!(signing(Algorithm::Dsa(1024)), Acceptable::Until(DECEMBER_2015));
        assert_eq!(signing(Algorithm::Dsa(3072)), Acceptable::Until(FEBRUARY_2023));
        assert_eq!(signing(Algorithm::EllipticCurve(160)), Acceptable::Until(AUGUST_2012));
        assert_eq!(signing(Algorithm::EllipticCurve(224)), Acceptable::Until(OCTOBER_2021));
        assert_eq!(signing(Algorithm::EllipticCurve(253)), Acceptable::Always);
        assert_eq!(signing(Algorithm::EllipticCurve(256)), Acceptable::Always);
        assert!(policy.rules().iter().all(|rule| !rule.source.is_empty()));
    }

    /// SHA-1 in a signature value, by proof and earliest making.
    fn outcome(options: &Options, proved: Option<i64>, not_before: Option<i64>) -> (Verdict, Option<SubIndication>, usize) {
        let mut judgement = Judgement::default();
        let usage = Usage { algorithm: Algorithm::Sha1, used_for: AlgorithmUse::SignatureValue, proved, not_before };
        weigh(usage, options, &mut judgement, || "the signature rests on SHA-1".to_owned());
        let (verdict, indication) = judgement.outcome();
        (verdict, indication, judgement.weak.len())
    }

    #[test]
    fn the_proved_time_is_compared_and_without_one_the_judgement_time() {
        let strict = Options::at(NOW);
        let (old, young) = (AUGUST_2012 - 86_400, AUGUST_2012 + 86_400);
        let late = (Verdict::Indeterminate, Some(SubIndication::CryptoConstraintsFailure), 1);
        let unproved = (Verdict::Indeterminate, Some(SubIndication::CryptoConstraintsFailureNoPoe), 1);
        assert_eq!(outcome(&strict, None, None), unproved);
        assert_eq!(outcome(&strict, Some(young), Some(old)), unproved);
        assert_eq!(outcome(&strict, Some(young), Some(young)), late);
        assert_eq!(outcome(&strict, Some(old), None), (Verdict::TotalPassed, None, 1));
        assert_eq!(outcome(&Options::at(AUGUST_2012), None, None), (Verdict::TotalPassed, None, 0));
        let lax = Options { weak_digest: WeakDigest::Accept, ..Options::at(NOW) };
        assert_eq!(outcome(&lax, None, None), (Verdict::TotalPassed, None, 1));
    }

    #[test]
    fn uses_are_weighed_one_by_one_and_a_sentence_is_said_once() {
        let line = |used_for, acceptable| AlgorithmRule {
            algorithm: Algorithm::Sha1,
            used_for: Some(used_for),
            acceptable,
            source: "tỉnh".into(),
        };
        let table =
            vec![line(AlgorithmUse::MessageDigest, Acceptable::Until(AUGUST_2012)), line(AlgorithmUse::SignatureValue, Acceptable::Never)];
        let mut judgement = Judgement::default();
        let mut weigh_both = |options: &Options| {
            for used_for in [AlgorithmUse::MessageDigest, AlgorithmUse::SignatureValue] {
                let usage = Usage { algorithm: Algorithm::Sha1, used_for, proved: Some(AUGUST_2012 - 1), not_before: None };
                weigh(usage, options, &mut judgement, || "the signature rests on SHA-1".to_owned());
            }
            (judgement.outcome().1, judgement.reasons.len())
        };
        let default = Options::at(NOW);
        assert_eq!(weigh_both(&default), (None, 1));
        let strict = Options { algorithms: AlgorithmPolicy::new(table), ..Options::at(NOW) };
        assert_eq!(weigh_both(&strict), (Some(SubIndication::CryptoConstraintsFailure), 2));
    }

    #[test]
    fn an_operator_may_write_a_table_of_his_own() {
        let rule = |acceptable| AlgorithmRule { algorithm: Algorithm::Sha1, used_for: None, acceptable, source: "tỉnh".into() };
        let with = |acceptable| Options { algorithms: AlgorithmPolicy::new(vec![rule(acceptable)]), ..Options::at(NOW) };
        assert_eq!(outcome(&with(Acceptable::Until(NOW + 1)), None, None).0, Verdict::TotalPassed);
        assert_eq!(outcome(&with(Acceptable::Never), Some(0), None).1, Some(SubIndication::CryptoConstraintsFailure));
        let free = Options { algorithms: AlgorithmPolicy::new(Vec::new()), ..Options::at(NOW) };
        assert_eq!(outcome(&free, None, None), (Verdict::TotalPassed, None, 0));
    }
}
