//! Personal identifiers in what people and machines read: numbers of identity cards, passports and tax codes of persons.
//!
//! The `signature` crate masks the attributes made for them (UID, serialNumber); authorities also write them into common names and
//! units.

/// Schemes before an identifier, lower case, as Vietnamese authorities write them.
const SCHEMES: [&str; 7] = ["cmnd", "cccd", "cmt", "hc", "mst", "mns", "bhxh"];
/// The shortest identifier is that of the older identity card.
const LEAST_DIGITS: usize = 9;
/// Digits that stay, so that two reports can be compared by eye.
const KEPT: usize = 2;

/// Masks whatever follows the name of a scheme, such as `CCCD:096012345678` or `MST 0123456789`.
pub(crate) fn schemes(text: &str) -> String {
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

/// Masks every long number too: for the names of persons, where no other long number belongs.
pub(crate) fn numbers(text: &str) -> String {
    let text = schemes(text);
    let mut out = String::with_capacity(text.len());
    let mut run: Vec<char> = Vec::new();
    for letter in text.chars().chain(['\0']) {
        if letter.is_ascii_digit() {
            run.push(letter);
            continue;
        }
        if run.len() >= LEAST_DIGITS {
            push_masked(&run, &mut out)
        } else {
            out.extend(&run)
        }
        run.clear();
        out.push(letter);
    }
    out.pop();
    out
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
    let separator = rest.iter().skip(scheme.len()).take_while(|letter| matches!(letter, ':' | ' ' | '-' | '.')).count();
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
        assert_eq!(schemes("CN=096012345678"), "CN=096012345678");
    }
}
