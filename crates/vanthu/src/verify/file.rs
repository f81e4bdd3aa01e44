//! One file: opened once, told apart by its head, read once into a buffer that the next file of the thread uses again, judged.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};

use signature::{ContentKind, DocumentReport, Options, TrustStore, verify_asic, verify_cms, verify_cms_over, verify_pdf, verify_xml};

use crate::verify::finding::{self, Finding};
use crate::verify::kind;
use crate::verify::reason::Refusal;
use crate::verify::targets::{Origin, Target};

/// The largest file that is judged: each core holds one in memory, two where the signature is detached. Official documents are
/// below 100 MB.
const MAX_FILE_BYTES: u64 = 512 << 20;

/// A buffer that is kept for the next file; what a larger file took is given back.
const MAX_KEPT_BYTES: usize = 16 << 20;

/// The list of files in an office document takes a few kilobytes.
const TAIL_BYTES: u64 = 256 << 10;

/// Endings that promise a signature: such a file in a folder is told even if its content is something else.
const SIGNED_ENDINGS: [&str; 4] = ["pdf", "p7s", "p7m", "xml"];

/// Endings of containers. Not every zip says what it is in its head.
const CONTAINER_ENDINGS: [&str; 4] = ["asice", "asics", "sce", "scs"];

/// What files are judged with.
pub(crate) struct Judge {
    pub(crate) trust: TrustStore,
    pub(crate) options: Options,
    /// The content of the one detached signature, where it was named.
    pub(crate) content: Option<PathBuf>,
}

/// Room for the files that one thread reads, one after another.
#[derive(Default)]
pub(crate) struct Buffer {
    file: Vec<u8>,
    content: Vec<u8>,
}

impl Judge {
    /// Nothing for a file in a folder that is of no kind that is signed. Never panics, so that one file does not end the run.
    pub(crate) fn judge(&self, buffer: &mut Buffer, target: &Target) -> Option<Finding> {
        let file = target.path.display().to_string();
        let judged = match &target.origin {
            Origin::Refused(refusal) => Err(refusal.clone()),
            Origin::Named | Origin::Found => {
                let judging = AssertUnwindSafe(|| self.judge_file(buffer, &target.path));
                panic::catch_unwind(judging).unwrap_or(Err(Refusal::Internal))
            }
        };
        match judged {
            Err(Refusal::UnknownKind | Refusal::Empty | Refusal::MentionsPdf | Refusal::UnsignedXml) if may_be_passed_over(target) => None,
            Err(refusal) => Some(Finding::of_refusal(file, refusal)),
            Ok(report) => Some(Finding::of_report(file, &report)),
        }
    }

    fn judge_file(&self, buffer: &mut Buffer, path: &Path) -> Result<DocumentReport, Refusal> {
        let (kind, rest) = look(path, &mut buffer.file)?;
        let is_detached = matches!(kind, ContentKind::Cms | ContentKind::ArmouredCms);
        if self.content.is_some() && !is_detached {
            return Err(Refusal::NotDetached);
        }
        rest.read(&mut buffer.file)?;
        let bytes = buffer.file.as_slice();
        match kind {
            ContentKind::Pdf => {
                let report = verify_pdf(bytes, &self.trust, &self.options);
                let is_text_about_pdf = !bytes.starts_with(b"%PDF-") && finding::is_unreadable(&report);
                if is_text_about_pdf { Err(Refusal::MentionsPdf) } else { Ok(report) }
            }
            ContentKind::Cms | ContentKind::ArmouredCms => self.judge_cms(path, kind, bytes, &mut buffer.content),
            ContentKind::Xml if !has_xml_signature(bytes) => Err(Refusal::UnsignedXml),
            ContentKind::Xml => {
                let report = verify_xml(bytes, &self.trust, &self.options);
                readable(report.is_readable, report.document, Refusal::Xml)
            }
            ContentKind::Container => {
                let report = verify_asic(bytes, &self.trust, &self.options);
                readable(report.is_readable, report.document, Refusal::Container)
            }
            ContentKind::Other => Err(Refusal::UnknownKind),
        }
    }

    /// A signature that carries its content is judged by that alone, unless a content was named or it is called like a
    /// detached one beside its file.
    fn judge_cms(&self, path: &Path, kind: ContentKind, cms: &[u8], buffer: &mut Vec<u8>) -> Result<DocumentReport, Refusal> {
        let alone = verify_cms(cms, &self.trust, &self.options);
        if kind == ContentKind::ArmouredCms && alone.encoding.is_none() {
            return Err(Refusal::Armour);
        }
        let beside = || content_beside(path).filter(|_| alone.content.is_none() || ends_in(path, &["p7s"]));
        let content = match self.content.clone().or_else(beside) {
            Some(content) => content,
            None if alone.content.is_none() && alone.is_readable => {
                return Err(Refusal::ContentMissing { looked_for: expected_content(path) });
            }
            None => return Ok(alone.into_document()),
        };
        read(&content, buffer).map_err(|refusal| Refusal::Content(Box::new(refusal)))?;
        Ok(verify_cms_over(cms, buffer, &self.trust, &self.options).into_document())
    }
}

