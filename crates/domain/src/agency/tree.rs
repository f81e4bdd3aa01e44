//! The tree of agencies: who is below whom. Every walk is bounded.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::lookup::find;
use super::{Agency, CHILDREN, Id};
use crate::state::{Fault, State, scan_prefix};

/// Levels of the tree; the deepest real path (ministry, department, division, unit) has about six.
pub(super) const MAX_DEPTH: usize = 16;

/// The agency above.
pub fn superior(rows: &dyn State, agency: &Agency) -> Result<Option<Agency>, Fault> {
    agency.parent.as_ref().map_or(Ok(None), |parent| find(rows, parent))
}

/// Whether `agency` is `root` or lies below it.
pub fn is_within(rows: &dyn State, root: &Id, agency: &Id) -> Result<bool, Fault> {
    let mut at = agency.clone();
    for _ in 0..=MAX_DEPTH {
        if at == *root {
            return Ok(true);
        }
        let Some(parent) = find(rows, &at)?.and_then(|agency| agency.parent) else { return Ok(false) };
        at = parent;
    }
    Ok(false)
}

/// The agencies directly below, in the order of their ids.
pub(super) fn children(rows: &dyn State, id: &Id) -> Result<Vec<Id>, Fault> {
    let prefix = [id.as_str().as_bytes(), &[0]].concat();
    let mut children = Vec::new();
    scan_prefix(rows, CHILDREN, &prefix, &[], &mut |key, _| {
        children.push(key.get(prefix.len()..).and_then(|rest| std::str::from_utf8(rest).ok()).and_then(|text| Id::parse(text).ok()));
        ControlFlow::Continue(())
    })?;
    children.into_iter().map(|id| id.ok_or_else(|| Fault("a key of children holds no agency id".into()))).collect()
}

/// The agencies below `root`, level by level, without `root`; and how many levels they are.
pub(super) fn below(rows: &dyn State, root: &Id) -> Result<(Vec<Id>, usize), Fault> {
    let mut seen = BTreeSet::from([root.clone()]);
    let mut below = Vec::new();
    let mut level = vec![root.clone()];
    for height in 0..=MAX_DEPTH {
        let mut next = Vec::new();
        for id in &level {
            next.extend(children(rows, id)?.into_iter().filter(|child| seen.insert(child.clone())));
        }
        if next.is_empty() {
            return Ok((below, height));
        }
        below.extend(next.iter().cloned());
        level = next;
    }
    Ok((below, MAX_DEPTH + 1))
}
