//! The verdict on one XML signature: digests, signer, properties, proof of existence, trust, in the order of EN 319 102-1.

use std::sync::Arc;

use crate::algorithm::{CryptoFault, Scheme};
use crate::certificate::Certificate;
use crate::judge::{self, Judged};
use crate::judgement::Judgement;
use crate::limit;
use crate::options::Options;
use crate::report::SubIndication;
use crate::rsa::Fit;
use crate::signer::{self, Arithmetic};
use crate::times::Times;
use crate::trust::TrustStore;
use crate::weakness::AlgorithmUse;

use super::canonical::{Budget, Selection, canonicalize};
use super::coverage::{covered_bytes, is_content, is_whole};
use super::key_info::{self, KeyInfo};
use super::reference::{self, Covered, Source};
use super::report::{ReferenceOutcome, XmlElement, XmlReference, XmlSignature, XmlSignatureRole};
use super::signature::{Reference, Signature, read_manifest};
use super::tree::{Document, NodeId};
use super::xades::{self, Properties};
use super::{DSIG, algorithms};

/// References looked at per document, those of manifests included: five people over a hundred files are five hundred.
pub(super) const MAX_REFERENCES: usize = 2_000;
/// Left-out elements named per reference.
const MAX_LEFT_OUT: usize = 64;

/// A signature, judged.
pub(super) struct One {
    pub(super) judged: Judged,
    pub(super) signature: XmlSignature,
    pub(super) is_xades: bool,
    pub(super) is_whole: bool,
    pub(super) covered_bytes: u64,
}

/// Judges the signatures of one document.
pub(super) struct Judge<'s, 'd, 'a> {
    pub(super) source: &'s Source<'d, 'a>,
    pub(super) document: &'d Document<'a>,
    pub(super) trust: &'s TrustStore,
    pub(super) options: &'s Options,
    pub(super) budget: Budget,
    /// References that may still be looked at, at first [`MAX_REFERENCES`].
    pub(super) references_left: usize,
}

/// A reference, digested.
struct Digested {
    report: XmlReference,
    covered: Option<Covered>,
    kind: String,
}

impl Digested {
    /// What it covers, if the digest is the signed one.
    fn matching(&self) -> Option<&Covered> {
        self.covered.as_ref().filter(|_| self.report.outcome == ReferenceOutcome::Matches)
    }
}

