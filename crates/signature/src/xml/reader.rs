//! From bytes to a [`Document`]: strict XML 1.0 with namespaces, UTF-8 only.
//!
//! A reader of its own, because canonical forms need what the usual ones lose (prefixes, where a declaration stands, bytes
//! of every node) and a verifier must not be more lenient than its readers: whatever is not well-formed is refused with its
//! position. There is no document type, hence no entity but the five predefined ones, no default attribute and no attribute
//! type. Depth, counts and name lengths are bounded; time is linear in the input.

use std::borrow::Cow;
use std::ops::Range;

use super::scopes::Scopes;
use super::tree::{Attribute, Declaration, Document, Element, Kind, Node, NodeId, XML_NAMESPACE};

/// Offsets fit 32 bits with room to spare; real signed XML with attachments inside stays below 30 MB.
const MAX_BYTES: usize = 256 << 20;
/// Real documents nest up to 30 deep.
const MAX_DEPTH: usize = 256;
/// A node costs about a hundred bytes of memory and as few as two of input.
const MAX_NODES: usize = 1_000_000;
const MAX_ATTRIBUTES: usize = 1_000_000;
/// The largest real element seen has some thirty.
const MAX_ATTRIBUTES_PER_ELEMENT: usize = 512;
/// Some programs declare their namespaces anew on every element.
const MAX_DECLARATIONS: usize = 500_000;
/// All of those in scope are looked at for every reference that has to inherit them. Real documents have a few dozen.
const MAX_IN_SCOPE: usize = 512;
/// Names are compared while attributes are sorted: without a bound one long name costs its length many times over.
const MAX_NAME_BYTES: usize = 1024;

const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";

