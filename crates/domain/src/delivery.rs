//! Deliveries: one recipient's copy of a document, its state, and every step of it.

mod copies;
mod feed;
mod report;
mod rows;
mod steps;

use serde::{Deserialize, Serialize};

use crate::agency::{self, Code};
use crate::document::{self, Urgency};
use crate::principal;
use crate::state::Table;
use crate::time::Timestamp;

pub use copies::{find, of_document};
pub(crate) use copies::{put_all_new, put_new, put_onward, put_urgency};
pub use feed::{BoxPosition, LANES, changes, inbox};
pub(crate) use feed::{box_places, collect};
pub use report::decide;
pub use rows::apply;
pub use steps::{Noted, trace};
pub(crate) use steps::{Of, Told, note, steps, steps_of_entry, tell_holders, write as write_steps};

/// Document id, agency id: the delivery.
pub const DELIVERIES: Table = Table { name: "deliveries", number: 70 };
/// Document id, last agency id of the row: deliveries as they were sent; a row in [`DELIVERIES`] replaces one.
pub const SENT: Table = Table { name: "deliveries as sent", number: 71 };
/// Document id, sequence, last index of the run: steps of a document's life that one entry took in a row.
pub const STEPS: Table = Table { name: "steps", number: 72 };
/// Agency, 0, direction, lane, 0 for what begins a box's item and 1 for the rest, sequence, index in the entry: a change that the
/// agency's watchers are told of, as the document and the last index of the run of steps.
pub const CHANGES: Table = Table { name: "changes", number: 73 };

/// Status codes of the axis (national-axis §1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Status {
    /// Sent by the hub; the recipient's system has not taken it yet. No code on the axis.
    Sent = 0,
    /// 01 đã đến.
    Arrived = 1,
    /// 02 từ chối tiếp nhận.
    Refused = 2,
    /// 03 đã tiếp nhận.
    Accepted = 3,
    /// 04 phân công.
    Assigned = 4,
    /// 05 đang xử lý.
    InProgress = 5,
    /// 06 hoàn thành.
    Done = 6,
    /// 13 lấy lại: the sender asks for the document back.
    TakeBackRequested = 13,
    /// 15 đồng ý.
    TakeBackAgreed = 15,
    /// 16 từ chối lấy lại.
    TakeBackDeclined = 16,
}

/// The reasons for which a document may be refused (national-axis §3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RefusalReason {
    /// R1.
    R1 = 1,
    /// R2.
    R2 = 2,
    /// R3.
    R3 = 3,
    /// R4.
    R4 = 4,
    /// R5.
    R5 = 5,
    /// R6.
    R6 = 6,
    /// R7.
    R7 = 7,
    /// R8.
    R8 = 8,
}

/// Why an agency has this copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// It is a recipient.
    Recipient,
    /// It is the sender's superior and gets a copy.
    SuperiorCopy,
    /// It is the sender's superior and shall forward it.
    Forwarder,
}

/// A recipient that a forwarder shall pass the document on to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Onward {
    /// To whom.
    pub agency: agency::Id,
    /// The address the sender used led elsewhere.
    pub rerouted: Option<Rerouted>,
    /// When it was forwarded, if it was.
    pub forwarded_at: Option<Timestamp>,
}

/// The address the sender used led elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rerouted {
    /// The closed agency that was addressed.
    pub from: agency::Id,
    /// The code that was addressed, if a code was.
    pub code: Option<Code>,
}

/// What a holder is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Asked {
    /// To give the document back and destroy its copies.
    Recall,
    /// To take the amended version.
    Amendment,
}

/// A question that the holder has yet to answer with 15 or 16. The copy is frozen until then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// What is asked.
    pub asked: Asked,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// One recipient's copy of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Of which document.
    pub document: document::Id,
    /// Who holds it.
    pub agency: agency::Id,
    /// Who issued the document.
    pub sender: agency::Id,
    /// Who forwarded it, on the second leg.
    pub forwarded_by: Option<agency::Id>,
    /// Why it has it.
    pub role: Role,
    /// Whom a forwarder shall pass it on to.
    pub onward: Vec<Onward>,
    /// The address led elsewhere.
    pub rerouted: Option<Rerouted>,
    /// Haste, copied from the document.
    pub urgency: Urgency,
    /// The displayed status, derived by rank from all reports.
    pub status: Status,
    /// What the holder is asked for, if anything.
    pub question: Option<Question>,
    /// The entries of its last reports, oldest first: where a repetition is looked for.
    pub reported_in: Vec<u64>,
    /// Sequence that created it.
    pub created_seq: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// Sequence of the last change.
    pub changed_seq: u64,
}

