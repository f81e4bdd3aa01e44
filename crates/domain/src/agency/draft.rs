//! The directory as it would be: changes laid over the rows and checked together, so that an import is judged as a whole.

use std::collections::{BTreeMap, BTreeSet};

use super::lookup::{find, holders};
use super::succession::{self, circular, closes};
use super::tree::{MAX_DEPTH, below, children};
use super::{Agency, Code, Group, Id, SUCCESSIONS, Selector, State, Succession};
use crate::invalid::{self, Checker};
use crate::refusal::Refusal;
use crate::state::{self, Fault, State as Rows};
use crate::time::Date;

/// Codes of one agency.
const MAX_CODES: usize = 32;
/// Members of one group.
const MAX_MEMBERS: usize = 1_000;

/// Agencies as they would be, each with the path of its field in the request.
pub(super) struct Draft<'a> {
    rows: &'a dyn Rows,
    agencies: BTreeMap<Id, (String, Agency)>,
}

/// One holding of a code: who, by which field, from and until which day; `None` is without end.
struct Holding {
    from: Option<Date>,
    until: Option<Date>,
    agency: Id,
    /// The field, where the holder is in the draft.
    field: Option<String>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(rows: &'a dyn Rows) -> Self {
        Self { rows, agencies: BTreeMap::new() }
    }

    /// Lays an agency over the rows; the path it had before, if it was laid already.
    pub(super) fn lay(&mut self, field: String, agency: Agency) -> Option<String> {
        let agency = Agency { changed_seq: 0, ..agency };
        self.agencies.insert(agency.id.clone(), (field, agency)).map(|(field, _)| field)
    }

    /// The agency as it would be.
    pub(super) fn find(&self, id: &Id) -> Result<Option<Agency>, Fault> {
        match self.agencies.get(id) {
            Some((_, agency)) => Ok(Some(agency.clone())),
            None => find(self.rows, id),
        }
    }

    /// Whether this id is laid.
    pub(super) fn holds(&self, id: &Id) -> bool {
        self.agencies.contains_key(id)
    }

    /// The agencies that differ from the rows.
    pub(super) fn changed(&self) -> Result<BTreeMap<Id, Agency>, Fault> {
        let mut changed = BTreeMap::new();
        for (id, (_, agency)) in &self.agencies {
            let before = find(self.rows, id)?.map(|before| Agency { changed_seq: 0, ..before });
            if before.as_ref() != Some(agency) {
                changed.insert(id.clone(), agency.clone());
            }
        }
        Ok(changed)
    }

    /// Closes what a recorded succession closes, where the laid agency says otherwise.
    pub(super) fn close_as_recorded(&mut self, id: &Id) -> Result<(), Fault> {
        for succession in succession::of(self.rows, id)? {
            self.close_predecessor(&succession);
        }
        Ok(())
    }

    /// Checks successions, closes their predecessors, and gives those that are not recorded yet.
    pub(super) fn succeed(&mut self, check: &mut Checker, list: &[Succession]) -> Result<Vec<Succession>, Fault> {
        let mut fresh = Vec::new();
        let mut fields = Vec::new();
        let mut seen = BTreeMap::new();
        for (i, succession) in list.iter().enumerate() {
            let field = format!("successions[{i}]");
            let Succession { from, to, scope, effective, .. } = succession;
            if let Some(first) = seen.insert(succession::key(succession), i) {
                check.fault(field.as_str(), format_args!("is the same as successions[{first}]"));
                continue;
            }
            check.parse(format!("{field}.scope"), invalid::text(scope, 0, 500));
            check.require(from != to, format!("{field}.successor"), "is the predecessor itself");
            let (predecessor, successor) = (self.find(from)?, self.find(to)?);
            check.require(predecessor.is_some(), format!("{field}.predecessor"), format_args!("agencies/{from} does not exist"));
            check.require(successor.is_some(), format!("{field}.successor"), format_args!("agencies/{to} does not exist"));
            let (Some(predecessor), Some(successor)) = (predecessor, successor) else { continue };
            check.require(
                effective.previous().is_some() && predecessor.valid_from.is_none_or(|from| from < *effective),
                format!("{field}.effective_date"),
                format_args!("lies before the first day of agencies/{from}"),
            );
            check.require(
                successor.valid_until.is_none_or(|until| *effective <= until),
                format!("{field}.effective_date"),
                format_args!("lies after the last day of agencies/{to}"),
            );
            if !self.holds(from) && closes(succession.kind) {
                self.lay(field.clone(), predecessor);
            }
            self.close_predecessor(succession);
            if state::read::<Succession>(self.rows, SUCCESSIONS, &succession::key(succession))?.as_ref() != Some(succession) {
                fresh.push(succession.clone());
                fields.push(field);
            }
        }
        if !fresh.is_empty() {
            for i in circular(&succession::all_successions(self.rows)?, &fresh) {
                let field = fields.get(i).map_or("successions", String::as_str);
                check.fault(field, "closes a circle of successions; an agency cannot follow itself");
            }
        }
        Ok(fresh)
    }

