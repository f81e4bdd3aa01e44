//! The rules of the directory, and what follows from them.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::Draft;
use super::lookup::{find, group};
use super::succession;
use super::{AGENCIES, Agency, CHILDREN, CODES, Command, Event, GROUPS, Group, Id, SUCCESSIONS, State, Succession};
use crate::command::{Context, Ruling};
use crate::event::{self, Place};
use crate::invalid::{Checker, Invalid};
use crate::refusal::Refusal;
use crate::state::{Fault, Overlay, State as Rows};
use crate::time::Date;

/// Agencies, and successions, of one import.
pub(super) const MAX_IMPORT: usize = 10_000;
/// Groups of one import.
pub(super) const MAX_GROUPS: usize = 1_000;

/// Decides a command about the directory. Only admins may.
pub fn decide(rows: &dyn Rows, context: &Context<'_>, command: &Command) -> Result<Ruling, Refusal> {
    context.caller.require_admin()?;
    match command {
        Command::Create(agency) => create(rows, agency),
        Command::Update { agency, etag } => update(rows, agency, *etag),
        Command::Close { agency, last_day } => close(rows, agency, *last_day),
        Command::Succeed(successions) => succeed(rows, successions),
        Command::Import { agencies, successions, groups } => import(rows, agencies, successions, groups),
        Command::SetGroup(group) => set_group(rows, group),
    }
}

fn create(rows: &dyn Rows, agency: &Agency) -> Result<Ruling, Refusal> {
    if find(rows, &agency.id)?.is_some() {
        return Err(Refusal::Exists { name: format!("agencies/{}", agency.id) });
    }
    set(rows, agency.clone())
}

fn update(rows: &dyn Rows, agency: &Agency, etag: u64) -> Result<Ruling, Refusal> {
    let before = known(rows, &agency.id)?;
    if etag != 0 && etag != before.changed_seq {
        return Err(Refusal::Changed { seen: etag, current: before.changed_seq });
    }
    set(rows, agency.clone())
}

fn close(rows: &dyn Rows, id: &Id, last_day: Date) -> Result<Ruling, Refusal> {
    let mut agency = known(rows, id)?;
    let mut check = Checker::default();
    check.require(
        agency.valid_from.is_none_or(|from| from <= last_day),
        "last_day",
        format_args!("lies before the first day of agencies/{id}"),
    );
    check.finish()?;
    agency.state = State::Closed;
    agency.valid_until = Some(last_day);
    set(rows, agency)
}

fn known(rows: &dyn Rows, id: &Id) -> Result<Agency, Refusal> {
    find(rows, id)?.ok_or_else(|| Refusal::NotFound { name: format!("agencies/{id}") })
}

fn set(rows: &dyn Rows, agency: Agency) -> Result<Ruling, Refusal> {
    let mut check = Checker::default();
    let resource = format!("agencies/{}", agency.id);
    let mut draft = Draft::new(rows);
    draft.lay("agency".into(), agency);
    draft.check(&mut check)?;
    check.finish()?;
    refuse_clash(&draft)?;
    Ok(Ruling { resource, events: changes(&draft)?.collect() })
}

fn succeed(rows: &dyn Rows, successions: &[Succession]) -> Result<Ruling, Refusal> {
    require_count("successions", successions.len(), 1, MAX_IMPORT)?;
    let mut check = Checker::default();
    let mut draft = Draft::new(rows);
    let fresh = draft.succeed(&mut check, successions)?;
    draft.check(&mut check)?;
    check.finish()?;
    refuse_clash(&draft)?;
    let events = changes(&draft)?.chain(fresh.into_iter().map(|s| event::Event::Agency(Event::Succeeded(s)))).collect();
    Ok(Ruling { resource: "directory".into(), events })
}

