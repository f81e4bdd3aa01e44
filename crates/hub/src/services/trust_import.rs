//! Many trust objects at once: read from a stream, looked at as a whole, taken in together or not at all.

use std::collections::HashMap;
use std::sync::Arc;

use api::convert::{self, name};
use api::status::Failure;
use api::v1;
use api::v1::import_trust_objects_request::Content;
use bytes::{Bytes, BytesMut};
use domain::command::Command;
use domain::digest::Digest;
use domain::document;
use domain::invalid::{self, Checker, Invalid};
use domain::principal::Caller;
use domain::signature::{Report, verdicts};
use domain::trust::{self, Kind, MAX_IMPORT, Planned, TrustObject};
use store::vault::{self, UploadId};
use tokio::time::timeout;
use tonic::Streaming;

use super::payload::vault_failure;
use crate::shared::{Shared, fault};
use crate::touched::{Change, Documents, touched};
use crate::trust_reading::{self, Read};

/// Bytes of an object that the journal carries; larger ones go to the vault, so that an import of many fits one entry.
const INLINE: usize = 8 << 10;
/// Documents of a preview that are judged.
const SHOWN: usize = 20;
/// Bytes of one write to the vault.
const CHUNK: usize = 1 << 20;

/// One file of an import.
struct File {
    name: String,
    kind: Option<Kind>,
    content: BytesMut,
}

/// One object of an import.
struct Item {
    file_name: String,
    read: Read,
}

/// Carries an import out, or tells what it would do.
pub(super) async fn import(
    shared: &Shared,
    caller: &Caller,
    stream: Streaming<v1::ImportTrustObjectsRequest>,
) -> Result<v1::ImportTrustObjectsResponse, Failure> {
    let (head, files) = receive(shared, stream).await?;
    let items = tokio::task::spawn_blocking(move || read_all(files, &head.note).map(|items| (items, head.validate_only)));
    let (items, validate_only) = items.await.map_err(|_| Failure::Internal)??;
    let objects: Vec<TrustObject> = items.iter().map(|item| item.read.object.clone()).collect();
    let plan = trust::plan(&shared.tables, &objects).map_err(fault)?;
    let mut answer = v1::ImportTrustObjectsResponse {
        objects: items.iter().zip(&plan).map(|(item, planned)| to_wire(item, planned)).collect(),
        ..Default::default()
    };
    if validate_only {
        let (count, documents) = preview(shared, caller, &items, &plan).await?;
        answer.touched_documents = i64::try_from(count).unwrap_or(i64::MAX);
        answer.documents = documents;
        return Ok(answer);
    }
    shared.require_space()?;
    // A task of its own, so that a caller that goes away cannot leave bytes in the vault that no entry tells of.
    let (shared, caller) = (shared.clone(), caller.clone());
    let carried_out = tokio::spawn(async move {
        let _not_erasing = shared.erasing.read().await;
        for (item, planned) in items.iter().zip(&plan) {
            if item.read.object.der.is_empty() && matches!(planned, Planned::Added { .. }) {
                keep(&shared, &item.read).await?;
            }
        }
        shared.carry_out(&caller, None, Command::Trust(trust::Command::Import(objects))).await
    });
    carried_out.await.map_err(|_| Failure::Internal)??;
    Ok(answer)
}

async fn receive(
    shared: &Shared,
    mut stream: Streaming<v1::ImportTrustObjectsRequest>,
) -> Result<(v1::ImportTrustHead, Vec<File>), Failure> {
    let idle = shared.config.payloads.idle_timeout.0;
    let max = shared.config.signatures.max_trust_import.0;
    let mut head = None;
    let mut files: Vec<File> = Vec::new();
    let mut bytes = 0_u64;
    while let Some(message) =
        timeout(idle, stream.message()).await.map_err(|_| Failure::DeadlineExceeded)?.map_err(|_| Failure::StreamBroken)?
    {
        let more = match (message.content, &head) {
            (Some(Content::Head(first)), None) => {
                invalid::text(&first.note, 0, 500).map_err(|rule| Failure::from(Invalid::one("head.note", rule)))?;
                head = Some(first);
                continue;
            }
            (Some(Content::Entry(entry)), Some(_)) => {
                let field = format!("entries[{}]", files.len());
                if files.len() >= MAX_IMPORT {
                    return Err(Invalid::one("entries", format_args!("are more than {MAX_IMPORT}")).into());
                }
                invalid::text(&entry.file_name, 0, 200).map_err(|rule| Failure::from(Invalid::one(format!("{field}.file_name"), rule)))?;
                let kind =
                    convert::trust::stated_kind(entry.kind).map_err(|rule| Failure::from(Invalid::one(format!("{field}.kind"), rule)))?;
                files.push(File { name: entry.file_name, kind, content: BytesMut::new() });
                entry.content
            }
            (Some(Content::Chunk(chunk)), Some(_)) if !files.is_empty() => chunk,
            _ => return Err(Invalid::one("content", "must be the head once, then entries, each with the chunks that continue it").into()),
        };
        bytes = bytes.saturating_add(more.len() as u64);
        if bytes > max {
            return Err(Invalid::one("entries", format_args!("have more than {max} bytes together (signatures.max_trust_import)")).into());
        }
        if let Some(file) = files.last_mut() {
            file.content.extend_from_slice(&more);
        }
    }
    let head = head.ok_or_else(|| Failure::from(Invalid::one("head", "is required")))?;
    Ok((head, files))
}

