//! Cross-references, headers and dictionaries that two readers understand in two ways.

use super::find_from;
use super::kit::{Bench, Case, Input, Paper, Signing, stream_text};

const REFERENCES: &str = "cross-references";
const AMBIGUOUS: &str = "ambiguous";
const ENCRYPTED: &str = "encrypted";

/// Every forgery of this kind.
#[must_use]
pub fn cases() -> Vec<Case> {
    let bench = Bench::new();
    let mut cases = references(&bench);
    cases.extend(prefixes(&bench));
    cases.extend(hybrids(&bench));
    cases.push(linearized(&bench));
    cases.extend(ambiguous(&bench));
    cases.push(encrypted(&bench));
    cases
}

fn signed(bench: &Bench) -> Paper {
    Paper::new().sign(&Signing::new(&bench.signer))
}

fn pdf(paper: &Paper) -> Input {
    Input::Pdf(paper.bytes.clone())
}

fn forged_text() -> String {
    stream_text("", "BT /F1 12 Tf 20 60 Td (So tien: 999 dong) Tj ET")
}

fn references(bench: &Bench) -> Vec<Case> {
    let paper = signed(bench);
    let twin = pdf(&paper);
    let appended = |text: &str| Input::Pdf([paper.bytes.as_slice(), text.as_bytes()].concat());
    let length = paper.bytes.len();
    let section =
        |previous: usize| format!("xref\n0 0\ntrailer\n<< /Size 20 /Root 1 0 R /Prev {previous} >>\nstartxref\n{length}\n%%EOF\n");
    // Two sections that lead to each other: the second is as long as the first, whose length does not depend on its number.
    let second = length + section(length).len();
    let circle = section(second) + &section(length);
    let mut forward = paper.clone();
    forward.write(4, forged_text().as_bytes());
    let at = forward.bytes.len();
    let first = |previous: usize| format!("xref\n0 0\ntrailer\n<< /Size 20 /Root 1 0 R /Prev {previous} >>\nstartxref\n{at}\n%%EOF\n");
    let behind = at + first(at).len();
    let behind_section = format!(
        "xref\n4 1\n{:010} 00000 n \ntrailer\n<< /Size 20 /Root 1 0 R /Prev {} >>\nstartxref\n{at}\n%%EOF\n",
        forward.offsets[&4], paper.start
    );
    let forward = [forward.bytes.as_slice(), first(behind).as_bytes(), behind_section.as_bytes()].concat();
    let mut cases = vec![
        bench.case(REFERENCES, "previous section is the same one", twin.clone(), appended(&section(length))),
        bench.case(REFERENCES, "sections in a circle", twin.clone(), appended(&circle)),
        bench.case(REFERENCES, "previous section stands behind", twin.clone(), Input::Pdf(forward)),
        bench.case(REFERENCES, "previous section beyond the end", twin.clone(), appended(&section(length * 2))),
        bench.case(REFERENCES, "previous section in the middle of an object", twin.clone(), appended(&section(40))),
        bench.case(REFERENCES, "startxref beyond the end", twin.clone(), appended("startxref\n99999999\n%%EOF\n")),
    ];
    // The chain is cut: the new section does not lead to the signed ones, and brings a document of its own.
    let mut other = paper.clone();
    other.start = 0;
    let numbers = [21, 22, 23, 24];
    for (number, body) in [
        (21, "<< /Type /Catalog /Pages 22 0 R >>".to_owned()),
        (22, "<< /Type /Pages /Kids [23 0 R] /Count 1 >>".to_owned()),
        (23, "<< /Type /Page /Parent 22 0 R /MediaBox [0 0 200 100] /Contents 24 0 R >>".to_owned()),
        (24, forged_text()),
    ] {
        other.write(number, body.as_bytes());
    }
    other.close(&numbers, "");
    let text = String::from_utf8_lossy(&other.bytes[length..]).replace("/Root 1 0 R", "/Root 21 0 R");
    cases.push(bench.case(REFERENCES, "sections cut off", twin, appended(&text)));
    cases
}

