//! What hostile input costs: every reader is fed its worst cases at one size and at four times that size. Work that grows with
//! the square of its input takes sixteen times as long, linear work four times; nine lies between with room on both sides.
//!
//! What is counted is the time that the thread had the processor, so that other work on the machine does not matter; and the least
//! of several trials, because what disturbs a run only ever makes it longer, and what grows with the square does so in every trial.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use rustix::time::{ClockId, clock_gettime};
use signature::{Options, TrustStore, verify_asic, verify_detached, verify_pdf, verify_xml};
use testkit::attack::kit::{
    Answer, Archive, Bench, EXCLUSIVE, INCLUSIVE, List, ListEntry, NOW, Node, Paper, Signing, Statement, Stored, Template, XmlStatement,
    attribute, reference,
};

const TOO_MUCH: f64 = 9.0;
const TRIALS: usize = 30;
/// One measurement at a time: the tests of a binary run beside each other.
static ALONE: Mutex<()> = Mutex::new(());

/// Compares `run` on what `make` gives for `size`, four times in a row, with once on what it gives for four times `size`: both
/// take about as long where work is linear.
fn check<I>(name: &str, size: usize, make: impl Fn(usize) -> I, run: impl Fn(&I)) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (small, large) = (make(size), make(4 * size));
    let time = |input: &I, times: usize| {
        let started = processor_seconds();
        (0..times).for_each(|_| run(input));
        processor_seconds() - started
    };
    let (mut four_small, mut one_large) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..TRIALS {
        four_small = four_small.min(time(&small, 4));
        one_large = one_large.min(time(&large, 1));
        let factor = 4.0 * one_large / four_small;
        // What takes no time at all cannot be compared, and need not.
        if factor < TOO_MUCH || one_large < 0.002 {
            println!("{name:55} {:6.1} ms, {:6.1} ms, factor {factor:.1}", 250.0 * four_small, 1e3 * one_large);
            return;
        }
    }
    panic!("{name}: four times the size takes {:.1} times as long ({:.1} ms)", 4.0 * one_large / four_small, 1e3 * one_large);
}

/// How long this thread has had a processor.
fn processor_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn judge_pdf(bytes: &[u8]) {
    let _ = verify_pdf(bytes, &TrustStore::new(), &Options::at(NOW));
}

/// A signed document of `objects` behind the usual ones, and what follows it.
fn signed(bench: &Bench, objects: &[(u32, String)]) -> Paper {
    Paper::new().revise(objects).sign(&Signing::new(&bench.signer))
}

fn numbered(count: usize, body: impl Fn(usize) -> String) -> Vec<(u32, String)> {
    (0..count).map(|at| (100 + at as u32, body(at))).collect()
}

