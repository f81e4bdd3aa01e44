//! Payloads: the files of documents, known by digest. The bytes are in the vault; here is who put or may read them.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::agency;
use crate::command::{Context, Ruling};
use crate::digest::Digest;
use crate::document;
use crate::event::{self, Place};
use crate::principal::{self, Caller, Role};
use crate::refusal::Refusal;
use crate::state::{self, Fault, Overlay, State, Table};

/// Payloads by digest.
pub const PAYLOADS: Table = Table { name: "payloads", number: 50 };
/// Digest, principal id: who uploaded these bytes.
pub const UPLOADERS: Table = Table { name: "uploaders", number: 51 };
/// Digest, document id: which documents hold these bytes.
pub const HOLDERS: Table = Table { name: "holders", number: 52 };

/// One payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// SHA-256 of the bytes.
    pub digest: Digest,
    /// Length in bytes.
    pub size: u64,
    /// Sequence of the first upload.
    pub stored_seq: u64,
}

/// What the hub asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The caller uploaded these bytes; they are durable in the vault.
    Store {
        /// SHA-256.
        digest: Digest,
        /// Length in bytes.
        size: u64,
    },
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The entry's principal uploaded these bytes.
    Stored {
        /// SHA-256.
        digest: Digest,
        /// Length in bytes.
        size: u64,
    },
    /// Nobody holds these bytes any more: the hub erases them.
    Erased {
        /// SHA-256.
        digest: Digest,
    },
}

/// Decides a command about payloads.
pub fn decide(rows: &dyn State, context: &Context<'_>, command: &Command) -> Result<Ruling, Refusal> {
    let Command::Store { digest, size } = command;
    if !matches!(context.caller.role, Role::AgencySystem { .. }) {
        return Err(Refusal::Denied);
    }
    let known = find(rows, digest)?.is_some() && rows.get(UPLOADERS, &uploader_key(digest, &context.caller.principal))?.is_some();
    let events = if known { vec![] } else { vec![event::Event::Payload(Event::Stored { digest: *digest, size: *size })] };
    Ok(Ruling { resource: format!("payloads/{digest}"), events })
}

/// Applies what happened to a payload.
pub fn apply(place: &Place<'_>, event: &Event, rows: &mut Overlay<'_>) -> Result<(), Fault> {
    match event {
        Event::Stored { digest, size } => {
            if find(rows, digest)?.is_none() {
                rows.put_row(PAYLOADS, &digest.0, &Payload { digest: *digest, size: *size, stored_seq: place.seq })?;
            }
            rows.put(UPLOADERS, &uploader_key(digest, &place.entry.principal), vec![]);
        }
        Event::Erased { digest } => {
            rows.remove(PAYLOADS, &digest.0);
            for key in keys_under(rows, UPLOADERS, &digest.0)? {
                rows.remove(UPLOADERS, &key);
            }
        }
    }
    Ok(())
}

/// The payload, if the hub has it.
pub fn find(rows: &dyn State, digest: &Digest) -> Result<Option<Payload>, Fault> {
    state::read(rows, PAYLOADS, &digest.0)
}

