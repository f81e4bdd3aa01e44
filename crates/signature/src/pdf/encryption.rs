//! Encrypted PDF files (ISO 32000-2, 7.6): the standard security handlers, as far as the empty user password opens them.
//!
//! A file that it does not open stays readable in its bare structure, because names, numbers and references are never
//! encrypted, and the values of signatures are not either; what it says cannot be known.

use std::collections::HashMap;

use super::cipher::{cbc_decrypt, cbc_encrypt, md5, open_padded, rc4};
use super::object::{Dictionary, Object, PdfString};
use crate::algorithm::Digest;

/// Algorithm 2, step (a): what stands in for the missing characters of a password.
const PADDING: [u8; 32] = [
    0x28, 0xbf, 0x4e, 0x5e, 0x4e, 0x75, 0x8a, 0x41, 0x64, 0x00, 0x4e, 0x56, 0xff, 0xfa, 0x01, 0x08, 0x2e, 0x2e, 0x00, 0xb6, 0xd0, 0x68,
    0x3e, 0x80, 0x2f, 0x0c, 0xa9, 0xfe, 0x64, 0x53, 0x69, 0x7a,
];
/// Named crypt filters read; real files have one or two.
const MAX_FILTERS: usize = 16;
/// Algorithm 2.B goes on while the last byte of a round exceeds its number less 31: no byte does after this many.
const MAX_ROUNDS: usize = 287;

/// How the strings and streams of a file are to be read.
#[derive(Debug, Default)]
pub(crate) enum Security {
    /// They are not encrypted.
    #[default]
    Plain,
    /// The empty password opens them.
    Opened(Box<Handler>),
    /// They stay closed, for this reason.
    Locked(String),
}

/// The algorithm of a crypt filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Identity,
    Rc4,
    /// AESV2: a key per object.
    Aes,
    /// AESV3: one key for all.
    AesWithFileKey,
}

/// An opened standard security handler.
#[derive(Debug)]
pub(crate) struct Handler {
    key: Vec<u8>,
    filters: HashMap<Vec<u8>, Method>,
    strings: Method,
    streams: Method,
    encrypts_metadata: bool,
}

/// The object that a string or stream belongs to: its number and generation take part in its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ObjectId {
    pub(crate) number: u32,
    pub(crate) generation: u16,
}

impl Security {
    /// Reads the encryption dictionary of a trailer; `id` is the first string of its `/ID`.
    pub(super) fn open(dictionary: &Dictionary, id: &[u8]) -> Self {
        match Handler::open(dictionary, id) {
            Ok(handler) => Self::Opened(Box::new(handler)),
            Err(reason) => Self::Locked(reason),
        }
    }

    pub(crate) fn is_locked(&self) -> bool {
        matches!(self, Self::Locked(_))
    }
}

impl Handler {
    fn open(dictionary: &Dictionary, id: &[u8]) -> Result<Self, String> {
        match dictionary.name("Filter") {
            Some(b"Standard") => {}
            Some(name) if name.starts_with(b"Adobe.PubSec") || name.starts_with(b"Adobe.PPKLite") => {
                return Err("it is encrypted for the holders of certain keys (public-key security handler)".to_owned());
            }
            name => return Err(format!("its security handler {:?} is not known", String::from_utf8_lossy(name.unwrap_or_default()))),
        }
        let number = |key: &str| dictionary.integer(key).unwrap_or(0);
        let (version, revision) = (number("V"), number("R"));
        let mut filters = HashMap::new();
        let (strings, streams) = match version {
            1 | 2 => (Method::Rc4, Method::Rc4),
            4 | 5 => {
                filters = read_filters(dictionary)?;
                (default_filter(dictionary, "StrF", &filters)?, default_filter(dictionary, "StmF", &filters)?)
            }
            other => return Err(format!("its encryption is of version {other}, which is not known")),
        };
        // Absent means true (ISO 32000-2, table 21).
        let encrypts_metadata = dictionary.lookup("EncryptMetadata") != Some(&Object::Boolean(false));
        let key = match (version, revision) {
            (1 | 2 | 4, 2..=4) => open_legacy(dictionary, id, version, revision, encrypts_metadata)?,
            (5, 5 | 6) => open_aes_256(dictionary, revision)?,
            _ => return Err(format!("its encryption is of version {version} and revision {revision}, which do not go together")),
        };
        Ok(Self { key, filters, strings, streams, encrypts_metadata })
    }