#[test]
fn pdf_structure_is_read_in_linear_time() {
    let bench = Bench::new();
    let check_pdf =
        |name: &str, size: usize, make: &dyn Fn(usize) -> Paper| check(name, size, |size| make(size).bytes, |bytes| judge_pdf(bytes));
    let with = |objects: Vec<(u32, String)>| signed(&bench, &objects);

    check_pdf("objects", 200, &|size| with(numbered(size, |at| format!("<< /A {at} >>"))).edit(4, "100", "999"));
    check_pdf("objects that refer to each other", 200, &|size| {
        with(numbered(size, |at| format!("<< /Next {} 0 R /First 100 0 R >>", 100 + (at + 1) % size))).edit(4, "100", "999")
    });
    check_pdf("objects all changed", 150, &|size| {
        let paper = with(numbered(size, |at| format!("<< /A {at} >>")));
        paper.revise(&numbered(size, |at| format!("<< /B {at} >>")))
    });
    check_pdf("revisions", 60, &|size| {
        (0..size).fold(with(Vec::new()), |paper, at| paper.revise(&[(200 + at as u32, "<< /A 1 >>".to_owned())]))
    });
    check_pdf("keys of one dictionary", 400, &|size| {
        let keys: String = (0..size).map(|at| format!("/K{at} {at} ")).collect();
        let paper = with(Vec::new()).edit(3, "/Type /Page ", &format!("/Type /Page {keys}"));
        paper.edit(3, "/K0 0", "/K0 1").sign(&Signing { field: "S2".to_owned(), ..Signing::new(&bench.signer) }).edit(3, "/K0 1", "/K0 2")
    });
    check_pdf("annotations in the page itself", 150, &|size| {
        let notes = |value: &str| "<< /Subtype /Text /Rect [0 0 1 1] /V 0 >> ".repeat(size).replace("/V 0", value);
        let paper = with(Vec::new()).edit(3, "/Annots [", &format!("/Annots [{}", notes("/V 0")));
        let again = paper.sign(&Signing { field: "S2".to_owned(), ..Signing::new(&bench.signer) });
        again.edit(3, &notes("/V 0"), &notes("/V 1"))
    });
    check_pdf("fields", 300, &|size| {
        let fields: String = (0..size).map(|at| format!("{} 0 R ", 100 + at)).collect();
        let paper = Paper::new().revise(&numbered(size, |at| format!("<< /FT /Tx /T (F{at}) /V (1) >>")));
        let paper = paper.edit(6, "/Fields [", &format!("/Fields [{fields}")).sign(&Signing::new(&bench.signer));
        paper.revise(&numbered(size, |at| format!("<< /FT /Tx /T (F{at}) /V (2) >>")))
    });
    check_pdf("fields below each other", 300, &|size| {
        let paper = Paper::new().revise(&numbered(size, |at| format!("<< /T (F{at}) /Kids [{} 0 R] >>", 101 + at)));
        paper.edit(6, "/Fields [", "/Fields [100 0 R ").sign(&Signing::new(&bench.signer)).edit(4, "100", "999")
    });
    check_pdf("page tree that is a chain", 300, &|size| {
        let paper = Paper::new().revise(&numbered(size, |at| format!("<< /Type /Pages /Kids [{} 0 R] >>", 101 + at)));
        paper.edit(2, "/Kids [", "/Kids [100 0 R ").sign(&Signing::new(&bench.signer)).edit(4, "100", "999")
    });
    check_pdf("notes that share what they refer to", 100, &|size| {
        let certified = Paper::new().sign(&Signing { certification: Some(3), ..Signing::new(&bench.signer) });
        let notes: String = (0..size).map(|at| format!("{} 0 R ", 5000 + at)).collect();
        let mut objects = numbered(size, |at| format!("<< /Next {} 0 R >>", 101 + at));
        objects.extend((0..size).map(|at| (5000 + at as u32, "<< /Subtype /Text /X 100 0 R >>".to_owned())));
        objects.push((3, certified.text(3).replacen("/Annots [", &format!("/Annots [{notes}"), 1)));
        certified.revise(&objects)
    });
    check_pdf("comments and white space", 20_000, &|size| {
        with(vec![(100, format!("{}null", "% comment\n  ".repeat(size)))]).edit(4, "100", "999")
    });
    check_pdf("nested arrays", 20_000, &|size| with(vec![(100, "[".repeat(size))]).edit(4, "100", "999"));
    check_pdf("nested parentheses", 20_000, &|size| with(vec![(100, "(".repeat(size))]).edit(4, "100", "999"));
    check_pdf("names of escapes", 20_000, &|size| with(vec![(100, format!("/{}", "#41".repeat(size)))]).edit(4, "100", "999"));
    check_pdf("numbers of one array", 20_000, &|size| with(vec![(100, format!("[{}]", "1 ".repeat(size)))]).edit(4, "100", "999"));
}

