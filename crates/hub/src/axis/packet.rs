//! Between the hub's words and a packet's.

use std::collections::BTreeSet;

use domain::agency::{self, Agency, CodeAssignment, Scheme};
use domain::axis::{self, Reference};
use domain::digest::Digest;
use domain::document::{self, Attachment, AttachmentRole, Content, Document, KindId, Signer, Urgency};
use domain::letters;
use domain::state::{Fault, State};
use domain::time::{Date, Timestamp};
use edxml::{
    Business, Code, DocumentId, Edoc, Operation, Organ, OtherInfo, Replacement, ResponseFor, SignerInfo, StaffInfo, StatusCode,
    TraceHeader, Update,
};

/// The code by which an agency is called on a day: the newer form where it has one, else any; of one that has ended the last.
pub(super) fn code_on(agency: &Agency, day: Date) -> Option<&str> {
    let holds =
        |code: &&CodeAssignment| code.valid_from.is_none_or(|from| from <= day) && code.valid_until.is_none_or(|until| day <= until);
    let best = |code: &&CodeAssignment| code.code.scheme() != Scheme::Qd20;
    let current = agency.codes.iter().filter(holds).min_by_key(best);
    current.or_else(|| agency.codes.iter().min_by_key(best)).map(|code| code.code.as_str())
}

/// The agency as a packet names it.
pub(super) fn organ(rows: &dyn State, agency: &Agency, code: &str) -> Result<Organ, Fault> {
    let above = agency::superior(rows, agency)?;
    Ok(Organ {
        organ_id: code.to_owned(),
        organization_in_charge: above.map(|above| above.name).unwrap_or_default(),
        organ_name: agency.name.clone(),
        ..Organ::default()
    })
}

/// The name of one of our documents on the axis. It stays the same whatever becomes of the issuer's codes later: the code is that
/// of the day on the document.
pub(super) fn document_id(issuer: &Agency, content: &Content) -> Option<String> {
    let organ_id = code_on(issuer, content.date)?.to_owned();
    Some(DocumentId { organ_id, date: content.date, code: joined(content) }.to_string())
}

fn joined(content: &Content) -> String {
    format!("{}/{}", content.number, content.notation)
}

/// Why a packet cannot be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum PacketError {
    #[error("{0}")]
    Fault(#[from] Fault),
    #[error("agencies/{0} has no code, by which alone it can be named on the axis; give it one")]
    NoCode(agency::Id),
}

/// The header of the packet that does `operation` with a document for these receivers.
pub(super) fn edoc(
    rows: &dyn State,
    document: &Document,
    operation: axis::Operation,
    receivers: &[Agency],
    reason: &str,
    now: Timestamp,
) -> Result<Edoc, PacketError> {
    let content = &document.content;
    let today = now.date_in_vietnam();
    let issuer = agency::find(rows, &content.issuer)?.ok_or_else(|| Fault(format!("agencies/{} is not there", content.issuer)))?;
    let no_code = |agency: &Agency| PacketError::NoCode(agency.id.clone());
    let code = code_on(&issuer, today).ok_or_else(|| no_code(&issuer))?;
    let mut to = Vec::new();
    for receiver in receivers {
        to.push(organ(rows, receiver, code_on(receiver, today).ok_or_else(|| no_code(receiver))?)?);
    }
    let kinds = document::kinds(rows)?;
    let kind = kinds.iter().find(|kind| kind.id == content.kind);
    let name = document_id(&issuer, content).ok_or_else(|| no_code(&issuer))?;
    let response_for = match &content.in_reply_to {
        Some(answered) => response_for(rows, answered)?.into_iter().collect(),
        None => Vec::new(),
    };
    let (operation, document_id_of_target, reason) = match operation {
        axis::Operation::New if document.replaces.is_empty() => (Operation::New, String::new(), "Văn bản mới".to_owned()),
        axis::Operation::New => (Operation::Replace(replaced(rows, document)?), String::new(), document.replace_reason.clone()),
        axis::Operation::Recall => (Operation::Recall, name.clone(), reason.to_owned()),
        axis::Operation::Update => {
            let update = Update { document_info: true, document_receiver: false, receivers: Vec::new() };
            (Operation::Update(update), name.clone(), reason.to_owned())
        }
    };
    Ok(Edoc {
        from: organ(rows, &issuer, code)?,
        to,
        document_id: name,
        code: Code { number: content.number.clone(), notation: content.notation.clone(), extra: Vec::new() },
        place: content.place.clone(),
        promulgation_date: Some(content.date),
        document_type: kind.map(edxml::kinds::to_axis).unwrap_or_default(),
        subject: content.subject.clone(),
        content: content.subject.clone(),
        signer: SignerInfo {
            competence: content.signer.competence.clone(),
            position: content.signer.position.clone(),
            full_name: content.signer.full_name.clone(),
            extra: Vec::new(),
        },
        due_date: content.due_date,
        other: OtherInfo { priority: Some(content.urgency as u32), page_amount: content.page_count.map(u32::from), ..OtherInfo::default() },
        response_for,
        // 1 is "does not steer" to those who tell the numbers apart.
        steering_type: Some(1),
        to_places: content.printed_recipients.clone(),
        trace: vec![TraceHeader { organ_id: code.to_owned(), timestamp: Some(now), extra: Vec::new() }],
        business: Business {
            operation,
            reason,
            document_id: document_id_of_target,
            staff: StaffInfo::default(),
            paper: Some(false),
            extra: Vec::new(),
        },
        has_signature: false,
        extra: edxml::Extra::default(),
    })
}

