//! Revocation lists (RFC 5280, 5): complete, partitioned, indirect and delta ones, read once and looked up by serial.

use std::collections::HashMap;

use crate::algorithm::{AlgorithmId, sha256};
use crate::asn1::{Asn1Error, BIT_STRING, ENUMERATED, Element, GENERALIZED_TIME, INTEGER, Reader, SEQUENCE, UTC_TIME};
use crate::calendar::asn1_time;
use crate::certificate::{Certificate, Extension};
use crate::distribution::{Reasons, Scope};
use crate::general_name::GeneralName;
use crate::name::Name;
use crate::oid;
use crate::signed::Signed;

/// CRLReason certificateHold.
const ON_HOLD: u8 = 6;
/// CRLReason removeFromCRL: an entry that takes back one of the base list.
const REMOVED: u8 = 8;

/// A list with its entries.
#[derive(Debug)]
pub(crate) struct Crl {
    pub(crate) issuer: Name,
    pub(crate) sha256: [u8; 32],
    pub(crate) this_update: i64,
    next_update: Option<i64>,
    /// Certificates that expired then or later are kept in the list (ITU-T X.509, 9.5.2.8, expiredCertsOnCRL).
    keeps_since: Option<i64>,
    pub(crate) number: Number,
    /// Of a delta list: the number of the oldest complete list that it continues.
    pub(crate) base: Option<Number>,
    scope: Scope,
    /// What a delta list and its base have in common: the scope and the key identifier, as received.
    series: (Vec<u8>, Vec<u8>),
    /// Identifier of the key that signed the list.
    key_id: Option<Vec<u8>>,
    /// By issuer (position in `issuers`) and serial number.
    revoked: HashMap<(u32, Vec<u8>), Entry>,
    /// Entries read, those that name a certificate again included.
    length: usize,
    /// Comparable names of issuers of revoked certificates; the list's own is the first.
    issuers: HashMap<Vec<u8>, u32>,
    pub(crate) signed: Signed,
}

/// One revoked certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) date: i64,
    /// CRLReason; 0 where none is given.
    pub(crate) reason: u8,
}

impl Entry {
    /// Revoked for a time: a later list may leave the certificate out again.
    pub(crate) fn is_hold(self) -> bool {
        self.reason == ON_HOLD
    }

    fn is_compromise(self) -> bool {
        matches!(self.reason, 1 | 2 | 10)
    }

    pub(crate) fn is_removed(self) -> bool {
        self.reason == REMOVED
    }

    pub(crate) fn reason_name(self) -> &'static str {
        match self.reason {
            1 => "keyCompromise",
            2 => "cACompromise",
            3 => "affiliationChanged",
            4 => "superseded",
            5 => "cessationOfOperation",
            ON_HOLD => "certificateHold",
            REMOVED => "removeFromCRL",
            9 => "privilegeWithdrawn",
            10 => "aACompromise",
            _ => "unspecified",
        }
    }
}

/// A CRL number: up to twenty bytes, compared as a number.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Number {
    length: usize,
    digits: Vec<u8>,
}

impl Number {
    fn read(value: &[u8]) -> Result<Self, Asn1Error> {
        let content = Element::parse(value, INTEGER)?.content;
        if content.first().is_none_or(|first| first & 0x80 != 0) {
            return Err(Asn1Error::Malformed);
        }
        let digits: Vec<u8> = content.iter().copied().skip_while(|&byte| byte == 0).collect();
        Ok(Self { length: digits.len(), digits })
    }

    pub(crate) fn digits(&self) -> &[u8] {
        &self.digits
    }
}

