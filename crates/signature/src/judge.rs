//! The verdict on one CMS signature: arithmetic, proof of existence, certificate path, revocation, algorithm policy, in
//! the order of EN 319 102-1, 5.3 to 5.5.

use std::sync::Arc;

use crate::algorithm::Scheme;
use crate::algorithm_policy::{Usage, weigh};
use crate::archive::Archived;
use crate::calendar::display;
use crate::certificate::Certificate;
use crate::cms::{SignedData, SignerInfo};
use crate::existence;
use crate::judgement::Judgement;
use crate::options::{Options, RevocationPolicy};
use crate::path::{self, Goal, Purpose};
use crate::report::SubIndication;
use crate::revocation::{Inquiry, Status};
use crate::signer::{self, Arithmetic, Demands};
use crate::times::Times;
use crate::trust::TrustStore;
use crate::weakness::{Algorithm, AlgorithmUse};

/// A signature, judged.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    pub(crate) judgement: Judgement,
    pub(crate) arithmetic: Arithmetic,
    pub(crate) proved_time: Option<i64>,
}

/// A proved time, and what is not known about its prover.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proof {
    pub(crate) time: Option<i64>,
    pub(crate) unknown_revocation: Option<String>,
}

/// Judges one SignerInfo over `demands.content`.
pub(crate) fn signature(
    data: &SignedData<'_>,
    info: &SignerInfo<'_>,
    demands: &Demands<'_>,
    trust: &TrustStore,
    options: &Options,
) -> Judged {
    signature_existing(data, info, demands, None, trust, options)
}

/// Likewise, for a signature that the stamps around it prove to have `existed`.
pub(crate) fn signature_existing(
    data: &SignedData<'_>,
    info: &SignerInfo<'_>,
    demands: &Demands<'_>,
    existed: Option<&Proof>,
    trust: &TrustStore,
    options: &Options,
) -> Judged {
    let mut judgement = Judgement::default();
    let mut arithmetic = signer::check(data, info, demands, &mut judgement);
    let archived = Archived { data, info, content: demands.content, evidence: &arithmetic.evidence, existed, trust, options };
    let proof = existence::prove(&archived, arithmetic.certificate.as_deref(), &mut judgement);
    let times = Times {
        outside: demands.claimed_time,
        attribute: signer::signing_time(info),
        proved: proof.time,
        certificate_end: arithmetic.certificate.as_ref().map(|one| one.not_after),
        at: options.at,
    };
    arithmetic.claimed_time = times.tell(&mut judgement);
    judge_trust(&arithmetic, &proof, trust, options, &mut judgement);
    Judged { judgement, arithmetic, proved_time: proof.time }
}

/// Path, revocation and algorithm policy. Nothing of it can mend a signature whose arithmetic failed, so that it is left out there.
pub(crate) fn judge_trust(arithmetic: &Arithmetic, proof: &Proof, trust: &TrustStore, options: &Options, judgement: &mut Judgement) {
    for &(algorithm, used_for) in &arithmetic.used {
        let usage = usage(algorithm, used_for, arithmetic, proof.time);
        weigh(usage, options, judgement, || {
            if algorithm.is_key() { format!("the signer's key is {algorithm}") } else { format!("the signature rests on {algorithm}") }
        });
    }
    let Some(leaf) = arithmetic.certificate.as_ref().filter(|_| !judgement.has_failed()) else { return };
    let at = proof.time.unwrap_or(options.at);
    if let Some(time) = proof.time.filter(|&time| time < leaf.not_before) {
        let reason =
            format!("the signature existed at {}, before its certificate became valid at {}", display(time), display(leaf.not_before));
        judgement.fail(SubIndication::NotYetValid, reason);
        return;
    }
    let path = match path::find(leaf, &Goal::new(Purpose::DocumentSigning, at), &arithmetic.evidence.certificates, trust, &options.limits) {
        Ok(path) => path,
        Err(fault) => {
            judgement.is_vouched_for = fault.is_vouched_for;
            judgement.doubt(fault.indication, fault.reason);
            return;
        }
    };
    judgement.is_vouched_for = true;
    judgement.rests_on(&path.certificates);
    weigh_path(&path.certificates, AlgorithmUse::Certificate, proof.time, trust, options, judgement);
    let inquiry = Inquiry { trust, evidence: &arithmetic.evidence, limits: &options.limits, proved: at, at: options.at };
    judge_revocation(&path.certificates, arithmetic.claimed_time, &inquiry, options, judgement);
    if let Some(reason) = &proof.unknown_revocation
        // A signature that is good at the judgement time does not lean on the proof.
        && !leaf.is_valid_at(options.at)
    {
        unknown_revocation(options, &format!("time stamp: {reason}"), judgement);
    }
}

