//! `DocumentService`: documents are submitted, read, recalled, amended and traced.

use std::pin::Pin;

use api::convert::{self, name};
use api::status::Failure;
use api::v1;
use api::v1::document_service_server::DocumentService;
use domain::agency;
use domain::command::{self, Command, Context, Decision};
use domain::delivery::{self, Direction, Step};
use domain::document;
use domain::event::{Event, Request as Named};
use domain::invalid::{Checker, Invalid};
use domain::principal::{Caller, Role};
use domain::refusal::Refusal;
use domain::signature::Report;
use futures::Stream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::watch::Watch;
use crate::shared::{Shared, caller, fault, peer, required_name};

/// Changes that wait for a slow watcher.
const CHANGES_AHEAD: usize = 16;
/// Deliveries listed in an answer to a submission; the rest is found by ListDeliveries and TraceDocument.
const DELIVERIES_IN_ANSWER: usize = 1_000;

/// The service.
pub struct Service {
    shared: Shared,
}

impl Service {
    /// Over what every service works with.
    pub const fn new(shared: Shared) -> Self {
        Self { shared }
    }

    /// The document, if the caller may read it; the same refusal whether it exists or not.
    fn readable(&self, caller: &Caller, name: &str) -> Result<document::Document, Failure> {
        let id = name::document(name).map_err(|e| Failure::from(Invalid::one("name", e)))?;
        match document::find(&self.shared.tables, &id).map_err(fault)? {
            Some(document) if document::may_read(&self.shared.tables, caller, &document).map_err(fault)? => Ok(document),
            _ => Err(Refusal::Denied.into()),
        }
    }

    fn wire(&self, caller: &Caller, document: &document::Document) -> Result<v1::Document, Failure> {
        let reports = document::reports(&self.shared.tables, &document.id).map_err(fault)?;
        Ok(for_caller(caller, document, &reports))
    }

    /// Judges attachments that the caller may use. What it may not, the rules refuse by name; nothing is read for it.
    async fn judge(&self, caller: &Caller, content: &document::Content) -> Result<Vec<Report>, Failure> {
        for attachment in &content.attachments {
            if !domain::payload::may_read(&self.shared.tables, caller, &attachment.payload).map_err(fault)? {
                return Err(Refusal::PayloadUnknown(attachment.payload).into());
            }
        }
        self.shared.judge.attachments(caller, &content.attachments, self.shared.now()).await
    }

    /// The document that a request made or changed. Who has lost the agency since does not read on by repeating its old requests.
    fn made(&self, caller: &Caller, name: &str) -> Result<document::Document, Failure> {
        let id = name::document(name).map_err(|_| Failure::Internal)?;
        let document = document::find(&self.shared.tables, &id).map_err(fault)?.ok_or(Failure::Internal)?;
        if caller.acts_for(&document.content.issuer) { Ok(document) } else { Err(Refusal::Denied.into()) }
    }

    fn answer(&self, caller: &Caller, name: &str, seq: u64) -> Result<v1::SubmitDocumentResponse, Failure> {
        let document = self.made(caller, name)?;
        let id = document.id;
        let deliveries = delivery::of_document(&self.shared.tables, &id, None, DELIVERIES_IN_ANSWER).map_err(fault)?;
        Ok(v1::SubmitDocumentResponse {
            deliveries: deliveries.iter().map(convert::delivery::to_wire).collect(),
            journal_seq: seq,
            warnings: document.warnings.clone(),
            document: Some(self.wire(caller, &document)?),
        })
    }

    /// What would follow, without anything happening.
    fn preview(&self, caller: &Caller, command: &Command) -> Result<v1::SubmitDocumentResponse, Failure> {
        let context = Context { caller, at: self.shared.now(), request: None };
        let Decision::Record(entry) = command::decide(&self.shared.tables, &context, command)? else {
            return Err(Failure::Internal);
        };
        let submitted = entry.events.into_iter().find_map(|event| match event {
            Event::Document(document::Event::Submitted { document, reports, deliveries }) => Some((document, reports, deliveries)),
            _ => None,
        });
        let (mut document, reports, deliveries) = submitted.ok_or(Failure::Internal)?;
        document.submitted_at = context.at;
        let mut wire = convert::document::to_wire(&document, &reports);
        wire.name.clear();
        Ok(v1::SubmitDocumentResponse {
            document: Some(wire),
            deliveries: deliveries.iter().take(DELIVERIES_IN_ANSWER).map(convert::delivery::to_wire).collect(),
            journal_seq: 0,
            warnings: document.warnings,
        })
    }