    fn close_predecessor(&mut self, succession: &Succession) {
        let Some((_, agency)) = self.agencies.get_mut(&succession.from) else { return };
        if let Some(last_day) = succession.effective.previous()
            && closes(succession.kind)
        {
            agency.state = State::Closed;
            agency.valid_until = Some(agency.valid_until.map_or(last_day, |until| until.min(last_day)));
        }
    }

    /// Checks every laid agency against the rules and the others.
    pub(super) fn check(&self, check: &mut Checker) -> Result<(), Fault> {
        for (field, agency) in self.agencies.values() {
            check_facts(check, field, agency);
            self.check_place(check, field, agency)?;
        }
        Ok(())
    }

    fn check_place(&self, check: &mut Checker, field: &str, agency: &Agency) -> Result<(), Fault> {
        let before = find(self.rows, &agency.id)?;
        if before.as_ref().is_some_and(|before| before.tier != agency.tier) {
            for child in children(self.rows, &agency.id)? {
                let Some(child) = self.find(&child)? else { continue };
                check.require(
                    child.parent.as_ref() != Some(&agency.id) || agency.tier <= child.tier,
                    format!("{field}.tier"),
                    format_args!("is below that of agencies/{}, which belongs to it", child.id),
                );
            }
        }
        let Some(parent) = &agency.parent else { return Ok(()) };
        let field = format!("{field}.parent");
        let Some(above) = self.find(parent)? else {
            check.fault(field, format_args!("agencies/{parent} does not exist"));
            return Ok(());
        };
        check.require(
            above.tier <= agency.tier,
            field.as_str(),
            format_args!("agencies/{parent} is of a tier below that of agencies/{}", agency.id),
        );
        let mut depth = 1;
        let mut at = above;
        loop {
            if at.id == agency.id {
                check.fault(field, format_args!("agencies/{parent} lies below agencies/{} itself", agency.id));
                return Ok(());
            }
            // A chain that does not end is a circle further up, which is named at the agencies that close it.
            let Some(next) = at.parent.as_ref().filter(|_| depth <= MAX_DEPTH).map(|id| self.find(id)).transpose()?.flatten() else {
                break;
            };
            depth += 1;
            at = next;
        }
        let moved = before.is_some_and(|before| before.parent != agency.parent);
        let height = if moved { below(self.rows, &agency.id)?.1 } else { 0 };
        check.require(
            depth + height <= MAX_DEPTH,
            field,
            format_args!("would make the tree deeper than {MAX_DEPTH} levels below its root"),
        );
        Ok(())
    }

    /// The codes that two agencies would have at one time: the field of the later one, the code, and who has it.
    pub(super) fn clashes(&self) -> Result<Vec<(String, Code, Id)>, Fault> {
        let mut codes: BTreeMap<&Code, Vec<Holding>> = BTreeMap::new();
        for (field, agency) in self.agencies.values() {
            for (i, assignment) in agency.codes.iter().enumerate().take(MAX_CODES) {
                let holding = holding(agency, assignment.valid_from, assignment.valid_until, Some(format!("{field}.codes[{i}]")));
                codes.entry(&assignment.code).or_default().extend(holding);
            }
        }
        let mut clashes = Vec::new();
        for (code, mut holdings) in codes {
            for agency in holders(self.rows, code)?.into_iter().filter(|agency| !self.holds(&agency.id)) {
                let assignments = agency.codes.iter().filter(|a| a.code == *code);
                holdings.extend(assignments.filter_map(|a| holding(&agency, a.valid_from, a.valid_until, None)));
            }
            holdings.sort_by_key(|holding| holding.from);
            let mut running: Option<Holding> = None;
            for next in holdings {
                let Some(current) = running.take() else {
                    running = Some(next);
                    continue;
                };
                if current.agency != next.agency && !is_before(current.until, next.from) {
                    let (field, holder) = match (&next.field, &current.field) {
                        (Some(field), _) => (field.clone(), current.agency.clone()),
                        (None, Some(field)) => (field.clone(), next.agency.clone()),
                        // Both stand in the rows: nothing this command does.
                        (None, None) => (String::new(), current.agency.clone()),
                    };
                    if !field.is_empty() {
                        clashes.push((field, code.clone(), holder));
                    }
                }
                running = Some(if ends_before(next.until, current.until) { current } else { next });
            }
        }
        Ok(clashes)
    }

