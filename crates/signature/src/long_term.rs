//! Signatures that outlive the certificates of their signer and of their first time-stamp authority, in every format.

use crate::algorithm_policy::{Acceptable, AlgorithmPolicy, AlgorithmRule};
use crate::asic::{verify_asic, zip_of as zip};
use crate::asn1::{Element, OCTET_STRING, OID, SEQUENCE, encode};
use crate::cms_file::verify_cms;
use crate::document::verify_pdf;
use crate::options::{Options, WeakDigest};
use crate::report::{SignatureReport, SubIndication, Verdict};
use crate::testing::{
    CmsTemplate, NOW, Node, Pki, Template, YEAR, attribute, cms, crl_with, plain_pdf, sign_pdf, time_stamp, time_stamp_with,
};
use crate::trust::TrustStore;
use crate::weakness::{Algorithm, AlgorithmUse, Weakness};
use crate::xml::testing::{EXCLUSIVE, XmlTemplate, base64, enveloped, signature};
use crate::xml::verify_xml;
use crate::{algorithm::sha256, oid};

/// Everything is signed four years ago; the signer's certificate ends a year later, the first authority's one more.
const SIGNED: i64 = NOW - 4 * YEAR;
const SIGNER_ENDS: i64 = NOW - 3 * YEAR;
const FIRST_ENDS: i64 = NOW - 2 * YEAR;
/// When the second authority stamps, in time or too late.
const IN_TIME: i64 = FIRST_ENDS - YEAR / 2;
const TOO_LATE: i64 = FIRST_ENDS - YEAR / 8;
/// When the first authority's key was stolen, as its issuer's list says.
const STOLEN: i64 = FIRST_ENDS - YEAR / 4;

const PASSED: (Verdict, Option<SubIndication>) = (Verdict::TotalPassed, None);

fn doubt(indication: SubIndication) -> (Verdict, Option<SubIndication>) {
    (Verdict::Indeterminate, Some(indication))
}

struct World {
    pki: Pki,
    signer: Node,
    first: Node,
    second: Node,
    /// What the issuer said of the signer while it still did: lists leave out what has expired.
    list: Vec<u8>,
    trust: TrustStore,
}

impl World {
    fn new() -> Self {
        let pki = Pki::new();
        let not_before = SIGNED - YEAR / 2;
        let signer = pki.issue(Template { not_before, not_after: SIGNER_ENDS, ..Template::signer() });
        let stamper = |name: &str, not_after| Template { name: name.to_owned(), not_before, not_after, ..Template::time_stamper() };
        let first = pki.issue(stamper("First", FIRST_ENDS));
        let second = pki.issue(stamper("Second", NOW + YEAR));
        let mut trust = TrustStore::new();
        trust.add_anchor(pki.root.der(), None, None).unwrap();
        trust.add_intermediate(pki.issuer.der()).unwrap();
        // Reason 1 is the compromise of the key.
        let stolen = [(first.certificate().serial, STOLEN, 1)];
        let stolen: Vec<(&[u8], i64, u8)> = stolen.iter().map(|(serial, date, reason)| (serial.as_slice(), *date, *reason)).collect();
        trust.add_crl(&crl_with(&pki.issuer, NOW - 10, NOW + 1000, &stolen, &[])).unwrap();
        trust.add_crl(&pki.root_crl(NOW - 10, NOW + 1000)).unwrap();
        let list = pki.crl(SIGNER_ENDS - 30, SIGNER_ENDS + 1000, &[]);
        Self { pki, signer, first, second, list, trust }
    }
}

fn outcome(report: &SignatureReport) -> (Verdict, Option<SubIndication>) {
    (report.verdict, report.sub_indication)
}