    async fn carry_out(&self, caller: &Caller, named: Named, command: document::Command) -> Result<v1::Document, Failure> {
        let done = self.shared.carry_out(caller, Some(named), Command::Document(command)).await?;
        self.wire(caller, &self.made(caller, &done.resource)?)
    }
}

#[tonic::async_trait]
impl DocumentService for Service {
    async fn submit_document(&self, request: Request<v1::SubmitDocumentRequest>) -> Result<Response<v1::SubmitDocumentResponse>, Status> {
        let caller = caller(&request)?;
        if !matches!(caller.role, Role::AgencySystem { .. }) {
            return Err(Failure::from(Refusal::Denied).into());
        }
        let mut request = request.into_inner();
        let id = std::mem::take(&mut request.request_id);
        let named = required_name("SubmitDocument", &id, &request)?;
        if let Some(outcome) = self.shared.repeated(&caller, &named)? {
            return Ok(Response::new(self.answer(&caller, &outcome.resource, outcome.seq)?));
        }
        // Who may not issue for the agency does not learn what else is wrong.
        if name::agency(&request.document.as_ref().map(|document| document.issuer.clone()).unwrap_or_default())
            .is_ok_and(|issuer| !caller.acts_for(&issuer))
        {
            return Err(Failure::from(Refusal::Denied).into());
        }
        self.shared.require_space()?;
        let submission = convert::document::submission(&request).map_err(Failure::from)?;
        let reports = self.judge(&caller, &submission.content).await?;
        let command = Command::Document(document::Command::Submit {
            id: document::Id(*uuid::Uuid::now_v7().as_bytes()),
            content: submission.content,
            recipients: submission.recipients,
            replaces: submission.replaces,
            replace_reason: request.replace_reason.clone(),
            reports,
        });
        if request.validate_only {
            return Ok(Response::new(self.preview(&caller, &command)?));
        }
        let done = self.shared.carry_out(&caller, Some(named), command).await?;
        Ok(Response::new(self.answer(&caller, &done.resource, done.seq.unwrap_or_default())?))
    }

    async fn get_document(&self, request: Request<v1::GetDocumentRequest>) -> Result<Response<v1::Document>, Status> {
        let caller = caller(&request)?;
        let document = self.readable(&caller, &request.get_ref().name)?;
        Ok(Response::new(self.wire(&caller, &document)?))
    }

