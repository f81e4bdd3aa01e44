//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::verify::{Language, moment};

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
    /// Judge the signatures of files and folders; needs no home and no hub.
    Verify(Verify),
    /// Client certificates of principals.
    Principal(Principal),
    /// The agency directory of a running hub.
    Agency(Agency),
    /// Serve an axis to test against (VXP and LGSP), with faults by switches, until SIGTERM or Ctrl-C.
    AxisSandbox(AxisSandbox),
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
#[command(after_long_help = VERIFY_HELP)]
pub(crate) struct Verify {
    /// Signed files (PDF, XML, ASiC, CMS with its content or beside it), and folders that are walked for them.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// A folder with whom you trust: *.pem, *.crt, *.cer, *.der, *.crl. Self-signed authorities are anchors, other authorities
    /// intermediates; CRLs say who is revoked. May be given several times.
    #[arg(long, value_name = "DIR")]
    pub(crate) trust: Vec<PathBuf>,
    /// Judge as of this moment: RFC 3339, or a date (its first second in UTC). Now if not given.
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    pub(crate) as_of: Option<i64>,
    /// The content that a detached signature signs; otherwise X.p7s signs X beside it.
    #[arg(long, value_name = "FILE")]
    pub(crate) content: Option<PathBuf>,
    /// The language of the report; by LC_ALL, LC_MESSAGES or LANG if not given, and Vietnamese if those name neither.
    #[arg(long, value_enum)]
    pub(crate) lang: Option<Language>,
    /// One JSON object for each file, on a line of its own, instead of the report.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The interface that scripts rely on; README.md says the same.
const VERIFY_HELP: &str = "\
Exit code, by the worst file: 0 all passed, 3 not signed, 1 something indeterminate, 2 something failed or was changed after
signing, 4 unreadable or wrong usage (worse from left to right).

--json prints per file: file, summary (PASSED, INDETERMINATE, FAILED, NOT_SIGNED, UNREADABLE), changed_after_signing (none,
permitted, workflow, unexplained), reasons (about the file as a whole), and signatures, each with field, kind, intact (digest and
signature arithmetic hold), indication, sub_indication, reasons, signer, issuer, serial, claimed_time, proved_time,
covers_whole_file, weak, weaknesses (what is weak, and since when), signing_tool, mark (what it shows on its page); then signers
(the intact signatures by certificate: name, kind, how many, when) and rewritten_by (the program that destroyed the signatures).
Times are RFC 3339 in UTC; what is not known is null; reasons are English sentences. PASSED means that every signature passed and
nothing unexplained follows.";

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
    /// Register who may sign for whom: all of a file, or nothing with every bad line named. Those that it leaves out stay.
    ImportSigners {
        #[command(flatten)]
        hub: Hub,
        /// Signers, CSV with the columns agency, role, name, identifier, certificate_sha256, position, valid_from, valid_until, note;
        /// may be given several times.
        #[arg(long = "signers", required = true)]
        signers: Vec<PathBuf>,
        /// Check everything and change nothing.
        #[arg(long)]
        validate_only: bool,
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

#[derive(Debug, Args)]
#[command(after_long_help = AXIS_SANDBOX_HELP)]
pub(crate) struct AxisSandbox {
    /// Where packets and the log are kept; made if it is not there.
    #[arg(long)]
    pub(crate) dir: PathBuf,
    /// Where both wires are served.
    #[arg(long, default_value = "127.0.0.1:7080")]
    pub(crate) listen: std::net::SocketAddr,
    /// Where faults are switched and agencies put. Nobody is asked who he is: keep it on this machine.
    #[arg(long, default_value = "127.0.0.1:7081")]
    pub(crate) control: std::net::SocketAddr,
    /// An agency that connects: CODE:SECRET, CODE:SECRET:NAME, or CODE=OLDCODE:SECRET:NAME. May be given several times.
    #[arg(long = "agency", value_name = "CODE:SECRET")]
    pub(crate) agencies: Vec<String>,
    /// A directory, CSV with a header: code, and as many of old_code, name, parent, mail, center, secret, locked, closed, successors
    /// (divided by blanks).
    #[arg(long, value_name = "FILE")]
    pub(crate) directory: Option<PathBuf>,
    /// A fault from the start: NAME=PROBABILITY. May be given several times.
    #[arg(long = "fault", value_name = "NAME=NUMBER")]
    pub(crate) faults: Vec<String>,
    /// Where the dice of the faults begin; the same seed, the same faults.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// The certificate chain for TLS, PEM; needs --key.
    #[arg(long, requires = "key", value_name = "FILE")]
    pub(crate) certificate: Option<PathBuf>,
    /// The key of the certificate, PEM.
    #[arg(long, requires = "certificate", value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Refuse signed timestamps that are off by more seconds than this; not looked at if not given.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timestamp_window: Option<u64>,
    /// Answer a packet that is sent again (same bytes, same receivers) with the id of the first time.
    #[arg(long)]
    pub(crate) deduplicate: bool,
    /// Bytes of a packet at most.
    #[arg(long, default_value_t = 50 << 20, value_name = "BYTES")]
    pub(crate) packet_bytes: u64,
}

const AXIS_SANDBOX_HELP: &str = "\
Faults (crates/axis/README.md says more): latency with latency_ms, bad_gateway, web_page, empty_answer, missing_status,
unknown_code, system_error, drop_request, drop_answer, lose_answer, hang_answer, duplicate_listing, shuffle_listing, wrong_secret,
locked_receiver, unknown_receiver, oversize: each a probability from 0 to 1; clock_skew_seconds.";
