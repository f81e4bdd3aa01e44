//! Verdicts on signatures as they are stored with a document, and the policy of what to do about them.
//!
//! The verdict follows EN 319 102-1; the policy is apart from it: what a verdict means for a document of this issuer and kind.

mod assess;
mod finding;
mod policy;
mod roles;
pub mod statistics;
mod values;
pub mod verdicts;

use serde::{Deserialize, Serialize};

use crate::agency::Tier;
use crate::digest::Digest;
use crate::document;
use crate::state::Table;
use crate::time::{Date, Timestamp};

pub use assess::{Assessment, Original, Submission, assess};
pub(crate) use finding::bounded;
pub use finding::{Finding, Reason};
pub use policy::{apply, decide, parse_policy, policy};
pub use values::{SIGNATURE_VALUES, original};
pub(crate) use values::{forget, note};

/// One row: the policy's rules.
pub const SIGNATURE_POLICY: Table = Table { name: "signature policy", number: 41 };

/// EN 319 102-1, 5.1.3: the main indication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Verdict {
    /// TOTAL_PASSED.
    TotalPassed,
    /// INDETERMINATE.
    Indeterminate,
    /// TOTAL_FAILED.
    TotalFailed,
}

/// What the signatures of a file say about its present bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Coverage {
    /// No signature.
    NotSigned,
    /// The last signature covers the file to its end.
    Whole,
    /// Bytes follow what was signed.
    BytesAddedAfter {
        /// Where the signed part ends, in bytes.
        signed_end: u64,
        /// The file's length, in bytes.
        length: u64,
    },
    /// Remains of signatures in a file that was rewritten: counts as not signed, and says so.
    Destroyed,
    /// Not a PDF and no detached signature beside it.
    NotPdf,
}

/// How what was done to a file after it was signed is to be taken, the lightest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Changed {
    /// Nothing was done.
    #[default]
    None,
    /// What the signatures' own rules allow: another signature, a time stamp, validation data.
    Permitted,
    /// What ordinary signing programs do beyond the letter of the rules; nothing that the document shows changed.
    Workflow,
    /// A change of what was signed.
    Unexplained,
}

/// Who the signing certificate is for, by its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignerKind {
    /// A person.
    Person,
    /// An organisation.
    Organisation,
    /// The subject does not say.
    Unknown,
}

/// One signature's verdict with the facts it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureReport {
    /// The form field, or the file name of a detached signature.
    pub field: String,
    /// The PDF SubFilter, or `detached`.
    pub sub_filter: String,
    /// The verdict.
    pub verdict: Verdict,
    /// EN 319 102-1 sub-indication, for example `HASH_FAILURE`; empty when passed.
    pub sub_indication: String,
    /// Why, in sentences.
    pub reasons: Vec<String>,
    /// Who signed.
    pub signer_kind: SignerKind,
    /// The certificate's subject, personal identifiers masked.
    pub signer: String,
    /// The organisation in the subject.
    pub organisation: String,
    /// The issuer.
    pub issuer: String,
    /// Serial number in hexadecimal.
    pub serial: String,
    /// SHA-256 of the signing certificate.
    pub certificate: Option<Digest>,
    /// First moment of the certificate's validity.
    pub not_before: Option<Timestamp>,
    /// Last moment of the certificate's validity.
    pub not_after: Option<Timestamp>,
    /// The time the signer claims.
    pub claimed_time: Option<Timestamp>,
    /// The time a verified time stamp proves.
    pub proved_time: Option<Timestamp>,
    /// The message digest's algorithm.
    pub digest_algorithm: String,
    /// The signature's algorithm.
    pub signature_algorithm: String,
    /// Intact, but by a digest that policy calls weak (SHA-1).
    pub weak_digest: bool,
    /// Nothing but weak algorithms stands in the way of TOTAL_PASSED: no evidence is missing.
    pub is_weak_only: bool,
    /// Covers the file to its end.
    pub covers_whole_file: bool,
    /// Digest and signature arithmetic hold and the form is sound: what was signed is unchanged, whoever signed it.
    pub intact: bool,
    /// The program that signed, as the file says: at most 100 characters, anybody's claim; empty if unknown.
    pub signing_tool: String,
    /// What is weak in it, for example `SHA-1 (message_digest)`, at most 16.
    pub weak: Vec<String>,
    /// The number of the organisation in the certificate, normalised, for example `MST:2000100001`; empty if there is none.
    pub organisation_identifier: String,
    /// SHA-256 of the signature value: by it the signature is known again in another file.
    pub value: Option<Digest>,
    /// What the verdict rests on beside the file itself.
    pub evidence: Vec<UsedEvidence>,
    /// What it covers, where a file has parts: elements of an XML document, files of a container. Empty for others.
    pub covers: Vec<String>,
}

