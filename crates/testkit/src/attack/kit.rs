//! The forger's workshop: certificates, statements, time stamps, revocation data, documents and containers of which every
//! part can be made wrong, with fresh keys at each run (RSA: published fixtures).
//!
//! [`crate::pki`] and [`crate::pdf`] make what sound programs make; here is what they would refuse to make. Nothing here
//! verifies anything either.

mod archive;
mod markup;
mod node;
mod paper;
mod revocation;
mod rsa;
mod statement;

pub(crate) use node::bit_string;
pub(crate) use paper::stream as stream_text;
pub(crate) use rsa::digest_info;
pub(crate) use statement::pin as pin_of;

pub use archive::{Archive, Stored};
pub use markup::{ENVELOPED, EXCLUSIVE, INCLUSIVE, XmlStatement, base64, enveloped, enveloped_signature, reference};
pub use node::{Extension, Node, NodeKey, Template, attribute_name};
pub use paper::{Paper, Signing};
pub use revocation::{Answer, List, ListEntry};
pub use statement::{Statement, attribute, time_stamp, token_with};

use crate::der;
use time::OffsetDateTime;

/// The moment at which all forgeries are judged: 2026-11-27 00:00:00 UTC.
pub const NOW: i64 = 1_795_737_600;
/// Seconds of a year of 365 days.
pub const YEAR: i64 = 365 * 86_400;

/// What a verifier is given beside the document, all DER.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Trust anchors.
    pub anchors: Vec<Vec<u8>>,
    /// Certificates of authorities that are at hand.
    pub intermediates: Vec<Vec<u8>>,
    /// Revocation lists.
    pub lists: Vec<Vec<u8>>,
    /// OCSP responses.
    pub responses: Vec<Vec<u8>>,
}

/// A signed thing, of one of the kinds that a verifier takes.
#[derive(Clone, Debug)]
pub enum Input {
    /// A PDF document.
    Pdf(Vec<u8>),
    /// A CMS file and the content it is offered for.
    Detached {
        /// The `.p7s` file.
        cms: Vec<u8>,
        /// The content.
        content: Vec<u8>,
    },
    /// An XML document.
    Xml(Vec<u8>),
    /// An ASiC container.
    Asic(Vec<u8>),
}

/// An attack, and the same thing without it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The class, as the checklist of the tests names it.
    pub line: &'static str,
    /// What was done, in a few words; unique.
    pub name: &'static str,
    /// The forgery.
    pub forged: Input,
    /// What the forgery is judged with.
    pub trust: Trust,
    /// What would have been there without the attack: it passes.
    pub twin: Input,
    /// What the twin is judged with.
    pub twin_trust: Trust,
}

/// Root, issuer, signer and time-stamp authority with fresh keys, and revocation data for all of them.
pub struct Bench {
    /// The trust anchor.
    pub root: Node,
    /// The authority that issues to signers.
    pub issuer: Node,
    /// The signer.
    pub signer: Node,
    /// The time-stamp authority.
    pub tsa: Node,
}

impl Bench {
    /// Fresh keys and certificates.
    #[must_use]
    pub fn new() -> Self {
        let root = Node::self_signed(&Template::authority("Root", None));
        let issuer = root.issue(&Template::authority("Issuer", Some(0)));
        let signer = issuer.issue(&Template::signer());
        let tsa = issuer.issue(&Template::time_stamper());
        Self { root, issuer, signer, tsa }
    }

    /// Anchor, issuer and fresh empty lists of both authorities.
    #[must_use]
    pub fn trust(&self) -> Trust {
        Trust {
            anchors: vec![self.root.certificate.clone()],
            intermediates: vec![self.issuer.certificate.clone()],
            lists: vec![List::empty().by(&self.issuer), List::empty().by(&self.root)],
            responses: Vec::new(),
        }
    }

    /// A case in which the evidence is the usual one.
    #[must_use]
    pub fn case(&self, line: &'static str, name: &'static str, twin: Input, forged: Input) -> Case {
        Case { line, name, forged, trust: self.trust(), twin, twin_trust: self.trust() }
    }
}

impl Default for Bench {
    fn default() -> Self {
        Self::new()
    }
}

fn moment(unix: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(unix).expect("times of forgeries lie within the years that can be written")
}

/// `Time` of X.509.
fn time(unix: i64) -> Vec<u8> {
    der::time_choice(moment(unix)).expect("the year has four digits")
}

/// `GeneralizedTime`.
pub fn generalized(unix: i64) -> Vec<u8> {
    der::generalized_time(moment(unix)).expect("the year has four digits")
}
