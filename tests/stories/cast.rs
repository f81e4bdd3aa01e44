//! Who plays: a small directory of four tiers, a test PKI, and signed documents.

use api::v1;
use testkit::hub_box::HubBox;
use testkit::pdf::{Draft, SignOptions, sign};
use testkit::pki::{KeyKind, Pki, Signer, SignerKind, SignerRequest};
use testkit::system::System;
use time::{Duration, OffsetDateTime};
use tonic::Status;
use tonic_types::StatusExt;

pub(crate) const DIRECTORY: &str = "\
id,tier,kind,parent,name,short_name,code,old_code,code_provisional,valid_from,state
bo-tai-chinh,central,ministry,,Bộ Tài chính,BTC,G12,000.00.00.G12,false,2022-01-01,active
camau,province,peoples_committee,,Ủy ban nhân dân tỉnh Cà Mau,UBND tỉnh,H12,000.00.00.H12,false,2022-01-01,active
camau.so,province,department,camau,Sở Tài chính tỉnh Cà Mau,Sở TC,H12.15,000.00.15.H12,true,2022-01-01,active
camau.dam-doi,district,peoples_committee,camau,Ủy ban nhân dân huyện Đầm Dơi,UBND huyện,H12.31,000.00.31.H12,true,2022-01-01,active
camau.dam-doi.xa-mot,commune,peoples_committee,camau.dam-doi,Ủy ban nhân dân xã Một,Xã Một,H12.31.01,000.01.31.H12,true,2022-01-01,active
camau.dam-doi.xa-hai,commune,peoples_committee,camau.dam-doi,Ủy ban nhân dân xã Hai,Xã Hai,H12.31.02,000.02.31.H12,true,2022-01-01,active
camau.dam-doi.xa-ba,commune,peoples_committee,camau.dam-doi,Ủy ban nhân dân xã Ba,Xã Ba,H12.31.03,000.03.31.H12,true,2022-01-01,locked
";

pub(crate) const MINISTRY: &str = "bo-tai-chinh";
pub(crate) const PROVINCE: &str = "camau";
pub(crate) const DEPARTMENT: &str = "camau.so";
pub(crate) const DISTRICT: &str = "camau.dam-doi";
pub(crate) const COMMUNE: &str = "camau.dam-doi.xa-mot";
pub(crate) const OTHER_COMMUNE: &str = "camau.dam-doi.xa-hai";
pub(crate) const LOCKED: &str = "camau.dam-doi.xa-ba";

/// A hub with the directory and a trusted PKI.
pub(crate) struct Cast {
    pub(crate) hub: HubBox,
    pub(crate) pki: Pki,
}

impl Cast {
    pub(crate) async fn new() -> Self {
        Self::on(HubBox::start().await.unwrap()).await
    }

    pub(crate) async fn on(hub: HubBox) -> Self {
        let cast = Self::without_trust(hub).await;
        cast.hub.trust(&cast.pki, &[]).await.unwrap();
        cast
    }

    /// The same, and nobody trusts the PKI yet.
    pub(crate) async fn without_trust(hub: HubBox) -> Self {
        hub.import(DIRECTORY, "", "").await.unwrap();
        Self { hub, pki: Pki::generate().unwrap() }
    }

    pub(crate) async fn system(&self, agency: &str) -> System {
        self.hub.system(&[agency]).await.unwrap()
    }

    pub(crate) fn signer(&self, name: &str, kind: SignerKind) -> Signer {
        let now = OffsetDateTime::now_utc();
        let request = SignerRequest {
            common_name: name.into(),
            organisation: "Ủy ban nhân dân tỉnh Cà Mau".into(),
            organisation_id: Some("2000100001".into()),
            kind,
            not_before: now - Duration::days(30),
            not_after: now + Duration::days(700),
            key: KeyKind::P256,
        };
        self.pki.issue(&request).unwrap()
    }

    /// A document signed by a person just now, with a time stamp.
    pub(crate) fn signed(&self, title: &str) -> Vec<u8> {
        self.signed_with(title, 0)
    }

    pub(crate) fn signed_with(&self, title: &str, padding_bytes: usize) -> Vec<u8> {
        let draft = Draft { title: title.into(), lines: vec![title.into()], pages: 1, padding_bytes }.build();
        let mut options = SignOptions::at(OffsetDateTime::now_utc() - Duration::minutes(1));
        options.timestamp = Some(self.pki.tsa());
        sign(&draft, &self.signer("Nguyễn Văn Ví Dụ", SignerKind::Person), &options).unwrap()
    }

    /// Uploads a signed document and submits it.
    pub(crate) async fn send(&self, from: &mut System, number: &str, to: Vec<v1::Selector>) -> v1::SubmitDocumentResponse {
        let payload = from.upload(&self.signed(&format!("Van ban so {number}"))).await.unwrap();
        let letter = from.letter(number, &format!("V/v văn bản số {number}"), &payload);
        from.submit(letter, to).await.unwrap()
    }
}

/// The stable reason of a refusal.
pub(crate) fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// The fields at fault.
pub(crate) fn fields(status: &Status) -> Vec<String> {
    status.get_details_bad_request().map(|bad| bad.field_violations.into_iter().map(|v| v.field).collect()).unwrap_or_default()
}
