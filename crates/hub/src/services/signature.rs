//! `SignatureService`: verdicts on payloads and documents, then and now.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use api::convert::{self, name};
use api::status::Failure;
use api::v1;
use api::v1::signature_service_server::SignatureService;
use domain::digest::Digest;
use domain::document::{self, Document};
use domain::invalid::Invalid;
use domain::principal::{Caller, Role};
use domain::refusal::Refusal;
use domain::signature::{Report, UsedEvidence, verdicts};
use domain::trust;
use signature::TrustStore;
use tonic::{Request, Response, Status};

use super::payload::readable;
use super::statistics;
use crate::judge::File;
use crate::shared::{Shared, caller, fault};

/// Earlier moments of the trust data that a replay looks at for the one that fits.
const MOMENTS: usize = 16;
/// Before the first entry nothing was trusted.
const BEGINNING: u64 = 0;

/// The service.
pub struct Service {
    shared: Shared,
    /// The trust data of the last replay. One replay at a time puts trust data together: large lists take a second and much memory.
    replayed: tokio::sync::Mutex<Option<Arc<TrustStore>>>,
}

impl Service {
    /// Over what every service works with.
    pub fn new(shared: Shared) -> Self {
        Self { shared, replayed: tokio::sync::Mutex::new(None) }
    }

    /// The trust data that a document's stored verdicts used, put together from what is trusted and what was, and whether it is the
    /// same to the last bit. A verdict is made before its entry: trust may have changed in between.
    async fn trust_of_then(&self, document: &Document, version: Digest) -> Result<(Arc<TrustStore>, bool), Failure> {
        let tables = &self.shared.tables;
        let mut replayed = self.replayed.lock().await;
        if let Some(store) = replayed.as_ref().filter(|store| store.version() == version.0) {
            return Ok((Arc::clone(store), true));
        }
        let none_at_hand = HashMap::new();
        let mut nearest = None;
        let judged_before = if document.version == 1 { document.submitted_seq } else { document.changed_seq };
        for seq in trust::changed_at(tables, judged_before).map_err(fault)?.into_iter().take(MOMENTS).chain([BEGINNING]) {
            let store = self.shared.judge.trust_of(trust::as_of(tables, seq).map_err(fault)?, &none_at_hand).await?;
            if store.version() == version.0 {
                *replayed = Some(Arc::clone(&store));
                return Ok((store, true));
            }
            nearest = nearest.or(Some(store));
        }
        Ok((nearest.unwrap_or_default(), false))
    }

    /// The document, if `may` says so; the same refusal whether it exists or not.
    fn document(&self, id: &document::Id, may: impl FnOnce(&Document) -> Result<bool, Failure>) -> Result<Document, Failure> {
        match document::find(&self.shared.tables, id).map_err(fault)? {
            Some(document) if may(&document)? => Ok(document),
            _ => Err(Refusal::Denied.into()),
        }
    }
}

#[tonic::async_trait]
impl SignatureService for Service {
    async fn verify_payload(&self, request: Request<v1::VerifyPayloadRequest>) -> Result<Response<v1::SignatureReport>, Status> {
        let caller = caller(&request)?;
        let now = self.shared.now();
        let asked = convert::verdict::verification(request.get_ref(), now).map_err(Failure::from)?;
        readable(&self.shared, &caller, &asked.payload)?;
        if let Some(content) = &asked.content {
            readable(&self.shared, &caller, content)?;
        }
        let file = File { payload: asked.payload, over: asked.content };
        let report = self.shared.judge.file(&caller, file, asked.as_of.unwrap_or(now)).await?;
        Ok(Response::new(convert::signature::to_wire(&report)))
    }

    async fn get_signature_report(
        &self,
        request: Request<v1::GetSignatureReportRequest>,
    ) -> Result<Response<v1::DocumentSignatureReport>, Status> {
        let caller = caller(&request)?;
        let id = name::document(&request.get_ref().name).map_err(|e| Failure::from(Invalid::one("name", e)))?;
        let document = self.document(&id, |document| document::may_read(&self.shared.tables, &caller, document).map_err(fault))?;
        let submitted = document::reports(&self.shared.tables, &id).map_err(fault)?;
        let later = (0_u32..).zip(&submitted).map(|(index, _)| verdicts::later(&self.shared.tables, &id, index));
        let later = later.collect::<Result<Vec<_>, _>>().map_err(fault)?;
        Ok(Response::new(convert::verdict::report_to_wire(&document, &submitted, &later)))
    }

