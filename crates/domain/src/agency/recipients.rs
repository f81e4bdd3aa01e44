//! From selectors to recipients: groups and subtrees expand, closed agencies lead to their successors, and say so.

use std::collections::BTreeSet;

use super::lookup::{as_of, find, group, last_holder, resolve_code};
use super::succession::successors;
use super::tree::below;
use super::{Agency, Code, Id, Kind, Selector, State, Tier};
use crate::delivery::Rerouted;
use crate::invalid::Checker;
use crate::refusal::Refusal;
use crate::state::{Fault, State as Rows};
use crate::time::Date;

/// Agencies that one document goes to at most: every commune of the country fits.
pub const MAX_RECIPIENTS: usize = 10_000;

/// An agency that shall receive a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The agency.
    pub agency: Agency,
    /// The address led here from elsewhere.
    pub rerouted: Option<Rerouted>,
}

/// Expands selectors to the agencies meant on a day, each once, in the order of the selectors, without the issuer. Of a subtree
/// only its active agencies are meant; agencies, codes and members of groups are named, so that a locked one is refused and a
/// closed one leads to its only successor.
///
/// # Errors
/// `Invalid` names every selector that leads to nothing that exists; otherwise the first agency that cannot receive.
pub fn expand(rows: &dyn Rows, issuer: &Agency, selectors: &[Selector], today: Date) -> Result<Vec<Recipient>, Refusal> {
    let mut expansion = Expansion {
        rows,
        today,
        seen: BTreeSet::from([issuer.id.clone()]),
        walked: BTreeSet::new(),
        recipients: Vec::new(),
        check: Checker::default(),
        refusal: None,
    };
    for (i, selector) in selectors.iter().enumerate() {
        expansion.select(&format!("recipients[{i}]"), selector, Nested::No)?;
    }
    expansion.check.finish()?;
    match expansion.refusal {
        Some(refusal) => Err(refusal),
        None if expansion.recipients.is_empty() => Err(Refusal::NoRecipient),
        None if expansion.recipients.len() > MAX_RECIPIENTS => {
            Err(Refusal::TooManyRecipients { count: expansion.recipients.len(), limit: MAX_RECIPIENTS })
        }
        None => Ok(expansion.recipients),
    }
}

/// Whether a selector stands in a group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nested {
    No,
    InGroup,
}

/// What is walked from an id on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Group,
    Subtree(Option<Tier>, Option<Kind>),
}

struct Expansion<'a> {
    rows: &'a dyn Rows,
    today: Date,
    /// Everybody who has the document anyway.
    seen: BTreeSet<Id>,
    /// Groups and subtrees that were walked: repeating them costs nothing.
    walked: BTreeSet<(Id, Part)>,
    recipients: Vec<Recipient>,
    check: Checker,
    /// The first agency that cannot receive.
    refusal: Option<Refusal>,
}

impl Expansion<'_> {
    fn select(&mut self, field: &str, selector: &Selector, nested: Nested) -> Result<(), Fault> {
        let walk = match selector {
            Selector::Agency(_) | Selector::Code(_) => None,
            Selector::Group(id) => Some((id.clone(), Part::Group)),
            Selector::Subtree { root, tier, kind } => Some((root.clone(), Part::Subtree(*tier, *kind))),
        };
        if walk.is_some_and(|walk| !self.walked.insert(walk)) {
            return Ok(());
        }
        match selector {
            Selector::Agency(id) => match find(self.rows, id)? {
                Some(agency) => self.name(agency, None)?,
                None => self.check.fault(field, format_args!("agencies/{id} does not exist")),
            },
            Selector::Code(code) => self.code(field, code)?,
            Selector::Group(id) if nested == Nested::InGroup => {
                self.check.fault(field, format_args!("groups/{id} stands in a group; groups do not nest"));
            }
            Selector::Group(id) => match group(self.rows, id)? {
                Some(group) => {
                    for member in &group.members {
                        self.select(field, member, Nested::InGroup)?;
                    }
                }
                None => self.check.fault(field, format_args!("groups/{id} does not exist")),
            },
            Selector::Subtree { root, .. } if find(self.rows, root)?.is_none() => {
                self.check.fault(field, format_args!("agencies/{root} does not exist"));
            }
            Selector::Subtree { root, tier, kind } => {
                for id in below(self.rows, root)?.0 {
                    let Some(agency) = find(self.rows, &id)? else { continue };
                    let is_meant = tier.is_none_or(|tier| tier == agency.tier) && kind.is_none_or(|kind| kind == agency.kind);
                    if is_meant && as_of(&agency, self.today) == State::Active {
                        self.take(agency, None);
                    }
                }
            }
        }
        Ok(())
    }

    fn code(&mut self, field: &str, code: &Code) -> Result<(), Fault> {
        if let Some(agency) = resolve_code(self.rows, code, self.today)? {
            return self.name(agency, Some(code));
        }
        let Some(agency) = last_holder(self.rows, code, self.today)? else {
            self.check.fault(field, format_args!("code {code} belongs to no agency on {}", self.today));
            return Ok(());
        };
        if as_of(&agency, self.today) == State::Active {
            // The code ended and its agency did not: the copy goes there, and the answer tells that the code is of old.
            let rerouted = Rerouted { from: agency.id.clone(), code: Some(code.clone()) };
            self.take(agency, Some(rerouted));
            return Ok(());
        }
        self.name(agency, Some(code))
    }

    /// Takes an agency that the sender named, or its successor.
    fn name(&mut self, agency: Agency, code: Option<&Code>) -> Result<(), Fault> {
        match as_of(&agency, self.today) {
            State::Active => self.take(agency, None),
            State::Locked => self.refuse(&agency.id, Refusal::RecipientLocked(agency.id.clone())),
            State::Closed => {
                let successors = successors(self.rows, &agency.id, self.today)?;
                match <[Id; 1]>::try_from(successors) {
                    Ok([only]) => {
                        let Some(successor) = find(self.rows, &only)? else {
                            return Err(Fault(format!("agencies/{only} succeeds agencies/{} and is not there", agency.id)));
                        };
                        if as_of(&successor, self.today) == State::Locked {
                            self.refuse(&only, Refusal::RecipientLocked(only.clone()));
                        } else {
                            self.take(successor, Some(Rerouted { from: agency.id, code: code.cloned() }));
                        }
                    }
                    Err(successors) => {
                        self.refuse(&agency.id, Refusal::RecipientClosed { agency: agency.id.clone(), successors });
                    }
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, agency: Agency, rerouted: Option<Rerouted>) {
        if self.seen.insert(agency.id.clone()) {
            self.recipients.push(Recipient { agency, rerouted });
        }
    }

    /// Notes the first refusal; the issuer's own state is no matter of the recipients.
    fn refuse(&mut self, agency: &Id, refusal: Refusal) {
        if !self.seen.contains(agency) && self.refusal.is_none() {
            self.refusal = Some(refusal);
        }
    }
}

#[cfg(test)]
mod tests;
