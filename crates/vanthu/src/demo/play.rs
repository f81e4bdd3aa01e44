//! The play itself, act by act.

use api::v1;
use testkit::attack;
use testkit::hub_box::{Error, HubBox};
use testkit::pdf::{Draft, SignOptions, sign};
use testkit::pki::{KeyKind, Pki, Signer, SignerKind, SignerRequest};
use testkit::system::{System, to_agency, to_subtree};
use time::{Duration, OffsetDateTime};

use super::table;

/// Ids from the seeds.
const MINISTRY: &str = "bo-tai-chinh";
const PROVINCE: &str = "camau";
const DEPARTMENT: &str = "camau.so-tai-chinh";
const DISTRICT: &str = "camau.dam-doi";
const COMMUNE: &str = "camau.dam-doi.tan-duyet";

pub(crate) struct Play<'a> {
    pki: &'a Pki,
    ministry: System,
    province: System,
    department: System,
    district: System,
    commune: System,
    leader: Signer,
    organisation: Signer,
    traced: String,
    went: Vec<(bool, String)>,
}

impl<'a> Play<'a> {
    pub(crate) async fn new(hub: &'a HubBox, pki: &'a Pki) -> Result<Self, Error> {
        Ok(Self {
            pki,
            ministry: hub.system(&[MINISTRY]).await?,
            province: hub.system(&[PROVINCE]).await?,
            department: hub.system(&[DEPARTMENT]).await?,
            district: hub.system(&[DISTRICT]).await?,
            commune: hub.system(&[COMMUNE]).await?,
            leader: pki.issue(&signer("Nguyễn Văn Ví Dụ", SignerKind::Person))?,
            organisation: pki.issue(&signer("ỦY BAN NHÂN DÂN TỈNH CÀ MAU", SignerKind::Organisation))?,
            traced: String::new(),
            went: Vec::new(),
        })
    }

    pub(crate) async fn run(&mut self) -> Result<(), Error> {
        self.down_the_tiers().await?;
        self.forged().await?;
        self.up_through_the_superior().await?;
        self.all_communes().await?;
        self.recalled().await?;
        self.broken_transfer().await
    }

    /// The document whose trace the README and the last lines show.
    pub(crate) fn traced(&self) -> &str {
        &self.traced
    }

    pub(crate) fn all_went_well(&self) -> bool {
        !self.went.is_empty() && self.went.iter().all(|(well, _)| *well)
    }

    pub(crate) fn finish(&mut self, error: Option<String>) {
        if let Some(error) = error {
            self.expect(false, &format!("the play broke off: {error}"));
        }
        let well = self.went.iter().filter(|(well, _)| *well).count();
        println!("\n{well} of {} expectations came true.", self.went.len());
    }

    pub(super) fn expect(&mut self, well: bool, what: &str) {
        println!("  {} {what}", if well { "✓" } else { "✗" });
        self.went.push((well, what.to_owned()));
    }

    /// A document that a person signed, and the organisation after him.
    pub(super) fn signed(&self, title: &str, padding_bytes: usize) -> Result<Vec<u8>, Error> {
        let draft = Draft { title: title.into(), lines: vec![title.into()], pages: 1, padding_bytes }.build();
        let now = OffsetDateTime::now_utc();
        let mut options = SignOptions::at(now - Duration::minutes(2));
        options.timestamp = Some(self.pki.tsa());
        options.field = "NguoiKy".into();
        let once = sign(&draft, &self.leader, &options)?;
        options.time = now - Duration::minutes(1);
        options.timestamp_time = None;
        options.field = "DauCoQuan".into();
        Ok(sign(&once, &self.organisation, &options)?)
    }

