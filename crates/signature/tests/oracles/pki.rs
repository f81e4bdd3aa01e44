//! Certificates and revocation lists with Ed25519 keys.

use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use crate::der::{INTEGER, OCTET_STRING, SET, UTF8_STRING, bit_string, element, extension, identifier, integer, sequence, time};

const ED25519: &str = "1.3.101.112";

/// A key and the identifier that certificates give it.
pub(crate) struct Key {
    pair: Ed25519KeyPair,
}

impl Key {
    pub(crate) fn new() -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self { pair: Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap() }
    }

    fn identifier(&self) -> Vec<u8> {
        self.pair.public_key().as_ref()[..8].to_vec()
    }

    fn sign(&self, tbs: &[u8]) -> Vec<u8> {
        sequence(&[tbs, &algorithm(), &bit_string(self.pair.sign(tbs).as_ref())])
    }
}

fn algorithm() -> Vec<u8> {
    sequence(&[&identifier(ED25519)])
}

/// A name: attribute types and values.
pub(crate) type Name = Vec<(&'static str, String)>;

pub(crate) const COMMON_NAME: &str = "2.5.4.3";
pub(crate) const ORGANISATION: &str = "2.5.4.10";
pub(crate) const COUNTRY: &str = "2.5.4.6";
pub(crate) const EMAIL: &str = "1.2.840.113549.1.9.1";

pub(crate) fn name(attributes: &Name) -> Vec<u8> {
    let sets = attributes.iter().map(|(kind, value)| {
        let tag = if *kind == EMAIL { crate::der::IA5_STRING } else { UTF8_STRING };
        element(SET, &sequence(&[&identifier(kind), &element(tag, value.as_bytes())]))
    });
    sequence(&[&sets.collect::<Vec<_>>().concat()])
}

/// What a certificate says; times are `20261127000000`.
pub(crate) struct Draft {
    pub(crate) subject: Name,
    pub(crate) serial: u64,
    pub(crate) validity: (&'static str, &'static str),
    /// Encoded extensions beside the key identifiers.
    pub(crate) extensions: Vec<Vec<u8>>,
}

/// Signs a certificate for `key`.
pub(crate) fn certificate(draft: &Draft, key: &Key, issuer: &Name, issuer_key: &Key) -> Vec<u8> {
    let own = extension("2.5.29.14", false, &element(OCTET_STRING, &key.identifier()));
    let above = extension("2.5.29.35", false, &sequence(&[&element(0x80, &issuer_key.identifier())]));
    let (from, until) = draft.validity;
    let tbs = sequence(&[
        &element(0xa0, &element(INTEGER, &[2])),
        &integer(draft.serial),
        &algorithm(),
        &name(issuer),
        &sequence(&[&time(from), &time(until)]),
        &name(&draft.subject),
        &sequence(&[&algorithm(), &bit_string(key.pair.public_key().as_ref())]),
        &element(0xa3, &sequence(&[&own, &above, &draft.extensions.concat()])),
    ]);
    issuer_key.sign(&tbs)
}

/// What a revocation list says; the revoked serial numbers were so from 2026-01-01 on.
pub(crate) struct ListDraft<'a> {
    pub(crate) validity: (&'static str, &'static str),
    pub(crate) revoked: &'a [u64],
    /// Encoded extensions of every entry.
    pub(crate) of_entries: Vec<u8>,
    /// Encoded extensions beside the key identifier and the number.
    pub(crate) extensions: Vec<u8>,
}

/// Signs a revocation list.
pub(crate) fn list(draft: &ListDraft<'_>, issuer: &Name, key: &Key) -> Vec<u8> {
    let of_entries = if draft.of_entries.is_empty() { Vec::new() } else { sequence(&[&draft.of_entries]) };
    let entries = draft.revoked.iter().map(|&serial| sequence(&[&integer(serial), &time("20260101000000"), &of_entries]));
    let entries = entries.collect::<Vec<_>>().concat();
    let entries = if entries.is_empty() { Vec::new() } else { sequence(&[&entries]) };
    let above = extension("2.5.29.35", false, &sequence(&[&element(0x80, &key.identifier())]));
    let number = extension("2.5.29.20", false, &integer(1));
    let (from, until) = draft.validity;
    let tbs = sequence(&[
        &element(INTEGER, &[1]),
        &algorithm(),
        &name(issuer),
        &time(from),
        &time(until),
        &entries,
        &element(0xa0, &sequence(&[&above, &number, &draft.extensions])),
    ]);
    key.sign(&tbs)
}
