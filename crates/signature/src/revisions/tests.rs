//! Later revisions made by hand: what a rule explains, and what nothing does.

use super::*;
use crate::options::Options;
use crate::testing::{CmsTemplate, NOW, Pki, cms, last_xref, plain_pdf, revise, sign_pdf};
use crate::trust::TrustStore;
use crate::verify_pdf;

const CADES: &str = "ETSI.CAdES.detached";

struct Scene {
    pki: Pki,
    trust: TrustStore,
    signed: Vec<u8>,
}

impl Scene {
    fn new() -> Self {
        Self::over(&plain_pdf())
    }

    fn over(pdf: &[u8]) -> Self {
        let pki = Pki::new();
        let mut trust = TrustStore::new();
        trust.add_anchor(pki.root.der(), None, None).unwrap();
        trust.add_intermediate(pki.issuer.der()).unwrap();
        let signed = sign_pdf(pdf, 0, CADES, |content| cms(&pki.signer, &[&pki.signer], content, &CmsTemplate::default()));
        Self { pki, trust, signed }
    }

    fn sign(&self, pdf: &[u8], index: u32) -> Vec<u8> {
        sign_pdf(pdf, index, CADES, |content| cms(&self.pki.signer, &[&self.pki.signer], content, &CmsTemplate::default()))
    }

    fn revised(&self, objects: &[(u32, &str)]) -> Vec<u8> {
        let objects: Vec<(u32, String)> = objects.iter().map(|(number, text)| (*number, (*text).to_owned())).collect();
        revise(&self.signed, Some(last_xref(&self.signed)), &objects)
    }

    fn level(&self, pdf: &[u8]) -> ChangeLevel {
        let report = verify_pdf(pdf, &self.trust, &Options::at(NOW));
        assert_eq!(report.later_changes.iter().map(|change| change.level).max().unwrap_or_default(), report.changed_after_signing);
        report.changed_after_signing
    }

    fn object(&self, number: u32) -> String {
        let text = String::from_utf8_lossy(&self.signed);
        let head = format!("\n{number} 0 obj");
        let from = text.rfind(&head).unwrap() + head.len();
        let to = text[from..].find("endobj").unwrap();
        text[from..from + to].trim().to_owned()
    }

    /// The catalogue as it was signed, with more in it.
    fn catalogue_with(&self, more: &str) -> String {
        let catalogue = self.object(1);
        format!("{}{more}>>", catalogue.strip_suffix(">>").unwrap())
    }
}

#[test]
fn a_fresh_signature_and_what_follows_it_lawfully_are_told_apart_from_changes() {
    let scene = Scene::new();
    assert_eq!(scene.level(&scene.signed), ChangeLevel::None);
    assert_eq!(scene.level(&scene.sign(&scene.signed, 1)), ChangeLevel::Permitted);
    assert_eq!(scene.level(&[scene.signed.as_slice(), b"\r\n"].concat()), ChangeLevel::Permitted);
    assert_eq!(scene.level(&[scene.signed.as_slice(), b"% a comment"].concat()), ChangeLevel::Unexplained);
}

#[test]
fn what_the_document_shows_may_not_change() {
    let scene = Scene::new();
    let page = scene.object(3);
    let with = |more: &str| format!("{}{more}>>", page.strip_suffix(">>").unwrap());
    for (number, text) in [
        (3, with("/Contents 40 0 R")),
        (3, with("/Annots[41 0 R]")),
        (3, with("/Rotate 90")),
        (2, "<</Type/Pages/Kids[3 0 R 42 0 R]/Count 2>>".to_owned()),
        (1, scene.catalogue_with("/OpenAction 43 0 R")),
        (1, scene.catalogue_with("/Names<<>>")),
    ] {
        let pdf = scene.revised(&[(number, &text), (40, "<<>>"), (41, "<</Subtype/FreeText>>"), (42, "<</Type/Page>>"), (43, "<<>>")]);
        assert_eq!(scene.level(&pdf), ChangeLevel::Unexplained, "{number}: {text}");
        // A signature over the change does not lend it to the first signer. The test's signer writes a catalogue of its own.
        if number != 1 {
            assert_eq!(scene.level(&scene.sign(&pdf, 1)), ChangeLevel::Unexplained, "{number}: {text}");
        }
    }
}