fn prefixes(bench: &Bench) -> Vec<Case> {
    let paper = signed(bench);
    let with = |prefix: &[u8]| Input::Pdf([prefix, &paper.bytes].concat());
    let small = Paper::from(&[(1, "<< /Type /Catalog /Pages 2 0 R >>".to_owned()), (2, "<< /Type /Pages /Kids [] /Count 0 >>".to_owned())]);
    vec![
        bench.case(REFERENCES, "bytes in front of the header", pdf(&paper), with(b"GIF89a;")),
        bench.case(REFERENCES, "another document in front", pdf(&paper), with(&small.bytes)),
        bench.case(REFERENCES, "a large other document in front", pdf(&paper), with(&Paper::new().bytes)),
        bench.case(REFERENCES, "the header out of sight", pdf(&paper), with(&[b' '; 1100])),
    ]
}

/// A section with a table and a stream beside it (ISO 32000-2, 7.5.8.4).
fn hybrid(paper: &Paper, table: &str, rows: &[(u32, usize)]) -> Vec<u8> {
    let mut out = paper.bytes.clone();
    let stream_start = out.len();
    let encoded: Vec<u8> = rows.iter().flat_map(|(_, at)| [&[1][..], &(*at as u32).to_be_bytes(), &[0]].concat()).collect();
    let index: Vec<String> = rows.iter().map(|(number, _)| format!("{number} 1")).collect();
    let head = format!(
        "30 0 obj\n<< /Type /XRef /W [1 4 1] /Index [{}] /Size 40 /Root 1 0 R /Length {} >>\nstream\n",
        index.join(" "),
        encoded.len()
    );
    out.extend([head.as_bytes(), &encoded, b"\nendstream\nendobj\n"].concat());
    let start = out.len();
    let tail = format!(
        "xref\n{table}trailer\n<< /Size 40 /Root 1 0 R /XRefStm {stream_start} /Prev {} >>\nstartxref\n{start}\n%%EOF\n",
        paper.start
    );
    out.extend(tail.bytes());
    out
}

fn hybrids(bench: &Bench) -> Vec<Case> {
    let paper = signed(bench);
    let mut replaced = paper.clone();
    replaced.write(4, forged_text().as_bytes());
    let at = replaced.offsets[&4];
    let own = format!("4 1\n{:010} 00000 n \n", paper.offsets[&4]);
    let free = "4 1\n0000000000 00001 f \n";
    let mut cases = vec![
        bench.case(REFERENCES, "hybrid: two places for an object", pdf(&paper), Input::Pdf(hybrid(&replaced, &own, &[(4, at)]))),
        bench.case(REFERENCES, "hybrid: other content only in the stream", pdf(&paper), Input::Pdf(hybrid(&replaced, free, &[(4, at)]))),
        bench.case(
            REFERENCES,
            "hybrid: other content beside an empty table",
            pdf(&paper),
            Input::Pdf(hybrid(&replaced, "0 0\n", &[(4, at)])),
        ),
    ];
    // The two readings lie in the signed bytes already.
    let mut plain = Paper::new();
    plain.write(4, forged_text().as_bytes());
    let at = plain.offsets[&4];
    let own = format!("4 1\n{:010} 00000 n \n", Paper::new().offsets[&4]);
    let bytes = hybrid(&plain, &own, &[(4, at)]);
    let start = find_from(&bytes, b"xref\n4 1", Paper::new().bytes.len()).unwrap_or(0);
    let shadow = Paper { bytes, start, ..Paper::new() }.sign(&Signing::new(&bench.signer));
    cases.push(bench.case(REFERENCES, "hybrid: two places in the signed bytes", pdf(&paper), pdf(&shadow)));
    cases
}

/// A linearized file begins with the section of its first page, and its last `startxref` leads there (ISO 32000-2, annex F).
fn linearized(bench: &Bench) -> Case {
    let plain = Paper::new();
    let mut paper = Paper { bytes: b"%PDF-1.7\n".to_vec(), ..Paper::new() };
    let start = paper.bytes.len();
    let section = |size: usize, offsets: &[(u32, usize)], previous: usize| {
        let mut table = String::from("xref\n");
        for (number, at) in offsets {
            table += &format!("{number} 1\n{at:010} 00000 n \n");
        }
        table + &format!("trailer\n<< /Size {size} /Root 1 0 R /Prev {previous:010} >>\nstartxref\n0\n%%EOF\n")
    };
    let first: Vec<u32> = vec![1, 3, 4];
    let placeholder = section(11, &first.iter().map(|number| (*number, 0)).collect::<Vec<_>>(), 0);
    paper.bytes.extend(placeholder.bytes());
    for (number, body) in &plain.objects {
        paper.write(*number, body);
    }
    let main = paper.bytes.len();
    let mut table = String::from("xref\n0 1\n0000000000 65535 f \n");
    for number in plain.objects.keys().filter(|number| !first.contains(number)) {
        table += &format!("{number} 1\n{:010} 00000 n \n", paper.offsets[number]);
    }
    table += &format!("trailer\n<< /Size 11 >>\nstartxref\n{start}\n%%EOF\n");
    paper.bytes.extend(table.bytes());
    let placed: Vec<(u32, usize)> = first.iter().map(|number| (*number, paper.offsets[number])).collect();
    let real = section(11, &placed, main);
    paper.bytes[start..start + real.len()].copy_from_slice(real.as_bytes());
    paper.start = start;
    let paper = paper.sign(&Signing::new(&bench.signer));
    let forged = paper.revise(&[(4, forged_text())]);
    bench.case(REFERENCES, "linearized file with a later update", pdf(&paper), pdf(&forged))
}

