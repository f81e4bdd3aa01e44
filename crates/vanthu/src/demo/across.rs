//! The last act: over an axis to a ministry and another province, and back.

use std::time::{Duration, Instant};

use api::v1;
use api::v1::axis_service_client::AxisServiceClient;
use axis::Message;
use axis::sandbox::{self, Agency};
use edxml::{Packet, StatusCode};
use hub::running::system_clock;
use testkit::hub_box::{Centre, Error, HubBox};
use testkit::office::Office;
use testkit::pki::Pki;
use testkit::provinces::{CONNECTION, SECRET, routes};
use testkit::system::{System, to_agency};

use super::play::Play;

/// The other province, as both hubs know it.
const NGHE_AN: &str = "\
id,tier,kind,parent,name,short_name,code,old_code,code_provisional,valid_from,state
nghean,province,peoples_committee,,Ủy ban nhân dân tỉnh Nghệ An,UBND,H41,000.00.00.H41,false,2022-01-01,active
nghean.kim-lien,commune,peoples_committee,nghean,Ủy ban nhân dân xã Kim Liên,UBND,H41.7,000.00.07.H41,true,2022-01-01,active
";
const CA_MAU: &str = "camau,province,peoples_committee,,Ủy ban nhân dân tỉnh Cà Mau,UBND,H12,000.00.00.H12,false,2022-01-01,active\n";
const PROVINCE: &str = "camau";
const MINISTRY: &str = "bo-noi-vu";
const COMMUNE: &str = "nghean.kim-lien";
const PATIENCE: Duration = Duration::from_secs(20);

/// The axis: two provinces, and a ministry whose system speaks to it by itself.
pub(crate) async fn axis(dir: &std::path::Path) -> Result<sandbox::Running, Error> {
    let centre = |code: &str, name: &str| Agency { code: code.into(), name: name.into(), secret: SECRET.into(), ..Agency::default() };
    let commune = Agency { center: "H41".into(), secret: String::new(), ..centre("H41.7", "Ủy ban nhân dân xã Kim Liên") };
    let agencies = vec![
        centre("H12", "Ủy ban nhân dân tỉnh Cà Mau"),
        centre("H41", "Ủy ban nhân dân tỉnh Nghệ An"),
        centre("G09", "Bộ Nội vụ"),
        commune,
    ];
    let options = sandbox::Options { agencies, ..sandbox::Options::new(dir, system_clock()) };
    sandbox::start(options).await.map_err(|error| Error::Unexpected(error.to_string()))
}

/// Both hubs, the ministry, and who acts for whom.
struct Act<'p, 'a> {
    play: &'p mut Play<'a>,
    ministry: Office,
    province: System,
    commune: System,
}

/// Plays the act between the hub of the play and a second one.
pub(crate) async fn run(play: &mut Play<'_>, hub: &HubBox, pki: &Pki, axis: &sandbox::Running) -> Result<(), Error> {
    println!("\n7. The province writes to the Ministry of Home Affairs and to a commune of another province, over an axis.");
    let centre = Centre { address: axis.address, code: "H41", secret: SECRET };
    let other = HubBox::start_with_axes(&[(CONNECTION, centre)], |_| {}).await?;
    other.import(&format!("{NGHE_AN}{CA_MAU}"), "", "").await?;
    other.trust(pki, &[]).await?;
    hub.import(NGHE_AN, "", "").await?;
    for (hub, code) in [(hub, "H12"), (&other, "H41")] {
        let channel = hub.connect(::hub::home::FIRST_ADMIN).await?;
        let request = v1::SetAxisRoutesRequest { routes: routes(code), ..Default::default() };
        AxisServiceClient::new(channel).set_axis_routes(request).await?;
    }
    let mut act = Act {
        ministry: Office::new(axis.address, "G09", "Bộ Nội vụ")?,
        province: hub.system(&[PROVINCE]).await?,
        commune: other.system(&[COMMUNE]).await?,
        play,
    };
    let (sent, received) = act.there().await?;
    act.back(&received).await?;
    act.updated(&sent, &received).await?;
    act.replaced(&sent, &received).await?;
    act.recalled().await?;
    let mut other = other;
    other.stop().await?;
    Ok(())
}