#[test]
fn signature_fields_may_not_go_nor_change() {
    let scene = Scene::new();
    for (number, text) in
        [(1, "<</Type/Catalog/Pages 2 0 R>>".to_owned()), (1, "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[]>>>>".to_owned())]
    {
        let pdf = scene.revised(&[(number, &text)]);
        let changes = explain(&pdf, &[scene.signed.len()], &Limits::default());
        assert!(changes.iter().any(|change| change.level == ChangeLevel::Unexplained), "{text}");
    }
    let field = scene.object(10).replace("Sig1", "Khac");
    assert_eq!(scene.level(&scene.revised(&[(10, &field)])), ChangeLevel::Unexplained);
}

#[test]
fn validation_data_grow_and_document_information_moves_on() {
    let scene = Scene::new();
    let dss = scene.catalogue_with("/DSS 50 0 R");
    let grown = scene.revised(&[(1, &dss), (50, "<</Certs[51 0 R]>>"), (51, "<</Length 1>>stream\nx\nendstream")]);
    assert_eq!(scene.level(&grown), ChangeLevel::Permitted);
    let again = revise(&grown, Some(last_xref(&grown)), &[(50, "<</Certs[52 0 R]>>".to_owned()), (52, "<<>>".to_owned())]);
    let changes = explain(&again, &[grown.len()], &Limits::default());
    let lost = changes.iter().any(|change| change.level == ChangeLevel::Workflow && change.what.contains("lost some"));
    assert!(lost, "the store forgets nothing in silence: {changes:?}");
    let without = scene.catalogue_with("");
    let without = revise(&grown, Some(last_xref(&grown)), &[(1, without)]);
    let changes = explain(&without, &[grown.len()], &Limits::default());
    assert!(changes.iter().any(|change| change.level == ChangeLevel::Unexplained), "{changes:?}");
}

