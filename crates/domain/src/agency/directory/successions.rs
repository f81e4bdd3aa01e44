//! `successions-….csv`: one succession a line.

use super::{BadLine, Columns, Line, read, spell, word, write};
use crate::agency::decide::MAX_IMPORT;
use crate::agency::{Id, Succession};
use crate::invalid;
use crate::time::Date;

const COLUMNS: Columns = Columns { required: &["kind", "from", "to", "effective", "scope"], optional: &[] };

/// Reads successions.
///
/// # Errors
/// Every line that breaks a rule.
pub fn parse_successions(text: &str) -> Result<Vec<Succession>, Vec<BadLine>> {
    read(text, &COLUMNS, MAX_IMPORT, succession)
}

fn succession(line: &mut Line<'_>) -> Option<Succession> {
    let kind = line.parse("kind", word);
    let from = line.parse("from", Id::parse);
    let to = line.parse("to", Id::parse);
    let effective = line.parse("effective", str::parse::<Date>);
    let scope = line.parse("scope", |scope| invalid::text(scope, 0, 500).map(|()| scope.to_owned()));
    Some(Succession { kind: kind?, from: from?, to: to?, effective: effective?, scope: scope? })
}

/// Writes successions so that [`parse_successions`] reads them back.
pub fn write_successions(successions: &[Succession]) -> String {
    let record = |s: &Succession| vec![spell(s.kind), s.from.to_string(), s.to.to_string(), s.effective.to_string(), s.scope.clone()];
    write(COLUMNS.required.iter().copied(), successions.iter().map(record))
}
