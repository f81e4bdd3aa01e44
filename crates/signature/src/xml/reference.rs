//! From a reference to the octets that are digested, and whether their digest is the signed one.
//!
//! References stay within the document: by identifier, to the whole, or to content handed in by the caller under the very
//! name. Transforms are a closed list; whatever else is named makes the reference refused, never passed.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::judgement::Judgement;
use crate::report::SubIndication;

use super::DSIG;
use super::canonical::{Budget, CanonicalError, Method, Selection, canonicalize};
use super::reader;
use super::report::ReferenceOutcome;
use super::signature::{Reference, Signature, Transform, base64, base64_text};
use super::tree::{Document, NodeId};

/// A document, and what references to it need to be found.
pub(crate) struct Source<'d, 'a> {
    pub(crate) document: &'d Document<'a>,
    identifiers: HashMap<&'d str, Identified>,
    /// Signature elements in document order.
    pub(crate) signatures: Vec<NodeId>,
    /// Elements called `Signature` in any namespace.
    named: Vec<NodeId>,
    contents: &'d [(&'d str, &'d [u8])],
}

#[derive(Clone, Copy)]
enum Identified {
    Once(NodeId),
    /// Which of them is meant depends on the reader.
    Several,
}

impl<'d, 'a> Source<'d, 'a> {
    pub(crate) fn new(document: &'d Document<'a>, contents: &'d [(&'d str, &'d [u8])]) -> Self {
        let mut identifiers = HashMap::new();
        let (mut signatures, mut named) = (Vec::new(), Vec::new());
        for id in document.descendants(NodeId::DOCUMENT) {
            let Some(element) = document.element(id) else { continue };
            // Without a document type nothing says which attributes are identifiers. XMLDSig and XAdES say `Id`, SAML `ID`,
            // others `id`, `xml:id` or `wsu:Id`: counting all of them finds every ambiguity.
            for attribute in document.attributes(element).iter().filter(|one| one.local.eq_ignore_ascii_case("id")) {
                identifiers
                    .entry(attribute.value.as_ref())
                    .and_modify(|found| *found = Identified::Several)
                    .or_insert(Identified::Once(id));
            }
            if element.local == "Signature" {
                named.push(id);
                if document.element_namespace(element) == DSIG {
                    signatures.push(id);
                }
            }
        }
        Self { document, identifiers, signatures, named, contents }
    }

    fn start(&self, uri: &str) -> Result<Data<'d>, ReferenceFault> {
        let nodes = |apex, has_comments| Data::Nodes(Selection { apex, without: Vec::new(), has_comments });
        // XMLDSig, 4.4.3.3: the bare forms select no comments, the xpointers do.
        match uri {
            "" => Ok(nodes(NodeId::DOCUMENT, false)),
            "#xpointer(/)" => Ok(nodes(NodeId::DOCUMENT, true)),
            _ => match uri.strip_prefix('#') {
                Some(fragment) => {
                    let quoted = fragment.strip_prefix("xpointer(id(").and_then(|rest| rest.strip_suffix("))"));
                    let pointed = quoted.and_then(|one| {
                        let inner = |quote| one.strip_prefix(quote).and_then(|one: &str| one.strip_suffix(quote));
                        inner('\'').or_else(|| inner('"'))
                    });
                    match self.identifiers.get(pointed.unwrap_or(fragment)) {
                        Some(&Identified::Once(id)) => Ok(nodes(id, pointed.is_some())),
                        Some(Identified::Several) => Err(ReferenceFault::Ambiguous(fragment.to_owned())),
                        None => Err(ReferenceFault::NotFound(uri.to_owned())),
                    }
                }
                None => self.outside(uri).map(|content| Data::Octets(Cow::Borrowed(content))),
            },
        }
    }

    /// The element with this identifier, if it is the only one.
    pub(crate) fn identified(&self, identifier: &str) -> Option<NodeId> {
        match self.identifiers.get(identifier) {
            Some(&Identified::Once(id)) => Some(id),
            Some(Identified::Several) | None => None,
        }
    }

    /// Content that the caller handed in under the name that `uri` is, as it stands or percent-decoded.
    fn outside(&self, uri: &str) -> Result<&'d [u8], ReferenceFault> {
        let named = |wanted: &str| self.contents.iter().find(|(name, _)| *name == wanted).map(|(_, content)| *content);
        let decoded = percent_decoded(uri).filter(|decoded| decoded != uri);
        match (named(uri), decoded.and_then(|decoded| named(&decoded))) {
            (Some(content), None) | (None, Some(content)) => Ok(content),
            (None, None) => Err(ReferenceFault::NotFound(uri.to_owned())),
            (Some(_), Some(_)) => Err(ReferenceFault::Ambiguous(uri.to_owned())),
        }
    }
}

