//! Documents: what was issued, once, by one agency (NĐ 30/2020/NĐ-CP; QCVN 102:2016/BTTTT for names and lengths).

mod recall;
mod rows;
#[cfg(test)]
pub(crate) mod scene;
mod secrecy;
mod submit;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::agency::{self, Selector};
use crate::command::{Context, Ruling};
use crate::digest::Digest;
use crate::event;
use crate::invalid::{self, Checker, Invalid};
use crate::principal;
use crate::refusal::Refusal;
use crate::signature;
use crate::state::{State as Rows, Table};
use crate::time::{Date, Timestamp};
use crate::{delivery, principal::is_slug};

pub(crate) use recall::answered;
pub(crate) use rows::right_to_files;
pub use rows::{apply, find, kinds, may_read, may_trace, numbered, outbox, reports};
pub(crate) use submit::{bounded, in_force, is_hub};

/// Documents by id.
pub const DOCUMENTS: Table = Table { name: "documents", number: 60 };
/// Document id, big-endian index: the signature report of one attachment.
pub const REPORTS: Table = Table { name: "signature reports", number: 61 };
/// Issuer, 0, year, 0, number, 0, notation: the document with that number.
pub const NUMBERS: Table = Table { name: "numbers", number: 62 };
/// The kinds of documents by id.
pub const KINDS: Table = Table { name: "document kinds", number: 64 };
/// Document id, version: earlier versions of an amended document.
pub const VERSIONS: Table = Table { name: "earlier versions", number: 65 };

/// The name the hub gives a document: a UUID whose order is that of time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Id(pub [u8; 16]);

/// The text is not a document id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not a document id: a UUID in lower case")]
pub struct NotAnId;

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let mut bytes = [0; 16];
        let mut digits = text.bytes().filter(|b| *b != b'-');
        for byte in &mut bytes {
            let mut digit = || match digits.next() {
                Some(b @ b'0'..=b'9') => Ok(b - b'0'),
                Some(b @ b'a'..=b'f') => Ok(b - b'a' + 10),
                _ => Err(NotAnId),
            };
            *byte = digit()? << 4 | digit()?;
        }
        let id = Self(bytes);
        // Only the one spelling is taken, so that a name has one form.
        if id.to_string() == text { Ok(id) } else { Err(NotAnId) }
    }
}

/// The id of a kind of document, a slug such as `cong-van`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KindId(String);

impl KindId {
    /// Công văn, the commonest kind.
    pub fn official_letter() -> Self {
        Self("cong-van".into())
    }

    /// The id, if `text` is a slug.
    pub fn parse(text: &str) -> Result<Self, principal::NotASlug> {
        if is_slug(text) { Ok(Self(text.to_owned())) } else { Err(principal::NotASlug) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A kind of document (thể loại văn bản).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kind {
    /// Its id.
    pub id: KindId,
    /// Its name, for example "Công văn".
    pub name: String,
    /// Its abbreviation in notations, may be empty.
    #[serde(default)]
    pub abbreviation: String,
    /// Legal-normative (văn bản quy phạm pháp luật) or administrative.
    pub legal_normative: bool,
    /// `DocumentType/Type` on the axis.
    pub qcvn_type: u8,
    /// `DocumentType/TypeDetail` on the axis, where the list has one.
    pub qcvn_detail: Option<u8>,
}

/// Độ khẩn; the order is the order of haste, numbers as on the axis (`Priority`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Urgency {
    /// Thường.
    Ordinary = 0,
    /// Khẩn.
    Urgent = 1,
    /// Thượng khẩn.
    VeryUrgent = 2,
    /// Hỏa tốc.
    Express = 3,
    /// Hỏa tốc hẹn giờ.
    ExpressAtTime = 4,
}

/// Who signed, as printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signer {
    /// Quyền hạn: the TM., KT., TL., TUQ., Q. line; at most 100 characters, may be empty.
    pub competence: String,
    /// Chức vụ, 1 to 100 characters.
    pub position: String,
    /// Họ và tên, 1 to 50 characters.
    pub full_name: String,
}

/// What a file is to its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttachmentRole {
    /// The document itself; exactly one.
    Main,
    /// Phụ lục.
    Appendix,
    /// A detached signature (.p7s) over the attachment before it.
    DetachedSignature,
}

