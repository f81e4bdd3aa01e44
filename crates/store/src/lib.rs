//! What is true now.
//!
//! Two keepers, and neither knows a noun of the field:
//!
//! - [`tables`] keeps ordered rows over sled. They are a projection of the journal: a fault of sled costs a rebuild and never
//!   a loss, so that damage is an answer ([`tables::OpenError::Damaged`]) and not a disaster.
//! - [`vault`] keeps payload bytes under their SHA-256, in a local folder or in an object store, and the spools of uploads
//!   that break off and go on.
//!
//! Nothing here decides what a row means or who may read a payload. Start with [`tables::Tables`], then [`vault::Vault`].

mod disk;
pub mod tables;
pub mod vault;
