//! Signature dictionaries that the present document can reach: through the form's fields and through page widgets.

use std::collections::{HashMap, HashSet};

use super::file::{File, PdfError};
use super::object::{Dictionary, Object};

/// Fields, widgets and pages visited; the file's work budget bounds the rest.
const MAX_VISITS: usize = 200_000;
/// One is enough to refuse; a few help to find the program that writes them.
const MAX_AMBIGUITIES: usize = 8;

/// A signature field with a value.
#[derive(Debug)]
pub(crate) struct Found {
    /// Full field name, parents first, joined with dots.
    pub(crate) field: String,
    pub(crate) dictionary: Dictionary,
    /// The dictionary's offsets count in the file; false if it sits in an object stream.
    pub(crate) in_file: bool,
    /// Sides of the widget in points, where it is shown.
    pub(crate) size: Option<(u32, u32)>,
}

/// What a walk over the present document finds.
#[derive(Debug, Default)]
pub(crate) struct Signatures {
    pub(crate) found: Vec<Found>,
    /// Some field points to a signature that is not there.
    pub(crate) is_dangling: bool,
    /// Several fields point to one signature.
    pub(crate) is_shared: bool,
    /// Signatures beyond the limit, which were not kept.
    pub(crate) left_out: usize,
    /// Dictionaries that readers understand in two ways.
    pub(crate) ambiguities: Vec<String>,
}

/// Every signature the present catalogue reaches.
pub(crate) fn find(file: &File<'_>) -> Signatures {
    let mut walk = Walk { file, signatures: Signatures::default(), seen: HashMap::new(), visits: 0 };
    walk.compare_keys("trailer", &file.xref.trailer);
    if let Some(root) = file.dictionary(file.xref.trailer.lookup("Root")) {
        walk.compare_keys("catalogue", &root);
        if let Some(form) = file.dictionary(root.lookup("AcroForm")) {
            walk.compare_keys("form", &form);
            walk.fields(file.array(form.lookup("Fields")));
        }
        walk.pages(root.lookup("Pages"));
    }
    walk.signatures
}

struct Walk<'a> {
    file: &'a File<'a>,
    signatures: Signatures,
    /// Field names of the dictionaries found, by offset and, for those in object streams, by name as well: a field and
    /// its widget give one signature.
    seen: HashMap<(usize, Option<String>), String>,
    visits: usize,
}

struct Pending {
    object: Object,
    parent_name: String,
    is_signature: bool,
}

