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
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        // Each word gets a number when it is first seen: a million words are looked up once, and counted and laid out by their numbers.
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let mut seen: Vec<(u32, u32)> = Vec::new();
        for (row, name) in (0..).zip(names) {
            for word in words(name) {
                let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                seen.push((*numbers.entry(word).or_insert(next), row));
            }
        }
        let mut order: Vec<(&str, u32)> = numbers.into_iter().collect();
        order.sort_unstable();
        let mut counts = vec![0_u32; order.len()];
        for (number, _) in &seen {
            counts.get_mut(*number as usize).into_iter().for_each(|count| *count += 1);
        }
        let mut starts = Vec::with_capacity(order.len() + 1);
        let mut total = 0;
        for (_, number) in &order {
            starts.push(total);
            // From here on, where the next row of the word goes.
            let Some(count) = counts.get_mut(*number as usize) else { continue };
            total += std::mem::replace(count, total);
        }
        starts.push(total);
        let mut rows = vec![0; seen.len()];
        for (number, row) in seen {
            let Some(at) = counts.get_mut(number as usize) else { continue };
            rows.get_mut(*at as usize).into_iter().for_each(|place| *place = row);
            *at += 1;
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
