//! The judge: verdicts on payloads by the trust data of the moment, on a bounded pool, each content once per trust data.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use domain::digest::Digest;
use domain::document::{Attachment, AttachmentRole};
use domain::principal::{self, Caller};
use domain::refusal::Refusal;
use domain::signature::{Changed, Coverage, EvidenceKind, Report, SignatureReport, SignerKind, UsedEvidence, Verdict};
use domain::time::Timestamp;
use domain::trust::{self, Kind, TrustObject};
use signature::{Caches, ContentKind, TrustStore};
use store::tables::Tables;
use store::vault::{Vault, VaultError};
use tokio::sync::Semaphore;

use api::status::Failure;

use crate::config::{Config, UnknownRevocation};
use crate::desk;
use crate::metrics::Metrics;

/// Verdicts that are remembered; a report is about 2 KiB.
const REMEMBERED: usize = 4_096;
/// A verdict is asked for again after this: certificates run out.
const REMEMBERED_SECONDS: i64 = 3_600;

/// Weak algorithms of one signature that a report names.
const MAX_WEAK: usize = 16;
/// Pieces of evidence that one report names: hostile files hold thousands.
const MAX_EVIDENCE: usize = 256;
/// Parts that a signature covers, and characters of each, that a report names.
const MAX_COVERS: usize = 16;
const MAX_PART: usize = 120;

/// What a verdict rests on: the file and the trust data.
type Evidence = (File, [u8; 32]);

/// A file to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct File {
    /// Its bytes.
    pub payload: Digest,
    /// The content that a detached signature is over.
    pub over: Option<Digest>,
}

/// Judges payloads. Cheap to clone.
#[derive(Clone)]
pub struct Judge {
    shared: Arc<Shared>,
}

struct Shared {
    tables: Tables,
    vault: Vault,
    desk: desk::Handle,
    metrics: Metrics,
    max_payload: u64,
    unknown_revocation: UnknownRevocation,
    /// Files in memory at once: one per core, since a signature is judged over the whole file.
    workers: Arc<Semaphore>,
    /// The same for each principal, in front: so that one with many files waits behind itself and not before everybody.
    places: Mutex<HashMap<principal::Id, Arc<Semaphore>>>,
    cores: usize,
    trust: tokio::sync::Mutex<Option<(u64, Arc<TrustStore>)>>,
    max_trust: u64,
    /// What was read and checked of lists and certificates for one store is not read and checked again for the next.
    caches: Caches,
    remembered: Mutex<HashMap<Evidence, Report>>,
}

