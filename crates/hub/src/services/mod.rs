//! One module per service: authenticate (the gate did), parse, call the desk, answer.

pub mod agency;
pub mod axis;
mod axis_directory;
mod axis_outbox;
mod axis_quarantine;
pub mod delivery;
pub mod document;
pub mod payload;
pub mod principal;
pub mod routing;
pub mod signature;
mod signer;
mod statistics;
pub mod trust;
mod trust_import;
pub mod watch;

use api::v1::agency_service_server::AgencyServiceServer;
use api::v1::axis_service_server::AxisServiceServer;
use api::v1::delivery_service_server::DeliveryServiceServer;
use api::v1::document_service_server::DocumentServiceServer;
use api::v1::payload_service_server::PayloadServiceServer;
use api::v1::principal_service_server::PrincipalServiceServer;
use api::v1::routing_service_server::RoutingServiceServer;
use api::v1::signature_service_server::SignatureServiceServer;
use api::v1::trust_service_server::TrustServiceServer;
use tonic::service::Routes;
use tonic_health::pb::FILE_DESCRIPTOR_SET as HEALTH_DESCRIPTORS;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::server::HealthReporter;

use crate::axis::Connectors;
use crate::shared::Shared;

/// A directory import is one message.
const MAX_DIRECTORY_BYTES: usize = 16 << 20;

/// All services behind one port, with health and reflection.
pub fn routes<H: Health>(
    shared: &Shared,
    connectors: &Connectors,
    health: HealthServer<H>,
) -> Result<Routes, tonic_reflection::server::Error> {
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(api::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(HEALTH_DESCRIPTORS)
            .register_encoded_file_descriptor_set(api::ERROR_DETAILS_DESCRIPTOR_SET)
    };
    let agency = AgencyServiceServer::new(agency::Service::new(shared.clone()))
        .max_decoding_message_size(MAX_DIRECTORY_BYTES)
        .max_encoding_message_size(MAX_DIRECTORY_BYTES);
    let mut routes = Routes::new(agency);
    routes = routes
        .add_service(DocumentServiceServer::new(document::Service::new(shared.clone())))
        .add_service(DeliveryServiceServer::new(delivery::Service::new(shared.clone())))
        .add_service(PayloadServiceServer::new(payload::Service::new(shared.clone())))
        .add_service(PrincipalServiceServer::new(principal::Service::new(shared.clone())))
        .add_service(RoutingServiceServer::new(routing::Service::new(shared.clone())))
        .add_service(SignatureServiceServer::new(signature::Service::new(shared.clone())))
        .add_service(TrustServiceServer::new(trust::Service::new(shared.clone())))
        .add_service(AxisServiceServer::new(axis::Service::new(shared.clone(), connectors.clone())))
        .add_service(health)
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?);
    Ok(routes)
}

/// Tells health watchers whether the hub serves.
pub async fn set_serving(health: &HealthReporter, serving: bool) {
    let status = if serving { tonic_health::ServingStatus::Serving } else { tonic_health::ServingStatus::NotServing };
    for service in ["", "vanthu.v1.DocumentService", "vanthu.v1.DeliveryService", "vanthu.v1.PayloadService", "vanthu.v1.AgencyService"] {
        health.set_service_status(service, status).await;
    }
}
