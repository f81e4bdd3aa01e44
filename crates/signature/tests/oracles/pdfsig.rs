//! PDF files written here, signed by `openssl cms`, changed afterwards and damaged, against `pdfsig` of poppler.
//!
//! `pdfsig` judges the arithmetic and says whether the range reaches the end of the file. What was done behind the range it
//! does not look at: there it says "valid" of documents that show something else, and the comparison expects it to.

use signature::{ChangeLevel, DocumentReport, Options, RevocationPolicy, SignatureReport, TrustStore, WeakDigest, verify_pdf};

use crate::dice::{Dice, number};
use crate::documents::is_intact;
use crate::messages::make_signer;
use crate::tool::{Folder, is_installed};

/// Hexadecimal digits kept free for a signature.
const RESERVED: usize = 6000;

/// A PDF file in the making: bytes, and where its objects and last cross-reference stand.
#[derive(Clone, Default)]
struct Draft {
    bytes: Vec<u8>,
    last: Option<usize>,
}

impl Draft {
    /// Appends objects and a cross-reference table to them.
    fn revise(&mut self, dice: &mut Dice, objects: &[(u32, String)]) {
        if self.last.is_none() {
            self.bytes.extend(dice.pick(&["%PDF-1.7\n", "%PDF-1.4\r\n%\u{e2}\u{e3}\r\n", "%PDF-2.0\n"]).bytes());
        }
        let mut order: Vec<usize> = (0..objects.len()).collect();
        let turn = dice.below(order.len());
        order.rotate_left(turn);
        let mut rows = Vec::new();
        for (number, text) in order.into_iter().map(|index| &objects[index]) {
            rows.push((*number, self.bytes.len()));
            let (open, close) = (*dice.pick(&["\n", " ", "\r\n"]), *dice.pick(&["\n", "\r\n"]));
            self.bytes.extend(format!("{number} 0 obj{open}{text}{close}endobj\n").bytes());
        }
        rows.sort_unstable();
        let start = self.bytes.len();
        let mut table = String::from("xref\n0 1\n0000000000 65535 f \n");
        rows.iter().for_each(|(number, place)| table.push_str(&format!("{number} 1\n{place:010} 00000 n{}", dice.pick(&[" \n", "\r\n"]))));
        let before = self.last.map(|last| format!("/Prev {last}")).unwrap_or_default();
        let end = *dice.pick(&["", "\n", "\r\n"]);
        table.push_str(&format!("trailer\n<</Size 40/Root 1 0 R{before}>>\nstartxref\n{start}\n%%EOF{end}"));
        self.bytes.extend(table.bytes());
        self.last = Some(start);
    }

    /// Appends signature number `index` and signs everything but its value.
    fn sign(&mut self, dice: &mut Dice, folder: &Folder, index: u32) {
        let (field, value) = (10 + 2 * index, 11 + 2 * index);
        let fields: String = (0..=index).map(|index| format!("{} 0 R ", 10 + 2 * index)).collect();
        let kind = *dice.pick(&["adbe.pkcs7.detached", "ETSI.CAdES.detached"]);
        let hole = "0".repeat(RESERVED);
        let mut parts = [
            "/Type/Sig".to_owned(),
            "/Filter/Adobe.PPKLite".to_owned(),
            format!("/SubFilter/{kind}"),
            format!("/Contents{}<{hole}>", dice.pick(&["", " "])),
            "/ByteRange[0 1111111111 2222222222 3333333333]".to_owned(),
            format!("/M(D:20261127{:02}0000+07'00')", index),
        ];
        let turn = dice.below(parts.len());
        parts.rotate_left(turn);
        let text = format!("<<{}>>", parts.join(*dice.pick(&["", " ", "\n", "% x\n"])));
        let objects = [
            (1, format!("<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[{fields}]/SigFlags 3>>>>")),
            (field, format!("<</Type/Annot/Subtype/Widget/Rect[0 0 0 0]/P 3 0 R/FT/Sig/T(Sig{index})/V {value} 0 R>>")),
            (value, text),
        ];
        let base = self.bytes.len();
        self.revise(dice, &objects);
        let find =
            |bytes: &[u8], needle: &str| base + bytes[base..].windows(needle.len()).position(|one| one == needle.as_bytes()).unwrap();
        let first = find(&self.bytes, &hole) - 1;
        let second = first + RESERVED + 2;
        for (mark, number) in [("1111111111", first), ("2222222222", second), ("3333333333", self.bytes.len() - second)] {
            let at = find(&self.bytes, mark);
            self.bytes.splice(at..at + mark.len(), format!("{number:<10}").bytes());
        }
        folder.write("content", &[&self.bytes[..first], &self.bytes[second..]].concat());
        let digest = *dice.pick(&["sha256", "sha384", "sha512", "sha1"]);
        let sign = ["cms", "-sign", "-binary", "-in", "content", "-outform", "DER", "-out", "signed", "-md", digest, "-signer", "rsa.pem"];
        let extra: &[&str] = if kind.starts_with("ETSI") { &["-inkey", "rsa.key", "-cades"] } else { &["-inkey", "rsa.key"] };
        folder.make("openssl", &[&sign[..], extra].concat());
        let digits = hex::encode(folder.read("signed"));
        let digits = if dice.chance(50) { digits.to_uppercase() } else { digits };
        self.bytes.splice(first + 1..first + 1 + digits.len(), digits.bytes());
    }
}

