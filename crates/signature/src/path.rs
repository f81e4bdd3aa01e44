//! Certificate paths from a signer to a trust anchor (RFC 5280, 6): who issued whom, who may issue, whose names and
//! which policies.

use std::sync::Arc;

use crate::algorithm::Scheme;
use crate::calendar::display;
use crate::certificate::Certificate;
use crate::constraints::{self, NameFault};
use crate::oid;
use crate::options::Limits;
use crate::policy;
use crate::report::SubIndication;
use crate::trust::{Anchor, TrustStore};

/// A signature that `ring` does not compute costs at least as much to check as this many that it does.
const SLOW_WORK: usize = 20;

/// What the leaf is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    DocumentSigning,
    TimeStamping,
    /// Signing revocation lists.
    ListSigning,
    /// Nothing in particular: the path alone is looked at.
    Any,
}

/// What a path is looked for.
#[derive(Clone, Debug)]
pub(crate) struct Goal {
    pub(crate) purpose: Purpose,
    /// When every certificate of the path has to be valid.
    pub(crate) at: i64,
    pub(crate) policies: policy::Inputs,
}

impl Goal {
    pub(crate) fn new(purpose: Purpose, at: i64) -> Self {
        Self { purpose, at, policies: policy::Inputs::default() }
    }
}

/// A path that fulfils every check, leaf first, anchor last.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) certificates: Vec<Arc<Certificate>>,
}

/// Why there is no such path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathFault {
    pub(crate) indication: SubIndication,
    pub(crate) reason: String,
    /// Everything above the leaf is in order: an anchor vouches for whose key it is.
    pub(crate) is_vouched_for: bool,
}

impl PathFault {
    fn new(indication: SubIndication, reason: String) -> Self {
        Self { indication, reason, is_vouched_for: false }
    }
}

/// Finds a path for `leaf` that fulfils `goal`, through `extra` certificates and the store.
pub(crate) fn find(
    leaf: &Arc<Certificate>,
    goal: &Goal,
    extra: &[Arc<Certificate>],
    trust: &TrustStore,
    limits: &Limits,
) -> Result<Path, PathFault> {
    let mut search = Search {
        extra,
        trust,
        at: goal.at,
        policies: &goal.policies,
        limits,
        work: 0,
        comparisons: constraints::MAX_COMPARISONS,
        best: None,
        unreadable: None,
    };
    let mut path = vec![Arc::clone(leaf)];
    if let Some(found) = search.extend(&mut path, None) {
        // What the leaf may do is asked last: of a certificate that nobody vouches for it does not matter.
        return match check_leaf(leaf, goal.at, goal.purpose) {
            Ok(()) => Ok(found),
            Err(fault) => Err(PathFault { is_vouched_for: true, ..fault }),
        };
    }
    Err(search.best.or(search.unreadable).unwrap_or_else(|| {
        let issuer = leaf.issuer.label();
        let reason = format!("no certificate chain to a trust anchor was found (issuer {issuer:?})");
        PathFault::new(SubIndication::NoCertificateChainFound, reason)
    }))
}

fn check_leaf(leaf: &Certificate, at: i64, purpose: Purpose) -> Result<(), PathFault> {
    let chain = |reason: &str| Err(PathFault::new(SubIndication::ChainConstraintsFailure, reason.to_owned()));
    if let Some(unsupported) = leaf.unsupported.first() {
        return Err(unsupported_fault(leaf, unsupported));
    }
    match purpose {
        Purpose::ListSigning => {
            if leaf.key_usage.is_some_and(|usage| !usage.allows_crl_signatures()) {
                return chain("the key usage of the certificate does not allow revocation lists");
            }
        }
        Purpose::Any => {}
        Purpose::DocumentSigning => {
            if leaf.key_usage.is_some_and(|usage| !usage.allows_document_signatures()) {
                return chain("the key usage of the signing certificate does not allow signatures");
            }
            let usages = leaf.extended_usages.as_deref();
            let allowed = |usage: &Vec<u8>| oid::DOCUMENT_SIGNING_USAGES.contains(&usage.as_slice());
            if usages.is_some_and(|usages| !usages.iter().any(allowed)) {
                return chain("the extended key usage of the signing certificate excludes document signatures");
            }
        }
        Purpose::TimeStamping => {
            // RFC 3161, 2.3: the usage is present and the only one. That it be critical is not demanded here.
            match leaf.extended_usages.as_deref() {
                Some([only]) if only == oid::TIME_STAMPING => {}
                _ => return chain("the time-stamp certificate is not made for time stamping only"),
            }
            if leaf.key_usage.is_some_and(|usage| !usage.allows_document_signatures()) {
                return chain("the key usage of the time-stamp certificate does not allow signatures");
            }
        }
    }
    check_validity(leaf, at)
}

