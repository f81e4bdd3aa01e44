use proptest::prelude::*;

use super::*;

fn agency_id(id: &str) -> Id {
    Id::parse(id).expect("a slug")
}

fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

fn dam_doi() -> Agency {
    Agency {
        id: agency_id("camau.dam-doi"),
        tier: Tier::District,
        kind: Kind::PeoplesCommittee,
        parent: Some(agency_id("camau")),
        name: "Ủy ban nhân dân huyện Đầm Dơi".into(),
        short_name: "UBND Đầm Dơi".into(),
        codes: vec![
            CodeAssignment {
                code: Code::parse("H12.15").expect("a code"),
                valid_from: Some(date("2020-12-15")),
                valid_until: Some(date("2025-06-30")),
                provisional: true,
            },
            CodeAssignment { code: Code::parse("000.00.15.H12").expect("a code"), valid_from: None, valid_until: None, provisional: false },
        ],
        state: State::Locked,
        valid_from: None,
        valid_until: Some(date("2025-06-30")),
        changed_seq: 0,
    }
}

fn fields(invalid: &Invalid) -> Vec<&str> {
    invalid.faults().iter().map(|fault| fault.field.as_str()).collect()
}

fn create(agency: v1::Agency) -> Result<Agency, Invalid> {
    created(&v1::CreateAgencyRequest { agency_id: "camau.dam-doi".into(), agency: Some(agency) })
}

fn update(agency: v1::Agency, paths: &[&str], etag: &str) -> Result<(Agency, u64), Invalid> {
    let update_mask = Some(prost_types::FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() });
    updated(&v1::UpdateAgencyRequest { agency: Some(agency), update_mask, etag: etag.into() }, &dam_doi())
}

#[test]
fn an_agency_comes_back_as_it_went() {
    let wire = to_wire(&dam_doi());
    assert_eq!((wire.name.as_str(), wire.etag.as_str()), ("agencies/camau.dam-doi", "0"));
    let schemes: Vec<_> = wire.codes.iter().map(v1::CodeAssignment::scheme).collect();
    assert_eq!(schemes, [v1::CodeScheme::Qd20, v1::CodeScheme::Old13]);
    assert_eq!(create(wire), Ok(dam_doi()));
}

#[test]
fn all_faults_of_an_agency_are_named() {
    let wire = v1::Agency {
        name: "agencies/other".into(),
        tier: 9,
        kind: 0,
        parent: "camau".into(),
        display_name: " ".into(),
        short_name: "x".repeat(101),
        codes: vec![v1::CodeAssignment { code: "h12".into(), valid_from: "2022-02-30".into(), ..Default::default() }],
        state: v1::AgencyState::Closed.into(),
        valid_from: "2025-07-01".into(),
        valid_until: "2025-06-30".into(),
        ..Default::default()
    };
    let invalid = create(wire).expect_err("ten faults");
    let expected = [
        "agency.name",
        "agency.state",
        "agency.tier",
        "agency.kind",
        "agency.parent",
        "agency.display_name",
        "agency.short_name",
        "agency.codes[0].code",
        "agency.codes[0].valid_from",
        "agency.valid_until",
    ];
    assert_eq!(fields(&invalid), expected);
    let empty = created(&v1::CreateAgencyRequest::default()).expect_err("nothing stated");
    assert_eq!(fields(&empty), ["agency_id", "agency"]);
}

#[test]
fn an_update_changes_what_the_mask_names_and_nothing_else() {
    let new = v1::Agency {
        display_name: "Xã Đầm Dơi".into(),
        tier: v1::Tier::Commune.into(),
        short_name: "ignored".into(),
        ..Default::default()
    };
    let expected = Agency { name: "Xã Đầm Dơi".into(), tier: Tier::Commune, ..dam_doi() };
    assert_eq!(update(new, &["display_name", "tier"], "17"), Ok((expected, 17)));
    let cleared = update(v1::Agency::default(), &["parent", "codes", "valid_until"], "").expect("an update");
    assert_eq!(cleared, (Agency { parent: None, codes: Vec::new(), valid_until: None, ..dam_doi() }, 0));
}

#[test]
fn an_update_with_a_wrong_mask_or_etag_is_refused() {
    let invalid = update(v1::Agency::default(), &["short_name", "name", "codes[0]"], "x").expect_err("three faults");
    assert_eq!(fields(&invalid), ["etag", "update_mask.paths[1]", "update_mask.paths[2]"]);
    assert_eq!(fields(&update(v1::Agency::default(), &[], "").expect_err("no paths")), ["update_mask.paths"]);
    let closed = v1::Agency { state: v1::AgencyState::Closed.into(), ..Default::default() };
    assert_eq!(fields(&update(closed, &["state"], "").expect_err("closing")), ["agency.state"]);
    assert_eq!(fields(&update(v1::Agency::default(), &["tier"], "").expect_err("no tier")), ["agency.tier"]);
}

