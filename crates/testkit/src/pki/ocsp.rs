//! OCSP responses (RFC 6960) that the issuing authority signs itself.

use rcgen::{PublicKeyData, SigningKey};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use time::OffsetDateTime;

use super::{Pki, Signer};
use crate::{Error, der};

const SHA1: &[u64] = &[1, 3, 14, 3, 2, 26];
const ECDSA_WITH_SHA256: &[u64] = &[1, 2, 840, 10045, 4, 3, 2];
const OCSP_BASIC: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 48, 1, 1];
const ENUMERATED: u8 = 0x0a;
const BIT_STRING: u8 = 0x03;
const GOOD: u8 = 0x80;

impl Pki {
    /// What the issuing authority says of a certificate of its own: good, or revoked since a moment.
    ///
    /// # Errors
    /// Fails if a time cannot be written or the system gives no randomness.
    pub fn ocsp(
        &self,
        about: &Signer,
        revoked_at: Option<OffsetDateTime>,
        this_update: OffsetDateTime,
        next_update: OffsetDateTime,
    ) -> Result<Vec<u8>, Error> {
        let key = self.intermediate.key();
        let sha1 = |bytes: &[u8]| der::octets(digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref());
        let id = der::sequence(&[
            &der::sequence(&[&der::oid(SHA1), &der::null()]),
            &sha1(about.issuer()),
            &sha1(key.der_bytes()),
            &der::unsigned(about.serial_number()),
        ]);
        let status = match revoked_at {
            None => der::element(GOOD, &[]),
            Some(at) => der::context(1, &der::generalized_time(at)?),
        };
        let answer =
            der::sequence(&[&id, &status, &der::generalized_time(this_update)?, &der::context(0, &der::generalized_time(next_update)?)]);
        let data = der::sequence(&[&der::context(1, about.issuer()), &der::generalized_time(this_update)?, &der::sequence(&[&answer])]);
        let signature = [&[0], key.sign(&data)?.as_slice()].concat();
        let basic = der::sequence(&[&data, &der::sequence(&[&der::oid(ECDSA_WITH_SHA256)]), &der::element(BIT_STRING, &signature)]);
        let bytes = der::sequence(&[&der::oid(OCSP_BASIC), &der::octets(&basic)]);
        Ok(der::sequence(&[&der::element(ENUMERATED, &[0]), &der::context(0, &bytes)]))
    }
}