fn check_validity(certificate: &Certificate, at: i64) -> Result<(), PathFault> {
    if certificate.is_valid_at(at) {
        return Ok(());
    }
    let reason = format!(
        "the certificate {:?} is valid from {} to {}, and not at {}",
        certificate.subject.label(),
        display(certificate.not_before),
        display(certificate.not_after),
        display(at)
    );
    Err(PathFault::new(SubIndication::OutOfBoundsNoPoe, reason))
}

fn unsupported_fault(certificate: &Certificate, extension: &str) -> PathFault {
    let name = certificate.subject.label();
    let reason = format!("the certificate {name:?} carries extension {extension}, which cannot be processed");
    PathFault::new(SubIndication::CertificateChainGeneralFailure, reason)
}

struct Search<'a> {
    extra: &'a [Arc<Certificate>],
    trust: &'a TrustStore,
    at: i64,
    policies: &'a policy::Inputs,
    limits: &'a Limits,
    work: usize,
    /// Comparisons of names with constraints that are left.
    comparisons: usize,
    /// The fault of the first path that reached an anchor.
    best: Option<PathFault>,
    /// A certificate below an issuer of the right name, signed in a way that cannot be checked.
    unreadable: Option<PathFault>,
}

impl Search<'_> {
    /// Extends `path` depth first until it ends in an anchor. A path with a fault is followed on, because its fault is
    /// worth telling only if it leads to an anchor.
    fn extend(&mut self, path: &mut Vec<Arc<Certificate>>, fault: Option<&PathFault>) -> Option<Path> {
        let last = Arc::clone(path.last()?);
        let trust = self.trust;
        for anchor in trust.anchors_named(&last.subject).filter(|anchor| anchor.certificate.sha256 == last.sha256) {
            if anchor.is_trusted_at(self.at)
                && fault.is_none()
                && let Some(found) = self.complete(path)
            {
                return Some(found);
            }
        }
        if path.len() >= self.limits.max_path_length {
            return None;
        }
        for anchor in trust.anchors_named(&last.issuer) {
            if !self.is_issuer(&anchor.certificate, &last) {
                continue;
            }
            let checked = check_anchor(anchor, self.at).and_then(|()| check_issuer(&anchor.certificate, path));
            match worst(fault.cloned(), checked.err()).map_or(Ok(()), Err) {
                Ok(()) => {
                    path.push(Arc::clone(&anchor.certificate));
                    if let Some(found) = self.complete(path) {
                        return Some(found);
                    }
                    path.pop();
                }
                Err(fault) => self.note(fault),
            }
        }
        let extra = self.extra;
        let embedded = extra.iter().filter(|one| one.subject.comparable() == last.issuer.comparable());
        for candidate in trust.intermediates_named(&last.issuer).chain(embedded) {
            let repeated = path.iter().any(|one| {
                one.sha256 == candidate.sha256 || (one.key == candidate.key && one.subject.comparable() == candidate.subject.comparable())
            });
            if repeated || !self.is_issuer(candidate, &last) {
                continue;
            }
            let checked = check_issuer(candidate, path).and_then(|()| check_validity(candidate, self.at));
            let worst = worst(fault.cloned(), checked.err());
            path.push(Arc::clone(candidate));
            if let Some(found) = self.extend(path, worst.as_ref()) {
                return Some(found);
            }
            path.pop();
        }
        None
    }

    /// Whether `issuer` signed `subject`, within the budget of signature checks.
    fn is_issuer(&mut self, issuer: &Certificate, subject: &Certificate) -> bool {
        if self.work >= self.limits.max_path_work {
            let reason = "too many candidate certificates: the search for a chain was given up".to_owned();
            self.note(PathFault::new(SubIndication::CertificateChainGeneralFailure, reason));
            return false;
        }
        if !subject.key_ids_fit(issuer) {
            return false;
        }
        if subject.issuer_scheme().is_none() && self.unreadable.is_none() {
            let (name, algorithm) = (subject.subject.label(), subject.issuer_algorithm());
            let reason = format!("the certificate {name:?} is signed with the algorithm {algorithm}, which is not supported");
            self.unreadable = Some(PathFault::new(SubIndication::CryptoConstraintsFailure, reason));
        }
        // Remembered answers count too, so that a verdict does not depend on what was judged before.
        let is_slow = subject.issuer_scheme().is_some_and(|scheme| scheme.is_slow(&issuer.key));
        self.work += if is_slow { SLOW_WORK } else { 1 };
        if issuer.key.inherits_parameters() {
            // Its parameters come from above: [`inherit_parameters`] checks the signature once the path is complete.
            return subject.issuer_scheme().is_some_and(Scheme::is_dsa);
        }
        self.trust.is_signed_by(subject, issuer)
    }

    /// What can only be checked from the anchor down: names and policies.
    fn complete(&mut self, path: &[Arc<Certificate>]) -> Option<Path> {
        if let Err(fault) = constraints::check(path, &mut self.comparisons) {
            let indication = match fault {
                NameFault::Forbidden(_) => SubIndication::ChainConstraintsFailure,
                NameFault::Unprocessable(_) | NameFault::TooMany => SubIndication::CertificateChainGeneralFailure,
            };
            self.note(PathFault::new(indication, fault.to_string()));
            return None;
        }
        if let Err(fault) = policy::check(path, self.policies) {
            self.note(PathFault::new(SubIndication::ChainConstraintsFailure, fault.to_string()));
            return None;
        }
        match inherit_parameters(path) {
            Ok(certificates) => Some(Path { certificates }),
            Err(fault) => {
                self.note(fault);
                None
            }
        }
    }

    fn note(&mut self, fault: PathFault) {
        self.best.get_or_insert(fault);
    }
}

