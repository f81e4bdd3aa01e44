//! Signature values that a careless reader of numbers and paddings would take.

use super::kit::{Bench, Case, NodeKey, Statement, Template};
use super::statements::{pdf, sound};
use crate::cms::Digest;
use crate::der;

const VALUES: &str = "signature values";
const RSA_PSS: &[u64] = &[1, 2, 840, 113549, 1, 1, 10];
const MGF1: &[u64] = &[1, 2, 840, 113549, 1, 1, 8];

pub(super) fn cases(bench: &Bench) -> Vec<Case> {
    let mut cases = ecdsa_values(bench);
    cases.extend(rsa_values(bench));
    cases
}

/// Order of the group of P-256 (SEC 2, 2.4.2).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
    0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

fn ecdsa_values(bench: &Bench) -> Vec<Case> {
    let signer = &bench.signer;
    let twin = sound(signer);
    type Change = fn(Vec<u8>, Vec<u8>) -> Vec<u8>;
    let forgeries: [(&'static str, Change); 11] = [
        ("r is zero", |_, s| der::sequence(&[&der::unsigned(&[0]), &s])),
        ("s is zero", |r, _| der::sequence(&[&r, &der::unsigned(&[0])])),
        ("r and s are zero", |_, _| der::sequence(&[&der::unsigned(&[0]), &der::unsigned(&[0])])),
        ("r is the order", |_, s| der::sequence(&[&der::unsigned(&ORDER), &s])),
        ("s is the order", |r, _| der::sequence(&[&r, &der::unsigned(&ORDER)])),
        ("r is negative", |_, s| der::sequence(&[&der::element(der::INTEGER, &[0x80, 1]), &s])),
        ("r with needless zeros", |r, s| der::sequence(&[&der::element(der::INTEGER, &[&[0, 0][..], &r[2..]].concat()), &s])),
        ("bytes behind s", |r, s| der::sequence(&[&r, &s, &der::null()])),
        ("bytes behind the value", |r, s| [der::sequence(&[&r, &s]), vec![0]].concat()),
        ("length in the long form", |r, s| [&[der::SEQUENCE, 0x81, (r.len() + s.len()) as u8][..], &r, &s].concat()),
        ("value as two bare numbers", |r, s| [&r[2..], &s[2..]].concat()),
    ];
    forgeries
        .into_iter()
        .map(|(name, change)| {
            let value = move |message: &[u8]| {
                let value = signer.key().sign(message);
                let pair = der::read(&value).map(|pair| pair.content.to_vec()).unwrap_or_default();
                let (r, s) = der::read(&pair).map(|r| (r.whole.to_vec(), r.rest.to_vec())).unwrap_or_default();
                change(r, s)
            };
            bench.case(VALUES, name, twin.clone(), pdf(Statement { value: Some(Box::new(value)), ..Statement::new(signer) }))
        })
        .collect()
}

fn rsa_values(bench: &Bench) -> Vec<Case> {
    let signer = bench.issuer.issue_for(NodeKey::rsa_with_exponent_three(), &Template::signer());
    let twin = sound(&signer);
    let NodeKey::Rsa(key) = signer.key() else { return Vec::new() };
    let info = |message: &[u8]| super::kit::digest_info(Digest::Sha256, message);
    let size = key.modulus.len();
    type Make<'a> = Box<dyn Fn(&[u8]) -> Vec<u8> + 'a>;
    let encoded = |change: fn(Vec<u8>) -> Vec<u8>| -> Make<'_> { Box::new(move |message| key.power(&change(key.encoded(&info(message))))) };
    let forgeries: Vec<(&'static str, Make<'_>)> = vec![
        ("cube without the private key", Box::new(|message| key.forged_without_key(Digest::Sha256, message))),
        (
            "rubbish behind the digest",
            Box::new(move |message| {
                let mut block = [&[0, 1][..], &[0xff; 8], &[0], &info(message)].concat();
                block.resize(size, 0x5a);
                key.power(&block)
            }),
        ),
        (
            "rubbish in the parameters of the digest",
            Box::new(move |message| {
                // Kühn, Pyshkin, Tews, Weinmann (2008): what stands in the place of the NULL is not looked at.
                let name = der::oid(&[2, 16, 840, 1, 101, 3, 4, 2, 1]);
                let parameters = der::octets(&[0x5a; 150]);
                let info = der::sequence(&[&der::sequence(&[&name, &parameters]), &der::octets(&Digest::Sha256.of(&[message]))]);
                key.power(&key.encoded(&info))
            }),
        ),
        (
            "digest info with long lengths",
            Box::new(move |message| {
                let plain = info(message);
                let info = [&[0x30, 0x81, plain[1]][..], &plain[2..]].concat();
                key.power(&key.encoded(&info))
            }),
        ),
        (
            "block of type 2",
            encoded(|mut block| {
                block[1] = 2;
                block
            }),
        ),
        (
            "block of type 0",
            encoded(|mut block| {
                block[1] = 0;
                block
            }),
        ),
        (
            "padding with a hole",
            encoded(|mut block| {
                block[40] = 0xfe;
                block
            }),
        ),
        (
            "padding that is not closed",
            encoded(|mut block| {
                let end = block.iter().skip(2).position(|byte| *byte == 0).map_or(2, |at| at + 2);
                block[end] = 0xff;
                block
            }),
        ),
        ("digest of SHA-1 under the name of SHA-256", Box::new(|message| key.sign(Digest::Sha1, message))),
        ("value one byte short", Box::new(|message| key.sign(Digest::Sha256, message)[1..].to_vec())),
        ("value with a zero in front", Box::new(|message| [vec![0], key.sign(Digest::Sha256, message)].concat())),
        ("value of zeros", Box::new(move |_| vec![0; size])),
        ("value is one", Box::new(move |_| [vec![0; size - 1], vec![1]].concat())),
        ("value is the modulus", Box::new(|_| key.modulus.clone())),
        ("value empty", Box::new(|_| Vec::new())),
    ];
    let mut cases: Vec<Case> = forgeries
        .into_iter()
        .map(|(name, value)| bench.case(VALUES, name, twin.clone(), pdf(Statement { value: Some(value), ..Statement::new(&signer) })))
        .collect();

    let pss = |digest: Digest, salt: u8| {
        let identifier = digest.identifier();
        let mask = der::sequence(&[&der::oid(MGF1), &identifier]);
        let parameters =
            der::sequence(&[&der::context(0, &identifier), &der::context(1, &mask), &der::context(2, &der::unsigned(&[salt]))]);
        der::sequence(&[&der::oid(RSA_PSS), &parameters])
    };
    let named = |algorithm| pdf(Statement { algorithm: Some(algorithm), ..Statement::new(&signer) });
    cases.push(bench.case(VALUES, "PKCS #1 value under the name of PSS", twin.clone(), named(pss(Digest::Sha256, 32))));
    cases.push(bench.case(VALUES, "PSS with the parameters of SHA-1", twin.clone(), named(pss(Digest::Sha1, 20))));
    let default = der::sequence(&[&der::oid(RSA_PSS), &der::sequence(&[])]);
    cases.push(bench.case(VALUES, "PSS with the default parameters", twin.clone(), named(default)));
    cases.push(bench.case(VALUES, "PSS without parameters", twin.clone(), named(der::sequence(&[&der::oid(RSA_PSS)]))));
    let ecdsa = der::sequence(&[&der::oid(&[1, 2, 840, 10045, 4, 3, 2])]);
    cases.push(bench.case(VALUES, "RSA key under the name of ECDSA", twin, named(ecdsa)));
    cases
}
