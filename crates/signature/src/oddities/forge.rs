//! Signatures as real programs make them, made in code: RSA keys under the test authority, every field to be bent.

use num_bigint::BigUint;

use crate::algorithm::Digest;
use crate::asn1::{INTEGER, NULL, OCTET_STRING, OID, Reader, SEQUENCE, SET, UTC_TIME, encode};
use crate::certificate::Certificate;
use crate::oid;
use crate::public_integers::to_bytes;
use crate::testing::{Node, Pki, Template, algorithm, attribute, bit_string, sequence, time_stamp};

/// Primes of two keys that `openssl genpkey` made for these tests.
const PRIMES_1024: [&str; 2] = [
    "f577126b6768a2a685984bf43391096febf11c730c57b4fedc807679842f4f1cbba4eb7b9e87606c2467cd6b9b2fea963ced04080b6b93c184495eb4a0508119",
    "c3376547505c63a8afb4b8ce839c09d778c6d20342393ee7c81e9260a7afeb513565ece3dce001a11bc563a08fa336d11c00e0e5311d101c3e03dce34eb75fab",
];
const PRIMES_2048: [&str; 2] = [
    "da3d065ff95d2f77e9c78a6cc54ba59a8aa5e3a75ce5a3c9afaebcb4469476987eb6fda0aea6e7ae20b3d488b40ea1cb1ebecfa26b26e1d0d093e368a6d8bb15c77683b3be518fcc0662d8a189528ed7bed7125cf40c0de27f49dc34347251a1f2b6e916156bfa68934a25298b64d6f758f8e78109bacf22ddf4d01c88f0c1d1",
    "b663b1facb2ae002930634d41940053999b1a312338a36b7a4e2bffd89b150a9487830853ca91f1f0f717f989444029eacff39b81d6e63e8c1555675a693e0c0b84e06deed6430793f7c91873a5ff43af5d10303825603f8dcdbfe3c37b31cc4628754dfe0ab4f2f0810607bd56d77721fa066261d32a9ac94d38effcd1bedef",
];

/// An RSA key that signs whatever it is given.
pub(super) struct RsaKey {
    modulus: BigUint,
    exponent: BigUint,
    secret: BigUint,
}

impl RsaKey {
    pub(super) fn bits_1024() -> Self {
        Self::new(PRIMES_1024)
    }

    pub(super) fn bits_2048() -> Self {
        Self::new(PRIMES_2048)
    }

    fn new(primes: [&str; 2]) -> Self {
        let [p, q] = primes.map(|prime| BigUint::parse_bytes(prime.as_bytes(), 16).unwrap());
        let (one, exponent) = (BigUint::from(1_u8), BigUint::from(65_537_u32));
        let secret = exponent.modinv(&((&p - &one) * (&q - &one))).unwrap();
        Self { modulus: p * q, exponent, secret }
    }

    /// The SubjectPublicKeyInfo.
    fn info(&self) -> Vec<u8> {
        let integer = |number: &BigUint| {
            let bytes = number.to_bytes_be();
            let sign: &[u8] = if bytes[0] >= 0x80 { &[0] } else { &[] };
            encode(INTEGER, &[sign, &bytes].concat())
        };
        let key = sequence(&[&integer(&self.modulus), &integer(&self.exponent)]);
        sequence(&[&sequence(&[&encode(OID, oid::RSA), &encode(NULL, &[])]), &bit_string(&key)])
    }

    /// An RSASSA-PKCS1-v1_5 value over `message`, its DigestInfo with or without NULL.
    pub(super) fn sign(&self, digest: Digest, with_null: bool, message: &[u8]) -> Vec<u8> {
        let null = if with_null { encode(NULL, &[]) } else { Vec::new() };
        let identifier = sequence(&[&encode(OID, digest.oid()), &null]);
        let info = sequence(&[&identifier, &encode(OCTET_STRING, digest.of(&[message]).as_ref())]);
        let length = self.modulus.to_bytes_be().len();
        let padding = vec![0xff; length - info.len() - 3];
        let encoded = BigUint::from_bytes_be(&[&[0, 1], padding.as_slice(), &[0], &info].concat());
        to_bytes(&encoded.modpow(&self.secret, &self.modulus), length)
    }
}

