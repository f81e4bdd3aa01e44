//! Those who use a hub: a clerk of an agency, who tries again whenever the hub is away, and an admin.

use std::sync::Arc;
use std::time::Duration;

use api::v1;
use api::v1::axis_service_client::AxisServiceClient;
use api::v1::{DeliveryStatus, DocumentState};
use testkit::provinces::CONNECTION;
use testkit::system::{System, to_agency};
use tonic::{Code, Status};

use crate::chaos::Hub;

/// An agency's system at a hub that is away now and then.
pub(crate) struct Party {
    hub: Arc<Hub>,
    principal: &'static str,
    agency: &'static str,
    system: Option<System>,
}

impl Party {
    pub(crate) fn new(hub: &Arc<Hub>, principal: &'static str, agency: &'static str) -> Self {
        Self { hub: Arc::clone(hub), principal, agency, system: None }
    }

    /// Carries out a call, again and again until the hub answers it: with success, or with a refusal that says something.
    pub(crate) async fn call<T>(&mut self, mut call: impl AsyncFnMut(&mut System) -> Result<T, Status>) -> Result<T, Status> {
        loop {
            if self.system.is_none() {
                let address = self.hub.address.lock().unwrap().clone();
                self.system = match hub::client::connect(&self.hub.home, &address, self.principal).await {
                    Ok(channel) => Some(System::new(channel, self.agency)),
                    Err(_) => None,
                };
            }
            if let Some(system) = &mut self.system {
                let limit = Duration::from_secs(10);
                match tokio::time::timeout(limit, call(system)).await {
                    Ok(Ok(answer)) => return Ok(answer),
                    Ok(Err(status)) if !matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Cancelled) => return Err(status),
                    Ok(Err(_)) | Err(_) => self.system = None,
                }
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Sends a document under a number of its own; every sixteenth is asked back at once, and every sixteenth is changed.
    pub(crate) async fn send(&mut self, n: u64, payload: &str, to: &str) -> String {
        let number = n.to_string();
        let name = self
            .call(async |system| {
                let request = v1::SubmitDocumentRequest {
                    request_id: format!("s{number}"),
                    document: Some(system.letter(&number, &format!("V/v liên thông số {number}"), payload)),
                    recipients: vec![to_agency(to)],
                    ..Default::default()
                };
                Ok(system.documents.submit_document(request).await?.into_inner().document.unwrap().name)
            })
            .await
            .unwrap();
        match n % 16 {
            0 => {
                let request =
                    v1::RecallDocumentRequest { request_id: format!("r{number}"), name: name.clone(), reason: "Gửi nhầm".into() };
                self.call(async |system| system.documents.recall_document(request.clone()).await).await.unwrap();
            }
            8 => {
                let letter = self.call(async |system| Ok(system.letter(&number, &changed(n), payload))).await.unwrap();
                let request = v1::AmendDocumentRequest {
                    request_id: format!("a{number}"),
                    name: name.clone(),
                    document: Some(letter),
                    reason: "Sửa trích yếu".into(),
                    ..Default::default()
                };
                self.call(async |system| system.documents.amend_document(request.clone()).await).await.unwrap();
            }
            _ => {}
        }
        name
    }

    async fn inbox(&mut self, filter: v1::ListDeliveriesRequest) -> Vec<v1::Delivery> {
        let agency = format!("agencies/{}", self.agency);
        let request = v1::ListDeliveriesRequest { agency, page_size: 500, ..filter };
        self.call(async |system| system.deliveries.list_deliveries(request.clone()).await).await.unwrap().into_inner().deliveries
    }

    /// A round of a clerk's work: agrees to what is asked, accepts what is new, closes what is accepted. Says how much there was.
    pub(crate) async fn work(&mut self) -> usize {
        let status = |status: DeliveryStatus| v1::ListDeliveriesRequest { status: status.into(), ..Default::default() };
        let asked = self.inbox(v1::ListDeliveriesRequest { awaiting_answer: true, ..Default::default() }).await;
        let mut done = self.report(asked, DeliveryStatus::TakeBackAgreed).await;
        for (before, after) in [
            (DeliveryStatus::Sent, DeliveryStatus::Accepted),
            (DeliveryStatus::Arrived, DeliveryStatus::Accepted),
            (DeliveryStatus::Accepted, DeliveryStatus::Done),
        ] {
            let copies = self.inbox(status(before)).await;
            done += self.report(copies, after).await;
        }
        done
    }

    async fn report(&mut self, copies: Vec<v1::Delivery>, status: DeliveryStatus) -> usize {
        let count = copies.len();
        for copy in copies {
            let (_, document) = copy.name.split_once("documents/").unwrap();
            let request = v1::ReportDeliveryRequest {
                // The same report is the same request, however often the hub was away.
                request_id: format!("{}-{}", &document[..36], status as i32),
                report: Some(v1::DeliveryReport { status: status.into(), ..Default::default() }),
                name: copy.name,
            };
            // It may have been asked back meanwhile, which the next round answers.
            drop(self.call(async |system| system.deliveries.report_delivery(request.clone()).await).await);
        }
        count
    }

    /// Every document of the agency's inbox, the recalled ones too: number, subject, state.
    pub(crate) async fn received(&mut self) -> Vec<(String, String, DocumentState)> {
        let mut all = Vec::new();
        let mut page_token = String::new();
        loop {
            let agency = format!("agencies/{}", self.agency);
            let request = v1::ListDeliveriesRequest { agency, page_size: 500, page_token: page_token.clone(), ..Default::default() };
            let page = self.call(async |system| system.deliveries.list_deliveries(request.clone()).await).await.unwrap().into_inner();
            for copy in page.deliveries {
                if copy.status() == DeliveryStatus::TakeBackAgreed {
                    continue;
                }
                let (name, _) = copy.name.split_once("/deliveries/").unwrap();
                let document = self.document(name).await;
                all.push((document.number.clone(), document.subject.clone(), document.state()));
            }
            if page.next_page_token.is_empty() {
                return all;
            }
            page_token = page.next_page_token;
        }
    }

    pub(crate) async fn document(&mut self, name: &str) -> v1::Document {
        let request = v1::GetDocumentRequest { name: name.to_owned() };
        self.call(async |system| system.documents.get_document(request.clone()).await).await.unwrap().into_inner()
    }

    /// The statuses that a recipient's copy went through, as its sender was told.
    pub(crate) async fn chain(&mut self, name: &str) -> Vec<DeliveryStatus> {
        let steps = self.call(async |system| system.trace(name).await).await.unwrap();
        let reports = steps.into_iter().filter_map(|step| match step.kind {
            Some(v1::step::Kind::Reported(report)) => Some(report.status()),
            _ => None,
        });
        reports.collect()
    }
}

/// The subject of a document that was changed.
pub(crate) fn changed(n: u64) -> String {
    format!("V/v liên thông số {n} (sửa)")
}

/// The admin of a hub: lets a stopped connection try again, and dead items go again, as one would after a look at them.
pub(crate) async fn admin(hub: &Hub) -> Option<v1::Axis> {
    let address = hub.address.lock().unwrap().clone();
    let channel = hub::client::connect(&hub.home, &address, hub::home::FIRST_ADMIN).await.ok()?;
    let mut client = AxisServiceClient::new(channel);
    let name = format!("axes/{CONNECTION}");
    let axis = client.get_axis(v1::GetAxisRequest { name: name.clone() }).await.ok()?.into_inner();
    if axis.state() == v1::AxisState::Stopped {
        client.poll_axis(v1::PollAxisRequest { name: name.clone() }).await.ok()?;
    }
    let dead = v1::ListOutboxItemsRequest { parent: name, state: v1::OutboxItemState::Dead.into(), page_size: 1_000, ..Default::default() };
    for item in client.list_outbox_items(dead).await.ok()?.into_inner().outbox_items {
        client.requeue_outbox_item(v1::RequeueOutboxItemRequest { name: item.name, ..Default::default() }).await.ok()?;
    }
    Some(axis)
}
