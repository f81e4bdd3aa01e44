//! The rows of a directory in memory: one text for all of them, and a slot of fixed size for each.
//!
//! Rows lie in the order of their codes. A hundred thousand agencies take some thirty megabytes with all indexes, and no row is an
//! allocation of its own.

use domain::agency::{Code, Scheme};
use domain::time::Timestamp;

use super::words::Words;

/// What the axis says of an agency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It is in the directory.
    Listed,
    /// The directory says that it has been closed.
    Closed,
    /// It is in the directory and no agency: it groups others.
    Group,
    /// It was in the directory, and a later one leaves it out. Some wires say of closed agencies no more than this.
    Unlisted,
}

/// An agency of the directory. What the wire does not tell is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The code by QĐ 20/2020/QĐ-TTg, or whatever the axis lists.
    pub code: String,
    /// The older code (QCVN 102:2016), 13 characters.
    pub old_code: String,
    /// The name.
    pub name: String,
    /// The code of the agency above.
    pub parent: String,
    /// The connected centre through which it is reached.
    pub center: String,
    /// Whether it is there.
    pub standing: Standing,
    /// The version of the directory in which it changed last; 0 where the wire has none.
    pub version: u64,
}

/// The facts of a row, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts<'a> {
    pub(super) code: &'a str,
    pub(super) old_code: &'a str,
    pub(super) id: &'a str,
    /// The id of the row above, or its code.
    pub(super) parent: &'a str,
    pub(super) center: &'a str,
    pub(super) name: &'a str,
    /// The words of the name without marks, a blank before each.
    pub(super) folded: &'a str,
    pub(super) standing: Standing,
    pub(super) version: u64,
}

/// Where the texts of a row lie: one behind the other, from `at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) at: u32,
    /// Bytes of code, older code, id, parent and centre.
    pub(super) short: [u8; 5],
    pub(super) standing: Standing,
    /// Bytes of the name, and of its words.
    pub(super) long: [u16; 2],
    pub(super) version: u64,
}

impl Slot {
    pub(super) fn bytes(&self) -> usize {
        self.short.iter().map(|length| usize::from(*length)).sum::<usize>()
            + self.long.iter().map(|length| usize::from(*length)).sum::<usize>()
    }
}

/// Rows as they come, in any order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) slots: Vec<Slot>,
    pub(super) text: String,
}

impl Rows {
    /// Adds a row; false where one of its facts is longer than a slot can say, or all are together.
    pub(super) fn push(&mut self, facts: &Facts<'_>) -> bool {
        let parts = [facts.code, facts.old_code, facts.id, facts.parent, facts.center];
        let mut short = [0; 5];
        for (length, part) in short.iter_mut().zip(parts) {
            let Ok(bytes) = u8::try_from(part.len()) else { return false };
            *length = bytes;
        }
        let lengths = (u32::try_from(self.text.len()), u16::try_from(facts.name.len()), u16::try_from(facts.folded.len()));
        let (Ok(at), Ok(name), Ok(folded)) = lengths else { return false };
        for part in parts.into_iter().chain([facts.name, facts.folded]) {
            self.text.push_str(part);
        }
        self.slots.push(Slot { at, short, standing: facts.standing, long: [name, folded], version: facts.version });
        true
    }

    pub(super) fn facts(&self, row: u32) -> Option<Facts<'_>> {
        self.slots.get(row as usize).map(|slot| facts(&self.text, slot))
    }
}

/// The texts of a slot. A slot that points beside the text has empty ones.
fn facts<'a>(text: &'a str, slot: &Slot) -> Facts<'a> {
    let mut at = slot.at as usize;
    let mut next = |length: usize| {
        let part = text.get(at..at + length).unwrap_or_default();
        at += length;
        part
    };
    let [code, old_code, id, parent, center] = slot.short.map(|length| next(usize::from(length)));
    let [name, folded] = slot.long.map(|length| next(usize::from(length)));
    Facts { code, old_code, id, parent, center, name, folded, standing: slot.standing, version: slot.version }
}

