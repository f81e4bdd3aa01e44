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
mod tests {
    use super::super::scene::{Scene, code, committee, date, faults, id};
    use super::super::{CodeAssignment, Command, Group};
    use super::*;

    fn expanded(scene: &Scene, selectors: &[Selector], day: &str) -> Result<Vec<(String, Option<Rerouted>)>, Refusal> {
        let recipients = expand(&scene.rows, &scene.named("camau"), selectors, date(day))?;
        Ok(recipients.into_iter().map(|r| (r.agency.id.to_string(), r.rerouted)).collect())
    }

    fn subtree(root: &str, tier: Option<Tier>) -> Selector {
        Selector::Subtree { root: id(root), tier, kind: None }
    }

    #[test]
    fn a_closed_address_leads_to_its_only_successor_and_says_so() {
        let scene = Scene::after_2025();
        let selectors = [Selector::Code(code("H12.15.01")), Selector::Agency(id("camau.damdoi.b"))];
        let rerouted = Rerouted { from: id("camau.damdoi.a"), code: Some(code("H12.15.01")) };
        assert_eq!(expanded(&scene, &selectors, "2025-08-01"), Ok(vec![("camau.xa-damdoi".into(), Some(rerouted))]));
        let before = vec![("camau.damdoi.a".into(), None), ("camau.damdoi.b".into(), None)];
        assert_eq!(expanded(&scene, &selectors, "2025-06-30"), Ok(before));
    }

    #[test]
    fn a_closed_address_with_several_successors_or_none_is_refused_with_the_choices() {
        let mut scene = Scene::after_2025();
        let refused = |agency: &str, successors: &[&str]| {
            Err(Refusal::RecipientClosed { agency: id(agency), successors: successors.iter().map(|s| id(s)).collect() })
        };
        let district = [Selector::Agency(id("camau.damdoi"))];
        assert_eq!(expanded(&scene, &district, "2025-08-01"), refused("camau.damdoi", &["camau", "camau.xa-damdoi"]));
        let last = Command::Close { agency: id("camau.xa-damdoi"), last_day: date("2025-12-31") };
        scene.admin(last).unwrap();
        assert_eq!(expanded(&scene, &[Selector::Agency(id("camau.xa-damdoi"))], "2026-01-01"), refused("camau.xa-damdoi", &[]));
    }

    #[test]
    fn a_subtree_means_its_active_agencies_and_a_group_its_named_members() {
        let mut scene = Scene::before_2025();
        let locked = Agency { state: State::Locked, ..scene.named("camau.damdoi.b") };
        scene.admin(Command::Update { agency: locked, etag: 0 }).unwrap();
        let communes = [subtree("camau", Some(Tier::Commune)), subtree("camau", None), Selector::Agency(id("camau"))];
        let all = vec![("camau.damdoi.a".into(), None), ("camau.damdoi".into(), None)];
        assert_eq!(expanded(&scene, &communes, "2024-01-01"), Ok(all));

        let members = vec![Selector::Agency(id("camau.damdoi.b")), Selector::Agency(id("camau.damdoi.a"))];
        let group = Group { id: id("xa"), name: "Các xã".into(), members };
        scene.admin(Command::SetGroup(group.clone())).unwrap();
        assert_eq!(scene.admin(Command::SetGroup(group)), Ok(Vec::new()));
        let by_group = expanded(&scene, &[Selector::Group(id("xa"))], "2024-01-01");
        assert_eq!(by_group, Err(Refusal::RecipientLocked(id("camau.damdoi.b"))));
    }

