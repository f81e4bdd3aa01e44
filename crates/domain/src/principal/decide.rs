//! The rules of enrolment: one name, one principal; one credential, one holder for ever.

use std::collections::BTreeSet;

use super::lookup::{find, holder, list};
use super::{CREDENTIALS, Command, Credential, Event, Id, PRINCIPALS, Principal, Role, State};
use crate::agency;
use crate::command::{Context, Ruling};
use crate::event::{self, Place};
use crate::invalid::{self, Checker};
use crate::refusal::Refusal;
use crate::state::{Fault, Overlay, State as Rows};

/// Credentials of one principal: a certificate, its successor and some room for several front ends.
const MAX_CREDENTIALS: usize = 8;
/// Agencies or roots of one principal: with ids of 63 bytes the row stays below [`crate::state::MAX_ROW_BYTES`].
const MAX_AGENCIES: usize = 800;
/// Characters of a credential's URI.
const MAX_URI: usize = 500;

/// Decides a command about principals. Only admins may.
pub fn decide(rows: &dyn Rows, context: &Context<'_>, command: &Command) -> Result<Ruling, Refusal> {
    context.caller.require_admin()?;
    match command {
        Command::Enrol(principal) => enrol(rows, principal),
        Command::Rotate { principal, add, remove } => rotate(rows, principal, add, remove),
        Command::Assign { principal, role } => assign(rows, principal, role),
        Command::Revoke { principal, reason } => revoke(rows, context, principal, reason),
    }
}

fn enrol(rows: &dyn Rows, principal: &Principal) -> Result<Ruling, Refusal> {
    if find(rows, &principal.id)?.is_some() {
        return Err(Refusal::Exists { name: name(&principal.id) });
    }
    let mut check = Checker::default();
    check.require(principal.id != Id::hub(), "principal_id", "is the hub's own name; choose another");
    check.parse("principal.display_name", invalid::text(&principal.display_name, 0, 200));
    check_credentials(&mut check, "principal.credentials", &principal.credentials);
    check_role(&mut check, rows, "principal.", &principal.role)?;
    check.finish()?;
    require_untaken(rows, &principal.id, &principal.credentials)?;
    Ok(set(Principal { state: State::Active, changed_seq: 0, ..principal.clone() }))
}

fn rotate(rows: &dyn Rows, id: &Id, add: &[Credential], remove: &[Credential]) -> Result<Ruling, Refusal> {
    let mut principal = active(rows, id)?;
    let before = principal.credentials.clone();
    principal.credentials.retain(|credential| !remove.contains(credential));
    for credential in add {
        if !principal.credentials.contains(credential) {
            principal.credentials.push(credential.clone());
        }
    }
    let mut check = Checker::default();
    for (i, credential) in add.iter().enumerate() {
        let field = format!("add[{i}]");
        check.require(!remove.contains(credential), field.as_str(), "is also to be removed");
        check_credential(&mut check, field, credential);
    }
    check.require(!principal.credentials.is_empty(), "remove", "would leave no credential; at least one must stay");
    check.require(
        principal.credentials.len() <= MAX_CREDENTIALS,
        "add",
        format_args!("would make {} credentials, at most {MAX_CREDENTIALS} are allowed", principal.credentials.len()),
    );
    check.finish()?;
    require_untaken(rows, id, add)?;
    if principal.credentials == before { Ok(nothing(id)) } else { Ok(set(principal)) }
}

fn assign(rows: &dyn Rows, id: &Id, role: &Role) -> Result<Ruling, Refusal> {
    let mut principal = active(rows, id)?;
    let mut check = Checker::default();
    check.require(
        std::mem::discriminant(&principal.role) == std::mem::discriminant(role),
        "name",
        "has another role; enrol another principal for another role",
    );
    check_role(&mut check, rows, "", role)?;
    check.finish()?;
    if principal.role == *role {
        return Ok(nothing(id));
    }
    principal.role = role.clone();
    Ok(set(principal))
}

