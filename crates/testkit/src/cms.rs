//! Detached CMS signatures (RFC 5652), as PDF documents and `.p7s` files carry them, and RFC 3161 time-stamp tokens.

mod time_stamp;

pub use time_stamp::time_stamp_token;

use crate::Error;
use crate::der::{SEQUENCE, context, indefinite, null, octets, oid, sequence, set_of, time_choice, unsigned};
use crate::pki::Signer;
use ring::digest;
use time::OffsetDateTime;

const SIGNED_DATA: &[u64] = &[1, 2, 840, 113549, 1, 7, 2];
const DATA: &[u64] = &[1, 2, 840, 113549, 1, 7, 1];
const CONTENT_TYPE: &[u64] = &[1, 2, 840, 113549, 1, 9, 3];
const MESSAGE_DIGEST: &[u64] = &[1, 2, 840, 113549, 1, 9, 4];
const SIGNING_TIME: &[u64] = &[1, 2, 840, 113549, 1, 9, 5];
const SIGNING_CERTIFICATE_V2: &[u64] = &[1, 2, 840, 113549, 1, 9, 16, 2, 47];
const SIGNATURE_TIME_STAMP: &[u64] = &[1, 2, 840, 113549, 1, 9, 16, 2, 14];

/// The digest that a signature names for its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    /// SHA-1, as old signatures have it.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Digest {
    pub(crate) fn of(self, parts: &[&[u8]]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        let mut hasher = digest::Context::new(algorithm);
        for part in parts {
            hasher.update(part);
        }
        hasher.finish().as_ref().to_vec()
    }

    /// AlgorithmIdentifier. RFC 5754, 2 leaves the parameters of SHA-2 out; RFC 3370, 2.1 keeps a NULL with SHA-1.
    pub(crate) fn identifier(self) -> Vec<u8> {
        match self {
            Self::Sha1 => sequence(&[&oid(&[1, 3, 14, 3, 2, 26]), &null()]),
            Self::Sha256 => sequence(&[&oid(&[2, 16, 840, 1, 101, 3, 4, 2, 1])]),
            Self::Sha384 => sequence(&[&oid(&[2, 16, 840, 1, 101, 3, 4, 2, 2])]),
            Self::Sha512 => sequence(&[&oid(&[2, 16, 840, 1, 101, 3, 4, 2, 3])]),
        }
    }
}

/// How an RSA key pads what it signs. Other keys take no notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RsaPadding {
    /// PKCS #1 v1.5, what nearly every tool makes.
    Pkcs1,
    /// RSASSA-PSS with a salt as long as the digest (RFC 4056).
    Pss,
}

/// How the outer layers of the structure are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// DER throughout.
    Der,
    /// Indefinite lengths around ContentInfo and SignedData, as streaming tools write them (X.690, 8.1.3.6).
    Ber,
}

/// Which signed attributes go beside content type and message digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// `signingTime`, as PKCS #7 tools write it.
    Pkcs7,
    /// `signingCertificateV2` and no `signingTime` (ETSI EN 319 142-1, 6.3: the time stands in the PDF's `/M`).
    CadesInPdf,
    /// `signingTime` and `signingCertificateV2` (ETSI EN 319 122-1), for `.p7s` files.
    Cades,
}

/// How to sign.
#[derive(Clone)]
pub struct Options<'a> {
    /// The signing time that the signer claims.
    pub time: OffsetDateTime,
    /// The digest named in `digestAlgorithm` and used for `messageDigest`.
    ///
    /// The signature value itself uses the same digest where the key can; P-256, P-384 and Ed25519 keep
    /// [`Signer::natural_digest`], and RSA with [`RsaPadding::Pss`] takes SHA-256 for SHA-1. `signatureAlgorithm` says
    /// which. Readers that take the digest of the attributes from `digestAlgorithm` alone, OpenSSL among them, refuse
    /// such a mixture. RSA with [`RsaPadding::Pkcs1`] signs with SHA-1 throughout.
    pub digest: Digest,
    /// Whether the issuing authority's certificates go into the structure beside the signer's own. The root stays out.
    pub embed_chain: bool,
    /// Whether attributes are signed, and the content only through them; otherwise the content is signed directly.
    pub signed_attributes: bool,
    /// Which attributes.
    pub profile: Profile,
    /// How an RSA key pads.
    pub rsa_padding: RsaPadding,
    /// How the outer layers are encoded.
    pub encoding: Encoding,
    /// A time-stamping authority that vouches for the signature value, and the time that it states.
    pub timestamp: Option<(&'a Signer, OffsetDateTime)>,
}

