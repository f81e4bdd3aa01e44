//! How well agencies sign what they send: counted for each agency and month as documents are submitted, one row a document.
//!
//! Nothing here concerns a person: the counts stay when a document is recalled.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::{Coverage, Report, SignatureReport, Verdict};
use crate::agency;
use crate::document::{AttachmentRole, Content};
use crate::state::{self, Fault, Overlay, State, Table};
use crate::time::{Date, Timestamp};

/// Agency id, 0, year and month (both big-endian): the counts of the month.
pub const SIGNATURE_COUNTS: Table = Table { name: "signature counts", number: 48 };

/// Signing programs told apart in one month of one agency; an agency uses a few, and the rest is counted together.
const MAX_TOOLS: usize = 20;

/// A month of the calendar, in Vietnam.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    /// The year.
    pub year: u16,
    /// The month, 1 to 12.
    pub month: u8,
}

impl Month {
    /// The month of a day.
    pub const fn of(day: Date) -> Self {
        Self { year: day.year(), month: day.month() }
    }

    /// The month that a text such as `2026-11` means.
    pub fn parse(text: &str) -> Result<Self, NotAMonth> {
        format!("{text}-01").parse().map(Self::of).map_err(|_| NotAMonth)
    }

    fn key(self) -> [u8; 3] {
        let [high, low] = self.year.to_be_bytes();
        [high, low, self.month]
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// The text is no month.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not a month of the form 2026-11")]
pub struct NotAMonth;

/// What was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Documents submitted.
    pub documents: u64,
    /// Those whose main file is signed.
    pub signed: u64,
    /// Those whose main file bears no signature.
    pub unsigned: u64,
    /// Those whose main file was rewritten after signing.
    pub destroyed: u64,
    /// Signed ones whose signatures all passed.
    pub all_passed: u64,
    /// Those with a signature that is intact by a weak digest.
    pub with_weak_digest: u64,
    /// Signatures in all files.
    pub signatures: u64,
    /// Of these TOTAL_PASSED.
    pub passed: u64,
    /// Of these INDETERMINATE.
    pub indeterminate: u64,
    /// Of these TOTAL_FAILED.
    pub failed: u64,
    /// Of these intact by a weak digest.
    pub weak_digest: u64,
    /// By the program that signed, in the order of their names; empty is unknown.
    pub tools: Vec<ToolCounts>,
    /// Signatures by programs beyond the first twenty.
    pub other_tools: ToolCounts,
}

/// What was counted of one signing program.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCounts {
    /// The program, as it calls itself.
    pub tool: String,
    /// Signatures.
    pub signatures: u64,
    /// Of these intact by a weak digest.
    pub weak_digest: u64,
}

impl Counts {
    /// Adds what another count holds.
    pub fn add(&mut self, other: &Self) {
        for (sum, more) in [
            (&mut self.documents, other.documents),
            (&mut self.signed, other.signed),
            (&mut self.unsigned, other.unsigned),
            (&mut self.destroyed, other.destroyed),
            (&mut self.all_passed, other.all_passed),
            (&mut self.with_weak_digest, other.with_weak_digest),
            (&mut self.signatures, other.signatures),
            (&mut self.passed, other.passed),
            (&mut self.indeterminate, other.indeterminate),
            (&mut self.failed, other.failed),
            (&mut self.weak_digest, other.weak_digest),
            (&mut self.other_tools.signatures, other.other_tools.signatures),
            (&mut self.other_tools.weak_digest, other.other_tools.weak_digest),
        ] {
            *sum = sum.saturating_add(more);
        }
        other.tools.iter().for_each(|tool| self.add_tool(tool));
    }

    /// Percent of the documents that are signed, rounded down; 100 where there is none.
    pub const fn signed_percent(&self) -> u64 {
        match self.signed.saturating_mul(100).checked_div(self.documents) {
            Some(percent) => percent,
            None => 100,
        }
    }

    fn add_tool(&mut self, more: &ToolCounts) {
        let counts = match self.tools.binary_search_by(|counts| counts.tool.cmp(&more.tool)) {
            Ok(at) => self.tools.get_mut(at),
            Err(_) if self.tools.len() >= MAX_TOOLS => None,
            Err(at) => {
                self.tools.insert(at, ToolCounts { tool: more.tool.clone(), ..ToolCounts::default() });
                self.tools.get_mut(at)
            }
        };
        let counts = counts.unwrap_or(&mut self.other_tools);
        counts.signatures = counts.signatures.saturating_add(more.signatures);
        counts.weak_digest = counts.weak_digest.saturating_add(more.weak_digest);
    }