fn revoke(rows: &dyn Rows, context: &Context<'_>, id: &Id, reason: &str) -> Result<Ruling, Refusal> {
    let mut principal = known(rows, id)?;
    let mut check = Checker::default();
    check.parse("reason", invalid::text(reason, 1, 500));
    check.finish()?;
    match principal.state {
        State::Revoked { .. } => Ok(nothing(id)),
        State::Active if is_last_admin(rows, &principal)? => Err(Refusal::LastAdmin(id.clone())),
        State::Active => {
            principal.state = State::Revoked { at: context.at, reason: reason.to_owned() };
            Ok(set(principal))
        }
    }
}

/// Whether without this principal no admin could call: only the hub's own beginnings could make one then.
fn is_last_admin(rows: &dyn Rows, principal: &Principal) -> Result<bool, Fault> {
    let is_another = |other: &Principal| other.id != principal.id && matches!((&other.role, &other.state), (Role::Admin, State::Active));
    Ok(principal.role == Role::Admin && !list(rows, None, usize::MAX)?.iter().any(is_another))
}

fn known(rows: &dyn Rows, id: &Id) -> Result<Principal, Refusal> {
    find(rows, id)?.ok_or_else(|| Refusal::NotFound { name: name(id) })
}

fn active(rows: &dyn Rows, id: &Id) -> Result<Principal, Refusal> {
    let principal = known(rows, id)?;
    match principal.state {
        State::Active => Ok(principal),
        State::Revoked { .. } => Err(Refusal::PrincipalRevoked(id.clone())),
    }
}

fn check_credentials(check: &mut Checker, field: &str, credentials: &[Credential]) {
    check.require(
        (1..=MAX_CREDENTIALS).contains(&credentials.len()),
        field,
        format_args!("holds {} credentials, 1 to {MAX_CREDENTIALS} are allowed", credentials.len()),
    );
    let mut seen = BTreeSet::new();
    for (i, credential) in credentials.iter().enumerate().take(MAX_CREDENTIALS) {
        check.require(seen.insert(credential), format!("{field}[{i}]"), "is named twice");
        check_credential(check, format!("{field}[{i}]"), credential);
    }
}

fn check_credential(check: &mut Checker, field: String, credential: &Credential) {
    match credential {
        Credential::Uri(uri) => {
            let has_scheme = uri.split_once(':').is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
            check.require(
                has_scheme && uri.len() <= MAX_URI && uri.bytes().all(|b| b.is_ascii_graphic()),
                field,
                format_args!("is not a URI of at most {MAX_URI} ASCII characters, such as urn:example:system"),
            );
        }
        Credential::Fingerprint(_) => {}
    }
}

fn check_role(check: &mut Checker, rows: &dyn Rows, prefix: &str, role: &Role) -> Result<(), Fault> {
    let (field, agencies) = match role {
        Role::AgencySystem { agencies } => (format!("{prefix}agencies"), agencies),
        Role::Supervisor { subtrees } => (format!("{prefix}subtrees"), subtrees),
        Role::Auditor | Role::Admin => return Ok(()),
    };
    check.require(
        (1..=MAX_AGENCIES).contains(&agencies.len()),
        field.as_str(),
        format_args!("names {} agencies, 1 to {MAX_AGENCIES} are allowed", agencies.len()),
    );
    let mut seen = BTreeSet::new();
    for (i, id) in agencies.iter().enumerate().take(MAX_AGENCIES) {
        check.require(seen.insert(id), format!("{field}[{i}]"), "is named twice");
        check.require(agency::find(rows, id)?.is_some(), format!("{field}[{i}]"), format_args!("agencies/{id} does not exist"));
    }
    Ok(())
}

fn require_untaken(rows: &dyn Rows, id: &Id, credentials: &[Credential]) -> Result<(), Refusal> {
    for credential in credentials {
        if let Some(holder) = holder(rows, credential)?
            && holder != *id
        {
            return Err(Refusal::CredentialTaken { holder });
        }
    }
    Ok(())
}