/// Reads every object of every file; all that cannot be read are named.
fn read_all(files: Vec<File>, note: &str) -> Result<Vec<Item>, Failure> {
    let mut check = Checker::default();
    check.require(!files.is_empty(), "entries", "are required");
    let mut items = Vec::new();
    for (index, file) in files.into_iter().enumerate() {
        let blocks = trust_reading::split(file.content.freeze());
        let is_one = blocks.len() == 1;
        for (block, der) in blocks.into_iter().enumerate() {
            let field = if is_one { format!("entries[{index}]") } else { format!("entries[{index}].blocks[{block}]") };
            if items.len() >= MAX_IMPORT {
                check.fault("entries", format_args!("hold more than {MAX_IMPORT} objects"));
                return check.finish().map(|()| Vec::new()).map_err(Failure::from);
            }
            match der.and_then(|der| trust_reading::read(der, file.kind, INLINE)) {
                Ok(mut read) => {
                    note.clone_into(&mut read.object.note);
                    items.push(Item { file_name: file.name.clone(), read });
                }
                Err(rule) if file.name.is_empty() => check.fault(field, rule),
                Err(rule) => check.fault(field, format_args!("({}) {rule}", file.name)),
            }
        }
    }
    check.finish()?;
    Ok(items)
}

/// Puts the bytes of an object into the vault.
async fn keep(shared: &Shared, read: &Read) -> Result<(), Failure> {
    let id = UploadId(*uuid::Uuid::now_v7().as_bytes());
    let upload = vault::Upload {
        owner: "hub".into(),
        size: read.der.len() as u64,
        expected: Some(read.object.fingerprint.0),
        created_ms: u64::try_from(shared.now().micros() / 1_000).unwrap_or_default(),
    };
    let failed = |error| vault_failure(&error);
    shared.vault.start(id, upload).await.map_err(failed)?;
    let mut writer = shared.vault.writer(id).await.map_err(failed)?;
    let mut at = 0;
    while at < read.der.len() {
        let end = read.der.len().min(at + CHUNK);
        writer.write(at as u64, read.der.slice(at..end)).await.map_err(failed)?;
        at = end;
    }
    writer.sync().await.map_err(failed)?;
    drop(writer);
    shared.vault.finish(id).await.map_err(failed)?;
    Ok(())
}

/// How many documents an import would touch, and what would become of the first ones.
async fn preview(shared: &Shared, caller: &Caller, items: &[Item], plan: &[Planned]) -> Result<(usize, Vec<v1::TouchedDocument>), Failure> {
    let mut objects = trust::all(&shared.tables).map_err(fault)?;
    let mut at_hand: HashMap<Digest, Bytes> = HashMap::new();
    let mut documents = Documents::new();
    for (item, planned) in items.iter().zip(plan) {
        let Planned::Added { replaces } = planned else { continue };
        let object = &item.read.object;
        let mut replaced = Vec::new();
        for earlier in objects.extract_if(.., |held| replaces.contains(&held.fingerprint)).collect::<Vec<_>>() {
            replaced.extend(shared.judge.der(&earlier).await?);
        }
        objects.retain(|held| held.fingerprint != object.fingerprint);
        objects.push(object.clone());
        at_hand.insert(object.fingerprint, item.read.der.clone());
        let change = Change::Added { object: object.clone(), der: item.read.der.clone(), replaced };
        let tables = shared.tables.clone();
        let looked = tokio::task::spawn_blocking(move || touched(&tables, &change)).await.map_err(|_| Failure::Internal)?;
        documents.extend(looked.map_err(fault)?);
    }
    let then = shared.judge.trust_of(objects, &at_hand).await?;
    let mut shown = Vec::new();
    for id in documents.iter().take(SHOWN) {
        let Some(document) = document::find(&shared.tables, id).map_err(fault)? else { continue };
        let now = verdicts::latest(&shared.tables, id).map_err(fault)?;
        let reports = shared.judge.attachments_by(caller, &document.content.attachments, shared.now(), &Arc::clone(&then)).await?;
        let signatures = now.iter().zip(&reports).flat_map(|(now, then)| differences(now, then)).collect();
        shown.push(v1::TouchedDocument { document: name::of_document(id), signatures });
    }
    Ok((documents.len(), shown))
}

fn differences(now: &Report, then: &Report) -> Vec<v1::TouchedSignature> {
    let pairs = now.signatures.iter().zip(&then.signatures);
    let changed = pairs.filter(|(now, then)| (now.verdict, &now.sub_indication) != (then.verdict, &then.sub_indication));
    changed
        .map(|(was, will)| v1::TouchedSignature {
            payload: name::of_payload(&now.payload),
            field: was.field.clone(),
            verdict: v1::Verdict::from(was.verdict).into(),
            sub_indication: was.sub_indication.clone(),
            verdict_then: v1::Verdict::from(will.verdict).into(),
            sub_indication_then: will.sub_indication.clone(),
        })
        .collect()
}

fn to_wire(item: &Item, planned: &Planned) -> v1::ImportedTrustObject {
    let (outcome, others) = match planned {
        Planned::Added { replaces } if replaces.is_empty() => (v1::TrustImport::Added, Vec::new()),
        Planned::Added { replaces } => (v1::TrustImport::Replaced, replaces.iter().map(name::of_trust).collect()),
        Planned::Unchanged => (v1::TrustImport::Unchanged, Vec::new()),
        Planned::Outdated { by } => (v1::TrustImport::Outdated, vec![name::of_trust(by)]),
    };
    let object = v1::TrustObject { der: Bytes::new(), ..convert::trust::to_wire(&item.read.object) };
    v1::ImportedTrustObject { trust_object: Some(object), file_name: item.file_name.clone(), outcome: outcome.into(), others }
}
