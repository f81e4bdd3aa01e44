//! Whom selectors mean, on a day.

use proptest::prelude::*;

use super::*;
use crate::agency::scene::{Scene, code, committee, date, faults, id, succession};
use crate::agency::{CodeAssignment, Command, Group, SuccessionKind};

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

fn agency(name: &str) -> Selector {
    Selector::Agency(id(name))
}

fn group_of(scene: &mut Scene, name: &str, members: Vec<Selector>) -> Selector {
    scene.admin(Command::SetGroup(Group { id: id(name), name: "Nhóm".into(), members })).unwrap();
    Selector::Group(id(name))
}

fn change(scene: &mut Scene, name: &str, change: impl FnOnce(&mut Agency)) {
    let mut agency = scene.named(name);
    change(&mut agency);
    scene.admin(Command::Update { agency, etag: 0 }).unwrap();
}

fn names(expanded: Result<Vec<(String, Option<Rerouted>)>, Refusal>) -> Result<Vec<String>, Refusal> {
    Ok(expanded?.into_iter().map(|(name, _)| name).collect())
}

#[test]
fn whoever_is_meant_several_times_receives_once_where_first_named() {
    let mut scene = Scene::before_2025();
    let group = group_of(&mut scene, "nhom", vec![agency("baclieu"), Selector::Code(code("H12.15.02")), subtree("camau.damdoi", None)]);
    let selectors =
        [agency("camau.damdoi.a"), group.clone(), subtree("camau", None), group, Selector::Code(code("H03")), agency("baclieu")];
    let expected = ["camau.damdoi.a", "baclieu", "camau.damdoi.b", "camau.damdoi"].map(String::from);
    assert_eq!(names(expanded(&scene, &selectors, "2024-01-01")), Ok(expected.into()));
}

#[test]
fn the_issuer_is_left_out_however_it_is_named() {
    let mut scene = Scene::before_2025();
    let group = group_of(&mut scene, "nhom", vec![agency("camau"), agency("baclieu")]);
    change(&mut scene, "camau", |camau| camau.state = State::Locked);
    for selector in [group, agency("camau"), Selector::Code(code("H12"))] {
        let others = expanded(&scene, &[selector, agency("baclieu")], "2024-01-01");
        assert_eq!(names(others), Ok(vec!["baclieu".into()]), "its own lock is no matter either");
    }
    // It lies below the root of the subtree here.
    let issuer = scene.named("camau.damdoi");
    let below = expand(&scene.rows, &issuer, &[subtree("camau", None)], date("2024-01-01")).unwrap();
    assert_eq!(below.iter().map(|r| r.agency.id.as_str()).collect::<Vec<_>>(), ["camau.damdoi.a", "camau.damdoi.b"]);
}

#[test]
fn a_group_has_members_but_may_reach_nobody() {
    let mut scene = Scene::after_2025();
    let empty = Group { id: id("nhom"), name: "Nhóm".into(), members: vec![] };
    assert_eq!(faults(scene.admin(Command::SetGroup(empty))), ["group.members holds 0 members, 1 to 1000 are allowed"]);
    let nested = Group { id: id("nhom"), name: "Nhóm".into(), members: vec![Selector::Group(id("nhom"))] };
    assert_eq!(faults(scene.admin(Command::SetGroup(nested))), ["group.members[0] groups/nhom is a group; groups do not nest"]);
    let issuer_alone = group_of(&mut scene, "mot", vec![agency("camau")]);
    // All who were below the district are closed since July.
    let closed = group_of(&mut scene, "cu", vec![subtree("camau.damdoi", None)]);
    let childless = group_of(&mut scene, "con", vec![subtree("baclieu", None)]);
    for group in [issuer_alone, closed.clone(), childless] {
        assert_eq!(expanded(&scene, &[group], "2025-07-01"), Err(Refusal::NoRecipient));
    }
    let before = Ok(vec!["camau.damdoi.a".into(), "camau.damdoi.b".into()]);
    assert_eq!(names(expanded(&scene, &[closed], "2025-06-30")), before, "they acted to the end of June");
}

#[test]
fn a_closed_member_of_a_group_with_several_successors_is_for_the_sender_to_choose() {
    let mut scene = Scene::after_2025();
    let group = group_of(&mut scene, "nhom", vec![agency("camau.xa-damdoi"), agency("camau.damdoi")]);
    let refused = Refusal::RecipientClosed { agency: id("camau.damdoi"), successors: vec![id("camau"), id("camau.xa-damdoi")] };
    assert_eq!(expanded(&scene, &[group], "2025-07-01"), Err(refused));
}

