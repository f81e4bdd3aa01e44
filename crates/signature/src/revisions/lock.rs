//! Which form fields a signature locks (FieldMDP, ISO 32000-2, table 258).

use crate::pdf::{self, Dictionary, Object};

use super::view::View;

/// Bytes of a name. Each field below another repeats its name, so that long ones would grow without bound.
const MAX_NAME: usize = 1000;

/// What one signature locks.
pub(super) struct Lock {
    action: Vec<u8>,
    /// Fully qualified names.
    fields: Vec<String>,
}

impl Lock {
    pub(super) fn read(parameters: &Dictionary, view: &View<'_>) -> Self {
        let fields = view.file.array(parameters.lookup("Fields"));
        let name = |one: &Object| if let Object::String(name) = view.value(Some(one)) { Some(pdf::text(&name.bytes)) } else { None };
        Self { action: parameters.name("Action").unwrap_or_default().to_vec(), fields: fields.iter().filter_map(name).collect() }
    }

    /// Whether the field of this name is locked; one whose name is too long to compare is. A name stands for the fields below
    /// it, too, and what an unknown action means is not guessed.
    pub(super) fn holds(&self, field: Option<&str>) -> bool {
        let Some(field) = field else { return true };
        let is_below = |field: &str, above: &str| field.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        match self.action.as_slice() {
            // A value of the parent may be one of a locked child.
            b"Include" => self.fields.iter().any(|named| is_below(field, named) || is_below(named, field)),
            b"Exclude" => !self.fields.iter().any(|named| is_below(field, named)),
            _ => true,
        }
    }
}

/// The fully qualified name of a field below one of the name `parent` (ISO 32000-2, 12.7.4.2); nothing where it is too long.
pub(super) fn full_name(parent: Option<&str>, field: &Dictionary, view: &View<'_>) -> Option<String> {
    let parent = parent?;
    let own = match view.value(field.lookup("T")) {
        Object::String(own) if own.bytes.len() > MAX_NAME => return None,
        Object::String(own) => pdf::text(&own.bytes),
        _ => return Some(parent.to_owned()),
    };
    let name = if parent.is_empty() { own } else { format!("{parent}.{own}") };
    Some(name).filter(|name| name.len() <= MAX_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_all_below_it() {
        let lock = |action: &str, fields: &[&str]| Lock {
            action: action.as_bytes().to_vec(),
            fields: fields.iter().map(|&field| field.to_owned()).collect(),
        };
        for (action, fields, field, expected) in [
            ("Include", ["a", "b.c"], "a", true),
            ("Include", ["a", "b.c"], "a.x", true),
            ("Include", ["a", "b.c"], "ab", false),
            ("Include", ["a", "b.c"], "b", true),
            ("Include", ["a", "b.c"], "b.d", false),
            ("Exclude", ["a", "b.c"], "a.x", false),
            ("Exclude", ["a", "b.c"], "b", true),
            ("Exclude", ["a", "b.c"], "ab", true),
            ("All", ["a", "b.c"], "x", true),
            ("Other", ["a", "b.c"], "x", true),
        ] {
            assert_eq!(lock(action, &fields).holds(Some(field)), expected, "{action} {field}");
        }
        assert!(lock("Include", &["a"]).holds(None) && lock("Exclude", &["a"]).holds(None));
    }
}