/// RFC 3986, 2.1; none for what is no UTF-8 or a broken escape.
pub(crate) fn percent_decoded(uri: &str) -> Option<String> {
    let mut out = Vec::with_capacity(uri.len());
    let mut rest = uri.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let &[high, low] = digits else { return None };
        out.push(u8::try_from(digit(high)? * 16 + digit(low)?).ok()?);
        rest = after;
    }
    String::from_utf8(out).ok()
}

/// Why a reference does not match.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReferenceFault {
    #[error("the signed content {0:?} is not at hand")]
    NotFound(String),
    #[error("the identifier {0:?} occurs more than once: what was signed cannot be told")]
    Ambiguous(String),
    #[error("the transform {0} is refused")]
    Transform(String),
    #[error("digest algorithm {0} is not supported")]
    Digest(String),
    #[error("{0}")]
    Canonical(#[from] CanonicalError),
    #[error("the digest of {0:?} is not the signed one: the content was changed")]
    Differs(String),
}

impl ReferenceFault {
    pub(crate) fn outcome(&self) -> ReferenceOutcome {
        match self {
            Self::NotFound(_) => ReferenceOutcome::NotFound,
            Self::Differs(_) => ReferenceOutcome::Differs,
            Self::Ambiguous(_) | Self::Transform(_) | Self::Digest(_) | Self::Canonical(_) => ReferenceOutcome::Refused,
        }
    }

    pub(crate) fn enter(&self, judgement: &mut Judgement) {
        let reason = self.to_string();
        match self {
            Self::NotFound(_) => judgement.doubt(SubIndication::SignedDataNotFound, reason),
            Self::Ambiguous(_) => judgement.fail(SubIndication::FormatFailure, reason),
            Self::Transform(_) => judgement.doubt(SubIndication::SigConstraintsFailure, reason),
            Self::Digest(_) => judgement.doubt(SubIndication::CryptoConstraintsFailure, reason),
            Self::Canonical(_) => judgement.doubt(SubIndication::Generic, reason),
            Self::Differs(_) => judgement.fail(SubIndication::HashFailure, reason),
        }
    }
}

/// What a reference selects, as far as it is a part of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Covered {
    pub(crate) selection: Selection,
    /// Only what the text says in base64.
    pub(crate) content_only: bool,
}

impl Covered {
    /// `id` and everything in it is part of what is selected.
    pub(crate) fn holds(&self, document: &Document<'_>, id: NodeId) -> bool {
        let Selection { apex, without, .. } = &self.selection;
        !self.content_only
            && document.contains(*apex, id)
            && !without.iter().any(|&one| document.contains(one, id) || document.contains(id, one))
    }
}

enum Data<'d> {
    Nodes(Selection),
    Octets(Cow<'d, [u8]>),
}

/// The octets that `reference` of `signature` digests; nodes that no transform wrote are written in `form`.
pub(crate) fn octets(
    source: &Source<'_, '_>,
    signature: &Signature,
    reference: &Reference,
    form: &Method,
    budget: &mut Budget,
) -> Result<Vec<u8>, ReferenceFault> {
    let uri = reference.uri.as_deref().ok_or_else(|| ReferenceFault::NotFound("(without URI)".to_owned()))?;
    let mut data = source.start(uri)?;
    for transform in &reference.transforms {
        data = apply(source, signature, transform, data, budget)?;
    }
    match data {
        Data::Octets(octets) => {
            budget.spend(octets.len())?;
            Ok(octets.into_owned())
        }
        Data::Nodes(selection) => Ok(canonicalize(source.document, &selection, form, budget)?),
    }
}

/// Digests what `reference` of `signature` selects. The selection is known also where the digest differs.
pub(crate) fn check(
    source: &Source<'_, '_>,
    signature: &Signature,
    reference: &Reference,
    budget: &mut Budget,
) -> (Option<Covered>, Result<(), ReferenceFault>) {
    let mut covered = None;
    let outcome = compare(source, signature, reference, budget, &mut covered);
    (covered, outcome)
}

fn compare(
    source: &Source<'_, '_>,
    signature: &Signature,
    reference: &Reference,
    budget: &mut Budget,
    covered: &mut Option<Covered>,
) -> Result<(), ReferenceFault> {
    let uri = reference.uri.as_deref().ok_or_else(|| ReferenceFault::NotFound("(without URI)".to_owned()))?;
    let mut data = source.start(uri)?;
    note_selection(&data, covered);
    for transform in &reference.transforms {
        let is_content_only = matches!((&data, transform), (Data::Nodes(_), Transform::Base64));
        data = apply(source, signature, transform, data, budget)?;
        note_selection(&data, covered);
        if let Some(covered) = covered {
            covered.content_only |= is_content_only;
        }
    }
    let octets = match data {
        Data::Octets(octets) => octets,
        Data::Nodes(selection) => Cow::Owned(canonicalize(source.document, &selection, &Method::DEFAULT, budget)?),
    };
    let digest = reference.digest.as_ref().map_err(|name| ReferenceFault::Digest(name.clone()))?;
    budget.spend(octets.len())?;
    if digest.of(&[&octets]).as_ref() == reference.digest_value { Ok(()) } else { Err(ReferenceFault::Differs(uri.to_owned())) }
}

