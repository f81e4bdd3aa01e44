//! Counter-signatures (RFC 5652, 11.4): signatures over the value of another signature. They say that somebody saw that
//! signature, and nothing about the content.

use crate::asn1::Element;
use crate::cms::{SignedData, SignerInfo};
use crate::cms_file::CounterSignature;
use crate::detached::report;
use crate::evidence::Evidence;
use crate::judge;
use crate::judgement::Judgement;
use crate::oid;
use crate::options::Options;
use crate::signer::{Demands, SigningCertificateAttribute};
use crate::trust::TrustStore;

/// Counter-signatures judged per file; real ones have one or two.
const MAX_COUNTER_SIGNATURES: usize = 16;
/// Counter-signatures over counter-signatures.
const MAX_LEVELS: usize = 3;

/// Judges the counter-signatures of `info`, which is the signature `field`, into `found`, and tells `judgement` of them: a
/// signature is worth neither more nor less for them.
pub(crate) fn judge(
    data: &SignedData<'_>,
    info: &SignerInfo<'_>,
    field: &str,
    judgement: &mut Judgement,
    found: &mut Vec<CounterSignature>,
    trust: &TrustStore,
    options: &Options,
) {
    let known = found.len();
    let left_out = Counting { data, trust, options, found }.walk(info, field, 1);
    for one in found.iter().skip(known) {
        let who = one.report.signer.as_ref().map_or("somebody unknown", |signer| signer.common_name.as_str());
        judgement.note(format!("the signature was signed in turn by {who:?} ({}): {}", one.report.field, one.report.verdict));
    }
    if left_out > 0 {
        judgement.note(format!("{left_out} counter-signatures are unreadable, too many or too deep, and not judged"));
    }
}

struct Counting<'s, 'a> {
    data: &'s SignedData<'a>,
    trust: &'s TrustStore,
    options: &'s Options,
    found: &'s mut Vec<CounterSignature>,
}

impl Counting<'_, '_> {
    /// Returns how many were left out.
    fn walk(&mut self, outer: &SignerInfo<'_>, signs: &str, depth: usize) -> usize {
        let mut left_out = 0;
        let values: Vec<&Element<'_>> = outer.unsigned(oid::COUNTER_SIGNATURE).flat_map(|attribute| &attribute.values).collect();
        for (index, value) in values.into_iter().enumerate() {
            let info = match SignerInfo::read(value) {
                Ok(info) if depth <= MAX_LEVELS && self.found.len() < MAX_COUNTER_SIGNATURES => info,
                _ => {
                    left_out += 1;
                    continue;
                }
            };
            let content = [&*outer.signature];
            let evidence = Evidence::with_caches(self.trust.caches());
            let demands = Demands {
                content: &content,
                prefixes: None,
                content_type: oid::NO_CONTENT_TYPE,
                signing_certificate: SigningCertificateAttribute::Optional,
                evidence: &evidence,
                claimed_time: None,
            };
            let judged = judge::signature(self.data, &info, &demands, self.trust, self.options);
            let field = format!("{signs}, counter-signature {}", index + 1);
            self.found.push(CounterSignature { signs: signs.to_owned(), report: report(field.clone(), "CMS", judged) });
            left_out += self.walk(&info, &field, depth + 1);
        }
        left_out
    }
}
