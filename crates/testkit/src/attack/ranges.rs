//! Forgeries of `/ByteRange`, `/Contents` and the signature dictionary. Each is signed after the defect was put in, so that
//! digest and signature value fit whatever the numbers say: only the structure tells.

use super::kit::{Bench, Case, Input, Paper, Signing};

const RANGE: &str = "byte range";
const GAP: &str = "gap";
const CONTENTS: &str = "contents";
const TRAILING: &str = "trailing bytes";
const TWICE: &str = "given twice";
const STREAM: &str = "object stream";

/// Every forgery of this kind.
#[must_use]
pub fn cases() -> Vec<Case> {
    let bench = Bench::new();
    let mut cases = ranges(&bench);
    cases.extend(gaps(&bench));
    cases.extend(contents(&bench));
    cases.extend(trailing(&bench));
    cases.extend(twice(&bench));
    cases.push(in_object_stream(&bench));
    cases
}

fn signed(signing: &Signing<'_>) -> Input {
    Input::Pdf(Paper::new().sign(signing).bytes)
}

fn sound(bench: &Bench) -> Input {
    signed(&Signing::new(&bench.signer))
}

fn ranges(bench: &Bench) -> Vec<Case> {
    type Write = fn(usize, usize, usize) -> String;
    let forgeries: [(&'static str, Write); 12] = [
        ("range null", |_, _, _| "null".to_owned()),
        ("range empty", |_, _, _| "[]".to_owned()),
        ("range of one pair", |start, _, _| format!("[0 {start}]")),
        ("range of three numbers", |start, end, _| format!("[0 {start} {end}]")),
        ("range of six numbers", |start, end, length| format!("[0 {start} {end} 1 {} {}]", end + 1, length - end - 1)),
        ("range negative", |start, end, length| format!("[0 -{start} {end} {}]", length - end)),
        ("range overflowing", |start, _, _| format!("[0 {start} 18446744073709551615 2]")),
        ("range overlapping", |start, end, length| format!("[0 {end} {start} {}]", length - start)),
        ("range unsorted", |start, end, length| format!("[{end} {} 0 {start}]", length - end)),
        ("range not from the start", |start, end, length| format!("[1 {} {end} {}]", start - 1, length - end)),
        ("range beyond the end", |start, end, length| format!("[0 {start} {end} {}]", length - end + 1)),
        ("range of reals", |start, end, length| format!("[0 {start}.0 {end} {}]", length - end)),
    ];
    let mut cases: Vec<Case> = forgeries
        .into_iter()
        .map(|(name, write)| {
            let signing = Signing { range: Some(Box::new(write)), ..Signing::new(&bench.signer) };
            bench.case(RANGE, name, sound(bench), signed(&signing))
        })
        .collect();
    let without = |plain: &str| plain.replace("/ByteRange {range} ", "");
    let signing = Signing { dictionary: Some(Box::new(without)), ..Signing::new(&bench.signer) };
    cases.push(bench.case(RANGE, "range missing", sound(bench), signed(&signing)));
    cases
}

/// The parts that are signed are those that the range names: the digest fits.
fn gaps(bench: &Bench) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |name, signing: Signing<'_>| cases.push(bench.case(GAP, name, sound(bench), signed(&signing)));
    // Bytes in front of the string, the key among them, are left out as well.
    let wider = |start: usize, end: usize, length: usize| (start - 10, end, length);
    add(
        "gap reaching before the string",
        Signing {
            range: Some(Box::new(move |start, end, length| {
                let (start, end, length) = wider(start, end, length);
                format!("[0 {start} {end} {}]", length - end)
            })),
            parts: Some(Box::new(move |start, end, length| {
                let (start, end, length) = wider(start, end, length);
                vec![0..start, end..length]
            })),
            ..Signing::new(&bench.signer)
        },
    );
    add(
        "gap reaching behind the string",
        Signing {
            range: Some(Box::new(|start, end, length| format!("[0 {start} {} {}]", end + 20, length - end - 20))),
            parts: Some(Box::new(|start, end, length| vec![0..start, end + 20..length])),
            ..Signing::new(&bench.signer)
        },
    );
    // The delimiters are signed, the digits are not: the string could be closed early.
    add(
        "gap without the delimiters",
        Signing {
            range: Some(Box::new(|start, end, length| format!("[0 {} {} {}]", start + 1, end - 1, length - end + 1))),
            parts: Some(Box::new(|start, end, length| vec![0..start + 1, end - 1..length])),
            ..Signing::new(&bench.signer)
        },
    );
    add(
        "gap shifted",
        Signing {
            range: Some(Box::new(|start, end, length| format!("[0 {} {} {}]", start + 2, end + 2, length - end - 2))),
            parts: Some(Box::new(|start, end, length| vec![0..start + 2, end + 2..length])),
            ..Signing::new(&bench.signer)
        },
    );
    // The string of the gap stands in a comment, and the dictionary's own string is elsewhere, in the signed bytes.
    add(
        "gap in a comment",
        Signing {
            dictionary: Some(Box::new(|plain| plain.replace("/Contents {contents}", "%{contents}\n/Contents <00>"))),
            ..Signing::new(&bench.signer)
        },
    );
    // The string of the gap is another key's value.
    add(
        "gap under another key",
        Signing {
            dictionary: Some(Box::new(|plain| plain.replace("/Contents {contents}", "/Other {contents} /Contents <00>"))),
            ..Signing::new(&bench.signer)
        },
    );
    add(
        "gap in an inner dictionary",
        Signing {
            dictionary: Some(Box::new(|plain| {
                plain.replace("/Contents {contents}", "/Prop_Build << /Contents {contents} >> /Contents <00>")
            })),
            ..Signing::new(&bench.signer)
        },
    );
    cases.push(gap_in_another_object(bench));
    cases
}

