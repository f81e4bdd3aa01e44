//! The configuration: one TOML tree, overridden by environment variables. Unknown keys are errors; sizes and spans have units.
//!
//! `VANTHU_LISTEN__GRPC=0.0.0.0:7443` overrides `listen.grpc`: two underscores go one level down.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// The whole configuration. Every key has a default; the file that `vanthu init` writes explains each.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the hub listens.
    pub listen: Listen,
    /// Certificates of the hub and of those who call it.
    pub tls: Tls,
    /// Where data lies.
    pub data: Data,
    /// Uploads and payloads.
    pub payloads: Payloads,
    /// What one principal may use at once.
    pub limits: Limits,
    /// When to refuse new submissions for want of space.
    pub disk: Disk,
    /// How signatures are judged.
    pub signatures: Signatures,
    /// Connections to axes, by name; which agencies each one reaches is said by RPC.
    pub axis: BTreeMap<String, AxisSettings>,
}

/// An axis is asked no more often than this: its operators lock those who hammer it.
const MIN_AXIS_SPAN: Duration = Duration::from_millis(100);

/// A connection to an axis; paths are relative to the home directory.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AxisSettings {
    /// Which wire.
    pub wire: Wire,
    /// Where the axis is, such as `https://truc.example.vn/vxp`.
    pub endpoint: String,
    /// Take `http://` too: only on a network that is closed in itself.
    pub allow_plain_http: bool,
    /// Authorities of the axis's certificate, PEM; empty for plain HTTP.
    pub authorities: PathBuf,
    /// The hub's certificate chain, PEM, for an axis that asks who calls; empty otherwise.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// The code of the connected centre (mã trung tâm liên thông), or the system's id on an LGSP.
    pub system_id: String,
    /// A file that holds the secret of the system and nothing else.
    pub secret_file: PathBuf,
    /// The user on an LGSP.
    pub username: String,
    /// A file that holds the user's password and nothing else.
    pub password_file: PathBuf,
    /// The axis is looked at so often for what came in.
    pub poll: Span,
    /// What failed is tried again after this, and then after twice as long each time.
    pub retry: Span,
    /// But after this at the latest.
    pub retry_most: Span,
    /// After so many attempts an item is given up, and waits for an admin.
    pub attempts: u32,
    /// The directory of the axis is mirrored anew so often; the answer is some 30 MB long, and changes little in a day.
    pub directory: Span,
    /// The largest packet.
    pub packet: ByteCount,
    /// A call in which nothing moves for so long has failed; twice as long for the answer to a packet.
    pub timeout: Span,
    /// Calls that are under way at a time, in either direction; the vendor's client allows itself 1 to 10.
    pub connections: usize,
    /// Packets that go out in a second at most.
    pub packets_per_second: u32,
    /// A recall or an update may come before its document: it waits so long, and is then set aside.
    pub patience: Span,
    /// Write the digest of a packet with two digits for each byte; the vendor's library leaves zeros out. VXP only.
    pub padded_hash: bool,
    /// Send CRLF behind a packet, as the vendor's library does. VXP only.
    pub trailing_crlf: bool,
    /// How packets are fetched. VXP only.
    pub fetch_by: FetchBy,
}

/// The operation by which packets are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FetchBy {
    /// By `downloadEdoc` as long as the axis has it, else by `getEdoc`.
    #[default]
    Either,
    /// Base64 in JSON.
    GetEdoc,
    /// The bytes as they are.
    DownloadEdoc,
}

/// The wire of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wire {
    /// VXP, of the national axis.
    #[default]
    Vxp,
    /// LGSP, of provincial platforms.
    Lgsp,
}

impl Default for AxisSettings {
    fn default() -> Self {
        Self {
            wire: Wire::Vxp,
            endpoint: String::new(),
            allow_plain_http: false,
            authorities: PathBuf::new(),
            certificate: PathBuf::new(),
            key: PathBuf::new(),
            system_id: String::new(),
            secret_file: PathBuf::new(),
            username: String::new(),
            password_file: PathBuf::new(),
            poll: Span(Duration::from_secs(60)),
            retry: Span(Duration::from_secs(30)),
            retry_most: Span(Duration::from_secs(1_800)),
            attempts: 30,
            directory: Span(Duration::from_secs(86_400)),
            packet: ByteCount(50 << 20),
            timeout: Span(Duration::from_secs(30)),
            connections: 4,
            packets_per_second: 50,
            patience: Span(Duration::from_secs(600)),
            padded_hash: false,
            trailing_crlf: true,
            fetch_by: FetchBy::default(),
        }
    }
}

