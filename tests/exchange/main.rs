//! Two hubs exchange documents over a sandbox axis while everything goes wrong that can: faults of the axis, and kill -9 of all
//! three. In the end every document was delivered once, every chain of statuses is whole, and nothing waits anywhere.

mod chaos;
mod party;
mod process;
mod soak;
