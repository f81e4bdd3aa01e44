//! Time stamps that prove nothing. The signer's certificate has expired since, so that only a sound stamp lets it pass.

use super::kit::{
    Bench, Case, Input, List, ListEntry, NOW, Node, Paper, Signing, Statement, Template, Trust, attribute, time_stamp, token_with,
};
use crate::cms::Digest;

const TOKENS: &str = "time-stamp tokens";
const DOCUMENT: &str = "document time stamps";

const SIGNATURE_TIME_STAMP: &[u64] = &[1, 2, 840, 113549, 1, 9, 16, 2, 14];
const DATA: &[u64] = &[1, 2, 840, 113549, 1, 7, 1];
const TIME_STAMPING: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 8];
const EMAIL_PROTECTION: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 4];

const HOUR: i64 = 3600;
/// When the sound stamp says that the signature was there.
const THEN: i64 = NOW - 3 * HOUR;

/// Every forgery of this kind.
#[must_use]
pub fn cases() -> Vec<Case> {
    let bench = Bench::new();
    let mut cases = tokens(&bench);
    cases.extend(documents(&bench));
    cases
}

/// Lists made before the certificate expired: later ones may have forgotten it (RFC 5280, 3.3).
fn trust(bench: &Bench, entries: Vec<ListEntry>) -> Trust {
    let list = List { this_update: NOW - 2 * HOUR, ..List::of(entries) };
    Trust { lists: vec![list.by(&bench.issuer), List::empty().by(&bench.root)], ..bench.trust() }
}

fn tokens(bench: &Bench) -> Vec<Case> {
    let signer = bench.issuer.issue(&Template { not_after: NOW - HOUR, ..Template::signer() });
    let with = |tokens: &dyn Fn(&[u8]) -> Vec<Vec<u8>>| {
        let unsigned = move |value: &[u8]| tokens(value).iter().map(|token| attribute(SIGNATURE_TIME_STAMP, token)).collect();
        Input::Pdf(Paper::new().sign(&Signing::with(Statement { unsigned: Some(Box::new(unsigned)), ..Statement::new(&signer) })).bytes)
    };
    let twin = with(&|value| vec![time_stamp(&bench.tsa, value, THEN)]);
    let imprint = |value: &[u8]| Digest::Sha256.of(&[value]);
    let authority = |template: &Template| {
        let tsa = bench.issuer.issue(template);
        with(&|value| vec![time_stamp(&tsa, value, THEN)])
    };
    let purposes = |critical, purposes: &[&[u64]]| Template {
        purposes: Some((critical, purposes.iter().map(|purpose| purpose.to_vec()).collect())),
        ..Template::time_stamper()
    };
    let stranger = Node::self_signed(&Template::time_stamper());
    let case = |name, forged| {
        let sound = || trust(bench, Vec::new());
        Case { trust: sound(), twin_trust: sound(), ..bench.case(TOKENS, name, twin.clone(), forged) }
    };
    let mut cases = vec![
        case("no time stamp", with(&|_| Vec::new())),
        case("stamp over something else", with(&|_| vec![time_stamp(&bench.tsa, b"something else", THEN)])),
        case("stamp with an empty imprint", with(&|_| vec![token_with(&bench.tsa, &[], THEN, |_| {})])),
        case(
            "stamp copied from another signature",
            with(&|_| {
                let other = Statement::new(&signer).over(b"another document");
                vec![time_stamp(&bench.tsa, &other, THEN)]
            }),
        ),
        case(
            "stamp of the wrong content type",
            with(&|value| vec![token_with(&bench.tsa, &imprint(value), THEN, |token| token.content_type = DATA.to_vec())]),
        ),
        case(
            "stamp that does not pin its certificate",
            with(&|value| vec![token_with(&bench.tsa, &imprint(value), THEN, |token| token.pins_certificate = false)]),
        ),
        case("stamp with two signers", with(&|value| vec![token_with(&bench.tsa, &imprint(value), THEN, |token| token.signers = 2)])),
        case(
            "stamp without its statement",
            with(&|value| vec![token_with(&bench.tsa, &imprint(value), THEN, |token| token.enclosed = None)]),
        ),
        case(
            "stamp with a broken signature",
            with(&|value| {
                let mut token = time_stamp(&bench.tsa, value, THEN);
                if let Some(last) = token.last_mut() {
                    *last ^= 1;
                }
                vec![token]
            }),
        ),
        case(
            "stamp cut short",
            with(&|value| {
                let token = time_stamp(&bench.tsa, value, THEN);
                vec![crate::der::octets(&token[..token.len() / 2])]
            }),
        ),
        case("stamp by a stranger", with(&|value| vec![time_stamp(&stranger, value, THEN)])),
        case("stamp by the signer", with(&|value| vec![time_stamp(&signer, value, THEN)])),
        case("authority whose purpose is not critical", authority(&purposes(false, &[TIME_STAMPING]))),
        case("authority with two purposes", authority(&purposes(true, &[TIME_STAMPING, EMAIL_PROTECTION]))),
        case("authority with another purpose", authority(&purposes(true, &[EMAIL_PROTECTION]))),
        case("authority without a purpose", authority(&Template { purposes: None, ..Template::time_stamper() })),
        case("authority whose key may not sign", authority(&Template { key_usage: Some(0b0010_0000), ..Template::time_stamper() })),
        case("authority expired before the stamp", authority(&Template { not_after: THEN - HOUR, ..Template::time_stamper() })),
        case("stamp of the future", with(&|value| vec![time_stamp(&bench.tsa, value, NOW + HOUR)])),
        case("stamp after the certificate expired", with(&|value| vec![time_stamp(&bench.tsa, value, NOW - 60)])),
        // A forged earlier stamp beside the sound one must not count, and must not take the sound one away.
        case(
            "a forged stamp beside the sound one",
            with(&|value| vec![time_stamp(&stranger, value, THEN - HOUR), time_stamp(&bench.tsa, value, THEN)]),
        ),
        case(
            "a sound late stamp beside a forged one",
            with(&|value| vec![time_stamp(&stranger, value, THEN), time_stamp(&bench.tsa, value, NOW - 60)]),
        ),
    ];
    let early = bench.issuer.issue(&Template { not_before: THEN + HOUR, ..Template::signer() });
    let unsigned = |value: &[u8]| vec![attribute(SIGNATURE_TIME_STAMP, &time_stamp(&bench.tsa, value, THEN))];
    let forged = Paper::new().sign(&Signing::with(Statement { unsigned: Some(Box::new(unsigned)), ..Statement::new(&early) }));
    cases.push(case("stamp before the certificate was valid", Input::Pdf(forged.bytes)));
    let revoked = |date, reason| trust(bench, vec![ListEntry::new(&bench.tsa, date, reason)]);
    cases.push(Case { trust: revoked(THEN - HOUR, 4), ..case("authority revoked before the stamp", twin.clone()) });
    // EN 319 421 and RFC 3161, 4: after a compromise no stamp of that key is believed, whatever time it states.
    cases.push(Case { trust: revoked(NOW - 2 * HOUR, 1), ..case("key of the authority lost since", twin.clone()) });
    cases
}

