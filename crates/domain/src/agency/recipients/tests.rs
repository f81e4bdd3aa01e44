//! Whom selectors mean, on a day.

use super::*;
use crate::agency::scene::{Scene, code, committee, date, faults, id};
use crate::agency::{CodeAssignment, Command, Group};

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
    let old = CodeAssignment { code: code("000.01.15.H12"), valid_from: None, valid_until: Some(date("2020-12-31")), provisional: false };
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
