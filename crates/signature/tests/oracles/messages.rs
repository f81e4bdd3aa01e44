//! CMS signatures made by `openssl cms`, damaged at random, against `openssl cms -verify`.

use signature::{CertificateQuestion, Options, RevocationPolicy, TrustStore, Verdict, WeakDigest, verify_certificate, verify_detached};

use crate::dice::{Dice, number};
use crate::tool::{Folder, could_not_read, der, is_installed};

const CONTENT: &[u8] = b"Quyet dinh so 01/QD-UBND\r\nve viec kiem tra chu ky so\r\n";

/// Keys that sign, with what `openssl genpkey` makes them of.
const KEYS: &[(&str, &[&str])] = &[
    ("rsa", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
    ("p256", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ("p384", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
];

/// Writes a key and its self-signed certificate, which is good from the present second on; says when an hour has passed.
pub(crate) fn make_signer(folder: &Folder, name: &str, algorithm: &[&str], extra: &[&str]) -> i64 {
    let (key, certificate, subject) = (format!("{name}.key"), format!("{name}.pem"), format!("/C=VN/CN={name}"));
    folder.make("openssl", &[&["genpkey", "-out", &key], algorithm].concat());
    let common = ["req", "-x509", "-key", &key, "-subj", &subject, "-days", "3650", "-out", &certificate];
    folder.make("openssl", &[&common, extra].concat());
    let made = der(&folder.read(&certificate));
    let report = verify_certificate(&made, &CertificateQuestion::default(), &TrustStore::new(), &Options::at(0));
    report.path[0].not_before + 3600
}

/// Options of `openssl cms -sign` that change the form of the signature.
fn form(dice: &mut Dice) -> Vec<&'static str> {
    let mut options = Vec::new();
    let mut maybe = |percent: usize, words: &[&'static str]| {
        if dice.chance(percent) {
            options.extend(words);
        }
    };
    maybe(40, &["-nodetach"]);
    maybe(20, &["-noattr"]);
    maybe(25, &["-keyid"]);
    maybe(25, &["-nosmimecap"]);
    maybe(40, &["-stream"]);
    maybe(15, &["-certfile", "other.pem"]);
    if !options.contains(&"-noattr") && dice.chance(30) {
        options.push("-cades");
    }
    options
}

fn sign(dice: &mut Dice, folder: &Folder) -> String {
    let digest = *dice.pick(&["sha256", "sha256", "sha384", "sha512", "sha1"]);
    let mut arguments = vec!["cms", "-sign", "-binary", "-in", "content", "-outform", "DER", "-out", "signed", "-md", digest];
    arguments.extend(form(dice));
    let (first, has_two) = (dice.below(KEYS.len()), dice.chance(20));
    for step in 0..=usize::from(has_two) {
        let (name, _) = KEYS[(first + step) % KEYS.len()];
        arguments.extend(match name {
            "rsa" => ["-signer", "rsa.pem", "-inkey", "rsa.key"],
            "p256" => ["-signer", "p256.pem", "-inkey", "p256.key"],
            _ => ["-signer", "p384.pem", "-inkey", "p384.key"],
        });
        // The tool cannot write the parameters of PSS in a stream.
        if name == "rsa" && !arguments.contains(&"-stream") && dice.chance(30) {
            arguments.extend(["-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:-1"]);
        }
    }
    folder.make("openssl", &arguments);
    arguments.join(" ")
}

/// What is said of a CMS here: every signer passes, or why not.
fn ours(cms: &[u8], content: &[u8], trust: &TrustStore, at: i64) -> Result<(), String> {
    let options = Options { revocation: RevocationPolicy::Accept, weak_digest: WeakDigest::Accept, ..Options::at(at) };
    let report = verify_detached(cms, content, trust, &options);
    let bad: Vec<String> = report
        .signatures
        .iter()
        .filter(|one| one.verdict != Verdict::TotalPassed)
        .map(|one| format!("{:?} {:?}", one.sub_indication, one.reasons))
        .collect();
    if bad.is_empty() && !report.signatures.is_empty() { Ok(()) } else { Err(bad.join("; ")) }
}

/// Whether it verifies, and whether the tool came so far as to tell.
fn theirs(folder: &Folder, cms: &[u8], content: &[u8], at: i64) -> (bool, bool) {
    folder.write("judged", cms);
    folder.write("presented", content);
    let at = at.to_string();
    let common = ["cms", "-verify", "-binary", "-inform", "DER", "-in", "judged", "-content", "presented", "-out", "seen"];
    let trust = ["-CAfile", "anchors.pem", "-purpose", "any", "-attime", &at];
    let output = folder.run("openssl", &[&common[..], &trust[..]].concat());
    // An enclosed content goes before the one presented, which is then not looked at.
    (output.status.success() && folder.read("seen") == content, !could_not_read(&output))
}

#[test]
fn signatures_of_openssl_are_judged_as_it_judges_them_and_damaged_ones_no_milder() {
    if !is_installed("openssl", &["version"]) {
        return;
    }
    let folder = Folder::new();
    let mut trust = TrustStore::new();
    let (mut anchors, mut at) = (Vec::new(), 0);
    for (name, algorithm) in KEYS {
        at = make_signer(&folder, name, algorithm, &[]);
        let certificate = folder.read(&format!("{name}.pem"));
        trust.add_anchor(&der(&certificate), Some(0), Some(i64::MAX)).unwrap();
        anchors.extend(certificate);
    }
    make_signer(&folder, "other", KEYS[1].1, &[]);
    folder.write("anchors.pem", &anchors);
    folder.write("content", CONTENT);
    let mut dice = Dice::new();
    let (mut agree, mut stricter, mut unread, mut unsupported, mut wrong) = (0, 0, 0, 0, Vec::new());
    for round in 0..number("ROUNDS", 25) {
        let command = sign(&mut dice, &folder);
        let signed = folder.read("signed");
        match (ours(&signed, CONTENT, &trust, at), theirs(&folder, &signed, CONTENT, at)) {
            (Ok(()), (true, _)) => agree += 1,
            (Err(reason), (true, _)) if reason.contains("CryptoConstraintsFailure") && reason.contains("not supported") => {
                unsupported += 1;
                continue;
            }
            (ours, theirs) => wrong.push(format!("round {round}: {command}: {ours:?}, openssl {theirs:?}")),
        }
        for _ in 0..5 {
            let of_content = dice.chance(20);
            let (cms, content) = if of_content { (signed.clone(), dice.damage(CONTENT)) } else { (dice.damage(&signed), CONTENT.to_vec()) };
            match (ours(&cms, &content, &trust, at), theirs(&folder, &cms, &content, at)) {
                (Ok(()), (true, _)) | (Err(_), (false, _)) => agree += 1,
                // The tool looks over much that is not DER, or that nobody signed.
                (Err(_), (true, _)) => stricter += 1,
                (Ok(()), (false, false)) => unread += 1,
                (Ok(()), (false, true)) => {
                    folder.keep(wrong.len());
                    wrong.push(format!("round {round}: a damaged copy passes: {command}"));
                }
            }
        }
    }
    println!(
        "openssl cms: {agree} agree, {stricter} damaged copies refused here only, {unread} not read there, {unsupported} unsupported, {} differ",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(agree > 50, "{agree}");
}
