//! The walk that explains the difference of two states.

use std::collections::{BTreeSet, HashSet};

use super::compare::{Among, changed_keys, rectangle, same, same_object};
use super::lock::{Lock, full_name};
use super::view::{View, collect};
use crate::pdf::{Dictionary, Object};
use crate::report::ChangeLevel::{self, Permitted, Unexplained, Workflow};

/// Pages, fields and annotations visited; what is not reached stays unexplained.
const MAX_VISITS: usize = 200_000;
/// Page boxes that a signing program writes anew differ by rounding, in points.
const ROUNDING: f64 = 1.0;

/// Keys of a trailer or cross-reference stream that are compared elsewhere, or that concern the file and not the document.
const TRAILER_KEYS: [&str; 13] =
    ["Root", "Encrypt", "Info", "Size", "Prev", "ID", "XRefStm", "Type", "W", "Index", "Length", "Filter", "DecodeParms"];

/// What a certification permits (ISO 32000-2, table 257).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Certified {
    /// P 1: nothing but validation data and document time stamps.
    Nothing,
    /// P 2: filling in forms and signing.
    Forms,
    /// P 3: annotations as well.
    Annotations,
}

/// The explanation of one step.
pub(super) struct Explanation<'v, 'a> {
    signed: &'v View<'a>,
    later: &'v View<'a>,
    /// Objects whose bytes are not simply those of the signed state.
    changed: BTreeSet<u32>,
    explained: HashSet<u32>,
    certified: Option<Certified>,
    locks: Vec<Lock>,
    /// The step adds a document time stamp.
    is_stamped: bool,
    found: Vec<(ChangeLevel, String)>,
    visits: usize,
    /// Objects whose references were followed by [`Self::take_added`].
    taken: HashSet<u32>,
    /// The catalogue.
    root: u32,
}

