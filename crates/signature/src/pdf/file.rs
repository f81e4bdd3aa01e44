//! A PDF file: the present value of any object, within budgets.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::encryption::{ObjectId, Security};
use super::memory::Memory;
use super::object::{Dictionary, Object, Parser, SyntaxError};
use super::stream;
use super::xref::{self, Entry, Xref};
use crate::options::Limits;

/// The header stands within the first 1024 bytes (ISO 32000-1, annex H, note 13).
const HEADER_WINDOW: usize = 1024;
/// Every object is read a few times, some ten by the comparison of revisions: what takes longer runs in circles.
const WORK_PER_BYTE: usize = 16;
/// Beside that, for files of a few objects.
const WORK_ALLOWANCE: usize = 64 << 10;

/// Every visit costs something, so that a million references to a tiny object end too.
const VISIT: usize = 16;

/// Why a file or a part of it cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PdfError {
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    #[error("there is no cross-reference at the end of the file")]
    NoXref,
    #[error("the cross-reference at offset {0} is malformed")]
    BadXref(u64),
    #[error("the cross-references run in a loop")]
    XrefLoop,
    #[error("the file has too many revisions")]
    TooManyRevisions,
    #[error("the cross-references of a hybrid file give two places for object {0}")]
    TwoReadings(u32),
    #[error("the file has too many objects")]
    TooManyObjects,
    #[error("a stream has an unsupported filter")]
    UnsupportedFilter,
    #[error("a stream cannot be decoded")]
    BadStream,
    #[error("the stream of an encrypted file cannot be opened")]
    Locked,
    #[error("the file inflates beyond the limit")]
    InflatesTooFar,
    #[error("object {0} is not where the cross-reference says")]
    Misplaced(u32),
    #[error("reading the file takes more work than its size allows")]
    TooMuchWork,
}

impl PdfError {
    /// The name of the bound that was reached, if it is one.
    pub(crate) fn limit(&self) -> Option<&'static str> {
        match self {
            Self::Syntax(SyntaxError::TooDeep(_)) => Some("depth"),
            Self::Syntax(SyntaxError::TooLarge(_)) => Some("parts"),
            Self::TooManyRevisions => Some("revisions"),
            Self::TooManyObjects => Some("objects"),
            Self::InflatesTooFar => Some("inflate"),
            Self::TooMuchWork => Some("work"),
            _ => None,
        }
    }
}

/// Where the `%PDF-` header stands.
pub(crate) fn header_offset(bytes: &[u8]) -> Option<usize> {
    let window = bytes.get(..bytes.len().min(HEADER_WINDOW)).unwrap_or_default();
    window.windows(5).position(|window| window == b"%PDF-")
}

/// A file that starts at its header.
#[derive(Debug)]
pub(crate) struct File<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) xref: Xref,
    pub(crate) limits: &'a Limits,
    pub(crate) security: Security,
    /// The object that the trailer names as its encryption dictionary: it is not encrypted itself.
    encryption: Option<u32>,
    /// Where dictionaries begin that hold strings not encrypted as the document demands.
    misencrypted: RefCell<HashSet<usize>>,
    budgets: RefCell<Budgets>,
    /// The first bound that was reached: what was read since is not all there is.
    reached: Cell<Option<PdfError>>,
    streams: RefCell<HashMap<u32, Option<Rc<ObjectStream>>>>,
    pub(super) memory: Memory,
}

#[derive(Debug)]
struct Budgets {
    inflate: usize,
    work: usize,
    /// What the limits allow beyond what the file's length does.
    spare: usize,
}

/// A decoded object stream.
#[derive(Debug)]
struct ObjectStream {
    data: Vec<u8>,
    /// Object number, offset and end, by index.
    index: Vec<(u32, usize, usize)>,
}

/// An object and where it was read.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) object: Object,
    /// Offsets inside `object` count in the file, and not in a decoded object stream.
    pub(crate) in_file: bool,
    pub(crate) stream_start: Option<usize>,
    /// What an encrypted file derives its key from; `None` for what stands by itself or in an object stream.
    pub(crate) id: Option<ObjectId>,
    /// Where its text ends in the file; 0 for one in an object stream.
    pub(crate) end: usize,
    /// Numbers with a generation that is not 0: the object's own first, then those that it refers to.
    pub(crate) generations: Vec<(u64, u64)>,
}

impl Located {
    pub(crate) fn direct(object: Object) -> Self {
        Self { object, in_file: true, stream_start: None, id: None, end: 0, generations: Vec::new() }
    }
}

impl<'a> File<'a> {
    pub(crate) fn open(data: &'a [u8], limits: &'a Limits) -> Result<Self, PdfError> {
        Self::open_within(data, limits, limits.max_work)
    }

