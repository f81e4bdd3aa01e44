//! Trust: the anchors, intermediates, revocation lists and OCSP responses that signatures are judged by, and were.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::command::{Context, Ruling};
use crate::delivery::collect;
use crate::digest::Digest;
use crate::event::{self, Place};
use crate::invalid::{self, Checker};
use crate::refusal::Refusal;
use crate::state::{self, Fault, Overlay, State, Table};
use crate::time::Timestamp;

/// Trust objects by SHA-256 of their DER.
pub const TRUST: Table = Table { name: "trust", number: 40 };
/// Fingerprint, big-endian sequence: a trust object that the entry removed or changed. Replays of earlier verdicts use it.
pub const RETIRED: Table = Table { name: "trust of the past", number: 42 };

/// What a trust object is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// A root that is trusted by decision.
    Anchor,
    /// An issuing certificate that helps to build paths and is not trusted by itself.
    Intermediate,
    /// A certificate revocation list.
    RevocationList,
    /// An OCSP response.
    OcspResponse,
}

/// One trust object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustObject {
    /// SHA-256 of its DER.
    pub fingerprint: Digest,
    /// What it is for.
    pub kind: Kind,
    /// The bytes, at most 48 KiB; none where the payload vault keeps them under the fingerprint.
    pub der: Vec<u8>,
    /// Trusted from (anchors).
    pub valid_from: Option<Timestamp>,
    /// Trusted until (anchors).
    pub valid_until: Option<Timestamp>,
    /// Where it comes from, at most 500 characters.
    pub note: String,
    /// The subject or issuer as text, for lists.
    pub subject: String,
    /// What its own content says; entries of versions that did not read it have none.
    pub facts: Option<Box<Facts>>,
}

/// What the content of a trust object says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Length of the DER in bytes.
    pub size: u64,
    /// Who issued it, as text.
    pub issuer: String,
    /// What lists have in common of which a later one takes the place of an earlier: issuer, key, scope.
    pub series: Option<Digest>,
    /// The number of a list, big-endian without leading zeros; empty where it has none.
    pub number: Vec<u8>,
    /// When its issuer made it (revocation data).
    pub this_update: Option<Timestamp>,
    /// When there will be another one.
    pub next_update: Option<Timestamp>,
}

impl Facts {
    /// Whether a list with these facts takes the place of one with `other`.
    fn follows(&self, other: &Self) -> bool {
        let number = |facts: &Self| (facts.number.len(), facts.number.clone());
        self.series.is_some() && self.series == other.series && (number(self), self.this_update) > (number(other), other.this_update)
    }
}

/// A trust object as its row keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    object: TrustObject,
    /// The entry that set it.
    since: u64,
}

/// A trust object that is used for replays of earlier verdicts and for nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Retired {
    object: TrustObject,
    since: u64,
    /// The entry that removed or replaced it.
    until: u64,
}

/// What an admin asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Adds or replaces an object.
    Set(TrustObject),
    /// Removes it.
    Remove(Digest),
    /// Adds all of them or none; a revocation list takes the place of the earlier ones of its series.
    Import(Vec<TrustObject>),
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The object is trusted as stated.
    Set(TrustObject),
    /// It is no longer.
    Removed(Digest),
}

/// What an import does with one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Planned {
    /// It is added, and these are removed.
    Added {
        /// Earlier lists of its series.
        replaces: Vec<Digest>,
    },
    /// It is there already.
    Unchanged,
    /// A later list of its series is there, or comes with the same import.
    Outdated {
        /// Which.
        by: Digest,
    },
}

/// Bytes of one object in its row, which stays below [`crate::state::MAX_ROW_BYTES`].
pub const MAX_DER: usize = 48 * 1024;
/// Objects of one import.
pub const MAX_IMPORT: usize = 1_000;

/// Decides a command about trust. Only admins may.
pub fn decide(rows: &dyn State, context: &Context<'_>, command: &Command) -> Result<Ruling, Refusal> {
    context.caller.require_admin()?;
    let (resource, events) = match command {
        Command::Set(object) => {
            check(object, "trust_object")?;
            let known = find(rows, &object.fingerprint)?.is_some_and(|known| known == *object);
            (format!("trust/{}", object.fingerprint), if known { Vec::new() } else { vec![Event::Set(object.clone())] })
        }
        Command::Remove(fingerprint) => {
            let known = find(rows, fingerprint)?.is_some();
            (format!("trust/{fingerprint}"), if known { vec![Event::Removed(*fingerprint)] } else { Vec::new() })
        }
        Command::Import(objects) => ("trust".to_owned(), import(rows, objects)?),
    };
    Ok(Ruling { resource, events: events.into_iter().map(event::Event::Trust).collect() })
}

