//! Certificates and paths that must not lead to an anchor.

use super::kit::{
    Bench, Case, Extension, Input, List, NOW, Node, NodeKey, Paper, Signing, Statement, Template, Trust, YEAR, attribute_name,
};
use crate::der;
use std::collections::BTreeMap;

const ROOTS: &str = "roots and loops";
const AUTHORITIES: &str = "authorities";
const CONSTRAINTS: &str = "constraints";
const USAGE: &str = "usage";
const VALIDITY: &str = "validity";
const FORM: &str = "certificate form";

const NAME_CONSTRAINTS: &[u64] = &[2, 5, 29, 30];
const CERTIFICATE_POLICIES: &[u64] = &[2, 5, 29, 32];
const POLICY_CONSTRAINTS: &[u64] = &[2, 5, 29, 36];
const POLICY_MAPPINGS: &[u64] = &[2, 5, 29, 33];
const INHIBIT_ANY_POLICY: &[u64] = &[2, 5, 29, 54];
const ANY_POLICY: &[u64] = &[2, 5, 29, 32, 0];
const ALTERNATIVE_NAME: &[u64] = &[2, 5, 29, 17];
const UNKNOWN: &[u64] = &[1, 3, 6, 1, 4, 1, 32473, 99];
const SERVER_AUTHENTICATION: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 1];

/// Every forgery of this kind.
#[must_use]
pub fn cases() -> Vec<Case> {
    let bench = Bench::new();
    let mut cases = roots(&bench);
    cases.extend(authorities(&bench));
    cases.extend(constraints(&bench));
    cases.extend(usages(&bench));
    cases.extend(validity(&bench));
    cases.extend(forms(&bench));
    cases
}

fn pdf(statement: Statement<'_>) -> Input {
    Input::Pdf(Paper::new().sign(&Signing::with(statement)).bytes)
}

/// A case in which `signer` signs, and the certificates between it and the root come along.
fn case(bench: &Bench, line: &'static str, name: &'static str, signer: &Node, between: &[&Node]) -> Case {
    let trust = with_authorities(bench.trust(), between);
    let mut certificates = vec![signer.certificate.clone()];
    certificates.extend(between.iter().map(|node| node.certificate.clone()));
    let forged = pdf(Statement { certificates, ..Statement::new(signer) });
    Case { trust, ..bench.case(line, name, pdf(Statement::new(&bench.signer)), forged) }
}

/// Authorities with fresh empty lists, so that nothing but what is wrong stands in the way.
fn with_authorities(mut trust: Trust, authorities: &[&Node]) -> Trust {
    trust.intermediates.extend(authorities.iter().map(|node| node.certificate.clone()));
    trust.lists.extend(authorities.iter().map(|node| List::empty().by(node)));
    trust
}

fn roots(bench: &Bench) -> Vec<Case> {
    let false_root = Node::self_signed(&Template::authority("Root", None));
    let false_issuer = false_root.issue(&Template::authority("Issuer", Some(0)));
    let same_names = false_issuer.issue(&Template::signer());
    let alone = Node::self_signed(&Template::signer());
    let named_root = Node::self_signed(&Template { subject: attribute_name("Root"), ..Template::signer() });

    // Two authorities that certify each other, and no anchor.
    let (first, second) = (Node::self_signed(&Template::authority("A", None)), Node::self_signed(&Template::authority("B", None)));
    let (by_second, by_first) =
        (second.issue_same_key(&first, &Template::authority("A", None)), first.issue_same_key(&second, &Template::authority("B", None)));
    let in_loop = first.issue(&Template::signer());
    vec![
        case(bench, ROOTS, "root and issuer of the same names with other keys", &same_names, &[&false_issuer, &false_root]),
        case(bench, ROOTS, "signer that certifies itself", &alone, &[]),
        case(bench, ROOTS, "signer called like the root", &named_root, &[]),
        case(bench, ROOTS, "authorities that certify each other", &in_loop, &[&by_second, &by_first, &first, &second]),
        explosion(bench),
    ]
}

/// Eight layers of authorities, four of a name in each, all certified by all of the next layer, and none by the anchor.
fn explosion(bench: &Bench) -> Case {
    let mut pool = Vec::new();
    let mut layer: Vec<Node> = (0..4).map(|_| Node::self_signed(&Template::authority("Layer 0", None))).collect();
    for depth in 1..8 {
        let template = Template::authority(&format!("Layer {depth}"), None);
        let next: Vec<Node> = (0..4).map(|_| layer[0].issue(&template)).collect();
        for above in &layer {
            pool.extend(next.iter().map(|below| above.issue_same_key(below, &template).certificate));
        }
        layer = next;
    }
    let signer = layer[0].issue(&Template::signer());
    let mut trust = bench.trust();
    trust.intermediates.extend(pool);
    Case {
        trust,
        ..bench.case(ROOTS, "a hundred thousand paths that lead nowhere", pdf(Statement::new(&bench.signer)), pdf(Statement::new(&signer)))
    }
}