/// The signature dictionary refers to a string object whose bytes are the gap.
fn gap_in_another_object(bench: &Bench) -> Case {
    // An object of the first revision, which the last section places anew.
    let (paper, number) = (Paper::new(), 10);
    let write = move |plain: &str| {
        plain.replace("/Contents {contents}", &format!("/Contents {number} 0 R")) + &format!("\nendobj\n{number} 0 obj\n{{contents}}")
    };
    let signing = |places| Signing { places, dictionary: Some(Box::new(write)), ..Signing::new(&bench.signer) };
    // The room for the string is the same in every draft.
    let draft = paper.sign(&signing(vec![(number, 0)]));
    let head = format!("\nendobj\n{number} 0 obj\n<0");
    let place = super::find_from(&draft.bytes, head.as_bytes(), paper.bytes.len()).map_or(0, |at| at + b"\nendobj\n".len());
    bench.case(GAP, "gap in another object", sound(bench), Input::Pdf(paper.sign(&signing(vec![(number, place)])).bytes))
}

fn contents(bench: &Bench) -> Vec<Case> {
    let forgeries: [(&'static str, &'static str); 8] = [
        ("contents missing", ""),
        ("contents null", "/Contents null"),
        ("contents empty", "/Contents <>"),
        ("contents zero", "/Contents <00>"),
        ("contents a name", "/Contents /Name"),
        ("contents an array", "/Contents [<30>]"),
        ("contents a literal string", "/Contents (0)"),
        ("contents a dictionary", "/Contents << /A 1 >>"),
    ];
    let mut cases: Vec<Case> = forgeries
        .into_iter()
        .map(|(name, text)| {
            let write = move |plain: &str| plain.replace("/Contents {contents}", text);
            // Where there is no string for the gap, the numbers name the value that stands there.
            let signing = Signing { dictionary: Some(Box::new(write)), ..Signing::new(&bench.signer) };
            let mut forged = Paper::new().sign(&signing);
            fill_range(&mut forged, text);
            bench.case(CONTENTS, name, sound(bench), Input::Pdf(forged.bytes))
        })
        .collect();
    let zeros = Signing { make: Some(Box::new(|_| vec![0; 900])), ..Signing::new(&bench.signer) };
    cases.push(bench.case(CONTENTS, "contents all zeros", sound(bench), signed(&zeros)));
    let odd = |plain: &str| plain.replace("{contents}", "{contents}0>");
    let signing = Signing { dictionary: Some(Box::new(odd)), ..Signing::new(&bench.signer) };
    cases.push(bench.case(CONTENTS, "contents followed by a stray delimiter", sound(bench), signed(&signing)));
    cases
}

