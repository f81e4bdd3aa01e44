//! The measured files, made in code: a three-level PKI with revocation lists, and signatures under it over PDF, bare content
//! and XML. The shapes are those of ordinary official documents: some forty objects, a font, pictures, one visible signature.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
    RsaKeyPair, UnparsedPublicKey, VerificationAlgorithm,
};

use crate::der::{self, CONTEXT, INTEGER, OCTETS, OID, SEQUENCE, SET, tlv};

/// 2026-11-27 00:00:00 UTC.
pub(crate) const NOW: i64 = 1_795_737_600;
const ISSUED: &str = "20200101000000Z";
const EXPIRES: &str = "20400101000000Z";
const LISTED: &str = "20261126000000Z";
const NEXT_LIST: &str = "20261203000000Z";
const STAMPED: &str = "20261126010000Z";

/// `ring` signs with RSA but makes no RSA keys, hence the two public ones of the test kit.
const RSA_KEYS: [&str; 2] =
    [include_str!("../../../testkit/fixtures/test-rsa-2048-one.pem"), include_str!("../../../testkit/fixtures/test-rsa-2048-two.pem")];

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
const EC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const SHA256_ID: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 4];
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
const SIGNING_CERTIFICATE_V2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 47];
const TIME_STAMP: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 14];
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ORGANISATION: &[u8] = &[0x55, 4, 10];
const COUNTRY: &[u8] = &[0x55, 4, 6];
const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 14];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
const CRL_NUMBER: &[u8] = &[0x55, 0x1d, 20];
const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 35];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
const TIME_STAMPING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 8];

/// Bytes reserved for a CMS; common signing programs reserve as many.
const RESERVED: usize = 8192;
const RANGE: &str = "/ByteRange[0 0000000001 0000000002 0000000003]";

/// The kinds of signing keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Rsa2048,
    P256,
}

impl KeyKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "RSA-2048",
            Self::P256 => "P-256",
        }
    }
}

/// What a signature brings along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// The signer's certificate alone.
    Basic,
    /// A time stamp as well.
    Stamped,
    /// The whole chain as well, and in a PDF a security store with the revocation lists.
    LongTerm,
}

impl Level {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Basic => "B-B",
            Self::Stamped => "B-T",
            Self::LongTerm => "B-LT",
        }
    }
}

enum Secret {
    Rsa(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
}

/// A signature by itself, as `ring` takes it: the floor of what verification costs.
pub(crate) struct BareSignature {
    algorithm: &'static dyn VerificationAlgorithm,
    key: Vec<u8>,
    message: Vec<u8>,
    value: Vec<u8>,
}

impl BareSignature {
    pub(crate) fn verify(&self) {
        let key = UnparsedPublicKey::new(self.algorithm, &self.key);
        key.verify(&self.message, &self.value).expect("made by the key");
    }
}

/// A certificate with its key.
pub(crate) struct Node {
    secret: Secret,
    name: Vec<u8>,
    serial: Vec<u8>,
    pub(crate) der: Vec<u8>,
}

impl Secret {
    fn rsa(index: usize) -> Self {
        let lines = RSA_KEYS[index % RSA_KEYS.len()].lines().skip_while(|line| !line.starts_with("-----BEGIN"));
        let body: String = lines.skip(1).take_while(|line| !line.starts_with("-----END")).collect();
        let pkcs8 = BASE64.decode(body).expect("a PEM file");
        Self::Rsa(Box::new(RsaKeyPair::from_pkcs8(&pkcs8).expect("an RSA key")))
    }

