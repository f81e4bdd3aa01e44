//! A bucket of an S3-compatible service as the place for payloads, over TLS by rustls and ring.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::prefix::PrefixStore;
use object_store::{Certificate, ClientOptions, ObjectStore, RetryConfig};

use super::VaultError;

/// A store that does not take a connection within this is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// One request with its body; the 8 MiB of a part make it at 2.3 Mbit/s. Half of the hub's default for a call, so that a store
/// that hangs is told to the caller before the call's own time is over.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// No retry begins later than this after the first attempt.
const RETRY_TIMEOUT: Duration = Duration::from_secs(20);
const RETRIES: usize = 3;

/// Which bucket, and the keys to it.
#[derive(Clone)]
pub struct Options {
    /// Such as `https://s3.example.vn:9000`. Plain `http://` is refused unless `allow_http` is set.
    pub endpoint: String,
    /// Many compatible services ignore it; `us-east-1` then.
    pub region: String,
    /// The bucket; it exists.
    pub bucket: String,
    /// Stands before the name of every object, so that others may use the bucket too; empty for none.
    pub prefix: String,
    /// The name of the access key.
    pub access_key_id: String,
    /// The secret of the access key; never logged.
    pub secret_access_key: String,
    /// Authorities of the store's certificate besides those of the system, PEM; empty for none.
    pub authorities: Vec<u8>,
    /// For a service on the same machine only: the secret signs requests, but payloads travel in the open.
    pub allow_http: bool,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, region, bucket, prefix, access_key_id, secret_access_key: _, authorities, allow_http } = self;
        f.debug_struct("Options")
            .field("endpoint", endpoint)
            .field("region", region)
            .field("bucket", bucket)
            .field("prefix", prefix)
            .field("access_key_id", access_key_id)
            .field("authorities_bytes", &authorities.len())
            .field("allow_http", allow_http)
            .finish_non_exhaustive()
    }
}

/// A client of the bucket; no request is made yet.
pub(super) fn connect(options: Options) -> Result<Arc<dyn ObjectStore>, VaultError> {
    // The HTTP client takes the provider of the process; one that is installed stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut client = ClientOptions::new().with_connect_timeout(CONNECT_TIMEOUT).with_timeout(REQUEST_TIMEOUT);
    if !options.authorities.is_empty() {
        let authorities = Certificate::from_pem_bundle(&options.authorities).map_err(VaultError::Remote)?;
        client = authorities.into_iter().fold(client, ClientOptions::with_root_certificate);
    }
    let retry = RetryConfig { max_retries: RETRIES, retry_timeout: RETRY_TIMEOUT, ..RetryConfig::default() };
    let bucket = AmazonS3Builder::new()
        .with_client_options(client.with_allow_http(options.allow_http))
        .with_retry(retry)
        .with_endpoint(options.endpoint)
        .with_region(options.region)
        .with_bucket_name(options.bucket)
        .with_access_key_id(options.access_key_id)
        .with_secret_access_key(options.secret_access_key)
        .build()
        .map_err(VaultError::Remote)?;
    if options.prefix.is_empty() {
        return Ok(Arc::new(bucket));
    }
    Ok(Arc::new(PrefixStore::new(bucket, options.prefix)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::{Location, Suspect, Vault, VaultOptions, probe};

    fn options(endpoint: &str) -> Options {
        Options {
            endpoint: endpoint.to_owned(),
            region: "us-east-1".to_owned(),
            bucket: "payloads".to_owned(),
            prefix: "hub/a".to_owned(),
            access_key_id: "key".to_owned(),
            secret_access_key: "the secret".to_owned(),
            authorities: Vec::new(),
            allow_http: false,
        }
    }

    #[tokio::test]
    async fn a_client_is_made_with_the_ring_provider_alone() {
        let dir = tempfile::tempdir().unwrap();
        let location = Location::S3(options("https://127.0.0.1:9"));
        Vault::open(VaultOptions { location, ..VaultOptions::new(dir.path()) }).await.unwrap();
    }

    #[tokio::test]
    async fn a_store_that_is_not_there_is_told_with_its_cause_and_soon() {
        // A port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let location = Location::S3(Options { allow_http: true, ..options(&format!("http://127.0.0.1:{port}")) });
        let begun = std::time::Instant::now();
        let error = probe(&location, "one").await.unwrap_err();
        assert!(begun.elapsed() < RETRY_TIMEOUT, "{:?}", begun.elapsed());
        assert!(error.to_string().contains("Connection refused"), "{error}");
        assert_eq!(Suspect::of(&error), Some(Suspect::Endpoint));
    }

    #[tokio::test]
    async fn plain_http_is_refused_unless_it_is_allowed() {
        let error = probe(&Location::S3(options("http://127.0.0.1:9")), "one").await.unwrap_err();
        assert!(error.to_string().contains("scheme"), "{error}");
    }

    #[test]
    fn the_secret_is_not_in_the_debug_text() {
        assert!(!format!("{:?}", options("https://127.0.0.1:9")).contains("the secret"));
    }
}
