//! Distinguished names: shown to readers, compared by RFC 5280, 7.1, and read for a guess at who signs.

use std::fmt;

use crate::asn1::{Asn1Error, BMP_STRING, Element, OID, SEQUENCE, UTF8_STRING, encode};
use crate::mask;
use crate::oid;
use crate::report::SignerKind;

/// Teletex and other eight-bit strings, read as Latin-1.
const LATIN1_STRINGS: [u8; 2] = [0x14, 0x1b];
/// Four bytes per character.
const UNIVERSAL_STRING: u8 = 0x1c;

/// Attributes that hold numbers of persons.
const MASKED: [&[u8]; 4] = [oid::USER_ID, oid::SERIAL_NUMBER, oid::TELEPHONE, oid::UNIQUE_IDENTIFIER];

/// First words of the names of public bodies and enterprises, lower case.
const ORGANISATION_WORDS: &[&str] = &[
    "ban ",
    "bảo hiểm",
    "bộ ",
    "bệnh viện",
    "chi cục",
    "chính phủ",
    "cổng ",
    "công an",
    "công ty",
    "cục ",
    "cơ quan",
    "doanh nghiệp",
    "hội ",
    "hội đồng",
    "học viện",
    "kho bạc",
    "ngân hàng",
    "nhà xuất bản",
    "phòng ",
    "quốc hội",
    "sở ",
    "thanh tra",
    "thông tấn",
    "tòa án",
    "tổng công ty",
    "tổng cục",
    "trung tâm",
    "trường ",
    "tập đoàn",
    "ubnd",
    "uỷ ban",
    "văn phòng",
    "viện ",
    "xã ",
    "đài ",
    "đại học",
    "đảng ",
    "ủy ban",
];

/// A name as received and in its comparable form.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Name {
    attributes: Vec<(Vec<u8>, String)>,
    comparable: Vec<u8>,
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Name").field(&self.display()).finish()
    }
}

impl Name {
    pub(crate) fn read(element: &Element<'_>) -> Result<Self, Asn1Error> {
        let mut attributes = Vec::new();
        let mut comparable = Vec::new();
        for set in element.children()? {
            comparable.extend(read_relative(&set, &mut attributes)?);
        }
        Ok(Self { attributes, comparable })
    }

    /// The comparable form of one relative distinguished name, whatever its own tag is: appended to that of a name it
    /// gives the longer name.
    pub(crate) fn comparable_relative(set: &Element<'_>) -> Result<Vec<u8>, Asn1Error> {
        read_relative(set, &mut Vec::new())
    }

    /// Equal for names that RFC 5280 calls the same: case, inner spaces and the string type do not matter.
    pub(crate) fn comparable(&self) -> &[u8] {
        &self.comparable
    }

    pub(crate) fn first(&self, kind: &'static [u8]) -> &str {
        self.all(kind).next().unwrap_or_default()
    }

    /// Without any attribute.
    pub(crate) fn is_empty(&self) -> bool {
        self.comparable.is_empty()
    }

    pub(crate) fn all(&self, kind: &'static [u8]) -> impl Iterator<Item = &str> {
        self.attributes.iter().filter(move |(own, _)| own == kind).map(|(_, text)| text.as_str())
    }

    /// `CN=..., O=...`, with personal identifiers masked.
    pub(crate) fn display(&self) -> String {
        let parts = self.attributes.iter().map(|(kind, value)| {
            let known = oid::ATTRIBUTE_NAMES.iter().find(|(identifier, _)| identifier == kind);
            let name = known.map_or_else(|| oid::dotted(kind), |(_, name)| (*name).to_owned());
            let is_identifier = MASKED.contains(&kind.as_slice());
            let value = if is_identifier { masked_identifier(value) } else { self.masked(value) };
            format!("{name}={value}")
        });
        parts.collect::<Vec<_>>().join(", ")
    }