/// Whether a caller may read a payload: it uploaded it, or it may read a document that holds it and is not asked to give it back.
pub fn may_read(rows: &dyn State, caller: &Caller, digest: &Digest) -> Result<bool, Fault> {
    match &caller.role {
        Role::Auditor => return Ok(find(rows, digest)?.is_some()),
        Role::Supervisor { .. } | Role::Admin => return Ok(false),
        Role::AgencySystem { .. } => {}
    }
    if find(rows, digest)?.is_none() {
        return Ok(false);
    }
    if rows.get(UPLOADERS, &uploader_key(digest, &caller.principal))?.is_some() {
        return Ok(true);
    }
    for id in holders(rows, digest)? {
        if let Some(document) = document::find(rows, &id)?
            && document::may_read_files(rows, caller, &document)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The documents that hold a payload.
pub fn holders(rows: &dyn State, digest: &Digest) -> Result<Vec<document::Id>, Fault> {
    let keys = keys_under(rows, HOLDERS, &digest.0)?;
    Ok(keys.iter().filter_map(|key| key.get(32..)?.try_into().ok().map(document::Id)).collect())
}

/// Whether a principal that does not act for `issuer` uploaded these bytes too: they are its own, whatever becomes of the issuer's
/// document.
pub(crate) fn is_anothers_too(rows: &dyn State, digest: &Digest, issuer: &agency::Id) -> Result<bool, Fault> {
    for key in keys_under(rows, UPLOADERS, &digest.0)? {
        let uploader = key.get(32..).and_then(|id| std::str::from_utf8(id).ok()).and_then(|id| principal::Id::parse(id).ok());
        let uploader = uploader.map(|id| principal::find(rows, &id)).transpose()?.flatten();
        let own = uploader.is_some_and(|uploader| matches!(&uploader.role, Role::AgencySystem { agencies } if agencies.contains(issuer)));
        if !own {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The key of the row that says a document holds a payload.
pub(crate) fn holder_key(digest: &Digest, document: &document::Id) -> Vec<u8> {
    [digest.0.as_slice(), &document.0].concat()
}

fn uploader_key(digest: &Digest, principal: &principal::Id) -> Vec<u8> {
    [digest.0.as_slice(), principal.as_str().as_bytes()].concat()
}

fn keys_under(rows: &dyn State, table: Table, prefix: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    let mut keys = Vec::new();
    state::scan_prefix(rows, table, prefix, &[], &mut |key, _| {
        keys.push(key.to_vec());
        ControlFlow::Continue(())
    })?;
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agency::scene::{Scene, id};
    use crate::command;
    use crate::delivery;
    use crate::document::scene::{Letter, NOW, province, system};

    const OWN: Digest = Digest([8; 32]);

    fn store(scene: &mut Scene, agency: &str) -> Result<command::Decision, Refusal> {
        scene.as_system(agency, NOW, None, command::Command::Payload(Command::Store { digest: OWN, size: 5 }))
    }

    /// A letter of the province to the commune with a file of its own.
    fn sent() -> Scene {
        let mut scene = province();
        store(&mut scene, "tinh").unwrap();
        scene.submit(Letter::numbered(1, "tinh", "tinh.xa").with(|asked| asked.content.attachments[0].payload = OWN)).unwrap();
        scene
    }

    fn readers(scene: &Scene) -> Vec<&'static str> {
        let may = |caller: &Caller| may_read(&scene.rows, caller, &OWN).unwrap();
        ["tinh", "tinh.xa", "tinh.huyen"].into_iter().filter(|agency| may(&system(agency))).collect()
    }

    fn report(scene: &mut Scene, status: delivery::Status) {
        let report =
            delivery::Report {
                status, at: NOW, note: "lý do".into(), refusal: None, staff: String::new(), register_number: String::new()
            };
        let command = delivery::Command::Report { document: document::Id([1; 16]), agency: id("tinh.xa"), report };
        scene.as_system("tinh.xa", NOW, None, command::Command::Delivery(command)).unwrap();
    }

    #[test]
    fn only_agency_systems_store_and_the_same_bytes_once() {
        let mut scene = province();
        let command = command::Command::Payload(Command::Store { digest: OWN, size: 5 });
        for role in [Role::Admin, Role::Auditor, Role::Supervisor { subtrees: vec![id("tinh")] }] {
            assert_eq!(scene.by(role, &command), Err(Refusal::Denied));
        }
        assert!(matches!(store(&mut scene, "tinh"), Ok(command::Decision::Record(_))));
        let seq = scene.seq;
        assert!(matches!(store(&mut scene, "tinh"), Ok(command::Decision::Nothing { .. })));
        assert!(matches!(store(&mut scene, "tinh.xa"), Ok(command::Decision::Record(_))), "it uploaded them too");
        assert_eq!(find(&scene.rows, &OWN), Ok(Some(Payload { digest: OWN, size: 5, stored_seq: seq })));
    }

    #[test]
    fn bytes_are_read_by_who_uploaded_them_and_by_who_holds_a_document_with_them() {
        let mut scene = province();
        assert_eq!(readers(&scene), Vec::<&str>::new());
        store(&mut scene, "tinh").unwrap();
        assert_eq!(readers(&scene), ["tinh"]);
        let scene = sent();
        assert_eq!(readers(&scene), ["tinh", "tinh.xa"]);
        let may = |role| may_read(&scene.rows, &Caller { principal: principal::Id::hub(), role }, &OWN).unwrap();
        assert!(may(Role::Auditor));
        assert!(!may(Role::Admin));
        assert!(!may(Role::Supervisor { subtrees: vec![id("tinh")] }));
        let unknown = Caller { principal: principal::Id::hub(), role: Role::Auditor };
        assert_eq!(may_read(&scene.rows, &unknown, &Digest([9; 32])), Ok(false));
    }

    #[test]
    fn a_copy_that_is_asked_back_is_read_again_only_if_it_stays() {
        let mut scene = sent();
        report(&mut scene, delivery::Status::Accepted);
        let recall = document::Command::Recall { document: document::Id([1; 16]), reason: "nhầm".into() };
        scene.as_system("tinh", NOW, None, recall.clone()).unwrap();
        assert_eq!(readers(&scene), ["tinh"]);
        report(&mut scene, delivery::Status::TakeBackDeclined);
        assert_eq!(readers(&scene), ["tinh", "tinh.xa"]);
        scene.as_system("tinh", NOW, None, recall).unwrap();
        report(&mut scene, delivery::Status::TakeBackAgreed);
        assert_eq!(readers(&scene), Vec::<&str>::new());
        assert_eq!(find(&scene.rows, &OWN), Ok(None), "nobody holds the bytes");
        assert_eq!(holders(&scene.rows, &OWN), Ok(vec![]));
    }

    #[test]
    fn bytes_that_another_document_holds_outlive_a_recall() {
        let mut scene = sent();
        let second = Letter::numbered(2, "tinh", "tinh.huyen").with(|asked| asked.content.attachments[0].payload = OWN);
        scene.submit(second).unwrap();
        let recall = document::Command::Recall { document: document::Id([1; 16]), reason: "nhầm".into() };
        scene.as_system("tinh", NOW, None, recall).unwrap();
        assert_eq!(readers(&scene), ["tinh", "tinh.huyen"]);
        assert_eq!(holders(&scene.rows, &OWN), Ok(vec![document::Id([2; 16])]));
    }
}
