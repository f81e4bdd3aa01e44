//! What a packet says: the words of QCVN 102:2016/BTTTT, amendment 1:2022, in Rust's spelling.
//!
//! A text that is absent and one that is empty are the same here, as they are to every program of the axis. What this crate has
//! no word for is kept in `extra` of the block it stood in, and written again behind the block's own elements.

use domain::time::{Date, Timestamp};

use crate::tree::Element;

/// A packet without its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// A document, or something that is done to one: message type `edoc`.
    Edoc(Box<Edoc>),
    /// What became of a document at one receiver: message type `status`.
    Status(Box<Status>),
}

impl Packet {
    /// The message type on the wire: `edoc` or `status`.
    #[must_use]
    pub fn message_type(&self) -> &'static str {
        match self {
            Self::Edoc(_) => "edoc",
            Self::Status(_) => "status",
        }
    }

    /// Who sent it.
    #[must_use]
    pub fn from(&self) -> &Organ {
        match self {
            Self::Edoc(edoc) => &edoc.from,
            Self::Status(status) => &status.from,
        }
    }
}

/// A document with its header (QCVN 102:2016, 1.1 to 1.14 and 2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edoc {
    /// `From`: the issuing agency.
    pub from: Organ,
    /// `To`: one per receiver, at least one; the axis sends to these.
    pub to: Vec<Organ>,
    /// `DocumentId`: the document's name among its sender's, at most 200 characters; see [`crate::DocumentId`].
    pub document_id: String,
    /// `Code`: number and notation.
    pub code: Code,
    /// `PromulgationInfo/Place`: the place on the document, at most 50 characters.
    pub place: String,
    /// `PromulgationInfo/PromulgationDate`: the day on the document.
    pub promulgation_date: Option<Date>,
    /// `DocumentType`.
    pub document_type: DocumentType,
    /// `Subject`: trích yếu, at most 500 characters.
    pub subject: String,
    /// `Content`: a summary, at most 500 characters; often the subject again.
    pub content: String,
    /// `SignerInfo`.
    pub signer: SignerInfo,
    /// `DueDate`: the day by which an answer is asked for.
    pub due_date: Option<Date>,
    /// `OtherInfo`.
    pub other: OtherInfo,
    /// `ResponseFor`: the documents that this one answers.
    pub response_for: Vec<ResponseFor>,
    /// `SteeringType`: whether it steers (chỉ đạo); programs disagree on the numbers.
    pub steering_type: Option<u32>,
    /// `ToPlaces`: the printed recipients (nơi nhận); nothing is routed by them.
    pub to_places: Vec<String>,
    /// `TraceHeaderList`: the hops, in their order.
    pub trace: Vec<TraceHeader>,
    /// `Bussiness`: what this packet does. A packet without it is a new document.
    pub business: Business,
    /// A `Signature` or `DigitalSignature` stood in the header. It proves nothing: real ones are constant, and in the packet's own
    /// namespace.
    pub has_signature: bool,
    /// Unknown elements, by where they stood.
    pub extra: Extra,
}

/// Unknown elements outside of the blocks that have an `extra` of their own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extra {
    /// In `MessageHeader`.
    pub message_header: Vec<Element>,
    /// In `TraceHeaderList`.
    pub trace_header_list: Vec<Element>,
    /// In `edXMLHeader`.
    pub header: Vec<Element>,
    /// In `edXMLManifest`.
    pub manifest: Vec<Element>,
    /// In `edXMLBody`.
    pub body: Vec<Element>,
    /// In `edXMLEnvelope`.
    pub envelope: Vec<Element>,
    /// In the root.
    pub root: Vec<Element>,
}

/// What became of a document (QCVN 102:2016 and the operator's guide).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// `From`: who reports.
    pub from: Organ,
    /// `ResponseFor`: the document, under its sender; of a take-back (13) under the receiver.
    pub response_for: ResponseFor,
    /// `StaffInfo`: whom to call.
    pub staff: StaffInfo,
    /// `StatusCode`.
    pub code: StatusCode,
    /// `Description`: a refusal says why here.
    pub description: String,
    /// `Timestamp`: when it became so, Vietnamese clock time on the wire.
    pub timestamp: Option<Timestamp>,
    /// Unknown elements of `MessageHeader`.
    pub extra: Vec<Element>,
}