/// Where the hub listens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// gRPC over mutual TLS.
    pub grpc: SocketAddr,
    /// Prometheus metrics over plain HTTP; keep it on an inner address.
    pub metrics: SocketAddr,
    /// At most so many connections at once.
    pub connections: usize,
}

impl Default for Listen {
    fn default() -> Self {
        Self { grpc: SocketAddr::from(([127, 0, 0, 1], 7443)), metrics: SocketAddr::from(([127, 0, 0, 1], 9464)), connections: 4096 }
    }
}

/// Certificates; paths are relative to the home directory.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// The hub's certificate chain, PEM.
    pub certificate: PathBuf,
    /// The hub's private key, PEM.
    pub key: PathBuf,
    /// Authorities whose client certificates are taken, PEM. An outside CA is configured here.
    pub client_authorities: PathBuf,
    /// A handshake that takes longer is dropped.
    pub handshake_timeout: Span,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            certificate: "tls/hub.pem".into(),
            key: "tls/hub.key".into(),
            client_authorities: "tls/client-ca.pem".into(),
            handshake_timeout: Span(Duration::from_secs(5)),
        }
    }
}

/// Where data lies; paths are relative to the home directory.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Data {
    /// Journal, tables and payloads.
    pub dir: PathBuf,
    /// One journal segment.
    pub journal_segment: ByteCount,
    /// The tables' page cache.
    pub table_cache: ByteCount,
}

impl Default for Data {
    fn default() -> Self {
        Self { dir: "data".into(), journal_segment: ByteCount(64 << 20), table_cache: ByteCount(64 << 20) }
    }
}

/// Uploads and payloads.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Payloads {
    /// The largest payload.
    pub max: ByteCount,
    /// Unfinished uploads one principal may have.
    pub open_uploads: usize,
    /// An unfinished upload is swept after this.
    pub upload_age: Span,
    /// An upload stream that sends nothing for so long is ended.
    pub idle_timeout: Span,
    /// A bucket for finished payloads; without it they lie in the data directory.
    pub s3: Option<S3>,
}

impl Default for Payloads {
    fn default() -> Self {
        Self {
            max: ByteCount(200 << 20),
            open_uploads: 64,
            upload_age: Span(Duration::from_secs(48 * 3600)),
            idle_timeout: Span(Duration::from_secs(60)),
            s3: None,
        }
    }
}

/// A bucket of an S3-compatible store; paths are relative to the home directory. What may not be empty is told where it is used,
/// so that all of the section can come from variables.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct S3 {
    /// Such as `https://s3.example.vn:9000`.
    pub endpoint: String,
    /// Many stores ignore it.
    pub region: String,
    /// The bucket; it exists.
    pub bucket: String,
    /// Stands before the name of every object; may be empty.
    pub prefix: String,
    /// The name of the access key.
    pub access_key_id: String,
    /// A file that holds the secret of the access key and nothing else.
    pub secret_access_key_file: PathBuf,
    /// Authorities of the store's certificate besides the system's, PEM; may be empty.
    pub authorities: PathBuf,
    /// Take `http://` too: payloads travel in the open.
    pub allow_http: bool,
}

impl Default for S3 {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            region: "us-east-1".into(),
            bucket: String::new(),
            prefix: String::new(),
            access_key_id: String::new(),
            secret_access_key_file: PathBuf::new(),
            authorities: PathBuf::new(),
            allow_http: false,
        }
    }
}

/// What one principal may use at once.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Calls of one principal at once, streams included.
    pub concurrent_calls: usize,
    /// Calls of one principal in a second, on average; as many again in a burst.
    pub calls_per_second: u32,
    /// A unary call that takes longer is answered DEADLINE_EXCEEDED.
    pub call_deadline: Span,
    /// At shutdown, calls under way may take so long.
    pub drain: Span,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrent_calls: 512,
            calls_per_second: 20_000,
            call_deadline: Span(Duration::from_secs(60)),
            drain: Span(Duration::from_secs(10)),
        }
    }
}

/// When to refuse new submissions for want of space.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Disk {
    /// Below this much free space, submissions and uploads are refused and reads go on.
    pub low_mark: ByteCount,
}

impl Default for Disk {
    fn default() -> Self {
        Self { low_mark: ByteCount(2 << 30) }
    }
}