#[test]
fn overlapping_structures_are_read_once() {
    let bench = Bench::new();
    let finish = |paper: Paper| paper.sign(&Signing::new(&bench.signer)).edit(4, "100", "999").bytes;
    // As many places as bytes, all leading to one run of white space before an object of another number.
    check(
        "places that lead to one run of white space",
        200,
        |size| {
            let mut paper = Paper::new();
            let at = paper.bytes.len();
            paper.bytes.extend(" ".repeat(50 * size).bytes());
            paper.bytes.extend(b"7 0 obj null endobj\n");
            let numbers: Vec<u32> = (100..).take(size).collect();
            paper.offsets.extend(numbers.iter().map(|number| (*number, at)));
            paper.objects.extend(numbers.iter().map(|number| (*number, Vec::new())));
            paper.close(&numbers, "");
            finish(paper)
        },
        |bytes| judge_pdf(bytes),
    );
    check(
        "members of an object stream that begin at one place",
        100,
        |size| {
            let mut paper = Paper::new();
            let index: String = (0..size).map(|at| format!("{} 0 ", 200 + at)).collect();
            let text = format!("{index}[{}]", "1 ".repeat(4 * size));
            let holder = format!("<< /Type /ObjStm /N {size} /First {} /Length {} >>\nstream\n{text}\nendstream", index.len(), text.len());
            paper.write(150, holder.as_bytes());
            with_stream(&mut paper, 150, size);
            finish(paper)
        },
        |bytes| judge_pdf(bytes),
    );
    // Every string holds the objects behind it.
    check(
        "objects inside each other",
        300,
        |size| {
            let mut paper = Paper::new();
            let numbers: Vec<u32> = (100..).take(size).collect();
            for number in &numbers {
                paper.offsets.insert(*number, paper.bytes.len());
                paper.objects.insert(*number, Vec::new());
                paper.bytes.extend(format!("{number} 0 obj (").bytes());
            }
            paper.bytes.extend(")".repeat(size).bytes());
            paper.bytes.push(b'\n');
            paper.close(&numbers, "");
            finish(paper)
        },
        |bytes| judge_pdf(bytes),
    );
    // Each section's stream holds all the sections behind it.
    check(
        "cross-reference streams inside each other",
        60,
        |size| {
            let mut out = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n".to_vec();
            let width = 160;
            let first = out.len();
            let end = first + size * width;
            for at in 0..size {
                let start = first + at * width;
                let previous = if at + 1 < size { format!("/Prev {}", start + width) } else { String::new() };
                let head = |length: usize| {
                    format!("{} 0 obj<</Type/XRef/W[1 2 1]/Size 9/Root 1 0 R{previous}/Length {length:08}>>stream\n", 50 + at)
                };
                let head = head(end - start - head(0).len());
                out.extend(format!("{head:<width$}").bytes());
            }
            out.extend(format!("endstream endobj\n%{}\nstartxref\n{first}\n%%EOF\n", "/ByteRange").bytes());
            out
        },
        |bytes| judge_pdf(bytes),
    );
}

/// A cross-reference stream that places members of the object stream `holder` from 200 on.
fn with_stream(paper: &mut Paper, holder: u32, count: usize) {
    let start = paper.bytes.len();
    let mut rows: Vec<u8> = Vec::new();
    let mut row = |kind: u8, place: u32, index: u16| rows.extend([&[kind][..], &place.to_be_bytes(), &index.to_be_bytes()].concat());
    row(1, paper.offsets[&holder] as u32, 0);
    (0..count).for_each(|at| row(2, holder, at as u16));
    let head = format!(
        "151 0 obj\n<< /Type /XRef /W [1 4 2] /Index [{holder} 1 200 {count}] /Size {} /Root 1 0 R /Prev {} /Length {} >>\nstream\n",
        200 + count,
        paper.start,
        rows.len()
    );
    paper.bytes.extend([head.as_bytes(), &rows, format!("\nendstream\nendobj\nstartxref\n{start}\n%%EOF\n").as_bytes()].concat());
    paper.start = start;
    paper.objects.insert(200 + count as u32, Vec::new());
}

