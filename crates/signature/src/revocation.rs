//! What the lists and OCSP responses at hand say of the certificates of a path (RFC 5280, 6.3; RFC 6960).
//!
//! A list counts for a certificate if its scope takes the certificate in and if it is signed by the certificate's issuer or
//! by somebody who may sign for that issuer under the same anchor; a response counts if that issuer signed it or made its
//! responder for the purpose. A certificate is good only if fresh statements together cover every reason; whatever is missing leaves the answer open.

use std::sync::Arc;

use crate::certificate::Certificate;
use crate::crl::{Crl, Entry, Number, Statement};
use crate::distribution::Reasons;
use crate::evidence::Evidence;
use crate::name::Name;
use crate::ocsp::{Answer, Identity, Response, State};
use crate::oid;
use crate::options::Limits;
use crate::path::{self, Goal, Purpose};
use crate::report::{EvidenceKind, UsedEvidence};
use crate::trust::TrustStore;

/// Certificates outside the path that are tried as signers of lists and responses, per certificate asked about: each costs
/// a signature over a whole list, and perhaps a path search.
const MAX_SIGNERS_TRIED: usize = 16;

/// Answers heard per response and certificate: one for each digest that can name it, and some to spare.
const MAX_ANSWERS_HEARD: usize = 16;

/// How far the question "and who vouches for that signer" is followed.
const MAX_DEPTH: usize = 4;

/// What is known of one certificate's revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Good,
    Revoked { date: i64, reason: &'static str },
    Unknown(String),
}

/// A question about revocation and what may be used to answer it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inquiry<'a> {
    pub(crate) trust: &'a TrustStore,
    /// What came along with the document, trusted by nobody.
    pub(crate) evidence: &'a Evidence,
    pub(crate) limits: &'a Limits,
    /// The time to be judged.
    pub(crate) proved: i64,
    /// The time from which it is judged.
    pub(crate) at: i64,
}

impl Inquiry<'_> {
    /// The status of every certificate of `path` but the anchor, leaf first. What was heard is added to `heard`.
    pub(crate) fn ask(&self, path: &[Arc<Certificate>], heard: &mut Vec<UsedEvidence>) -> Vec<Status> {
        let rests = (1..path.len()).filter_map(|index| path.get(index - 1..));
        let statuses = rests.map(|rest| {
            // Each has a budget of its own, so that a flood of evidence about one hides nothing about another.
            let mut search = Search { inquiry: self, tried: 0, asked: Vec::new(), heard };
            search.status(rest)
        });
        statuses.collect()
    }

    #[cfg(test)]
    pub(crate) fn statuses(&self, path: &[Arc<Certificate>]) -> Vec<Status> {
        self.ask(path, &mut Vec::new())
    }
}

struct Search<'a> {
    inquiry: &'a Inquiry<'a>,
    /// Signers outside the path tried so far.
    tried: usize,
    /// SHA-256 of the certificates whose status is being found: none of them may vouch for itself.
    asked: Vec<[u8; 32]>,
    heard: &'a mut Vec<UsedEvidence>,
}

/// When a statement was made: of two lists of the same second the one with the higher number is the later.
type Order = (i64, Number);

/// What the statements about one certificate come to.
#[derive(Default)]
struct Findings {
    revoked: Option<(Order, Entry)>,
    good: Vec<(Order, Reasons)>,
    is_stale: bool,
    is_unknown_to_responder: bool,
}

impl Findings {
    fn revoked(&mut self, order: Order, entry: Entry) {
        if self.revoked.as_ref().is_none_or(|(earlier, _)| *earlier < order) {
            self.revoked = Some((order, entry));
        }
    }

    fn good(&mut self, order: Order, reasons: Reasons, is_fresh: bool) {
        if is_fresh {
            self.good.push((order, reasons));
        } else {
            self.is_stale = true;
        }
    }
}