/// How signatures are judged.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Signatures {
    /// What a certificate is whose revocation cannot be looked up.
    pub unknown_revocation: UnknownRevocation,
    /// Bytes of one import of trust objects, and so of one revocation list.
    pub max_trust_import: ByteCount,
}

impl Default for Signatures {
    fn default() -> Self {
        Self { unknown_revocation: UnknownRevocation::default(), max_trust_import: ByteCount(64 << 20) }
    }
}

/// What a certificate is whose revocation cannot be looked up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownRevocation {
    /// Its signature is INDETERMINATE (TRY_LATER).
    #[default]
    Indeterminate,
    /// It counts as not revoked, and the report says so.
    Accept,
}

/// A number of bytes, written `200 MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteCount(pub u64);

/// A span of time, written `48 h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

impl<'de> Deserialize<'de> for ByteCount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let units = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
        with_unit(&text, &units)
            .map(Self)
            .ok_or_else(|| de::Error::custom(format!("{text:?} is not a size such as \"200 MiB\" (B, KiB, MiB, GiB)")))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let units = [("ms", 1), ("s", 1_000), ("min", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
        with_unit(&text, &units)
            .map(|ms| Self(Duration::from_millis(ms)))
            .ok_or_else(|| de::Error::custom(format!("{text:?} is not a span such as \"48 h\" (ms, s, min, h, d)")))
    }
}

fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = units.iter().find(|(name, _)| *name == unit.trim())?.1;
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}; run `vanthu init` to make a home")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A key or a value is wrong.
    #[error("{path}: {message}")]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong and where.
        message: String,
    },
}

impl Config {
    /// Reads the file, then lays `VANTHU_…` variables over it.
    pub fn load(path: &Path, environment: impl Iterator<Item = (String, String)>) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        Self::parse(&text, environment).map_err(|message| Error::Content { path: path.to_owned(), message })
    }

    /// Reads a configuration from text.
    pub fn parse(text: &str, environment: impl Iterator<Item = (String, String)>) -> Result<Self, String> {
        // The file is read by itself first, so that an error names its line.
        toml::from_str::<Self>(text).map_err(|e| e.to_string())?;
        let mut tree: toml::Table = toml::from_str(text).map_err(|e| e.to_string())?;
        for (name, value) in environment {
            let Some(path) = name.strip_prefix("VANTHU_").filter(|rest| rest.contains("__")) else { continue };
            overlay(&mut tree, &path.to_ascii_lowercase(), &value).map_err(|e| format!("{name}: {e}"))?;
        }
        let config: Self = tree.try_into().map_err(|e| format!("{e} (with VANTHU_ variables laid over)"))?;
        config.check()?;
        Ok(config)
    }

    /// Refuses values with which no hub could work: each is named, with what it may be.
    fn check(&self) -> Result<(), String> {
        let limits = [
            ("listen.connections", self.listen.connections as u64, 1, 1_000_000),
            ("limits.concurrent_calls", self.limits.concurrent_calls as u64, 1, 1_000_000),
            ("limits.calls_per_second", u64::from(self.limits.calls_per_second), 1, u64::from(u32::MAX)),
            ("payloads.open_uploads", self.payloads.open_uploads as u64, 1, 1_000_000),
            ("payloads.max", self.payloads.max.0, 1, 64 << 30),
            ("signatures.max_trust_import", self.signatures.max_trust_import.0, 64 << 10, 1 << 30),
            ("data.journal_segment", self.data.journal_segment.0, 1 << 20, 1 << 30),
            ("data.table_cache", self.data.table_cache.0, 1 << 20, 1 << 40),
        ];
        let spans = [
            ("tls.handshake_timeout", self.tls.handshake_timeout, 3_600),
            ("limits.call_deadline", self.limits.call_deadline, 86_400),
            ("limits.drain", self.limits.drain, 86_400),
            ("payloads.upload_age", self.payloads.upload_age, 366 * 86_400),
            ("payloads.idle_timeout", self.payloads.idle_timeout, 86_400),
        ];
        let mut axis = Vec::new();
        for (name, settings) in &self.axis {
            for (key, span) in [
                ("poll", settings.poll),
                ("retry", settings.retry),
                ("retry_most", settings.retry_most),
                ("directory", settings.directory),
                ("patience", settings.patience),
                ("timeout", settings.timeout),
            ] {
                if span.0 < MIN_AXIS_SPAN || span.0.as_secs() > 86_400 {
                    axis.push(format!("axis.{name}.{key} is {} ms, it must be 100 ms to 1 d", span.0.as_millis()));
                }
            }
            if !(1..=1_000_000).contains(&settings.attempts) {
                axis.push(format!("axis.{name}.attempts is {}, it must be 1 to 1000000", settings.attempts));
            }
            if !(1..=64).contains(&settings.connections) {
                axis.push(format!("axis.{name}.connections is {}, it must be 1 to 64", settings.connections));
            }
            if !(1..=100_000).contains(&settings.packets_per_second) {
                axis.push(format!("axis.{name}.packets_per_second is {}, it must be 1 to 100000", settings.packets_per_second));
            }
            if !(1 << 20..=1 << 30).contains(&settings.packet.0) {
                axis.push(format!("axis.{name}.packet is {} bytes, it must be 1 MiB to 1 GiB", settings.packet.0));
            }
        }
        let out_of_range = limits
            .iter()
            .filter(|(_, value, low, high)| !(low..=high).contains(&value))
            .map(|(key, value, low, high)| format!("{key} is {value}, it must be {low} to {high}"));
        let too_short_or_long = spans
            .iter()
            .filter(|(_, span, most)| span.0.is_zero() || span.0.as_secs() > *most)
            .map(|(key, span, most)| format!("{key} is {} ms, it must be above zero and at most {most} s", span.0.as_millis()));
        let faults: Vec<String> = out_of_range.chain(too_short_or_long).chain(axis).collect();
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
    }
}