#[test]
fn an_agency_that_is_yet_to_come_cannot_receive() {
    let scene = Scene::after_2025();
    let new = [agency("camau.xa-damdoi")];
    let refused = Refusal::RecipientClosed { agency: id("camau.xa-damdoi"), successors: vec![] };
    assert_eq!(expanded(&scene, &new, "2025-06-30"), Err(refused));
    assert_eq!(names(expanded(&scene, &new, "2025-07-01")), Ok(vec!["camau.xa-damdoi".into()]));
    let below = names(expanded(&scene, &[subtree("camau", Some(Tier::Commune))], "2025-06-30"));
    assert_eq!(below, Ok(vec!["camau.damdoi.a".into(), "camau.damdoi.b".into()]));
}

#[test]
fn a_subtree_is_the_whole_depth_of_the_tree_and_no_more() {
    let mut scene = Scene::before_2025();
    // 16 levels below the root are the deepest tree there is.
    let chain: Vec<Agency> = (1..=16).map(|depth| committee(&format!("baclieu{}", ".x".repeat(depth)), Tier::Commune)).collect();
    let import = |agencies| Command::Import { agencies, successions: vec![], groups: vec![] };
    scene.admin(import(chain.clone())).unwrap();
    let deeper = committee(&format!("baclieu{}", ".x".repeat(17)), Tier::Commune);
    assert!(matches!(scene.admin(Command::Create(deeper)), Err(Refusal::Invalid(_))));
    let expected: Vec<String> = chain.iter().map(|agency| agency.id.to_string()).collect();
    assert_eq!(names(expanded(&scene, &[subtree("baclieu", None)], "2024-01-01")), Ok(expected.clone()));
    let lower = names(expanded(&scene, &[subtree("baclieu.x.x", None)], "2024-01-01"));
    assert_eq!(lower, Ok(expected[2..].to_vec()));
}

#[test]
fn a_locked_or_closed_agency_in_a_subtree_is_passed_over_and_those_below_it_are_not() {
    let mut scene = Scene::before_2025();
    change(&mut scene, "camau.damdoi", |district| district.state = State::Locked);
    let communes = Ok(vec!["camau.damdoi.a".to_owned(), "camau.damdoi.b".to_owned()]);
    assert_eq!(names(expanded(&scene, &[subtree("camau", None)], "2024-01-01")), communes);
    assert_eq!(names(expanded(&scene, &[subtree("camau.damdoi", None)], "2024-01-01")), communes, "even as the root");
    change(&mut scene, "camau.damdoi", |district| (district.state, district.valid_until) = (State::Closed, Some(date("2023-12-31"))));
    assert_eq!(names(expanded(&scene, &[subtree("camau", None)], "2024-01-01")), communes);
}

