//! `agencies.csv`: one agency a line.

use super::{BadLine, Columns, Line, read, spell, word, write};
use crate::agency::decide::MAX_IMPORT;
use crate::agency::{Agency, Code, CodeAssignment, Id, Scheme};
use crate::invalid;
use crate::time::Date;

const COLUMNS: Columns = Columns {
    required: &["id", "tier", "kind", "parent", "name", "short_name", "code", "old_code", "code_provisional", "valid_from", "state"],
    optional: &["valid_until", "further_codes"],
};

/// Reads agencies. `code` and `old_code` are had for as long as the agency exists; `further_codes`, which may be absent, holds
/// others as `H12.15@2020-01-01..2025-06-30`, with `~` behind a provisional code and `;` between them.
///
/// # Errors
/// Every line that breaks a rule.
pub fn parse_agencies(text: &str) -> Result<Vec<Agency>, Vec<BadLine>> {
    read(text, &COLUMNS, MAX_IMPORT, agency)
}

fn agency(line: &mut Line<'_>) -> Option<Agency> {
    let id = line.parse("id", Id::parse);
    let tier = line.parse("tier", word);
    let kind = line.parse("kind", word);
    let parent = line.parse_optional("parent", Id::parse);
    let name = line.parse("name", |name| invalid::text(name, 1, 200).map(|()| name.to_owned()));
    let short_name = line.parse("short_name", |name| invalid::text(name, 0, 100).map(|()| name.to_owned()));
    let code = line.parse_optional("code", Code::parse);
    let old_code = line.parse_optional("old_code", Code::parse);
    let provisional = line.parse("code_provisional", |text| match text {
        "true" => Ok(true),
        "false" | "" => Ok(false),
        _ => Err("is neither true nor false"),
    });
    let further = line.parse("further_codes", further_codes);
    let valid_from = line.date("valid_from");
    let valid_until = line.date("valid_until");
    let state = line.parse("state", word);
    let (code, old_code, provisional) = (code?, old_code?, provisional?);
    if code.as_ref().is_some_and(|code| code.scheme() == Scheme::Old13) {
        line.fault("code", "is in the old form; write it under old_code");
    }
    if old_code.as_ref().is_some_and(|code| code.scheme() != Scheme::Old13) {
        line.fault("old_code", "is not in the old form, such as 000.00.15.H12");
    }
    let codes = [code, old_code].into_iter().flatten();
    let codes = codes.map(|code| CodeAssignment { code, valid_from: None, valid_until: None, provisional });
    Some(Agency {
        id: id?,
        tier: tier?,
        kind: kind?,
        parent: parent?,
        name: name?,
        short_name: short_name?,
        codes: codes.chain(further?).collect(),
        state: state?,
        valid_from: valid_from?,
        valid_until: valid_until?,
        changed_seq: 0,
    })
}

fn further_codes(text: &str) -> Result<Vec<CodeAssignment>, String> {
    text.split(';').map(str::trim).filter(|item| !item.is_empty()).map(further_code).collect()
}

fn further_code(item: &str) -> Result<CodeAssignment, String> {
    let (code, days) = item.split_once('@').unwrap_or((item, ".."));
    let (from, until) = days.split_once("..").ok_or("holds days that are not of the form 2020-01-01..2025-06-30")?;
    let (code, provisional) = code.strip_suffix('~').map_or((code, false), |code| (code, true));
    let day = |text: &str| if text.is_empty() { Ok(None) } else { text.parse::<Date>().map(Some).map_err(|e| e.to_string()) };
    Ok(CodeAssignment {
        code: Code::parse(code).map_err(|e| e.to_string())?,
        valid_from: day(from)?,
        valid_until: day(until)?,
        provisional,
    })
}

/// Writes agencies so that [`parse_agencies`] reads them back.
pub fn write_agencies(agencies: &[Agency]) -> String {
    let columns = COLUMNS.required.iter().chain(COLUMNS.optional).copied();
    write(columns, agencies.iter().map(record))
}

fn record(agency: &Agency) -> Vec<String> {
    let lasts = |a: &CodeAssignment| a.valid_from.is_none() && a.valid_until.is_none();
    let mut rest = agency.codes.as_slice();
    let mut take = |admits: &dyn Fn(&CodeAssignment) -> bool| match rest.split_first() {
        Some((first, others)) if lasts(first) && admits(first) => {
            rest = others;
            Some(first)
        }
        _ => None,
    };
    let code = take(&|a| a.code.scheme() != Scheme::Old13);
    let old_code = take(&|a| a.code.scheme() == Scheme::Old13 && code.is_none_or(|code| code.provisional == a.provisional));
    let provisional = code.or(old_code).is_some_and(|a| a.provisional);
    let text = |a: Option<&CodeAssignment>| a.map(|a| a.code.to_string()).unwrap_or_default();
    let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    let further = rest.iter().map(|a| {
        let mark = if a.provisional { "~" } else { "" };
        format!("{}{mark}@{}..{}", a.code, day(a.valid_from), day(a.valid_until))
    });
    vec![
        agency.id.to_string(),
        spell(agency.tier),
        spell(agency.kind),
        agency.parent.as_ref().map(Id::to_string).unwrap_or_default(),
        agency.name.clone(),
        agency.short_name.clone(),
        text(code),
        text(old_code),
        provisional.to_string(),
        day(agency.valid_from),
        spell(agency.state),
        day(agency.valid_until),
        further.collect::<Vec<_>>().join(";"),
    ]
}
