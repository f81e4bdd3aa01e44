//! What prefixes stand for, from the outermost element inwards.

use std::collections::HashMap;

/// Values by prefix, innermost last. The default namespace, whose prefix is empty, has a place of its own: it is asked for
/// most, and comparing empty keys is slow where the processor looks at bytes that are not there.
#[derive(Debug)]
pub(super) struct Scopes<'a, V> {
    default: Vec<V>,
    prefixed: HashMap<&'a str, Vec<V>>,
}

impl<'a, V: Copy> Scopes<'a, V> {
    pub(super) fn new() -> Self {
        Self { default: Vec::new(), prefixed: HashMap::new() }
    }

    pub(super) fn innermost(&self, prefix: &str) -> Option<V> {
        let stack = if prefix.is_empty() { Some(&self.default) } else { self.prefixed.get(prefix) };
        stack.and_then(|stack| stack.last()).copied()
    }

    pub(super) fn push(&mut self, prefix: &'a str, value: V) {
        let stack = if prefix.is_empty() { &mut self.default } else { self.prefixed.entry(prefix).or_default() };
        stack.push(value);
    }

    pub(super) fn pop(&mut self, prefix: &str) {
        let stack = if prefix.is_empty() { Some(&mut self.default) } else { self.prefixed.get_mut(prefix) };
        stack.and_then(Vec::pop);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_value_counts_until_it_is_left() {
        let mut scopes = Scopes::new();
        for prefix in ["", "a"] {
            assert_eq!(scopes.innermost(prefix), None);
            scopes.pop(prefix);
            scopes.push(prefix, 1);
            scopes.push(prefix, 2);
            assert_eq!(scopes.innermost(prefix), Some(2));
            scopes.pop(prefix);
            assert_eq!(scopes.innermost(prefix), Some(1));
        }
        scopes.pop("a");
        assert_eq!((scopes.innermost("a"), scopes.innermost("")), (None, Some(1)));
    }
}