fn note_selection(data: &Data<'_>, covered: &mut Option<Covered>) {
    if let Data::Nodes(selection) = data {
        *covered = Some(Covered { selection: selection.clone(), content_only: false });
    }
}

fn apply<'d>(
    source: &Source<'d, '_>,
    signature: &Signature,
    transform: &Transform,
    data: Data<'d>,
    budget: &mut Budget,
) -> Result<Data<'d>, ReferenceFault> {
    let document = source.document;
    let refused = || ReferenceFault::Transform(transform.name());
    match (transform, data) {
        (Transform::Refused(_), _) => Err(refused()),
        (Transform::Enveloped, Data::Nodes(selection)) => {
            if document.contains(signature.node, selection.apex) {
                // Everything selected is part of the signature: nothing would be left.
                return Err(refused());
            }
            let own = document.contains(selection.apex, signature.node).then_some(signature.node);
            Ok(Data::Nodes(leaving_out(document, selection, own.into_iter())))
        }
        (Transform::WithoutSignatures { .. } | Transform::WithoutNamed(_), Data::Nodes(selection)) => {
            // Looking at an element and leaving it out costs as much as writing some text.
            budget.spend(source.named.len().saturating_mul(256))?;
            let is_signature = |id| document.is(id, DSIG, "Signature");
            if is_signature(selection.apex) || document.ancestors(selection.apex).any(is_signature) {
                return Err(refused());
            }
            let within = source.named.iter().copied().filter(|&id| document.contains(selection.apex, id));
            let chosen: Vec<NodeId> = match transform {
                Transform::WithoutNamed(name) if name.rsplit(':').next() != Some("Signature") => return Err(refused()),
                Transform::WithoutNamed(name) => within.filter(|&id| document.name(id) == *name).collect(),
                Transform::WithoutSignatures { only_below_root: true } => {
                    within.filter(|&id| is_signature(id) && document.parent(id) == document.root()).collect()
                }
                _ => within.filter(|&id| is_signature(id)).collect(),
            };
            // A name says nothing about the namespace: content under that name would be left out unseen.
            if chosen.iter().any(|&id| !is_signature(id)) {
                return Err(refused());
            }
            Ok(Data::Nodes(leaving_out(document, selection, chosen.into_iter())))
        }
        (Transform::Canonical(method), Data::Nodes(selection)) => {
            Ok(Data::Octets(Cow::Owned(canonicalize(document, &selection, method, budget)?)))
        }
        (Transform::Canonical(method), Data::Octets(octets)) => {
            budget.spend(octets.len())?;
            let inner = reader::parse(&octets).map_err(|_| refused())?;
            let whole = Selection::of(NodeId::DOCUMENT);
            Ok(Data::Octets(Cow::Owned(canonicalize(&inner, &whole, method, budget)?)))
        }
        (Transform::Base64, Data::Nodes(selection)) => {
            budget.spend(document.bytes(selection.apex).len())?;
            Ok(Data::Octets(Cow::Owned(base64_text(document, selection.apex).ok_or_else(refused)?)))
        }
        (Transform::Base64, Data::Octets(octets)) => {
            let text = std::str::from_utf8(&octets).map_err(|_| refused())?;
            Ok(Data::Octets(Cow::Owned(base64(text).ok_or_else(refused)?)))
        }
        (Transform::Enveloped | Transform::WithoutSignatures { .. } | Transform::WithoutNamed(_), Data::Octets(_)) => Err(refused()),
    }
}

/// `selection` without these subtrees too, none of them within another.
fn leaving_out(document: &Document<'_>, selection: Selection, more: impl Iterator<Item = NodeId>) -> Selection {
    let mut all: Vec<NodeId> = selection.without.into_iter().chain(more).collect();
    all.sort_unstable();
    let mut without: Vec<NodeId> = Vec::new();
    for id in all {
        if without.last().is_none_or(|&last| !document.contains(last, id)) {
            without.push(id);
        }
    }
    Selection { without, ..selection }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_in_names_are_decoded() {
        assert_eq!(percent_decoded("a%20b/%C3%A9%2f").as_deref(), Some("a b/\u{e9}/"));
        for broken in ["%", "%2", "%zz", "%ff", "%+1"] {
            assert_eq!(percent_decoded(broken), None, "{broken}");
        }
    }
}
