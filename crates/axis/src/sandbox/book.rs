//! What the sandbox knows: agencies, packets, and how far each has come with each receiver. Pure; changed by events alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::hop::Hop;
use crate::axis::{Acknowledgement, Message};

/// An agency of the directory.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Agency {
    /// The code by QĐ 20/2020/QĐ-TTg.
    pub code: String,
    /// The older code, 13 characters, smallest unit first; packets may use either.
    pub old_code: String,
    /// The name.
    pub name: String,
    /// The code of the agency above.
    pub parent: String,
    /// The address for mail.
    pub mail: String,
    /// The connected centre (systemid) that sends and fetches for it; its own code if empty.
    pub center: String,
    /// The secret with which this centre signs; empty for agencies that are reached through another centre.
    pub secret: String,
    /// Packets to it are refused (23).
    pub is_locked: bool,
    /// It has been closed: packets to it are refused (18), naming its successors.
    pub is_closed: bool,
    /// The codes of the agencies that took over.
    pub successors: Vec<String>,
    /// The version of the directory in which it changed last; given by the sandbox.
    pub version: u64,
    /// When it changed last, microseconds since the epoch; given by the sandbox.
    pub modified: i64,
}

impl fmt::Debug for Agency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut agency = f.debug_struct("Agency");
        agency.field("code", &self.code).field("name", &self.name).field("center", &self.center);
        agency.field("is_locked", &self.is_locked).field("is_closed", &self.is_closed).finish_non_exhaustive()
    }
}

impl Agency {
    /// Who sends and fetches for it.
    #[must_use]
    pub fn center(&self) -> &str {
        if self.center.is_empty() { &self.code } else { &self.center }
    }
}

/// What happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Event {
    Agency(Agency),
    Taken(Document),
    Acknowledged { delivery: u64, state: State, at: i64 },
}

/// A packet that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Document {
    /// `DocId`.
    pub(crate) id: u64,
    pub(crate) kind: Kind,
    /// The centre that sent it.
    pub(crate) center: String,
    /// The sender's code as the packet has it.
    pub(crate) from: String,
    pub(crate) document_id: String,
    pub(crate) title: String,
    pub(crate) notation: String,
    pub(crate) size: u64,
    pub(crate) digest: String,
    pub(crate) at: i64,
    pub(crate) hop: Option<Hop>,
    pub(crate) deliveries: Vec<Delivery>,
}

/// One receiver of a packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Delivery {
    /// The id under which the receiver sees it.
    pub(crate) id: u64,
    /// The receiver's code as the packet has it.
    pub(crate) to: String,
    /// The receiver in the directory.
    pub(crate) agency: String,
    pub(crate) state: State,
    pub(crate) at: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Edoc,
    Status,
}

impl From<Message> for Kind {
    fn from(message: Message) -> Self {
        match message {
            Message::Edoc => Self::Edoc,
            Message::Status => Self::Status,
        }
    }
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Edoc => Message::Edoc.as_str(),
            Self::Status => Message::Status.as_str(),
        }
    }
}

/// How far a packet has come with a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Initial,
    Processing,
    Done,
    Fail,
}

impl State {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Processing => "processing",
            Self::Done => "done",
            Self::Fail => "fail",
        }
    }

    fn is_listed(self) -> bool {
        matches!(self, Self::Initial | Self::Processing)
    }
}

impl From<Acknowledgement> for State {
    fn from(acknowledgement: Acknowledgement) -> Self {
        match acknowledgement {
            Acknowledgement::Processing => Self::Processing,
            Acknowledgement::Done => Self::Done,
            Acknowledgement::Fail => Self::Fail,
        }
    }
}

/// Why a packet is not taken, or a call refused: a code of the LGSP guide, and words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) words: String,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, words: impl Into<String>) -> Self {
        Self { code, words: words.into() }
    }
}

/// Everything that is known.
#[derive(Debug, Default)]
pub(crate) struct Book {
    agencies: Vec<Agency>,
    by_code: HashMap<String, usize>,
    by_center: HashMap<String, BTreeSet<usize>>,
    version: u64,
    documents: BTreeMap<u64, Document>,
    by_sender: HashMap<String, Vec<u64>>,
    by_digest: HashMap<String, Vec<u64>>,
    /// Of a delivery: its document and its place there.
    deliveries: HashMap<u64, (u64, usize)>,
    /// What is listed, by receiver.
    listed: HashMap<String, BTreeSet<u64>>,
    last_id: u64,
}

