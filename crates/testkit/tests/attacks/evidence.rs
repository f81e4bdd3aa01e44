use crate::judge::{Expected, check};
use testkit::attack::evidence::cases;

/// RFC 5280, 6.3 (CRL), RFC 6960 (OCSP), EN 319 102-1, 5.2.5 and 5.2.6: what is revoked does not pass, and evidence that must
/// not be believed is none, which is INDETERMINATE and never passed.
const TABLE: &[Expected] = &[
    ("revoked after the claimed time, unproved", "doubt REVOKED_NO_POE"),
    ("revoked before the claimed time", "failed REVOKED"),
    ("on hold", "doubt REVOKED_NO_POE"),
    ("revoked without a reason", "doubt REVOKED_NO_POE"),
    ("superseded", "doubt REVOKED_NO_POE"),
    ("authority revoked", "doubt REVOKED_CA_NO_POE"),
    ("revoked before the proved time", "doubt REVOKED_NO_POE"),
    ("revoked after the proved time", "passed"),
    ("key lost before the proved time, revoked after it", "doubt REVOKED_NO_POE"),
    ("list of another authority", "doubt TRY_LATER"),
    ("list by a stranger in the issuer's name", "doubt TRY_LATER"),
    ("list by the signer in the issuer's name", "doubt TRY_LATER"),
    ("list with a broken signature", "doubt TRY_LATER"),
    ("stale list", "doubt TRY_LATER"),
    ("list of the future", "doubt TRY_LATER"),
    ("old list without a next one", "doubt TRY_LATER"),
    ("list with an unknown critical extension", "doubt TRY_LATER"),
    ("list of authorities only", "doubt TRY_LATER"),
    ("list of attribute certificates only", "doubt TRY_LATER"),
    ("delta without its list", "doubt TRY_LATER"),
    ("list of some reasons only", "doubt TRY_LATER"),
    ("truncated list", "doubt TRY_LATER"),
    ("no list at all", "doubt TRY_LATER"),
    ("answer about another serial number", "doubt TRY_LATER"),
    ("answer about another issuer's certificate", "doubt TRY_LATER"),
    ("answer unknown", "doubt TRY_LATER"),
    ("answer without success", "doubt TRY_LATER"),
    ("stale answer", "doubt TRY_LATER"),
    ("answer of the future", "doubt TRY_LATER"),
    ("answer with an unknown critical extension", "doubt TRY_LATER"),
    ("answer by the certificate that is asked for", "doubt TRY_LATER"),
    ("answer by the root", "doubt TRY_LATER"),
    ("responder without the purpose", "doubt TRY_LATER"),
    ("responder expired", "doubt TRY_LATER"),
    ("responder of a stranger", "doubt TRY_LATER"),
    ("answer with a broken signature", "doubt TRY_LATER"),
    ("answers that contradict each other", "doubt REVOKED_NO_POE"),
    ("embedded list older than the signature", "doubt TRY_LATER"),
    ("embedded list by a stranger", "doubt TRY_LATER"),
    ("embedded rubbish", "doubt TRY_LATER"),
    ("nothing embedded", "doubt TRY_LATER"),
];

#[test]
fn nothing_revoked_passes_and_no_forged_evidence_is_believed() {
    check(&cases(), TABLE);
}