/// What each of the ways to stamp a document anew comes to; `make` gives the first report on a document with a first and a
/// second time stamp, either of which may be missing.
fn check(make: impl Fn(&World, Option<i64>, Option<i64>) -> SignatureReport) {
    let world = World::new();
    let made = |first, second| make(&world, first, second);
    let sound = made(Some(SIGNED + 60), Some(IN_TIME));
    assert_eq!((outcome(&sound), sound.proved_time), (PASSED, Some(SIGNED + 60)), "{sound:?}");
    // A stolen key can be used with any time: without a stamp from before the theft the first one proves nothing.
    assert_eq!(outcome(&made(Some(SIGNED + 60), None)), doubt(SubIndication::OutOfBoundsNoPoe));
    assert_eq!(outcome(&made(Some(SIGNED + 60), Some(TOO_LATE))), doubt(SubIndication::OutOfBoundsNoPoe));
    // The second stamp alone proves the signature too, if it was made while the signer's certificate was valid.
    let alone = made(None, Some(SIGNER_ENDS - 60));
    assert_eq!((outcome(&alone), alone.proved_time), (PASSED, Some(SIGNER_ENDS - 60)), "{alone:?}");
    assert_eq!(outcome(&made(None, Some(IN_TIME))), doubt(SubIndication::OutOfBoundsNoPoe));
    // The stamp over the other one says that it was there first.
    let contradicting = made(Some(SIGNED + 121), Some(SIGNED + 60));
    assert_eq!(outcome(&contradicting), doubt(SubIndication::TimestampOrderFailure), "{contradicting:?}");
    // Two clocks differ by a little.
    assert_eq!(outcome(&made(Some(SIGNED + 120), Some(SIGNED + 60))), PASSED);
}

fn signed_pdf(world: &World, first: Option<i64>, second: Option<i64>) -> Vec<u8> {
    let stamp = first.map(|time| (&world.first, time));
    let template = CmsTemplate { stamp, revocation: world.list.clone(), ..CmsTemplate::default() };
    let signed = sign_pdf(&plain_pdf(), 0, "ETSI.CAdES.detached", |content| cms(&world.signer, &[&world.signer], content, &template));
    match second {
        Some(time) => sign_pdf(&signed, 1, "ETSI.RFC3161", |content| time_stamp(&world.second, content, time)),
        None => signed,
    }
}

#[test]
fn a_pdf_passes_by_the_document_time_stamp_that_covers_its_first_one() {
    check(|world, first, second| {
        let report = verify_pdf(&signed_pdf(world, first, second), &world.trust, &Options::at(NOW));
        report.signatures[0].clone()
    });
}

#[test]
fn a_document_time_stamp_counts_for_nothing_that_it_does_not_cover_and_not_where_it_is_broken() {
    let world = World::new();
    let options = Options::at(NOW);
    let stamped = signed_pdf(&world, None, Some(SIGNER_ENDS - 60));
    let broken: Vec<u8> = {
        // Inside the page: both signatures cover it.
        let at = stamped.windows(9).position(|window| window == b"/MediaBox").unwrap();
        let mut broken = stamped;
        broken[at + 1] = b'X';
        broken
    };
    assert!(verify_pdf(&broken, &world.trust, &options).signatures.iter().all(|one| one.verdict == Verdict::TotalFailed));
    // The stamp first, and the signature over it.
    let first = sign_pdf(&plain_pdf(), 0, "ETSI.RFC3161", |content| time_stamp(&world.second, content, SIGNED));
    let later =
        sign_pdf(&first, 1, "ETSI.CAdES.detached", |content| cms(&world.signer, &[&world.signer], content, &CmsTemplate::default()));
    let report = verify_pdf(&later, &world.trust, &options);
    assert_eq!(outcome(&report.signatures[1]), doubt(SubIndication::OutOfBoundsNoPoe), "{report:?}");
    assert_eq!(outcome(&report.signatures[0]), PASSED, "{report:?}");
}

