//! An XML document as one array of nodes in document order.
//!
//! A subtree is a range of that array, so that walking, leaving out and comparing positions need no recursion. Prefixes,
//! namespace declarations and byte ranges are kept: canonical forms and reports need them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

pub(crate) const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

/// Every reported element is numbered anew; this bounds what a report costs.
const MAX_NUMBERED: usize = 2_000;

/// A node, by its position in document order; [`NodeId::DOCUMENT`] is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeId(pub(super) u32);

impl NodeId {
    pub(crate) const DOCUMENT: Self = Self(0);
}

#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub(super) parent: NodeId,
    /// The first node behind the subtree.
    pub(super) end: NodeId,
    /// Bytes of the file, from the first of the start tag to the last of the end tag.
    pub(super) bytes: Range<usize>,
    pub(crate) kind: Kind<'a>,
}

#[derive(Debug)]
pub(crate) enum Kind<'a> {
    Document,
    Element(Element<'a>),
    /// Character data with references replaced; CDATA sections are text.
    Text(Cow<'a, str>),
    Comment(Cow<'a, str>),
    Instruction {
        target: &'a str,
        data: Cow<'a, str>,
    },
}

#[derive(Debug)]
pub(crate) struct Element<'a> {
    /// Empty for the default namespace.
    pub(crate) prefix: &'a str,
    pub(crate) local: &'a str,
    /// The declaration that binds the prefix; none is no namespace.
    pub(super) namespace: Option<u32>,
    pub(super) attributes: Range<u32>,
    pub(super) declarations: Range<u32>,
}

#[derive(Debug)]
pub(crate) struct Attribute<'a> {
    pub(crate) prefix: &'a str,
    pub(crate) local: &'a str,
    pub(super) namespace: Option<u32>,
    pub(crate) value: Cow<'a, str>,
}

/// `xmlns="uri"` (empty prefix) or `xmlns:prefix="uri"`.
#[derive(Debug)]
pub(crate) struct Declaration<'a> {
    pub(crate) prefix: &'a str,
    pub(crate) uri: Cow<'a, str>,
}

/// A well-formed document. Attributes of an element are in the order of canonical forms (namespace, then local name), and
/// so are declarations (by prefix).
#[derive(Debug)]
pub(crate) struct Document<'a> {
    pub(super) root: Option<NodeId>,
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) attributes: Vec<Attribute<'a>>,
    pub(super) declarations: Vec<Declaration<'a>>,
}

