//! Payloads.

use domain::digest::Digest;

use crate::convert::name;
use crate::v1;

/// The message of a payload.
pub fn to_wire(digest: &Digest, size: u64) -> v1::Payload {
    v1::Payload { name: name::of_payload(digest), sha256: digest.0.to_vec().into(), size_bytes: i64::try_from(size).unwrap_or(i64::MAX) }
}
