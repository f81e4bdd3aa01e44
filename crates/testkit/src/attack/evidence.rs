//! Revocation: certificates that were revoked, and evidence that must not be believed.

use super::changes::with_store;
use super::kit::{
    Answer, Bench, Case, Extension, Input, List, ListEntry, NOW, Node, Paper, Signing, Statement, Template, Trust, generalized,
};
use crate::der;

const REVOKED: &str = "revoked";
const LISTS: &str = "revocation lists";
const ANSWERS: &str = "OCSP responses";
const EMBEDDED: &str = "embedded evidence";

const DISTRIBUTION_POINT: &[u64] = &[2, 5, 29, 28];
const DELTA: &[u64] = &[2, 5, 29, 27];
const INVALIDITY_DATE: &[u64] = &[2, 5, 29, 24];
const UNKNOWN: &[u64] = &[1, 3, 6, 1, 4, 1, 32473, 99];
const OCSP_SIGNING: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 9];
const OCSP_NO_CHECK: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 48, 1, 5];

const DAY: i64 = 86_400;

/// Every forgery of this kind.
#[must_use]
pub fn cases() -> Vec<Case> {
    let bench = Bench::new();
    let mut cases = revoked(&bench);
    cases.extend(lists(&bench));
    cases.extend(answers(&bench));
    cases.extend(embedded(&bench));
    cases
}

fn signed(bench: &Bench) -> Input {
    Input::Pdf(Paper::new().sign(&Signing::new(&bench.signer)).bytes)
}

/// The usual document, judged with other evidence.
fn judged_with(bench: &Bench, line: &'static str, name: &'static str, trust: Trust) -> Case {
    Case { trust, ..bench.case(line, name, signed(bench), signed(bench)) }
}

/// The evidence, with other lists of the issuer.
fn with_lists(bench: &Bench, lists: Vec<Vec<u8>>) -> Trust {
    Trust { lists: [lists, vec![List::empty().by(&bench.root)]].concat(), ..bench.trust() }
}

fn revoked(bench: &Bench) -> Vec<Case> {
    let signer = &bench.signer;
    let entries = |entry: ListEntry| with_lists(bench, vec![List::of(vec![entry]).by(&bench.issuer)]);
    let plain = |name, date, reason| judged_with(bench, REVOKED, name, entries(ListEntry::new(signer, date, reason)));
    // The document claims 23 hours ago.
    let mut cases = vec![
        plain("revoked after the claimed time, unproved", NOW - 3600, 1),
        plain("revoked before the claimed time", NOW - 2 * DAY, 1),
        plain("on hold", NOW - 3600, 6),
        plain("revoked without a reason", NOW - 3600, 0),
        plain("superseded", NOW - 3600, 4),
    ];
    let authority = Trust {
        lists: vec![List::empty().by(&bench.issuer), List::of(vec![ListEntry::new(&bench.issuer, NOW - 3600, 2)]).by(&bench.root)],
        ..bench.trust()
    };
    cases.push(judged_with(bench, REVOKED, "authority revoked", authority));

    // A time stamp proves that the signature is older; otherwise the moment of revocation decides.
    let stamped = |at| Input::Pdf(Paper::new().sign(&Signing::with(Statement::stamped(signer, &bench.tsa, at))).bytes);
    let twin = stamped(NOW - 7200);
    let mut with_stamp = |name, stamp, entry: ListEntry| {
        cases.push(Case { trust: entries(entry), ..bench.case(REVOKED, name, twin.clone(), stamped(stamp)) });
    };
    with_stamp("revoked before the proved time", NOW - 1800, ListEntry::new(signer, NOW - 3600, 4));
    with_stamp("revoked after the proved time", NOW - 7200, ListEntry::new(signer, NOW - 3600, 4));
    // RFC 5280, 5.3.2: the key was known to be lost before the revocation.
    let invalid: Extension = (INVALIDITY_DATE.to_vec(), false, generalized(NOW - 9000));
    with_stamp(
        "key lost before the proved time, revoked after it",
        NOW - 7200,
        ListEntry { extensions: vec![invalid], ..ListEntry::new(signer, NOW - 3600, 1) },
    );
    cases
}

fn lists(bench: &Bench) -> Vec<Case> {
    let case = |name, list: Vec<u8>| judged_with(bench, LISTS, name, with_lists(bench, vec![list]));
    let with = |extension: Extension| List { extensions: vec![extension], ..List::empty() }.by(&bench.issuer);
    let stranger = Node::self_signed(&Template::authority("Issuer", None));
    let sound = List::empty().by(&bench.issuer);
    let mut broken = sound.clone();
    if let Some(last) = broken.last_mut() {
        *last ^= 1;
    }
    let restricted = |tag: u8| (DISTRIBUTION_POINT.to_vec(), true, der::sequence(&[&der::element(tag, &[0xff])]));
    vec![
        case("list of another authority", List::empty().by(&bench.root)),
        case("list by a stranger in the issuer's name", List::empty().by(&stranger)),
        case(
            "list by the signer in the issuer's name",
            List { issuer: Some(bench.issuer.subject.clone()), ..List::empty() }.by(&bench.signer),
        ),
        case("list with a broken signature", broken),
        case("stale list", List { this_update: NOW - 10 * DAY, next_update: Some(NOW - DAY), ..List::empty() }.by(&bench.issuer)),
        case("list of the future", List { this_update: NOW + DAY, next_update: Some(NOW + 2 * DAY), ..List::empty() }.by(&bench.issuer)),
        case("old list without a next one", List { this_update: NOW - 10 * DAY, next_update: None, ..List::empty() }.by(&bench.issuer)),
        case("list with an unknown critical extension", with((UNKNOWN.to_vec(), true, der::null()))),
        case("list of authorities only", with(restricted(0x82))),
        case("list of attribute certificates only", with(restricted(0x85))),
        case("delta without its list", with((DELTA.to_vec(), true, der::unsigned(&[1])))),
        case("list of some reasons only", with((DISTRIBUTION_POINT.to_vec(), true, der::sequence(&[&der::element(0x83, &[6, 0x40])])))),
        case("truncated list", sound[..sound.len() / 2].to_vec()),
        judged_with(bench, LISTS, "no list at all", Trust { lists: vec![List::empty().by(&bench.root)], ..bench.trust() }),
    ]
}

