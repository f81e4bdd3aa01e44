//! The words of all names: which rows have a word that begins so.

use std::collections::HashMap;

use domain::letters;

/// Words in order, each with the rows that have it. The rows of words with one beginning lie side by side.
#[derive(Debug, Default)]
pub(super) struct Words {
    words: Box<[Box<str>]>,
    /// Where the rows of a word begin; one more than there are words.
    starts: Box<[u32]>,
    rows: Box<[u32]>,
}

impl Words {
    /// The words of names that are folded already, row by row.
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Self {
        let mut counts: HashMap<&str, u32> = HashMap::new();
        for name in names.clone() {
            for word in words(name) {
                *counts.entry(word).or_default() += 1;
            }
        }
        let mut order: Vec<(&str, u32)> = counts.into_iter().collect();
        order.sort_unstable();
        let mut starts = Vec::with_capacity(order.len() + 1);
        let mut total = 0;
        for (_, count) in &order {
            starts.push(total);
            total += count;
        }
        starts.push(total);
        let mut next: HashMap<&str, u32> = order.iter().map(|(word, _)| *word).zip(starts.iter().copied()).collect();
        let mut rows = vec![0; total as usize];
        for (row, name) in (0..).zip(names) {
            for word in words(name) {
                if let Some(at) = next.get_mut(word)
                    && let Some(place) = rows.get_mut(*at as usize)
                {
                    *place = row;
                    *at += 1;
                }
            }
        }
        let words = order.into_iter().map(|(word, _)| Box::from(word)).collect();
        Self { words, starts: starts.into(), rows: rows.into() }
    }

    /// The rows that have a word which begins so: in no order, a row as often as it has such words.
    pub(super) fn begins(&self, start: &str) -> &[u32] {
        let from = self.words.partition_point(|word| &**word < start);
        let rest = self.words.get(from..).unwrap_or_default();
        let to = from + rest.partition_point(|word| word.starts_with(start));
        let (Some(from), Some(to)) = (self.starts.get(from), self.starts.get(to)) else { return &[] };
        self.rows.get(*from as usize..*to as usize).unwrap_or_default()
    }
}

fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(' ').filter(|word| !word.is_empty())
}

/// The words of a name in small letters without marks, a blank before each: `Sở Tài chính` is ` so tai chinh`.
pub(super) fn folded(name: &str) -> String {
    let plain = letters::unmarked(name);
    let mut folded = String::with_capacity(plain.len() + 1);
    for word in plain.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        folded.push(' ');
        folded.push_str(word);
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_by_their_beginnings() {
        let names = ["Sở Tài chính", "Sở Tài nguyên", "Ủy ban (xã) Tài-tài", ""].map(folded);
        assert_eq!(names[2], " uy ban xa tai tai");
        let words = Words::new(names.iter().map(String::as_str));
        let begins = |start: &str| {
            let mut rows = words.begins(start).to_vec();
            rows.sort_unstable();
            rows.dedup();
            rows
        };
        assert_eq!(begins("tai"), [0, 1, 2]);
        assert_eq!(begins("so"), [0, 1]);
        assert_eq!(begins("ng"), [1]);
        assert_eq!(begins("ai"), Vec::<u32>::new());
        assert_eq!(begins("zz"), Vec::<u32>::new());
        assert_eq!(begins(""), [0, 1, 2]);
        assert!(Words::default().begins("a").is_empty());
    }
}
