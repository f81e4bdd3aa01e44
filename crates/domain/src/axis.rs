//! The national axis and its like: which agencies are reached over which connection, what waits to go out, and where what came in
//! comes from.
//!
//! To the rest of the rules a remote agency is an agency like any other: documents go into its inbox, it reports and asks back.
//! The connection acts for it. What a connection has to carry out is an outbox of rows that the steps of documents fill
//! (`follow.rs`); what it brings in are the commands that any agency gives, with the packet's own names beside them.

mod decide;
mod follow;
mod outbox;
mod rows;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::agency;
use crate::digest::Digest;
use crate::document;
use crate::principal::{NotASlug, is_slug};
use crate::state::Table;
use crate::time::{Date, Timestamp};

pub use decide::decide;
pub(crate) use follow::follow;
pub use outbox::{Outbox, connections, outbox, quarantined_count};
pub use rows::{apply, due, find_item, has_left, items, named, origin, quarantine, quarantined, route_of, routes, routes_changed};

/// Two rows: which codes are reached over which connection, and which entry said so.
pub const AXIS_ROUTES: Table = Table { name: "axis routes", number: 90 };
/// Connection, 0, sequence, index: what goes out, until it has gone.
pub const ITEMS: Table = Table { name: "axis outbox", number: 91 };
/// Connection, 0, lane, moment, sequence, index: the items that wait, in the order in which they are to go.
pub const DUE: Table = Table { name: "axis outbox by haste", number: 92 };
/// Document id: which packet it came in.
pub const ORIGINS: Table = Table { name: "axis origins", number: 93 };
/// Sender's code, 0, the packet's document id: the document here.
pub const NAMES: Table = Table { name: "axis names", number: 94 };
/// Document id, agency id: an axis took the packet for this recipient.
pub const LEFT: Table = Table { name: "axis left", number: 95 };
/// Connection, 0, id on the axis: a packet that could not be taken in.
pub const QUARANTINE: Table = Table { name: "axis quarantine", number: 96 };

/// The name of a connection in the configuration, a slug such as `national`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Connection(String);

impl Connection {
    /// The name, if `text` is a slug.
    pub fn parse(text: &str) -> Result<Self, NotASlug> {
        if is_slug(text) { Ok(Self(text.to_owned())) } else { Err(NotASlug) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Connection {
    type Err = NotASlug;

    fn from_str(text: &str) -> Result<Self, NotASlug> {
        Self::parse(text)
    }
}

/// How the agencies of a part of the codes are reached. The longest prefix that fits decides.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Route {
    /// Whole groups of a code, largest unit first: `G` fits every ministry, `H12` the code `H12` and all below it.
    pub prefix: String,
    /// Over which connection; `None` is here.
    pub connection: Option<Connection>,
}

/// The name of an item: the entry that made it, and its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ItemId {
    /// The entry.
    pub seq: u64,
    /// Its place among the entry's items.
    pub index: u32,
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.seq, self.index)
    }
}

/// The text is not the name of an item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not the name of an item, such as 128-0")]
pub struct NotAnItem;

impl FromStr for ItemId {
    type Err = NotAnItem;

    fn from_str(text: &str) -> Result<Self, NotAnItem> {
        let (seq, index) = text.split_once('-').ok_or(NotAnItem)?;
        let id = Self { seq: seq.parse().map_err(|_| NotAnItem)?, index: index.parse().map_err(|_| NotAnItem)? };
        // An item has one name: no sign, no leading zeros.
        if id.to_string() == text { Ok(id) } else { Err(NotAnItem) }
    }
}

/// What a packet does to a document; the numbers are those of `BussinessDocType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Operation {
    /// 0: brings it, and replaces others by it if it says so (3).
    New,
    /// 1: thu hồi.
    Recall,
    /// 2: cập nhật.
    Update,
}

/// How a packet names a document: `ResponseFor` of QCVN 102:2016.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The code of the agency that the packet goes to.
    pub organ_id: String,
    /// Number and notation, joined by `/`.
    pub code: String,
    /// The day on the document.
    pub date: Option<Date>,
    /// The document's id in its own packet.
    pub document_id: String,
}

/// What goes out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// A document, to recipients that are reached over the connection. The packet is made when it goes, from what the document is
    /// then, for those who are still to have it.
    Document {
        /// Which.
        document: document::Id,
        /// What is done.
        operation: Operation,
        /// To whom, at most [`MAX_RECEIVERS`].
        receivers: Vec<agency::Id>,
        /// Why; empty for a new document.
        reason: String,
    },
    /// What an agency here reports on a document that came over the connection.
    Status {
        /// Who reports.
        agency: agency::Id,
        /// The document as its packet named it.
        about: Reference,
        /// The status code, 1 to 16.
        code: u8,
        /// When, by the reporter's clock.
        at: Timestamp,
        /// What is said with it.
        note: String,
        /// Who reports, by name; may be empty.
        staff: String,
    },
}

