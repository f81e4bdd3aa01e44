//! Connectors: what carries documents and statuses between this hub and an axis.
//!
//! A connector acts for the agencies that its axis reaches. Outbound it empties an outbox that the rules fill; inbound it lists,
//! fetches, commits, and only then acknowledges. The rows are the truth: a connector that is killed at any point goes on from them,
//! and whatever it does twice changes nothing the second time.

pub mod directory;
mod inbound;
mod outbound;
mod packet;
mod retry;
mod spool;
mod state;
mod stranger;
mod view;
pub mod wires;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ::axis as wire;
use api::status::Failure;
use domain::agency;
use domain::axis::Connection;
use domain::command::Command;
use domain::principal::{self, Caller, Role};
use domain::time::Timestamp;
use tokio::sync::{Mutex, watch};

use crate::config::AxisSettings;
use crate::shared::{Shared, stopped};

use self::directory::Mirror;

pub use state::{Counters, Health, State};
pub use view::{View, watch};

/// Items that go in one pass; then what came in has its turn.
const AT_ONCE: usize = 64;
/// A connection whose credentials were refused is tried again after this, or when an admin asks for it.
const STOPPED_FOR: Duration = Duration::from_secs(3_600);

/// One connection at work. Cheap to clone.
#[derive(Clone)]
pub struct Connector {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Shared,
    connection: Connection,
    wire: Arc<dyn wire::Axis>,
    settings: AxisSettings,
    spool: PathBuf,
    directory: Mirror,
    state: State,
    started: Timestamp,
    /// How many looks at the axis admins have asked for.
    asked: watch::Sender<u64>,
    /// How many of these are over.
    answered: watch::Sender<u64>,
    /// Held while a packet that was set aside is taken in again.
    retrying: Mutex<()>,
}

/// All connections of a hub, by name. Cheap to clone.
#[derive(Clone, Default)]
pub struct Connectors(Arc<BTreeMap<Connection, Connector>>);

impl Connectors {
    /// A connector for each section of the configuration; their packets are made and taken apart below `data`, and their directories
    /// are mirrored there.
    pub fn new(home: &Path, data: &Path, shared: &Shared) -> Result<Self, wires::Error> {
        let mut all = BTreeMap::new();
        for (name, settings) in &shared.config.axis {
            let (connection, wire) = wires::wire(home, name, settings, &shared.clock)?;
            let folder = data.join("axis").join(connection.as_str());
            all.insert(connection.clone(), Connector::new(shared.clone(), connection, wire, settings.clone(), &folder));
        }
        Ok(Self(Arc::new(all)))
    }

    /// Each.
    pub fn all(&self) -> impl Iterator<Item = &Connector> {
        self.0.values()
    }

    /// The one of this name.
    pub fn find(&self, connection: &Connection) -> Option<&Connector> {
        self.0.get(connection)
    }
}

impl Connector {
    /// A connector over a wire. Packets are made and taken apart in `folder`/spool; the directory is mirrored in `folder`/directory.
    pub fn new(shared: Shared, connection: Connection, wire: Arc<dyn wire::Axis>, settings: AxisSettings, folder: &Path) -> Self {
        let known = (Mirror::open(folder.join("directory")), State::default());
        Self::with_state(shared, connection, wire, settings, folder.join("spool"), known)
    }

    fn with_state(
        shared: Shared,
        connection: Connection,
        wire: Arc<dyn wire::Axis>,
        settings: AxisSettings,
        spool: PathBuf,
        (directory, state): (Mirror, State),
    ) -> Self {
        let started = shared.now();
        let (asked, answered) = (watch::Sender::new(0), watch::Sender::new(0));
        let retrying = Mutex::new(());
        Self { inner: Arc::new(Inner { shared, connection, wire, settings, spool, directory, state, started, asked, answered, retrying }) }
    }

    /// Its name.
    pub fn connection(&self) -> &Connection {
        &self.inner.connection
    }

    /// How it fares.
    pub fn health(&self) -> Health {
        self.inner.state.health()
    }

    /// The mirror of its directory.
    pub fn directory(&self) -> &Mirror {
        &self.inner.directory
    }

    /// What it was configured with.
    pub fn settings(&self) -> &AxisSettings {
        &self.inner.settings
    }

    /// Asks for a look at the axis now, and lets a stopped connection try again; [`Connector::polled`] tells by the number when the
    /// look is over.
    pub fn poll(&self) -> u64 {
        let mut number = 0;
        self.inner.asked.send_modify(|asked| {
            *asked += 1;
            number = *asked;
        });
        number
    }

    /// Waits until a look that was asked for is over, well or not.
    pub async fn polled(&self, number: u64) {
        // An error means that the connector is gone, and with it the look.
        drop(self.inner.answered.subscribe().wait_for(|answered| *answered >= number).await);
    }

    /// Works until the hub stops.
    pub async fn run(self, mut applied: watch::Receiver<u64>) {
        let inner = &self.inner;
        let mut stop = inner.shared.stop.clone();
        if let Err(error) = spool::clear(&inner.spool) {
            tracing::error!(connection = %inner.connection, %error, "the spool of a connection cannot be made");
            return;
        }
        let mut asked = inner.asked.subscribe();
        let mut next_poll = tokio::time::Instant::now();
        loop {
            let number = *asked.borrow_and_update();
            if number > *inner.answered.borrow() {
                next_poll = tokio::time::Instant::now();
            }
            let outcome = self.pass(&mut next_poll).await;
            inner.answered.send_replace(number);
            let pause = match outcome {
                Ok(wait) => {
                    let until_poll = next_poll.saturating_duration_since(tokio::time::Instant::now());
                    tokio::select! {
                        () = stopped(&mut stop) => return,
                        _ = asked.changed() => {}
                        changed = applied.changed() => if changed.is_err() { return },
                        () = tokio::time::sleep(wait.min(inner.settings.poll.0).min(until_poll)) => {}
                    }
                    continue;
                }
                // Each further call with refused credentials may lock the account.
                Err(Stop::Credentials) => STOPPED_FOR,
                Err(Stop::Line | Stop::Hub) => inner.settings.retry.0,
            };
            // Whatever else becomes due meanwhile: an axis in trouble is not hammered.
            tokio::select! {
                () = stopped(&mut stop) => return,
                _ = asked.changed() => {}
                () = tokio::time::sleep(pause) => {}
            }
            if outcome == Err(Stop::Credentials) {
                inner.state.resumed();
                next_poll = tokio::time::Instant::now();
            }
        }
    }

    /// Sends what is due, and looks at what came in when it is time; says how long nothing is to be done.
    async fn pass(&self, next_poll: &mut tokio::time::Instant) -> Result<Duration, Stop> {
        let sent = self.outbound().await;
        // What cannot go out does not hold up what comes in.
        if sent != Err(Stop::Credentials) && tokio::time::Instant::now() >= *next_poll {
            *next_poll = tokio::time::Instant::now() + self.inner.settings.poll.0;
            self.inbound().await?;
        }
        sent
    }

    /// The hub, acting for agencies that the axis reaches.
    fn acting_for(agencies: Vec<agency::Id>) -> Caller {
        Caller { principal: principal::Id::hub(), role: Role::AgencySystem { agencies } }
    }

    async fn carry_out(&self, command: domain::axis::Command) -> Result<crate::desk::Done, Failure> {
        self.inner.shared.desk.carry_out(Self::acting_for(Vec::new()), None, Command::Axis(command)).await
    }
}

/// Why a pass ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// The line or the axis: later.
    Line,
    /// The credentials: not by itself.
    Credentials,
    /// This hub cannot take anything now.
    Hub,
}