/// A directory that can be asked.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) slots: Box<[Slot]>,
    pub(super) text: Box<str>,
    /// The greatest version that the axis has listed.
    pub(super) version: u64,
    /// When it was synchronised.
    pub(super) synced: Option<Timestamp>,
    /// Rows that have an older code, in the order of these.
    olds: Box<[u32]>,
    /// Rows that have an id, in the order of these.
    ids: Box<[u32]>,
    words: Words,
    listed: usize,
}

impl Default for Book {
    fn default() -> Self {
        Self::new(Rows::default(), 0, None)
    }
}

impl Book {
    /// A directory of rows that are in the order of their codes, each code once.
    pub(super) fn new(rows: Rows, version: u64, synced: Option<Timestamp>) -> Self {
        let (slots, text) = (rows.slots.into_boxed_slice(), rows.text.into_boxed_str());
        let sorted = |key: for<'a> fn(&Facts<'a>) -> &'a str| {
            let of = |row: &u32| slots.get(*row as usize).map_or("", |slot| key(&facts(&text, slot)));
            let mut order: Vec<u32> = numbers(slots.len()).filter(|row| !of(row).is_empty()).collect();
            order.sort_by(|one, other| of(one).cmp(of(other)));
            order.into_boxed_slice()
        };
        let (olds, ids) = (sorted(|facts| facts.old_code), sorted(|facts| facts.id));
        let words = Words::new(slots.iter().map(|slot| facts(&text, slot).folded));
        let listed = slots.iter().filter(|slot| slot.standing == Standing::Listed).count();
        Self { slots, text, version, synced, olds, ids, words, listed }
    }

    /// How many rows there are, those that are closed or no longer listed among them.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// How many agencies are listed and not closed.
    pub(super) fn listed(&self) -> usize {
        self.listed
    }

    pub(super) fn facts(&self, row: u32) -> Option<Facts<'_>> {
        self.slots.get(row as usize).map(|slot| facts(&self.text, slot))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Facts<'_>> {
        self.slots.iter().map(|slot| facts(&self.text, slot))
    }

    pub(super) fn row(&self, row: u32) -> Option<Row> {
        let facts = self.facts(row)?;
        Some(Row {
            code: facts.code.to_owned(),
            old_code: facts.old_code.to_owned(),
            name: facts.name.to_owned(),
            parent: self.parent(&facts).to_owned(),
            center: facts.center.to_owned(),
            standing: facts.standing,
            version: facts.version,
        })
    }

    /// The code of the agency above: VXP names its row, an LGSP its code.
    fn parent<'a>(&'a self, facts: &Facts<'a>) -> &'a str {
        if facts.parent.is_empty() || facts.parent == "0" {
            return "";
        }
        let id = |row: &u32| self.facts(*row).map_or("", |facts| facts.id);
        let by_id = self.ids.binary_search_by(|row| id(row).cmp(facts.parent)).ok().and_then(|at| self.ids.get(at));
        let above = by_id.copied().or_else(|| self.find(facts.parent)).and_then(|row| self.facts(row));
        above.map_or("", |above| above.code)
    }

    /// The row of a code in either form. Where a closed agency and one that is listed have it, the latter: it took the code over. An
    /// older code that no row has is turned around.
    pub(super) fn find(&self, code: &str) -> Option<u32> {
        let code = code.trim();
        let upper = code.to_ascii_uppercase();
        self.find_as_it_is(code).or_else(|| self.find_as_it_is(&upper)).or_else(|| self.find_as_it_is(&newer(&upper)?))
    }

    fn find_as_it_is(&self, code: &str) -> Option<u32> {
        if code.is_empty() {
            return None;
        }
        let rows = || self.by_code(code).into_iter().chain(self.by_old_code(code).iter().copied());
        let is_listed = |row: &u32| self.facts(*row).is_some_and(|facts| facts.standing == Standing::Listed);
        rows().find(is_listed).or_else(|| rows().next())
    }

    fn by_code(&self, code: &str) -> Option<u32> {
        let row = self.slots.binary_search_by(|slot| facts(&self.text, slot).code.cmp(code)).ok()?;
        u32::try_from(row).ok()
    }

    fn by_old_code(&self, code: &str) -> &[u32] {
        let old = |row: &u32| self.facts(*row).map_or("", |facts| facts.old_code);
        let from = self.olds.partition_point(|row| old(row) < code);
        let to = self.olds.partition_point(|row| old(row) <= code);
        self.olds.get(from..to).unwrap_or_default()
    }

    /// The rows whose code begins so.
    pub(super) fn code_begins(&self, start: &str) -> std::ops::Range<u32> {
        let from = self.slots.partition_point(|slot| facts(&self.text, slot).code < start);
        let rest = self.slots.get(from..).unwrap_or_default();
        let count = rest.partition_point(|slot| facts(&self.text, slot).code.starts_with(start));
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        number(from)..number(from + count)
    }

    /// The rows whose older code begins so.
    pub(super) fn old_code_begins(&self, start: &str) -> &[u32] {
        let old = |row: &u32| self.facts(*row).map_or("", |facts| facts.old_code);
        let from = self.olds.partition_point(|row| old(row) < start);
        let rest = self.olds.get(from..).unwrap_or_default();
        rest.get(..rest.partition_point(|row| old(row).starts_with(start))).unwrap_or_default()
    }

    pub(super) fn words(&self) -> &Words {
        &self.words
    }
}

