//! CMS files: signatures that enclose what they sign (`.p7m`), and detached ones (`.p7s`) beside it.

use crate::armour::{self, CmsEncoding};
use crate::cms::{CmsError, SignedData, SignerInfo};
use crate::counter;
use crate::detached::{report, unreadable};
use crate::evidence::Evidence;
use crate::judge::{self, Judged, Proof};
use crate::judgement::Judgement;
use crate::limit;
use crate::oid;
use crate::options::Options;
use crate::report::{Coverage, DocumentReport, SignatureReport, SubIndication};
use crate::signer::{self, Demands, SigningCertificateAttribute};
use crate::trust::TrustStore;

/// Signed messages within one another that are judged; real ones are two.
const MAX_NESTING: usize = 4;

/// What a CMS file holds and what its signatures are worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CmsReport {
    /// The file is a SignedData; if not, the faults of `document` say why.
    pub is_readable: bool,
    /// How the file is written.
    pub encoding: Option<CmsEncoding>,
    /// The type of what is signed, dotted: `1.2.840.113549.1.7.1` for a file. Empty where nothing could be read.
    pub content_type: String,
    /// What the file encloses, as it was signed. Whoever uses the content uses these bytes.
    pub content: Option<Vec<u8>>,
    /// One verdict per SignerInfo over the content, in the order of the file.
    pub document: DocumentReport,
    /// Signatures over other signatures (RFC 5652, 11.4). None of them signs the content.
    pub counter_signatures: Vec<CounterSignature>,
    /// The content's own report, where it is a CMS again.
    pub inner: Option<Box<Self>>,
}

impl CmsReport {
    /// One report on the signatures of every level: those of inner messages are named `level 2, signer 1` and so on. Coverage is
    /// that of the outermost level.
    #[must_use]
    pub fn into_document(self) -> DocumentReport {
        let Self { mut document, mut inner, .. } = self;
        let mut level = 1;
        while let Some(one) = inner {
            level += 1;
            let named = one
                .document
                .signatures
                .into_iter()
                .map(|signature| SignatureReport { field: format!("level {level}, {}", signature.field), ..signature });
            document.signatures.extend(named);
            document.faults.extend(one.document.faults.into_iter().map(|fault| format!("level {level}: {fault}")));
            inner = one.inner;
        }
        document
    }
}

/// A signature over a signature value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterSignature {
    /// The field of the signature whose value it signs.
    pub signs: String,
    /// Its own verdict; its field says where it stands, such as `signer 1, counter-signature 1`.
    pub report: SignatureReport,
}

/// Judges every signer of the CMS file `bytes` over the content that it encloses.
///
/// `bytes` is one SignedData in BER, PEM or base64, with nothing around it. One without content gives INDETERMINATE /
/// SIGNED_DATA_NOT_FOUND: see [`verify_cms_over`].
#[must_use]
pub fn verify_cms(bytes: &[u8], trust: &TrustStore, options: &Options) -> CmsReport {
    level(bytes, None, None, 1, trust, options)
}

/// Judges every signer of the CMS file `bytes` over `content`. A CMS that encloses something else is refused.
#[must_use]
pub fn verify_cms_over(bytes: &[u8], content: &[u8], trust: &TrustStore, options: &Options) -> CmsReport {
    level(bytes, Some(content), None, 1, trust, options)
}

/// Likewise, for a file that the stamps around it prove to have `existed`.
pub(crate) fn verify_cms_existing(
    bytes: &[u8],
    content: &[u8],
    existed: Option<&Proof>,
    trust: &TrustStore,
    options: &Options,
) -> CmsReport {
    level(bytes, Some(content), existed, 1, trust, options)
}