fn name(id: &Id) -> String {
    format!("principals/{id}")
}

fn nothing(id: &Id) -> Ruling {
    Ruling { resource: name(id), events: Vec::new() }
}

fn set(principal: Principal) -> Ruling {
    Ruling { resource: name(&principal.id), events: vec![event::Event::Principal(Event::Set(principal))] }
}

/// Writes what happened to a principal.
pub fn apply(place: &Place<'_>, event: &Event, rows: &mut Overlay<'_>) -> Result<(), Fault> {
    let Event::Set(principal) = event;
    // Rows of credentials are never removed: who held one once holds it for ever.
    for credential in &principal.credentials {
        rows.put_row(CREDENTIALS, credential.to_string().as_bytes(), &principal.id)?;
    }
    let principal = Principal { changed_seq: place.seq, ..principal.clone() };
    rows.put_row(PRINCIPALS, principal.id.as_str().as_bytes(), &principal)
}

#[cfg(test)]
mod tests {
    use super::super::{Caller, by_credentials, list};
    use super::*;
    use crate::agency::scene::{Scene, faults, id as agency};
    use crate::digest::Digest;

    fn id(text: &str) -> Id {
        Id::parse(text).unwrap()
    }

    fn uri(text: &str) -> Credential {
        Credential::Uri(format!("urn:vanthu:{text}"))
    }

    fn system(name: &str) -> Principal {
        Principal {
            id: id(name),
            display_name: format!("Hệ thống {name}"),
            role: Role::AgencySystem { agencies: vec![agency("camau.damdoi")] },
            credentials: vec![uri(name)],
            state: State::Active,
            changed_seq: 0,
        }
    }

    fn scene() -> Scene {
        let mut scene = Scene::before_2025();
        scene.admin(Command::Enrol(system("damdoi"))).unwrap();
        scene
    }

    fn rotate(add: &[Credential], remove: &[Credential]) -> Command {
        Command::Rotate { principal: id("damdoi"), add: add.to_vec(), remove: remove.to_vec() }
    }

    fn recognised(scene: &Scene, credentials: &[Credential]) -> Option<Id> {
        by_credentials(&scene.rows, credentials).unwrap().as_ref().and_then(Caller::of).map(|caller| caller.principal)
    }

    #[test]
    fn only_an_admin_manages_principals() {
        let mut scene = scene();
        for role in [Role::Auditor, system("x").role, Role::Supervisor { subtrees: vec![agency("camau")] }] {
            let command = Command::Revoke { principal: id("damdoi"), reason: "x".into() };
            assert_eq!(scene.by(role, &command.into()), Err(Refusal::Denied));
        }
    }

    #[test]
    fn a_system_is_recognised_and_acts_for_its_agencies_only() {
        let scene = scene();
        let principal = by_credentials(&scene.rows, &[uri("unknown"), uri("damdoi")]).unwrap().unwrap();
        assert_eq!((principal.id.as_str(), principal.changed_seq), ("damdoi", 2));
        let caller = Caller::of(&principal).unwrap();
        assert!(caller.acts_for(&agency("camau.damdoi")));
        assert!(!caller.acts_for(&agency("camau.damdoi.a")) && !caller.acts_for(&agency("camau")));
    }

