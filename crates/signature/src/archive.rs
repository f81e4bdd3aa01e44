//! Archive time stamps of CAdES: later stamps over a signature, over what judges it and over the earlier stamps (ETSI EN 319
//! 122-1, 5.5; the older form by ETSI TS 101 733 V2.2.1, 6.4.1).
//!
//! A stamp that verifies proves that the signature existed at its time, and the tokens that it covers too. Those are judged
//! last to first, so that each profits from the ones over it (ETSI EN 319 102-1, 5.6.2). What it covers and what is no
//! longer there makes a stamp void.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::algorithm::{AlgorithmId, Digest};
use crate::asn1::{Asn1Error, Element, OCTET_STRING, OID, Reader, SEQUENCE, encode};
use crate::calendar::display;
use crate::cms::{Attribute, SignedData, SignerInfo};
use crate::evidence::Evidence;
use crate::judge::Proof;
use crate::judgement::Judgement;
use crate::oid;
use crate::options::{Limits, Options};
use crate::report::SubIndication;
use crate::timestamp;
use crate::trust::TrustStore;

/// Archive time stamps judged per signature: one in ten years is usual.
const MAX_STAMPS: usize = 16;
/// What the clocks of two authorities may differ by, in seconds. Each is held to one (EN 319 421, 7.7.2) and few say so.
const CLOCK_TOLERANCE: i64 = 60;
/// Stamps of the older form, each of which costs a digest of the whole content.
const MAX_OLDER_STAMPS: usize = 2;
/// Digests in one part of an index.
const MAX_INDEX: usize = 1024;
/// Values of unsigned attributes, or revocation data, that are digested to be looked up in an index.
const MAX_LISTED: usize = 4096;

/// A signature and what its archive time stamps are judged with.
#[derive(Clone, Copy)]
pub(crate) struct Archived<'s, 'a> {
    pub(crate) data: &'s SignedData<'a>,
    pub(crate) info: &'s SignerInfo<'a>,
    /// The signed content, in parts.
    pub(crate) content: &'s [&'s [u8]],
    pub(crate) evidence: &'s Evidence,
    /// When the whole signature provably existed, from what stands around it.
    pub(crate) existed: Option<&'s Proof>,
    pub(crate) trust: &'s TrustStore,
    pub(crate) options: &'s Options,
}

/// Octets in parts.
type Parts<'s> = Vec<Cow<'s, [u8]>>;

/// The archive time stamps that verify.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    stamps: Vec<(Proof, Cover)>,
    around: Option<Proof>,
}

/// What a stamp covers beside the signature.
#[derive(Debug)]
enum Cover {
    /// Values of unsigned attributes whose digests are these.
    Index(AttributeIndex),
    /// Every unsigned attribute but archive time stamps from this time on.
    Before(i64),
}

impl Archive {
    /// Every proof that the signature existed.
    pub(crate) fn proofs(&self) -> impl Iterator<Item = &Proof> {
        self.stamps.iter().map(|(proof, _)| proof).chain(&self.around)
    }

    /// When this value of an unsigned attribute provably existed.
    pub(crate) fn existed(&self, attribute: &Attribute<'_>, value: &Element<'_>) -> Option<i64> {
        let covering = self.stamps.iter().filter(|(_, cover)| cover.holds(attribute, value)).map(|(proof, _)| proof);
        covering.chain(&self.around).filter_map(|proof| proof.time).min()
    }
}

impl Cover {
    fn holds(&self, attribute: &Attribute<'_>, value: &Element<'_>) -> bool {
        match self {
            Self::Index(index) => index.holds(attribute, value),
            Self::Before(time) => !is_archive(attribute.oid) || timestamp::stated_time(value.raw).is_some_and(|stated| stated < *time),
        }
    }
}

fn is_archive(identifier: &[u8]) -> bool {
    [oid::ARCHIVE_TIME_STAMP_V2, oid::ARCHIVE_TIME_STAMP_V3].contains(&identifier)
}

