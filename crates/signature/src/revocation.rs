//! Complete CRLs (RFC 5280, 5), and what they say of the certificates of a path.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::algorithm::{AlgorithmId, Scheme, sha256};
use crate::asn1::{Asn1Error, BIT_STRING, ENUMERATED, Element, GENERALIZED_TIME, INTEGER, Reader, SEQUENCE, UTC_TIME};
use crate::calendar::asn1_time;
use crate::certificate::{Certificate, Extension};
use crate::name::Name;
use crate::oid;
use crate::trust::TrustStore;

/// Issuer keys remembered per CRL; only same-named keys ever get here.
const MAX_REMEMBERED_KEYS: usize = 64;

/// CRLReason certificateHold.
const ON_HOLD: u8 = 6;

/// A CRL with its entries by serial number.
#[derive(Debug)]
pub(crate) struct Crl {
    pub(crate) issuer: Name,
    pub(crate) sha256: [u8; 32],
    this_update: i64,
    next_update: Option<i64>,
    revoked: HashMap<Vec<u8>, Entry>,
    tbs: Vec<u8>,
    algorithm: (Vec<u8>, Vec<u8>),
    signature: Vec<u8>,
    /// Whether the key with this SHA-256 signed the list: a list is hashed once per issuer and not once per document.
    checked: Mutex<HashMap<[u8; 32], bool>>,
}

/// One revoked certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) date: i64,
    reason: u8,
}

/// What is known of one certificate's revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Good,
    Revoked { date: i64, reason: &'static str },
    Unknown(String),
}

impl Crl {
    pub(crate) fn parse(der: &[u8]) -> Result<Self, Asn1Error> {
        let mut reader = Element::parse(der, SEQUENCE)?.reader();
        let tbs = reader.expect(SEQUENCE)?;
        let algorithm = AlgorithmId::read(&mut reader)?;
        let signature = reader.expect(BIT_STRING)?.bits()?.to_vec();
        reader.finish()?;

        let mut fields = tbs.reader();
        fields.optional(INTEGER)?;
        if AlgorithmId::read(&mut fields)? != algorithm {
            return Err(Asn1Error::Malformed);
        }
        let issuer = Name::read(&fields.expect(SEQUENCE)?)?;
        let this_update = asn1_time(&fields.read()?)?;
        let next_update = match fields.optional(UTC_TIME)? {
            Some(time) => Some(time),
            None => fields.optional(GENERALIZED_TIME)?,
        };
        let next_update = next_update.map(|time| asn1_time(&time)).transpose()?;
        let revoked = match fields.optional(SEQUENCE)? {
            Some(list) => read_entries(&list)?,
            None => HashMap::new(),
        };
        if let Some(extensions) = fields.optional(0xa0)? {
            for extension in extensions.reader().expect(SEQUENCE)?.children()? {
                let extension = Extension::read(&extension)?;
                // Delta, indirect and partitioned lists mark themselves by critical extensions: taking one of them for
                // a complete list would turn a revoked certificate into a good one.
                if extension.critical && !matches!(extension.oid, oid::CRL_NUMBER | oid::AUTHORITY_KEY_ID) {
                    return Err(Asn1Error::Malformed);
                }
            }
        }
        fields.finish()?;
        Ok(Self {
            issuer,
            sha256: sha256(der),
            this_update,
            next_update,
            revoked,
            tbs: tbs.raw.to_vec(),
            algorithm: (algorithm.oid.to_vec(), algorithm.parameters.to_vec()),
            signature,
            checked: Mutex::default(),
        })
    }

    fn is_signed_by(&self, issuer: &Certificate) -> bool {
        let key = sha256(&issuer.key.bits);
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&known) = checked.get(&key) {
            return known;
        }
        let (oid, parameters) = &self.algorithm;
        let scheme = Scheme::determine(&AlgorithmId { oid, parameters }, None);
        let signed = scheme.is_ok_and(|scheme| scheme.verify(&issuer.key, &self.tbs, &self.signature).is_ok());
        if checked.len() < MAX_REMEMBERED_KEYS {
            checked.insert(key, signed);
        }
        signed
    }

    /// Whether this list can speak of `certificate` as of `proved`, seen from `at`.
    fn is_fresh(&self, certificate: &Certificate, proved: i64, at: i64) -> bool {
        let current = self.next_update.is_some_and(|next| at <= next);
        // Lists may drop certificates after their expiry (RFC 5280, 3.3): a later list proves nothing by silence.
        self.this_update <= at && (current || self.this_update >= proved) && self.this_update <= certificate.not_after
    }
}

