//! Forgeries of CMS SignedData and CAdES attributes; those of the signature values are in `values.rs`.

use super::kit::{Bench, Case, Input, Node, NodeKey, Paper, Signing, Statement, Template, attribute};
use crate::cms::Digest;
use crate::der;

const ATTRIBUTES: &str = "attributes";
const DIGESTS: &str = "digests";
const ENCLOSED: &str = "enclosed content";
const SIGNERS: &str = "signers";
const CERTIFICATE: &str = "signing certificate";
const CONFUSION: &str = "attribute confusion";
const WEAK: &str = "weak algorithms";
const ENCODING: &str = "encoding";
const MISMATCH: &str = "mismatch";

const CONTENT_TYPE: &[u64] = &[1, 2, 840, 113549, 1, 9, 3];
const MESSAGE_DIGEST: &[u64] = &[1, 2, 840, 113549, 1, 9, 4];
const SIGNING_CERTIFICATE_V2: &[u64] = &[1, 2, 840, 113549, 1, 9, 16, 2, 47];
const ALGORITHM_PROTECTION: &[u64] = &[1, 2, 840, 113549, 1, 9, 52];
const COUNTER_SIGNATURE: &[u64] = &[1, 2, 840, 113549, 1, 9, 6];
const DATA: &[u64] = &[1, 2, 840, 113549, 1, 7, 1];
const TST_INFO: &[u64] = &[1, 2, 840, 113549, 1, 9, 16, 1, 4];
const ECDSA_WITH_SHA384: &[u64] = &[1, 2, 840, 10045, 4, 3, 3];

const CONTENT: &[u8] = b"Quyet dinh cap 100 dong";

/// Every forgery of this kind.
#[must_use]
pub fn cases() -> Vec<Case> {
    let bench = Bench::new();
    let mut cases = mismatches(&bench);
    cases.extend(attributes(&bench));
    cases.extend(digests(&bench));
    cases.extend(enclosed(&bench));
    cases.extend(signers(&bench));
    cases.extend(certificates(&bench));
    cases.extend(confusion(&bench));
    cases.extend(weak(&bench));
    cases.extend(encodings(&bench));
    cases.extend(super::values::cases(&bench));
    cases
}

pub(super) fn pdf(statement: Statement<'_>) -> Input {
    Input::Pdf(Paper::new().sign(&Signing::with(statement)).bytes)
}

fn detached(cms: Vec<u8>) -> Input {
    Input::Detached { cms, content: CONTENT.to_vec() }
}

pub(super) fn sound(signer: &Node) -> Input {
    pdf(Statement::new(signer))
}

fn mismatches(bench: &Bench) -> Vec<Case> {
    let twin = sound(&bench.signer);
    let Input::Pdf(bytes) = &twin else { return Vec::new() };
    let mut changed = bytes.clone();
    if let Some(at) = super::find_from(bytes, b"100 dong", 0) {
        changed[at] = b'9';
    }
    let value = |message: &[u8]| {
        let mut value = bench.signer.key().sign(message);
        if let Some(last) = value.last_mut() {
            *last ^= 1;
        }
        value
    };
    vec![
        bench.case(MISMATCH, "content changed", twin.clone(), Input::Pdf(changed)),
        bench.case(
            MISMATCH,
            "signature value changed",
            twin.clone(),
            pdf(Statement { value: Some(Box::new(value)), ..Statement::new(&bench.signer) }),
        ),
        bench.case(
            MISMATCH,
            "signed by another key",
            twin,
            pdf(Statement { value: Some(Box::new(|message| bench.tsa.key().sign(message))), ..Statement::new(&bench.signer) }),
        ),
    ]
}

