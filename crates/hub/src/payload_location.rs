//! Where payloads lie: in the home, or in a bucket that the configuration names. Chosen at the start and by `vanthu check`.
//!
//! A bucket is tried before the hub serves, so that a wrong key is told to the operator and not to an uploader. Unfinished
//! uploads lie in the home in either case.

use std::path::{Path, PathBuf};
use std::time::Duration;

use store::vault::{self, Location, Suspect, Vault, VaultError, VaultOptions};
use tokio::time::timeout;

use crate::config::{Payloads, S3};

/// A bucket that does not answer within this is not there.
const PROBE_TIMEOUT: Duration = Duration::from_secs(20);

/// Payloads cannot be kept where the configuration says.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The binary has no client for buckets.
    #[error("payloads.s3 is set and this binary is built without S3; build it with the feature s3, or take the section out")]
    NotBuilt,
    /// Keys are missing.
    #[error("payloads.s3 lacks {}", .0.join(", "))]
    Incomplete(Vec<&'static str>),
    /// The endpoint is no URL that may be used.
    #[error("payloads.s3.endpoint {endpoint:?} {rule}")]
    Endpoint {
        /// What is configured.
        endpoint: String,
        /// What is wrong with it.
        rule: &'static str,
    },
    /// A file that the section names cannot be used.
    #[error("payloads.s3.{key}: {path} {cause}")]
    File {
        /// Under which key it is named.
        key: &'static str,
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// Payloads lie in the home and would be missing.
    #[error(
        "payloads lie in {0} and payloads.s3 names a bucket: copy the folder to <prefix>/objects in the bucket as it is, then move it away"
    )]
    LeftBehind(PathBuf),
    /// The vault's own files.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The bucket does not do what a hub needs.
    #[error("the bucket {bucket} at {endpoint} cannot be used: {mend} ({source})")]
    Refused {
        /// The configured bucket.
        bucket: String,
        /// The configured endpoint.
        endpoint: String,
        /// What to look at.
        mend: &'static str,
        /// What the store says.
        source: Box<VaultError>,
    },
    /// The bucket does not answer.
    #[error(
        "the bucket {bucket} at {endpoint} does not answer within {} s: see whether payloads.s3.endpoint is right and can be reached",
        PROBE_TIMEOUT.as_secs()
    )]
    Silent {
        /// The configured bucket.
        bucket: String,
        /// The configured endpoint.
        endpoint: String,
    },
}

/// The directory of uploads and local payloads within the data directory.
pub fn directory(data: &Path) -> PathBuf {
    data.join("payloads")
}

/// Opens the vault where the configuration says; a bucket has been written to, read and deleted from on return.
pub async fn open(home: &Path, data: &Path, payloads: &Payloads) -> Result<Vault, Error> {
    let dir = directory(data);
    let location = choose(home, &dir, payloads)?;
    if let Some(s3) = &payloads.s3 {
        if let Some(warning) = secret_open_to_others(home, s3) {
            tracing::warn!("{warning}");
        }
        probe(&location, s3).await?;
        tracing::info!(bucket = s3.bucket, endpoint = s3.endpoint, "payloads lie in a bucket");
    }
    Ok(Vault::open(VaultOptions { dir, location, max_payload_bytes: payloads.max.0 }).await?)
}

/// All that is wrong with the place for payloads, a sentence each. A bucket is tried; nothing stays behind.
pub async fn check(home: &Path, data: &Path, payloads: &Payloads) -> Vec<String> {
    let mut problems = Vec::new();
    let Some(s3) = &payloads.s3 else { return problems };
    problems.extend(secret_open_to_others(home, s3));
    let tried = match choose(home, &directory(data), payloads) {
        Ok(location) => probe(&location, s3).await,
        Err(error) => Err(error),
    };
    problems.extend(tried.err().map(|error| error.to_string()));
    problems
}

/// Where finished payloads go.
fn choose(home: &Path, dir: &Path, payloads: &Payloads) -> Result<Location, Error> {
    let Some(s3) = &payloads.s3 else { return Ok(Location::Local) };
    let missing = [
        ("endpoint", s3.endpoint.is_empty()),
        ("bucket", s3.bucket.is_empty()),
        ("access_key_id", s3.access_key_id.is_empty()),
        ("secret_access_key_file", s3.secret_access_key_file.as_os_str().is_empty()),
    ];
    let missing: Vec<_> = missing.into_iter().filter(|(_, is_missing)| *is_missing).map(|(key, _)| key).collect();
    if !missing.is_empty() {
        return Err(Error::Incomplete(missing));
    }
    let rule = match s3.endpoint.split_once("://") {
        Some(("https", host)) if !host.is_empty() => None,
        Some(("http", host)) if !host.is_empty() && s3.allow_http => None,
        Some(("http", _)) => Some("is not encrypted; use https, or set allow_http = true for a store on this machine"),
        _ => Some("is no URL such as https://s3.example.vn:9000"),
    };
    if let Some(rule) = rule {
        return Err(Error::Endpoint { endpoint: s3.endpoint.clone(), rule });
    }
    let objects = dir.join("objects");
    if holds_a_file(&objects) {
        return Err(Error::LeftBehind(objects));
    }
    bucket(home, s3)
}