/// A CMS signature and what is odd about it; the default is a sound one by RSA.
pub(super) struct Forged<'a> {
    pub(super) certificate: Vec<u8>,
    pub(super) key: &'a RsaKey,
    /// Another key that makes the value.
    pub(super) made_by: Option<&'a RsaKey>,
    pub(super) digest: Digest,
    pub(super) with_null: bool,
    pub(super) has_attributes: bool,
    /// What the signing program makes of the digest before it signs it.
    pub(super) bend_digest: fn(&[u8]) -> Vec<u8>,
    /// UTCTime, such as `261126150000Z`.
    pub(super) signing_time: Option<&'a str>,
    /// How often the certificate is in the set.
    pub(super) copies: usize,
    pub(super) stamp: Option<(&'a Node, i64)>,
    pub(super) enclosed: Option<Vec<u8>>,
}

impl<'a> Forged<'a> {
    pub(super) fn new(pki: &Pki, template: &Template, key: &'a RsaKey) -> Self {
        Self {
            certificate: pki.issuer.issue_for_key(template, &key.info()),
            key,
            made_by: None,
            digest: Digest::Sha256,
            with_null: true,
            has_attributes: true,
            bend_digest: |digest| digest.to_vec(),
            signing_time: None,
            copies: 1,
            stamp: None,
            enclosed: None,
        }
    }

    /// The CMS over `content`.
    pub(super) fn cms(&self, content: &[u8]) -> Vec<u8> {
        let hash = (self.bend_digest)(self.digest.of(&[self.enclosed.as_deref().unwrap_or(content)]).as_ref());
        let mut attributes =
            vec![attribute(oid::CONTENT_TYPE, &encode(OID, oid::DATA)), attribute(oid::MESSAGE_DIGEST, &encode(OCTET_STRING, &hash))];
        attributes.extend(self.signing_time.map(|time| attribute(oid::SIGNING_TIME, &encode(UTC_TIME, time.as_bytes()))));
        attributes.sort();
        let attributes = attributes.concat();
        let (signed, attributes) =
            if self.has_attributes { (encode(SET, &attributes), encode(0xa0, &attributes)) } else { (content.to_vec(), Vec::new()) };
        let value = self.made_by.unwrap_or(self.key).sign(self.digest, self.with_null, &signed);
        let stamp = self.stamp.map(|(tsa, time)| attribute(oid::SIGNATURE_TIME_STAMP, &time_stamp(tsa, &value, time)));
        let unsigned = stamp.map(|stamp| encode(0xa1, &stamp)).unwrap_or_default();
        let certificate = Certificate::parse(&self.certificate).unwrap();
        let info = sequence(&[
            &encode(INTEGER, &[1]),
            &sequence(&[&certificate.issuer_raw, &encode(INTEGER, &certificate.serial)]),
            &algorithm(self.digest.oid()),
            &attributes,
            &sequence(&[&encode(OID, oid::RSA), &encode(NULL, &[])]),
            &encode(OCTET_STRING, &value),
            &unsigned,
        ]);
        let enclosed = self.enclosed.as_ref().map(|content| encode(0xa0, &encode(OCTET_STRING, content))).unwrap_or_default();
        let signed_data = sequence(&[
            &encode(INTEGER, &[1]),
            &encode(SET, &algorithm(self.digest.oid())),
            &sequence(&[&encode(OID, oid::DATA), &enclosed]),
            &encode(0xa0, &self.certificate.repeat(self.copies)),
            &encode(SET, &info),
        ]);
        sequence(&[&encode(OID, oid::SIGNED_DATA), &encode(0xa0, &signed_data)])
    }

    /// The same in BER: every length around the certificate indefinite.
    pub(super) fn ber(&self, content: &[u8]) -> Vec<u8> {
        indefinite(&self.cms(content), &self.certificate)
    }
}

fn indefinite(input: &[u8], untouched: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut reader = Reader::new(input);
    while !reader.is_empty() {
        let element = reader.read().unwrap();
        if element.is_constructed() && element.raw != untouched {
            assert!(element.tag != SEQUENCE || !element.content.is_empty());
            out.extend([element.tag, 0x80]);
            out.extend(indefinite(element.content, untouched));
            out.extend([0, 0]);
        } else {
            out.extend_from_slice(element.raw);
        }
    }
    out
}