fn attributes(bench: &Bench) -> Vec<Case> {
    type Edit = fn(&mut Vec<Vec<u8>>);
    let forgeries: [(&'static str, Edit); 9] = [
        ("content type missing", |all| _ = all.remove(0)),
        ("content type twice", |all| all.push(all[0].clone())),
        ("content type of another kind", |all| all[0] = attribute(CONTENT_TYPE, &der::oid(TST_INFO))),
        ("message digest missing", |all| _ = all.remove(1)),
        ("message digest twice", |all| all.push(all[1].clone())),
        ("message digest twice, with another value", |all| all.push(attribute(MESSAGE_DIGEST, &der::octets(&[7; 32])))),
        ("message digest with two values", |all| {
            let digest = der::read(&all[1]).and_then(|one| der::read(one.content)).map(|kind| kind.rest.to_vec()).unwrap_or_default();
            let value = der::read(&digest).map(|set| set.content.to_vec()).unwrap_or_default();
            all[1] = attribute(MESSAGE_DIGEST, &[value, der::octets(&[7; 32])].concat());
        }),
        ("message digest empty", |all| all[1] = attribute(MESSAGE_DIGEST, &der::octets(&[]))),
        ("no attribute at all", Vec::clear),
    ];
    let mut cases: Vec<Case> = forgeries
        .into_iter()
        .map(|(name, edit)| {
            let statement = Statement { edit: Some(Box::new(edit)), ..Statement::new(&bench.signer) };
            bench.case(ATTRIBUTES, name, sound(&bench.signer), pdf(statement))
        })
        .collect();
    // RFC 5652, 5.4: what is signed is the SET OF in DER, whatever the order in which it is carried.
    let reversed = Statement {
        is_sorted: false,
        edit: Some(Box::new(|all| {
            all.sort();
            all.reverse();
        })),
        ..Statement::new(&bench.signer)
    };
    cases.push(bench.case(ATTRIBUTES, "attributes signed out of order", sound(&bench.signer), pdf(reversed)));
    cases
}

fn digests(bench: &Bench) -> Vec<Case> {
    let signer = &bench.signer;
    let protection = |digest: Digest, algorithm: &[u64]| {
        let named = der::sequence(&[&digest.identifier(), &der::context(1, &der::oid(algorithm))]);
        attribute(ALGORITHM_PROTECTION, &named)
    };
    let protected = move |digest: Digest, algorithm: &'static [u64]| Statement {
        edit: Some(Box::new(move |all: &mut Vec<Vec<u8>>| all.push(protection(digest, algorithm)))),
        ..Statement::new(signer)
    };
    const ECDSA_WITH_SHA256: &[u64] = &[1, 2, 840, 10045, 4, 3, 2];
    let case = |name, statement| bench.case(DIGESTS, name, sound(signer), pdf(statement));
    vec![
        case("digest not announced", Statement { announced_digest: Some(Digest::Sha512), ..Statement::new(signer) }),
        case("digest of another length than named", Statement { named_digest: Some(Digest::Sha512), ..Statement::new(signer) }),
        case(
            "signature algorithm of another digest",
            Statement { algorithm: Some(der::sequence(&[&der::oid(ECDSA_WITH_SHA384)])), ..Statement::new(signer) },
        ),
        case("protected digest another", protected(Digest::Sha512, ECDSA_WITH_SHA256)),
        case("protected signature algorithm another", protected(Digest::Sha256, ECDSA_WITH_SHA384)),
        case(
            "protected algorithms unreadable",
            Statement { edit: Some(Box::new(|all| all.push(attribute(ALGORITHM_PROTECTION, &der::null())))), ..Statement::new(signer) },
        ),
    ]
}

fn enclosed(bench: &Bench) -> Vec<Case> {
    let signer = &bench.signer;
    let with = |content: &[u8]| Statement { enclosed: Some(content.to_vec()), ..Statement::new(signer) };
    let twin = detached(Statement::new(signer).over(CONTENT));
    vec![
        bench.case(ENCLOSED, "content inside a detached PDF signature", sound(signer), pdf(with(CONTENT))),
        bench.case(ENCLOSED, "empty content inside a detached PDF signature", sound(signer), pdf(with(b""))),
        bench.case(ENCLOSED, "attached signature offered for another file", twin.clone(), detached(with(b"another").over(b"another"))),
        // Whoever looks at the content inside finds it signed; whoever looks at the file finds another one.
        bench.case(ENCLOSED, "other content inside than signed", twin.clone(), detached(with(b"another").over(CONTENT))),
        bench.case(ENCLOSED, "signature of another content", twin, detached(Statement::new(signer).over(b"another"))),
    ]
}