#[cfg(feature = "s3")]
fn bucket(home: &Path, s3: &S3) -> Result<Location, Error> {
    use crate::payload_location::files::{authorities, secret};
    Ok(Location::S3(vault::s3::Options {
        endpoint: s3.endpoint.trim_end_matches('/').to_owned(),
        region: s3.region.clone(),
        bucket: s3.bucket.clone(),
        prefix: s3.prefix.clone(),
        access_key_id: s3.access_key_id.clone(),
        secret_access_key: secret(home, s3)?,
        authorities: authorities(home, s3)?,
        allow_http: s3.allow_http,
    }))
}

#[cfg(not(feature = "s3"))]
fn bucket(_home: &Path, _s3: &S3) -> Result<Location, Error> {
    Err(Error::NotBuilt)
}

async fn probe(location: &Location, s3: &S3) -> Result<(), Error> {
    let (bucket, endpoint) = (s3.bucket.clone(), s3.endpoint.clone());
    match timeout(PROBE_TIMEOUT, vault::probe(location, &uuid::Uuid::now_v7().to_string())).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(source)) => match Suspect::of(&source).map(mend) {
            Some(mend) => Err(Error::Refused { bucket, endpoint, mend, source: Box::new(source) }),
            None => Err(Error::Vault(source)),
        },
        Err(_) => Err(Error::Silent { bucket, endpoint }),
    }
}

const fn mend(suspect: Suspect) -> &'static str {
    match suspect {
        Suspect::Secret => "the secret in payloads.s3.secret_access_key_file is not that of payloads.s3.access_key_id",
        Suspect::AccessKey => "it knows no payloads.s3.access_key_id of that name",
        Suspect::Rights => {
            "payloads.s3.access_key_id must be allowed to put, get, delete and list objects there; see payloads.s3.bucket and its rights"
        }
        Suspect::Bucket => "there is no payloads.s3.bucket of that name; make it first",
        Suspect::Region => "payloads.s3.region or payloads.s3.endpoint is not the bucket's",
        Suspect::Clock => "the clocks of this machine and of the store differ; set them by NTP",
        Suspect::Authority => "its certificate is from no known authority; name the authority in payloads.s3.authorities",
        Suspect::Endpoint => "nobody answers there as an object store does; see payloads.s3.endpoint and the network between",
        Suspect::Store => "it answers and is at fault itself; look at its own log",
    }
}

fn secret_open_to_others(home: &Path, s3: &S3) -> Option<String> {
    crate::offline::open_to_others(&home.join(&s3.secret_access_key_file))
}

/// Whether a payload lies in the folder: two levels, each digest below its first byte.
fn holds_a_file(objects: &Path) -> bool {
    let entries = |dir: &Path| std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries(objects).any(|folder| entries(&folder.path()).next().is_some())
}

/// The files that the section names.
#[cfg(feature = "s3")]
mod files {
    use super::{Error, Path, PathBuf, S3};

    /// A secret is some 40 characters.
    const SECRET_LIMIT: u64 = 4 << 10;
    /// A bundle of every public authority is some 200 KiB.
    const AUTHORITIES_LIMIT: u64 = 1 << 20;

    /// The secret, without the white space around it.
    pub(super) fn secret(home: &Path, s3: &S3) -> Result<String, Error> {
        let path = home.join(&s3.secret_access_key_file);
        let fault = |cause: &str| Error::File { key: "secret_access_key_file", path: path.clone(), cause: cause.to_owned() };
        let bytes = read(&path, SECRET_LIMIT).map_err(|cause| fault(&cause))?;
        let text = String::from_utf8(bytes).map_err(|_| fault("is not text"))?;
        match text.trim() {
            "" => Err(fault("is empty; it holds the secret of the access key and nothing else")),
            secret if secret.contains(char::is_whitespace) => Err(fault("holds more than one word; it holds the secret and nothing else")),
            secret => Ok(secret.to_owned()),
        }
    }

