//! An axis to test against: it speaks VXP and LGSP as the real one does, keeps what it has taken, and goes wrong by switches.
//!
//! A packet comes in through `intake.rs`, is taken or refused by `exchange.rs` and the rules of `book.rs`, and is promised by a
//! line of the `log.rs` before anybody hears of it; `vxp.rs` and `lgsp.rs` are the two ways in, `control.rs` is the port on which it is told to go wrong. Whatever was
//! answered survives `kill -9` and a power cut. Every list and every body is bounded.

mod book;
mod control;
mod directory;
mod exchange;
mod faults;
mod hop;
mod intake;
mod lgsp;
mod log;
mod multipart;
mod reply;
mod server;
mod vxp;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use self::book::Agency;
pub use self::directory::{NotADirectory, directory};
pub use self::faults::{Faults, NotAFault};

use self::book::State;
use self::exchange::Core;
use crate::Clock;

/// What a sandbox is started with.
#[derive(Clone)]
pub struct Options {
    /// Where packets and the log are kept; made if it is not there.
    pub dir: PathBuf,
    /// Where both wires are served.
    pub listen: SocketAddr,
    /// Where faults are switched and agencies put; plain HTTP, for nobody but the tester. Nowhere if not given.
    pub control: Option<SocketAddr>,
    /// Certificate chain and key, PEM, for TLS.
    pub tls: Option<(Vec<u8>, Vec<u8>)>,
    /// Agencies to put into the directory, beside those that are there.
    pub agencies: Vec<Agency>,
    /// What goes wrong from the start.
    pub faults: Faults,
    /// From where the dice fall.
    pub seed: u64,
    /// The axis's own code, for traces.
    pub axis_code: String,
    /// How far a signed timestamp may be off, in seconds; not looked at if not given.
    pub timestamp_window: Option<u64>,
    /// Whether a packet that a centre sends again (same `DocumentId`, same bytes, same receivers) gets the answer of the first time.
    /// Nobody knows whether the real axis does so; the harder assumption is that it does not.
    pub deduplicate: bool,
    /// Bytes of a packet.
    pub packet_bytes: u64,
    /// Packets that are kept; more are refused (20).
    pub documents: usize,
    /// What tells the time.
    pub clock: Clock,
}

impl Options {
    /// A sandbox on free ports of this machine, with packets of 50 MB and a million of them, and nothing going wrong.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>, clock: Clock) -> Self {
        Self {
            dir: dir.into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            control: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
            tls: None,
            agencies: Vec::new(),
            faults: Faults::default(),
            seed: 1,
            axis_code: "VN.AXIS".into(),
            timestamp_window: None,
            deduplicate: false,
            packet_bytes: 50 << 20,
            documents: 1_000_000,
            clock,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("dir", &self.dir)
            .field("listen", &self.listen)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

/// Why a sandbox does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A folder, a file or a port.
    #[error("{what}: {why}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system says.
        why: io::Error,
    },
    /// An agency cannot be in the directory.
    #[error("agency {code}: {why}")]
    Agency {
        /// Its code.
        code: String,
        /// The rule.
        why: String,
    },
    /// The certificate or the key.
    #[error(transparent)]
    Tls(#[from] crate::tls::TlsError),
}

impl StartError {
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |why| Self::Io { what, why }
    }
}

/// A sandbox that serves. Dropped, it stops; what it has taken is on the disk.
#[derive(Debug)]
pub struct Running {
    /// Where both wires are served.
    pub address: SocketAddr,
    /// Where it is told to go wrong.
    pub control: Option<SocketAddr>,
    core: Arc<Core>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// Changes what goes wrong.
    pub fn set_faults(&self, faults: Faults) {
        self.core.dice.set(faults);
    }

    /// Puts an agency into the directory, or changes one.
    ///
    /// # Errors
    /// Where its codes are not codes, or another's; where the log cannot be written.
    pub async fn put_agency(&self, agency: Agency) -> Result<(), String> {
        self.core.put_agencies(vec![agency]).await.map_err(|(_, why)| why)
    }

    /// How many packets have been taken, and how many items wait to be acknowledged.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let book = self.core.book();
        let documents = book.documents().values();
        let waiting =
            documents.flat_map(|document| &document.deliveries).filter(|one| matches!(one.state, State::Initial | State::Processing));
        (book.documents().len(), waiting.count())
    }

    /// Stops serving; connections end as they stand.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Starts a sandbox.
///
/// # Errors
/// [`StartError`] where its folder cannot be used, its log not be read, a port not be had, or an agency not be put.
pub async fn start(options: Options) -> Result<Running, StartError> {
    let tls = options.tls.as_ref().map(|(chain, key)| server::tls(chain, key)).transpose()?;
    let agencies = options.agencies.clone();
    let (listen, control) = (options.listen, options.control);
    let opened = tokio::task::spawn_blocking(move || Core::open(options)).await;
    let core = Arc::new(opened.map_err(|why| StartError::io("opening")(io::Error::other(why)))??);
    core.put_agencies(agencies).await.map_err(|(code, why)| StartError::Agency { code, why })?;
    let bind = async |address: SocketAddr| {
        let listener = TcpListener::bind(address).await.map_err(StartError::io(address.to_string()))?;
        let address = listener.local_addr().map_err(StartError::io(address.to_string()))?;
        Ok::<_, StartError>((listener, address))
    };
    let (listener, address) = bind(listen).await?;
    let mut tasks = Vec::new();
    let mut control_address = None;
    if let Some(control) = control {
        let (listener, address) = bind(control).await?;
        control_address = Some(address);
        tasks.push(tokio::spawn(control::serve(Arc::clone(&core), listener)));
    }
    tasks.push(tokio::spawn(server::serve(Arc::clone(&core), listener, tls)));
    Ok(Running { address, control: control_address, core, tasks })
}