impl Options<'_> {
    /// The usual signature: SHA-256, chain embedded, signed attributes with the signing time, no time stamp.
    pub fn at(time: OffsetDateTime) -> Self {
        Self {
            time,
            digest: Digest::Sha256,
            embed_chain: true,
            signed_attributes: true,
            profile: Profile::Pkcs7,
            rsa_padding: RsaPadding::Pkcs1,
            encoding: Encoding::Der,
            timestamp: None,
        }
    }
}

/// Signs `content` and returns the ContentInfo (DER) without the content: what a `.p7s` file holds.
///
/// # Errors
/// Fails if a time cannot be written or the key cannot sign.
pub fn sign_detached(content: &[u8], signer: &Signer, options: &Options<'_>) -> Result<Vec<u8>, Error> {
    sign_parts(&[content], signer, options)
}

/// The same over content that lies in several parts, so that a large document is not copied.
pub(crate) fn sign_parts(parts: &[&[u8]], signer: &Signer, options: &Options<'_>) -> Result<Vec<u8>, Error> {
    let mut attributes = Vec::new();
    if options.signed_attributes {
        attributes.push(attribute(CONTENT_TYPE, &oid(DATA)));
        attributes.push(attribute(MESSAGE_DIGEST, &octets(&options.digest.of(parts))));
        if options.profile != Profile::CadesInPdf {
            attributes.push(attribute(SIGNING_TIME, &time_choice(options.time)?));
        }
        if options.profile != Profile::Pkcs7 {
            attributes.push(signing_certificate(signer));
        }
    }
    let statement = Statement {
        // RFC 5652, 5.1: version 1 where the content is plain data and nothing newer is inside.
        version: 1,
        encapsulated: sequence(&[&oid(DATA)]),
        digest: options.digest,
        attributes,
        embed_chain: options.embed_chain,
        rsa_padding: options.rsa_padding,
        encoding: options.encoding,
        timestamp: options.timestamp,
    };
    statement.sign(parts, signer)
}

/// What a SignedData says, before it is signed.
struct Statement<'a> {
    version: u8,
    encapsulated: Vec<u8>,
    digest: Digest,
    attributes: Vec<Vec<u8>>,
    embed_chain: bool,
    rsa_padding: RsaPadding,
    encoding: Encoding,
    timestamp: Option<(&'a Signer, OffsetDateTime)>,
}

impl Statement<'_> {
    fn sign(self, content: &[&[u8]], signer: &Signer) -> Result<Vec<u8>, Error> {
        let (signature, signed_attributes) = if self.attributes.is_empty() {
            (signer.sign_with(&content.concat(), self.digest, self.rsa_padding)?, Vec::new())
        } else {
            // RFC 5652, 5.4: signed as SET OF, carried under the implicit tag [0].
            let set = set_of(self.attributes);
            let signature = signer.sign_with(&set, self.digest, self.rsa_padding)?;
            let mut carried = set;
            carried[0] = 0xa0;
            (signature, carried)
        };

        let unsigned_attributes = match self.timestamp {
            Some((authority, at)) => {
                let token = time_stamp_token(&signature.value, authority, at)?;
                context(1, &attribute(SIGNATURE_TIME_STAMP, &token))
            }
            None => Vec::new(),
        };
        let signer_info = sequence(&[
            &unsigned(&[1]),
            &issuer_and_serial(signer),
            &self.digest.identifier(),
            &signed_attributes,
            &signature.algorithm,
            &octets(&signature.value),
            &unsigned_attributes,
        ]);

        let mut certificates = vec![signer.certificate.clone()];
        if self.embed_chain {
            certificates.extend(signer.chain.iter().rev().skip(1).rev().cloned());
        }
        certificates.sort();
        let signed_data = [
            unsigned(&[self.version]),
            set_of(vec![self.digest.identifier()]),
            self.encapsulated,
            context(0, &certificates.concat()),
            set_of(vec![signer_info]),
        ]
        .concat();
        Ok(match self.encoding {
            Encoding::Der => sequence(&[&oid(SIGNED_DATA), &context(0, &sequence(&[&signed_data]))]),
            Encoding::Ber => {
                let content = indefinite(0xa0, &indefinite(SEQUENCE, &signed_data));
                indefinite(SEQUENCE, &[oid(SIGNED_DATA), content].concat())
            }
        })
    }
}