    /// Authorities besides the system's, PEM; empty if none are named.
    pub(super) fn authorities(home: &Path, s3: &S3) -> Result<Vec<u8>, Error> {
        if s3.authorities.as_os_str().is_empty() {
            return Ok(Vec::new());
        }
        let path = home.join(&s3.authorities);
        let fault = |cause: String| Error::File { key: "authorities", path: path.clone(), cause };
        let bytes = read(&path, AUTHORITIES_LIMIT).map_err(fault)?;
        if bytes.windows(11).any(|window| window == b"-----BEGIN ") { Ok(bytes) } else { Err(fault("holds no PEM certificate".into())) }
    }

    fn read(path: &PathBuf, limit: u64) -> Result<Vec<u8>, String> {
        let meta = std::fs::metadata(path).map_err(|e| format!("cannot be read: {e}"))?;
        if !meta.is_file() {
            return Err("is no file".into());
        }
        if meta.len() > limit {
            return Err(format!("has {} bytes, at most {limit} are taken", meta.len()));
        }
        std::fs::read(path).map_err(|e| format!("cannot be read: {e}"))
    }
}

#[cfg(feature = "s3")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    struct Home(tempfile::TempDir);

    impl Home {
        fn new() -> Self {
            let home = Self(tempfile::tempdir().unwrap());
            home.write("s3.secret", "the+secret/\n");
            home
        }

        fn write(&self, name: &str, text: &str) {
            let path = self.0.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }

        fn choose(&self, change: impl FnOnce(&mut S3)) -> Result<Location, Error> {
            let text = "[payloads.s3]\nendpoint = \"https://s3.example.vn/\"\nbucket = \"b\"\naccess_key_id = \"k\"\n\
                        secret_access_key_file = \"s3.secret\"\n";
            let mut payloads = Config::parse(text, std::iter::empty()).unwrap().payloads;
            change(payloads.s3.as_mut().unwrap());
            choose(self.0.path(), &self.0.path().join("data/payloads"), &payloads)
        }

        fn refused(&self, change: impl FnOnce(&mut S3)) -> String {
            self.choose(change).unwrap_err().to_string()
        }
    }

    #[test]
    fn payloads_lie_in_the_home_unless_a_bucket_is_named() {
        let home = Home::new();
        assert!(matches!(choose(home.0.path(), home.0.path(), &Payloads::default()), Ok(Location::Local)));
        let Ok(Location::S3(options)) = home.choose(|_| {}) else { panic!("a bucket") };
        let expected = ("https://s3.example.vn", "us-east-1", "b", "", "k", "the+secret/", false);
        let vault::s3::Options { endpoint, region, bucket, prefix, access_key_id, secret_access_key, allow_http, .. } = &options;
        let found = (&**endpoint, &**region, &**bucket, &**prefix, &**access_key_id, &**secret_access_key, *allow_http);
        assert_eq!(found, expected);
    }

    #[test]
    fn all_keys_that_are_missing_are_told_at_once() {
        let error = Home::new().refused(|s3| *s3 = S3::default());
        assert_eq!(error, "payloads.s3 lacks endpoint, bucket, access_key_id, secret_access_key_file");
    }

    #[test]
    fn a_secret_file_holds_one_word() {
        let home = Home::new();
        for (text, part) in [("", "is empty"), (" \n", "is empty"), ("two words", "more than one word"), (&"x".repeat(5_000), "5000 bytes")]
        {
            home.write("s3.secret", text);
            let error = home.refused(|_| {});
            assert!(error.contains("secret_access_key_file") && error.contains(part), "{error}");
        }
        let error = home.refused(|s3| s3.secret_access_key_file = "nowhere".into());
        assert!(error.contains("nowhere cannot be read"), "{error}");
    }

    #[test]
    fn plain_http_must_be_allowed() {
        let home = Home::new();
        let http = |s3: &mut S3| s3.endpoint = "http://127.0.0.1:8333".into();
        assert!(home.refused(http).contains("allow_http"));
        let allowed = |s3: &mut S3| {
            http(s3);
            s3.allow_http = true;
        };
        home.choose(allowed).unwrap();
        assert!(home.refused(|s3| s3.endpoint = "s3.example.vn".into()).contains("is no URL"));
    }

    #[test]
    fn payloads_in_the_home_are_not_left_behind() {
        let home = Home::new();
        std::fs::create_dir_all(home.0.path().join("data/payloads/objects/ab")).unwrap();
        home.choose(|_| {}).unwrap();
        home.write("data/payloads/objects/ab/abcd", "a payload");
        assert!(home.refused(|_| {}).contains("copy the folder"));
    }

    #[test]
    fn an_authority_is_a_certificate() {
        let home = Home::new();
        home.write("ca.pem", "nothing");
        assert!(home.refused(|s3| s3.authorities = "ca.pem".into()).contains("no PEM certificate"));
    }
}
