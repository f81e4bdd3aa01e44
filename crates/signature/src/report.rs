//! What a verification says: one line about the document and one verdict per signature.

use std::fmt;

use crate::signers::{SignerGroup, VisibleMark, group, tell_lines_apart};
use crate::weakness::Weakness;

/// The outcome of [`crate::verify_pdf`] or [`crate::verify_detached`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentReport {
    /// What of the present file is covered by a signature.
    pub coverage: Coverage,
    /// One report per signature, in the order of their signed ends (the oldest revision first).
    pub signatures: Vec<SignatureReport>,
    /// Plain sentences about the document that belong to no single signature.
    pub faults: Vec<String>,
    /// The worst of what was done to the document after an intact signature; see [`ChangeLevel`].
    pub changed_after_signing: ChangeLevel,
    /// What was done, in the order of the revisions.
    pub later_changes: Vec<LaterChange>,
    /// Of a file whose signatures are destroyed, the program that wrote it anew after it was signed, by its own word: at most 100
    /// characters.
    pub rewritten_by: Option<String>,
    /// Who signed, how often and when: the intact signatures by their certificates.
    pub signers: Vec<SignerGroup>,
    /// Whether the document is encrypted, and whether what the signatures cover could be read.
    pub encryption: Encryption,
    /// SHA-256 of each signature value that is left in a file that was rewritten, at most 64, by which the document that it was
    /// made of is found again; empty unless the coverage is [`Coverage::Destroyed`]. See [`SignatureReport::value_sha256`].
    pub remains: Vec<[u8; 32]>,
}

impl DocumentReport {
    /// A report on a document that no revision follows.
    pub(crate) fn new(coverage: Coverage, mut signatures: Vec<SignatureReport>, faults: Vec<String>) -> Self {
        let signers = group(&signatures);
        tell_lines_apart(&mut signatures, &signers);
        let (changed_after_signing, encryption) = (ChangeLevel::None, Encryption::None);
        Self {
            coverage,
            signatures,
            faults,
            changed_after_signing,
            later_changes: Vec::new(),
            rewritten_by: None,
            signers,
            encryption,
            remains: Vec::new(),
        }
    }
}

/// Whether a PDF document is encrypted (ISO 32000-2, 7.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Encryption {
    /// It is not.
    #[default]
    None,
    /// It is, and anybody may open it: the empty user password does.
    Opened,
    /// It is, and it could not be opened. The arithmetic of its signatures is that of the encrypted bytes; what they say is
    /// not known, so that no signature is better than INDETERMINATE / SIGNED_DATA_NOT_FOUND.
    Locked,
}

impl Encryption {
    /// A stable name: `none`, `opened`, `locked`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Opened => "opened",
            Self::Locked => "locked",
        }
    }
}

/// How a change after signing is to be taken, the lightest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeLevel {
    /// Nothing was changed.
    #[default]
    None,
    /// The signatures' own rules allow it: another signature, a time stamp, validation data, a form that was filled in where a
    /// certification allows that (ISO 32000-2, 12.8.2).
    Permitted,
    /// Ordinary signing programs do it, though the letter of the rules does not allow it: nothing that the document shows changed.
    Workflow,
    /// Nothing explains it: it counts as a change of what was signed.
    Unexplained,
}

impl ChangeLevel {
    /// A stable name: `none`, `permitted`, `workflow`, `unexplained`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Permitted => "permitted",
            Self::Workflow => "workflow",
            Self::Unexplained => "unexplained",
        }
    }
}

/// Something that was done to a signed document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaterChange {
    /// End of the signed state that it follows, in bytes from the header: a signature whose byte range ends there or before is
    /// concerned.
    pub signed_end: u64,
    /// How it is to be taken.
    pub level: ChangeLevel,
    /// One sentence.
    pub what: String,
}

/// What of the present file the signatures cover.
///
/// It is counted by the best signatures: if some passed, only those count; otherwise the intact ones that a trust anchor
/// vouches for; otherwise the intact ones; otherwise those with a sound byte range. Document time stamps count only where there is no other signature, because
/// a time-stamp authority does not vouch for content. What changed *between* two signed revisions is not judged here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// There is no signature and no trace of one.
    NotSigned,
    /// A signature covers every byte of the file except its own value.
    Whole,
    /// `length - signed_end` bytes of the file are covered by no counting signature. They follow the signed end, or
    /// stand in front of the `%PDF` header, in which case a fault says so.
    BytesAddedAfter {
        /// Number of bytes from the header to the end of the largest signed range.
        signed_end: u64,
        /// Length of the file in bytes.
        length: u64,
    },
    /// Remains of signatures in a file that was rewritten after signing: nothing is covered.
    Destroyed,
    /// The bytes are not a PDF file.
    NotPdf,
}

