//! What the error codes of an axis mean to a connector.

use std::collections::BTreeMap;

use crate::error::{Error, Outage};

/// What to do about an error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// The packet will never pass.
    Final,
    /// A receiver does not exist or is locked: the packet will never pass to it, its successor may be asked for.
    Receiver,
    /// The credentials are wrong.
    Credentials,
    /// The axis is at fault itself.
    Fault,
}

/// The error codes of an axis. Only those of the LGSP guide are public; an axis with others is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codes(BTreeMap<String, Meaning>);

impl Default for Codes {
    /// The table of the LGSP guide v2.2: 10 invalid file, 15 wrong SystemId or SecretKey, 18 no such receiver, 19 sender not
    /// registered, 20 system error, 21 file processing error, 22 not conforming edXML, 23 receiver locked.
    fn default() -> Self {
        let table = [
            ("10", Meaning::Final),
            ("15", Meaning::Credentials),
            ("18", Meaning::Receiver),
            ("19", Meaning::Final),
            ("20", Meaning::Fault),
            ("21", Meaning::Fault),
            ("22", Meaning::Final),
            ("23", Meaning::Receiver),
        ];
        Self(table.into_iter().map(|(code, meaning)| (code.to_owned(), meaning)).collect())
    }
}

impl Codes {
    /// Gives a code another meaning, or one that had none.
    #[must_use]
    pub fn with(mut self, code: impl Into<String>, meaning: Meaning) -> Self {
        self.0.insert(code.into(), meaning);
        self
    }

    /// The error that an answer with this code is. `receivers` are those of the call.
    #[must_use]
    pub fn error(&self, code: &str, description: &str, receivers: &[String]) -> Error {
        let description = shortened(description);
        match self.0.get(code) {
            Some(Meaning::Final) => Error::Final { code: code.into(), description, receivers: Vec::new() },
            Some(Meaning::Receiver) => {
                let receivers = at_fault(&description, receivers);
                Error::Final { code: code.into(), description, receivers }
            }
            Some(Meaning::Credentials) => Error::StopConnector { code: code.into(), description },
            Some(Meaning::Fault) => Outage::Fault { code: code.into(), description }.into(),
            None => Outage::UnknownCode { code: code.into(), description }.into(),
        }
    }
}

/// The receivers whose codes stand in the axis's words as words; the only receiver where none does.
fn at_fault(description: &str, receivers: &[String]) -> Vec<String> {
    let words: Vec<&str> = description
        .split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '.'))
        .map(|word| word.trim_end_matches('.'))
        .collect();
    let named: Vec<String> = receivers.iter().filter(|code| words.contains(&code.as_str())).cloned().collect();
    match (named.is_empty(), receivers) {
        (true, [only]) => vec![only.clone()],
        _ => named,
    }
}

/// The axis's words go into logs and notices.
fn shortened(text: &str) -> String {
    text.chars().take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_guide_says_what_to_do() {
        let to = ["H12.1".to_owned(), "H12.15".to_owned()];
        let error = |code: &str, words: &str| Codes::default().error(code, words, &to);
        for code in ["10", "19", "22"] {
            assert_eq!(error(code, "x"), Error::Final { code: code.into(), description: "x".into(), receivers: vec![] });
        }
        for code in ["18", "23"] {
            let words = "Đơn vị H12.15 không tồn tại.";
            assert_eq!(error(code, words), Error::Final { code: code.into(), description: words.into(), receivers: vec!["H12.15".into()] });
        }
        assert!(matches!(error("15", ""), Error::StopConnector { .. }));
        for code in ["20", "21"] {
            assert!(matches!(error(code, "").outage(), Some(Outage::Fault { .. })) && !error(code, "").is_alarming());
        }
        for code in ["", "24", "100", "0"] {
            assert!(matches!(error(code, "").outage(), Some(Outage::UnknownCode { .. })) && error(code, "").is_alarming(), "{code}");
        }
    }

    #[test]
    fn receivers_are_found_in_the_words_as_whole_codes() {
        let to = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
        assert_eq!(at_fault("H12.15, H12.2: locked", &to(&["H12.1", "H12.15", "H12.2"])), ["H12.15", "H12.2"]);
        assert_eq!(at_fault("locked", &to(&["H12.1"])), ["H12.1"]);
        assert!(at_fault("locked", &to(&["H12.1", "H12.2"])).is_empty());
        assert_eq!(at_fault("(000.00.15.H12).", &to(&["000.00.15.H12", "H12"])), ["000.00.15.H12"]);
    }

    #[test]
    fn a_configured_code_has_its_meaning() {
        let codes = Codes::default().with("900", Meaning::Credentials);
        assert!(matches!(codes.error("900", "", &[]), Error::StopConnector { .. }));
    }
}