    #[test]
    fn every_selector_that_leads_nowhere_is_named() {
        let scene = Scene::before_2025();
        let selectors = [
            Selector::Agency(id("gone")),
            Selector::Agency(id("baclieu")),
            Selector::Code(code("H99")),
            Selector::Group(id("none")),
            subtree("gone", None),
        ];
        assert_eq!(
            faults(expanded(&scene, &selectors, "2024-01-01")),
            [
                "recipients[0] agencies/gone does not exist",
                "recipients[2] code H99 belongs to no agency on 2024-01-01",
                "recipients[3] groups/none does not exist",
                "recipients[4] agencies/gone does not exist",
            ]
        );
        assert_eq!(expanded(&scene, &[Selector::Agency(id("camau"))], "2024-01-01"), Err(Refusal::NoRecipient));
        assert_eq!(expanded(&scene, &[subtree("baclieu", None)], "2024-01-01"), Err(Refusal::NoRecipient));
    }

    #[test]
    fn an_ended_code_of_a_living_agency_leads_there_and_says_so() {
        let mut scene = Scene::before_2025();
        let mut commune = scene.named("camau.damdoi.a");
        let old =
            CodeAssignment { code: code("000.01.15.H12"), valid_from: None, valid_until: Some(date("2020-12-31")), provisional: false };
        commune.codes.push(old);
        scene.admin(Command::Update { agency: commune, etag: 0 }).unwrap();
        let selector = [Selector::Code(code("000.01.15.H12"))];
        assert_eq!(expanded(&scene, &selector, "2020-12-31"), Ok(vec![("camau.damdoi.a".into(), None)]));
        let rerouted = Rerouted { from: id("camau.damdoi.a"), code: Some(code("000.01.15.H12")) };
        assert_eq!(expanded(&scene, &selector, "2021-01-01"), Ok(vec![("camau.damdoi.a".into(), Some(rerouted))]));
    }
    #[test]
    fn a_group_member_that_is_closed_leads_to_its_successor_which_must_not_be_locked() {
        let mut scene = Scene::after_2025();
        let group = Group { id: id("xa"), name: "Các xã".into(), members: vec![Selector::Agency(id("camau.damdoi.a"))] };
        scene.admin(Command::SetGroup(group)).unwrap();
        let selector = [Selector::Group(id("xa"))];
        let rerouted = Rerouted { from: id("camau.damdoi.a"), code: None };
        assert_eq!(expanded(&scene, &selector, "2025-08-01"), Ok(vec![("camau.xa-damdoi".into(), Some(rerouted))]));
        let locked = Agency { state: State::Locked, ..scene.named("camau.xa-damdoi") };
        scene.admin(Command::Update { agency: locked, etag: 0 }).unwrap();
        assert_eq!(expanded(&scene, &selector, "2025-08-01"), Err(Refusal::RecipientLocked(id("camau.xa-damdoi"))));
    }

    #[test]
    fn the_issuer_gets_no_copy_even_as_the_successor_of_an_address() {
        let scene = Scene::after_2025();
        let selectors = [Selector::Agency(id("baclieu")), Selector::Agency(id("camau.xa-damdoi"))];
        assert_eq!(expanded(&scene, &selectors, "2025-08-01"), Ok(vec![("camau.xa-damdoi".into(), None)]));
    }

    #[test]
    fn a_document_goes_to_10_000_agencies_at_most() {
        let mut scene = Scene::before_2025();
        let communes = |range: std::ops::Range<usize>| range.map(|i| committee(&format!("baclieu.{i}"), Tier::Commune)).collect();
        let import = |agencies| Command::Import { agencies, successions: Vec::new(), groups: Vec::new() };
        assert_eq!(faults(scene.admin(import(communes(0..10_001)))), ["agencies holds 10001 items, 0 to 10000 are allowed"]);
        scene.admin(import(communes(0..10_000))).unwrap();
        let selector = [subtree("baclieu", None)];
        assert_eq!(expanded(&scene, &selector, "2024-01-01").map(|all| all.len()), Ok(10_000));
        scene.admin(import(communes(10_000..10_001))).unwrap();
        let refused = Err(Refusal::TooManyRecipients { count: 10_001, limit: 10_000 });
        assert_eq!(expanded(&scene, &selector, "2024-01-01"), refused);
    }
}