/// How a packet names a document that it answers: by the names of the packet it came in, or by our own.
fn response_for(rows: &dyn State, answered: &document::Id) -> Result<Option<ResponseFor>, Fault> {
    let Some(document) = document::find(rows, answered)? else { return Ok(None) };
    let origin = axis::origin(rows, answered)?;
    let issuer = agency::find(rows, &document.content.issuer)?;
    let own = || {
        let issuer = issuer.as_ref()?;
        Some((code_on(issuer, document.content.date)?.to_owned(), document_id(issuer, &document.content)?))
    };
    let named = origin.map(|origin| (origin.from, origin.document_id)).or_else(own);
    Ok(named.map(|(organ_id, document_id)| ResponseFor {
        organ_id,
        code: joined(&document.content),
        promulgation_date: Some(document.content.date),
        document_id,
        extra: Vec::new(),
    }))
}

/// What a document takes the place of, for everybody who has it.
fn replaced(rows: &dyn State, document: &Document) -> Result<Vec<Replacement>, Fault> {
    let mut replacements = Vec::new();
    for id in &document.replaces {
        let Some(earlier) = document::find(rows, id)? else { continue };
        let Some(issuer) = agency::find(rows, &earlier.content.issuer)? else { continue };
        if let Some(document_id) = document_id(&issuer, &earlier.content) {
            replacements.push(Replacement { document_id, organ_ids: Vec::new() });
        }
    }
    Ok(replacements)
}

/// A status packet.
pub(super) fn status(from: Organ, about: &Reference, code: u8, at: Timestamp, note: &str, staff: &str) -> edxml::Status {
    edxml::Status {
        from,
        response_for: ResponseFor {
            organ_id: about.organ_id.clone(),
            code: about.code.clone(),
            promulgation_date: about.date,
            document_id: about.document_id.clone(),
            extra: Vec::new(),
        },
        staff: StaffInfo { staff: staff.to_owned(), ..StaffInfo::default() },
        code: StatusCode(code),
        description: if note.is_empty() { StatusCode(code).meaning().unwrap_or_default().to_owned() } else { note.to_owned() },
        timestamp: Some(at),
        extra: Vec::new(),
    }
}

/// A file of a packet that is in the vault.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) digest: Digest,
    pub(super) size: u64,
    pub(super) name: String,
}

/// What a packet states about its document, in the hub's words. What a packet lacks is left blank: the rules say what must be there.
pub(super) fn content(
    kinds: &[document::Kind],
    edoc: &Edoc,
    issuer: &agency::Id,
    files: &[File],
    in_reply_to: Option<document::Id>,
) -> Content {
    let kind = edxml::kinds::from_axis(kinds, &edoc.document_type, &edoc.code.notation).map(|kind| kind.id.clone());
    // A kind that only the axis has goes by its own name; one that the packet does not name is of the commonest.
    let by_name = || KindId::parse(&letters::slug(&edoc.document_type.name)).unwrap_or_else(|_| KindId::official_letter());
    Content {
        issuer: issuer.clone(),
        number: edoc.code.number.clone(),
        notation: edoc.code.notation.clone(),
        kind: kind.unwrap_or_else(by_name),
        subject: edoc.subject.clone(),
        signer: Signer {
            competence: edoc.signer.competence.clone(),
            position: edoc.signer.position.clone(),
            full_name: edoc.signer.full_name.clone(),
        },
        place: edoc.place.clone(),
        date: edoc.promulgation_date.unwrap_or_else(|| Timestamp::default().date_in_vietnam()),
        // An hour by which it must be there has no element: it is as hasty as can be.
        urgency: match edoc.other.priority {
            Some(1) => Urgency::Urgent,
            Some(2) => Urgency::VeryUrgent,
            Some(3 | 4) => Urgency::Express,
            _ => Urgency::Ordinary,
        },
        deliver_by: None,
        due_date: edoc.due_date.filter(|due| edoc.promulgation_date.is_none_or(|date| *due >= date)),
        page_count: edoc.other.page_amount.and_then(|pages| u16::try_from(pages).ok()).filter(|pages| (1..=999).contains(pages)),
        printed_recipients: printed(&edoc.to_places),
        attachments: attachments(files),
        in_reply_to,
        secrecy: String::new(),
    }
}

