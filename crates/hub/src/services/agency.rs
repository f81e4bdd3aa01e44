//! `AgencyService`: the directory.

use api::convert::{self, name};
use api::status::Failure;
use api::v1;
use api::v1::agency_service_server::AgencyService;
use domain::agency::{self, Agency};
use domain::command::{self, Command, Context};
use domain::invalid::{Checker, Invalid};
use domain::principal::{Caller, Role};
use domain::refusal::Refusal;
use tonic::{Request, Response, Status};

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

    /// The directory is no secret among those who are enrolled: what does not exist is said so.
    fn find(&self, id: &agency::Id) -> Result<Agency, Failure> {
        agency::find(&self.shared.tables, id).map_err(fault)?.ok_or_else(|| Refusal::NotFound { name: name::of_agency(id) }.into())
    }

    async fn change(&self, caller: &Caller, id: &agency::Id, command: agency::Command) -> Result<Response<v1::Agency>, Status> {
        self.shared.carry_out(caller, None, Command::Agency(command)).await?;
        Ok(Response::new(convert::agency::to_wire(&self.find(id)?)))
    }
}

#[tonic::async_trait]
impl AgencyService for Service {
    async fn get_agency(&self, request: Request<v1::GetAgencyRequest>) -> Result<Response<v1::Agency>, Status> {
        let id = name::agency(&request.get_ref().name).map_err(|e| Failure::from(Invalid::one("name", e)))?;
        Ok(Response::new(convert::agency::to_wire(&self.find(&id)?)))
    }

