//! What is found about the signatures of a document beside their verdicts: one reason, where, in whose words, and what follows.

use serde::{Deserialize, Serialize};

use super::Action;
use crate::refusal::SignatureCause;

/// Why a finding is there. The names are part of the interface: they are added, never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reason {
    /// A signature failed.
    SignatureInvalid,
    /// The file was changed after it was signed.
    ChangedAfterSigning,
    /// A signature could not be judged.
    SignatureIndeterminate,
    /// A signature is intact by a weak digest.
    WeakDigest,
    /// The main file is not signed.
    NotSigned,
    /// A signature file without the content that it signs.
    SignatureWithoutContent,
    /// The file was rewritten after it was signed: remains of signatures are left.
    SignatureDestroyed,
    /// The signature of the competent person is missing, or is none that counts.
    PersonalSignatureMissing,
    /// The signature of the agency is missing, or is none that counts.
    OrganisationSignatureMissing,
    /// One certificate signed several times where a person and the agency should have signed.
    SameCertificateForBoth,
    /// No signature of the agency covers the person's.
    WrongSigningOrder,
    /// The agency has no registered signers.
    IssuerNotRegistered,
    /// None of the agency's registered signers signed.
    SignerNotAuthorised,
    /// A registered signer signed outside of its term.
    SignerOutOfTerm,
    /// Another person signed than the document states.
    SignerNotStated,
    /// An attachment of a signed document is not signed.
    AttachmentNotSigned,
    /// An attachment is signed by another organisation than the document.
    AttachmentSignedByAnother,
}

impl Reason {
    /// The stable name, such as `SIGNATURE_DESTROYED`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignatureInvalid => "SIGNATURE_INVALID",
            Self::ChangedAfterSigning => "CHANGED_AFTER_SIGNING",
            Self::SignatureIndeterminate => "SIGNATURE_INDETERMINATE",
            Self::WeakDigest => "SIGNATURE_WEAK_DIGEST",
            Self::NotSigned => "SIGNATURE_MISSING",
            Self::SignatureWithoutContent => "SIGNATURE_WITHOUT_CONTENT",
            Self::SignatureDestroyed => "SIGNATURE_DESTROYED",
            Self::PersonalSignatureMissing => "PERSONAL_SIGNATURE_MISSING",
            Self::OrganisationSignatureMissing => "ORGANISATION_SIGNATURE_MISSING",
            Self::SameCertificateForBoth => "SAME_CERTIFICATE_FOR_BOTH",
            Self::WrongSigningOrder => "WRONG_SIGNING_ORDER",
            Self::IssuerNotRegistered => "ISSUER_NOT_REGISTERED",
            Self::SignerNotAuthorised => "SIGNER_NOT_AUTHORISED",
            Self::SignerOutOfTerm => "SIGNER_OUT_OF_TERM",
            Self::SignerNotStated => "SIGNER_NOT_STATED",
            Self::AttachmentNotSigned => "ATTACHMENT_NOT_SIGNED",
            Self::AttachmentSignedByAnother => "ATTACHMENT_SIGNED_BY_ANOTHER",
        }
    }

    /// What a document is refused for where this is the gravest finding.
    pub const fn cause(self) -> SignatureCause {
        match self {
            Self::SignatureInvalid | Self::ChangedAfterSigning => SignatureCause::Invalid,
            Self::SignatureIndeterminate => SignatureCause::Indeterminate,
            Self::WeakDigest => SignatureCause::WeakDigest,
            Self::NotSigned
            | Self::SignatureWithoutContent
            | Self::PersonalSignatureMissing
            | Self::OrganisationSignatureMissing
            | Self::SameCertificateForBoth => SignatureCause::Unsigned,
            Self::SignatureDestroyed => SignatureCause::Destroyed,
            Self::WrongSigningOrder => SignatureCause::WrongOrder,
            Self::IssuerNotRegistered => SignatureCause::NotRegistered,
            Self::SignerNotAuthorised | Self::SignerOutOfTerm | Self::SignerNotStated => SignatureCause::WrongSigner,
            Self::AttachmentNotSigned | Self::AttachmentSignedByAnother => SignatureCause::Attachment,
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Why it is there.
    pub reason: Reason,
    /// What the policy does about it.
    pub action: Action,
    /// The fields of the request at fault, for example `document.attachments[0]`.
    pub fields: Vec<String>,
    /// The signatures concerned, by the names of their fields.
    pub signatures: Vec<String>,
    /// One sentence in English, which begins with the name of the file.
    pub english: String,
    /// The same in Vietnamese, for officials.
    pub vietnamese: String,
}

/// A sentence in both languages.
pub(super) struct Sentence {
    pub(super) english: String,
    pub(super) vietnamese: String,
}

/// Characters of one sentence that are kept.
const MAX_SENTENCE: usize = 600;
/// Bytes of all findings of one document that are kept: its row holds 64 KiB.
const MAX_BYTES: usize = 16 * 1024;

/// The findings that are kept with a document: the gravest first, as many as fit its row.
pub(crate) fn bounded(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.action));
    let mut room = MAX_BYTES;
    findings
        .into_iter()
        .map_while(|mut finding| {
            cut(&mut finding.english);
            cut(&mut finding.vietnamese);
            finding.signatures.truncate(8);
            finding.signatures.iter_mut().for_each(cut);
            let texts = finding.fields.iter().chain(&finding.signatures).map(|text| text.len() + 2).sum::<usize>();
            room = room.checked_sub(finding.english.len() + finding.vietnamese.len() + texts + 16)?;
            Some(finding)
        })
        .collect()
}

fn cut(sentence: &mut String) {
    if let Some((at, _)) = sentence.char_indices().nth(MAX_SENTENCE) {
        sentence.truncate(at);
        sentence.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(action: Action, characters: usize) -> Finding {
        Finding {
            reason: Reason::WeakDigest,
            action,
            fields: vec!["document.attachments[0]".into()],
            signatures: vec!["Signature1".into()],
            english: "x".repeat(characters),
            vietnamese: "ệ".repeat(characters),
        }
    }

    #[test]
    fn the_gravest_are_kept_and_never_more_than_a_row_holds() {
        let mut many = vec![finding(Action::Record, 10); 300];
        many.push(finding(Action::Refuse, 5_000));
        let kept = bounded(many);
        assert_eq!((kept[0].action, kept[0].english.chars().count()), (Action::Refuse, 601));
        assert!((100..300).contains(&kept.len()), "{}", kept.len());
        assert!(postcard::to_stdvec(&kept).unwrap().len() <= MAX_BYTES);
    }
}