fn import(rows: &dyn Rows, agencies: &[Agency], successions: &[Succession], groups: &[Group]) -> Result<Ruling, Refusal> {
    require_count("agencies", agencies.len(), 0, MAX_IMPORT)?;
    require_count("successions", successions.len(), 0, MAX_IMPORT)?;
    require_count("groups", groups.len(), 0, MAX_GROUPS)?;
    let mut check = Checker::default();
    let mut draft = Draft::new(rows);
    let positions: BTreeMap<&Id, usize> = agencies.iter().enumerate().map(|(i, agency)| (&agency.id, i)).collect();
    for (i, agency) in agencies.iter().enumerate() {
        if let Some(parent) = &agency.parent
            && positions.get(parent).is_some_and(|later| *later >= i)
            && find(rows, parent)?.is_none()
        {
            check.fault(format!("agencies[{i}].parent"), format_args!("agencies/{parent} comes later in the list; put it first"));
        }
        if let Some(first) = draft.lay(format!("agencies[{i}]"), agency.clone()) {
            check.fault(format!("agencies[{i}].name"), format_args!("agencies/{} is {first} already", agency.id));
        }
        draft.close_as_recorded(&agency.id)?;
    }
    let fresh = draft.succeed(&mut check, successions)?;
    draft.check(&mut check)?;
    for (field, code, holder) in draft.clashes()? {
        check.fault(field, format_args!("{code} belongs to agencies/{holder} in that time"));
    }
    let mut fresh_groups = Vec::new();
    let mut seen = BTreeSet::new();
    for (i, item) in groups.iter().enumerate() {
        check.require(seen.insert(&item.id), format!("groups[{i}].name"), format_args!("groups/{} is in the list already", item.id));
        draft.check_group(&mut check, &format!("groups[{i}]"), item)?;
        if group(rows, &item.id)?.as_ref() != Some(item) {
            fresh_groups.push(event::Event::Agency(Event::GroupSet(item.clone())));
        }
    }
    check.finish()?;
    let events = changes(&draft)?.chain(fresh.into_iter().map(|s| event::Event::Agency(Event::Succeeded(s)))).chain(fresh_groups).collect();
    Ok(Ruling { resource: "directory".into(), events })
}

fn set_group(rows: &dyn Rows, item: &Group) -> Result<Ruling, Refusal> {
    let mut check = Checker::default();
    Draft::new(rows).check_group(&mut check, "group", item)?;
    check.finish()?;
    let events = match group(rows, &item.id)? {
        Some(before) if before == *item => Vec::new(),
        _ => vec![event::Event::Agency(Event::GroupSet(item.clone()))],
    };
    Ok(Ruling { resource: format!("groups/{}", item.id), events })
}

fn require_count(field: &str, count: usize, min: usize, max: usize) -> Result<(), Invalid> {
    if (min..=max).contains(&count) {
        Ok(())
    } else {
        Err(Invalid::one(field, format_args!("holds {count} items, {min} to {max} are allowed")))
    }
}

fn refuse_clash(draft: &Draft<'_>) -> Result<(), Refusal> {
    match draft.clashes()?.into_iter().next() {
        Some((_, code, holder)) => Err(Refusal::CodeTaken { code, holder }),
        None => Ok(()),
    }
}

fn changes(draft: &Draft<'_>) -> Result<impl Iterator<Item = event::Event> + use<>, Fault> {
    Ok(draft.changed()?.into_values().map(|agency| event::Event::Agency(Event::Set(agency))))
}

/// Writes what happened to the directory.
pub fn apply(place: &Place<'_>, event: &Event, rows: &mut Overlay<'_>) -> Result<(), Fault> {
    match event {
        Event::Set(agency) => set_rows(place, agency, rows),
        Event::Succeeded(item) => rows.put_row(SUCCESSIONS, &succession::key(item), item),
        Event::GroupSet(group) => rows.put_row(GROUPS, group.id.as_str().as_bytes(), group),
    }
}

fn set_rows(place: &Place<'_>, agency: &Agency, rows: &mut Overlay<'_>) -> Result<(), Fault> {
    if let Some(before) = find(rows, &agency.id)? {
        if let Some(parent) = &before.parent {
            rows.remove(CHILDREN, &pair(parent.as_str(), &agency.id));
        }
        for assignment in &before.codes {
            rows.remove(CODES, &pair(assignment.code.as_str(), &agency.id));
        }
    }
    if let Some(parent) = &agency.parent {
        rows.put(CHILDREN, &pair(parent.as_str(), &agency.id), Vec::new());
    }
    for assignment in &agency.codes {
        rows.put(CODES, &pair(assignment.code.as_str(), &agency.id), Vec::new());
    }
    let agency = Agency { changed_seq: place.seq, ..agency.clone() };
    rows.put_row(AGENCIES, agency.id.as_str().as_bytes(), &agency)
}