    async fn list_agencies(&self, request: Request<v1::ListAgenciesRequest>) -> Result<Response<v1::ListAgenciesResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let filter = convert::agency::list(&request).map_err(Failure::from)?;
        let page = self.shared.page(&caller, &request)?;
        let after = after(&page, agency::Id::parse)?;
        let agencies = agency::list(&self.shared.tables, &filter, after.as_ref(), page.size + 1).map_err(fault)?;
        let (agencies, next_page_token) = self.shared.cut(&page, agencies, |agency| agency.id.as_str().as_bytes().to_vec());
        Ok(Response::new(v1::ListAgenciesResponse { agencies: agencies.iter().map(convert::agency::to_wire).collect(), next_page_token }))
    }

    async fn create_agency(&self, request: Request<v1::CreateAgencyRequest>) -> Result<Response<v1::Agency>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        let agency = convert::agency::created(request.get_ref()).map_err(Failure::from)?;
        let id = agency.id.clone();
        self.change(&caller, &id, agency::Command::Create(agency)).await
    }

    async fn update_agency(&self, request: Request<v1::UpdateAgencyRequest>) -> Result<Response<v1::Agency>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        let request = request.into_inner();
        let wanted = request.agency.as_ref().map(|agency| agency.name.as_str()).unwrap_or_default();
        let id = name::agency(wanted).map_err(|e| Failure::from(Invalid::one("agency.name", e)))?;
        let (agency, etag) = convert::agency::updated(&request, &self.find(&id)?).map_err(Failure::from)?;
        self.change(&caller, &id, agency::Command::Update { agency, etag }).await
    }

    async fn close_agency(&self, request: Request<v1::CloseAgencyRequest>) -> Result<Response<v1::Agency>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        let request = request.into_inner();
        let mut check = Checker::default();
        let id = check.parse("name", name::agency(&request.name));
        let last_day = check.parse("last_day", request.last_day.parse());
        check.finish().map_err(Failure::from)?;
        let (Some(id), Some(last_day)) = (id, last_day) else { return Err(Failure::Internal.into()) };
        self.change(&caller, &id, agency::Command::Close { agency: id.clone(), last_day }).await
    }

    async fn succeed_agencies(
        &self,
        request: Request<v1::SucceedAgenciesRequest>,
    ) -> Result<Response<v1::SucceedAgenciesResponse>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        let successions = convert::agency::successions(request.get_ref()).map_err(Failure::from)?;
        let done = self.shared.carry_out(&caller, None, Command::Agency(agency::Command::Succeed(successions))).await?;
        Ok(Response::new(v1::SucceedAgenciesResponse { journal_seq: done.seq.unwrap_or_default() }))
    }

    async fn resolve_code(&self, request: Request<v1::ResolveCodeRequest>) -> Result<Response<v1::ResolveCodeResponse>, Status> {
        let request = request.into_inner();
        let mut check = Checker::default();
        let code = check.parse("code", request.code.parse::<agency::Code>());
        let today = self.shared.now().date_in_vietnam();
        let as_of = if request.as_of_date.is_empty() { Some(today) } else { check.parse("as_of_date", request.as_of_date.parse()) };
        check.finish().map_err(Failure::from)?;
        let (Some(code), Some(as_of)) = (code, as_of) else { return Err(Failure::Internal.into()) };
        let tables = &self.shared.tables;
        let found = agency::resolve_code(tables, &code, as_of).map_err(fault)?;
        let found = found.ok_or_else(|| Failure::Refused(Refusal::NotFound { name: format!("an agency with code {code} on {as_of}") }))?;
        let successors = agency::successors(tables, &found.id, as_of).map_err(fault)?;
        Ok(Response::new(v1::ResolveCodeResponse {
            agency: Some(convert::agency::to_wire(&found)),
            successors: successors.iter().map(name::of_agency).collect(),
        }))
    }

    async fn import_directory(
        &self,
        request: Request<v1::ImportDirectoryRequest>,
    ) -> Result<Response<v1::ImportDirectoryResponse>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        let (agencies, successions, groups) = convert::agency::directory(request.get_ref()).map_err(Failure::from)?;
        let mut answer = v1::ImportDirectoryResponse {
            agency_count: count(&agencies),
            succession_count: count(&successions),
            group_count: count(&groups),
            journal_seq: 0,
        };
        let command = Command::Agency(agency::Command::Import { agencies, successions, groups });
        if request.get_ref().validate_only {
            let context = Context { caller: &caller, at: self.shared.now(), request: None };
            command::decide(&self.shared.tables, &context, &command).map_err(Failure::from)?;
        } else {
            answer.journal_seq = self.shared.carry_out(&caller, None, command).await?.seq.unwrap_or_default();
        }
        Ok(Response::new(answer))
    }

    async fn export_directory(
        &self,
        request: Request<v1::ExportDirectoryRequest>,
    ) -> Result<Response<v1::ExportDirectoryResponse>, Status> {
        let caller = caller(&request)?;
        if !matches!(caller.role, Role::Admin | Role::Auditor) {
            return Err(Failure::from(Refusal::Denied).into());
        }
        let tables = &self.shared.tables;
        let agencies = agency::list(tables, &agency::Filter::default(), None, usize::MAX).map_err(fault)?;
        Ok(Response::new(v1::ExportDirectoryResponse {
            agencies_csv: agency::directory::write_agencies(&agencies),
            successions_csv: agency::directory::write_successions(&agency::all_successions(tables).map_err(fault)?),
            groups_csv: agency::directory::write_groups(&agency::groups(tables, None, usize::MAX).map_err(fault)?),
        }))
    }

    async fn set_group(&self, request: Request<v1::SetGroupRequest>) -> Result<Response<v1::Group>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        let group = convert::agency::group(request.get_ref()).map_err(Failure::from)?;
        let wire = convert::agency::group_to_wire(&group);
        self.shared.carry_out(&caller, None, Command::Agency(agency::Command::SetGroup(group))).await?;
        Ok(Response::new(wire))
    }

    async fn list_groups(&self, request: Request<v1::ListGroupsRequest>) -> Result<Response<v1::ListGroupsResponse>, Status> {
        let caller = caller(&request)?;
        let page = self.shared.page(&caller, request.get_ref())?;
        let after = after(&page, agency::Id::parse)?;
        let groups = agency::groups(&self.shared.tables, after.as_ref(), page.size + 1).map_err(fault)?;
        let (groups, next_page_token) = self.shared.cut(&page, groups, |group| group.id.as_str().as_bytes().to_vec());
        Ok(Response::new(v1::ListGroupsResponse { groups: groups.iter().map(convert::agency::group_to_wire).collect(), next_page_token }))
    }
}

/// Only an admin learns what is wrong with a change; the rules look again.
pub(super) fn require_admin(caller: &Caller) -> Result<(), Failure> {
    if caller.role == Role::Admin { Ok(()) } else { Err(Refusal::Denied.into()) }
}

fn count<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}