    fn p256() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("randomness");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random).expect("just made");
        Self::P256(Box::new(pair))
    }

    fn bits(&self) -> Vec<u8> {
        match self {
            Self::Rsa(pair) => pair.public().as_ref().to_vec(),
            Self::P256(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    fn public_key_info(&self) -> Vec<u8> {
        let algorithm = match self {
            Self::Rsa(_) => tlv(SEQUENCE, &[&tlv(OID, &[RSA]), &[5, 0]]),
            Self::P256(_) => tlv(SEQUENCE, &[&tlv(OID, &[EC_KEY]), &tlv(OID, &[P256])]),
        };
        tlv(SEQUENCE, &[&algorithm, &der::bits(&self.bits())])
    }

    fn algorithm(&self) -> Vec<u8> {
        match self {
            Self::Rsa(_) => tlv(SEQUENCE, &[&tlv(OID, &[RSA_SHA256]), &[5, 0]]),
            Self::P256(_) => tlv(SEQUENCE, &[&tlv(OID, &[ECDSA_SHA256])]),
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let mut value = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut value).expect("enough room");
                value
            }
            Self::P256(pair) => pair.sign(&random, message).expect("randomness").as_ref().to_vec(),
        }
    }

    fn bare(&self, message: &[u8], value: &[u8]) -> BareSignature {
        let algorithm: &'static dyn VerificationAlgorithm = match self {
            Self::Rsa(_) => &RSA_PKCS1_2048_8192_SHA256,
            Self::P256(_) => &ECDSA_P256_SHA256_ASN1,
        };
        BareSignature { algorithm, key: self.bits(), message: message.to_vec(), value: value.to_vec() }
    }
}

/// Root, issuing authority, time-stamp authority, signers, and the lists of both authorities.
pub(crate) struct Pki {
    pub(crate) root: Node,
    pub(crate) issuer: Node,
    tsa: Node,
    signers: Vec<(KeyKind, Node)>,
    pub(crate) lists: [Vec<u8>; 2],
}

/// What a certificate is for.
enum Role {
    Authority,
    Signer,
    Clock,
}

impl Pki {
    /// A PKI whose issuing authority has revoked `revoked` certificates.
    pub(crate) fn new(revoked: u32) -> Self {
        let root = issue(Secret::rsa(0), "Root CA", 1, None, &Role::Authority);
        let issuer = issue(Secret::rsa(1), "CA phục vụ các cơ quan Nhà nước", 2, Some(&root), &Role::Authority);
        let tsa = issue(Secret::rsa(0), "TSA", 3, Some(&issuer), &Role::Clock);
        let signer = |kind: KeyKind, index: u32| {
            let secret = match kind {
                KeyKind::Rsa2048 => Secret::rsa(index as usize),
                KeyKind::P256 => Secret::p256(),
            };
            (kind, issue(secret, &format!("Nguyễn Văn A {index}"), 100 + index, Some(&issuer), &Role::Signer))
        };
        let signers = (0..8).flat_map(|index| [signer(KeyKind::Rsa2048, 2 * index), signer(KeyKind::P256, 2 * index + 1)]).collect();
        let lists = [list(&issuer, 1000..1000 + revoked), list(&root, 0..0)];
        Self { root, issuer, tsa, signers, lists }
    }

    fn signer(&self, kind: KeyKind, index: usize) -> &Node {
        let mut own = self.signers.iter().filter(|(known, _)| *known == kind).map(|(_, node)| node).cycle();
        own.nth(index % 8).expect("there are signers of each kind")
    }
}

fn name(common_name: &str) -> Vec<u8> {
    let part = |kind: &[u8], tag: u8, value: &str| tlv(SET, &[&tlv(SEQUENCE, &[&tlv(OID, &[kind]), &tlv(tag, &[value.as_bytes()])])]);
    tlv(SEQUENCE, &[&part(COUNTRY, 0x13, "VN"), &part(ORGANISATION, 0x0c, "Ban Cơ yếu Chính phủ"), &part(COMMON_NAME, 0x0c, common_name)])
}

fn time(text: &str) -> Vec<u8> {
    tlv(0x18, &[text.as_bytes()])
}

fn number(value: u32) -> Vec<u8> {
    // A leading zero keeps it positive; serial numbers of real authorities are as long.
    [&[0x40, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], value.to_be_bytes().as_slice()].concat()
}