fn answers(bench: &Bench) -> Vec<Case> {
    let (signer, issuer) = (&bench.signer, &bench.issuer);
    let good = || Answer::good(issuer, signer, issuer);
    let trust =
        |answer: &Answer<'_>| Trust { responses: vec![answer.response()], lists: vec![List::empty().by(&bench.root)], ..bench.trust() };
    let twin_trust = trust(&good());
    let case = |name, answer: Answer<'_>| Case { twin_trust: twin_trust.clone(), ..judged_with(bench, ANSWERS, name, trust(&answer)) };
    let responder = |template: Template| issuer.issue(&template);
    let purpose = |name: &str| Template {
        subject: super::kit::attribute_name(name),
        purposes: Some((false, vec![OCSP_SIGNING.to_vec()])),
        extensions: vec![(OCSP_NO_CHECK.to_vec(), false, der::null())],
        ..Template::signer()
    };
    let without_purpose = responder(Template { purposes: None, ..purpose("Responder") });
    let expired = responder(Template { not_after: NOW - DAY, ..purpose("Responder") });
    let stranger_authority = Node::self_signed(&Template::authority("Issuer", None));
    let stranger = stranger_authority.issue(&purpose("Responder"));
    let by = |node: &Node| Answer { responder: issuer, certificates: vec![node.certificate.clone()], ..good() };
    fn of<'a>(answer: Answer<'a>, responder: &'a Node) -> Answer<'a> {
        Answer { responder, ..answer }
    }
    let mut cases = vec![
        case("answer about another serial number", Answer { serial: bench.tsa.serial.clone(), ..good() }),
        case("answer about another issuer's certificate", Answer { issuer: &bench.root, ..good() }),
        case("answer unknown", Answer { status: Answer::UNKNOWN.to_vec(), ..good() }),
        case("answer without success", Answer { response_status: 3, ..good() }),
        case("stale answer", Answer { this_update: NOW - 10 * DAY, next_update: Some(NOW - DAY), ..good() }),
        case("answer of the future", Answer { this_update: NOW + DAY, next_update: Some(NOW + 2 * DAY), ..good() }),
        case("answer with an unknown critical extension", Answer { extensions: vec![(UNKNOWN.to_vec(), true, der::null())], ..good() }),
        case(
            "answer by the certificate that is asked for",
            Answer { responder: signer, certificates: vec![signer.certificate.clone()], ..good() },
        ),
        case("answer by the root", Answer { responder: &bench.root, ..good() }),
    ];
    cases.push(case("responder without the purpose", of(by(&without_purpose), &without_purpose)));
    cases.push(case("responder expired", of(by(&expired), &expired)));
    cases.push(case("responder of a stranger", of(by(&stranger), &stranger)));
    let mut broken = good().response();
    if let Some(last) = broken.last_mut() {
        *last ^= 1;
    }
    let trust_broken = Trust { responses: vec![broken], ..twin_trust.clone() };
    cases.push(Case { twin_trust: twin_trust.clone(), ..judged_with(bench, ANSWERS, "answer with a broken signature", trust_broken) });
    // A list says good and the answer says revoked: the bad news counts.
    let revoked = Answer { status: Answer::revoked(NOW - 3600, 1), ..good() };
    let both = Trust { responses: vec![revoked.response(), good().response()], ..bench.trust() };
    cases.push(Case { twin_trust, ..judged_with(bench, ANSWERS, "answers that contradict each other", both) });
    cases
}

fn embedded(bench: &Bench) -> Vec<Case> {
    let bare = Trust { lists: Vec::new(), ..bench.trust() };
    let store = |lists: Vec<Vec<u8>>| {
        let paper = with_store(&Paper::new(), &lists);
        Input::Pdf(paper.sign(&Signing::new(&bench.signer)).bytes)
    };
    let root = || List::empty().by(&bench.root);
    let twin = store(vec![List::empty().by(&bench.issuer), root()]);
    let case =
        |name, lists| Case { trust: bare.clone(), twin_trust: bare.clone(), ..bench.case(EMBEDDED, name, twin.clone(), store(lists)) };
    let old = List { this_update: NOW - 10 * DAY, next_update: Some(NOW - 9 * DAY), ..List::empty() };
    let stranger = Node::self_signed(&Template::authority("Issuer", None));
    vec![
        case("embedded list older than the signature", vec![old.by(&bench.issuer), root()]),
        case("embedded list by a stranger", vec![List::empty().by(&stranger), root()]),
        case("embedded rubbish", vec![vec![0; 100], root()]),
        case("nothing embedded", Vec::new()),
    ]
}