impl<'a> Document<'a> {
    /// # Panics
    /// Never for a `NodeId` of this document; those come from no other place.
    pub(crate) fn node(&self, id: NodeId) -> &Node<'a> {
        &self.nodes[id.0 as usize]
    }

    pub(crate) fn element(&self, id: NodeId) -> Option<&Element<'a>> {
        match &self.node(id).kind {
            Kind::Element(element) => Some(element),
            Kind::Document | Kind::Text(_) | Kind::Comment(_) | Kind::Instruction { .. } => None,
        }
    }

    pub(crate) fn attributes(&self, element: &Element<'a>) -> &[Attribute<'a>] {
        self.attributes.get(element.attributes.start as usize..element.attributes.end as usize).unwrap_or_default()
    }

    pub(crate) fn declarations(&self, element: &Element<'a>) -> &[Declaration<'a>] {
        self.declarations.get(element.declarations.start as usize..element.declarations.end as usize).unwrap_or_default()
    }

    /// Namespace name of an element or attribute; empty for none.
    pub(crate) fn namespace(&self, declaration: Option<u32>) -> &str {
        declaration.and_then(|index| self.declarations.get(index as usize)).map_or("", |declaration| &declaration.uri)
    }

    pub(crate) fn attribute_namespace(&self, attribute: &Attribute<'a>) -> &str {
        self.namespace(attribute.namespace)
    }

    pub(crate) fn element_namespace(&self, element: &Element<'a>) -> &str {
        self.namespace(element.namespace)
    }

    /// Value of the attribute `name` without namespace.
    pub(crate) fn attribute(&self, id: NodeId, name: &str) -> Option<&str> {
        let attributes = self.attributes(self.element(id)?);
        attributes.iter().find(|one| one.prefix.is_empty() && one.local == name).map(|one| one.value.as_ref())
    }

    pub(crate) fn is(&self, id: NodeId, namespace: &str, local: &str) -> bool {
        self.element(id).is_some_and(|element| element.local == local && self.element_namespace(element) == namespace)
    }

    /// The root element, which a well-formed document has.
    pub(crate) fn root(&self) -> Option<NodeId> {
        self.root
    }

    /// The parent; none for the document.
    pub(crate) fn parent(&self, id: NodeId) -> Option<NodeId> {
        (id != NodeId::DOCUMENT).then(|| self.node(id).parent)
    }

    /// From the parent up to the document.
    pub(crate) fn ancestors(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        std::iter::successors(self.parent(id), |&id| self.parent(id))
    }

    /// The nodes of the subtree behind its top.
    pub(crate) fn descendants(&self, id: NodeId) -> impl Iterator<Item = NodeId> + use<> {
        (id.0 + 1..self.node(id).end.0).map(NodeId)
    }

    pub(crate) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        let end = self.node(id).end;
        let within = move |id: NodeId| (id < end).then_some(id);
        std::iter::successors(within(NodeId(id.0 + 1)), move |&child| within(self.node(child).end))
    }

    /// The children that are elements.
    pub(crate) fn elements(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        self.children(id).filter(|&child| self.element(child).is_some())
    }

    /// The first child element of this name.
    pub(crate) fn child(&self, id: NodeId, namespace: &str, local: &str) -> Option<NodeId> {
        self.elements(id).find(|&child| self.is(child, namespace, local))
    }

    /// `inner` is `outer` or below it.
    pub(crate) fn contains(&self, outer: NodeId, inner: NodeId) -> bool {
        (outer..self.node(outer).end).contains(&inner)
    }

    /// The text of an element that holds nothing but text. A comment or element in between is none of the forms a value
    /// has, and an old way of making two readers see different values.
    pub(crate) fn text(&self, id: NodeId) -> Option<Cow<'_, str>> {
        let mut out = Cow::Borrowed("");
        for child in self.children(id) {
            let Kind::Text(text) = &self.node(child).kind else { return None };
            if out.is_empty() {
                out = Cow::Borrowed(text.as_ref());
            } else {
                out.to_mut().push_str(text);
            }
        }
        Some(out)
    }

    /// What `prefix` is bound to at an element.
    pub(crate) fn resolve(&self, id: NodeId, prefix: &str) -> Option<&str> {
        let line = std::iter::once(id).chain(self.ancestors(id)).filter_map(|id| self.element(id));
        line.flat_map(|element| self.declarations(element)).find(|one| one.prefix == prefix).map(|one| one.uri.as_ref())
    }

    /// Namespaces in scope at an element, by prefix, without `xml` and without an empty default.
    pub(crate) fn scope(&self, id: NodeId) -> BTreeMap<&str, &str> {
        let mut scope: BTreeMap<&str, &str> = BTreeMap::new();
        for element in std::iter::once(id).chain(self.ancestors(id)).filter_map(|id| self.element(id)) {
            for declaration in self.declarations(element) {
                scope.entry(declaration.prefix).or_insert(&declaration.uri);
            }
        }
        scope.retain(|&prefix, uri| prefix != "xml" && !uri.is_empty());
        scope
    }

    /// The name as it is written.
    pub(crate) fn name(&self, id: NodeId) -> String {
        match self.element(id) {
            Some(element) if element.prefix.is_empty() => element.local.to_owned(),
            Some(element) => format!("{}:{}", element.prefix, element.local),
            None => String::new(),
        }
    }

    /// Where an element stands: `/name/name[2]/name`, numbered among siblings of the same written name. `/` is the document.
    /// Behind [`MAX_NUMBERED`] siblings the number is left out as `[*]`.
    pub(crate) fn path(&self, id: NodeId) -> String {
        let mut steps = Vec::new();
        let line = std::iter::once(id).chain(self.ancestors(id)).filter(|&id| id != NodeId::DOCUMENT);
        let written = |id: NodeId| self.element(id).map(|element| (element.prefix, element.local));
        for id in line {
            let name = self.name(id);
            let mut position = 1;
            let before = self.parent(id).into_iter().flat_map(|parent| self.children(parent)).take_while(|&sibling| sibling < id);
            let mut looked_at = 0;
            for sibling in before.take(MAX_NUMBERED) {
                looked_at += 1;
                position += usize::from(written(sibling).is_some_and(|other| Some(other) == written(id)));
            }
            steps.push(match position {
                _ if looked_at == MAX_NUMBERED => format!("/{name}[*]"),
                1 => format!("/{name}"),
                position => format!("/{name}[{position}]"),
            });
        }
        if steps.is_empty() { "/".to_owned() } else { steps.into_iter().rev().collect() }
    }

    pub(crate) fn bytes(&self, id: NodeId) -> Range<usize> {
        self.node(id).bytes.clone()
    }
}