/// `path` with every DSA key under the parameters that it has or inherits (RFC 5280, 6.1.4 (e)), and the signatures checked
/// that could not be without them.
fn inherit_parameters(path: &[Arc<Certificate>]) -> Result<Vec<Arc<Certificate>>, PathFault> {
    let mut resolved: Vec<Arc<Certificate>> = Vec::with_capacity(path.len());
    let mut is_inherited = false;
    for certificate in path.iter().rev() {
        let issuer = resolved.last();
        if let Some(issuer) = issuer.filter(|_| is_inherited)
            && !certificate.is_signed_by(issuer)
        {
            let name = issuer.subject.label();
            let reason = format!("the key of {name:?}, with the parameters of its issuer, did not sign the certificate below it");
            return Err(PathFault::new(SubIndication::NoCertificateChainFound, reason));
        }
        let key = issuer.and_then(|issuer| certificate.key.with_parameters_of(&issuer.key));
        is_inherited = key.is_some() || certificate.key.inherits_parameters();
        resolved.push(match key {
            Some(key) => Arc::new(certificate.with_key(key)),
            None => Arc::clone(certificate),
        });
    }
    resolved.reverse();
    Ok(resolved)
}

/// The fault that weighs more, the lower one if both weigh the same.
fn worst(lower: Option<PathFault>, upper: Option<PathFault>) -> Option<PathFault> {
    match (lower, upper) {
        (Some(lower), Some(upper)) if upper.indication < lower.indication => Some(upper),
        (lower, upper) => lower.or(upper),
    }
}

fn check_anchor(anchor: &Anchor, at: i64) -> Result<(), PathFault> {
    if anchor.is_trusted_at(at) {
        return Ok(());
    }
    let reason = format!("the trust anchor was not trusted at {}", display(at));
    Err(PathFault::new(SubIndication::OutOfBoundsNoPoe, reason))
}

