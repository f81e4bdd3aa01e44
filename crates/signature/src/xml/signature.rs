//! The parts of a `ds:Signature` (XMLDSig 1.1, section 4), read strictly: order, counts and names are those of the schema.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::algorithm::Digest;
use crate::limit;

use super::canonical::Method;
use super::tree::{Document, NodeId};
use super::{DSIG, algorithms};

/// Real signatures have two to five; containers one per file.
const MAX_REFERENCES: usize = 100;
/// Real references have up to three.
const MAX_TRANSFORMS: usize = 10;

/// A signature element, taken apart. Nothing of it is checked.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(crate) node: NodeId,
    pub(crate) signed_info: NodeId,
    /// The canonical form of SignedInfo, or the name of one that is not known.
    pub(crate) canonical_form: Result<Method, String>,
    pub(crate) method: NodeId,
    pub(crate) references: Vec<Reference>,
    pub(crate) value_node: NodeId,
    pub(crate) value: Vec<u8>,
    pub(crate) key_info: Option<NodeId>,
    pub(crate) objects: Vec<NodeId>,
}

/// A `ds:Reference`, of SignedInfo or of a manifest.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) uri: Option<String>,
    /// The `Type`, or empty.
    pub(crate) kind: String,
    pub(crate) transforms: Vec<Transform>,
    /// The digest, or the name of one that is not known.
    pub(crate) digest: Result<Digest, String>,
    pub(crate) digest_value: Vec<u8>,
}

/// A step between what a reference names and what is digested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Transform {
    Enveloped,
    Base64,
    Canonical(Method),
    /// Leaves out every signature of the document, as one of a few XPath expressions that say nothing else.
    WithoutSignatures {
        /// Only children of the root element.
        only_below_root: bool,
    },
    /// Leaves out every element that is written with this name; harmless where all of them are signatures.
    WithoutNamed(String),
    /// Anything else, by name: it is not computed.
    Refused(String),
}

impl Transform {
    /// For reports.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Enveloped => "enveloped-signature".to_owned(),
            Self::Base64 => "base64".to_owned(),
            Self::Canonical(method) => method.name().to_owned(),
            Self::WithoutSignatures { .. } | Self::WithoutNamed(_) => "without signatures".to_owned(),
            Self::Refused(name) => name.clone(),
        }
    }
}

impl Signature {
    /// Takes the element `node` apart.
    ///
    /// # Errors
    /// A sentence about what does not have the form of the standard.
    pub(crate) fn read(document: &Document<'_>, node: NodeId) -> Result<Self, String> {
        let mut parts = document.elements(node).peekable();
        let mut next = |local: &str| {
            parts
                .next_if(|&id| document.is(id, DSIG, local))
                .ok_or_else(|| format!("{local} is missing from the signature or out of place"))
        };
        let signed_info = next("SignedInfo")?;
        let value_node = next("SignatureValue")?;
        let key_info = next("KeyInfo").ok();
        let objects = std::iter::from_fn(|| next("Object").ok()).collect();
        if let Some(strange) = parts.next() {
            return Err(format!("{} does not belong into a signature", document.name(strange)));
        }

        let mut parts = document.elements(signed_info);
        let mut next = |local: &str| {
            parts.next().filter(|&id| document.is(id, DSIG, local)).ok_or_else(|| format!("SignedInfo lacks {local} where it belongs"))
        };
        let form = next("CanonicalizationMethod")?;
        let method = next("SignatureMethod")?;
        let name = || document.attribute(form, "Algorithm").unwrap_or_default().to_owned();
        let value = base64_text(document, value_node).ok_or("the signature value is not base64")?;
        Ok(Self {
            node,
            signed_info,
            canonical_form: algorithms::canonical_form(document, form).ok_or_else(name),
            method,
            references: read_references(document, parts)?,
            value_node,
            value,
            key_info,
            objects,
        })
    }
}

/// The references of a manifest.
pub(crate) fn read_manifest(document: &Document<'_>, manifest: NodeId) -> Result<Vec<Reference>, String> {
    read_references(document, document.elements(manifest))
}

fn read_references(document: &Document<'_>, nodes: impl Iterator<Item = NodeId>) -> Result<Vec<Reference>, String> {
    let mut references = Vec::new();
    for node in nodes {
        if !document.is(node, DSIG, "Reference") {
            return Err(format!("{} stands among the references", document.name(node)));
        }
        if references.len() >= MAX_REFERENCES {
            return Err(limit::sentence("references", format!("the signature has more than {MAX_REFERENCES} references")));
        }
        references.push(read_reference(document, node)?);
    }
    if references.is_empty() { Err("the signature has no reference".to_owned()) } else { Ok(references) }
}

fn read_reference(document: &Document<'_>, node: NodeId) -> Result<Reference, String> {
    let mut parts = document.elements(node).peekable();
    let transforms = match parts.next_if(|&id| document.is(id, DSIG, "Transforms")) {
        Some(list) => read_transforms(document, list)?,
        None => Vec::new(),
    };
    let mut next = |local: &str| parts.next_if(|&id| document.is(id, DSIG, local)).ok_or_else(|| format!("a reference lacks {local}"));
    let method = next("DigestMethod")?;
    let value = next("DigestValue")?;
    if let Some(strange) = parts.next() {
        return Err(format!("{} does not belong into a reference", document.name(strange)));
    }
    let name = document.attribute(method, "Algorithm").unwrap_or_default();
    Ok(Reference {
        uri: document.attribute(node, "URI").map(str::to_owned),
        kind: document.attribute(node, "Type").unwrap_or_default().to_owned(),
        transforms,
        digest: algorithms::digest(name).ok_or_else(|| name.to_owned()),
        digest_value: base64_text(document, value).ok_or("a digest value is not base64")?,
    })
}