/// An agency in a packet (1.1, 1.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Organ {
    /// `OrganId`: its code, at most 35 characters, in the old form or the new.
    pub organ_id: String,
    /// `OrganizationInCharge`: the name, of some programs the code, of the agency above it; at most 200 characters.
    pub organization_in_charge: String,
    /// `OrganName`, at most 200 characters.
    pub organ_name: String,
    /// `OrganAdd`: its address, at most 250 characters.
    pub organ_add: String,
    /// `Email`, at most 100 characters.
    pub email: String,
    /// `Telephone`, at most 50 characters.
    pub telephone: String,
    /// `Fax`, at most 50 characters.
    pub fax: String,
    /// `Website`, at most 100 characters.
    pub website: String,
    /// Unknown elements.
    pub extra: Vec<Element>,
}

/// Số và ký hiệu (1.3), without the `/` between them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Code {
    /// `CodeNumber`, at most 11 characters.
    pub number: String,
    /// `CodeNotation`, at most 30 characters.
    pub notation: String,
    /// Unknown elements.
    pub extra: Vec<Element>,
}

/// Loại văn bản (1.5). Programs disagree on the numbers: read the name first; see [`crate::kinds`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DocumentType {
    /// `Type`: 1 legal normative, 2 administrative; some programs put the index here.
    pub group: Option<u32>,
    /// `TypeDetail`: the index within the group.
    pub detail: Option<u32>,
    /// `TypeName`, at most 100 characters.
    pub name: String,
    /// Unknown elements.
    pub extra: Vec<Element>,
}

/// Người ký (1.8).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignerInfo {
    /// `Competence`: TM., KT., TL., TUQ., Q.; at most 100 characters.
    pub competence: String,
    /// `Position`, at most 100 characters.
    pub position: String,
    /// `FullName`, at most 50 characters.
    pub full_name: String,
    /// Unknown elements.
    pub extra: Vec<Element>,
}

/// What else is said of a document (1.11).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OtherInfo {
    /// `Priority`: độ khẩn, 0 to 4; absent is 0.
    pub priority: Option<u32>,
    /// `SphereOfPromulgation`, at most 100 characters.
    pub sphere: String,
    /// `TyperNotation`: the drafter's sign, at most 10 characters.
    pub typer_notation: String,
    /// `PromulgationAmount`: copies issued.
    pub promulgation_amount: Option<u32>,
    /// `PageAmount`: pages.
    pub page_amount: Option<u32>,
    /// `Appendixes`: names of appendices, not files.
    pub appendixes: Vec<String>,
    /// Unknown elements, `Direction` and the like among them.
    pub extra: Vec<Element>,
}

/// A document that is answered or reported on (1.12).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResponseFor {
    /// `OrganId`: its issuer.
    pub organ_id: String,
    /// `Code`: number and notation, joined by `/`.
    pub code: String,
    /// `PromulgationDate`.
    pub promulgation_date: Option<Date>,
    /// `DocumentId`: its name among its issuer's.
    pub document_id: String,
    /// Unknown elements.
    pub extra: Vec<Element>,
}

impl ResponseFor {
    /// Number and notation apart: notations may hold `/`, numbers may not.
    #[must_use]
    pub fn split_code(&self) -> Option<(&str, &str)> {
        self.code.split_once('/')
    }
}

/// One hop.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TraceHeader {
    /// `OrganId`; real packets lack it at times.
    pub organ_id: String,
    /// `Timestamp`: Vietnamese clock time on the wire.
    pub timestamp: Option<Timestamp>,
    /// Unknown elements.
    pub extra: Vec<Element>,
}

/// What a packet does (2.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Business {
    /// `BussinessDocType` with what belongs to it.
    pub operation: Operation,
    /// `BussinessDocReason`: why; at most 500 characters.
    pub reason: String,
    /// `DocumentId`: the document that it is done to, where another than the header's.
    pub document_id: String,
    /// `StaffInfo`: whom to call.
    pub staff: StaffInfo,
    /// `Paper`: a paper copy is sent too. Absent where unknown.
    pub paper: Option<bool>,
    /// Unknown elements.
    pub extra: Vec<Element>,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Operation {
    /// 0: a new document.
    #[default]
    New,
    /// 1: thu hồi.
    Recall,
    /// 2: cập nhật.
    Update(Update),
    /// 3: thay thế.
    Replace(Vec<Replacement>),
}

