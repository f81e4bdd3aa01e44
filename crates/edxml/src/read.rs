//! From elements to words.

use std::io::BufRead;

use crate::NAMESPACE;
use crate::attachment::{self, Attachment, Part, Reference};
use crate::block::{Block, Notes};
use crate::content::Sink;
use crate::fault::{Fault, ReadError, Rule};
use crate::limits::Limits;
use crate::packet::{
    Business, Code, DocumentType, Edoc, Extra, Operation, Organ, OtherInfo, Packet, Receiver, Replacement, ResponseFor, SignerInfo,
    StaffInfo, Status, StatusCode, TraceHeader, Update,
};
use crate::tree::{self, Element, File};

/// A packet that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received<S> {
    /// What it says.
    pub packet: Packet,
    /// Its files, in their order.
    pub attachments: Vec<Attachment<S>>,
    /// Files that the manifest names and the packet does not hold.
    pub missing: Vec<Reference>,
    /// What was understood although it is not as the regulation has it: at most 500 notes.
    pub notes: Vec<Fault>,
}

/// Reads a packet, its files into `sink` as they come.
///
/// Refused is what could be understood in two ways, what no packet needs (document types, entities), what exceeds `limits`, and
/// what lacks the words without which nothing can be done: sender, receivers, `DocumentId`, number and notation, the status.
/// All else that the regulation asks for and real packets lack becomes a note, so that a caller may decide.
///
/// # Errors
/// [`ReadError::Refused`] with place and rule; [`ReadError::Io`] where the bytes end early or the sink fails. Files that the sink
/// was given before are the caller's to drop.
pub fn read<R: BufRead, S: Sink>(packet: R, limits: &Limits, sink: &mut S) -> Result<Received<S::Stored>, ReadError> {
    let (root, files) = tree::read(packet, limits, sink)?;
    let refused = |rule| ReadError::Refused(Fault { at: root.at.0, path: root.name.clone(), rule });
    if root.name != "edXML" || root.namespace != NAMESPACE {
        let is_known_by_name = ["edXML", "EdXMLEnvelope", "edXMLEnvelope", "Envelope"].contains(&root.name.as_str());
        return Err(if root.namespace != NAMESPACE && is_known_by_name {
            refused(Rule::Namespace { found: shortened(&root.namespace) })
        } else {
            refused(Rule::Root { found: shortened(&root.name) })
        });
    }
    let notes = Notes::default();
    let (packet, attachments, missing) = read_root(root, files, &notes)?;
    Ok(Received { packet, attachments, missing, notes: notes.into_vec() })
}

type Parts<S> = (Packet, Vec<Attachment<S>>, Vec<Reference>);

fn read_root<S>(root: Element, files: Vec<File<S>>, notes: &Notes) -> Result<Parts<S>, ReadError> {
    let mut root = Block::new(root, "edXML".into(), notes);
    let mut envelope = root.needed_block("edXMLEnvelope")?;
    let mut header = envelope.needed_block("edXMLHeader")?;
    let message = header.needed_block("MessageHeader")?;
    let encoded = root.block("AttachmentEncoded");
    if message.has("StatusCode") {
        return Ok((Packet::Status(Box::new(status(message)?)), Vec::new(), Vec::new()));
    }
    let mut edoc = message_header(message)?;
    if let Some(list) = header.block("TraceHeaderList") {
        trace_header_list(list, &mut edoc)?;
    } else {
        header.note(Rule::Missing("TraceHeaderList"));
    }
    for name in ["Signature", "DigitalSignature"] {
        edoc.has_signature |= header.take_one(name).is_some();
    }
    let mut references = Vec::new();
    if let Some(mut body) = envelope.block("edXMLBody") {
        // One generation of programs leaves the prefix of the name out.
        if let Some(mut manifest) = body.block("edXMLManifest").or_else(|| body.block("Manifest")) {
            references = manifest.blocks("Reference").into_iter().map(reference).collect();
            edoc.extra.manifest = manifest.rest();
        }
        edoc.extra.body = body.rest();
    }
    let (parts, about) = match encoded {
        Some(mut encoded) => (parts(&mut encoded, files)?, encoded),
        None => (Vec::new(), Block::new(Element::default(), "edXML/AttachmentEncoded".into(), notes)),
    };
    let (attachments, missing) = attachment::pair(references, parts, |rule| about.note(rule));
    edoc.extra.header = header.rest();
    edoc.extra.envelope = envelope.rest();
    edoc.extra.root = root.rest();
    Ok((Packet::Edoc(Box::new(edoc)), attachments, missing))
}