impl<'v, 'a> Explanation<'v, 'a> {
    /// What happened between two states, each with its level.
    pub(super) fn of(signed: &'v View<'a>, later: &'v View<'a>) -> Vec<(ChangeLevel, String)> {
        let end = signed.file.data.len();
        let mut numbers: Vec<u32> = signed.numbers().chain(later.numbers()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let changed = numbers
            .into_iter()
            .filter(|number| !later.has_same_bytes(signed, *number, end))
            .filter(|number| !is_structure(signed, later, *number) && !same_object(signed, later, *number));
        let mut explanation = Self {
            signed,
            later,
            changed: changed.collect(),
            explained: HashSet::new(),
            certified: None,
            locks: Vec::new(),
            is_stamped: false,
            found: Vec::new(),
            visits: 0,
            taken: HashSet::new(),
            root: 0,
        };
        explanation.walk();
        explanation.rest();
        explanation.found
    }

    fn find(&mut self, level: ChangeLevel, what: String) {
        self.found.push((level, what));
    }

    /// What P 1 of a certification forbids is a change, however lawful it would be otherwise.
    fn find_signing(&mut self, level: ChangeLevel, what: String) {
        let level = if self.certified == Some(Certified::Nothing) { Unexplained } else { level };
        self.find(level, what);
    }

    fn walk(&mut self) {
        for key in ["Root", "Encrypt"] {
            let (one, other) = (self.signed.file.xref.trailer.lookup(key), self.later.file.xref.trailer.lookup(key));
            let is_same = match (one, other) {
                // Nothing but the trailer refers to how the document is encrypted.
                (Some(one), Some(other)) if key == "Encrypt" => {
                    same(one, other) && same(&self.signed.value(Some(one)), &self.later.value(Some(other)))
                }
                (Some(one), Some(other)) => same(one, other),
                (None, None) => key == "Encrypt",
                _ => false,
            };
            if !is_same {
                self.find(Unexplained, format!("the trailer's /{key} was changed"));
            }
        }
        // A key that the standard does not know may mean something to some reader: another office format inside, for example.
        let trailers = (&self.signed.file.xref.trailer, &self.later.file.xref.trailer);
        for (key, value) in trailers.1.entries() {
            let key = String::from_utf8_lossy(key);
            if !TRAILER_KEYS.contains(&key.as_ref()) && trailers.0.lookup(&key).is_none_or(|signed| !same(signed, value)) {
                self.find(Unexplained, format!("the trailer's /{key} was changed"));
            }
        }
        let (Some((number, signed)), Some((_, later))) = (self.signed.catalogue(), self.later.catalogue()) else {
            return self.find(Unexplained, "there is no catalogue to compare".to_owned());
        };
        (self.certified, self.locks) = self.permissions(&signed);
        self.root = number;
        self.explain_dictionary(number);
        self.catalogue(&signed, &later);
        self.form(signed.lookup("AcroForm"), later.lookup("AcroForm"));
        self.information();
        self.pages(signed.lookup("Pages"));
    }

    /// What the signed state's own certification permits, and which fields its signatures lock.
    fn permissions(&self, catalogue: &Dictionary) -> (Option<Certified>, Vec<Lock>) {
        let permissions = self.signed.dictionary(catalogue.lookup("Perms"));
        let certifying = permissions.and_then(|permissions| self.signed.dictionary(permissions.lookup("DocMDP")));
        let level = certifying.map(|signature| {
            let level = self.transforms(&signature).into_iter().find(|(method, _)| method == b"DocMDP");
            match level.and_then(|(_, parameters)| parameters.integer("P")) {
                Some(1) => Certified::Nothing,
                Some(3) => Certified::Annotations,
                // ISO 32000-2, table 257: 2 is what counts where nothing is said.
                _ => Certified::Forms,
            }
        });
        let signatures = crate::pdf::find_signatures(&self.signed.file).found;
        let transforms = signatures.iter().flat_map(|found| self.transforms(&found.dictionary));
        let locks = transforms.filter(|(method, _)| method == b"FieldMDP").map(|(_, parameters)| Lock::read(&parameters, self.signed));
        (level, locks.collect())
    }

    /// Method and parameters of a signature's references.
    fn transforms(&self, signature: &Dictionary) -> Vec<(Vec<u8>, Dictionary)> {
        let Object::Array(references) = self.signed.value(signature.lookup("Reference")) else { return Vec::new() };
        let read = |reference: &Object| {
            let reference = self.signed.dictionary(Some(reference))?;
            let method = reference.name("TransformMethod")?.to_vec();
            Some((method, self.signed.dictionary(reference.lookup("TransformParams")).unwrap_or_default()))
        };
        references.iter().filter_map(read).collect()
    }

    fn catalogue(&mut self, signed: &Dictionary, later: &Dictionary) {
        for key in changed_keys(signed, later) {
            match key.as_str() {
                "AcroForm" | "DSS" | "Metadata" => {}
                // What reads the file, and not what it shows.
                "Extensions" | "Version" => {
                    self.take_added(later.lookup(&key));
                    self.find(Permitted, format!("the catalogue's /{key} was set"));
                }
                _ => self.find(Unexplained, format!("the catalogue's /{key} was changed")),
            }
        }
        self.validation_data(signed.lookup("DSS"), later.lookup("DSS"));
        self.metadata(signed.lookup("Metadata"), later.lookup("Metadata"));
    }

    /// The document security store grows and forgets nothing (ETSI EN 319 142-1, 5.4.2).
    fn validation_data(&mut self, signed: Option<&Object>, later: Option<&Object>) {
        let (old, new) = (self.signed.dictionary(signed), self.later.dictionary(later));
        let Some(new) = new else {
            if old.is_some() {
                self.find(Unexplained, "the validation data were removed".to_owned());
            }
            return;
        };
        let old = old.unwrap_or_default();
        self.explain(later, &[self.root]);
        let holders = [self.root, number_of(later).unwrap_or(self.root)];
        let mut is_grown = !same(&Object::Dictionary(old.clone()), &Object::Dictionary(new.clone()));
        for key in ["Certs", "OCSPs", "CRLs"] {
            let (before, after) = (self.signed.value(old.lookup(key)), self.later.value(new.lookup(key)));
            is_grown |= !same(&before, &after);
            let kept = match (&before, &after) {
                (Object::Array(before), Object::Array(after)) => {
                    let after = Among::new(after);
                    before.iter().all(|one| after.contains(one))
                }
                (Object::Null, _) => true,
                _ => false,
            };
            if !kept {
                // Evidence is lost, and nothing that the document shows.
                self.find(Workflow, format!("the validation data lost some of their /{key}"));
            }
            self.explain(new.lookup(key), &holders);
            self.take_added(new.lookup(key));
        }
        let (before, after) = (self.signed.value(old.lookup("VRI")), self.later.value(new.lookup("VRI")));
        is_grown |= !same(&before, &after);
        if let Object::Dictionary(before) = &before {
            let after = if let Object::Dictionary(after) = &after { after.clone() } else { Dictionary::default() };
            let changed = changed_keys(before, &after);
            let lost: HashSet<&String> = changed.iter().collect();
            if before.entries().iter().any(|(key, _)| lost.contains(&String::from_utf8_lossy(key).into_owned())) {
                self.find(Workflow, "the validation data lost some of their /VRI".to_owned());
            }
        }
        self.explain(new.lookup("VRI"), &holders);
        self.take_added(new.lookup("VRI"));
        if is_grown {
            self.find(Permitted, "validation data were added".to_owned());
        }
    }

    fn metadata(&mut self, signed: Option<&Object>, later: Option<&Object>) {
        let Some(later) = later else {
            if signed.is_some() {
                self.find(Unexplained, "the metadata were removed".to_owned());
            }
            return;
        };
        let number = if let Object::Reference(number) = later { Some(*number) } else { None };
        let is_changed = number.is_some_and(|number| self.changed.contains(&number)) || signed.is_none_or(|signed| !same(signed, later));
        if is_changed {
            self.explain(Some(later), &[self.root]);
            self.take_added(Some(later));
            self.find_signing(Permitted, "the metadata were brought up to date".to_owned());
        }
    }

    fn information(&mut self) {
        let later = self.later.file.xref.trailer.lookup("Info").cloned();
        let number = if let Some(Object::Reference(number)) = later { Some(number) } else { None };
        if number.is_some_and(|number| self.changed.contains(&number)) {
            self.explain(later.as_ref(), &[]);
            self.take_added(later.as_ref());
            let what = "the document information was brought up to date".to_owned();
            // A program that stamps a document notes when it did.
            if self.is_stamped && self.certified == Some(Certified::Nothing) {
                self.find(Workflow, what);
            } else {
                self.find_signing(Permitted, what);
            }
        }
    }

    fn form(&mut self, signed: Option<&Object>, later: Option<&Object>) {
        let (old, new) = (self.signed.dictionary(signed), self.later.dictionary(later));
        let Some(new) = new else {
            if old.is_some() {
                self.find(Unexplained, "the form with its signatures was removed".to_owned());
            }
            return;
        };
        let is_new = old.is_none();
        let old = old.unwrap_or_default();
        self.explain(later, &[self.root]);
        for key in changed_keys(&old, &new) {
            let (before, after) = (self.signed.value(old.lookup(&key)), self.later.value(new.lookup(&key)));
            let is_allowed = match key.as_str() {
                "Fields" => true,
                // Bits are set and never taken back.
                "SigFlags" => matches!((&before, &after), (Object::Null | Object::Integer(_), Object::Integer(after))
                    if { let before = if let Object::Integer(before) = before { before } else { 0 }; before & after == before }),
                "DR" => grows(&before, &after),
                "DA" => is_new || before == Object::Null,
                // Readers draw every field anew from its value, which may be another than the one that was shown.
                "NeedAppearances" => is_new || (before == Object::Null && self.has_only_signatures(&old)),
                _ => false,
            };
            if is_allowed {
                self.take_added(new.lookup(&key).filter(|_| key != "Fields"));
            } else {
                self.find(Unexplained, format!("the form's /{key} was changed"));
            }
        }
        self.explain(new.lookup("Fields"), &[self.root, number_of(later).unwrap_or(self.root)]);
        let (before, after) = (self.signed.file.array(old.lookup("Fields")), self.later.file.array(new.lookup("Fields")));
        self.fields(&before, &after, Some(""), false, 0);
    }

    fn has_only_signatures(&self, form: &Dictionary) -> bool {
        let fields = self.signed.file.array(form.lookup("Fields"));
        fields.iter().all(|field| self.signed.dictionary(Some(field)).is_some_and(|field| field.name("FT") == Some(b"Sig")))
    }

    /// The fields below one of the name `parent`, before and after.
    fn fields(&mut self, before: &[Object], after: &[Object], parent: Option<&str>, is_signature: bool, depth: usize) {
        let (signed, later) = (Among::new(before), Among::new(after));
        for field in before {
            if !later.contains(field) {
                self.find(Unexplained, "a form field was removed".to_owned());
            }
            self.field(field, parent, is_signature, depth);
        }
        for field in after.iter().filter(|field| !signed.contains(field)) {
            let dictionary = self.later.dictionary(Some(field)).unwrap_or_default();
            if is_signature || dictionary.name("FT") == Some(b"Sig") {
                self.explain(Some(field), &[]);
                self.take_added(Some(field));
                let value = self.later.dictionary(dictionary.lookup("V"));
                if value.as_ref().is_some_and(|value| value.name("SubFilter") == Some(b"ETSI.RFC3161")) {
                    // ISO 32000-2, table 257: no certification takes a document time stamp for a change.
                    self.is_stamped = true;
                    self.find(Permitted, "a document time stamp was added".to_owned());
                    continue;
                }
                let what = if value.is_some() { "a signature was added" } else { "a field to sign in was added" };
                let level = self.signing_level(full_name(parent, &dictionary, self.later).as_deref());
                self.find_signing(level, what.to_owned());
            } else {
                self.find(Unexplained, "a form field was added that is no signature".to_owned());
            }
        }
    }

    /// A field that the signed state has.
    fn field(&mut self, field: &Object, parent: Option<&str>, is_signature: bool, depth: usize) {
        self.visits += 1;
        if self.visits > MAX_VISITS || depth > 32 {
            return;
        }
        let (Some(signed), Some(later)) = (self.signed.dictionary(Some(field)), self.later.dictionary(Some(field))) else { return };
        let is_signature = signed.name("FT").map_or(is_signature, |kind| kind == b"Sig");
        let (before, after) = (self.signed.file.array(signed.lookup("Kids")), self.later.file.array(later.lookup("Kids")));
        let name = full_name(parent, &signed, self.signed);
        let name = name.as_deref();
        let keys = changed_keys(&signed, &later);
        if !keys.is_empty() {
            number_of(Some(field)).into_iter().for_each(|number| self.explain_dictionary(number));
            self.changed_field(name, (&signed, &later), &keys, is_signature);
        }
        self.appearance(field, name, (&signed, &later), is_signature);
        self.fields(&before, &after, name, is_signature, depth + 1);
    }

    fn changed_field(&mut self, name: Option<&str>, (signed, later): (&Dictionary, &Dictionary), keys: &[String], is_signature: bool) {
        let was_empty = matches!(self.signed.value(signed.lookup("V")), Object::Null);
        let is_allowed = |key: &String| match key.as_str() {
            "Kids" => true,
            "V" | "AP" | "AS" | "M" | "MK" | "F" | "P" if is_signature => was_empty,
            "V" | "AP" | "AS" | "M" | "I" | "RV" => !is_signature && self.may_be_filled_in(name),
            _ => false,
        };
        let what = if is_signature { "signature field" } else { "form field" };
        if let Some(key) = keys.iter().find(|key| !is_allowed(key)) {
            return self.find(Unexplained, format!("the /{key} of a {what} was changed"));
        }
        keys.iter().filter(|key| *key != "Kids").for_each(|key| self.take_added(later.lookup(key)));
        let what = if is_signature { "a prepared field was signed" } else { "a form field was filled in" };
        let level = if is_signature { self.signing_level(name) } else { Permitted };
        self.find_signing(level, what.to_owned());
    }

    /// By the letter, a lock on every field is one on those for later signatures too; programs that set it let others sign.
    fn signing_level(&self, name: Option<&str>) -> ChangeLevel {
        if self.locks.iter().any(|lock| lock.holds(name)) { Workflow } else { Permitted }
    }

    fn may_be_filled_in(&self, name: Option<&str>) -> bool {
        self.certified >= Some(Certified::Forms) && !self.locks.iter().any(|lock| lock.holds(name))
    }

    /// The appearance of a field that may be filled in, drawn anew under its old number: lawful where nobody else shows it.
    fn appearance(&mut self, field: &Object, name: Option<&str>, (signed, later): (&Dictionary, &Dictionary), is_signature: bool) {
        let Object::Reference(number) = field else { return };
        let was_empty = is_signature && matches!(self.signed.value(signed.lookup("V")), Object::Null);
        if !(was_empty || !is_signature && self.may_be_filled_in(name)) {
            return;
        }
        let mut shown = HashSet::new();
        later.lookup("AP").into_iter().for_each(|appearance| collect(appearance, &mut shown));
        for stream in shown {
            if self.changed.contains(&stream) && self.later.referrers(stream) == [*number] && self.signed.referrers(stream) == [*number] {
                self.explained.insert(stream);
                self.take_added(Some(&self.later.object(stream).object));
                self.find_signing(Permitted, "the appearance of a field was drawn anew".to_owned());
            }
        }
    }

    fn pages(&mut self, root: Option<&Object>) {
        let mut visited = HashSet::new();
        let mut pending: Vec<Object> = root.cloned().into_iter().collect();
        while let Some(object) = pending.pop() {
            let Object::Reference(number) = object else { continue };
            self.visits += 1;
            if self.visits > MAX_VISITS || !visited.insert(number) {
                continue;
            }
            let Some(signed) = self.signed.dictionary(Some(&object)) else { continue };
            let kids = self.signed.file.array(signed.lookup("Kids"));
            if kids.is_empty() {
                self.page(number, &signed);
            }
            pending.extend(kids);
        }
    }

    fn page(&mut self, number: u32, signed: &Dictionary) {
        // Most pages of most documents: neither the page nor its list of annotations was touched.
        let list = signed.lookup("Annots");
        let is_list_touched = matches!(list, Some(Object::Reference(list)) if self.changed.contains(list));
        if !self.changed.contains(&number) && !is_list_touched {
            return;
        }
        let Some(later) = self.later.dictionary(Some(&Object::Reference(number))) else { return };
        let keys = changed_keys(signed, &later);
        if !keys.is_empty() {
            self.explain_dictionary(number);
        }
        for key in keys.iter().filter(|key| *key != "Annots") {
            let boxes = (self.signed.value(signed.lookup(key)), self.later.value(later.lookup(key)));
            let is_rounded = key.ends_with("Box")
                && rectangle(&boxes.0)
                    .zip(rectangle(&boxes.1))
                    .is_some_and(|(one, other)| one.iter().zip(other).all(|(one, other)| (one - other).abs() < ROUNDING));
            if is_rounded {
                self.find(Workflow, format!("a page's /{key} was written anew with other decimals"));
            } else {
                self.find(Unexplained, format!("a page's /{key} was changed"));
            }
        }
        let (before, after) = (self.signed.file.array(signed.lookup("Annots")), self.later.file.array(later.lookup("Annots")));
        if !same(&Object::Array(before.clone()), &Object::Array(after.clone())) {
            self.explain(later.lookup("Annots"), &[number]);
            self.annotations(&before, &after);
        }
    }

    fn annotations(&mut self, before: &[Object], after: &[Object]) {
        let (signed, later) = (Among::new(before), Among::new(after));
        let lost = before.iter().filter(|one| !later.contains(one)).count();
        if lost > 0 {
            self.find(Unexplained, format!("{lost} annotations were taken from a page"));
        }
        for annotation in after.iter().filter(|one| !signed.contains(one)) {
            let dictionary = self.later.dictionary(Some(annotation)).unwrap_or_default();
            let parent = self.later.dictionary(dictionary.lookup("Parent"));
            let kind = dictionary.name("FT").or_else(|| parent.as_ref()?.name("FT"));
            if dictionary.name("Subtype") == Some(b"Widget") && kind == Some(b"Sig") {
                self.explain(Some(annotation), &[]);
                self.take_added(Some(annotation));
                let area =
                    rectangle(&self.later.value(dictionary.lookup("Rect"))).map(|[left, low, right, high]| (right - left) * (high - low));
                if area == Some(0.0) {
                    continue;
                }
                // By the letter, only certifications with P 3 allow another widget to be seen; signing programs do it under P 2.
                let level = if self.certified == Some(Certified::Forms) { Workflow } else { Permitted };
                self.find_signing(level, "a signature was shown on a page".to_owned());
            } else if self.certified == Some(Certified::Annotations) {
                self.explain(Some(annotation), &[]);
                self.take_added(Some(annotation));
                let subtype = String::from_utf8_lossy(dictionary.name("Subtype").unwrap_or_default()).into_owned();
                self.find(Permitted, format!("an annotation was added to a page: {subtype}"));
            } else {
                self.find(Unexplained, "an annotation was added to a page".to_owned());
            }
        }
    }

    /// What `object` refers to is accounted for, unless something else than `holders` referred to it in the signed state: it was
    /// that thing's part, whatever it is called now.
    fn explain(&mut self, object: Option<&Object>, holders: &[u32]) {
        // A cross-reference stream names catalogue and information as the trailer does.
        let is_trailer = |by: u32| self.signed.is_structural(by) && self.signed.referrers(by).is_empty();
        if let Some(Object::Reference(number)) = object
            && self.signed.referrers(*number).iter().all(|by| holders.contains(by) || is_trailer(*by))
        {
            self.explained.insert(*number);
        }
    }

    /// A dictionary whose keys are compared one by one is accounted for, unless it has a stream besides.
    fn explain_dictionary(&mut self, number: u32) {
        let has_stream = |view: &View<'_>| view.object(number).stream_start.is_some();
        if !has_stream(self.signed) && !has_stream(self.later) {
            self.explained.insert(number);
        }
    }

    /// New objects that a lawful addition brings along.
    fn take_added(&mut self, object: Option<&Object>) {
        let mut pending = HashSet::new();
        if let Some(object) = object {
            collect(object, &mut pending);
        }
        let mut pending: Vec<u32> = pending.into_iter().collect();
        while let Some(number) = pending.pop() {
            if self.taken.contains(&number) {
                continue;
            }
            let is_start = object == Some(&Object::Reference(number));
            let is_added = self.changed.contains(&number) && self.signed.object(number).object == Object::Null;
            if !is_added && !is_start {
                continue;
            }
            self.taken.insert(number);
            // A number that the signed state refers to already would be filled with something new.
            if is_added && self.signed.referrers(number).is_empty() {
                self.explained.insert(number);
            }
            let mut further = HashSet::new();
            collect(&self.later.object(number).object, &mut further);
            pending.extend(further);
        }
    }

    /// What the walk did not explain.
    fn rest(&mut self) {
        let left: Vec<u32> = self.changed.iter().copied().filter(|number| !self.explained.contains(number)).collect();
        let is_left: HashSet<u32> = left.iter().copied().collect();
        // Something that nobody refers to, or only its like, is not part of the document.
        let mut used: HashSet<u32> = HashSet::new();
        let mut pending: Vec<u32> = left
            .iter()
            .copied()
            .filter(|number| self.later.referrers(*number).iter().chain(self.signed.referrers(*number)).any(|by| !is_left.contains(by)))
            .collect();
        while let Some(number) = pending.pop() {
            if used.insert(number) {
                let mut further = HashSet::new();
                collect(&self.later.object(number).object, &mut further);
                pending.extend(further.into_iter().filter(|number| is_left.contains(number)));
            }
        }
        for number in left {
            let (before, after) = (self.signed.object(number).object, self.later.object(number).object);
            let what = match (&before, &after) {
                (Object::Null, _) => "added",
                (_, Object::Null) => "removed",
                _ => "changed",
            };
            let kind = kind_of(if after == Object::Null { &before } else { &after });
            if used.contains(&number) {
                self.find(Unexplained, format!("object {number}{kind} was {what}"));
            } else {
                self.find(Workflow, format!("object {number}{kind}, which nothing uses, was {what}"));
            }
        }
    }
}

fn number_of(object: Option<&Object>) -> Option<u32> {
    if let Some(Object::Reference(number)) = object { Some(*number) } else { None }
}

/// Whether an object is the structure of the file in both states, and nothing that the document refers to: what calls itself a
/// cross-reference stream may still be shown by a page.
fn is_structure(signed: &View<'_>, later: &View<'_>, number: u32) -> bool {
    let is = |view: &View<'_>| view.is_structural(number) || view.object(number).object == Object::Null;
    is(signed) && is(later) && signed.referrers(number).is_empty() && later.referrers(number).is_empty()
}

/// Whether every entry of a dictionary of dictionaries is still there, as it was.
fn grows(before: &Object, after: &Object) -> bool {
    match (before, after) {
        (Object::Null, _) => true,
        (Object::Dictionary(before), Object::Dictionary(after)) => before.entries().iter().all(|(key, value)| {
            let later = after.lookup(&String::from_utf8_lossy(key));
            later.is_some_and(|later| same(value, later) || (matches!(value, Object::Dictionary(_)) && grows(value, later)))
        }),
        _ => false,
    }
}

fn kind_of(object: &Object) -> String {
    match object {
        Object::Dictionary(dictionary) => match dictionary.name("Type").or_else(|| dictionary.name("Subtype")) {
            Some(name) => format!(" ({})", String::from_utf8_lossy(name)),
            None => String::new(),
        },
        _ => String::new(),
    }
}