impl Crl {
    /// Reads a list of up to `max_entries` entries: one costs about a hundred bytes of memory, and thirty in the input.
    pub(crate) fn parse(der: &[u8], max_entries: usize) -> Result<Self, Asn1Error> {
        let mut reader = Element::parse(der, SEQUENCE)?.reader();
        let tbs = reader.expect(SEQUENCE)?;
        let outer = AlgorithmId::read(&mut reader)?;
        let signature = reader.expect(BIT_STRING)?.bits()?;
        reader.finish()?;

        let mut fields = tbs.reader();
        fields.optional(INTEGER)?;
        // RFC 5280, 5.1.1.2: both are the same. The inner one is signed and counts; real lists write or leave out the NULL of
        // RSA (RFC 4055, 5) in one of the two only.
        let algorithm = AlgorithmId::read(&mut fields)?;
        let bare = |parameters: &[u8]| parameters.is_empty() || parameters == [5, 0];
        let same_parameters = algorithm.parameters == outer.parameters || (bare(algorithm.parameters) && bare(outer.parameters));
        if algorithm.oid != outer.oid || !same_parameters {
            return Err(Asn1Error::Malformed);
        }
        let issuer = Name::read(&fields.expect(SEQUENCE)?)?;
        let this_update = asn1_time(&fields.read()?)?;
        let next_update = match fields.optional(UTC_TIME)? {
            Some(time) => Some(time),
            None => fields.optional(GENERALIZED_TIME)?,
        };
        let next_update = next_update.map(|time| asn1_time(&time)).transpose()?;
        let entries = fields.optional(SEQUENCE)?;
        let extensions = fields.optional(0xa0)?;
        fields.finish()?;
        let mut crl = Self {
            issuers: HashMap::from([(issuer.comparable().to_vec(), 0)]),
            issuer,
            sha256: sha256(der),
            this_update,
            next_update,
            keeps_since: None,
            number: Number::default(),
            base: None,
            scope: Scope::default(),
            series: (Vec::new(), Vec::new()),
            key_id: None,
            revoked: HashMap::new(),
            length: 0,
            signed: Signed::new(tbs.raw, &algorithm, signature),
        };
        if let Some(extensions) = extensions {
            crl.read_extensions(&extensions)?;
        }
        if let Some(entries) = entries {
            crl.read_entries(&entries, max_entries)?;
        }
        Ok(crl)
    }

    fn read_extensions(&mut self, wrapper: &Element<'_>) -> Result<(), Asn1Error> {
        for Extension { oid: identifier, critical, value } in Extension::list(wrapper)? {
            match identifier {
                oid::CRL_NUMBER => self.number = Number::read(value)?,
                oid::DELTA_CRL_INDICATOR => self.base = Some(Number::read(value)?),
                oid::ISSUING_DISTRIBUTION_POINT => {
                    self.scope = Scope::read(&Element::parse(value, SEQUENCE)?)?;
                    self.series.0 = value.to_vec();
                }
                oid::AUTHORITY_KEY_ID => {
                    let id = Element::parse(value, SEQUENCE)?.reader().optional(0x80)?;
                    self.key_id = id.map(|id| id.content.to_vec());
                    self.series.1 = value.to_vec();
                }
                oid::EXPIRED_CERTIFICATES_ON_CRL => {
                    // One that cannot be read promises nothing.
                    self.keeps_since = Element::parse(value, GENERALIZED_TIME).and_then(|time| asn1_time(&time)).ok();
                }
                oid::FRESHEST_CRL | oid::ISSUER_ALT_NAME | oid::AUTHORITY_INFO_ACCESS => {}
                // What is not understood could limit what the list speaks of.
                _ if critical => return Err(Asn1Error::Malformed),
                _ => {}
            }
        }
        Ok(())
    }