    /// The same, with no more work than `allowed`.
    pub(crate) fn open_within(data: &'a [u8], limits: &'a Limits, allowed: usize) -> Result<Self, PdfError> {
        let mut inflate = limits.max_inflate_bytes;
        let xref = xref::read(data, limits, &mut inflate)?;
        let work = data.len().saturating_mul(WORK_PER_BYTE).saturating_add(WORK_ALLOWANCE).min(allowed);
        // Every revision of a document is read with all of its entries.
        let work = work.saturating_sub(xref.entries.len().saturating_mul(16));
        let budgets = RefCell::new(Budgets { inflate, work, spare: allowed.saturating_sub(work) });
        let (security, encryption, misencrypted) = (Security::Plain, None, RefCell::default());
        let (reached, streams) = (Cell::new(None), RefCell::default());
        let mut file =
            Self { data, xref, limits, security, encryption, misencrypted, budgets, reached, streams, memory: Memory::default() };
        file.open_security();
        // What was read before was read as it stands.
        file.memory = Memory::default();
        Ok(file)
    }

    /// Reads how strings and streams are encrypted, before any is read.
    fn open_security(&mut self) {
        let Some(entry) = self.xref.trailer.lookup("Encrypt").filter(|entry| !matches!(entry, Object::Null)) else { return };
        self.encryption = match entry {
            Object::Reference(number) => Some(*number),
            _ => None,
        };
        let id = self.array(self.xref.trailer.lookup("ID"));
        let id = match id.first() {
            Some(Object::String(id)) => id.bytes.as_slice(),
            _ => &[],
        };
        self.security = match self.resolve(entry) {
            Ok(Located { object: Object::Dictionary(dictionary), in_file: true, .. }) => Security::open(&dictionary, id),
            _ => Security::Locked("its encryption dictionary is unreadable".to_owned()),
        };
    }

    /// Whether the dictionary at this offset of the file holds a string that is not encrypted as the document demands.
    pub(crate) fn is_misencrypted(&self, start: usize) -> bool {
        self.misencrypted.borrow().contains(&start)
    }

    /// The signature dictionaries among all objects of the file, for one whose fields cannot be read.
    pub(crate) fn signature_dictionaries(&self) -> Vec<Dictionary> {
        let mut numbers: Vec<u32> = self.xref.entries.keys().copied().collect();
        numbers.sort_unstable();
        let objects = numbers.into_iter().filter(|number| matches!(self.xref.entries.get(number), Some(Entry::Offset(_))));
        let is_signature = |one: &Dictionary| one.lookup("ByteRange").is_some() && one.lookup("Contents").is_some();
        let dictionaries = objects.filter_map(|number| match self.load(number).ok()?.object {
            Object::Dictionary(dictionary) if is_signature(&dictionary) => Some(dictionary),
            // A field may hold its value directly.
            Object::Dictionary(dictionary) => match dictionary.lookup("V") {
                Some(Object::Dictionary(value)) if is_signature(value) => Some(value.clone()),
                _ => None,
            },
            _ => None,
        });
        dictionaries.take(self.limits.max_signatures).collect()
    }

    /// The first bound that was reached while reading.
    pub(crate) fn reached(&self) -> Option<PdfError> {
        self.reached.get()
    }

    /// Records that a bound was reached.
    pub(crate) fn reach(&self, error: PdfError) {
        if self.reached.get().is_none() && error.limit().is_some() {
            self.reached.set(Some(error));
        }
    }

    /// Work that is left of what was allowed.
    pub(crate) fn work_left(&self) -> usize {
        let budgets = self.budgets.borrow();
        budgets.work.saturating_add(budgets.spare)
    }

    /// The present value of object `number`; a free or unknown one is null (ISO 32000-1, 7.3.10).
    pub(crate) fn load(&self, number: u32) -> Result<Located, PdfError> {
        self.load_remembered(number).inspect_err(|error| self.reach(*error))
    }

    fn load_remembered(&self, number: u32) -> Result<Located, PdfError> {
        let place = self.xref.entries.get(&number);
        if let Some((located, cost)) = self.memory.find(number, place, self.data.len()) {
            // As dear as reading it, so that the budget does not depend on what is remembered.
            return self.spend(cost).map(|()| located);
        }
        if let Some(Entry::InStream { stream, .. }) = place {
            // What decoding it costs is not part of what the object costs.
            self.object_stream(*stream)?;
        }
        let work = || self.budgets.borrow().work;
        let before = work();
        let located = self.read(number)?;
        let cost = before.saturating_sub(work()).saturating_sub(VISIT);
        self.memory.keep(number, place, self.data.len(), (&located, cost));
        Ok(located)
    }