    async fn list_documents(&self, request: Request<v1::ListDocumentsRequest>) -> Result<Response<v1::ListDocumentsResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let (issuer, filter) = convert::document::list(&request).map_err(Failure::from)?;
        require_feed(&caller, &issuer, true)?;
        let page = self.shared.page(&caller, &request)?;
        let tables = &self.shared.tables;
        let (documents, next_page_token) = self
            .shared
            .listed(
                &page,
                |after, limit| document::outbox(tables, &issuer, after, limit),
                // Reports are left out of lists: they are many times the size of what a list is for.
                |document| filter.keeps(document).then(|| convert::document::to_wire(document, &[])),
            )
            .await?;
        Ok(Response::new(v1::ListDocumentsResponse { documents, next_page_token }))
    }

    async fn recall_document(&self, request: Request<v1::RecallDocumentRequest>) -> Result<Response<v1::Document>, Status> {
        let caller = caller(&request)?;
        let mut request = request.into_inner();
        let id = std::mem::take(&mut request.request_id);
        let named = required_name("RecallDocument", &id, &request)?;
        let document = name::document(&request.name).map_err(|e| Failure::from(Invalid::one("name", e)))?;
        Ok(Response::new(self.carry_out(&caller, named, document::Command::Recall { document, reason: request.reason }).await?))
    }

    async fn amend_document(&self, request: Request<v1::AmendDocumentRequest>) -> Result<Response<v1::SubmitDocumentResponse>, Status> {
        let caller = caller(&request)?;
        let mut request = request.into_inner();
        let id = std::mem::take(&mut request.request_id);
        let named = required_name("AmendDocument", &id, &request)?;
        if let Some(outcome) = self.shared.repeated(&caller, &named)? {
            return Ok(Response::new(self.answer(&caller, &outcome.resource, outcome.seq)?));
        }
        let current = self.readable(&caller, &request.name)?;
        if !caller.acts_for(&current.content.issuer) {
            return Err(Failure::from(Refusal::Denied).into());
        }
        self.shared.require_space()?;
        let amendment = convert::document::amendment(&request).map_err(Failure::from)?;
        let reports = match &amendment.content {
            Some(content) => self.judge(&caller, content).await?,
            None => Vec::new(),
        };
        let command = document::Command::Amend {
            document: amendment.document,
            content: amendment.content,
            reports,
            add: amendment.add,
            remove: amendment.remove,
            reason: request.reason,
        };
        let done = self.shared.carry_out(&caller, Some(named), Command::Document(command)).await?;
        Ok(Response::new(self.answer(&caller, &done.resource, done.seq.unwrap_or_default())?))
    }

    async fn trace_document(&self, request: Request<v1::TraceDocumentRequest>) -> Result<Response<v1::TraceDocumentResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let mut check = Checker::default();
        let id = check.parse("name", name::document(&request.name));
        let agency = if request.agency.is_empty() { None } else { check.parse("agency", name::agency(&request.agency)) };
        check.finish().map_err(Failure::from)?;
        let document = id.map(|id| document::find(&self.shared.tables, &id)).transpose().map_err(fault)?.flatten();
        let document = match document {
            Some(document) if document::may_trace(&self.shared.tables, &caller, &document).map_err(fault)? => document,
            _ => return Err(Failure::from(Refusal::Denied).into()),
        };
        let page = self.shared.page(&caller, &request)?;
        let place = |step: &Step| [step.seq.to_be_bytes().as_slice(), &step.index.to_be_bytes()].concat();
        let steps = delivery::trace(&self.shared.tables, &caller, &document).map_err(fault)?;
        let steps: Vec<Step> = steps
            .into_iter()
            .filter(|step| agency.as_ref().is_none_or(|agency| step.agency == *agency))
            .filter(|step| page.after.as_ref().is_none_or(|after| place(step) > *after))
            .take(page.size + 1)
            .collect();
        let (steps, next_page_token) = self.shared.cut(&page, steps, place);
        Ok(Response::new(v1::TraceDocumentResponse { steps: steps.iter().map(convert::delivery::step_to_wire).collect(), next_page_token }))
    }

    type WatchDocumentsStream = Pin<Box<dyn Stream<Item = Result<v1::DocumentChange, Status>> + Send>>;

    async fn watch_documents(&self, request: Request<v1::WatchDocumentsRequest>) -> Result<Response<Self::WatchDocumentsStream>, Status> {
        let (caller, peer) = (caller(&request)?, peer(&request)?);
        let request = request.into_inner();
        let agency = name::agency(&request.agency).map_err(|e| Failure::from(Invalid::one("agency", e)))?;
        require_feed(&caller, &agency, false)?;
        let cursor = self.shared.sealer.cursor(&agency, Direction::Outgoing, &request.resume_token).map_err(Failure::from)?;
        let (sender, receiver) = mpsc::channel(CHANGES_AHEAD);
        let watch = Watch { shared: self.shared.clone(), caller, peer, agency: agency.clone(), direction: Direction::Outgoing, cursor };
        tokio::spawn(watch.run(sender, move |shared, _, told| {
            Ok(v1::DocumentChange {
                // Reports do not change; a watcher has them from GetDocument.
                document: Some(convert::document::to_wire(&told.document, &[])),
                delivery: told.delivery.as_ref().map(convert::delivery::to_wire),
                step: Some(convert::delivery::step_to_wire(&told.step)),
                resume_token: shared.sealer.resume_token(&agency, Direction::Outgoing, &told.cursor),
            })
        }));
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn list_document_kinds(
        &self,
        _: Request<v1::ListDocumentKindsRequest>,
    ) -> Result<Response<v1::ListDocumentKindsResponse>, Status> {
        let kinds = document::kinds(&self.shared.tables).map_err(fault)?;
        Ok(Response::new(v1::ListDocumentKindsResponse { kinds: kinds.iter().map(convert::document::kind_to_wire).collect() }))
    }
}

/// The document as this caller may see it: whom else the issuer named is for the issuer and for auditors.
pub(super) fn for_caller(caller: &Caller, document: &document::Document, reports: &[Report]) -> v1::Document {
    let mut wire = convert::document::to_wire(document, reports);
    if caller.role != Role::Auditor && !caller.acts_for(&document.content.issuer) {
        wire.recipients.clear();
    }
    wire
}

/// Only those who act for an agency, and the auditor where it reads, see its feeds; nobody learns whether the agency exists.
pub(super) fn require_feed(caller: &Caller, agency: &agency::Id, auditor_too: bool) -> Result<(), Failure> {
    if caller.acts_for(agency) || (auditor_too && caller.role == Role::Auditor) { Ok(()) } else { Err(Refusal::Denied.into()) }
}