fn signers(bench: &Bench) -> Vec<Case> {
    let signer = &bench.signer;
    let stranger = Node::self_signed(&Template::signer());
    // RFC 5652, 11.4: its digest is that of the signature value, and it has no content type.
    let counter = |value: &[u8]| {
        let counter = Statement { edit: Some(Box::new(|all| _ = all.remove(0))), ..Statement::new(&stranger) }.over(value);
        let info = der::read(&counter)
            .and_then(|outer| der::read(outer.content).and_then(|kind| der::read(kind.rest)))
            .map(|wrapper| wrapper.content.to_vec());
        let info =
            info.and_then(|data| last_element(der::read(&data)?.content)).and_then(|set| der::read(&set).map(|set| set.content.to_vec()));
        vec![attribute(COUNTER_SIGNATURE, &info.unwrap_or_default())]
    };
    let counted = Statement { unsigned: Some(Box::new(counter)), ..Statement::new(signer) };
    let alone = Statement { edit: Some(Box::new(|all| _ = all.remove(0))), pins_certificate: false, ..Statement::new(signer) };
    vec![
        bench.case(SIGNERS, "two signers in a PDF signature", sound(signer), pdf(Statement { signers: 2, ..Statement::new(signer) })),
        bench.case(SIGNERS, "no signer", sound(signer), pdf(Statement { signers: 0, ..Statement::new(signer) })),
        bench.case(SIGNERS, "a hundred signers", sound(signer), pdf(Statement { signers: 100, ..Statement::new(signer) })),
        bench.case(SIGNERS, "counter-signature of a stranger", sound(signer), pdf(counted)),
        bench.case(
            SIGNERS,
            "counter-signature offered as a signature",
            detached(Statement::new(signer).over(CONTENT)),
            detached(alone.over(CONTENT)),
        ),
    ]
}

fn last_element(mut rest: &[u8]) -> Option<Vec<u8>> {
    loop {
        let element = der::read(rest)?;
        if element.rest.is_empty() {
            return Some(element.whole.to_vec());
        }
        rest = element.rest;
    }
}

fn certificates(bench: &Bench) -> Vec<Case> {
    let signer = &bench.signer;
    let other = bench.issuer.issue(&Template::signer());
    // The same key, name and serial number: only the pinned digest tells the certificates apart.
    let lookalike = bench
        .issuer
        .issue_same_key(signer, &Template { serial: Some(signer.serial.clone()), not_after: super::kit::NOW + 1, ..Template::signer() });
    let with = |certificates: Vec<Vec<u8>>| Statement { certificates, ..Statement::new(signer) };
    let pins = |certificate: Vec<u8>| Statement {
        pins_certificate: false,
        edit: Some(Box::new(move |all| all.push(super::kit::pin_of(&certificate)))),
        ..Statement::new(signer)
    };
    let pins_name = |issuer: Vec<u8>, serial: Vec<u8>| {
        let hash = der::octets(&Digest::Sha256.of(&[&signer.certificate]));
        let names = der::sequence(&[&der::context(4, &issuer)]);
        let identifier = der::sequence(&[&hash, &der::sequence(&[&names, &der::element(der::INTEGER, &serial)])]);
        let pin = attribute(SIGNING_CERTIFICATE_V2, &der::sequence(&[&der::sequence(&[&identifier])]));
        Statement { pins_certificate: false, edit: Some(Box::new(move |all| all.push(pin.clone()))), ..Statement::new(signer) }
    };
    let by_key = |identifier: Vec<u8>| Statement { identifier: Some(der::element(0x80, &identifier)), ..Statement::new(signer) };
    let case = |name, statement| bench.case(CERTIFICATE, name, sound(signer), pdf(statement));
    let two_pins = {
        let other = other.certificate.clone();
        Statement { edit: Some(Box::new(move |all| all.push(super::kit::pin_of(&other)))), ..Statement::new(signer) }
    };
    // RFC 5280, 4.2.1.2: whoever issues a certificate can put any key identifier into it.
    let same_identifier =
        bench.issuer.issue(&Template { extensions: Vec::new(), key_identifier: Some(signer.key_identifier()), ..Template::signer() });
    vec![
        case("signing certificate not pinned", Statement { pins_certificate: false, ..Statement::new(signer) }),
        case("pin of another certificate", pins(other.certificate.clone())),
        case("pin with another issuer", pins_name(bench.root.subject.clone(), signer.serial.clone())),
        case("pin with another serial number", pins_name(signer.issuer.clone(), other.serial.clone())),
        case("pinned twice, once to another", two_pins),
        case(
            "pin unreadable",
            Statement {
                pins_certificate: false,
                edit: Some(Box::new(|all| all.push(attribute(SIGNING_CERTIFICATE_V2, &der::null())))),
                ..Statement::new(signer)
            },
        ),
        case("certificate substituted by one of the same key", with(vec![lookalike.certificate])),
        case("certificate of another key", with(vec![other.certificate])),
        case("certificate not included", with(Vec::new())),
        case("certificate unreadable", with(vec![der::sequence(&[&der::null()])])),
        case(
            "signer named by a key identifier of another key",
            Statement { certificates: vec![same_identifier.certificate], ..by_key(signer.key_identifier()) },
        ),
        case("signer named by an unknown key identifier", by_key(vec![9; 20])),
        case("more certificates than are read", with(vec![signer.certificate.clone()].into_iter().chain((0..100).map(filler)).collect())),
    ]
}

