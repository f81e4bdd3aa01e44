//! Each bound, reached: the answer is INDETERMINATE / GENERIC and begins with `limit:` and the name of the bound, or the fault
//! of a file without signatures does; what the same thing gives below the bound stands beside it.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, ZlibEncoder};
use signature::{
    ChangeLevel, Coverage, DocumentReport, Limits, Options, SubIndication, TrustStore, verify_asic, verify_detached, verify_pdf, verify_xml,
};
use testkit::attack::kit::{Archive, Bench, EXCLUSIVE, NOW, Paper, Signing, Statement, Stored, XmlStatement, attribute, reference};

fn trust(bench: &Bench) -> TrustStore {
    let mut store = TrustStore::new();
    let evidence = bench.trust();
    evidence.anchors.iter().for_each(|one| store.add_anchor(one, None, None).unwrap());
    evidence.intermediates.iter().for_each(|one| store.add_intermediate(one).unwrap());
    evidence.lists.iter().for_each(|one| store.add_crl(one).unwrap());
    store
}

fn within(limits: Limits) -> Options {
    Options { limits, ..Options::at(NOW) }
}

/// The one signature does not pass, for the bound `name` alone.
fn assert_reached(report: &DocumentReport, name: &str) {
    let [only] = report.signatures.as_slice() else { panic!("{report:?}") };
    assert_eq!(only.sub_indication, Some(SubIndication::Generic), "{:?}", only.reasons);
    let start = format!("limit: {name}: ");
    assert!(only.reasons.iter().any(|reason| reason.starts_with(&start)), "{name}: {:?}", only.reasons);
}

fn assert_passed(report: &DocumentReport) {
    assert!(!report.signatures.is_empty() && report.signatures.iter().all(|one| one.sub_indication.is_none()), "{report:?}");
}

/// A signed document whose last section is a compressed stream of `rows` needless rows.
fn with_compressed_section(bench: &Bench, rows: usize) -> Vec<u8> {
    let paper = Paper::new().sign(&Signing::new(&bench.signer));
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![0; rows * 4]).unwrap();
    let packed = encoder.finish().unwrap();
    let start = paper.bytes.len();
    let head = format!(
        "90 0 obj\n<< /Type /XRef /W [1 2 1] /Index [1000 {rows}] /Size 9000 /Root 1 0 R /Prev {} /Filter /FlateDecode /Length {} >>\nstream\n",
        paper.start,
        packed.len()
    );
    [&paper.bytes, head.as_bytes(), &packed, format!("\nendstream\nendobj\nstartxref\n{start}\n%%EOF\n").as_bytes()].concat()
}

#[test]
fn what_inflates_too_far_is_given_up() {
    let bench = Bench::new();
    let (trust, pdf) = (trust(&bench), with_compressed_section(&bench, 5000));
    assert_passed(&verify_pdf(&pdf, &trust, &Options::at(NOW)));
    let report = verify_pdf(&pdf, &trust, &within(Limits { max_inflate_bytes: 10_000, ..Limits::default() }));
    assert_reached(&report, "inflate");
    assert_eq!(report.coverage, Coverage::BytesAddedAfter { signed_end: 0, length: pdf.len() as u64 });
}

#[test]
fn too_many_objects_are_given_up() {
    let bench = Bench::new();
    let (trust, pdf) = (trust(&bench), with_compressed_section(&bench, 500));
    assert_passed(&verify_pdf(&pdf, &trust, &Options::at(NOW)));
    assert_reached(&verify_pdf(&pdf, &trust, &within(Limits { max_objects: 100, ..Limits::default() })), "objects");
}

#[test]
fn a_document_without_signatures_is_not_said_to_have_one() {
    let report = verify_pdf(&Paper::new().bytes, &TrustStore::new(), &within(Limits { max_objects: 3, ..Limits::default() }));
    assert_eq!((report.signatures.len(), report.coverage), (0, Coverage::NotSigned));
    assert!(report.faults[0].contains("too many objects"), "{:?}", report.faults);
}

