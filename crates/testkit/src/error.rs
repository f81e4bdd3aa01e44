//! The one error of this crate: making evidence either works or says what stood in the way.

/// Why a certificate, a signature or a document could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A certificate, a revocation list or a key could not be made from the given values.
    #[error("certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The key could not be generated or could not sign.
    #[error("key of kind {kind}: {action} was rejected by ring")]
    Key {
        /// The kind of key, as its algorithm is usually named.
        kind: &'static str,
        /// What was asked of the key.
        action: &'static str,
    },
    /// A time has no representation in the format that was asked for (years 0 to 9999 have one).
    #[error("time {0} cannot be written")]
    Time(time::OffsetDateTime),
    /// The certificate does not have the shape that [`crate::pki`] issues.
    #[error("certificate is not readable as DER")]
    UnreadableCertificate,
    /// The document does not have the shape that [`crate::pdf::Draft`] and [`crate::pdf::sign`] write.
    #[error("document has no readable {0}")]
    UnsupportedDocument(&'static str),
    /// The signature is larger than the room that was reserved for it.
    #[error("signature takes {needed} bytes, reserved are {reserved}")]
    ContentsTooSmall {
        /// Bytes of the finished CMS structure.
        needed: usize,
        /// Bytes that `/Contents` has room for.
        reserved: usize,
    },
    /// An attack needs a signature, and the document has none.
    #[error("document carries no signature")]
    NoSignature,
}
