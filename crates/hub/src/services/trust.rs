//! `TrustService`: anchors, intermediates, revocation lists and OCSP responses, who may sign for whom, and what is done about
//! verdicts.

use api::convert::{self, name};
use api::status::Failure;
use api::v1;
use api::v1::trust_service_server::TrustService;
use domain::command::Command;
use domain::digest::Digest;
use domain::invalid::Invalid;
use domain::refusal::Refusal;
use domain::{signature, trust};
use tonic::{Request, Response, Status, Streaming};

use super::agency::require_admin;
use super::signer;
use super::trust_import;
use crate::shared::{Shared, after, caller, fault};
use crate::trust_reading;

/// A page is full when its objects have so many bytes; gRPC clients take 4 MiB by default.
const PAGE_BYTES: usize = 1 << 20;

/// The service.
pub struct Service {
    shared: Shared,
}

impl Service {
    /// Over what every service works with.
    pub const fn new(shared: Shared) -> Self {
        Self { shared }
    }

    fn policy(&self) -> Result<Response<v1::SignaturePolicy>, Status> {
        let rules = signature::policy(&self.shared.tables).map_err(fault)?;
        Ok(Response::new(convert::signature::policy_to_wire(&rules)))
    }
}

#[tonic::async_trait]
impl TrustService for Service {
    async fn add_trust_object(&self, request: Request<v1::AddTrustObjectRequest>) -> Result<Response<v1::TrustObject>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        let mut object = convert::trust::added(request.get_ref()).map_err(Failure::from)?;
        let read = trust_reading::read(object.der.clone().into(), Some(object.kind), trust::MAX_DER);
        let read = read.map_err(|rule| Failure::from(Invalid::one("trust_object.der", rule)))?.object;
        (object.subject, object.facts) = (read.subject, read.facts);
        let wire = convert::trust::to_wire(&object);
        self.shared.carry_out(&caller, None, Command::Trust(trust::Command::Set(object))).await?;
        Ok(Response::new(wire))
    }

    async fn import_trust_objects(
        &self,
        request: Request<Streaming<v1::ImportTrustObjectsRequest>>,
    ) -> Result<Response<v1::ImportTrustObjectsResponse>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        Ok(Response::new(trust_import::import(&self.shared, &caller, request.into_inner()).await?))
    }

    async fn remove_trust_object(&self, request: Request<v1::RemoveTrustObjectRequest>) -> Result<Response<v1::TrustObject>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        let fingerprint = name::trust(&request.get_ref().name).map_err(|e| Failure::from(Invalid::one("name", e)))?;
        let all = trust::all(&self.shared.tables).map_err(fault)?;
        let object = all.into_iter().find(|object| object.fingerprint == fingerprint);
        let object = object.ok_or_else(|| Failure::Refused(Refusal::NotFound { name: request.get_ref().name.clone() }))?;
        self.shared.carry_out(&caller, None, Command::Trust(trust::Command::Remove(fingerprint))).await?;
        Ok(Response::new(convert::trust::to_wire(&object)))
    }

    async fn list_trust_objects(
        &self,
        request: Request<v1::ListTrustObjectsRequest>,
    ) -> Result<Response<v1::ListTrustObjectsResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let filter = convert::trust::list(&request).map_err(Failure::from)?;
        let mut page = self.shared.page(&caller, &request)?;
        let after = after(&page, str::parse::<Digest>)?;
        let all = trust::all(&self.shared.tables).map_err(fault)?;
        let objects: Vec<_> = all
            .into_iter()
            .filter(|object| filter.keeps(object))
            .filter(|object| after.is_none_or(|after| object.fingerprint > after))
            .take(page.size + 1)
            .collect();
        let mut bytes = 0;
        let fits = |object: &&trust::TrustObject| {
            bytes += object.der.len();
            bytes <= PAGE_BYTES
        };
        page.size = page.size.min(objects.iter().take_while(fits).count().max(1));
        let (objects, next_page_token) = self.shared.cut(&page, objects, |object| object.fingerprint.to_string().into_bytes());
        Ok(Response::new(v1::ListTrustObjectsResponse {
            trust_objects: objects.iter().map(convert::trust::to_wire).collect(),
            next_page_token,
        }))
    }

    async fn get_signature_policy(&self, _: Request<v1::GetSignaturePolicyRequest>) -> Result<Response<v1::SignaturePolicy>, Status> {
        self.policy()
    }

    async fn set_signature_policy(&self, request: Request<v1::SetSignaturePolicyRequest>) -> Result<Response<v1::SignaturePolicy>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        let rules = convert::signature::policy(request.get_ref()).map_err(Failure::from)?;
        self.shared.carry_out(&caller, None, Command::Signature(signature::Command::SetPolicy(rules))).await?;
        self.policy()
    }

    async fn add_authorised_signer(
        &self,
        request: Request<v1::AddAuthorisedSignerRequest>,
    ) -> Result<Response<v1::AuthorisedSigner>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        signer::add(&self.shared, &caller, request.get_ref()).await
    }

    async fn remove_authorised_signer(
        &self,
        request: Request<v1::RemoveAuthorisedSignerRequest>,
    ) -> Result<Response<v1::AuthorisedSigner>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        signer::remove(&self.shared, &caller, request.get_ref()).await
    }

    async fn list_authorised_signers(
        &self,
        request: Request<v1::ListAuthorisedSignersRequest>,
    ) -> Result<Response<v1::ListAuthorisedSignersResponse>, Status> {
        let caller = caller(&request)?;
        signer::list(&self.shared, &caller, request.get_ref())
    }

    async fn import_authorised_signers(
        &self,
        request: Request<v1::ImportAuthorisedSignersRequest>,
    ) -> Result<Response<v1::ImportAuthorisedSignersResponse>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        signer::import(&self.shared, &caller, request.get_ref()).await
    }
}