    fn of(content: &Content, reports: &[Report]) -> Self {
        let files = super::assess::files(content, reports);
        let main = files.iter().find(|file| file.role == AttachmentRole::Main);
        let is_signed = main.is_some_and(super::assess::Signed::is_signed);
        let is_destroyed = !is_signed && main.is_some_and(|main| main.report.coverage == Coverage::Destroyed);
        let signatures = || reports.iter().flat_map(|report| &report.signatures);
        let count = |holds: &dyn Fn(&SignatureReport) -> bool| signatures().filter(|signature| holds(signature)).count() as u64;
        let is_weak = |signature: &SignatureReport| signature.weak_digest && signature.intact;
        let mut counts = Self {
            documents: 1,
            signed: is_signed.into(),
            unsigned: (!is_signed && !is_destroyed).into(),
            destroyed: is_destroyed.into(),
            all_passed: (is_signed && signatures().all(|signature| signature.verdict == Verdict::TotalPassed)).into(),
            with_weak_digest: signatures().any(is_weak).into(),
            signatures: count(&|_| true),
            passed: count(&|signature| signature.verdict == Verdict::TotalPassed),
            indeterminate: count(&|signature| signature.verdict == Verdict::Indeterminate),
            failed: count(&|signature| signature.verdict == Verdict::TotalFailed),
            weak_digest: count(&is_weak),
            ..Self::default()
        };
        for signature in signatures() {
            let tool = signature.signing_tool.clone();
            counts.add_tool(&ToolCounts { tool, signatures: 1, weak_digest: is_weak(signature).into() });
        }
        counts
    }
}

/// Counts a document that was submitted.
pub(crate) fn count(rows: &mut Overlay<'_>, at: Timestamp, content: &Content, reports: &[Report]) -> Result<(), Fault> {
    let key = key(&content.issuer, Month::of(at.date_in_vietnam()));
    let mut counts: Counts = state::read(rows, SIGNATURE_COUNTS, &key)?.unwrap_or_default();
    counts.add(&Counts::of(content, reports));
    rows.put_row(SIGNATURE_COUNTS, &key, &counts)
}

fn key(agency: &agency::Id, month: Month) -> Vec<u8> {
    [agency.as_str().as_bytes(), &[0], &month.key()].concat()
}

