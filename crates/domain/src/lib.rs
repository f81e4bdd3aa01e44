//! The words and the rules of official document exchange.
//!
//! Owns what an agency, a route, a document and a delivery are, what may happen to them ([`command::decide`]) and what follows
//! ([`event::apply`]), over ordered rows ([`state::State`]). Never does I/O, never asks a clock, never makes an identifier:
//! time and identifiers come in with the command, so that the same events give the same rows on every machine.
//!
//! Start reading at [`document`]; each noun's module holds its values, commands, events and rules together.

pub mod digest;
pub mod invalid;
pub mod letters;
pub mod refusal;
pub mod state;
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
pub mod trust;

pub mod command;
pub mod event;