/// Printed recipients as far as the rules have room for them: nothing is routed by them.
fn printed(places: &[String]) -> Vec<String> {
    let mut room = 1_000;
    places
        .iter()
        .take_while(|place| {
            let length = place.chars().count();
            let fits = length <= room;
            room -= length.min(room);
            fits
        })
        .cloned()
        .collect()
}

/// The files, the first that is no detached signature being the document itself.
fn attachments(files: &[File]) -> Vec<Attachment> {
    let is_signature = |file: &File| file.name.to_lowercase().ends_with(".p7s");
    let main = files.iter().position(|file| !is_signature(file));
    let mut names = BTreeSet::new();
    files
        .iter()
        .enumerate()
        .map(|(i, file)| Attachment {
            payload: file.digest,
            size: file.size,
            file_name: file_name(&file.name, i + 1, &mut names),
            role: match main {
                Some(main) if main == i => AttachmentRole::Main,
                _ if is_signature(file) && i > 0 => AttachmentRole::DetachedSignature,
                _ => AttachmentRole::Appendix,
            },
        })
        .collect()
}

/// A bare name that no other file of the document has; whatever stood before it, a path for example, is left out.
fn file_name(name: &str, number: usize, taken: &mut BTreeSet<String>) -> String {
    let bare = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let bare: String = bare.chars().filter(|letter| !letter.is_control()).take(180).collect();
    let bare = match bare.trim() {
        "" | "." | ".." => format!("tep-{number}"),
        bare => bare.to_owned(),
    };
    let is_free = |name: &str, taken: &BTreeSet<String>| !taken.contains(&letters::composed(name).to_lowercase());
    let unique = if is_free(&bare, taken) {
        bare
    } else {
        let (stem, extension) = bare.rsplit_once('.').map_or((bare.as_str(), String::new()), |(stem, ext)| (stem, format!(".{ext}")));
        format!("{stem} ({number}){extension}")
    };
    taken.insert(letters::composed(&unique).to_lowercase());
    unique
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> File {
        File { digest: Digest([1; 32]), size: 1, name: name.into() }
    }

    #[test]
    fn names_of_files_lose_paths_and_stay_apart() {
        let files = ["../../etc/passwd", "C:\\x\\Công văn.pdf", "công văn.pdf", "", "..", "a\nb.pdf"].map(file);
        let names: Vec<_> = attachments(&files).into_iter().map(|file| file.file_name).collect();
        assert_eq!(names, ["passwd", "Công văn.pdf", "công văn (3).pdf", "tep-4", "tep-5", "ab.pdf"]);
    }

    #[test]
    fn the_first_file_that_is_no_signature_is_the_document() {
        let roles = |names: &[&str]| -> Vec<_> {
            let files: Vec<_> = names.iter().map(|name| file(name)).collect();
            attachments(&files).into_iter().map(|file| file.role).collect()
        };
        use AttachmentRole::{Appendix, DetachedSignature, Main};
        assert_eq!(roles(&["a.pdf", "a.pdf.p7s", "b.xlsx"]), [Main, DetachedSignature, Appendix]);
        assert_eq!(roles(&["x.p7s", "a.pdf"]), [Appendix, Main], "a signature over nothing is a file like any other");
    }

    #[test]
    fn a_code_of_the_day_in_the_newer_form_names_an_agency() {
        let code = |text: &str, until: Option<&str>| CodeAssignment {
            code: text.parse().unwrap(),
            valid_from: None,
            valid_until: until.map(|day| day.parse().unwrap()),
            provisional: false,
        };
        let agency = Agency {
            id: agency::Id::parse("a").unwrap(),
            tier: agency::Tier::Province,
            kind: agency::Kind::Other,
            parent: None,
            name: "A".into(),
            short_name: String::new(),
            codes: vec![code("000.00.15.H12", None), code("H12.15", Some("2025-06-30"))],
            state: agency::State::Active,
            valid_from: None,
            valid_until: None,
            changed_seq: 0,
        };
        assert_eq!(code_on(&agency, "2025-06-30".parse().unwrap()), Some("H12.15"));
        assert_eq!(code_on(&agency, "2025-07-01".parse().unwrap()), Some("000.00.15.H12"));
        let ended = Agency { codes: vec![code("H12.15", Some("2025-06-30"))], ..agency };
        assert_eq!(code_on(&ended, "2025-07-01".parse().unwrap()), Some("H12.15"));
    }
}