    fn read(&self, number: u32) -> Result<Located, PdfError> {
        self.has_work()?;
        match self.xref.entries.get(&number) {
            None | Some(Entry::Free) => Ok(Located::direct(Object::Null)),
            Some(&Entry::Offset(offset)) => self.load_at(number, offset),
            Some(&Entry::InStream { stream, index }) => {
                let container = self.object_stream(stream)?;
                let at = usize::try_from(index).ok().and_then(|index| container.index.get(index));
                let &(found, offset, end) = at.ok_or(PdfError::Misplaced(number))?;
                if found != number {
                    return Err(PdfError::Misplaced(number));
                }
                let text = container.data.get(..end).unwrap_or_default();
                let mut parser = Parser::new(text, offset, self.limits.max_object_depth);
                let object = parser.object();
                self.spend(parser.position.saturating_sub(offset))?;
                Ok(Located { object: object?, in_file: false, stream_start: None, id: None, end: 0, generations: parser.generations })
            }
        }
    }

    /// Follows a reference, once: a reference to a reference is null.
    pub(crate) fn resolve(&self, object: &Object) -> Result<Located, PdfError> {
        match object {
            Object::Reference(number) => self.load(*number),
            other => Ok(Located::direct(other.clone())),
        }
    }

    /// Where the raw data of a stream lies; `None` for an object without one, and an error where its length leads nowhere.
    pub(crate) fn stream_range(&self, located: &Located) -> Result<Option<std::ops::Range<usize>>, PdfError> {
        let (Object::Dictionary(dictionary), Some(start)) = (&located.object, located.stream_start) else { return Ok(None) };
        let length = match dictionary.lookup("Length").map(|length| self.resolve(length)).transpose()? {
            Some(Located { object: Object::Integer(length), .. }) => usize::try_from(length).ok(),
            _ => None,
        };
        let end = length.and_then(|length| start.checked_add(length)).filter(|end| *end <= self.data.len());
        end.map(|end| Some(start..end)).ok_or(PdfError::BadStream)
    }

    /// The dictionary that `object` is or refers to.
    pub(crate) fn dictionary(&self, object: Option<&Object>) -> Option<Dictionary> {
        match self.resolve(object?).ok()?.object {
            Object::Dictionary(dictionary) => Some(dictionary),
            _ => None,
        }
    }

    /// The array that `object` is or refers to.
    pub(crate) fn array(&self, object: Option<&Object>) -> Vec<Object> {
        match object.map(|object| self.resolve(object)) {
            Some(Ok(Located { object: Object::Array(items), .. })) => items,
            _ => Vec::new(),
        }
    }

    /// The decoded bytes of the stream that `object` refers to.
    pub(crate) fn stream(&self, object: &Object) -> Result<Vec<u8>, PdfError> {
        match self.resolve(object)? {
            Located { object: Object::Dictionary(dictionary), stream_start: Some(start), id, .. } => {
                self.decode(&dictionary, start, id).inspect_err(|error| self.reach(*error))
            }
            _ => Err(PdfError::BadStream),
        }
    }

    /// The decoded object streams of the present revision, as far as they are readable.
    pub(crate) fn any_object_stream(&self, mut predicate: impl FnMut(&[u8]) -> bool) -> bool {
        let numbers = self.xref.entries.values().filter_map(|entry| match entry {
            Entry::InStream { stream, .. } => Some(*stream),
            Entry::Free | Entry::Offset(_) => None,
        });
        let mut numbers: Vec<u32> = numbers.collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into_iter().any(|number| self.object_stream(number).is_ok_and(|stream| predicate(&stream.data)))
    }

    fn spend(&self, work: usize) -> Result<(), PdfError> {
        let mut budgets = self.budgets.borrow_mut();
        // Every visit costs something, so that a million references to a tiny object end too.
        let left = budgets.work.checked_sub(work.saturating_add(VISIT));
        budgets.work = left.unwrap_or(0);
        left.map(|_| ()).ok_or(PdfError::TooMuchWork)
    }

    /// What was inflated may be read as often as what stands in the file.
    fn earn(&self, inflated: usize) {
        let mut budgets = self.budgets.borrow_mut();
        let earned = inflated.saturating_mul(WORK_PER_BYTE).min(budgets.spare);
        budgets.spare -= earned;
        budgets.work += earned;
    }

    /// Work is counted after it was done: once there is none left, no more is begun.
    fn has_work(&self) -> Result<(), PdfError> {
        if self.budgets.borrow().work == 0 { Err(PdfError::TooMuchWork) } else { Ok(()) }
    }

