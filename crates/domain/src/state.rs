//! Ordered rows: the only thing that rules read and events write.
//!
//! A table is declared beside its noun. A row is one value under one key; keys of a table are ordered bytewise, so that
//! big-endian integers scan in order. `Memory` is the twin that tests use; the store's tables are the other implementation;
//! `Overlay` holds the changes of commands that are decided and not yet durable.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A table: a name for people and one byte that leads its keys. Numbers are never reused for another meaning without a new
/// [`SCHEMA`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Table {
    /// What people call it.
    pub name: &'static str,
    /// The first byte of every key of this table.
    pub number: u8,
}

/// The version of the rows' shape. Tables of another schema are made anew from the journal.
pub const SCHEMA: u32 = 3;

/// The largest row a table takes, in bytes: sled would spill larger values into files that it never syncs.
pub const MAX_ROW_BYTES: usize = 64 * 1024;

/// The tables cannot be read or hold what no event wrote. Nothing a caller does causes it; the hub makes them anew.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("the tables are at fault: {0}")]
pub struct Fault(pub String);

/// What looks at rows, one after the other: key without the table's number, value.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// Rows in key order, as one moment saw them.
pub trait State {
    /// The value under `key`, if there is one.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Fault>;

    /// Visits rows of `table` with `from <= key`, in key order, until `visit` breaks or the table ends.
    fn scan(&self, table: Table, from: &[u8], visit: &mut Visit<'_>) -> Result<(), Fault>;

    /// Visits rows of `table` with `key < before`, in reverse key order, until `visit` breaks or the table begins.
    fn scan_back(&self, table: Table, before: &[u8], visit: &mut Visit<'_>) -> Result<(), Fault>;
}

/// Changes to rows: `None` removes. Keys carry the table's number as their first byte.
pub type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// A state with changes on top that nobody else sees yet.
pub struct Overlay<'a> {
    base: &'a dyn State,
    changes: Changes,
}

impl<'a> Overlay<'a> {
    /// No changes yet.
    pub fn new(base: &'a dyn State) -> Self {
        Self { base, changes: Changes::new() }
    }

    /// Changes that were taken from an earlier overlay over the same base.
    pub fn with_changes(base: &'a dyn State, changes: Changes) -> Self {
        Self { base, changes }
    }

    /// Sets the row under `key`.
    pub fn put(&mut self, table: Table, key: &[u8], value: Vec<u8>) {
        self.changes.insert(full_key(table, key), Some(value));
    }

    /// Removes the row under `key`, if any.
    pub fn remove(&mut self, table: Table, key: &[u8]) {
        self.changes.insert(full_key(table, key), None);
    }

    /// Encodes `value` and sets the row under `key`.
    pub fn put_row<T: Serialize>(&mut self, table: Table, key: &[u8], value: &T) -> Result<(), Fault> {
        let bytes = postcard::to_stdvec(value).map_err(|e| Fault(format!("a row of {} does not encode: {e}", table.name)))?;
        self.put(table, key, bytes);
        Ok(())
    }

    /// The changes, for the store to apply as one group.
    pub fn into_changes(self) -> Changes {
        self.changes
    }
}

impl State for Overlay<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        match self.changes.get(&full_key(table, key)) {
            Some(change) => Ok(change.clone()),
            None => self.base.get(table, key),
        }
    }

    fn scan(&self, table: Table, from: &[u8], visit: &mut Visit<'_>) -> Result<(), Fault> {
        let own = self.changes.range(full_key(table, from)..).take_while(|(key, _)| key.first() == Some(&table.number));
        merge(own, |visit| self.base.scan(table, from, visit), |own, base| own < base, visit)
    }

    fn scan_back(&self, table: Table, before: &[u8], visit: &mut Visit<'_>) -> Result<(), Fault> {
        let own = self.changes.range(..full_key(table, before)).rev().take_while(|(key, _)| key.first() == Some(&table.number));
        merge(own, |visit| self.base.scan_back(table, before, visit), |own, base| own > base, visit)
    }
}

