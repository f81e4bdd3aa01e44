//! Between messages and domain values, a module per noun.
//!
//! Requests are read with every fault noted under the path of its field as the caller sees it; `to_wire` and its kin write
//! messages. What was read is well-formed: names are names, dates are dates, enums are stated. Whether the named things exist and
//! the step is allowed is for the rules of the domain.

pub mod fields;
pub mod name;
pub mod time;

pub mod agency;
pub mod axis;
pub mod delivery;
pub mod document;
pub mod payload;
pub mod principal;
pub mod route;
pub mod signature;
pub mod signer;
pub mod statistics;
pub mod trust;
pub mod verdict;
