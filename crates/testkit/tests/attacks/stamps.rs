use crate::judge::{Expected, check, judge, reasons};
use testkit::attack::stamps::cases;

/// RFC 3161 and EN 319 102-1, 5.5.4: a stamp that does not hold gives no time, and the signature is judged without it: its
/// certificate has expired since, and nothing proves that it was made before.
const TABLE: &[Expected] = &[
    ("no time stamp", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("stamp over something else", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("stamp with an empty imprint", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("stamp copied from another signature", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("stamp of the wrong content type", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("stamp that does not pin its certificate", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("stamp with two signers", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("stamp without its statement", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("stamp with a broken signature", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("stamp cut short", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("stamp by a stranger", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("stamp by the signer", "doubt OUT_OF_BOUNDS_NO_POE"),
    // It has no other purpose either; it is told, see below.
    ("authority whose purpose is not critical", "passed"),
    ("authority with two purposes", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("authority with another purpose", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("authority without a purpose", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("authority whose key may not sign", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("authority expired before the stamp", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("stamp of the future", "doubt OUT_OF_BOUNDS_NO_POE"),
    // EN 319 102-1, 5.5.4: it proves that the signature existed then, not that it did before.
    ("stamp after the certificate expired", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("a forged stamp beside the sound one", "passed"),
    ("a sound late stamp beside a forged one", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("stamp before the certificate was valid", "failed NOT_YET_VALID"),
    ("authority revoked before the stamp", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("key of the authority lost since", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("document stamp over a part of the revision", "passed, unexplained, part"),
    ("document stamp over something else", "failed HASH_FAILURE"),
    ("signature offered as a document stamp", "failed FORMAT_FAILURE"),
    ("bytes behind a document stamp", "failed FORMAT_FAILURE"),
    ("document stamp with a wide gap", "failed FORMAT_FAILURE, destroyed"),
];

#[test]
fn no_forged_stamp_proves_a_time() {
    check(&cases(), TABLE);
}

#[test]
fn a_purpose_that_is_not_critical_is_told() {
    let cases = cases();
    let case = cases.iter().find(|case| case.name == "authority whose purpose is not critical").unwrap();
    let is_told = |input, trust| {
        reasons(&judge(input, trust)).iter().any(|reason| reason.contains("usage of the time-stamp certificate is not critical"))
    };
    assert!(is_told(&case.forged, &case.trust) && !is_told(&case.twin, &case.twin_trust));
}
