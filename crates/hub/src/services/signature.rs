//! `SignatureService`: verdicts on payloads and documents, then and now.

use api::convert::{self, name};
use api::status::Failure;
use api::v1;
use api::v1::signature_service_server::SignatureService;
use domain::document::{self, Document};
use domain::invalid::Invalid;
use domain::principal::{Caller, Role};
use domain::refusal::Refusal;
use tonic::{Request, Response, Status};

use super::payload::readable;
use super::statistics;
use crate::judge::File;
use crate::shared::{Shared, caller, fault};

/// The service.
pub struct Service {
    shared: Shared,
}

impl Service {
    /// Over what every service works with.
    pub const fn new(shared: Shared) -> Self {
        Self { shared }
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
        Ok(Response::new(convert::verdict::report_to_wire(&document, &submitted)))
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
        let rejudged = self.shared.judge.attachments(&caller, attachments, asked.as_of.unwrap_or(now)).await?;
        let submitted = document::reports(&self.shared.tables, &document.id).map_err(fault)?;
        let attachments = attachments.iter().zip(&rejudged).enumerate();
        Ok(Response::new(v1::ReJudgeDocumentResponse {
            document: name::of_document(&document.id),
            attachments: attachments
                .map(|(index, (attachment, rejudged))| convert::verdict::rejudged_to_wire(attachment, submitted.get(index), rejudged))
                .collect(),
        }))
    }

    async fn list_signature_statistics(
        &self,
        request: Request<v1::ListSignatureStatisticsRequest>,
    ) -> Result<Response<v1::ListSignatureStatisticsResponse>, Status> {
        let caller = caller(&request)?;
        statistics::list(&self.shared, &caller, request.get_ref())
    }
}

fn may_rejudge(caller: &Caller, document: &Document) -> bool {
    match &caller.role {
        Role::Auditor | Role::Admin => true,
        Role::AgencySystem { .. } => caller.acts_for(&document.content.issuer),
        Role::Supervisor { .. } => false,
    }
}
