//! A document as it was when its file ended at some byte.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::limit;
use crate::options::Limits;
use crate::pdf::{Dictionary, Entry, File, LOOKAHEAD, Located, Object, PdfError};

/// One state of a document, with every object read once.
pub(super) struct View<'a> {
    pub(super) file: File<'a>,
    facts: HashMap<u32, Facts>,
    /// Who refers to an object: pairs of the one referred to and the one that refers, in order, as two columns.
    targets: Vec<u32>,
    sources: Vec<u32>,
    /// Work that was allowed.
    allowed: usize,
}

/// What there is to know of an object without reading it again.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Facts {
    /// Where its text, its stream included, ends in the file.
    end: usize,
    /// Cross-reference and object streams: the structure of the file, and no part of the document.
    is_structural: bool,
    /// Its bytes alone tell all this: no other object gives the length of its stream.
    stands_alone: bool,
    references: Rc<[u32]>,
}

impl<'a> View<'a> {
    /// The state that ends at `end`. What `earlier`, a state of the same file, knows of objects that lie in it whole and at the
    /// same places is true of this one, too.
    pub(super) fn open(data: &'a [u8], end: usize, limits: &'a Limits, allowed: usize, earlier: Option<&Self>) -> Result<Self, String> {
        if allowed == 0 {
            return Err(limit::sentence("work", PdfError::TooMuchWork));
        }
        let data = data.get(..end).unwrap_or_default();
        let opened = earlier.map_or_else(|| File::open_within(data, limits, allowed), |earlier| earlier.file.open_state(data, allowed));
        let file = opened.map_err(|error| match error.limit() {
            Some(name) => limit::sentence(name, error),
            None => error.to_string(),
        })?;
        let allowed = file.work_left();
        let mut numbers: Vec<u32> = file.xref.entries.keys().copied().collect();
        numbers.sort_unstable();
        let mut facts = HashMap::with_capacity(numbers.len());
        let mut referrers = Vec::new();
        for number in numbers {
            let known =
                earlier.filter(|earlier| earlier.file.data.len() <= end).and_then(|earlier| earlier.lasting_facts(&file, number)).cloned();
            // What cannot be read is nothing, in every state alike.
            let Some(own) = known.or_else(|| Facts::read(&file, number)) else { continue };
            referrers.extend(own.references.iter().map(|reference| (*reference, number)));
            facts.insert(number, own);
        }
        referrers.sort_unstable();
        let (targets, sources) = referrers.into_iter().unzip();
        Ok(Self { file, facts, targets, sources, allowed })
    }

    /// What is known of an object and holds in `later` as well. A dictionary reads the same as long as nothing that reading it
    /// looks at lies behind the end of this state, and so does whatever is in an object stream that reads the same.
    fn lasting_facts(&self, later: &File<'_>, number: u32) -> Option<&Facts> {
        // What decryption makes of an object stream depends on more than its bytes.
        if self.file.has_encryption() || later.has_encryption() {
            return None;
        }
        let place = self.file.xref.entries.get(&number).filter(|place| later.xref.entries.get(&number) == Some(place))?;
        let facts = self.facts.get(&number)?;
        match place {
            Entry::Free => None,
            Entry::Offset(_) => {
                let is_whole = facts.end.checked_add(LOOKAHEAD).is_some_and(|end| end <= self.file.data.len());
                Some(facts).filter(|facts| facts.stands_alone && is_whole)
            }
            Entry::InStream { stream, .. } => {
                let is_in_file = matches!(self.file.xref.entries.get(stream), Some(Entry::Offset(_)));
                Some(facts).filter(|_| is_in_file && self.lasting_facts(later, *stream).is_some())
            }
        }
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
        let lies_before = |number| self.facts.get(&number).is_some_and(|own| own.end <= end);
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
        self.facts.get(&number).is_some_and(|facts| facts.is_structural)
    }

