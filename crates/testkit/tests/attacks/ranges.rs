use crate::judge::{Expected, check};
use testkit::attack::ranges::cases;

/// ISO 32000-2, 12.8.1: the range is the whole file but exactly the value of `/Contents`. A dictionary without a sound one
/// is no signature that EN 319 102-1, 5.2.2 could take for one of its format.
const TABLE: &[Expected] = &[
    ("range null", "failed FORMAT_FAILURE, destroyed"),
    ("range empty", "failed FORMAT_FAILURE, destroyed"),
    ("range of one pair", "failed FORMAT_FAILURE, destroyed"),
    ("range of three numbers", "failed FORMAT_FAILURE, destroyed"),
    ("range of six numbers", "failed FORMAT_FAILURE, destroyed"),
    ("range negative", "failed FORMAT_FAILURE, destroyed"),
    ("range overflowing", "failed FORMAT_FAILURE, destroyed"),
    ("range overlapping", "failed FORMAT_FAILURE, destroyed"),
    ("range unsorted", "failed FORMAT_FAILURE, destroyed"),
    ("range not from the start", "failed FORMAT_FAILURE, destroyed"),
    ("range beyond the end", "failed FORMAT_FAILURE, destroyed"),
    ("range of reals", "failed FORMAT_FAILURE, destroyed"),
    ("range missing", "failed FORMAT_FAILURE, destroyed"),
    ("gap reaching before the string", "failed FORMAT_FAILURE, destroyed"),
    ("gap reaching behind the string", "failed FORMAT_FAILURE, destroyed"),
    ("gap without the delimiters", "failed FORMAT_FAILURE, destroyed"),
    ("gap shifted", "failed FORMAT_FAILURE, destroyed"),
    ("gap in a comment", "failed FORMAT_FAILURE, destroyed"),
    ("gap under another key", "failed FORMAT_FAILURE, destroyed"),
    ("gap in an inner dictionary", "failed FORMAT_FAILURE, destroyed"),
    ("gap in another object", "failed FORMAT_FAILURE, destroyed"),
    ("contents missing", "failed FORMAT_FAILURE, destroyed"),
    ("contents null", "failed FORMAT_FAILURE, destroyed"),
    ("contents empty", "failed FORMAT_FAILURE"),
    ("contents zero", "failed FORMAT_FAILURE"),
    ("contents a name", "failed FORMAT_FAILURE, destroyed"),
    ("contents an array", "failed FORMAT_FAILURE, destroyed"),
    ("contents a literal string", "failed FORMAT_FAILURE, destroyed"),
    ("contents a dictionary", "failed FORMAT_FAILURE, destroyed"),
    ("contents all zeros", "failed FORMAT_FAILURE"),
    ("contents followed by a stray delimiter", "destroyed"),
    ("bytes behind the CMS", "failed FORMAT_FAILURE"),
    ("text behind the CMS", "failed FORMAT_FAILURE"),
    ("one byte behind the CMS", "failed FORMAT_FAILURE"),
    ("zero behind a .p7s", "failed FORMAT_FAILURE, part"),
    ("text behind a .p7s", "failed FORMAT_FAILURE, part"),
    ("a second CMS behind a .p7s", "failed FORMAT_FAILURE, part"),
    ("range twice, the sound one last", "failed FORMAT_FAILURE, destroyed"),
    ("range twice, the sound one first", "failed FORMAT_FAILURE, destroyed"),
    ("contents twice, the sound one last", "failed FORMAT_FAILURE, destroyed"),
    ("contents twice, one with an escaped name", "failed FORMAT_FAILURE, destroyed"),
    ("two dictionaries of one number, the table naming the other", "failed FORMAT_FAILURE, destroyed"),
    ("dictionary in an object stream", "failed FORMAT_FAILURE, destroyed"),
];

#[test]
fn no_forged_range_is_taken() {
    check(&cases(), TABLE);
}