impl<'a> Archived<'_, 'a> {
    /// Judges the stamps and tells `judgement` of each.
    pub(crate) fn judge(&self, judgement: &mut Judgement) -> Archive {
        let mut archive = Archive { stamps: Vec::new(), around: self.existed.cloned() };
        let attributes = self.info.unsigned_attributes.iter().filter(|attribute| is_archive(attribute.oid));
        let mut tokens: Vec<(&Attribute<'a>, &Element<'a>)> =
            attributes.flat_map(|attribute| attribute.values.iter().map(move |value| (attribute, value))).collect();
        if tokens.len() > MAX_STAMPS {
            judgement.note(format!("{} archive time stamps are too many and not looked at", tokens.len() - MAX_STAMPS));
            tokens.truncate(MAX_STAMPS);
        }
        // The order decides only who can profit from whom; what covers what is shown by digests.
        tokens.sort_by_cached_key(|(_, value)| std::cmp::Reverse(timestamp::stated_time(value.raw)));
        let mut older = 0;
        let mut contents = Vec::new();
        for (attribute, value) in tokens {
            older += usize::from(attribute.oid == oid::ARCHIVE_TIME_STAMP_V2);
            if older > MAX_OLDER_STAMPS && attribute.oid == oid::ARCHIVE_TIME_STAMP_V2 {
                judgement.note(format!("archive time stamps of the older form beyond {MAX_OLDER_STAMPS} are not looked at"));
                continue;
            }
            let existed = archive.existed(attribute, value);
            let (stamped, cover) = match self.stamped(attribute, value, &mut contents) {
                Ok(found) => found,
                Err(reason) => {
                    judgement.note(format!("an archive time stamp proves nothing: {reason}"));
                    continue;
                }
            };
            let parts: Vec<&[u8]> = stamped.iter().map(AsRef::as_ref).collect();
            let (token, rest) = timestamp::verify_existing(value.raw, &parts, self.evidence, existed, self.trust, self.options);
            match token.proof().filter(|_| rest.is_empty()) {
                Some(time) => {
                    judgement.note(format!("an archive time stamp proves that the signature existed at {}", display(time)));
                    if let Some(existed) = existed.filter(|existed| contradicts(time, *existed)) {
                        contradiction("an archive time stamp", time, existed, judgement);
                    }
                    judgement.evidence.extend(&token.judgement.evidence);
                    judgement.weak.extend(&token.judgement.weak);
                    judgement.reasons.extend(token.judgement.reasons.iter().map(|reason| format!("archive time stamp: {reason}")));
                    archive.stamps.push((Proof { time: Some(time), unknown_revocation: token.unknown_revocation }, cover));
                }
                None => {
                    let reasons = token.judgement.reasons.join("; ");
                    judgement.note(format!("an archive time stamp proves nothing: {reasons}"));
                }
            }
        }
        archive
    }

    /// The stamped octets in parts, and what they cover.
    fn stamped(
        &self,
        attribute: &Attribute<'a>,
        value: &Element<'a>,
        contents: &mut Vec<(Digest, Vec<u8>)>,
    ) -> Result<(Parts<'_>, Cover), String> {
        let limits = &self.options.limits;
        let (digest, imprint) = timestamp::imprint(value.raw, limits).ok_or("its imprint uses an unsupported digest")?;
        if attribute.oid == oid::ARCHIVE_TIME_STAMP_V2 {
            let time = timestamp::stated_time(value.raw).ok_or("it is unreadable")?;
            let (parts, unsigned) = self.stamped_v2(time);
            // TS 101 733 V2.2.1, annex K, note 3: earlier versions left out the tag and length of the set, and both are tried.
            let wrapped = [parts.clone(), vec![Cow::Owned(encode(0xa1, &unsigned.concat()))]].concat();
            let is_wrapped = digest.of(&wrapped.iter().map(AsRef::as_ref).collect::<Vec<_>>()).as_ref() == imprint;
            let parts = if is_wrapped { wrapped } else { [parts, unsigned].concat() };
            return Ok((parts, Cover::Before(time)));
        }
        let (raw_index, index) = Index::read(value.raw, limits)?;
        index.check(self.data, self.info)?;
        // EN 319 122-1, 5.5.3: type of the content, its digest, the fields of the SignerInfo, the index.
        let content = match contents.iter().find(|(known, _)| *known == digest) {
            Some((_, content)) => content.clone(),
            None => {
                let content = digest.of(self.content).as_ref().to_vec();
                contents.push((digest, content.clone()));
                content
            }
        };
        let mut parts: Parts<'_> = vec![Cow::Borrowed(self.data.raw.content_type), Cow::Owned(content)];
        parts.extend(self.fields());
        parts.push(Cow::Owned(raw_index));
        Ok((parts, Cover::Index(index.attributes)))
    }

    /// The fields of the SignerInfo but for the unsigned attributes, the signed ones in DER, as they are signed too.
    fn fields(&self) -> Parts<'_> {
        let signed = self.info.signed_attributes.as_ref().map(|signed| signed.der.as_slice());
        let field = |raw: &&'a [u8]| match (raw.first(), signed.and_then(|der| der.split_first())) {
            (Some(0xa0), Some((_, rest))) => Cow::Owned([&[0xa0], rest].concat()),
            _ => Cow::Borrowed(*raw),
        };
        self.info.raw.iter().map(field).collect()
    }

    /// TS 101 733, 6.4.1: content, certificates, revocation data and the fields of the SignerInfo; and its unsigned attributes as
    /// they were at `time`.
    fn stamped_v2(&self, time: i64) -> (Parts<'_>, Parts<'_>) {
        let (data, info) = (self.data, self.info);
        let mut parts = vec![data.raw.encapsulated];
        if data.content.is_none() {
            parts.extend(self.content);
        }
        parts.extend([data.raw.certificates, data.raw.revocation]);
        let earlier = |attribute: &&Attribute<'_>| {
            !is_archive(attribute.oid)
                || attribute.values.iter().all(|value| timestamp::stated_time(value.raw).is_some_and(|stated| stated < time))
        };
        let unsigned = info.unsigned_attributes.iter().filter(earlier).map(|attribute| Cow::Borrowed(attribute.raw)).collect();
        (parts.into_iter().map(Cow::Borrowed).chain(self.fields()).collect(), unsigned)
    }
}

