//! Base64 as it comes: decoded piece by piece, never held as a whole.

use std::io::{self, BufRead};

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Where the files of a packet go while it is read.
pub trait Sink {
    /// What stands for a file that was kept, such as its digest.
    type Stored;

    /// A file begins. Its name may come after its bytes, so nothing is told of it here.
    fn begin(&mut self) -> io::Result<()>;
    /// The next bytes of the file.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// The file is complete.
    fn end(&mut self) -> io::Result<Self::Stored>;
}

/// Keeps the files in memory.
#[derive(Debug, Default)]
pub struct InMemory {
    current: Vec<u8>,
}

impl Sink for InMemory {
    type Stored = Vec<u8>;

    fn begin(&mut self) -> io::Result<()> {
        self.current.clear();
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.current.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) -> io::Result<Self::Stored> {
        Ok(std::mem::take(&mut self.current))
    }
}

/// What was read of a file.
pub(crate) struct Decoded {
    /// Its length in bytes.
    pub(crate) size: u64,
    /// Its first bytes, at most [`HEAD`].
    pub(crate) head: Vec<u8>,
}

/// Bytes by which a file's kind is told.
pub(crate) const HEAD: usize = 16;
/// Characters decoded at a time; a multiple of four.
const PIECE: usize = 64 * 1024;

/// The end of a file may lack its padding, as some programs write it.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&base64::alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// Why a content could not be read.
pub(crate) enum ContentError {
    NotBase64,
    Io(io::Error),
}

impl From<io::Error> for ContentError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Reads base64 up to the next `<`, blanks ignored, into the sink.
pub(crate) fn decode(source: &mut impl BufRead, sink: &mut impl Sink) -> Result<Decoded, ContentError> {
    let mut decoded = Decoded { size: 0, head: Vec::new() };
    let mut characters = Vec::with_capacity(PIECE);
    let mut bytes = vec![0; PIECE / 4 * 3];
    let mut is_last = false;
    while !is_last {
        let available = source.fill_buf()?;
        let room = PIECE - characters.len();
        let text = &available[..available.len().min(room)];
        let run = run_length(text);
        characters.extend_from_slice(&text[..run]);
        let blanks = text[run..].iter().take_while(|byte| is_blank(**byte)).count();
        is_last = available.is_empty() || text.get(run + blanks) == Some(&b'<');
        if run + blanks < text.len() && !is_last && blanks == 0 {
            return Err(ContentError::NotBase64);
        }
        source.consume(run + blanks);
        if characters.len() == PIECE || is_last {
            flush(&characters, is_last, &mut bytes, &mut decoded, sink)?;
            characters.clear();
        }
    }
    Ok(decoded)
}

fn flush(characters: &[u8], is_last: bool, bytes: &mut [u8], decoded: &mut Decoded, sink: &mut impl Sink) -> Result<(), ContentError> {
    let length = BASE64.decode_slice(characters, bytes).map_err(|_| ContentError::NotBase64)?;
    // Padding ends a file: a piece in the middle has none.
    if !is_last && length != PIECE / 4 * 3 {
        return Err(ContentError::NotBase64);
    }
    let bytes = &bytes[..length];
    let missing = HEAD.saturating_sub(decoded.head.len()).min(length);
    decoded.head.extend_from_slice(&bytes[..missing]);
    decoded.size += length as u64;
    sink.write(bytes)?;
    Ok(())
}

/// Bytes up to the first that is below the printable characters or begins a tag; looked at in groups, since files are long.
fn run_length(text: &[u8]) -> usize {
    let stops = |byte: &u8| *byte <= b' ' || *byte == b'<';
    let mut from = 0;
    for group in text.chunks(64) {
        if group.iter().fold(false, |any, byte| any | stops(byte)) {
            return from + group.iter().position(stops).unwrap_or(group.len());
        }
        from += group.len();
    }
    from
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    fn read(text: &[u8], buffer: usize) -> Option<(Vec<u8>, u64, Vec<u8>)> {
        let mut source = BufReader::with_capacity(buffer, text);
        let mut sink = InMemory::default();
        let decoded = decode(&mut source, &mut sink).ok()?;
        let mut rest = Vec::new();
        source.read_until(0, &mut rest).unwrap();
        Some((sink.end().unwrap(), decoded.size, rest))
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        for text in ["YWJj=YWJj<", "YWJ*<", "YQ=Y<", "Y<", "YWJj&#10;<"] {
            assert!(read(text.as_bytes(), 8).is_none(), "{text}");
        }
        // RFC 4648, 10, with and without padding, and blanks anywhere.
        assert_eq!(read(b" Zm 9v\r\nYg==<x", 3), Some((b"foob".to_vec(), 4, b"<x".to_vec())));
        assert_eq!(read(b"Zm9vYg<x", 3), Some((b"foob".to_vec(), 4, b"<x".to_vec())));
        assert_eq!(read(b"<x", 3), Some((Vec::new(), 0, b"<x".to_vec())));
    }

    #[test]
    fn padding_in_the_middle_of_a_long_file_is_refused() {
        let mut text = STANDARD.encode(vec![7; 200_000]);
        text.replace_range(PIECE - 2..PIECE, "==");
        assert!(read(text.as_bytes(), 8_192).is_none());
    }

    proptest! {
        #[test]
        fn every_file_comes_out_as_it_went_in(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            repeat in 1_usize..400,
            line in 1_usize..100,
            buffer in 1_usize..5_000,
        ) {
            let bytes = bytes.repeat(repeat);
            let text: Vec<u8> = STANDARD.encode(&bytes).into_bytes().chunks(line * 4 - 1).collect::<Vec<_>>().join(&b"\r\n"[..]);
            let (back, size, rest) = read(&[&text[..], b"</ContentTransferEncoded>"].concat(), buffer).unwrap();
            prop_assert_eq!(size, bytes.len() as u64);
            prop_assert!(back == bytes);
            prop_assert_eq!(rest, b"</ContentTransferEncoded>");
        }
    }
}
