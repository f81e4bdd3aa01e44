//! Vietnamese letters in one form.
//!
//! A letter such as ậ is sent as one character, as three, or as two, depending on the keyboard and the file system that made it
//! (Unicode Standard Annex 15). What people read as the same must compare as the same: numbers, names of files, marks.

/// The vowels, each with its five tones in the order of [`TONES`].
const VOWELS: [&str; 12] =
    ["aàáãảạ", "ăằắẵẳặ", "âầấẫẩậ", "eèéẽẻẹ", "êềếễểệ", "iìíĩỉị", "oòóõỏọ", "ôồốỗổộ", "ơờớỡởợ", "uùúũủụ", "ưừứữửự", "yỳýỹỷỵ"];
/// Huyền, sắc, ngã, hỏi, nặng.
const TONES: [char; 5] = ['\u{300}', '\u{301}', '\u{303}', '\u{309}', '\u{323}'];
/// The vowels that are made of another one and a mark.
const SHAPES: [(char, char, char); 6] = [
    ('a', '\u{306}', 'ă'),
    ('a', '\u{302}', 'â'),
    ('e', '\u{302}', 'ê'),
    ('o', '\u{302}', 'ô'),
    ('o', '\u{31b}', 'ơ'),
    ('u', '\u{31b}', 'ư'),
];

/// The text with every Vietnamese letter as one character, whatever it was composed of; all else stays as it is.
pub fn composed(text: &str) -> String {
    let mut composed = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let (base, mut marks) = parts(letter);
        while let Some(mark) = letters.next_if(|c| is_mark(*c)) {
            marks.push(mark);
        }
        // The shape of a vowel comes before its tone, in whichever order they were typed.
        marks.sort_by_key(|mark| TONES.contains(mark));
        let mut whole = base;
        let mut left = Vec::new();
        for mark in marks {
            match joined(whole, mark) {
                Some(letter) => whole = letter,
                None => left.push(mark),
            }
        }
        composed.push(whole);
        composed.extend(left);
    }
    composed
}

/// The text in small letters without marks, as people type it in a hurry: "Kỳ dấu đến" is "ky dau den".
pub fn unmarked(text: &str) -> String {
    let plain = |letter: char| match lower(parts(letter).0) {
        'đ' => 'd',
        plain => plain,
    };
    text.chars().filter(|letter| !is_mark(*letter)).map(plain).collect()
}