/// Whether a token of this time is too late to be covered by what existed at the other: where clocks differ by less, nothing
/// follows (RFC 3161, 2.4.2).
pub(crate) fn contradicts(time: i64, existed: i64) -> bool {
    time > existed.saturating_add(CLOCK_TOLERANCE)
}

/// A token that states a later time than one that proves it older (EN 319 102-1, 5.5.4, 4) c)).
pub(crate) fn contradiction(which: &str, time: i64, existed: i64, judgement: &mut Judgement) {
    let reason = format!("{which} states {}, and a time stamp over it {}", display(time), display(existed));
    judgement.doubt(SubIndication::TimestampOrderFailure, reason);
}

/// An ATSHashIndex of any version (EN 319 122-1, 5.5.2; TS 101 733 V2.2.1, 6.4.2).
struct Index {
    digest: Digest,
    certificates: Vec<Vec<u8>>,
    revocation: Vec<Vec<u8>>,
    attributes: AttributeIndex,
}

/// The part of an index that lists unsigned attributes.
#[derive(Debug)]
struct AttributeIndex {
    digest: Digest,
    hashes: Vec<Vec<u8>>,
    /// Version 3 lists every value with its type, older ones whole attributes.
    by_value: bool,
}

impl AttributeIndex {
    fn holds(&self, attribute: &Attribute<'_>, value: &Element<'_>) -> bool {
        let hash = if self.by_value { self.digest.of(&[&encode(OID, attribute.oid), value.raw]) } else { self.digest.of(&[attribute.raw]) };
        self.hashes.iter().any(|known| known == hash.as_ref())
    }
}

