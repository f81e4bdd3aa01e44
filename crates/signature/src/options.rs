//! The caller's choices: when to judge, what to tolerate, how much work to allow.

use crate::algorithm_policy::AlgorithmPolicy;

/// Everything about a judgement that is neither the document nor the trust data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Judgement time where no earlier time is proved, unix seconds.
    pub at: i64,
    /// Bounds on work and memory.
    pub limits: Limits,
    /// What to do where revocation data is missing.
    pub revocation: RevocationPolicy,
    /// Until when which algorithms and key sizes are acceptable.
    pub algorithms: AlgorithmPolicy,
    /// What to do with signatures that rest on what is no longer acceptable.
    pub weak_digest: WeakDigest,
}

impl Options {
    /// The strict defaults, judging at `unix_seconds`.
    #[must_use]
    pub fn at(unix_seconds: i64) -> Self {
        Self {
            at: unix_seconds,
            limits: Limits::default(),
            revocation: RevocationPolicy::Require,
            algorithms: AlgorithmPolicy::default(),
            weak_digest: WeakDigest::Reject,
        }
    }
}

/// What missing revocation data means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevocationPolicy {
    /// A signature without revocation data is INDETERMINATE / TRY_LATER.
    Require,
    /// The operator accepts unknown revocation; the reasons record it. Known revocation still counts.
    Accept,
}

/// What an algorithm means that [`Options::algorithms`] no longer calls acceptable, in the signature or in its certificate path.
/// Certificates of the trust store may be signed with anything, because the operator chose their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WeakDigest {
    /// INDETERMINATE / CRYPTO_CONSTRAINTS_FAILURE, or _NO_POE where the signature may be old enough and nothing proves it.
    Reject,
    /// The operator accepts it; the reasons record it.
    Accept,
}

/// Bounds on what hostile bytes can make the verifier do. The defaults fit real documents many times over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Signatures judged per document.
    pub max_signatures: usize,
    /// Certificates read per CMS.
    pub max_certificates: usize,
    /// Certificates in a path, leaf and anchor included.
    pub max_path_length: usize,
    /// Certificate signatures tried while building one path.
    pub max_path_work: usize,
    /// Nesting of PDF objects.
    pub max_object_depth: usize,
    /// Entries of all cross-reference sections together.
    pub max_objects: usize,
    /// Bytes inflated per document, all streams together.
    pub max_inflate_bytes: usize,
    /// Steps of reading per document, all its revisions together: one is about a byte of an object's text.
    pub max_work: usize,
}

impl Limits {
    /// Real documents carry up to 23 signatures.
    pub const MAX_SIGNATURES: usize = 64;
    /// Real chains carry up to 5 certificates.
    pub const MAX_CERTIFICATES: usize = 64;
    /// Real paths have 3 or 4 certificates.
    pub const MAX_PATH_LENGTH: usize = 10;
    /// A pool of same-named cross-signed certificates makes the search exponential without a bound.
    pub const MAX_PATH_WORK: usize = 100;
    /// Deep enough for any writer; each level costs stack.
    pub const MAX_OBJECT_DEPTH: usize = 100;
    /// An entry costs about 40 bytes of memory.
    pub const MAX_OBJECTS: usize = 1_000_000;
    /// Only cross-reference and object streams are inflated.
    pub const MAX_INFLATE_BYTES: usize = 64 << 20;
    /// A few seconds. The largest real document takes a hundredth of it.
    pub const MAX_WORK: usize = 256 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_signatures: Self::MAX_SIGNATURES,
            max_certificates: Self::MAX_CERTIFICATES,
            max_path_length: Self::MAX_PATH_LENGTH,
            max_path_work: Self::MAX_PATH_WORK,
            max_object_depth: Self::MAX_OBJECT_DEPTH,
            max_objects: Self::MAX_OBJECTS,
            max_inflate_bytes: Self::MAX_INFLATE_BYTES,
            max_work: Self::MAX_WORK,
        }
    }
}
