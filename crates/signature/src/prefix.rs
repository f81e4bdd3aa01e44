//! Digests over several beginnings of one file: the signatures of a document all cover it from its first byte, each up to its
//! own value, so that what one of them covers is hashed once and continued for the next.

use std::cell::RefCell;

use ring::digest::Context;

use crate::algorithm::Digest;

/// The beginnings of one file that were hashed so far.
pub(crate) struct Prefixes<'a> {
    data: &'a [u8],
    /// Lengths that will be asked for, in order.
    marks: Vec<usize>,
    /// Digest and length of each, and the state after it. There is one per mark and digest, and one per other length asked for.
    states: RefCell<Vec<(Digest, usize, Context)>>,
}

impl<'a> Prefixes<'a> {
    /// Those of `data`. On the way to a longer one the state at each of `marks` is kept, so that it does not matter which
    /// of them is asked for first.
    pub(crate) fn new(data: &'a [u8], mut marks: Vec<usize>) -> Self {
        marks.sort_unstable();
        marks.dedup();
        Self { data, marks, states: RefCell::default() }
    }

    /// The digest of the concatenated `parts`. Only where the first of them is a beginning of the file, in place and not merely
    /// alike, is anything remembered.
    pub(crate) fn digest(&self, digest: Digest, parts: &[&[u8]]) -> ring::digest::Digest {
        let Some((first, rest)) = parts.split_first().filter(|(first, _)| self.begins_with(first)) else { return digest.of(parts) };
        let mut context = self.state(digest, first.len());
        rest.iter().for_each(|part| context.update(part));
        context.finish()
    }

    fn begins_with(&self, part: &[u8]) -> bool {
        std::ptr::eq(part.as_ptr(), self.data.as_ptr()) && part.len() <= self.data.len()
    }

    fn state(&self, digest: Digest, length: usize) -> Context {
        let mut states = self.states.borrow_mut();
        let shorter = states.iter().filter(|(known, end, _)| *known == digest && *end <= length).max_by_key(|(_, end, _)| *end);
        let (mut hashed, mut context) = shorter.map_or_else(|| (0, digest.start()), |(_, end, context)| (*end, context.clone()));
        let marks = self.marks.iter().copied().filter(|mark| *mark < length);
        for end in marks.chain([length]) {
            if end > hashed {
                context.update(self.data.get(hashed..end).unwrap_or_default());
                states.push((digest, end, context.clone()));
                hashed = end;
            }
        }
        context
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DIGESTS: [Digest; 4] = [Digest::Sha1, Digest::Sha256, Digest::Sha384, Digest::Sha512];

    #[test]
    fn a_beginning_counts_by_its_place_and_not_by_its_bytes() {
        let data = vec![7u8; 400];
        let elsewhere = vec![7u8; 400];
        let prefixes = Prefixes::new(&data[..300], Vec::new());
        prefixes.digest(Digest::Sha256, &[&elsewhere[..200]]);
        prefixes.digest(Digest::Sha256, &[&data[1..200]]);
        prefixes.digest(Digest::Sha256, &[&data]);
        assert!(prefixes.states.borrow().is_empty());
        prefixes.digest(Digest::Sha256, &[&data[..200]]);
        assert_eq!(prefixes.states.borrow().len(), 1);
    }

    #[test]
    fn marks_are_passed_once_whatever_is_asked_for_first() {
        let data = vec![7u8; 400];
        let prefixes = Prefixes::new(&data, vec![300, 100, 200, 100]);
        for length in [300, 100, 200, 300] {
            let found = prefixes.digest(Digest::Sha256, &[&data[..length]]);
            assert_eq!(found.as_ref(), Digest::Sha256.of(&[&data[..length]]).as_ref());
            assert_eq!(prefixes.states.borrow().iter().map(|(_, end, _)| *end).collect::<Vec<_>>(), [100, 200, 300]);
        }
    }

    proptest! {
        #[test]
        fn what_was_hashed_before_never_changes_a_digest(
            data in proptest::collection::vec(any::<u8>(), 0..600),
            marks in proptest::collection::vec(any::<prop::sample::Index>(), 0..5),
            ranges in proptest::collection::vec(
                (0usize..4, any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..20),
        ) {
            let prefixes = Prefixes::new(&data, marks.into_iter().map(|mark| mark.index(data.len() + 1)).collect());
            for (digest, one, two, three) in ranges {
                let mut cuts = [one, two, three].map(|cut| cut.index(data.len() + 1));
                cuts.sort_unstable();
                let parts = [&data[..cuts[0]], &data[cuts[1]..cuts[2]]];
                let digest = DIGESTS[digest];
                let (found, expected) = (prefixes.digest(digest, &parts), digest.of(&[&parts.concat()]));
                prop_assert_eq!(found.as_ref(), expected.as_ref());
            }
        }
    }
}
