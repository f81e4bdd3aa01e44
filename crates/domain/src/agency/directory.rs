//! The directory as CSV files, in the form of `seeds/`: read for an import, written for an export.
//!
//! Lines that begin with `#` are comments. Every line that breaks a rule is named; the rules between lines (parents, codes,
//! successions) are those of the import itself.

mod agencies;
mod groups;
mod signers;
mod successions;

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};

use crate::time::Date;

pub use agencies::{parse_agencies, write_agencies};
pub use groups::{parse_groups, write_groups};
pub use signers::parse_signers;
pub use successions::{parse_successions, write_successions};

/// Bytes of one file: 10,000 agencies of about 200 bytes, and groups with long lists of members.
const MAX_FILE: usize = 8 * 1024 * 1024;
/// Bad lines that are named; behind them the file is not read on.
const MAX_BAD_LINES: usize = 1_000;

/// A line that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {rule}")]
pub struct BadLine {
    /// The line, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub rule: String,
}

/// The columns of a file.
struct Columns {
    required: &'static [&'static str],
    optional: &'static [&'static str],
}

/// One line's fields by the names of their columns; collects what is wrong with them.
struct Line<'a> {
    names: &'a csv::StringRecord,
    fields: &'a csv::StringRecord,
    faults: Vec<String>,
}

/// Reads a file line by line: each gives a value, or faults are noted on the line.
fn read<T>(text: &str, columns: &Columns, limit: usize, parse: impl Fn(&mut Line<'_>) -> Option<T>) -> Result<Vec<T>, Vec<BadLine>> {
    if text.len() > MAX_FILE {
        return Err(vec![BadLine { line: 1, rule: format!("the file has {} bytes, at most {MAX_FILE} are allowed", text.len()) }]);
    }
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let names = reader.headers().map_err(|e| vec![broken(&e)])?.clone();
    let line = names.position().map_or(1, csv::Position::line);
    let faults = columns.faults(&names);
    if !faults.is_empty() {
        return Err(vec![BadLine { line, rule: faults.join("; ") }]);
    }
    let mut values = Vec::new();
    let mut bad = Vec::new();
    for record in reader.records() {
        if bad.len() >= MAX_BAD_LINES {
            break;
        }
        let fields = match record {
            Ok(fields) => fields,
            Err(error) => {
                bad.push(broken(&error));
                continue;
            }
        };
        let number = fields.position().map_or(0, csv::Position::line);
        if values.len() >= limit {
            bad.push(BadLine { line: number, rule: format!("at most {limit} lines are allowed") });
            break;
        }
        let mut line = Line { names: &names, fields: &fields, faults: Vec::new() };
        match parse(&mut line) {
            Some(value) if line.faults.is_empty() => values.push(value),
            _ => bad.push(BadLine { line: number, rule: line.faults.join("; ") }),
        }
    }
    if bad.is_empty() { Ok(values) } else { Err(bad) }
}

fn broken(error: &csv::Error) -> BadLine {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => BadLine {
            line: error.position().map_or(0, csv::Position::line),
            rule: format!("has {len} fields, the first line has {expected_len}; put fields with commas in quotes"),
        },
        _ => BadLine { line: error.position().map_or(0, csv::Position::line), rule: error.to_string() },
    }
}

impl Columns {
    fn faults(&self, names: &csv::StringRecord) -> Vec<String> {
        let mut faults = Vec::new();
        for (i, name) in names.iter().enumerate() {
            if !self.required.contains(&name) && !self.optional.contains(&name) {
                faults.push(format!("column {} is unknown", i + 1));
            } else if names.iter().take(i).any(|other| other == name) {
                faults.push(format!("column {name} is there twice"));
            }
        }
        let missing = self.required.iter().filter(|name| !names.iter().any(|other| other == **name));
        faults.extend(missing.map(|name| format!("column {name} is missing")));
        faults
    }
}