fn extension(identifier: &[u8], is_critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if is_critical { &[1, 1, 0xff] } else { &[] };
    tlv(SEQUENCE, &[&tlv(OID, &[identifier]), critical, &tlv(OCTETS, &[value])])
}

fn key_id(name: &[u8]) -> Vec<u8> {
    digest(&SHA256, name).as_ref()[..20].to_vec()
}

fn issue(secret: Secret, common_name: &str, serial: u32, issuer: Option<&Node>, role: &Role) -> Node {
    let own = name(common_name);
    let (issuer_name, issuer_secret) = issuer.map_or((&own, &secret), |issuer| (&issuer.name, &issuer.secret));
    let usage = match role {
        Role::Authority => extension(KEY_USAGE, true, &[3, 2, 1, 6]),
        Role::Signer | Role::Clock => extension(KEY_USAGE, true, &[3, 2, 6, 0xc0]),
    };
    let more = match role {
        Role::Authority => extension(BASIC_CONSTRAINTS, true, &tlv(SEQUENCE, &[&[1, 1, 0xff]])),
        Role::Signer => Vec::new(),
        Role::Clock => extension(EXTENDED_KEY_USAGE, true, &tlv(SEQUENCE, &[&tlv(OID, &[TIME_STAMPING])])),
    };
    let identifiers = [
        extension(SUBJECT_KEY_ID, false, &tlv(OCTETS, &[&key_id(&own)])),
        extension(AUTHORITY_KEY_ID, false, &tlv(SEQUENCE, &[&tlv(0x80, &[&key_id(issuer_name)])])),
    ];
    let serial = number(serial);
    let tbs = tlv(
        SEQUENCE,
        &[
            &tlv(CONTEXT, &[&tlv(INTEGER, &[&[2]])]),
            &tlv(INTEGER, &[&serial]),
            &issuer_secret.algorithm(),
            issuer_name,
            &tlv(SEQUENCE, &[&time(ISSUED), &time(EXPIRES)]),
            &own,
            &secret.public_key_info(),
            &tlv(CONTEXT | 3, &[&tlv(SEQUENCE, &[&usage, &more, &identifiers.concat()])]),
        ],
    );
    let der = tlv(SEQUENCE, &[&tbs, &issuer_secret.algorithm(), &der::bits(&issuer_secret.sign(&tbs))]);
    Node { secret, name: own, serial, der }
}

fn list(issuer: &Node, serials: std::ops::Range<u32>) -> Vec<u8> {
    let entries: Vec<u8> = serials.flat_map(|serial| tlv(SEQUENCE, &[&tlv(INTEGER, &[&number(serial)]), &time(LISTED)])).collect();
    let entries = if entries.is_empty() { entries } else { tlv(SEQUENCE, &[&entries]) };
    let extensions = [
        extension(AUTHORITY_KEY_ID, false, &tlv(SEQUENCE, &[&tlv(0x80, &[&key_id(&issuer.name)])])),
        extension(CRL_NUMBER, false, &tlv(INTEGER, &[&[7]])),
    ];
    let tbs = tlv(
        SEQUENCE,
        &[
            &tlv(INTEGER, &[&[1]]),
            &issuer.secret.algorithm(),
            &issuer.name,
            &time(LISTED),
            &time(NEXT_LIST),
            &entries,
            &tlv(CONTEXT, &[&tlv(SEQUENCE, &[&extensions.concat()])]),
        ],
    );
    tlv(SEQUENCE, &[&tbs, &issuer.secret.algorithm(), &der::bits(&issuer.secret.sign(&tbs))])
}

/// A CMS, and the signatures in it.
struct Cms {
    der: Vec<u8>,
    signatures: Vec<BareSignature>,
}

fn attribute(identifier: &[u8], value: &[u8]) -> Vec<u8> {
    tlv(SEQUENCE, &[&tlv(OID, &[identifier]), &tlv(SET, &[value])])
}

