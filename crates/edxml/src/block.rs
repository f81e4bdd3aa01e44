//! One block of a packet, its known elements taken out one after another.

use std::cell::RefCell;
use std::str::FromStr;

use crate::NAMESPACE;
use crate::fault::{Fault, Position, ReadError, Rule};
use crate::moment::{self, Form};
use crate::tree::{Element, Node};
use domain::time::{Date, Timestamp};

/// Notes kept of one packet.
const MAX_NOTES: usize = 500;

/// What was noticed while reading.
#[derive(Default)]
pub(crate) struct Notes(RefCell<Vec<Fault>>);

impl Notes {
    fn add(&self, fault: Fault) {
        let mut notes = self.0.borrow_mut();
        if notes.len() < MAX_NOTES {
            notes.push(fault);
        }
    }

    pub(crate) fn into_vec(self) -> Vec<Fault> {
        self.0.into_inner()
    }
}

/// A block whose elements are being read.
pub(crate) struct Block<'n> {
    path: String,
    at: Position,
    elements: Vec<Element>,
    notes: &'n Notes,
}

impl<'n> Block<'n> {
    /// The block that an element is; `path` leads to it.
    pub(crate) fn new(element: Element, path: String, notes: &'n Notes) -> Self {
        let elements = element.nodes.into_iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        });
        Self { path, at: element.at.0, elements: elements.collect(), notes }
    }

    /// The block of this name in this block.
    pub(crate) fn block(&mut self, name: &'static str) -> Option<Self> {
        self.take_one(name).map(|element| self.within(element))
    }

    /// Likewise, where the packet is nothing without it.
    pub(crate) fn needed_block(&mut self, name: &'static str) -> Result<Self, ReadError> {
        self.block(name).ok_or_else(|| self.refused(Rule::Missing(name)))
    }

    /// All blocks of this name.
    pub(crate) fn blocks(&mut self, name: &str) -> Vec<Self> {
        self.take(name).into_iter().map(|element| self.within(element)).collect()
    }

    /// Numbers of the files that were streamed off from the elements of this name.
    pub(crate) fn files(&mut self, name: &str) -> Vec<usize> {
        self.take(name).into_iter().filter_map(|element| element.file).collect()
    }

    /// Whether the block holds such an element, which stays.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.elements.iter().any(|element| is(element, name))
    }

    /// The only element of this name; more of them are noted.
    pub(crate) fn take_one(&mut self, name: &'static str) -> Option<Element> {
        let mut found = self.take(name).into_iter();
        let first = found.next();
        if let Some(second) = found.next() {
            self.notes.add(Fault { at: second.at.0, path: format!("{}/{name}", self.path), rule: Rule::Repeated(name) });
        }
        first
    }

    fn take(&mut self, name: &str) -> Vec<Element> {
        let (found, others) = std::mem::take(&mut self.elements).into_iter().partition(|element| is(element, name));
        self.elements = others;
        found
    }

    fn within(&self, element: Element) -> Self {
        let path = format!("{}/{}", self.path, element.name);
        Self::new(element, path, self.notes)
    }

    /// A text of at most `limit` characters; empty where there is none.
    pub(crate) fn text(&mut self, name: &'static str, limit: usize) -> String {
        let Some(element) = self.take_one(name) else { return String::new() };
        self.text_of(&element, limit)
    }

    /// Likewise, and noted where there is none.
    pub(crate) fn expected_text(&mut self, name: &'static str, limit: usize) -> String {
        let text = self.text(name, limit);
        if text.is_empty() {
            self.note(Rule::Missing(name));
        }
        text
    }

    /// Likewise, and refused where there is none.
    pub(crate) fn needed_text(&mut self, name: &'static str, limit: usize) -> Result<String, ReadError> {
        let text = self.text(name, limit);
        if text.is_empty() { Err(self.refused(Rule::Missing(name))) } else { Ok(text) }
    }

    /// All texts of this name, empty ones left out.
    pub(crate) fn texts(&mut self, name: &str, limit: usize) -> Vec<String> {
        self.take(name).iter().map(|element| self.text_of(element, limit)).filter(|text| !text.is_empty()).collect()
    }

    fn text_of(&self, element: &Element, limit: usize) -> String {
        let text = element.text();
        if text == "null" {
            self.note_at(element, Rule::Null);
            return String::new();
        }
        let length = text.chars().count();
        if length > limit {
            self.note_at(element, Rule::TooLong { length, limit });
        }
        text
    }

    /// A number; a text that is none is noted, and is none.
    pub(crate) fn number<N: FromStr>(&mut self, name: &'static str) -> Option<N> {
        let element = self.take_one(name)?;
        let text = self.text_of(&element, 20);
        // What programs write for a number that they do not have.
        if text.is_empty() || text == "-1" {
            return None;
        }
        let number = text.parse().ok();
        if number.is_none() {
            self.note_at(&element, Rule::Number(shortened(&text)));
        }
        number
    }

    /// 0 or 1; another text is noted, and is unknown.
    pub(crate) fn flag(&mut self, name: &'static str) -> Option<bool> {
        let element = self.take_one(name)?;
        match self.text_of(&element, 5).as_str() {
            "0" | "false" => Some(false),
            "1" | "true" => Some(true),
            "" => None,
            other => {
                self.note_at(&element, Rule::Number(shortened(other)));
                None
            }
        }
    }

    /// A day.
    pub(crate) fn date(&mut self, name: &'static str) -> Option<Date> {
        self.moment(name, moment::read_date)
    }

    /// A moment.
    pub(crate) fn timestamp(&mut self, name: &'static str) -> Option<Timestamp> {
        self.moment(name, moment::read_timestamp)
    }

    fn moment<T>(&mut self, name: &'static str, read: impl Fn(&str) -> Option<(T, Form)>) -> Option<T> {
        let element = self.take_one(name)?;
        let text = self.text_of(&element, 40);
        if text.is_empty() {
            return None;
        }
        match read(&text) {
            Some((value, Form::Regular)) => Some(value),
            Some((value, Form::Other)) => {
                self.note_at(&element, Rule::DateForm(shortened(&text)));
                Some(value)
            }
            None => {
                self.note_at(&element, Rule::Date(shortened(&text)));
                None
            }
        }
    }

    /// What nobody has taken, kept as it is.
    pub(crate) fn rest(self) -> Vec<Element> {
        self.elements
    }

    /// Notes that the block breaks a rule.
    pub(crate) fn note(&self, rule: Rule) {
        self.notes.add(Fault { at: self.at, path: self.path.clone(), rule });
    }

    fn note_at(&self, element: &Element, rule: Rule) {
        self.notes.add(Fault { at: element.at.0, path: format!("{}/{}", self.path, element.name), rule });
    }

    /// The packet is refused because of this block.
    pub(crate) fn refused(&self, rule: Rule) -> ReadError {
        ReadError::Refused(Fault { at: self.at, path: self.path.clone(), rule })
    }
}

fn is(element: &Element, name: &str) -> bool {
    element.name == name && element.namespace == NAMESPACE
}

/// As much of a text as belongs into a sentence.
fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}
