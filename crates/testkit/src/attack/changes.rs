//! What is done to a document after it was signed: every signed byte stays, and a reader shows something else.

use super::kit::{Bench, Case, Input, List, Paper, Signing, Statement, stream_text};
use crate::attack::kit::Node;

const APPENDED: &str = "bytes after the end";
const CONTENT: &str = "later content";
const SHADOW: &str = "shadow";
const CERTIFIED: &str = "certified";
const PERMISSIONS: &str = "locks and permissions";
const FIELDS: &str = "fields";
const STORE: &str = "security store";
const REPOINTED: &str = "re-pointed";

/// Every forgery of this kind.
#[must_use]
pub fn cases() -> Vec<Case> {
    let bench = Bench::new();
    let mut cases = appended(&bench);
    cases.extend(content(&bench));
    cases.extend(shadows(&bench));
    cases.extend(certified(&bench));
    cases.extend(permissions(&bench));
    cases.extend(fields(&bench));
    cases.extend(stores(&bench));
    cases.extend(repointed(&bench));
    cases
}

/// A sound signature over the usual document, the object of its dictionary and of its field.
struct Signed {
    paper: Paper,
    field: u32,
    value: u32,
}

fn signed_as(paper: &Paper, signing: &Signing<'_>) -> Signed {
    let field = paper.free();
    Signed { paper: paper.sign(signing), field, value: field + 1 }
}

fn signed(bench: &Bench) -> Signed {
    signed_as(&Paper::new(), &Signing::new(&bench.signer))
}

fn pdf(paper: &Paper) -> Input {
    Input::Pdf(paper.bytes.clone())
}