/// The report on what could be read, or why nothing could.
fn readable(is_readable: bool, report: DocumentReport, refusal: fn(String) -> Refusal) -> Result<DocumentReport, Refusal> {
    if is_readable { Ok(report) } else { Err(refusal(report.faults.join("; "))) }
}

/// `X.p7s` signs `X`.
fn content_beside(signature: &Path) -> Option<PathBuf> {
    Some(expected_content(signature)).filter(|content| content != signature && content.is_file())
}

fn expected_content(signature: &Path) -> PathBuf {
    signature.with_extension("")
}

/// A file that came with its folder, and neither name nor content speaks of a signature.
fn may_be_passed_over(target: &Target) -> bool {
    target.origin == Origin::Found && !ends_in(&target.path, &SIGNED_ENDINGS) && !ends_in(&target.path, &CONTAINER_ENDINGS)
}

fn ends_in(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    ending.is_some_and(|ending| endings.contains(&ending.as_str()))
}

/// A file whose head is read.
struct Rest {
    file: File,
    length: u64,
}

/// Pipes and devices are refused before they are opened: they may never answer, or never end.
fn open(path: &Path) -> Result<Rest, Refusal> {
    let facts = fs::metadata(path).map_err(|error| Refusal::unreadable(&error))?;
    if !facts.is_file() {
        return Err(Refusal::NotAFile);
    }
    let file = File::open(path).map_err(|error| Refusal::unreadable(&error))?;
    Ok(Rest { file, length: facts.len() })
}

/// The kind of a file, and what follows the first bytes, which are put into `buffer`.
fn look(path: &Path, buffer: &mut Vec<u8>) -> Result<(ContentKind, Rest), Refusal> {
    empty(buffer);
    let rest = open(path)?;
    let read = Read::by_ref(&mut &rest.file).take(kind::HEAD_BYTES as u64).read_to_end(buffer);
    read.map_err(|error| Refusal::unreadable(&error))?;
    if buffer.is_empty() {
        return Err(Refusal::Empty);
    }
    let is_container = || buffer.starts_with(kind::ZIP) && ends_in(path, &CONTAINER_ENDINGS);
    let kind = kind::of(buffer).or_else(|| is_container().then_some(ContentKind::Container));
    match kind {
        Some(kind) => Ok((kind, rest)),
        None if buffer.starts_with(kind::ZIP) && kind::is_signed_office_document(&tail(path)?) => Err(Refusal::OfficeDocument),
        None => Err(Refusal::UnknownKind),
    }
}

/// The last bytes, where a zip lists its files.
fn tail(path: &Path) -> Result<Vec<u8>, Refusal> {
    let reading = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    reading().map_err(|error| Refusal::unreadable(&error))
}

impl Rest {
    fn read(self, buffer: &mut Vec<u8>) -> Result<(), Refusal> {
        self.read_within(buffer, MAX_FILE_BYTES)
    }

    fn read_within(self, buffer: &mut Vec<u8>, limit: u64) -> Result<(), Refusal> {
        let too_large = Refusal::TooLarge { limit };
        if self.length > limit {
            return Err(too_large);
        }
        // One byte more, so that the end is found without growing.
        let missing = usize::try_from(self.length).unwrap_or(0).saturating_sub(buffer.len()).saturating_add(1);
        buffer.reserve_exact(missing);
        // The file may grow while it is read.
        let room = (limit + 1).saturating_sub(buffer.len() as u64);
        self.file.take(room).read_to_end(buffer).map_err(|error| Refusal::unreadable(&error))?;
        if buffer.len() as u64 <= limit { Ok(()) } else { Err(too_large) }
    }
}

fn read(path: &Path, buffer: &mut Vec<u8>) -> Result<(), Refusal> {
    empty(buffer);
    open(path)?.read(buffer)
}

fn empty(buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.shrink_to(MAX_KEPT_BYTES);
}

