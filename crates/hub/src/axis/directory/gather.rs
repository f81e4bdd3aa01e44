//! What the axis lists, gathered row by row and laid over what was known.

use ::axis as wire;
use domain::letters;
use domain::time::Timestamp;
use futures::StreamExt as _;
use wire::AgencyRow;

use super::Error;
use super::book::{Book, Facts, Rows, Standing, newer, numbers};
use super::words::folded;

/// The largest directory known has an eighth of these: an axis that lists more is out of order.
const MAX_ROWS: usize = 1_000_000;
const MAX_TEXT: usize = 512 << 20;
/// No code of any scheme is longer than 35 characters; this leaves room for what is not in the schemes.
const MAX_CODE: usize = 100;
/// Characters of a name.
const MAX_NAME: usize = 500;

/// What a listing holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// All rows: what is not among them is not in the directory.
    Whole,
    /// Rows that changed: the others are as they were.
    Changes,
}

/// Rows as they were listed.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) rows: Rows,
    /// The greatest version among them.
    pub(super) version: u64,
    /// Rows without a code that could be one.
    pub(super) left_out: u64,
}

/// Gathers what the axis lists.
pub(super) async fn gather(axis: &dyn wire::Axis, directory: wire::Directory) -> Result<Gathered, Error> {
    let mut listed = axis.directory(directory).await?;
    let mut gathered = Gathered::default();
    while let Some(row) = listed.next().await {
        gathered.push(&row?)?;
    }
    Ok(gathered)
}

impl Gathered {
    pub(super) fn push(&mut self, row: &AgencyRow) -> Result<(), Error> {
        if self.rows.slots.len() >= MAX_ROWS || self.rows.text.len() >= MAX_TEXT {
            return Err(Error::TooLarge { rows: self.rows.slots.len(), bytes: self.rows.text.len() });
        }
        self.version = self.version.max(row.version);
        let (listed, old) = (row.code.trim(), row.old_code.trim());
        // A row that has the older code alone is kept under the newer one, by which packets name it today.
        let forward = newer(listed);
        let (code, old_code) = match forward.as_deref() {
            Some(code) => (code, if old.is_empty() { listed } else { old }),
            None => (listed, if old == listed { "" } else { old }),
        };
        let name = letters::composed(row.name.trim()).chars().take(MAX_NAME).collect::<String>();
        let standing = match (row.is_deleted, row.is_agency) {
            (true, _) => Standing::Closed,
            (false, true) => Standing::Listed,
            (false, false) => Standing::Group,
        };
        let facts = Facts {
            code,
            old_code,
            id: row.id.trim(),
            parent: row.parent.trim(),
            center: row.center_code.trim(),
            name: &name,
            folded: &folded(&name),
            standing,
            version: row.version,
        };
        let is_code = (1..=MAX_CODE).contains(&code.len()) && old_code.len() <= MAX_CODE;
        if !(is_code && self.rows.push(&facts)) {
            self.left_out += 1;
        }
        Ok(())
    }
}

/// The directory as it is after a listing. Runs where it may take its time.
///
/// Rows that are listed no longer stay, and say so: documents name their codes for ever.
///
/// # Errors
/// Where nothing is listed, or far less than was known: that is an outage of the axis, and not the end of its agencies.
pub(super) fn merge(old: &Book, fresh: &Gathered, scope: Scope, now: Timestamp) -> Result<Book, Error> {
    let code = |row: u32| fresh.rows.facts(row).map_or("", |facts| facts.code);
    let version = |row: u32| fresh.rows.facts(row).map_or(0, |facts| facts.version);
    let mut order: Vec<u32> = numbers(fresh.rows.slots.len()).collect();
    order.sort_by(|one, other| code(*one).cmp(code(*other)).then(version(*one).cmp(&version(*other))));

    let mut rows = Rows::default();
    rows.slots.reserve_exact(old.len().max(order.len()));
    rows.text.reserve(old.text.len().max(fresh.rows.text.len()));
    let mut is_taken = true;
    let mut known = old.all().peekable();
    let mut listed = order.iter().filter_map(|row| fresh.rows.facts(*row)).peekable();
    while let Some(facts) = listed.next() {
        // Of rows with one code the last is the newest.
        if listed.peek().is_some_and(|next| next.code == facts.code) {
            continue;
        }
        while let Some(before) = known.next_if(|before| before.code < facts.code) {
            is_taken &= rows.push(&left(before, scope));
        }
        known.next_if(|before| before.code == facts.code);
        is_taken &= rows.push(&facts);
    }
    for before in known {
        is_taken &= rows.push(&left(before, scope));
    }
    if !is_taken {
        return Err(Error::TooLarge { rows: rows.slots.len(), bytes: rows.text.len() });
    }
    let version = match scope {
        Scope::Whole => fresh.version,
        Scope::Changes => fresh.version.max(old.version),
    };
    let merged = Book::new(rows, version, Some(now));
    if merged.listed() == 0 || merged.listed() < old.listed() / 2 {
        return Err(Error::Shrunken { listed: merged.listed(), known: old.listed() });
    }
    Ok(merged)
}

/// A row that a listing leaves out.
fn left(facts: Facts<'_>, scope: Scope) -> Facts<'_> {
    match (scope, facts.standing) {
        (Scope::Whole, Standing::Listed | Standing::Group) => Facts { standing: Standing::Unlisted, ..facts },
        (Scope::Whole, Standing::Closed | Standing::Unlisted) | (Scope::Changes, _) => facts,
    }
}
