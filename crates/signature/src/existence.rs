//! When a CMS signature provably existed: by the stamps over its value, by archive time stamps and by what stands around it
//! (ETSI EN 319 102-1, 5.5 and 5.6.2).

use crate::archive::{Archived, contradiction, contradicts};
use crate::calendar::display;
use crate::certificate::Certificate;
use crate::judge::Proof;
use crate::judgement::Judgement;
use crate::oid;
use crate::report::SubIndication;
use crate::timestamp;

/// Time-stamp tokens looked at per signature and kind; a real one carries one.
const MAX_TOKENS: usize = 4;
/// Likewise over the content, each of which costs a digest of it.
const MAX_CONTENT_TOKENS: usize = 2;

/// The time that proves most for a signature by `signer`. A bad token gives no time and says so; the signature is then
/// judged without it (EN 319 102-1, 5.5.4).
pub(crate) fn prove(archived: &Archived<'_, '_>, signer: Option<&Certificate>, judgement: &mut Judgement) -> Proof {
    let Archived { info, evidence, trust, options, content, .. } = *archived;
    let archive = archived.judge(judgement);
    let mut proofs: Vec<Proof> = Vec::new();
    let stamps =
        info.unsigned(oid::SIGNATURE_TIME_STAMP).flat_map(|attribute| attribute.values.iter().map(move |value| (attribute, value)));
    for (attribute, value) in stamps.take(MAX_TOKENS) {
        let existed = archive.existed(attribute, value);
        let (token, _) = timestamp::verify_existing(value.raw, &[&info.signature], evidence, existed, trust, options);
        match token.proof() {
            Some(time) => {
                if let Some(existed) = existed.filter(|existed| contradicts(time, *existed)) {
                    contradiction("the time stamp", time, existed, judgement);
                }
                judgement.evidence.extend(&token.judgement.evidence);
                judgement.weak.extend(&token.judgement.weak);
                judgement.reasons.extend(token.judgement.reasons.iter().map(|reason| format!("time stamp: {reason}")));
                proofs.push(Proof { time: Some(time), unknown_revocation: token.unknown_revocation });
            }
            None => {
                let reasons = token.judgement.reasons.join("; ");
                judgement.note(format!("the time stamp proves nothing: {reasons}"));
            }
        }
    }
    proofs.extend(archive.proofs().cloned());
    let best = best(proofs, signer);

    // A stamp over the content is older than the signature (EN 319 122-1, 5.2.8).
    for value in info.signed(oid::CONTENT_TIME_STAMP).flat_map(|attribute| &attribute.values).take(MAX_CONTENT_TOKENS) {
        let (token, _) = timestamp::verify(value.raw, content, evidence, trust, options);
        match (token.proof(), best.time) {
            (Some(time), Some(proved)) if contradicts(time, proved) => {
                let reason =
                    format!("the content was stamped at {}, after the signature, which existed at {}", display(time), display(proved));
                judgement.doubt(SubIndication::TimestampOrderFailure, reason);
            }
            (Some(time), _) => judgement.note(format!("a time stamp proves that the content existed at {}", display(time))),
            (None, _) => judgement.note(format!("the time stamp over the content proves nothing: {}", token.judgement.reasons.join("; "))),
        }
    }
    for (identifier, name) in oid::NAMED_ATTRIBUTES {
        if info.unsigned(identifier).next().is_some() {
            judgement.note(format!("the signature carries {name}, which is not looked at"));
        }
    }
    best
}

/// The earliest proof; one whose prover is known not to be revoked goes before it, if the certificate was still valid then.
pub(crate) fn best(proofs: Vec<Proof>, signer: Option<&Certificate>) -> Proof {
    let earliest = |known: bool| {
        let fits = |proof: &&Proof| {
            let is_in_time = || proof.time.is_some_and(|time| signer.is_none_or(|signer| time <= signer.not_after));
            !known || (proof.unknown_revocation.is_none() && is_in_time())
        };
        proofs.iter().filter(fits).min_by_key(|proof| proof.time.unwrap_or(i64::MAX)).cloned()
    };
    earliest(true).or_else(|| earliest(false)).unwrap_or_default()
}