fn attribute(kind: &[u64], value: &[u8]) -> Vec<u8> {
    sequence(&[&oid(kind), &set_of(vec![value.to_vec()])])
}

fn issuer_and_serial(signer: &Signer) -> Vec<u8> {
    sequence(&[signer.issuer(), &unsigned(signer.serial_number())])
}

/// RFC 5035, 3: one ESSCertIDv2 with the default SHA-256, and the issuer as a directory name.
fn signing_certificate(signer: &Signer) -> Vec<u8> {
    let issuer_names = sequence(&[&context(4, signer.issuer())]);
    let issuer_serial = sequence(&[&issuer_names, &unsigned(signer.serial_number())]);
    let certificate_hash = octets(&Digest::Sha256.of(&[&signer.certificate]));
    let identifier = sequence(&[&certificate_hash, &issuer_serial]);
    attribute(SIGNING_CERTIFICATE_V2, &sequence(&[&sequence(&[&identifier])]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openssl;
    use crate::pki::{KeyKind, Pki, SignerKind, SignerRequest};
    use time::macros::datetime;

    const AT: OffsetDateTime = datetime!(2024-03-01 02:00:00 UTC);
    const CONTENT: &[u8] = b"Quyet dinh ve viec ban hanh quy che";

    #[test]
    fn openssl_accepts_every_key_with_the_digest_that_goes_with_it() {
        let cases = [
            (KeyKind::P256, Digest::Sha256),
            (KeyKind::P384, Digest::Sha384),
            (KeyKind::Rsa2048, Digest::Sha256),
            (KeyKind::Rsa2048, Digest::Sha384),
            (KeyKind::Rsa2048, Digest::Sha512),
        ];
        for (key, digest) in cases {
            for profile in [Profile::Pkcs7, Profile::CadesInPdf, Profile::Cades] {
                check(key, &Options { digest, profile, ..Options::at(AT) });
            }
            check(key, &Options { digest, signed_attributes: false, ..Options::at(AT) });
        }
    }

    #[test]
    fn an_ed25519_signature_covers_the_attributes_as_a_set() {
        // OpenSSL 3.0 has no Ed25519 in CMS (RFC 8419), so ring checks what the key signed.
        let pki = Pki::generate().unwrap();
        let signer = signer(&pki, KeyKind::Ed25519);
        let options = Options { digest: Digest::Sha512, ..Options::at(AT) };
        let cms = sign_detached(CONTENT, &signer, &options).unwrap();

        let attributes = set_of(vec![
            attribute(CONTENT_TYPE, &oid(DATA)),
            attribute(MESSAGE_DIGEST, &octets(digest::digest(&digest::SHA512, CONTENT).as_ref())),
            attribute(SIGNING_TIME, b"\x17\x0d240301020000Z"),
        ]);
        let carried = [&[0xa0], &attributes[1..]].concat();
        assert!(cms.windows(carried.len()).any(|window| window == carried));
        // An Ed25519 SubjectPublicKeyInfo ends in the 32 bytes of the key (RFC 8410, 4).
        let prefix = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
        let start = signer.certificate.windows(prefix.len()).position(|window| window == prefix).unwrap() + prefix.len();
        let key = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, &signer.certificate[start..][..32]);
        key.verify(&attributes, &cms[cms.len() - 64..]).unwrap();
    }

    #[test]
    fn openssl_accepts_rsa_with_sha1_with_pss_and_in_indefinite_lengths() {
        check(KeyKind::Rsa2048, &Options { digest: Digest::Sha1, ..Options::at(AT) });
        let content_only = Options { signed_attributes: false, ..Options::at(AT) };
        check(KeyKind::Rsa2048, &Options { digest: Digest::Sha1, ..content_only });
        for digest in [Digest::Sha256, Digest::Sha384, Digest::Sha512] {
            check(KeyKind::Rsa2048, &Options { digest, rsa_padding: RsaPadding::Pss, ..Options::at(AT) });
        }
        check(KeyKind::P256, &Options { encoding: Encoding::Ber, ..Options::at(AT) });
    }

    #[test]
    fn a_curve_keeps_its_digest_and_says_so() {
        let pki = Pki::generate().unwrap();
        let signer = signer(&pki, KeyKind::P256);
        let options = Options { digest: Digest::Sha1, ..Options::at(AT) };
        let cms = sign_detached(CONTENT, &signer, &options).unwrap();
        let Some(bench) = openssl::Bench::new(&pki) else { return };
        let file = bench.write("signature.p7s", &cms);
        let outcome = bench.run("cms", &["-cmsout", "-print", "-inform", "DER", "-in", &file]);
        let signer_info = outcome.text.rsplit("signerInfos:").next().unwrap();
        assert!(signer_info.contains("algorithm: sha1 "), "{}", outcome.text);
        assert!(signer_info.contains("algorithm: ecdsa-with-SHA256 "), "{}", outcome.text);
    }

    #[test]
    fn openssl_refuses_other_content() {
        let pki = Pki::generate().unwrap();
        let signer = signer(&pki, KeyKind::P256);
        let cms = sign_detached(CONTENT, &signer, &Options::at(AT)).unwrap();
        let Some(bench) = openssl::Bench::new(&pki) else { return };
        let outcome = bench.verify_cms(&cms, b"something else", AT);
        assert!(!outcome.success && outcome.text.contains("verification failure"), "{}", outcome.text);
    }

    #[test]
    fn a_chain_left_out_leaves_the_path_open() {
        let pki = Pki::generate().unwrap();
        let signer = signer(&pki, KeyKind::P256);
        let cms = sign_detached(CONTENT, &signer, &Options { embed_chain: false, ..Options::at(AT) }).unwrap();
        let Some(bench) = openssl::Bench::new(&pki) else { return };
        let outcome = bench.verify_cms_with_embedded_chain(&cms, CONTENT, AT);
        assert!(!outcome.success && outcome.text.contains("unable to get local issuer"), "{}", outcome.text);

        let cms = sign_detached(CONTENT, &signer, &Options::at(AT)).unwrap();
        let outcome = bench.verify_cms_with_embedded_chain(&cms, CONTENT, AT);
        assert!(outcome.success, "{}", outcome.text);
    }

    fn check(key: KeyKind, options: &Options<'_>) {
        let pki = Pki::generate().unwrap();
        let signer = signer(&pki, key);
        let cms = sign_detached(CONTENT, &signer, options).unwrap();
        let Some(bench) = openssl::Bench::new(&pki) else { return };
        let outcome = bench.verify_cms(&cms, CONTENT, AT);
        assert!(outcome.success, "{key:?} {:?} {:?}: {}", options.digest, options.profile, outcome.text);
    }

    fn signer(pki: &Pki, key: KeyKind) -> Signer {
        let request = SignerRequest {
            common_name: "Sở Tư pháp".into(),
            organisation: "Sở Tư pháp".into(),
            organisation_id: None,
            kind: SignerKind::Organisation,
            not_before: datetime!(2022-01-01 00:00 UTC),
            not_after: datetime!(2027-01-01 00:00 UTC),
            key,
        };
        pki.issue(&request).unwrap()
    }
}
