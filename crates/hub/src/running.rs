//! A running hub: reads, opens, binds, serves, drains.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use api::page::Sealer;
use domain::time::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use store::tables::Tables;
use tokio::net::TcpListener;
use tokio::sync::{RwLock, watch};
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Server;

use crate::axis::{self, Connectors};
use crate::config::Config;
use crate::desk::{self, Clock, Desk};
use crate::feeds::Feeds;
use crate::followers::{self, Eraser};
use crate::gate::GateLayer;
use crate::judge::Judge;
use crate::metrics::Metrics;
use crate::recovery::{self, Existing, Summary};
use crate::rejudge::Rejudge;
use crate::shared::{Shared, stopped};
use crate::{bootstrap, listener, payload_location, services};

/// What one connection may have under way, and what a stalled reader can pin: see the measurements in the README's design.
const STREAMS_PER_CONNECTION: u32 = 256;
const STREAM_WINDOW: u32 = 4 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;
const FRAME: u32 = 256 << 10;
/// A peer that does not answer a ping within the timeout is gone.
const KEEPALIVE: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections are asked to come anew once a day, so that certificates are looked at again.
const CONNECTION_AGE: Duration = Duration::from_secs(24 * 3600);
/// What is under way then, a watch for example, may go on so long.
const CONNECTION_GRACE: Duration = Duration::from_secs(3600);
/// Connections that are cut off may take so long to fall apart.
const FALL_APART: Duration = Duration::from_secs(2);

