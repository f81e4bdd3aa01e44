//! The clothes that a CMS comes in: plain BER, PEM (RFC 7468, OpenSSL's `PKCS7`), or base64 without a label, as Italian and
//! Vietnamese signing programs write it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Labels under which a SignedData is found.
const LABELS: [&str; 4] = ["CMS", "PKCS7", "PKCS #7 SIGNED DATA", "SIGNED MESSAGE"];

/// Writers leave the padding out where a line is full.
const DECODER: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// How a CMS was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CmsEncoding {
    /// BER or DER.
    Binary,
    /// Base64 between `-----BEGIN` and `-----END` (RFC 7468).
    Pem,
    /// Base64 and white space, nothing else.
    Base64,
}

/// The bare BER of `bytes`. Nothing but white space may stand around an armour: it would be unsigned text in a signed file.
pub(crate) fn take_off(bytes: &[u8]) -> Result<(CmsEncoding, Cow<'_, [u8]>), &'static str> {
    if bytes.first() == Some(&0x30) && !is_base64(bytes) {
        return Ok((CmsEncoding::Binary, Cow::Borrowed(bytes)));
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    let Ok(text) = std::str::from_utf8(text) else { return Err("the file is neither BER nor base64") };
    let Some(after) = text.strip_prefix("-----BEGIN ") else {
        return decode(text).map(|ber| (CmsEncoding::Base64, Cow::Owned(ber)));
    };
    let (label, after) = after.split_once("-----").ok_or("the armour has no end")?;
    if !LABELS.contains(&label) {
        return Err("the armour is not that of a CMS");
    }
    let (body, end) = after.split_once("-----END ").ok_or("the armour has no end")?;
    match end.split_once("-----") {
        Some((last, "")) if last == label => decode(body).map(|ber| (CmsEncoding::Pem, Cow::Owned(ber))),
        Some((last, _)) if last == label => Err("text follows the armour"),
        _ => Err("the armour ends under another label"),
    }
}

/// `0` is a letter of base64 and the first byte of a SEQUENCE; BER has other bytes soon.
fn is_base64(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || b"+/=".contains(byte))
}

fn decode(text: &str) -> Result<Vec<u8>, &'static str> {
    let letters: String = text.split_ascii_whitespace().collect();
    match DECODER.decode(letters) {
        Ok(ber) if ber.first() == Some(&0x30) => Ok(ber),
        Ok(_) => Err("what the base64 holds is no CMS"),
        Err(_) => Err("the file is neither BER nor base64"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_armour_comes_off_and_nothing_may_stand_around_it() {
        // 30 03 02 01 05: `printf '\x30\x03\x02\x01\x05' | base64`.
        let der = [0x30, 3, 2, 1, 5];
        for (text, encoding) in [
            ("MAMCAQU=", CmsEncoding::Base64),
            ("MAMC\r\nAQU", CmsEncoding::Base64),
            ("\u{feff}-----BEGIN CMS-----\nMAMCAQU=\n-----END CMS-----\n", CmsEncoding::Pem),
            (" -----BEGIN PKCS7-----\r\nMAMC\r\nAQU=\r\n-----END PKCS7-----", CmsEncoding::Pem),
        ] {
            assert_eq!(take_off(text.as_bytes()), Ok((encoding, Cow::Borrowed(der.as_slice()))), "{text:?}");
        }
        assert_eq!(take_off(&der), Ok((CmsEncoding::Binary, Cow::Borrowed(der.as_slice()))));
        for text in [
            "",
            "Dear Sir\n-----BEGIN CMS-----\nMAMCAQU=\n-----END CMS-----",
            "-----BEGIN CMS-----\nMAMCAQU=\n-----END CMS-----\nP.S.",
            "-----BEGIN CMS-----\nMAMCAQU=\n-----END CMS-----\n-----BEGIN CMS-----\nMAMCAQU=\n-----END CMS-----",
            "-----BEGIN CMS-----\nMAMCAQU=\n-----END PKCS7-----",
            "-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----",
            "-----BEGIN CMS-----\nMAMCAQU=\n",
            "-----BEGIN CMS",
            "MAMC*QU=",
            "AQID",
        ] {
            assert!(take_off(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
