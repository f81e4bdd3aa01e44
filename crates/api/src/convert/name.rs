//! Resource names (AIP-122): `agencies/{id}`, `documents/{id}/deliveries/{agency}` and so on. A thing has one spelling.

use domain::axis::{Connection, ItemId};
use domain::digest::Digest;
use domain::{agency, document, principal};

/// The text is not a name of the sort asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not a name of the form {form}")]
pub struct NotAName {
    /// The form asked for.
    pub form: &'static str,
}

/// `agencies/{id}`.
pub fn agency(name: &str) -> Result<agency::Id, NotAName> {
    let id = name.strip_prefix("agencies/").and_then(|id| agency::Id::parse(id).ok());
    id.ok_or(NotAName { form: "agencies/{id}" })
}

/// `groups/{id}`.
pub fn group(name: &str) -> Result<agency::Id, NotAName> {
    let id = name.strip_prefix("groups/").and_then(|id| agency::Id::parse(id).ok());
    id.ok_or(NotAName { form: "groups/{id}" })
}

/// `principals/{id}`.
pub fn principal(name: &str) -> Result<principal::Id, NotAName> {
    let id = name.strip_prefix("principals/").and_then(|id| principal::Id::parse(id).ok());
    id.ok_or(NotAName { form: "principals/{id}" })
}

/// `documents/{id}`.
pub fn document(name: &str) -> Result<document::Id, NotAName> {
    let id = name.strip_prefix("documents/").and_then(|id| id.parse().ok());
    id.ok_or(NotAName { form: "documents/{id}" })
}

/// `documents/{id}/deliveries/{agency}`.
pub fn delivery(name: &str) -> Result<(document::Id, agency::Id), NotAName> {
    let parts = name.strip_prefix("documents/").and_then(|rest| rest.split_once("/deliveries/"));
    let ids = parts.and_then(|(document, agency)| Some((document.parse().ok()?, agency::Id::parse(agency).ok()?)));
    ids.ok_or(NotAName { form: "documents/{id}/deliveries/{agency}" })
}

/// `payloads/{sha256}`.
pub fn payload(name: &str) -> Result<Digest, NotAName> {
    let digest = name.strip_prefix("payloads/").and_then(|digest| digest.parse().ok());
    digest.ok_or(NotAName { form: "payloads/{SHA-256 in lower-case hexadecimal}" })
}

/// `trust/{sha256}`.
pub fn trust(name: &str) -> Result<Digest, NotAName> {
    let digest = name.strip_prefix("trust/").and_then(|digest| digest.parse().ok());
    digest.ok_or(NotAName { form: "trust/{SHA-256 in lower-case hexadecimal}" })
}

/// The longest id of a packet that is looked at; those of the axes are numbers or UUIDs.
const MAX_AXIS_ID: usize = 512;

/// `axes/{axis}`.
pub fn axis(name: &str) -> Result<Connection, NotAName> {
    let id = name.strip_prefix("axes/").and_then(|id| Connection::parse(id).ok());
    id.ok_or(NotAName { form: "axes/{axis}" })
}

/// `axes/{axis}/outbox/{item}`.
pub fn outbox_item(name: &str) -> Result<(Connection, ItemId), NotAName> {
    let parts = name.strip_prefix("axes/").and_then(|rest| rest.split_once("/outbox/"));
    let ids = parts.and_then(|(axis, item)| Some((Connection::parse(axis).ok()?, item.parse().ok()?)));
    ids.ok_or(NotAName { form: "axes/{axis}/outbox/{item}" })
}

/// `axes/{axis}/quarantine/{id on the axis}`; that id is the axis's own and may be any text.
pub fn quarantined(name: &str) -> Result<(Connection, String), NotAName> {
    let parts = name.strip_prefix("axes/").and_then(|rest| rest.split_once("/quarantine/"));
    let ids = parts.and_then(|(axis, id)| {
        let fits = (1..=MAX_AXIS_ID).contains(&id.len());
        Some((Connection::parse(axis).ok()?, Some(id.to_owned()).filter(|_| fits)?))
    });
    ids.ok_or(NotAName { form: "axes/{axis}/quarantine/{id on the axis}" })
}