#[test]
fn what_nothing_uses_is_workflow_and_what_fills_a_gap_is_not() {
    let scene = Scene::new();
    assert_eq!(scene.level(&scene.revised(&[(60, "<</Type/Font>>"), (61, "[60 0 R]")])), ChangeLevel::Workflow);
    let gap = String::from_utf8(plain_pdf()).unwrap();
    let gap = revise(
        gap.as_bytes(),
        Some(last_xref(gap.as_bytes())),
        &[(3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 60 0 R>>".to_owned())],
    );
    let scene = Scene::over(&gap);
    assert_eq!(scene.level(&scene.revised(&[(60, "<</Length 1>>stream\nx\nendstream")])), ChangeLevel::Unexplained);
}

#[test]
fn content_that_calls_itself_structure_is_content() {
    let page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 60 0 R>>".to_owned();
    let content =
        |text: &str| format!("<</Length {}{}>>stream\n{text}\nendstream", text.len(), if text == "q" { "" } else { "/Type/XRef" });
    let base = revise(&plain_pdf(), Some(last_xref(&plain_pdf())), &[(3, page), (60, content("q"))]);
    let scene = Scene::over(&base);
    assert_eq!(scene.level(&scene.revised(&[(60, &content("q 1 0 0 1 0 0 cm"))])), ChangeLevel::Unexplained);
}

#[test]
fn what_an_object_beyond_the_signed_end_would_be_is_not_believed() {
    // The signed cross-reference gives page content a place that does not exist yet.
    let plain = plain_pdf();
    let mut base =
        revise(&plain, Some(last_xref(&plain)), &[(3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 60 0 R>>".to_owned())]);
    let start = base.len();
    base.extend(
        format!(
            "xref\n60 1\n0000020000 00000 n \ntrailer\n<</Size 100/Root 1 0 R/Prev {}>>\nstartxref\n{start}\n%%EOF\n",
            last_xref(&base)
        )
        .bytes(),
    );
    let scene = Scene::over(&base);
    let mut pdf = scene.signed.clone();
    pdf.resize(20_000, b' ');
    pdf.extend(b"60 0 obj\n<</Length 1>>stream\nq\nendstream\nendobj\n");
    // The place is the same in both cross-references; only now something stands there.
    let revised = revise(&pdf, Some(last_xref(&scene.signed)), &[(70, "<<>>".to_owned())]);
    assert_eq!(scene.level(&revised), ChangeLevel::Unexplained);
}

#[test]
fn a_page_box_with_other_decimals_is_workflow_and_another_box_is_not() {
    let page = |size: &str| format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 {size}]>>");
    let base = revise(&plain_pdf(), Some(last_xref(&plain_pdf())), &[(3, page("595.32 841.92"))]);
    let scene = Scene::over(&base);
    assert_eq!(scene.level(&scene.revised(&[(3, &page("595.320 841.92"))])), ChangeLevel::Permitted);
    assert_eq!(scene.level(&scene.revised(&[(3, &page("595.3 841.9"))])), ChangeLevel::Workflow);
    assert_eq!(scene.level(&scene.revised(&[(3, &page("300 841.92"))])), ChangeLevel::Unexplained);
}

#[test]
fn what_cannot_be_read_is_not_taken_for_nothing() {
    // The signed page refers to something that is not there, and that a later revision brings.
    let page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 90 0 R>>".to_owned();
    let prepared = revise(&plain_pdf(), Some(last_xref(&plain_pdf())), &[(3, page)]);
    let scene = Scene::over(&prepared);
    let revised = scene.revised(&[(90, "<</Length 3>>stream\nq Q\nendstream")]);
    assert_eq!(scene.level(&revised), ChangeLevel::Unexplained);
    // Its place in the table is one byte off: a strict reader finds nothing, and one that repairs finds the object.
    let at = scene.signed.len();
    let misplaced =
        [&revised[..at], &String::from_utf8_lossy(&revised[at..]).replace(&format!("{at:010}"), &format!("{:010}", at + 1)).into_bytes()];
    let misplaced = misplaced.concat();
    assert_ne!(misplaced, revised);
    assert_eq!(scene.level(&misplaced), ChangeLevel::Unexplained);
}

/// The worst of what a second signature value is taken for, after a first one with `reference`, which certifies if `perms` says so.
fn level_of_another(perms: &str, reference: &str, value: &str) -> ChangeLevel {
    let catalogue = |fields: &str| format!("<</Type/Catalog/Pages 2 0 R{perms}/AcroForm<</Fields[{fields}]/SigFlags 3>>>>");
    let first = [
        (1, catalogue("10 0 R")),
        (10, "<</FT/Sig/T(Sig1)/V 11 0 R>>".to_owned()),
        (11, format!("<</Type/Sig/SubFilter/{CADES}/ByteRange[0 1 2 3]/Contents<00>/Reference[{reference}]>>")),
    ];
    let signed = revise(&plain_pdf(), Some(last_xref(&plain_pdf())), &first);
    let second = [
        (1, catalogue("10 0 R 12 0 R")),
        (12, "<</FT/Sig/T(Sig2)/V 13 0 R>>".to_owned()),
        (13, format!("<</ByteRange[0 1 2 3]/Contents<00>{value}>>")),
    ];
    let later = revise(&signed, Some(last_xref(&signed)), &second);
    let changes = explain(&later, &[signed.len()], &Limits::default());
    assert!(!changes.is_empty());
    changes.iter().map(|change| change.level).max().unwrap_or_default()
}

const STAMP: &str = "/Type/DocTimeStamp/SubFilter/ETSI.RFC3161";
const SIGNATURE: &str = "/Type/Sig/SubFilter/ETSI.CAdES.detached";

#[test]
fn a_certification_that_forbids_everything_allows_document_time_stamps() {
    let perms = "/Perms<</DocMDP 11 0 R>>";
    let certification = |p: u8| format!("<</TransformMethod/DocMDP/TransformParams<</P {p}/V/1.2>>>>");
    assert_eq!(level_of_another(perms, &certification(1), STAMP), ChangeLevel::Permitted);
    assert_eq!(level_of_another(perms, &certification(1), SIGNATURE), ChangeLevel::Unexplained);
    assert_eq!(level_of_another(perms, &certification(2), SIGNATURE), ChangeLevel::Permitted);
}

#[test]
fn a_signature_in_a_locked_field_is_workflow() {
    let lock = |rest: &str| format!("<</TransformMethod/FieldMDP/TransformParams<</Action/{rest}/V/1.2>>>>");
    for (rest, expected) in [
        ("All", ChangeLevel::Workflow),
        ("Include/Fields[(Sig2)]", ChangeLevel::Workflow),
        ("Include/Fields[(Text)]", ChangeLevel::Permitted),
        ("Exclude/Fields[(Sig2)]", ChangeLevel::Permitted),
        ("Exclude/Fields[(Text)]", ChangeLevel::Workflow),
    ] {
        assert_eq!(level_of_another("", &lock(rest), SIGNATURE), expected, "{rest}");
        assert_eq!(level_of_another("", &lock(rest), STAMP), ChangeLevel::Permitted, "{rest}");
    }
}

/// How filling in `field` is taken, in a form of the fields `Text` and `Group.Text`, certified with P 2, after a signature with
/// this FieldMDP.
fn level_of_filling(field: u32, lock: &str) -> ChangeLevel {
    let mdp = |method: &str, rest: &str| format!("<</TransformMethod/{method}/TransformParams<<{rest}/V/1.2>>>>");
    let signature = |reference: &str| format!("<</Type/Sig/SubFilter/{CADES}/ByteRange[0 1 2 3]/Contents<00>/Reference[{reference}]>>");
    let catalogue = "<</Type/Catalog/Pages 2 0 R/Perms<</DocMDP 11 0 R>>/AcroForm<</Fields[10 0 R 12 0 R 20 0 R 21 0 R]/SigFlags 3>>>>";
    let first = [
        (1, catalogue.to_owned()),
        (10, "<</FT/Sig/T(Sig1)/V 11 0 R>>".to_owned()),
        (11, signature(&mdp("DocMDP", "/P 2"))),
        (12, "<</FT/Sig/T(Sig2)/V 13 0 R>>".to_owned()),
        (13, signature(&mdp("FieldMDP", lock))),
        (20, "<</FT/Tx/T(Text)>>".to_owned()),
        (21, "<</T(Group)/Kids[22 0 R]>>".to_owned()),
        (22, "<</FT/Tx/T(Text)/Parent 21 0 R>>".to_owned()),
    ];
    let signed = revise(&plain_pdf(), Some(last_xref(&plain_pdf())), &first);
    let (_, before) = first.iter().find(|(number, _)| *number == field).unwrap();
    let filled = before.replace(">>", "/V(x)>>");
    let later = revise(&signed, Some(last_xref(&signed)), &[(field, filled)]);
    explain(&later, &[signed.len()], &Limits::default()).iter().map(|change| change.level).max().unwrap_or_default()
}

#[test]
fn a_lock_on_some_fields_leaves_the_others_to_the_certification() {
    for (lock, text, grouped) in [
        ("/Action/Include/Fields[(Text)]", ChangeLevel::Unexplained, ChangeLevel::Permitted),
        // The same name in UTF-16.
        ("/Action/Include/Fields[<FEFF0054006500780074>]", ChangeLevel::Unexplained, ChangeLevel::Permitted),
        ("/Action/Include/Fields[(Group.Text)]", ChangeLevel::Permitted, ChangeLevel::Unexplained),
        ("/Action/Include/Fields[(Group)]", ChangeLevel::Permitted, ChangeLevel::Unexplained),
        ("/Action/Exclude/Fields[(Group)]", ChangeLevel::Unexplained, ChangeLevel::Permitted),
        ("/Action/All", ChangeLevel::Unexplained, ChangeLevel::Unexplained),
        ("", ChangeLevel::Unexplained, ChangeLevel::Unexplained),
    ] {
        assert_eq!((level_of_filling(20, lock), level_of_filling(22, lock)), (text, grouped), "{lock}");
    }
}