/// Writes a range around the value of `/Contents`, where there was no string for which the document wrote it.
fn fill_range(paper: &mut Paper, text: &str) {
    let value = text.trim_start_matches("/Contents ");
    let Some(place) = super::find_from(&paper.bytes, b"@@@@", 0) else { return };
    let width = paper.bytes[place..].iter().take_while(|byte| **byte == b'@').count();
    let start = super::find_from(&paper.bytes, value.as_bytes(), place).unwrap_or(place + width);
    let end = start + value.len();
    let range = format!("[0 {start} {end} {}]", paper.bytes.len() - end);
    paper.bytes[place..place + width].copy_from_slice(format!("{range:<width$}").as_bytes());
}

fn trailing(bench: &Bench) -> Vec<Case> {
    let statement = |rest: &'static [u8]| {
        let signer = &bench.signer;
        move |content: &[u8]| [super::kit::Statement::new(signer).over(content), rest.to_vec()].concat()
    };
    let mut cases = Vec::new();
    for (name, rest) in
        [("bytes behind the CMS", &[0, 0, 7][..]), ("text behind the CMS", b"%PDF-1.7 1 0 obj"), ("one byte behind the CMS", &[1])]
    {
        let signing = Signing { make: Some(Box::new(statement(rest))), ..Signing::new(&bench.signer) };
        cases.push(bench.case(TRAILING, name, sound(bench), signed(&signing)));
    }
    let content = b"noi dung".to_vec();
    let cms = super::kit::Statement::new(&bench.signer).over(&content);
    let twin = Input::Detached { cms: cms.clone(), content: content.clone() };
    for (name, rest) in [("zero behind a .p7s", &[0][..]), ("text behind a .p7s", b"text"), ("a second CMS behind a .p7s", &cms)] {
        let forged = Input::Detached { cms: [cms.as_slice(), rest].concat(), content: content.clone() };
        cases.push(bench.case(TRAILING, name, twin.clone(), forged));
    }
    cases
}

