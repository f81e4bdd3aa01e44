//! OCSP responses and time stamps made by `openssl ocsp` and `openssl ts`, damaged at random, against what the tool says.

use signature::{
    CertificateQuestion, CertificateUse, Options, RevocationPolicy, SubIndication, TrustStore, Verdict, WeakDigest, verify_asic,
    verify_certificate,
};

use crate::dice::{Dice, number};
use crate::messages::make_signer;
use crate::tool::{Folder, could_not_read, der, is_installed};

const EC: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
const DOCUMENT: &[u8] = b"Quyet dinh so 01/QD-UBND\n";

/// A certificate by the authority `ca` of the folder.
fn issue(folder: &Folder, name: &str, serial: &str, extensions: &str) {
    let (key, request, certificate, subject) =
        (format!("{name}.key"), format!("{name}.csr"), format!("{name}.pem"), format!("/C=VN/CN={name}"));
    folder.write("extensions", extensions.as_bytes());
    folder.make("openssl", &[&["genpkey", "-out", &key], EC].concat());
    folder.make("openssl", &["req", "-new", "-key", &key, "-subj", &subject, "-out", &request]);
    let from = ["x509", "-req", "-in", &request, "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", serial, "-days", "700"];
    folder.make("openssl", &[&from[..], &["-extfile", "extensions", "-out", &certificate]].concat());
}

/// `good`, `revoked` or nothing of use.
fn status_here(folder: &Folder, response: &[u8], name: &str, at: i64) -> &'static str {
    let mut trust = TrustStore::new();
    trust.add_anchor(&der(&folder.read("ca.pem")), None, None).unwrap();
    if trust.add_ocsp(response).is_err() {
        return "unknown";
    }
    let question = CertificateQuestion { usage: CertificateUse::Any, ..CertificateQuestion::default() };
    let options = Options { revocation: RevocationPolicy::Require, ..Options::at(at) };
    let report = verify_certificate(&der(&folder.read(&format!("{name}.pem"))), &question, &trust, &options);
    match report.sub_indication {
        None => "good",
        Some(SubIndication::RevokedNoPoe) => "revoked",
        Some(_) => "unknown",
    }
}

/// The tool looks for the answer to a question with one digest.
fn status_there(folder: &Folder, response: &[u8], name: &str, digest: &str) -> &'static str {
    folder.write("judged", response);
    let certificate = format!("{name}.pem");
    let output = folder.run(
        "openssl",
        &[
            "ocsp",
            "-respin",
            "judged",
            "-CAfile",
            "ca.pem",
            digest,
            "-issuer",
            "ca.pem",
            "-cert",
            &certificate,
            "-no_nonce",
            "-verify_other",
            "ca.pem",
        ],
    );
    let (said, noted) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !noted.contains("Response verify OK") || said.contains("Status times invalid") {
        "unknown"
    } else if said.contains(": good") {
        "good"
    } else if said.contains(": revoked") {
        "revoked"
    } else {
        "unknown"
    }
}