fn page(contents: u32) -> String {
    format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents {contents} 0 R>>")
}

fn stream(text: &str) -> String {
    format!("<</Length {}>>stream\n{text}\nendstream", text.len())
}

fn blank(dice: &mut Dice) -> Draft {
    let mut draft = Draft::default();
    let tree = "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned();
    let contents = stream("BT 40 100 Td (1.000.000 dong) Tj ET");
    draft.revise(dice, &[(1, "<</Type/Catalog/Pages 2 0 R>>".to_owned()), (2, tree), (3, page(4)), (4, contents)]);
    draft
}

fn judge(bytes: &[u8]) -> DocumentReport {
    let options = Options { revocation: RevocationPolicy::Accept, weak_digest: WeakDigest::Accept, ..Options::at(0) };
    verify_pdf(bytes, &TrustStore::new(), &options)
}

fn intact(report: &DocumentReport) -> Vec<&SignatureReport> {
    report.signatures.iter().filter(|one| is_intact(one)).collect()
}

/// How many signatures the tool calls valid, and how many of a whole file.
fn theirs(folder: &Folder, bytes: &[u8]) -> (usize, usize) {
    folder.write("judged.pdf", bytes);
    let output = folder.run("pdfsig", &["-nocert", "judged.pdf"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let each = said.split("Signature #").skip(1).filter(|one| one.contains("Signature is Valid."));
    each.fold((0, 0), |(valid, whole), one| (valid + 1, whole + usize::from(one.contains("Total document signed"))))
}

#[test]
fn fresh_and_damaged_documents_are_judged_as_pdfsig_judges_them_and_changed_ones_better() {
    if !is_installed("pdfsig", &["-v"]) || !is_installed("openssl", &["version"]) {
        return;
    }
    let folder = Folder::new();
    make_signer(&folder, "rsa", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], &[]);
    let mut dice = Dice::new();
    let (mut agree, mut changed, mut damaged, mut wrong) = (0, 0, 0, Vec::new());
    for round in 0..number("ROUNDS", 10) {
        let mut draft = blank(&mut dice);
        let count = 1 + dice.below(2) as u32;
        (0..count).for_each(|index| draft.sign(&mut dice, &folder, index));
        let signed = draft.bytes.clone();
        let report = judge(&signed);
        let ours = intact(&report);
        let whole = ours.iter().filter(|one| one.covers_whole_file).count();
        if (ours.len(), whole) == theirs(&folder, &signed)
            && ours.len() == count as usize
            && report.changed_after_signing < ChangeLevel::Workflow
        {
            agree += 1;
        } else {
            folder.keep(wrong.len());
            wrong.push(format!("round {round}: {} intact, {whole} whole, {:?}", ours.len(), report.later_changes));
        }

        // The amount is another one, by a new object or under the old number: valid signatures for the tool.
        let text = stream("BT 40 100 Td (9.000.000 dong) Tj ET");
        let objects = if dice.chance(50) { vec![(4, text)] } else { vec![(3, page(5)), (5, text)] };
        draft.revise(&mut dice, &objects);
        let report = judge(&draft.bytes);
        let (valid, _) = theirs(&folder, &draft.bytes);
        if valid == count as usize && report.changed_after_signing == ChangeLevel::Unexplained {
            changed += 1;
        } else {
            wrong.push(format!("round {round}: a changed amount, {:?}, pdfsig {valid}", report.changed_after_signing));
        }

        for _ in 0..4 {
            let copy = dice.damage(&signed);
            let report = judge(&copy);
            let touched = |one: &&&SignatureReport| {
                let [_, first, second, rest] = one.byte_range.unwrap_or_default().map(|value| usize::try_from(value).unwrap());
                copy.get(..first) != signed.get(..first) || copy.get(second..second + rest) != signed.get(second..second + rest)
            };
            damaged += 1;
            let ours = intact(&report);
            // What lies in the gap of a range is signed by nobody, and the tool reads less of it.
            if ours.iter().filter(touched).count() > 0 && ours.len() > theirs(&folder, &copy).0 {
                folder.keep(wrong.len());
                wrong.push(format!("round {round}: a damaged copy with {} intact signatures", ours.len()));
            }
        }
    }
    println!("pdfsig: {agree} fresh agree, {changed} changed told here only, {damaged} damaged copies, {} differ", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