/// Visits the rows of `base` with changes laid over them; both come in the order in which `leads` says what is first.
fn merge<'c>(
    own: impl Iterator<Item = (&'c Vec<u8>, &'c Option<Vec<u8>>)>,
    base: impl FnOnce(&mut Visit<'_>) -> Result<(), Fault>,
    leads: impl Fn(&[u8], &[u8]) -> bool,
    visit: &mut Visit<'_>,
) -> Result<(), Fault> {
    let mut own = own.map(|(key, change)| (key.get(1..).unwrap_or_default(), change)).peekable();
    let mut stopped = false;
    base(&mut |key, value| {
        while let Some((own_key, change)) = own.next_if(|(own_key, _)| leads(own_key, key)) {
            if let Some(value) = change
                && visit(own_key, value).is_break()
            {
                stopped = true;
                return ControlFlow::Break(());
            }
        }
        if let Some((own_key, change)) = own.next_if(|(own_key, _)| *own_key == key) {
            let Some(value) = change else { return ControlFlow::Continue(()) };
            stopped = visit(own_key, value).is_break();
        } else {
            stopped = visit(key, value).is_break();
        }
        if stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if !stopped {
        for (own_key, change) in own {
            if let Some(value) = change
                && visit(own_key, value).is_break()
            {
                break;
            }
        }
    }
    Ok(())
}

/// Rows in memory, for tests of rules and for the model that the store is compared with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Memory {
    /// Applies changes as the store does.
    pub fn apply(&mut self, changes: Changes) {
        for (key, change) in changes {
            match change {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
    }
}

impl State for Memory {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.rows.get(&full_key(table, key)).cloned())
    }

    fn scan(&self, table: Table, from: &[u8], visit: &mut Visit<'_>) -> Result<(), Fault> {
        for (key, value) in self.rows.range(full_key(table, from)..) {
            if key.first() != Some(&table.number) || visit(&key[1..], value).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn scan_back(&self, table: Table, before: &[u8], visit: &mut Visit<'_>) -> Result<(), Fault> {
        for (key, value) in self.rows.range(..full_key(table, before)).rev() {
            if key.first() != Some(&table.number) || visit(&key[1..], value).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// The key with its table's number in front.
pub fn full_key(table: Table, key: &[u8]) -> Vec<u8> {
    let mut full = Vec::with_capacity(1 + key.len());
    full.push(table.number);
    full.extend_from_slice(key);
    full
}

/// Reads and decodes the row under `key`.
pub fn read<T: DeserializeOwned>(state: &dyn State, table: Table, key: &[u8]) -> Result<Option<T>, Fault> {
    match state.get(table, key)? {
        Some(bytes) => decode(table, &bytes).map(Some),
        None => Ok(None),
    }
}

/// Decodes a row's value.
pub fn decode<T: DeserializeOwned>(table: Table, bytes: &[u8]) -> Result<T, Fault> {
    postcard::from_bytes(bytes).map_err(|e| Fault(format!("a row of {} does not decode: {e}", table.name)))
}

/// Visits the rows whose key starts with `prefix`, from `prefix ++ after` on.
pub fn scan_prefix(state: &dyn State, table: Table, prefix: &[u8], after: &[u8], visit: &mut Visit<'_>) -> Result<(), Fault> {
    let from = [prefix, after].concat();
    state.scan(table, &from, &mut |key, value| {
        if key.starts_with(prefix) { visit(key, value) } else { ControlFlow::Break(()) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LEFT: Table = Table { name: "left", number: 1 };
    const RIGHT: Table = Table { name: "right", number: 2 };

    fn rows_back(state: &dyn State, table: Table, before: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut rows = Vec::new();
        state
            .scan_back(table, before, &mut |key, value| {
                rows.push((key.to_vec(), value.to_vec()));
                ControlFlow::Continue(())
            })
            .unwrap();
        rows
    }

    fn rows(state: &dyn State, table: Table, from: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut rows = Vec::new();
        state
            .scan(table, from, &mut |key, value| {
                rows.push((key.to_vec(), value.to_vec()));
                ControlFlow::Continue(())
            })
            .unwrap();
        rows
    }

    fn changes() -> impl Strategy<Value = Vec<(bool, u8, Option<u8>)>> {
        prop::collection::vec((any::<bool>(), 0..12u8, prop::option::of(any::<u8>())), 0..30)
    }

    fn apply(overlay: &mut Overlay<'_>, list: &[(bool, u8, Option<u8>)]) {
        for (left, key, value) in list {
            let table = if *left { LEFT } else { RIGHT };
            match value {
                Some(value) => overlay.put(table, &[*key], vec![*value]),
                None => overlay.remove(table, &[*key]),
            }
        }
    }

    proptest! {
        #[test]
        fn an_overlay_reads_as_the_state_it_becomes(first in changes(), second in changes(), from in 0..12u8) {
            let empty = Memory::default();
            let mut overlay = Overlay::new(&empty);
            apply(&mut overlay, &first);
            let mut base = Memory::default();
            base.apply(overlay.into_changes());

            let mut overlay = Overlay::new(&base);
            apply(&mut overlay, &second);
            let seen = [rows(&overlay, LEFT, &[from]), rows(&overlay, RIGHT, &[from])];
            let seen_back = [rows_back(&overlay, LEFT, &[from]), rows_back(&overlay, RIGHT, &[from])];
            let one = overlay.get(LEFT, &[from]).unwrap();
            let changes = overlay.into_changes();
            let mut after = base.clone();
            after.apply(changes);
            prop_assert_eq!(&seen, &[rows(&after, LEFT, &[from]), rows(&after, RIGHT, &[from])]);
            prop_assert_eq!(&seen_back, &[rows_back(&after, LEFT, &[from]), rows_back(&after, RIGHT, &[from])]);
            // Both ways together are the whole table.
            for (table, forth, back) in [(LEFT, &seen[0], &seen_back[0]), (RIGHT, &seen[1], &seen_back[1])] {
                let whole: Vec<_> = back.iter().rev().chain(forth).cloned().collect();
                prop_assert_eq!(whole, rows(&after, table, &[]));
            }
            prop_assert_eq!(one, after.get(LEFT, &[from]).unwrap());
        }
    }
}
