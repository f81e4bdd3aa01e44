//! The mirror on disk: a copy of the rows, so that a hub that starts knows the directory at once.
//!
//! It is written beside the file that is there, made durable, and put in its place by a rename: a hub that is killed has the one or
//! the other. A file that is not whole is told by its digest, and the directory is then fetched anew: nothing depends on it.
//!
//! Layout, all numbers little-endian: `VTDIR`, two zeros and the form of the file (1); when it was synchronised (i64, microseconds)
//! and the greatest version (u64); how many rows (u32) and bytes of text (u32); for each row the bytes of its code, older code, id,
//! parent and centre (u8 each), its standing (u8), the bytes of its name and of its words (u16 each), its version (u64); the text;
//! the SHA-256 of all before it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use domain::time::Timestamp;
use ring::digest::{Context, SHA256, digest};

use super::book::{Book, Facts, Rows, Slot, Standing};

const MAGIC: [u8; 8] = *b"VTDIR\0\0\x01";
const SLOT_BYTES: usize = 18;
const DIGEST_BYTES: usize = 32;

/// Puts the directory in the place of the file. Durable when it returns.
pub(super) fn write(path: &Path, book: &Book) -> io::Result<()> {
    let new = path.with_extension("new");
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)?;
    let mut out = Digesting { out: BufWriter::with_capacity(256 * 1024, File::create(&new)?), context: Context::new(&SHA256) };
    let length = |length: usize| u32::try_from(length).map_err(io::Error::other);
    out.put(&MAGIC)?;
    out.put(&book.synced.unwrap_or_default().micros().to_le_bytes())?;
    out.put(&book.version.to_le_bytes())?;
    out.put(&length(book.slots.len())?.to_le_bytes())?;
    out.put(&length(book.text.len())?.to_le_bytes())?;
    for slot in &book.slots {
        out.put(&slot.short)?;
        out.put(&[number(slot.standing)])?;
        for length in slot.long {
            out.put(&length.to_le_bytes())?;
        }
        out.put(&slot.version.to_le_bytes())?;
    }
    // Rows lie in the text in their order: a book is made so.
    out.put(book.text.as_bytes())?;
    let Digesting { mut out, context } = out;
    out.write_all(context.finish().as_ref())?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(&new, path)?;
    File::open(folder)?.sync_all()
}

/// The directory of the file; nothing where there is none.
///
/// # Errors
/// Where it cannot be read, or is damaged or of another form.
pub(super) fn read(path: &Path) -> io::Result<Option<Book>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    parse(&bytes).map(Some).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it is damaged, or of another form"))
}

fn parse(bytes: &[u8]) -> Option<Book> {
    let (content, written) = bytes.split_at_checked(bytes.len().checked_sub(DIGEST_BYTES)?)?;
    if digest(&SHA256, content).as_ref() != written {
        return None;
    }
    let mut rest = content;
    if take::<8>(&mut rest)? != MAGIC {
        return None;
    }
    let synced = i64::from_le_bytes(take(&mut rest)?);
    let version = u64::from_le_bytes(take(&mut rest)?);
    let count = u32::from_le_bytes(take(&mut rest)?) as usize;
    let length = u32::from_le_bytes(take(&mut rest)?) as usize;
    let (slots, text) = rest.split_at_checked(count.checked_mul(SLOT_BYTES)?)?;
    let text = std::str::from_utf8(text).ok().filter(|text| text.len() == length)?;
    let mut rows = Rows { slots: Vec::with_capacity(count), text: text.to_owned() };
    let mut at: u32 = 0;
    for mut slot in slots.chunks_exact(SLOT_BYTES) {
        let short = take(&mut slot)?;
        let [standing] = take(&mut slot)?;
        let long = [u16::from_le_bytes(take(&mut slot)?), u16::from_le_bytes(take(&mut slot)?)];
        let slot = Slot { at, short, standing: standing_of(standing)?, long, version: u64::from_le_bytes(take(&mut slot)?) };
        at = at.checked_add(u32::try_from(slot.bytes()).ok()?)?;
        rows.slots.push(slot);
    }
    let is_whole = at as usize == length && is_sorted(&rows);
    is_whole.then(|| Book::new(rows, version, Some(Timestamp::from_micros(synced))))
}

/// Whether the rows are in the order of their codes, as lookups need it.
fn is_sorted(rows: &Rows) -> bool {
    let code = |row: usize| u32::try_from(row).ok().and_then(|row| rows.facts(row)).map_or("", |facts: Facts<'_>| facts.code);
    (1..rows.slots.len()).all(|row| code(row - 1) < code(row))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*taken)
}

fn number(standing: Standing) -> u8 {
    match standing {
        Standing::Listed => 0,
        Standing::Closed => 1,
        Standing::Unlisted => 2,
        Standing::Group => 3,
    }
}

fn standing_of(number: u8) -> Option<Standing> {
    [Standing::Listed, Standing::Closed, Standing::Unlisted, Standing::Group].get(usize::from(number)).copied()
}

struct Digesting {
    out: BufWriter<File>,
    context: Context,
}

impl Digesting {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.context.update(bytes);
        self.out.write_all(bytes)
    }
}
