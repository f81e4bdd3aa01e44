//! Stories of the hub, told by real clients over real mutual TLS.

mod axis_admin;
mod axis_cast;
mod axis_directory;
mod cast;
mod idempotency;
mod main_job;
mod operations;
mod permissions;
mod recall;
mod refusals;
mod roles;
mod routes;
mod signatures;
mod uploads;
mod watching;
