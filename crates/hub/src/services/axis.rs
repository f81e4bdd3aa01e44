//! `AxisService`: how connections fare, who is reached over which, what waits to go out, and what could not be taken in.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::time::Duration;

use api::convert::axis::{count, routes_to_wire, way};
use api::convert::{self, name, time};
use api::status::Failure;
use api::v1;
use api::v1::axis_service_server::AxisService;
use domain::agency;
use domain::axis::{self, Connection, Route};
use domain::command::{self, Command, Context};
use domain::invalid::{Checker, Invalid};
use domain::principal::Caller;
use domain::refusal::Refusal;
use domain::state::{Fault, State};
use domain::time::Date;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use super::agency::require_admin;
use super::{axis_directory, axis_outbox, axis_quarantine};
use crate::axis::{Connector, Connectors, Health, View};
use crate::config::Wire;
use crate::shared::{Shared, caller, fault, named, peer};

/// A look that takes longer goes on by itself.
const LOOK: Duration = Duration::from_secs(20);
/// Agencies whose way changes that are named; the others are counted.
const NAMED_AGENCIES: usize = 20;
/// Agencies that are read at once.
const AT_ONCE: usize = 1_000;

/// The service.
pub struct Service {
    shared: Shared,
    connectors: Connectors,
}

impl Service {
    /// Over what every service works with, and the connections.
    pub const fn new(shared: Shared, connectors: Connectors) -> Self {
        Self { shared, connectors }
    }

    fn connector(&self, connection: &Connection) -> Result<&Connector, Failure> {
        find(&self.connectors, connection)
    }

    async fn axis(&self, connection: &Connection) -> Result<v1::Axis, Failure> {
        let Some(connector) = self.connectors.find(connection).cloned() else {
            require_known(&self.shared, connection)?;
            return not_configured(&self.shared, connection);
        };
        let looked_at = connector.clone();
        let view = tokio::task::spawn_blocking(move || looked_at.view()).await.map_err(|_| Failure::Internal)?.map_err(fault)?;
        Ok(to_wire(&connector, &view))
    }
}

#[tonic::async_trait]
impl AxisService for Service {
    async fn list_axes(&self, request: Request<v1::ListAxesRequest>) -> Result<Response<v1::ListAxesResponse>, Status> {
        require_admin(&caller(&request)?)?;
        let mut all: BTreeSet<Connection> = self.connectors.all().map(|connector| connector.connection().clone()).collect();
        all.extend(named_by_rows(&self.shared.tables).map_err(fault)?);
        let mut axes = Vec::new();
        for connection in &all {
            axes.push(self.axis(connection).await?);
        }
        Ok(Response::new(v1::ListAxesResponse { axes }))
    }

    async fn get_axis(&self, request: Request<v1::GetAxisRequest>) -> Result<Response<v1::Axis>, Status> {
        require_admin(&caller(&request)?)?;
        let connection = name::axis(&request.get_ref().name).map_err(|e| Failure::from(Invalid::one("name", e)))?;
        Ok(Response::new(self.axis(&connection).await?))
    }