/// What a recipient reports about its processing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The status reached.
    pub status: Status,
    /// When it was reached, by the reporter's clock.
    pub at: Timestamp,
    /// Free text, at most 500 characters; required for a refusal and for 16.
    pub note: String,
    /// Why it is refused; required for a refusal only.
    pub refusal: Option<RefusalReason>,
    /// Who processed it, at most 100 characters, may be empty.
    pub staff: String,
    /// Số đến, at most 20 characters, may be empty.
    pub register_number: String,
}

/// How a copy came to be handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HandOver {
    /// A watch stream sent it.
    Watch,
    /// The payload was downloaded.
    Download,
}

/// What an agency system, or the hub on a hand-over, asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The hub handed copies of one agency over; those already arrived are passed over.
    Arrive {
        /// Whose.
        agency: agency::Id,
        /// Of which documents.
        documents: Vec<document::Id>,
        /// How.
        how: HandOver,
    },
    /// The recipient reports: 01 to 06, or 15 and 16 as the answer to a question.
    Report {
        /// Of which document.
        document: document::Id,
        /// Whose copy.
        agency: agency::Id,
        /// What.
        report: Report,
    },
    /// The superior passes the document on.
    Forward {
        /// Of which document.
        document: document::Id,
        /// The superior.
        agency: agency::Id,
        /// To whom; empty is to all that wait.
        to: Vec<agency::Id>,
        /// Free text, at most 500 characters.
        note: String,
    },
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// 01: the copy reached the recipient's system.
    Arrived {
        /// Of which document.
        document: document::Id,
        /// Whose.
        agency: agency::Id,
        /// How.
        how: HandOver,
    },
    /// The recipient reported.
    Reported {
        /// Of which document.
        document: document::Id,
        /// Whose.
        agency: agency::Id,
        /// What.
        report: Report,
    },
    /// The superior passed the document on; the second legs are these.
    Forwarded {
        /// Of which document.
        document: document::Id,
        /// By whom.
        by: agency::Id,
        /// The copies that go out.
        deliveries: Vec<Delivery>,
        /// Free text.
        note: String,
    },
    /// The sender asked the holder for something (13 for a recall).
    Asked {
        /// Of which document.
        document: document::Id,
        /// Whom.
        agency: agency::Id,
        /// What.
        asked: Asked,
        /// Why.
        reason: String,
    },
}

/// What kind of step a document took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepKind {
    /// Issued.
    Submitted,
    /// A copy went out to `agency`.
    Sent {
        /// Why it has it.
        role: Role,
        /// The address led elsewhere.
        rerouted: Option<Rerouted>,
    },
    /// The copy reached the recipient's system.
    Arrived {
        /// How.
        how: HandOver,
    },
    /// The recipient reported.
    Reported(Report),
    /// The superior `agency` passed it on.
    Forwarded {
        /// To whom.
        to: Vec<agency::Id>,
        /// Free text.
        note: String,
    },
    /// The holder was asked for something.
    Asked {
        /// What.
        asked: Asked,
        /// Why.
        reason: String,
    },
    /// What the document states, or who receives it, changed.
    Amended {
        /// The version from here on.
        version: u32,
        /// Why.
        reason: String,
    },
    /// Where the document stands changed.
    StateChanged(document::State),
}

/// One step of a document's life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The journal entry.
    pub seq: u64,
    /// The place among the entry's steps.
    pub index: u32,
    /// When.
    pub at: Timestamp,
    /// By which principal.
    pub principal: principal::Id,
    /// Whose copy, or whose document.
    pub agency: agency::Id,
    /// What.
    pub kind: StepKind,
}

/// Which feed of an agency a change belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Direction {
    /// Its inbox.
    Incoming = 0,
    /// What it sent.
    Outgoing = 1,
}

/// A change that watchers are told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Of which document.
    pub document: document::Id,
    /// What happened.
    pub step: Step,
}

#[cfg(test)]
mod invariants;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
