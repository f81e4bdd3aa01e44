//! A document as it was when its file ended at some byte.

use std::collections::{HashMap, HashSet};

use crate::limit;
use crate::options::Limits;
use crate::pdf::{Dictionary, Entry, File, Located, Object, PdfError};

/// One state of a document, with every object read once.
pub(super) struct View<'a> {
    pub(super) file: File<'a>,
    /// Where each object's text, its stream included, ends in the file.
    ends: HashMap<u32, usize>,
    /// Who refers to an object.
    referrers: HashMap<u32, Vec<u32>>,
    /// Cross-reference and object streams: the structure of the file, and no part of the document.
    structural: HashSet<u32>,
    /// Work that was allowed.
    allowed: usize,
}

impl<'a> View<'a> {
    pub(super) fn open(data: &'a [u8], end: usize, limits: &'a Limits, allowed: usize) -> Result<Self, String> {
        if allowed == 0 {
            return Err(limit::sentence("work", PdfError::TooMuchWork));
        }
        let file = File::open_within(data.get(..end).unwrap_or_default(), limits, allowed).map_err(|error| match error.limit() {
            Some(name) => limit::sentence(name, error),
            None => error.to_string(),
        })?;
        let mut numbers: Vec<u32> = file.xref.entries.keys().copied().collect();
        numbers.sort_unstable();
        let mut view = Self { file, ends: HashMap::new(), referrers: HashMap::new(), structural: HashSet::new(), allowed: 0 };
        view.allowed = view.file.work_left();
        for number in numbers {
            // What cannot be read is nothing, in every state alike.
            let Ok(located) = view.file.load(number) else { continue };
            if is_structural(&located.object) {
                view.structural.insert(number);
            }
            let end = match view.file.stream_range(&located) {
                Ok(Some(range)) => range.end,
                // A stream whose length leads nowhere has no end that could be told.
                Err(_) => usize::MAX,
                Ok(None) => located.end,
            };
            view.ends.insert(number, end);
            let mut references = HashSet::new();
            collect(&located.object, &mut references);
            for reference in references {
                view.referrers.entry(reference).or_default().push(number);
            }
        }
        Ok(view)
    }

    /// Work done so far.
    pub(super) fn work(&self) -> usize {
        self.file.xref.work.saturating_add(self.allowed.saturating_sub(self.file.work_left()))
    }

    /// The numbers of all objects that this state has a place for.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> {
        self.file.xref.entries.keys().copied()
    }

    /// Whether the cross-references of both states give an object the same bytes, all of which lie before `end`.
    pub(super) fn has_same_bytes(&self, other: &Self, number: u32, end: usize) -> bool {
        let (Some(own), Some(theirs)) = (self.file.xref.entries.get(&number), other.file.xref.entries.get(&number)) else { return false };
        let lies_before = |number| self.ends.get(&number).is_some_and(|own| *own <= end);
        own == theirs
            && match own {
                Entry::Free => true,
                Entry::Offset(_) => lies_before(number),
                Entry::InStream { stream, .. } => {
                    self.file.xref.entries.get(stream) == other.file.xref.entries.get(stream) && lies_before(*stream)
                }
            }
    }

    pub(super) fn is_structural(&self, number: u32) -> bool {
        self.structural.contains(&number)
    }

    /// Who refers to an object.
    pub(super) fn referrers(&self, number: u32) -> &[u32] {
        self.referrers.get(&number).map_or(&[], Vec::as_slice)
    }

    /// The object, null if it is none.
    pub(super) fn object(&self, number: u32) -> Located {
        self.file.load(number).unwrap_or_else(|_| Located::direct(Object::Null))
    }

    /// What `object` is or refers to.
    pub(super) fn value(&self, object: Option<&Object>) -> Object {
        object.and_then(|object| self.file.resolve(object).ok()).map_or(Object::Null, |located| located.object)
    }

    pub(super) fn dictionary(&self, object: Option<&Object>) -> Option<Dictionary> {
        self.file.dictionary(object)
    }

    /// The raw bytes of a stream.
    pub(super) fn stream(&self, located: &Located) -> Option<&[u8]> {
        self.file.stream_range(located).ok().flatten().and_then(|range| self.file.data.get(range))
    }

    /// The number and the dictionary of the catalogue, if the trailer refers to one.
    pub(super) fn catalogue(&self) -> Option<(u32, Dictionary)> {
        let Some(Object::Reference(number)) = self.file.xref.trailer.lookup("Root") else { return None };
        Some((*number, self.dictionary(Some(&Object::Reference(*number)))?))
    }
}

fn is_structural(object: &Object) -> bool {
    matches!(object, Object::Dictionary(dictionary) if matches!(dictionary.name("Type"), Some(b"XRef" | b"ObjStm")))
}

/// Every number that `object` refers to.
pub(super) fn collect(object: &Object, into: &mut HashSet<u32>) {
    let mut pending = vec![object];
    while let Some(object) = pending.pop() {
        match object {
            Object::Reference(number) => {
                into.insert(*number);
            }
            Object::Array(items) => pending.extend(items),
            Object::Dictionary(dictionary) => pending.extend(dictionary.entries().iter().map(|(_, value)| value)),
            _ => {}
        }
    }
}
