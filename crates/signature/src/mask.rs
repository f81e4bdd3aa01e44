//! Personal identifiers in what people and machines read: numbers of identity cards, passports and tax codes of persons.
//!
//! Authorities write them into the attributes made for them (UID, serialNumber) and also into common names and units. Every name
//! that leaves this crate, in facts, reasons and debugging output, is masked; these functions are public for whatever else quotes
//! one.

/// Schemes before an identifier, lower case, as Vietnamese authorities write them.
const SCHEMES: [&str; 8] = ["cmnd", "cccd", "cmt", "hc", "mst", "mns", "bhxh", "ddcn"];
/// The shortest identifier is that of the older identity card.
const LEAST_DIGITS: usize = 9;
/// Digits of the older identity card, and of the newer one, which is a citizen's tax code too.
const CITIZEN_DIGITS: [usize; 2] = [9, 12];
/// Digits that stay, so that two reports can be compared by eye.
const KEPT: usize = 2;

/// Masks whatever follows the name of a scheme, such as `CCCD:096012345678` or `MST 0123456789`.
#[must_use]
pub fn schemes(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        match identifier(&letters, at) {
            Some((start, end)) => {
                out.extend(letters.get(at..start).unwrap_or_default());
                push_masked(letters.get(start..end).unwrap_or_default(), &mut out);
                at = end;
            }
            None => {
                out.push(letter);
                at += 1;
            }
        }
    }
    out
}

/// Masks every long number too, written in groups as well: for the names of persons, where no other long number belongs.
#[must_use]
pub fn numbers(text: &str) -> String {
    masked(text, |digits| digits >= LEAST_DIGITS)
}

/// Masks every number as long as one of a citizen: for the names of organisations, whose own numbers (10 and 13 digits) are
/// public, and for which a person may be taken by mistake.
#[must_use]
pub fn citizens(text: &str) -> String {
    masked(text, |digits| CITIZEN_DIGITS.contains(&digits))
}

/// Masks what follows the name of a scheme, and the numbers with as many digits as `is_personal` says.
fn masked(text: &str, is_personal: impl Fn(usize) -> bool) -> String {
    let letters: Vec<char> = schemes(text).chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let end = letters.get(at..).map_or(at, |rest| at + number_length(rest));
        let number = letters.get(at..end).unwrap_or_default();
        let digits: Vec<char> = number.iter().copied().filter(|letter| letter.is_numeric()).collect();
        if is_personal(digits.len()) {
            push_masked(&digits, &mut out);
            at = end;
        } else if number.is_empty() {
            out.push(letter);
            at += 1;
        } else {
            out.extend(number);
            at = end;
        }
    }
    out
}

/// Letters of the number that `letters` starts with, single separators inside it counted.
fn number_length(letters: &[char]) -> usize {
    let mut end = 0;
    while letters.get(end).is_some_and(|letter| letter.is_numeric()) {
        end += 1;
        let separated = letters.get(end).is_some_and(|letter| matches!(letter, ' ' | '.' | '-'));
        if separated && letters.get(end + 1).is_some_and(|letter| letter.is_numeric()) {
            end += 1;
        }
    }
    end
}

/// Start and end of an identifier whose scheme starts at `at`.
fn identifier(letters: &[char], at: usize) -> Option<(usize, usize)> {
    if at > 0 && letters.get(at - 1).is_some_and(|before| before.is_alphanumeric()) {
        return None;
    }
    let rest = letters.get(at..)?;
    let scheme = SCHEMES.iter().find(|scheme| {
        let length = scheme.len();
        rest.len() > length && scheme.chars().zip(rest).all(|(own, letter)| own == letter.to_ascii_lowercase())
    })?;
    let separator = rest.iter().skip(scheme.len()).take_while(|letter| matches!(letter, ':' | ' ' | '-' | '.' | '=' | '_' | '/')).count();
    let start = at + scheme.len() + separator;
    let count = letters.iter().skip(start).take_while(|letter| letter.is_ascii_alphanumeric()).count();
    let end = start + count;
    let digits = letters.get(start..end)?.iter().filter(|letter| letter.is_ascii_digit()).count();
    // A passport has a letter and seven digits.
    (digits >= 6).then_some((start, end))
}

fn push_masked(identifier: &[char], out: &mut String) {
    out.push_str("***");
    out.extend(identifier.iter().skip(identifier.len().saturating_sub(KEPT)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_masked_with_and_without_their_scheme() {
        for (text, expected) in [
            ("UID=CCCD:096012345678, CN=A", "UID=CCCD:***78, CN=A"),
            ("CN=Nguyễn Văn A - MST: 8012345678", "CN=Nguyễn Văn A - MST: ***78"),
            ("HC:C1234567", "HC:***67"),
            ("UID=CMND:***21", "UID=CMND:***21"),
            ("phong TTCCCD:12", "phong TTCCCD:12"),
            ("MST", "MST"),
            ("cmt 12", "cmt 12"),
        ] {
            assert_eq!(schemes(text), expected);
        }
        assert_eq!(numbers("CN=Nguyễn Văn A 096012345678"), "CN=Nguyễn Văn A ***78");
        assert_eq!(numbers("CN=Phòng 12345678"), "CN=Phòng 12345678");
        assert_eq!(numbers("A 096 012 345 678, B 0960.1234-5678"), "A ***78, B ***78");
        assert_eq!(numbers("A ０９６０１２３４５６７８ 1 2"), "A ***12");
        assert_eq!(citizens("CN=Trường Văn A 096012345678, MST 0123"), "CN=Trường Văn A ***78, MST 0123");
        assert_eq!(citizens("CN=Công ty A 0312345678-001, CCCD 096012345678"), "CN=Công ty A 0312345678-001, CCCD ***78");
        assert_eq!(numbers("số 12 ngày 1-1-2026"), "số 12 ngày 1-1-2026");
        assert_eq!(schemes("CN=096012345678"), "CN=096012345678");
    }
}
