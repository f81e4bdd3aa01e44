//! What happened: durable, ordered, provable.
//!
//! Owns the journal's files and the stored form of an entry. [`Log`] appends groups of entries: one write, one `fdatasync`, and
//! they are durable. A [`Reader`] gives them back in order, and only what is durable. Every entry is a leaf of a Merkle tree
//! (RFC 6962), whose root [`Log::root`] tells. [`stored`] turns an entry of the domain into bytes and back.
//!
//! Never decides anything, never changes an entry, never repairs a damaged middle: a journal that cannot be trusted does not open.
//!
//! Start reading at [`Log::append`], then `recovery`.

mod check;
mod error;
mod log;
mod reader;
mod recovery;

mod lock;
mod merkle;
mod record;
mod seal;
mod segment;

pub mod stored;

pub use check::{CheckReport, check};
pub use error::Error;
pub use log::{Log, Options};
pub use reader::Reader;
pub use record::MAX_ENTRY_BYTES;
pub use recovery::Recovery;
