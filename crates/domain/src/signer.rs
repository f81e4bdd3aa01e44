//! Authorised signers: by whose certificates an agency signs, from when until when, and by which decision.
//!
//! An organisation is known by the number in its certificate or by a pinned certificate, a person by a pinned certificate, and
//! nobody by the text of a name: the same organisation is written in many ways, and a name is anybody's to write. A publisher that
//! signs documents of others (a portal, a gazette) is registered as an organisation of each agency it publishes for.

mod name;
mod rows;

use serde::{Deserialize, Serialize};

use crate::agency;
use crate::command::{Context, Ruling};
use crate::digest::Digest;
use crate::event;
use crate::invalid::{self, Checker};
use crate::refusal::Refusal;
use crate::state::{State, Table};
use crate::time::Date;

pub use name::{NotASigner, NotAnIdentifier, OrganisationIdentifier};
pub use rows::{Authorised, apply, authorised, find, list};

/// Agency id, 0, role, what the signer is known by: one authorised signer.
pub const SIGNERS: Table = Table { name: "authorised signers", number: 46 };

/// Signers of one agency.
const MAX_SIGNERS: usize = 1_000;
/// Signers of one import.
pub const MAX_IMPORT: usize = 10_000;

/// In whose name a signature stands (NĐ 30/2020/NĐ-CP, Điều 12 and 13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The person who is competent to sign.
    Person,
    /// The agency itself.
    Organisation,
}

/// By what a certificate is known as that of a signer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum KnownBy {
    /// It is this certificate: SHA-256 of its DER.
    Certificate(Digest),
    /// It bears this number of an organisation.
    Identifier(OrganisationIdentifier),
}

/// One authorised signer of one agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorisedSigner {
    /// The agency that it signs for.
    pub agency: agency::Id,
    /// In which role.
    pub role: Role,
    /// By what it is known. A person is known by its certificate.
    pub known_by: KnownBy,
    /// Full name of a person, 1 to 50 characters; name of an organisation, at most 200.
    pub name: String,
    /// Chức vụ of a person, at most 100 characters; empty is any.
    pub position: String,
    /// First day on which it may sign; `None` is since ever.
    pub valid_from: Option<Date>,
    /// Last day on which it may sign; `None` is for ever.
    pub valid_until: Option<Date>,
    /// The decision that it rests on, at most 500 characters.
    pub note: String,
}

impl AuthorisedSigner {
    /// Whether it may sign on a day.
    pub fn is_in_term(&self, day: Date) -> bool {
        self.valid_from.is_none_or(|from| from <= day) && self.valid_until.is_none_or(|until| day <= until)
    }
}

/// What an admin asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Registers a signer, or replaces what is known of it.
    Set(AuthorisedSigner),
    /// Registers many; those that are not among them stay.
    Import(Vec<AuthorisedSigner>),
    /// Strikes a signer off.
    Remove {
        /// Whose.
        agency: agency::Id,
        /// In which role.
        role: Role,
        /// Known by what.
        known_by: KnownBy,
    },
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The signer is registered as stated.
    Set(AuthorisedSigner),
    /// It is struck off.
    Removed {
        /// Whose.
        agency: agency::Id,
        /// In which role.
        role: Role,
        /// Known by what.
        known_by: KnownBy,
    },
}

/// Decides a command about signers. Only admins may.
pub fn decide(rows: &dyn State, context: &Context<'_>, command: &Command) -> Result<Ruling, Refusal> {
    context.caller.require_admin()?;
    match command {
        Command::Set(signer) => {
            let mut check = Checker::default();
            check_signer("signer", signer, &mut check);
            check.finish()?;
            Ok(Ruling { resource: signer.resource_name(), events: set(rows, std::slice::from_ref(signer), "signer")? })
        }
        Command::Import(signers) => {
            let mut check = Checker::default();
            let count = signers.len();
            check.require((1..=MAX_IMPORT).contains(&count), "signers", format_args!("are {count}, 1 to {MAX_IMPORT} are allowed"));
            for (index, signer) in signers.iter().enumerate() {
                check_signer(&format!("signers[{index}]"), signer, &mut check);
            }
            check.distinct("signers", &signers.iter().map(rows::key_of).collect::<Vec<_>>());
            check.finish()?;
            Ok(Ruling { resource: "signers".into(), events: set(rows, signers, "signers")? })
        }
        Command::Remove { agency, role, known_by } => {
            let resource = name::resource_name(agency, *role, known_by);
            if find(rows, agency, *role, known_by)?.is_none() {
                return Err(Refusal::NotFound { name: resource });
            }
            let removed = Event::Removed { agency: agency.clone(), role: *role, known_by: known_by.clone() };
            Ok(Ruling { resource, events: vec![event::Event::Signer(removed)] })
        }
    }
}

