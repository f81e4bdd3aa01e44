//! A bucket of an S3-compatible service as the place for payloads, over TLS by rustls and ring.

use std::fmt;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;

use super::VaultError;

/// Which bucket, and the keys to it.
#[derive(Clone)]
pub struct Options {
    /// Such as `https://s3.example.vn:9000`. Plain `http://` is refused unless `allow_http` is set.
    pub endpoint: String,
    /// Many compatible services ignore it; `us-east-1` then.
    pub region: String,
    /// The bucket; it exists.
    pub bucket: String,
    /// The name of the access key.
    pub access_key_id: String,
    /// The secret of the access key; never logged.
    pub secret_access_key: String,
    /// For a service on the same machine only: the secret signs requests, but payloads travel in the open.
    pub allow_http: bool,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, region, bucket, access_key_id, secret_access_key: _, allow_http } = self;
        f.debug_struct("Options")
            .field("endpoint", endpoint)
            .field("region", region)
            .field("bucket", bucket)
            .field("access_key_id", access_key_id)
            .field("allow_http", allow_http)
            .finish_non_exhaustive()
    }
}

/// A client of the bucket; no request is made yet.
pub(super) fn connect(options: Options) -> Result<Arc<dyn ObjectStore>, VaultError> {
    // The HTTP client takes the provider of the process; one that is installed stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let bucket = AmazonS3Builder::new()
        .with_endpoint(options.endpoint)
        .with_region(options.region)
        .with_bucket_name(options.bucket)
        .with_access_key_id(options.access_key_id)
        .with_secret_access_key(options.secret_access_key)
        .with_allow_http(options.allow_http)
        .build()
        .map_err(VaultError::Objects)?;
    Ok(Arc::new(bucket))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::{Location, Vault, VaultOptions};

    fn options(endpoint: &str) -> Options {
        Options {
            endpoint: endpoint.to_owned(),
            region: "us-east-1".to_owned(),
            bucket: "payloads".to_owned(),
            access_key_id: "key".to_owned(),
            secret_access_key: "the secret".to_owned(),
            allow_http: false,
        }
    }

    #[tokio::test]
    async fn a_client_is_made_with_the_ring_provider_alone() {
        let dir = tempfile::tempdir().unwrap();
        let location = Location::S3(options("https://127.0.0.1:9"));
        Vault::open(VaultOptions { location, ..VaultOptions::new(dir.path()) }).await.unwrap();
    }

    #[test]
    fn the_secret_is_not_in_the_debug_text() {
        assert!(!format!("{:?}", options("https://127.0.0.1:9")).contains("the secret"));
    }
}