impl Book {
    /// The agency of a code in either form.
    pub(crate) fn agency(&self, code: &str) -> Option<&Agency> {
        self.by_code.get(code).and_then(|place| self.agencies.get(*place))
    }

    /// The directory from a place on, each with its number from 1 and that of its parent (0: none).
    pub(crate) fn directory(&self, from: usize, length: usize) -> impl Iterator<Item = (usize, usize, &Agency)> {
        let number = |code: &str| self.by_code.get(code).map_or(0, |place| place + 1);
        self.agencies.iter().enumerate().skip(from).take(length).map(move |(place, one)| (place + 1, number(&one.parent), one))
    }

    /// What an agency's row becomes: the event, or nothing where it is so already.
    ///
    /// # Errors
    /// Where one of its codes is another agency's.
    pub(crate) fn change(&self, agency: Agency, at: Timestamp) -> Result<Option<Event>, String> {
        let code_rule = |code: &str| code.len() <= 35 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
        if agency.code.is_empty() || !code_rule(&agency.code) || !code_rule(&agency.old_code) {
            return Err(format!("`{}` is not a code: letters, digits and dots, at most 35", agency.code));
        }
        for code in [&agency.code, &agency.old_code] {
            if let Some(other) = self.agency(code).filter(|other| other.code != agency.code) {
                return Err(format!("`{code}` is the code of {}", other.code));
            }
        }
        let known = self.agency(&agency.code);
        let (version, modified) = known.map_or((0, 0), |known| (known.version, known.modified));
        let same = Agency { version, modified, ..agency.clone() };
        if known == Some(&same) {
            return Ok(None);
        }
        Ok(Some(Event::Agency(Agency { version: self.version + 1, modified: at.micros(), ..agency })))
    }

    /// Who may be a packet's receiver.
    ///
    /// # Errors
    /// 18 of one who does not exist or has been closed, 23 of one who is locked.
    pub(crate) fn receiver(&self, code: &str) -> Result<&Agency, Refusal> {
        let agency = self.agency(code).ok_or_else(|| Refusal::new("18", format!("Đơn vị nhận không tồn tại: {code}")))?;
        if agency.is_closed {
            let successors = agency.successors.join(", ");
            let tail = if successors.is_empty() { String::new() } else { format!("; đơn vị kế thừa: {successors}") };
            return Err(Refusal::new("18", format!("Đơn vị nhận đã giải thể: {code}{tail}")));
        }
        if agency.is_locked {
            return Err(Refusal::new("23", format!("Đơn vị nhận đang bị khóa: {code}")));
        }
        Ok(agency)
    }

    /// What waits for a centre.
    pub(crate) fn listed(&self, center: &str, kind: Kind) -> Vec<(&Document, &Delivery)> {
        let agencies = self.by_center.get(center).into_iter().flatten().filter_map(|place| self.agencies.get(*place));
        let mut ids: Vec<u64> = agencies.filter_map(|agency| self.listed.get(&agency.code)).flatten().copied().collect();
        ids.sort_unstable();
        ids.into_iter().filter_map(|id| self.delivery(id)).filter(|(document, _)| document.kind == kind).collect()
    }

    pub(crate) fn delivery(&self, id: u64) -> Option<(&Document, &Delivery)> {
        let (document, place) = self.deliveries.get(&id)?;
        let document = self.documents.get(document)?;
        Some((document, document.deliveries.get(*place)?))
    }

    /// A delivery that a centre may fetch and acknowledge.
    pub(crate) fn own_delivery(&self, center: &str, id: &str) -> Result<(&Document, &Delivery), Refusal> {
        let found = id.parse().ok().and_then(|id| self.delivery(id));
        let own = found.filter(|(_, delivery)| self.agency(&delivery.agency).is_some_and(|agency| agency.center() == center));
        own.ok_or_else(|| Refusal::new("10", format!("Không có gói tin {id}")))
    }

    /// What a centre sent, newest last.
    pub(crate) fn sent(&self, center: &str) -> impl Iterator<Item = &Document> {
        self.by_sender.get(center).into_iter().flatten().filter_map(|id| self.documents.get(id))
    }

    /// Packets of the same bytes.
    pub(crate) fn same(&self, digest: &str) -> impl Iterator<Item = &Document> {
        self.by_digest.get(digest).into_iter().flatten().filter_map(|id| self.documents.get(id))
    }

    pub(crate) fn documents(&self) -> &BTreeMap<u64, Document> {
        &self.documents
    }

    pub(crate) fn agency_count(&self) -> usize {
        self.agencies.len()
    }

    /// The greatest id that was given.
    pub(crate) fn last_id(&self) -> u64 {
        self.last_id
    }