    fn read_entries(&mut self, list: &Element<'_>, limit: usize) -> Result<(), Asn1Error> {
        let mut reader = list.reader();
        // RFC 5280, 5.3.3: an entry without an issuer of its own has that of the entry before it.
        let mut issuer = 0;
        while !reader.is_empty() {
            if self.length >= limit {
                return Err(Asn1Error::TooMany);
            }
            self.length += 1;
            let mut fields = reader.expect(SEQUENCE)?.reader();
            let serial = fields.expect(INTEGER)?.content.to_vec();
            let mut entry = Entry { date: asn1_time(&fields.read()?)?, reason: 0 };
            let mut invalid_since = None;
            if let Some(extensions) = fields.optional(SEQUENCE)? {
                for extension in extensions.children()? {
                    let extension = Extension::read(&extension)?;
                    match extension.oid {
                        oid::CRL_REASON => {
                            let code = Reader::new(extension.value).expect(ENUMERATED)?.content;
                            entry.reason = code.first().copied().unwrap_or(0);
                        }
                        oid::INVALIDITY_DATE => {
                            invalid_since = Some(asn1_time(&Element::parse(extension.value, GENERALIZED_TIME)?)?);
                        }
                        oid::CERTIFICATE_ISSUER if self.scope.is_indirect => issuer = self.issuer_index(extension.value)?,
                        _ if extension.critical => return Err(Asn1Error::Malformed),
                        _ => {}
                    }
                }
            }
            fields.finish()?;
            // RFC 5280, 5.3.2: a key that was lost before it was revoked may have signed for somebody else since.
            if entry.is_compromise() {
                entry.date = invalid_since.map_or(entry.date, |since| since.min(entry.date));
            }
            // A certificate listed twice is revoked for the reason that lasts.
            let known = self.revoked.entry((issuer, serial)).or_insert(entry);
            if known.is_hold() || known.is_removed() {
                *known = entry;
            }
        }
        Ok(())
    }

    fn issuer_index(&mut self, value: &[u8]) -> Result<u32, Asn1Error> {
        let names = GeneralName::read_all(&Element::parse(value, SEQUENCE)?)?;
        let [GeneralName::Directory(name)] = names.as_slice() else { return Err(Asn1Error::Malformed) };
        let next = u32::try_from(self.issuers.len()).map_err(|_| Asn1Error::TooMany)?;
        Ok(*self.issuers.entry(name.comparable().to_vec()).or_insert(next))
    }

    /// The entry of `certificate`.
    pub(crate) fn entry(&self, certificate: &Certificate) -> Option<Entry> {
        let issuer = *self.issuers.get(certificate.issuer.comparable())?;
        self.revoked.get(&(issuer, certificate.serial.clone())).copied()
    }

    pub(crate) fn next_update(&self) -> Option<i64> {
        self.next_update
    }

    /// Scope and key identifier, as received.
    pub(crate) fn series(&self) -> (&[u8], &[u8]) {
        (&self.series.0, &self.series.1)
    }

    /// The serial numbers of all entries.
    pub(crate) fn serials(&self) -> impl Iterator<Item = &[u8]> {
        self.revoked.keys().map(|(_, serial)| serial.as_slice())
    }

    /// The serial numbers of entries that `other` does not have, or has for another reason or date.
    pub(crate) fn entries_missing_in<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a [u8]> {
        self.revoked.iter().filter(|(key, entry)| other.revoked.get(key) != Some(entry)).map(|((_, serial), _)| serial.as_slice())
    }

    /// Number of entries read.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// The reasons for which the list speaks of `certificate`.
    pub(crate) fn reasons(&self, certificate: &Certificate) -> Reasons {
        self.scope.reasons(&self.issuer, certificate)
    }

    /// The key identifiers of the list and of `signer` do not contradict each other.
    pub(crate) fn key_id_fits(&self, signer: &Certificate) -> bool {
        match (&self.key_id, &signer.key_id) {
            (Some(wanted), Some(own)) => wanted == own,
            _ => true,
        }
    }

    /// Whether this delta list brings the complete list `base` up to date (RFC 5280, 5.2.4).
    pub(crate) fn continues(&self, base: &Self) -> bool {
        let Some(oldest) = &self.base else { return false };
        base.base.is_none()
            && base.issuer.comparable() == self.issuer.comparable()
            && base.series == self.series
            && *oldest <= base.number
            && base.number < self.number
    }

