//! Whether two objects say the same, wherever they stand. Time is linear in what is compared, but for sorting.

use std::collections::HashSet;

use super::view::View;
use crate::pdf::{Dictionary, Object};

/// The same value: references by number, numbers by value, strings by their bytes.
pub(super) fn same(one: &Object, other: &Object) -> bool {
    match (one, other) {
        (Object::Integer(one), Object::Real(other)) | (Object::Real(other), Object::Integer(one)) => *one as f64 == *other,
        (Object::String(one), Object::String(other)) => one.bytes == other.bytes,
        (Object::Array(one), Object::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Object::Dictionary(one), Object::Dictionary(other)) => changed_keys(one, other).is_empty(),
        (one, other) => one == other,
    }
}

/// Keys whose values differ, or that one of the two lacks. A key given twice is a difference: which one counts is anybody's guess.
pub(super) fn changed_keys(one: &Dictionary, other: &Dictionary) -> Vec<String> {
    let (one, other) = (sorted(one), sorted(other));
    let mut changed = Vec::new();
    let (mut left, mut right) = (one.as_slice(), other.as_slice());
    loop {
        let key = match (left.first(), right.first()) {
            (Some((one, _)), Some((other, _))) => (*one).min(*other),
            (Some((key, _)), None) | (None, Some((key, _))) => *key,
            (None, None) => return changed,
        };
        let differs = match (take(&mut left, key), take(&mut right, key)) {
            ([(_, one)], [(_, other)]) => !same(one, other),
            _ => true,
        };
        if differs {
            changed.push(String::from_utf8_lossy(key).into_owned());
        }
    }
}

type Entry<'a> = (&'a [u8], &'a Object);

fn sorted(dictionary: &Dictionary) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = dictionary.entries().iter().map(|(key, value)| (key.as_slice(), value)).collect();
    entries.sort_by_key(|(key, _)| *key);
    entries
}

/// The entries under `key` at the start of `entries`.
fn take<'s, 'a>(entries: &mut &'s [Entry<'a>], key: &[u8]) -> &'s [Entry<'a>] {
    let count = entries.iter().take_while(|(name, _)| *name == key).count();
    let (taken, rest) = entries.split_at(count);
    *entries = rest;
    taken
}

/// Objects that are looked for again and again: two lists of a hundred thousand would take ten thousand million comparisons.
pub(super) struct Among(HashSet<Vec<u8>>);

impl Among {
    pub(super) fn new(objects: &[Object]) -> Self {
        Self(objects.iter().map(print).collect())
    }

    /// Whether one of them is the same as `object`.
    pub(super) fn contains(&self, object: &Object) -> bool {
        self.0.contains(&print(object))
    }
}

/// Bytes that are equal for objects that are the same, and for no others: what has a key twice is the same as nothing.
fn print(object: &Object) -> Vec<u8> {
    let mut out = Vec::new();
    let is_clear = write(object, &mut out);
    if !is_clear {
        // The place of an object is its own.
        out = format!("{object:?}").into_bytes();
    }
    out
}

fn write(object: &Object, out: &mut Vec<u8>) -> bool {
    let mut text = |tag: u8, bytes: &[u8]| {
        out.push(tag);
        out.extend_from_slice(&bytes.len().to_be_bytes());
        out.extend_from_slice(bytes);
    };
    match object {
        Object::Null => text(b'z', &[]),
        Object::Boolean(value) => text(b'b', &[u8::from(*value)]),
        Object::Integer(value) => text(b'n', &(*value as f64).to_be_bytes()),
        Object::Real(value) => text(b'n', &value.to_be_bytes()),
        Object::Name(name) => text(b'/', name),
        Object::String(string) => text(b's', &string.bytes),
        Object::Reference(number) => text(b'r', &number.to_be_bytes()),
        Object::Array(items) => {
            text(b'[', &items.len().to_be_bytes());
            return items.iter().all(|item| write(item, out));
        }
        Object::Dictionary(dictionary) => {
            let entries = sorted(dictionary);
            text(b'<', &entries.len().to_be_bytes());
            let is_clear = entries.windows(2).all(|pair| pair[0].0 != pair[1].0);
            for (key, value) in entries {
                out.extend_from_slice(&key.len().to_be_bytes());
                out.extend_from_slice(key);
                if !write(value, out) {
                    return false;
                }
            }
            return is_clear;
        }
    }
    true
}

/// Whether an object is the same in both states, its stream included.
pub(super) fn same_object(signed: &View<'_>, later: &View<'_>, number: u32) -> bool {
    let (one, other) = (signed.object(number), later.object(number));
    // A reader that repairs may find what a strict one does not: it is no nothing that could be the same as nothing.
    if signed.file.load(number).is_err() || later.file.load(number).is_err() {
        return false;
    }
    // A reference to another generation leads nowhere, for readers that keep to it.
    let same_text = same(&one.object, &other.object) && one.generations == other.generations;
    same_text && one.stream_start.is_some() == other.stream_start.is_some() && {
        // Where a length leads nowhere, nothing can be said to be the same.
        one.stream_start.is_none() || (signed.stream(&one).is_some() && signed.stream(&one) == later.stream(&other))
    }
}

/// The numbers of a rectangle.
pub(super) fn rectangle(object: &Object) -> Option<[f64; 4]> {
    let Object::Array(items) = object else { return None };
    let number = |item: &Object| match item {
        Object::Integer(value) => Some(*value as f64),
        Object::Real(value) => Some(*value),
        _ => None,
    };
    items.iter().map(number).collect::<Option<Vec<f64>>>()?.try_into().ok()
}