/// What RFC 5280, 6.1.4 demands of the certificate that issued the last one of `path`.
fn check_issuer(issuer: &Certificate, path: &[Arc<Certificate>]) -> Result<(), PathFault> {
    let name = || issuer.subject.label();
    let chain = |reason: String| Err(PathFault::new(SubIndication::ChainConstraintsFailure, reason));
    if let Some(unsupported) = issuer.unsupported.first() {
        return Err(unsupported_fault(issuer, unsupported));
    }
    let Some((true, max_below)) = issuer.authority else {
        return chain(format!("the issuing certificate {:?} is not a certification authority", name()));
    };
    if issuer.key_usage.is_some_and(|usage| !usage.allows_certificate_signatures()) {
        return chain(format!("the key usage of {:?} does not allow it to issue certificates", name()));
    }
    // Self-issued certificates do not count (RFC 5280, 4.2.1.9); nor does the leaf.
    let below = path.iter().skip(1).filter(|one| !one.is_self_issued()).count();
    if max_below.is_some_and(|max| below > usize::try_from(max).unwrap_or(usize::MAX)) {
        return chain(format!("the chain below {:?} is longer than it allows", name()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::{SEQUENCE, encode};
    use crate::name::tests::name_der;
    use crate::testing::{NOW, Node, Pki, Template, YEAR};

    fn find_at(pki: &Pki, leaf: &Certificate, at: i64) -> Result<Path, PathFault> {
        let mut trust = TrustStore::new();
        trust.add_anchor(pki.root.der(), None, None).unwrap();
        let extra = [Arc::new(pki.issuer.certificate())];
        find(&Arc::new(leaf.clone()), &Goal::new(Purpose::DocumentSigning, at), &extra, &trust, &Limits::default())
    }

    fn indication(pki: &Pki, template: Template) -> SubIndication {
        find_at(pki, &pki.issue(template).certificate(), NOW).unwrap_err().indication
    }

    #[test]
    fn a_three_level_path_is_found() {
        let pki = Pki::new();
        let path = find_at(&pki, &pki.signer.certificate(), NOW).unwrap();
        assert_eq!(path.certificates.len(), 3);
    }

    #[test]
    fn without_the_anchor_there_is_no_path() {
        let pki = Pki::new();
        let leaf = Arc::new(pki.signer.certificate());
        let extra = [Arc::new(pki.issuer.certificate()), Arc::new(pki.root.certificate())];
        let result = find(&leaf, &Goal::new(Purpose::DocumentSigning, NOW), &extra, &TrustStore::new(), &Limits::default());
        assert_eq!(result.unwrap_err().indication, SubIndication::NoCertificateChainFound);
    }

    #[test]
    fn a_certificate_signed_in_an_unknown_way_is_no_stranger() {
        let pki = Pki::new();
        let mut der = pki.signer.der().to_vec();
        // Ed448 (RFC 8410) in both places that name the issuer's algorithm; the key between them keeps its own.
        let (ed25519, ed448) = ([6, 3, 0x2b, 0x65, 0x70], [6, 3, 0x2b, 0x65, 0x71]);
        let first = der.windows(5).position(|window| window == ed25519).unwrap();
        let last = der.windows(5).rposition(|window| window == ed25519).unwrap();
        [first, last].iter().for_each(|&at| der[at..at + 5].copy_from_slice(&ed448));
        let leaf = Certificate::parse(&der).unwrap();
        let fault = find_at(&pki, &leaf, NOW).unwrap_err();
        assert_eq!(fault.indication, SubIndication::CryptoConstraintsFailure);
        assert!(fault.reason.ends_with("is signed with the algorithm 1.3.101.113, which is not supported") && !fault.is_vouched_for);
        // Where no issuer of that name is known, that comes first.
        let fault = find(&Arc::new(leaf), &Goal::new(Purpose::DocumentSigning, NOW), &[], &TrustStore::new(), &Limits::default());
        assert_eq!(fault.unwrap_err().indication, SubIndication::NoCertificateChainFound);
    }

    #[test]
    fn an_expired_leaf_is_out_of_bounds() {
        let pki = Pki::new();
        let fault = find_at(&pki, &pki.signer.certificate(), NOW + 9 * YEAR).unwrap_err();
        assert_eq!(fault.indication, SubIndication::OutOfBoundsNoPoe);
    }

    #[test]
    fn key_usage_extended_usage_and_unknown_critical_extensions_are_checked() {
        let pki = Pki::new();
        // keyEncipherment only.
        let encipherment = Template { key_usage: Some(0b0010_0000), ..Template::signer() };
        assert_eq!(indication(&pki, encipherment), SubIndication::ChainConstraintsFailure);
        // TLS server authentication only.
        let server = Template { extended: vec![vec![0x2b, 6, 1, 5, 5, 7, 3, 1]], ..Template::signer() };
        assert_eq!(indication(&pki, server), SubIndication::ChainConstraintsFailure);
        let unknown = Template { extra: vec![(vec![0x2a, 3, 4], true, vec![5, 0])], ..Template::signer() };
        assert_eq!(indication(&pki, unknown), SubIndication::CertificateChainGeneralFailure);
        let harmless = Template { extra: vec![(vec![0x2a, 3, 4], false, vec![5, 0])], ..Template::signer() };
        assert!(find_at(&pki, &pki.issue(harmless).certificate(), NOW).is_ok());
        let names = Template { extra: vec![(oid::NAME_CONSTRAINTS.to_vec(), false, vec![0x30, 0])], ..Template::signer() };
        assert_eq!(indication(&pki, names), SubIndication::CertificateChainGeneralFailure);
    }

    #[test]
    fn a_leaf_cannot_issue() {
        let pki = Pki::new();
        let below = pki.signer.issue(Template::signer());
        let mut trust = TrustStore::new();
        trust.add_anchor(pki.root.der(), None, None).unwrap();
        let extra = [Arc::new(pki.issuer.certificate()), Arc::new(pki.signer.certificate())];
        let leaf = Arc::new(below.certificate());
        let fault = find(&leaf, &Goal::new(Purpose::DocumentSigning, NOW), &extra, &trust, &Limits::default()).unwrap_err();
        assert_eq!(fault.indication, SubIndication::ChainConstraintsFailure);
    }

    #[test]
    fn path_length_is_honoured() {
        let pki = Pki::new();
        // The issuer allows no further authority below it.
        let second = pki.issuer.issue(Template::authority("Second", None));
        let leaf = Arc::new(second.issue(Template::signer()).certificate());
        let mut trust = TrustStore::new();
        trust.add_anchor(pki.root.der(), None, None).unwrap();
        let extra = [Arc::new(pki.issuer.certificate()), Arc::new(second.certificate())];
        let fault = find(&leaf, &Goal::new(Purpose::DocumentSigning, NOW), &extra, &trust, &Limits::default()).unwrap_err();
        assert_eq!(fault.indication, SubIndication::ChainConstraintsFailure);
    }

    /// The outcome for a signer below an authority that carries `extension` as a critical one.
    fn below_restricted(identifier: &[u8], extension: Vec<u8>) -> Result<Path, PathFault> {
        let pki = Pki::new();
        let extra = vec![(identifier.to_vec(), true, extension)];
        let narrow = pki.root.issue(Template { extra, ..Template::authority("Narrow", None) });
        let leaf = Arc::new(narrow.issue(Template::signer()).certificate());
        let mut trust = TrustStore::new();
        trust.add_anchor(pki.root.der(), None, None).unwrap();
        let goal = Goal::new(Purpose::DocumentSigning, NOW);
        find(&leaf, &goal, &[Arc::new(narrow.certificate())], &trust, &Limits::default())
    }

    #[test]
    fn an_authority_is_held_to_its_names_and_policies() {
        let constraint = |side: u8, name: &str| {
            let base = encode(0xa4, &name_der(&[(oid::COMMON_NAME, name)]));
            encode(SEQUENCE, &encode(side, &encode(SEQUENCE, &base)))
        };
        assert!(below_restricted(oid::NAME_CONSTRAINTS, constraint(0xa0, "NGUYEN VAN A")).is_ok());
        let forbidden = [constraint(0xa0, "Nguyen Van B"), constraint(0xa1, "Nguyen Van A")];
        for extension in forbidden {
            let fault = below_restricted(oid::NAME_CONSTRAINTS, extension).unwrap_err();
            assert_eq!(fault.indication, SubIndication::ChainConstraintsFailure);
        }
        // requireExplicitPolicy at once, and no certificate names a policy; after nine certificates it does not matter.
        let require = |skip: u8| encode(SEQUENCE, &[0x80, 1, skip]);
        let fault = below_restricted(oid::POLICY_CONSTRAINTS, require(0)).unwrap_err();
        assert_eq!(fault.indication, SubIndication::ChainConstraintsFailure);
        assert!(below_restricted(oid::POLICY_CONSTRAINTS, require(9)).is_ok());
        let fault = below_restricted(oid::INHIBIT_ANY_POLICY, vec![2, 1, 0xff]).unwrap_err();
        assert_eq!(fault.indication, SubIndication::CertificateChainGeneralFailure);
    }

    #[test]
    fn what_an_anchor_and_a_leaf_say_of_policies_binds_too() {
        let pki = Pki::new();
        let require = |skip: u8| vec![(oid::POLICY_CONSTRAINTS.to_vec(), true, encode(SEQUENCE, &[0x80, 1, skip]))];
        let find_below = |anchor: &Node, leaf_extra: Vec<(Vec<u8>, bool, Vec<u8>)>| {
            let leaf = anchor.issue(Template { extra: leaf_extra, ..Template::signer() });
            let mut trust = TrustStore::new();
            trust.add_anchor(anchor.der(), None, None).unwrap();
            let goal = Goal::new(Purpose::DocumentSigning, NOW);
            find(&Arc::new(leaf.certificate()), &goal, &[], &trust, &Limits::default()).map_err(|fault| fault.indication)
        };
        let strict = pki.root.issue(Template { extra: require(0), ..Template::authority("Strict", None) });
        assert!(find_below(&pki.root, Vec::new()).is_ok());
        assert_eq!(find_below(&strict, Vec::new()).unwrap_err(), SubIndication::ChainConstraintsFailure);
        // RFC 5280, 6.1.5 (b): of a leaf only a requirement without delay counts.
        assert_eq!(find_below(&pki.root, require(0)).unwrap_err(), SubIndication::ChainConstraintsFailure);
        assert!(find_below(&pki.root, require(1)).is_ok());
    }

    #[test]
    fn alternative_names_that_are_unreadable_matter_where_they_are_critical_or_constrained() {
        let pki = Pki::new();
        let broken =
            |critical| Template { extra: vec![(oid::SUBJECT_ALT_NAME.to_vec(), critical, vec![0x30, 1, 0x82])], ..Template::signer() };
        assert!(find_at(&pki, &pki.issue(broken(false)).certificate(), NOW).is_ok());
        assert_eq!(indication(&pki, broken(true)), SubIndication::CertificateChainGeneralFailure);
        let constraint = encode(SEQUENCE, &encode(0xa1, &encode(SEQUENCE, &encode(0x82, b"a.vn"))));
        let extra = vec![(oid::NAME_CONSTRAINTS.to_vec(), true, constraint)];
        let narrow = pki.root.issue(Template { extra, ..Template::authority("Narrow", None) });
        let mut trust = TrustStore::new();
        trust.add_anchor(pki.root.der(), None, None).unwrap();
        let leaf = Arc::new(narrow.issue(broken(false)).certificate());
        let goal = Goal::new(Purpose::DocumentSigning, NOW);
        let fault = find(&leaf, &goal, &[Arc::new(narrow.certificate())], &trust, &Limits::default()).unwrap_err();
        assert_eq!(fault.indication, SubIndication::CertificateChainGeneralFailure);
    }

    #[test]
    fn an_anchor_counts_only_within_its_window() {
        let pki = Pki::new();
        let mut trust = TrustStore::new();
        trust.add_anchor(pki.root.der(), None, Some(NOW - 1)).unwrap();
        let extra = [Arc::new(pki.issuer.certificate())];
        let leaf = Arc::new(pki.signer.certificate());
        let fault = find(&leaf, &Goal::new(Purpose::DocumentSigning, NOW), &extra, &trust, &Limits::default()).unwrap_err();
        assert_eq!(fault.indication, SubIndication::OutOfBoundsNoPoe);
        assert!(find(&leaf, &Goal::new(Purpose::DocumentSigning, NOW - 1), &extra, &trust, &Limits::default()).is_ok());
    }
}