fn ambiguous(bench: &Bench) -> Vec<Case> {
    let twin = pdf(&signed(bench));
    let sign = |paper: &Paper| pdf(&paper.sign(&Signing::new(&bench.signer)));
    let mut cases = Vec::new();
    let mut add = |name, forged: Input| cases.push(bench.case(AMBIGUOUS, name, twin.clone(), forged));
    let plain = Paper::new();
    let twice = |number, from: &str, to: &str| sign(&plain.edit(number, from, &format!("{from} {to}")));
    add("catalogue with two page trees", twice(1, "/Pages 2 0 R", "/Pages 5 0 R"));
    add("catalogue with two forms", sign(&Paper::new().edit(1, "/AcroForm 6 0 R", "/AcroForm 6 0 R /AcroForm << /Fields [] >>")));
    add("page with two contents", twice(3, "/Contents 4 0 R", "/Contents 8 0 R"));
    add("page with two contents, one by an escaped name", twice(3, "/Contents 4 0 R", "/Cont#65nts 8 0 R"));
    add("form with two lists of fields", twice(6, "/DA (/F1 10 Tf 0 g)", "/DA (/F1 10 Tf 1 g)"));
    add("trailer with two catalogues", sign(&Paper { trailer: " /Root 5 0 R".to_owned(), ..Paper::new() }));
    let dictionary = |write: fn(&str) -> String| {
        let signing = Signing { dictionary: Some(Box::new(write)), ..Signing::new(&bench.signer) };
        pdf(&Paper::new().sign(&signing))
    };
    add("signature with two kinds", dictionary(|plain| plain.replace("/SubFilter", "/SubFilter /adbe.pkcs7.detached /SubFilter")));
    add("signature with two times", dictionary(|plain| plain.replace("/M ", "/M (D:20200101000000Z) /M ")));
    let field = Signing { field_entries: " /V null".to_owned(), ..Signing::new(&bench.signer) };
    add("field with two values", pdf(&Paper::new().sign(&field)));
    let field = Signing { field_entries: " /FT /Tx".to_owned(), ..Signing::new(&bench.signer) };
    add("field of two types", pdf(&Paper::new().sign(&field)));

    // Which bytes a stream has is told by another object, and that one changes.
    let text = "BT (100) Tj ET %\nBT (999) Tj ET";
    let stream = format!("<< /Length 11 0 R >>\nstream\n{text}\nendstream");
    let long = Paper::new().revise(&[(4, stream), (11, format!("{}", text.len()))]).sign(&Signing::new(&bench.signer));
    let shorter = long.revise(&[(11, "14".to_owned())]);
    cases.push(bench.case(AMBIGUOUS, "length of a stream changed elsewhere", pdf(&long), pdf(&shorter)));
    let missing = long.revise(&[(11, "null".to_owned())]);
    cases.push(bench.case(AMBIGUOUS, "length of a stream removed", pdf(&long), pdf(&missing)));
    cases
}

/// The dictionary of a handler that nobody has: what the signed bytes mean cannot be said.
fn encrypted(bench: &Bench) -> Case {
    let paper = Paper { trailer: " /Encrypt << /Filter /Nobody /V 4 >> /ID [<00> <00>]".to_owned(), ..Paper::new() };
    bench.case(ENCRYPTED, "encrypted by an unknown handler", pdf(&signed(bench)), pdf(&paper.sign(&Signing::new(&bench.signer))))
}
