//! Object identifiers, as the content bytes of their DER.

pub(crate) const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
pub(crate) const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
pub(crate) const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 4];

pub(crate) const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
pub(crate) const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
pub(crate) const SIGNING_TIME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 5];
pub(crate) const ALGORITHM_PROTECTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 52];
pub(crate) const SIGNING_CERTIFICATE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 12];
pub(crate) const SIGNATURE_TIME_STAMP: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 14];
pub(crate) const SIGNING_CERTIFICATE_V2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 47];

/// Time stamps of CAdES (EN 319 122-1): over the content, before it is signed; over the signature and all that judges it.
pub(crate) const CONTENT_TIME_STAMP: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 20];
pub(crate) const ARCHIVE_TIME_STAMP_V2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 48];
pub(crate) const ARCHIVE_TIME_STAMP_V3: &[u8] = &[4, 0, 0x8d, 0x45, 2, 4];
/// What an archive time stamp covers, by digest: 0.4.0.1733.2.5, 0.4.0.19122.1.4 and 0.4.0.19122.1.5.
pub(crate) const ATS_HASH_INDEX: &[u8] = &[4, 0, 0x8d, 0x45, 2, 5];
pub(crate) const ATS_HASH_INDEX_V2: &[u8] = &[4, 0, 0x81, 0x95, 0x32, 1, 4];
pub(crate) const ATS_HASH_INDEX_V3: &[u8] = &[4, 0, 0x81, 0x95, 0x32, 1, 5];
/// References to certificates and revocation data, stamps over them, older archive stamps and evidence records: named only.
pub(crate) const NAMED_ATTRIBUTES: &[(&[u8], &str)] = &[
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 21], "complete certificate references"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 22], "complete revocation references"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 25], "a time stamp over signature and references"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 26], "a time stamp over references"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 27], "an archive time stamp of the first version"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 49], "an evidence record"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 50], "an evidence record"),
];

/// A signature over a signature (RFC 5652, 11.4). It has no content type of its own: that is the empty identifier here.
pub(crate) const COUNTER_SIGNATURE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 6];
pub(crate) const NO_CONTENT_TYPE: &[u8] = &[];

pub(crate) const CERTIFICATE_VALUES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 23];
pub(crate) const REVOCATION_VALUES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 24];
/// Adobe's archive of revocation data, a signed attribute.
pub(crate) const REVOCATION_INFO_ARCHIVAL: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x2f, 1, 1, 8];
/// An OCSP response beside the CRLs of a CMS (RFC 5940).
pub(crate) const REVOCATION_INFO_OCSP: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 16, 2];

pub(crate) const SHA1: &[u8] = &[0x2b, 0x0e, 3, 2, 0x1a];
pub(crate) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
pub(crate) const SHA384: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2];
pub(crate) const SHA512: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3];

/// MD5 and SHA-224, which have names here and are not computed.
pub(crate) const MD5: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5];
pub(crate) const SHA224: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4];

pub(crate) const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1];
pub(crate) const DSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3];
pub(crate) const DSA_SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 2];
pub(crate) const DSA_SHA384: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 3];
pub(crate) const DSA_SHA512: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 4];

pub(crate) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
pub(crate) const RSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5];
pub(crate) const RSA_SHA1_OIW: &[u8] = &[0x2b, 0x0e, 3, 2, 0x1d];
pub(crate) const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8];
pub(crate) const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
pub(crate) const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
pub(crate) const RSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12];
pub(crate) const RSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13];
pub(crate) const EC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
pub(crate) const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
pub(crate) const P384: &[u8] = &[0x2b, 0x81, 4, 0, 0x22];
pub(crate) const P521: &[u8] = &[0x2b, 0x81, 4, 0, 0x23];
pub(crate) const BRAINPOOL_P256: &[u8] = &[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 7];
pub(crate) const BRAINPOOL_P384: &[u8] = &[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 11];
pub(crate) const BRAINPOOL_P512: &[u8] = &[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 13];
pub(crate) const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1];
pub(crate) const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
pub(crate) const ECDSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
pub(crate) const ECDSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4];
pub(crate) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

pub(crate) const COMMON_NAME: &[u8] = &[0x55, 4, 3];
pub(crate) const SURNAME: &[u8] = &[0x55, 4, 4];
pub(crate) const SERIAL_NUMBER: &[u8] = &[0x55, 4, 5];
pub(crate) const ORGANISATION: &[u8] = &[0x55, 4, 10];
pub(crate) const ORGANISATIONAL_UNIT: &[u8] = &[0x55, 4, 11];
pub(crate) const TITLE: &[u8] = &[0x55, 4, 12];
/// organizationIdentifier (ITU-T X.520, 6.4.5).
pub(crate) const ORGANISATION_IDENTIFIER: &[u8] = &[0x55, 4, 97];
pub(crate) const TELEPHONE: &[u8] = &[0x55, 4, 20];
/// x500UniqueIdentifier (ITU-T X.520, 6.2.7).
pub(crate) const UNIQUE_IDENTIFIER: &[u8] = &[0x55, 4, 45];
pub(crate) const GIVEN_NAME: &[u8] = &[0x55, 4, 42];
pub(crate) const USER_ID: &[u8] = &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1];
pub(crate) const EMAIL_ADDRESS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];

