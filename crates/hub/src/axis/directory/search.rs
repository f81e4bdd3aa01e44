//! Search in a directory, as people type: beginnings of words, with or without marks, in any order, and beginnings of codes.

use domain::letters;

use super::book::{Book, Row, numbers};

/// Words of one search; the rest is not looked at.
const MAX_TERMS: usize = 16;
/// So many candidates are put in order and looked at within a millisecond. Where every term has more, each fits a quarter of the largest
/// directory, and a look at one row after the other soon finds enough that fit all.
const FEW: usize = 32_768;

/// A word of a search.
struct Term {
    /// What stands in a folded name where it fits: a blank, and the word without marks. Nothing in a code.
    in_name: Option<String>,
    /// How a code begins where it fits.
    code: String,
}

/// The rows that have every word of `text`, at most `limit`: the one that has the text as its code first, then in the order of
/// codes. A word fits a name that has a word which begins so, whatever its marks, and a code, of either form, that begins so.
pub(super) fn search(book: &Book, text: &str, limit: usize) -> Vec<Row> {
    let terms = terms(text);
    let mut found: Vec<u32> = Vec::new();
    if terms.is_empty() || limit == 0 {
        return Vec::new();
    }
    found.extend(book.find(text));
    let exact = found.first().copied();
    let few = terms.iter().map(|term| (count(book, term), term)).min_by_key(|(count, _)| *count);
    let more = limit - found.len();
    match few {
        Some((count, term)) if count <= FEW => {
            let mut candidates = candidates(book, term);
            // The rows of one word are in order already: this sort finds such runs.
            candidates.sort();
            candidates.dedup();
            found.extend(candidates.into_iter().filter(|row| Some(*row) != exact && fits(book, *row, &terms)).take(more));
        }
        _ => found.extend(numbers(book.len()).filter(|row| Some(*row) != exact && fits(book, *row, &terms)).take(more)),
    }
    found.into_iter().filter_map(|row| book.row(row)).collect()
}

fn terms(text: &str) -> Vec<Term> {
    let text = letters::composed(text);
    let mut terms = Vec::new();
    for part in text.split(|letter: char| !letter.is_alphanumeric() && letter != '.' && letter != '-') {
        let part = part.trim_matches(['.', '-']);
        // Codes have dots and registration numbers hyphens; names have neither within a word.
        if part.contains(['.', '-']) && part.bytes().any(|byte| byte.is_ascii_digit()) {
            terms.push(Term { in_name: None, code: part.to_ascii_uppercase() });
            continue;
        }
        for word in part.split(['.', '-']).filter(|word| !word.is_empty()) {
            let plain = letters::unmarked(word);
            if !plain.is_empty() {
                terms.push(Term { in_name: Some(format!(" {plain}")), code: word.to_ascii_uppercase() });
            }
        }
    }
    terms.truncate(MAX_TERMS);
    terms
}

fn count(book: &Book, term: &Term) -> usize {
    let names = term.in_name.as_deref().map_or(0, |word| book.words().begins(word.trim_start()).len());
    names + book.code_begins(&term.code).len() + book.old_code_begins(&term.code).len()
}

fn candidates(book: &Book, term: &Term) -> Vec<u32> {
    let mut rows: Vec<u32> = term.in_name.as_deref().map_or_else(Vec::new, |word| book.words().begins(word.trim_start()).to_vec());
    rows.extend(book.code_begins(&term.code));
    rows.extend(book.old_code_begins(&term.code));
    rows
}

fn fits(book: &Book, row: u32, terms: &[Term]) -> bool {
    let Some(facts) = book.facts(row) else { return false };
    terms.iter().all(|term| {
        term.in_name.as_deref().is_some_and(|word| facts.folded.contains(word))
            || facts.code.starts_with(&term.code)
            || facts.old_code.starts_with(&term.code)
    })
}