fn import(rows: &dyn State, objects: &[TrustObject]) -> Result<Vec<Event>, Refusal> {
    if !(1..=MAX_IMPORT).contains(&objects.len()) {
        let rule = format_args!("are {}, 1 to {MAX_IMPORT} are allowed", objects.len()).to_string();
        return Err(invalid::Invalid::one("objects", rule).into());
    }
    for (index, object) in objects.iter().enumerate() {
        check(object, &format!("objects[{index}]"))?;
    }
    let mut events = Vec::new();
    for (object, planned) in objects.iter().zip(plan(rows, objects)?) {
        if let Planned::Added { replaces } = planned {
            events.extend(replaces.into_iter().map(Event::Removed));
            events.push(Event::Set(object.clone()));
        }
    }
    Ok(events)
}

/// What an import of these objects does with each.
pub fn plan(rows: &dyn State, objects: &[TrustObject]) -> Result<Vec<Planned>, Fault> {
    let held = all(rows)?;
    let follows = |later: &TrustObject, earlier: &TrustObject| match (&later.facts, &earlier.facts) {
        (Some(later), Some(earlier)) => later.follows(earlier),
        _ => false,
    };
    let plan = objects.iter().enumerate().map(|(index, object)| {
        let same = |other: &&TrustObject| other.fingerprint == object.fingerprint;
        let is_held = held
            .iter()
            .find(same)
            .is_some_and(|held| held.kind == object.kind && held.valid_from == object.valid_from && held.valid_until == object.valid_until);
        if is_held || objects.iter().take(index).any(|earlier| same(&earlier)) {
            return Planned::Unchanged;
        }
        if let Some(later) = held.iter().chain(objects).find(|other| follows(other, object)) {
            return Planned::Outdated { by: later.fingerprint };
        }
        let replaces = held.iter().filter(|earlier| follows(object, earlier)).map(|earlier| earlier.fingerprint);
        Planned::Added { replaces: replaces.collect() }
    });
    Ok(plan.collect())
}

fn check(object: &TrustObject, field: &str) -> Result<(), Refusal> {
    let mut check = Checker::default();
    let in_vault = object.der.is_empty() && object.facts.as_ref().is_some_and(|facts| facts.size > 0);
    check.require(
        in_vault || (1..=MAX_DER).contains(&object.der.len()),
        format!("{field}.der"),
        format_args!("has {} bytes, 1 to {MAX_DER} are allowed", object.der.len()),
    );
    check.parse(format!("{field}.note"), invalid::text(&object.note, 0, 500));
    check.parse(format!("{field}.subject"), invalid::text(&object.subject, 0, 1_000));
    if let Some(facts) = &object.facts {
        check.parse(format!("{field}.issuer"), invalid::text(&facts.issuer, 0, 1_000));
    }
    if let (Some(from), Some(until)) = (object.valid_from, object.valid_until) {
        check.require(from <= until, format!("{field}.valid_until_time"), "lies before valid_from_time");
    }
    Ok(check.finish()?)
}

/// Writes what happened to a trust object. One that is removed or changed is kept for replays.
pub fn apply(place: &Place<'_>, event: &Event, rows: &mut Overlay<'_>) -> Result<(), Fault> {
    let fingerprint = match event {
        Event::Set(object) => &object.fingerprint,
        Event::Removed(fingerprint) => fingerprint,
    };
    if let Some(Held { object, since }) = state::read::<Held>(rows, TRUST, &fingerprint.0)? {
        let key = [fingerprint.0.as_slice(), &place.seq.to_be_bytes()].concat();
        rows.put_row(RETIRED, &key, &Retired { object, since, until: place.seq })?;
    }
    match event {
        Event::Set(object) => rows.put_row(TRUST, &object.fingerprint.0, &Held { object: object.clone(), since: place.seq }),
        Event::Removed(fingerprint) => {
            rows.remove(TRUST, &fingerprint.0);
            Ok(())
        }
    }
}

/// The trust object of this fingerprint.
pub fn find(rows: &dyn State, fingerprint: &Digest) -> Result<Option<TrustObject>, Fault> {
    Ok(state::read::<Held>(rows, TRUST, &fingerprint.0)?.map(|held| held.object))
}

/// The trust object of this fingerprint that was removed last, for replays.
pub fn find_retired(rows: &dyn State, fingerprint: &Digest) -> Result<Option<TrustObject>, Fault> {
    let mut found = None;
    state::scan_prefix(rows, RETIRED, &fingerprint.0, &[], &mut |_, value| {
        found = Some(state::decode::<Retired>(RETIRED, value));
        ControlFlow::Continue(())
    })?;
    Ok(found.transpose()?.map(|retired| retired.object))
}

/// The trust object that was set last.
pub fn newest(rows: &dyn State) -> Result<Option<TrustObject>, Fault> {
    Ok(held(rows)?.into_iter().max_by_key(|held| held.since).map(|held| held.object))
}

/// Whether the bytes with this digest are those of a trust object, or were: the vault keeps them then.
pub fn keeps(rows: &dyn State, digest: &Digest) -> Result<bool, Fault> {
    Ok(find(rows, digest)?.is_some() || find_retired(rows, digest)?.is_some())
}