/// A SignedData by `signer` over `content`, which it encloses where it is a time stamp's.
fn signed_data(signer: &Node, content_type: &[u8], content: &[u8], certificates: &[&Node], stamped_by: Option<&Node>) -> Cms {
    let sha256 = tlv(SEQUENCE, &[&tlv(OID, &[SHA256_ID])]);
    let pinned = tlv(OCTETS, &[digest(&SHA256, &signer.der).as_ref()]);
    let pinned = tlv(SEQUENCE, &[&tlv(SEQUENCE, &[&tlv(SEQUENCE, &[&pinned])])]);
    let mut attributes = [
        attribute(CONTENT_TYPE, &tlv(OID, &[content_type])),
        attribute(MESSAGE_DIGEST, &tlv(OCTETS, &[digest(&SHA256, content).as_ref()])),
        attribute(SIGNING_CERTIFICATE_V2, &pinned),
    ];
    attributes.sort();
    let attributes = attributes.concat();
    let message = tlv(SET, &[&attributes]);
    let value = signer.secret.sign(&message);
    let mut signatures = vec![signer.secret.bare(&message, &value)];
    let unsigned = match stamped_by {
        None => Vec::new(),
        Some(tsa) => {
            let token = time_stamp(tsa, &value);
            signatures.extend(token.signatures);
            tlv(CONTEXT | 1, &[&attribute(TIME_STAMP, &token.der)])
        }
    };
    let issuer = der::issuer_of(&signer.der);
    let info = tlv(
        SEQUENCE,
        &[
            &tlv(INTEGER, &[&[1]]),
            &tlv(SEQUENCE, &[&issuer, &tlv(INTEGER, &[&signer.serial])]),
            &sha256,
            &tlv(CONTEXT, &[&attributes]),
            &signer.secret.algorithm(),
            &tlv(OCTETS, &[&value]),
            &unsigned,
        ],
    );
    let enclosed = if content_type == DATA { Vec::new() } else { tlv(CONTEXT, &[&tlv(OCTETS, &[content])]) };
    let certificates: Vec<u8> = certificates.iter().flat_map(|node| node.der.iter().copied()).collect();
    let data = tlv(
        SEQUENCE,
        &[
            // RFC 5652, 5.1: 3 where the content is no plain data.
            &tlv(INTEGER, &[if content_type == DATA { &[1] } else { &[3] }]),
            &tlv(SET, &[&sha256]),
            &tlv(SEQUENCE, &[&tlv(OID, &[content_type]), &enclosed]),
            &tlv(CONTEXT, &[&certificates]),
            &tlv(SET, &[&info]),
        ],
    );
    Cms { der: tlv(SEQUENCE, &[&tlv(OID, &[SIGNED_DATA]), &tlv(CONTEXT, &[&data])]), signatures }
}

fn time_stamp(tsa: &Node, stamped: &[u8]) -> Cms {
    let imprint = tlv(SEQUENCE, &[&tlv(SEQUENCE, &[&tlv(OID, &[SHA256_ID])]), &tlv(OCTETS, &[digest(&SHA256, stamped).as_ref()])]);
    let info = tlv(SEQUENCE, &[&tlv(INTEGER, &[&[1]]), &tlv(OID, &[&[0x2a, 3]]), &imprint, &tlv(INTEGER, &[&[7]]), &time(STAMPED)]);
    signed_data(tsa, TST_INFO, &info, &[tsa], None)
}

/// A file to be judged, and the bare signatures in it.
pub(crate) struct Sample {
    pub(crate) bytes: Vec<u8>,
    /// The content beside a detached signature.
    pub(crate) content: Option<Vec<u8>>,
    pub(crate) signatures: Vec<BareSignature>,
}

impl Sample {
    /// Bytes that have to be hashed at least once.
    pub(crate) fn hashed(&self) -> &[u8] {
        self.content.as_deref().unwrap_or(&self.bytes)
    }
}

