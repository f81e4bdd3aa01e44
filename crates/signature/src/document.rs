//! Signed PDF documents: every signature judged, and what of the file they cover.

use crate::detached::report;
use crate::evidence::Evidence;
use crate::existence;
use crate::judge::{Judged, Proof};
use crate::limit;
use crate::options::Options;
use crate::pdf::{self, ByteRange, File, Found, Rewriter, Security};
use crate::prefix::Prefixes;
use crate::report::{ChangeLevel, Coverage, DocumentReport, Encryption, LaterChange, SignatureReport, SubIndication, Verdict};
use crate::revisions;
use crate::signers::VisibleMark;
use crate::trust::TrustStore;
use crate::value::{Value, malformed};

/// Judges every signature of the PDF `bytes`.
///
/// Signatures are found by walking the present document (form fields and page widgets) through all revisions'
/// cross-references. A file whose structure cannot be read counts as not signed, or as [`Coverage::Destroyed`] where it
/// holds remains of signatures; it is never repaired.
#[must_use]
pub fn verify_pdf(bytes: &[u8], trust: &TrustStore, options: &Options) -> DocumentReport {
    let Some(header) = pdf::header_offset(bytes) else {
        let faults = vec!["the file has no PDF header".to_owned()];
        return unsigned(Coverage::NotPdf, faults);
    };
    let mut faults = Vec::new();
    let (base, file) = match open(bytes, header, options) {
        Ok(opened) => opened,
        Err(error) => {
            if let Some(name) = error.limit().filter(|_| pdf::has_remains(bytes, None)) {
                return given_up(bytes, limit::sentence(name, error));
            }
            faults.push(format!("the structure of the file is unreadable: {error}"));
            return unsigned_with_remains(bytes, None, without_signatures(bytes, None, false), faults, options);
        }
    };
    if base > 0 {
        faults.push(format!("{base} bytes stand in front of the PDF header: they are not part of the document"));
    }
    let encryption = match &file.security {
        Security::Plain => Encryption::None,
        Security::Opened(_) => Encryption::Opened,
        Security::Locked(reason) => {
            faults.push(format!("what the document says cannot be read: {reason}"));
            Encryption::Locked
        }
    };
    let pdf::Signatures { mut found, is_dangling, is_shared, left_out, ambiguities } = pdf::find_signatures(&file);
    if encryption == Encryption::Locked {
        add_unreachable(&file, &mut found);
    }
    if is_shared {
        faults.push("several form fields show one and the same signature".to_owned());
    }
    if is_dangling {
        faults.push("a signature field points to a signature that is not there".to_owned());
    }
    if found.is_empty() {
        let coverage = without_signatures(bytes, Some(&file), is_dangling);
        if coverage == Coverage::Destroyed {
            faults.push("the file holds remains of signatures: it was rewritten after signing".to_owned());
        }
        let rewritten_by = rewritten_by(coverage, false, &file, &mut faults);
        return DocumentReport { encryption, rewritten_by, ..unsigned_with_remains(bytes, Some(&file), coverage, faults, options) };
    }
    if left_out > 0 {
        faults.push(format!("the document has {left_out} more signatures than are judged"));
    }
    let evidence = pdf::security_store(&file, trust.caches());
    if evidence.left_out > 0 {
        faults.push(format!("{} entries of the document security store are unreadable or too many", evidence.left_out));
    }
    let reached =
        file.reached().and_then(|error| Some(limit::sentence(error.limit()?, format!("the document was not read to its end: {error}"))));
    faults.extend(reached.clone());
    let prefixes = Prefixes::new(file.data, found.iter().filter_map(|found| signed_beginning(found, file.data)).collect());
    let surroundings =
        Surroundings { file: &file, prefixes, base, evidence: &evidence, ambiguities: &ambiguities, reached, trust, options };
    let mut judged = surroundings.judge_all(&found);
    judged.sort_by_key(|signature| signature.signed_end.unwrap_or(0));
    let coverage = coverage(&judged, base, bytes.len());
    let (changed_after_signing, later_changes) = changes(&judged, file.data, base, options);
    let signatures: Vec<SignatureReport> = judged.into_iter().map(|signature| signature.report).collect();
    let is_broken = changed_after_signing == ChangeLevel::Unexplained
        || signatures.iter().any(|one| !one.intact && one.verdict == Verdict::TotalFailed);
    let rewritten_by = rewritten_by(coverage, is_broken, &file, &mut faults);
    DocumentReport { changed_after_signing, later_changes, rewritten_by, encryption, ..DocumentReport::new(coverage, signatures, faults) }
}

/// Who wrote a file anew whose signatures went with that, and what to do about it. The receiving office may have signed the
/// stamped file itself: the broken signatures in it are then the sender's. Or the stamp follows the signatures, as a change.
fn rewritten_by(coverage: Coverage, is_broken: bool, file: &File<'_>, faults: &mut Vec<String>) -> Option<String> {
    let is_destroyed = coverage == Coverage::Destroyed;
    if !is_destroyed && !is_broken {
        return None;
    }
    let Rewriter { name, stamps_incoming } = pdf::rewriter(file).filter(|rewriter| is_destroyed || rewriter.stamps_incoming)?;
    faults.push(if stamps_incoming {
        format!("the incoming-stamp tool {name:?} rewrote the file: the signed original has to be kept, and only a copy stamped")
    } else {
        format!("the program {name:?} wrote the file as it is")
    });
    Some(name)
}

