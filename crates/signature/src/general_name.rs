//! General names (RFC 5280, 4.2.1.6): the forms that name constraints, distribution points and indirect CRLs speak of.

use std::fmt;

use crate::asn1::{Asn1Error, Element, OID, SEQUENCE, UTF8_STRING};
use crate::name::Name;
use crate::oid;

/// Names read per extension. The largest certificates of public web servers carry about two thousand.
const MAX_NAMES: usize = 4096;

/// One general name.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum GeneralName {
    Email(String),
    Dns(String),
    Directory(Name),
    Uri(String),
    /// Four or sixteen bytes in a certificate, twice as many in a constraint.
    Ip(Vec<u8>),
    /// A form that nothing here looks into, by its tag without the constructed bit.
    Other(u8),
}

/// Its form alone: addresses and names carry personal identifiers.
impl fmt::Debug for GeneralName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Email(_) => "Email(..)",
            Self::Dns(_) => "Dns(..)",
            Self::Directory(_) => "Directory(..)",
            Self::Uri(_) => "Uri(..)",
            Self::Ip(_) => "Ip(..)",
            Self::Other(_) => "Other(..)",
        })
    }
}

impl GeneralName {
    /// Reads one member of the choice.
    pub(crate) fn read(element: &Element<'_>) -> Result<Self, Asn1Error> {
        let text = || String::from_utf8(element.content.to_vec()).map_err(|_| Asn1Error::Malformed);
        match element.tag {
            0x81 => text().map(Self::Email),
            0x82 => text().map(Self::Dns),
            // A name is itself a choice, so that its tag is explicit.
            0xa4 => {
                let mut inner = element.reader();
                let name = Name::read(&inner.expect(SEQUENCE)?)?;
                inner.finish()?;
                Ok(Self::Directory(name))
            }
            0xa0 => Self::read_other(element),
            0x86 => text().map(Self::Uri),
            0x87 => Ok(Self::Ip(element.content.to_vec())),
            0x88 | 0xa3 | 0xa5 => Ok(Self::Other(element.tag & 0x1f)),
            _ => Err(Asn1Error::Malformed),
        }
    }

    /// An otherName. A mailbox in UTF-8 is an address, so that it cannot be used to walk around constraints on addresses
    /// (RFC 9598, 6).
    fn read_other(element: &Element<'_>) -> Result<Self, Asn1Error> {
        let mut fields = element.reader();
        if fields.expect(OID)?.content != oid::SMTP_UTF8_MAILBOX {
            return Ok(Self::Other(0));
        }
        let mailbox = fields.expect(0xa0)?.reader().expect(UTF8_STRING)?;
        String::from_utf8(mailbox.content.to_vec()).map(Self::Email).map_err(|_| Asn1Error::Malformed)
    }

    /// The members of a GeneralNames, whatever its own tag is.
    pub(crate) fn read_all(element: &Element<'_>) -> Result<Vec<Self>, Asn1Error> {
        let mut names = Vec::new();
        let mut reader = element.reader();
        while !reader.is_empty() {
            if names.len() >= MAX_NAMES {
                return Err(Asn1Error::TooMany);
            }
            names.push(Self::read(&reader.read()?)?);
        }
        Ok(names)
    }

    /// Equal for names that are the same: directory names by RFC 5280, 7.1, the rest byte for byte. `None` for a form that
    /// nothing here looks into.
    pub(crate) fn key(&self) -> Option<Vec<u8>> {
        let tagged = |tag: u8, bytes: &[u8]| Some([&[tag], bytes].concat());
        match self {
            Self::Email(text) => tagged(1, text.as_bytes()),
            Self::Dns(text) => tagged(2, text.as_bytes()),
            Self::Directory(name) => Some(Self::directory_key(name.comparable())),
            Self::Uri(text) => tagged(6, text.as_bytes()),
            Self::Ip(bytes) => tagged(7, bytes),
            Self::Other(_) => None,
        }
    }

    /// The key of a directory name by its comparable form.
    pub(crate) fn directory_key(comparable: &[u8]) -> Vec<u8> {
        [&[4], comparable].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::{Reader, encode};
    use crate::name::tests::name_der;

    #[test]
    fn the_forms_of_the_choice_are_told_apart() {
        let directory = encode(0xa4, &name_der(&[(oid::COMMON_NAME, "A")]));
        let members = [encode(0x81, b"a@b.vn"), encode(0x82, b"b.vn"), directory, encode(0x87, &[10, 0, 0, 1]), encode(0x88, &[0x2a])];
        let names = encode(SEQUENCE, &members.concat());
        let names = GeneralName::read_all(&Reader::new(&names).read().unwrap()).unwrap();
        assert_eq!(names[0], GeneralName::Email("a@b.vn".to_owned()));
        assert!(matches!(&names[2], GeneralName::Directory(name) if name.first(oid::COMMON_NAME) == "A"));
        assert_eq!(names[4], GeneralName::Other(8));
    }

    #[test]
    fn a_mailbox_in_utf8_is_an_address_and_other_names_are_not() {
        let other = |kind: &[u8]| {
            let value = encode(0xa0, &encode(UTF8_STRING, "Sở@b.vn".as_bytes()));
            let bytes = encode(0xa0, &[encode(OID, kind), value].concat());
            GeneralName::read(&Reader::new(&bytes).read().unwrap()).unwrap()
        };
        assert_eq!(other(oid::SMTP_UTF8_MAILBOX), GeneralName::Email("Sở@b.vn".to_owned()));
        // A Microsoft logon name.
        assert_eq!(other(&[0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 3]), GeneralName::Other(0));
    }

    #[test]
    fn text_that_is_no_text_is_refused() {
        let bytes = encode(0x82, &[0xff]);
        assert!(GeneralName::read(&Reader::new(&bytes).read().unwrap()).is_err());
    }

    #[test]
    fn names_are_counted_before_they_are_kept() {
        let many = encode(SEQUENCE, &encode(0x82, b"a").repeat(MAX_NAMES + 1));
        assert_eq!(GeneralName::read_all(&Reader::new(&many).read().unwrap()), Err(Asn1Error::TooMany));
    }
}