impl Judge {
    /// A judge over this hub's tables and vault.
    pub fn new(tables: Tables, vault: Vault, desk: desk::Handle, metrics: Metrics, config: &Config) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            shared: Arc::new(Shared {
                tables,
                vault,
                desk,
                metrics,
                max_payload: config.payloads.max.0,
                unknown_revocation: config.signatures.unknown_revocation,
                workers: Arc::new(Semaphore::new(cores)),
                places: Mutex::new(HashMap::new()),
                cores,
                trust: tokio::sync::Mutex::new(None),
                max_trust: config.signatures.max_trust_import.0.max(trust::MAX_DER as u64),
                caches: Caches::default(),
                remembered: Mutex::new(HashMap::new()),
            }),
        }
    }

    /// Judges every attachment, in order, for a caller. A detached signature is judged over the attachment before it.
    pub async fn attachments(&self, caller: &Caller, attachments: &[Attachment], at: Timestamp) -> Result<Vec<Report>, Failure> {
        let trust = self.trust().await?;
        self.attachments_by(caller, attachments, at, &trust).await
    }

    /// Judges one file for a caller, as of a moment.
    pub async fn file(&self, caller: &Caller, file: File, at: Timestamp) -> Result<Report, Failure> {
        self.payload(caller, file, at, &self.trust().await?).await
    }

    /// As [`Judge::attachments`], by other trust data.
    pub async fn attachments_by(
        &self,
        caller: &Caller,
        attachments: &[Attachment],
        at: Timestamp,
        trust: &Arc<TrustStore>,
    ) -> Result<Vec<Report>, Failure> {
        let mut reports = Vec::with_capacity(attachments.len());
        let mut before = None;
        for attachment in attachments {
            let over = if attachment.role == AttachmentRole::DetachedSignature { before } else { None };
            reports.push(self.payload(caller, File { payload: attachment.payload, over }, at, trust).await?);
            if attachment.role != AttachmentRole::DetachedSignature {
                before = Some(attachment.payload);
            }
        }
        Ok(reports)
    }

    async fn payload(&self, caller: &Caller, file: File, at: Timestamp, trust: &Arc<TrustStore>) -> Result<Report, Failure> {
        let key = (file, trust.version());
        let remembered = self.shared.remembered.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(report) = remembered.filter(|report| (0..REMEMBERED_SECONDS).contains(&(at.seconds() - report.judged_at.seconds()))) {
            return Ok(report);
        }
        let own = self.place(caller).acquire_owned().await.map_err(|_| Failure::Internal)?;
        let worker = Arc::clone(&self.shared.workers).acquire_owned().await.map_err(|_| Failure::Internal)?;
        let bytes = self.read(file.payload).await?;
        let content = match file.over {
            Some(over) => Some(self.read(over).await?),
            None => None,
        };
        let (trust, shared) = (Arc::clone(trust), Arc::clone(&self.shared));
        // The places go along: a caller that leaves does not stop the work, and must not make room for more of it.
        let report = tokio::task::spawn_blocking(move || {
            let _places = (own, worker);
            let mut options = signature::Options::at(at.seconds());
            if shared.unknown_revocation == UnknownRevocation::Accept {
                options.revocation = signature::RevocationPolicy::Accept;
            }
            let judged = verify(&bytes, content.as_deref(), &trust, &options);
            let report = report(file.payload, at, Digest(trust.version()), judged);
            report.signatures.iter().for_each(|signature| shared.metrics.verdict(signature));
            let mut remembered = shared.remembered.lock().unwrap_or_else(PoisonError::into_inner);
            if remembered.len() >= REMEMBERED {
                remembered.clear();
            }
            remembered.insert(key, report.clone());
            drop(remembered);
            report
        })
        .await
        .map_err(|_| Failure::Internal)?;
        Ok(report)
    }

    fn place(&self, caller: &Caller) -> Arc<Semaphore> {
        let mut places = self.shared.places.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(places.entry(caller.principal.clone()).or_insert_with(|| Arc::new(Semaphore::new(self.shared.cores))))
    }

    async fn read(&self, payload: Digest) -> Result<Bytes, Failure> {
        self.shared.vault.read_all(payload.0, self.shared.max_payload).await.map_err(|error| match error {
            // Erased since, because the document that held it was recalled.
            VaultError::NotStored(_) => Refusal::PayloadUnknown(payload).into(),
            VaultError::Remote(_) => {
                tracing::error!(%payload, %error, "the payload store gives no payload for judging");
                Failure::PayloadsUnavailable
            }
            error => {
                tracing::error!(%payload, %error, "a payload cannot be read for judging");
                Failure::Internal
            }
        })
    }

    /// The trust data as of now, built once per change of it.
    pub async fn trust(&self) -> Result<Arc<TrustStore>, Failure> {
        let generation = self.shared.desk.trust_generation();
        let mut held = self.shared.trust.lock().await;
        if let Some((built, store)) = held.as_ref()
            && *built == generation
        {
            return Ok(Arc::clone(store));
        }
        let objects = trust::all(&self.shared.tables).map_err(|fault| Failure::Refused(fault.into()))?;
        let store = self.trust_of(objects, &HashMap::new()).await?;
        *held = Some((generation, Arc::clone(&store)));
        Ok(store)
    }

    /// Trust data of these objects. Those whose bytes are neither `at_hand` nor to be found are left out, and the log tells.
    pub async fn trust_of(&self, objects: Vec<TrustObject>, at_hand: &HashMap<Digest, Bytes>) -> Result<Arc<TrustStore>, Failure> {
        let mut read = Vec::with_capacity(objects.len());
        for object in objects {
            let der = match at_hand.get(&object.fingerprint) {
                Some(der) => Some(der.clone()),
                None => self.der(&object).await?,
            };
            read.extend(der.map(|der| (object, der)));
        }
        // Lists of large authorities take a second to read.
        let caches = self.shared.caches.clone();
        tokio::task::spawn_blocking(move || Arc::new(build(&read, &caches))).await.map_err(|_| Failure::Internal)
    }

    /// The bytes of a trust object. None where the vault has lost them, which the log tells; an error where it cannot be asked.
    pub async fn der(&self, object: &TrustObject) -> Result<Option<Bytes>, Failure> {
        if !object.der.is_empty() {
            return Ok(Some(Bytes::copy_from_slice(&object.der)));
        }
        match self.shared.vault.read_all(object.fingerprint.0, self.shared.max_trust).await {
            Ok(der) => Ok(Some(der)),
            Err(error @ (VaultError::Remote(_) | VaultError::Io(_))) => {
                tracing::error!(trust = %object.fingerprint, %error, "the payload store gives no trust object");
                Err(Failure::PayloadsUnavailable)
            }
            Err(error) => {
                tracing::error!(trust = %object.fingerprint, %error, "the bytes of a trust object are lost; import it again");
                Ok(None)
            }
        }
    }
}