/// Something that is counted as a certificate.
fn filler(number: u8) -> Vec<u8> {
    der::sequence(&[&der::unsigned(&[number])])
}

/// The attributes of one signature, presented as the content of another that has none.
fn confusion(bench: &Bench) -> Vec<Case> {
    let signer = &bench.signer;
    let attributes =
        [attribute(CONTENT_TYPE, &der::oid(DATA)), attribute(MESSAGE_DIGEST, &der::octets(&Digest::Sha256.of(&[b"something harmless"])))];
    let content = der::set_of(attributes.to_vec());
    let cms = Statement { has_attributes: false, ..Statement::new(signer) }.over(&content);
    let twin = detached(Statement { has_attributes: false, ..Statement::new(signer) }.over(CONTENT));
    vec![
        bench.case(CONFUSION, "attributes presented as content", twin, Input::Detached { cms, content }),
        bench.case(
            CONFUSION,
            "CAdES signature in a PDF without attributes",
            sound(signer),
            pdf(Statement { has_attributes: false, ..Statement::new(signer) }),
        ),
    ]
}

fn weak(bench: &Bench) -> Vec<Case> {
    let signer = &bench.signer;
    let case = |name, forged: Input| bench.case(WEAK, name, sound(signer), forged);
    let of_key = |info: Vec<u8>, algorithm: Vec<u8>| {
        let node = bench.issuer.issue_for(NodeKey::Public(info), &Template::signer());
        pdf(Statement { algorithm: Some(algorithm), ..Statement::new(&node) })
    };
    let rsa = |bits: usize| {
        let mut modulus = vec![0xc3; bits / 8];
        modulus[bits / 8 - 1] |= 1;
        let key = der::sequence(&[&der::unsigned(&modulus), &der::unsigned(&[1, 0, 1])]);
        der::sequence(&[&rsa_identifier(), &super::kit::bit_string(&key)])
    };
    let sha256_with_rsa = der::sequence(&[&der::oid(&[1, 2, 840, 113549, 1, 1, 11]), &der::null()]);
    let brainpool = der::sequence(&[
        &der::sequence(&[&der::oid(&[1, 2, 840, 10045, 2, 1]), &der::oid(&[1, 3, 36, 3, 3, 2, 8, 1, 1, 7])]),
        &super::kit::bit_string(&[&[4][..], &[7; 64]].concat()),
    ]);
    let md5 = |plain: &[u8]| replace(plain, &der::oid(&[2, 16, 840, 1, 101, 3, 4, 2, 1]), &der::oid(&[1, 2, 840, 113549, 2, 5]));
    let old_kind = |sub_filter| {
        let signing = Signing { sub_filter, ..Signing::with(Statement { digest: Digest::Sha1, ..Statement::new(signer) }) };
        Input::Pdf(Paper::new().sign(&signing).bytes)
    };
    let pkcs7_sha1 = {
        let make = |content: &[u8]| {
            let digest = Digest::Sha1.of(&[content]);
            Statement { enclosed: Some(digest.clone()), ..Statement::new(signer) }.over(&digest)
        };
        let signing = Signing { sub_filter: "adbe.pkcs7.sha1", make: Some(Box::new(make)), ..Signing::new(signer) };
        Input::Pdf(Paper::new().sign(&signing).bytes)
    };
    let node_rsa = bench.issuer.issue_for(NodeKey::rsa(), &Template::signer());
    let certificate: String = node_rsa.certificate.iter().map(|byte| format!("{byte:02x}")).collect();
    let rsa_sha1 = {
        let make = |content: &[u8]| match node_rsa.key() {
            NodeKey::Rsa(key) => der::octets(&key.sign(Digest::Sha1, content)),
            _ => Vec::new(),
        };
        let entries = format!(" /Cert <{certificate}>");
        let signing = Signing { sub_filter: "adbe.x509.rsa_sha1", make: Some(Box::new(make)), entries, ..Signing::new(signer) };
        Input::Pdf(Paper::new().sign(&signing).bytes)
    };
    let with_digest =
        |cms: Vec<u8>| Input::Pdf(Paper::new().sign(&Signing { make: Some(Box::new(move |_| cms.clone())), ..Signing::new(signer) }).bytes);
    vec![
        case(
            "SHA-1",
            pdf(Statement {
                digest: Digest::Sha1,
                algorithm: Some(der::sequence(&[&der::oid(&[1, 2, 840, 10045, 2, 1])])),
                ..Statement::new(signer)
            }),
        ),
        case("MD5", with_digest(md5(&Statement::new(signer).over(CONTENT)))),
        case("RSA key of 16384 bits", of_key(rsa(16_384), sha256_with_rsa.clone())),
        case("RSA key of 512 bits", of_key(rsa(512), sha256_with_rsa)),
        case("curve that nobody reads", of_key(brainpool, der::sequence(&[&der::oid(&[1, 2, 840, 10045, 4, 3, 2])]))),
        case("adbe.pkcs7.sha1", pkcs7_sha1),
        case("adbe.x509.rsa_sha1", rsa_sha1),
        case("unknown kind of signature", old_kind("Some.Thing")),
    ]
}