    /// Decrypts every string of an object in place; false where one was not encrypted as it should be and was left as it is.
    ///
    /// The `/Contents` of a signature dictionary is never encrypted (ISO 32000-2, 7.6.2).
    pub(super) fn open_strings(&self, object: &mut Object, id: ObjectId, misencrypted: &mut Vec<usize>) -> bool {
        match object {
            Object::String(string) => self.open_string(string, id),
            Object::Array(items) => {
                let mut sound = true;
                for item in items {
                    sound &= self.open_strings(item, id, misencrypted);
                }
                sound
            }
            Object::Dictionary(dictionary) => {
                let is_signature = dictionary.lookup("ByteRange").is_some();
                let mut sound = true;
                for (key, value) in dictionary.entries_mut() {
                    if !(is_signature && key == b"Contents") {
                        sound &= self.open_strings(value, id, misencrypted);
                    }
                }
                if !sound {
                    misencrypted.push(dictionary.start);
                }
                sound
            }
            Object::Null | Object::Boolean(_) | Object::Integer(_) | Object::Real(_) | Object::Name(_) | Object::Reference(_) => true,
        }
    }

    fn open_string(&self, string: &mut PdfString, id: ObjectId) -> bool {
        let opened = self.decrypt(self.strings, &string.bytes, id);
        let sound = opened.is_some();
        string.bytes = opened.unwrap_or_else(|| std::mem::take(&mut string.bytes));
        sound
    }

    /// The data of a stream before its other filters; `None` where it is not encrypted as its dictionary says.
    pub(super) fn open_stream(&self, dictionary: &Dictionary, data: &[u8], id: ObjectId) -> Option<Vec<u8>> {
        let kind = dictionary.name("Type");
        if kind == Some(b"XRef") {
            return Some(data.to_vec());
        }
        let method = match own_filter(dictionary) {
            Some(name) => *self.filters.get(&name)?,
            None if kind == Some(b"Metadata") && !self.encrypts_metadata => Method::Identity,
            None => self.streams,
        };
        self.decrypt(method, data, id)
    }

    fn decrypt(&self, method: Method, data: &[u8], id: ObjectId) -> Option<Vec<u8>> {
        match method {
            Method::Identity => Some(data.to_vec()),
            Method::Rc4 => Some(rc4(&self.object_key(id, &[]), data)),
            // Writers leave an empty string empty.
            Method::Aes | Method::AesWithFileKey if data.is_empty() => Some(Vec::new()),
            Method::Aes => open_padded(&self.object_key(id, b"sAlT"), data),
            Method::AesWithFileKey => open_padded(&self.key, data),
        }
    }

    /// Algorithm 1: the key of one object.
    fn object_key(&self, id: ObjectId, salt: &[u8]) -> Vec<u8> {
        let (number, generation) = (id.number.to_le_bytes(), id.generation.to_le_bytes());
        let hash = md5(&[&self.key, number.get(..3).unwrap_or_default(), &generation, salt]);
        hash.into_iter().take(self.key.len().saturating_add(5)).collect()
    }
}

/// The crypt filter that a stream names for itself, as its first filter (ISO 32000-2, 7.4.10).
fn own_filter(dictionary: &Dictionary) -> Option<Vec<u8>> {
    fn first(object: Option<&Object>) -> Option<&Object> {
        match object {
            Some(Object::Array(items)) => items.first(),
            other => other,
        }
    }
    let Some(Object::Name(name)) = first(dictionary.lookup("Filter")) else { return None };
    if name != b"Crypt" {
        return None;
    }
    let parameters = match first(dictionary.lookup("DecodeParms")) {
        Some(Object::Dictionary(parameters)) => parameters.name("Name"),
        _ => None,
    };
    Some(parameters.unwrap_or(b"Identity").to_vec())
}

fn read_filters(dictionary: &Dictionary) -> Result<HashMap<Vec<u8>, Method>, String> {
    let mut filters = HashMap::new();
    if let Some(Object::Dictionary(named)) = dictionary.lookup("CF") {
        for (name, filter) in named.entries().iter().take(MAX_FILTERS) {
            let Object::Dictionary(filter) = filter else { continue };
            let method = match filter.name("CFM") {
                None | Some(b"None") => return Err("a crypt filter leaves the deciphering to its handler".to_owned()),
                Some(b"V2") => Method::Rc4,
                Some(b"AESV2") => Method::Aes,
                Some(b"AESV3") => Method::AesWithFileKey,
                Some(other) => return Err(format!("its cipher {:?} is not known", String::from_utf8_lossy(other))),
            };
            filters.insert(name.clone(), method);
        }
    }
    // ISO 32000-2, table 26: the standard name cannot be given another meaning.
    filters.insert(b"Identity".to_vec(), Method::Identity);
    Ok(filters)
}

