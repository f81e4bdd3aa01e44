//! Real documents, through a real hub: every published document at hand is submitted and judged, and the verdicts are told.
//!
//! `cargo test --test real_documents -- --nocapture` prints a line for each, with the time that it took.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use api::v1;
use api::v1::trust_service_client::TrustServiceClient;
use hub::config::UnknownRevocation;
use hub::home;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use testkit::hub_box::HubBox;
use testkit::system::to_agency;

const DIRECTORY: &str = "\
id,tier,kind,parent,name,short_name,code,old_code,code_provisional,valid_from,state
bo-tai-chinh,central,ministry,,Bộ Tài chính,BTC,G12,000.00.00.G12,false,2022-01-01,active
camau,province,peoples_committee,,Ủy ban nhân dân tỉnh Cà Mau,UBND tỉnh,H12,000.00.00.H12,false,2022-01-01,active
";
/// What came of one document.
struct Row {
    file: String,
    kind: String,
    bytes: usize,
    took: Duration,
    report: v1::SignatureReport,
}

impl Row {
    fn verdicts(&self) -> impl Iterator<Item = v1::Verdict> {
        self.report.signatures.iter().map(v1::Signature::verdict)
    }
}

#[tokio::test]
async fn every_real_document_is_carried_and_judged_as_its_kind_says() {
    let folder = folder();
    let Ok(manifest) = std::fs::read_to_string(folder.join("manifest.tsv")) else {
        println!("1 test skipped: {} is not there", folder.display());
        return;
    };
    let kinds = kinds(&manifest);
    let hub = HubBox::start_with(|config| config.signatures.unknown_revocation = UnknownRevocation::Accept).await.unwrap();
    hub.import(DIRECTORY, "", "").await.unwrap();
    record_everything(&hub).await;
    let trusted = trust(&hub, &folder.join("ca")).await;
    let mut sender = hub.system(&["bo-tai-chinh"]).await.unwrap();

    let mut rows = Vec::new();
    for (index, file) in files(&folder).into_iter().enumerate() {
        let bytes = std::fs::read(folder.join(&file)).unwrap();
        let payload = sender.upload(&bytes).await.unwrap();
        let letter = sender.letter(&format!("{}", index + 1), "V/v văn bản thật", &payload);
        let begun = Instant::now();
        let answer = sender.submit(letter, vec![to_agency("camau")]).await.unwrap_or_else(|status| panic!("{file}: {status}"));
        let took = begun.elapsed();
        let report = answer.document.unwrap().signature_reports.pop().unwrap();
        let kind = kinds.get(&file).cloned().unwrap_or_else(|| panic!("{file} is not in the manifest"));
        rows.push(Row { file, kind, bytes: bytes.len(), took, report });
    }
    println!("{trusted} certificates trusted, {} documents of {} in the manifest", rows.len(), kinds.len());
    rows.iter().for_each(print);

    assert_eq!(rows.len(), kinds.len(), "every document of the manifest was submitted");
    for row in &rows {
        if row.kind == "live" {
            assert!(!row.report.signatures.is_empty(), "{}: its signatures were not found", row.file);
            assert!(row.verdicts().all(|verdict| verdict != v1::Verdict::TotalFailed), "{}: an intact signature failed", row.file);
        } else {
            assert!(row.verdicts().all(|verdict| verdict != v1::Verdict::TotalPassed), "{}: passed though {}", row.file, row.kind);
        }
    }
    // The hub is alive and has them all.
    let last = sender.letter("9999", "V/v văn bản cuối", &rows.last().unwrap().report.payload);
    sender.submit(last, vec![to_agency("camau")]).await.unwrap();
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/real-documents")
}

/// The kind of each file, by the manifest's own column names.
fn kinds(manifest: &str) -> BTreeMap<String, String> {
    let mut lines = manifest.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let column = |name: &str| head.iter().position(|cell| *cell == name).unwrap();
    let (file, kind) = (column("file"), column("kind"));
    lines.map(|cells| (cells[file].to_owned(), cells[kind].to_owned())).collect()
}

fn files(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for part in ["pdf", "unsigned"] {
        for entry in std::fs::read_dir(folder.join(part)).unwrap() {
            files.push(format!("{part}/{}", entry.unwrap().file_name().to_string_lossy()));
        }
    }
    files.sort();
    files
}

/// A policy under which nothing is refused for its signatures, so that every verdict is seen.
async fn record_everything(hub: &HubBox) {
    let record = v1::SignatureAction::Record.into();
    let rule = v1::SignatureRule {
        on_failed: record,
        on_indeterminate: record,
        on_unsigned: record,
        on_weak_digest: record,
        requires: v1::SignatureRequirement::None.into(),
        ..Default::default()
    };
    let policy = Some(v1::SignaturePolicy { rules: vec![rule] });
    let mut client = TrustServiceClient::new(hub.connect(home::FIRST_ADMIN).await.unwrap());
    client.set_signature_policy(v1::SetSignaturePolicyRequest { policy }).await.unwrap();
}

/// Trusts the roots that came out of the documents, and brings in what lies between.
async fn trust(hub: &HubBox, folder: &Path) -> usize {
    let mut client = TrustServiceClient::new(hub.connect(home::FIRST_ADMIN).await.unwrap());
    let mut added = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "pem") {
            continue;
        }
        let is_root = path.file_name().unwrap().to_string_lossy().starts_with("root_");
        let kind = if is_root { v1::TrustKind::Anchor } else { v1::TrustKind::Intermediate };
        let der = CertificateDer::from_pem_file(&path).unwrap().to_vec();
        let object = v1::TrustObject { kind: kind.into(), der: der.into(), ..Default::default() };
        client.add_trust_object(v1::AddTrustObjectRequest { trust_object: Some(object) }).await.unwrap();
        added += 1;
    }
    added
}

fn print(row: &Row) {
    let of = |signature: &v1::Signature| {
        let verdict = signature.verdict().as_str_name().trim_start_matches("VERDICT_");
        format!("{verdict} {}", signature.sub_indication).trim_end().to_owned()
    };
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for signature in &row.report.signatures {
        *counted.entry(of(signature)).or_default() += 1;
    }
    let verdicts: Vec<String> = counted.iter().map(|(verdict, count)| format!("{count}x {verdict}")).collect();
    let coverage = row.report.coverage().as_str_name().trim_start_matches("COVERAGE_");
    println!("{:22} {:9} {:>8} B {:>5} ms  {coverage:18} {}", row.file, row.kind, row.bytes, row.took.as_millis(), verdicts.join(", "));
}
