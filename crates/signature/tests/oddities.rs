//! Oddities of real documents, over the shared ones where they are present: each is judged as its row of the survey says, with the
//! sentence that tells of it.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod shared;

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use shared::NOW;
use signature::{Algorithm, AlgorithmUse, ChangeLevel, Coverage, DocumentReport, MarkKind, Options, RevocationPolicy, SignerKind};
use signature::{SubIndication, TrustStore, Verdict, verify_pdf};

struct Folder {
    path: std::path::PathBuf,
    trust: TrustStore,
}

impl Folder {
    fn open() -> Option<Self> {
        let path = shared::folder("real-documents")?;
        let mut trust = TrustStore::new();
        for entry in fs::read_dir(path.join("ca")).unwrap() {
            let file = entry.unwrap().path();
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with("root_") {
                trust.add_anchor(&pem(&file), None, None).unwrap();
            } else if name.ends_with(".pem") {
                trust.add_intermediate(&pem(&file)).unwrap();
            }
        }
        Some(Self { path, trust })
    }

    /// Judged strictly, but for revocation data, which nobody keeps for documents of the past.
    fn judge(&self, file: &str) -> DocumentReport {
        let options = Options { revocation: RevocationPolicy::Accept, ..Options::at(NOW) };
        verify_pdf(&fs::read(self.path.join(file)).unwrap(), &self.trust, &options)
    }
}

fn pem(path: &Path) -> Vec<u8> {
    let text = fs::read_to_string(path).unwrap();
    let body = text.lines().skip_while(|line| !line.starts_with("-----BEGIN")).skip(1).take_while(|line| !line.starts_with("-----"));
    STANDARD.decode(body.collect::<String>()).unwrap()
}

fn says(report: &DocumentReport, index: usize, sentence: &str) {
    let reasons = &report.signatures[index].reasons;
    assert!(reasons.iter().any(|reason| reason.contains(sentence)), "{sentence:?} is not in {reasons:?}");
}

/// Rows 7 and the headline: BER and SHA-1 in 2020.
#[test]
fn the_portals_old_signature_is_intact_and_weak() {
    let Some(folder) = Folder::open() else { return };
    let report = folder.judge("pdf/3e14d2e0.pdf");
    let [one] = report.signatures.as_slice() else { panic!("{report:?}") };
    assert_eq!((one.verdict, one.sub_indication), (Verdict::Indeterminate, Some(SubIndication::CryptoConstraintsFailure)));
    assert!(one.intact && one.weak_digest && one.proved_time.is_some(), "{one:?}");
    let weak: Vec<_> = one.weak.iter().map(|weakness| (weakness.algorithm, weakness.used_for)).collect();
    assert_eq!(weak, [(Algorithm::Sha1, AlgorithmUse::MessageDigest), (Algorithm::Sha1, AlgorithmUse::SignatureValue)]);
    says(&report, 0, "BER with indefinite lengths");
    says(&report, 0, "the signature rests on SHA-1, which counted as sound until 2012-08-01");
    assert!(one.signing_tool.as_deref().unwrap_or_default().contains("VGCA.Base"), "{:?}", one.signing_tool);
}

/// Rows 11 and 15: one leader, and the university three times; local time in every signature.
#[test]
fn four_signatures_are_two_signers() {
    let Some(folder) = Folder::open() else { return };
    let report = folder.judge("pdf/2021432e.pdf");
    let told: Vec<_> = report.signers.iter().map(|one| (one.kind, one.signatures.clone())).collect();
    assert_eq!(told, [(SignerKind::Person, vec![0]), (SignerKind::Organisation, vec![1, 2, 3])]);
    assert!(report.signers.iter().all(|one| one.first_time <= one.last_time && one.first_time.is_some()));
    (0..4).for_each(|index| says(&report, index, "labelled UTC, 7 hours ahead"));
    let marks: Vec<_> = report.signatures.iter().map(|one| one.mark.map(|mark| mark.kind)).collect();
    assert_eq!(marks, [MarkKind::Picture, MarkKind::Number, MarkKind::Date, MarkKind::Picture].map(Some));
    assert_eq!(report.changed_after_signing, ChangeLevel::Workflow);
    let ministry = folder.judge("pdf/17291336.pdf");
    let marks: Vec<_> = ministry.signatures.iter().map(|one| one.mark.map(|mark| mark.kind)).collect();
    assert_eq!(marks, [MarkKind::Number, MarkKind::Date, MarkKind::Date, MarkKind::Seal].map(Some));
    assert_eq!(ministry.signers.iter().map(|one| one.signatures.len()).collect::<Vec<_>>(), [4]);
}

/// Row 16: generation 65536, doubled keys.
#[test]
fn what_strict_parsers_refuse_is_judged() {
    let Some(folder) = Folder::open() else { return };
    for (file, count) in [("pdf/7489db58.pdf", 12), ("pdf/baffca40.pdf", 2)] {
        let report = folder.judge(file);
        assert_eq!(report.signatures.len(), count, "{file}");
        assert!(report.signatures.iter().all(|one| one.intact), "{file}: {report:?}");
        assert_eq!(report.signers.iter().map(|one| one.signatures.len()).sum::<usize>(), count);
    }
}

/// Row 1, and the signing tool of every signature that is alive.
#[test]
fn rewritten_files_name_who_wrote_them_and_live_ones_who_signed() {
    let Some(folder) = Folder::open() else { return };
    let (mut live, mut residual) = (0, 0);
    for row in shared::manifest(&folder.path) {
        let report = folder.judge(&row[0]);
        match row[3].as_str() {
            "live" => {
                assert!(report.rewritten_by.is_none(), "{}", row[0]);
                for one in &report.signatures {
                    assert!(one.intact, "{}: {:?}", row[0], one.reasons);
                    live += usize::from(one.signing_tool.is_some());
                }
                assert_eq!(report.signers.iter().map(|one| one.signatures.len()).sum::<usize>(), report.signatures.len(), "{}", row[0]);
            }
            "residual" => {
                assert_eq!(report.coverage, Coverage::Destroyed, "{}", row[0]);
                assert!(report.signers.is_empty(), "{}", row[0]);
                residual += usize::from(report.rewritten_by.as_deref() == Some("PDFium"));
            }
            _ => assert!(report.rewritten_by.is_none() && report.signatures.is_empty(), "{}", row[0]),
        }
    }
    // Three of the six residual files say that PDFium wrote them; `strings` shows the same.
    assert_eq!(residual, 3);
    assert!(live >= 35, "{live} signatures name their tool");
}
