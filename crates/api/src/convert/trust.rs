//! Trust objects.

use domain::digest::Digest;
use domain::invalid::Invalid;
use domain::trust::{Kind, TrustObject};

use crate::convert::fields::{read, same};
use crate::convert::{name, time};
use crate::v1;

/// A row stays under 64 KiB.
const MAX_DER: usize = 48 << 10;

same! {
    /// The kind of a number.
    kind: TrustKind = Kind { Anchor, Intermediate, RevocationList, OcspResponse }
}

/// The kind that an entry of an import states, if it does.
pub fn stated_kind(number: i32) -> Result<Option<Kind>, String> {
    if number == 0 { Ok(None) } else { kind(number).map(Some).ok_or_else(|| format!("has no value {number}")) }
}

/// The filter of a list.
pub fn list(request: &v1::ListTrustObjectsRequest) -> Result<Filter, Invalid> {
    read(|at| {
        let kind = at.any("kind", request.kind, kind);
        let words = at.text("issuer", &request.issuer, 0, 200)?.to_lowercase();
        Some(Filter { kind, words })
    })
}

/// Which trust objects to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    kind: Option<Kind>,
    words: String,
}

impl Filter {
    /// Whether the list has the object.
    pub fn keeps(&self, object: &TrustObject) -> bool {
        let issuer = object.facts.as_ref().map(|facts| facts.issuer.as_str()).unwrap_or_default();
        self.kind.is_none_or(|kind| object.kind == kind)
            && [object.subject.as_str(), issuer].iter().any(|name| name.to_lowercase().contains(&self.words))
    }
}

/// The object to add. Its subject is empty: who reads the DER fills it in.
pub fn added(request: &v1::AddTrustObjectRequest) -> Result<TrustObject, Invalid> {
    read(|at| {
        let message = at.present("trust_object", &request.trust_object)?;
        let at = &mut at.within("trust_object");
        let kind = at.stated("kind", message.kind, kind);
        let length = message.der.len();
        at.require(length > 0, "der", "is required");
        at.require(
            length <= MAX_DER,
            "der",
            format_args!("has {length} bytes, at most {MAX_DER} are allowed; larger ones are imported by ImportTrustObjects"),
        );
        let valid_from = at.optional_time("valid_from_time", &message.valid_from_time);
        let valid_until = at.optional_time("valid_until_time", &message.valid_until_time);
        let ordered = valid_from.zip(valid_until).is_none_or(|(from, until)| from <= until);
        at.require(ordered, "valid_until_time", "is before valid_from_time");
        if kind.is_some_and(|kind| kind != Kind::Anchor) {
            at.require(message.valid_from_time.is_none(), "valid_from_time", "is for anchors only");
            at.require(message.valid_until_time.is_none(), "valid_until_time", "is for anchors only");
        }
        let note = at.text("note", &message.note, 0, 500);
        let fingerprint = Digest::try_from(ring::digest::digest(&ring::digest::SHA256, &message.der).as_ref()).ok();
        Some(TrustObject {
            fingerprint: fingerprint?,
            kind: kind?,
            der: message.der.to_vec(),
            valid_from,
            valid_until,
            note: note?,
            subject: String::new(),
            facts: None,
        })
    })
}

/// The message of a trust object.
pub fn to_wire(object: &TrustObject) -> v1::TrustObject {
    let facts = object.facts.as_ref();
    v1::TrustObject {
        name: name::of_trust(&object.fingerprint),
        kind: v1::TrustKind::from(object.kind).into(),
        der: object.der.clone().into(),
        valid_from_time: object.valid_from.map(time::timestamp),
        valid_until_time: object.valid_until.map(time::timestamp),
        note: object.note.clone(),
        subject: object.subject.clone(),
        issuer: facts.map(|facts| facts.issuer.clone()).unwrap_or_default(),
        size_bytes: facts.map_or(object.der.len() as u64, |facts| facts.size).try_into().unwrap_or(i64::MAX),
        list_number: facts.map(|facts| facts.number.iter().map(|byte| format!("{byte:02x}")).collect()).unwrap_or_default(),
        this_update_time: facts.and_then(|facts| facts.this_update).map(time::timestamp),
        next_update_time: facts.and_then(|facts| facts.next_update).map(time::timestamp),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_named_by_the_sha_256_of_its_bytes() {
        // FIPS 180-4: SHA-256 of "abc".
        let name = "trust/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let wire = v1::TrustObject { kind: v1::TrustKind::Anchor.into(), der: "abc".into(), ..Default::default() };
        let object = added(&v1::AddTrustObjectRequest { trust_object: Some(wire) }).expect("an anchor");
        assert_eq!(to_wire(&object).name, name);
    }

    #[test]
    fn large_objects_and_dated_intermediates_are_refused() {
        let time = Some(prost_types::Timestamp { seconds: 0, nanos: 0 });
        let wire = v1::TrustObject {
            kind: v1::TrustKind::Intermediate.into(),
            der: vec![0; MAX_DER + 1].into(),
            valid_from_time: time,
            ..Default::default()
        };
        let invalid = added(&v1::AddTrustObjectRequest { trust_object: Some(wire) }).expect_err("two faults");
        let fields: Vec<_> = invalid.faults().iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["trust_object.der", "trust_object.valid_from_time"]);
    }
}
