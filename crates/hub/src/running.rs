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

use crate::config::Config;
use crate::desk::{Clock, Desk};
use crate::feeds::Feeds;
use crate::followers::{self, Eraser};
use crate::gate::GateLayer;
use crate::judge::Judge;
use crate::metrics::Metrics;
use crate::recovery::{self, Existing, Summary};
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
    stop: watch::Sender<bool>,
    fatal: watch::Receiver<Option<String>>,
    feeds: Feeds,
    tables: Tables,
    server: JoinHandle<Result<(), tonic::transport::Error>>,
    health: tonic_health::server::HealthReporter,
    tasks: Vec<JoinHandle<()>>,
    desk: thread::JoinHandle<()>,
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
    let (reader, is_empty) = (log.reader(), log.last() == 0);
    let desk = Desk {
        log,
        tables: tables.clone(),
        feeds: feeds.clone(),
        clock: Arc::clone(&clock),
        metrics: metrics.clone(),
        fatal: fatal_sender,
        applied: applied_sender,
    };
    let (handle, desk) = desk.start().map_err(|e| Error::System(format!("cannot start the desk: {e}")))?;
    if is_empty {
        bootstrap::run(&handle, home).await?;
    }
    let shared = Shared {
        judge: Judge::new(tables.clone(), vault.clone(), handle.clone(), metrics.clone(), &config),
        tables: tables.clone(),
        vault,
        desk: handle,
        feeds: feeds.clone(),
        metrics: metrics.clone(),
        clock,
        sealer: Arc::new(Sealer::new(&token_key(&data)?)),
        erasing: Arc::new(RwLock::new(())),
        disk_low: Arc::new(AtomicBool::new(false)),
        stop: stopping.clone(),
        config: Arc::new(config.clone()),
    };
    let tasks = vec![
        tokio::spawn(followers::checkpoint(shared.clone(), applied.clone())),
        tokio::spawn(followers::disk(shared.clone())),
        tokio::spawn(followers::sweeper(shared.clone())),
        tokio::spawn(Eraser { shared: shared.clone(), reader, cursor: data.join("eraser.cursor") }.run(applied)),
        tokio::spawn(metrics.clone().serve(metrics_listener, stopping.clone())),
    ];

    let (health, health_service) = tonic_health::server::health_reporter();
    let router = Server::builder()
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(STREAMS_PER_CONNECTION)
        .max_frame_size(FRAME)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .max_connection_age(CONNECTION_AGE)
        .layer(GateLayer::new(tables.clone(), config.limits.clone(), metrics))
        .add_routes(services::routes(&shared, health_service).map_err(|e| Error::System(format!("reflection: {e}")))?);
    services::set_serving(&health, true).await;
    let connections = listener::accept(grpc, tls, &config.listen, config.tls.handshake_timeout.0, stopping.clone());
    let mut drained = stopping;
    let server = tokio::spawn(async move {
        router.serve_with_incoming_shutdown(ReceiverStream::new(connections), async move { stopped(&mut drained).await }).await
    });
    tracing::info!(%address, %metrics_address, entries = summary.entries, "the hub serves");
    Ok(Running { address, metrics_address, summary, stop, fatal, feeds, tables, server, health, tasks, desk, drain: config.limits.drain.0 })
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
    pub async fn stop(self) -> Result<(), Error> {
        services::set_serving(&self.health, false).await;
        self.stop.send_replace(true);
        self.feeds.wake_all();
        let abort = self.server.abort_handle();
        if tokio::time::timeout(self.drain, self.server).await.is_err() {
            tracing::warn!("calls that did not finish within limits.drain are cut off");
            abort.abort();
        }
        for task in self.tasks {
            task.abort();
            // An aborted task ends with an error that says so.
            drop(task.await);
        }
        let fatal = self.fatal.borrow().clone();
        let (desk, tables) = (self.desk, self.tables);
        tokio::task::spawn_blocking(move || {
            desk.join().map_err(|_| Error::System("the desk panicked".into()))?;
            let durable = tables.checkpoint();
            // A peer that reads nothing can hold its connection's share of the tables; the process lets go of the lock when it ends.
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

/// The key that seals page and resume tokens: made once per home, so that tokens outlive a restart.
fn token_key(data: &Path) -> Result<[u8; 32], Error> {
    let path: PathBuf = data.join("token.key");
    if let Some(key) = std::fs::read(&path).ok().and_then(|bytes| bytes.try_into().ok()) {
        return Ok(key);
    }
    let mut key = [0; 32];
    SystemRandom::new().fill(&mut key).map_err(|_| Error::System("the system gives no random numbers".into()))?;
    let written =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path).and_then(|mut file| file.write_all(&key));
    written.map_err(|e| Error::System(format!("{}: {e}", path.display())))?;
    Ok(key)
}
