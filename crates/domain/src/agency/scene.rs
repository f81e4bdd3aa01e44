//! A hub's rows in memory, for tests: commands are decided and applied as the desk does it.

use super::{Agency, Code, CodeAssignment, Id, Kind, State, Succession, SuccessionKind, Tier};
use crate::command::{self, Command, Context, Decision};
use crate::event::{self, Event};
use crate::principal::{self, Caller, Role};
use crate::refusal::Refusal;
use crate::state::{Memory, Overlay};
use crate::time::{Date, Timestamp};

#[derive(Default)]
pub(crate) struct Scene {
    pub(crate) rows: Memory,
    pub(crate) seq: u64,
}

impl Scene {
    /// With the directory of [`agencies_before_2025`].
    pub(crate) fn before_2025() -> Self {
        let mut scene = Self::default();
        scene.import(agencies_before_2025());
        scene
    }

    /// The same after the change of July 2025.
    pub(crate) fn after_2025() -> Self {
        let mut scene = Self::before_2025();
        scene.import(agencies_of_2025());
        scene.admin(super::Command::Succeed(successions_of_2025())).unwrap();
        scene
    }

    fn import(&mut self, agencies: Vec<Agency>) {
        self.admin(super::Command::Import { agencies, successions: Vec::new(), groups: Vec::new() }).unwrap();
    }

    pub(crate) fn named(&self, name: &str) -> Agency {
        super::find(&self.rows, &id(name)).unwrap().unwrap()
    }

    /// Decides and applies; gives what happened.
    pub(crate) fn by(&mut self, role: Role, command: &Command) -> Result<Vec<Event>, Refusal> {
        let caller = Caller { principal: principal::Id::hub(), role };
        let context = Context { caller: &caller, at: Timestamp::from_seconds(1_751_302_800), request: None };
        match self.call(&context, command)? {
            Decision::Record(entry) => Ok(entry.events),
            Decision::Nothing { .. } => Ok(Vec::new()),
            Decision::Repeated(outcome) => panic!("nothing was named, but {} is repeated", outcome.resource),
        }
    }

    /// Decides and applies; gives the decision.
    pub(crate) fn call(&mut self, context: &Context<'_>, command: &Command) -> Result<Decision, Refusal> {
        let decision = command::decide(&self.rows, context, command)?;
        if let Decision::Record(entry) = &decision {
            self.seq += 1;
            let mut overlay = Overlay::new(&self.rows);
            event::apply(self.seq, entry, &mut overlay)?;
            let changes = overlay.into_changes();
            self.rows.apply(changes);
        }
        Ok(decision)
    }

    pub(crate) fn admin(&mut self, command: impl Into<Command>) -> Result<Vec<Event>, Refusal> {
        self.by(Role::Admin, &command.into())
    }
}

impl From<super::Command> for Command {
    fn from(command: super::Command) -> Self {
        Self::Agency(command)
    }
}

impl From<principal::Command> for Command {
    fn from(command: principal::Command) -> Self {
        Self::Principal(command)
    }
}

pub(crate) fn id(text: &str) -> Id {
    Id::parse(text).unwrap()
}

pub(crate) fn date(text: &str) -> Date {
    text.parse().unwrap()
}

pub(crate) fn code(text: &str) -> Code {
    text.parse().unwrap()
}

/// A people's committee of this id, whose parent is the id without its last part.
pub(crate) fn committee(name: &str, tier: Tier) -> Agency {
    Agency {
        id: id(name),
        tier,
        kind: Kind::PeoplesCommittee,
        parent: name.rsplit_once('.').map(|(parent, _)| id(parent)),
        name: format!("Ủy ban nhân dân {name}"),
        short_name: String::new(),
        codes: Vec::new(),
        state: State::Active,
        valid_from: None,
        valid_until: None,
        changed_seq: 0,
    }
}

pub(crate) fn with_code(agency: Agency, text: &str) -> Agency {
    let assignment = CodeAssignment { code: code(text), valid_from: None, valid_until: None, provisional: false };
    Agency { codes: vec![assignment], ..agency }
}

pub(crate) fn succession(kind: SuccessionKind, from: &str, to: &str, effective: &str) -> Succession {
    Succession { kind, from: id(from), to: id(to), effective: date(effective), scope: String::new() }
}

/// The faults of a refusal, each as `field rule`.
pub(crate) fn faults<T: std::fmt::Debug>(result: Result<T, Refusal>) -> Vec<String> {
    match result {
        Err(Refusal::Invalid(invalid)) => invalid.faults().iter().map(|f| format!("{} {}", f.field, f.rule)).collect(),
        other => panic!("not refused as invalid: {other:?}"),
    }
}

/// The fields at fault, each once, in the order they are told.
pub(crate) fn fields<T: std::fmt::Debug>(result: Result<T, Refusal>) -> Vec<String> {
    let mut fields: Vec<String> = faults(result).iter().map(|fault| fault.split(' ').next().unwrap().to_owned()).collect();
    fields.dedup();
    fields
}

/// Cà Mau and Bạc Liêu before July 2025, in small.
pub(crate) fn agencies_before_2025() -> Vec<Agency> {
    vec![
        with_code(committee("camau", Tier::Province), "H12"),
        with_code(committee("baclieu", Tier::Province), "H03"),
        with_code(committee("camau.damdoi", Tier::District), "H12.15"),
        with_code(committee("camau.damdoi.a", Tier::Commune), "H12.15.01"),
        with_code(committee("camau.damdoi.b", Tier::Commune), "H12.15.02"),
    ]
}

fn agencies_of_2025() -> Vec<Agency> {
    let commune = committee("camau.xa-damdoi", Tier::Commune);
    vec![Agency { valid_from: Some(date("2025-07-01")), ..with_code(commune, "H12.101") }]
}

pub(crate) fn successions_of_2025() -> Vec<Succession> {
    let day = "2025-07-01";
    vec![
        succession(SuccessionKind::Merge, "baclieu", "camau", day),
        succession(SuccessionKind::Merge, "camau.damdoi.a", "camau.xa-damdoi", day),
        succession(SuccessionKind::Merge, "camau.damdoi.b", "camau.xa-damdoi", day),
        succession(SuccessionKind::Split, "camau.damdoi", "camau.xa-damdoi", day),
        succession(SuccessionKind::Split, "camau.damdoi", "camau", day),
    ]
}
