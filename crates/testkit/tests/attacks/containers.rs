use crate::judge::{Expected, check};
use testkit::attack::containers::cases;

/// EN 319 162-1 (ASiC) and APPNOTE 6.3: a container that two readers unpack differently is not judged; a document that no
/// signature names is not covered.
const TABLE: &[Expected] = &[
    ("document changed", "failed HASH_FAILURE, part"),
    ("document added", "passed, part"),
    ("document removed", "doubt SIGNED_DATA_NOT_FOUND, part"),
    ("document in a folder that looks like none", "not signed"),
    ("path that leaves the container", "not signed"),
    ("absolute path", "not signed"),
    ("path of another system", "not signed"),
    ("two documents of a name", "not signed"),
    ("two documents of a name but for its case", "not signed"),
    ("local header of another name", "not signed"),
    ("declared size another", "not signed"),
    ("method that is not read", "not signed"),
    ("checksum another", "not signed"),
    ("symbolic link", "not signed"),
    ("local header that speaks of encryption", "not signed"),
    ("bytes between files and directory", "not signed"),
    ("bytes in front", "not signed"),
    ("bytes behind", "not signed"),
    ("comment with another directory", "not signed"),
    // EN 319 162-1, 4.3.3.1: it may be that of the document inside.
    ("content type of something else", "passed"),
    ("manifest removed", "failed FORMAT_FAILURE, part"),
    ("manifest changed", "failed HASH_FAILURE, part"),
    ("second manifest", "failed FORMAT_FAILURE, part"),
    ("signature removed", "not signed"),
    ("inflate bomb", "not signed"),
    ("truncated container", "not signed"),
    ("a thousand and one documents", "not signed"),
    ("attachments swapped", "failed HASH_FAILURE, part"),
    ("attachment not signed", "passed, part"),
    ("attachment not signed by XAdES", "passed, part"),
    ("signed file missing", "doubt SIGNED_DATA_NOT_FOUND, part"),
    ("time stamp over one document only", "failed FORMAT_FAILURE, part"),
    ("simple container with two documents", "failed FORMAT_FAILURE, part"),
    ("simple container without a document", "failed FORMAT_FAILURE, part"),
    ("simple container with another document", "failed HASH_FAILURE, part"),
    ("detached signature of another attachment", "failed HASH_FAILURE, part"),
    ("detached signature without content", "failed HASH_FAILURE, part"),
    ("content without signature", "failed FORMAT_FAILURE, not signed"),
    ("a document in the place of a signature", "failed FORMAT_FAILURE, not signed"),
];

#[test]
fn no_forged_container_is_taken() {
    check(&cases(), TABLE);
}
