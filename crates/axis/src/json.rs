//! The JSON of answers, taken apart as it comes: one packet or a hundred thousand rows go through without being held.
//!
//! An answer is an object with a few short fields and one large one. [`Scanner`] is told the path of the large one; it hands out
//! its rows or its text, keeps the short fields that are wanted, and skips the rest, all of it within bounds.

use std::collections::BTreeMap;

use serde_json::Value;

/// What to look for in an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Where the large field is: the names from the root. No name at all: the answer itself is an array of rows.
    pub(crate) path: &'static [&'static str],
    /// What the large field holds.
    pub(crate) large: Large,
    /// Short fields to keep; those within the large field's parents with a dot: `data.docId`.
    pub(crate) wanted: &'static [&'static str],
}

/// The large field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Large {
    /// There is none.
    None,
    /// An array; each element is a row.
    Rows,
    /// A text.
    Text,
}

/// A piece of the large field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// An element, as JSON.
    Row(Vec<u8>),
    /// Some of the text, escapes resolved.
    Text(Vec<u8>),
}

/// Why it is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It begins with something else than JSON does.
    NotJson,
    /// There is no byte in it.
    Empty,
    /// It ends early.
    Cut,
    /// It is not well-formed, or exceeds a bound.
    Malformed(&'static str),
}

/// The short fields of an answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Head {
    fields: BTreeMap<String, Value>,
    /// Whether the large field was there, in the form that was looked for.
    pub(crate) has_large: bool,
}

impl Head {
    /// A field as text: numbers and booleans as JSON writes them; absent, null and empty are nothing.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.fields.get(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(truth) => Some(truth.to_string()),
            _ => None,
        }
    }

    /// Whether a field is there and null.
    pub(crate) fn is_null(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(Value::is_null)
    }
}

/// A field's name.
const KEY_BYTES: usize = 256;
/// A short field that is kept: a description in a few sentences.
const FIELD_BYTES: usize = 16 * 1024;
/// A row: some thirty short texts.
const ROW_BYTES: usize = 64 * 1024;
/// Brackets within brackets of what is skipped or handed out.
const DEPTH: u32 = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    FirstKey,
    NextKey,
    Key { escaped: bool },
    Colon,
    Value,
    Raw,
    Text,
    FirstRow,
    NextRow,
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Field,
    Skip,
    Row,
}

/// Takes an answer apart, whatever pieces it comes in.
#[derive(Debug)]
pub(crate) struct Scanner {
    plan: Plan,
    state: State,
    /// How many names of the path have been gone down.
    level: usize,
    /// The array of rows is the answer itself.
    rows_at_root: bool,
    key: Vec<u8>,
    raw: Vec<u8>,
    purpose: Purpose,
    depth: u32,
    in_string: bool,
    is_scalar: bool,
    escape: Vec<u8>,
    head: Head,
}

impl Scanner {
    pub(crate) fn new(plan: Plan) -> Self {
        Self {
            plan,
            state: State::Start,
            level: 0,
            rows_at_root: false,
            key: Vec::new(),
            raw: Vec::new(),
            purpose: Purpose::Skip,
            depth: 0,
            in_string: false,
            is_scalar: false,
            escape: Vec::new(),
            head: Head::default(),
        }
    }

    /// Takes the next bytes; what they complete goes to `out`.
    pub(crate) fn feed(&mut self, bytes: &[u8], out: &mut Vec<Event>) -> Result<(), Fault> {
        let mut rest = bytes;
        while let Some(first) = rest.first() {
            let used = match self.state {
                State::Raw => self.raw(rest, out)?,
                State::Text => self.text(rest, out)?,
                _ => self.mark(*first)?,
            };
            rest = rest.get(used..).unwrap_or_default();
        }
        Ok(())
    }

    /// The answer has ended: its short fields, if it ended where an answer does.
    pub(crate) fn finish(self) -> Result<Head, Fault> {
        match self.state {
            State::End => Ok(self.head),
            State::Start => Err(Fault::Empty),
            _ => Err(Fault::Cut),
        }
    }