#[test]
fn a_subtree_may_be_narrowed_by_tier_and_kind() {
    let mut scene = Scene::before_2025();
    for (name, tier) in [("camau.so", Tier::Province), ("camau.damdoi.phong", Tier::District)] {
        let kind = if tier == Tier::Province { Kind::Department } else { Kind::DistrictOffice };
        scene.admin(Command::Create(Agency { kind, ..committee(name, tier) })).unwrap();
    }
    let narrowed = |tier, kind| names(expanded(&scene, &[Selector::Subtree { root: id("camau"), tier, kind }], "2024-01-01"));
    let found = |names: &[&str]| Ok(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    assert_eq!(narrowed(None, Some(Kind::Department)), found(&["camau.so"]));
    assert_eq!(narrowed(Some(Tier::District), None), found(&["camau.damdoi", "camau.damdoi.phong"]));
    assert_eq!(narrowed(Some(Tier::District), Some(Kind::DistrictOffice)), found(&["camau.damdoi.phong"]));
    assert_eq!(narrowed(Some(Tier::Province), Some(Kind::DistrictOffice)), Err(Refusal::NoRecipient));
}

#[test]
fn the_first_that_cannot_receive_is_told_after_all_that_lead_nowhere() {
    let mut scene = Scene::after_2025();
    change(&mut scene, "camau.xa-damdoi", |commune| commune.state = State::Locked);
    let closed = agency("camau.damdoi");
    let locked = agency("camau.xa-damdoi");
    let is_locked = Err(Refusal::RecipientLocked(id("camau.xa-damdoi")));
    assert_eq!(expanded(&scene, &[locked.clone(), closed.clone()], "2025-08-01"), is_locked);
    let is_closed = expanded(&scene, &[closed.clone(), locked.clone()], "2025-08-01");
    assert!(matches!(is_closed, Err(Refusal::RecipientClosed { .. })), "{is_closed:?}");
    let nowhere = faults(expanded(&scene, &[locked, closed, agency("gone")], "2025-08-01"));
    assert_eq!(nowhere, ["recipients[2] agencies/gone does not exist"]);
}

#[test]
fn a_chain_of_successions_is_followed_to_its_end_as_of_the_day() {
    let mut scene = Scene::default();
    let agencies = ["camau", "a", "b", "c", "d"].map(|name| committee(name, Tier::Province)).into();
    scene.admin(Command::Import { agencies, successions: vec![], groups: vec![] }).unwrap();
    let merge = |from, to, day| succession(SuccessionKind::Merge, from, to, day);
    let handed = succession(SuccessionKind::Transfer, "a", "d", "2025-01-01");
    scene.admin(Command::Succeed(vec![handed, merge("a", "b", "2025-07-01"), merge("b", "c", "2026-01-01")])).unwrap();
    let reached = |day| expanded(&scene, &[agency("a")], day);
    let rerouted = Some(Rerouted { from: id("a"), code: None });
    assert_eq!(reached("2025-06-30"), Ok(vec![("a".into(), None)]), "what was handed over does not end it");
    assert_eq!(reached("2025-07-01"), Ok(vec![("b".into(), rerouted.clone())]));
    assert_eq!(reached("2025-12-31"), Ok(vec![("b".into(), rerouted.clone())]));
    assert_eq!(reached("2026-01-01"), Ok(vec![("c".into(), rerouted)]));
}

#[test]
fn parts_that_come_together_again_are_one_successor() {
    let mut scene = Scene::default();
    let agencies = ["camau", "a", "b", "c", "d"].map(|name| committee(name, Tier::Province)).into();
    scene.admin(Command::Import { agencies, successions: vec![], groups: vec![] }).unwrap();
    let split = |to| succession(SuccessionKind::Split, "a", to, "2024-01-01");
    let merge = |from| succession(SuccessionKind::Merge, from, "d", "2025-01-01");
    scene.admin(Command::Succeed(vec![split("b"), split("c"), merge("b"), merge("c")])).unwrap();
    let choice = Refusal::RecipientClosed { agency: id("a"), successors: vec![id("b"), id("c")] };
    assert_eq!(expanded(&scene, &[agency("a")], "2024-12-31"), Err(choice));
    let rerouted = Some(Rerouted { from: id("a"), code: None });
    assert_eq!(expanded(&scene, &[agency("a")], "2025-01-01"), Ok(vec![("d".into(), rerouted)]));
}

/// A directory with everything that makes a difference, and two groups.
fn mixed() -> Scene {
    let mut scene = Scene::after_2025();
    change(&mut scene, "camau.damdoi.b", |commune| commune.state = State::Closed);
    scene.admin(Command::Create(committee("camau.c", Tier::Commune))).unwrap();
    scene.admin(Command::Create(Agency { state: State::Locked, ..committee("camau.khoa", Tier::Commune) })).unwrap();
    group_of(&mut scene, "nhom", vec![agency("camau.c"), Selector::Code(code("H12.15.01")), agency("camau")]);
    group_of(&mut scene, "cay", vec![subtree("camau", Some(Tier::Commune)), agency("baclieu")]);
    scene
}

fn any_selector() -> impl Strategy<Value = Selector> {
    let agencies = prop::sample::select(vec!["camau", "baclieu", "camau.damdoi.a", "camau.damdoi.b", "camau.xa-damdoi", "camau.c"]);
    let tiers = prop::option::of(prop::sample::select(vec![Tier::Province, Tier::District, Tier::Commune]));
    prop_oneof![
        agencies.clone().prop_map(agency),
        prop::sample::select(vec!["H12", "H03", "H12.15.01", "H12.15.02", "H12.101"]).prop_map(|text| Selector::Code(code(text))),
        prop::sample::select(vec!["nhom", "cay"]).prop_map(|name| Selector::Group(id(name))),
        (agencies, tiers).prop_map(|(root, tier)| subtree(root, tier)),
    ]
}

fn any_selectors() -> impl Strategy<Value = Vec<Selector>> {
    prop::collection::vec(any_selector(), 1..8)
}

fn reached(scene: &Scene, selectors: &[Selector]) -> Vec<String> {
    match names(expanded(scene, selectors, "2025-08-01")) {
        Ok(names) => names,
        Err(Refusal::NoRecipient) => vec![],
        Err(other) => panic!("{other}"),
    }
}

proptest! {
    #[test]
    fn selectors_reach_active_agencies_each_once_and_one_after_the_other(first in any_selectors(), second in any_selectors()) {
        let scene = mixed();
        let both = reached(&scene, &[first.clone(), second.clone()].concat());
        for name in &both {
            prop_assert_ne!(name, "camau");
            prop_assert_eq!(as_of(&scene.named(name), date("2025-08-01")), State::Active);
        }
        prop_assert_eq!(both.iter().collect::<BTreeSet<_>>().len(), both.len());
        let mut joined = reached(&scene, &first);
        let more: Vec<String> = reached(&scene, &second).into_iter().filter(|name| !joined.contains(name)).collect();
        joined.extend(more);
        prop_assert_eq!(both, joined);
    }
}