fn status(mut message: Block<'_>) -> Result<Status, ReadError> {
    let from = organ(message.needed_block("From")?)?;
    let response = message.needed_block("ResponseFor")?;
    let unknown = response.refused(Rule::Missing("OrganId"));
    let response_for = response_for(response);
    if response_for.organ_id.is_empty() {
        return Err(unknown);
    }
    let text = message.needed_text("StatusCode", 2)?;
    let code = if text.len() <= 2 { text.parse().ok() } else { None };
    Ok(Status {
        from,
        response_for,
        staff: message.block("StaffInfo").map(staff).unwrap_or_default(),
        code: StatusCode(code.ok_or_else(|| message.refused(Rule::Number(shortened(&text))))?),
        description: message.text("Description", 500),
        timestamp: message.timestamp("Timestamp"),
        extra: message.rest(),
    })
}

fn message_header(mut message: Block<'_>) -> Result<Edoc, ReadError> {
    let from = organ(message.needed_block("From")?)?;
    let to = message.blocks("To").into_iter().map(organ).collect::<Result<Vec<_>, _>>()?;
    if to.is_empty() {
        return Err(message.refused(Rule::Missing("To")));
    }
    let mut edoc = Edoc { from, to, document_id: message.needed_text("DocumentId", 200)?, ..Edoc::default() };
    let mut code = message.needed_block("Code")?;
    edoc.code = Code { number: code.needed_text("CodeNumber", 11)?, notation: code.needed_text("CodeNotation", 30)?, extra: code.rest() };
    match message.block("PromulgationInfo") {
        Some(mut info) => {
            edoc.place = info.text("Place", 50);
            edoc.promulgation_date = info.date("PromulgationDate");
            if edoc.promulgation_date.is_none() {
                info.note(Rule::Missing("PromulgationDate"));
            }
        }
        None => message.note(Rule::Missing("PromulgationInfo")),
    }
    match message.block("DocumentType") {
        Some(mut kind) => {
            edoc.document_type = DocumentType {
                group: kind.number("Type"),
                detail: kind.number("TypeDetail"),
                name: kind.expected_text("TypeName", 100),
                extra: kind.rest(),
            };
        }
        None => message.note(Rule::Missing("DocumentType")),
    }
    edoc.subject = message.expected_text("Subject", 500);
    edoc.content = message.text("Content", 500);
    match message.block("SignerInfo") {
        Some(mut signer) => {
            edoc.signer = SignerInfo {
                competence: signer.text("Competence", 100),
                position: signer.expected_text("Position", 100),
                full_name: signer.expected_text("FullName", 50),
                extra: signer.rest(),
            };
        }
        None => message.note(Rule::Missing("SignerInfo")),
    }
    edoc.due_date = message.date("DueDate");
    if let Some(mut places) = message.block("ToPlaces") {
        edoc.to_places = places.texts("Place", 1_000);
    }
    edoc.other = message.block("OtherInfo").map(other_info).unwrap_or_default();
    edoc.response_for = message.blocks("ResponseFor").into_iter().map(response_for).filter(is_said).collect();
    edoc.steering_type = message.number("SteeringType");
    edoc.extra.message_header = message.rest();
    Ok(edoc)
}

/// Programs write the block with four empty elements where they have nothing to say.
fn is_said(response: &ResponseFor) -> bool {
    *response != ResponseFor::default()
}

fn organ(mut block: Block<'_>) -> Result<Organ, ReadError> {
    Ok(Organ {
        organ_id: block.needed_text("OrganId", 35)?,
        organization_in_charge: block.text("OrganizationInCharge", 200),
        organ_name: block.expected_text("OrganName", 200),
        organ_add: block.text("OrganAdd", 250),
        email: block.text("Email", 100),
        telephone: block.text("Telephone", 50),
        fax: block.text("Fax", 50),
        website: block.text("Website", 100),
        extra: block.rest(),
    })
}

fn other_info(mut block: Block<'_>) -> OtherInfo {
    OtherInfo {
        priority: block.number("Priority"),
        sphere: block.text("SphereOfPromulgation", 100),
        typer_notation: block.text("TyperNotation", 10),
        promulgation_amount: block.number("PromulgationAmount"),
        page_amount: block.number("PageAmount"),
        appendixes: block.block("Appendixes").map(|mut list| list.texts("Appendix", 500)).unwrap_or_default(),
        extra: block.rest(),
    }
}

fn response_for(mut block: Block<'_>) -> ResponseFor {
    let mut response = ResponseFor {
        organ_id: block.text("OrganId", 35),
        code: block.text("Code", 42),
        promulgation_date: block.date("PromulgationDate"),
        document_id: block.text("DocumentId", 200),
        extra: Vec::new(),
    };
    // The samples of one library have the two exchanged; only one of them can hold a slash.
    if response.organ_id.contains('/') && !response.code.is_empty() && !response.code.contains('/') {
        block.note(Rule::Exchanged);
        std::mem::swap(&mut response.organ_id, &mut response.code);
    }
    response.extra = block.rest();
    response
}