/// What is known of one signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureReport {
    /// Full name of the form field, or `signer N` (from 1) in a detached file.
    pub field: String,
    /// The PDF `/SubFilter` without its slash, or `CMS` for a detached file.
    pub sub_filter: String,
    /// Main indication of EN 319 102-1.
    pub verdict: Verdict,
    /// Why the verdict is not [`Verdict::TotalPassed`]; absent exactly when it is.
    pub sub_indication: Option<SubIndication>,
    /// Plain sentences: every ground for the verdict, and notes.
    pub reasons: Vec<String>,
    /// Digest and signature arithmetic hold and the form is sound: what was signed is unchanged. It says nothing about whose
    /// signature it is.
    pub intact: bool,
    /// The signing certificate, once found.
    pub signer: Option<CertificateFacts>,
    /// A guess from the subject; never a ground for the verdict.
    pub signer_kind: SignerKind,
    /// When the signer says the signature was made (unix seconds): `/M`, otherwise the CMS signing time. Not a proof.
    pub claimed_time: Option<i64>,
    /// When the signature provably existed (unix seconds), from a verified RFC 3161 token.
    pub proved_time: Option<i64>,
    /// Name of the digest, such as `SHA-256`; the dotted identifier where the digest is unknown; empty if unread.
    pub digest_algorithm: String,
    /// Name of the signature scheme, such as `RSA PKCS#1 v1.5 with SHA-256`; likewise.
    pub signature_algorithm: String,
    /// The signature rests on SHA-1 or MD5.
    pub weak_digest: bool,
    /// Every algorithm and key that is weak at the judgement time, by the policy in [`crate::Options`]: sorted, each once. What
    /// is listed speaks against the signature unless it was sound at a proved time, or the operator accepts it.
    pub weak: Vec<Weakness>,
    /// "Intact, weak digest": what is listed in `weak` is all that keeps the signature from TOTAL_PASSED. Where revocation data are
    /// missing too, for example, it is not.
    pub is_weak_only: bool,
    /// The program that signed, as the signature dictionary of a PDF names it (`/Prop_Build`, `/App`), otherwise the producer
    /// of the signed revision: at most 100 characters, and anybody's claim. Absent elsewhere.
    pub signing_tool: Option<String>,
    /// What a signature in a PDF shows on its page; absent where it shows nothing, and elsewhere.
    pub mark: Option<VisibleMark>,
    /// SHA-256 of the signature value (in CMS the octets of `signature` in SignerInfo): by it the same signature is known again
    /// in another file. Absent where no value was read.
    pub value_sha256: Option<[u8; 32]>,
    /// The four numbers of `/ByteRange`, counted from the `%PDF` header; absent in a detached file.
    pub byte_range: Option<[u64; 4]>,
    /// The byte range is sound, starts with the file and ends with it.
    pub covers_whole_file: bool,
    /// A document time stamp (`ETSI.RFC3161`), not a signature of a person or organisation.
    pub is_document_timestamp: bool,
    /// What the judgement of the certificate paths, of time stamps too, rests on: sorted, each piece once. With these bytes,
    /// the document and the judgement time a verdict can be replayed.
    pub evidence: Vec<UsedEvidence>,
}

/// One piece of evidence, by its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsedEvidence {
    /// What the piece is.
    pub kind: EvidenceKind,
    /// SHA-256 of its DER; of an OCSP response that of the BasicOCSPResponse, which documents store in several wrappings.
    pub sha256: [u8; 32],
}

/// What a piece of evidence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EvidenceKind {
    /// A certificate of a path, anchor included, or of a signer of revocation data.
    Certificate,
    /// A CRL that was heard.
    RevocationList,
    /// An OCSP response that was heard.
    OcspResponse,
}

/// Main indication of EN 319 102-1 V1.3.1, 5.1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Every check that applies succeeded.
    TotalPassed,
    /// The available information is not enough for a yes or a no.
    Indeterminate,
    /// The signature is not valid.
    TotalFailed,
}

