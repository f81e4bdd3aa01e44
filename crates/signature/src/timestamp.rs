//! RFC 3161 time-stamp tokens: a verified one proves that its imprint existed at a time.

use std::sync::Arc;

use crate::algorithm::{AlgorithmId, Digest};
use crate::algorithm_policy::{Usage, weigh};
use crate::asn1::{Asn1Error, Element, INTEGER, OCTET_STRING, OID, SEQUENCE};
use crate::calendar::{asn1_time, display};
use crate::certificate::Certificate;
use crate::cms::SignedData;
use crate::evidence::Evidence;
use crate::judge::{self, Judged};
use crate::judgement::Judgement;
use crate::limit;
use crate::oid;
use crate::options::{Limits, Options, RevocationPolicy};
use crate::path::{self, Goal, Purpose};
use crate::report::SubIndication;
use crate::revocation::{Inquiry, Status};
use crate::signer::{self, Arithmetic, Demands, SigningCertificateAttribute};
use crate::trust::TrustStore;
use crate::weakness::{Algorithm, AlgorithmUse};

/// Bytes of a policy identifier that is somebody's. Apple's authority names the policy 1.2.3, of two bytes.
const LEAST_POLICY: usize = 3;

/// A token, judged. Only one whose judgement is clean proves anything.
#[derive(Debug, Default)]
pub(crate) struct Token {
    pub(crate) judgement: Judgement,
    pub(crate) arithmetic: Arithmetic,
    pub(crate) time: Option<i64>,
    /// The time-stamp authority's chain, where one was found.
    pub(crate) chain: Vec<Arc<Certificate>>,
    /// When the token provably existed, from later time stamps.
    existed: Option<i64>,
    /// Revocation data for the chain is missing.
    pub(crate) unknown_revocation: Option<String>,
}

impl Token {
    /// The proved time.
    pub(crate) fn proof(&self) -> Option<i64> {
        self.time.filter(|_| self.judgement.is_clean() && self.arithmetic.intact)
    }

    /// The verdict on a token that stands for itself and not for a signature: over a document, or over files.
    pub(crate) fn judged(mut self, options: &Options) -> Judged {
        let proved_time = self.proof();
        if let Some(reason) = &self.unknown_revocation {
            match options.revocation {
                RevocationPolicy::Require => self.judgement.doubt(SubIndication::TryLater, reason.clone()),
                RevocationPolicy::Accept => self.judgement.note(format!("unknown revocation accepted: {reason}")),
            }
        }
        let intact = self.arithmetic.intact && !self.judgement.has_failed();
        Judged { judgement: self.judgement, arithmetic: Arithmetic { intact, ..self.arithmetic }, proved_time }
    }
}

/// The imprint of the token at the start of `bytes` and its digest, for stamped data that depends on it.
pub(crate) fn imprint(bytes: &[u8], limits: &Limits) -> Option<(Digest, Vec<u8>)> {
    let (data, _) = SignedData::parse(bytes, limits.max_certificates).ok()?;
    let info = read_info(data.content.as_deref()?).ok()?;
    Some((Digest::from_oid(info.imprint_algorithm)?, info.imprint.to_vec()))
}

/// The time that the token at the start of `bytes` states, proved or not.
pub(crate) fn stated_time(bytes: &[u8]) -> Option<i64> {
    let (data, _) = SignedData::parse(bytes, Limits::MAX_CERTIFICATES).ok()?;
    read_info(data.content.as_deref()?).ok().map(|info| info.time)
}

/// The part of a TSTInfo that matters.
struct TokenInfo<'a> {
    policy: &'a [u8],
    imprint_algorithm: &'a [u8],
    imprint: &'a [u8],
    time: i64,
}

/// Judges the token at the start of `bytes` over the concatenated `stamped` parts. Returns what follows the token.
pub(crate) fn verify<'a>(
    bytes: &'a [u8],
    stamped: &[&[u8]],
    evidence: &Evidence,
    trust: &TrustStore,
    options: &Options,
) -> (Token, &'a [u8]) {
    verify_existing(bytes, stamped, evidence, None, trust, options)
}

/// Like [`verify`], for a token that later time stamps prove to have existed at `existed`.
pub(crate) fn verify_existing<'a>(
    bytes: &'a [u8],
    stamped: &[&[u8]],
    evidence: &Evidence,
    existed: Option<i64>,
    trust: &TrustStore,
    options: &Options,
) -> (Token, &'a [u8]) {
    let mut token = Token { existed, ..Token::default() };
    let (data, rest) = match SignedData::parse(bytes, options.limits.max_certificates) {
        Ok(read) => read,
        Err(error) => {
            limit::reject(&mut token.judgement, limit::unreadable_cms("the time-stamp token", &error));
            return (token, &[]);
        }
    };
    judge(&data, stamped, evidence, trust, options, &mut token);
    (token, rest)
}

