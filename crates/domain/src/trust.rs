//! Trust: the anchors, intermediates and revocation lists that signatures are judged by.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::command::{Context, Ruling};
use crate::digest::Digest;
use crate::event;
use crate::invalid::{self, Checker};
use crate::refusal::Refusal;
use crate::state::{self, Fault, Overlay, State, Table};
use crate::time::Timestamp;

/// Trust objects by SHA-256 of their DER.
pub const TRUST: Table = Table { name: "trust", number: 40 };

/// What a trust object is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// A root that is trusted by decision.
    Anchor,
    /// An issuing certificate that helps to build paths and is not trusted by itself.
    Intermediate,
    /// A complete certificate revocation list.
    RevocationList,
}

/// One trust object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustObject {
    /// SHA-256 of `der`.
    pub fingerprint: Digest,
    /// What it is for.
    pub kind: Kind,
    /// The bytes, at most 48 KiB.
    pub der: Vec<u8>,
    /// Trusted from (anchors).
    pub valid_from: Option<Timestamp>,
    /// Trusted until (anchors).
    pub valid_until: Option<Timestamp>,
    /// Where it comes from, at most 500 characters.
    pub note: String,
    /// The subject or issuer as text, for lists.
    pub subject: String,
}

/// What an admin asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Adds or replaces an object.
    Set(TrustObject),
    /// Removes it.
    Remove(Digest),
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The object is trusted as stated.
    Set(TrustObject),
    /// It is no longer.
    Removed(Digest),
}

/// Bytes of one object: its row stays below [`crate::state::MAX_ROW_BYTES`].
const MAX_DER: usize = 48 * 1024;

/// Decides a command about trust. Only admins may.
pub fn decide(rows: &dyn State, context: &Context<'_>, command: &Command) -> Result<Ruling, Refusal> {
    context.caller.require_admin()?;
    let (fingerprint, event) = match command {
        Command::Set(object) => {
            check(object)?;
            let known = find(rows, &object.fingerprint)?.is_some_and(|known| known == *object);
            (&object.fingerprint, (!known).then(|| Event::Set(object.clone())))
        }
        Command::Remove(fingerprint) => {
            let known = find(rows, fingerprint)?.is_some();
            (fingerprint, known.then_some(Event::Removed(*fingerprint)))
        }
    };
    Ok(Ruling { resource: format!("trust/{fingerprint}"), events: event.map(event::Event::Trust).into_iter().collect() })
}

fn check(object: &TrustObject) -> Result<(), Refusal> {
    let mut check = Checker::default();
    check.require(
        (1..=MAX_DER).contains(&object.der.len()),
        "trust_object.der",
        format_args!("has {} bytes, 1 to {MAX_DER} are allowed", object.der.len()),
    );
    check.parse("trust_object.note", invalid::text(&object.note, 0, 500));
    check.parse("trust_object.subject", invalid::text(&object.subject, 0, 1_000));
    if let (Some(from), Some(until)) = (object.valid_from, object.valid_until) {
        check.require(from <= until, "trust_object.valid_until_time", "lies before valid_from_time");
    }
    Ok(check.finish()?)
}

/// Writes what happened to a trust object.
pub fn apply(event: &Event, rows: &mut Overlay<'_>) -> Result<(), Fault> {
    match event {
        Event::Set(object) => rows.put_row(TRUST, &object.fingerprint.0, object),
        Event::Removed(fingerprint) => {
            rows.remove(TRUST, &fingerprint.0);
            Ok(())
        }
    }
}

/// The trust object of this fingerprint.
pub fn find(rows: &dyn State, fingerprint: &Digest) -> Result<Option<TrustObject>, Fault> {
    state::read(rows, TRUST, &fingerprint.0)
}

/// All trust objects, in the order of their fingerprints.
pub fn all(rows: &dyn State) -> Result<Vec<TrustObject>, Fault> {
    let mut objects = Vec::new();
    rows.scan(TRUST, &[], &mut |_, value| {
        objects.push(state::decode(TRUST, value));
        ControlFlow::Continue(())
    })?;
    objects.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agency::scene::{Scene, faults};
    use crate::command;
    use crate::principal::Role;

    fn object(byte: u8) -> TrustObject {
        TrustObject {
            fingerprint: Digest([byte; 32]),
            kind: Kind::Anchor,
            der: vec![0x30, 0],
            valid_from: None,
            valid_until: None,
            note: "Cục Chứng thực số và Bảo mật thông tin".into(),
            subject: "CN=Root".into(),
        }
    }

    #[test]
    fn a_trust_object_is_set_once_and_removed_once() {
        let mut scene = Scene::default();
        let set = command::Command::Trust(Command::Set(object(1)));
        assert_eq!(scene.by(Role::Auditor, &set), Err(Refusal::Denied));
        scene.admin(set.clone()).unwrap();
        assert_eq!(scene.admin(set), Ok(Vec::new()));
        scene.admin(command::Command::Trust(Command::Set(object(0)))).unwrap();
        assert_eq!(all(&scene.rows), Ok(vec![object(0), object(1)]));
        let remove = command::Command::Trust(Command::Remove(Digest([1; 32])));
        assert_eq!(scene.admin(remove.clone()).map(|events| events.len()), Ok(1));
        assert_eq!(scene.admin(remove), Ok(Vec::new()));
        assert_eq!(all(&scene.rows), Ok(vec![object(0)]));
    }

    #[test]
    fn all_faults_of_a_trust_object_are_told_at_once() {
        let mut bad = TrustObject { der: vec![0; MAX_DER + 1], note: "x".repeat(501), ..object(1) };
        bad.valid_from = Some(Timestamp::from_seconds(2));
        bad.valid_until = Some(Timestamp::from_seconds(1));
        assert_eq!(
            faults(Scene::default().admin(command::Command::Trust(Command::Set(bad)))),
            [
                "trust_object.der has 49153 bytes, 1 to 49152 are allowed",
                "trust_object.note has 501 characters, at most 500 are allowed",
                "trust_object.valid_until_time lies before valid_from_time",
            ]
        );
    }
}
