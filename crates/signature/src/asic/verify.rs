//! Signed containers: every signature judged, and which files it covers.

use std::collections::BTreeSet;

use crate::algorithm::Digest;
use crate::algorithm_policy::{Usage, weigh};
use crate::cms_file::verify_cms_existing;
use crate::detached::report as signature_report;
use crate::evidence::Evidence;
use crate::judge::Judged;
use crate::judgement::Judgement;
use crate::limit;
use crate::options::{Limits, Options};
use crate::report::{Coverage, DocumentReport, SignatureReport, SubIndication, Verdict};
use crate::timestamp;
use crate::trust::TrustStore;
use crate::weakness::{Algorithm, AlgorithmUse};
use crate::xml::{Budget, ReferenceOutcome, XmlReport, XmlSignature, XmlSignatureRole, percent_decoded, verify_within};

use super::archive::{Archive, Proofs};
use super::manifest::{FileDigest, Manifest};
use super::zip::{self, Entry};

/// The outcome of [`verify_asic`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsicReport {
    /// The bytes are a container of the kind that is judged; otherwise a fault says what is wrong with it.
    pub is_readable: bool,
    /// Verdicts and coverage in the shape of [`crate::verify_pdf`]. `Coverage::Whole` means that one of the best signatures
    /// covers every document in the container; otherwise `signed_end` and `length` count bytes of documents.
    pub document: DocumentReport,
    /// What each signature is and covers; as many as `document.signatures`, in the same order.
    pub signatures: Vec<AsicSignature>,
    /// The documents: every file but `mimetype` and those in `META-INF`.
    pub files: Vec<String>,
}

/// A signature or time stamp in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsicSignature {
    /// The file it stands in, such as `META-INF/signatures.xml`.
    pub file: String,
    /// Every digest and the signature value fit. It says nothing about whose signature it is.
    pub intact: bool,
    /// The documents that it covers, whether it is good or not.
    pub covers: Vec<String>,
    /// What an XML signature refers to.
    pub xml: Option<XmlSignature>,
}

/// Judges every signature of the ASiC-S or ASiC-E container `bytes`: XAdES, CAdES and time-stamp tokens over documents.
///
/// A container that readers could understand in more than one way is not read at all (see the faults). Archive time
/// stamps prove the signatures that they cover; evidence records are not looked at.
#[must_use]
pub fn verify_asic(bytes: &[u8], trust: &TrustStore, options: &Options) -> AsicReport {
    match zip::read(bytes, options.limits.max_inflate_bytes) {
        Ok(entries) => Container::new(&entries, trust, options).judge(),
        Err(error) => {
            let sentence = format!("the container is not one that can be judged: {error}");
            let faults = vec![match error.limit() {
                Some(name) => limit::sentence(name, sentence),
                None => sentence,
            }];
            let document = DocumentReport::new(Coverage::NotSigned, Vec::new(), faults);
            AsicReport { is_readable: false, document, signatures: Vec::new(), files: Vec::new() }
        }
    }
}

/// What a file is for, by its name (EN 319 162-1, 4.3.3 and 4.4.3; the names in use are a little wider).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Document,
    Xades,
    Cades,
    TimeStamp,
    Manifest,
    /// Archive manifests, the manifest of OpenDocument, evidence records: nothing that is judged.
    Other,
    /// What has no business in `META-INF`.
    Stranger,
    MimeType,
}

fn purpose(name: &str) -> Use {
    if name == "mimetype" {
        return Use::MimeType;
    }
    let lower = name.to_lowercase();
    let Some(inner) = lower.strip_prefix("meta-inf/") else { return Use::Document };
    if inner.contains("asicmanifest") && inner.ends_with(".xml") {
        Use::Manifest
    } else if inner.contains("manifest") || inner.contains("evidencerecord") {
        Use::Other
    } else if inner.contains("signature") && inner.ends_with(".xml") {
        Use::Xades
    } else if inner.contains("signature") && inner.ends_with(".p7s") {
        Use::Cades
    } else if inner.contains("timestamp") && inner.ends_with(".tst") {
        Use::TimeStamp
    } else {
        Use::Stranger
    }
}