fn appended(bench: &Bench) -> Vec<Case> {
    let Signed { paper, .. } = signed(bench);
    let mut cases = Vec::new();
    let trailer = format!("trailer\n<< /Size 40 /Root 1 0 R >>\nstartxref\n{}\n%%EOF\n", paper.start);
    let texts: [(&'static str, String); 6] = [
        ("a comment appended", "% comment\n".to_owned()),
        ("a second end of file appended", "%%EOF\n".to_owned()),
        ("white space appended", "\r\n \n".to_owned()),
        ("an object appended without a table", format!("4 0 obj\n{}\nendobj\n", stream_text("", "BT (999) Tj ET"))),
        ("a trailer appended without a table", trailer),
        ("another file appended", "PK\u{3}\u{4}".to_owned()),
    ];
    for (name, text) in texts {
        let forged = [paper.bytes.as_slice(), text.as_bytes()].concat();
        cases.push(bench.case(APPENDED, name, pdf(&paper), Input::Pdf(forged)));
    }
    let empty = paper.revise(&[]);
    cases.push(bench.case(APPENDED, "an empty revision appended", pdf(&paper), pdf(&empty)));
    let mut rooted = paper.clone();
    rooted.write(30, b"<< /Type /Catalog /Pages 31 0 R >>");
    rooted.write(31, b"<< /Type /Pages /Kids [] /Count 0 >>");
    rooted.close(&[30, 31], "");
    let text = String::from_utf8_lossy(&rooted.bytes[paper.bytes.len()..]).replace("/Root 1 0 R", "/Root 30 0 R");
    let forged = [paper.bytes.as_slice(), text.as_bytes()].concat();
    cases.push(bench.case(APPENDED, "another catalogue", pdf(&paper), Input::Pdf(forged)));
    cases
}

fn content(bench: &Bench) -> Vec<Case> {
    let Signed { paper, .. } = signed(bench);
    let page = |from: &str, to: &str| paper.edit(3, from, to);
    let catalogue = |entry: &str| paper.edit(1, "/Type /Catalog", &format!("/Type /Catalog {entry}"));
    let free = paper.free();
    let forged_text = stream_text("", "BT /F1 12 Tf 20 60 Td (So tien: 999 dong) Tj ET");
    let other_page = paper.text(3).replace("/Contents 4 0 R", &format!("/Contents {free} 0 R"));
    let forgeries: Vec<(&'static str, Paper)> = vec![
        ("page content rewritten", paper.revise(&[(4, forged_text.clone())])),
        ("page content switched", paper.revise(&[(3, other_page.clone()), (free, forged_text)])),
        ("page content doubled", page("/Contents 4 0 R", "/Contents [4 0 R 8 0 R]")),
        ("image replaced", paper.revise(&[(8, stream_text("/Type /XObject /Subtype /Form /BBox [0 0 200 100]", "1 g 0 0 200 100 re f"))])),
        ("font redefined", paper.revise(&[(5, "<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>".to_owned())])),
        ("font replaced in the resources", page("/F1 5 0 R", "/F1 8 0 R")),
        ("page box moved", page("[0 0 200 100]", "[0 50 200 100]")),
        ("page turned", page("/Type /Page ", "/Type /Page /Rotate 180 ")),
        ("page added", paper.revise(&[(2, format!("<< /Type /Pages /Kids [3 0 R {free} 0 R] /Count 2 >>")), (free, other_page)])),
        ("page removed", paper.revise(&[(2, "<< /Type /Pages /Kids [] /Count 0 >>".to_owned())])),
        ("page tree replaced", paper.edit(1, "/Pages 2 0 R", &format!("/Pages {free} 0 R")).revise(&[(free, paper.text(2))])),
        ("open action added", catalogue("/OpenAction << /S /JavaScript /JS (app.alert(1)) >>")),
        ("JavaScript named", catalogue("/Names << /JavaScript << /Names [(a) << /S /JavaScript /JS (1) >>] >> >>")),
        ("additional actions added", catalogue("/AA << /WC << /S /JavaScript /JS (1) >> >>")),
        ("page action added", page("/Type /Page ", "/Type /Page /AA << /O << /S /JavaScript /JS (1) >> >> ")),
        ("output intent added", catalogue("/OutputIntents [<< /Type /OutputIntent /S /GTS_PDFA1 >>]")),
        ("optional content switched off", paper.edit(1, "/ON [10 0 R]", "/OFF [10 0 R]")),
        ("optional content group changed", paper.edit(10, "(Layer)", "(Layer) /Usage << /View << /ViewState /OFF >> >>")),
        ("note added", note(&paper, free)),
        (
            "link added",
            page("/Annots [", "/Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 200 100] /A << /S /URI /URI (http://x) >> >> "),
        ),
        ("attachment added", catalogue("/AF [<< /Type /Filespec /F (x) >>]")),
        ("collection made", catalogue("/Collection << /Type /Collection >>")),
        ("reader requirements added", catalogue("/Requirements [<< /S /EnableJavaScripts >>]")),
        ("form of another kind added", paper.edit(6, "/DA", "/XFA [(template) 8 0 R] /DA")),
        ("appearances to be made by the reader", paper.edit(6, "/DA", "/NeedAppearances true /DA")),
        ("default appearance changed", paper.edit(6, "0 g)", "1 g)")),
    ];
    forgeries.into_iter().map(|(name, forged)| bench.case(CONTENT, name, pdf(&paper), pdf(&forged))).collect()
}

/// EAA of Rohlmann et al. (S&P 2021): a note laid over the page.
fn note(paper: &Paper, free: u32) -> Paper {
    let annotation = format!(
        "<< /Type /Annot /Subtype /FreeText /Rect [0 0 200 100] /F 4 /DA (/F1 12 Tf) /Contents (999) /AP << /N {} 0 R >> >>",
        free + 1
    );
    let drawing = stream_text("/Type /XObject /Subtype /Form /BBox [0 0 200 100]", "1 g 0 0 200 100 re f");
    let page = paper.text(3).replace("/Annots [", &format!("/Annots [{free} 0 R "));
    paper.revise(&[(3, page), (free, annotation), (free + 1, drawing)])
}

/// Mainka et al. (NDSS 2021): what is needed for the change is in the document before it is signed.
fn shadows(bench: &Bench) -> Vec<Case> {
    let mut cases = Vec::new();
    let sign = |paper: &Paper| signed_as(paper, &Signing::new(&bench.signer)).paper;
    let plain = Paper::new();
    let free = plain.free();
    let overlay = "<< /Type /Annot /Subtype /Stamp /Rect [0 0 200 100] /AP << /N 8 0 R >> >>".to_owned();

    // Hide: an overlay covers the text that comes to light when it goes.
    let covered = plain.revise(&[(free, overlay), (3, plain.text(3).replace("/Annots [", &format!("/Annots [{free} 0 R ")))]);
    let signed = sign(&covered);
    let lifted = signed.edit(3, &format!("{free} 0 R "), "");
    // The later list lacks the stamp; the field in front of it stays.
    cases.push(bench.case(SHADOW, "hide: overlay removed from the page", pdf(&signed), pdf(&lifted)));
    let nulled = signed.revise(&[(free, "null".to_owned())]);
    cases.push(bench.case(SHADOW, "hide: overlay made null", pdf(&signed), pdf(&nulled)));
    let flagged = signed.edit(free, "/Subtype /Stamp", "/Subtype /Stamp /F 2");
    cases.push(bench.case(SHADOW, "hide: overlay made invisible", pdf(&signed), pdf(&flagged)));
    let mut freed = signed.clone();
    let start = freed.bytes.len();
    let section = format!(
        "xref\n0 1\n{free:010} 65535 f \n{free} 1\n0000000000 00001 f \ntrailer\n<< /Size 40 /Root 1 0 R /Prev {} >>\nstartxref\n{start}\n%%EOF\n",
        signed.start
    );
    freed.bytes.extend(section.bytes());
    cases.push(bench.case(SHADOW, "hide: overlay freed in the table", pdf(&signed), pdf(&freed)));
    let emptied = signed.revise(&[(8, stream_text("/Type /XObject /Subtype /Form /BBox [0 0 10 10]", " "))]);
    cases.push(bench.case(SHADOW, "hide: image of the overlay emptied", pdf(&signed), pdf(&emptied)));

    // Replace: fonts, form values and appearances.
    let signed = sign(&plain);
    let value = signed.edit(7, "/V (100)", "/V (999)");
    cases.push(bench.case(SHADOW, "replace: value of a field", pdf(&signed), pdf(&value)));
    let appearance = signed.revise(&[(9, stream_text("/Type /XObject /Subtype /Form /BBox [0 0 60 20]", "BT (999) Tj ET"))]);
    cases.push(bench.case(SHADOW, "replace: appearance of a field", pdf(&signed), pdf(&appearance)));
    let switched = signed.edit(7, "/N 9 0 R", "/N 8 0 R");
    cases.push(bench.case(SHADOW, "replace: appearance switched", pdf(&signed), pdf(&switched)));

    // Hide and replace: the other content is in the signed bytes, and the table alone brings it to light.
    let mut prepared = plain.clone();
    let hidden = prepared.bytes.len();
    prepared.bytes.extend(format!("4 0 obj\n{}\nendobj\n", stream_text("", "BT /F1 12 Tf 20 60 Td (So tien: 999 dong) Tj ET")).bytes());
    prepared.close(&[], "");
    let signed = sign(&prepared);
    let mut forged = signed.clone();
    forged.offsets.insert(4, hidden);
    forged.close(&[4], "");
    cases.push(bench.case(SHADOW, "hide and replace: hidden object of the number", pdf(&signed), pdf(&forged)));
    let prepared = plain.revise(&[(free, stream_text("", "BT (999) Tj ET"))]);
    let signed = sign(&prepared);
    let forged = signed.edit(3, "/Contents 4 0 R", &format!("/Contents {free} 0 R"));
    cases.push(bench.case(SHADOW, "hide and replace: page led to a hidden stream", pdf(&signed), pdf(&forged)));
    // An object of the signed state that nothing had a place for.
    let dangling = plain.edit(3, "/X1 8 0 R", "/X1 8 0 R /X2 35 0 R").edit(4, "/X1 Do", "/X2 Do");
    let signed = sign(&dangling);
    let forged = signed.revise(&[(35, stream_text("/Type /XObject /Subtype /Form /BBox [0 0 200 100]", "BT (999) Tj ET"))]);
    cases.push(bench.case(SHADOW, "replace: dangling reference filled", pdf(&signed), pdf(&forged)));
    cases
}

fn certified(bench: &Bench) -> Vec<Case> {
    let mut cases = Vec::new();
    for (level, fill, annotate, overlay, sign_again, store) in [
        (
            1,
            "P 1: form filled in",
            "P 1: note added",
            "P 1: signature laid over the page",
            "P 1: second signature",
            "P 1: validation data added",
        ),
        (
            2,
            "P 2: form filled in",
            "P 2: note added",
            "P 2: signature laid over the page",
            "P 2: second signature",
            "P 2: validation data added",
        ),
        (
            3,
            "P 3: form filled in",
            "P 3: note added",
            "P 3: signature laid over the page",
            "P 3: second signature",
            "P 3: validation data added",
        ),
    ] {
        let signing = Signing { certification: Some(level), ..Signing::new(&bench.signer) };
        let paper = signed_as(&Paper::new(), &signing).paper;
        let mut add = |name, forged: Paper| cases.push(bench.case(CERTIFIED, name, pdf(&paper), pdf(&forged)));
        add(fill, paper.edit(7, "/V (100)", "/V (200)"));
        add(annotate, note(&paper, paper.free()));
        let stranger = Node::self_signed(&super::kit::Template::signer());
        let overlaid = Signing { rectangle: "[0 0 200 100]", field: "S2".to_owned(), ..Signing::new(&stranger) };
        add(overlay, paper.sign(&overlaid));
        add(sign_again, paper.sign(&Signing { field: "S2".to_owned(), ..Signing::new(&bench.signer) }));
        add(store, with_store(&paper, &[List::empty().by(&bench.issuer)]));
    }
    let signing = Signing { certification: Some(3), ..Signing::new(&bench.signer) };
    let paper = signed_as(&Paper::new(), &signing).paper;
    let forged = paper.edit(4, "100 dong", "999 dong");
    cases.push(bench.case(CERTIFIED, "P 3: page content rewritten", pdf(&paper), pdf(&forged)));
    let forged = paper.revise(&[(7, paper.text(7).replace("/Rect [20 20 80 40]", "/Rect [0 0 200 100]"))]);
    cases.push(bench.case(CERTIFIED, "P 3: field moved over the page", pdf(&paper), pdf(&forged)));
    cases
}

fn permissions(bench: &Bench) -> Vec<Case> {
    let mut cases = Vec::new();
    let lock =
        " /Reference [<< /Type /SigRef /TransformMethod /FieldMDP /TransformParams << /Type /TransformParams /Action /All /V /1.2 >> >>]";
    let certify = |entries: &str| {
        let entries = entries.to_owned();
        Signing { certification: Some(2), entries, ..Signing::new(&bench.signer) }
    };
    let paper = signed_as(&Paper::new(), &certify("")).paper;
    let locking = Signing { field: "S2".to_owned(), entries: lock.to_owned(), ..Signing::new(&bench.signer) };
    let locked = paper.sign(&locking);
    cases.push(bench.case(PERMISSIONS, "locked field changed", pdf(&locked), pdf(&locked.edit(7, "/V (100)", "/V (999)"))));

    let again = Signing { certification: Some(3), field: "S2".to_owned(), ..Signing::new(&bench.signer) };
    let plain = signed(bench).paper;
    cases.push(bench.case(PERMISSIONS, "certified after an approval", pdf(&plain), pdf(&plain.sign(&again))));
    let twice = paper.text(1).replacen(" /Perms << /DocMDP 12 0 R >>", "", 1);
    let mut replaced = paper.clone();
    replaced.objects.insert(1, twice.into_bytes());
    cases.push(bench.case(PERMISSIONS, "certified a second time", pdf(&paper), pdf(&replaced.sign(&again))));
    let without = paper.edit(1, " /Perms << /DocMDP 12 0 R >>", "");
    cases.push(bench.case(PERMISSIONS, "reference to the certification removed", pdf(&paper), pdf(&without)));
    let usage = plain.edit(1, "/Type /Catalog", "/Type /Catalog /Perms << /UR3 12 0 R >>");
    cases.push(bench.case(PERMISSIONS, "usage rights added", pdf(&plain), pdf(&usage)));
    cases
}

fn fields(bench: &Bench) -> Vec<Case> {
    let Signed { paper, field, value } = signed(bench);
    let twin = pdf(&paper);
    let mut cases = Vec::new();
    let reference = format!("{field} 0 R ");
    let out_of_form = paper.edit(6, &reference, "");
    let gone = out_of_form.edit(3, &reference, "");
    let forgeries: Vec<(&'static str, Paper)> = vec![
        ("signature field taken from the form", out_of_form),
        ("signature field taken from form and page", gone),
        ("signature field renamed", paper.edit(field, "(Signature1)", "(Signature9)")),
        ("signature field hidden", paper.edit(field, "/F 132", "/F 134")),
        ("signature field emptied", paper.edit(field, &format!("/V {value} 0 R"), "")),
        ("signature dictionary made null", paper.revise(&[(value, "null".to_owned())])),
        ("signature dictionary copied", paper.revise(&[(value, paper.text(value))])),
        ("signature field given an appearance", paper.edit(field, "/F 132", "/F 132 /AP << /N 8 0 R >>")),
        ("signature field moved over the page", paper.edit(field, "/Rect [0 0 0 0]", "/Rect [0 0 200 100]")),
        ("signature field made a text field", paper.edit(field, "/FT /Sig", "/FT /Tx")),
        ("form removed", paper.edit(1, "/AcroForm 6 0 R", "")),
        ("text field removed", paper.edit(6, "7 0 R", "")),
        ("text field added", paper.edit(6, "7 0 R", "7 0 R << /FT /Tx /T (New) /V (1) >>")),
    ];
    cases.extend(forgeries.into_iter().map(|(name, forged)| bench.case(FIELDS, name, twin.clone(), pdf(&forged))));

    // The first of two signatures goes, while the second stays.
    let second = Signing { field: "S2".to_owned(), ..Signing::new(&bench.signer) };
    let both = paper.sign(&second);
    let first_gone = both.edit(6, &reference, "").edit(3, &reference, "");
    cases.push(bench.case(FIELDS, "first of two signatures removed", pdf(&both), pdf(&first_gone)));
    cases
}

/// The document with a security store of these lists.
pub(super) fn with_store(paper: &Paper, lists: &[Vec<u8>]) -> Paper {
    let free = paper.free();
    let numbers: Vec<String> = (free..).take(lists.len()).map(|number| format!("{number} 0 R")).collect();
    let store = format!("/DSS << /CRLs [{}] >>", numbers.join(" "));
    let mut objects: Vec<(u32, Vec<u8>)> = (free..)
        .zip(lists)
        .map(|(number, list)| (number, [format!("<< /Length {} >>\nstream\n", list.len()).as_bytes(), list, b"\nendstream"].concat()))
        .collect();
    let catalogue = paper.text(1);
    let catalogue = match catalogue.find("/DSS <<") {
        Some(at) => {
            let end = catalogue[at..].find(">>").map_or(catalogue.len(), |end| at + end + 2);
            format!("{}{store}{}", &catalogue[..at], &catalogue[end..])
        }
        None => catalogue.replacen("<<", &format!("<< {store}"), 1),
    };
    objects.push((1, catalogue.into_bytes()));
    paper.revise_bytes(&objects)
}

fn stores(bench: &Bench) -> Vec<Case> {
    let Signed { paper, value, .. } = signed(bench);
    let lists = [List::empty().by(&bench.issuer), List::empty().by(&bench.root)];
    let stored = with_store(&paper, &lists);
    let again = Signing { field: "S2".to_owned(), ..Signing::new(&bench.signer) };
    let sealed = stored.sign(&again);
    let mut cases = Vec::new();
    let overwritten = with_store(&sealed, &[List::empty().by(&bench.root)]);
    cases.push(bench.case(STORE, "validation data replaced by others", pdf(&sealed), pdf(&overwritten)));
    let removed = sealed.revise(&[(1, paper.text(1))]);
    cases.push(bench.case(STORE, "validation data removed", pdf(&sealed), pdf(&removed)));
    let rewritten = sealed.revise(&[(13, stream_text("", "no list"))]);
    cases.push(bench.case(STORE, "validation data overwritten in their place", pdf(&sealed), pdf(&rewritten)));
    // Foreign data: the list of another authority, and content of the document under the store's name.
    let stranger = Node::self_signed(&super::kit::Template::authority("Issuer", None));
    let foreign = with_store(&paper, &[List::empty().by(&stranger)]);
    cases.push(bench.case(STORE, "validation data of a stranger added", pdf(&paper), pdf(&foreign)));
    let smuggled =
        paper.edit(1, "/Type /Catalog", "/Type /Catalog /DSS << /Certs [4 0 R] >>").revise(&[(4, stream_text("", "BT (999) Tj ET"))]);
    cases.push(bench.case(STORE, "page content rewritten under the store's name", pdf(&paper), pdf(&smuggled)));
    // The page's own content stream, called something that may be brought up to date.
    let called = |dictionary: &str, entry: &str| {
        let body = stream_text(dictionary, "BT (999) Tj ET");
        paper.edit(1, "/Type /Catalog", &format!("/Type /Catalog {entry}")).revise(&[(4, body)])
    };
    for (name, dictionary, entry) in [
        ("page content rewritten as the store itself", "", "/DSS 4 0 R"),
        ("page content rewritten as a list of the store", "", "/DSS << /CRLs 4 0 R >>"),
        ("page content rewritten as the store's index", "", "/DSS << /VRI 4 0 R >>"),
        ("page content rewritten as metadata", "/Type /Metadata /Subtype /XML", "/Metadata 4 0 R"),
    ] {
        cases.push(bench.case(STORE, name, pdf(&paper), pdf(&called(dictionary, entry))));
    }
    let mut information = paper.clone();
    information.write(4, stream_text("/Title (x)", "BT (999) Tj ET").as_bytes());
    information.close(&[4], " /Info 4 0 R");
    cases.push(bench.case(STORE, "page content rewritten as document information", pdf(&paper), pdf(&information)));
    let widget = "/Type /Annot /Subtype /Widget /FT /Sig /T (S9) /Rect [0 0 0 0] /F 132";
    let field = stream_text(widget, "BT (999) Tj ET");
    let on_page = paper.text(3).replacen("/Annots [", "/Annots [4 0 R ", 1);
    let in_form = paper.text(6).replacen("/Fields [", "/Fields [4 0 R ", 1);
    let as_field = paper.revise(&[(3, on_page), (6, in_form), (4, field)]);
    cases.push(bench.case(STORE, "page content rewritten as a field to sign in", pdf(&paper), pdf(&as_field)));
    // A prepared document: one object is the field and the page's content.
    let double = |text: &str| stream_text("/Type /Annot /Subtype /Widget /FT /Sig /T (S9) /Rect [0 0 0 0] /F 132", text);
    let prepared = Paper::new();
    let prepared = prepared.revise(&[
        (4, double("BT (100) Tj ET")),
        (3, prepared.text(3).replacen("/Annots [", "/Annots [4 0 R ", 1)),
        (6, prepared.text(6).replacen("/Fields [", "/Fields [4 0 R ", 1)),
    ]);
    let prepared = signed_as(&prepared, &Signing::new(&bench.signer)).paper;
    let filled = prepared.revise(&[(4, double("BT (999) Tj ET").replacen("/F 132", "/F 132 /M (D:2026)", 1))]);
    cases.push(bench.case(STORE, "page content that is a field to sign in", pdf(&prepared), pdf(&filled)));
    let other = format!("/Type /Catalog /DSS << /VRI << /{} << /Cert [{value} 0 R] >> >> >>", "A".repeat(40));
    let linked = paper.edit(1, "/Type /Catalog", &other);
    cases.push(bench.case(STORE, "validation data of a foreign signature added", pdf(&paper), pdf(&linked)));
    cases
}

fn repointed(bench: &Bench) -> Vec<Case> {
    let Signed { paper, .. } = signed(bench);
    let mut cases = Vec::new();
    let mut generation = |name, number: u32, body: String| {
        let mut forged = paper.clone();
        let at = forged.bytes.len();
        forged.bytes.extend(format!("{number} 1 obj\n{body}\nendobj\n").bytes());
        let start = forged.bytes.len();
        let section = format!(
            "xref\n{number} 1\n{at:010} 00001 n \ntrailer\n<< /Size 40 /Root 1 0 R /Prev {} >>\nstartxref\n{start}\n%%EOF\n",
            paper.start
        );
        forged.bytes.extend(section.bytes());
        cases.push(bench.case(REPOINTED, name, pdf(&paper), pdf(&forged)));
    };
    generation("other content under a new generation", 4, stream_text("", "BT (999) Tj ET"));
    // Readers that keep to generations find nothing under the old one.
    generation("the same content under a new generation", 4, paper.text(4));
    let dead = paper.edit(3, "/Contents 4 0 R", "/Contents 4 7 R");
    cases.push(bench.case(REPOINTED, "reference to a generation that does not exist", pdf(&paper), pdf(&dead)));
    let mut moved = paper.clone();
    moved.offsets.insert(4, paper.offsets[&8]);
    moved.close(&[4], "");
    cases.push(bench.case(REPOINTED, "table leading to an object of another number", pdf(&paper), pdf(&moved)));
    // A second body inside the first: the table leads into the middle of a stream that is signed.
    let inner = stream_text("", "x\n4 0 obj\n<< /Length 0 >>\nstream\n\nendstream\nendobj\n");
    let nested = signed_as(&Paper::new().revise(&[(11, inner)]), &Signing::with(Statement::new(&bench.signer))).paper;
    let mut forged = nested.clone();
    if let Some(at) = super::find_from(&nested.bytes, b"x\n4 0 obj\n", 0) {
        forged.offsets.insert(4, at + 2);
        forged.close(&[4], "");
    }
    cases.push(bench.case(REPOINTED, "table leading into a stream", pdf(&nested), pdf(&forged)));
    cases
}
