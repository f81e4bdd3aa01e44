//! The wire: what callers of the hub send and get.
//!
//! Owns the code generated from `/proto` by a pure-Rust compiler ([`v1`]), the conversions between messages and domain values
//! ([`convert`]), page and resume tokens ([`page`]), and the one table from errors to gRPC statuses ([`status`]). Never decides
//! anything about agencies or documents, never does I/O: a message that converts is well-formed, no more.
//!
//! Start reading at [`convert`].

pub mod convert;
pub mod page;
pub mod status;
pub mod v1;

pub use v1::{ERROR_DETAILS_DESCRIPTOR_SET, FILE_DESCRIPTOR_SET};