impl Line<'_> {
    /// The text of a column; empty where the file lacks an optional column.
    fn text(&self, name: &str) -> &str {
        self.names.iter().position(|other| other == name).and_then(|i| self.fields.get(i)).unwrap_or("")
    }

    fn fault(&mut self, name: &str, rule: impl fmt::Display) {
        self.faults.push(format!("{name} {rule}"));
    }

    fn parse<T, E: fmt::Display>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        parse(self.text(name)).map_err(|e| self.fault(name, e)).ok()
    }

    /// Like [`Line::parse`], and an empty field is `Some(None)`.
    fn parse_optional<T, E: fmt::Display>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<Option<T>> {
        if self.text(name).is_empty() { Some(None) } else { self.parse(name, parse).map(Some) }
    }

    fn date(&mut self, name: &str) -> Option<Option<Date>> {
        self.parse_optional(name, str::parse::<Date>)
    }
}

/// Reads one of the words of an enum, as the files spell it.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let deserializer: StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
    // The error names the words that are allowed.
    T::deserialize(deserializer).map_err(|e| format!("is not one of the words: {}", e.to_string().chars().take(300).collect::<String>()))
}

/// The word of an enum, as the files spell it.
fn spell<T: serde::Serialize>(value: T) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // A unit variant is written as one field of one record; writing to memory cannot fail.
    let written = writer.serialize(value).is_ok();
    let bytes = writer.into_inner().unwrap_or_default();
    if written { String::from_utf8_lossy(&bytes).trim_end().to_owned() } else { String::new() }
}