impl Operation {
    /// The number on the wire.
    #[must_use]
    pub fn number(&self) -> u8 {
        match self {
            Self::New => 0,
            Self::Recall => 1,
            Self::Update(_) => 2,
            Self::Replace(_) => 3,
        }
    }
}

/// What an update changes (2.2.3).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Update {
    /// `DocumentInfo`: what is said of the document, or its files.
    pub document_info: bool,
    /// `DocumentReceiver`: who receives it.
    pub document_receiver: bool,
    /// `ReceiverList`.
    pub receivers: Vec<Receiver>,
}

/// A receiver that an update adds or removes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receiver {
    /// `OrganId`.
    pub organ_id: String,
    /// `ReceiverType`: 1 added, 0 removed.
    pub is_added: bool,
}

/// A document that is replaced (2.2.8).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replacement {
    /// `DocumentId` of the document that no longer holds.
    pub document_id: String,
    /// `OrganIdList`: for whom; nobody named is everybody.
    pub organ_ids: Vec<String>,
}

impl Replacement {
    /// Whether it is replaced for the agency of one of these codes.
    #[must_use]
    pub fn concerns(&self, codes: &[&str]) -> bool {
        self.organ_ids.is_empty() || self.organ_ids.iter().any(|organ_id| codes.contains(&organ_id.as_str()))
    }
}

/// A clerk (2.2.5).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StaffInfo {
    /// `Department`, at most 250 characters.
    pub department: String,
    /// `Staff`: the name, at most 100 characters.
    pub staff: String,
    /// `Email`, at most 100 characters.
    pub email: String,
    /// `Mobile`, at most 100 characters.
    pub mobile: String,
    /// Unknown elements.
    pub extra: Vec<Element>,
}

impl Edoc {
    /// The names of the documents that the packet is about, other than as a new one: of a recall or an update the document
    /// recalled or updated, of a replacement those replaced for the agency of one of `codes`.
    #[must_use]
    pub fn targets(&self, codes: &[&str]) -> Vec<&str> {
        let one = if self.business.document_id.is_empty() { &self.document_id } else { &self.business.document_id };
        match &self.business.operation {
            Operation::New => Vec::new(),
            Operation::Recall | Operation::Update(_) => vec![one],
            Operation::Replace(replaced) => replaced.iter().filter(|one| one.concerns(codes)).map(|one| one.document_id.as_str()).collect(),
        }
    }
}

/// A business status. Codes that nobody has defined are kept and shown as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct StatusCode(pub u8);

impl StatusCode {
    /// Đã đến: at the receiver's system, no clerk has seen it.
    pub const ARRIVED: Self = Self(1);
    /// Từ chối tiếp nhận: refused, the description says why.
    pub const REFUSED: Self = Self(2);
    /// Đã tiếp nhận: accepted and registered by the clerk.
    pub const ACCEPTED: Self = Self(3);
    /// Phân công: assigned.
    pub const ASSIGNED: Self = Self(4);
    /// Đang xử lý.
    pub const IN_PROGRESS: Self = Self(5);
    /// Hoàn thành.
    pub const DONE: Self = Self(6);
    /// Lấy lại: the sender asks for the document back.
    pub const TAKE_BACK: Self = Self(13);
    /// Đồng ý: agrees to a recall, take-back or update.
    pub const AGREED: Self = Self(15);
    /// Từ chối: refuses a recall, take-back or update.
    pub const DECLINED: Self = Self(16);

    /// The code's meaning as officials read it; a code that nobody has defined has none.
    #[must_use]
    pub fn meaning(self) -> Option<&'static str> {
        Some(match self {
            Self::ARRIVED => "Đã đến",
            Self::REFUSED => "Từ chối tiếp nhận",
            Self::ACCEPTED => "Đã tiếp nhận",
            Self::ASSIGNED => "Phân công",
            Self::IN_PROGRESS => "Đang xử lý",
            Self::DONE => "Hoàn thành",
            Self::TAKE_BACK => "Lấy lại",
            Self::AGREED => "Đồng ý",
            Self::DECLINED => "Từ chối",
            _ => return None,
        })
    }
}

impl std::fmt::Display for StatusCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}", self.0)
    }
}
