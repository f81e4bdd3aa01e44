//! RFC 3161 time-stamp tokens.

use super::{
    CONTENT_TYPE, Digest, Encoding, MESSAGE_DIGEST, RsaPadding, SIGNING_TIME, Statement, attribute, context, octets, oid, sequence,
    signing_certificate, time_choice, unsigned,
};
use crate::Error;
use crate::der::generalized_time;
use crate::pki::Signer;
use time::OffsetDateTime;

const TST_INFO: &[u64] = &[1, 2, 840, 113549, 1, 9, 16, 1, 4];

/// A policy of nobody: 1.3.6.1.4.1.32473 is the enterprise number for examples (RFC 5612).
const EXAMPLE_POLICY: &[u64] = &[1, 3, 6, 1, 4, 1, 32473, 1];

/// A TimeStampToken (ContentInfo, DER) in which `authority` states that `stamped` existed at `at`, give or take a second.
///
/// # Errors
/// Fails if the time cannot be written or the key cannot sign.
pub fn time_stamp_token(stamped: &[u8], authority: &Signer, at: OffsetDateTime) -> Result<Vec<u8>, Error> {
    let digest = authority.natural_digest();
    let imprint = digest.of(&[stamped]);
    // RFC 3161, 2.4.2: unique per token of one authority, up to 160 bits.
    let serial = Digest::Sha1.of(&[&imprint, &at.unix_timestamp().to_be_bytes()]);
    let info = sequence(&[
        &unsigned(&[1]),
        &oid(EXAMPLE_POLICY),
        &sequence(&[&digest.identifier(), &octets(&imprint)]),
        &unsigned(&serial),
        &generalized_time(at)?,
        &sequence(&[&unsigned(&[1])]),
    ]);
    let statement = Statement {
        // RFC 5652, 5.1: version 3 where the content is not plain data.
        version: 3,
        encapsulated: sequence(&[&oid(TST_INFO), &context(0, &octets(&info))]),
        digest,
        attributes: vec![
            attribute(CONTENT_TYPE, &oid(TST_INFO)),
            attribute(MESSAGE_DIGEST, &octets(&digest.of(&[&info]))),
            attribute(SIGNING_TIME, &time_choice(at)?),
            signing_certificate(authority),
        ],
        embed_chain: true,
        rsa_padding: RsaPadding::Pkcs1,
        encoding: Encoding::Der,
        timestamp: None,
    };
    statement.sign(&[&info], authority)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openssl;
    use crate::pki::Pki;
    use time::macros::datetime;

    const AT: OffsetDateTime = datetime!(2024-03-01 02:00:05 UTC);

    #[test]
    fn openssl_accepts_the_token_for_its_data_and_for_no_other() {
        let pki = Pki::generate().unwrap();
        let token = time_stamp_token(b"a signature value", pki.tsa(), AT).unwrap();
        let Some(bench) = openssl::Bench::new(&pki) else { return };
        let outcome = bench.verify_time_stamp(&token, b"a signature value", AT);
        assert!(outcome.success, "{}", outcome.text);
        let outcome = bench.verify_time_stamp(&token, b"another value", AT);
        assert!(!outcome.success && outcome.text.contains("message imprint mismatch"), "{}", outcome.text);
    }

    #[test]
    fn the_token_states_the_time_that_was_asked_for() {
        let pki = Pki::generate().unwrap();
        let token = time_stamp_token(b"a signature value", pki.tsa(), AT).unwrap();
        let Some(bench) = openssl::Bench::new(&pki) else { return };
        let file = bench.write("token.der", &token);
        let outcome = bench.run("ts", &["-reply", "-token_in", "-in", &file, "-token_out", "-text"]);
        assert!(outcome.text.contains("Time stamp: Mar  1 02:00:05 2024 GMT"), "{}", outcome.text);
        assert!(outcome.text.contains("Accuracy: 0x01 seconds"), "{}", outcome.text);
    }
}