/// A file of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its payload.
    pub payload: Digest,
    /// Length in bytes, as the hub has it.
    pub size: u64,
    /// File name, 1 to 200 characters, no path separators.
    pub file_name: String,
    /// What it is.
    pub role: AttachmentRole,
}

/// What the issuer states about a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The issuing agency.
    pub issuer: agency::Id,
    /// Số: 1 to 11 characters, no blanks and no `/`.
    pub number: String,
    /// Ký hiệu: 1 to 30 characters, without the joining `/`.
    pub notation: String,
    /// Thể loại.
    pub kind: KindId,
    /// Trích yếu, 1 to 500 characters.
    pub subject: String,
    /// Who signed.
    pub signer: Signer,
    /// Địa danh, at most 50 characters.
    pub place: String,
    /// Ngày ban hành.
    pub date: Date,
    /// Độ khẩn.
    pub urgency: Urgency,
    /// The hour by which an `ExpressAtTime` document must be there; set only with that urgency.
    pub deliver_by: Option<Timestamp>,
    /// Thời hạn trả lời.
    pub due_date: Option<Date>,
    /// Số trang, 1 to 999.
    pub page_count: Option<u16>,
    /// Nơi nhận as printed, at most 1,000 characters in all; not used for routing.
    pub printed_recipients: Vec<String>,
    /// Files, 1 to 50, exactly one of them main.
    pub attachments: Vec<Attachment>,
    /// The document this one answers.
    pub in_reply_to: Option<Id>,
    /// Độ mật as marked; anything but empty is refused: state secrets do not travel here. So is a plain mark elsewhere.
    pub secrecy: String,
}

/// Where a document stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// In force.
    Issued,
    /// The issuer asked for it back; holders have yet to answer.
    RecallPending {
        /// Why.
        reason: String,
    },
    /// Every holder agreed; content and payloads are erased, the record of the recall is kept.
    Recalled {
        /// Why.
        reason: String,
    },
    /// The recall ended with at least one holder declining.
    RecallDeclined {
        /// Why it was asked for.
        reason: String,
    },
    /// Another document took its place.
    Replaced {
        /// Which.
        by: Id,
    },
}

/// A document as the hub holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Its name.
    pub id: Id,
    /// What the issuer states. Erased (subject and names blank, no attachments) once recalled.
    pub content: Content,
    /// Whom the issuer named as recipients.
    pub recipients: Vec<Selector>,
    /// Where it stands.
    pub state: State,
    /// 1, and one more for each amendment.
    pub version: u32,
    /// The documents it replaces.
    pub replaces: Vec<Id>,
    /// Why it replaces them; empty if it replaces none.
    pub replace_reason: String,
    /// What the signature policy warns of, in sentences.
    pub warnings: Vec<String>,
    /// What was found about its signatures, beside the verdicts: the gravest first, as many as fit.
    pub findings: Vec<signature::Finding>,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// Sequence of the submission.
    pub submitted_seq: u64,
    /// Sequence of the last change.
    pub changed_seq: u64,
}

/// What an agency system asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Issues a document to recipients.
    Submit {
        /// The name the hub made for it.
        id: Id,
        /// What the issuer states; sizes of attachments are filled in by the rules.
        content: Content,
        /// Who shall receive it, 1 to 1,000 selectors.
        recipients: Vec<Selector>,
        /// The documents this one replaces (for their common recipients).
        replaces: Vec<Id>,
        /// The reason for the replacement, required with `replaces`.
        replace_reason: String,
        /// The verdicts on the attachments, in their order.
        reports: Vec<signature::Report>,
    },
    /// Asks every holder to give the document back.
    Recall {
        /// Which.
        document: Id,
        /// Why, 1 to 500 characters.
        reason: String,
    },
    /// Changes what is stated, or who receives it. Holders who stay answer 15 or 16; removed ones are asked as by a recall.
    Amend {
        /// Which.
        document: Id,
        /// The new statement, if it changes. Issuer, number and notation stay.
        content: Option<Content>,
        /// The verdicts on the new attachments.
        reports: Vec<signature::Report>,
        /// To add.
        add: Vec<Selector>,
        /// To remove.
        remove: Vec<agency::Id>,
        /// Why, 1 to 500 characters.
        reason: String,
    },
    /// Sets the kinds of documents.
    SetKinds(Vec<Kind>),
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A document was issued (`submitted_seq`, `changed_seq` are set when applied).
    Submitted {
        /// The document.
        document: Document,
        /// The verdicts on its attachments.
        reports: Vec<signature::Report>,
        /// The copies it goes out in, expanded and routed.
        deliveries: Vec<delivery::Delivery>,
    },
    /// What it states changed; the version before is kept.
    Amended {
        /// The document as it is from here on.
        document: Document,
        /// The verdicts on its attachments.
        reports: Vec<signature::Report>,
        /// Copies to added recipients.
        added: Vec<delivery::Delivery>,
        /// Why.
        reason: String,
    },
    /// Where it stands changed.
    StateChanged {
        /// Which.
        document: Id,
        /// Where it stands from here on. `Recalled` erases the content.
        state: State,
    },
    /// The kinds of documents are these from here on.
    KindsSet(Vec<Kind>),
}