fn level(bytes: &[u8], offered: Option<&[u8]>, existed: Option<&Proof>, depth: usize, trust: &TrustStore, options: &Options) -> CmsReport {
    let (encoding, ber) = match armour::take_off(bytes) {
        Ok((encoding, ber)) => (encoding, ber),
        Err(reason) => return unread(None, reason.to_owned()),
    };
    let (data, rest) = match SignedData::parse(&ber, options.limits.max_certificates) {
        Ok(read) => read,
        Err(CmsError::NotSignedData) => return unread(Some(encoding), "the CMS is unreadable: it is no SignedData".to_owned()),
        Err(error) => return unread(Some(encoding), limit::unreadable_cms("the CMS", &error)),
    };
    if data.signers.is_empty() {
        let report = unread(Some(encoding), "the CMS has no signer".to_owned());
        // A bundle of certificates is nobody's signature; offered as one, it is a bad one.
        let signatures = if offered.is_some() { report.document.signatures } else { Vec::new() };
        return CmsReport { document: DocumentReport { signatures, ..report.document }, ..report };
    }
    let content = offered.or(data.content.as_deref());
    let mut signatures = Vec::with_capacity(data.signers.len());
    let mut counter_signatures = Vec::new();
    for (index, info) in data.signers.iter().take(options.limits.max_signatures).enumerate() {
        let field = format!("signer {}", index + 1);
        let mut judged = match content {
            Some(content) => judge_over(content, &data, info, existed, trust, options),
            None => without_content(&data, info),
        };
        if !rest.is_empty() {
            let reason = format!("{} bytes follow the CMS", rest.len());
            judged.judgement.fail(SubIndication::FormatFailure, reason);
        }
        let encloses_other = offered.is_some() && data.content.as_deref().is_some_and(|enclosed| content != Some(enclosed));
        if encloses_other {
            judged.judgement.fail(SubIndication::FormatFailure, "the CMS encloses other content than the one presented");
        } else if offered.is_some() && data.content.is_some() {
            judged.judgement.note("the CMS encloses its content");
        }
        counter::judge(&data, info, &field, &mut judged.judgement, &mut counter_signatures, trust, options);
        let is_intact = judged.arithmetic.intact && !judged.judgement.has_failed();
        signatures.push(SignatureReport { covers_whole_file: is_intact, ..report(field, "CMS", judged) });
    }
    let is_intact = signatures.iter().any(|one| one.covers_whole_file);
    let mut faults = Vec::new();
    if !is_intact {
        faults.push("no signature over this content is intact".to_owned());
    }
    let length = content.map_or(0, |content| content.len() as u64);
    let coverage = if is_intact { Coverage::Whole } else { Coverage::BytesAddedAfter { signed_end: 0, length } };
    let inner = data.content.as_deref().filter(|content| is_message(content)).and_then(|content| {
        if depth < MAX_NESTING {
            return Some(Box::new(level(content, None, existed, depth + 1, trust, options)));
        }
        faults.push(format!("signed messages stand within one another more than {MAX_NESTING} deep: the innermost are not judged"));
        None
    });
    CmsReport {
        is_readable: true,
        encoding: Some(encoding),
        content_type: oid::dotted(data.content_type),
        document: DocumentReport::new(coverage, signatures, faults),
        counter_signatures,
        inner,
        content: data.content.map(std::borrow::Cow::into_owned),
    }
}

fn judge_over(
    content: &[u8],
    data: &SignedData<'_>,
    info: &SignerInfo<'_>,
    existed: Option<&Proof>,
    trust: &TrustStore,
    options: &Options,
) -> Judged {
    let parts = [content];
    let mut judged =
        judge::signature_existing(data, info, &demands(&parts, data, &Evidence::with_caches(trust.caches())), existed, trust, options);
    if data.content_type == oid::TST_INFO {
        judged.judgement.doubt(SubIndication::Generic, "the CMS is a time stamp, and no signature of somebody");
    }
    judged
}

/// The type of the content may be any, as long as the signer signed for it.
fn demands<'a>(content: &'a [&'a [u8]], data: &'a SignedData<'_>, evidence: &'a Evidence) -> Demands<'a> {
    Demands {
        content,
        prefixes: None,
        content_type: data.content_type,
        signing_certificate: SigningCertificateAttribute::Optional,
        evidence,
        claimed_time: None,
    }
}

/// Who signed can be told, and nothing of what.
fn without_content(data: &SignedData<'_>, info: &SignerInfo<'_>) -> Judged {
    let mut aside = Judgement::default();
    let mut arithmetic = signer::check(data, info, &demands(&[], data, &Evidence::default()), &mut aside);
    arithmetic.intact = false;
    let mut judged = Judged { arithmetic, ..Judged::default() };
    judged.judgement.doubt(SubIndication::SignedDataNotFound, "the CMS does not enclose what it signs");
    judged
}