fn judge(data: &SignedData<'_>, stamped: &[&[u8]], evidence: &Evidence, trust: &TrustStore, options: &Options, token: &mut Token) {
    let judgement = &mut token.judgement;
    let (Some(content), [info]) = (data.content.as_deref(), data.signers.as_slice()) else {
        judgement.fail(SubIndication::FormatFailure, "a time-stamp token has one signer and carries its content");
        return;
    };
    let token_info = match read_info(content) {
        Ok(token_info) => token_info,
        Err(error) => {
            judgement.fail(SubIndication::FormatFailure, format!("the time-stamp content is unreadable: {error}"));
            return;
        }
    };
    token.time = Some(token_info.time);
    if token_info.policy.len() < LEAST_POLICY {
        let policy = oid::dotted(token_info.policy);
        judgement.note(format!("the time-stamp policy {policy} is nobody's: the authority's certificate alone tells whose the stamp is"));
    }
    match Digest::from_oid(token_info.imprint_algorithm) {
        None => judgement.doubt(SubIndication::CryptoConstraintsFailure, "the time-stamp imprint uses an unsupported digest"),
        Some(digest) => {
            if digest.of(stamped).as_ref() != token_info.imprint {
                judgement.fail(SubIndication::HashFailure, "the time stamp was made for something else");
            }
            let sentence = || format!("the time-stamp imprint is a {} digest", digest.name());
            if digest.is_weak() {
                judgement.note(sentence());
            }
            let used = usage(digest.algorithm(), AlgorithmUse::TimeStampImprint, token_info.time, token.existed);
            weigh(used, options, judgement, sentence);
        }
    }
    let demands = Demands {
        content: &[content],
        prefixes: None,
        content_type: oid::TST_INFO,
        signing_certificate: SigningCertificateAttribute::Required,
        evidence,
        claimed_time: None,
    };
    token.arithmetic = signer::check(data, info, &demands, judgement);
    for &(algorithm, _) in &token.arithmetic.used {
        let used = usage(algorithm, AlgorithmUse::TimeStamp, token_info.time, token.existed);
        weigh(used, options, judgement, || format!("the time stamp is signed with {algorithm}"));
    }
    if let Some(tsa) = token.arithmetic.certificate.clone() {
        judge_authority(&tsa, token_info.time, trust, options, token);
    }
}

/// A token cannot prove its own age, for whoever can forge one writes any time into it; a later time stamp over it can.
fn usage(algorithm: Algorithm, used_for: AlgorithmUse, stated: i64, existed: Option<i64>) -> Usage {
    Usage { algorithm, used_for, proved: existed, not_before: Some(stated) }
}

/// The authority is judged at the time it states: most real authorities' certificates live shorter than the documents
/// they stamp. Further stamps over the token (EN 319 102-1, 5.6.2) save it where the authority was compromised later.
fn judge_authority(tsa: &Arc<Certificate>, time: i64, trust: &TrustStore, options: &Options, token: &mut Token) {
    let judgement = &mut token.judgement;
    if time > options.at {
        judgement.doubt(SubIndication::TimestampOrderFailure, format!("the time stamp lies in the future: {}", display(time)));
    }
    let found = path::find(tsa, &Goal::new(Purpose::TimeStamping, time), &token.arithmetic.evidence.certificates, trust, &options.limits);
    let path = match found {
        Ok(path) => path,
        Err(fault) => {
            judgement.doubt(fault.indication, fault.reason);
            return;
        }
    };
    judgement.rests_on(&path.certificates);
    // RFC 3161, 2.3 demands it; what counts is that no other usage stands beside.
    if !tsa.has_critical_usages {
        judgement.note("the extended key usage of the time-stamp certificate is not critical");
    }
    judge::weigh_path(&path.certificates, AlgorithmUse::TimeStamp, token.existed, trust, options, judgement);
    let inquiry = Inquiry { trust, evidence: &token.arithmetic.evidence, limits: &options.limits, proved: time, at: options.at };
    for status in inquiry.ask(&path.certificates, &mut judgement.evidence) {
        match status {
            Status::Good => {}
            Status::Unknown(reason) => token.unknown_revocation = Some(reason),
            // A stolen authority key can be used with any time: no revocation is late enough to spare the token, but
            // for reasons other than compromise the earlier tokens stand.
            // A token that is proved to be older than that was made by the authority itself.
            Status::Revoked { date, reason }
                if date <= time
                    || token.existed.is_none_or(|existed| existed >= date)
                        && (reason.ends_with("Compromise") || reason == "unspecified") =>
            {
                judgement.doubt(SubIndication::RevokedNoPoe, format!("the time-stamp certificate is revoked ({reason})"));
            }
            Status::Revoked { date, .. } => {
                judgement.note(format!("the time-stamp certificate was revoked later, at {}", display(date)));
            }
        }
    }
    if !tsa.is_valid_at(options.at) {
        judgement.note(match token.existed {
            Some(existed) if existed <= tsa.not_after => {
                "the time-stamp certificate has expired since, and a later time stamp proves the token older"
            }
            _ => "the time-stamp certificate has expired since",
        });
    }
    token.chain = path.certificates;
}

fn read_info(content: &[u8]) -> Result<TokenInfo<'_>, Asn1Error> {
    let mut fields = Element::parse(content, SEQUENCE)?.reader();
    if fields.expect(INTEGER)?.small_integer()? != 1 {
        return Err(Asn1Error::Malformed);
    }
    let policy = fields.expect(OID)?.content;
    let mut imprint = fields.expect(SEQUENCE)?.reader();
    let imprint_algorithm = AlgorithmId::read(&mut imprint)?.oid;
    let hash = imprint.expect(OCTET_STRING)?;
    fields.expect(INTEGER)?;
    let time = asn1_time(&fields.expect(crate::asn1::GENERALIZED_TIME)?)?;
    Ok(TokenInfo { policy, imprint_algorithm, imprint: hash.content, time })
}
