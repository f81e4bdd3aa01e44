//! Is this certificate good for that use? The question of a registry of signers, of somebody who imports a certificate, and
//! of test suites for paths: a certificate without a signature.

use std::sync::Arc;

use crate::algorithm_policy::{Usage, weigh};
use crate::calendar::display;
use crate::certificate::Certificate;
use crate::evidence::Evidence;
use crate::judge;
use crate::judgement::Judgement;
use crate::options::{Options, RevocationPolicy};
use crate::path::{self, Goal, Purpose};
use crate::policy;
use crate::report::{CertificateFacts, SubIndication, UsedEvidence, Verdict};
use crate::revocation::{Inquiry, Status};
use crate::trust::TrustStore;
use crate::weakness::AlgorithmUse;

/// Policies a caller can demand; real demands name one or two.
const MAX_POLICIES: usize = 100;

/// What a certificate is asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateQuestion {
    /// What its key is to be used for.
    pub usage: CertificateUse,
    /// Under which certificate policies.
    pub policies: PolicyDemands,
}

/// What the key of a certificate is to be used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CertificateUse {
    /// Signing documents: key usage and extended key usage have to allow it where they are present.
    #[default]
    DocumentSigning,
    /// Making time stamps: that has to be its only extended usage (RFC 3161, 2.3).
    TimeStamping,
    /// Nothing in particular: the path alone is looked at.
    Any,
}

/// The user inputs of RFC 5280, 6.1.1 (c) to (g). The default demands nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyDemands {
    /// Dotted identifiers of the acceptable policies, 100 at most; empty: any (user-initial-policy-set).
    pub acceptable: Vec<String>,
    /// One of them has to hold for the whole path (initial-explicit-policy).
    pub require_explicit: bool,
    /// Authorities must not map policies (initial-policy-mapping-inhibit).
    pub inhibit_mapping: bool,
    /// `anyPolicy` stands for none (initial-any-policy-inhibit).
    pub inhibit_any: bool,
}

/// What is known of one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateReport {
    /// TOTAL_FAILED means that it is no certificate, or that the question is none; a certificate that nobody vouches for, that
    /// is revoked or that may not do what it is asked for is INDETERMINATE, as a signature with it would be without a proof of
    /// its age (EN 319 102-1, 5.2.6).
    pub verdict: Verdict,
    /// Why the verdict is not [`Verdict::TotalPassed`]; absent exactly when it is.
    pub sub_indication: Option<SubIndication>,
    /// Plain sentences: every ground for the verdict, and notes.
    pub reasons: Vec<String>,
    /// The path that was found, the certificate first and the anchor last; otherwise the certificate alone, or nothing where it
    /// cannot be read.
    pub path: Vec<CertificateFacts>,
    /// What the verdict rests on, sorted, each piece once.
    pub evidence: Vec<UsedEvidence>,
}

/// Judges the certificate `der` as of `options.at`: path, use, policies and revocation, by what `trust` holds.
#[must_use]
pub fn verify_certificate(der: &[u8], question: &CertificateQuestion, trust: &TrustStore, options: &Options) -> CertificateReport {
    let mut judgement = Judgement::default();
    let mut path = Vec::new();
    match Certificate::parse(der) {
        Ok(leaf) => {
            let leaf = Arc::new(leaf);
            path = ask(&leaf, question, trust, options, &mut judgement).unwrap_or_else(|| vec![leaf]);
        }
        Err(error) => judgement.fail(SubIndication::FormatFailure, format!("the certificate is unreadable: {error}")),
    }
    let (verdict, sub_indication) = judgement.outcome();
    let mut evidence = judgement.evidence;
    evidence.sort_unstable();
    evidence.dedup();
    let path = path.iter().map(|one| one.facts()).collect();
    CertificateReport { verdict, sub_indication, reasons: judgement.reasons, path, evidence }
}

fn ask(
    leaf: &Arc<Certificate>,
    question: &CertificateQuestion,
    trust: &TrustStore,
    options: &Options,
    judgement: &mut Judgement,
) -> Option<Vec<Arc<Certificate>>> {
    let purpose = match question.usage {
        CertificateUse::DocumentSigning => Purpose::DocumentSigning,
        CertificateUse::TimeStamping => Purpose::TimeStamping,
        CertificateUse::Any => Purpose::Any,
    };
    let Some(policies) = inputs(&question.policies) else {
        judgement.fail(SubIndication::Generic, "a policy that is demanded is not a dotted identifier, or too many are");
        return None;
    };
    let goal = Goal { policies, ..Goal::new(purpose, options.at) };
    let found = match path::find(leaf, &goal, &[], trust, &options.limits) {
        Ok(found) => found,
        Err(fault) => {
            judgement.doubt(fault.indication, fault.reason);
            return None;
        }
    };
    judgement.rests_on(&found.certificates);
    if let Some(key) = leaf.key.strength() {
        let usage = Usage { algorithm: key, used_for: AlgorithmUse::Certificate, proved: None, not_before: Some(leaf.not_before) };
        weigh(usage, options, judgement, || format!("the certificate's key is {key}"));
    }
    judge::weigh_path(&found.certificates, AlgorithmUse::Certificate, None, trust, options, judgement);
    let inquiry = Inquiry { trust, evidence: &Evidence::default(), limits: &options.limits, proved: options.at, at: options.at };
    let statuses = inquiry.ask(&found.certificates, &mut judgement.evidence);
    for (index, (status, certificate)) in statuses.into_iter().zip(&found.certificates).enumerate() {
        judge_status(index, status, certificate, options, judgement);
    }
    Some(found.certificates)
}

