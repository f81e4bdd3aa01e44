//! `vanthu verify` as people and scripts call it: the real binary over files made for the run, and real documents where they are at
//! hand.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tempfile::TempDir;
use testkit::attack::{self, Defect};
use testkit::cms;
use testkit::pdf::{self, Digest, Draft, SignOptions, SubFilter};
use testkit::pki::{KeyKind, Pki, Signer, SignerKind, SignerRequest};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

/// When everything here is signed.
const AT: OffsetDateTime = datetime!(2024-03-01 02:00:00 UTC);
/// One hour later: certificates and revocation lists are good.
const AS_OF: &str = "2024-03-01T10:00:00+07:00";

const NAMES: [&str; 7] = ["file", "summary", "changed_after_signing", "reasons", "signatures", "signers", "rewritten_by"];
const SIGNATURE_NAMES: [&str; 16] = [
    "field",
    "kind",
    "intact",
    "indication",
    "sub_indication",
    "reasons",
    "signer",
    "issuer",
    "serial",
    "claimed_time",
    "proved_time",
    "covers_whole_file",
    "weak",
    "weaknesses",
    "signing_tool",
    "mark",
];

/// A PKI with its trust folder, a signer, and a folder for files.
struct Bench {
    folder: TempDir,
    pki: Pki,
    person: Signer,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pki = Pki::generate().unwrap();
        let trust = folder.path().join("trust");
        fs::create_dir(&trust).unwrap();
        fs::create_dir(folder.path().join("files")).unwrap();
        fs::write(trust.join("root.cer"), pki.root_der()).unwrap();
        fs::write(trust.join("issuing.crt"), pki.intermediate_der()).unwrap();
        let (from, to) = (AT - Duration::days(1), AT + Duration::days(7));
        fs::write(trust.join("issuing.crl"), pki.crl(&[], from, to).unwrap()).unwrap();
        fs::write(trust.join("root.crl"), pki.root_crl(&[], from, to).unwrap()).unwrap();
        let person = pki.issue(&request("Nguyễn Văn A", SignerKind::Person, KeyKind::P256, "CCCD:096012345678")).unwrap();
        Self { folder, pki, person }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.files().join(name)
    }

    fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    fn trust(&self) -> PathBuf {
        self.folder.path().join("trust")
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn signed(&self) -> Vec<u8> {
        pdf::sign(&draft(), &self.person, &SignOptions::at(AT)).unwrap()
    }

    fn command(&self) -> Command {
        let mut command = vanthu();
        command.arg("--trust").arg(self.trust()).args(["--as-of", AS_OF]);
        command
    }

    /// One file, by its own name: its object and the exit code.
    fn judge(&self, path: &Path) -> (Value, i32) {
        let output = self.command().arg("--json").arg(path).output().unwrap();
        let mut objects = objects(&output);
        assert_eq!(objects.len(), 1, "{output:?}");
        (objects.remove(0), output.status.code().unwrap())
    }

    /// That a file comes out so, in JSON and in its exit code.
    fn check(&self, name: &str, bytes: &[u8], (summary, changed, code): (&str, &str, i32)) -> Value {
        let (object, exit) = self.judge(&self.write(name, bytes));
        assert_eq!(object["summary"], summary, "{name}: {object}");
        assert_eq!(object["changed_after_signing"], changed, "{name}: {object}");
        assert_eq!(exit, code, "{name}: {object}");
        object
    }
}

fn vanthu() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vanthu"));
    command.arg("verify").env_remove("LC_ALL").env_remove("LC_MESSAGES").env_remove("LANG");
    command
}

fn request(name: &str, kind: SignerKind, key: KeyKind, id: &str) -> SignerRequest {
    SignerRequest {
        common_name: name.into(),
        organisation: "Sở Tư pháp".into(),
        organisation_id: Some(id.into()),
        kind,
        not_before: datetime!(2022-01-01 00:00 UTC),
        not_after: datetime!(2027-01-01 00:00 UTC),
        key,
    }
}

fn draft() -> Vec<u8> {
    Draft { title: "Quyết định".into(), lines: vec!["Cấp kinh phí 100 đồng.".into()], ..Draft::default() }.build()
}