fn pair(first: &str, agency: &Id) -> Vec<u8> {
    [first.as_bytes(), &[0], agency.as_str().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::super::scene::{Scene, agencies_before_2025, code, committee, date, faults, id, succession, successions_of_2025, with_code};
    use super::super::{Filter, Selector, SuccessionKind, Tier, as_of, is_within, list, resolve_code, successors, superior};
    use super::*;
    use crate::principal::Role;

    fn import(agencies: Vec<Agency>, successions: Vec<Succession>) -> Command {
        Command::Import { agencies, successions, groups: Vec::new() }
    }

    fn ids(agencies: Vec<Agency>) -> Vec<String> {
        agencies.into_iter().map(|agency| agency.id.to_string()).collect()
    }

    #[test]
    fn only_an_admin_manages_the_directory() {
        let mut scene = Scene::before_2025();
        let create = Command::Create(committee("hanoi", Tier::Province)).into();
        for role in [Role::Auditor, Role::AgencySystem { agencies: vec![id("camau")] }, Role::Supervisor { subtrees: vec![id("camau")] }] {
            assert_eq!(scene.by(role, &create), Err(Refusal::Denied));
        }
        assert_eq!(scene.by(Role::Admin, &create).map(|events| events.len()), Ok(1));
        assert_eq!(scene.by(Role::Admin, &create), Err(Refusal::Exists { name: "agencies/hanoi".into() }));
    }

    #[test]
    fn all_faults_of_an_agency_are_told_at_once() {
        let mut agency = with_code(committee("camau.damdoi.c", Tier::Province), "H12.15.03");
        agency.name = " ".into();
        agency.short_name = "x".repeat(101);
        agency.codes.push(agency.codes[0].clone());
        agency.valid_from = Some(date("2025-07-01"));
        agency.valid_until = Some(date("2025-06-30"));
        assert_eq!(
            faults(Scene::before_2025().admin(Command::Create(agency))),
            [
                "agency.display_name is required",
                "agency.short_name has 101 characters, at most 100 are allowed",
                "agency.valid_until lies before valid_from",
                "agency.codes[1] repeats H12.15.03 of codes[0] in the same time",
                "agency.parent agencies/camau.damdoi is of a tier below that of agencies/camau.damdoi.c",
            ]
        );
    }

    #[test]
    fn an_agency_is_not_put_below_itself() {
        let mut scene = Scene::before_2025();
        let mut province = scene.named("camau");
        province.tier = Tier::Commune;
        province.parent = Some(id("camau.damdoi.a"));
        let faults = faults(scene.admin(Command::Update { agency: province, etag: 0 }));
        assert_eq!(
            faults,
            [
                "agency.tier is below that of agencies/camau.damdoi, which belongs to it",
                "agency.parent agencies/camau.damdoi.a lies below agencies/camau itself",
            ]
        );
    }

    #[test]
    fn the_tree_is_at_most_16_levels_below_its_root() {
        let mut scene = Scene::default();
        let mut name = "r".to_owned();
        scene.admin(Command::Create(committee(&name, Tier::Central))).unwrap();
        for _ in 0..16 {
            name.push_str(".x");
            scene.admin(Command::Create(committee(&name, Tier::Central))).unwrap();
        }
        assert_eq!(is_within(&scene.rows, &id("r"), &id(&name)), Ok(true));
        let rule = "agency.parent would make the tree deeper than 16 levels below its root";
        assert_eq!(faults(scene.admin(Command::Create(committee(&format!("{name}.x"), Tier::Central)))), [rule]);
        // A moved agency takes those below it along.
        scene.admin(Command::Create(committee("s", Tier::Central))).unwrap();
        let moved = Agency { parent: Some(id("s")), ..scene.named("r") };
        assert_eq!(faults(scene.admin(Command::Update { agency: moved, etag: 0 })), [rule]);
    }

    #[test]
    fn a_code_has_one_holder_at_a_time() {
        let mut scene = Scene::before_2025();
        let other = with_code(committee("camau.damdoi.c", Tier::Commune), "H12.15.01");
        let taken = Refusal::CodeTaken { code: code("H12.15.01"), holder: id("camau.damdoi.a") };
        assert_eq!(scene.admin(Command::Create(other.clone())), Err(taken));
        scene.admin(Command::Close { agency: id("camau.damdoi.a"), last_day: date("2025-06-30") }).unwrap();
        let mut later = other;
        later.codes[0].valid_from = Some(date("2025-07-01"));
        scene.admin(Command::Create(later)).unwrap();
        let holder = |day| resolve_code(&scene.rows, &code("H12.15.01"), date(day)).unwrap().map(|agency| agency.id);
        assert_eq!(holder("2025-06-30"), Some(id("camau.damdoi.a")));
        assert_eq!(holder("2025-07-01"), Some(id("camau.damdoi.c")));
        // Making the first holder live on is refused for the same reason.
        let reopened = Command::Close { agency: id("camau.damdoi.a"), last_day: date("2025-07-01") };
        assert!(matches!(scene.admin(reopened), Err(Refusal::CodeTaken { .. })));
    }

    #[test]
    fn a_stale_etag_is_refused_and_an_equal_update_does_nothing() {
        let mut scene = Scene::before_2025();
        let agency = scene.named("camau");
        assert_eq!(agency.changed_seq, 1);
        assert_eq!(scene.admin(Command::Update { agency: agency.clone(), etag: 1 }), Ok(Vec::new()));
        let renamed = Agency { short_name: "UBND tỉnh Cà Mau".into(), ..agency };
        scene.admin(Command::Update { agency: renamed.clone(), etag: 1 }).unwrap();
        let refused = scene.admin(Command::Update { agency: renamed, etag: 1 });
        assert_eq!(refused, Err(Refusal::Changed { seen: 1, current: 2 }));
        let unknown = Command::Update { agency: committee("hue", Tier::Province), etag: 0 };
        assert_eq!(scene.admin(unknown), Err(Refusal::NotFound { name: "agencies/hue".into() }));
    }

    #[test]
    fn a_moved_agency_leaves_its_old_place_and_codes() {
        let mut scene = Scene::before_2025();
        let mut commune = scene.named("camau.damdoi.a");
        commune.parent = Some(id("camau"));
        commune.codes[0].code = code("H12.77");
        scene.admin(Command::Update { agency: commune.clone(), etag: 0 }).unwrap();
        let below = |root: &str| {
            let filter = Filter { subtree: Some(id(root)), ..Filter::default() };
            ids(list(&scene.rows, &filter, None, 10).unwrap())
        };
        assert_eq!(below("camau.damdoi"), ["camau.damdoi", "camau.damdoi.b"]);
        assert_eq!(below("camau"), ["camau", "camau.damdoi", "camau.damdoi.a", "camau.damdoi.b"]);
        assert_eq!(resolve_code(&scene.rows, &code("H12.15.01"), date("2024-01-01")), Ok(None));
        assert_eq!(superior(&scene.rows, &commune).unwrap().map(|agency| agency.id), Some(id("camau")));
        assert_eq!(is_within(&scene.rows, &id("camau.damdoi"), &commune.id), Ok(false));
    }

    #[test]
    fn an_import_is_refused_as_a_whole_with_every_bad_item_named() {
        let mut scene = Scene::default();
        let mut agencies = agencies_before_2025();
        agencies.swap(0, 2);
        agencies.push(committee("nowhere.x", Tier::Commune));
        agencies.push(with_code(committee("hue", Tier::Province), "H03"));
        agencies.push(committee("hue", Tier::Province));
        agencies.push(with_code(committee("hanoi", Tier::Province), "H12"));
        let bad = vec![
            succession(SuccessionKind::Merge, "camau", "camau", "2025-07-01"),
            succession(SuccessionKind::Merge, "camau", "gone", "2025-07-01"),
        ];
        assert_eq!(
            faults(scene.admin(import(agencies, bad))),
            [
                "agencies[0].parent agencies/camau comes later in the list; put it first",
                "agencies[7].name agencies/hue is agencies[6] already",
                "successions[0].successor is the predecessor itself",
                "successions[1].successor agencies/gone does not exist",
                "successions[0] closes a circle of successions; an agency cannot follow itself",
                "agencies[5].parent agencies/nowhere does not exist",
                "agencies[8].codes[0] H12 belongs to agencies/camau in that time",
            ]
        );
        assert_eq!(list(&scene.rows, &Filter::default(), None, 10), Ok(Vec::new()));
        assert_eq!(scene.seq, 0);
    }

    #[test]
    fn the_change_of_2025_closes_the_districts_and_keeps_history_readable() {
        let mut scene = Scene::after_2025();
        let district = scene.named("camau.damdoi");
        assert_eq!((district.state, district.valid_until), (State::Closed, Some(date("2025-06-30"))));
        assert_eq!(as_of(&district, date("2025-06-30")), State::Active);
        assert_eq!(as_of(&district, date("2025-07-01")), State::Closed);
        let on = |day| ids(list(&scene.rows, &Filter { as_of: Some(date(day)), ..Filter::default() }, None, 10).unwrap());
        assert_eq!(on("2022-01-01"), ["baclieu", "camau", "camau.damdoi", "camau.damdoi.a", "camau.damdoi.b"]);
        assert_eq!(on("2025-07-01"), ["camau", "camau.xa-damdoi"]);
        let holder = resolve_code(&scene.rows, &code("H12.15.01"), date("2025-08-01")).unwrap().unwrap();
        assert_eq!(holder.id, id("camau.damdoi.a"));
        assert_eq!(successors(&scene.rows, &holder.id, date("2025-08-01")), Ok(vec![id("camau.xa-damdoi")]));
        assert_eq!(successors(&scene.rows, &holder.id, date("2025-06-30")), Ok(Vec::new()));
        // The same again, in any way, changes nothing.
        assert_eq!(scene.admin(Command::Succeed(successions_of_2025())), Ok(Vec::new()));
        assert_eq!(scene.admin(import(agencies_before_2025(), successions_of_2025())), Ok(Vec::new()));
        assert_eq!(scene.admin(import(agencies_before_2025(), Vec::new())), Ok(Vec::new()));
    }

    #[test]
    fn a_chain_of_successions_leads_to_who_acts_today() {
        let mut scene = Scene::after_2025();
        scene.admin(Command::Create(committee("camau.phuong", Tier::Commune))).unwrap();
        let rename = succession(SuccessionKind::Rename, "camau.xa-damdoi", "camau.phuong", "2026-01-01");
        scene.admin(Command::Succeed(vec![rename])).unwrap();
        assert_eq!(successors(&scene.rows, &id("camau.damdoi.a"), date("2026-01-01")), Ok(vec![id("camau.phuong")]));
        let back = succession(SuccessionKind::Transfer, "camau.phuong", "camau.damdoi.a", "2026-02-01");
        let refused = scene.admin(Command::Succeed(vec![back]));
        assert!(faults(refused).iter().any(|fault| fault.starts_with("successions[0] closes a circle")));
    }

    #[test]
    fn a_transfer_does_not_close_its_predecessor() {
        let mut scene = Scene::before_2025();
        let transfer = succession(SuccessionKind::Transfer, "camau.damdoi.a", "camau.damdoi.b", "2025-03-01");
        assert_eq!(scene.admin(Command::Succeed(vec![transfer])).map(|events| events.len()), Ok(1));
        assert_eq!(scene.named("camau.damdoi.a").state, State::Active);
    }

    #[test]
    fn a_group_does_not_hold_groups_or_strangers() {
        let members = vec![Selector::Group(id("xa")), Selector::Agency(id("gone")), Selector::Code(code("H99"))];
        let group = Group { id: id("g"), name: "Nhóm".into(), members };
        assert_eq!(
            faults(Scene::before_2025().admin(Command::SetGroup(group))),
            [
                "group.members[0] groups/xa is a group; groups do not nest",
                "group.members[1] agencies/gone does not exist",
                "group.members[2] code H99 belongs to no agency",
            ]
        );
    }

    #[test]
    fn pages_of_a_list_join_without_gaps() {
        let scene = Scene::before_2025();
        let first = ids(list(&scene.rows, &Filter::default(), None, 2).unwrap());
        assert_eq!(first, ["baclieu", "camau"]);
        let rest = ids(list(&scene.rows, &Filter::default(), Some(&id("camau")), 10).unwrap());
        assert_eq!(rest, ["camau.damdoi", "camau.damdoi.a", "camau.damdoi.b"]);
    }

    #[test]
    fn an_agency_closes_once_and_not_before_it_began() {
        let mut scene = Scene::after_2025();
        let close = |day| Command::Close { agency: id("camau.xa-damdoi"), last_day: date(day) };
        assert_eq!(faults(scene.admin(close("2025-06-30"))), ["last_day lies before the first day of agencies/camau.xa-damdoi"]);
        assert_eq!(scene.admin(close("2026-06-30")).map(|events| events.len()), Ok(1));
        assert_eq!(scene.admin(close("2026-06-30")), Ok(Vec::new()));
        let unknown = Command::Close { agency: id("hue"), last_day: date("2026-06-30") };
        assert_eq!(scene.admin(unknown), Err(Refusal::NotFound { name: "agencies/hue".into() }));
    }
}