    #[test]
    fn all_faults_of_an_enrolment_are_told_at_once() {
        let mut bad = system("hub");
        bad.display_name = "x".repeat(201);
        bad.credentials = vec![Credential::Uri("no scheme".into()), uri("a"), uri("a")];
        bad.role = Role::AgencySystem { agencies: vec![agency("gone"), agency("camau"), agency("camau")] };
        assert_eq!(
            faults(scene().admin(Command::Enrol(bad))),
            [
                "principal_id is the hub's own name; choose another",
                "principal.display_name has 201 characters, at most 200 are allowed",
                "principal.credentials[0] is not a URI of at most 500 ASCII characters, such as urn:example:system",
                "principal.credentials[2] is named twice",
                "principal.agencies[0] agencies/gone does not exist",
                "principal.agencies[2] is named twice",
            ]
        );
        let none = Principal { credentials: Vec::new(), role: Role::Supervisor { subtrees: Vec::new() }, ..system("x") };
        assert_eq!(
            faults(scene().admin(Command::Enrol(none))),
            ["principal.credentials holds 0 credentials, 1 to 8 are allowed", "principal.subtrees names 0 agencies, 1 to 800 are allowed",]
        );
        let again = scene().admin(Command::Enrol(system("damdoi")));
        assert_eq!(again, Err(Refusal::Exists { name: "principals/damdoi".into() }));
    }

    #[test]
    fn the_largest_principal_fits_a_row() {
        let mut scene = Scene::default();
        let ids: Vec<_> = (0..MAX_AGENCIES).map(|i| agency(&format!("{i:0>63}"))).collect();
        let agencies: Vec<_> =
            ids.iter().map(|id| agency::Agency { id: id.clone(), ..agency::scene::committee("x", agency::Tier::Province) }).collect();
        scene.admin(agency::Command::Import { agencies, successions: Vec::new(), groups: Vec::new() }).unwrap();
        let credentials = (0..MAX_CREDENTIALS).map(|i| Credential::Uri(format!("u:{i:0>498}"))).collect();
        let role = Role::AgencySystem { agencies: ids };
        let largest = Principal { id: id(&"p".repeat(63)), display_name: "Ủ".repeat(200), role, credentials, ..system("x") };
        scene.admin(Command::Enrol(largest.clone())).unwrap();
        let row = scene.rows.get(PRINCIPALS, largest.id.as_str().as_bytes()).unwrap().unwrap();
        assert!(row.len() <= crate::state::MAX_ROW_BYTES, "{}", row.len());
    }

    #[test]
    fn a_credential_is_never_given_to_another() {
        let mut scene = scene();
        let new = Credential::Fingerprint(Digest([7; 32]));
        scene.admin(rotate(std::slice::from_ref(&new), &[uri("damdoi")])).unwrap();
        assert_eq!(recognised(&scene, std::slice::from_ref(&new)), Some(id("damdoi")));
        assert_eq!(recognised(&scene, &[uri("damdoi")]), None);
        for credential in [uri("damdoi"), new] {
            let thief = Principal { credentials: vec![uri("thief"), credential], ..system("thief") };
            assert_eq!(scene.admin(Command::Enrol(thief)), Err(Refusal::CredentialTaken { holder: id("damdoi") }));
        }
        // Its own old one may come back.
        scene.admin(rotate(&[uri("damdoi")], &[])).unwrap();
        assert_eq!(recognised(&scene, &[uri("damdoi")]), Some(id("damdoi")));
    }

    #[test]
    fn rotation_keeps_at_least_one_credential_and_at_most_eight() {
        let mut scene = scene();
        let refused = faults(scene.admin(rotate(&[], &[uri("damdoi")])));
        assert_eq!(refused, ["remove would leave no credential; at least one must stay"]);
        let many: Vec<_> = (0..8).map(|i| uri(&i.to_string())).collect();
        assert_eq!(faults(scene.admin(rotate(&many, &[]))), ["add would make 9 credentials, at most 8 are allowed"]);
        assert_eq!(scene.admin(rotate(&many, &[uri("damdoi")])).map(|events| events.len()), Ok(1));
        assert_eq!(scene.admin(rotate(&many, &[uri("damdoi")])), Ok(Vec::new()));
    }

