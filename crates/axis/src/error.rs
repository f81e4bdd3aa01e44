//! What went wrong on the wire, in the words that a connector acts by.

use std::time::Duration;

/// Why a call to an axis gave nothing. Each variant is one thing to do; an outage is never an empty answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Try the same again, later: the line, the axis, or an answer that cannot be trusted.
    #[error("the axis did not do it: {why}")]
    Retriable {
        /// What happened.
        why: Outage,
        /// How long the axis asked to be left alone, where it did (RFC 9110, 10.2.3).
        after: Option<Duration>,
    },
    /// No call will pass with these credentials: stop the connector and call somebody.
    #[error("the axis does not accept this connection's credentials: {code} {description}")]
    StopConnector {
        /// The axis's error code, or `HTTP 401`.
        code: String,
        /// The axis's words.
        description: String,
    },
    /// The same again will never pass.
    #[error("the axis refuses it for good: {code} {description}")]
    Final {
        /// The axis's error code, or one of [`Error::NOT_ASCII`] and [`Error::TOO_LARGE`].
        code: String,
        /// The axis's words.
        description: String,
        /// The receivers at fault, as far as the axis names them: those of the packet whose codes stand in its words, or the only one.
        receivers: Vec<String>,
    },
    /// This wire has no such operation.
    #[error("this axis has no operation {0}")]
    Unsupported(&'static str),
}

impl Error {
    /// The code of a value that does not fit into a header: headers are ASCII, and the wire has no other place for it.
    pub const NOT_ASCII: &'static str = "NOT_ASCII";
    /// The code of a packet that the axis finds too large (HTTP 413).
    pub const TOO_LARGE: &'static str = "TOO_LARGE";

    /// The outage, where it is one.
    #[must_use]
    pub fn outage(&self) -> Option<&Outage> {
        match self {
            Self::Retriable { why, .. } => Some(why),
            Self::StopConnector { .. } | Self::Final { .. } | Self::Unsupported(_) => None,
        }
    }

    /// Whether a person should be told at the first occurrence, and not after some repetitions.
    #[must_use]
    pub fn is_alarming(&self) -> bool {
        match self {
            Self::StopConnector { .. } => true,
            Self::Retriable { why, .. } => why.is_alarming(),
            Self::Final { .. } | Self::Unsupported(_) => false,
        }
    }
}

impl From<Outage> for Error {
    fn from(why: Outage) -> Self {
        Self::Retriable { why, after: None }
    }
}

/// What a timeout was waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// A connection, with TLS where there is one.
    Connect,
    /// The next piece of what is sent or received.
    Idle,
    /// The end of the whole call.
    Whole,
}

/// The kinds of outage, kept apart because each has its own person to call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Outage {
    /// Nothing came in time.
    #[error("no {} within {limit:?}", match phase { Phase::Connect => "connection", Phase::Idle => "progress", Phase::Whole => "end of the call" })]
    Timeout {
        /// What was waited for.
        phase: Phase,
        /// How long.
        limit: Duration,
    },
    /// The host is there, and nothing listens.
    #[error("the connection was refused: {0}")]
    Refused(String),
    /// The host is not found, or there is no way to it.
    #[error("the host cannot be reached: {0}")]
    Unreachable(String),
    /// TLS did not come about: an unknown issuer, another name, an expired certificate, our own not accepted.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The connection ended before the answer did.
    #[error("the connection was lost: {0}")]
    Dropped(String),
    /// A status other than 2xx.
    #[error("HTTP status {0}")]
    Status(u16),
    /// A web page instead of an answer.
    #[error("a web page came instead of an answer, starting `{0}`")]
    Html(String),
    /// Something that is neither JSON nor a packet.
    #[error("the answer is not JSON, it starts `{0}`")]
    NotJson(String),
    /// JSON, but not in the form of an answer.
    #[error("the answer is malformed: {0}")]
    Malformed(String),
    /// An answer without a byte.
    #[error("the answer is empty")]
    Empty,
    /// An answer that does not say whether it worked.
    #[error("the answer has no `{0}`")]
    MissingStatus(&'static str),
    /// More than this client takes.
    #[error("the answer is longer than {limit} bytes")]
    TooLong {
        /// The bound, in bytes.
        limit: u64,
    },
    /// An error code that nobody has documented.
    #[error("the axis answers an unknown error code `{code}`: {description}")]
    UnknownCode {
        /// The code; empty where the axis gives none.
        code: String,
        /// The axis's words.
        description: String,
    },
    /// The axis says that it is at fault itself.
    #[error("the axis reports a fault of its own: {code} {description}")]
    Fault {
        /// The code.
        code: String,
        /// The axis's words.
        description: String,
    },
    /// The packet in the answer is not base64, or ends early.
    #[error("the packet in the answer cannot be decoded: {0}")]
    Content(&'static str),
    /// Our own packet could not be read, or is not what was announced.
    #[error("the packet to send could not be read: {0}")]
    Source(String),
}

impl Outage {
    /// A stable name, for labels of metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Timeout { .. } => "timeout",
            Self::Refused(_) => "refused",
            Self::Unreachable(_) => "unreachable",
            Self::Tls(_) => "tls",
            Self::Dropped(_) => "dropped",
            Self::Status(_) => "status",
            Self::Html(_) => "html",
            Self::NotJson(_) => "not_json",
            Self::Malformed(_) => "malformed",
            Self::Empty => "empty",
            Self::MissingStatus(_) => "missing_status",
            Self::TooLong { .. } => "too_long",
            Self::UnknownCode { .. } => "unknown_code",
            Self::Fault { .. } => "fault",
            Self::Content(_) => "content",
            Self::Source(_) => "source",
        }
    }

    /// Time does not mend these: somebody has changed something, or must.
    #[must_use]
    pub fn is_alarming(&self) -> bool {
        match self {
            Self::Tls(_)
            | Self::Html(_)
            | Self::NotJson(_)
            | Self::Malformed(_)
            | Self::Empty
            | Self::MissingStatus(_)
            | Self::TooLong { .. }
            | Self::UnknownCode { .. }
            | Self::Source(_) => true,
            // Overload and restarts pass; a wrong path (404) does not.
            Self::Status(status) => *status < 500 && *status != 429 && *status != 408,
            Self::Timeout { .. } | Self::Refused(_) | Self::Unreachable(_) | Self::Dropped(_) | Self::Fault { .. } | Self::Content(_) => {
                false
            }
        }
    }
}