/// What was counted of an agency, from one month to another: the sum.
pub fn of_agency(rows: &dyn State, agency: &agency::Id, from: Month, until: Month) -> Result<Counts, Fault> {
    let prefix = [agency.as_str().as_bytes(), &[0]].concat();
    let mut sum = Counts::default();
    let mut fault = None;
    state::scan_prefix(rows, SIGNATURE_COUNTS, &prefix, &from.key(), &mut |key, value| {
        if key.get(prefix.len()..).is_none_or(|month| month > until.key().as_slice()) {
            return ControlFlow::Break(());
        }
        match state::decode::<Counts>(SIGNATURE_COUNTS, value) {
            Ok(counts) => sum.add(&counts),
            Err(error) => fault = Some(error),
        }
        if fault.is_none() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    fault.map_or(Ok(sum), Err)
}

/// The agency after `after` of which anything was ever counted.
pub fn next_agency(rows: &dyn State, after: Option<&agency::Id>) -> Result<Option<agency::Id>, Fault> {
    // No letter of an id follows at 1 or before: this key is behind all months of `after`.
    let from = after.map(|agency| [agency.as_str().as_bytes(), &[1]].concat()).unwrap_or_default();
    let mut next = None;
    rows.scan(SIGNATURE_COUNTS, &from, &mut |key, _| {
        let id = key.split(|byte| *byte == 0).next().unwrap_or_default();
        next = Some(std::str::from_utf8(id).ok().and_then(|id| agency::Id::parse(id).ok()));
        ControlFlow::Break(())
    })?;
    next.map(|id| id.ok_or_else(|| Fault("a row of signature counts is ill-formed".into()))).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agency::scene::id;
    use crate::document::scene::{Letter, reports};
    use crate::state::Memory;

    fn signature(verdict: Verdict, tool: &str, weak_digest: bool) -> SignatureReport {
        SignatureReport { signing_tool: tool.into(), weak_digest, ..super::super::assess::tests::signature(verdict, "") }
    }

    fn submit(rows: &mut Memory, agency: &str, at: i64, coverage: Coverage, signatures: Vec<SignatureReport>) {
        let content = Letter::numbered(1, agency, "tinh.xa").content;
        let report = Report { coverage, signatures, ..reports(&content).remove(0) };
        let mut overlay = Overlay::new(rows);
        count(&mut overlay, Timestamp::from_seconds(at), &content, &[report]).unwrap();
        let changes = overlay.into_changes();
        rows.apply(changes);
    }

    /// 2026-11-01T00:00:00+07:00.
    const NOVEMBER: i64 = 1_793_466_000;
    const ALL: (Month, Month) = (Month { year: 1, month: 1 }, Month { year: 9999, month: 12 });

    #[test]
    fn an_agency_is_counted_by_month_signature_and_program() {
        let mut rows = Memory::default();
        let (passed, weak) = (signature(Verdict::TotalPassed, "VGCA", false), signature(Verdict::Indeterminate, "PDF Tool 4.1", true));
        submit(&mut rows, "tinh", NOVEMBER - 1, Coverage::Whole, vec![passed.clone()]);
        submit(&mut rows, "tinh", NOVEMBER, Coverage::Whole, vec![passed, weak.clone(), weak]);
        submit(&mut rows, "tinh", NOVEMBER, Coverage::NotSigned, vec![]);
        submit(&mut rows, "tinh", NOVEMBER, Coverage::Destroyed, vec![]);
        submit(&mut rows, "tinh.xa", NOVEMBER, Coverage::NotSigned, vec![]);
        let november = Month { year: 2026, month: 11 };
        let counts = of_agency(&rows, &id("tinh"), november, november).unwrap();
        let tool = |tool: &str, signatures, weak_digest| ToolCounts { tool: tool.into(), signatures, weak_digest };
        let expected = Counts {
            documents: 3,
            signed: 1,
            unsigned: 1,
            destroyed: 1,
            all_passed: 0,
            with_weak_digest: 1,
            signatures: 3,
            passed: 1,
            indeterminate: 2,
            failed: 0,
            weak_digest: 2,
            tools: vec![tool("PDF Tool 4.1", 2, 2), tool("VGCA", 1, 0)],
            other_tools: ToolCounts::default(),
        };
        assert_eq!((counts.signed_percent(), counts), (33, expected));
        let all = of_agency(&rows, &id("tinh"), ALL.0, ALL.1).unwrap();
        assert_eq!((all.documents, all.all_passed, all.passed), (4, 1, 2));
        let october = Month::parse("2026-10").unwrap();
        assert_eq!(of_agency(&rows, &id("tinh"), october, october).unwrap().documents, 1);
    }

    #[test]
    fn agencies_follow_one_another_and_none_is_met_twice() {
        let mut rows = Memory::default();
        for agency in ["tinh", "tinh.xa", "tinh-hai", "a"] {
            submit(&mut rows, agency, NOVEMBER, Coverage::NotSigned, vec![]);
            submit(&mut rows, agency, NOVEMBER + 40 * 86_400, Coverage::NotSigned, vec![]);
        }
        let mut met = Vec::new();
        while let Some(next) = next_agency(&rows, met.last()).unwrap() {
            met.push(next);
        }
        let mut expected = ["tinh", "tinh.xa", "tinh-hai", "a"].map(id).to_vec();
        met.sort();
        expected.sort();
        assert_eq!(met, expected);
    }

    #[test]
    fn programs_that_nobody_uses_twice_make_no_row_grow() {
        let mut rows = Memory::default();
        for n in 0..100 {
            let made_up = signature(Verdict::TotalPassed, &format!("{n:03}{}", "ệ".repeat(97)), true);
            submit(&mut rows, "tinh", NOVEMBER, Coverage::Whole, vec![made_up]);
        }
        let counts = of_agency(&rows, &id("tinh"), ALL.0, ALL.1).unwrap();
        assert_eq!((counts.tools.len(), counts.other_tools.signatures, counts.other_tools.weak_digest), (MAX_TOOLS, 80, 80));
        assert!(postcard::to_stdvec(&counts).unwrap().len() < 16 * 1024);
    }

    #[test]
    fn a_month_is_read_as_it_is_written() {
        assert_eq!(Month::parse("2026-11").map(|month| month.to_string()), Ok("2026-11".into()));
        for text in ["2026-13", "2026", "2026-11-01", "", "11-2026"] {
            assert_eq!(Month::parse(text), Err(NotAMonth), "{text}");
        }
    }
}