/// All trust objects, in the order of their fingerprints.
pub fn all(rows: &dyn State) -> Result<Vec<TrustObject>, Fault> {
    Ok(held(rows)?.into_iter().map(|held| held.object).collect())
}

/// The trust objects as they were after the entry `seq`, in no order that means anything.
pub fn as_of(rows: &dyn State, seq: u64) -> Result<Vec<TrustObject>, Fault> {
    let held = held(rows)?.into_iter().filter(|held| held.since <= seq).map(|held| held.object);
    let retired = retired(rows)?.into_iter().filter(|one| one.since <= seq && seq < one.until).map(|one| one.object);
    Ok(held.chain(retired).collect())
}

/// The entries up to `seq` that changed trust, the last first.
pub fn changed_at(rows: &dyn State, seq: u64) -> Result<Vec<u64>, Fault> {
    let set = held(rows)?.into_iter().map(|held| held.since);
    let retired = retired(rows)?.into_iter().flat_map(|one| [one.since, one.until]);
    let entries: BTreeSet<u64> = set.chain(retired).filter(|changed| *changed <= seq).collect();
    Ok(entries.into_iter().rev().collect())
}

fn held(rows: &dyn State) -> Result<Vec<Held>, Fault> {
    collect(usize::MAX, |visit| rows.scan(TRUST, &[], visit), |_, value| state::decode(TRUST, value).map(Some))
}

fn retired(rows: &dyn State) -> Result<Vec<Retired>, Fault> {
    collect(usize::MAX, |visit| rows.scan(RETIRED, &[], visit), |_, value| state::decode(RETIRED, value).map(Some))
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
            facts: None,
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

    fn list(byte: u8, number: &[u8], made: i64) -> TrustObject {
        let facts = Facts {
            size: 2,
            issuer: "CN=Root".into(),
            series: Some(Digest([9; 32])),
            number: number.to_vec(),
            this_update: Some(Timestamp::from_seconds(made)),
            next_update: None,
        };
        TrustObject { kind: Kind::RevocationList, facts: Some(Box::new(facts)), ..object(byte) }
    }

    #[test]
    fn an_import_replaces_earlier_lists_of_the_series_and_takes_no_earlier_one() {
        let mut scene = Scene::default();
        let mut import = |objects: &[TrustObject]| scene.admin(command::Command::Trust(Command::Import(objects.to_vec())));
        import(&[list(1, &[9], 1), object(7)]).unwrap();
        // Numbers are compared as numbers: 256 is more than 9.
        let later = list(2, &[1, 0], 0);
        assert_eq!(import(std::slice::from_ref(&later)).unwrap().len(), 2);
        assert_eq!(import(&[list(1, &[9], 1), later.clone(), later.clone()]), Ok(Vec::new()));
        let other = list(3, &[8], 1);
        let other = TrustObject { facts: other.facts.map(|facts| Box::new(Facts { series: Some(Digest([8; 32])), ..*facts })), ..other };
        assert_eq!(
            import(&[other.clone(), list(4, &[2, 0], 0), list(5, &[3, 0], 0)]).unwrap().len(),
            3,
            "4 is outdated by 5, which replaces 2"
        );
        let plan = plan(&scene.rows, &[list(1, &[9], 1), object(7), list(6, &[4, 0], 0)]).unwrap();
        let [one, seven, six] = plan.as_slice() else { panic!("{plan:?}") };
        assert_eq!((one, seven), (&Planned::Outdated { by: Digest([5; 32]) }, &Planned::Unchanged));
        assert_eq!(six, &Planned::Added { replaces: vec![Digest([5; 32])] });
        assert_eq!(all(&scene.rows), Ok(vec![other, list(5, &[3, 0], 0), object(7)]));
    }

    #[test]
    fn what_was_trusted_at_any_entry_can_be_put_together_again() {
        let mut scene = Scene::default();
        let set = |object| command::Command::Trust(Command::Set(object));
        scene.admin(set(object(1))).unwrap();
        scene.admin(set(TrustObject { valid_until: Some(Timestamp::from_seconds(5)), ..object(1) })).unwrap();
        scene.admin(command::Command::Trust(Command::Remove(Digest([1; 32])))).unwrap();
        scene.admin(set(object(2))).unwrap();
        let until = |seq| {
            let objects = as_of(&scene.rows, seq).unwrap();
            objects.into_iter().map(|object| (object.fingerprint.0[0], object.valid_until.map(Timestamp::seconds))).collect::<Vec<_>>()
        };
        assert_eq!([until(0), until(1), until(2), until(3)], [vec![], vec![(1, None)], vec![(1, Some(5))], vec![]]);
        assert_eq!(until(4), [(2, None)]);
        assert_eq!(changed_at(&scene.rows, 3), Ok(vec![3, 2, 1]));
        assert_eq!((keeps(&scene.rows, &Digest([1; 32])), keeps(&scene.rows, &Digest([3; 32]))), (Ok(true), Ok(false)));
    }
}
