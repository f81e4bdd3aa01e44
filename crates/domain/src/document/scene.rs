//! A province that issues documents, for tests: what its system asks for is decided and applied as the desk does it.

use super::{Attachment, AttachmentRole, Command, Content, Document, Id, KindId, Signer, Urgency};
use crate::agency::scene::{Scene, committee, date, id};
use crate::agency::{Agency, Selector, Tier};
use crate::command::{self, Context, Decision};
use crate::delivery::Delivery;
use crate::digest::Digest;
use crate::event::{self, Request};
use crate::payload;
use crate::principal::{self, Caller, Principal, Role};
use crate::refusal::Refusal;
use crate::signature::{Coverage, Report};
use crate::time::Timestamp;
use crate::{agency, document};

/// 2025-07-01T00:00:00+07:00.
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_751_302_800);
/// The province's file.
pub(crate) const FILE: Digest = Digest([7; 32]);

/// What a system hands in.
#[derive(Clone)]
pub(crate) struct Letter {
    pub(crate) id: Id,
    pub(crate) content: Content,
    pub(crate) recipients: Vec<Selector>,
    pub(crate) replaces: Vec<Id>,
    pub(crate) replace_reason: String,
}

impl Letter {
    /// The `n`th letter of an agency to another.
    pub(crate) fn numbered(n: u8, from: &str, to: &str) -> Self {
        Self {
            id: Id([n; 16]),
            content: Content {
                issuer: id(from),
                number: n.to_string(),
                notation: "UBND-VX".into(),
                kind: KindId::parse("cong-van").unwrap(),
                subject: "V/v báo cáo".into(),
                signer: Signer {
                    competence: "KT. CHỦ TỊCH".into(), position: "Phó Chủ tịch".into(), full_name: "Nguyễn Văn Ví Dụ".into()
                },
                place: "Cà Mau".into(),
                date: date("2025-06-30"),
                urgency: Urgency::Ordinary,
                deliver_by: None,
                due_date: None,
                page_count: None,
                printed_recipients: vec!["Như trên".into(), "Lưu: VT".into()],
                attachments: vec![attachment("a.pdf", AttachmentRole::Main)],
                in_reply_to: None,
                secrecy: String::new(),
            },
            recipients: vec![Selector::Agency(id(to))],
            replaces: vec![],
            replace_reason: String::new(),
        }
    }

    /// The same with a change.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(crate) fn command(self) -> Command {
        let Self { id, content, recipients, replaces, replace_reason } = self;
        let reports = reports(&content);
        Command::Submit { id, content, recipients, replaces, replace_reason, reports }
    }
}

pub(crate) fn attachment(file_name: &str, role: AttachmentRole) -> Attachment {
    Attachment { payload: FILE, size: 0, file_name: file_name.into(), role }
}

/// Verdicts of unsigned files, which the default policy takes with a warning.
pub(crate) fn reports(content: &Content) -> Vec<Report> {
    let unsigned = |payload| Report {
        payload,
        judged_at: NOW,
        trust_version: FILE,
        coverage: Coverage::NotSigned,
        changed: crate::signature::Changed::None,
        later_changes: vec![],
        signatures: vec![],
        faults: vec![],
        remains: vec![],
        producer: String::new(),
    };
    content.attachments.iter().map(|file| unsigned(file.payload)).collect()
}

pub(crate) fn system(agency: &str) -> Caller {
    Caller { principal: principal::Id::parse(agency).unwrap(), role: Role::AgencySystem { agencies: vec![id(agency)] } }
}

/// A province, its district, and a commune of either; each has a system that uploaded [`FILE`].
pub(crate) fn province() -> Scene {
    with_systems(vec![
        committee("tinh", Tier::Province),
        committee("tinh.huyen", Tier::District),
        committee("tinh.huyen.xa", Tier::Commune),
        committee("tinh.xa", Tier::Commune),
    ])
}

/// These agencies, each with a system that uploaded [`FILE`].
pub(crate) fn with_systems(agencies: Vec<Agency>) -> Scene {
    let mut scene = Scene::default();
    let names: Vec<String> = agencies.iter().map(|agency| agency.id.to_string()).collect();
    scene.admin(agency::Command::Import { agencies, successions: vec![], groups: vec![] }).unwrap();
    for name in names {
        let Caller { principal, role } = system(&name);
        let enrolled = Principal {
            id: principal,
            display_name: String::new(),
            role: role.clone(),
            credentials: vec![principal::Credential::Uri(format!("urn:vanthu:{name}"))],
            state: principal::State::Active,
            changed_seq: 0,
        };
        scene.admin(principal::Command::Enrol(enrolled)).unwrap();
        let store = command::Command::Payload(payload::Command::Store { digest: FILE, size: 10 });
        scene.as_system(&name, NOW, None, store).unwrap();
    }
    scene
}

impl Scene {
    /// A command of an agency's system.
    pub(crate) fn as_system(
        &mut self,
        agency: &str,
        at: Timestamp,
        request: Option<&Request>,
        command: impl Into<command::Command>,
    ) -> Result<Decision, Refusal> {
        let caller = system(agency);
        self.call(&Context { caller: &caller, at, request }, &command.into())
    }

    /// Submits as the issuer's system, [`NOW`]; gives the copies that go out.
    pub(crate) fn submit(&mut self, asked: Letter) -> Result<Vec<Delivery>, Refusal> {
        self.submit_at(NOW, asked)
    }

    pub(crate) fn submit_at(&mut self, at: Timestamp, asked: Letter) -> Result<Vec<Delivery>, Refusal> {
        let issuer = asked.content.issuer.to_string();
        let Decision::Record(entry) = self.as_system(&issuer, at, None, asked.command())? else { panic!("nothing was recorded") };
        match entry.events.into_iter().next() {
            Some(event::Event::Document(document::Event::Submitted { deliveries, .. })) => Ok(deliveries),
            other => panic!("not a submission: {other:?}"),
        }
    }

    pub(crate) fn document(&self, id: &Id) -> Document {
        document::find(&self.rows, id).unwrap().unwrap()
    }
}

impl From<Command> for command::Command {
    fn from(command: Command) -> Self {
        Self::Document(command)
    }
}
