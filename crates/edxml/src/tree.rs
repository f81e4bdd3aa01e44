//! A packet as elements, its files streamed off on the way.

use std::io::BufRead;

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{NamespaceResolver, ResolveResult};
use quick_xml::reader::Reader;

use crate::NAMESPACE;
use crate::content::{self, ContentError, Decoded, Sink};
use crate::fault::{Fault, Position, ReadError, Rule};
use crate::limits::Limits;
use crate::source::{Source, Stop};

/// An element that this crate has no word for, kept as it came: the name, the attributes, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    /// Its namespace; empty for none.
    pub namespace: String,
    /// Its local name.
    pub name: String,
    /// Its attributes, declarations of namespaces left out: namespace, local name, value.
    pub attributes: Vec<(String, String, String)>,
    /// Texts and elements, in their order.
    pub nodes: Vec<Node>,
    /// Where it was read; two elements are equal wherever they stand.
    pub(crate) at: At,
    /// Number of the file that was streamed off from here.
    pub(crate) file: Option<usize>,
}

/// What an element holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// An element.
    Element(Element),
    /// A text, references resolved.
    Text(String),
}

/// A position that does not count in comparisons.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct At(pub(crate) Position);

impl PartialEq for At {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for At {}

impl Element {
    /// Its texts, joined, without blanks at the ends.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for node in &self.nodes {
            if let Node::Text(piece) = node {
                text.push_str(piece);
            }
        }
        text.trim().to_owned()
    }
}

/// A file that was streamed off.
pub(crate) struct File<S> {
    pub(crate) stored: S,
    pub(crate) decoded: Decoded,
}

/// The root element and the files.
pub(crate) type Tree<S> = (Element, Vec<File<S>>);

/// Elements from the root down to a file.
const FILE: [&str; 4] = ["edXML", "AttachmentEncoded", "Attachment", "ContentTransferEncoded"];

/// Reads a packet.
pub(crate) fn read<R: BufRead, S: Sink>(packet: R, limits: &Limits, sink: &mut S) -> Result<Tree<S::Stored>, ReadError> {
    let mut source = Source::new(packet, limits.packet_bytes);
    check_beginning(&mut source)?;
    let mut reader = Reader::from_reader(source);
    let config = reader.config_mut();
    config.check_comments = true;
    Walk {
        reader,
        names: NamespaceResolver::default(),
        limits,
        open: Vec::new(),
        root: None,
        elements: 0,
        header_bytes: 0,
        files: Vec::new(),
        buffer: Vec::new(),
    }
    .run(sink)
}

/// A packet begins with `<`, a byte order mark of UTF-8 before it at most. Blanks may come first where no declaration follows:
/// the XML reader sees to that.
fn check_beginning<R: BufRead>(source: &mut Source<R>) -> Result<(), ReadError> {
    source.allow(4);
    let first = source.fill_buf()?;
    let rule = match first {
        [] => Rule::NotWellFormed("it is empty".into()),
        [0xfe, 0xff, ..] | [0xff, 0xfe, ..] | [0, ..] | [b'<', 0, ..] => Rule::Encoding,
        [b'<', ..] | [0xef, ..] | [b' ' | b'\t' | b'\r' | b'\n', ..] => return Ok(()),
        _ => Rule::JunkBeforeDeclaration,
    };
    Err(ReadError::Refused(Fault { at: source.at(), path: String::new(), rule }))
}

struct Walk<'l, R, T> {
    reader: Reader<Source<R>>,
    names: NamespaceResolver,
    limits: &'l Limits,
    open: Vec<Element>,
    root: Option<Element>,
    elements: u64,
    header_bytes: u64,
    files: Vec<File<T>>,
    buffer: Vec<u8>,
}