    async fn down_the_tiers(&mut self) -> Result<(), Error> {
        println!("\n1. The ministry writes to the province, the department and the district; all receive it live.");
        let pdf = self.signed("V/v quyet toan ngan sach nam", 0)?;
        let payload = self.ministry.upload(&pdf).await?;
        let mut letter = self.ministry.letter("128", "V/v quyết toán ngân sách năm", &payload);
        letter.notation = "BTC-NSNN".into();
        let mut inbox = self.province.watch("").await?;
        let answer = self.ministry.submit(letter, vec![to_agency(PROVINCE), to_agency(DEPARTMENT), to_agency(DISTRICT)]).await?;
        let document = answer.document.unwrap_or_default();
        self.expect(answer.deliveries.len() == 3, "three copies went out");
        let verdicts: Vec<v1::Verdict> =
            document.signature_reports.iter().flat_map(|report| &report.signatures).map(v1::Signature::verdict).collect();
        self.expect(
            verdicts == [v1::Verdict::TotalPassed, v1::Verdict::TotalPassed],
            "both signatures are TOTAL_PASSED: the person's, and the organisation's over it",
        );
        let change = inbox.message().await?.ok_or_else(|| Error::Unexpected("the watch ended".into()))?;
        self.expect(change.document.as_ref().is_some_and(|got| got.name == document.name), "the province's watch handed it over");
        let copy = self.department.copy_of(&document.name);
        let bytes = self.department.download(&payload, &copy).await?;
        self.expect(bytes == pdf, "the department downloaded the very bytes that were signed");
        for status in [v1::DeliveryStatus::Accepted, v1::DeliveryStatus::Assigned, v1::DeliveryStatus::Done] {
            self.department.report(&document.name, status, "").await?;
        }
        self.province.report(&document.name, v1::DeliveryStatus::Accepted, "số đến 415").await?;
        let refusal = v1::DeliveryReport {
            status: v1::DeliveryStatus::Refused.into(),
            refusal_reason: v1::RefusalReason::R1.into(),
            note: "không thuộc thẩm quyền".into(),
            ..Default::default()
        };
        self.district.report_with(&document.name, refusal).await?;
        let steps = self.ministry.trace(&document.name).await?;
        self.expect(steps.len() >= 10, "the ministry sees every step");
        self.traced = document.name;
        table::print_trace(&steps);
        Ok(())
    }

    async fn forged(&mut self) -> Result<(), Error> {
        println!("\n2. Somebody changes a byte after signing; the hub refuses the document.");
        let forged = attack::flip_signed_byte(&self.signed("V/v bo nhiem can bo", 0)?)?;
        let payload = self.ministry.upload(&forged).await?;
        let letter = self.ministry.letter("129", "V/v bổ nhiệm cán bộ", &payload);
        let refused = self.ministry.submit(letter, vec![to_agency(PROVINCE)]).await.err();
        let refused = refused.ok_or_else(|| Error::Unexpected("a forged document was taken".into()));
        let message = refused.map(|status| status.message().to_owned());
        self.expect(message.as_ref().is_ok_and(|message| message.contains("signature")), "it is refused for its signature");
        if let Ok(message) = message {
            println!("    {message}");
        }
        Ok(())
    }

    async fn up_through_the_superior(&mut self) -> Result<(), Error> {
        println!("\n3. A commune reports to the ministry: the policy leads through its superior, who forwards.");
        let pdf = self.signed("Bao cao thien tai", 0)?;
        let payload = self.commune.upload(&pdf).await?;
        let mut report = self.commune.letter("07", "Báo cáo tình hình thiên tai", &payload);
        report.kind = "bao-cao".into();
        let answer = self.commune.submit(report, vec![to_agency(MINISTRY)]).await?;
        let document = answer.document.unwrap_or_default().name;
        let first: Vec<&str> = answer.deliveries.iter().map(|delivery| delivery.agency.as_str()).collect();
        self.expect(first == [format!("agencies/{DISTRICT}")], "it lies with the district, not yet with the ministry");
        let request = v1::ForwardDeliveryRequest {
            request_id: self.district.request_id(),
            name: self.district.copy_of(&document),
            note: "Kính chuyển".into(),
            ..Default::default()
        };
        self.district.deliveries.forward_delivery(request).await?;
        self.ministry.report(&document, v1::DeliveryStatus::Accepted, "").await?;
        let steps = self.commune.trace(&document).await?;
        self.expect(steps.iter().any(|step| matches!(step.kind, Some(v1::step::Kind::Forwarded(_)))), "the trace shows both legs");
        table::print_trace(&steps);
        Ok(())
    }

