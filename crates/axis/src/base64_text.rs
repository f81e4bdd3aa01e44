//! Base64 in an answer, decoded as it comes.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// The padding at the end is left out by some programs.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&base64::alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// Decodes pieces of base64, blanks between them ignored.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// Characters that do not make four yet.
    left: Vec<u8>,
    is_padded: bool,
}

/// It is not base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotBase64;

impl Decoder {
    pub(crate) fn feed(&mut self, text: &[u8]) -> Result<Vec<u8>, NotBase64> {
        self.left.extend(text.iter().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')));
        let whole = self.left.len() / 4 * 4;
        let bytes = self.decode(whole)?;
        self.left.drain(..whole);
        Ok(bytes)
    }

    pub(crate) fn finish(mut self) -> Result<Vec<u8>, NotBase64> {
        let rest = self.left.len();
        self.decode(rest)
    }

    fn decode(&mut self, length: usize) -> Result<Vec<u8>, NotBase64> {
        let Some(text) = self.left.get(..length).filter(|text| !text.is_empty()) else { return Ok(Vec::new()) };
        // Padding ends it: nothing may follow.
        if self.is_padded {
            return Err(NotBase64);
        }
        self.is_padded = text.ends_with(b"=");
        BASE64.decode(text).map_err(|_| NotBase64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str, piece: usize) -> Result<Vec<u8>, NotBase64> {
        let mut decoder = Decoder::default();
        let mut bytes = Vec::new();
        for piece in text.as_bytes().chunks(piece) {
            bytes.extend(decoder.feed(piece)?);
        }
        bytes.extend(decoder.finish()?);
        Ok(bytes)
    }

    #[test]
    fn pieces_of_any_length_give_the_bytes() {
        // RFC 4648, 10.
        for (text, bytes) in [("", ""), ("Zg==", "f"), ("Zg", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9v\r\nYmFy ", "foobar")] {
            for piece in 1..9 {
                assert_eq!(decode(text, piece).as_deref(), Ok(bytes.as_bytes()), "{text} by {piece}");
            }
        }
    }

    #[test]
    fn what_is_no_base64_is_refused_wherever_the_pieces_end() {
        for text in ["Zg==Zg==", "Z", "Zm9*", "Z=m9", "Zm9vZ", "<html>", "Zg=="] {
            for piece in 1..9 {
                assert_eq!(decode(text, piece).is_err(), text != "Zg==", "{text} by {piece}");
            }
        }
    }
}