/// The numbers of so many rows.
pub(super) fn numbers(rows: usize) -> std::ops::Range<u32> {
    0..u32::try_from(rows).unwrap_or(u32::MAX)
}

/// The code by QĐ 20/2020 that an older code becomes: largest unit first, and groups of zeros left out at the end. It is not so for
/// every agency, so that what a directory says of the older code goes first; nothing for what is no older code.
pub(crate) fn newer(code: &str) -> Option<String> {
    let scheme = Code::parse(code).ok()?.scheme();
    let mut groups: Vec<&str> = (scheme == Scheme::Old13).then(|| code.rsplit('.').collect())?;
    while groups.last().is_some_and(|group| group.bytes().all(|byte| byte == b'0')) {
        groups.pop();
    }
    Some(groups.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_code_is_turned_around_and_zeros_fall_from_its_end_alone() {
        for (old, new) in [
            ("000.00.15.H12", Some("H12.15")),
            ("000.00.00.G22", Some("G22")),
            ("003.00.15.H12", Some("H12.15.00.003")),
            ("H12.15", None),
            ("28.22.H17", None),
            ("0100109106", None),
        ] {
            assert_eq!(newer(old).as_deref(), new, "{old}");
        }
    }

    #[test]
    fn what_a_slot_cannot_say_is_not_taken() {
        let long = "x".repeat(70_000);
        let facts = Facts {
            code: "H12",
            old_code: "",
            id: "",
            parent: "",
            center: "",
            name: "Tỉnh",
            folded: " tinh",
            standing: Standing::Listed,
            version: 1,
        };
        let mut rows = Rows::default();
        assert!(!rows.push(&Facts { code: &long, ..facts }) && !rows.push(&Facts { name: &long, ..facts }));
        assert_eq!(rows, Rows::default());
        assert!(rows.push(&facts));
        assert_eq!(rows.facts(0), Some(facts));
        assert_eq!(rows.facts(1), None);
    }

    #[test]
    fn a_slot_that_points_beside_the_text_has_empty_facts() {
        let slot = Slot { at: 90, short: [3; 5], standing: Standing::Listed, long: [1, 1], version: 0 };
        let book = Book::new(Rows { slots: vec![slot], text: "ễ".into() }, 0, None);
        assert_eq!(book.row(0).map(|row| row.name), Some(String::new()));
        assert_eq!(book.find("H12"), None);
    }
}