impl Act<'_, '_> {
    /// The document and its statuses; its names at either hub come back.
    async fn there(&mut self) -> Result<(String, String), Error> {
        let pdf = self.play.signed("V/v phoi hop cong tac", 0)?;
        let payload = self.province.upload(&pdf).await?;
        let letter = self.province.letter("201", "V/v phối hợp công tác", &payload);
        let answer = self.province.submit(letter, vec![to_agency(MINISTRY), to_agency(COMMUNE)]).await?;
        let sent = answer.document.unwrap_or_default().name;
        let received = self.received("201").await?;
        let verdicts: Vec<_> =
            received.signature_reports.iter().flat_map(|report| &report.signatures).map(v1::Signature::verdict).collect();
        self.play.expect(
            verdicts == [v1::Verdict::TotalPassed, v1::Verdict::TotalPassed],
            "it lies in the commune's inbox at the other hub, and both signatures passed there too",
        );
        let copy = self.commune.copy_of(&received.name);
        let name = received.attachments.first().map(|file| file.payload.clone()).unwrap_or_default();
        let bytes = self.commune.download(&name, &copy).await?;
        self.play.expect(bytes == pdf, "its bytes are those that were signed");
        let packet = self.fetched().await?;
        self.play.expect(packet.subject == "V/v phối hợp công tác", "the ministry's system fetched its packet from the axis");

        self.ministry.report(&packet, StatusCode::ACCEPTED, "Văn thư Bộ đã tiếp nhận").await?;
        for status in [v1::DeliveryStatus::Accepted, v1::DeliveryStatus::Done] {
            self.commune.report(&received.name, status, "").await?;
        }
        let ministry = self.reaches(&sent, MINISTRY, v1::DeliveryStatus::Accepted).await?;
        let commune = self.reaches(&sent, COMMUNE, v1::DeliveryStatus::Done).await?;
        self.play.expect(ministry && commune, "the province sees 03 of the ministry and 06 of the commune");
        super::table::print_trace(&self.province.trace(&sent).await?);
        Ok((sent, received.name))
    }