impl Search<'_> {
    /// The status of the first certificate of `path`, which ends in an anchor.
    fn status(&mut self, path: &[Arc<Certificate>]) -> Status {
        let Some((certificate, above)) = path.split_first() else { return Status::Unknown("an empty chain".to_owned()) };
        let name = || certificate.subject.label();
        if self.asked.contains(&certificate.sha256) || self.asked.len() >= MAX_DEPTH {
            return Status::Unknown(format!("only {:?} itself vouches for its revocation status", name()));
        }
        self.asked.push(certificate.sha256);
        let mut findings = Findings::default();
        self.ask_lists(certificate, above, &mut findings);
        self.ask_responders(certificate, above, &mut findings);
        self.asked.pop();

        let covered = findings.good.iter().fold(Reasons::NONE, |all, (_, reasons)| all.or(*reasons));
        if let Some((order, entry)) = &findings.revoked {
            // A hold ends when a later list leaves the certificate out; a revocation never does.
            let is_lifted =
                entry.is_hold() && findings.good.iter().any(|(later, reasons)| later > order && reasons.contains(Reasons::HOLD));
            if !is_lifted {
                return Status::Revoked { date: entry.date, reason: entry.reason_name() };
            }
        }
        if covered == Reasons::ALL {
            Status::Good
        } else if covered != Reasons::NONE {
            Status::Unknown(format!("the revocation data for {:?} covers only some reasons", name()))
        } else if findings.is_stale {
            Status::Unknown(format!("the revocation data for {:?} is too old or too new to use", name()))
        } else if findings.is_unknown_to_responder {
            Status::Unknown(format!("the OCSP responder does not know {:?}", name()))
        } else {
            Status::Unknown(format!("no revocation data for {:?} is at hand", name()))
        }
    }

    /// RFC 5280, 6.3.3, with every list at hand instead of those that would be fetched.
    fn ask_lists(&mut self, certificate: &Arc<Certificate>, above: &[Arc<Certificate>], findings: &mut Findings) {
        let Inquiry { trust, evidence, proved, at, .. } = *self.inquiry;
        let issuers =
            std::iter::once(&certificate.issuer).chain(certificate.distribution_points.iter().flat_map(|point| point.crl_issuers()));
        let mut lists: Vec<(&Arc<Crl>, Reasons)> = Vec::new();
        let embedded = |issuer: &Name| {
            let own = issuer.comparable().to_vec();
            evidence.lists.iter().filter(move |list| list.issuer.comparable() == own)
        };
        for list in issuers.flat_map(|issuer| trust.crls_of(issuer).chain(embedded(issuer))) {
            let is_known = || lists.iter().any(|(known, _)| known.sha256 == list.sha256);
            if is_known() || !self.is_authorised(list, certificate, above) {
                continue;
            }
            let reasons = list.reasons(certificate);
            if reasons != Reasons::NONE {
                self.heard.push(UsedEvidence { kind: EvidenceKind::RevocationList, sha256: list.sha256 });
                lists.push((list, reasons));
            }
        }
        for (list, reasons) in &lists {
            let order = (list.this_update, list.number.clone());
            match list.entry(certificate) {
                Some(entry) if !entry.is_removed() => findings.revoked(order, entry),
                None if list.base.is_none() => findings.good(order, *reasons, list.is_fresh(certificate, proved, at)),
                _ => {}
            }
        }
        // A delta list says by silence, and by taking an entry back, only what its complete list says too.
        for (delta, reasons) in lists.iter().filter(|(list, _)| list.base.is_some()) {
            let entry = delta.entry(certificate);
            let continued = lists.iter().filter(|(base, _)| delta.continues(base));
            let speaks_well = match entry {
                Some(entry) => entry.is_removed() && continued.count() > 0,
                None => continued.into_iter().any(|(base, _)| base.entry(certificate).is_none()),
            };
            if speaks_well {
                let order = (delta.this_update, delta.number.clone());
                findings.good(order, *reasons, delta.is_fresh(certificate, proved, at));
            }
        }
    }

    /// Whether `list` is signed by somebody who may sign lists for the certificates of `certificate`'s issuer, the first of
    /// `above`.
    fn is_authorised(&mut self, list: &Crl, certificate: &Certificate, above: &[Arc<Certificate>]) -> bool {
        let could_sign = |signer: &Certificate| {
            signer.subject.comparable() == list.issuer.comparable() && signer.key_usage.is_none_or(|usage| usage.allows_crl_signatures())
        };
        // An issuer by another of its keys (RFC 5280, 6.1.4: self-issued certificates) is in the path itself.
        if above.iter().any(|one| could_sign(one) && list.signed.is_by(&one.key)) {
            return true;
        }
        let Inquiry { trust, evidence, limits, proved, .. } = *self.inquiry;
        let pool = evidence.certificates.as_slice();
        let Some(anchor) = above.last() else { return false };
        let anchors = trust.anchors_named(&list.issuer).map(|anchor| &anchor.certificate);
        for signer in
            anchors.chain(trust.intermediates_named(&list.issuer)).chain(pool).filter(|one| could_sign(one) && list.key_id_fits(one))
        {
            if self.tried >= MAX_SIGNERS_TRIED {
                return false;
            }
            self.tried += 1;
            if !list.signed.is_by(&signer.key) {
                continue;
            }
            if signer.sha256 == certificate.sha256 {
                // Whoever gave out the certificate can name its holder as the only one to list it, and nobody else can.
                if certificate.issuer.comparable() != list.issuer.comparable() {
                    return true;
                }
                continue;
            }
            let goal = Goal::new(Purpose::ListSigning, proved.max(list.this_update));
            let Ok(found) = path::find(signer, &goal, pool, trust, limits) else { continue };
            // RFC 5280, 6.3.3 (f): under the same anchor as the certificate itself.
            let same_anchor = found.certificates.last().is_some_and(|last| last.sha256 == anchor.sha256);
            if same_anchor && is_same_authority(list, certificate, above, &found.certificates) && self.are_good(&found.certificates) {
                self.heard.extend(found.certificates.iter().map(|one| one.as_evidence()));
                return true;
            }
        }
        false
    }

    /// RFC 6960, 3.2, with the responses at hand.
    fn ask_responders(&mut self, certificate: &Arc<Certificate>, above: &[Arc<Certificate>], findings: &mut Findings) {
        let Inquiry { trust, evidence, proved, at, .. } = *self.inquiry;
        let Some(issuer) = above.first() else { return };
        let identity = Identity::new(certificate, issuer);
        for response in trust.responses_about(&certificate.serial).chain(&evidence.responses) {
            for answer in response.answers(&identity).take(MAX_ANSWERS_HEARD) {
                if !self.may_answer(response, proved.max(answer.this_update), certificate, above) {
                    continue;
                }
                self.heard.push(UsedEvidence { kind: EvidenceKind::OcspResponse, sha256: response.sha256 });
                let order = (answer.this_update, Number::default());
                match answer.state {
                    State::Good => {
                        let Answer { this_update, next_update, keeps_since, .. } = *answer;
                        let is_fresh = Statement { this_update, next_update, keeps_since }.is_fresh(certificate, proved, at);
                        findings.good(order, Reasons::ALL, is_fresh);
                    }
                    State::Revoked(entry) => findings.revoked(order, entry),
                    State::Unknown => findings.is_unknown_to_responder = true,
                }
            }
        }
    }

    /// Whether `response` is signed by the issuer of `certificate`, or by a responder that this very issuer certified for
    /// the purpose and that is in order at the time `when` (RFC 6960, 4.2.2.2).
    fn may_answer(&mut self, response: &Response, when: i64, certificate: &Certificate, above: &[Arc<Certificate>]) -> bool {
        let Some(issuer) = above.first() else { return false };
        if response.is_responder(issuer) && response.signed.is_by(&issuer.key) {
            return true;
        }
        let Inquiry { trust, evidence, .. } = *self.inquiry;
        let known = trust.intermediates_issued_by(&issuer.subject);
        let candidates = response.certificates.iter().chain(&evidence.certificates).chain(known);
        for responder in candidates.filter(|one| is_delegated(one, issuer, when) && response.is_responder(one)) {
            if self.tried >= MAX_SIGNERS_TRIED {
                return false;
            }
            self.tried += 1;
            // A certificate does not vouch for itself, whatever it is made for.
            if responder.sha256 == certificate.sha256 || !trust.is_signed_by(responder, issuer) || !response.signed.is_by(&responder.key) {
                continue;
            }
            let chain = [std::slice::from_ref(responder), above].concat();
            if responder.is_unchecked_responder || self.status(&chain) == Status::Good {
                self.heard.push(responder.as_evidence());
                return true;
            }
        }
        false
    }

    fn are_good(&mut self, path: &[Arc<Certificate>]) -> bool {
        (1..path.len()).filter_map(|index| path.get(index - 1..)).all(|rest| self.status(rest) == Status::Good)
    }
}