fn twice(bench: &Bench) -> Vec<Case> {
    let mut cases = Vec::new();
    type Write = fn(&str) -> String;
    let forgeries: [(&'static str, Write); 4] = [
        ("range twice, the sound one last", |plain| plain.replace("/ByteRange", "/ByteRange [0 1 2 3] /ByteRange")),
        ("range twice, the sound one first", |plain| plain.replace(" /M ", " /ByteRange [0 1 2 3] /M ")),
        ("contents twice, the sound one last", |plain| plain.replace("/Contents", "/Contents <00> /Contents")),
        ("contents twice, one with an escaped name", |plain| plain.replace("/Contents", "/C#6Fntents <00> /Contents")),
    ];
    for (name, write) in forgeries {
        let signing = Signing { dictionary: Some(Box::new(write)), ..Signing::new(&bench.signer) };
        cases.push(bench.case(TWICE, name, sound(bench), signed(&signing)));
    }
    // Two bodies for the number of the signature dictionary, the table naming the second: the gap is of the first.
    let paper = Paper::new();
    let value = paper.free() + 1;
    let write = move |plain: &str| {
        let other = plain.replace("{range}", "[0 1 2 3]").replace("{contents}", "<00>");
        format!("{plain}\nendobj\n{value} 0 obj\n{other}")
    };
    let signing = Signing { dictionary: Some(Box::new(write)), ..Signing::new(&bench.signer) };
    // Strict readers take the one that the table names, and it is sound; nothing refers to the other.
    let mut forged = paper.sign(&signing);
    let first = forged.offsets.get(&value).copied().unwrap_or_default();
    let second = super::find_from(&forged.bytes, format!("\nendobj\n{value} 0 obj\n").as_bytes(), first).map(|at| at + b"\nendobj\n".len());
    if let Some(second) = second {
        forged.offsets.insert(value, second);
        forged.close(&[value], "");
    }
    cases.push(bench.case(TWICE, "two dictionaries of one number, the table naming the other", sound(bench), Input::Pdf(forged.bytes)));
    cases
}

/// The dictionary lies in an object stream, so that its strings have no place in the file.
fn in_object_stream(bench: &Bench) -> Case {
    let mut paper = Paper::new();
    let (field, value, holder, table) = (paper.free(), paper.free() + 1, paper.free() + 2, paper.free() + 3);
    for (number, body) in [
        (6, paper.text(6).replacen("/Fields [", &format!("/SigFlags 3 /Fields [{field} 0 R "), 1)),
        (field, format!("<< /Type /Annot /Subtype /Widget /FT /Sig /T (S) /V {value} 0 R /Rect [0 0 0 0] /F 132 >>")),
    ] {
        paper.write(number, body.as_bytes());
    }
    let cms_bytes = super::kit::Statement::new(&bench.signer).over(b"").len() + 8;
    let contents = format!("<{}>", "0".repeat(2 * cms_bytes));
    let head = format!("{value} 0 ");
    let dictionary = format!(
        "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange [0 0000000000 0000000000 0000000000] /Contents {contents} >>"
    );
    let body = super::kit::stream_text(&format!("/Type /ObjStm /N 1 /First {}", head.len()), &(head + &dictionary));
    paper.write(holder, body.as_bytes());
    let previous = paper.start;
    let start = paper.bytes.len();
    // Rows of type, offset in four bytes, index: form, field, signature, stream, table.
    let mut rows = Vec::new();
    let row = |kind: u8, place: usize, index: u8| [&[kind][..], &(place as u32).to_be_bytes(), &[index]].concat();
    rows.extend(row(1, paper.offsets[&6], 0));
    rows.extend(row(1, paper.offsets[&field], 0));
    rows.extend(row(2, holder as usize, 0));
    rows.extend(row(1, paper.offsets[&holder], 0));
    rows.extend(row(1, start, 0));
    let stream = [
        format!(
            "{table} 0 obj\n<< /Type /XRef /W [1 4 1] /Index [6 1 {field} 4] /Size {} /Root 1 0 R /Prev {previous} /Length {} >>\nstream\n",
            table + 1,
            rows.len()
        )
        .as_bytes(),
        &rows,
        format!("\nendstream\nendobj\nstartxref\n{start}\n%%EOF\n").as_bytes(),
    ]
    .concat();
    paper.bytes.extend(stream);
    let at = super::find_from(&paper.bytes, contents.as_bytes(), 0).unwrap_or(0);
    let (end, length) = (at + contents.len(), paper.bytes.len());
    if let Some(place) = super::find_from(&paper.bytes, b"[0 0000000000", 0) {
        let range = format!("[0 {at:010} {end:010} {:010}]", length - end);
        paper.bytes[place..place + range.len()].copy_from_slice(range.as_bytes());
    }
    let cms = super::kit::Statement::new(&bench.signer).over(&[&paper.bytes[..at], &paper.bytes[end..]].concat());
    let digits: String = cms.iter().map(|byte| format!("{byte:02x}")).collect();
    paper.bytes[at + 1..at + 1 + digits.len()].copy_from_slice(digits.as_bytes());
    bench.case(STREAM, "dictionary in an object stream", sound(bench), Input::Pdf(paper.bytes))
}
