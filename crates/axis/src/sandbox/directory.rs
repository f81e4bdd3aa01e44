//! A directory of agencies in CSV.

use csv::ReaderBuilder;
use serde::Deserialize;

use super::Agency;

/// Why a directory cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct NotADirectory {
    line: u64,
    why: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Row {
    code: String,
    old_code: String,
    name: String,
    parent: String,
    mail: String,
    center: String,
    secret: String,
    locked: bool,
    closed: bool,
    successors: String,
}

/// Reads agencies from CSV with a header: `code`, and as many as there are of `old_code`, `name`, `parent`, `mail`, `center`,
/// `secret`, `locked` and `closed` (`true` or `false`), `successors` (codes, divided by blanks).
///
/// # Errors
/// [`NotADirectory`] with the line.
pub fn directory(csv: &[u8]) -> Result<Vec<Agency>, NotADirectory> {
    let mut reader = ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(csv);
    let agency = |row: Row| Agency {
        code: row.code,
        old_code: row.old_code,
        name: row.name,
        parent: row.parent,
        mail: row.mail,
        center: row.center,
        secret: row.secret,
        is_locked: row.locked,
        is_closed: row.closed,
        successors: row.successors.split_whitespace().map(str::to_owned).collect(),
        ..Agency::default()
    };
    let rows = reader.deserialize().map(|row| {
        row.map(agency).map_err(|error| NotADirectory { line: error.position().map_or(0, csv::Position::line), why: error.to_string() })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_and_a_bad_one_is_named() {
        let csv =
            "code,name,closed,successors\n# người kiểm thử\nH12,\"UBND tỉnh, Cà Mau\",false,\nH04,UBND tỉnh Bạc Liêu,true,H12 H12.1\n";
        let agencies = directory(csv.as_bytes()).unwrap();
        assert_eq!((agencies[0].code.as_str(), agencies[0].name.as_str()), ("H12", "UBND tỉnh, Cà Mau"));
        assert!(agencies[1].is_closed && agencies[1].successors == ["H12", "H12.1"]);
        let error = directory(b"code,locked\nH12,true\nH13,maybe\n").unwrap_err();
        assert_eq!(error.line, 3);
        assert!(directory(b"code,colour\nH12,red\n").is_err());
    }
}
