//! The hub: gRPC services over mutual TLS, the desk that decides, and the followers that react.
//!
//! Owns the clock, the identifiers, and everything that waits. Never decides what is allowed: that is `domain`'s. Never writes a
//! row but by applying a journal entry.
//!
//! Start reading at [`running`], which puts the parts together; then [`desk`], the one way through; then [`services`].

pub mod axis;
pub mod bootstrap;
pub mod client;
pub mod config;
pub mod desk;
pub mod feeds;
pub mod followers;
pub mod gate;
pub mod home;
pub mod identity;
pub mod judge;
pub mod listener;
pub mod metrics;
pub mod offline;
pub mod payload_location;
pub mod recovery;
pub mod rejudge;
pub mod running;
pub mod services;
pub mod shared;
pub mod touched;
pub mod trust_reading;