#[test]
fn cms_and_certificates_are_read_in_linear_time() {
    let bench = Bench::new();
    let run = |cms: &Vec<u8>| {
        let _ = verify_detached(cms, b"content", &TrustStore::new(), &Options::at(NOW));
    };
    let sequence = |content: &[u8]| [&[0x30, 0x84][..], &(content.len() as u32).to_be_bytes(), content].concat();
    check("indefinite lengths inside each other", 20_000, |size| [0x30, 0x80].repeat(size), run);
    check("definite lengths inside each other", 300, |size| (0..size).fold(Vec::new(), |inner, _| sequence(&inner)), run);
    check(
        "certificates",
        200,
        |size| {
            let certificates = (0..size).map(|_| bench.signer.certificate.clone()).collect();
            Statement { certificates, ..Statement::new(&bench.signer) }.over(b"content")
        },
        run,
    );
    check(
        "certificates that are none",
        2000,
        |size| {
            let certificates = (0..size).map(|at| sequence(&(at as u32).to_be_bytes())).collect();
            Statement { certificates, ..Statement::new(&bench.signer) }.over(b"content")
        },
        run,
    );
    check(
        "values of one attribute",
        2000,
        |size| {
            let edit = move |all: &mut Vec<Vec<u8>>| all.push(attribute(&[1, 2, 3, 4], &[5, 0].repeat(size)));
            Statement { edit: Some(Box::new(edit)), ..Statement::new(&bench.signer) }.over(b"content")
        },
        run,
    );
    check(
        "segments of a constructed string",
        4000,
        |size| {
            let enclosed = Statement { enclosed: Some(Vec::new()), ..Statement::new(&bench.signer) }.over(b"content");
            // The empty string becomes one of many empty segments, whose lengths around are left wrong on purpose.
            [enclosed, [0x24, 0x80].to_vec(), [0x04, 0x01, 0x00].repeat(size), vec![0, 0]].concat()
        },
        run,
    );

    let add = |certificate: &Vec<u8>| {
        let _ = TrustStore::new().add_intermediate(certificate);
    };
    let extension = |at: usize| (vec![1, 3, 6, 1, 4, 1, 32473, at as u64], false, vec![5, 0]);
    check(
        "extensions",
        300,
        |size| bench.issuer.issue(&Template { extensions: (0..size).map(extension).collect(), ..Template::signer() }).certificate,
        add,
    );
    check(
        "parts of a name",
        300,
        |size| {
            let part = testkit::attack::kit::attribute_name("x");
            bench.issuer.issue(&Template { subject: sequence(&part[2..].repeat(size)), ..Template::signer() }).certificate
        },
        add,
    );
    check(
        "certificates of one name in the store",
        40,
        |size| (0..size).map(|_| Node::self_signed(&Template::authority("Issuer", None)).certificate).collect::<Vec<_>>(),
        |pool| {
            let mut trust = TrustStore::new();
            pool.iter().for_each(|certificate| trust.add_intermediate(certificate).unwrap());
            let cms = Statement::new(&bench.signer).over(b"content");
            let _ = verify_detached(&cms, b"content", &trust, &Options::at(NOW));
        },
    );
}

fn long_list(bench: &Bench, size: usize) -> Vec<u8> {
    let entry =
        |at: usize| ListEntry { serial: [&[1][..], &(at as u32).to_be_bytes()].concat(), ..ListEntry::new(&bench.signer, NOW - 9, 1) };
    List::of((0..size).map(entry).collect()).by(&bench.issuer)
}