/// Whether an XML file names the vocabulary of XML signatures. UTF-16 has zeros between the letters.
fn has_xml_signature(bytes: &[u8]) -> bool {
    const NAMESPACE: &[u8] = b"http://www.w3.org/2000/09/xmldsig#";
    // The last letter is a rare one, and `contains` looks at many bytes at a time.
    const STEP: usize = 256;
    let ends_at = |text: &[u8], end: usize| text.get(..end).is_some_and(|before| before.ends_with(NAMESPACE));
    let names = |text: &[u8]| {
        let steps = text.chunks(STEP).enumerate().filter(|(_, step)| step.contains(&b'#'));
        steps.into_iter().any(|(index, step)| {
            let ends = step.iter().enumerate().filter(|(_, byte)| **byte == b'#').map(|(at, _)| index * STEP + at + 1);
            ends.into_iter().any(|end| ends_at(text, end))
        })
    };
    if bytes.get(..kind::HEAD_BYTES.min(bytes.len())).is_some_and(|head| head.contains(&0)) {
        return names(&bytes.iter().copied().filter(|byte| *byte != 0).collect::<Vec<u8>>());
    }
    names(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_beyond_the_limit_is_refused_and_one_at_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let mut buffer = b"from the file before".to_vec();
        let mut read_within = |path: &Path, limit| {
            empty(&mut buffer);
            open(path)?.read_within(&mut buffer, limit).map(|()| buffer.clone())
        };
        fs::write(&path, [7; 10]).unwrap();
        assert_eq!(read_within(&path, 10), Ok(vec![7; 10]));
        assert_eq!(read_within(&path, 9), Err(Refusal::TooLarge { limit: 9 }));
        assert_eq!(read_within(&folder.path().join("y"), 9), Err(Refusal::Missing));
    }

    #[test]
    fn a_huge_file_without_content_is_refused_without_being_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("huge.pdf");
        fs::write(&path, "%PDF-1.7\n").unwrap();
        File::options().write(true).open(&path).unwrap().set_len(MAX_FILE_BYTES + 1).unwrap();
        let judged = nobodys_judge().judge_file(&mut Buffer::default(), &path);
        assert_eq!(judged, Err(Refusal::TooLarge { limit: MAX_FILE_BYTES }));
    }

    fn nobodys_judge() -> Judge {
        Judge { trust: TrustStore::new(), options: Options::at(0), content: None }
    }

    #[test]
    fn a_buffer_holds_nothing_of_the_file_before_and_not_the_room_of_a_large_one() {
        let folder = tempfile::tempdir().unwrap();
        let (large, small) = (folder.path().join("large.pdf"), folder.path().join("small.pdf"));
        let mut content = b"%PDF-1.7\n".to_vec();
        content.resize(MAX_KEPT_BYTES + (1 << 20), b' ');
        fs::write(&large, &content).unwrap();
        fs::write(&small, "%PDF-1.7\nsmall").unwrap();
        let mut buffer = Buffer::default();
        let judge = nobodys_judge();
        let alone = judge.judge_file(&mut buffer, &small);
        judge.judge_file(&mut buffer, &large).unwrap();
        assert_eq!(buffer.file, content);
        assert_eq!(judge.judge_file(&mut buffer, &small), alone);
        assert_eq!(buffer.file, b"%PDF-1.7\nsmall");
        assert!(buffer.file.capacity() <= MAX_KEPT_BYTES, "{}", buffer.file.capacity());
    }

    #[test]
    fn a_container_is_known_by_its_head_or_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let judge = nobodys_judge();
        for (name, head, is_container) in [
            ("a.zip", b"PK\x03\x04..mimetypeapplication/vnd.etsi.asic-e+zip%PDF-1.4".as_slice(), true),
            ("a.asice", b"PK\x03\x04..META-INF/", true),
            ("a.docx", b"PK\x03\x04..META-INF/", false),
            ("b.asice", b"text", false),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, head).unwrap();
            let judged = judge.judge_file(&mut Buffer::default(), &path);
            // None of them is whole; what counts is as what it was read.
            assert_eq!(matches!(judged, Err(Refusal::Container(_))), is_container, "{name}: {judged:?}");
            assert_eq!(judged == Err(Refusal::UnknownKind), !is_container, "{name}: {judged:?}");
        }
    }

    #[test]
    fn xml_counts_as_signed_by_its_vocabulary_in_any_encoding() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.xml");
        let text = "<?xml version=\"1.0\"?><a><Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"/></a>";
        let wide: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let late = format!("<a>{}{text}</a>", " ".repeat(kind::HEAD_BYTES));
        let near = text.replace("xmldsig#", "xmldsig-more#");
        let texts = [(text.as_bytes(), true), (&wide, true), (late.as_bytes(), true), (near.as_bytes(), false), (b"<a/>", false)];
        for (bytes, is_signed) in texts {
            fs::write(&path, bytes).unwrap();
            let judged = nobodys_judge().judge_file(&mut Buffer::default(), &path);
            assert_eq!(judged == Err(Refusal::UnsignedXml), !is_signed, "{judged:?}");
        }
    }
}
