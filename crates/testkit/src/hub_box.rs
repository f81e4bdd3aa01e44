//! A hub in a box: a real hub over real mutual TLS on a temporary home, for tests, the demo and load.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use api::v1;
use api::v1::agency_service_client::AgencyServiceClient;
use api::v1::principal_service_client::PrincipalServiceClient;
use api::v1::trust_service_client::TrustServiceClient;
use domain::principal;
use hub::config::{AxisSettings, ByteCount, Config, Span};
use hub::desk::Clock;
use hub::home;
use hub::running::{self, Running};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};
use tonic::Status;
use tonic::transport::Channel;

use crate::pki::Pki;
use crate::system::System;

/// What goes wrong in a box.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The home cannot be made.
    #[error(transparent)]
    Home(#[from] home::Error),
    /// The hub does not start or stop.
    #[error(transparent)]
    Hub(#[from] running::Error),
    /// The hub cannot be reached.
    #[error(transparent)]
    Client(#[from] hub::client::Error),
    /// The hub refuses.
    #[error("{}", .0.message())]
    Refused(Box<Status>),
    /// A file cannot be written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A test certificate or document cannot be made.
    #[error(transparent)]
    Material(#[from] crate::Error),
    /// What was expected did not come.
    #[error("{0}")]
    Unexpected(String),
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self::Refused(Box::new(status))
    }
}

/// A connected centre (trung tâm liên thông) of a sandbox axis on this machine: as whom a box connects to it.
#[derive(Debug, Clone, Copy)]
pub struct Centre<'a> {
    /// Where the sandbox serves both wires, over plain HTTP.
    pub address: SocketAddr,
    /// The code of the centre; on LGSP also the user's name.
    pub code: &'a str,
    /// Its secret; on LGSP also the user's password.
    pub secret: &'a str,
}

/// A box looks at its axes so often, and tries again what failed as soon: nobody waits in a test.
const AXIS_POLL: Span = Span(std::time::Duration::from_millis(100));

/// A home, and the hub that serves it while it runs.
pub struct HubBox {
    home: TempDir,
    config: Config,
    clock: Clock,
    running: Option<Running>,
    names: AtomicU64,
}

impl HubBox {
    /// A fresh home with default configuration on free ports, and a hub that serves it.
    pub async fn start() -> Result<Self, Error> {
        Self::start_with(|_| {}).await
    }

    /// As [`HubBox::start`], with the configuration changed first.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Result<Self, Error> {
        Self::start_with_axes(&[], change).await
    }

    /// As [`HubBox::start_with`], with a section `[axis.NAME]` for each of `axes`: VXP, which `change` can make anything else of.
    pub async fn start_with_axes(axes: &[(&str, Centre<'_>)], change: impl FnOnce(&mut Config)) -> Result<Self, Error> {
        let home = tempfile::Builder::new().prefix("vanthu-").tempdir()?;
        home::init(home.path(), &[])?;
        let mut config = Config::default();
        config.listen.grpc.set_port(0);
        config.listen.metrics.set_port(0);
        // Small segments: a box does not live long, and writing zeros takes time.
        config.data.journal_segment = ByteCount(4 << 20);
        config.data.table_cache = ByteCount(16 << 20);
        // The machine that tests run on is not ours to fill or to judge.
        config.disk.low_mark = ByteCount(0);
        for (name, centre) in axes {
            config.axis.insert((*name).to_owned(), axis_settings(home.path(), name, centre)?);
        }
        change(&mut config);
        let mut this = Self { home, config, clock: running::system_clock(), running: None, names: AtomicU64::new(0) };
        this.serve().await?;
        Ok(this)
    }

    /// Serves the home again after [`HubBox::stop`].
    pub async fn serve(&mut self) -> Result<(), Error> {
        self.running = Some(running::start(self.home.path(), self.config.clone(), std::sync::Arc::clone(&self.clock)).await?);
        Ok(())
    }

    /// Stops the hub as SIGTERM does.
    pub async fn stop(&mut self) -> Result<(), Error> {
        if let Some(running) = self.running.take() {
            running.stop().await?;
        }
        Ok(())
    }

    /// The home.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The configuration.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The configuration that the next [`HubBox::serve`] begins with.
    pub const fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    /// The hub that runs.
    pub fn running(&self) -> Result<&Running, Error> {
        self.running.as_ref().ok_or_else(|| Error::Unexpected("the hub does not run".into()))
    }

    /// Where it listens.
    pub fn address(&self) -> Result<String, Error> {
        Ok(self.running()?.address.to_string())
    }

    /// A connection as the principal of that name; its certificate is issued if it has none.
    pub async fn connect(&self, name: &str) -> Result<Channel, Error> {
        let id = principal::Id::parse(name).map_err(|e| Error::Unexpected(e.to_string()))?;
        let clients = self.home().join("clients");
        if !clients.join(format!("{name}.pem")).exists() {
            home::write_identity(&clients, &id, &home::issue(self.home(), &id)?)?;
        }
        Ok(hub::client::connect(self.home(), &self.address()?, name).await?)
    }

    /// Enrols a principal by its certificate's URI and connects as it.
    pub async fn enrol(&self, name: &str, role: v1::Role, agencies: &[&str], subtrees: &[&str]) -> Result<Channel, Error> {
        let id = principal::Id::parse(name).map_err(|e| Error::Unexpected(e.to_string()))?;
        let resource = |list: &[&str]| list.iter().map(|id| format!("agencies/{id}")).collect();
        let uri = v1::credential::Kind::Uri(home::principal_uri(&id));
        let principal = v1::Principal {
            display_name: name.to_owned(),
            role: role.into(),
            agencies: resource(agencies),
            subtrees: resource(subtrees),
            credentials: vec![v1::Credential { kind: Some(uri) }],
            ..Default::default()
        };
        let request = v1::EnrolPrincipalRequest { principal_id: name.to_owned(), principal: Some(principal) };
        PrincipalServiceClient::new(self.connect(home::FIRST_ADMIN).await?).enrol_principal(request).await?;
        self.connect(name).await
    }

    /// An agency system that acts for these agencies; the first is the one it speaks as.
    pub async fn system(&self, agencies: &[&str]) -> Result<System, Error> {
        let first = agencies.first().ok_or_else(|| Error::Unexpected("a system acts for at least one agency".into()))?;
        let name = format!("system-{}", self.names.fetch_add(1, Ordering::Relaxed));
        let channel = self.enrol(&name, v1::Role::AgencySystem, agencies, &[]).await?;
        Ok(System::new(channel, first))
    }

    /// Brings a directory in.
    pub async fn import(&self, agencies_csv: &str, successions_csv: &str, groups_csv: &str) -> Result<(), Error> {
        let request = v1::ImportDirectoryRequest {
            agencies_csv: agencies_csv.to_owned(),
            successions_csv: successions_csv.to_owned(),
            groups_csv: groups_csv.to_owned(),
            validate_only: false,
        };
        let client = AgencyServiceClient::new(self.connect(home::FIRST_ADMIN).await?);
        client.max_encoding_message_size(16 << 20).import_directory(request).await?;
        Ok(())
    }

    /// Makes the hub trust a test PKI: its root, its issuing authority, and fresh revocation lists of both.
    pub async fn trust(&self, pki: &Pki, revoked: &[Vec<u8>]) -> Result<(), Error> {
        let now = OffsetDateTime::now_utc();
        let (begin, end) = (now - Duration::hours(1), now + Duration::days(7));
        let mut client = TrustServiceClient::new(self.connect(home::FIRST_ADMIN).await?);
        for (kind, der) in [
            (v1::TrustKind::Anchor, pki.root_der().to_vec()),
            (v1::TrustKind::Intermediate, pki.intermediate_der().to_vec()),
            (v1::TrustKind::RevocationList, pki.root_crl(&[], begin, end)?),
            (v1::TrustKind::RevocationList, pki.crl(revoked, begin, end)?),
        ] {
            let object = v1::TrustObject { kind: kind.into(), der: der.into(), note: "made for this run".into(), ..Default::default() };
            client.add_trust_object(v1::AddTrustObjectRequest { trust_object: Some(object) }).await?;
        }
        Ok(())
    }
}

/// The section of a centre, its secret in a file of the home.
fn axis_settings(home: &Path, name: &str, centre: &Centre<'_>) -> Result<AxisSettings, Error> {
    let secret = format!("axis-{name}.secret");
    std::fs::write(home.join(&secret), centre.secret)?;
    Ok(AxisSettings {
        endpoint: format!("http://{}", centre.address),
        allow_plain_http: true,
        system_id: centre.code.to_owned(),
        secret_file: secret.clone().into(),
        username: centre.code.to_owned(),
        password_file: secret.into(),
        poll: AXIS_POLL,
        retry: AXIS_POLL,
        retry_most: Span(std::time::Duration::from_secs(1)),
        ..AxisSettings::default()
    })
}