fn sign_content(pki: &Pki, (kind, level, index): (KeyKind, Level, usize), content: &[u8]) -> Cms {
    let signer = pki.signer(kind, index);
    let certificates = match level {
        Level::Basic | Level::Stamped => vec![signer],
        Level::LongTerm => vec![signer, &pki.issuer, &pki.root],
    };
    signed_data(signer, DATA, content, &certificates, (level != Level::Basic).then_some(&pki.tsa))
}

/// A detached CMS over `length` bytes.
pub(crate) fn detached(pki: &Pki, what: (KeyKind, Level, usize), length: usize) -> Sample {
    let content = noise(length, what.2 as u64);
    let Cms { der, signatures } = sign_content(pki, what, &content);
    Sample { bytes: der, content: Some(content), signatures }
}

/// A PDF of about `length` bytes with `count` signatures.
pub(crate) fn pdf(pki: &Pki, what: (KeyKind, Level, usize), length: usize, count: u32) -> Sample {
    let mut writer = Pdf::new(length.saturating_sub(count as usize * 2 * RESERVED), what.2 as u64);
    let mut signatures = Vec::new();
    for index in 0..count {
        writer.sign(index, |content| {
            let cms = sign_content(pki, what, content);
            signatures.extend(cms.signatures);
            cms.der
        });
    }
    if what.1 == Level::LongTerm {
        writer.add_security_store(count, &[&pki.issuer.der, &pki.root.der], &pki.lists);
    }
    Sample { bytes: writer.bytes, content: None, signatures }
}

/// Bytes without a pattern that stay clear of the words of PDF.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3] | 0x80
    };
    (0..length).map(|_| next()).collect()
}

const PAGES: u32 = 6;
const FIELDS: u32 = 60;
const STORE: u32 = 80;

struct Pdf {
    bytes: Vec<u8>,
    last_table: Option<usize>,
}

impl Pdf {
    fn new(length: usize, seed: u64) -> Self {
        let mut pdf = Self { bytes: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec(), last_table: None };
        let stream = |dictionary: &str, length: usize, seed: u64| {
            let head = format!("<<{dictionary}/Length {length}>>\nstream\n");
            [head.as_bytes(), &noise(length, seed), b"\nendstream"].concat()
        };
        let mut objects = vec![(1, catalogue(0, "")), (2, page_tree()), (3, b"<</Producer(speed)/Title(C\\364ng v\\341n)>>".to_vec())];
        let share = length.saturating_sub(6000) / (PAGES as usize * 3 + 4);
        for page in 0..PAGES {
            let first = 10 + 5 * page;
            let body = format!(
                "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595.32 841.92]/Resources<</Font<</F1 5 0 R/F2 5 0 R>>/XObject<</Im0 {} 0 R>>\
                 /ProcSet[/PDF/Text/ImageB/ImageC/ImageI]>>/Contents {} 0 R/Group<</Type/Group/S/Transparency/CS/DeviceRGB>>/Tabs/S>>",
                first + 2,
                first + 1
            );
            objects.push((first, body.into_bytes()));
            objects.push((first + 1, stream("", share, seed + u64::from(page))));
            let picture = "/Type/XObject/Subtype/Image/Width 64/Height 64/ColorSpace/DeviceRGB/BitsPerComponent 8";
            objects.push((first + 2, stream(picture, 2 * share, seed + 100 + u64::from(page))));
        }
        let widths: String = (0..224).map(|code| format!("{} ", 250 + code % 500)).collect();
        let font = "<</Type/Font/Subtype/TrueType/BaseFont/ABCDEE+Times/Encoding/WinAnsiEncoding/FontDescriptor 6 0 R/FirstChar 32";
        objects.push((5, format!("{font}/LastChar 255/Widths 7 0 R>>").into_bytes()));
        let descriptor = "<</Type/FontDescriptor/FontName/ABCDEE+Times/Flags 32/ItalicAngle 0/Ascent 891/Descent -216/CapHeight 693";
        objects.push((6, format!("{descriptor}/FontBBox[-568 -216 2046 693]/FontFile2 8 0 R>>").into_bytes()));
        objects.push((7, format!("[{widths}]").into_bytes()));
        objects.push((8, stream("", 4 * share, seed + 999)));
        pdf.revise(&objects);
        pdf
    }