impl Walk<'_> {
    /// Counts a visit; false once there were too many, or if the object was seen.
    fn enters(&mut self, object: &Object, visited: &mut HashSet<u32>) -> bool {
        self.visits += 1;
        let is_fresh = match object {
            Object::Reference(number) => visited.insert(*number),
            _ => true,
        };
        if self.visits > MAX_VISITS {
            self.file.reach(PdfError::TooMuchWork);
        }
        is_fresh && self.visits <= MAX_VISITS
    }

    fn compare_keys(&mut self, what: &str, dictionary: &Dictionary) {
        if self.signatures.ambiguities.len() < MAX_AMBIGUITIES
            && let Some(key) = dictionary.ambiguous_key()
        {
            let key = String::from_utf8_lossy(key);
            self.signatures.ambiguities.push(format!("a {what} has /{key} more than once with different values: readers differ"));
        }
    }

    fn fields(&mut self, roots: Vec<Object>) {
        let mut visited = HashSet::new();
        let pend = |object| Pending { object, parent_name: String::new(), is_signature: false };
        let mut pending: Vec<Pending> = roots.into_iter().rev().map(pend).collect();
        while let Some(Pending { object, parent_name, is_signature }) = pending.pop() {
            if !self.enters(&object, &mut visited) {
                continue;
            }
            let Some(field) = self.file.dictionary(Some(&object)) else { continue };
            self.compare_keys("form field", &field);
            let name = self.full_name(&parent_name, &field);
            let is_signature = field.name("FT").map_or(is_signature, |kind| kind == b"Sig");
            if is_signature {
                self.value(&field, &name);
            }
            let kids = self.file.array(field.lookup("Kids"));
            pending.extend(kids.into_iter().rev().map(|object| Pending { object, parent_name: name.clone(), is_signature }));
        }
    }

    /// Widgets on pages that no form field reaches are live too: viewers show them.
    fn pages(&mut self, root: Option<&Object>) {
        let mut visited = HashSet::new();
        let mut pending: Vec<Object> = root.cloned().into_iter().collect();
        while let Some(object) = pending.pop() {
            if !self.enters(&object, &mut visited) {
                continue;
            }
            let Some(node) = self.file.dictionary(Some(&object)) else { continue };
            self.compare_keys("page", &node);
            pending.extend(self.file.array(node.lookup("Kids")));
            for annotation in self.file.array(node.lookup("Annots")) {
                if self.enters(&annotation, &mut visited)
                    && let Some(widget) = self.file.dictionary(Some(&annotation))
                    && widget.name("Subtype") == Some(b"Widget")
                {
                    self.widget(&widget);
                }
            }
        }
    }

    fn widget(&mut self, widget: &Dictionary) {
        let parent = self.file.dictionary(widget.lookup("Parent"));
        let kind = widget.name("FT").or_else(|| parent.as_ref()?.name("FT"));
        if kind != Some(b"Sig") {
            return;
        }
        let parent_name = parent.as_ref().map(|parent| self.full_name("", parent)).unwrap_or_default();
        let name = self.full_name(&parent_name, widget);
        if widget.lookup("V").is_some() {
            self.value(widget, &name);
        } else if let Some(parent) = &parent {
            self.value(parent, &name);
        }
    }

    fn full_name(&self, parent: &str, field: &Dictionary) -> String {
        let own = field.lookup("T").and_then(|name| self.file.resolve(name).ok());
        let own = match own.map(|located| located.object) {
            Some(Object::String(string)) => text(&string.bytes),
            _ => String::new(),
        };
        // Names of names of names would grow without bound.
        if parent.is_empty() || parent.len() > 1000 {
            own
        } else if own.is_empty() {
            parent.to_owned()
        } else {
            format!("{parent}.{own}")
        }
    }

    /// The size of the widget that `field` is, or that its first child is; a signature has one (ISO 32000-2, 12.7.5.5).
    fn shown_size(&self, field: &Dictionary) -> Option<(u32, u32)> {
        let child = || self.file.dictionary(self.file.array(field.lookup("Kids")).first());
        let widget = if field.lookup("Rect").is_some() { field.clone() } else { child()? };
        // ISO 32000-2, table 167: Hidden is bit 2, NoView bit 6.
        if widget.integer("F").is_some_and(|flags| flags & 0b10_0010 != 0) {
            return None;
        }
        let number = |object: &Object| match self.file.resolve(object).ok()?.object {
            Object::Integer(value) => Some(value as f64),
            Object::Real(value) => Some(value),
            _ => None,
        };
        let corners: Vec<f64> = self.file.array(widget.lookup("Rect")).iter().take(5).filter_map(number).collect();
        let &[left, bottom, right, top] = corners.as_slice() else { return None };
        // A cast from a float saturates, and takes what is no number for nothing.
        Some(((right - left).abs().round() as u32, (top - bottom).abs().round() as u32))
    }

    fn value(&mut self, field: &Dictionary, name: &str) {
        let value = match field.lookup("V") {
            None | Some(Object::Null) => return,
            Some(value) => value,
        };
        match self.file.resolve(value) {
            Ok(located) => match located.object {
                Object::Dictionary(dictionary) => {
                    let direct = !matches!(value, Object::Reference(_));
                    // A dictionary in its field's own object: whether that one was in a stream is not known here, so
                    // that its offsets are taken for the file's. The byte range check compares them with the bytes.
                    let in_file = direct || located.in_file;
                    let place = (dictionary.start, (!in_file).then(|| name.to_owned()));
                    match self.seen.get(&place) {
                        Some(earlier) => self.signatures.is_shared |= earlier != name,
                        None if self.signatures.found.len() >= self.file.limits.max_signatures => {
                            // A field and its widget are one signature here too.
                            self.seen.insert(place, name.to_owned());
                            self.signatures.left_out += 1;
                        }
                        None => {
                            self.seen.insert(place, name.to_owned());
                            let size = self.shown_size(field);
                            self.signatures.found.push(Found { field: name.to_owned(), dictionary, in_file, size });
                        }
                    }
                }
                _ => self.signatures.is_dangling = true,
            },
            Err(_) => self.signatures.is_dangling = true,
        }
    }
}

/// A text string (ISO 32000-1, 7.9.2.2). PDFDocEncoding is read as Latin-1, which differs in few places.
pub(crate) fn text(bytes: &[u8]) -> String {
    if let Some(rest) = bytes.strip_prefix(&[0xfe, 0xff]) {
        let units = rest.chunks(2).map(|pair| pair.iter().fold(0u16, |unit, &byte| unit << 8 | u16::from(byte)));
        char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    } else if let Some(rest) = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]) {
        String::from_utf8_lossy(rest).into_owned()
    } else {
        bytes.iter().map(|&byte| char::from(byte)).collect()
    }
}