#[test]
fn too_many_revisions_are_given_up() {
    let bench = Bench::new();
    let mut paper = Paper::new().sign(&Signing::new(&bench.signer));
    for _ in 0..1100 {
        paper.close(&[], "");
    }
    assert_reached(&verify_pdf(&paper.bytes, &trust(&bench), &Options::at(NOW)), "revisions");
}

#[test]
fn objects_nested_too_deep_are_given_up() {
    let bench = Bench::new();
    let trust = trust(&bench);
    let paper = |depth: usize| {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        Paper::new().edit(3, "/Type /Page ", &format!("/Type /Page /X {nested} ")).sign(&Signing::new(&bench.signer)).bytes
    };
    assert_passed(&verify_pdf(&paper(50), &trust, &Options::at(NOW)));
    assert_reached(&verify_pdf(&paper(500), &trust, &Options::at(NOW)), "depth");
}

#[test]
fn an_object_of_too_many_parts_is_given_up() {
    let bench = Bench::new();
    let trust = trust(&bench);
    let paper = |count: usize| {
        Paper::new().edit(3, "/Type /Page ", &format!("/Type /Page /X [{}] ", "1 ".repeat(count))).sign(&Signing::new(&bench.signer)).bytes
    };
    assert_passed(&verify_pdf(&paper(1000), &trust, &Options::at(NOW)));
    assert_reached(&verify_pdf(&paper(200_000), &trust, &Options::at(NOW)), "parts");
}