#[test]
fn filters_that_are_not_stated_do_not_restrict() {
    assert_eq!(list(&v1::ListAgenciesRequest::default()), Ok(Filter::default()));
    let request = v1::ListAgenciesRequest {
        tier: v1::Tier::Commune.into(),
        subtree: "agencies/camau".into(),
        kind: v1::AgencyKind::Department.into(),
        state: v1::AgencyState::Active.into(),
        as_of_date: "2022-12-31".into(),
        ..Default::default()
    };
    let filter = Filter {
        tier: Some(Tier::Commune),
        subtree: Some(agency_id("camau")),
        kind: Some(Kind::Department),
        state: Some(State::Active),
        as_of: Some(date("2022-12-31")),
    };
    assert_eq!(list(&request), Ok(filter));
    let wrong = v1::ListAgenciesRequest { tier: -1, state: 77, subtree: "x".into(), as_of_date: "today".into(), ..Default::default() };
    assert_eq!(fields(&list(&wrong).expect_err("four faults")), ["tier", "subtree", "state", "as_of_date"]);
}

#[test]
fn successions_name_both_ends_and_the_day() {
    let good = v1::Succession {
        kind: v1::SuccessionKind::Merge.into(),
        predecessor: "agencies/bac-lieu".into(),
        successor: "agencies/camau".into(),
        effective_date: "2025-07-01".into(),
        scope: String::new(),
    };
    let parsed = successions(&v1::SucceedAgenciesRequest { successions: vec![good.clone()] }).expect("a succession");
    let expected = Succession {
        kind: SuccessionKind::Merge,
        from: agency_id("bac-lieu"),
        to: agency_id("camau"),
        effective: date("2025-07-01"),
        scope: String::new(),
    };
    assert_eq!(parsed, [expected]);
    let bad = v1::SucceedAgenciesRequest { successions: vec![good, v1::Succession::default()] };
    let expected = ["successions[1].kind", "successions[1].predecessor", "successions[1].successor", "successions[1].effective_date"];
    assert_eq!(fields(&successions(&bad).expect_err("four faults")), expected);
    assert_eq!(fields(&successions(&v1::SucceedAgenciesRequest::default()).expect_err("none")), ["successions"]);
}

#[test]
fn every_bad_line_of_a_directory_is_named() {
    let agencies_csv = "id,tier,kind,parent,name,short_name,code,old_code,code_provisional,valid_from,state\n\
        good,central,ministry,,Bộ Tốt,,G99,,true,2022-01-01,active\n\
        bad,nowhere,ministry,,Bộ Xấu,,G98,,true,2022-01-01,active\n\
        worse,central,ministry,,Bộ Tệ,,g97,,true,2022-13-01,active\n";
    let request =
        v1::ImportDirectoryRequest { agencies_csv: agencies_csv.into(), groups_csv: "what,is,this\n1,2,3\n".into(), ..Default::default() };
    assert_eq!(fields(&directory(&request).expect_err("three bad lines")), ["agencies_csv:3", "agencies_csv:4", "groups_csv:1"]);
    assert_eq!(directory(&v1::ImportDirectoryRequest::default()), Ok((Vec::new(), Vec::new(), Vec::new())));
}

#[test]
fn a_selector_has_a_target() {
    let wire = v1::Group {
        name: "groups/tat-ca-xa".into(),
        display_name: "Tất cả xã".into(),
        members: vec![v1::Selector { target: None }, v1::Selector { target: Some(v1::selector::Target::Code("?".into())) }],
    };
    let invalid = group(&v1::SetGroupRequest { group: Some(wire) }).expect_err("two faults");
    assert_eq!(fields(&invalid), ["group.members[0]", "group.members[1].code"]);
}

/// Any selector.
pub(crate) fn any_selector() -> impl Strategy<Value = Selector> {
    let id = || "[a-z0-9]{1,10}(\\.[a-z0-9-]{0,8}[a-z0-9])?".prop_map(|id| Id::parse(&id).expect("a slug"));
    let tier = prop::option::of(prop::sample::select(vec![Tier::Central, Tier::Province, Tier::District, Tier::Commune]));
    let kind = prop::option::of(prop::sample::select(vec![Kind::Ministry, Kind::PartyBody, Kind::Department, Kind::Other]));
    let code = prop::sample::select(vec!["H12", "H12.15", "000.00.15.H12", "2000110001", "Z01ABC"]);
    prop_oneof![
        id().prop_map(Selector::Agency),
        id().prop_map(Selector::Group),
        code.prop_map(|code| Selector::Code(Code::parse(code).expect("a code"))),
        (id(), tier, kind).prop_map(|(root, tier, kind)| Selector::Subtree { root, tier, kind }),
    ]
}

proptest! {
    #[test]
    fn a_group_comes_back_as_it_went(members in prop::collection::vec(any_selector(), 1..20)) {
        let given = Group { id: agency_id("nhom"), name: "Nhóm".into(), members };
        let request = v1::SetGroupRequest { group: Some(group_to_wire(&given)) };
        prop_assert_eq!(group(&request), Ok(given));
    }
}