    /// One byte between values. Returns how many bytes it took: none where a value begins with it.
    fn mark(&mut self, byte: u8) -> Result<usize, Fault> {
        if let State::Key { escaped } = self.state {
            return self.in_key(byte, escaped);
        }
        if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
            return Ok(1);
        }
        self.state = match (self.state, byte) {
            // A byte order mark, as some servers write it.
            (State::Start, 0xef | 0xbb | 0xbf) => State::Start,
            (State::Start, b'{') => State::FirstKey,
            (State::Start, b'[') if self.plan.path.is_empty() && self.plan.large == Large::Rows => {
                self.rows_at_root = true;
                self.head.has_large = true;
                State::FirstRow
            }
            (State::Start, _) => return Err(Fault::NotJson),
            (State::FirstKey | State::NextKey, b'}') if self.level == 0 => State::End,
            (State::FirstKey | State::NextKey, b'}') => {
                self.level -= 1;
                State::NextKey
            }
            (State::FirstKey, b'"') => State::Key { escaped: false },
            (State::NextKey, b',') => {
                self.key.clear();
                return self.expect_key();
            }
            (State::Colon, b':') => State::Value,
            (State::Value, _) => return self.value(byte),
            (State::FirstRow | State::NextRow, b']') => {
                if self.rows_at_root {
                    State::End
                } else {
                    State::NextKey
                }
            }
            (State::FirstRow, _) => return Ok(self.begin_raw(byte, Purpose::Row)),
            (State::NextRow, b',') => State::FirstRow,
            (State::End, _) => return Err(Fault::Malformed("something follows the end")),
            _ => return Err(Fault::Malformed("not well-formed JSON")),
        };
        Ok(1)
    }

    fn expect_key(&mut self) -> Result<usize, Fault> {
        self.state = State::FirstKey;
        Ok(1)
    }

    fn in_key(&mut self, byte: u8, escaped: bool) -> Result<usize, Fault> {
        if byte == b'"' && !escaped {
            self.state = State::Colon;
            return Ok(1);
        }
        if self.key.len() >= KEY_BYTES {
            return Err(Fault::Malformed("a field's name is too long"));
        }
        self.key.push(byte);
        self.state = State::Key { escaped: byte == b'\\' && !escaped };
        Ok(1)
    }

    /// A value begins.
    fn value(&mut self, byte: u8) -> Result<usize, Fault> {
        let is_on_path = self.plan.path.get(self.level).is_some_and(|name| name.as_bytes() == self.key);
        let is_last = self.level + 1 == self.plan.path.len();
        match (is_on_path, is_last, self.plan.large, byte) {
            (true, false, _, b'{') => {
                self.level += 1;
                self.key.clear();
                self.state = State::FirstKey;
                Ok(1)
            }
            (true, true, Large::Rows, b'[') => {
                self.head.has_large = true;
                self.state = State::FirstRow;
                Ok(1)
            }
            (true, true, Large::Text, b'"') => {
                self.head.has_large = true;
                self.state = State::Text;
                Ok(1)
            }
            _ => {
                let purpose = if self.plan.wanted.contains(&self.name().as_str()) { Purpose::Field } else { Purpose::Skip };
                Ok(self.begin_raw(byte, purpose))
            }
        }
    }

    /// The name of the current field, with those of its parents.
    fn name(&self) -> String {
        let parents = self.plan.path.iter().take(self.level);
        let mut name: String = parents.flat_map(|parent| [*parent, "."]).collect();
        name.push_str(&String::from_utf8_lossy(&self.key));
        name
    }

    fn begin_raw(&mut self, byte: u8, purpose: Purpose) -> usize {
        self.raw.clear();
        self.purpose = purpose;
        self.depth = 0;
        self.in_string = false;
        self.escape.clear();
        self.is_scalar = !matches!(byte, b'"' | b'{' | b'[');
        self.state = State::Raw;
        0
    }

    /// Bytes of a value that is kept, handed out or skipped as it stands.
    fn raw(&mut self, bytes: &[u8], out: &mut Vec<Event>) -> Result<usize, Fault> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if self.in_string {
                if !self.escape.is_empty() {
                    self.escape.clear();
                    at += 1;
                    continue;
                }
                let run = bytes[at..].iter().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(bytes.len() - at);
                at += run;
                match bytes.get(at) {
                    Some(b'"') => self.in_string = false,
                    Some(_) => self.escape.push(b'\\'),
                    None => break,
                }
                at += 1;
                if !self.in_string && self.depth == 0 {
                    return self.end_raw(&bytes[..at], at, out);
                }
                continue;
            }
            if self.is_scalar {
                if matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n') {
                    return self.end_raw(&bytes[..at], at, out);
                }
                at += 1;
                continue;
            }
            at += 1;
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => {
                    self.depth += 1;
                    if self.depth > DEPTH {
                        return Err(Fault::Malformed("brackets are nested too deeply"));
                    }
                }
                b'}' | b']' => {
                    self.depth = self.depth.checked_sub(1).ok_or(Fault::Malformed("not well-formed JSON"))?;
                    if self.depth == 0 {
                        return self.end_raw(&bytes[..at], at, out);
                    }
                }
                _ => {}
            }
        }
        self.keep(bytes)?;
        Ok(bytes.len())
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let (limit, what) = match self.purpose {
            Purpose::Skip => return Ok(()),
            Purpose::Field => (FIELD_BYTES, "a field is too long"),
            Purpose::Row => (ROW_BYTES, "a row is too long"),
        };
        if self.raw.len() + bytes.len() > limit {
            return Err(Fault::Malformed(what));
        }
        self.raw.extend_from_slice(bytes);
        Ok(())
    }

    fn end_raw(&mut self, last: &[u8], used: usize, out: &mut Vec<Event>) -> Result<usize, Fault> {
        self.keep(last)?;
        let raw = std::mem::take(&mut self.raw);
        match self.purpose {
            Purpose::Row => {
                out.push(Event::Row(raw));
                self.state = State::NextRow;
                return Ok(used);
            }
            Purpose::Field => {
                let value = serde_json::from_slice(&raw).map_err(|_| Fault::Malformed("a field is not well-formed JSON"))?;
                let name = self.name();
                // The first one counts: a second could only contradict it.
                self.head.fields.entry(name).or_insert(value);
            }
            Purpose::Skip => {}
        }
        self.key.clear();
        self.state = State::NextKey;
        Ok(used)
    }

    /// Bytes of the large text.
    fn text(&mut self, bytes: &[u8], out: &mut Vec<Event>) -> Result<usize, Fault> {
        if !self.escape.is_empty() {
            return self.in_escape(bytes, out);
        }
        let run = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(bytes.len());
        let (text, rest) = bytes.split_at(run);
        if !text.is_empty() {
            out.push(Event::Text(text.to_vec()));
        }
        match rest.first() {
            Some(b'"') => {
                self.key.clear();
                self.state = State::NextKey;
                Ok(run + 1)
            }
            Some(_) => {
                self.escape.push(b'\\');
                Ok(run + 1)
            }
            None => Ok(run),
        }
    }

    /// One byte of an escape: `\n`, `\u003d`, or two of the latter for letters beyond the first plane (RFC 8259, 7).
    fn in_escape(&mut self, bytes: &[u8], out: &mut Vec<Event>) -> Result<usize, Fault> {
        let Some(byte) = bytes.first() else { return Ok(0) };
        self.escape.push(*byte);
        let is_high_surrogate = matches!(self.escape.get(2..4), Some([b'd' | b'D', b'8' | b'9' | b'a' | b'A' | b'b' | b'B']));
        let length = match self.escape.get(1) {
            Some(b'u') if is_high_surrogate => 12,
            Some(b'u') => 6,
            _ => 2,
        };
        if self.escape.len() >= length {
            let text = [b"\"", self.escape.as_slice(), b"\""].concat();
            let text: String = serde_json::from_slice(&text).map_err(|_| Fault::Malformed("an escape is not one of JSON"))?;
            out.push(Event::Text(text.into_bytes()));
            self.escape.clear();
        }
        Ok(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const ROWS: Plan = Plan { path: &["data"], large: Large::Rows, wanted: &["status", "data", "count"] };
    const TEXT: Plan = Plan { path: &["data", "edxml"], large: Large::Text, wanted: &["success", "data.docId"] };

    fn scan(plan: Plan, text: &[u8], piece: usize) -> Result<(Head, Vec<Event>), Fault> {
        let mut scanner = Scanner::new(plan);
        let mut out = Vec::new();
        for bytes in text.chunks(piece.max(1)) {
            scanner.feed(bytes, &mut out)?;
        }
        Ok((scanner.finish()?, out))
    }

    fn text_of(events: &[Event]) -> Vec<u8> {
        events.iter().flat_map(|event| if let Event::Text(text) = event { text.clone() } else { Vec::new() }).collect()
    }

    #[test]
    fn rows_come_out_whatever_stands_around_them() {
        let text = br#" {"status":"OK", "x":{"y":["]}\"",1]}, "data" : [ {"a":"}]\\"}, 5 ,"s",[1,[2]] ,null ], "count":3 } "#;
        for piece in [1, 2, 3, 7, 1000] {
            let (head, events) = scan(ROWS, text, piece).unwrap();
            assert_eq!(head.text("status").as_deref(), Some("OK"));
            assert_eq!(head.text("count").as_deref(), Some("3"));
            let rows: Vec<Value> = events
                .iter()
                .map(|event| if let Event::Row(row) = event { serde_json::from_slice(row).unwrap() } else { panic!() })
                .collect();
            assert_eq!(rows, [json!({"a": "}]\\"}), json!(5), json!("s"), json!([1, [2]]), Value::Null]);
        }
    }

    #[test]
    fn a_text_deep_inside_comes_out_and_long_neighbours_are_skipped() {
        let long = "A".repeat(200_000);
        let text = json!({"success": true, "data": {"attachments": [{"fileContent": long}], "docId": 7, "edxml": "PD94\u{1F600}\n/=é"}});
        for piece in [1, 5, 4096] {
            let (head, events) = scan(TEXT, text.to_string().as_bytes(), piece).unwrap();
            assert_eq!(head.text("data.docId").as_deref(), Some("7"));
            assert_eq!(text_of(&events), "PD94\u{1F600}\n/=é".as_bytes());
        }
        // What Gson makes of `=`, what others make of `/`, and letters in two escapes (RFC 8259, 7).
        let (_, events) = scan(TEXT, br#"{"data":{"edxml":"YQ\u003d\u003D\/\ud83d\uDE00"}}"#, 1).unwrap();
        assert_eq!(text_of(&events), "YQ==/\u{1F600}".as_bytes());
    }

    #[test]
    fn what_is_no_answer_is_told_apart() {
        let fault = |text: &str| scan(ROWS, text.as_bytes(), 3).map(|_| ()).unwrap_err();
        assert_eq!(fault(""), Fault::Empty);
        assert_eq!(fault("  \r\n"), Fault::Empty);
        assert_eq!(fault("<html>"), Fault::NotJson);
        assert_eq!(fault("[]"), Fault::NotJson);
        for cut in ["{", "{\"status\"", "{\"status\":\"OK", "{\"data\":[", "{\"data\":[{}", "{\"data\":[{}]", "{\"a\":1"] {
            assert_eq!(fault(cut), Fault::Cut, "{cut}");
        }
        for bad in ["{}x", "{\"a\":1 2}", "{\"data\":[1 2]}", "{\"a\"}", "{1:2}", "{\"status\":OK}", "{\"a\":1]"] {
            assert!(matches!(fault(bad), Fault::Malformed(_)), "{bad}");
        }
        assert!(matches!(fault(&format!("{{\"x\":{}", "[".repeat(100))), Fault::Malformed(_)));
        assert!(matches!(fault(&format!("{{\"data\":[\"{}\"]}}", "a".repeat(100_000))), Fault::Malformed(_)));
        assert!(matches!(fault(&format!("{{\"{}\":1}}", "a".repeat(1_000))), Fault::Malformed(_)));
        assert!(matches!(fault(&format!("{{\"status\":\"{}\"}}", "a".repeat(20_000))), Fault::Malformed(_)));
    }

    #[test]
    fn the_first_of_two_fields_of_one_name_counts() {
        let (head, _) = scan(ROWS, br#"{"status":"FAIL","status":"OK","data":null}"#, 9).unwrap();
        assert_eq!(head.text("status").as_deref(), Some("FAIL"));
        assert!(head.is_null("data") && !head.has_large);
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 24, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::btree_map(any::<String>(), inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_list_is_taken_apart_as_serde_does(rows in proptest::collection::vec(json(), 0..6), other in json(), piece in 1_usize..40) {
            let answer = json!({"a": other, "data": rows, "status": "OK", "z": other}).to_string();
            let (head, events) = scan(ROWS, answer.as_bytes(), piece).unwrap();
            let back: Vec<Value> = events
                .iter()
                .map(|event| if let Event::Row(row) = event { serde_json::from_slice(row).unwrap() } else { Value::Null })
                .collect();
            prop_assert_eq!(head.text("status"), Some("OK".to_owned()));
            prop_assert_eq!(back, rows);
        }

        #[test]
        fn every_text_comes_out_as_it_went_in(text in any::<String>(), piece in 1_usize..40) {
            let answer = json!({"data": {"docId": text, "edxml": text}, "success": true}).to_string();
            let (_, events) = scan(TEXT, answer.as_bytes(), piece).unwrap();
            prop_assert_eq!(text_of(&events), text.into_bytes());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(prop_oneof![Just(b'{'), Just(b'"'), Just(b'['), Just(b']'), Just(b'}'), Just(b','), Just(b':'), Just(b'\\'), any::<u8>()], 0..60)) {
            let _ = scan(ROWS, &bytes, 3);
            let _ = scan(TEXT, &bytes, 2);
        }
    }
}
