//! Objects of a file that were read before, and are handed out again instead of being read again.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hash;
use std::rc::Rc;

use super::file::{Located, PdfError};
use super::object::Object;
use super::xref::Entry;

/// Bytes behind an object that reading it may look at: the keyword `stream` and the end of its line.
pub(crate) const LOOKAHEAD: usize = 32;

/// What is remembered of one file, and of all files that are beginnings of one and the same.
#[derive(Debug, Default)]
pub(super) struct Memory {
    own: RefCell<Remembered<u32>>,
    /// By number and offset. A dictionary reads the same wherever the file ends, as long as nothing that reading it looks at
    /// lies behind the end.
    shared: Rc<RefCell<Remembered<(u32, u64)>>>,
}

impl Memory {
    /// Of another beginning of the same file.
    pub(super) fn share(&self) -> Self {
        Self { own: RefCell::default(), shared: Rc::clone(&self.shared) }
    }

    /// Object `number`, which the file of `length` bytes has at `place`, and what reading it cost.
    pub(super) fn find(&self, number: u32, place: Option<&Entry>, length: usize) -> Option<(Located, usize)> {
        let own = self.own.borrow().objects.get(&number).cloned();
        own.or_else(|| {
            let Some(Entry::Offset(offset)) = place else { return None };
            let shared = self.shared.borrow();
            shared.objects.get(&(number, *offset)).filter(|(located, _)| is_whole(located, length)).cloned()
        })
    }

    pub(super) fn keep(&self, number: u32, place: Option<&Entry>, length: usize, read: (&Located, usize)) {
        if !matches!(read.0.object, Object::Dictionary(_)) {
            return;
        }
        match place {
            Some(Entry::Offset(offset)) if is_whole(read.0, length) => self.shared.borrow_mut().keep((number, *offset), read),
            _ => self.own.borrow_mut().keep(number, read),
        }
    }
}

fn is_whole(located: &Located, length: usize) -> bool {
    located.end.checked_add(LOOKAHEAD).is_some_and(|end| end <= length)
}

#[derive(Debug)]
struct Remembered<K> {
    objects: HashMap<K, (Located, usize)>,
    /// Text of objects that may still be remembered.
    room: usize,
}

impl<K> Remembered<K> {
    /// Text of all objects that are remembered, and of one of them: read they take up to thirty times as much.
    const MAX_TEXT: usize = 512 << 10;
    const MAX_OBJECT: usize = 64 << 10;
}

impl<K> Default for Remembered<K> {
    fn default() -> Self {
        Self { objects: HashMap::new(), room: Self::MAX_TEXT }
    }
}

impl<K: Hash + Eq> Remembered<K> {
    fn keep(&mut self, key: K, (located, cost): (&Located, usize)) {
        if cost <= self.room.min(Self::MAX_OBJECT) {
            self.room -= cost;
            self.objects.insert(key, (located.clone(), cost));
        }
    }
}

impl<'a> super::File<'a> {
    /// Opens `data`, of which this file is a beginning or which is a beginning of it, and shares what is read of objects.
    pub(crate) fn open_state(&self, data: &'a [u8], allowed: usize) -> Result<Self, PdfError> {
        let mut file = Self::open_within(data, self.limits, allowed)?;
        // What decryption makes of an object depends on more than its bytes.
        if std::ptr::eq(data.as_ptr(), self.data.as_ptr()) && !file.has_encryption() && !self.has_encryption() {
            file.memory = self.memory.share();
        }
        Ok(file)
    }

    pub(crate) fn has_encryption(&self) -> bool {
        self.xref.trailer.lookup("Encrypt").is_some()
    }
}