/// Members of the constructed value `der`, as they stand.
fn members(der: &[u8]) -> Vec<Vec<u8>> {
    let element = Element::parse(der, der[0]).unwrap();
    element.children().unwrap().iter().map(|child| child.raw.to_vec()).collect()
}

/// The unsigned attribute of a signature time stamp over `value`.
fn stamp_attribute(world: &World, value: &[u8], first: Option<i64>) -> Vec<Vec<u8>> {
    let stamp = first.map(|time| attribute(oid::SIGNATURE_TIME_STAMP, &time_stamp(&world.first, value, time)));
    stamp.into_iter().collect()
}

/// A CAdES signature with a first time stamp and an archive time stamp of version 3 over it (EN 319 122-1, 5.5.3), whose index
/// `edit` may change.
fn archived_cms(world: &World, first: Option<i64>, second: Option<i64>, edit: impl Fn(&mut [Vec<u8>; 3])) -> Vec<u8> {
    let with = |unsigned_attributes| {
        let template = CmsTemplate { enclose: true, unsigned_attributes, revocation: world.list.clone(), ..CmsTemplate::default() };
        cms(&world.signer, &[&world.signer], b"content", &template)
    };
    let signer_info = |der: &[u8]| {
        let signed_data = members(&members(der)[1])[0].clone();
        members(&members(members(&signed_data).last().unwrap())[0])
    };
    let bare = signer_info(&with(Vec::new()));
    let value = Element::parse(&bare[5], OCTET_STRING).unwrap().content.to_vec();
    let mut unsigned = stamp_attribute(world, &value, first);
    let Some(time) = second else { return with(unsigned) };
    let hash = |parts: &[&[u8]]| encode(OCTET_STRING, &sha256(&parts.concat()));
    let attribute_hashes: Vec<Vec<u8>> = unsigned
        .iter()
        .map(|attribute| {
            let [kind, values] = members(attribute).try_into().unwrap();
            hash(&[&kind, &members(&values)[0]])
        })
        .collect();
    let mut lists = [hash(&[world.signer.der()]), hash(&[&world.list]), attribute_hashes.concat()];
    edit(&mut lists);
    let lists = lists.map(|list| encode(SEQUENCE, &list));
    let index = encode(SEQUENCE, &[encode(SEQUENCE, &encode(OID, oid::SHA256)), lists.concat()].concat());
    let stamped = [encode(OID, oid::DATA), sha256(b"content").to_vec(), bare[..6].concat(), index.clone()].concat();
    let token = time_stamp_with(&world.second, &stamped, time, vec![attribute(oid::ATS_HASH_INDEX_V3, &index)]);
    unsigned.push(attribute(oid::ARCHIVE_TIME_STAMP_V3, &token));
    with(unsigned)
}

/// Judges with a policy by which the authorities' keys were sound until the second stamp in time.
fn judge_by_an_old_key(world: &World, judge: impl Fn(&TrustStore, &Options) -> SignatureReport) -> SignatureReport {
    let rule = AlgorithmRule {
        algorithm: Algorithm::EllipticCurve(300),
        used_for: Some(AlgorithmUse::TimeStamp),
        acceptable: Acceptable::Until(IN_TIME),
        source: "this test".into(),
    };
    let options = Options { algorithms: AlgorithmPolicy::new(vec![rule]), weak_digest: WeakDigest::Accept, ..Options::at(NOW) };
    judge(&world.trust, &options)
}