    /// Appends a revision.
    fn revise(&mut self, objects: &[(u32, Vec<u8>)]) {
        let mut table = String::from("0 1\n0000000000 65535 f \n");
        for (number, body) in objects {
            let _ = write!(table, "{number} 1\n{:010} 00000 n \n", self.bytes.len());
            self.bytes.extend([format!("{number} 0 obj\n").as_bytes(), body, b"\nendobj\n"].concat());
        }
        let start = self.bytes.len();
        let previous = self.last_table.map(|at| format!("/Prev {at}")).unwrap_or_default();
        let trailer = format!("trailer\n<</Size 100/Root 1 0 R/Info 3 0 R{previous}>>\nstartxref\n{start}\n%%EOF\n");
        self.bytes.extend(format!("xref\n{table}{trailer}").bytes());
        self.last_table = Some(start);
    }

    fn sign(&mut self, index: u32, make: impl FnOnce(&[u8]) -> Vec<u8>) {
        let field = FIELDS + 3 * index;
        let widget = format!(
            "<</Type/Annot/Subtype/Widget/FT/Sig/T(Signature{})/V {} 0 R/P 10 0 R/Rect[50 50 200 100]/F 132/AP<</N {} 0 R>>>>",
            index + 1,
            field + 1,
            field + 2
        );
        let annotations: String = (0..=index).map(|index| format!("{} 0 R ", FIELDS + 3 * index)).collect();
        let page = format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595.32 841.92]/Resources<</Font<</F1 5 0 R/F2 5 0 R>>/XObject<</Im0 12 0 R>>\
             /ProcSet[/PDF/Text/ImageB/ImageC/ImageI]>>/Contents 11 0 R/Group<</Type/Group/S/Transparency/CS/DeviceRGB>>/Tabs/S\
             /Annots[{annotations}]>>"
        );
        let value = format!(
            "<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M(D:20261126080000+07'00'){RANGE}/Contents<{}>>>",
            "00".repeat(RESERVED)
        );
        let appearance =
            "<</Type/XObject/Subtype/Form/BBox[0 0 150 50]/Resources<<>>/Length 24>>\nstream\nq 0 0 150 50 re S Q     \nendstream";
        let catalogue = catalogue(index + 1, "");
        let texts = [(field, widget), (10, page), (field + 1, value), (field + 2, appearance.to_owned())];
        let mut objects: Vec<(u32, Vec<u8>)> = texts.into_iter().map(|(number, text)| (number, text.into_bytes())).collect();
        objects.push((1, catalogue));
        let base = self.bytes.len();
        self.revise(&objects);
        let find = |bytes: &[u8], needle: &[u8]| bytes.windows(needle.len()).position(|window| window == needle).expect("just written");
        let added = &self.bytes[base..];
        let (range_at, start) = (base + find(added, RANGE.as_bytes()), base + find(added, b"/Contents<0") + 9);
        let end = start + 2 * RESERVED + 2;
        let range = format!("/ByteRange[0 {start:010} {end:010} {:010}]", self.bytes.len() - end);
        self.bytes.splice(range_at..range_at + range.len(), range.bytes());
        let cms = make(&[&self.bytes[..start], &self.bytes[end..]].concat());
        assert!(cms.len() <= RESERVED, "{} bytes of CMS", cms.len());
        let hex: String = cms.iter().map(|byte| format!("{byte:02x}")).collect();
        self.bytes.splice(start + 1..start + 1 + hex.len(), hex.bytes());
    }

    fn add_security_store(&mut self, signed: u32, certificates: &[&[u8]], lists: &[Vec<u8>]) {
        let mut objects = Vec::new();
        let mut add = |items: &[&[u8]]| -> String {
            let mut references = String::new();
            for item in items {
                let number = STORE + objects.len() as u32;
                let _ = write!(references, "{number} 0 R ");
                objects.push((number, [format!("<</Length {}>>\nstream\n", item.len()).as_bytes(), item, b"\nendstream"].concat()));
            }
            references
        };
        let lists: Vec<&[u8]> = lists.iter().map(Vec::as_slice).collect();
        let store = format!("/DSS<</Certs[{}]/CRLs[{}]>>", add(certificates), add(&lists));
        objects.push((1, catalogue(signed, &store)));
        self.revise(&objects);
    }
}