fn overlay(tree: &mut toml::Table, path: &str, value: &str) -> Result<(), &'static str> {
    insert(tree, path, typed(path, value))
}

/// The value as the type that its key wants: a variable has none of its own. Where no type fits, the text stays, and the reading
/// of the whole tree says what is wrong.
fn typed(path: &str, value: &str) -> toml::Value {
    let text = toml::Value::String(value.to_owned());
    let readings = [
        Some(text.clone()),
        value.parse().ok().map(toml::Value::Integer),
        value.parse().ok().map(toml::Value::Boolean),
        value.parse().ok().map(toml::Value::Float),
    ];
    let fits = |reading: &toml::Value| {
        // Every key has a default, so that a tree of this key alone is read if its type is right.
        let mut alone = toml::Table::new();
        insert(&mut alone, path, reading.clone()).is_ok() && alone.try_into::<Config>().is_ok()
    };
    readings.into_iter().flatten().find(fits).unwrap_or(text)
}

fn insert(tree: &mut toml::Table, path: &str, value: toml::Value) -> Result<(), &'static str> {
    let (path, last) = path.rsplit_once("__").ok_or("names no key")?;
    let mut at = tree;
    for key in path.split("__") {
        at = at
            .entry(key)
            .or_insert_with(|| toml::Value::Table(toml::Table::new()))
            .as_table_mut()
            .ok_or("goes below a value that has no parts")?;
    }
    at.insert(last.to_owned(), value);
    Ok(())
}