    async fn poll_axis(&self, request: Request<v1::PollAxisRequest>) -> Result<Response<v1::Axis>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        let connection = name::axis(&request.get_ref().name).map_err(|e| Failure::from(Invalid::one("name", e)))?;
        let connector = self.connector(&connection)?;
        tracing::info!(%connection, principal = %caller.principal, "an admin asks for a look at the axis");
        // A look that takes longer is told by the state: it goes on.
        drop(tokio::time::timeout(LOOK, connector.polled(connector.poll())).await);
        Ok(Response::new(self.axis(&connection).await?))
    }

    async fn list_axis_routes(&self, request: Request<v1::ListAxisRoutesRequest>) -> Result<Response<v1::AxisRoutes>, Status> {
        require_admin(&caller(&request)?)?;
        Ok(Response::new(routes(&self.shared)?))
    }

    async fn set_axis_routes(&self, request: Request<v1::SetAxisRoutesRequest>) -> Result<Response<v1::SetAxisRoutesResponse>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        Ok(Response::new(set_routes(&self.shared, &caller, request.into_inner()).await?))
    }

    async fn list_outbox_items(
        &self,
        request: Request<v1::ListOutboxItemsRequest>,
    ) -> Result<Response<v1::ListOutboxItemsResponse>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        Ok(Response::new(axis_outbox::list(&self.shared, &caller, request.get_ref()).await?))
    }

    async fn get_outbox_item(&self, request: Request<v1::GetOutboxItemRequest>) -> Result<Response<v1::OutboxItem>, Status> {
        require_admin(&caller(&request)?)?;
        Ok(Response::new(axis_outbox::get(&self.shared, request.get_ref())?))
    }

    async fn requeue_outbox_item(&self, request: Request<v1::RequeueOutboxItemRequest>) -> Result<Response<v1::OutboxItem>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        Ok(Response::new(axis_outbox::requeue(&self.shared, &caller, request.into_inner()).await?))
    }

    async fn cancel_outbox_item(&self, request: Request<v1::CancelOutboxItemRequest>) -> Result<Response<v1::OutboxItem>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        Ok(Response::new(axis_outbox::cancel(&self.shared, &caller, request.into_inner()).await?))
    }

    async fn list_quarantined_packets(
        &self,
        request: Request<v1::ListQuarantinedPacketsRequest>,
    ) -> Result<Response<v1::ListQuarantinedPacketsResponse>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        Ok(Response::new(axis_quarantine::list(&self.shared, &caller, request.get_ref())?))
    }

    async fn get_quarantined_packet(
        &self,
        request: Request<v1::GetQuarantinedPacketRequest>,
    ) -> Result<Response<v1::QuarantinedPacket>, Status> {
        require_admin(&caller(&request)?)?;
        Ok(Response::new(axis_quarantine::get(&self.shared, request.get_ref())?))
    }

    type DownloadQuarantinedPacketStream = Pin<Box<dyn Stream<Item = Result<v1::DownloadQuarantinedPacketResponse, Status>> + Send>>;

    async fn download_quarantined_packet(
        &self,
        request: Request<v1::DownloadQuarantinedPacketRequest>,
    ) -> Result<Response<Self::DownloadQuarantinedPacketStream>, Status> {
        let (caller, peer) = (caller(&request)?, peer(&request)?);
        require_admin(&caller)?;
        let stream = axis_quarantine::download(&self.shared, caller, peer, request.get_ref()).await?;
        Ok(Response::new(Box::pin(stream)))
    }

    async fn retry_quarantined_packet(
        &self,
        request: Request<v1::RetryQuarantinedPacketRequest>,
    ) -> Result<Response<v1::RetryQuarantinedPacketResponse>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        let (shared, connectors, request) = (self.shared.clone(), self.connectors.clone(), request.into_inner());
        // A task of its own, so that a caller that goes away leaves nothing half done.
        let retried = tokio::spawn(async move { axis_quarantine::retry(&shared, &connectors, &caller, request).await });
        Ok(Response::new(retried.await.map_err(|_| Failure::Internal)??))
    }

    async fn discard_quarantined_packet(
        &self,
        request: Request<v1::DiscardQuarantinedPacketRequest>,
    ) -> Result<Response<v1::QuarantinedPacket>, Status> {
        let caller = caller(&request)?;
        require_admin(&caller)?;
        Ok(Response::new(axis_quarantine::discard(&self.shared, &caller, request.into_inner()).await?))
    }

    async fn search_axis_directory(
        &self,
        request: Request<v1::SearchAxisDirectoryRequest>,
    ) -> Result<Response<v1::SearchAxisDirectoryResponse>, Status> {
        let caller = caller(&request)?;
        axis_directory::search(&self.shared, &self.connectors, &caller, request.get_ref())
    }
}

/// The connection at work of this name.
pub(super) fn find<'c>(connectors: &'c Connectors, connection: &Connection) -> Result<&'c Connector, Failure> {
    connectors.find(connection).ok_or_else(|| Refusal::NotFound { name: name::of_axis(connection) }.into())
}

/// Refuses a connection that neither the configuration nor the rows name.
pub(super) fn require_known(shared: &Shared, connection: &Connection) -> Result<(), Failure> {
    let is_known =
        shared.config.axis.contains_key(connection.as_str()) || named_by_rows(&shared.tables).map_err(fault)?.contains(connection);
    if is_known { Ok(()) } else { Err(Refusal::NotFound { name: name::of_axis(connection) }.into()) }
}

/// The connections that routes, outboxes or quarantines name: a section that was taken out of the configuration leaves them behind.
fn named_by_rows(rows: &dyn State) -> Result<BTreeSet<Connection>, Fault> {
    let mut named = axis::connections(rows)?;
    named.extend(axis::routes(rows)?.into_iter().filter_map(|route| route.connection));
    Ok(named)
}

fn not_configured(shared: &Shared, connection: &Connection) -> Result<v1::Axis, Failure> {
    let outbox = axis::outbox(&shared.tables, connection).map_err(fault)?;
    let quarantined = axis::quarantined_count(&shared.tables, connection).map_err(fault)?;
    let age = |oldest: domain::time::Timestamp| Duration::from_micros(u64::try_from(shared.now().micros() - oldest.micros()).unwrap_or(0));
    Ok(v1::Axis {
        name: name::of_axis(connection),
        state: v1::AxisState::NotConfigured.into(),
        oldest_waiting_age: outbox.oldest.map(age).map(duration),
        waiting_count: signed(outbox.waiting),
        dead_count: signed(outbox.dead),
        quarantined_count: signed(quarantined),
        ..Default::default()
    })
}

