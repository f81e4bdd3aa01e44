//! What a hub with an empty journal begins with: its first admin and the seeds of rules that come with the program.

use std::path::Path;

use domain::command::Command;
use domain::principal::{self, Caller, Credential, Principal, Role, State};
use domain::{document, route, signature};

use crate::desk;
use crate::home;

const KINDS: &str = include_str!("../../../seeds/document-kinds.toml");
const ROUTING: &str = include_str!("../../../seeds/routing.toml");
const SIGNATURE_POLICY: &str = include_str!("../../../seeds/signature-policy.toml");

/// The beginnings could not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A seed is at fault.
    #[error("seeds/{file}: {cause}")]
    Seed {
        /// Which.
        file: &'static str,
        /// Why.
        cause: String,
    },
    /// The desk refused.
    #[error("the first entries are refused: {0}")]
    Refused(String),
}

/// The commands an empty hub begins with.
pub fn commands() -> Result<Vec<Command>, Error> {
    let seed = |file: &'static str| move |cause: domain::invalid::Invalid| Error::Seed { file, cause: cause.to_string() };
    let admin = principal::Id::parse(home::FIRST_ADMIN).map_err(|e| Error::Refused(e.to_string()))?;
    let credential = Credential::Uri(home::principal_uri(&admin));
    Ok(vec![
        Command::Principal(principal::Command::Enrol(Principal {
            id: admin,
            display_name: "Quản trị hệ thống".into(),
            role: Role::Admin,
            credentials: vec![credential],
            state: State::Active,
            changed_seq: 0,
        })),
        Command::Document(document::Command::SetKinds(document::parse_kinds(KINDS).map_err(seed("document-kinds.toml"))?)),
        Command::Route(route::Command::Set(route::parse(ROUTING).map_err(seed("routing.toml"))?)),
        Command::Signature(signature::Command::SetPolicy(
            signature::parse_policy(SIGNATURE_POLICY).map_err(seed("signature-policy.toml"))?,
        )),
    ])
}

/// Records the beginnings, as the hub itself. They are the first entries of a journal, one each and before anybody is served: those
/// that a crash left out are recorded at the next start.
pub async fn run(desk: &desk::Handle, home: &Path, entries: u64) -> Result<(), Error> {
    let commands = commands()?;
    let missing = commands.into_iter().skip(usize::try_from(entries).unwrap_or(usize::MAX));
    let caller = Caller { principal: principal::Id::hub(), role: Role::Admin };
    for (index, command) in missing.enumerate() {
        if index == 0 {
            tracing::info!(home = %home.display(), "the journal lacks its beginnings: the first admin and the seeds are recorded");
        }
        desk.carry_out(caller.clone(), None, command).await.map_err(|failure| Error::Refused(failure.to_string()))?;
    }
    Ok(())
}
