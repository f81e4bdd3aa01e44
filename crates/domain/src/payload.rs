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
