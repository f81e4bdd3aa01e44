//! A verdict in the making: grounds are collected, the strongest one wins.

use std::sync::Arc;

use crate::certificate::Certificate;
use crate::report::{SubIndication, UsedEvidence, Verdict};
use crate::weakness::Weakness;

/// Grounds and sentences gathered about one signature.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judgement {
    failure: Option<SubIndication>,
    doubt: Option<SubIndication>,
    /// A doubt about algorithms that are no longer acceptable, and about nothing else.
    weakness: Option<SubIndication>,
    pub(crate) reasons: Vec<String>,
    /// What the judgement of paths and revocation rests on.
    pub(crate) evidence: Vec<UsedEvidence>,
    /// A trust anchor vouches, through certificates in order, for whose signature it is.
    pub(crate) is_vouched_for: bool,
    /// What is weak at the judgement time, whether it speaks against the signature or not.
    pub(crate) weak: Vec<Weakness>,
}

impl Judgement {
    /// A ground for TOTAL_FAILED.
    pub(crate) fn fail(&mut self, indication: SubIndication, reason: impl Into<String>) {
        self.failure = Some(self.failure.map_or(indication, |earlier| earlier.min(indication)));
        self.reasons.push(reason.into());
    }

    /// A ground for INDETERMINATE.
    pub(crate) fn doubt(&mut self, indication: SubIndication, reason: impl Into<String>) {
        self.doubt = Some(self.doubt.map_or(indication, |earlier| earlier.min(indication)));
        self.reasons.push(reason.into());
    }

    /// A ground for INDETERMINATE that is an algorithm which is no longer acceptable.
    pub(crate) fn doubt_for_weakness(&mut self, indication: SubIndication, reason: impl Into<String>) {
        self.weakness = Some(self.weakness.map_or(indication, |earlier| earlier.min(indication)));
        self.note_once(reason.into());
    }

    /// A sentence without weight, unless it is there already.
    pub(crate) fn note_once(&mut self, reason: String) {
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }

    /// A sentence without weight.
    pub(crate) fn note(&mut self, reason: impl Into<String>) {
        self.reasons.push(reason.into());
    }

    /// Records that the judgement rests on the certificates of `path`.
    pub(crate) fn rests_on(&mut self, path: &[Arc<Certificate>]) {
        self.evidence.extend(path.iter().map(|one| one.as_evidence()));
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// The failure, if there is one, is of the form or the arithmetic: these go before all others.
    pub(crate) fn is_broken(&self) -> bool {
        self.failure.is_some_and(|failure| failure <= SubIndication::SigCryptoFailure)
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.failure.is_none() && self.doubt.is_none() && self.weakness.is_none()
    }

    /// Nothing but algorithms that are no longer acceptable stands in the way of TOTAL_PASSED.
    pub(crate) fn is_weak_only(&self) -> bool {
        self.failure.is_none() && self.doubt.is_none() && self.weakness.is_some()
    }

    pub(crate) fn outcome(&self) -> (Verdict, Option<SubIndication>) {
        let doubt = self.doubt.into_iter().chain(self.weakness).min();
        match (self.failure, doubt) {
            (Some(failure), _) => (Verdict::TotalFailed, Some(failure)),
            (None, Some(doubt)) => (Verdict::Indeterminate, Some(doubt)),
            (None, None) => (Verdict::TotalPassed, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_outweighs_doubts_and_the_first_in_precedence_wins() {
        let mut judgement = Judgement::default();
        assert_eq!(judgement.outcome(), (Verdict::TotalPassed, None));
        judgement.doubt(SubIndication::TryLater, "later");
        judgement.doubt(SubIndication::CryptoConstraintsFailure, "weak");
        assert_eq!(judgement.outcome(), (Verdict::Indeterminate, Some(SubIndication::CryptoConstraintsFailure)));
        assert!(!judgement.is_weak_only() && !judgement.is_clean());
        let mut weak = Judgement::default();
        weak.doubt_for_weakness(SubIndication::CryptoConstraintsFailureNoPoe, "old");
        weak.doubt_for_weakness(SubIndication::CryptoConstraintsFailure, "weak");
        assert!(weak.is_weak_only() && !weak.is_clean());
        assert_eq!(weak.outcome(), (Verdict::Indeterminate, Some(SubIndication::CryptoConstraintsFailure)));
        weak.doubt(SubIndication::TryLater, "later");
        assert!(!weak.is_weak_only());
        judgement.fail(SubIndication::HashFailure, "changed");
        assert_eq!(judgement.outcome(), (Verdict::TotalFailed, Some(SubIndication::HashFailure)));
        assert_eq!(judgement.reasons.len(), 3);
    }
}