fn catalogue(signed: u32, more: &str) -> Vec<u8> {
    let fields: String = (0..signed).map(|index| format!("{} 0 R ", FIELDS + 3 * index)).collect();
    format!("<</Type/Catalog/Pages 2 0 R/Lang(vi-VN)/AcroForm<</Fields[{fields}]/SigFlags 3>>{more}>>").into_bytes()
}

fn page_tree() -> Vec<u8> {
    let kids: String = (0..PAGES).map(|page| format!("{} 0 R ", 10 + 5 * page)).collect();
    format!("<</Type/Pages/Kids[{kids}]/Count {PAGES}>>").into_bytes()
}

/// An enveloped XML signature over about `length` bytes, written in canonical form from the start.
pub(crate) fn xml(pki: &Pki, (kind, index): (KeyKind, usize), length: usize) -> Sample {
    const VOCABULARY: &str = "http://www.w3.org/2000/09/xmldsig#";
    const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
    let row = |at: usize| {
        format!("<dong so=\"{at}\"><ten>Nguyễn Văn {at}</ten><noi-dung>Công văn số {at}/UBND &amp; phụ lục</noi-dung></dong>\n")
    };
    let mut body = String::new();
    for at in 0.. {
        if body.len() >= length {
            break;
        }
        body += &row(at + index);
    }
    let whole = |signature: &str| format!("<van-ban xmlns=\"urn:van-thu\">{body}{signature}</van-ban>");
    let signer = pki.signer(kind, index);
    let method = match kind {
        KeyKind::Rsa2048 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        KeyKind::P256 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    };
    let signed_info = format!(
        "<ds:SignedInfo xmlns:ds=\"{VOCABULARY}\"><ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"></ds:CanonicalizationMethod>\
         <ds:SignatureMethod Algorithm=\"{method}\"></ds:SignatureMethod><ds:Reference URI=\"\"><ds:Transforms>\
         <ds:Transform Algorithm=\"{VOCABULARY}enveloped-signature\"></ds:Transform><ds:Transform Algorithm=\"{EXCLUSIVE}\"></ds:Transform>\
         </ds:Transforms><ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod>\
         <ds:DigestValue>{}</ds:DigestValue></ds:Reference></ds:SignedInfo>",
        BASE64.encode(digest(&SHA256, whole("").as_bytes()))
    );
    let value = signer.secret.sign(signed_info.as_bytes());
    let signatures = vec![signer.secret.bare(signed_info.as_bytes(), &value)];
    let shown = match kind {
        KeyKind::Rsa2048 => value,
        // XMLDSig wants r and s, 32 bytes each, side by side (RFC 4050).
        KeyKind::P256 => der::fixed_pair(&value),
    };
    let signature = format!(
        "<ds:Signature xmlns:ds=\"{VOCABULARY}\">{}<ds:SignatureValue>{}</ds:SignatureValue><ds:KeyInfo><ds:X509Data>\
         <ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>",
        signed_info.replacen(&format!(" xmlns:ds=\"{VOCABULARY}\""), "", 1),
        BASE64.encode(shown),
        BASE64.encode(&signer.der)
    );
    Sample { bytes: whole(&signature).into_bytes(), content: None, signatures }
}