/// One piece of evidence, by its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UsedEvidence {
    /// What it is.
    pub kind: EvidenceKind,
    /// SHA-256 of its DER; of an OCSP response that of the BasicOCSPResponse.
    pub digest: Digest,
}

/// What a piece of evidence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EvidenceKind {
    /// A certificate of a path, anchor included, or of a signer of revocation data.
    Certificate,
    /// A revocation list.
    RevocationList,
    /// An OCSP response.
    OcspResponse,
}

/// The verdict on one payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The payload judged.
    pub payload: Digest,
    /// The moment it was judged as of.
    pub judged_at: Timestamp,
    /// Which trust data was used: SHA-256 over it.
    pub trust_version: Digest,
    /// What of the file is covered.
    pub coverage: Coverage,
    /// The worst of what was done to the file after it was signed.
    pub changed: Changed,
    /// What was done after it was signed, in sentences, at most 60.
    pub later_changes: Vec<String>,
    /// Each signature, at most 64.
    pub signatures: Vec<SignatureReport>,
    /// What kept the file from being read, in sentences.
    pub faults: Vec<String>,
    /// SHA-256 of the signature values that are left over in a rewritten file, at most 64.
    pub remains: Vec<Digest>,
    /// The program that wrote a rewritten file last, as it says; empty if unknown.
    pub producer: String,
}

/// What to do about a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Say nothing; the report tells.
    Record,
    /// Take the document and warn.
    Warn,
    /// Refuse the document.
    Refuse,
}

/// Whose signatures a document must have (NĐ 30/2020, Điều 12-13: the person first, the organisation after).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requirement {
    /// Nobody's.
    None,
    /// A person's.
    Personal,
    /// The organisation's.
    Organisation,
    /// Both.
    Both,
}

/// One rule; the first that matches decides. A forged file (TOTAL_FAILED) is refused unless a rule says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Only issuers of this tier.
    pub issuer_tier: Option<Tier>,
    /// Only documents of this kind.
    pub kind: Option<document::KindId>,
    /// A signature failed, or bytes were added after the last one.
    pub on_failed: Action,
    /// A signature could not be judged.
    pub on_indeterminate: Action,
    /// The main file has no signature.
    pub on_unsigned: Action,
    /// A signature is intact by a weak digest.
    pub on_weak_digest: Action,
    /// Whose signatures the main file must have; a missing one is treated by `on_unsigned`.
    pub requires: Requirement,
    /// Only from this day on: of a signature that a time stamp proves, otherwise of the submission.
    pub from: Option<Date>,
    /// Only until this day.
    pub until: Option<Date>,
    /// Others signed than those whom the issuer registered, outside of their term, or than the document states.
    pub on_wrong_signer: Action,
    /// The organisation's signature does not cover the person's.
    pub on_wrong_order: Action,
    /// The issuer has registered nobody.
    pub on_unregistered: Action,
    /// An attachment of a signed document is not signed, or by others.
    pub on_attachment: Action,
    /// A file was rewritten after signing. Not stated: the main file as `on_unsigned`, attachments with a warning, and either as
    /// `on_failed` where that is graver and a signature that is left over failed.
    pub on_destroyed: Option<Action>,
}

/// What a rule does that leaves the keys out which rules have had since there are authorised signers.
impl Rule {
    /// [`Rule::on_wrong_signer`] where it is not stated.
    pub const WRONG_SIGNER: Action = Action::Warn;
    /// [`Rule::on_wrong_order`] where it is not stated.
    pub const WRONG_ORDER: Action = Action::Warn;
    /// [`Rule::on_unregistered`] where it is not stated.
    pub const UNREGISTERED: Action = Action::Record;
    /// [`Rule::on_attachment`] where it is not stated.
    pub const ATTACHMENT: Action = Action::Record;
}

/// What an admin asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Sets the whole policy, 1 to 1,000 rules.
    SetPolicy(Vec<Rule>),
    /// The hub judged a document again, because trust data changed.
    Rejudge(verdicts::Rejudgement),
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// These are the rules from here on.
    PolicySet(Vec<Rule>),
    /// New trust data changed the verdict on an attachment. What was delivered stays delivered.
    Rejudged(Box<verdicts::Rejudged>),
}
