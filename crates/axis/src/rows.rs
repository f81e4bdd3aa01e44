//! Rows of lists and directories as the wires spell them: VXP and LGSP differ in underscores only.

use serde::Deserialize;

use crate::axis::{AgencyRow, Received, Sent};
use crate::loose;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ReceivedWire {
    #[serde(rename = "docId", alias = "DocId", deserialize_with = "loose::text")]
    doc_id: String,
    #[serde(rename = "messageType", deserialize_with = "loose::text")]
    message_type: String,
    #[serde(deserialize_with = "loose::text")]
    from: String,
    #[serde(deserialize_with = "loose::text")]
    to: String,
    #[serde(deserialize_with = "loose::text")]
    status: String,
    #[serde(alias = "statusDesc", deserialize_with = "loose::text")]
    status_desc: String,
    #[serde(alias = "createdTime", deserialize_with = "loose::text")]
    created_time: String,
    #[serde(alias = "updatedTime", deserialize_with = "loose::text")]
    updated_time: String,
}

/// An item; nothing where it has no id, by which alone it could be fetched.
pub(crate) fn received(wire: ReceivedWire) -> Option<Received> {
    (!wire.doc_id.is_empty()).then_some(Received {
        doc_id: wire.doc_id,
        message_type: wire.message_type,
        from: wire.from,
        to: wire.to,
        status: wire.status,
        status_description: wire.status_desc,
        created: wire.created_time,
        updated: wire.updated_time,
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct SentWire {
    #[serde(deserialize_with = "loose::text")]
    sender_doc_id: String,
    #[serde(deserialize_with = "loose::text")]
    receiver_doc_id: String,
    #[serde(deserialize_with = "loose::text")]
    from_code: String,
    #[serde(deserialize_with = "loose::text")]
    to_code: String,
    #[serde(deserialize_with = "loose::text")]
    receive_status: String,
    #[serde(deserialize_with = "loose::text")]
    receive_status_desc: String,
    #[serde(deserialize_with = "loose::text")]
    send_status: String,
    #[serde(deserialize_with = "loose::text")]
    send_status_desc: String,
    #[serde(deserialize_with = "loose::text")]
    title: String,
    #[serde(deserialize_with = "loose::text")]
    notation: String,
    #[serde(deserialize_with = "loose::text")]
    message_type: String,
    #[serde(deserialize_with = "loose::text")]
    sent_time: String,
    #[serde(deserialize_with = "loose::text")]
    received_time: String,
}

/// A receiver of a packet; nothing where neither the packet nor the receiver is named.
pub(crate) fn sent(wire: SentWire) -> Option<Sent> {
    (!wire.to_code.is_empty() && !wire.sender_doc_id.is_empty()).then_some(Sent {
        sender_doc_id: wire.sender_doc_id,
        receiver_doc_id: wire.receiver_doc_id,
        from: wire.from_code,
        to: wire.to_code,
        receive_status: wire.receive_status,
        receive_description: wire.receive_status_desc,
        send_status: wire.send_status,
        send_description: wire.send_status_desc,
        title: wire.title,
        notation: wire.notation,
        message_type: wire.message_type,
        sent: wire.sent_time,
        received: wire.received_time,
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgencyWire {
    #[serde(default, deserialize_with = "loose::text")]
    id: String,
    #[serde(default, alias = "parentCode", alias = "pcode", deserialize_with = "loose::text")]
    pid: String,
    #[serde(default, alias = "orgCode", deserialize_with = "loose::text")]
    code: String,
    #[serde(default, deserialize_with = "loose::text")]
    old_code: String,
    #[serde(default, deserialize_with = "loose::text")]
    code102: String,
    #[serde(default, alias = "orgName", deserialize_with = "loose::text")]
    name: String,
    #[serde(default, alias = "email", deserialize_with = "loose::text")]
    mail: String,
    #[serde(default, deserialize_with = "loose::number")]
    version: u64,
    #[serde(default, deserialize_with = "loose::text")]
    center_code: String,
    #[serde(default, deserialize_with = "loose::truth")]
    deleted: bool,
    #[serde(default, deserialize_with = "loose::text")]
    modify_date: String,
    #[serde(default = "loose::yes", deserialize_with = "loose::truth")]
    is_agency: bool,
}

/// A row of a directory; nothing where it has no code, which only rows have that group others.
pub(crate) fn agency(wire: AgencyWire) -> Option<AgencyRow> {
    // Of the two names of the older code the newer list fills one, the older list the other.
    let old_code = if wire.code102.is_empty() { wire.old_code } else { wire.code102 };
    (!wire.code.is_empty()).then_some(AgencyRow {
        id: wire.id,
        parent: wire.pid,
        code: wire.code,
        old_code,
        name: wire.name,
        mail: wire.mail,
        version: wire.version,
        center_code: wire.center_code,
        is_deleted: wire.deleted,
        modified: wire.modify_date,
        is_agency: wire.is_agency,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_both_wires_are_understood() {
        let vxp = r#"{"docId":17,"serviceType":"eDoc","messageType":"edoc","created_time":"a","updated_time":"b","from":"H12","to":["H1","H2"],"status":"initial","status_desc":null}"#;
        let lgsp = r#"{"docId":"17","serviceType":"eDoc","messageType":"edoc","createdTime":"a","updatedTime":"b","from":"H12","to":"H1,H2","status":"initial"}"#;
        let read = |text| received(serde_json::from_str(text).unwrap()).unwrap();
        assert_eq!(read(vxp), read(lgsp));
        assert_eq!((read(vxp).doc_id.as_str(), read(vxp).to.as_str()), ("17", "H1,H2"));
        assert_eq!(received(serde_json::from_str(r#"{"docId":null,"from":"H12"}"#).unwrap()), None);
    }

    #[test]
    fn directories_of_three_shapes_are_understood() {
        let read = |text| agency(serde_json::from_str(text).unwrap());
        let row = read(
            r#"{"id":1,"pid":0,"code":"H12.15","name":"Sở","mail":"","oldCode":"","code102":"000.00.15.H12","version":"7","deleted":1,"isAgency":false}"#,
        );
        let row = row.unwrap();
        assert_eq!((row.old_code.as_str(), row.version, row.is_deleted, row.is_agency), ("000.00.15.H12", 7, true, false));
        let row = read(r#"{"orgCode":"H37.1","orgName":"Xã","parentCode":"H37","address":"x","email":"a@b","phone":"1"}"#).unwrap();
        assert_eq!((row.code.as_str(), row.parent.as_str(), row.mail.as_str(), row.is_agency), ("H37.1", "H37", "a@b", true));
        assert_eq!(read(r#"{"id":1,"name":"group"}"#), None);
    }
}