struct Container<'a> {
    entries: &'a [Entry<'a>],
    trust: &'a TrustStore,
    options: &'a Options,
    documents: Vec<&'a Entry<'a>>,
    /// Manifests with their bytes, and why others cannot be read.
    manifests: Vec<(&'a Entry<'a>, Result<Manifest, String>)>,
    /// Time stamps that archive manifests name.
    archive_stamps: BTreeSet<String>,
    is_simple: bool,
    proofs: Proofs,
}

/// A signature with what coverage is counted by.
struct One {
    report: SignatureReport,
    signature: AsicSignature,
    counts: bool,
}

/// What a manifest says of the files.
struct Files {
    covers: BTreeSet<String>,
    faults: Vec<(Verdict, SubIndication, String)>,
    /// Their digests rest on SHA-1.
    is_weak: bool,
}

impl<'a> Container<'a> {
    fn new(entries: &'a [Entry<'a>], trust: &'a TrustStore, options: &'a Options) -> Self {
        let of = |wanted: Use| entries.iter().filter(move |entry| purpose(&entry.name) == wanted);
        let documents: Vec<&Entry<'_>> = of(Use::Document).collect();
        let manifests: Vec<_> = of(Use::Manifest).map(|entry| (entry, Manifest::read(&entry.content))).collect();
        let archives = entries.iter().filter(|one| one.name.to_lowercase().contains("archivemanifest"));
        let archive_stamps = archives.filter_map(|one| Some(Manifest::read(&one.content).ok()?.signature)).collect();
        let is_simple = match of(Use::MimeType).next() {
            Some(entry) => entry.content.trim_ascii() == b"application/vnd.etsi.asic-s+zip",
            None => documents.len() == 1 && manifests.is_empty(),
        };
        let proofs = Proofs::default();
        let mut container = Self { entries, trust, options, documents, manifests, archive_stamps, is_simple, proofs };
        container.proofs = Proofs::judge(container.archives(), |manifest| container.files_fault(manifest), trust, options);
        container
    }

    /// The archive time stamps with their manifests.
    fn archives(&self) -> Vec<Archive<'a>> {
        let manifests =
            self.entries.iter().filter(|one| one.name.to_lowercase().contains("manifest") && purpose(&one.name) != Use::Document);
        let archives = manifests.filter_map(|manifest_file| {
            let manifest = Manifest::read(&manifest_file.content).ok()?;
            let stamp = self.entries.iter().find(|one| one.name == manifest.signature && purpose(&one.name) == Use::TimeStamp)?;
            let is_archive = self.archive_stamps.contains(&stamp.name) || is_of_signatures(&manifest);
            is_archive.then_some(Archive { stamp, manifest_file, manifest })
        });
        archives.collect()
    }

    /// What is wrong with the files that a manifest names.
    fn files_fault(&self, manifest: &Manifest) -> Option<String> {
        manifest.files.iter().find_map(|named| self.check_file(named)).map(|(_, _, reason)| reason)
    }

    fn judge(&self) -> AsicReport {
        let mut faults = self.proofs.faults.clone();
        let mut judged: Vec<One> = Vec::new();
        let size = self.entries.iter().map(|entry| entry.content.len()).sum();
        let mut budget = Budget::for_input(size);
        for entry in self.entries {
            let left = self.options.limits.max_signatures.saturating_sub(judged.len());
            let limits = Limits { max_signatures: left, ..self.options.limits.clone() };
            let options = Options { limits, ..self.options.clone() };
            let found = match purpose(&entry.name) {
                Use::Xades | Use::Cades | Use::TimeStamp if left == 0 => {
                    faults.push(format!("{} is not looked at: the container has too many signatures", entry.name));
                    continue;
                }
                Use::Xades => self.xades(entry, &options, &mut budget, &mut faults),
                Use::Cades => self.cades(entry, &options),
                Use::TimeStamp => self.time_stamp(entry),
                Use::Stranger => {
                    faults.push(format!("{} stands where no signature covers it", entry.name));
                    continue;
                }
                Use::Document | Use::Manifest | Use::Other | Use::MimeType => continue,
            };
            judged.extend(found);
        }
        for one in &mut judged {
            self.check_kind(one);
        }
        let coverage = self.coverage(&judged);
        let (signatures, reports) = judged.into_iter().map(|one| (one.signature, one.report)).unzip();
        let files = self.documents.iter().map(|entry| entry.name.clone()).collect();
        AsicReport { is_readable: true, document: DocumentReport::new(coverage, reports, faults), signatures, files }
    }

    fn xades(&self, entry: &Entry<'_>, options: &Options, budget: &mut Budget, faults: &mut Vec<String>) -> Vec<One> {
        // OpenDocument signs its `mimetype` and its manifest too.
        let others = self.entries.iter().filter(|one| one.name != entry.name);
        let contents: Vec<(&str, &[u8])> = others.map(|one| (one.name.as_str(), one.content.as_ref())).collect();
        let XmlReport { document, signatures, .. } = verify_within(&entry.content, &contents, self.trust, options, budget);
        faults.extend(document.faults.iter().map(|fault| format!("{}: {fault}", entry.name)));
        let pairs = document.signatures.into_iter().zip(signatures);
        let pairs = pairs.map(|(report, xml)| {
            let outside = xml.references.iter().filter(|one| one.covered.is_none() && one.outcome == ReferenceOutcome::Matches);
            let names = outside.filter_map(|one| self.document_called(&one.uri));
            let covers: BTreeSet<String> = names.map(str::to_owned).collect();
            let counts = xml.role == XmlSignatureRole::Document;
            let intact = xml.intact;
            let signature = AsicSignature { file: entry.name.clone(), intact, covers: covers.into_iter().collect(), xml: Some(xml) };
            One { report: SignatureReport { covers_whole_file: false, ..report }, signature, counts }
        });
        pairs.collect()
    }

    /// A reference names a file as it stands or percent-encoded.
    fn document_called(&self, uri: &str) -> Option<&str> {
        let decoded = percent_decoded(uri);
        let found = self.documents.iter().find(|file| file.name == uri || decoded.as_deref() == Some(file.name.as_str()));
        found.map(|file| file.name.as_str())
    }

    /// What a CMS signature or a time stamp covers: the manifest that names it, or the only document.
    fn content(&self, entry: &Entry<'_>) -> Result<(&[u8], Option<&Manifest>), String> {
        let mut naming = self.manifests.iter().filter_map(|(file, manifest)| Some((file, manifest.as_ref().ok()?)));
        let mut naming = naming.by_ref().filter(|(_, manifest)| manifest.signature == entry.name);
        match (naming.next(), naming.next(), self.documents.as_slice()) {
            (Some((file, manifest)), None, _) => Ok((&file.content, Some(manifest))),
            (Some(_), Some(_), _) => Err("several manifests name this signature".to_owned()),
            (None, _, [only]) if self.is_simple => Ok((&only.content, None)),
            (None, ..) => {
                let unreadable = self.manifests.iter().find_map(|(file, manifest)| Some((file, manifest.as_ref().err()?)));
                let reason = unreadable.map(|(file, reason)| format!("; {} is unreadable: {reason}", file.name)).unwrap_or_default();
                Err(format!("no manifest names this signature{reason}"))
            }
        }
    }

    fn cades(&self, entry: &Entry<'_>, options: &Options) -> Vec<One> {
        let (signed, manifest) = match self.content(entry) {
            Ok(content) => content,
            Err(reason) => return vec![self.without_content(entry, "CMS", reason)],
        };
        let existed = self.proofs.of(&entry.name);
        let document = verify_cms_existing(&entry.content, signed, existed.as_ref(), self.trust, options).document;
        let files = self.files(manifest);
        let reports = document.signatures.into_iter();
        let judged = reports.map(|report| {
            let intact = report.covers_whole_file;
            self.with_files(entry, report, intact, &files)
        });
        judged.collect()
    }

    fn without_content(&self, entry: &Entry<'_>, kind: &str, reason: String) -> One {
        let mut judgement = Judgement::default();
        judgement.fail(SubIndication::FormatFailure, reason);
        let report = signature_report(entry.name.clone(), kind, Judged { judgement, ..Judged::default() });
        let signature = AsicSignature { file: entry.name.clone(), intact: false, covers: Vec::new(), xml: None };
        One { report, signature, counts: kind == "CMS" }
    }

    fn time_stamp(&self, entry: &Entry<'_>) -> Vec<One> {
        let content = self.content(entry);
        let is_archive =
            content.as_ref().is_ok_and(|(_, manifest)| manifest.is_some_and(is_of_signatures)) || self.archive_stamps.contains(&entry.name);
        if is_archive {
            return Vec::new();
        }
        let (signed, manifest) = match content {
            Ok(content) => content,
            Err(reason) => return vec![self.without_content(entry, "RFC3161", reason)],
        };
        let existed = self.proofs.of(&entry.name).and_then(|proof| proof.time);
        let (mut token, rest) = timestamp::verify_existing(
            &entry.content,
            &[signed],
            &Evidence::with_caches(self.trust.caches()),
            existed,
            self.trust,
            self.options,
        );
        if !rest.is_empty() {
            token.judgement.fail(SubIndication::FormatFailure, "bytes follow the time-stamp token");
        }
        let judged = token.judged(self.options);
        let intact = judged.arithmetic.intact;
        let report = SignatureReport { is_document_timestamp: true, ..signature_report(String::new(), "RFC3161", judged) };
        vec![self.with_files(entry, report, intact, &self.files(manifest))]
    }

    /// The files that a manifest names, or the only one there is, hashed once for all signers.
    fn files(&self, manifest: Option<&Manifest>) -> Files {
        let Some(manifest) = manifest else {
            let covers = self.documents.iter().map(|file| file.name.clone()).collect();
            return Files { covers, faults: Vec::new(), is_weak: false };
        };
        let is_weak = manifest.files.iter().any(|named| named.digest.as_ref().is_ok_and(|digest| digest.is_weak()));
        let mut files = Files { covers: BTreeSet::new(), faults: Vec::new(), is_weak };
        for named in &manifest.files {
            match self.check_file(named) {
                None => _ = files.covers.insert(named.name.clone()),
                Some(fault) => files.faults.push(fault),
            }
        }
        files
    }

    /// Adds to a verdict what the files say, and names them.
    fn with_files(&self, entry: &Entry<'_>, report: SignatureReport, intact: bool, files: &Files) -> One {
        let field = if report.field.is_empty() { entry.name.clone() } else { format!("{} {}", entry.name, report.field) };
        let mut report = SignatureReport { field, covers_whole_file: false, ..report };
        for (verdict, indication, reason) in &files.faults {
            enter(&mut report, *verdict, *indication, reason.clone());
        }
        if files.is_weak {
            self.enter_weak(&mut report);
        }
        let counts = !report.is_document_timestamp;
        let intact = intact && files.faults.is_empty();
        report.intact &= files.faults.is_empty();
        let signature = AsicSignature { file: entry.name.clone(), intact, covers: files.covers.iter().cloned().collect(), xml: None };
        One { report, signature, counts }
    }

    fn enter_weak(&self, report: &mut SignatureReport) {
        report.weak_digest = true;
        let certified = report.signer.as_ref().map(|signer| signer.not_before);
        let usage = Usage {
            algorithm: Algorithm::Sha1,
            used_for: AlgorithmUse::MessageDigest,
            proved: report.proved_time,
            not_before: report.claimed_time.max(certified),
        };
        let mut judgement = Judgement::default();
        weigh(usage, self.options, &mut judgement, || "the manifest rests on SHA-1".to_owned());
        report.weak.extend(&judgement.weak);
        report.weak.sort_unstable();
        report.weak.dedup();
        let is_weak_only = report.is_weak_only || report.verdict == Verdict::TotalPassed;
        match judgement.outcome() {
            (verdict, Some(indication)) => judgement.reasons.into_iter().for_each(|reason| enter(report, verdict, indication, reason)),
            (_, None) => report.reasons.extend(judgement.reasons),
        }
        report.is_weak_only = is_weak_only && report.verdict == Verdict::Indeterminate;
    }

    fn check_file(&self, named: &FileDigest) -> Option<(Verdict, SubIndication, String)> {
        let Some(file) = self.entries.iter().find(|file| file.name == named.name) else {
            let reason = format!("the signed file {:?} is not in the container", named.name);
            return Some((Verdict::Indeterminate, SubIndication::SignedDataNotFound, reason));
        };
        let digest: &Digest = match &named.digest {
            Ok(digest) => digest,
            Err(name) => {
                let reason = format!("digest algorithm {name} is not supported");
                return Some((Verdict::Indeterminate, SubIndication::CryptoConstraintsFailure, reason));
            }
        };
        if digest.of(&[&file.content]).as_ref() == named.value {
            return None;
        }
        let reason = format!("the digest of {:?} is not the signed one: the file was changed", named.name);
        Some((Verdict::TotalFailed, SubIndication::HashFailure, reason))
    }

    /// EN 319 162-1, 4.3: a simple container holds one document.
    fn check_kind(&self, one: &mut One) {
        let count = self.documents.len();
        if count == 0 || (self.is_simple && count != 1) {
            let kind = if self.is_simple { "a simple container" } else { "a container" };
            let reason = format!("{kind} with {count} documents is none");
            enter(&mut one.report, Verdict::TotalFailed, SubIndication::FormatFailure, reason);
            one.signature.intact = false;
            one.report.intact = false;
        }
        one.report.covers_whole_file = one.signature.intact && one.counts && self.is_all(&one.signature.covers);
    }

    fn is_all(&self, names: &[String]) -> bool {
        !self.documents.is_empty() && self.documents.iter().all(|file| names.contains(&file.name))
    }

    /// See [`Coverage`]: the best signatures count; time stamps only where there is no other.
    fn coverage(&self, judged: &[One]) -> Coverage {
        if judged.is_empty() {
            return Coverage::NotSigned;
        }
        let length: usize = self.documents.iter().map(|file| file.content.len()).sum();
        let has_other = judged.iter().any(|one| one.counts);
        let intact: Vec<&One> = judged.iter().filter(|one| one.signature.intact && one.counts == has_other).collect();
        let passed: Vec<&One> = intact.iter().copied().filter(|one| one.report.verdict == Verdict::TotalPassed).collect();
        let counting = if passed.is_empty() { intact } else { passed };
        if counting.iter().any(|one| self.is_all(&one.signature.covers)) {
            return Coverage::Whole;
        }
        let covered = |one: &&One| -> usize {
            let files = self.documents.iter().filter(|file| one.signature.covers.contains(&file.name));
            files.map(|file| file.content.len()).sum()
        };
        Coverage::BytesAddedAfter { signed_end: counting.iter().map(covered).max().unwrap_or(0) as u64, length: length as u64 }
    }
}