fn to_wire(connector: &Connector, view: &View) -> v1::Axis {
    let (settings, health) = (connector.settings(), &view.health);
    let (failed_at, failure) = health.last_failure.clone().map_or((None, String::new()), |(at, why)| (Some(at), why));
    v1::Axis {
        name: name::of_axis(connector.connection()),
        wire: match settings.wire {
            Wire::Vxp => v1::AxisWire::Vxp,
            Wire::Lgsp => v1::AxisWire::Lgsp,
        }
        .into(),
        endpoint: settings.endpoint.clone(),
        system_id: settings.system_id.clone(),
        state: state(health).into(),
        stop_reason: health.stopped.clone().unwrap_or_default(),
        start_time: Some(time::timestamp(view.started)),
        last_success_time: health.last_success.map(time::timestamp),
        last_poll_time: health.last_poll.map(time::timestamp),
        last_failure_time: failed_at.map(time::timestamp),
        last_failure: failure,
        failure_streak: count(health.failing),
        oldest_waiting_age: view.oldest_waiting_age.map(duration),
        poll_age: Some(duration(view.poll_age)),
        counters: Some(v1::AxisCounters {
            documents_sent: signed(health.counters.documents_sent),
            statuses_sent: signed(health.counters.statuses_sent),
            documents_received: signed(health.counters.documents_received),
            statuses_received: signed(health.counters.statuses_received),
            quarantined: signed(health.counters.quarantined),
            dead: signed(health.counters.dead),
            failures: signed(health.counters.failures),
        }),
        waiting_count: signed(view.outbox.waiting),
        dead_count: signed(view.outbox.dead),
        quarantined_count: signed(view.quarantined),
        directory: Some(axis_directory::mirror(connector)),
    }
}

fn state(health: &Health) -> v1::AxisState {
    match (&health.stopped, health.failing) {
        (Some(_), _) => v1::AxisState::Stopped,
        (None, 0) => v1::AxisState::Running,
        (None, _) => v1::AxisState::Failing,
    }
}

fn routes(shared: &Shared) -> Result<v1::AxisRoutes, Failure> {
    let entry = axis::routes_changed(&shared.tables).map_err(fault)?;
    Ok(routes_to_wire(&axis::routes(&shared.tables).map_err(fault)?, entry))
}

async fn set_routes(shared: &Shared, caller: &Caller, request: v1::SetAxisRoutesRequest) -> Result<v1::SetAxisRoutesResponse, Failure> {
    let (set, seen) = convert::axis::routes(&request)?;
    require_configured(shared, &set)?;
    let blank = v1::SetAxisRoutesRequest { request_id: String::new(), ..request.clone() };
    let name = named("SetAxisRoutes", &request.request_id, &blank)?;
    let (before, set_then, tables) = (axis::routes(&shared.tables).map_err(fault)?, set.clone(), shared.tables.clone());
    let today = shared.now().date_in_vietnam();
    let changed = tokio::task::spawn_blocking(move || changed(&tables, &before, &set_then, today)).await;
    let (changed_agency_count, changed_agencies) = changed.map_err(|_| Failure::Internal)?.map_err(fault)?;
    let command = Command::Axis(match seen {
        Some(seen) => axis::Command::ReplaceRoutes { seen, routes: set.clone() },
        None => axis::Command::SetRoutes(set.clone()),
    });
    let routes = if request.validate_only {
        let context = Context { caller, at: shared.now(), request: None };
        command::decide(&shared.tables, &context, &command)?;
        let entry = axis::routes_changed(&shared.tables).map_err(fault)?;
        routes_to_wire(&set, entry)
    } else {
        shared.carry_out(caller, name, command).await?;
        routes(shared)?
    };
    Ok(v1::SetAxisRoutesResponse { routes: Some(routes), changed_agency_count, changed_agencies })
}

/// A route over a connection that nobody serves would let documents wait for ever.
fn require_configured(shared: &Shared, routes: &[Route]) -> Result<(), Failure> {
    let mut check = Checker::default();
    for (i, connection) in routes.iter().enumerate().filter_map(|(i, route)| Some((i, route.connection.as_ref()?))) {
        let is_configured = shared.config.axis.contains_key(connection.as_str());
        check.require(
            is_configured,
            format!("routes[{i}].axis"),
            format_args!("is not configured: put a section [axis.{connection}] into the configuration and start the hub again"),
        );
    }
    Ok(check.finish()?)
}

/// How many agencies are reached in another way, and the first of them. Looks at the whole directory: not for a thread that must
/// not block.
fn changed(rows: &dyn State, before: &[Route], after: &[Route], today: Date) -> Result<(i64, Vec<v1::ChangedAgencyRoute>), Fault> {
    let (mut count, mut first, mut last) = (0, Vec::new(), None);
    loop {
        let agencies = agency::list(rows, &agency::Filter::default(), last.as_ref(), AT_ONCE)?;
        let is_end = agencies.len() < AT_ONCE;
        for agency in agencies {
            let (old, new) = (axis::route_of(before, &agency, today), axis::route_of(after, &agency, today));
            if old != new {
                count += 1;
                if first.len() < NAMED_AGENCIES {
                    first.push(v1::ChangedAgencyRoute { agency: name::of_agency(&agency.id), old_axis: way(old), new_axis: way(new) });
                }
            }
            last = Some(agency.id);
        }
        if is_end {
            return Ok((count, first));
        }
    }
}

fn duration(span: Duration) -> prost_types::Duration {
    // Nothing that this hub measures is longer than 64 bits of seconds; nanoseconds are below 10^9.
    prost_types::Duration { seconds: signed(span.as_secs()), nanos: i32::try_from(span.subsec_nanos()).unwrap_or_default() }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
