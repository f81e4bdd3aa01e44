//! `RoutingService`: which tier may write to which, and how.

use api::convert;
use api::status::Failure;
use api::v1;
use api::v1::routing_service_server::RoutingService;
use domain::command::Command;

use domain::route;
use tonic::{Request, Response, Status};

use super::agency::require_admin;
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

    fn policy(&self) -> Result<Response<v1::RoutingPolicy>, Status> {
        let rules = route::rules(&self.shared.tables).map_err(fault)?;
        Ok(Response::new(convert::route::to_wire(&rules)))
    }
}

#[tonic::async_trait]
impl RoutingService for Service {
    async fn get_routing_policy(&self, _: Request<v1::GetRoutingPolicyRequest>) -> Result<Response<v1::RoutingPolicy>, Status> {
        self.policy()
    }

    async fn set_routing_policy(&self, request: Request<v1::SetRoutingPolicyRequest>) -> Result<Response<v1::RoutingPolicy>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        let rules = convert::route::rules(&request.get_ref().rules).map_err(Failure::from)?;
        self.shared.carry_out(&caller, None, Command::Route(route::Command::Set(rules))).await?;
        self.policy()
    }
}