fn judge_status(index: usize, status: Status, certificate: &Certificate, options: &Options, judgement: &mut Judgement) {
    let name = certificate.subject.label();
    match status {
        Status::Good => {}
        Status::Unknown(reason) => match options.revocation {
            RevocationPolicy::Require => judgement.doubt(SubIndication::TryLater, reason),
            RevocationPolicy::Accept => judgement.note(format!("unknown revocation accepted: {reason}")),
        },
        Status::Revoked { date, .. } if date > options.at => {
            judgement.note(format!("the certificate {name:?} was revoked later, at {}", display(date)));
        }
        Status::Revoked { date, reason } => {
            let indication = if index == 0 { SubIndication::RevokedNoPoe } else { SubIndication::RevokedCaNoPoe };
            judgement.doubt(indication, format!("the certificate {name:?} was revoked at {} ({reason})", display(date)));
        }
    }
}

fn inputs(demands: &PolicyDemands) -> Option<policy::Inputs> {
    if demands.acceptable.len() > MAX_POLICIES {
        return None;
    }
    let acceptable = demands.acceptable.iter().map(|dotted| identifier(dotted)).collect::<Option<Vec<_>>>()?;
    Some(policy::Inputs {
        acceptable,
        require_explicit: demands.require_explicit,
        inhibit_mapping: demands.inhibit_mapping,
        inhibit_any: demands.inhibit_any,
    })
}

/// The content of a dotted identifier (X.690, 8.19).
fn identifier(dotted: &str) -> Option<Vec<u8>> {
    let arcs = dotted.split('.').map(|arc| arc.parse::<u64>().ok()).collect::<Option<Vec<_>>>()?;
    let (&first, &second) = (arcs.first()?, arcs.get(1)?);
    if first > 2 || (first < 2 && second >= 40) {
        return None;
    }
    let mut content = Vec::new();
    write_arc((first * 40).checked_add(second)?, &mut content);
    arcs.iter().skip(2).for_each(|&arc| write_arc(arc, &mut content));
    Some(content)
}

/// Seven bits per byte, the highest first, a mark on all but the last.
fn write_arc(arc: u64, content: &mut Vec<u8>) {
    let mut shift = 63;
    while shift > 0 && arc >> shift == 0 {
        shift -= 7;
    }
    while shift > 0 {
        content.push((arc >> shift & 0x7f) as u8 | 0x80);
        shift -= 7;
    }
    content.push((arc & 0x7f) as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, Pki};

    fn ask(pki: &Pki, question: &CertificateQuestion, options: &Options) -> CertificateReport {
        let mut trust = TrustStore::new();
        trust.add_anchor(pki.root.der(), None, None).unwrap();
        trust.add_intermediate(pki.issuer.der()).unwrap();
        verify_certificate(pki.signer.der(), question, &trust, options)
    }

    #[test]
    fn a_certificate_passes_for_what_it_is_made_for_and_nothing_else() {
        let pki = Pki::new();
        let options = Options { revocation: RevocationPolicy::Accept, ..Options::at(NOW) };
        let report = ask(&pki, &CertificateQuestion::default(), &options);
        assert_eq!((report.verdict, report.path.len()), (Verdict::TotalPassed, 3), "{report:?}");
        let stamping = CertificateQuestion { usage: CertificateUse::TimeStamping, ..CertificateQuestion::default() };
        let report = ask(&pki, &stamping, &options);
        assert_eq!(report.sub_indication, Some(SubIndication::ChainConstraintsFailure));
        assert_eq!(report.path.len(), 1);
    }

    #[test]
    fn missing_revocation_data_is_no_pass_by_default() {
        let report = ask(&Pki::new(), &CertificateQuestion::default(), &Options::at(NOW));
        assert_eq!((report.verdict, report.sub_indication), (Verdict::Indeterminate, Some(SubIndication::TryLater)));
    }

    #[test]
    fn a_policy_that_is_demanded_and_not_asserted_fails_the_path() {
        let mut question = CertificateQuestion::default();
        question.policies.acceptable.push("2.999.1".to_owned());
        question.policies.require_explicit = true;
        let options = Options { revocation: RevocationPolicy::Accept, ..Options::at(NOW) };
        assert_eq!(ask(&Pki::new(), &question, &options).verdict, Verdict::Indeterminate);
        question.policies.acceptable[0] = "2.999.x".to_owned();
        assert_eq!(ask(&Pki::new(), &question, &options).verdict, Verdict::TotalFailed);
    }

    #[test]
    fn bytes_that_are_no_certificate_fail() {
        let report = verify_certificate(b"\x30\x00", &CertificateQuestion::default(), &TrustStore::new(), &Options::at(NOW));
        assert_eq!((report.verdict, report.sub_indication), (Verdict::TotalFailed, Some(SubIndication::FormatFailure)));
        assert!(report.path.is_empty());
    }

    #[test]
    fn identifiers_are_written_as_their_encoding() {
        // X.690, 8.19.5.
        assert_eq!(identifier("2.999.3").unwrap(), [0x88, 0x37, 3]);
        assert_eq!(identifier("2.16.840.1.101.3.2.1.48.1").unwrap(), [0x60, 0x86, 0x48, 1, 0x65, 3, 2, 1, 48, 1]);
        for wrong in ["", "1", "3.1", "1.40", "1.2.", "2.18446744073709551615", "1.-2"] {
            assert_eq!(identifier(wrong), None, "{wrong}");
        }
    }
}