    /// The first common name, with personal identifiers masked: what reasons call a certificate.
    pub(crate) fn label(&self) -> String {
        self.masked(self.first(oid::COMMON_NAME))
    }

    /// `value`, one of its own, with personal identifiers masked. The numbers of organisations are public.
    pub(crate) fn masked(&self, value: &str) -> String {
        match self.signer_kind() {
            SignerKind::Organisation => mask::citizens(value),
            SignerKind::Person | SignerKind::Unknown => mask::numbers(value),
        }
    }

    pub(crate) fn signer_kind(&self) -> SignerKind {
        let common_name = fold(self.first(oid::COMMON_NAME));
        for user_id in self.all(oid::USER_ID).map(fold) {
            if ["cmnd", "cccd", "hc:", "cmt"].iter().any(|prefix| user_id.starts_with(prefix)) {
                return SignerKind::Person;
            }
            if ["mst", "mns", "mdd"].iter().any(|prefix| user_id.starts_with(prefix)) && common_name.is_empty() {
                return SignerKind::Organisation;
            }
        }
        if !self.first(oid::SURNAME).is_empty() || !self.first(oid::GIVEN_NAME).is_empty() {
            return SignerKind::Person;
        }
        let units = self.all(oid::ORGANISATION).chain(self.all(oid::ORGANISATIONAL_UNIT));
        let starts_like_a_body = ORGANISATION_WORDS.iter().any(|word| common_name.starts_with(word) || common_name == word.trim_end());
        if !common_name.is_empty() && (starts_like_a_body || units.map(fold).any(|unit| unit == common_name)) {
            return SignerKind::Organisation;
        }
        let words: Vec<&str> = common_name.split(' ').collect();
        let like_a_name = words.iter().all(|word| !word.is_empty() && word.chars().all(char::is_alphabetic));
        if (2..=5).contains(&words.len()) && like_a_name { SignerKind::Person } else { SignerKind::Unknown }
    }
}

fn read_relative(set: &Element<'_>, attributes: &mut Vec<(Vec<u8>, String)>) -> Result<Vec<u8>, Asn1Error> {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for attribute in set.children()? {
        if attribute.tag != SEQUENCE {
            return Err(Asn1Error::UnexpectedTag { expected: SEQUENCE, found: attribute.tag });
        }
        let mut reader = attribute.reader();
        let kind = reader.expect(OID)?;
        let value = reader.read()?;
        reader.finish()?;
        let text = text(&value);
        parts.push([kind.raw, &encode(UTF8_STRING, fold(&text).as_bytes())].concat());
        attributes.push((kind.content.to_vec(), text));
    }
    // The members of a set have no order, whatever order a writer gave them.
    parts.sort_unstable();
    // A set of two attributes is another name than two sets of one.
    parts.push(vec![0]);
    Ok(parts.concat())
}

fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn text(value: &Element<'_>) -> String {
    match value.tag {
        BMP_STRING => {
            let units = value.content.chunks(2).map(|pair| pair.iter().fold(0u16, |unit, &byte| unit << 8 | u16::from(byte)));
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        UNIVERSAL_STRING => {
            let points = value.content.chunks(4).map(|four| four.iter().fold(0u32, |point, &byte| point << 8 | u32::from(byte)));
            points.map(|point| char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        tag if LATIN1_STRINGS.contains(&tag) => value.content.iter().map(|&byte| char::from(byte)).collect(),
        _ => String::from_utf8_lossy(value.content).into_owned(),
    }
}

/// Keeps a scheme prefix such as `CCCD:` and the last two characters.
fn masked_identifier(value: &str) -> String {
    let (prefix, number) = value.split_once(':').map_or(("", value), |(prefix, number)| (prefix, number));
    let count = number.chars().count();
    let kept: String = number.chars().skip(if count > 4 { count - 2 } else { count }).collect();
    if prefix.is_empty() { format!("***{kept}") } else { format!("{prefix}:***{kept}") }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::asn1::SET;

    pub(crate) fn name_der(attributes: &[(&[u8], &str)]) -> Vec<u8> {
        let sets = attributes.iter().map(|(kind, value)| {
            let pair = [encode(OID, kind), encode(UTF8_STRING, value.as_bytes())].concat();
            encode(SET, &encode(SEQUENCE, &pair))
        });
        encode(SEQUENCE, &sets.collect::<Vec<_>>().concat())
    }

    fn name(attributes: &[(&[u8], &str)]) -> Name {
        Name::read(&Element::parse(&name_der(attributes), SEQUENCE).unwrap()).unwrap()
    }

    #[test]
    fn personal_identifiers_are_masked_in_display() {
        let name = name(&[(oid::USER_ID, "CCCD:096012345678"), (oid::COMMON_NAME, "Nguyễn Văn A")]);
        assert_eq!(name.display(), "UID=CCCD:***78, CN=Nguyễn Văn A");
        let elsewhere = self::name(&[
            (oid::COMMON_NAME, "Nguyễn Văn A 096012345678"),
            (oid::TELEPHONE, "0912345678"),
            (oid::ORGANISATION, "CCCD:096012"),
        ]);
        assert_eq!(elsewhere.display(), "CN=Nguyễn Văn A ***78, telephone=***78, O=CCCD:***12");
    }

    #[test]
    fn names_compare_without_case_and_extra_spaces() {
        let one = name(&[(oid::COMMON_NAME, "Root  CA")]);
        assert_eq!(one.comparable(), name(&[(oid::COMMON_NAME, " root ca")]).comparable());
        assert_ne!(one.comparable(), name(&[(oid::COMMON_NAME, "root ca 2")]).comparable());
        assert_ne!(one.comparable(), name(&[(oid::ORGANISATION, "root ca")]).comparable());
    }

    #[test]
    fn the_order_within_a_set_and_the_string_type_do_not_matter() {
        let pair = |kind: &[u8], tag: u8, value: &[u8]| encode(SEQUENCE, &[encode(OID, kind), encode(tag, value)].concat());
        let (one, two) = (pair(oid::COMMON_NAME, UTF8_STRING, "Sở".as_bytes()), pair(oid::ORGANISATION, UTF8_STRING, b"B"));
        let wide = pair(oid::COMMON_NAME, UNIVERSAL_STRING, &[0, 0, 0, b'S', 0, 0, 0x1e, 0xdf]);
        let read = |members: &[&[u8]]| {
            let der = encode(SEQUENCE, &encode(SET, &members.concat()));
            Name::read(&Element::parse(&der, SEQUENCE).unwrap()).unwrap()
        };
        assert_eq!(read(&[&one, &two]).comparable(), read(&[&two, &one]).comparable());
        assert_eq!(read(&[&one, &two]).comparable(), read(&[&wide, &two]).comparable());
        assert_ne!(read(&[&one, &two]).comparable(), read(&[&one]).comparable());
    }

    #[test]
    fn people_and_organisations_are_told_apart() {
        let person = name(&[(oid::COMMON_NAME, "Bùi Trung Ninh"), (oid::ORGANISATION, "ĐẠI HỌC QUỐC GIA HÀ NỘI")]);
        assert_eq!(person.signer_kind(), SignerKind::Person);
        let portal = name(&[(oid::COMMON_NAME, "CỔNG THÔNG TIN ĐIỆN TỬ CHÍNH PHỦ")]);
        assert_eq!(portal.signer_kind(), SignerKind::Organisation);
        let ministry = name(&[(oid::COMMON_NAME, "BỘ XÂY DỰNG"), (oid::ORGANISATION, "Bộ Xây dựng")]);
        assert_eq!(ministry.signer_kind(), SignerKind::Organisation);
        assert_eq!(name(&[(oid::COMMON_NAME, "x-42")]).signer_kind(), SignerKind::Unknown);
    }
}
