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
        self.failure.is_none() && self.doubt.is_none()
    }

    pub(crate) fn outcome(&self) -> (Verdict, Option<SubIndication>) {
        match (self.failure, self.doubt) {
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
        judgement.fail(SubIndication::HashFailure, "changed");
        assert_eq!(judgement.outcome(), (Verdict::TotalFailed, Some(SubIndication::HashFailure)));
        assert_eq!(judgement.reasons.len(), 3);
    }
}