    /// The commune answers, over the axis and into the province's inbox.
    async fn back(&mut self, received: &str) -> Result<(), Error> {
        let pdf = self.play.signed("V/v tra loi", 0)?;
        let payload = self.commune.upload(&pdf).await?;
        let mut letter = self.commune.letter("15", "V/v trả lời Công văn số 201", &payload);
        letter.in_reply_to = received.to_owned();
        self.commune.submit(letter, vec![to_agency(PROVINCE)]).await?;
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let request = v1::ListDeliveriesRequest {
                agency: self.province.agency.clone(),
                sender: format!("agencies/{COMMUNE}"),
                ..Default::default()
            };
            let deliveries = self.province.deliveries.list_deliveries(request).await?.into_inner().deliveries;
            if let Some(delivery) = deliveries.first() {
                let name = delivery.name.split("/deliveries").next().unwrap_or_default().to_owned();
                let answer = self.province.documents.get_document(v1::GetDocumentRequest { name }).await?.into_inner();
                self.play.expect(!answer.in_reply_to.is_empty(), "the commune's answer came back, and is known as an answer");
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.play.expect(false, "the commune's answer came back");
        Ok(())
    }

    async fn updated(&mut self, sent: &str, received: &str) -> Result<(), Error> {
        let mut changed = self.province.documents.get_document(v1::GetDocumentRequest { name: sent.into() }).await?.into_inner();
        changed.subject = "V/v phối hợp công tác (sửa trích yếu)".into();
        let request = v1::AmendDocumentRequest {
            request_id: self.province.request_id(),
            name: sent.into(),
            document: Some(changed),
            reason: "Sửa trích yếu".into(),
            ..Default::default()
        };
        self.province.documents.amend_document(request).await?;
        let is_there = self.becomes(received, |document| document.version == 2).await?;
        self.commune.report(received, v1::DeliveryStatus::TakeBackAgreed, "").await?;
        self.play.expect(is_there, "an update reached the commune's copy, and was agreed to");
        Ok(())
    }

    async fn replaced(&mut self, sent: &str, received: &str) -> Result<(), Error> {
        let payload = self.province.upload(&self.play.signed("V/v phoi hop cong tac, thay the", 0)?).await?;
        let request = v1::SubmitDocumentRequest {
            request_id: self.province.request_id(),
            document: Some(self.province.letter("203", "V/v phối hợp công tác, thay thế Công văn số 201", &payload)),
            recipients: vec![to_agency(COMMUNE)],
            replaces: vec![sent.into()],
            replace_reason: "Thay thế toàn bộ".into(),
            ..Default::default()
        };
        self.province.documents.submit_document(request).await?;
        let replacement = self.received("203").await?;
        let is_replaced = self.becomes(received, |document| document.state() == v1::DocumentState::Replaced).await?;
        self.play.expect(is_replaced && replacement.replaces == [received], "a replacement took its place there");
        Ok(())
    }

    /// Whether the commune's copy of a document comes to be so.
    async fn becomes(&mut self, document: &str, is_so: impl Fn(&v1::Document) -> bool) -> Result<bool, Error> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let request = v1::GetDocumentRequest { name: document.into() };
            if is_so(&self.commune.documents.get_document(request).await?.into_inner()) {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(false)
    }

    async fn recalled(&mut self) -> Result<(), Error> {
        let payload = self.province.upload(&self.play.signed("Gui nham", 0)?).await?;
        let letter = self.province.letter("202", "Gửi nhầm", &payload);
        let sent = self.province.submit(letter, vec![to_agency(COMMUNE)]).await?.document.unwrap_or_default().name;
        let received = self.received("202").await?.name;
        self.commune.report(&received, v1::DeliveryStatus::Accepted, "").await?;
        self.reaches(&sent, COMMUNE, v1::DeliveryStatus::Accepted).await?;
        let request =
            v1::RecallDocumentRequest {
                request_id: self.province.request_id(), name: sent.clone(), reason: "Gửi nhầm nơi nhận".into()
            };
        self.province.documents.recall_document(request).await?;
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE && self.commune.report(&received, v1::DeliveryStatus::TakeBackAgreed, "").await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let agreed = self.reaches(&sent, COMMUNE, v1::DeliveryStatus::TakeBackAgreed).await?;
        let gone = self.commune.documents.get_document(v1::GetDocumentRequest { name: received }).await.is_err();
        self.play.expect(agreed && gone, "a second one was recalled over the axis: agreed to, and erased at the other hub");
        Ok(())
    }

    /// The document with this number in the commune's inbox, once it is there.
    async fn received(&mut self, number: &str) -> Result<v1::Document, Error> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let request = v1::ListDeliveriesRequest { agency: self.commune.agency.clone(), ..Default::default() };
            for delivery in self.commune.deliveries.list_deliveries(request).await?.into_inner().deliveries {
                let name = delivery.name.split("/deliveries").next().unwrap_or_default().to_owned();
                let document = self.commune.documents.get_document(v1::GetDocumentRequest { name }).await?.into_inner();
                if document.number == number {
                    return Ok(document);
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(Error::Unexpected(format!("document {number} does not come over the axis")))
    }

    /// The packet that waits for the ministry.
    async fn fetched(&self) -> Result<edxml::Edoc, Error> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(Packet::Edoc(edoc)) = self.ministry.fetch(Message::Edoc).await?.pop() {
                return Ok(*edoc);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(Error::Unexpected("no packet comes for the ministry".into()))
    }

    /// Whether a copy comes to stand like that where the province looks.
    async fn reaches(&mut self, document: &str, holder: &str, status: v1::DeliveryStatus) -> Result<bool, Error> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let request = v1::GetDeliveryRequest { name: format!("{document}/deliveries/{holder}") };
            if self.province.deliveries.get_delivery(request).await?.into_inner().status() == status {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(false)
    }
}
