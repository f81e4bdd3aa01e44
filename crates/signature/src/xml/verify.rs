//! Signed XML documents: every signature judged by EN 319 102-1, and what of the document it covers.

use crate::detached::report as signature_report;
use crate::limit;
use crate::options::Options;
use crate::report::{Coverage, DocumentReport, Verdict};
use crate::trust::TrustStore;

use super::canonical::Budget;
use super::judge::{Judge, MAX_REFERENCES, One};
use super::reader::{self, XmlFault};
use super::reference::Source;
use super::report::{XmlReport, XmlSignatureRole};
use super::tree::Document;

/// Judges every XML signature (XMLDSig, XAdES) of the document `bytes`.
///
/// The document is one file of strict UTF-8 XML without document type. What a signature refers to has to be in it.
/// [`XmlReport::signatures`] says exactly which elements each signature covers; whoever uses the document uses those and no
/// others.
#[must_use]
pub fn verify_xml(bytes: &[u8], trust: &TrustStore, options: &Options) -> XmlReport {
    verify_xml_with(bytes, &[], trust, options)
}

/// Like [`verify_xml`], for signatures that also refer to `contents` outside the document, by exactly these URIs or by their
/// percent-encoded form.
#[must_use]
pub fn verify_xml_with(bytes: &[u8], contents: &[(&str, &[u8])], trust: &TrustStore, options: &Options) -> XmlReport {
    let size = contents.iter().fold(bytes.len(), |size, (_, content)| size.saturating_add(content.len()));
    verify_within(bytes, contents, trust, options, &mut Budget::for_input(size))
}

/// Like [`verify_xml_with`], with a bound on work that several documents share.
pub(crate) fn verify_within(
    bytes: &[u8],
    contents: &[(&str, &[u8])],
    trust: &TrustStore,
    options: &Options,
    budget: &mut Budget,
) -> XmlReport {
    let document = match reader::parse(bytes) {
        Ok(document) => document,
        Err(error) => {
            let sentence = format!("the file is not XML that can be judged: {error}");
            let faults = vec![match error.fault {
                XmlFault::TooMany { what, .. } => limit::sentence(what, sentence),
                _ => sentence,
            }];
            let document = DocumentReport::new(Coverage::NotSigned, Vec::new(), faults);
            return XmlReport { is_readable: false, document, signatures: Vec::new() };
        }
    };
    let source = Source::new(&document, contents);
    let mut judge = Judge { source: &source, document: &document, trust, options, budget: *budget, references_left: MAX_REFERENCES };
    let judged: Vec<One> = source.signatures.iter().take(options.limits.max_signatures).map(|&node| judge.signature(node)).collect();
    *budget = judge.budget;
    let mut faults = Vec::new();
    let left_out = source.signatures.len() - judged.len();
    if left_out > 0 {
        faults.push(format!("the document has {left_out} more signatures than are judged"));
    }
    let coverage = coverage(&document, &judged, bytes.len());
    let (mut reports, mut signatures) = (Vec::new(), Vec::new());
    for (index, one) in judged.into_iter().enumerate() {
        let kind = if one.is_xades { "XAdES" } else { "XMLDSig" };
        let name = one.signature.element.id.clone().unwrap_or_else(|| format!("signature {}", index + 1));
        let mut report = signature_report(name, kind, one.judged);
        report.covers_whole_file = one.is_whole;
        reports.push(report);
        signatures.push(one.signature);
    }
    XmlReport { is_readable: true, document: DocumentReport::new(coverage, reports, faults), signatures }
}

