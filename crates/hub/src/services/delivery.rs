//! `DeliveryService`: what an agency receives, and what it reports about it.

use std::pin::Pin;

use api::convert::{self, name};
use api::status::Failure;
use api::v1;
use api::v1::delivery_service_server::DeliveryService;
use domain::agency;
use domain::command::Command;
use domain::delivery::{self, Delivery, Direction};
use domain::document;
use domain::event::Request as Named;
use domain::invalid::{Checker, Invalid};
use domain::principal::{Caller, Role};
use domain::refusal::Refusal;
use futures::Stream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::document::{for_caller, require_feed};
use super::watch::{Told, Watch};
use crate::shared::{Shared, caller, fault, peer, required_name};

/// Changes that wait for a slow watcher.
const CHANGES_AHEAD: usize = 16;

/// The service.
pub struct Service {
    shared: Shared,
}

impl Service {
    /// Over what every service works with.
    pub const fn new(shared: Shared) -> Self {
        Self { shared }
    }

    async fn carry_out(
        &self,
        caller: &Caller,
        named: Named,
        of: (document::Id, agency::Id),
        command: delivery::Command,
    ) -> Result<v1::Delivery, Failure> {
        let done = self.shared.carry_out(caller, Some(named), Command::Delivery(command)).await?;
        // Who has lost the agency since does not read on by repeating its old requests.
        if done.repeated && !caller.acts_for(&of.1) {
            return Err(Refusal::Denied.into());
        }
        let delivery = delivery::find(&self.shared.tables, &of.0, &of.1).map_err(fault)?.ok_or(Failure::Internal)?;
        Ok(convert::delivery::to_wire(&delivery))
    }
}

#[tonic::async_trait]
impl DeliveryService for Service {
    async fn get_delivery(&self, request: Request<v1::GetDeliveryRequest>) -> Result<Response<v1::Delivery>, Status> {
        let caller = caller(&request)?;
        let (document, agency) = name::delivery(&request.get_ref().name).map_err(|e| Failure::from(Invalid::one("name", e)))?;
        let delivery = delivery::find(&self.shared.tables, &document, &agency).map_err(fault)?;
        let may_see =
            |delivery: &Delivery| caller.role == Role::Auditor || caller.acts_for(&delivery.agency) || caller.acts_for(&delivery.sender);
        let delivery = delivery.filter(may_see).ok_or(Failure::Refused(Refusal::Denied))?;
        Ok(Response::new(convert::delivery::to_wire(&delivery)))
    }

    async fn list_deliveries(&self, request: Request<v1::ListDeliveriesRequest>) -> Result<Response<v1::ListDeliveriesResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let (agency, filter) = convert::delivery::list(&request).map_err(Failure::from)?;
        require_feed(&caller, &agency, true)?;
        let page = self.shared.page(&caller, &request)?;
        let tables = &self.shared.tables;
        let (deliveries, next_page_token) = self
            .shared
            .listed(
                &page,
                |after, limit| delivery::inbox(tables, &agency, after, limit),
                |delivery| filter.keeps(delivery).then(|| convert::delivery::to_wire(delivery)),
            )
            .await?;
        Ok(Response::new(v1::ListDeliveriesResponse { deliveries, next_page_token }))
    }

    type WatchDeliveriesStream = Pin<Box<dyn Stream<Item = Result<v1::DeliveryChange, Status>> + Send>>;

    async fn watch_deliveries(
        &self,
        request: Request<v1::WatchDeliveriesRequest>,
    ) -> Result<Response<Self::WatchDeliveriesStream>, Status> {
        let (caller, peer) = (caller(&request)?, peer(&request)?);
        let request = request.into_inner();
        let agency = name::agency(&request.agency).map_err(|e| Failure::from(Invalid::one("agency", e)))?;
        require_feed(&caller, &agency, false)?;
        let cursor = self.shared.sealer.cursor(&agency, Direction::Incoming, &request.resume_token).map_err(Failure::from)?;
        let (sender, receiver) = mpsc::channel(CHANGES_AHEAD);
        let watch = Watch { shared: self.shared.clone(), caller, peer, agency: agency.clone(), direction: Direction::Incoming, cursor };
        tokio::spawn(watch.run(sender, move |shared, caller, told| incoming(shared, caller, &agency, &told)));
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn report_delivery(&self, request: Request<v1::ReportDeliveryRequest>) -> Result<Response<v1::Delivery>, Status> {
        let caller = caller(&request)?;
        let mut request = request.into_inner();
        let id = std::mem::take(&mut request.request_id);
        let named = required_name("ReportDelivery", &id, &request)?;
        let mut check = Checker::default();
        let of = check.parse("name", name::delivery(&request.name));
        let report = convert::delivery::report(request.report.as_ref(), self.shared.now(), &mut check);
        check.finish().map_err(Failure::from)?;
        let (Some((document, agency)), Some(report)) = (of, report) else { return Err(Failure::Internal.into()) };
        let command = delivery::Command::Report { document, agency: agency.clone(), report };
        Ok(Response::new(self.carry_out(&caller, named, (document, agency), command).await?))
    }

    async fn forward_delivery(&self, request: Request<v1::ForwardDeliveryRequest>) -> Result<Response<v1::Delivery>, Status> {
        let caller = caller(&request)?;
        let mut request = request.into_inner();
        let id = std::mem::take(&mut request.request_id);
        let named = required_name("ForwardDelivery", &id, &request)?;
        let mut check = Checker::default();
        let of = check.parse("name", name::delivery(&request.name));
        let to: Vec<agency::Id> =
            request.to.iter().enumerate().filter_map(|(i, to)| check.parse(format!("to[{i}]"), name::agency(to))).collect();
        check.finish().map_err(Failure::from)?;
        let Some((document, agency)) = of else { return Err(Failure::Internal.into()) };
        let command = delivery::Command::Forward { document, agency: agency.clone(), to, note: request.note };
        Ok(Response::new(self.carry_out(&caller, named, (document, agency), command).await?))
    }
}

fn incoming(shared: &Shared, caller: &Caller, agency: &agency::Id, told: &Told) -> Result<v1::DeliveryChange, Failure> {
    // A holder that gave the document back learns that, and no longer what it said.
    let document = if document::may_read(&shared.tables, caller, &told.document).map_err(fault)? {
        let reports = document::reports(&shared.tables, &told.document.id).map_err(fault)?;
        for_caller(caller, &told.document, &reports)
    } else {
        v1::Document {
            name: name::of_document(&told.document.id),
            issuer: name::of_agency(&told.document.content.issuer),
            ..Default::default()
        }
    };
    Ok(v1::DeliveryChange {
        delivery: told.delivery.as_ref().map(convert::delivery::to_wire),
        document: Some(document),
        step: Some(convert::delivery::step_to_wire(&told.step)),
        resume_token: shared.sealer.resume_token(agency, Direction::Incoming, &told.cursor),
    })
}