/// Decides a command about documents.
pub fn decide(rows: &dyn Rows, context: &Context<'_>, command: &Command) -> Result<Ruling, Refusal> {
    match command {
        Command::Submit { id, content, recipients, replaces, replace_reason, reports } => {
            let submission = submit::Submission { id: *id, content, recipients, replaces, replace_reason, reports };
            submit::decide(rows, context, &submission)
        }
        Command::Recall { document, reason } => recall::decide_recall(rows, context, document, reason),
        Command::Amend { document, content, reports, add, remove, reason } => {
            let amendment = recall::Amendment { document, content: content.as_ref(), reports, add, remove, reason };
            recall::decide_amendment(rows, context, &amendment)
        }
        Command::SetKinds(kinds) => set_kinds(rows, context, kinds),
    }
}

fn set_kinds(rows: &dyn Rows, context: &Context<'_>, kinds: &[Kind]) -> Result<Ruling, Refusal> {
    context.caller.require_admin()?;
    let mut check = Checker::default();
    check.require((1..=1_000).contains(&kinds.len()), "kinds", "must be 1 to 1,000");
    let mut ids = BTreeSet::new();
    for (i, kind) in kinds.iter().enumerate() {
        check.parse(format!("kinds[{i}].name"), invalid::text(&kind.name, 1, 100));
        check.parse(format!("kinds[{i}].abbreviation"), invalid::text(&kind.abbreviation, 0, 10));
        check.require(ids.insert(&kind.id), format!("kinds[{i}].id"), "is the id of another kind");
    }
    check.finish()?;
    let mut sorted = kinds.to_vec();
    sorted.sort_by(|a, b| a.id.cmp(&b.id));
    let events = if sorted == self::kinds(rows)? { vec![] } else { vec![event::Event::Document(Event::KindsSet(sorted))] };
    Ok(Ruling { resource: "document-kinds".into(), events })
}

/// Reads kinds of documents from TOML: `[[kind]]` with `id`, `name`, `abbreviation`, `group`, `qcvn_type`, `qcvn_detail`.
pub fn parse_kinds(text: &str) -> Result<Vec<Kind>, Invalid> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        kind: Vec<Line>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        id: String,
        name: String,
        #[serde(default)]
        abbreviation: String,
        group: Group,
        qcvn_type: u8,
        qcvn_detail: Option<u8>,
    }
    #[derive(Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Group {
        Administrative,
        LegalNormative,
    }
    let file: File = toml::from_str(text).map_err(|e| Invalid::one("document kinds", e))?;
    let mut check = Checker::default();
    let kinds = file.kind.into_iter().enumerate().filter_map(|(i, line)| {
        let id = check.parse(format!("kind[{i}].id"), KindId::parse(&line.id))?;
        let legal_normative = line.group == Group::LegalNormative;
        Some(Kind {
            id,
            name: line.name,
            abbreviation: line.abbreviation,
            legal_normative,
            qcvn_type: line.qcvn_type,
            qcvn_detail: line.qcvn_detail,
        })
    });
    let kinds = kinds.collect();
    check.finish()?;
    Ok(kinds)
}

#[cfg(test)]
mod tests;