fn trace_header_list(mut list: Block<'_>, edoc: &mut Edoc) -> Result<(), ReadError> {
    for mut hop in list.blocks("TraceHeader") {
        let organ_id = hop.expected_text("OrganId", 35);
        edoc.trace.push(TraceHeader { organ_id, timestamp: hop.timestamp("Timestamp"), extra: hop.rest() });
    }
    match list.block("Bussiness") {
        Some(block) => edoc.business = business(block)?,
        None => list.note(Rule::Missing("Bussiness")),
    }
    let paper = list.flag("Paper");
    edoc.business.paper = edoc.business.paper.or(paper);
    edoc.extra = Extra { trace_header_list: list.rest(), ..std::mem::take(&mut edoc.extra) };
    Ok(())
}

fn business(mut block: Block<'_>) -> Result<Business, ReadError> {
    let number = block.needed_text("BussinessDocType", 1)?;
    let changes = block.block("BussinessDocumentInfo");
    let replaced = block.block("ReplacementInfoList");
    let operation = match number.as_str() {
        "0" => Operation::New,
        "1" => Operation::Recall,
        "2" => {
            if changes.is_none() {
                block.note(Rule::Missing("BussinessDocumentInfo"));
            }
            Operation::Update(changes.map(update).transpose()?.unwrap_or_default())
        }
        "3" => {
            let replacements = replaced.map(replacements).transpose()?.unwrap_or_default();
            if replacements.is_empty() {
                block.note(Rule::Missing("ReplacementInfo"));
            }
            Operation::Replace(replacements)
        }
        // Nobody may guess what is to be done to a document.
        _ => return Err(block.refused(Rule::Number(shortened(&number)))),
    };
    let reason = block.text("BussinessDocReason", 500);
    if reason.is_empty() && operation != Operation::New {
        block.note(Rule::Missing("BussinessDocReason"));
    }
    Ok(Business {
        operation,
        reason,
        document_id: block.text("DocumentId", 200),
        staff: block.block("StaffInfo").map(staff).unwrap_or_default(),
        paper: block.flag("Paper"),
        extra: block.rest(),
    })
}

fn update(mut block: Block<'_>) -> Result<Update, ReadError> {
    let mut receivers = Vec::new();
    if let Some(mut list) = block.block("ReceiverList") {
        for mut receiver in list.blocks("Receiver") {
            let organ_id = receiver.needed_text("OrganId", 35)?;
            let is_added = receiver.flag("ReceiverType");
            let is_added = is_added.ok_or_else(|| receiver.refused(Rule::Missing("ReceiverType")))?;
            receivers.push(Receiver { organ_id, is_added });
        }
    }
    Ok(Update {
        document_info: block.flag("DocumentInfo").unwrap_or_default(),
        document_receiver: block.flag("DocumentReceiver").unwrap_or_default(),
        receivers,
    })
}

fn replacements(mut list: Block<'_>) -> Result<Vec<Replacement>, ReadError> {
    list.blocks("ReplacementInfo")
        .into_iter()
        .map(|mut block| {
            let document_id = block.needed_text("DocumentId", 200)?;
            let organ_ids = block.block("OrganIdList").map(|mut list| list.texts("OrganId", 35)).unwrap_or_default();
            Ok(Replacement { document_id, organ_ids })
        })
        .collect()
}

fn staff(mut block: Block<'_>) -> StaffInfo {
    StaffInfo {
        department: block.text("Department", 250),
        staff: block.text("Staff", 100),
        email: block.text("Email", 100),
        mobile: block.text("Mobile", 100),
        extra: block.rest(),
    }
}

fn reference(mut block: Block<'_>) -> Reference {
    Reference {
        content_id: attachment::bare_id(&block.text("ContentId", 200)).to_owned(),
        content_type: block.text("ContentType", 100),
        description: block.text("Description", 500),
        name: block.text("AttachmentName", 255),
    }
}

fn parts<S>(encoded: &mut Block<'_>, files: Vec<File<S>>) -> Result<Vec<Part<S>>, ReadError> {
    let mut files: Vec<_> = files.into_iter().map(Some).collect();
    let mut parts = Vec::new();
    for mut block in encoded.blocks("Attachment") {
        let about = reference_of(&mut block);
        let mut contents = block.files("ContentTransferEncoded");
        let content = contents.pop();
        if !contents.is_empty() {
            return Err(block.refused(Rule::Repeated("ContentTransferEncoded")));
        }
        let Some(file) = content.and_then(|number| files.get_mut(number)).and_then(Option::take) else {
            block.note(Rule::Missing("ContentTransferEncoded"));
            continue;
        };
        parts.push(Part { about, file, extra: block.rest() });
    }
    Ok(parts)
}

fn reference_of(block: &mut Block<'_>) -> Reference {
    let content_id = attachment::bare_id(&block.text("ContentId", 200)).to_owned();
    let content_type = block.text("ContentType", 100);
    let mime_type = block.text("MimeType", 100);
    Reference {
        content_id,
        content_type: if content_type.is_empty() { mime_type } else { content_type },
        description: block.text("Description", 500),
        name: block.text("AttachmentName", 255),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}