/// Whether `issuer` names itself as the issuer of `responder`, made it for OCSP, and it is in order at `when`.
fn is_delegated(responder: &Certificate, issuer: &Certificate, when: i64) -> bool {
    let usages = responder.extended_usages.as_deref().unwrap_or_default();
    responder.issuer.comparable() == issuer.subject.comparable()
        && usages.iter().any(|usage| usage == oid::OCSP_SIGNING)
        && responder.key_usage.is_none_or(|usage| usage.allows_document_signatures())
        && responder.unsupported.is_empty()
        && responder.is_valid_at(when)
}

/// Another key of the certificate's own issuer is taken for that issuer only if the same superior vouches for both: an
/// authority elsewhere under the anchor could give out the same name.
fn is_same_authority(list: &Crl, certificate: &Certificate, above: &[Arc<Certificate>], signer: &[Arc<Certificate>]) -> bool {
    let own = list.issuer.comparable();
    if certificate.issuer.comparable() != own {
        // An indirect list: the certificate itself names the issuer of the list.
        return true;
    }
    let superiors: Vec<&[u8]> = above.iter().filter(|one| one.subject.comparable() == own).map(|one| one.issuer.comparable()).collect();
    signer.iter().filter(|one| one.subject.comparable() == own).all(|one| {
        let issuer = one.issuer.comparable();
        issuer == own || superiors.contains(&issuer)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::{SEQUENCE, encode};
    use crate::name::tests::name_der;
    use crate::testing::{NOW, Node, Pki, Template, YEAR, crl_entry, crl_of_entries, crl_with, generalized_time};

    fn status_with(crl: &[u8], proved: i64, at: i64) -> Status {
        let pki = Pki::new();
        let mut trust = TrustStore::new();
        trust.add_crl(crl).unwrap();
        let path = [pki.signer.certificate(), pki.issuer.certificate()].map(Arc::new);
        let inquiry = Inquiry { trust: &trust, evidence: &Evidence::default(), limits: &Limits::default(), proved, at };
        inquiry.statuses(&path).remove(0)
    }

    #[test]
    fn a_fresh_list_without_the_serial_means_good() {
        let crl = Pki::new().crl(NOW - 10, NOW + 1000, &[]);
        assert_eq!(status_with(&crl, NOW, NOW), Status::Good);
    }

    #[test]
    fn a_listed_serial_means_revoked_even_in_a_stale_list() {
        let pki = Pki::new();
        let crl = pki.crl(NOW - 10, NOW + 1000, &[(&pki.signer.certificate().serial, NOW - 500)]);
        let expected = Status::Revoked { date: NOW - 500, reason: "unspecified" };
        assert_eq!(status_with(&crl, NOW, NOW), expected);
        assert_eq!(status_with(&crl, NOW, NOW + 5000), expected);
    }

    #[test]
    fn a_stale_list_speaks_only_of_times_before_it() {
        let crl = Pki::new().crl(NOW - 10, NOW + 1000, &[]);
        assert!(matches!(status_with(&crl, NOW, NOW + 5000), Status::Unknown(_)));
        assert_eq!(status_with(&crl, NOW - 20, NOW + 5000), Status::Good);
    }

    #[test]
    fn a_list_issued_after_expiry_proves_nothing_by_silence() {
        let later = NOW + 10 * YEAR;
        let crl = Pki::new().crl(later, later + 1000, &[]);
        assert!(matches!(status_with(&crl, NOW, later), Status::Unknown(_)));
    }

    #[test]
    fn a_list_that_keeps_expired_certificates_speaks_of_those_that_it_keeps() {
        let pki = Pki::new();
        let (end, later) = (pki.signer.certificate().not_after, NOW + 10 * YEAR);
        let status = |kept: Vec<u8>| {
            let list = crl_with(&pki.issuer, later, later + 1000, &[], &[(oid::EXPIRED_CERTIFICATES_ON_CRL, false, kept)]);
            status_with(&list, NOW, later)
        };
        assert_eq!(status(generalized_time(end)), Status::Good);
        assert_eq!(status(generalized_time(end - YEAR)), Status::Good);
        assert!(matches!(status(generalized_time(end + 1)), Status::Unknown(_)));
        assert!(matches!(status(vec![5, 0]), Status::Unknown(_)), "what cannot be read promises nothing");
    }

    #[test]
    fn a_list_with_a_broken_signature_is_ignored() {
        let mut crl = Pki::new().crl(NOW - 10, NOW + 1000, &[]);
        let last = crl.len() - 1;
        crl[last] ^= 1;
        assert!(matches!(status_with(&crl, NOW, NOW), Status::Unknown(_)));
    }

    /// Name, critical flag and value of CRL extensions.
    type Extensions<'a> = Vec<(&'a [u8], bool, Vec<u8>)>;

    fn number(value: u8) -> (&'static [u8], bool, Vec<u8>) {
        (oid::CRL_NUMBER, false, vec![2, 1, value])
    }

    fn base(value: u8) -> (&'static [u8], bool, Vec<u8>) {
        (oid::DELTA_CRL_INDICATOR, true, vec![2, 1, value])
    }

    fn scope(fields: &[u8]) -> (&'static [u8], bool, Vec<u8>) {
        (oid::ISSUING_DISTRIBUTION_POINT, true, encode(SEQUENCE, fields))
    }

    /// The signer's status by lists of the issuer: age in seconds, reason of its entry if there is one, extensions.
    fn status_by(lists: &[(i64, Option<u8>, Extensions<'_>)]) -> Status {
        let pki = Pki::new();
        let mut trust = TrustStore::new();
        for (age, reason, extensions) in lists {
            let serial = pki.signer.certificate().serial;
            let entries: Vec<_> = reason.iter().map(|&reason| (serial.as_slice(), NOW - 500, reason)).collect();
            trust.add_crl(&crl_with(&pki.issuer, NOW - age, NOW - age + 1000, &entries, extensions)).unwrap();
        }
        let path = [pki.signer.certificate(), pki.issuer.certificate()].map(Arc::new);
        let inquiry = Inquiry { trust: &trust, evidence: &Evidence::default(), limits: &Limits::default(), proved: NOW, at: NOW };
        inquiry.statuses(&path).remove(0)
    }

    fn is_unknown(status: &Status) -> bool {
        matches!(status, Status::Unknown(_))
    }

    #[test]
    fn a_delta_list_speaks_well_only_together_with_its_complete_list() {
        let delta = |age, reason| (age, reason, vec![number(7), base(5)]);
        let complete = |age, reason, own| (age, reason, vec![number(own)]);
        // By itself, and beside a list that is older than it continues, or that is too old to speak itself.
        assert!(is_unknown(&status_by(&[delta(10, None)])));
        assert!(is_unknown(&status_by(&[delta(10, None), complete(5000, None, 4)])));
        assert_eq!(status_by(&[delta(10, None), complete(5000, None, 5)]), Status::Good);
        assert!(is_unknown(&status_by(&[delta(2000, None), complete(5000, None, 5)])));
        // Beside a later list that has itself run out, and beside one of another scope.
        assert!(is_unknown(&status_by(&[delta(10, None), complete(5000, None, 8)])));
        let scoped = (5000, None, vec![number(5), scope(&[0x81, 1, 0xff])]);
        assert!(is_unknown(&status_by(&[delta(10, None), scoped])));
        // What it lists is revoked, whatever the complete list says.
        let revoked = Status::Revoked { date: NOW - 500, reason: "keyCompromise" };
        assert_eq!(status_by(&[delta(10, Some(1)), complete(20, None, 6)]), revoked);
        assert_eq!(status_by(&[delta(10, Some(1))]), revoked);
        // It takes back a hold and never a revocation, and only one of a list that it continues.
        assert!(is_unknown(&status_by(&[delta(10, Some(8))])));
        let held = Status::Revoked { date: NOW - 500, reason: "certificateHold" };
        assert_eq!(status_by(&[delta(10, Some(8)), complete(20, Some(6), 4)]), held);
        assert_eq!(status_by(&[delta(10, Some(8)), complete(20, Some(6), 6)]), Status::Good);
        assert_eq!(status_by(&[delta(10, Some(8)), complete(20, Some(1), 6)]), revoked);
        assert!(matches!(status_by(&[complete(20, Some(6), 6), delta(10, Some(8)), complete(5, Some(6), 8)]), Status::Revoked { .. }));
    }

    #[test]
    fn a_list_speaks_only_of_its_scope() {
        // onlyContainsUserCerts, onlyContainsCACerts, onlyContainsAttributeCerts, for a signer's certificate.
        assert_eq!(status_by(&[(10, None, vec![scope(&[0x81, 1, 0xff])])]), Status::Good);
        assert!(is_unknown(&status_by(&[(10, None, vec![scope(&[0x82, 1, 0xff])])])));
        assert!(is_unknown(&status_by(&[(10, None, vec![scope(&[0x85, 1, 0xff])])])));
        // A partition that the certificate does not point to.
        let elsewhere = encode(0xa0, &encode(0xa0, &encode(0x86, b"http://a.vn/1.crl")));
        assert!(is_unknown(&status_by(&[(10, None, vec![scope(&elsewhere)])])));
        // Two lists that cover all reasons between them: bits 1 to 4, and 5 to 8.
        let some = |flags: &[u8]| (10, None, vec![scope(&encode(0x83, flags))]);
        assert!(is_unknown(&status_by(&[some(&[3, 0x78])])));
        assert_eq!(status_by(&[some(&[3, 0x78]), some(&[7, 0x07, 0x80])]), Status::Good);
    }

    #[test]
    fn an_entry_of_another_issuer_revokes_nobody_else() {
        let pki = Pki::new();
        let (signer, issuer) = (pki.signer.certificate(), pki.issuer.certificate());
        let path = [signer.clone(), issuer].map(Arc::new);
        let status = |name: &[u8]| {
            let entry = crl_entry(&signer.serial, NOW - 500, &[(oid::CERTIFICATE_ISSUER, true, encode(SEQUENCE, &encode(0xa4, name)))]);
            let list = crl_of_entries(&pki.issuer, NOW - 10, NOW + 1000, &entry, &[scope(&[0x84, 1, 0xff])]);
            let mut trust = TrustStore::new();
            trust.add_crl(&list).unwrap();
            Inquiry { trust: &trust, evidence: &Evidence::default(), limits: &Limits::default(), proved: NOW, at: NOW }
                .statuses(&path)
                .remove(0)
        };
        assert_eq!(status(&name_der(&[(oid::COMMON_NAME, "Somebody else")])), Status::Good);
        assert!(matches!(status(&name_der(&[(oid::COMMON_NAME, "Issuer")])), Status::Revoked { .. }));
        // Only an indirect list may have such entries, and what is not understood is not used.
        let named = encode(SEQUENCE, &encode(0xa4, &name_der(&[(oid::COMMON_NAME, "Somebody else")])));
        let entry = crl_entry(&signer.serial, NOW, &[(oid::CERTIFICATE_ISSUER, true, named)]);
        assert!(TrustStore::new().add_crl(&crl_of_entries(&pki.issuer, NOW, NOW, &entry, &[])).is_err());
        assert!(TrustStore::new().add_crl(&crl_of_entries(&pki.issuer, NOW, NOW, &[], &[(&[0x2a, 3], true, vec![5, 0])])).is_err());
    }

    /// The signer's status by a list of `signer`, where every authority at hand has a fresh and empty list of its own.
    fn status_by_signer(signer: &Node, anchors: &[&Node], authorities: &[&Node]) -> Status {
        let pki = Pki::new();
        let mut trust = TrustStore::new();
        for anchor in anchors {
            trust.add_anchor(anchor.der(), None, None).unwrap();
        }
        let mut evidence = Evidence::default();
        for one in [signer, &pki.issuer].iter().chain(authorities) {
            evidence.add_certificate(one.der());
        }
        for authority in anchors.iter().chain(authorities) {
            trust.add_crl(&crl_with(authority, NOW - 10, NOW + 1000, &[], &[])).unwrap();
        }
        trust.add_crl(&crl_with(signer, NOW - 10, NOW + 1000, &[], &[])).unwrap();
        let path = [pki.signer.certificate(), pki.issuer.certificate(), pki.root.certificate()].map(Arc::new);
        Inquiry { trust: &trust, evidence: &evidence, limits: &Limits::default(), proved: NOW, at: NOW }.statuses(&path).remove(0)
    }

    #[test]
    fn another_key_of_the_issuer_may_sign_where_the_same_superior_vouches_for_it() {
        let pki = Pki::new();
        let lists = || Template { key_usage: Some(0b10), authority: None, ..Template::authority("Issuer", None) };
        let good = pki.root.issue_with_seed(lists(), [9; 32]);
        assert_eq!(status_by_signer(&good, &[&pki.root], &[]), Status::Good);
        let without_right = pki.root.issue_with_seed(Template { key_usage: Some(0x80), ..lists() }, [9; 32]);
        assert!(is_unknown(&status_by_signer(&without_right, &[&pki.root], &[])));
        // The same name, given out by another authority in order under the same anchor.
        let other = pki.root.issue(Template::authority("Other", None));
        assert!(is_unknown(&status_by_signer(&other.issue_with_seed(lists(), [9; 32]), &[&pki.root], &[&other])));
        // The same names under another anchor.
        let stranger = pki.root.issue_with_seed(Template::authority("Root", None), [7; 32]);
        assert!(is_unknown(&status_by_signer(&stranger.issue_with_seed(lists(), [9; 32]), &[&pki.root, &stranger], &[])));
    }

    #[test]
    fn a_signer_of_lists_does_not_vouch_for_itself() {
        let pki = Pki::new();
        let signer = pki.issuer.issue_with_seed(Template { key_usage: Some(0b10), ..Template::authority("Issuer", None) }, [9; 32]);
        let mut trust = TrustStore::new();
        trust.add_anchor(pki.root.der(), None, None).unwrap();
        trust.add_crl(&crl_with(&signer, NOW - 10, NOW + 1000, &[], &[])).unwrap();
        let evidence = Evidence { certificates: vec![Arc::new(signer.certificate())], ..Evidence::default() };
        let path = [signer.certificate(), pki.issuer.certificate(), pki.root.certificate()].map(Arc::new);
        let inquiry = Inquiry { trust: &trust, evidence: &evidence, limits: &Limits::default(), proved: NOW, at: NOW };
        assert!(is_unknown(&inquiry.statuses(&path)[0]));
    }

    #[test]
    fn a_flood_of_lists_and_signers_is_bounded_and_hides_no_revocation() {
        let pki = Pki::new();
        let lists = || Template { key_usage: Some(0b10), authority: None, ..Template::authority("Issuer", None) };
        let mut evidence = Evidence::default();
        for index in 0..70u8 {
            let signer = pki.issuer.issue_with_seed(lists(), [index; 32]);
            evidence.add_certificate(signer.der());
            evidence.add_list(&crl_with(&signer, NOW - 10, NOW + 1000, &[], &[number(index)]));
        }
        assert_eq!((evidence.certificates.len(), evidence.lists.len(), evidence.left_out), (70, 64, 6));
        let mut trust = TrustStore::new();
        trust.add_anchor(pki.root.der(), None, None).unwrap();
        let path = [pki.signer.certificate(), pki.issuer.certificate(), pki.root.certificate()].map(Arc::new);
        let status = |trust: &TrustStore| {
            let inquiry = Inquiry { trust, evidence: &evidence, limits: &Limits::default(), proved: NOW, at: NOW };
            let mut heard = Vec::new();
            let mut search = Search { inquiry: &inquiry, tried: 0, asked: Vec::new(), heard: &mut heard };
            let status = search.status(&path);
            assert!(search.tried <= MAX_SIGNERS_TRIED);
            status
        };
        assert!(is_unknown(&status(&trust)));
        // By another key of the issuer, which costs a search.
        let other = pki.root.issue_with_seed(lists(), [99; 32]);
        trust.add_intermediate(other.der()).unwrap();
        trust.add_crl(&pki.root_crl(NOW - 10, NOW + 1000)).unwrap();
        trust.add_crl(&crl_with(&other, NOW - 10, NOW + 1000, &[(&path[0].serial, NOW - 500, 1)], &[])).unwrap();
        assert!(matches!(status(&trust), Status::Revoked { .. }));
    }
}
