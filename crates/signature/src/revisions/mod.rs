//! What was done to a document after it was signed: every later revision, explained object by object.
//!
//! Each signed state is opened as the file that it was, the bytes up to the signature's end, and compared with the next one.
//! What a later signature, a form entry, a time stamp or validation data brings is recognised by walking both documents side by
//! side from their catalogues; whatever that walk does not explain is a change after signing. Nothing is believed because it
//! looks harmless: a difference is lawful only where a rule names it (ISO 32000-2, 12.8.2; ETSI EN 319 142-1 for the DSS).

mod compare;
mod explain;
mod lock;
mod view;

use crate::limit;
use crate::options::Limits;
use crate::report::{ChangeLevel, LaterChange};
use explain::Explanation;
use view::View;

/// Sentences kept per document; the level counts them all.
const MAX_CHANGES: usize = 60;

/// What happened between the signed states that end at `ends` and up to the present file, `data` from its header.
///
/// A change is told with the end of the signed state that it follows.
pub(crate) fn explain(data: &[u8], ends: &[usize], limits: &Limits) -> Vec<LaterChange> {
    let mut ends: Vec<usize> = ends.to_vec();
    ends.sort_unstable();
    ends.dedup();
    if ends.last() != Some(&data.len()) {
        ends.push(data.len());
    }
    let mut changes = Vec::new();
    let Some((&first, later)) = ends.split_first().filter(|(_, later)| !later.is_empty()) else { return changes };
    // Work is counted over all revisions together: many signatures in a large file would multiply it otherwise.
    let mut spent = 0_usize;
    let allowed = |spent: usize| limits.max_work.saturating_sub(spent);
    let (mut signed_end, mut signed) = (first, View::open(data, first, limits, allowed(0), None));
    for &end in later {
        let later = View::open(data, end, limits, allowed(spent), signed.as_ref().ok());
        let found = step(data, (signed_end, &signed), (end, &later));
        let room = MAX_CHANGES.saturating_sub(changes.len());
        let worst = found.iter().map(|(level, _)| *level).max();
        changes.extend(found.into_iter().take(room).map(|(level, what)| LaterChange { signed_end: signed_end as u64, level, what }));
        // The worst is told even where the list is full.
        if let Some(worst) = worst.filter(|worst| room == 0 || changes.iter().all(|change| change.level < *worst)) {
            let what = "there are more changes than are listed".to_owned();
            changes.push(LaterChange { signed_end: signed_end as u64, level: worst, what });
        }
        spent = spent.saturating_add(signed.as_ref().map_or(0, View::work));
        (signed_end, signed) = (end, later);
    }
    changes
}

type Opened<'a> = Result<View<'a>, String>;

fn step(data: &[u8], (signed_end, signed): (usize, &Opened<'_>), (end, later): (usize, &Opened<'_>)) -> Vec<(ChangeLevel, String)> {
    let added = data.get(signed_end..end).unwrap_or_default();
    if added.iter().all(|byte| byte.is_ascii_whitespace()) {
        return vec![(ChangeLevel::Permitted, format!("{} bytes of white space follow", added.len()))];
    }
    let (signed, later) = match (signed, later) {
        (Ok(signed), Ok(later)) => (signed, later),
        (Err(error), _) => return vec![(ChangeLevel::Unexplained, format!("the signed revision cannot be read by itself: {error}"))],
        (_, Err(error)) => return vec![(ChangeLevel::Unexplained, format!("what follows cannot be read: {error}"))],
    };
    // Whatever lies in a closed object stream would look as if it were not there.
    if signed.file.security.is_locked() || later.file.security.is_locked() {
        return vec![(ChangeLevel::Unexplained, "what follows is encrypted and cannot be read".to_owned())];
    }
    // Bytes without a cross-reference of their own change nothing for a strict reader, and everything for one that repairs.
    if later.file.xref.start < signed_end as u64 {
        let what = format!("{} bytes follow that belong to no revision", added.len());
        return vec![(ChangeLevel::Unexplained, what)];
    }
    let mut found = Explanation::of(signed, later);
    // What was not read was not compared either.
    if let Some(error) = signed.file.reached().or_else(|| later.file.reached()) {
        let name = error.limit().unwrap_or_default();
        found.push((ChangeLevel::Unexplained, limit::sentence(name, format!("the revisions were not compared to their end: {error}"))));
    }
    if found.is_empty() {
        return vec![(ChangeLevel::Permitted, format!("{} bytes follow that change nothing", added.len()))];
    }
    found
}

#[cfg(test)]
mod tests;