impl fmt::Display for ByteCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} B", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
        Config::parse(text, variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn sizes_and_spans_have_units() {
        let config = parse("[payloads]\nmax = \"3 MiB\"\nupload_age = \"36h\"\n", &[]).unwrap();
        assert_eq!(config.payloads.max, ByteCount(3 * 1024 * 1024));
        assert_eq!(config.payloads.upload_age, Span(Duration::from_secs(36 * 3600)));
        for bad in ["\"3\"", "\"MiB\"", "\"3 mb\"", "\"99999999999 GiB\"", "3"] {
            assert!(parse(&format!("[payloads]\nmax = {bad}\n"), &[]).is_err(), "{bad}");
        }
    }

    #[test]
    fn values_that_no_hub_could_work_with_are_refused_by_name() {
        for (text, key) in [
            ("[listen]\nconnections = 0", "listen.connections"),
            ("[listen]\nconnections = 9223372036854775807", "listen.connections"),
            ("[limits]\nconcurrent_calls = 0", "limits.concurrent_calls"),
            ("[limits]\ncalls_per_second = 0", "limits.calls_per_second"),
            ("[limits]\ncall_deadline = \"0 s\"", "limits.call_deadline"),
            ("[tls]\nhandshake_timeout = \"0 ms\"", "tls.handshake_timeout"),
            ("[payloads]\nmax = \"0 B\"", "payloads.max"),
            ("[data]\njournal_segment = \"10 GiB\"", "data.journal_segment"),
            ("[data]\njournal_segment = \"1 KiB\"", "data.journal_segment"),
            ("[axis.national]\ndirectory = \"99 ms\"", "axis.national.directory"),
            ("[axis.national]\ndirectory = \"2 d\"", "axis.national.directory"),
        ] {
            let error = parse(text, &[]).unwrap_err();
            assert!(error.contains(key) && error.contains("must be"), "{text}: {error}");
        }
        let both = parse("[listen]\nconnections = 0\n[limits]\ncalls_per_second = 0", &[]).unwrap_err();
        assert!(both.contains("connections") && both.contains("calls_per_second"), "all at once: {both}");
        parse("", &[]).unwrap();
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_it() {
        let error = parse("[listen]\ngprc = \"127.0.0.1:1\"\n", &[]).unwrap_err();
        assert!(error.contains("gprc") && error.contains("grpc"), "{error}");
        let error = parse("", &[("VANTHU_LISTEN__GPRC", "127.0.0.1:1")]).unwrap_err();
        assert!(error.contains("gprc"), "{error}");
    }

    #[test]
    fn a_variable_overrides_the_file() {
        let config = parse(
            "[listen]\ngrpc = \"127.0.0.1:1\"\n",
            &[("VANTHU_LISTEN__GRPC", "127.0.0.1:2"), ("VANTHU_LISTEN__CONNECTIONS", "7"), ("PATH", "/x")],
        )
        .unwrap();
        assert_eq!(config.listen.grpc.port(), 2);
        assert_eq!(config.listen.connections, 7);
    }
    #[test]
    fn a_variable_has_the_type_that_its_key_wants() {
        let variables = [
            ("VANTHU_PAYLOADS__S3__ALLOW_HTTP", "true"),
            ("VANTHU_PAYLOADS__S3__ACCESS_KEY_ID", "1234567890"),
            ("VANTHU_PAYLOADS__S3__BUCKET", "true"),
            ("VANTHU_PAYLOADS__OPEN_UPLOADS", "3"),
        ];
        let payloads = parse("", &variables).unwrap().payloads;
        let s3 = payloads.s3.unwrap();
        assert!(s3.allow_http);
        assert_eq!((&*s3.access_key_id, &*s3.bucket, payloads.open_uploads), ("1234567890", "true", 3));
        for (name, value, part) in [
            ("VANTHU_PAYLOADS__S3__ALLOW_HTTP", "yes", "boolean"),
            ("VANTHU_LISTEN__CONNECTIONS", "many", "usize"),
            ("VANTHU_PAYLOADS__S3__SECRET", "x", "unknown field"),
        ] {
            let error = parse("", &[(name, value)]).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_bucket_is_a_section_of_its_own() {
        assert!(parse("", &[]).unwrap().payloads.s3.is_none());
        let s3 = parse("[payloads.s3]\nbucket = \"b\"\n", &[]).unwrap().payloads.s3.unwrap();
        assert_eq!((&*s3.bucket, &*s3.region, s3.allow_http), ("b", "us-east-1", false));
        assert!(parse("[payloads.s3]\nsecret_access_key = \"x\"\n", &[]).unwrap_err().contains("secret_access_key_file"));
    }

    #[test]
    fn the_section_on_an_axis_that_a_new_home_shows_is_read_and_holds_the_defaults() {
        let text = include_str!("home/vanthu.toml");
        let (_, section) = text.split_once("# [axis.national]").unwrap();
        // What stands behind a hash is a key if it looks like one; the rest explains.
        let keys = section.lines().filter_map(|line| line.strip_prefix("# ")).filter(|line| {
            line.split_once(" = ").is_some_and(|(key, _)| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
        });
        let keys: Vec<&str> = keys.collect();
        let config = parse(&format!("[axis.national]\n{}\n", keys.join("\n")), &[]).unwrap();
        let shown = &config.axis["national"];
        let defaults = AxisSettings {
            endpoint: "https://truc.example.vn/vxp".into(),
            authorities: "axis-ca.pem".into(),
            system_id: "H12".into(),
            secret_file: "axis-national.secret".into(),
            ..AxisSettings::default()
        };
        assert_eq!(format!("{shown:?}"), format!("{defaults:?}"));
        assert_eq!(keys.len(), format!("{defaults:?}").matches(": ").count(), "a line for each key: {keys:?}");
    }
}
