//! Counts of signatures.

use domain::agency::Id;
use domain::invalid::Invalid;
use domain::signature::statistics::{Counts, Month, ToolCounts};

use crate::convert::fields::read;
use crate::convert::name;
use crate::v1;

/// Which counts are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Only this agency.
    pub agency: Option<Id>,
    /// Only this agency and those below it.
    pub subtree: Option<Id>,
    /// The first month.
    pub from: Month,
    /// The last month.
    pub until: Month,
    /// Only agencies that signed less than this percentage.
    pub signed_percent_below: Option<u64>,
}

/// The filter of a list.
pub fn list(request: &v1::ListSignatureStatisticsRequest) -> Result<Filter, Invalid> {
    read(|at| {
        let agency = at.optional("agency", &request.agency, name::agency);
        let subtree = at.optional("subtree", &request.subtree, name::agency);
        let from = at.optional("from_month", &request.from_month, Month::parse).unwrap_or(Month { year: 1, month: 1 });
        let until = at.optional("until_month", &request.until_month, Month::parse).unwrap_or(Month { year: 9999, month: 12 });
        at.require(from <= until, "until_month", "lies before from_month");
        at.require(request.signed_percent_below <= 100, "signed_percent_below", "must be 0 to 100");
        let below = u64::from(request.signed_percent_below);
        Some(Filter { agency, subtree, from, until, signed_percent_below: (below > 0).then_some(below) })
    })
}

/// The message of counts; of a sum there is no agency.
pub fn to_wire(agency: Option<&Id>, counts: &Counts) -> v1::SignatureStatistics {
    v1::SignatureStatistics {
        agency: agency.map(name::of_agency).unwrap_or_default(),
        document_count: counts.documents,
        signed_document_count: counts.signed,
        unsigned_document_count: counts.unsigned,
        destroyed_document_count: counts.destroyed,
        passed_document_count: counts.all_passed,
        weak_digest_document_count: counts.with_weak_digest,
        signed_percent: u32::try_from(counts.signed_percent()).unwrap_or(100),
        signature_count: counts.signatures,
        passed_signature_count: counts.passed,
        indeterminate_signature_count: counts.indeterminate,
        failed_signature_count: counts.failed,
        weak_digest_signature_count: counts.weak_digest,
        tools: counts.tools.iter().map(tool_to_wire).collect(),
        other_tools: (counts.other_tools.signatures > 0).then(|| tool_to_wire(&counts.other_tools)),
    }
}

fn tool_to_wire(tool: &ToolCounts) -> v1::SigningToolStatistics {
    v1::SigningToolStatistics { tool: tool.tool.clone(), signature_count: tool.signatures, weak_digest_signature_count: tool.weak_digest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_asks_for_months_in_order_and_a_percentage() {
        let faulty = v1::ListSignatureStatisticsRequest {
            subtree: "camau".into(),
            from_month: "2026-11".into(),
            until_month: "2026-10".into(),
            signed_percent_below: 101,
            ..Default::default()
        };
        let invalid = list(&faulty).expect_err("three faults");
        let fields: Vec<_> = invalid.faults().iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["subtree", "until_month", "signed_percent_below"]);
        let all = list(&v1::ListSignatureStatisticsRequest::default()).expect("no filter");
        assert_eq!((all.agency, all.signed_percent_below, all.from < all.until), (None, None, true));
    }
}