impl<R: BufRead, T> Walk<'_, R, T> {
    fn run<S: Sink<Stored = T>>(mut self, sink: &mut S) -> Result<Tree<T>, ReadError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut is_first = true;
        loop {
            buffer.clear();
            self.reader.get_mut().allow(self.limits.token_bytes);
            let event = match self.reader.read_event_into(&mut buffer) {
                Ok(event) => event,
                Err(error) => return Err(self.xml_error(error)),
            };
            match event {
                Event::Start(start) => {
                    self.start(&start)?;
                    if self.is_file() {
                        self.keep(sink, |walk, sink| content::decode(&mut walk.reader.stream(), sink))?;
                    }
                }
                Event::Empty(start) => {
                    self.start(&start)?;
                    if self.is_file() {
                        self.keep(sink, |_, _| Ok(Decoded { size: 0, head: Vec::new() }))?;
                    }
                    self.end();
                }
                Event::End(_) => self.end(),
                Event::Text(text) => {
                    let text = text.xml10_content().map_err(|_| self.refused(Rule::Encoding))?;
                    if is_first && !text.trim().is_empty() {
                        return Err(self.refused(Rule::JunkBeforeDeclaration));
                    }
                    self.text(&text)?;
                }
                Event::CData(text) => {
                    let text = text.xml10_content().map_err(|_| self.refused(Rule::Encoding))?.into_owned();
                    self.text(&text)?;
                }
                Event::GeneralRef(reference) => {
                    let letter = self.resolve(&reference)?;
                    self.text(letter.encode_utf8(&mut [0; 4]))?;
                }
                Event::Decl(declaration) => {
                    if !is_first {
                        return Err(self.refused(Rule::JunkBeforeDeclaration));
                    }
                    let encoding = declaration.encoding().transpose().ok().flatten();
                    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"utf-8")) {
                        return Err(self.refused(Rule::Encoding));
                    }
                    if declaration.version().is_ok_and(|version| version.as_ref() != b"1.0") {
                        return Err(self.refused(Rule::NotWellFormed("another version of XML than 1.0".into())));
                    }
                }
                Event::DocType(_) => return Err(self.refused(Rule::DocumentType)),
                // No program of the axis gives them a meaning.
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
            is_first = false;
        }
        if self.open.is_empty()
            && let Some(root) = self.root
        {
            return Ok((root, self.files));
        }
        Err(self.refused(Rule::NotWellFormed("it ends before its root does".into())))
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), ReadError> {
        if self.open.is_empty() && self.root.is_some() {
            return Err(self.refused(Rule::NotWellFormed("it has a second root".into())));
        }
        self.elements += 1;
        self.bound("elements", self.elements, self.limits.elements)?;
        self.bound("depth", self.open.len() as u64 + 1, self.limits.depth)?;
        self.bound("attributes", start.attributes().with_checks(false).count() as u64, self.limits.attributes)?;
        self.add_to_header(start.len())?;
        self.names.push(start).map_err(|error| self.refused(Rule::NotWellFormed(error.to_string())))?;
        let (namespace, name) = self.names.resolve_element(start.name());
        let element = Element {
            namespace: self.namespace(namespace)?,
            name: self.utf8(name.into_inner())?,
            attributes: self.attributes(start)?,
            nodes: Vec::new(),
            at: At(self.reader.get_ref().at()),
            file: None,
        };
        if !is_name(&element.name) {
            return Err(self.refused(Rule::NotWellFormed(format!("`{}` is no name of an element", element.name))));
        }
        self.open.push(element);
        Ok(())
    }

    fn attributes(&self, start: &BytesStart<'_>) -> Result<Vec<(String, String, String)>, ReadError> {
        let mut attributes: Vec<(String, String, String)> = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| self.refused(Rule::NotWellFormed(error.to_string())))?;
            let raw = std::str::from_utf8(&attribute.value).map_err(|_| self.refused(Rule::Encoding))?;
            if raw.contains('<') {
                return Err(self.refused(Rule::NotWellFormed("an attribute holds `<`".into())));
            }
            // XML 1.0, 3.3.3: blanks written as such are spaces, those written as references stay.
            let raw = raw.replace("\r\n", " ").replace(['\t', '\n', '\r'], " ");
            let value = quick_xml::escape::unescape(&raw).map_err(|_| self.refused(Rule::Entity))?;
            self.check_letters(&value)?;
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let (namespace, name) = self.names.resolve_attribute(attribute.key);
            let (namespace, name) = (self.namespace(namespace)?, self.utf8(name.into_inner())?);
            if !is_name(&name) {
                return Err(self.refused(Rule::NotWellFormed(format!("`{name}` is no name of an attribute"))));
            }
            if attributes.iter().any(|(other, local, _)| *other == namespace && *local == name) {
                return Err(self.refused(Rule::NotWellFormed(format!("attribute `{name}` occurs twice"))));
            }
            attributes.push((namespace, name, value.into_owned()));
        }
        Ok(attributes)
    }

    fn end(&mut self) {
        self.names.pop();
        let Some(element) = self.open.pop() else { return };
        match self.open.last_mut() {
            Some(parent) => parent.nodes.push(Node::Element(element)),
            None => self.root = Some(element),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), ReadError> {
        self.check_letters(text)?;
        if self.open.is_empty() {
            let rule = Rule::NotWellFormed("text stands outside the root".into());
            return if text.trim().is_empty() { Ok(()) } else { Err(self.refused(rule)) };
        }
        self.add_to_header(text.len())?;
        let Some(parent) = self.open.last_mut() else { return Ok(()) };
        match parent.nodes.last_mut() {
            Some(Node::Text(before)) => before.push_str(text),
            _ => parent.nodes.push(Node::Text(text.to_owned())),
        }
        Ok(())
    }

    fn is_file(&self) -> bool {
        self.open.len() == FILE.len()
            && self.open.iter().zip(FILE).all(|(element, name)| element.name == name && element.namespace == NAMESPACE)
    }

    /// Takes one file in, its bytes by `read`.
    fn keep<S: Sink<Stored = T>>(
        &mut self,
        sink: &mut S,
        read: impl FnOnce(&mut Self, &mut S) -> Result<Decoded, ContentError>,
    ) -> Result<(), ReadError> {
        self.bound("attachments", self.files.len() as u64 + 1, self.limits.attachments)?;
        self.reader.get_mut().allow(self.limits.packet_bytes);
        sink.begin()?;
        let decoded = match read(self, sink) {
            Ok(decoded) => decoded,
            Err(ContentError::NotBase64) => return Err(self.refused(Rule::Base64)),
            Err(ContentError::Io(error)) => return Err(self.io_error(error)),
        };
        let file = File { stored: sink.end()?, decoded };
        if let Some(element) = self.open.last_mut() {
            element.file = Some(self.files.len());
        }
        self.files.push(file);
        Ok(())
    }

    fn resolve(&self, reference: &BytesRef<'_>) -> Result<char, ReadError> {
        match reference.resolve_char_ref() {
            Ok(Some(letter)) => return Ok(letter),
            Ok(None) => {}
            Err(error) => return Err(self.refused(Rule::NotWellFormed(error.to_string()))),
        }
        match &**reference {
            b"lt" => Ok('<'),
            b"gt" => Ok('>'),
            b"amp" => Ok('&'),
            b"apos" => Ok('\''),
            b"quot" => Ok('"'),
            _ => Err(self.refused(Rule::Entity)),
        }
    }

    fn namespace(&self, resolved: ResolveResult<'_>) -> Result<String, ReadError> {
        match resolved {
            ResolveResult::Unbound => Ok(String::new()),
            ResolveResult::Bound(namespace) => {
                let raw = self.utf8(namespace.into_inner())?;
                quick_xml::escape::unescape(&raw).map(Into::into).map_err(|_| self.refused(Rule::Entity))
            }
            ResolveResult::Unknown(prefix) => {
                let prefix = String::from_utf8_lossy(&prefix).into_owned();
                Err(self.refused(Rule::NotWellFormed(format!("the prefix `{prefix}` is not declared"))))
            }
        }
    }

    fn utf8(&self, bytes: &[u8]) -> Result<String, ReadError> {
        String::from_utf8(bytes.to_vec()).map_err(|_| self.refused(Rule::Encoding))
    }

    /// XML 1.0, 2.2: the characters that a document may hold.
    fn check_letters(&self, text: &str) -> Result<(), ReadError> {
        let is_allowed = |c: char| !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
        if text.chars().all(is_allowed) {
            Ok(())
        } else {
            Err(self.refused(Rule::NotWellFormed("it holds a character that XML does not allow".into())))
        }
    }

    fn add_to_header(&mut self, bytes: usize) -> Result<(), ReadError> {
        self.header_bytes += bytes as u64;
        self.bound("bytes outside of attachments", self.header_bytes, self.limits.header_bytes)
    }

    fn bound(&self, what: &'static str, count: u64, limit: u64) -> Result<(), ReadError> {
        if count <= limit { Ok(()) } else { Err(self.refused(Rule::Limit { what, limit })) }
    }

    fn refused(&self, rule: Rule) -> ReadError {
        let path: Vec<_> = self.open.iter().map(|element| element.name.as_str()).collect();
        ReadError::Refused(Fault { at: self.reader.get_ref().at(), path: path.join("/"), rule })
    }

    fn xml_error(&self, error: quick_xml::Error) -> ReadError {
        match error {
            quick_xml::Error::Io(error) => match stop(&error) {
                Some(stop) => self.stopped(stop),
                None => ReadError::Io(std::io::Error::new(error.kind(), error.to_string())),
            },
            quick_xml::Error::Encoding(_) => self.refused(Rule::Encoding),
            error => self.refused(Rule::NotWellFormed(error.to_string())),
        }
    }

    fn io_error(&self, error: std::io::Error) -> ReadError {
        match stop(&error) {
            Some(stop) => self.stopped(stop),
            None => ReadError::Io(error),
        }
    }

    fn stopped(&self, stop: Stop) -> ReadError {
        self.refused(match stop {
            Stop::Packet => Rule::Limit { what: "bytes of the packet", limit: self.limits.packet_bytes },
            Stop::Token => Rule::Limit { what: "bytes of a tag or text", limit: self.limits.token_bytes },
        })
    }
}

fn stop(error: &std::io::Error) -> Option<Stop> {
    error.get_ref().and_then(|inner| inner.downcast_ref::<Stop>()).copied()
}

/// A name without a colon (Namespaces in XML 1.0, 4), by the characters that matter for writing it again.
fn is_name(name: &str) -> bool {
    let starts = |c: char| c.is_alphabetic() || c == '_';
    name.starts_with(starts) && name.chars().all(|c| starts(c) || c.is_numeric() || matches!(c, '-' | '.' | '\u{b7}'))
}