fn build(objects: &[(TrustObject, Bytes)], caches: &Caches) -> TrustStore {
    let mut store = TrustStore::with_caches(caches);
    for (object, der) in objects {
        let added = match object.kind {
            Kind::Anchor => store.add_anchor(der, object.valid_from.map(Timestamp::seconds), object.valid_until.map(Timestamp::seconds)),
            Kind::Intermediate => store.add_intermediate(der),
            Kind::RevocationList => store.add_crl(der),
            Kind::OcspResponse => store.add_ocsp(der),
        };
        if let Err(error) = added {
            tracing::warn!(fingerprint = %object.fingerprint, %error, "a trust object is left out");
        }
    }
    store
}

/// What was judged, and which parts of the file each signature covers.
type Judged = (signature::DocumentReport, Vec<Vec<String>>);

/// Judges a file by what its content is, whatever it is called.
fn verify(bytes: &[u8], content: Option<&[u8]>, trust: &TrustStore, options: &signature::Options) -> Judged {
    // Only a CMS speaks of content beside it: a signed file of another kind would lend its signature to a stranger.
    if let Some(content) = content {
        return (signature::verify_cms_over(bytes, content, trust, options).into_document(), Vec::new());
    }
    match ContentKind::of(bytes) {
        ContentKind::Pdf => (signature::verify_pdf(bytes, trust, options), Vec::new()),
        ContentKind::Xml => {
            let judged = signature::verify_xml(bytes, trust, options);
            let paths = |one: &signature::XmlSignature| {
                one.references.iter().filter_map(|reference| reference.covered.as_ref()).map(|element| element.path.clone()).collect()
            };
            let covers = judged.signatures.iter().map(paths).collect();
            (judged.document, covers)
        }
        ContentKind::Container => {
            let judged = signature::verify_asic(bytes, trust, options);
            let covers = judged.signatures.into_iter().map(|one| one.covers).collect();
            (judged.document, covers)
        }
        ContentKind::Cms | ContentKind::ArmouredCms => (signature::verify_cms(bytes, trust, options).into_document(), Vec::new()),
        ContentKind::Other => {
            let mut unsigned = signature::verify_pdf(b"", trust, options);
            unsigned.faults.clear();
            (unsigned, Vec::new())
        }
    }
}