#[test]
fn work_beyond_what_is_allowed_ends_and_is_told() {
    let bench = Bench::new();
    let (trust, pdf) = (trust(&bench), Paper::new().sign(&Signing::new(&bench.signer)).bytes);
    assert_passed(&verify_pdf(&pdf, &trust, &Options::at(NOW)));
    // Enough for the catalogue, the form and the field, and not for the pages.
    let reached = (0..200).map(|step| verify_pdf(&pdf, &trust, &within(Limits { max_work: 100 * step, ..Limits::default() })));
    let mut seen = 0;
    for report in reached.filter(|report| !report.signatures.is_empty() && report.signatures[0].sub_indication.is_some()) {
        assert_reached(&report, "work");
        assert!(report.faults.iter().any(|fault| fault.starts_with("limit: work: ")), "{:?}", report.faults);
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn revisions_that_take_too_much_work_count_as_unexplained() {
    let bench = Bench::new();
    let paper = Paper::new().sign(&Signing { certification: Some(2), ..Signing::new(&bench.signer) });
    let pdf = paper.edit(7, "/V (100)", "/V (200)").bytes;
    let trust = trust(&bench);
    assert_eq!(verify_pdf(&pdf, &trust, &Options::at(NOW)).changed_after_signing, ChangeLevel::Permitted);
    let mut seen = 0;
    for step in 0..300 {
        let report = verify_pdf(&pdf, &trust, &within(Limits { max_work: 100 * step, ..Limits::default() }));
        let is_told = report.later_changes.iter().any(|change| change.what.starts_with("limit: work: "));
        // Nothing lies between a comparison that ended and one that did not.
        assert!(
            report.signatures.is_empty()
                || report.changed_after_signing == if is_told { ChangeLevel::Unexplained } else { ChangeLevel::Permitted }
        );
        seen += usize::from(is_told);
    }
    assert!(seen > 0);
}

#[test]
fn signatures_beyond_the_bound_are_told() {
    let bench = Bench::new();
    let paper = Paper::new().sign(&Signing::new(&bench.signer)).sign(&Signing { field: "S2".to_owned(), ..Signing::new(&bench.signer) });
    let report = verify_pdf(&paper.bytes, &trust(&bench), &within(Limits { max_signatures: 1, ..Limits::default() }));
    assert_eq!(report.signatures.len(), 1);
    assert!(report.faults.iter().any(|fault| fault.contains("1 more signatures than are judged")), "{:?}", report.faults);
}

#[test]
fn a_statement_of_too_many_parts_is_given_up() {
    let bench = Bench::new();
    let trust = trust(&bench);
    let judge = |statement: Statement<'_>| verify_detached(&statement.over(b"content"), b"content", &trust, &Options::at(NOW));
    assert_passed(&judge(Statement::new(&bench.signer)));
    let certificates = (0..200).map(|at: u32| [&[0x30, 4][..], &at.to_be_bytes()].concat()).collect();
    assert_reached(&judge(Statement { certificates, ..Statement::new(&bench.signer) }), "certificates");
    assert_reached(&judge(Statement { signers: 100, ..Statement::new(&bench.signer) }), "signers");
    let edit = |all: &mut Vec<Vec<u8>>| all.extend((0..100).map(|at| attribute(&[1, 2, 3, at], &[5, 0])));
    assert_reached(&judge(Statement { edit: Some(Box::new(edit)), ..Statement::new(&bench.signer) }), "signers");
    let nested = (0..100).fold(Vec::new(), |inner: Vec<u8>, _| [&[0x30, 0x84][..], &(inner.len() as u32).to_be_bytes(), &inner].concat());
    let edit = move |all: &mut Vec<Vec<u8>>| all.push(attribute(&[1, 2, 3, 4], &nested));
    assert_reached(&judge(Statement { edit: Some(Box::new(edit)), ..Statement::new(&bench.signer) }), "depth");
}

#[test]
fn too_many_references_and_transforms_are_given_up() {
    let bench = Bench::new();
    let trust = trust(&bench);
    let judge = |references: String| {
        let signature = XmlStatement::new(&bench.signer, references).sign();
        let text = format!("<doc><a Id=\"a\">x</a>{signature}</doc>");
        verify_xml(text.as_bytes(), &trust, &Options::at(NOW)).document
    };
    let one = |transforms: &[&str]| reference("#a", transforms, "<a Id=\"a\">x</a>");
    assert_passed(&judge(one(&[EXCLUSIVE])));
    assert_reached(&judge(one(&[EXCLUSIVE]).repeat(200)), "references");
    assert_reached(&judge(one(&[EXCLUSIVE; 20])), "transforms");
}

/// What cannot be opened shows no signature that could be judged: the fault names the bound.
#[test]
fn markup_and_containers_beyond_the_bounds_are_not_opened() {
    let trust = TrustStore::new();
    let of_xml = |text: &str| verify_xml(text.as_bytes(), &trust, &Options::at(NOW)).document;
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert_eq!(of_xml(&nested(200)).faults, [] as [&str; 0]);
    let deep = of_xml(&nested(300));
    assert_eq!(deep.coverage, Coverage::NotSigned);
    assert!(deep.faults[0].starts_with("limit: levels: "), "{:?}", deep.faults);

    let files = |count: usize| (0..count).map(|at| Stored::new(&format!("{at}.txt"), b"x")).collect();
    let of_zip = |files: Vec<Stored>, limits| verify_asic(&Archive { files, ..Archive::default() }.build(), &trust, &within(limits));
    assert!(of_zip(files(10), Limits::default()).is_readable);
    let many = of_zip(files(1001), Limits::default());
    assert!(!many.is_readable && many.document.faults[0].starts_with("limit: files: "), "{:?}", many.document.faults);

    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&[0; 50_000]).unwrap();
    // CRC-32 of fifty thousand zeros, by another program.
    let packed =
        Stored { method: 8, declared: Some(50_000), checksum: Some(0x16b7_b325), ..Stored::new("a.bin", &encoder.finish().unwrap()) };
    assert!(of_zip(vec![packed.clone()], Limits::default()).is_readable);
    let bomb = of_zip(vec![packed], Limits { max_inflate_bytes: 10_000, ..Limits::default() });
    assert!(!bomb.is_readable && bomb.document.faults[0].starts_with("limit: inflate: "), "{:?}", bomb.document.faults);
}