    fn load_at(&self, number: u32, offset: u64) -> Result<Located, PdfError> {
        let misplaced = PdfError::Misplaced(number);
        let start = usize::try_from(offset).map_err(|_| misplaced)?;
        let mut parser = Parser::new(self.data, start, self.limits.max_object_depth);
        let (found, generation) = (parser.unsigned(), parser.unsigned());
        let (true, Some(generation)) = (found == Some(u64::from(number)) && parser.take_keyword("obj"), generation) else {
            // White space and comments are read before the number is found to be another.
            self.spend(parser.position.saturating_sub(start))?;
            return Err(misplaced);
        };
        if generation > 0 {
            parser.generations.push((u64::from(number), generation));
        }
        let object = parser.object();
        self.spend(parser.position.saturating_sub(start))?;
        let mut object = object?;
        // ISO 32000-2, 7.3.10: generations end at 65535; what is above is one, and of no use as a key.
        let id = ObjectId { number, generation: u16::try_from(generation).unwrap_or(u16::MAX) };
        if let Security::Opened(handler) = &self.security
            && self.encryption != Some(number)
        {
            let mut misencrypted = Vec::new();
            handler.open_strings(&mut object, id, &mut misencrypted);
            self.misencrypted.borrow_mut().extend(misencrypted);
        }
        let stream_start = if matches!(object, Object::Dictionary(_)) { parser.stream_start() } else { None };
        Ok(Located { object, in_file: true, stream_start, id: Some(id), end: parser.position, generations: parser.generations })
    }

    fn object_stream(&self, number: u32) -> Result<Rc<ObjectStream>, PdfError> {
        if let Some(known) = self.streams.borrow().get(&number) {
            return known.clone().ok_or(PdfError::BadStream);
        }
        // While it is being read, and after a failure, the stream counts as bad: that ends loops through /Length.
        self.streams.borrow_mut().insert(number, None);
        let stream = Rc::new(self.read_object_stream(number).inspect_err(|error| self.reach(*error))?);
        self.streams.borrow_mut().insert(number, Some(Rc::clone(&stream)));
        Ok(stream)
    }

    fn read_object_stream(&self, number: u32) -> Result<ObjectStream, PdfError> {
        let Some(&Entry::Offset(offset)) = self.xref.entries.get(&number) else { return Err(PdfError::BadStream) };
        let located = self.load_at(number, offset)?;
        let id = located.id;
        let (Object::Dictionary(dictionary), Some(start)) = (located.object, located.stream_start) else {
            return Err(PdfError::BadStream);
        };
        if dictionary.name("Type") != Some(b"ObjStm") {
            return Err(PdfError::BadStream);
        }
        self.has_work()?;
        let data = self.decode(&dictionary, start, id)?;
        self.earn(data.len());
        let first = dictionary.integer("First").and_then(|first| usize::try_from(first).ok()).ok_or(PdfError::BadStream)?;
        let count = dictionary.integer("N").unwrap_or(0);
        let mut parser = Parser::new(&data, 0, 1);
        let mut places = Vec::new();
        for _ in 0..count {
            let (Some(object), Some(offset)) = (parser.unsigned(), parser.unsigned()) else { break };
            let offset = usize::try_from(offset).ok().and_then(|offset| offset.checked_add(first));
            if places.len() >= self.limits.max_objects {
                return Err(PdfError::TooManyObjects);
            }
            places.push((u32::try_from(object).unwrap_or(u32::MAX), offset.ok_or(PdfError::BadStream)?));
        }
        // A member ends where another begins: one that reached into others would be two readings of the same bytes, and a
        // thousand of them a thousand times the work.
        let mut starts: Vec<usize> = places.iter().map(|(_, start)| *start).collect();
        starts.sort_unstable();
        if starts.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(PdfError::BadStream);
        }
        let end = |start: usize| starts.get(starts.partition_point(|other| *other <= start)).copied().unwrap_or(data.len());
        let index = places.iter().map(|&(object, start)| (object, start, end(start).min(data.len()))).collect();
        Ok(ObjectStream { data, index })
    }

    /// The decoded bytes of the stream whose data begins at `start`.
    fn decode(&self, dictionary: &Dictionary, start: usize, id: Option<ObjectId>) -> Result<Vec<u8>, PdfError> {
        let length = match dictionary.lookup("Length").map(|length| self.resolve(length)).transpose()? {
            Some(Located { object: Object::Integer(length), .. }) => usize::try_from(length).ok(),
            _ => None,
        };
        let end = length.and_then(|length| start.checked_add(length)).ok_or(PdfError::BadStream)?;
        let raw = self.data.get(start..end).ok_or(PdfError::BadStream)?;
        self.spend(raw.len())?;
        let opened = match &self.security {
            Security::Plain => None,
            Security::Opened(handler) => Some(id.and_then(|id| handler.open_stream(dictionary, raw, id)).ok_or(PdfError::BadStream)?),
            Security::Locked(_) => return Err(PdfError::Locked),
        };
        stream::decode(dictionary, opened.as_deref().unwrap_or(raw), &mut self.budgets.borrow_mut().inflate)
    }
}