    /// Whether this list can speak by silence of `certificate` as of `proved`, seen from `at`.
    pub(crate) fn is_fresh(&self, certificate: &Certificate, proved: i64, at: i64) -> bool {
        let Self { this_update, next_update, keeps_since, .. } = *self;
        Statement { this_update, next_update, keeps_since }.is_fresh(certificate, proved, at)
    }
}

/// The times of a statement about certificates, of a list or a responder.
pub(crate) struct Statement {
    pub(crate) this_update: i64,
    pub(crate) next_update: Option<i64>,
    /// It speaks of certificates that expired then or later, too.
    pub(crate) keeps_since: Option<i64>,
}

impl Statement {
    /// Whether it tells that `certificate` was good at `proved`, seen from `at`: it is current, or it was made later than what is
    /// to be judged.
    pub(crate) fn is_fresh(&self, certificate: &Certificate, proved: i64, at: i64) -> bool {
        let current = self.next_update.is_some_and(|next| at <= next);
        // Issuers may forget certificates after their expiry (RFC 5280, 3.3), unless they say that they do not: otherwise a later
        // statement proves nothing by silence.
        let remembers = self.this_update <= certificate.not_after || self.keeps_since.is_some_and(|since| since <= certificate.not_after);
        self.this_update <= at && (current || self.this_update >= proved) && remembers
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::asn1::{OID, encode};
    use crate::name::tests::name_der;
    use crate::testing::{NOW, Pki, Template, crl_entry, crl_of_entries, crl_with};

    #[test]
    fn numbers_compare_by_value_and_not_by_bytes() {
        let number = |content: &[u8]| Number::read(&encode(INTEGER, content)).unwrap();
        assert!(number(&[1, 0]) > number(&[0, 0xff]));
        assert_eq!(number(&[0]), Number::default());
        assert!(Number::read(&encode(INTEGER, &[0xff])).is_err());
    }

    /// RFC 5280, 5.3.3: an entry without the extension has the issuer of the entry before it.
    #[test]
    fn entries_of_an_indirect_list_keep_the_issuer_of_the_one_before() {
        let pki = Pki::new();
        let named = |name: &str| (oid::CERTIFICATE_ISSUER, true, encode(SEQUENCE, &encode(0xa4, &name_der(&[(oid::COMMON_NAME, name)]))));
        let (signer, tsa) = (pki.signer.certificate(), pki.tsa.certificate());
        let scope = (oid::ISSUING_DISTRIBUTION_POINT, true, encode(SEQUENCE, &[0x84, 1, 0xff]));
        let list = |first: &str| {
            let entries = [
                crl_entry(&[5], NOW, &[named(first)]),
                crl_entry(&signer.serial, NOW, &[]),
                crl_entry(&tsa.serial, NOW, &[named("ISSUER")]),
            ];
            Crl::parse(&crl_of_entries(&pki.root, NOW, NOW, &entries.concat(), std::slice::from_ref(&scope)), 9).unwrap()
        };
        assert_eq!((list("Issuer").entry(&signer).is_some(), list("Issuer").entry(&tsa).is_some()), (true, true));
        assert_eq!((list("Other").entry(&signer).is_some(), list("Other").entry(&tsa).is_some()), (false, true));
    }

    #[test]
    fn of_two_entries_the_one_that_lasts_counts() {
        let pki = Pki::new();
        let signer = pki.signer.certificate();
        for reasons in [[6, 1], [1, 6]] {
            let entries = reasons.map(|reason| (signer.serial.as_slice(), NOW, reason));
            let list = Crl::parse(&crl_with(&pki.issuer, NOW, NOW, &entries, &[]), 9).unwrap();
            assert_eq!(list.entry(&signer).unwrap().reason_name(), "keyCompromise");
        }
    }

    #[test]
    fn entries_are_counted_before_they_are_kept() {
        let pki = Pki::new();
        let entries = [1, 2, 3].map(|serial| vec![serial]);
        let entries: Vec<_> = entries.iter().map(|serial| (serial.as_slice(), NOW, 1)).collect();
        let bytes = crl_with(&pki.issuer, NOW, NOW, &entries, &[]);
        assert_eq!(Crl::parse(&bytes, 3).unwrap().length(), 3);
        assert_eq!(Crl::parse(&bytes, 2).unwrap_err(), Asn1Error::TooMany);
    }

    /// The reasons for which a list of this scope, by the root, speaks of a certificate with these distribution points.
    fn reasons(point: &[u8], scope: &[u8]) -> Reasons {
        let pki = Pki::new();
        let points = encode(SEQUENCE, &encode(SEQUENCE, point));
        let extra = vec![(oid::CRL_DISTRIBUTION_POINTS.to_vec(), false, points)];
        let node = pki.issue(Template { extra, ..Template::signer() });
        let scope = (oid::ISSUING_DISTRIBUTION_POINT, true, encode(SEQUENCE, scope));
        Crl::parse(&crl_with(&pki.root, NOW, NOW, &[], &[scope]), 9).unwrap().reasons(&node.certificate())
    }

    #[test]
    fn another_issuer_needs_the_certificates_word_and_the_lists() {
        let issuer = encode(0xa2, &encode(0xa4, &name_der(&[(oid::COMMON_NAME, "Root")])));
        let indirect = [0x84, 1, 0xff];
        assert_eq!(reasons(&issuer, &indirect), Reasons::ALL);
        assert_eq!(reasons(&issuer, &[]), Reasons::NONE);
        let elsewhere = encode(0xa2, &encode(0xa4, &name_der(&[(oid::COMMON_NAME, "Branch")])));
        assert_eq!(reasons(&elsewhere, &indirect), Reasons::NONE);
        // A point without a name of its own has that of the issuer.
        let part = |name: &str| {
            let name = encode(0xa4, &name_der(&[(oid::COMMON_NAME, name)]));
            [encode(0xa0, &encode(0xa0, &name)).as_slice(), &indirect].concat()
        };
        assert_eq!((reasons(&issuer, &part("Root")), reasons(&issuer, &part("Part"))), (Reasons::ALL, Reasons::NONE));
        // And it may be for some reasons only, here bit 6.
        let held = [encode(0x81, &[1, 0x02]), issuer].concat();
        assert_eq!(reasons(&held, &indirect), Reasons::HOLD);
    }

    #[test]
    fn a_name_relative_to_the_issuer_of_the_list_is_its_full_name() {
        let issuer = encode(0xa2, &encode(0xa4, &name_der(&[(oid::COMMON_NAME, "Root")])));
        let pair = [encode(OID, oid::ORGANISATION), encode(0x0c, b"Part 7")].concat();
        let relative = encode(0xa0, &encode(0xa1, &encode(SEQUENCE, &pair)));
        let full = |part: &str| {
            let name = name_der(&[(oid::COMMON_NAME, "ROOT"), (oid::ORGANISATION, part)]);
            [encode(0xa0, &encode(0xa0, &encode(0xa4, &name))).as_slice(), &[0x84, 1, 0xff]].concat()
        };
        let point = [relative, issuer].concat();
        assert_eq!(reasons(&point, &full("part 7")), Reasons::ALL);
        assert_eq!(reasons(&point, &full("part 8")), Reasons::NONE);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn a_damaged_list_never_panics_and_is_never_taken_for_signed(
            edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        ) {
            let pki = Pki::new();
            let serial = pki.signer.certificate().serial;
            let number = (oid::CRL_NUMBER, false, vec![2, 1, 3]);
            let original = crl_with(&pki.issuer, NOW, NOW, &[(&serial, NOW, 1)], &[number]);
            let mut bytes = original.clone();
            for (at, value) in edits {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            if let Ok(list) = Crl::parse(&bytes, 9) {
                prop_assert!(bytes == original || !list.signed.is_by(&pki.issuer.certificate().key));
            }
        }
    }
}
