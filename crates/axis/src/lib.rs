//! The wires of the national document axis (trục liên thông văn bản quốc gia), and a sandbox axis to test against.
//!
//! This crate carries packets and does not look into them: [`edxml`] reads and writes those. A connector holds a `dyn`
//! [`Axis`] and acts by [`Error`], each variant of which is one thing to do; [`vxp::Client`] speaks the national axis's wire,
//! [`lgsp::Client`] that of provincial platforms. Packets stream in both directions, directories come row by row, every answer is
//! bounded, and an outage is never an empty answer. It keeps no state but connections and a token, retries nothing on its own
//! account (save a token that has run out), and shows no secret to any log.
//!
//! [`sandbox`] is the other side: an axis for vendors and tests that keeps what it has taken, with faults by switches.
//!
//! Start reading at [`Axis`], then `vxp.rs`; `http_client.rs` tells outages apart, `json.rs` takes answers apart as they come.

mod answer;
mod axis;
mod base64_text;
mod codes;
mod error;
mod http_client;
mod json;
pub mod lgsp;
mod loose;
mod outgoing;
mod rows;
mod secret;
mod source;
mod tls;
pub mod vxp;

use std::sync::Arc;

use domain::time::Timestamp;

pub use axis::{Acknowledgement, AgencyRow, Answer, Axis, Directory, Listing, Message, Outgoing, Period, Received, Sent};
pub use codes::{Codes, Meaning};
pub use error::{Error, Outage, Phase};
pub use http_client::{Endpoint, EndpointError};
pub use secret::Secret;
pub use source::{Pieces, Source};
pub use tls::{Tls, TlsError};

/// What tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