/// The objects on standard output, each with exactly the names of the interface.
fn objects(output: &Output) -> Vec<Value> {
    let objects: Vec<Value> = text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for object in &objects {
        assert_eq!(names(object), BTreeSet::from(NAMES), "{object}");
        for signature in object["signatures"].as_array().unwrap() {
            assert_eq!(names(signature), BTreeSet::from(SIGNATURE_NAMES), "{signature}");
        }
    }
    objects
}

fn names(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_good_file_passes_and_says_who_signed_when() {
    let bench = Bench::new();
    let stamped = SignOptions {
        sub_filter: SubFilter::EtsiCadesDetached,
        timestamp: Some(bench.pki.tsa()),
        timestamp_time: Some(AT + Duration::minutes(5)),
        ..SignOptions::at(AT)
    };
    let good = pdf::sign(&draft(), &bench.person, &stamped).unwrap();
    let object = bench.check("good.pdf", &good, ("PASSED", "none", 0));
    assert_eq!(object["file"], bench.path("good.pdf").to_str().unwrap());
    assert_eq!(object["reasons"], Value::Array(Vec::new()));
    let [one] = object["signatures"].as_array().unwrap().as_slice() else { panic!("{object}") };
    let serial: String = bench.person.serial_number().iter().map(|byte| format!("{byte:02x}")).collect();
    for (name, expected) in [
        ("field", Value::from("Signature1")),
        ("kind", "ETSI.CAdES.detached".into()),
        ("intact", true.into()),
        ("indication", "TOTAL_PASSED".into()),
        ("sub_indication", Value::Null),
        ("signer", "C=VN, O=Sở Tư pháp, OU=Cá nhân, CN=Nguyễn Văn A, UID=CCCD:***78".into()),
        ("issuer", "C=VN, O=Test Ban Cơ yếu Chính phủ, CN=Test CA phục vụ các cơ quan Nhà nước".into()),
        ("serial", serial.into()),
        ("claimed_time", "2024-03-01T02:00:00Z".into()),
        ("proved_time", "2024-03-01T02:05:00Z".into()),
        ("covers_whole_file", true.into()),
        ("weak", false.into()),
    ] {
        assert_eq!(one[name], expected, "{name}");
    }
}

#[test]
fn forgeries_fail_and_the_object_says_in_which_way() {
    let bench = Bench::new();
    let signed = bench.signed();
    let text = "CAP KINH PHI GIA";
    let flipped = bench.check("flip.pdf", &attack::flip_signed_byte(&signed).unwrap(), ("FAILED", "none", 2));
    assert_eq!(flipped["signatures"][0]["intact"], false);
    assert_eq!(flipped["signatures"][0]["indication"], "TOTAL_FAILED");
    assert_eq!(flipped["signatures"][0]["sub_indication"], "HASH_FAILURE");

    let appended = bench.check("appended.pdf", &attack::append_garbage(&signed, 100), ("FAILED", "unexplained", 2));
    assert_eq!(appended["signatures"][0]["indication"], "TOTAL_PASSED");
    assert_eq!(appended["signatures"][0]["covers_whole_file"], false);

    let failed = ("FAILED", "unexplained", 2);
    bench.check("truncated.pdf", attack::truncate(&signed, signed.len() - 40).as_ref(), failed);
    bench.check("rewritten.pdf", &attack::rewrite_losing_revision(&signed).unwrap(), failed);
    bench.check("prefix.pdf", &attack::prefix_junk(&signed, 21), ("INDETERMINATE", "workflow", 1));
    bench.check("isa.pdf", &attack::append_revision_replacing_page(&signed, text).unwrap(), failed);
    bench.check("isa-bare.pdf", &attack::append_revision_without_table(&signed, text).unwrap(), failed);
    bench.check("eaa.pdf", &attack::change_after_signing(&signed, text).unwrap(), failed);
    let other = pdf::sign(&Draft::default().build(), &bench.person, &SignOptions::at(AT)).unwrap();
    let mut others = vec![
        ("swa.pdf".to_owned(), attack::widen_byte_range(&signed, text).unwrap()),
        ("isa-copied.pdf".to_owned(), attack::append_revision_with_copied_signature(&signed, text).unwrap()),
        ("transplant.pdf".to_owned(), attack::swap_contents_of_two(&signed, &other).unwrap()),
    ];
    for defect in Defect::ALL {
        others.push((format!("usf-{defect:?}.pdf"), attack::forge_universally(&signed, defect).unwrap()));
    }
    for (name, bytes) in others {
        let (object, code) = bench.judge(&bench.write(&name, &bytes));
        assert_eq!((object["summary"].as_str(), code), (Some("FAILED"), 2), "{name}: {object}");
    }
}

#[test]
fn what_is_missing_makes_a_file_indeterminate_and_never_passed() {
    let bench = Bench::new();
    let path = bench.write("good.pdf", &bench.signed());
    let with = |arguments: &[&str]| {
        let output = vanthu().args(arguments).arg("--json").arg(&path).output().unwrap();
        let object = objects(&output).remove(0);
        let one = &object["signatures"][0];
        assert_eq!((object["summary"].as_str(), output.status.code()), (Some("INDETERMINATE"), Some(1)), "{object}");
        assert_eq!((one["intact"].as_bool(), one["indication"].as_str()), (Some(true), Some("INDETERMINATE")));
        (one["sub_indication"].as_str().unwrap().to_owned(), text(&output.stderr).to_owned())
    };
    let (indication, told) = with(&["--as-of", AS_OF]);
    assert_eq!(indication, "NO_CERTIFICATE_CHAIN_FOUND");
    assert!(told.contains("--trust"), "{told}");

    let trust = bench.trust();
    let trust = trust.to_str().unwrap();
    // The signer's certificate ends with 2026.
    assert_eq!(with(&["--trust", trust, "--as-of", "2030-01-01"]).0, "OUT_OF_BOUNDS_NO_POE");
    fs::remove_file(bench.trust().join("issuing.crl")).unwrap();
    assert_eq!(with(&["--trust", trust, "--as-of", AS_OF]), ("TRY_LATER".to_owned(), String::new()));
}

#[test]
fn a_revoked_certificate_and_a_weak_digest_are_told_apart() {
    let bench = Bench::new();
    let revoked = bench.pki.issue(&request("Trần Thị B", SignerKind::Person, KeyKind::Ed25519, "CCCD:1")).unwrap();
    let serials = [revoked.serial_number().to_vec()];
    let crl = bench.pki.crl(&serials, AT - Duration::hours(1), AT + Duration::days(7)).unwrap();
    fs::write(bench.trust().join("newer.crl"), crl).unwrap();
    let options = SignOptions { digest: Digest::Sha512, ..SignOptions::at(AT) };
    let object = bench.check("revoked.pdf", &pdf::sign(&draft(), &revoked, &options).unwrap(), ("FAILED", "none", 2));
    let one = &object["signatures"][0];
    assert_eq!((one["sub_indication"].as_str(), one["intact"].as_bool()), (Some("REVOKED"), Some(true)), "{one}");

    let rsa = bench.pki.issue(&request("Sở Tư pháp", SignerKind::Organisation, KeyKind::Rsa2048, "H12.15")).unwrap();
    let options = SignOptions { digest: Digest::Sha1, ..SignOptions::at(AT) };
    let weak = pdf::sign(&draft(), &rsa, &options).unwrap();
    let object = bench.check("weak.pdf", &weak, ("INDETERMINATE", "none", 1));
    let one = &object["signatures"][0];
    assert_eq!((one["weak"].as_bool(), one["intact"].as_bool()), (Some(true), Some(true)), "{one}");
    assert_eq!(one["sub_indication"], "CRYPTO_CONSTRAINTS_FAILURE");
    let broken = bench.check("weak-broken.pdf", &attack::flip_signed_byte(&weak).unwrap(), ("FAILED", "none", 2));
    let one = &broken["signatures"][0];
    assert_eq!((one["weak"].as_bool(), one["intact"].as_bool()), (Some(true), Some(false)), "{one}");

    let output = bench.command().arg(bench.path("weak.pdf")).output().unwrap();
    assert!(text(&output.stdout).contains("nội dung còn nguyên vẹn như khi ký, nhưng chữ ký dùng thuật toán đã yếu"));
}

#[test]
fn files_that_are_not_signed_or_not_readable_say_so() {
    let bench = Bench::new();
    bench.check("unsigned.pdf", &draft(), ("NOT_SIGNED", "none", 3));
    bench.check("named-otherwise.docx", &bench.signed(), ("PASSED", "none", 0));
    bench.check("plain.xml", b"<?xml version=\"1.0\"?><a/>", ("NOT_SIGNED", "none", 3));
    let unreadable = ("UNREADABLE", "none", 4);
    bench.check("empty.pdf", b"", unreadable);
    bench.check("text.pdf", b"no PDF at all", unreadable);
    bench.check("cut.pdf", draft().get(..300).unwrap(), unreadable);
    bench.check("broken.xml", b"<a><s xmlns=\"http://www.w3.org/2000/09/xmldsig#\"></a>", unreadable);

    let (object, code) = bench.judge(&bench.path("missing.pdf"));
    assert_eq!((object["summary"].as_str(), code), (Some("UNREADABLE"), 4));
    assert_eq!(object["reasons"][0], "there is no such file");
    let (object, code) = bench.judge(Path::new("/dev/null"));
    assert_eq!((object["reasons"][0].as_str(), code), (Some("it is not a regular file"), 4));
}

#[test]
fn a_detached_signature_is_judged_over_the_file_beside_it_or_the_one_named() {
    let bench = Bench::new();
    let content = b"Quyet dinh ve viec ban hanh quy che";
    let p7s = cms::sign_detached(content, &bench.person, &cms::Options::at(AT)).unwrap();
    bench.write("letter.docx", content);
    let object = bench.check("letter.docx.p7s", &p7s, ("PASSED", "none", 0));
    assert_eq!(object["signatures"][0]["kind"], "CMS");
    assert_eq!(object["signatures"][0]["claimed_time"], "2024-03-01T02:00:00Z");

    bench.write("other.docx", b"Quyet dinh khac");
    let object = bench.check("other.docx.p7s", &p7s, ("FAILED", "unexplained", 2));
    assert_eq!(object["signatures"][0]["sub_indication"], "HASH_FAILURE");

    let armoured = format!("-----BEGIN PKCS7-----\n{}\n-----END PKCS7-----\n", STANDARD.encode(&p7s));
    bench.write("armoured.txt", content);
    bench.check("armoured.txt.p7s", armoured.as_bytes(), ("PASSED", "none", 0));
    bench.check("letter.docx.p7s", &p7s[..p7s.len() - 9], ("FAILED", "none", 2));

    let object = bench.check("alone.p7s", &p7s, ("INDETERMINATE", "none", 1));
    assert!(object["reasons"][0].as_str().unwrap().contains("is not at hand"), "{object}");
    let token = cms::time_stamp_token(b"x", bench.pki.tsa(), AT).unwrap();
    let object = bench.check("token.p7m", &token, ("INDETERMINATE", "none", 1));
    assert!(object["signatures"][0]["reasons"].to_string().contains("is a time stamp"), "{object}");
    let named = |content: &str, files: &[&str]| {
        let mut command = bench.command();
        command.arg("--json").arg("--content").arg(bench.path(content)).args(files.iter().map(|file| bench.path(file)));
        let output = command.output().unwrap();
        let summaries: Vec<String> = objects(&output).iter().map(|object| object["summary"].as_str().unwrap().to_owned()).collect();
        (summaries.join(" "), output.status.code().unwrap())
    };
    assert_eq!(named("letter.docx", &["alone.p7s"]), ("PASSED".to_owned(), 0));
    assert_eq!(named("other.docx", &["alone.p7s"]), ("FAILED".to_owned(), 2));
    assert_eq!(named("nowhere.docx", &["alone.p7s"]), ("UNREADABLE".to_owned(), 4));
    assert_eq!(named("letter.docx", &["alone.p7s", "letter.docx.p7s"]), (String::new(), 4));
    bench.write("signed.pdf", &bench.signed());
    assert_eq!(named("letter.docx", &["signed.pdf"]), ("UNREADABLE".to_owned(), 4));
}

/// The detached BER signature `p7s`, made into one that carries `content`: its outer lengths are open.
fn enveloping(p7s: &[u8], content: &[u8]) -> Vec<u8> {
    let data = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
    let bare = [&[0x30, 0x0b], data.as_slice()].concat();
    let at = p7s.windows(bare.len()).position(|window| window == bare).unwrap();
    let length = u8::try_from(content.len()).unwrap();
    let full = [&[0x30, length + 15], data.as_slice(), &[0xa0, length + 2, 0x04, length], content].concat();
    [&p7s[..at], &full, &p7s[at + bare.len()..]].concat()
}

#[test]
fn an_office_document_with_signatures_inside_is_named_and_one_without_is_passed_over() {
    let bench = Bench::new();
    // What decides is a name in the list at the end.
    let listed =
        |name: &str| [b"PK\x03\x04..........word/document.xml".as_slice(), &[0; 5000], b"PK\x01\x02........", name.as_bytes()].concat();
    let object = bench.check("signed.docx", &listed("_xmlsignatures/sig1.xml"), ("UNREADABLE", "none", 4));
    assert!(object["reasons"][0].as_str().unwrap().contains("office documents"), "{object}");
    bench.check("signed.odt", &listed("META-INF/documentsignatures.xml"), ("UNREADABLE", "none", 4));
    let object = bench.check("plain.docx", &listed("word/styles.xml"), ("UNREADABLE", "none", 4));
    assert!(!object["reasons"][0].as_str().unwrap().contains("office documents"), "{object}");
    let output = bench.command().arg("--json").arg(bench.files()).output().unwrap();
    let told: Vec<String> = objects(&output).iter().map(|object| object["file"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn a_signature_that_carries_its_content_is_judged_by_itself() {
    let bench = Bench::new();
    let content = b"Quyet dinh ve viec ban hanh quy che";
    let options = cms::Options { encoding: cms::Encoding::Ber, ..cms::Options::at(AT) };
    let p7m = enveloping(&cms::sign_detached(content, &bench.person, &options).unwrap(), content);
    let object = bench.check("letter.docx.p7m", &p7m, ("PASSED", "none", 0));
    assert_eq!((&object["signatures"][0]["kind"], &object["signatures"][0]["covers_whole_file"]), (&"CMS".into(), &true.into()));
    // What lies beside it is another copy, and nobody's concern.
    bench.write("letter.docx", b"Quyet dinh khac");
    bench.check("letter.docx.p7m", &p7m, ("PASSED", "none", 0));
    // Called like a signature of the file beside it, it signs that or nothing.
    let object = bench.check("letter.docx.p7s", &p7m, ("FAILED", "unexplained", 2));
    assert_eq!(object["signatures"][0]["sub_indication"], "FORMAT_FAILURE", "{object}");
    bench.check("base64.p7m", STANDARD.encode(&p7m).as_bytes(), ("PASSED", "none", 0));
    // Certificates without a signature (`openssl crl2pkcs7 -nocrl`) are nobody's.
    let bundle = [
        0x30, 0x27, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02, 0xa0, 0x1a, 0x30, 0x18, 0x02, 0x01, 0x01, 0x31, 0x00,
        0x30, 0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01, 0xa0, 0x00, 0xa1, 0x00, 0x31, 0x00,
    ];
    bench.check("bundle.p7b", &bundle, ("NOT_SIGNED", "none", 3));
    bench.check("trailing.p7m", &[p7m.as_slice(), b"x"].concat(), ("FAILED", "unexplained", 2));
    let mut forged = p7m;
    let at = forged.windows(5).position(|window| window == b"Quyet").unwrap();
    forged[at] = b'q';
    let object = bench.check("forged.p7m", &forged, ("FAILED", "unexplained", 2));
    assert_eq!(object["signatures"][0]["sub_indication"], "HASH_FAILURE", "{object}");
}

#[test]
fn a_folder_is_judged_file_by_file_in_order_and_the_worst_decides() {
    let bench = Bench::new();
    let signed = bench.signed();
    let name = |index: usize| format!("year-{}/{index:02}.pdf", 2020 + index / 20);
    (0..60).for_each(|index| drop(bench.write(&name(index), &signed)));
    bench.write("year-2020/notes.txt", b"nothing that is signed");
    bench.write("year-2020/page.html", b"<html>nothing that is signed</html>");
    bench.write("year-2020/list.tsv", b"file\tversion\na.pdf\t%PDF-1.7\n");
    std::os::unix::fs::symlink(bench.files(), bench.path("year-2021/loop")).unwrap();
    let judge = || bench.command().arg("--json").arg(bench.files()).output().unwrap();
    let output = judge();
    let found = objects(&output);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let files: Vec<&str> = found.iter().map(|object| object["file"].as_str().unwrap()).collect();
    let expected: Vec<String> = (0..60).map(|index| bench.path(&name(index)).to_str().unwrap().to_owned()).collect();
    assert_eq!(files, expected);
    assert!(found.iter().all(|object| object["summary"] == "PASSED"));
    // A bar is for terminals.
    assert_eq!(text(&output.stderr), "");

    // Worse from one to the next, whatever the order of their names.
    for (name, bytes, code) in [
        ("zz-unsigned.pdf", draft(), 3),
        ("z-alone.p7s", cms::sign_detached(b"x", &bench.person, &cms::Options::at(AT)).unwrap(), 1),
        ("a-forged.pdf", attack::flip_signed_byte(&signed).unwrap(), 2),
        ("year-2021/zz-broken.pdf", b"no PDF".to_vec(), 4),
    ] {
        bench.write(name, &bytes);
        assert_eq!(judge().status.code(), Some(code), "{name}");
    }
    let output = bench.command().arg(bench.files()).output().unwrap();
    let totals = "\nTổng cộng 64 tệp: 60 hợp lệ, 1 chưa ký, 1 chưa thể kết luận, 1 không hợp lệ, 1 không đọc được.\n";
    assert!(text(&output.stdout).ends_with(totals), "{}", text(&output.stdout));
}

#[test]
fn a_folder_without_files_to_judge_is_no_success() {
    let bench = Bench::new();
    let empty = bench.folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let run = |paths: &[&Path]| bench.command().arg("--json").args(paths).output().unwrap();
    let output = run(&[&empty]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(4), ""));
    assert!(text(&output.stderr).contains("empty: không có tệp nào để kiểm tra"), "{output:?}");
    fs::write(empty.join("notes.txt"), "nothing that is signed").unwrap();
    let good = bench.write("good.pdf", &bench.signed());
    let output = run(&[&good, &empty]);
    assert_eq!((output.status.code(), objects(&output).len()), (Some(4), 1));
}

#[test]
fn wrong_usage_is_4_and_help_is_0() {
    let bench = Bench::new();
    let good = bench.write("good.pdf", &bench.signed());
    let good = good.to_str().unwrap();
    let absent = bench.path("no-such-folder");
    for arguments in [
        vec![],
        vec!["--no-such-option", good],
        vec!["--as-of", "yesterday", good],
        vec!["--as-of", "2024-02-30", good],
        vec!["--as-of", "", good],
        vec!["--lang", "fr", good],
        vec!["--trust", absent.to_str().unwrap(), good],
        vec!["--trust", good, good],
    ] {
        let output = vanthu().args(&arguments).output().unwrap();
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(4), ""), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
    let output = vanthu().arg("--help").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    for name in NAMES.iter().chain(&SIGNATURE_NAMES) {
        assert!(text(&output.stdout).contains(name), "{name}");
    }
}

#[test]
fn trust_data_that_cannot_be_read_is_named_and_the_rest_is_used() {
    let bench = Bench::new();
    fs::write(bench.trust().join("broken.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let path = bench.write("good.pdf", &bench.signed());
    let output = bench.command().args(["--lang", "en"]).arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output.stderr).contains("left out ") && text(&output.stderr).contains("broken.pem: "), "{output:?}");
}

#[test]
fn the_report_is_vietnamese_unless_asked_otherwise() {
    let bench = Bench::new();
    let path = bench.write("good.pdf", &bench.signed());
    let report = |lang: &str, arguments: &[&str]| {
        let output = bench.command().env("LANG", lang).args(arguments).arg(&path).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        text(&output.stdout).to_owned()
    };
    let vietnamese = report("C.UTF-8", &[]);
    for expected in [
        "HỢP LỆ: mọi chữ ký đều hợp lệ, tệp không bị thay đổi sau khi ký.",
        "Chữ ký 1 (Signature1, adbe.pkcs7.detached): hợp lệ",
        "Người ký: Nguyễn Văn A (cá nhân)",
        "Cơ quan, tổ chức: Sở Tư pháp",
        "Thời điểm ký (tự khai): 01/03/2024 09:00:00",
        "Nội dung: nguyên vẹn",
        "Phạm vi: toàn bộ tệp",
    ] {
        assert!(vietnamese.contains(expected), "{expected}: {vietnamese}");
    }
    assert!(!vietnamese.contains("0960"), "the identity number is masked: {vietnamese}");
    let english = report("en_US.UTF-8", &[]);
    assert!(english.contains("PASSED: every signature is valid"), "{english}");
    assert_eq!(report("en_US.UTF-8", &["--lang", "vi"]), vietnamese);
    assert_eq!(report("vi_VN.UTF-8", &["--lang", "en"]), english);

    let forged = bench.write("forged.pdf", &attack::flip_signed_byte(&bench.signed()).unwrap());
    let output = bench.command().arg(&forged).output().unwrap();
    let told = text(&output.stdout);
    assert!(told.contains("KHÔNG HỢP LỆ: nội dung đã bị thay đổi sau khi ký."), "{told}");
    assert!(told.contains("- giá trị băm của nội dung khác với giá trị đã ký: nội dung đã bị thay đổi"), "{told}");
}

#[test]
fn a_reader_that_leaves_early_is_no_fault_and_a_full_disk_is() {
    let bench = Bench::new();
    let signed = bench.signed();
    (0..40).for_each(|index| drop(bench.write(&format!("{index:02}.pdf"), &signed)));
    bench.write("zz.pdf", &attack::flip_signed_byte(&signed).unwrap());
    for json in [&["--json"][..], &[]] {
        let mut child = bench.command().args(json).arg(bench.files()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        // The files are judged all the same, so that the code holds under `set -o pipefail`.
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(2), ""));
    }

    let full = Path::new("/dev/full");
    if !full.exists() {
        println!("skipped: 1 part (a full disk), for there is no /dev/full");
        return;
    }
    let full = File::options().write(true).open(full).unwrap();
    let output = bench.command().arg("--json").arg(bench.path("00.pdf")).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(text(&output.stderr).contains("không ghi được kết quả"), "{output:?}");
}

#[test]
fn real_documents_come_out_as_their_manifest_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/real-documents");
    let Ok(manifest) = fs::read_to_string(folder.join("manifest.tsv")) else {
        println!("skipped: 1 folder (real-documents) is not present");
        return;
    };
    let mut rows = manifest.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let head = rows.next().unwrap();
    let column = |name: &str| head.iter().position(|cell| *cell == name).unwrap();
    let (file, kind, count, digest) = (column("file"), column("kind"), column("n_signatures"), column("digest"));
    let rows: Vec<Vec<&str>> = rows.collect();
    let paths: Vec<PathBuf> = rows.iter().map(|row| folder.join(row[file])).collect();
    let output = vanthu().arg("--json").arg("--trust").arg(folder.join("ca")).args(&paths).output().unwrap();
    let found = objects(&output);
    assert_eq!(found.len(), rows.len());
    for (object, row) in found.iter().zip(&rows) {
        let signatures = object["signatures"].as_array().unwrap();
        match row[kind] {
            "live" => {
                assert_eq!(signatures.len(), row[count].parse::<usize>().unwrap(), "{object}");
                assert!(signatures.iter().all(|one| one["intact"] == true), "{object}");
                // Without revocation data nothing passes.
                assert_ne!(object["summary"], "PASSED", "{object}");
                if row[digest] == "sha1" {
                    assert!(signatures.iter().all(|one| one["weak"] == true), "{object}");
                }
            }
            "residual" => {
                let verdict = (object["summary"].as_str(), object["changed_after_signing"].as_str());
                assert_eq!(verdict, (Some("FAILED"), Some("unexplained")), "{object}");
                assert!(signatures.iter().all(|one| one["intact"] == false), "{object}");
            }
            "unsigned" => assert_eq!(object["summary"], "NOT_SIGNED", "{object}"),
            other => panic!("unknown kind {other}"),
        }
    }
    assert_eq!(output.status.code(), Some(2));
}