/// The hub cannot start or had to end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data cannot be served.
    #[error("cannot open the data: {0}")]
    Recovery(#[from] recovery::Error),
    /// The vault cannot be opened.
    #[error("cannot open the payload vault: {0}")]
    Vault(#[from] payload_location::Error),
    /// TLS or an address.
    #[error("cannot listen: {0}")]
    Listener(#[from] listener::Error),
    /// A section on an axis.
    #[error("cannot connect: {0}")]
    Axis(#[from] axis::wires::Error),
    /// The first entries.
    #[error("cannot begin: {0}")]
    Bootstrap(#[from] bootstrap::Error),
    /// The system refused something.
    #[error("{0}")]
    System(String),
    /// The desk ended.
    #[error("the hub ended itself: {0}")]
    Fatal(String),
}

/// The system's clock.
pub fn system_clock() -> Clock {
    Arc::new(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    })
}

/// A hub that serves.
pub struct Running {
    /// Where gRPC is served.
    pub address: SocketAddr,
    /// Where metrics are served.
    pub metrics_address: SocketAddr,
    /// What opening the data did.
    pub summary: Summary,
    /// What is counted.
    pub metrics: Metrics,
    /// Connections to axes.
    pub connectors: Connectors,
    stop: watch::Sender<bool>,
    fatal: watch::Receiver<Option<String>>,
    feeds: Feeds,
    pub(crate) tables: Tables,
    server: JoinHandle<Result<(), tonic::transport::Error>>,
    health: tonic_health::server::HealthReporter,
    tasks: Vec<JoinHandle<()>>,
    desk: thread::JoinHandle<()>,
    pub(crate) handle: desk::Handle,
    cut: watch::Sender<bool>,
    drain: Duration,
}

/// Starts a hub over a home.
pub async fn start(home: &Path, config: Config, clock: Clock) -> Result<Running, Error> {
    let tls = listener::tls_config(home, &config.tls)?;
    let (grpc, metrics_listener) = (listener::bind(config.listen.grpc).await?, listener::bind(config.listen.metrics).await?);
    let (address, metrics_address) = (local(&grpc)?, local(&metrics_listener)?);

    let data = home.join(&config.data.dir);
    let opening = (data.clone(), config.clone());
    let (log, tables, summary) = tokio::task::spawn_blocking(move || recovery::open(&opening.0, &opening.1, Existing::Use))
        .await
        .map_err(|e| Error::System(e.to_string()))??;
    let vault = payload_location::open(home, &data, &config.payloads).await?;

    let metrics = Metrics::default();
    let feeds = Feeds::default();
    let (stop, stopping) = watch::channel(false);
    let (fatal_sender, fatal) = watch::channel(None);
    let (applied_sender, applied) = watch::channel(log.last());
    let (reader, entries, last_at) = (log.reader(), log.last(), last_entry_at(&log)?);
    let desk = Desk {
        log,
        last_at,
        tables: tables.clone(),
        feeds: feeds.clone(),
        clock: Arc::clone(&clock),
        metrics: metrics.clone(),
        fatal: fatal_sender,
        applied: applied_sender,
    };
    let (handle, desk) = desk.start().map_err(|e| Error::System(format!("cannot start the desk: {e}")))?;
    bootstrap::run(&handle, home, entries).await?;
    let shared = Shared {
        judge: Judge::new(tables.clone(), vault.clone(), handle.clone(), metrics.clone(), &config),
        tables: tables.clone(),
        vault,
        desk: handle.clone(),
        feeds: feeds.clone(),
        metrics: metrics.clone(),
        clock,
        sealer: Arc::new(Sealer::new(&token_key(&data)?)),
        erasing: Arc::new(RwLock::new(())),
        disk_low: Arc::new(AtomicBool::new(false)),
        stop: stopping.clone(),
        config: Arc::new(config.clone()),
    };
    // The mirrors of directories are read, half a second for each.
    let making = (home.to_owned(), data.clone(), shared.clone());
    let connectors = tokio::task::spawn_blocking(move || Connectors::new(&making.0, &making.1, &making.2))
        .await
        .map_err(|e| Error::System(e.to_string()))??;
    let mut tasks = vec![
        tokio::spawn(followers::checkpoint(shared.clone(), applied.clone())),
        tokio::spawn(followers::disk(shared.clone())),
        tokio::spawn(followers::sweeper(shared.clone())),
        tokio::spawn(Rejudge { shared: shared.clone(), reader: reader.clone(), cursor: data.join("rejudge.cursor") }.run(applied.clone())),
        tokio::spawn(Eraser { shared: shared.clone(), reader, cursor: data.join("eraser.cursor") }.run(applied.clone())),
        tokio::spawn(metrics.clone().serve(metrics_listener, stopping.clone())),
        tokio::spawn(axis::watch(connectors.clone(), shared.clone())),
    ];

    tasks.extend(connectors.all().map(|connector| tokio::spawn(connector.clone().run(applied.clone()))));
    tasks.extend(connectors.all().map(|connector| tokio::spawn(connector.clone().keep_directory())));

    let (health, health_service) = tonic_health::server::health_reporter();
    let router = Server::builder()
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(STREAMS_PER_CONNECTION)
        .max_frame_size(FRAME)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .max_connection_age(CONNECTION_AGE)
        .max_connection_age_grace(CONNECTION_GRACE)
        .layer(GateLayer::new(tables.clone(), config.limits.clone(), metrics.clone()))
        .add_routes(services::routes(&shared, &connectors, health_service).map_err(|e| Error::System(format!("reflection: {e}")))?);
    services::set_serving(&health, true).await;
    let (cut, cutting) = watch::channel(false);
    let connections = listener::accept(grpc, tls, &config.listen, config.tls.handshake_timeout.0, stopping.clone(), cutting);
    let mut drained = stopping;
    let server = tokio::spawn(async move {
        router.serve_with_incoming_shutdown(ReceiverStream::new(connections), async move { stopped(&mut drained).await }).await
    });
    tracing::info!(%address, %metrics_address, entries = summary.entries, "the hub serves");
    let drain = config.limits.drain.0;
    Ok(Running {
        address,
        metrics_address,
        summary,
        metrics,
        connectors,
        stop,
        fatal,
        feeds,
        tables,
        server,
        health,
        tasks,
        desk,
        handle,
        cut,
        drain,
    })
}

impl Running {
    /// Waits until the hub can no longer work; says why.
    pub async fn failed(&self) -> String {
        let mut fatal = self.fatal.clone();
        match fatal.wait_for(Option::is_some).await {
            Ok(cause) => cause.clone().unwrap_or_default(),
            Err(_) => "the desk is gone".into(),
        }
    }

    /// Stops: says NOT_SERVING, lets calls under way finish within the drain time, makes the tables durable and lets go of the
    /// home.
    pub async fn stop(mut self) -> Result<(), Error> {
        services::set_serving(&self.health, false).await;
        self.stop.send_replace(true);
        self.feeds.wake_all();
        if tokio::time::timeout(self.drain, &mut self.server).await.is_err() {
            tracing::warn!("calls that did not finish within limits.drain are cut off");
            self.cut.send_replace(true);
            if tokio::time::timeout(FALL_APART, &mut self.server).await.is_err() {
                self.server.abort();
            }
        }
        for task in self.tasks {
            task.abort();
            // An aborted task ends with an error that says so.
            drop(task.await);
        }
        // A call that is stuck may hold a handle for as long as it likes: the desk does not wait for that.
        self.handle.end().await;
        let fatal = self.fatal.borrow().clone();
        let (desk, tables) = (self.desk, self.tables);
        tokio::task::spawn_blocking(move || {
            desk.join().map_err(|_| Error::System("the desk panicked".into()))?;
            let durable = tables.checkpoint();
            // A call that is stuck can hold a share of the tables; the process lets go of the lock when it ends.
            if let Err(fault) = tables.close() {
                tracing::warn!(%fault, "the tables are let go of when the process ends");
            }
            durable.map_err(|fault| Error::Fatal(fault.to_string()))
        })
        .await
        .map_err(|e| Error::System(e.to_string()))??;
        fatal.map_or(Ok(()), |cause| Err(Error::Fatal(cause)))
    }
}

fn local(listener: &TcpListener) -> Result<SocketAddr, Error> {
    listener.local_addr().map_err(|e| Error::System(e.to_string()))
}

/// The time of the last entry: no later one is earlier, whatever the clock did between two runs.
fn last_entry_at(log: &journal::Log) -> Result<Timestamp, Error> {
    if log.last() == 0 {
        return Ok(Timestamp::default());
    }
    let fault = |cause: String| Error::System(format!("the last journal entry cannot be read: {cause}"));
    let entries = log.reader().read(log.last(), 1, usize::MAX).map_err(|e| fault(e.to_string()))?;
    let (_, bytes) = entries.first().ok_or_else(|| fault("it is not there".into()))?;
    Ok(journal::stored::decode(bytes).map_err(|e| fault(e.to_string()))?.at)
}

/// The key that seals page and resume tokens: made once per home, so that tokens outlive a restart. Only a key that is not there is
/// made: with another one, no watcher could resume.
fn token_key(data: &Path) -> Result<[u8; 32], Error> {
    let path: PathBuf = data.join("token.key");
    let fault = |cause: &dyn std::fmt::Display| Error::System(format!("{}: {cause}", path.display()));
    match std::fs::read(&path) {
        Ok(bytes) => return bytes.try_into().map_err(|_| fault(&"is not 32 bytes; delete it and every watcher begins anew")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(fault(&error)),
    }
    let mut key = [0; 32];
    SystemRandom::new().fill(&mut key).map_err(|_| Error::System("the system gives no random numbers".into()))?;
    let new = path.with_extension("new");
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(&key)?;
        file.sync_all()?;
        std::fs::rename(&new, &path)?;
        std::fs::File::open(data)?.sync_all()
    };
    write().map_err(|error| fault(&error))?;
    Ok(key)
}
