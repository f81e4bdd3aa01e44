use crate::judge::{Expected, check, judge, summary};
use signature::Encryption;
use testkit::attack::structure::cases;

/// ISO 32000-2, 7.5: where two lawful readings of a file differ, or none is possible, the answer is no. A file that cannot be
/// read although it holds a signature counts as destroyed.
const TABLE: &[Expected] = &[
    ("previous section is the same one", "destroyed"),
    ("sections in a circle", "destroyed"),
    ("previous section stands behind", "passed, unexplained, part"),
    ("previous section beyond the end", "destroyed"),
    ("previous section in the middle of an object", "destroyed"),
    ("startxref beyond the end", "destroyed"),
    ("sections cut off", "destroyed"),
    // Some programs put an HTTP header or the like in front; it is not part of the document.
    ("bytes in front of the header", "passed, workflow, part"),
    ("another document in front", "destroyed"),
    ("a large other document in front", "destroyed"),
    ("the header out of sight", "no PDF"),
    ("hybrid: two places for an object", "destroyed"),
    ("hybrid: other content only in the stream", "passed, unexplained, part"),
    ("hybrid: other content beside an empty table", "passed, unexplained, part"),
    ("hybrid: two places in the signed bytes", "destroyed"),
    ("linearized file with a later update", "passed, unexplained, part"),
    ("catalogue with two page trees", "failed FORMAT_FAILURE"),
    ("catalogue with two forms", "failed FORMAT_FAILURE"),
    ("page with two contents", "failed FORMAT_FAILURE"),
    ("page with two contents, one by an escaped name", "failed FORMAT_FAILURE"),
    ("form with two lists of fields", "failed FORMAT_FAILURE"),
    ("trailer with two catalogues", "failed FORMAT_FAILURE"),
    ("signature with two kinds", "failed FORMAT_FAILURE"),
    ("signature with two times", "failed FORMAT_FAILURE"),
    ("field with two values", "failed FORMAT_FAILURE"),
    ("field of two types", "failed FORMAT_FAILURE"),
    ("length of a stream changed elsewhere", "passed, unexplained, part"),
    ("length of a stream removed", "passed, unexplained, part"),
    // ISO 32000-2, 7.6: nobody can tell what was signed.
    ("encrypted by an unknown handler", "doubt SIGNED_DATA_NOT_FOUND"),
];

#[test]
fn where_two_readings_differ_the_answer_is_no() {
    check(&cases(), TABLE);
}

#[test]
fn an_encrypted_document_is_said_to_be_one() {
    for case in cases().iter().filter(|case| case.line == "encrypted") {
        let report = judge(&case.forged, &case.trust);
        assert_eq!(report.encryption, Encryption::Locked, "{} {:?}", summary(&report), report.faults);
    }
}
