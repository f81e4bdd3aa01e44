//! Reading the fields of a message: each fault is noted under the path the caller sees.

use std::fmt;

use domain::digest::Digest;
use domain::invalid::{self, Checker, Invalid};
use domain::time::{Date, Timestamp};

use crate::convert::time;

/// A message under way: where faults go, and the path of the message.
pub struct Fields<'a> {
    check: &'a mut Checker,
    path: String,
}

/// Reads a request: its value, or all faults of its fields at once.
pub fn read<T>(parse: impl FnOnce(&mut Fields<'_>) -> Option<T>) -> Result<T, Invalid> {
    let mut check = Checker::default();
    let value = parse(&mut Fields::of(&mut check));
    check.finish()?;
    value.ok_or_else(|| Invalid::one("request", "is incomplete"))
}

impl<'a> Fields<'a> {
    /// The fields of the request itself.
    pub const fn of(check: &'a mut Checker) -> Self {
        Self { check, path: String::new() }
    }

    /// The fields of the message in a field.
    pub fn within(&mut self, field: &str) -> Fields<'_> {
        let path = self.path_of(field);
        Fields { check: self.check, path }
    }

    /// The fields of the message at an index of a repeated field.
    pub fn item(&mut self, field: &str, index: usize) -> Fields<'_> {
        let path = format!("{}[{index}]", self.path_of(field));
        Fields { check: self.check, path }
    }

    /// Notes a fault of a field; an empty field is the message itself.
    pub fn fault(&mut self, field: &str, rule: impl fmt::Display) {
        let path = self.path_of(field);
        self.check.fault(path, rule);
    }

    /// Notes a fault unless `holds`.
    pub fn require(&mut self, holds: bool, field: &str, rule: impl fmt::Display) {
        if !holds {
            self.fault(field, rule);
        }
    }

    /// The value, or a noted fault.
    pub fn value<T, E: fmt::Display>(&mut self, field: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|rule| self.fault(field, rule)).ok()
    }

    /// A message that must be there.
    pub fn present<'m, M>(&mut self, field: &str, message: &'m Option<M>) -> Option<&'m M> {
        if message.is_none() {
            self.fault(field, "is required");
        }
        message.as_ref()
    }

    /// A text that people wrote, `min` to `max` characters.
    pub fn text(&mut self, field: &str, value: &str, min: usize, max: usize) -> Option<String> {
        self.value(field, invalid::text(value, min, max)).map(|()| value.to_owned())
    }

    /// A value whose text is parsed; empty is missing.
    pub fn required<T, E: fmt::Display>(&mut self, field: &str, text: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        if text.is_empty() {
            self.fault(field, "is required");
            return None;
        }
        self.value(field, parse(text))
    }

    /// As [`Fields::required`], but empty is none; a fault is none too, and noted.
    pub fn optional<T, E: fmt::Display>(&mut self, field: &str, text: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        if text.is_empty() { None } else { self.value(field, parse(text)) }
    }

    /// A day that must be there.
    pub fn date(&mut self, field: &str, text: &str) -> Option<Date> {
        self.required(field, text, str::parse)
    }

    /// A day, or empty.
    pub fn optional_date(&mut self, field: &str, text: &str) -> Option<Date> {
        self.optional(field, text, str::parse)
    }

    /// A moment, or none.
    pub fn optional_time(&mut self, field: &str, time: &Option<prost_types::Timestamp>) -> Option<Timestamp> {
        let result = time.as_ref().map(time::moment)?;
        self.value(field, result)
    }

    /// A digest, or empty.
    pub fn optional_digest(&mut self, field: &str, bytes: &[u8]) -> Option<Digest> {
        if bytes.is_empty() { None } else { self.value(field, Digest::try_from(bytes)) }
    }

    /// An enum that must be stated. `known` gives the domain's value of a number that means something.
    pub fn stated<T>(&mut self, field: &str, number: i32, known: impl FnOnce(i32) -> Option<T>) -> Option<T> {
        if number == 0 {
            self.fault(field, "is required");
            return None;
        }
        self.any(field, number, known)
    }

    /// An enum, or not stated.
    pub fn any<T>(&mut self, field: &str, number: i32, known: impl FnOnce(i32) -> Option<T>) -> Option<T> {
        if number == 0 {
            return None;
        }
        let value = known(number);
        if value.is_none() {
            self.fault(field, format_args!("has no value {number}"));
        }
        value
    }

    /// The items of a repeated field, `min` to `max` of them. Too many are one fault and are not looked at.
    pub fn items<M, T>(
        &mut self,
        field: &str,
        items: &[M],
        (min, max): (usize, usize),
        mut parse: impl FnMut(&mut Fields<'_>, &M) -> Option<T>,
    ) -> Vec<T> {
        if max == 0 && !items.is_empty() {
            self.fault(field, "must be empty here");
            return Vec::new();
        }
        if items.len() > max {
            self.fault(field, format_args!("has {} items, at most {max} are allowed", items.len()));
            return Vec::new();
        }
        if items.len() < min {
            self.fault(field, "is required");
        }
        items.iter().enumerate().filter_map(|(index, item)| parse(&mut self.item(field, index), item)).collect()
    }

    /// The names of a repeated field, `min` to `max` of them.
    pub fn names<T, E: fmt::Display>(
        &mut self,
        field: &str,
        names: &[String],
        count: (usize, usize),
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Vec<T> {
        self.items(field, names, count, |at, name| at.required("", name, &parse))
    }

    fn path_of(&self, field: &str) -> String {
        match (self.path.is_empty(), field.is_empty()) {
            (true, _) => field.to_owned(),
            (false, true) => self.path.clone(),
            (false, false) => format!("{}.{field}", self.path),
        }
    }
}

/// An enum that the wire and the domain have under the same names: from the domain by `From`, and where requests state it, from
/// the wire by a function that knows the numbers that mean something.
macro_rules! same {
    ($wire:ident = $domain:ty { $($variant:ident),* $(,)? }) => {
        impl From<$domain> for crate::v1::$wire {
            fn from(value: $domain) -> Self {
                match value {
                    $(<$domain>::$variant => Self::$variant,)*
                }
            }
        }
    };
    ($(#[$doc:meta])* $parse:ident: $wire:ident = $domain:ty { $($variant:ident),* $(,)? }) => {
        crate::convert::fields::same!($wire = $domain { $($variant),* });

        $(#[$doc])*
        pub fn $parse(number: i32) -> Option<$domain> {
            match crate::v1::$wire::try_from(number).ok()? {
                crate::v1::$wire::Unspecified => None,
                $(crate::v1::$wire::$variant => Some(<$domain>::$variant),)*
            }
        }
    };
}

pub(crate) use same;