impl Verdict {
    /// The name in the standard, such as `TOTAL_PASSED`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TotalPassed => "TOTAL_PASSED",
            Self::Indeterminate => "INDETERMINATE",
            Self::TotalFailed => "TOTAL_FAILED",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

macro_rules! sub_indications {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// Sub-indication of EN 319 102-1 V1.3.1, table 6. The order of variants is the order of precedence when several apply.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum SubIndication { $($(#[$doc])* $variant,)* }

        impl SubIndication {
            /// Every sub-indication, in order of precedence.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in the standard, such as `HASH_FAILURE`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

sub_indications! {
    /// The signature does not have the form its standard demands.
    FormatFailure = "FORMAT_FAILURE",
    /// The signed content is not at hand.
    SignedDataNotFound = "SIGNED_DATA_NOT_FOUND",
    /// The content was changed: its digest differs from the signed one.
    HashFailure = "HASH_FAILURE",
    /// The signature value does not fit the signing certificate's key.
    SigCryptoFailure = "SIG_CRYPTO_FAILURE",
    /// The signing certificate is missing or not the one that was signed for.
    NoSigningCertificateFound = "NO_SIGNING_CERTIFICATE_FOUND",
    /// A property of the signature itself is not acceptable.
    SigConstraintsFailure = "SIG_CONSTRAINTS_FAILURE",
    /// The signature was made while the certificate was revoked.
    Revoked = "REVOKED",
    /// The signature was made after the certificate expired.
    Expired = "EXPIRED",
    /// The signature existed before the certificate was valid.
    NotYetValid = "NOT_YET_VALID",
    /// No path leads from the signing certificate to a trust anchor.
    NoCertificateChainFound = "NO_CERTIFICATE_CHAIN_FOUND",
    /// A path exists, and something in it could not be processed.
    CertificateChainGeneralFailure = "CERTIFICATE_CHAIN_GENERAL_FAILURE",
    /// A path exists, and a certificate in it is not allowed to do what it does.
    ChainConstraintsFailure = "CHAIN_CONSTRAINTS_FAILURE",
    /// The certificate is revoked, and nothing proves that the signature is older.
    RevokedNoPoe = "REVOKED_NO_POE",
    /// An issuing certificate is revoked, and nothing proves that the signature is older.
    RevokedCaNoPoe = "REVOKED_CA_NO_POE",
    /// The certificate is out of its validity, and nothing proves that the signature was made within it.
    OutOfBoundsNoPoe = "OUT_OF_BOUNDS_NO_POE",
    /// An algorithm or key size is unknown or too weak.
    CryptoConstraintsFailure = "CRYPTO_CONSTRAINTS_FAILURE",
    /// An algorithm has become too weak, and nothing proves that the signature is older.
    CryptoConstraintsFailureNoPoe = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
    /// Time stamps contradict one another.
    TimestampOrderFailure = "TIMESTAMP_ORDER_FAILURE",
    /// A proof of existence is missing.
    NoPoe = "NO_POE",
    /// Revocation information is missing or too old; later there may be enough.
    TryLater = "TRY_LATER",
    /// Any other ground; the reasons say which.
    Generic = "GENERIC",
}

impl fmt::Display for SubIndication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who signs, guessed from the subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignerKind {
    /// A natural person.
    Person,
    /// An agency, enterprise or other body.
    Organisation,
    /// The subject does not say.
    Unknown,
}

/// What a reader wants to know of a certificate. Personal identifiers are masked in every name: the attributes made for them (UID,
/// serial number) always, numbers after the name of a scheme (`CCCD:`) everywhere, and long numbers in the names of persons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The subject, `CN=..., O=..., C=VN`, in the order of the certificate.
    pub subject: String,
    /// First common name, or empty.
    pub common_name: String,
    /// First organisation name, or empty.
    pub organisation: String,
    /// The organisation's own number, normalised: `MST:0123456789` (tax code, units as `MST:0123456789-001`), `MNS:1234567`
    /// (code of a unit of the state budget) or `MDD:H12.15` (electronic identification code). Never a person's number.
    pub organisation_identifier: Option<String>,
    /// The issuer, written like the subject.
    pub issuer: String,
    /// Serial number, lower-case hex of its DER content.
    pub serial: String,
    /// Start of validity, unix seconds.
    pub not_before: i64,
    /// End of validity (inclusive), unix seconds.
    pub not_after: i64,
    /// SHA-256 of the certificate's DER.
    pub sha256: [u8; 32],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_indications_carry_the_names_of_the_standard() {
        assert_eq!(SubIndication::HashFailure.name(), "HASH_FAILURE");
        assert_eq!(SubIndication::OutOfBoundsNoPoe.to_string(), "OUT_OF_BOUNDS_NO_POE");
        let mut names: Vec<_> = SubIndication::ALL.iter().map(|indication| indication.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SubIndication::ALL.len());
    }

    #[test]
    fn a_weak_algorithm_is_named_before_missing_revocation_data() {
        assert!(SubIndication::CryptoConstraintsFailure < SubIndication::TryLater);
    }
}