fn report(payload: Digest, at: Timestamp, trust_version: Digest, (judged, covers): Judged) -> Report {
    let mut signatures: Vec<SignatureReport> = judged.signatures.into_iter().map(signature_report).collect();
    for (signature, covers) in signatures.iter_mut().zip(covers) {
        signature.covers = covers.into_iter().take(MAX_COVERS).map(|part| part.chars().take(MAX_PART).collect()).collect();
    }
    let mut left = MAX_EVIDENCE;
    for signature in &mut signatures {
        signature.evidence.truncate(left);
        left -= signature.evidence.len();
    }
    Report {
        payload,
        judged_at: at,
        trust_version,
        coverage: match judged.coverage {
            signature::Coverage::NotSigned => Coverage::NotSigned,
            signature::Coverage::Whole => Coverage::Whole,
            signature::Coverage::BytesAddedAfter { signed_end, length } => Coverage::BytesAddedAfter { signed_end, length },
            signature::Coverage::Destroyed => Coverage::Destroyed,
            signature::Coverage::NotPdf => Coverage::NotPdf,
        },
        changed: match judged.changed_after_signing {
            signature::ChangeLevel::None => Changed::None,
            signature::ChangeLevel::Permitted => Changed::Permitted,
            signature::ChangeLevel::Workflow => Changed::Workflow,
            signature::ChangeLevel::Unexplained => Changed::Unexplained,
        },
        // The gravest first: a report that is cut keeps them.
        later_changes: {
            let mut changes = judged.later_changes;
            changes.sort_by_key(|change| std::cmp::Reverse(change.level));
            changes.into_iter().map(|change| change.what).collect()
        },
        signatures,
        faults: judged.faults,
        remains: judged.remains.into_iter().map(Digest).collect(),
        producer: judged.rewritten_by.unwrap_or_default(),
    }
}

fn signature_report(judged: signature::SignatureReport) -> SignatureReport {
    let signer = judged.signer.as_ref();
    SignatureReport {
        verdict: match judged.verdict {
            signature::Verdict::TotalPassed => Verdict::TotalPassed,
            signature::Verdict::Indeterminate => Verdict::Indeterminate,
            signature::Verdict::TotalFailed => Verdict::TotalFailed,
        },
        sub_indication: judged.sub_indication.map(|sub| sub.name().to_owned()).unwrap_or_default(),
        signer_kind: match judged.signer_kind {
            signature::SignerKind::Person => SignerKind::Person,
            signature::SignerKind::Organisation => SignerKind::Organisation,
            signature::SignerKind::Unknown => SignerKind::Unknown,
        },
        signer: signer.map(|s| s.subject.clone()).unwrap_or_default(),
        organisation: signer.map(|s| s.organisation.clone()).unwrap_or_default(),
        issuer: signer.map(|s| s.issuer.clone()).unwrap_or_default(),
        serial: signer.map(|s| s.serial.clone()).unwrap_or_default(),
        certificate: signer.map(|s| Digest(s.sha256)),
        not_before: signer.map(|s| Timestamp::from_seconds(s.not_before)),
        not_after: signer.map(|s| Timestamp::from_seconds(s.not_after)),
        field: judged.field,
        sub_filter: judged.sub_filter,
        reasons: judged.reasons,
        claimed_time: judged.claimed_time.map(Timestamp::from_seconds),
        proved_time: judged.proved_time.map(Timestamp::from_seconds),
        digest_algorithm: judged.digest_algorithm,
        signature_algorithm: judged.signature_algorithm,
        weak_digest: judged.weak_digest,
        is_weak_only: judged.is_weak_only,
        covers_whole_file: judged.covers_whole_file,
        intact: judged.intact,
        signing_tool: judged.signing_tool.unwrap_or_default(),
        weak: judged.weak.iter().take(MAX_WEAK).map(|weakness| format!("{} ({})", weakness.algorithm, weakness.used_for.name())).collect(),
        organisation_identifier: signer.and_then(|s| s.organisation_identifier.clone()).unwrap_or_default(),
        value: judged.value_sha256.map(Digest),
        evidence: judged.evidence.iter().map(used_evidence).collect(),
        covers: Vec::new(),
    }
}

fn used_evidence(used: &signature::UsedEvidence) -> UsedEvidence {
    let kind = match used.kind {
        signature::EvidenceKind::Certificate => EvidenceKind::Certificate,
        signature::EvidenceKind::RevocationList => EvidenceKind::RevocationList,
        signature::EvidenceKind::OcspResponse => EvidenceKind::OcspResponse,
    };
    UsedEvidence { kind, digest: Digest(used.sha256) }
}