fn read_entries(list: &Element<'_>) -> Result<HashMap<Vec<u8>, Entry>, Asn1Error> {
    let mut entries = HashMap::new();
    let mut reader = list.reader();
    while !reader.is_empty() {
        let mut fields = reader.expect(SEQUENCE)?.reader();
        let serial = fields.expect(INTEGER)?.content.to_vec();
        let mut entry = Entry { date: asn1_time(&fields.read()?)?, reason: 0 };
        if let Some(extensions) = fields.optional(SEQUENCE)? {
            for extension in extensions.children()? {
                let extension = Extension::read(&extension)?;
                match extension.oid {
                    oid::CRL_REASON => {
                        let code = Reader::new(extension.value).expect(ENUMERATED)?.content;
                        entry.reason = code.first().copied().unwrap_or(0);
                    }
                    // An entry of another issuer (certificateIssuer) is critical and belongs to indirect lists.
                    _ if extension.critical => return Err(Asn1Error::Malformed),
                    _ => {}
                }
            }
        }
        fields.finish()?;
        entries.insert(serial, entry);
    }
    Ok(entries)
}

/// The status of every certificate of `path` but the anchor, leaf first. `proved` is the time to be judged, `at` the
/// time from which it is judged.
pub(crate) fn statuses(path: &[Arc<Certificate>], trust: &TrustStore, proved: i64, at: i64) -> Vec<Status> {
    let issuers = path.iter().skip(1);
    path.iter().zip(issuers).map(|(certificate, issuer)| status(certificate, issuer, trust, proved, at)).collect()
}

fn status(certificate: &Certificate, issuer: &Certificate, trust: &TrustStore, proved: i64, at: i64) -> Status {
    let name = || certificate.facts().common_name;
    if issuer.key_usage.is_some_and(|usage| !usage.allows_crl_signatures()) {
        return Status::Unknown(format!("the issuer of {:?} may not sign revocation lists", name()));
    }
    let mut good: Option<i64> = None;
    let mut revoked: Option<(i64, Entry)> = None;
    let mut stale = false;
    for crl in trust.crls_of(&certificate.issuer).filter(|crl| crl.is_signed_by(issuer)) {
        if let Some(&entry) = crl.revoked.get(&certificate.serial) {
            if revoked.is_none_or(|(update, _)| update < crl.this_update) {
                revoked = Some((crl.this_update, entry));
            }
        } else if crl.is_fresh(certificate, proved, at) {
            good = good.max(Some(crl.this_update));
        } else {
            stale = true;
        }
    }
    match (revoked, good) {
        // A hold ends when a later list leaves the certificate out; a revocation never does.
        (Some((update, entry)), Some(later)) if entry.reason == ON_HOLD && later > update => Status::Good,
        (Some((_, entry)), _) => Status::Revoked { date: entry.date, reason: reason_name(entry.reason) },
        (None, Some(_)) => Status::Good,
        (None, None) if stale => Status::Unknown(format!("the revocation list for {:?} is too old or too new to use", name())),
        (None, None) => Status::Unknown(format!("no revocation data for {:?} is at hand", name())),
    }
}

fn reason_name(code: u8) -> &'static str {
    match code {
        1 => "keyCompromise",
        2 => "cACompromise",
        3 => "affiliationChanged",
        4 => "superseded",
        5 => "cessationOfOperation",
        ON_HOLD => "certificateHold",
        8 => "removeFromCRL",
        9 => "privilegeWithdrawn",
        10 => "aACompromise",
        _ => "unspecified",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, Pki, YEAR};

    fn status_with(crl: &[u8], proved: i64, at: i64) -> Status {
        let pki = Pki::new();
        let mut trust = TrustStore::new();
        trust.add_crl(crl).unwrap();
        let path = [pki.signer.certificate(), pki.issuer.certificate()].map(Arc::new);
        statuses(&path, &trust, proved, at).remove(0)
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
    fn a_list_with_a_broken_signature_is_ignored() {
        let mut crl = Pki::new().crl(NOW - 10, NOW + 1000, &[]);
        let last = crl.len() - 1;
        crl[last] ^= 1;
        assert!(matches!(status_with(&crl, NOW, NOW), Status::Unknown(_)));
    }
}