fn documents(bench: &Bench) -> Vec<Case> {
    let stamp = |content: &[u8]| time_stamp(&bench.tsa, content, THEN);
    let signing = || Signing { sub_filter: "ETSI.RFC3161", make: Some(Box::new(stamp)), ..Signing::new(&bench.tsa) };
    let twin = Input::Pdf(Paper::new().sign(&signing()).bytes);
    let case = |name, signing: Signing<'_>| bench.case(DOCUMENT, name, twin.clone(), Input::Pdf(Paper::new().sign(&signing).bytes));
    let partial = Signing {
        range: Some(Box::new(|start, end, length| format!("[0 {start} {end} {}]", length - end - 40))),
        parts: Some(Box::new(|start, end, length| vec![0..start, end..length - 40])),
        ..signing()
    };
    let other = Signing { make: Some(Box::new(|_| time_stamp(&bench.tsa, b"another document", THEN))), ..signing() };
    let signature = Signing { make: Some(Box::new(|content| Statement::new(&bench.signer).over(content))), ..signing() };
    let trailing = Signing { make: Some(Box::new(|content| [time_stamp(&bench.tsa, content, THEN), vec![7]].concat())), ..signing() };
    let wide = Signing {
        range: Some(Box::new(|start, end, length| format!("[0 {start} {} {}]", end + 10, length - end - 10))),
        parts: Some(Box::new(|start, end, length| vec![0..start, end + 10..length])),
        ..signing()
    };
    vec![
        case("document stamp over a part of the revision", partial),
        case("document stamp over something else", other),
        case("signature offered as a document stamp", signature),
        case("bytes behind a document stamp", trailing),
        case("document stamp with a wide gap", wide),
    ]
}
