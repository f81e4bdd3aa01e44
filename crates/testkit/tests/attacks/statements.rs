use crate::judge::{Expected, check, judge, reasons};
use testkit::attack::statements::cases;

/// RFC 5652 (CMS), RFC 5035 and ETSI EN 319 122-1 (signing certificate), RFC 6211 (algorithm protection), RFC 8017
/// (PKCS #1), RFC 3279 (ECDSA): the sub-indications are those of EN 319 102-1, table 6. Where two stand there, it depends on
/// whether the arithmetic of an algorithm that nobody should use is known at all.
const TABLE: &[Expected] = &[
    ("content changed", "failed HASH_FAILURE"),
    ("signature value changed", "failed SIG_CRYPTO_FAILURE"),
    ("signed by another key", "failed SIG_CRYPTO_FAILURE"),
    ("content type missing", "failed FORMAT_FAILURE"),
    ("content type twice", "failed FORMAT_FAILURE"),
    ("content type of another kind", "failed FORMAT_FAILURE"),
    ("message digest missing", "failed FORMAT_FAILURE"),
    ("message digest twice", "failed FORMAT_FAILURE"),
    ("message digest twice, with another value", "failed FORMAT_FAILURE"),
    ("message digest with two values", "failed FORMAT_FAILURE"),
    ("message digest empty", "failed HASH_FAILURE"),
    ("no attribute at all", "failed FORMAT_FAILURE"),
    // What is lawful by the letter of some standard, or harmless, is told; see below. RFC 5652, 5.4 and 5.1.
    ("attributes signed out of order", "passed"),
    ("digest not announced", "doubt GENERIC"),
    ("digest of another length than named", "failed FORMAT_FAILURE"),
    ("signature algorithm of another digest", "failed FORMAT_FAILURE"),
    ("protected digest another", "failed FORMAT_FAILURE"),
    ("protected signature algorithm another", "failed FORMAT_FAILURE"),
    ("protected algorithms unreadable", "failed FORMAT_FAILURE"),
    ("content inside a detached PDF signature", "failed FORMAT_FAILURE"),
    ("empty content inside a detached PDF signature", "failed FORMAT_FAILURE"),
    ("attached signature offered for another file", "failed FORMAT_FAILURE, part"),
    ("other content inside than signed", "failed FORMAT_FAILURE, part"),
    ("signature of another content", "failed HASH_FAILURE, part"),
    ("two signers in a PDF signature", "failed FORMAT_FAILURE"),
    ("no signer", "failed FORMAT_FAILURE"),
    // A bound that was reached is no property of the form.
    ("a hundred signers", "doubt GENERIC"),
    ("counter-signature of a stranger", "passed"),
    ("counter-signature offered as a signature", "failed FORMAT_FAILURE, part"),
    // EN 319 122-1, 5.2.2: CAdES demands the attribute.
    ("signing certificate not pinned", "doubt SIG_CONSTRAINTS_FAILURE"),
    ("pin of another certificate", "doubt NO_SIGNING_CERTIFICATE_FOUND"),
    // The digest beside it pins the certificate.
    ("pin with another issuer", "passed"),
    ("pin with another serial number", "passed"),
    ("pinned twice, once to another", "doubt NO_SIGNING_CERTIFICATE_FOUND"),
    ("pin unreadable", "doubt NO_SIGNING_CERTIFICATE_FOUND"),
    ("certificate substituted by one of the same key", "doubt NO_SIGNING_CERTIFICATE_FOUND"),
    ("certificate of another key", "doubt NO_SIGNING_CERTIFICATE_FOUND"),
    ("certificate not included", "doubt NO_SIGNING_CERTIFICATE_FOUND"),
    ("certificate unreadable", "doubt NO_SIGNING_CERTIFICATE_FOUND"),
    ("signer named by a key identifier of another key", "failed SIG_CRYPTO_FAILURE"),
    ("signer named by an unknown key identifier", "doubt NO_SIGNING_CERTIFICATE_FOUND"),
    ("more certificates than are read", "doubt GENERIC"),
    ("attributes presented as content", "failed FORMAT_FAILURE, part"),
    // EN 319 142-1, 6.3: the signed attributes are mandatory.
    ("CAdES signature in a PDF without attributes", "doubt SIG_CONSTRAINTS_FAILURE"),
    // The value is one over SHA-256, under the name of SHA-1.
    ("SHA-1", "failed SIG_CRYPTO_FAILURE"),
    ("MD5", "doubt CRYPTO_CONSTRAINTS_FAILURE or failed SIG_CRYPTO_FAILURE"),
    ("RSA key of 16384 bits", "doubt CRYPTO_CONSTRAINTS_FAILURE"),
    ("RSA key of 512 bits", "doubt CRYPTO_CONSTRAINTS_FAILURE or failed SIG_CRYPTO_FAILURE"),
    ("curve that nobody reads", "doubt CRYPTO_CONSTRAINTS_FAILURE"),
    ("adbe.pkcs7.sha1", "doubt CRYPTO_CONSTRAINTS_FAILURE"),
    ("adbe.x509.rsa_sha1", "doubt CRYPTO_CONSTRAINTS_FAILURE"),
    ("unknown kind of signature", "doubt GENERIC"),
    ("indefinite lengths", "passed"),
    ("lengths longer than needed", "passed"),
    ("indefinite length that never ends", "failed FORMAT_FAILURE"),
    ("length beyond the end", "failed FORMAT_FAILURE"),
    ("length of sixteen bytes", "failed FORMAT_FAILURE"),
    ("nested a hundred and fifty deep", "failed FORMAT_FAILURE"),
    ("r is zero", "failed SIG_CRYPTO_FAILURE"),
    ("s is zero", "failed SIG_CRYPTO_FAILURE"),
    ("r and s are zero", "failed SIG_CRYPTO_FAILURE"),
    ("r is the order", "failed SIG_CRYPTO_FAILURE"),
    ("s is the order", "failed SIG_CRYPTO_FAILURE"),
    ("r is negative", "failed SIG_CRYPTO_FAILURE"),
    ("r with needless zeros", "failed SIG_CRYPTO_FAILURE"),
    ("bytes behind s", "failed SIG_CRYPTO_FAILURE"),
    ("bytes behind the value", "failed SIG_CRYPTO_FAILURE"),
    ("length in the long form", "failed SIG_CRYPTO_FAILURE"),
    ("value as two bare numbers", "failed SIG_CRYPTO_FAILURE"),
    ("cube without the private key", "failed SIG_CRYPTO_FAILURE"),
    ("rubbish behind the digest", "failed SIG_CRYPTO_FAILURE"),
    ("rubbish in the parameters of the digest", "failed SIG_CRYPTO_FAILURE"),
    ("digest info with long lengths", "failed SIG_CRYPTO_FAILURE"),
    ("block of type 2", "failed SIG_CRYPTO_FAILURE"),
    ("block of type 0", "failed SIG_CRYPTO_FAILURE"),
    ("padding with a hole", "failed SIG_CRYPTO_FAILURE"),
    ("padding that is not closed", "failed SIG_CRYPTO_FAILURE"),
    ("digest of SHA-1 under the name of SHA-256", "failed SIG_CRYPTO_FAILURE"),
    ("value one byte short", "failed SIG_CRYPTO_FAILURE"),
    ("value with a zero in front", "failed SIG_CRYPTO_FAILURE"),
    ("value of zeros", "failed SIG_CRYPTO_FAILURE"),
    ("value is one", "failed SIG_CRYPTO_FAILURE"),
    ("value is the modulus", "failed SIG_CRYPTO_FAILURE"),
    ("value empty", "failed SIG_CRYPTO_FAILURE"),
    ("PKCS #1 value under the name of PSS", "failed SIG_CRYPTO_FAILURE"),
    ("PSS with the parameters of SHA-1", "failed FORMAT_FAILURE"),
    ("PSS with the default parameters", "doubt CRYPTO_CONSTRAINTS_FAILURE or failed FORMAT_FAILURE"),
    ("PSS without parameters", "doubt CRYPTO_CONSTRAINTS_FAILURE"),
    ("RSA key under the name of ECDSA", "doubt CRYPTO_CONSTRAINTS_FAILURE"),
];

#[test]
fn no_forged_statement_is_taken() {
    check(&cases(), TABLE);
}

#[test]
fn what_is_taken_and_odd_is_told() {
    let told = [
        ("attributes signed out of order", "do not stand in the order of DER"),
        ("digest not announced", "not among those announced"),
        ("pin with another issuer", "names another issuer or serial number"),
        ("pin with another serial number", "names another issuer or serial number"),
    ];
    let cases = cases();
    for (name, sentence) in told {
        let case = cases.iter().find(|case| case.name == name).unwrap();
        let (forged, twin) = (judge(&case.forged, &case.trust), judge(&case.twin, &case.twin_trust));
        assert!(reasons(&forged).iter().any(|reason| reason.contains(sentence)), "{name}: {:?}", reasons(&forged));
        assert!(!reasons(&twin).iter().any(|reason| reason.contains(sentence)), "{name}: {:?}", reasons(&twin));
    }
}
