//! An axis as a connector sees it, whatever wire leads to it.

use std::fmt;

use bytes::Bytes;
use domain::digest::Digest;
use domain::time::Date;
use futures::future::BoxFuture;
use futures::stream::BoxStream;

use crate::error::Error;
use crate::source::Source;

/// What an operation gives.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, Error>>;

/// A wire to an axis. Every operation may be repeated; the only one that is not idempotent at the axis is [`Axis::send`]: where its
/// answer is lost, look into [`Axis::sent`] before the packet goes out again, or rely on receivers telling `DocumentId`s apart.
pub trait Axis: fmt::Debug + Send + Sync {
    /// What waits for us: listed until it is acknowledged as done or failed, in no order, possibly twice.
    fn received(&self, message: Message, period: Option<Period>) -> Answer<'_, Listing<Received>>;

    /// The bytes of a packet as they come. The packet is whole only when the stream has ended without an error: what the axis
    /// says of the call may stand behind the bytes.
    fn fetch<'a>(&'a self, doc_id: &'a str) -> Answer<'a, BoxStream<'static, Result<Bytes, Error>>>;

    /// Hands a packet over; the axis's id of it comes back.
    fn send<'a>(&'a self, outgoing: &'a Outgoing) -> Answer<'a, String>;

    /// Says what became of a received item on the wire. Not the business status: that one is a packet of its own.
    fn acknowledge<'a>(&'a self, doc_id: &'a str, acknowledgement: Acknowledgement) -> Answer<'a, ()>;

    /// What we sent, one row per receiver, of one packet or of a period.
    fn sent<'a>(&'a self, message: Message, doc_id: Option<&'a str>, period: Option<Period>) -> Answer<'a, Listing<Sent>>;

    /// The directory, row by row as it comes: never as a whole in memory.
    fn directory(&self, directory: Directory) -> Answer<'_, BoxStream<'static, Result<AgencyRow, Error>>>;

    /// How many items wait for us.
    fn count(&self, message: Message) -> Answer<'_, u64>;
}

/// The two kinds of message that an axis carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Message {
    /// Documents, and what is done to them.
    Edoc,
    /// What became of documents.
    Status,
}

impl Message {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Edoc => "edoc",
            Self::Status => "status",
        }
    }

    /// The kind that a word on the wire names.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Edoc, Self::Status].into_iter().find(|message| message.as_str().eq_ignore_ascii_case(text))
    }
}

/// Days from the first to the last, both among them, by Vietnam's calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
}

/// Rows that the axis listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// Those that were understood.
    pub rows: Vec<T>,
    /// How many rows lack what a row must have: somebody should look.
    pub unreadable: u64,
    /// Whether the axis listed more than the bound on rows: the rest comes when these are acknowledged.
    pub is_cut: bool,
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), unreadable: 0, is_cut: false }
    }
}

/// An item that waits for us. Times are the axis's texts: their form is nowhere fixed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Received {
    /// The axis's id of the item, by which it is fetched and acknowledged.
    pub doc_id: String,
    /// `edoc` or `status`, as the axis writes it.
    pub message_type: String,
    /// The sender's code.
    pub from: String,
    /// The receiver's code.
    pub to: String,
    /// `initial`, `processing`.
    pub status: String,
    /// The axis's words.
    pub status_description: String,
    /// When the axis took it.
    pub created: String,
    /// When it was last touched.
    pub updated: String,
}

/// One receiver of a packet that we sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sent {
    /// The id that [`Axis::send`] gave.
    pub sender_doc_id: String,
    /// The id under which the receiver sees it.
    pub receiver_doc_id: String,
    /// Our code.
    pub from: String,
    /// The receiver's code.
    pub to: String,
    /// `initial`, `processing`, `done`, `fail`: what the receiver's system has acknowledged.
    pub receive_status: String,
    /// The axis's words.
    pub receive_description: String,
    /// What the axis says of its taking the packet.
    pub send_status: String,
    /// The axis's words.
    pub send_description: String,
    /// The document's subject.
    pub title: String,
    /// Number and notation.
    pub notation: String,
    /// `edoc` or `status`.
    pub message_type: String,
    /// When the axis took it.
    pub sent: String,
    /// When the receiver acknowledged it.
    pub received: String,
}

/// A packet to hand over.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Its kind.
    pub message: Message,
    /// The sender's code, as in the packet's `From`.
    pub from: String,
    /// Receivers to restrict the sending to. Empty is everybody whom the packet names; only VXP can restrict.
    pub to: Vec<String>,
    /// Its length in bytes.
    pub length: u64,
    /// The SHA-256 of its bytes, checked as they go out.
    pub digest: Digest,
    /// Its bytes.
    pub source: std::sync::Arc<dyn Source>,
}

/// The state of a received item at the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Acknowledgement {
    /// It was fetched, and is listed still.
    Processing,
    /// It is kept durably here, and is listed no longer.
    Done,
    /// It cannot be taken, and is listed no longer.
    Fail,
}

impl Acknowledgement {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Done => "done",
            Self::Fail => "fail",
        }
    }

    /// The state that a word on the wire names.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Processing, Self::Done, Self::Fail].into_iter().find(|one| one.as_str() == text)
    }
}

/// Which directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Directory {
    /// All agencies, codes of either form.
    All,
    /// All agencies of a level by QĐ 20/2020/QĐ-TTg, with the older code beside the code.
    Qd20 {
        /// 1 for ministries and provinces, and so on; not given for all levels.
        level: Option<u8>,
    },
    /// Agencies with versions; the wire sends all of them, and those up to `after` are left out here.
    Changes {
        /// The greatest version that is known already; 0 for all.
        after: u64,
    },
}

/// A row of a directory. What a directory does not have is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AgencyRow {
    /// The row's id at the axis.
    pub id: String,
    /// The row's id of the agency above, or its code on wires that know no ids.
    pub parent: String,
    /// The code.
    pub code: String,
    /// The older code (13 characters, smallest unit first).
    pub old_code: String,
    /// The name.
    pub name: String,
    /// The address for mail.
    pub mail: String,
    /// The version in which the row changed last; 0 where the wire has none.
    pub version: u64,
    /// The connected centre through which the agency is reached.
    pub center_code: String,
    /// Whether the agency has been closed.
    pub is_deleted: bool,
    /// When the row changed, as the axis writes it.
    pub modified: String,
    /// Whether it is an agency; some rows only group others.
    pub is_agency: bool,
}
