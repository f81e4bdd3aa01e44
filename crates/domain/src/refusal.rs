//! Why a command is refused. A refused command leaves nothing behind.
//!
//! The text is a fragment that tells the caller what is wrong and what to do; the wire's table gives each variant its status
//! and stable reason.

use crate::agency::{self, Code, Tier};
use crate::digest::Digest;
use crate::invalid::Invalid;
use crate::signature::Finding;
use crate::state::Fault;
use crate::{delivery, document, principal};

/// Why a command is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Fields break rules; all of them are named.
    #[error("{0}")]
    Invalid(#[from] Invalid),
    /// The caller may not do this, or the thing does not exist: the caller cannot tell which.
    #[error("the caller may not do this, or it does not exist")]
    Denied,
    /// The request id was used for another request.
    #[error("request_id {request_id} was used for another request (entry {seq}); use a fresh one for other content")]
    RequestReused {
        /// The id.
        request_id: String,
        /// The earlier entry.
        seq: u64,
    },
    /// The thing does not exist; said only to those who may see all of its sort.
    #[error("{name} does not exist")]
    NotFound {
        /// Its resource name.
        name: String,
    },
    /// The name is taken.
    #[error("{name} exists already; choose another name or update it")]
    Exists {
        /// Its resource name.
        name: String,
    },
    /// Somebody else changed it meanwhile.
    #[error("the resource was changed by entry {current}, you saw {seen}; read it again and repeat")]
    Changed {
        /// What the caller saw.
        seen: u64,
        /// What it is.
        current: u64,
    },
    /// Another agency has the code at that time.
    #[error("code {code} belongs to agencies/{holder} in that time; end its validity there first")]
    CodeTaken {
        /// The code.
        code: Code,
        /// Who has it.
        holder: agency::Id,
    },
    /// The credential belongs, or belonged, to another principal.
    #[error("the credential belongs to principals/{holder}; credentials are never given to another")]
    CredentialTaken {
        /// Who has it.
        holder: principal::Id,
    },
    /// A revoked principal stays so.
    #[error("principals/{0} is revoked; enrol a new one")]
    PrincipalRevoked(principal::Id),
    /// Nobody would be left who could enrol another admin.
    #[error("principals/{0} is the last active admin; enrol another admin first")]
    LastAdmin(principal::Id),
    /// The agency cannot issue now.
    #[error("agencies/{agency} is {state}; ask the administrator of the hub")]
    IssuerInactive {
        /// Which.
        agency: agency::Id,
        /// locked or closed.
        state: &'static str,
    },
    /// A recipient cannot receive now.
    #[error("agencies/{0} is locked and receives nothing now; leave it out or wait")]
    RecipientLocked(agency::Id),
    /// A recipient is closed and nobody, or several, took over.
    #[error("agencies/{agency} is closed; {}", instead(.successors))]
    RecipientClosed {
        /// Which.
        agency: agency::Id,
        /// The choices.
        successors: Vec<agency::Id>,
    },
    /// The recipients expand to nobody, or to the issuer alone.
    #[error("the recipients expand to no agency; check the group or the subtree")]
    NoRecipient,
    /// The recipients expand to more than one document may go to.
    #[error("the recipients expand to {count} agencies, at most {limit} are allowed; split the document's recipients")]
    TooManyRecipients {
        /// How many.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// The policy closes this way.
    #[error("the routing policy refuses documents from tier {from:?} to tier {to:?} (agencies/{recipient})")]
    RouteRefused {
        /// The sender's tier.
        from: Tier,
        /// The recipient's tier.
        to: Tier,
        /// The recipient.
        recipient: agency::Id,
    },
    /// The policy sends it through a superior that is not there.
    #[error("the routing policy sends this through the superior of agencies/{0}, which has none that is active")]
    NoSuperior(agency::Id),
    /// The issuer gave this number to another document of the year.
    #[error("number {number}/{notation} of {year} is documents/{earlier}; a document is submitted once")]
    NumberTaken {
        /// The number.
        number: String,
        /// The notation.
        notation: String,
        /// The year.
        year: u16,
        /// The earlier document.
        earlier: document::Id,
    },
    /// State secrets do not travel here.
    #[error("documents marked as state secrets ({field} says {marking}) are not exchanged over this hub; use the channel for secrets")]
    Secret {
        /// The field that bears the mark.
        field: String,
        /// The mark.
        marking: String,
    },
    /// A payload is unknown to the caller.
    #[error("payload {0} is not uploaded by you; upload it first")]
    PayloadUnknown(Digest),
    /// The signature policy refuses the document.
    #[error("the signatures are refused: {}", sentences(.findings))]
    SignatureRefused {
        /// The stable reason of the gravest.
        cause: SignatureCause,
        /// Why, each finding for which the policy refuses.
        findings: Vec<Finding>,
    },
    /// The step is not allowed from here.
    #[error("a delivery in status {from:?} does not go to {to:?}")]
    StepRefused {
        /// The status now.
        from: delivery::Status,
        /// The status reported.
        to: delivery::Status,
    },
    /// Nothing was asked that 15 or 16 could answer.
    #[error("nothing was asked for that could be answered")]
    NothingAsked,
    /// The copy is frozen until its holder answers.
    #[error("the document is frozen: its sender asked for it back or amended it; answer with 15 or 16 first")]
    Frozen,
    /// The document does not stand so that this could be done.
    #[error("documents/{document} is {state}: {advice}")]
    DocumentState {
        /// Which.
        document: document::Id,
        /// Where it stands.
        state: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// The delivery has nobody to forward to.
    #[error("this delivery has nothing to forward to {0}")]
    NothingToForward(String),
    /// A row would be larger than a row may be.
    #[error("the request is larger than the hub keeps in one piece: {0}")]
    TooLarge(String),
    /// The tables are at fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What the signature policy refused a document for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignatureCause {
    /// The issuer has registered no signers.
    NotRegistered,
    /// An attachment is not signed, or by others than the document.
    Attachment,
    /// No signature where one is required.
    Unsigned,
    /// A signature that could not be judged.
    Indeterminate,
    /// A weak digest.
    WeakDigest,
    /// The organisation's signature does not cover the person's.
    WrongOrder,
    /// Others signed than may.
    WrongSigner,
    /// The file was rewritten after it was signed.
    Destroyed,
    /// A signature that failed or a file changed after signing.
    Invalid,
}

fn sentences(findings: &[Finding]) -> String {
    findings.iter().map(|finding| finding.english.as_str()).collect::<Vec<_>>().join("; ")
}

fn instead(successors: &[agency::Id]) -> String {
    match successors {
        [] => "nobody took over from it: leave it out".into(),
        [only] => format!("agencies/{only} took over from it: name that"),
        several => {
            let names: Vec<_> = several.iter().map(|id| format!("agencies/{id}")).collect();
            format!("choose among its successors: {}", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agency::scene::id;

    #[test]
    fn a_closed_recipient_comes_with_what_to_do_instead() {
        let told = |successors: &[&str]| {
            let successors = successors.iter().map(|name| id(name)).collect();
            Refusal::RecipientClosed { agency: id("cu"), successors }.to_string()
        };
        assert_eq!(told(&[]), "agencies/cu is closed; nobody took over from it: leave it out");
        assert_eq!(told(&["a"]), "agencies/cu is closed; agencies/a took over from it: name that");
        assert_eq!(told(&["a", "b"]), "agencies/cu is closed; choose among its successors: agencies/a, agencies/b");
    }
}