fn judge_revocation(
    path: &[Arc<Certificate>],
    claimed_time: Option<i64>,
    inquiry: &Inquiry<'_>,
    options: &Options,
    judgement: &mut Judgement,
) {
    let at = inquiry.proved;
    let statuses = inquiry.ask(path, &mut judgement.evidence);
    for (index, (status, certificate)) in statuses.into_iter().zip(path).enumerate() {
        let name = || certificate.subject.label();
        match status {
            Status::Good => {}
            Status::Unknown(reason) => unknown_revocation(options, &reason, judgement),
            Status::Revoked { date, .. } if date > at => {
                judgement.note(format!("the certificate {:?} was revoked after the signature, at {}", name(), display(date)));
            }
            Status::Revoked { date, reason } => {
                judgement.is_vouched_for = false;
                let sentence = format!("the certificate {:?} was revoked at {} ({reason})", name(), display(date));
                if index > 0 {
                    judgement.doubt(SubIndication::RevokedCaNoPoe, sentence);
                // The claimed time is no proof for the signer, but it may be taken as an admission.
                } else if claimed_time.is_some_and(|claimed| claimed >= date) {
                    judgement.fail(SubIndication::Revoked, format!("{sentence}, before the claimed signing time"));
                } else {
                    judgement.doubt(SubIndication::RevokedNoPoe, sentence);
                }
            }
        }
    }
}

fn unknown_revocation(options: &Options, reason: &str, judgement: &mut Judgement) {
    match options.revocation {
        RevocationPolicy::Require => judgement.doubt(SubIndication::TryLater, reason),
        RevocationPolicy::Accept => judgement.note(format!("unknown revocation accepted: {reason}")),
    }
}

/// A use of an algorithm in the signature itself.
pub(crate) fn usage(algorithm: Algorithm, used_for: AlgorithmUse, arithmetic: &Arithmetic, proved: Option<i64>) -> Usage {
    let certified = arithmetic.certificate.as_ref().map(|one| one.not_before);
    Usage { algorithm, used_for, proved, not_before: arithmetic.claimed_time.max(certified) }
}

/// The algorithms of the certificates of `path`, but for the key of the first, which the signature itself stands for.
///
/// How a certificate of the store is signed does not matter: the operator chose exactly its bytes, so that no collision can put
/// another one in its place.
pub(crate) fn weigh_path(
    path: &[Arc<Certificate>],
    used_for: AlgorithmUse,
    proved: Option<i64>,
    trust: &TrustStore,
    options: &Options,
    judgement: &mut Judgement,
) {
    for (index, certificate) in path.iter().enumerate() {
        let name = || certificate.subject.label();
        let usage = |algorithm| Usage { algorithm, used_for, proved, not_before: Some(certificate.not_before) };
        if let Some(key) = certificate.key.strength().filter(|_| index > 0) {
            weigh(usage(key), options, judgement, || format!("the key of the certificate {:?} is {key}", name()));
        }
        if let Some(digest) = certificate.issuer_scheme().and_then(Scheme::digest).filter(|_| !trust.holds(certificate)) {
            let sentence = || format!("the certificate {:?} is signed with {}", name(), digest.name());
            weigh(usage(digest.algorithm()), options, judgement, sentence);
        }
    }
}
