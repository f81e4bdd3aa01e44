use crate::judge::{Expected, check};
use testkit::attack::paths::cases;

/// RFC 5280, 6 (paths), EN 319 102-1, 5.2.6 and table 6: no path, a path that may not be, or one that cannot be processed.
const TABLE: &[Expected] = &[
    ("root and issuer of the same names with other keys", "doubt NO_CERTIFICATE_CHAIN_FOUND"),
    ("signer that certifies itself", "doubt NO_CERTIFICATE_CHAIN_FOUND"),
    ("signer called like the root", "doubt NO_CERTIFICATE_CHAIN_FOUND"),
    ("authorities that certify each other", "doubt NO_CERTIFICATE_CHAIN_FOUND"),
    // The search is given up, so that nobody knows whether there is a path.
    ("a hundred thousand paths that lead nowhere", "doubt CERTIFICATE_CHAIN_GENERAL_FAILURE"),
    ("signer's certificate used as an authority", "doubt CHAIN_CONSTRAINTS_FAILURE"),
    ("path longer than allowed", "doubt CHAIN_CONSTRAINTS_FAILURE"),
    ("authority without basic constraints", "doubt CHAIN_CONSTRAINTS_FAILURE"),
    ("authority that may not sign certificates", "doubt CHAIN_CONSTRAINTS_FAILURE"),
    ("unknown critical extension of an authority", "doubt CERTIFICATE_CHAIN_GENERAL_FAILURE or doubt CHAIN_CONSTRAINTS_FAILURE"),
    ("unknown critical extension of the signer", "doubt CERTIFICATE_CHAIN_GENERAL_FAILURE or doubt CHAIN_CONSTRAINTS_FAILURE"),
    ("authority of version 1", "doubt CHAIN_CONSTRAINTS_FAILURE"),
    ("certificate signed by somebody else", "doubt NO_CERTIFICATE_CHAIN_FOUND"),
    ("name excluded", "doubt CHAIN_CONSTRAINTS_FAILURE"),
    ("name not among the permitted", "doubt CHAIN_CONSTRAINTS_FAILURE"),
    ("mail address excluded", "doubt CHAIN_CONSTRAINTS_FAILURE"),
    ("mail address not among the permitted", "doubt CHAIN_CONSTRAINTS_FAILURE"),
    ("name constraints unreadable", "doubt CERTIFICATE_CHAIN_GENERAL_FAILURE"),
    ("policy required and none there", "doubt CHAIN_CONSTRAINTS_FAILURE"),
    ("policy required and another there", "doubt CHAIN_CONSTRAINTS_FAILURE"),
    ("any policy inhibited", "doubt CHAIN_CONSTRAINTS_FAILURE"),
    ("policy mapped where it may not be", "doubt CHAIN_CONSTRAINTS_FAILURE"),
    ("key for encryption only", "doubt CHAIN_CONSTRAINTS_FAILURE"),
    ("key for certificates only", "doubt CHAIN_CONSTRAINTS_FAILURE"),
    ("key for nothing", "doubt CHAIN_CONSTRAINTS_FAILURE"),
    ("purpose of a web server", "doubt CHAIN_CONSTRAINTS_FAILURE"),
    ("purpose of a time-stamp authority", "doubt CHAIN_CONSTRAINTS_FAILURE"),
    ("certificate expired, claimed time within", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("certificate not yet valid", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("certificate valid at no time", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("authority expired", "doubt OUT_OF_BOUNDS_NO_POE"),
    ("time without seconds", "doubt NO_SIGNING_CERTIFICATE_FOUND"),
    ("time with an offset", "doubt NO_SIGNING_CERTIFICATE_FOUND"),
    ("time with fractions", "doubt NO_SIGNING_CERTIFICATE_FOUND"),
    ("month thirteen", "doubt NO_SIGNING_CERTIFICATE_FOUND"),
    ("time of letters", "doubt NO_SIGNING_CERTIFICATE_FOUND"),
    // RFC 5280, 4.1.2.2: users should be prepared to handle such certificates gracefully; 4.1.2.1 for version 1 of a leaf.
    ("negative serial number", "passed"),
    ("serial number zero", "passed"),
    ("signer of version 1", "passed"),
    ("issuer without a name", "doubt NO_CERTIFICATE_CHAIN_FOUND"),
    ("extension twice", "doubt NO_SIGNING_CERTIFICATE_FOUND"),
    ("public key unreadable", "doubt NO_SIGNING_CERTIFICATE_FOUND"),
];

#[test]
fn no_forged_path_leads_to_an_anchor() {
    check(&cases(), TABLE);
}