/// Whether `content` looks like a signed message itself: that is a SEQUENCE that begins with the type, whatever its clothes.
fn is_message(content: &[u8]) -> bool {
    /// Tag and length in front of the type take up to eleven bytes, the type itself eleven.
    const HEAD: usize = 22;
    let Ok((_, ber)) = armour::take_off(content) else { return false };
    let head = ber.get(..ber.len().min(HEAD)).unwrap_or_default();
    head.windows(oid::SIGNED_DATA.len()).any(|window| window == oid::SIGNED_DATA)
}

fn unread(encoding: Option<CmsEncoding>, reason: String) -> CmsReport {
    CmsReport {
        is_readable: false,
        encoding,
        content_type: String::new(),
        content: None,
        document: unreadable(reason),
        counter_signatures: Vec::new(),
        inner: None,
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;
    use crate::algorithm::sha256;
    use crate::asn1::{Element, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, encode};
    use crate::options::RevocationPolicy;
    use crate::report::Verdict;
    use crate::testing::{CmsTemplate, NOW, Node, Pki, Template, attribute, cms, time_stamp};

    fn trust(pki: &Pki) -> TrustStore {
        let mut trust = TrustStore::new();
        trust.add_anchor(pki.root.der(), None, None).unwrap();
        trust.add_intermediate(pki.issuer.der()).unwrap();
        trust
    }

    fn options() -> Options {
        Options { revocation: RevocationPolicy::Accept, ..Options::at(NOW) }
    }

    fn judge(bytes: &[u8], pki: &Pki) -> CmsReport {
        verify_cms(bytes, &trust(pki), &options())
    }

    fn enclosing(pki: &Pki, content: &[u8], template: CmsTemplate<'_>) -> Vec<u8> {
        cms(&pki.signer, &[&pki.signer, &pki.tsa], content, &CmsTemplate { enclose: true, ..template })
    }

    fn outcomes(report: &CmsReport) -> Vec<(Verdict, Option<SubIndication>)> {
        report.document.signatures.iter().map(|one| (one.verdict, one.sub_indication)).collect()
    }

    #[test]
    fn an_enveloping_signature_gives_its_content_in_any_clothes() {
        let pki = Pki::new();
        let der = enclosing(&pki, b"C\xc3\xb4ng v\xc4\x83n", CmsTemplate { signers: 2, ..CmsTemplate::default() });
        let text = STANDARD.encode(&der);
        let pem = format!("-----BEGIN PKCS7-----\n{text}\n-----END PKCS7-----\n");
        for (bytes, encoding) in
            [(der.as_slice(), CmsEncoding::Binary), (text.as_bytes(), CmsEncoding::Base64), (pem.as_bytes(), CmsEncoding::Pem)]
        {
            let report = judge(bytes, &pki);
            assert_eq!(outcomes(&report), [(Verdict::TotalPassed, None); 2], "{report:?}");
            assert_eq!(report.content.as_deref(), Some("Công văn".as_bytes()));
            assert_eq!((report.encoding, report.document.coverage, report.is_readable), (Some(encoding), Coverage::Whole, true));
            assert_eq!(report.content_type, "1.2.840.113549.1.7.1");
        }
    }

    #[test]
    fn an_attached_signature_offered_for_another_file_is_refused() {
        let pki = Pki::new();
        let der = enclosing(&pki, b"one", CmsTemplate::default());
        let over = |content: &[u8]| outcomes(&verify_cms_over(&der, content, &trust(&pki), &options()));
        assert_eq!(over(b"one"), [(Verdict::TotalPassed, None)]);
        assert_eq!(over(b"two"), [(Verdict::TotalFailed, Some(SubIndication::FormatFailure))]);
        assert_eq!(over(b""), [(Verdict::TotalFailed, Some(SubIndication::FormatFailure))]);
    }

    #[test]
    fn a_detached_signature_alone_tells_who_signed_and_passes_never() {
        let pki = Pki::new();
        let der = cms(&pki.signer, &[&pki.signer], b"one", &CmsTemplate::default());
        let report = judge(&der, &pki);
        assert_eq!(outcomes(&report), [(Verdict::Indeterminate, Some(SubIndication::SignedDataNotFound))]);
        assert_eq!(report.document.signatures[0].signer.as_ref().unwrap().common_name, "Nguyen Van A");
        assert_eq!((report.content, report.document.signatures[0].covers_whole_file), (None, false));
    }

    #[test]
    fn other_things_than_signed_messages_say_what_they_are_not() {
        let pki = Pki::new();
        let token = time_stamp(&pki.tsa, b"one", NOW - 60);
        assert_eq!(outcomes(&judge(&token, &pki))[0].0, Verdict::Indeterminate);
        assert!(judge(&token, &pki).document.signatures[0].reasons.iter().any(|reason| reason.contains("is a time stamp")));
        // EnvelopedData, 1.2.840.113549.1.7.3.
        let sealed = encode(SEQUENCE, &[encode(OID, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3]), encode(0xa0, &[5, 0])].concat());
        for bytes in [sealed.as_slice(), b"", b"0", b"text", b"\x30\x80"] {
            let report = judge(bytes, &pki);
            assert_eq!(outcomes(&report), [(Verdict::TotalFailed, Some(SubIndication::FormatFailure))], "{bytes:?}");
            assert!(!report.is_readable && report.document.coverage == Coverage::NotSigned);
        }
        let bundle = enclosing(&pki, b"one", CmsTemplate { signers: 0, ..CmsTemplate::default() });
        let report = judge(&bundle, &pki);
        assert_eq!((outcomes(&report), report.document.coverage), (Vec::new(), Coverage::NotSigned));
        let offered = verify_cms_over(&bundle, b"one", &trust(&pki), &options());
        assert_eq!(outcomes(&offered), [(Verdict::TotalFailed, Some(SubIndication::FormatFailure))]);
        let der = enclosing(&pki, b"one", CmsTemplate::default());
        for trailing in [[der.as_slice(), b"\0"].concat(), [der.as_slice(), &der].concat()] {
            assert_eq!(outcomes(&judge(&trailing, &pki)), [(Verdict::TotalFailed, Some(SubIndication::FormatFailure))]);
        }
    }

    #[test]
    fn messages_within_messages_are_judged_each_and_not_without_end() {
        let pki = Pki::new();
        let mut bytes = b"one".to_vec();
        for depth in 1..=6usize {
            bytes = enclosing(&pki, &bytes, CmsTemplate::default());
            if depth == 2 {
                bytes = STANDARD.encode(&bytes).into_bytes();
            }
            let report = judge(&bytes, &pki);
            if depth == 2 {
                continue;
            }
            let is_cut = report.clone().into_document().faults.iter().any(|fault| fault.contains("more than 4 deep"));
            let fields: Vec<String> = report.into_document().signatures.into_iter().map(|one| one.field).collect();
            assert_eq!((fields.len(), is_cut), (depth.min(4), depth > 4), "{fields:?}");
            assert_eq!(fields.get(2).map(String::as_str), (depth > 2).then_some("level 3, signer 1"));
        }
        // A sound message around a broken one does not mend it.
        let mut inner = enclosing(&pki, b"one", CmsTemplate::default());
        let at = inner.windows(3).position(|window| window == b"one").unwrap();
        inner[at] = b'0';
        let report = judge(&enclosing(&pki, &inner, CmsTemplate::default()), &pki);
        assert_eq!(outcomes(&report), [(Verdict::TotalPassed, None)]);
        assert_eq!(outcomes(report.inner.as_ref().unwrap()), [(Verdict::TotalFailed, Some(SubIndication::HashFailure))]);
        assert_eq!(report.into_document().signatures[1].verdict, Verdict::TotalFailed);
    }

    /// A SignerInfo by `node` over `value`, with `more` signed attributes.
    fn counter(node: &Node, value: &[u8], more: &[Vec<u8>], unsigned: &[u8]) -> Vec<u8> {
        let digest = attribute(oid::MESSAGE_DIGEST, &encode(OCTET_STRING, &sha256(value)));
        let attributes = [more.concat(), digest].concat();
        let signature = node.sign(&encode(SET, &attributes));
        let certificate = node.certificate();
        let algorithm = |identifier: &[u8]| encode(SEQUENCE, &encode(OID, identifier));
        let parts = [
            encode(INTEGER, &[1]),
            encode(SEQUENCE, &[certificate.issuer_raw.clone(), encode(INTEGER, &certificate.serial)].concat()),
            algorithm(oid::SHA256),
            encode(0xa0, &attributes),
            algorithm(oid::ED25519),
            encode(OCTET_STRING, &signature),
            if unsigned.is_empty() { Vec::new() } else { encode(0xa1, unsigned) },
        ];
        encode(SEQUENCE, &parts.concat())
    }

    /// A message whose signature value `by` may counter-sign: that of a deterministic signature does not depend on it.
    fn counter_signed(pki: &Pki, by: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let bare = enclosing(pki, b"one", CmsTemplate::default());
        let value = SignedData::parse(&bare, 9).unwrap().0.signers[0].signature.to_vec();
        let unsigned_attributes = vec![attribute(oid::COUNTER_SIGNATURE, &by(&value))];
        enclosing(pki, b"one", CmsTemplate { unsigned_attributes, ..CmsTemplate::default() })
    }

    #[test]
    fn counter_signatures_are_judged_and_never_taken_for_signatures_of_the_content() {
        let pki = Pki::new();
        let content_type = attribute(oid::CONTENT_TYPE, &encode(OID, oid::DATA));
        let other = pki.issue(Template { name: "Tran Thi B".to_owned(), ..Template::signer() });
        let with = |bytes: Vec<u8>| judge(&bytes, &pki);
        let certificates = |value: &[u8]| counter(&pki.signer, value, &[], &[]);
        let report = with(counter_signed(&pki, certificates));
        assert_eq!(outcomes(&report), [(Verdict::TotalPassed, None)], "{report:?}");
        let [only] = report.counter_signatures.as_slice() else { panic!("{report:?}") };
        assert_eq!((only.signs.as_str(), only.report.verdict), ("signer 1", Verdict::TotalPassed), "{only:?}");
        assert!(report.document.signatures[0].reasons.iter().any(|reason| reason.contains("counter-signature 1")), "{report:?}");
        for (reason, forged, expected) in [
            ("over the content", counter_signed(&pki, |_| counter(&pki.signer, b"one", &[], &[])), SubIndication::HashFailure),
            (
                "with a content type",
                counter_signed(&pki, |value| counter(&pki.signer, value, std::slice::from_ref(&content_type), &[])),
                SubIndication::FormatFailure,
            ),
            ("by nobody known", counter_signed(&pki, |value| counter(&other, value, &[], &[])), SubIndication::NoSigningCertificateFound),
        ] {
            let report = with(forged);
            assert_eq!(outcomes(&report), [(Verdict::TotalPassed, None)], "{reason}");
            assert_eq!(report.counter_signatures[0].report.sub_indication, Some(expected), "{reason}: {report:?}");
        }
        // Counter-signatures over counter-signatures, five levels of them.
        let chain = counter_signed(&pki, |value| {
            let mut values = vec![value.to_vec()];
            for depth in 0..4 {
                let info = counter(&pki.signer, &values[depth], &[], &[]);
                values.push(SignerInfo::read(&Element::parse(&info, SEQUENCE).unwrap()).unwrap().signature.to_vec());
            }
            values.iter().rev().fold(Vec::new(), |inner, value| {
                let unsigned = if inner.is_empty() { inner } else { attribute(oid::COUNTER_SIGNATURE, &inner) };
                counter(&pki.signer, value, &[], &unsigned)
            })
        });
        let report = with(chain);
        assert_eq!(report.counter_signatures.len(), 3, "{report:?}");
        assert!(report.counter_signatures.iter().all(|one| one.report.verdict == Verdict::TotalPassed), "{report:?}");
        assert!(report.document.signatures[0].reasons.iter().any(|reason| reason.contains("1 counter-signatures are")), "{report:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn no_damaged_message_passes_with_other_content(at in any::<prop::sample::Index>(), bit in 0..8u32) {
            let pki = Pki::new();
            let mut bytes = enclosing(&pki, b"content of some length", CmsTemplate::default());
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let report = judge(&bytes, &pki);
            let passes = report.document.signatures.iter().any(|one| one.verdict == Verdict::TotalPassed);
            prop_assert!(!passes || report.content.as_deref() == Some(b"content of some length".as_slice()));
        }
    }
}