/// See [`Coverage`]: the best signatures count.
fn coverage(document: &Document<'_>, judged: &[One], length: usize) -> Coverage {
    if judged.is_empty() {
        return Coverage::NotSigned;
    }
    let content = || judged.iter().filter(|one| one.signature.role == XmlSignatureRole::Document && one.signature.intact);
    let passed = |one: &&One| one.judged.judgement.outcome().0 == Verdict::TotalPassed;
    let vouched = |one: &&One| one.judged.judgement.is_vouched_for;
    let counting: Vec<&One> = if content().any(|one| passed(&one)) {
        content().filter(passed).collect()
    } else if content().any(|one| vouched(&one)) {
        content().filter(vouched).collect()
    } else {
        content().collect()
    };
    if document.root().is_some() && counting.iter().any(|one| one.is_whole) {
        return Coverage::Whole;
    }
    let signed_end = counting.iter().map(|one| one.covered_bytes).max().unwrap_or(0);
    Coverage::BytesAddedAfter { signed_end, length: length as u64 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::algorithm::sha256;
    use crate::options::RevocationPolicy;
    use crate::report::SubIndication;
    use crate::testing::{NOW, Node, Pki, Template, YEAR};
    use crate::xml::report::{ReferenceOutcome, XmlElement};
    use crate::xml::testing::{ENVELOPED, EXCLUSIVE, XmlTemplate, base64, enveloped, reference, signature, slowdown};

    fn trust(pki: &Pki) -> TrustStore {
        let mut trust = TrustStore::new();
        trust.add_anchor(pki.root.der(), None, None).unwrap();
        trust.add_intermediate(pki.issuer.der()).unwrap();
        trust
    }

    fn judge(text: &str, pki: &Pki) -> XmlReport {
        let options = Options { revocation: RevocationPolicy::Accept, ..Options::at(NOW) };
        verify_xml(text.as_bytes(), &trust(pki), &options)
    }

    fn outcome(report: &XmlReport) -> (Verdict, Option<SubIndication>) {
        let first = report.document.signatures.first().unwrap_or_else(|| panic!("{report:?}"));
        (first.verdict, first.sub_indication)
    }

    const PASSED: (Verdict, Option<SubIndication>) = (Verdict::TotalPassed, None);
    const TEXT: &str = "<p>Điều 1. Nội dung</p>";

    fn failed(indication: SubIndication) -> (Verdict, Option<SubIndication>) {
        (Verdict::TotalFailed, Some(indication))
    }

    fn unknown(indication: SubIndication) -> (Verdict, Option<SubIndication>) {
        (Verdict::Indeterminate, Some(indication))
    }

    fn sound(pki: &Pki) -> String {
        let (template, place) = enveloped(&pki.signer, TEXT);
        place(&signature(&template))
    }

    #[test]
    fn an_enveloped_signature_passes_and_covers_the_root() {
        let pki = Pki::new();
        let text = sound(&pki);
        let report = judge(&text, &pki);
        assert_eq!(outcome(&report), PASSED, "{report:?}");
        assert_eq!(report.document.coverage, Coverage::Whole);
        let first = &report.document.signatures[0];
        assert_eq!((first.field.as_str(), first.sub_filter.as_str(), first.covers_whole_file), ("s", "XAdES", true));
        // 2026-11-26 08:00:00 in Hanoi.
        assert_eq!(first.claimed_time, Some(NOW - 23 * 3600));
        assert_eq!(first.signer.as_ref().map(|one| one.common_name.as_str()), Some("Nguyen Van A"));
        let [content, properties] = report.signatures[0].references.as_slice() else { panic!("{report:?}") };
        assert_eq!(content.covered.as_ref().map(|one| one.path.as_str()), Some("/"));
        assert_eq!(content.left_out[0].path, "/doc/sig:Signature");
        assert_eq!(content.transforms, ["enveloped-signature", "exclusive C14N"]);
        let properties = properties.covered.as_ref().unwrap();
        assert_eq!(properties.path, "/doc/sig:Signature/sig:Object/q:QualifyingProperties/xades:SignedProperties");
        let bytes = properties.bytes.start as usize..properties.bytes.end as usize;
        assert!(text[bytes.clone()].starts_with("<xades:SignedProperties") && text[bytes].ends_with("</xades:SignedProperties>"));
    }

    #[test]
    fn a_changed_content_is_a_hash_failure_and_a_changed_signed_info_a_crypto_failure() {
        let pki = Pki::new();
        let changed = judge(&sound(&pki).replace("Điều 1", "Điều 2"), &pki);
        assert_eq!(outcome(&changed), failed(SubIndication::HashFailure));
        assert!(!changed.signatures[0].intact && changed.document.coverage != Coverage::Whole);
        let text =
            sound(&pki).replace(&base64(&sha256(format!("<doc Id=\"d\">{TEXT}</doc>").as_bytes())), &base64(&sha256(b"<doc></doc>")));
        let swapped = text.replace(&format!(" Id=\"d\">{TEXT}"), ">");
        assert_eq!(outcome(&judge(&swapped, &pki)), failed(SubIndication::SigCryptoFailure));
    }

    #[test]
    fn enveloping_and_detached_signatures_say_what_they_cover() {
        let pki = Pki::new();
        let object = "<ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Id=\"o\">nội dung</ds:Object>";
        let template = XmlTemplate::new(&pki.signer, reference("#o", &[EXCLUSIVE], object));
        let report = judge(&signature(&XmlTemplate { objects: object.to_owned(), ..template }), &pki);
        assert_eq!((outcome(&report), &report.document.coverage), (PASSED, &Coverage::Whole));

        let part = "<part Id=\"x\">a</part>";
        let template = XmlTemplate::new(&pki.signer, reference("#x", &[EXCLUSIVE], part));
        let text = format!("<pack><part>b</part>{part}{}</pack>", signature(&template));
        let report = judge(&text, &pki);
        assert_eq!(outcome(&report), PASSED);
        // The part and the signed properties, and not the other part.
        let properties = text.find("</xades:SignedProperties>").unwrap() - text.find("<xades:SignedProperties").unwrap();
        let signed_end = (part.len() + properties + "</xades:SignedProperties>".len()) as u64;
        assert_eq!(report.document.coverage, Coverage::BytesAddedAfter { signed_end, length: text.len() as u64 });
        assert!(!report.document.signatures[0].covers_whole_file);
        let covered = report.signatures[0].references[0].covered.as_ref().unwrap();
        assert_eq!((covered.path.as_str(), covered.id.as_deref()), ("/pack/part[2]", Some("x")));
    }

    /// The layout of electronic invoices: a part by identifier, the time in an object of its own.
    #[test]
    fn a_plain_signature_claims_the_time_that_it_signs() {
        let pki = Pki::new();
        let part = "<DLHDon Id=\"data\"><TTChung>1</TTChung></DLHDon>";
        let object = "<ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Id=\"t\"><ds:SignatureProperties><ds:SignatureProperty Target=\"#s\"><SigningTime xmlns=\"urn:x\">2026-11-26T08:00:00+07:00</SigningTime></ds:SignatureProperty></ds:SignatureProperties></ds:Object>";
        let signed = |references: String| {
            let template = XmlTemplate { has_properties: false, objects: object.to_owned(), ..XmlTemplate::new(&pki.signer, references) };
            format!("<HDon>{part}<DSCKS><NBan>{}</NBan></DSCKS></HDon>", signature(&template))
        };
        let data = reference("#data", &[ENVELOPED, EXCLUSIVE], part);
        let report = judge(&signed(data.clone() + &reference("#t", &[EXCLUSIVE], object)), &pki);
        assert_eq!((outcome(&report), report.document.signatures[0].claimed_time), (PASSED, Some(NOW - 23 * 3600)));
        assert_eq!(report.signatures[0].references[0].covered.as_ref().unwrap().path, "/HDon/DLHDon");
        assert_ne!(report.document.coverage, Coverage::Whole);
        assert_eq!(judge(&signed(data), &pki).document.signatures[0].claimed_time, None, "it is not signed");
    }

    #[test]
    fn sha_1_is_weak_wherever_it_stands() {
        let pki = Pki::new();
        let sha1 = |text: &str| base64(crate::algorithm::Digest::Sha1.of(&[text.as_bytes()]).as_ref());
        let whole = format!("<doc Id=\"d\">{TEXT}</doc>");
        let (template, place) = enveloped(&pki.signer, TEXT);
        let weak = template
            .references
            .replace("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1")
            .replace(&base64(&sha256(whole.as_bytes())), &sha1(&whole));
        let text = place(&signature(&XmlTemplate { references: weak, ..template }));
        let report = judge(&text, &pki);
        assert_eq!(outcome(&report), unknown(SubIndication::CryptoConstraintsFailure));
        assert!(report.document.signatures[0].weak_digest && report.signatures[0].intact);
    }

    #[test]
    fn a_time_stamp_proves_a_time_before_the_certificate_expired() {
        let pki = Pki::new();
        let expired = pki.issue(Template { not_after: NOW - 100, ..Template::signer() });
        let (template, place) = enveloped(&expired, TEXT);
        let stamped = |time| {
            place(&signature(&XmlTemplate {
                stamp: Some((&pki.tsa, time)),
                references: template.references.clone(),
                ..XmlTemplate::new(&expired, String::new())
            }))
        };
        let report = judge(&stamped(NOW - 200), &pki);
        assert_eq!((outcome(&report), report.document.signatures[0].proved_time), (PASSED, Some(NOW - 200)));
        assert_eq!(outcome(&judge(&stamped(NOW - 50), &pki)), unknown(SubIndication::OutOfBoundsNoPoe));
        assert_eq!(outcome(&judge(&place(&signature(&template)), &pki)), unknown(SubIndication::OutOfBoundsNoPoe));
        // A token over another signature's value proves nothing.
        let (other, donor) = (stamped(NOW - 200), stamped(NOW - 300));
        let token = |text: &str| text.split("EncapsulatedTimeStamp>").nth(1).unwrap().to_owned();
        let moved = other.replace(&token(&other), &token(&donor.replace(TEXT, "")));
        assert_eq!(judge(&moved, &pki).document.signatures[0].proved_time, Some(NOW - 300), "the same value, hence the same stamp");
        let (short, place_short) = enveloped(&expired, "");
        let foreign = place_short(&signature(&XmlTemplate { stamp: Some((&pki.tsa, NOW - 300)), ..short }));
        let moved = other.replace(&token(&other), &token(&foreign));
        assert_eq!(judge(&moved, &pki).document.signatures[0].proved_time, None);
    }

    #[test]
    fn embedded_revocation_lists_count_as_evidence() {
        let pki = Pki::new();
        let revoked = pki.crl(NOW - 10, NOW + 1000, &[(&pki.signer.certificate().serial, NOW - YEAR / 2)]);
        let list = format!(
            "<q:UnsignedProperties><q:UnsignedSignatureProperties><q:RevocationValues><q:CRLValues><q:EncapsulatedCRLValue>{}</q:EncapsulatedCRLValue></q:CRLValues></q:RevocationValues></q:UnsignedSignatureProperties></q:UnsignedProperties>",
            base64(&revoked)
        );
        let text = sound(&pki).replace("</q:QualifyingProperties>", &format!("{list}</q:QualifyingProperties>"));
        assert_eq!(outcome(&judge(&text, &pki)), failed(SubIndication::Revoked));
    }

    /// Signature wrapping: the signed element moves aside, something else takes its place.
    #[test]
    fn wrapped_content_is_never_reported_as_covered() {
        let pki = Pki::new();
        let part = "<part Id=\"x\">a</part>";
        let signed = signature(&XmlTemplate::new(&pki.signer, reference("#x", &[EXCLUSIVE], part)));
        let forged = "<part Id=\"x\">b</part>";
        let twice = judge(&format!("<pack>{forged}{signed}<aside>{part}</aside></pack>"), &pki);
        assert_eq!(outcome(&twice), failed(SubIndication::FormatFailure));
        assert_eq!(twice.signatures[0].references[0].outcome, ReferenceOutcome::Refused);
        // Another spelling of the attribute is another identifier to some readers.
        let spelled = judge(&format!("<pack><part ID=\"x\">b</part>{signed}<aside>{part}</aside></pack>"), &pki);
        assert_eq!(outcome(&spelled), failed(SubIndication::FormatFailure));
        for text in [
            format!("<pack><part>b</part>{signed}<aside>{part}</aside></pack>"),
            format!(
                "<pack><part Id=\"y\">b</part>{}</pack>",
                signed.replace("</sig:Signature>", &format!("<sig:Object>{part}</sig:Object></sig:Signature>"))
            ),
        ] {
            let report = judge(&text, &pki);
            assert_eq!(outcome(&report), PASSED);
            assert!(report.document.coverage != Coverage::Whole && !report.document.signatures[0].covers_whole_file);
            let path = &report.signatures[0].references[0].covered.as_ref().unwrap().path;
            assert!(path != "/pack/part", "{path}");
        }
    }

    #[test]
    fn content_that_hides_in_a_signature_is_not_covered() {
        let pki = Pki::new();
        let whole = judge(&sound(&pki), &pki);
        assert_eq!(whole.document.coverage, Coverage::Whole);
        for hidden in [
            "<sig:Object>trong</sig:Object></sig:Signature>",
            "<sig:Object><p>trong</p></sig:Object></sig:Signature>",
            "trong</sig:Signature>",
        ] {
            let report = judge(&sound(&pki).replace("</sig:Signature>", hidden), &pki);
            assert_eq!(outcome(&report), PASSED);
            assert_ne!(report.document.coverage, Coverage::Whole, "{hidden}");
        }
        let second = "<sig:Signature xmlns:sig=\"http://www.w3.org/2000/09/xmldsig#\"><p>trong</p></sig:Signature></doc>";
        assert_eq!(outcome(&judge(&sound(&pki).replace("</doc>", second), &pki)), failed(SubIndication::HashFailure));
    }

    fn with_transform(pki: &Pki, transform: &str, around: impl Fn(&str) -> String) -> XmlReport {
        let whole = format!("<doc>{TEXT}</doc>");
        let template = XmlTemplate::new(&pki.signer, reference("", &[transform, EXCLUSIVE], &whole));
        judge(&around(&signature(&template)), pki)
    }

    const XPATH: &str = "http://www.w3.org/TR/1999/REC-xpath-19991116 <ds:XPath>EXPRESSION</ds:XPath>";
    const FILTER: &str = "http://www.w3.org/2002/06/xmldsig-filter2 <f:XPath xmlns:f=\"http://www.w3.org/2002/06/xmldsig-filter2\" Filter=\"subtract\">EXPRESSION</f:XPath>";

    #[test]
    fn expressions_that_leave_out_signatures_are_known_and_all_others_refused() {
        let pki = Pki::new();
        let place = |signed: &str| format!("<doc>{TEXT}{signed}</doc>");
        for (kind, expression) in [
            (XPATH, "not(ancestor-or-self::ds:Signature)"),
            (
                XPATH,
                "count(ancestor-or-self::ds:Signature | here()/ancestor::ds:Signature[1]) &gt;\n count(ancestor-or-self::ds:Signature)",
            ),
            (XPATH, "not(ancestor-or-self::*[local-name()='Signature' and namespace-uri()='http://www.w3.org/2000/09/xmldsig#'])"),
            (FILTER, "/descendant::ds:Signature"),
            (FILTER, "/*/ds:Signature"),
            (FILTER, " /descendant::*[name()='sig:Signature'] "),
            (FILTER, "here()/ancestor::ds:Signature[1]"),
        ] {
            let report = with_transform(&pki, &kind.replace("EXPRESSION", expression), place);
            assert_eq!((outcome(&report), report.document.coverage), (PASSED, Coverage::Whole), "{expression}");
        }
        for (kind, expression) in [
            (XPATH, "not(ancestor-or-self::ds:Signature) and not(self::p)"),
            (XPATH, "not(ancestor-or-self::ds:Signature or self::ds:Signature)"),
            (XPATH, "not(ancestor-or-self::x:Signature)"),
            (XPATH, "not(ancestor-or-self::*[local-name()='Signature' and namespace-uri()='urn:x'])"),
            (XPATH, "count(ancestor-or-self::ds:Signature | here()/ancestor::ds:Signature[1]) &gt; count(ancestor-or-self::ds:Object)"),
            (FILTER, "/descendant::p"),
            (FILTER, "/descendant::*[name()='p']"),
            (FILTER, "/descendant::*[name()='NoSignature']"),
        ] {
            let report = with_transform(&pki, &kind.replace("EXPRESSION", expression), place);
            assert_eq!(outcome(&report), unknown(SubIndication::SigConstraintsFailure), "{expression}");
        }
        for name in ["http://www.w3.org/TR/1999/REC-xslt-19991116", "http://www.w3.org/2001/04/xmlenc#decryption", "urn:x", ""] {
            let report = with_transform(&pki, name, place);
            assert_eq!(outcome(&report), unknown(SubIndication::SigConstraintsFailure), "{name}");
            assert!(report.document.signatures[0].reasons.iter().any(|reason| reason.contains(name) && reason.contains("refused")));
        }
    }

    #[test]
    fn an_element_that_only_looks_like_a_signature_is_not_left_out() {
        let pki = Pki::new();
        let transform = FILTER.replace("EXPRESSION", "/descendant::*[name()='sig:Signature']");
        let report = with_transform(&pki, &transform, |signed| {
            format!("<doc>{TEXT}<sig:Signature xmlns:sig=\"urn:x\">trong</sig:Signature>{signed}</doc>")
        });
        assert_eq!(outcome(&report), unknown(SubIndication::SigConstraintsFailure));
    }

    #[test]
    fn a_signature_that_names_nobody_proves_nobody() {
        let pki = Pki::new();
        let spki = crate::asn1::encode(
            0x30,
            &[
                crate::asn1::encode(0x30, &crate::asn1::encode(6, crate::oid::ED25519)),
                crate::asn1::encode(3, &[&[0], pki.signer.certificate().key.bits.as_slice()].concat()),
            ]
            .concat(),
        );
        let key = format!("<k:DEREncodedKeyValue xmlns:k=\"http://www.w3.org/2009/xmldsig11#\">{}</k:DEREncodedKeyValue>", base64(&spki));
        let (template, place) = enveloped(&pki.signer, TEXT);
        let report = judge(&place(&signature(&XmlTemplate { key_info: Some(key), ..template })), &pki);
        assert_eq!(outcome(&report), unknown(SubIndication::NoSigningCertificateFound));
        assert!(report.signatures[0].intact, "{report:?}");
        let (template, place) = enveloped(&pki.signer, TEXT);
        let report = judge(&place(&signature(&XmlTemplate { key_info: Some(String::new()), ..template })), &pki);
        assert_eq!(outcome(&report), unknown(SubIndication::NoSigningCertificateFound));
        let (template, place) = enveloped(&pki.signer, TEXT);
        let hmac = "http://www.w3.org/2000/09/xmldsig#hmac-sha1";
        let report = judge(&place(&signature(&XmlTemplate { method: hmac, ..template })), &pki);
        assert_eq!(outcome(&report), unknown(SubIndication::CryptoConstraintsFailure));
    }

    #[test]
    fn the_certificate_has_to_be_the_one_that_was_signed_for() {
        let pki = Pki::new();
        let certificate =
            |node: &Node| format!("<sig:X509Data><sig:X509Certificate>{}</sig:X509Certificate></sig:X509Data>", base64(node.der()));
        let other = pki.issue(Template { name: "Tran Thi B".to_owned(), ..Template::signer() });
        let (template, place) = enveloped(&pki.signer, TEXT);
        let report = judge(&place(&signature(&XmlTemplate { pinned: Some(&other), ..template })), &pki);
        assert_eq!(outcome(&report), unknown(SubIndication::NoSigningCertificateFound));
        let (template, place) = enveloped(&pki.signer, TEXT);
        let report = judge(&place(&signature(&XmlTemplate { key_info: Some(certificate(&other)), ..template })), &pki);
        assert_eq!(outcome(&report), failed(SubIndication::SigCryptoFailure));
        let (template, place) = enveloped(&pki.signer, TEXT);
        let both = certificate(&other) + &certificate(&pki.issuer) + &certificate(&pki.signer);
        let report = judge(&place(&signature(&XmlTemplate { key_info: Some(both), ..template })), &pki);
        assert_eq!(outcome(&report), PASSED);
        assert_eq!(report.document.signatures[0].signer.as_ref().map(|one| one.common_name.as_str()), Some("Nguyen Van A"));
    }

    #[test]
    fn signed_properties_have_to_be_signed_and_the_own_ones() {
        let pki = Pki::new();
        let (template, place) = enveloped(&pki.signer, TEXT);
        let report = judge(&place(&signature(&XmlTemplate { refers_to_properties: false, ..template })), &pki);
        assert_eq!(outcome(&report), unknown(SubIndication::SigConstraintsFailure));
        assert_eq!(report.document.signatures[0].claimed_time, None);
        let retargeted = sound(&pki).replace("Target=\"#s\"", "Target=\"#t\"");
        assert_eq!(outcome(&judge(&retargeted, &pki)), unknown(SubIndication::SigConstraintsFailure));
        // The signed properties move out, others take their place.
        let text = sound(&pki);
        let (from, to) = (text.find("<xades:SignedProperties").unwrap(), text.find("</xades:SignedProperties>").unwrap() + 25);
        let own = &text[from..to];
        let forged = own.replace("Id=\"s-p\"", "Id=\"q\"").replace("2026-11-26", "2020-01-01");
        let moved = text.replace(own, &forged).replace("</sig:Signature>", &format!("<sig:Object>{own}</sig:Object></sig:Signature>"));
        assert_eq!(outcome(&judge(&moved, &pki)), failed(SubIndication::FormatFailure));
        let twice = text.replace(own, &format!("{own}{forged}"));
        assert_eq!(outcome(&judge(&twice, &pki)), failed(SubIndication::FormatFailure));
        // Without XAdES there are none, and that is said.
        let (template, place) = enveloped(&pki.signer, TEXT);
        let plain = judge(&place(&signature(&XmlTemplate { has_properties: false, ..template })), &pki);
        assert_eq!((outcome(&plain), plain.document.signatures[0].sub_filter.as_str()), (PASSED, "XMLDSig"));
    }

    #[test]
    fn a_signature_over_nothing_but_itself_does_not_pass() {
        let pki = Pki::new();
        let signed = signature(&XmlTemplate::new(&pki.signer, String::new()));
        let report = judge(&format!("<doc>{TEXT}{signed}</doc>"), &pki);
        assert_eq!(outcome(&report), unknown(SubIndication::SigConstraintsFailure));
        assert_ne!(report.document.coverage, Coverage::Whole);
    }

    #[test]
    fn counter_signatures_are_told_apart_and_sign_what_they_stand_in() {
        let pki = Pki::new();
        let (template, place) = enveloped(&pki.signer, TEXT);
        let first = place(&signature(&template));
        let value = {
            let (from, to) = (first.find("<ds:SignatureValue").unwrap(), first.find("</ds:SignatureValue>").unwrap() + 20);
            &first[from..to]
        };
        let inside = |counter: &str| {
            let property = format!(
                "<q:UnsignedProperties><q:UnsignedSignatureProperties><q:CounterSignature>{counter}</q:CounterSignature></q:UnsignedSignatureProperties></q:UnsignedProperties></q:QualifyingProperties>"
            );
            first.replacen("</q:QualifyingProperties>", &property, 1)
        };
        let counter = |references| signature(&XmlTemplate { id: "c", ..XmlTemplate::new(&pki.signer, references) });
        let report = judge(&inside(&counter(reference("#s-v", &[EXCLUSIVE], value))), &pki);
        assert_eq!(report.document.signatures.iter().map(|one| one.verdict).collect::<Vec<_>>(), [Verdict::TotalPassed; 2]);
        assert_eq!(
            report.signatures.iter().map(|one| one.role).collect::<Vec<_>>(),
            [XmlSignatureRole::Document, XmlSignatureRole::CounterSignature]
        );
        assert_eq!(report.document.coverage, Coverage::Whole);
        let fake = judge(&inside(&counter(reference("#d", &[ENVELOPED, EXCLUSIVE], "x"))), &pki);
        assert_eq!(fake.document.signatures[1].verdict, Verdict::TotalFailed);
        let alone = judge(&inside(&counter(reference("#s-v", &[EXCLUSIVE], value))).replace("Điều 1", "Điều 2"), &pki);
        assert_ne!(alone.document.coverage, Coverage::Whole, "a counter-signature covers no content");
    }

    #[test]
    fn manifests_are_followed() {
        let pki = Pki::new();
        let manifest =
            |reference: String| format!("<ds:Manifest xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Id=\"m\">{reference}</ds:Manifest>");
        let part = "<part Id=\"x\">a</part>";
        let signed = |manifest: &str| {
            let template = XmlTemplate::new(&pki.signer, reference("#m", &[EXCLUSIVE], manifest));
            format!(
                "<pack>{part}{}</pack>",
                signature(&XmlTemplate { objects: format!("<sig:Object>{manifest}</sig:Object>"), ..template })
            )
        };
        let report = judge(&signed(&manifest(reference("#x", &[EXCLUSIVE], part))), &pki);
        assert_eq!(outcome(&report), PASSED, "{report:?}");
        let inner = report.signatures[0].references.iter().find(|one| one.in_manifest).unwrap();
        assert_eq!(inner.covered.as_ref().unwrap().path, "/pack/part");
        let changed = judge(&signed(&manifest(reference("#x", &[EXCLUSIVE], "<part Id=\"x\">b</part>"))), &pki);
        assert_eq!(outcome(&changed), failed(SubIndication::HashFailure));
        let missing = judge(&signed(&manifest(reference("picture.png", &[], ""))), &pki);
        assert_eq!(outcome(&missing), unknown(SubIndication::SignedDataNotFound));
    }

    #[test]
    fn references_are_bounded_and_what_is_left_out_does_not_pass() {
        let pki = Pki::new();
        let part = "<part Id=\"x\">a</part>";
        let one = signature(&XmlTemplate::new(&pki.signer, reference("#x", &[EXCLUSIVE], part).repeat(90)));
        // Ninety references and one to the properties: the twenty-second signature has the last of two thousand.
        let others: String = (1..30).map(|index| one.replace("\"s", &format!("\"s{index}")).replace("#s", &format!("#s{index}"))).collect();
        let report = judge(&format!("<pack>{part}{one}{others}</pack>"), &pki);
        assert_eq!(outcome(&report), PASSED);
        let last = report.document.signatures.last().unwrap();
        assert!(last.verdict != Verdict::TotalPassed && last.reasons.iter().any(|reason| reason.contains("2000 references")), "{last:?}");
        assert_eq!(report.signatures.iter().map(|one| one.references.len()).sum::<usize>(), MAX_REFERENCES);
    }

    #[test]
    fn content_outside_the_document_is_taken_under_its_very_name_only() {
        let pki = Pki::new();
        let text =
            signature(&XmlTemplate::new(&pki.signer, reference("a.txt", &[], "nội dung").replace("<ds:Transforms></ds:Transforms>", "")));
        let options = Options { revocation: RevocationPolicy::Accept, ..Options::at(NOW) };
        let with =
            |name: &str, content: &str| outcome(&verify_xml_with(text.as_bytes(), &[(name, content.as_bytes())], &trust(&pki), &options));
        assert_eq!(with("a.txt", "nội dung"), PASSED);
        assert_eq!(with("a.txt", "nội dung khác"), failed(SubIndication::HashFailure));
        assert_eq!(with("b.txt", "nội dung"), unknown(SubIndication::SignedDataNotFound));
    }

    /// Four times the input may take four times as long, with room for a busy machine.
    #[test]
    fn many_signatures_and_references_take_linear_time_or_run_into_their_bounds() {
        let pki = Pki::new();
        let references = |count: usize| reference("", &[ENVELOPED, EXCLUSIVE], "x").repeat(count);
        let many_references =
            |size: usize| format!("<doc>{}{}</doc>", "<p>a</p>".repeat(size), signature(&XmlTemplate::new(&pki.signer, references(99))));
        let many_signatures = |size: usize| {
            let one = signature(&XmlTemplate::new(&pki.signer, references(20)));
            format!("<doc>{}{}</doc>", "<p>a</p>".repeat(size), one.repeat(64))
        };
        for make in [&many_references as &dyn Fn(usize) -> String, &many_signatures] {
            let slower = slowdown(&make(2_000), &make(8_000), 8.0, |text| assert_ne!(outcome(&judge(text, &pki)), PASSED));
            assert!(slower < 8.0, "four times the input took {slower:.1} times as long");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        /// One bit of what is covered, or of what covers it. A bit turns no white space into other white space and no quote
        /// into the other one, and no namespace is declared but not used: those are the changes that mean nothing.
        #[test]
        fn any_flipped_bit_of_what_is_signed_is_noticed(at in any::<prop::sample::Index>(), bit in 0u8..8, placement in 0..3) {
            let pki = Pki::new();
            let text = match placement {
                0 => sound(&pki),
                1 => {
                    let part = "<part Id=\"x\" a=\"b\"><q xmlns=\"urn:q\">1 &amp; 2</q></part>";
                    format!("{}{}", part, signature(&XmlTemplate::new(&pki.signer, reference("#x", &[EXCLUSIVE], part))))
                }
                _ => {
                    let object = "<ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Id=\"o\">nội dung</ds:Object>";
                    let template = XmlTemplate::new(&pki.signer, reference("#o", &[EXCLUSIVE], object));
                    signature(&XmlTemplate { objects: object.to_owned(), ..template })
                }
            };
            let text = if placement == 1 { format!("<pack>{text}</pack>") } else { text };
            let report = judge(&text, &pki);
            prop_assert_eq!(outcome(&report), PASSED);
            let mut bytes = text.into_bytes();
            let range = |element: &XmlElement| element.bytes.start as usize..element.bytes.end as usize;
            let mut signed: Vec<usize> = Vec::new();
            for one in &report.signatures[0].references {
                let left_out = |at: &usize| one.left_out.iter().any(|element| range(element).contains(at));
                signed.extend(range(one.covered.as_ref().unwrap()).filter(|at| !left_out(at)));
            }
            let find = |text: &[u8]| bytes.windows(text.len()).position(|window| window == text).unwrap();
            signed.extend(find(b"<ds:SignedInfo")..find(b"</ds:SignedInfo>"));
            let at = signed[at.index(signed.len())];
            bytes[at] ^= 1 << bit;
            let options = Options { revocation: RevocationPolicy::Accept, ..Options::at(NOW) };
            let report = verify_xml(&bytes, &trust(&pki), &options);
            let noticed = report.document.signatures.iter().all(|one| one.verdict != Verdict::TotalPassed);
            prop_assert!(noticed, "byte {} became {:#x} in {}", at, bytes[at], String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn a_mutated_document_never_panics(edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
            let pki = Pki::new();
            let mut bytes = sound(&pki).into_bytes();
            for (at, value) in edits {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            let _ = verify_xml(&bytes, &trust(&pki), &Options::at(NOW));
        }
    }
}