    /// Who refers to an object.
    pub(super) fn referrers(&self, number: u32) -> &[u32] {
        let start = self.targets.partition_point(|target| *target < number);
        let end = self.targets.partition_point(|target| *target <= number);
        self.sources.get(start..end).unwrap_or_default()
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

impl Facts {
    fn read(file: &File<'_>, number: u32) -> Option<Self> {
        let located = file.load(number).ok()?;
        let (end, has_own_length) = match file.stream_range(&located) {
            Ok(Some(range)) => (range.end, has_own_length(&located.object)),
            // A stream whose length leads nowhere has no end that could be told.
            Err(_) => (usize::MAX, false),
            Ok(None) => (located.end, true),
        };
        let mut references = Vec::new();
        each_reference(&located.object, |number| references.push(number));
        references.sort_unstable();
        references.dedup();
        Some(Self {
            end,
            is_structural: is_structural(&located.object),
            // What is no dictionary may end in a number, which reads otherwise where more follows.
            stands_alone: has_own_length && located.in_file && matches!(located.object, Object::Dictionary(_)),
            references: references.into(),
        })
    }
}

fn has_own_length(object: &Object) -> bool {
    matches!(object, Object::Dictionary(dictionary) if matches!(dictionary.lookup("Length"), Some(Object::Integer(_))))
}

fn is_structural(object: &Object) -> bool {
    matches!(object, Object::Dictionary(dictionary) if matches!(dictionary.name("Type"), Some(b"XRef" | b"ObjStm")))
}

/// Every number that `object` refers to.
pub(super) fn collect(object: &Object, into: &mut HashSet<u32>) {
    each_reference(object, |number| _ = into.insert(number));
}

fn each_reference(object: &Object, mut see: impl FnMut(u32)) {
    let mut pending = vec![object];
    while let Some(object) = pending.pop() {
        match object {
            Object::Reference(number) => see(*number),
            Object::Array(items) => pending.extend(items),
            Object::Dictionary(dictionary) => pending.extend(dictionary.entries().iter().map(|(_, value)| value)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::testing::{CmsTemplate, Pki, add_security_store, cms, last_xref, plain_pdf, revise, sign_pdf};

    /// Every state of `data` that ends after a line `%%EOF`, and those that end at `more`, opened with and without each earlier one.
    fn check(data: &[u8], more: &[usize]) -> usize {
        let limits = Limits::default();
        let ends = data.windows(5).enumerate().filter(|(_, window)| *window == b"%%EOF").map(|(at, _)| at + 5);
        let ends = ends.flat_map(|end| [end, end + 1, end + 2]).chain(more.iter().copied());
        let ends: Vec<usize> = ends.filter(|end| *end <= data.len()).take(40).collect();
        let mut taken = 0;
        for &end in &ends {
            let Ok(alone) = View::open(data, end, &limits, limits.max_work, None) else { continue };
            for &before in ends.iter().filter(|before| **before <= end) {
                let Ok(earlier) = View::open(data, before, &limits, limits.max_work, None) else { continue };
                let helped = View::open(data, end, &limits, limits.max_work, Some(&earlier)).unwrap();
                assert_eq!(helped.facts, alone.facts, "{before} to {end}");
                assert_eq!((&helped.targets, &helped.sources), (&alone.targets, &alone.sources));
                for number in alone.numbers() {
                    let (one, other) = (helped.object(number), alone.object(number));
                    assert_eq!(format!("{one:?}"), format!("{other:?}"), "{before} to {end}");
                }
                taken += alone.numbers().filter(|number| earlier.lasting_facts(&alone.file, *number).is_some()).count();
            }
        }
        taken
    }

    #[test]
    fn an_earlier_state_tells_nothing_that_the_later_one_would_not_say_itself() {
        let pki = Pki::new();
        let make = |content: &[u8]| cms(&pki.signer, &[&pki.signer], content, &CmsTemplate::default());
        let once = sign_pdf(&plain_pdf(), 0, "ETSI.CAdES.detached", make);
        let twice = sign_pdf(&once, 1, "ETSI.CAdES.detached", make);
        let stored = add_security_store(&once, [&[pki.issuer.der().to_vec()], &[], &[]]);
        assert!(check(&twice, &[]) > 10 && check(&stored, &[]) > 10);
        // Where a state ends behind its table with an object, that object may read otherwise where the file goes on.
        for (body, more) in [
            ("5", " 0 R"),
            ("<</A 5>>", " stream\n0123456789"),
            ("<</Length 4>>", "\nstream\n0123456789"),
            ("<</Length 21 0 R>>stream\n01234567890123456789012345678901234567890123456789012345678901234567890123456789", ""),
            ("<</Length 19>>stream\n0123456789", "0123456789\nendstream"),
        ] {
            let start = revise(&plain_pdf(), Some(last_xref(&plain_pdf())), &[(21, "14".to_owned())]);
            let (table, last) = (start.len(), last_xref(&start));
            let tail = |at: usize| {
                format!("xref\n20 1\n{at:010} 00000 n \ntrailer<</Root 1 0 R/Prev {last}>>\nstartxref\n{table}\n%%EOF\n20 0 obj\n{body}")
            };
            let at = table + tail(0).len() - "20 0 obj\n".len() - body.len();
            let state = [start, tail(at).into_bytes()].concat();
            let longer = [state.as_slice(), more.as_bytes(), b"\nendobj\n"].concat();
            let whole = revise(&longer, Some(table), &[(21, "17".to_owned())]);
            check(&whole, &[state.len(), longer.len()]);
        }
    }

    #[test]
    fn the_same_holds_in_documents_from_outside() {
        let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
        let mut taken = 0;
        for folder in ["real-documents/pdf", "corpora/pyhanko", "corpora/misc-pdf"] {
            let Ok(entries) = std::fs::read_dir(shared.join(folder)) else {
                println!("skipped: 1 folder ({folder}) is not present");
                continue;
            };
            let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|ending| ending == "pdf"));
            let mut paths: Vec<_> = paths.collect();
            paths.sort();
            for path in paths.iter().take(60) {
                let bytes = std::fs::read(path).unwrap();
                if bytes.len() < 400_000 {
                    taken += check(&bytes, &[]);
                }
            }
        }
        println!("{taken} facts taken over");
    }
}