fn rsa_identifier() -> Vec<u8> {
    der::sequence(&[&der::oid(&[1, 2, 840, 113549, 1, 1, 1]), &der::null()])
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    // Lengths around would have to change: the identifier is filled up to the same length by a content of zeros.
    let mut out = bytes.to_vec();
    let mut padded = vec![to[0], (from.len() - 2) as u8];
    padded.extend(&to[2..]);
    padded.extend(std::iter::repeat_n(1, from.len() - to.len()));
    let mut at = 0;
    while let Some(found) = super::find_from(&out, from, at) {
        out[found..found + from.len()].copy_from_slice(&padded);
        at = found + from.len();
    }
    out
}

/// BER that RFC 5652, 5.1 allows around what is signed: it stays good.
fn encodings(bench: &Bench) -> Vec<Case> {
    let signer = &bench.signer;
    let make = |change: fn(&[u8]) -> Vec<u8>| {
        let signing = Signing {
            make: Some(Box::new(move |content| change(&Statement::new(signer).over(content)))),
            spare: 200,
            ..Signing::new(signer)
        };
        Input::Pdf(Paper::new().sign(&signing).bytes)
    };
    let case = |name, change| bench.case(ENCODING, name, sound(signer), make(change));
    vec![
        case("indefinite lengths", |cms| {
            let outer = der::read(cms).map(|outer| outer.content.to_vec()).unwrap_or_default();
            let kind = der::read(&outer).map(|kind| (kind.whole.to_vec(), kind.rest.to_vec())).unwrap_or_default();
            let data = der::read(&kind.1).map(|wrapper| wrapper.content.to_vec()).unwrap_or_default();
            let inner = der::read(&data).map(|data| data.content.to_vec()).unwrap_or_default();
            der::indefinite(der::SEQUENCE, &[kind.0, der::indefinite(0xa0, &der::indefinite(der::SEQUENCE, &inner))].concat())
        }),
        case("lengths longer than needed", |cms| {
            let content = der::read(cms).map(|outer| outer.content.to_vec()).unwrap_or_default();
            [&[der::SEQUENCE, 0x84][..], &(content.len() as u32).to_be_bytes(), &content].concat()
        }),
        case("indefinite length that never ends", |cms| {
            let content = der::read(cms).map(|outer| outer.content.to_vec()).unwrap_or_default();
            [&[der::SEQUENCE, 0x80][..], &content, &[1]].concat()
        }),
        case("length beyond the end", |cms| {
            let mut cms = cms.to_vec();
            cms[2] = 0x7f;
            cms
        }),
        case("length of sixteen bytes", |cms| [&[der::SEQUENCE, 0x90][..], &[0xff; 16], cms].concat()),
        case("nested a hundred and fifty deep", |cms| (0..150).fold(cms.to_vec(), |inner, _| der::sequence(&[&inner]))),
    ]
}
