//! Whether a remote store can be worked with: asked once at the start, so that a wrong key is not found out by an uploader.

use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};

use super::{Location, VaultError, causes};

/// What is put, and expected back.
const CONTENT: &[u8] = b"vanthu: this object may be deleted";

/// Puts a small object under `probe/` of a remote store, reads it back and deletes it. `name` is of the caller's choice and nobody
/// else's, so that two hubs may probe one store at once. A local folder needs no probe: opening the vault tries it.
///
/// A store that passes takes, gives and erases objects for this caller. There is no limit of time on the whole.
pub async fn probe(location: &Location, name: &str) -> Result<(), VaultError> {
    let objects = match location {
        Location::Local => return Ok(()),
        Location::Remote(remote) => Arc::clone(remote),
        #[cfg(feature = "s3")]
        Location::S3(options) => super::s3::connect(options.clone())?,
    };
    let place = Path::from("probe").join(name);
    objects.put(&place, PutPayload::from(Bytes::from_static(CONTENT))).await.map_err(VaultError::Remote)?;
    let found = objects.get_range(&place, 0..CONTENT.len() as u64).await.map_err(VaultError::Remote);
    // Deleted whatever came back; what came back is the better news.
    let deleted = objects.delete(&place).await.map_err(VaultError::Remote);
    if found? != CONTENT {
        return Err(VaultError::NotKept);
    }
    deleted
}

/// What is most likely wrong when a remote store refuses; what an operator looks at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspect {
    /// The secret is not that of the access key.
    Secret,
    /// The store knows no such access key.
    AccessKey,
    /// The access key may not do this in the bucket.
    Rights,
    /// There is no such bucket.
    Bucket,
    /// The bucket is in another region, or behind another endpoint.
    Region,
    /// The clocks of hub and store differ by more than the store bears.
    Clock,
    /// The store's TLS certificate is not from an authority that this machine trusts.
    Authority,
    /// Nobody answers there, or not in the way of an object store.
    Endpoint,
    /// The store answers and is at fault itself.
    Store,
}

impl Suspect {
    /// The suspect of a refusal; `None` if the refusal is not a remote store's.
    ///
    /// It goes by the error codes of the S3 API (Amazon S3 API Reference, "Error responses"), which compatible services use too.
    pub fn of(error: &VaultError) -> Option<Self> {
        let error = match error {
            VaultError::Remote(error) => error,
            VaultError::NotKept => return Some(Self::Store),
            _ => return None,
        };
        let text = causes(error);
        let says = |codes: &[&str]| codes.iter().any(|code| text.contains(code));
        Some(match error {
            _ if says(&["SignatureDoesNotMatch"]) => Self::Secret,
            _ if says(&["InvalidAccessKeyId"]) => Self::AccessKey,
            _ if says(&["RequestTimeTooSkewed"]) => Self::Clock,
            _ if says(&["PermanentRedirect", "AuthorizationHeaderMalformed", "redirect without LOCATION"]) => Self::Region,
            _ if says(&["NoSuchBucket"]) => Self::Bucket,
            object_store::Error::NotFound { .. } => Self::Bucket,
            object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => Self::Rights,
            _ if says(&["invalid peer certificate"]) => Self::Authority,
            // The client tells every answer that has a status in one of these two ways.
            _ if says(&["status code", "error response"]) => Self::Store,
            _ => Self::Endpoint,
        })
    }
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStore;
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn a_probe_leaves_nothing_behind() {
        let store = Arc::new(InMemory::new());
        probe(&Location::Remote(Arc::clone(&store) as Arc<dyn ObjectStore>), "one").await.unwrap();
        assert!(store.list_with_delimiter(None).await.unwrap().common_prefixes.is_empty());
    }

    fn check(error: object_store::Error, suspect: Suspect) {
        assert_eq!(Suspect::of(&VaultError::Remote(error)), Some(suspect));
    }

    fn generic(text: &str) -> object_store::Error {
        object_store::Error::Generic { store: "S3", source: text.into() }
    }

    #[test]
    fn the_suspect_is_what_the_store_complains_of() {
        let denied = |text: &str| object_store::Error::PermissionDenied { path: "x".into(), source: text.into() };
        check(denied("<Error><Code>SignatureDoesNotMatch</Code></Error>"), Suspect::Secret);
        check(denied("<Error><Code>InvalidAccessKeyId</Code></Error>"), Suspect::AccessKey);
        check(denied("<Error><Code>RequestTimeTooSkewed</Code></Error>"), Suspect::Clock);
        check(denied("<Error><Code>AccessDenied</Code></Error>"), Suspect::Rights);
        check(object_store::Error::NotFound { path: "x".into(), source: "NoSuchBucket".into() }, Suspect::Bucket);
        check(generic("Received redirect without LOCATION"), Suspect::Region);
        check(generic("Server returned non-2xx status code: 503"), Suspect::Store);
        check(generic("tcp connect error: Connection refused (os error 111)"), Suspect::Endpoint);
        check(generic("invalid peer certificate: UnknownIssuer"), Suspect::Authority);
        assert_eq!(Suspect::of(&VaultError::BadId), None);
    }

    #[test]
    fn a_refusal_tells_its_causes_once() {
        let error = VaultError::Remote(generic("Connection refused"));
        assert_eq!(error.to_string(), "the payload store refused: Generic S3 error: Connection refused");
        let error = VaultError::Remote(generic(&"<Error>\n".repeat(1_000))).to_string();
        assert!(error.len() < 1_100 && !error.contains('\n'), "{error}");
    }
}
