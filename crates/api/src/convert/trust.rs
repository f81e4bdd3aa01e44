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
    kind: TrustKind = Kind { Anchor, Intermediate, RevocationList }
}

/// The filter of a list: only this kind, if stated.
pub fn list(request: &v1::ListTrustObjectsRequest) -> Result<Option<Kind>, Invalid> {
    read(|at| Some(at.any("kind", request.kind, kind)))
}

/// The object to add. Its subject is empty: who reads the DER fills it in.
pub fn added(request: &v1::AddTrustObjectRequest) -> Result<TrustObject, Invalid> {
    read(|at| {
        let message = at.present("trust_object", &request.trust_object)?;
        let at = &mut at.within("trust_object");
        let kind = at.stated("kind", message.kind, kind);
        let length = message.der.len();
        at.require(length > 0, "der", "is required");
        at.require(length <= MAX_DER, "der", format_args!("has {length} bytes, at most {MAX_DER} are allowed"));
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
        })
    })
}

/// The message of a trust object.
pub fn to_wire(object: &TrustObject) -> v1::TrustObject {
    v1::TrustObject {
        name: name::of_trust(&object.fingerprint),
        kind: v1::TrustKind::from(object.kind).into(),
        der: object.der.clone().into(),
        valid_from_time: object.valid_from.map(time::timestamp),
        valid_until_time: object.valid_until.map(time::timestamp),
        note: object.note.clone(),
        subject: object.subject.clone(),
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