impl Index {
    /// Reads the one index among the unsigned attributes of a token; also its DER, which the token's imprint covers.
    fn read(token: &[u8], limits: &Limits) -> Result<(Vec<u8>, Self), String> {
        let (data, _) = SignedData::parse(token, limits.max_certificates).map_err(|error| format!("it is unreadable: {error}"))?;
        let [info] = data.signers.as_slice() else { return Err("it has not one signer".to_owned()) };
        let known =
            |attribute: &&Attribute<'_>| [oid::ATS_HASH_INDEX, oid::ATS_HASH_INDEX_V2, oid::ATS_HASH_INDEX_V3].contains(&attribute.oid);
        let mut found = info.unsigned_attributes.iter().filter(known);
        let (Some(attribute), None) = (found.next(), found.next()) else {
            return Err("it has not one index of what it covers".to_owned());
        };
        let [value] = attribute.values.as_slice() else { return Err("it has not one index of what it covers".to_owned()) };
        let index =
            Self::parse(value, attribute.oid == oid::ATS_HASH_INDEX_V3).map_err(|error| format!("its index is unreadable: {error}"))?;
        let index = index.ok_or("its index uses an unsupported digest")?;
        let der = value.to_der(value.tag).map_err(|error| format!("its index is unreadable: {error}"))?;
        Ok((der, index))
    }

    fn parse(value: &Element<'_>, by_value: bool) -> Result<Option<Self>, Asn1Error> {
        let mut fields = Element::parse(value.raw, SEQUENCE)?.reader();
        let first = fields.clone().read()?;
        // The identifier of the digest comes first; version 1 leaves it out where it is SHA-256. Lists hold octet strings only.
        let names_digest = first.children()?.first().is_some_and(|child| child.tag == OID);
        let digest = if names_digest { Digest::from_oid(AlgorithmId::read(&mut fields)?.oid) } else { Some(Digest::Sha256) };
        let certificates = hashes(&mut fields)?;
        let revocation = hashes(&mut fields)?;
        let attributes = hashes(&mut fields)?;
        fields.finish()?;
        Ok(digest.map(|digest| Self {
            digest,
            certificates,
            revocation,
            attributes: AttributeIndex { digest, hashes: attributes, by_value },
        }))
    }

    /// Everything in the index has to be there (EN 319 122-1, 5.5.2).
    fn check(&self, data: &SignedData<'_>, info: &SignerInfo<'_>) -> Result<(), String> {
        let values = info.unsigned_attributes.iter().map(|attribute| attribute.values.len()).sum::<usize>();
        if values.max(data.raw.revocation_choices.len()) > MAX_LISTED {
            return Err("there are too many things that it might cover".to_owned());
        }
        let digests = |members: &[&[u8]]| members.iter().map(|raw| self.digest.of(&[raw]).as_ref().to_vec()).collect::<HashSet<_>>();
        let present = [
            ("a certificate", &self.certificates, digests(&data.raw.certificate_choices)),
            ("revocation data", &self.revocation, digests(&data.raw.revocation_choices)),
        ];
        for (what, listed, present) in present {
            if listed.iter().any(|hash| !present.contains(hash)) {
                return Err(format!("it covers {what} that is not there, or was changed"));
            }
        }
        let attributes = info.unsigned_attributes.iter();
        let present: HashSet<Vec<u8>> = if self.attributes.by_value {
            let values = attributes.flat_map(|attribute| attribute.values.iter().map(move |value| (attribute.oid, value.raw)));
            values.map(|(oid, value)| self.digest.of(&[&encode(OID, oid), value]).as_ref().to_vec()).collect()
        } else {
            digests(&attributes.map(|attribute| attribute.raw).collect::<Vec<_>>())
        };
        if self.attributes.hashes.iter().any(|hash| !present.contains(hash)) {
            return Err("it covers an unsigned attribute that is not there, or was changed".to_owned());
        }
        Ok(())
    }
}

fn hashes(fields: &mut Reader<'_>) -> Result<Vec<Vec<u8>>, Asn1Error> {
    let list = fields.expect(SEQUENCE)?.children()?;
    if list.len() > MAX_INDEX {
        return Err(Asn1Error::TooMany);
    }
    list.iter().map(|hash| if hash.tag == OCTET_STRING { Ok(hash.content.to_vec()) } else { Err(Asn1Error::Malformed) }).collect()
}
