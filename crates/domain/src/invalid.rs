//! All faults of a request at once: each names its field and the rule that it breaks.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One field and the rule it breaks, as a fragment that fits after the field's name: "is longer than 500 characters".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldFault {
    /// The path of the field in the public request, for example `document.subject` or `recipients[2].agency`.
    pub field: String,
    /// The rule.
    pub rule: String,
}

/// The faults of a request, never none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Invalid {
    faults: Vec<FieldFault>,
}

impl Invalid {
    /// One fault.
    pub fn one(field: impl Into<String>, rule: impl fmt::Display) -> Self {
        Self { faults: vec![FieldFault { field: field.into(), rule: rule.to_string() }] }
    }

    /// The faults, in the order they were found.
    pub fn faults(&self) -> &[FieldFault] {
        &self.faults
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.faults.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{} {}", fault.field, fault.rule)?;
        }
        Ok(())
    }
}

/// Collects faults while a request is read.
#[derive(Debug, Default)]
pub struct Checker {
    faults: Vec<FieldFault>,
}

impl Checker {
    /// Notes a fault.
    pub fn fault(&mut self, field: impl Into<String>, rule: impl fmt::Display) {
        self.faults.push(FieldFault { field: field.into(), rule: rule.to_string() });
    }

    /// Notes a fault unless `holds`.
    pub fn require(&mut self, holds: bool, field: impl Into<String>, rule: impl fmt::Display) {
        if !holds {
            self.fault(field, rule);
        }
    }

    /// Notes a fault for each of `items` that stands in the list before.
    pub fn distinct<T: Ord>(&mut self, field: &str, items: &[T]) {
        let mut seen = BTreeSet::new();
        for (i, item) in items.iter().enumerate() {
            self.require(seen.insert(item), format!("{field}[{i}]"), "is named twice");
        }
    }

    /// The value, or a noted fault.
    pub fn parse<T, E: fmt::Display>(&mut self, field: impl Into<String>, result: Result<T, E>) -> Option<T> {
        result.map_err(|e| self.fault(field, e)).ok()
    }

    /// Takes over the faults of a part.
    pub fn merge(&mut self, part: Invalid) {
        self.faults.extend(part.faults);
    }

    /// Whether nothing is at fault so far.
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    /// Refuses if anything is at fault.
    pub fn finish(self) -> Result<(), Invalid> {
        if self.faults.is_empty() { Ok(()) } else { Err(Invalid { faults: self.faults }) }
    }
}

/// Checks a text that people wrote: not blank unless `min` is 0, no control characters, at most `max` characters (not bytes).
/// Characters are Unicode scalar values as sent, which is what columns and XML schemas of the axis count: ệ is one composed, and
/// three decomposed.
pub fn text(value: &str, min: usize, max: usize) -> Result<(), String> {
    let count = value.chars().count();
    if value.chars().any(|c| c.is_control() && c != '\n') {
        Err("holds control characters".into())
    } else if count < min || (min > 0 && value.trim().is_empty()) {
        Err("is required".into())
    } else if count > max {
        Err(format!("has {count} characters, at most {max} are allowed"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_is_bounded_in_characters_and_free_of_control_characters() {
        let faults = |value: &str, min| text(value, min, 3).unwrap_err();
        for value in ["abc", "a\nb", "ệệệ", "e\u{323}\u{302}", " a ", "👍👍👍", "\u{a0}x"] {
            assert_eq!(text(value, 1, 3), Ok(()), "{value:?}");
        }
        for value in ["", "\n", "  \u{2003}"] {
            assert_eq!(text(value, 0, 3), Ok(()), "{value:?}");
            assert_eq!(faults(value, 1), "is required", "{value:?}");
        }
        assert_eq!(faults("ệệệệ", 1), "has 4 characters, at most 3 are allowed");
        assert_eq!(faults("e\u{323}\u{302}n", 0), "has 4 characters, at most 3 are allowed");
        // C0, DEL and C1 (Unicode general category Cc), wherever they stand.
        for control in ["\0", "\t", "\r", "\u{1b}", "\u{7f}", "\u{80}", "\u{9f}"] {
            assert_eq!(faults(&format!("a{control}"), 0), "holds control characters", "{control:?}");
            assert_eq!(faults(control, 1), "holds control characters", "{control:?}");
        }
    }

    #[test]
    fn all_faults_are_told_in_the_order_they_were_found() {
        let mut check = Checker::default();
        assert!(check.is_clean());
        check.require(true, "none", "is fine");
        assert_eq!(check.parse("n", "7".parse::<u8>()), Some(7));
        assert!(check.is_clean());
        check.require(false, "b", "is wrong");
        assert_eq!(check.parse("n", "x".parse::<u8>()), None);
        check.merge(Invalid::one("a", "is required"));
        check.distinct("list", &["x", "y", "x", "x"]);
        assert!(!check.is_clean());
        let invalid = check.finish().unwrap_err();
        let told = "b is wrong; n invalid digit found in string; a is required; list[2] is named twice; list[3] is named twice";
        assert_eq!(invalid.to_string(), told);
        assert_eq!(invalid.faults().len(), 5);
    }

    proptest! {
        #[test]
        fn only_repetitions_are_named_and_each_of_them(items in prop::collection::vec(0..6_u8, 0..12)) {
            let mut check = Checker::default();
            check.distinct("ids", &items);
            let named: Vec<String> = check.finish().err().map_or(vec![], |invalid| invalid.faults().iter().map(|f| f.field.clone()).collect());
            let repeated = (0..items.len()).filter(|i| items[..*i].contains(&items[*i]));
            prop_assert_eq!(named, repeated.map(|i| format!("ids[{i}]")).collect::<Vec<_>>());
        }
    }
}