/// A manifest of more than documents: whatever signs that does not sign documents.
fn is_of_signatures(manifest: &Manifest) -> bool {
    manifest.files.iter().any(|file| purpose(&file.name) != Use::Document)
}

/// Lets another ground count in a verdict that is already there.
fn enter(report: &mut SignatureReport, verdict: Verdict, indication: SubIndication, reason: String) {
    report.reasons.push(reason);
    report.is_weak_only = false;
    if verdict > report.verdict {
        report.verdict = verdict;
        report.sub_indication = Some(indication);
    } else if verdict == report.verdict {
        report.sub_indication = Some(report.sub_indication.map_or(indication, |earlier| earlier.min(indication)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::sha256;
    use crate::asic::zip::tests::zip;
    use crate::testing::{CmsTemplate, NOW, Pki, cms, time_stamp};
    use crate::xml::testing::{XmlTemplate, base64, reference, signature};

    /// Name and content.
    type File<'a> = (&'a str, &'a [u8]);

    const SIMPLE: File<'_> = ("mimetype", b"application/vnd.etsi.asic-s+zip");
    const EXTENDED: File<'_> = ("mimetype", b"application/vnd.etsi.asic-e+zip");

    fn judge(files: &[File<'_>], pki: &Pki) -> AsicReport {
        let mut trust = TrustStore::new();
        trust.add_anchor(pki.root.der(), None, None).unwrap();
        trust.add_intermediate(pki.issuer.der()).unwrap();
        let options = Options { revocation: crate::options::RevocationPolicy::Accept, ..Options::at(NOW) };
        verify_asic(&zip(files), &trust, &options)
    }

    fn outcomes(report: &AsicReport) -> Vec<(Verdict, Option<SubIndication>)> {
        report.document.signatures.iter().map(|one| (one.verdict, one.sub_indication)).collect()
    }

    const PASSED: (Verdict, Option<SubIndication>) = (Verdict::TotalPassed, None);

    fn failed(indication: SubIndication) -> (Verdict, Option<SubIndication>) {
        (Verdict::TotalFailed, Some(indication))
    }

    fn missing() -> (Verdict, Option<SubIndication>) {
        (Verdict::Indeterminate, Some(SubIndication::SignedDataNotFound))
    }

    fn manifest(signature: &str, files: &[File<'_>]) -> String {
        let references: String = files
            .iter()
            .map(|(name, content)| {
                format!(
                    "<a:DataObjectReference URI='{name}'><d:DigestMethod Algorithm='http://www.w3.org/2001/04/xmlenc#sha256'/><d:DigestValue>{}</d:DigestValue></a:DataObjectReference>",
                    base64(&sha256(content))
                )
            })
            .collect();
        format!(
            "<a:ASiCManifest xmlns:a='http://uri.etsi.org/02918/v1.2.1#' xmlns:d='http://www.w3.org/2000/09/xmldsig#'><a:SigReference URI='{signature}'/>{references}</a:ASiCManifest>"
        )
    }

    #[test]
    fn a_xades_signature_covers_the_files_it_names() {
        let pki = Pki::new();
        let references = reference("c%C3%B4ng%20v%C4%83n.txt", &[], "một") + &reference("b.txt", &[], "hai");
        let references = references.replace("<ds:Transforms></ds:Transforms>", "");
        let signed = signature(&XmlTemplate::new(&pki.signer, references));
        let file: File<'_> = ("META-INF/signatures.xml", signed.as_bytes());
        let (one, two): (File<'_>, File<'_>) = (("công văn.txt", "một".as_bytes()), ("b.txt", b"hai"));
        let report = judge(&[EXTENDED, one, two, file], &pki);
        assert_eq!((outcomes(&report), &report.document.coverage), (vec![PASSED], &Coverage::Whole));
        assert_eq!(report.signatures[0].covers, ["b.txt", "công văn.txt"]);
        let added = judge(&[EXTENDED, one, two, ("c.txt", b"ba!"), file], &pki);
        assert_eq!(outcomes(&added), [PASSED]);
        assert_eq!(added.document.coverage, Coverage::BytesAddedAfter { signed_end: 8, length: 11 });
        assert_eq!(outcomes(&judge(&[EXTENDED, one, ("b.txt", b"ba"), file], &pki)), [failed(SubIndication::HashFailure)]);
        assert_eq!(outcomes(&judge(&[EXTENDED, one, file], &pki)), [missing()]);
        // Two files that one reference may mean.
        let twice = judge(&[EXTENDED, one, two, ("c%C3%B4ng%20v%C4%83n.txt", "một".as_bytes()), file], &pki);
        assert_eq!(outcomes(&twice), [failed(SubIndication::FormatFailure)]);
        let hidden = judge(&[EXTENDED, one, two, ("META-INF/x.txt", b"x"), file], &pki);
        assert!(hidden.document.faults[0].contains("META-INF/x.txt"));
    }

    #[test]
    fn a_cades_signature_covers_what_its_manifest_names() {
        let pki = Pki::new();
        let (one, two): (File<'_>, File<'_>) = (("a.txt", b"mot"), ("b.txt", b"hai"));
        let text = manifest("META-INF/signature.p7s", &[one, two]);
        let signed = cms(&pki.signer, &[&pki.signer], text.as_bytes(), &CmsTemplate::default());
        let list: File<'_> = ("META-INF/ASiCManifest.xml", text.as_bytes());
        let file: File<'_> = ("META-INF/signature.p7s", &signed);
        let report = judge(&[EXTENDED, one, two, list, file], &pki);
        assert_eq!((outcomes(&report), &report.document.coverage), (vec![PASSED], &Coverage::Whole));
        assert_eq!(report.signatures[0].covers, ["a.txt", "b.txt"]);
        assert_eq!(outcomes(&judge(&[EXTENDED, one, ("b.txt", b"ba"), list, file], &pki)), [failed(SubIndication::HashFailure)]);
        assert_eq!(outcomes(&judge(&[EXTENDED, one, list, file], &pki)), [missing()]);
        assert_eq!(outcomes(&judge(&[EXTENDED, one, two, file], &pki)), [failed(SubIndication::FormatFailure)]);
        let twice = judge(&[EXTENDED, one, two, list, ("META-INF/ASiCManifest2.xml", list.1), file], &pki);
        assert_eq!(outcomes(&twice), [failed(SubIndication::FormatFailure)]);
        let changed = text.replace("b.txt", "c.txt");
        let renamed = judge(&[EXTENDED, one, ("c.txt", b"hai"), (list.0, changed.as_bytes()), file], &pki);
        assert_eq!(outcomes(&renamed), [failed(SubIndication::HashFailure)]);
        let doubled = manifest("META-INF/signature.p7s", &[one, two, one]);
        let signed_doubled = cms(&pki.signer, &[&pki.signer], doubled.as_bytes(), &CmsTemplate::default());
        let report = judge(&[EXTENDED, one, two, (list.0, doubled.as_bytes()), (file.0, &signed_doubled)], &pki);
        assert_eq!(outcomes(&report), [failed(SubIndication::FormatFailure)]);
        // A file of META-INF in the manifest does not stand in for a document that is not.
        let partial = manifest("META-INF/signature.p7s", &[one, ("META-INF/manifest.xml", b"<m/>")]);
        let signed = cms(&pki.signer, &[&pki.signer], partial.as_bytes(), &CmsTemplate::default());
        let files: &[File<'_>] = &[EXTENDED, one, two, ("META-INF/manifest.xml", b"<m/>"), (list.0, partial.as_bytes()), (file.0, &signed)];
        let report = judge(files, &pki);
        assert_eq!(outcomes(&report), [PASSED]);
        assert_eq!(report.document.coverage, Coverage::BytesAddedAfter { signed_end: 3, length: 6 });
    }

    #[test]
    fn a_simple_container_holds_one_document() {
        let pki = Pki::new();
        let signed = cms(&pki.signer, &[&pki.signer], b"mot", &CmsTemplate::default());
        let file: File<'_> = ("META-INF/signature.p7s", &signed);
        let report = judge(&[SIMPLE, ("a.txt", b"mot"), file], &pki);
        assert_eq!((outcomes(&report), &report.document.coverage), (vec![PASSED], &Coverage::Whole));
        assert_eq!(outcomes(&judge(&[("a.txt", b"mot"), file], &pki)), [PASSED]);
        let two = judge(&[SIMPLE, ("a.txt", b"mot"), ("b.txt", b""), file], &pki);
        assert_eq!(outcomes(&two), [failed(SubIndication::FormatFailure)]);
        assert_eq!(outcomes(&judge(&[SIMPLE, file], &pki)), [failed(SubIndication::FormatFailure)]);
    }

    #[test]
    fn a_time_stamp_over_a_document_counts_where_nothing_else_does() {
        let pki = Pki::new();
        let token = time_stamp(&pki.tsa, b"mot", NOW - 60);
        let report = judge(&[SIMPLE, ("a.txt", b"mot"), ("META-INF/timestamp.tst", &token)], &pki);
        assert_eq!((outcomes(&report), &report.document.coverage), (vec![PASSED], &Coverage::Whole));
        let only = &report.document.signatures[0];
        assert_eq!((only.is_document_timestamp, only.proved_time, only.covers_whole_file), (true, Some(NOW - 60), false));
        let other = judge(&[SIMPLE, ("a.txt", b"hai"), ("META-INF/timestamp.tst", &token)], &pki);
        assert_eq!(outcomes(&other), [failed(SubIndication::HashFailure)]);
        let signed = cms(&pki.signer, &[&pki.signer], b"hai", &CmsTemplate::default());
        let broken = judge(&[SIMPLE, ("a.txt", b"mot"), ("META-INF/signature.p7s", &signed), ("META-INF/timestamp.tst", &token)], &pki);
        assert_eq!(broken.document.coverage, Coverage::BytesAddedAfter { signed_end: 0, length: 3 });
    }
}