/// Why bytes are not a document, and where (bytes from the start of the file).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault} at byte {at}")]
pub(crate) struct XmlError {
    pub(crate) fault: XmlFault,
    pub(crate) at: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum XmlFault {
    #[error("more than {limit} {what}")]
    TooMany { what: &'static str, limit: usize },
    #[error("the text is not UTF-8")]
    NotUtf8,
    #[error("a character that XML forbids stands")]
    ForbiddenCharacter,
    #[error("a document type declaration is refused")]
    DocumentType,
    #[error("the unknown entity {0:?} is refused")]
    UnknownEntity(String),
    #[error("XML of this version or encoding is not read: {0:?}")]
    Unsupported(String),
    #[error("{0} was expected")]
    Expected(&'static str),
    #[error("an end tag does not fit its start tag")]
    WrongEndTag,
    #[error("the prefix {0:?} is not declared")]
    UndeclaredPrefix(String),
    #[error("a namespace declaration breaks the rules")]
    BadDeclaration,
    #[error("an attribute occurs twice")]
    DuplicateAttribute,
    #[error("text stands outside the root element")]
    TextOutsideRoot,
    #[error("there is a second root element")]
    SecondRoot,
}

/// Reads one document that fills `bytes`.
pub(crate) fn parse(bytes: &[u8]) -> Result<Document<'_>, XmlError> {
    let error = |fault, at| XmlError { fault, at };
    if bytes.len() > MAX_BYTES {
        return Err(error(XmlFault::TooMany { what: "bytes", limit: MAX_BYTES }, 0));
    }
    let base = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let text = bytes.get(base..).unwrap_or_default();
    let text = std::str::from_utf8(text).map_err(|found| error(XmlFault::NotUtf8, base + found.valid_up_to()))?;
    if let Some(at) = forbidden(text.as_bytes()) {
        return Err(error(XmlFault::ForbiddenCharacter, base + at));
    }
    let mut reader = Reader::new(text, base);
    reader.document().map_err(|fault| error(fault, base + reader.at))?;
    Ok(reader.out)
}

/// The first character outside the production Char (XML 1.0, 2.2); surrogates cannot occur in UTF-8.
fn forbidden(bytes: &[u8]) -> Option<usize> {
    // Without a branch per byte, so that the compiler takes many at a time: most files hold nothing of it.
    let may_be = |byte: u8| (byte == 0xef) | ((byte < 0x20) & (byte != b'\t') & (byte != b'\n') & (byte != b'\r'));
    if !bytes.chunks(64).any(|some| some.iter().fold(false, |any, &byte| any | may_be(byte))) {
        return None;
    }
    bytes.iter().enumerate().position(|(at, &byte)| match byte {
        b'\t' | b'\n' | b'\r' => false,
        0..0x20 => true,
        0xef => matches!(bytes.get(at + 1..at + 3), Some([0xbf, 0xbe | 0xbf])),
        _ => false,
    })
}

fn is_char(character: char) -> bool {
    !matches!(character, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

fn is_name_start(character: char) -> bool {
    matches!(character,
        'A'..='Z' | 'a'..='z' | '_' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}' | '\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

fn is_name_part(character: char) -> bool {
    is_name_start(character) || matches!(character, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}' | '\u{2040}')
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

struct Reader<'a> {
    text: &'a str,
    base: usize,
    at: usize,
    out: Document<'a>,
    /// The open elements: node, and name as written.
    open: Vec<(NodeId, &'a str)>,
    /// Declarations in scope by prefix, innermost last.
    scope: Scopes<'a, u32>,
    in_scope: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, base: usize) -> Self {
        let document = Node { parent: NodeId::DOCUMENT, end: NodeId(1), bytes: 0..base + text.len(), kind: Kind::Document };
        let mut scope = Scopes::new();
        scope.push("xml", 0);
        // Every tag opens a node and may be followed by text.
        let tags = text.bytes().filter(|byte| *byte == b'<').count();
        let mut nodes = Vec::with_capacity(tags.saturating_add(2).min(MAX_NODES));
        nodes.push(document);
        let xml = Declaration { prefix: "xml", uri: Cow::Borrowed(XML_NAMESPACE) };
        Self {
            text,
            base,
            at: 0,
            out: Document { root: None, nodes, attributes: Vec::new(), declarations: vec![xml] },
            open: Vec::new(),
            scope,
            in_scope: 0,
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, literal: &str) -> bool {
        let found = self.rest().starts_with(literal);
        if found {
            self.at += literal.len();
        }
        found
    }

    fn spaces(&mut self) -> bool {
        let count = self.rest().bytes().take_while(|&byte| is_space(byte)).count();
        self.at += count;
        count > 0
    }

    /// What stands before `literal`, which is skipped.
    fn until(&mut self, literal: &'static str) -> Result<&'a str, XmlFault> {
        let rest = self.rest();
        let found = match literal.as_bytes() {
            [only] => rest.find(char::from(*only)),
            _ => rest.find(literal),
        };
        let length = found.ok_or(XmlFault::Expected(literal))?;
        self.at += length + literal.len();
        Ok(rest.get(..length).unwrap_or_default())
    }

    fn document(&mut self) -> Result<(), XmlFault> {
        if self.rest().strip_prefix("<?xml").is_some_and(|rest| rest.bytes().next().is_some_and(is_space)) {
            self.xml_declaration()?;
        }
        while self.at < self.text.len() {
            let start = self.at;
            if !self.rest().starts_with('<') {
                self.text(start)?;
            } else if self.skip("<!--") {
                self.comment(start)?;
            } else if self.skip("<?") {
                self.instruction(start)?;
            } else if self.skip("<![CDATA[") {
                self.character_data(start)?;
            } else if self.rest().starts_with("<!") {
                return Err(if self.skip("<!DOCTYPE") { XmlFault::DocumentType } else { XmlFault::Expected("markup") });
            } else if self.skip("</") {
                self.end_tag()?;
            } else {
                self.at += 1;
                self.start_tag(start)?;
            }
        }
        if !self.open.is_empty() {
            return Err(XmlFault::Expected("an end tag"));
        }
        self.close(NodeId::DOCUMENT);
        if self.out.root.is_some() { Ok(()) } else { Err(XmlFault::Expected("a root element")) }
    }

    fn xml_declaration(&mut self) -> Result<(), XmlFault> {
        let end = self.rest().find("?>").ok_or(XmlFault::Expected("?>"))? + self.at;
        self.at += "<?xml".len();
        // The three come in this order (XML 1.0, 2.8).
        let mut expected = ["version", "encoding", "standalone"].into_iter();
        let mut has_version = false;
        while self.at < end {
            if !self.spaces() || self.at >= end {
                break;
            }
            let name = self.name()?;
            self.equals()?;
            let value = self.quoted()?;
            if !expected.any(|one| one == name) {
                return Err(XmlFault::Expected("version, encoding or standalone"));
            }
            let is_read = match name {
                "version" => value == "1.0",
                "encoding" => value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("us-ascii"),
                _ => value == "yes" || value == "no",
            };
            if !is_read {
                return Err(XmlFault::Unsupported(value.to_owned()));
            }
            has_version |= name == "version";
        }
        if has_version && self.skip("?>") { Ok(()) } else { Err(XmlFault::Expected("version and ?>")) }
    }

    fn push(&mut self, start: usize, kind: Kind<'a>) -> Result<NodeId, XmlFault> {
        if self.out.nodes.len() >= MAX_NODES {
            return Err(XmlFault::TooMany { what: "nodes", limit: MAX_NODES });
        }
        let parent = self.open.last().map_or(NodeId::DOCUMENT, |&(parent, _)| parent);
        let index = u32::try_from(self.out.nodes.len()).unwrap_or(u32::MAX);
        let bytes = self.base + start..self.base + self.at;
        self.out.nodes.push(Node { parent, end: NodeId(index + 1), bytes, kind });
        Ok(NodeId(index))
    }

    fn close(&mut self, id: NodeId) {
        let end = NodeId(u32::try_from(self.out.nodes.len()).unwrap_or(u32::MAX));
        let at = self.base + self.at;
        if let Some(node) = self.out.nodes.get_mut(id.0 as usize) {
            node.end = end;
            node.bytes.end = at;
        }
    }

    fn comment(&mut self, start: usize) -> Result<(), XmlFault> {
        let text = self.until("--")?;
        if !self.skip(">") {
            return Err(XmlFault::Expected("the end of a comment"));
        }
        self.push(start, Kind::Comment(newlines(text))).map(|_| ())
    }

    fn instruction(&mut self, start: usize) -> Result<(), XmlFault> {
        let target = self.name()?;
        if target.eq_ignore_ascii_case("xml") || target.contains(':') {
            return Err(XmlFault::Expected("the target of an instruction"));
        }
        let has_space = self.spaces();
        let data = self.until("?>")?;
        if !has_space && !data.is_empty() {
            return Err(XmlFault::Expected("a space"));
        }
        self.push(start, Kind::Instruction { target, data: newlines(data) }).map(|_| ())
    }

    fn character_data(&mut self, start: usize) -> Result<(), XmlFault> {
        if self.open.is_empty() {
            return Err(XmlFault::TextOutsideRoot);
        }
        let text = self.until("]]>")?;
        if text.is_empty() {
            return Ok(());
        }
        self.push(start, Kind::Text(newlines(text))).map(|_| ())
    }

    fn text(&mut self, start: usize) -> Result<(), XmlFault> {
        let rest = self.rest();
        let raw = rest.get(..rest.find('<').unwrap_or(rest.len())).unwrap_or_default();
        if self.open.is_empty() {
            let spaces = raw.bytes().take_while(|&byte| is_space(byte)).count();
            self.at += spaces;
            return if spaces == raw.len() { Ok(()) } else { Err(XmlFault::TextOutsideRoot) };
        }
        if let Some(at) = raw.contains(']').then(|| raw.find("]]>")).flatten() {
            self.at += at;
            return Err(XmlFault::Expected("no ]]> in text"));
        }
        let text = if raw.contains('&') { Cow::Owned(self.expand(raw, newlines)?) } else { newlines(raw) };
        self.at = start + raw.len();
        self.push(start, Kind::Text(text)).map(|_| ())
    }

    /// Replaces references; the characters between them go through `literal`, those they stand for do not.
    fn expand(&mut self, raw: &'a str, literal: fn(&str) -> Cow<'_, str>) -> Result<String, XmlFault> {
        let start = self.at;
        let mut out = String::with_capacity(raw.len());
        let mut rest = raw;
        while let Some(at) = rest.find('&') {
            let (before, from) = rest.split_at(at);
            out.push_str(&literal(before));
            self.at = start + raw.len() - from.len();
            let end = from.bytes().take(MAX_NAME_BYTES).position(|byte| byte == b';').ok_or(XmlFault::Expected(";"))?;
            out.push(reference(from.get(1..end).unwrap_or_default())?);
            rest = from.get(end + 1..).unwrap_or_default();
        }
        out.push_str(&literal(rest));
        Ok(out)
    }

    /// A name, whose colons are looked at by whoever splits it.
    fn name(&mut self) -> Result<&'a str, XmlFault> {
        let rest = self.rest();
        // Most names are plain letters.
        let plain = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':')).count();
        let further = rest.get(plain..).unwrap_or_default();
        let end = plain + further.find(|character| !(is_name_part(character) || character == ':')).unwrap_or(further.len());
        let name = rest.get(..end).unwrap_or_default();
        if !name.starts_with(|first| is_name_start(first) || first == ':') {
            return Err(XmlFault::Expected("a name"));
        }
        if name.len() > MAX_NAME_BYTES {
            return Err(XmlFault::TooMany { what: "bytes in a name", limit: MAX_NAME_BYTES });
        }
        self.at += end;
        Ok(name)
    }

    fn equals(&mut self) -> Result<(), XmlFault> {
        self.spaces();
        if !self.skip("=") {
            return Err(XmlFault::Expected("="));
        }
        self.spaces();
        Ok(())
    }

    fn quoted(&mut self) -> Result<&'a str, XmlFault> {
        if self.skip("\"") {
            self.until("\"")
        } else if self.skip("'") {
            self.until("'")
        } else {
            Err(XmlFault::Expected("a quoted value"))
        }
    }

    fn attribute_value(&mut self) -> Result<Cow<'a, str>, XmlFault> {
        let raw = self.quoted()?;
        let after = self.at;
        self.at -= raw.len() + 1;
        if let Some(at) = raw.find('<') {
            self.at += at;
            return Err(XmlFault::Expected("no < in a value"));
        }
        let value = if raw.contains('&') { Cow::Owned(self.expand(raw, spaced)?) } else { spaced(raw) };
        self.at = after;
        Ok(value)
    }

    fn start_tag(&mut self, start: usize) -> Result<(), XmlFault> {
        if self.open.is_empty() && self.out.root.is_some() {
            return Err(XmlFault::SecondRoot);
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(XmlFault::TooMany { what: "levels", limit: MAX_DEPTH });
        }
        let written = self.name()?;
        let (prefix, local) = split(written)?;
        let mut attributes = Vec::new();
        let mut declarations = Vec::new();
        let is_empty = loop {
            let has_space = self.spaces();
            if self.skip("/>") {
                break true;
            }
            if self.skip(">") {
                break false;
            }
            if !has_space {
                return Err(XmlFault::Expected("a space, > or />"));
            }
            let name = self.name()?;
            self.equals()?;
            let value = self.attribute_value()?;
            match split(name)? {
                ("", "xmlns") => declarations.push(declaration("", value)?),
                ("xmlns", prefix) => declarations.push(declaration(prefix, value)?),
                (prefix, local) => attributes.push(Attribute { prefix, local, namespace: None, value }),
            }
            if attributes.len() + declarations.len() > MAX_ATTRIBUTES_PER_ELEMENT {
                return Err(XmlFault::TooMany { what: "attributes of an element", limit: MAX_ATTRIBUTES_PER_ELEMENT });
            }
        };
        let declarations = self.declare(declarations)?;
        let namespace = self.bound(prefix)?;
        let attributes = self.bind(attributes)?;
        let element = Element { prefix, local, namespace, attributes, declarations };
        let id = self.push(start, Kind::Element(element))?;
        self.out.root.get_or_insert(id);
        self.open.push((id, written));
        if is_empty {
            self.leave();
        }
        Ok(())
    }

    fn declare(&mut self, mut declarations: Vec<Declaration<'a>>) -> Result<Range<u32>, XmlFault> {
        let from = self.out.declarations.len();
        if from + declarations.len() > MAX_DECLARATIONS {
            return Err(XmlFault::TooMany { what: "namespace declarations", limit: MAX_DECLARATIONS });
        }
        self.in_scope += declarations.len();
        if self.in_scope > MAX_IN_SCOPE {
            return Err(XmlFault::TooMany { what: "namespace declarations in one place", limit: MAX_IN_SCOPE });
        }
        declarations.sort_by_key(|one| one.prefix);
        if declarations.windows(2).any(|pair| matches!(pair, [one, other] if one.prefix == other.prefix)) {
            return Err(XmlFault::DuplicateAttribute);
        }
        for declaration in declarations {
            let index = u32::try_from(self.out.declarations.len()).unwrap_or(u32::MAX);
            self.scope.push(declaration.prefix, index);
            self.out.declarations.push(declaration);
        }
        Ok(range(from, self.out.declarations.len()))
    }

    /// The declaration that binds `prefix` here; none where there is no default namespace.
    fn bound(&self, prefix: &str) -> Result<Option<u32>, XmlFault> {
        match self.scope.innermost(prefix) {
            Some(index) => Ok((!self.out.namespace(Some(index)).is_empty()).then_some(index)),
            None if prefix.is_empty() => Ok(None),
            None => Err(XmlFault::UndeclaredPrefix(prefix.to_owned())),
        }
    }

    fn bind(&mut self, mut attributes: Vec<Attribute<'a>>) -> Result<Range<u32>, XmlFault> {
        let from = self.out.attributes.len();
        if from + attributes.len() > MAX_ATTRIBUTES {
            return Err(XmlFault::TooMany { what: "attributes", limit: MAX_ATTRIBUTES });
        }
        for attribute in &mut attributes {
            // The default namespace is not that of attributes.
            attribute.namespace = if attribute.prefix.is_empty() { None } else { self.bound(attribute.prefix)? };
        }
        let order = |one: &Attribute<'a>, other: &Attribute<'a>| {
            let namespaces = (self.out.namespace(one.namespace), self.out.namespace(other.namespace));
            namespaces.0.cmp(namespaces.1).then_with(|| one.local.cmp(other.local))
        };
        attributes.sort_by(order);
        if attributes.windows(2).any(|pair| matches!(pair, [one, other] if order(one, other).is_eq())) {
            return Err(XmlFault::DuplicateAttribute);
        }
        self.out.attributes.append(&mut attributes);
        Ok(range(from, self.out.attributes.len()))
    }

    fn end_tag(&mut self) -> Result<(), XmlFault> {
        let name = self.name()?;
        self.spaces();
        if !self.skip(">") {
            return Err(XmlFault::Expected(">"));
        }
        if self.open.last().is_none_or(|&(_, open)| open != name) {
            return Err(XmlFault::WrongEndTag);
        }
        self.leave();
        Ok(())
    }

    fn leave(&mut self) {
        let Some((id, _)) = self.open.pop() else { return };
        if let Some(element) = self.out.element(id) {
            self.in_scope = self.in_scope.saturating_sub(element.declarations.len());
            for index in element.declarations.clone() {
                let prefix = self.out.declarations.get(index as usize).map_or("", |one| one.prefix);
                self.scope.pop(prefix);
            }
        }
        self.close(id);
    }
}

fn range(from: usize, to: usize) -> Range<u32> {
    u32::try_from(from).unwrap_or(u32::MAX)..u32::try_from(to).unwrap_or(u32::MAX)
}

/// Prefix and local name (Namespaces in XML 1.0, 3).
fn split(name: &str) -> Result<(&str, &str), XmlFault> {
    match name.split_once(':') {
        None => Ok(("", name)),
        Some((prefix, local)) if !prefix.is_empty() && !local.contains(':') && local.starts_with(is_name_start) => Ok((prefix, local)),
        Some(_) => Err(XmlFault::Expected("a name with at most one colon")),
    }
}

/// Namespaces in XML 1.0, 3: what may be bound to what.
fn declaration<'a>(prefix: &'a str, uri: Cow<'a, str>) -> Result<Declaration<'a>, XmlFault> {
    let is_allowed = match prefix {
        "xmlns" => false,
        "xml" => uri == XML_NAMESPACE,
        "" => uri != XML_NAMESPACE && uri != XMLNS_NAMESPACE,
        _ => !uri.is_empty() && uri != XML_NAMESPACE && uri != XMLNS_NAMESPACE,
    };
    if uri.len() > MAX_NAME_BYTES {
        return Err(XmlFault::TooMany { what: "bytes in a namespace name", limit: MAX_NAME_BYTES });
    }
    if is_allowed { Ok(Declaration { prefix, uri }) } else { Err(XmlFault::BadDeclaration) }
}

fn reference(name: &str) -> Result<char, XmlFault> {
    let unknown = || XmlFault::UnknownEntity(name.chars().take(40).collect());
    match name {
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "amp" => return Ok('&'),
        "quot" => return Ok('"'),
        "apos" => return Ok('\''),
        _ => {}
    }
    let digits = name.strip_prefix('#').ok_or_else(unknown)?;
    let (digits, radix) = digits.strip_prefix('x').map_or((digits, 10), |hex| (hex, 16));
    // `from_str_radix` would take a sign.
    if !digits.starts_with(|first: char| first.is_digit(radix)) {
        return Err(unknown());
    }
    let code = u32::from_str_radix(digits, radix).map_err(|_| unknown())?;
    char::from_u32(code).filter(|&character| is_char(character)).ok_or(XmlFault::ForbiddenCharacter)
}

/// XML 1.0, 2.11: every line end is one line feed.
fn newlines(text: &str) -> Cow<'_, str> {
    if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { Cow::Borrowed(text) }
}

/// XML 1.0, 3.3.3: white space in a value is spaces, a line end being one.
fn spaced(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| matches!(byte, b'\t' | b'\n' | b'\r')) {
        Cow::Owned(text.replace("\r\n", " ").replace(['\t', '\n', '\r'], " "))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fault(text: &str) -> XmlFault {
        parse(text.as_bytes()).expect_err(text).fault
    }

    #[test]
    fn names_namespaces_values_and_bytes_are_read() {
        let text = "\u{feff}<?xml version=\"1.0\" encoding='UTF-8'?>\n<a xmlns='urn:d' xmlns:p='urn:p'><p:b p:x='1&#10;\t2' y='&lt;'/>t&amp;\r\n<![CDATA[<&]]></a>\n";
        let document = parse(text.as_bytes()).unwrap();
        let root = document.root().unwrap();
        assert!(document.is(root, "urn:d", "a"));
        let child = document.elements(root).next().unwrap();
        assert!(document.is(child, "urn:p", "b"));
        assert_eq!(document.path(child), "/a/p:b");
        assert_eq!(document.attribute(child, "y"), Some("<"));
        let attributes = document.attributes(document.element(child).unwrap());
        assert_eq!(attributes.iter().map(|one| one.value.as_ref()).collect::<Vec<_>>(), ["<", "1\n 2"]);
        let texts: String = document
            .children(root)
            .filter_map(|id| if let Kind::Text(text) = &document.node(id).kind { Some(text.as_ref()) } else { None })
            .collect();
        assert_eq!(texts, "t&\n<&");
        assert_eq!(&text[document.bytes(child)], "<p:b p:x='1&#10;\t2' y='&lt;'/>");
        assert_eq!(document.bytes(root), text.find("<a").unwrap()..text.len() - 1);
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for text in [
            "",
            " ",
            "<a>",
            "</a>",
            "<a></b>",
            "<a/><b/>",
            "<a/>x",
            "x<a/>",
            "<a b=1/>",
            "<a b='1'c='2'/>",
            "<a b='<'/>",
            "<a>&</a>",
            "<a>&x;</a>",
            "<a>&#0;</a>",
            "<a>&#xD800;</a>",
            "<a>&#+65;</a>",
            "<a>]]></a>",
            "<a><!-- -- --></a>",
            "<a><!-- --->",
            "<a><?xml x?></a>",
            " <?xml version='1.0'?><a/>",
            "<?xml encoding='UTF-8'?><a/>",
            "<?xml version='1.1'?><a/>",
            "<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
            "<a b='1' b='2'/>",
            "<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>",
            "<p:a/>",
            "<a p:b=''/>",
            "<a xmlns:p=''/>",
            "<a xmlns:xml='u'/>",
            "<a xmlns:xmlns='u'/>",
            "<a xmlns='u' xmlns='u'/>",
            "<a:b:c/>",
            "<1/>",
            "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
            "<a>\u{1}</a>",
            "<a>\u{ffff}</a>",
            "<![CDATA[x]]><a/>",
            "<a",
            "<a b='",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert_eq!(parse(b"<a>\xff</a>").unwrap_err(), XmlError { fault: XmlFault::NotUtf8, at: 3 });
        assert_eq!(parse(b"<a>\xc0\xbc</a>").unwrap_err().fault, XmlFault::NotUtf8);
    }

    #[test]
    fn document_types_and_entities_are_refused_by_name() {
        assert_eq!(fault("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"), XmlFault::DocumentType);
        assert_eq!(fault("<a>&nbsp;</a>"), XmlFault::UnknownEntity("nbsp".to_owned()));
        assert_eq!(parse(b"<a>12&nbsp;</a>").unwrap_err().at, 5);
    }

    #[test]
    fn depth_and_counts_are_bounded() {
        let deep = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
        assert!(parse(deep(MAX_DEPTH).as_bytes()).is_ok());
        assert_eq!(fault(&deep(MAX_DEPTH + 1)), XmlFault::TooMany { what: "levels", limit: MAX_DEPTH });
        let wide: String = (0..=MAX_ATTRIBUTES_PER_ELEMENT).map(|index| format!(" a{index}=''")).collect();
        assert!(matches!(fault(&format!("<a{wide}/>")), XmlFault::TooMany { .. }));
        assert!(matches!(fault(&format!("<a>{}</a>", "<b/>".repeat(MAX_NODES))), XmlFault::TooMany { what: "nodes", .. }));
        assert!(matches!(fault(&format!("<a{}/>", "b".repeat(MAX_NAME_BYTES))), XmlFault::TooMany { .. }));
        let declared = |size: usize| (0..size).map(|index| format!(" xmlns:n{index}='urn:n'")).collect::<String>();
        let nested = format!("<a{0}><b{0}><c{0}/></b></a>", declared(200));
        assert!(matches!(fault(&nested), XmlFault::TooMany { what: "namespace declarations in one place", .. }));
        let beside = format!("<a><b{0}/><b{0}/><b{0}/></a>", declared(200));
        assert!(parse(beside.as_bytes()).is_ok());
        let declarations = "<b xmlns='urn:b'/>".repeat(MAX_DECLARATIONS + 1);
        assert!(matches!(fault(&format!("<a>{declarations}</a>")), XmlFault::TooMany { what: "namespace declarations", .. }));
    }

    #[test]
    fn values_split_by_comments_are_no_values() {
        let document = parse(b"<a><b>x<!-- -->y</b><c>x<![CDATA[y]]></c><d/></a>").unwrap();
        let texts: Vec<_> = document.elements(document.root().unwrap()).map(|id| document.text(id)).collect();
        assert_eq!(texts, [None, Some(Cow::Borrowed("xy")), Some(Cow::Borrowed(""))]);
    }

    proptest! {
        #[test]
        fn arbitrary_markup_never_panics(text in "[<>&;/!?='\"a:x\\[\\]CDATA \r\n#-]{0,60}") {
            let _ = parse(text.as_bytes());
        }
    }
}
