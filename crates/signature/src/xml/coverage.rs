//! What of a document a signature covers: the defence against content moved beside or around what was signed.

use std::ops::Range;

use super::reference::Covered;
use super::signature::Signature;
use super::tree::{Document, Kind, NodeId};
use super::{DSIG, xades};

/// What a signature says about itself.
const PARTS: &[&str] = &["SignedInfo", "SignatureValue", "KeyInfo"];

/// The root element is covered whole, but for signatures that hold no content of their own.
pub(crate) fn is_whole(document: &Document<'_>, covered: &[&Covered]) -> bool {
    let Some(root) = document.root() else { return false };
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        let is_object = document.is(id, DSIG, "Object");
        let applies = |one: &&&Covered| {
            let is_apex = one.selection.apex == id || (id == root && one.selection.apex == NodeId::DOCUMENT);
            is_apex && (!one.content_only || is_object)
        };
        if let Some(one) = covered.iter().find(applies) {
            open.extend(&one.selection.without);
        } else if document.is(id, DSIG, "Signature") {
            for part in document.children(id) {
                match &document.node(part).kind {
                    Kind::Element(_) if document.is(part, DSIG, "Object") => open.push(part),
                    Kind::Element(_) if PARTS.iter().any(|local| document.is(part, DSIG, local)) => {}
                    Kind::Text(text) if text.trim_ascii().is_empty() => {}
                    Kind::Comment(_) | Kind::Instruction { .. } => {}
                    Kind::Element(_) | Kind::Text(_) | Kind::Document => return false,
                }
            }
        } else if is_object {
            for child in document.children(id) {
                match &document.node(child).kind {
                    Kind::Element(_) if xades::is(document, child, "QualifyingProperties") => {}
                    Kind::Element(_) => open.push(child),
                    Kind::Text(text) if !text.trim_ascii().is_empty() => return false,
                    Kind::Text(_) | Kind::Comment(_) | Kind::Instruction { .. } | Kind::Document => {}
                }
            }
        } else {
            return false;
        }
    }
    true
}

/// Number of bytes in the elements that are covered.
pub(crate) fn covered_bytes(document: &Document<'_>, covered: &[&Covered]) -> u64 {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for one in covered {
        let whole = document.bytes(one.selection.apex);
        let mut start = whole.start;
        for &left_out in &one.selection.without {
            let gap = document.bytes(left_out);
            ranges.push(start..gap.start);
            start = gap.end;
        }
        ranges.push(start..whole.end);
    }
    ranges.sort_unstable_by_key(|range| range.start);
    let mut reached = 0;
    let mut count = 0;
    for range in ranges {
        let start = range.start.max(reached);
        count += range.end.saturating_sub(start);
        reached = reached.max(range.end);
    }
    count as u64
}

/// Content, as opposed to parts of the signature about itself.
pub(crate) fn is_content(document: &Document<'_>, signature: &Signature, properties: Option<NodeId>, covered: &Covered) -> bool {
    let own = [Some(signature.signed_info), Some(signature.value_node), signature.key_info, properties];
    !own.into_iter().flatten().any(|part| document.contains(part, covered.selection.apex))
}