#[test]
fn a_weak_token_is_as_old_as_the_stamp_over_it_proves_and_an_archives_own_weakness_is_told() {
    let world = World::new();
    let cms_of = |first, second| archived_cms(&world, first, second, |_| {});
    let cms = |first, second| {
        judge_by_an_old_key(&world, |trust, options| verify_cms(&cms_of(first, second), trust, options).document.signatures[0].clone())
    };
    let xml = |first, second| {
        let text = archived_xml(&world, first, second);
        judge_by_an_old_key(&world, |trust, options| verify_xml(text.as_bytes(), trust, options).document.signatures[0].clone())
    };
    let key = Weakness { algorithm: Algorithm::EllipticCurve(253), used_for: AlgorithmUse::TimeStamp, acceptable_until: Some(IN_TIME) };
    for judge in [&cms as &dyn Fn(_, _) -> SignatureReport, &xml] {
        let both = judge(Some(SIGNED + 60), Some(IN_TIME)).reasons.join("\n");
        assert!(both.contains("the time stamp is signed with EC-253") && both.contains(": it is proved to be older"), "{both}");
        let only = judge(None, Some(SIGNER_ENDS - 60));
        assert_eq!(only.weak, [key], "{only:?}");
        let late = only.reasons.join("\n");
        assert!(!late.contains("proved to be older") && late.contains("accepted by configuration"), "{late}");
    }
}

fn judge_cms(world: &World, bytes: &[u8]) -> SignatureReport {
    verify_cms(bytes, &world.trust, &Options::at(NOW)).document.signatures[0].clone()
}

#[test]
fn a_cades_signature_passes_by_the_archive_time_stamp_that_covers_its_first_one() {
    check(|world, first, second| judge_cms(world, &archived_cms(world, first, second, |_| {})));
}

#[test]
fn an_archive_time_stamp_helps_only_what_its_index_lists_and_is_void_where_that_is_gone() {
    let world = World::new();
    let first = Some(SIGNED + 60);
    // The first stamp is not listed: nothing says that it is older than the theft.
    let unlisted = archived_cms(&world, first, Some(IN_TIME), |lists| lists[2].clear());
    assert_eq!(outcome(&judge_cms(&world, &unlisted)), doubt(SubIndication::OutOfBoundsNoPoe));
    let missing = encode(OCTET_STRING, &[7; 32]);
    for list in 0..3 {
        let gone = archived_cms(&world, first, Some(IN_TIME), |lists| lists[list].extend(missing.iter()));
        let report = judge_cms(&world, &gone);
        assert_eq!(outcome(&report), doubt(SubIndication::OutOfBoundsNoPoe), "{list}");
        assert!(report.reasons.iter().any(|reason| reason.contains("not there")), "{list}: {report:?}");
    }
}

#[test]
fn a_content_time_stamp_is_older_than_the_signature_or_contradicts_it() {
    let world = World::new();
    for (stamped, over, expected) in [
        (SIGNED - 60, b"content".as_slice(), PASSED),
        (SIGNED + 120, b"content", PASSED),
        (SIGNED + 121, b"content", doubt(SubIndication::TimestampOrderFailure)),
        // One for something else says nothing.
        (SIGNED + 121, b"other", PASSED),
    ] {
        let content_stamp = attribute(oid::CONTENT_TIME_STAMP, &time_stamp(&world.second, over, stamped));
        let template = CmsTemplate {
            enclose: true,
            stamp: Some((&world.second, SIGNED + 60)),
            extra_attributes: vec![content_stamp],
            revocation: world.list.clone(),
            ..CmsTemplate::default()
        };
        let report = judge_cms(&world, &cms(&world.signer, &[&world.signer], b"content", &template));
        assert_eq!(outcome(&report), expected, "{stamped} {report:?}");
    }
}

const Q: &str = " xmlns:q=\"http://uri.etsi.org/01903/v1.3.2#\"";
const SIG: &str = " xmlns:sig=\"http://www.w3.org/2000/09/xmldsig#\"";

fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let start = text.find(from).unwrap();
    let end = start + text[start..].find(to).unwrap() + to.len();
    &text[start..end]
}

