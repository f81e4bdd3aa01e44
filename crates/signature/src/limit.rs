//! What is said where a bound is reached: the verifier gave up, which is no property of the document.
//!
//! The verdict is INDETERMINATE / GENERIC and the reason begins with `limit:` and the name of the bound, so that an operator
//! can tell it from a document that is wrong, and raise the bound.

use std::fmt::Display;

use crate::asn1::Asn1Error;
use crate::cms::CmsError;
use crate::judgement::Judgement;
use crate::report::SubIndication;

const PREFIX: &str = "limit: ";

/// The sentence about the bound called `name`.
pub(crate) fn sentence(name: &str, what: impl Display) -> String {
    format!("{PREFIX}{name}: {what}")
}

/// Enters why something cannot be read: FORMAT_FAILURE, unless the sentence is one about a bound.
pub(crate) fn reject(judgement: &mut Judgement, reason: impl Into<String>) {
    let reason = reason.into();
    if reason.starts_with(PREFIX) {
        judgement.doubt(SubIndication::Generic, reason);
    } else {
        judgement.fail(SubIndication::FormatFailure, reason);
    }
}

/// The sentence about a CMS that cannot be read; `what` it is in the document.
pub(crate) fn unreadable_cms(what: &str, error: &CmsError) -> String {
    let name = match error {
        CmsError::TooManyCertificates(_) => "certificates",
        CmsError::TooMany => "signers",
        CmsError::Asn1(Asn1Error::TooDeep) => "depth",
        CmsError::Asn1(Asn1Error::TooMany) => "elements",
        CmsError::Asn1(_) | CmsError::NotSignedData => return format!("{what} is unreadable: {error}"),
    };
    sentence(name, format!("{what} is unreadable: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Verdict;

    #[test]
    fn a_bound_is_no_failure_and_a_bad_form_is_one() {
        let mut judgement = Judgement::default();
        reject(&mut judgement, unreadable_cms("the CMS", &CmsError::TooManyCertificates(64)));
        assert_eq!(judgement.outcome(), (Verdict::Indeterminate, Some(SubIndication::Generic)));
        assert_eq!(judgement.reasons, ["limit: certificates: the CMS is unreadable: the CMS carries more than 64 certificates"]);
        reject(&mut judgement, unreadable_cms("the CMS", &CmsError::NotSignedData));
        assert_eq!(judgement.outcome(), (Verdict::TotalFailed, Some(SubIndication::FormatFailure)));
    }
}
