//! What a manifest expects, read from its third column: `upstream[...]` and `observed[...]`, as the corpora's README explains.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A row of a manifest.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) file: String,
    pub(crate) path: PathBuf,
    pub(crate) what: String,
    pub(crate) expected: String,
    pub(crate) columns: Vec<String>,
}

impl Row {
    /// Every row; the first three columns are file, what, expected.
    pub(crate) fn all(folder: &Path) -> Vec<Self> {
        let rows = crate::shared::manifest(folder).into_iter();
        let read = rows.map(|columns| Self {
            file: columns[0].clone(),
            path: folder.join(&columns[0]),
            what: columns[1].clone(),
            expected: columns[2].clone(),
            columns,
        });
        read.collect()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        fs::read(&self.path).unwrap()
    }

    /// What other tools said, without the brackets.
    pub(crate) fn observed(&self) -> Option<&str> {
        bracketed(&self.expected, "observed[")
    }

    /// What the tests of the set's project assert.
    pub(crate) fn upstream(&self) -> Option<Upstream<'_>> {
        bracketed(&self.expected, "upstream[").map(|text| Upstream { classes: text.split(" || ").collect() })
    }

    /// What was seen of each signature of a PDF file.
    pub(crate) fn seen_signatures(&self) -> Vec<Seen<'_>> {
        let text = self.observed().unwrap_or(&self.expected);
        text.split(" ; ").filter_map(Seen::read).collect()
    }
}

/// The text between `opening` and the `]` that ends the statement.
fn bracketed<'a>(text: &'a str, opening: &str) -> Option<&'a str> {
    let inner = text.split_once(opening)?.1;
    let end = inner.find("] observed[").or_else(|| inner.rfind(']'))?;
    inner.get(..end)
}

/// One signature as three tools saw it: `field:SubFilter:CRYPTO(yes/no):cov=..:mods=..:docmdp=..`.
#[derive(Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) field: &'a str,
    pub(crate) sub_filter: &'a str,
    /// `VALID` and `BROKEN` are consensus; the other words are weaker.
    pub(crate) arithmetic: &'a str,
    pub(crate) covers: &'a str,
    pub(crate) changes: &'a str,
    pub(crate) is_permitted: &'a str,
}

impl<'a> Seen<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.rsplitn(6, ':');
        let is_permitted = parts.next()?.strip_prefix("docmdp=")?;
        let changes = parts.next()?.strip_prefix("mods=")?;
        let covers = parts.next()?.strip_prefix("cov=")?;
        let arithmetic = parts.next()?.split('(').next()?;
        Some(Self { sub_filter: parts.next()?, field: parts.next()?, arithmetic, covers, changes, is_permitted })
    }
}

/// What the test classes that use a file assert. Several classes may use it for different ends, so that a statement counts only
/// if all that make one agree.
#[derive(Debug)]
pub(crate) struct Upstream<'a> {
    classes: Vec<&'a str>,
}

impl Upstream<'_> {
    /// Whether every signature is intact; nothing where the classes differ or leave it open.
    pub(crate) fn intact(&self) -> Option<bool> {
        let stated = self.classes.iter().map(|class| {
            // A class that expects an exception, or changes the file first, says nothing of the file.
            if class.contains("throws") || class.contains("check skipped") {
                return None;
            }
            let value = |key: &str| class.split(&format!("{key}=")).nth(1).map(|rest| rest.split([';', ']']).next().unwrap_or_default());
            let explicit = ["isSignatureIntact", "isBLevelTechnicallyValid", "isSignatureValid"].map(value);
            let all: Vec<&str> = explicit.into_iter().flatten().map(str::trim).collect();
            match all.as_slice() {
                // What a class expects by default is no statement where it expects a verdict of its own.
                [] => (class.contains("B-level:default") && value("indication").is_none()).then_some(true),
                values if values.iter().all(|value| *value == "true") => Some(true),
                values if values.iter().all(|value| *value == "false") => Some(false),
                _ => None,
            }
        });
        one_value(stated)
    }

    /// The sub-indications of which one has to come out, where that is stated of signatures (`FAILED` is said of time stamps).
    pub(crate) fn sub_indications(&self) -> Option<Vec<String>> {
        let [class] = self.classes[..] else { return None };
        let value = |key: &str| class.split(&format!("; {key}=")).nth(1).map(|rest| rest.split(';').next().unwrap_or_default().trim());
        let indication = value("indication")?;
        let is_of_signatures = indication == "INDETERMINATE" || indication.contains("TOTAL_FAILED");
        is_of_signatures.then(|| value("sub").unwrap_or_default().split('|').map(str::to_owned).collect())
    }

    /// How many signatures there are.
    pub(crate) fn count(&self) -> Option<usize> {
        one_value(self.classes.iter().map(|class| {
            let rest = class.split("n_sigs=").nth(1)?;
            rest.split([';', ']']).next()?.trim().parse().ok()
        }))
    }
}

/// The value that all that have one share.
fn one_value<T: PartialEq>(values: impl Iterator<Item = Option<T>>) -> Option<T> {
    let mut found = values.flatten();
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}

/// The DER of a file that holds DER, PEM (the first block) or bare base64.
pub(crate) fn der(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    let Ok(text) = String::from_utf8(bytes.clone()) else { return bytes };
    let after = text.find("-----BEGIN").map_or(text.as_str(), |at| &text[at..]);
    let lines = after.lines().skip_while(|line| line.starts_with("-----")).take_while(|line| !line.starts_with("-----")).map(str::trim);
    STANDARD.decode(lines.collect::<String>()).unwrap_or(bytes)
}

/// Unix seconds of `2012-10-12T00:00:00+00:00`, `2012-10-12 00:00:00` or `20121012000000`.
pub(crate) fn unix(moment: &str) -> i64 {
    let digits: String = moment.split('+').next().unwrap().chars().filter(char::is_ascii_digit).collect();
    let number = |from: usize, to: usize| digits.get(from..to).and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
    let (year, month, day) = (number(0, 4), number(4, 6), number(6, 8));
    // Days since 1970-01-01 by the rule of the Gregorian calendar, years beginning in March.
    let shifted = if month > 2 { year } else { year - 1 };
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + day_of_year - 719_468;
    days * 86_400 + number(8, 10) * 3600 + number(10, 12) * 60 + number(12, 14)
}