    /// Checks a group whose members are agencies as they would be.
    pub(super) fn check_group(&self, check: &mut Checker, field: &str, group: &Group) -> Result<(), Refusal> {
        let codes: BTreeSet<&Code> = self.agencies.values().flat_map(|(_, a)| a.codes.iter().map(|c| &c.code)).collect();
        check.parse(format!("{field}.display_name"), invalid::text(&group.name, 1, 200));
        check.require(
            (1..=MAX_MEMBERS).contains(&group.members.len()),
            format!("{field}.members"),
            format_args!("holds {} members, 1 to {MAX_MEMBERS} are allowed", group.members.len()),
        );
        for (i, member) in group.members.iter().enumerate().take(MAX_MEMBERS) {
            let field = format!("{field}.members[{i}]");
            match member {
                Selector::Agency(id) | Selector::Subtree { root: id, .. } => {
                    check.require(self.find(id)?.is_some(), field, format_args!("agencies/{id} does not exist"));
                }
                Selector::Code(code) => {
                    let is_known = codes.contains(code) || !holders(self.rows, code)?.is_empty();
                    check.require(is_known, field, format_args!("code {code} belongs to no agency"));
                }
                Selector::Group(id) => check.fault(field, format_args!("groups/{id} is a group; groups do not nest")),
            }
        }
        let bytes = postcard::to_stdvec(group).map_or(usize::MAX, |row| row.len());
        if bytes > state::MAX_ROW_BYTES {
            return Err(Refusal::TooLarge(format!("groups/{} takes {bytes} bytes, at most {} are kept", group.id, state::MAX_ROW_BYTES)));
        }
        Ok(())
    }
}

fn check_facts(check: &mut Checker, field: &str, agency: &Agency) {
    check.parse(format!("{field}.display_name"), invalid::text(&agency.name, 1, 200));
    check.parse(format!("{field}.short_name"), invalid::text(&agency.short_name, 0, 100));
    if let (Some(from), Some(until)) = (agency.valid_from, agency.valid_until) {
        check.require(from <= until, format!("{field}.valid_until"), "lies before valid_from");
    }
    check.require(
        agency.codes.len() <= MAX_CODES,
        format!("{field}.codes"),
        format_args!("holds {} codes, at most {MAX_CODES} are allowed", agency.codes.len()),
    );
    for (i, assignment) in agency.codes.iter().enumerate().take(MAX_CODES) {
        if let (Some(from), Some(until)) = (assignment.valid_from, assignment.valid_until) {
            check.require(from <= until, format!("{field}.codes[{i}].valid_until"), "lies before valid_from");
        }
        let overlapped = agency.codes.iter().take(i).position(|other| {
            other.code == assignment.code
                && !is_before(other.valid_until, assignment.valid_from)
                && !is_before(assignment.valid_until, other.valid_from)
        });
        if let Some(other) = overlapped {
            check.fault(format!("{field}.codes[{i}]"), format_args!("repeats {} of codes[{other}] in the same time", assignment.code));
        }
    }
}

/// The days on which an agency has a code while it exists, if there is one.
fn holding(agency: &Agency, from: Option<Date>, until: Option<Date>, field: Option<String>) -> Option<Holding> {
    let from = from.max(agency.valid_from);
    let until = match (until, agency.valid_until) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    let is_empty = matches!((from, until), (Some(from), Some(until)) if until < from);
    (!is_empty).then(|| Holding { from, until, agency: agency.id.clone(), field })
}

/// Whether a time with this last day ends before one with this first day begins.
fn is_before(until: Option<Date>, from: Option<Date>) -> bool {
    matches!((until, from), (Some(until), Some(from)) if until < from)
}

/// Whether one last day comes before another; `None` comes after all.
fn ends_before(a: Option<Date>, b: Option<Date>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a < b,
        (Some(_), None) => true,
        (None, _) => false,
    }
}