/// Something that goes out, until it has gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Over which connection.
    pub connection: Connection,
    /// Its name there.
    pub id: ItemId,
    /// What.
    pub what: What,
    /// Haste: 0 is the hastiest.
    pub lane: u8,
    /// Since when it waits.
    pub created_at: Timestamp,
    /// Where it stands.
    pub state: ItemState,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it did not go, the last time.
    pub error: String,
}

/// Where an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ItemState {
    /// It goes at this moment or as soon as possible after it.
    Due(Timestamp),
    /// It was given up at this moment, and waits for an admin.
    Dead(Timestamp),
}

/// The packet that a document came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Over which connection.
    pub connection: Connection,
    /// Its id on the axis.
    pub axis_id: String,
    /// The sender's code as the packet has it: what is reported goes there.
    pub from: String,
    /// The document's id in the packet.
    pub document_id: String,
    /// Each recipient here and the code by which it was addressed: it answers under that code's owner.
    pub to: Vec<(agency::Id, String)>,
}

/// A packet that could not be taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Over which connection.
    pub connection: Connection,
    /// Its id on the axis.
    pub axis_id: String,
    /// `edoc` or `status`.
    pub message_type: String,
    /// Its bytes in the vault.
    pub raw: Digest,
    /// Length of its bytes.
    pub size: u64,
    /// Why it was not taken in, at most 1,000 characters.
    pub reason: String,
    /// The sender's code, if it could be read.
    pub from: String,
    /// When.
    pub at: Timestamp,
}

/// Receivers of one packet: what fits a row, and any gateway.
pub const MAX_RECEIVERS: usize = 500;

/// What is asked for: routes by an admin, the rest by a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Sets all routes, at most 1,000.
    SetRoutes(Vec<Route>),
    /// As [`Command::SetRoutes`], if nobody has changed them since the entry that the admin saw.
    ReplaceRoutes {
        /// The entry; 0 if they were never set.
        seen: u64,
        /// All routes.
        routes: Vec<Route>,
    },
    /// The axis took the packet.
    Sent {
        /// Over which connection.
        connection: Connection,
        /// Which item.
        item: ItemId,
        /// Those to whom the packet went.
        receivers: Vec<agency::Id>,
        /// The id that the axis gave it.
        axis_id: String,
    },
    /// It did not.
    Failed {
        /// Over which connection.
        connection: Connection,
        /// Which item.
        item: ItemId,
        /// Why.
        error: String,
        /// When to try again; never, if not at all.
        retry_at: Option<Timestamp>,
    },
    /// An admin lets an item go again at once.
    Requeue {
        /// Over which connection.
        connection: Connection,
        /// Which item.
        item: ItemId,
    },
    /// An admin, or a connection that finds nobody left to send to, drops an item.
    Cancel {
        /// Over which connection.
        connection: Connection,
        /// Which item.
        item: ItemId,
    },
    /// A document came in.
    Receive {
        /// The packet.
        origin: Origin,
        /// What it submits.
        submission: Box<document::Command>,
    },
    /// A packet could not be taken in. If its sender can be read, it is told: 02, with the reason.
    Quarantine {
        /// The packet.
        packet: Quarantined,
        /// The agency here that answers, and the document that is refused.
        refused: Option<(agency::Id, Reference)>,
    },
    /// An admin drops a quarantined packet.
    Discard {
        /// Over which connection.
        connection: Connection,
        /// Its id on the axis.
        axis_id: String,
    },
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// These are all the routes from here on.
    RoutesSet(Vec<Route>),
    /// The axis took an item's packet.
    Sent {
        /// Over which connection.
        connection: Connection,
        /// Which item.
        item: ItemId,
        /// To whom.
        receivers: Vec<agency::Id>,
        /// The id that the axis gave it.
        axis_id: String,
    },
    /// An item was put off, or given up.
    Failed {
        /// Over which connection.
        connection: Connection,
        /// Which item.
        item: ItemId,
        /// Why.
        error: String,
        /// When it is tried again.
        retry_at: Option<Timestamp>,
    },
    /// An item goes again at once.
    Requeued {
        /// Over which connection.
        connection: Connection,
        /// Which item.
        item: ItemId,
    },
    /// An item was dropped.
    Cancelled {
        /// Over which connection.
        connection: Connection,
        /// Which item.
        item: ItemId,
    },
    /// A document came in with this packet.
    Received {
        /// The document.
        document: document::Id,
        /// The packet.
        origin: Origin,
    },
    /// A packet was set aside.
    Quarantined {
        /// The packet.
        packet: Quarantined,
        /// Who answers for it, and on what.
        refused: Option<(agency::Id, Reference)>,
    },
    /// A packet that was set aside was dropped.
    Discarded {
        /// Over which connection.
        connection: Connection,
        /// Its id on the axis.
        axis_id: String,
    },
}

#[cfg(test)]
mod tests;