#[test]
fn revocation_data_are_read_in_linear_time() {
    let bench = Bench::new();
    check("entries of a revocation list", 4000, |size| long_list(&bench, size), |list| _ = TrustStore::new().add_crl(list));
    check(
        "lists of one issuer",
        30,
        |size| (0..size).map(|at| List { this_update: NOW - 10 - at as i64, ..List::empty() }.by(&bench.issuer)).collect::<Vec<_>>(),
        |lists| {
            let mut trust = TrustStore::new();
            trust.add_anchor(&bench.root.certificate, None, None).unwrap();
            trust.add_intermediate(&bench.issuer.certificate).unwrap();
            lists.iter().for_each(|list| trust.add_crl(list).unwrap());
            let cms = Statement::new(&bench.signer).over(b"content");
            let _ = verify_detached(&cms, b"content", &trust, &Options::at(NOW));
        },
    );
    check(
        "OCSP responses",
        60,
        |size| {
            (0..size)
                .map(|at| {
                    Answer { this_update: NOW - 60 - at as i64, ..Answer::good(&bench.issuer, &bench.signer, &bench.issuer) }.response()
                })
                .collect::<Vec<_>>()
        },
        |responses| {
            let mut trust = TrustStore::new();
            responses.iter().for_each(|response| trust.add_ocsp(response).unwrap());
        },
    );
}

/// `cargo test -p signature --release --test growth -- --ignored`: a list as long as real ones get.
#[test]
#[ignore = "a million entries take a while to make"]
fn a_revocation_list_of_a_million_entries_is_read() {
    let bench = Bench::new();
    let list = long_list(&bench, 1_000_000);
    let started = std::time::Instant::now();
    TrustStore::new().add_crl(&list).unwrap();
    println!("{} bytes in {:?}", list.len(), started.elapsed());
}

#[test]
fn xml_is_read_and_canonicalized_in_linear_time() {
    let bench = Bench::new();
    let run = |text: &String| {
        let _ = verify_xml(text.as_bytes(), &TrustStore::new(), &Options::at(NOW));
    };
    let signed = |method: &str, around: &str, content: &str| {
        let signature = XmlStatement::new(&bench.signer, reference("#a", &[method], "x")).sign();
        format!("<doc{around}><a Id=\"a\">{content}</a>{signature}</doc>")
    };
    check("elements", 2000, |size| signed(EXCLUSIVE, "", &"<b/>".repeat(size)), run);
    check(
        "identifiers",
        1000,
        |size| {
            signed(
                EXCLUSIVE,
                "",
                &(0..size).fold(String::new(), |mut text, at| {
                    let _ = write!(text, "<b Id=\"i{at}\"/>");
                    text
                }),
            )
        },
        run,
    );
    check(
        "attributes",
        100,
        |size| {
            let attributes: String = (0..size).map(|at| format!(" a{at}=\"1\"")).collect();
            signed(EXCLUSIVE, "", &format!("<b{attributes}/>"))
        },
        run,
    );
    check(
        "namespaces in scope of many elements",
        60,
        |size| {
            let declarations: String = (0..size).map(|at| format!(" xmlns:n{at}=\"urn:{at}\"")).collect();
            // As many elements as before: the product of both would be the output's own size otherwise.
            signed(INCLUSIVE, &declarations, &"<b/>".repeat(2000))
        },
        run,
    );
    check("declarations repeated on every element", 500, |size| signed(EXCLUSIVE, "", &"<n:b xmlns:n=\"urn:n\"/>".repeat(size)), run);
    check("nesting", 60, |size| signed(EXCLUSIVE, "", &format!("{}{}", "<b>".repeat(size), "</b>".repeat(size))), run);
    check("text of references", 5000, |size| signed(EXCLUSIVE, "", &"&#65;&lt;".repeat(size)), run);
    check("comments", 3000, |size| signed(EXCLUSIVE, "", &"<!-- -->".repeat(size)), run);
    check(
        "signatures",
        8,
        |size| {
            let one = XmlStatement::new(&bench.signer, reference("#a", &[EXCLUSIVE], "x")).sign();
            let all: String = (0..size).map(|at| one.replace("Id=\"s", &format!("Id=\"s{at}"))).collect();
            format!("<doc><a Id=\"a\">x</a>{all}</doc>")
        },
        run,
    );
    check("start tags that are not closed", 20_000, |size| "<a>".repeat(size), run);
    check("quotes that are not closed", 20_000, |size| format!("<a b=\"{}", "x".repeat(size)), run);
}

