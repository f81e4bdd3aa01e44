//! The packets of the national document axis (trục liên thông văn bản quốc gia): edXML by QCVN 102:2016/BTTTT and its amendment
//! 1:2022, read and written.
//!
//! A packet is one XML file with everything inside, its files in base64 at the end. This crate owns the format: the words
//! ([`Packet`]), the reading of hostile bytes ([`read`]), the writing ([`write()`]), the kinds of documents ([`kinds`]), the
//! wrapping of files ([`unwrap`], [`wrap`]). It never does I/O of its own, never opens what XML offers beyond elements and texts
//! (document types, entities), and holds no file in memory: files go to a [`Sink`] as they come, and come from readers as they go.
//!
//! Start reading at [`Packet`], then [`read`]: `source.rs` counts bytes, `tree.rs` makes elements, `block.rs` takes them apart.
//! Names are the regulation's, its misspellings too where they stand on the wire (`Bussiness`, `TyperNotation`).
//! Elements are told by namespace and local name, in any order, under any prefix.

mod attachment;
mod block;
mod check;
mod content;
mod document_id;
mod fault;
pub mod kinds;
mod limits;
mod moment;
mod packet;
mod read;
mod source;
#[cfg(test)]
mod tests;
mod tree;
mod wrap;
mod write;

pub use attachment::{Attachment, Media, Reference};
pub use check::check;
pub use content::{InMemory, Sink};
pub use document_id::DocumentId;
pub use fault::{Fault, Position, ReadError, Rule};
pub use limits::Limits;
pub use packet::{
    Business, Code, DocumentType, Edoc, Extra, Operation, Organ, OtherInfo, Packet, Receiver, Replacement, ResponseFor, SignerInfo,
    StaffInfo, Status, StatusCode, TraceHeader, Update,
};
pub use read::{Received, read};
pub use tree::{Element, Node};
pub use wrap::{Kept, UnwrapLimits, Unwrapped, travels_bare, unwrap, wrap};
pub use write::{Outgoing, write};

/// The only namespace of packets: QCVN 102:2016/BTTTT.
pub const NAMESPACE: &str = "http://www.mic.gov.vn/TBT/QCVN_102_2016";