/// The text as a slug: letters without their marks, all else as one `-` between words.
pub fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for letter in composed(text).chars().flat_map(|letter| parts(letter).0.to_lowercase()) {
        match letter {
            'đ' => slug.push('d'),
            letter if letter.is_ascii_alphanumeric() => slug.push(letter),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

fn is_mark(c: char) -> bool {
    TONES.contains(&c) || SHAPES.iter().any(|(_, mark, _)| *mark == c)
}

/// The letter without marks, and its marks.
fn parts(letter: char) -> (char, Vec<char>) {
    // Most of what is folded is ASCII, which has no marks: a directory of 125,000 names is read several times as fast for this.
    if letter.is_ascii() {
        return (letter, Vec::new());
    }
    let mut base = lower(letter);
    let mut marks = Vec::new();
    for vowel in VOWELS {
        let mut tones = vowel.chars();
        let toneless = tones.next();
        if let (Some(toneless), Some((_, tone))) = (toneless, tones.zip(TONES).find(|(toned, _)| *toned == base)) {
            base = toneless;
            marks.push(tone);
            break;
        }
    }
    if let Some((plain, mark, _)) = SHAPES.iter().find(|(_, _, shaped)| *shaped == base) {
        base = *plain;
        marks.push(*mark);
    }
    if marks.is_empty() { (letter, marks) } else { (cased(base, letter), marks) }
}

/// The letter with one more mark, if there is such a letter.
fn joined(letter: char, mark: char) -> Option<char> {
    let small = lower(letter);
    let shaped = SHAPES.iter().find(|(plain, with, _)| (*plain, *with) == (small, mark)).map(|(_, _, shaped)| *shaped);
    let toned = || {
        let tone = TONES.iter().position(|tone| *tone == mark)?;
        VOWELS.iter().find(|vowel| vowel.starts_with(small))?.chars().nth(1 + tone)
    };
    Some(cased(shaped.or_else(toned)?, letter))
}

/// Vietnamese letters have one character in either case; others are left alone.
fn lower(letter: char) -> char {
    let mut small = letter.to_lowercase();
    if small.len() == 1 { small.next().unwrap_or(letter) } else { letter }
}

fn cased(small: char, like: char) -> char {
    if like.is_uppercase() { small.to_uppercase().next().unwrap_or(small) } else { small }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // All 132 letters that have both forms; the second is Python's unicodedata.normalize("NFD", …) of the first.
    const NFC: &str = "àáãảạăằắẵẳặâầấẫẩậèéẽẻẹêềếễểệìíĩỉịòóõỏọôồốỗổộơờớỡởợùúũủụưừứữửựỳýỹỷỵÀÁÃẢẠĂẰẮẴẲẶÂẦẤẪẨẬÈÉẼẺẸÊỀẾỄỂỆÌÍĨỈỊÒÓÕỎỌÔỒỐỖỔỘƠỜỚỠỞỢÙÚŨỦỤƯỪỨỮỬỰỲÝỸỶỴ";
    const NFD: &str = "a\u{300}a\u{301}a\u{303}a\u{309}a\u{323}a\u{306}a\u{306}\u{300}a\u{306}\u{301}a\u{306}\u{303}a\u{306}\u{309}a\
                       \u{323}\u{306}a\u{302}a\u{302}\u{300}a\u{302}\u{301}a\u{302}\u{303}a\u{302}\u{309}a\u{323}\u{302}e\u{300}e\
                       \u{301}e\u{303}e\u{309}e\u{323}e\u{302}e\u{302}\u{300}e\u{302}\u{301}e\u{302}\u{303}e\u{302}\u{309}e\u{323}\
                       \u{302}i\u{300}i\u{301}i\u{303}i\u{309}i\u{323}o\u{300}o\u{301}o\u{303}o\u{309}o\u{323}o\u{302}o\u{302}\u{300}\
                       o\u{302}\u{301}o\u{302}\u{303}o\u{302}\u{309}o\u{323}\u{302}o\u{31b}o\u{31b}\u{300}o\u{31b}\u{301}o\u{31b}\
                       \u{303}o\u{31b}\u{309}o\u{31b}\u{323}u\u{300}u\u{301}u\u{303}u\u{309}u\u{323}u\u{31b}u\u{31b}\u{300}u\u{31b}\
                       \u{301}u\u{31b}\u{303}u\u{31b}\u{309}u\u{31b}\u{323}y\u{300}y\u{301}y\u{303}y\u{309}y\u{323}A\u{300}A\u{301}A\
                       \u{303}A\u{309}A\u{323}A\u{306}A\u{306}\u{300}A\u{306}\u{301}A\u{306}\u{303}A\u{306}\u{309}A\u{323}\u{306}A\
                       \u{302}A\u{302}\u{300}A\u{302}\u{301}A\u{302}\u{303}A\u{302}\u{309}A\u{323}\u{302}E\u{300}E\u{301}E\u{303}E\
                       \u{309}E\u{323}E\u{302}E\u{302}\u{300}E\u{302}\u{301}E\u{302}\u{303}E\u{302}\u{309}E\u{323}\u{302}I\u{300}I\
                       \u{301}I\u{303}I\u{309}I\u{323}O\u{300}O\u{301}O\u{303}O\u{309}O\u{323}O\u{302}O\u{302}\u{300}O\u{302}\u{301}O\
                       \u{302}\u{303}O\u{302}\u{309}O\u{323}\u{302}O\u{31b}O\u{31b}\u{300}O\u{31b}\u{301}O\u{31b}\u{303}O\u{31b}\
                       \u{309}O\u{31b}\u{323}U\u{300}U\u{301}U\u{303}U\u{309}U\u{323}U\u{31b}U\u{31b}\u{300}U\u{31b}\u{301}U\u{31b}\
                       \u{303}U\u{31b}\u{309}U\u{31b}\u{323}Y\u{300}Y\u{301}Y\u{303}Y\u{309}Y\u{323}";

    #[test]
    fn both_normal_forms_of_every_letter_are_one() {
        assert_eq!(NFC.chars().count(), 132);
        assert_eq!(composed(NFD), NFC);
        assert_eq!(composed(NFC), NFC);
    }

    #[test]
    fn a_text_without_its_marks_is_what_a_keyboard_without_them_gives() {
        assert_eq!(unmarked("Ký Dấu ĐẾN 2.0"), "ky dau den 2.0");
        assert_eq!(unmarked("Ky\u{301} da\u{302}\u{301}u đe\u{302}\u{301}n"), "ky dau den");
        assert_eq!(unmarked(NFC), unmarked(NFD));
    }

    #[test]
    fn half_composed_letters_and_marks_in_another_order_are_one_too() {
        for text in ["â\u{323}", "ạ\u{302}", "a\u{302}\u{323}", "a\u{323}\u{302}"] {
            assert_eq!(composed(text), "ậ");
        }
        assert_eq!(composed("Ơ\u{301}U\u{31b}\u{300}"), "ỚỪ");
        assert_eq!(composed("Ban Chi\u{309} đa\u{323}o Trung u\u{31b}o\u{31b}ng"), "Ban Chỉ đạo Trung ương");
    }

    #[test]
    fn a_slug_is_what_people_type_without_marks() {
        for (text, expected) in [
            ("Giấy chứng nhận", "giay-chung-nhan"),
            ("  ĐIỆN  khẩn (số 2)!", "dien-khan-so-2"),
            ("Gia\u{302}\u{301}y", "giay"),
            ("---", ""),
        ] {
            assert_eq!(slug(text), expected);
        }
    }

    #[test]
    fn what_is_no_vietnamese_letter_stays_as_it_is() {
        for text in ["", "QĐ-UBND/2024 №", "\u{301}x", "n\u{303}", "e\u{308}", "İ\u{301}", "ǅ", "ß"] {
            assert_eq!(composed(text), text);
        }
        assert_eq!(composed("a\u{301}\u{301}"), "á\u{301}", "a mark too many is kept");
    }

    proptest! {
        #[test]
        fn to_compose_twice_is_to_compose_once(text in "([a-yA-Yậố\u{302}\u{323}\u{31b}\u{301}]|.){0,20}") {
            let once = composed(&text);
            prop_assert_eq!(composed(&once), once);
        }
    }
}