/// Short names of subject attributes, for display.
pub(crate) const ATTRIBUTE_NAMES: &[(&[u8], &str)] = &[
    (COMMON_NAME, "CN"),
    (SURNAME, "SN"),
    (SERIAL_NUMBER, "serialNumber"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 9], "street"),
    (ORGANISATION, "O"),
    (ORGANISATIONAL_UNIT, "OU"),
    (TITLE, "title"),
    (TELEPHONE, "telephone"),
    (GIVEN_NAME, "GN"),
    (ORGANISATION_IDENTIFIER, "organizationIdentifier"),
    (USER_ID, "UID"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25], "DC"),
    (EMAIL_ADDRESS, "emailAddress"),
];

pub(crate) const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 14];
pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
pub(crate) const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
pub(crate) const ISSUER_ALT_NAME: &[u8] = &[0x55, 0x1d, 18];
pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
pub(crate) const EXPIRED_CERTIFICATES_ON_CRL: &[u8] = &[0x55, 0x1d, 60];
pub(crate) const CRL_NUMBER: &[u8] = &[0x55, 0x1d, 20];
pub(crate) const CRL_REASON: &[u8] = &[0x55, 0x1d, 21];
pub(crate) const INVALIDITY_DATE: &[u8] = &[0x55, 0x1d, 24];
pub(crate) const DELTA_CRL_INDICATOR: &[u8] = &[0x55, 0x1d, 27];
pub(crate) const ISSUING_DISTRIBUTION_POINT: &[u8] = &[0x55, 0x1d, 28];
pub(crate) const CERTIFICATE_ISSUER: &[u8] = &[0x55, 0x1d, 29];
pub(crate) const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];
pub(crate) const CRL_DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1d, 31];
pub(crate) const CERTIFICATE_POLICIES: &[u8] = &[0x55, 0x1d, 32];
pub(crate) const ANY_POLICY: &[u8] = &[0x55, 0x1d, 32, 0];
pub(crate) const POLICY_MAPPINGS: &[u8] = &[0x55, 0x1d, 33];
pub(crate) const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 35];
pub(crate) const POLICY_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 36];
pub(crate) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
pub(crate) const FRESHEST_CRL: &[u8] = &[0x55, 0x1d, 46];
pub(crate) const INHIBIT_ANY_POLICY: &[u8] = &[0x55, 0x1d, 54];
pub(crate) const AUTHORITY_INFO_ACCESS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];

/// Qualified-certificate statements (RFC 3739): information, no restriction.
pub(crate) const QC_STATEMENTS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 3];

/// An otherName: a mailbox with more than ASCII in it (RFC 9598).
pub(crate) const SMTP_UTF8_MAILBOX: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 8, 9];

pub(crate) const OCSP_ARCHIVE_CUTOFF: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1, 6];
/// Above everything that RFC 6960 defines.
pub(crate) const OCSP_ARC: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1];
pub(crate) const OCSP_BASIC: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1, 1];
pub(crate) const OCSP_NO_CHECK: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1, 5];

pub(crate) const OCSP_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 9];
pub(crate) const TIME_STAMPING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 8];
/// Extended usages under which people sign documents. Nine real signers in ten carry client authentication, e-mail and
/// smart-card logon and nothing else, so that a document-signing usage cannot be demanded.
pub(crate) const DOCUMENT_SIGNING_USAGES: &[&[u8]] = &[
    &[0x55, 0x1d, 37, 0],
    &[0x2b, 6, 1, 5, 5, 7, 3, 2],
    &[0x2b, 6, 1, 5, 5, 7, 3, 4],
    &[0x2b, 6, 1, 5, 5, 7, 3, 36],
    &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 2],
    &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 10, 3, 12],
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x2f, 1, 1, 5],
];

/// Dotted form, for display; a malformed identifier comes out as hex.
pub(crate) fn dotted(content: &[u8]) -> String {
    let mut arcs: Vec<u64> = Vec::new();
    let mut value = 0u64;
    for &byte in content {
        let Some(shifted) = value.checked_mul(128) else { return hex(content) };
        value = shifted | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if arcs.is_empty() {
                let first = (value / 40).min(2);
                arcs.extend([first, value - first * 40]);
            } else {
                arcs.push(value);
            }
            value = 0;
        }
    }
    if arcs.is_empty() || content.last().is_some_and(|byte| byte & 0x80 != 0) {
        return hex(content);
    }
    arcs.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_written_with_dots() {
        assert_eq!(dotted(SIGNING_CERTIFICATE_V2), "1.2.840.113549.1.9.16.2.47");
        assert_eq!(dotted(SHA256), "2.16.840.1.101.3.4.2.1");
        assert_eq!(dotted(USER_ID), "0.9.2342.19200300.100.1.1");
        assert_eq!(dotted(&[0x2a, 0x86]), "2a86");
    }
}
