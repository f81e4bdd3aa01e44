//! Numbers in subjects: that of an organisation, by which it is known, and those of persons, which are nobody's business.
//!
//! Vietnamese authorities write `MST:` (tax code), `MNS:` (code of a unit of the state budget) or `MDD:` (electronic
//! identification code, QĐ 20/2020/QĐ-TTg) into `UID`, and `CCCD:`, `CMND:`, `HC:` for persons; ETSI EN 319 412-1, 5.1.4 has
//! `VATVN-` and `NTRVN-` in `organizationIdentifier` and `serialNumber`.

use crate::name::Name;
use crate::oid;
use crate::report::SignerKind;

/// Beginnings of a person's number: citizen card, the older identity card, passport, and the forms of EN 319 412-1, 5.1.3.
const PERSONAL: [&str; 10] = ["CCCD", "CMND", "CMT", "CMTND", "HC", "HOCHIEU", "PASVN", "IDCVN", "PNOVN", "TINVN"];
/// The longest electronic identification code (QĐ 20/2020/QĐ-TTg, Điều 4).
const MAX_CODE: usize = 35;

/// The number of the organisation in `subject`, as `MST:0123456789`, `MST:0123456789-001`, `MNS:1234567` or `MDD:H12.15`.
///
/// A number that may be a person's is none: since July 2025 the tax code of a person is the number of its citizen card, and a
/// certificate of a person that names one number alone names the person's.
pub(crate) fn of_organisation(subject: &Name) -> Option<String> {
    let written = || {
        let identifiers = subject.all(oid::ORGANISATION_IDENTIFIER);
        identifiers.chain(subject.all(oid::USER_ID)).chain(subject.all(oid::SERIAL_NUMBER))
    };
    // Units of the budget and of the state are no persons; tax codes are both's.
    let may_be_persons = subject.signer_kind() == SignerKind::Person
        && !written().any(is_personal)
        && subject.first(oid::ORGANISATION_IDENTIFIER).is_empty();
    written().filter_map(normalised).find(|number| !(may_be_persons && number.starts_with("MST:")))
}

/// Begins like a person's number.
pub(crate) fn is_personal(value: &str) -> bool {
    let value = upper(value);
    let head: String = value.chars().take_while(|letter| letter.is_ascii_alphabetic()).collect();
    PERSONAL.contains(&head.as_str())
}

/// The normalised form of an organisation's number, if `value` is one.
fn normalised(value: &str) -> Option<String> {
    let value = upper(value);
    for (prefix, scheme) in [("MST", "MST"), ("VATVN", "MST"), ("NTRVN", "MST"), ("MNS", "MNS"), ("MDD", "MDD")] {
        if let Some(rest) = value.strip_prefix(prefix) {
            let number = rest.trim_start_matches([':', '-', '=']);
            return fits(scheme, number).then(|| format!("{scheme}:{number}"));
        }
    }
    let scheme = ["MST", "MDD"].into_iter().find(|scheme| fits(scheme, &value))?;
    Some(format!("{scheme}:{value}"))
}

fn fits(scheme: &str, number: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    match scheme {
        "MST" => match number.split_once('-') {
            None => digits(number, 10),
            Some((head, unit)) => digits(head, 10) && digits(unit, 3),
        },
        "MNS" => digits(number, 7),
        _ => {
            let mut letters = number.bytes();
            let level_one = matches!((letters.next(), letters.next(), letters.next()),
                (Some(b'A'..=b'Y'), Some(d), Some(e)) if d.is_ascii_digit() && e.is_ascii_digit());
            level_one
                && number.len() <= MAX_CODE
                && number.split('.').all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()))
        }
    }
}

fn upper(value: &str) -> String {
    value.chars().filter(|letter| !letter.is_whitespace()).collect::<String>().to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::{Element, SEQUENCE};
    use crate::name::tests::name_der;

    fn of(attributes: &[(&[u8], &str)]) -> Option<String> {
        of_organisation(&Name::read(&Element::parse(&name_der(attributes), SEQUENCE).unwrap()).unwrap())
    }

    const SEAL: (&[u8], &str) = (oid::COMMON_NAME, "UBND XÃ ĐẦM DƠI");

    #[test]
    fn an_organisation_is_known_by_its_number_in_every_form_in_use() {
        for (kind, value, expected) in [
            (oid::USER_ID, "MST:2000100001", "MST:2000100001"),
            (oid::USER_ID, "mst: 2000100001-012", "MST:2000100001-012"),
            (oid::USER_ID, "MNS:1028274", "MNS:1028274"),
            (oid::USER_ID, "MDD:H12.15.01", "MDD:H12.15.01"),
            (oid::USER_ID, "2000100001", "MST:2000100001"),
            (oid::USER_ID, "H12.15", "MDD:H12.15"),
            (oid::ORGANISATION_IDENTIFIER, "VATVN-2000100001", "MST:2000100001"),
            (oid::ORGANISATION_IDENTIFIER, "NTRVN-2000100001-001", "MST:2000100001-001"),
            (oid::SERIAL_NUMBER, "MST:2000100001", "MST:2000100001"),
        ] {
            assert_eq!(of(&[(kind, value), SEAL]).as_deref(), Some(expected), "{value}");
        }
    }

    #[test]
    fn a_number_of_a_person_is_none_of_an_organisation() {
        for value in [
            "CCCD:079012345678",
            "CMND:079012345",
            "HC:B1234567",
            "079012345678",
            "079012345",
            "MST:079012345678",
            "MST:79012345",
            "MST:",
            "IDCVN-079012345678",
            "MNS:10282745",
            "Z01ABC",
        ] {
            assert_eq!(of(&[(oid::USER_ID, value), SEAL]), None, "{value}");
            assert_eq!(of(&[(oid::SERIAL_NUMBER, value), SEAL]), None, "{value}");
        }
        let person = (oid::COMMON_NAME, "Nguyễn Văn A");
        assert_eq!(of(&[(oid::USER_ID, "MST:8012345678"), person]), None, "the one number of a person is the person's");
        let both = [(oid::USER_ID, "CCCD:079012345678"), (oid::USER_ID, "MST:2000100001"), person];
        assert_eq!(of(&both).as_deref(), Some("MST:2000100001"), "beside its own number a person's certificate names its employer's");
    }
}