fn read_transforms(document: &Document<'_>, list: NodeId) -> Result<Vec<Transform>, String> {
    let mut transforms = Vec::new();
    for node in document.elements(list) {
        if !document.is(node, DSIG, "Transform") {
            return Err(format!("{} stands among the transforms", document.name(node)));
        }
        if transforms.len() >= MAX_TRANSFORMS {
            return Err(limit::sentence("transforms", format!("a reference has more than {MAX_TRANSFORMS} transforms")));
        }
        transforms.push(read_transform(document, node));
    }
    Ok(transforms)
}

fn read_transform(document: &Document<'_>, node: NodeId) -> Transform {
    let name = document.attribute(node, "Algorithm").unwrap_or_default();
    let has_no_parameter = document.elements(node).next().is_none();
    let known = match name {
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature" if has_no_parameter => Some(Transform::Enveloped),
        "http://www.w3.org/2000/09/xmldsig#base64" if has_no_parameter => Some(Transform::Base64),
        "http://www.w3.org/TR/1999/REC-xpath-19991116" => known_xpath(document, node),
        "http://www.w3.org/2002/06/xmldsig-filter2" => known_filter(document, node),
        _ => algorithms::canonical_form(document, node).map(Transform::Canonical),
    };
    known.unwrap_or_else(|| Transform::Refused(name.to_owned()))
}

/// The one element below `node`, if it is an XPath of `namespace`, and its text without white space around it.
fn only_xpath(document: &Document<'_>, node: NodeId, namespace: &str) -> Option<(NodeId, String)> {
    let mut children = document.elements(node);
    let xpath = children.next().filter(|&id| document.is(id, namespace, "XPath"))?;
    if children.next().is_some() {
        return None;
    }
    Some((xpath, document.text(xpath)?.trim().to_owned()))
}

/// The namespace that `prefix` has at `id` is that of signatures.
fn means_signature(document: &Document<'_>, id: NodeId, prefix: &str) -> bool {
    document.resolve(id, prefix) == Some(DSIG)
}

/// Without white space.
const SPELLED_OUT: &[&str] = &[
    "not(ancestor-or-self::*[local-name()='Signature'andnamespace-uri()='http://www.w3.org/2000/09/xmldsig#'])",
    "not(ancestor-or-self::*[namespace-uri()='http://www.w3.org/2000/09/xmldsig#'andlocal-name()='Signature'])",
];

/// XPath is not evaluated: these texts are known to leave out signatures and nothing else.
fn known_xpath(document: &Document<'_>, node: NodeId) -> Option<Transform> {
    let (xpath, text) = only_xpath(document, node, DSIG)?;
    // XMLDSig, 6.6.4: how the standard writes the enveloped transform in XPath.
    let compact: String = text.split_ascii_whitespace().collect();
    if let Some((prefix, _)) = compact.strip_prefix("count(ancestor-or-self::").and_then(|rest| rest.split_once(':')) {
        let spelled = "count(ancestor-or-self::P:Signature|here()/ancestor::P:Signature[1])>count(ancestor-or-self::P:Signature)";
        let is_it = compact == spelled.replace("P:", &format!("{prefix}:")) && means_signature(document, xpath, prefix);
        return is_it.then_some(Transform::Enveloped);
    }
    if SPELLED_OUT.iter().any(|one| compact.replace('"', "'") == *one) {
        return Some(Transform::WithoutSignatures { only_below_root: false });
    }
    let prefix = text.strip_prefix("not(ancestor-or-self::")?.strip_suffix(":Signature)")?;
    means_signature(document, xpath, prefix).then_some(Transform::WithoutSignatures { only_below_root: false })
}

fn known_filter(document: &Document<'_>, node: NodeId) -> Option<Transform> {
    let (xpath, text) = only_xpath(document, node, "http://www.w3.org/2002/06/xmldsig-filter2")?;
    if document.attribute(xpath, "Filter") != Some("subtract") {
        return None;
    }
    let single = text.replace('"', "'");
    if let Some(name) = single.strip_prefix("/descendant::*[name()='").and_then(|rest| rest.strip_suffix("']")) {
        return Some(Transform::WithoutNamed(name.to_owned()));
    }
    if let Some(prefix) = text.strip_prefix("here()/ancestor::").and_then(|rest| rest.strip_suffix(":Signature[1]")) {
        return means_signature(document, xpath, prefix).then_some(Transform::Enveloped);
    }
    let (only_below_root, rest) = [("/*/", true), ("/descendant::", false), ("//", false)]
        .into_iter()
        .find_map(|(start, only_below_root)| Some((only_below_root, text.strip_prefix(start)?)))?;
    let prefix = rest.strip_suffix(":Signature")?;
    means_signature(document, xpath, prefix).then_some(Transform::WithoutSignatures { only_below_root })
}

/// What the text of an element says in base64; white space may stand anywhere in it.
pub(crate) fn base64_text(document: &Document<'_>, id: NodeId) -> Option<Vec<u8>> {
    base64(&document.text(id)?)
}

pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(digits).ok()
}