fn check_signer(field: &str, signer: &AuthorisedSigner, check: &mut Checker) {
    let is_person = signer.role == Role::Person;
    let (least, most) = if is_person { (1, 50) } else { (0, 200) };
    check.parse(format!("{field}.display_name"), invalid::text(&signer.name, least, most));
    check.parse(format!("{field}.position"), invalid::text(&signer.position, 0, 100));
    check.require(is_person || signer.position.is_empty(), format!("{field}.position"), "is for persons only");
    check.parse(format!("{field}.note"), invalid::text(&signer.note, 0, 500));
    let is_pinned = matches!(signer.known_by, KnownBy::Certificate(_));
    check.require(
        !is_person || is_pinned,
        format!("{field}.certificate_sha256"),
        "is required: a person is known by its certificate alone",
    );
    let ordered = signer.valid_from.zip(signer.valid_until).is_none_or(|(from, until)| from <= until);
    check.require(ordered, format!("{field}.valid_until_date"), "lies before valid_from_date");
}

/// What follows from registering `signers`; refused where an agency does not exist, has too many, or would have one certificate in
/// both roles.
fn set(rows: &dyn State, signers: &[AuthorisedSigner], field: &str) -> Result<Vec<event::Event>, Refusal> {
    let mut check = Checker::default();
    let mut events = Vec::new();
    let mut agencies: Vec<&agency::Id> = signers.iter().map(|signer| &signer.agency).collect();
    agencies.sort();
    agencies.dedup();
    for id in agencies {
        if agency::find(rows, id)?.is_none() {
            return Err(Refusal::NotFound { name: format!("agencies/{id}") });
        }
        let new = signers.iter().filter(|signer| signer.agency == *id);
        let mut keys: Vec<Vec<u8>> = new.map(rows::key_of).collect();
        keys.extend(list(rows, id, None, MAX_SIGNERS + 1)?.iter().map(rows::key_of));
        keys.sort();
        keys.dedup();
        let count = keys.len();
        check.require(count <= MAX_SIGNERS, field, format_args!("would be {count} of agencies/{id}, at most {MAX_SIGNERS} are allowed"));
    }
    for signer in signers {
        let other = match signer.role {
            Role::Person => Role::Organisation,
            Role::Organisation => Role::Person,
        };
        let beside = signers.iter().any(|one| one.role == other && one.agency == signer.agency && one.known_by == signer.known_by);
        if beside || find(rows, &signer.agency, other, &signer.known_by)?.is_some() {
            check.fault(field, format_args!("{} is registered in the other role: one certificate is not for both", signer.resource_name()));
        }
        if find(rows, &signer.agency, signer.role, &signer.known_by)?.as_ref() != Some(signer) {
            events.push(event::Event::Signer(Event::Set(signer.clone())));
        }
    }
    check.finish()?;
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agency::Tier;
    use crate::agency::scene::{Scene, committee, date, faults, id};
    use crate::command;
    use crate::principal;

    fn scene() -> Scene {
        let mut scene = Scene::default();
        let agencies = vec![committee("tinh", Tier::Province), committee("tinh.xa", Tier::Commune)];
        scene.admin(agency::Command::Import { agencies, successions: vec![], groups: vec![] }).unwrap();
        scene
    }

    fn chairman() -> AuthorisedSigner {
        AuthorisedSigner {
            agency: id("tinh"),
            role: Role::Person,
            known_by: KnownBy::Certificate(Digest([1; 32])),
            name: "Nguyễn Văn Ví Dụ".into(),
            position: "Chủ tịch".into(),
            valid_from: Some(date("2025-07-01")),
            valid_until: Some(date("2030-06-30")),
            note: "Quyết định số 01/QĐ-UBND".into(),
        }
    }

    fn seal() -> AuthorisedSigner {
        AuthorisedSigner {
            role: Role::Organisation,
            known_by: KnownBy::Identifier("MST:2000100001".parse().unwrap()),
            name: "Ủy ban nhân dân tỉnh".into(),
            position: String::new(),
            valid_from: None,
            valid_until: None,
            ..chairman()
        }
    }

    impl From<Command> for command::Command {
        fn from(command: Command) -> Self {
            Self::Signer(command)
        }
    }

    #[test]
    fn an_admin_registers_a_signer_once_and_strikes_it_off_once() {
        let mut scene = scene();
        assert_eq!(scene.by(principal::Role::Auditor, &Command::Set(seal()).into()), Err(Refusal::Denied));
        assert_eq!(scene.admin(Command::Set(seal())).map(|events| events.len()), Ok(1));
        assert_eq!(scene.admin(Command::Set(seal())), Ok(vec![]), "it is registered already");
        scene.admin(Command::Set(chairman())).unwrap();
        assert_eq!(list(&scene.rows, &id("tinh"), None, 10), Ok(vec![chairman(), seal()]));
        assert_eq!(list(&scene.rows, &id("tinh.xa"), None, 10), Ok(vec![]), "an agency's id is matched whole");
        let remove = Command::Remove { agency: id("tinh"), role: Role::Organisation, known_by: seal().known_by };
        scene.admin(remove.clone()).unwrap();
        let name = "agencies/tinh/signers/organisation-mst-2000100001".into();
        assert_eq!(scene.admin(remove), Err(Refusal::NotFound { name }));
        assert_eq!(list(&scene.rows, &id("tinh"), None, 10), Ok(vec![chairman()]));
    }

    #[test]
    fn what_breaks_a_rule_is_refused_by_its_field() {
        let mut scene = scene();
        let bad = AuthorisedSigner {
            known_by: seal().known_by,
            name: String::new(),
            position: "x".repeat(101),
            valid_until: Some(date("2025-06-30")),
            ..chairman()
        };
        assert_eq!(
            faults(scene.admin(Command::Set(bad))),
            [
                "signer.display_name is required",
                "signer.position has 101 characters, at most 100 are allowed",
                "signer.certificate_sha256 is required: a person is known by its certificate alone",
                "signer.valid_until_date lies before valid_from_date",
            ]
        );
        let nobody = AuthorisedSigner { agency: id("khac"), ..seal() };
        assert_eq!(scene.admin(Command::Set(nobody)), Err(Refusal::NotFound { name: "agencies/khac".into() }));
    }

    #[test]
    fn one_certificate_is_not_registered_in_both_roles() {
        let mut scene = scene();
        let both = AuthorisedSigner { known_by: chairman().known_by, ..seal() };
        let told = faults(scene.admin(Command::Import(vec![chairman(), both.clone()])));
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].ends_with("is registered in the other role: one certificate is not for both"), "{told:?}");
        scene.admin(Command::Set(chairman())).unwrap();
        assert_eq!(faults(scene.admin(Command::Set(both.clone()))).len(), 1);
        let elsewhere = AuthorisedSigner { agency: id("tinh.xa"), ..both };
        assert_eq!(scene.admin(Command::Set(elsewhere)).map(|events| events.len()), Ok(1), "each agency has a list of its own");
    }

    #[test]
    fn an_agency_has_only_so_many_signers() {
        let mut scene = scene();
        let many = |from: u16, count: u16| {
            let one = |n: u16| {
                let mut digest = [0; 32];
                digest[..2].copy_from_slice(&n.to_be_bytes());
                AuthorisedSigner { known_by: KnownBy::Certificate(Digest(digest)), ..chairman() }
            };
            Command::Import((from..from + count).map(one).collect())
        };
        assert_eq!(faults(scene.admin(many(0, 1_001))), ["signers would be 1001 of agencies/tinh, at most 1000 are allowed"]);
        scene.admin(many(0, 1_000)).unwrap();
        assert_eq!(scene.admin(many(0, 1_000)), Ok(vec![]), "none of them is new");
        assert_eq!(faults(scene.admin(many(1_000, 1))), ["signers would be 1001 of agencies/tinh, at most 1000 are allowed"]);
        assert_eq!(faults(scene.admin(Command::Import(vec![seal(), seal()]))), ["signers[1] is named twice"]);
        assert_eq!(faults(scene.admin(Command::Import(vec![]))), ["signers are 0, 1 to 10000 are allowed"]);
    }

    #[test]
    fn a_term_holds_its_first_and_its_last_day() {
        let days = ["2025-06-30", "2025-07-01", "2030-06-30", "2030-07-01"].map(date);
        assert_eq!(days.map(|day| chairman().is_in_term(day)), [false, true, true, false]);
        assert_eq!(days.map(|day| seal().is_in_term(day)), [true; 4]);
    }
}