fn default_filter(dictionary: &Dictionary, key: &str, filters: &HashMap<Vec<u8>, Method>) -> Result<Method, String> {
    let name = dictionary.name(key).unwrap_or(b"Identity");
    filters.get(name).copied().ok_or_else(|| format!("its crypt filter {:?} is missing", String::from_utf8_lossy(name)))
}

fn string<'d>(dictionary: &'d Dictionary, key: &str, length: usize) -> Result<&'d [u8], String> {
    match dictionary.lookup(key) {
        Some(Object::String(string)) => string.bytes.get(..length),
        _ => None,
    }
    .ok_or_else(|| format!("the /{key} of its encryption is missing or too short"))
}

const CLOSED: &str = "it is encrypted and opens with a password only";

/// Revisions 2 to 4: algorithms 2 and 6 with the empty password.
fn open_legacy(dictionary: &Dictionary, id: &[u8], version: i64, revision: i64, encrypts_metadata: bool) -> Result<Vec<u8>, String> {
    let (owner, user) = (string(dictionary, "O", 32)?, string(dictionary, "U", 32)?);
    let permissions = dictionary.integer("P").ok_or("the /P of its encryption is missing")?;
    // Some writers give the 32 bits as an unsigned number.
    let [a, b, c, d, ..] = permissions.to_le_bytes();
    let plain_metadata: &[u8] = if revision >= 4 && !encrypts_metadata { &[0xff; 4] } else { &[] };
    let seed = md5(&[&PADDING, owner, &[a, b, c, d], id, plain_metadata]);
    let stated = dictionary.integer("Length").filter(|bits| (40..=128).contains(bits) && bits % 8 == 0);
    let stated = stated.and_then(|bits| usize::try_from(bits / 8).ok());
    // Version 4 has 128 bits or says so in its crypt filter, in bits or bytes, and most writers of version 2 mean as many where
    // they forget to say so. Which one is right shows by what it opens.
    let lengths = match version {
        1 => vec![5],
        2 => vec![stated.unwrap_or(5), 16],
        _ => vec![16, stated.unwrap_or(16), 5],
    };
    lengths
        .into_iter()
        .map(|length| {
            let mut key = seed.get(..length).unwrap_or(&seed).to_vec();
            if revision >= 3 {
                for _ in 0..50 {
                    key = md5(&[&key]).into_iter().take(length).collect();
                }
            }
            key
        })
        .find(|key| is_user_key(key, user, id, revision))
        .ok_or_else(|| CLOSED.to_owned())
}

/// Algorithms 4 to 6: the user entry is what the key makes of the padding.
fn is_user_key(key: &[u8], user: &[u8], id: &[u8], revision: i64) -> bool {
    if revision == 2 {
        return rc4(key, &PADDING) == user;
    }
    let mut value = md5(&[&PADDING, id]).to_vec();
    for step in 0..20u8 {
        let turned: Vec<u8> = key.iter().map(|byte| byte ^ step).collect();
        value = rc4(&turned, &value);
    }
    user.get(..16) == Some(value.as_slice())
}

/// Revisions 5 and 6: algorithm 2.A with the empty password.
fn open_aes_256(dictionary: &Dictionary, revision: i64) -> Result<Vec<u8>, String> {
    let (user, sealed) = (string(dictionary, "U", 48)?, string(dictionary, "UE", 32)?);
    let part = |from: usize, to: usize| user.get(from..to).unwrap_or_default();
    let hash = |salt: &[u8]| if revision == 5 { Some(Digest::Sha256.of(&[salt]).as_ref().to_vec()) } else { hash_2b(salt) };
    if hash(part(32, 40)).as_deref() != Some(part(0, 32)) {
        return Err(CLOSED.to_owned());
    }
    let key = hash(part(40, 48)).and_then(|key| cbc_decrypt(&key, &[0; 16], sealed));
    key.ok_or_else(|| "the key of its encryption cannot be read".to_owned())
}