    /// Takes an event in.
    ///
    /// # Errors
    /// Where it fits nothing that is known: the log has been tampered with.
    pub(crate) fn apply(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Agency(agency) => self.put(agency),
            Event::Taken(document) => {
                for (place, delivery) in document.deliveries.iter().enumerate() {
                    self.deliveries.insert(delivery.id, (document.id, place));
                    self.listed.entry(delivery.agency.clone()).or_default().insert(delivery.id);
                    self.last_id = self.last_id.max(delivery.id);
                }
                self.last_id = self.last_id.max(document.id);
                self.by_sender.entry(document.center.clone()).or_default().push(document.id);
                self.by_digest.entry(document.digest.clone()).or_default().push(document.id);
                self.documents.insert(document.id, document);
            }
            Event::Acknowledged { delivery: id, state, at } => {
                let (document, place) = self.deliveries.get(&id).ok_or_else(|| format!("no delivery {id}"))?;
                let document = self.documents.get_mut(document);
                let delivery =
                    document.and_then(|document| document.deliveries.get_mut(*place)).ok_or_else(|| format!("no delivery {id}"))?;
                (delivery.state, delivery.at) = (state, at);
                if !state.is_listed()
                    && let Some(listed) = self.listed.get_mut(&delivery.agency)
                {
                    listed.remove(&id);
                }
            }
        }
        Ok(())
    }

    fn put(&mut self, agency: Agency) {
        self.version = self.version.max(agency.version);
        let place = match self.by_code.get(&agency.code) {
            Some(place) => *place,
            None => self.agencies.len(),
        };
        if let Some(old) = self.agencies.get(place) {
            self.by_code.remove(&old.old_code);
            if let Some(places) = self.by_center.get_mut(old.center()) {
                places.remove(&place);
            }
        }
        self.by_code.insert(agency.code.clone(), place);
        if !agency.old_code.is_empty() {
            self.by_code.insert(agency.old_code.clone(), place);
        }
        self.by_center.entry(agency.center().to_owned()).or_default().insert(place);
        match self.agencies.get_mut(place) {
            Some(slot) => *slot = agency,
            None => self.agencies.push(agency),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agency(code: &str) -> Agency {
        Agency { code: code.into(), ..Agency::default() }
    }

    fn book(agencies: Vec<Agency>) -> Book {
        let mut book = Book::default();
        for agency in agencies {
            let event = book.change(agency, Timestamp::default()).unwrap().unwrap();
            book.apply(event).unwrap();
        }
        book
    }

    #[test]
    fn an_agency_is_found_by_either_code_and_its_version_grows() {
        let mut book = book(vec![Agency { old_code: "000.00.15.H12".into(), ..agency("H12.15") }, agency("H12")]);
        assert_eq!(book.agency("000.00.15.H12").unwrap().code, "H12.15");
        assert_eq!(book.agency("H12").unwrap().version, 2);
        assert!(book.change(agency("H12"), Timestamp::default()).unwrap().is_none());
        let locked = book.change(Agency { is_locked: true, ..agency("H12.15") }, Timestamp::default()).unwrap().unwrap();
        book.apply(locked).unwrap();
        assert_eq!((book.agency("H12.15").unwrap().version, book.agency("000.00.15.H12")), (3, None));
        assert!(book.change(Agency { old_code: "H12".into(), ..agency("H13") }, Timestamp::default()).is_err());
        for bad in ["", "H 12", "Ha Nội", "H12<", &"H".repeat(36)] {
            assert!(book.change(agency(bad), Timestamp::default()).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_secret_of_an_agency_is_in_no_debug_output() {
        let shown = format!("{:?}", Agency { secret: "s3cr3t".into(), ..agency("H12") });
        assert!(shown.contains("H12") && !shown.contains("s3cr3t"), "{shown}");
    }

    #[test]
    fn closed_locked_and_unknown_receivers_are_refused_each_in_its_words() {
        let closed = Agency { is_closed: true, successors: vec!["H12".into(), "H12.1".into()], ..agency("H04") };
        let book = book(vec![closed, Agency { is_locked: true, ..agency("H1") }, agency("H2")]);
        assert_eq!(book.receiver("H04").unwrap_err(), Refusal::new("18", "Đơn vị nhận đã giải thể: H04; đơn vị kế thừa: H12, H12.1"));
        assert_eq!(book.receiver("H1").unwrap_err().code, "23");
        assert_eq!(book.receiver("H3").unwrap_err().code, "18");
        assert_eq!(book.receiver("H2").unwrap().code, "H2");
    }
}
