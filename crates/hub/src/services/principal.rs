//! `PrincipalService`: who may call.

use api::convert::{self, name};
use api::status::Failure;
use api::v1;
use api::v1::principal_service_server::PrincipalService;
use domain::command::Command;
use domain::invalid::{Checker, Invalid};
use domain::principal::{self, Caller, Principal, Role};
use domain::refusal::Refusal;
use tonic::{Request, Response, Status};

use super::agency::require_admin;
use crate::shared::{Shared, after, caller, fault};

/// The service.
pub struct Service {
    shared: Shared,
}

impl Service {
    /// Over what every service works with.
    pub const fn new(shared: Shared) -> Self {
        Self { shared }
    }

    fn find(&self, id: &principal::Id) -> Result<Principal, Failure> {
        principal::find(&self.shared.tables, id).map_err(fault)?.ok_or_else(|| Refusal::NotFound { name: name::of_principal(id) }.into())
    }

    async fn change(&self, caller: &Caller, id: &principal::Id, command: principal::Command) -> Result<Response<v1::Principal>, Status> {
        self.shared.carry_out(caller, None, Command::Principal(command)).await?;
        Ok(Response::new(convert::principal::to_wire(&self.find(id)?)))
    }
}

fn require_reader(caller: &Caller) -> Result<(), Failure> {
    if matches!(caller.role, Role::Admin | Role::Auditor) { Ok(()) } else { Err(Refusal::Denied.into()) }
}

fn id(text: &str) -> Result<principal::Id, Failure> {
    name::principal(text).map_err(|e| Failure::from(Invalid::one("name", e)))
}

#[tonic::async_trait]
impl PrincipalService for Service {
    async fn enrol_principal(&self, request: Request<v1::EnrolPrincipalRequest>) -> Result<Response<v1::Principal>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        let enrolled = convert::principal::enrolled(request.get_ref()).map_err(Failure::from)?;
        let id = enrolled.id.clone();
        self.change(&caller, &id, principal::Command::Enrol(enrolled)).await
    }

    async fn get_principal(&self, request: Request<v1::GetPrincipalRequest>) -> Result<Response<v1::Principal>, Status> {
        let caller = caller(&request)?;
        require_reader(&caller)?;
        Ok(Response::new(convert::principal::to_wire(&self.find(&id(&request.get_ref().name)?)?)))
    }

    async fn list_principals(&self, request: Request<v1::ListPrincipalsRequest>) -> Result<Response<v1::ListPrincipalsResponse>, Status> {
        let caller = caller(&request)?;
        require_reader(&caller)?;
        let request = request.into_inner();
        let keep = convert::principal::list(&request).map_err(Failure::from)?;
        let page = self.shared.page(&caller, &request)?;
        let mut after = after(&page, principal::Id::parse)?;
        let mut principals: Vec<Principal> = Vec::new();
        // Principals are few; those that the filter leaves out are passed over until the page is full.
        loop {
            let batch = principal::list(&self.shared.tables, after.as_ref(), page.size + 1).map_err(fault)?;
            let Some(last) = batch.last() else { break };
            after = Some(last.id.clone());
            principals.extend(batch.into_iter().filter(|principal| keep.keeps(principal)));
            if principals.len() > page.size {
                break;
            }
        }
        let (principals, next_page_token) = self.shared.cut(&page, principals, |principal| principal.id.as_str().as_bytes().to_vec());
        Ok(Response::new(v1::ListPrincipalsResponse {
            principals: principals.iter().map(convert::principal::to_wire).collect(),
            next_page_token,
        }))
    }

    async fn rotate_credentials(&self, request: Request<v1::RotateCredentialsRequest>) -> Result<Response<v1::Principal>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        let request = request.into_inner();
        let mut check = Checker::default();
        let id = check.parse("name", name::principal(&request.name));
        let add = convert::principal::credentials(&request.add, "add", &mut check);
        let remove = convert::principal::credentials(&request.remove, "remove", &mut check);
        check.finish().map_err(Failure::from)?;
        let Some(id) = id else { return Err(Failure::Internal.into()) };
        self.change(&caller, &id, principal::Command::Rotate { principal: id.clone(), add, remove }).await
    }

    async fn assign_principal(&self, request: Request<v1::AssignPrincipalRequest>) -> Result<Response<v1::Principal>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        let id = id(&request.get_ref().name)?;
        let role = convert::principal::assigned(request.get_ref(), &self.find(&id)?.role).map_err(Failure::from)?;
        self.change(&caller, &id, principal::Command::Assign { principal: id.clone(), role }).await
    }

    async fn revoke_principal(&self, request: Request<v1::RevokePrincipalRequest>) -> Result<Response<v1::Principal>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        let request = request.into_inner();
        let id = id(&request.name)?;
        self.change(&caller, &id, principal::Command::Revoke { principal: id.clone(), reason: request.reason }).await
    }

    async fn get_caller(&self, request: Request<v1::GetCallerRequest>) -> Result<Response<v1::Principal>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(convert::principal::to_wire(&self.find(&caller.principal)?)))
    }
}
