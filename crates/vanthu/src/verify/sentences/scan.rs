//! Reads the sources of the `signature` crate for the sentences that it can say, so that none is left without its Vietnamese.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::verify::Language;
use crate::verify::reason::translated;

/// Text in the sources that looks like a sentence and is none by itself: names of fields and kinds, and frames whose parts are
/// sentences of their own.
const NO_SENTENCES: &[&str] = &[
    // Names of signatures and of signing certificates' holders.
    "signature {}",
    "signer 1",
    "signer {}",
    "level {level}, {}",
    "{signs}, counter-signature {}",
    "thanh tra",
    // Names of transforms and canonical forms, and a weakness for logs.
    "exclusive C14N",
    "exclusive C14N with comments",
    "without signatures",
    "{} in {}",
    "the message digest",
    "the signature value",
    "the time-stamp imprint",
    // Frames around sentences.
    "{PREFIX}{name}: {what}",
    "level {level}: {fault}",
    "{}: {fault}",
    "{} {}",
    "{sentence}, before the claimed signing time",
    "{sentence}: it is proved to be older",
    "no manifest names this signature{reason}",
    "{kind} with {count} documents is none",
    "a container",
    "a simple container",
    "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC",
];

#[test]
fn every_sentence_of_the_verifier_has_its_vietnamese() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../signature/src");
    let mut untranslated = BTreeSet::new();
    let mut seen = 0;
    for (file, text) in sources(&folder) {
        for literal in literals(&text).into_iter().filter(|literal| is_sentence(literal)) {
            seen += 1;
            let sample = filled_in(&literal);
            let local = translated(&sample, Language::Vi);
            if local == sample || is_half_english(&local) {
                untranslated.insert((literal, file.display().to_string()));
            }
        }
    }
    assert!(seen > 300, "only {seen} sentences were found: the sources are not read as they should be");
    let known: BTreeSet<&str> = NO_SENTENCES.iter().copied().collect();
    let missing: Vec<_> = untranslated.iter().filter(|(literal, _)| !known.contains(literal.as_str())).collect();
    assert!(missing.is_empty(), "{} have no Vietnamese sentence: {missing:#?}", missing.len());
    let found: BTreeSet<&str> = untranslated.iter().map(|(literal, _)| literal.as_str()).collect();
    assert_eq!(known.difference(&found).collect::<Vec<_>>(), Vec::<&&str>::new(), "these are translated, or said no more");
}

#[test]
fn literals_are_found_and_what_looks_like_them_is_not() {
    let text = "let a = \"one \\\"two\\\" \\\n   three\"; // \"a comment\"\nlet b = '\"'; x.expect(\"holds by parse\"); b\"by tes\"; r\"ra w\"; \"{x:?} at {}\"";
    assert_eq!(literals(text), ["one \"two\" three", "{x:?} at {}"]);
    assert_eq!(filled_in("{x:?} at {}, {{braces}}"), "7 at 7, {braces}");
    let is_kept: Vec<bool> = ["a sentence", "word", "Upper case", "ASN.1 tag", "{} x"].map(is_sentence).to_vec();
    assert_eq!(is_kept, [true, false, false, true, true]);
}

/// A shorter pattern took the sentence and left the rest of it in a hole.
fn is_half_english(text: &str) -> bool {
    [" the ", " is ", " was ", " not ", " of ", " which "].iter().any(|word| text.contains(word))
}

/// The files of `folder` and below, without modules and parts of files that are compiled for tests only.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut out = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let paths: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        let texts: Vec<(PathBuf, String)> =
            paths.iter().filter(|path| path.is_file()).map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect();
        let tests: BTreeSet<&str> = texts.iter().flat_map(|(_, text)| test_modules(text)).collect();
        let is_test = |path: &Path| path.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| tests.contains(stem));
        open.extend(paths.iter().filter(|path| path.is_dir() && !is_test(path)).cloned());
        for (path, text) in &texts {
            if !is_test(path) {
                let ends = ["#[cfg(test)]\nmod tests {", "#[cfg(test)]\npub(crate) mod tests {"];
                let end = ends.iter().filter_map(|start| text.find(start)).min().unwrap_or(text.len());
                out.push((path.clone(), text[..end].to_owned()));
            }
        }
    }
    out
}

/// Names of modules that a file declares for tests only.
fn test_modules(text: &str) -> impl Iterator<Item = &str> {
    text.split("#[cfg(test)]\n").skip(1).filter_map(|rest| {
        let line = rest.lines().next()?.trim();
        line.split("mod ").nth(1)?.strip_suffix(';')
    })
}

/// String literals outside comments, without the reasons of `expect`.
fn literals(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '/', '\'']) {
        let (before, from) = rest.split_at(at);
        if from.starts_with("//") {
            rest = from.split_once('\n').map_or("", |(_, rest)| rest);
        } else if let Some(character) = ["'\"'", "'\\\"'"].iter().find(|character| from.starts_with(**character)) {
            rest = &from[character.len()..];
        } else if let Some(body) = from.strip_prefix('"') {
            let (literal, behind) = literal(body);
            if !before.ends_with(['b', 'r', '#']) && !before.ends_with("expect(") {
                out.push(literal);
            }
            rest = behind;
        } else {
            rest = &from[1..];
        }
    }
    out
}

/// What stands before the closing quotation mark, and what behind it.
fn literal(body: &str) -> (String, &str) {
    let mut out = String::new();
    let mut letters = body.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (out, &body[at + 1..]),
            '\\' => match letters.next() {
                Some((_, '\n')) => while letters.next_if(|(_, letter)| letter.is_whitespace()).is_some() {},
                Some((_, 'n')) => out.push('\n'),
                Some((_, letter)) => out.push(letter),
                None => break,
            },
            letter => out.push(letter),
        }
    }
    (out, "")
}

/// Reasons are lower-case fragments of several words, but where they start with the name of a format.
fn is_sentence(literal: &str) -> bool {
    let starts = literal.starts_with(|letter: char| letter.is_ascii_lowercase() || matches!(letter, '{' | '/'));
    let is_named = ["ASN.1 ", "XML ", "RSA", "ECDSA", "SignedInfo "].iter().any(|name| literal.starts_with(name));
    literal.is_ascii() && literal.trim().contains(' ') && (starts || is_named)
}

/// The literal as `format!` may fill it.
fn filled_in(literal: &str) -> String {
    let mut out = String::new();
    let mut letters = literal.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '{' | '}' if letters.next_if_eq(&letter).is_some() => out.push(letter),
            '{' => {
                letters.by_ref().find(|letter| *letter == '}');
                out.push('7');
            }
            letter => out.push(letter),
        }
    }
    out
}
