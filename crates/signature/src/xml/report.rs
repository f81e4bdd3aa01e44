//! What a verification of XML says beside the verdicts: which elements each signature covers.

use std::ops::Range;

use crate::report::DocumentReport;

use super::tree::{Document, NodeId};

/// The outcome of [`crate::verify_xml`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XmlReport {
    /// The bytes are XML of the kind that is judged; otherwise a fault says where they are not.
    pub is_readable: bool,
    /// Verdicts and coverage in the shape of [`crate::verify_pdf`]. `Coverage::Whole` means that the root element is covered
    /// whole, signatures aside; otherwise `signed_end` counts the bytes that are covered, wherever they stand.
    pub document: DocumentReport,
    /// What each signature is and covers; as many as `document.signatures`, in the same order.
    pub signatures: Vec<XmlSignature>,
}

/// A signature element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XmlSignature {
    /// Where it stands.
    pub element: XmlElement,
    /// What it is for.
    pub role: XmlSignatureRole,
    /// Every digest and the signature value fit, and the form is sound. It says nothing about whose signature it is.
    pub intact: bool,
    /// What it refers to, references of manifests behind their own.
    pub references: Vec<XmlReference>,
}

/// What a signature element is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum XmlSignatureRole {
    /// It signs content.
    Document,
    /// It confirms another signature (XAdES, `CounterSignature`) and counts for no content.
    CounterSignature,
}

/// One reference and what came of it. The application may use what is covered under [`ReferenceOutcome::Matches`], found by
/// path or bytes and not by identifier, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XmlReference {
    /// As it is written; empty also where it is missing.
    pub uri: String,
    /// Names of the transforms, in order.
    pub transforms: Vec<String>,
    /// Name of the digest, such as `SHA-256`; what is written where it is unknown.
    pub digest_algorithm: String,
    /// What came of it.
    pub outcome: ReferenceOutcome,
    /// The element, with everything in it but comments, what is left out and, under the exclusive forms, namespace
    /// declarations that no name in it uses. Absent for content outside the document.
    pub covered: Option<XmlElement>,
    /// Only what the text of the element says in base64 is covered, not its name and attributes.
    pub content_only: bool,
    /// Signatures inside `covered` that are not part of what is covered.
    pub left_out: Vec<XmlElement>,
    /// It stands in a manifest that the signature refers to.
    pub in_manifest: bool,
}

/// What came of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReferenceOutcome {
    /// The digest is the signed one.
    Matches,
    /// The digest differs: the content was changed.
    Differs,
    /// What it refers to is not at hand.
    NotFound,
    /// It cannot or must not be computed: an ambiguous identifier, an unknown transform or digest.
    Refused,
}

/// Where an element stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XmlElement {
    /// Names as written from the root, such as `/invoice/part[2]`; `/` is the document with what stands around the root.
    pub path: String,
    /// The identifier it carries.
    pub id: Option<String>,
    /// Its bytes in the file, from the first of the start tag to behind the last of the end tag.
    pub bytes: Range<u64>,
}

impl XmlElement {
    pub(crate) fn of(document: &Document<'_>, node: NodeId) -> Self {
        let bytes = document.bytes(node);
        let mut attributes = document.element(node).map(|element| document.attributes(element)).unwrap_or_default().iter();
        let id = attributes.find(|one| one.local.eq_ignore_ascii_case("id")).map(|one| one.value.to_string());
        Self { path: document.path(node), id, bytes: bytes.start as u64..bytes.end as u64 }
    }
}
