//! What is wrong with a packet, where, and by which rule.

use std::fmt;
use std::io;

/// A place in a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position {
    /// Bytes from the start of the packet.
    pub byte: u64,
    /// Line, from 1.
    pub line: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, byte {}", self.line, self.byte)
    }
}

/// The rule that a packet breaks. The names are stable: a caller may decide by them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// Something stands before `<`, where a packet begins: a byte order mark of another encoding, digits, blanks before a declaration.
    #[error("has bytes before the XML declaration; send the file as it is, from its first `<`")]
    JunkBeforeDeclaration,
    /// Another encoding than UTF-8.
    #[error("is not UTF-8")]
    Encoding,
    /// A document type declaration: it could bring entities in.
    #[error("has a document type declaration, which no packet needs")]
    DocumentType,
    /// A reference to an entity other than the five of XML.
    #[error("refers to an entity that XML does not define")]
    Entity,
    /// XML's own rules, or those of namespaces.
    #[error("is not well-formed XML: {0}")]
    NotWellFormed(String),
    /// More than [`crate::Limits`] allows.
    #[error("is larger than allowed: {what}, at most {limit}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        limit: u64,
    },
    /// The root is `edXML` in no or another namespace than that of QCVN 102:2016.
    #[error("is in namespace `{found}`{}, not in that of QCVN 102:2016/BTTTT", known(.found))]
    Namespace {
        /// The namespace of the root.
        found: String,
    },
    /// The root is not `edXML`.
    #[error("is not an edXML packet: the root is `{found}`")]
    Root {
        /// The local name of the root.
        found: String,
    },
    /// An element that must be there is missing or empty.
    #[error("lacks `{0}`")]
    Missing(&'static str),
    /// An element that may occur once occurs again.
    #[error("has `{0}` more than once")]
    Repeated(&'static str),
    /// A text is longer than the regulation allows.
    #[error("has {length} characters, at most {limit} are allowed")]
    TooLong {
        /// Characters that it has.
        length: usize,
        /// Characters that it may have.
        limit: usize,
    },
    /// A text that should be a number is none, or none that has a meaning here.
    #[error("is `{0}`, which is no number that has a meaning here")]
    Number(String),
    /// A text that should be a date or a time is none.
    #[error("is `{0}`, which is not a date of the form yyyy/MM/dd, or a time yyyy/MM/dd HH:mm:ss")]
    Date(String),
    /// A date or time in a form that was never the regulation's, but can be understood.
    #[error("is `{0}`, understood, but not of the form that the regulation has")]
    DateForm(String),
    /// `ResponseFor/OrganId` and `ResponseFor/Code` are exchanged.
    #[error("has the code of the agency and that of the document exchanged")]
    Exchanged,
    /// The text `null`, as some programs write what they lack.
    #[error("is the text `null`")]
    Null,
    /// A content that is not base64.
    #[error("is not base64")]
    Base64,
    /// An attachment that the manifest does not name, or the other way round.
    #[error("has no counterpart: manifest and attachments name different files")]
    Unpaired,
}

impl Rule {
    /// The stable name, in capitals.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::JunkBeforeDeclaration => "JUNK_BEFORE_DECLARATION",
            Self::Encoding => "ENCODING",
            Self::DocumentType => "DOCUMENT_TYPE",
            Self::Entity => "ENTITY",
            Self::NotWellFormed(_) => "NOT_WELL_FORMED",
            Self::Limit { .. } => "LIMIT",
            Self::Namespace { .. } => "NAMESPACE",
            Self::Root { .. } => "ROOT",
            Self::Missing(_) => "MISSING",
            Self::Repeated(_) => "REPEATED",
            Self::TooLong { .. } => "TOO_LONG",
            Self::Number(_) => "NUMBER",
            Self::Date(_) => "DATE",
            Self::DateForm(_) => "DATE_FORM",
            Self::Exchanged => "EXCHANGED",
            Self::Null => "NULL",
            Self::Base64 => "BASE64",
            Self::Unpaired => "UNPAIRED",
        }
    }
}

/// Namespaces of earlier forms, each with what it was.
fn known(namespace: &str) -> &'static str {
    match namespace {
        "http://www.e-doc.vn/Schema/" | "http://www.e-doc.vn/Schema" => ", the SOAP form of 2014",
        "http://www.go.vn/eDoc" => ", an early form that no regulation has",
        "http://schemas.xmlsoap.org/soap/envelope/" | "http://www.w3.org/2003/05/soap-envelope" => ", a SOAP envelope",
        "" => " (none)",
        _ => "",
    }
}

/// One thing that is wrong: where, in which element, by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The end of the tag or text at fault.
    pub at: Position,
    /// The elements from the root, joined by `/`.
    pub path: String,
    /// The rule.
    pub rule: Rule,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "the packet" } else { &self.path };
        write!(f, "{path} {} ({})", self.rule, self.at)
    }
}

/// Why a packet was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It breaks a rule.
    #[error("{0}")]
    Refused(Fault),
    /// It could not be read to the end, or a file could not be kept.
    #[error("reading a packet: {0}")]
    Io(#[from] io::Error),
}

impl ReadError {
    /// The fault, where the packet is to blame.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Refused(fault) => Some(fault),
            Self::Io(_) => None,
        }
    }
}