    async fn all_communes(&mut self) -> Result<(), Error> {
        println!("\n4. The district writes to all communes of Đầm Dơi with one submission.");
        let payload = self.district.upload(&self.signed("Ke hoach phong chong dich", 0)?).await?;
        let mut plan = self.district.letter("31", "Kế hoạch phòng, chống dịch", &payload);
        plan.kind = "ke-hoach".into();
        plan.urgency = v1::Urgency::Express.into();
        let selector = to_subtree(DISTRICT, v1::Tier::Commune, v1::AgencyKind::PeoplesCommittee);
        let answer = self.district.submit(plan, vec![selector]).await?;
        self.expect(answer.deliveries.len() == 16, &format!("it went to the 16 communes of Đầm Dơi ({} copies)", answer.deliveries.len()));
        let mut watch = self.commune.watch("").await?;
        let change = watch.message().await?.unwrap_or_default();
        self.expect(change.delivery.is_some_and(|delivery| delivery.urgency() == v1::Urgency::Express), "Tân Duyệt has it, hỏa tốc first");
        Ok(())
    }

    async fn recalled(&mut self) -> Result<(), Error> {
        println!("\n5. The province sent the wrong file and asks for it back; the holders agree, the content is erased.");
        let payload = self.province.upload(&self.signed("Gui nham tep", 0)?).await?;
        let letter = self.province.letter("56", "Gửi nhầm tệp đính kèm", &payload);
        let document = self.province.submit(letter, vec![to_agency(DISTRICT), to_agency(DEPARTMENT)]).await?.document.unwrap_or_default();
        self.district.report(&document.name, v1::DeliveryStatus::Accepted, "").await?;
        self.department.report(&document.name, v1::DeliveryStatus::Arrived, "").await?;
        let request = v1::RecallDocumentRequest {
            request_id: self.province.request_id(),
            name: document.name.clone(),
            reason: "Gửi nhầm tệp đính kèm".into(),
        };
        self.province.documents.recall_document(request).await?;
        for holder in [&mut self.district, &mut self.department] {
            holder.report(&document.name, v1::DeliveryStatus::TakeBackAgreed, "").await?;
        }
        let request = v1::GetDocumentRequest { name: document.name.clone() };
        let after = self.province.documents.get_document(request).await?.into_inner();
        self.expect(
            after.state() == v1::DocumentState::Recalled && after.subject.is_empty() && after.attachments.is_empty(),
            "it is recalled and empty",
        );
        let gone = self.district.download(&payload, "").await.err();
        self.expect(gone.is_some_and(|status| status.code() == tonic::Code::PermissionDenied), "its holders can no longer read the file");
        table::print_trace(&self.province.trace(&document.name).await?);
        Ok(())
    }

    async fn broken_transfer(&mut self) -> Result<(), Error> {
        println!("\n6. The commune's line breaks in the middle of a large upload; it goes on where the hub had got to.");
        let pdf = self.signed("Ho so dia chinh", 6 << 20)?;
        let upload = self.commune.start_upload(&pdf).await?;
        let half = pdf.get(..pdf.len() / 2).unwrap_or_default();
        self.commune.write_upload(&upload.name, 0, half).await?;
        let status = self.commune.payloads.get_upload(v1::GetUploadRequest { name: upload.name.clone() }).await?.into_inner();
        let have = usize::try_from(status.committed_bytes).unwrap_or_default();
        self.expect(have == half.len(), &format!("the hub has {have} of {} bytes", pdf.len()));
        self.commune.write_upload(&upload.name, have, &pdf).await?;
        let payload = self.commune.payloads.finish_upload(v1::FinishUploadRequest { name: upload.name }).await?.into_inner();
        self.expect(usize::try_from(payload.size_bytes).is_ok_and(|size| size == pdf.len()), "the payload is whole");
        let letter = self.commune.letter("08", "Hồ sơ địa chính", &payload.name);
        let answer = self.commune.submit(letter, vec![to_agency(DISTRICT)]).await?;
        let whole =
            answer.document.unwrap_or_default().signature_reports.first().is_some_and(|report| report.coverage() == v1::Coverage::Whole);
        self.expect(whole, "its signatures cover the whole file");
        Ok(())
    }
}

fn signer(name: &str, kind: SignerKind) -> SignerRequest {
    let now = OffsetDateTime::now_utc();
    SignerRequest {
        common_name: name.into(),
        organisation: "Ủy ban nhân dân tỉnh Cà Mau".into(),
        organisation_id: Some("2000100001".into()),
        kind,
        not_before: now - Duration::days(30),
        not_after: now + Duration::days(700),
        key: KeyKind::P256,
    }
}
