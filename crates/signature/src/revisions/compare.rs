//! Whether two objects say the same, wherever they stand.

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
    let mut keys: Vec<&[u8]> = one.entries().iter().chain(other.entries()).map(|(key, _)| key.as_slice()).collect();
    keys.sort_unstable();
    keys.dedup();
    let name = |key: &[u8]| String::from_utf8_lossy(key).into_owned();
    let differs = |key: &&[u8]| {
        let values = |dictionary: &Dictionary| dictionary.entries().iter().filter(|(name, _)| name == key).cloned().collect::<Vec<_>>();
        match (values(one).as_slice(), values(other).as_slice()) {
            ([(_, one)], [(_, other)]) => !same(one, other),
            _ => true,
        }
    };
    keys.into_iter().filter(differs).map(name).collect()
}

/// Whether an object is the same in both states, its stream included.
pub(super) fn same_object(signed: &View<'_>, later: &View<'_>, number: u32) -> bool {
    let (one, other) = (signed.object(number), later.object(number));
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