/// Algorithm 2.B for the empty user password.
fn hash_2b(salt: &[u8]) -> Option<Vec<u8>> {
    let mut key = Digest::Sha256.of(&[salt]).as_ref().to_vec();
    for round in 0..MAX_ROUNDS {
        let repeated = key.repeat(64);
        let iv: [u8; 16] = key.get(16..32)?.try_into().ok()?;
        let sealed = cbc_encrypt(key.get(..16)?, &iv, &repeated)?;
        // 256 is 1 modulo 3, so that the number's remainder is that of the sum of its bytes.
        let remainder = sealed.get(..16)?.iter().map(|&byte| u32::from(byte)).sum::<u32>() % 3;
        let digest = match remainder {
            0 => Digest::Sha256,
            1 => Digest::Sha384,
            _ => Digest::Sha512,
        };
        key = digest.of(&[&sealed]).as_ref().to_vec();
        if round >= 63 && usize::from(*sealed.last()?) <= round.saturating_sub(31) {
            key.truncate(32);
            return Some(key);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::object::Parser;
    use super::*;

    const ID: &str = "31415926535897932384626433832795";
    const CATALOGUE: ObjectId = ObjectId { number: 1, generation: 0 };

    fn dictionary(text: &str) -> Dictionary {
        let Ok(Object::Dictionary(dictionary)) = Parser::new(text.as_bytes(), 0, 10).object() else { panic!("{text}") };
        dictionary
    }

    /// Encryption dictionaries that `qpdf --static-id` makes with an empty user password, and what the string `Cong van 123` is
    /// in object 1 of the file.
    const MADE: [(&str, &str); 6] = [
        (
            "/V 1/R 2/Length 40/P -4/O<c92422687facee686e373f10b5c7d04738053152f7e2ee30e11c69ec442576ab>\
             /U<b3d9fa366906ef42f354c6deb74c59075eaf334eb7c04356ba0d7f3dd8b51d0a>",
            "ec7c6f86094564a43fc40e7a",
        ),
        (
            "/V 2/R 3/Length 128/P -4/O<566fa873ee33c797cd3b904fdadf814afa34df9a38f6ed41b984e2c6da2aa6f5>\
             /U<e21cc3d13b0faa9934db7d20f11e333e0122456a91bae5134273a6db134c87c4>",
            "34931003cabfde82712e6785",
        ),
        (
            "/V 4/R 4/Length 128/P -4/CF<</StdCF<</CFM/AESV2>>>>/StmF/StdCF/StrF/StdCF\
             /O<566fa873ee33c797cd3b904fdadf814afa34df9a38f6ed41b984e2c6da2aa6f5>\
             /U<e21cc3d13b0faa9934db7d20f11e333e0122456a91bae5134273a6db134c87c4>",
            "7a33d5e7697f71ed021444315353c70abf6eda372baee8d69715379e6b1d705f",
        ),
        (
            "/V 4/R 4/Length 128/P -4/EncryptMetadata false/CF<</StdCF<</CFM/AESV2>>>>/StmF/StdCF/StrF/StdCF\
             /O<566fa873ee33c797cd3b904fdadf814afa34df9a38f6ed41b984e2c6da2aa6f5>\
             /U<b7ae61ae5fe831ccd7979c155d4f926c0122456a91bae5134273a6db134c87c4>",
            "310604e49c4db68e255ac39c1f3e43805bf70f853f848074bc19b27580d00a5d",
        ),
        (
            "/V 5/R 5/Length 256/P -4/CF<</StdCF<</CFM/AESV3>>>>/StmF/StdCF/StrF/StdCF\
             /U<c613d1963d95a71e8e79408a34d6ec98b9e55ed1fb24b03ca512124b827eacbc975051587eb368f74ee094ea411850c9>\
             /UE<de8e10299b1f421733985a80f687a8176700e38114f6c945e3a658d85099bdd1>",
            "8839485630e533999b9f89d95b2abdfe6a8847cf7f3a697687ed7acb78ad8fda",
        ),
        (
            "/V 5/R 6/Length 256/P -4/CF<</StdCF<</CFM/AESV3>>>>/StmF/StdCF/StrF/StdCF\
             /U<894088be3979c8650f280f8094906d2187a0c4490f4c12acf2b37f3e6623b8ee8d385289884cbba14abb83b036aa50ea>\
             /UE<1087ed719b8f567621cfd85b2ac8fd8b77d441e238b780aa8be3f765b07c73c2>",
            "da44ceae9c9e48ddf227cfbb79f52811b3a23d5d22b9afebc13bf0c1fd0ecb30",
        ),
    ];

    fn handler(text: &str, id: &[u8]) -> Option<Box<Handler>> {
        match Security::open(&dictionary(&format!("<</Filter/Standard{text}>>")), id) {
            Security::Opened(handler) => Some(handler),
            Security::Plain | Security::Locked(_) => None,
        }
    }

    #[test]
    fn strings_of_every_version_are_opened_and_of_signatures_all_but_their_values() {
        let id = hex::decode(ID).unwrap();
        for (text, sealed) in MADE {
            let handler = handler(text, &id).unwrap();
            let mut signature = Object::Dictionary(dictionary(&format!("<</ByteRange[0 1 2 3]/Contents<{sealed}>/Name<{sealed}>>>")));
            assert!(handler.open_strings(&mut signature, CATALOGUE, &mut Vec::new()), "{text}");
            let Object::Dictionary(signature) = signature else { panic!("{text}") };
            let string = |key: &str| match signature.lookup(key) {
                Some(Object::String(string)) => string.bytes.clone(),
                other => panic!("{text} {other:?}"),
            };
            assert_eq!((string("Name"), string("Contents")), (b"Cong van 123".to_vec(), hex::decode(sealed).unwrap()), "{text}");
        }
    }

    #[test]
    fn another_user_entry_or_identifier_keeps_a_file_closed() {
        let id = hex::decode(ID).unwrap();
        for (index, (text, _)) in MADE.into_iter().enumerate() {
            let at = text.find("/U<").unwrap() + 3;
            let digit = if text.as_bytes()[at] == b'0' { "1" } else { "0" };
            assert!(handler(&format!("{}{digit}{}", &text[..at], &text[at + 1..]), &id).is_none(), "{text}");
            // AES-256 does without the identifier.
            assert_eq!(handler(text, b"other").is_some(), index >= 4, "{text}");
        }
    }

    #[test]
    fn streams_follow_their_own_filter_and_open_metadata_stays_open() {
        let id = hex::decode(ID).unwrap();
        let (text, sealed) = MADE[3];
        let handler = handler(text, &id).unwrap();
        let sealed = hex::decode(sealed).unwrap();
        let open = |text: &str| handler.open_stream(&dictionary(text), &sealed, CATALOGUE);
        let (plain, raw) = (Some(b"Cong van 123".to_vec()), Some(sealed.clone()));
        assert_eq!(open("<</Length 1>>"), plain);
        assert_eq!(open("<</Filter[/Crypt]/DecodeParms[<</Name/StdCF>>]>>"), plain);
        assert_eq!(open("<</Filter/Crypt>>"), raw);
        assert_eq!(open("<</Filter[/Crypt/FlateDecode]/DecodeParms[<</Name/Identity>>null]>>"), raw);
        assert_eq!(open("<</Filter/Crypt/DecodeParms<</Name/Other>>>>"), None);
        assert_eq!(open("<</Type/Metadata>>"), raw);
        assert_eq!(open("<</Type/XRef>>"), raw);
    }

    proptest! {
        #[test]
        fn arbitrary_entries_never_panic(
            version in 0..6i64,
            revision in 0..8i64,
            length in any::<i64>(),
            strings in proptest::array::uniform3(proptest::collection::vec(any::<u8>(), 0..60)),
            data in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let [owner, user, sealed] = strings.map(hex::encode);
            let cipher = ["V2", "AESV2", "AESV3"][usize::try_from(revision % 3).unwrap()];
            let text = format!(
                "/V {version}/R {revision}/Length {length}/P -4/O<{owner}>/U<{user}>/UE<{sealed}>/CF<</S<</CFM/{cipher}>>>>/StmF/S/StrF/S"
            );
            if let Some(handler) = handler(&text, &data) {
                let _ = handler.open_stream(&dictionary("<<>>"), &data, CATALOGUE);
            }
        }

        #[test]
        fn arbitrary_data_never_panics(index in 0..6usize, data in proptest::collection::vec(any::<u8>(), 0..80)) {
            let handler = handler(MADE[index].0, &hex::decode(ID).unwrap()).unwrap();
            let _ = handler.open_stream(&dictionary("<<>>"), &data, CATALOGUE);
        }
    }
}