#[test]
fn containers_are_read_in_linear_time() {
    let run = |bytes: &Vec<u8>| {
        let _ = verify_asic(bytes, &TrustStore::new(), &Options::at(NOW));
    };
    let archive = |files: Vec<Stored>| Archive { files, ..Archive::default() }.build();
    check("files", 200, |size| archive((0..size).map(|at| Stored::new(&format!("{at}.txt"), b"x")).collect()), run);
    check("one long name", 100, |size| archive(vec![Stored::new(&"n".repeat(size), b"x")]), run);
    check(
        "one file that is inflated",
        400_000,
        |size| {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(&vec![b'x'; size]).unwrap();
            let packed = encoder.finish().unwrap();
            archive(vec![Stored { method: 8, declared: Some(size as u32), ..Stored::new("a.txt", &packed) }])
        },
        run,
    );
    check("ends that are none", 5000, |size| b"PK\x05\x06".repeat(size), run);
    check("directory records", 5000, |size| b"PK\x01\x02".repeat(size), run);
    check(
        "references of a manifest",
        300,
        |size| {
            let references: String = (0..size).map(|at| format!("<a:DataObjectReference URI='{at}'/>")).collect();
            let text = format!(
                "<a:ASiCManifest xmlns:a='http://uri.etsi.org/02918/v1.2.1#'><a:SigReference URI='META-INF/s.p7s'/>{references}</a:ASiCManifest>"
            );
            archive(vec![
                Stored::new("mimetype", b"application/vnd.etsi.asic-e+zip"),
                Stored::new("META-INF/ASiCManifest.xml", text.as_bytes()),
                Stored::new("META-INF/s.p7s", b"0"),
            ])
        },
        run,
    );
}

/// Signatures multiply what has to be compared: each signed state is read for itself.
#[test]
fn many_signatures_over_long_cross_references_end() {
    let bench = Bench::new();
    let document = |entries: usize| {
        let mut paper = Paper::new();
        let at = paper.offsets[&5];
        // The same object again and again: it counts once among the objects, and every line is read.
        let table = format!("5 1\n{at:010} 00000 n \n").repeat(entries);
        let start = paper.bytes.len();
        paper
            .bytes
            .extend(format!("xref\n{table}trailer\n<< /Size 20 /Root 1 0 R /Prev {} >>\nstartxref\n{start}\n%%EOF\n", paper.start).bytes());
        paper.start = start;
        (0..12).fold(paper, |paper, at| paper.sign(&Signing { field: format!("S{at}"), ..Signing::new(&bench.signer) })).bytes
    };
    check("signatures over long cross-references", 1000, document, |bytes| judge_pdf(bytes));
    // What is read of a file over and over ends with the work that is allowed: the rest is given up and told.
    let bytes = document(2000);
    let mut options = Options::at(NOW);
    options.limits.max_work = 400_000;
    let report = verify_pdf(&bytes, &TrustStore::new(), &options);
    assert!(report.later_changes.iter().any(|change| change.what.contains("limit: work: ")), "{:?}", report.later_changes);
    assert_eq!(report.changed_after_signing, signature::ChangeLevel::Unexplained);
}

#[test]
#[should_panic(expected = "times as long")]
fn work_that_grows_with_the_square_is_noticed() {
    let pairs = |items: &Vec<u64>| {
        let count = items.iter().flat_map(|one| items.iter().filter(move |other| (*one ^ **other) % 7 == 3)).count();
        assert!(count < usize::MAX);
    };
    check("pairs", 400, |size| (0..size as u64).collect(), pairs);
}
