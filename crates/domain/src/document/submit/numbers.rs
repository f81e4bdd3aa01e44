//! One number, one document: by issuer, year, number and notation (NĐ 30/2020/NĐ-CP, Điều 15.1).

use super::*;
use crate::agency::scene::{date, fields};
use crate::document::Command;
use crate::document::scene::{FILE, Letter, NOW, attachment, province};
use crate::time::Date;

/// A letter of a day under a number.
fn numbered(n: u8, number: &str, notation: &str, day: Date) -> Letter {
    Letter::numbered(n, "tinh", "tinh.xa").with(|a| {
        (a.content.number, a.content.notation, a.content.date) = (number.into(), notation.into(), day);
    })
}

#[test]
fn a_number_is_given_once_a_year_by_one_issuer() {
    let mut scene = province();
    let (last, first) = (date("2024-12-31"), date("2025-01-01"));
    scene.submit(numbered(1, "05", "UBND-VX", last)).unwrap();
    // Zeros in front and the case of letters make no other number (NĐ 30/2020, Điều 15: 05 is written for 5).
    for (number, notation) in [("05", "UBND-VX"), ("5", "UBND-VX"), ("005", "ubnd-vx"), ("5", "Ubnd-Vx")] {
        let taken = Refusal::NumberTaken { number: number.into(), notation: notation.into(), year: 2024, earlier: Id([1; 16]) };
        assert_eq!(scene.submit(numbered(2, number, notation, date("2024-01-01"))), Err(taken));
    }
    // Printed days of two years are two series, however close; so are other notations, numbers and issuers.
    scene.submit(numbered(2, "05", "UBND-VX", first)).unwrap();
    scene.submit(numbered(3, "05", "UBND-TH", last)).unwrap();
    scene.submit(numbered(4, "50", "UBND-VX", last)).unwrap();
    scene.submit(numbered(5, "05a", "UBND-VX", last)).unwrap();
    assert!(matches!(scene.submit(numbered(6, "5A", "UBND-VX", last)), Err(Refusal::NumberTaken { .. })));
    let other = Letter::numbered(6, "tinh.huyen", "tinh.xa").with(|a| (a.content.number, a.content.date) = ("05".into(), last));
    scene.submit(other).unwrap();
    let taken = scene.submit(numbered(7, "5", "UBND-VX", date("2025-06-30")));
    let earlier = Id([2; 16]);
    assert_eq!(taken, Err(Refusal::NumberTaken { number: "5".into(), notation: "UBND-VX".into(), year: 2025, earlier }));
}

#[test]
fn a_number_and_a_file_name_are_the_same_however_their_letters_are_composed() {
    let mut scene = province();
    let day = date("2025-01-01");
    // BCĐTƯ with one character for Ư, and with two.
    scene.submit(numbered(1, "1", "BC\u{110}T\u{1af}", day)).unwrap();
    assert!(matches!(scene.submit(numbered(2, "1", "BC\u{110}TU\u{31b}", day)), Err(Refusal::NumberTaken { .. })));
    assert!(scene.submit(numbered(2, "1", "BC\u{110}TU", day)).is_ok(), "U is another letter");
    scene.submit(numbered(4, "1a\u{302}", "VP", day)).unwrap();
    assert!(matches!(scene.submit(numbered(5, "01\u{c2}", "VP", day)), Err(Refusal::NumberTaken { .. })));
    let twice = |a: &mut Letter| {
        a.content.attachments[0].file_name = "Ba\u{309}ng.pdf".into();
        a.content.attachments.push(attachment("B\u{1ea3}ng.pdf", AttachmentRole::Appendix));
    };
    assert_eq!(fields(scene.submit(Letter::numbered(3, "tinh", "tinh.xa").with(twice))), ["document.attachments[1].file_name"]);
}

#[test]
fn the_parts_of_a_number_do_not_run_into_each_other() {
    let mut scene = province();
    let day = date("2025-01-01");
    scene.submit(numbered(1, "1", "2A", day)).unwrap();
    scene.submit(numbered(2, "12", "A", day)).unwrap();
    scene.submit(numbered(3, "A", "0", day)).unwrap();
    scene.submit(numbered(4, "0", "A", day)).unwrap();
    assert!(matches!(scene.submit(numbered(5, "00", "A", day)), Err(Refusal::NumberTaken { .. })));
}

#[test]
fn the_number_of_a_recalled_document_is_not_given_again() {
    let mut scene = province();
    scene.submit(Letter::numbered(1, "tinh", "tinh.xa")).unwrap();
    let recall = Command::Recall { document: Letter::numbered(1, "tinh", "tinh.xa").id, reason: "Gửi nhầm".into() };
    scene.as_system("tinh", NOW, None, recall).unwrap();
    assert!(matches!(scene.document(&Letter::numbered(1, "tinh", "tinh.xa").id).state, State::Recalled { .. }));
    assert_eq!(payload::find(&scene.rows, &FILE).map(|found| found.is_some()), Ok(true), "others uploaded the bytes too");
    let again = scene.submit(Letter::numbered(1, "tinh", "tinh.xa").with(|a| a.id = Id([2; 16])));
    let (number, notation) = ("1".into(), "UBND-VX".into());
    assert_eq!(again, Err(Refusal::NumberTaken { number, notation, year: 2025, earlier: Letter::numbered(1, "tinh", "tinh.xa").id }));
}