/// How much of `data` stands before the value of a signature with a sound byte range.
fn signed_beginning(found: &Found, data: &[u8]) -> Option<usize> {
    let (range, _) = pdf::check_byte_range(found, data).ok()?;
    range.parts(data).first().map(|beginning| beginning.len())
}

/// The form of a closed document may lie in its object streams, out of reach; the signatures themselves do not. The names of
/// its fields are encrypted.
fn add_unreachable(file: &File<'_>, found: &mut Vec<Found>) {
    for (index, one) in found.iter_mut().enumerate() {
        one.field = format!("signature {}", index + 1);
    }
    for dictionary in file.signature_dictionaries() {
        if found.len() < file.limits.max_signatures && found.iter().all(|one| one.dictionary.start != dictionary.start) {
            found.push(Found { field: format!("signature {}", found.len() + 1), dictionary, in_file: true, size: None });
        }
    }
}

/// A document that holds a signature and takes more to read than the limits allow: nobody knows what it says.
fn given_up(bytes: &[u8], reason: String) -> DocumentReport {
    let mut judged = Judged::default();
    limit::reject(&mut judged.judgement, reason.clone());
    let coverage = Coverage::BytesAddedAfter { signed_end: 0, length: bytes.len() as u64 };
    DocumentReport::new(coverage, vec![report(String::new(), "", judged)], vec![reason])
}

fn unsigned(coverage: Coverage, faults: Vec<String>) -> DocumentReport {
    DocumentReport::new(coverage, Vec::new(), faults)
}

fn unsigned_with_remains(
    bytes: &[u8],
    file: Option<&File<'_>>,
    coverage: Coverage,
    faults: Vec<String>,
    options: &Options,
) -> DocumentReport {
    let mut report = unsigned(coverage, faults);
    if coverage == Coverage::Destroyed {
        report.remains = pdf::leftover(bytes, file, &options.limits);
    }
    report
}

/// What was done after the intact signatures; where none is intact, after those with a sound byte range.
fn changes(signatures: &[PdfSignature], data: &[u8], base: usize, options: &Options) -> (ChangeLevel, Vec<LaterChange>) {
    let ends = |accept: &dyn Fn(&PdfSignature) -> bool| -> Vec<usize> {
        signatures.iter().filter(|one| accept(one)).filter_map(|one| one.signed_end).collect()
    };
    let mut signed = ends(&|one| one.is_intact);
    if signed.is_empty() {
        signed = ends(&|_| true);
    }
    let mut changes = revisions::explain(data, &signed, &options.limits);
    if base > 0 && !signed.is_empty() {
        let what = format!("{base} bytes stand in front of the document");
        changes.insert(0, LaterChange { signed_end: 0, level: ChangeLevel::Workflow, what });
    }
    (changes.iter().map(|change| change.level).max().unwrap_or_default(), changes)
}

/// Offsets count from the header (ISO 32000-1, 7.5.2); writers that count from the start of the file are understood too.
fn open<'a>(bytes: &'a [u8], header: usize, options: &'a Options) -> Result<(usize, File<'a>), pdf::PdfError> {
    let from_header = bytes.get(header..).unwrap_or_default();
    match File::open(from_header, &options.limits) {
        Ok(file) => Ok((header, file)),
        Err(error) if header == 0 => Err(error),
        Err(error) => File::open(bytes, &options.limits).map(|file| (0, file)).map_err(|_| error),
    }
}

fn without_signatures(bytes: &[u8], file: Option<&File<'_>>, is_dangling: bool) -> Coverage {
    if is_dangling || pdf::has_remains(bytes, file) { Coverage::Destroyed } else { Coverage::NotSigned }
}

/// A report, and what coverage is counted by.
struct PdfSignature {
    report: SignatureReport,
    /// End of a sound byte range.
    signed_end: Option<usize>,
    is_intact: bool,
    is_vouched_for: bool,
}

/// See [`Coverage`].
fn coverage(signatures: &[PdfSignature], base: usize, length: usize) -> Coverage {
    let has_other = signatures.iter().any(|one| !one.report.is_document_timestamp);
    let counting = |one: &&PdfSignature| !(has_other && one.report.is_document_timestamp);
    let furthest = |accept: &dyn Fn(&PdfSignature) -> bool| {
        signatures.iter().filter(counting).filter(|one| accept(one)).filter_map(|one| one.signed_end).max()
    };
    let end = furthest(&|one| one.report.verdict == Verdict::TotalPassed)
        .or_else(|| furthest(&|one| one.is_intact && one.is_vouched_for))
        .or_else(|| furthest(&|one| one.is_intact))
        .or_else(|| furthest(&|_| true));
    match end {
        None => Coverage::Destroyed,
        Some(end) if base == 0 && end == length => Coverage::Whole,
        Some(end) => Coverage::BytesAddedAfter { signed_end: end as u64, length: length as u64 },
    }
}

/// What every signature of a file is judged with.
struct Surroundings<'a> {
    file: &'a File<'a>,
    prefixes: Prefixes<'a>,
    /// Bytes in front of the header.
    base: usize,
    evidence: &'a Evidence,
    /// Why readers may understand the document in two ways.
    ambiguities: &'a [String],
    /// The bound at which reading the document ended.
    reached: Option<String>,
    trust: &'a TrustStore,
    options: &'a Options,
}