/// Writes records under a line of columns.
fn write(columns: impl IntoIterator<Item = &'static str>, records: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let columns: Vec<String> = columns.into_iter().map(str::to_owned).collect();
    for record in std::iter::once(columns).chain(records) {
        // Writing to memory fails only for records of unequal lengths, and all have one field per column.
        if writer.write_record(&record).is_err() {
            break;
        }
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::scene::{Scene, date, id};
    use super::super::{Agency, Code, CodeAssignment, Command, Filter, Id, Kind, Selector, State, Tier, expand, list, successors};
    use super::*;
    use crate::refusal::Refusal;
    use proptest::prelude::*;

    const HEADER: &str = "id,tier,kind,parent,name,short_name,code,old_code,code_provisional,valid_from,state\n";

    #[test]
    fn a_line_becomes_an_agency() {
        let text = format!(
            "# Cà Mau, 2022\n{HEADER}camau,province,peoples_committee,,\"Ủy ban nhân dân tỉnh Cà Mau\",UBND tỉnh,H12,000.00.00.H12,true,1997-01-01,active\n"
        );
        let agencies = parse_agencies(&text).unwrap();
        let [agency] = agencies.as_slice() else { panic!("one agency: {agencies:?}") };
        assert_eq!((agency.id.as_str(), agency.tier, agency.kind), ("camau", Tier::Province, Kind::PeoplesCommittee));
        assert_eq!((agency.name.as_str(), agency.parent.as_ref()), ("Ủy ban nhân dân tỉnh Cà Mau", None));
        let codes: Vec<_> = agency.codes.iter().map(|a| (a.code.to_string(), a.provisional)).collect();
        assert_eq!(codes, [("H12".to_owned(), true), ("000.00.00.H12".to_owned(), true)]);
        let since = agency.valid_from.map(|day| day.to_string());
        assert_eq!((since.as_deref(), agency.valid_until, agency.state), (Some("1997-01-01"), None, State::Active));
    }

    #[test]
    fn every_bad_line_is_named() {
        let text = format!(
            "{HEADER}\
             camau,province,peoples_committee,,Cà Mau,,,,,,active\n\
             Ca Mau,province,peoples_committee,,Cà Mau,,,,,,active\n\
             x,village,peoples_committee,,,,12,,yes,2025-02-30,active\n\
             y,commune\n"
        );
        let bad = parse_agencies(&text).unwrap_err();
        assert_eq!(bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [3, 4, 5]);
        assert!(bad[0].rule.starts_with("id must be 1 to 63 characters"), "{}", bad[0]);
        for part in ["tier is not one of", "name is required", "code is not", "code_provisional is neither", "valid_from is not"] {
            assert!(bad[1].rule.contains(part), "{part}: {}", bad[1]);
        }
        assert!(bad[2].rule.starts_with("has 2 fields, the first line has 11"), "{}", bad[2]);
    }

    #[test]
    fn the_columns_must_be_those_of_the_format() {
        let bad = parse_successions("kind,from,from,when\n").unwrap_err();
        assert_eq!(
            bad,
            [BadLine {
                line: 1,
                rule: "column from is there twice; column 4 is unknown; column to is missing; column effective is missing; column scope is missing".into()
            }]
        );
    }

    #[test]
    fn a_group_is_read_with_all_forms_of_members() {
        let text = "id,name,members\nxa,Các xã,camau.a;code:H12.15;subtree:camau;subtree:camau/commune;subtree:camau/commune/peoples_committee;subtree:camau//ministry\n";
        let groups = parse_groups(text).unwrap();
        let root = Id::parse("camau").unwrap();
        let subtree = |tier, kind| Selector::Subtree { root: root.clone(), tier, kind };
        assert_eq!(
            groups[0].members,
            [
                Selector::Agency(Id::parse("camau.a").unwrap()),
                Selector::Code(Code::parse("H12.15").unwrap()),
                subtree(None, None),
                subtree(Some(Tier::Commune), None),
                subtree(Some(Tier::Commune), Some(Kind::PeoplesCommittee)),
                subtree(None, Some(Kind::Ministry)),
            ]
        );
        assert_eq!(write_groups(&groups), text);
        assert!(parse_groups("id,name,members\nxa,Các xã,subtree:camau/village\n").is_err());
        assert!(parse_groups("id,name,members\nxa,Các xã,\n").is_err());
    }

    fn agencies() -> impl Strategy<Value = Vec<Agency>> {
        prop::collection::vec(agency(), 0..6)
    }

    fn agency() -> impl Strategy<Value = Agency> {
        let slug = || "[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?".prop_map(|text| Id::parse(&text).unwrap());
        let tier = prop::sample::select(vec![Tier::Central, Tier::Province, Tier::District, Tier::Commune]);
        let kind = prop::sample::select(vec![Kind::PeoplesCommittee, Kind::MassOrganisation, Kind::Other]);
        let state = prop::sample::select(vec![State::Active, State::Locked, State::Closed]);
        let name = "[a-zA-ZÀ-ỹ0-9 ,;\"'#\n=-]{0,30}";
        let codes = prop::collection::vec(assignment(), 0..4);
        (slug(), tier, kind, prop::option::of(slug()), name, name, codes, prop::option::of(day()), prop::option::of(day()), state).prop_map(
            |(id, tier, kind, parent, name, short_name, codes, valid_from, valid_until, state)| Agency {
                id,
                tier,
                kind,
                parent,
                name: format!("Ủ{name}"),
                short_name,
                codes,
                state,
                valid_from,
                valid_until,
                changed_seq: 0,
            },
        )
    }

    fn assignment() -> impl Strategy<Value = CodeAssignment> {
        let code = prop_oneof!["[A-Y][0-9]{2}(\\.[0-9]{2}){0,3}", "[0-9]{3}\\.[0-9]{2}\\.[0-9]{2}\\.[A-Y][0-9]{2}", "[0-9]{10}"];
        (code, prop::option::of(day()), prop::option::of(day()), any::<bool>()).prop_map(|(code, valid_from, valid_until, provisional)| {
            CodeAssignment { code: Code::parse(&code).unwrap(), valid_from, valid_until, provisional }
        })
    }

    fn day() -> impl Strategy<Value = Date> {
        (1900..2100_u16, 1..=12_u8, 1..=28_u8).prop_map(|(year, month, day)| Date::new(year, month, day).unwrap())
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(agencies in agencies()) {
            prop_assert_eq!(parse_agencies(&write_agencies(&agencies)), Ok(agencies));
        }

        #[test]
        fn no_text_upsets_the_readers(text in any::<String>()) {
            let with_header = format!("{HEADER}{text}");
            for count in [parse_agencies(&with_header).map(|a| a.len()), parse_groups(&text).map(|g| g.len())] {
                prop_assert!(count.is_err() || count.is_ok_and(|count| count <= text.len()));
            }
        }
    }

    fn seed(name: &str) -> String {
        let path = format!("{}/../../seeds/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("seeds/{name}: {e}"))
    }

    fn read_seed<T>(name: &str, parse: impl Fn(&str) -> Result<Vec<T>, Vec<BadLine>>) -> Vec<T> {
        parse(&seed(name)).unwrap_or_else(|bad| panic!("seeds/{name}: {}", bad.iter().map(|b| format!("{b}\n")).collect::<String>()))
    }

    fn communes(scene: &Scene, day: &str) -> Result<usize, Refusal> {
        let (tier, kind) = (Some(Tier::Commune), Some(Kind::PeoplesCommittee));
        let selectors = [Selector::Subtree { root: id("camau"), tier, kind }];
        expand(&scene.rows, &scene.named("camau"), &selectors, date(day)).map(|recipients| recipients.len())
    }

    #[test]
    fn the_seeds_make_the_directory_before_and_after_2025() {
        let mut agencies = read_seed("agencies.csv", parse_agencies);
        let groups = read_seed("groups.csv", parse_groups);
        let successions = read_seed("successions-2025.csv", parse_successions);
        assert_eq!(parse_agencies(&write_agencies(&agencies)).as_ref(), Ok(&agencies));
        assert_eq!(parse_successions(&write_successions(&successions)).as_ref(), Ok(&successions));
        assert_eq!(parse_groups(&write_groups(&groups)).as_ref(), Ok(&groups));

        let mut scene = Scene::default();
        let import = Command::Import { agencies: agencies.clone(), successions: Vec::new(), groups };
        scene.admin(import).unwrap_or_else(|refusal| panic!("seeds: {refusal}"));
        // Cà Mau had 101 communes until 30 June 2025; with those of Bạc Liêu there are 64 since.
        assert_eq!(communes(&scene, "2025-07-01"), Ok(101));

        agencies.extend(read_seed("agencies-baclieu.csv", parse_agencies));
        agencies.extend(read_seed("agencies-2025.csv", parse_agencies));
        let change = Command::Import { agencies, successions, groups: Vec::new() };
        scene.admin(change.clone()).unwrap_or_else(|refusal| panic!("seeds: {refusal}"));
        assert_eq!(scene.admin(change), Ok(Vec::new()), "the same import again changes nothing");
        assert_eq!(communes(&scene, "2025-06-30"), Ok(101));
        assert_eq!(communes(&scene, "2025-07-01"), Ok(64));
        let (tier, kind) = (Some(Tier::District), Some(Kind::PeoplesCommittee));
        let filter = Filter { tier, kind, as_of: Some(date("2025-07-01")), ..Filter::default() };
        assert_eq!(list(&scene.rows, &filter, None, usize::MAX), Ok(Vec::new()), "the district tier has ended");
        assert_eq!(successors(&scene.rows, &id("baclieu"), date("2025-07-01")), Ok(vec![id("camau")]));
    }

    #[test]
    fn the_seeds_of_rules_are_read() {
        let rules = crate::route::parse(&seed("routing.toml")).unwrap_or_else(|e| panic!("seeds/routing.toml: {e}"));
        assert!(rules.iter().any(|rule| rule.from == Tier::Commune && rule.to == Tier::Central));
        let policy = crate::signature::parse_policy(&seed("signature-policy.toml"));
        assert!(policy.is_ok_and(|rules| !rules.is_empty()));
    }
}