/// An enveloped XAdES signature with a first time stamp and an archive time stamp over it (EN 319 132-1, 5.5.2.2). What is
/// stamped is written here in its exclusive canonical form.
fn archived_xml(world: &World, first: Option<i64>, second: Option<i64>) -> String {
    const CONTENT: &str = "<p>x</p>";
    let (template, place) = enveloped(&world.signer, CONTENT);
    let stamp = first.map(|time| (&world.first, time));
    // The second authority stands in where there is no first stamp, so that there is a place for the archive's.
    let text = signature(&XmlTemplate { stamp: stamp.or(Some((&world.second, NOW - 60))), ..template });
    let first_stamp = between(&text, "<q:SignatureTimeStamp>", "</q:SignatureTimeStamp>").to_owned();
    let (text, canonical_stamp) = match first {
        Some(_) => {
            let method = format!("<sig:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"/>");
            let canonical = format!("<sig:CanonicalizationMethod{SIG} Algorithm=\"{EXCLUSIVE}\"></sig:CanonicalizationMethod>");
            let stamp = first_stamp.replacen("<q:SignatureTimeStamp>", &format!("<q:SignatureTimeStamp{Q}>"), 1);
            (text, stamp.replace(&method, &canonical))
        }
        None => (text.replace(&first_stamp, ""), String::new()),
    };
    let Some(time) = second else { return place(&text) };
    let key_info = between(&text, "<sig:KeyInfo>", "</sig:KeyInfo>").replacen("<sig:KeyInfo>", &format!("<sig:KeyInfo{SIG}>"), 1);
    let stamped = [
        &format!("<doc Id=\"d\">{CONTENT}</doc>"),
        between(&text, "<xades:SignedProperties", "</xades:SignedProperties>"),
        between(&text, "<ds:SignedInfo", "</ds:SignedInfo>"),
        between(&text, "<ds:SignatureValue", "</ds:SignatureValue>"),
        &key_info,
        &canonical_stamp,
    ]
    .concat();
    let token = base64(&time_stamp(&world.second, stamped.as_bytes(), time));
    let archive = format!(
        "<a:ArchiveTimeStamp xmlns:a=\"http://uri.etsi.org/01903/v1.4.1#\"><sig:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"/>\
         <q:EncapsulatedTimeStamp>{token}</q:EncapsulatedTimeStamp></a:ArchiveTimeStamp>"
    );
    let end = "</q:UnsignedSignatureProperties>";
    place(&text.replace(end, &format!("{archive}{end}")))
}

/// The list of the time comes as a property behind the stamps: it counts by its own signature.
fn judge_xml(world: &World, text: &str) -> SignatureReport {
    let end = "</q:UnsignedSignatureProperties>";
    let list = base64(&world.list);
    let values = format!(
        "<q:RevocationValues><q:CRLValues><q:EncapsulatedCRLValue>{list}</q:EncapsulatedCRLValue></q:CRLValues></q:RevocationValues>"
    );
    let text = text.replace(end, &format!("{values}{end}"));
    verify_xml(text.as_bytes(), &world.trust, &Options::at(NOW)).document.signatures[0].clone()
}

#[test]
fn a_xades_signature_passes_by_the_archive_time_stamp_that_covers_its_first_one() {
    check(|world, first, second| judge_xml(world, &archived_xml(world, first, second)));
}

#[test]
fn what_stands_before_an_archive_time_stamp_cannot_be_changed_under_it() {
    let world = World::new();
    let text = archived_xml(&world, Some(SIGNED + 60), Some(IN_TIME));
    let added = format!("<q:CertificateValues><q:EncapsulatedX509Certificate>{}</q:EncapsulatedX509Certificate></q:CertificateValues>", {
        base64(world.pki.issuer.der())
    });
    let judge = |text: &str| outcome(&judge_xml(&world, text));
    let before = text.replace("<a:ArchiveTimeStamp", &format!("{added}<a:ArchiveTimeStamp"));
    assert_eq!(judge(&before), doubt(SubIndication::OutOfBoundsNoPoe));
    let after = text.replace("</a:ArchiveTimeStamp>", &format!("</a:ArchiveTimeStamp>{added}"));
    assert_eq!(judge(&after), PASSED);
}

/// Names and contents of files.
type Files = Vec<(String, Vec<u8>)>;

/// An ASiC-E container with CAdES and an archive manifest over its signature (EN 319 162-1, A.7); `edit` may change a file.
fn archived_asic(world: &World, first: Option<i64>, second: Option<i64>, edit: impl Fn(&mut Files)) -> Vec<u8> {
    let manifest = |signature: &str, files: &[(String, Vec<u8>)]| {
        let references: String = files
            .iter()
            .map(|(name, content)| {
                format!(
                    "<a:DataObjectReference URI='{name}'><d:DigestMethod Algorithm='http://www.w3.org/2001/04/xmlenc#sha256'/>\
                     <d:DigestValue>{}</d:DigestValue></a:DataObjectReference>",
                    base64(&sha256(content))
                )
            })
            .collect();
        format!(
            "<a:ASiCManifest xmlns:a='http://uri.etsi.org/02918/v1.2.1#' xmlns:d='http://www.w3.org/2000/09/xmldsig#'>\
             <a:SigReference URI='{signature}'/>{references}</a:ASiCManifest>"
        )
        .into_bytes()
    };
    let mut files = vec![("a.txt".to_owned(), b"content".to_vec())];
    let signed = manifest("META-INF/signature1.p7s", &files);
    let stamp = first.map(|time| (&world.first, time));
    let template = CmsTemplate { stamp, revocation: world.list.clone(), ..CmsTemplate::default() };
    files.push(("META-INF/signature1.p7s".to_owned(), cms(&world.signer, &[&world.signer], &signed, &template)));
    files.push(("META-INF/ASiCManifest1.xml".to_owned(), signed));
    if let Some(time) = second {
        let archive = manifest("META-INF/timestamp1.tst", &files);
        files.push(("META-INF/timestamp1.tst".to_owned(), time_stamp(&world.second, &archive, time)));
        files.push(("META-INF/ASiCArchiveManifest.xml".to_owned(), archive));
    }
    files.insert(0, ("mimetype".to_owned(), b"application/vnd.etsi.asic-e+zip".to_vec()));
    edit(&mut files);
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
    zip(&files)
}

#[test]
fn a_container_passes_by_the_archive_time_stamp_that_covers_its_signature() {
    check(|world, first, second| {
        let report = verify_asic(&archived_asic(world, first, second, |_| {}), &world.trust, &Options::at(NOW));
        assert!(report.document.faults.is_empty(), "{report:?}");
        report.document.signatures[0].clone()
    });
}

#[test]
fn an_archive_time_stamp_over_files_that_were_changed_or_removed_is_void_and_said_to_be() {
    let world = World::new();
    let judge = |edit: &dyn Fn(&mut Files)| {
        let bytes = archived_asic(&world, Some(SIGNED + 60), Some(IN_TIME), edit);
        let report = verify_asic(&bytes, &world.trust, &Options::at(NOW)).document;
        (outcome(&report.signatures[0]).0, report.faults.join("; "))
    };
    assert_eq!(judge(&|_| {}), (Verdict::TotalPassed, String::new()));
    let (verdict, fault) = judge(&|files| files[1].1 = b"other".to_vec());
    assert_eq!(verdict, Verdict::TotalFailed);
    assert!(fault.contains("the file was changed"), "{fault}");
    // Another white space in the archive manifest, which only the stamp covers.
    let (verdict, fault) = judge(&|files| files[5].1.extend(b" "));
    assert_eq!(verdict, Verdict::Indeterminate);
    assert!(fault.contains("made for something else"), "{fault}");
    let (verdict, fault) = judge(&|files| files[4].1.extend(b" "));
    assert_eq!(verdict, Verdict::Indeterminate);
    assert!(fault.contains("META-INF/timestamp1.tst is an archive time stamp that proves nothing"), "{fault}");
}
