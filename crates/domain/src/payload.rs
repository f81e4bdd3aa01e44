//! Payloads: the files of documents, known by digest. The bytes are in the vault; here is who put or may read them.

use serde::{Deserialize, Serialize};

use crate::agency;
use crate::command::{Context, Ruling};
use crate::delivery;
use crate::digest::Digest;
use crate::document::{self, Document};
use crate::event::{self, Place};
use crate::principal::{self, Caller, Role};
use crate::refusal::Refusal;
use crate::state::{self, Fault, Overlay, State, Table};

/// Payloads by digest.
pub const PAYLOADS: Table = Table { name: "payloads", number: 50 };
/// Digest, principal id: who uploaded these bytes; the sequence of the last upload.
pub const UPLOADERS: Table = Table { name: "uploaders", number: 51 };
/// Digest, document id: which documents hold these bytes; the sequence since when.
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
    let own = rows.get(UPLOADERS, &uploader_key(digest, &context.caller.principal))?.map(|seq| sequence(&seq)).transpose()?;
    // Who uploads again what a document has taken up since means to use it once more.
    let fresh = match own {
        Some(own) if find(rows, digest)?.is_some() => !holders(rows, digest)?.iter().any(|(_, since)| *since > own),
        _ => false,
    };
    let events = if fresh { vec![] } else { vec![event::Event::Payload(Event::Stored { digest: *digest, size: *size })] };
    Ok(Ruling { resource: format!("payloads/{digest}"), events })
}

/// Applies what happened to a payload.
pub fn apply(place: &Place<'_>, event: &Event, rows: &mut Overlay<'_>) -> Result<(), Fault> {
    match event {
        Event::Stored { digest, size } => {
            if find(rows, digest)?.is_none() {
                rows.put_row(PAYLOADS, &digest.0, &Payload { digest: *digest, size: *size, stored_seq: place.seq })?;
            }
            rows.put(UPLOADERS, &uploader_key(digest, &place.entry.principal), place.seq.to_be_bytes().to_vec());
        }
        Event::Erased { digest } => {
            rows.remove(PAYLOADS, &digest.0);
            for (key, _) in under(rows, UPLOADERS, digest)? {
                rows.remove(UPLOADERS, &key);
            }
        }
    }
    Ok(())
}

/// A document takes a payload up.
pub(crate) fn hold(place: &Place<'_>, rows: &mut Overlay<'_>, digest: &Digest, document: &document::Id) -> Result<(), Fault> {
    let key = holder_key(digest, document);
    if rows.get(HOLDERS, &key)?.is_none() {
        rows.put(HOLDERS, &key, place.seq.to_be_bytes().to_vec());
    }
    Ok(())
}

/// A recalled document lets a payload go, and with it the uploads that served it.
pub(crate) fn let_go(rows: &mut Overlay<'_>, digest: &Digest, document: &Document) -> Result<(), Fault> {
    for (key, spent) in uploads(rows, digest, document)? {
        if spent {
            rows.remove(UPLOADERS, &key);
        }
    }
    rows.remove(HOLDERS, &holder_key(digest, &document.id));
    Ok(())
}

/// Whether nobody has a payload any more once a document lets it go.
pub(crate) fn is_last_of(rows: &dyn State, digest: &Digest, document: &Document) -> Result<bool, Fault> {
    let held = holders(rows, digest)?.iter().any(|(holder, _)| *holder != document.id);
    Ok(!held && uploads(rows, digest, document)?.iter().all(|(_, spent)| *spent))
}

/// The uploads of a payload, and whether each served the issuer's document and nothing else: one by a principal that does not act
/// for the issuer is that principal's own, and one that came after the document took the payload up is for something to come.
fn uploads(rows: &dyn State, digest: &Digest, document: &Document) -> Result<Vec<(Vec<u8>, bool)>, Fault> {
    let since = rows.get(HOLDERS, &holder_key(digest, &document.id))?.map(|seq| sequence(&seq)).transpose()?.unwrap_or(u64::MAX);
    let mut uploads = Vec::new();
    for (key, seq) in under(rows, UPLOADERS, digest)? {
        let uploader = key.get(32..).and_then(|id| std::str::from_utf8(id).ok()).and_then(|id| principal::Id::parse(id).ok());
        let uploader = uploader.map(|id| principal::find(rows, &id)).transpose()?.flatten();
        let issuer = &document.content.issuer;
        let own = uploader.is_some_and(|uploader| matches!(&uploader.role, Role::AgencySystem { agencies } if agencies.contains(issuer)));
        uploads.push((key, own && seq < since));
    }
    Ok(uploads)
}

