//! How VXP signs its headers: the text that is signed goes along, and the server hashes it again.

use domain::digest::Digest;
use domain::time::Timestamp;
use ring::hmac;

/// Every header of the wire starts so.
pub(crate) const PREFIX: &str = "XroadVnpt-";

/// The three headers that prove the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// `XroadVnpt-sign-header-key`: the names, in the order in which they are signed.
    pub keys: String,
    /// `XroadVnpt-sign-header`: the text that is signed.
    pub text: String,
    /// `XroadVnpt-hash-header`: its HMAC-SHA256 in lower-case hexadecimal digits.
    pub hash: String,
}

/// Signs parameters, given by name without prefix, in their order.
#[must_use]
pub fn sign(secret: &str, parameters: &[(&str, String)]) -> Signed {
    let keys: Vec<&str> = parameters.iter().map(|(name, _)| *name).collect();
    let fields: Vec<String> = parameters.iter().map(|(name, value)| format!("\"{PREFIX}{name}\":{}", json_text(value))).collect();
    let text = format!("{{{}}}", fields.join(","));
    let hash = hash(secret, &text);
    Signed { keys: keys.join(";"), text, hash }
}

/// HMAC-SHA256 of a text in lower-case hexadecimal digits.
#[must_use]
pub fn hash(secret: &str, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::sign(&key, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a hash is that of a text, in a time that does not tell where they differ.
pub(crate) fn is_signed(secret: &str, text: &str, hash: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let digits: Option<Vec<u8>> =
        hash.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())).collect();
    digits.is_some_and(|tag| hmac::verify(&key, text.as_bytes(), &tag).is_ok())
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `ddMMyyyy'T'HHmmss+SSSS`: Vietnam's clock, then milliseconds in four digits; it only looks like an offset.
#[must_use]
pub fn timestamp(at: Timestamp) -> String {
    let (date, second) = (at.date_in_vietnam(), at.second_of_day_in_vietnam());
    let milliseconds = at.micros().rem_euclid(1_000_000) / 1_000;
    format!(
        "{:02}{:02}{:04}T{:02}{:02}{:02}+{milliseconds:04}",
        date.day(),
        date.month(),
        date.year(),
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// The moment of such a text.
#[must_use]
pub fn moment(text: &str) -> Option<Timestamp> {
    let digits = |range: std::ops::Range<usize>| {
        let part = text.get(range).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))?;
        part.parse::<u32>().ok()
    };
    let is_formed = text.len() == 20 && text.get(8..9) == Some("T") && text.get(15..16) == Some("+");
    let year = u16::try_from(digits(4..8)?).ok()?;
    let date = domain::time::Date::new(year, u8::try_from(digits(2..4)?).ok()?, u8::try_from(digits(0..2)?).ok()?).ok()?;
    let (hour, minute, second) = (digits(9..11)?, digits(11..13)?, digits(13..15)?);
    let milliseconds = digits(16..20)?;
    let at = Timestamp::from_vietnam(date, hour * 3600 + minute * 60 + second);
    (is_formed && hour < 24 && minute < 60 && second < 60 && milliseconds < 1_000)
        .then(|| Timestamp::from_micros(at.micros() + i64::from(milliseconds) * 1_000))
}

/// How `hash-file` writes a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum HashFile {
    /// As the vendor's library does: bytes below sixteen as one digit. The mistake has become the protocol.
    #[default]
    Unpadded,
    /// Two digits for each byte.
    Padded,
}

impl HashFile {
    /// The digest's text.
    #[must_use]
    pub fn write(self, digest: &Digest) -> String {
        match self {
            Self::Unpadded => digest.0.iter().map(|byte| format!("{byte:x}")).collect(),
            Self::Padded => digest.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_that_was_taken_from_the_wire_is_met() {
        let parameters = [
            ("systemid", "H12.15".to_owned()),
            ("servicetype", "eDoc".to_owned()),
            ("messagetype", "edoc".to_owned()),
            ("timestamp", "22112026T020318+0434".to_owned()),
            ("Content-Type", "application/json".to_owned()),
        ];
        let signed = sign("s3cr3t-test", &parameters);
        let text = r#"{"XroadVnpt-systemid":"H12.15","XroadVnpt-servicetype":"eDoc","XroadVnpt-messagetype":"edoc","XroadVnpt-timestamp":"22112026T020318+0434","XroadVnpt-Content-Type":"application/json"}"#;
        assert_eq!(signed.text, text);
        assert_eq!(signed.keys, "systemid;servicetype;messagetype;timestamp;Content-Type");
        assert_eq!(signed.hash, "e255bf30bf5ec44850d96166b71dba5fcc765d542a4aa040da97706bfe095659");
        assert!(is_signed("s3cr3t-test", text, &signed.hash));
        for (secret, text, hash) in
            [("other", text, signed.hash.as_str()), ("s3cr3t-test", "{}", &signed.hash), ("s3cr3t-test", text, "zz")]
        {
            assert!(!is_signed(secret, text, hash));
        }
    }

    #[test]
    fn values_with_quotes_are_escaped_in_the_text_that_is_signed() {
        let signed = sign("s", &[("to", r#"["H12.1"]"#.to_owned())]);
        assert_eq!(signed.text, r#"{"XroadVnpt-to":"[\"H12.1\"]"}"#);
    }

    #[test]
    fn the_hash_of_a_file_is_written_as_the_vendor_does_or_in_full() {
        let abc = Digest::try_from(ring::digest::digest(&ring::digest::SHA256, b"abc").as_ref()).unwrap();
        assert_eq!(HashFile::Unpadded.write(&abc), "ba7816bf8f1cfea414140de5dae2223b0361a396177a9cb410ff61f2015ad");
        // FIPS 180-4, the example of SHA-256.
        assert_eq!(HashFile::Padded.write(&abc), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn the_timestamp_has_milliseconds_behind_the_plus() {
        // 2026-11-22 02:03:18.434 in Vietnam is 2026-11-21T19:03:18.434Z, 1795287798 seconds after the epoch.
        let at = Timestamp::from_micros(1_795_287_798_434_999);
        assert_eq!(timestamp(at), "22112026T020318+0434");
        assert_eq!(moment("22112026T020318+0434"), Some(Timestamp::from_micros(1_795_287_798_434_000)));
        for bad in
            ["", "22112026T020318+1434", "32112026T020318+0434", "22112026 020318+0434", "22112026T240318+0434", "22112026T02031８+043"]
        {
            assert_eq!(moment(bad), None, "{bad}");
        }
    }
}