impl Judge<'_, '_, '_> {
    pub(super) fn signature(&mut self, node: NodeId) -> One {
        let mut judgement = Judgement::default();
        let element = XmlElement::of(self.document, node);
        let role = self.role(node);
        let read = Signature::read(self.document, node)
            .and_then(|signature| Ok((xades::read(self.document, &signature, self.options.limits.max_certificates)?, signature)));
        let (properties, signature) = match read {
            Ok(read) => read,
            Err(reason) => {
                limit::reject(&mut judgement, reason);
                let signature = XmlSignature { element, role, intact: false, references: Vec::new() };
                let judged = Judged { judgement, ..Judged::default() };
                return One { judged, signature, is_xades: false, is_whole: false, covered_bytes: 0 };
            }
        };
        let digested = self.references(&signature, &mut judgement);
        let properties_node = properties.as_ref().map(|properties| properties.node);
        self.check_coverage(&signature, properties_node, &digested, &mut judgement);
        self.check_role(&signature, &digested, role, &mut judgement);
        let signed = properties.as_ref().and_then(|properties| self.signed_properties(properties, &digested, &mut judgement));
        let mut arithmetic = Arithmetic {
            digest_algorithm: digested.first().map(|one| one.report.digest_algorithm.clone()).unwrap_or_default(),
            claimed_time: match &properties {
                Some(_) => signed.and_then(|properties| properties.signing_time),
                None => self.plain_signing_time(&signature, &digested),
            },
            ..Arithmetic::default()
        };
        let digests = signature.references.iter().filter_map(|one| one.digest.as_ref().ok());
        digests.for_each(|digest| arithmetic.use_digest(*digest, AlgorithmUse::MessageDigest));
        let evidence = self.evidence(&signature, properties.as_ref(), &mut judgement);
        let value_fits = self.check_value(&signature, signed, &evidence, &digested, &mut arithmetic, &mut judgement);
        let digests_fit =
            digested.len() >= signature.references.len() && digested.iter().all(|one| one.report.outcome == ReferenceOutcome::Matches);
        let intact = value_fits && digests_fit && !judgement.has_failed();
        arithmetic.intact = intact;
        if !intact && judgement.is_clean() {
            judgement.doubt(SubIndication::Generic, "the signature was not found intact");
        }

        // Lists and responses that came along count by their signatures, as those of the store do.
        evidence
            .crls
            .iter()
            .chain(properties.iter().flat_map(|properties| &properties.crls))
            .for_each(|der| arithmetic.evidence.add_list(der));
        properties.iter().flat_map(|properties| &properties.responses).for_each(|der| arithmetic.evidence.add_response(der));
        let along = arithmetic.evidence.clone();
        let signer = arithmetic.certificate.as_deref();
        let proof = properties
            .as_ref()
            .map(|properties| self.prove_existence(&signature, properties, &along, signer, &mut judgement))
            .unwrap_or_default();
        let certificate_end = arithmetic.certificate.as_ref().map(|one| one.not_after);
        let (outside, at) = (arithmetic.claimed_time, self.options.at);
        Times { outside, attribute: None, proved: proof.time, certificate_end, at }.tell(&mut judgement);
        judge::judge_trust(&arithmetic, &proof, self.trust, self.options, &mut judgement);

        let matching: Vec<&Covered> = digested.iter().filter_map(Digested::matching).collect();
        let is_document = role == XmlSignatureRole::Document;
        let is_whole = intact && is_document && is_whole(self.document, &matching);
        let covered_bytes = if intact && is_document { covered_bytes(self.document, &matching) } else { 0 };
        let references = digested.into_iter().map(|one| one.report).collect();
        One {
            judged: Judged { judgement, arithmetic, proved_time: proof.time },
            signature: XmlSignature { element, role, intact, references },
            is_xades: properties.is_some(),
            is_whole,
            covered_bytes,
        }
    }

    fn role(&self, node: NodeId) -> XmlSignatureRole {
        let parent = self.document.parent(node).filter(|&parent| xades::is(self.document, parent, "CounterSignature"));
        if parent.is_some() { XmlSignatureRole::CounterSignature } else { XmlSignatureRole::Document }
    }

    /// Digests the references of SignedInfo, then those of the manifests among what they select.
    fn references(&mut self, signature: &Signature, judgement: &mut Judgement) -> Vec<Digested> {
        let mut digested = Vec::new();
        self.digest(signature, &signature.references, false, &mut digested, judgement);
        let objects = signature.objects.iter().flat_map(|&object| self.document.elements(object));
        let manifests: Vec<NodeId> = objects
            .filter(|&id| self.document.is(id, DSIG, "Manifest"))
            .filter(|&id| digested.iter().any(|one| one.matching().is_some_and(|covered| covered.holds(self.document, id))))
            .collect();
        for manifest in manifests {
            match read_manifest(self.document, manifest) {
                Ok(references) => {
                    if !self.digest(signature, &references, true, &mut digested, judgement) {
                        break;
                    }
                }
                Err(reason) => {
                    judgement.fail(SubIndication::FormatFailure, reason);
                    break;
                }
            }
        }
        digested
    }

    /// Digests `references`, as long as there may be more in the document; says whether there might.
    fn digest(
        &mut self,
        signature: &Signature,
        references: &[Reference],
        in_manifest: bool,
        digested: &mut Vec<Digested>,
        judgement: &mut Judgement,
    ) -> bool {
        for reference in references {
            let Some(left) = self.references_left.checked_sub(1) else {
                limit::reject(judgement, limit::sentence("references", format!("the document has more than {MAX_REFERENCES} references")));
                return false;
            };
            self.references_left = left;
            digested.push(self.reference(signature, reference, in_manifest, judgement));
        }
        true
    }

    fn reference(&mut self, signature: &Signature, reference: &Reference, in_manifest: bool, judgement: &mut Judgement) -> Digested {
        let (covered, outcome) = reference::check(self.source, signature, reference, &mut self.budget);
        if let Err(fault) = &outcome {
            fault.enter(judgement);
        }
        let elements = |ids: &[NodeId]| ids.iter().take(MAX_LEFT_OUT).map(|&id| XmlElement::of(self.document, id)).collect();
        let report = XmlReference {
            uri: reference.uri.clone().unwrap_or_default(),
            transforms: reference.transforms.iter().map(|transform| transform.name()).collect(),
            digest_algorithm: reference.digest.as_ref().map_or_else(|name| name.clone(), |digest| digest.name().to_owned()),
            outcome: outcome.map_or_else(|fault| fault.outcome(), |()| ReferenceOutcome::Matches),
            covered: covered.as_ref().map(|one| XmlElement::of(self.document, one.selection.apex)),
            content_only: covered.as_ref().is_some_and(|one| one.content_only),
            left_out: covered.as_ref().map_or_else(Vec::new, |one| elements(&one.selection.without)),
            in_manifest,
        };
        Digested { report, covered, kind: reference.kind.clone() }
    }

    fn check_coverage(&self, signature: &Signature, properties: Option<NodeId>, digested: &[Digested], judgement: &mut Judgement) {
        let signs_content =
            digested.iter().any(|one| one.covered.as_ref().is_none_or(|covered| is_content(self.document, signature, properties, covered)));
        if !signs_content {
            judgement.doubt(SubIndication::SigConstraintsFailure, "the signature signs nothing but itself");
        }
    }

    /// A counter-signature has to sign the value of the signature that it stands in (EN 319 132-1, 5.2.7).
    fn check_role(&self, signature: &Signature, digested: &[Digested], role: XmlSignatureRole, judgement: &mut Judgement) {
        if role == XmlSignatureRole::Document {
            return;
        }
        let outer = self.document.ancestors(signature.node).find(|&id| self.document.is(id, DSIG, "Signature"));
        let value = outer.and_then(|outer| self.document.child(outer, DSIG, "SignatureValue"));
        let signs_value = value
            .is_some_and(|value| digested.iter().any(|one| one.covered.as_ref().is_some_and(|covered| covered.selection.apex == value)));
        if !signs_value {
            judgement.fail(SubIndication::FormatFailure, "the counter-signature does not sign the signature that it stands in");
        }
    }

    /// The properties, where their signed part is what the signature refers to.
    fn signed_properties<'p>(
        &self,
        properties: &'p Properties,
        digested: &[Digested],
        judgement: &mut Judgement,
    ) -> Option<&'p Properties> {
        let apex = |one: &Digested| one.covered.as_ref().map(|covered| covered.selection.apex);
        for one in digested {
            let is_properties = apex(one).is_some_and(|apex| xades::is(self.document, apex, "SignedProperties"));
            let is_called_so = xades::is_signed_properties(&one.kind);
            if (is_properties || is_called_so) && apex(one) != properties.signed {
                judgement.fail(SubIndication::FormatFailure, "the signature refers to signed properties that are not its own");
                return None;
            }
        }
        if !properties.is_targeted {
            judgement.doubt(SubIndication::SigConstraintsFailure, "the qualifying properties are not those of this signature");
            return None;
        }
        let Some(signed) = properties.signed else {
            judgement.note("the signature has no signed properties");
            return None;
        };
        if digested.iter().filter_map(Digested::matching).any(|covered| covered.selection.apex == signed) {
            return Some(properties);
        }
        judgement.doubt(SubIndication::SigConstraintsFailure, "the signature does not cover its signed properties");
        None
    }

    /// The time in a `SignatureProperty` that is signed. Invoices and tax returns carry it there, in a namespace of each
    /// program's own.
    fn plain_signing_time(&self, signature: &Signature, digested: &[Digested]) -> Option<i64> {
        let properties = signature.objects.iter().flat_map(|&object| self.document.elements(object));
        let properties = properties.filter(|&id| self.document.is(id, DSIG, "SignatureProperties"));
        let times = properties.flat_map(|id| self.document.descendants(id));
        let mut times = times.filter(|&id| self.document.element(id).is_some_and(|element| element.local == "SigningTime"));
        let time = times.next()?;
        let is_signed = digested.iter().filter_map(Digested::matching).any(|covered| covered.holds(self.document, time));
        // Two of them leave open which one counts.
        (is_signed && times.next().is_none()).then(|| xades::date_time(&self.document.text(time)?))?
    }

    /// What the signature offers about its signer.
    fn evidence(&self, signature: &Signature, properties: Option<&Properties>, judgement: &mut Judgement) -> KeyInfo {
        let limit = self.options.limits.max_certificates;
        let mut evidence = signature
            .key_info
            .map(|node| key_info::read(self.document, node, limit, |one| self.source.identified(one)))
            .unwrap_or_default();
        for der in properties.iter().flat_map(|properties| &properties.certificates) {
            match Certificate::parse(der) {
                Ok(certificate) if evidence.certificates.iter().all(|one| one.sha256 != certificate.sha256) => {
                    evidence.certificates.push(Arc::new(certificate));
                }
                Ok(_) => {}
                Err(error) => evidence.notes.push(format!("a certificate among the values is unreadable: {error}")),
            }
        }
        let notes = evidence.notes.iter().chain(properties.iter().flat_map(|properties| &properties.notes));
        notes.for_each(|note| judgement.note(note.clone()));
        evidence
    }

    /// Finds the certificate whose key the value fits, and adds to `judgement` what speaks against it.
    fn check_value(
        &mut self,
        signature: &Signature,
        signed: Option<&Properties>,
        evidence: &KeyInfo,
        digested: &[Digested],
        arithmetic: &mut Arithmetic,
        judgement: &mut Judgement,
    ) -> bool {
        evidence.certificates.iter().for_each(|certificate| arithmetic.evidence.add_parsed(certificate));
        let pins = signed.map(|properties| properties.pins.as_slice()).unwrap_or_default();
        let is_pinned = |one: &Certificate| pins.iter().any(|pin| pin.fits(one));
        // An authority's certificate signs no documents: where there are others it stands for the chain.
        let is_authority = |one: &Certificate| one.authority.is_some_and(|(is_authority, _)| is_authority);
        let mut candidates: Vec<&Arc<Certificate>> = evidence.certificates.iter().collect();
        candidates.sort_by_key(|one| (!is_pinned(one), is_authority(one)));
        arithmetic.certificate = candidates.first().copied().cloned();

        let form = match &signature.canonical_form {
            Ok(form) => form,
            Err(name) => {
                judgement.doubt(SubIndication::SigConstraintsFailure, format!("the canonical form {name} is refused"));
                return false;
            }
        };
        let scheme = match algorithms::signature_scheme(self.document, signature.method) {
            Ok(scheme) => scheme,
            Err(fault) => {
                arithmetic.signature_algorithm = self.document.attribute(signature.method, "Algorithm").unwrap_or_default().to_owned();
                signer::crypto_fault(&fault, judgement);
                return false;
            }
        };
        arithmetic.signature_algorithm = scheme.name();
        if let Some(digest) = scheme.digest() {
            arithmetic.use_digest(digest, AlgorithmUse::SignatureValue);
        }
        let message = match canonicalize(self.document, &Selection::of(signature.signed_info), form, &mut self.budget) {
            Ok(message) => message,
            Err(error) => {
                judgement.doubt(SubIndication::Generic, error.to_string());
                return false;
            }
        };
        let fits = |one: &Certificate| algorithms::verify(scheme, &one.key, &message, &signature.value);
        if let Some((found, fit)) = candidates.iter().find_map(|one| Some((*one, fits(one).ok()?))) {
            signer::note_fit(fit, judgement);
            arithmetic.certificate = Some(Arc::clone(found));
            arithmetic.use_key(&found.key);
            self.check_pins(found, signed, signature, digested, judgement);
            return true;
        }
        match candidates.first() {
            Some(first) => {
                let fault = fits(first).err().unwrap_or(CryptoFault::Mismatch);
                signer::crypto_fault(&fault, judgement);
                signer::explain_misfit(&fault, scheme, &first.key, &signature.value, judgement);
                false
            }
            None => self.check_bare_keys(scheme, &message, signature, evidence, judgement),
        }
    }

    /// XAdES pins the certificate; without that anybody may exchange it for another one of the same key.
    fn check_pins(
        &self,
        certificate: &Certificate,
        signed: Option<&Properties>,
        signature: &Signature,
        digested: &[Digested],
        judgement: &mut Judgement,
    ) {
        let Some(properties) = signed else {
            judgement.note("the signature does not say which certificate it was made with");
            return;
        };
        let fitting = properties.pins.iter().find(|pin| pin.fits(certificate));
        match fitting {
            Some(pin) if pin.contradicts(certificate) => judgement.note("the serial number beside the certificate's digest is another one"),
            Some(_) => {}
            None if properties.pins.is_empty() => {
                let signs_key_info = signature.key_info.is_some_and(|key_info| {
                    digested.iter().filter_map(Digested::matching).any(|covered| covered.selection.apex == key_info)
                });
                if !signs_key_info {
                    let reason = "the signing-certificate property, which XAdES demands, is missing or unreadable";
                    judgement.doubt(SubIndication::SigConstraintsFailure, reason);
                }
            }
            None if properties.pins.iter().all(|pin| !pin.is_supported()) => {
                judgement.doubt(SubIndication::CryptoConstraintsFailure, "the signing certificate is pinned with an unsupported digest");
            }
            None => judgement
                .doubt(SubIndication::NoSigningCertificateFound, "the signature was made for another certificate than the one it carries"),
        }
    }

    fn check_bare_keys(
        &self,
        scheme: Scheme,
        message: &[u8],
        signature: &Signature,
        evidence: &KeyInfo,
        judgement: &mut Judgement,
    ) -> bool {
        let results: Vec<Result<Fit, CryptoFault>> =
            evidence.keys.iter().map(|key| algorithms::verify(scheme, key, message, &signature.value)).collect();
        let fits = results.iter().any(Result::is_ok);
        if let Some(Err(fault)) = results.first().filter(|_| !fits) {
            signer::crypto_fault(fault, judgement);
        }
        let reason = if evidence.keys.is_empty() {
            "the signing certificate is not in the signature"
        } else {
            "the signature carries a key and no certificate: that proves nobody's identity"
        };
        judgement.doubt(SubIndication::NoSigningCertificateFound, reason);
        fits
    }
}