#[test]
fn responses_of_openssl_say_here_what_they_say_there_and_damaged_ones_no_more() {
    if !is_installed("openssl", &["version"]) {
        return;
    }
    let folder = Folder::new();
    let at = make_signer(&folder, "ca", EC, &["-addext", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature"]) - 3540;
    issue(&folder, "an", "0x11", "keyUsage=critical,digitalSignature\n");
    issue(&folder, "binh", "0x12", "keyUsage=critical,digitalSignature\n");
    issue(&folder, "responder", "0x13", "keyUsage=critical,digitalSignature\nextendedKeyUsage=OCSPSigning\nnoCheck=ignored\n");
    // Status, end, revocation, serial number, file, subject.
    let index = "V\t361231235959Z\t\t11\tunknown\t/C=VN/CN=an\nR\t361231235959Z\t260101000000Z\t12\tunknown\t/C=VN/CN=binh\n";
    folder.write("index", index.as_bytes());
    folder.write("index.attr", b"unique_subject = no\n");
    let mut dice = Dice::new();
    let (mut agree, mut stricter, mut wrong) = (0, 0, Vec::new());
    for round in 0..number("ROUNDS", 8) {
        let (signer, name) = (*dice.pick(&["ca", "responder", "an"]), *dice.pick(&["an", "binh", "responder"]));
        let digest = *dice.pick(&["-sha1", "-sha256"]);
        let [signer_certificate, key, asked] = [format!("{signer}.pem"), format!("{signer}.key"), format!("{name}.pem")];
        let ask = ["ocsp", digest, "-issuer", "ca.pem", "-cert", &asked, "-no_nonce", "-reqout", "request"];
        folder.make("openssl", &ask);
        let mut answer = vec!["ocsp", "-index", "index", "-CA", "ca.pem", "-rsigner", &signer_certificate, "-rkey", &key];
        answer.extend(["-reqin", "request", "-respout", "response", "-ndays", "7"]);
        if dice.chance(50) {
            answer.push("-resp_key_id");
        }
        if signer == "ca" {
            // Its certificate is at hand; a damaged copy in the response would be of interest to the tool only.
            answer.push("-resp_no_certs");
        }
        folder.make("openssl", &answer);
        let response = folder.read("response");
        for step in 0..8 {
            let bytes = if step == 0 { response.clone() } else { dice.damage(&response) };
            let (ours, theirs) = (status_here(&folder, &bytes, name, at + 60), status_there(&folder, &bytes, name, digest));
            match (ours, theirs) {
                (ours, theirs) if ours == theirs => agree += 1,
                ("unknown", _) if step > 0 => stricter += 1,
                _ => wrong.push(format!("round {round}.{step}: {name} by {signer}: {ours}, openssl {theirs}")),
            }
        }
    }
    println!("openssl ocsp: {agree} agree, {stricter} damaged responses refused here only, {} differ", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(agree > 20, "{agree}");
}

/// An ASiC-S container of a document and a time stamp over it: files stored without compression (APPNOTE 4.3).
fn container(token: &[u8]) -> Vec<u8> {
    let files: [(&str, &[u8]); 3] =
        [("mimetype", b"application/vnd.etsi.asic-s+zip"), ("document.txt", DOCUMENT), ("META-INF/timestamp.tst", token)];
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let mut sum = flate2::Crc::new();
        sum.update(content);
        let size = u32::try_from(content.len()).unwrap().to_le_bytes();
        let length = u16::try_from(name.len()).unwrap().to_le_bytes();
        let common = [&[10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0][..], &sum.sum().to_le_bytes(), &size, &size, &length, &[0, 0]].concat();
        let offset = u32::try_from(out.len()).unwrap().to_le_bytes();
        out.extend([b"PK\x03\x04", common.as_slice(), name.as_bytes(), content].concat());
        directory.extend([b"PK\x01\x02\x0a\x00", common.as_slice(), &[0; 10], &offset, name.as_bytes()].concat());
    }
    let (start, size) = (u32::try_from(out.len()).unwrap().to_le_bytes(), u32::try_from(directory.len()).unwrap().to_le_bytes());
    out.extend(directory);
    out.extend([b"PK\x05\x06\0\0\0\0\x03\0\x03\0".as_slice(), &size, &start, &[0, 0]].concat());
    out
}

fn stamp_passes_here(folder: &Folder, token: &[u8], at: i64) -> bool {
    let mut trust = TrustStore::new();
    trust.add_anchor(&der(&folder.read("ca.pem")), None, None).unwrap();
    let options = Options { revocation: RevocationPolicy::Accept, weak_digest: WeakDigest::Accept, ..Options::at(at) };
    let report = verify_asic(&container(token), &trust, &options);
    report.document.signatures.len() == 1 && report.document.signatures.iter().all(|one| one.verdict == Verdict::TotalPassed)
}

#[test]
fn time_stamps_of_openssl_are_judged_as_it_judges_them_and_damaged_ones_no_milder() {
    if !is_installed("openssl", &["version"]) {
        return;
    }
    let folder = Folder::new();
    let at = make_signer(&folder, "ca", EC, &["-addext", "keyUsage=critical,keyCertSign,cRLSign"]);
    issue(&folder, "clock", "0x21", "keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n");
    folder.write("document", DOCUMENT);
    folder.write("serial", b"01\n");
    let settings = "[tsa]\nserial=serial\nsigner_digest=sha256\ndefault_policy=1.2.3.4\ndigests=sha1,sha256,sha384,sha512\n\
                    accuracy=secs:1\nordering=no\ntsa_name=yes\ness_cert_id_chain=no\ness_cert_id_alg=sha256\n";
    folder.write("settings", settings.as_bytes());
    let mut dice = Dice::new();
    let (mut agree, mut stricter, mut unread, mut wrong) = (0, 0, 0, Vec::new());
    for round in 0..number("ROUNDS", 6) {
        let digest = *dice.pick(&["-sha256", "-sha384", "-sha512", "-sha1"]);
        folder.make("openssl", &["ts", "-query", "-data", "document", digest, "-cert", "-out", "query"]);
        let reply = ["ts", "-reply", "-queryfile", "query", "-config", "settings", "-section", "tsa", "-signer", "clock.pem"];
        folder.make("openssl", &[&reply[..], &["-inkey", "clock.key", "-token_out", "-out", "token"]].concat());
        let token = folder.read("token");
        for step in 0..8 {
            let bytes = if step == 0 { token.clone() } else { dice.damage(&token) };
            folder.write("judged", &bytes);
            let verify = ["ts", "-verify", "-data", "document", "-in", "judged", "-token_in", "-CAfile", "ca.pem"];
            let output = folder.run("openssl", &verify);
            let theirs = output.status.success();
            match (stamp_passes_here(&folder, &bytes, at), theirs) {
                (ours, theirs) if ours == theirs => agree += 1,
                (false, true) if step > 0 => stricter += 1,
                (true, false) if step > 0 && could_not_read(&output) => unread += 1,
                (ours, theirs) => {
                    folder.keep(wrong.len());
                    wrong.push(format!("round {round}.{step}: {ours}, openssl {theirs}"));
                }
            }
        }
    }
    println!("openssl ts: {agree} agree, {stricter} damaged tokens refused here only, {unread} not read there, {} differ", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(agree > 20, "{agree}");
}