impl Surroundings<'_> {
    /// Judges the signatures from the last to the first, so that a document time stamp counts for what it covers (EN 319 142-1,
    /// 5.5; EN 319 102-1, 5.6.2).
    fn judge_all(&self, found: &[Found]) -> Vec<PdfSignature> {
        let mut ordered: Vec<(Option<ByteRange>, &Found)> =
            found.iter().rev().map(|found| (pdf::check_byte_range(found, self.file.data).ok().map(|(range, _)| range), found)).collect();
        ordered.sort_by_key(|(range, _)| std::cmp::Reverse(range.map_or(0, |range| range.end)));
        let mut stamps: Vec<(ByteRange, Proof)> = Vec::new();
        let mut judged = Vec::with_capacity(found.len());
        for (range, found) in ordered {
            let over = stamps.iter().filter(|(stamp, _)| range.is_some_and(|range| stamp.covers(range.end)));
            let existed = existence::best(over.map(|(_, proof)| proof.clone()).collect(), None);
            let one = self.judge(found, existed.time.is_some().then_some(&existed));
            if let Some(range) = range.filter(|_| one.report.is_document_timestamp && one.is_intact)
                && one.report.proved_time.is_some()
            {
                let unknown = one.report.sub_indication.map(|_| "the standing of the time-stamp authority is not known".to_owned());
                stamps.push((range, Proof { time: one.report.proved_time, unknown_revocation: unknown }));
            }
            judged.push(one);
        }
        // In the order in which they were found.
        judged.reverse();
        judged
    }

    fn judge(&self, found: &Found, existed: Option<&Proof>) -> PdfSignature {
        let Self { file, ref prefixes, base, evidence, ambiguities, trust, options, .. } = *self;
        let data = file.data;
        let dictionary = &found.dictionary;
        let sub_filter = String::from_utf8_lossy(dictionary.name("SubFilter").unwrap_or_default()).into_owned();
        let checked = pdf::check_byte_range(found, data);
        let range = checked.as_ref().ok().map(|(range, _)| *range);
        let mut judged = match &checked {
            Ok((range, contents)) => {
                let content = range.parts(data);
                let contents = &contents.bytes;
                Value { dictionary, contents, content: &content, prefixes, evidence, existed, trust, options }.judge(&sub_filter)
            }
            Err(reason) => malformed(reason.clone()),
        };
        if file.is_misencrypted(dictionary.start) {
            judged.judgement.fail(SubIndication::FormatFailure, "the signature is not encrypted as its document demands");
        }
        if let Security::Locked(reason) = &file.security {
            judged.judgement.doubt(SubIndication::SignedDataNotFound, format!("what was signed cannot be read: {reason}"));
        }
        if let Some(reached) = &self.reached {
            judged.judgement.doubt(SubIndication::Generic, reached.clone());
        }
        for ambiguity in ambiguities {
            judged.judgement.fail(SubIndication::FormatFailure, ambiguity.clone());
        }
        // A genuine program writes two values of /Type, which mean nothing here.
        if let Some(key) = dictionary.ambiguous_key().filter(|key| *key != b"Type") {
            let reason =
                format!("the signature has /{} more than once with different values: readers differ", String::from_utf8_lossy(key));
            judged.judgement.fail(SubIndication::FormatFailure, reason);
        }
        if let Some(ByteRange { end, .. }) = range
            && end < data.len()
        {
            judged.judgement.note(format!("{} bytes follow what this signature covers", data.len() - end));
        }
        let is_intact = judged.arithmetic.intact && !judged.judgement.has_failed();
        let is_vouched_for = judged.judgement.is_vouched_for;
        let is_document_timestamp = sub_filter == "ETSI.RFC3161";
        let mut report = report(found.field.clone(), &sub_filter, judged);
        report.byte_range = pdf::byte_range_numbers(dictionary);
        report.is_document_timestamp = is_document_timestamp;
        report.mark = found.size.and_then(|size| VisibleMark::new(&found.field, report.signer_kind, size));
        report.signing_tool = pdf::signing_tool(dictionary, file, range.map(|range| range.end), &options.limits);
        report.covers_whole_file = base == 0 && range.is_some_and(|range| range.end == data.len());
        PdfSignature { report, signed_end: range.map(|range| range.end), is_intact, is_vouched_for }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::algorithm::{Digest, sha256};
    use crate::asn1::{OCTET_STRING, OID, SEQUENCE, encode};
    use crate::oid;
    use crate::options::{RevocationPolicy, WeakDigest};
    use crate::report::{EvidenceKind, UsedEvidence};
    use crate::testing::{
        CmsTemplate, NOW, Node, OcspTemplate, Pki, Template, YEAR, add_security_store, attribute, cms, last_xref, ocsp_revoked, plain_pdf,
        revise, sign_pdf, time_stamp,
    };

    const CADES: &str = "ETSI.CAdES.detached";

    fn trust(pki: &Pki) -> TrustStore {
        let mut trust = TrustStore::new();
        trust.add_anchor(pki.root.der(), None, None).unwrap();
        trust.add_intermediate(pki.issuer.der()).unwrap();
        trust
    }

    fn trust_with_crls(pki: &Pki, revoked: &[(&[u8], i64)]) -> TrustStore {
        let mut trust = trust(pki);
        trust.add_crl(&pki.crl(NOW - 10, NOW + 1000, revoked)).unwrap();
        trust.add_crl(&pki.root_crl(NOW - 10, NOW + 1000)).unwrap();
        trust
    }

    fn signed_by(signer: &Node, template: &CmsTemplate<'_>) -> Vec<u8> {
        sign_pdf(&plain_pdf(), 0, CADES, |content| cms(signer, &[signer], content, template))
    }

    fn signed(pki: &Pki, template: &CmsTemplate<'_>) -> Vec<u8> {
        signed_by(&pki.signer, template)
    }

    fn outcome(report: &DocumentReport) -> (Verdict, Option<SubIndication>) {
        let [only] = report.signatures.as_slice() else { panic!("{report:?}") };
        (only.verdict, only.sub_indication)
    }

    fn judge(bytes: &[u8], trust: &TrustStore) -> DocumentReport {
        verify_pdf(bytes, trust, &Options::at(NOW))
    }

    #[test]
    fn a_sound_signature_passes_and_covers_the_whole_file() {
        let pki = Pki::new();
        let pdf = signed(&pki, &CmsTemplate::default());
        let report = judge(&pdf, &trust_with_crls(&pki, &[]));
        assert_eq!(outcome(&report), (Verdict::TotalPassed, None), "{report:?}");
        assert_eq!(report.coverage, Coverage::Whole);
        let only = &report.signatures[0];
        assert_eq!((only.field.as_str(), only.sub_filter.as_str()), ("Sig1", CADES));
        assert_eq!(only.signer.as_ref().unwrap().common_name, "Nguyen Van A");
        // 2026-11-26 08:00:00 +07:00.
        assert_eq!(only.claimed_time, Some(1_795_654_800));
        assert_eq!(only.proved_time, None);
        assert_eq!(only.digest_algorithm, "SHA-256");
        assert_eq!(only.signature_algorithm, "Ed25519");
        assert!(only.covers_whole_file && !only.weak_digest && !only.is_document_timestamp);
    }

    #[test]
    fn intact_means_arithmetic_and_form_whatever_the_verdict() {
        let pki = Pki::new();
        let pdf = signed(&pki, &CmsTemplate::default());
        let serial = pki.signer.certificate().serial;
        let revoked = judge(&pdf, &trust_with_crls(&pki, &[(&serial, NOW - 30 * 86_400)]));
        assert_eq!((outcome(&revoked).1, revoked.signatures[0].intact), (Some(SubIndication::Revoked), true));
        assert!(judge(&pdf, &TrustStore::new()).signatures[0].intact, "nobody is trusted");
        let mut changed = pdf.clone();
        let at = changed.windows(8).position(|window| window == b"MediaBox").unwrap();
        changed[at + 10] = b'9';
        assert!(!judge(&changed, &TrustStore::new()).signatures[0].intact);
        // Bytes behind the CMS, inside the reserved space: the arithmetic holds, the form does not.
        let end = pdf.windows(4).rposition(|window| window == b"00>>").unwrap();
        let mut hidden = pdf;
        hidden[end] = b'1';
        let report = judge(&hidden, &TrustStore::new());
        assert_eq!((outcome(&report).1, report.signatures[0].intact), (Some(SubIndication::FormatFailure), false));
    }

    #[test]
    fn the_program_that_signed_is_named_by_the_signature_and_otherwise_by_the_signed_revision() {
        let pki = Pki::new();
        let sign = |pdf: &[u8]| sign_pdf(pdf, 0, CADES, |content| cms(&pki.signer, &[&pki.signer], content, &CmsTemplate::default()));
        let tool = |pdf: &[u8]| judge(pdf, &TrustStore::new()).signatures[0].signing_tool.clone();
        assert_eq!(tool(&sign(&plain_pdf())), None);
        let with = |entry: &str| {
            sign_pdf(&plain_pdf(), 0, &format!("{CADES}{entry}"), |content| {
                cms(&pki.signer, &[&pki.signer], content, &CmsTemplate::default())
            })
        };
        assert_eq!(tool(&with("/Prop_Build<</App<</Name/VGCA#20Sign#20#a9>>>>")).as_deref(), Some("VGCA Sign ©"));
        assert_eq!(tool(&with("/Prop_Build<</App<</Name(PDF Tool\\n4.1)>>>>")).as_deref(), Some("PDF Tool 4.1"));
        assert_eq!(tool(&with("/Prop_Build<</App<</REx 1>>>>")), None);
    }

    #[test]
    fn missing_revocation_data_is_indeterminate_unless_the_operator_accepts_it() {
        let pki = Pki::new();
        let pdf = signed(&pki, &CmsTemplate::default());
        let report = judge(&pdf, &trust(&pki));
        assert_eq!(outcome(&report), (Verdict::Indeterminate, Some(SubIndication::TryLater)));
        let options = Options { revocation: RevocationPolicy::Accept, ..Options::at(NOW) };
        let report = verify_pdf(&pdf, &trust(&pki), &options);
        assert_eq!(outcome(&report), (Verdict::TotalPassed, None));
        assert!(report.signatures[0].reasons.iter().any(|reason| reason.contains("unknown revocation accepted")));
    }

    /// The outcome for a signature whose revocation data comes with the document, in each of the places for it.
    fn outcomes_with_embedded(pki: &Pki, list: &[u8], response: &OcspTemplate<'_>) -> Vec<(Verdict, Option<SubIndication>)> {
        let values = |lists: &[u8], responses: &[u8]| {
            encode(SEQUENCE, &[encode(0xa0, &encode(SEQUENCE, lists)), encode(0xa1, &encode(SEQUENCE, responses))].concat())
        };
        let archive = attribute(oid::REVOCATION_INFO_ARCHIVAL, &values(list, &response.response()));
        let cades = attribute(oid::REVOCATION_VALUES, &values(list, &response.basic()));
        let other = [encode(OID, oid::REVOCATION_INFO_OCSP), response.response()].concat();
        let beside = [list, &encode(0xa1, &other)].concat();
        let store = add_security_store(&signed(pki, &CmsTemplate::default()), [&[], &[list.to_vec()], &[response.response()]]);
        let documents = [
            signed(pki, &CmsTemplate { extra_attributes: vec![archive], ..CmsTemplate::default() }),
            signed(pki, &CmsTemplate { unsigned_attributes: vec![cades], ..CmsTemplate::default() }),
            signed(pki, &CmsTemplate { revocation: beside, ..CmsTemplate::default() }),
            store,
        ];
        documents.iter().map(|document| outcome(&judge(document, &trust(pki)))).collect()
    }

    #[test]
    fn revocation_data_in_the_document_counts_by_its_signature_alone() {
        let pki = Pki::new();
        let list = pki.root_crl(NOW - 10, NOW + 1000);
        let good = OcspTemplate::good(&pki.issuer, &pki.signer, &pki.issuer);
        assert_eq!(outcomes_with_embedded(&pki, &list, &good), [(Verdict::TotalPassed, None); 4]);
        let revoked = OcspTemplate { status: ocsp_revoked(NOW - 3600, 1), ..OcspTemplate::good(&pki.issuer, &pki.signer, &pki.issuer) };
        let expected = (Verdict::Indeterminate, Some(SubIndication::RevokedNoPoe));
        assert_eq!(outcomes_with_embedded(&pki, &list, &revoked), [expected; 4]);
        // An answer by the signer about itself.
        let forged = OcspTemplate::good(&pki.signer, &pki.signer, &pki.issuer);
        let expected = (Verdict::Indeterminate, Some(SubIndication::TryLater));
        assert_eq!(outcomes_with_embedded(&pki, &list, &forged), [expected; 4]);
    }

    #[test]
    fn the_evidence_that_a_verdict_rests_on_is_listed_by_digest_and_gives_it_again() {
        let pki = Pki::new();
        let pdf = signed(&pki, &CmsTemplate::default());
        let list = pki.root_crl(NOW - 10, NOW + 1000);
        let responder = OcspTemplate::good(&pki.issuer, &pki.signer, &pki.issuer);
        let other = OcspTemplate::good(&pki.issuer, &pki.tsa, &pki.issuer);
        let full = |extra: bool| {
            let mut trust = trust(&pki);
            trust.add_crl(&list).unwrap();
            trust.add_ocsp(&responder.response()).unwrap();
            if extra {
                trust.add_intermediate(pki.tsa.der()).unwrap();
                trust.add_ocsp(&other.response()).unwrap();
            }
            judge(&pdf, &trust)
        };
        let report = full(true);
        assert_eq!(outcome(&report), (Verdict::TotalPassed, None));
        let certificates = [pki.signer.der(), pki.issuer.der(), pki.root.der()].map(|der| (EvidenceKind::Certificate, sha256(der)));
        let mut expected = certificates.to_vec();
        expected.push((EvidenceKind::RevocationList, sha256(&list)));
        expected.push((EvidenceKind::OcspResponse, sha256(&responder.basic())));
        let mut expected: Vec<_> = expected.into_iter().map(|(kind, sha256)| UsedEvidence { kind, sha256 }).collect();
        expected.sort_unstable();
        assert_eq!(report.signatures[0].evidence, expected);
        assert_eq!(full(false), report);
    }

    #[test]
    fn a_security_store_gives_missing_intermediates_and_tells_what_it_cannot_read() {
        let pki = Pki::new();
        let pdf = signed(&pki, &CmsTemplate::default());
        let mut trust = TrustStore::new();
        trust.add_anchor(pki.root.der(), None, None).unwrap();
        assert_eq!(outcome(&judge(&pdf, &trust)).1, Some(SubIndication::NoCertificateChainFound));
        let lists = [pki.crl(NOW - 10, NOW + 1000, &[]), pki.root_crl(NOW - 10, NOW + 1000)];
        let report = judge(&add_security_store(&pdf, [&[pki.issuer.der().to_vec()], &lists, &[b"no".to_vec()]]), &trust);
        assert_eq!(outcome(&report), (Verdict::TotalPassed, None), "{report:?}");
        assert!(report.faults.iter().any(|fault| fault.starts_with("1 entries of the document security store")), "{:?}", report.faults);
    }

    #[test]
    fn a_revoked_certificate_never_passes() {
        let pki = Pki::new();
        let pdf = signed(&pki, &CmsTemplate::default());
        let serial = pki.signer.certificate().serial;
        // Claimed the day before: revoked an hour ago, and long before that.
        let after = judge(&pdf, &trust_with_crls(&pki, &[(&serial, NOW - 3600)]));
        assert_eq!(outcome(&after), (Verdict::Indeterminate, Some(SubIndication::RevokedNoPoe)));
        let before = judge(&pdf, &trust_with_crls(&pki, &[(&serial, NOW - 30 * 86_400)]));
        assert_eq!(outcome(&before), (Verdict::TotalFailed, Some(SubIndication::Revoked)));
    }

    #[test]
    fn a_time_stamp_proves_the_time_and_outlives_expiry_and_revocation() {
        let pki = Pki::new();
        let time = NOW - 7200;
        let template = CmsTemplate { stamp: Some((&pki.tsa, time)), ..CmsTemplate::default() };
        let pdf = signed(&pki, &template);
        let serial = pki.signer.certificate().serial;
        let report = judge(&pdf, &trust_with_crls(&pki, &[(&serial, NOW - 3600)]));
        assert_eq!(outcome(&report), (Verdict::TotalPassed, None), "{report:?}");
        assert_eq!(report.signatures[0].proved_time, Some(time));
        let later = Options { revocation: RevocationPolicy::Accept, ..Options::at(NOW + 3 * YEAR) };
        assert_eq!(outcome(&verify_pdf(&pdf, &trust(&pki), &later)), (Verdict::TotalPassed, None));
        let bare = signed(&pki, &CmsTemplate::default());
        let expired = verify_pdf(&bare, &trust(&pki), &later);
        assert_eq!(outcome(&expired), (Verdict::Indeterminate, Some(SubIndication::OutOfBoundsNoPoe)));
    }

    #[test]
    fn a_time_stamp_by_the_wrong_authority_proves_nothing() {
        let pki = Pki::new();
        let template = CmsTemplate { stamp: Some((&pki.signer, NOW - 7200)), ..CmsTemplate::default() };
        let report = judge(&signed(&pki, &template), &trust_with_crls(&pki, &[]));
        assert_eq!(outcome(&report), (Verdict::TotalPassed, None));
        assert_eq!(report.signatures[0].proved_time, None);
        assert!(report.signatures[0].reasons.iter().any(|reason| reason.contains("proves nothing")));
    }

    #[test]
    fn a_signature_older_than_its_certificate_fails() {
        let pki = Pki::new();
        let young = pki.issue(Template { not_before: NOW - 3600, ..Template::signer() });
        let template = CmsTemplate { stamp: Some((&pki.tsa, NOW - 7200)), ..CmsTemplate::default() };
        let report = judge(&signed_by(&young, &template), &trust_with_crls(&pki, &[]));
        assert_eq!(outcome(&report), (Verdict::TotalFailed, Some(SubIndication::NotYetValid)));
    }

    #[test]
    fn a_changed_byte_fails_by_its_hash_and_a_changed_value_by_the_signature() {
        let pki = Pki::new();
        let trust = trust_with_crls(&pki, &[]);
        let mut pdf = signed(&pki, &CmsTemplate::default());
        let at = pdf.windows(8).position(|window| window == b"MediaBox").unwrap();
        pdf[at + 10] = b'9';
        assert_eq!(outcome(&judge(&pdf, &trust)), (Verdict::TotalFailed, Some(SubIndication::HashFailure)));

        let broken = sign_pdf(&plain_pdf(), 0, CADES, |content| {
            let mut cms = cms(&pki.signer, &[&pki.signer], content, &CmsTemplate::default());
            *cms.last_mut().unwrap() ^= 1;
            cms
        });
        assert_eq!(outcome(&judge(&broken, &trust)), (Verdict::TotalFailed, Some(SubIndication::SigCryptoFailure)));
    }

    #[test]
    fn bytes_added_after_are_told() {
        let pki = Pki::new();
        let trust = trust_with_crls(&pki, &[]);
        let pdf = signed(&pki, &CmsTemplate::default());
        let added = revise(&pdf, Some(last_xref(&pdf)), &[(3, "<</Type/Page/Parent 2 0 R>>".to_owned())]);
        for bytes in [added, [pdf.as_slice(), b"% comment"].concat()] {
            let report = judge(&bytes, &trust);
            assert_eq!(outcome(&report), (Verdict::TotalPassed, None));
            let expected = Coverage::BytesAddedAfter { signed_end: pdf.len() as u64, length: bytes.len() as u64 };
            assert_eq!(report.coverage, expected);
            assert!(!report.signatures[0].covers_whole_file);
        }
    }

    #[test]
    fn a_second_signature_covers_the_first_and_only_a_passing_one_counts() {
        let pki = Pki::new();
        let without_crls = trust(&pki);
        let trust = trust_with_crls(&pki, &[]);
        let first = signed(&pki, &CmsTemplate::default());
        let sign = |signer: &Node| sign_pdf(&first, 1, CADES, |content| cms(signer, &[signer], content, &CmsTemplate::default()));
        let report = judge(&sign(&pki.signer), &trust);
        assert_eq!(report.coverage, Coverage::Whole);
        assert_eq!(report.signatures.iter().map(|one| one.covers_whole_file).collect::<Vec<_>>(), [false, true]);

        let stranger = Pki::new().root.issue(Template { name: "Stranger".to_owned(), ..Template::authority("", None) });
        let stranger = stranger.issue(Template::signer());
        let pdf = sign(&stranger);
        // Without revocation data nothing passes, and the stranger still does not count.
        let undecided = judge(&pdf, &without_crls);
        assert!(undecided.signatures.iter().all(|one| one.verdict == Verdict::Indeterminate));
        assert!(matches!(undecided.coverage, Coverage::BytesAddedAfter { .. }));
        let report = judge(&pdf, &trust);
        let verdicts: Vec<_> = report.signatures.iter().map(|one| one.verdict).collect();
        assert_eq!(verdicts, [Verdict::TotalPassed, Verdict::Indeterminate]);
        let expected = Coverage::BytesAddedAfter { signed_end: first.len() as u64, length: pdf.len() as u64 };
        assert_eq!(report.coverage, expected);
    }

    #[test]
    fn a_document_time_stamp_is_judged_and_does_not_vouch_for_content() {
        let pki = Pki::new();
        let trust = trust_with_crls(&pki, &[]);
        let stamp = |pdf: &[u8], index| sign_pdf(pdf, index, "ETSI.RFC3161", |content| time_stamp(&pki.tsa, content, NOW - 60));
        let report = judge(&stamp(&plain_pdf(), 0), &trust);
        assert_eq!(outcome(&report), (Verdict::TotalPassed, None), "{report:?}");
        assert!(report.signatures[0].is_document_timestamp);
        assert_eq!(report.signatures[0].proved_time, Some(NOW - 60));
        assert_eq!(report.coverage, Coverage::Whole);
        let signed = signed(&pki, &CmsTemplate::default());
        assert!(matches!(judge(&stamp(&signed, 1), &trust).coverage, Coverage::BytesAddedAfter { .. }));
    }

    #[test]
    fn the_form_of_the_cms_is_checked() {
        let pki = Pki::new();
        let trust = trust_with_crls(&pki, &[]);
        let failing = [
            CmsTemplate { signers: 2, ..CmsTemplate::default() },
            CmsTemplate { signers: 0, ..CmsTemplate::default() },
            CmsTemplate { enclose: true, ..CmsTemplate::default() },
            CmsTemplate { content_type: oid::TST_INFO, ..CmsTemplate::default() },
        ];
        for template in &failing {
            let report = judge(&signed(&pki, template), &trust);
            assert_eq!(outcome(&report), (Verdict::TotalFailed, Some(SubIndication::FormatFailure)), "{report:?}");
        }
        let unpinned = CmsTemplate { signing_certificate: false, ..CmsTemplate::default() };
        let report = judge(&signed(&pki, &unpinned), &trust);
        assert_eq!(outcome(&report), (Verdict::Indeterminate, Some(SubIndication::SigConstraintsFailure)));
        let bare = CmsTemplate { signed_attributes: false, ..CmsTemplate::default() };
        let adbe = sign_pdf(&plain_pdf(), 0, "adbe.pkcs7.detached", |content| cms(&pki.signer, &[&pki.signer], content, &bare));
        assert_eq!(outcome(&judge(&adbe, &trust)), (Verdict::TotalPassed, None));
    }

    #[test]
    fn a_substituted_or_missing_signing_certificate_is_noticed() {
        let pki = Pki::new();
        let trust = trust_with_crls(&pki, &[]);
        let missing = sign_pdf(&plain_pdf(), 0, CADES, |content| cms(&pki.signer, &[], content, &CmsTemplate::default()));
        let expected = (Verdict::Indeterminate, Some(SubIndication::NoSigningCertificateFound));
        assert_eq!(outcome(&judge(&missing, &trust)), expected);
        // The pinned hash is that of the issuer's certificate.
        let hash = encode(OCTET_STRING, &sha256(pki.issuer.der()));
        let sequence = |inner: &[u8]| encode(SEQUENCE, inner);
        let pinned = attribute(oid::SIGNING_CERTIFICATE_V2, &sequence(&sequence(&sequence(&hash))));
        let template = CmsTemplate { signing_certificate: false, extra_attributes: vec![pinned], ..CmsTemplate::default() };
        assert_eq!(outcome(&judge(&signed(&pki, &template), &trust)), expected);
    }

    #[test]
    fn sha1_is_weak_and_passes_only_by_configuration() {
        let pki = Pki::new();
        let pdf = signed(&pki, &CmsTemplate { digest: Digest::Sha1, ..CmsTemplate::default() });
        let report = judge(&pdf, &trust_with_crls(&pki, &[]));
        assert_eq!(outcome(&report), (Verdict::Indeterminate, Some(SubIndication::CryptoConstraintsFailure)));
        assert!(report.signatures[0].weak_digest);
        let options = Options { weak_digest: WeakDigest::Accept, ..Options::at(NOW) };
        let report = verify_pdf(&pdf, &trust_with_crls(&pki, &[]), &options);
        assert_eq!(outcome(&report), (Verdict::TotalPassed, None));
        assert!(report.signatures[0].weak_digest);
    }

    #[test]
    fn old_kinds_of_signatures_are_judged_and_unknown_ones_named() {
        let pki = Pki::new();
        let trust = trust_with_crls(&pki, &[]);
        let options = Options { weak_digest: WeakDigest::Accept, ..Options::at(NOW) };
        let enclosing = CmsTemplate { enclose: true, ..CmsTemplate::default() };
        let make = |salt: &'static [u8]| {
            sign_pdf(&plain_pdf(), 0, "adbe.pkcs7.sha1", |content| {
                let digest = Digest::Sha1.of(&[content, salt]);
                cms(&pki.signer, &[&pki.signer], digest.as_ref(), &enclosing)
            })
        };
        let report = verify_pdf(&make(b""), &trust, &options);
        assert_eq!(outcome(&report), (Verdict::TotalPassed, None), "{report:?}");
        assert!(report.signatures[0].weak_digest);
        let strict = judge(&make(b""), &trust);
        assert_eq!(outcome(&strict), (Verdict::Indeterminate, Some(SubIndication::CryptoConstraintsFailure)));
        let changed = verify_pdf(&make(b"x"), &trust, &options);
        assert_eq!(outcome(&changed), (Verdict::TotalFailed, Some(SubIndication::HashFailure)));

        let bare = |sub_filter| sign_pdf(&plain_pdf(), 0, sub_filter, |_| encode(OCTET_STRING, &[1; 256]));
        let report = verify_pdf(&bare("adbe.x509.rsa_sha1"), &trust, &options);
        assert_eq!(outcome(&report), (Verdict::Indeterminate, Some(SubIndication::NoSigningCertificateFound)));
        assert!(report.signatures[0].weak_digest);
        let report = verify_pdf(&bare("Some.Thing"), &trust, &options);
        assert_eq!(outcome(&report), (Verdict::Indeterminate, Some(SubIndication::Generic)));
    }

    #[test]
    fn signatures_of_page_widgets_are_found_and_counted_once() {
        let pki = Pki::new();
        let pdf = signed(&pki, &CmsTemplate::default());
        let page = |annotation: &str| (3, format!("<</Type/Page/Parent 2 0 R/Annots[{annotation}]>>"));
        let widget = "<</Subtype/Widget/FT/Sig/T(Sig1)/V 11 0 R>>";
        let both = revise(&pdf, Some(last_xref(&pdf)), &[page(widget)]);
        assert_eq!(judge(&both, &trust(&pki)).signatures.len(), 1);
        let no_form = (1, "<</Type/Catalog/Pages 2 0 R>>".to_owned());
        let only_widget = revise(&pdf, Some(last_xref(&pdf)), &[no_form, page(widget)]);
        assert_eq!(judge(&only_widget, &trust(&pki)).signatures.len(), 1);
        let other_name = revise(&pdf, Some(last_xref(&pdf)), &[page("<</Subtype/Widget/FT/Sig/T(Other)/V 11 0 R>>")]);
        let report = judge(&other_name, &trust(&pki));
        assert_eq!((report.signatures.len(), report.faults.len()), (1, 1));
    }

    #[test]
    fn a_signature_that_the_present_document_dropped_is_destroyed() {
        let pki = Pki::new();
        let pdf = signed(&pki, &CmsTemplate::default());
        let dropped = revise(&pdf, Some(last_xref(&pdf)), &[(1, "<</Type/Catalog/Pages 2 0 R>>".to_owned())]);
        let report = judge(&dropped, &trust(&pki));
        assert_eq!((report.coverage, report.signatures.len()), (Coverage::Destroyed, 0));
        let cut = &pdf[..pdf.len() - 40];
        assert_eq!(judge(cut, &trust(&pki)).coverage, Coverage::Destroyed);
    }

    #[test]
    fn bytes_in_front_of_the_header_are_not_covered() {
        let pki = Pki::new();
        let pdf = signed(&pki, &CmsTemplate::default());
        let bytes = [b"data:application/pdf,".as_slice(), &pdf].concat();
        let report = judge(&bytes, &trust_with_crls(&pki, &[]));
        assert_eq!(outcome(&report), (Verdict::TotalPassed, None));
        let expected = Coverage::BytesAddedAfter { signed_end: pdf.len() as u64, length: bytes.len() as u64 };
        assert_eq!(report.coverage, expected);
        assert_eq!(report.faults.len(), 1);
    }

    #[test]
    fn signatures_beyond_the_limit_are_told_and_not_judged() {
        let pki = Pki::new();
        let first = signed(&pki, &CmsTemplate::default());
        let make = |content: &[u8]| cms(&pki.signer, &[&pki.signer], content, &CmsTemplate::default());
        let pdf = sign_pdf(&first, 1, CADES, make);
        let mut options = Options::at(NOW);
        options.limits.max_signatures = 1;
        let report = verify_pdf(&pdf, &trust_with_crls(&pki, &[]), &options);
        assert_eq!((report.signatures.len(), report.faults.len()), (1, 1));
        assert!(matches!(report.coverage, Coverage::BytesAddedAfter { .. }));
    }

    #[test]
    fn files_without_signatures_say_so() {
        let trust = TrustStore::new();
        assert_eq!(judge(&plain_pdf(), &trust).coverage, Coverage::NotSigned);
        assert_eq!(judge(b"hello", &trust).coverage, Coverage::NotPdf);
        assert_eq!(judge(b"", &trust).coverage, Coverage::NotPdf);
    }

    #[test]
    fn bytes_behind_the_cms_are_refused() {
        let pki = Pki::new();
        let pdf = sign_pdf(&plain_pdf(), 0, CADES, |content| {
            let mut cms = cms(&pki.signer, &[&pki.signer], content, &CmsTemplate::default());
            cms.extend([0, 0, 7]);
            cms
        });
        let report = judge(&pdf, &trust_with_crls(&pki, &[]));
        assert_eq!(outcome(&report), (Verdict::TotalFailed, Some(SubIndication::FormatFailure)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let mut pdf = b"%PDF-1.7\n".to_vec();
            pdf.extend(&bytes);
            judge(&pdf, &TrustStore::new());
        }

        #[test]
        fn a_mutated_signed_file_never_panics_and_never_passes_whole(
            edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            cut in proptest::option::of(any::<prop::sample::Index>()),
        ) {
            let pki = Pki::new();
            let original = signed(&pki, &CmsTemplate { stamp: Some((&pki.tsa, NOW - 60)), ..CmsTemplate::default() });
            let mut pdf = original.clone();
            for (at, value) in edits {
                let at = at.index(pdf.len());
                pdf[at] = value;
            }
            if let Some(cut) = cut {
                pdf.truncate(cut.index(pdf.len()) + 1);
            }
            let report = judge(&pdf, &trust_with_crls(&pki, &[]));
            let contents = original.windows(10).position(|window| window == b"/Contents<").unwrap() + 9;
            let end = original.windows(3).rposition(|window| window == b">>>").unwrap() + 1;
            let outside_changed = pdf.len() != original.len()
                || pdf[..contents] != original[..contents]
                || pdf[end..] != original[end..];
            if outside_changed {
                let passed = report.signatures.iter().any(|one| one.verdict == Verdict::TotalPassed);
                prop_assert!(!passed || report.coverage != Coverage::Whole);
            }
        }
    }
}