    async fn re_judge_document(
        &self,
        request: Request<v1::ReJudgeDocumentRequest>,
    ) -> Result<Response<v1::ReJudgeDocumentResponse>, Status> {
        let caller = caller(&request)?;
        let now = self.shared.now();
        let asked = convert::verdict::rejudgement(request.get_ref(), now).map_err(Failure::from)?;
        let document = self.document(&asked.document, |document| Ok(may_rejudge(&caller, document)))?;
        let attachments = &document.content.attachments;
        let submitted = document::reports(&self.shared.tables, &document.id).map_err(fault)?;
        let then = submitted.first().map(|report| report.judged_at);
        let (trust, replay_exact) = match submitted.first().filter(|_| asked.replay) {
            Some(report) => self.trust_of_then(&document, report.trust_version).await?,
            None => (self.shared.judge.trust().await?, false),
        };
        let as_of = asked.as_of.or_else(|| then.filter(|_| asked.replay)).unwrap_or(now);
        let rejudged = self.shared.judge.attachments_by(&caller, attachments, as_of, &trust).await?;
        let missing_evidence = if asked.replay { missing(&submitted, &rejudged) } else { Vec::new() };
        let attachments = attachments.iter().zip(&rejudged).enumerate();
        Ok(Response::new(v1::ReJudgeDocumentResponse {
            document: name::of_document(&document.id),
            attachments: attachments
                .map(|(index, (attachment, rejudged))| convert::verdict::rejudged_to_wire(attachment, submitted.get(index), rejudged))
                .collect(),
            replay_exact,
            missing_evidence,
        }))
    }

    async fn list_signature_statistics(
        &self,
        request: Request<v1::ListSignatureStatisticsRequest>,
    ) -> Result<Response<v1::ListSignatureStatisticsResponse>, Status> {
        let caller = caller(&request)?;
        statistics::list(&self.shared, &caller, request.get_ref())
    }

    async fn list_verdict_changes(
        &self,
        request: Request<v1::ListVerdictChangesRequest>,
    ) -> Result<Response<v1::ListVerdictChangesResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let document = convert::verdict::changes(&request).map_err(Failure::from)?;
        let page = self.shared.page(&caller, &request)?;
        let after = page.after.as_deref().map(place).transpose()?;
        let (changes, next) = verdicts::changes_for(&self.shared.tables, &caller, document.as_ref(), after, page.size).map_err(fault)?;
        let token = |(seq, index): (u64, u32)| [seq.to_be_bytes().as_slice(), &index.to_be_bytes()].concat();
        Ok(Response::new(v1::ListVerdictChangesResponse {
            changes: changes.iter().map(convert::verdict::change_to_wire).collect(),
            next_page_token: next.map(|next| self.shared.sealer.next_page(&page, &token(next))).unwrap_or_default(),
        }))
    }
}

/// The place in a page token: sequence and index.
fn place(key: &[u8]) -> Result<(u64, u32), Failure> {
    let (seq, index) = key.split_first_chunk().ok_or(Failure::Internal)?;
    Ok((u64::from_be_bytes(*seq), u32::from_be_bytes(index.try_into().map_err(|_| Failure::Internal)?)))
}

/// Evidence of the stored verdicts that those of a replay do not rest on.
fn missing(stored: &[Report], replayed: &[Report]) -> Vec<v1::SignatureEvidence> {
    let evidence = |reports: &[Report]| -> BTreeSet<UsedEvidence> {
        reports.iter().flat_map(|report| &report.signatures).flat_map(|signature| signature.evidence.iter().copied()).collect()
    };
    let replayed = evidence(replayed);
    evidence(stored).difference(&replayed).map(convert::signature::evidence_to_wire).collect()
}

fn may_rejudge(caller: &Caller, document: &Document) -> bool {
    match &caller.role {
        Role::Auditor | Role::Admin => true,
        Role::AgencySystem { .. } => caller.acts_for(&document.content.issuer),
        Role::Supervisor { .. } => false,
    }
}