/// Whether nobody but the hub itself has a payload: no document holds it, and no system uploaded it.
pub(crate) fn is_only_the_hubs(rows: &dyn State, digest: &Digest) -> Result<bool, Fault> {
    let hub = uploader_key(digest, &principal::Id::hub());
    Ok(holders(rows, digest)?.is_empty() && under(rows, UPLOADERS, digest)?.iter().all(|(key, _)| *key == hub))
}

/// The payload, if the hub has it.
pub fn find(rows: &dyn State, digest: &Digest) -> Result<Option<Payload>, Fault> {
    state::read(rows, PAYLOADS, &digest.0)
}

/// Why a caller may read a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Right {
    /// It uploaded or issued it, or audits.
    Own,
    /// This copy of this document holds it.
    Copy(document::Id, agency::Id),
}

/// Why a caller may read a payload, if it may: it uploaded it, or it may read a document that holds it and is not asked to give it
/// back.
pub fn right(rows: &dyn State, caller: &Caller, digest: &Digest) -> Result<Option<Right>, Fault> {
    match &caller.role {
        Role::Auditor => return Ok(find(rows, digest)?.map(|_| Right::Own)),
        Role::Supervisor { .. } | Role::Admin => return Ok(None),
        Role::AgencySystem { .. } => {}
    }
    if find(rows, digest)?.is_none() {
        return Ok(None);
    }
    if rows.get(UPLOADERS, &uploader_key(digest, &caller.principal))?.is_some() {
        return Ok(Some(Right::Own));
    }
    let mut copy = None;
    for (id, _) in holders(rows, digest)? {
        let Some(document) = document::find(rows, &id)? else { continue };
        match document::right_to_files(rows, caller, &document)? {
            Some(Right::Own) => return Ok(Some(Right::Own)),
            held => copy = copy.or(held),
        }
    }
    Ok(copy)
}

/// Whether a caller may read a payload; see [`right`].
pub fn may_read(rows: &dyn State, caller: &Caller, digest: &Digest) -> Result<bool, Fault> {
    Ok(right(rows, caller, digest)?.is_some())
}

/// The documents that hold a payload, and since when.
pub(crate) fn holders(rows: &dyn State, digest: &Digest) -> Result<Vec<(document::Id, u64)>, Fault> {
    let rows = under(rows, HOLDERS, digest)?;
    Ok(rows.iter().filter_map(|(key, since)| Some((document::Id(key.get(32..)?.try_into().ok()?), *since))).collect())
}

fn holder_key(digest: &Digest, document: &document::Id) -> Vec<u8> {
    [digest.0.as_slice(), &document.0].concat()
}

fn uploader_key(digest: &Digest, principal: &principal::Id) -> Vec<u8> {
    [digest.0.as_slice(), principal.as_str().as_bytes()].concat()
}

/// The rows under a digest: whole key, sequence.
fn under(rows: &dyn State, table: Table, digest: &Digest) -> Result<Vec<(Vec<u8>, u64)>, Fault> {
    delivery::collect(
        usize::MAX,
        |visit| state::scan_prefix(rows, table, &digest.0, &[], visit),
        |key, value| Ok(Some((key.to_vec(), sequence(value)?))),
    )
}

fn sequence(bytes: &[u8]) -> Result<u64, Fault> {
    bytes.try_into().map(u64::from_be_bytes).map_err(|_| Fault("a sequence in a payload's rows is not eight bytes".into()))
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
        assert_eq!(holders(&scene.rows, &OWN).unwrap().iter().map(|(holder, _)| *holder).collect::<Vec<_>>(), [document::Id([2; 16])]);
    }
}