/// The name of an agency.
pub fn of_agency(id: &agency::Id) -> String {
    format!("agencies/{id}")
}

/// The name of a group.
pub fn of_group(id: &agency::Id) -> String {
    format!("groups/{id}")
}

/// The name of a principal.
pub fn of_principal(id: &principal::Id) -> String {
    format!("principals/{id}")
}

/// The name of a document.
pub fn of_document(id: &document::Id) -> String {
    format!("documents/{id}")
}

/// The name of a delivery.
pub fn of_delivery(document: &document::Id, agency: &agency::Id) -> String {
    format!("documents/{document}/deliveries/{agency}")
}

/// The name of a payload.
pub fn of_payload(digest: &Digest) -> String {
    format!("payloads/{digest}")
}

/// The name of a trust object.
pub fn of_trust(fingerprint: &Digest) -> String {
    format!("trust/{fingerprint}")
}

/// The name of a connection to an axis.
pub fn of_axis(connection: &Connection) -> String {
    format!("axes/{connection}")
}

/// The name of an item of an outbox.
pub fn of_outbox_item(connection: &Connection, item: ItemId) -> String {
    format!("axes/{connection}/outbox/{item}")
}

/// The name of a packet that was set aside.
pub fn of_quarantined(connection: &Connection, axis_id: &str) -> String {
    format!("axes/{connection}/quarantine/{axis_id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_spelling() {
        let id = "018f3c5a-0000-7000-8000-000000000001";
        let name = format!("documents/{id}/deliveries/camau.dam-doi");
        let (of, holder) = delivery(&name).expect("a delivery");
        assert_eq!((of.to_string().as_str(), holder.as_str()), (id, "camau.dam-doi"));
        assert_eq!(of_delivery(&of, &holder), name);
        for wrong in [
            "",
            id,
            "documents/",
            "documents/018F3C5A-0000-7000-8000-000000000001/deliveries/camau",
            "documents/018f3c5a-0000-7000-8000-000000000001/deliveries/",
            "documents/018f3c5a-0000-7000-8000-000000000001/deliveries/a/b",
            "/documents/018f3c5a-0000-7000-8000-000000000001/deliveries/camau",
        ] {
            assert!(delivery(wrong).is_err(), "{wrong}");
        }
        for wrong in ["camau", "agencies/Camau", "agencies/", "agencies/camau/", "groups/camau"] {
            assert!(agency(wrong).is_err(), "{wrong}");
        }
        assert!(payload(&format!("payloads/{}", "0f".repeat(32))).is_ok());
        assert!(payload(&format!("payloads/{}", "0F".repeat(32))).is_err());
    }
    #[test]
    fn what_is_on_an_axis_has_one_name() {
        let connection = axis("axes/national").expect("a connection");
        assert_eq!(of_axis(&connection), "axes/national");
        let name = "axes/national/outbox/128-0";
        let (of, item) = outbox_item(name).expect("an item");
        assert_eq!(of_outbox_item(&of, item), name);
        // What an axis calls its packets is its own affair.
        for id in ["4711", "a/b", "5e8c0b7e-4a0d-4c41-8bb5-0a9ad9d4e6b0", "x y"] {
            let name = of_quarantined(&connection, id);
            assert_eq!(quarantined(&name), Ok((connection.clone(), id.to_owned())));
        }
        for wrong in ["axes/", "axes/National", "axes/a/b", "national", "axes/national/"] {
            assert!(axis(wrong).is_err(), "{wrong}");
        }
        for wrong in ["axes/national/outbox/", "axes/national/outbox/0128-0", "axes/national/quarantine/1", "axes//outbox/1-0"] {
            assert!(outbox_item(wrong).is_err(), "{wrong}");
        }
        let long = of_quarantined(&connection, &"9".repeat(MAX_AXIS_ID + 1));
        for wrong in ["axes/national/quarantine/", "axes//quarantine/1", long.as_str()] {
            assert!(quarantined(wrong).is_err(), "{wrong}");
        }
    }
}