    #[test]
    fn a_revoked_principal_stays_so() {
        let mut scene = scene();
        let revoke = || Command::Revoke { principal: id("damdoi"), reason: "mất khóa".into() };
        assert_eq!(faults(scene.admin(Command::Revoke { principal: id("damdoi"), reason: String::new() })), ["reason is required"]);
        scene.admin(revoke()).unwrap();
        assert_eq!(recognised(&scene, &[uri("damdoi")]), None);
        assert!(by_credentials(&scene.rows, &[uri("damdoi")]).unwrap().is_some());
        assert_eq!(scene.admin(revoke()), Ok(Vec::new()));
        let refused = Err(Refusal::PrincipalRevoked(id("damdoi")));
        assert_eq!(scene.admin(rotate(&[uri("new")], &[])), refused);
        let role = Role::AgencySystem { agencies: vec![agency("camau")] };
        assert_eq!(scene.admin(Command::Assign { principal: id("damdoi"), role }), refused);
    }

    #[test]
    fn the_last_active_admin_stays_and_may_change_its_certificate() {
        let mut scene = scene();
        let admin = |name: &str| Principal { role: Role::Admin, ..system(name) };
        let revoke = |name: &str| Command::Revoke { principal: id(name), reason: "nghỉ hưu".into() };
        scene.admin(Command::Enrol(Principal { role: Role::Auditor, ..system("auditor") })).unwrap();
        scene.admin(Command::Enrol(admin("first"))).unwrap();
        assert_eq!(scene.admin(revoke("first")), Err(Refusal::LastAdmin(id("first"))), "auditors and systems do not count");

        let (add, remove) = (vec![uri("first-new")], vec![uri("first")]);
        scene.admin(Command::Rotate { principal: id("first"), add, remove }).unwrap();
        assert_eq!(recognised(&scene, &[uri("first-new")]), Some(id("first")));
        assert_eq!(recognised(&scene, &[uri("first")]), None);

        scene.admin(Command::Enrol(admin("second"))).unwrap();
        scene.admin(revoke("first")).unwrap();
        assert_eq!(scene.admin(revoke("first")), Ok(Vec::new()), "it is revoked already");
        assert_eq!(scene.admin(revoke("second")), Err(Refusal::LastAdmin(id("second"))), "a revoked admin does not count");
        assert_eq!(recognised(&scene, &[uri("second")]), Some(id("second")));
        assert_eq!(faults(scene.admin(Command::Revoke { principal: id("second"), reason: " ".into() })), ["reason is required"]);
        scene.admin(revoke("damdoi")).unwrap();
    }

    #[test]
    fn an_active_holder_is_found_before_a_revoked_one() {
        let mut scene = scene();
        scene.admin(Command::Enrol(system("other"))).unwrap();
        scene.admin(Command::Revoke { principal: id("damdoi"), reason: "x".into() }).unwrap();
        assert_eq!(recognised(&scene, &[uri("damdoi"), uri("other")]), Some(id("other")));
    }

    #[test]
    fn an_assignment_keeps_the_kind_of_role() {
        let mut scene = scene();
        let assign = |role| Command::Assign { principal: id("damdoi"), role };
        assert_eq!(faults(scene.admin(assign(Role::Admin))), ["name has another role; enrol another principal for another role"]);
        let role = Role::AgencySystem { agencies: vec![agency("camau")] };
        scene.admin(assign(role.clone())).unwrap();
        assert_eq!(scene.admin(assign(role.clone())), Ok(Vec::new()));
        assert_eq!(find(&scene.rows, &id("damdoi")).unwrap().map(|p| p.role), Some(role));
        let unknown = Command::Assign { principal: id("x"), role: Role::Admin };
        assert_eq!(scene.admin(unknown), Err(Refusal::NotFound { name: "principals/x".into() }));
    }

    #[test]
    fn pages_of_a_list_join_without_gaps() {
        let mut scene = scene();
        scene.admin(Command::Enrol(system("a"))).unwrap();
        let names =
            |after: Option<&Id>, limit| list(&scene.rows, after, limit).unwrap().into_iter().map(|p| p.id.to_string()).collect::<Vec<_>>();
        assert_eq!(names(None, 1), ["a"]);
        assert_eq!(names(Some(&id("a")), 9), ["damdoi"]);
    }
}