fn authorities(bench: &Bench) -> Vec<Case> {
    let sub = |template: &Template| {
        let authority = bench.root.issue(template);
        let signer = authority.issue(&Template::signer());
        (authority, signer)
    };
    let authority = || Template::authority("Other issuer", Some(0));
    let below_leaf = bench.signer.issue(&Template { subject: attribute_name("Forged"), ..Template::signer() });
    let too_long = bench.issuer.issue(&Template::authority("Below", None));
    let below_too_long = too_long.issue(&Template::signer());
    let (no_constraints, by_no_constraints) = sub(&Template { authority: None, ..authority() });
    let (no_usage, by_no_usage) = sub(&Template { key_usage: Some(0b1000_0000), ..authority() });
    let (critical, by_critical) = sub(&Template { extensions: vec![(UNKNOWN.to_vec(), true, der::null())], ..authority() });
    let (version_one, by_version_one) = sub(&Template { is_version_one: true, ..authority() });
    let critical_leaf = bench.issuer.issue(&Template { extensions: vec![(UNKNOWN.to_vec(), true, der::null())], ..Template::signer() });
    let not_signed = {
        // The issuer's name, and a signature by somebody else.
        let stranger = Node::self_signed(&Template::authority("Issuer", Some(0)));
        stranger.issue(&Template::signer())
    };
    vec![
        case(bench, AUTHORITIES, "signer's certificate used as an authority", &below_leaf, &[&bench.signer]),
        case(bench, AUTHORITIES, "path longer than allowed", &below_too_long, &[&too_long]),
        case(bench, AUTHORITIES, "authority without basic constraints", &by_no_constraints, &[&no_constraints]),
        case(bench, AUTHORITIES, "authority that may not sign certificates", &by_no_usage, &[&no_usage]),
        case(bench, AUTHORITIES, "unknown critical extension of an authority", &by_critical, &[&critical]),
        case(bench, AUTHORITIES, "unknown critical extension of the signer", &critical_leaf, &[]),
        case(bench, AUTHORITIES, "authority of version 1", &by_version_one, &[&version_one]),
        case(bench, AUTHORITIES, "certificate signed by somebody else", &not_signed, &[]),
    ]
}

fn constraints(bench: &Bench) -> Vec<Case> {
    let under = |name, extensions: Vec<Extension>, leaf: Vec<Extension>| {
        let authority = bench.root.issue(&Template { extensions, ..Template::authority("Bound issuer", Some(0)) });
        let signer = authority.issue(&Template { extensions: leaf, ..Template::signer() });
        case(bench, CONSTRAINTS, name, &signer, &[&authority])
    };
    let subtree = |kind: u8, base: Vec<u8>| der::sequence(&[&der::context(kind, &der::sequence(&[&base]))]);
    let names = |kind, base| (NAME_CONSTRAINTS.to_vec(), true, subtree(kind, base));
    let directory = |name: &str| der::context(4, &attribute_name(name));
    let mail = |text: &str| der::element(0x81, text.as_bytes());
    let mailbox = (ALTERNATIVE_NAME.to_vec(), false, der::sequence(&[&mail("a@bad.example")]));
    let policies = |policy: &[u64]| (CERTIFICATE_POLICIES.to_vec(), false, der::sequence(&[&der::sequence(&[&der::oid(policy)])]));
    let required = (POLICY_CONSTRAINTS.to_vec(), true, der::sequence(&[&der::element(0x80, &[0])]));
    let no_mapping = (POLICY_CONSTRAINTS.to_vec(), true, der::sequence(&[&der::element(0x80, &[0]), &der::element(0x81, &[0])]));
    let no_any = (INHIBIT_ANY_POLICY.to_vec(), true, der::unsigned(&[0]));
    let (one, other): (&[u64], &[u64]) = (&[1, 3, 6, 1, 4, 1, 32473, 1], &[1, 3, 6, 1, 4, 1, 32473, 2]);
    let mapping = (POLICY_MAPPINGS.to_vec(), true, der::sequence(&[&der::sequence(&[&der::oid(one), &der::oid(other)])]));
    vec![
        under("name excluded", vec![names(1, directory("Nguyen Van A"))], Vec::new()),
        under("name not among the permitted", vec![names(0, directory("Somebody else"))], Vec::new()),
        under("mail address excluded", vec![names(1, mail("bad.example"))], vec![mailbox.clone()]),
        under("mail address not among the permitted", vec![names(0, mail("good.example"))], vec![mailbox]),
        under("name constraints unreadable", vec![(NAME_CONSTRAINTS.to_vec(), true, der::null())], Vec::new()),
        under("policy required and none there", vec![required.clone()], Vec::new()),
        under("policy required and another there", vec![required.clone(), policies(one)], vec![policies(other)]),
        under("any policy inhibited", vec![required, no_any, policies(one)], vec![policies(ANY_POLICY)]),
        mapped(bench, vec![no_mapping, policies(one)], vec![policies(one), mapping], vec![policies(other)]),
    ]
}

