//! The table that a run ends with.

/// What was measured, and what it should be.
pub(crate) struct Row {
    /// What.
    pub(crate) what: String,
    /// The figure with its unit.
    pub(crate) figure: String,
    /// The target and the ratio; empty where there is none.
    pub(crate) target: String,
    /// Whether the target is met; `None` where there is none.
    pub(crate) met: Option<bool>,
    /// Why it falls short, where it does.
    pub(crate) why: String,
}

impl Row {
    /// A figure without a target.
    pub(crate) fn plain(what: impl Into<String>, figure: impl Into<String>) -> Self {
        Self { what: what.into(), figure: figure.into(), target: String::new(), met: None, why: String::new() }
    }

    /// A figure with a target.
    pub(crate) fn judged(what: impl Into<String>, figure: String, target: String, met: bool, why: impl Into<String>) -> Self {
        Self { what: what.into(), figure, target, met: Some(met), why: why.into() }
    }
}

/// Prints the table.
pub(crate) fn print(rows: &[Row]) {
    let width = |cell: fn(&Row) -> &str| rows.iter().map(|row| cell(row).chars().count()).max().unwrap_or(0);
    let (what, figure, target) = (width(|row| &row.what), width(|row| &row.figure), width(|row| &row.target));
    for row in rows {
        let verdict = match row.met {
            None => "",
            Some(true) => "pass",
            Some(false) => "FALLS SHORT",
        };
        let line = format!("{:what$}  {:>figure$}  {:target$}  {verdict}", row.what, row.figure, row.target);
        println!("{}", line.trim_end());
        if row.met == Some(false) && !row.why.is_empty() {
            println!("{:what$}  why: {}", "", row.why);
        }
    }
}
