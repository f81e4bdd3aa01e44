//! An outbox and a quarantine as a whole: how much is in them, and since when. What is counted is counted by keys, however much waits.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::rows::{due_place, find_item, under};
use super::{Connection, DUE, ITEMS, ItemId, QUARANTINE, Quarantined};
use crate::state::{self, Fault, State, Table, scan_prefix};
use crate::time::Timestamp;

/// What is in an outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outbox {
    /// Items that wait to go.
    pub waiting: u64,
    /// Items that were given up.
    pub dead: u64,
    /// Since when the oldest item that waits has been there.
    pub oldest: Option<Timestamp>,
}

/// What is in the outbox of a connection.
pub fn outbox(rows: &dyn State, connection: &Connection) -> Result<Outbox, Fault> {
    let prefix = under(connection);
    let (mut waiting, mut oldest, mut fault) = (0, None::<ItemId>, None);
    scan_prefix(rows, DUE, &prefix, &[], &mut |key, _| {
        // The lane stands before the place.
        match due_place(key.get(prefix.len() + 1..).unwrap_or_default()) {
            Ok((_, id)) => oldest = Some(oldest.map_or(id, |oldest| oldest.min(id))),
            Err(found) => {
                fault = Some(found);
                return ControlFlow::Break(());
            }
        }
        waiting += 1;
        ControlFlow::Continue(())
    })?;
    if let Some(fault) = fault {
        return Err(fault);
    }
    // Items are named by the entries that made them: the first of them has waited longest.
    let oldest = oldest.map(|id| find_item(rows, connection, id)).transpose()?.flatten().map(|item| item.created_at);
    let all = count(rows, ITEMS, &prefix)?;
    Ok(Outbox { waiting, dead: all.saturating_sub(waiting), oldest })
}

/// How many packets of a connection are set aside.
pub fn quarantined_count(rows: &dyn State, connection: &Connection) -> Result<u64, Fault> {
    count(rows, QUARANTINE, &under(connection))
}

/// Whether another packet that was set aside, over whichever connection, has the same bytes.
pub(super) fn keeps_too(rows: &dyn State, packet: &Quarantined) -> Result<bool, Fault> {
    let (mut found, mut fault) = (false, None);
    rows.scan(QUARANTINE, &[], &mut |_, value| match state::decode::<Quarantined>(QUARANTINE, value) {
        Ok(other) if other.raw == packet.raw && (&other.connection, &other.axis_id) != (&packet.connection, &packet.axis_id) => {
            found = true;
            ControlFlow::Break(())
        }
        Ok(_) => ControlFlow::Continue(()),
        Err(found) => {
            fault = Some(found);
            ControlFlow::Break(())
        }
    })?;
    fault.map_or(Ok(found), Err)
}

/// The connections that have something in their outbox or quarantine, configured or not.
pub fn connections(rows: &dyn State) -> Result<BTreeSet<Connection>, Fault> {
    let mut found = BTreeSet::new();
    for table in [ITEMS, QUARANTINE] {
        let mut from = Vec::new();
        while let Some(connection) = next(rows, table, &from)? {
            // A zero ends the name: this key is behind everything of the connection.
            from = [connection.as_str().as_bytes(), &[1]].concat();
            found.insert(connection);
        }
    }
    Ok(found)
}

fn next(rows: &dyn State, table: Table, from: &[u8]) -> Result<Option<Connection>, Fault> {
    let mut found = None;
    rows.scan(table, from, &mut |key, _| {
        let name = key.split(|byte| *byte == 0).next().unwrap_or_default();
        found = Some(std::str::from_utf8(name).ok().and_then(|name| Connection::parse(name).ok()));
        ControlFlow::Break(())
    })?;
    found.map(|name| name.ok_or_else(|| Fault(format!("a row of {} is ill-formed", table.name)))).transpose()
}

fn count(rows: &dyn State, table: Table, prefix: &[u8]) -> Result<u64, Fault> {
    let mut count = 0;
    scan_prefix(rows, table, prefix, &[], &mut |_, _| {
        count += 1;
        ControlFlow::Continue(())
    })?;
    Ok(count)
}