/// The upper authority forbids what the lower one does.
fn mapped(bench: &Bench, upper: Vec<Extension>, lower: Vec<Extension>, leaf: Vec<Extension>) -> Case {
    let upper = bench.root.issue(&Template { extensions: upper, ..Template::authority("Upper issuer", None) });
    let lower = upper.issue(&Template { extensions: lower, ..Template::authority("Lower issuer", None) });
    let signer = lower.issue(&Template { extensions: leaf, ..Template::signer() });
    case(bench, CONSTRAINTS, "policy mapped where it may not be", &signer, &[&upper, &lower])
}

fn usages(bench: &Bench) -> Vec<Case> {
    let leaf = |name, template: Template| case(bench, USAGE, name, &bench.issuer.issue(&template), &[]);
    vec![
        leaf("key for encryption only", Template { key_usage: Some(0b0010_0000), ..Template::signer() }),
        leaf("key for certificates only", Template { key_usage: Some(0b0000_0100), ..Template::signer() }),
        leaf("key for nothing", Template { key_usage: Some(0), ..Template::signer() }),
        leaf("purpose of a web server", Template { purposes: Some((false, vec![SERVER_AUTHENTICATION.to_vec()])), ..Template::signer() }),
        leaf("purpose of a time-stamp authority", Template::time_stamper()),
    ]
}

fn validity(bench: &Bench) -> Vec<Case> {
    let leaf = |name, template: Template| case(bench, VALIDITY, name, &bench.issuer.issue(&template), &[]);
    let expired = Template { not_after: NOW - 3600, ..Template::signer() };
    let old_authority = bench.root.issue(&Template { not_after: NOW - 3600, ..Template::authority("Old issuer", Some(0)) });
    let by_old = old_authority.issue(&Template::signer());
    vec![
        // The document claims the day before, and nothing proves it.
        leaf("certificate expired, claimed time within", expired),
        leaf("certificate not yet valid", Template { not_before: NOW + 3600, ..Template::signer() }),
        leaf("certificate valid at no time", Template { not_before: NOW + YEAR, not_after: NOW - YEAR, ..Template::signer() }),
        case(bench, VALIDITY, "authority expired", &by_old, &[&old_authority]),
    ]
}

fn forms(bench: &Bench) -> Vec<Case> {
    let times: BTreeMap<&'static str, [(u8, &str); 2]> = BTreeMap::from([
        ("time without seconds", [(0x17, "2511270000Z"), (0x17, "271127000000Z")]),
        ("time with an offset", [(0x17, "251127000000+0700"), (0x17, "271127000000Z")]),
        ("time with fractions", [(0x18, "20251127000000.5Z"), (0x17, "271127000000Z")]),
        ("month thirteen", [(0x17, "251327000000Z"), (0x17, "271127000000Z")]),
        ("time of letters", [(0x17, "AAAAAAAAAAAAZ"), (0x17, "271127000000Z")]),
    ]);
    let leaf = |name, template: Template| case(bench, FORM, name, &bench.issuer.issue(&template), &[]);
    let mut cases: Vec<Case> = times
        .into_iter()
        .map(|(name, [from, to])| {
            let validity = der::sequence(&[&der::element(from.0, from.1.as_bytes()), &der::element(to.0, to.1.as_bytes())]);
            leaf(name, Template { validity: Some(validity), ..Template::signer() })
        })
        .collect();
    cases.push(leaf("negative serial number", Template { serial: Some(vec![0x80, 1]), ..Template::signer() }));
    cases.push(leaf("serial number zero", Template { serial: Some(vec![0]), ..Template::signer() }));
    cases.push(leaf("signer of version 1", Template { is_version_one: true, ..Template::signer() }));
    let nameless = Node::self_signed(&Template { subject: der::sequence(&[]), ..Template::authority("", None) });
    let by_nameless = nameless.issue(&Template::signer());
    cases.push(case(bench, FORM, "issuer without a name", &by_nameless, &[&nameless]));
    let twice = (UNKNOWN.to_vec(), false, der::null());
    cases.push(leaf("extension twice", Template { extensions: vec![twice.clone(), twice], ..Template::signer() }));
    let key = NodeKey::Public(der::sequence(&[&der::null()]));
    let unreadable = bench.issuer.issue_for(key, &Template::signer());
    cases.push(case(bench, FORM, "public key unreadable", &unreadable, &[]));
    cases
}
