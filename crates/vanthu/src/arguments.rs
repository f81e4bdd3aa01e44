//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Văn Thư: a hub that carries signed documents between agencies of four tiers.
#[derive(Debug, Parser)]
#[command(name = "vanthu", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a home: configuration, certificates, the first admin.
    Init(Init),
    /// Serve a home until SIGTERM or Ctrl-C.
    Serve(Home),
    /// Play the whole thing on a temporary home: five agency systems, signed documents, one forged.
    Demo(Demo),
    /// Say all that is wrong with a home (configuration, certificates, journal); changes nothing. Exit code 2 if there is anything.
    Check(Home),
    /// Make the tables anew from the journal. The hub must not be running; the old tables are kept aside.
    Rebuild(Home),
    /// Client certificates of principals.
    Principal(Principal),
    /// The agency directory of a running hub.
    Agency(Agency),
}

#[derive(Debug, Args)]
pub(crate) struct Home {
    /// The home directory that `vanthu init` made.
    #[arg(long)]
    pub(crate) home: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The directory to make the home in.
    pub(crate) dir: PathBuf,
    /// A host name or address that clients call the hub by; may be given several times. localhost is always among them.
    #[arg(long = "name")]
    pub(crate) names: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// End when the play is over; exit code 0 only if all went as it should.
    #[arg(long)]
    pub(crate) exit: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Principal {
    #[command(subcommand)]
    pub(crate) command: PrincipalCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PrincipalCommand {
    /// Write a client certificate and key (mode 0600) that the home's own authority signs. Enrol the principal by EnrolPrincipal.
    Issue {
        /// The home directory.
        #[arg(long)]
        home: PathBuf,
        /// The principal's id: a-z, 0-9, '.', '-'.
        id: String,
        /// Where to write ID.pem and ID.key; the home's clients directory if not given.
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Agency {
    #[command(subcommand)]
    pub(crate) command: AgencyCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AgencyCommand {
    /// Bring a directory in: all of it, or nothing with every bad line named.
    Import {
        #[command(flatten)]
        hub: Hub,
        /// Agencies, CSV as in seeds/agencies.csv; may be given several times.
        #[arg(long = "agencies")]
        agencies: Vec<PathBuf>,
        /// Successions, CSV.
        #[arg(long)]
        successions: Option<PathBuf>,
        /// Groups, CSV.
        #[arg(long)]
        groups: Option<PathBuf>,
    },
    /// Write the directory to standard output, CSV.
    Export {
        #[command(flatten)]
        hub: Hub,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Hub {
    /// The home directory; its clients/admin.pem is used.
    #[arg(long)]
    pub(crate) home: PathBuf,
    /// Where the hub listens; as configured if not given.
    #[arg(long)]
    pub(crate) address: Option<String>,
}
